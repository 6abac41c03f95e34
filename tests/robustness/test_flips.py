"""Cheapest flips against an LP and against all whole-point allocations; transfers, intervals,
shifts and new indicators."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import qtoolkit as qt
from qtoolkit.engine import bracket, from_ticks, grade, ratio_extreme, ratio_lines, score
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.regions import Box, Levels
from tests.examples import share
from tests.regions.test_written import levels_by_hand, on_tree
from tests.robustness.lp import box, extreme, flat, linear_cases
from tests.robustness.test_ranges import region_points
from tests.strategies import frame_of, givens, scheme_of

R = qt.robustness


def fewest(share, points, need, sign, region=None):
    """The LP: fewest points moved (Σ u, u ≥ p − nominal) such that sign·(share·p − nominal score) ≥
    need; ∞ if none do."""
    d, points = len(points), np.array(points, float)
    region = region or {
        "A_ub": np.empty((0, d)),
        "b_ub": [],
        "bounds": np.array([[0, points.sum()]] * d),
    }
    A = [
        np.concatenate([np.eye(d), -np.eye(d)], axis=1),
        np.append(-sign * np.array(share), np.zeros(d))[None],
    ]
    A += [
        np.concatenate(
            [np.reshape(region["A_ub"], (-1, d)), np.zeros((len(region["A_ub"]), d))], axis=1
        )
    ]
    b = np.concatenate([points, [-(sign * np.dot(share, points) + need)], region["b_ub"]])
    bounds = [*map(tuple, region["bounds"]), *[(0, None)] * d]
    keep = np.append(np.ones(d), np.zeros(d))[None]
    done = linprog(
        np.append(np.zeros(d), np.ones(d)),
        np.concatenate(A),
        b,
        keep,
        [points.sum()],
        bounds,
        method="highs",
    )
    return done.fun if done.status == 0 else np.inf


@settings(max_examples=share(150))
@given(linear_cases())
def test_the_cheapest_flip_is_the_lp_s(case):
    points, shares, cutoff, _ = case
    result = flat(points, shares, cutoff)
    found = R.cheapest_flip(result)
    for k, (unit, row) in enumerate(found.table.iterrows()):
        gap = cutoff - np.dot(shares[k], points)
        up = from_ticks(result.base.iloc[k]) < cutoff
        expected = fewest(shares[k], points, gap if up else -gap + 1e-6, 1 if up else -1)
        assert row["status"] == "exact" and row["at_least"] == row["points_moved"]
        # a share of .1 and the solver's 1e-6
        assert row["points_moved"] == pytest.approx(expected, abs=2e-5)
        witness = found.witness(unit, "flip")
        assert (witness is None) == np.isinf(row["points_moved"])
        if witness is not None:
            moved = qt.assess(result.scheme.replace(points=witness.to_dict()), result.table)
            assert moved.grades.iloc[k] == row["towards"] != row["grade"]
            assert np.maximum(witness - points, 0).sum() == pytest.approx(row["points_moved"])


def allocations(total, parts):
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in allocations(total - first, parts - 1):
            yield (first, *rest)


@settings(max_examples=share(80))
@given(st.data())
def test_whole_points_equal_all_allocations(data):
    """Every way to share out the total in whole points, also with deductions that do not scale and
    can reach zero."""
    d = data.draw(st.integers(1, 4))
    points = [data.draw(st.integers(0, 5)) for _ in range(d)]
    if sum(points) == 0:
        points[0] = 3
    shares = [data.draw(st.integers(0, 10)) / 10 for _ in range(d)]
    deducted = [data.draw(st.sampled_from([None, None, 0.5, 2.0, 4.5])) for _ in range(d)]
    cutoff = data.draw(st.integers(1, 9)) / 10 * sum(points)
    leaves = [
        {"id": f"x{j}", "name": f"x{j}", "points": float(p), "scales": c is None}
        | {"rule": {"kind": "share"} if c is None else {"kind": "deduct", "rate": 1.0, "per": 1.0}}
        for j, (p, c) in enumerate(zip(points, deducted, strict=True))
    ]
    scheme = {"id": "w", "name": "w", "total": float(sum(points)), "indicators": leaves}
    scheme |= {"grades": [{"id": "A", "cutoff": cutoff}, {"id": "B", "cutoff": 0.0}]}
    values = {
        f"x{j}": [x if c is None else c]
        for j, (x, c) in enumerate(zip(shares, deducted, strict=True))
    }
    result = qt.assess(validate(Scheme, scheme, None), pd.DataFrame(values, index=["u"]))
    row = R.cheapest_flip(result, step=1).table.iloc[0]

    def points_of(p):
        return sum(
            x * q if c is None else max(q - c, 0.0)
            for q, x, c in zip(p, shares, deducted, strict=True)
        )

    above = round(points_of(points), 9) >= round(cutoff, 9)
    costs = [
        sum(max(q - p, 0) for q, p in zip(new, points, strict=True))
        for new in allocations(sum(points), d)
        if (round(points_of(new), 9) >= round(cutoff, 9)) != above
    ]
    expected = min(costs, default=np.inf)
    assert row["points_moved"] >= expected and row["at_least"] <= expected
    if row["status"] == "exact":
        assert row["points_moved"] == expected


def test_most_flips_with_deductions_are_exact():
    """A deduction that does not scale is one slope of 1: raising gives to it, lowering takes from
    it."""
    leaves = [
        {"id": "a", "name": "a", "points": 40.0, "rule": {"kind": "share"}},
        {
            "id": "b",
            "name": "b",
            "points": 60.0,
            "rule": {"kind": "deduct", "rate": 1.0, "per": 1.0},
            "scales": False,
        },
    ]
    scheme = {"id": "w", "name": "w", "total": 100.0, "indicators": leaves}
    scheme |= {"grades": [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 0.0}]}
    result = qt.assess(
        validate(Scheme, scheme, None), pd.DataFrame({"a": [0.75], "b": [4.0]}, index=["u"])
    )
    # 30 + 56 = 86; each point from a to b gains .25: 16 points
    row = R.cheapest_flip(result).table.iloc[0]
    assert (row["points_moved"], row["status"]) == (pytest.approx(16), "exact")
    assert (
        row["recipe"].zh == "从“a”调16分到“b”" and row["recipe"].en == "moving 16 from “a” to “b”"
    )


@settings(max_examples=share(40))
@given(
    st.lists(st.integers(0, 10), min_size=4, max_size=4),
    st.sampled_from([0.0, 0.1, 0.3]),
    st.integers(40, 90),
)
def test_flips_inside_a_region_are_the_lp_s(tenths, first, cutoff):
    tree = on_tree()
    frame = pd.DataFrame({i: [x / 10] for i, x in zip("abcd", tenths, strict=True)}, index=["u"])
    result = qt.assess(tree.scheme.replace(cutoffs={"A": float(cutoff)}), frame)
    row = R.cheapest_flip(result, region=Levels(first, 0.25)).table.iloc[0]
    points = [30.0, 10.0, 25.0, 35.0]
    gap = cutoff - np.dot(tenths, points) / 10
    up = gap > 1e-9
    expected = fewest(
        np.array(tenths) / 10,
        points,
        (gap if up else -gap) + 1e-6,
        1 if up else -1,
        levels_by_hand(first, 0.25),
    )
    assert row["points_moved"] == pytest.approx(expected, abs=1e-5)


def test_a_vetoed_grade_that_no_points_change_is_exact_even_where_the_score_bends():
    leaves = [{"id": i, "name": i, "points": 50.0, "rule": {"kind": "share"}} for i in "ab"]
    scheme = {
        "id": "v",
        "name": "v",
        "total": 100.0,
        "vetoes": [{"id": "v", "name": "v", "cap": "D"}],
        "aggregation": "geometric",
    }
    scheme |= {
        "indicators": leaves,
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "D", "cutoff": 0.0}],
    }
    frame = pd.DataFrame({"a": [0.9], "b": [0.8], "veto:v": ["是"]}, index=["u"])
    row = R.cheapest_flip(qt.assess(validate(Scheme, scheme, None), frame)).table.iloc[0]
    assert (row["points_moved"], row["at_least"], row["status"]) == (np.inf, np.inf, "exact")


def test_flips_say_what_they_cannot_do():
    result = flat([60.0, 40.0], [[1.0, 0.8], [0.9, 0.9]], 85)
    table = R.cheapest_flip(result).table
    # equal shares: nothing moves it
    assert table.loc["u1", "points_moved"] == np.inf and table.loc["u1", "recipe"] is None
    assert R.cheapest_flip(flat([60.0, 0.0], [[0.5, 1.0]], 50), zero_points=False).table[
        "points_moved"
    ].tolist() == [np.inf]
    assert R.cheapest_flip(flat([60.0, 0.0], [[0.5, 1.0]], 50)).table[
        "points_moved"
    ].tolist() == pytest.approx([40])
    for wrong in (
        {"step": 0},
        {"step": -1.0},
        {"step": float("nan")},
        {"step": 1, "region": Box(relative=0.1)},
    ):
        with pytest.raises(InputError):
            R.cheapest_flip(result, **wrong)


@settings(max_examples=share(60))
@given(givens(), st.sampled_from([None, 0.5]))
def test_every_flip_flips_and_no_fewer_points_do_whatever_the_scheme(given, step):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    found = R.cheapest_flip(result, step=step)
    codes = result.grades.cat.codes.to_numpy()
    points = result.points.to_numpy()
    rng = np.random.default_rng(0)
    tried = points + rng.normal(size=(200, points.size)) * points.mean() * rng.random((200, 1))
    tried = np.maximum(tried, 1e-12)
    tried *= points.sum() / tried.sum(axis=1, keepdims=True)
    moved, grades = (
        np.maximum(tried - points, 0).sum(axis=1),
        grade(result.engine, score(result.engine, tried)),
    )
    for k, (unit, row) in enumerate(found.table.iterrows()):
        witness = found.witness(unit, "flip")
        if witness is not None:
            assert witness.sum() == pytest.approx(points.sum()) and (witness >= 0).all()
            assert grade(result.engine, score(result.engine, witness.to_numpy()))[0, k] != codes[k]
        cheaper = moved < row["at_least"] - 1e-6
        assert (grades[cheaper, k] == codes[k]).all()


@settings(max_examples=share(80))
@given(linear_cases(most=5, units=4))
def test_the_transfer_map_and_the_intervals_are_where_the_first_grade_changes(case):
    points, shares, cutoff, _ = case
    result = flat(points, shares, cutoff)
    codes, d, points = result.grades.cat.codes.to_numpy(), len(points), np.array(points)

    def changed(p):
        return (grade(result.engine, score(result.engine, np.maximum(p, 0)))[0] != codes).any()

    found = R.transfer_map(result)
    assert found.exact.all().all() and found.left_out == ()
    for i, j in itertools.permutations(range(d), 2):
        t, v = found.table.iloc[i, j], np.eye(d)[j] - np.eye(d)[i]
        edge = min(t, points[i])
        for part in (0.3, 0.7, 1 - 1e-6):
            assert edge < 1e-6 or not changed(points + part * edge * v)
        if np.isfinite(t):
            assert (
                changed(points + min(t * (1 + 1e-9) + 1e-8, points[i]) * v) or points[i] - t < 1e-8
            )
            assert found.unit.iloc[i, j] in result.scores.index
    table = R.stability_intervals(result)
    for j, (_, row) in enumerate(table.iterrows()):
        others = points.sum() - points[j]
        if others == 0:
            assert row["status"] == "undefined"
            continue
        v = np.where(np.arange(d) == j, 1.0, -points / others)
        for end in ("low", "high"):
            t = row[end] - points[j]
            for part in (0.3, 0.7, 1 - 1e-6):
                assert abs(t) < 1e-6 or not changed(points + part * t * v)
            if not pd.isna(row[f"unit_{end}"]) and 1e-6 < row[end] < points.sum() - 1e-6:
                assert changed(
                    points + (t + np.sign(t if t else (-1 if end == "low" else 1)) * 1e-7) * v
                )
            order, t = result.base.rank(method="min"), row[f"rank_{end}"] - points[j]
            assert abs(t) < 1e-6 or (
                pd.Series(score(result.engine, points + 0.999999 * t * v)[0])
                .rank(method="min")
                .tolist()
                == order.tolist()
            )


def shares_of_points(points, shares, grades, **more):
    """An assessment of plain shares with whatever the scheme adds."""
    leaves = [
        {"id": f"x{j}", "name": f"x{j}", "points": float(p), "rule": {"kind": "share"}}
        for j, p in enumerate(points)
    ]
    scheme = {
        "id": "s",
        "name": "s",
        "total": float(sum(points)),
        "indicators": leaves,
        "grades": grades,
    } | more
    units = [f"u{k}" for k in range(len(shares))]
    frame = pd.DataFrame(
        np.array(shares, dtype=object), units, [f"x{j}" for j in range(len(points))]
    )
    return qt.assess(validate(Scheme, scheme, None), frame)


def test_a_unit_whose_next_grade_is_full_stays_where_it_is():
    """u0 has 90 and the one A; u1 has 80 + .2·t after t points from x0 to x1: it reaches 85 at 25
    and stays a B. u2 has 70 − .2·t: it falls below 65 at 25 and becomes a C, quota or not."""
    grades = [
        {"id": "A", "cutoff": 85.0, "quota": 1},
        {"id": "B", "cutoff": 65.0},
        {"id": "C", "cutoff": 0.0},
    ]
    result = shares_of_points([50, 50], [[0.9, 0.9], [0.7, 0.9], [0.8, 0.6]], grades)
    found = R.transfer_map(result)
    assert (found.table.loc["x0", "x1"], found.unit.loc["x0", "x1"]) == (pytest.approx(25), "u2")
    assert found.left_out == () and found.exact.all(axis=None)
    moved = result.what_if(points={"x0": 24.0, "x1": 76.0})
    assert moved.grades.tolist() == ["A", "B", "C"] and moved.scores["u1"] > 85
    row = R.stability_intervals(result).loc["x1"]
    assert (row["high"], row["unit_high"], row["left_out"]) == (pytest.approx(75), "u2", "")


def test_a_unit_that_gets_the_free_place_of_its_next_grade_is_named():
    """As above with two places: u1 becomes an A at 25 points, and comes before u2 in the order of
    units."""
    grades = [
        {"id": "A", "cutoff": 85.0, "quota": 2},
        {"id": "B", "cutoff": 65.0},
        {"id": "C", "cutoff": 0.0},
    ]
    found = R.transfer_map(shares_of_points([50, 50], [[0.9, 0.9], [0.7, 0.9], [0.8, 0.6]], grades))
    assert found.unit.loc["x0", "x1"] == "u1" and found.left_out == ()


def test_a_lower_cutoff_without_a_place_changes_nothing():
    """Scores 90, 80, 70; one A: wherever above 0 its line goes, u0 alone has it. Above 90 it has
    none."""
    grades = [{"id": "A", "cutoff": 85.0, "quota": 1}, {"id": "B", "cutoff": 0.0}]
    result = shares_of_points([100], [[0.9], [0.8], [0.7]], grades)
    row = R.cutoff_intervals(result).loc["A"]
    assert (
        row[["low", "high", "unit_high"]].tolist() == [-np.inf, 90, "u0"]
        and row["unit_low"] is None
    )
    assert result.what_if(cutoffs={"A": 60}).grades.equals(result.grades)


def test_moving_all_of_an_indicator_s_points_can_be_the_first_change():
    """x0 has 3 points at .7, x1 7 at 1: 9.1 points, and 10 with all of x0's moved; (10 − 9.1)/.3 is
    3 but for float error."""
    for p, x in ((3, 0.7), (7, 0.1), (6, 0.3), (1, 0.9)):
        result = flat([float(p), 10.0 - p], [[x, 1.0]], 10)
        found = R.transfer_map(result)
        assert (found.table.loc["x0", "x1"], found.unit.loc["x0", "x1"]) == (
            pytest.approx(p, abs=1e-9),
            "u0",
        )
        assert found.exact.loc["x0", "x1"] and found.table.loc["x0", "x1"] <= p
    result = flat([3.0, 7.0], [[0.7, 0.4]], 4)  # down to 4.0 exactly, the closed end
    assert R.transfer_map(result).table.loc["x0", "x1"] == np.inf


def test_a_group_whose_last_live_points_go_scores_nothing():
    """x1 has no value: node N (x0 and x1) scores x0's share of its points, until x0 has none and
    nothing is left to share out. 10·.6 + 10·1 = 16; at the very end 10 points of x1 are worth 0."""
    leaves = [
        {"id": i, "name": i, "points": p, "rule": {"kind": "share"}}
        for i, p in (("x0", 4.0), ("x1", 6.0), ("x2", 10.0))
    ]
    scheme = {
        "id": "s",
        "name": "s",
        "total": 20.0,
        "indicators": [{"id": "N", "name": "N", "children": leaves[:2]}, leaves[2]],
    }
    scheme |= {"missing": {"blank": "not_applicable", "not_applicable": "renormalise"}}
    scheme |= {"grades": [{"id": "A", "cutoff": 15.0}, {"id": "B", "cutoff": 0.0}]}
    frame = pd.DataFrame({"x0": [0.6], "x1": [None], "x2": [1.0]}, index=["u"], dtype=object)
    result = qt.assess(validate(Scheme, scheme, None), frame)
    assert result.what_if(points={"x0": 0.0, "x1": 10.0}).grades.tolist() == ["B"]
    assert result.what_if(points={"x0": 1e-6, "x1": 10.0 - 1e-6}).grades.tolist() == ["A"]
    found = R.transfer_map(result)
    assert found.table.loc["x0", "x1"] == 4.0 and found.exact.loc["x0", "x1"]


def test_of_two_that_change_together_the_first_in_order_is_named():
    """Both reach the line after 1 of 10 points; .1 + .2 and .3 differ in the last bit."""
    for shares in ([[0.3, 0.8], [0.1 + 0.2, 0.8]], [[0.1 + 0.2, 0.8], [0.3, 0.8]]):
        result = flat([5.0, 5.0], shares, 6)
        assert R.transfer_map(result).unit.loc["x0", "x1"] == "u0"
        assert R.stability_intervals(result).loc["x1", "unit_high"] == "u0"


def test_a_flip_that_takes_all_points_is_found_whatever_the_last_tick():
    """Full marks need all 18 other points in x0. The present score, 4 + 7/2 + 4·(7/12) + 7/4, is no
    whole tick."""
    result = flat([4.0, 7.0, 4.0, 7.0], [[1.0, 0.5, 7 / 12, 0.25]], 22)
    row = R.cheapest_flip(result).table.iloc[0]
    assert (row["points_moved"], row["status"]) == (pytest.approx(18), "exact")
    assert R.cheapest_flip(result, step=1).table["points_moved"].tolist() == [18]


@pytest.mark.parametrize(
    "points, shares, cutoff, moved",
    [
        ([10.0, 90.0], [1.0, 0.5], 55.5, 1.0),  # 55 + .5 a point: exactly at the edge of the region
        ([10.0, 90.0], [0.5, 1.0], 95.5, 1.0),
        ([30.0, 70.0], [0.9, 0.6], 69.3, 1.0),
        ([20.0, 30.0, 50.0], [0.2, 1.0, 0.6], 64.8, 1.0),
    ],
)
def test_a_cutoff_met_at_the_edge_of_a_region_is_a_flip(points, shares, cutoff, moved):
    result = flat(points, [shares], cutoff)
    row = R.cheapest_flip(result, region=Box(absolute=1)).table.iloc[0]
    assert (row["points_moved"], row["towards"], row["status"]) == (
        pytest.approx(moved, abs=1e-9),
        "A",
        "exact",
    )
    short = R.cheapest_flip(result, region=Box(absolute=0.999)).table.iloc[0]
    assert (short["points_moved"], short["status"]) == (np.inf, "exact")
    below = sum(p * x for p, x in zip(points, shares, strict=True)) - 1
    end = flat(points, [shares], below)  # down past a closed end
    assert R.cheapest_flip(end, region=Box(absolute=1)).table["status"].tolist() == ["exact"]


def test_a_single_weight_by_hand():
    """60·1 + 40·.8 = 92; the score is 80 + .2·a: 90 at a = 50; above, it only rises."""
    row = R.stability_intervals(flat([60.0, 40.0], [[1.0, 0.8]], 90)).loc["x0"]
    assert row[["low", "high", "unit_low"]].tolist() == [50, 100, "u0"] and pd.isna(
        row["unit_high"]
    )


def test_cutoffs_alone():
    result = flat([60.0, 40.0], [[1.0, 0.8], [0.9, 0.9], [0.5, 0.5]], {"A": 90, "B": 60, "C": 0})
    table = R.cutoff_intervals(result)  # scores 92, 90, 50
    # at 60 it meets B
    assert table.loc["A", ["low", "high", "unit_high"]].tolist() == [60, 90, "u1"]
    # at 90 it meets A
    assert table.loc["B", ["low", "high", "unit_low"]].tolist() == [50, 90, "u2"]
    assert table.loc["A", "unit_low"] is None and table.loc["B", "unit_high"] is None
    for cutoff, same in ((90.0, True), (90.5, False), (60.5, True)):
        assert (result.what_if(cutoffs={"A": cutoff}).grades == result.grades).all() == same


@settings(max_examples=share(80))
@given(linear_cases(), st.sampled_from([0.0, 0.3, 1.0, 2.5]))
def test_a_shift_of_cutoffs_joins_in_as_one_straight_line(case, shift):
    """ρ·h + τ ≤ margin: at the tolerance the LP's extreme lies exactly τ nearer to the cutoff."""
    points, shares, cutoff, _ = case
    result = flat(points, shares, cutoff)
    for k, (_, row) in enumerate(R.tolerance(result, shift=shift).table.iterrows()):
        up = row["grade"] == "B"
        end, sign = cutoff + (-shift if up else shift), -1 if up else 1
        at_zero = sign * (np.dot(shares[k], points) - end)
        if row["status"] == "none":
            assert at_zero < 1e-9 and np.isnan(row["tolerance"])
        elif row["status"] == "exact" and np.isfinite(row["tolerance"]):
            value, _ = extreme(shares[k], box(points, row["tolerance"]), sign)
            assert value == pytest.approx(end, abs=1e-8)
        else:
            value, _ = extreme(shares[k], box(points, 1.0), sign)
            assert sign * (value - end) >= -1e-8


