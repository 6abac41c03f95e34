"""Names where ids work: in every kind of change, wherever changes are taken; what names nothing or
several things is one sentence."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.assessment.settings import settings as settings_of
from qtoolkit.errors import InputError
from qtoolkit.inputs.case import read_case
from qtoolkit.inputs.changes import by_ids, change, check_keys, keys_of, quota_of
from qtoolkit.models import validate
from qtoolkit.runs.plan import plan
from tests.examples import share
from tests.inputs.helpers import names, refused
from tests.strategies import givens, scheme_of

SHARE = {"kind": "share"}
SCHEME = validate(
    qt.Scheme,
    {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [
            {
                "id": "quality",
                "name": {"zh": "质量", "en": "Quality"},
                "children": [
                    {
                        "id": "credit",
                        "name": {"zh": "质量诚信建设", "en": "Credit v1.2"},
                        "points": 30.0,
                        "rule": SHARE,
                    },
                    {
                        "id": "brand",
                        "name": {"zh": "品牌", "en": "check"},
                        "points": 30.0,
                        "rule": SHARE,
                    },
                ],
            },
            {"id": "check", "name": {"zh": "抽查", "en": "Twin"}, "points": 20.0, "rule": SHARE},
            {"id": "level", "name": {"zh": "评级", "en": "Twin"}, "points": 20.0, "rule": SHARE},
        ],
        "grades": [
            {"id": "g1", "name": {"zh": "优秀", "en": "Excellent"}, "cutoff": 90.0},
            {"id": "A", "name": {"zh": "良好", "en": "Good"}, "cutoff": 80.0},
            {"id": "b", "name": "B级", "cutoff": 60.0},
            {"id": "D", "cutoff": 0.0},
        ],
    },
    None,
)
FRAME = pd.DataFrame(
    [[1.0, 0.9, 0.9, 0.95], [0.7, 0.9, 0.6, 0.9], [0.2, 0.5, 0.9, 0.6]],
    index=["甲", "乙", "丙"],
    columns=["credit", "brand", "check", "level"],
)

SAME = [
    ({"points.质量诚信建设": 40}, {"points.credit": 40}),
    ({"points.Credit v1.2": 40}, {"points.credit": 40}),  # a dot in a name
    ({"points. 质量 诚信建设　": 40}, {"points.credit": 40}),
    ({"points.CREDIT": 40}, {"points.credit": 40}),
    ({"points.check": 40}, {"points.check": 40}),  # an id wins over the name of another
    ({"points.质量": 70, "points.品牌": 50}, {"points.quality": 70, "points.brand": 50}),
    ({"points": {"质量诚信建设": 10}}, {"points": {"credit": 10}}),
    ({"drop": "品牌"}, {"drop": "brand"}),
    ({"cutoffs.优秀": 92}, {"cutoffs.g1": 92}),
    ({"cutoffs.excellent": 92}, {"cutoffs.g1": 92}),
    ({"cutoffs.A级": 85}, {"cutoffs.A": 85}),
    ({"cutoffs.Ａ": 85}, {"cutoffs.A": 85}),
    ({"cutoffs.B": 65}, {"cutoffs.b": 65}),
    ({"cutoffs.Ｂ级": 65}, {"cutoffs.b": 65}),
    ({"cutoffs": {"优秀": 95, "B": 61}}, {"cutoffs": {"g1": 95, "b": 61}}),
    ({"grades.优秀.quota": 1}, {"grades.g1.quota": 1}),
    ({"grades.优秀级.quota": None}, {"grades.g1.quota": None}),
    ({"aggregation.质量": 0}, {"aggregation.quality": 0}),
    ({"aggregation.total": "geometric"}, {"aggregation.total": "geometric"}),
    ({"rule.品牌": "minmax"}, {"rule.brand": "minmax"}),
    ({"outliers.质量诚信建设": {"low": 1}}, {"outliers.credit": {"low": 1}}),
]


@pytest.mark.parametrize(("named", "meant"), SAME, ids=repr)
def test_a_change_by_name_is_the_change_by_id(named, meant):
    assert by_ids(SCHEME, named) == meant == by_ids(SCHEME, meant)
    assert list(check_keys(SCHEME, named).items()) == list(zip(named, meant, strict=True))
    result = qt.assess(SCHEME, FRAME)
    changed = change(SCHEME, meant)
    assert change(SCHEME, named) == changed != SCHEME or "grades.g1.quota" in meant
    assert result.change(named).grades.equals(qt.assess(changed, FRAME).grades)


def test_what_if_and_replace_take_names():
    result = qt.assess(SCHEME, FRAME)
    by_id = result.what_if(points={"credit": 10}, cutoffs={"g1": 85, "b": 50})
    named = {"points": {"质量诚信建设": 10}, "cutoffs": {"优秀": 85, "B级": 50}}
    assert result.what_if(**named).scheme == by_id.scheme
    assert SCHEME.replace(**named, spread="siblings") == by_id.scheme
    series = pd.Series({"质量诚信建设": 10})
    assert result.what_if(points=series).scores.equals(result.what_if(points={"credit": 10}).scores)


def test_columns_of_settings_and_the_lines_of_a_sweep_take_names():
    result = qt.assess(SCHEME, FRAME)
    outputs = {"n": lambda graded: (graded.grades == 3).sum(axis=1)}
    columns = [[10, 40], [85, 92], [1, 2], ["品牌", None]]
    by_name = ["points.质量诚信建设", "cutoffs.优秀", "grades.良好.quota", "drop"]
    by_id = ["points.credit", "cutoffs.g1", "grades.A.quota", "drop"]
    one, two = (
        settings_of(result, pd.DataFrame(dict(zip(keys, columns, strict=True))), outputs)
        for keys in (by_name, by_id)
    )
    assert one["n"].tolist() == two["n"].tolist()
    equal = pd.Series([np.full(4, 25.0)])  # the points of all as an array, and one of them dropped
    one, two = (
        settings_of(result, pd.DataFrame({"points": equal, "drop": [word]}), outputs)
        for word in ("品牌", "brand")
    )
    assert one["failed"].tolist() == [None] and one["n"].tolist() == two["n"].tolist()
    for name, id in (("优秀", "g1"), ("Ｂ级", "b"), ("grades.优秀.quota", "grades.g1.quota")):
        a, b = qt.cutoffs.sweep(result, name), qt.cutoffs.sweep(result, id)
        pd.testing.assert_frame_equal(a.steps, b.steps)
    with pytest.raises(InputError, match="did you mean “优秀”"):
        qt.cutoffs.sweep(result, "优秀的")


def test_factors_of_sobol_and_quotas_to_choose_from_take_names():
    result = qt.assess(SCHEME, FRAME)
    one = qt.simulation.sobol(result, {"cutoffs.优秀": [85, 92], "drop": [None, "品牌"]}, n=8)
    two = qt.simulation.sobol(result, {"cutoffs.g1": [85, 92], "drop": [None, "brand"]}, n=8)
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.alternatives, two.alternatives)


WRONG = [
    ({"points.Twin": 5}, ["“points.Twin”", "“Twin”", "check、level|check, level"]),
    ({"points.质量诚心建设": 5}, ["“points.质量诚心建设”", "“质量诚信建设”"]),
    ({"points.credti": 5}, ["“points.credti”", "“credit”"]),
    ({"cutoffs.不合格": 5}, ["“cutoffs.不合格”", "优秀、良好|Excellent, Good"]),
    ({"cutoff.优秀": 5}, ["“cutoff.优秀”", "“cutoffs.优秀”"]),
    ({"grades.优锈.quota": 5}, ["“grades.优锈.quota”", "“优秀”"]),
    ({"rule.质量": "minmax"}, ["“rule.质量”"]),
    ({"rule.quality": "minmax"}, ["“rule.quality”"]),
    ({"aggregation.品牌": 0}, ["“aggregation.品牌”"]),
    ({"drop": "品排"}, ["“drop”", "“品牌”"]),
    ({"points": {"Twin": 5}}, ["“points”", "“Twin”"]),
    ({"points": {"credit": 5, "质量诚信建设": 5}}, ["“points”", "“credit”", "“质量诚信建设”"]),
    ({"points.credit": 5, "points.质量诚信建设": 5}, ["“points.质量诚信建设”", "“points.credit”"]),
    ({"cutoffs.Excellent": 95, "cutoffs.优秀": 95}, ["“cutoffs.优秀”", "“cutoffs.Excellent”"]),
    # what the scheme cannot take is said of what was typed
    ({"points.质量诚信建设": -1}, ["“points.质量诚信建设”", "“-1”"]),
    ({"grades.优秀.quota": 0}, ["“grades.优秀.quota”", "“0”"]),
    ({"rule.品牌": "minmx"}, ["“rule.品牌", "“minmx”"]),
    ({"grades.D级.quota": 3}, ["“grades.D级.quota”", "“D”"]),
]


@pytest.mark.parametrize(("changes", "parts"), WRONG, ids=repr)
def test_what_cannot_be_is_one_sentence_with_what_was_typed(changes, parts):
    sentences = refused(change, SCHEME, changes)
    assert len(sentences[0]) == 1, sentences
    for zh, _, en in (part.partition("|") for part in parts):
        assert zh in sentences[0][0] and (en or zh) in sentences[1][0], sentences


def test_all_that_is_wrong_comes_together():
    changes = {"points.Twin": 1, "points.x": 2, "cutoffs.优": 3}
    assert len(refused(change, SCHEME, changes)[0]) == 3


CHANGES = {
    "points": st.sampled_from([0.0, 1.0, 2.5, -1.0]),
    "cutoffs": st.sampled_from([0.5, 1.0, 3.0]),
    "grades": st.sampled_from([None, 1, 2, 0.5, 0]),
    "aggregation": st.sampled_from(["geometric", 2.0, "x"]),
    "rule": st.sampled_from(["minmax", "rank", {"kind": "share"}, "x"]),
    "outliers": st.sampled_from([None, {"low": 1}, 3]),
}


def with_names(data):
    """A scheme with a name of its own in each language, dots and all, for what has an id."""
    data = copy.deepcopy(data)
    below = list(data["indicators"])
    while below:
        node = below.pop()
        node["name"] = {"zh": f"指标{node['id']}.甲", "en": f"Item {node['id']} v1.2"}
        below += node.get("children", [])
    for grade in data["grades"]:
        grade["name"] = {"zh": f"第{grade['id']}等级", "en": f"Grade {grade['id']}"}
    return scheme_of(data)


def forms(name):
    """A name as it may be typed."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and c != "." else c for c in name)
    return [name, wide, name.upper(), f" {name}　", name.replace(" ", "")]


