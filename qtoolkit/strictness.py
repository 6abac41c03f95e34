"""Who marks harder (stages, groups, assessors, departments), and whose grade would be another
without that."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import special

from qtoolkit.assessment import Assessment
from qtoolkit.comparison.matching import match
from qtoolkit.decomposition import names_of
from qtoolkit.display import Shown
from qtoolkit.engine import finish, from_ticks, grade, score, to_ticks
from qtoolkit.engine.ties import in_order
from qtoolkit.inputs.ratings import Ratings
from qtoolkit.inputs.restaging import restaged
from qtoolkit.inputs.scheme import Indicator
from qtoolkit.inputs.statuses import VALUE, ZERO
from qtoolkit.language import Text, same
from qtoolkit.panel.reliability import confidence_of
from qtoolkit.panel.severity import additive, holm
from qtoolkit.panel.strictness import strictness, without

KINDS = ("stage", "group", "assessor", "department")
MOST_ALONE = 40
"""Groups and assessors of whom each is tried alone: the strictest and most lenient."""

COLUMNS = (
    "kind",
    "id",
    "name",
    "stage",
    "n",
    "marks",
    "strictness",
    "low",
    "high",
    "strict",
    "below",
    "above",
    "alike",
    "cut",
    "own_change",
    "others_change",
    "change",
    "change_low",
    "change_high",
    "same_items",
    "moved",
    "regraded",
)
CHANGED = ("kind", "id", "stage", "unit", "grade", "grade_without", "score", "score_without")


@dataclass(frozen=True, repr=False)
class Marking(Shown):
    """What :func:`who_marks_harder` returns.

    Attributes
    ----------
    table : DataFrame
        A row a marker: kind ("stage", "group", "assessor" or "department"), id, name (Text), stage
        (of a group or an assessor, else ""), n (units), marks (cells), strictness (hundredths of
        full marks above, + lenient, or below, − strict, the others), low, high, strict ("strict",
        "lenient" or "": whether it differs beyond chance, all of a kind together, by Holm), below,
        above (units on whose marks it lies below, or above, the others; NaN of a group or an
        assessor), alike (whether it marks all units that others of its kind mark), cut (marks that
        reach nothing or full marks where it is taken out), and of departments, with last year's
        assessment: own_change, others_change (of the mean share of the same items and of those of
        the others, hundredths), change (the first less the second), change_low, change_high,
        same_items. moved (points by which scores change on average without it), regraded (units
        whose grade is another); NaN where it was not tried.
    together : DataFrame, indexed by kind
        moved and regraded with the strictness of all of a kind taken out (departments: each is an
        alternative to the others, so there is no row).
    regraded : DataFrame
        Units whose grade is another without it: kind, id ("" for all of the kind together), stage,
        unit, grade, grade_without, score, score_without.
    untold : DataFrame
        What cannot be told: kind, code, ids (tuple). Codes: "none" (no stages, no ratings, no
        groups, or no departments named), "single" (no item is marked at several stages), "alone"
        (a stage that marks no item together with another), "measured" (items of several stages
        whose values are measured, not marked), "check" (later stages: what they change was found,
        which is another thing than strict marking), "apart" (stages at which groups or assessors
        share no unit), "unbounded" (items whose marks have no ends), "all" (a department beside
        which no unit has other items with points, or that has none itself), "not_same" (departments
        without an item of last year), "one" (a single unit: no interval).
    tried : Mapping of kind to (int, int)
        How many of how many markers were tried alone.
    confidence : float
    """

    card_title: ClassVar[Text] = Text("谁打分偏严、偏宽", "Who marks harder")

    table: pd.DataFrame
    together: pd.DataFrame
    regraded: pd.DataFrame
    untold: pd.DataFrame
    tried: Mapping[str, tuple[int, int]]
    confidence: float

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Those by whom most grades differ first, then the farthest from the others."""
        far = in_order(frame["strictness"].abs().to_numpy())
        most = in_order(frame["regraded"].fillna(0.0).to_numpy()[far])
        return frame.iloc[far[most]]


