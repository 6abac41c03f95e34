"""Bytes from disk to text and to rows of cells: CSV in UTF-8 (with or without BOM) or GB18030, and
Excel."""

from __future__ import annotations

import csv
import errno
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qtoolkit import limits
from qtoolkit.errors import MOST_COMPLAINTS, Complaint, InputError, clip
from qtoolkit.inputs.encodings import text_of
from qtoolkit.inputs.numbertext import UNPRINTABLE, is_blank
from qtoolkit.language import Text, say
from qtoolkit.workbooks.reading import read_shown

ITEM_HEADERS = ("indicator", "指标", "考核要点", "考核指标")
"""The first header of a table that has indicators as rows and units as columns."""


@dataclass(frozen=True)
class Hidden:
    """What of a table a workbook does not show: the numbers of units' rows, and headers of
    columns."""

    units: frozenset[int] = frozenset()
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rows:
    """A header and the rows below it; `numbers` are the rows' numbers in the file from 1, `head`
    the header's.

    Of a table with units as columns, the header is its first column and the rows its other columns:
    `lines` are then the numbers in the file of what each header heads.
    """

    name: str
    header: list[str]
    rows: list[list[Any]]
    numbers: list[int]
    head: int = 1
    lines: dict[str, int] | None = None
    hidden: Hidden = field(default=Hidden())

    def place(self, row: int | None, column: str | None) -> tuple[int | None, str | None]:
        """The row and column in the file of a complaint about a row and a header."""
        if self.lines is None:
            return row, column
        unit = str(self.rows[self.numbers.index(row)][0]).strip() if row else None
        return self.lines.get(column or "", self.head if row else None), unit or column

    def at(self, places: Collection[int]) -> Rows:
        """The rows at these places, which keep their numbers."""
        kept = [self.rows[i] for i in places], [self.numbers[i] for i in places]
        return replace(self, rows=kept[0], numbers=kept[1])

    def beside(self, columns: Mapping[str, Sequence[Any]]) -> Rows:
        """With further columns at the right, by their headers."""
        cells = zip(*columns.values(), strict=True) if columns else [()] * len(self.rows)
        rows = [[*row, *more] for row, more in zip(self.rows, cells, strict=True)]
        return replace(self, header=[*self.header, *columns], rows=rows)


