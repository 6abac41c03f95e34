"""Marks of several assessors made one: mean, median, trimmed mean, highest and lowest dropped."""

from __future__ import annotations

import numpy as np

from qtoolkit.engine.ticks import PER_POINT, to_ticks

WAYS = ("mean", "median", "trimmed", "drop")
ROUND_OFF = 1e-9  # .2 · 15 is 3, whatever the last bit says


def combined(marks: np.ndarray, how: str = "mean", trim: float = 0.2, drop: int = 1) -> np.ndarray:
    """What the marks along the last axis (…, k) make together, (…); NaN where an assessor gave
    none, and where there are fewer than :func:`least_marks` says.

    The mean of what is left when c of the n marks are left out at each end: c = 0 ("mean"), ⌊(n −
    1)/2⌋ ("median"), ⌊trim·n⌋ ("trimmed", 截尾平均) or `drop` ("drop", 去掉最高分和最低分). Marks
    are added up in whole ticks and divided once, so that marks with up to ten decimals give the
    double that is nearest to their mean on paper.

    >>> combined(np.array([[70.0, 80.0, 85.0, np.nan, 60.0]]), "drop").tolist()
    [75.0]
    """
    ordered, k = np.sort(marks, axis=-1), marks.shape[-1]  # NaN last
    count = np.count_nonzero(~np.isnan(ordered), axis=-1)
    first = _left_out(how, trim, drop, k)[count]
    past, place = count - first, np.arange(k)
    kept = (place >= first[..., None]) & (place < past[..., None])
    total = to_ticks(np.where(kept, ordered, 0.0)).sum(axis=-1)
    number = np.maximum(past - first, 0)
    means = total / (np.maximum(number, 1) * float(PER_POINT))
    return np.where(number > 0, means, np.nan)


def _left_out(how: str, trim: float, drop: int, k: int) -> np.ndarray:
    """How many marks are left out at each end of 0, 1, … k."""
    n = np.arange(k + 1)
    if how == "median":
        return np.maximum(n - 1, 0) // 2
    if how == "trimmed":
        return np.floor(trim * n + ROUND_OFF).astype(np.int64)
    return np.full(k + 1, drop if how == "drop" else 0)


def least_marks(how: str = "mean", drop: int = 1) -> int:
    """How many marks there must be at least.

    >>> least_marks("drop", 1), least_marks("trimmed")
    (3, 1)
    """
    return 2 * drop + 1 if how == "drop" else 1
