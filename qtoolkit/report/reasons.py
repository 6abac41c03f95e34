"""Facts of why a grade changed, for a sentence that the county it concerns can follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of
from qtoolkit.comparison import PARTS, Comparison, Matching
from qtoolkit.comparison.mixing import FACTOR_PARTS, together
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.inputs.scheme import Grade, Rounding, Scheme
from qtoolkit.report import shared
from qtoolkit.report.blocks import Block
from qtoolkit.report.sections import Section, names_of
from qtoolkit.report.wording import MANY

MAIN = 1e-9  # steps of a grade within which two parts are alike
SHOWN = 0.005  # points: what two decimals show
TOLD = 20  # units whose reasons are told one by one, of too many
# what is said of lines, of each part: see `line_changes`
LINES = {
    "cutoffs": ("cutoff", "by"),
    "quotas": ("quota", "ties", "within", "last"),
    "rounding": ("total", "indicators", "order", "rank_on"),
}
CLASSES = ("class", "classes", "cutoff")
SENTENCE_OF = {"points": "points", "rules": "points"} | dict.fromkeys(LINES, "cutoffs")
FACTOR_OF = {part: factor for factor, parts in FACTOR_PARTS.items() for part in parts}


class Pair(Protocol):
    """Two assessments of which something is said: a comparison, or a scheme and a draft."""

    @property
    def before(self) -> Assessment: ...
    @property
    def after(self) -> Assessment: ...
    @property
    def units(self) -> pd.Index: ...
    @property
    def matching(self) -> Matching: ...


def sides(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """The two assessments, old and new: name (where both are of one year), year (None where not
    known), which (last, this), kind (which grades are compared)."""
    results = {"old": comparison.before, "new": comparison.after}
    one_year = comparison.before.scheme.year == comparison.after.scheme.year
    return {
        side: {
            "name": result.scheme.name if one_year else None,
            "year": result.scheme.year or None,
            "which": which,
            "kind": shared.kind_of(result),
        }
        for (side, result), which in zip(results.items(), ("last", "this"), strict=True)
    }


def reasons(comparison: Comparison | None) -> Sequence[Block]:
    """The sentence for each unit that changed grade, and one for grades that stand because parts
    cancel out."""
    if comparison is None or not comparison.graded_alike:
        return []
    steps, ranks = comparison.grade_decomposition, comparison.after.ranks
    if comparison.problem is not None:  # then there are no parts
        steps = steps.iloc[:0]
    changed = steps.index[steps["change"] != 0]
    first = sorted(changed, key=lambda u: (-abs(steps.loc[u, "change"]), ranks[u]))
    first = first[: TOLD if len(changed) > MANY else None]
    held = steps[(steps["change"] == 0) & (steps[list(PARTS)].abs().max(axis=1) >= 0.5 - MAIN)]
    facts = {
        **sides(comparison),
        "problem": comparison.problem,
        "changed": len(changed),
        "told": [_reason(comparison, unit) for unit in first],
        "held": [
            {"unit": unit, "up": _pulling(row, 1), "down": _pulling(row, -1)}
            for unit, row in held.iterrows()
        ],
    }
    names = names_of(comparison.after, comparison.before)
    labels = comparison.before.labels | comparison.after.labels  # those that left gave up places
    return Section("reasons/reasons", names | {"unit": labels.__getitem__}, facts)


def _pulling(row: pd.Series, sign: float) -> list[str]:
    """The parts that pull a grade up (1) or down (-1)."""
    return [name for name in PARTS if sign * row[name] > MAIN]


def _reason(comparison: Comparison, unit: str) -> dict[str, Any]:
    """From which grade and score to which, the causes of the change, and the parts of the score."""
    step, part = comparison.grade_decomposition.loc[unit], comparison.decomposition.loc[unit]
    found = comparison.causes[comparison.causes["unit"] == unit]
    return {
        "unit": unit,
        "before": step["grade_before"],
        "after": step["grade_after"],
        "causes": [_cause(comparison, rows, part) for rows in said_together(found)],
        "score_before": part["score_before"],
        "score_after": part["score_after"],
        "parts": [
            {"part": name, "points": part[name]}
            for name in PARTS[:-1]
            if abs(part[name]) >= SHOWN - SAME
        ],
    }


def said_together(found: pd.DataFrame) -> list[pd.DataFrame]:
    """The causes of a unit in the order of their weight, those of one sentence together: points
    with rules, and all that is said of lines."""
    keys = [
        SENTENCE_OF.get(part, (part, whose))
        for part, whose in zip(found["part"], found["whose"], strict=True)
    ]
    return [found[[key == other for other in keys]] for key in dict.fromkeys(keys)]


def _cause(comparison: Comparison, rows: pd.DataFrame, part: pd.Series) -> dict[str, Any]:
    """One reason: `because` says which, what it needs stands beside it, and `place` whose place it
    was, where a quota or the last places made the grade."""
    row = rows.iloc[0]
    place = place_of(comparison, rows)
    return _because(comparison, rows, row, part) | {"place": place}


def _because(
    comparison: Comparison, rows: pd.DataFrame, row: pd.Series, part: pd.Series
) -> dict[str, Any]:
    """What a reason is, without whose place it was."""
    name, unit, whose = row["part"], row["unit"], row["whose"]
    if name == "approval":
        return {"because": "approval", "approvals": _approvals(comparison, unit)}
    if name == "units":
        return {"because": "units"}
    if name in LINES:
        return {"because": "cutoffs", "changes": of_lines(comparison, rows)}
    factor = FACTOR_OF[name]
    points = float(part[factor])
    if name == "classes":
        told = CLASSES if whose == "own" else CLASSES[1:2]
        changes = [c for c in line_changes(comparison, unit) if c["what"] in told]
        return {"because": "classes", "changes": changes}
    if whose == "others":
        return _of_others(comparison, row, factor, points)
    if name in ("points", "rules"):
        return _points(comparison, rows, part)
    if name == "vetoes":
        return veto_of(comparison, row)
    if name == "bonus":
        return {"because": "limits" if whose == "scheme" else "bonus", "points": points}
    return _data(comparison, row, points)


def of_lines(comparison: Pair, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """What changed in the parts of lines that are causes, and in those that go with them."""
    schemes = (comparison.before.scheme, comparison.after.scheme)
    joined, parts = together(*schemes, comparison.matching), set(rows["part"])
    told = {what for p, words in LINES.items() if parts & {p, joined.get(p)} for what in words}
    changes = line_changes(comparison, rows["unit"].iloc[0])
    return [change for change in changes if change["what"] in told]


def _rose(comparison: Pair, row: pd.Series) -> bool:
    """Whether the unit's grade is better than it was."""
    results = zip((comparison.before, comparison.after), ("before", "after"), strict=True)
    old, new = (result.grade_names.index(row[side]) for result, side in results)
    return new > old


