"""Sobol indices against Ishigami's, against all combinations gone through, and where nothing may move."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.changes import change
from qtoolkit.regions import Box
from qtoolkit.simulation.sobol import _design, _indices, choices, sobol
from tests.robustness.lp import flat


def test_ishigami():
    """sin x1 + 7 sin² x2 + .1 x3⁴ sin x1 on (−π, π)³: S = .3139 .4424 0, S_T = .5576 .4424 .2437 (Saltelli et al. 2010)."""
    n = 2**15
    x = np.pi * (2 * _design(3, n, seed=1) - 1)
    f = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    found = _indices(f.reshape(5, n), 500, seed=1)
    assert found["first"] == pytest.approx([0.3139, 0.4424, 0], abs=0.01)
    assert found["total"] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)
    for name, exact in (("first", [0.3139, 0.4424, 0]), ("total", [0.5576, 0.4424, 0.2437])):
        assert (found[f"{name}_low"] <= exact).all() and (exact <= found[f"{name}_high"]).all()


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(11)
    return flat([40.0, 30.0, 20.0, 10.0], np.round(rng.random((9, 4)), 2), {"A": 60, "B": 45, "C": 0})


FACTORS = {"aggregation": ["arithmetic", "geometric"], "rounding.total": [None, 0], "drop": [None, "x0", "x3"], "cutoffs.A": [55, 60, 66]}


def exact_indices(result, factors, target):
    """S and S_T by going through all combinations: V(E(f | i)) / V and E(V(f | all but i)) / V."""
    grid = np.array([
        target(qt.assess(change(result.scheme, dict(zip(factors, combination, strict=True))), result.table))
        for combination in itertools.product(*factors.values())
    ], dtype=float).reshape([len(values) for values in factors.values()])  # fmt: skip
    axes = range(grid.ndim)
    first = [grid.mean(axis=tuple(a for a in axes if a != i)).var() / grid.var() for i in axes]
    return first, [grid.var(axis=i).mean() / grid.var() for i in axes]


@pytest.mark.parametrize(
    ("target", "measure"),
    [
        ("grade_changes", lambda new, old: (new.grades != old.grades).sum()),
        ("rank_shift", lambda new, old: (new.ranks - old.ranks).abs().mean()),
        ("rank:u3", lambda new, old: new.ranks["u3"]),
        ("score:u0", lambda new, old: new.scores["u0"]),
        ("grade:u4", lambda new, old: new.grades.cat.codes["u4"]),
        ("top:3", lambda new, old: ((new.ranks <= 3) & (old.ranks <= 3)).sum() / (old.ranks <= 3).sum()),
    ],
)
def test_indices_agree_with_all_combinations(case, target, measure):
    found = sobol(case, FACTORS, target, n=4096, seed=3)
    first, total = exact_indices(case, FACTORS, lambda new: measure(new, case))
    assert found.table["first"].tolist() == pytest.approx(first, abs=0.03)
    assert found.table["total"].tolist() == pytest.approx(total, abs=0.03)
    assert found.runs == 4096 * 6 and found.distinct == 2 * 2 * 3 * 3 and found.failures.empty
    assert found.interactions == pytest.approx(1 - sum(first), abs=0.05)


def test_a_duplicated_alternative_moves_nothing(case):
    found = sobol(case, {"aggregation": ["geometric", "geometric"], "cutoffs.A": [52, 70]}, n=128)
    assert found.table.loc["aggregation", ["first", "total"]].tolist() == [0.0, 0.0]
    assert found.table.loc["cutoffs.A", "total"] == pytest.approx(1, abs=0.1)
    still = sobol(case, {"aggregation": ["scheme", "arithmetic"], "rounding.total": [None, None]}, n=64)
    assert not still.moves and still.table.isna().all(axis=None) and still.mean == 0 and np.isnan(still.interactions)


def test_combinations_that_fail_are_counted(case):
    """Cutoffs of A and B in the wrong order are no scheme: 1 of 4 combinations."""
    found = sobol(case, {"cutoffs.A": [50, 60], "cutoffs.B": [45, 55], "rounding.total": [None, 0]}, n=256)
    assert found.failures.sum() == found.alternatives.groupby("factor")["failed"].sum().iloc[0] > 0
    (reason,) = found.failures.index
    assert reason.zh != reason.en and 0.2 < found.failures.sum() / found.runs < 0.3
    assert found.table.notna().all(axis=None)


def test_experts_and_regions_of_points_are_single_factors(case):
    experts = [{"x0": 40, "x1": 30, "x2": 20, "x3": 10}, {"x0": 10, "x1": 20, "x2": 30, "x3": 40}]
    found = sobol(case, {"points": experts, "drop": [None, "x1"]}, "rank_shift", n=64)
    assert found.alternatives["alternative"].tolist()[:2] == experts
    region = {"points": Box(relative=0.5), "cutoffs.A": [55, 65]}
    found = sobol(case, region, "rank_shift", n=512)
    assert found.table["total"].tolist() == pytest.approx([1, 0], abs=0.05) and found.table["total"].iloc[1] == 0
    with ThreadPoolExecutor(2) as pool:
        again = sobol(case, region, "rank_shift", n=512, executor=pool)
    pd.testing.assert_frame_equal(found.table, again.table)
    drawn = Box(relative=0.5).at(case).sample(20_000, 5)
    shift = qt.simulation.simulate(case, Box(relative=0.5), draws=20_000, seed=5).rank_shift[0]
    assert found.mean == pytest.approx(shift, abs=0.1) and len(drawn) == 20_000


@pytest.mark.parametrize(
    ("factors", "target", "part"),
    [
        ({"agregation": ["arithmetic", "geometric"]}, "rank_shift", "“aggregation”"),
        ({"aggregation": ["arithmetic", "geometrical"]}, "rank_shift", "“geometric”"),
        ({"aggregation": ["arithmetic"]}, "rank_shift", "“aggregation”"),
        ({"aggregation": "geometric"}, "rank_shift", "“aggregation”"),
        ({"drop": [None, "x7"]}, "rank_shift", "x7"),
        ({"cutoffs": Box(relative=0.1)}, "rank_shift", "points"),
        ({"points": [{"x0": 50}, {"x9": 50}]}, "rank_shift", "x9"),
        ({}, "rank_shift", "factors"),
        (FACTORS, "rank_shft", "“rank_shift”"),
        (FACTORS, "rank:u99", "u9"),
        (FACTORS, "top:0", "top"),
    ],
)
def test_a_misspelt_choice_or_target_is_one_sentence(case, factors, target, part):
    with pytest.raises(InputError) as caught:
        sobol(case, factors, target, n=8)
    assert all(part in caught.value.sentences(language)[0] for language in ("zh", "en"))
    assert len(caught.value.complaints) == 1


def test_the_choices_that_a_case_has():
    for name in ("city-2026", "provinces-2008", "tai-2001"):
        given = qt.read_case(f"params/{name}")
        result = qt.assess(given.scheme, given.table)
        found = sobol(result, n=16, bootstrap=50)
        assert found.failures.empty and list(found.table.index) == list(choices(result))
        assert {"points", "aggregation", "drop"} <= set(found.table.index)
