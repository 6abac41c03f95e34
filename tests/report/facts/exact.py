"""Facts of ranks, flips and transfers."""

import math

import numpy as np

import qtoolkit as qt
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
    """For whom the grade is the same with 0 and with full marks everywhere."""
    free = qt.robustness.score_range(given.result, qt.regions.Box(relative=given.band)).table
    dependent = [unit for unit, same in free["free_of_new"].items() if not same]
    return {
        "new": without_data(given),
        "free": len(given.result.scores) - len(dependent),
        "dependent": dependent,
    }
