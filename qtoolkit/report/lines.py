"""Single cutoffs as every view shows them: where each may lie, class by class, while no grade
changes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit import robustness
from qtoolkit.assessment import Assessment
from qtoolkit.language import Text, say
from qtoolkit.report.blocks import rounded_towards

NEIGHBOUR = Text("相邻分数线", "the next cutoff")


def single(result: Assessment) -> pd.DataFrame:
    """Where each cutoff alone may lie while no grade changes, quotas, last places and vetoes in
    force.

    One row a grade (the worst left out) and, where classes have cutoffs of their own, a class:
    grade, group (None for all), cutoff, low, high (no grade changes while it is above `low` and not
    above `high`; NaN where there is no limit), unit_low, unit_high (who changes there), next_low,
    next_high (whether the limit is the neighbouring cutoff, which it may not reach, and nobody
    changes before it).
    """
    scheme, intervals = result.scheme, robustness.cutoff_intervals(result)
    by_class = any(grade.class_cutoffs for grade in scheme.grades)
    rows = []
    for grade in scheme.grades[:-1]:
        row = intervals.loc[grade.id]
        low, high = row["low"] - row["cutoff"], row["high"] - row["cutoff"]
        for group in scheme.classes if by_class else (None,):
            cutoff = grade.cutoff_of(group)
            rows.append(
                {
                    "grade": grade.id,
                    "group": group,
                    "cutoff": cutoff,
                    "low": cutoff + low if np.isfinite(low) else np.nan,
                    "high": cutoff + high if np.isfinite(high) else np.nan,
                    "unit_low": row["unit_low"],
                    "unit_high": row["unit_high"],
                    "next_low": bool(np.isfinite(low)) and row["unit_low"] is None,
                    "next_high": bool(np.isfinite(high)) and row["unit_high"] is None,
                }
            )
    names = [
        "grade",
        "group",
        "cutoff",
        "low",
        "high",
        "unit_low",
        "unit_high",
        "next_low",
        "next_high",
    ]
    table = pd.DataFrame(rows, columns=names, dtype=object)  # a column of units may hold None alone
    return table.astype(
        {"cutoff": float, "low": float, "high": float, "next_low": bool, "next_high": bool}
    )


def standing_at(result: Assessment, unit: str | None, neighbour: bool) -> Text | None:
    """What stands at an end: who changes there, or the neighbouring cutoff."""
    return NEIGHBOUR if neighbour else None if unit is None else result.labels[unit]


def between(row: pd.Series) -> Text:
    """The stretch of a row of :func:`single` in words, its ends rounded inwards."""
    ends = []
    if not np.isnan(row["low"]):
        x = rounded_towards(row["low"], ".2f", "↑")
        ends.append(say(zh="高于{x}分", en="above {x}", x=x))
    if not np.isnan(row["high"]):
        x = rounded_towards(row["high"], ".2f", "↓")
        upto = (
            say(zh="低于{x}分", en="below {x}", x=x)
            if row["next_high"]
            else say(zh="不高于{x}分", en="not above {x}", x=x)
        )
        ends.append(upto)
    if not ends:
        return Text("任何位置", "anywhere")
    return ends[0] if len(ends) == 1 else say(zh="{a}、{b}", en="{a} and {b}", a=ends[0], b=ends[1])
