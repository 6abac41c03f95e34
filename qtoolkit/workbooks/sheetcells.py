"""The cells of one sheet, followed by expat as they stand in its XML: how far they reach, what a
plain grid of their values would hide, and what other readers would take for something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from qtoolkit import limits
from qtoolkit.errors import Complaint, InputError, clip
from qtoolkit.inputs.numbertext import is_underflow
from qtoolkit.language import Text, say
from qtoolkit.workbooks.sheetxml import letters, parser_of, place

_ROWS_OF_EXCEL = 1_048_576
MOST_FORMULAS = 1_000
"""Formulas of a sheet that are noted: nobody reads more of them."""
_MOST_PIECES = 10
"""Of a value that is no text: a number on a line of its own has three."""


@dataclass
class Sheet:
    """What a sheet's cells hide: `errors` (text by place), `percents` (places), `lost` (names of
    formulas that were never calculated), `formulas` (the first places of formulas, no more than
    MOST_FORMULAS), `tiny` (by place, the text of numbers other than 0 that
    a float holds as 0). Places are (row, column) from 0; `rows` and `columns` are how far the
    filled cells reach. `hidden_rows` and `hidden_columns` (from 0) are those that Excel does not
    show: hidden, folded away, filtered out, or without height or width."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    tiny: dict[tuple[int, int], str] = field(default_factory=dict)
    percents: list[tuple[int, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    formulas: list[tuple[int, int]] = field(default_factory=list)
    rows: int = 0
    columns: int = 0
    texts: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def read_sheet(
    name: str, title: str, part: bytes, percent: set[str], is_stale: bool, before: int = 0
) -> Sheet:
    """One sheet's cells, by their own references (what `dimension` says is often wrong and is not
    asked).

    Parameters
    ----------
    percent
        The styles that show percentages, :func:`percent_styles`.
    is_stale
        Whether the workbook calculates on loading.
    before
        Cells of the sheets before this one.

    Raises
    ------
    InputError
        A filled cell beyond the limits of rows, columns or cells; a cell with two values, a cell
        or row that stands in the sheet twice; a value that is no plain text: the reader of the grid
        takes the text of a value up to the first character reference, comment, processing
        instruction, CDATA section or element, so that ``0&#46;95`` would be 0.
    """
    return _SheetReader(name, title, percent, is_stale, before).read(part)


def _is_hidden(attributes: dict[str, str], size: str) -> bool:
    """Whether a row or column is not shown; `size` is the attribute of its height or width."""
    return attributes.get("hidden") in ("1", "true") or float(attributes.get(size, 1)) == 0


def _nothing(*_: object) -> None:
    """What follows from an element that does not concern the cells."""


class _ByLocalName(dict[str, Callable[..., None]]):
    """What follows from an element, by its name with or without a prefix."""

    def __missing__(self, name: str) -> Callable[..., None]:
        return self.setdefault(name, self.get(name.rpartition(":")[2], _nothing))


class _SheetReader:
    """Follows the elements of one sheet; `latest` is the place of the cell met last."""

    def __init__(self, name: str, title: str, percent: set[str], is_stale: bool, before: int):
        self.name, self.title, self.percent, self.is_stale = name, title, percent, is_stale
        self.before, self.filled = before, 0
        self.sheet = Sheet()
        self.opens = _ByLocalName(
            {
                "sheetData": self.open_data,
                "row": self.open_row,
                "c": self.open_cell,
                "f": self.note_formula,
                "v": self.open_value,
                "is": self.fill,
                "col": self.note_columns,
            }
        )
        self.closes = _ByLocalName(
            {"sheetData": self.close_data, "c": self.close_cell, "v": self.close_value}
        )
        self.has_data = self.in_data = False
        self.seen_rows = bytearray(_ROWS_OF_EXCEL)
        self.repeated_row: int | None = None
        # columns of the cells met, and of those met twice, as bits, by row
        self.taken: dict[int, int] = {}
        self.twice: dict[int, int] = {}
        self.latest = (-1, -1)
        self.row, self.row_name = -1, ""  # of the cell before, as a number from 0 and as a name
        self.known: dict[str, int] = {}  # columns by their letters
        self.is_open = self.is_formula = self.is_percent = self.is_filled = False
        self.kind, self.shown = "", ""
        # between <v> and </v>, as it is written; left blank where the cell shows text of its own
        self.value: str | None = None
        self.pieces = 0

    def read(self, part: bytes) -> Sheet:
        """What the sheet's part says; see :func:`read_sheet`."""
        self.parser = parser = parser_of(self.name)
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CommentHandler = parser.ProcessingInstructionHandler = self.interrupt
        parser.StartCdataSectionHandler = self.interrupt
        parser.Parse(part, True)
        self.check_names()
        return self.sheet

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if self.value is None:
            self.opens[element](attributes)
        else:
            self.open_inside_a_value(element, attributes)

    def open_inside_a_value(self, element: str, attributes: dict[str, str]) -> None:
        """Refuse an element where a value should end first; a second value by its own words."""
        refusal = self.broken()
        self.opens[element](attributes)
        raise refusal

    def end(self, element: str) -> None:
        self.closes[element]()

    def characters(self, source: str) -> None:
        """A piece of a value as it is written, 0&#46;95 and not 0.95: a reference and a line break
        are pieces of their own."""
        self.pieces += 1
        if self.pieces > _MOST_PIECES:
            raise ValueError(self.cell)
        self.value = (self.value or "") + source

    def interrupt(self, *_: object) -> None:
        """A comment, a processing instruction or a CDATA section."""
        if self.value is not None:
            raise self.broken()

    def open_data(self, attributes: dict[str, str]) -> None:
        if self.has_data:
            raise ValueError("sheetData")  # readers go on to the first or to the last
        self.has_data = self.in_data = True

    def close_data(self) -> None:
        self.in_data = False

    def open_row(self, attributes: dict[str, str]) -> None:
        if not self.has_data:
            raise ValueError("row")
        if not self.in_data:
            return
        number = attributes.get("r")
        row = self.latest[0] + 1 if number is None else int(number) - 1
        if row < 0:
            raise ValueError(number)
        self.see_row(row)
        if len(attributes) > 1 and _is_hidden(attributes, "ht"):
            self.sheet.hidden_rows.add(row)
        self.latest = (row, -1)
        self.row, self.row_name = row, str(row + 1)

    def open_cell(self, attributes: dict[str, str]) -> None:
        if not self.in_data:
            return
        self.close_cell()
        self.is_open, self.is_filled = True, False
        self.find(attributes.get("r"))
        self.see_cell()
        self.kind = attributes.get("t", "")
        self.is_percent = attributes.get("s", "0") in self.percent

    def find(self, reference: str | None) -> None:
        """Where the cell is: as it says itself, or next to the one before it."""
        if reference is None:
            self.latest = (self.latest[0], self.latest[1] + 1)
            return
        column = self.known.get(reference.removesuffix(self.row_name))
        if column is None:
            self.latest = place(reference)
            self.row, self.row_name = self.latest[0], str(self.latest[0] + 1)
            self.known[letters(self.latest[1])] = self.latest[1]
        else:
            self.latest = (self.row, column)

    def note_formula(self, attributes: dict[str, str]) -> None:
        self.is_formula = self.is_open

    def open_value(self, attributes: dict[str, str]) -> None:
        if self.is_open:
            self.fill()
            self.value, self.pieces = "", 0
            if self.kind != "str":
                self.parser.DefaultHandler = self.characters

    def close_value(self) -> None:
        if self.value is None:
            return
        self.parser.DefaultHandler = None
        self.shown, self.value = self.value, None
        if self.kind != "str":
            self.check_value(self.shown)

    def close_cell(self) -> None:
        if not self.is_open:
            return
        if self.is_formula or self.is_percent or self.kind == "e":
            self.note(self.shown.strip())
        self.is_open = self.is_formula = False
        self.shown = ""

    def note(self, value: str) -> None:
        """What is special about the cell."""
        if self.is_formula and len(self.sheet.formulas) < MOST_FORMULAS:
            self.sheet.formulas.append(self.latest)
        never = not value or (self.is_stale and value == "0")
        if self.is_formula and self.kind != "str" and never:
            self.sheet.lost.append(self.cell)
        elif self.kind == "e":
            self.sheet.errors[self.latest] = value
        elif self.is_percent and value:
            self.sheet.percents.append(self.latest)

    def note_columns(self, attributes: dict[str, str]) -> None:
        """The look of some columns next to each other, which stands before the cells."""
        if _is_hidden(attributes, "width"):
            first, last = int(attributes["min"]) - 1, int(attributes["max"])
            self.sheet.hidden_columns.update(range(max(first, 0), min(last, limits.COLUMNS)))

    def fill(self, attributes: object = None) -> None:
        """Note that the cell holds something."""
        if not self.is_open:
            return
        if self.is_filled:
            found = Text("两个值", "two values")
            raise self.unsound(self.cell, found, Text("一个值", "one value"))
        self.is_filled = True
        row, column = self.latest
        sheet = self.sheet
        if row >= sheet.rows or column >= sheet.columns:
            self.grow(row, column)
        self.filled += 1
        if self.filled > limits.CELLS:
            raise self.too_many(self.filled)
        if self.kind == "s":
            sheet.texts += 1

    def grow(self, row: int, column: int) -> None:
        """Note that the sheet reaches further than it did."""
        sheet = self.sheet
        sheet.rows, sheet.columns = max(sheet.rows, row + 1), max(sheet.columns, column + 1)
        if sheet.rows > limits.ROWS:
            raise self.too_far(Text("最后一行", "the last row"), sheet.rows, limits.ROWS)
        if sheet.columns > limits.COLUMNS:
            raise self.too_far(Text("最后一列", "the last column"), sheet.columns, limits.COLUMNS)
        cells = self.before + sheet.rows * sheet.columns
        if cells > limits.CELLS:
            raise self.too_many(cells)

    def check_value(self, value: str) -> None:
        """Refuse a value of which another reader would take a part; keep one too small for a
        float."""
        if "&" in value:
            raise self.broken()
        if self.kind == "s":
            if not (value.isascii() and value.isdecimal() and len(value) <= 9):
                raise self.no_number_of_a_text(value)
        elif self.kind in ("", "n") and _may_be_tiny(value) and is_underflow(value):
            self.sheet.tiny[self.latest] = value

    def see_row(self, row: int) -> None:
        """Note the first row that was there before."""
        if row >= _ROWS_OF_EXCEL:
            return
        if self.seen_rows[row] and self.repeated_row is None:
            self.repeated_row = row
        self.seen_rows[row] = 1

    def see_cell(self) -> None:
        """Note that there is a cell of this name, filled or not; beyond the limits none is
        filled."""
        row, column = self.latest
        if row >= limits.ROWS or column >= limits.COLUMNS:
            return
        taken, bit = self.taken.get(row, 0), 1 << column
        if taken & bit:
            self.twice[row] = self.twice.get(row, 0) | bit
        self.taken[row] = taken | bit

    def check_names(self) -> None:
        """Refuse a row that stands in the sheet twice, and two cells of one name within the table:
        of them, one reader takes the first and another the last."""
        if self.repeated_row is not None:
            raise self.row_twice(self.repeated_row)
        inside = (1 << self.sheet.columns) - 1
        for row in sorted(self.twice):
            columns = self.twice[row] & inside
            if columns and row < self.sheet.rows:
                first = (columns & -columns).bit_length() - 1
                found = Text(
                    "两处内容（同名单元格出现了两次）", "two entries (it stands there twice)"
                )
                raise self.unsound(f"{letters(first)}{row + 1}", found, Text("一处", "one"))

    @property
    def cell(self) -> str:
        return f"{letters(self.latest[1])}{self.latest[0] + 1}"

    def unsound(self, cell: str, found: Text, wanted: Text) -> InputError:
        """The refusal of what Excel does not write, and of which readers make different things."""
        text = say(
            zh="工作表“{title}”的单元格 {cell} 有{found}，应只有{wanted}；请在 Excel 中打开，"
            "核对后另存为 .xlsx",
            en="cell {cell} of sheet “{title}” has {found}, expected {wanted}; "
            "open the workbook in Excel, check the cell and save it as .xlsx",
            title=clip(self.title),
            cell=cell,
            found=found,
            wanted=wanted,
        )
        return InputError(Complaint(text, self.name))

    def broken(self) -> InputError:
        found = Text(
            "一个值，其中夹有 XML 的字符引用、注释或其他标记",
            "a value with an XML reference, a comment or other markup inside",
        )
        return self.unsound(self.cell, found, Text("数值本身", "the value alone"))

    def no_number_of_a_text(self, value: str) -> InputError:
        found = say(
            zh="“{value}”，不是某个文字的编号",
            en="“{value}”, which is no number of a text",
            value=clip(value),
        )
        return self.unsound(self.cell, found, Text("一个编号", "the number of one"))

    def row_twice(self, row: int) -> InputError:
        text = say(
            zh="工作表“{title}”的第 {row} 行出现了两次，应只有一次；请在 Excel 中打开，"
            "核对后另存为 .xlsx",
            en="row {row} of sheet “{title}” stands there twice, expected once; "
            "open the workbook in Excel, check the row and save it as .xlsx",
            title=clip(self.title),
            row=row + 1,
        )
        return InputError(Complaint(text, self.name, row + 1))

    def too_many(self, found: int) -> InputError:
        """The refusal of too many cells."""
        what = say(
            zh="到工作表“{title}”的单元格 {cell} 为止，单元格数（行数×列数，连同之前的工作表）",
            en="cells (rows × columns, with the sheets before) up to cell {cell} "
            "of sheet “{title}”",
            title=clip(self.title),
            cell=self.cell,
        )
        return limits.too_large(self.name, what, found, limits.CELLS)

    def too_far(self, what: Text, found: int, most: int) -> InputError:
        """The refusal of a filled cell too far down or too far right."""
        text = say(
            zh="工作表“{title}”的单元格 {cell} 有内容，{what}为 {found:,}，超过上限 {most:,}；"
            "请删去表格以外的内容",
            en="sheet “{title}” is filled up to cell {cell}: {what} is {found:,}, expected at most "
            "{most:,}; delete what stands outside the table",
            title=clip(self.title),
            cell=self.cell,
            what=what,
            found=found,
            most=most,
        )
        return InputError(Complaint(text, self.name))


def _may_be_tiny(number: str) -> bool:
    """Whether a number could be too near to 0 for a float: only with an exponent, or with hundreds
    of digits."""
    return "e" in number or "E" in number or len(number) > 300
