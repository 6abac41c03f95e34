"""Scores, grades and indicators compared between kinds of units, by covariate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.decomposition import applies
from qtoolkit.display import Shown
from qtoolkit.engine.ticks import PER_POINT, from_ticks, to_ticks
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.errors import whole
from qtoolkit.fairness.dealing import dealt
from qtoolkit.language import Text

SOME, CLEAR = 0.05, 0.01  # chances from which on a difference is called so
FEWEST_UNITS = 8  # of 7 units in two groups as equal as can be, 1 way of 18 is the least chance
HALVES = ("low", "high")
OPEN = ("few", "many", "same")  # verdicts that say why there is none


@dataclass(frozen=True, repr=False)
class Fairness(Shown):
    """What :func:`compare` returns. Differences are in points.

    Attributes
    ----------
    table : DataFrame, indexed by covariate
        kind ("groups", or "halves" of a number), units (compared), missing (units without a value),
        alone (units in no group that is compared), groups (compared), high, low (the groups with
        the highest and the lowest mean score; of halves "high" and "low"), difference (mean score
        of `high` less that of `low`; of halves it may be negative), by_chance, chance (see
        :func:`compare`), base (the part of the difference that the indicators make, the sum of
        `leaves`), outside (the rest: bonus, deductions, cap, rounding), rho (Spearman's ρ of number
        and score over all units that have one; NaN for groups), best_most, best_least (the
        groups with the largest and the smallest share of units with the best grade), best_high,
        best_low (these shares), best_chance, how ("exact", "sampled" or "none"), arrangements,
        verdict, best_verdict ("none", "some", "clear", "few", "many", "same"), same_as (the
        covariate before it that puts the same units into groups, None without).
    groups : DataFrame
        A row a group: covariate, group, units, mean (score), best (share of units with the best
        grade), compared, least and most (of a number), and a column count:<grade> for each grade.
    leaves : DataFrame
        A row a covariate that is judged and indicator: covariate, indicator, difference (mean
        contribution to the base score in `high` less that in `low`), spread (between the groups
        with the highest and the lowest mean contribution), by_chance, chance (of the spread; NaN
        where there are too many units and indicators to deal out), how, arrangements.
    applying : DataFrame
        A row a covariate that is judged and indicator that applies to some units alone: covariate,
        indicator, high, low (shares of units to which it applies), chance (of the spread).
    units : int
    least : float
        Points by which two halves of all units must differ to lie beyond what 95% of the ways to
        halve them give; NaN where nothing is judged. A true difference of this size goes
        unnoticed about as often as not.
    seed : int
    """

    card_title: ClassVar[Text] = Text("地区公平性", "Fairness across regions")

    table: pd.DataFrame
    groups: pd.DataFrame
    leaves: pd.DataFrame
    applying: pd.DataFrame
    units: int
    least: float
    seed: int

    @property
    def judged(self) -> pd.DataFrame:
        """The rows of the table that a verdict was reached on."""
        return self.table[~self.table["verdict"].isin(OPEN)]

    @property
    def beyond(self) -> float:
        """How many verdicts (on scores and on the best grade) would be "some" or "clear" on average
        though nothing but chance made a difference: their number times .05, at most."""
        return SOME * 2 * len(self.judged)


@dataclass(frozen=True)
class _Split:
    """Units in groups: numbers of units by group; those left out of the comparison and why."""

    kind: str
    members: dict[str, np.ndarray]  # by group, all that there are
    compared: tuple[str, ...]
    missing: int

    @property
    def sizes(self) -> list[int]:
        return [len(self.members[group]) for group in self.compared]

    @property
    def order(self) -> np.ndarray:
        """The units that are compared, group by group."""
        return np.concatenate([self.members[group] for group in self.compared])

    @property
    def partition(self) -> frozenset[frozenset[int]]:
        """Who is compared with whom, whatever the groups are called."""
        return frozenset(frozenset(self.members[group].tolist()) for group in self.compared)

    @property
    def is_enough(self) -> bool:
        """Whether there are units enough to compare."""
        return len(self.compared) > 1 and sum(self.sizes) >= FEWEST_UNITS and min(self.sizes) > 1

    @property
    def alone(self) -> int:
        """Units with a value that are in no group that is compared."""
        return sum(
            len(units) for group, units in self.members.items() if group not in self.compared
        )


def compare(result: Assessment, seed: int = 0) -> Fairness:
    """Whether published scores and computed grades go with what the data say of the units.

    Units are put into groups: by a covariate of words its values, of which those that a single unit
    has are not compared; by a number two halves, cut where they are most nearly equal in size, ties
    kept together (the middle unit of an odd number left out where nothing ties with it). The
    difference d is that between the groups with the highest and the lowest mean score.

    How large d is by chance: the same units are dealt into groups of the same sizes, in all ways
    (n!/Πn_g! of them) where they are at most two million, and else in ten thousand ways drawn at
    random, fewer where that is too much work. `chance` is the share of ways whose d is at least as
    large as the units' own (which counts among those that are drawn); `best_chance` the same of the
    spread of the shares of units with the best grade; `by_chance` the least number
    of points within which 95% of the ways stay (Fisher's permutation test; Phipson and Smyth 2010
    for ways drawn). The verdict is "none" (nothing beyond chance was seen) where chance is above
    .05, which is where d lies within `by_chance`; "some" up to .05; "clear" up to .01; "few" where
    nothing can be judged, with fewer than eight units or fewer than two groups of two; "many" where
    so many units are in so many groups that too few ways can be drawn; "same" where all units have
    the same value. Nothing here corrects for the number of comparisons:
    `Fairness.beyond` says how many would be called so by chance.

    The difference of base scores is split by indicator without remainder, because contributions sum
    to the base score. A difference is not unfairness: work may really differ.

    Parameters
    ----------
    result : Assessment
    seed : int
        For ways drawn at random.

    Raises
    ------
    InputError
        A seed that is no whole number from 0 on.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> case, result = qt.open("city-2026")
    >>> found = compare(result)
    >>> int(found.table.loc["gdp", "arrangements"]), found.table.loc["gdp", "how"]
    (12870, 'exact')
    """
    seed = whole("seed", seed, 0)
    names = list(result.table.units)
    by_name = np.array(sorted(range(len(names)), key=names.__getitem__), int)
    outcomes = _Outcomes.of(result)
    table, groups, leaves, applying = {}, [], [], []
    first: dict[Any, str] = {}
    for id, values in result.table.covariates.items():
        split = _split(values.to_numpy()[by_name])
        split = replace(split, members={g: by_name[k] for g, k in split.members.items()})
        groups += [(id, *row) for row in _groups(result, values, split)]
        table[id] = row = _row(result, outcomes, values, split, seed)
        alike = first.setdefault(split.partition, id)
        row["same_as"] = None if alike == id else alike
        if row["verdict"] not in OPEN:
            leaves += [(id, *found) for found in _leaves(outcomes, split, row, seed)]
            applying += [(id, *found) for found in _applying(outcomes, split, row, seed)]
    counts = [f"count:{grade.id}" for grade in result.scheme.grades]
    return Fairness(
        pd.DataFrame.from_dict(table, orient="index", columns=COLUMNS).rename_axis("covariate"),
        pd.DataFrame(groups, columns=["covariate", *GROUP_COLUMNS, *counts]),
        pd.DataFrame(leaves, columns=["covariate", *LEAF_COLUMNS]),
        pd.DataFrame(applying, columns=["covariate", *APPLYING_COLUMNS]),
        len(names),
        _least(outcomes.scores[by_name], seed) if leaves else math.nan,
        seed,
    )


COLUMNS = [
    *("kind", "units", "missing", "alone", "groups", "high", "low", "difference", "by_chance"),
    *("chance", "base", "outside", "rho", "best_most", "best_least", "best_high"),
    *("best_low", "best_chance", "how", "arrangements", "verdict", "best_verdict", "same_as"),
]
GROUP_COLUMNS = ["group", "units", "mean", "best", "compared", "least", "most"]
LEAF_COLUMNS = ["indicator", "difference", "spread", "by_chance", "chance", "how", "arrangements"]
APPLYING_COLUMNS = ["indicator", "high", "low", "chance"]


@dataclass(frozen=True)
class _Outcomes:
    """What is compared, in ticks: scores and best (n,), a unit with the best grade 1 point;
    contributions (n, d); applies (n, k), for the indicators `partial`, 1 point where they do."""

    scores: np.ndarray
    base: np.ndarray
    best: np.ndarray
    contributions: np.ndarray
    leaves: list[str]
    applies: np.ndarray
    partial: list[str]

    @classmethod
    def of(cls, result: Assessment) -> _Outcomes:
        applying = applies(result)
        some = applying.any() & ~applying.all()
        best = (result.grades == result.scheme.grades[0].id).to_numpy()
        return cls(
            to_ticks(result.scores),
            result.base.to_numpy(),
            best.astype(np.int64) * PER_POINT,
            to_ticks(result.contributions),
            list(result.contributions.columns),
            applying.loc[:, some].to_numpy().astype(np.int64) * PER_POINT,
            list(some.index[some]),
        )


def _is_missing(value: Any) -> bool:
    blank = isinstance(value, str) and not value.strip()
    return value is None or blank or (isinstance(value, float) and math.isnan(value))


def _split(values: np.ndarray) -> _Split:
    """The groups of a column of values, (n,) of words or numbers."""
    known = np.array([k for k, value in enumerate(values) if not _is_missing(value)], int)
    missing = len(values) - len(known)
    if all(isinstance(values[k], str) for k in known):
        lists: dict[str, list[int]] = {}
        for k in known:
            lists.setdefault(values[k], []).append(k)
        members = {name: np.array(lists[name]) for name in sorted(lists)}
        compared = tuple(name for name, units in members.items() if len(units) > 1)
        return _Split("groups", members, compared, missing)
    numbers = values[known].astype(float)
    cut = _cut(np.sort(numbers))
    if cut is None:
        return _Split("halves", {"": known}, (), missing)
    members = {"low": known[numbers <= cut[0]], "high": known[numbers >= cut[1]]}
    middle = known[(numbers > cut[0]) & (numbers < cut[1])]
    members |= {"middle": middle} if len(middle) else {}
    return _Split("halves", members, HALVES, missing)


def _cut(ordered: np.ndarray) -> tuple[float, float] | None:
    """The largest number of the lower half and the smallest of the upper one, None where all are
    the same: the cut between different numbers whose sides are most nearly equal in size, the lower
    of two; beside the middle number of an odd count where no other ties with it.

    >>> _cut(np.array([1.0, 2, 3, 4])), _cut(np.array([1.0, 2, 3, 4, 5]))
    ((2.0, 3.0), (2.0, 4.0))
    >>> _cut(np.array([1.0, 2, 2, 2, 5, 6])), _cut(np.array([1.0, 2, 2, 5, 6]))
    ((2.0, 5.0), (2.0, 5.0))
    """
    n = len(ordered)
    steps = np.flatnonzero(np.diff(ordered) > 0) + 1  # units below each cut
    if not steps.size:
        return None
    half = n // 2
    if n % 2 and half in steps and half + 1 in steps:
        return float(ordered[half - 1]), float(ordered[half + 1])
    at = steps[np.argmin(np.abs(2 * steps - n))]
    return float(ordered[at - 1]), float(ordered[at])


def _groups(result: Assessment, values: pd.Series, split: _Split) -> Iterator[tuple[Any, ...]]:
    """Each group with its size, mean, share of the best grade, range of its number, and counts of
    grades."""
    ticks, grades = to_ticks(result.scores), result.grades.to_numpy()
    for group, units in split.members.items():
        numbers = values.to_numpy()[units].astype(float) if split.kind == "halves" else [math.nan]
        counts = [int((grades[units] == grade.id).sum()) for grade in result.scheme.grades]
        mean = float(from_ticks(ticks[units].sum() / len(units))) if len(units) else math.nan
        best = counts[0] / len(units) if len(units) else math.nan
        ends = (min(numbers), max(numbers)) if len(units) else (math.nan, math.nan)
        yield (group, len(units), mean, best, group in split.compared, *ends, *counts)


def _verdict(split: _Split, chance: float) -> str:
    """See :func:`compare`."""
    if len(split.members) == 1:
        return "same"
    if math.isnan(chance):
        return "many" if split.is_enough else "few"
    return "clear" if chance <= CLEAR else "some" if chance <= SOME else "none"


def _row(
    result: Assessment, outcomes: _Outcomes, values: pd.Series, split: _Split, seed: int
) -> dict[str, Any]:
    """A row of the table."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS, math.nan) | {
        "kind": split.kind,
        "units": sum(split.sizes),
        "missing": split.missing,
        "alone": split.alone,
        "groups": len(split.compared),
        "high": None,
        "low": None,
        "best_most": None,
        "best_least": None,
        "how": "none",
        "arrangements": 0,
    }
    if split.kind == "halves":
        row["rho"] = _rho(values.to_numpy(float), result.scores.to_numpy())
    if len(split.compared) >= 2:
        row |= _difference(outcomes, split)
    if split.is_enough:
        both = np.stack([outcomes.scores, outcomes.best], axis=1)[split.order]
        found = dealt(both, split.sizes, seed)
        if found is not None:
            row["by_chance"] = float(found.by_chance[0])
            row["chance"], row["best_chance"] = map(float, found.chance)
            row |= {"how": _how(found.exact), "arrangements": found.ways}
    return row | {
        "verdict": _verdict(split, row["chance"]),
        "best_verdict": _verdict(split, row["best_chance"]),
    }


