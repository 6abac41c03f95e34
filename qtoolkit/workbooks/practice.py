"""A score sheet to practise on, as an office has it: Excel with the usual blemishes, and the
workbook of its scheme."""

from __future__ import annotations

import csv
from pathlib import Path

from qtoolkit.errors import InputError, one_of, unexpected
from qtoolkit.inputs.files import read_text
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.numbertext import plain_numbers
from qtoolkit.inputs.scheme import read_scheme
from qtoolkit.language import LANGUAGES, Text
from qtoolkit.workbooks.template import write_template
from qtoolkit.workbooks.writing import workbook

FOLDER = "tutorial"
SHEET, SCHEME = Text("评分表.xlsx", "sheet.xlsx"), Text("方案.xlsx", "scheme.xlsx")


def write_practice(folder: str | Path, language: str = "zh") -> tuple[Path, Path]:
    """Write the score sheet and the scheme of the tutorial as Excel workbooks; all is synthetic.

    The sheet holds 8 units, 6 indicators and what offices' sheets hold beside: a title in merged
    cells above the header, a column of remarks, full-width digits, a blank cell, and a score whose
    decimal point was lost. The scheme is what `qtoolkit template` writes for it.

    Parameters
    ----------
    folder : path
        A folder that is there; files of these names are replaced.
    language : "zh" or "en"
        Of files, headers and sheets.

    Returns
    -------
    (Path, Path)
        The score sheet, and the scheme.

    Raises
    ------
    InputError
        The language is neither.
    OSError
        The files cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sheet, scheme = write_practice(folder, "en")
    ...     sheet.name, scheme.name
    ('sheet.xlsx', 'scheme.xlsx')
    """
    if language not in LANGUAGES:
        raise InputError(unexpected(language, one_of(LANGUAGES), "language"))
    source = packaged_cases() / FOLDER
    sheet, scheme = (Path(folder) / name.of(language) for name in (SHEET, SCHEME))
    text = read_text(source / f"sheet.{language}.csv")
    _write_sheet(sheet, list(csv.reader(text.splitlines())))
    write_template(read_scheme(source / "scheme.yaml"), scheme, language=language)
    return sheet, scheme


def _write_sheet(path: Path, grid: list[list[str]]) -> None:
    """The cells with a frame, the first row as a title in merged cells; what is typed in plain
    digits are numbers, all else is text."""
    with workbook(path) as book:
        sheet = book.add_worksheet()
        title = book.add_format({"bold": True, "align": "center", "font_size": 14})
        framed = book.add_format({"border": 1})
        sheet.merge_range(0, 0, 0, len(grid[0]) - 1, grid[0][0], title)
        sheet.set_column(0, len(grid[0]) - 1, 14)
        for r, row in enumerate(grid[1:], 1):
            for c, (cell, number) in enumerate(zip(row, plain_numbers(row), strict=True)):
                if number is not None:
                    sheet.write_number(r, c, number, framed)
                elif cell:
                    sheet.write_string(r, c, cell, framed)
                else:
                    sheet.write_blank(r, c, None, framed)
