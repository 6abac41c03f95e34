"""Tables that a parameter names: a CSV file, a workbook, or some sheets of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError, clip, nearest, one_of, unexpected
from qtoolkit.inputs.files import csv_grid, read_bytes
from qtoolkit.inputs.locate import find
from qtoolkit.inputs.numbertext import is_blank
from qtoolkit.inputs.parameters import BOOKS
from qtoolkit.language import Text, listing, say
from qtoolkit.workbooks.reading import read_sheets

TABLES = (".csv", *BOOKS)
KEYS = ("file", "sheet")
FILE = Text(
    "一个文件名（.csv 或 .xlsx），或 file 和 sheet 两项",
    "a file (.csv or .xlsx), or its name as file and a sheet's as sheet",
)


@dataclass(frozen=True)
class Sheet:
    """The cells of a sheet, or of a CSV file; row 0 of `grid` is row 1 of the file.

    name : what complaints call it: "experts.xlsx[张三]"
    title : the sheet's own name, of a CSV file its name without the ending
    """

    name: str
    title: str
    grid: list[list[Any]]


def is_table(value: Any) -> bool:
    """Whether a parameter's value names a table.

    >>> is_table("weights.CSV"), is_table("equal")
    (True, False)
    """
    return isinstance(value, str) and value.strip().lower().endswith(TABLES)


def read_named(given: Any, column: str, folder: Path | None = None) -> list[Sheet]:
    """The sheets that hold anything of what a parameter names: a path, or {file, sheet}, where
    `sheet` is the name of a sheet or a list of them; hidden sheets are not read.

    Raises
    ------
    InputError
        Something else, no such file or sheet, or a file that is no table. `column` is the
        parameter.
    """
    given = {"file": given} if isinstance(given, str | Path) else given
    if not isinstance(given, Mapping) or "file" not in given:
        raise InputError(Complaint(unexpected(given, FILE), column=column))
    for key in given:
        if key not in KEYS:
            raise InputError(
                Complaint(
                    unexpected(key, one_of(KEYS), hint=nearest(str(key), KEYS)), None, None, column
                )
            )
    if not isinstance(given["file"], str | Path):
        raise InputError(Complaint(unexpected(given["file"], FILE), column=column))
    try:
        path = find(given["file"], folder)
    except InputError as error:
        raise InputError([Complaint(c.text, column=column) for c in error.complaints]) from None
    return _sheets(path, given.get("sheet"), column)


def _sheets(path: Path, wanted: Any, column: str) -> list[Sheet]:
    """The filled sheets of a file, or those that are wanted."""
    ending = path.suffix.lower()
    if ending not in TABLES:
        raise InputError(
            Complaint(
                say(zh="应为 .csv 或 .xlsx 文件", en="expected a .csv or .xlsx file"), path.name
            )
        )
    if ending not in BOOKS:
        if wanted is not None:
            text = say(
                zh="CSV 文件没有工作表，请删去 sheet",
                en="a CSV file has no sheets: leave sheet out",
            )
            raise InputError(Complaint(text, path.name, column=column))
        return [Sheet(path.name, path.stem, csv_grid(path))]
    grids = read_sheets(path.name, read_bytes(path))
    titles = [wanted] if isinstance(wanted, str) else wanted
    if titles is None:
        titles = [title for title, grid in grids.items() if is_filled(grid)]
    if not isinstance(titles, Sequence):
        names = Text("工作表的名称", "the name of a sheet")
        raise InputError(Complaint(unexpected(wanted, names), path.name, column=column))
    for title in titles:
        if title not in grids:
            text = say(
                zh="没有工作表“{title}”，现有{found}",
                en="no sheet “{title}”, there are {found}",
                title=clip(title),
                found=listing([f"“{name}”" for name in grids], most=10),
            )
            raise InputError(Complaint(text, path.name, column=column))
    return [Sheet(f"{path.name}[{title}]", title, grids[title]) for title in titles]


def is_filled(grid: list[list[Any]]) -> bool:
    """Whether any cell of a sheet holds something."""
    return any(not is_blank(cell) for row in grid for cell in row)
