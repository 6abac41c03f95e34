"""Annual targets from a plan of several years."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.errors import InputError, clip, nearest, one_of, unexpected
from qtoolkit.inputs.calendar import Plan
from qtoolkit.language import Text, say

KINDS = ("linear", "compound")
_YEARS = Text("起止年份，如 (2023, 2028)", "years in rising order such as (2023, 2028)")


def path(
    base: float, goal: float, years: tuple[int, int] | Sequence[int], kind: str = "linear"
) -> pd.Series:
    """The annual targets on the way from `base` to `goal`.

    With T years from the first year to the last and t years since the first, the target is
    base + (goal − base)·t/T in equal steps (linear), or base·(goal/base)^(t/T) at an equal rate of
    growth (compound).

    Parameters
    ----------
    base, goal : float
        The value at the end of the first year and of the last; above 0 for a compound path.
    years : (int, int) or sequence of int
        The first and the last year, or the years wanted in rising order, from the first to the
        last.
    kind : "linear" or "compound"

    Returns
    -------
    Series
        Indexed by year.

    Raises
    ------
    InputError
        Years that are not whole or do not rise, numbers that are not finite, or not above 0 on a
        compound path, another kind.

    >>> path(90, 95, (2023, 2028)).tolist()
    [90.0, 91.0, 92.0, 93.0, 94.0, 95.0]
    >>> path(100, 121, (2024, 2026), "compound").to_dict()
    {2024: 100.0, 2025: 110.0, 2026: 121.0}
    """
    if kind not in KINDS:
        raise InputError(unexpected(kind, one_of(KINDS), "kind", nearest(str(kind), KINDS)))
    wanted = _years(years)
    for name, number in (("base", base), ("goal", goal)):
        if isinstance(number, bool) or not isinstance(number, Real) or not math.isfinite(number):
            raise InputError(unexpected(clip(number), Text("一个数字", "a number"), name))
        if kind == "compound" and number <= 0:
            want = Text("大于 0 的数（复合增长）", "a number above 0 (a compound path)")
            raise InputError(unexpected(f"{number:.10g}", want, name))
    start, end = wanted[0], wanted[-1]
    values = [float(between(base, goal, (year - start) / (end - start), kind)) for year in wanted]
    return pd.Series(values, pd.Index(wanted, name="year"), dtype=float)


def _years(years: Any) -> list[int]:
    """The years asked for; of two with others between them all."""
    given = list(years) if isinstance(years, Sequence | range) else [years]
    whole = all(isinstance(year, Integral) and not isinstance(year, bool) for year in given)
    if len(given) < 2 or not whole:
        raise InputError(unexpected(clip(years), _YEARS, "years"))
    numbers = [int(year) for year in given]
    if any(b <= a for a, b in itertools.pairwise(numbers)):
        raise InputError(unexpected(clip(years), _YEARS, "years"))
    if numbers[-1] - numbers[0] > 200:
        raise InputError(
            say(
                zh="years 跨{n}年，应不超过200年",
                en="years span {n} years, expected at most 200",
                n=numbers[-1] - numbers[0],
            )
        )
    return list(range(numbers[0], numbers[1] + 1)) if len(numbers) == 2 else numbers


def between(base: Any, goal: Any, share: float, kind: str) -> Any:
    """The value at a share of the way, of numbers or of arrays of them; exact at both ends. NaN
    where an end is, or is not above 0 on a compound path."""
    base, goal = np.asarray(base, float), np.asarray(goal, float)
    if kind == "compound":
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where((base > 0) & (goal > 0), base * (goal / base) ** share, np.nan)
    else:
        value = base + (goal - base) * share
    if share in (0, 1):
        return np.where(np.isnan(value), np.nan, goal if share else base)
    return value


def planned(
    plan: Plan, base: np.ndarray, goal: np.ndarray, year: int | None, kind: str | None = None
) -> np.ndarray:
    """The plan's target of a year for each unit, (n,): its own `base` and `goal`, else those of the
    plan; NaN where one of them is unknown, and in a year outside the plan. `kind` is that of the
    plan unless another is asked for."""
    if year is None or not plan.start <= year <= plan.end:
        return np.full(len(base), np.nan)
    base = np.where(np.isnan(base), np.nan if plan.base is None else plan.base, base)
    goal = np.where(np.isnan(goal), np.nan if plan.goal is None else plan.goal, goal)
    share = (year - plan.start) / (plan.end - plan.start)
    return np.asarray(between(base, goal, share, kind or plan.path), float)
