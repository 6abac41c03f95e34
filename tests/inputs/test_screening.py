"""Who is assessed at all: what the columns of screens say, in the order of the screens."""

import openpyxl
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.files import read_rows, rows_of_grid
from qtoolkit.inputs.table import read_table, table_of_rows
from tests.inputs.helpers import scheme_of

YAML = """\
id: s
name: S
total: 100
indicators: [{id: a, name: 甲项, points: 100, rule: {kind: direct}, scales: true}]
grades: [{id: A, cutoff: 60, quota: 1}, {id: B, cutoff: 0}]
screens:
  - {id: fit, name: {zh: 资格审核, en: Eligibility}}
  - {id: short, name: {zh: 入围, en: Shortlist}}
"""
HEADER = ["unit", "name_en", "a", "screen:fit", "why:fit", "screen:short", "why:short"]


@pytest.fixture
def scheme(tmp_path):
    return scheme_of(tmp_path, YAML)


def table(scheme, *rows):
    return table_of_rows(rows_of_grid("data.csv", [HEADER, *map(list, rows)]), scheme)


def complaints(scheme, *rows):
    with pytest.raises(InputError) as caught:
        table(scheme, *rows)
    return caught.value.complaints


SOUND = ("甲", "One", 70, "通过", None, "通过", None)


def test_who_fails_is_told_with_the_first_screen_and_its_reason(scheme):
    found = table(
        scheme,
        SOUND,
        ("乙", "Two", None, "不通过", "没有培训", None, None),
        ("丙", None, 90, "通过", None, "不通过", "第9名"),
        ("丁", None, 95, "不通过", None, "不通过", "第8名"),
    )
    assert found.units == ("甲",)
    told = [(one.unit.zh, one.unit.en, one.screen, one.why) for one in found.screened]
    assert told == [
        ("乙", "Two", "fit", "没有培训"),
        ("丙", "丙", "short", "第9名"),
        ("丁", "丁", "fit", None),
    ]


def test_who_fails_is_not_scored_and_takes_no_place(scheme):
    found = table(
        scheme,
        SOUND,
        ("乙", None, 99, "通过", None, "不通过", None),
        ("丙", None, 65, "通过", None, "通过", None),
    )
    result = qt.assess(scheme, found)
    assert result.ranks.to_dict() == {"甲": 1, "丙": 2}
    assert result.grades.astype(str).to_dict() == {"甲": "A", "丙": "B"}


@pytest.mark.parametrize(
    ("words", "passes"),
    [
        (["通过", "是", "pass", "Passed", "YES", "1", 1, 1.0, " 通过 ", "true", True], True),
        (["不通过", "未通过", "否", "Fail", "failed", "No", "0", 0, 0.0, "false", False], False),
    ],
)
def test_words_for_passed_and_failed(scheme, words, passes):
    for word in words:
        found = table(scheme, SOUND, ("乙", None, 50, word, None, "通过", None))
        assert ("乙" in found.units) == passes
        assert [one.unit.zh for one in found.screened] == ([] if passes else ["乙"])


@pytest.mark.parametrize("word", ["", None, "待定", "2", "合格"])
def test_what_is_neither_is_named_with_row_and_column(scheme, word):
    (found,) = complaints(scheme, SOUND, ("乙", None, 50, word, None, "通过", None))
    assert (found.file, found.row, found.column) == ("data.csv", 3, "screen:fit")
    assert "“通过”或“不通过”" in found.of("zh") and "passed or failed" in found.of("en")


def test_later_screens_may_be_blank_for_those_who_failed_before_and_for_no_others(scheme):
    rows = [SOUND, ("乙", None, None, "否", None, None, None)]
    assert table(scheme, *rows).units == ("甲",)
    (found,) = complaints(scheme, *rows, ("丙", None, 50, "通过", None, None, None))
    assert (found.row, found.column) == (4, "screen:short")
    # what is written there is read all the same
    (found,) = complaints(scheme, SOUND, ("乙", None, None, "否", None, "也许", None))
    assert (found.row, found.column) == (3, "screen:short")
    # nor does a later screen excuse a blank before it
    (found,) = complaints(scheme, SOUND, ("乙", None, 5, None, None, "否", None))
    assert (found.row, found.column) == (3, "screen:fit")


def test_somebody_must_pass(scheme):
    (found,) = complaints(scheme, ("甲", None, 70, "否", None, None, None))
    assert "没有一家通过审核" in found.of("zh") and "no unit passed the screens" in found.of("en")


def test_a_screen_without_its_column_is_missing(scheme):
    with pytest.raises(InputError) as caught:
        table_of_rows(rows_of_grid("data.csv", [["unit", "a"], ["甲", 70]]), scheme)
    assert "screen:fit（资格审核）" in caught.value.sentences("zh")[0]
    assert "screen:short (Shortlist)" in caught.value.sentences("en")[0]


def test_cells_of_those_who_failed_are_not_looked_at_and_rows_keep_their_numbers(scheme):
    failed = ("乙", None, "没有", "不通过", None, None, None)
    assert table(scheme, SOUND, failed).units == ("甲",)
    (found,) = complaints(scheme, failed, SOUND, ("丙", None, "没有", "通过", None, "通过", None))
    assert (found.row, found.column) == (4, "a")


def test_units_without_data_are_told_beside_those_who_failed(tmp_path):
    scheme = scheme_of(tmp_path, YAML + "missing: {blank: not_reported, no_data: exclude}\n")
    found = table(
        scheme,
        SOUND,
        ("乙", None, None, "通过", None, "通过", None),
        ("丙", None, 50, "不通过", None, None, None),
    )
    assert found.units == ("甲",)
    assert [unit.zh for unit in found.excluded] == ["乙"]
    assert [one.unit.zh for one in found.screened] == ["丙"]


def test_a_table_with_units_as_columns(scheme, tmp_path):
    grid = [
        ["指标", "甲", "乙", "丙"],
        ["a", "70", "", "x"],
        ["审核：资格审核", "通过", "不通过", "通过"],
        ["未通过原因:fit", "", "没有培训", ""],
        ["screen:short", "通过", "", "通过"],
    ]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(",".join(row) for row in grid), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_table(path, scheme)
    (found,) = caught.value.complaints
    assert (found.file, found.row, found.column) == ("data.csv", 2, "丙")
    path.write_text(path.read_text(encoding="utf-8").replace(",x", ",40"), encoding="utf-8")
    made = read_table(path, scheme)
    assert made.units == ("甲", "丙")
    assert [(one.unit.zh, one.why) for one in made.screened] == [("乙", "没有培训")]


def test_hidden_rows_of_those_who_passed_are_still_told(scheme, tmp_path):
    book = openpyxl.Workbook()
    for row in (HEADER, SOUND, ("乙", None, 5, "否", None, None, None), ("丙", *SOUND[1:])):
        book.active.append(row)
    book.active.row_dimensions[4].hidden = True
    book.save(tmp_path / "data.xlsx")
    rows = read_rows(tmp_path / "data.xlsx")
    assert rows.hidden.units == {4}
    found = table_of_rows(rows, scheme)
    assert found.units == ("甲", "丙")
    assert any("丙" in doubt.text.zh for doubt in found.doubts)
