"""Sets of points in whole steps, against going through every product of numbers."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.errors import InputError
from qtoolkit.importance.allocations import allocations


@st.composite
def limits(draw):
    """Limits of 2 to 5 indicators in one or two groups, in steps of 1 or .1, one of them perhaps
    fixed off the grid."""
    d = draw(st.integers(2, 5))
    step = draw(st.sampled_from([1.0, 0.1, 0.5]))
    low = np.array(draw(st.lists(st.integers(0, 3), min_size=d, max_size=d)))
    high = low + np.array(draw(st.lists(st.integers(0, 4), min_size=d, max_size=d)))
    cut = draw(st.integers(1, d))
    members = []
    for places in (np.arange(d) < cut, np.arange(d) >= cut):
        if places.any():
            members.append(
                (places, draw(st.integers(int(low[places].sum()), int(high[places].sum()))))
            )
    return step, low, high, members


def through(step, low, high, members):
    """All products of numbers of steps that lie within the limits and have the sums."""
    ranges = [range(a, b + 1) for a, b in zip(low, high, strict=True)]
    rows = [
        row
        for row in itertools.product(*ranges)
        if all(np.array(row)[at].sum() == sum_ for at, sum_ in members)
    ]
    return {tuple(np.array(row) * step) for row in rows}


@given(limits())
def test_all_sets_of_points_are_counted_and_listed_once(given_limits):
    step, low, high, members = given_limits
    grid = allocations(low * step, high * step, [(at, sum_ * step) for at, sum_ in members], step)
    listed = [tuple(row) for part in grid.every() for row in part]
    expected = through(step, low, high, members)
    assert grid.count() == len(listed) == len(expected)
    assert sorted(listed) == pytest.approx(np.array(sorted(expected)))


@given(limits(), st.randoms(use_true_random=False))
def test_the_nearest_lies_within_the_limits_and_neighbours_do(given_limits, random):
    step, low, high, members = given_limits
    grid = allocations(low * step, high * step, [(at, sum_ * step) for at, sum_ in members], step)
    expected = {tuple(np.rint(np.array(row) / step)) for row in through(step, low, high, members)}
    points = grid.nearest(
        np.array([random.uniform(a * step, b * step) for a, b in zip(low, high, strict=True)])
    )
    assert tuple(np.rint(points / step)) in expected
    changes = grid.transfers(points)
    assert all(tuple(np.rint(row / step)) in expected for row in points + changes)
    singles = {row for row in expected if np.abs(np.array(row) - np.rint(points / step)).sum() == 2}
    assert singles <= {tuple(np.rint(row / step)) for row in points + changes}
    both = points + changes[:, None] + changes[None]
    both = both.reshape(-1, points.size)
    assert [bool(ok) for ok in grid.allowed(both)] == [
        tuple(np.rint(row / step)) in expected for row in both
    ]


def test_indicators_that_are_held_keep_points_off_the_grid():
    grid = allocations(
        np.array([2.3, 0.0, 0.0]), np.array([2.3, 5.0, 5.0]), [(np.ones(3, bool), 5.3)], 1.0
    )
    assert grid.count() == 4 and all((part[:, 0] == 2.3).all() for part in grid.every())
    whole = allocations(np.full(2, 0.3), np.full(2, 0.3), [(np.ones(2, bool), 0.6)], 1.0)
    assert (
        whole.count() == 1
        and next(whole.every()).tolist() == [[0.3, 0.3]]
        and not len(whole.transfers(whole.rest))
    )


def test_largest_remainders_go_to_the_first_where_they_tie():
    grid = allocations(np.zeros(3), np.full(3, 100.0), [(np.ones(3, bool), 100.0)], 1.0)
    assert grid.nearest(np.full(3, 100 / 3)).tolist() == [34, 33, 33]
    assert grid.nearest(np.array([33.3, 33.3 + 1e-14, 33.4])).tolist() == [33, 33, 34]


def test_counts_of_millions_are_not_listed():
    """Stars and bars: 10,000 steps for 12 indicators in C(10011, 11) ways."""
    grid = allocations(np.zeros(12), np.full(12, 100.0), [(np.ones(12, bool), 100.0)], 0.01)
    assert grid.count() == math.comb(10011, 11)


@pytest.mark.parametrize(
    ("low", "high", "total", "step"),
    [
        (0, 9, 10, 3),
        (0.2, 0.8, 1, 1),
        (0, 2, 10, 1),
        (3, 9, 4, 1),
        (0, 9, 10, 0),
        (0, 9, 10, float("nan")),
    ],
)
def test_limits_without_whole_points_are_refused(low, high, total, step):
    with pytest.raises(InputError):
        allocations(
            np.full(2, float(low)), np.full(2, float(high)), [(np.ones(2, bool), total)], step
        )