def who_marks_harder(
    result: Assessment,
    ratings: Ratings | None = None,
    before: Assessment | None = None,
    confidence: float = 0.95,
) -> Marking:
    """How strict stages, groups, assessors and departments are, and what that did to grades.

    A stage is compared with the others on the same cells, a unit's mark on an item: the mean of
    d = its mark − the mean of the others' marks, in hundredths of full marks, which no difference
    between units or items can explain. The interval takes units as clusters,
    √(n/(n − 1) Σ_u (Σ_u d − m_u D)²) / Σ m_u for n units of m_u cells, with Student's t of n − 1
    degrees of freedom; where all units tell exactly the same it has no width, and chance is that of
    n equal signs, 2/2ⁿ. Without it: D is taken off the marks that were compared, which stay between
    nothing and full marks, the parts are put together by the scheme's weights, and everything is
    assessed anew. All stages together are set to their common mean (:func:`qtoolkit.panel.additive`
    over cells). Stages that replace or correct what was filed are not compared.

    Groups and assessors are :func:`qtoolkit.panel.strictness`.

    A department is set against the same units' other items: its mean share of full marks, weighted
    by points, less theirs. That is strictness and how hard the items are in one, which one year
    alone cannot tell apart. With last year's assessment, the change of that difference on items
    whose data mean the same in both years is free of what is hard about items. Without it: the
    shares of its items are moved by the same amount, between 0 and 1, so that the mean difference
    is 0.

    Parameters
    ----------
    result : Assessment
    ratings : Ratings, optional
        A case's `ratings`.
    before : Assessment, optional
        Last year's.
    confidence : float
        Of the intervals, each for itself, and of `strict`, for all of a kind.

    Raises
    ------
    InputError
        As :func:`qtoolkit.panel.strictness`.

    >>> import qtoolkit as qt
    >>> found = who_marks_harder(qt.open("city-2026")[1])
    >>> stages = found.table[found.table["kind"] == "stage"].set_index("id")["strict"]
    >>> stages["daily"], stages["hearing"]
    ('strict', 'lenient')
    """
    found = _Found(result, confidence_of(confidence))
    _of_stages(found)
    for by in ("group", "assessor"):
        _of_people(found, ratings, by)
    _of_departments(found, before)
    if len(result.scores) == 1:
        found.note("all", "one", result.scores.index)
    return found.marking()


class _Found:
    """What is found, kind by kind."""

    def __init__(self, result: Assessment, confidence: float):
        self.result, self.confidence = result, confidence
        self.rows: list[dict[str, Any]] = []
        self.changed: list[tuple[Any, ...]] = []
        self.untold: list[tuple[str, str, tuple[Any, ...]]] = []
        self.together: dict[str, dict[str, float]] = {}
        self.tried: dict[str, tuple[int, int]] = {}

    def note(self, kind: str, code: str, ids: Iterable[Any]) -> None:
        """Note of whom something cannot be told, where there is anybody."""
        if named := tuple(ids):
            self.untold.append((kind, code, named))

    def effect(
        self, kind: str, id: str, stage: str, scores: np.ndarray, grades: np.ndarray
    ) -> dict[str, float]:
        """Note whose grade is another; how far scores move, and how many grades."""
        result = self.result
        old, now = result.grades.astype(object).to_numpy(), result.scores.to_numpy()
        for k in np.flatnonzero(grades != old).tolist():
            unit = result.scores.index[k]
            self.changed.append((kind, id, stage, unit, old[k], grades[k], now[k], scores[k]))
        moved = from_ticks(to_ticks(scores) - to_ticks(now))
        return {"moved": float(np.mean(moved)), "regraded": float((grades != old).sum())}

    def effect_of(self, kind: str, id: str, stage: str, other: Assessment) -> dict[str, float]:
        """The effect of what another assessment says of the same units."""
        other_grades = other.grades.astype(object).reindex(self.result.scores.index)
        scores = other.scores.reindex(self.result.scores.index)
        return self.effect(kind, id, stage, scores.to_numpy(), other_grades.to_numpy())

    def marking(self) -> Marking:
        """All as tables."""
        table = pd.DataFrame(self.rows, columns=list(COLUMNS))
        numbers = [name for name in COLUMNS[6:] if name not in ("strict", "alike")]
        table[numbers] = table[numbers].astype(float)
        together = pd.DataFrame.from_dict(
            self.together, orient="index", columns=["moved", "regraded"]
        )
        return Marking(
            table,
            together.rename_axis("kind"),
            pd.DataFrame(self.changed, columns=list(CHANGED)),
            pd.DataFrame(self.untold, columns=["kind", "code", "ids"], dtype=object),
            self.tried,
            self.confidence,
        )


