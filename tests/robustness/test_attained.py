"""The worst and the best grade over a region, closed to the end: against all corners and a grid of
points, graded anew; closed forms; another method's ranks."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import grade, score
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.regions import Box, Hull, Levels
from tests.examples import share
from tests.robustness.test_closing import around, contested_schemes
from tests.robustness.test_exact_rows import Anew, whole_schemes
from tests.strategies import frame_of, givens, scheme_of

R = qt.robustness
SEVERAL, MANY = 20, 2000  # schemes, by default and where there is time


def points_of(region, result, seed):
    """Points of a region: of a box all corners and a grid, else corners and mixtures of them."""
    area, rng = region.at(result), np.random.default_rng(seed)
    d = area.lo.size
    corners = area.maximise(np.concatenate([np.eye(d), -np.eye(d), rng.normal(size=(40, d))]))
    mixed = rng.dirichlet(np.ones(len(corners)), 60) @ corners
    found = np.concatenate([corners, mixed])
    if isinstance(region, Box):
        found = np.concatenate([found, around(result.points.to_numpy(), area.lo, area.hi)])
    return found[area.contains(found)]


def check_ranges(anew, region, seed):
    """No point of the region gives a grade outside the range; the ends occur where it is exact."""
    found = R.score_range(anew.result, region, exact=True)
    quick = R.score_range(anew.result, region).table
    area = region.at(anew.result)
    codes = anew.grades(points_of(region, anew.result, seed))
    names = anew.result.grade_names
    for k, (unit, row) in enumerate(found.table.iterrows()):
        low, high = names.index(row["grade_low"]), names.index(row["grade_high"])
        anew.say(codes[:, k].min() >= low, "below", region, unit, row["grades_status"])
        anew.say(codes[:, k].max() <= high, "above", region, unit, row["grades_status"])
        wider = [names.index(quick.loc[unit, side]) for side in ("grade_low", "grade_high")]
        anew.say(wider[0] <= low and high <= wider[1], "wider than the bounds", unit)
        exact = row["grades_status"] == "exact"
        anew.say(exact or row["status"] == "bounds", "exact with open grades", unit)
        for side, code in (("grade_low", low), ("grade_high", high)):
            p = found.witness(unit, side)
            anew.say((p is not None) == exact, "witness", unit, side)
            if p is not None:
                inside = area.contains(p.to_numpy()[None])[0]
                anew.say(inside, "outside the region", unit, side, p.to_numpy())
                anew.say(anew.grades(p.to_numpy())[0, k] == code, "not attained", unit, side)
    return found.table


def contradictions(case, seed):
    scheme, frame = case
    anew = Anew(qt.assess(validate(Scheme, scheme, None), frame), seed)
    first = anew.points + np.eye(anew.points.size)[0] * (anew.points[0] > 0)
    vectors = [anew.points, first * (anew.points.sum() / first.sum()), anew.points[::-1]]
    ids = anew.result.points.index
    hull = Hull([dict(zip(ids, map(float, v), strict=True)) for v in vectors])
    for region in (Box(relative=0.25), Box(absolute=1), (Levels(0.3, 0.5), hull)[seed % 2]):
        check_ranges(anew, region, seed)
    return anew.wrong


@settings(max_examples=SEVERAL)
@given(contested_schemes(), st.integers(0, 99))
def test_corners_and_a_grid_contradict_nothing(case, seed):
    assert contradictions(case, seed) == []


@pytest.mark.soak
@settings(max_examples=MANY)
@given(contested_schemes(), st.integers(0, 99))
def test_corners_and_a_grid_contradict_nothing_of_two_thousand_schemes(case, seed):
    assert contradictions(case, seed) == []


@settings(max_examples=share(60))
@given(whole_schemes(), st.integers(0, 99))
def test_grades_of_scores_that_are_no_straight_lines_are_closed_too(case, seed):
    assert contradictions(case, seed) == []


@settings(max_examples=share(60))
@given(givens() | givens(ways=True), st.sampled_from([0.02, 0.1, 0.4]), st.integers(0, 9))
def test_nothing_is_contradicted_whatever_the_scheme(given, rho, seed):
    """Geometric means, rounding inside, places, shares and breaks."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    anew = Anew(result.fixed if result.engine.breaks else result, seed)
    anew.rng = np.random.default_rng(0)
    anew.anew = lambda points: anew.result.what_if(
        points=dict(zip(result.points.index, map(float, points), strict=True)), spread="none"
    )
    check_ranges(anew, Box(relative=rho), seed)
    assert anew.wrong == []


def whole_units(shares, most, ties="out", line=1.0, **more):
    """Units with shares on leaves a and b of 50 points each; A is a quota of `most` above a
    line."""
    leaves = [{"id": id, "name": id, "points": 50.0, "rule": {"kind": "share"}} for id in "ab"]
    grades = [{"id": "A", "cutoff": line, "quota": most, "ties": ties}, {"id": "B", "cutoff": 0.0}]
    data = {"id": "q", "name": "q", "total": 100.0, "indicators": leaves, "grades": grades}
    frame = pd.DataFrame(shares, columns=list("ab"), index=[f"u{k}" for k in range(len(shares))])
    return qt.assess(validate(Scheme, data | more, None), frame)


