"""The calendar of the year, periods of data, dates of filing and plans: what is read, and the one
sentence for what is wrong."""

import datetime

import pytest

import qtoolkit as qt
from qtoolkit.inputs.calendar import days_of
from qtoolkit.language import same
from qtoolkit.workbooks.schemebook import read_scheme_book
from qtoolkit.workbooks.template import data_columns, write_template
from tests.inputs.helpers import CSV, YAML, changed, refused, scheme_of
from tests.inputs.test_table import read

PERIOD = ('year: "2008"', 'year: "2026"\nperiod: 2025年7月1日至2026年6月30日')
LEAF = "{id: goal, name: {zh: 目标, en: Goal}, points: 5, "
PLAN = "plan: {start: 2023, end: 2028, path: compound}, "
DAY = datetime.date.fromisoformat


def with_steps(*steps):
    lines = "".join(f"  - {{{step}}}\n" for step in steps)
    return changed(YAML, ('year: "2008"\n', f'year: "2026"\ncalendar:\n{lines}'))


def with_leaf(text):
    return changed(YAML, PERIOD, (LEAF, LEAF + text))


def step(kind, start, end=None):
    return f'step: {kind}, start: "{start}"' + (f', end: "{end}"' if end else "")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([step("filing", "2026-02-30")], "that month has 28 days"),
        ([step("filing", "2026-13-01")], "months 1 to 12"),
        ([step("filing", "2026年6月")], "one date with year, month and day"),
        ([step("filing", "soon")], "expected a date"),
        ([step("filing", "")], "found “nothing”"),
        (["step: filing, start: true"], "one date with year, month and day"),
        (["step: filing, start: 1.5"], "one date with year, month and day"),
        ([step("filing", "2025-06-30", "2025-06-01")], "the end (2025-06-01) is before the start"),
        ([step("filling", "2025-06-30")], "did you mean “filing”"),
        ([step("other", "2025-06-30")], "needs a name"),
        (["step: filing"], "this key is missing"),
        (
            [step("filing", "2025-06-30"), step("filing", "2025-09-30")],
            "there may be one alone",
        ),
        (
            [
                step("hearing", "2026-07-20", "2026-07-24"),
                step("hearing", "2026-07-24", "2026-07-25"),
            ],
            "their days overlap",
        ),
        (
            [step("self_assessment", "2025-05-15"), step("filing", "2025-06-30")],
            "“Self-assessment” (2025-05-15) must follow “Filing of targets” (2025-06-30)",
        ),
        ([step("publicity", "2026-09-01"), step("approval", "2026-09-02")], "must follow"),
        ([step("approval", "2026-07-01"), step("verification", "2026-08-01")], "must follow"),
    ],
)
def test_a_wrong_step_is_one_clear_sentence(tmp_path, steps, said):
    _, en = refused(scheme_of, tmp_path, with_steps(*steps))
    assert len(en) == 1 and said in en[0], en
    assert "calendar" in en[0]


def test_days_as_people_write_them_and_an_end_that_is_left_out(tmp_path):
    scheme = scheme_of(
        tmp_path,
        with_steps(
            step("filing", "2025年6月3日", "2025/6/30"),
            step("self_assessment", "20260715"),
            step("hearing", "2026-07-20"),
            step("hearing", "2026-07-27"),
        ),
    )
    assert [one.days for one in scheme.calendar[:2]] == [
        (DAY("2025-06-03"), DAY("2025-06-30")),
        (DAY("2026-07-15"), DAY("2026-07-15")),
    ]
    assert scheme.replace(points={"level": 11}, spread="all").calendar == scheme.calendar


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2025年", "2025-01-01", "2025-12-31"),
        ("2025年度", "2025-01-01", "2025-12-31"),
        ("2025年7月至2026年6月", "2025-07-01", "2026-06-30"),
        ("2025年7月至12月", "2025-07-01", "2025-12-31"),
        ("2023年3月至2024年2月（模拟）", "2023-03-01", "2024-02-29"),
        ("2025/7 to 2026/6", "2025-07-01", "2026-06-30"),
        ("2025-07-01 to 2026-06-30", "2025-07-01", "2026-06-30"),
    ],
)
def test_the_days_that_a_text_names(text, start, end):
    assert days_of(same(text)) == (DAY(start), DAY(end))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("7月至12月", "names no year"),
        ("7月1日至2026年6月30日", "names no year"),
        ("上年度", "names no year"),
        ("2025年上半年", "does not settle the days"),
        ("2025年第三季度", "does not settle the days"),
        ("2025年13月", "months 1 to 12"),
        ("2026年7月至2025年6月", "ends before it begins"),
        ("2026年，2025年", "ends before it begins"),
    ],
)
def test_a_period_of_data_must_name_its_days(tmp_path, text, said):
    _, en = refused(scheme_of, tmp_path, with_leaf(f"data_period: {text!r}, "))
    assert len(en) == 1 and said in en[0] and "goal.data_period" in en[0], en


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("{start: 2028, end: 2023}", "the plan ends in 2023"),
        ("{start: 2023, end: 2023}", "the plan ends in 2023"),
        ("{start: 2023.5, end: 2028}", "expected a whole number"),
        ("{start: 23, end: 2028}", "at least 1900"),
        ("{start: 2023, end: 2028, path: straight}", "expected one of"),
        ("{start: 2023, end: 2028, path: compound, base: 0}", "expected above 0"),
        ("{start: 2023, end: 2028, path: compound, goal: -3}", "expected above 0"),
        ("{start: 2023}", "this key is missing"),
    ],
)
def test_a_wrong_plan_is_one_clear_sentence(tmp_path, plan, said):
    _, en = refused(scheme_of, tmp_path, with_leaf(f"plan: {plan}, "))
    assert len(en) == 1 and said in en[0], en


