"""What the XML of a workbook's parts says beside the plain values of its cells (which `sheetcells`
follows), read in one pass by expat.

Expat reads in time proportional to the length, expands no entity that a document declares (a
document type is refused: Excel and WPS write none) and opens no other file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from qtoolkit.errors import Complaint, InputError
from qtoolkit.language import say


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


def parser_of(name: str) -> expat.XMLParserType:
    """A parser of one part of the workbook `name`, which refuses a document type."""
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
    read: list[tuple[str, dict[str, str]]] = []
    parser = parser_of(name)

    def start(element: str, attributes: dict[str, str]) -> None:
        read.append(
            (
                element.rpartition(":")[2],
                {key.rpartition(":")[2]: value for key, value in attributes.items()},
            )
        )

    parser.StartElementHandler = start
    parser.Parse(part, True)
    return read


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
    relations = [
        attributes for element, attributes in elements(name, part) if element == "Relationship"
    ]
    return {
        relation["Id"]: relation["Target"]
        for relation in relations
        if relation["Type"].rpartition("/")[2] == "worksheet"
    }


def percent_styles(name: str, part: bytes) -> set[str]:
    """The cell styles (attribute s) that show a number as a percentage."""
    formats, styled, inside = {"9", "10"}, [], False
    parser = parser_of(name)

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
    parser = parser_of(name)

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
    parser = parser_of(name)

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

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
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
