"""Who marks harder: shifts that were planted are found, and grades without them are those of data
changed by hand."""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import qtoolkit as qt
from qtoolkit.inputs.statuses import VALUE, ZERO
from qtoolkit.inputs.table import read_table
from qtoolkit.report import strictness as pages
from tests.examples import share
from tests.panel.awards import assessed, item, scheme_of
from tests.sentences import results

CITY = Path(__file__).resolve().parent.parent / "params" / "city-2026"


def leaf(id, points=10.0, stages=None, **keys):
    """A leaf that takes marks out of ten."""
    rule = {"kind": "direct", "out_of": 10}
    whole = {"id": id, "name": id, "points": points, "rule": rule, "scales": True}
    return whole | {"stages": stages or {}} | keys


def scheme(leaves, line, stages=(), **keys):
    data = {
        "id": "s",
        "name": "s",
        "total": sum(one["points"] for one in leaves),
        "stages": [id if isinstance(id, dict) else {"id": id, "name": id} for id in stages],
        "indicators": leaves,
        "grades": [{"id": "A", "cutoff": line}, {"id": "B", "cutoff": 0.0}],
    }
    return qt.Scheme.model_validate(data | keys)


def frame_of(columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"u{k}" for k in range(n)])


def of_kind(found, kind):
    return found.table[found.table["kind"] == kind].set_index("id")


def codes(found, kind):
    rows = found.untold[found.untold["kind"] == kind]
    return {row.code: row.ids for row in rows.itertuples()}


@given(
    st.lists(st.integers(30, 70), min_size=1, max_size=6),
    st.tuples(*[st.integers(-20, 20)] * 3),
    st.sampled_from([(0.5, 0.3, 0.2), (0.2, 0.2, 0.6)]),
)
@settings(max_examples=share(40))
def test_planted_shifts_of_stages_are_found_and_taken_out(qualities, shifts, weights):
    """Marks are quality + shift in tenths. Against the mean of the two others: its shift less the
    mean of theirs. With all taken out everybody has quality plus the mean shift."""
    names = ("x", "y", "z")
    made = scheme([leaf("a", 100.0, dict(zip(names, weights, strict=True)))], 50.0, names)
    columns = {
        f"a@{name}": [(q + s) / 10 for q in qualities]
        for name, s in zip(names, shifts, strict=True)
    }
    result = qt.assess(made, frame_of(columns))
    found = qt.strictness.who_marks_harder(result)
    table = of_kind(found, "stage")
    for i, name in enumerate(names):
        others = [s for k, s in enumerate(shifts) if k != i]
        row = table.loc[name]
        assert row["strictness"] == pytest.approx(shifts[i] - np.mean(others), abs=1e-6)
        if len(qualities) > 1:  # all units tell the same: nothing is uncertain
            assert row["low"] == row["high"] == row["strictness"]
        else:
            assert math.isnan(row["low"]) and row["strict"] == ""
        moved = -weights[i] * (shifts[i] - np.mean(others))
        assert row["moved"] == pytest.approx(moved, abs=1e-6)
        assert (row["n"], row["marks"], row["alike"]) == (len(qualities),) * 2 + (True,)
    plain = [q + np.mean(shifts) for q in qualities]
    together = found.together.loc["stage"]
    assert together["moved"] == pytest.approx(np.mean(plain) - result.scores.mean(), abs=1e-6)
    clear = [k for k, score in enumerate(plain) if abs(score - 50) > 1e-6]
    changed = {f"u{k}" for k in clear if (plain[k] >= 50) != (result.grades.iloc[k] == "A")}
    rows = found.regraded[found.regraded["id"] == ""]
    assert changed == set(rows["unit"]) & {f"u{k}" for k in clear}
    if len(qualities) == 1:
        assert codes(found, "all") == {"one": ("u0",)}


