"""The log of corrections, against assessments of the data with one change undone by hand."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Bonus, Covariate, Veto

UNITS = ["甲", "乙", "丙", "丁"]


def scheme_of(quota=1):
    flat = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 70, "C": 0})
    best = flat.grades[0].model_copy(update={"quota": float(quota)})
    return flat.model_copy(
        update={
            "grades": (best, *flat.grades[1:]),
            "vetoes": (Veto(id="v", name="v", cap="C"),),
            "covariates": (Covariate(id="gdp", name="gdp"),),
            "bonuses": (Bonus(id="m", name="m", kind="bonus", max=5.0),),
        }
    )


def frame_of():
    return pd.DataFrame(
        {
            "a": [0.95, 0.9, 0.85, 0.6],
            "b": [0.95, 0.92, 0.8, 0.7],
            "veto:v": ["否"] * 4,
            "bonus:m": [0.0, 0.0, 1.0, 0.0],
            "gdp": [4.0, 3.0, 2.0, 1.0],
        },
        index=UNITS,
    )


CHANGES = [
    ("甲", "a", 0.8, "value"),
    ("乙", "b", "零分", "value"),
    ("丙", "veto:v", "是", "veto"),
    ("丁", "bonus:m", 4.0, "bonus"),
    ("丙", "gdp", 9.0, "covariate"),
]


def both(scheme=None):
    scheme, old = scheme or scheme_of(), frame_of()
    new = old.astype(object)
    for unit, column, value, _ in CHANGES:
        new.loc[unit, column] = value
    return scheme, old, new


def test_each_change_is_a_row_and_says_what_it_did_alone():
    scheme, old, new = both()
    before, after = qt.assess(scheme, old), qt.assess(scheme, new)
    found = qt.comparison.corrections(before, after)
    assert {(r.unit, r.column, r.kind) for r in found.itertuples()} == {
        (unit, column, kind) for unit, column, _, kind in CHANGES
    }
    for row in found[found["kind"] != "covariate"].itertuples():
        undone = new.copy()
        undone.loc[row.unit, row.column] = old.loc[row.unit, row.column]
        other = qt.assess(scheme, undone)
        assert (row.score, row.rank, row.grade) == (
            after.scores[row.unit],
            after.ranks[row.unit],
            after.grades[row.unit],
        )
        assert (row.score_without, row.rank_without, row.grade_without) == (
            other.scores[row.unit],
            other.ranks[row.unit],
            other.grades[row.unit],
        )
        unlike = [u for u in UNITS if u != row.unit and other.grades[u] != after.grades[u]]
        assert row.others == tuple(unlike)
    plain = found[found["kind"] == "covariate"].iloc[0]
    assert (plain["old"], plain["new"]) == ("2", "9") and plain["grade_without"] is None
    assert np.isnan(plain["score_without"]) and plain["others"] == ()


def test_who_takes_the_place_is_named():
    """One place: 甲 of 95 falls to 86 and 乙 of 90.8 moves up; undone alone, 乙 is pushed out."""
    old = frame_of()
    new = old.copy()
    new.loc["甲", "a"] = 0.8
    before, after = (qt.assess(scheme_of(), frame) for frame in (old, new))
    row = qt.comparison.corrections(before, after).iloc[0]
    assert (row["grade_without"], row["grade"], row["others"]) == ("A", "B", ("乙",))


def test_units_that_come_and_leave():
    scheme, old = scheme_of(), frame_of()
    before, after = qt.assess(scheme, old.loc[UNITS[:3]]), qt.assess(scheme, old.loc[UNITS[1:]])
    found = qt.comparison.corrections(before, after).set_index("unit")
    assert list(found.index) == ["丁", "甲"] and set(found["kind"]) == {"unit"}
    assert found.loc["丁", ["old", "new"]].tolist() == [False, True]
    assert found.loc["丁", "grade_without"] is None and found.loc["丁", "others"] == ()
    # 甲 would have the one place, which 乙 has now
    assert found.loc["甲", "grade_without"] == "A" and found.loc["甲", "grade"] is None
    assert found.loc["甲", "others"] == ("乙",) and np.isnan(found.loc["甲", "score"])


def test_equal_data_have_no_corrections_in_whatever_order():
    scheme, old = scheme_of(), frame_of()
    before, after = qt.assess(scheme, old), qt.assess(scheme, old.iloc[::-1])
    assert qt.comparison.corrections(before, after).empty


def test_targets_statuses_stages_and_remarks_of_a_case():
    """Each is put into the case's table by hand."""
    case = qt.read_case("city-2026")
    before = qt.assess(case.scheme, case.table)
    table, ids = case.table, [leaf.id for leaf in case.scheme.leaves]
    targets, stages = table.targets.copy(), dict(table.stages)
    k, j = np.argwhere(~np.isnan(targets))[0]
    targets[k, j] *= 2
    stage = next(iter(stages))
    stages[stage] = stages[stage].copy()
    u, v = np.argwhere(np.vectorize(lambda cell: cell is not None)(stages[stage]))[0]
    stages[stage][u, v] = -1.0
    remarks = table.remarks.assign(approved="A")
    other = dataclasses.replace(table, targets=targets, stages=stages, remarks=remarks)
    after = qt.assess(case.scheme, other)
    found = qt.comparison.corrections(before, after)
    kinds = set(found["kind"])
    assert {"target", "stage"} <= kinds <= {"target", "stage", "remark"}
    row = found[found["kind"] == "target"].iloc[0]
    unit = table.units[k]
    assert (row["unit"], row["column"]) == (unit, f"target:{ids[j]}")
    assert row["score_without"] == before.scores[unit] and row["score"] == after.scores[unit]
    assert f"{ids[v]}@{stage}" in set(found["column"])


def test_other_schemes_are_refused():
    with pytest.raises(InputError, match="compare"):
        qt.comparison.corrections(
            qt.assess(scheme_of(1), frame_of()), qt.assess(scheme_of(2), frame_of())
        )
