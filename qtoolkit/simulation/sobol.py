"""Which choice matters most: Sobol indices of the choices that make a scheme.

Each factor is a choice among alternatives (a mean, a rounding, an expert's points, which indicator
is left out) or a region from which one whole vector of points is drawn: never one weight of a
vector that must keep its sum.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.settings import Graded, settings
from qtoolkit.display import Shown
from qtoolkit.engine import from_ticks
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import Complaint, InputError, nearest
from qtoolkit.inputs.changes import AS_IS, by_ids, change, check_keys
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.statuses import STATUS_NAMES
from qtoolkit.language import Text, listing, say
from qtoolkit.lines import LinesSaid, says_lines
from qtoolkit.regions import Box, Region, area_of, refusal_of
from qtoolkit.remembered import remembered

SAMPLE = 4096  # vectors of points among which a region's factor chooses
LEVEL = 0.95
TARGETS = ("rank_shift", "grade_changes", "rank:", "grade:", "score:", "top:")


@dataclass(frozen=True)
class Target:
    """What is measured of a setting against the present assessment; see :func:`sobol`."""

    kind: str
    ranks: np.ndarray
    grades: np.ndarray
    at: int = 0

    def __call__(self, graded: Graded) -> np.ndarray:
        """(m,) of m settings."""
        if self.kind == "rank_shift":
            return np.abs(graded.ranks - self.ranks).mean(axis=1)
        if self.kind == "grade_changes":
            return (graded.grades != self.grades).sum(axis=1).astype(float)
        if self.kind == "top":
            return ((graded.ranks <= self.at) & (self.ranks <= self.at)).sum(axis=1) / (
                self.ranks <= self.at
            ).sum()
        values = {"rank": graded.ranks, "grade": graded.grades, "score": from_ticks(graded.scores)}[
            self.kind
        ]
        return values[:, self.at].astype(float)


@dataclass(frozen=True, repr=False)
class Sobol(Shown):
    """What :func:`sobol` returns.

    Attributes
    ----------
    table : DataFrame, indexed by factor
        first (S), first_low, first_high, total (S_T), total_low, total_high: indices with 95%
        bootstrap intervals; NaN where the target never moves. Exact indices have no intervals: they
        are NaN.
    alternatives : DataFrame
        factor, alternative, runs, mean (of the target with it, over the runs that did not fail),
        failed.
    failures : Series
        How many runs failed, by reason (Text).
    mean, sd : float
        Of the target over the runs of the two base samples; over all combinations where exact.
    target : str
    runs : int
        Settings asked for: n·(k + 2), or all combinations where exact; `distinct` of them were
        computed.
    exact : bool
        Whether every combination of the alternatives was gone through, so that the indices are
        exact.
    over : int
        What the indices are over: the combinations, or the rows of the samples, in which nothing
        failed.
    alone_low, alone_high : float
        95% bootstrap interval of Σ S, the share that the choices explain by themselves; NaN where
        exact.
    lines
        How lines that follow from the scores go, see :mod:`qtoolkit.lines`.
    """

    card_title: ClassVar[Text] = Text(
        "各项做法的影响（Sobol指数）", "What choices do (Sobol indices)"
    )

    table: pd.DataFrame
    alternatives: pd.DataFrame
    failures: pd.Series
    mean: float
    sd: float
    target: str
    runs: int
    distinct: int
    exact: bool = False
    over: int = 0
    alone_low: float = np.nan
    alone_high: float = np.nan
    lines: LinesSaid | None = None

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The largest total effect first."""
        return frame.iloc[in_order(frame["total"].to_numpy())]

    @property
    def moves(self) -> bool:
        """Whether any choice moves the target at all."""
        return bool(self.sd > 0)

    @cached_property
    def interactions(self) -> float:
        """1 − Σ S: the share of the variance that no choice explains by itself (below 0 where
        combinations fail, as the choices are not independent over the others)."""
        return float(1 - self.table["first"].sum()) if self.moves else np.nan


