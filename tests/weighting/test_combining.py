"""Combined weights, and whole points made of weights."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit import weighting
from qtoolkit.errors import InputError


def test_remainders_that_tie_but_for_their_last_bits_go_to_the_first():
    """Equal weights, each summed in an order of its own."""
    parts = [0.1, 0.2, 0.3, 0.7]
    weights = {f"x{k}": sum(order) for k, order in enumerate(itertools.permutations(parts))}
    assert len(set(weights.values())) > 1
    points = weighting.to_points(weights, 100, 1).points
    assert points.tolist() == [5.0] * 4 + [4.0] * 20  # 100 = 24 · 4 + 4


def test_combined_weights_are_aligned_by_name():
    s, o = pd.Series({"a": 0.6, "b": 0.3, "c": 0.1}), pd.Series({"c": 0.5, "b": 0.3, "a": 0.2})
    assert weighting.combine(s, o, theta=0.25).weights.to_dict() == pytest.approx(
        {"a": 0.3, "b": 0.3, "c": 0.4}
    )
    assert weighting.combine(s, o, "product").weights.to_dict() == pytest.approx(
        {"a": 12 / 26, "b": 9 / 26, "c": 5 / 26}
    )
    root = np.sqrt([0.12, 0.09, 0.05])
    assert weighting.combine(s, o, "entropy").weights.tolist() == pytest.approx(
        (root / root.sum()).tolist()
    )
    game = weighting.combine(s, o, "game")
    w = np.stack([s, o[s.index]])
    alpha = np.linalg.solve(w @ w.T, np.diag(w @ w.T))
    assert game.weights.to_numpy() == pytest.approx(alpha @ w / (alpha @ w).sum())
    for wrong in (
        (s, o.drop("c")),
        (s, o * 2),
        (s, o, "mean"),
        (s, o, "additive", 2.0),
        (pd.Series({"a": 1.0, "b": 0.0}), pd.Series({"a": 0.0, "b": 1.0}), "product"),
    ):
        with pytest.raises(InputError):
            weighting.combine(*wrong)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-3),
    st.sampled_from([1, 0.5, 0.1]),
)
def test_whole_points_sum_exactly_and_lie_within_a_step(w, step):
    found = weighting.to_points({f"x{j}": v for j, v in enumerate(w)}, 100, step)
    assert (
        abs(sum(found.points) - 100) < 1e-9
        and (found.points >= 0).all()
        and found.error < step + 1e-9
    )
    tenths = found.points / step
    assert np.abs(tenths - np.rint(tenths)).max() < 1e-6
    scheme = qt.Scheme.flat(found.points.to_dict(), {"A": 90, "B": 0})
    assert scheme.total == pytest.approx(100)


def test_points_that_cannot_be_made_are_refused():
    for wrong in (
        ({"a": -1, "b": 2},),
        ({"a": np.nan},),
        ({"a": 1}, 100, 3),
        ({"a": 0},),
        ({"a": 1}, 100, 0),
        ({"a": 1}, 0.4, 1),
    ):
        with pytest.raises(InputError):
            weighting.to_points(*wrong)
