"""Rival drafts of a scheme (备选方案) side by side on the same data: who is graded how under each,
how sure that is, what each changes, and why a unit's grade differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment, assess
from qtoolkit.comparison.causes import COLUMNS, causes
from qtoolkit.cutoffs import margins, near_misses
from qtoolkit.display import Shown
from qtoolkit.engine.ticks import to_ticks
from qtoolkit.engine.ties import SAME, foremost
from qtoolkit.errors import InputError, real, unexpected
from qtoolkit.inputs.case import Case
from qtoolkit.inputs.drafts import THIS, check_names
from qtoolkit.inputs.scheme import Grade, Indicator, Scheme
from qtoolkit.language import Text, same
from qtoolkit.robustness import tolerance

SCHEME = THIS.zh
"""The column of the scheme itself; those of drafts are called as the drafts are."""
BAND = 0.1
NEAR = 0.01  # of the total: a near-miss
POINTS, RULE = "points", "rule"
OF_LEAF = ("rule", "scales", "outliers", "stages", "missing")
"""What of an indicator says how it is scored, beside its points."""
OF_SCHEME = (
    "aggregation",
    "missing",
    "order",
    "rank_on",
    "stages",
    "screens",
    "vetoes",
    "bonuses",
    "bonus_cap",
    "deduction_cap",
    "cap",
    "floor",
    "conversion",
    "classes",
    "panel",
)
"""What of a scheme can change a grade, beside its indicators, its grades and its rounding."""

Item = tuple[str, str]

__all__ = ["Drafts", "assessed", "changes_of", "compare", "of_case"]


@dataclass(frozen=True, repr=False)
class Drafts(Shown):
    """What :func:`compare` returns. The first column of `grades`, `scores` and `ranks`, and the
    first row of `table`, is the scheme itself (本方案), the others are the drafts by name.

    Attributes
    ----------
    results : mapping of name to Assessment
    labels : mapping of name to Text
    grades : DataFrame of str, units × (1 + drafts)
        Computed grades (初评).
    scores, ranks : DataFrame, units × (1 + drafts)
        Published scores, in points of each one's total; competition ranks.
    table : DataFrame, a row each
        count:<grade> (units of each grade), near (how many a change of `near_miss` points of the
        published score would grade otherwise), sure (how many keep their grade, as is proven,
        while all points vary within ±`band` and the total stays), least (the smallest tolerance,
        a share: .073 is ±7.3%; ∞ where no points change any grade), weakest (tuple of the units
        that have it), changed (units graded otherwise than by this scheme), from_last and
        steps_from_last (units graded otherwise than they were last year as approved, and by how
        many grades together; NaN without last year or where its grades are others).
    near : mapping of name to tuple of units
        The near-misses.
    changes : DataFrame of bool, items × drafts
        What each draft changes, indexed by (kind, of): "total"; "points" of an indicator or a
        group; "rule" of an indicator (how it is scored: rule, blanks, stages, outliers);
        "aggregation" of a group; "by", "cutoff", "quota", "ties", "within", "last" of a grade;
        "rounding" ("total", "indicators"); and by name whatever else of the scheme can change a
        grade. Only what at least one of them changes.
    causes : DataFrame
        As :func:`qtoolkit.comparison.causes` returns it, with a column draft: why each unit's grade
        is another under a draft.
    band, near_miss : float
    last : Assessment or None
    """

    card_title: ClassVar[Text] = Text("备选方案比选", "Drafts side by side")
    card_table: ClassVar[str] = "grades"

    results: Mapping[str, Assessment]
    labels: Mapping[str, Text]
    grades: pd.DataFrame
    scores: pd.DataFrame
    ranks: pd.DataFrame
    table: pd.DataFrame
    near: Mapping[str, tuple[str, ...]]
    changes: pd.DataFrame
    causes: pd.DataFrame
    band: float
    near_miss: float
    last: Assessment | None

    @property
    def names(self) -> list[str]:
        """The drafts, without the scheme itself."""
        return list(self.grades.columns[1:])

    @property
    def differing(self) -> pd.Index:
        """The units whose grade is not the same under all of them."""
        return self.grades.index[self.grades.nunique(axis=1) > 1]


def of_case(
    case: Case,
    result: Assessment,
    last: Assessment | None = None,
    band: float = BAND,
    near_miss: float | None = None,
    exact: bool = True,
) -> Drafts | None:
    """The drafts that a case names, beside its scheme; None where it names none. See
    :func:`compare`.

    >>> import qtoolkit as qt
    >>> case = qt.read_case("city-2026")
    >>> found = of_case(case, qt.assess(case.scheme, case.table), exact=False)
    >>> found.grades.loc[found.differing].values.tolist()
    [['B', 'B', 'A'], ['B', 'B', 'A'], ['B', 'C', 'B']]
    """
    others = assessed(case)
    if not others:
        return None
    return compare(result, others, last, band, near_miss, exact)


def assessed(case: Case) -> dict[Text, Assessment]:
    """Each draft of a case assessed on the case's data, by its name in both languages.

    >>> import qtoolkit as qt
    >>> assessed(qt.read_case("params/tai-2001"))
    {}
    """
    return {draft.name: assess(draft.scheme, draft.table) for draft in case.drafts}


def compare(
    result: Assessment,
    others: Mapping[str, Assessment] | Mapping[Text, Assessment],
    last: Assessment | None = None,
    band: float = BAND,
    near_miss: float | None = None,
    exact: bool = True,
) -> Drafts:
    """Rival drafts beside a scheme, all on the same data.

    Parameters
    ----------
    result : Assessment
        By the scheme itself.
    others : mapping of name to Assessment
        By each draft: of the same units, with the same grades. A name in both languages stands in
        columns as the Chinese one.
    last : Assessment, optional
        Last year's, to say how far each is from last year's grades.
    band : float
        A share: within how much all points vary.
    near_miss : float, optional
        In points; a hundredth of each total if left out.
    exact : bool
        As :func:`qtoolkit.robustness.tolerance` takes it: proofs also where grades depend on
        quotas, which take seconds.

    Returns
    -------
    Drafts

    Raises
    ------
    InputError
        A draft of other units, or with other grades; a name that is none, is taken, or is longer
        than 30 characters; a band or a near-miss out of range.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.9, 0.8], "b": [0.7, 0.9]}, index=["甲", "乙"])
    >>> points = {"a": 60, "b": 40}
    >>> ours, other = (
    ...     qt.assess(qt.Scheme.flat(points, {"A": line, "B": 0}), frame) for line in (83, 82)
    ... )
    >>> found = compare(ours, {"方案二": other})
    >>> found.grades.loc["甲"].tolist(), found.causes["part"].tolist()
    (['B', 'A'], ['cutoffs'])
    """
    band = real("band", band, 0, 1)
    names = [name if isinstance(name, Text) else same(str(name)) for name in others]
    check_names(names, [f"others.{number}" for number in range(1, len(names) + 1)])
    drafts = dict(zip((name.zh for name in names), others.values(), strict=True))
    for name, other in drafts.items():
        check_same(result, other, f"others.{name}")
    results = {SCHEME: result, **drafts}
    rows, near = {}, {}
    for name, each in results.items():
        within = NEAR * each.scheme.total if near_miss is None else near_miss
        within = real("near_miss", within, 0, each.scheme.total)
        near[name] = tuple(near_misses(margins(each), within).index)
        rows[name] = (
            _counts(each)
            | {"near": len(near[name])}
            | _sureness(each, band, exact)
            | {"changed": _unlike(result.grades, each.grades)}
            | _from_last(each, last)
        )
    why = [
        causes(result, other, grades="computed").assign(draft=name)
        for name, other in drafts.items()
    ]
    return Drafts(
        results,
        {SCHEME: THIS} | {name.zh: name for name in names},
        _columns(results, lambda each: each.grades.astype(object)),
        _columns(results, lambda each: each.scores),
        _columns(results, lambda each: each.ranks),
        pd.DataFrame.from_dict(rows, orient="index"),
        near,
        changes_of(result.scheme, {name: each.scheme for name, each in drafts.items()}),
        pd.concat(why, ignore_index=True) if why else pd.DataFrame(columns=[*COLUMNS, "draft"]),
        band,
        NEAR * result.scheme.total if near_miss is None else near_miss,
        last,
    )


def check_same(result: Assessment, draft: Any, place: str) -> None:
    """Refuse a draft that grades other units, or by other grades."""
    if not isinstance(draft, Assessment):
        want = Text("assess 的返回值", "a result of assess")
        raise InputError(unexpected(type(draft).__name__, want, place))
    if list(draft.scores.index) != list(result.scores.index):
        want = Text("与本方案相同的考核对象", "the units of this assessment")
        raise InputError(unexpected(", ".join(draft.scores.index[:3]), want, place))
    if draft.grade_names != result.grade_names:
        want = Text("与本方案相同的等级", "the grades of this assessment")
        raise InputError(unexpected(", ".join(draft.grade_names), want, place))


def _columns(results: Mapping[str, Assessment], of: Any) -> pd.DataFrame:
    return pd.DataFrame({name: of(each) for name, each in results.items()})


def _counts(result: Assessment) -> dict[str, int]:
    """How many units have each grade, the best first."""
    counts = result.grades.value_counts()
    return {f"count:{grade.id}": int(counts.get(grade.id, 0)) for grade in result.scheme.grades}


def _sureness(result: Assessment, band: float, exact: bool) -> dict[str, Any]:
    """How many grades are proven within the band, the smallest tolerance, and whose it is."""
    found = tolerance(result, exact=exact).table["tolerance"]
    least = foremost(found, falling=False)
    return {
        "sure": int((found >= band - SAME).sum()),
        "least": float(found.iloc[least[0]]) if len(least) else np.nan,
        "weakest": tuple(found.index[least]) if np.isfinite(found.iloc[least]).any() else (),
    }


def _unlike(before: pd.Series, after: pd.Series) -> int:
    return int((before.astype(object) != after.astype(object)).sum())


def _from_last(result: Assessment, last: Assessment | None) -> dict[str, float]:
    """How far the grades are from last year's, of the units that both have."""
    nothing = {"from_last": np.nan, "steps_from_last": np.nan}
    if last is None or last.grade_names != result.grade_names:
        return nothing
    both = [unit for unit in result.scores.index if unit in last.scores.index]
    if not both:
        return nothing
    now, then = (grades[both].cat.codes.to_numpy(int) for grades in (result.grades, last.approved))
    steps = np.abs(now - then)
    return {"from_last": int((steps > 0).sum()), "steps_from_last": int(steps.sum())}


