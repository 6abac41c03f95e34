"""An .xlsx workbook as a grid of cells, with what the plain cell values hide: error cells, percentages, formulas that
were never calculated."""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from qtoolkit.errors import Complaint, InputError
from qtoolkit.language import Text, listing, say

SHEETS = ("数据", "data")
"""Names of the sheet that is read where a workbook has several."""


def read_grid(name: str, data: bytes) -> list[list[Any]]:
    """The cells of the workbook's sheet of data; the first row of the grid is row 1 of the sheet.

    The sheet is the only one that holds anything, or the one called 数据 or data. Error cells are their text
    ("#DIV/0!"), and numbers shown as percentages are text with a percent sign, so that nobody takes 35% for 0.35.
    """
    return next(iter(_read(name, data, lambda grids: [_choose(name, grids)]).values()))


def read_sheets(name: str, data: bytes) -> dict[str, list[list[Any]]]:
    """The cells of all visible sheets, by title; see :func:`read_grid`."""
    return _read(name, data, list)


def _read(name: str, data: bytes, chosen: Callable[[dict], list[str]]) -> dict[str, list[list[Any]]]:
    import python_calamine

    _check_signature(name, data)
    lost: list[str] = []
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        grids = {title: book.get_sheet_by_name(title).to_python(skip_empty_area=False) for title in visible}
        grids = {title: grids[title] for title in chosen(grids)}
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for title, grid in grids.items():
                where = f"{title}!" if len(grids) > 1 else ""
                lost += [where + cell for cell in _amend(grid, archive, title)]
    except (
        python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, KeyError, IndexError, ValueError,
        NotImplementedError, RuntimeError, EOFError, OSError,  # the first two: a compression zipfile lacks, a password
    ) as error:  # fmt: skip
        if isinstance(error, InputError):
            raise
        text = say(
            zh="不是完好的 Excel 工作簿，请在 Excel 中打开并另存为 .xlsx",
            en="not a sound Excel workbook: open it in Excel and save it as .xlsx",
        )
        raise InputError(Complaint(text, name)) from None
    if lost:
        text = say(
            zh="单元格{cells}的公式从未计算过，请在 Excel 中打开并保存一次",
            en="the formula in {cells} was never calculated: open the workbook in Excel and save it",
            cells=listing(lost, most=5),
        )
        raise InputError(Complaint(text, name))
    return grids


def _check_signature(name: str, data: bytes) -> None:
    """Refuse what is no .xlsx at all, with the reason: encrypted, an old .xls renamed, something else."""
    if data.startswith(b"PK"):
        return
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            why = Text("工作簿有打开密码，请去掉密码", "the workbook has a password: remove it")
        else:
            why = Text("这是旧版 .xls 工作簿，请另存为 .xlsx", "this is an old .xls workbook: save it as .xlsx")
    else:
        why = Text("不是 Excel 工作簿", "this is no Excel workbook")
    raise InputError(Complaint(why, name))


def _choose(name: str, grids: dict[str, list[list[Any]]]) -> str:
    """The title of the sheet of data."""
    for title in SHEETS:
        if title in grids:
            return title
    filled = [title for title, grid in grids.items() if any(cell != "" for row in grid for cell in row)]
    if len(filled) > 1:
        text = say(
            zh="有{n}个工作表（{names}），不知读哪一个；请把数据所在的工作表命名为“数据”",
            en="there are {n} sheets ({names}) and no telling which to read: call the one with the data “data”",
            n=len(filled), names=listing(filled, most=5),
        )
        raise InputError(Complaint(text, name))
    return (filled or list(grids))[0]


_CELL = re.compile(r"<(?:\w+:)?c\b([^>]*?)(?<!/)>(.*?)</(?:\w+:)?c>", re.S)
_VALUE = re.compile(r"<(?:\w+:)?v\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?v>)", re.S)
_FORMULA = re.compile(r"<(?:\w+:)?f\b")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*["']([^"']*)["']""")


def _amend(grid: list[list[Any]], archive: zipfile.ZipFile, title: str) -> list[str]:
    """Write error cells and percentages into the grid; the names of formula cells that were never calculated."""
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    stale = re.search(r"""fullCalcOnLoad\s*=\s*["'](1|true)""", book) is not None  # values were not made by Excel
    percent = _percent_styles(archive)
    lost = []
    for attributes, content in _CELL.findall(_sheet(archive, book, title)):
        cell = dict(_ATTRIBUTE.findall(attributes))
        is_formula, is_percent = _FORMULA.search(content) is not None, cell.get("s", "0") in percent
        if not (is_formula or is_percent or cell.get("t") == "e"):
            continue
        found = _VALUE.search(content)
        value = html.unescape(found.group(1) or "") if found else ""
        if is_formula and cell.get("t") != "str" and (not value or (stale and value == "0")):
            lost.append(cell["r"])
            continue
        row, column = _place(cell["r"])
        if cell.get("t") == "e":
            grid[row][column] = value
        elif is_percent and isinstance(grid[row][column], float):
            grid[row][column] = f"{grid[row][column] * 100:.15g}%"
    return lost


def _sheet(archive: zipfile.ZipFile, book: str, title: str) -> str:
    """The XML of the sheet with this title."""
    relations = [
        dict(_ATTRIBUTE.findall(tag))
        for tag in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", archive.read("xl/_rels/workbook.xml.rels").decode())
    ]
    targets = {relation["Id"]: relation["Target"] for relation in relations}
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        sheet = {key.rpartition(":")[2]: html.unescape(value) for key, value in _ATTRIBUTE.findall(tag)}
        if sheet["name"] == title:
            path = posixpath.normpath(posixpath.join("/xl", targets[sheet["id"]])).lstrip("/")
            return archive.read(path).decode("utf-8", "replace")
    raise KeyError(title)


def _percent_styles(archive: zipfile.ZipFile) -> set[str]:
    """The cell styles (attribute s) that show a number as a percentage."""
    if "xl/styles.xml" not in archive.namelist():
        return set()
    styles = archive.read("xl/styles.xml").decode("utf-8", "replace")
    formats = {"9", "10"}
    for tag in re.findall(r"<(?:\w+:)?numFmt\b[^>]*>", styles):
        attributes = dict(_ATTRIBUTE.findall(tag))
        code = re.sub(r'"[^"]*"|\\.', "", html.unescape(attributes["formatCode"]))
        if "%" in code:
            formats.add(attributes["numFmtId"])
    cells = re.search(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", styles, re.S)
    styled = re.findall(r"<(?:\w+:)?xf\b([^>]*)>", cells.group() if cells else "")
    return {str(i) for i, xf in enumerate(styled) if dict(_ATTRIBUTE.findall(xf)).get("numFmtId") in formats}


def _place(name: str) -> tuple[int, int]:
    """(row, column) from 0 of a cell's name.

    >>> _place("AB3")
    (2, 27)
    """
    letters = name.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(name[len(letters) :]) - 1, column - 1
