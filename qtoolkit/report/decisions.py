"""Facts of matters for decision: what is tried, who changes grade from what to what, and what it
costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import blanks
from qtoolkit.comparison import causes
from qtoolkit.decisions import Matter, Matters
from qtoolkit.decisions.ways import (
    APPROVAL,
    BLANKS,
    DECIMALS,
    FULL_MARKS,
    LINE,
    NEW_INDICATOR,
    ORDER,
    POINTS,
    QUOTA,
    Way,
    quotas,
)
from qtoolkit.engine.ties import foremost, in_order
from qtoolkit.inputs.statuses import NEW, STATUS_NAMES
from qtoolkit.report import changed, shared
from qtoolkit.report.sections import Rows

SHOWN = 3  # matters on the first page
FEW, NAMED = 4, 8  # units that go from one grade to another: on the first page, and elsewhere
CROWD, MANY = 3, 8  # kinds of changes, and changes, from which and beyond which half are named
SINGLE = 2  # ways that a matter names where there are many

Row = dict[str, Any]
Move = tuple[str, str, str]  # unit, grade now, grade then


def first(found: Matters) -> list[Row]:
    """The most consequential matters, for the phrase `matter`."""
    return [matter_of(found, matter, on_page_one=True) for matter in found.first(SHOWN)]


def matter_of(found: Matters, matter: Matter, on_page_one: bool = False) -> Row:
    """A matter: kind, of, whether that is the best grade (best), what the scheme has now (see
    :func:`_now`), and its ways (of full marks and single points the first by which a grade
    changes), with `likewise`, the indicators of the others; on the first page the most
    consequential ways, and how many that change a grade are left out."""
    moved = found.table["moved"]
    rows, likewise = _told(found, matter)
    kept = _most(found, rows)[: SINGLE if on_page_one else None]
    named = FEW if on_page_one else NAMED
    shown = [row for row in rows if row in kept]
    return {
        "kind": matter.kind,
        "of": matter.of,
        "best": matter.of == found.result.scheme.grades[0].id,
        "now": _now(found, matter),
        "ways": [way_of(found, row, named) for row in shown],
        "likewise": likewise,
        "left_out": sum(1 for row in rows if row not in kept and moved.iat[row]),
        "concerned": list(dict.fromkeys(unit for row in shown for unit, *_ in moved.iat[row])),
    }


def _told(found: Matters, matter: Matter) -> tuple[list[int], list[str]]:
    """The ways of a matter that are told, and the indicators of those that are not."""
    rows = [row for row in matter.rows if found.table["failed"].iat[row] is None]
    if matter.kind not in (FULL_MARKS, POINTS):
        return rows, []
    rows = _most(found, [row for row in rows if found.table["changed"].iat[row]])
    leaves = [found.ways[row].choice["leaf"] for row in rows]
    told, others = leaves[:SINGLE], dict.fromkeys(leaves[SINGLE:])
    return rows[:SINGLE], [leaf for leaf in others if leaf not in told]


def _most(found: Matters, rows: Sequence[int]) -> list[int]:
    """Ways by what they change, the most consequential first."""
    return sorted(rows, key=lambda row: -found.table["steps"].iat[row])


def _now(found: Matters, matter: Matter) -> Any:
    """What the scheme has now: a rounding rule; leaves and treatments of blanks; a cutoff; a quota
    with its places; an order; of approvals who was lowered, the places and how many hold one as
    approved; new indicators or those on which everybody scores full, with their points."""
    result = found.result
    scheme = result.scheme
    if matter.kind == DECIMALS:
        return shared.rounding(scheme.rounding.total)
    if matter.kind in (BLANKS, NEW_INDICATOR):
        wanted = matter.of or STATUS_NAMES[NEW]
        those = [(leaf, how) for leaf, m, how, _ in blanks(result) if STATUS_NAMES[m] == wanted]
        return {
            "leaves": [{"leaf": leaf.id, "points": leaf.full_points} for leaf, _ in those],
            "treatments": list(dict.fromkeys(how for _, how in those)),
        }
    if matter.kind == LINE:
        return shared.cutoff(result, scheme.grade(str(matter.of)))
    if matter.kind == QUOTA:
        return quota_now(result, str(matter.of))
    if matter.kind == ORDER:
        return scheme.order.veto
    if matter.kind == APPROVAL:
        return _approvals(result, found.ways[matter.rows[0]])
    if matter.kind == FULL_MARKS:
        ids = [found.ways[row].choice["leaf"] for row in matter.rows]
        return [{"leaf": id, "points": scheme.indicator(id).full_points} for id in ids]
    return None


def quota_now(result: Assessment, grade: str) -> Row:
    """A grade's quota as the scheme has it: quota (places, or a share), places (None where classes
    have their own), counted (likewise, None also where the quota is the places)."""
    quota, step = next((g.quota, s) for g, s in quotas(result) if g.id == grade)
    places = step.most if step.members is None else None
    is_share = quota is not None and quota < 1
    return {"quota": quota, "places": places, "counted": places if is_share else None}


def _approvals(result: Assessment, way: Way) -> Row:
    """Who had a place of the grade and was approved lower (unit, old, new), its places, and how
    many units have the grade or a better one as approved."""
    code = result.grade_names.index(str(way.of))
    return {
        "lowered": [
            {"unit": unit, "old": result.grades[unit], "new": result.approved[unit]}
            for unit in way.choice
        ],
        "places": quota_now(result, str(way.of))["places"],
        "approved": (result.approved.cat.codes >= code).sum(),
    }


def way_of(found: Matters, row: int, named: int) -> Row:
    """A way with its consequences: kind, of, choice, before, leaf and rises for the phrase
    `way_name`, and what :func:`effect` says of it for the phrase of that name."""
    other, moved = found.other(row), found.table["moved"].iat[row]
    if other is None:
        done = _given_on(found.result, moved, named)
    else:
        done = effect(found.result, other, named)
    return _named(found, row) | done


def _named(found: Matters, row: int) -> Row:
    way = found.ways[row]
    return {"kind": way.kind, "of": way.of, **_choice(found, way)}


def effect(result: Assessment, other: Assessment, named: int = FEW, is_mixed: bool = False) -> Row:
    """What another assessment of the same units does to computed grades: changes (see
    :func:`_together`), form (of scores), held and likewise (see
    :func:`qtoolkit.report.changed.consequences`), counts (grades that more or fewer units have:
    grade, before, after, kind), graded (that kind), top (that of the best grade, or none), ties
    (units that share a rank: before, after; None where no more do). Where several things differ
    (`is_mixed`) each change has the parts that make it. Who is held is told where nobody
    changes."""
    then = changed.consequences(result, other)
    if then["changes"]:
        then |= {"held": [], "likewise": 0}
    return {
        **then,
        "changes": _together(result, then["changes"], named, other, is_mixed),
        "form": shared.score_format(result),
        **_both_counts(result, "computed", then["changes"]),
        "ties": _ties(result, other),
    }


def _together(
    result: Assessment,
    changes: Sequence[Row],
    named: int = NAMED,
    other: Assessment | None = None,
    is_mixed: bool = False,
) -> list[Row]:
    """Changes of grade from one grade to another: old, new, n, and who makes them, the first few
    by name (units: unit, score now, because: see :func:`_why`)."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in changes:
        found.setdefault((row["old"], row["new"]), []).append(row["unit"])
    named = named if len(found) < CROWD and len(changes) <= MANY else named // 2
    shown = [unit for units in found.values() for unit in units[:named]]
    why = {} if other is None else _why(result, other, shown, is_mixed)
    return [
        {
            "old": old,
            "new": new,
            "n": len(units),
            "units": [
                {"unit": unit, "score": result.scores[unit], "because": why.get(unit)}
                for unit in units[:named]
            ],
        }
        for (old, new), units in found.items()
    ]