def test_the_interval_is_students_over_the_means_of_the_units():
    """Where all units have as many cells: the t interval of the units' mean differences."""
    rng = np.random.default_rng(5)
    made = scheme([leaf(id, 50.0, {"x": 0.5, "y": 0.5}) for id in "ab"], 50.0, "xy")
    marks = rng.integers(30, 70, (4, 9)) / 10
    keys = ["a@x", "a@y", "b@x", "b@y"]
    found = qt.strictness.who_marks_harder(
        qt.assess(made, frame_of(dict(zip(keys, marks.tolist(), strict=True))))
    )
    differences = 10 * ((marks[0] - marks[1]) + (marks[2] - marks[3])) / 2
    row = of_kind(found, "stage").loc["x"]
    test = stats.ttest_1samp(differences, 0)
    assert row["strictness"] == pytest.approx(differences.mean())
    assert tuple(row[["low", "high"]]) == pytest.approx(tuple(test.confidence_interval()))
    # of two stages the second is the first with the other sign, so that Holm doubles p
    sure = 2 * test.pvalue <= 0.05
    assert (row["strict"] != "") == sure
    assert (row["below"], row["above"]) == ((differences < 0).sum(), (differences > 0).sum())


@pytest.mark.parametrize(("units", "strict"), [(2, ""), (6, ""), (7, "lenient")])
def test_a_few_units_that_tell_exactly_the_same_prove_nothing(units, strict):
    """Half a mark more for each of n units: chance is that of n equal signs, 2/2ⁿ, which Holm
    doubles for two stages: 1/16 for six units, 1/32 for seven."""
    made = scheme([leaf("a", 100.0, {"x": 0.5, "y": 0.5})], 50.0, "xy")
    marks = [5 + k / 10 for k in range(units)]
    columns = {"a@x": [mark + 0.5 for mark in marks], "a@y": marks}
    found = qt.strictness.who_marks_harder(qt.assess(made, frame_of(columns)))
    row = of_kind(found, "stage").loc["x"]
    assert (row["low"], row["high"], row["strict"]) == (5.0, 5.0, strict)
    blocks = pages.marking(qt.assess(made, frame_of(columns)), found)
    first = next(block.text for block in blocks if hasattr(block, "text"))
    assert ("尚不足以断定" in first.zh, "not enough to be sure" in first.en) == (not strict,) * 2
    # the interval does not hold 0: that there is no difference is never said
    assert "没有明显差别" not in first.zh and "no clear difference" not in first.en


def test_units_with_more_cells_count_for_more():
    """u0 is marked twice on two items, u1 on one: D = (1 + 2 + 6)/3; by the sandwich for clusters,
    D ± t·√(2/1·((3 − 2·3)² + (6 − 3)²))/3."""
    leaves = [leaf(id, 50.0, {"x": 0.5, "y": 0.5}) for id in "ab"]
    made = scheme(leaves, 50.0, "xy", missing={"not_applicable": "renormalise"})
    columns = {
        "a@x": [5.1, 5.6],
        "a@y": [5.0, 5.0],
        "b@x": [5.2, "不适用"],
        "b@y": [5.0, "不适用"],
    }
    found = qt.strictness.who_marks_harder(qt.assess(made, frame_of(columns)))
    row = of_kind(found, "stage").loc["x"]
    half = stats.t.ppf(0.975, 1) * math.sqrt(2 * (9 + 9)) / 3
    assert row["strictness"] == pytest.approx(3.0)
    assert (row["low"], row["high"]) == (pytest.approx(3 - half), pytest.approx(3 + half))
    assert row["marks"] == 3


def shifted(rows, stage, shift):
    """The rows of the city's file with a stage's marks less a shift, of the items that several
    stages mark, cut at 0 and 10."""
    marked = [
        name
        for name in rows[0]
        if name.endswith(f"@{stage}") and f"{name.partition('@')[0]}@hearing" in rows[0]
    ]
    changed = []
    for row in rows:
        new = dict(row)
        for name in marked:
            if row[name] != "不适用":
                new[name] = repr(min(max(round(float(row[name]) - shift, 10), 0.0), 10.0))
        changed.append(new)
    return changed


