"""Periods by days counted by hand, what collides, and one flag for indicators of one issue."""

import datetime

import numpy as np
import pytest

import qtoolkit as qt
from qtoolkit.assessment.flags import CALENDAR
from tests.targets.cases import FRAME, STEPS, result_of

OTHERS = {
    "2025年7月1日至2026年6月30日": (365, "same"),
    "2025年": (184, "calendar_year"),  # 31 + 31 + 30 + 31 + 30 + 31, from July
    "2026年": (181, "calendar_year"),  # 31 + 28 + 31 + 30 + 31 + 30, to June
    "2025年9月": (30, "part"),
    "2026年6月至2026年12月": (30, "part"),
    "2025年6月30日至2026年6月30日": (365, "part"),
    "2024年": (0, "outside"),
    "2026年7月": (0, "outside"),
}


def flags(result):
    return result.flags[result.flags["kind"].isin(CALENDAR)]


@pytest.mark.parametrize("text", OTHERS)
def test_days_that_data_and_period_share(text):
    result = result_of(leaf={"data_period": text}, calendar=[])
    row = qt.targets.periods(result).loc["rate"]
    assert (row["shared_days"], row["kind"]) == OTHERS[text] and row["period_days"] == 365
    kinds = {"same": [], "outside": ["outside_period"]}.get(row["kind"], ["other_period"])
    assert list(flags(result)["kind"]) == kinds


def test_the_flag_of_a_calendar_year_says_which_part_is_covered():
    text = flags(result_of(leaf={"data_period": "2025年"}, calendar=[]))["text"].iloc[0]
    for days in ("184", "365", "2025-07-01", "2025-12-31", "2026-01-01", "2025-06-30"):
        assert days in text.zh and days in text.en
    assert "日历年度" in text.zh and "calendar year" in text.en


def test_without_a_period_of_known_days_nothing_is_compared():
    for period in (None, "本年度"):
        result = result_of(leaf={"data_period": "2025年"}, period=period)
        row = qt.targets.periods(result).loc["rate"]
        assert np.isnan(row["shared_days"]) and row["kind"] is None
        assert flags(result).empty
        assert qt.targets.calendar(result)["collides"].tolist() == [None, None]


def test_indicators_of_one_issue_are_one_flag():
    rule = {"kind": "share"}
    leaves = [
        {"id": id, "name": id, "points": 25, "rule": rule, "data_period": period}
        for id, period in (("p", "2025年"), ("q", "2025年度"), ("r", "2024年"), ("s", "2026年6月"))
    ]
    frame = FRAME.assign(p=0.5, q=0.4, r=0.1, s=0.2)[["p", "q", "r", "s"]]
    found = flags(result_of(frame, indicators=leaves))
    assert list(found["kind"]) == ["other_period", "outside_period", "other_period"]
    assert "“p”" in found["text"].iloc[0].en and "“q”" in found["text"].iloc[0].en
    assert list(found["indicator"].dropna()) == ["r", "s"]


def steps(**days):
    return [{"step": kind, "start": start, "end": end} for kind, (start, end) in days.items()]


@pytest.mark.parametrize(
    ("given", "leaf", "codes"),
    [
        (steps(filing=("2025-06-01", "2025-07-01")), {}, [None]),
        (steps(filing=("2025-06-01", "2025-07-02")), {}, ["filing_after_start"]),
        (steps(approval=("2026-06-29", "2026-07-10")), {}, ["step_before_end"]),
        (steps(approval=("2026-06-30", "2026-07-10")), {}, [None]),
        (steps(publicity=("2026-05-01", "2026-05-02")), {}, ["step_before_end"]),
        (STEPS, {"data_period": "2025年7月1日至2026年7月15日"}, [None, None]),
        (STEPS, {"data_period": "2025年7月1日至2026年7月16日"}, [None, "data_after_due"]),
    ],
)
def test_what_collides_is_a_code_and_a_flag(given, leaf, codes):
    result = result_of(leaf=leaf, calendar=given)
    found = qt.targets.calendar(result)
    assert found["collides"].tolist() == codes
    raised = set(flags(result)["kind"]) - {"other_period"}
    assert raised == set(codes) - {None}
    assert found["start"].iloc[0] == datetime.date.fromisoformat(given[0]["start"])
