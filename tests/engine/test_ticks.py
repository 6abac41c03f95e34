"""Ticks and rounding. Expected values by hand, or by Python's decimal module."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.engine.ticks import Rounding


@pytest.mark.parametrize(
    ("points", "decimals", "mode", "expected"),
    [
        (89.5, 0, "half_up", 90.0),
        (89.4999999999, 0, "half_up", 89.0),
        (2.675, 2, "half_up", 2.68),  # 2.67499999999999982 as a float: np.round gives 2.67
        (1.005, 2, "half_up", 1.01),
        (0.285, 2, "half_up", 0.29),  # floor(.285 · 100 + .5) / 100 gives .28
        (2.5, 0, "half_up", 3.0),  # banker's rounding gives 2
        (-0.5, 0, "half_up", 0.0),
        (-1.5, 0, "half_up", -1.0),
        (89.99, 1, "floor", 89.9),
        (0.29, 2, "floor", 0.29),  # floor(.29 · 100) / 100 gives .28
        (90 - 1e-14, 0, "floor", 90.0),
        (12.3456789, 8, "floor", 12.3456789),
    ],
)
def test_rounding_as_on_paper(points, decimals, mode, expected):
    how = Rounding(decimals, mode == "half_up")
    assert how.points(np.array(points)) == expected
    assert from_ticks(how.ticks(to_ticks(points))) == expected


@given(st.integers(0, 10**13), st.integers(0, 8), st.booleans())
def test_rounding_equals_decimal(tick, decimals, half_up):
    """Any score of ten decimals up to 1,000."""
    exact = Decimal(tick).scaleb(-10)
    expected = exact.quantize(
        Decimal(1).scaleb(-decimals), ROUND_HALF_UP if half_up else ROUND_FLOOR
    )
    assert Decimal(int(Rounding(decimals, half_up).ticks(np.int64(tick)))).scaleb(-10) == expected
    assert to_ticks(float(exact)) == tick  # a float of ten decimals finds its own tick


def test_sums_that_are_equal_on_paper_are_equal_in_ticks():
    """100 leaves with shares of one decimal at total 1,000, summed in 50 orders: the exact sum by
    integers."""
    rng = np.random.default_rng(1)
    shares = rng.integers(0, 11, (200, 100))
    exact = shares.sum(axis=1) * 10**10
    for _ in range(50):
        order = rng.permutation(100)
        assert (
            to_ticks((np.full(100, 10.0)[order] * (shares / 10)[:, order]).sum(axis=1)) == exact
        ).all()
    assert to_ticks(90 - 1e-14) == to_ticks(90.0) != to_ticks(90 - 1e-10)
