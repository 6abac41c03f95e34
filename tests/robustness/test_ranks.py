"""Rank ranges against one LP per subset of rivals; pairs against the LP; nothing outside what is
claimed."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import rank, score
from qtoolkit.regions import Box, Hull, Levels, RankOrder, Simplex
from tests.examples import share
from tests.regions.test_written import order_by_hand
from tests.robustness.lp import box, extreme, flat, linear_cases, ranks_by_subsets
from tests.robustness.test_ranges import region_points
from tests.strategies import frame_of, givens, scheme_of

R = qt.robustness


def checked(result, region):
    """rank_range, after its witnesses have been re-ranked by a new assessment."""
    found = R.rank_range(result, region, draws=50)
    for side in ("best", "worst"):
        for unit, row in found.table.iterrows():
            points = found.witness(unit, side)
            moved = qt.assess(
                result.scheme.replace(
                    points=(points / points.sum() * result.points.sum()).to_dict()
                ),
                result.table,
            )
            assert moved.ranks[unit] == row[f"attained_{side}"]
    if region.at(result).contains(result.points.to_numpy()[None])[0]:
        assert (found.table["best"] <= found.table["rank"]).all() and (
            found.table["rank"] <= found.table["worst"]
        ).all()
    return found.table


@settings(max_examples=share(120))
@given(linear_cases(most=5, units=5))
def test_rank_ranges_equal_one_lp_per_subset_of_rivals(case):
    """Also degenerate: equal rows, zero points, one indicator, constant columns."""
    points, shares, cutoff, rho = case
    table = checked(flat(points, shares, cutoff), Box(relative=rho))
    assert (table["status"] == "exact").all()
    assert table[["best", "worst"]].to_numpy().tolist() == [
        list(row) for row in ranks_by_subsets(shares, box(points, rho))
    ]


@settings(max_examples=share(40))
@given(linear_cases(most=4, units=5))
def test_rank_ranges_over_orders_of_importance(case):
    points, shares, cutoff, _ = case
    result, d = flat(points, shares, cutoff), len(points)
    table = checked(result, RankOrder([f"x{j}" for j in range(d)]))
    expected = ranks_by_subsets(shares, order_by_hand(d, sum(points)))
    assert (table["status"] == "exact").all()
    assert table[["best", "worst"]].to_numpy().tolist() == [list(row) for row in expected]


def test_ranks_over_a_hull_are_not_attained_at_the_experts_own_points():
    """Three units, two experts: each expert ranks u2 last, a mixture of both ranks it second...
    computed by hand: scores at (100, 0): 1, 0, .45; at (0, 100): 0, 1, .45; at the middle .5, .5,
    .45. u2 is 2nd at either end, 3rd between."""
    result = flat([50.0, 50.0], [[1.0, 0.0], [0.0, 1.0], [0.45, 0.45]], 60)
    table = checked(result, Hull([{"x0": 100.0, "x1": 0.0}, {"x0": 0.0, "x1": 100.0}]))
    assert table.loc["u2", ["best", "worst"]].tolist() == [2, 3]


def test_a_draw_that_never_sees_it_does_not_hide_a_rank():
    """u0 is ahead only where x0 has less than a 500th of its band: a frequency would say never."""
    shares = [[0.0, 0.5, 0.5], [0.002, 0.4996, 0.4995]]
    result = flat([40.0, 30.0, 30.0], shares, 30)
    table = checked(result, Box(relative=1.0))
    assert table[["best", "worst"]].to_numpy().tolist() == [
        list(row) for row in ranks_by_subsets(shares, box([40, 30, 30], 1.0))
    ]


@settings(max_examples=share(80))
@given(givens(), st.sampled_from([0.05, 0.3, 0.8]), st.integers(0, 9))
def test_no_point_of_the_band_gives_a_rank_outside_the_range_whatever_the_scheme(given, rho, seed):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    table = R.rank_range(result, Box(relative=rho), draws=20, time_limit=10).table
    points = region_points(result.points, rho, count=80, seed=seed)
    ranks = rank(result.engine.key(score(result.engine, points)))
    assert (ranks >= table["best"].to_numpy()).all() and (ranks <= table["worst"].to_numpy()).all()
    assert (table["attained_best"] >= table["best"]).all() and (
        table["attained_worst"] <= table["worst"]
    ).all()
    exact = table["status"] == "exact"
    assert (table.loc[exact, "best"] == table.loc[exact, "attained_best"]).all()


def test_coarse_rounding_is_worked_in():
    """89.4 and 89.6 to whole points: 89 and 90. Within ±1% the leads move by less than a point;
    ties count for both."""
    scheme = qt.Scheme.flat({"a": 50.0, "b": 50.0}, {"A": 90, "B": 0})
    coarse = qt.Scheme.model_validate(
        scheme.model_dump() | {"rounding": {"total": {"decimals": 0}}, "rank_on": "published"}
    )
    frame = pd.DataFrame(
        {"a": [0.894, 0.892, 0.5], "b": [0.894, 0.892, 0.5]}, index=["u0", "u1", "u2"]
    )
    table = R.rank_range(qt.assess(coarse, frame), Box(relative=0.3)).table
    assert table[["best", "worst", "status"]].to_numpy().tolist() == [
        [1, 1, "exact"],
        [1, 1, "exact"],
        [3, 3, "exact"],
    ]


def test_a_time_limit_gives_bounds_and_says_so():
    rng = np.random.default_rng(2)
    result = flat([2.5] * 40, np.clip(0.8 + 0.05 * rng.standard_normal((300, 40)), 0, 1), 80)
    table = R.rank_range(result, Box(relative=0.25), time_limit=0.5, draws=100).table
    assert (table["status"] == "bounds").any()
    assert (table["best"] <= table["attained_best"]).all() and (
        table["worst"] >= table["attained_worst"]
    ).all()


def test_a_region_that_cannot_draw_leaves_the_drawn_columns_blank():
    result = flat([60.0, 40.0], [[1.0, 0.5], [0.5, 1.0]], 70)
    table = R.rank_range(
        result, Hull([{"x0": 50.0, "x1": 50.0}, {"x0": 70.0, "x1": 30.0}, {"x0": 60.0, "x1": 40.0}])
    ).table
    assert table["drawn_best"].isna().all() and (table["status"] == "exact").all()


def test_one_unit_and_equal_units():
    assert R.rank_range(flat([100.0], [[0.5]], 40), Simplex()).table[
        ["best", "worst"]
    ].to_numpy().tolist() == [[1, 1]]
    table = R.rank_range(flat([60.0, 40.0], [[0.5, 0.7]] * 3, 40), Levels(0.5)).table
    assert table[["best", "worst", "status"]].to_numpy().tolist() == [[1, 1, "exact"]] * 3


@settings(max_examples=share(100))
@given(linear_cases())
def test_pairs_equal_the_lp(case):
    """The tolerance of a pair is the band at which the LP's least lead is 0; dominance is the sign
    of the LP's extremes."""
    points, shares, cutoff, rho = case
    result, x = flat(points, shares, cutoff), np.array(shares)
    tolerance, dominance = R.pair_tolerance(result), R.dominance(result, Box(relative=rho))
    for a in range(len(x)):
        for b in range(len(x)):
            least, most = (extreme(x[a] - x[b], box(points, rho), sign)[0] for sign in (1, -1))
            assert dominance.certain.iloc[a, b] == (least >= -1e-9) and dominance.possible.iloc[
                a, b
            ] == (most >= -1e-9)
            if a == b:
                continue
            lead, band = (x[a] - x[b]) @ points, tolerance.iloc[a, b]
            sign = 1 if lead > 0 else -1
            inner = sign * extreme(x[a] - x[b], box(points, min(band * (1 - 1e-6), 1.0)), sign)[0]
            assert inner >= -1e-9 * sum(points) or abs(lead) < 1e-9
            if 0 < band < 1:
                assert sign * extreme(x[a] - x[b], box(points, band), sign)[0] == pytest.approx(
                    0, abs=1e-9 * sum(points)
                )
            if abs(lead) < 1e-9:
                spread = (
                    extreme(x[a] - x[b], box(points, 0.5), -1)[0]
                    - extreme(x[a] - x[b], box(points, 0.5), 1)[0]
                )
                assert band == (0 if spread > 1e-9 else np.inf)