def read_bytes(path: Path) -> bytes:
    """The file's bytes; a missing or unreadable file, or one over the limit of its size, is a
    complaint.

    Only regular files (or links to them) are opened: a pipe or a device may never end.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise _unreadable(path, _kind(mode))
        with path.open("rb") as file:
            data = file.read(limits.FILE_BYTES + 1)
    except FileNotFoundError:
        if path.is_symlink():
            raise _unreadable(
                path,
                Text(
                    "这是一个链接，所指的文件不存在", "it is a link to a file that does not exist"
                ),
            ) from None
        text = say(zh="找不到文件：{path}", en="file not found: {path}", path=clip(path, most=200))
        raise InputError(text) from None
    except InputError:
        raise
    except PermissionError:
        why = Text(
            "没有读取权限，或文件正被其他程序占用", "no permission, or another program has it open"
        )
        raise _unreadable(path, why) from None
    except ValueError:  # a name with a character that no file system takes
        why = Text(
            "文件名中有系统不允许的字符",
            "its name holds a character that the system does not allow",
        )
        raise _unreadable(path, why) from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            why = Text("文件名过长", "its name is too long")
        else:
            why = Text("读取出错", error.strerror or str(error))
        raise _unreadable(path, why) from None
    if len(data) > limits.FILE_BYTES:
        size = max(len(data), path.stat().st_size)
        raise limits.too_large(
            path.name, Text("文件字节数", "bytes of the file"), size, limits.FILE_BYTES
        )
    return data


def _unreadable(path: Path, why: Text) -> InputError:
    return InputError(
        say(
            zh="无法读取 {path}：{why}",
            en="cannot read {path}: {why}",
            path=clip(path, most=200),
            why=why,
        )
    )


def _kind(mode: int) -> Text:
    """What something that is no regular file is."""
    if stat.S_ISDIR(mode):
        return Text("这是一个文件夹", "it is a folder")
    kinds = ((stat.S_ISFIFO, Text("管道", "a pipe")), (stat.S_ISSOCK, Text("套接字", "a socket")))
    kind = next((word for test, word in kinds if test(mode)), Text("设备", "a device"))
    return say(zh="这是{found}，应为普通文件", en="it is {found}, expected a file", found=kind)


def read_text(path: Path, most: int = limits.FILE_BYTES) -> str:
    """The file's text, UTF-8 (with or without BOM) or GB18030; a file of more than `most` bytes is
    a complaint."""
    data = read_bytes(path)
    if len(data) > most:
        raise limits.too_large(path.name, Text("文件字节数", "bytes of the file"), len(data), most)
    text = text_of(path.name, data).lstrip("\ufeff")
    if hidden := UNPRINTABLE.search(text):
        row = text.count("\n", 0, hidden.start()) + 1
        line = text[text.rfind("\n", 0, hidden.start()) + 1 :][:60].split("\n")[0]
        _fail(
            path.name,
            say(
                zh="有不可见的控制字符，内容为“{found}”，请删去",
                en="there is an invisible control character, found “{found}”: delete it",
                found=line,
            ),
            row,
        )
    return text


def read_rows(path: Path, either_way: bool = True) -> Rows:
    """Rows of a .csv or .xlsx file; blank rows are left out, lines above the header that start with
    # are comments. A table of data may lie `either_way` (see :func:`rows_of_grid`); a long table
    lies one way, though its first column be the indicator."""
    rows_of = rows_of_grid if either_way else long_rows
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        grid, sheet = read_shown(path.name, read_bytes(path))
        rows = rows_of(path.name, grid)
        return replace(rows, hidden=_hidden(rows, sheet.hidden_rows, sheet.hidden_columns))
    if path.suffix.lower() != ".csv":
        _fail(path.name, say(zh="应为 .csv 或 .xlsx 文件", en="expected a .csv or .xlsx file"))
    return rows_of(path.name, csv_grid(path))


def _hidden(rows: Rows, lines: Collection[int], columns: Collection[int]) -> Hidden:
    """What of the rows stands in the sheet's hidden lines and columns (numbers from 0)."""
    if rows.lines is None:
        units = frozenset(number for number in rows.numbers if number - 1 in lines)
        return Hidden(units, tuple(title for i, title in enumerate(rows.header) if i in columns))
    titles = tuple(title for title, number in rows.lines.items() if number - 1 in lines)
    return Hidden(frozenset(number for number in rows.numbers if number in columns), titles)


def rows_of_grid(name: str, grid: list[list[Any]], first: int = 1) -> Rows:
    """As :func:`long_rows`, with units as rows: a table that has indicators as rows (ITEM_HEADERS)
    is turned."""
    rows = long_rows(name, grid, first)
    return _flipped(rows) if rows.header[0] in ITEM_HEADERS else rows


def long_rows(name: str, grid: list[list[Any]], first: int = 1) -> Rows:
    """Header and rows of a grid of cells whose first filled row is the header, as they lie; `first`
    is the first row's number."""
    filled = _without_comments(
        [(i, row) for i, row in enumerate(grid, first) if not all(is_blank(cell) for cell in row)]
    )
    if not filled:
        _fail(name, say(zh="表是空的", en="the table is empty"))
    (head_row, head), *below = filled
    header = [_title(cell) for cell in head[: _filled_end(head)]]
    if len(header) == 1:
        _check_lone_header(name, head_row, header[0], below)
    complaints = _about_header(name, head_row, header)
    if not all(header):
        raise InputError(complaints)
    for complaint in _about_widths(name, len(header), below):
        complaints.append(complaint)
        if len(complaints) == MOST_COMPLAINTS:
            raise InputError(complaints)
    if not below:
        complaints.append(
            Complaint(say(zh="表头以下没有数据", en="no data below the header"), name, head_row)
        )
    if complaints:
        raise InputError(complaints)
    numbers = [number for number, _ in below]
    return Rows(name, header, [list(row[: len(header)]) for _, row in below], numbers, head_row)


def _without_comments(filled: list[tuple[int, list[Any]]]) -> list[tuple[int, list[Any]]]:
    """The rows from the first that is no comment."""
    while filled and str(filled[0][1][0]).lstrip().startswith("#"):
        filled.pop(0)
    return filled


def _title(cell: Any) -> str:
    return "" if is_blank(cell) else str(cell).strip()


