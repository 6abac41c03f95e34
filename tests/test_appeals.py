"""Single marks judged again, against `assess` on data changed by hand, exact fractions, and by
hand."""

import itertools
from fractions import Fraction
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Veto
from qtoolkit.inputs.statuses import NEW, NOT_APPLICABLE
from tests import oracle
from tests.examples import share
from tests.strategies import KINDS, frame_of, givens, scheme_of

TICK = 1.5e-10
ROWS = 8  # of each random assessment


def row_of(found, unit, leaf, change):
    table = found.table
    at = (table["unit"] == unit) & (table["leaf"] == leaf) & (table["change"] == change)
    assert at.sum() == 1
    return table[at].iloc[0]


def three(**first):
    """Scores of 95, 92 and 85 of 100 on two leaves of 60 and 40; A from 90."""
    scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    grades = (scheme.grades[0].model_copy(update=first), scheme.grades[1])
    frame = pd.DataFrame({"a": [57, 54, 48], "b": [38, 38, 37]}, index=["甲", "乙", "丙"])
    return qt.assess(scheme.model_copy(update={"grades": grades}), frame / [60, 40])


def by_hand(result, frame, row):
    """The assessment with the mark of a row in the place of the old one."""
    other = frame.copy()
    other.loc[row["unit"], row["leaf"]] = row["points_after"] / result.points[row["leaf"]]
    return qt.assess(result.scheme, other)


def agrees(result, other, row):
    """Whether a row says what another assessment says."""
    unit, units = row["unit"], list(result.scores.index)
    was, now = (list(r.grades.cat.codes) for r in (result, other))
    worse = tuple(u for u, a, b in zip(units, was, now, strict=True) if b < a and u != unit)
    better = tuple(u for u, a, b in zip(units, was, now, strict=True) if b > a and u != unit)
    assert abs(row["score_after"] - other.scores[unit]) <= TICK
    assert row["rank_after"] == other.ranks[unit] and row["rank"] == result.ranks[unit]
    assert row["grade_after"] == other.grades[unit] and row["grade"] == result.grades[unit]
    assert (row["out"], row["up"]) == (worse, better)


CHANGES = [
    {},
    {"grades.A.quota": 3},
    {"grades.A.quota": 0.3, "rounding.total": 0},
    {"rounding.total": 1, "rounding.leaf": 1},
]


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("steps", [(0.5, 1), (3,), ()])
def test_each_row_is_what_assess_gives_on_data_changed_by_hand(changes, steps):
    rng = np.random.default_rng(len(changes))
    scheme = qt.Scheme.flat({"a": 30, "b": 50, "c": 20}, {"A": 80, "B": 60, "C": 0})
    marks = rng.integers(0, 11, (9, 3)) / 10
    frame = pd.DataFrame(marks, index=[f"u{k}" for k in range(9)], columns=list("abc"))
    result = qt.assess(scheme, frame).change(changes)
    found = qt.appeals.rejudge(result, steps)
    for _, row in found.table.iterrows():
        agrees(result, by_hand(result, frame, row), row)
    wanted = {"full": (1, marks < 1), "zero": (-1, marks > 0)}
    for step in steps:
        wanted |= {f"+{step:g}": (1, marks < 1), f"-{step:g}": (-1, marks > 0)}
    for name, (side, there) in wanted.items():
        rows = found.table[found.table["change"] == name]
        assert len(rows) == there.sum()
        assert ((rows["points_after"] - rows["points"]) * side > 0).all()
    assert set(found.table["change"]) == set(wanted)


@pytest.mark.parametrize("ways", [{"by": "place", "quota": 2}, {"by": "share", "quota": 0.4}])
def test_grades_by_place_and_by_share_are_given_anew(ways):
    frame = pd.DataFrame({"a": [0.9, 0.9, 0.7, 0.6, 0.2], "b": [0.5, 0.4, 0.9, 0.6, 0.2]})
    frame.index = [f"u{k}" for k in range(5)]
    scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    best = scheme.grades[0].model_copy(update={"cutoff": None} | ways)
    scheme = scheme.model_copy(update={"grades": (best, scheme.grades[1])})
    result = qt.assess(scheme, frame)
    found = qt.appeals.rejudge(result, (1, 10))
    assert found.lines == "move" and found.matters.any()
    for _, row in found.table.iterrows():
        agrees(result, by_hand(result, frame, row), row)
    held = qt.appeals.rejudge(result.fixed, (1, 10))
    assert held.lines == "held" and not held.table["out"].map(len).any()


