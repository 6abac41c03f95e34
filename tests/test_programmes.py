"""Funnels: published stocks, and followed units against counting and exact binomial tails."""

import math

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.programmes import funnel, published_counts, read_counts

STAGES = ["applied", "approved", "named"]


def test_the_published_stocks_of_2016():
    """139 → 85 → 22 cities and 365 → 225 → 63 zones, with ratios and no intervals."""
    made = funnel(published_counts(), STAGES, by="programme")
    cities, zones = made.table.loc["质量强市示范城市"], made.table.loc["知名品牌示范区"]
    assert cities["count"].tolist() == [139, 85, 22] and zones["count"].tolist() == [365, 225, 63]
    assert cities["to_first"].tolist() == [1.0, 85 / 139, 22 / 139]
    assert zones["to_before"].tolist() == [1.0, 225 / 365, 63 / 225]
    assert made.table.loc["", "count"].tolist() == [504, 310, 85]
    assert made.kind == "stocks" and not made.table["rises"].any()
    assert set(made.table.columns) == {"count", "to_before", "to_first", "rises"}
    assert "139" in made._repr_html_() and "Funnel" in repr(made)
    counts = published_counts()
    assert counts["approval"].tolist() == ["批准创建", "批准筹建"]
    assert counts.notna().all(axis=None)


def test_stocks_may_rise_and_may_be_nothing():
    frame = pd.DataFrame({"a": [0, 2], "b": [3, 1], "c": [0, 0]})
    table = funnel(frame, ["a", "b", "c"]).table
    assert table["count"].tolist() == [2, 4, 0] and table["rises"].tolist() == [False, True, False]
    empty = funnel(frame.head(1), ["a", "b", "c"]).table
    assert np.isnan(empty["to_first"]).all() and empty["rises"].tolist() == [False, True, False]


def binomial(n, p, ks):
    return math.fsum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in ks)


@pytest.mark.parametrize(("x", "n"), [(0, 5), (1, 5), (3, 7), (7, 7), (2, 40)])
def test_exact_intervals(x, n):
    """At the ends of Clopper and Pearson's interval a tail of the binomial is α/2."""
    frame = pd.DataFrame({"a": [True] * n, "b": [True] * x + [False] * (n - x)})
    row = funnel(frame, ["a", "b"], confidence=0.9).table.loc[("", "b")]
    assert (row["eligible"], row["reached"], row["rate"]) == (n, x, x / n)
    if x:
        assert binomial(n, row["low"], range(x, n + 1)) == pytest.approx(0.05, abs=1e-9)
    else:
        assert row["low"] == 0
    if x < n:
        assert binomial(n, row["high"], range(x + 1)) == pytest.approx(0.05, abs=1e-9)
    else:
        assert row["high"] == 1


FOLLOWED = pd.DataFrame(
    {
        "batch": ["一", "一", "二", "二", "二"],
        "applied": ["2012-03-01", "2013-03-01", "2014-03-01", "2015-03-01", "2015-12-01"],
        "approved": ["2012-09-01", "2013-09-01", "2014-09-01", "2015-06-01", None],
        "named": ["2014-09-01", None, "2015-11-30", None, None],
    },
    index=["甲市", "乙市", "丙市", "丁市", "戊市"],
)


def test_units_that_still_wait_are_no_failures():
    """By hand: four of five were approved; of these 甲 and 丙 are named, 丁 has waited less than a
    year and is not counted."""
    every = funnel(FOLLOWED, STAGES).table.loc[""]
    assert every["count"].tolist() == [5, 4, 2]
    assert every["eligible"].tolist()[1:] == [5, 4] and every["waiting"].tolist()[1:] == [0, 0]
    table = funnel(FOLLOWED, STAGES, until="2015-12-31", after=365).table.loc[""]
    assert table.loc["approved", ["eligible", "reached", "waiting"]].tolist() == [3, 3, 1]
    assert table.loc["named", ["eligible", "reached", "waiting"]].tolist() == [3, 2, 1]
    assert table["rate"].tolist()[1:] == [1.0, 2 / 3] and math.isnan(table["rate"].iloc[0])
    by = funnel(FOLLOWED, STAGES, by="batch", until=pd.Timestamp("2015-12-31"), after=365).table
    assert by.loc[("一", "named"), "reached"] == 1 and by.loc[("二", "named"), "eligible"] == 1
    assert list(dict.fromkeys(by.index.get_level_values("group"))) == ["一", "二", ""]


def test_exactly_as_many_days_as_asked_for_count():
    frame = pd.DataFrame({"a": ["2015-01-01"], "b": [None]}, index=["甲"])
    day = {n: funnel(frame, ["a", "b"], until="2015-01-31", after=n).table for n in (30, 31)}
    assert day[30].loc[("", "b"), "eligible"] == 1 and day[31].loc[("", "b"), "eligible"] == 0
    assert day[31].loc[("", "b"), "waiting"] == 1 and math.isnan(day[31].loc[("", "b"), "low"])


