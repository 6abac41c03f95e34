"""Quotas by key: `grades.<id>.quota` in changes, by hand and wherever changes are taken."""

import json
import math
import re
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import yaml as yaml11

import qtoolkit as qt
from qtoolkit.assessment.settings import settings as settings_of
from qtoolkit.inputs.changes import AS_IS, change, keys_of, quota_key, quota_of
from qtoolkit.inputs.parameters import Parameters, parameters_of, read_parameters
from qtoolkit.inputs.schemeyaml import yaml_of
from qtoolkit.runs.cli import _settings
from tests.inputs.helpers import names, refused, scheme_of

FLAT = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 80, "B": 60, "C": 0})
FRAME = pd.DataFrame(
    {"a": [0.95, 0.90, 0.85, 0.70], "b": [0.95, 0.90, 0.85, 0.70]}, index=["甲", "乙", "丙", "丁"]
)
"""Scores 95, 90, 85, 70: by the cutoffs alone A, A, A, B."""
BY_HAND = [
    (1, "ABBB"),
    (2, "AABB"),
    (3.0, "AAAB"),
    (np.int64(2), "AABB"),
    (0.5, "AABB"),  # half of four
    (0.3, "ABBB"),  # 1.2, rounded down
    (Fraction(3, 4), "AAAB"),
    (0.1, "BBBB"),
    (1e9, "AAAB"),
    (None, "AAAB"),
]
BAD = [0, 0.0, -1, 1.5, True, np.True_, "3", "", math.inf, math.nan, 10**400, [3], {"n": 3}]


@pytest.mark.parametrize(("quota", "grades"), BY_HAND)
def test_a_quota_by_hand(quota, grades):
    new = change(FLAT, {"grades.A.quota": quota})
    assert "".join(qt.assess(new, FRAME).grades) == grades
    assert "".join(qt.assess(FLAT, FRAME).change({"grades.A.quota": quota}).grades) == grades


def test_a_quota_counts_who_has_the_grade_or_better():
    """At most three have a B or better, one of them an A; the fourth, a B by its score, is a C."""
    new = change(FLAT, {"grades.A.quota": 1, "grades.B.quota": 3})
    assert "".join(qt.assess(new, FRAME).grades) == "ABBC"


def test_nothing_else_changes(tmp_path):
    scheme = scheme_of(tmp_path)
    new = change(scheme, {"grades.A.quota": 5, "cutoffs.A": 91, "points.loss": 25})
    assert type(new.grades[0].quota) is int and new.grades[0].quota == 5
    back = new.model_dump() | {"grades": scheme.model_dump()["grades"]}
    assert back == change(scheme, {"points.loss": 25}).model_dump()
    assert change(scheme, {"grades.A.quota": 2}) == scheme
    assert change(change(scheme, {"grades.A.quota": None}), {"grades.A.quota": 2.0}) == scheme


@pytest.mark.parametrize("quota", BAD, ids=repr)
def test_what_is_no_quota_is_one_sentence(quota):
    for call in (
        lambda: change(FLAT, {"grades.A.quota": quota}),
        lambda: parameters_of({"scheme": "s", "data": "d", "changes": {"grades.A.quota": quota}}),
    ):
        zh, en = sentences = refused(call)
        assert len(zh) == 1
        names(sentences, "grades.A.quota", "null")
        assert "家数" in zh[0] and "places" in en[0]


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("grades.E.quota", ["“grades.E.quota”", "“E”", "A", "B"]),
        ("grades.A.quotas", ["“grades.A.quotas”", "“grades.A.quota”"]),
        ("grades.quota", ["“grades.quota”"]),
        ("grades", ["“grades”"]),
        ("grades..quota", ["“grades..quota”"]),
        ("quota.A", ["“quota.A”"]),
        ("grades.C.quota", ["“grades.C.quota”", "“C”"]),  # the worst
    ],
)
def test_keys_that_there_are_not(key, parts):
    for value in (3, None):
        names(refused(change, FLAT, {key: value}), *parts)
    zh, en = refused(settings_of, qt.assess(FLAT, FRAME), pd.DataFrame({key: [1]}), {})
    names((zh, en), *parts)
    if key == "grades.C.quota":
        assert "cannot have a quota" in en[0] and "不能有名额" in zh[0]


def test_keys_are_listed_but_for_the_last_grade():
    keys = [key for key in keys_of(FLAT) if quota_of(key) is not None]
    assert keys == ["grades.A.quota", "grades.B.quota"] == [quota_key(id) for id in "AB"]
    assert change(FLAT, dict.fromkeys(keys, AS_IS)) == FLAT


