"""Grade cutoffs: how far each unit stands from the next ones, and what other readings of the rounding would do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment, assess
from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.engine.core import thresholds
from qtoolkit.inputs.scheme import Rounding, RoundingStages
from qtoolkit.inputs.table import VALUE, ZERO


def margins(result: Assessment) -> pd.DataFrame:
    """Points to the neighbouring grades, on the base score (bonus, cap and rounding counted in).

    Returns
    -------
    DataFrame, indexed by unit
        score (published), grade, above (points above the least base score that keeps the score's grade), below (points
        short of the next better grade; NaN where there is none or it is out of reach), nearest (the smaller of the two),
        next (the grade that lies nearest). A veto or a quota is not counted: these are margins of the score.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.895, 0.5]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)
    >>> qt.cutoffs.margins(r)[["above", "below"]].values.tolist()
    [[29.5, 0.5], [nan, 10.0]]
    """
    e, base = result.engine, result.base.to_numpy()
    highest = int(to_ticks(result.scheme.total)) * e.tree.growth
    limits = thresholds(dataclasses.replace(e, shift=np.zeros_like(e.shift)), e.cutoffs, highest)
    codes = (base[:, None] >= limits).sum(axis=1)
    limits = np.where(limits > to_ticks(result.scheme.total), np.nan, from_ticks(limits))
    edge = np.full((len(base), 1), np.nan)
    limits = np.concatenate([edge, limits, edge], axis=1)
    rows, names = np.arange(len(base)), np.array([None, *result.grade_names, None], dtype=object)
    points = from_ticks(base)
    above, below = points - limits[rows, codes], limits[rows, codes + 1] - points
    upward = np.nan_to_num(below, nan=np.inf) < np.nan_to_num(above, nan=np.inf)
    nearest = np.fmin(above, below)
    towards = np.where(np.isnan(nearest), None, names[codes + np.where(upward, 2, 0)])
    return pd.DataFrame(
        {
            "score": result.scores,
            "grade": result.grades,
            "above": above,
            "below": below,
            "nearest": nearest,
            "next": towards,
        },
        index=result.scores.index,
    )


READINGS: dict[str, Rounding | None] = {
    "unrounded": None,
    "two_decimals": Rounding(decimals=2, mode="half_up"),
    "one_decimal": Rounding(decimals=1, mode="half_up"),
    "whole_half_up": Rounding(decimals=0, mode="half_up"),
    "whole_floor": Rounding(decimals=0, mode="floor"),
}


def rounding_audit(result: Assessment) -> pd.DataFrame:
    """Each unit's grade under other readings of how the total is rounded.

    Returns
    -------
    DataFrame, indexed by unit
        scheme (the grade as the scheme rounds), then one column a reading of `READINGS`.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), pd.DataFrame({"a": [0.896]}, index=["甲"]))
    >>> rounding_audit(r)[["scheme", "whole_half_up", "whole_floor"]].values.tolist()
    [['B', 'A', 'B']]
    """
    grades = {"scheme": result.grades}
    for name, rounding in READINGS.items():
        stages = RoundingStages(leaf=result.scheme.rounding.leaf, node=result.scheme.rounding.node, total=rounding)
        grades[name] = assess(result.scheme.model_copy(update={"rounding": stages}), result.table).grades
    return pd.DataFrame(grades)


def blanks_as_zero(result: Assessment) -> Assessment:
    """The same assessment with every blank that is scored otherwise counted as zero."""
    status = np.where(result.table.status == VALUE, result.table.status, ZERO).astype(result.table.status.dtype)
    return assess(result.scheme, dataclasses.replace(result.table, status=status))
