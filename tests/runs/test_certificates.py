"""What a run claims about grades, checked by a program that knows nothing of ours.

The plain tables are tied to scheme and data by tests/oracle.py, which shares nothing with the
engine that wrote them; proofs are contradicted, where they can be, by grading points inside their
limits through the engine. No number here was printed by the code that is tested.
"""

import ast
import copy
import functools
import json
import operator
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
from qtoolkit.engine import from_ticks, grade, score
from qtoolkit.inputs.locate import find_case
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.regions import Box
from qtoolkit.report import choosing, evidence, exact
from qtoolkit.runs import certificates, checker
from qtoolkit.runs.checker import ODD, SEARCH
from qtoolkit.runs.claims import area_of
from tests import oracle
from tests.hostile.test_tampered import with_seal
from tests.robustness.test_exact_rows import whole_schemes
from tests.runs.tiny import SHOW, notebook
from tests.runs.tiny import run as run_tiny
from tests.strategies import frame_of, givens, scheme_of

CASES = ("provinces-2008", "tai-2001")
SCHEMES, MANY = 20, 1_000  # random schemes, by default and where there is time
MUTATIONS, ALL_MUTATIONS = 500, 10_000
SHAKEN = 12  # proofs of a scheme to which other multipliers are given
MOST_LINES = 150
TICKS = 10**10
R = qt.robustness


def proven_by(result, closed=False, band=0.1):
    """What the notebook on robustness proves, as its blocks carry it."""
    region = Box(relative=band)
    moves = R.transfer_map(result, choosing.most_points(result))
    pairs = exact._least_transfers(result, moves).head(exact.LEAST)
    rows = [
        *evidence.bands(result, R.tolerance(result, exact=closed)),
        *evidence.flips(R.cheapest_flip(result, exact=closed)),
        *evidence.steps(R.cheapest_flip(result, step=0.5)),
        *evidence.ranges(result, R.score_range(result, region), region),
        *evidence.transfers(result, moves, pairs),
    ]
    return [{"evidence": json.loads(json.dumps(evidence.of(result, rows), allow_nan=False))}]


