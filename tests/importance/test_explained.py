"""The share that an indicator explains: Fisher's distribution against draws and scipy, and what
simulation keeps of 95%."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from qtoolkit.importance import explained

UNITS = (16, 20, 31, 40)
SHARES = (0.033, 0.2, 0.5, 0.8)


def normal(rng, n, share):
    """Jointly normal: Var(E[s | x]) / Var(s) = corr² = share, linear and nonlinear alike."""
    x = rng.standard_normal(n)
    return x, np.sqrt(share) * x + np.sqrt(1 - share) * rng.standard_normal(n)


def parabola(rng, n, share):
    """x even in (0, 1): Var((x − ½)²) = 1/80 − 1/144 = 1/180, and corr(x, s) = 0."""
    x = rng.random(n)
    curve = ((x - 0.5) ** 2 - 1 / 12) * np.sqrt(180)
    return x, np.sqrt(share) * curve + np.sqrt(1 - share) * rng.standard_normal(n)


def skewed(rng, n, share):
    """x as shares of full marks near the top: Beta(5, 1), of mean 5/6 and variance 5/252."""
    x = rng.beta(5, 1, n)
    line = (x - 5 / 6) / np.sqrt(5 / 252)
    return x, np.sqrt(share) * line + np.sqrt(1 - share) * rng.standard_normal(n)


def held(data, curved, n, share, samples, truth):
    """Of samples, the share whose interval holds the truth, the mean estimate and its standard
    error."""
    rng = np.random.default_rng([n, int(1000 * share), curved])
    inside, estimates = 0, []
    for _ in range(samples):
        x, s = data(rng, n, share)
        r2, k, fitted = explained.fit(x, s, curved)
        wider = explained.spread(fitted, s, k, rng.integers(0, n, (100, n)))
        low, high = explained.interval(r2, n, k, wider)
        estimates.append(explained.corrected(r2, n, k))
        inside += low <= truth <= high
    return inside / samples, np.mean(estimates), np.std(estimates) / np.sqrt(samples)


@pytest.mark.parametrize("curved", [False, True])
def test_intervals_keep_their_level_and_estimates_their_mean_on_normal_data(curved):
    """16 settings of 40 samples: together at least .93 of 640 (.95 less twice its standard error),
    and no bias."""
    cells = [
        (share, *held(normal, curved, n, share, 40, share))
        for n, share in itertools.product(UNITS, SHARES)
    ]
    assert np.mean([inside for _, inside, _, _ in cells]) >= 0.93
    gaps = [(mean - share) / error for share, _, mean, error in cells]
    assert abs(np.sum(gaps)) / np.sqrt(len(gaps)) < 3.5


def test_a_curve_is_seen_at_its_level_and_a_line_sees_none():
    curves = [held(parabola, True, n, share, 20, share)[0] for n in UNITS for share in SHARES]
    assert np.mean(curves) >= 0.92
    assert np.mean([held(parabola, False, n, 0.5, 40, 0.0)[0] for n in UNITS]) >= 0.91


@pytest.mark.soak
@pytest.mark.parametrize("n", UNITS)
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("curved", [False, True])
def test_every_setting_keeps_its_level(curved, share, n):
    """2,000 samples: a standard error of .005. Skewed shares keep .91; exponential tails (not asked
    here) .88."""
    inside, mean, error = held(normal, curved, n, share, 2000, share)
    assert inside >= 0.94 and abs(mean - share) < 4 * error
    assert held(parabola, True, n, share, 2000, share)[0] >= 0.94
    assert held(skewed, curved, n, share, 2000, share)[0] >= 0.91


@pytest.mark.parametrize(
    ("n", "k", "share"), [(12, 1, 0.0), (20, 1, 0.3), (31, 3, 0.05), (40, 3, 0.9), (400, 3, 0.97)]
)
def test_fisher_s_distribution_against_an_integral_of_scipy_s_noncentral_f(n, k, share):
    """Given x, R² is that of F with noncentrality u · share/(1 − share); u is chi-squared of n − 1
    degrees of freedom."""
    for r2 in (share * 0.9, share, min(share + 0.1, 0.99)):
        f = r2 / (1 - r2) * (n - k - 1) / k

        def given(u, f=f):
            return (
                stats.ncf.cdf(f, k, n - k - 1, u * share / (1 - share))
                if share
                else stats.f.cdf(f, k, n - k - 1)
            )

        places = stats.chi2.ppf([1e-12, 0.01, 0.5, 0.99, 1 - 1e-12], n - 1)
        exact = sum(
            integrate.quad(lambda u: given(u) * stats.chi2.pdf(u, n - 1), *ends, epsabs=1e-10)[0]
            for ends in itertools.pairwise(places)
        )
        assert explained.below(r2, share, n, k) == pytest.approx(exact, abs=2e-6)


def test_the_ends_leave_a_fortieth_on_either_side():
    """Against 20,000 drawn normal samples: at the lower end R² is as large, at the upper as small,
    in .025 of them."""
    rng = np.random.default_rng(1)
    for end, sign in zip(explained.interval(0.4, 20, 1), (1, -1), strict=True):
        x, rest = rng.standard_normal((2, 20000, 20))
        s = np.sqrt(end) * x + np.sqrt(1 - end) * rest
        x, s = (v - v.mean(axis=1, keepdims=True) for v in (x, s))
        r2 = (x * s).sum(axis=1) ** 2 / ((x**2).sum(axis=1) * (s**2).sum(axis=1))
        assert np.mean(sign * r2 >= sign * 0.4) == pytest.approx(0.025, abs=0.004)


def test_the_estimate_is_unbiased_by_numerical_integration():
    """∫ estimate dP(R²) = share, over Fisher's distribution: to 1e-3 by 4,000 steps."""
    for n, k, share in ((9, 3, 0.033), (20, 1, 0.033), (20, 3, 0.5), (31, 1, 0.0)):
        places = np.linspace(0, 1, 4001)
        chances = np.diff([explained.below(place, share, n, k) for place in places])
        middles = [explained.corrected(place, n, k) for place in (places[1:] + places[:-1]) / 2]
        assert chances @ middles == pytest.approx(share, abs=1e-3)


