"""The departments' workbooks merged: what agrees, what conflicts, what is blank, who is late."""

import csv
import re
import shutil
import sys

import numpy as np
import openpyxl
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.headers import Headers
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import read_table
from qtoolkit.models import validate
from qtoolkit.runs import cli
from qtoolkit.runs.plan import plan
from qtoolkit.workbooks.collect import collect, summary, write_collected
from qtoolkit.workbooks.template import write_templates


def leaf(id, name, points, lead):
    return {
        "id": id,
        "name": name,
        "points": float(points),
        "rule": {"kind": "share"},
        "lead": lead,
    }


LEAVES = [
    leaf("a", "甲项", 50, "市监局"),
    leaf("b", "乙项", 30, "市监局、财政局"),
    leaf("c", "丙项", 20, "住建局"),
]


@pytest.fixture
def scheme():
    data = {
        "id": "s",
        "name": "s",
        "units": ["甲县", "乙县"],
        "indicators": LEAVES,
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
    }
    return validate(Scheme, data, None)


def fill(path, cells):
    book = openpyxl.load_workbook(path)
    sheet = book["数据"]
    titles = [cell.value for cell in sheet[1]]
    for (row, title), value in cells.items():
        sheet.cell(row + 2, titles.index(title) + 1).value = value
    book.save(path)


@pytest.fixture
def filled(scheme, tmp_path):
    paths = {path.stem: path for path in write_templates(scheme, tmp_path / "out")}
    fill(
        paths["市监局"],
        {
            (0, "甲项"): 0.9,
            (1, "甲项"): 0.8,
            (0, "乙项"): 0.5,
            (1, "乙项"): 0.7,
            (0, "扣分原因:甲项"): "缺台账",
        },
    )
    fill(paths["财政局"], {(0, "乙项"): 0.5, (1, "乙项"): 0.6})
    return paths


def test_conflicts_gaps_and_late_departments(scheme, filled, tmp_path):
    found = collect(scheme, filled.values())
    assert found.conflicts == [
        ("乙县", "乙项", "市监局.xlsx", 0.7, "财政局.xlsx", 0.6)
    ] or found.conflicts == [("乙县", "乙项", "财政局.xlsx", 0.6, "市监局.xlsx", 0.7)]
    assert (
        found.late == ["住建局"]
        and found.gaps == []
        and found.vetoes == {}
        and found.units == ["甲县", "乙县"]
    )
    assert (
        found.cells["甲县", "a"] == 0.9
        and found.cells["甲县", "b"] == 0.5
        and ("乙县", "b") not in found.cells
    )
    write_collected(scheme, found, tmp_path / "汇总.xlsx")
    assert openpyxl.load_workbook(tmp_path / "汇总.xlsx").sheetnames == [
        "数据",
        "冲突",
        "未填",
        "未报送部门",
    ]
    # the cell in conflict is blank, and so is the late department's column
    with pytest.raises(InputError) as error:
        read_table(tmp_path / "汇总.xlsx", scheme)
    assert {c.column for c in error.value.complaints} == {"乙项", "丙项"}


def test_once_all_is_in_the_table_can_be_assessed(scheme, filled, tmp_path):
    fill(filled["财政局"], {(1, "乙项"): 0.7})
    fill(filled["住建局"], {(0, "丙项"): 1, (1, "丙项"): 0.5})
    found = collect(scheme, filled.values())
    assert not found.conflicts and not found.late and not found.gaps
    write_collected(scheme, found, tmp_path / "汇总.xlsx")
    table = read_table(tmp_path / "汇总.xlsx", scheme)
    assert qt.assess(scheme, table).scores.tolist() == pytest.approx([45 + 15 + 20, 40 + 21 + 10])
    assert table.remarks["reason:a"].tolist()[0] == "缺台账"


@pytest.fixture
def campaign():
    """A scheme of one list of two tasks."""
    items = [
        {"id": "plan", "name": "方案", "weight": 0.4, "due": "2025-08-31"},
        {"id": "report", "name": "总结", "weight": 0.6},
    ]
    rule = {"kind": "checklist", "items": items, "late": 0.5}
    data = {
        "id": "s",
        "name": "s",
        "units": ["甲县", "乙县"],
        "indicators": [leaf("a", "质量月", 100, "市监局、财政局") | {"rule": rule}],
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
    }
    return validate(Scheme, data, None)


