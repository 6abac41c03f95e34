"""The cells of a table by the meaning of their columns; every complaint is collected with its row
and column."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from qtoolkit.errors import Problems, nearest, unexpected
from qtoolkit.inputs.files import Rows
from qtoolkit.inputs.headers import Headers
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_numbers, plain_text
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import Text, listing, say

_YES_NO = {
    "1": True,
    "是": True,
    "yes": True,
    "true": True,
    "0": False,
    "否": False,
    "no": False,
    "false": False,
}
_EXCEL_ERROR = re.compile(r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|GETTING_DATA)")
# looking for the nearest name is slow: thousands of unknown units need no thousand hints
_MOST_HINTS = 20


class Cells:
    """The columns of one table for a scheme; what is wrong stands in `problems`. An absent column
    reads as blank."""

    def __init__(self, rows: Rows, scheme: Scheme):
        self.rows, self.scheme, self.problems = rows, scheme, Problems()
        self._places: dict[str, int] = {}
        self._hints = 0
        headers = Headers(scheme)
        for i, title in enumerate(rows.header):
            keys = headers.keys(title)
            if len(keys) == 1 and keys[0] not in self._places:
                self._places[keys[0]] = i
            elif len(keys) == 1:
                other = rows.header[self._places[keys[0]]]
                self._complain_header(
                    say(
                        zh="与“{other}”列含义相同",
                        en="means the same as column “{other}”",
                        other=other,
                    ),
                    title,
                )
            elif keys:
                ids = listing(keys)
                self._complain_header(
                    say(
                        zh="是{ids}共有的名称，请以编号作列名",
                        en="is the name of {ids}: use the ids as headers",
                        ids=ids,
                    ),
                    title,
                )
            else:
                hint = self._hint(title, headers.known(title))
                self._complain_header(
                    say(
                        zh="方案中没有这一列{hint}",
                        en="the scheme has no such column{hint}",
                        hint=hint,
                    ),
                    title,
                )

    def complain(self, text: Text, column: str | None = None, row: int | None = None) -> None:
        """Collect a complaint about this table."""
        row, column = self.rows.place(row, None if column is None else self.titled(column))
        self.problems.add(text, file=self.rows.name, row=row, column=column)

    def _complain_header(self, text: Text, column: str | None = None) -> None:
        self.complain(text, column, self.rows.head or None)

    def _hint(self, name: str, known: Any) -> Text:
        self._hints += 1
        return nearest(name, known) if self._hints <= _MOST_HINTS else Text("", "")

    def _has(self, key: str) -> bool:
        return key in self._places

    def _header(self, key: str) -> str:
        return self.rows.header[self._places[key]] if self._has(key) else key

    def titled(self, column: str) -> str:
        """The header that a complaint names: of a column given by its key, the one that stands in
        the file."""
        return column if column in self.rows.header else self._header(column)

    def cells(self, key: str) -> list[tuple[int, Any]]:
        """(row number, cell) of a column; blanks where the column is absent."""
        place = self._places.get(key)
        rows = zip(self.rows.numbers, self.rows.rows, strict=True)
        return [(number, None if place is None else row[place]) for number, row in rows]

    def texts(self, key: str) -> list[str | None]:
        """A column of text; None where it is blank."""
        result = []
        for row, cell in self.cells(key):
            text = None if is_blank(cell) else plain_text(cell)
            if text is not None and _EXCEL_ERROR.fullmatch(text):
                self.complain(unexpected(text, Text("文字", "text")), self._header(key), row)
            result.append(text)
        return result

    def _check_range(
        self,
        number: float,
        reason: Text | None,
        low: float | None,
        high: float | None,
        column: str,
        row: int,
    ) -> None:
        if reason is None and low is not None and number < low:
            reason = say(
                zh="内容为“{found:.10g}”，应不小于 {low:.10g}",
                en="found “{found:.10g}”, expected at least {low:.10g}",
                found=number,
                low=low,
            )
        if reason is None and high is not None and number > high:
            reason = say(
                zh="内容为“{found:.10g}”，应不大于 {high:.10g}",
                en="found “{found:.10g}”, expected at most {high:.10g}",
                found=number,
                high=high,
            )
        if reason is not None:
            self.complain(reason, column, row)

    def numbers(
        self,
        key: str,
        low: float | None = None,
        high: float | None = None,
        blank: float = np.nan,
        percent: bool = False,
    ) -> list[float]:
        """A column of numbers between `low` and `high`; blanks give `blank`."""
        if not self._has(key):
            return [blank] * len(self.rows.rows)
        cells = self.cells(key)
        result = self._plain(cells, low, high)
        for i in _missing(result):
            row, cell = cells[i]
            number, reason = (
                (blank, None) if is_blank(cell) else parse_number(cell, percent=percent)
            )
            self._check_range(number, reason, low, high, self._header(key), row)
            result[i] = number
        return result

    def _plain(
        self, cells: list[tuple[int, Any]], low: float | None, high: float | None
    ) -> list[Any]:
        """The numbers of the cells that are plainly written and lie between `low` and `high`; None
        for the others."""
        numbers = plain_numbers(cell for _, cell in cells)
        if low is None and high is None:
            return numbers
        least, most = -math.inf if low is None else low, math.inf if high is None else high
        return [x if x is not None and least <= x <= most else None for x in numbers]

    def yes_no(self, key: str) -> list[bool]:
        """A column of yes and no; blank is no."""
        result = []
        for row, cell in self.cells(key):
            word = "" if is_blank(cell) else plain_text(cell).lower()
            if word and word not in _YES_NO:
                self.complain(unexpected(cell, Text("“是”或“否”", "yes or no")), key, row)
            result.append(_YES_NO.get(word, False))
        return result


def _missing(values: list[Any]) -> list[int]:
    """Where a list holds None."""
    return [i for i, value in enumerate(values) if value is None]
