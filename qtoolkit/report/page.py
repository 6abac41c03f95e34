"""How a notebook shows blocks: what a reader in JupyterLab sees, and beside it the block itself,
from which a run writes the memo.

A figure stands before its table, a long table is folded behind the rows that matter most, colours
follow JupyterLab's theme, and headings are those of the notebook. All of that is readable, too,
where a notebook of somebody else is not trusted and the style is left out.
"""

from __future__ import annotations

import base64
import html
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from qtoolkit.errors import InputError, one_of, unexpected
from qtoolkit.language import LANGUAGES, say
from qtoolkit.report.blocks import (
    MIME,
    Block,
    Chart,
    DataTable,
    payload,
    shown_part,
    tint_of,
)
from qtoolkit.report.picture import picture

TURN = "turn"  # the key of an output's block that says when the memo takes it
ROWS = 10  # of a table, before it is unfolded
NAME, WORDS = 12, 6  # characters of a name, and of other words, that stand on one line

_turns = itertools.count()


class Page:
    """Shows blocks in a notebook, in one language ("zh" or "en"); `synthetic` marks every table and
    figure as made from synthetic data."""

    def __init__(self, language: str = "zh", synthetic: bool = False):
        if language not in LANGUAGES:
            raise InputError(unexpected(language, one_of(LANGUAGES), "language"))
        self.language, self.synthetic = language, synthetic

    def show(self, blocks: Block | Iterable[Block]) -> None:
        """Display blocks, figures before their tables."""
        from IPython.display import display

        given = [blocks] if isinstance(blocks, Block) else list(blocks)
        turns = {id(block): next(_turns) for block in given}
        for block in as_read(given):
            data = payload(block, self.language, self.synthetic)
            bundle = self._bundle(block, data)
            display({**bundle, MIME: {**data, TURN: turns[id(block)]}}, raw=True)

    def _bundle(self, block: Block, data: Mapping[str, Any]) -> dict[str, str]:
        """What JupyterLab displays of a block."""
        if isinstance(block, Chart):
            seen = html_figure(data, picture(block, self.language, self.synthetic))
            plain = f"[{data['caption']}]"
        elif isinstance(block, DataTable):
            seen, plain = html_table(data, matters(block), self.language), text_table(data)
        else:
            seen, plain = html_paragraph(data), data["text"]
        return {
            "text/html": f'<style>{STYLE}</style><div class="qtk">{seen}</div>',
            "text/plain": plain,
        }


def as_read(blocks: Iterable[Block]) -> Sequence[Block]:
    """Blocks in the order of a notebook: a figure that follows a table comes before it."""
    order: list[Block] = []
    for block in blocks:
        after_table = isinstance(block, Chart) and order and isinstance(order[-1], DataTable)
        order.insert(len(order) - bool(after_table), block)
    return order


STYLE = (
    ".qtk{color:var(--jp-content-font-color1,inherit);line-height:1.6}"
    ".qtk p{margin:.3em 0}.qtk figure{margin:.6em 0}.qtk p,.qtk figure{max-width:60em}"
    ".qtk figcaption,.qtk caption{text-align:left;font-weight:bold;padding:.2em 0}"
    "[data-jp-theme-light=false] .qtk img{filter:invert(.93) hue-rotate(180deg)}"
    ".qtk .wide{overflow-x:auto}.qtk table{border-collapse:collapse;margin:.4em 0}"
    ".qtk th,.qtk td{background:transparent;color:inherit;padding:.15em .6em;"
    "vertical-align:baseline;border-bottom:1px solid var(--jp-border-color2,#999)}"
    ".qtk details{margin:.3em 0}"
    "@media print{.qtk img{filter:none}.qtk .wide{overflow:visible!important}"
    ".qtk table{font-size:75%}.qtk summary{display:none}"
    ".qtk details::details-content{content-visibility:visible;display:block;height:auto}}"
)


def html_paragraph(data: Mapping[str, Any]) -> str:
    """A paragraph's payload as HTML."""
    text = html.escape(data["text"])
    if data["style"] == "note":
        text = f"<small>{text}</small>"
    return f"<p>{'• ' if data['style'] == 'item' else ''}{text}</p>"


