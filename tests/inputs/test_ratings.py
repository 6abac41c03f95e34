"""Ratings as people write them: every complaint of the reader provoked once, with the place that it
names, and damage to the shipped file refused or read for what it says."""

import csv
import random
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.files import read_rows, rows_of_grid
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.ratings import filled, ratings_of_rows, read_ratings
from qtoolkit.inputs.scheme import read_scheme
from qtoolkit.inputs.table import table_of_rows
from tests.examples import share
from tests.inputs.helpers import changed, names, scheme_of
from tests.inputs.panels import (
    HEADER,
    PAPERS,
    UNITS,
    VISIT,
    VOTERS,
    YAML,
    mark,
    read,
    sound_rows,
    text_of,
)

RATINGS_CSV = Path(__file__).parents[2] / "params" / "mayor-award" / "ratings.csv"
UNIT, WHO, GROUP, STAGE, ITEM, SCORE, NOTE = range(7)


def complaints(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return caught.value.complaints


def test_a_sound_file_is_read_mark_by_mark_and_vote_by_vote(tmp_path):
    found = read(tmp_path, text_of(sound_rows()))
    given = {
        (row.unit, row.assessor, row.stage, row.item): (row.score, row.group, row.row)
        for row in found.frame.itertuples()
    }
    line = 2
    for u, unit in enumerate(UNITS):
        for a, who in enumerate(PAPERS):
            for i, item in enumerate(("lead", "result")):
                assert given.pop((unit, who, "papers", item)) == (mark(u, a, i), "", line)
                line += 1
        for a, who in enumerate(VISIT):
            assert given.pop((unit, who, "visit", "lead")) == (mark(u, a, 2), "一组", line)
            line += 1
        line += len(VOTERS)
    assert not given
    assert found.stages == ["papers", "visit"]
    votes = [tuple(row) for row in found.votes.itertuples(index=False)]
    assert votes == [(unit, voter, "ballot", "yes") for unit in UNITS for voter in VOTERS]
    assert found.recused.empty


@pytest.mark.parametrize(
    ("titles", "stages", "items"),
    [
        (HEADER, ("papers", "visit", "ballot"), ("lead", "result")),
        (
            ("申报单位", "评委", "考核组", "阶段", "评分项", "评分", "备注"),
            ("材料评审", "现场评审", "委员会投票"),
            ("领导", "结果"),
        ),
        (
            ("单位名称", "评审专家", "评审组", "评审环节", "条款", "打分", "note"),
            ("Papers", "Visit", "Committee vote"),
            ("Leadership", " results "),
        ),
    ],
)
def test_columns_stages_and_items_go_by_id_or_by_name_in_either_language(
    tmp_path, titles, stages, items
):
    called = dict(zip(("papers", "visit", "ballot", "lead", "result"), stages + items, strict=True))
    rows = sound_rows()
    for row in rows:
        row[STAGE], row[ITEM] = called[row[STAGE]], called.get(row[ITEM], "")
    expected, found = read(tmp_path, text_of(sound_rows())), read(tmp_path, text_of(rows, titles))
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    pd.testing.assert_frame_equal(found.votes, expected.votes)


# one cell of a sound file's first row (a mark of 赵 on 甲公司) as it is typed, and what is said
# of it
MARKS = [
    (
        UNIT,
        "甲公",
        "没有考核对象“甲公”；是否应为“甲公司”？",
        "no unit “甲公”; did you mean “甲公司”?",
    ),
    (UNIT, "", "没有写考核对象", "no unit is named"),
    (WHO, "", "没有写评委姓名", "no assessor is named"),
    (
        STAGE,
        "paper",
        "阶段为“paper”，应为材料评审、现场评审、委员会投票之一",
        "one of Papers, Visit",
    ),
    (STAGE, "", "“领导”在材料评审、现场评审评分", "“Leadership” is marked at: Papers"),
    (ITEM, "leed", "没有指标“leed”；是否应为“lead”？", "no indicator “leed”; did you mean “lead”?"),
    (ITEM, "", "没有写评分项", "no item is named"),
    (SCORE, "", "空白，应有评分；回避的写“回避”", "blank, expected a mark, or “recused”"),
    (SCORE, "   ", "空白", "blank"),
    (SCORE, "良好", "内容为“良好”，应为一个数字", "found “良好”, expected a number"),
    (SCORE, "同意", "内容为“同意”", "found “同意”"),
    (SCORE, "nan", "内容为“nan”", "found “nan”"),
    (SCORE, "inf", "内容为“inf”", "found “inf”"),
    (SCORE, "1e999", "内容为“1e999”", "found “1e999”"),
    (SCORE, "=80+5", "内容为“=80+5”", "found “=80+5”"),
    (SCORE, "#DIV/0!", "内容为“#DIV/0!”", "found “#DIV/0!”"),
    (SCORE, "85分", "内容为“85分”", "found “85分”"),
    (SCORE, "八十五", "内容为“八十五”", "found “八十五”"),
    (SCORE, "72.5", "评分为“72.5”，应为 5 的整数倍", "“72.5”, expected a multiple of 5"),
    (SCORE, "85.000001", "应为 5 的整数倍", "a multiple of 5"),
    (SCORE, "105", "评分为“105”，应在 0 与 100 之间", "the mark is “105”, expected 0 to 100"),
    (SCORE, "-5", "评分为“-5”，应在 0 与 100 之间", "the mark is “-5”, expected 0 to 100"),
    (SCORE, "1e14", "应在 0 与 100 之间", "expected 0 to 100"),
    (SCORE, "1e300", "一个绝对值不大于", "a number of at most"),
]


@pytest.mark.parametrize(("column", "typed", "zh", "en"), MARKS)
def test_a_wrong_cell_is_named_with_file_row_and_column(tmp_path, column, typed, zh, en):
    rows = sound_rows()
    rows[0][column] = typed
    (found,) = complaints(read, tmp_path, text_of(rows))
    title = HEADER[STAGE if (column, typed) == (STAGE, "") else column]
    assert (found.file, found.row, found.column) == ("ratings.csv", 2, title)
    assert zh in found.of("zh") and en in found.of("en")


@pytest.mark.parametrize(
    ("typed", "score"),
    [("８５", 85.0), ("85%", 85.0), ("８５％", 85.0), (" 85 ", 85.0), ("8.5e1", 85.0), ("-0", 0.0)],
)
def test_a_number_typed_in_another_way_is_that_number(tmp_path, typed, score):
    rows = sound_rows()
    rows[0][SCORE] = typed
    found = read(tmp_path, text_of(rows)).frame
    assert found["score"][0] == score
    pd.testing.assert_frame_equal(found[1:], read(tmp_path, text_of(sound_rows())).frame[1:])


def test_a_percent_sign_is_refused_where_marks_are_not_of_a_hundred(tmp_path):
    rows = sound_rows()
    rows[1][SCORE] = "30%"
    (found,) = complaints(read, tmp_path, text_of(rows))
    assert (found.row, found.column) == (3, "score") and "without a percent sign" in found.of("en")


def test_each_item_has_its_own_full_marks(tmp_path):
    rows = sound_rows()
    rows[0][SCORE], rows[1][SCORE] = "55", "55"
    (found,) = complaints(read, tmp_path, text_of(rows))
    assert found.row == 3 and "应在 0 与 50 之间" in found.of("zh")


def test_an_item_is_marked_at_its_stages_alone(tmp_path):
    rows = sound_rows()
    rows[1][STAGE] = "visit"
    (found,) = complaints(read, tmp_path, text_of(rows))
    assert (found.row, found.column) == (3, "stage")
    assert "“结果”在材料评审评分" in found.of("zh") and "marked at: Papers" in found.of("en")


def test_an_item_that_has_no_stages_takes_none(tmp_path):
    scheme = changed(YAML, ("stages: {papers: 1}", "stages: {}"))
    rows = sound_rows()
    for row in rows:
        if row[ITEM] == "result":
            row[STAGE] = ""
    assert len(read(tmp_path, text_of(rows), scheme).frame) == 24
    rows[1][STAGE] = "papers"
    (found,) = complaints(read, tmp_path, text_of(rows), scheme)
    assert (found.row, found.column) == (3, "stage")
    assert "不分阶段评分" in found.of("zh") and "not marked by stages" in found.of("en")


def test_what_is_scored_by_levels_takes_no_marks(tmp_path):
    rows = sound_rows()
    rows[0][ITEM] = "规模"
    (found,) = complaints(read, tmp_path, text_of(rows))
    assert (found.row, found.column) == (2, "item")
    assert "按档次评分" in found.of("zh") and "scored by levels" in found.of("en")


def test_the_only_item_of_a_scheme_need_not_be_named(tmp_path):
    scheme = """\
id: one
name: One
total: 100
indicators: [{id: all, name: 总分, points: 100, rule: {kind: direct}, scales: true}]
grades: [{id: A, cutoff: 60}, {id: B, cutoff: 0}]
"""
    text = "unit,assessor,score\n甲,赵,80\n乙,赵,55.5\n"
    found = read(tmp_path, text, scheme, "unit\n甲\n乙\n")
    assert found.frame["item"].tolist() == ["all", "all"]
    assert found.frame["score"].tolist() == [80.0, 55.5]


def test_an_assessor_marks_a_unit_on_an_item_once(tmp_path):
    rows = sound_rows()
    rows.append([*rows[0][:SCORE], "95", ""])
    (found,) = complaints(read, tmp_path, text_of(rows))
    assert (found.row, found.column) == (len(rows) + 1, "unit")
    assert "与第2行重复" in found.of("zh") and "repeats row 2" in found.of("en")


def test_columns_that_are_missing_unknown_or_there_twice_come_together(tmp_path):
    text = "unit,专家,assessor,marks\n甲公司,赵,赵,80\n"
    found = complaints(read, tmp_path, text)
    assert {(c.row, c.column) for c in found} == {(1, "assessor"), (1, "marks"), (1, None)}
    sentences = [c.of("zh") for c in found], [c.of("en") for c in found]
    assert names(sentences, "#1", "“assessor”", "“专家”")
    assert names(sentences, "#1", "“marks”")
    assert sentences[0][-1].endswith("缺少列：评分")
    assert sentences[1][-1].endswith("missing columns: score")
    (found,) = complaints(read, tmp_path, "stage,item\npapers,lead\n")
    assert found.row == 1 and found.text.zh == "缺少列：申报组织、评委、评分"
    assert found.text.en == "missing columns: unit, assessor, score"


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    rows = sound_rows()
    for i in range(0, len(rows), 2):
        rows[i][SCORE] = "?"
    many = 12 * rows
    found = complaints(read, tmp_path, text_of(many))
    wrong = [i + 2 for i, row in enumerate(many) if row[SCORE] == "?"]
    assert len(wrong) > 200
    assert {c.row for c in found if c.column == "score"} <= set(wrong)
    said = {c.row for c in found}
    assert said >= set(wrong)


def test_beyond_so_many_complaints_reading_stops(tmp_path):
    rows = [["甲公司", f"评委{i}", "", "papers", "lead", "?", ""] for i in range(6_000)]
    found = complaints(read, tmp_path, text_of(rows))
    assert len(found) == 5_001 and "5,000" in found[-1].of("en").replace("5000", "5,000")


# ── who may mark whom ──

LISTED = changed(
    YAML,
    (
        "panel:\n  step: 5\n",
        "panel:\n  step: 5\n  assessors:\n"
        "    - {name: 赵, stages: [papers], recused: [乙公司]}\n"
        "    - {name: 钱, stages: [papers], units: [甲公司, 乙公司, 丙公司]}\n"
        "    - {name: 孙}\n"
        "    - {name: 李, stages: [visit]}\n"
        "    - {name: 周, stages: [visit]}\n",
    ),
)


def listed_rows():
    """A sound file for the list: 赵 withdraws from 乙公司."""
    rows = [row for row in sound_rows() if (row[WHO], row[UNIT]) != ("赵", "乙公司")]
    return [*rows, ["乙公司", "赵", "", "papers", "lead", "回避", ""]]


def test_who_withdraws_is_told_and_marks_nothing(tmp_path):
    found = read(tmp_path, text_of(listed_rows()), LISTED)
    assert [tuple(row) for row in found.recused.itertuples(index=False)] == [
        ("乙公司", "赵", "papers")
    ]
    frame = found.frame
    assert not ((frame["unit"] == "乙公司") & (frame["assessor"] == "赵")).any()
    english = [[*row[:SCORE], row[SCORE].replace("回避", "Recused"), ""] for row in listed_rows()]
    assert read(tmp_path, text_of(english), LISTED).recused.equals(found.recused)


@pytest.mark.parametrize(
    ("row", "column", "zh", "en"),
    [
        (
            ["乙公司", "赵", "", "papers", "result", "50", ""],
            "unit",
            "“赵”对“乙公司”应当回避",
            "“赵” withdraws from “乙公司” and cannot mark it",
        ),
        (
            ["甲公司", "赵六", "", "papers", "lead", "80", ""],
            "assessor",
            "方案的评委名单中没有“赵六”；是否应为“赵”？",
            "the scheme's list of assessors has no “赵六”; did you mean “赵”?",
        ),
        (
            ["甲公司", "李", "", "papers", "lead", "80", ""],
            "stage",
            "“李”不参加这一阶段",
            "“李” has no part in this stage",
        ),
        (
            ["丁公司", "钱", "", "papers", "lead", "80", ""],
            "unit",
            "“钱”不负责“丁公司”",
            "“丁公司” is not among those that “钱” marks",
        ),
    ],
)
def test_nobody_marks_whom_the_list_does_not_give_them(tmp_path, row, column, zh, en):
    rows = [*listed_rows(), row]
    (found,) = complaints(read, tmp_path, text_of(rows), LISTED)
    assert (found.file, found.row, found.column) == ("ratings.csv", len(rows) + 1, column)
    assert zh in found.of("zh") and en in found.of("en")


def test_who_withdraws_marks_nothing_at_that_stage(tmp_path):
    rows = [*sound_rows(), ["甲公司", "赵", "", "papers", "lead", "回避", ""]]
    found = complaints(read, tmp_path, text_of(rows))
    assert [(c.row, c.column) for c in found] == [(2, "score"), (3, "score")]
    assert "“赵”对“甲公司”既写“回避”又有评分" in found[0].of("zh")
    assert "“赵” withdraws from “甲公司” and marks it too" in found[0].of("en")


@pytest.mark.parametrize(
    ("name", "other"), [("李 四", "李四"), ("专家０１", "专家01"), ("Li\u200b", "li")]
)
def test_names_that_the_eye_takes_for_one_are_not_two_assessors(tmp_path, name, other):
    rows = sound_rows()
    for row in rows:
        row[WHO] = other if row[WHO] == "李" else row[WHO]
    first = next(i for i, row in enumerate(rows) if row[WHO] == other)
    later = max(i for i, row in enumerate(rows) if row[WHO] == other)
    rows[later][WHO] = name
    (found,) = complaints(read, tmp_path, text_of(rows))
    assert (found.row, found.column) == (later + 2, "assessor")
    assert f"第{first + 2}行" in found.of("zh") and f"“{other}” of row {first + 2}" in found.of(
        "en"
    )


def test_an_assessor_sits_in_one_group_at_a_stage(tmp_path):
    rows = sound_rows()
    later = max(i for i, row in enumerate(rows) if row[WHO] == "李")
    for group in ("二组", ""):
        rows[later][GROUP] = group
        (found,) = complaints(read, tmp_path, text_of(rows))
        assert (found.row, found.column) == (later + 2, "group")
        assert f"“{group}”" in found.of("zh") and "in “一组” in row" in found.of("en")


def test_units_in_the_list_of_assessors_are_those_of_the_data(tmp_path):
    wrong = changed(LISTED, ("recused: [乙公司]", "recused: [乙公 司]"))
    (found,) = complaints(read, tmp_path, text_of(sound_rows()), wrong)
    assert "“赵”的“乙公 司”不在数据表中；是否应为“乙公司”？" in found.of("zh")
    assert "“乙公 司” for “赵”" in found.of("en")


def test_a_table_of_data_without_units_is_one_complaint(tmp_path):
    data = "企业,size,screen:fit\n甲公司,大,通过\n"
    (found,) = complaints(read, tmp_path, text_of(sound_rows()), YAML, data)
    assert (found.file, found.row) == ("data.csv", 1)
    assert "缺少列：考核对象" in found.of("zh") and "missing column: unit" in found.of("en")


# ── votes ──


def voted(*words):
    """A sound file in which 甲公司 has these votes."""
    rows = [row for row in sound_rows() if (row[STAGE], row[UNIT]) != ("ballot", "甲公司")]
    return rows + [
        ["甲公司", f"委员{i}", "", "ballot", "", word, ""] for i, word in enumerate(words, 1)
    ]


def test_votes_are_told_in_many_words(tmp_path):
    words = {"yes": "同意 赞成 yes For 1 是", "no": "不同意 反对 NO against 0 否"}
    words["abstained"] = "弃权 abstain Abstained"
    for vote, typed in words.items():
        rows = voted(*typed.split())
        found = read(tmp_path, text_of(rows)).votes
        assert set(found["vote"][found["unit"] == "甲公司"]) == {vote}
        assert (found["unit"] == "甲公司").sum() == len(typed.split())


def test_a_vote_is_cast_once_and_in_a_word_that_is_known(tmp_path):
    for word in ("考虑", "", "2", "85"):
        rows = voted("同意", word)
        (found,) = complaints(read, tmp_path, text_of(rows))
        assert (found.row, found.column) == (len(rows) + 1, "score")
        assert f"表决为“{word}”，应为“同意”“不同意”“弃权”或“回避”" in found.of("zh")
        assert "expected yes, no, abstained or recused" in found.of("en")
    rows = voted("同意", "回避")
    rows.append([*rows[-1][:SCORE], "同意", ""])
    (found,) = complaints(read, tmp_path, text_of(rows))
    assert (found.row, found.column) == (len(rows) + 1, "unit")
    assert f"与第{len(rows)}行重复" in found.of("zh") and "votes twice" in found.of("en")


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        (["同意", "同意", "不同意"], "否"),
        (["同意", "弃权", "不同意"], "是"),
        (["同意", "同意", "弃权", "不同意"], "是"),
        (["同意", "同意", "回避", "不同意"], "否"),
        (["回避", "回避"], None),
    ],
)
def test_a_unit_that_carries_no_vote_has_the_veto(tmp_path, words, cell):
    scheme = scheme_of(tmp_path, YAML)
    table = filled(read(tmp_path, text_of(voted(*words)), scheme), scheme)
    at = table.header.index("veto:ballot")
    assert [row[at] for row in table.rows] == [cell, "否", "否", None]


