"""Gaps under quotas, by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.language import same
from tests.examples import share
from tests.sentences import results


def three_units(share, **first):
    """Scores of 95, 91 and 90 on two leaves of 50; grade A from 90."""
    scheme = qt.Scheme.flat({"x": 50, "y": 50}, {"A": 90, "B": 0})
    grades = (scheme.grades[0].model_copy(update=first), scheme.grades[1])
    frame = pd.DataFrame({"x": [1.0, 1.0, 1.0], "y": [0.9, 0.82, share]}, index=list("uvw"))
    return qt.assess(scheme.model_copy(update={"grades": grades}), frame)


def test_what_a_unit_is_short_of_counts_the_places():
    """One place: v reaches the line and is 4 points short of level with u, where neither has it; w
    has 5 to go."""
    gaps = qt.decomposition.gaps(three_units(0.8, quota=1.0))
    assert gaps["short"].round(9).tolist()[1:] == [4, 5] and np.isnan(gaps.loc["u", "short"])
    assert gaps["short"].iloc[1] > 4  # a tick more than level
    assert gaps["short_by"].tolist() == ["best", "quota", "quota"] and gaps["rivals"].tolist() == [
        (),
        ("u",),
        ("u",),
    ]
    assert gaps["next"].tolist()[1:] == ["A", "A"]
    assert qt.decomposition.gaps(three_units(0.8))["short_by"].tolist() == ["best"] * 3


def test_a_grade_that_cannot_be_had_is_not_short():
    gaps = qt.decomposition.gaps(three_units(0.7, quota=0.0))
    assert gaps["short"].isna().all() and set(gaps["short_by"]) == {"quota"}


def test_losses_that_are_equal_on_paper_come_in_the_order_of_the_tree():
    """.1 of 3 and .3 of 1 are lost alike, though the second is a little more as a float."""
    scheme = qt.Scheme.flat({"x": 3, "y": 1, "z": 96}, {"A": 90, "B": 0})
    result = qt.assess(scheme, pd.DataFrame({"x": [0.9], "y": [0.7], "z": [1.0]}, index=["u"]))
    lost = qt.decomposition.lost_points(result).loc["u"]
    assert lost["x"] < lost["y"] < lost["x"] + 1e-15
    assert [leaf for leaf, _ in qt.decomposition.gaps(result).loc["u", "lost"]] == ["x", "y"]


def test_a_place_left_free_is_told_from_a_score_that_others_set():
    """One place: without u, of 95, v of 91 has it. Without the lowest of 1, 3 and 9 the share of
    3 falls from .25 to 0 under a line of 20; without the highest it rises to 1 from a line of
    80."""
    places = qt.decomposition.drop_unit(three_units(0.8, quota=1.0))
    assert places.loc["u", ["grades", "places"]].tolist() == [1, 1]
    leaf = {"id": "b", "name": "b", "points": 100.0, "rule": {"kind": "minmax"}}
    for grade, out in (({"id": "A", "cutoff": 20.0}, "t"), ({"id": "A", "cutoff": 80.0}, "v")):
        grades = [grade, {"id": "B", "cutoff": 0.0}]
        scheme = {"id": "s", "name": "s", "indicators": [leaf], "grades": grades}
        frame = pd.DataFrame({"b": [1.0, 3.0, 9.0]}, index=list("tuv"))
        table = qt.decomposition.drop_unit(qt.assess(qt.Scheme.model_validate(scheme), frame))
        assert table.loc[out, ["grades", "places"]].tolist() == [1, 0]


def test_a_unit_without_which_the_others_cannot_be_scored_has_no_row():
    """Three values are the fewest of which one at each end can be treated; w has none, so that it
    alone can be left out."""
    leaf = {"id": "b", "name": "b", "points": 100.0, "outliers": {"low": 1, "high": 1}}
    leaf |= {"rule": {"kind": "minmax"}, "missing": {"blank": "zero"}}
    grades = [{"id": "A", "cutoff": 50.0}, {"id": "B", "cutoff": 0.0}]
    scheme = {"id": "s", "name": "s", "indicators": [leaf], "grades": grades}
    values = {"b": [1.0, 2.0, 4.0, None]}
    result = qt.assess(qt.Scheme.model_validate(scheme), pd.DataFrame(values, index=list("tuvw")))
    assert list(qt.decomposition.drop_unit(result).index) == ["w"]


@settings(max_examples=share(36, least=12))
@given(results())
def test_scores_depend_on_the_others_only_where_it_is_said(result):
    """Where it is said that nothing depends on the other units, each keeps its score when any of
    them is left out."""
    if qt.decomposition.is_dependent(result):
        return
    for unit in result.scores.index if len(result.scores) > 1 else []:
        other = result.without(unit)
        assert (other.scores == result.scores[other.scores.index]).all()


def test_departments_that_do_the_work_come_before_those_that_score():
    """Of a scheme that names both, of one that names the one who scores alone."""

    def worst(**named):
        scheme = qt.Scheme.flat({"x": 100}, {"A": 90, "B": 0})
        leaf = scheme.indicators[0].model_copy(update={k: same(v) for k, v in named.items()})
        frame = pd.DataFrame({"x": [0.5]}, index=["u"])
        scheme = scheme.model_copy(update={"indicators": (leaf,)})
        return qt.decomposition.gaps(qt.assess(scheme, frame))["department"].iloc[0]

    assert worst(lead="甲", responsible="乙").zh == "乙" and worst(lead="甲").zh == "甲"
    assert worst() is None


def test_tasks_are_counted_and_what_each_costs_by_hand():
    """Weights .2, .3 and .5 of 60 points, late .5. The first task costs the first unit 0 and the
    second 6 (late); to the fourth the third does not apply, so that .2 of .5 is 24 points; of the
    third unit nothing is scored."""
    items = [
        {"id": id, "name": id, "weight": weight, "due": due}
        for id, weight, due in (("x", 0.2, "2025-08-31"), ("y", 0.3, None), ("z", 0.5, None))
    ]
    scheme = {
        "id": "s",
        "name": "s",
        "missing": {"pending": "zero"},
        "indicators": [
            {
                "id": "a",
                "name": "a",
                "points": 60.0,
                "rule": {"kind": "checklist", "items": items, "late": 0.5},
            },
            {"id": "b", "name": "b", "points": 40.0, "rule": {"kind": "share"}},
        ],
        "grades": [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 0.0}],
    }
    columns = {
        "task:a.x": ["2025-08-31", "2025-09-01", "是", "否"],
        "task:a.y": ["是", "是", "待核实", "是"],
        "task:a.z": ["是", "否", "是", "不适用"],
        "b": [1, 1, 1, 1],
    }
    result = qt.assess(qt.Scheme.model_validate(scheme), pd.DataFrame(columns, index=list("uvwt")))
    found = qt.decomposition.tasks(result).set_index("item")
    assert found.loc["x", ["done", "late", "not_done", "pending"]].tolist() == [2, 1, 1, 0]
    assert found.loc["y", ["done", "late", "not_done", "pending"]].tolist() == [3, 0, 0, 1]
    assert found.loc["z", ["done", "not_done", "not_applicable"]].tolist() == [2, 1, 1]
    assert found["lost"].tolist() == pytest.approx([(0 + 6 + 24) / 3, 0, (0 + 30) / 2])
    assert found["due"].tolist() == ["2025-08-31", None, None]
    lost = qt.decomposition.lost_points(result)["a"]
    assert lost[["u", "v", "t"]].tolist() == pytest.approx([0, 6 + 30, 24])


def test_a_scheme_without_lists_has_no_tasks():
    assert qt.decomposition.tasks(three_units(0.8)).empty
