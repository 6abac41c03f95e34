"""Extremes over boxes against scipy's LP solver and against all corners."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from qtoolkit.engine.box import greedy, least_mean


def cases(count=60):
    """Coefficients on a coarse grid (many ties), lower and upper bounds (some equal, some zero), a
    feasible total."""
    rng = np.random.default_rng(2)
    for _ in range(count):
        d = int(rng.integers(1, 8))
        lo = rng.integers(0, 5, d) * 1.0
        hi = lo + rng.integers(0, 5, d)
        yield rng.integers(0, 4, (3, d)) / 2, lo, hi, rng.uniform(lo.sum(), hi.sum())


def test_greedy_equals_the_lp():
    for c, lo, hi, total in cases():
        p = greedy(c, lo, hi, total)
        assert (p >= lo - 1e-12).all() and (p <= hi + 1e-12).all()
        assert p.sum(axis=1) == pytest.approx(np.full(3, total), abs=1e-9)
        for row, points in zip(c, p, strict=True):
            bounds = list(zip(lo, hi, strict=True))
            best = linprog(
                -row, A_eq=[np.ones(len(row))], b_eq=[total], bounds=bounds, method="highs"
            )
            assert row @ points == pytest.approx(-best.fun, abs=1e-9)


def test_least_mean_equals_the_least_over_all_corners():
    """A ratio of linear functions is least at a corner of the box: all 2^d are tried."""
    rng = np.random.default_rng(3)
    for c, lo, hi, _ in cases():
        live = rng.random(c.shape) < 0.8
        found = least_mean(c, lo, hi, live)
        for row, on, value in zip(c, live, found, strict=True):
            corners = np.array(list(itertools.product(*zip(lo, hi, strict=True)))) * on
            weights = corners.sum(axis=1)
            means = (corners @ row)[weights > 0] / weights[weights > 0]
            assert value == pytest.approx(means.min() if means.size else np.inf, abs=1e-12)