# Intervals ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Mean:
    """A mean over cells of several units: value, low and high (NaN with one unit), and p that it
    is 0 (NaN likewise)."""

    value: float
    low: float
    high: float
    p: float


def _mean(sums: np.ndarray, counts: np.ndarray, confidence: float) -> _Mean:
    """The mean over cells, units being clusters of them.

    Parameters
    ----------
    sums, counts : ndarray (n,)
        Of the cells of each unit that has any.
    """
    n, cells = len(sums), counts.sum()
    value = _exact(sums.sum() / cells)
    if n < 2:
        return _Mean(value, math.nan, math.nan, math.nan)
    apart = _exact(sums - counts * value)
    se = math.sqrt(n / (n - 1) * float(apart @ apart)) / cells
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * se
    if se == 0:  # all units tell the same: what as many equal signs say
        return _Mean(value, value, value, 1.0 if value == 0 else 2.0 ** (1 - n))
    return _Mean(
        value, value - half, value + half, float(2 * special.stdtr(n - 1, -abs(value) / se))
    )


def _exact(value: Any) -> Any:
    """Numbers that are equal on paper, equal: freed of the last bits."""
    return from_ticks(to_ticks(value))


def _verdicts(means: Sequence[_Mean], confidence: float) -> list[str]:
    """ "strict", "lenient" or "" of each, all together."""
    sure = holm(np.array([mean.p for mean in means], dtype=float)) <= 1 - confidence
    return [
        ("strict" if mean.value < 0 else "lenient") if certain else ""
        for mean, certain in zip(means, sure.tolist(), strict=True)
    ]


def _in_hundredths(mean: _Mean) -> dict[str, float]:
    return {
        "strictness": 100 * mean.value,
        "low": 100 * mean.low,
        "high": 100 * mean.high,
    }


# Stages -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cells:
    """The cells that several stages mark: unit and leaf (numbers) of each, (c,), and what each
    stage gave, as shares of full marks (c, stages), NaN where nothing."""

    units: np.ndarray
    leaves: np.ndarray
    marks: np.ndarray

    @property
    def together(self) -> np.ndarray:
        """Where a stage and another mark, (c, stages)."""
        there = ~np.isnan(self.marks)
        both: np.ndarray = there & (there.sum(axis=1) > 1)[:, None]
        return both


def _of_stages(found: _Found) -> None:
    """How strict each stage is, and what is graded otherwise without that."""
    scheme = found.result.scheme
    parts = {stage.id: stage.name for stage in scheme.stages if stage.effect == "part"}
    several = [leaf for leaf in scheme.leaves if len(leaf.stages) > 1]
    _note_checks(found)
    if not parts or not several:
        found.untold.append(("stage", "single" if parts else "none", ()))
        return
    measured = [leaf.id for leaf in several if not leaf.leaf_rule.is_bounded]
    found.note("stage", "measured", measured)
    cells = _cells(found.result, list(parts))
    compared = [s for s, given in enumerate(cells.together.T) if given.any()]
    found.note("stage", "alone", [id for s, id in enumerate(parts) if s not in compared])
    _compare_stages(found, cells, parts, compared)


def _note_checks(found: _Found) -> None:
    """Later stages that say something are named: they are not compared."""
    stages = found.result.table.stages
    checks = [
        stage.id
        for stage in found.result.scheme.stages
        if stage.effect != "part" and (stages[stage.id] != np.array(None)).any()
    ]
    found.note("stage", "check", checks)