def test_rows_of_settings_by_hand():
    """None in a column of objects takes the quota away; NaN leaves it; a number may come as 2.0."""
    limited = qt.assess(change(FLAT, {"grades.A.quota": 1}), FRAME)
    frame = pd.DataFrame(
        {
            "grades.A.quota": [math.nan, None, 2, 3.0, 0.5, AS_IS, 0],
            "cutoffs.A": [80, 80, 80, 92, 80, 80, 80],
        },
        dtype=object,
    )
    found = settings_of(limited, frame, {"A": lambda graded: (graded.grades == 2).sum(axis=1)})
    assert found["A"].tolist()[:-1] == [1, 3, 2, 1, 2, 1]
    assert found["failed"].isna().tolist() == [True] * 6 + [False]
    assert "家数" in found["failed"].iloc[-1].zh
    floats = pd.DataFrame({"grades.A.quota": [math.nan, 2, 3]})
    found = settings_of(limited, floats, {"A": lambda graded: (graded.grades == 2).sum(axis=1)})
    assert found["A"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("3", 3), ("3.0", 3), ("1.0", 1), ("0.3", 0.3), ("null", None), ("", None), ("~", None)],
)
def test_params_yaml_is_read_alike_by_papermill_and_comes_back(tmp_path, written, meant):
    """Papermill reads by PyYAML; what is read there means what is read here, and what a run writes
    of it does so again."""
    head = "scheme: scheme.yaml\ndata: data.csv\n"
    path = tmp_path / "params.yaml"
    path.write_text(f"{head}changes:\n  grades.A.quota: {written}\n  cutoffs.B: 61\n")
    found = read_parameters(path).changes
    assert found == {"grades.A.quota": meant, "cutoffs.B": 61}
    assert type(found["grades.A.quota"]) is type(meant)
    injected = yaml11.safe_load(path.read_text())["changes"]
    assert change(FLAT, injected) == change(FLAT, found)
    kept = read_parameters(path).model_dump(mode="json", include={"scheme", "data", "changes"})
    path.write_text(yaml_of(kept))
    again = read_parameters(path).changes
    assert again == found and type(again["grades.A.quota"]) is type(meant)
    assert yaml11.safe_load(path.read_text())["changes"] == found
    assert _settings([f"grades.A.quota={written}"]) == {
        "grades.A.quota": injected["grades.A.quota"]
    }


@pytest.mark.parametrize("written", ["0", "-1", "1.5", "true", '"3"', ".inf", "1e9", "A", "[3]"])
def test_params_yaml_names_the_line(tmp_path, written):
    path = tmp_path / "params.yaml"
    text = f"scheme: s\ndata: d\nchanges:\n  points.a: 5\n  grades.A.quota: {written}\n"
    path.write_text(text)
    names(refused(read_parameters, path), "params.yaml", "#5")


def test_only_a_quota_may_be_nothing():
    """All that is wrong is said together."""
    given = {"points.a": None, "grades.A.quota": None, "cutoffs.A": True, "grades.B.quota": 0}
    _, en = refused(parameters_of, {"scheme": "s", "data": "d", "changes": given})
    found = [re.search(r"“changes\.(.*?)”", sentence)[1] for sentence in en]
    assert sorted(found) == ["cutoffs.A", "grades.B.quota", "points.a"]


def test_read_case_and_open_take_it():
    for quota, most in ((2, 2), (0.125, 2), (None, 16)):
        case = qt.read_case("params/city-2026", changes={"grades.A.quota": quota})
        assert case.scheme.grades[0].quota == quota
        result = qt.assess(case.scheme, case.table)
        assert (result.grades == "A").sum() <= most
        _, opened = qt.open("city-2026", changes={"grades.A.quota": quota})
        pd.testing.assert_series_equal(opened.grades, result.grades)


def test_the_json_schema_for_editors_knows_it():
    schema = json.loads(json.dumps(Parameters.model_json_schema()))["properties"]["changes"]
    ((pattern, places),) = schema["patternProperties"].items()
    assert re.search(pattern, "grades.A.quota") and not re.search(pattern, "cutoffs.A")
    from jsonschema import Draft202012Validator

    sound = Draft202012Validator(schema).is_valid
    for value, is_right in ((3, 1), (0.3, 1), (None, 1), (0, 0), (1.5, 0), ("3", 0), (True, 0)):
        assert sound({"grades.A.quota": value, "points.a": 2.5}) == bool(is_right), value
    assert not sound({"points.a": None}) and places["anyOf"]