def test_a_committee_has_no_more_votes_than_members(tmp_path):
    scheme = changed(YAML, ('share: "2/3"}}', 'share: "2/3", members: 3}}'))
    assert len(read(tmp_path, text_of(voted("同意", "弃权", "回避", "同意")), scheme).votes) == 9
    (found,) = complaints(read, tmp_path, text_of(voted(*["同意"] * 4)), scheme)
    assert found.file == "ratings.csv" and "“甲公司”有4票" in found.of("zh")
    assert "has 4 votes, more than the committee's 3 members" in found.of("en")


# ── the table of data, filled ──


def test_the_marks_of_all_are_made_one_in_the_table(tmp_path):
    scheme = scheme_of(tmp_path, YAML)
    table = filled(read(tmp_path, text_of(sound_rows()), scheme), scheme)
    for key, item, k in (("lead@papers", 0, 3), ("result@papers", 1, 3), ("lead@visit", 2, 2)):
        means = [sum(mark(u, a, item) for a in range(k)) / k for u in range(3)]
        at = table.header.index(key)
        assert [row[at] for row in table.rows] == [*means, None]
    assert table_of_rows(table, scheme).units == UNITS


@pytest.mark.parametrize(("kept", "left"), [(2, None), (3, 30.0)])
def test_too_few_marks_for_leaving_out_the_highest_and_lowest_are_told(tmp_path, kept, left):
    how = "panel:\n  step: 5\n  stages:\n    papers: {how: drop}\n"
    scheme = scheme_of(tmp_path, changed(YAML, ("panel:\n  step: 5\n", how)))
    rows = [r for r in sound_rows() if (r[UNIT], r[ITEM]) != ("乙公司", "result")]
    typed = ("10", "30", "50")[:kept]
    rows += [
        ["乙公司", who, "", "papers", "result", score, ""]
        for who, score in zip(PAPERS, typed, strict=False)
    ]
    ratings = read(tmp_path, text_of(rows), scheme)
    if left is not None:
        table = filled(ratings, scheme)
        assert table.rows[1][table.header.index("result@papers")] == left
        return
    (found,) = complaints(filled, ratings, scheme)
    assert found.file == "ratings.csv"
    assert "“乙公司”的“结果”（材料评审）只有2个评分" in found.of("zh")
    assert "“Results” of “乙公司” (Papers) has 2 marks" in found.of("en")