def test_with_coarse_rounding_cutoffs_move_in_whole_steps():
    """Whole points: 89.5 and above is an A. A shift of .4 makes the cutoff 90.4, that is 91 after
    rounding: 90.5."""
    scheme = qt.Scheme.flat({"a": 60.0, "b": 40.0}, {"A": 90, "B": 0}).model_dump() | {
        "rounding": {"total": {"decimals": 0}}
    }
    result = qt.assess(
        qt.Scheme.model_validate(scheme), pd.DataFrame({"a": [1.0], "b": [0.8]}, index=["u"])
    )
    margins = [
        R.tolerance(result, shift=s).table["margin_down"].iloc[0] for s in (0, 0.4, 1, 1.4, 2)
    ]
    assert margins == pytest.approx([2.5, 1.5, 1.5, 0.5, 0.5])  # score 92
    counts = R.tolerance_map(result, [0, 0.1, 0.5], [0, 2, 3])
    # h = 4.8·2 = 9.6 a unit of ρ… see next line
    assert counts.to_numpy().tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert R.tolerance(result).table["leverage"].iloc[0] == pytest.approx(8)


NEW = {
    "id": "n",
    "name": "n",
    "total": 100.0,
    "missing": {"new": "full"},
    "indicators": [
        {"id": i, "name": i, "points": p, "rule": {"kind": "share"}}
        for i, p in (("a", 60.0), ("b", 30.0), ("c", 10.0))
    ],
    "grades": [{"id": "A", "cutoff": 80.0}, {"id": "B", "cutoff": 0.0}],
}


