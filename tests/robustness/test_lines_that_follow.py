"""Proofs where grades go by place, by share or by natural breaks: what is called exact is held
against points that are drawn, lines moving with them (with breaks: held)."""

import numpy as np
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.engine import grade, score
from tests.examples import share
from tests.strategies import frame_of, givens, scheme_of

DRAWS = 60
kinds = givens(
    kinds=["share"],
    stages=False,
    ways=True,
    geometric=False,
    inside=False,
    blanks=False,
    zero_points=False,
)


def drawn(points, reach, rng):
    """Points within ±reach of the present ones, the total kept."""
    moves = rng.uniform(-1, 1, (DRAWS, points.size)) * points
    moves -= moves.sum(axis=1, keepdims=True) * (points / points.sum())
    most = np.abs(moves / points).max(axis=1, keepdims=True)
    return points + moves / np.where(most > 0, most, 1) * reach * rng.uniform(0.3, 1, (DRAWS, 1))


@settings(max_examples=share(120))
@given(kinds)
def test_no_proven_grade_changes_within_its_tolerance_and_each_witness_changes_it(given):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    proven = result.fixed if result.engine.breaks else result
    found, rng = qt.robustness.tolerance(result), np.random.default_rng(0)
    now, points = result.grades.cat.codes.to_numpy(), result.points.to_numpy()
    for k, (unit, row) in enumerate(found.table.iterrows()):
        if row["status"] == "none" or not np.isfinite(row["tolerance"]):
            continue
        within = drawn(points, min(row["tolerance"], 1) * 0.999, rng)
        assert (grade(proven.engine, score(proven.engine, within))[:, k] == now[k]).all()
        if row["status"] == "exact" and row["tolerance"] < 0.99:
            beyond = proven.what_if(points=found.witness(unit, "change"), spread="none")
            assert beyond.grades[unit] != result.grades[unit]
