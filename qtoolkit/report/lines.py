"""Single cutoffs as every view shows them: where each may lie, class by class, while no grade
changes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment


def single(result: Assessment, intervals: pd.DataFrame) -> pd.DataFrame:
    """Where each cutoff alone may lie while no grade changes, quotas, last places and vetoes in
    force, as :func:`qtoolkit.robustness.cutoff_intervals` found it.

    One row a grade with a cutoff (the worst left out) and, where classes have cutoffs of their own,
    a class:
    grade, group (None for all), cutoff, low, high (no grade changes while it is above `low` and not
    above `high`; NaN where there is no limit), unit_low, unit_high (who changes there), next_low,
    next_high (whether the limit is the neighbouring cutoff, which it may not reach, and nobody
    changes before it).
    """
    scheme = result.scheme
    by_class = any(grade.class_cutoffs for grade in scheme.grades)
    rows = []
    for grade in (each for each in scheme.grades[:-1] if each.has_line):
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
