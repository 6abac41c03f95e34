"""What is wrong with an input: one error type, whose sentences name the place, the finding and the
expectation."""

from __future__ import annotations

import difflib
import math
import numbers
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from qtoolkit.language import Text, listing, same, say


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong, and where: `file`, `row` (line of a text file or row of a sheet,
    from 1), `column`."""

    text: Text
    file: str | None = None
    row: int | None = None
    column: str | None = None

    def of(self, language: str) -> str:
        """The whole sentence on one line, place first."""
        zh = language == "zh"
        place = [self.file] if self.file else []
        if self.row is not None:
            place.append(f"第{self.row}行" if zh else f"row {self.row}")
        if self.column is not None:
            place.append(f"“{clip(self.column)}”")
        colon, comma = ("：", "，") if zh else (": ", ", ")
        return _one_line((comma.join(place) + colon if place else "") + self.text.of(language))


def clip(value: Any, most: int = 60) -> str:
    """A found value as a sentence shows it: no more than `most` characters.

    >>> clip("a" * 100, most=5)
    'aaaaa…'
    """
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    return text if len(text) <= most else text[:most] + "…"


def _one_line(text: str) -> str:
    """Line breaks, control characters and invisible ones written out, so that what was found can be
    seen."""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in hidden else c
        for c in text
    )


class InputError(ValueError):
    """Raised for everything that a user can mend in files, parameters or arguments; holds all
    complaints together.

    `language` is that of the case, where it is known: messages on the command line are in it.
    """

    language: str | None = None

    def __init__(self, complaints: Complaint | Text | Iterable[Complaint]):
        if isinstance(complaints, Text):
            complaints = Complaint(complaints)
        if isinstance(complaints, Complaint):
            complaints = [complaints]
        self.complaints: tuple[Complaint, ...] = tuple(complaints)
        super().__init__(self.complaints)

    def sentences(self, language: str) -> list[str]:
        """One sentence per complaint."""
        return [complaint.of(language) for complaint in self.complaints]

    def __str__(self) -> str:
        return "\n".join(self.sentences("zh") + self.sentences("en"))


class WorkError(RuntimeError):
    """Raised when the input is right but the work failed (a notebook stopped, a memo could not be
    made)."""

    language: str | None = None

    def __init__(self, text: Text):
        self.text = text
        super().__init__(str(text))


MOST_COMPLAINTS = 5_000
"""Complaints that are collected: nobody reads more, and those of two million wrong cells would take
minutes. One for each county of China is 2,844."""


class Problems:
    """Collects complaints, so that all of a file come together; beyond MOST_COMPLAINTS it stops at
    once."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def add(
        self,
        text: Text,
        *,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        self.complaints.append(Complaint(text, file, row, column))
        if len(self.complaints) >= MOST_COMPLAINTS:
            more = say(
                zh="已有{n}处问题，其余不再列出",
                en="{n:problem|problems} so far, what follows is not listed",
                n=len(self.complaints),
            )
            self.complaints.append(Complaint(more, file))
            self.stop()

    def stop(self) -> None:
        """Raise what was collected, if anything was."""
        if self.complaints:
            raise InputError(self.complaints)


def nearest(name: str, known: Iterable[str]) -> Text:
    """A hint that names the known name most like `name`; empty when none is like it.

    >>> nearest("schem", ["scheme", "data"]).of("en")
    '; did you mean “scheme”?'
    """
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    if not close:
        return same("")
    return say(zh="；是否应为“{name}”？", en="; did you mean “{name}”?", name=close[0])


def unexpected(
    found: Any, want: Text, what: str | Text | None = None, hint: Text | None = None
) -> Text:
    """The sentence of a complaint: what was found, and what was expected.

    Parameters
    ----------
    found : what stands there; a Text where it is no value, such as "nothing"
    want : what should
    what : the name of what is wrong (an argument's, as it is written in code, or a Text); left out
        where the complaint names the column
    hint : see :func:`nearest`

    >>> unexpected("x", Text("数字", "a number")).of("en")
    'found “x”, expected a number'
    >>> unexpected("D", one_of(["A", "B"]), Text("等级", "the grade")).of("zh")
    '等级为“D”，应为A、B之一'
    """
    shown = found if isinstance(found, Text) else clip(found)
    if what is None:
        there = say(zh="内容为“{found}”", en="found “{found}”", found=shown)
    else:
        name = what if isinstance(what, Text) else Text(f"{what} ", what)
        there = say(zh="{name}为“{found}”", en="{name} is “{found}”", name=name, found=shown)
    return say(
        zh="{there}，应为{want}{hint}",
        en="{there}, expected {want}{hint}",
        there=there,
        want=want,
        hint=same("") if hint is None else hint,
    )


def unquoted(number: float) -> Text:
    """The hint that names the number which was meant by a text.

    >>> unquoted(0.1).en
    ', without quotation marks: 0.1'
    """
    return say(zh="，不加引号：{x}", en=", without quotation marks: {x}", x=number)


def one_of(names: Iterable[str | Text]) -> Text:
    """What is expected where a few words are allowed.

    >>> one_of(["A", "B"]).en
    'one of A, B'
    """
    return say(zh="{names}之一", en="one of {names}", names=listing(names))


def real(
    name: str, value: Any, least: float = 0.0, most: float = math.inf, *, above: bool = False
) -> float:
    """An argument as a finite number from `least` (or, if `above`, beyond it) to `most`; anything
    else is refused.

    >>> real("width", 3)
    3.0
    """
    good = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if good and least <= value <= most and not (above and value == least):
        return float(value)
    low = (
        say(zh="大于{x:g}", en="above {x:g}", x=least)
        if above
        else say(zh="不小于{x:g}", en="at least {x:g}", x=least)
    )
    high = (
        say(zh="、不超过{x:g}", en=" and at most {x:g}", x=most)
        if math.isfinite(most)
        else same("")
    )
    want = say(zh="{low}{high}的数字", en="a number {low}{high}", low=low, high=high)
    raise InputError(unexpected(value, want, name))


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """An argument as a whole number from `least` (to `most`); anything else is refused.

    >>> whole("k", 3, 1)
    3
    """
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        if int(value) >= least and (most is None or int(value) <= most):
            return int(value)
    high = same("") if most is None else say(zh="、不超过{x}", en=" and at most {x}", x=most)
    want = say(
        zh="不小于{low}{high}的整数",
        en="a whole number of at least {low}{high}",
        low=least,
        high=high,
    )
    raise InputError(unexpected(value, want, name))