def test_the_estimate_of_many_units_is_the_same_series():
    """1 − (n − 3)/(n − k − 1)·∫₀¹ (1 − R²)(c − 1)(1 − t)^(c − 2)/(1 − (1 − R²) t) dt, c = (n − k +
    1)/2 (Euler's integral)."""
    for n, k, r2 in (
        (20, 1, 0.1),
        (59, 1, 0.004),
        (63, 3, 0.02),
        (900, 1, 0.5),
        (6000, 3, 1e-6),
        (10**6, 1, 0.3),
    ):
        c, rest = (n - k + 1) / 2, 1 - r2
        places = np.concatenate([[0.0], np.logspace(-3, 1.4, 30) / c])

        def inner(t, c=c, rest=rest):
            return (c - 1) * np.exp((c - 2) * np.log1p(-t)) / (1 - rest * t)

        ends = [*places[places < 1], 1 - 1e-15]
        gauss = sum(
            integrate.quad(inner, *pair, epsabs=1e-13)[0] for pair in itertools.pairwise(ends)
        )
        assert explained.corrected(r2, n, k) == pytest.approx(
            1 - (n - 3) / (n - k - 1) * rest * gauss, abs=1e-8
        )


def test_fits_are_scipy_s_and_means():
    rng = np.random.default_rng(3)
    x, s = rng.random((2, 30))
    assert explained.fit(x, s, False)[:2] == (pytest.approx(stats.pearsonr(x, s).statistic ** 2), 1)
    groups = rng.integers(0, 3, 30).astype(float)
    r2, k, fitted = explained.fit(groups, s)
    assert k == 2 and all(
        fitted[groups == g] + s.mean() == pytest.approx(s[groups == g].mean()) for g in range(3)
    )
    between = sum((groups == g).sum() * (s[groups == g].mean() - s.mean()) ** 2 for g in range(3))
    assert r2 == pytest.approx(between / ((s - s.mean()) ** 2).sum())


def test_a_spline_bends_only_between_its_outer_knots():
    """Straight beyond the 5% and 95% quantiles, continuous in its second derivative, and a line is
    fitted exactly."""
    x = np.linspace(0, 1, 401)
    fitted = explained.fit(x, np.sin(7 * x))[2]
    curvature = np.diff(fitted, 2) / (x[1] - x[0]) ** 2
    assert np.abs(curvature[:18]).max() < 1e-6 and np.abs(curvature[-18:]).max() < 1e-6
    assert np.abs(np.diff(curvature)).max() < 0.05 * np.abs(curvature).max()
    assert explained.fit(x, 3 * x - 1)[0] == pytest.approx(1) and explained.interval(
        1.0, 20, 3
    ) == (1.0, 1.0)
    piled = np.where(x < 0.8, 1.0, x)  # nearly all at one value: the knots lie between the others
    assert explained.fit(piled, np.cos(5 * x))[1] == 3


def test_an_interval_is_never_narrowed():
    rng = np.random.default_rng(4)
    x, s = normal(rng, 25, 0.4)
    r2, k, fitted = explained.fit(x, s, False)
    resamples = rng.integers(0, 25, (200, 25))
    wider = explained.spread(fitted, s, k, resamples)
    assert wider >= 1 and explained.spread(fitted, s, k, resamples[:0]) == 1
    ends = [explained.interval(r2, 25, k, by) for by in (1.0, 1.3)]
    assert ends[1][0] <= ends[0][0] <= explained.corrected(r2, 25, k) <= ends[0][1] <= ends[1][1]
    assert explained.interval(1e-9, 20, 3)[1] > 0.3  # as wide as for the R² of chance