def test_plans_and_periods_are_of_leaves_and_plans_of_targets(tmp_path):
    plan = "plan: {start: 2023, end: 2028}"
    level = ("- {id: level,", f"- {{id: level, {plan},")
    _, en = refused(scheme_of, tmp_path, changed(YAML, level))
    assert len(en) == 1 and "takes no target of each unit" in en[0]
    node = ("    name: 质量\n", f"    name: 质量\n    {plan}\n    data_period: 2025年\n")
    _, en = refused(scheme_of, tmp_path, changed(YAML, node))
    assert len(en) == 2 and all("leaves alone" in sentence for sentence in en)


def with_column(header, *cells):
    lines = CSV.strip().split("\n")
    return "\n".join(f"{line},{cell}" for line, cell in zip(lines, (header, *cells), strict=True))


@pytest.mark.parametrize("title", ["filed:goal", "备案日期:目标", "备案日期：目标"])
def test_dates_of_filing_are_kept_with_their_units(tmp_path, title):
    table = read(tmp_path, with_column(title, "2025-06-30", ""), with_leaf(""))
    assert table.remarks["filed:goal"].dropna().to_dict() == {"甲市": "2025-06-30"}
    assert table.take([1, 0]).remarks["filed:goal"].iloc[1] == "2025-06-30"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2025-06-31", "that month has 30 days"),
        ("2025-06", "one date with year, month and day"),
        ("6月30日", "one date with year, month and day"),
        ("2025-06-01至2025-06-30", "one date with year, month and day"),
        ("未备案", "expected a date"),
        ("1025-06-30", "expected a date"),
    ],
)
def test_a_wrong_date_of_filing_names_row_and_column(tmp_path, cell, said):
    _, en = refused(read, tmp_path, with_column("filed:goal", "2025-06-30", cell), YAML)
    assert len(en) == 1 and said in en[0] and "row 3" in en[0] and "filed:goal" in en[0], en


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("filed:level", "takes no target of each unit"),
        ("plan_base:check", "takes no target of each unit"),
        ("plan_goal:goal", "gives this indicator no plan"),
        ("filed:gaol", "did you mean “filed:goal”"),
        ("规划目标值:目际", "no such column"),
    ],
)
def test_columns_that_a_leaf_cannot_use(tmp_path, title, said):
    _, en = refused(read, tmp_path, with_column(title, "", ""), YAML)
    assert len(en) == 1 and said in en[0], en


def test_ends_of_a_path_are_numbers_above_0_on_a_compound_path(tmp_path):
    scheme = with_leaf(PLAN)
    table = read(tmp_path, with_column("plan_base:goal", "10", ""), scheme)
    assert table.plans["plan_base:goal"][0] == 10 and table.plans["plan_goal:goal"].shape == (2,)
    assert table.take([1, 0]).plans["plan_base:goal"][1] == 10
    for cell, said in (("0", "expected above 0"), ("ten", "expected a number")):
        _, en = refused(read, tmp_path, with_column("plan_base:goal", "10", cell), scheme)
        assert len(en) == 1 and said in en[0] and "row 3" in en[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_workbook_holds_calendar_periods_plans_and_filing(tmp_path, language):
    case = qt.read_case("city-2026")
    path = tmp_path / "book.xlsx"
    write_template(case.scheme, path, case.table, language)
    assert read_scheme_book(path) == case.scheme
    again = qt.read_case(path).table
    assert again.remarks["filed:investment"].equals(case.table.remarks["filed:investment"])
    key = "plan_goal:manufacturing_pass"
    assert again.plans[key].tolist() == case.table.plans[key].tolist()


def test_a_blank_template_asks_for_filing_only_where_the_calendar_has_it(tmp_path):
    asked = {column.key for column in data_columns(qt.read_case("city-2026").scheme)}
    assert {"filed:investment", "plan_base:manufacturing_pass"} <= asked
    assert not {"filed:farm_pass", "plan_base:investment"} & asked
    assert "filed:goal" not in {one.key for one in data_columns(scheme_of(tmp_path))}
