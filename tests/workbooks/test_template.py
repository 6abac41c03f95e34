"""The workbook to fill in: the scheme and its data survive the way through Excel and through
LibreOffice."""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.table import read_table
from qtoolkit.runs.plan import plan
from qtoolkit.workbooks.schemebook import read_scheme_book
from qtoolkit.workbooks.template import departments, write_template, write_templates
from tests.examples import share
from tests.strategies import KINDS, frame_of, givens, scheme_of

CASES = ["provinces-2008", "tai-2001", "city-2026"]


def same_tables(one, two):
    assert one.units == two.units and one.labels == two.labels
    for name in ("raw", "status", "targets", "baselines", "vetoes", "bonuses", "filed"):
        assert pd.DataFrame(getattr(one, name)).equals(pd.DataFrame(getattr(two, name))), name
    for stage, values in one.stages.items():
        assert (values == two.stages[stage]).all(), stage
    pd.testing.assert_frame_equal(one.covariates, two.covariates)
    pd.testing.assert_frame_equal(one.tasks, two.tasks)
    pd.testing.assert_frame_equal(
        one.remarks[sorted(one.remarks)], two.remarks[sorted(two.remarks)], check_dtype=False
    )


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", CASES)
def test_every_shipped_case_survives_excel(tmp_path, name, language):
    case, path = qt.read_case(name), tmp_path / "方案.xlsx"
    write_template(case.scheme, path, case.table, language)
    again = read_scheme_book(path)
    assert again == case.scheme
    same_tables(case.table, read_table(path, again))
    assert (
        qt.assess(again, read_table(path, again)).scores.tolist()
        == qt.assess(case.scheme, case.table).scores.tolist()
    )