def written(rows, path):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


@pytest.fixture(scope="module")
def city():
    case = qt.read_case(CITY)
    last = qt.assess(case.previous.scheme, case.previous.table)
    result = qt.assess(case.scheme, case.table)
    return result, qt.strictness.who_marks_harder(result, before=last), last


def city_rows():
    with (CITY / "data.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def differences_by_hand(stage):
    """Of the city's file: by cell, a stage's mark less the mean of the two others, in hundredths of
    ten."""
    found = []
    for row in city_rows():
        for name in row:
            id, _, of = name.partition("@")
            if of == stage and f"{id}@hearing" in row and row[name] != "不适用":
                marks = {s: float(row[f"{id}@{s}"]) for s in ("documents", "hearing", "daily")}
                own = marks.pop(stage)
                found.append(10 * (own - sum(marks.values()) / 2))
    return found


@pytest.mark.parametrize("stage", ["documents", "hearing", "daily"])
def test_the_city_without_a_stages_strictness_is_the_file_changed_by_hand(stage, city, tmp_path):
    """The daily stage was made strict and the hearing lenient; the file's marks moved by hand and
    assessed give the same scores and grades."""
    result, found, _ = city
    row, by_hand = of_kind(found, "stage").loc[stage], differences_by_hand(stage)
    assert row["strictness"] == pytest.approx(np.mean(by_hand), abs=1e-7)
    assert row["marks"] == len(by_hand)
    assert row["strict"] == {"daily": "strict"}.get(stage, "lenient")
    written(shifted(city_rows(), stage, float(row["strictness"]) / 10), tmp_path / "data.csv")
    anew = qt.assess(result.scheme, read_table(tmp_path / "data.csv", result.scheme))
    assert row["moved"] == pytest.approx((anew.scores - result.scores).mean(), abs=1e-9)
    rows = found.regraded[found.regraded["id"] == stage].set_index("unit")
    changed = anew.grades.astype(object) != result.grades.astype(object)
    assert list(rows.index) == list(changed.index[changed])
    assert rows["grade_without"].to_dict() == anew.grades[changed].astype(object).to_dict()
    assert rows["score_without"].to_dict() == pytest.approx(anew.scores[changed].to_dict())
    assert row["regraded"] == changed.sum()


def share_of(unit, names, result):
    """A unit's share of full marks on those of some items that it was marked on, None of none."""
    k = result.table.units.index(unit)
    marked = [
        name
        for j, name in enumerate(result.matrix.columns)
        if name in names and result.table.status[k, j] in (VALUE, ZERO)
    ]
    if not marked:
        return None
    got = math.fsum(result.matrix.loc[unit, name] * result.points[name] for name in marked)
    return got / math.fsum(result.points[name] for name in marked)


def test_departments_of_the_city_by_hand(city):
    """Unit by unit in plain Python; the interval is that of a t test on the differences."""
    result, found, _ = city
    table = of_kind(found, "department")
    leaves = result.scheme.leaves
    assert set(table.index) == {name for x in leaves for name in x.lead.zh.split("、")}
    for id, row in table.iterrows():
        own = {x.id for x in leaves if id in x.lead.zh.split("、")}
        rest = {x.id for x in leaves} - own
        pairs = [
            [share_of(unit, names, result) for names in (own, rest)] for unit in result.scores.index
        ]
        apart = [100 * (a - b) for a, b in pairs if a is not None]
        assert row["n"] == len(apart) and row["alike"] == (len(apart) == 16)
        assert row["strictness"] == pytest.approx(np.mean(apart), abs=1e-6)
        interval = stats.ttest_1samp(apart, 0).confidence_interval()
        assert (row["low"], row["high"]) == pytest.approx(tuple(interval), abs=1e-6)


def test_a_department_of_the_city_without_its_difference(city):
    """Its shares moved and given to the assessment as a table of shares: the same scores where
    vetoes, bonus and rounding are the scheme's."""
    result, found, _ = city
    row = of_kind(found, "department").loc["财政局"]
    own = [x.id for x in result.scheme.leaves if "财政局" in x.lead.zh.split("、")]
    moved = result.matrix.copy()
    moved[own] = (moved[own] - row["strictness"] / 100).clip(0, 1)
    tree = result.scheme.model_dump()
    for node in nodes_of(tree["indicators"]):
        if node["rule"] is not None:
            node |= {"rule": {"kind": "share"}, "stages": {}, "scales": True, "out_of": None}
            node |= {"missing": {"not_applicable": "renormalise"}, "outliers": None, "plan": None}
    data = moved.astype(object).where(moved.notna(), "不适用")
    for v, veto in enumerate(result.scheme.vetoes):
        data[f"veto:{veto.id}"] = np.where(result.table.vetoes[:, v], "是", "否")
    for b, bonus in enumerate(result.scheme.bonuses):
        data[f"bonus:{bonus.id}"] = result.table.bonuses[:, b]
    anew = qt.assess(qt.Scheme.model_validate(tree), data)
    assert row["moved"] == pytest.approx((anew.scores - result.scores).mean(), abs=1e-9)
    rows = found.regraded[found.regraded["id"] == "财政局"].set_index("unit")
    changed = anew.grades.astype(object) != result.grades.astype(object)
    assert rows["grade_without"].to_dict() == anew.grades[changed].astype(object).to_dict()
    assert changed.any()


def nodes_of(indicators):
    for node in indicators:
        yield node
        yield from nodes_of(node["children"])


def test_a_departments_shift_is_taken_out_of_its_items():
    """D has b, whose shares lie .3 below those of a: without that, b has a's, but not above full
    marks."""
    leaves = [
        {"id": id, "name": id, "points": 50.0, "rule": {"kind": "share"}, "lead": lead}
        for id, lead in (("a", "C"), ("b", "D"))
    ]
    made = scheme(leaves, 75.0)
    result = qt.assess(made, frame_of({"a": [0.8, 0.9, 0.7], "b": [0.5, 0.7, 0.3]}))
    found = qt.strictness.who_marks_harder(result)
    table = of_kind(found, "department")
    assert table["strictness"].to_dict() == pytest.approx({"C": 30.0, "D": -30.0})
    half = stats.t.ppf(0.975, 2) * np.std([30, 20, 40], ddof=1) / math.sqrt(3)
    assert table.loc["C", "low"] == pytest.approx(30 - half)
    rows = found.regraded[found.regraded["id"] == "D"].set_index("unit")
    assert rows["score_without"].to_dict() == {
        "u0": 80.0
    }  # u1: 45 + 50, u2: 35 + 30 stay as graded
    assert result.grades.tolist() == ["B", "A", "B"]
    assert table.loc["D", "cut"] == 0
    assert table.loc["D", "moved"] == pytest.approx((15 + 15 + 15) / 3)


def test_what_changed_since_last_year_is_told_beside_the_others():
    """All rose by .1, but D's item fell by .1: −.2 beside the others; points do not matter."""
    leaves = [
        {"id": id, "name": id, "points": p, "rule": {"kind": "share"}, "lead": lead}
        for id, p, lead in (("a", 30.0, "C"), ("b", 30.0, "C"), ("d", 40.0, "D"))
    ]
    made = scheme(leaves, 50.0)
    now = {"a": [0.6, 0.7], "b": [0.5, 0.3], "d": [0.5, 0.3]}
    then = {"a": [0.5, 0.6], "b": [0.4, 0.2], "d": [0.6, 0.4]}
    found = qt.strictness.who_marks_harder(
        qt.assess(made, frame_of(now)), before=qt.assess(made, frame_of(then))
    )
    row = of_kind(found, "department").loc["D"]
    assert row[["own_change", "others_change", "change", "same_items"]].tolist() == pytest.approx(
        [-10, 10, -20, 1]
    )
    assert (row["change_low"], row["change_high"]) == pytest.approx((-20, -20))


def test_what_cannot_be_told_is_named(city):
    plain = qt.assess(
        qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}),
        frame_of({"a": [1.0, 0.5], "b": [0.5, 1.0]}),
    )
    found = qt.strictness.who_marks_harder(plain)
    assert found.table.empty and found.regraded.empty and found.together.empty
    for kind in ("stage", "group", "assessor", "department"):
        assert codes(found, kind) == {"none": ()}
    single = scheme([leaf("a", stages={"x": 1.0}), leaf("b", stages={"y": 1.0})], 5.0, "xy")
    found = qt.strictness.who_marks_harder(
        qt.assess(single, frame_of({"a@x": [5.0, 6.0], "b@y": [5.0, 6.0]}))
    )
    assert codes(found, "stage") == {"single": ()}
    assert codes(city[1], "stage") == {"check": ("verified",), "alone": ("self",)}
    one = scheme([leaf("a", lead="D"), leaf("b", lead="D")], 5.0)
    found = qt.strictness.who_marks_harder(qt.assess(one, frame_of({"a": [5.0], "b": [5.0]})))
    assert codes(found, "department") == {"all": ("D",)}