def html_figure(data: Mapping[str, Any], png: bytes) -> str:
    """A chart's payload and picture as HTML, half as wide as the picture has points."""
    source = f"{PNG}{base64.b64encode(png).decode()}"
    alt, caption = (html.escape(data[key]) for key in ("alt", "caption"))
    wide = int.from_bytes(png[16:20]) // 2  # of a PNG the first chunk begins with the width
    look = 'style="max-width:100%;height:auto"'
    return (
        f'<figure><img src="{source}" alt="{alt}" width="{wide}" {look}>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


PNG = "data:image/png;base64,"
_PICTURE = re.compile(rf'<img src="{PNG}([A-Za-z0-9+/=]*)"')


def picture_of(output: Mapping[str, Any]) -> bytes | None:
    """The picture that an output displays, None where it displays none."""
    found = _PICTURE.search("".join(output.get("text/html", "")))
    return None if found is None else base64.b64decode(found[1])


def matters(table: DataTable) -> set[int]:
    """Positions of those rows that matter most, among the rows that a notebook has of a table."""
    rows = list(shown_part(table).rows)
    first = [rows.index(row) for row in table.order if row in rows] or range(len(rows))
    return set(first[:ROWS])


def html_table(data: Mapping[str, Any], first: set[int], language: str) -> str:
    """A table's payload as HTML: caption, header, rows; numbers to the right, shaded cells tinted;
    all rows but the `first` are folded."""
    sides = ["right" if numeric else "left" for numeric in data["numeric"]]
    rows = [
        f"<tr>{''.join(_cells(cells, shades, sides))}</tr>"
        for cells, shades in zip(data["cells"], data["shade"], strict=True)
    ]
    folded = [row for i, row in enumerate(rows) if i not in first]
    caption = f'<caption style="text-align:left">{html.escape(data["caption"])}</caption>'
    parts = [_table(data, sides, [row for i, row in enumerate(rows) if i in first], caption)]
    if folded:
        text = say(zh="其余{n}行", en="The other {n:row|rows}", n=len(folded))
        rest = _table(data, sides, folded)
        parts.append(f"<details><summary>{text.of(language)}</summary>{rest}</details>")
    if data.get("note"):
        parts.append(f"<p><small>{html.escape(data['note'])}</small></p>")
    return "".join(parts)


def _table(
    data: Mapping[str, Any], sides: Sequence[str], rows: Sequence[str], caption: str = ""
) -> str:
    """A table of some of the rows."""
    head = "".join(
        f'<th scope="col" style="text-align:{side}{_whole(title)}">{html.escape(title)}</th>'
        for title, side in zip(data["header"], sides, strict=True)
    )
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="wide" style="overflow-x:auto"><table>{caption}{body}</table></div>'


def _cells(
    cells: Sequence[str], shades: Sequence[float | None], sides: Sequence[str]
) -> Iterator[str]:
    """The cells of a row; the first names it. Short names stand on one line, those behind a number
    or another name, too, and so do words as short as "减0.5分"."""
    for j, (text, shade, side) in enumerate(zip(cells, shades, sides, strict=True)):
        name, scope = ("th", ' scope="row"') if j == 0 else ("td", "")
        look = f"text-align:{side}"
        if side == "left":
            look += _whole(text, NAME if j <= 1 else WORDS)
        if shade is not None:
            look += f";background-color:{tint_of(shade)};color:#111"
        yield f'<{name}{scope} style="{look}">{html.escape(text)}</{name}>'


def _whole(text: str, most: int = NAME) -> str:
    """A short text stands on one line, however narrow the window."""
    return ";white-space:nowrap" if len(text) <= most else ""


def text_table(data: Mapping[str, Any]) -> str:
    """A table's payload as lines of text, cells separated by " | "; what nbval compares."""
    rows = [" | ".join(row) for row in [data["header"], *data["cells"]]]
    return "\n".join([data["caption"], *rows, *([data["note"]] if data.get("note") else [])])
