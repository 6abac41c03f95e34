"""Sweeps against a new assessment at every shift; quotas against the plain-Python oracle."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from tests import oracle
from tests.examples import share
from tests.robustness.lp import flat
from tests.strategies import frame_of, givens, scheme_of


def moved(scheme, line, shift):
    """The scheme with one cutoff, or all, higher by a shift, those of classes included."""
    data = scheme.model_dump()
    for grade in data["grades"][:-1]:
        if line in (grade["id"], "all"):
            grade["cutoff"] += shift
            grade["class_cutoffs"] = {c: x + shift for c, x in grade["class_cutoffs"].items()}
            grade["printed"] = None
    return validate(Scheme, data, None)


@settings(max_examples=share(60))
@given(givens(), st.sampled_from([0.5, 5.0, 40.0]), st.data())
def test_every_stretch_is_an_assessment_at_its_ends_and_inside(given, width, data):
    scheme = scheme_of(given.scheme)
    result = qt.assess(scheme, frame_of(given))
    if len(scheme.grades) < 2:
        return
    line = data.draw(st.sampled_from([*(g.id for g in scheme.grades[:-1]), "all"]))
    found = qt.cutoffs.sweep(result, line, width)
    steps = found.steps
    assert (steps["low"].to_numpy()[1:] == steps["high"].to_numpy()[:-1]).all()
    for row in steps.to_dict("records"):
        for shift in {row["high"], (row["low"] + row["high"]) / 2}:
            other = qt.assess(moved(scheme, line, shift), result.table).grades
            assert [row[g.id] for g in scheme.grades] == [
                int((other == g.id).sum()) for g in scheme.grades
            ]
            assert row["changed"] == (other != result.grades).sum()
    for shift, rows in found.flips.groupby("shift"):
        at = np.flatnonzero(steps["high"] == shift)[0]
        upper = (steps["low"][at + 1] + steps["high"][at + 1]) / 2
        before, after = (
            qt.assess(moved(scheme, line, s), result.table).grades for s in (shift, upper)
        )
        assert rows["unit"].tolist() == list(before.index[before != after])
        assert (rows["before"].tolist(), rows["after"].tolist()) == tuple(
            g[rows["unit"]].tolist() for g in (before, after)
        )


def test_a_sweep_by_hand_and_by_default_every_line_then_all():
    result = flat([100.0], [[0.95], [0.89], [0.885], [0.5]], {"A": 90, "B": 60, "C": 0})
    found = qt.cutoffs.sweep(result)
    assert found.steps["line"].unique().tolist() == ["A", "B", "all"]
    assert found.flips[found.flips["line"] == "A"][
        ["cutoff", "unit", "before", "after"]
    ].values.tolist() == [
        [88.5, "u2", "A", "B"],
        [89.0, "u1", "A", "B"],
    ]
    assert found.flips[found.flips["line"] == "B"].empty
    assert np.isnan(found.flips.loc[found.flips["line"] == "all", "cutoff"]).all()


def test_a_cutoff_stays_between_its_neighbours_and_above_nothing():
    result = flat([100.0], [[0.95], [0.01]], {"A": 90, "B": 88, "C": 0})
    steps = qt.cutoffs.sweep(result, "A", 50).steps
    assert (
        steps["cutoff_low"].iloc[0] == pytest.approx(88, abs=1e-9)
        and steps["cutoff_low"].iloc[0] > 88
    )
    steps = qt.cutoffs.sweep(result, "B", 100).steps
    assert steps["cutoff_low"].iloc[0] == 0 and steps["cutoff_high"].iloc[-1] < 90
    # one grade: nothing moves
    assert len(qt.cutoffs.sweep(flat([100.0], [[0.5]], {"A": 0}), None).steps) == 1


def test_a_full_quota_lets_the_next_one_in():
    """The cutoff rises past the second of two A's: the quota of one had kept nobody else out."""
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0})
    scheme = scheme.model_copy(
        update={"grades": (scheme.grades[0].model_copy(update={"quota": 1.0}), scheme.grades[1])}
    )
    result = qt.assess(scheme, pd.DataFrame({"a": [0.95, 0.92, 0.89]}, index=list("uvw")))
    steps = qt.cutoffs.sweep(result, "A").steps
    assert steps["A"].tolist() == [1, 1, 1] or (steps["A"] <= 1).all()


def with_places(scheme, grade, number):
    """The scheme with so many places in one grade, 0 too."""
    data = scheme.model_dump()
    for each in data["grades"]:
        if each["id"] == grade:
            each["quota"] = number
    return validate(Scheme, data, None)


