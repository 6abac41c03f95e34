"""The cause of a difference: one that was planted is found, and what is no cause is not named."""

import random
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.comparison import causes
from qtoolkit.comparison.undoing import Rows
from qtoolkit.errors import InputError
from tests.comparison import planted
from tests.comparison.planted import KIND_OF_CELL, PARTS, ROWS
from tests.comparison.test_comparing import scheme_with, share
from tests.examples import share as some
from tests.strategies import KINDS as KINDS_OF_RULES
from tests.strategies import frame_of, givens, scheme_of

EACH = 32  # pairs of each kind: sixteen kinds, so more than 500
KINDS = list(PARTS)


@cache
def pairs(what, count, seed=0):
    rng = random.Random(f"{what} {seed}")
    return [planted.pair(rng, what, decoyed=bool(k % 2)) for k in range(count)]


def wrong(pair):
    """What the causes of a pair say that is not what was planted, as (unit, what)."""
    table = causes(pair.before.assessed(), pair.after.assessed())
    part, found = PARTS[pair.what], []
    for unit in planted.changed(pair.before, pair.after):
        rows = table[table["unit"] == unit]
        if len(rows) != 1:
            found.append((unit, "rows", rows.to_dict("records")))
            continue
        row, own = rows.iloc[0], unit == pair.unit
        whose = "" if part not in ROWS else "own" if own else "others"
        by = () if own or part not in (*ROWS, "units") else (pair.unit,)
        expected = {
            "part": part,
            "alone": "undone",
            "whose": whose,
            "leaves": (pair.leaf,) if own and pair.leaf else (),
            "kinds": (KIND_OF_CELL.get(pair.what),) if own and pair.leaf else (),
            "by": by,
            "via": planted.via(pair, unit),
        }
        found += [
            (unit, name, row[name], one) for name, one in expected.items() if row[name] != one
        ]
    told = set(table["unit"])
    return found + [(u, "told") for u in told ^ set(planted.changed(pair.before, pair.after))]


@pytest.mark.parametrize("what", KINDS)
def test_the_planted_cause_is_named_and_nothing_else(what):
    """Each pair changes a grade; every second one has another difference that changes none."""
    found = pairs(what, EACH)
    for number, pair in enumerate(found):
        assert wrong(pair) == [], (what, number, pair.decoy)


@pytest.mark.soak
@pytest.mark.parametrize("what", KINDS)
def test_the_planted_cause_is_named_in_many_more(what):
    for number, pair in enumerate(pairs(what, 10 * EACH, seed=1)):
        assert wrong(pair) == [], (what, number, pair.decoy)


@pytest.mark.parametrize("what", KINDS)
def test_every_kind_is_planted_where_it_matters(what):
    """Each changes a grade, by the second program, and what is planted on a unit mostly its own;
    of what moves places the grades of others besides."""
    found = pairs(what, EACH)
    changed = [planted.changed(pair.before, pair.after) for pair in found]
    assert len([units for units in changed if units]) >= 20
    assert sum(pair.decoy is not None for pair in found) == EACH // 2
    if PARTS[what] in ROWS or what == "approval":
        own = [pair.unit in units for pair, units in zip(found, changed, strict=True)]
        assert sum(own) >= 15
    if what not in ("veto", "bonus", "approval"):
        others = [{*units} - {pair.unit} for pair, units in zip(found, changed, strict=True)]
        assert sum(map(bool, others)) >= 10


def doctored(monkeypatch, change):
    """Causes with a column changed before they are checked."""
    real = causes
    monkeypatch.setattr(f"{__name__}.causes", lambda *pair: change(real(*pair)))


def test_own_and_others_exchanged_are_caught(monkeypatch):
    found = [pair for what in ("changed", "class", "bonus") for pair in pairs(what, 6)]
    swapped = {"own": "others", "others": "own", "scheme": "scheme", "": ""}
    doctored(monkeypatch, lambda table: table.assign(whose=table["whose"].map(swapped)))
    assert all(wrong(pair) for pair in found)


def test_a_decoy_in_the_place_of_the_cause_is_caught():
    decoyed = [p for what in ("changed", "veto", "quotas", "left") for p in pairs(what, 6)[1::2]]
    told = [pair for pair in decoyed if PARTS[pair.decoy] != PARTS[pair.what]]
    assert len(told) >= 6
    for pair in told:
        assert not wrong(pair) and wrong(replace(pair, what=pair.decoy))


def test_the_others_undone_in_the_place_of_the_unit_are_caught(monkeypatch):
    """A fault in the code: what is undone and what stays exchanged."""
    real = Rows.states

    def exchanged(self, undone, scheme=True):
        return real(self, [self.differs & ~mask for mask in undone], scheme)

    same = [pair for what in ("changed", "target", "bonus") for pair in pairs(what, EACH)]
    same = [pair for pair in same if pair.decoy and PARTS[pair.decoy] == PARTS[pair.what]]
    assert len(same) >= 5 and not any(map(wrong, same))
    monkeypatch.setattr(Rows, "states", exchanged)
    assert all(map(wrong, same))


