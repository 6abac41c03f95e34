"""Filled score sheets put together: what comes back is what was written, and what cannot be read is
named by file, sheet and cell."""

import re
import shutil
import sys
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.case import read_case, read_roster
from qtoolkit.inputs.files import read_rows
from qtoolkit.inputs.ratings import filled, read_ratings
from qtoolkit.inputs.roster import Candidate, Roster, roster_of
from qtoolkit.inputs.table import table_of_rows
from qtoolkit.language import Text
from qtoolkit.runs import cli
from qtoolkit.workbooks.scorebooks import (
    MOST_SAID,
    collect_marks,
    is_score_book,
    said,
    write_marks,
)
from qtoolkit.workbooks.scoresheets import write_score_sheets
from tests.workbooks.scorefilling import (
    AWARD,
    award_rows,
    everything,
    grid_of,
    json_of,
    put,
    small,
)

UNITS = ("子公司", "丑公司")
ROSTER = Roster(tuple(Candidate(u, Text(u, f"Company {i}")) for i, u in enumerate(UNITS, 1)))
LISTED = [{"name": "张三"}, {"name": "李四", "stages": ["paper"], "group": "一组"}]


def sets_of(ratings):
    """Marks, votes and withdrawals as sets of rows."""
    frames = (ratings.frame.drop(columns="row"), ratings.votes, ratings.recused)
    return [set(map(tuple, frame.to_numpy().tolist())) for frame in frames]


# the award


def filled_in(scheme, roster, folder, language):
    """The award's score sheets with the marks and votes of its ratings; their paths."""
    paths = write_score_sheets(scheme, roster, folder, language)
    names = {part.id: part.name.of(language) for part in (*scheme.leaves, *scheme.stages)}
    names["vote"] = scheme.vetoes[0].vote.name.of(language)
    units = {unit.id: unit.name.of(language) for unit in roster.candidates}
    entries = {}
    for row in award_rows():
        unit, own = units[row["unit"]], entries.setdefault(row["assessor"], {})
        if row["stage"] == "vote":
            head = {"zh": "表决", "en": "Vote"}[language]
            own[names["vote"], unit, head] = row["score"]
        elif row["score"] != "回避":
            own[names[row["stage"]], names[row["item"]], unit] = float(row["score"])
    for name, own in entries.items():
        put(paths[name], own)
    return paths


@pytest.mark.parametrize(
    ("language", "suffix"),
    [("zh", "csv"), pytest.param("zh", "xlsx", marks=pytest.mark.soak), ("en", "xlsx")],
)
def test_the_award_filled_in_and_collected_is_the_award_that_is_shipped(language, suffix, tmp_path):
    scheme = read_roster(AWARD)[0]
    data = read_rows(AWARD / "data.csv")
    # papers were marked before the shortlist was drawn up
    short = data.header.index("screen:shortlist")
    papers = replace(data, header=data.header[:short], rows=[row[:short] for row in data.rows])
    early = roster_of(papers, scheme)
    assert (len(early.passed), len(roster_of(data, scheme).passed)) == (18, 10)
    paths = filled_in(scheme, early, tmp_path / "out", language)
    marks = collect_marks(scheme, roster_of(data, scheme), paths.values())
    assert (marks.conflicts, marks.gaps, marks.late, marks.waiting) == ([], [], [], [])
    target = tmp_path / f"ratings.{suffix}"
    write_marks(scheme, roster_of(data, scheme), marks, target, language)
    shipped = read_case(AWARD)
    ratings = read_ratings(target, scheme, data)
    assert sets_of(ratings) == sets_of(shipped.ratings)
    now = qt.assess(scheme, table_of_rows(filled(ratings, scheme), scheme))
    then = qt.assess(shipped.scheme, shipped.table)
    assert now.scores.tolist() == then.scores.tolist() and list(now.units) == list(then.units)
    assert now.grades.tolist() == then.grades.tolist() and now.ranks.tolist() == then.ranks.tolist()


# what comes back


@pytest.fixture
def sent(tmp_path):
    """A small scheme, and a workbook of each assessor wholly filled with 80 (and 同意)."""
    scheme = small(LISTED)
    paths = write_score_sheets(scheme, ROSTER, tmp_path / "out")
    for path in paths.values():
        everything(path, lambda side, head: 80)
    return scheme, paths


