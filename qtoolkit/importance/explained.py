"""The share of the variance of scores that an indicator explains, as chance has not swollen it, and
how sure it is.

Among few units chance alone explains: of n units and k regressors without any influence R² is k/(n
− 1) on average (.16 for n = 20, k = 3). What is said here rests on the distribution of R² that
Fisher (1928) found for jointly normal data.
"""

from __future__ import annotations

import numpy as np
from scipy import special
from scipy.optimize import brentq

__all__ = ["corrected", "fit", "interval", "spread"]

LEVEL = 0.95
FEW_VALUES = 4  # of an indicator: a mean each, no spline
KNOTS = (
    0.05,
    0.35,
    0.65,
    0.95,
)  # quantiles (Harrell 2015, Regression Modeling Strategies, table 2.3)
PERFECT = 1 - 1e-12
NODES = 25  # of the sum over the Poisson counts, per standard deviation
MANY, TERMS = 30, 200  # from this c on, of the series of ₂F₁: what is left out is below 1e-40
NORMAL = special.ndtri((1 + LEVEL) / 2)


def fit(x: np.ndarray, s: np.ndarray, curved: bool = True) -> tuple[float, int, np.ndarray]:
    """Least squares of s on x: R², the number of regressors k beside the constant, and the fitted
    values, (n,).

    A straight line (k = 1), or, `curved`, a natural cubic spline with 4 knots (k = 3: with the
    constant 4 degrees of freedom), or a mean for each value where x has at most 4 values (k =
    values − 1). The spline is not penalised, and its smoothness not chosen from the data: only so
    is the distribution of its R² known.

    >>> r2, k, _ = fit(np.arange(9.0), (np.arange(9.0) - 4) ** 2)
    >>> k, bool(r2 > 0.97)
    (3, True)
    """
    basis = _curves(x) if curved else x[:, None]
    centred = basis - basis.mean(axis=0)
    left, size, _ = np.linalg.svd(
        centred / np.maximum(centred.std(axis=0), 1e-300), full_matrices=False
    )
    left = left[:, size > 1e-9 * size[0]]
    y = s - s.mean()
    fitted = left @ (left.T @ y)
    return min(float(fitted @ fitted / (y @ y)), 1.0), left.shape[1], fitted


def _curves(x: np.ndarray) -> np.ndarray:
    """Regressors of a mean for each of few values, or of a natural cubic spline, (n, k)."""
    values = np.unique(x)
    if len(values) <= FEW_VALUES:
        return (x[:, None] == values[1:]).astype(float)
    x, values = ((v - values[0]) / (values[-1] - values[0]) for v in (x, values))
    knots = np.quantile(x, KNOTS)
    if np.diff(knots).min() < 1e-6:  # many units at one value, such as full marks
        knots = np.quantile(values, KNOTS)
    *inner, before, last = knots
    cubes = {knot: np.maximum(x - knot, 0.0) ** 3 for knot in knots}
    bends = [
        cubes[knot]
        - cubes[before] * (last - knot) / (last - before)
        + cubes[last] * (before - knot) / (last - before)
        for knot in inner
    ]
    return np.column_stack([x, *bends])


def corrected(r2: float, n: int, k: int) -> float:
    """Olkin & Pratt's (1958) estimate of the share explained, unbiased for jointly normal data.

    1 − (n − 3)/(n − k − 1) · (1 − R²) · ₂F₁(1, 1; (n − k + 1)/2; 1 − R²), n > k + 1. Where nothing
    is explained its mean is 0, so that it is often a little below: as with an adjusted R², that
    says that no influence is seen.

    >>> round(corrected(0.5, 20, 1), 4), corrected(0.05, 20, 1) < 0, corrected(1.0, 20, 3)
    (0.5017, True, 1.0)
    """
    rest, c = min(1 - r2, PERFECT), (n - k + 1) / 2
    if c < MANY:
        gauss = special.hyp2f1(1, 1, c, rest)
    else:  # the series itself: scipy's overflows from some thousand units on
        terms = np.arange(TERMS)
        gauss = 1 + np.cumprod((terms + 1) / (c + terms) * rest).sum()
    return float(1 - (n - 3) / (n - k - 1) * rest * gauss)