def test_indicators_without_data_enter_as_intervals():
    """c has no column: 0 to 10. u0 has 84 to 94 and is an A whatever c brings; u1 76 to 86 depends
    on it; u2 stays a B."""
    frame = pd.DataFrame(
        {"a": [1.0, 0.9, 0.5], "b": [0.8, 0.7333333333333333, 0.5]}, index=["u0", "u1", "u2"]
    )
    result = qt.assess(validate(Scheme, NEW, None), frame)
    assert result.grades.tolist() == ["A", "A", "B"]
    table = R.score_range(result, Box(relative=0.0)).table
    assert table["low"].tolist() == pytest.approx([84, 76, 45]) and table[
        "high"
    ].tolist() == pytest.approx([94, 86, 55])
    assert table["free_of_new"].tolist() == [True, False, True] == table["certain"].tolist()
    assert R.score_range(result, Box(relative=0.0), new="scenario").table[
        "low"
    ].tolist() == pytest.approx([94, 86, 55])
    found = R.tolerance(result).table
    assert found["status"].tolist()[1] == "none" and found["why"].tolist()[1] == "new"
    value, _ = extreme([1.0, 0.8, 0.0], box([60, 30, 10], found.loc["u0", "tolerance"]), 1)
    assert value == pytest.approx(80)
    ranks = R.rank_range(result, Box(relative=0.0)).table
    assert ranks[["best", "worst", "status"]].to_numpy().tolist() == [
        [1, 2, "exact"],
        [1, 2, "exact"],
        [3, 3, "exact"],
    ]
    with pytest.raises(InputError, match="scenario"):
        R.score_range(result, Box(relative=0.1), new="full")


