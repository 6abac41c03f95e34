"""Grade cutoffs: how far each unit stands from the next ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import from_ticks
from qtoolkit.engine.ticks import UNREACHABLE


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
    limits = np.where(e.thresholds == UNREACHABLE, np.nan, from_ticks(e.thresholds))
    codes = (base[:, None] >= e.thresholds).sum(axis=1)
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
