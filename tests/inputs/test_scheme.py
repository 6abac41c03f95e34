"""A scheme as a whole: what must hold between its parts, and changing it."""

import math

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme, read_scheme
from qtoolkit.models import validate
from tests.inputs.helpers import YAML, changed, names, refused, row, scheme_of


def test_a_sound_scheme(tmp_path):
    scheme = scheme_of(tmp_path)
    assert [leaf.id for leaf in scheme.leaves] == ["loss", "brand", "check", "level", "goal"]
    assert math.fsum(leaf.points for leaf in scheme.leaves) == scheme.total == 100
    assert (
        scheme.indicator("loss").name.of("en") == "Loss rate"
        and scheme.grade("B").label.of("zh") == "B"
    )
    assert scheme.indicator("loss").scales is True and scheme.indicator("check").scales is False
    names(refused(scheme.indicator, "los"), "“los”", "“loss”")
    names(refused(scheme.grade, "E"), "“E”", "A", "D")


@pytest.mark.parametrize(
    ("pairs", "line", "parts"),
    [
        ([("points: 60", "points: 61")], "points: 61", ["“indicators.quality.points”", "61", "60"]),
        (
            [("points: 60", "points: 60.000000002")],
            "points: 60.0",
            ["“indicators.quality.points”", "60.000000002"],
        ),
        ([("points: 25", "points: 24")], "total: 100", ["“total”", "99", "100"]),
        ([("total: 100", "total: 120")], "total: 120", ["“total”", "100", "120"]),
        ([("id: brand", "id: loss")], "{id: loss, name: {zh: 品", ["loss.id”", "“loss”"]),
        ([("id: check", "id: quality")], "id: quality, name: {zh: 抽", ["“quality”"]),
        (
            [("{id: C, cutoff: 60}", "{id: A, cutoff: 60}")],
            "{id: A, cutoff: 60}",
            ["“grades.A.id”", "“A”"],
        ),
        ([("cutoff: 80", "cutoff: 90")], "cutoff: 90}", ["“grades.B.cutoff”", "“B”", "90", "“A”"]),
        (
            [("cutoff: 60", "cutoff: 85")],
            "cutoff: 85",
            ["“grades.C.cutoff”", "“C”", "85", "“B”", "80"],
        ),
        ([("cutoff: 0}", "cutoff: 10}")], "cutoff: 10", ["“grades.D.cutoff”", "“D”", "10", "0"]),
        ([("quota: 2", "quota: 2.5")], "quota: 2.5", ["“grades.A.quota”", "2.5"]),
        ([("cap: D", "cap: E")], "cap: E", ["“vetoes.safety.cap”", "“E”"]),
        (
            [
                (
                    "id: media, name: 宣传, max: 3}",
                    "id: media, name: 宣传, max: 3}\n  - {id: media, name: x, max: 1}",
                )
            ],
            "name: x",
            ["“media”"],
        ),
        ([("total: 100\n", "total: 100\nunits: [甲, 乙, 甲]\n")], "units:", ["“units.3”", "“甲”"]),
        ([("id: brand", "id: unit")], "id: unit", ["“unit”"]),
        ([("id: brand", "id: name_en")], "id: name_en", ["“name_en”"]),
        (
            [("id: region", "id: loss")],
            "{id: loss, name: {zh: 区",
            ["“covariates.loss.id”", "“loss”"],
        ),
        ([("id: region", "id: gdp")], "{id: gdp, name: {zh: 生", ["“covariates.gdp.id”", "“gdp”"]),
        ([("id: region", "id: zh")], "id: zh", ["“zh”"]),
        (
            [("rule: {kind: share}", "unit: x")],
            "id: brand",
            ["“indicators.quality.brand”", "children", "rule"],
        ),
        ([(", scales: false", "")], "id: check", ["“indicators.check”", "scales: true"]),
        ([("points: 40, rule", "rule")], "id: brand", ["“indicators.quality.brand”", "points"]),
    ],
)
def test_what_does_not_hold_together_is_named_with_its_place(tmp_path, pairs, line, parts):
    text = changed(YAML, *pairs)
    at = row(text, line) if line not in ("cutoff: 90}",) else row(text, "{id: B")
    names(refused(scheme_of, tmp_path, text), "scheme.yaml", f"#{at}", *parts)


def test_all_of_it_comes_together(tmp_path):
    text = changed(
        YAML,
        ("points: 25", "points: 24"),
        ("cutoff: 80", "cutoff: 95"),
        ("cap: D", "cap: E"),
        ("quota: 2", "quota: 2.5"),
    )
    assert len(refused(scheme_of, tmp_path, text)[0]) == 4