@settings(max_examples=share(150))
@given(givens(), st.sampled_from([0.05, 0.3, 0.9]), st.integers(0, 9))
def test_lines_enclose_every_score_whatever_the_scheme(given, rho, seed):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    points = result.points.to_numpy()
    low_A, low_b, high_A, high_b, held = bracket(
        result.engine, points * (1 - rho), points * (1 + rho)
    )
    tried = region_points(points, rho, count=40, seed=seed)
    scores = from_ticks(score(result.engine, tried))
    assert (tried @ low_A.T + low_b <= scores + 1e-8)[:, held].all()
    assert (tried @ high_A.T + high_b >= scores - 1e-8)[:, held].all()


def some_way_up(result, k, start, sign, rho, steps=300):
    """A climb by pairwise transfers inside the band, from `start`: what it reaches."""
    points, rng = result.points.to_numpy(), np.random.default_rng(k)
    lo, hi = points * (1 - rho), points * (1 + rho)
    at, best = start.copy(), sign * score(result.engine, start[None])[0, k] / 1e10
    for _ in range(steps):
        i, j = rng.choice(points.size, 2, replace=False)
        move = min(at[i] - lo[i], hi[j] - at[j]) * rng.choice([1, 0.5, 0.1, 0.01])
        new = at + move * (np.eye(points.size)[j] - np.eye(points.size)[i])
        value = sign * score(result.engine, new[None])[0, k] / 1e10
        if value > best:
            at, best = new, value
    return sign * best


