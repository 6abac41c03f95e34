"""Marks of several assessors made one: mean, median, trimmed mean, highest and lowest dropped."""

from __future__ import annotations

import numpy as np


def combined(marks: np.ndarray, how: str = "mean", drop: int = 1, trim: float = 0.2) -> np.ndarray:
    """One mark of those along the last axis.

    Parameters
    ----------
    marks : ndarray of float, (…, k)
        NaN where an assessor gave none.
    how : "mean", "median", "trimmed" or "drop"
        "drop" leaves out the `drop` highest and as many lowest (去掉最高分和最低分), "trimmed" the
        whole part of `trim` times the number of marks at each end, and both take the mean of the
        rest.

    Returns
    -------
    ndarray of float, (…)
        NaN where there are fewer marks than :func:`least_marks` says.

    >>> combined(np.array([[70.0, 80.0, 85.0, np.nan, 60.0]]), "drop").tolist()
    [75.0]
    """
    ordered = np.sort(marks, axis=-1)  # NaN last
    count = np.count_nonzero(~np.isnan(ordered), axis=-1)
    left_out = {
        "mean": np.zeros_like(count),
        "median": (count - 1) // 2,
        "trimmed": np.floor(trim * count + 1e-9).astype(count.dtype),
        "drop": np.full_like(count, drop),
    }[how]
    place = np.arange(marks.shape[-1])
    kept = (place >= left_out[..., None]) & (place < (count - left_out)[..., None])
    number = np.count_nonzero(kept, axis=-1)
    total = np.where(kept, ordered, 0.0).sum(axis=-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def least_marks(how: str, drop: int = 1) -> int:
    """How many marks there must be at least.

    >>> least_marks("drop", 1), least_marks("trimmed")
    (3, 1)
    """
    return 2 * drop + 1 if how == "drop" else 1