def test_all_marks_of_all_assessors_in_the_order_of_the_lists(sent):
    scheme, paths = sent
    marks = collect_marks(scheme, ROSTER, paths.values())
    paper = [("paper", unit, item) for unit in UNITS for item in "ab"]
    site = [("site", unit, item) for unit in UNITS for item in "abc"]
    votes = [("vote", unit, "") for unit in UNITS]
    cells = [("张三", *cell) for cell in paper + site + votes] + [("李四", *cell) for cell in paper]
    assert list(marks.cells) == cells
    assert {value for cell, value in marks.cells.items() if cell[3]} == {80}
    assert {value for cell, value in marks.cells.items() if not cell[3]} == {"yes"}
    assert said(scheme, ROSTER, marks)[0].zh == (
        "已汇总14个评分、2张表决票，回避0处；冲突0处，未填0处。"
    )


def test_who_is_late_what_is_blank_and_what_nobody_has_begun(sent):
    scheme, paths = sent
    blank = {("现场评审", item, unit): None for item in ("甲项", "乙项", "丙项") for unit in UNITS}
    blank |= {("委员会投票", unit, "表决"): None for unit in UNITS}
    put(paths["张三"], blank | {("材料评审", "乙项", "丑公司"): " "})
    marks = collect_marks(scheme, ROSTER, [paths["张三"]])
    assert marks.gaps == [("张三", "paper", "丑公司", "b")]
    assert marks.late == [("李四", ("paper",))] and marks.waiting == ["site", "vote"]
    assert [text.zh for text in said(scheme, ROSTER, marks)] == [
        "已汇总3个评分、0张表决票，回避0处；冲突0处，未填1处。",
        "未交：李四（材料评审）",
        "尚无人评分或表决：现场评审",
        "尚无人评分或表决：委员会投票",
        "未填：张三，材料评审，丑公司，乙项",
    ]


def test_a_workbook_that_is_there_and_blank_is_late_too(sent):
    scheme, paths = sent
    put(paths["李四"], {("材料评审", i, u): None for i in ("甲项", "乙项") for u in UNITS})
    assert collect_marks(scheme, ROSTER, paths.values()).late == [("李四", ("paper",))]


def test_units_that_nobody_voted_on_were_not_put_to_the_vote(tmp_path):
    scheme = small([{"name": "甲"}, {"name": "乙"}])
    paths = write_score_sheets(scheme, ROSTER, tmp_path)
    put(paths["甲"], {("委员会投票", "子公司", "表决"): "弃权"})
    put(paths["乙"], {("材料评审", "甲项", "子公司"): 5})
    marks = collect_marks(scheme, ROSTER, paths.values())
    assert marks.cells["甲", "vote", "子公司", ""] == "abstained"
    assert marks.late == [("甲", ("paper",)), ("乙", ("vote",))]
    assert len(marks.gaps) == 3 and {cell[:2] for cell in marks.gaps} == {("乙", "paper")}


def test_blanks_of_a_unit_that_failed_since_are_no_gaps_and_its_marks_are_kept(sent):
    scheme, paths = sent
    failed = Roster((ROSTER.candidates[0], Candidate("丑公司", Text("丑公司", "b"), False)))
    put(paths["张三"], {("现场评审", item, "丑公司"): None for item in ("甲项", "乙项", "丙项")})
    marks = collect_marks(scheme, failed, paths.values())
    assert marks.gaps == [] and marks.late == []
    assert marks.cells["张三", "paper", "丑公司", "a"] == 80


def test_two_workbooks_of_one_assessor_that_differ_are_in_conflict(sent, tmp_path):
    scheme, paths = sent
    second = tmp_path / "out" / "张三（改）.xlsx"
    shutil.copy(paths["张三"], second)
    put(second, {("材料评审", "甲项", "子公司"): 85, ("材料评审", "乙项", "子公司"): None})
    marks = collect_marks(scheme, ROSTER, [*paths.values(), second])
    assert len(marks.conflicts) == 1
    conflict = marks.conflicts[0]
    assert conflict[:4] == ("张三", "paper", "子公司", "a")
    assert {conflict[5], conflict[7]} == {80, 85}
    assert conflict[:4] not in marks.cells and marks.cells["张三", "paper", "子公司", "b"] == 80
    assert any("冲突：张三，材料评审，子公司，甲项" in t.zh for t in said(scheme, ROSTER, marks))
    write_marks(scheme, ROSTER, marks, tmp_path / "汇总.xlsx")
    book = openpyxl.load_workbook(tmp_path / "汇总.xlsx")
    assert book.sheetnames == ["数据", "冲突", "未填", "未交"] and book["冲突"].max_row == 2
    assert {cell.value for cell in book["冲突"][2]} >= {
        "张三",
        "材料评审",
        "子公司",
        "甲项",
        80,
        85,
    }