# By hand ----------------------------------------------------------------------------------------


def by_hand(old, new, frames, **asked):
    """The causes between two schemes of two leaves of 60 and 40 points, as plain rows."""
    results = [
        qt.assess(scheme, pd.DataFrame(frame, index=list("uvw")[: len(frame["a"])]))
        for scheme, frame in zip((old, new), frames, strict=True)
    ]
    return causes(*results, **asked)


LEAVES = [share("a", 60.0), share("b", 40.0)]
LINES = {"A": 90.0, "B": 0.0}
PLAIN = scheme_with(LEAVES, LINES)
GOOD = {"a": [0.95], "b": [0.95]}
SAID = ["part", "alone", "via"]


def test_two_causes_each_enough_are_both_named():
    """95 under a line of 90; then 85 under one of 96: either alone makes a B."""
    higher = scheme_with(LEAVES, {"A": 96.0, "B": 0.0})
    table = by_hand(PLAIN, higher, (GOOD, {"a": [0.85], "b": [0.85]}))
    assert table[SAID].values.tolist() == [["data", "done", "score"], ["cutoffs", "done", "line"]]
    assert table["points"].round(9).tolist() == [-10, 0]


def test_two_causes_that_work_only_together_are_both_named():
    """95 under a line of 90; then 92 under one of 93: either undone leaves the A."""
    higher = scheme_with(LEAVES, {"A": 93.0, "B": 0.0})
    table = by_hand(PLAIN, higher, (GOOD, {"a": [0.9], "b": [0.95]}))
    assert table[SAID].values.tolist() == [
        ["data", "undone", "score"],
        ["cutoffs", "undone", "line"],
    ]
    assert table["leaves"].tolist() == [("a",), ()]


def test_where_any_two_of_three_are_enough_all_together_are_the_cause():
    """100, of which three indicators lose 6 each under a line of 90: any two make a B, none by
    itself."""
    leaves = [share(id, 20.0) for id in "abcde"]
    scheme = scheme_with(leaves, LINES)
    full = {id: [1.0] for id in "abcde"}
    table = by_hand(scheme, scheme, (full, full | {id: [0.7] for id in "abc"}))
    assert table[["part", "alone", "whose", "leaves"]].values.tolist() == [
        ["data", "undone", "own", ("a", "b", "c")]
    ]
    drop = {"points": 6.0, "max": 6.0}
    outside = {"bonuses": [{"id": "d", "name": "d", "kind": "deduction", "max": drop["max"]}]}
    old = scheme_with(LEAVES, LINES, **outside)
    new = scheme_with([share("a", 54.0), share("b", 46.0)], LINES, **outside)
    frames = {"a": [1.0], "b": [1.0]}, {"a": [1.0], "b": [0.85], "bonus:d": [4.0]}
    found = by_hand(old, new, frames)  # 100, then 54 + 39.1 − 4 = 89.1
    assert set(found["alone"]) == {"undone"} and set(found["part"]) == {"data", "bonus", "points"}


def test_three_parts_of_which_any_two_are_enough():
    """100 less 6 by data, by a deduction and by a line that rises from 90 to 96: with any one of
    them undone a B still, with one alone an A still."""
    outside = {"bonuses": [{"id": "d", "name": "d", "kind": "deduction", "max": 6.0}]}
    old = scheme_with(LEAVES, LINES, **outside)
    new = scheme_with(LEAVES, {"A": 96.0, "B": 0.0}, **outside)
    frames = {"a": [1.0], "b": [1.0]}, {"a": [0.9], "b": [1.0], "bonus:d": [6.0]}
    table = by_hand(old, new, frames)
    assert table["alone"].tolist() == ["together"] * 3
    assert set(table["part"]) == {"data", "bonus", "cutoffs"}


def test_own_and_others_both_needed_are_two_rows():
    """A place for one: u falls from 90 to 86, v rises from 80 to 88; either undone and u keeps
    it."""
    scheme = scheme_with(LEAVES, {"A": {"cutoff": 70.0, "quota": 1}, "B": 0.0})
    old, new = ({"a": [x, y], "b": [x, y]} for x, y in ((0.9, 0.8), (0.86, 0.88)))
    table = by_hand(scheme, scheme, (old, new), units=["u"])
    assert table[["whose", "by", "via", "others"]].values.tolist() == [
        ["own", (), "place", ("v",)],
        ["others", ("v",), "place", ("v",)],
    ]


def test_scores_of_grades_that_stand_where_they_are_asked_for():
    """95 and then 92: an A both times. Points have changed as well, which alone changes nothing
    where both shares are the same."""
    other = scheme_with([share("a", 50.0), share("b", 50.0)], LINES)
    frames = GOOD, {"a": [0.92], "b": [0.92]}
    assert by_hand(PLAIN, other, frames).empty
    table = by_hand(PLAIN, other, frames, scores=True)
    row = table.iloc[0]
    assert len(table) == 1 and (row["outcome"], row["part"], row["via"]) == (
        "score",
        "data",
        "score",
    )
    assert (row["before"], row["after"], round(row["points"], 9)) == (95, 92, -3)


