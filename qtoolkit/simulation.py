"""Simulation: how often each unit has each rank and grade when points, data or cutoffs vary at random.

Stochastic multicriteria acceptability analysis (SMAA-2; Lahdelma & Salminen 2001), extended to grades. Every frequency
comes with its Monte-Carlo error. Draws are made in chunks of a fixed size, each from its own seed, and whole-number counts
are merged in the order of the chunks, so that any number of workers gives the same tables.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from qtoolkit.areas import Area
from qtoolkit.assessment import Assessment
from qtoolkit.engine import Engine, shifted, to_ticks
from qtoolkit.engine.tally import Tally, tally
from qtoolkit.errors import InputError, nearest
from qtoolkit.language import Text, say
from qtoolkit.regions import Region, area_of

CHUNK = 4096  # draws that one seed makes
CELLS = 1 << 22  # leaf scores drawn at a time where the data vary
WAITING = 1 << 28  # bytes of counts that may wait to be merged
PAIRS = 60  # units up to which pairs are counted unless asked for
QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)
Z = 1.959963984540054  # 95%


@dataclass(frozen=True)
class _Task:
    """What every chunk needs; plain arrays, so that it travels to other processes."""

    engine: Engine
    reference: np.ndarray
    area: Area | None
    errors: np.ndarray | None
    jitter: int
    pairs: bool
    draws: int
    chunk: int
    seed: int

    @property
    def chunks(self) -> int:
        return -(-self.draws // self.chunk)


def _run(task: _Task, i: int) -> Tally:
    """Chunk i of a simulation: draws from its own seed, counted."""
    rng = np.random.default_rng(np.random.SeedSequence(task.seed, spawn_key=(i,)))
    e, m = task.engine, min(task.chunk, task.draws - i * task.chunk)
    points = np.tile(e.points, (m, 1)) if task.area is None else task.area.sample(m, rng)
    leaves = limits = None
    if task.errors is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            lines = e.slope + np.where(e.const == 0, 0.0, e.const / points[:, None, :])
        shares = np.clip(np.where(points[:, None, :] > 0, lines, e.slope), 0, 1)
        leaves = np.clip(shares + task.errors * rng.standard_normal(shares.shape), 0, 1)
    if task.jitter:
        moves = rng.integers(-task.jitter, task.jitter, (m, 1, e.cutoffs.shape[1]), endpoint=True)
        limits = shifted(e, moves)
    return tally(e, task.reference, points, leaves, limits, task.pairs)


@dataclass(frozen=True)
class Simulation:
    """What :func:`simulate` returns. All tables are indexed by unit.

    Attributes
    ----------
    draws : int
        Draws that were made; fewer than asked for where the work was interrupted, and then `complete` is False.
    note : Text or None
        What the reader must know of how it was done.
    """

    result: Assessment
    tally: Tally
    complete: bool = True
    note: Text | None = None
    task: _Task | None = field(default=None, repr=False)

    @property
    def draws(self) -> int:
        return self.tally.draws

    def error(self, share: pd.DataFrame | pd.Series | float):
        """Half the width of the 95% interval of a frequency: z·√(p(1 − p)/N), at least z²/(2N)."""
        return np.maximum(Z * np.sqrt(share * (1 - share) / self.draws), Z**2 / (2 * self.draws))

    @property
    def decimals(self) -> int:
        """Decimals of a percentage that the draws support: the widest interval is below half a unit of the last one."""
        widest = 100 * Z * 0.5 / np.sqrt(self.draws)
        return next(decimals for decimals in (3, 2, 1, 0) if widest <= 0.5 * 10.0**-decimals or decimals == 0)

    @cached_property
    def rank_acceptability(self) -> pd.DataFrame:
        """Share of draws in which each unit has each rank: units × ranks (the first rank of a bin where there are many)."""
        ranks = 1 + self.tally.width * np.arange(self.tally.ranks.shape[1])
        return pd.DataFrame(self.tally.ranks / self.draws, self._units, pd.Index(ranks, name="rank"))

    @cached_property
    def grade_acceptability(self) -> pd.DataFrame:
        """Share of draws in which each unit has each grade: units × grades, the best first."""
        names = self.result.grade_names
        return pd.DataFrame(self.tally.grades / self.draws, self._units, pd.Index(names, name="grade"))[names[::-1]]

    @cached_property
    def rank_quantiles(self) -> pd.DataFrame:
        """Quantiles of each unit's rank (.025, .25, .5, .75, .975), and the best and worst that were seen."""
        below = np.cumsum(self.tally.ranks, axis=1)
        ranks, seen = self.rank_acceptability.columns.to_numpy(), self.tally.ranks > 0
        table = {q: ranks[(below >= q * self.draws).argmax(axis=1)] for q in QUANTILES}
        table |= {"best": ranks[seen.argmax(axis=1)], "worst": ranks[seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)]}
        return pd.DataFrame(table, self._units)

    @cached_property
    def stands(self) -> pd.Series:
        """Share of draws in which each unit's grade is that of the assessment."""
        codes = self.result.grades.cat.codes.to_numpy()
        return pd.Series(self.tally.grades[np.arange(len(codes)), codes] / self.draws, self._units, name="stands")

    def top(self, m: int) -> pd.Series:
        """Share of draws in which each unit is among the first m."""
        return self._among(m, slice(0, m))

    def bottom(self, m: int) -> pd.Series:
        """Share of draws in which each unit has one of the last m ranks."""
        n = len(self._units)
        return self._among(m, slice(n - m, n))

    def _among(self, m: int, ranks: slice) -> pd.Series:
        if self.tally.width > 1 or not (isinstance(m, int) and 1 <= m <= len(self._units)):
            raise InputError(say(zh="m 应在 1 与考核对象数之间，且位次未分组计数", en="m must lie between 1 and the number of units, and ranks not be counted in bins"))
        return pd.Series(self.tally.ranks[:, ranks].sum(axis=1) / self.draws, self._units)

    @cached_property
    def pairwise(self) -> pd.DataFrame:
        """Pairwise winning: share of draws in which the row's unit is ahead of the column's."""
        if self.tally.wins is None:
            raise InputError(say(zh="未统计两两比较，请用 pairs=True", en="pairs were not counted: use pairs=True"))
        return pd.DataFrame(self.tally.wins / self.draws, self._units, self._units)

    @cached_property
    def central(self) -> pd.DataFrame:
        """Central points: the mean of the points at which a unit ranks first; NaN for a unit that never does."""
        firsts = self.tally.ranks[:, :1] if self.tally.width == 1 else np.full((len(self._units), 1), 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return pd.DataFrame(np.where(firsts > 0, self.tally.first / firsts, np.nan), self._units, self.result.points.index)

    def confidence(self, draws: int = 10_000) -> pd.Series:
        """Confidence factors: how often a unit ranks first at its central points while the data vary; NaN without them.

        Where the data do not vary it is 1 for a unit that ranks first at its central points, else 0.
        """
        found = {}
        for unit, points in self.central.dropna().iterrows():
            engine = replace(self.task.engine, points=points.to_numpy())
            task = replace(self.task, engine=engine, area=None, jitter=0, pairs=False, draws=draws if self.task.errors is not None else 1)
            found[unit] = _together(task, None, None)[0].ranks[self._units.get_loc(unit), 0] / task.draws
        return pd.Series(found, dtype=float).reindex(self._units)

    @cached_property
    def entropy(self) -> pd.Series:
        """Entropy of each unit's ranks over ln n: 0 where the rank never changes, 1 where all are equally frequent."""
        p = self.tally.ranks / self.draws
        with np.errstate(divide="ignore", invalid="ignore"):
            h = -np.where(p > 0, p * np.log(p), 0.0).sum(axis=1)
        return pd.Series(h / np.log(max(len(p), 2)), self._units)

    @property
    def rank_shift(self) -> tuple[float, float]:
        """R_S, the mean of |rank − present rank| over units and draws (Saisana, Saltelli & Tarantola 2005), and half its 95%
        interval from the means of batches."""
        k, mean = self.tally.batches, self.tally.shift / self.tally.batches
        spread = max(self.tally.shift_squared / k - mean**2, 0.0)
        return mean, float(Z * np.sqrt(spread / max(k - 1, 1)))

    @property
    def _units(self) -> pd.Index:
        return self.result.scores.index


def simulate(
    result: Assessment,
    region: Region | None = None,
    draws: int = 100_000,
    seed: int = 0,
    executor: Executor | None = None,
    *,
    errors: pd.DataFrame | Mapping[str, float] | float | None = None,
    jitter: float = 0.0,
    pairs: bool | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Rank and grade the units again and again at random points, data or cutoffs.

    Parameters
    ----------
    result : Assessment
    region : Region, optional
        Points are drawn from it, uniformly as its description says (:mod:`qtoolkit.regions`; `Dirichlet` for noise around
        the present points). As they are if left out.
    draws, seed : int
        The same seed gives the same draws, whatever the executor.
    executor : concurrent.futures.Executor, optional
        Chunks of draws are submitted to it. A broken pool is given up: the missing chunks are made in this process, and
        `note` says so.
    errors : DataFrame (units × indicators), mapping by indicator, or float, optional
        Standard errors of the shares of full marks (.02 is two points in a hundred): independent normal errors, cut at 0
        and 1. State their source.
    jitter : float
        Each cutoff moves by its own uniform amount within ± so many points.
    pairs : bool, optional
        Whether to count who is ahead of whom; up to 60 units if left out.
    progress : callable, optional
        Called with the chunks done and to be done.

    Returns
    -------
    Simulation
        Interrupted (Ctrl-C), what was done so far, with `complete` False.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.5, 0.9]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 70, "B": 0}), frame)
    >>> s = simulate(r, qt.regions.Simplex(), draws=20_000)
    >>> bool(abs(s.rank_acceptability.loc["甲", 1] - 5 / 9) < s.error(5 / 9))
    True
    """
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InputError(say(zh="{name} 应为不小于{least}的整数，现为 {found}", en="{name} must be a whole number of {least} or more, found {found}", name=name, least=least, found=value))  # fmt: skip
    if not (isinstance(jitter, int | float) and 0 <= jitter < np.inf):
        raise InputError(say(zh="jitter 应为不小于0的数，现为 {found}", en="jitter must be a number of 0 or more, found {found}", found=jitter))
    n, d = len(result.scores), result.points.size
    spread = _standard_errors(result, errors)
    chunk = CHUNK if spread is None else int(np.clip(CELLS // (n * d), 16, CHUNK))
    task = _Task(
        result.engine, result.ranks.to_numpy(), None if region is None else area_of(region, result), spread, int(to_ticks(jitter)),
        n <= PAIRS if pairs is None else pairs, draws, chunk, seed,
    )  # fmt: skip
    counted, complete, note = _together(task, executor, progress)
    return Simulation(result, counted, complete, note, task)


def _together(
    task: _Task, executor: Executor | None, progress: Callable[[int, int], None] | None
) -> tuple[Tally, bool, Text | None]:
    """All chunks, merged in order; whether all were made; a note on how."""
    done, note, i = None, None, 0
    waiting: deque = deque()
    size = task.engine.slope.shape[0] ** 2 * 8
    most = max(4, min(256, WAITING // max(size, 1)))
    submitted = 0
    try:
        while i < task.chunks:
            while executor is not None and submitted < task.chunks and len(waiting) < most:
                try:
                    waiting.append(executor.submit(_run, task, submitted))
                except (BrokenExecutor, RuntimeError):
                    executor, note = None, BROKEN
                    break
                submitted += 1
            if waiting:
                try:
                    part = waiting.popleft().result()
                except BrokenExecutor:
                    executor, note, part = None, BROKEN, _run(task, i)
            else:
                part = _run(task, i)
            done = part if done is None else done + part
            i += 1
            if progress is not None:
                progress(i, task.chunks)
    except KeyboardInterrupt:
        for future in waiting:
            future.cancel()
        if done is None:
            raise
    return done, i == task.chunks, note if i == task.chunks else STOPPED


BROKEN = Text("并行进程中断，其余各批在本进程内算完，结果不受影响。", "The worker pool broke; the missing chunks were made in this process, with the same results.")
STOPPED = Text("模拟中途停止，只统计了已完成的抽样。", "The simulation was interrupted; only the draws made so far are counted.")


def _standard_errors(result: Assessment, errors) -> np.ndarray | None:
    """Standard errors of shares as (n, d), checked."""
    if errors is None:
        return None
    ids, units = result.points.index, result.scores.index
    if isinstance(errors, int | float):
        table = pd.DataFrame(float(errors), units, ids)
    elif isinstance(errors, pd.DataFrame):
        table = errors
    else:
        table = pd.DataFrame({id: float(value) for id, value in errors.items()}, index=units)
    for name, known in [(id, ids) for id in table.columns] + [(unit, units) for unit in table.index]:
        if name not in known:
            hint = nearest(str(name), known)
            raise InputError(say(zh="标准误中没有“{name}”这一指标或考核对象{hint}", en="errors: no indicator or unit “{name}”{hint}", name=name, hint=hint))
    values = table.reindex(index=units, columns=ids).fillna(0.0).to_numpy(float)
    if table.isna().to_numpy().any() or not (np.isfinite(values).all() and (values >= 0).all()):
        raise InputError(say(zh="标准误应为不小于0的数", en="standard errors must be numbers of 0 or more"))
    return values
