"""Facts of what another rule would change: whose computed grade, and who keeps it though the score
alone would say otherwise."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment

FEW = 3  # units in a clause


def moved(result: Assessment, grades: pd.Series) -> list[dict[str, str]]:
    """Whose grade is another: rows of unit, old, new."""
    return [
        {"unit": unit, "old": result.grades[unit], "new": grades[unit]}
        for unit in result.grades.index
        if grades[unit] != result.grades[unit]
    ]


def outcome(result: Assessment, other: Assessment) -> dict[str, Any]:
    """Under another rule, who changes grade (`moved`), and who does not though the grade by the
    score alone changes, the first few (`held`: unit, old and new by score, grade, cause that holds
    it, is_held_now: whether already under the present rule) and how many more (`likewise`)."""
    before, after = result.steps, other.steps
    held = []
    for unit in result.scores.index:
        old, new = before.loc[unit], after.loc[unit]
        if result.grades[unit] != other.grades[unit] or old["by_score"] == new["by_score"]:
            continue
        is_held_now = new["set_by"] == "score"
        held.append(
            {
                "unit": unit,
                "old": old["by_score"],
                "new": new["by_score"],
                "grade": result.grades[unit],
                "cause": (old if is_held_now else new)["set_by"],
                "is_held_now": is_held_now,
            }
        )
    likewise = max(len(held) - FEW, 0)
    return {"moved": moved(result, other.grades), "held": held[:FEW], "likewise": likewise}
