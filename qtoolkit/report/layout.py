"""How a table takes its place on a page: into how many parts it is cut, and how wide its columns
are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qtoolkit.report.blocks import tint_of
from qtoolkit.report.document import Align, Caption, Table

# Widths are counted in halves of a Chinese character; a line of the page has so many in a table's
# two sizes of type.
LINE, DENSE_LINE, PADDING = 88, 108, 2
SHORT_CELL = 8  # a cell up to so long is not broken
HEADERLINES = 4  # at most, where there is room
MUCH_LESS = 0.6  # of the share that a column was given
LONG_ROW = 24  # lines: only higher rows may run over the end of a page


def tables_of(block: Mapping[str, Any], caption: Caption, continued: str) -> Iterator[Table]:
    """The payload of a table as tables that fit the page: one too wide becomes several, each with
    the first column, and all but the first called `continued`."""
    first, *others = panels(block)
    yield _panel(block, first, caption)
    for columns in others:
        again = replace(caption, after=caption.after + continued, continued=True)
        yield _panel(block, columns, again)


def _panel(block: Mapping[str, Any], columns: Sequence[int], caption: Caption) -> Table:
    """Some columns of a table."""
    header, *rows = [
        tuple(one_line(row[j]) for j in columns) for row in [block["header"], *block["cells"]]
    ]
    stated_widths = [block["widths"][j] for j in columns] if block["widths"] else []
    widths, dense = column_widths(header, rows, stated_widths)
    aligns = [_align(j, block["numeric"][j], [row[j] for row in block["cells"]]) for j in columns]
    tints = [
        tuple(None if shades[j] is None else tint_of(shades[j]) for j in columns)
        for shades in block["shade"]
    ]
    return Table(
        caption=caption,
        header=header,
        rows=tuple(rows),
        widths=tuple(widths),
        aligns=tuple(aligns),
        tints=tuple(tints),
        dense=dense,
        long=tuple(_lines(row, widths, dense) > LONG_ROW for row in rows),
    )


def one_line(text: str) -> str:
    """A text without line ends, and with single spaces; spaces that hold words together stay.

    >>> one_line(" a  b\\n c ")
    'a b c'
    """
    return re.sub(r"[ \t\r\n]+", " ", text).strip(" ")


def _lines(row: Sequence[str], widths: Sequence[float], dense: bool) -> float:
    """About how many lines a row has."""
    line = DENSE_LINE if dense else LINE
    return max(
        _length(text) / max(share * line - PADDING, 2)
        for text, share in zip(row, widths, strict=True)
    )


def _align(position: int, numeric: bool, cells: Sequence[str]) -> Align:
    """Numbers to the right, short marks such as grades in the middle, other text to the left."""
    if numeric:
        return "right"
    return "center" if position and max(map(_length, cells), default=0) <= 8 else "left"


def panels(block: Mapping[str, Any]) -> list[list[int]]:
    """Positions of columns, table by table. Decided by the numbers alone, so that both languages
    are cut alike."""
    longest = [
        max((len(row[j]) for row in block["cells"]), default=0) for j in range(len(block["header"]))
    ]
    weights = [
        PADDING + (max(n, 4) if number else 8)
        for n, number in zip(longest, block["numeric"], strict=True)
    ]
    room, rest = DENSE_LINE - weights[0], sum(weights[1:])
    count = 1 if block["widths"] else max(-(-rest // max(room, 1)), 1)
    found, taken = [[0]], 0
    for j, weight in enumerate(weights[1:], 1):
        if taken >= rest / count * len(found):
            found.append([0])
        found[-1].append(j)
        taken += weight
    return found


def column_widths(
    header: Sequence[str], rows: Sequence[Sequence[str]], stated_widths: Sequence[float]
) -> tuple[list[float], bool]:
    """Shares of the page's width, and whether the table needs the small type.

    The table takes the last of four stages (see :func:`_stages`) that fits, and of the next one
    what is left of the line. Widths that are given share what is left of the line by the columns
    that need more than their share; where the widest would get much less than its own, the type is
    small.
    """
    stages = _stages(header, rows)
    least, whole_words = stages[0], stages[1]
    dense = sum(whole_words) > LINE
    line = DENSE_LINE if dense else LINE
    if stated_widths:
        widths = _at_least(whole_words if sum(whole_words) <= line else least, stated_widths, line)
        if not dense and max(widths) < MUCH_LESS * max(stated_widths) / sum(stated_widths):
            return _at_least(whole_words, stated_widths, DENSE_LINE), True
        return widths, dense
    widths = stages[-1]
    if sum(widths) > line:
        widths = _between(stages, line)
    return [width / sum(widths) for width in widths], dense


def _stages(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[float]]:
    """Widths of the columns in four stages: the least; words and numbers of the header whole, and
    the header on a few lines; cells on one line; the header on one line too."""
    stages = zip(
        *(
            _column_stages(heading, [row[j] for row in rows] or [""], j == 0)
            for j, heading in enumerate(header)
        ),
        strict=True,
    )
    return [[1.1 * width + PADDING for width in stage] for stage in stages]


def _column_stages(
    heading: str, cells: Sequence[str], first: bool
) -> tuple[float, float, float, float]:
    """The four widths of a column, without the padding. The cells of the first column, which name
    the rows, are not broken."""
    longest = max(map(_length, cells))
    unbroken = longest if first else max(map(_word, cells))
    least = max(min(unbroken, 16), 3)
    header_lines = -(-_length(heading) // HEADERLINES)
    whole_words = max(least, min(_word(heading), 10), min(header_lines, 10))
    one_line = max(whole_words, min(longest, 30))
    full = max(min(_length(heading), 18), min(longest, 160))
    return least, whole_words, one_line, max(one_line, full)


def _between(stages: Sequence[Sequence[float]], line: float) -> list[float]:
    """Widths between the last stage that fits the line and the next one, which does not."""
    last = max((k for k, stage in enumerate(stages[:-1]) if sum(stage) <= line), default=0)
    low, high = stages[last], stages[last + 1]
    part = max(line - sum(low), 0) / (sum(high) - sum(low) or 1)
    return [a + part * (b - a) for a, b in zip(low, high, strict=True)]


def _at_least(needed: Sequence[float], proportions: Sequence[float], line: float) -> list[float]:
    """Shares of the line in these proportions, but for columns that would get less than
    they need."""
    too_narrow = [False] * len(proportions)
    while True:
        rest = line - sum(n for n, is_narrow in zip(needed, too_narrow, strict=True) if is_narrow)
        whole = sum(
            g for g, is_narrow in zip(proportions, too_narrow, strict=True) if not is_narrow
        )
        widths = [
            n if is_narrow else max(rest, 0) * g / whole
            for n, g, is_narrow in zip(needed, proportions, too_narrow, strict=True)
        ]
        more = [w < n for w, n in zip(widths, needed, strict=True)]
        if not any(more):
            return [width / sum(widths) for width in widths]
        too_narrow = [a or b for a, b in zip(too_narrow, more, strict=True)]


def _length(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _word(text: str) -> int:
    """Length of the longest piece of a text that should not be broken; a few Chinese characters
    stay on one line."""
    if "\xa0" in text:  # what no-break spaces hold together
        return max(_length(piece) for piece in re.split(r"[ \t\n]+", text))
    if _length(text) <= SHORT_CELL:
        return _length(text)
    return max(
        map(_length, re.findall(r"[^\s\u2e80-\uffef]+|[\u2e80-\uffef]{1,2}", text)), default=0
    )
