"""Rank confidence sets against closed forms: the normal and the studentised range; and how often
they hold."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.simulation import rank_confidence
from qtoolkit.simulation.confidence import _rejected
from tests.robustness.lp import flat


def test_two_units_by_the_normal_distribution():
    """A gap is certain beyond 1.96 · √2 · se: .02 · 2.772 = .0554."""
    for gap, high in ((0.053, 2), (0.058, 1)):
        r = flat([100.0], [[0.8], [0.8 - gap]], 50)
        sets = rank_confidence(r, 0.02, draws=100_000)
        assert sets.table.loc["u0", ["low", "high", "all_low", "all_high"]].tolist() == [
            1,
            high,
            1,
            high,
        ]
        assert sets.table.loc["u1", "se"] == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize("n", [3, 6])
def test_equal_errors_by_the_studentised_range(n):
    """With equal errors the largest of all differences is the range: its quantile (scipy's
    studentized_range) separates the gaps between the first and the others; the first's own set has
    the quantile of the largest of n − 1 differences with one unit, P(|z0 − zi| ≤ c√2 for all i) by
    quadrature."""
    c_all = stats.studentized_range.ppf(0.95, n, np.inf) / np.sqrt(2)

    def within(c):
        def inside(z):
            near = special.ndtr(z + c * np.sqrt(2)) - special.ndtr(z - c * np.sqrt(2))
            return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * near ** (n - 1)

        return integrate.quad(inside, -9, 9)[0]

    cs = np.linspace(1.9, 3.6, 400)
    c_own = np.interp(0.95, [within(c) for c in cs], cs)
    assert c_own < c_all
    se = 0.01
    for c, column in ((c_own, "high"), (c_all, "all_high")):
        for factor, high in ((0.985, n), (1.015, 1)):
            gap = c * factor * se * np.sqrt(2)
            r = flat([100.0], [[0.7]] + [[0.7 - gap]] * (n - 1), 50)
            found = rank_confidence(r, se, draws=200_000, seed=2).table
            assert found.loc["u0", column] == high, (column, factor)
    assert found.loc["u1":, "all_low"].tolist() == [2] * (n - 1)


def test_step_down_by_hand():
    """Rejected differences leave the maximum: against a plain loop over draws, pairs and steps."""
    rng = np.random.default_rng(3)
    away, theta = (
        rng.standard_normal((4000, 5)) * [1, 2, 1, 0.5, 1],
        np.array([12.0, 7.0, 4.4, 1.2, 0.0]),
    )
    v = away.std(axis=0) ** 2
    se = np.sqrt(v[:, None] + v[None, :])
    above, below = _rejected(away, se, (theta[:, None] - theta) / se, 0.95, True)
    left = {(j, k) for j in range(5) for k in range(5) if j != k}
    while True:
        largest = [max((row[j] - row[k]) / se[j, k] for j, k in left) for row in away]
        c = np.quantile(largest, 0.95, method="higher")
        gone = {(j, k) for j, k in left if (theta[j] - theta[k]) / se[j, k] > c}
        if not gone:
            break
        left -= gone
    assert {(j, k) for j, k in np.argwhere(below)} == {
        (j, k) for j in range(5) for k in range(5) if j != k
    } - left
    assert (above == below.T).all() and below.any() and not below.all()


def test_sets_hold_the_true_ranks_as_often_as_they_say():
    """True shares known, measured ones drawn: own sets hold in 95% for each unit, joint ones for
    all units in 95%."""
    rng, truth, se, times = (
        np.random.default_rng(8),
        np.array([0.62, 0.6, 0.58, 0.55, 0.5]),
        0.02,
        300,
    )
    rank, own, all_ = np.arange(1, 6), np.zeros(5), 0
    for seed in range(times):
        r = flat([100.0], (truth + se * rng.standard_normal(5))[:, None], 50)
        table = rank_confidence(r, se, draws=1000, seed=seed).table
        own += (table["low"] <= rank) & (rank <= table["high"])
        all_ += ((table["all_low"] <= rank) & (rank <= table["all_high"])).all()
    least = 0.95 - 3 * np.sqrt(0.95 * 0.05 / times)
    assert (own / times >= least).all() and all_ / times >= least


def test_units_without_error_ties_and_one_unit():
    r = flat([50.0, 50.0], [[0.9, 0.9], [0.9, 0.9], [0.5, 0.5]], 50)
    errors = pd.DataFrame({"x0": 0.0}, index=["u0", "u1", "u2"])
    assert rank_confidence(r, errors, draws=500).table[["low", "high"]].values.tolist() == [
        [1, 2],
        [1, 2],
        [3, 3],
    ]
    assert rank_confidence(flat([100.0], [[0.9]], 50), 0.1, draws=100).table[
        ["low", "high", "all_low", "all_high"]
    ].values.tolist() == [[1, 1, 1, 1]]


def test_errors_of_raw_data_go_through_the_rule():
    """Efficacy 60–100 between 0 and 10: a raw error of 1 is .04 of full marks, .02 where half of it
    lies beyond the cap."""
    rule = {"kind": "efficacy", "unacceptable": 0.0, "satisfactory": 10.0}
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": rule}
    data = {
        "id": "s",
        "name": "s",
        "indicators": [leaf],
        "grades": [{"id": "A", "cutoff": 90}, {"id": "B", "cutoff": 0}],
        "rank_on": "base",
    }
    scheme = qt.read_case("params/tai-2001").scheme.model_validate(data)
    frame = pd.DataFrame(
        {"a": [5.0, 10.0, 20.0, 7.0], "se:a": [1.0, 1.0, 1.0, None]},
        index=list("甲乙丙丁"),
        dtype=object,
    )
    r = qt.assess(scheme, frame)
    assert qt.simulation.standard_errors(r)["a"].tolist() == pytest.approx([0.04, 0.02, 0, 0])
    s = qt.simulation.simulate(r, draws=40_000, errors="data")
    assert s.rank_quantiles.loc["甲", 0.5] == 4
    assert abs(s.pairwise.loc["丁", "甲"] - stats.norm.cdf(2)) < 2 * s.error(0.977)


def test_what_cannot_be_done_is_refused():
    r = flat([100.0], [[0.9], [0.5]], 50)
    for wrong in (
        {"errors": None},
        {"errors": "data"},
        {"errors": "x"},
        {"errors": 0.1, "level": 95},
        {"errors": 0.1, "draws": 0},
        {"errors": [1]},
    ):
        with pytest.raises(InputError):
            rank_confidence(r, **wrong)
    minmax = qt.assess(
        r.change({"rule": "minmax"}).scheme,
        pd.DataFrame({"x0": [0.9, 0.5], "se:x0": [0.1, 0.1]}, index=["u0", "u1"]),
    )
    with pytest.raises(InputError, match="se:x0"):
        rank_confidence(minmax, "data")
    with pytest.raises(InputError, match="1000"):
        rank_confidence(flat([100.0], np.linspace(0, 1, 1001)[:, None], 50), 0.1)