def typed(key, words):
    """A key as somebody types it, by `words` for ids."""
    kind, _, rest = key.partition(".")
    grade = quota_of(key)
    if grade is not None:
        return f"grades.{words[grade]}.quota"
    return f"{kind}.{words.get(rest, rest)}"


def outcome(scheme, changes):
    """The changed scheme, or what is said: of one change, by the key that was typed."""
    try:
        return change(scheme, changes)
    except InputError as error:
        for complaint in error.complaints:
            column = complaint.column or "the whole"
            assert column.startswith(tuple(changes)) or column.partition(".")[0] not in CHANGES
        return [complaint.text for complaint in error.complaints]


@settings(max_examples=share(150))
@given(givens(stages=False), st.data())
def test_by_name_and_by_id_are_one_for_any_scheme(given_scheme, data):
    """Sound changes and unsound ones: the same scheme, or the same words about what was typed."""
    scheme = with_names(given_scheme.scheme)
    known = [key for key in keys_of(scheme) if key.partition(".")[0] in CHANGES and "." in key]
    keys = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True))
    changes = {key: data.draw(CHANGES[key.partition(".")[0]]) for key in keys}
    words = {
        part.id: data.draw(st.sampled_from([part.id, *forms(part.name.zh), *forms(part.name.en)]))
        for part in (*scheme.nodes, *scheme.grades)
    }
    by_name = {typed(key, words): value for key, value in changes.items()}
    assert by_ids(scheme, by_name) == changes
    assert outcome(scheme, by_name) == outcome(scheme, changes)