def test_an_approval_hides_what_would_have_changed_the_computed_grade():
    """95 and then 85, approved as A: nothing to explain, unless computed grades are asked for."""
    frames = GOOD, {"a": [0.85], "b": [0.85], "approved": ["A"], "approved_reason": ["r"]}
    assert by_hand(PLAIN, PLAIN, frames).empty
    assert by_hand(PLAIN, PLAIN, frames, grades="computed")["part"].tolist() == ["data"]


def test_a_split_indicator_is_put_on_points_and_names_its_own_leaves():
    """b of 40 goes on as b1 and b2 of 20: 0.95 of 60 and of 40 is 95; then 57 + 19 + 8 = 84."""
    parts = [share(id, 20.0, previous=["b"]) for id in ("b1", "b2")]
    new = scheme_with([share("a", 60.0), *parts], LINES)
    table = by_hand(PLAIN, new, (GOOD, {"a": [0.95], "b1": [0.95], "b2": [0.4]}))
    assert table[SAID].values.tolist() == [["points", "undone", "score"]]
    renamed = scheme_with([share("a", 60.0), share("c", 40.0, previous=["b"])], LINES)
    table = by_hand(PLAIN, renamed, (GOOD, {"a": [0.95], "c": [0.6]}))
    assert table[["part", "leaves", "via"]].values.tolist() == [["data", ("c",), "score"]]


def test_years_of_other_totals_and_of_other_numbers_of_grades():
    """The same shares of 100 and of 1,000 have no cause; with three grades in the place of two the
    scores are explained."""
    thousand = scheme_with([share("a", 600.0), share("b", 400.0)], {"A": 900.0, "B": 0.0}, name="s")
    assert by_hand(PLAIN, thousand, (GOOD, GOOD), scores=True).empty
    worse = {"a": [0.85], "b": [0.85]}
    assert by_hand(PLAIN, thousand, (GOOD, worse))[SAID].values.tolist() == [
        ["data", "undone", "score"]
    ]
    three = scheme_with(LEAVES, {"A": 95.0, "B": 80.0, "C": 0.0})
    table = by_hand(PLAIN, three, (GOOD, worse))
    assert table[["outcome", *SAID]].values.tolist() == [["score", "data", "undone", "score"]]


def test_a_unit_that_entered_took_the_place():
    scheme = scheme_with(LEAVES, {"A": {"cutoff": 70.0, "quota": 1}, "B": 0.0})
    old, new = {"a": [0.8], "b": [0.8]}, {"a": [0.8, 0.9], "b": [0.8, 0.9]}
    down, up = by_hand(scheme, scheme, (old, new)), by_hand(scheme, scheme, (new, old))
    for table in (down, up):
        assert table[["part", "by", "via", "others"]].values.tolist() == [
            ["units", ("v",), "place", ("v",)]
        ]


def test_units_that_are_asked_for_and_words_that_are_refused():
    worse = {"a": [0.85], "b": [0.85]}
    assert by_hand(PLAIN, PLAIN, (GOOD, worse), units=["u"])["unit"].tolist() == ["u"]
    for asked, words in (({"units": ["x"]}, "“x”"), ({"grades": "final"}, "approved")):
        with pytest.raises(InputError, match=words):
            by_hand(PLAIN, PLAIN, (GOOD, worse), **asked)
    results = [qt.assess(PLAIN, pd.DataFrame(GOOD, index=[name])) for name in "uv"]
    with pytest.raises(InputError, match="in common"):
        causes(*results)


@settings(max_examples=some(60))
@given(givens(kinds=KINDS_OF_RULES, ways=True), givens(kinds=KINDS_OF_RULES, ways=True))
def test_every_change_between_any_two_years_has_a_cause(first, second):
    """Years that have nothing in common but names of units: other trees, totals, grades and who is
    assessed."""
    before, after = (qt.assess(scheme_of(g.scheme), frame_of(g)) for g in (first, second))
    table = causes(before, after, scores=True)
    both = [unit for unit in after.scores.index if unit in before.scores.index]
    places = [[r.grade_names.index(r.approved[u]) for u in both] for r in (before, after)]
    shares = [(r.scores[both] / r.scheme.total).to_numpy() for r in (before, after)]
    alike = len(before.scheme.grades) == len(after.scheme.grades)
    for k, unit in enumerate(both):
        graded = alike and places[0][k] != places[1][k]
        scored = abs(shares[0][k] - shares[1][k]) > 1e-9
        expected = {"grade"} if graded else {"score"} if scored else set()
        assert set(table.loc[table["unit"] == unit, "outcome"]) == expected


def test_an_assessment_and_itself_have_no_causes():
    case = qt.read_case("city-2026")
    result = qt.assess(case.scheme, case.table)
    assert causes(result, result, scores=True).empty