def test_withdrawal_by_hand_is_of_the_unit_and_by_the_list_of_every_stage(tmp_path):
    scheme = small([{"name": "张三", "recused": ["丑公司"]}])
    paths = write_score_sheets(scheme, ROSTER, tmp_path)
    put(
        paths["张三"],
        {("材料评审", "乙项", "子公司"): "回避 ", ("委员会投票", "子公司", "表决"): "同意"},
    )
    marks = collect_marks(scheme, ROSTER, paths.values())
    assert marks.cells == {
        ("张三", "paper", "子公司", ""): "recused",
        ("张三", "paper", "丑公司", ""): "recused",
        ("张三", "vote", "子公司", ""): "yes",
        ("张三", "vote", "丑公司", ""): "recused",
    }
    assert marks.gaps == [] and marks.waiting == ["site"]
    write_marks(scheme, ROSTER, marks, tmp_path / "r.csv", "en")
    data = read_rows_of("unit\n子公司\n丑公司\n", tmp_path)
    _, votes, recused = sets_of(read_ratings(tmp_path / "r.csv", scheme, data))
    assert votes == {("子公司", "张三", "vote", "yes")}
    assert recused == {("子公司", "张三", "paper"), ("丑公司", "张三", "paper")}


def read_rows_of(text, folder):
    (folder / "data.csv").write_text(text, encoding="utf-8")
    return read_rows(folder / "data.csv")


MARKS = st.one_of(st.none(), st.integers(0, 20).map(lambda k: 5 * k))
CELLS = [
    (name, stage, unit, item)
    for name in ("张三", "李四")
    for stage, items in (("paper", "ab"), ("site", "abc"))
    for unit in UNITS
    for item in items
]


