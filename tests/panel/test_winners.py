"""Who wins: against counting on paper, against reading the ratings again, and, within a band of
points, against every event on the way from one end to the other."""

import itertools
import math
import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.errors import InputError
from qtoolkit.panel import winners
from qtoolkit.panel.winners import remade
from tests.examples import share
from tests.panel.awards import assessed, ballots, crossed, item, read, scheme_of, vote


def winning(points, shares, cutoff, quota, ties, carried, after):
    """Units that win, on paper; `after`: a unit that is not carried uses up a place."""
    scores = [sum(p * s for p, s in zip(points, row, strict=True)) for row in shares]
    reach = [k for k, score in enumerate(scores) if score >= cutoff and (after or carried[k])]
    if quota is not None and len(reach) > quota:
        ahead = {k: sum(scores[j] > scores[k] for j in reach) for k in reach}
        tied = {k: sum(scores[j] == scores[k] for j in reach) for k in reach}
        most = {k: ahead[k] + (1 if ties == "in" else tied[k]) for k in reach}
        reach = [k for k in reach if most[k] <= quota]
    return {k for k in reach if carried[k]}


@st.composite
def awards(draw, most=5):
    """Small awards of two items: marks of two assessors, a ceiling, a line, votes."""
    n = draw(st.integers(1, most))
    marks = st.sampled_from([0, 25, 40, 50, 60, 75, 100])
    points = draw(st.sampled_from([(50, 50), (60, 40), (80, 20)]))
    given_ = {id: {f"u{k}": [draw(marks), draw(marks)] for k in range(n)} for id in ("a", "b")}
    quota = draw(st.none() | st.integers(1, n + 1))
    votes = draw(
        st.none() | st.lists(st.sampled_from(["yyy", "ynn", "ya", "r"]), min_size=n, max_size=n)
    )
    return {
        "points": points,
        "marks": given_,
        "cutoff": draw(st.sampled_from([1, 45, 50, 60])),
        "quota": quota,
        "ties": draw(st.sampled_from(["out", "in"])),
        "votes": votes,
        "veto": draw(st.sampled_from(["before_quota", "after_quota"])),
    }


def made(award):
    """Ratings, the assessment, rows, units, scheme."""
    items = [item(id, float(p)) for id, p in zip("ab", award["points"], strict=True)]
    keys = {"order": {"veto": award["veto"]}}
    rows = [row for id in "ab" for row in crossed(award["marks"][id], id)]
    units = list(award["marks"]["a"])
    if award["votes"] is not None:
        keys["vetoes"] = [vote("2/3")]
        rows += ballots(dict(zip(units, award["votes"], strict=True)))
    scheme = scheme_of(items, float(award["cutoff"]), award["quota"], award["ties"], **keys)
    return *assessed(scheme, rows, units), rows, units, scheme


def carried(award, n):
    """A unit with nobody for or against it was not put to the vote, and no vote stands against
    it."""
    words = award["votes"] or [""] * n
    cast = [[letter for letter in word if letter != "r"] for word in words]
    return [not c or Fraction(c.count("y"), len(c)) >= Fraction(2, 3) for c in cast]


def shares_of(award, units):
    return [[Fraction(sum(award["marks"][id][u]), 200) for id in "ab"] for u in units]


@given(awards())
@settings(max_examples=share(60))
def test_winners_and_what_decided_are_those_of_paper(award):
    ratings, result, _, units, _ = made(award)
    shares, carries = shares_of(award, units), carried(award, len(units))
    after = award["veto"] == "after_quota"
    rule = award["cutoff"], award["quota"], award["ties"]
    expected = winning(award["points"], shares, *rule, carries, after)
    found = winners(ratings, result, band=0.0, draws=10)
    assert {units.index(unit) for unit in found.names} == expected
    assert found.places == award["quota"]
    assert found.empty == (None if found.places is None else found.places - len(expected))
    free = winning(award["points"], shares, *rule, [True] * len(units), after)
    alone = winning(award["points"], shares, award["cutoff"], None, "in", [True] * 9, after)
    for k, unit in enumerate(units):
        row = found.table.loc[unit]
        assert row["wins"] == (k in expected)
        # nothing moves within a band of no width
        assert row["in_band"] == ("certain" if k in expected else "never")
        assert row["by_points"] == (k in expected)
        if k in expected:
            assert row["why"] == "wins"
        elif k not in alone:
            assert row["why"] == "below"
        elif carries[k]:
            assert row["why"] == "place"
        elif k in free or not after:
            assert row["why"] == "vote"
        else:
            assert row["why"] in ("vote", "place")


