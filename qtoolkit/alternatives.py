"""Other ways to make one ranking of many indicators, as cross-checks of a scheme's ranking: scores
and ranks only.

Bare functions take x (n units × d indicators, higher is better) and weights (d,);
:func:`crosscheck` is the labelled face. A vote is the same thing: each order of the alternatives is
an indicator, its number of votes the weight.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import special

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine import rank, to_ticks
from qtoolkit.errors import InputError
from qtoolkit.language import Text, say

MOST_KEMENY = 12  # alternatives: 2^n subsets are gone through
GREY_RHO = 0.5


def topsis(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Closeness to the ideal, (n,) in [0, 1]: d⁻ / (d⁺ + d⁻), d± the Euclidean distances of w·x/‖x‖
    to the best and worst value of each indicator (Hwang & Yoon 1981). Where all units are equal it
    is ½.

    >>> topsis(np.array([[1.0], [0.5], [0.0]]), np.array([1.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    norm = np.sqrt((x**2).sum(axis=0))
    weighted = weights * x / np.where(norm > 0, norm, 1.0)
    ends = weighted.max(axis=0), weighted.min(axis=0)
    best, worst = (np.sqrt(((weighted - end) ** 2).sum(axis=1)) for end in ends)
    return np.where(best + worst > 0, worst / np.where(best + worst > 0, best + worst, 1.0), 0.5)


def grey_relation(x: np.ndarray, weights: np.ndarray, rho: float = GREY_RHO) -> np.ndarray:
    """灰色关联度, (n,): Σ w (Δmin + ρ Δmax) / (Δ + ρ Δmax), Δ the distance to the best value of
    each indicator, Δmin and Δmax over all of them (Deng 1982).

    >>> grey_relation(
    ...     np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([0.5, 0.5])
    ... ).round(4).tolist()
    [0.6667, 0.6667, 1.0]
    """
    away = x.max(axis=0) - x
    if away.max() == 0:
        return np.ones(len(x))
    return (weights * (away.min() + rho * away.max()) / (away + rho * away.max())).sum(axis=1)


def mazziotta_pareto(x: np.ndarray) -> np.ndarray:
    """Mazziotta–Pareto index, (n,): M − S·cv of z = 100 + 10·(x − mean)/sd over the indicators, M
    their mean, S their standard deviation, cv = S/M (Mazziotta & Pareto 2016; population sd).
    Indicators weigh alike; constant ones are 100.

    >>> mazziotta_pareto(np.array([[1.0, 1.0], [0.0, 0.0]])).tolist()
    [110.0, 90.0]
    """
    sd = x.std(axis=0)
    flat = np.ptp(x, axis=0) == 0
    z = 100 + 10 * np.where(flat, 0.0, (x - x.mean(axis=0)) / np.where(flat, 1.0, sd))
    mean, spread = z.mean(axis=1), z.std(axis=1)
    return mean - spread * spread / mean


def borda(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Borda score, (n,): Σ w (units below + half of those level).

    >>> borda(np.array([[3], [2], [1]]), np.array([1.0])).tolist()
    [2.0, 1.0, 0.0]
    """
    ahead, behind = _ahead(x), _ahead(-x)
    return (weights * (behind + len(x) - 1 - ahead) / 2).sum(axis=1)


def _ahead(x: np.ndarray) -> np.ndarray:
    """Units strictly ahead in each column, (n, d)."""
    return rank(to_ticks(x).T).T - 1


def outranking(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, n): the weight of the indicators on which the row's unit is ahead of the column's, ties
    by half (Condorcet).

    >>> outranking(np.array([[2, 1], [1, 2]]), np.array([3.0, 1.0])).tolist()
    [[0.0, 3.0], [1.0, 0.0]]
    """
    result = np.zeros((len(x), len(x)))
    for column, weight in zip(to_ticks(x).T, weights, strict=True):
        result += weight * (np.sign(column[:, None] - column) + 1) / 2
    np.fill_diagonal(result, 0)
    return result


def copeland(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Copeland score, (n,): pairwise majorities won less those lost."""
    majorities = outranking(x, weights)
    return np.sign(to_ticks(majorities) - to_ticks(majorities.T)).sum(axis=1).astype(float)


def kemeny(e: np.ndarray) -> tuple[float, list[tuple[int, ...]]]:
    """The orders that agree best with an outranking matrix: the greatest Σ e[i, j] over pairs i
    before j, and all orders (indices, best first) that attain it, by dynamic programming over
    subsets.

    Raises
    ------
    InputError
        More than 12 alternatives.

    >>> kemeny(np.array([[0.0, 3.0], [1.0, 0.0]]))
    (3.0, [(0, 1)])
    """
    count = len(e)
    if count > MOST_KEMENY:
        raise InputError(
            say(
                zh="Kemeny 法逐一比较所有排序，最多{most}个对象，现有{n}个",
                en="Kemeny's method goes through all orders: at most {most} alternatives, found "
                "{n}",
                most=MOST_KEMENY,
                n=count,
            )
        )
    best: dict[frozenset[int], tuple[float, list[tuple[int, ...]]]] = {frozenset(): (0.0, [()])}
    for size in range(1, count + 1):
        for members in itertools.combinations(range(count), size):
            rest = {first: frozenset(members) - {first} for first in members}
            scores = {
                first: sum(e[first, j] for j in others) + best[others][0]
                for first, others in rest.items()
            }
            top = max(scores.values())
            orders = [
                (first, *order)
                for first in members
                if scores[first] > top - 1e-9
                for order in best[rest[first]][1]
            ]
            best[frozenset(members)] = top, orders
    score, orders = best[frozenset(range(count))]
    return float(score), sorted(orders)


