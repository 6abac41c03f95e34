"""An .xlsx workbook as a grid of cells, with what the plain cell values hide: error cells,
percentages, formulas that were never calculated. Whatever the file holds is tested against the
limits before the cells are read."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers.expat import ExpatError

from qtoolkit import limits
from qtoolkit.errors import Complaint, InputError, clip
from qtoolkit.inputs.numbertext import UNPRINTABLE
from qtoolkit.language import Text, listing, say
from qtoolkit.workbooks import package, sheetcells, sheetxml

SHEETS = ("数据", "data")
"""Names of the sheet that is read where a workbook has several."""


def read_grid(name: str, data: bytes) -> list[list[Any]]:
    """The cells of the workbook's sheet of data; the first row of the grid is row 1 of the sheet.

    The sheet is the only one that holds anything, or the one called 数据 or data. Error cells are
    their text ("#DIV/0!"), and numbers shown as percentages are text with a percent sign, so that
    nobody takes 35% for 0.35.
    """
    return read_shown(name, data)[0]


def read_shown(name: str, data: bytes) -> tuple[list[list[Any]], sheetcells.Sheet]:
    """The cells as in :func:`read_grid`, and what they hide: rows and columns that Excel does not
    show."""
    grids, sheets = _read(name, data, lambda grids: [_choose(name, grids)])
    ((title, grid),) = grids.items()
    return grid, sheets[title]


def read_sheets(name: str, data: bytes) -> dict[str, list[list[Any]]]:
    """The cells of all visible sheets, by title; see :func:`read_grid`."""
    return _read(name, data, list)[0]


def read_book(name: str, data: bytes) -> dict[str, tuple[list[list[Any]], sheetcells.Sheet]]:
    """The cells of all visible sheets, by title, and what they hide: formulas, and rows and columns
    that Excel does not show."""
    grids, sheets = _read(name, data, list)
    return {title: (grid, sheets[title]) for title, grid in grids.items()}


def _read(
    name: str, data: bytes, chosen: Callable[[dict[str, Any]], list[str]]
) -> tuple[dict[str, list[list[Any]]], dict[str, sheetcells.Sheet]]:
    """The cells of the chosen sheets by title, and what the cells of all sheets hide."""
    _check_signature(name, data)
    try:
        parts, sheets = _checked(name, data)
        grids = _cells(package.packed(parts))
        grids = {title: grids[title] for title in chosen(grids)}
        for title, grid in grids.items():
            _amend(grid, sheets[title])
    except InputError:
        raise
    except UNSOUND:
        text = say(
            zh="不是完好的 Excel 工作簿，请在 Excel 中打开并另存为 .xlsx",
            en="not a sound Excel workbook: open it in Excel and save it as .xlsx",
        )
        raise InputError(Complaint(text, name)) from None
    lost = [
        f"{title}!{cell}" if len(grids) > 1 else cell
        for title in grids
        for cell in sheets[title].lost
    ]
    if lost:
        text = say(
            zh="单元格{cells}的公式从未计算过，请在 Excel 中打开并保存一次",
            en="the formula in {cells} was never calculated: open the workbook in Excel and save "
            "it",
            cells=listing(lost, most=5),
        )
        raise InputError(Complaint(text, name))
    for title, grid in grids.items():
        _check_characters(name, title, grid)
    return grids, sheets


class _UnreadableError(Exception):
    """The reader of the cells gave up."""


UNSOUND = (
    zipfile.BadZipFile,
    zlib.error,
    ExpatError,
    LookupError,
    ValueError,
    # of zipfile: a password, or, by an error of this kind, a compression it does not know
    RuntimeError,
    EOFError,
    OSError,
    _UnreadableError,
)
"""What reading a workbook that is not sound ends in: the user is told so in one sentence."""


def _checked(name: str, data: bytes) -> tuple[dict[str, bytes], dict[str, sheetcells.Sheet]]:
    """The parts that the cells are read from, and what the cells of each sheet hide; refused where
    they pass a limit."""
    packed = package.Package(name, data)
    parts = {part: packed.read(part) for part in (package.BOOK, package.RELATIONS)}
    book = sheetxml.read_book(name, parts[package.BOOK])
    _check_listed(name, book.sheets)
    parts |= {
        part: packed.read(part) for part in (package.STYLES, package.STRINGS) if part in packed
    }
    percent = (
        sheetxml.percent_styles(name, parts[package.STYLES]) if package.STYLES in parts else set()
    )
    sheets: dict[str, sheetcells.Sheet] = {}
    cells = 0
    for title, part in _parts_of_sheets(name, book, parts[package.RELATIONS]):
        if part not in packed:
            raise _missing_part(name, title, part)
        parts[part] = packed.read(part)
        read = sheetcells.read_sheet(name, title, parts[part], percent, book.is_stale, cells)
        cells += read.rows * read.columns
        sheets[title] = read
    _check_text(name, parts, list(sheets.values()))
    return parts, sheets


def _check_listed(name: str, sheets: list[sheetxml.Listed]) -> None:
    """Refuse too many sheets, two of one title, and a workbook that shows none."""
    if len(sheets) > limits.SHEETS:
        raise limits.too_large(name, Text("工作表数", "sheets"), len(sheets), limits.SHEETS)
    if len({sheet.title for sheet in sheets}) < len(sheets):
        raise ValueError(sorted(sheet.title for sheet in sheets))
    if sheets and not any(sheet.is_visible for sheet in sheets):
        text = say(
            zh="全部工作表（{names}）都隐藏着，请在 Excel 中取消隐藏要读的工作表",
            en="all sheets ({names}) are hidden: unhide the one to be read in Excel",
            names=listing([clip(sheet.title) for sheet in sheets], most=5),
        )
        raise InputError(Complaint(text, name))


def _parts_of_sheets(name: str, book: sheetxml.Book, relations: bytes) -> Iterator[tuple[str, str]]:
    """The title and the part of each visible sheet of cells."""
    targets = sheetxml.read_relations(name, relations)
    for sheet in book.sheets:
        if sheet.is_visible and sheet.relation in targets:
            yield sheet.title, package.target(targets[sheet.relation])


def _missing_part(name: str, title: str, part: str) -> InputError:
    text = say(
        zh="不是完好的 Excel 工作簿：缺少工作表“{title}”的内容（{part}）",
        en="not a sound Excel workbook: the content of sheet “{title}” is missing ({part})",
        title=clip(title),
        part=clip(part),
    )
    return InputError(Complaint(text, name))


def _check_text(name: str, parts: dict[str, bytes], sheets: list[sheetcells.Sheet]) -> None:
    """Refuse a workbook whose cells show more text than the limit: a long text stands in it once,
    however often shown."""
    if package.STRINGS not in parts:
        return
    lengths = sheetxml.string_lengths(name, parts[package.STRINGS])
    size = sum(lengths)
    if (
        size <= limits.TEXT_CHARACTERS
        and sum(sheet.texts for sheet in sheets) * max(lengths, default=0) > limits.TEXT_CHARACTERS
    ):
        bodies = [part for key, part in parts.items() if key not in package.COMMON]
        size = max(size, sum(sheetxml.text_size(name, part, lengths) for part in bodies))
    if size > limits.TEXT_CHARACTERS:
        what = Text("文字单元格的总字数", "characters in the text cells")
        raise limits.too_large(name, what, size, limits.TEXT_CHARACTERS)


def _cells(book: io.BytesIO) -> dict[str, list[list[Any]]]:
    """The grids of a workbook's visible sheets."""
    import python_calamine

    try:
        opened = python_calamine.CalamineWorkbook.from_filelike(book)
        visible = [
            sheet.name
            for sheet in opened.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        return {
            title: opened.get_sheet_by_name(title).to_python(skip_empty_area=False)
            for title in visible
        }
    except python_calamine.CalamineError as error:
        raise _UnreadableError from error
    except BaseException as error:
        # how a reader written in Rust says that it met the unforeseen
        if type(error).__name__ != "PanicException":
            raise
        raise _UnreadableError from None


def _check_signature(name: str, data: bytes) -> None:
    """Refuse what is no .xlsx at all, with the reason: encrypted, an old .xls renamed, something
    else."""
    if data.startswith(b"PK"):
        return
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            why = Text("工作簿有打开密码，请去掉密码", "the workbook has a password: remove it")
        else:
            why = Text(
                "这是旧版 .xls 工作簿，请另存为 .xlsx",
                "this is an old .xls workbook: save it as .xlsx",
            )
    else:
        why = Text("不是 Excel 工作簿", "this is no Excel workbook")
    raise InputError(Complaint(why, name))


def _choose(name: str, grids: dict[str, list[list[Any]]]) -> str:
    """The title of the sheet of data."""
    called = [title for title in SHEETS if title in grids]
    if len(called) > 1 and all(_is_filled(grids[title]) for title in called):
        text = say(
            zh="有{names}两个工作表，不知读哪一个；请只留一个，或把另一个改名或隐藏",
            en="there are sheets called {names} and no telling which to read: keep one, and rename "
            "or hide the other",
            names=listing([f"“{title}”" for title in called]),
        )
        raise InputError(Complaint(text, name))
    if called:
        return next((title for title in called if _is_filled(grids[title])), called[0])
    filled = [title for title, grid in grids.items() if _is_filled(grid)]
    if len(filled) > 1:
        text = say(
            zh="有{n}个工作表（{names}），不知读哪一个；请把数据所在的工作表命名为“数据”",
            en="there are {n} sheets ({names}) and no telling which to read: call the one with the "
            "data “data”",
            n=len(filled),
            names=listing(filled, most=5),
        )
        raise InputError(Complaint(text, name))
    return (filled or list(grids))[0]


def _is_filled(grid: list[list[Any]]) -> bool:
    """Whether any cell of a sheet holds something."""
    return any(cell != "" for row in grid for cell in row)


def _amend(grid: list[list[Any]], sheet: sheetcells.Sheet) -> None:
    """Write error cells, percentages and numbers that are no floats into the grid."""
    for (row, column), value in (sheet.errors | sheet.tiny).items():
        grid[row][column] = value
    for row, column in sheet.percents:
        if isinstance(grid[row][column], float):
            grid[row][column] = f"{grid[row][column] * 100:.15g}%"


def _check_characters(name: str, title: str, grid: list[list[Any]]) -> None:
    """Refuse characters that no memo could show."""
    for number, row in enumerate(grid, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str) and UNPRINTABLE.search(cell):
                text = say(
                    zh="工作表“{title}”的单元格 {cell} 中有不可见的控制字符，内容为“{found}”，"
                    "请删去",
                    en="cell {cell} of sheet “{title}” holds an invisible control character, found "
                    "“{found}”: delete it",
                    title=title,
                    cell=f"{sheetxml.letters(column)}{number}",
                    found=clip(cell),
                )
                raise InputError(Complaint(text, name, number))
