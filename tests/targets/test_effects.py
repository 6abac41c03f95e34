"""Other targets give what assessing an edited table gives."""

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from tests.inputs.helpers import refused
from tests.targets.cases import FRAME, result_of

LAST = pd.DataFrame(
    {"rate": [120.0, 95.0, 0.0], "target:rate": [110.0, 80.0, 70.0]}, index=["a", "b", "c"]
)
PLAN = {"plan": {"start": 2023, "end": 2028, "base": 90, "goal": 105}}
NEW = {
    "filed": [100, 100, 100, 80],
    "last_target": [110, 80, 70, 80],
    "last_value": [120, 95, 100, 80],  # a target of 0 cannot be divided by
    "linear": [99, 99, 99, 99],
    "compound": [90 * (105 / 90) ** 0.6] * 4,
}
KEPT = {"filed": 4, "last_target": 1, "last_value": 2, "linear": 0, "compound": 0}


def test_each_basis_is_the_assessment_of_an_edited_table():
    result = result_of(leaf=PLAN)
    found = qt.targets.effects(result, result_of(LAST))
    assert list(found.kept.index) == list(NEW)
    for basis, targets in NEW.items():
        edited = qt.assess(result.scheme, FRAME.assign(**{"target:rate": targets}))
        assert found.table[basis].tolist() == edited.grades.tolist()
        assert found.table[f"score:{basis}"].tolist() == edited.scores.tolist()
        assert found.kept.loc[basis, "kept"] == KEPT[basis]
        moved = found.changed[found.changed["basis"] == basis].set_index("unit")
        differ = edited.grades != result.grades
        assert list(moved.index) == list(result.grades.index[differ])
        change = (edited.scores - result.scores)[differ].tolist()
        assert moved["score_change"].tolist() == pytest.approx(change)


def test_the_case_scored_anew_with_last_years_targets():
    case = qt.read_case("city-2026")
    result = qt.assess(case.scheme, case.table)
    last = qt.assess(case.previous.scheme, case.previous.table)
    found = qt.targets.effects(result, last, ["last_target"])
    table = qt.read_case("city-2026").table
    for leaf in ("manufacturing_pass", "investment"):
        now, then = (
            [each.id for each in scheme.leaves].index(leaf)
            for scheme in (case.scheme, case.previous.scheme)
        )
        rows = [case.previous.table.units.index(unit) for unit in table.units]
        table.targets[:, now] = case.previous.table.targets[rows, then]
    other = qt.assess(case.scheme, table)
    assert found.table["last_target"].equals(other.grades.rename("last_target"))
    assert found.table["score:last_target"].tolist() == other.scores.tolist()
    assert found.table["filed"].tolist() == result.grades.tolist()
    assert list(found.kept.index) == ["filed", "last_target"]


def test_what_cannot_be_asked():
    plain, planned = result_of(), result_of(leaf=PLAN)
    flat = qt.assess(qt.Scheme.flat({"x": 100}, {"A": 0}), pd.DataFrame({"x": [0.5]}, index=["a"]))
    for call, said in (
        ((flat,), "no indicator takes a target"),
        ((planned, None, ["last_target"]), "previous"),
        ((plain, None, ["linear"]), "plan"),
        ((planned, None, ["liner"]), "linear"),
        ((planned, None, "liner"), "linear"),
        ((planned, None, 5), "expected one of"),
    ):
        _, en = refused(qt.targets.effects, *call)
        assert len(en) == 1 and said in en[0], en
    assert list(qt.targets.effects(planned, bases="linear").kept.index) == ["filed", "linear"]


def test_units_that_come_and_go_bring_their_plans_along():
    """Two years of the city case of which either lacks a unit: causes are found for all others."""
    case = qt.read_case("city-2026")
    result = qt.assess(case.scheme, case.table)
    for dropped in ("甲市", "巳市"):
        keep = np.array([unit != dropped for unit in case.table.units])
        less = qt.assess(case.scheme, case.table.keep(keep))
        plan = less.table.plans["plan_base:manufacturing_pass"]
        assert np.array_equal(plan, case.table.plans["plan_base:manufacturing_pass"][keep])
        for before, after in ((less, result), (result, less)):
            why = qt.comparison.causes(before, after)
            assert dropped not in why.index
            assert len(qt.comparison.compare(before, after).decomposition) == 15