@settings(max_examples=share(60))
@given(st.data())
def test_blanks_that_are_shared_out_have_exact_extremes(data):
    """No climb from 8 random starts goes further, and the witness attains the end."""
    d = data.draw(st.integers(3, 6))
    sizes = [data.draw(st.integers(1, 8)) * 2.5 for _ in range(d)]
    cut = data.draw(st.integers(2, d))
    leaves = [
        {"id": f"x{j}", "name": f"x{j}", "points": p, "rule": {"kind": "share"}}
        for j, p in enumerate(sizes)
    ]
    nodes = [{"id": "n", "name": "n", "children": leaves[:cut]}, *leaves[cut:]]
    scheme = {
        "id": "b",
        "name": "b",
        "total": sum(sizes),
        "indicators": nodes,
        "missing": {"blank": "not_applicable", "not_applicable": "renormalise"},
    }
    scheme |= {"grades": [{"id": "A", "cutoff": 0.7 * sum(sizes)}, {"id": "B", "cutoff": 0.0}]}
    shares = {f"x{j}": [data.draw(st.integers(0, 10)) / 10] for j in range(d)}
    shares["x0"] = [""]
    result = qt.assess(
        validate(Scheme, scheme, None), pd.DataFrame(shares, index=["u"], dtype=object)
    )
    rho = data.draw(st.sampled_from([0.05, 0.3, 0.9]))
    points = result.points.to_numpy()
    lo, hi = points * (1 - rho), points * (1 + rho)
    *rows, single = ratio_lines(result.engine, lo, hi)
    assert single.all()
    for sign in (-1, 1):
        value, at = ratio_extreme(*(x[0] for x in rows), lo, hi, points.sum(), sign)
        assert score(result.engine, at[None])[0, 0] / 1e10 == pytest.approx(value, abs=1e-9)
        assert (
            (at >= lo - 1e-9).all()
            and (at <= hi + 1e-9).all()
            and at.sum() == pytest.approx(points.sum())
        )
        for start in Box(relative=rho).at(result).sample(4, seed=1):
            assert sign * some_way_up(result, 0, start, sign, rho, 80) <= sign * value + 1e-9
    row = R.tolerance(result).table.iloc[0]
    inside = region_points(points, min(row["tolerance"] * (1 - 1e-6), 1.0), count=40)
    assert (
        grade(result.engine, score(result.engine, inside))[:, 0] == result.grades.cat.codes.iloc[0]
    ).all()