def place_of(comparison: Pair, rows: pd.DataFrame) -> dict[str, Any] | None:
    """Where a place came or went: of a quota or among the last, and which other units took it or
    gave it up; None where the unit's own score, line or veto did it."""
    row = rows.iloc[0]
    if row["via"] != "place":
        return None
    results = (comparison.before, comparison.after)
    last = "last" in {result.steps.loc[row["unit"], "set_by"] for result in results}
    return {
        "of": "last" if last else "quota",
        "units": list(dict.fromkeys(unit for others in rows["others"] for unit in others)),
        "lost": not _rose(comparison, row),
    }


def _of_others(
    comparison: Comparison, row: pd.Series, factor: str, points: float
) -> dict[str, Any]:
    """What the rows of others did: to a place, or to a score that goes by others' values."""
    if row["via"] == "place" or row["part"] != "data":
        return {"because": "others", "part": factor, "points": points}
    most = _most(comparison, row, list(comparison.leaves), points)
    if not most:
        return {"because": "data", "points": points}
    return {"because": "data_others", "rises": points > 0, "points": points, "most": most}


def _most(
    comparison: Comparison, row: pd.Series, leaves: Sequence[str], points: float
) -> list[dict[str, Any]]:
    """Of some indicators those that moved the score most, with the points; none where the part of
    the score does not go the way that the cause goes."""
    sign = float(np.sign(row["points"]))
    if sign * points < SHOWN - SAME:
        return []
    moves = sign * comparison.leaves.loc[row["unit"], list(leaves)].dropna()
    moves = moves[moves >= SHOWN - SAME]
    moves = moves.iloc[in_order(moves)].head(3)
    return [{"leaf": id, "points": sign * moved} for id, moved in moves.items()]


