"""A rule is one file: written into a copy of the package, it scores, is checked, has its columns in
the template, its sentence in the annex of rules, its place in the JSON schema and its formula."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

import qtoolkit

RULE = '''
"""半数: full marks for those that reach a share of their own target, half for the others."""

from typing import Literal

import numpy as np

from qtoolkit.language import Text, say
from qtoolkit.models import Share
from qtoolkit.rules.base import TARGET, Cells, LeafRule, written


class HalvesRule(LeafRule):
    """Full marks from `enough` of the unit's own target on, half of them below."""

    kind: Literal["halves"]
    enough: Share
    target: None = None

    word = "半数"
    own = TARGET
    ends = ("enough",)

    def marks(self, raw, own, full):
        return np.where(raw >= self.enough * own, 1.0, 0.5)

    def is_linear(self):
        return False

    def limits(self, full):
        return 0, None

    def sentence(self) -> Text:
        return say(
            zh="达到目标值{enough:.0%}的得满分，其余得一半",
            en="full marks from {enough:.0%} of the target on, half of them below",
            enough=self.enough,
        )

    def formula(self, cells: Cells) -> str:
        return f"IF({cells.raw}>={written(self.enough)}*{cells.own},1,0.5)"
'''
SCHEME = """
id: s
name: {zh: 方案, en: Scheme}
total: 100
indicators:
  - {id: a, name: {zh: 甲项, en: Item A}, points: 40, rule: {kind: halves, enough: 0.9}}
  - {id: b, name: {zh: 乙项, en: Item B}, points: 60, rule: {kind: share}}
grades:
  - {id: A, cutoff: 80}
  - {id: B, cutoff: 0}
"""
DATA = "unit,a,b,target:a\n甲,9,1,10\n乙,8.9,1,10\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the package, its new rule, and a case."""
    home = tmp_path_factory.mktemp("home")
    source = Path(qtoolkit.__file__).parent
    shutil.copytree(source, home / "qtoolkit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source.parent / "notebooks", home / "notebooks")
    (home / "qtoolkit" / "rules" / "halves.py").write_text(RULE, encoding="utf-8")
    (home / "case").mkdir()
    for name, text in (
        ("params.yaml", "scheme: scheme.yaml\ndata: data.csv\nlanguage: zh\n"),
        ("scheme.yaml", SCHEME),
        ("data.csv", DATA),
    ):
        (home / "case" / name).write_text(text, encoding="utf-8")
    return home


def python(home, *arguments, given=""):
    """What a process says that imports the package from there."""
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env=environment,
        input=given,
        capture_output=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout + done.stderr


def command(home, *arguments):
    return python(home, "-P", "-m", "qtoolkit", *arguments)


def test_it_scores_and_stands_in_the_annex_of_rules(home):
    """9 of 10 reaches .9 of the target: 40 + 60; 8.9 does not: 20 + 60."""
    code = (
        "import json, qtoolkit as qt\n"
        "from qtoolkit.report import rules\n"
        "from qtoolkit.report.blocks import payload\n"
        "case = qt.read_case('case')\n"
        "result = qt.assess(case.scheme, case.table)\n"
        "tables = [payload(b, 'zh') for b in rules.rules(result)]\n"
        "print(json.dumps([result.scores.tolist(), tables]))\n"
    )
    status, said = python(home, "-c", code)
    assert status == 0, said
    scores, blocks = json.loads(said)
    assert scores == [100, 80]
    assert any(
        "达到目标值90%的得满分，其余得一半" in json.dumps(b, ensure_ascii=False) for b in blocks
    )


CHECKED = """
import json
from pathlib import Path
import qtoolkit as qt

def sentences(name, text):
    path = Path("case", name)
    before = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    try:
        case = qt.read_case("case")
        return ["assessed", *qt.assess(case.scheme, case.table).flags["kind"]]
    except qt.InputError as error:
        return error.sentences("zh")
    finally:
        path.write_text(before, encoding="utf-8")

print(json.dumps([sentences(*given) for given in json.loads(input())]))
"""


def test_it_is_checked(home):
    given = [
        ("data.csv", DATA.replace(",target:a", "").replace(",10", "")),
        ("data.csv", DATA.replace("甲,9,1,10", "甲,9,1,")),
        ("data.csv", DATA.replace("8.9,", "-8.9,")),
        ("scheme.yaml", SCHEME.replace("enough: 0.9", "enough: 9")),
        ("data.csv", DATA),
    ]
    status, said = python(home, "-c", CHECKED, given=json.dumps(given))
    assert status == 0, said
    *wrong, right = json.loads(said)
    for sentences, words in zip(
        wrong, ("缺少目标值列", "没有目标值", "不小于 0", "enough"), strict=True
    ):
        assert len(sentences) == 1 and words in sentences[0], sentences
    assert right[0] == "assessed" and all(kind.isascii() for kind in right)  # flags, no complaints


def test_the_template_asks_for_its_column_and_the_workbook_has_its_word(home):
    status, said = command(home, "template", "case", "-o", "template.xlsx")
    assert status == 0, said
    sheets = openpyxl.load_workbook(home / "template.xlsx")
    titles = [cell.value for cell in sheets["方案"][1]]
    assert sheets["方案"].cell(2, titles.index("规则") + 1).value == "半数"
    assert [cell.value for cell in sheets["数据"][1]] == ["考核对象", "甲项", "目标值:甲项", "乙项"]
    assert "达到目标值90%的得满分，其余得一半" in sheets["数据"]["B1"].comment.text


def test_it_is_in_the_schema_for_editors(home):
    status, said = command(home, "schema", "scheme")
    assert status == 0, said
    assert json.loads(said)["$defs"]["HalvesRule"]["properties"]["enough"]["maximum"] == 1


def test_its_formula_is_that_of_its_marks(home):
    code = (
        "from qtoolkit.rules import RULES\n"
        "from qtoolkit.rules.base import Cells\n"
        "rule = RULES['halves'](kind='halves', enough=0.9)\n"
        "print(rule.formula(Cells('A1', 'B1', '', '40')))\n"
    )
    assert python(home, "-c", code) == (0, "IF(A1>=0.9*B1,1,0.5)\n")
