"""What is remembered with an assessment: computed once, handed out so that nobody can change it for
the next one."""

import dataclasses
import importlib
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

import qtoolkit as qt
from qtoolkit import remembered
from qtoolkit.regions import Box

sobol = importlib.import_module("qtoolkit.simulation.sobol")


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


def test_who_computes_is_no_part_of_the_question(monkeypatch):
    """Choices measured by a second target are not gone through again, whoever goes through them;
    other settings are."""
    result, asked = assessed(), []
    settings = sobol.settings

    def counted(*given):
        asked.append(len(given[1]))
        return settings(*given)

    monkeypatch.setattr(sobol, "settings", counted)
    factors = {"cutoffs.A": [85, 90, 95], "rounding.total": [None, 0]}
    with ThreadPoolExecutor(1) as workers:
        qt.simulation.sobol(result, factors, executor=workers)
    qt.simulation.sobol(result, factors, "rank_shift")
    assert asked == [6]
    qt.simulation.sobol(result, factors | {"cutoffs.A": [85.0, 90, 95]}, "rank_shift")
    qt.simulation.sobol(result, factors, "top:1")
    assert asked == [6, 6, 6]
