"""New indicators at their worst: against every assignment of marks, assessed one by one."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from tests.examples import share


def scheme_of(points, quota):
    leaves = [
        {"id": id, "name": id, "points": p, "rule": {"kind": "share"}} for id, p in points.items()
    ]
    grades = [
        {"id": "A", "cutoff": 80.0, "quota": quota},
        {"id": "B", "cutoff": 60.0},
        {"id": "C", "cutoff": 0.0},
    ]
    data = {"id": "s", "name": "s", "total": 100.0, "indicators": leaves, "grades": grades}
    return validate(Scheme, data, None)


@settings(max_examples=share(25), deadline=None)
@given(
    st.lists(st.integers(10, 20), min_size=2, max_size=5),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([5, 10, 20]),
)
def test_every_assignment_of_marks_stays_within_the_worst_and_the_best(shares, quota, new):
    """Each unit has nothing, half or full marks on the new indicator, in all ways: the grades seen
    are those that the table gives as worst and best."""
    data = pd.DataFrame(
        {"a": [k / 20 for k in shares]}, index=[f"u{k}" for k in range(len(shares))]
    )
    before = qt.assess(scheme_of({"a": 100.0}, quota), data)
    scheme = scheme_of({"a": 100.0 - new, "b": float(new)}, quota)
    result = qt.assess(scheme, data.assign(b=0.7))
    found = qt.new_indicators.worst_case(result, before)
    seen = {unit: set() for unit in data.index}
    for marks in itertools.product((0, 0.5, 1), repeat=len(shares)):
        for unit, grade in qt.assess(scheme, data.assign(b=list(marks))).grades.items():
            seen[unit].add(grade)
    for unit, row in found.table.iterrows():
        assert row["status"] == "exact"
        assert (max(seen[unit]), min(seen[unit])) == (row["grade_low"], row["grade_high"])
        assert row["depends"] == (len(seen[unit]) > 1)
    for gives, mark in {"zero": 0.0, "full": 1.0}.items():
        anew = qt.assess(scheme, data.assign(b=mark))
        assert found.scenarios[gives].scores.tolist() == anew.scores.tolist()
        assert found.scenarios[gives].grades.tolist() == anew.grades.tolist()
    assert np.allclose(found.scenarios["renormalise"].scores, 100 * data["a"])


def test_what_the_table_says_of_new_indicators_is_left_out():
    case = qt.read_case("city-2026")
    result, before = qt.assess(case.scheme, case.table), qt.comparison.last_year(case)
    found = qt.new_indicators.worst_case(result, before)
    (leaf,) = found.leaves
    assert found.unfilled == () and leaf not in {each.id for each in before.scheme.leaves}
    points = result.points[leaf]
    assert np.allclose(found.table["high"] - found.table["low"], points)
    own = result.contributions[leaf]
    assert np.allclose(found.table["low"], result.steps["base"] - own)
    again = qt.new_indicators.worst_case(qt.new_indicators.untried(result, [leaf]))
    assert again.unfilled == again.leaves == found.leaves
    columns = ["low", "high", "grade_low", "grade_high"]
    assert again.table[columns].equals(found.table[columns])


def test_one_indicator_and_all_of_them_new():
    data = pd.DataFrame({"a": [0.9]}, index=["甲"])
    result = qt.assess(scheme_of({"a": 100.0}, None), data)
    other = qt.assess(scheme_of({"z": 100.0}, None), data.rename(columns={"a": "z"}))
    found = qt.new_indicators.worst_case(result, other)
    assert found.table[["low", "high"]].values.tolist() == [[0.0, 100.0]]
    assert found.table[["grade_low", "grade_high"]].values.tolist() == [["C", "A"]]
    assert set(found.scenarios) == {"full", "zero"}  # no other indicator of the group
    assert qt.new_indicators.worst_case(result, result).leaves == ()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda r: qt.new_indicators.worst_case(r, "last"), "before"),
        (lambda r: qt.new_indicators.untried(r, ["nobody"]), "nobody"),
        (lambda r: qt.new_indicators.untried(r, ["a"], "half"), "half"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(ask, words):
    result = qt.assess(scheme_of({"a": 100.0}, None), pd.DataFrame({"a": [0.9]}))
    with pytest.raises(InputError, match=words) as error:
        ask(result)
    assert len(str(error.value).splitlines()) == 2  # in both languages