def test_an_order_at_a_deduction_that_is_just_cut_is_not_called_known():
    """u0 has 3 of 3, u1 loses all 3 and has 3 of 12 elsewhere: a tie. With less of the first, u0
    has 3 less and u1's deduction stays cut at 0, so both fall alike: the slope at the present
    points, by which they part, is that of no point on the way."""
    leaves = [
        {
            "id": "x0",
            "name": "x0",
            "points": 3.0,
            "rule": {"kind": "deduct", "rate": 1.0, "per": 1.0},
            "scales": False,
        },
        {"id": "x1", "name": "x1", "points": 12.0, "rule": {"kind": "share"}},
        {"id": "x2", "name": "x2", "points": 0.0, "rule": {"kind": "share"}},
    ]
    grades = [{"id": "A", "cutoff": 1.0}, {"id": "B", "cutoff": 0.0}]
    data = {"id": "s", "name": "s", "total": 15.0, "indicators": leaves, "grades": grades}
    frame = pd.DataFrame({"x0": [0, 3], "x1": [0.0, 0.25], "x2": [0.0, 0.0]}, index=["u0", "u1"])
    result = qt.assess(validate(Scheme, data, None), frame)
    assert result.scores.tolist() == [3.0, 3.0]
    further = score(result.engine, np.array([[3.0, 12.0, 0.0], [2.0, 8.0, 5.0]]))
    assert (further[:, 0] == further[:, 1]).all()  # they stay together
    assert np.isnan(R.stability_intervals(result).loc["x2", "rank_high"])