def test_stages_that_report_data_are_not_compared():
    rule = {"kind": "deduct", "rate": 1.0}
    counted = leaf("a", stages={"x": 0.5, "y": 0.5}) | {"rule": rule}
    made = scheme([counted], 5.0, "xy")
    found = qt.strictness.who_marks_harder(
        qt.assess(made, frame_of({"a@x": [1.0, 2.0], "a@y": [3.0, 3.0]}))
    )
    assert of_kind(found, "stage").empty
    assert codes(found, "stage") == {"measured": ("a",), "alone": ("x", "y")}


def test_levels_are_marked_as_their_shares():
    """y marks one level below x, .5 of full marks, on each of two units: without it all are at x's
    level."""
    levels = {"kind": "level", "levels": {"good": 1.0, "fair": 0.5, "poor": 0.0}}
    one = leaf("a", 10.0, {"x": 0.5, "y": 0.5}) | {"rule": levels}
    made = scheme([one], 9.0, "xy")
    columns = {"a@x": ["good", "fair"], "a@y": ["fair", "poor"]}
    found = qt.strictness.who_marks_harder(qt.assess(made, frame_of(columns)))
    assert of_kind(found, "stage").loc["y", "strictness"] == -50
    rows = found.regraded[found.regraded["id"] == "y"]
    assert rows[["unit", "score", "score_without"]].values.tolist() == [["u0", 7.5, 10.0]]


