"""How indicators work in an assessment: full marks and spread."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment

FULL, NONE = 1 - 1e-9, 1e-9


def operation(result: Assessment) -> pd.DataFrame:
    """Saturation and discrimination of each leaf.

    Returns
    -------
    DataFrame, indexed by indicator
        points; n (units scored on it); mean, lowest, highest (share of full marks, 得分率); full and zero (shares of the
        units at full marks, 满分率, and at nothing, 零分率); sd (sample standard deviation of the share; NaN below two
        units); variance_share: cov(points earned, base score) / var(base score), which sum to 1 over the indicators (what
        is not scored earns nothing); correlation: of the share with the base score, over the units that are scored.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 1.0], "b": [0.4, 0.8]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> operation(r)[["mean", "full", "variance_share"]].round(2).values.tolist()
    [[1.0, 1.0, 0.0], [0.6, 0.0, 1.0]]
    """
    shares, contributions = result.matrix, result.contributions
    total = contributions.sum(axis=1)
    centred = contributions - contributions.mean()
    variance = float(((total - total.mean()) ** 2).sum())
    part = centred.mul(total - total.mean(), axis=0).sum()
    scored = shares.notna().sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "points": result.points,
                "n": scored,
                "mean": shares.mean(),
                "lowest": shares.min(),
                "highest": shares.max(),
                "full": (shares >= FULL).sum() / scored,
                "zero": (shares <= NONE).sum() / scored,
                "sd": shares.std(ddof=1),
                "variance_share": part / variance if variance > 1e-18 else np.nan,
                "correlation": shares.corrwith(total) if variance > 1e-18 else np.nan,
            }
        )
