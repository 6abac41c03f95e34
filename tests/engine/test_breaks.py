"""Natural breaks of many rows at once against every partition, in exact fractions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.engine.breaks import natural_lines
from qtoolkit.engine.ticks import NO_LINE
from tests.examples import share
from tests.oracle_lines import breaks_of

POINT = 10**10
rows_of = st.integers(1, 8).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 12), min_size=n, max_size=n), min_size=1, max_size=4)
)


def by_every_partition(row, k):
    lines = [int(line) for line in reversed(breaks_of(row, k))]
    return [int(NO_LINE)] * (k - 1 - len(lines)) + lines


@settings(max_examples=share(200))
@given(
    rows_of,
    st.integers(1, 6),
    st.sampled_from([1, 10**8, 99_999_999_977]),
    st.sampled_from([0, 9000 * POINT]),
)
def test_lines_are_those_of_the_best_of_all_partitions(rows, k, step, offset):
    scores = np.array(rows, np.int64) * step + offset
    found = natural_lines(scores, k)
    assert found.tolist() == [by_every_partition(row, k) for row in scores.tolist()]


def test_published_examples():
    # Wikipedia, "Jenks natural breaks optimization": 4, 5 | 9, 10
    assert natural_lines(np.array([[4, 9, 5, 10]]), 2).tolist() == [[9]]
    # Fisher (1958) leaves ties to the reader: of 1 | 2, 3 and 1, 2 | 3 the better grade is larger
    assert natural_lines(np.array([[3, 1, 2]]), 2).tolist() == [[2]]


def test_a_tie_that_floats_cannot_see_is_settled_in_whole_numbers():
    # {0, 1} | {2}, with 2 one tick nearer or further at a height where a square has 24 digits
    high = 9000 * POINT
    for away, line in ((-1, 1), (0, 1), (1, 2)):
        row = high + np.array([0, POINT, 2 * POINT + away])
        assert natural_lines(row[None, :], 2).tolist() == [[int(row[line])]]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_fewer_scores_than_groups_fill_the_highest(n):
    found = natural_lines(np.arange(1, n + 1)[None, :], 4)[0].tolist()
    assert found == [int(NO_LINE)] * (4 - n) + list(range(2, n + 1))


def test_a_long_row_against_the_plain_programme():
    rng = np.random.default_rng(5)
    scores = np.sort(rng.integers(0, 60, 120))
    best = np.full((5, 121), np.inf)
    best[0, 0] = 0.0
    for g in range(1, 5):
        for end in range(1, 121):
            costs = [
                best[g - 1, start] + ((scores[start:end] - scores[start:end].mean()) ** 2).sum()
                for start in range(end)
            ]
            best[g, end] = min(costs)
    lines = natural_lines(scores[None, :] * POINT, 4)[0] / POINT
    groups = np.split(scores, np.searchsorted(scores, lines))
    assert sum(((g - g.mean()) ** 2).sum() for g in groups) == pytest.approx(best[4, 120])
