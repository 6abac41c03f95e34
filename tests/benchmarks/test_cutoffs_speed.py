"""Sweeps, natural breaks and comparisons beside plain numpy in the same run. No limit is asserted:
ratios are recorded."""

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.engine import grade, score
from qtoolkit.simulation.sampling import draws_of
from tests.benchmarks.test_simulation_speed import assessed, seconds

N = 3000


@pytest.fixture(scope="module")
def years():
    rng = np.random.default_rng(11)
    before = assessed(N, 100)
    shares = (before.matrix + rng.normal(0, 0.03, before.matrix.shape)).clip(0, 1)
    return before, qt.assess(before.scheme, shares)


def test_sweep_beside_grading_by_numpy_at_the_same_breaks(benchmark, years):
    """One cutoff over all of its breaks among 3,000 units, against the bare comparisons and
    counts."""
    result = years[0]
    scores, cutoffs = result.scores.to_numpy(), np.array([40.0, 50, 60])
    breaks = np.unique(np.append(scores[np.abs(scores - 60) < 5] - 60, 5))

    def bare():
        for shift in breaks:
            np.bincount(
                (scores[:, None] >= cutoffs + np.array([0, 0, shift])).sum(axis=1), minlength=4
            )

    found = benchmark.pedantic(lambda: qt.cutoffs.sweep(result, "A"), rounds=3)
    assert len(found.steps) > 100
    benchmark.extra_info |= {"breaks": len(breaks), "bare numpy": seconds(bare)}


def test_natural_breaks_beside_a_plain_programme(benchmark, years):
    """The same dynamic programme over the sums of squares of all groups, held as one n × n table by
    numpy."""
    scores = years[0].scores

    def bare():
        x = np.sort(scores.to_numpy() - scores.mean())
        s, q = np.append(0, np.cumsum(x)), np.append(0, np.cumsum(x**2))
        i, j = np.triu_indices(N + 1, 1)
        cost = np.full((N + 1, N + 1), np.inf)
        cost[i, j] = q[j] - q[i] - (s[j] - s[i]) ** 2 / (j - i)
        best = np.where(np.arange(N + 1) == 0, 0.0, np.inf)
        for _ in range(4):
            best = (best[:, None] + cost).min(axis=0)
        return best[N]

    found = benchmark.pedantic(lambda: qt.cutoffs.natural_breaks(scores, 4), rounds=3)
    assert found.within == pytest.approx(bare())
    benchmark.extra_info["bare numpy"] = seconds(bare)


def test_a_comparison_beside_sixteen_assessments(benchmark, years):
    """Sixteen mixed assessments and their Shapley parts, against assessing the validated data
    sixteen times."""
    before, after = years

    def bare():
        for _ in range(16):
            qt.assess(before.scheme, before.table)

    found = benchmark.pedantic(lambda: qt.comparison.compare(before, after).decomposition, rounds=3)
    assert isinstance(found, pd.DataFrame)
    benchmark.extra_info["sixteen assessments"] = seconds(bare)


def test_cutoffs_among_all_combinations_of_the_city_case(benchmark):
    """A quota and 125 combinations over 10,000 draws, beside one simulation of them and beside
    grading every draw by every combination in turn."""
    case = qt.read_case("params/city-2026")
    result = qt.assess(case.scheme, case.table)
    found = benchmark.pedantic(lambda: qt.cutoffs.optimise(result), rounds=1)
    assert found.tried == 125
    region = qt.regions.Box(relative=0.1)
    if benchmark.enabled:
        one = seconds(lambda: qt.simulation.simulate(result, region, 10_000, pairs=False))
        plain = seconds(lambda: graded_in_turn(result, region, 5)) * 125 / 5
        own = benchmark.stats.stats.min
        benchmark.extra_info["times_one_simulation"] = round(own / one, 1)
        benchmark.extra_info["times_faster_than_in_turn"] = round(plain / own, 1)


def test_fifty_thousand_cutoffs_and_quotas(benchmark):
    """31 units by 40 indicators, quotas of two grades: 51,840 combinations over 10,000 draws,
    beside grading every draw by some of them in turn."""
    rng = np.random.default_rng(3)
    leaves = [f"x{i}" for i in range(40)]
    shares = rng.normal(0.82, 0.08, (31, 1)) + rng.normal(0, 0.1, (31, 40))
    scheme = qt.Scheme.flat(dict.fromkeys(leaves, 2.5), {"A": 84, "B": 80, "C": 75, "D": 0})
    plain = qt.assess(scheme, pd.DataFrame(shares.clip(0, 1), columns=leaves))
    result = plain.change({"grades.A.quota": 9, "grades.B.quota": 20})
    draws = 10_000 if benchmark.enabled else 500
    quotas = {"A": [5, 6, 7, 8, 10, 11, 12, 13], "B": [16, 17, 18, 19, 21, 22, 23]}
    asked = {"step": 0.5, "quotas": quotas, "draws": draws}
    found = benchmark.pedantic(lambda: qt.cutoffs.optimise(result, **asked), rounds=1)
    assert found.tried == 51_840
    if benchmark.enabled:
        region = qt.regions.Box(relative=0.1)
        in_turn = seconds(lambda: graded_in_turn(result, region, 5)) * found.tried / 5
        own = benchmark.stats.stats.min
        benchmark.extra_info["times_faster_than_in_turn"] = round(in_turn / own)


def graded_in_turn(result, region, many):
    """10,000 draws graded by so many combinations, one after the other."""
    drawn = draws_of(result, region, 10_000, 0)
    for i in range(drawn.chunks):
        base = score(result.engine, drawn.chunk(i)[0])
        for _ in range(many):
            grade(result.engine, base)
