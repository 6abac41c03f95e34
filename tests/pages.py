"""The pages of the memo as the notebooks make them: what a page is of computed, then shown."""

from __future__ import annotations

import qtoolkit as qt
from qtoolkit.report import appeals as appealing
from qtoolkit.report import assessment as assessing
from qtoolkit.report import (
    choosing,
    cutoffs,
    decomposition,
    exact,
    sensitivity,
    simulated,
    weights,
)
from qtoolkit.report import strictness as markers
from qtoolkit.report import summary as summaries


def within(band):
    """The region of a band, or the region that is given."""
    return band if isinstance(band, qt.regions.Region) else qt.regions.Box(relative=band)


def ranges(result, band):
    region = within(band)
    return sensitivity.ranges(result, qt.robustness.score_range(result, region, exact=True), region)


def new_indicators(result, before=None):
    return exact.new_indicators(result, qt.new_indicators.worst_case(result, before))


def methods(result, band):
    return sensitivity.methods(result, within(band))


def tolerances(result, band):
    return sensitivity.tolerances(result, qt.robustness.tolerance(result), band)


def crosscheck(result):
    return sensitivity.crosscheck(result, qt.alternatives.crosscheck(result))


def rank_ranges(result, band, drawn):
    region, units = within(band), tuple(choosing.edge(result))
    seed = 0 if drawn is None else drawn.seed
    found = qt.robustness.rank_range(result, region, time_limit=60, seed=seed, units=units)
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


def rejudged(result):
    found = qt.appeals.rejudge(result, units=choosing.appealing(result, 6))
    return appealing.rejudged(result, found)


def rank_sets(result):
    measured = result.table.measured
    return simulated.rank_sets(
        result, qt.simulation.rank_confidence(result, "data") if measured else None
    )


def near_misses(result, near_miss=None):
    return cutoffs.near_misses(result, qt.cutoffs.margins(result), near_miss)


def decimals(result):
    return cutoffs.decimals(result, qt.cutoffs.rounding_audit(result))


def moving(result, width=None):
    swept, alone = qt.cutoffs.sweep(result, width=width), qt.robustness.cutoff_intervals(result)
    shifts = [share * result.scheme.total for share in (0, 0.005, 0.01, 0.02)]
    certain = qt.robustness.tolerance_map(result, [0, 0.025, 0.05, 0.1, 0.2], shifts)
    return cutoffs.moving(result, swept, alone, certain)


def gathering(result):
    width = result.scheme.total / 100
    groups = min(len(result.scheme.grades), result.scores.nunique())
    breaks = qt.cutoffs.natural_breaks(result.scores, groups)
    return cutoffs.gathering(result, qt.cutoffs.bunching(result, width), breaks, width)


def quotas(result):
    return cutoffs.quotas(result, qt.cutoffs.quota_audit(result))


def readings(result):
    both, leaving = qt.cutoffs.two_readings(result), qt.cutoffs.successors(result)
    return cutoffs.readings(result, both, leaving)


def places(result):
    keys = [f"grades.{g.id}.quota" for g in result.scheme.grades[:-1] if g.quota is not None]
    return cutoffs.places(result, [qt.cutoffs.sweep(result, key) for key in keys])


def errors(result, se, source, **asked):
    found = None if se is None else qt.cutoffs.misgrading(result, se, **asked)
    return cutoffs.errors(result, found, source)


def options(result, window=None, draws=2000):
    grid, found = qt.cutoffs.grid(result, window, draws), None
    if grid.affordable:
        found = qt.cutoffs.optimise(result, window=grid.window, step=grid.step, draws=draws)
    return cutoffs.options(result, grid, found)


def effective(result, bootstrap=200, seed=0):
    found = qt.importance.effective(result, bootstrap=bootstrap, seed=seed)
    tops = qt.importance.effective(result, "top", bootstrap, seed)
    return weights.effective(result, found, qt.importance.leave_one_out(result), tops)


def overlaps(result):
    pairs, (alpha, _) = qt.importance.correlations(result), qt.importance.cronbach(result)
    return weights.overlaps(result, pairs, alpha)


def alternatives(result, step=0.5, judged=None):
    found = qt.weighting.from_data(result, step)
    people = qt.weighting.from_people(result, judged, step)
    would = qt.weighting.consequences(result, found.points.join(people.points))
    alone = qt.weighting.consequences(result, people.each)
    return weights.alternatives(result, found, people, would, alone)


def reach(result, step=0.5, seed=0):
    return weights.reach(result, qt.importance.proportion(result, step=step, seed=seed))


def summary(result, near_miss=None, last=None):
    margins, found = qt.cutoffs.margins(result), qt.decisions.matters(result)
    return summaries.summary(result, margins, found, near_miss, last)


def risks(result):
    return summaries.risks(result, qt.cutoffs.margins(result), qt.decisions.matters(result))


def lists(result):
    return decomposition.lists(result, qt.decomposition.streaks(result))


def operation(result):
    return assessing.operation(result, qt.importance.operation(result))


def losses(result):
    found = {by: qt.decomposition.losses(result, by) for by in decomposition.KINDS}
    return decomposition.losses(result, found, qt.decomposition.grid(result))


def stages(result):
    changed = qt.decomposition.verification(result)
    return decomposition.stages(result, qt.decomposition.stages(result), changed)


def dependence(result):
    dependent = qt.decomposition.is_dependent(result)
    found = qt.decomposition.drop_unit(result) if dependent else None
    return decomposition.dependence(result, found)


def gaps(result):
    return decomposition.gaps(result, qt.decomposition.gaps(result))


def checks(result):
    return decomposition.checks(result, qt.decomposition.verification(result))


def marking(result, ratings=None, before=None):
    return markers.marking(result, qt.strictness.who_marks_harder(result, ratings, before))
