"""One move of a hand beside a plain assessment of the same table. No limit is asserted."""

import itertools

import pytest

from qtoolkit.assessment import assess
from qtoolkit.inputs.case import Case, read_case
from qtoolkit.inputs.parameters import Parameters
from qtoolkit.tuning import Tuning
from tests.benchmarks.test_speed import alike, ratio, seconds


def session(name):
    """A session over a shipped case, or over 3,000 units and 100 indicators."""
    if name != "3000 x 100":
        return Tuning(read_case(name), record=False)
    result = alike(3000, 100)
    parameters = Parameters(scheme="s.yaml", data="d.csv")
    return Tuning(Case(result.scheme, result.table, parameters, {}), record=False)


@pytest.mark.parametrize("name", ["city-2026", "3000 x 100"])
def test_a_drag(benchmark, name):
    """Every position another one, so that nothing is taken from what is kept."""
    tuning = session(name)
    first = tuning.written.scheme.leaves[0]
    places = (first.full_points + 0.01 * (1 + k % 300) for k in itertools.count())
    benchmark(lambda: tuning.drag(first.id, next(places)))
    assert abs(sum(leaf.points for leaf in tuning.scheme.leaves) - tuning.scheme.total) < 1e-9
    bare = seconds(lambda: assess(tuning.written.scheme, tuning.written.table))
    ratio(benchmark, "times_one_assessment", bare)