def written(result, folder, blocks=()):
    """The run's numbers as the checker reads them, and its claims."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    certificates.write_certificates(result, folder, blocks)
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
    return {name: written(assessed(name), root / name, proven_by(assessed(name))) for name in CASES}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("random") / "run"


# what the tables say


def test_the_checker_is_short_and_needs_nothing_but_python():
    path = Path(checker.__file__)
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES
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
    graded = oracle.grade_all(given_.scheme, given_.rows)
    for name, unit in zip(run.about, graded, strict=True):
        base = run.most([(name, 1)], (run.now, run.now, 0))
        assert isinstance(base, Fraction) and abs(base - unit["base"]) <= Fraction(1, TICKS)
        if base == unit["base"] and not run.by_base:
            assert run.standing(name, base)[0] == unit["published"]
    assert [run.before[name] for name in run.about] == [unit["grade"] for unit in graded]


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


def kind_of(claim):
    return "share" if claim["within"]["share"] != "0" else "points"


def test_every_unit_has_a_claim_or_a_reason_why_not(shipped):
    for name, case in shipped.items():
        for kind, what in (("share", evidence.BAND), ("points", evidence.FLIP)):
            claimed = {c["unit"] for c in case.claims if kind_of(c) == kind}
            missing = {row["unit"] for row in case.left_out if row["what"] == what}
            assert claimed | missing == set(case.run.about), (name, kind)


def test_all_that_the_notebook_shows_is_claimed(shipped):
    """Each row of tolerances, flips, half steps and transfers with a witness, both ends of each
    range, and each range that is certain."""
    for name, case in shipped.items():
        rows = proven_by(assessed(name))[0]["evidence"]["rows"]
        assert {row["what"] for row in rows} == set(evidence.ORDER)
        can = [c for c in case.claims if c["claim"] == "can"]
        ends = [row for row in rows if row["what"] == evidence.RANGE]
        asked = [row for row in rows if row["what"] != evidence.RANGE and row["witnesses"]]
        assert len(can) == len(asked) + sum(len(row["witnesses"]) for row in ends)
        assert sum("from" in c["within"] for c in can) == 20
        held = {
            c["unit"]
            for c in case.claims
            if c["claim"] == "cannot"
            and c["within"] == {"share": "0.100000000000", "points": "0"}
            and c.get("grades", [c["grade"]]) == [c["grade"]]
        }
        assert {row["unit"] for row in ends if row["at_least"] is not None} <= held


def test_ends_of_scores_are_those_of_a_linear_program():
    """Of a sum of shares over a band, by scipy on the shares themselves: what is proven meets what
    is attained."""
    from scipy.optimize import linprog

    result = assessed("tai-2001")
    x, p = result.slope.to_numpy(), result.points.to_numpy()
    rows = proven_by(result)[0]["evidence"]["rows"]
    bounds = {row["unit"]: row for row in rows if row["what"] == evidence.RANGE}
    for k, unit in enumerate(result.scores.index):
        found = [
            sign
            * linprog(
                sign * x[k],
                None,
                None,
                [np.ones(p.size)],
                [p.sum()],
                list(zip(p * 0.9, p * 1.1, strict=True)),
            ).fun
            for sign in (1, -1)
        ]
        assert [x[k] @ end for end in bounds[unit]["witnesses"]] == pytest.approx(found, abs=1e-9)


def test_ranges_are_proven_to_their_ends(shipped):
    case = shipped["tai-2001"]
    for unit in case.run.about:
        at = [
            Fraction(c["score"])
            for c in case.claims
            if c["claim"] == "can" and c["unit"] == unit and is_band(c)
        ]
        (most,) = [
            c["score"] for c in case.claims if c["unit"] == unit and is_band(c) and "grades" in c
        ]
        assert len(at) == 2
        assert abs(Fraction(most[0]) - min(at)) < Fraction(1, 10**8)
        assert abs(Fraction(most[1]) - max(at)) < Fraction(1, 10**8)


def is_band(claim):
    return abs(Fraction(claim["within"]["share"]) - Fraction(1, 10)) < Fraction(1, 10**9)


def test_a_quota_is_proven_with_the_rivals_that_it_takes(limited):
    """Two places in a class of five and in one of four: who has an A is shown to stay before three,
    or two, and who has none to stay behind two."""
    (_, case), *_ = limited
    proofs = [c["proof"] for c in case.claims if c.get("proof", SEARCH) != SEARCH]
    assert {len(proof["behind"]) for proof in proofs} == {0, 2, 3}
    assert {len(proof["ahead"]) for proof in proofs} == {0, 2}


def inside(result, within, rng, count=12):
    """Points within a limit: corners and points between them."""
    now = result.points.to_numpy()
    share, points = float(within["share"]), float(within["points"])
    if "from" in within:
        ends = [result.points.index.get_loc(within[side]) for side in ("from", "to")]
        move = np.eye(now.size)[ends[1]] - np.eye(now.size)[ends[0]]
        return now + np.linspace(0, min(points, now[ends[0]]) * (1 - 1e-9), count)[:, None] * move
    region = Box(relative=min(share, 1.0)) if share else Box(absolute=points)
    area = region.at(result)
    corners = area.maximise(rng.normal(size=(count, now.size)))
    rows = np.concatenate([corners, rng.dirichlet(np.ones(count), 4) @ corners])
    if points:  # all rises together
        rises = np.maximum(rows - now, 0).sum(axis=1, keepdims=True)
        rows = now + (rows - now) * np.minimum(1, points / np.maximum(rises, 1e-12))
    return now + (rows - now) * (1 - 1e-9)


def contradictions(result, run, claims, seed=0):
    """Claims that the engine contradicts: a witness at which grade or score is another, or points
    inside a proven limit at which they are none of those that it leaves."""
    rng, units, wrong = np.random.default_rng(seed), list(run.about), []
    for claim in claims:
        k = units.index(claim["unit"])
        if claim["claim"] == "can":
            rows = np.array([[float(x) for x in claim["points"].values()]])
        else:
            rows = inside(result, claim["within"], rng)
        base = score(result.engine, rows)
        found = {result.grade_names[g] for g in grade(result.engine, base)[:, k]}
        scores = from_ticks(base)[:, k]
        if claim["claim"] == "can":
            holds = found == {claim["becomes"]} and abs(scores - float(claim["score"])).max() < 1e-9
        else:
            holds = found <= set(claim.get("grades", [claim["grade"]]))
            low, high = map(float, claim["score"] or ["-inf", "inf"])
            holds &= low - 1e-9 <= scores.min() and scores.max() <= high + 1e-9
        if not holds:
            wrong.append(claim)
    return wrong


def checked_and_graded_anew(result, place, seed):
    case = written(result, place, proven_by(result) if seed % 3 == 0 else ())
    if case.run is None:
        assert case.claims == [] and case.left_out[0]["why"]
        return
    counts(case.run, case.claims)  # raises where one is rejected
    proven = [claim for claim in case.claims if claim.get("proof") != SEARCH]
    assert contradictions(result, case.run, proven, seed) == []
    assert contradictions(result, case.run, [*shaken(case.run, proven, seed)], seed) == []


def shaken(run, claims, seed):
    """What the checker concludes of proofs that nobody chose: other multipliers, other limits."""
    rng = np.random.default_rng(seed)
    proven = [claim for claim in claims if claim["claim"] == "cannot"]
    for claim in proven[:: max(1, len(proven) // SHAKEN)]:
        proof, kind = copy.deepcopy(claim["proof"]), kind_of(claim)
        for path in pairs_in(proof):
            atom = functools.reduce(operator.getitem, path, proof)
            atom[:] = [decimal(Fraction(x) * Fraction(rng.normal(1, 0.1))) for x in atom]
        limit = min(Fraction(claim["within"][kind]) * Fraction(rng.uniform(0.5, 2)), Fraction(1))
        within = claim["within"] | {kind: decimal(limit)}
        try:
            *grades, low, high = run.prove(claim["unit"], area_of(run, within), **proof)
        except ArithmeticError:  # blanks among points that may all be moved away
            continue
        yield claim | {"within": within, "grades": grades, "score": [float(low), float(high)]}


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
    plain = [c for c in case.claims if not is_band(c) and "from" not in c["within"]]
    for kind in ("share", "points"):
        can, cannot = {}, {}
        for claim in (c for c in plain if kind_of(c) == kind):
            of_word, limit = {"can": can, "cannot": cannot}[claim["claim"]], claim["within"][kind]
            known = of_word.get(claim["unit"], Fraction(limit))
            of_word[claim["unit"]] = min(known, Fraction(limit))  # half steps take more
        assert len(can) > 20
        for unit, limit in can.items():
            assert cannot[unit] < limit < cannot[unit] * (1 + Fraction(1, 10**4)), (unit, kind)


def test_limits_that_programs_close_are_claimed_with_their_witnesses(limited):
    """Under quotas and last places too: graded anew, and never beyond a witness."""
    for result, case in limited:
        found = counts(case.run, case.claims)
        assert found["witness"] > 4 and found["proof"] > 9
        assert contradictions(result, case.run, case.claims) == []
        assert certificates.verify(case.folder).failures == ()


def test_a_place_is_claimed_as_the_notebook_closed_it(limited):
    """Of a grade that others' scores decide, too, each band that is exact has its witness just
    beyond it, and up to it no claim is missing."""
    closed = 0
    for _, case in limited:
        for unit in case.run.about:
            of_unit = [c for c in case.claims if c["unit"] == unit and kind_of(c) == "share"]
            can = [
                Fraction(c["within"]["share"])
                for c in of_unit
                if c["claim"] == "can" and c["becomes"] != c["grade"]
            ]
            cannot = [
                Fraction(c["within"]["share"])
                for c in of_unit
                if c["claim"] == "cannot" and c.get("grades", [c["grade"]]) == [c["grade"]]
            ]
            closed += bool(can and cannot) and min(can) < max(cannot) * (1 + Fraction(2, 10**4))
    assert closed > 12


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
    what a witness's own points take. What a proof leaves of grades and scores is stated to the last
    digit, so that no other is shown by it. What is left out of a proof is needed: proofs name no
    more rivals than they must.
    """

    def __init__(self, result, case):
        self.result, self.run, self.claims = result, case.run, case.claims
        self.units, self.names = list(case.run.about), case.run.names
        codes = result.grades.cat.codes.to_numpy()
        self.grades = {u: self.names[c] for u, c in zip(self.units, codes, strict=True)}
        self.beyond = {}
        for claim in case.claims:
            if claim["claim"] == "can" and claim["becomes"] != claim["grade"]:
                kind = kind_of(claim)
                key = claim["unit"], kind
                limit = Fraction(claim["within"][kind])
                self.beyond[key] = min(limit, self.beyond.get(key, limit))

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
        else:
            yield "a grade more", changed(claim, "grades", to=self.names), self.run
            yield "a score", changed(claim, "score", to=["0", "100"]), self.run

    def of_any(self, claim, rng):
        others = [name for name in self.names if name != claim["grade"]]
        yield "grade", changed(claim, "grade", to=others[rng.integers(len(others))])
        others = [u for u in self.units if self.grades[u] != claim["grade"]]
        if others:
            yield "unit", changed(claim, "unit", to=others[rng.integers(len(others))])
        yield "nobody", changed(claim, "unit", to=claim["unit"] + "x")
        for key in ("claim", "unit", "grade", "within"):
            yield f"no {key}", changed(claim, key, to=None)
        yield "word", changed(claim, "claim", to="sometimes")
        kind = kind_of(claim)
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
        kind, now = kind_of(claim), self.run.now
        limit, leaves = Fraction(claim["within"][kind]), list(now)
        less = limit * (1 - Fraction(int(rng.integers(1, 10**6)), 10**6 + 1))
        yield "limit lower", changed(claim, "within", kind, to=decimal(less))
        there = self.after(claim)
        wrong = [name for name in self.names if name != there[claim["unit"]]]
        yield "becomes", changed(claim, "becomes", to=wrong[rng.integers(len(wrong))])
        more = Fraction(int(rng.integers(1, 10**6)), TICKS) * (-1) ** int(rng.integers(2))
        yield "score", changed(claim, "score", to=decimal(Fraction(claim["score"]) + more))
        others = [
            u
            for u in self.units
            if self.grades[u] != claim["grade"] or there[u] != claim["becomes"]
        ]
        if others:
            yield "another unit", changed(claim, "unit", to=others[rng.integers(len(others))])
        if claim["becomes"] != claim["grade"]:
            still = {leaf: decimal(p) for leaf, p in now.items()}
            yield "nothing moved", changed(claim, "points", to=still)
        if "from" in claim["within"]:
            start, end = (claim["within"][side] for side in ("from", "to"))
            yield (
                "the other way",
                changed(changed(claim, "within", "from", to=end), "within", "to", to=start),
            )
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
        kind, unit = kind_of(claim), claim["unit"]
        beyond = self.beyond.get((unit, kind))
        if (
            beyond is not None
            and claim["grades"] == [claim["grade"]]
            and "from" not in claim["within"]
        ):
            more = beyond * (1 + Fraction(int(rng.integers(0, 10**6)), 10**6))
            yield "limit higher", changed(claim, "within", kind, to=decimal(more))
        for side in (0, 1):
            more = Fraction(int(rng.integers(1, 10**6)), TICKS) * (-1) ** int(rng.integers(2))
            other = decimal(Fraction(claim["score"][side]) + more)
            yield "score", changed(claim, "score", side, to=other)
        fewer = [name for name in claim["grades"] if name != claim["grade"]]
        yield "no grade of its own", changed(claim, "grades", to=fewer)
        absent = [name for name in self.names if name not in claim["grades"]]
        if absent:
            yield "a grade more", changed(claim, "grades", to=[*claim["grades"], absent[0]])
        for path in pairs_in(claim["proof"], ("proof",)):
            yield "level", changed(claim, *path, 0, to=self.far(claim, rng))
            yield (
                "no multiplier",
                changed(claim, *path, 1, to=rng.choice(["1/2", "1e9", ""]).item()),
            )
            if path[1] in ("down", "up"):
                rise = abs(Fraction(claim["proof"][path[1]][1])) + Fraction(
                    int(rng.integers(1, 99)), 9
                )
                yield "rise", changed(claim, *path, 1, to=decimal(rise))
        for part in claim["proof"]:
            yield "a part missing", changed(claim, "proof", part, to=None)
        for part in ("behind", "ahead"):
            for rival, atoms in claim["proof"][part].items():
                other = changed(claim, "proof", part, rival, to=None)
                yield "rival dropped", other
                for name in (unit, "nobody"):
                    yield "rival renamed", changed(other, "proof", part, name, to=atoms)
        yield "a witness wanting", changed(claim, "claim", to="can")

    def far(self, claim, rng):
        """A level with which a bound is above anything that a score, bonus and cap can be."""
        total, limit = sum(self.run.now.values()), Fraction(claim["within"][kind_of(claim)])
        least = min(limit * min(p for p in self.run.now.values() if p), limit, Fraction(1))
        return decimal(10**6 * (total + 1000) / least + int(rng.integers(1000)))

    def of_quotas(self, claim):
        """One place fewer for who is shown to have one, one more for who is shown to have none."""
        unit, proof = claim["unit"], claim["proof"]
        for part, more in (("behind", -1), ("ahead", 1)):
            for i, (worse, places, of_all, ties, line) in enumerate(self.run.quotas):
                rivals = {u for u in line if of_all or line[u]}
                took = len(rivals) - places if part == "behind" else places
                named = len(proof[part].keys() & rivals)
                if unit not in line or not named or named != took or places + more < 0:
                    continue
                run = copy.copy(self.run)
                quota = (worse, places + more, of_all, ties, line)
                run.quotas = [quota if j == i else x for j, x in enumerate(run.quotas)]
                run.before = run.grades(run.now, run.about)
                yield "places", claim, run


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
def limited(tmp_path_factory):
    """Schemes with quotas, last places and classes: (result, its claims) of each."""
    root, found = tmp_path_factory.mktemp("limited"), []
    for i, (scheme, frame) in enumerate(limited_schemes()):
        result = qt.assess(validate(Scheme, scheme, None), frame)
        found.append((result, written(result, root / str(i), proven_by(result, closed=True))))
    return found


