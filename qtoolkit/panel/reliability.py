"""How far assessors agree: intraclass correlations, Krippendorff's α, Kendall's W."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import special

from qtoolkit.display import Shown
from qtoolkit.engine import rank, to_ticks
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError, one_of, real, unexpected
from qtoolkit.language import Text
from qtoolkit.panel.designs import left_out_note, long_of, of_stage, sums_of_squares, wide_of

FORMS = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")
LEVELS = ("nominal", "ordinal", "interval", "ratio")
FEW_UNITS = 7
"""Kendall's χ² approximation is poor for so many units and fewer (Siegel 1956, Nonparametric
Statistics for the Behavioral Sciences, has a table of exact values up to there)."""
BLOCK = 1 << 21  # pairs of values that are held at a time


@dataclass(frozen=True, repr=False)
class Reliability(Shown):
    """What :func:`reliability` returns.

    Attributes
    ----------
    icc : DataFrame, indexed by form
        ICC1, ICC2, ICC3 of a single assessor's number, ICC1k, ICC2k, ICC3k of the mean of all k;
        value, low, high, F, df1, df2. Of the units that all assessors marked.
    alpha : Series by level
        Krippendorff's α of all numbers that can be paired; NaN where no disagreement is expected,
        and for ratios where a number is negative.
    alpha_interval : Series or None
        low and high of α at `level` by bootstrap over units; None where none was asked for.
    concordance : Series
        Kendall's W with the correction for ties, chi2 = k(n − 1)W, df, p. Of the units that all
        assessors marked.
    rough : bool
        Whether the χ² approximation of `concordance` is poor: 7 units or fewer.
    items : DataFrame or None, indexed by item
        mean, sd, units (marked by all who marked the item), icc (ICC2), alpha (at `level`), lowest
        α first; None where there are no items.
    level, confidence
    n_units, n_assessors : int
        Units that all assessors marked, and assessors.
    left_out : tuple
        Units that not all assessors marked: `icc` and `concordance` are without them.
    reason : str
        Why ICC and W are NaN: "few_units" (fewer than two are left), "one_assessor", "constant"
        (all numbers are the same); "" where they are not.
    note : Text or None
        Ratings that were left out because items were wanting.
    """

    card_title: ClassVar[Text] = Text("评分一致性", "Agreement of assessors")
    card_table: ClassVar[str] = "icc"

    icc: pd.DataFrame
    alpha: pd.Series
    alpha_interval: pd.Series | None
    concordance: pd.Series
    rough: bool
    items: pd.DataFrame | None
    level: str
    confidence: float
    n_units: int
    n_assessors: int
    left_out: tuple[Any, ...]
    reason: str
    note: Text | None = None


def reliability(
    ratings: Any,
    level: str = "interval",
    confidence: float = 0.95,
    stage: str | None = None,
    weights: Mapping[str, float] | None = None,
    bootstrap: int = 0,
    seed: int = 0,
) -> Reliability:
    """How far the assessors of a panel agree, from one number for each unit and assessor.

    ICC (Shrout & Fleiss 1979, Psychological Bulletin 86: 420–428; intervals also McGraw & Wong
    1996, Psychological Methods 1: 30–46), with mean squares of units BMS, within units WMS, of
    assessors JMS, of the residual EMS:

    - ICC1 = (BMS − WMS)/(BMS + (k−1) WMS), ICC1k = (BMS − WMS)/BMS: assessors differ by unit
    - ICC2 = (BMS − EMS)/(BMS + (k−1) EMS + k (JMS − EMS)/n), ICC2k = (BMS − EMS)/(BMS + (JMS −
      EMS)/n): the same assessors for all, severity counts as disagreement
    - ICC3 = (BMS − EMS)/(BMS + (k−1) EMS), ICC3k = (BMS − EMS)/BMS: severity does not count

    Krippendorff's α = 1 − D_o/D_e (Krippendorff 2011, "Computing Krippendorff's
    Alpha-Reliability"): observed over expected mean squared difference of pairs of numbers, with
    the differences of `level`. Missing ratings are no obstacle. Kendall's W = 12 Σ (R_i − R̄)² /
    (k² (n³ − n) − k Σ (t³ − t)), R_i the sums of the k assessors' mean ranks, t the sizes of ties.

    Parameters
    ----------
    ratings, stage, weights
        See :func:`qtoolkit.panel.designs.wide_of`.
    level : str
        "nominal", "ordinal", "interval" or "ratio": what differences mean, for `items` and
        `alpha_interval`; `alpha` has all four.
    confidence : float
        Of all intervals.
    bootstrap : int
        How many times the units are drawn anew for `alpha_interval`; 0 for none.
    seed : int

    Raises
    ------
    InputError
        As `wide_of`; an unknown level, a confidence that is not inside (0, 1).

    >>> shrout_fleiss = pd.DataFrame(
    ...     [
    ...         [9, 2, 5, 8],
    ...         [6, 1, 3, 2],
    ...         [8, 4, 6, 8],
    ...         [7, 1, 2, 6],
    ...         [10, 5, 6, 9],
    ...         [6, 2, 4, 7],
    ...     ]
    ... )
    >>> reliability(shrout_fleiss).icc["value"].round(2).tolist()
    [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    """
    if level not in LEVELS:
        raise InputError(unexpected(level, one_of(LEVELS), "level"))
    confidence = confidence_of(confidence)
    table = of_stage(long_of(ratings), stage)
    wide = wide_of(table, weights=weights)
    values = wide.to_numpy()
    whole = ~np.isnan(values).any(axis=1)
    balanced = values[whole]
    interval = None
    if real("bootstrap", bootstrap):
        interval = _bootstrapped(values, level, confidence, int(bootstrap), seed)
    return Reliability(
        icc=icc_of(balanced, confidence),
        alpha=pd.Series({name: alpha_of(values, name) for name in LEVELS}, name="alpha"),
        alpha_interval=interval,
        concordance=_concordance(balanced),
        rough=len(balanced) <= FEW_UNITS,
        items=_items(table, level),
        level=level,
        confidence=confidence,
        n_units=len(balanced),
        n_assessors=values.shape[1],
        left_out=tuple(wide.index[~whole]),
        reason=_reason(balanced),
        note=left_out_note(table),
    )


def confidence_of(confidence: float, name: str = "confidence") -> float:
    """A confidence, or another share, inside (0, 1); else an InputError."""
    found = real(name, confidence, 0, 1, above=True)
    if found == 1:
        raise InputError(unexpected(confidence, Text("小于1的数", "a number below 1"), name))
    return found


def f_quantile(p: float, df1: float, df2: float) -> float:
    """The p quantile of Snedecor's F."""
    return float(special.fdtri(df1, df2, p))


def _reason(balanced: np.ndarray) -> str:
    """Why there is no ICC, as a code."""
    n, k = balanced.shape
    if k < 2:
        return "one_assessor"
    if n < 2:
        return "few_units"
    return "constant" if (balanced == balanced[0, 0]).all() else ""


def icc_of(balanced: np.ndarray, confidence: float = 0.95) -> pd.DataFrame:
    """The six intraclass correlations of a table of units × assessors without blanks; see
    :class:`Reliability`. NaN where they are not defined."""
    columns = ["value", "low", "high", "F", "df1", "df2"]
    empty = pd.DataFrame(np.nan, index=pd.Index(FORMS, name="form"), columns=columns)
    if _reason(balanced):
        return empty
    n, k = balanced.shape
    squares = sums_of_squares(balanced)
    (df_b, ss_b), (df_j, ss_j), (df_e, ss_e) = squares[0,], squares[1,], squares[0, 1]
    bms, jms, ems = ss_b / df_b, ss_j / df_j, ss_e / df_e
    df_w = df_j + df_e
    wms = (ss_j + ss_e) / df_w
    tail = (1 + confidence) / 2
    one = _from_ratio(_over(bms, wms), df_b, df_w, tail, k)
    three = _from_ratio(_over(bms, ems), df_b, df_e, tail, k)
    two = _agreement(bms, jms, ems, n, k, tail)
    rows = [
        (*one, _over(bms, wms), df_b, df_w),
        (*two, _over(bms, ems), df_b, df_e),
        (*three, _over(bms, ems), df_b, df_e),
    ]
    rows += [(*(_stepped_up(x, k) for x in row[:3]), *row[3:]) for row in rows]
    return pd.DataFrame(rows, index=empty.index, columns=columns, dtype=float)


def _over(above: float, below: float) -> float:
    """A ratio of mean squares; ±∞ over 0, NaN for 0/0."""
    if below:
        return above / below
    return math.copysign(math.inf, above) if above else math.nan


def _from_ratio(f: float, df1: int, df2: int, tail: float, k: int) -> tuple[float, ...]:
    """(F − 1)/(F + k − 1) with its exact interval, F over the quantiles of its distribution."""
    low, high = f / f_quantile(tail, df1, df2), f * f_quantile(tail, df2, df1)
    return tuple(1.0 if x == math.inf else (x - 1) / (x + k - 1) for x in (f, low, high))


def _agreement(
    bms: float, jms: float, ems: float, n: int, k: int, tail: float
) -> tuple[float, ...]:
    """ICC2 with its interval, whose degrees of freedom are Satterthwaite's."""
    value = _over(bms - ems, bms + (k - 1) * ems + k * (jms - ems) / n)
    if math.isinf(value):
        return (value, math.nan, math.nan)
    if not ems:  # the limit as EMS falls to 0
        v = float(k - 1) if jms and value else math.inf
        if v == math.inf:
            return (value, value, value)
    else:
        a, b = k * value * jms / ems, n * (1 + (k - 1) * value) - k * value
        v = (k - 1) * (n - 1) * (a + b) ** 2 / ((n - 1) * a**2 + b**2)
    above, below = f_quantile(tail, n - 1, v), f_quantile(tail, v, n - 1)
    rest = k * jms + (k * n - k - n) * ems
    low = n * (bms - above * ems) / (above * rest + n * bms)
    high = n * (below * bms - ems) / (rest + n * below * bms)
    return (value, low, high)


def _stepped_up(x: float, k: int) -> float:
    """The reliability of the mean of k, by Spearman and Brown."""
    return _over(k * x, 1 + (k - 1) * x)


def alpha_of(values: np.ndarray, level: str = "interval") -> float:
    """Krippendorff's α of a table of units × assessors, NaN where there is no number.

    >>> alpha_of(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, np.nan]]))
    1.0
    """
    counts = np.count_nonzero(~np.isnan(values), axis=1)
    values, counts = values[counts > 1], counts[counts > 1]
    if not counts.size:
        return math.nan
    distinct, place = np.unique(values[~np.isnan(values)], return_inverse=True)
    if len(distinct) < 2 or (level == "ratio" and distinct[0] < 0):
        return math.nan
    number = np.bincount(place)
    points = distinct
    if level == "ordinal":  # half-way through those that have the value
        points = np.cumsum(number) - number / 2
    scale = np.full(values.shape, np.nan)
    scale[~np.isnan(values)] = points[place]
    total = int(number.sum())
    between = _difference(level)
    observed = 0.0
    for j in range(1, values.shape[1]):
        apart = np.nansum(between(scale[:, j:], scale[:, :-j]), axis=1)
        observed += 2 * float((apart / (counts - 1)).sum())
    return 1 - observed * (total - 1) / _expected(points, number, between, level)


def _difference(level: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The squared difference of two numbers at a level; NaN with NaN."""
    if level == "nominal":
        return lambda a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, a != b)
    if level == "ratio":
        return lambda a, b: ((a - b) / np.where(a + b == 0, 1, a + b)) ** 2
    return lambda a, b: (a - b) ** 2


def _expected(
    points: np.ndarray,
    number: np.ndarray,
    between: Callable[[np.ndarray, np.ndarray], np.ndarray],
    level: str,
) -> float:
    """Σ over ordered pairs of all numbers of their squared differences."""
    total = number.sum()
    if level == "nominal":
        return float(total**2 - (number**2).sum())
    if level != "ratio":
        centred = points - points @ number / total
        return float(2 * total * (centred**2 @ number))
    found, step = 0.0, max(1, BLOCK // len(points))
    for start in range(0, len(points), step):
        rows = slice(start, start + step)
        found += float(number[rows] @ between(points[rows, None], points) @ number)
    return found


def _bootstrapped(
    values: np.ndarray, level: str, confidence: float, draws: int, seed: int
) -> pd.Series:
    """Quantiles of α when units are drawn with replacement; draws without an α are left out."""
    rng = np.random.default_rng(seed)
    n = len(values)
    found = np.array([alpha_of(values[rng.integers(0, n, n)], level) for _ in range(draws)])
    found = found[~np.isnan(found)]
    ends = ((1 - confidence) / 2, (1 + confidence) / 2)
    low, high = np.quantile(found, ends) if found.size else (math.nan, math.nan)
    return pd.Series({"low": float(low), "high": float(high)}, name="alpha")


def mean_ranks(balanced: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Within each column the mean rank, 1 the highest, and the size of the tie, both (n, k).

    >>> ranks, ties = mean_ranks(np.array([[3.0], [5.0], [3.0]]))
    >>> ranks.ravel().tolist(), ties.ravel().tolist()
    ([2.5, 1.0, 2.5], [2, 1, 2])
    """
    ticks = to_ticks(balanced).T
    down, up, n = rank(ticks).T, rank(-ticks).T, len(balanced)
    return (down - up + n + 1) / 2, n + 2 - down - up


def _concordance(balanced: np.ndarray) -> pd.Series:
    """Kendall's W of a table of units × assessors without blanks."""
    n, k = balanced.shape
    found = pd.Series({"W": np.nan, "chi2": np.nan, "df": np.nan, "p": np.nan}, name="concordance")
    if n < 2 or k < 2:
        return found
    ranks, ties = mean_ranks(balanced)
    spread = float(((ranks.sum(axis=1) - k * (n + 1) / 2) ** 2).sum())
    most = k**2 * (n**3 - n) - k * int((ties.astype(np.int64) ** 2 - 1).sum())
    if not most:
        return found
    w = 12 * spread / most
    chi2 = k * (n - 1) * w
    found[:] = (w, chi2, n - 1, float(special.chdtrc(n - 1, chi2)))
    return found


def _items(table: pd.DataFrame, level: str) -> pd.DataFrame | None:
    """Agreement item by item, the lowest first."""
    if table["item"].nunique() < 2:
        return None
    rows = {}
    for item, part in table.groupby("item", sort=False):
        if not part["score"].notna().any():
            continue
        values = wide_of(part).to_numpy()
        values = values[:, ~np.isnan(values).all(axis=0)]
        balanced = values[~np.isnan(values).any(axis=1)]
        rows[item] = {
            "mean": float(np.nanmean(values)),
            "sd": float(np.nanstd(values, ddof=1)) if part["score"].count() > 1 else math.nan,
            "units": len(balanced),
            "icc": float(icc_of(balanced)["value"]["ICC2"]),
            "alpha": alpha_of(values, level),
        }
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis("item")
    return found.iloc[in_order(found["alpha"].to_numpy(), falling=False)]
