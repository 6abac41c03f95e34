"""One mark of several: mean, median, trimmed mean, highest and lowest left out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from qtoolkit.engine import to_ticks
from qtoolkit.engine.ticks import PER_POINT
from qtoolkit.errors import InputError, one_of, real, unexpected
from qtoolkit.language import Text, say
from qtoolkit.limits import POINTS

WAYS = ("mean", "median", "trimmed", "drop")
ROUND_OFF = 1e-9  # .2 · 15 is 3, whatever the last bit says


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
        NaN where there are fewer marks than :func:`least_values` says.

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
    k = values.shape[-1]
    ends = _left_out(how, trim, drop, k)
    if (np.abs(values) > POINTS).any():
        raise InputError(
            say(
                zh="评分应在±{most}之间",
                en="marks must lie between ±{most}",
                most=POINTS,
            )
        )
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.count_nonzero(~np.isnan(ordered), axis=-1)
    first = ends[count]
    past, place = count - first, np.arange(k)
    kept = (place >= first[..., None]) & (place < past[..., None])
    total = to_ticks(np.where(kept, ordered, 0.0)).sum(axis=-1)
    number = np.maximum(past - first, 0)
    means = total / (np.maximum(number, 1) * float(PER_POINT))
    return np.where(number > 0, means, np.nan)


def _left_out(how: str, trim: float, drop: int, k: int) -> np.ndarray:
    """How many marks are left out at each end of 0, 1, … k."""
    if how not in WAYS:
        raise InputError(unexpected(how, one_of(WAYS), "how"))
    trim = real("trim", trim, 0, 0.5)
    if trim == 0.5:
        raise InputError(unexpected(trim, Text("小于0.5", "a share below .5"), "trim"))
    if real("drop", drop) % 1:
        raise InputError(unexpected(drop, Text("整数", "a whole number"), "drop"))
    numbers = range(k + 1)
    found = {
        "mean": [0 for _ in numbers],
        "median": [max(n - 1, 0) // 2 for n in numbers],
        "trimmed": [math.floor(trim * n + ROUND_OFF) for n in numbers],
        "drop": [int(drop) for _ in numbers],
    }
    return np.array(found[how], dtype=np.int64)


def least_values(how: str = "mean", drop: int = 1) -> int:
    """How many marks there must be at least.

    >>> least_values("drop", 1), least_values("trimmed")
    (3, 1)
    """
    return 2 * int(drop) + 1 if how == "drop" else 1