def test_pair_robustness_is_the_share_of_the_simplex_towards_the_scheme():
    """r: with weights (1 − ε)·nominal + ε·any, a stays ahead for every ε below r. Found here by
    trying ε."""
    points, x = [60.0, 30.0, 10.0], np.array([[0.9, 0.5, 0.8], [0.6, 0.7, 0.9], [0.6, 0.4, 0.8]])
    r = R.pair_robustness(flat(points, x, 50))
    w = np.array(points) / 100
    for a in range(3):
        for b in range(3):
            if (x[a] - x[b]) @ w <= 0:
                assert np.isnan(r.iloc[a, b])
                continue
            tried = [
                e
                for e in np.linspace(0, 1, 100_001)
                if ((1 - e) * w @ (x[a] - x[b]) + e * (x[a] - x[b]).min()) > 0
            ]
            assert r.iloc[a, b] == pytest.approx(max(tried), abs=2e-5)
    assert r.iloc[0, 2] == 1


def test_the_solver_prints_nothing():
    """HiGHS writes to C's standard output; a child process shows what a notebook would."""
    code = (
        "import numpy as np, pandas as pd, qtoolkit as qt; rng = np.random.default_rng(1);"
        "f = pd.DataFrame(np.round(.8 + .05 * rng.standard_normal((12, 8)), 2).clip(0, 1), "
        "columns=[f'x{j}' for j in range(8)]);"
        "r = qt.assess(qt.Scheme.flat(dict.fromkeys(f.columns, 12.5), {'A': 80, 'B': 0}), "
        "f.rename(index=str));"
        "t = qt.robustness.rank_range(r, qt.regions.Box(relative=.9)).table; assert len(t) == 12"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
