"""Score sheets as assessors get them: who marks what of whom, and what Excel lets them write."""

import json

import openpyxl
import pytest

from qtoolkit.errors import InputError
from qtoolkit.inputs.roster import Candidate, Roster
from qtoolkit.language import Text
from qtoolkit.workbooks.scoresheets import (
    LONGEST_LIST,
    idle,
    marked_stages,
    steps_between,
    write_score_sheets,
)
from tests.workbooks.scorefilling import grid_of, small

UNITS = ("子公司", "丑公司", "寅公司")


def roster(*failed, filled=()):
    units = [
        Candidate(unit, Text(unit, f"Company {i}"), unit not in failed)
        for i, unit in enumerate(UNITS, 1)
    ]
    return Roster(tuple(units), frozenset(filled))


def books(tmp_path, assessors, *failed, language="zh", filled=(), **more):
    paths = write_score_sheets(
        small(assessors, **more), roster(*failed, filled=filled), tmp_path / "out", language
    )
    return {name: openpyxl.load_workbook(path) for name, path in paths.items()}


def inside(book, title):
    """The items (or units) and the heads of a sheet that are not its own columns."""
    _, _, rows, columns = grid_of(book[title])
    heads = [head for head in columns if head is not None]
    return list(rows), heads


def test_a_sheet_for_each_stage_with_its_items_and_the_assessors_units(tmp_path):
    assessors = [
        {"name": "张三"},
        {"name": "李四", "stages": ["site"], "units": ["丑公司", "寅公司"], "group": "一组"},
        {"name": "王五", "stages": ["vote"]},
    ]
    made = books(tmp_path, assessors, "寅公司")
    assert {name: book.sheetnames for name, book in made.items()} == {
        "张三": ["材料评审", "现场评审", "委员会投票"],
        "李四": ["现场评审"],
        "王五": ["委员会投票"],
    }
    own = ["一级指标", "评分项", "分值", "评分范围", "评分标准"]
    assert inside(made["张三"], "材料评审") == (["甲项", "乙项"], [*own, "子公司", "丑公司"])
    assert inside(made["张三"], "现场评审")[0] == ["甲项", "乙项", "丙项"]
    # the screened unit is in no sheet
    assert inside(made["李四"], "现场评审")[1] == [*own, "丑公司"]
    assert inside(made["王五"], "委员会投票") == (["子公司", "丑公司"], ["考核对象", "表决"])
    sheet = made["李四"]["现场评审"]
    words = [cell.value for row in sheet.iter_rows(max_row=4) for cell in row if cell.value]
    assert "评委：李四" in words and "考核组：一组" in words
    assert any("每 5 分一档" in word for word in words)
    assert any(
        str(cell.value).startswith("评委签名：") for row in sheet.iter_rows() for cell in row
    )


def test_the_sheets_are_in_the_language_of_the_office(tmp_path):
    book = books(tmp_path, [{"name": "Li", "recused": ["子公司"]}], language="en")["Li"]
    assert book.sheetnames == ["Papers", "Site", "Committee"]
    items, heads = inside(book, "Papers")
    assert items == ["Item one", "Item two"]
    assert heads[:5] == ["Level 1", "Item", "Points", "Marks", "Standard"]
    assert heads[5:] == ["Company 1", "Company 2", "Company 3"]
    _, _, rows, columns = grid_of(book["Papers"])
    assert book["Papers"].cell(rows["Item one"], columns["Company 1"]).value == "recused"
    chinese = [
        cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.column > 1 and any("\u4e00" <= c <= "\u9fff" for c in str(cell.value))
    ]
    assert chinese == []


def test_excel_takes_marks_in_steps_and_recused_cells_are_grey(tmp_path):
    book = books(tmp_path, [{"name": "张三", "recused": ["丑公司"]}])["张三"]
    sheet = book["材料评审"]
    _, _, rows, columns = grid_of(sheet)
    gone = sheet.cell(rows["甲项"], columns["丑公司"])
    entry = sheet.cell(rows["甲项"], columns["子公司"])
    assert gone.value == "回避" and gone.fill.fgColor.rgb == "FFD9D9D9" and gone.protection.locked
    assert entry.value is None and not entry.protection.locked and sheet.protection.sheet
    rules = sheet.data_validations.dataValidation
    marks = ",".join(map(str, range(0, 101, 5)))
    assert {rule.formula1 for rule in rules} == {f'"{marks},回避"'}
    assert all(any(entry.coordinate in area for area in rule.sqref.ranges) for rule in rules[:1])
    votes = book["委员会投票"].data_validations.dataValidation
    assert [rule.formula1 for rule in votes] == ['"同意,不同意,弃权,回避"']


@pytest.mark.parametrize("step", [None, 0.1])
def test_where_a_list_would_be_too_long_a_formula_says_what_is_allowed(step, tmp_path):
    panel = {"assessors": [{"name": "张三"}]} | ({} if step is None else {"step": step})
    sheet = books(tmp_path, [], panel=panel)["张三"]["材料评审"]
    (first, *_) = sheet.data_validations.dataValidation
    assert first.type == "custom"
    assert "<=100" in first.formula1 and ">=0" in first.formula1 and "回避" in first.formula1
    assert ("/0.1" in first.formula1) == (step is not None)


