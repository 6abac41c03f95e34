"""Which value is the largest, and all that tie with it: the last bits of a float must not decide
what is said.

Values that are equal on paper come out apart by some 1e-16, and which is ahead depends on the
processor. Here they tie, and a tie is settled by the order in which they are given.
"""

from __future__ import annotations

import numpy as np

SAME = 1e-9  # values this near (of their size, or of 1 where they are small) are equal


def in_order(values: np.ndarray, falling: bool = True) -> np.ndarray:
    """Places of the values, (n,), the largest (or smallest) first, ties as given, NaN last.

    >>> (
    ...     in_order(np.array([0.1 + 0.2, 0.5, 0.3, np.nan])).tolist(),
    ...     in_order(np.array([0.1 + 0.2, 0.3]), falling=False).tolist(),
    ... )
    ([1, 0, 2, 3], [0, 1])
    """
    order, level = _levels(values, falling)
    return order[np.lexsort((order, level))]


def foremost(values: np.ndarray, falling: bool = True) -> np.ndarray:
    """Places of the largest (or smallest) value and of all that tie with it, as given; empty where
    all are NaN.

    >>> foremost(np.array([0.3, 0.2, 0.1 + 0.2])).tolist()
    [0, 2]
    """
    values = np.asarray(values, float)
    known = values[~np.isnan(values)]
    if not known.size:
        return np.zeros(0, int)
    end = known.max() if falling else known.min()
    with np.errstate(invalid="ignore"):
        near = np.abs(values - end) <= SAME * max(abs(end), 1.0)
    return np.flatnonzero(near & np.isfinite(end) | (values == end))


def _levels(values: np.ndarray, falling: bool) -> tuple[np.ndarray, np.ndarray]:
    """Places by falling (rising) value, and from 0 on which of them tie."""
    values = np.asarray(values, float)
    order = np.argsort(-values if falling else values, kind="stable")
    ordered = values[order]
    with np.errstate(invalid="ignore"):
        gap = np.abs(np.diff(ordered))
    near = gap <= SAME * np.maximum(np.minimum(np.abs(ordered[1:]), np.abs(ordered[:-1])), 1.0)
    alike = near | (ordered[1:] == ordered[:-1]) | np.isnan(ordered[:-1])
    return order, np.concatenate([np.zeros(min(len(order), 1), int), np.cumsum(~alike)])