def _filled_end(row: list[Any]) -> int:
    """How many cells there are up to the last that is filled."""
    return max(i + 1 for i, cell in enumerate(row) if not is_blank(cell))


def _about_header(name: str, number: int, header: list[str]) -> list[Complaint]:
    """Complaints of columns without a name, and of two of one name."""
    complaints = []
    for i, title in enumerate(header):
        if not title:
            text = say(
                zh="第{n}列没有列名；表头应只有一行，不要合并单元格",
                en="column number {n} has no name; the header must be one row without merged cells",
                n=i + 1,
            )
            complaints.append(Complaint(text, name, number))
        elif title in header[:i]:
            complaints.append(
                Complaint(say(zh="列名重复", en="duplicate column name"), name, number, title)
            )
    return complaints


def _about_widths(name: str, width: int, rows: list[tuple[int, list[Any]]]) -> Iterator[Complaint]:
    """Complaints of rows that have fewer or more cells than the header."""
    for number, row in rows:
        found = max(len(row[:width]), _filled_end(row))
        if found != width:
            text = say(
                zh="本行有{found}个单元格，表头有{width}列",
                en="this row has {found:cell|cells}, the header has {width:column|columns}",
                found=found,
                width=width,
            )
            yield Complaint(text, name, number)


def _flipped(rows: Rows) -> Rows:
    """A table with indicators as rows, as one with units as rows."""
    header, cells = rows.header, rows.rows
    titles = ["unit", *(_title(row[0]) for row in cells)]
    units = [list(column) for column in zip(header[1:], *(row[1:] for row in cells), strict=True)]
    lines = dict(zip(titles, [rows.head, *rows.numbers], strict=True))
    return Rows(rows.name, titles, units, list(range(1, len(header))), 0, lines)


def _check_lone_header(name: str, row: int, title: str, rows: list[tuple[int, list[Any]]]) -> None:
    """A header of one cell is a title above the header, or a table whose columns are not separated
    by commas."""
    if any(mark in title for mark in ";\t\uff0c\uff1b|"):
        _fail(name, say(zh="各列之间应以逗号分隔", en="columns must be separated by commas"), row)
    if any(not is_blank(cell) for _, cells in rows for cell in cells[1:]):
        text = say(
            zh="第一行应为列名，现只有一个单元格“{title}”；请删去表头以上的标题",
            en="the first row must hold the column names, found one cell, “{title}”; delete titles "
            "above the header",
            title=clip(title),
        )
        _fail(name, text, row)


def csv_grid(path: Path) -> list[list[str]]:
    """Rows at the index of their first line: a quoted cell may span lines."""
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    for what, mark, most in (
        (Text("行数", "lines"), "\n", limits.LINES),
        (Text("逗号总数", "commas"), ",", limits.SEPARATORS),
    ):
        if (found := text.count(mark)) > most:
            raise limits.too_large(path.name, what, found, most)
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        lines[i] = ""  # a comment may hold a lone quotation mark
    reader = csv.reader((line + "\n" for line in lines), strict=True)
    grid: list[list[str]] = []
    rows, width = 0, 0
    try:
        for row in reader:
            filled = _filled(row)
            rows, width = rows + (filled > 0), max(width, filled)
            for what, found, most in (
                (Text("列数", "columns"), width, limits.COLUMNS),
                (Text("数据行数", "rows that are not blank"), rows, limits.ROWS),
                (
                    Text("单元格数（行数×列数）", "cells (rows × columns)"),
                    rows * width,
                    limits.CELLS,
                ),
            ):
                if found > most:
                    raise limits.too_large(path.name, what, found, most, len(grid) + 1)
            grid.extend([row] + [[]] * (reader.line_num - len(grid) - 1))
    except csv.Error as error:
        long = "limit" in str(error)
        if long:
            why = Text("单元格过长", "a cell is too long")
        else:
            why = Text(
                "引号没有成对，或引号后缺逗号",
                "a quotation mark is not closed, or not followed by a comma",
            )
        _fail(
            path.name,
            say(zh="CSV 格式有误：{why}", en="malformed CSV: {why}", why=why),
            len(grid) + 1,
        )
    return grid


def _filled(row: list[str]) -> int:
    """How far a row is filled."""
    end = len(row)
    while end and not row[end - 1].strip():
        end -= 1
    return end


def _fail(name: str, text: Text, row: int | None = None) -> None:
    raise InputError(Complaint(text, name, row))