@says_lines
def sobol(
    result: Assessment,
    factors: Mapping[str, Sequence[Any] | Region] | None = None,
    target: str = "grade_changes",
    n: int = 1024,
    seed: int = 0,
    executor: Executor | None = None,
    *,
    bootstrap: int = 1000,
) -> Sobol:
    """How much of the target's variance each choice explains, alone and with all others.

    All alternatives of a choice are equally probable. Where every factor is a list of alternatives
    and there are no more combinations than would be drawn, n·(k + 2), all of them are gone through,
    and the indices are exact: S = Var(E[f | X_i]) / V and S_T = 1 − Var(E[f | all but X_i]) / V,
    over the combinations that scheme and data allow.

    Else, first-order index S = mean(f_B (f_AB − f_A)) / V (Saltelli et al. 2010), total index S_T =
    mean((f_A − f_AB)²) / (2V) (Jansen 1999), over two scrambled Sobol samples A and B of n settings
    and, for each factor, A with that factor's column of B. A run that fails (a setting that scheme
    or data do not allow) leaves its row of the samples out of the indices, and is counted.

    Parameters
    ----------
    result : Assessment
    factors : mapping of key to alternatives, optional
        Keys and alternatives are those of :func:`qtoolkit.inputs.changes.change`: {"aggregation":
        ["arithmetic", "geometric"], "rounding.total": [None, 0, 2], "drop": [None, "brand"],
        "cutoffs.A": [88, 90]}; "scheme" stands for what the scheme has. `points` takes a list of
        experts' points by indicator, or a region. :func:`choices` if left out.
    target : str
        "rank_shift" (mean |rank − present rank|), "grade_changes" (units whose grade differs from
        the present one), "rank:<unit>", "grade:<unit>" (0 the worst), "score:<unit>", or "top:<m>"
        (share of the present first m that stay).
    n : int
        A power of 2. With a region among the factors, or too many combinations, the size of the
        samples.
    seed, executor
        As for :func:`simulate`.
    bootstrap : int
        Resamples for the intervals.

    Returns
    -------
    Sobol

    Raises
    ------
    InputError
        An unknown key, alternative, unit or target, with the nearest known one.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.4, 0.8]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 65, "B": 0}), frame)
    >>> found = sobol(r, {"cutoffs.A": [60, 65, 72], "rounding.total": [None, 0]}, n=256)
    >>> found.table["total"].round(1).tolist(), found.alternatives["mean"].round(1).tolist()
    ([1.0, 0.0], [0.0, 0.0, 2.0, 0.7, 0.7])
    >>> found.exact, found.runs
    (True, 6)
    """
    if not (isinstance(n, int) and n >= 2 and n & (n - 1) == 0):
        raise InputError(
            say(
                zh="n 应为 2 的整数次幂，现为 {found}",
                en="n must be a power of 2, found {found}",
                found=n,
            )
        )
    factors = _by_ids(result.scheme, choices(result) if factors is None else factors)
    if not factors:
        raise InputError(
            say(zh="没有可供比较的选择（factors）", en="there is no choice to vary (factors)")
        )
    target_of(result, target)  # refuses one that there is not
    targets = tuple(dict.fromkeys((*TARGETS[:2], target)))
    done = _run(result, _Factors(_key_of(factors), factors), targets, n, seed, executor=executor)
    k = len(factors)
    codes, values = done[list(range(k))].to_numpy(), done[target].to_numpy(float)
    sizes = (codes.max(axis=0) + 1).tolist()
    exact = _can_enumerate(factors, n)
    reasons = [text for text in done["failed"] if text is not None]
    failures = pd.Series(dict(Counter(reasons).most_common()), dtype=int)
    grid = values.reshape(sizes if exact else (k + 2, n))
    indices = exact_indices(grid) if exact else _indices(grid, bootstrap, seed)
    alone_low, alone_high = indices.pop("alone", (np.nan, np.nan))
    mean, sd = _moments(grid if exact else grid[:2])
    sound = ~np.isnan(grid)
    return Sobol(
        table=pd.DataFrame(indices, index=pd.Index(list(factors), name="factor")),
        alternatives=_by_alternative(factors, codes, values),
        failures=failures,
        mean=mean,
        sd=sd,
        target=target,
        runs=len(codes),
        distinct=len(np.unique(codes, axis=0)),
        exact=exact,
        over=int(sound.sum() if exact else sound.all(axis=0).sum()),
        alone_low=alone_low,
        alone_high=alone_high,
    )


