"""Projections beside bare numpy draws of the same size in the same run. No limit is asserted:
ratios are recorded."""

import time

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt

DRAWS = 2_000


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def made(n, d):
    """Shares of n units, a third of whom were verified on a fifth of the items."""
    rng = np.random.default_rng(3)
    names, ids = [f"u{k}" for k in range(n)], [f"i{j}" for j in range(d)]
    own = pd.DataFrame(rng.uniform(0.6, 0.95, (n, d)), names, ids)
    found = own - 0.03 - 0.02 * rng.standard_normal((n, d))
    seen = (np.arange(n)[:, None] % 3 == 0) & (rng.random((n, d)) < 0.2)
    scheme = qt.Scheme.flat(dict.fromkeys(ids, 100 / d), {"A": 80, "B": 70, "C": 0})
    return qt.assess(scheme, own), found.clip(0, 1).where(seen)


@pytest.mark.parametrize(("n", "d"), [(31, 30), (300, 40)])
def test_a_projection_beside_bare_draws(benchmark, n, d):
    """Normal numbers for every cell, less from the shares, times points, ranked: what any program
    must do at least."""
    result, seen = made(n, d)
    shares, points = result.matrix.to_numpy(), result.points.to_numpy()

    def bare():
        rng = np.random.default_rng(0)
        for _ in range(DRAWS // 100):
            drawn = shares - 0.03 - 0.02 * rng.standard_normal((100, n, d))
            np.argsort(-(np.clip(drawn, 0, 1) @ points), axis=1)

    bare_time = min(seconds(bare) for _ in range(3))
    benchmark.pedantic(
        lambda: qt.verification.project(result, seen, draws=DRAWS), rounds=3, iterations=1
    )
    if benchmark.stats is not None:
        benchmark.extra_info["times_bare"] = benchmark.stats.stats.min / bare_time
