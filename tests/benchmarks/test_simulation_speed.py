"""Simulation beside a bare numpy product and argsort in the same run. No limit is asserted: ratios
are recorded."""

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.engine.tally import tally
from qtoolkit.regions import Box
from qtoolkit.regions.sampling import box_simplex
from qtoolkit.runs.executors import executor

DRAWS = 100_000
LIMITED = importlib.util.find_spec("threadpoolctl") is not None


def one_thread():
    """One BLAS thread, where threadpoolctl is there."""
    if not LIMITED:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


def assessed(n, d, twins=False):
    """Scores that no two units share; with `twins` each unit stands twice, so that all ranks are
    tied."""
    rng = np.random.default_rng(7)
    x = rng.random((n // 2, d)).repeat(2, axis=0) if twins else rng.random((n, d))
    ids = [f"x{j}" for j in range(d)]
    frame = pd.DataFrame(x, columns=ids, index=[f"u{k}" for k in range(len(x))])
    return qt.assess(
        qt.Scheme.flat(dict.fromkeys(ids, 100 / d), {"A": 60, "B": 50, "C": 40, "D": 0}), frame
    )


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.parametrize(
    ("n", "draws", "twins"), [(31, DRAWS, False), (32, DRAWS, True), (2844, 8192, False)]
)
def test_share_of_the_bare_rate(benchmark, n, draws, twins):
    """Ranks, rank and grade acceptability with the draws given (8,192 are two of our chunks),
    interleaved with argsort(−W Xᵀ), medians of 15."""
    result = assessed(n, 40, twins)
    points = Box(relative=0.25).at(result).sample(draws, 3)
    x, ranks = result.engine.slope, result.ranks.to_numpy()

    def ours():
        return tally(result.engine, ranks, points)

    def bare():
        np.argsort(-(points @ x.T), axis=1)

    with one_thread():
        counted = benchmark.pedantic(ours, rounds=1)
        if benchmark.enabled:
            pairs = [(seconds(ours), seconds(bare)) for _ in range(15)]
            mine, plain = (statistics.median(times) for times in zip(*pairs, strict=True))
            benchmark.extra_info |= {
                "draws_per_second": round(draws / mine),
                "share_of_bare_rate": round(plain / mine, 2),
                "one_thread": LIMITED,
            }
    assert counted.draws == draws and (counted.ranks.sum(axis=1) == draws).all()


@pytest.mark.parametrize("relative", [0.25, 1.0])
def test_uniform_draws_of_a_box(benchmark, relative):
    points = np.full(40, 2.5)
    lo, hi = points * (1 - relative), points * (1 + relative)
    rng = np.random.default_rng(1)
    drawn = benchmark.pedantic(
        lambda: box_simplex(rng, lo, hi, 100.0, DRAWS), rounds=5 if benchmark.enabled else 1
    )
    assert drawn.sum(axis=1) == pytest.approx(100)
    if benchmark.enabled:
        plain = min(seconds(lambda: rng.random((DRAWS, 40))) for _ in range(5))
        benchmark.extra_info["times_rng_random"] = round(benchmark.stats.stats.median / plain, 1)


MEMORY = """
import sys
from tests.benchmarks.test_simulation_speed import Box, assessed, qt
n, d, draws = map(int, sys.argv[1:])
def peak():
    status = open("/proc/self/status")
    return next(line.split()[1] for line in status if line.startswith("VmHWM"))
result = assessed(n, d)
before = peak()
qt.simulation.simulate(result, Box(relative=0.25), draws=draws)
print(before, peak())
"""


@pytest.mark.parametrize(("n", "d", "draws"), [(31, 40, 1_000_000), (3000, 100, 10_000)])
def test_memory(benchmark, n, d, draws):
    """Peak memory of a process of its own, and what the simulation added to it."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the kernel's own count of peak memory, on Linux alone")
    draws = draws if benchmark.enabled else 5000
    command = [sys.executable, "-c", MEMORY, str(n), str(d), str(draws)]
    done = benchmark.pedantic(
        lambda: subprocess.run(command, capture_output=True, text=True, check=True), rounds=1
    )
    before, peak = (int(word) / 1e6 for word in done.stdout.split())
    benchmark.extra_info |= {"peak_gb": round(peak, 3), "added_gb": round(peak - before, 3)}
    assert peak >= before > 0


@pytest.mark.parametrize("where", ["here", "2 processes", "Dask, 2 workers"])
def test_workers(benchmark, where):
    """A million draws of 31 × 40, drawing included; the workers are there already."""
    if where.startswith("Dask"):
        pytest.importorskip("distributed", reason="needs the extra qtoolkit[dask]")
    if not benchmark.enabled and where != "here":
        pytest.skip("tests/runs/test_executors.py runs them; only their times are wanted here")
    result, draws = assessed(31, 40), 1_000_000 if benchmark.enabled else 5000
    options = {
        "here": {},
        "2 processes": {"jobs": 2},
        "Dask, 2 workers": {"jobs": 2, "dask": "local"},
    }[where]
    with executor(**options) as workers:

        def run(draws):
            return qt.simulation.simulate(
                result, Box(relative=0.25), draws=draws, executor=workers, pairs=False
            )

        run(20_000)
        simulated = benchmark.pedantic(run, (draws,), rounds=3 if benchmark.enabled else 1)
    assert simulated.draws == draws
    if benchmark.enabled:
        benchmark.extra_info |= {
            "draws_per_second": round(draws / benchmark.stats.stats.min),
            "cores": os.cpu_count(),
        }


def test_sobol_over_choices(benchmark):
    """1,024 × (k + 2) settings of city-2026, beside as many assessments by `assess` (a hundred of
    them, scaled up)."""
    case = qt.read_case("params/city-2026")
    result = qt.assess(case.scheme, case.table)
    n = 1024 if benchmark.enabled else 16
    found = benchmark.pedantic(lambda: qt.simulation.sobol(result, n=n), rounds=1)
    assert found.runs == n * (len(found.table) + 2)
    if benchmark.enabled:
        one = seconds(lambda: [result.change({"aggregation": "geometric"}) for _ in range(20)]) / 20
        benchmark.extra_info["times_faster_than_assess"] = round(
            one * found.runs / benchmark.stats.stats.min
        )


def test_the_city_case_beside_a_flat_scheme_of_its_size(benchmark):
    """Sub-items, deductions, blanks, a quota and vetoes, beside plain weighted sums of as many
    units and leaves; drawing included."""
    case = qt.read_case("params/city-2026")
    result = qt.assess(case.scheme, case.table)
    flat = assessed(len(result.scores), len(result.points))
    draws = DRAWS if benchmark.enabled else 2000

    def simulated(of):
        return qt.simulation.simulate(of, Box(relative=0.1), draws, seed=0, pairs=False)

    rounds = 5 if benchmark.enabled else 1
    found = benchmark.pedantic(simulated, (result,), rounds=rounds)
    assert found.draws == draws
    if benchmark.enabled:
        plain = min(seconds(lambda: simulated(flat)) for _ in range(rounds))
        benchmark.extra_info["times_flat"] = round(benchmark.stats.stats.min / plain, 2)


def test_sobol_of_a_second_target(benchmark):
    """The notebook measures grades and ranks over the same settings: beside the first target, which
    goes through them."""
    case = qt.read_case("params/city-2026")
    result = qt.assess(case.scheme, case.table)
    n = 1024 if benchmark.enabled else 16
    first = seconds(lambda: qt.simulation.sobol(result, n=n))
    found = benchmark.pedantic(
        lambda: qt.simulation.sobol(result, target="rank_shift", n=n), rounds=1
    )
    assert found.target == "rank_shift"
    if benchmark.enabled:
        benchmark.extra_info["share_of_the_first"] = round(benchmark.stats.stats.min / first, 2)