def _how(exact: bool) -> str:
    return "exact" if exact else "sampled"


def _ends(outcomes: _Outcomes, split: _Split) -> tuple[str, str]:
    """The groups with the highest and the lowest mean score, of those level the first; of a number
    its halves."""
    return (HALVES[1], HALVES[0]) if split.kind == "halves" else _apart(outcomes.scores, split)


def _apart(ticks: np.ndarray, split: _Split) -> tuple[str, str]:
    """The groups with the largest and the smallest mean, of those level the first."""
    means = np.array([_mean(ticks, split, group) for group in split.compared])
    most, least = (foremost(means, falling)[0] for falling in (True, False))
    return split.compared[most], split.compared[least]


def _mean(ticks: np.ndarray, split: _Split, group: str) -> Any:
    """Mean points of a group, of ticks (n,) or (n, k)."""
    units = split.members[group]
    return from_ticks(ticks[units].sum(axis=0) / len(units))


def _difference(outcomes: _Outcomes, split: _Split) -> dict[str, Any]:
    """The groups that differ most, and by how much."""
    high, low = _ends(outcomes, split)
    parts = {
        name: float(_mean(ticks, split, high) - _mean(ticks, split, low))
        for name, ticks in (
            ("difference", outcomes.scores),
            ("base", outcomes.base),
            ("outside", outcomes.scores - outcomes.base),
        )
    }
    most, least = _apart(outcomes.best, split)
    best = {
        "best_most": most,
        "best_least": least,
        "best_high": float(_mean(outcomes.best, split, most)),
        "best_low": float(_mean(outcomes.best, split, least)),
    }
    return {"high": high, "low": low, **parts, **best}


