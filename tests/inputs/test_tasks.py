"""What a table says of tasks: days and words however they are typed, blanks as the scheme has them,
and one sentence for whatever cannot be."""

import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from qtoolkit.assessment import assess
from qtoolkit.errors import InputError
from qtoolkit.inputs.files import rows_of_grid
from qtoolkit.inputs.ratings import why_unmarked
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.statuses import (
    FALSIFIED,
    NEW,
    NOT_APPLICABLE,
    NOT_REPORTED,
    PENDING,
    VALUE,
    ZERO,
)
from qtoolkit.inputs.table import read_table, table_of_frame, table_of_rows
from qtoolkit.models import validate

ITEMS = [
    {"id": "plan", "name": {"zh": "方案", "en": "Plan"}, "weight": 0.25, "due": "2025-08-31"},
    {"id": "day", "name": {"zh": "开放日", "en": "Open day"}, "weight": 0.25},
    {"id": "report", "name": {"zh": "总结", "en": "Report"}, "weight": 0.5, "due": "2026-06-15"},
]


def scheme_with(blank="fail", stages=None, **missing):
    data = {
        "id": "s",
        "name": "s",
        "period": "2025年7月1日至2026年6月30日",
        "stages": [
            {"id": "self", "name": "自评"},
            {"id": "seen", "name": {"zh": "核查", "en": "Visit"}, "effect": "replaces"},
        ],
        "missing": {"blank": blank, "not_reported": "zero", "pending": "full"}
        | {"not_applicable": "renormalise"}
        | missing,
        "indicators": [
            {
                "id": "month",
                "name": {"zh": "质量月", "en": "Quality month"},
                "points": 60.0,
                "stages": stages or {},
                "rule": {"kind": "checklist", "items": ITEMS, "late": 0.5},
            },
            {"id": "b", "name": "b", "points": 40.0, "rule": {"kind": "share"}},
        ],
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
        "vetoes": [{"id": "fraud", "name": "fraud", "cap": "B", "falsified": True}],
    }
    return validate(Scheme, data, None)


HEADER = ["unit", "task:month.plan", "task:month.day", "task:month.report", "b"]


def table(*units, scheme=None, header=HEADER, more=()):
    """A table of units with these cells of tasks."""
    rows = [[f"u{k}", *cells, 0.5, *more] for k, cells in enumerate(units)]
    return table_of_rows(rows_of_grid("t", [header, *rows]), scheme or scheme_with())


def complaint(*units, **given):
    """The one complaint that a table raises, in English."""
    with pytest.raises(InputError) as error:
        table(*units, **given)
    (only,) = error.value.complaints
    assert only.of("zh") != only.of("en")
    return only.of("en")


def states(read):
    return read.tasks["state"].tolist()


@pytest.mark.parametrize(
    "cell",
    [
        "2025-08-31",
        "2025/8/31",
        "2025.8.31",
        "2025年8月31日",
        "20250831",
        20250831,
        20250831.0,
        "２０２５年８月３１日",
        "31 August 2025",
        "2025-08-31 00:00:00",
        datetime.date(2025, 8, 31),
        datetime.datetime(2025, 8, 31, 15, 30),
        pd.Timestamp("2025-08-31"),
    ],
)
def test_a_day_is_understood_however_it_is_typed(cell):
    """The last day on which the plan is in time: all of .25 + .25 + .5."""
    read = table((cell, "完成", "完成"))
    assert read.tasks["date"].tolist() == ["2025-08-31", None, None]
    assert states(read) == ["done"] * 3 and read.raw[0, 0] == 1


def test_one_day_later_is_late():
    read = table(("2025-09-01", "2026-06-30", "2026-06-15"))
    assert states(read) == ["late", "done", "done"]
    assert read.raw[0, 0] == 0.875  # .125 + .25 + .5


@pytest.mark.parametrize("word", ["完成", "已完成", "是", "yes", "Done", "TRUE", True, 1, "1"])
def test_words_for_done(word):
    assert states(table((word, "否", "no"))) == ["done", "not_done", "not_done"]


@pytest.mark.parametrize("word", ["未完成", "否", "no", "not done", "Not done", False, 0])
def test_words_for_not_done(word):
    read = table((word, "是", "是"))
    assert states(read)[0] == "not_done" and read.raw[0, 0] == 0.75