def test_a_cutoff_that_meets_its_neighbour_ends_its_interval():
    """85 and 95 points, A from 80, B from 60; a veto lowers u0 by a grade. With B at 90 the lines
    would have changed places, which no scheme may have: B's interval ends at A's line."""
    leaves = [{"id": "x", "name": "x", "points": 100.0, "rule": {"kind": "share"}}]
    grades = [{"id": "A", "cutoff": 80.0}, {"id": "B", "cutoff": 60.0}, {"id": "C", "cutoff": 0.0}]
    data = {"id": "s", "name": "s", "total": 100.0, "indicators": leaves, "grades": grades}
    data |= {"vetoes": [{"id": "v", "name": "v", "lower": 1}]}
    frame = pd.DataFrame({"x": [0.85, 0.95], "veto:v": [True, False]}, index=["u0", "u1"])
    row = R.cutoff_intervals(qt.assess(validate(Scheme, data, None), frame)).loc["B"]
    assert row["high"] == 80 and row["unit_high"] is None
    by_class = [{"id": "A", "cutoff": 80.0, "class_cutoffs": {"p": 70.0}}, *grades[1:]]
    frame = pd.DataFrame({"x": [0.85, 0.95], "class": ["p", "q"]}, index=["u0", "u1"])
    scheme = validate(
        Scheme, data | {"grades": by_class, "vetoes": [], "classes": ["p", "q"]}, None
    )
    row = R.cutoff_intervals(qt.assess(scheme, frame)).loc["B"]
    assert row["high"] == 70 and row["unit_high"] is None  # the nearer of both classes


