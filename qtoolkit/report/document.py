"""The memo as it is laid out, before it is a file: chapters of sections of pieces, all plain text.

:func:`qtoolkit.report.memo.compose` makes it; each writer (`qtoolkit.report.writers`) turns it into
one format. No text here is markup, and none becomes markup on its way: writers fill it in as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Caption:
    """What stands over a table or under a figure: `before`, the number, `after` ("表", 1,
    "　各市得分"). Parts of one table have one number, and all but the first are `continued`."""

    before: str
    number: int
    after: str
    continued: bool = False

    @property
    def text(self) -> str:
        """The caption as it is read."""
        return f"{self.before}{self.number}{self.after}"


@dataclass(frozen=True)
class Paragraphs:
    """Paragraphs of one style that follow one another: "text", "note", or "item", which are the
    items of one list, two at least."""

    style: Literal["text", "item", "note"]
    texts: tuple[str, ...]
    kind: str = field(default="paragraphs", init=False)


@dataclass(frozen=True)
class Figure:
    """A picture, found in `Document.pictures` by its name; `width` is its share of the text's."""

    caption: Caption
    name: str
    alt: str
    width: float
    kind: str = field(default="figure", init=False)


@dataclass(frozen=True)
class Table:
    """A table that fits the width of a page.

    `widths` are shares of the text's width that sum to 1; `aligns` are by column; `tints` (a row a
    row) are the colours behind cells, "#rrggbb" or None; `dense` asks for small type; `long` says
    of each row whether it may run over the end of a page.
    """

    caption: Caption
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    aligns: tuple[Align, ...]
    tints: tuple[tuple[str | None, ...], ...]
    dense: bool
    long: tuple[bool, ...]
    kind: str = field(default="table", init=False)


Piece = Paragraphs | Figure | Table


@dataclass(frozen=True)
class Section:
    """Pieces under a heading; what stands before the first heading of a chapter has none."""

    heading: str | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Chapter:
    """A chapter or an annex with its number, or the summary, which has none; `key` is its name in
    `qtoolkit.report.chapters`. Some begin on a page of their own."""

    key: str
    kind: Literal["summary", "chapter", "annex"]
    heading: str
    sections: tuple[Section, ...]
    opens_page: bool = False


@dataclass(frozen=True)
class Document:
    """A whole memo.

    `footing` are the lines at the bottom of page one, which holds the title and the summary alone;
    where there is neither footing nor summary there is no such page. `pictures` are PNG files.
    """

    title: str
    language: str
    footing: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    pictures: Mapping[str, bytes]

    @property
    def has_cover(self) -> bool:
        """Whether page one stands apart."""
        return bool(self.footing) or any(c.kind == "summary" for c in self.chapters)


def texts_of(document: Document) -> Iterator[str]:
    """Every text of a document, in order."""
    yield document.title
    yield from document.footing
    for chapter in document.chapters:
        yield chapter.heading
        for section in chapter.sections:
            yield section.heading or ""
            for piece in section.pieces:
                yield from _texts_of_piece(piece)


def _texts_of_piece(piece: Piece) -> Iterator[str]:
    if isinstance(piece, Paragraphs):
        yield from piece.texts
        return
    yield piece.caption.text
    if isinstance(piece, Figure):
        yield piece.alt
        return
    yield from piece.header
    for row in piece.rows:
        yield from row
