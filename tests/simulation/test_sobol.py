"""Sobol indices against closed forms and Ishigami's, against all combinations gone through, and
where nothing may move."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean, pvariance

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.changes import change
from qtoolkit.regions import Box
from qtoolkit.simulation.sobol import _codes, _design, _indices, choices, exact_indices, sobol
from tests.robustness.lp import flat


def test_ishigami():
    """sin x1 + 7 sin² x2 + .1 x3⁴ sin x1 on (−π, π)³: S = .3139 .4424 0, S_T = .5576 .4424 .2437
    (Saltelli et al. 2010)."""
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
    return flat(
        [40.0, 30.0, 20.0, 10.0], np.round(rng.random((9, 4)), 2), {"A": 60, "B": 45, "C": 0}
    )


FACTORS = {
    "aggregation": ["arithmetic", "geometric"],
    "rounding.total": [None, 0],
    "drop": [None, "x0", "x3"],
    "cutoffs.A": [55, 60, 66],
}


def gone_through(result, factors, target):
    """The target of every combination that holds, each by an assessment of its own: {numbers of
    alternatives: value}."""
    found = {}
    for codes in itertools.product(*(range(len(values)) for values in factors.values())):
        chosen = {
            key: values[code] for (key, values), code in zip(factors.items(), codes, strict=True)
        }
        try:
            found[codes] = float(target(qt.assess(change(result.scheme, chosen), result.table)))
        except InputError:
            continue
    return found


def by_loops(found):
    """S and S_T by plain loops over the combinations that hold: V(E(f | i)) / V and E(V(f | all but
    i)) / V."""
    whole, k, first, total = list(found.values()), len(next(iter(found))), [], []
    for i in range(k):
        alike, others = {}, {}
        for codes, value in found.items():
            alike.setdefault(codes[i], []).append(value)
            others.setdefault(codes[:i] + codes[i + 1 :], []).append(value)
        means = [fmean(values) for values in alike.values() for _ in values]
        first.append(pvariance(means) / pvariance(whole))
        total.append(
            sum(pvariance(values) * len(values) for values in others.values())
            / len(whole)
            / pvariance(whole)
        )
    return first, total


def grid_of(function, *axes):
    return np.array([function(*x) for x in itertools.product(*axes)], float).reshape(
        [len(axis) for axis in axes]
    )


def test_additive_choices_in_closed_form():
    """f = a + b + c: S_i = S_Ti = V_i / ΣV; 0, 1 have the variance ¼, 0, 1, 2 have ⅔, and 0, 3 have
    9/4."""
    found = exact_indices(grid_of(lambda a, b, c: a + b + c, [0, 1], [0, 1, 2], [0, 3]))
    parts = np.array([1 / 4, 2 / 3, 9 / 4])
    assert found["first"] == pytest.approx(parts / parts.sum(), abs=1e-15)
    assert found["total"] == pytest.approx(parts / parts.sum(), abs=1e-15)
    assert all(
        np.isnan(found[f"{name}_{end}"]).all()
        for name in ("first", "total")
        for end in ("low", "high")
    )


def test_a_pure_interaction_in_closed_form():
    """f = a·b with a, b = ±1, c without effect: nothing alone, everything together; c exactly 0,
    not 1e-17."""
    found = exact_indices(grid_of(lambda a, b, c: a * b / 3 + 0.1, [-1, 1], [-1, 1], range(7)))
    assert found["first"].tolist() == [0, 0, 0] and found["total"] == pytest.approx(
        [1, 1, 0], abs=1e-15
    )
    assert found["total"][2] == 0


def test_ishigami_on_a_grid_in_closed_form():
    """sin x1 + 7 sin² x2 + .1 x3⁴ sin x1 at the middles of 12 equal parts of (−π, π): sums over
    equally spaced angles give E sin² = ½ and V(sin²) = ⅛ exactly, so V1 = ½(1 + .1 E x3⁴)², V2 =
    49/8, V13 = ½ · .01 V(x3⁴)."""
    x = [np.pi * ((2 * i + 1) / 12 - 1) for i in range(12)]
    found = exact_indices(
        grid_of(lambda a, b, c: np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a), x, x, x)
    )
    fourth = [c**4 for c in x]
    one, two, both = (1 + 0.1 * fmean(fourth)) ** 2 / 2, 49 / 8, 0.01 * pvariance(fourth) / 2
    assert found["first"] == pytest.approx(np.array([one, two, 0]) / (one + two + both), abs=1e-12)
    assert found["total"] == pytest.approx(
        np.array([one + both, two, both]) / (one + two + both), abs=1e-12
    )


def test_a_grid_with_holes_by_loops():
    """Combinations that fail are left out: over the others, all equally probable; a whole
    alternative may fail."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        grid = np.round(rng.normal(size=(3, 2, 4)), 1)
        grid[rng.random(grid.shape) < 0.3] = np.nan
        grid[:, :, 1] = np.nan
        held = {
            codes: float(grid[codes])
            for codes in np.ndindex(*grid.shape)
            if not np.isnan(grid[codes])
        }
        first, total = by_loops(held)
        found = exact_indices(grid)
        assert found["first"] == pytest.approx(first, abs=1e-12) and found[
            "total"
        ] == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize(
    ("target", "measure"),
    [
        ("grade_changes", lambda new, old: (new.grades != old.grades).sum()),
        ("rank_shift", lambda new, old: (new.ranks - old.ranks).abs().mean()),
        ("rank:u3", lambda new, old: new.ranks["u3"]),
        ("score:u0", lambda new, old: new.scores["u0"]),
        ("grade:u4", lambda new, old: new.grades.cat.codes["u4"]),
        (
            "top:3",
            lambda new, old: ((new.ranks <= 3) & (old.ranks <= 3)).sum() / (old.ranks <= 3).sum(),
        ),
    ],
)
def test_indices_agree_with_all_combinations(case, target, measure):
    """Exactly where they can be gone through; the design of samples within its error."""
    values = gone_through(case, FACTORS, lambda new: measure(new, case))
    first, total = by_loops(values)
    found = sobol(case, FACTORS, target, n=8, seed=3)
    assert found.exact and found.runs == found.distinct == found.over == 36 and found.failures.empty
    assert found.table["first"].tolist() == pytest.approx(first, abs=1e-12)
    assert found.table["total"].tolist() == pytest.approx(total, abs=1e-12)
    assert found.table[["first_low", "first_high", "total_low", "total_high"]].isna().all(axis=None)
    assert found.interactions == pytest.approx(1 - sum(first), abs=1e-12)
    assert (found.mean, found.sd) == pytest.approx(
        (fmean(values.values()), pvariance(values.values()) ** 0.5)
    )
    codes = _codes([len(alternatives) for alternatives in FACTORS.values()], 4096, seed=3)
    drawn = _indices(
        np.array([values[tuple(row)] for row in codes.tolist()]).reshape(6, 4096), 200, seed=3
    )
    assert drawn["first"].tolist() == pytest.approx(first, abs=0.03)
    assert drawn["total"].tolist() == pytest.approx(total, abs=0.03)


