"""One mark of several: mean, median, trimmed mean, highest and lowest left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qtoolkit.engine import combining as engine
from qtoolkit.errors import InputError, one_of, real, unexpected
from qtoolkit.language import Text, say
from qtoolkit.limits import POINTS


def combined(values: ArrayLike, how: str = "mean", trim: float = 0.2, drop: int = 1) -> np.ndarray:
    """What the marks along the last axis make together.

    The mean of what is left when c of the n marks are left out at each end: c = 0 ("mean"), ⌊(n −
    1)/2⌋ ("median"), ⌊trim·n⌋ ("trimmed", 截尾平均) or `drop` ("drop", 去掉最高分和最低分). Marks
    are added up in whole ticks and divided once, so that marks with up to ten decimals give the
    double that is nearest to their mean on paper.

    Parameters
    ----------
    values : array of float, (…, k)
        Marks of k assessors; NaN where there is none.
    how : str
        "mean", "median", "trimmed" or "drop".
    trim : float
        Share left out at each end, in [0, .5).
    drop : int
        Marks left out at each end.

    Returns
    -------
    ndarray of float, (…)
        NaN where there are fewer marks than :func:`qtoolkit.engine.combining.least_marks` says.

    Raises
    ------
    InputError
        An unknown way, a share or number that is none, a mark beyond ±10,000 or infinite.

    >>> combined([[70.0, 80.0, 85.0, 60.0], [70.0, 80.0, 84.0, np.nan]], "drop").tolist()
    [75.0, 80.0]
    >>> combined([[70.0, 80.0, np.nan]], "drop").tolist()
    [nan]
    """
    values = np.asarray(values, dtype=float)
    _check(how, trim, drop)
    if (np.abs(values) > POINTS).any():
        raise InputError(
            say(
                zh="评分应在±{most}之间",
                en="marks must lie between ±{most}",
                most=POINTS,
            )
        )
    return engine.combined(values, how, trim, int(drop))


def _check(how: str, trim: float, drop: int) -> None:
    """Refuse a way that there is not, and shares and numbers that are none."""
    if how not in engine.WAYS:
        raise InputError(unexpected(how, one_of(engine.WAYS), "how"))
    trim = real("trim", trim, 0, 0.5)
    if trim == 0.5:
        raise InputError(unexpected(trim, Text("小于0.5", "a share below .5"), "trim"))
    if real("drop", drop) % 1:
        raise InputError(unexpected(drop, Text("整数", "a whole number"), "drop"))