def _why(
    result: Assessment, other: Assessment, units: Sequence[str], is_mixed: bool
) -> dict[str, Row]:
    """What makes each unit's change, as :func:`qtoolkit.comparison.causes` finds it: parts (codes,
    none unless several things differ), and who took or gave up a place (others, rises)."""
    if not units:
        return {}
    table, found = causes(result, other, units, "computed"), {}
    codes = result.grade_names
    for unit, rows in table.groupby("unit", sort=False):
        first = rows.iloc[0]
        others = list(dict.fromkeys(x for row in rows["others"] for x in row))
        parts = list(dict.fromkeys(rows["part"])) if is_mixed else []
        if parts or others:
            rises = codes.index(first["after"]) > codes.index(first["before"])
            found[str(unit)] = {"parts": parts, "others": others, "rises": rises}
    return found


def _given_on(result: Assessment, moved: Sequence[Move], named: int) -> Row:
    """Likewise, of places that approval has freed and that are given on: what is counted are
    approved grades."""
    changes = _changes(moved)
    return {
        "changes": _together(result, changes, named),
        "form": shared.score_format(result),
        "held": [],
        "likewise": 0,
        **_both_counts(result, "approved", changes),
        "ties": None,
    }


def _changes(moved: Sequence[Move]) -> list[Row]:
    return [{"unit": unit, "old": old, "new": new} for unit, old, new in moved]


