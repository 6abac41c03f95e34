"""Which values of a column stand apart from the others: of another size, or of the other sign.
numpy only.

Beside the last digit that was written nothing here knows a unit of measure: multiplying a column by
a number above 0 changes no answer.
"""

from __future__ import annotations

import numpy as np

APART = 5.0
"""A value nearer than this factor to the next one does not stand apart."""
TENFOLD = 10.0
"""Counts below ten differ by large factors: a small whole number stands apart from this factor
on."""
LEAST = 5
"""Of fewer values nobody can say what is usual."""
MINORITY = 0.25
"""The largest share of a column that can stand apart from the rest of it."""
_MULTIPLE = (180.0, 22.0, 1.0)
_DECIMALS = 8


def strays(values: np.ndarray) -> np.ndarray:
    """Which values are many times larger or smaller than all others, (n,) of bool.

    Values are compared by their logarithms, without regard to sign; 0 and NaN never stand apart.
    The sorted values fall into a bulk and a group beyond it, of at most a quarter of them, where
    the gap between the two is

    - more than a factor of 5 (10 for small values of a column of whole numbers), and
    - more than 1 + 22/b + 180/b² times the bulk's own spread: the distance of its outermost value
      on that side from its median, or the distance between its quartiles if that is larger, where b
      is the number of its values.

    So a column is judged by itself. Where most values are close together, as percentages are, a
    factor of 5 is enough. Counts of firms by county spread over several powers of ten and need a
    gap as wide as they are. The multiple was set so that a column of log-normal values, of whatever
    spread, has a value that is said to stand apart in at most about two of a thousand cases, for
    every n from 5 on (the 99.95% quantiles of gap : spread of each side for n normal logarithms are
    21 for n = 5, 7.3 for 8, 3.0 for 16, 2.0 for 31, 1.1 for 100; tests/inputs/test_oddvalues.py
    draws them again). With tails as long as those of a Pareto law it is up to three of a hundred.
    The spread is at least that of one step of the last digit, so that small counts (1, 1, 1, 1, 6)
    do not pass for a narrow column.

    >>> strays(np.array([97.1, 98.3, 9710, 97.4, 96.3, 97.7])).tolist()
    [False, False, True, False, False, False]
    >>> strays(np.array([3.0, 12, 45, 160, 700, 2900])).any()
    np.False_
    """
    usable = np.isfinite(values) & (values != 0)
    sizes = np.sort(np.abs(values[usable]))
    if len(sizes) < LEAST:
        return np.zeros(len(values), bool)
    step = last_digit(sizes)
    high = _beyond(np.log(sizes), sizes, step, APART)
    low = _beyond(-np.log(sizes[::-1]), sizes[::-1], step, TENFOLD if step >= 1 else APART)
    size = np.where(usable, np.abs(values), 1.0)
    over = np.zeros(len(values), bool) if high is None else size >= sizes[high]
    under = np.zeros(len(values), bool) if low is None else size <= sizes[::-1][low]
    return usable & (over | under)


