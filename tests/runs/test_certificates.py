"""What a run claims about grades, checked by a program that knows nothing of ours.

The plain tables are tied to scheme and data by tests/oracle.py, which shares nothing with the engine
that wrote them; proofs are contradicted, where they can be, by grading points inside their limits
through the engine. No number here was printed by the code that is tested.
"""

import ast
import copy
import json
import shutil
import subprocess
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import grade, score
from qtoolkit.inputs.locate import find_case
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.regions import Box
from qtoolkit.runs import certificates, checker
from qtoolkit.runs.claims import ODD, SEARCH
from tests import oracle
from tests.robustness.test_exact_rows import whole_schemes
from tests.strategies import frame_of, givens, scheme_of

CASES = ("city-2026", "tai-2001")
SCHEMES, MANY = 30, 1_000  # random schemes, by default and where there is time
MUTATIONS, ALL_MUTATIONS = 500, 10_000
MOST_LINES = 150  # of code; what is blank or explains does not count
TICKS = 10**10


def written(result, folder):
    """The run's numbers as the checker reads them, and its claims."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    certificates.write_certificates(result, folder)
    data = json.loads((folder / "certificates.json").read_text("utf-8"))
    is_checkable = (folder / "certificates" / "rules.json").exists()
    run = checker.Run(folder / "certificates") if is_checkable else None
    return SimpleNamespace(run=run, claims=data["claims"], left_out=data["left_out"], folder=folder)


@cache
def assessed(name):
    case = qt.read_case(find_case(name))
    return qt.assess(case.scheme, case.table)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The claims of shipped cases."""
    root = tmp_path_factory.mktemp("shipped")
    return {name: written(assessed(name), root / name) for name in CASES}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("random") / "run"


# what the tables say


def code_lines(path):
    """Lines that are neither blank nor a comment nor part of a docstring."""
    text = path.read_text("utf-8")
    told = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            told |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(
        1 for i, line in lines if line.strip() and i not in told and line.strip()[0] != "#"
    )


def test_the_checker_is_short_and_needs_nothing_but_python():
    path = Path(checker.__file__)
    assert code_lines(path) <= MOST_LINES
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert modules <= sys.stdlib_module_names and "fractions" in modules
    assert not modules & {"decimal", "math"} - {"math"}
    floats = [n for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    assert floats == [] and "float(" not in path.read_text("utf-8")


@settings(max_examples=2 * SCHEMES)
@given(givens(geometric=False, inside=False))
def test_the_tables_grade_as_a_second_program_does_from_scheme_and_data(place, given_):
    """Base score, published score and grade; a base score may lie a tick away where the paper's
    lies at half a tick."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    result = qt.assess(scheme_of(given_.scheme), frame_of(given_))
    if certificates.not_checkable(result):
        return
    certificates._write_tables(result, place)
    run = checker.Run(place)
    for name, unit in zip(run.unit, oracle.grade_all(given_.scheme, given_.rows), strict=True):
        base = run.base(name, run.now)
        assert abs(base - unit["base"] * TICKS) <= 1
        if base == unit["base"] * TICKS:
            assert run.published(name, base) == unit["published"] * TICKS
    expected = [unit["grade"] for unit in oracle.grade_all(given_.scheme, given_.rows)]
    assert [run.names[run.before[name]] for name in run.unit] == expected