def _points(comparison: Comparison, rows: pd.DataFrame, part: pd.Series) -> dict[str, Any]:
    """The points' part: what the points alone do, apart from rules and indicators without a
    like. `what`: points, rules, or both, where both are causes or cannot be told apart."""
    whole = float(part["points"])
    alone = float(comparison.alone.loc[rows["unit"].iloc[0], "score_points"] - part["score_before"])
    if math.isfinite(alone) and abs(whole - alone) >= SHOWN - SAME:
        rest = whole - alone
        return {"because": "points_and_rest", "points": whole, "alone": alone, "rest": rest}
    shared_leaves = len(comparison.matching.shared)
    leaves = [len(result.scheme.leaves) for result in (comparison.before, comparison.after)]
    alike = leaves == [shared_leaves, shared_leaves]
    parts = set(rows["part"])
    schemes = (comparison.before.scheme, comparison.after.scheme)
    both = len(parts) > 1 or "rules" in together(*schemes, comparison.matching)
    what = "both" if both else parts.pop()
    return {"because": "points", "what": what, "points": whole, "leaves_alike": alike}


def _data(comparison: Comparison, row: pd.Series, points: float) -> dict[str, Any]:
    """What of the unit's own data moved the grade, on which indicators most, and what became of
    them: a value, missing or new, the state of a cell, a target."""
    most = _most(comparison, row, row["leaves"], points)
    if not most:
        return {"because": "data", "points": points}
    kind = dict(zip(row["leaves"], row["kinds"], strict=True))[most[0]["leaf"]]
    return {"because": f"data_{kind}", "rises": points > 0, "points": points, "most": most}


def _approvals(comparison: Comparison, unit: str) -> list[dict[str, Any]]:
    """What approval made of the computed grade, of each assessment where it changed it: side,
    computed and approved (the grades' names), reason."""
    return [
        {
            "side": side,
            "computed": result.scheme.grade(result.grades[unit]).label,
            "approved": result.scheme.grade(result.approved[unit]).label,
            "reason": _remark(result, unit),
        }
        for side, result in (("old", comparison.before), ("new", comparison.after))
        if result.approved[unit] != result.grades[unit]
    ]


def _remark(result: Assessment, unit: str) -> Any:
    """The reason of an approval, None where none is given."""
    remarks = result.table.remarks
    if "approved_reason" not in remarks:
        return None
    return shared.both(remarks.at[unit, "approved_reason"])


def veto_of(comparison: Pair, row: pd.Series) -> dict[str, Any]:
    """The veto that sets the grade now, or set it before, by the marks of the unit or by what the
    scheme says of it."""
    unit, results = row["unit"], (comparison.before, comparison.after)
    old, new = (result.steps.loc[unit, "set_by"] for result in results)
    before, after = (
        {f"veto:{veto.id}": veto.name for veto in result.scheme.vetoes} for result in results
    )
    if old in before and old == new:
        return {"because": "veto_changed", "veto": after[new]}
    if new in after and not (_rose(comparison, row) and old in before):
        by_score = comparison.after.steps.loc[unit, "by_score"]
        return {"because": "veto", "veto": after[new], "by_score": by_score}
    if old in before:
        return {"because": "veto_gone", "veto": before[old]}
    return {"because": "vetoes"}


def line_changes(comparison: Pair, unit: str | None = None) -> list[dict[str, Any]]:
    """What changed in cutoffs, quotas and rounding; of cutoffs by class the unit's own where one is
    named. Rows of what (class, classes, by, cutoff, quota, ties, within, last, total, indicators,
    order, rank_on), grade, before and after."""
    before, after = comparison.before.scheme, comparison.after.scheme
    rows: list[dict[str, Any]] = []
    if unit is None:
        rows += _classes_changed(comparison, None)
        classes = sorted({*before.classes, *after.classes})
        pairs = [(name, name) for name in classes] or [(None, None)]
    else:
        old_class, new_class = pair = _classes_of_unit(comparison, unit)
        if old_class != new_class:
            rows.append({"what": "class", "before": old_class, "after": new_class})
        rows += _classes_changed(comparison, unit)
        pairs = [pair]
    ratio = after.total / before.total
    for old, new in zip(before.grades, after.grades, strict=False):
        rows += _cutoff_changes(old, new, pairs, ratio)
        rows += [] if "breaks" in (old.by, new.by) else _quota_changes(old, new)
    rows += _rounding_changes(before, after)
    if before.order.rounding != after.order.rounding:
        rows.append({"what": "order"})
    if before.rank_on != after.rank_on:
        rows.append({"what": "rank_on"})
    return rows


