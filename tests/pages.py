"""The pages of the memo as the notebooks make them: what a page is of computed, then shown."""

from __future__ import annotations

import qtoolkit as qt
from qtoolkit.report import choosing, exact, sensitivity, simulated


def ranges(result, band):
    found = qt.robustness.score_range(result, qt.regions.Box(relative=band))
    return sensitivity.ranges(result, found, band)


def tolerances(result, band):
    return sensitivity.tolerances(result, qt.robustness.tolerance(result), band)


def crosscheck(result):
    return sensitivity.crosscheck(result, qt.alternatives.crosscheck(result))


def rank_ranges(result, band, drawn):
    region, units = qt.regions.Box(relative=band), tuple(choosing.edge(result))
    found = qt.robustness.rank_range(result, region, time_limit=60, seed=drawn.seed, units=units)
    return exact.rank_ranges(result, found, drawn)


def flips(result):
    units = choosing.edge(result)
    found, in_halves = (
        qt.robustness.cheapest_flip(result, step=step, units=units) for step in (None, 0.5)
    )
    return exact.flips(result, found, in_halves)


def transfers(result):
    moves = qt.robustness.transfer_map(result, choosing.most_points(result))
    return exact.transfers(result, moves, qt.robustness.stability_intervals(result))


def choices(result, factors, band, n=1024):
    factors = qt.simulation.choices(result, band) if factors is None else factors
    runs = qt.simulation.affordable_runs(result, n)
    found = (
        qt.simulation.sobol(result, factors, target, runs)
        for target in ("grade_changes", "rank_shift")
    )
    return simulated.choices(result, *found, n)


def rank_sets(result):
    measured = result.table.measured
    return simulated.rank_sets(
        result, qt.simulation.rank_confidence(result, "data") if measured else None
    )
