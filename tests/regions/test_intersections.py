"""Intersections of regions: the same in any order of writing, uniform by rejection from the whole
simplex."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.regions import Box, Dirichlet, Hull, Levels, RankOrder, Simplex
from qtoolkit.regions.intersections import MeetArea, Proposed
from tests.regions.test_written import levels_by_hand, on_tree
from tests.robustness.lp import flat

POINTS = np.array([30.0, 10.0, 25.0, 35.0])
EXPERTS = np.array([[50.0, 10, 20, 20], [10, 20, 30, 40], [30, 0, 30, 40], [30, 30, 0, 40]])
ORDER = RankOrder(["d", "a", "c", "b"])
EXPERT_HULL = Hull([dict(zip("abcd", row, strict=True)) for row in EXPERTS])


def in_box(band):
    return lambda p: (np.abs(p - POINTS) <= band * POINTS).all(axis=1)


def in_order(p):
    return (p[:, 3] >= p[:, 0]) & (p[:, 0] >= p[:, 2]) & (p[:, 2] >= p[:, 1])


def in_levels(*bands):
    known = levels_by_hand(*bands)
    return lambda p: (p @ known["A_ub"].T <= np.array(known["b_ub"])).all(axis=1)


def in_hull(p):
    return (np.linalg.solve(EXPERTS.T, p.T) >= 0).all(axis=0)


def everywhere(p):
    return np.ones(len(p), bool)


REGIONS = {
    "box": (Box(relative=0.5), in_box(0.5)),
    "order": (ORDER, in_order),
    "hull": (EXPERT_HULL, in_hull),
    "levels": (Levels(0.3, 0.5), in_levels(0.3, 0.5)),
    "other levels": (Levels(0.2, 0.6), in_levels(0.2, 0.6)),
    "simplex": (Simplex(), everywhere),
}
PAIRS = [
    ("box", "order"),
    ("box", "hull"),
    ("box", "levels"),
    ("box", "simplex"),
    ("order", "hull"),
    ("order", "levels"),
    ("order", "simplex"),
    ("hull", "levels"),
    ("hull", "simplex"),
    ("levels", "simplex"),
    ("levels", "other levels"),
]


@pytest.fixture(scope="module")
def simplex():
    """Uniform points of the simplex: spacings."""
    return np.random.default_rng(9).dirichlet(np.ones(4), 400_000) * 100


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_both_orders_are_one_uniform_distribution(simplex, one, other):
    """The same bytes; by Kolmogorov–Smirnov, in five directions, those points of the whole simplex
    that lie in both."""
    (a, in_a), (b, in_b), result = REGIONS[one], REGIONS[other], on_tree()
    area, p = (a & b).at(result), (a & b).at(result).sample(8000, 3)
    assert (
        p.tobytes()
        == (b & a).at(result).sample(8000, 3).tobytes()
        == (a & (b & a)).at(result).sample(8000, 3).tobytes()
    )
    naive = simplex[in_a(simplex) & in_b(simplex)]
    assert len(naive) > 800 and area.contains(p).all() and area.contains(naive).all()
    assert (area.contains(simplex[:20_000]) == (in_a(simplex) & in_b(simplex))[:20_000]).all()
    for way in (*np.eye(4), np.array([1.0, -2, 0.5, 0.3])):
        assert ks_2samp(p @ way, naive @ way).pvalue > 0.001, way


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_walk_that_stands_in_for_rejection_has_that_distribution_too(
    simplex, monkeypatch, one, other
):
    monkeypatch.setattr(
        "qtoolkit.regions.intersections.FEWEST", np.inf
    )  # rejection never keeps enough
    (a, in_a), (b, in_b) = REGIONS[one], REGIONS[other]
    area = (a & b).at(on_tree())
    if not isinstance(area, Proposed):
        assert "simplex" in (one, other) and area.method.en == "drawn exactly and independently"
        return
    p, naive = area.sample(8000, 3), simplex[in_a(simplex) & in_b(simplex)]
    assert area.contains(p).all() and p.tobytes() == (b & a).at(on_tree()).sample(8000, 3).tobytes()
    assert (
        "近似" in area.method.zh
        and "approximate" in area.method.en
        and f"{area.walk.pilot[1]:.3f}" in area.method.en
    )
    assert area.walk.pilot[1] < 1.1 and 0.8 < area.independent <= 1
    for way in np.eye(4):
        assert ks_2samp(p @ way, naive @ way).pvalue > 0.001, way


def test_two_experts_and_a_box_are_a_piece_of_a_line():
    """From (50, 50, 0) to (70, 10, 20), the third at most 12: a uniform share of the line's first
    three fifths."""
    result = flat([60.0, 30.0, 10.0], [[0.5] * 3], 50)
    line = Hull([{"x0": 50.0, "x1": 50.0, "x2": 0.0}, {"x0": 70.0, "x1": 10.0, "x2": 20.0}])
    for region in (
        line & Box(absolute=1e3, relative=1.0) & Box(absolute=40),
        Box(absolute=40) & line & Box(relative=1.0),
    ):
        p = region.at(result).sample(20_000, 1)
        assert p[:, 2].max() <= 20 and p[:, 2].mean() == pytest.approx(10, abs=0.2)
    # x1 = 50 − 40t within 40 ± 2: t in [.2, .3]; x0 = 50 + 20t within 55 ± 2 and x2 allow more
    p = (Box(absolute=2.0) & line).at(flat([55.0, 40.0, 5.0], [[0.5] * 3], 50)).sample(20_000, 1)
    along = (p[:, 0] - 50) / 20
    assert along.min() >= 0.2 - 1e-9 and along.max() <= 0.3 + 1e-9
    assert along.mean() == pytest.approx(0.25, abs=0.001) and along.var() == pytest.approx(
        0.01 / 12, rel=0.04
    )


def test_ten_indicators_in_order_within_a_band():
    """The ten of a real scheme, five of them alike, in the order that they have: nothing crashes,
    draws lie inside, and the mean of the middle agrees with a walk that shares nothing with the
    exact method."""
    points = [20.0, 15.0, 15.0, 10.0, 8.0, 8.0, 8.0, 8.0, 5.0, 3.0]
    ids = [f"x{j}" for j in range(10)]
    shares = np.random.default_rng(0).random((6, 10))
    result = flat(points, shares, 50)
    region = RankOrder(ids) & Box(relative=0.25)
    ranks = qt.robustness.rank_range(result, region, draws=60).table
    assert (
        ranks["drawn_best"].notna().all()
        and (ranks["best"] <= ranks["drawn_best"]).all()
        and (ranks["worst"] >= ranks["drawn_worst"]).all()
    )
    s = qt.simulation.simulate(result, region, draws=8000)
    assert (s.rank_quantiles["best"] >= ranks["best"]).all() and (
        s.rank_quantiles["worst"] <= ranks["worst"]
    ).all()
    assert "不作近似" in s.sampling.zh and "exactly" in s.sampling.en and s.independent == 8000
    area = region.at(result)
    p, walked = area.sample(20_000, 5), area.walk.sample(np.random.default_rng(5), 20_000)
    assert area.contains(p).all() and area.contains(walked).all()
    assert p.mean(axis=0) == pytest.approx(walked.mean(axis=0), abs=0.05) and p.std(
        axis=0
    ) == pytest.approx(walked.std(axis=0), rel=0.06)
    equal = flat([10.0] * 10, shares, 50)
    assert (
        qt.robustness.rank_range(equal, region, time_limit=1, draws=60)
        .table["drawn_best"]
        .notna()
        .all()
    )


def test_what_cannot_be_drawn_from_is_refused_with_the_reason_and_ranked_without_draws():
    """Noise is no set; two opposite orders leave one point of equal points, which nothing can be
    drawn around."""
    result = flat(list(POINTS), np.random.default_rng(1).random((4, 4)), 50)
    two = RankOrder(["x0", "x1", "x2", "x3"]) & RankOrder(["x3", "x2", "x1", "x0"])
    for region, word in (
        (Dirichlet(sd=3) & Box(relative=0.2), "distribution"),
        (Box(relative=0.2) & Dirichlet(sd=3), "distribution"),
        (two, "thin"),
    ):
        with pytest.raises(InputError, match=word):
            qt.simulation.simulate(result, region, draws=10)
        table = qt.robustness.rank_range(result, region, draws=20).table
        assert (
            table[["drawn_best", "drawn_worst"]].isna().all(axis=None)
            and (table["best"] <= table["worst"]).all()
        )
    with pytest.raises(InputError, match="common"):
        (RankOrder(["x1", "x0", "x2", "x3"]) & Box(relative=0.1)).at(result)


def test_approximate_draws_are_named_so_and_widen_the_error(monkeypatch):
    result = on_tree()
    region = Levels(0.2, 0.4) & Box(relative=0.3)
    exact = qt.simulation.simulate(result, region, draws=2000)
    monkeypatch.setattr("qtoolkit.regions.intersections.FEWEST", np.inf)
    walked = qt.simulation.simulate(result, region, draws=2000)
    assert walked.independent < 2000 == exact.independent and walked.error(0.5) > exact.error(0.5)
    assert (
        "hit-and-run" in walked.sampling.en
        and "hit-and-run" in walked.sampling.zh
        and "exactly" in exact.sampling.en
    )
    assert qt.simulation.simulate(result, draws=10).sampling is None


def test_regions_in_regions_stay_what_they_are():
    """A box around another adds nothing, an order and the simplex are the order: the draws of one
    alone."""
    result = on_tree()
    for whole, alone in (
        (Box(relative=0.1) & Box(relative=0.3), Box(relative=0.1)),
        (Simplex() & ORDER & ORDER, ORDER),
        (Simplex() & Simplex(), Simplex()),
    ):
        assert (
            whole.at(result).sample(100, 1).tobytes() == alone.at(result).sample(100, 1).tobytes()
        )
    assert isinstance(
        (Levels(0.1) & Levels(0.1)).at(result), MeetArea
    )  # uniform in the points, as every intersection is
    tables = [
        qt.robustness.score_range(result, region).table
        for region in (ORDER & Box(relative=0.3), Box(relative=0.3) & ORDER)
    ]
    pd.testing.assert_frame_equal(*tables)