@settings(max_examples=15, deadline=None)
@given(values=st.lists(MARKS, min_size=len(CELLS), max_size=len(CELLS)), texts=st.booleans())
def test_every_mark_comes_back_or_is_called_a_gap(values, texts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    scheme = small([{"name": "张三"}, {"name": "李四"}], vetoes=[])
    names = {part.id: part.name.zh for part in (*scheme.leaves, *scheme.stages)}
    given = {cell: value for cell, value in zip(CELLS, values, strict=True) if value is not None}
    paths = write_score_sheets(scheme, ROSTER, folder)
    for name, path in paths.items():
        own = {cell: value for cell, value in given.items() if cell[0] == name}
        put(
            path,
            {
                (names[stage], names[item], unit): f" {value}" if texts else value
                for (_, stage, unit, item), value in own.items()
            },
        )
    marks = collect_marks(scheme, ROSTER, paths.values())
    assert marks.cells == given
    begun = {stage for _, stage, _, _ in given}
    late = {(name, stage) for name, stages in marks.late for stage in stages}
    missing = set(marks.gaps) | {cell for cell in CELLS if cell[:2] in late}
    assert missing == {cell for cell in CELLS if cell not in given and cell[1] in begun}
    assert set(marks.waiting) == {"paper", "site"} - begun


# what is understood, though it was changed


def edit(path, title, change):
    """Change a sheet of a workbook by hand."""
    book = openpyxl.load_workbook(path)
    change(book[title])
    book.save(path)


def swap_columns(sheet):
    """The first two units change places, heads and marks."""
    head, _, rows, columns = grid_of(sheet)
    a, b = (columns[unit] for unit in UNITS)
    for row in (head, *rows.values()):
        one, two = sheet.cell(row, a), sheet.cell(row, b)
        one.value, two.value = two.value, one.value


def sort_items(sheet):
    """The two items change places."""
    _, side, rows, columns = grid_of(sheet)
    for column in (side, *(columns[unit] for unit in UNITS)):
        one, two = (sheet.cell(rows[item], column) for item in ("甲项", "乙项"))
        one.value, two.value = two.value, one.value


CHANGES = {
    "renamed sheet": lambda sheet: setattr(sheet, "title", "打分"),
    "moved columns": swap_columns,
    "moved rows": sort_items,
    "row above": lambda sheet: sheet.insert_rows(2),
    "column before": lambda sheet: sheet.insert_cols(2),
    "remark below": lambda sheet: sheet.cell(30, 3, "评委：材料齐全"),
    "full width": lambda sheet: full_width(sheet),
}


def full_width(sheet):
    _, _, rows, columns = grid_of(sheet)
    sheet.cell(rows["甲项"], columns["子公司"]).value = "１０"


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_changes_that_leave_no_doubt_are_understood(change, tmp_path):
    scheme = small([{"name": "张三", "stages": ["paper"]}])
    path = write_score_sheets(scheme, ROSTER, tmp_path)["张三"]
    expected = {("a", "子公司"): 10, ("a", "丑公司"): 15, ("b", "子公司"): 20, ("b", "丑公司"): 25}
    names = {"a": "甲项", "b": "乙项"}
    put(path, {("材料评审", names[item], unit): v for (item, unit), v in expected.items()})
    edit(path, "材料评审", CHANGES[change])
    marks = collect_marks(scheme, ROSTER, [path])
    assert {(item, unit): v for (_, _, unit, item), v in marks.cells.items()} == expected


# what is refused


def cell_of(path, title, side, head):
    sheet = openpyxl.load_workbook(path)[title]
    _, _, rows, columns = grid_of(sheet)
    return sheet.cell(rows[side], columns[head]).coordinate


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (83, "评分为“83”，应为 5 的整数倍"),
        (105, "评分为“105”，应在 0 与 100 之间"),
        (-5, "评分为“-5”，应在 0 与 100 之间"),
        ("良好", "内容为“良好”，应为一个数字"),
        ("1,000", "内容为“1,000”，应为不带千分位逗号的数字"),
        ("80%", "内容为“80%”，应为一个不带百分号的数字"),
        ("8O", "内容为“8O”，应为一个数字"),
        (True, "内容为“True”，应为一个数字"),
        ("#DIV/0!", "#DIV/0!"),
    ],
)
def test_what_is_no_mark_is_named_by_file_sheet_cell_and_unit(value, sentence, sent):
    scheme, paths = sent
    put(paths["李四"], {("材料评审", "乙项", "丑公司"): value})
    place = f"李四.xlsx[材料评审!{cell_of(paths['李四'], '材料评审', '乙项', '丑公司')}]"
    with pytest.raises(InputError) as error:
        collect_marks(scheme, ROSTER, paths.values())
    (text,) = error.value.sentences("zh")
    assert text.startswith(f"{place}，“丑公司”：") and sentence in text
    (english,) = error.value.sentences("en")
    assert english.startswith(f"{place}, “丑公司”: ")


def test_a_formula_is_no_mark(sent):
    """The workbook is as Excel saves it: the formula beside its last value."""
    scheme, paths = sent
    source = paths["李四"]
    cell = cell_of(source, "材料评审", "甲项", "子公司")
    target = source.with_name("公式.xlsx")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.namelist():
            data = old.read(part)
            if part.startswith("xl/worksheets/sheet"):
                data = re.sub(rf'(<c r="{cell}"[^>]*>)<v>'.encode(), rb"\1<f>40+40</f><v>", data)
            new.writestr(part, data)
    with pytest.raises(InputError, match="是公式，算得“80”，应直接填写") as error:
        collect_marks(scheme, ROSTER, [target])
    assert f"公式.xlsx[材料评审!{cell}]" in str(error.value)


def rename(side, word):
    def change(sheet):
        _, column, rows, _ = grid_of(sheet)
        sheet.cell(rows[side], column).value = word

    return change


def head(unit, word):
    def change(sheet):
        row, _, _, columns = grid_of(sheet)
        sheet.cell(row, columns[unit]).value = word

    return change


def add_row(word):
    def change(sheet):
        _, side, rows, columns = grid_of(sheet)
        row = max(rows.values()) + 1
        sheet.cell(row, side).value = word
        sheet.cell(row, columns["子公司"]).value = 160

    return change


