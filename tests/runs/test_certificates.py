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
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            told |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for i, line in lines if line.strip() and i not in told and line.strip()[0] != "#")


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


# what is claimed


def counts(run, claims):
    found = [run.check(claim) for claim in claims]
    return {kind: found.count(kind) for kind in ("witness", "proof", "search")}


@pytest.mark.parametrize("name", CASES)
def test_no_claim_of_a_shipped_case_is_rejected(shipped, name):
    case = shipped[name]
    found = counts(case.run, case.claims)
    assert found["witness"] > 10 and found["proof"] > 20
    assert found["search"] < found["proof"]
    verified = certificates.verify(case.folder)
    assert verified.failures == () and vars(verified) | {"failures": ()} == found | {"failures": ()}


def test_every_unit_has_a_claim_or_a_reason_why_not(shipped):
    for name, case in shipped.items():
        for kind, what in (("share", "tolerance"), ("points", "cheapest flip")):
            claimed = {c["unit"] for c in case.claims if c["within"][kind] != "0"}
            missing = {row["unit"] for row in case.left_out if row["what"] == what}
            assert claimed | missing == set(case.run.unit), (name, kind)


def test_a_quota_is_proven_with_the_rivals_that_it_takes(shipped):
    """16 cities, four places: whoever has an A is shown to stay before twelve, and a B with a score
    above 90 to stay behind four."""
    case = shipped["city-2026"]
    proofs = [c["proof"] for c in case.claims if c["claim"] == "cannot" and c["proof"] != SEARCH]
    kept = [rivals for proof in proofs for rivals in proof.get("kept", {}).values()]
    denied = [rivals for proof in proofs for rivals in proof.get("denied", {}).values()]
    assert kept and {len(rivals) for rivals in kept} == {12}
    assert denied and {len(rivals) for rivals in denied} == {4}


def inside(result, within, rng, count=12):
    """Points within a limit: corners and points between, now and then a little beyond is cut off."""
    now = result.points.to_numpy()
    share, points = float(within["share"]), float(within["points"])
    region = Box(relative=min(share, 1.0)) if share else Box(absolute=points)
    area = region.at(result)
    corners = area.maximise(rng.normal(size=(count, now.size)))
    rows = np.concatenate([corners, rng.dirichlet(np.ones(count), 4) @ corners])
    if points:  # all rises together
        rises = np.maximum(rows - now, 0).sum(axis=1, keepdims=True)
        rows = now + (rows - now) * np.minimum(1, points / np.maximum(rises, 1e-12))
    return now + (rows - now) * (1 - 1e-9)


def contradictions(result, run, claims, seed=0):
    """Claims that the engine contradicts: a witness at which nothing changes, or points inside a
    proven limit at which something does."""
    rng, units, wrong = np.random.default_rng(seed), list(run.unit), []
    codes = result.grades.cat.codes.to_numpy()
    for claim in claims:
        k = units.index(claim["unit"])
        if claim["claim"] == "can":
            rows = np.array([[float(x) for x in claim["points"].values()]])
        else:
            rows = inside(result, claim["within"], rng)
        found = grade(result.engine, score(result.engine, rows))[:, k]
        if claim["claim"] == "can":
            holds = result.grade_names[found[0]] == claim["becomes"] != claim["grade"]
        else:
            holds = (found == codes[k]).all()
        if not holds:
            wrong.append(claim)
    return wrong


def checked_and_graded_anew(result, place, seed):
    case = written(result, place)
    if case.run is None:
        assert case.claims == [] and case.left_out[0]["why"]
        return
    counts(case.run, case.claims)  # raises where one is rejected
    proven = [claim for claim in case.claims if claim.get("proof") != SEARCH]
    assert contradictions(result, case.run, proven, seed) == []


@settings(max_examples=SCHEMES)
@given(whole_schemes(), st.integers(0, 99))
def test_what_is_proven_of_random_schemes_is_true(place, drawn, seed):
    scheme, frame = drawn
    checked_and_graded_anew(qt.assess(validate(Scheme, scheme, None), frame), place, seed)


@settings(max_examples=SCHEMES)
@given(givens(geometric=False, inside=False), st.integers(0, 99))
def test_what_is_proven_of_schemes_with_all_features_is_true(place, given_, seed):
    checked_and_graded_anew(qt.assess(scheme_of(given_.scheme), frame_of(given_)), place, seed)


@pytest.mark.soak
@settings(max_examples=MANY)
@given(st.one_of(whole_schemes(), givens(geometric=False, inside=False)), st.integers(0, 99))
def test_what_is_proven_of_a_thousand_schemes_is_true(place, drawn, seed):
    scheme, frame = drawn if isinstance(drawn, tuple) else (drawn.scheme, frame_of(drawn))
    checked_and_graded_anew(
        qt.assess(validate(Scheme, copy.deepcopy(scheme), None), frame), place, seed
    )


@pytest.mark.parametrize("name", CASES)
def test_what_is_proven_of_shipped_cases_is_true(shipped, name):
    case = shipped[name]
    assert contradictions(assessed(name), case.run, case.claims) == []


def test_a_proof_reaches_all_of_a_tolerance_where_nothing_else_decides(shipped):
    """On scores that are plain sums, LP duality leaves nothing out: proven and witness meet."""
    case = shipped["tai-2001"]
    for kind in ("share", "points"):
        can, cannot = (
            {
                c["unit"]: Fraction(c["within"][kind])
                for c in case.claims
                if c["claim"] == word and c["within"][kind] != "0"
            }
            for word in ("can", "cannot")
        )
        assert len(can) > 20
        for unit, limit in can.items():
            assert cannot[unit] < limit < cannot[unit] * (1 + Fraction(1, 10**4)), (unit, kind)


def test_what_is_not_checkable_is_said(place):
    given_ = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}).replace()
    data = given_.model_dump() | {"aggregation": "geometric"}
    frame = assessed_frame({"a": [1.0, 0.5], "b": [0.8, 0.9]})
    case = written(qt.assess(validate(Scheme, data, None), frame), place)
    assert case.claims == [] and case.left_out == [
        {"what": "all claims", "why": "other means than sums of scores"}
    ]
    verified = certificates.verify(case.folder)
    assert verified == certificates.Verified()


def assessed_frame(columns):
    import pandas as pd

    return pd.DataFrame(columns, index=[f"u{k}" for k in range(len(next(iter(columns.values()))))])
