"""What a run claims about grades, checked by a program that knows nothing of ours.

The plain tables are tied to scheme and data by tests/oracle.py, which shares nothing with the
engine that wrote them; proofs are contradicted, where they can be, by grading points inside their
limits through the engine. No number here was printed by the code that is tested.
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
from tests.hostile.test_tampered import with_seal
from tests.robustness.test_exact_rows import whole_schemes
from tests.runs.tiny import run as run_tiny
from tests.strategies import frame_of, givens, scheme_of

CASES = ("city-2026", "tai-2001")
SCHEMES, MANY = 30, 1_000  # random schemes, by default and where there is time
MUTATIONS, ALL_MUTATIONS = 500, 10_000
MOST_LINES = 150  # of code; what is blank or explains does not count
TICKS = 10**10


def written(result, folder, exact=False):
    """The run's numbers as the checker reads them, and its claims."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    certificates.write_certificates(result, folder, exact)
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
    found = certificates.verify(shipped[name].folder)
    assert found.failures == ()
    assert found.witness > 10 and found.proof > 20 and found.search < found.proof
    assert found.witness + found.proof + found.search == len(shipped[name].claims)


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
    """Points within a limit: corners and points between them."""
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


def test_limits_that_programs_close_are_claimed_with_their_witnesses(place):
    """Under quotas and last places too: graded anew, and never beyond a witness."""
    for scheme, frame in limited_schemes():
        result = qt.assess(validate(Scheme, scheme, None), frame)
        case = written(result, place, exact=True)
        found = counts(case.run, case.claims)
        assert found["witness"] > 4 and found["proof"] > 9
        assert contradictions(result, case.run, case.claims) == []
        assert certificates.verify(case.folder).failures == ()


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


# claims that were changed


def rejected(run, claim):
    try:
        run.check(claim)
    except ODD:
        return True
    return False


def changed(claim, *path, to):
    """A claim with the value at a path replaced; removed where `to` is None."""
    other = copy.deepcopy(claim)
    place = other
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return other


