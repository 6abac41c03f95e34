"""`assess` and its tables: exact cases by hand, invariants by hypothesis."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.engine import score
from qtoolkit.errors import InputError
from tests.examples import share
from tests.strategies import frame_of, givens, scheme_of

WHOLE = {"total": {"decimals": 0, "mode": "half_up"}}
ABCD = [
    {"id": "A", "cutoff": 90.0},
    {"id": "B", "cutoff": 80.0},
    {"id": "C", "cutoff": 60.0},
    {"id": "D", "cutoff": 0.0},
]


def share_scheme(points=(100.0,), grades=ABCD, **more):
    leaves = [
        {"id": f"x{j}", "name": f"x{j}", "points": p, "rule": {"kind": "share"}}
        for j, p in enumerate(points)
    ]
    return scheme_of(
        {"id": "s", "name": "s", "total": sum(points), "indicators": leaves, "grades": grades}
        | more
    )


def one_leaf(shares, **more):
    index = [f"u{k}" for k in range(len(shares))]
    return qt.assess(share_scheme(**more), pd.DataFrame({"x0": shares}, index=index))


@pytest.mark.parametrize(
    ("points", "rounding", "published", "expected"),
    [
        (89.5, WHOLE, 90.0, "A"),
        (89.4999999999, WHOLE, 89.0, "B"),
        (90.0, {}, 90.0, "A"),  # a cutoff belongs to the upper grade
        (90 - 1e-14, {}, 90.0, "A"),
        (90 - 1e-10, {}, 89.9999999999, "B"),
        (80.0, {}, 80.0, "B"),
        (59.995, {"total": {"decimals": 2}}, 60.0, "C"),
        (59.995, {"total": {"decimals": 2, "mode": "floor"}}, 59.99, "D"),
        (2.675, {"total": {"decimals": 2}}, 2.68, "D"),
    ],
)
def test_grades_at_the_edge(points, rounding, published, expected):
    result = one_leaf([points / 100], rounding=rounding)
    assert result.scores.tolist() == [published] and result.grades.tolist() == [expected]


def test_a_float_sum_that_misses_90_by_1e_14_does_not_drop():
    """.1 + .2 + .3 + … in floats: many orders of the leaves give sums on both sides of 90, and all
    are an A."""
    points = [0.1, 0.2, 0.3, 0.7, 1.1, 2.3, 4.7, 9.9, 30.7, 40.0, 10.0]
    shares = [1.0] * 10 + [0.0]
    rng, sums = np.random.default_rng(0), set()
    for _ in range(100):
        order = rng.permutation(11)
        p, x = np.array(points)[order], np.array(shares)[order]
        sums.add(float(sum(a * b for a, b in zip(p.tolist(), x.tolist(), strict=True))))
        frame = pd.DataFrame([x], columns=[f"x{j}" for j in range(11)], index=["u"])
        result = qt.assess(share_scheme(points=p.tolist(), total=100.0), frame)
        assert result.scores.tolist() == [90.0] and result.grades.tolist() == ["A"]
    assert min(sums) < 90.0 <= max(sums)  # the floats themselves do miss it


def test_competition_ranks_go_by_the_published_score():
    """94.6 and 94.5 are both 95 after rounding and share the first place; the next is third."""
    assert one_leaf([0.946, 0.945, 0.944, 0.2], rounding=WHOLE).ranks.tolist() == [1, 1, 3, 4]
    assert one_leaf([0.946, 0.945, 0.944, 0.2], rounding=WHOLE, rank_on="base").ranks.tolist() == [
        1,
        2,
        3,
        4,
    ]


BONUS = [
    {"id": "media", "name": "m", "kind": "bonus", "max": 10.0},
    {"id": "late", "name": "l", "kind": "deduction", "max": 10.0},
]


@pytest.mark.parametrize(
    ("order", "cap", "published"),
    [
        ({}, None, 97.0),  # 97.46 + 5.2 − 5.4 = 97.26
        ({"cap": "before_deductions"}, None, 95.0),  # min(102.66, 100) − 5.4 = 94.6
        ({"rounding": "before_bonus"}, None, 96.8),  # 97 + 5.2 − 5.4
        # min(102.2, 100) − 5.4
        ({"rounding": "before_bonus", "cap": "before_deductions"}, None, 94.6),
        ({"cap": "before_deductions"}, 102.0, 97.0),  # min(102.66, 102) − 5.4 = 96.6
    ],
)
def test_the_order_of_bonus_cap_deduction_and_rounding(order, cap, published):
    more = {"rounding": WHOLE, "order": order, "bonuses": BONUS} | ({"cap": cap} if cap else {})
    frame = pd.DataFrame({"x0": [0.9746], "bonus:media": [5.2], "bonus:late": [5.4]}, index=["u"])
    result = qt.assess(share_scheme(**more), frame)
    assert result.scores.tolist() == [published]
    steps = result.steps.iloc[0]
    assert steps["base"] + steps[
        ["bonus", "cap", "late", "floor", "rounding"]
    ].sum() == pytest.approx(published, abs=1e-9)


@pytest.mark.parametrize(
    ("veto", "expected"),
    [("before_quota", ["D", "A", "A", "B"]), ("after_quota", ["D", "A", "B", "B"])],
)
def test_whether_a_vetoed_unit_uses_up_a_place(veto, expected):
    """Two places for A; the first by score is vetoed."""
    grades = [
        {"id": "A", "cutoff": 90.0, "quota": 2},
        {"id": "B", "cutoff": 60.0},
        {"id": "D", "cutoff": 0.0},
    ]
    scheme = share_scheme(
        grades=grades, order={"veto": veto}, vetoes=[{"id": "v", "name": "v", "cap": "D"}]
    )
    frame = pd.DataFrame(
        {"x0": [0.99, 0.97, 0.95, 0.93], "veto:v": ["是", "否", "否", "否"]}, index=list("甲乙丙丁")
    )
    result = qt.assess(scheme, frame)
    assert result.grades.tolist() == expected
    assert result.ranks.tolist() == [1, 2, 3, 4]  # score and rank of a vetoed unit stand
    assert result.steps["set_by"].tolist()[0] == "veto:v" and set(result.steps["by_score"]) == {"A"}


def test_ties_at_the_last_place_of_a_quota_all_stay_out():
    grades = [{"id": "A", "cutoff": 90.0, "quota": 2}, {"id": "B", "cutoff": 0.0}]
    assert one_leaf([0.99, 0.95, 0.95, 0.91], grades=grades).grades.tolist() == ["A", "B", "B", "B"]
    assert one_leaf([0.95, 0.95, 0.91, 0.1], grades=grades).grades.tolist() == ["A", "A", "B", "B"]


def test_a_quota_as_a_share_is_cut_to_whole_units():
    """.3 of 10 units are 3 (3.0000000000000004 or 2.9999999999999996 in floats); .29 of 10 are
    2."""
    for quota, places in ((0.3, 3), (0.29, 2), (0.7, 7)):
        grades = [{"id": "A", "cutoff": 50.0, "quota": quota}, {"id": "B", "cutoff": 0.0}]
        result = one_leaf([0.9 - k / 100 for k in range(10)], grades=grades)
        assert (result.grades == "A").sum() == places


def blanks(treatment, rows, columns=("x0", "x1", "x2"), points=(50.0, 30.0, 20.0), **more):
    missing = {"blank": "not_applicable", "not_applicable": treatment}
    frame = pd.DataFrame(
        rows, columns=columns, index=[f"u{k}" for k in range(len(rows))], dtype=object
    )
    return qt.assess(share_scheme(points=points, missing=missing, **more), frame)


def test_blanks_by_hand():
    rows = [[0.8, None, 0.5], [0.6, 0.4, 0.2], [1.0, 0.9, 1.0]]
    assert blanks("zero", rows).scores["u0"] == 50.0
    assert blanks("full", rows).scores["u0"] == 80.0
    assert blanks("renormalise", rows).scores["u0"] == round(50 / 0.7, 10)  # 50 of 70 points
    assert blanks("group_mean", rows).scores["u0"] == 69.5  # 50 + 30 · (.4 + .9)/2
    with pytest.raises(InputError, match="not_applicable"):
        blanks("fail", rows)
    assert list(blanks("renormalise", rows).matrix.loc["u0"].isna()) == [False, True, False]


def test_points_of_a_blank_stay_within_the_node():
    """A node of 40 points with a blank of 30: its other leaf of 10 carries all 40."""
    inner = [
        {"id": i, "name": i, "points": p, "rule": {"kind": "share"}}
        for i, p in (("a", 10.0), ("b", 30.0))
    ]
    nodes = [
        {"id": "n", "name": "n", "children": inner},
        {"id": "c", "name": "c", "points": 60.0, "rule": {"kind": "share"}},
    ]
    missing = {"blank": "not_applicable", "not_applicable": "renormalise"}
    scheme = scheme_of(
        {
            "id": "s",
            "name": "s",
            "total": 100.0,
            "indicators": nodes,
            "grades": ABCD,
            "missing": missing,
        }
    )
    frame = pd.DataFrame(
        {"a": [0.5, None], "b": [None, None], "c": [1.0, 0.7]}, index=["u", "v"], dtype=object
    )
    result = qt.assess(scheme, frame)
    # .5 · 40 + 60; with the whole node blank its points go to c
    assert result.scores.tolist() == [80.0, 70.0]
    assert result.contributions.loc["u"].tolist() == [20.0, 0.0, 60.0]


def test_the_mean_of_a_class_is_taken_again_when_points_change():
    """Two peers lost 1 and 3 points of 4, not scaling: the blank takes 2 of 4, and at 8 points (7 +
    5)/2 = 6 of 8."""
    leaves = [
        {
            "id": "a",
            "name": "a",
            "points": 4.0,
            "rule": {"kind": "deduct", "rate": 1.0},
            "scales": False,
        },
        {"id": "b", "name": "b", "points": 6.0, "rule": {"kind": "share"}},
    ]
    missing = {"blank": "not_reported", "not_reported": "group_mean"}
    scheme = {
        "id": "s",
        "name": "s",
        "total": 10.0,
        "indicators": leaves,
        "grades": ABCD[-1:],
        "missing": missing,
    }
    frame = pd.DataFrame(
        {"a": [1, 3, None], "b": [0.0, 0.0, 0.0]}, index=["u", "v", "w"], dtype=object
    )
    result = qt.assess(scheme_of(scheme), frame)
    assert result.scores.tolist() == [3.0, 1.0, 2.0]
    assert result.what_if(points={"a": 8}).scores.tolist() == [7.0, 5.0, 6.0]
    assert (qt.assess(result.scheme, frame).engine.means[0].peers == [0, 1]).all()
    assert (score(result.engine, np.array([[8.0, 2.0], [2.0, 8.0]])) / 1e10).tolist() == [
        [7, 5, 6],
        [1, 0, 0.5],
    ]


@pytest.mark.parametrize(
    "rule, scales, values, at_8",
    [
        ({"kind": "share"}, True, [0.25, 0.75], [2, 6]),
        ({"kind": "share"}, False, [0.25, 0.75], [2, 6]),
        ({"kind": "deduct", "rate": 1.0}, True, [1, 3], [7, 5]),
        ({"kind": "deduct", "rate": 1.0}, False, [1, 3], [7, 5]),
        ({"kind": "goalposts", "low": 0.0, "high": 4.0}, True, [1, 3], [2, 6]),
        ({"kind": "goalposts", "low": 0.0, "high": 4.0}, False, [1, 3], [2, 6]),
    ],
)
@pytest.mark.parametrize("treatment", ["group_mean", "zero", "full"])
def test_a_leaf_of_0_points_is_the_same_leaf_when_it_gets_points(
    rule, scales, values, at_8, treatment
):
    """By hand at 8 points; the blank takes the mean, nothing or full marks. One engine, what-ifs
    and ranges agree."""
    leaves = [
        {"id": "a", "name": "a", "points": 0.0, "rule": rule, "scales": scales},
        {"id": "b", "name": "b", "points": 10.0, "rule": {"kind": "share"}},
    ]
    missing = {"blank": "not_reported", "not_reported": treatment}
    scheme = {
        "id": "s",
        "name": "s",
        "total": 10.0,
        "indicators": leaves,
        "grades": ABCD[-1:],
        "missing": missing,
    }
    frame = pd.DataFrame(
        {"a": [*values, None], "b": [0.0] * 3}, index=["u", "v", "w"], dtype=object
    )
    result = qt.assess(scheme_of(scheme), frame)
    expected = [*at_8, {"group_mean": sum(at_8) / 2, "zero": 0, "full": 8}[treatment]]
    assert result.what_if(points={"a": 8}).scores.tolist() == expected
    assert (score(result.engine, np.array([[8.0, 2.0]]))[0] / 1e10).tolist() == expected
    table = qt.robustness.score_range(result, qt.regions.Box(absolute=8)).table
    assert (table["high"].to_numpy() >= np.array(expected) - 1e-9).all()
    assert table.loc[table["status"] == "exact", "high"].tolist() == [
        pytest.approx(x)
        for x, status in zip(expected, table["status"], strict=True)
        if status == "exact"
    ]


def test_a_what_if_that_changes_nothing_changes_nothing():
    result = blanks("renormalise", [[0.8, None, 0.5], [0.6, 0.4, 0.2]])
    for other in (
        result.what_if(),
        result.what_if(points={"x0": 50.0}),
        result.change({"cutoffs.A": 90}),
    ):
        pd.testing.assert_series_equal(other.scores, result.scores)
        pd.testing.assert_series_equal(other.grades, result.grades)


def test_points_and_cutoffs_may_be_a_series_such_as_a_witness():
    """3 points and a half of 10 go from b to a: 甲 has 13.5·1 + 6.5·0, 乙 13.5·0 + 6.5·1."""
    frame = pd.DataFrame({"a": [1.0, 0.0], "b": [0.0, 1.0]}, index=["甲", "乙"])
    result = qt.assess(qt.Scheme.flat({"a": 10, "b": 10}, {"A": 12, "B": 0}), frame)
    other = result.what_if(
        points=pd.Series({"a": 13.5, "b": 6.5}), cutoffs=pd.Series({"A": 13}), spread="none"
    )
    assert other.scores.tolist() == [13.5, 6.5] and other.grades.tolist() == ["A", "B"]
    assert result.what_if(points=pd.Series(dtype=float)).scores.equals(result.scores)


@settings(max_examples=share(100))
@given(givens())
def test_contributions_steps_and_nodes_add_up(given):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    base = result.base / 1e10
    assert result.contributions.sum(axis=1).to_numpy() == pytest.approx(base.to_numpy(), abs=1e-8)
    steps = result.steps
    ends = steps["base"] + steps[["bonus", "cap", "late", "floor", "rounding"]].sum(axis=1)
    assert ends.to_numpy() == pytest.approx(steps["published"].to_numpy(), abs=1e-8)
    shares = result.matrix.to_numpy(dtype=float)
    inside = shares[~np.isnan(shares)]
    assert (inside >= 0).all() and (
        given.scheme["rounding"].get("leaf") or (inside <= 1 + 1e-12).all()
    )
    assert list(result.nodes.columns) == [node.id for node in result.scheme.nodes]


@settings(max_examples=share(60))
@given(givens(blanks=False, quotas=False, inside=False))
def test_more_bonus_never_lowers_a_score_and_a_copy_shares_its_rank(given):
    frame = frame_of(given)
    result = qt.assess(scheme_of(given.scheme), frame)
    more = frame.assign(**{"bonus:media": 5.0})
    assert (qt.assess(result.scheme, more).scores >= result.scores).all()
    twin = pd.concat([frame, frame.iloc[[0]].assign(unit="twin")], ignore_index=True)
    doubled = qt.assess(result.scheme, twin)
    assert (
        doubled.ranks["twin"] == doubled.ranks["u0"]
        and doubled.grades["twin"] == doubled.grades["u0"]
    )
    assert (doubled.scores[result.scores.index] == result.scores).all()


def test_a_unit_without_any_value_is_refused():
    with pytest.raises(InputError):
        blanks("renormalise", [[None, None, None], [0.6, 0.4, 0.2]], aggregation="geometric")