def test_tasks_are_asked_for_with_their_proof_and_come_back(campaign, tmp_path):
    """甲县 with its plan a day late has .2 + .6 of 100, 乙县 has 40; what two departments say
    otherwise of a task is a conflict, and what is blank a gap, which proof is not."""
    paths = {path.stem: path for path in write_templates(campaign, tmp_path / "out")}
    plan_of, report = "任务:质量月.方案", "任务:质量月.总结"
    sheet = openpyxl.load_workbook(paths["市监局"])["数据"]
    proof = "证明材料:质量月.方案"
    assert [cell.value for cell in sheet[1]][1:4] == [plan_of, proof, report]
    assert "限2025-08-31" in sheet["B1"].comment.text and "完成日期" in sheet["B1"].comment.text
    fill(
        paths["市监局"],
        {(0, plan_of): "2025-09-01", (1, plan_of): "是", (0, report): "完成", (0, proof): "通知"},
    )
    fill(paths["财政局"], {(0, plan_of): "2025-09-01", (0, report): "未完成", (1, report): "否"})
    found = collect(campaign, paths.values())
    assert [(c[0], c[1], {c[3], c[5]}) for c in found.conflicts] == [
        ("甲县", report, {"完成", "未完成"})
    ]
    assert sorted(found.gaps) == [("市监局", "乙县", report), ("财政局", "乙县", plan_of)]
    fill(paths["财政局"], {(0, report): "完成", (1, plan_of): "是"})
    fill(paths["市监局"], {(1, report): "否"})
    found = collect(campaign, paths.values())
    assert not found.conflicts and not found.gaps and not found.late
    write_collected(campaign, found, tmp_path / "汇总.xlsx")
    table = read_table(tmp_path / "汇总.xlsx", campaign)
    assert qt.assess(campaign, table).scores.tolist() == [80, 40]
    assert table.tasks["state"].tolist() == ["late", "done", "done", "not_done"]
    assert table.tasks["proof"].tolist() == ["通知", None, None, None]


def test_a_day_that_no_calendar_has_names_the_cell(campaign, tmp_path):
    paths = {path.stem: path for path in write_templates(campaign, tmp_path / "out")}
    fill(paths["市监局"], {(1, "任务:质量月.总结"): "2025-09-31"})
    with pytest.raises(InputError) as error:
        collect(campaign, paths.values())
    (complaint,) = error.value.complaints
    assert complaint.file == "市监局.xlsx[数据!D3]" and "这个月有30天" in complaint.of("zh")


def test_a_gap_names_department_unit_and_column(scheme, filled):
    fill(filled["市监局"], {(1, "甲项"): None})
    assert collect(scheme, filled.values()).gaps == [("市监局", "乙县", "甲项")]


def test_foreign_and_changed_workbooks_are_refused(scheme, filled, tmp_path):
    other = scheme.replace(points={"a": 40, "c": 30})
    with pytest.raises(InputError, match="另一方案或旧版方案"):
        collect(other, filled.values())
    openpyxl.Workbook().save(tmp_path / "x.xlsx")
    with pytest.raises(InputError, match="不是本工具生成"):
        collect(scheme, [tmp_path / "x.xlsx"])


