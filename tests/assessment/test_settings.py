"""Settings against a new assessment of a changed scheme for every row; keys that do not exist;
shared engines and leaves."""

import importlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.assessment.settings import settings as settings_of
from qtoolkit.errors import InputError
from qtoolkit.inputs.changes import change, keys_of
from tests.examples import share
from tests.robustness.lp import flat
from tests.strategies import TREATMENTS, frame_of, givens, scheme_of


def scores(graded):
    return graded.scores


def ranks(graded):
    return graded.ranks


def grades(graded):
    return graded.grades


OUTPUTS = {"score": scores, "rank": ranks, "grade": grades}
METHODS = {
    "aggregation": ["arithmetic", "geometric", 2, "scheme"],
    "aggregation.total": ["harmonic", "arithmetic"],
    "rounding.total": [None, 0, {"decimals": 0, "mode": "floor"}],
    "rounding.leaf": [None, 1],
    "missing.not_applicable": TREATMENTS,
    "missing.not_reported": TREATMENTS,
    "rank_on": ["base", "published"],
    "order.veto": ["before_quota", "after_quota"],
    "order.rounding": ["before_bonus", "after_bonus"],
}


@st.composite
def rows(draw, scheme):
    choices = METHODS | {"drop": [None, *(leaf.id for leaf in scheme.leaves)]}
    choices |= {f"points.{scheme.leaves[0].id}": [0.0, scheme.leaves[0].points, 5.0]}
    choices |= (
        {
            f"cutoffs.{scheme.grades[0].id}": [scheme.grades[0].cutoff, 97.0],
            f"grades.{scheme.grades[0].id}.quota": [None, 1, 2.0, 0.5, "scheme", 1.5],
        }
        if len(scheme.grades) > 1
        else {}
    )
    return draw(
        st.lists(
            st.fixed_dictionaries(
                {}, optional={key: st.sampled_from(v) for key, v in choices.items()}
            ),
            min_size=1,
            max_size=6,
        )
    )


@settings(max_examples=share(100))
@given(givens(), st.data())
def test_a_row_is_an_assessment_of_its_own(given, data):
    scheme, frame = scheme_of(given.scheme), frame_of(given)
    result = qt.assess(scheme, frame)
    chosen = data.draw(rows(scheme))
    table = settings_of(result, pd.DataFrame(chosen, dtype=object), OUTPUTS)
    for row, found in zip(chosen, table.to_dict("records"), strict=True):
        try:
            again = qt.assess(change(scheme, row), result.table)
        except InputError as error:
            assert found["failed"] == error.complaints[0].text and np.isnan(
                found.get("score", np.nan)
            )
            continue
        assert found["failed"] is None
        assert [found[f"score:{u}"] for u in again.scores.index] == np.round(
            again.scores * 1e10
        ).tolist()
        assert [found[f"rank:{u}"] for u in again.scores.index] == again.ranks.tolist()
        assert [found[f"grade:{u}"] for u in again.scores.index] == again.grades.cat.codes.tolist()


def test_rows_of_points_and_cutoffs_share_one_engine_and_leaves_are_made_once(monkeypatch):
    result = flat([40.0, 30.0, 30.0], [[0.9, 0.8, 0.7], [0.5, 0.9, 0.6]], 70)
    made, building = [], importlib.import_module("qtoolkit.assessment.build")
    real = building._leaf
    monkeypatch.setattr(
        building,
        "_leaf",
        lambda scheme, leaf, *rest: made.append(leaf.id) or real(scheme, leaf, *rest),
    )
    frame = pd.DataFrame({"points.x0": [40, 50, 60.0], "cutoffs.A": [70, 60, 80.0]})
    frame = pd.concat(
        [frame, frame.assign(aggregation="geometric"), frame.assign(**{"rule.x1": "minmax"})],
        ignore_index=True,
    )
    table = settings_of(result, frame, OUTPUTS)
    assert table["failed"].isna().all() and sorted(made) == ["x0", "x1", "x1", "x2"]
    with ThreadPoolExecutor(2) as pool:
        pd.testing.assert_frame_equal(settings_of(result, frame, OUTPUTS, pool), table)