def test_more_combinations_than_draws_are_drawn(case):
    """36 combinations: of samples of 4 settings with 4 factors, 24 runs, they are too many; of 8,
    48 runs, they are not."""
    drawn, through = (sobol(case, FACTORS, n=n) for n in (4, 8))
    assert not drawn.exact and drawn.runs == 24 and through.exact and through.runs == 36
    with ThreadPoolExecutor(2) as pool:
        again = sobol(case, FACTORS, n=8, executor=pool)
    pd.testing.assert_frame_equal(through.table, again.table, check_exact=True)


def test_a_duplicated_alternative_moves_nothing(case):
    found = sobol(case, {"aggregation": ["geometric", "geometric"], "cutoffs.A": [52, 70]}, n=128)
    assert found.table.loc["aggregation", ["first", "total"]].tolist() == [0.0, 0.0]
    assert found.table.loc["cutoffs.A", "total"] == pytest.approx(1, abs=1e-12)
    still = sobol(
        case, {"aggregation": ["scheme", "arithmetic"], "rounding.total": [None, None]}, n=64
    )
    assert (
        not still.moves
        and still.table.isna().all(axis=None)
        and still.mean == 0
        and np.isnan(still.interactions)
    )


def test_combinations_that_fail_are_counted(case):
    """Cutoffs of A and B in the wrong order are no scheme: 1 of 4 combinations. The indices are
    over the other 3, by plain loops; drawn, with the points from a region, over the samples without
    any."""
    factors = {"cutoffs.A": [50, 60], "cutoffs.B": [45, 55], "rounding.total": [None, 0]}
    found = sobol(case, factors, n=256)
    first, total = by_loops(
        gone_through(case, factors, lambda new: (new.grades != case.grades).sum())
    )
    assert found.table["first"].tolist() == pytest.approx(first, abs=1e-12)
    assert found.table["total"].tolist() == pytest.approx(total, abs=1e-12)
    assert (found.runs, found.failures.sum(), found.over) == (8, 2, 6)
    drawn = sobol(case, factors | {"points": Box(relative=0.01)}, n=256)
    assert (
        not drawn.exact and 0.2 < drawn.failures.sum() / drawn.runs < 0.3 and 0 < drawn.over < 256
    )
    assert drawn.table.notna().all(axis=None)
    for each in (found, drawn):
        assert (
            each.failures.sum() == each.alternatives.groupby("factor")["failed"].sum().iloc[0] > 0
        )
        (reason,) = each.failures.index
        assert reason.zh != reason.en


def test_experts_and_regions_of_points_are_single_factors(case):
    experts = [{"x0": 40, "x1": 30, "x2": 20, "x3": 10}, {"x0": 10, "x1": 20, "x2": 30, "x3": 40}]
    found = sobol(case, {"points": experts, "drop": [None, "x1"]}, "rank_shift", n=64)
    assert found.alternatives["alternative"].tolist()[:2] == experts
    region = {"points": Box(relative=0.5), "cutoffs.A": [55, 65]}
    found = sobol(case, region, "rank_shift", n=512)
    assert (
        found.table["total"].tolist() == pytest.approx([1, 0], abs=0.05)
        and found.table["total"].iloc[1] == 0
    )
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
