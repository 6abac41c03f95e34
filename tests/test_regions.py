"""Regions of points."""

import numpy as np
import pytest

from qtoolkit.errors import InputError
from qtoolkit.regions import Box


def test_bounds_and_maximum_by_hand():
    """50, 30, 20 within ±20%: up or down by 10, 6, 4. For (1, 0, .5) the first takes 10 from the second (6) and the
    third (4); for (0, 0, 1) the third takes its 4."""
    points = np.array([50.0, 30.0, 20.0])
    lo, hi = Box(relative=0.2).bounds(points)
    assert lo.tolist() == [40, 24, 16] and hi.tolist() == [60, 36, 24]
    best = Box(relative=0.2).maximise(np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 1.0]]), points)
    assert best[0].tolist() == [60, 24, 16] and best[1, 2] == 24
    assert best.sum(axis=1) == pytest.approx([100, 100])
    assert ((best >= lo) & (best <= hi)).all()


def test_points_that_are_zero_stay_zero():
    best = Box(relative=1.0).maximise(np.array([[0.0, 5.0, 1.0]]), np.array([60.0, 0.0, 40.0]))
    assert best[0] == pytest.approx([20, 0, 80])


@pytest.mark.parametrize("relative", [-0.1, 1.0001, float("nan"), float("inf"), "0.1", None])
def test_a_band_outside_0_to_1_is_refused(relative):
    with pytest.raises(InputError):
        Box(relative=relative)


def test_the_description_carries_the_same_number_in_both_languages():
    text = Box(relative=0.125).describe()
    assert "12.5%" in text.zh and "12.5%" in text.en