def test_a_task_that_does_not_apply_leaves_its_weight_to_the_others():
    """.25 of .75 where the report does not apply; nothing where no task does."""
    read = table(("是", "否", "不适用"), ("不适用", "不适用", "不适用"))
    assert read.raw[0, 0] == pytest.approx(1 / 2) and read.raw[1, 0] is None
    assert read.status[:, 0].tolist() == [VALUE, NOT_APPLICABLE]


def test_other_statuses_are_the_whole_lists():
    read = table(
        ("是", "待核实", "不适用"),
        ("未报送", "是", "是"),
        ("是", "弄虚作假", "是"),
        ("零分", "零分", "零分"),
        ("零分", "是", "是"),
    )
    assert read.status[:, 0].tolist() == [PENDING, NOT_REPORTED, FALSIFIED, ZERO, VALUE]
    assert read.raw[:, 0].tolist() == [None, None, None, None, 0.75]
    assert read.vetoes[:, 0].tolist() == [False, False, True, False, False]
    assert states(read)[:6] == ["done", "pending", "not_applicable", "not_reported", "done", "done"]


def test_a_column_of_statuses_stands_for_blank_tasks():
    read = table(
        (None, None, None), header=[*HEADER, "status:month"], more=["待核实"], scheme=scheme_with()
    )
    assert read.status[0, 0] == PENDING and states(read) == ["pending"] * 3


@pytest.mark.parametrize(
    ("blank", "status", "state"),
    [
        ("zero", VALUE, "not_done"),
        ("not_applicable", VALUE, "not_applicable"),
        ("not_reported", NOT_REPORTED, "not_reported"),
        ("pending", PENDING, "pending"),
    ],
)
def test_a_blank_is_what_the_scheme_says(blank, status, state):
    read = table(("是", None, "否"), scheme=scheme_with(blank))
    assert read.status[0, 0] == status and states(read)[1] == state


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("2025-02-30", "“2025-02-30” is no date: that month has 28 days"),
        ("20251301", "a year has the months 1 to 12"),
        ("2025年9月31日", "that month has 30 days"),
        (
            "2026-07-01",
            "done on 2026-07-01, after the last day of the period assessed (2026-06-30)",
        ),
        ("2062-09-20", "after the last day"),
        (datetime.date(2027, 1, 1), "after the last day"),
        ("1025-09-20", "the task is “1025-09-20”, expected done, not done, the day"),
        ("9月20日", "the task is “9月20日”, expected"),
        ("2025-09", "the task is “2025-09”, expected"),
        ("2025-08-30至2025-08-31", "expected done"),
        ("完成了", "did you mean “完成”?"),
        ("done?", "did you mean “done”?"),
        (0.5, "the task is “0.5”, expected"),
        (45920, "the task is “45920”, expected"),
        ("=1+1", "expected done"),
        (None, "blank, expected a value or one of"),
    ],
)
def test_what_says_nothing_of_a_task_is_one_sentence(cell, words):
    said = complaint(("是", "是", "是"), ("是", cell, "是"))
    assert words in said and "row 3" in said and "“task:month.day”" in said


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("task:month.reprot", "did you mean “task:month.report”?"),
        ("任务:质量月.总结会", "did you mean “任务:质量月.总结”?"),
        ("task:b.plan", "no such column"),
        ("proof:month", "no such column"),
        ("month", "a list of tasks: expected a column for each of them, such as task:month.plan"),
        ("month@self", "a list of tasks: expected a column for each of them"),
        ("任务:质量月.方案", "means the same as column “task:month.plan”"),
    ],
)
def test_a_column_that_a_list_has_not_is_one_sentence(title, words):
    said = complaint(
        ("是", "是", "是"),
        header=[*HEADER, title],
        more=["1"],
        scheme=scheme_with(stages={"self": 1.0}),
    )
    assert words in said


def test_absent_columns_are_named_together():
    with pytest.raises(InputError) as error:
        table(("是", "是"), header=[*HEADER[:3], "b"])
    assert [c.text.en for c in error.value.complaints] == [
        "missing columns: task:month.report (Quality month)"
    ]


def test_a_list_without_any_column_is_new_where_the_scheme_says_so():
    read = table((), header=["unit", "b"], scheme=scheme_with(new="zero"))
    assert read.status[0, 0] == NEW and states(read) == ["not_reported"] * 3