def changes_of(scheme: Scheme, others: Mapping[str, Scheme]) -> pd.DataFrame:
    """What drafts change in a scheme, see :class:`Drafts`.

    >>> one, two = (Scheme.flat({"a": 60, "b": 40}, {"A": line, "B": 0}) for line in (90, 88))
    >>> changes_of(one, {"方案二": two}).index.tolist()
    [('cutoff', 'A')]
    """
    base = dict(_contents(scheme))
    contents = {name: dict(_contents(other)) for name, other in others.items()}
    items = list(dict.fromkeys([*base, *(item for each in contents.values() for item in each)]))
    table = pd.DataFrame(
        {
            name: [not _alike(item, base.get(item), each.get(item)) for item in items]
            for name, each in contents.items()
        },
        index=pd.MultiIndex.from_tuples(items, names=["kind", "of"]),
        dtype=bool,
    )
    return table[table.any(axis=1)]


def _contents(scheme: Scheme) -> Iterator[tuple[Item, object]]:
    """All of a scheme that can change a grade, by kind and what it is of; equal where it is the
    same."""
    yield ("total", ""), _ticks(scheme.total)
    for node in scheme.nodes:
        yield (POINTS, node.id), _ticks(node.full_points)
    for node in scheme.nodes:
        if node.is_leaf:
            full = _ticks(node.written_for) if _is_out_of(node) else 0
            yield (RULE, node.id), (repr(node.model_dump(include={*OF_LEAF})), full)
        else:
            yield ("aggregation", node.id), node.aggregation
    for grade in scheme.grades[:-1]:
        yield from _of_grade(grade)
    yield ("rounding", "total"), scheme.rounding.total
    yield ("rounding", "indicators"), (scheme.rounding.leaf, scheme.rounding.node)
    for field in OF_SCHEME:
        yield (field, ""), repr(getattr(scheme, field))


def _is_out_of(leaf: Indicator) -> bool:
    """Whether the same data lose other points when the rule is written for other points: what is
    lost is then a share of these, or what remains of them. "每缺一项扣0.1分" loses the same."""
    rule = leaf.leaf_rule
    return (leaf.scales or rule.raw_is_points) if rule.in_points else not leaf.scales


def _alike(item: Item, one: Any, other: Any) -> bool:
    """Whether two schemes have the same of an item. A rule that is written for 0 points is written
    for those that its indicator gets."""
    if item[0] == RULE and one is not None and other is not None and 0 in (one[1], other[1]):
        return bool(one[0] == other[0])
    return bool(one == other)


def _of_grade(grade: Grade) -> Iterator[tuple[Item, object]]:
    """What sets a grade and limits who has it."""
    yield ("by", grade.id), grade.by
    line = None if grade.cutoff is None else _ticks(grade.cutoff)
    classes = {name: _ticks(cutoff) for name, cutoff in grade.class_cutoffs.items()}
    yield ("cutoff", grade.id), (line, classes)
    for field in ("quota", "ties", "within", "last"):
        yield (field, grade.id), getattr(grade, field)


def _ticks(points: float) -> int:
    return int(to_ticks(np.array(points)))
