"""Ties: against exact fractions, and whatever the order in which a sum is taken."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.engine.ties import foremost, in_order

TENTHS = st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=5), min_size=1, max_size=12)


@given(TENTHS, st.booleans(), st.randoms(use_true_random=False))
def test_order_is_that_of_fractions_whatever_the_order_of_summing(parts, falling, random):
    """Sums of sevenths, each taken in an order of its own: equal on paper, apart in their last
    bits."""
    exact = [sum(Fraction(part, 7) for part in row) for row in parts]
    values = [sum(part / 7 for part in random.sample(row, len(row))) for row in parts]
    sign = -1 if falling else 1
    assert in_order(np.array(values), falling).tolist() == sorted(
        range(len(parts)), key=lambda k: (sign * exact[k], k)
    )
    end = (max if falling else min)(exact)
    assert foremost(np.array(values), falling).tolist() == [
        k for k, value in enumerate(exact) if value == end
    ]


def test_gaps_infinity_and_large_values():
    values = np.array([np.nan, -np.inf, 1e12 + 0.0001, np.inf, 1e12, np.inf])
    assert in_order(values).tolist() == [3, 5, 2, 4, 1, 0] and in_order(values, False).tolist() == [
        1,
        2,
        4,
        3,
        5,
        0,
    ]
    assert foremost(values).tolist() == [3, 5] and foremost(values, False).tolist() == [1]
    assert (
        foremost(np.array([np.nan])).tolist()
        == foremost(np.array([])).tolist()
        == in_order(np.array([])).tolist()
        == []
    )
    assert foremost(np.array([1.0, 1 + 2e-9])).tolist() == [1]