def on_the_way(award, shares, band):
    """Who wins, at every event and between any two, as points go from one end of the band to the
    other: the sum stands, so that there is one way."""
    a, b = (Fraction(p) for p in award["points"])
    width = min(a, b) * Fraction(str(band))
    ends = [-width, width]
    # the score at t is s0 + t·slope
    lines = [(a * x + b * y, x - y) for x, y in shares]
    events = set(ends)
    for s, slope in lines:
        if slope:
            events.add((award["cutoff"] - s) / slope)
    for (s, x), (t, y) in itertools.combinations(lines, 2):
        if x != y:
            events.add((t - s) / (x - y))
    at = sorted(t for t in events if -width <= t <= width)
    return sorted({*at, *((s + t) / 2 for s, t in itertools.pairwise(at))}), a, b


@given(awards(most=4), st.sampled_from([0.1, 0.25, 0.5]))
@settings(max_examples=share(60))
def test_who_can_win_within_the_band_is_what_every_event_shows(award, band):
    ratings, result, _, units, _ = made(award)
    shares, carries = shares_of(award, units), carried(award, len(units))
    times, a, b = on_the_way(award, shares, band)
    rule = award["cutoff"], award["quota"], award["ties"]
    after = award["veto"] == "after_quota"
    won = [winning((a + t, b - t), shares, *rule, carries, after) for t in times]
    found = winners(ratings, result, band=band, draws=200)
    for k, unit in enumerate(units):
        ever, always = any(k in w for w in won), all(k in w for w in won)
        answer = found.table.loc[unit, "in_band"]
        expected = "certain" if always else "possible" if ever else "never"
        assert answer == expected, (unit, award, band)
        share_won = found.table.loc[unit, "by_points"]
        assert share_won == 1.0 if always else 0 <= share_won <= 1
        if not ever:
            assert share_won == 0.0


@given(
    st.integers(2, 3).flatmap(
        lambda k: st.lists(
            st.lists(st.integers(0, 10).map(lambda x: 10 * x), min_size=k, max_size=k),
            min_size=2,
            max_size=3,
        )
    ),
    st.sampled_from(["out", "in"]),
)
@settings(max_examples=share(45))
def test_frequencies_under_other_assessors_are_those_of_all_draws(marks, ties):
    k, units = len(marks[0]), [f"u{i}" for i in range(len(marks))]
    scheme = scheme_of([item("a")], 40.0, 1, ties)
    rows = crossed(dict(zip(units, marks, strict=True)))
    found = winners(*assessed(scheme, rows, units), draws=4_000, band=0.0, seed=3)
    every = list(itertools.product(range(k), repeat=k - 1))
    wins = [0] * len(units)
    for chosen in every:
        shares = [[Fraction(sum(own[j] for j in chosen), 100 * (k - 1))] for own in marks]
        for i in winning([100], shares, 40, 1, ties, [True] * len(units), True):
            wins[i] += 1
    for unit, count in zip(units, wins, strict=True):
        p = count / len(every)
        # five standard errors; what always or never happens does so in every draw
        assert abs(found.table.loc[unit, "by_assessors"] - p) <= 5 * math.sqrt(p * (1 - p) / 4_000)