def _compare_stages(
    found: _Found, cells: _Cells, parts: Mapping[str, Text], compared: Sequence[int]
) -> None:
    """Each stage against the others, then all together."""
    ids, means, rows = list(parts), [], []
    for s in compared:
        mean, row = _stage(found, cells, s)
        other, cut = _restaged(found.result, cells, ids, {ids[s]: mean.value})
        row |= {"id": ids[s], "name": parts[ids[s]], "cut": cut}
        rows.append(row | found.effect_of("stage", ids[s], "", other))
        means.append(mean)
    for row, verdict in zip(rows, _verdicts(means, found.confidence), strict=True):
        found.rows.append(row | {"strict": verdict})
    found.tried["stage"] = (len(compared), len(compared))
    if len(compared) > 1:
        effects = additive(cells.marks[cells.together.any(axis=1)][:, compared]).columns
        shifts = {ids[s]: float(_exact(effects[i])) for i, s in enumerate(compared)}
        other, _ = _restaged(found.result, cells, ids, shifts)
        found.together["stage"] = found.effect_of("stage", "", "", other)


def _cells(result: Assessment, ids: Sequence[str]) -> _Cells:
    """The cells of items that several stages mark."""
    table, units, leaves = result.table, [], []
    marks: list[np.ndarray] = []
    for j, leaf in enumerate(result.scheme.leaves):
        if len(leaf.stages) < 2 or not leaf.leaf_rule.is_bounded:
            continue
        given = [
            _shares(leaf, table.stages[id][:, j])
            if id in leaf.stages
            else np.full(len(table.units), np.nan)
            for id in ids
        ]
        here = np.column_stack(given)
        some = np.flatnonzero((~np.isnan(here)).any(axis=1))
        units.append(some)
        leaves.append(np.full(len(some), j))
        marks.append(here[some])
    empty = np.empty((0, len(ids)))
    nothing = np.empty(0, int)
    return _Cells(
        np.concatenate([nothing, *units]),
        np.concatenate([nothing, *leaves]),
        np.concatenate([empty, *marks]),
    )


def _shares(leaf: Indicator, values: np.ndarray) -> np.ndarray:
    """Marks (n,) of an item as shares of full marks, NaN where there is none."""
    if leaf.leaf_rule.is_of_words:
        given = [math.nan if mark is None else leaf.leaf_rule.share_of(mark) for mark in values]
        return np.array(given, dtype=float)
    low, high = _ends(leaf)
    return (values.astype(float) - low) / (high - low)


def _ends(leaf: Indicator) -> tuple[float, float]:
    """The least and the greatest mark of an item; of levels, share."""
    rule = leaf.leaf_rule
    if rule.is_of_words:
        shares = [rule.share_of(word) for word in rule.choices]
        return min(shares), max(shares)
    low, high = rule.limits(leaf.written_for)
    return float(low or 0.0), float(high or 0.0)


def _stage(found: _Found, cells: _Cells, s: int) -> tuple[_Mean, dict[str, Any]]:
    """A stage against the others on the same cells."""
    both = cells.together[:, s]
    own, others = cells.marks[both, s], np.delete(cells.marks[both], s, axis=1)
    differences = _exact(own - np.nanmean(others, axis=1))
    n = len(found.result.scores)
    counts = np.bincount(cells.units[both], minlength=n)
    sums = np.bincount(cells.units[both], differences, minlength=n)
    marked = counts > 0
    mean = _mean(sums[marked], counts[marked], found.confidence)
    signs = np.sign(_exact(sums[marked]))
    on_its_items = np.isin(cells.leaves, cells.leaves[both])
    row = {
        "kind": "stage",
        "stage": "",
        "n": int(marked.sum()),
        "marks": int(both.sum()),
        "below": int((signs < 0).sum()),
        "above": int((signs > 0).sum()),
        "alike": not np.isnan(cells.marks[on_its_items, s]).any(),
    }
    return mean, row | _in_hundredths(mean)


def _restaged(
    result: Assessment, cells: _Cells, ids: Sequence[str], shifts: Mapping[str, float]
) -> tuple[Assessment, int]:
    """The assessment with shares of full marks taken off what stages gave where another marks too,
    and how many marks reach an end."""
    table, cut = result.table, 0
    said = {id: table.stages[id].copy() for id in shifts}
    for id, shift in shifts.items():
        compared = cells.together[:, ids.index(id)]
        for j in np.unique(cells.leaves[compared]).tolist():
            here = compared & (cells.leaves == j)
            units = cells.units[here]
            moved, ended = _less(result.scheme.leaves[j], table.stages[id][units, j], shift)
            said[id][units, j] = moved
            cut += ended
    return result.anew(table=restaged(result.scheme, table, said)), cut


