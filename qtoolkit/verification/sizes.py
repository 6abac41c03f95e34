"""How many units must be drawn for inflation (自评偏高) to be found."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from scipy import special

from qtoolkit.errors import InputError, real, whole
from qtoolkit.language import say

MOST_UNITS = 1_000_000


def needed(
    size: float,
    spread: float,
    *,
    units: int | None = None,
    chance: float = 0.8,
    level: float = 0.05,
) -> int:
    """The least number of units to draw so that a mean inflation of `size` is found with the wanted
    chance.

    Found means that a one-sided t test of the drawn units' mean inflation against 0 rejects at
    `level`. With m units drawn and standard error e = spread/√m its power is P(T > t(1 − level,
    m − 1)), T noncentral t with m − 1 degrees of freedom and noncentrality size/e (Cohen 1988,
    Statistical Power Analysis, 2). Of a known number of units N the standard error is multiplied by
    √(1 − m/N) (Cochran 1977, Sampling Techniques, 2.8); where all are drawn any inflation is found.
    It takes inflation to be roughly normal over units, and says nothing of single units.

    Parameters
    ----------
    size : float
        Mean inflation to be found, in the unit of `spread`: points or shares of full marks.
    spread : float
        Standard deviation of inflation between units, as from last year's
        :func:`qtoolkit.verification.inflation`.
    units : int, optional
        N, at least 2; without it there are many.
    chance, level : float
        In (0, 1), `level` below `chance`.

    Raises
    ------
    InputError
        Numbers outside these ranges; more than a million units needed.

    >>> needed(0.5, 1.0)  # a known value: a medium effect, one-sided, power .8
    27
    """
    size = real("size", size, above=True)
    spread = real("spread", spread, above=True)
    most = MOST_UNITS if units is None else whole("units", units, 2, MOST_UNITS)
    chance, level = _inside("chance", chance), _inside("level", level)
    if level >= chance:
        raise InputError(
            say(
                zh="显著性水平 level 为{level:g}，应小于要求的把握 chance（{chance:g}）",
                en="level is {level:g}, expected less than chance ({chance:g})",
                level=level,
                chance=chance,
            )
        )

    def is_enough(m: int) -> bool:
        if m == units:
            return True
        error = spread * math.sqrt((1 - (m / most if units else 0)) / m)
        bound = float(special.stdtrit(m - 1, 1 - level))
        return 1 - float(special.nctdtr(m - 1, size / error, bound)) >= chance

    if not is_enough(most):
        raise InputError(
            say(
                zh="需抽取的考核对象超过{most}家：size 与 spread 相比过小",
                en="more than {most:,} units would be needed: size is too small beside spread",
                most=most,
            )
        )
    return _least(is_enough, 2, most)


def needed_to_meet(inflated: int, units: int, chance: float = 0.95) -> int:
    """The least number of units to draw at random so that at least one of those that are inflated
    is among them with the wanted chance.

    Of N units D are inflated; m drawn without replacement meet none with chance
    C(N − D, m)/C(N, m) (hypergeometric, in exact fractions; `chance` as it is written).

    Parameters
    ----------
    inflated : int
        D, 1 to N.
    units : int
        N.
    chance : float
        In (0, 1).

    Raises
    ------
    InputError
        Numbers outside these ranges.

    >>> needed_to_meet(3, 31)  # C(28, 18)/C(31, 18) = .064, C(28, 19)/C(31, 19) = .049
    19
    """
    units = whole("units", units, 1, MOST_UNITS)
    inflated = whole("inflated", inflated, 1, units)
    most_missed = 1 - Fraction(repr(_inside("chance", chance)))

    def is_enough(m: int) -> bool:
        few, many = sorted((m, inflated))  # both ways to count are the same number
        missed = math.perm(units - many, few)
        return missed <= most_missed * math.perm(units, few)

    return _least(is_enough, 1, units)


def _inside(name: str, value: float) -> float:
    """A number between 0 and 1, neither of them."""
    number = real(name, value, 0, 1, above=True)
    return number if number < 1 else real(name, value, 0, math.nextafter(1, 0), above=True)


def _least(is_enough: Callable[[int], bool], low: int, high: int) -> int:
    """The least number from `low` to `high` that is enough, where more is never less; `high` is."""
    far = low
    while far < high and not is_enough(far):  # from below: large numbers take long to count with
        low, far = far + 1, 2 * far
    high = min(far, high)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle + 1, high)
    return high
