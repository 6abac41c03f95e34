"""Every way that is tried, against the second program in exact fractions and against schemes
written anew by hand."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.errors import InputError
from tests import oracle, strategies
from tests.examples import share
from tests.sentences import results
from tests.strategies import KINDS, frame_of, givens, scheme_of


def written(scheme, way):
    """The scheme as in scheme.yaml with one way taken; None for kinds that are looked at apart."""
    scheme = copy.deepcopy(scheme)
    grade = next((g for g in scheme["grades"] if g["id"] == way.of), None)
    if way.kind == "decimals":
        scheme.setdefault("rounding", {})["total"] = dict(way.choice)
    elif way.kind == "blanks":
        scheme["missing"][way.of] = way.choice
        for leaf in strategies.leaves_of(scheme["indicators"]):
            leaf.get("missing", {}).pop(way.of, None)
    elif way.kind == "line":
        grade["cutoff"] = round(grade["cutoff"] + way.choice, 10)
        own = grade.get("class_cutoffs", {})
        grade["class_cutoffs"] = {name: round(x + way.choice, 10) for name, x in own.items()}
    elif way.kind == "quota":
        grade["quota"] = way.choice
        if grade.get("by") in ("place", "share"):
            grade["by"] = "share" if way.choice < 1 else "place"
    elif way.kind == "order":
        scheme["order"]["veto"] = way.choice
    else:
        return None
    return scheme


def check_against_the_oracle(given_):
    result = qt.assess(scheme_of(given_.scheme), frame_of(given_))
    found = qt.decisions.matters(result)
    now = [unit["grade"] for unit in oracle.grade_all(given_.scheme, given_.rows)]
    tried = 0
    for row, way in enumerate(found.ways):
        scheme = written(given_.scheme, way)
        if scheme is None or found.table["failed"][row] is not None:
            continue
        then = [unit["grade"] for unit in oracle.grade_all(scheme, given_.rows)]
        units = zip(result.scores.index, now, then, strict=True)
        assert found.table["moved"][row] == tuple(u for u in units if u[1] != u[2]), way
        tried += 1
    return tried


@settings(max_examples=share(60))
@given(givens(kinds=KINDS))
def test_ways_grade_as_the_second_program_does(given_):
    assert check_against_the_oracle(given_) >= 2  # decimals at least


@settings(max_examples=share(25))
@given(givens(kinds=["share", "deduct"], stages=False, ways=True))
def test_ways_of_grades_by_place_and_breaks_too(given_):
    check_against_the_oracle(given_)


@settings(max_examples=share(40))
@given(results())
def test_single_points_and_dropped_indicators_are_schemes_written_anew(result):
    found = qt.decisions.matters(result)
    leaves = [leaf.id for leaf in result.scheme.leaves]
    for row, way in enumerate(found.ways):
        if way.kind not in ("points", "full_marks") or found.table["failed"][row] is not None:
            continue
        points = dict(zip(leaves, result.points, strict=True))
        family = siblings(result.scheme, way.choice["leaf"])
        rest = sum(points[leaf] for leaf in leaves if leaf in family["beside"])
        gone = sum(points[leaf] for leaf in family["own"])
        wanted = gone + way.choice["points"] - points[way.choice["leaf"]]
        for leaf in family["own"]:
            points[leaf] = points[leaf] * wanted / gone if gone else wanted / len(family["own"])
        for leaf in family["beside"]:
            points[leaf] *= (rest + gone - wanted) / rest
        other = qt.assess(result.scheme.replace(points=points), result.table)
        then = dict(zip(other.grades.index, other.grades, strict=True))
        near = np.abs(other.base.to_numpy()[:, None] - other.engine.thresholds).min(initial=1e9)
        if near > 100:  # ticks: nobody so close that the order of two sums decides
            moved = {unit: new for unit, _, new in found.table["moved"][row]}
            assert then == {**result.grades.to_dict(), **moved}, way


def siblings(scheme, leaf):
    """The leaves that move with one (alone below its block), and those that take up its points."""
    node = scheme.indicator(leaf)
    while True:
        above = next((n for n in scheme.nodes if node.id in {c.id for c in n.children}), None)
        family = scheme.indicators if above is None else above.children
        beside = [x.id for n in family if n.id != node.id for x in n.walk() if x.is_leaf]
        if sum(scheme.indicator(x).points for x in beside) > 0:
            return {"own": [x.id for x in node.walk() if x.is_leaf], "beside": beside}
        node = above


def test_blanks_that_cannot_take_a_mean_are_named_and_change_nothing():
    """The only unit with a class has no other to take a mean of."""
    leaves = [
        {"id": "a", "name": "a", "points": 50.0, "rule": {"kind": "share"}},
        {"id": "b", "name": "b", "points": 50.0, "rule": {"kind": "share"}},
    ]
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
        "missing": {"blank": "not_reported", "not_reported": "zero"},
    }
    frame = pd.DataFrame({"a": [1.0], "b": [None]}, index=["甲"], dtype=object)
    found = qt.decisions.matters(qt.assess(scheme_of(scheme), frame))
    rows = found.table[found.table["kind"] == "blanks"].set_index("choice")
    assert rows.loc["full", "moved"] == (("甲", "B", "A"),)
    assert rows.loc["group_mean", "moved"] == () and rows.loc["group_mean", "failed"].zh
    assert rows.loc[["full", "renormalise"], "failed"].isna().all()


def test_a_line_that_would_cross_its_neighbour_is_left_out():
    frame = pd.DataFrame({"a": [0.9]}, index=["甲"])
    result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)

    def lines(shift):
        table = qt.decisions.matters(result, shift=shift).table
        return table.loc[table["kind"] == "line", ["of", "choice"]].values.tolist()

    assert lines(30) == [["B", -30.0]]
    assert lines(10) == [["A", -10.0], ["A", 10.0], ["B", -10.0], ["B", 10.0]]


@pytest.mark.parametrize("shift", [0, -1, 101, float("nan"), "1"])
def test_a_shift_that_is_none_is_refused(shift):
    frame = pd.DataFrame({"a": [0.9]}, index=["甲"])
    result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)
    with pytest.raises(InputError):
        qt.decisions.matters(result, shift=shift)


def test_drafts_of_other_units_or_grades_are_refused():
    frame = pd.DataFrame({"a": [0.9, 0.5]}, index=["甲", "乙"])
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0})
    result = qt.assess(scheme, frame)
    assert qt.decisions.matters(result, {"二": result}).table["kind"].iloc[-1] == "draft"
    fewer = qt.assess(scheme, frame.iloc[:1])
    others = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "C": 0}), frame)
    for wrong, said in ((fewer, "甲"), (others, "C, A"), (scheme, "Scheme")):
        with pytest.raises(InputError, match=r"drafts\.二") as error:
            qt.decisions.matters(result, {"二": wrong})
        assert said in error.value.sentences("zh")[0]
