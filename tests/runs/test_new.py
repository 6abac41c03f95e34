"""A new case passes check and run at once; nothing is overwritten."""

import sys

import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.runs import cli
from qtoolkit.runs.new import new_case
from qtoolkit.runs.plan import plan
from qtoolkit.runs.template import write_template

CASES = ["provinces-2008", "tai-2001", "city-2026"]


@pytest.mark.parametrize("source", CASES)
def test_a_case_begun_from_a_shipped_one_passes_check(tmp_path, source):
    folder = new_case(tmp_path / "mine", source, name="某市质量工作考核方案", year="2027")
    ready = plan(folder)
    old = qt.read_case(source)
    assert ready.case.scheme.name.zh == "某市质量工作考核方案" and ready.case.scheme.year == "2027"
    assert ready.case.scheme.id == "mine" and ready.case.scheme.indicators == old.scheme.indicators
    assert ready.result.scores.tolist() == qt.assess(old.scheme, old.table).scores.tolist()
    text = (folder / "scheme.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == old.files["scheme"].read_text(encoding="utf-8").splitlines()[0]  # comments stay


def test_units_of_ones_own_get_placeholders_that_are_called_synthetic(tmp_path):
    folder = new_case(tmp_path / "2027年方案", "provinces-2008", units=["甲县", "乙县", "=1+1"])
    ready = plan(folder)
    assert ready.case.table.units == ("甲县", "乙县", "=1+1") and ready.case.scheme.synthetic
    assert "模拟数据" in (folder / "README.md").read_text(encoding="utf-8")


def test_nothing_is_overwritten_and_mistakes_leave_nothing(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("a", encoding="utf-8")
    for arguments in (("full",), ("x", "no-such-case")):
        with pytest.raises(InputError):
            new_case(tmp_path / arguments[0], *arguments[1:])
    with pytest.raises(InputError, match="考核对象重复：甲"):
        new_case(tmp_path / "y", "tai-2001", units=["甲", "乙", "甲"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["qtoolkit", "new", str(tmp_path / "mine"), "--from", "tai-2001", "--units", "甲市，乙市、丙市"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 0 and "已新建" in capsys.readouterr().out
    assert plan(tmp_path / "mine").case.table.units == ("甲市", "乙市", "丙市")


@pytest.mark.parametrize("source", CASES)
def test_yaml_to_excel_to_yaml(tmp_path, source):
    """A case's scheme.yaml, as a workbook, and as the scheme.yaml of a case begun from that workbook: equal as models."""
    case = qt.read_case(source)
    write_template(case.scheme, tmp_path / "方案.xlsx", case.table)
    folder = new_case(tmp_path / "mine", tmp_path / "方案.xlsx")
    again = plan(folder)
    assert (folder / "scheme.yaml").is_file() and again.case.scheme == case.scheme.model_copy(update={"id": "mine"})
    assert again.result.scores.tolist() == qt.assess(case.scheme, case.table).scores.tolist()
