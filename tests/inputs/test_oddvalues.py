"""Values that stand apart: slips in columns of every kind are found, honest columns of any
spread are left alone."""

import numpy as np
import pytest

from qtoolkit.inputs.oddvalues import (
    LEAST,
    far_from_own,
    last_digit,
    shifted,
    sound_ratios,
    strays,
    turned,
)

RATES = np.array([97.1, 98.3, 97.5, 97.4, 96.3, 96.4, 97.7, 96.9, 98.1, 96.2])


@pytest.mark.parametrize("factor", [10, 100, 1000, 0.1, 0.01])
@pytest.mark.parametrize("place", [0, 4, 9])
def test_a_point_that_is_not_where_it_belongs_is_found(factor, place):
    values = RATES.copy()
    values[place] *= factor
    assert np.flatnonzero(strays(values)).tolist() == [place]


def test_several_slips_do_not_hide_one_another():
    values = RATES.copy()
    values[[0, 3]] /= 100
    assert np.flatnonzero(strays(values)).tolist() == [0, 3]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 3.7e8])
def test_the_unit_of_measure_changes_nothing(scale):
    """Numbers as measured, without a last digit that a scale could move."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        values = np.exp(rng.normal(0, rng.uniform(0.1, 2), 12)) * np.pi
        values[3] *= rng.choice([1, 30, 300])
        assert (strays(values) == strays(values * scale)).all()


@pytest.mark.parametrize("n", [LEAST, 8, 16, 31, 100])
def test_log_normal_columns_of_any_spread_rarely_have_a_value_that_stands_apart(n):
    """At most about two of a thousand columns, as the docstring says; here 4 standard errors
    more. By brute force."""
    rng, columns = np.random.default_rng(n), 600
    for sigma in (0.3, 1.0, 2.5):
        found = sum(strays(np.exp(rng.normal(5, sigma, n))).any() for _ in range(columns))
        assert found <= 0.003 * columns + 4 * np.sqrt(0.003 * columns)


@pytest.mark.parametrize(("n", "multiple"), [(5, 21), (8, 7.3), (16, 3.0), (31, 2.0), (100, 1.1)])
def test_the_multiples_are_the_quantiles_that_the_docstring_names(n, multiple):
    """Gap of the largest of n standard normals : spread of the others, 99.95%, drawn again."""
    x = np.sort(np.random.default_rng(1).normal(size=(60_000, n)), axis=1)
    first, middle, third = np.quantile(x[:, :-1], (0.25, 0.5, 0.75), axis=1)
    ratio = (x[:, -1] - x[:, -2]) / np.maximum(x[:, -2] - middle, third - first)
    assert np.quantile(ratio, 0.9995) == pytest.approx(multiple, rel=0.2)


def test_small_counts_are_no_narrow_column():
    assert not strays(np.array([1.0, 1, 1, 1, 6])).any()
    assert not strays(np.array([0.0, 0, 1, 0, 2, 7, 0, 1])).any()
    rng = np.random.default_rng(3)
    assert (
        sum(strays(rng.poisson(rng.uniform(0.2, 8), 16).astype(float)).any() for _ in range(500))
        <= 2
    )


def test_few_values_zeros_and_gaps_say_nothing():
    assert not strays(np.array([1.0, 1.1, 1000])).any()
    assert not strays(np.array([0.0, np.nan, 97, 98, 97, 96, 97])).any()
    assert not strays(np.full(6, np.nan)).any() and not strays(np.zeros(6)).any()


def test_another_sign_is_found_where_the_size_is_usual():
    values = RATES.copy()
    values[2] *= -1
    assert np.flatnonzero(turned(values)).tolist() == [2]
    assert np.flatnonzero(turned(-values)).tolist() == [2]
    assert not turned(np.array([5.2, 3.1, -0.4, 2.8, 1.9, 4.4])).any()
    assert not turned(np.array([5.2, -3.1, -4, 2.8, 1.9, 4.4])).any()  # runs through 0
    assert turned(np.array([18.0, 26, 17, -5, 24, 20]), counted=True)[3]


def test_a_value_is_held_against_the_units_own_of_last_year_though_the_column_is_wide():
    last = np.array([12.0, 45, 160, 700, 2900, 31, 8800])
    now = last * np.array([1.1, 0.9, 1.3, 1, 1.05, 0.8, 1])
    wrong = now.copy()
    wrong[2] *= 10
    assert not strays(wrong).any() and not far_from_own(now, last).any()
    assert np.flatnonzero(far_from_own(wrong, last)).tolist() == [2]
    wrong[2] /= -10
    assert np.flatnonzero(far_from_own(wrong, last)).tolist() == [2]


def test_two_units_are_enough_to_hold_a_value_against_its_own():
    assert far_from_own(np.array([9710.0, 98.1]), np.array([97.0, 98.0])).tolist() == [True, False]
    assert not far_from_own(np.array([12.0, 3]), np.array([1.0, 4])).any()  # counts of one digit


def test_ratios_need_two_digits():
    assert np.isnan(sound_ratios(np.array([12.0, 0, 5]), np.array([1.0, 4, np.nan]))).all()
    assert sound_ratios(np.array([120.0]), np.array([40.0])).tolist() == [3.0]


def test_a_whole_column_in_another_unit_of_measure():
    assert shifted(RATES / 100, RATES) == 0.01
    assert shifted(RATES, RATES * 0.9) is None
    assert shifted(np.array([1.0, 2]), np.array([1000.0, 2000])) is None  # of two nobody can say


@pytest.mark.parametrize(
    ("values", "step"),
    [([3, 12, 40], 1.0), ([97.1, 98, 96.35, 97.4, 1.5], 0.1), ([1 / 3, 2 / 3], 0.0)],
)
def test_last_digit(values, step):
    assert last_digit(np.array(values, float)) == pytest.approx(step)