@pytest.fixture(scope="module")
def mutations(shipped, limited):
    """Of the shipped cases, and of schemes with quotas, last places and classes."""
    cases = [(assessed(name), case) for name, case in shipped.items()]
    return [Mutations(*each) for each in (*cases, *limited)]


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
    parts, sides, words = set(), set(), []
    for each in mutations:
        words += [each.run.check(claim) for claim in each.claims]
        for claim in each.claims:
            sides |= {"from"} & claim["within"].keys()
            if claim.get("proof", SEARCH) != SEARCH:
                parts |= {part for part, found in claim["proof"].items() if found}
    assert parts == {"down", "up", "behind", "ahead"} and sides
    assert set(words) == {"witness", "proof", "search"}


def test_changed_claims_are_rejected(mutations):
    wrong, kinds = survivors(mutations, MUTATIONS, 1)
    assert wrong == [] and sum(kinds.values()) >= MUTATIONS
    assert len(kinds) > 24


@pytest.mark.soak
def test_ten_thousand_changed_claims_are_rejected(mutations):
    wrong, kinds = survivors(mutations, ALL_MUTATIONS, 2)
    assert wrong == [] and sum(kinds.values()) >= ALL_MUTATIONS
    assert min(kinds.values()) >= 10


def test_a_wrong_bound_would_be_seen(mutations, monkeypatch):
    """The comparison can fail: a checker for which all holds lets changed claims by."""
    monkeypatch.setattr(checker, "need", lambda *found: None)
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
    "rules with a number": ("certificates/rules.json", lambda t: t.replace("true", "7", 1)),
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
    false |= {"claim": "cannot", "grades": [can["grade"]], "score": [], "proof": SEARCH}
    data["claims"] = [can, false]
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
    assert said | {"not to be read"} == set(certificates.WORDS)