def _rho(numbers: np.ndarray, scores: np.ndarray) -> float:
    """Spearman's ρ, ties given their mean rank; NaN where either does not vary."""
    from scipy.stats import spearmanr  # not at the top: it takes half a second

    known = ~np.isnan(numbers)
    x, y = numbers[known], scores[known]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return float(spearmanr(x, y).statistic)


def _leaves(
    outcomes: _Outcomes, split: _Split, row: dict[str, Any], seed: int
) -> Iterator[tuple[Any, ...]]:
    """Rows of the table of leaves, those that differ most in the direction of the scores first."""
    ticks = outcomes.contributions
    apart = _mean(ticks, split, row["high"]) - _mean(ticks, split, row["low"])
    means = np.array([_mean(ticks, split, group) for group in split.compared])
    spread = means.max(axis=0) - means.min(axis=0)
    found = dealt(ticks[split.order], split.sizes, seed)
    for j in in_order(-apart if row["difference"] < -SAME else apart):
        says = (math.nan, math.nan, "none", 0)
        if found is not None:
            chances = float(found.by_chance[j]), float(found.chance[j])
            says = (*chances, _how(found.exact), found.ways)
        yield (outcomes.leaves[j], float(apart[j]), float(spread[j]), *says)


def _applying(
    outcomes: _Outcomes, split: _Split, row: dict[str, Any], seed: int
) -> Iterator[tuple[Any, ...]]:
    """Rows of the table of indicators that apply to some units alone."""
    if not outcomes.partial:
        return
    found = dealt(outcomes.applies[split.order], split.sizes, seed)
    high, low = (_mean(outcomes.applies, split, row[end]) for end in ("high", "low"))
    for j, leaf in enumerate(outcomes.partial):
        chance = math.nan if found is None else float(found.chance[j])
        yield (leaf, float(high[j]), float(low[j]), chance)


def _least(scores: np.ndarray, seed: int) -> float:
    """See `Fairness.least`."""
    n = len(scores)
    if n < FEWEST_UNITS:
        return math.nan
    found = dealt(scores[:, None], [n // 2, n - n // 2], seed)
    return math.nan if found is None else float(found.by_chance[0])
