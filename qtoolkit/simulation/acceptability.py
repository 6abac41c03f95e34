"""Simulation: how often each unit has each rank and grade when points, data or cutoffs vary at
random.

Stochastic multicriteria acceptability analysis (SMAA-2; Lahdelma & Salminen 2001), extended to
grades. Every frequency comes with its Monte-Carlo error. Whole-number counts of chunks of draws are
merged in the order of the chunks, so that any number of workers gives the same tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from tqdm import tqdm

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine import finish, from_ticks
from qtoolkit.engine.chunks import Chunks
from qtoolkit.engine.tally import SCORE_BINS, Tally, score_width, tally
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError
from qtoolkit.language import Text, say
from qtoolkit.lines import LinesSaid
from qtoolkit.regions import Region
from qtoolkit.simulation.sampling import BROKEN, STOPPED, Draws, draws_of

WAITING = 1 << 28  # bytes of counts that may wait to be merged
BATCH = 8  # chunks sent to a worker at a time, where counts are small
PAIRS = 60  # units up to which pairs are counted unless asked for
QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)
Z = 1.959963984540054  # 95%


@dataclass(frozen=True)
class _Task:
    """What every chunk needs; plain arrays, so that it travels to other processes."""

    draws: Draws
    reference: np.ndarray
    pairs: bool
    scores: bool = False


def _counted(task: _Task, i: int) -> Tally:
    """Chunk i of a simulation, counted."""
    points, leaves, limits = task.draws.chunk(i)
    e = task.draws.engine
    return tally(e, task.reference, points, leaves, limits, task.pairs, task.scores)


@dataclass(frozen=True, repr=False)
class Simulation(Shown):
    """What :func:`simulate` returns. All tables are indexed by unit.

    Attributes
    ----------
    draws : int
        Draws that were made; fewer than asked for where the work was interrupted, and then
        `complete` is False.
    note : Text or None
        What the reader must know of how it was done.
    """

    card_title: ClassVar[Text] = Text(
        "随机抽样的等级和位次频率", "Frequencies of grades and ranks in random draws"
    )
    card_table: ClassVar[str] = "grade_acceptability"
    card_more: ClassVar[tuple[str, ...]] = (
        "rank_acceptability",
        "rank_quantiles",
        "stands",
        "pairwise",
        "central",
    )

    result: Assessment
    tally: Tally
    complete: bool = True
    note: Text | None = None
    task: _Task = field(kw_only=True, repr=False)

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Those first whose grade is least certain."""
        return frame.iloc[in_order(frame.max(axis=1).to_numpy(), falling=False)]

    @property
    def draws(self) -> int:
        return self.tally.draws

    @property
    def lines(self) -> LinesSaid | None:
        """`move` where each draw was graded by lines of its own, those that follow from its scores;
        `held` where all were graded by the same ones; None where the scheme gives all in points."""
        return self.result.lines

    @property
    def seed(self) -> int:
        return self.task.draws.seed

    @property
    def sampling(self) -> Text | None:
        """How the points are distributed and how they were drawn: exactly, or approximately with
        the diagnostics of the chains; None where they stay as they are."""
        area = self.task.draws.area
        return (
            None
            if area is None
            else say(
                zh="{measure}；{method}",
                en="{measure}; {method}",
                measure=area.measure,
                method=area.method,
            )
        )

    @property
    def independent(self) -> float:
        """As many independent draws would be as good: fewer than `draws` where the points come from
        chains."""
        area = self.task.draws.area
        return self.draws * (1.0 if area is None else area.independent)

    def error(self, share: Any) -> Any:
        """Half the width of the 95% interval of a frequency: z·√(p(1 − p)/N), at least z²/(2N), of
        N independent draws."""
        return np.maximum(
            Z * np.sqrt(share * (1 - share) / self.independent), Z**2 / (2 * self.independent)
        )

    @property
    def decimals(self) -> int:
        """Decimals of a percentage that the draws support: the widest interval is below half a unit
        of the last one."""
        widest = 100 * Z * 0.5 / np.sqrt(self.independent)
        return next(
            decimals
            for decimals in (3, 2, 1, 0)
            if widest <= 0.5 * 10.0**-decimals or decimals == 0
        )

    @cached_property
    def rank_acceptability(self) -> pd.DataFrame:
        """Share of draws in which each unit has each rank: units × ranks (the first rank of a bin
        where there are many)."""
        ranks = 1 + self.tally.width * np.arange(self.tally.ranks.shape[1])
        return pd.DataFrame(
            self.tally.ranks / self.draws, self._units, pd.Index(ranks, name="rank")
        )

    @cached_property
    def grade_acceptability(self) -> pd.DataFrame:
        """Share of draws in which each unit has each grade: units × grades, the best first."""
        names = self.result.grade_names
        return pd.DataFrame(
            self.tally.grades / self.draws, self._units, pd.Index(names, name="grade")
        )[names[::-1]]

    @cached_property
    def rank_quantiles(self) -> pd.DataFrame:
        """Quantiles of each unit's rank (.025, .25, .5, .75, .975), and the best and worst that
        were seen."""
        below = np.cumsum(self.tally.ranks, axis=1)
        ranks, seen = self.rank_acceptability.columns.to_numpy(), self.tally.ranks > 0
        table: dict[float | str, np.ndarray] = {
            q: ranks[(below >= q * self.draws).argmax(axis=1)] for q in QUANTILES
        }
        table |= {
            "best": ranks[seen.argmax(axis=1)],
            "worst": ranks[seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)],
        }
        return pd.DataFrame(table, self._units)

    @cached_property
    def score_quantiles(self) -> pd.DataFrame:
        """Quantiles of each unit's published score (.025, .25, .5, .75, .975): of the bin of the
        scale in which a quantile lies, a low one is the lower end and a high one the upper, so that
        intervals are too wide by at most one bin (1/4096 of the total points) at either end.

        Raises
        ------
        InputError
            Where scores were not counted (`simulate(…, scores=True)`).
        """
        if self.tally.scores is None:
            raise InputError(
                Text(
                    "没有统计得分：模拟时请写明 scores=True",
                    "scores were not counted: ask for them with scores=True",
                )
            )
        e = self.task.draws.engine
        below, width = np.cumsum(self.tally.scores, axis=1), score_width(e)
        ends = {}
        for q in QUANTILES:
            bins = (below >= q * self.draws).argmax(axis=1)
            ticks = bins * width + (0 if q < 0.5 else width // 2 if q == 0.5 else width)
            ends[q] = from_ticks(finish(e, ticks[None])[0])
        return pd.DataFrame(ends, self._units)

    @cached_property
    def stands(self) -> pd.Series:
        """Share of draws in which each unit's grade is that of the assessment."""
        codes = self.result.grades.cat.codes.to_numpy()
        return pd.Series(
            self.tally.grades[np.arange(len(codes)), codes] / self.draws, self._units, name="stands"
        )

    def top(self, m: int) -> pd.Series:
        """Share of draws in which each unit is among the first m."""
        return self._among(m, slice(0, m))

    def bottom(self, m: int) -> pd.Series:
        """Share of draws in which each unit has one of the last m ranks."""
        n = len(self._units)
        return self._among(m, slice(n - m, n))

    def _among(self, m: int, ranks: slice) -> pd.Series:
        if self.tally.width > 1 or not (isinstance(m, int) and 1 <= m <= len(self._units)):
            raise InputError(
                say(
                    zh="m 应在 1 与考核对象数之间，且位次未分组计数",
                    en="m must lie between 1 and the number of units, and ranks not be counted in "
                    "bins",
                )
            )
        return pd.Series(self.tally.ranks[:, ranks].sum(axis=1) / self.draws, self._units)

    @cached_property
    def pairwise(self) -> pd.DataFrame:
        """Pairwise winning: share of draws in which the row's unit is ahead of the column's."""
        if self.tally.wins is None:
            raise InputError(
                say(
                    zh="未统计两两比较，请用 pairs=True",
                    en="pairs were not counted: use pairs=True",
                )
            )
        return pd.DataFrame(self.tally.wins / self.draws, self._units, self._units)

    @cached_property
    def central(self) -> pd.DataFrame:
        """Central points: the mean of the points at which a unit ranks first; NaN for a unit that
        never does."""
        firsts = (
            self.tally.ranks[:, :1] if self.tally.width == 1 else np.full((len(self._units), 1), 0)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            return pd.DataFrame(
                np.where(firsts > 0, self.tally.first / firsts, np.nan),
                self._units,
                self.result.points.index,
            )

    def confidence(self, draws: int = 10_000) -> pd.Series:
        """Confidence factors: how often a unit ranks first at its central points while the data
        vary; NaN without them.

        Where the data do not vary it is 1 for a unit that ranks first at its central points, else
        0.
        """
        found = {}
        many = draws if self.task.draws.errors is not None else 1
        for unit, points in self.central.dropna().iterrows():
            there = replace(
                self.task.draws,
                engine=replace(self.task.draws.engine, points=points.to_numpy()),
                area=None,
                jitter=0,
                count=many,
            )
            found[unit] = (
                _together(replace(self.task, draws=there, pairs=False), None, False)[0].ranks[
                    self._units.get_loc(unit), 0
                ]
                / many
            )
        return pd.Series(found, dtype=float).reindex(self._units)

    @cached_property
    def entropy(self) -> pd.Series:
        """Entropy of each unit's ranks over ln n: 0 where the rank never changes, 1 where all are
        equally frequent."""
        p = self.tally.ranks / self.draws
        with np.errstate(divide="ignore", invalid="ignore"):
            h = -np.where(p > 0, p * np.log(p), 0.0).sum(axis=1)
        return pd.Series(h / np.log(max(len(p), 2)), self._units)

    @property
    def rank_shift(self) -> tuple[float, float]:
        """R_S, the mean of |rank − present rank| over units and draws (Saisana, Saltelli &
        Tarantola 2005), and half its 95% interval from the means of batches."""
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
    errors: pd.DataFrame | pd.Series | Mapping[str, float] | float | str | None = None,
    jitter: float = 0.0,
    pairs: bool | None = None,
    scores: bool = False,
    progress: Callable[[int, int], None] | bool = False,
) -> Simulation:
    """Rank and grade the units again and again at random points, data or cutoffs.

    Parameters
    ----------
    result : Assessment
    region : Region, optional
        Points are drawn from it, distributed as its docstring says (:mod:`qtoolkit.regions`;
        `Dirichlet` for noise around the present points); `sampling` of what is returned says how.
        As they are if left out.
    draws, seed : int
        The same seed gives the same draws, whatever the executor.
    executor : concurrent.futures.Executor, optional
        Chunks of draws are submitted to it. A broken pool is given up: the missing chunks are made
        in this process, and `note` says so.
    errors : DataFrame (units × indicators), Series or mapping by indicator, float, or "data",
    optional
        Standard errors of the shares of full marks (.02 is two points in a hundred): independent
        normal errors, cut at 0 and 1. Only cells with a value get one: a cell that is 弄虚作假,
        未报送, 不适用, 待核实 or 零分 was not measured and stays what the scheme makes of it; where
        that is the mean of similar units, it is the mean of their drawn shares. A number, or one
        for each indicator, is for the measured cells; a table may state none for the others. State
        their source. "data": those of the table's columns se:<leaf>, see
        :func:`qtoolkit.simulation.standard_errors`.
    jitter : float
        Each cutoff moves by its own uniform amount within ± so many points.
    pairs : bool, optional
        Whether to count who is ahead of whom; up to 60 units if left out.
    scores : bool
        Whether to count scores, for `score_quantiles`.
    progress : bool or callable
        True shows a bar; a callable is called with the chunks done and to be done.

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
    drawn = draws_of(result, region, draws, seed, errors, jitter)
    return counted(result, drawn, executor, pairs, progress, scores)


def counted(
    result: Assessment,
    draws: Draws,
    executor: Executor | None = None,
    pairs: bool | None = None,
    progress: Callable[[int, int], None] | bool = False,
    scores: bool = False,
) -> Simulation:
    """What :func:`simulate` returns, of draws that are made already; the other parameters are
    its."""
    pairs = len(result.scores) <= PAIRS if pairs is None else pairs
    task = _Task(draws, result.ranks.to_numpy(), pairs, scores)
    together, complete, note = _together(task, executor, progress)
    return Simulation(result, together, complete, note, task=task)


def _together(
    task: _Task, executor: Executor | None, progress: Callable[[int, int], None] | bool
) -> tuple[Tally, bool, Text | None]:
    """All chunks, merged in order; whether all were made; a note on how."""
    done: Tally | None = None
    made, count = 0, task.draws.chunks
    bar = tqdm(total=task.draws.count, unit_scale=True, disable=progress is not True)
    n = task.draws.engine.slope.shape[0]
    size = (n + SCORE_BINS * task.scores) * n * 8
    most = max(4, min(256, WAITING // max(size, 1)))
    chunks = Chunks(
        partial(_counted, task), range(count), executor, most, batch=min(BATCH, most // 4)
    )
    try:
        for part in chunks:
            done = part if done is None else done + part
            made += 1
            bar.update(min(made * task.draws.size, task.draws.count) - bar.n)
            if callable(progress):
                progress(made, count)
    except KeyboardInterrupt:
        if done is None:
            raise
    finally:
        bar.close()
    if done is None:
        raise ValueError("no draws")
    note = STOPPED if made < count else BROKEN if chunks.broken else None
    return done, made == count, note
