"""The linear form and the outer bounds against scores at many points of the region, over all
features together."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.assessment import assess
from qtoolkit.engine import affine, bounds, score
from qtoolkit.inputs.scheme import Scheme
from tests.examples import share
from tests.strategies import frame_of, givens, scheme_of


def region(points, rho, seed, count=60):
    """Random points of the box with the sum kept, many at its edges: transfers between pairs, as
    far as they go."""
    rng, found = np.random.default_rng(seed), [np.array(points, dtype=float)]
    lo, hi = points * (1 - rho), points * (1 + rho)
    while len(found) < count:
        p = found[rng.integers(len(found))].copy()
        i, j = rng.permutation(len(p))[:2]
        t = max(min(p[i] - lo[i], hi[j] - p[j]), 0) * rng.choice([1.0, 1.0, rng.uniform()])
        p[i], p[j] = max(p[i] - t, lo[i]), min(p[j] + t, hi[j])
        found.append(p)
    return np.array(found)


@settings(max_examples=share(250))
@given(givens(quotas=False), st.sampled_from([0.0, 0.05, 0.3, 0.7, 1.0]), st.integers(0, 9))
def test_no_point_of_the_region_leaves_the_bounds_and_the_linear_form_holds(given, rho, seed):
    result = assess(scheme_of(given.scheme), frame_of(given))
    points = result.points.to_numpy()
    lo, hi = points * (1 - rho), points * (1 + rho)
    inside = region(points, rho, seed)
    scores = score(result.engine, inside) / 1e10
    low, high = bounds(result.engine, lo, hi, float(points.sum()))
    assert (scores >= low - 1e-9).all() and (scores <= high + 1e-9).all()
    A, b, exact, why = affine(result.engine, lo, hi)
    linear = inside @ A.T + b
    assert np.abs(scores - linear)[:, exact].max(initial=0) < 1e-9
    assert ((why == "") == exact).all()


@pytest.mark.parametrize("rho", [0.0, 0.1, 0.5])
def test_a_plain_weighted_sum_is_linear_and_its_bounds_are_attained(rho):
    """By hand: 50·1 + 50·0.4 = 70, and a share ρ of one leaf's 50 points moved to the other changes
    it by 50·ρ·0.6."""
    result = assess(
        Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), pd.DataFrame({"a": [1.0], "b": [0.4]})
    )
    points = result.points.to_numpy()
    low, high = bounds(result.engine, points * (1 - rho), points * (1 + rho), 100.0)
    assert low[0] == pytest.approx(70 - 30 * rho) and high[0] == pytest.approx(70 + 30 * rho)
    A, b, exact, _ = affine(result.engine, points * (1 - rho), points * (1 + rho))
    assert A.tolist() == [[1.0, 0.4]] and b.tolist() == [0.0] and exact.all()


@pytest.mark.parametrize(
    ("lost", "rho", "expected"),
    [
        (1.0, 0.5, "exact"),
        (2.0, 0.5, "exact"),
        (2.5, 0.5, "cut"),
        (6.0, 0.5, "exact"),
        (5.0, 0.5, "cut"),
    ],
)
def test_a_deduction_that_does_not_scale_is_exact_until_it_reaches_zero(lost, rho, expected):
    """A leaf of 4 points less x: linear while 4(1 − ρ) ≥ x, zero throughout once 4(1 + ρ) ≤ x."""
    leaves = [
        {
            "id": "a",
            "name": "a",
            "points": 4.0,
            "rule": {"kind": "deduct", "rate": 1.0},
            "scales": False,
        },
        {"id": "b", "name": "b", "points": 6.0, "rule": {"kind": "share"}},
    ]
    scheme = {
        "id": "s",
        "name": "s",
        "total": 10.0,
        "indicators": leaves,
        "grades": [{"id": "A", "cutoff": 0.0}],
    }
    result = assess(scheme_of(scheme), pd.DataFrame({"a": [lost], "b": [0.5]}, index=["u"]))
    _, _, exact, why = affine(
        result.engine, result.points.to_numpy() * (1 - rho), result.points.to_numpy() * (1 + rho)
    )
    assert (why[0] or "exact") == expected and exact[0] == (expected == "exact")


def class_mean():
    """Two peers lost 1 and 3 of 4 points, not scaling; the third takes their mean."""
    leaves = [
        {
            "id": "a",
            "name": "a",
            "points": 4.0,
            "rule": {"kind": "deduct", "rate": 1.0},
            "scales": False,
        },
        {"id": "b", "name": "b", "points": 6.0, "rule": {"kind": "share"}},
    ]
    missing = {"blank": "not_reported", "not_reported": "group_mean"}
    scheme = {"id": "s", "name": "s", "total": 10.0, "indicators": leaves, "missing": missing}
    scheme |= {"grades": [{"id": "A", "cutoff": 0.0}]}
    return assess(
        scheme_of(scheme),
        pd.DataFrame({"a": [1, 3, None], "b": [0.0] * 3}, index=list("uvw"), dtype=object),
    )


def test_a_class_mean_is_linear_until_one_of_its_peers_reaches_zero():
    """The peer that lost 3 of 4 reaches zero once 4(1 − ρ) < 3; the unit's own box counts, not the
    box of its peers."""
    result = class_mean()
    points = result.points.to_numpy()
    for rho, exact in ((0.25, [True, True, True]), (0.26, [True, False, False])):
        A, b, found, _ = affine(result.engine, points * (1 - rho), points * (1 + rho))
        assert found.tolist() == exact
    assert A[0].tolist() == [1.0, 0.0] and b[0] == -1.0
    wide = np.array([[0.0], [0.0], [0.5]])
    A, b, found, why = affine(result.engine, points * (1 - wide), points * (1 + wide))
    assert found.tolist() == [True, True, False] and why[2] == "cut"
    A, b, found, _ = affine(result.engine, points * (1 - wide[::-1]), points * (1 + wide[::-1]))
    assert found[2] and (A[2].tolist(), b[2]) == ([1.0, 0.0], -2.0)


def test_bounds_where_nothing_with_points_is_scored():
    """The only scored leaf has no points: the score is 0. With points that may vanish, 0 is among
    the possible scores."""
    leaves = [
        {"id": i, "name": i, "points": p, "rule": {"kind": "share"}}
        for i, p in (("a", 0.0), ("b", 10.0))
    ]
    missing = {"blank": "not_applicable", "not_applicable": "renormalise"}
    scheme = {
        "id": "s",
        "name": "s",
        "total": 10.0,
        "missing": missing,
        "grades": [{"id": "A", "cutoff": 0.0}],
    }
    frame = pd.DataFrame({"a": [0.5], "b": [None]}, index=["u"], dtype=object)
    result = assess(scheme_of(scheme | {"indicators": leaves}), frame)
    points = result.points.to_numpy()
    low, high = bounds(result.engine, points, points, 10.0)
    assert result.scores.tolist() == [0.0] and (low[0], high[0]) == (0.0, 0.0)
    leaves = [leaf | {"points": 5.0} for leaf in leaves]
    result = assess(scheme_of(scheme | {"indicators": leaves}), frame)
    low, high = bounds(result.engine, np.zeros(2), np.full(2, 10.0), 10.0)
    assert (low[0], high[0]) == (0.0, 5.0) and score(result.engine, np.array([[0.0, 10.0]]))[
        0, 0
    ] == 0
