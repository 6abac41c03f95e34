"""Facts of single marks judged again, counted in the table of all of them."""

import math

from qtoolkit.inputs.statuses import NEW, NOT_APPLICABLE
from tests.report.facts import lines

TINY = 1e-9
MARKS, GRADED, WAYS, SHOWN = 20_000, 30_000_000, 6, 6


def others_of(row, name):
    return row[name] if isinstance(row[name], list) else []


def step_of(row):
    """The points of a step; ∞ for full marks and none."""
    id = row["change"]["id"]
    return math.inf if id in ("full", "zero") else abs(float(id))


def because(rows, name):
    found = {}
    for row in rows:
        for unit in others_of(row, name):
            found.setdefault(unit, {})[row["unit"]] = None
    return [{"unit": unit, "by": list(by)} for unit, by in found.items()]


def asked_of(given):
    n, d = len(given.result.scores), len(given.result.scheme.leaves)
    return min(n, max(1, min(MARKS // (d * WAYS), GRADED // (d * WAYS * n))))


def rejudged(tables, given):
    result = given.result
    rows = tables["rejudged"].to_dict("records")
    own = [row for row in rows if row["grade"] != row["grade_after"]]
    least = {}
    for row in own:
        least[row["unit"]] = min(step_of(row), least.get(row["unit"], math.inf))
    units = list(result.scores.index)
    asked = units if asked_of(given) == len(units) else list(dict.fromkeys(r["unit"] for r in rows))
    needs = [
        {"need": need, "step": step if need == "step" else None, "units": those}
        for need, step in (("step", 0.5), ("step", 1.0), ("ends", math.inf), ("never", None))
        if (those := [unit for unit in asked if least.get(unit) == step])
    ]
    matters = [r for r in rows if r in own or others_of(r, "out") or others_of(r, "up")]
    fewest = {}
    for row in matters:
        key, moved = (row["unit"], row["change"]["more"]), row["change"]["moved"]
        fewest[key] = min(moved, fewest.get(key, math.inf))
    outcomes = {
        (
            row["unit"],
            row["change"]["more"],
            row["change"]["id"],
            row["grade_after"],
            tuple(others_of(row, "out")),
            tuple(others_of(row, "up")),
        )
        for row in first_of_each(matters)
        if row["change"]["moved"] <= fewest[row["unit"], row["change"]["more"]] + TINY
    }
    status, points = result.table.status, result.engine.points
    without = (status == NOT_APPLICABLE) | (status == NEW) | result.engine.tree.blank
    at = [units.index(unit) for unit in asked]
    rule = result.scheme.rounding.total
    kinds = {"minmax", "zscore", "rank"}
    return {
        "judged": len(rows),
        "own": len(own),
        "others": sum(bool(others_of(r, "out") or others_of(r, "up")) for r in rows),
        "asked": len(asked),
        "units": len(units),
        "steps": [{"step": 0.5}, {"step": 1.0}],
        "needs": needs,
        "out": because(rows, "out"),
        "up": because(rows, "up"),
        "listed": min(len(outcomes), SHOWN),
        "least": len(outcomes),
        "left_out": int((without & (points > 0))[at].sum()),
        "relative": [leaf.id for leaf in result.scheme.leaves if leaf.rule.kind in kinds],
        "moves": lines.way_lines_move(result.scheme.grades),
        "score_format": ".4f" if rule is None else f".{rule.decimals}f",
    }


def first_of_each(rows):
    """Of changes of one mark to the same new one, the first."""
    found = {}
    for row in rows:
        key = (row["unit"], row["leaf"], row["change"]["more"], f"{row['change']['moved']:.9f}")
        found.setdefault(key, row)
    return found.values()
