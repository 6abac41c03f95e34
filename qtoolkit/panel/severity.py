"""Strict and lenient assessors, units freed of them, and marks that stand out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import sparse, special
from scipy.sparse.csgraph import connected_components

from qtoolkit.display import Shown
from qtoolkit.engine import from_ticks, rank, to_ticks
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError, one_of, unexpected
from qtoolkit.language import Text, listing, say
from qtoolkit.panel.combining import combined
from qtoolkit.panel.designs import left_out_note, long_of, of_stage, wide_of
from qtoolkit.panel.reliability import confidence_of

BY = ("assessor", "group")
MOST_NAMED = 5  # units or assessors of a part
SMALL = 1e-9  # of a correlation: what is nearer to 0 is 0

REVERSED = 0.0
"""A correlation with the mean of the others below it: the order is the other way round."""
FLAT = 1 / 3
"""Less than this share of the others' standard deviation: everything is marked alike."""
FAR = 3.0
"""A residual of more robust standard deviations (1.4826 × the median of its size) is far away."""
FAR_SHARE, FAR_LEAST = 0.05, 2
"""An assessor with more than this share of residuals far away, and at least so many, is named: one
of ten marks is far away by chance in every fifth panel of seven. (A mark that is far away moves the
fit of its unit, and so the residuals of the others.)"""
LEAST = 3
"""Marks below which nothing is said of an assessor."""
TEST = 0.05
"""The chance that any single mark is called far away where all is well (Holm)."""


@dataclass(frozen=True)
class Additive:
    """The least-squares fit number = unit + column of a table with blanks; see :func:`additive`.

    units (n,), columns (k,) : effects; those of the columns of each linked part sum to 0
    residual : (n, k), NaN where there is no number
    leverage : (n, k), the diagonal of the hat matrix at each cell
    inverse : (k, k), the covariance of the columns' effects over the variance
    shares : (n, k), 1 / how many numbers the unit has, 0 where there is none
    df : int, numbers less what is estimated
    squares : float, of the residuals
    parts : (n,), the linked part of each unit, from 0
    """

    units: np.ndarray
    columns: np.ndarray
    residual: np.ndarray
    leverage: np.ndarray
    inverse: np.ndarray
    shares: np.ndarray
    df: int
    squares: float
    parts: np.ndarray

    @property
    def variance(self) -> float:
        """That of the residuals; NaN without degrees of freedom."""
        return self.squares / self.df if self.df else math.nan


def additive(values: np.ndarray) -> Additive:
    """Fit number = unit + column by least squares, with Σ columns = 0.

    With the units swept out the columns' effects solve (D − N'A) b = r, D the numbers a column has,
    N the cells that hold one, A the shares of each unit's mean, r the sums of the columns about
    those means; the generalised inverse of Moore and Penrose gives the solution of sum 0.

    Parameters
    ----------
    values : ndarray of float, (n, k)
        No row and no column without a number.

    >>> fit = additive(np.array([[1.0, 3.0], [5.0, np.nan]]))
    >>> fit.columns.round(9).tolist(), fit.units.round(9).tolist()
    ([-1.0, 1.0], [2.0, 6.0])
    """
    there = ~np.isnan(values)
    centre = values[there].mean()
    y = np.where(there, values - centre, 0.0)
    shares = there / there.sum(axis=1, keepdims=True)
    means = (y * shares).sum(axis=1)
    about = np.where(there, y - means[:, None], 0.0)
    inverse = np.linalg.pinv(
        np.diag(there.sum(axis=0)) - there.T @ shares, rcond=1e-10, hermitian=True
    )
    columns = inverse @ about.sum(axis=0)
    units = means - shares @ columns
    residual = np.where(there, y - units[:, None] - columns, np.nan)
    residual = np.where(there, from_ticks(to_ticks(np.where(there, residual, 0.0))), np.nan)
    spread = shares @ inverse
    leverage = shares.max(axis=1)[:, None] + np.diag(inverse) - 2 * spread
    leverage = leverage + (spread * shares).sum(axis=1)[:, None]
    parts = _parts(there)
    n, k = values.shape
    return Additive(
        units + centre,
        columns,
        residual,
        np.where(there, leverage, np.nan),
        inverse,
        shares,
        int(there.sum()) - n - k + int(parts.max()) + 1,
        float(np.nansum(residual**2)),
        parts,
    )