def test_a_unit_that_fails_a_screen_may_have_few_marks(tmp_path):
    how = "panel:\n  step: 5\n  stages:\n    papers: {how: drop}\n"
    scheme = scheme_of(tmp_path, changed(YAML, ("panel:\n  step: 5\n", how)))
    rows = [*sound_rows(), ["丁公司", "赵", "", "papers", "lead", "80", ""]]
    table = table_of_rows(filled(read(tmp_path, text_of(rows), scheme), scheme), scheme)
    assert table.units == UNITS and [one.unit.zh for one in table.screened] == ["丁公司"]


def test_a_value_stands_in_one_place(tmp_path):
    scheme = scheme_of(tmp_path, YAML)
    data = (
        "unit,size,screen:fit,lead@papers,veto:ballot\n"
        "甲公司,大,通过,,\n乙公司,小,通过,70,\n丙公司,大,通过,,是\n丁公司,,不通过,,\n"
    )
    found = complaints(filled, read(tmp_path, text_of(sound_rows()), scheme, data), scheme)
    assert [(c.file, c.row, c.column) for c in found] == [
        ("data.csv", 3, "lead@papers"),
        ("data.csv", 4, "veto:ballot"),
    ]
    assert "“70”" in found[0].of("zh") and "ratings.csv" in found[0].of("en")
    data = data.replace(",70,", ",,").replace(",是\n", ",\n")
    table = filled(read(tmp_path, text_of(sound_rows()), scheme, data), scheme)
    old = read_rows(tmp_path / "data.csv").header
    assert table.header == [*old, "result@papers", "lead@visit"]
    assert [row[4] for row in table.rows] == ["否", "否", "否", ""]


