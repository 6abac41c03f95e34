"""The engine's verbs against brute force, scipy, closed forms, and assessments one by one."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from qtoolkit.assessment import assess, build
from qtoolkit.engine import core, finish, from_ticks, grade, rank, score, to_ticks
from qtoolkit.inputs.scheme import Scheme
from tests.examples import share
from tests.strategies import frame_of, givens, scheme_of


def moved(points, seed, draws=4):
    """Other points on a grid of a quarter, the sum kept: transfers between pairs of leaves, some
    down to nothing."""
    rng, rows = np.random.default_rng(seed), []
    p = np.array(points, dtype=float)
    for _ in range(draws):
        i, j = rng.permutation(len(p))[:2]
        t = p[i] if rng.random() < 0.2 else math.floor(p[i] * rng.random() * 4) / 4
        p = p.copy()
        p[i], p[j] = p[i] - t, p[j] + t
        rows.append(p)
    return np.array(rows)


@settings(max_examples=share(120))
@given(givens(zero_points=False), st.integers(0, 99))
def test_row_r_of_many_draws_equals_an_assessment_with_those_points(given, seed):
    """Cell by cell: blanks, deductions that do not scale, means of classes, geometric nodes,
    roundings, quotas, vetoes."""
    result = assess(scheme_of(given.scheme), frame_of(given))
    rows = moved(result.points, seed)
    base = score(result.engine, rows)
    published, ranks, grades = (
        finish(result.engine, base),
        rank(result.engine.key(base)),
        grade(result.engine, base),
    )
    for r, points in enumerate(rows):
        scheme = result.scheme.replace(
            points=dict(zip(result.points.index, points.tolist(), strict=True))
        )
        alone = assess(scheme, result.table)
        # products by chunk and by row differ in the last bit
        assert np.abs(base[r] - alone.base).max() <= 1
        assert np.abs(from_ticks(published[r]) - alone.scores).max() < 1.5e-10
        assert ranks[r].tolist() == alone.ranks.tolist()
        assert grades[r].tolist() == alone.grades.cat.codes.tolist()


@settings(max_examples=share(60))
@given(givens(zero_points=False), st.integers(0, 99))
def test_one_unit_scored_alone_has_the_score_that_it_has_among_all(given, seed):
    """By assessing all units anew at each row of points: means of similar units take in the
    others."""
    result = assess(scheme_of(given.scheme), frame_of(given))
    for points in moved(result.points, seed, draws=2):
        scheme = result.scheme.replace(
            points=dict(zip(result.points.index, points.tolist(), strict=True))
        )
        whole = assess(scheme, result.table)
        alone = [
            core.score_unit(result.engine, k, points[None])[0] for k in range(len(result.scores))
        ]
        assert np.abs(np.array(alone) - whole.base).max() <= 1


@settings(max_examples=share(60))
@given(givens(), st.integers(0, 99))
def test_leaves_in_place_of_data(given, seed):
    """Shares given draw by draw score like a table of those shares."""
    result = assess(scheme_of(given.scheme), frame_of(given))
    e, rng = result.engine, np.random.default_rng(seed)
    shares = rng.integers(0, 21, (3, *e.slope.shape)) / 20
    base = score(e, leaves=shares)
    for r in range(3):
        other = core.Engine(
            **{name: getattr(e, name) for name in e.__dataclass_fields__}
            | {"slope": shares[r], "const": np.zeros_like(shares[r]), "means": ()}
        )
        assert np.abs(base[r] - score(other)[0]).max() <= 1
    both = score(e, points=np.broadcast_to(e.points, (3, e.points.size)), leaves=shares)
    assert (both == base).all()


@settings(max_examples=share(60))
@given(givens())
def test_thresholds_are_the_least_scores_that_reach_the_cutoffs(given):
    """Brute force: finish() at every candidate threshold, one tick below it, and on a grid of all
    half points."""
    full = assess(scheme_of(given.scheme), frame_of(given)).engine
    total = int(to_ticks(given.scheme["total"]))
    engine = dataclasses.replace(full, shift=np.zeros_like(full.shift))
    limits = core.thresholds(engine, engine.cutoffs, total * engine.tree.growth)
    cutoffs = [
        [
            g.get("class_cutoffs", {}).get(row["class"], g["cutoff"])
            for g in reversed(given.scheme["grades"][:-1])
        ]
        for row in given.rows
    ]
    for g, cutoff in enumerate(to_ticks(cutoffs).T):
        limit = limits[:, g]
        for base in np.arange(0, total + 1, to_ticks(0.5)):
            reaches = finish(engine, np.full(len(limit), base)) >= cutoff
            assert (reaches == (base >= limit)).all()
        reached = limit < core.UNREACHABLE
        at = np.where(reached, limit, 0)
        assert (finish(engine, at) >= cutoff)[reached].all()
        assert (finish(engine, at - 1) < cutoff)[reached & (at > 0)].all()
    # a veto moves them up by its grades
    for k, lower in enumerate(full.shift if full.veto_first else engine.shift):
        moved_up = [*limits[k, lower:], *[core.UNREACHABLE] * int(lower)][: limits.shape[1]]
        assert full.thresholds[k].tolist() == moved_up


@pytest.mark.parametrize("decimals", [0, 1, 2])
@pytest.mark.parametrize("mode", ["half_up", "floor"])
@pytest.mark.parametrize("cutoff", [90.0, 89.75, 60.333])
def test_effective_cutoffs_in_closed_form(decimals, mode, cutoff):
    """METHODS.md 2: u·(⌈c/u⌉ − ½) for half up and u·⌈c/u⌉ for floor, in steps of u."""
    leaf = {"id": "x", "name": "x", "points": 100.0, "rule": {"kind": "share"}}
    grades = [{"id": "A", "cutoff": cutoff}, {"id": "B", "cutoff": 0.0}]
    scheme = {"id": "s", "name": "s", "total": 100.0, "indicators": [leaf], "grades": grades}
    rounding = {"total": {"decimals": decimals, "mode": mode}}
    engine = assess(
        scheme_of(scheme | {"rounding": rounding}), pd.DataFrame({"x": [0.5]}, index=["u"])
    ).engine
    u = 10.0**-decimals
    steps = math.ceil(round(cutoff / u, 9))
    assert from_ticks(engine.thresholds[0, 0]) == pytest.approx(
        u * (steps - (0.5 if mode == "half_up" else 0)), abs=1e-12
    )


@given(
    st.lists(st.lists(st.integers(-5, 5), min_size=4, max_size=4), min_size=1, max_size=5),
    st.booleans(),
)
def test_ranks_equal_scipy(keys, wide):
    keys = np.array(keys, np.int64) * (2**60 if wide else 1)
    if wide:
        keys = np.sign(keys) * 2**60 + keys // 2**60  # too wide for one packed sort
    assert (
        rank(keys).tolist()
        == rankdata(-keys.astype(object) if wide else -keys, method="min", axis=-1).tolist()
    )


def test_ranks_of_many_units_with_ties_equal_scipy():
    keys = np.random.default_rng(4).integers(0, 500, (3, 2844)) * 10**8
    assert (rank(keys) == rankdata(-keys, method="min", axis=-1)).all()
    assert rank(np.array([5, 5, 4, 1])).tolist() == [1, 1, 3, 4]


def test_ranks_with_a_tolerance_join_neighbours():
    """By hand: 100 and 98 are joined at tolerance 2, 95 is 3 below and starts anew."""
    assert rank(np.array([95, 100, 98]), tol=2).tolist() == [3, 1, 1]
    assert rank(np.array([95, 100, 98]), tol=1).tolist() == [3, 1, 2]


def test_the_order_of_units_changes_nothing():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        rng.integers(0, 11, (20, 3)) / 10, columns=list("abc"), index=[f"u{k}" for k in range(20)]
    )
    scheme = Scheme.flat({"a": 50, "b": 30, "c": 20}, {"A": 70, "B": 40, "C": 0})
    one, other = assess(scheme, frame), assess(scheme, frame.sample(frac=1, random_state=1))
    pd.testing.assert_series_equal(one.ranks, other.ranks[one.ranks.index])
    pd.testing.assert_series_equal(one.grades, other.grades[one.grades.index])


def test_a_chunked_score_equals_one_in_a_piece(monkeypatch):
    rng = np.random.default_rng(6)
    scheme = Scheme.flat({"a": 50, "b": 50}, {"A": 70, "B": 0}).model_copy(
        update={"aggregation": "geometric"}
    )
    result = assess(
        scheme,
        pd.DataFrame(rng.random((7, 2)), columns=list("ab"), index=[f"u{k}" for k in range(7)]),
    )
    points = rng.dirichlet([1, 1], 50) * 100
    whole = score(result.engine, points)
    monkeypatch.setattr(core, "CELLS_AT_ONCE", 30)
    assert (score(result.engine, points) == whole).all()


def test_geometric_means_in_closed_form():
    """√(.4 · .9) = .6; a share of 0 gives 0 unless it carries no points; a blank leaves the other
    share."""
    leaves = [{"id": i, "name": i, "points": 50.0, "rule": {"kind": "share"}} for i in "ab"]
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "aggregation": "geometric",
    }
    scheme |= {"grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}]}
    scheme |= {"missing": {"blank": "not_applicable", "not_applicable": "renormalise"}}
    frame = pd.DataFrame(
        {"a": [0.4, 0.0, None], "b": [0.9, 0.9, 0.9]}, index=["u", "v", "w"], dtype=object
    )
    result = assess(scheme_of(scheme), frame)
    assert result.scores.tolist() == [60.0, 0.0, 90.0] and result.grades.tolist() == ["A", "B", "A"]
    assert from_ticks(score(result.engine, np.array([[0.0, 100.0]])))[0].tolist() == [
        90.0,
        90.0,
        90.0,
    ]


def test_rounding_of_a_leaf_may_lift_the_total():
    """Six leaves of 100/6 points, each rounded half up to 16.67, sum to 100.02; less .02 that is
    still an A at 100."""
    points = [round(100 / 6, 9)] * 5
    leaves = [
        {"id": f"x{j}", "name": "x", "points": p, "rule": {"kind": "share"}}
        for j, p in enumerate([*points, 100 - sum(points)])
    ]
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "rounding": {"leaf": {"decimals": 2}},
    }
    scheme |= {"grades": [{"id": "A", "cutoff": 100.0}, {"id": "B", "cutoff": 0.0}]}
    scheme |= {"bonuses": [{"id": "late", "name": "l", "kind": "deduction", "max": 1.0}]}
    frame = pd.DataFrame(
        {f"x{j}": [1.0, 1.0] for j in range(6)} | {"bonus:late": [0.02, 0.03]}, index=["u", "v"]
    )
    result = assess(scheme_of(scheme), frame)
    assert result.scores.tolist() == [100.0, 99.99] and result.grades.tolist() == ["A", "B"]


def test_build_gives_what_assess_uses():
    scheme, frame = (
        Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}),
        pd.DataFrame({"a": [1.0], "b": [0.8]}, index=["u"]),
    )
    result = assess(scheme, frame)
    again = build(scheme, result.table)
    assert (again.slope == result.engine.slope).all() and (
        again.thresholds == result.engine.thresholds
    ).all()
