"""Dates in free text against the calendar of the standard library."""

import datetime
import itertools

import pytest

from qtoolkit.inputs.dates import MONTHS, date_complaints
from tests.inputs.helpers import CSV, HEADER, YAML, changed, names, refused, scheme_of
from tests.inputs.test_table import read

FULL = (
    "{y}年{m}月{d}日",
    "{y}-{m:02}-{d:02}",
    "{y}/{m}/{d}",
    "{y}.{m}.{d}",
    "{d} {name} {y}",
    "{name} {d}, {y}",
    "截至{y}年{m}月{d}号（暂）",
)
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def is_date(y, m, d):
    try:
        datetime.date(y, m, d)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("form", FULL)
def test_every_day_of_a_year_and_no_other(form):
    """Days 0 to 32 of the months 0 to 13 of a leap year and a common one: refused exactly where
    datetime has no such date."""
    months = range(1, 13) if "name" in form else range(14)
    for y, m, d in itertools.product((2024, 2026), months, range(33)):
        text = form.format(y=y, m=m, d=d, name=MONTHS[(m - 1) % 12])
        assert bool(list(date_complaints(text))) != is_date(y, m, d), text
        assert bool(list(date_complaints(text.translate(FULL_WIDTH)))) != is_date(y, m, d)


@pytest.mark.parametrize(
    "text",
    [
        "2026年13月",
        "2026年0月",
        "13月",
        "2026-13",
        "2026/00",
        "6月31日",
        "31 June",
        "June 31",
        "2月30日",
        "2025年1至13月",
    ],
)
def test_parts_of_dates(text):
    assert len(list(date_complaints(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2025-2026",
        "2025—2026年度",
        "2月29日",
        "29 February",
        "2025年7月至2026年6月（模拟）",
        "2025年11月至次年3月",
        "历时13个月",
        "2026年第三季度",
        "1995 to 2000, different by indicator",
        "2026年1月1日至1月1日",
        "100项，31个市",
        "May 2026 to May 2026",
    ],
)
def test_what_says_nothing_wrong(text):
    assert not list(date_complaints(text))


@pytest.mark.parametrize("between", ["至", "到", "—", "-", " to ", " – ", "～", "起至"])
@pytest.mark.parametrize("form", FULL[:6])
def test_an_end_before_a_start(form, between):
    days = [
        datetime.date(2025, 12, 31),
        datetime.date(2026, 1, 1),
        datetime.date(2026, 1, 2),
        datetime.date(2027, 1, 1),
    ]
    said = {
        day: form.format(y=day.year, m=day.month, d=day.day, name=MONTHS[day.month - 1])
        for day in days
    }
    for start, end in itertools.product(days, days):
        found = [why.of("en") for why in date_complaints(f"{said[start]}{between}{said[end]}")]
        assert len(found) == (end < start) and all("ends before it begins" in why for why in found)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("period", "2026年13月"),
        ("data_period", "{zh: 2026年6月31日, en: '2026/6/31'}"),
        ("year", "2026年13月"),
        ("period", "2026年7月至2025年6月"),
    ],
)
def test_a_scheme_with_an_impossible_date_is_refused(tmp_path, key, value):
    text = YAML.replace('year: "2008"\n', "") if key == "year" else YAML
    zh, en = refused(
        scheme_of, tmp_path, text.replace("total: 100\n", f"total: 100\n{key}: {value}\n")
    )
    assert names((zh, en), "scheme.yaml", f"“{key}”", "“2026") and len(zh) == (
        2 if key == "data_period" else 1
    )


def test_the_date_of_an_event(tmp_path):
    def dated(date):
        return changed(
            CSV,
            (HEADER, f"{HEADER},date:safety"),
            ("是,1", f"是,1,{date}"),
            (",20,20,,,", ",20,20,,,,"),
        )

    assert read(tmp_path, dated("2026-03-18")).remarks["date:safety"].iloc[0] == "2026-03-18"
    names(
        refused(read, tmp_path, dated("2026-02-30")),
        "data.csv",
        "#2",
        "“date:safety”",
        "“2026-02-30”",
    )
    names(refused(read, tmp_path, dated("2026年13月")), "data.csv", "#2", "“2026年13月”")
