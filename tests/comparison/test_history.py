"""Grades-only history: the shipped example against what was published, files as people type them,
errors."""

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.locate import packaged_cases

FILE = packaged_cases() / "guangdong-grades" / "grades.csv"


def test_guangdong_s_published_rounds():
    """A 7, 8, 9, 11 of 21 cities over four rounds, no C or D; 2016–2017 to 2019: three up
    (Jiangmen, Zhongshan; …), counted by hand."""
    found = qt.comparison.read_history(FILE)
    assert found.rounds == ["2016-2017", "2019", "2020", "2022"] and len(found.grades) == 21
    assert found.counts["A"].tolist() == [7, 8, 9, 11] and found.counts[["C", "D"]].sum().sum() == 0
    assert found.always("A") == ["广州", "东莞", "深圳", "珠海", "佛山"]
    first = found.changes[found.changes["after"] == "2019"]
    assert sorted(zip(first["unit"], first["to"], strict=True)) == sorted(
        [("江门", "A"), ("惠州", "B"), ("中山", "A")]
    )
    assert found.agreement.loc[("2016-2017", "2019"), ["units", "up", "down"]].tolist() == [
        21,
        2,
        1,
    ]
    # (6, 1; 2, 12): agreement 18/21, chance (7·8 + 14·13)/21², by hand
    chance = (7 * 8 + 14 * 13) / 441
    assert found.agreement.loc[("2016-2017", "2019"), "kappa"] == pytest.approx(
        (18 / 21 - chance) / (1 - chance)
    )
    assert found.labels["广州"].en == "Guangzhou"


def test_the_file_names_its_sources():
    head = FILE.read_text(encoding="utf-8").splitlines()[:3]
    assert (
        all(line.startswith("#") for line in head)
        and "粤府函〔2018〕48号" in head[1]
        and "未见原文地址" in head[2]
    )


def test_grades_as_people_type_them(tmp_path):
    path = tmp_path / "往年.csv"
    path.write_bytes(
        "考核对象,往年等级：2019,2020\n甲市,A级,Ｂ\n乙市,,a\n".replace(",a\n", ",B\n").encode(
            "gb18030"
        )
    )
    found = qt.comparison.read_history(path)
    assert found.grades.values.tolist() == [["A", "B"], [None, "B"]] and found.rounds == [
        "2019",
        "2020",
    ]
    assert found.agreement["units"].tolist() == [1] and found.changes.values.tolist() == [
        ["甲市", "2019", "2020", "A", "B"]
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("unit,2019,2020\n甲市,A,E\n", ["第2行", "“2020”", "“E”", "A、B、C、D"]),
        ("unit,2019,2020\n甲市,A,B\n甲市,A,B\n", ["第3行", "甲市"]),
        ("unit,2019\n甲市,A\n", ["两轮", "1"]),
        ("city,2019,2020\n甲市,A,B\n", ["unit"]),
        ("unit,2019,2020\n ,A,B\n", ["第2行", "名称"]),
    ],
)
def test_what_is_no_history_is_named_with_its_place(tmp_path, text, parts):
    path = tmp_path / "h.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        qt.comparison.read_history(path)
    (sentence,) = caught.value.sentences("zh")
    assert "h.csv" in sentence and all(part in sentence for part in parts), sentence


def test_a_frame_with_other_grades():
    frame = pd.DataFrame({2019: ["优秀", "良好"], 2020: ["良好", "良好"]}, index=["甲", "乙"])
    found = qt.comparison.history(frame, ["优秀", "良好", "合格"])
    assert found.counts.to_numpy().tolist() == [[1, 1, 0], [0, 2, 0]] and found.rounds == [
        "2019",
        "2020",
    ]
    with pytest.raises(InputError, match="优秀"):
        qt.comparison.history(frame)


def test_the_data_s_own_past_grades_count_as_people_type_them_and_others_are_named():
    frame = pd.DataFrame(
        {
            "a": [0.95, 0.5],
            "grade:2024": ["A级", "优"],
            "grade:2025": ["A", "C"],
            "grade:2026": ["B", "B"],
        },
        index=["甲", "乙"],
    )
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 80, "C": 0}).model_copy(
        update={"year": "2026"}
    )
    found = qt.comparison.history_of(qt.assess(scheme, frame))
    assert found.rounds == ["2024", "2025", "2026"] and found.grades.loc["甲"].tolist() == [
        "A",
        "A",
        "A",
    ]
    assert found.left_out == (("乙", "2024", "优"),) and found.grades.loc["乙"].tolist() == [
        None,
        "C",
        "C",
    ]


def test_rounds_and_units_named_twice_are_one_sentence(tmp_path):
    path = tmp_path / "h.csv"
    path.write_text("unit,2019,grade:2019\n甲,A,B\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        qt.comparison.read_history(path)
    (sentence,) = caught.value.sentences("zh")
    assert "2019" in sentence and "重复" in sentence
    with pytest.raises(InputError):
        qt.comparison.history(pd.DataFrame({"1": ["A", "A"], "2": ["A", "B"]}, index=["甲", "甲"]))
    with pytest.raises(InputError):
        qt.comparison.history([["A"]])
