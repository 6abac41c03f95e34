"""The departments' workbooks merged: what agrees, what conflicts, what is blank, who is late."""

import sys

import openpyxl
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.models import validate
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import read_table
from qtoolkit.runs import cli
from qtoolkit.runs.collect import collect, write_collected
from qtoolkit.runs.template import write_templates


def leaf(id, name, points, lead):
    return {"id": id, "name": name, "points": float(points), "rule": {"kind": "share"}, "lead": lead}


LEAVES = [leaf("a", "甲项", 50, "市监局"), leaf("b", "乙项", 30, "市监局、财政局"), leaf("c", "丙项", 20, "住建局")]


@pytest.fixture
def scheme():
    data = {"id": "s", "name": "s", "units": ["甲县", "乙县"], "indicators": LEAVES, "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}]}
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
    fill(paths["市监局"], {(0, "甲项"): 0.9, (1, "甲项"): 0.8, (0, "乙项"): 0.5, (1, "乙项"): 0.7, (0, "扣分原因:甲项"): "缺台账"})
    fill(paths["财政局"], {(0, "乙项"): 0.5, (1, "乙项"): 0.6})
    return paths


def test_conflicts_gaps_and_late_departments(scheme, filled, tmp_path):
    found = collect(scheme, filled.values())
    assert found.conflicts == [("乙县", "乙项", "市监局.xlsx", 0.7, "财政局.xlsx", 0.6)] or found.conflicts == [
        ("乙县", "乙项", "财政局.xlsx", 0.6, "市监局.xlsx", 0.7)
    ]
    assert found.late == ["住建局"] and found.gaps == [] and found.units == ["甲县", "乙县"]
    assert found.cells["甲县", "a"] == 0.9 and found.cells["甲县", "b"] == 0.5 and ("乙县", "b") not in found.cells
    write_collected(scheme, found, tmp_path / "汇总.xlsx")
    assert openpyxl.load_workbook(tmp_path / "汇总.xlsx").sheetnames == ["数据", "冲突", "未填", "未报送部门"]
    with pytest.raises(InputError) as error:  # the cell in conflict is blank, and so is the late department's column
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

    (tmp_path / "s.yaml").write_text(json.dumps(scheme.model_dump(mode="json", exclude_none=True), ensure_ascii=False), encoding="utf-8")
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
    assert code == 0 and "未报送：住建局" in said.out, said.err and (tmp_path / "all.xlsx").is_file()