def test_points_as_an_array_and_a_dropped_indicator_by_hand():
    result = flat([40.0, 30.0, 30.0], [[1.0, 0.5, 0.0]], 50)
    frame = pd.DataFrame(
        {
            "points": [np.array([20.0, 20.0, 60.0]), np.array([50.0, 25.0, 25.0]), np.array([1.0])],
            "drop": ["x2", None, None],
        },
        dtype=object,
    )
    table = settings_of(result, frame, {"score": scores})
    # the 60 points of x2 go half and half
    assert table["score:u0"].tolist()[:2] == [75e10, 62.5e10]
    assert table["failed"].notna().tolist() == [False, False, True]


def test_an_only_child_s_points_go_to_its_parent_s_siblings():
    leaf = lambda id, points: {"id": id, "name": id, "points": points, "rule": {"kind": "share"}}  # noqa: E731
    data = {
        "id": "s",
        "name": "s",
        "indicators": [
            {"id": "n", "name": "n", "children": [leaf("a", 20.0)]},
            leaf("b", 60.0),
            leaf("c", 20.0),
        ],
        "grades": [{"id": "A", "cutoff": 0}],
    }
    assert [x.points for x in change(scheme_of(data), {"drop": "a"}).leaves] == [0.0, 75.0, 25.0]
    with pytest.raises(InputError, match="x0"):
        change(flat([100.0], [[1.0]], 50).scheme, {"drop": "x0"})


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"aggregaton": "geometric"}, ["“aggregaton”", "“aggregation”"]),
        ({"aggregation": "geometrc"}, ["“geometrc”", "“geometric”"]),
        ({"rounding.total": "two"}, ["“rounding.total”", "“two”"]),
        ({"rounding.total": {"decimals": 0, "mode": "flor"}}, ["“rounding.total.mode”", "“floor”"]),
        ({"rule": "minmx"}, ["“minmx”", "“minmax”"]),
        ({"rule.x9": "minmax"}, ["“rule.x9”"]),
        ({"missing.pending": "ful"}, ["“ful”", "“full”"]),
        ({"drop": "x9"}, ["“x9”"]),
        ({"points": 3}, ["“points”"]),
        ({"order.veto": "later"}, ["“later”", "before_quota"]),
    ],
)
def test_a_choice_that_does_not_exist_is_one_sentence(changes, parts):
    with pytest.raises(InputError) as caught:
        change(flat([50.0, 50.0], [[1.0, 0.5]], 50).scheme, changes)
    for language in ("zh", "en"):
        (sentence,) = caught.value.sentences(language)
        assert all(part in sentence for part in parts), sentence


def test_a_rule_by_its_kind_keeps_each_leaf_s_direction():
    leaves = [
        {
            "id": "a",
            "name": "a",
            "points": 50.0,
            "rule": {"kind": "efficacy", "unacceptable": 9.0, "satisfactory": 1.0},
        },
        {
            "id": "b",
            "name": "b",
            "points": 50.0,
            "rule": {"kind": "deduct", "rate": 1.0},
            "scales": False,
        },
    ]
    scheme = scheme_of(
        {"id": "s", "name": "s", "indicators": leaves, "grades": [{"id": "A", "cutoff": 0}]}
    )
    new = change(scheme, {"rule": "minmax"})
    assert [(leaf.rule.direction, leaf.scales) for leaf in new.leaves] == [("lower", True)] * 2
    frame = pd.DataFrame({"a": [1.0, 9.0, 5.0], "b": [0.0, 4.0, 1.0]}, index=list("uvw"))
    assert qt.assess(new, frame).scores.tolist() == [100, 0, 62.5]


def test_all_keys_are_known():
    scheme = qt.read_case("params/city-2026").scheme
    keys = keys_of(scheme)
    assert len(keys) == len(set(keys)) and {
        "drop",
        "aggregation.total",
        "rounding.total",
        "order.veto",
    } < set(keys)
    assert change(scheme, dict.fromkeys(keys, "scheme")) == scheme


def test_an_unknown_column_of_settings_is_refused_and_not_a_failed_row():
    result = flat([50.0, 50.0], [[1.0, 0.5]], 50)
    with pytest.raises(InputError, match="cutofs") as caught:
        settings_of(result, pd.DataFrame({"cutofs.A": [60.0]}), OUTPUTS)
    assert "“cutoffs.A”" in caught.value.sentences("en")[0]
