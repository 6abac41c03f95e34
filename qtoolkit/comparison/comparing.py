"""Two assessments side by side: who changed grade, and how much of it is data, points, cutoffs or
vetoes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment, assess
from qtoolkit.comparison.agreement import agreement, correlations, transitions
from qtoolkit.comparison.causes import causes
from qtoolkit.comparison.matching import Matching, match
from qtoolkit.comparison.mixing import FACTORS, mixed, on_points_of, parts_of
from qtoolkit.display import Shown
from qtoolkit.engine import from_ticks, rank, to_ticks
from qtoolkit.engine.ties import foremost
from qtoolkit.errors import InputError, nearest
from qtoolkit.inputs.case import Case, table_as_written
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import unit_of
from qtoolkit.language import Text, say
from qtoolkit.lines import LinesSaid

PARTS = (*FACTORS, "units", "approval")
"""The parts of a change of grade; the last two: who else was assessed, and what approval
changed."""


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """What :func:`compare` returns. Tables are indexed by the units of both assessments.

    Attributes
    ----------
    before, after : Assessment
        As they were given; ranks and grades published.
    matching : Matching
        Which indicators correspond.
    units : Index
        The units of both, in the order of `after`.
    left, entered : tuple of str
        Units of one assessment only: listed, not decomposed.
    states : mapping of the factors taken from `after` to Assessment
        The sixteen mixed assessments of the units of both; empty where they cannot be made.
    problem : Text or None
        Why they cannot: then there is no decomposition, and its tables hold NaN.
    """

    card_title: ClassVar[Text] = Text("两次考核的比较", "A comparison of two assessments")
    card_table: ClassVar[str] = "movers"
    card_more: ClassVar[tuple[str, ...]] = (
        "transitions",
        "kappa",
        "correlations",
        "decomposition",
        "grade_decomposition",
        "causes",
        "leaves",
        "alone",
    )

    before: Assessment
    after: Assessment
    matching: Matching
    units: pd.Index
    left: tuple[str, ...]
    entered: tuple[str, ...]
    states: Mapping[frozenset[str], Assessment]
    problem: Text | None = None

    @property
    def lines(self) -> LinesSaid | None:
        """How lines that follow from the scores go, see :mod:`qtoolkit.lines`: in each mixed
        assessment they are those of the side that its cutoffs are taken from."""
        both = {self.before.lines, self.after.lines}
        return "move" if "move" in both else "held" if "held" in both else None

    @property
    def graded_alike(self) -> bool:
        """Whether both schemes have as many grades, so that steps between grades can be
        compared."""
        return len(self.before.scheme.grades) == len(self.after.scheme.grades)

    @cached_property
    def transitions(self) -> pd.DataFrame:
        """How many units went from each approved grade (rows) to each (columns), the best first."""
        names = [[g.id for g in result.scheme.grades] for result in (self.before, self.after)]
        return transitions(
            self.before.approved[self.units], self.after.approved[self.units], *names
        )

    @cached_property
    def kappa(self) -> pd.Series:
        """agreement, kappa, linear, quadratic; NaN where the numbers of grades differ."""
        if not self.graded_alike:
            return pd.Series(np.nan, ["agreement", "kappa", "linear", "quadratic"])
        return agreement(self.transitions)

    @cached_property
    def correlations(self) -> pd.Series:
        """kendall, spearman, weighted, rank_shift of the units of both, ranked among themselves."""
        before, after = (result.scores[self.units] for result in (self.before, self.after))
        return correlations(before, after, *self._ranks)

    @cached_property
    def movers(self) -> pd.DataFrame:
        """rank_before, rank_after (among the units of both), move (places gained), score_before,
        score_after, grade_before, grade_after (approved); the largest moves first."""
        first, last = self._ranks
        table = pd.DataFrame({"rank_before": first, "rank_after": last, "move": first - last})
        for name, result in (("before", self.before), ("after", self.after)):
            table[f"score_{name}"], table[f"grade_{name}"] = (
                result.scores[self.units],
                result.approved[self.units],
            )
        return table.loc[table["move"].abs().sort_values(ascending=False, kind="stable").index]

    @cached_property
    def decomposition(self) -> pd.DataFrame:
        """The change of each unit's published score in points, by Shapley value.

        score_before, score_after (of the total after, if totals differ), change, and its parts:
        data, points (the tree, its points and rules), cutoffs (quotas, classes of units and
        rounding with them), vetoes (and bonus), units (who else was assessed). The average over all
        orders in which the factors can change; the parts add up to the change. An indicator with
        data in one year only is part of "points". Where totals differ, a mixed assessment is of the
        total of its cutoffs, so that rounding is in the points it was written for; the points of
        the other scheme are restated as the same shares of that total.
        """
        total = self.after.scheme.total
        ends = [
            to_ticks(r.scores[self.units] * (total / r.scheme.total))
            for r in (self.before, self.after)
        ]
        table = pd.DataFrame(
            {"score_before": from_ticks(ends[0]), "score_after": from_ticks(ends[1])}, self.units
        )
        table["change"] = from_ticks(ends[1] - ends[0])
        if not self.states:
            return table.assign(**dict.fromkeys(PARTS[:-1], np.nan))
        values = {
            new: to_ticks(state.scores * (total / state.scheme.total))
            for new, state in self.states.items()
        }
        parts = _shapley(values)
        parts["units"] = (ends[1] - ends[0]) - (values[frozenset(FACTORS)] - values[frozenset()])
        for name in PARTS[:-1]:
            table[name] = from_ticks(parts[name])
        return table

    @cached_property
    def grade_decomposition(self) -> pd.DataFrame:
        """The change of each unit's approved grade in equal steps (up is positive), likewise.

        grade_before, grade_after, change, the parts of `decomposition`, and approval (what approval
        changed of the computed grade). All NaN but the grades where the numbers of grades differ.
        """
        names = [self.before.approved[self.units], self.after.approved[self.units]]
        table = pd.DataFrame(
            {"grade_before": names[0].astype(object), "grade_after": names[1].astype(object)}
        )
        if not self.graded_alike:
            return table.assign(change=np.nan, **dict.fromkeys(PARTS, np.nan))
        codes = [grades.cat.codes.to_numpy(int) for grades in names]
        table["change"] = codes[1] - codes[0]
        if not self.states:
            return table.assign(**dict.fromkeys(PARTS, np.nan))
        computed = [r.grades[self.units].cat.codes.to_numpy(int) for r in (self.before, self.after)]
        values = {new: state.grades.cat.codes.to_numpy(int) for new, state in self.states.items()}
        parts = _shapley(values)
        parts["units"] = (computed[1] - computed[0]) - (
            values[frozenset(FACTORS)] - values[frozenset()]
        )
        parts["approval"] = (codes[1] - computed[1]) - (codes[0] - computed[0])
        for name in PARTS:
            table[name] = parts[name].astype(float)
        return table

    @cached_property
    def causes(self) -> pd.DataFrame:
        """What made each change of an approved grade, see
        :func:`qtoolkit.comparison.causes`."""
        return causes(self.before, self.after)

    @cached_property
    def leaves(self) -> pd.DataFrame:
        """What this year's data changed on each indicator: points of the score under this year's
        scheme with this year's data less those with last year's, units × leaves; NaN for indicators
        without data in both years."""
        change = pd.DataFrame(np.nan, self.units, [leaf.id for leaf in self.after.scheme.leaves])
        if self.states:
            shared, whole = [id for id in change if id in self.matching.shared], frozenset(FACTORS)
            change[shared] = (
                self.states[whole].contributions - self.states[whole - {"data"}].contributions
            )[shared]
        return change

    @cached_property
    def on_last_year(self) -> Assessment | None:
        """Last year's units and data under this year's points, see :func:`points_alone`; None where
        no indicator corresponds."""
        return (
            on_points_of(self.before, self.after.scheme, self.matching)
            if self.matching.share
            else None
        )

    @cached_property
    def alone(self) -> pd.DataFrame:
        """What single changes would have done to last year's data: grade_before (computed), points
        (this year's points alone), cutoffs (this year's cutoffs, quotas and rounding alone),
        score_before, score_points (both of last year's total); indexed by the units of both. NaN
        where it cannot be computed."""
        points, lines = self.on_last_year, self.states.get(frozenset({"cutoffs"}))
        nan = pd.Series(np.nan, self.units)
        return pd.DataFrame(
            {
                "grade_before": self.before.grades[self.units],
                "points": nan if points is None else points.grades[self.units],
                "cutoffs": nan if lines is None else lines.grades,
                "score_before": self.before.scores[self.units],
                "score_points": nan if points is None else points.scores[self.units],
            }
        )

    def unit(self, name: str | None = None) -> str:
        """The unit that a name means among those assessed both times; where none is named, of
        those whose grade changed, else of all, the one whose score changed most.

        Raises
        ------
        InputError
            A name that none of them has, with the nearest of theirs.
        """
        if name is None:
            change = self.decomposition["change"].abs()
            regraded = self.grade_decomposition["change"].fillna(0) != 0
            return self.units[foremost(change + self.after.scheme.total * regraded)[0]]
        found = unit_of(name, self.units)
        if found is None:
            text = say(
                zh="unit 为“{unit}”，前后两次都参评的考核对象中没有它{hint}",
                en="unit is “{unit}”: not assessed both times{hint}",
                unit=name,
                hint=nearest(name, self.units),
            )
            raise InputError(text)
        return found

    @cached_property
    def _ranks(self) -> tuple[pd.Series, pd.Series]:
        """Ranks before and after among the units of both."""
        found = []
        for result in (self.before, self.after):
            key = pd.Series(result.engine.key(result.base.to_numpy()), result.scores.index)
            found.append(pd.Series(rank(key[self.units].to_numpy()), self.units))
        return found[0], found[1]


def compare(before: Assessment, after: Assessment) -> Comparison:
    """Compare two assessments: last year and this year, or two drafts on the same data.

    Indicators are matched by id and by `previous` of the later scheme. The change of each unit is
    decomposed by Shapley value over four factors (data; points and rules; cutoffs and rounding;
    vetoes and bonus), from sixteen mixed assessments of the units that both have.

    Raises
    ------
    InputError
        The two have no unit in common. Where a mixture cannot be made (a mean of similar units that
        are not there) the comparison has no decomposition and says why in `problem`.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.95, 0.85], "b": [0.9, 0.8]}, index=["甲", "乙"])
    >>> old = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> new = qt.assess(qt.Scheme.flat({"a": 30, "b": 70}, {"A": 92, "B": 0}), frame + 0.01)
    >>> compare(old, new).decomposition.loc["甲", ["change", "data", "points"]].round(
    ...     4
    ... ).tolist()
    [-0.5, 1.0, -1.5]
    """
    for result in (before, after):
        if not isinstance(result, Assessment):
            raise InputError(
                say(
                    zh="应比较两个测算结果（assess 的返回值），现为 {found}",
                    en="expected two results of assess, found {found}",
                    found=type(result).__name__,
                )
            )
    units = [unit for unit in after.table.units if unit in before.scores.index]
    if not units:
        text = say(
            zh="前后两次没有相同的考核对象，无法比较：前有{before}，后有{after}",
            en="the two assessments have no unit in common: before {before}, after {after}",
            before=_some(before),
            after=_some(after),
        )
        raise InputError(text)
    matching = match(before.scheme, after.scheme, (before.table, after.table))
    subsets = [
        frozenset(s) for r in range(len(FACTORS) + 1) for s in itertools.combinations(FACTORS, r)
    ]
    left, entered = (
        tuple(u for u in one.table.units if u not in other.scores.index)
        for one, other in ((before, after), (after, before))
    )
    states, problem = {}, None
    try:
        first, last = (_of_units(result, units) for result in (before, after))
        states = {new: mixed(first, last, matching, parts_of(new)) for new in subsets}
    except InputError as error:
        why = error.complaints[0].text
        problem = say(
            zh="前后两次的数据和规则不能混合计分（{why}），不分解变化原因",
            en="data and rules of the two cannot be mixed ({why}), so changes are not decomposed",
            why=why,
        )
        states = {}
    return Comparison(
        before, after, matching, pd.Index(units, name="unit"), left, entered, states, problem
    )


def with_last_year(case: Case, result: Assessment) -> Comparison | None:
    """The comparison of a case's assessment with its previous year; None where the case has none.

    >>> import qtoolkit as qt
    >>> case = qt.read_case("params/city-2026")
    >>> with_last_year(case, qt.assess(case.scheme, case.table)).transitions.loc["A", "B"]
    np.int64(2)
    """
    last = last_year(case)
    return None if last is None else compare(last, result)


def last_year(case: Case) -> Assessment | None:
    """The assessment of a case's previous year; None where the case has none.

    >>> import qtoolkit as qt
    >>> (
    ...     last_year(qt.read_case("params/city-2026")).scheme.year,
    ...     last_year(qt.read_case("tai-2001")),
    ... )
    ('2025', None)
    """
    previous = case.previous
    return None if previous is None else assess(previous.scheme, previous.table)


def as_written(case: Case) -> Assessment | None:
    """The assessment of a case's scheme as it is written, before the changes of its parameters;
    None where nothing is changed.

    Raises
    ------
    InputError
        The data cannot be read by the scheme as it is written.

    >>> import qtoolkit as qt
    >>> as_written(qt.read_case("params/tai-2001")) is None
    True
    >>> case = qt.read_case("params/city-2026", changes={"cutoffs.B": 81})
    >>> assess(case.scheme, case.table).grades["子市"], as_written(case).grades["子市"]
    ('C', 'B')
    """
    if not case.parameters.changes:
        return None
    return assess(case.written, table_as_written(case))


def _some(result: Assessment) -> str:
    units = result.table.units
    return ", ".join(units[:3]) + (" …" if len(units) > 3 else "")


def _of_units(result: Assessment, units: list[str]) -> Assessment:
    number = {unit: k for k, unit in enumerate(result.table.units)}
    return result.anew(table=result.table.take(np.array([number[unit] for unit in units])))


def _shapley(values: Mapping[frozenset[str], np.ndarray]) -> dict[str, np.ndarray]:
    """Each factor's mean change of whole numbers (n,) over all orders of the factors: Σ |S|! (3 −
    |S|)! (v(S ∪ i) − v(S)) / 4!, summed before it is divided."""
    k = len(FACTORS)
    parts = {}
    for factor in FACTORS:
        total = sum(
            math.factorial(len(s))
            * math.factorial(k - 1 - len(s))
            * (values[s | {factor}] - values[s])
            for s in values
            if factor not in s
        )
        parts[factor] = total / math.factorial(k)
    return parts


def points_alone(before: Assessment, scheme: Scheme) -> Assessment:
    """Last year's data under the points of a new scheme, all else as last year: who would have been
    graded otherwise?

    The check before changed points are published, when this year has no data yet. Kept and renamed
    indicators are scored by last year's rule; a split or merged one takes the share of full marks
    of what it continues; a new one is not scored, its points go to its siblings in proportion. With
    unequal totals the new points are restated as the same shares of last year's total, which stays
    with its cutoffs and rounding; scores are in last year's points.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.95, 0.85], "b": [0.9, 1.0]}, index=["甲", "乙"])
    >>> old = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 92, "B": 0}), frame)
    >>> (
    ...     points_alone(
    ...         old, qt.Scheme.flat({"a": 40, "b": 60}, {"A": 80, "B": 0})
    ...     ).grades.tolist(),
    ...     old.grades.tolist(),
    ... )
    (['A', 'A'], ['A', 'B'])
    """
    if not isinstance(scheme, Scheme):
        raise InputError(
            say(
                zh="应给出方案（scheme），现为 {found}",
                en="expected a scheme, found {found}",
                found=type(scheme).__name__,
            )
        )
    return on_points_of(before, scheme, match(before.scheme, scheme))
