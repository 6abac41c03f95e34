"""The command line as a user meets it: exit status, one sentence, the language of messages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import qtoolkit
from qtoolkit.runs import cli
from tests.slips.applying import make


def test_the_installed_module_is_the_command(tmp_path):
    environment = os.environ | {
        "PYTHONPATH": str(Path(qtoolkit.__file__).parents[1]),
        "PYTHONUTF8": "1",
    }
    words = [sys.executable, "-m", "qtoolkit.runs.cli", "run", "nowhere"]
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert (
        done.returncode == 2 and "provinces-2008" in done.stderr.decode("utf-8") and not done.stdout
    )


def test_check_passes_and_speaks_the_language(command, tmp_path):
    zh, en = (
        command("check", "provinces-2008", *extra, cwd=tmp_path)
        for extra in ([], ["--language", "en"])
    )
    assert (zh.returncode, en.returncode) == (0, 0)
    assert "考核对象30家" in zh.stdout and "西藏" in zh.stdout
    assert "30 units" in en.stdout and "Tibet" in en.stdout
    assert not list(tmp_path.iterdir())


def test_check_prints_slips_and_refuses_what_can_hardly_be_meant(command, tmp_path):
    slip = {"case": "city-2026", "cells": [["甲市", "farm_pass@self", "9710"]]}
    make(slip, tmp_path)
    zh, en = (
        command("check", "city-2026", *extra, cwd=tmp_path) for extra in ([], ["--language", "en"])
    )
    assert (zh.returncode, en.returncode) == (0, 0)
    assert (
        "甲市 9710" in zh.stdout and "City A 9,710" not in en.stdout and "City A 9710" in en.stdout
    )
    make({"case": "tai-2001", "row": {"name": "Average", "how": "mean", "at": "last"}}, tmp_path)
    refused = command("check", "tai-2001", cwd=tmp_path)
    assert (
        refused.returncode == 2
        and "data.csv，第25行，“unit”" in refused.stderr
        and "Average" in refused.stderr
    )


@pytest.mark.parametrize("which", ["scheme", "parameters"])
def test_schema_is_json(command, tmp_path, which):
    assert json.loads(command("schema", which, cwd=tmp_path).stdout)["type"] == "object"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "province-2008"], "provinces-2008"),
        (["run", "provinces-2008", "--set", "weight_bnd=1"], "weight_band"),
        (["run", "provinces-2008", "--set", "a\nb=1"], r"a\nb"),
        (["run", "provinces-2008", "--set", "novalue"], "novalue"),
        (["run", "provinces-2008", "--set", "cutoffs.g1=70"], "70"),
        (["run", "provinces-2008", "--format", "odt"], "odt"),
        (["run", "provinces-2008", "--notebook", "09_x"], "09_x"),
        (["schema", "x"], "scheme"),
    ],
)
def test_wrong_input_is_exit_status_2_and_writes_nothing(command, tmp_path, arguments, words):
    for language in ([], ["--language", "en"]):
        if arguments[0] == "schema" and language:
            continue
        done = command(*arguments, *language, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr and "Traceback" not in done.stderr
        assert not list(tmp_path.iterdir())


BAD_CASES = {
    "missing file": ({"data.csv": None}, "data.csv"),
    "wrong header": ({"data.csv": "unit,a,zz\n甲,1,1\n"}, "zz"),
    "missing indicator": ({"data.csv": "unit,a\n甲,1\n"}, "b"),
    "unknown unit": ({"data.csv": "unit,a,b\n甲,1,1\n丙,1,1\n"}, "丙"),
    "duplicate unit": ({"data.csv": "unit,a,b\n甲,1,1\n甲,1,1\n"}, "甲"),
    "duplicate id": ({"scheme.yaml": ("id: b", "id: a")}, "a"),
    "text": ({"data.csv": "unit,a,b\n甲,abc,1\n乙,1,1\n"}, "abc"),
    "NaN": ({"data.csv": "unit,a,b\n甲,NaN,1\n乙,1,1\n"}, "NaN"),
    "Inf": ({"data.csv": "unit,a,b\n甲,inf,1\n乙,1,1\n"}, "inf"),
    "negative points": ({"scheme.yaml": ("points: 40", "points: -40")}, "-40"),
    "points that do not sum": ({"scheme.yaml": ("points: 40", "points: 41")}, "101"),
    "unordered cutoffs": ({"scheme.yaml": ("cutoff: 90", "cutoff: 50")}, "50"),
    "overlapping cutoffs": ({"scheme.yaml": ("cutoff: 90", "cutoff: 60")}, "60"),
    "empty table": ({"data.csv": ""}, "data.csv"),
    "header alone": ({"data.csv": "unit,a,b\n"}, "data.csv"),
    "duplicate key": ({"scheme.yaml": ("total: 100", "total: 100\ntotal: 90")}, "total"),
    "corrupt xlsx": (
        {"data.xlsx": b"PK\x03\x04 broken", "params.yaml": ("data.csv", "data.xlsx")},
        "data.xlsx",
    ),
    "key with a newline": (
        {"params.yaml": ("data: data.csv", 'data: data.csv\n"a\\nimport os": 1')},
        "import os",
    ),
}
GOOD = {
    "scheme.yaml": "id: s\nname: s\ntotal: 100\nunits: [甲, 乙]\nindicators:\n"
    "  - {id: a, name: a, points: 60, rule: {kind: share}}\n  - {id: b, name: b, points: 40, rule: "
    "{kind: share}}\n"
    "grades: [{id: A, cutoff: 90}, {id: B, cutoff: 60}, {id: C, cutoff: 0}]\n",
    "data.csv": "unit,a,b\n甲,1,1\n乙,0.5,1\n",
    "params.yaml": "scheme: scheme.yaml\ndata: data.csv\nnotebooks: [01_assessment]\n",
}


@pytest.mark.parametrize("name", BAD_CASES)
def test_bad_case_is_one_clear_sentence_exit_status_2_and_nothing_written(command, tmp_path, name):
    changes, words = BAD_CASES[name]
    files = dict(GOOD)
    for file, change in changes.items():
        files[file] = files[file].replace(*change) if isinstance(change, tuple) else change
    for file, content in files.items():
        if content is not None:
            (tmp_path / file).write_bytes(
                content if isinstance(content, bytes) else content.encode()
            )
    before = sorted(path.name for path in tmp_path.iterdir())
    for language in ("zh", "en"):
        done = command("run", ".", "--language", language, cwd=tmp_path)
        assert done.returncode == 2, done.stdout + done.stderr
        assert words in done.stderr and "Traceback" not in done.stderr
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        # all come together
        several = {
            "wrong header": 3,
            "missing indicator": 2,
            "unknown unit": 2,
            "duplicate unit": 2,
        }
        assert len(lines) == several.get(name, 1), lines
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_good_case_of_the_bad_ones_is_good(command, tmp_path):
    for file, content in GOOD.items():
        (tmp_path / file).write_text(content, encoding="utf-8")
    assert command("check", ".", cwd=tmp_path).returncode == 0


INTERRUPTED = """
import runpy, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            signal.raise_signal(getattr(signal, sys.argv[2]))