def add_column(word):
    def change(sheet):
        row, _, rows, columns = grid_of(sheet)
        column = max(columns.values()) + 1
        sheet.cell(row, column).value = word
        sheet.cell(rows["甲项"], column).value = "好"

    return change


REFUSED = {
    "renamed item": (rename("甲项", "甲顶"), "没有指标“甲顶”；是否应为“甲项”？"),
    "item of another stage": (rename("甲项", "丙项"), "“丙项”在这一阶段不评分"),
    "item twice": (rename("乙项", "甲项"), "与第6行是同一评分项，请删去其一"),
    "renamed unit": (head("丑公司", "丑公诗"), "没有考核对象“丑公诗”；是否应为“丑公司”？"),
    "unit twice": (head("丑公司", "子公司"), "“子公司”出现了两次，请删去其一"),
    "row of totals": (add_row("合计"), "没有指标“合计”"),
    "row without a name": (add_row(None), "这一行有内容而没有评分项"),
    "column of remarks": (add_column("备注"), "没有考核对象“备注”"),
    "column without a name": (add_column(None), "有内容而没有写考核对象"),
    "header gone": (
        lambda sheet: sheet.delete_rows(5),
        "找不到同时写有“评分项”和“分值”各一处的表头",
    ),
    "another's name": (lambda sheet: sheet.cell(2, 2, "评委：张三"), "写的是评委“张三”"),
}


@pytest.mark.parametrize("change", REFUSED, ids=str)
def test_changes_that_leave_doubt_are_refused_in_one_sentence(change, sent):
    scheme, paths = sent
    make, sentence = REFUSED[change]
    edit(paths["李四"], "材料评审", make)
    with pytest.raises(InputError) as error:
        collect_marks(scheme, ROSTER, paths.values())
    (text,) = error.value.sentences("zh")
    assert text.startswith("李四.xlsx[材料评审") and sentence in text


WRITTEN = st.one_of(
    st.none(),
    st.integers(-3, 21).map(lambda k: 5 * k),
    st.sampled_from(
        ["甲项", "丙项", "子公司", "回避", "评分项", "评委：李四", "８０", "合计", "{}", " "]
    ),
)


@settings(max_examples=40, deadline=None)
@given(row=st.integers(1, 10), column=st.integers(1, 9), value=WRITTEN)
def test_whatever_is_written_into_any_cell_no_mark_is_taken_for_another(
    row, column, value, tmp_path_factory
):
    """What is read stands in the sheet beside its item and below its unit; what is not is called a
    gap, or nobody's marks are read at all."""
    folder = tmp_path_factory.mktemp("sheets")
    scheme = small([{"name": "张三", "stages": ["paper"]}])
    path = write_score_sheets(scheme, ROSTER, folder)["张三"]
    marks = {("甲项", "子公司"): 5, ("甲项", "丑公司"): 10, ("乙项", "子公司"): 15}
    marks |= {("乙项", "丑公司"): 20}
    put(path, {("材料评审", item, unit): mark for (item, unit), mark in marks.items()})
    edit(path, "材料评审", lambda sheet: setattr(sheet.cell(row, column), "value", value))
    try:
        found = collect_marks(scheme, ROSTER, [path])
    except InputError as error:
        assert all(str(c.file).startswith("张三.xlsx") for c in error.complaints)
        return
    sheet = openpyxl.load_workbook(path)["材料评审"]
    rows = {sheet.cell(r, 3).value: r for r in (6, 7)}  # items in column C, heads in row 5
    columns = {sheet.cell(5, c).value: c for c in (7, 8)}
    names = {"a": "甲项", "b": "乙项"}
    for (_, _, unit, item), mark in found.cells.items():
        if mark == "recused":
            assert "回避" in {sheet.cell(r, columns[unit]).value for r in rows.values()}
        else:
            cell = sheet.cell(rows[names[item]], columns[unit]).value
            assert mark == (80 if cell == "８０" else cell)
    wanted = {(unit, item) for unit in UNITS for item in "ab"}
    read = {(unit, item) for _, _, unit, item in found.cells}
    gone = {(unit, item) for unit, none in read if not none for item in "ab"}
    gaps = {(unit, item) for _, _, unit, item in found.gaps}
    assert (read | gone | gaps) >= wanted or found.late or found.waiting


