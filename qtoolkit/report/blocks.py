"""The pieces a notebook shows and the memo is made of: paragraphs, tables and charts, each in both
languages.

A view (`qtoolkit.report.assessment`, `qtoolkit.report.sensitivity`) returns blocks;
`qtoolkit.report.page` shows them in a notebook in one language. Beside what the notebook displays,
each output carries the block itself under :data:`MIME`, from which a run writes the memo, the
tables and the figures: a notebook writes no files.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.language import Text, in_print, say, settled

MIME = "application/vnd.qtoolkit.block+json"
# rows of results, and of rules, up to which notebook and memo show a table whole
MOST_ROWS, MOST_RULES = 60, 120
CHOSEN_ROWS = 30  # rows shown of a longer one, and fewer where they are high:
CHOSEN_LINES = 120  # about so many lines of print
CHOSEN_LEAST = 6  # and no fewer than these
MOST_LINES = 6 * CHOSEN_LINES  # a table of few rows is shown whole up to so many lines of print
MOST_COLUMNS = 45  # columns up to which all are shown
FIRST_COLUMNS, LAST_COLUMNS = 11, 3  # of a wider one
PRINT = 100  # about so many letters on a line of a table, a Chinese character being two


@dataclass(frozen=True)
class Paragraph:
    """A sentence or more.

    `chapter` is the memo's chapter that takes it (see `qtoolkit.report.chapters`), None for the
    notebook alone; `heading` opens a section of that chapter before it; `style` is "text", "item"
    (of a list), "note", or "footer" (at the bottom of page one). Within a chapter, blocks of a
    lower `place` come first, whichever notebook shows them. `see` says where in the memo the rest
    stands: a notebook, which shows it right below, leaves that out.
    """

    text: Text
    chapter: str | None = None
    heading: Text | None = None
    style: str = "text"
    place: int = 0
    see: Text | None = None


@dataclass(frozen=True)
class DataTable:
    """A table.

    `frame` holds plain values, its columns in the order shown; `columns` names them in both
    languages; `formats` gives format specs (".2f"; "↓.2f" never shows more than the value, "↑.2f"
    never less); cells that are :class:`Text` are shown in the language; NaN and None show as "—".
    `name` names its file in the run folder; `data` says that it holds results, not rules; `shade`
    names the columns of shares in [0, 1] that are tinted by value; `widths` are relative column
    widths.

    A table too long for a page is shown in part, and says so, while its files hold the whole:
    `order` are positions of rows, of most interest first, of which the first are shown, and
    `chosen` says in words which those are ("nearest to a cutoff"). Without an order the first and
    the last rows are shown.

    `evidence` is what the table proves, for the claims of a run (:mod:`qtoolkit.report.evidence`);
    nobody is shown it.
    """

    name: str
    caption: Text
    frame: pd.DataFrame
    columns: Mapping[str, Text]
    formats: Mapping[str, str] = field(default_factory=dict)
    chapter: str | None = None
    heading: Text | None = None
    shade: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    place: int = 0
    data: bool = True
    order: Sequence[int] = ()
    chosen: Text | None = None
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Chart:
    """A figure. `draw(language)` returns a matplotlib Figure; `alt` says in words what it shows;
    `width` is its share of the page's text width."""

    name: str
    caption: Text
    draw: Callable[[str], Any]
    alt: Text
    chapter: str | None = None
    heading: Text | None = None
    width: float = 1.0
    place: int = 0


Block = Paragraph | DataTable | Chart


SYNTHETIC = Text("（模拟数据）", " (synthetic data)")


def payload(block: Block, language: str, synthetic: bool = False) -> dict[str, Any]:
    """The block as plain JSON in one language, without a chart's picture; captions of synthetic
    data say so.

    Keys of all: kind, chapter, heading, place. Paragraph: text, style, see. Table: name, caption,
    header, cells (rows of formatted strings), data (rows of plain values, floats to the 11 decimals
    or 12 digits that are the same on every processor), numeric (per column), shade (rows of a share
    or None), widths; of a table that is shown in part, header, cells, numeric, shade and widths are
    those of the part, data is whole, and there are note (the sentence that says so) and whole
    (header, formats, language of all columns); evidence, where it has any. Chart: name, caption,
    alt, width.
    """
    heading = block.heading.of(language) if block.heading else None
    common = {"chapter": block.chapter, "heading": heading, "place": block.place}
    if isinstance(block, Paragraph):
        see = None if block.see is None else block.see.of(language)
        text = {"text": block.text.of(language), "style": block.style, "see": see}
        return {"kind": "paragraph", **common, **text}
    mark = SYNTHETIC.of(language) if synthetic and getattr(block, "data", True) else ""
    common |= {"name": block.name, "caption": block.caption.of(language) + mark}
    if isinstance(block, Chart):
        return {"kind": "chart", **common, "alt": block.alt.of(language), "width": block.width}
    carried = {} if block.evidence is None else {"evidence": block.evidence}
    return {"kind": "table", **common, **_table_payload(block, language), **carried}


