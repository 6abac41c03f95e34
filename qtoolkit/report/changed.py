"""Facts of what another rule would change: whose computed grade, and who keeps it though the score
alone would say otherwise."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.debated import in_whole_points
from qtoolkit.report import shared

FEW = 3  # units in a clause

Row = dict[str, Any]


def changes(result: Assessment, grades: pd.Series) -> list[Row]:
    """Whose computed grade changes: rows of unit, old, new, for the phrase `grade_changes`."""
    return [
        {"unit": unit, "old": old, "new": grades[unit]}
        for unit, old in result.grades.items()
        if grades[unit] != old
    ]


def consequences(result: Assessment, other: Assessment) -> Row:
    """Who changes grade under another rule (`changes`), and who does not though the score alone
    would say so, the first few (`held`) and how many more (`likewise`): for the phrase
    `consequences`."""
    held = _held(result, other)
    return {
        "changes": changes(result, other.grades),
        "held": held[:FEW],
        "likewise": max(len(held) - FEW, 0),
    }


def _held(result: Assessment, other: Assessment) -> list[Row]:
    """Units whose grade by score alone changes while their grade stays: rows of unit, a and b (the
    grades by score), grade, set_by (what holds it), then (whether it does so under the other rule
    too)."""
    old, new, rows = result.steps, other.steps, []
    for unit in result.scores.index:
        a, b = (steps.loc[unit, "by_score"] for steps in (old, new))
        if result.grades[unit] != other.grades[unit] or a == b:
            continue
        then = bool(new.loc[unit, "set_by"] != "score")
        set_by = (new if then else old).loc[unit, "set_by"]
        row = {"unit": unit, "a": a, "b": b, "grade": result.grades[unit]}
        rows.append(row | {"set_by": set_by, "then": then})
    return rows


def whole_points(result: Assessment) -> Row:
    """What whole points would change, see :func:`rounding_option`."""
    return rounding_option(
        result, *(in_whole_points(result, mode) for mode in ("half_up", "floor"))
    )


def rounding_option(result: Assessment, half_up: Assessment, floor: Assessment) -> Row:
    """What whole points would change, for the phrase `rounding_option`; a result of either that a
    reader would expect and that does not come has its reason."""
    return {
        "option": "rounding",
        "rule": shared.rounding(result.scheme.rounding.total),
        "half_up": consequences(result, half_up),
        "floor": consequences(result, floor),
    }