def test_marks_where_somebody_withdraws_are_refused(sent):
    scheme, paths = sent
    now = small([LISTED[0] | {"recused": ["子公司"]}, LISTED[1]])
    with pytest.raises(InputError) as error:
        collect_marks(now, ROSTER, paths.values())
    said_ = error.value.sentences("zh")
    assert len(said_) == 3 and all("“张三”对“子公司”应当回避" in text for text in said_)
    put(paths["李四"], {("材料评审", "甲项", "子公司"): "回避"})
    with pytest.raises(InputError, match="对“子公司”既写了“回避”又有评分"):
        collect_marks(scheme, ROSTER, paths.values())


def test_units_that_are_not_ones_own_are_refused(sent):
    _, paths = sent
    now = small([LISTED[0], LISTED[1] | {"units": ["子公司"]}])
    with pytest.raises(InputError, match="“李四”不负责“丑公司”"):
        collect_marks(now, ROSTER, paths.values())


@pytest.mark.parametrize("word", ["赞同", "√", 3])
def test_what_is_no_vote_is_refused(word, sent):
    scheme, paths = sent
    put(paths["张三"], {("委员会投票", "丑公司", "表决"): word})
    with pytest.raises(InputError, match=f"表决为“{word}”，应为“同意”“不同意”“弃权”或“回避”"):
        collect_marks(scheme, ROSTER, paths.values())


def test_workbooks_of_others_are_refused(sent, tmp_path):
    scheme, paths = sent
    other = small(LISTED, grades=[{"id": "A", "cutoff": 70.0}, {"id": "B", "cutoff": 0.0}])
    with pytest.raises(InputError, match="是另一方案或旧版方案的评分表"):
        collect_marks(other, ROSTER, paths.values())
    with pytest.raises(InputError, match="评委名单中没有“李四”"):
        collect_marks(small(LISTED[:1]), ROSTER, paths.values())
    with pytest.raises(InputError, match="“李四”不参加这一阶段"):
        collect_marks(
            small([LISTED[0], {"name": "李四", "stages": ["site"]}]), ROSTER, paths.values()
        )
    openpyxl.Workbook().save(tmp_path / "x.xlsx")
    (tmp_path / "y.xlsx").write_bytes(b"no workbook")
    with pytest.raises(InputError) as error:
        collect_marks(scheme, ROSTER, [tmp_path / "x.xlsx", tmp_path / "y.xlsx", *paths.values()])
    said_ = error.value.sentences("zh")
    assert said_[0] == "x.xlsx：不是本工具生成的评委评分表" and len(said_) == 2
    assert not is_score_book(tmp_path / "x.xlsx") and not is_score_book(tmp_path / "y.xlsx")
    assert all(map(is_score_book, paths.values()))


def test_a_copied_sheet_and_one_that_was_added_are_refused(sent):
    scheme, paths = sent
    book = openpyxl.load_workbook(paths["李四"])
    book.copy_worksheet(book["材料评审"])
    book.create_sheet("草稿")["A1"] = 80
    book.create_sheet("空白")
    book.save(paths["李四"])
    with pytest.raises(InputError) as error:
        collect_marks(scheme, ROSTER, paths.values())
    first, second = error.value.sentences("zh")
    assert "与工作表“材料评审”是同一评委、同一阶段的评分表" in first
    assert "李四.xlsx[草稿]" in second and "不会汇总" in second


def test_a_hidden_cell_that_somebody_wrote_is_no_key(tmp_path):
    book = openpyxl.Workbook()
    deep = '{"qtoolkit": ' + "[" * 30_000
    for row, text in enumerate(('{"qtoolkit"', '{"qtoolkit": 1}', '["qtoolkit"]', deep), 1):
        book.active.cell(row, 1).value = text
    book.save(tmp_path / "x.xlsx")
    assert not is_score_book(tmp_path / "x.xlsx")


def test_many_gaps_are_counted_and_the_first_are_named(tmp_path):
    units = tuple(Candidate(f"{k:02d}公司", Text(f"{k:02d}公司", f"{k:02d}")) for k in range(30))
    scheme, roster = small([{"name": "张三"}]), Roster(units)
    path = write_score_sheets(scheme, roster, tmp_path)["张三"]
    put(path, {("材料评审", "甲项", "00公司"): 50})
    marks = collect_marks(scheme, roster, [path])
    texts = [text.zh for text in said(scheme, roster, marks)]
    assert sum(text.startswith("未填：") for text in texts) == MOST_SAID
    assert texts[-1] == f"……另有{59 - MOST_SAID}处"


