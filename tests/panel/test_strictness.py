"""Strict and lenient assessors: severities that were planted are found, and the grades that they
decided."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.panel.strictness import strictness
from tests.examples import share
from tests.panel.awards import assessed, item, scheme_of


def planted(quality, severity, there, group=lambda k: "", out_of=100):
    """Rows of marks quality + severity in hundredths of full marks, where `there` says so."""
    return [
        [f"u{i}", f"z{k}", group(k), "", "a", (q + s) * out_of / 100]
        for i, q in enumerate(quality)
        for k, s in enumerate(severity)
        if there[i][k]
    ]


@given(st.integers(0, 2**32 - 1), st.sampled_from([50, 100]))
@settings(max_examples=share(45))
def test_planted_severities_are_found_and_taken_out_of_the_scores(seed, out_of):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 7)), int(rng.integers(2, 5))
    quality = rng.integers(30, 71, n).tolist()
    severity = 2.0 * rng.integers(-6, 7, k)
    severity -= severity.mean()
    there = rng.random((n, k)) < 0.6
    there[np.arange(n), rng.integers(0, k, n)] = True
    there[-1] = True  # one unit that all of them marked
    rows = planted(quality, severity.tolist(), there, out_of=out_of)
    scheme = scheme_of([item("a", 200.0, float(out_of))], 100.0)
    units = [f"u{i}" for i in range(n)]
    ratings, result = assessed(scheme, rows, units)
    found = strictness(result, ratings)
    by_name = found.severity.set_index("name")["severity"]
    for j in range(k):
        assert by_name[f"z{j}"] == pytest.approx(severity[j], abs=1e-6)
    np.testing.assert_allclose(found.regraded["adjusted"], 2.0 * np.array(quality), atol=1e-6)
    assert found.regraded["score"].equals(result.scores.rename("score"))
    assert found.parts.empty
    # points that severity makes of quality, through the mean of those who marked
    biased = [2 * (q + severity[there[i]].mean()) for i, q in enumerate(quality)]
    np.testing.assert_allclose(result.scores, biased, atol=1e-6)
    sure = [i for i in range(n) if abs(biased[i] - 100) > 1e-6 and abs(quality[i] - 50) > 1e-6]
    changed = {units[i] for i in sure if (biased[i] >= 100) != (quality[i] >= 50)}
    assert changed == set(found.changed) & {units[i] for i in sure}


def test_a_grade_that_strict_assessors_decided_is_named():
    quality = [70, 62, 58, 50]
    there = [[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1]]
    severity = [-9.0, 0.0, 9.0]  # z0 strict, z2 lenient
    scheme = scheme_of([item("a")], 60.0)
    units = [f"u{i}" for i in range(4)]
    ratings, result = assessed(scheme, planted(quality, severity, there), units)
    assert result.scores.to_dict() == {"u0": 70.0, "u1": 57.5, "u2": 62.5, "u3": 50.0}
    found = strictness(result, ratings)
    assert found.changed == ["u1", "u2"]
    assert found.regraded.loc["u1", ["grade", "grade_adjusted"]].tolist() == ["others", "winner"]
    assert found.regraded.loc["u2", ["grade", "grade_adjusted"]].tolist() == ["winner", "others"]
    assert set(found.severity["strict"]) <= {"strict", "lenient", ""}


def test_marks_stay_between_nothing_and_full_marks():
    there = [[1, 1]] * 3
    rows = planted([20, 90, 50], [-10.0, 10.0], there)
    scheme = scheme_of([item("a")], 60.0)
    ratings, result = assessed(scheme, rows, ["u0", "u1", "u2"])
    found = strictness(result, ratings)
    assert found.regraded["adjusted"].tolist() == [20.0, 90.0, 50.0]
    rows[3][5] = 70.0  # z1 marks 70 where 100 was due: severities are no longer ±10
    ratings, result = assessed(scheme, rows, ["u0", "u1", "u2"])
    other = strictness(result, ratings)
    # least squares of a complete table: a column's mean less the mean of all
    marks = np.array([[10.0, 30.0], [80.0, 70.0], [40.0, 60.0]])
    severity = marks.mean(axis=0) - marks.mean()
    np.testing.assert_allclose(other.severity["severity"], severity, atol=1e-9)
    np.testing.assert_allclose(other.regraded["adjusted"], marks.mean(axis=1), atol=1e-9)
    high = planted([98, 50, 50], [-2.0, 2.0], there)
    high[0][5] = 100.0
    ratings, result = assessed(scheme, high, ["u0", "u1", "u2"])
    marks = np.array([[100.0, 100.0], [48.0, 52.0], [48.0, 52.0]])
    severity = marks.mean(axis=0) - marks.mean()
    expected = np.clip(marks - severity, 0, 100).mean(axis=1)
    np.testing.assert_allclose(
        strictness(result, ratings).regraded["adjusted"], expected, atol=1e-9
    )


def test_groups_that_share_no_unit_are_named_and_each_is_adjusted_by_itself():
    there = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    severity = [-5.0, 5.0, -2.0, 2.0]
    rows = planted([60, 70, 55, 65], severity, there, lambda k: "one" if k < 2 else "two")
    ratings, result = assessed(scheme_of([item("a")], 60.0), rows, [f"u{i}" for i in range(4)])
    found = strictness(result, ratings)
    assert found.parts[["part", "names", "units"]].to_numpy().tolist() == [
        [1, ("z0", "z1"), ("u0", "u1")],
        [2, ("z2", "z3"), ("u2", "u3")],
    ]
    by_name = found.severity.set_index("name")["severity"]
    np.testing.assert_allclose(by_name[["z0", "z1", "z2", "z3"]], severity, atol=1e-9)
    # nothing tells a strict group from weak units: no group is taken anything off
    groups = strictness(result, ratings, by="group")
    assert groups.severity.empty and groups.parts["names"].tolist() == [("one",), ("two",)]
    pd.testing.assert_series_equal(groups.regraded["adjusted"], result.scores, check_names=False)


def test_groups_that_share_units_are_compared():
    there = [[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1]]
    rows = planted([60, 70, 60], [-6.0, -6.0, 6.0, 6.0], there, lambda k: "one" if k < 2 else "two")
    ratings, result = assessed(scheme_of([item("a")], 60.0), rows, ["u0", "u1", "u2"])
    assert result.scores.to_dict() == {"u0": 54.0, "u1": 70.0, "u2": 66.0}
    found = strictness(result, ratings, by="group")
    assert found.by == "group" and found.parts.empty
    by_name = found.severity.set_index("name")["severity"]
    np.testing.assert_allclose(by_name[["one", "two"]], [-6.0, 6.0], atol=1e-9)
    np.testing.assert_allclose(found.regraded["adjusted"], [60.0, 70.0, 60.0], atol=1e-9)
    assert found.changed == ["u0"]


def test_each_stage_has_severities_of_its_own():
    stages = [{"id": "papers", "name": "papers"}, {"id": "visit", "name": "visit"}]
    leaf = item("a", stages={"papers": 0.5, "visit": 0.5})
    scheme = scheme_of([leaf], 60.0, stages=stages)
    rows = []
    for stage, severity in (("papers", [-4.0, 4.0]), ("visit", [8.0, -8.0])):
        for row in planted([50, 60, 70], severity, [[1, 1], [1, 1], [1, 1]]):
            rows.append([*row[:3], stage, *row[4:]])
    ratings, result = assessed(scheme, rows, ["u0", "u1", "u2"])
    found = strictness(result, ratings).severity.set_index(["stage", "name"])["severity"]
    assert found.round(9).to_dict() == {
        ("papers", "z0"): -4.0,
        ("papers", "z1"): 4.0,
        ("visit", "z0"): 8.0,
        ("visit", "z1"): -8.0,
    }


def test_a_lone_assessor_is_compared_with_nobody():
    rows = planted([50, 70], [0.0], [[1], [1]])
    ratings, result = assessed(scheme_of([item("a")], 60.0), rows, ["u0", "u1"])
    found = strictness(result, ratings)
    assert found.severity.empty and found.changed == []


def test_items_whose_marks_have_no_ends_are_named():
    """Severity is left in the marks of b, whose rule takes any number."""
    rule = {"kind": "goalposts", "low": 0.0, "high": 100.0}
    items = [item("a", 50.0), {"id": "b", "name": "b", "points": 50.0, "rule": rule}]
    rows = [
        [unit, assessor, "", "", id, mark + severity]
        for unit, mark in (("u0", 40.0), ("u1", 60.0))
        for assessor, severity in (("z0", -10.0), ("z1", 10.0))
        for id in "ab"
    ]
    rows[3][5] = 55.0  # z1 gives u0 5 more on b
    ratings, result = assessed(scheme_of(items, 60.0), rows, ["u0", "u1"])
    found = strictness(result, ratings)
    assert found.unbounded == ("b",)
    assert found.regraded["adjusted"].tolist() == pytest.approx(result.scores.tolist())
