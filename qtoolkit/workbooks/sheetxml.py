"""What the XML of a workbook says beside the plain values of its cells, read in one pass by expat.

Expat reads in time proportional to the length, expands no entity that a document declares (a
document type is refused: Excel and WPS write none) and opens no other file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from qtoolkit import limits
from qtoolkit.errors import Complaint, InputError, clip
from qtoolkit.inputs.numbertext import is_underflow
from qtoolkit.language import Text, say


@dataclass(frozen=True)
class Listed:
    """A sheet as the workbook lists it, with the name of the relation that leads to its part."""

    title: str
    relation: str
    is_visible: bool


@dataclass
class Book:
    """A workbook's sheets, and whether it calculates on loading: then its values are not Excel's
    own."""

    sheets: list[Listed] = field(default_factory=list)
    is_stale: bool = False


@dataclass
class Sheet:
    """What a sheet's cells hide: `errors` (text by place), `percents` (places), `lost` (names of
    formulas that were never calculated), `tiny` (by place, the text of numbers other than 0 that
    a float holds as 0). Places are (row, column) from 0; `rows` and `columns` are how far the
    filled cells reach. `hidden_rows` and `hidden_columns` (from 0) are those that Excel does not
    show: hidden, folded away, filtered out, or without height or width."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    tiny: dict[tuple[int, int], str] = field(default_factory=dict)
    percents: list[tuple[int, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    rows: int = 0
    columns: int = 0
    texts: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


class _LocalNames(dict):
    """Element names without their prefix."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, name.rpartition(":")[2])


def _parser(name: str) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        text = say(
            zh="不是完好的 Excel 工作簿：其中有文档类型声明（DOCTYPE），应没有",
            en="not a sound Excel workbook: it holds a document type declaration (DOCTYPE), "
            "expected none",
        )
        raise InputError(Complaint(text, name))

    parser.StartDoctypeDeclHandler = refuse
    return parser


def elements(name: str, part: bytes) -> list[tuple[str, dict[str, str]]]:
    """All elements of a small part: local name, attributes by local name."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = _parser(name)

    def start(element: str, attributes: dict[str, str]) -> None:
        found.append(
            (
                element.rpartition(":")[2],
                {key.rpartition(":")[2]: value for key, value in attributes.items()},
            )
        )

    parser.StartElementHandler = start
    parser.Parse(part, True)
    return found


def read_book(name: str, part: bytes) -> Book:
    """The workbook's sheets."""
    book = Book()
    for element, attributes in elements(name, part):
        if element == "sheet":
            is_visible = attributes.get("state", "visible") == "visible"
            book.sheets.append(Listed(attributes["name"], attributes["id"], is_visible))
        elif element == "calcPr":
            book.is_stale = attributes.get("fullCalcOnLoad") in ("1", "true")
    return book


def read_relations(name: str, part: bytes) -> dict[str, str]:
    """Where the workbook's sheets are, by the names of the relations."""
    found = [
        attributes for element, attributes in elements(name, part) if element == "Relationship"
    ]
    return {r["Id"]: r["Target"] for r in found if r["Type"].rpartition("/")[2] == "worksheet"}


def percent_styles(name: str, part: bytes) -> set[str]:
    """The cell styles (attribute s) that show a number as a percentage."""
    formats, styled, inside = {"9", "10"}, [], False
    parser = _parser(name)

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        local = element.rpartition(":")[2]
        if local == "cellXfs":
            inside = True
        elif local == "numFmt" and "%" in re.sub(r'"[^"]*"|\\.', "", attributes["formatCode"]):
            formats.add(attributes["numFmtId"])
        elif local == "xf" and inside:
            styled.append(attributes.get("numFmtId"))

    def end(element: str) -> None:
        nonlocal inside
        if element.rpartition(":")[2] == "cellXfs":
            inside = False

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(part, True)
    return {str(i) for i, number in enumerate(styled) if number in formats}


def string_lengths(name: str, part: bytes) -> list[int]:
    """The number of characters of each shared string, those of its pronunciation included."""
    lengths: list[int] = []
    parser = _parser(name)

    def start(element: str, attributes: dict[str, str]) -> None:
        if element.rpartition(":")[2] == "si":
            lengths.append(0)

    def characters(text: str) -> None:
        if lengths:
            lengths[-1] += len(text)

    parser.StartElementHandler, parser.CharacterDataHandler = start, characters
    parser.Parse(part, True)
    return lengths


def text_size(name: str, part: bytes, lengths: list[int]) -> int:
    """The characters in all cells of a sheet that show a shared string."""
    total, shown, inside = 0, "", False
    parser = _parser(name)

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal inside, shown
        local = element.rpartition(":")[2]
        if local == "c":
            shown = attributes.get("t", "")
        inside = local == "v" and shown == "s"

    def characters(text: str) -> None:
        nonlocal total
        if inside:
            total += lengths[int(text)]

    def end(element: str) -> None:
        nonlocal inside
        inside = False

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = (
        start,
        end,
        characters,
    )
    parser.Parse(part, True)
    return total


_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")


def place(reference: str) -> tuple[int, int]:
    """(row, column) from 0 of a cell's name.

    >>> place("AB3")
    (2, 27)
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(reference)
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(match[2]) - 1, column - 1


def letters(column: int) -> str:
    """The name of a column from 0.

    >>> letters(27)
    'AB'
    """
    name = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(65 + digit) + name
    return name


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
        or row that stands in the sheet twice; a value that is no plain text (see
        :class:`_CloseReader`).

    """
    reader = _SheetReader(name, title, percent, is_stale, before)
    sheet = reader.read(part)
    if reader.is_odd or _has_odd_value(part):
        size = sheet.rows, sheet.columns
        sheet = _CloseReader(name, title, percent, is_stale, before, size).read(part)
    return sheet


def _has_odd_value(part: bytes) -> bool:
    """Whether a value has a reference in it, or may be too small for a float."""
    return any(mark in part for mark in _ODD_MARKS) and _ODD_VALUE.search(part) is not None


_ODD_MARKS = (b"&", b"e-", b"E-", b"0" * 300)  # found much faster than the expression
_PLAIN_TEXT = re.compile(rb"<(?:[^<>\s/:]*:)?v(?:\s[^<>]*)?>[0-9]{1,9}</").match
"""The value of a cell that shows a shared text: its number, in digits alone."""
_ODD_VALUE = re.compile(rb"<(?:[^<>\s]*:)?v[\s>][^<]*(?:&|[eE]-0*[1-9][0-9][0-9]|0{300})")


def _is_hidden(attributes: dict[str, str], size: str) -> bool:
    """Whether a row or column is not shown; `size` is the attribute of its height or width."""
    return attributes.get("hidden") in ("1", "true") or float(attributes.get(size, 1)) == 0


class _SheetReader:
    """Follows the cells of a sheet; looks closer only at errors, percentages and formulas.

    `is_odd` says that cells are out of order, or hold what Excel does not write: then a
    :class:`_CloseReader` has to look at each.
    """

    def __init__(self, name: str, title: str, percent: set[str], is_stale: bool, before: int):
        self.name, self.title, self.percent, self.is_stale = name, title, percent, is_stale
        self.before, self.filled = before, 0
        self.sheet = Sheet()
        self.at, self.last_row = (-1, -1), -1
        self.known: dict[str, int] = {}  # columns by their letters
        self.row_name = ""
        self.reference: str | None = None
        self.kind, self.value = "", ""
        self.has_data = False
        self.is_open = self.is_formula = self.is_percent = self.is_filled = self.is_odd = False

    def read(self, part: bytes) -> Sheet:
        self.part = part
        self.parser = _parser(self.name)
        self.parser.StartElementHandler = self.start
        self.parser.CommentHandler = self.parser.ProcessingInstructionHandler = self.interrupt
        self.parser.StartCdataSectionHandler = self.interrupt
        self.names = _LocalNames()
        self.parser.Parse(part, True)
        self.close()
        return self.sheet

    def start(self, element: str, attributes: dict[str, str]) -> None:
        local = self.names[element]
        if local == "v":
            if self.is_open:
                self.fill()
                if self.kind == "s" and not _PLAIN_TEXT(self.part, self.parser.CurrentByteIndex):
                    self.is_odd = True
                if self.is_formula or self.kind == "e":
                    self.parser.CharacterDataHandler = self.characters
        elif local == "c":
            if self.is_open:
                self.close()
            self.is_open, self.is_filled = True, False
            before = self.at
            self.find(attributes.get("r"))
            if self.at[1] <= before[1] or self.at[0] != before[0]:
                self.is_odd = True
            self.kind = attributes.get("t", "")
            self.is_percent = attributes.get("s", "0") in self.percent
        elif local == "f":
            self.is_formula = self.is_open
        elif local == "row":
            self.close()
            if not self.has_data:
                raise ValueError(local)
            number = attributes.get("r")
            row = self.at[0] + 1 if number is None else int(number) - 1
            if row < 0:
                raise ValueError(number)
            if row <= self.last_row:
                self.is_odd = True
            self.last_row = row
            if len(attributes) > 1 and _is_hidden(attributes, "ht"):
                self.sheet.hidden_rows.add(row)
            self.at, self.row_name = (row, -1), str(row + 1)
        elif local == "is":
            if self.is_open:
                self.fill()
        elif local == "sheetData":
            if self.has_data:
                raise ValueError(local)  # readers go on to the first or to the last
            self.has_data = True
        elif local == "col":
            self.note_column(attributes)
        else:
            self.other(local)

    def other(self, local: str) -> None:
        """An element that is no part of the grid: of a cell's rich text, or of the sheet."""
        if not self.is_open:
            return
        if local in _IN_CELLS:
            self.is_odd = self.is_odd or self.kind != "inlineStr"
            return
        end = self.parser.CurrentByteIndex
        _, ends, last = self.part[max(0, end - _NEAR) : end].rpartition(b"</")
        if not ends or b"sheetData" not in last:  # else the data end here, and their last cell
            self.is_odd = True
        self.close()

    def interrupt(self, *_: object) -> None:
        """A comment, a processing instruction or a CDATA section."""
        self.is_odd = self.is_odd or self.is_open

    def find(self, reference: str | None) -> None:
        """Where the cell is: as it says itself, or next to the one before it."""
        if reference is None:
            self.at = (self.at[0], self.at[1] + 1)
            return
        column = None
        if reference.endswith(self.row_name):
            column = self.known.get(reference[: len(reference) - len(self.row_name)])
        if column is None:
            self.at = place(reference)
            self.known[letters(self.at[1])] = self.at[1]
            self.row_name = str(self.at[0] + 1)
        else:
            self.at = (int(self.row_name) - 1, column)

    def characters(self, text: str) -> None:
        self.value += text

    def fill(self) -> None:
        """Note that the cell holds something."""
        if self.is_filled:
            found = Text("两个值", "two values")
            raise self.unsound(self.cell, found, Text("一个值", "one value"))
        self.is_filled = True
        row, column = self.at
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

    def close(self) -> None:
        """End of a cell."""
        if not self.is_open:
            return
        if self.is_formula or self.is_percent or self.kind == "e":
            self.parser.CharacterDataHandler = None
            self.note(self.value.strip())
            self.is_formula = self.is_percent = False
            self.value = ""
        self.is_open = False

    def note(self, value: str) -> None:
        """What is special about the cell."""
        never = not value or (self.is_stale and value == "0")
        if self.is_formula and self.kind != "str" and never:
            self.sheet.lost.append(self.cell)
        elif self.kind == "e":
            self.sheet.errors[self.at] = value
        elif self.is_percent:
            self.sheet.percents.append(self.at)

    def note_column(self, attributes: dict[str, str]) -> None:
        """The look of some columns next to each other, which stands before the cells."""
        if _is_hidden(attributes, "width"):
            first, last = int(attributes["min"]) - 1, int(attributes["max"])
            self.sheet.hidden_columns.update(range(max(first, 0), min(last, limits.COLUMNS)))

    @property
    def cell(self) -> str:
        return f"{letters(self.at[1])}{self.at[0] + 1}"

    def unsound(self, cell: str, found: Text, wanted: Text) -> InputError:
        """The refusal of what Excel does not write, and of which readers make different things."""
        text = say(
            zh="工作表“{title}”的单元格 {cell} 有{found}，应只有{wanted}；"
            "请在 Excel 中打开，核对后另存为 .xlsx",
            en="cell {cell} of sheet “{title}” has {found}, expected {wanted}; "
            "open the workbook in Excel, check the cell and save it as .xlsx",
            title=clip(self.title),
            cell=cell,
            found=found,
            wanted=wanted,
        )
        return InputError(Complaint(text, self.name))

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
            en="sheet “{title}” is filled up to cell {cell}: {what} is {found:,}, "
            "expected at most {most:,}; delete what "
            "stands outside the table",
            title=clip(self.title),
            cell=self.cell,
            what=what,
            found=found,
            most=most,
        )
        return InputError(Complaint(text, self.name))


class _CloseReader(_SheetReader):
    """Follows a sheet whose cells are not written as Excel writes them, and looks at each.

    The reader of the grid takes the text of a value up to the first character reference, comment,
    processing instruction, CDATA section or element, and of two cells of one name the last:
    ``0&#46;95`` would be 0.
    """

    def __init__(
        self,
        name: str,
        title: str,
        percent: set[str],
        is_stale: bool,
        before: int,
        size: tuple[int, int],
    ):
        super().__init__(name, title, percent, is_stale, before)
        self.size, self.seen = size, bytearray(size[0] * size[1])
        self.seen_rows: set[int] = set()
        self.value_start: int | None = None

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if self.value_start is not None:
            raise self.broken()
        super().start(element, attributes)
        self.parser.EndElementHandler = self.end
        local = self.names[element]
        if local == "v" and self.is_open:
            self.value_start = self.parser.CurrentByteIndex
        elif local == "c":
            self.once(*self.at)
        elif local == "row":
            self.row_once(self.at[0])

    def end(self, element: str) -> None:
        if self.value_start is None or self.names[element] != "v":
            return
        value = self.part[self.value_start : self.parser.CurrentByteIndex].partition(b">")[2]
        self.value_start = None
        if self.kind == "str":
            return
        if b"&" in value:
            raise self.broken()
        if self.kind == "s" and re.fullmatch(rb"[0-9]{1,9}", value) is None:
            found = say(
                zh="“{value}”，不是某个文字的编号",
                en="“{value}”, which is no number of a text",
                value=clip(value.decode("utf-8")),
            )
            raise self.unsound(self.cell, found, Text("一个编号", "the number of one"))
        text = value.decode("utf-8")
        if self.kind in ("", "n") and is_underflow(text):
            self.sheet.tiny[self.at] = text

    def interrupt(self, *_: object) -> None:
        if self.value_start is not None:
            raise self.broken()

    def broken(self) -> InputError:
        found = Text(
            "一个值，其中夹有 XML 的字符引用、注释或其他标记",
            "a value with an XML reference, a comment or other markup inside",
        )
        return self.unsound(self.cell, found, Text("数值本身", "the value alone"))

    def once(self, row: int, column: int) -> None:
        """Refuse a cell that was there before; one beyond the filled cells holds nothing."""
        if row >= self.size[0] or column >= self.size[1]:
            return
        place = row * self.size[1] + column
        if self.seen[place]:
            found = Text("两处内容（同名单元格出现了两次）", "two entries (it stands there twice)")
            raise self.unsound(self.cell, found, Text("一处", "one"))
        self.seen[place] = 1

    def row_once(self, row: int) -> None:
        """Refuse a row that was there before."""
        if row in self.seen_rows:
            text = say(
                zh="工作表“{title}”的第 {row} 行出现了两次，应只有一次；"
                "请在 Excel 中打开，核对后另存为 .xlsx",
                en="row {row} of sheet “{title}” stands there twice, expected once; "
                "open the workbook in Excel, check the row and save it as .xlsx",
                title=clip(self.title),
                row=row + 1,
            )
            raise InputError(Complaint(text, self.name, row + 1))
        self.seen_rows.add(row)


_NEAR = 80
"""Bytes before an element in which the end of the table's data would stand."""

_IN_CELLS = frozenset(
    (
        "t",
        "r",
        "rPr",
        "rPh",
        "phoneticPr",
        "b",
        "i",
        "u",
        "sz",
        "color",
        "rFont",
        "family",
        "charset",
        "scheme",
        "strike",
        "vertAlign",
    )
)
"""Elements inside the rich text of a cell; any other element is outside the cells."""
