"""Facts of ranks, flips and transfers."""

import dataclasses
import itertools
import math
from collections import defaultdict

import numpy as np

import qtoolkit as qt
from qtoolkit.engine.core import grade
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.statuses import NEW
from qtoolkit.report import choosing

MOST, SOME = 300, 40  # units for which searches are made for all; of more, for so many
TINY = 1e-9


def searched(given):
    n = len(given.result.scores)
    return None if n <= MOST else {"n": n, "k": SOME}


def without_data(given):
    """Indicators that no unit has data of, by the printed table of raw values."""
    status, leaves = given.result.table.status, given.result.scheme.leaves
    return [leaf.id for k, leaf in enumerate(leaves) if (status[:, k] == NEW).all()]


def rank_ranges(tables, given):
    rows = tables["rank_ranges"].to_dict("records")
    span = [row["worst"] - row["best"] for row in rows]
    exact = [row for row in rows if row["status"] == "exact"]
    return {
        "fixed": span.count(0),
        "elsewhere": [],
        "widest": [
            {key: row[key] for key in ("unit", "best", "worst")}
            for row, width in zip(rows, span, strict=True)
            if width == max(span) and width
        ],
        "draws": given.draws,
        "narrower": sum(
            row["drawn_best"] > row["best"] or row["drawn_worst"] < row["worst"] for row in exact
        ),
        "bounds": [row["unit"] for row in rows if row["status"] != "exact"],
        "searched": searched(given),
        "listed": len(rows),
        "drawn": len(rows) if len(rows) <= MOST else SOME,
    }


def flips(tables, given):
    table = tables["cheapest_flips"]
    found = table[np.isfinite(table["points_moved"])].sort_values("points_moved", kind="stable")
    on_line = [recipe.zh.startswith("得分正好在分数线上") for recipe in found["recipe"]]
    least = found[found["points_moved"] <= found["points_moved"].min() + TINY]
    listed = set(table["unit"])
    return {
        "changeable": len(found),
        "on_line": found.loc[on_line, ["unit", "grade", "towards"]],
        "weakest": least[["unit", "recipe", "points_moved", "status", "grade", "towards"]].iloc[:3],
        "likewise": max(0, len(least) - 3),
        "little": found.loc[found["points_moved"] < 1 - TINY, "unit"],
        "searched": searched(given),
        "unknown": [unit for unit in given.result.scores.index if unit not in listed],
    }


def end_of(row):
    """At which end of its stable stretch an indicator stands, and whose grade changes there."""
    ends = [
        (side, row[f"unit_{side}"])
        for side in ("low", "high")
        if isinstance(row[f"unit_{side}"], str) and abs(row[side] - row["points"]) <= TINY
    ]
    return ends[0] if ends else (None, None)


def reach(row):
    """How far an indicator's points may move alone to the nearer end at which a grade changes."""
    sides = [
        abs(row[side] - row["points"])
        for side in ("low", "high")
        if isinstance(row[f"unit_{side}"], str)
    ]
    return math.inf if row["status"] == "undefined" or not sides else min(sides)


def transfers(tables, given):
    leaves = [leaf.id for leaf in given.result.scheme.leaves]
    pairs, alone = tables["transfers"], tables["stability_intervals"]
    asked = choosing.most_points(given.result)
    whole = qt.robustness.transfer_map(given.result, asked)
    singles = qt.robustness.stability_intervals(given.result)
    new = without_data(given)
    known = {
        (a, b): whole.table.loc[a, b]
        for a in asked
        for b in asked
        if a != b and not {a, b} & set(new) and math.isfinite(whole.table.loc[a, b])
    }
    least = min(known.values(), default=None)
    first = [pair for pair, points in known.items() if points <= least + TINY]
    shown = list(zip(pairs["from"], pairs["to"], strict=True))
    assert set(first[: len(shown)]) <= set(shown) or set(shown) <= set(first)
    assert len(shown) == min(len(known), 20)
    rows = [row for _, row in alone.iterrows() if row["leaf"] not in new]
    nearest = min(map(reach, rows), default=math.inf)
    tight = [row for row in rows if reach(row) <= nearest + TINY and math.isfinite(nearest)]
    singly = {unit for text in singles["left_out"] for unit in text.split("、")}
    return {
        "leaves": len(leaves),
        "computed": len(asked),
        "proven": bool(whole.exact.to_numpy().all()),
        "first": [{"from": a, "to": b, "unit": whole.unit.loc[a, b]} for a, b in first],
        "least": least,
        "on_line": least is not None and least <= TINY,
        "tight": [
            {
                **{key: row[key] for key in ("leaf", "points", "low", "high", "status")},
                **dict(zip(("at", "unit"), end_of(row), strict=True)),
            }
            for row in tight[:3]
        ],
        "tight_likewise": max(0, len(tight) - 3),
        "lined": len(given.result.scheme.grades) == 1
        or any(grade.by == "line" for grade in given.result.scheme.grades[:-1]),
        "left_out": [
            unit for unit in given.result.scores.index if unit in whole.left_out or unit in singly
        ],
    }


