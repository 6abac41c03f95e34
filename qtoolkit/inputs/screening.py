"""Who is assessed at all: units that did not pass a screen (初审, 入围) are told and left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from qtoolkit.errors import unexpected
from qtoolkit.inputs.numbertext import is_blank, plain_text
from qtoolkit.inputs.tablereader import Reader
from qtoolkit.language import Text, say

PASSED = ("通过", "是", "pass", "passed", "yes", "1", "true")
FAILED = ("不通过", "未通过", "否", "fail", "failed", "no", "0", "false")
_WANT = Text("“通过”或“不通过”", "passed or failed")


@dataclass(frozen=True)
class Screened:
    """A unit that did not pass a screen: its names, the screen's id, and the reason stated."""

    unit: Text
    screen: str
    why: str | None


def screening(reader: Reader, units: tuple[str, ...]) -> tuple[tuple[Screened, ...], list[int]]:
    """Who did not pass, and the places of the rows of those who did. Screens go in order: of a unit
    that fails one the later ones may be blank.

    Raises
    ------
    InputError
        Where a unit failed and the table has complaints, or where nobody passed.
    """
    failed: dict[int, str] = {}
    for screen in reader.scheme.screens:
        for place in _failing(reader, f"screen:{screen.id}", failed):
            failed.setdefault(place, screen.id)
    if not failed:
        return (), list(range(len(units)))
    if len(failed) == len(units):
        reader.complain(say(zh="没有一家通过审核", en="no unit passed the screens"))
    reader.problems.stop()
    english = reader.texts("name_en")
    reasons = {screen: reader.texts(f"why:{screen}") for screen in set(failed.values())}
    found = tuple(
        Screened(Text(units[k], english[k] or units[k]), failed[k], reasons[failed[k]][k])
        for k in sorted(failed)
    )
    return found, [k for k in range(len(units)) if k not in failed]


def _failing(reader: Reader, key: str, before: Collection[int]) -> Iterator[int]:
    """The places of the rows that fail a screen; what is neither passed nor failed is complained
    of, but for blanks of those that failed `before`."""
    for place, (row, cell) in enumerate(reader.cells(key)):
        word = "" if is_blank(cell) else plain_text(cell).lower()
        if word in FAILED:
            yield place
        elif word not in PASSED and (word or place not in before):
            reader.complain(unexpected(word, _WANT), key, row)
