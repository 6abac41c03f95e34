"""Marks put together, against fractions, the standard library and scipy."""

import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qtoolkit.engine.combining import least_marks
from qtoolkit.errors import InputError
from qtoolkit.panel import combined

MARKS = st.lists(st.none() | st.decimals(-100, 1000, places=2), min_size=1, max_size=9)


def on_paper(marks, how, trim, drop):
    """The double that is nearest to what stands on paper; None where there are too few."""
    marks = sorted(Fraction(x) for x in marks if x is not None)
    n = len(marks)
    if how == "median":
        return float(statistics.median(marks)) if n else None
    out = {"mean": 0, "trimmed": math.floor(Fraction(str(trim)) * n), "drop": drop}[how]
    left = marks[out : n - out] if n > 2 * out else []
    return float(sum(left) / len(left)) if left else None


@given(
    MARKS,
    st.sampled_from(["mean", "median", "trimmed", "drop"]),
    st.sampled_from([0, 0.1, 0.2, 0.25, 0.3, 0.4]),
    st.integers(0, 3),
)
def test_marks_give_what_stands_on_paper_to_the_last_bit(marks, how, trim, drop):
    values = np.array([np.nan if x is None else float(x) for x in marks])
    expected = on_paper(marks, how, trim, drop)
    found = combined(values, how, trim=trim, drop=drop)
    assert found.shape == () and (np.isnan(found) if expected is None else found == expected)


def test_a_mean_of_decimals_is_that_of_paper_where_floats_add_up_to_another():
    marks = [80.1, 80.2, 80.3, 80.6]
    assert combined(np.array(marks)) == 80.3
    assert sum([0.1] * 10) / 10 != 0.1 == combined(np.full(10, 0.1))


def test_many_draws_at_once_are_each_alone():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4000, (50, 6, 7)) / 40
    values[rng.random(values.shape) < 0.2] = np.nan
    for how in ("mean", "median", "trimmed", "drop"):
        found = combined(values, how)
        assert found.shape == (50, 6)
        alone = [[combined(row, how) for row in draw] for draw in values]
        np.testing.assert_array_equal(found, alone)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=12))
def test_against_scipy_and_the_standard_library(marks):
    values = np.array(marks, dtype=float)
    assert combined(values, "trimmed") == pytest.approx(stats.trim_mean(marks, 0.2))
    assert combined(values, "median") == statistics.median(marks)
    assert combined(values) == statistics.mean(marks)


@given(st.lists(st.integers(0, 100), min_size=3, max_size=9), st.randoms())
def test_order_does_not_count_and_higher_marks_never_lower_the_result(marks, random):
    mixed = random.sample(marks, len(marks))
    raised = np.array(marks, dtype=float)
    raised[random.randrange(len(marks))] += 7
    for how in ("mean", "median", "trimmed", "drop"):
        before = combined(np.array(marks, dtype=float), how)
        assert combined(np.array(mixed, dtype=float), how) == before
        assert combined(raised, how) >= before


def test_too_few_marks_make_none():
    values = np.arange(5.0)
    for drop in (0, 1, 2, 3):
        least = least_marks("drop", drop)
        for n in range(1, 6):
            assert np.isnan(combined(values[:n], "drop", drop=drop)) == (n < least)
    for how in ("mean", "median", "trimmed", "drop"):
        assert np.isnan(combined(np.array([np.nan, np.nan]), how))
        assert combined(np.full((2, 0, 3), np.nan), how).shape == (2, 0)
        assert np.isnan(combined(np.empty((2, 0)), how)).tolist() == [True, True]


def test_arguments_are_checked():
    values = np.arange(5.0)
    for wrong in (
        {"how": "mode"},
        {"how": "trimmed", "trim": 0.5},
        {"how": "trimmed", "trim": -0.1},
        {"how": "drop", "drop": 1.5},
        {"how": "drop", "drop": -1},
    ):
        with pytest.raises(InputError):
            combined(values, **wrong)
    for mark in (1e5, -np.inf):
        with pytest.raises(InputError, match="±10000"):
            combined(np.array([1.0, mark]))
