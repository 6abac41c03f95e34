"""清单: a list of tasks, each with its weight and the day on which it is due."""

from __future__ import annotations

import calendar
import datetime
import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from qtoolkit.errors import clip, unexpected
from qtoolkit.language import Text, listing, say
from qtoolkit.models import SUM_TOLERANCE, BilingualText, Identifier, Model, Path_, Share, wrong
from qtoolkit.rules.base import Cells, LeafRule

State = Literal["done", "late", "not_done", "not_applicable", "pending", "not_reported"]
STATES: tuple[State, ...] = get_args(State)
"""How a unit may stand with a task; those before "not_applicable" enter its share."""


def _day(value: Any) -> Any:
    """A day as ISO 8601 writes it, such as 2025-09-20."""
    if isinstance(value, datetime.date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, str) and _is_on_a_calendar(value.strip()):
        return value.strip()
    want = Text("实有的一天，如 2025-09-20", "a day of the calendar, such as 2025-09-20")
    raise wrong(unexpected(value, want, Text("期限", "the due date")))


def _is_on_a_calendar(text: str) -> bool:
    """Whether a text is a day as ISO 8601 writes it."""
    if not re.fullmatch(r"[12]\d{3}-\d\d-\d\d", text, re.ASCII):
        return False
    year, month, day = map(int, text.split("-"))
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


Day = Annotated[
    str, BeforeValidator(_day), Field(json_schema_extra={"format": "date"}, description="a day")
]


class Task(Model):
    """A task of a list. `weight`: its share of the whole; `due`: the last day on which it is in
    time."""

    id: Identifier
    name: BilingualText
    weight: Annotated[Share, Field(gt=0)] | None = None
    due: Day | None = None


class ChecklistRule(LeafRule):
    """A list of tasks (质量月 and others). The raw value is the share of the list that is done:

        Σ weight · what was given / Σ weight,

    1 for a task done in time, `late` for one done after it was due, 0 for one that is not done; a
    task that does not apply to a unit is left out, and the others carry its weight. The weights sum
    to 1; where none is written, all tasks weigh the same.

    >>> tasks = [
    ...     {"id": "plan", "name": "plan", "due": "2025-08-31"},
    ...     {"id": "day", "name": "day"},
    ... ]
    >>> rule = ChecklistRule(kind="checklist", items=tasks, late=0.5)
    >>> rule.share_done(["late", "done"]), rule.share_done(["not_applicable", "not_done"])
    (0.75, 0.0)
    """

    kind: Literal["checklist"]
    items: tuple[Task, ...] = Field(min_length=1)
    late: Share | None = Field(default=None, description="what a task done after it was due gives")

    place = 75
    word = "清单"

    @model_validator(mode="after")
    def _whole(self) -> ChecklistRule:
        if complaints := [*self._about_weights(), *self._about_days(), *self._about_names()]:
            raise wrong(*complaints)
        return self

    def _about_weights(self) -> Iterator[tuple[Path_, Text]]:
        """Weights of some tasks only, or that do not sum to 1."""
        written = [task.weight for task in self.items if task.weight is not None]
        total = math.fsum(written)
        if written and len(written) < len(self.items):
            missing = [task.name for task in self.items if task.weight is None]
            yield (
                ("items",),
                say(
                    zh="{tasks}没有写权重（weight），应各项都写或都不写",
                    en="no weight is written for {tasks}: expected one for every task or for none",
                    tasks=listing(missing),
                ),
            )
        elif written and abs(total - 1) > SUM_TOLERANCE:
            yield (
                ("items",),
                say(
                    zh="各项任务的权重之和为 {total:.10g}，应为 1",
                    en="the tasks' weights sum to {total:.10g}, expected 1",
                    total=total,
                ),
            )

    def _about_days(self) -> Iterator[tuple[Path_, Text]]:
        """Due dates without what a late task gives, or the other way round."""
        is_due = any(task.due for task in self.items)
        if is_due and self.late is None:
            text = Text(
                "有任务写了期限，须写明逾期完成给多少（late，0 至 1）",
                "tasks are due on a day: say what one done late gives (late, 0 to 1)",
            )
            yield ("late",), text
        elif self.late is not None and not is_due:
            text = Text(
                "写了逾期完成给多少，但没有一项任务有期限（due）",
                "says what a task done late gives, but none has a day on which it is due (due)",
            )
            yield ("late",), text

    def _about_names(self) -> Iterator[tuple[Path_, Text]]:
        """Ids and names that stand twice."""
        seen: set[str] = set()
        for i, task in enumerate(self.items):
            words = {task.id, task.name.zh.strip(), task.name.en.strip()}
            if twice := sorted(words & seen):
                text = say(
                    zh="“{name}”已是另一项任务的编号或名称",
                    en="“{name}” is already the id or the name of another task",
                    name=clip(twice[0]),
                )
                yield ("items", i, "id" if task.id in seen else "name"), text
            seen |= words

    @property
    def tasks(self) -> tuple[Task, ...]:
        return self.items

    def weights(self) -> list[Fraction]:
        """The tasks' weights as they are written; of equal ones each 1 of so many."""
        return [
            Fraction(1, len(self.items)) if task.weight is None else Fraction(repr(task.weight))
            for task in self.items
        ]

    def given(self, state: str) -> Fraction:
        """What a task gives that stands so, of its weight."""
        if state == "late":
            return Fraction(repr(float(self.late or 0)))
        return Fraction(state == "done")

    def share_done(self, states: Sequence[str]) -> float | None:
        """The share of the list that is done, from the states of its tasks; None where no task
        applies. It is summed as it is written: .1 + .2 is .3."""
        applying = [
            (weight, self.given(state))
            for weight, state in zip(self.weights(), states, strict=True)
            if state != "not_applicable"
        ]
        if not applying:
            return None
        whole = sum(weight for weight, _ in applying)
        return float(sum(weight * part for weight, part in applying) / whole)

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        return raw

    def limits(self, full: float) -> tuple[float | None, float | None]:
        return 0, 1

    def sentence(self) -> Text:
        tasks = listing(
            _in_words(task, weight) for task, weight in zip(self.items, self.weights(), strict=True)
        )
        text = say(zh="按任务清单计分：{tasks}", en="by a list of tasks: {tasks}", tasks=tasks)
        if self.late is None:
            return text
        return say(
            zh="{text}；逾期完成的按该项的{late:.10g}%计",
            en="{text}; one done late gives {late:.10g}% of its share",
            text=text,
            late=self.late * 100,
        )

    def formula(self, cells: Cells) -> str:
        return cells.raw

    def measure(self) -> tuple[Any, ...]:
        """The tasks with their weights and days, counted from the first year of the list: the list
        of last year, due a year earlier, is the same list."""
        first = min((task.due[:4] for task in self.items if task.due), default="0")
        days = {
            task.id: task.due and (int(task.due[:4]) - int(first), task.due[5:])
            for task in self.items
        }
        tasks = zip(self.items, self.weights(), strict=True)
        return frozenset((task.id, weight, days[task.id]) for task, weight in tasks), self.late


def _in_words(task: Task, weight: Fraction) -> Text:
    """A task with its weight and its day."""
    text = say(
        zh="{name}占{weight:.4g}%",
        en="{name} {weight:.4g}%",
        name=task.name,
        weight=float(weight * 100),
    )
    if task.due is None:
        return text
    return say(zh="{text}（限{due}）", en="{text} (by {due})", text=text, due=task.due)