def test_a_failing_claim_is_named_with_what_was_found(folder):
    data = json.loads((folder / "certificates.json").read_text("utf-8"))
    claim = data["claims"][1]
    right, claim["grade"] = claim["grade"], "Z"
    (folder / "certificates.json").write_text(json.dumps(data), encoding="utf-8")
    [text] = certificates.verify(folder).failures
    assert "claim 2" in text.en and claim["unit"] in text.en and right in text.en
    assert "第2项" in text.zh and right in text.zh


def alone(folder, tmp_path):
    """A command for the checker in a process of its own that finds no package of ours, from a copy
    beside nothing else."""
    copied = tmp_path / "elsewhere" / "checker.py"
    copied.parent.mkdir()
    shutil.copy(folder / "certificates" / "checker.py", copied)
    command = [sys.executable, "-I", "-S", str(copied), str(folder)]
    kinds = {"capture_output": True, "text": True, "encoding": "utf-8", "cwd": tmp_path}
    return lambda: subprocess.run(command, timeout=20, **kinds)


def test_the_checker_runs_by_itself(folder, tmp_path):
    check = alone(folder, tmp_path)
    claims = json.loads((folder / "certificates.json").read_text("utf-8"))["claims"]
    done = check()
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(claims)


def zero_step(text):
    rules = json.loads(text)
    return json.dumps(rules | {"published": [*rules["published"][:2], "0", "0", "0", "0"]})