def pairs_in(value, path=()):
    """Paths to the pairs of multipliers of a proof."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from pairs_in(part, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], str):
        yield path
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from pairs_in(part, (*path, i))


class Mutations:
    """Ways to change a claim so that it is false, or its proof none, by construction.

    A grade, a unit's grade and what points lead to are recomputed by the engine. A limit is raised
    to where another claim's witness, graded by the engine, shows the contrary, or lowered below
    what a witness's own points take. A level is set so high that what follows from it says nothing
    at all. What is left out of a proof is needed: proofs name no more rivals than they must.
    """

    def __init__(self, result, case):
        self.result, self.run, self.claims = result, case.run, case.claims
        self.units, self.names = list(case.run.unit), case.run.names
        codes = result.grades.cat.codes.to_numpy()
        self.grades = {u: self.names[c] for u, c in zip(self.units, codes, strict=True)}
        self.beyond = {}
        for claim in case.claims:
            if claim["claim"] == "can":
                kind = self.kind(claim)
                self.beyond[claim["unit"], kind] = Fraction(claim["within"][kind])

    @staticmethod
    def kind(claim):
        return "share" if claim["within"]["share"] != "0" else "points"

    def after(self, claim):
        """The grades of all units at a witness, by the engine."""
        rows = np.array([[float(x) for x in claim["points"].values()]])
        found = grade(self.result.engine, score(self.result.engine, rows))[0]
        return {u: self.names[c] for u, c in zip(self.units, found, strict=True)}

    def of(self, claim, rng):
        """(what was changed, the changed claim, the run that it is about) in turn."""
        yield from ((what, other, self.run) for what, other in self.of_any(claim, rng))
        if claim["claim"] == "can":
            yield from ((what, other, self.run) for what, other in self.of_witness(claim, rng))
        elif claim["proof"] != SEARCH:
            yield from ((what, other, self.run) for what, other in self.of_proof(claim, rng))
            yield from self.of_quotas(claim)

    def of_any(self, claim, rng):
        others = [name for name in self.names if name != claim["grade"]]
        yield "grade", changed(claim, "grade", to=others[rng.integers(len(others))])
        others = [u for u in self.units if self.grades[u] != claim["grade"]]
        if others:
            yield "unit", changed(claim, "unit", to=others[rng.integers(len(others))])
        yield "nobody", changed(claim, "unit", to=claim["unit"] + "x")
        for key in ("claim", "unit", "grade", "within"):
            yield f"no {key}", changed(claim, key, to=None)
        word = "sometimes" if claim["claim"] == "can" or claim["proof"] != SEARCH else "can"
        yield "word", changed(claim, "claim", to=word)
        kind = self.kind(claim)
        for text in (
            "1e999999",
            "NaN",
            "Infinity",
            "1/3",
            "",
            " 1",
            "٣",
            "0x1",
            "1_000",
            0.5,
            None,
            [],
        ):
            if text is not None:
                yield "number", changed(claim, "within", kind, to=text)

    def of_witness(self, claim, rng):
        kind, now = self.kind(claim), self.run.now
        limit, leaves = Fraction(claim["within"][kind]), list(now)
        less = limit * (1 - Fraction(int(rng.integers(1, 10**6)), 10**6 + 1))
        yield "limit lower", changed(claim, "within", kind, to=decimal(less))
        there = self.after(claim)
        wrong = [name for name in self.names if name != there[claim["unit"]]]
        yield "becomes", changed(claim, "becomes", to=wrong[rng.integers(len(wrong))])
        others = [
            u
            for u in self.units
            if self.grades[u] != claim["grade"] or there[u] != claim["becomes"]
        ]
        if others:
            yield "another unit", changed(claim, "unit", to=others[rng.integers(len(others))])
        still = {leaf: decimal(p) for leaf, p in now.items()}
        yield "nothing moved", changed(claim, "points", to=still)
        j = leaves[rng.integers(len(leaves))]
        points = {leaf: Fraction(text) for leaf, text in claim["points"].items()}
        more = Fraction(int(rng.integers(1, 10**9)), 10 ** int(rng.integers(6, 12)))
        yield "sum", changed(claim, "points", j, to=decimal(points[j] + more))
        if len(leaves) > 1:
            i = leaves[(leaves.index(j) + 1) % len(leaves)]
            far = points | {j: points[j] + 1 + 2 * sum(now.values()) * (1 + limit)}
            far[i] = points[i] - (far[j] - points[j])
            texts = {leaf: decimal(p) for leaf, p in far.items()}
            yield "moved out", changed(claim, "points", to=texts)
        yield "a point missing", changed(claim, "points", j, to=None)
        yield "no witness", changed(claim, "claim", to="cannot")

    def of_proof(self, claim, rng):
        kind, unit = self.kind(claim), claim["unit"]
        if (beyond := self.beyond.get((unit, kind))) is not None:
            more = beyond * (1 + Fraction(int(rng.integers(0, 10**6)), 10**6))
            yield "limit higher", changed(claim, "within", kind, to=decimal(more))
        for path in [*pairs_in(claim["proof"], ("proof",))]:
            if self.decides(claim, path):
                yield "rise below 0", changed(claim, *path, 1, to="-0.5")
                yield "level", changed(claim, *path, 0, to=self.far(claim, rng))
        for part in claim["proof"]:
            yield "a part missing", changed(claim, "proof", part, to=None)
        for part in ("kept", "denied"):
            for i, rivals in claim["proof"].get(part, {}).items():
                for rival in rivals:
                    other = changed(claim, "proof", part, i, rival, to=None)
                    yield "rival dropped", other
                    for name in (unit, "nobody"):
                        atoms = rivals[rival]
                        yield "rival renamed", changed(other, "proof", part, i, name, to=atoms)
        yield "a witness wanting", changed(claim, "claim", to="can")

    def far(self, claim, rng):
        """A level with which a bound is above anything that a score, bonus and cap can be."""
        total, limit = self.run.total, Fraction(claim["within"][self.kind(claim)])
        least = min(limit * min(p for p in self.run.now.values() if p), limit, Fraction(1))
        return decimal(10**6 * (total + 1000) / least + int(rng.integers(1000)))

    def decides(self, claim, path):
        """Whether a proof needs a pair: with a bound that says nothing the unit could lose or win
        a grade by its score; the second pair of a rival is needed where places go by what a cap
        bounds."""
        unit, huge = claim["unit"], 10**20
        code = self.names.index(claim["grade"])
        if path[1] == "down":
            return self.run.unit[unit][4][self.run.reached(unit, -huge)] < code
        if path[1] == "up":
            return self.run.unit[unit][4][self.run.reached(unit, huge)] > code
        return path[-1] == 0 or not self.run.by_base

    def of_quotas(self, claim):
        """One place fewer for who is shown to have one, one more for who is shown to have none."""
        for part, more in (("kept", -1), ("denied", 1)):
            for i, rivals in claim["proof"].get(part, {}).items():
                at, most, last, ties, members = self.run.steps[int(i)]
                more_or_less = -more if last else more
                if not rivals or most + more_or_less < 0:
                    continue
                run = copy.copy(self.run)
                step = (at, most + more_or_less, last, ties, members)
                run.steps = [step if j == int(i) else x for j, x in enumerate(run.steps)]
                run.before = run.grades(run.now, run.unit)
                yield "most", claim, run


def decimal(number):
    """An exact fraction with 30 decimals, cut."""
    whole = int(abs(number) * 10**30)
    return f"{'-' if number < 0 else ''}{whole // 10**30}.{whole % 10**30:030d}"


def survivors(mutations, count, seed):
    """Of so many changed claims those that are not rejected, and how many kinds there were."""
    rng, left, wrong, kinds = np.random.default_rng(seed), count, [], {}
    while left > 0:
        chosen = mutations[rng.integers(len(mutations))]
        claim = chosen.claims[rng.integers(len(chosen.claims))]
        found = [*chosen.of(claim, rng)]
        rng.shuffle(found)
        for what, other, run in {what: (what, *rest) for what, *rest in found}.values():
            kinds[what] = kinds.get(what, 0) + 1
            left -= 1
            if not rejected(run, other):
                wrong.append((what, other))
    return wrong, kinds


@pytest.fixture(scope="module")
def mutations(shipped, tmp_path_factory):
    """Of the shipped cases, and of schemes with quotas, last places and classes."""
    root = tmp_path_factory.mktemp("mutated")
    found = [Mutations(assessed(name), case) for name, case in shipped.items()]
    for i, (scheme, frame) in enumerate(limited_schemes()):
        result = qt.assess(validate(Scheme, scheme, None), frame)
        found.append(Mutations(result, written(result, root / str(i))))
    return found


def limited_schemes():
    """Three small schemes: a quota in each class, last places, and vetoes after the quota."""
    import pandas as pd

    rng = np.random.default_rng(7)
    leaves = [
        {"id": f"x{j}", "name": f"x{j}", "points": p, "rule": {"kind": "share"}}
        for j, p in enumerate((40.0, 30.0, 20.0, 10.0))
    ]
    grades = [{"id": "A", "cutoff": 80}, {"id": "B", "cutoff": 60}, {"id": "C", "cutoff": 0}]
    base = {"id": "s", "name": "s", "total": 100.0, "indicators": leaves, "grades": grades}
    columns = {"unit": [f"u{k}" for k in range(9)]}
    columns |= {f"x{j}": (rng.integers(55, 100, 9) / 100).tolist() for j in range(4)}
    quota = [grades[0] | {"quota": 2, "within": "class"}, *grades[1:]]
    last = [grades[0] | {"quota": 3, "ties": "in"}, grades[1], grades[2] | {"last": 2}]
    classes = {"class": list("pqpqpqpqp")}
    vetoes = [{"id": "w", "name": "w", "lower": 1}]
    hit = {"veto:w": ["是", *["否"] * 8]}
    order = {"order": {"veto": "after_quota"}}
    rounded = {"rounding": {"total": {"decimals": 1}}}
    yield base | {"grades": quota, "classes": ["p", "q"]}, pd.DataFrame(columns | classes)
    yield base | {"grades": last} | rounded, pd.DataFrame(columns)
    late = base | {"grades": last, "vetoes": vetoes} | order
    yield late | {"rank_on": "base"}, pd.DataFrame(columns | hit)


def test_the_originals_hold_and_cover_every_part_of_a_proof(mutations):
    parts = set()
    for each in mutations[len(CASES) :]:
        counts(each.run, each.claims)
    for each in mutations:
        for claim in each.claims:
            parts |= set(claim.get("proof", {})) if claim.get("proof") != SEARCH else set()
    assert parts == {"down", "up", "kept", "denied"}


def test_changed_claims_are_rejected(mutations):
    wrong, kinds = survivors(mutations, MUTATIONS, 1)
    assert wrong == [] and sum(kinds.values()) >= MUTATIONS
    assert len(kinds) > 18


@pytest.mark.soak
def test_ten_thousand_changed_claims_are_rejected(mutations):
    wrong, kinds = survivors(mutations, ALL_MUTATIONS, 2)
    assert wrong == [] and sum(kinds.values()) >= ALL_MUTATIONS
    assert min(kinds.values()) >= 10


def test_a_wrong_bound_would_be_seen(mutations, monkeypatch):
    """The comparison can fail: a checker for which all bounds hold lets changed claims by."""
    monkeypatch.setattr(checker.Run, "most", lambda self, units, within, atom: -(10**30))
    assert survivors(mutations, 200, 3)[0]


# what a stranger may send


@pytest.fixture
def folder(shipped, tmp_path):
    """A copy of a sound run's claims and numbers."""
    shutil.copytree(shipped["tai-2001"].folder, tmp_path / "run")
    return tmp_path / "run"