TREE = """\
id: s
name: s
total: 100
indicators:
  - {id: credit, name: 质量诚信建设, points: 60, rule: {kind: share}}
  - {id: b, name: {zh: 品牌, en: Brand v1.2}, points: 40, rule: {kind: share}}
grades:
  - {id: A, name: 优秀, cutoff: 90}
  - {id: B, cutoff: 60}
  - {id: C, cutoff: 0}
"""


@pytest.fixture
def case(tmp_path):
    (tmp_path / "scheme.yaml").write_text(TREE, encoding="utf-8")
    (tmp_path / "data.csv").write_text("unit,credit,b\n甲,1,0.9\n乙,0.5,1\n", encoding="utf-8")
    (tmp_path / "params.yaml").write_text(
        "scheme: scheme.yaml\ndata: data.csv\nnotebooks: [01_assessment]\n"
        "changes:\n  points.质量诚信建设: 50\n  cutoffs.优秀: 92\n  grades.优秀.quota: 1\n",
        encoding="utf-8",
    )
    return tmp_path


def test_params_yaml_takes_names_and_the_case_has_ids(case):
    found = read_case(case)
    assert found.parameters.changes == {"points.credit": 50, "cutoffs.A": 92, "grades.A.quota": 1}
    assert found.scheme == change(found.written, found.parameters.changes)
    _, result = qt.open(case, changes={"cutoffs.优秀": 95})
    assert result.scheme.grades[0].cutoff == 95 and result.scheme.leaves[0].points == 50