def test_a_contradiction_of_statuses_is_one_sentence():
    assert "contradicts" in complaint(("待核实", "未报送", "是"))
    said = complaint(("是", None, None), header=[*HEADER, "status:month"], more=["待核实"])
    assert "contradicts the status “pending”" in said


@pytest.mark.parametrize(
    "titles",
    [
        ["任务:质量月.方案", "任务：质量月.开放日", "task:Quality month.Report"],
        ["task:month.方案", "任务:month.day", "task:质量月.Report"],
    ],
)
def test_headers_have_ids_or_names(titles):
    assert table(("是", "是", "否"), header=["unit", *titles, "b"]).raw[0, 0] == 0.5


def test_indicators_may_be_rows():
    grid = [["指标", "甲", "乙"], ["b", 0.5, 1], *zip(HEADER[1:4], "是否是", "否是否", strict=True)]
    read = table_of_rows(rows_of_grid("t", [list(row) for row in grid]), scheme_with())
    assert read.raw[:, 0].tolist() == [0.75, 0.25]
    with pytest.raises(InputError, match="甲"):
        grid[3] = (HEADER[2], "2025-02-30", "是")
        table_of_rows(rows_of_grid("t", [list(row) for row in grid]), scheme_with())


def test_a_verified_share_takes_the_place_of_what_was_filed():
    """Also of tasks that were left blank; it is a number from 0 to 1."""
    header, scheme = [*HEADER, "month@seen"], scheme_with(stages={"self": 1.0})
    rows = [["u0", "是", "是", "是", 0.5, 0.6], ["u1", None, "是", None, 0.5, 0.3]]
    read = table_of_rows(rows_of_grid("t", [header, *rows]), scheme)
    assert read.raw[:, 0].tolist() == [0.6, 0.3] and read.filed[:, 0].tolist() == [1.0, None]
    assert read.stages["self"][:, 0].tolist() == [1.0, None]
    assert states(read)[3:] == ["not_reported", "done", "not_reported"]
    assert "expected at most 1" in complaint(
        ("是", "是", "是"), header=header, more=[1.5], scheme=scheme
    )


def test_proof_is_kept():
    read = table(
        ("是", "是", "否"), header=[*HEADER, "证明材料:质量月.方案"], more=["通知 | notice"]
    )
    assert read.tasks["proof"].tolist() == ["通知 | notice", None, None]
    assert read.remarks["proof:month.plan"].tolist() == ["通知 | notice"]


def test_tasks_go_with_their_units():
    read = table(("是", "是", "是"), ("否", "否", "否"), ("2025-09-01", "否", "是"))
    taken = read.take(np.array([2, 0]))
    assert taken.tasks["unit"].tolist() == ["u2"] * 3 + ["u0"] * 3
    assert states(taken) == ["late", "not_done", "done", "done", "done", "done"]
    kept = read.keep(np.array([False, True, False]))
    assert states(kept) == ["not_done"] * 3
    result = assess(scheme_with(), read).without("u1")
    assert result.table.tasks["unit"].unique().tolist() == ["u0", "u2"]
    assert read.take(np.array([], int)).tasks.empty


def test_a_frame_and_a_workbook_have_days_of_their_own(tmp_path):
    days = {"task:month.plan": pd.to_datetime(["2025-09-01", "2025-08-31"])}
    frame = pd.DataFrame(
        days | {"task:month.day": [True, False], "task:month.report": ["是", "否"], "b": [1, 0]},
        index=["甲", "乙"],
    )
    read = table_of_frame(frame, scheme_with())
    assert read.raw[:, 0].tolist() == [0.875, 0.25]
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    for unit, row in frame.iterrows():
        book.active.append([unit, row.iloc[0].date(), *row.iloc[1:]])
    book.save(tmp_path / "data.xlsx")
    again = read_table(tmp_path / "data.xlsx", scheme_with())
    pd.testing.assert_frame_equal(again.tasks, read.tasks)


def test_a_task_done_before_the_period_is_a_doubt():
    (doubt,) = table(("2025-06-30", "2025-07-01", "是")).doubts
    assert doubt.check == "period" and doubt.key == "task:month.plan"
    assert "before the period assessed" in doubt.text.en


def test_assessors_do_not_mark_a_list():
    scheme = scheme_with(stages={"self": 1.0})
    said = why_unmarked(scheme.leaves[0], "self", scheme)
    assert said is not None and "takes no marks" in said.en
    assert why_unmarked(scheme.leaves[0], "seen", scheme) is None
