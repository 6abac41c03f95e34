"""Facts of ranks, flips and transfers."""

import numpy as np
import pandas as pd

MOST, SOME = 300, 40  # units for which searches are made for all; of more, for so many
TINY = 1e-9


def searched(given):
    n = len(given.result.scores)
    return None if n <= MOST else {"n": n, "k": SOME}


def without_data(given):
    """Indicators that no unit has data of, by the printed table of raw values."""
    status, leaves = given.result.table.status, given.result.scheme.leaves
    return [leaf.id for k, leaf in enumerate(leaves) if (status[:, k] == qt_new()).all()]


def qt_new():
    from qtoolkit.inputs.statuses import NEW

    return NEW


def rank_ranges(tables, given):
    rows = tables["rank_ranges"].to_dict("records")
    span = [row["worst"] - row["best"] for row in rows]
    exact = [row for row in rows if row["status"] == "exact"]
    return {
        "fixed": span.count(0),
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
        "refused": [unit for unit in given.result.scores.index if unit not in listed],
    }


def transfers(tables, given):
    pairs, alone = tables["transfers"], tables["stability_intervals"]
    return {}


def proofs(tables, given):
    return {}


def new_indicators(tables, given):
    return {}
