"""How a notebook shows blocks: what a reader in JupyterLab sees, and beside it the block itself,
from which a run writes the memo.

A figure stands before its table, a long table is folded behind the rows that matter most, and
colours follow JupyterLab's theme.
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
NAME = 12  # characters of a row's name that stand on one line

_turns = itertools.count()


class Page:
    """Shows blocks in a notebook, in one language ("zh" or "en"); `synthetic` marks every table and
    figure as made from synthetic data."""

    def __init__(self, language: str = "zh", synthetic: bool = False):
        if language not in LANGUAGES:
            raise InputError(unexpected(language, one_of(LANGUAGES), "language"))
        self.language, self.synthetic = language, synthetic

    def show(self, blocks: Block | Iterable[Block]) -> None:
        """Display blocks, figures before their tables. The heading of the first is that of the
        cell, so that it is left out."""
        from IPython.display import display

        given = [blocks] if isinstance(blocks, Block) else list(blocks)
        headings = [block.heading for block in given if block.heading is not None]
        turns = {id(block): next(_turns) for block in given}
        for block in as_read(given):
            data = payload(block, self.language, self.synthetic)
            headed = block.heading if block.heading not in headings[:1] else None
            bundle = self._bundle(block, data, headed is not None)
            display({**bundle, MIME: {**data, TURN: turns[id(block)]}}, raw=True)

    def _bundle(self, block: Block, data: Mapping[str, Any], headed: bool) -> dict[str, str]:
        """What JupyterLab displays of a block."""
        heading = f"<h4>{html.escape(data['heading'])}</h4>" if headed else ""
        if isinstance(block, Chart):
            seen = html_figure(data, picture(block, self.language, self.synthetic))
            plain = f"[{data['caption']}]"
        elif isinstance(block, DataTable):
            seen, plain = html_table(data, matters(block), self.language), text_table(data)
        else:
            seen, plain = html_paragraph(data), data["text"]
        page = f'<style>{STYLE}</style><div class="qtk">{heading}{seen}</div>'
        return {"text/html": page, "text/plain": plain}


def as_read(blocks: Iterable[Block]) -> Sequence[Block]:
    """Blocks in the order of a notebook: a figure that follows a table comes before it."""
    order: list[Block] = []
    for block in blocks:
        after_table = isinstance(block, Chart) and order and isinstance(order[-1], DataTable)
        order.insert(len(order) - bool(after_table), block)
    return order


STYLE = (
    ".qtk{color:var(--jp-content-font-color1,inherit);line-height:1.6;max-width:60em}"
    ".qtk p{margin:.3em 0}.qtk figure{margin:.6em 0}"
    ".qtk figcaption,.qtk caption{text-align:left;font-weight:bold;padding:.2em 0}"
    ".qtk img{max-width:100%;height:auto}"
    "[data-jp-theme-light=false] .qtk img{filter:invert(.93) hue-rotate(180deg)}"
    ".qtk .wide{overflow-x:auto}.qtk table{border-collapse:collapse;margin:.4em 0}"
    ".qtk th,.qtk td{background:transparent;color:inherit;padding:.15em .6em;"
    "vertical-align:top;border-bottom:1px solid var(--jp-border-color2,#999)}"
    ".qtk .l{text-align:left;min-width:4em}.qtk .r{text-align:right}.qtk .n{white-space:nowrap}"
    ".qtk details{margin:.3em 0}.qtk details:not([open])+.wide .rest{display:none}"
    "@media print{.qtk details{display:none}.qtk img{filter:none}"
    ".qtk details:not([open])+.wide .rest{display:table-row}}"
)


def html_paragraph(data: Mapping[str, Any]) -> str:
    """A paragraph's payload as HTML."""
    text = html.escape(data["text"])
    if data["style"] == "note":
        text = f"<small>{text}</small>"
    return f"<p>{'• ' if data['style'] == 'item' else ''}{text}</p>"


def html_figure(data: Mapping[str, Any], png: bytes) -> str:
    """A chart's payload and picture as HTML."""
    source = f"{PNG}{base64.b64encode(png).decode()}"
    alt, caption = (html.escape(data[key]) for key in ("alt", "caption"))
    return f'<figure><img src="{source}" alt="{alt}"><figcaption>{caption}</figcaption></figure>'


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
    sides = ["r" if numeric else "l" for numeric in data["numeric"]]
    head = "".join(
        f'<th scope="col" class="{side}">{html.escape(title)}</th>'
        for title, side in zip(data["header"], sides, strict=True)
    )
    lines = zip(data["cells"], data["shade"], strict=True)
    body = "".join(
        _row(cells, shades, sides, folded=i not in first) for i, (cells, shades) in enumerate(lines)
    )
    fold = ""
    if len(data["cells"]) > len(first):
        text = say(
            zh="共{n}行，此处列{k}行，点此展开",
            en="{k} of {n} rows; open to see all",
            n=len(data["cells"]),
            k=len(first),
        )
        fold = f"<details><summary>{html.escape(text.of(language))}</summary></details>"
    note = f"<p><small>{html.escape(data['note'])}</small></p>" if data.get("note") else ""
    caption = f"<caption>{html.escape(data['caption'])}</caption>"
    table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'{fold}<div class="wide">{table}</div>{note}'


def _row(
    cells: Sequence[str], shades: Sequence[float | None], sides: Sequence[str], folded: bool
) -> str:
    """A row; its first cell names it."""
    parts = _cells(cells, shades, sides)
    return f"<tr{' class=rest' if folded else ''}>{''.join(parts)}</tr>"


def _cells(
    cells: Sequence[str], shades: Sequence[float | None], sides: Sequence[str]
) -> Iterator[str]:
    for j, (text, shade, side) in enumerate(zip(cells, shades, sides, strict=True)):
        tint = "" if shade is None else f' style="background:{tint_of(shade)};color:#111"'
        name, scope = ("th", ' scope="row"') if j == 0 else ("td", "")
        kind = f"{side} n" if j == 0 and len(text) <= NAME else side
        yield f'<{name}{scope} class="{kind}"{tint}>{html.escape(text)}</{name}>'


def text_table(data: Mapping[str, Any]) -> str:
    """A table's payload as lines of text, cells separated by " | "; what nbval compares."""
    rows = [" | ".join(row) for row in [data["header"], *data["cells"]]]
    return "\n".join([data["caption"], *rows, *([data["note"]] if data.get("note") else [])])