def _parts(there: np.ndarray) -> np.ndarray:
    """Which rows are linked by columns, as numbers from 0 in the order of the rows."""
    n, k = there.shape
    rows, columns = np.nonzero(there)
    graph = sparse.coo_array((np.ones(len(rows)), (rows, columns + n)), shape=(n + k, n + k))
    part: np.ndarray = connected_components(graph, directed=False)[1]
    return part[:n]


def filled(wide: pd.DataFrame) -> pd.DataFrame:
    """A table without the rows and columns that hold no number."""
    there = wide.notna()
    return wide.loc[there.any(axis=1), there.any(axis=0)]


def _wide(
    ratings: Any, by: str, stage: str | None, weights: Mapping[str, float] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings of one stage, and units × assessors or groups of them."""
    if by not in BY:
        raise InputError(unexpected(by, one_of(BY), "by"))
    table = of_stage(long_of(ratings), stage)
    wide = wide_of(table, weights=weights)
    if by == "assessor":
        return table, wide
    groups = table.drop_duplicates(["unit", "assessor", "group"])
    if (groups["group"] == "").any():
        raise InputError(
            say(
                zh="有打分人没有分组（group），不能按组比较",
                en="some assessors have no group: they cannot be compared by group",
            )
        )
    twice = groups[groups.duplicated(["unit", "assessor"])]
    if len(twice):
        raise InputError(
            say(
                zh="打分人“{assessor}”评“{unit}”时属于多个组",
                en="assessor “{assessor}” marks “{unit}” in more than one group",
                assessor=str(twice["assessor"].iloc[0]),
                unit=str(twice["unit"].iloc[0]),
            )
        )
    member = groups.set_index(["unit", "assessor"])["group"].unstack(sort=False)
    member = member.reindex(index=wide.index, columns=wide.columns).to_numpy()
    values = wide.to_numpy()
    names = pd.Index(pd.unique(table["group"]), name="group")
    means = [combined(np.where(member == name, values, np.nan)) for name in names]
    return table, pd.DataFrame(np.column_stack(means), index=wide.index, columns=names)


def linked(ratings: Any, by: str = "assessor", stage: str | None = None) -> pd.DataFrame:
    """Which units can be compared: those that assessors (or groups of them) link, one to the next.

    Parameters
    ----------
    ratings, stage
        See :func:`qtoolkit.panel.designs.wide_of`.
    by : str
        "assessor" or "group".

    Returns
    -------
    DataFrame, indexed by unit
        part (from 1), and assessors or groups: the names of those who mark in this part. Units
        without a mark are not in it. One part: all can be compared.

    >>> wide = pd.DataFrame({"甲": [80, 70, None], "乙": [None, None, 60]}, index=list("ABC"))
    >>> linked(wide).to_numpy().tolist()
    [[1, ('甲',)], [1, ('甲',)], [2, ('乙',)]]
    """
    wide = filled(_wide(ratings, by, stage, None)[1])
    there = wide.notna().to_numpy()
    parts = _parts(there) if len(wide) else np.zeros(0, int)
    names = {
        part: tuple(wide.columns[there[parts == part].any(axis=0)])
        for part in dict.fromkeys(parts.tolist())
    }
    column = pd.Series([names[part] for part in parts.tolist()], index=wide.index, dtype=object)
    return pd.DataFrame({"part": parts + 1, f"{by}s": column}, index=wide.index)


def _refuse_parts(wide: pd.DataFrame, parts: np.ndarray) -> None:
    """Groups that share no unit cannot be compared: an InputError that names them."""
    if not parts.any():
        return
    there = wide.notna().to_numpy()
    named = []
    for part in range(int(parts.max()) + 1):
        who = wide.columns[there[parts == part].any(axis=0)]
        named.append(
            say(
                zh="第{part}组（{who}）：{units}",
                en="part {part} ({who}): {units}",
                part=part + 1,
                who=listing(map(str, who), most=MOST_NAMED),
                units=listing(map(str, wide.index[parts == part]), most=MOST_NAMED),
            )
        )
    first = named[:MOST_NAMED]
    raise InputError(
        say(
            zh="评分分成{n}组，组间没有共同的打分人，宽严不能比较：{named}",
            en="the ratings fall into {n} parts that no assessor links, so that strictness cannot "
            "be compared: {named}",
            n=len(named),
            named=Text("；".join(part.zh for part in first), "; ".join(p.en for p in first)),
        )
    )


@dataclass(frozen=True, repr=False)
class Severity(Shown):
    """What :func:`adjust` returns.

    Attributes
    ----------
    table : DataFrame, indexed by assessor or group
        severity (points above, + lenient, or below, − strict), se, low, high, n (units marked), p
        (that it is 0, by Holm), strict: "strict", "lenient" or "" as p tells at `confidence`.
    units : DataFrame, indexed by unit
        n (marks), mean (of the marks), adjusted (freed of severity), se, rank_mean and
        rank_adjusted (1 the best), moved (places gained by the adjustment).
    by : str
    confidence : float
    sd : float
        Standard deviation of what neither unit nor assessor explains; NaN where `df` is 0.
    df : int
    left_out : tuple
        Units without a mark.
    note : Text or None
        Ratings that were left out because items were wanting.
    """

    card_title: ClassVar[Text] = Text("打分宽严", "Strict and lenient assessors")

    table: pd.DataFrame
    units: pd.DataFrame
    by: str
    confidence: float
    sd: float
    df: int
    left_out: tuple[Any, ...]
    note: Text | None = None

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The strictest first."""
        return frame.iloc[in_order(frame["severity"].to_numpy(), falling=False)]


def adjust(
    ratings: Any,
    by: str = "assessor",
    stage: str | None = None,
    weights: Mapping[str, float] | None = None,
    confidence: float = 0.95,
) -> Severity:
    """How strict each assessor is, and what units would have without it.

    Least squares of score = unit + severity, Σ severity = 0, of the numbers there are: only units
    that two assessors both marked tell their severities apart. Standard errors and t intervals are
    those of the linear model with independent errors of one variance; by="group" takes the mean of
    a group's assessors for each unit as one number. A unit's adjusted mean is what the mean of all
    assessors would be; its se counts in that of the severities.

    Parameters
    ----------
    ratings, stage, weights
        See :func:`qtoolkit.panel.designs.wide_of`.
    by : str
        "assessor" or "group".
    confidence : float
        Of the intervals, each for itself, and of `strict`, for all together.

    Raises
    ------
    InputError
        As `wide_of`; parts that no assessor links, which :func:`linked` lists; groups that are not
        given.

    >>> wide = pd.DataFrame({"甲": [80, 70, None], "乙": [84, None, 64]}, index=list("ABC"))
    >>> found = adjust(wide)
    >>> found.table["severity"].round(9).tolist(), found.units["adjusted"].round(9).tolist()
    ([-2.0, 2.0], [82.0, 72.0, 62.0])
    """
    confidence = confidence_of(confidence)
    table, whole = _wide(ratings, by, stage, weights)
    wide = filled(whole)
    if wide.empty:
        raise InputError(say(zh="没有一份评分是完整的", en="not one rating is complete"))
    fit = additive(wide.to_numpy())
    _refuse_parts(wide, fit.parts)
    se = np.sqrt(fit.variance * np.diag(fit.inverse))
    half = se * _t_quantile(confidence, fit.df)
    p = holm(_two_sided(fit.columns, se, fit.df))
    sure = p <= 1 - confidence
    frame = pd.DataFrame(
        {
            "severity": fit.columns,
            "se": se,
            "low": fit.columns - half,
            "high": fit.columns + half,
            "n": wide.notna().sum().to_numpy(),
            "p": p,
            "strict": np.where(sure, np.where(fit.columns < 0, "strict", "lenient"), ""),
        },
        index=wide.columns.rename(by),
    )
    return Severity(
        frame,
        _adjusted(wide, fit),
        by,
        confidence,
        math.sqrt(fit.variance),
        fit.df,
        tuple(whole.index.difference(wide.index, sort=False)),
        left_out_note(table),
    )


def _adjusted(wide: pd.DataFrame, fit: Additive) -> pd.DataFrame:
    """The units' means with and without severity, and their ranks."""
    means = combined(wide.to_numpy())
    spread = ((fit.shares @ fit.inverse) * fit.shares).sum(axis=1)
    ranks = rank(to_ticks(np.stack([means, fit.units])), tol=1)  # of round-off
    return pd.DataFrame(
        {
            "n": wide.notna().sum(axis=1),
            "mean": means,
            "adjusted": fit.units,
            "se": np.sqrt(fit.variance * (fit.shares.max(axis=1) + spread)),
            "rank_mean": ranks[0],
            "rank_adjusted": ranks[1],
            "moved": ranks[0] - ranks[1],
        },
        index=wide.index,
    )


def _t_quantile(confidence: float, df: int) -> float:
    return float(special.stdtrit(df, (1 + confidence) / 2)) if df else math.nan


def _two_sided(effect: np.ndarray, se: np.ndarray, df: int) -> np.ndarray:
    """p that an effect is 0, by Student's t; NaN without degrees of freedom."""
    if df < 1:
        return np.full(np.shape(effect), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(np.abs(effect) < SMALL, 0.0, effect / se)
    p: np.ndarray = 2 * special.stdtr(df, -np.abs(t))
    return p


def holm(p: np.ndarray) -> np.ndarray:
    """p for all questions together: the i-th smallest of m times m − i + 1, never falling (Holm
    1979); NaN stays, and is no question.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).round(9).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    found = np.array(p, dtype=float)
    known = np.flatnonzero(~np.isnan(found))
    order = known[in_order(found[known], falling=False)]
    found[order] = np.minimum(
        np.maximum.accumulate(found[order] * np.arange(len(order), 0, -1)), 1.0
    )
    return found


@dataclass(frozen=True, repr=False)
class Outlying(Shown):
    """What :func:`outlying` returns.

    Attributes
    ----------
    assessors : DataFrame, indexed by assessor
        n (units marked), correlation (with the mean of the others), difference (mean, from that
        mean), sd_ratio (own standard deviation over the others' on the same units), residual (mean
        size, from the additive model), far (how many of them are far away), flags: a tuple of
        "reversed", "flat", "far" by the constants of this module.
    items : DataFrame or None, indexed by item
        The same of items among each other, a row for each unit and assessor; None without items.
    scores : DataFrame
        Every mark, the most outlying first: unit, assessor, item, score, fitted (unit + assessor,
        item by item), residual, studentised (by a standard deviation from all other marks), p (by
        Holm), far (p ≤ .05).
    note : Text or None
        Ratings that were left out of `assessors` because items were wanting.
    """

    card_title: ClassVar[Text] = Text("异常评分", "Marks that stand out")
    card_table: ClassVar[str] = "assessors"

    assessors: pd.DataFrame
    items: pd.DataFrame | None
    scores: pd.DataFrame
    note: Text | None = None


def outlying(
    ratings: Any, stage: str | None = None, weights: Mapping[str, float] | None = None
) -> Outlying:
    """Assessors, items and single marks that do not go with the others.

    A mark's studentised residual is e/(s₍₋₎ √(1 − h)), with h its leverage in the additive model
    and s₍₋₎ the standard deviation when it is left out; it has Student's t with df − 1 degrees of
    freedom where all is well. It is NaN where a mark is all that tells its unit or assessor.

    Parameters
    ----------
    ratings, stage, weights
        See :func:`qtoolkit.panel.designs.wide_of`.

    Raises
    ------
    InputError
        As `wide_of`.

    >>> wide = pd.DataFrame(
    ...     {"甲": [60, 70, 80, 90], "乙": [62, 71, 83, 91], "丙": [88, 83, 72, 60]}
    ... )
    >>> outlying(wide).assessors["flags"].tolist()
    [(), (), ('reversed',)]
    """
    table = of_stage(long_of(ratings), stage)
    wide = filled(wide_of(table, weights=weights))
    marks = filled(table.set_index(["unit", "assessor", "item"])["score"].unstack(sort=False))
    return Outlying(
        _compared(wide, "assessor"),
        _compared(marks, "item") if marks.shape[1] > 1 else None,
        _marks(table),
        left_out_note(table),
    )


def _compared(wide: pd.DataFrame, name: str) -> pd.DataFrame:
    """Each column against the others."""
    values = wide.to_numpy(dtype=float)
    there = ~np.isnan(values)
    residual = additive(values).residual if values.size else values
    robust = 1.4826 * float(np.nanmedian(np.abs(residual))) if values.size else math.nan
    sums, count = np.nansum(values, axis=1), there.sum(axis=1)
    rows = []
    for j in range(values.shape[1]):
        both = there[:, j] & (count > 1)
        own = values[both, j]
        others = (sums[both] - own) / (count[both] - 1)
        apart = residual[there[:, j], j]
        row = {
            "n": int(there[:, j].sum()),
            "correlation": _correlation(own, others),
            "difference": float(np.mean(own - others)) if len(own) else math.nan,
            "sd_ratio": _sd_ratio(values, j),
            "residual": float(np.mean(np.abs(apart))),
            "far": int((np.abs(apart) > FAR * robust + SMALL).sum()),
        }
        rows.append(row | {"flags": _flags(row)})
    columns = ["n", "correlation", "difference", "sd_ratio", "residual", "far", "flags"]
    return pd.DataFrame(rows, columns=columns, index=wide.columns.rename(name))


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's; NaN for fewer than LEAST pairs or where one of them stands still."""
    if len(x) < LEAST:
        return math.nan
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / size if size > SMALL**2 else math.nan


def _sd_ratio(values: np.ndarray, j: int) -> float:
    """The standard deviation of a column over the pooled one of the others on the same rows; NaN
    where one of them has too few numbers or the others stand still."""
    same = values[~np.isnan(values[:, j])]
    if len(same) < LEAST:
        return math.nan
    squares = df = 0.0
    for h in range(values.shape[1]):
        other = same[:, h][~np.isnan(same[:, h])]
        if h != j and len(other) >= LEAST:
            squares += float(((other - other.mean()) ** 2).sum())
            df += len(other) - 1
    if squares <= SMALL**2:
        return math.nan
    return float(np.std(same[:, j], ddof=1)) / math.sqrt(squares / df)


def _flags(row: Mapping[str, float]) -> tuple[str, ...]:
    """What is to be said of a column."""
    if row["n"] < LEAST:
        return ()
    found = {
        "reversed": row["correlation"] < REVERSED - SMALL,
        "flat": row["sd_ratio"] < FLAT,
        "far": row["far"] > FAR_SHARE * row["n"] and row["far"] >= FAR_LEAST,
    }
    return tuple(code for code, holds in found.items() if holds)


def _marks(table: pd.DataFrame) -> pd.DataFrame:
    """Every mark with its studentised residual, the largest first."""
    parts = [_studentised(part) for _, part in table.groupby("item", sort=False)]
    marks = pd.concat(parts, ignore_index=True)
    marks["p"] = holm(marks["p"].to_numpy())
    marks["far"] = marks["p"] <= TEST
    size = marks["studentised"].abs().to_numpy()
    return marks.iloc[in_order(size)].reset_index(drop=True)


def _studentised(part: pd.DataFrame) -> pd.DataFrame:
    """The marks of one item."""
    part = part[part["score"].notna()]
    found = part[["unit", "assessor", "item", "score"]].reset_index(drop=True)
    if part.empty:
        return found.assign(fitted=np.nan, residual=np.nan, studentised=np.nan, p=np.nan)
    wide = wide_of(part)
    fit = additive(wide.to_numpy())
    rows = wide.index.get_indexer(part["unit"])
    columns = wide.columns.get_indexer(part["assessor"])
    e, free = fit.residual[rows, columns], 1 - fit.leverage[rows, columns]
    t = np.full(len(e), np.nan)
    known = free > SMALL
    if fit.df > 1:
        left = fit.squares - e[known] ** 2 / free[known]
        left = np.where(left > SMALL * fit.squares, left, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            size = e[known] / np.sqrt(left / (fit.df - 1) * free[known])
        t[known] = np.where(e[known] == 0, 0.0, size)
    p = 2 * special.stdtr(fit.df - 1, -np.abs(t)) if fit.df > 1 else t
    return found.assign(fitted=found["score"] - e, residual=e, studentised=t, p=p)
