"""The calendar of the year: the steps of an assessment (目标备案, 自我评价, …) with their days, and
which days of the period assessed the data of an indicator cover."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from qtoolkit.errors import clip, unexpected
from qtoolkit.inputs.dates import (
    A_DAY,
    date_complaints,
    day_complaints,
    day_of,
    mentions,
)
from qtoolkit.language import Text, say
from qtoolkit.models import BilingualText, Model, Number, Path_, wrong

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Scheme

StepKind = Literal[
    "filing",
    "self_assessment",
    "hearing",
    "verification",
    "evaluation",
    "approval",
    "publicity",
    "other",
]
STEPS: dict[str, Text] = {
    "filing": Text("目标备案", "Filing of targets"),
    "self_assessment": Text("自我评价", "Self-assessment"),
    "hearing": Text("集中汇报", "Hearing"),
    "verification": Text("实地核查", "On-site verification"),
    "evaluation": Text("综合评定", "Overall evaluation"),
    "approval": Text("审定", "Approval"),
    "publicity": Text("结果公布", "Publication"),
}
"""What a step without a name of its own is called."""
PLACES = {
    "filing": 0,
    "self_assessment": 1,
    "hearing": 2,
    "verification": 2,
    "evaluation": 2,
    "approval": 3,
    "publicity": 4,
}
"""The order of the work: a step of a higher number follows those of a lower one; of `other` no
order is known."""
ONCE = ("filing", "self_assessment", "approval", "publicity")
"""Steps that set one deadline, or one day, for all."""
ONE_DAY = datetime.timedelta(days=1)
Days = tuple[datetime.date, datetime.date]
"""First and last day."""


def _day(value: Any) -> datetime.date:
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise wrong(unexpected(Text("空", "nothing") if value is None else clip(value), A_DAY))
    text = str(value)
    if not text.strip():
        raise wrong(unexpected(Text("空", "nothing"), A_DAY))
    for complaint in day_complaints(text):
        raise wrong(complaint)
    found = day_of(text)
    if found is None:
        raise wrong(unexpected(clip(text), A_DAY))
    return found


Day = Annotated[
    datetime.date,
    PlainValidator(_day),
    PlainSerializer(lambda day: day.isoformat(), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date"}),
]
"""A day as 2026-07-15."""


class Step(Model):
    """A step of the year from its first to its last day; without `end` it takes one day. A step of
    another kind (`other`) needs a name."""

    step: StepKind
    name: BilingualText | None = None
    start: Day
    end: Day | None = None

    @property
    def label(self) -> Text:
        """Its name, or what steps of its kind are called."""
        return self.name or STEPS[self.step]

    @property
    def days(self) -> Days:
        """First and last day."""
        return self.start, self.end or self.start

    @model_validator(mode="after")
    def _consistent(self) -> Step:
        if self.step == "other" and self.name is None:
            raise wrong(
                (
                    ("name",),
                    say(
                        zh="其他环节（other）须写明名称（name）",
                        en="a step of another kind (other) needs a name",
                    ),
                )
            )
        if self.end is None:
            object.__setattr__(self, "end", self.start)
        elif self.end < self.start:
            raise wrong(
                (
                    ("end",),
                    say(
                        zh="结束（{end}）早于开始（{start}）",
                        en="the end ({end}) is before the start ({start})",
                        end=self.end.isoformat(),
                        start=self.start.isoformat(),
                    ),
                )
            )
        return self


class Plan(Model):
    """The path of a plan over several years (规划期), from `base` at the end of the year `start` to
    `goal` at the end of the year `end`: annual targets in equal steps (linear) or at an equal rate
    of growth (compound). Units may have a base and a goal of their own, in the columns
    plan_base:<leaf> and plan_goal:<leaf>."""

    start: int = Field(ge=1900, le=2199, strict=True)
    end: int = Field(ge=1900, le=2199, strict=True)
    path: Literal["linear", "compound"] = "linear"
    base: Number | None = None
    goal: Number | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Plan:
        if self.end <= self.start:
            raise wrong(
                (
                    ("end",),
                    say(
                        zh="规划期末（{end}年）应晚于基期（{start}年）",
                        en="the plan ends in {end}, which must be after its start, {start}",
                        end=str(self.end),
                        start=str(self.start),
                    ),
                )
            )
        for name, number in (("base", self.base), ("goal", self.goal)):
            if self.path == "compound" and number is not None and number <= 0:
                raise wrong(((name,), not_above_zero(number)))
        return self


def not_above_zero(number: float) -> Text:
    """The complaint of an end of a compound path that is not above 0."""
    return say(
        zh="内容为“{found:.10g}”，按复合增长率（compound）推算的应大于 0",
        en="found “{found:.10g}”, expected above 0 for a compound path",
        found=number,
    )


_VAGUE = re.compile(
    r"半年|季度|[上中下]旬|[年月]末|[年月]底|截至"
    r"|\bhalf\b|\bquarter|\bQ[1-4]\b|\bend of\b|\bas of\b",
    re.IGNORECASE,
)
"""Words by which a text means other days than the years and months that it names."""


def days_of(text: Text | None) -> Days | None:
    """The days that a text names, from the first day of its first date to the last day of its last;
    None where it names none, or names one without a year.

    >>> [day.isoformat() for day in days_of(Text("2025年7月至2026年6月", "…"))]
    ['2025-07-01', '2026-06-30']
    >>> [day.isoformat() for day in days_of(Text("2025年度", "2025"))]
    ['2025-01-01', '2025-12-31']
    """
    if text is None:
        return None
    found = list(mentions(text.zh))
    if not found or _VAGUE.search(text.zh) or any(date_complaints(text.zh)):
        return None
    first, last = found[0], found[-1]
    if first.year is None or last.year is None or any(each.year is None for each in found):
        return None
    start = datetime.date(first.year, first.month or 1, first.day or 1)
    end = datetime.date(last.year, last.month or 12, last.day or last.days)
    return (start, end) if start <= end else None


def period_complaints(text: Text) -> Iterator[Text]:
    """What is wrong with a text that must name days, months or years.

    >>> [why.of("en") for why in period_complaints(Text("7月至12月", "July to December"))]
    ['“7月至12月” names no year: write for example 2025年7月至2026年6月']
    """
    wrong_dates = list(
        dict.fromkeys(why for wording in (text.zh, text.en) for why in date_complaints(wording))
    )
    if wrong_dates:
        yield from wrong_dates
    elif vague := _VAGUE.search(text.zh):
        yield say(
            zh="“{found}”中的“{word}”不能确定起止日期，请写明年月，如 2025年1月至2025年6月",
            en="“{found}”: “{word}” does not settle the days; write months, for example "
            "2025年1月至2025年6月",
            found=clip(text.zh),
            word=vague.group(),
        )
    elif days_of(text) is None:
        named = list(mentions(text.zh))
        if named and all(each.year is not None for each in named):
            yield say(
                zh="“{found}”的结束早于开始",
                en="“{found}” ends before it begins",
                found=clip(text.zh),
            )
        else:
            yield say(
                zh="“{found}”没有写明年份，应如 2025年7月至2026年6月",
                en="“{found}” names no year: write for example 2025年7月至2026年6月",
                found=clip(text.zh),
            )


def calendar_complaints(steps: Sequence[Step]) -> Iterator[tuple[Path_, Text]]:
    """Steps that contradict each other: one before a step that it must follow, two of one kind."""
    for i, step in enumerate(steps):
        for other in steps[:i]:
            if step.step == other.step and step.step != "other" and _contradict(step, other):
                text = say(
                    zh="“{step}”（{kind}）与另一个同类环节“{other}”矛盾：{why}",
                    en="“{step}” ({kind}) contradicts “{other}”, which is of the same kind: {why}",
                    step=step.label,
                    other=other.label,
                    kind=step.step,
                    why=Text("此环节只能有一个", "there may be one alone")
                    if step.step in ONCE
                    else Text("日期重叠", "their days overlap"),
                )
                yield ("calendar", i, "step"), text
                break
    for i, step in enumerate(steps):
        for before in [one for one in steps if _must_follow(step, one)][:1]:
            text = say(
                zh="“{step}”（{days}）应在“{other}”（{others}）之后，却更早开始或结束",
                en="“{step}” ({days}) must follow “{other}” ({others}), and begins or ends before "
                "it",
                step=step.label,
                days=in_words(step.days),
                other=before.label,
                others=in_words(before.days),
            )
            yield ("calendar", i, "start"), text


def _contradict(step: Step, other: Step) -> bool:
    return step.step in ONCE or shared_days(step.days, other.days) > 0


def _must_follow(step: Step, other: Step) -> bool:
    """Whether a step should come after another and does not."""
    if "other" in (step.step, other.step) or PLACES[step.step] <= PLACES[other.step]:
        return False
    return any(own < its for own, its in zip(step.days, other.days, strict=True))


def shared_days(one: Days, other: Days) -> int:
    """How many days two periods have in common."""
    return max(0, (min(one[1], other[1]) - max(one[0], other[0])).days + 1)


def in_words(days: Days) -> Text:
    """First and last day, or the one day."""
    start, end = (day.isoformat() for day in days)
    if start == end:
        return Text(start, start)
    return say(zh="{start}至{end}", en="{start} to {end}", start=start, end=end)


def without(days: Days, other: Days) -> list[Days]:
    """The days of a period that are not in another: at most a part before it and one after it.

    >>> [
    ...     [str(day) for day in part]
    ...     for part in without(
    ...         (datetime.date(2025, 1, 1), datetime.date(2025, 12, 31)),
    ...         (datetime.date(2025, 7, 1), datetime.date(2026, 6, 30)),
    ...     )
    ... ]
    [['2025-01-01', '2025-06-30']]
    """
    if not shared_days(days, other):
        return [days]
    parts = [(days[0], other[0] - ONE_DAY), (other[1] + ONE_DAY, days[1])]
    return [part for part in parts if part[0] <= part[1]]


@dataclass(frozen=True)
class Covered:
    """The days that a leaf's data cover, and which of the period assessed they are: the number of
    days that both have, and "same", "calendar_year", "part" or "outside"; None where the scheme
    names no period."""

    leaf: str
    days: Days
    shared: int | None
    kind: str | None


def covered(scheme: Scheme) -> list[Covered]:
    """The leaves that say which days their data cover."""
    period, found = days_of(scheme.period), []
    for leaf in scheme.leaves:
        days = days_of(leaf.data_period)
        if days is None:
            continue
        shared = None if period is None else shared_days(days, period)
        found.append(Covered(leaf.id, days, shared, _kind(days, period)))
    return found


def _kind(days: Days, period: Days | None) -> str | None:
    if period is None:
        return None
    if days == period:
        return "same"
    if not shared_days(days, period):
        return "outside"
    return "calendar_year" if is_calendar_year(days) else "part"


def is_calendar_year(days: Days) -> bool:
    """Whether a period is a year from 1 January to 31 December."""
    year = days[0].year
    return days == (datetime.date(year, 1, 1), datetime.date(year, 12, 31))


def collides(scheme: Scheme, step: Step) -> str | None:
    """What a step collides with, as a code: "filing_after_start" (targets may be filed when the
    period has begun), "data_after_due" (data end after the self-assessment must be in),
    "step_before_end" (approval or publication begins before the period's end); None where it
    collides with nothing."""
    period = days_of(scheme.period)
    if step.step == "self_assessment":
        return "data_after_due" if late_data(scheme, step) else None
    if period is None:
        return None
    if step.step == "filing" and step.days[1] > period[0]:
        return "filing_after_start"
    if step.step in ("approval", "publicity") and step.start < period[1]:
        return "step_before_end"
    return None


def late_data(scheme: Scheme, step: Step) -> list[Covered]:
    """The leaves whose data end after a step has ended."""
    return [each for each in covered(scheme) if each.days[1] > step.days[1]]