def flat():
    return Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"points": {"c": 1}}, ["“c”"]),
        ({"points": {"a": 50}}, ["90", "100"]),
        ({"points": {"a": -1}, "spread": "siblings"}, ["“points.a”", "“-1”"]),
        ({"points": {"a": 101}, "spread": "siblings"}, ["-1"]),
        ({"points": {"a": 101}, "spread": "all"}, ["-1"]),
        ({"points": {"a": math.nan}}, ["“points.a”", "“nan”"]),
        ({"points": {"a": math.inf}, "spread": "siblings"}, ["“points.a”", "“inf”"]),
        ({"points": {"a": "60"}}, ["“points.a”", "“60”"]),
        ({"points": {"a": True, "b": None}}, ["“points.b”", "“None”"]),
        ({"cutoffs": {"Z": 1}}, ["“Z”", "A"]),
        ({"cutoffs": {"A": 0}}, ["“A”", "0"]),
        ({"cutoffs": {"A": "x"}}, ["“cutoffs.A”", "“x”"]),
        ({"cutoffs": {"B": 95}}, ["“B”", "95"]),
        ({"points": {"a": 50}, "spread": "sibling"}, ["“sibling”", "siblings"]),
    ],
)
def test_changes_that_cannot_be(change, parts):
    names(refused(flat().replace, **change), *parts)


def test_changes():
    assert [leaf.points for leaf in flat().replace(points={"a": 70}, spread="siblings").leaves] == [
        70,
        30,
    ]
    assert [grade.cutoff for grade in flat().replace(cutoffs={"A": 80}).grades] == [80, 0]
    assert flat().replace() == flat()


def test_flat_refuses_what_a_file_may_not_say():
    for points, cutoffs in (
        ({}, {"A": 0}),
        ({"a": 1}, {}),
        ({"a": "x"}, {"A": 0}),
        ({"a": -1, "b": 2}, {"A": 0}),
        ({"a": 1}, {"A": 1}),
        ({"a": 0}, {"A": 0}),
        ({"a": math.nan}, {"A": 0}),
        ({"甲": 1}, {"A": 0}),
        ({"unit": 1}, {"A": 0}),
        ({"a": 1}, {"A": math.inf, "B": 0}),
    ):
        with pytest.raises(InputError):
            Scheme.flat(points, cutoffs)


def test_a_quota_on_the_last_grade_is_refused():
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    grades = [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 0.0, "quota": 3}]
    data = {"id": "q", "name": "q", "total": 100.0, "indicators": [leaf], "grades": grades}
    with pytest.raises(InputError) as caught:
        validate(Scheme, data, None)
    assert (
        "“B”" in caught.value.sentences("zh")[0]
        and "cannot have a quota" in caught.value.sentences("en")[0]
    )


def test_direct_points_of_a_leaf_without_points_must_say_what_they_are_out_of():
    leaves = [
        {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}},
        {"id": "b", "name": "b", "points": 0.0, "rule": {"kind": "direct"}, "scales": True},
    ]
    data = {
        "id": "q",
        "name": "q",
        "total": 100.0,
        "indicators": leaves,
        "grades": [{"id": "A", "cutoff": 0.0}],
    }
    with pytest.raises(InputError, match="out_of"):
        validate(Scheme, data, None)
    leaves[1]["rule"]["out_of"] = 10.0
    assert validate(Scheme, data, None).leaves[1].written_for == 10.0


def test_a_quota_of_one_is_one_unit_and_1_0_is_asked_about(tmp_path):
    """Four units of 95, 94, 93, 50: one place or a share of 0.75 by hand."""
    frame = pd.DataFrame({"a": [0.95, 0.94, 0.93, 0.5]}, index=list("甲乙丙丁"))
    text = (
        "id: q\nname: q\nindicators: [{id: a, name: a, points: 100, rule: {kind: "
        "share}}]\ngrades: [{id: A, cutoff: 90, quota: QUOTA}, {id: B, cutoff: 0}]\n"
    )
    path = tmp_path / "scheme.yaml"
    for quota, grades in (
        ("1", "ABBB"),
        ("2", "AABB"),
        ("2.0", "AABB"),
        ("0.75", "AAAB"),
        ("0.25", "ABBB"),
    ):
        path.write_text(text.replace("QUOTA", quota), encoding="utf-8")
        scheme = read_scheme(path)
        assert "".join(qt.assess(scheme, frame).grades) == grades, quota
        for again in (
            scheme.replace(cutoffs={"A": 90}),
            Scheme.model_validate_json(scheme.model_dump_json()),
        ):
            assert again == scheme
    path.write_text(text.replace("QUOTA", "1.0"), encoding="utf-8")
    zh, en = refused(read_scheme, path)
    assert len(zh) == 1 and names((zh, en), "scheme.yaml", "“grades.A.quota”", "“1.0”", "100%")
    assert "1家请写 1" in zh[0] and "write 1 for one unit" in en[0]
    result = qt.assess(Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)
    assert "".join(qt.cutoffs.quota_audit(result, {"A": 1})["quota"]) == "ABBB"
    names(refused(qt.cutoffs.quota_audit, result, {"A": 1.0}), "“1.0”")