def _less(leaf: Indicator, values: np.ndarray, shift: float) -> tuple[np.ndarray, int]:
    """Marks of an item less a share of full marks, between its ends, and how many reach one."""
    low, high = _ends(leaf)
    if leaf.leaf_rule.is_of_words:
        marks, whole = _shares(leaf, values), 1.0
    else:
        marks, whole = values.astype(float), high - low
    moved = _exact(marks - shift * whole)
    ended = int(((moved < low) | (moved > high)).sum())
    found = np.empty(len(values), object)
    found[:] = np.clip(moved, low, high).tolist()
    return (found, ended) if shift else (values, 0)


# Groups and assessors -----------------------------------------------------------------------------


def _of_people(found: _Found, ratings: Ratings | None, by: str) -> None:
    """How strict groups or assessors are, and what is graded otherwise without that."""
    if ratings is None:
        found.untold.append((by, "none", ()))
        return
    severe = strictness(found.result, ratings, by, found.confidence)
    found.note(by, "apart", pd.unique(severe.parts["stage"]))
    found.note(by, "unbounded", severe.unbounded)
    rows = severe.severity
    if rows.empty:
        if severe.parts.empty:
            found.untold.append((by, "none", ()))
        return
    first = set(in_order(rows["severity"].abs().to_numpy())[:MOST_ALONE].tolist())
    units = {stage: ratings.at(stage).frame["unit"].nunique() for stage in ratings.stages}
    frame = ratings.frame
    for k, row in enumerate(rows.itertuples(index=False)):
        marks = int(((frame["stage"] == row.stage) & (frame[by] == row.name)).sum())
        line = {
            "kind": by,
            "id": str(row.name),
            "name": same(str(row.name)),
            "stage": row.stage,
            "n": int(row.n),
            "marks": marks,
            "strictness": row.severity,
            "low": row.low,
            "high": row.high,
            "strict": row.strict,
            "alike": int(row.n) == units[row.stage],
        }
        if k in first:
            other = without(found.result, ratings, rows.iloc[[k]], by)
            line |= found.effect_of(by, str(row.name), row.stage, other)
        found.rows.append(line)
    found.tried[by] = (len(first), len(rows))
    found.together[by] = found.effect_of(by, "", "", severe.result)


# Departments --------------------------------------------------------------------------------------


def _of_departments(found: _Found, before: Assessment | None) -> None:
    """How the items of each department score beside the others."""
    result = found.result
    items, names = _items(result)
    if not items:
        found.untold.append(("department", "none", ()))
        return
    shares, points = result.matrix.to_numpy(float), result.points.to_numpy(float)
    marked = ~np.isnan(shares) & np.isin(result.table.status, (VALUE, ZERO))
    last = _last_year(found, before)
    means, rows, everything, unknown = [], [], [], []
    for id, own in items.items():
        difference = _apart(np.where(marked, shares, np.nan), points, own)
        there = ~np.isnan(difference)
        if not there.any():
            everything.append(id)
            continue
        mean = _mean(difference[there], np.ones(int(there.sum())), found.confidence)
        signs = np.sign(difference[there])
        row = {
            "kind": "department",
            "id": id,
            "name": names[id],
            "stage": "",
            "n": int(there.sum()),
            "marks": int(marked[:, own].sum()),
            "below": int((signs < 0).sum()),
            "above": int((signs > 0).sum()),
            "alike": bool(there.all()),
        }
        row |= _in_hundredths(mean)
        if last is not None:
            beside = last(own)
            row |= beside
            unknown += [id] if not beside else []
        rows.append(row | _moved(found, id, own & marked, mean.value))
        means.append(mean)
    for row, verdict in zip(rows, _verdicts(means, found.confidence), strict=True):
        found.rows.append(row | {"strict": verdict})
    found.note("department", "all", everything)
    found.note("department", "not_same", unknown)
    found.tried["department"] = (len(rows), len(rows))