def rank_sum_ratio(x: np.ndarray, weights: np.ndarray, bands: int = 3) -> pd.DataFrame:
    """秩和比法 (田凤调 1988): RSR = Σ w R / n with average ranks R from the lowest, and its 分档.

    The sorted RSR's cumulative frequencies (the last one 1 − 1/(4n)) become probits, Φ⁻¹ + 5; a
    line RSR = a + b·probit is fitted, and units are put into bands by the fitted RSR at the probits
    5 ± … that cut the normal curve of width 6 into equal parts.

    Returns
    -------
    DataFrame
        One row a unit: rsr, probit, fitted, band (1 the best; one band where all are equal).
    """
    from scipy.stats import linregress  # not at the top: it takes half a second

    n = len(x)
    ranks = (_ahead(-x) + n - _ahead(x) + 1) / 2
    rsr = (weights * ranks).sum(axis=1) / n
    up_to = (n - (rank(to_ticks(rsr)) - 1)) / n  # share of units at or below
    probit = special.ndtri(np.where(up_to >= 1, 1 - 1 / (4 * n), up_to)) + 5
    if np.ptp(probit) == 0:
        return pd.DataFrame({"rsr": rsr, "probit": probit, "fitted": rsr, "band": 1})
    distinct = pd.DataFrame({"probit": probit, "rsr": rsr}).drop_duplicates()
    line = linregress(distinct["probit"], distinct["rsr"])
    edges = 5 + 3 * (2 * np.arange(1, bands) / bands - 1)
    band = bands - (to_ticks(probit)[:, None] >= to_ticks(edges)).sum(axis=1)
    return pd.DataFrame(
        {"rsr": rsr, "probit": probit, "fitted": line.intercept + line.slope * probit, "band": band}
    )


@dataclass(frozen=True, repr=False)
class Crosscheck(Shown):
    """Scores and competition ranks by method, both units × methods; the first method is the scheme
    itself. `correlation` is each method's Spearman correlation with the scheme's ranks, `bands` the
    rank-sum ratio's 分档 (1 the best)."""

    card_title: ClassVar[Text] = Text("其他综合方法的位次", "Ranks by other methods")
    card_table: ClassVar[str] = "ranks"

    scores: pd.DataFrame
    ranks: pd.DataFrame
    correlation: pd.Series
    bands: pd.Series


def crosscheck(result: Assessment) -> Crosscheck:
    """The scheme's ranking beside TOPSIS, Copeland, Borda, rank-sum ratio, grey relation and
    Mazziotta–Pareto.

    All work on the shares of full marks and the points as weights. A leaf that is not scored for a
    unit counts with the unit's mean share on the others, as when its points go to them.

    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.8, 0.9]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> crosscheck(r).ranks.loc["甲"].tolist()
    [1, 1, 1, 1, 1, 1, 1]
    """
    from scipy.stats import spearmanr  # not at the top: it takes half a second

    weights = (result.points / result.points.sum()).to_numpy()
    shares = result.matrix.to_numpy(dtype=float)
    scored = ~np.isnan(shares)
    scored_weight = scored @ weights
    mean_shares = np.where(scored, shares, 0.0) @ weights
    mean_shares /= np.where(scored_weight > 0, scored_weight, 1.0)
    completed = np.where(scored, shares, mean_shares[:, None])
    rsr = rank_sum_ratio(completed, weights, max(len(result.scheme.grades), 2))
    scores: Mapping[str, np.ndarray] = {
        "scheme": result.scores.to_numpy(),
        "topsis": topsis(completed, weights),
        "copeland": copeland(completed, weights),
        "borda": borda(completed, weights),
        "rsr": rsr["rsr"].to_numpy(),
        "grey": grey_relation(completed, weights),
        "mpi": mazziotta_pareto(completed),
    }
    table = pd.DataFrame(scores, index=result.scores.index)
    ranks = pd.DataFrame(
        {name: rank(to_ticks(table[name].to_numpy())) for name in table}, index=table.index
    )
    ranks["scheme"] = result.ranks
    spread = ranks.nunique() > 1
    correlations = {
        name: spearmanr(ranks["scheme"], ranks[name]).statistic
        for name in ranks
        if spread[name] and spread["scheme"]
    }
    correlation = pd.Series(correlations).reindex(ranks.columns)
    return Crosscheck(table, ranks, correlation, rsr["band"].set_axis(table.index))
