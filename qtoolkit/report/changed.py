"""Facts of what another rule would change: whose computed grade, and who keeps it though the score
alone would say otherwise."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment

FEW = 3  # units in a clause


def changes(result: Assessment, grades: pd.Series) -> list[dict[str, str]]:
    """Whose grade is another: rows of unit, old, new."""
    return [
        {"unit": unit, "old": result.grades[unit], "new": grades[unit]}
        for unit in result.grades.index
        if grades[unit] != result.grades[unit]
    ]


def consequences(result: Assessment, other: Assessment) -> dict[str, Any]:
    """Under another rule, who changes grade (`changes`), and who does not though the grade by the
    score alone goes from a to b, the first few (`held`: unit, a, b, grade, set_by: what holds it,
    then: whether it does so under the other rule too) and how many more (`likewise`)."""
    before, after = result.steps, other.steps
    held = []
    for unit in result.scores.index:
        old, new = before.loc[unit], after.loc[unit]
        if result.grades[unit] != other.grades[unit] or old["by_score"] == new["by_score"]:
            continue
        then = bool(new["set_by"] != "score")
        held.append(
            {
                "unit": unit,
                "a": old["by_score"],
                "b": new["by_score"],
                "grade": result.grades[unit],
                "set_by": (new if then else old)["set_by"],
                "then": then,
            }
        )
    likewise = max(len(held) - FEW, 0)
    found = changes(result, other.grades)
    return {"changes": found, "held": held[:FEW], "likewise": likewise}
