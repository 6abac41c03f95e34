"""What the knobs of the toolkit's own notebooks may be: their ranges, in one place, asked before
anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtoolkit import regions, weighting
from qtoolkit.assessment import Assessment, assess
from qtoolkit.comparison.history import read_history
from qtoolkit.errors import Complaint, InputError, nearest, unexpected, unquoted
from qtoolkit.inputs.case import Case
from qtoolkit.inputs.locate import find
from qtoolkit.inputs.numbertext import number_meant
from qtoolkit.inputs.table import unit_of
from qtoolkit.inputs.yamltext import Document
from qtoolkit.language import Text, say

if TYPE_CHECKING:  # a kernel asks for ranges alone, and what reads notebooks takes it two seconds
    from qtoolkit.runs.notebooks import Notebook


@dataclass(frozen=True)
class Range:
    """Numbers from `low` (or, if `above`, beyond it) to `high`; `whole` ones only, or only
    powers of two."""

    low: float = 0.0
    high: float = math.inf
    above: bool = False
    whole: bool = False
    power: bool = False

    def holds(self, value: Any) -> bool:
        """Whether a knob may have this value."""
        kinds = int if self.whole or self.power else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
            return False
        if self.power and not (value >= 1 and int(value).bit_count() == 1):
            return False
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def wording(self) -> Text:
        """The range in words.

        >>> Range(0, 1).wording().of("en"), Range(1, whole=True).wording().of("en")
        ('a number of at least 0 and at most 1', 'a whole number of at least 1')
        """
        kind = Text("数字", "a number")
        if self.power:
            return say(
                zh="2的整数次幂（至少为 {x:g}）", en="a power of 2 (at least {x:g})", x=self.low
            )
        if self.whole:
            kind = Text("整数", "a whole number")
        low = say(zh="大于 {x:g}", en="above {x:g}", x=self.low)
        if not self.above:
            low = say(zh="不小于 {x:g}", en="of at least {x:g}", x=self.low)
        if math.isinf(self.high):
            return say(zh="{low} 的{kind}", en="{kind} {low}", low=low, kind=kind)
        return say(
            zh="{low}、不大于 {high:g} 的{kind}",
            en="{kind} {low} and at most {high:g}",
            low=low,
            high=self.high,
            kind=kind,
        )


RANGES = {
    "near_miss": Range(),
    "point_step": Range(above=True),
    "resamples": Range(high=100_000, whole=True),
    "window": Range(),
    "line_draws": Range(1, whole=True),
    "se": Range(above=True),
    "reliability": Range(0, 1, above=True),
    "weight_band": Range(0, 1),
    "draws": Range(1, whole=True),
    "choice_runs": Range(2, power=True),
}
"""The range of each knob that is a number. Beside a number, `se` may be by unit, or "data"."""
OTHERS = ("se_source", "choices", "unit", "history", "region", "judgements")
"""Knobs that are no numbers."""
_STEP = "point_step"
_OWN = ("packaged", "checkout")


def check_knobs(
    knobs: Mapping[str, Any],
    books: Sequence[Notebook],
    case: Case,
    document: Document | None,
    folder: Path,
    result: Assessment | None = None,
) -> None:
    """Refuse what the notebooks that are to run would stumble on. Knobs of a user's own notebooks
    are theirs. The tables that knobs name are found from `folder`; `result` is the case assessed,
    where that is known.

    Raises
    ------
    InputError
        With one sentence for each: the knob, its place, what was found and the range.
    """
    defaults = {
        name: value
        for book in books
        if book.origin in _OWN
        for name, value in book.declared.items()
    }
    complaints = []
    for key, text in _wrong(knobs, defaults, case):
        file, row = None, None
        if document is not None and isinstance(document.data, Mapping) and key in knobs:
            if document.data.get(key) == knobs[key]:
                file, row = document.name, document.line((key,))
        complaints.append(Complaint(text, file, row, key))
    if complaints:
        raise InputError(complaints)
    given = {key: value for key, value in knobs.items() if key in defaults and value is not None}
    history = given.get("history")
    if isinstance(history, str):
        read_history(find(history, folder), [grade.id for grade in case.scheme.grades])
    with _in_its_file(document, knobs):
        _check_tables(given, case, folder, result)


def _check_tables(
    given: Mapping[str, Any], case: Case, folder: Path, result: Assessment | None
) -> None:
    """Refuse a region and judgements that are none."""
    if "region" in given:
        result = result or assess(case.scheme, case.table)
        regions.read(given["region"], result, folder=folder)
    if "judgements" in given:
        weighting.read_judgements(given["judgements"], case.scheme, folder)


@contextmanager
def _in_its_file(document: Document | None, knobs: Mapping[str, Any]) -> Iterator[None]:
    """Complaints of keys of the parameters say on which line of their file these stand."""
    try:
        yield
    except InputError as error:
        raise InputError([_located(c, document, knobs) for c in error.complaints]) from None


def _located(
    complaint: Complaint, document: Document | None, knobs: Mapping[str, Any]
) -> Complaint:
    """A complaint with the line of its key, where that stands in the file as it was used."""
    if complaint.file is not None or complaint.column is None or document is None:
        return complaint
    key, *parts = complaint.column.split(".")
    path = (key, *(int(part) - 1 if part.isdecimal() else part for part in parts))
    if not isinstance(document.data, Mapping) or document.data.get(key) != knobs.get(key):
        return complaint
    return replace(complaint, file=document.name, row=document.line(path))


def _wrong(
    knobs: Mapping[str, Any], defaults: Mapping[str, str], case: Case
) -> Iterator[tuple[str, Text]]:
    """What is wrong with knobs, by their names, of which `defaults` holds those that our
    notebooks declare."""
    for key in RANGES:
        if key in knobs and key in defaults:
            yield from _out_of_range(key, knobs[key], defaults[key])
    if _STEP in defaults:
        yield from _step(knobs.get(_STEP, float(defaults[_STEP])), case)
    if "se" in defaults:
        yield from _source(knobs)
    if "unit" in defaults:
        yield from _unit(knobs.get("unit"), case)


def _out_of_range(key: str, value: Any, default: str) -> Iterator[tuple[str, Text]]:
    """A value lies in its range, or is none where that is the default; a standard error may also
    be the name of something else."""
    if value is None and default != "None":
        yield key, unexpected(value, RANGES[key].wording())
    elif (text := complaint_of(key, value)) is not None:
        yield key, text


def complaint_of(key: str, value: Any) -> Text | None:
    """What is wrong with the value of a knob that is a number, None where it is right; the number
    that was meant by a text is named. Nothing (None) stands for a knob's own default.

    >>> complaint_of("draws", "1000").en
    'found “1000”, expected a whole number of at least 1, without quotation marks: 1000'
    """
    named = key == "se" and not isinstance(value, int | float)
    if value is None or named or RANGES[key].holds(value):
        return None
    return unexpected(value, RANGES[key].wording(), hint=_meant(key, value))


def _meant(key: str, value: Any) -> Text | None:
    """The number that a text says, where the knob may have it: "10%" is .1."""
    number = number_meant(value)
    if number is None or not RANGES[key].holds(number):
        return None
    return unquoted(number)


def _source(knobs: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    """A standard error comes with its source."""
    source = knobs.get("se_source")
    named = isinstance(source, str) and bool(source.strip())
    if knobs.get("se") is not None and not named:
        text = say(
            zh="没有写明来源，给出标准误 se 时应写明",
            en="no source, expected one where a standard error (se) is given",
        )
        yield "se_source", text


def _unit(unit: Any, case: Case) -> Iterator[tuple[str, Text]]:
    """The unit to be looked at is assessed in both years."""
    if unit is None or case.previous is None:
        return
    both = [name for name in case.table.units if name in case.previous.table.units]
    if unit_of(unit, both) is None:
        want = Text("两年都参评的考核对象", "a unit that is assessed in both years")
        yield "unit", unexpected(unit, want, hint=nearest(str(unit), both))


def _step(step: Any, case: Case) -> Iterator[tuple[str, Text]]:
    """The total must be a whole number of steps of points."""
    total = case.scheme.total
    if not RANGES[_STEP].holds(step):
        return
    count = int(total / step + 0.5)
    if count < 1 or abs(count * step - total) > 1e-9 * total:
        yield (
            _STEP,
            say(
                zh="内容为“{found:.10g}”，总分 {total:.10g} 应为它的整数倍",
                en="found “{found:.10g}”, expected a step of which the total {total:.10g} is a "
                "multiple",
                found=step,
                total=total,
            ),
        )
