"""Hit-and-run against closed forms: the moments of a simplex and of a long, thin box; its
diagnostics."""

import numpy as np
import pytest

from qtoolkit.regions.walks import Walk


def test_a_simplex():
    """x ≥ 0, Σx = 1, d = 5: mean 1/d, variance (d − 1)/(d²(d + 1)); the error of a mean follows the
    effective draws."""
    d, m = 5, 20_000
    basis = np.linalg.svd(np.ones((1, d)))[2][1:].T
    starts = np.full((32, d), 0.02) + 0.9 * np.eye(d)[np.arange(32) % d]
    walk = Walk(-np.eye(d), np.zeros(d), basis, starts)
    p = walk.sample(np.random.default_rng(1), m)
    every, ratio, share = walk.pilot
    variance = (d - 1) / d**2 / (d + 1)
    assert p.shape == (m, d) and p.sum(axis=1) == pytest.approx(np.ones(m)) and p.min() >= -1e-12
    assert p.mean(axis=0) == pytest.approx([1 / d] * d, abs=5 * np.sqrt(variance / (m * share)))
    assert p.var(axis=0) == pytest.approx([variance] * d, rel=0.05)
    assert every >= 1 and 1 <= ratio < 1.1 and 0.8 < share <= 1


def test_chains_that_hardly_move_are_told_by_their_diagnostics():
    """A box of 1 × 1000, with directions that are not scaled: chains stay near where they start,
    and R̂ says so."""
    faces, high = np.concatenate([np.eye(2), -np.eye(2)]), np.array([1000.0, 1.0, 0.0, 0.0])
    starts = np.column_stack([np.linspace(50, 950, 32), np.full(32, 0.5)])
    slow = Walk(faces, high, np.eye(2), starts).pilot
    quick = Walk(faces, high, np.diag([1000.0, 1.0]), starts).pilot
    assert slow[1] > 1.2 and slow[2] < 0.3
    assert quick[1] < 1.05 and quick[2] > 0.85