def test_a_stage_that_marks_some_units_only_is_not_alike():
    """The hearing of u1 is left blank, and a check fills it in."""
    stages = [{"id": id, "name": id} for id in "xy"]
    stages.append({"id": "v", "name": "v", "effect": "replaces"})
    made = scheme([leaf("a", stages={"x": 0.5, "y": 0.5})], 5.0, stages)
    columns = {"a@x": [5.0, 6.0, 6.0], "a@y": [4.0, None, 5.0], "a@v": [None, 6.0, None]}
    found = qt.strictness.who_marks_harder(qt.assess(made, frame_of(columns)))
    table = of_kind(found, "stage")
    assert table["alike"].to_dict() == {"x": True, "y": False}
    assert table["n"].tolist() == [2, 2]


def test_groups_and_assessors_are_those_of_the_panel():
    scheme_ = scheme_of([item("a")], 60.0)
    quality, severity = [70, 62, 58, 50], [-9.0, 0.0, 9.0]
    there = [[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1]]
    rows = [
        [f"u{i}", f"z{k}", "", "", "a", q + s]
        for i, q in enumerate(quality)
        for k, s in enumerate(severity)
        if there[i][k]
    ]
    ratings, result = assessed(scheme_, rows, [f"u{i}" for i in range(4)])
    found = qt.strictness.who_marks_harder(result, ratings)
    table = of_kind(found, "assessor")
    assert table["strictness"].to_dict() == pytest.approx({"z0": -9, "z1": 0, "z2": 9})
    panel = qt.panel.strictness(result, ratings)
    together = found.regraded[(found.regraded["kind"] == "assessor") & (found.regraded["id"] == "")]
    assert list(together["unit"]) == panel.changed == ["u1", "u2"]
    # without z0's alone u1 has the mean of 62 and 62
    alone = found.regraded[found.regraded["id"] == "z0"].set_index("unit")
    assert alone["score_without"].to_dict() == {"u1": pytest.approx(62.0)}
    assert codes(found, "group") == {"none": ()}
    assert found.tried["assessor"] == (3, 3)
    assert table["alike"].tolist() == [False, True, False]


