"""What is remembered with an assessment: computed once, handed out so that nobody can change it for
the next one."""

import dataclasses

import pandas as pd

import qtoolkit as qt
from qtoolkit import remembered
from qtoolkit.regions import Box


def assessed():
    frame = pd.DataFrame({"a": [1.0, 0.4], "b": [0.8, 0.9]}, index=["甲", "乙"])
    return qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)


def test_a_table_that_is_changed_is_whole_when_it_is_asked_for_again():
    result = assessed()
    first = qt.cutoffs.margins(result)
    first["above"] = -1.0
    assert (qt.cutoffs.margins(result)["above"].dropna() >= 0).all()
    ranks = qt.robustness.rank_range(result, Box(relative=0.1))
    ranks.table["best"] = 0
    ranks.witnesses["best"].loc[:] = -1.0
    again = qt.robustness.rank_range(result, Box(relative=0.1))
    assert (again.table["best"] > 0).all() and (again.witnesses["best"].fillna(0) >= 0).all(
        axis=None
    )


def test_other_arguments_and_other_assessments_are_computed_anew():
    result = assessed()
    shifts = [
        qt.robustness.tolerance(result, shift=shift).table["tolerance"]["甲"]
        for shift in (0.0, 1.0, 0.0)
    ]
    assert shifts[0] == shifts[2] > shifts[1]
    copy = dataclasses.replace(result)
    qt.cutoffs.margins(result)
    assert "_remembered" in result.__dict__ and "_remembered" not in copy.__dict__


def test_arguments_that_cannot_be_compared_are_not_remembered():
    calls = []

    @remembered.remembered
    def count(result, vectors):
        calls.append(len(vectors))
        return pd.Series(vectors)

    result = assessed()
    assert [count(result, [1]).sum(), count(result, [1]).sum()] == [1, 1] and calls == [1, 1]