def _classes_changed(comparison: Pair, unit: str | None) -> list[dict[str, Any]]:
    """How many (other) units went to another class, where places are counted in each class or, for
    all units, classes have their own cutoffs."""
    schemes = (comparison.before.scheme, comparison.after.scheme)
    grades = [grade for scheme in schemes for grade in scheme.grades]
    counted = any(grade.within == "class" for grade in grades)
    if not counted and (unit is not None or not any(grade.class_cutoffs for grade in grades)):
        return []
    before, after = (
        dict(zip(result.table.units, classes_of(result.table), strict=True))
        for result in (comparison.before, comparison.after)
    )
    count = sum(before[other] != after[other] for other in comparison.units if other != unit)
    return [{"what": "classes", "units": count, "others": unit is not None}] if count else []


def _classes_of_unit(comparison: Pair, unit: str) -> tuple[str | None, str | None]:
    """A unit's class before and after."""
    before, after = (
        dict(zip(result.table.units, classes_of(result.table), strict=True))[unit]
        for result in (comparison.before, comparison.after)
    )
    return before, after


def _cutoff_changes(
    old: Grade, new: Grade, classes: list[tuple[str | None, str | None]], ratio: float
) -> list[dict[str, Any]]:
    """Which cutoffs of a grade changed, for pairs of classes before and after, with the class
    (group) where they are several; `ratio` is that of the totals."""
    if not (old.has_line and new.has_line):
        same = (old.by, old.within) == (new.by, new.within)
        return [] if same else [{"what": "by", "grade": new.id, "before": old.by, "after": new.by}]
    moves = {(old.cutoff_of(a), new.cutoff_of(b)): b for a, b in reversed(classes)}
    return [
        {
            "what": "cutoff",
            "grade": new.id,
            "group": group if len(moves) > 1 else None,
            "before": before,
            "after": after,
        }
        for (before, after), group in moves.items()
        if abs(before * ratio - after) > 1e-9
    ]


def _quota_changes(old: Grade, new: Grade) -> list[dict[str, Any]]:
    """What changed in a grade's quota, its ties, the units among which it is counted, and its last
    places."""
    return [
        {"what": what, "grade": new.id, "before": getattr(old, what), "after": getattr(new, what)}
        for what in ("quota", "ties", "within", "last")
        if getattr(old, what) != getattr(new, what)
    ]


def _rounding_changes(before: Scheme, after: Scheme) -> list[dict[str, Any]]:
    """What changed in rounding: of the total with each rule and, where totals differ, the total; of
    indicators. A step is the same where it is the same share of the total."""
    totals = (before.total, after.total)
    changed = {
        stage
        for stage in ("leaf", "node", "total")
        if not _same_rounding(
            getattr(before.rounding, stage), getattr(after.rounding, stage), totals
        )
    }
    rows: list[dict[str, Any]] = []
    if "total" in changed:
        old, new = (
            {
                "rule": shared.rounding(scheme.rounding.total),
                "total": None if before.total == after.total else scheme.total,
            }
            for scheme in (before, after)
        )
        rows.append({"what": "total", "before": old, "after": new})
    if changed & {"leaf", "node"}:
        rows.append({"what": "indicators"})
    return rows


def _same_rounding(old: Rounding | None, new: Rounding | None, totals: tuple[float, float]) -> bool:
    """Whether two roundings have the same mode and steps that are the same share of their
    totals."""
    if old is None or new is None:
        return old is new
    steps = [10.0**-rule.decimals / total for rule, total in zip((old, new), totals, strict=True)]
    return old.mode == new.mode and math.isclose(*steps, rel_tol=1e-12)
