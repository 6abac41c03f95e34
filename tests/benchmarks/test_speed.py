"""Draws a second of score and grade, beside a bare numpy product and argsort in the same run. No
limit is asserted."""

import time

import numpy as np
import pandas as pd
import pytest

from qtoolkit import robustness
from qtoolkit.assessment import assess
from qtoolkit.engine import grade, rank, score
from qtoolkit.inputs.case import read_case
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.regions import Box

UNITS, LEAVES, DRAWS = 31, 40, 20_000


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(7)
    ids = [f"x{j}" for j in range(LEAVES)]
    frame = pd.DataFrame(
        rng.random((UNITS, LEAVES)), columns=ids, index=[f"u{k}" for k in range(UNITS)]
    )
    scheme = Scheme.flat(dict.fromkeys(ids, 2.5), {"A": 60, "B": 50, "C": 40, "D": 0})
    return assess(scheme, frame).engine, rng.dirichlet(np.ones(LEAVES), DRAWS) * 100


def seconds(work, times=5):
    """The least of a few runs: other work on the machine only ever adds."""

    def once():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(once() for _ in range(times))


VERBS = {
    "score": score,
    "score and grade": lambda engine, points: grade(engine, score(engine, points)),
    "score and rank": lambda engine, points: rank(score(engine, points)),
}


@pytest.mark.parametrize("verb", VERBS)
def test_draws_a_second(benchmark, given, verb):
    engine, points = given
    result = benchmark(VERBS[verb], engine, points)
    assert result.shape == (DRAWS, UNITS)
    ours = seconds(lambda: VERBS[verb](engine, points))
    bare = seconds(lambda: np.argsort(points @ engine.slope.T, axis=1))
    benchmark.extra_info["draws_per_second"] = round(DRAWS / ours)
    benchmark.extra_info["times_bare_product_and_argsort"] = round(ours / bare, 2)


def ratio(benchmark, name, bare):
    """Our least time over that of the baseline, where the benchmark is on."""
    if benchmark.enabled:
        benchmark.extra_info[name] = round(benchmark.stats.stats.min / bare, 2)


def alike(n, d, seed=0):
    """Units that differ by as much as their indicators do: neighbours are close."""
    rng = np.random.default_rng(seed)
    ids = [f"x{j}" for j in range(d)]
    shares = np.clip(
        0.8 + 0.1 * rng.standard_normal((n, 1)) + 0.1 * rng.standard_normal((n, d)), 0, 1
    )
    points = rng.dirichlet(np.ones(d) * 5) * 100
    points[-1] = 100 - points[:-1].sum()
    cutoffs = {"A": 80, "B": 70, "C": 60, "D": 0}
    frame = pd.DataFrame(shares, columns=ids, index=[f"u{k}" for k in range(n)])
    return assess(Scheme.flat(dict(zip(ids, points, strict=True)), cutoffs), frame)


def test_rank_ranges_of_31_by_12(benchmark):
    """All 62 ends exact, beside the scoring and ranking of 20,000 draws."""
    result = alike(31, 12)
    table = benchmark(lambda: robustness.rank_range(result, Box(relative=0.25)).table)
    assert (table["status"] == "exact").all()
    draws = Box(relative=0.25).at(result).sample(20_000)
    bare = seconds(lambda: rank(score(result.engine, draws)))
    ratio(benchmark, "times_20000_draws_ranked", bare)


@pytest.mark.parametrize("what", ["tolerance", "score range"])
def test_certificates_of_3000_by_100(benchmark, what):
    """Beside one sort of the same table, which any weighted median needs."""
    result = alike(3000, 100)
    work = {
        "tolerance": lambda: robustness.tolerance(result).table,
        "score range": lambda: robustness.score_range(result, Box(relative=0.1)).table,
    }[what]
    assert len(benchmark(work)) == 3000
    bare = seconds(lambda: np.argsort(result.engine.slope, axis=1))
    ratio(benchmark, "times_one_sort", bare)


@pytest.mark.soak
def test_all_pairs_of_3000_by_100(benchmark):
    """4.5 million pairs, beside the sort of a tenth of their differences; peak memory of the whole
    process."""
    result = alike(3000, 100)
    table = benchmark.pedantic(robustness.pair_tolerance, (result,), rounds=1)
    assert table.shape == (3000, 3000)
    x = result.engine.slope
    bare = seconds(
        lambda: [np.sort(x[k + 1 :] - x[k], axis=1) for k in range(0, 3000, 10)], times=1
    )
    ratio(benchmark, "times_sorting_a_tenth", bare)
    try:
        import resource

        benchmark.extra_info["peak_gb"] = round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2
        )
    except ImportError:  # Windows
        pass


def test_rank_ranges_of_2844_by_40_within_a_budget(benchmark):
    """A time limit of 20 seconds in all (2 in the ordinary tests): what is settled by then is
    exact, the rest bounds."""
    result, limit = alike(2844, 40), 20 if benchmark.enabled else 2
    table = benchmark.pedantic(
        lambda: robustness.rank_range(result, Box(relative=0.25), time_limit=limit).table, rounds=1
    )
    assert (
        set(table["status"]) <= {"exact", "bounds"}
        and (table["best"] <= table["attained_best"]).all()
    )
    benchmark.extra_info["exact"] = int((table["status"] == "exact").sum())


@pytest.fixture
def city():
    """The case that people play with: sub-items, blanks, deductions, a quota and vetoes."""
    case = read_case("params/city-2026")
    return lambda: assess(case.scheme, case.table)


def test_tolerances_of_the_city_case(benchmark, city):
    """Of an assessment just made, beside scoring and grading 20,000 draws."""
    result = city()
    draws = Box(relative=0.1).at(result).sample(DRAWS)
    table = benchmark.pedantic(
        lambda fresh: robustness.tolerance(fresh).table,
        setup=lambda: ((city(),), {}),
        rounds=5 if benchmark.enabled else 1,
    )
    assert len(table) == len(result.scores)
    bare = seconds(lambda: grade(result.engine, score(result.engine, draws)))
    ratio(benchmark, "times_20000_draws_graded", bare)


EXACT = {
    "score range": lambda result: robustness.score_range(result, Box(relative=0.1)),
    "rank range": lambda result: robustness.rank_range(result, Box(relative=0.1)),
    "cheapest flip": robustness.cheapest_flip,
    "transfer map": robustness.transfer_map,
    "stability": robustness.stability_intervals,
}


@pytest.mark.parametrize("what", EXACT)
def test_exact_analyses_of_the_city_case(benchmark, city, what):
    """Beside scoring and grading 20,000 draws."""
    result = city()
    draws = Box(relative=0.1).at(result).sample(DRAWS)
    benchmark.pedantic(
        EXACT[what],
        setup=lambda: ((city(),), {}),
        rounds=3 if benchmark.enabled else 1,
    )
    bare = seconds(lambda: grade(result.engine, score(result.engine, draws)))
    ratio(benchmark, "times_20000_draws_graded", bare)
