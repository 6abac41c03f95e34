"""How far two gradings and two rankings of the same units agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from qtoolkit.errors import InputError, one_of, unexpected
from qtoolkit.language import Text, say

Weights = Literal["none", "linear", "quadratic"]


def transitions(
    before: pd.Series,
    after: pd.Series,
    grades: Sequence[str],
    grades_after: Sequence[str] | None = None,
) -> pd.DataFrame:
    """How many units went from each grade (rows) to each (columns), the best first; units with a
    blank are left out.

    Raises
    ------
    InputError
        A grade that is none of those given.

    >>> transitions(
    ...     pd.Series(["A", "A", "B"]), pd.Series(["A", "B", "B"]), ["A", "B"]
    ... ).values.tolist()
    [[1, 1], [0, 1]]
    """
    columns = list(grades if grades_after is None else grades_after)
    both = pd.DataFrame({"before": before.astype(object), "after": after.astype(object)}).dropna()
    for name, known in (("before", list(grades)), ("after", columns)):
        for found in both[name]:
            if found not in known:
                raise InputError(unexpected(found, one_of(known), Text("等级", "the grade")))
    table = pd.crosstab(both["before"], both["after"]) if len(both) else pd.DataFrame()
    return (
        table.reindex(index=list(grades), columns=columns, fill_value=0)
        .astype(int)
        .rename_axis(index="before", columns="after")
    )


def kappa(table: pd.DataFrame | np.ndarray, weights: Weights | np.ndarray = "none") -> float:
    """Cohen's kappa of a square table of counts (Cohen 1960), or his weighted kappa (1968): 1 − Σ
    v·o / Σ v·e.

    o are the shares of the table, e those that its margins alone would give, v the weights of
    disagreement: 1 off the diagonal ("none"), |i − j| ("linear"), (i − j)² ("quadratic"), or an
    array. NaN where the margins leave no disagreement: all units in one grade both times. Where
    most units have one grade, kappa can be low though nearly all agree: read the table first.

    Raises
    ------
    InputError
        A table that is not square, negative counts, or weights of another shape.

    >>> round(kappa(np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])), 3)
    0.492
    """
    try:
        counts = np.asarray(table, dtype=float)
    except (TypeError, ValueError):
        counts = np.empty(0)
    if (
        counts.ndim != 2
        or counts.shape[0] != counts.shape[1]
        or not (np.isfinite(counts).all() and (counts >= 0).all())
    ):
        raise InputError(
            say(
                zh="应为行列相同、计数不小于0的方表",
                en="expected a square table of counts of 0 or more",
            )
        )
    away = np.abs(np.subtract.outer(np.arange(len(counts)), np.arange(len(counts))))
    named = {"none": (away > 0).astype(float), "linear": away, "quadratic": away**2}
    v = named.get(weights) if isinstance(weights, str) else np.asarray(weights, dtype=float)
    if v is None or v.shape != counts.shape:
        raise InputError(
            say(
                zh="weights 应为 none、linear、quadratic 之一或同样大小的数表",
                en="weights must be none, linear, quadratic or an array of the table's shape",
            )
        )
    total = counts.sum()
    chance = (v * np.outer(counts.sum(axis=1), counts.sum(axis=0))).sum()
    return float("nan") if chance == 0 else float(1 - (v * counts).sum() * total / chance)


def agreement(table: pd.DataFrame) -> pd.Series:
    """agreement (share on the diagonal), kappa, linear, quadratic of a square table of transitions;
    NaN where it has no units.

    >>> agreement(pd.DataFrame([[3, 1], [0, 4]])).round(3).to_dict()
    {'agreement': 0.875, 'kappa': 0.75, 'linear': 0.75, 'quadratic': 0.75}
    """
    plain, counts = kappa(table), np.asarray(table)
    share = float(np.trace(counts) / counts.sum()) if counts.sum() else float("nan")
    return pd.Series(
        {
            "agreement": share,
            "kappa": plain,
            "linear": kappa(table, "linear"),
            "quadratic": kappa(table, "quadratic"),
        }
    )


def correlations(
    before: pd.Series, after: pd.Series, ranks_before: pd.Series, ranks_after: pd.Series
) -> pd.Series:
    """How far two rankings of the same units agree; units are matched by their labels.

    Returns
    -------
    Series
        kendall (τ-b), spearman, weighted (weighted τ of the scores, in which the upper places count
        more; Vigna 2015) and rank_shift (mean |difference of ranks|; Saisana, Saltelli & Tarantola
        2005). NaN for fewer than two units, or where all have the same score or rank.

    >>> scores, ranks = pd.Series([90.0, 80.0, 70.0]), pd.Series([1, 2, 3])
    >>> correlations(scores, scores, ranks, ranks).tolist()
    [1.0, 1.0, 1.0, 0.0]
    """
    from scipy.stats import (
        kendalltau,
        spearmanr,
        weightedtau,
    )  # not at the top: it takes half a second

    before, after, ranks_before, ranks_after = (
        x
        for _, x in pd.concat(
            [before, after, ranks_before, ranks_after], axis=1, join="inner"
        ).items()
    )
    shift = float((ranks_before - ranks_after).abs().mean())
    if any(series.nunique() < 2 for series in (before, after, ranks_before, ranks_after)):
        return pd.Series(
            {"kendall": np.nan, "spearman": np.nan, "weighted": np.nan, "rank_shift": shift}
        )
    x, y = ranks_before.to_numpy(float), ranks_after.to_numpy(float)
    values = {
        "kendall": kendalltau(x, y),
        "spearman": spearmanr(x, y),
        "weighted": weightedtau(before, after),
    }
    return pd.Series(
        {name: float(found.statistic) for name, found in values.items()} | {"rank_shift": shift}
    )
