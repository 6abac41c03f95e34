"""Makes the slips of slips.yaml: a copy of a shipped case with one thing typed, pasted, hidden
or named wrongly."""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import yaml

ROOT = Path(__file__).resolve().parents[2]
Slip = dict[str, Any]
Grid = list[list[str]]


def slips() -> Iterator[tuple[str, Slip]]:
    """(kind, slip) of the whole list."""
    data = yaml.safe_load(Path(__file__).with_name("slips.yaml").read_text(encoding="utf-8"))
    for kind, items in data.items():
        for slip in items:
            yield kind, slip


def make(slip: Slip, folder: Path) -> Path:
    """The case with the slip in it, a folder below `folder`."""
    case = folder / slip["case"]
    shutil.copytree(ROOT / "params" / slip["case"], case)
    hand = case / "previous" if slip.get("previous") else case
    (what,) = set(slip) & set(_HANDS)
    _HANDS[what](hand, slip[what])
    return case


def read(path: Path) -> Grid:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def write(path: Path, grid: Grid) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(grid)


def _on_data(change: Callable[[Grid, Any], None]) -> Callable[[Path, Any], None]:
    """A change to a grid as one to a folder's data.csv."""

    def changed(folder: Path, what: Any) -> None:
        grid = read(folder / "data.csv")
        before = [list(row) for row in grid]
        change(grid, what)
        assert grid != before, what
        write(folder / "data.csv", grid)

    return changed


def _row(grid: Grid, unit: str) -> list[str]:
    (row,) = [row for row in grid if row[0] == unit]
    return row


def _cells(grid: Grid, cells: list[list[str]]) -> None:
    head = _row(grid, "unit")
    for unit, column, text in cells:
        _row(grid, unit)[head.index(column)] = text


def _scale(grid: Grid, what: list[Any]) -> None:
    column, factor, units = what
    place = grid[0].index(column)
    for row in grid[1:]:
        if (units == "all" or row[0] in units) and _is_number(row[place]):
            row[place] = f"{float(row[place]) * factor:.6g}"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _add_row(grid: Grid, what: dict[str, Any]) -> None:
    if "like" in what:
        row = list(_row(grid, what["like"]))
    else:
        row = [_total(column, what["how"]) for column in zip(*grid[1:], strict=True)]
    row[0] = what["name"]
    grid.insert({"first": 1, "last": len(grid)}.get(what["at"], what["at"]), row)


def _total(column: tuple[str, ...], how: str) -> str:
    """What stands below a column: the sum or mean of its numbers; below words, what most of them
    are."""
    numbers = [float(text) for text in column if _is_number(text)]
    if not numbers:
        return max(column, key=column.count)
    return f"{sum(numbers) / (1 if how == 'sum' else len(numbers)):.6g}"


def _rename(grid: Grid, what: list[str]) -> None:
    _row(grid, what[0])[0] = what[1]


def _swap(grid: Grid, what: list[Any]) -> None:
    a, b, units = grid[0].index(what[0]), grid[0].index(what[1]), what[2]
    for row in grid[1:]:
        if units == "all" or row[0] in units:
            row[a], row[b] = row[b], row[a]


def _shift(grid: Grid, what: list[Any]) -> None:
    column, by, unit = what
    place, first = grid[0].index(column), grid.index(_row(grid, unit))
    cells = [row[place] for row in grid[first:]]
    for row, cell in zip(grid[first:], cells[-by:] + cells[:-by], strict=True):
        row[place] = cell


def _book(folder: Path, what: dict[str, Any]) -> None:
    """data.xlsx in the place of data.csv, with rows or columns that are hidden."""
    grid = read(folder / "data.csv")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in grid:
        sheet.append([float(cell) if _is_number(cell) else cell or None for cell in row])
    at = {row[0]: number for number, row in enumerate(grid, 1)}
    for unit in what.get("hidden", []):
        sheet.row_dimensions[at[unit]].hidden = True
    for unit in what.get("height", []):
        sheet.row_dimensions[at[unit]].height = 0.75
    for unit in what.get("folded", []):
        sheet.row_dimensions[at[unit]].outlineLevel = 1
        sheet.row_dimensions[at[unit]].hidden = True
    for column in what.get("columns", []):
        letter = openpyxl.utils.get_column_letter(grid[0].index(column) + 1)
        sheet.column_dimensions[letter].hidden = True
    if "filter" in what:
        letter, value = what["filter"]
        sheet.auto_filter.ref = sheet.dimensions
        place = openpyxl.utils.column_index_from_string(letter) - 1
        sheet.auto_filter.add_filter_column(place, [value])
        for number, row in enumerate(grid[1:], 2):
            sheet.row_dimensions[number].hidden = row[place] != value
    book.save(folder / "data.xlsx")
    _flatten(folder / "data.xlsx")
    (folder / "data.csv").unlink()
    _retype(folder / "params.yaml", "data: data.csv", "data: data.xlsx")


def _flatten(path: Path) -> None:
    """Rows of three quarters of a point have no height: the library that writes the workbook
    leaves 0 out."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part.replace(b'ht="0.75"', b'ht="0"'))


def _retype(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path.name, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


def _earlier(folder: Path, what: dict[str, Any]) -> None:
    """Another case named as last year's: the case itself, or a copy of it."""
    named = what.get("path") or what["copy"]
    lines = (folder / "params.yaml").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("previous:")]
    (folder / "params.yaml").write_text(
        "\n".join([*lines, f"previous: {named}"]) + "\n", encoding="utf-8"
    )
    if "path" in what:
        return
    copy = folder / what["copy"]
    copy.mkdir()
    (copy / "params.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("scheme.yaml", "data.csv"):
        shutil.copy(folder / name, copy / name)
    if "scheme" in what:
        _retype(copy / "scheme.yaml", *what["scheme"])
    if "cells" in what:
        _HANDS["cells"](copy, what["cells"])
    if what.get("reversed"):
        grid = read(copy / "data.csv")
        write(copy / "data.csv", [grid[0], *reversed(grid[1:])])
    if "renamed" in what:
        (copy / "data.csv").rename(copy / what["renamed"])
        _retype(copy / "params.yaml", "data: data.csv", f"data: {what['renamed']}")
    if what.get("book"):
        _book(copy, {})


def _scheme(folder: Path, what: list[str]) -> None:
    _retype(folder / "scheme.yaml", *what)


def _history(folder: Path, cells: list[list[str]]) -> None:
    """Past grades beside the case, which its parameters name for the comparison of years."""
    grid = read(ROOT / "params" / "guangdong-grades" / "grades.csv")
    _cells(grid, cells)
    write(folder / "grades.csv", grid)
    with (folder / "params.yaml").open("a", encoding="utf-8") as file:
        file.write("history: grades.csv\n")
    _retype(folder / "params.yaml", "04_sensitivity,", "04_sensitivity, 05_comparison,")


_HANDS: dict[str, Callable[[Path, Any], None]] = {
    "cells": _on_data(_cells),
    "scale": _on_data(_scale),
    "row": _on_data(_add_row),
    "rename": _on_data(_rename),
    "swap": _on_data(_swap),
    "shift": _on_data(_shift),
    "book": _book,
    "earlier": _earlier,
    "scheme": _scheme,
    "history": _history,
}