@given(awards(), st.integers(2, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=share(30))
def test_leaving_one_out_is_reading_the_others_again(award, k, seed):
    chance = random.Random(seed)
    for id in "ab":
        for given_ in award["marks"][id].values():
            given_[:] = [chance.choice([0, 30, 50, 70, 100]) for _ in range(k)]
    ratings, result, rows, units, scheme = made(award)
    found = winners(ratings, result, draws=10)
    now = set(found.names)
    pivotal = dict.fromkeys(units, 0)
    assert list(found.without.index) == [f"z{j}" for j in range(k)]
    for j in range(k):
        left = [row for row in rows if row[1] != f"z{j}"]
        other = remade(scheme, read(scheme, left, units))
        then = set(other.grades.index[other.grades == "winner"])
        row = found.without.loc[f"z{j}"]
        assert set(row["gained"]) == then - now and set(row["lost"]) == now - then
        assert row["why"] is None and row["stages"] == ("",)
        for unit in then ^ now:
            pivotal[unit] += 1
    assert found.table["pivotal"].to_dict() == pivotal


def test_without_the_only_assessor_nothing_can_be_said_and_why_is_told():
    found = winners(pd.DataFrame({"one": [80, 70]}, ["甲", "乙"]), minimum=60, draws=10)
    assert found.names == ["甲", "乙"] and found.assessors is None
    assert "a panel of 1 assessor cannot be drawn anew" in found.why.en
    assert "只有1名评委" in found.why.zh
    assert found.table["by_assessors"].isna().all()
    (row,) = found.without.itertuples()
    assert row.why is not None and row.gained == row.lost == ()


def test_too_few_marks_without_an_assessor_is_told_and_the_rest_goes_on():
    scheme = scheme_of([item("a")], 10.0, 1, panel={"how": "drop"})
    rows = crossed({"u": [50, 60, 70, 80], "v": [40, 50, 60, None]})
    found = winners(*assessed(scheme, rows, ["u", "v"]), draws=10)
    assert found.without["why"].notna().tolist() == [True, True, True, False]
    assert "至少要有3个" in found.without.loc["z0", "why"].zh


def test_a_unit_not_put_to_the_vote_has_no_vote_against_it():
    scheme = scheme_of([item("a")], 50.0, 3, vetoes=[vote("2/3", members=3)])
    marks = {"u": [80, 90], "v": [70, 80], "w": [60, 70], "x": [20, 30]}
    rows = crossed(marks) + ballots({"u": "yyy", "v": "yna"})
    found = winners(*assessed(scheme, rows, list(marks)), draws=10)
    assert found.table["why"].to_dict() == {"u": "wins", "v": "vote", "w": "wins", "x": "below"}
    assert (found.places, found.empty) == (3, 1)
    columns = ["yes", "no", "abstained", "counted", "share", "needed", "carried"]
    assert found.votes[columns].to_numpy().tolist() == [
        [3, 0, 0, 3, 1.0, "2/3", True],
        [1, 1, 1, 3, 1 / 3, "2/3", False],
    ]


@pytest.mark.parametrize(("ties", "names"), [("out", []), ("in", ["甲", "乙", "丙"])])
def test_all_tied_at_the_ceiling_go_in_or_out_together(ties, names):
    scheme = scheme_of([item("a")], 60.0, 2, ties)
    marks = {"甲": [70, 80], "乙": [80, 70], "丙": [75, 75]}
    found = winners(*assessed(scheme, crossed(marks), list(marks)), draws=10)
    assert found.names == names and found.empty == 2 - len(names)


def test_a_ceiling_above_the_number_of_units_leaves_places_empty():
    frame = pd.DataFrame({"one": [80, 70, 40], "two": [85, 75, 50]}, ["甲", "乙", "丙"])
    found = winners(frame, places=5, minimum=60, draws=10)
    assert (found.names, found.places, found.empty) == (["甲", "乙"], 5, 3)
    nobody = winners(frame, places=2, minimum=90, draws=10)
    assert (nobody.names, nobody.empty) == ([], 2)
    assert nobody.table["why"].tolist() == ["below"] * 3
    assert (nobody.table["in_band"] == "never").all()


def test_who_withdrew_is_left_out_of_the_mean():
    scheme = scheme_of([item("a")], 60.0)
    rows = crossed({"u": [50, 80, 90], "v": [50, 60, 60]})
    rows[0][5] = "recused"
    ratings, result = assessed(scheme, rows, ["u", "v"])
    assert result.scores.to_dict() == {"u": 85.0, "v": pytest.approx(170 / 3)}
    found = winners(ratings, result, draws=500)
    assert found.names == ["u"] and not found.table["by_assessors"].isna().any()


def test_a_plain_table_of_items_and_their_points():
    rows = [("u", "z", "x", 80), ("u", "z", "y", 40), ("v", "z", "x", 40), ("v", "z", "y", 80)]
    frame = pd.DataFrame(rows, columns=["unit", "assessor", "item", "score"])
    found = winners(frame, points={"x": 75, "y": 25}, minimum=60, draws=10)
    assert found.result.scores.to_dict() == {"u": 70.0, "v": 50.0} and found.names == ["u"]
    equal = winners(frame, minimum=60, draws=10)
    assert equal.result.scores.to_dict() == {"u": 60.0, "v": 60.0}
    ten = winners(frame.assign(score=frame["score"] / 10), minimum=60, out_of=10, draws=10)
    assert ten.result.scores.to_dict() == {"u": 60.0, "v": 60.0}
    with pytest.raises(InputError, match="no points for “y”"):
        winners(frame, points={"x": 100}, minimum=60)


def test_without_a_least_score_the_first_places_win():
    frame = pd.DataFrame({"one": [80, 70, 60], "two": [85, 75, 50]}, ["甲", "乙", "丙"])
    found = winners(frame, places=2, draws=10)
    assert (found.names, found.places, found.empty) == (["甲", "乙"], 2, 0)
    assert found.table["why"].tolist() == ["wins", "wins", "place"]
    with pytest.raises(InputError) as caught:
        winners(frame)
    assert "places" in str(caught.value) and "minimum" in str(caught.value)


def test_arguments_that_are_none_are_refused():
    frame = pd.DataFrame({"one": [80, 70], "two": [85, 75]}, ["甲", "乙"])
    _, result = assessed(scheme_of([item("a")]), crossed({"u": [80, 75]}), ["u"])
    for call in (
        lambda: winners(frame, minimum=60, band=1.5),
        lambda: winners(frame, minimum=60, draws=0),
        lambda: winners(frame, minimum=60, places=1.5),
        lambda: winners(frame, minimum=60, out_of=50),
        lambda: winners(frame, result),
        lambda: winners(frame.replace(80, float("inf")), minimum=60),
    ):
        with pytest.raises(InputError):
            call()


def test_any_workers_count_the_same():
    scheme = scheme_of([item("a", 60.0), item("b", 40.0)], 50.0, 2)
    rows = [row for id in "ab" for row in crossed(MARKS, id)]
    ratings, result = assessed(scheme, rows, list(MARKS))
    alone = winners(ratings, result, draws=2_000, seed=5)
    spawned = multiprocessing.get_context("spawn")
    for pool in (ThreadPoolExecutor(3), ProcessPoolExecutor(1, mp_context=spawned)):
        with pool as executor:
            found = winners(ratings, result, draws=2_000, seed=5, executor=executor)
        pd.testing.assert_frame_equal(found.table, alone.table)
        pd.testing.assert_frame_equal(
            found.assessors.rank_acceptability, alone.assessors.rank_acceptability
        )
    other = winners(ratings, result, draws=2_000, seed=6)
    assert not other.assessors.rank_acceptability.equals(alone.assessors.rank_acceptability)


MARKS = {"u": [80, 60, 70, 40], "v": [70, 70, 60, 60], "w": [50, 60, 70, 80]}