@settings(max_examples=share(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(givens(kinds=KINDS))
def test_random_schemes_and_tables_survive_excel(tmp_path, given):
    scheme, path = scheme_of(given.scheme), tmp_path / "b.xlsx"
    result = qt.assess(scheme, frame_of(given))
    write_template(scheme, path, result.table)
    again = read_scheme_book(path)
    assert again == scheme
    other = qt.assess(again, read_table(path, again))
    assert (
        other.scores.tolist() == result.scores.tolist()
        and other.grades.tolist() == result.grades.tolist()
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_however_a_list_stands_it_survives_excel(tmp_path, language):
    """Days, words and statuses of tasks, one city each."""
    case, path = qt.read_case("city-2026"), tmp_path / "方案.xlsx"
    frame = pd.read_csv(case.files["data"], dtype=object, keep_default_na=False)
    tasks = [title for title in frame if title.startswith("task:campaign.")]
    cells = ["2025-09-01", "是", "否"]
    frame.loc[0, tasks] = cells[:3] * 2
    frame.loc[1, tasks] = [*cells[:2], "待核实", *cells[:3]]
    frame.loc[2, tasks] = "不适用"
    frame.loc[3, tasks] = "零分"
    frame.loc[4, tasks] = "弄虚作假"
    frame.loc[5, tasks] = "未报送"
    scheme = case.scheme.model_copy(
        update={
            "missing": case.scheme.missing.model_copy(
                update={name: "zero" for name in ("not_applicable", "not_reported", "pending")}
            )
        }
    )
    frame.to_csv(tmp_path / "data.csv", index=False)
    table = read_table(tmp_path / "data.csv", scheme)
    write_template(scheme, path, table, language)
    same_tables(table, read_table(path, read_scheme_book(path)))


def test_a_workbook_is_a_case(tmp_path):
    case, path = qt.read_case("provinces-2008"), tmp_path / "我的方案.xlsx"
    write_template(case.scheme, path, case.table)
    ready = plan(path)
    assert (
        ready.name == "我的方案"
        and ready.result.scores.tolist() == qt.assess(case.scheme, case.table).scores.tolist()
    )


def test_a_workbook_reads_itself_and_not_its_namesake_in_the_working_directory(
    tmp_path, monkeypatch
):
    shares = {"mine": [1.0, 0.5], "here": [0.25, 0.75]}
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0})
    for name, values in shares.items():
        (tmp_path / name).mkdir()
        result = qt.assess(scheme, pd.DataFrame({"a": values}, index=["甲", "乙"]))
        write_template(scheme, tmp_path / name / "方案.xlsx", result.table)
    monkeypatch.chdir(tmp_path / "here")
    assert plan("../mine/方案.xlsx").result.scores.tolist() == [100.0, 50.0]
    assert plan("方案.xlsx").result.scores.tolist() == [25.0, 75.0]
    assert plan("方案.xlsx", {"data": "../mine/方案.xlsx"}).result.scores.tolist() == [100.0, 50.0]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_workbook_filled_in_libreoffice(tmp_path):
    """A blank template, filled with openpyxl, saved by LibreOffice: the same scores as the case."""
    case, path = qt.read_case("city-2026"), tmp_path / "blank.xlsx"
    write_template(case.scheme, path, case.table)
    (tmp_path / "out").mkdir()
    subprocess.run(
        [
            "soffice",
            "--headless",
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--convert-to",
            "xlsx",
            "--outdir",
            tmp_path / "out",
            path,
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    ready = plan(tmp_path / "out" / "blank.xlsx")
    assert ready.case.scheme == case.scheme
    assert ready.result.scores.tolist() == qt.assess(case.scheme, case.table).scores.tolist()


def test_the_template_helps_to_fill_it_in(tmp_path):
    case, path = qt.read_case("city-2026"), tmp_path / "t.xlsx"
    write_template(case.scheme, path, case.table)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["填表说明", "方案", "等级", "设置", "英文", "数据"]
    header = [cell.value for cell in book["方案"][1]]
    wanted = [
        "一级指标",
        "二级指标",
        "分值",
        "评分标准",
        "考核牵头部门",
        "评分依据",
        "需提交材料",
        "规则",
        "下限",
        "上限",
        "参数",
    ]
    assert [title for title in header if title in wanted] == wanted
    data = book["数据"]
    assert data.freeze_panes == "B2" and any(
        cell.comment and "分" in cell.comment.text for cell in data[1]
    )
    lists = [rule.formula1 for rule in data.data_validations.dataValidation]
    assert any("是,否" in rule for rule in lists) and any("未报送" in rule for rule in lists)


def test_text_that_looks_like_a_formula_stays_text(tmp_path):
    scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    result = qt.assess(
        scheme, pd.DataFrame({"a": [1.0, 0.5], "b": [0.5, 0.5]}, index=["=1+1", "@SUM(A1)"])
    )
    write_template(scheme, tmp_path / "t.xlsx", result.table)
    cells = [
        cell
        for row in openpyxl.load_workbook(tmp_path / "t.xlsx")["数据"].iter_rows()
        for cell in row
    ]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert read_table(tmp_path / "t.xlsx", scheme).units == ("=1+1", "@SUM(A1)")


def test_one_workbook_for_each_department(tmp_path):
    case = qt.read_case("city-2026")
    paths = write_templates(case.scheme, tmp_path / "out", case.table)
    found = departments(case.scheme)
    assert [path.stem for path in paths] == [*found, "考核办"] and sum(
        map(len, found.values())
    ) >= len(case.scheme.leaves)
    data = openpyxl.load_workbook(paths[0])["数据"]
    assert [row[0].value for row in data.iter_rows(min_row=2)] == list(case.table.units)
    assert all(cell.value is None for row in data.iter_rows(min_row=2, min_col=2) for cell in row)
    with pytest.raises(InputError, match="考核牵头部门"):
        write_templates(qt.Scheme.flat({"a": 100}, {"A": 0}), tmp_path / "none")


def test_numbers_of_17_digits_survive(tmp_path):
    scheme = qt.Scheme.flat({"a": 100}, {"A": 0})
    value = np.nextafter(1 / 3, 1)
    result = qt.assess(scheme, pd.DataFrame({"a": [value]}, index=["甲"]))
    write_template(scheme, tmp_path / "t.xlsx", result.table)
    assert read_table(tmp_path / "t.xlsx", scheme).raw[0, 0] == value


def test_an_english_workbook_has_english_titles(tmp_path):
    case, path = qt.read_case("city-2026"), tmp_path / "t.xlsx"
    write_template(case.scheme, path, case.table, "en")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Notes", "Scheme", "Grades", "Settings", "English", "data"]
    titles = [cell.value for sheet in book for cell in sheet[1] if cell.value]
    assert not [title for title in titles if re.search("[\u4e00-\u9fff]", title)]
    assert not [
        c.comment.text
        for c in book["data"][1]
        if c.comment and re.search("[\u4e00-\u9fff]", c.comment.text)
    ]


LIMITED = """\
import resource, sys
sys.argv = ["qtoolkit", *sys.argv[1:]]
from qtoolkit.runs import cli
from qtoolkit.workbooks import collect, template
# the system refuses to write more, as where a disk is full
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
cli.main()
"""


@pytest.mark.parametrize("more", [[], ["--by", "department"]])
def test_where_the_disk_is_full_one_sentence_says_so_and_no_half_file_stays(tmp_path, more):
    pytest.importorskip("resource")  # not on Windows
    command = [
        sys.executable,
        "-c",
        LIMITED,
        "template",
        "city-2026",
        "-o",
        "out" if more else "out.xlsx",
        *more,
    ]
    package = str(Path(qt.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1 and done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("无法读写文件：") and os.strerror(errno.EFBIG) in sentence
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