def test_who_rises_takes_the_place_of_another():
    """One place: 甲 has it with 95. 乙 of 92 lacks 3, with which neither has it; 6 more on a make
    it 98 and push 甲 out. 甲 falls behind by 4, and 乙 moves up."""
    found = qt.appeals.rejudge(three(quota=1.0), (3, 4))
    level, ahead = (row_of(found, "乙", "a", change) for change in ("+3", "+4"))
    assert (level["grade_after"], level["out"], level["rank_after"]) == ("B", ("甲",), 1)
    assert (ahead["grade_after"], ahead["out"], ahead["up"]) == ("A", ("甲",), ())
    down = row_of(found, "甲", "a", "-4")
    assert (down["grade_after"], down["out"], down["up"]) == ("B", (), ("乙",))
    assert down["rank_after"] == 2
    assert row_of(found, "甲", "a", "-3")["up"] == ()  # level with 乙: neither has the place
    assert row_of(found, "丙", "a", "full")["grade_after"] == "A"  # 85 + 12
    assert not len(found.table.query("unit == '丙' and leaf == 'a' and change == 'full' and up"))


def test_without_a_quota_nobody_else_is_touched():
    found = qt.appeals.rejudge(three(), (0.5, 1, 2))
    assert not found.table["out"].map(len).any() and not found.table["up"].map(len).any()
    assert row_of(found, "乙", "b", "-2")["grade_after"] == "A"  # exactly on the cutoff of 90
    assert row_of(found, "乙", "b", "zero")["grade_after"] == "B"


def test_the_least_change_is_named_once_with_all_its_indicators():
    """乙 of 92 loses A by any step of 3 points; 丙 of 85 gains it by 12 on a alone, since b has 3
    to give."""
    found = qt.appeals.rejudge(three(), (3,))
    least = found.least.set_index(["unit", "side"])
    assert least.loc[("乙", "less"), ["change", "moved", "leaves", "grade_after"]].tolist() == [
        "-3",
        3.0,
        ("a", "b"),
        "B",
    ]
    assert least.loc[("丙", "more"), ["change", "leaves", "grade_after"]].tolist() == [
        "full",
        ("a",),
        "A",
    ]
    assert abs(least.loc[("丙", "more"), "moved"] - 12) < TICK
    assert least["moved"].is_monotonic_increasing


def test_a_cut_step_and_full_marks_are_named_once():
    """98 of 100: with 2 points more, all that the leaf has, the grade changes."""
    scheme = qt.Scheme.flat({"a": 100}, {"A": 99, "B": 0})
    found = qt.appeals.rejudge(qt.assess(scheme, pd.DataFrame({"a": [0.98]}, index=["甲"])), (5,))
    assert list(found.table["change"]) == ["+5", "-5", "full", "zero"]
    assert row_of(found, "甲", "a", "+5")["points_after"] == 100
    assert len(found.least) == 1 and found.least.loc[0, "change"] == "+5"


def test_a_veto_holds_whatever_the_marks():
    veto = Veto(id="v", name="v", cap="B")
    scheme = three().scheme.model_copy(update={"vetoes": (veto,)})
    frame = pd.DataFrame(
        {"a": [0.95, 0.5], "b": [0.95, 0.5], "veto:v": ["是", "否"]}, index=["甲", "乙"]
    )
    found = qt.appeals.rejudge(qt.assess(scheme, frame))
    mine = found.table[found.table["unit"] == "甲"]
    assert len(mine) and (mine["grade_after"] == "B").all()


