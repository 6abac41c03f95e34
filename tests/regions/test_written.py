"""Regions of points: extremes against an LP on constraints written by hand, draws against closed
forms, words."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.regions import Box, Dirichlet, Hull, Levels, RankOrder, Simplex
from qtoolkit.regions.sampling import box_simplex
from tests.examples import share
from tests.robustness.lp import box, extreme, flat


def assessed(points):
    return flat(points, [[0.5] * len(points)], sum(points) / 2)


def test_bounds_and_maximum_by_hand():
    """50, 30, 20 within ±20%: up or down by 10, 6, 4. For (1, 0, .5) the first takes 10 from the
    second (6) and the third (4); for (0, 0, 1) the third takes its 4."""
    area = Box(relative=0.2).at(assessed([50.0, 30.0, 20.0]))
    assert area.lo.tolist() == [40, 24, 16] and area.hi.tolist() == [60, 36, 24]
    best = area.maximise(np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 1.0]]))
    assert best[0].tolist() == [60, 24, 16] and best[1, 2] == 24
    assert best.sum(axis=1) == pytest.approx([100, 100])


def test_points_that_are_zero_stay_zero_under_a_relative_band_only():
    result = assessed([60.0, 0.0, 40.0])
    assert Box(relative=1.0).at(result).maximise(np.array([[0.0, 5.0, 1.0]]))[0] == pytest.approx(
        [20, 0, 80]
    )
    assert Box(absolute=2.0).at(result).maximise(np.array([[0.0, 5.0, 1.0]]))[0] == pytest.approx(
        [58, 2, 40]
    )


@pytest.mark.parametrize("relative", [-0.1, 1.0001, float("nan"), float("inf"), "0.1"])
def test_a_band_outside_0_to_1_is_refused(relative):
    for make in (lambda: Box(relative=relative), lambda: Levels(relative)):
        with pytest.raises(InputError):
            make()


def test_what_cannot_be_a_region_is_refused_with_one_sentence():
    result = assessed([60.0, 40.0])
    wrong = {
        "relative": lambda: Box(),
        "points": lambda: Box(absolute=-1),
        "level": lambda: Levels(),
        "“y”": lambda: Hull([{"x0": 60.0, "y": 40.0}]).at(result),
        "x1": lambda: Hull([{"x0": 100.0}]).at(result),
        "90": lambda: Hull([{"x0": 60.0, "x1": 30.0}]).at(result),
        "order": lambda: RankOrder(["x0", "x2"]).at(result),
        "common": lambda: (Hull([{"x0": 100.0, "x1": 0.0}]) & Box(relative=0.1)).at(result).system,
    }
    for word, make in wrong.items():
        with pytest.raises(InputError) as caught:
            make()
        if word != "order":
            assert word in str(caught.value), word


TREE = [
    {
        "id": "n",
        "name": "n",
        "children": [
            {"id": "a", "name": "a", "points": 30.0},
            {"id": "b", "name": "b", "points": 10.0},
        ],
    },
    {
        "id": "m",
        "name": "m",
        "children": [
            {"id": "c", "name": "c", "points": 25.0},
            {"id": "d", "name": "d", "points": 35.0},
        ],
    },
]


def on_tree():
    for node in TREE:
        for leaf in node["children"]:
            leaf["rule"] = {"kind": "share"}
    scheme = {"id": "t", "name": "t", "total": 100.0, "indicators": TREE}
    scheme |= {"grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}]}
    return qt.assess(
        validate(Scheme, scheme, None), pd.DataFrame({i: [0.5] for i in "abcd"}, index=["u"])
    )


def levels_by_hand(first, second):
    """a + b in [40(1 − f), 40(1 + f)]; a in [.75(1 − s), .75(1 + s)]·(a + b), and so on, as rows of
    A_ub p ≤ 0 or b."""
    rows, high = [], []
    for block, points in (([0, 1], [30.0, 10.0]), ([2, 3], [25.0, 35.0])):
        whole = np.isin(np.arange(4), block) * 1.0
        rows += [whole, -whole]
        high += [sum(points) * (1 + first), -sum(points) * (1 - first)]
        for j, p in zip(block, points, strict=True):
            share = p / sum(points)
            rows += [
                np.eye(4)[j] - min(share * (1 + second), 1) * whole,
                share * (1 - second) * whole - np.eye(4)[j],
            ]
            high += [0.0, 0.0]
    return {
        "A_ub": np.array(rows),
        "b_ub": high,
        "A_eq": np.ones((1, 4)),
        "b_eq": [100.0],
        "bounds": np.array([[0, 100]] * 4),
    }


def order_by_hand(d, total):
    """x0 ≥ x1 ≥ …"""
    rows = [np.eye(d)[j + 1] - np.eye(d)[j] for j in range(d - 1)]
    return {
        "A_ub": np.array(rows).reshape(-1, d),
        "b_ub": np.zeros(d - 1),
        "A_eq": np.ones((1, d)),
        "b_eq": [total],
        "bounds": np.array([[0, total]] * d),
    }


@settings(max_examples=share(60))
@given(
    st.lists(st.integers(-10, 10), min_size=4, max_size=4),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.sampled_from([0.1, 0.25]),
)
def test_every_maximum_equals_the_lp_on_constraints_written_by_hand(c, first, second):
    c, tree, plain = np.array(c, float), on_tree(), assessed([30.0, 10.0, 25.0, 35.0])
    both = levels_by_hand(first, second)
    points = np.array([30.0, 10.0, 25.0, 35.0])
    narrow = both | {"bounds": np.stack([points * 0.95, points * 1.05], axis=1)}
    ordered = order_by_hand(4, 100.0)
    cases = [
        (Levels(first, second).at(tree), both),
        ((Levels(first, second) & Box(relative=0.05)).at(tree), narrow),
        (RankOrder(["x0", "x1", "x2", "x3"]).at(plain), ordered),
        (
            Simplex().at(plain),
            order_by_hand(4, 100.0) | {"A_ub": np.empty((0, 4)), "b_ub": np.empty(0)},
        ),
        (
            Box(relative=first, absolute=4).at(plain),
            box(points, first)
            | {
                "bounds": np.stack(
                    [
                        np.maximum(points * (1 - first), points - 4),
                        np.minimum(points * (1 + first), points + 4),
                    ],
                    axis=1,
                )
            },
        ),
    ]
    for area, region in cases:
        value, _ = extreme(c, region, -1)
        at = area.maximise(c[None])[0]
        assert c @ at == pytest.approx(value, abs=1e-7)
        assert at.sum() == pytest.approx(100) and area.contains(at[None])[0]
        assert area.span(c[None])[0][0] == pytest.approx(extreme(c, region, 1)[0], abs=1e-7)


def test_a_hull_is_attained_at_the_experts_own_points():
    result = assessed([60.0, 40.0])
    experts = pd.DataFrame({"x0": [50.0, 70.0, 62.0], "x1": [50.0, 30.0, 38.0]})
    area = Hull(experts).at(result)
    assert area.maximise(np.array([[1.0, 0.0], [0.0, 1.0]])).tolist() == [[70, 30], [50, 50]]
    assert area.contains(np.array([[60.0, 40.0], [71.0, 29.0], [50.0, 50.0]])).tolist() == [
        True,
        False,
        True,
    ]
    with pytest.raises(InputError, match="uniform"):  # three vectors on one line
        area.sample(3)
    p = Hull(experts.iloc[:2]).at(result).sample(4000, seed=1)
    assert p[:, 0].mean() == pytest.approx(60, abs=0.3) and p[:, 0].var() == pytest.approx(
        400 / 12, rel=0.06
    )


def test_draws_have_the_moments_of_the_uniform_distribution():
    """Simplex: mean 1/d, variance (d − 1)/(d²(d + 1)). Rank order: the k-th largest of uniform
    spacings has mean Σ_{i ≥ k} 1/(d·i). Box: against naive rejection from the box of all
    coordinates but one."""
    result, d = assessed([40.0, 30.0, 20.0, 10.0]), 4
    p = Simplex().at(result).sample(20_000, seed=3) / 100
    assert p.mean(axis=0) == pytest.approx([0.25] * 4, abs=0.004)
    assert p.var(axis=0) == pytest.approx([(d - 1) / d**2 / (d + 1)] * 4, rel=0.04)
    p = RankOrder(["x2", "x0", "x1", "x3"]).at(result).sample(20_000, seed=3) / 100
    means = [sum(1 / (d * i) for i in range(k, d + 1)) for k in range(1, d + 1)]
    assert (
        p.mean(axis=0)[[2, 0, 1, 3]] == pytest.approx(means, abs=0.004)
        and (p[:, 2] >= p[:, 0]).all()
    )
    area = Box(relative=0.5).at(result)
    p = area.sample(20_000, seed=3)
    rng = np.random.default_rng(0)
    free = area.lo[:3] + (area.hi[:3] - area.lo[:3]) * rng.random((200_000, 3))
    naive = np.column_stack([free, 100 - free.sum(axis=1)])
    naive = naive[(naive[:, 3] >= area.lo[3]) & (naive[:, 3] <= area.hi[3])]
    assert p.mean(axis=0) == pytest.approx(naive.mean(axis=0), abs=0.2)
    assert p.std(axis=0) == pytest.approx(naive.std(axis=0), rel=0.03)
    assert np.corrcoef(p.T) == pytest.approx(np.corrcoef(naive.T), abs=0.03)
    assert (
        (p >= area.lo - 1e-12).all()
        and (p <= area.hi + 1e-12).all()
        and p.sum(axis=1) == pytest.approx([100.0] * len(p))
    )


def test_equal_widths_up_to_rounding_take_up_the_sum_in_their_order():
    """.3 and .1 + .2 differ in the last bit: which of them takes up the sum must not hang on it."""
    drawn = [
        box_simplex(np.random.default_rng(1), np.zeros(3), np.array(width), 0.5, 50)
        for width in ([0.3, 0.1 + 0.2, 0.3], [0.1 + 0.2, 0.3, 0.3])
    ]
    assert 0.1 + 0.2 > 0.3 and drawn[0] == pytest.approx(drawn[1], abs=1e-12)


def test_a_hull_names_the_first_of_equal_vertices():
    """Where all leaves are worth the same, up to the last bit, all vectors are: the witness is the
    first of them."""
    result = assessed([60.0, 40.0, 0.0])
    area = Hull(
        [
            {"x0": 60.0, "x1": 40.0, "x2": 0.0},
            {"x0": 30.0, "x1": 55.0, "x2": 15.0},
            {"x0": 0.0, "x1": 70.0, "x2": 30.0},
        ]
    ).at(result)
    c = np.array([[0.3, 0.3, 0.3], [0.1 + 0.2, 0.3, 0.3], [0.3, 0.3, 0.1 + 0.2]])
    assert area.maximise(c).tolist() == [[60.0, 40.0, 0.0]] * 3


def test_noise_is_its_support_to_exact_methods_and_says_so():
    """The draws of a Dirichlet leave indicators without points at 0: the exact range is over the
    others, not over all."""
    result = flat([60.0, 40.0, 0.0], [[0.2, 0.5, 1.0], [0.9, 0.1, 0.3]], 50)
    region = Dirichlet(sd=5.0)
    area = region.at(result)
    assert area.hi.tolist() == [100, 100, 0] and area.contains(area.sample(200, 1)).all()
    found = qt.robustness.score_range(result, region).table
    assert found[["low", "high"]].to_numpy() == pytest.approx(np.array([[20, 50], [10, 90]]))
    text = region.describe()
    assert "任意非负分值" in text.zh and "any points of 0 or more" in text.en


def test_tilted_draws_are_uniform_too():
    """Five coordinates in [0, 1] with sum .2: a small simplex, so each has mean .04 and variance
    .04·(d−1)/(d²(d+1))."""
    p = box_simplex(np.random.default_rng(5), np.zeros(5), np.ones(5), 0.2, 20_000)
    assert p.sum(axis=1) == pytest.approx([0.2] * len(p)) and (p >= 0).all()
    assert p.mean(axis=0) == pytest.approx([0.04] * 5, abs=0.0008)
    assert p.var(axis=0) == pytest.approx([0.04 * 4 / 25 / 6] * 5, rel=0.05)


def test_draws_repeat_and_lie_in_the_region():
    tree = on_tree()
    for region in (
        Levels(0.1, 0.25),
        Levels(0.1, 0.25) & Box(relative=0.2),
        Box(relative=0.1) & Box(absolute=2),
    ):
        area = region.at(tree)
        p = area.sample(500, seed=4)
        assert (
            len(p) == 500
            and area.contains(p).all()
            and (p == region.at(tree).sample(500, seed=4)).all()
        )
        assert (p != area.sample(500, seed=5)).any()


def test_levels_let_a_leaf_move_further_than_one_band():
    area = Levels(0.1, 0.25).at(on_tree())
    assert area.hi[1] == pytest.approx(10 * 1.375) and area.lo[1] == pytest.approx(10 * 0.675)


def test_every_region_is_a_sentence_in_both_languages():
    for region in (
        Box(relative=0.125),
        Box(absolute=2),
        Box(relative=0.1, absolute=2),
        Levels(0.1),
        Hull([{"a": 1.0}]),
        RankOrder(["a"]),
        Simplex(),
        Box(relative=0.1) & Simplex(),
    ):
        text = region.describe()
        assert text.zh != text.en and "{" not in text.zh + text.en
        assert "总分不变" in text.zh or isinstance(region, Hull)
    text = Box(relative=0.125).describe()
    assert "12.5%" in text.zh and "12.5%" in text.en