def _table_payload(table: DataTable, language: str) -> dict[str, Any]:
    """What the payload of a table has beside the keys of all blocks."""
    part = shown_part(table)
    names = [table.frame.columns[j] for j in part.columns]
    data = _plain_rows(table.frame, language)
    rows = [[data[i][j] for j in part.columns] for i in part.rows]
    whole = _printed(table, names, rows, language)
    is_short = part.note is None and not _is_much(rows)
    printed = whole if is_short else _cut_short(whole, language)
    result = {
        "header": printed[0],
        "cells": printed[1:],
        "data": _breakable(data),
        "numeric": [_is_numeric(table, name) for name in names],
        "shade": [_shades(table, names, row) for row in rows],
        "widths": [table.widths[j] for j in part.columns] if table.widths else [],
    }
    note = part.note
    if printed != whole:
        note = CUT if note is None else Text(CUT.zh + note.zh, f"{CUT.en} {note.en}")
    if note is None:
        return result
    return result | {"note": note.of(language), "whole": _all_columns(table, language)}


def _plain_rows(frame: pd.DataFrame, language: str) -> list[list]:
    return [[_plain(value, language) for value in row] for row in frame.itertuples(index=False)]


def _printed(
    table: DataTable, names: Sequence[str], rows: Sequence[Sequence], language: str
) -> list[list[str]]:
    """The heading and the rows of plain cells as people read them."""
    formats = [table.formats.get(name, "") for name in names]
    cells = [
        [shown(value, spec, language) for value, spec in zip(row, formats, strict=True)]
        for row in rows
    ]
    return [[table.columns[name].of(language) for name in names], *cells]


def _is_much(rows: Sequence[Sequence]) -> bool:
    """Whether the texts of a table are so many and so long that they are cut short."""
    letters = sum(len(value) for row in rows for value in row if isinstance(value, str))
    return len(rows) >= ROWS and letters > LETTERS


def _cut_short(lines: Sequence[Sequence[str]], language: str) -> list[list[str]]:
    """A heading and rows, each text as a page has room for it."""
    heading, *rows = lines
    return [_clipped(heading, HEAD, language), *(_clipped(row, CELL, language) for row in rows)]


def _breakable(rows: Sequence[Sequence]) -> list[list]:
    """Plain cells for the files, in which no space keeps words together."""
    return [
        [value.replace("\xa0", " ") if isinstance(value, str) else value for value in row]
        for row in rows
    ]


def _is_numeric(table: DataTable, name: str) -> bool:
    return name in table.formats or pd.api.types.is_numeric_dtype(table.frame[name])


def _shades(table: DataTable, names: Sequence[str], row: Sequence) -> list[float | None]:
    """The share by which each cell of a row is tinted."""
    return [
        value if name in table.shade and isinstance(value, float | int) else None
        for name, value in zip(names, row, strict=True)
    ]


def _all_columns(table: DataTable, language: str) -> dict[str, Any]:
    """Headings and formats of all columns, for the files of a table that is shown in part."""
    names = table.frame.columns
    return {
        "header": [table.columns[name].of(language) for name in names],
        "formats": [table.formats.get(name, "") for name in names],
        "language": language,
    }


# characters of a heading, and of a cell, as they are shown
HEAD, CELL = {"zh": 60, "en": 150}, {"zh": 300, "en": 750}
ROWS, LETTERS = 8, 8_000  # rows, and letters in all cells, from which long texts are cut short
CUT = Text(
    "过长的文字在此截短，以“…”结尾，全文见表格文件。",
    "Long texts are cut short here and end in “…”; the files have them whole.",
)


def _clipped(texts: Sequence[str], most: Mapping[str, int], language: str) -> list[str]:
    """Texts as a page has room for them."""
    limit = most[language]
    return [text if len(text) <= limit else text[: limit - 1] + "…" for text in texts]


@dataclass(frozen=True)
class Part:
    """What notebook and memo show of a table: positions of rows and columns, and the sentence that
    says so, None where they are all."""

    rows: Sequence[int]
    columns: Sequence[int]
    note: Text | None