def test_steps_are_the_multiples_between_two_ends():
    assert steps_between(0, 1, 0.1) == [f"{k / 10:g}" for k in range(11)]
    assert steps_between(-1, 1, 0.5) == ["-1", "-0.5", "0", "0.5", "1"]
    assert steps_between(1, 4, 5) == []
    assert len(steps_between(0, 1e9, 1e-3)) <= LONGEST_LIST + 1


def test_a_sheet_is_printed_on_a4_across(tmp_path):
    for sheet in books(tmp_path, [{"name": "张三"}])["张三"]:
        setup = sheet.page_setup
        assert setup.orientation == "landscape" and int(setup.paperSize) == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and setup.fitToWidth in (None, 1)
        assert sheet.column_dimensions["A"].hidden and sheet.freeze_panes is not None


def test_the_hidden_cell_says_whose_the_sheet_is_and_of_which_scheme(tmp_path):
    def keys(folder, assessors, **more):
        book = books(tmp_path / folder, assessors, **more)["张三"]
        return [json.loads(sheet["A1"].value) for sheet in book]

    before = keys("a", [{"name": "张三"}])
    assert [(key["stage"], key["assessor"]) for key in before] == [
        ("paper", "张三"),
        ("site", "张三"),
        ("vote", "张三"),
    ]
    # whoever else is listed, and whatever units are assessed
    assert before == keys("b", [{"name": "李四"}, {"name": "张三", "recused": ["子公司"]}])
    other = keys(
        "c", [{"name": "张三"}], grades=[{"id": "A", "cutoff": 70.0}, {"id": "B", "cutoff": 0.0}]
    )
    assert not {key["qtoolkit"] for key in before} & {key["qtoolkit"] for key in other}


def test_many_units_go_over_several_pages(tmp_path):
    units = tuple(Candidate(f"{k:02d}公司", Text(f"{k:02d}公司", f"{k:02d}")) for k in range(40))
    paths = write_score_sheets(small([{"name": "张三"}]), Roster(units), tmp_path)
    sheet = openpyxl.load_workbook(paths["张三"])["材料评审"]
    assert sheet.page_setup.fitToWidth == 3 and sheet.print_title_rows == "$5:$5"


def test_names_that_a_system_takes_for_one_get_files_of_their_own(tmp_path):
    names = ["Li/Na", "Li?Na", "li_na", "con"]
    paths = write_score_sheets(small([{"name": name} for name in names]), roster(), tmp_path)
    files = [path.name for path in paths.values()]
    assert list(paths) == names and len({file.casefold() for file in files}) == 4
    assert all(path.is_file() for path in paths.values()) and "con.xlsx" not in files


def test_leaves_with_values_of_their_own_are_not_marked():
    scheme = small([{"name": "张三"}])
    stages = marked_stages(scheme, roster(filled={"a@paper", "a@site", "b@paper"}))
    assert {stage.id: [leaf.id for leaf in stage.leaves] for stage in stages} == {
        "site": ["b", "c"],
        "vote": [],
    }


def test_a_scheme_without_stages_has_one_sheet(tmp_path):
    leaf = {"id": "a", "name": "甲项", "points": 100.0, "scales": True}
    leaf["rule"] = {"kind": "direct", "out_of": 10}
    panel = {"step": 1.0, "assessors": [{"name": "张三"}]}
    made = books(tmp_path, [], stages=[], indicators=[leaf], vetoes=[], panel=panel)
    assert made["张三"].sheetnames == ["评分表"]
    assert inside(made["张三"], "评分表") == (
        ["甲项"],
        ["评分项", "分值", "评分范围", "评分标准", *UNITS],
    )


def test_a_later_stage_is_marked_by_those_alone_who_are_named_for_it(tmp_path):
    stages = [
        {"id": "paper", "name": "材料评审"},
        {"id": "site", "name": "现场评审"},
        {"id": "check", "name": "复核", "effect": "replaces"},
    ]
    assessors = [{"name": "张三"}, {"name": "李四", "stages": ["check"]}]
    made = books(tmp_path, assessors, stages=stages, vetoes=[])
    assert made["张三"].sheetnames == ["材料评审", "现场评审"]
    assert made["李四"].sheetnames == ["复核"]


def test_without_a_list_one_sentence_says_where_to_write_it(tmp_path):
    with pytest.raises(InputError, match=r"没有评委名单，请列在 panel\.assessors 中") as error:
        books(tmp_path, [])
    assert len(error.value.complaints) == 1 and not (tmp_path / "out").exists()


def test_units_of_the_list_must_be_in_the_table(tmp_path):
    listed = [{"name": "张三", "units": ["子公词"]}, {"name": "李四", "recused": ["卯"]}]
    with pytest.raises(InputError) as error:
        books(tmp_path, listed)
    said = error.value.sentences("zh")
    assert len(said) == 2 and "“张三”" in said[0] and "是否应为“子公司”" in said[0]
    assert "“卯”" in said[1]


def test_whoever_has_nothing_to_mark_gets_no_workbook_and_is_named(tmp_path):
    listed = [{"name": "张三", "units": ["子公司"]}, {"name": "李四"}]
    scheme = small(listed)
    paths = write_score_sheets(scheme, roster("子公司"), tmp_path)
    assert list(paths) == ["李四"]
    assert [text.zh for text in idle(scheme, paths)] == [
        "没有要评的阶段或考核对象，不生成评分表：张三"
    ]
    with pytest.raises(InputError, match="没有要评的阶段或考核对象"):
        write_score_sheets(small(listed[:1]), roster("子公司"), tmp_path / "none")