@pytest.mark.parametrize("key", ["points.credit", "points.质量诚信建设", "points.质量 诚信建设"])
def test_a_setting_takes_the_place_of_what_the_file_says_by_another_name(case, key):
    ready = plan(case, {key: 30})
    assert ready.parameters.changes["points.credit"] == 30
    assert ready.case.scheme.leaves[0].points == 30
    assert read_case(case, changes={key: 30}).scheme == ready.case.scheme
    # so a run by name is the run by id: one folder
    assert ready.content() == plan(case, {"points.credit": 30}).content()


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"points.质量诚心建设": 4}, ["--set points.质量诚心建设=4", "“质量诚信建设”"]),
        ({"points.质量诚信建设": -4}, ["--set points.质量诚信建设=-4", "“-4”"]),
        ({"points.Brand v1.2": 101}, ["“total”", "151"]),
        ({"points.brand v1.2": "x"}, ["--set points.brand v1.2=x"]),
        ({"grades.优.quota": 3}, ["--set grades.优.quota=3", "“优秀”"]),
        ({"grades.优秀.quota": 1.5}, ["--set grades.优秀.quota=1.5", "“1.5”"]),
        ({"cutoffs.优秀": 50}, ["--set cutoffs.优秀=50", "“B”"]),
        ({"cutoffs.B": 95}, ["--set cutoffs.B=95", "“A”"]),
        ({"cutoffs.C": 3}, ["--set cutoffs.C=3", "“C”"]),
        ({"cutoffs.优秀": 92, "cutoffs.A": 93}, ["--set cutoffs.A=93", "“cutoffs.优秀”"]),
    ],
    ids=repr,
)
def test_a_complaint_names_the_option_as_it_was_typed(case, settings, parts):
    sentences = refused(plan, case, settings)
    assert len(sentences[0]) == 1
    names(sentences, *parts)


def test_a_name_twice_in_one_file_is_said(case):
    path = case / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "  cutoffs.A: 91\n", encoding="utf-8")
    names(refused(read_case, case), "“cutoffs.A”", "“cutoffs.优秀”")
    path.write_text("scheme: scheme.yaml\ndata: data.csv\nchanges: {grades.优秀.quota: 0}\n")
    names(refused(read_case, case), "params.yaml", "#3", "“changes.grades.优秀.quota”")