def _choice(found: Matters, way: Way) -> Row:
    """What is chosen (`choice`), of what is counted also what it is now (`before`), and of which
    indicator (`leaf`)."""
    scheme = found.result.scheme
    if way.kind == LINE and way.scheme is not None:
        grades = [one.grade(str(way.of)) for one in (scheme, way.scheme)]
        by_class = any(grade.class_cutoffs for grade in scheme.grades)
        before, after = (
            [{"group": group, "cutoff": grade.cutoff_of(group)} for group in scheme.classes]
            if by_class
            else grade.line
            for grade in grades
        )
        return {"choice": after, "before": before, "leaf": None, "rises": way.choice > 0}
    if way.kind == QUOTA:
        before = quota_now(found.result, str(way.of))
        now = before["quota"] if before["places"] is None else before["places"]
        return {"choice": way.choice, "before": before, "leaf": None, "rises": way.choice > now}
    if way.kind in (FULL_MARKS, POINTS):
        leaf = way.choice["leaf"]
        points = scheme.indicator(leaf).full_points
        after = way.choice["points"]
        return {"choice": after, "before": points, "leaf": leaf, "rises": after > points}
    if way.kind == APPROVAL:
        return {"choice": None, "before": None, "leaf": None, "rises": None}
    return {"choice": way.choice, "before": None, "leaf": None, "rises": None}


def _both_counts(result: Assessment, kind: str, changes: Sequence[Row]) -> Row:
    counts, best = _counts(result, kind, changes), result.scheme.grades[0].id
    return {
        "graded": kind,
        "counts": counts,
        "top": [row for row in counts if row["grade"] == best],
    }


def _counts(result: Assessment, kind: str, changes: Sequence[Row]) -> list[Row]:
    """How many units have each grade of which more or fewer have it, as computed or as approved
    (kind), before and after some units' change."""
    now = (result.approved if kind == "approved" else result.grades).astype(object)
    then = now.copy()
    for row in changes:
        then[row["unit"]] = row["new"]
    before, after = now.value_counts(), then.value_counts()
    rows = [
        {"grade": g.id, "before": int(before.get(g.id, 0)), "after": int(after.get(g.id, 0))}
        for g in result.scheme.grades
    ]
    return [row | {"kind": kind} for row in rows if row["before"] != row["after"]]


def _ties(result: Assessment, other: Assessment) -> Row | None:
    """How many units share a rank, where they become more."""
    before, after = (int(one.ranks.duplicated(keep=False).sum()) for one in (result, other))
    return {"before": before, "after": after} if after > before else None


def nothing(found: Matters, margins: pd.DataFrame) -> Row | None:
    """Why no matter changes anything: how many ways were tried (tried), and who is nearest to
    another grade, by how many points (units, points; none where nobody can have one); None where
    some matter does."""
    if found.matters:
        return None
    near = margins["nearest"].dropna()
    return {
        "tried": int(found.table["failed"].isna().sum()),
        "units": [] if near.empty else near.index[foremost(near, falling=False)],
        "points": None if near.empty else near.min(),
    }


def idle(found: Matters) -> list[Row]:
    """The matters that change nobody's grade, as far as their ways could be assessed: kind, of,
    shift (points by which cutoffs and single points were moved)."""
    failed = found.table["failed"]
    return [
        {"kind": matter.kind, "of": matter.of, "shift": found.shift}
        for matter in found.idle
        if any(failed.iat[row] is None for row in matter.rows)
    ]


def tried(found: Matters) -> Row:
    """All matters: how many ways were tried (tried), those by which a grade changes (telling) as a
    table, the matters that change none (idle), and the ways that cannot be (failed: way and
    why)."""
    table = found.table
    rows = [row for matter in found.matters for row in matter.rows if table["changed"].iat[row]]
    ways = [_named(found, row) for row in rows]
    changes = [_changes(table["moved"].iat[row]) for row in rows]
    moves = [_together(found.result, those) for those in changes]
    kinds = ["approved" if way["kind"] == APPROVAL else "computed" for way in ways]
    counts = [_counts(found.result, *pair) for pair in zip(kinds, changes, strict=True)]
    failed = [row for row in range(len(table)) if table["failed"].iat[row] is not None]
    columns = {"matter": ways, "way": ways, "moves": moves, "counts": counts}
    shown = {name: pd.Series(cells, dtype=object) for name, cells in columns.items()}
    steps = table["steps"].iloc[rows]
    return {
        "tried": len(table) - len(failed),
        "telling": len(rows),
        "idle": idle(found),
        "failed": [{"way": _named(found, row), "why": table["failed"].iat[row]} for row in failed],
        "table": Rows(
            pd.DataFrame({**shown, "changed": table["changed"].iloc[rows].to_list()}),
            in_order(steps),
        ),
    }