def proofs(tables, given):
    return {}


def new_indicators(tables, given):
    """Whose grade is not the same when the unit has nothing and all others full marks on what is
    new as the other way round; what all have alike."""
    result = given.result
    status, leaves = result.table.status, result.scheme.leaves
    columns = [k for k in range(len(leaves)) if (status[:, k] == NEW).all()]
    unfilled = [leaves[k].id for k in columns]
    links = qt.comparison.match(given.asked["new_indicators"].scheme, result.scheme).table
    fresh = set(links.loc[links["before"].isna(), "after"])
    columns = [k for k in range(len(leaves)) if k in columns or leaves[k].id in fresh]
    if not columns:
        return {"new": []}
    new = [leaves[k].id for k in columns]
    held = result.fixed if result.engine.breaks else result
    low, high = (alike_for_all(held, columns, gives) for gives in ("zero", "full"))
    names = result.grade_names
    ends = {}
    for k, unit in enumerate(result.scores.index):
        worst, best = low.base.to_numpy().copy(), high.base.to_numpy().copy()
        worst[k], best[k] = best[k], worst[k]
        # all others at their best, the unit at its worst, and the other way round
        codes = grade(low.engine, best)[k], grade(low.engine, worst)[k]
        ends[unit] = tuple(names[code] for code in codes)
    rows = tables["new_indicators"].to_dict("records") if "new_indicators" in tables else []
    for row in rows:
        assert row["grade"] == result.grades[row["unit"]]
        spans = [[names.index(id) for id in x] for x in (row["grades"], ends[row["unit"]])]
        assert spans[0][0] <= spans[1][0] <= spans[1][1] <= spans[0][1]
        assert spans[0] == spans[1] or row["status"] == "bounds"
        for end, every in (("low", low), ("high", high)):
            assert abs(row[end] - every.base[row["unit"]] / 10**10) < TINY
    listed, at = [row["unit"] for row in rows], list(result.scores.index).index
    assert all(a == b for unit, (a, b) in ends.items() if unit not in listed)
    return {
        "new": new,
        "unfilled": unfilled,
        "filled": [id for id in new if id not in unfilled],
        "points": math.fsum(result.points[id] for id in new),
        "free": len(result.scores) - len(listed),
        "dependent": len(rows),
        "kinds": [
            {"grades": span, "units": units}
            for span in itertools.product(names, names)
            for units in [sorted((row["unit"] for row in rows if row["grades"] == span), key=at)]
            if units
        ],
        "bounds": [row["unit"] for row in rows if row["status"] == "bounds"],
        "held": bool(result.engine.breaks),
        "scenarios": scenarios(
            result,
            {
                gives: alike_for_all(result, columns, gives)
                for gives in ("full", "renormalise", "zero")
                if gives != "renormalise" or others_in_groups(result.scheme, new)
            },
        ),
    }


def alike_for_all(result, columns, gives):
    """The assessment where the table says nothing of some columns."""
    table = result.table
    status = table.status.copy()
    status[:, columns] = NEW
    cells = {"raw": table.raw.copy(), "filed": table.filed.copy()}
    for values in cells.values():
        values[:, columns] = None
    scheme = change(result.scheme, {"missing.new": gives})
    return result.anew(scheme, dataclasses.replace(table, status=status, **cells))


def others_in_groups(scheme, new):
    """Whether no group of indicators, nor the whole, is of new ones alone."""
    groups, todo = [scheme.indicators], list(scheme.indicators)
    while todo:
        node = todo.pop()
        if node.children:
            groups.append(node.children)
            todo += node.children
    return not any(all(child.id in new for child in group) for group in groups)


def scenarios(result, others):
    """By the grades that come out, in the order of the first that gives them."""
    by_grades = defaultdict(list)
    for gives, other in others.items():
        by_grades[tuple(other.grades)].append(gives)
    return [
        {
            "gives": kinds,
            "changes": [
                {"unit": unit, "old": old, "new": new}
                for (unit, old), new in zip(result.grades.items(), grades, strict=True)
                if old != new
            ],
        }
        for grades, kinds in by_grades.items()
    ]