SPOILT = {
    "another grade": (
        "certificates.json",
        lambda t: t.replace('"grade": "', '"grade": "x', 1),
        "refused 1 (ValueError): its grade is another",
    ),
    "no JSON": ("certificates.json", lambda t: t[:99], "certificates.json"),
    "deep": ("certificates.json", deep, "certificates.json"),
    "a huge exponent": (
        "certificates.json",
        lambda t: t.replace('"share": "0.', '"share": 1e999999999, "x": "0.', 1),
        "inf",
    ),
    "a million digits": (
        "certificates.json",
        lambda t: t.replace('"share": "0.', f'"share": {"9" * 10**6}, "x": "0.', 1),
        "certificates.json",
    ),
    "a million digits as text": (
        "certificates.json",
        lambda t: t.replace('"share": "0.', f'"share": "{"9" * 10**6}.', 1),
        "decimal",
    ),
    "a fraction": (
        "certificates.json",
        lambda t: t.replace('"share": "0.', '"share": "1/0", "x": "0.', 1),
        "1/0",
    ),
    "a step of 0": ("certificates/rules.json", zero_step, "zero"),
    "no number": ("certificates/slopes.csv", lambda t: t.replace(",0.", ",1e9.", 1), "1e9"),
    "a long cell": (
        "certificates/slopes.csv",
        lambda t: t.replace(",0.", "," + "9" * 10**6, 1),
        "slopes.csv",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_the_checker_alone_refuses_what_is_spoilt_in_a_sentence(folder, tmp_path, name):
    file, change, said = SPOILT[name]
    check = alone(folder, tmp_path)
    spoilt(folder, file, change)
    done = check()
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert said in done.stderr and len(done.stderr.splitlines()) == 1 and len(done.stderr) < 200


@pytest.mark.parametrize(
    "name", ["certificates.json", "certificates/rules.json", "certificates/units.csv"]
)
def test_the_checker_alone_names_what_is_missing(folder, tmp_path, name):
    check = alone(folder, tmp_path)
    (folder / name).unlink()
    done = check()
    assert done.returncode == 1 and Path(name).name in done.stderr
    assert len(done.stderr.splitlines()) == 1


TRANSFERS = """from qtoolkit.report import exact

result = qt.assess(case.scheme, case.table)
moves = qt.robustness.transfer_map(result)
alone = qt.robustness.stability_intervals(result)
Page(language).show(exact.transfers(result, moves, alone))"""


def test_verify_counts_the_claims_of_a_run_and_says_which_one_fails(project, here, command):
    """The first unit of the case is called "=甲市": it is text everywhere. What the notebook shows
    of transfers is claimed."""
    notebook(project / "notebooks" / "show.ipynb", SHOW, TRANSFERS)
    folder = run_tiny("params/tiny", formats=["html"])
    claims = json.loads((folder / "certificates.json").read_text("utf-8"))["claims"]
    assert {"from", "to"} <= set().union(*(claim["within"] for claim in claims))
    names = list(checker.Run(folder / "certificates").about)
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