def _by_ids(scheme: Scheme, factors: Mapping[str, Any]) -> dict[str, Any]:
    """Factors and their alternatives with ids in the place of names."""
    named = {id: factors[key] for key, id in check_keys(scheme, factors).items()}
    return {
        id: [by_ids(scheme, {id: each})[id] for each in given]
        if isinstance(given, Sequence) and not isinstance(given, str)
        else given
        for id, given in named.items()
    }


def _can_enumerate(factors: Mapping[str, Any], n: int) -> bool:
    """Whether all factors are lists, with no more combinations than settings would be drawn."""
    if any(isinstance(given, Region) for given in factors.values()):
        return False
    return math.prod(map(len, factors.values())) <= n * (len(factors) + 2)


@dataclass(frozen=True)
class _Factors:
    """Factors that are equal where what they hold is, so that what is known of them is found
    again."""

    key: Hashable
    given: Mapping[str, Any] = field(compare=False)


def _key_of(value: Any) -> Hashable:
    """What tells alternatives from others, 1 from 1.0 and True."""
    if isinstance(value, Mapping):
        return "mapping", *((key, _key_of(each)) for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "sequence", *map(_key_of, value)
    return type(value), value


@remembered
def _run(
    result: Assessment,
    factors: _Factors,
    targets: tuple[str, ...],
    n: int,
    seed: int,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """All runs, a row each: in columns 0, 1, … the numbers of the alternatives, under their names
    the targets, NaN where a run failed, and under "failed" why. Equal rows are computed once."""
    columns = {key: _alternatives(result, key, given, seed) for key, given in factors.given.items()}
    sizes = [len(alternatives) for alternatives in columns.values()]
    exact = _can_enumerate(factors.given, n)
    codes = np.indices(sizes).reshape(len(sizes), -1).T if exact else _codes(sizes, n, seed)
    distinct, which = np.unique(codes, axis=0, return_inverse=True)
    frame = pd.DataFrame(
        {
            key: _column(alternatives, distinct[:, i])
            for i, (key, alternatives) in enumerate(columns.items())
        }
    )
    measured = {target: target_of(result, target) for target in targets}
    done = settings(result, frame, measured, executor).iloc[which.ravel()]
    return pd.concat([pd.DataFrame(codes), done.reset_index(drop=True)], axis=1)


def _moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of what is not NaN: exactly 0 where nothing varies."""
    known = values[~np.isnan(values)]
    if not known.size:
        return np.nan, 0.0
    return float(known.mean()), 0.0 if np.ptp(known) == 0 else float(known.std())


def choices(result: Assessment, band: float | Region = 0.1) -> dict[str, Sequence[Any] | Region]:
    """The choices of a scheme that can be made otherwise: points within ±band, or in a region (left
    out where nothing can be drawn from it), arithmetic or geometric mean, the rounding of the
    total, the treatment of the blanks that there are, one indicator left out, each cutoff 1% of the
    total lower or higher (less where the next one is near)."""
    scheme = result.scheme
    found: dict[str, Sequence[Any] | Region] = {**_moving_points(result, band)}
    if result.engine.tree.is_arithmetic and len(scheme.leaves) > 1:
        found["aggregation"] = ["arithmetic", "geometric"]
    found["rounding.total"] = [None, 2, 0, {"decimals": 0, "mode": "floor"}]
    for code, name in enumerate(STATUS_NAMES):
        is_treated = name in ("not_applicable", "not_reported", "pending")
        if is_treated and (result.table.status == code).any():
            found[f"missing.{name}"] = [
                AS_IS,
                "renormalise",
                "full" if name == "not_applicable" else "zero",
            ]
    if 1 < sum(leaf.full_points > 0 for leaf in scheme.leaves):
        found["drop"] = [
            None,
            *(leaf.id for leaf in scheme.leaves if 0 < leaf.full_points < scheme.total),
        ]
    lined = [grade for grade in scheme.grades if grade.has_line]
    lines = [np.inf, *(grade.line for grade in lined)]
    for above, grade, below in zip(lines, lined, lines[2:], strict=False):
        step = min(scheme.total / 100, (above - grade.line) / 3, (grade.line - below) / 3)
        found[f"cutoffs.{grade.id}"] = [grade.line - step, grade.line, grade.line + step]
    return found


def _moving_points(result: Assessment, band: float | Region) -> dict[str, Region]:
    """The choice of points in a region, where there are several and it can be drawn from."""
    region = band if isinstance(band, Region) else Box(relative=band)
    is_varied = len(result.scheme.leaves) > 1 and refusal_of(region, result) is None
    return {"points": region} if is_varied else {}


def _alternatives(result: Assessment, key: str, given: Any, seed: int) -> list[Any] | np.ndarray:
    """A factor's alternatives, checked one by one; a region's sample of points (SAMPLE, d)."""
    if isinstance(given, Region):
        if key != "points":
            raise InputError(
                Complaint(
                    say(zh="只有 points 可以取一个范围", en="only points can vary over a region"),
                    column=key,
                )
            )
        return area_of(given, result).sample(SAMPLE, seed)
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence) or len(given) < 2:
        raise InputError(
            Complaint(
                say(zh="应列出至少两个备选做法", en="expected a list of two alternatives or more"),
                column=key,
            )
        )
    for value in given:
        change(result.scheme, {key: value})
    return list(given)


def _column(alternatives: list[Any] | np.ndarray, codes: np.ndarray) -> np.ndarray:
    column = np.empty(len(codes), dtype=object)
    for i, code in enumerate(codes):
        column[i] = alternatives[code]
    return column


def target_of(result: Assessment, target: str) -> Target:
    """The function that a target's name means."""
    kind, colon, name = str(target).partition(":")
    ranks, grades = result.ranks.to_numpy(), result.grades.cat.codes.to_numpy()
    units = result.scores.index
    if target in ("rank_shift", "grade_changes"):
        return Target(kind, ranks, grades)
    if colon and kind in ("rank", "grade", "score") and name in units:
        return Target(kind, ranks, grades, int(units.get_loc(name)))
    if kind == "top" and name.isdecimal() and 1 <= int(name) <= len(units):
        return Target(kind, ranks, grades, int(name))
    known = [
        *TARGETS[:2],
        *(f"{kind}:{unit}" for kind in ("rank", "grade", "score") for unit in units),
        "top:3",
    ]
    raise InputError(
        say(
            zh="没有“{found}”这一目标，应为{names}之一，后接考核对象或家数{hint}",
            en="no target “{found}”: expected one of {names}, with a unit or a number behind the "
            "colon{hint}",
            found=target,
            names=listing(TARGETS),
            hint=nearest(str(target), known),
        )
    )


def _design(k: int, n: int, seed: int) -> np.ndarray:
    """A, B and, factor by factor, A with B's column: (n·(k + 2), k) in [0, 1)."""
    from scipy.stats import qmc  # not at the top: it takes half a second

    drawn = qmc.Sobol(2 * k, rng=np.random.default_rng(seed)).random(n)
    a, b = drawn[:, :k], drawn[:, k:]
    return np.concatenate([a, b, *(np.where(np.arange(k) == i, b, a) for i in range(k))])


def _codes(sizes: Sequence[int], n: int, seed: int) -> np.ndarray:
    """The design as numbers of alternatives, (n·(k + 2), k)."""
    picked = _design(len(sizes), n, seed)
    return np.stack(
        [
            np.minimum((picked[:, i] * size).astype(np.int64), size - 1)
            for i, size in enumerate(sizes)
        ],
        axis=1,
    )


def exact_indices(grid: np.ndarray) -> dict[str, np.ndarray]:
    """S and S_T of f over all combinations, one axis a factor, NaN where a combination failed: over
    the others, all equally probable. Without intervals (NaN), and NaN where f never moves.

    Sums are rounded once (`math.fsum`) and values are compared by their differences: a factor
    without any effect has 0.

    >>> found = exact_indices(np.array([[0.0, 1.0], [2.0, 3.0]]))  # 2a + b
    >>> found["first"].tolist(), found["total"].tolist()
    ([0.8, 0.2], [0.8, 0.2])
    """
    held, k = ~np.isnan(grid), grid.ndim
    nothing = np.full(k, np.nan)
    names = ("first", "first_low", "first_high", "total", "total_low", "total_high")
    seen = grid[held]
    variance = _spread(seen) if seen.size else 0.0
    if variance == 0:
        return dict.fromkeys(names, nothing)
    first, total = np.empty(k), np.empty(k)
    for i in range(k):
        rows, some = (np.moveaxis(each, i, 0).reshape(grid.shape[i], -1) for each in (grid, held))
        levels = some.any(axis=1)
        means = [
            math.fsum(row[own]) / own.sum()
            for row, own in zip(rows[levels], some[levels], strict=True)
        ]
        first[i] = _spread(np.array(means), some[levels].sum(axis=1)) / variance
        cells = some.any(axis=0)
        shifted = np.where(
            some, rows - np.where(some, rows, np.inf).min(axis=0, initial=np.inf), 0.0
        )[:, cells]
        count = some[:, cells].sum(axis=0)
        away = np.where(some[:, cells], shifted - shifted.sum(axis=0) / count, 0.0)
        total[i] = math.fsum((away**2).ravel()) / seen.size / variance
    return dict(zip(names, (first, nothing, nothing, total, nothing, nothing), strict=True))


def _spread(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The variance, weighted; exactly 0 of equal values."""
    weights = np.ones(values.size) if weights is None else weights
    shifted, whole = values - values.min(), math.fsum(weights)
    mean = math.fsum(weights * shifted) / whole
    return math.fsum(weights * (shifted - mean) ** 2) / whole


def _indices(values: np.ndarray, bootstrap: int, seed: int) -> dict[str, np.ndarray]:
    """S and S_T with intervals from f on the design, (k + 2, n), and under "alone" the interval of
    Σ S; rows of the samples in which a run failed are left out."""
    kept = values[:, ~np.isnan(values).any(axis=0)]
    k, n = len(values) - 2, kept.shape[1]
    names = ("first", "first_low", "first_high", "total", "total_low", "total_high")
    if n < 2 or np.ptp(kept[:2]) == 0:
        return {name: np.full(k, np.nan) for name in names}
    kept = kept - kept[:2].mean()
    a, b, mixed = kept[0], kept[1], kept[2:]
    # (2k + 2, n)
    parts = np.concatenate(
        [b * (mixed - a), (a - mixed) ** 2 / 2, [(a + b) / 2, (a**2 + b**2) / 2]]
    )
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), bootstrap) / n

    def both(means: np.ndarray) -> np.ndarray:
        variance = means[..., -1] - means[..., -2] ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return means[..., :-2] / np.where(variance > 0, variance, np.nan)[..., None]

    found, again = both(parts.mean(axis=1)), both(weights @ parts.T)
    again = np.hstack([again, again[:, :k].sum(axis=1, keepdims=True)])
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = (
        np.nanquantile(again, ends, axis=0) if bootstrap else (np.full(2 * k + 1, np.nan),) * 2
    )
    columns = (found[:k], low[:k], high[:k], found[k:], low[k:-1], high[k:-1])
    return dict(zip(names, columns, strict=True)) | {"alone": (float(low[-1]), float(high[-1]))}


def _by_alternative(
    factors: Mapping[str, Any], codes: np.ndarray, values: np.ndarray
) -> pd.DataFrame:
    """The mean of the target with each alternative, over all runs."""
    rows = []
    for i, (key, alternatives) in enumerate(factors.items()):
        if isinstance(alternatives, Region):
            continue
        for code, alternative in enumerate(alternatives):
            own = values[codes[:, i] == code]
            seen = own[~np.isnan(own)]
            rows.append(
                (
                    key,
                    alternative,
                    own.size,
                    float(seen.mean()) if seen.size else np.nan,
                    int(np.isnan(own).sum()),
                )
            )
    table = pd.DataFrame(rows, columns=["factor", "alternative", "runs", "mean", "failed"])
    # None beside numbers would turn into NaN
    table["alternative"] = pd.Series([row[1] for row in rows], dtype=object)
    return table
