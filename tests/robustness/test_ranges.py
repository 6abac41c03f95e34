"""Exact ranges and tolerances against an LP solver (scipy's HiGHS), vertices and random points of
the region."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import grade, score
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from tests.examples import share
from tests.robustness.lp import box, extreme, flat, linear_cases
from tests.strategies import frame_of, givens, scheme_of


def region_points(points, rho, count=300, seed=0):
    """Vertices (small d) and random points of the region, by pairwise transfers that stay
    inside."""
    rng, points = np.random.default_rng(seed), np.array(points)
    lo, hi = points * (1 - rho), points * (1 + rho)
    found = [points]
    if len(points) <= 6:
        for free in range(len(points)):
            others = [j for j in range(len(points)) if j != free]
            for ends in itertools.product(*[(lo[j], hi[j]) for j in others]):
                p = np.empty(len(points))
                p[others], p[free] = ends, points.sum() - sum(ends)
                if lo[free] - 1e-12 <= p[free] <= hi[free] + 1e-12:
                    found.append(p)
    p = points.astype(float)
    for _ in range(count):
        if len(points) == 1:
            break
        i, j = rng.choice(len(points), 2, replace=False)
        p = p.copy()
        t = rng.uniform(0, max(min(p[i] - lo[i], hi[j] - p[j]), 0))
        p[i], p[j] = p[i] - t, p[j] + t
        found.append(p)
    return np.array(found)


@settings(max_examples=share(150))
@given(linear_cases())
def test_score_range_equals_the_lp_and_its_witnesses_attain_it(case):
    points, shares, cutoff, rho = case
    result = flat(points, shares, cutoff)
    ranges = qt.robustness.score_range(result, qt.regions.Box(relative=rho))
    for k, unit in enumerate(result.scores.index):
        low, high = (
            extreme(shares[k], box(points, rho), 1)[0],
            extreme(shares[k], box(points, rho), -1)[0],
        )
        row = ranges.table.loc[unit]
        assert (row["low"], row["high"]) == pytest.approx((low, high), abs=1e-9)
        for side, value in (("low", low), ("high", high)):
            witness = ranges.witness(unit, side).to_numpy()
            assert witness @ shares[k] == pytest.approx(value, abs=1e-9)
            assert witness.sum() == pytest.approx(sum(points), abs=1e-9)
            assert (np.abs(witness - points) <= np.array(points) * rho + 1e-9).all()
        assert (
            row["certain"] == (row["grade_low"] == row["grade_high"]) and row["status"] == "exact"
        )


@settings(max_examples=share(150))
@given(linear_cases())
def test_tolerance_is_the_least_band_at_which_the_lp_crosses_the_cutoff(case):
    points, shares, cutoff, _ = case
    result = flat(points, shares, cutoff)
    certificates = qt.robustness.tolerance(result)
    for k, unit in enumerate(result.scores.index):
        row = certificates.table.loc[unit]
        inside = region_points(points, min(row["tolerance"] * (1 - 1e-6), 1.0))
        codes = grade(result.engine, score(result.engine, inside))[:, k]
        assert (codes == result.grades.cat.codes.iloc[k]).all()
        witness = certificates.witness(unit, "change")
        if row["status"] == "exact" and np.isfinite(row["tolerance"]):
            assert (
                np.abs(witness - points)
                <= np.array(points) * (row["tolerance"] * (1 + 2e-6) + 1e-8) + 1e-9
            ).all()
            moved = result.scheme.replace(points={id: float(p) for id, p in witness.items()})
            assert qt.assess(moved, result.table).grades.iloc[k] == row["towards"] != row["grade"]
            end, sign = (cutoff, 1) if row["towards"] == "B" else (cutoff, -1)
            at = extreme(shares[k], box(points, row["tolerance"]), sign)[0]
            assert at == pytest.approx(end, abs=1e-8)
        else:
            assert witness is None
            low, high = (
                extreme(shares[k], box(points, 1.0), 1)[0],
                extreme(shares[k], box(points, 1.0), -1)[0],
            )
            crosses = low < cutoff - 1e-9 if row["grade"] == "A" else high >= cutoff - 1e-9
            assert not crosses or row["tolerance"] >= 1 - 1e-9


HARD = {
    "geometric": {"aggregation": "geometric"},
    "blank": {"missing": {"blank": "not_applicable", "not_applicable": "renormalise"}},
    "leaf rounding": {"rounding": {"leaf": {"decimals": 0}}},
    "node rounding": {"rounding": {"node": {"decimals": 1, "mode": "floor"}}},
    "deduction that reaches zero": {},
}


def hard_case(name):
    deduct = {"kind": "deduct", "rate": 1.0}
    leaves = [
        {"id": "a", "name": "a", "points": 30.0, "rule": {"kind": "share"}},
        {"id": "b", "name": "b", "points": 20.0, "rule": {"kind": "share"}},
        {"id": "c", "name": "c", "points": 10.0, "rule": deduct, "scales": False},
        {"id": "d", "name": "d", "points": 40.0, "rule": {"kind": "share"}},
    ]
    nodes = [{"id": "n", "name": "n", "children": leaves[:3]}, leaves[3]]
    grades = [{"id": "A", "cutoff": 80.0}, {"id": "B", "cutoff": 60.0}, {"id": "C", "cutoff": 0.0}]
    scheme = {"id": "h", "name": "h", "total": 100.0, "indicators": nodes, "grades": grades} | HARD[
        name
    ]
    blank = "" if name == "blank" else 0.4
    c = 9.9 if name == "deduction that reaches zero" else 2.0
    rows = {
        "a": [0.9, 0.2, 0.75],
        "b": [blank, 0.8, 0.5],
        "c": [c, 1.0, 0.0],
        "d": [0.85, 0.7, 0.9],
    }
    return qt.assess(
        validate(Scheme, scheme, None), pd.DataFrame(rows, index=["甲", "乙", "丙"], dtype=object)
    )


@pytest.mark.parametrize("name", HARD)
def test_bounds_hold_where_the_score_is_not_linear(name):
    result = hard_case(name)
    for rho in (0.05, 0.2, 0.6):
        table = qt.robustness.score_range(result, qt.regions.Box(relative=rho)).table
        assert (table["status"] == ("exact" if name == "blank" else "bounds")).any()
        assert (table["why"] == "").equals(table["status"] == "exact") and set(table["why"]) <= set(
            qt.robustness.REASONS
        )
        scores = score(result.engine, region_points(result.points, rho)) / 1e10
        assert (scores >= table["low"].to_numpy() - 1e-9).all() and (
            scores <= table["high"].to_numpy() + 1e-9
        ).all()
        width = (table["high"] - table["low"]).to_numpy()
        # bounds that say nothing would not be worth printing
        assert (width <= 100 * (2.5 * rho + 0.02) + 3).all()


@pytest.mark.parametrize("name", HARD)
def test_tolerance_where_the_score_is_not_linear_is_a_lower_bound(name):
    result = hard_case(name)
    table = qt.robustness.tolerance(result).table
    for k, unit in enumerate(table.index):
        codes = grade(
            result.engine,
            score(
                result.engine,
                region_points(result.points, min(table.loc[unit, "tolerance"] * (1 - 1e-9), 1.0)),
            ),
        )[:, k]
        assert (codes == result.grades.cat.codes.iloc[k]).all()
    assert name == "blank" or "at least" in set(table["status"])


def vetoed(cap, share):
    scheme = {
        "id": "v",
        "name": "v",
        "total": 100.0,
        "vetoes": [{"id": "v", "name": "v", "cap": cap}],
        "indicators": [
            {"id": i, "name": i, "points": 50.0, "rule": {"kind": "share"}} for i in "ab"
        ],
        "grades": [
            {"id": "A", "cutoff": 90.0},
            {"id": "B", "cutoff": 60.0},
            {"id": "D", "cutoff": 0.0},
        ],
    }
    frame = pd.DataFrame({"a": [share], "b": [1.0], "veto:v": ["是"]}, index=["甲"])
    return qt.assess(validate(Scheme, scheme, None), frame)


def test_a_vetoed_grade_moves_no_further_than_its_ceiling():
    row = qt.robustness.tolerance(vetoed("D", 0.9)).table.iloc[0]
    assert row["grade"] == "D" and row["tolerance"] == np.inf
    # B by veto at 95; falls to D below 60 only
    row = qt.robustness.tolerance(vetoed("B", 0.9)).table.iloc[0]
    assert (
        row["grade"] == "B"
        and row["margin_up"] == np.inf
        and row["margin_down"] == pytest.approx(35)
    )
    assert (
        qt.robustness.score_range(vetoed("B", 0.9), qt.regions.Box(relative=0.5))
        .table["certain"]
        .all()
    )


def test_a_unit_on_the_closed_end_has_no_tolerance_downwards():
    result = flat([50, 50], [[1.0, 0.8], [0.9, 0.9]], 90)
    table = qt.robustness.tolerance(result).table
    assert table["grade"].tolist() == ["A", "A"]
    assert (
        table.loc["u0", "tolerance"] == pytest.approx(0, abs=1e-12)
        and table.loc["u0", "towards"] == "B"
    )
    assert table.loc["u1", "tolerance"] == np.inf  # equal shares: no weights move the score


def quota(shares, most=1, ties="out", last=None):
    leaves = [{"id": i, "name": i, "points": 50.0, "rule": {"kind": "share"}} for i in "ab"]
    grades = [{"id": "A", "cutoff": 90.0, "quota": most, "ties": ties}, {"id": "B", "cutoff": 0.0}]
    if last:
        grades[1]["last"] = last
    scheme = {"id": "q", "name": "q", "total": 100.0, "indicators": leaves, "grades": grades}
    frame = pd.DataFrame(shares, columns=list("ab"), index=[f"u{k}" for k in range(len(shares))])
    return qt.assess(validate(Scheme, scheme, None), frame)


def test_a_quota_is_decided_by_who_can_stand_above_whom():
    """u0 leads u1 and u1 leads u2 whatever the points: nothing can change who has the one place."""
    result = quota([[1, 1], [0.95, 0.9], [0.95, 0.8]])
    assert result.grades.tolist() == ["A", "B", "B"]
    table = qt.robustness.score_range(result, qt.regions.Box(relative=0.1)).table
    assert table["certain"].all() and table.loc["u1", "high"] > 90
    found = qt.robustness.tolerance(result).table
    # "at least", by bisection
    assert found["tolerance"].tolist() == pytest.approx([1.0, 1.0, 1.0], abs=1 / 512)
    assert (found["status"] == "at least").all()


def test_a_quota_that_rivals_contest_leaves_the_grade_open():
    """The lead u0 − u1 = .05·a − .02·b is 1.5 at 50/50; with a = 50(1 − r), b = 50(1 + r) it is 1.5
    − 3.5 r: a tie at r = 3/7."""
    result = quota([[1.0, 0.96], [0.95, 0.98]])
    assert result.grades.tolist() == ["A", "B"]
    # at a tie nobody has the place (ties: out)
    for r, certain in ((3 / 7 - 1e-6, True), (3 / 7, False), (0.6, False)):
        table = qt.robustness.score_range(result, qt.regions.Box(relative=r)).table
        assert table["certain"].tolist() == [certain, r < 3 / 7 + 1e-9]
    found = qt.robustness.tolerance(result).table["tolerance"]
    assert 3 / 7 - 1 / 1024 <= found["u0"] <= 3 / 7 and found["u1"] == pytest.approx(
        3 / 7, abs=1 / 1024
    )


@pytest.mark.parametrize("relative", [-0.1, 1.5, float("nan"), "x", None])
def test_a_band_outside_0_to_1_is_refused(relative):
    with pytest.raises(InputError):
        qt.regions.Box(relative=relative)


def test_unknown_unit_or_side_names_the_nearest():
    certificates = qt.robustness.tolerance(flat([50, 50], [[1.0, 0.8]], 90))
    with pytest.raises(InputError, match="u0"):
        certificates.witness("u9", "change")
    with pytest.raises(InputError, match="change"):
        certificates.witness("u0", "low")


def test_a_unit_on_the_closed_end_that_points_hardly_move():
    """99·.9 + .91 = 90.01, the cutoff: the score moves by .01 over the whole band, so the witness
    lies well beyond 0."""
    result = flat([99, 1], [[0.9, 0.91]], 90.01)
    certificates = qt.robustness.tolerance(result)
    row = certificates.table.iloc[0]
    assert (
        row["grade"] == "A"
        and row["status"] == "exact"
        and row["tolerance"] == pytest.approx(0, abs=1e-12)
    )
    assert row["leverage"] == pytest.approx(0.01)
    moved = result.scheme.replace(points=certificates.witness("u0", "change").to_dict())
    assert qt.assess(moved, result.table).grades.tolist() == ["B"]


def test_a_margin_that_the_whole_band_just_reaches():
    """50·1 + 50·.6 = 80; at ±100% the score is 60 at least, the cutoff itself: never below, so no
    witness."""
    row = qt.robustness.tolerance(flat([50, 50], [[1.0, 0.6]], 60)).table.iloc[0]
    assert (row["tolerance"], row["status"], row["towards"]) == (1.0, "at least", None)


def test_a_cutoff_that_nobody_can_miss_has_no_margin():
    """A bonus of 5 alone reaches the cutoff of 5: there is no end to cross."""
    leaves = [{"id": i, "name": i, "points": 50.0, "rule": {"kind": "share"}} for i in "ab"]
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "bonuses": [{"id": "m", "name": "m", "max": 5.0}],
    }
    scheme |= {"grades": [{"id": "A", "cutoff": 5.0}, {"id": "B", "cutoff": 0.0}]}
    frame = pd.DataFrame({"a": [1.0], "b": [0.0], "bonus:m": [5.0]}, index=["甲"])
    row = qt.robustness.tolerance(qt.assess(validate(Scheme, scheme, None), frame)).table.iloc[0]
    assert row["margin_down"] == np.inf and row["tolerance"] == np.inf


@settings(max_examples=share(150))
@given(givens(), st.integers(0, 9))
def test_no_point_within_the_tolerance_changes_the_grade_whatever_the_scheme(given, seed):
    """All features together: 60 points of the band just below the tolerance, many of them at its
    edge."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    certificates, codes = qt.robustness.tolerance(result), result.grades.cat.codes.to_numpy()
    for k, (unit, row) in enumerate(certificates.table.iterrows()):
        inside = region_points(
            result.points, min(row["tolerance"] * (1 - 1e-6), 1.0), count=60, seed=seed
        )
        assert (grade(result.engine, score(result.engine, inside))[:, k] == codes[k]).all()
        witness = certificates.witness(unit, "change")
        if witness is not None:
            assert grade(result.engine, score(result.engine, witness.to_numpy()))[0, k] != codes[k]


@settings(max_examples=share(100))
@given(givens(), st.sampled_from([0.02, 0.1, 0.4]), st.integers(0, 9))
def test_no_point_of_the_band_gives_a_grade_outside_the_range_whatever_the_scheme(given, rho, seed):
    """Quotas, last places, vetoes before and after them: 60 points of the band, many of them at its
    edge."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    table = qt.robustness.score_range(result, qt.regions.Box(relative=rho)).table
    grades = grade(
        result.engine, score(result.engine, region_points(result.points, rho, count=60, seed=seed))
    )
    low, high = (table[side].cat.codes.to_numpy() for side in ("grade_low", "grade_high"))
    assert (grades >= low).all() and (grades <= high).all()
    assert (table["certain"] == (low == high)).all()
