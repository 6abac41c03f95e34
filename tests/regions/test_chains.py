"""Ordered draws in boxes with their sum kept: against rejection from the whole simplex, and volumes
in closed form."""

from math import comb, factorial, log

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ks_2samp

from qtoolkit.regions.chains import Chains, OrderedBox


def drawn(box, m, seed=2):
    rng, kept = np.random.default_rng(seed), []
    while sum(map(len, kept)) < m:
        kept.append(box.proposed(rng, 4096))
    return np.concatenate(kept)[:m]


def test_volumes_in_closed_form():
    """All in [0, w]: wⁿ/n!. Two in [0, 2] and [1, 3], rising: 4 − ½. Tilted, all in [0, 1]: ((e^θ −
    1)/θ)ⁿ/n!."""
    assert Chains(np.zeros(7), np.full(7, 3.0), 0.0).log_volume == pytest.approx(
        7 * log(3) - log(factorial(7)), abs=1e-12
    )
    assert Chains(np.array([0.0, 1.0]), np.array([2.0, 3.0]), 0.0).log_volume == pytest.approx(
        log(3.5), abs=1e-14
    )
    for theta in (-40.0, 1e-9, 2.0, 900.0):
        one = log(
            quad(lambda y, t=theta: np.exp(t * (y - (t > 0))), 0, 1, points=[0.01, 0.99])[0]
        ) + max(theta, 0)
        found = Chains(np.zeros(3), np.ones(3), theta).log_volume
        assert found == pytest.approx(3 * one - log(6), rel=1e-7)


def test_a_chain_in_one_interval_has_the_moments_of_order_statistics():
    """The k-th of n uniform variables has the mean k/(n + 1) and the variance k(n + 1 − k)/((n +
    1)²(n + 2))."""
    n, k = 6, np.arange(1, 7)
    y = Chains(np.zeros(n), np.ones(n), 0.0).sample(np.random.default_rng(1), 40_000)
    assert y.mean(axis=0) == pytest.approx(k / (n + 1), abs=0.004)
    assert y.var(axis=0) == pytest.approx(k * (n + 1 - k) / (n + 1) ** 2 / (n + 2), rel=0.04)
    assert (np.diff(y, axis=1) >= 0).all()


CASES = {
    "apart": ([0, 5, 10, 20], [30, 40, 50, 80]),
    "the whole cone": ([0] * 4, [100] * 4),
    "pairs alike": ([10, 10, 20, 20], [30, 30, 40, 45]),
    "all alike": ([15] * 4, [40] * 4),
    "a corner": ([0, 0, 0, 60], [20, 20, 20, 100]),
    "one fixed": ([0, 10, 10, 20], [30, 10, 50, 80]),
}


@pytest.mark.parametrize("name", CASES)
def test_draws_have_the_distribution_of_rejection_from_the_simplex(name):
    """2 million uniform points of the simplex (spacings), those kept that lie in the region;
    Kolmogorov–Smirnov, each coordinate and two mixtures; a fixed coordinate leaves a simplex of one
    dimension less."""
    lo, hi = (np.array(end, float) for end in CASES[name])
    free, rng = hi > lo, np.random.default_rng(9)
    x = np.full((2_000_000, 4), 10.0)
    x[:, free] = rng.dirichlet(np.ones(free.sum()), len(x)) * (100 - lo[~free].sum())
    naive = x[(np.diff(x, axis=1) >= 0).all(axis=1) & (x >= lo).all(axis=1) & (x <= hi).all(axis=1)]
    p = drawn(OrderedBox(lo, hi, 100.0), 20_000)
    assert len(naive) > 2000 and p.sum(axis=1) == pytest.approx([100.0] * len(p))
    assert (
        (np.diff(p, axis=1) >= -1e-12).all() and (p >= lo - 1e-9).all() and (p <= hi + 1e-9).all()
    )
    for way in (*np.eye(4)[free], np.array([1.0, -1, 0, 2]), np.array([0.0, 1, 3, -1])):
        assert ks_2samp(p @ way, naive @ way).pvalue > 0.001, way


def test_many_equals_by_the_sum_of_uniform_variables():
    """d alike: the largest of a uniform point of the slice of a cube, d points in [0, 1] with sum
    s. P(all ≤ t) is the ratio of the volumes of two slices, tᵈ⁻¹ f(s/t)/f(s), f(s) = Σ (−1)ᵏ C(d,
    k) (s − k)₊ᵈ⁻¹ (Irwin–Hall)."""
    d, s = 12, 5.0
    p = drawn(OrderedBox(np.zeros(d), np.ones(d), s), 20_000)

    def slice_of(x):
        return sum((-1) ** k * comb(d, k) * max(x - k, 0) ** (d - 1) for k in range(d + 1))

    for t in (0.75, 0.85, 0.95):
        exact = t ** (d - 1) * slice_of(s / t) / slice_of(s)
        assert (p[:, -1] <= t).mean() == pytest.approx(
            exact, abs=4 * np.sqrt(exact * (1 - exact) / len(p))
        )


@pytest.mark.parametrize("d", [5, 20])
def test_slivers_and_single_points_are_drawn_too(d):
    hi = np.sort(np.random.default_rng(d).random(d)) + 0.1
    for slack in (0.0, 1e-7, 0.01, 1.0):
        for total in (slack, hi.sum() - slack):
            box = OrderedBox(np.zeros(d), hi, total)
            p = drawn(box, 50)
            assert not box.empty and p.sum(axis=1) == pytest.approx([total] * 50, abs=1e-11)
            assert (
                (np.diff(p, axis=1) >= -1e-12).all()
                and (p >= -1e-12).all()
                and (p <= hi + 1e-12).all()
            )
    assert OrderedBox(np.zeros(d), hi, hi.sum() + 0.01).empty
    assert OrderedBox(np.append(np.full(d - 1, 0.9), 0), np.append(np.ones(d - 1), 0.5), 9.0).empty
