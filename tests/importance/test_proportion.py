"""Importance in proportion to points: against the normal equations and every allowed set of
points."""

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError


def random(seed, n=20):
    shares = pd.DataFrame(np.random.default_rng(seed).random((n, 2)), columns=["a", "b"])
    return qt.assess(qt.Scheme.flat({"a": 70, "b": 30}, {"A": 60, "B": 0}), shares)


def distance(x, points, goal):
    earned = x * points
    r2 = np.array([np.corrcoef(part, earned.sum(axis=1))[0, 1] ** 2 for part in earned.T])
    return np.sqrt(np.mean((r2 / r2.sum() - goal) ** 2))


@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_points_are_the_nearest_of_all_that_are_allowed(seed):
    result = random(seed)
    found, x = qt.importance.proportion(result, within=0.2, step=1), result.matrix.to_numpy()
    allowed = [np.array([a, 100 - a]) for a in range(56, 85) if 24 <= 100 - a <= 36]
    best = min(distance(x, points, [0.7, 0.3]) for points in allowed)
    assert found.tuned.exact and found.tuned.distance == pytest.approx(best, abs=1e-9)
    assert distance(x, found.table["points"].to_numpy(), [0.7, 0.3]) == pytest.approx(best)
    again = qt.assess(result.scheme.replace(points=found.table["points"]), result.table)
    assert found.grades.equals(again.grades)
    # with the exact points r² is as 70 : 30, up to a factor
    if found.exact.reached:
        assert distance(x, found.exact.points.to_numpy(), [0.7, 0.3]) == pytest.approx(0, abs=1e-9)


def test_what_cannot_be_sought_is_told_and_wrong_limits_are_refused():
    few = qt.importance.proportion(random(0, n=14))
    assert few.tuned is few.exact is few.grades is None and "15" in few.refused.en
    assert few.table.empty and "table" in repr(few)
    for asked in ({"within": 1.2}, {"within": -0.1}, {"step": 0}):
        with pytest.raises(InputError, match=next(iter(asked))):
            qt.importance.proportion(random(0), **asked)
    kept = qt.importance.proportion(random(0), within=0, step=5)
    assert kept.table["points"].tolist() == [70, 30] and not (kept.grades != random(0).grades).any()
