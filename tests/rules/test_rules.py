"""Each leaf rule by values worked out by hand, through `assess`: one leaf of 10 points beside one
of 90 that scores 0."""

import pandas as pd
import pytest

from qtoolkit.assessment import assess
from tests.strategies import scheme_of


def leaf_scores(rule, values, scales=None, points=10.0, targets=None, **more):
    leaf = {"id": "x", "name": "x", "points": points, "rule": rule} | more
    leaf |= {} if scales is None else {"scales": scales}
    rest = {"id": "rest", "name": "rest", "points": 100 - points, "rule": {"kind": "share"}}
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf, rest],
        "grades": [{"id": "A", "cutoff": 0.0}],
    }
    frame = pd.DataFrame({"x": values, "rest": 0.0}, index=[f"u{k}" for k in range(len(values))])
    if targets:
        frame["target:x"] = targets
    result = assess(scheme_of(scheme), frame)
    assert result.nodes["x"].tolist() == pytest.approx(result.scores.tolist(), abs=1e-12)
    return result.scores.tolist()


STEPS = [{"at": 1.0, "share": 0.2}, {"at": 3.0, "share": 0.6}, {"at": 4.0, "share": 1.0}]
HIGHER, LOWER = {"direction": "higher"}, {"direction": "lower"}


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ({"kind": "share"}, [0, 0.35, 1], [0, 3.5, 10]),
        (
            {"kind": "goalposts", "low": 20.0, "high": 60.0},
            [10, 20, 30, 60, 99],
            [0, 0, 2.5, 10, 10],
        ),
        (
            {"kind": "goalposts", "low": 20.0, "high": 60.0} | LOWER,
            [10, 20, 30, 60, 99],
            [10, 10, 7.5, 0, 0],
        ),
        # 功效系数: 60 + 40·(x − 不允许值)/(满意值 − 不允许值), as a share of the leaf's points
        (
            {"kind": "efficacy", "unacceptable": 80.0, "satisfactory": 100.0},
            [70, 80, 85, 100, 120],
            [6, 6, 7, 10, 10],
        ),
        (
            {"kind": "efficacy", "unacceptable": 1.0, "satisfactory": 0.0, "base": 0.5},
            [2, 1, 0.5, 0],
            [5, 5, 7.5, 10],
        ),
        ({"kind": "target", "target": 8.0}, [0, 4, 8, 20, -3], [0, 5, 10, 10, 0]),
        ({"kind": "target", "target": 8.0} | LOWER, [0, 4, 8, 16, 32], [10, 10, 10, 5, 2.5]),
        # 1.2/1.5 < .8 as floats
        ({"kind": "target", "target": 1.5, "floor": 0.8}, [1.2, 1.1999, 1.35], [8, 0, 9]),
        ({"kind": "target", "target": 1.2, "floor": 0.8} | LOWER, [1.5, 1.5001, 1.2], [8, 0, 10]),
        ({"kind": "steps", "table": STEPS}, [0.9, 1, 2.9, 3, 4, 50], [0, 2, 2, 6, 10, 10]),
        (
            {"kind": "steps", "table": STEPS, "interpolate": True},
            [0, 1, 2, 3, 3.5, 9],
            [2, 2, 4, 6, 8, 10],
        ),
        (
            {"kind": "level", "levels": {"优": 1.0, "良": 0.85, "差": 0.0}},
            ["良", "优", "差"],
            [8.5, 10, 0],
        ),
    ],
)
def test_rules_that_give_a_share(rule, values, expected):
    assert leaf_scores(rule, values) == expected


@pytest.mark.parametrize("scales", [True, False])
@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ({"kind": "direct"}, [10, 7.5, 0], [10, 7.5, 0]),
        # 每缺一项扣0.1分,扣完为止
        ({"kind": "deduct", "rate": 0.1}, [0, 3, 100, 101], [10, 9.7, 0, 0]),
        (
            {"kind": "deduct", "rate": 2.0, "per": 0.5, "target": 95.0},
            [94, 95, 99, 90],
            [6, 10, 10, 0],
        ),
        ({"kind": "deduct", "rate": 2.0, "target": 3.0} | LOWER, [2, 3, 4.5, 9], [10, 10, 7, 0]),
    ],
)
def test_rules_in_points_at_the_points_they_are_written_for(rule, values, expected, scales):
    assert leaf_scores(rule, values, scales=scales) == expected


@pytest.mark.parametrize(("scales", "expected"), [(False, 7.0), (True, 6.0)])
def test_a_leaf_of_4_that_lost_1_raised_to_8(scales, expected):
    """USER.md: 7 where the deduction stays 1 point, 6 where it grows with the points."""
    assert leaf_scores({"kind": "deduct", "rate": 1.0}, [1], scales=scales, points=4.0) == [3.0]
    assert leaf_scores(
        {"kind": "deduct", "rate": 1.0}, [1], scales=scales, points=8.0, out_of=4.0
    ) == [expected]
    leaves = [
        {
            "id": "x",
            "name": "x",
            "points": 4.0,
            "rule": {"kind": "deduct", "rate": 1.0},
            "scales": scales,
        }
    ]
    leaves.append({"id": "rest", "name": "rest", "points": 96.0, "rule": {"kind": "share"}})
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "grades": [{"id": "A", "cutoff": 0.0}],
    }
    result = assess(scheme_of(scheme), pd.DataFrame({"x": [1.0], "rest": [0.0]}, index=["u"]))
    assert result.what_if(points={"x": 8}).scores.tolist() == [expected]
    assert result.what_if(points={"x": 8}).what_if(points={"x": 4}).scores.tolist() == [3.0]


def test_a_share_whose_deduction_does_not_scale():
    """A share of .75 of 4 points lost 1 point; of 8 points it scores 7 or 6."""
    assert leaf_scores({"kind": "share"}, [0.75], scales=False, points=8.0, out_of=4.0) == [7.0]
    assert leaf_scores({"kind": "share"}, [0.75], scales=True, points=8.0, out_of=4.0) == [6.0]


def test_points_out_of_another_number():
    assert leaf_scores({"kind": "direct", "out_of": 20.0}, [15, 20], scales=True) == [7.5, 10.0]
    assert leaf_scores({"kind": "direct", "out_of": 20.0}, [15, 20, 5], scales=False) == [
        5.0,
        10.0,
        0.0,
    ]


def test_targets_of_the_units():
    own = {"kind": "target"}
    assert leaf_scores(own, [4, 4, 4], targets=[4, 8, 16]) == [10.0, 5.0, 2.5]
    fallback = {"kind": "target", "target": 5.0}
    assert leaf_scores(fallback, [4, 4], targets=[8, None]) == [5.0, 8.0]
    deduct = {"kind": "deduct", "rate": 1.0, "own_target": True}
    assert leaf_scores(deduct, [4, 4], scales=False, targets=[5, 12]) == [9.0, 2.0]