def shown_part(table: DataTable) -> Part:
    """The rows and columns of a table that notebook and memo show; its files hold all.

    >>> short, long = (
    ...     DataTable(
    ...         "t", Text("表", "T"), pd.DataFrame({"x": range(n)}), {"x": Text("数", "x")}
    ...     )
    ...     for n in (3, 90)
    ... )
    >>> list(shown_part(short).rows), shown_part(short).note
    ([0, 1, 2], None)
    >>> list(shown_part(long).rows) == [*range(15), *range(75, 90)]
    True
    >>> shown_part(long).note.of("en")[:58]
    'Of 90 rows 30 are shown: the first 15 and the last 15. The'
    """
    height, width = table.frame.shape
    columns = range(width)
    if width > MOST_COLUMNS:
        columns = [*range(FIRST_COLUMNS), *range(width - LAST_COLUMNS, width)]
    rows: Sequence[int] = range(height)
    if _is_too_long(table, height, columns):
        rows, which = _rows_of_interest(table, columns)
    notes = []
    if len(rows) < height:
        notes.append(
            say(
                zh="共{n}行，此处列{k}行：{which}。",
                en="Of {n} rows {k} are shown: {which}.",
                n=height,
                k=len(rows),
                which=which,
            )
        )
    if len(columns) < width:
        text = say(
            zh="共{n}列，此处列前{a}列和后{b}列。",
            en="Of {n} columns the first {a} and the last {b} are shown.",
            n=width,
            a=FIRST_COLUMNS,
            b=LAST_COLUMNS,
        )
        notes.append(text)
    if not notes:
        return Part(rows, columns, None)
    where = say(
        zh="全表见 tables/{name}.csv 和 tables.xlsx。",
        en="The whole table: tables/{name}.csv and tables.xlsx.",
        name=table.name,
    )
    notes.append(where)
    return Part(
        rows, columns, Text("".join(note.zh for note in notes), " ".join(note.en for note in notes))
    )


def _is_too_long(table: DataTable, height: int, columns: Sequence[int]) -> bool:
    """Whether the rows are too many, or the texts in them too long, for a table of a memo."""
    if (height > MOST_ROWS and table.data) or height > MOST_RULES:
        return True
    most = 3 * CHOSEN_LINES if height > MOST_ROWS else MOST_LINES
    return height > CHOSEN_LEAST and _lines(table, range(height), columns).sum() > most


def _rows_of_interest(table: DataTable, columns: Sequence[int]) -> tuple[list[int], Text]:
    """So many rows of a long table as a page or two hold, as they stand in it, and which they
    are."""
    height = len(table.frame)
    # first, last, second, last but one
    ends = [i for pair in zip(range(height), reversed(range(height)), strict=True) for i in pair]
    order = list(table.order) if len(table.order) else ends
    order = order[:CHOSEN_ROWS]
    fit = int((np.cumsum(_lines(table, order, columns)) <= CHOSEN_LINES).sum())
    order = order[: max(fit // 2 * 2, CHOSEN_LEAST)]
    if len(table.order):
        which = table.chosen or Text("最需关注的", "of most interest")
        return sorted(order), say(zh="{which}", en="those {which}", which=which)
    half = len(order) // 2
    return sorted(order), say(zh="前{a}行和后{a}行", en="the first {a} and the last {a}", a=half)


def _lines(table: DataTable, rows: Sequence[int], columns: Sequence[int]) -> np.ndarray:
    """About how many lines each of the rows takes in print."""
    part = table.frame.iloc[list(rows), list(columns)]
    longest = [
        max((len(_plain(v, "zh")) for v in row if isinstance(v, str | Text)), default=1)
        for row in part.itertuples(index=False)
    ]
    share = PRINT / min(len(columns), FIRST_COLUMNS)
    return np.ceil(2 * np.array(longest, float) / share)


def _plain(value: Any, language: str) -> Any:
    """A cell as JSON knows it."""
    if isinstance(value, Text):
        return value.of(language)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        value = float(value)
        if math.isnan(value):
            return None
        return settled(value) if math.isfinite(value) else ("∞" if value > 0 else "−∞")
    return None if value is None or value is pd.NA or value is pd.NaT else str(value)


def shown(plain: Any, spec: str, language: str) -> str:
    """A plain cell as people read it."""
    if plain is None:
        return "—"
    if isinstance(plain, bool):
        return {"zh": ("否", "是"), "en": ("no", "yes")}[language][plain]
    if isinstance(plain, str):
        return plain
    if spec[:1] in ("↓", "↑"):
        return rounded_towards(plain, spec[1:], spec[0]).replace("-", "−")
    return in_print(plain, spec)


def rounded_towards(value: float, spec: str, side: str) -> str:
    """A number with the decimals of `spec` (".2f", ".1%"), rounded down ("↓") or up ("↑"): for
    proven bounds.

    >>> (
    ...     rounded_towards(0.00345, ".2%", "↓"),
    ...     rounded_towards(0.29, ".2%", "↓"),
    ...     rounded_towards(1.001, ".2f", "↑"),
    ... )
    ('0.34%', '29.00%', '1.01')
    """
    scale = 10 ** (int(spec[1:-1]) + (2 if spec.endswith("%") else 0))
    whole = math.floor(value * scale + 1e-7) if side == "↓" else math.ceil(value * scale - 1e-7)
    return format(whole / scale, spec)


def tint_of(share: float) -> str:
    """A pale red (share 0) over white (one half) to a pale blue (share 1), as #rrggbb; readable in
    print."""
    low, middle, high = (244, 199, 190), (255, 255, 255), (190, 215, 240)
    share = min(max(share, 0.0), 1.0)
    start, end, part = (low, middle, 2 * share) if share < 0.5 else (middle, high, 2 * share - 1)
    return "#" + "".join(
        f"{round(a + (b - a) * part):02x}" for a, b in zip(start, end, strict=True)
    )
