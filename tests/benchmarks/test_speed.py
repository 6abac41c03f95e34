"""Draws a second of score and grade, beside a bare numpy product and argsort in the same run. No limit is asserted."""

import time

import numpy as np
import pandas as pd
import pytest

from qtoolkit.assessment import assess
from qtoolkit.engine import grade, rank, score
from qtoolkit.inputs.scheme import Scheme

UNITS, LEAVES, DRAWS = 31, 40, 20_000


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(7)
    ids = [f"x{j}" for j in range(LEAVES)]
    frame = pd.DataFrame(rng.random((UNITS, LEAVES)), columns=ids, index=[f"u{k}" for k in range(UNITS)])
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