RECIPE = re.compile("“(.*?)” ([0-9.]+)")


def as_printed(text):
    """{indicator: points taken (negative) or given} of a recipe's English sentence."""
    if text.startswith("moving"):
        points, start, end = re.fullmatch("moving ([0-9.]+) from “(.*)” to “(.*)”", text).groups()
        return {start: -float(points), end: float(points)}
    taken, given = text.removeprefix("taking from ").split(" and giving to ")
    found = {name: -float(points) for name, points in RECIPE.findall(taken)}
    return found | {name: float(points) for name, points in RECIPE.findall(given)}


def check_recipes(result, names):
    """Whoever moves the points that are printed gets the grade that is said, and takes what is
    given."""
    table = R.cheapest_flip(result).table
    now = result.points.to_numpy()
    checked = 0
    for k, row in enumerate(table.itertuples()):
        if row.recipe is None:
            continue
        change = as_printed(row.recipe.of("en"))
        moved = now + [change.get(name, 0.0) for name in names]
        assert sum(change.values()) == pytest.approx(0, abs=1e-9), row.recipe
        after = grade(result.engine, score(result.engine, np.maximum(moved, 0)[None]))[0, k]
        assert result.grade_names[after] == row.towards != row.grade, (row.Index, row.recipe)
        checked += 1
    return checked


@pytest.mark.parametrize(
    ("name", "least"), [("provinces-2008", 25), ("tai-2001", 15), ("city-2026", 8)]
)
def test_recipes_do_as_printed(name, least):
    case = qt.read_case(name)
    result = qt.assess(case.scheme, case.table)
    assert check_recipes(result, [leaf.name.of("en") for leaf in case.scheme.leaves]) >= least


@settings(max_examples=share(60))
@given(linear_cases(), st.sampled_from([1.0, 10.0, 0.01]))
def test_recipes_do_as_printed_whatever_the_total(case, times):
    """123.4 of 123.4453 points would change nothing where the total is 1,000."""
    points, shares, cutoff, _ = case
    result = flat([p * times for p in points], shares, cutoff * times)
    check_recipes(result, [leaf.name.of("en") for leaf in result.scheme.leaves])


def test_a_tolerance_names_the_grade_that_the_witness_gives():
    """.5 of 2 in whole points is 1, an A of class q; a little less is 0, which passes B (from .5)
    and is a D."""
    leaves = [{"id": i, "name": i, "points": 1.0, "rule": {"kind": "share"}} for i in ("x0", "x1")]
    grades = [
        {"id": "A", "cutoff": 2.0, "class_cutoffs": {"q": 1.0}},
        {"id": "B", "cutoff": 1.0, "class_cutoffs": {"q": 0.5}},
        {"id": "D", "cutoff": 0.0},
    ]
    data = {
        "id": "s",
        "name": "s",
        "total": 2.0,
        "indicators": leaves,
        "grades": grades,
        "classes": ["p", "q"],
    }
    data |= {"rounding": {"total": {"decimals": 0, "mode": "half_up"}}}
    frame = pd.DataFrame(
        {"x0": [0.0, 0.0], "x1": [0.5, 0.0], "class": ["q", "p"]}, index=["u0", "u1"]
    )
    found = R.tolerance(qt.assess(validate(Scheme, data, None), frame)).table.loc["u0"]
    assert (found["grade"], found["towards"], found["tolerance"]) == ("A", "D", 0)


def test_a_scheme_of_one_grade_has_no_cutoff_to_move():
    frame = pd.DataFrame({"a": [0.5]}, index=["甲"])
    table = R.cutoff_intervals(qt.assess(Scheme.flat({"a": 100}, {"A": 0}), frame))
    assert table.empty and list(table) == ["cutoff", "low", "high", "unit_low", "unit_high"]
