"""The memo as a Word file in the form of official documents (after GB/T 9704).

python-docx holds the file together; paragraphs and tables are written as XML, for cell by cell it
would take many times as long. Text becomes XML in :func:`_literal` and :func:`_attribute` alone.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from qtoolkit.inputs.numbertext import UNPRINTABLE
from qtoolkit.report.document import (
    Align,
    Caption,
    Chapter,
    Document,
    Figure,
    Paragraphs,
    Piece,
    Table,
)
from qtoolkit.report.writers import wordform
from qtoolkit.report.writers.wordform import TEXT_WIDTH, style_id

if TYPE_CHECKING:
    from docx.document import Document as File

SHORT, FIRST = 9, 2  # rows with the header: a table so short, or so many first rows, stay together
HEADER_FILL = "#ededed"
ZIPPED = (1980, 1, 1, 0, 0, 0)
_EMU = 635  # in a twentieth of a point
_CHINESE = re.compile("[\u2e80-\u9fff\uff00-\uffef]")
_UNBROKEN = re.compile("[!-~]{20,}")  # an address, say: set to both margins it tears lines apart


def write(document: Document) -> bytes:
    """The Word file's bytes.

    Fonts are named, not carried. The numbers of captions are fields, which Word counts anew when a
    table is put in or taken out. Characters that no XML can hold (control characters, halves of
    surrogate pairs) are left out.
    """
    import docx

    file = docx.Document()
    content = _Content(document, file)
    wordform.set_body(file, "".join(content.body()))
    wordform.set_form(file, document.language, content.lists)
    wordform.set_page(file, content.page_number(), content.footing())
    wordform.set_properties(file, document.language, _allowed(document.title))
    return _undated(file)


def _allowed(text: str) -> str:
    """A text without the characters that XML forbids.

    >>> _allowed("a\\x00b")
    'ab'
    """
    return UNPRINTABLE.sub("", text)


def _literal(text: str) -> str:
    """A text as XML.

    >>> _literal("a < b")
    'a &lt; b'
    """
    return escape(_allowed(text))


def _attribute(text: str) -> str:
    """A text as the value of an attribute, in quotation marks."""
    return quoteattr(_allowed(text))


def _undated(file: File) -> bytes:
    """The bytes of a file without the time at which it was written."""
    dated, undated = io.BytesIO(), io.BytesIO()
    file.save(dated)
    with zipfile.ZipFile(dated) as entries, zipfile.ZipFile(undated, "w") as out:
        for name in entries.namelist():
            entry = zipfile.ZipInfo(name, ZIPPED)
            out.writestr(entry, entries.read(name), zipfile.ZIP_DEFLATED)
    return undated.getvalue()


class _Content:
    """The XML of a memo's paragraphs, tables and figures; pictures go into `file`, and `lists`
    counts the lists so far, of which each has a number."""

    def __init__(self, document: Document, file: File) -> None:
        self.document, self.file = document, file
        self.lists = 0
        self.drawings = itertools.count(1)
        # quotation marks and dashes are of both scripts: beside Chinese characters they are Chinese
        hint = '<w:rPr><w:rFonts w:hint="eastAsia"/></w:rPr>'
        self.look = hint if document.language == "zh" else ""

    def body(self) -> Iterator[str]:
        """The title and the chapters."""
        yield self.paragraph("Title", self.run(self.document.title))
        for chapter in self.document.chapters:
            if chapter.kind == "summary":
                form = '<w:ind w:firstLineChars="0" w:firstLine="0"/><w:jc w:val="center"/>'
            else:
                form = "<w:pageBreakBefore/>" * chapter.opens_page
            yield self.paragraph("Heading 1", self.run(chapter.heading), form)
            yield from self.sections(chapter)

    def sections(self, chapter: Chapter) -> Iterator[str]:
        """The sections of a chapter with their headings."""
        on_cover = chapter.kind == "summary"
        for section in chapter.sections:
            if section.heading is not None:
                style = "Summary Section" if on_cover else "Heading 2"
                yield self.paragraph(style, self.run(section.heading))
            for piece in section.pieces:
                yield from self.piece(piece, on_cover)

    def piece(self, piece: Piece, on_cover: bool) -> Iterator[str]:
        """A piece of a section."""
        if isinstance(piece, Table):
            yield self.caption("Table Caption", piece.caption)
            yield self.table(piece)
        elif isinstance(piece, Figure):
            yield self.paragraph("Captioned Figure", self.drawing(piece))
            yield self.caption("Image Caption", piece.caption)
        else:
            yield from self.paragraphs(piece, on_cover)

    def paragraphs(self, piece: Paragraphs, on_cover: bool) -> Iterator[str]:
        """Paragraphs, items of a list, or notes."""
        form = ""
        if piece.style == "note":
            style = "Note"
        elif piece.style == "text":
            style = "Summary Text" if on_cover else "Body Text"
        else:
            style = "Summary Item" if on_cover else "Compact"
            self.lists += 1
            form = f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{self.lists}"/></w:numPr>'
        for text in piece.texts:
            align = '<w:jc w:val="left"/>' * bool(_UNBROKEN.search(text))
            yield self.paragraph(style, self.run(text), form + align)

    def paragraph(self, style: str, runs: str, form: str = "") -> str:
        """A paragraph in a style, and what it has of a form beside."""
        properties = f'<w:pPr><w:pStyle w:val="{style_id(style)}"/>{form}</w:pPr>'
        return f"<w:p>{properties}{runs}</w:p>"

    def run(self, text: str) -> str:
        """A text in one look, as it stands."""
        if not text:
            return ""
        look = self.look if _CHINESE.search(text) else ""
        return f'<w:r>{look}<w:t xml:space="preserve">{_literal(text)}</w:t></w:r>'

    def field(self, code: str, result: str) -> str:
        """What Word works out by a code, with the result that is shown until it does."""
        begin, separate, end = (
            f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
            for kind in ("begin", "separate", "end")
        )
        instruction = f'<w:instrText xml:space="preserve"> {_literal(code)} </w:instrText>'
        return f"{begin}<w:r>{instruction}</w:r>{separate}{self.run(result)}{end}"

    def caption(self, style: str, caption: Caption) -> str:
        """A caption; the second part of a table repeats the number of the first."""
        code = f"SEQ {caption.before.strip()} \\* ARABIC" + " \\c" * caption.continued
        number = self.field(code, str(caption.number))
        return self.paragraph(style, self.run(caption.before) + number + self.run(caption.after))

    def drawing(self, figure: Figure) -> str:
        """A picture in its share of the text's width. LibreOffice indents one that does not say its
        distances."""
        png = io.BytesIO(self.document.pictures[figure.name])
        key, image = self.file.part.get_or_add_image(png)
        width = int(figure.width * TEXT_WIDTH * _EMU)
        extent = f'cx="{width}" cy="{width * image.px_height // image.px_width}"'
        number = next(self.drawings)
        name = f'id="{number}" name="Picture {number}"'
        return (
            '<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
            f"<wp:extent {extent}/><wp:docPr {name} descr={_attribute(figure.alt)}/>"
            '<wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/>'
            "</wp:cNvGraphicFramePr><a:graphic>"
            '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
            f"<pic:pic><pic:nvPicPr><pic:cNvPr {name}/><pic:cNvPicPr/></pic:nvPicPr>"
            f'<pic:blipFill><a:blip r:embed="{key}"/><a:stretch><a:fillRect/></a:stretch>'
            f'</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {extent}/></a:xfrm>'
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
            "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
        )

    def table(self, table: Table) -> str:
        """A table whose header is repeated on each page."""
        edges = [int(share * TEXT_WIDTH) for share in itertools.accumulate(table.widths)]
        widths = [right - left for left, right in itertools.pairwise([0, *edges])]
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
        return (
            '<w:tbl><w:tblPr><w:tblStyle w:val="Table"/>'
            f'<w:tblW w:w="{TEXT_WIDTH}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
            '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0"'
            ' w:lastColumn="0" w:noHBand="0" w:noVBand="0"/>'
            f"<w:tblCaption w:val={_attribute(table.caption.text)}/></w:tblPr>"
            f"<w:tblGrid>{grid}</w:tblGrid>{''.join(self.rows(table, widths))}</w:tbl>"
        )

    def rows(self, table: Table, widths: Sequence[int]) -> Iterator[str]:
        """The rows of a table, the header first."""
        height = len(table.rows) + 1
        together = height - 1 if height <= SHORT else FIRST
        columns = list(zip(widths, table.aligns, strict=True))
        head, text = (f"Table {kind}" + " Dense" * table.dense for kind in ("Head", "Text"))
        header = self.cells(table.header, [HEADER_FILL] * len(columns), columns, head, together > 0)
        yield f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{header}</w:tr>"
        rows = zip(table.rows, table.tints, table.long, strict=True)
        for n, (texts, tints, long) in enumerate(rows, 1):
            whole = "" if long else "<w:trPr><w:cantSplit/></w:trPr>"
            yield f"<w:tr>{whole}{self.cells(texts, tints, columns, text, n < together)}</w:tr>"

    def cells(
        self,
        texts: Sequence[str],
        tints: Sequence[str | None],
        columns: Sequence[tuple[int, Align]],
        style: str,
        with_next: bool,
    ) -> str:
        """The cells of a row, by column of a width and an alignment; `with_next`: on the page of
        the next row."""
        cells = []
        keep = "<w:keepNext/>" if with_next else ""
        for text, tint, (width, align) in zip(texts, tints, columns, strict=True):
            shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{tint[1:]}"/>' if tint else ""
            look = f'<w:tcW w:w="{width}" w:type="dxa"/>{shade}<w:vAlign w:val="center"/>'
            content = self.paragraph(style, self.run(text), f'{keep}<w:jc w:val="{align}"/>')
            cells.append(f"<w:tc><w:tcPr>{look}</w:tcPr>{content}</w:tc>")
        return "".join(cells)

    def page_number(self) -> str:
        """— 1 —"""
        number = self.run("— ") + self.field("PAGE", "1") + self.run(" —")
        return self.paragraph("footer", number)

    def footing(self) -> str:
        """The lines at the bottom of page one."""
        return "".join(self.paragraph("Footing", self.run(t)) for t in self.document.footing)