@given(result=results())
@settings(max_examples=share(40), deadline=None)
def test_any_scheme_is_told_about(result):
    """Numbers are finite where markers were compared, and each other grade has its row."""
    found = qt.strictness.who_marks_harder(result)
    assert found.table["strictness"].notna().all()
    assert (found.table["below"] + found.table["above"] <= found.table["n"]).all()
    counts = found.regraded[found.regraded["id"] != ""].groupby(["kind", "id"]).size()
    for row in found.table.itertuples():
        assert row.regraded == counts.get((row.kind, row.id), 0)
    assert (found.regraded["grade"] != found.regraded["grade_without"]).all()


@pytest.mark.parametrize("lines", ["move", "hold"])
def test_lines_that_are_held_stay_held(lines):
    """The first of two has A. Without a strict x (10 below, of half the weight) both have 5 more:
    the order stays, and both reach a line that is held at 70."""
    grades = [{"id": "A", "by": "place", "quota": 1}, {"id": "B", "cutoff": 0.0}]
    made = scheme([leaf("a", 100.0, {"x": 0.5, "y": 0.5})], 0.0, "xy", grades=grades)
    result = qt.assess(made, frame_of({"a@x": [6.5, 6.0], "a@y": [7.5, 7.0]}))
    assert result.scores.tolist() == [70.0, 65.0] and result.grades.tolist() == ["A", "B"]
    found = qt.strictness.who_marks_harder(result.what_if(lines=lines))
    rows = found.regraded[found.regraded["id"] == "x"]
    assert rows[["unit", "grade", "grade_without", "score_without"]].values.tolist() == (
        [["u1", "B", "A", 70.0]] if lines == "hold" else []
    )


def test_a_quota_lets_one_in_as_another_goes_out():
    """One place. Only u0 is marked by x, 20 below y: without that it has 30 and 40, and the place
    that u1 had."""
    grades = [{"id": "A", "cutoff": 10.0, "quota": 1}, {"id": "B", "cutoff": 0.0}]
    leaves = [leaf("a", 50.0), leaf("b", 50.0, {"x": 0.5, "y": 0.5})]
    made = scheme(leaves, 0.0, "xy", grades=grades, missing={"not_applicable": "renormalise"})
    columns = {"a": [6.0, 6.6], "b@x": [6.0, "不适用"], "b@y": [8.0, "不适用"]}
    result = qt.assess(made, frame_of(columns))
    assert result.scores.tolist() == [65.0, 66.0]
    assert result.grades.tolist() == ["B", "A"]
    found = qt.strictness.who_marks_harder(result)
    rows = found.regraded[found.regraded["id"] == "x"]
    assert rows[["unit", "grade_without", "score_without"]].values.tolist() == [
        ["u0", "A", 70.0],
        ["u1", "B", 66.0],
    ]