@settings(max_examples=share(60))
@given(givens(), st.data())
def test_every_number_of_places_is_an_assessment_with_that_quota(given, data):
    scheme = scheme_of(given.scheme)
    result = qt.assess(scheme, frame_of(given))
    if len(scheme.grades) < 2:
        return
    grade = data.draw(st.sampled_from([g.id for g in scheme.grades[:-1]]))
    found = qt.cutoffs.sweep(result, f"grades.{grade}.quota")
    steps, last = found.steps, -1
    changes = {}
    classes = result.table.covariates.get("class")
    by_class = classes is not None and scheme.grade(grade).within == "class"
    n = max(classes.value_counts()) if by_class else len(result.scores)
    assert steps["low"].iloc[0] == 0 and steps["high"].iloc[-1] == n
    before = None
    for number in range(n + 1):
        other = qt.assess(with_places(scheme, grade, number), result.table).grades
        row = steps[(steps["low"] <= number) & (number <= steps["high"])]
        assert len(row) == 1
        row = row.iloc[0]
        assert [row[g.id] for g in scheme.grades] == [(other == g.id).sum() for g in scheme.grades]
        assert row["changed"] == (other != result.grades).sum()
        if before is not None and (other != before).any():
            changed = other != before
            changes[number - 1] = list(
                zip(other.index[changed], before[changed], other[changed], strict=True)
            )
            assert row["low"] == number and last == number - 1
        before, last = other, number
    rows = {
        shift: list(zip(some["unit"], some["before"], some["after"], strict=True))
        for shift, some in found.flips.groupby("shift")
    }
    assert rows == changes
    lifted = qt.assess(with_places(scheme, grade, None), result.table).grades
    assert (lifted == before).all()  # as many places as units: no quota at all


def test_places_by_hand_with_a_tie():
    """90, 88, 88, 85: of two that tie for the second place none has it, or both have."""
    result = flat([100.0], [[0.9], [0.88], [0.88], [0.85]], {"A": 80, "B": 0})
    data = result.scheme.model_dump()
    for ties, counts in (("out", [0, 1, 1, 3, 4]), ("in", [0, 1, 3, 3, 4])):
        data["grades"][0]["ties"] = ties
        tied = qt.assess(validate(Scheme, data, None), result.table)
        steps = qt.cutoffs.sweep(tied, "grades.A.quota").steps
        every = [
            row for row in steps.to_dict("records") for _ in range(row["low"], row["high"] + 1)
        ]
        assert [row["A"] for row in every] == counts
        assert steps[["cutoff_low", "cutoff_high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("X",), "“X”"),
        ((3,), "3"),
        (("A", -1), "-1"),
        (("A", float("nan")), "nan"),
        (("grades.X.quota",), "grades.X.quota"),
        (("grades.B.quota",), "grades.B.quota"),
        (("grades.A.quota", 2), "2"),
        (("grades.A.quotas",), "grades.A.quota"),
        (("quota",), "quota"),
    ],
)
def test_what_cannot_be_swept_is_one_sentence(arguments, word):
    with pytest.raises(InputError) as caught:
        qt.cutoffs.sweep(flat([100.0], [[0.5]], 50), *arguments)
    assert word in caught.value.sentences("zh")[0] and word in caught.value.sentences("en")[0]


@settings(max_examples=share(100))
@given(givens())
def test_quotas_lifted_and_cutoffs_lifted_against_the_oracle(given):
    """Absolute: the oracle without quotas. Quota: the oracle with the cutoff of each grade with a
    quota at the next one's."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    audit = qt.cutoffs.quota_audit(result)
    plain, lifted = copy.deepcopy(given.scheme), copy.deepcopy(given.scheme)
    for grade in plain["grades"]:
        grade.pop("quota", None)
    grades = lifted["grades"]
    grades[-1]["cutoff"] = -1e6
    for i in reversed(range(len(grades) - 1)):
        if grades[i].get("quota") is not None:
            last = i + 1 == len(grades) - 1
            classes = (
                {}
                if last
                else {
                    **{c: grades[i + 1]["cutoff"] for c in grades[i].get("class_cutoffs", {})},
                    **grades[i + 1].get("class_cutoffs", {}),
                }
            )
            grades[i] |= {
                "cutoff": -1e6 if last else grades[i + 1]["cutoff"],
                "class_cutoffs": classes,
            }
    for name, scheme in (("scheme", given.scheme), ("absolute", plain), ("quota", lifted)):
        assert audit[name].tolist() == [
            unit["grade"] for unit in oracle.grade_all(scheme, given.rows)
        ], name


def test_quota_audit_by_hand():
    result = flat([100.0], [[0.95], [0.93], [0.91], [0.89], [0.7]], {"A": 90, "B": 80, "C": 0})
    audit = qt.cutoffs.quota_audit(result, {"A": 2})
    assert audit["absolute"].tolist() == list("AAABC") and audit["quota"].tolist() == list("AABBC")
    # the last does not reach B
    assert qt.cutoffs.quota_audit(result, {"A": 4})["quota"].tolist() == list("AAAAC")
    assert qt.cutoffs.quota_audit(result, {"A": 0.4})["quota"].tolist() == list("AABBC")
    with pytest.raises(InputError, match="one of A, B"):
        qt.cutoffs.quota_audit(result, {"C": 1})


def test_given_quotas_count_ties_and_classes_as_the_scheme_says():
    ties = {"id": "A", "cutoff": 80.0, "quota": 1, "ties": "in"}
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [{"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}],
        "grades": [ties, {"id": "B", "cutoff": 0.0}],
    }
    result = qt.assess(scheme_of(data), pd.DataFrame({"a": [0.9, 0.9]}, index=list("uv")))
    assert (
        qt.cutoffs.quota_audit(result)["quota"].tolist()
        == qt.cutoffs.quota_audit(result, {"A": 1})["quota"].tolist()
        == ["A", "A"]
    )
