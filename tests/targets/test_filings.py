"""Filed targets: in time up to the last day, and beside last year's and the plan by hand."""

import datetime

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.models import validate
from tests.inputs.helpers import refused
from tests.targets.cases import FRAME, result_of, scheme_of

DATES = ["2025-06-01", "2025-06-30", "2025-07-01", None]
FILED = FRAME.assign(**{"filed:rate": DATES})
LAST = pd.DataFrame(
    {"rate": [95.0, 100.0, 120.0], "target:rate": [90.0, 100.0, 110.0]}, index=["a", "b", "c"]
)
PLAN = {"plan": {"start": 2023, "end": 2028, "base": 90, "goal": 105}}


def test_the_last_day_is_in_time_and_the_day_after_is_late():
    found = qt.targets.filed(result_of(FILED))
    assert found["status"].tolist() == ["in_time", "in_time", "late", "not_filed"]
    assert found["filed_on"].iloc[1] == datetime.date(2025, 6, 30)
    assert found["filed_on"].iloc[3] is None


@pytest.mark.parametrize("due", ["2025-07-01", "2025年7月1日", datetime.date(2025, 7, 1)])
def test_another_last_day(due):
    found = qt.targets.filed(result_of(FILED), due=due)
    assert found["status"].tolist() == ["in_time", "in_time", "in_time", "not_filed"]


def test_what_is_unknown_is_not_guessed():
    assert set(qt.targets.filed(result_of())["status"]) == {"unknown"}  # no column
    found = qt.targets.filed(result_of(FILED, calendar=[]))  # no last day
    assert found["status"].tolist() == ["unknown", "unknown", "unknown", "not_filed"]
    assert found[["last_target", "last_value", "planned"]].isna().all(axis=None)
    for name in ("below_last_target", "below_last_value", "below_plan"):
        assert found[name].tolist() == [None] * 4


@pytest.mark.parametrize("due", ["soon", "2025-06", "2025-06-31", "", 5])
def test_a_last_day_that_is_none(due):
    _, en = refused(qt.targets.filed, result_of(FILED), None, due)
    assert len(en) == 1


def test_beside_last_year_and_the_plan():
    """Linear from 90 in 2023 to 105 in 2028: 99 in 2026."""
    found = qt.targets.filed(result_of(FILED, PLAN), result_of(LAST)).set_index("unit")
    assert found["below_last_target"].tolist() == [False, False, True, None]
    assert found["below_last_value"].tolist() == [False, False, True, None]
    assert found["planned"].tolist() == [99.0] * 4
    assert found["below_plan"].tolist() == [False, False, False, True]


def test_less_is_better():
    lower = {"rule": {"kind": "target", "direction": "lower"}}
    found = qt.targets.filed(result_of(FILED, lower), result_of(LAST, lower))
    assert found["below_last_target"].tolist() == [True, False, False, None]
    assert found["below_last_value"].tolist() == [True, False, False, None]


def test_last_years_indicator_is_found_by_previous_and_only_where_measured_alike():
    last = result_of(LAST)
    renamed = result_of(
        FILED.rename(columns=lambda name: name.replace("rate", "share")),
        {"id": "share", "previous": ["rate"]},
    )
    assert qt.targets.filed(renamed, last)["last_target"].tolist()[:3] == [90.0, 100.0, 110.0]
    other = result_of(FILED, {"unit": "%"})
    last_in_tons = result_of(LAST, {"unit": "t"})
    assert qt.targets.filed(other, last_in_tons)["last_target"].isna().all()


def test_units_have_ends_of_their_own():
    """A doubling in five years by hand: 2^(3/5) of the base; a unit without its own takes the
    plan's, and one without either has none."""
    leaf = {"plan": {"start": 2023, "end": 2028, "path": "compound", "goal": 64}}
    ends = {"plan_base:rate": [32.0, 2.0, None, 64.0], "plan_goal:rate": [None, 4.0, 8.0, None]}
    found = qt.targets.filed(result_of(FILED.assign(**ends), leaf))["planned"]
    assert found.iloc[[0, 1, 3]].tolist() == pytest.approx([32 * 2**0.6, 2 * 2**0.6, 64])
    assert pd.isna(found.iloc[2])


@pytest.mark.parametrize("year", ["2022", "2029", "2025-2026", ""])
def test_a_year_outside_the_plan_has_no_planned_target(year):
    assert qt.targets.filed(result_of(FILED, PLAN, year=year))["planned"].isna().all()


def test_a_target_on_a_path_of_fractions_is_not_below_it():
    """91.5 to 94.5 in five years is 93.3 in the third, though floats may say otherwise."""
    for base, goal, target in ((91.5, 94.5, 93.3), (0.1, 0.6, 0.4), (1.1, 2.1, 1.7)):
        leaf = {"plan": {"start": 2023, "end": 2028, "base": base, "goal": goal}}
        frame = FRAME.assign(**{"target:rate": target})
        assert qt.targets.filed(result_of(frame, leaf))["below_plan"].tolist() == [False] * 4


def test_a_unit_to_which_the_indicator_does_not_apply_has_filed_nothing_amiss():
    two = {"id": "x", "name": "x", "points": 50, "rule": {"kind": "share"}}
    rate = scheme_of().indicators[0].model_dump(exclude_defaults=True) | {
        "points": 50,
        "missing": {"not_applicable": "renormalise"},
    }
    scheme = validate(
        qt.Scheme, scheme_of().model_dump(mode="json") | {"indicators": [rate, two]}, None
    )
    frame = FILED.assign(x=0.5).astype(object)
    frame.loc["d", ["rate", "target:rate"]] = ["不适用", None]
    assert qt.targets.filed(qt.assess(scheme, frame))["unit"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("due", [pd.NaT, 20250701, "7月1日"])
def test_a_last_day_that_is_none_is_refused(due):
    with pytest.raises(qt.InputError) as caught:
        qt.targets.filed(result_of(FILED), due=due)
    assert "expected one date with year, month and day" in caught.value.sentences("en")[0]