# ── files ──


def test_encodings_of_offices_are_read_and_others_refused(tmp_path):
    text = text_of(sound_rows())
    expected = read(tmp_path, text).frame
    for encoding in ("utf-8-sig", "gb18030"):
        pd.testing.assert_frame_equal(read(tmp_path, text.encode(encoding)).frame, expected)
    windows = text.replace("\n", "\r\n")
    pd.testing.assert_frame_equal(read(tmp_path, windows).frame, expected)
    for data in (text.encode("utf-16"), text.encode() + b"\xff\xfe\xfa", b"\x00\x01", b""):
        assert all(c.file == "ratings.csv" for c in complaints(read, tmp_path, data))


def test_a_workbook_is_read_as_the_text_is(tmp_path):
    scheme = scheme_of(tmp_path, YAML)
    expected = read(tmp_path, text_of(sound_rows()), scheme)
    rows = [list(HEADER), *sound_rows()]
    for row in rows[1:]:
        row[SCORE] = int(row[SCORE]) if row[SCORE].isdigit() else row[SCORE]
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "ratings.xlsx")
    found = read_ratings(tmp_path / "ratings.xlsx", scheme, read_rows(tmp_path / "data.csv"))
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    pd.testing.assert_frame_equal(found.votes, expected.votes)


# ── the shipped ratings, damaged ──