def _items(result: Assessment) -> tuple[dict[str, np.ndarray], dict[str, Text]]:
    """The items that each department scores, (d,) of bool, and its name; by its Chinese one."""
    items: dict[str, np.ndarray] = {}
    names: dict[str, Text] = {}
    for j, leaf in enumerate(result.scheme.leaves):
        for name in names_of(leaf, "lead"):
            names.setdefault(name.zh, name)
            items.setdefault(name.zh, np.zeros(len(result.points), bool))[j] = True
    return items, names


def _apart(shares: np.ndarray, points: np.ndarray, own: np.ndarray) -> np.ndarray:
    """For each unit the mean of its shares (n, d) on some items less that on the others, weighted
    by points; NaN where it has none on either side."""
    weights = np.where(np.isnan(shares), 0.0, points)
    got = np.nan_to_num(shares) * weights
    with np.errstate(invalid="ignore", divide="ignore"):
        mine, others = (
            got[:, which].sum(axis=1) / weights[:, which].sum(axis=1) for which in (own, ~own)
        )
    difference = mine - others
    return np.where(np.isnan(difference), np.nan, _exact(np.nan_to_num(difference)))


def _moved(found: _Found, id: str, own: np.ndarray, by: float) -> dict[str, float]:
    """What is graded otherwise with the shares of a department's cells, own (n, d), less `by`."""
    result = found.result
    shares = result.matrix.fillna(0.0).to_numpy(float)
    moved = _exact(shares - by)
    cut = int((own & ((moved < 0) | (moved > 1))).sum())
    base = score(result.engine, leaves=np.where(own, np.clip(moved, 0, 1), shares)[None])
    names = np.array(result.grade_names, dtype=object)
    grades = names[grade(result.engine, base)[0]]
    scores = from_ticks(finish(result.engine, base)[0])
    return {"cut": cut} | found.effect("department", id, "", scores, grades)


def _last_year(
    found: _Found, before: Assessment | None
) -> Callable[[np.ndarray], dict[str, float]] | None:
    """What tells how the items of a department, (d,) of bool, changed beside the others; None
    without last year's assessment."""
    if before is None:
        return None
    result = found.result
    matching = match(before.scheme, result.scheme, (before.table, result.table))
    twins = {leaf: matching.twins[leaf] for leaf in result.points.index if leaf in matching.shared}
    units = [unit for unit in result.scores.index if unit in before.scores.index]
    now = _marked(result).loc[units, list(twins)]
    then = _marked(before).loc[units, list(twins.values())].set_axis(list(twins), axis=1)
    known = now.notna() & then.notna()
    change = (now - then).where(known).to_numpy(float)
    points = result.points[list(twins)].to_numpy(float)
    places = result.points.index.get_indexer(pd.Index(list(twins)))

    def beside(own: np.ndarray) -> dict[str, float]:
        mine = own[places]
        difference = _apart(change, points, mine)
        there = ~np.isnan(difference)
        if not there.any():
            return {}
        mean = _mean(difference[there], np.ones(int(there.sum())), found.confidence)
        return {
            "own_change": 100 * _mean_change(change[there], points, mine),
            "others_change": 100 * _mean_change(change[there], points, ~mine),
            "change": 100 * mean.value,
            "change_low": 100 * mean.low,
            "change_high": 100 * mean.high,
            "same_items": int(mine.sum()),
        }

    return beside


def _marked(result: Assessment) -> pd.DataFrame:
    """Shares of full marks where a unit has a value or was given nothing; NaN elsewhere."""
    return result.matrix.where(np.isin(result.table.status, (VALUE, ZERO)))


def _mean_change(change: np.ndarray, points: np.ndarray, which: np.ndarray) -> float:
    """The mean over units of their mean change (n, d) on some items, weighted by points."""
    weights = np.where(np.isnan(change), 0.0, points)[:, which]
    got = np.nan_to_num(change)[:, which] * weights
    return float(_exact((got.sum(axis=1) / weights.sum(axis=1)).mean()))
