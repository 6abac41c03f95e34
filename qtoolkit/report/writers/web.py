"""The memo as one HTML file that carries its pictures and its font, runs nothing and fetches
nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

import jinja2

from qtoolkit.language import Text
from qtoolkit.report import fonts
from qtoolkit.report.document import Document, Piece, Table, texts_of
from qtoolkit.report.writers import STYLE

CONTENTS = Text("目录", "Contents")


def write(document: Document) -> bytes:
    """The HTML's bytes.

    What the page may load is its own style, by the hash of its text, and the pictures and the font
    that stand in it; there is no script.
    """
    templates, contents = _templates(), CONTENTS.of(document.language)
    style = templates.get_template("memo.css.jinja").render(
        font=_base64(fonts.subset("".join([contents, *texts_of(document)]))),
        widths=sorted({width_class(w): w for t in _tables(document) for w in t.widths}.items()),
        tints=sorted({c for t in _tables(document) for row in t.tints for c in row if c}),
    )
    page = templates.get_template("memo.html.jinja").render(
        document=document,
        contents=contents,
        style=style,
        style_hash=_base64(hashlib.sha256(style.encode()).digest()),
        picture=lambda name: _base64(document.pictures[name]),
        width_class=width_class,
    )
    return page.encode()


@cache
def _templates() -> jinja2.Environment:
    """The page's templates: text that is filled in is escaped, and a name that is not there is an
    error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(STYLE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _tables(document: Document) -> list[Table]:
    pieces: list[Piece] = [
        piece
        for chapter in document.chapters
        for section in chapter.sections
        for piece in section.pieces
    ]
    return [piece for piece in pieces if isinstance(piece, Table)]


def width_class(width: float) -> str:
    """The class of columns of this share of the width.

    >>> width_class(0.18333)
    'w1833'
    """
    return f"w{width * 10_000:.0f}"
