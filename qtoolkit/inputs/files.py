"""Bytes from disk to text and to rows of cells: CSV (UTF-8 with or without BOM, GB18030) and Excel."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError
from qtoolkit.inputs.numbertext import is_blank
from qtoolkit.language import Text, say


@dataclass(frozen=True)
class Rows:
    """A header and the rows below it; `numbers` are the rows' numbers in the file, from 1."""

    name: str
    header: list[str]
    rows: list[list[Any]]
    numbers: list[int]


def read_bytes(path: Path) -> bytes:
    """The file's bytes; a missing or unreadable file is a complaint."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(say(zh="找不到文件:{path}", en="file not found: {path}", path=path)) from None
    except OSError as error:
        raise InputError(
            say(zh="无法读取 {path}:{why}", en="cannot read {path}: {why}", path=path, why=error.strerror or error)
        ) from None


def read_text(path: Path) -> str:
    """The file's text, UTF-8 (with or without BOM) or GB18030."""
    data = read_bytes(path)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    _fail(
        path.name,
        say(
            zh="文字编码无法识别,应为 UTF-8 或 GB18030(Excel 中可另存为“CSV UTF-8”)",
            en="unknown text encoding, expected UTF-8 or GB18030 (in Excel: save as “CSV UTF-8”)",
        ),
    )


def read_rows(path: Path) -> Rows:
    """Rows of a .csv or .xlsx file; blank rows are left out, lines above the header that start with # are comments."""
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        grid = _excel(path)
    elif path.suffix.lower() == ".csv":
        grid = _csv(path)
    else:
        _fail(path.name, say(zh="应为 .csv 或 .xlsx 文件", en="expected a .csv or .xlsx file"))
    return rows_of_grid(path.name, grid)


def rows_of_grid(name: str, grid: list[list[Any]]) -> Rows:
    """Header and rows of a grid of cells whose first filled row is the header."""
    filled = [(i + 1, row) for i, row in enumerate(grid) if not all(is_blank(cell) for cell in row)]
    while filled and str(filled[0][1][0]).lstrip().startswith("#"):
        filled.pop(0)
    if not filled:
        _fail(name, say(zh="表是空的", en="the table is empty"))
    head_row, head = filled[0]
    width = max(i + 1 for i, cell in enumerate(head) if not is_blank(cell))
    header = ["" if is_blank(cell) else str(cell).strip() for cell in head[:width]]
    complaints = []
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        text = say(zh="各列之间应以逗号分隔", en="columns must be separated by commas")
        complaints.append(Complaint(text, name, head_row))
    for i, title in enumerate(header):
        if not title:
            text = say(zh="第{n}列没有列名", en="column number {n} has no name", n=i + 1)
            complaints.append(Complaint(text, name, head_row))
        elif title in header[:i]:
            complaints.append(Complaint(say(zh="列名重复", en="duplicate column name"), name, head_row, title))
    rows = []
    for number, row in filled[1:]:
        extra = [cell for cell in row[width:] if not is_blank(cell)]
        if extra or len(row) < width:
            complaints.append(
                Complaint(
                    say(
                        zh="本行有{found}个单元格,表头有{width}列",
                        en="this row has {found} cells, the header has {width} columns",
                        found=len(row),
                        width=width,
                    ),
                    name,
                    number,
                )
            )
        rows.append(list(row[:width]))
    if not filled[1:]:
        complaints.append(Complaint(say(zh="表头以下没有数据", en="no data below the header"), name, head_row))
    if complaints:
        raise InputError(complaints)
    return Rows(name, header, rows, [number for number, _ in filled[1:]])


def _csv(path: Path) -> list[list[str]]:
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    grid: list[list[str]] = []
    try:
        for row in reader:
            grid.extend([[]] * (reader.line_num - len(grid) - 1) + [row])  # a quoted cell may span lines
    except csv.Error as error:
        _fail(path.name, say(zh="CSV 格式有误:{why}", en="malformed CSV: {why}", why=error), reader.line_num)
    return grid


def _excel(path: Path) -> list[list[Any]]:
    import python_calamine

    data = read_bytes(path)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
        name = next((n for n in names if n in ("数据", "data")), names[0])
        grid = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, zipfile.BadZipFile, ValueError, IndexError) as error:
        why = " ".join(str(error).split())
        _fail(path.name, say(zh="不是完好的 Excel 工作簿:{why}", en="not a sound Excel workbook: {why}", why=why))
    lost = _never_calculated(data, names.index(name))
    if lost:
        _fail(
            path.name,
            say(
                zh="单元格{cells}的公式从未计算过,请在 Excel 中打开并保存一次",
                en="the formula in {cells} was never calculated: open the workbook in Excel and save it",
                cells=", ".join(lost[:5]),
            ),
        )
    return grid


_FORMULA_WITHOUT_VALUE = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"[^>]*>\s*<f\b(?:[^>]*/>|.*?</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>', re.S
)


def _never_calculated(data: bytes, index: int) -> list[str]:
    """Names of formula cells without a stored value: every reader takes them for 0 or blank."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = f"xl/worksheets/sheet{index + 1}.xml"
        if sheet not in archive.namelist():
            return []
        return [match.decode() for match in _FORMULA_WITHOUT_VALUE.findall(archive.read(sheet))]


def _fail(name: str, text: Text, row: int | None = None) -> None:
    raise InputError(Complaint(text, name, row))