def changed(**cells):
    frame = FOLLOWED.copy()
    for stage, value in cells.items():
        frame[stage] = frame[stage].astype(object)
        frame.loc["甲市", stage] = value
    return frame


@pytest.mark.parametrize(
    ("table", "options", "sentence"),
    [
        (changed(approved=None), {}, "“甲市”到了“named”，却没有到“approved”"),
        (changed(named="2012-08-31"), {}, "早于“approved”的2012-09-01"),
        (changed(named="2012-02-30"), {}, "“甲市”的“named”为“2012-02-30”，应为日期"),
        (changed(named="去年"), {}, "“去年”，应为日期"),
        (changed(named=True), {}, "不能混用"),
        (changed(named=3), {}, "应为不小于0的整数"),
        (FOLLOWED, {"until": "2015-11-30"}, "晚于数据截止日2015-11-30"),
        (FOLLOWED, {"until": "x"}, "until为“x”"),
        (FOLLOWED, {"after": 30}, "after 须与 until"),
        (FOLLOWED, {"until": "2016-01-01", "after": -1}, "after 为“-1”"),
        (FOLLOWED, {"until": "2016-01-01", "after": 0.5}, "after 为“0.5”"),
        (FOLLOWED, {"by": "province"}, "没有“province”这一列"),
        (FOLLOWED, {"confidence": 1}, "confidence"),
        (FOLLOWED, {"confidence": 0}, "confidence"),
        (FOLLOWED.head(0), {}, "至少有一行"),
        (None, {}, "至少有一行"),
        (FOLLOWED.drop(columns="named"), {}, "没有“named”这一列"),
        (changed(batch=" "), {"by": "batch"}, "“甲市”行的“batch”是空的"),
        (pd.DataFrame({key: [1.5] for key in STAGES}), {}, "“1.5”，应为不小于0的整数"),
        (pd.DataFrame({key: [-1] for key in STAGES}), {}, "“-1”，应为不小于0的整数"),
        (pd.DataFrame({key: [1, np.nan] for key in STAGES}), {}, "应为不小于0的整数"),
        (pd.DataFrame({key: [np.inf] for key in STAGES}), {}, "应为不小于0的整数"),
        (pd.DataFrame({key: [3] for key in STAGES}), {"until": "2016-01-01"}, "存量数据"),
    ],
)
def test_hostile_tables_give_one_sentence(table, options, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        funnel(table, STAGES, **options)
    assert len(error.value.complaints) == 1


@pytest.mark.parametrize("stages", [["applied"], "applied", ["applied", "applied"]])
def test_stages_are_at_least_two(stages):
    with pytest.raises(InputError, match="至少两个"):
        funnel(FOLLOWED, stages)


def test_counts_are_read_with_file_row_and_column(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("省,applied,named\n甲省,１２,3\n乙省,1.5,2\n", encoding="gb18030")
    with pytest.raises(InputError, match=r"counts\.csv，第3行，“applied”：.*“1\.5”"):
        read_counts(path, ["applied", "named"])
    path.write_text("省,applied,named\n甲省,１２,3\n乙省,1,2\n", encoding="gb18030")
    frame = read_counts(path, ["applied", "named"])
    assert frame["applied"].tolist() == [12, 1] and frame["省"].tolist() == ["甲省", "乙省"]


def test_the_example_is_no_case_to_run():
    with pytest.raises(InputError, match="找不到案例"):
        qt.read_case("programmes-2016")


@pytest.mark.parametrize("cell", ["2020", "2020-03", "2020年3月", "20200230"])
def test_a_part_of_a_date_is_no_day(cell):
    """A year or a month alone would be read as its first day, and rates would count from there."""
    table = pd.DataFrame({"applied": ["2020-01-05", cell], "named": [None, None]})
    with pytest.raises(InputError) as caught:
        funnel(table, ["applied", "named"])
    assert f"“{cell}”, expected a date" in caught.value.sentences("en")[0]


@pytest.mark.parametrize("until", [pd.NaT, 5, "2021"])
def test_data_end_on_a_day(until):
    table = pd.DataFrame({"applied": ["2020年1月5日"], "named": [pd.Timestamp("2020-02-01")]})
    assert funnel(table, ["applied", "named"]).table["count"].tolist() == [1, 1]
    with pytest.raises(InputError) as caught:
        funnel(table, ["applied", "named"], until=until)
    assert "expected a date" in caught.value.sentences("en")[0]


def test_stages_are_a_list():
    with pytest.raises(InputError) as caught:
        funnel(pd.DataFrame({"a": [1]}), 5)
    assert "at least two different columns, found 5" in caught.value.sentences("en")[0]
