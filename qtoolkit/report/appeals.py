"""Facts of single marks judged again: whose grade hangs on one item, who is pushed out or moves
up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.appeals import FULL, NOTHING, Rejudged
from qtoolkit.assessment import Assessment
from qtoolkit.report import shared
from qtoolkit.report.sections import Rows, Section, names_of

LEAST = 6  # rows of the table in the body


def rejudged(result: Assessment, found: Rejudged) -> Section:
    """What single marks judged again do to grades, as :func:`qtoolkit.appeals.rejudge` found it."""
    table, least = found.table, found.least
    own = table["grade"] != table["grade_after"]
    others = (table["out"].map(len) + table["up"].map(len)) > 0
    facts = {
        "judged": len(table),
        "own": own.sum(),
        "others": others.sum(),
        "asked": len(found.units),
        "units": len(result.scores),
        "steps": [{"step": step} for step in sorted(found.steps)],
        "needs": _needs(found),
        "out": _because(table, "out"),
        "up": _because(table, "up"),
        "listed": min(len(least), LEAST),
        "least": len(least),
        "left_out": len(found.left_out),
        "relative": [leaf.id for leaf in result.scheme.leaves if leaf.leaf_rule.is_set_dependent],
        "moves": shared.moving(result),
        "score_format": shared.score_format(result),
    }
    tables = {
        "rejudged_least": _least(least.head(LEAST)),
        "rejudged": Rows(_whole(found), found.order),
    }
    return Section("appeals/rejudged", names_of(result), facts, tables)


def _needs(found: Rejudged) -> list[dict[str, Any]]:
    """The units by what alters their own grade: rows of need (the least "step", "ends" where only
    full marks or none do, "never"), step (its points, else None) and units; none empty."""
    table = found.table[found.table["grade"] != found.table["grade_after"]]
    steps = sorted(found.steps)
    by_name = {f"{sign}{step:g}": step for step in steps for sign in "+-"}
    by_name |= {FULL: np.inf, NOTHING: np.inf}
    least = table["change"].map(by_name).astype(float).groupby(table["unit"]).min()
    wanted = [("step", step) for step in steps] + [("ends", np.inf)]
    rows: list[dict[str, Any]] = [
        {
            "need": need,
            "step": step if need == "step" else None,
            "units": [unit for unit in found.units if least.get(unit) == step],
        }
        for need, step in wanted
    ]
    never = [unit for unit in found.units if unit not in least.index]
    rows.append({"need": "never", "step": None, "units": never})
    return [row for row in rows if row["units"]]


def _because(table: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """The units whose grade gets worse (better) because a mark of another is judged again, each
    with those of whom one may be."""
    pairs = table.loc[table[name].map(len) > 0, ["unit", name]].explode(name)
    return [
        {"unit": unit, "by": list(dict.fromkeys(rows["unit"]))}
        for unit, rows in pairs.groupby(name, sort=False)
    ]


def _least(least: pd.DataFrame) -> pd.DataFrame:
    """The table in the body: of each unit and side the fewest points that alter a grade."""
    return pd.DataFrame(
        {
            "unit": least["unit"],
            "leaves": [list(leaves) for leaves in least["leaves"]],
            "change": _changes(least["change"], least["moved"], least["side"] == "more"),
            "grade": least["grade"],
            "grade_after": least["grade_after"],
            **_others(least),
        }
    )


def _whole(found: Rejudged) -> pd.DataFrame:
    """The table of all changes."""
    table = found.table
    more = table["points_after"] > table["points"]
    changes = _changes(table["change"], pd.Series(found.moved, table.index), more)
    return table.assign(change=changes, **_others(table))


def _changes(changes: pd.Series, moved: pd.Series, more: pd.Series) -> pd.Series:
    """Changes for the phrase `rejudging`: id ("+0.5", "full", "zero"), more (whether up), moved
    (points)."""
    return pd.Series(
        [
            {"id": name, "more": bool(up), "moved": float(by)}
            for name, by, up in zip(changes, moved, more, strict=True)
        ],
        changes.index,
        dtype=object,
    )


def _others(table: pd.DataFrame) -> dict[str, pd.Series]:
    """The units that are pushed out, and those that move up; nothing where there are none."""
    return {
        name: pd.Series([list(units) or None for units in table[name]], table.index, dtype=object)
        for name in ("out", "up")
    }
