"""Dates in free text, Chinese and English: what no calendar has, and periods that end before they
begin, are refused."""

from __future__ import annotations

import calendar
import datetime
import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from qtoolkit.errors import unexpected
from qtoolkit.language import Text, say

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NAMED = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
YEAR = r"(?<!\d)(?P<year>(?:19|20|21)\d\d)"
MONTH = rf"(?P<month>{NAMED})"
DAY = r"(?<!\d)(?P<day>\d\d?)(?:st|nd|rd|th)?(?!\d)"
FORMS = (
    rf"{DAY}\s+(?:of\s+)?{MONTH}(?:,?\s+{YEAR}(?!\d))?",
    rf"(?<![A-Za-z]){MONTH}\s+{DAY}(?:,?\s+{YEAR}(?!\d))?",
    rf"(?<![A-Za-z]){MONTH},?\s+{YEAR}(?!\d)",
    rf"{YEAR}\s*年\s*(?P<month>\d{{1,9}})\s*月(?:\s*(?P<day>\d{{1,9}})\s*[日号])?",
    rf"{YEAR}[-/.](?P<month>\d\d?)(?:[-/.](?P<day>\d\d?))?(?!\d|[-/.]\d\d?(?!\d))",
    r"(?<![\d.])(?P<month>\d{1,9})\s*月(?:\s*(?P<day>\d{1,9})\s*[日号])?",
    rf"{YEAR}(?!\d)(?:\s*年度?)?",
)
"""How a date may be written; a form that stands earlier is preferred."""
BETWEEN = re.compile(r"\s*(?:起)?\s*(?:至|到|to|until|till|through|[-—–~－]+)\s*(?:the\s+)?")


_CLOSED_UP = re.compile(r"(?<!\d)((?:19|20|21)\d\d)(\d\d)(\d\d)(?!\d)")


Day = tuple[int, int, int]
"""Year, month and day."""
A_DAY = Text(
    "一个写明年、月、日的日期，如 2026-03-18",
    "one date with year, month and day such as 2026-03-18",
)


@dataclass(frozen=True)
class Mention:
    """A date that a text names; None where it names no year, month or day."""

    text: str
    start: int
    end: int
    year: int | None
    month: int | None
    day: int | None

    @property
    def days(self) -> int:
        """How many days its month has: without a year, February may have 29."""
        return calendar.monthrange(self.year or 2000, self.month or 12)[1]

    def span(self) -> tuple[Day, Day] | None:
        """First and last day of what is named; None without a year."""
        if self.year is None:
            return None
        month, day = self.month, self.day
        return (self.year, month or 1, day or 1), (self.year, month or 12, day or 31)


def date_complaints(text: str) -> Iterator[Text]:
    """What is wrong with the dates that a text names.

    >>> [why.of("en") for why in date_complaints("2026年2月30日")]
    ['“2026年2月30日” is no date: that month has 28 days']
    >>> list(date_complaints("2025年7月1日至2026年6月30日"))
    []
    """
    text = unicodedata.normalize("NFKC", text)
    dates = list(mentions(text))
    sound = {}
    for mention in dates:
        why = _impossible(mention)
        sound[mention] = why is None
        if why is not None:
            yield say(
                zh="“{found}”不是实有的日期：{why}",
                en="“{found}” is no date: {why}",
                found=mention.text,
                why=why,
            )
    for one, other in itertools.pairwise(dates):
        begin, end = one.span(), other.span()
        if begin is None or end is None or not (sound[one] and sound[other]):
            continue
        if BETWEEN.fullmatch(text[one.end : other.start]) and end[1] < begin[0]:
            yield say(
                zh="“{found}”的结束早于开始",
                en="“{found}” ends before it begins",
                found=text[one.start : other.end],
            )


def spans(text: str) -> list[tuple[Day, Day]]:
    """First and last day of each date that a text names with its year, in its order.

    >>> spans("3月5日"), spans("2026年3月5日至6日，4月")
    ([], [((2026, 3, 5), (2026, 3, 5)), ((2026, 4, 1), (2026, 4, 31))])
    """
    return [span for mention in mentions(text) if (span := mention.span()) is not None]


def spelt(text: str) -> str:
    """A text whose dates in eight digits are written with hyphens: 20260318 is 2026-03-18."""
    return _CLOSED_UP.sub(r"\1-\2-\3", unicodedata.normalize("NFKC", text))


def cell_complaints(text: str) -> Iterator[Text]:
    """What is wrong with a cell that must hold a date, possibly among words.

    >>> [why.of("en") for why in cell_complaints("1025-11-02")]
    ['found “1025-11-02”, expected a date such as 2026-03-18']
    >>> list(cell_complaints("20260318")), [why.of("en") for why in cell_complaints("20261318")]
    ([], ['“2026-13-18” is no date: a year has the months 1 to 12'])
    """
    text = spelt(text)
    if text.strip() and next(mentions(text), None) is None:
        yield unexpected(text, Text("日期，如 2026-03-18", "a date such as 2026-03-18"))
    yield from date_complaints(text)


def day_complaints(text: str) -> Iterator[Text]:
    """What is wrong with a cell that must name one day, possibly among words.

    >>> [why.of("en") for why in day_complaints("2025年6月")]
    ['found “2025年6月”, expected one date with year, month and day such as 2026-03-18']
    >>> list(day_complaints("2025-06-30（补报）"))
    []
    """
    wrong = list(cell_complaints(text))
    yield from wrong
    if not wrong and text.strip() and day_of(text) is None:
        yield unexpected(text, A_DAY)


def day_of(text: str) -> datetime.date | None:
    """The one day that a text names; None where it names none, several, or a part of a date.

    >>> day_of("20250630"), day_of("6月30日")
    (datetime.date(2025, 6, 30), None)
    """
    named = list(mentions(spelt(text)))
    if len(named) != 1 or _impossible(named[0]) is not None:
        return None
    year, month, day = named[0].year, named[0].month, named[0].day
    if year is None or month is None or day is None:
        return None
    return datetime.date(year, month, day)


def mentions(text: str) -> Iterator[Mention]:
    """The dates that a text names, in its order; one without a year has that of the date before
    it."""
    spans: list[Mention] = []
    for form in FORMS:
        for match in re.finditer(form, text):
            if any(match.start() < other.end and other.start < match.end() for other in spans):
                continue
            parts = {name: _number(part) for name, part in match.groupdict().items()}
            numbers = (parts.get(name) for name in ("year", "month", "day"))
            spans.append(Mention(match.group().strip(), match.start(), match.end(), *numbers))
    year = None
    for mention in sorted(spans, key=lambda mention: mention.start):
        year = mention.year or year
        yield Mention(mention.text, mention.start, mention.end, year, mention.month, mention.day)


def _number(part: str | None) -> int | None:
    """A part of a date as a number; months may be named in English."""
    if part is None:
        return None
    return int(part) if part.isdecimal() else MONTHS.index(part[:3]) + 1


def _impossible(date: Mention) -> Text | None:
    """Why a date is on no calendar; None where it may be."""
    if date.month is not None and not 1 <= date.month <= 12:
        return Text("一年只有1月至12月", "a year has the months 1 to 12")
    if date.day is not None and not 1 <= date.day <= date.days:
        return say(zh="这个月有{days}天", en="that month has {days} days", days=date.days)
    return None