def below(r2: float, share: float, n: int, k: int) -> float:
    """P(R² ≤ r2) among n units of jointly normal data of which k regressors explain `share` of the
    variance.

    R² is Beta(k/2 + J, (n − k − 1)/2), J negative binomial of shape (n − 1)/2 and mean (n − 1)/2 ·
    share/(1 − share).
    """
    if share <= 0:
        return float(special.betainc(k / 2, (n - k - 1) / 2, r2))
    shape = (n - 1) / 2
    mean = shape * share / (1 - share)
    sd = np.sqrt(mean / (1 - share))
    step = max(1, int(sd / NODES))  # a sum over many counts is smooth: some stand for all
    counts = np.arange(max(0, int(mean - 10 * sd) - 10), mean + 12 * sd + 30, step)
    logs = special.gammaln(shape + counts) - special.gammaln(counts + 1) + counts * np.log(share)
    weights = np.exp(logs - logs.max())
    return float(weights @ special.betainc(k / 2 + counts, (n - k - 1) / 2, r2) / weights.sum())


def interval(r2: float, n: int, k: int, wider: float = 1.0) -> tuple[float, float]:
    """The 95% interval of the share explained: exact for jointly normal data; for others made
    wider.

    The ends are the shares at which R² at least (at most) as found has probability .025; the lower
    is 0 where there is no such share, and the upper is no less than for the R² of chance, k/(n −
    1). `wider` stretches both from the estimate on Fisher's scale, artanh √share (see
    :func:`spread`).

    >>> low, high = interval(0.5, 20, 1)
    >>> round(low, 2), round(high, 2)
    (0.14, 0.75)
    """
    tail = (1 - LEVEL) / 2
    if r2 >= PERFECT:
        return 1.0, 1.0
    low, chance = 0.0, max(r2, k / (n - 1))
    if below(r2, 0.0, n, k) > 1 - tail:
        low = brentq(lambda share: below(r2, share, n, k) - 1 + tail, 0.0, r2, xtol=1e-9)
    high = brentq(lambda share: below(chance, share, n, k) - tail, 0.0, PERFECT, xtol=1e-9)
    centre, *ends = (
        np.arctanh(np.sqrt(max(share, 0.0))) for share in (corrected(r2, n, k), low, high)
    )
    least, most = (centre + wider * (end - centre) for end in ends)
    return (0.0 if low == 0 else float(np.tanh(max(least, 0.0)) ** 2)), float(np.tanh(most) ** 2)


def spread(fitted: np.ndarray, s: np.ndarray, k: int, resamples: np.ndarray) -> float:
    """How much more a correlation varies on these data than on normal ones; at least 1.

    The standard deviation of Fisher's z = artanh r(fitted values, scores) over the resampled units,
    (b, n) places, beside 1/√(n − 3), with Student's quantile in the place of the normal one: long
    tails and uneven scatter make it large.
    """
    n = len(s)
    if len(resamples) < 2:
        return 1.0
    a, b = (v[resamples] - v[resamples].mean(axis=1, keepdims=True) for v in (fitted, s))
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    usable = scale > 1e-12 * len(s) * np.std(fitted) * np.std(s)
    if usable.sum() < 2:
        return 1.0
    r = (a * b).sum(axis=1)[usable] / scale[usable]
    z = np.arctanh(np.clip(r, -PERFECT, PERFECT))
    return max(
        1.0,
        float(
            np.sqrt(n - 3) * z.std(ddof=1) * special.stdtrit(n - k - 1, (1 + LEVEL) / 2) / NORMAL
        ),
    )
