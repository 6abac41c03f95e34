"""Who is to be assessed, as far as a table of data says so before any marks are in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qtoolkit.errors import Complaint, InputError
from qtoolkit.inputs.files import Rows
from qtoolkit.inputs.headers import Headers
from qtoolkit.inputs.numbertext import is_blank, plain_text
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.screening import FAILED
from qtoolkit.language import Text, say


@dataclass(frozen=True)
class Candidate:
    """A unit that may be assessed: what the table of data calls it, the name that people read, and
    whether it failed no screen so far."""

    id: str
    name: Text
    passed: bool = True


@dataclass(frozen=True)
class Roster:
    """The units of a table of data in its order, and the keys of those columns of it (<leaf>,
    <leaf>@<stage>, …) in which something is written."""

    candidates: tuple[Candidate, ...]
    filled: frozenset[str] = frozenset()

    @property
    def passed(self) -> tuple[Candidate, ...]:
        """Those who failed no screen so far."""
        return tuple(candidate for candidate in self.candidates if candidate.passed)


def roster_of(data: Rows, scheme: Scheme) -> Roster:
    """The roster of a table of data. Columns that the scheme does not know are not looked at.

    Raises
    ------
    InputError
        There is no column of units.
    """
    places, units = places_of(data, scheme), units_of(data, scheme)
    english = [_word(row, places.get("name_en")) for row in data.rows]
    candidates = [
        Candidate(unit, Text(unit, name or unit), passed)
        for unit, name, passed in zip(units, english, passed_screens(data, scheme), strict=True)
        if unit
    ]
    filled = frozenset(
        key for key, i in places.items() if not all(is_blank(row[i]) for row in data.rows)
    )
    return Roster(tuple(candidates), filled)


def places_of(data: Rows, scheme: Scheme) -> dict[str, int]:
    """The places of the columns of a table of data, by their keys."""
    headers = Headers(scheme)
    found = [(headers.keys(title), i) for i, title in enumerate(data.header)]
    return {keys[0]: i for keys, i in found if len(keys) == 1}


def units_of(data: Rows, scheme: Scheme) -> list[str]:
    """The names of the units, "" where one is blank.

    Raises
    ------
    InputError
        There is no column of units.
    """
    place = places_of(data, scheme).get("unit")
    if place is None:
        text = say(zh="缺少列：考核对象", en="missing column: unit")
        raise InputError(Complaint(text, data.name, data.head or None))
    return [_word(row, place) for row in data.rows]


def passed_screens(data: Rows, scheme: Scheme) -> list[bool]:
    """Of each row, whether its unit failed no screen; a screen that is still blank fails nobody."""
    places = places_of(data, scheme)
    screens = [places[key] for s in scheme.screens if (key := f"screen:{s.id}") in places]
    return [not any(_word(row, place).lower() in FAILED for place in screens) for row in data.rows]


def _word(row: Sequence[Any], place: int | None) -> str:
    """What stands at a place of a row; "" where it is blank, or there is no such place."""
    return "" if place is None or is_blank(row[place]) else plain_text(row[place])