# the commands


@pytest.fixture
def case(tmp_path, monkeypatch):
    (tmp_path / "scheme.json").write_text(json_of(small(LISTED)), encoding="utf-8")
    (tmp_path / "data.csv").write_text("unit,name_en\n子公司,One\n丑公司,Two\n", "utf-8")
    (tmp_path / "params.yaml").write_text(
        "scheme: scheme.json\ndata: data.csv\nratings: 评分.xlsx\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["qtoolkit", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code, capsys.readouterr()

    return run


def test_from_template_to_an_assessment(case, run):
    """The case's ratings are not there until the sheets are collected."""
    code, told = run("template", ".", "--by", "评委", "-o", "发出")
    assert code == 0 and "已写出2位评委的评分表：发出" in told.out
    for name, mark in {"张三": 60, "李四": 70}.items():
        everything(
            case / "发出" / f"{name}.xlsx",
            lambda side, head, mark=mark: mark if head == "子公司" else 50,
        )
    code, told = run("collect", ".", "发出", "-o", "评分.xlsx")
    assert code == 0 and "已汇总14个评分、2张表决票" in told.out and told.err == ""
    read = read_case(case)
    # 子公司: papers (60 + 70) / 2, at the site 60 by 张三 alone; 40 points are of the site only
    expected = 60 * (0.5 * 0.65 + 0.5 * 0.6) + 40 * 0.6
    assert qt.assess(read.scheme, read.table).scores.tolist() == pytest.approx([expected, 50])


def test_the_commands_in_english(case, run):
    assert run("template", ".", "--by", "assessor", "--language", "en")[0] == 0
    folder = case / "s-score-sheets"
    assert sorted(path.stem for path in folder.iterdir()) == sorted(["张三", "李四"])
    for path in folder.iterdir():
        everything(path, lambda side, head: 75)
    code, told = run("collect", ".", str(folder), "-o", "ratings.csv", "--language", "en")
    assert code == 0 and "14 marks and 2 votes collected, 0 withdrawals" in told.out
    text = (case / "ratings.csv").read_text("utf-8-sig")
    assert text.startswith(
        "unit,assessor,group,stage,item,score\n子公司,张三,,Papers,Item one,75\n"
    )


def test_assessors_are_called_by_their_english_names(tmp_path):
    panel = {"step": 5.0, "assessors": LISTED, "english": {"张三": "Zhang San"}}
    scheme = small([], panel=panel)
    paths = write_score_sheets(scheme, ROSTER, tmp_path, "en")
    put(paths["张三"], {("Papers", "Item one", "Company 1"): 75})
    marks = collect_marks(scheme, ROSTER, paths.values())
    assert marks.cells == {("张三", "paper", "子公司", "a"): 75}
    texts = [text.en for text in said(scheme, ROSTER, marks)]
    assert "gap: Zhang San, Papers, Company 1, Item two" in texts and "late: 李四 (Papers)" in texts


def test_nothing_is_written_where_anything_is_wrong(case, run):
    run("template", ".", "--by", "评委", "-o", "发出")
    put(case / "发出" / "李四.xlsx", {("材料评审", "甲项", "子公司"): 83})
    put(case / "发出" / "张三.xlsx", {("材料评审", "甲项", "子公司"): 84})
    code, told = run("collect", ".", "发出", "-o", "评分.xlsx")
    assert code == 2 and len(told.err.splitlines()) == 2 and "李四.xlsx[材料评审!" in told.err
    assert not (case / "评分.xlsx").exists()
    code, told = run("template", ".", "--by", "评委", "-o", "发出")
    assert code == 2 and "发出 已存在" in told.err
    code, told = run("template", ".", "--by", "县区")
    assert code == 2 and "--by 应为“部门”或“评委”，现为“县区”" in told.err


def test_departments_and_assessors_are_not_mixed(case, run, tmp_path):
    run("template", ".", "--by", "评委", "-o", "发出")
    (tmp_path / "发出" / "其他.xlsx").write_bytes(b"PK")
    code, told = run("collect", ".", "发出")
    assert code == 2 and "其他.xlsx" in told.err and not (case / "汇总.xlsx").exists()