def test_what_has_no_mark_is_left_out_and_said():
    case = qt.read_case("city-2026")
    result = qt.assess(case.scheme, case.table)
    found = qt.appeals.rejudge(result)
    status = case.table.status
    without = np.isin(status, (NOT_APPLICABLE, NEW)) | result.engine.tree.blank
    leaves = [leaf.id for leaf in case.scheme.leaves]
    expected = {
        (unit, leaf)
        for (i, unit), (j, leaf) in itertools.product(
            enumerate(case.table.units), enumerate(leaves)
        )
        if without[i, j] and result.points[leaf] > 0
    }
    assert set(zip(found.left_out["unit"], found.left_out["leaf"], strict=True)) == expected
    judged = set(zip(found.table["unit"], found.table["leaf"], strict=True))
    assert judged and not judged & expected


def test_the_units_asked_for_and_none_else():
    result = three()
    found = qt.appeals.rejudge(result, units=["丙", "甲"])
    assert found.units == ("甲", "丙") and set(found.table["unit"]) == {"甲", "丙"}
    whole = qt.appeals.rejudge(result).table
    pd.testing.assert_frame_equal(found.table, whole[whole["unit"] != "乙"].reset_index(drop=True))
    nobody = qt.appeals.rejudge(result, units=[])
    assert nobody.table.empty and nobody.left_out.empty and nobody.least.empty
    assert not nobody.matters.any()


def test_chunks_change_nothing():
    result = three(quota=1.0)
    whole = qt.appeals.rejudge(result).table
    with mock.patch("qtoolkit.appeals.CELLS_AT_ONCE", 1):
        pd.testing.assert_frame_equal(qt.appeals.rejudge(result).table, whole)


@pytest.mark.parametrize("steps", [(0,), (-1,), (float("inf"),), ("1",), (True,)])
def test_a_step_is_a_number_above_zero(steps):
    with pytest.raises(InputError, match="0"):
        qt.appeals.rejudge(three(), steps)


def test_an_unknown_unit_is_refused():
    with pytest.raises(InputError, match="丁"):
        qt.appeals.rejudge(three(), units=["丁"])


def fractions_of(scheme, rows, unit, leaf, change):
    """Grades in fractions with one mark judged again, and whether that is another mark: the mark is
    the leaf's score in its points, rounded as leaves are."""
    real, how = oracle.leaf_score, scheme.get("rounding", {}).get("leaf")
    full = Fraction(str(leaf["points"]))
    mark = oracle.rounded(real(leaf, rows[unit], rows, scheme), how)
    steps = {"full": full, "zero": Fraction(0)}
    new = steps[change] if change in steps else mark + Fraction(change)
    new = max(min(new, full), Fraction(0))

    def judged(node, row, others, given):
        if row is rows[unit] and node["id"] == leaf["id"]:
            return new
        return real(node, row, others, given)

    with mock.patch.object(oracle, "leaf_score", judged):
        return oracle.grade_all(scheme, rows)


@settings(max_examples=share(100))
@given(givens(kinds=["share", "goalposts", "deduct", "minmax"], stages=False))
def test_rejudged_agrees_with_the_oracle(given):
    against_fractions(given)


@settings(max_examples=share(40))
@given(givens(kinds=KINDS, stages=False, ways=True))
def test_lines_that_move_agree_with_the_oracle(given):
    against_fractions(given)


def against_fractions(given):
    scheme, rows = given.scheme, given.rows
    result = qt.assess(scheme_of(scheme), frame_of(given))
    leaves = {leaf["id"]: leaf for leaf in given.leaves}
    was = [unit["grade"] for unit in oracle.grade_all(scheme, rows)]
    order = [grade["id"] for grade in scheme["grades"]]
    names = list(result.scores.index)
    table = qt.appeals.rejudge(result).table
    for _, row in table.iloc[:: max(1, len(table) // ROWS)].iterrows():
        k = names.index(row["unit"])
        found = fractions_of(scheme, rows, k, leaves[row["leaf"]], row["change"])
        assert abs(row["score_after"] - float(found[k]["published"])) <= TICK
        assert (row["rank_after"], row["grade_after"]) == (found[k]["rank"], found[k]["grade"])
        fell = [order.index(u["grade"]) - order.index(w) for u, w in zip(found, was, strict=True)]
        others = [(name, d) for i, (name, d) in enumerate(zip(names, fell, strict=True)) if i != k]
        assert row["out"] == tuple(name for name, d in others if d > 0)
        assert row["up"] == tuple(name for name, d in others if d < 0)