def test_the_commands(scheme, tmp_path, monkeypatch, capsys):
    import json

    (tmp_path / "s.yaml").write_text(
        json.dumps(scheme.model_dump(mode="json", exclude_none=True), ensure_ascii=False),
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["qtoolkit", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code, capsys.readouterr()

    assert (said := run("template", "s.yaml"))[0] == 0, said
    assert (tmp_path / "s-模板.xlsx").is_file()
    assert run("template", "s.yaml")[0] == 2  # never overwritten
    assert run("template", "s.yaml", "--by", "部门", "-o", "out")[0] == 0
    code, said = run("collect", "s.yaml", "out", "-o", "all.xlsx")
    assert code == 0 and "未报送：住建局" in said.out, (
        said.err and (tmp_path / "all.xlsx").is_file()
    )


def city_books(folder, rows, columns):
    """The workbooks of city-2026, filled from its own data: each cell by hand from data.csv,
    whatever the book asks for."""
    case = qt.read_case("city-2026")
    for path in write_templates(case.scheme, folder, case.table):
        headers, cells = Headers(case.scheme), {}
        titles = [cell.value for cell in openpyxl.load_workbook(path)["数据"][1]]
        for title in titles[1:]:
            (key,) = headers.keys(title)
            if key in columns:
                texts = [row[columns.index(key)] for row in rows]
                cells |= {(k, title): number(text) for k, text in enumerate(texts) if text}
        fill(path, cells)
    return case


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The scheme, its result, and its data split into filled workbooks."""
    folder = tmp_path_factory.mktemp("city") / "books"
    path = qt.read_case("city-2026").files["data"]
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns, *rows = list(csv.reader(file))
    case = city_books(folder, rows, columns)
    return case, qt.assess(case.scheme, case.table), folder


def collected_case(case, folder, out):
    """The collected workbook as the data of a copy of the case; what collect said."""
    found = collect(case.scheme, folder.glob("*.xlsx"), units=case.table.units)
    shutil.copy(case.files["scheme"], out)
    write_collected(case.scheme, found, out / "汇总.xlsx")
    (out / "params.yaml").write_text("scheme: scheme.yaml\ndata: 汇总.xlsx\n", encoding="utf-8")
    return found


def test_the_city_s_data_split_into_books_and_collected_give_the_city_s_own_grades(city, tmp_path):
    """Vetoes, verified values, bonus, approval, history and covariates all come back: the same
    grades, the same steps."""
    case, result, folder = city
    found = collected_case(case, folder, tmp_path)
    assert not found.conflicts and not found.late and not found.gaps
    assert {veto.id: found.vetoes[veto.name] for veto in case.scheme.vetoes} == dict(
        zip([v.id for v in case.scheme.vetoes], case.table.vetoes.sum(axis=0), strict=True)
    )
    ready = plan(tmp_path)
    assert (
        ready.result.grades.tolist() == result.grades.tolist()
        and ready.result.scores.tolist() == result.scores.tolist()
    )
    pd.testing.assert_frame_equal(ready.case.table.tasks, case.table.tasks)
    pd.testing.assert_frame_equal(ready.result.steps, result.steps)
    assert ready.result.approved.tolist() == result.approved.tolist()
    pd.testing.assert_frame_equal(ready.result.units, result.units, check_dtype=False)
    # also a baseline that no rule asks for, and a flag speaks of
    for numbers in ("targets", "baselines", "errors"):
        np.testing.assert_array_equal(
            getattr(ready.case.table, numbers), getattr(case.table, numbers), numbers
        )
    assert [text.zh for text in ready.result.flags["text"]] == [
        text.zh for text in result.flags["text"]
    ]
    # the books are in Chinese
    assert not collect(case.scheme, folder.glob("*.xlsx"), "en", case.table.units).late
    old, new = case.table.remarks, ready.case.table.remarks
    filled = [column for column in old if old[column].notna().any()]
    pd.testing.assert_frame_equal(new[filled], old[filled], check_dtype=False)


def test_without_the_office_s_book_nothing_is_graded(city, tmp_path):
    """The nine departments' books alone lack the vetoes: refused with the columns to add, and said
    by collect."""
    case, _, folder = city
    (tmp_path / "nine").mkdir()
    for path in folder.glob("*.xlsx"):
        if path.stem != "考核办":
            shutil.copy(path, tmp_path / "nine")
    found = collected_case(case, tmp_path / "nine", tmp_path)
    assert found.late == ["考核办"] and set(found.vetoes.values()) == {None}
    assert {name.zh for name in found.vetoes} == {
        v.name.zh for v in case.scheme.vetoes if not v.falsified
    }
    said = [text.of("zh") for text in summary(found)]
    assert "未报送：考核办" in said and any(
        "没有否决事项" in sentence and "补齐后才能测算" in sentence for sentence in said
    )
    with pytest.raises(InputError) as error:
        plan(tmp_path)
    (complaint,) = error.value.complaints
    assert all(
        part in complaint.of("zh")
        for part in ("汇总.xlsx", "缺少列", "veto:safety_event", "veto:works_accident")
    )
    # falsified cells are marked in the cells themselves
    assert "veto:fraud" not in complaint.of("zh")


def test_an_empty_column_of_vetoes_is_kept_once_the_office_has_sent_its_book(scheme, tmp_path):
    data = scheme.model_dump() | {"vetoes": [{"id": "v", "name": "事故", "cap": "B"}]}
    scheme = validate(Scheme, data, None)
    paths = {path.stem: path for path in write_templates(scheme, tmp_path / "out")}
    for name, cells in {
        "市监局": {"甲项": 1, "乙项": 1},
        "财政局": {"乙项": 1},
        "住建局": {"丙项": 1},
    }.items():
        fill(paths[name], {(row, title): value for title, value in cells.items() for row in (0, 1)})
    assert collect(scheme, paths.values()).late == ["考核办"]
    fill(paths["考核办"], {(0, "否决:事故"): "否"})
    for cell, grades in (("否", ["A", "A"]), ("是", ["B", "A"])):
        fill(paths["考核办"], {(0, "否决:事故"): cell})
        found = collect(scheme, paths.values())
        assert not found.late and not found.gaps and list(found.vetoes.values()) == [cell == "是"]
        write_collected(scheme, found, tmp_path / "汇总.xlsx")
        assert (
            qt.assess(scheme, read_table(tmp_path / "汇总.xlsx", scheme)).grades.tolist() == grades
        )


@pytest.mark.parametrize(
    ("title", "found", "parts"),
    [
        ("甲项", "四百一十", ["“四百一十”", "一个数字"]),
        ("甲项", "250万元", ["“250万元”", "一个数字"]),
        ("甲项", 1.5, ["1.5", "不大于 1"]),
        ("考核对象", "甲", ["“甲”", "名单", "“甲县”"]),
        ("考核对象", "乙县", ["“乙县”", "重复"]),
        ("考核对象", None, ["名称为空"]),
    ],
)
def test_a_cell_that_its_column_does_not_take_is_refused_with_file_sheet_and_cell(
    scheme, filled, title, found, parts
):
    book = openpyxl.load_workbook(filled["市监局"])
    titles = [cell.value for cell in book["数据"][1]]
    where = f"市监局.xlsx[数据!{'ABCDEF'[titles.index(title)]}{2 if found != '乙县' else 3}]"
    fill(filled["市监局"], {(0, title): found})
    with pytest.raises(InputError) as error:
        collect(scheme, filled.values())
    sentence = error.value.sentences("zh")[0]
    assert sentence.startswith(f"{where}，“{title}”：") and all(
        part in sentence for part in parts
    ), sentence
    assert not re.search(
        "[\u4e00-\u9fff]", re.sub(r"“[^”]*”|市监局|数据", "", error.value.sentences("en")[0])
    )


def test_office_cells_are_checked_too(city, tmp_path):
    case, _, folder = city
    path = tmp_path / "考核办.xlsx"
    titles = [cell.value for cell in openpyxl.load_workbook(folder / "考核办.xlsx")["数据"][1]]
    veto, verified, bonus = (
        next(t for t in titles if word in t) for word in ("否决", "@实地核查", "加减分")
    )
    for title, cell, part in (
        (veto, "有", "应为“是”或“否”"),
        (verified, "九十", "一个数字"),
        (bonus, 99, "不大于"),
        ("审定等级", "优", "审定等级"),
        ("GDP（亿元）", "四百一十", "一个数字"),
    ):
        if title not in titles:
            title = next(t for t in titles if "GDP" in t or "生产总值" in t)
        shutil.copy(folder / "考核办.xlsx", path)
        fill(path, {(2, title): cell})
        with pytest.raises(InputError) as error:
            collect(case.scheme, [path], units=case.table.units)
        assert (
            all("考核办.xlsx[数据!" in s and "4]" in s for s in error.value.sentences("zh"))
            and part in error.value.sentences("zh")[0]
        )


def test_a_unit_missing_from_a_book_is_a_gap(scheme, filled):
    book = openpyxl.load_workbook(filled["市监局"])
    book["数据"].delete_rows(3)
    book.save(filled["市监局"])
    found = collect(scheme, filled.values())
    assert (
        ("市监局", "乙县", "甲项") in found.gaps
        and not found.conflicts
        and found.units == ["甲县", "乙县"]
    )
