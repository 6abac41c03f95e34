"""How indicators work in an assessment: full marks and spread, and how much each decides
(实际影响度).

Points are not importance: an indicator worth 20 points on which everybody gets 19 decides nothing
(Paruolo, Saisana & Saltelli 2013, Journal of the Royal Statistical Society A 176, "Ratings and
rankings: voodoo or science?").
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.settings import settings
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.errors import InputError
from qtoolkit.importance import explained
from qtoolkit.importance.tuning import FEWEST
from qtoolkit.language import say
from qtoolkit.lines import says_lines
from qtoolkit.simulation.sobol import target_of

FULL, NONE = 1 - 1e-9, 1e-9
REDUNDANT = 0.92
LEAST = 15  # units, for anything to be estimated from the spread of their data
ENOUGH = 40  # units, for importance to be more than roughly known
COLUMNS = [
    "points",
    "nominal",
    "n",
    "linear",
    "linear_low",
    "linear_high",
    "nonlinear",
    "nonlinear_low",
    "nonlinear_high",
    "own",
    "correlated",
    "share",
    "linear_plain",
    "nonlinear_plain",
    "own_plain",
    "few",
]


def operation(result: Assessment) -> pd.DataFrame:
    """Saturation and discrimination of each leaf.

    Returns
    -------
    DataFrame, indexed by indicator
        points; n (units scored on it); mean, lowest, highest (share of full marks, 得分率); full
        and zero (shares of the units at full marks, 满分率, and at nothing, 零分率); sd (sample
        standard deviation of the share; NaN below two units); variance_share: cov(points earned,
        base score) / var(base score), which sum to 1 over the indicators (what is not scored earns
        nothing); correlation: of the share with the base score, over the units that are scored.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 1.0], "b": [0.4, 0.8]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> operation(r)[["mean", "full", "variance_share"]].round(2).values.tolist()
    [[1.0, 1.0, 0.0], [0.6, 0.0, 1.0]]
    """
    shares, contributions = result.matrix, result.contributions
    total = contributions.sum(axis=1)
    centred = contributions - contributions.mean()
    variance = float(((total - total.mean()) ** 2).sum())
    part = centred.mul(total - total.mean(), axis=0).sum()
    scored = shares.notna().sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "points": result.points,
                "n": scored,
                "mean": shares.mean(),
                "lowest": shares.min(),
                "highest": shares.max(),
                "full": (shares >= FULL).sum() / scored,
                "zero": (shares <= NONE).sum() / scored,
                "sd": shares.std(ddof=1),
                "variance_share": part / variance if variance > 1e-18 else np.nan,
                "correlation": shares.corrwith(total) if variance > 1e-18 else np.nan,
            }
        )


def effective(
    result: Assessment, of: Literal["leaves", "top"] = "leaves", bootstrap: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Effective importance S_j = Var(E[s | x_j]) / Var(s): the share of the variance of scores that
    knowing one indicator explains, beside its nominal points.

    linear: corr²(x_j, s). nonlinear: E[s | x_j] by a natural cubic spline of 4 degrees of freedom,
    or by means where an indicator has at most 4 values. own: R² of s on all indicators less R²
    without this one (= r²(s, residual of x_j on the others)); correlated: linear − own, what it
    explains through the others, which may be negative (Xu & Gertner 2008).

    These are estimates for units of this kind, freed of what chance explains among few units (Olkin
    & Pratt 1958: unbiased for jointly normal data; the mere r² of 20 units is .08 on average where
    the truth is .033, and .18 with the spline). Where there is no influence they come out a little
    below 0 as often as above. What holds of these very units alone stands in linear_plain,
    nonlinear_plain and own_plain; r² = linear_plain is the importance that :func:`attainable` and
    :func:`tune` work on.

    The 95% intervals invert Fisher's (1928) distribution of R², widened where resampled units show
    that the correlation varies more than on normal data. Coverage in simulations of n = 16, 20, 31,
    40 and true shares .033 to .8 (the tests repeat them): .95 to .99 for jointly normal data, for
    both kinds; .95 to .99 with the curve of a parabola on evenly spread shares; .92 to .99 where
    shares are skewed (Beta(5, 1)); down to .88 with exponential tails, and to .85 where nine units
    of ten have full marks on an indicator that makes most of the score (the estimate is then .05 to
    .08 low). Below 40 units (`few`) an interval is mostly wide: .00 to .35 for a true .033 of 20
    units.

    Parameters
    ----------
    result : Assessment
    of : "leaves" or "top"
        Single indicators or top-level ones (their scores as shares of their points).
    bootstrap, seed : int
        Resamples of units by which the intervals are widened; with 0 they rest on the normal
        distribution alone.

    Returns
    -------
    DataFrame, indexed by indicator
        points, nominal (share of the total), n (units scored on it), linear, linear_low,
        linear_high, nonlinear, nonlinear_low, nonlinear_high, own, correlated, share (linear, at
        least 0, over its sum), linear_plain, nonlinear_plain, own_plain, few (n < 40). NaN where an
        indicator is constant or fewer than 8 units are scored; own and correlated also where units
        are no more than indicators + 1.

    >>> import qtoolkit as qt
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"a": rng.random(500), "b": rng.random(500)})
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame)
    >>> effective(r, bootstrap=10)["linear"].round(1).tolist()
    [0.5, 0.5]
    """
    x, points = _shares(result, of)
    s = result.base.to_numpy(float) / 1e10
    values = x.to_numpy(float)
    rows = {}
    for j, id in enumerate(x.columns):
        at = np.flatnonzero(~np.isnan(values[:, j]))
        resamples = np.random.default_rng(seed).integers(0, max(len(at), 1), (bootstrap, len(at)))
        line, curve = (
            _explained(values[at, j], s[at], curved, resamples) for curved in (False, True)
        )
        rows[id] = [points[id], points[id] / points.sum(), len(at), *line, *curve]
    columns = ["points", "nominal", "n"]
    for kind in ("linear", "nonlinear"):
        columns += [f"{kind}_plain", kind, f"{kind}_low", f"{kind}_high"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table["own_plain"], table["own"] = _own(values, s)
    table["correlated"] = table["linear"] - table["own"]
    seen = table["linear"].clip(lower=0)
    table["share"] = seen / seen.sum()
    table["few"] = table["n"] < ENOUGH
    return table[COLUMNS]


def _shares(result: Assessment, of: str) -> tuple[pd.DataFrame, pd.Series]:
    """Shares of full marks (units × indicators) and points of leaves or top-level indicators."""
    if of == "leaves":
        return result.matrix, result.points
    if of != "top":
        raise InputError(
            say(
                zh="of 应为 leaves 或 top，现为“{found}”",
                en="of must be leaves or top, found “{found}”",
                found=of,
            )
        )
    points = pd.Series({node.id: node.full_points for node in result.scheme.indicators})
    return result.nodes[points.index] / points.where(points > 0), points


def _explained(
    x: np.ndarray, s: np.ndarray, curved: bool, resamples: np.ndarray
) -> tuple[float, float, float, float]:
    """Share of the variance of s that x explains: R², the estimate, and the ends of its
    interval."""
    if len(x) < FEWEST or np.ptp(x) < 1e-12 or np.ptp(s) < 1e-9:
        return np.nan, np.nan, np.nan, np.nan
    r2, k, fitted = explained.fit(x, s, curved)
    wider = explained.spread(fitted, s, k, resamples)
    return r2, explained.corrected(r2, len(x), k), *explained.interval(r2, len(x), k, wider)


def _own(x: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each indicator explains beyond all others, (d,): r²(s, its residual on them), and the
    estimate, R² with it less R² without, both freed of chance. NaN where there are too few units or
    the indicator varies with the others alone."""
    plain, estimate = np.full(x.shape[1], np.nan), np.full(x.shape[1], np.nan)
    whole = ~np.isnan(x).any(axis=1)
    n = int(whole.sum())
    varies = np.ptp(x[whole], axis=0) > 1e-12 if n else np.zeros(x.shape[1], bool)
    if n <= varies.sum() + 1 or np.ptp(s[whole]) < 1e-9:
        return plain, estimate
    centred = s[whole] - s[whole].mean()
    for j in np.flatnonzero(varies):
        others = np.column_stack([np.ones(n), x[whole][:, varies & (np.arange(len(varies)) != j)]])
        coefficients, _, rank, _ = np.linalg.lstsq(
            others, np.column_stack([x[whole, j], centred]), rcond=None
        )
        left, rest = (np.column_stack([x[whole, j], centred]) - others @ coefficients).T
        if left.std() > 1e-9 * x[whole, j].std():
            plain[j] = np.corrcoef(left, centred)[0, 1] ** 2
            without = 1 - min(rest @ rest / (centred @ centred), 1.0)
            together = explained.corrected(min(without + plain[j], 1.0), n, rank)
            estimate[j] = together - explained.corrected(without, n, rank - 1)
    return plain, estimate


@says_lines
def leave_one_out(result: Assessment) -> pd.DataFrame:
    """What leaving out each indicator does, its points going to its siblings.

    Returns
    -------
    DataFrame, indexed by indicator
        grades (units whose grade changes), rank_shift (mean |rank − present rank|). NaN where it
        cannot be left out.

    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.4, 0.8]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 65, "B": 0}), frame)
    >>> leave_one_out(r)["grades"].tolist()
    [1.0, 1.0]
    """
    outputs = {
        "grades": target_of(result, "grade_changes"),
        "rank_shift": target_of(result, "rank_shift"),
    }
    frame = pd.DataFrame({"drop": result.points.index}, index=result.points.index, dtype=object)
    return settings(result, frame, outputs).drop(columns="failed")


def correlations(result: Assessment, at: float = REDUNDANT) -> pd.DataFrame:
    """Pairs of indicators that count the same thing twice, or pull against each other.

    Returns
    -------
    DataFrame
        first, second, r (over the units scored on both, at least 8), kind: "redundant" (|r| > `at`)
        or "negative" (r < 0 within one node), the strongest first.
    """
    shares = result.matrix
    r = shares.loc[:, shares.nunique() > 1].corr(min_periods=FEWEST)
    parents = {child.id: node.id for node in result.scheme.nodes for child in node.children}
    rows = []
    for i, first in enumerate(r.columns):
        for second in r.columns[i + 1 :]:
            value = r.loc[first, second]
            if abs(value) > at + SAME:
                rows.append((first, second, value, "redundant"))
            elif value < -SAME and parents.get(first) == parents.get(second):
                rows.append((first, second, value, "negative"))
    table = pd.DataFrame(rows, columns=["first", "second", "r", "kind"])
    return table.iloc[in_order(table["r"].abs())].reset_index(drop=True)


def cronbach(result: Assessment) -> tuple[float, pd.DataFrame]:
    """Cronbach's α of the indicators, each scaled to variance 1: d/(d − 1)·(1 − d / Var(Σ z)), over
    the units scored on all.

    Returns
    -------
    float, DataFrame
        α (NaN below two varying indicators or two units), and by indicator: correlation with the
        sum of the others (negative: it runs against them) and α without it.
    """
    shares = result.matrix.dropna()
    z = shares.loc[:, shares.nunique() > 1]
    z = (z - z.mean()) / z.std(ddof=1)

    def alpha(z: pd.DataFrame) -> float:
        d, together = z.shape[1], z.sum(axis=1).var(ddof=1) if len(z) > 1 else 0.0
        return float(d / (d - 1) * (1 - d / together)) if d > 1 and together > 1e-12 else np.nan

    rows = {
        id: (z[id].corr(z.drop(columns=id).sum(axis=1)), alpha(z.drop(columns=id)))
        for id in z.columns
    }
    return alpha(z), pd.DataFrame.from_dict(
        rows, orient="index", columns=["correlation", "without"]
    )
