"""What is written of a task of a list: that it is done, on which day, that it is not, or a
status."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qtoolkit.errors import nearest, unexpected
from qtoolkit.inputs.calendar import Days
from qtoolkit.inputs.dates import Day, date_complaints, mentions, spelt
from qtoolkit.inputs.numbertext import plain_text
from qtoolkit.inputs.statuses import (
    FALSIFIED,
    NOT_APPLICABLE,
    NOT_REPORTED,
    PENDING,
    STATUS_WORDS,
    VALUE,
    ZERO,
)
from qtoolkit.language import Text, say
from qtoolkit.rules.checklist import State, Task

DONE, NOT_DONE = Text("完成", "done"), Text("未完成", "not done")
_WORDS: dict[str, State] = {
    **dict.fromkeys((DONE.zh, DONE.en, "已完成", "是", "yes", "true", "1"), "done"),
    **dict.fromkeys((NOT_DONE.zh, NOT_DONE.en, "not_done", "否", "no", "false", "0"), "not_done"),
}
_MIDNIGHT = re.compile(r"[T ]0?0:00(:00)?$")
STATE_OF: dict[int, State] = {
    NOT_APPLICABLE: "not_applicable",
    NOT_REPORTED: "not_reported",
    PENDING: "pending",
    ZERO: "not_done",
    FALSIFIED: "not_done",
}
"""How a unit stands with a task of which a status says why there is no more."""
COLUMNS = ("unit", "leaf", "item", "state", "date", "proof")


@dataclass(frozen=True)
class Entry:
    """What one unit reports of one task: how it stands, the day on which it was done ("2025-09-20")
    where that is known, and the status that its cell has."""

    state: State
    day: str | None = None
    status: int = VALUE


NOTHING = Entry("not_reported")


def no_tasks() -> pd.DataFrame:
    """The tasks of a table that has none."""
    return pd.DataFrame(columns=list(COLUMNS), dtype=object)


def read_task(cell: Any, task: Task, period: Days | None) -> tuple[Entry, Text | None]:
    """A cell that is not blank, and the reason why it says nothing of a task: no word for it, no
    day, or a day after the period assessed.

    >>> task = Task(id="day", name="open day", due="2025-09-20")
    >>> read_task("2025年9月21日", task, None)[0].state, read_task("是", task, None)[0].state
    ('late', 'done')
    """
    word = plain_text(cell)
    if word in STATUS_WORDS:
        return Entry(STATE_OF[STATUS_WORDS[word]], status=STATUS_WORDS[word]), None
    if word.lower() in _WORDS:
        return Entry(_WORDS[word.lower()]), None
    day, reason = _day(cell)
    if day is None:
        return NOTHING, reason
    if period and day > period[1].isoformat():
        text = say(
            zh="完成日期 {day} 晚于考核周期的最后一天（{end}）",
            en="done on {day}, after the last day of the period assessed ({end})",
            day=day,
            end=period[1].isoformat(),
        )
        return NOTHING, text
    return Entry("late" if task.due and day > task.due else "done", day), None


def _day(cell: Any) -> tuple[str | None, Text | None]:
    """The day that a cell names, or the reason why it names none."""
    if isinstance(cell, datetime.date):
        return f"{cell:%Y-%m-%d}", None
    word = plain_text(cell)
    text = _MIDNIGHT.sub("", spelt(word)).strip()
    for reason in date_complaints(text):
        return None, reason
    found = list(mentions(text))
    if len(found) == 1 and found[0].text == text:
        year, month, day = found[0].year, found[0].month, found[0].day
        if year is not None and month is not None and day is not None:
            return _iso((year, month, day)), None
    want = Text(
        "“完成”“未完成”、完成日期（如 2025-09-20），或“不适用”“待核实”“未报送”",
        "done, not done, the day on which it was done (such as 2025-09-20), not applicable, "
        "pending or not reported",
    )
    hint = nearest(word, [*_WORDS, *STATUS_WORDS])
    return None, unexpected(word, want, Text("任务情况", "the task"), hint)


def _iso(day: Day) -> str:
    return "{:04d}-{:02d}-{:02d}".format(*day)


def agreed_status(entries: Sequence[Entry], marked: int) -> list[int]:
    """The statuses that a unit's tasks give to the whole list, without repetition: one that does
    not apply is left out alone, and one without marks (零分) is a task that is not done, unless
    all are so. `marked` is the status that stands beside them."""
    found = {entry.status for entry in entries}
    if found == {NOT_APPLICABLE} or found == {ZERO}:
        return sorted(found | ({marked} - {VALUE}))
    return sorted((found | {marked}) - {VALUE, NOT_APPLICABLE, ZERO} | ({marked} - {VALUE}))