@pytest.mark.parametrize(("ties", "at_the_tie"), [("out", [True, False]), ("in", [False, True])])
def test_a_place_is_lost_from_the_band_on_in_which_the_lead_can_vanish(ties, at_the_tie):
    """The lead u0 − u1 = .05·a − .02·b is 1.5 at 50 and 50; at a = 50(1 − r), b = 50(1 + r) it is
    1.5 − 3.5r: a tie at r = 3/7, a corner of the band. Tied, neither has the place, or both."""
    result = whole_units([[1.0, 0.96], [0.95, 0.98]], 1, ties)
    for r, open_ in ((3 / 7 - 1e-6, [False, False]), (3 / 7, at_the_tie), (0.6, [True, True])):
        table = R.score_range(result, Box(relative=r), exact=True).table
        assert table["grades_status"].tolist() == table["status"].tolist() == ["exact"] * 2
        assert (table["grade_low"] != table["grade_high"]).tolist() == open_


def test_three_that_lead_by_turns_leave_two_places_to_any_of_them():
    """Bounds know pairs alone: u2 may stand behind u0, and behind u1, but never behind both. Its
    lead over the mean of the two is .01·(a + b): 1 point wherever the points lie."""
    shares = [[0.9, 0.7], [0.7, 0.9], [0.81, 0.81], [0.3, 0.3]]
    result = whole_units(shares, 2)
    region = Box(relative=0.5)
    quick, closed = (R.score_range(result, region, exact=e).table for e in (False, True))
    assert quick.loc["u2", ["certain", "grades_status"]].tolist() == [False, "bounds"]
    assert closed.loc["u2", ["grade_low", "grade_high", "status"]].tolist() == ["A", "A", "exact"]
    assert closed.loc["u0", ["grade_low", "grade_high", "status"]].tolist() == ["B", "A", "exact"]
    assert closed.loc["u3", "certain"] and (closed["why"] == "").all()


@pytest.mark.parametrize("seed", range(3))
def test_a_place_among_the_first_is_what_rank_ranges_say(seed):
    """Where every score reaches the line, A is a place among the first three, ties in: ranks over
    the same region, found by another program, count ties for the unit, too."""
    rng = np.random.default_rng(seed)
    shares, places = rng.uniform(0.5, 1, (9, 2)).round(3), 3
    result = whole_units(shares, places, "in")
    region = (Box(relative=0.3), Levels(0.4), Box(absolute=30))[seed]
    table = R.score_range(result, region, exact=True).table
    ranks = R.rank_range(result, region).table
    assert (table["grades_status"] == "exact").all() and (ranks["status"] == "exact").all()
    assert ((table["grade_low"] == "A") == (ranks["worst"] <= places)).all()
    assert ((table["grade_high"] == "A") == (ranks["best"] <= places)).all()


def test_without_time_bounds_stay_bounds():
    shares = [[0.9, 0.7], [0.7, 0.9], [0.81, 0.81]]
    result = whole_units(shares, 2)
    quick = R.score_range(result, Box(relative=0.5))
    none = R.score_range(result, Box(relative=0.5), exact=True, time_limit=0)
    known = none.table["grades_status"] == "exact"
    assert not known["u2"] and none.witness("u2", "grade_low") is None
    for side in ("grade_low", "grade_high"):
        assert (none.table[side] == quick.table[side])[~known].all()
    with pytest.raises(InputError):
        R.score_range(result, Box(relative=0.5), exact=True, time_limit=-1)


@settings(max_examples=share(40))
@given(contested_schemes(), st.integers(0, 9))
def test_new_indicators_may_bring_anything(case, seed):
    """The first leaf loses its column: any share from 0 to 1 may come, for each unit its own."""
    scheme, frame = case
    leaf = "x0"
    assume("x1" in frame and frame.notna().all(axis=None))
    scheme = scheme | {"missing": scheme["missing"] | {"new": "zero", "no_data": "exclude"}}
    result = qt.assess(validate(Scheme, scheme, None), frame.drop(columns=leaf))
    region, rng = Box(relative=0.25), np.random.default_rng(seed)
    found = R.score_range(result, region, exact=True)
    j = list(result.points.index).index(leaf)
    low, high = (found.table[side].cat.codes.to_numpy() for side in ("grade_low", "grade_high"))
    points = points_of(region, result, seed)
    for _ in range(5):
        shares = rng.choice([0.0, 1.0, rng.random()], len(frame))
        codes = with_shares(result, j, shares, points)
        assert (codes >= low).all() and (codes <= high).all()
    for k in np.flatnonzero(found.table["grades_status"] == "exact").tolist():
        for side, own, code in (("grade_low", 0.0, low[k]), ("grade_high", 1.0, high[k])):
            shares = np.full(len(frame), 1 - own)
            shares[k] = own
            p = found.witnesses[side].iloc[k].to_numpy()
            assert with_shares(result, j, shares, p[None])[0, k] == code


def with_shares(result, j, shares, points):
    """Grades (m, n) where leaf j brings each unit its own share."""
    e = result.engine
    slope, const, blank = e.slope.copy(), e.const.copy(), e.tree.blank.copy()
    slope[:, j], const[:, j], blank[:, j] = shares, 0.0, False
    real = dataclasses.replace(
        e, slope=slope, const=const, tree=dataclasses.replace(e.tree, blank=blank)
    )
    return grade(real, score(real, points))