sys.meta_path.insert(0, Finder())
sys.modules.pop(sys.argv[1], None)
if sys.argv[3] == "script":
    from qtoolkit.__main__ import main
    main()
else:
    runpy.run_module(sys.argv[3], run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("module", ["json", "typer", "qtoolkit.errors", "qtoolkit.language"])
@pytest.mark.parametrize("way", ["script", "qtoolkit", "qtoolkit.runs.cli"])
@pytest.mark.parametrize("kind", ["SIGINT", "SIGTERM"])
def test_an_interrupt_while_the_libraries_load_ends_quietly(tmp_path, module, way, kind):
    environment = os.environ | {"PYTHONPATH": str(Path(qtoolkit.__file__).parents[1])}
    words = [sys.executable, "-c", INTERRUPTED, module, kind, way]
    done = subprocess.run(words, capture_output=True, env=environment, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_an_interrupt_while_an_error_is_said_is_one_sentence(command, tmp_path, monkeypatch):
    said, plain = [], cli._print

    def interrupted(*arguments, **options):
        said.append(arguments)
        if len(said) == 1:
            cli._interrupt()
        plain(*arguments, **options)

    monkeypatch.setattr(cli, "_print", interrupted)
    done = command("run", "nowhere", "--language", "en", cwd=tmp_path)
    assert (
        done.returncode == 130
        and done.stderr.startswith("interrupted;")
        and done.stderr.count("\n") == 1
    )


def test_control_characters_of_a_file_name_are_spelled_out(command, tmp_path):
    done = command("template", "tai-2001", "-o", "a\x1b[31m\n\u202eb.xlsx", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "a\x1b[31m\n\u202eb.xlsx").is_file()
    assert done.stdout == "已写出：a\\x1b[31m\\n\\u202eb.xlsx\n"


RECORD = (
    "时间,方式,方案,调整内容,等级变化（与写定方案相比）,等级改变家数,各等级家数,"
    "改动（参数写法）,是否显示名称\n"
    "2026-01-02T03:04:05+08:00,运行,'=cmd|x,A分数线 90→88,甲市 B→A,1,A:1 B:0,{},是\n"
    "2026-01-03T03:04:05+08:00,手工调整,s,\u202e“品牌”5→4分,,0,A:1 B:0,{},否\n"
)
NO_RECORD = {
    "another table": b"unit,a,b\nx,1,2\n",
    "a workbook": b"PK\x03\x04" + bytes(range(256)),
    "empty": b"",
    "a torn row": (RECORD + "2026-01-04T03:04:05+08:00,运行").encode(),
    "no changes": RECORD.replace("{},是", "{,是").encode(),
}


@pytest.fixture
def good(tmp_path):
    for file, content in GOOD.items():
        (tmp_path / file).write_text(content, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
def test_trials_are_shown_the_oldest_first(command, good, encoding):
    (good / "trials.csv").write_bytes(RECORD.encode(encoding))
    zh, en = (command("trials", ".", *extra, cwd=good) for extra in ([], ["--language", "en"]))
    assert (zh.returncode, en.returncode, zh.stderr, en.stderr) == (0, 0, "", "")
    lines = zh.stdout.splitlines()
    assert lines[0].endswith("trials.csv：试算2次")
    assert lines[2] == "1. 2026-01-02 03:04:05+08:00 运行（=cmd|x）"
    assert "等级改变1家：甲市 B→A" in lines[4] and "A分数线 90→88" in lines[3]
    assert "手工调整（s，名称未显示）" in lines[7] and "\\u202e“品牌”" in zh.stdout
    assert "1. 2026-01-02 03:04:05+08:00 run (=cmd|x)" in en.stdout
    assert "trials.csv: 2 trials" in en.stdout and "No grade changes" in en.stdout


def test_a_case_without_trials_says_where_they_would_be(command, good):
    for case, language, words in (
        (".", [], "qtoolkit run"),
        (".", ["--language", "en"], "adds a row to "),
        ("city-2026", ["--language", "en"], "no record of trials is kept"),
    ):
        done = command("trials", case, *language, cwd=good)
        assert (done.returncode, done.stderr) == (0, "") and words in done.stdout
        assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("name", NO_RECORD)
def test_a_record_that_is_none_is_one_sentence(command, good, name):
    (good / "trials.csv").write_bytes(NO_RECORD[name])
    for language in ("zh", "en"):
        done = command("trials", ".", "--language", language, cwd=good)
        assert done.returncode == 2 and not done.stdout
        assert "trials.csv" in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_trials_of_no_case(command, tmp_path):
    done = command("trials", "nowhere", "--language", "en", cwd=tmp_path)
    assert done.returncode == 2 and "city-2026" in done.stderr


def test_names_on_the_command_line(command, good):
    path = good / "scheme.yaml"
    path.write_text(path.read_text("utf-8").replace("name: b", "name: 质量.诚信"), encoding="utf-8")
    for option in (
        "points.质量.诚信=30",
        "points.质量．诚信=30",
        "cutoffs.A级=88",
        "grades.Ａ.quota=1",
    ):
        assert command("check", ".", "--set", option, cwd=good).returncode == 0, option
    done = command("check", ".", "--set", "points.质量.诚心=30", cwd=good)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "--set points.质量.诚心=30：" in done.stderr and "“质量.诚信”" in done.stderr
