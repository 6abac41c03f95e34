"""Who takes up the difference: sums by hand on a tree of 60 (20, 40), 25, 10, 5."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.inputs.scheme import Scheme
from tests.inputs.helpers import names, refused, scheme_of

IDS = ["loss", "brand", "check", "level", "goal"]


def points(scheme):
    return [leaf.points for leaf in scheme.leaves]


@pytest.mark.parametrize(
    ("change", "spread", "result"),
    [
        ({"loss": 30}, "siblings", [30, 30, 25, 10, 5]),
        ({"quality": 80}, "siblings", [80 / 3, 160 / 3, 12.5, 5, 2.5]),
        ({"quality": 80, "loss": 20}, "siblings", [20, 60, 12.5, 5, 2.5]),
        ({"check": 40}, "siblings", [16, 32, 40, 8, 4]),
        ({"check": 40}, "all", [16, 32, 40, 8, 4]),
        ({"loss": 60}, "all", [60, 20, 12.5, 5, 2.5]),
        ({"loss": 25, "brand": 35}, "none", [25, 35, 25, 10, 5]),
        ({"quality": 30, "check": 55}, "none", [10, 20, 55, 10, 5]),
        ({"quality": 0}, "siblings", [0, 0, 62.5, 25, 12.5]),
        ({"quality": 100}, "siblings", [100 / 3, 200 / 3, 0, 0, 0]),
    ],
)
def test_by_hand(tmp_path, change, spread, result):
    scheme = scheme_of(tmp_path).replace(points=change, spread=spread)
    assert points(scheme) == pytest.approx(result, abs=1e-12)
    assert scheme.indicator("quality").points == pytest.approx(result[0] + result[1])
    assert scheme.indicator("check").written_for == 25  # deductions stay as written


@pytest.mark.parametrize(
    ("change", "spread"),
    [
        ({"loss": 61}, "siblings"),
        ({"quality": 101}, "siblings"),
        ({"loss": 101}, "all"),
        ({i: 30 for i in IDS}, "siblings"),
        ({i: 30 for i in IDS}, "all"),
    ],
)
def test_what_cannot_be_spread(tmp_path, change, spread):
    names(refused(scheme_of(tmp_path).replace, points=change, spread=spread), 'spread="all"')


@given(
    st.lists(st.floats(0.01, 100), min_size=2, max_size=6),
    st.floats(0, 1),
    st.sampled_from(["siblings", "all"]),
)
def test_the_sum_stands(old, share, spread):
    total = math.fsum(old)
    scheme = Scheme.flat({f"x{i}": p for i, p in enumerate(old)}, {"A": 0})
    new = scheme.replace(points={"x0": share * total}, spread=spread)
    assert math.fsum(points(new)) == pytest.approx(total, abs=1e-9)
    for a, b in zip(old[1:], points(new)[1:], strict=True):  # the others keep their proportions
        assert b * old[1] == pytest.approx(a * points(new)[1], abs=1e-7)