CASE = packaged_cases() / "mayor-award"


@pytest.fixture(scope="module")
def shipped():
    with (CASE / "ratings.csv").open(encoding="utf-8", newline="") as file:
        grid = list(csv.reader(file))
    scheme, data = read_scheme(CASE / "scheme.yaml"), read_rows(CASE / "data.csv")
    return grid, scheme, data


NUMBERS = ["", " ", "0", "85", "８５", "85%", "7", "-5", "105", "nan", "inf", "1e400", "=1", "１"]
WORDS = ["回避", "同意", "弃权", "是", "True", "#N/A", "\u200b", '"', "x\ny", "现场一组"]
KNOWN = ["A公司", "B公司", "专家01", "委员01", "documents", "陈述答辩", "vote", "leading", "people"]
ODD = st.sampled_from([*NUMBERS, *WORDS, *KNOWN])


@given(
    st.dictionaries(
        st.tuples(st.integers(1, 3555), st.integers(0, 5)),
        st.one_of(ODD, st.text(max_size=4)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=share(60))
def test_damaged_ratings_are_refused_or_say_what_their_cells_say(shipped, cells):
    grid, scheme, data = shipped
    touched = sorted({row for row, _ in cells})
    others = random.Random(len(cells)).sample(range(1, len(grid)), 20)
    kept = sorted({*touched, *others, *range(1, len(grid), 97)})
    damaged = [list(grid[0])]
    for row in kept:
        damaged.append([cells.get((row, column), cell) for column, cell in enumerate(grid[row])])
    before = ratings_of_rows(
        rows_of_grid("r.csv", [grid[0], *(grid[row] for row in kept)]), scheme, data
    )
    try:
        after = ratings_of_rows(rows_of_grid("r.csv", damaged), scheme, data)
    except InputError as error:
        rows = {complaint.row for complaint in error.complaints}
        assert None in rows or rows <= set(range(1, len(damaged) + 1))
        for language in ("zh", "en"):
            assert all(s.strip() and "\n" not in s for s in error.sentences(language))
        return
    # what nobody touched is what it was
    changed_rows = {kept.index(row) + 2 for row in touched}
    frames = [
        found.frame[~found.frame["row"].isin(changed_rows)].reset_index(drop=True)
        for found in (before, after)
    ]
    pd.testing.assert_frame_equal(*frames)
    for row in after.frame[after.frame["row"].isin(changed_rows)].itertuples():
        assert 0 <= row.score <= 100 and row.score % 5 == 0
        assert row.unit in data_units(data) and row.item in {leaf.id for leaf in scheme.leaves}


def data_units(data):
    return {row[0] for row in data.rows}


def test_units_without_marks_are_one_sentence_a_stage(tmp_path):
    """All of a stage, or single items of it; those that failed a screen need none."""
    lines = RATINGS_CSV.read_text(encoding="utf-8").splitlines()
    kept = [
        line
        for line in lines
        if not ("A公司," in line and ",site," in line)
        and not ("B公司," in line and ",hearing,improved," in line)
    ]
    folder = tmp_path / "award"
    shutil.copytree(RATINGS_CSV.parent, folder)
    (folder / "ratings.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        qt.read_case(folder)
    assert raised.value.sentences("zh") == [
        "ratings.csv：“B公司”在“陈述答辩”没有改进的评分",
        "ratings.csv：“A公司”在“现场评审”没有评分",
    ]


def test_a_withdrawal_without_a_stage_is_from_all_of_them(tmp_path):
    """Marks beside it would count although their assessor withdrew: they are refused."""
    rows = [*sound_rows(), ["甲公司", "赵", "", "", "", "回避", ""]]
    found = complaints(read, tmp_path, text_of(rows))
    assert len(found) == 2  # 赵 marks two items on papers
    assert all("“赵”对“甲公司”既写“回避”又有评分" in one.of("zh") for one in found)
    left = [row for row in rows if row[:2] != ["甲公司", "赵"] or row[SCORE] == "回避"]
    assert len(read(tmp_path, text_of(left)).recused) == 1