def spoilt(folder, name, change):
    path = folder / name
    path.write_text(change(path.read_text("utf-8-sig")), encoding="utf-8")


def deep(text):
    return '{"claims": ' + "[" * 200_000 + "]" * 200_000 + "}"


HOSTILE = {
    "huge exponent": (
        "certificates.json",
        lambda t: t.replace('"share": "0.', '"share": "1e999999', 1),
    ),
    "huge number": (
        "certificates.json",
        lambda t: t.replace('"points": "0"', '"points": 1' + "0" * 9_999, 1),
    ),
    "number, no text": (
        "certificates.json",
        lambda t: t.replace('"points": "0"', '"points": 0', 1),
    ),
    "NaN": ("certificates.json", lambda t: t.replace('"points": "0"', '"points": NaN', 1)),
    "many digits": (
        "certificates.json",
        lambda t: t.replace('"points": "0"', f'"points": "{"9" * 99_999}"', 1),
    ),
    "deep": ("certificates.json", deep),
    "twice": (
        "certificates.json",
        lambda t: t.replace('"claim": ', '"claim": "can", "claim": ', 1),
    ),
    "no claims": ("certificates.json", lambda t: "{}"),
    "claims a number": ("certificates.json", lambda t: '{"claims": "1"}'),
    "claims of words": ("certificates.json", lambda t: '{"claims": ["can", null, [], {}]}'),
    "a list": ("certificates.json", lambda t: "[]"),
    "cut off": ("certificates.json", lambda t: t[: len(t) // 2]),
    "other claims": ("certificates.json", lambda t: '{"claims": [{"claim": "can", "unit": []}]}'),
    "rules cut off": ("certificates/rules.json", lambda t: t[:40]),
    "rules a list": ("certificates/rules.json", lambda t: "[]"),
    "rules with a number": ("certificates/rules.json", lambda t: t.replace("false", "7", 1)),
    "no slopes": ("certificates/slopes.csv", lambda t: ""),
    "a slope missing": ("certificates/slopes.csv", lambda t: t.replace(",0.", ",,", 1)),
    "a slope no number": ("certificates/slopes.csv", lambda t: t.replace(",0.", ",1e9.", 1)),
    "units out of order": (
        "certificates/units.csv",
        lambda t: "\n".join([t.split("\n")[0], *t.split("\n")[:0:-1]]),
    ),
    "a unit missing": ("certificates/units.csv", lambda t: t[: t.rstrip().rindex("\n")]),
    "a line missing": ("certificates/units.csv", lambda t: t.replace("line ", "lime ", 1)),
    "points of words": ("certificates/points.csv", lambda t: t.replace(",", ",x", 2)),
    "quotas without end": ("certificates/quotas.csv", lambda t: t + "A,1,no,out,\n" * 99_999),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_spoilt_is_a_sentence(folder, name):
    spoilt(folder, *HOSTILE[name])
    found = certificates.verify(folder)
    assert found.failures
    for text in found.failures:
        assert 0 < len(text.zh) < 300 and 0 < len(text.en) < 400
        assert "Traceback" not in text.en and "\n" not in text.en


@pytest.mark.parametrize("name", sorted(certificates.SIZES))
def test_a_missing_table_is_a_sentence(folder, name):
    (folder / "certificates" / name).unlink()
    [text] = certificates.verify(folder).failures
    assert name in text.en


@pytest.mark.parametrize("name", ["certificates.json", "certificates/slopes.csv"])
def test_links_pipes_and_folders_are_not_opened(folder, name):
    path = folder / name
    path.unlink()
    path.mkdir()
    assert len(certificates.verify(folder).failures) == 1
    path.rmdir()
    path.symlink_to("/dev/zero")
    assert len(certificates.verify(folder).failures) == 1


def test_a_run_without_claims_is_none(tmp_path):
    assert certificates.verify(tmp_path) is None


def test_too_much_work_is_refused(folder):
    data = json.loads((folder / "certificates.json").read_text("utf-8"))
    data["claims"] = data["claims"][:1] * (certificates.MOST_CLAIMS + 1)
    (folder / "certificates.json").write_text(json.dumps(data), encoding="utf-8")
    assert len(certificates.verify(folder).failures) == 1


def test_a_claim_by_search_that_a_witness_contradicts_is_refused(folder):
    data = json.loads((folder / "certificates.json").read_text("utf-8"))
    can = next(claim for claim in data["claims"] if claim["claim"] == "can")
    false = {key: can[key] for key in ("unit", "grade", "within")}
    data["claims"] = [can, false | {"claim": "cannot", "proof": SEARCH}]
    (folder / "certificates.json").write_text(json.dumps(data), encoding="utf-8")
    [text] = certificates.verify(folder).failures
    assert "claim 2" in text.en and can["unit"] in text.en


def test_all_that_the_checker_says_has_words_in_both_languages():
    tree = ast.parse(Path(checker.__file__).read_text("utf-8"))
    said = {
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "need"
    }
    assert said == set(certificates.WORDS)


def test_a_failing_claim_is_named_with_what_was_found(folder):
    data = json.loads((folder / "certificates.json").read_text("utf-8"))
    claim = data["claims"][1]
    right, claim["grade"] = claim["grade"], "Z"
    (folder / "certificates.json").write_text(json.dumps(data), encoding="utf-8")
    [text] = certificates.verify(folder).failures
    assert "claim 2" in text.en and claim["unit"] in text.en and right in text.en
    assert "第2项" in text.zh and right in text.zh


def test_the_checker_runs_by_itself(folder, tmp_path):
    """In a process of its own that finds no package of ours, from a copy beside nothing else."""
    alone = tmp_path / "elsewhere" / "checker.py"
    alone.parent.mkdir()
    shutil.copy(folder / "certificates" / "checker.py", alone)
    command = [sys.executable, "-I", "-S", str(alone), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path)
    claims = json.loads((folder / "certificates.json").read_text("utf-8"))["claims"]
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(claims)
    spoilt(folder, "certificates.json", lambda t: t.replace('"grade": "', '"grade": "x', 1))
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode != 0


def test_verify_counts_the_claims_of_a_run_and_says_which_one_fails(project, command):
    """The first unit of the case is called "=甲市": it is text everywhere."""
    folder = run_tiny("params/tiny", formats=["html"])
    claims = json.loads((folder / "certificates.json").read_text("utf-8"))["claims"]
    names = list(checker.Run(folder / "certificates").unit)
    assert names == ["'=甲市", "乙市"] and {claim["unit"] for claim in claims} == set(names)
    words = [claim["claim"] for claim in claims]
    done = command("verify", str(folder), "--language", "en", cwd=project)
    assert done.returncode == 0
    assert f"all {len(claims)} claims" in done.stdout
    assert f"{words.count('can')} have a witness, {words.count('cannot')} a proof" in done.stdout
    assert f"{len(claims)}项论断" in command("verify", str(folder), cwd=project).stdout
    with_seal(folder, "certificates.json", lambda data: data.replace(b'"A"', b'"B"', 1))
    done = command("verify", str(folder), "--language", "en", cwd=project)
    assert done.returncode == 1 and "claim 1 " in done.stderr and "Traceback" not in done.stderr
    with_seal(folder, "certificates.json", lambda data: b"[" * 200_000)
    done = command("verify", str(folder), cwd=project)
    assert done.returncode == 1 and "Traceback" not in done.stderr