def _beyond(logs: np.ndarray, sizes: np.ndarray, step: float, factor: float) -> int | None:
    """Where, in values sorted towards the end that is looked at, the group beyond the bulk
    begins; None without one."""
    count = len(logs)
    most = max(1, int(count * MINORITY))
    gaps = np.diff(logs)
    for i in np.flatnonzero(gaps > np.log(factor)) + 1:
        if count - i > most or i < LEAST - 1:
            continue
        first, middle, third = np.quantile(logs[:i], (0.25, 0.5, 0.75))
        spread = max(logs[i - 1] - middle, third - first, np.log1p(step / sizes[i // 2]))
        if gaps[i - 1] > np.polyval(_MULTIPLE, 1 / i) * spread:
            return int(i)
    return None


def last_digit(values: np.ndarray) -> float:
    """The step of the last digit that most of the values have: 1 for whole numbers, .1 for tenths;
    0 where there is none.

    >>> last_digit(np.array([3.0, 12, 40])), last_digit(np.array([97.1, 98, 0.971, 97.4, 96.3]))
    (1.0, 0.1)
    """
    for decimals in range(_DECIMALS + 1):
        if _are_whole(values * 10.0**decimals).mean() > 1 - MINORITY:
            return float(10.0**-decimals)
    return 0.0


def finer(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Which values have more decimals than `like`, but as many or fewer once they are multiplied by
    100.

    >>> finer(np.array([0.971, 0.4, 0.98]), np.array([97.1, 98.0, 96.3])).tolist()
    [True, False, True]
    """
    step = last_digit(like)
    return (
        (step > 0) & ~_are_whole(values / (step or 1.0)) & _are_whole(100 * values / (step or 1.0))
    )


def _are_whole(values: np.ndarray) -> np.ndarray:
    return np.abs(values - np.trunc(values + 0.5)) <= 1e-9 * np.maximum(np.abs(values), 1.0)


def turned(values: np.ndarray, counted: bool = False) -> np.ndarray:
    """Which values have another sign than the others and, without it, a size that is usual there,
    (n,) of bool.

    At least 5 values, and at most a tenth of them (or one) with the sign that is rare. A column
    that runs through 0 has small values about 0: a value is only named where its size is that of
    the smallest quarter of the others or more, or, where things are `counted` and none can be below
    0, where it is negative at all.

    >>> turned(np.array([97.1, 98.3, -97.5, 97.4, 96.3, 97.7])).tolist()
    [False, False, True, False, False, False]
    >>> turned(np.array([5.2, 3.1, -0.4, 2.8, 1.9, 4.4])).any()
    np.False_
    """
    finite = np.where(np.isfinite(values), values, 0.0)
    count, negative = int(np.count_nonzero(finite)), int(np.count_nonzero(finite < 0))
    rare = min(negative, count - negative)
    if count < LEAST or rare == 0 or rare > max(1, count // 10):
        return np.zeros(len(values), bool)
    sign = -1.0 if negative == rare else 1.0
    others = np.abs(finite[finite * sign < 0])
    large = np.abs(finite) >= np.quantile(others, MINORITY)
    return (finite * sign > 0) & (large | (counted and sign < 0))


def far_from_own(values: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Which values are not of the size, or sign, of the unit's own other number (last year's, a
    target), (n,) of bool.

    The ratios value : own are a column of their own, in which a value stands apart (:func:`strays`,
    :func:`turned`), or is ten times too large or too small where the ratios of the others have a
    median between 1/5 and 5. That last limit is lowered a little (9.5), because a value that moved
    by a slip of the point has also moved in truth. Pairs of which one is known to fewer than two
    digits (counts below 20) are left out: 1 to 12 cases is no slip. So are, for that last limit,
    pairs of which both are below a quarter of the column's median: the small ones of a column may
    change by any factor.

    >>> far_from_own(np.array([17150.0, 400, 752]), np.array([1700.0, 400, 700])).tolist()
    [True, False, False]
    """
    ratios = sound_ratios(values, own)
    known = np.isfinite(ratios)
    odd = strays(ratios) | turned(ratios)
    size = np.abs(np.where(known, ratios, 1.0))
    tenfold = known & ((size >= _NEARLY_TENFOLD) | (size <= 1 / _NEARLY_TENFOLD))
    others = size[known & ~tenfold]
    usual = len(others) > 0 and 1 / APART <= np.median(others) <= APART
    larger = np.where(known, np.maximum(np.abs(values), np.abs(own)), 0.0)
    if known.any():
        tenfold &= larger >= MINORITY * np.median(larger[known])
    return odd | (tenfold & (usual or np.count_nonzero(known) == 1))


_NEARLY_TENFOLD = 9.5
_TWO_DIGITS = 20


def sound_ratios(values: np.ndarray, own: np.ndarray) -> np.ndarray:
    """value : own, NaN where either is missing, 0 or known to fewer than two digits."""
    usable = np.isfinite(values) & np.isfinite(own) & (values != 0) & (own != 0)
    ratios = np.full(len(values), np.nan)
    if not usable.any():
        return ratios
    step = max(last_digit(np.abs(values[usable])), last_digit(np.abs(own[usable])))
    larger = np.maximum(np.abs(values), np.abs(own))
    usable &= np.where(usable, larger, 0.0) >= _TWO_DIGITS * step
    np.divide(values, own, out=ratios, where=usable)
    return ratios


def shifted(values: np.ndarray, own: np.ndarray) -> float | None:
    """By how many times a whole column differs from the units' own other numbers, where it is more
    than 5; else None.

    >>> shifted(np.array([0.971, 0.983, 0.975]), np.array([98.0, 98.0, 97.0]))
    0.01
    """
    ratios = np.abs(sound_ratios(values, own))
    ratios = ratios[np.isfinite(ratios)]
    if len(ratios) < 3:
        return None
    middle = float(np.median(ratios))
    if 1 / APART <= middle <= APART:
        return None
    return float(f"{middle:.1g}")
