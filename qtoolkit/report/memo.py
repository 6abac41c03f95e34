"""The memo: blocks of several notebooks gathered by chapter into one HTML body, from which every
format is written."""

from __future__ import annotations

import base64
import html
import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qtoolkit.errors import InputError, WorkError, nearest
from qtoolkit.language import Text, say
from qtoolkit.report import pandoc, word
from qtoolkit.report.blocks import tint_of
from qtoolkit.report.chapters import ANNEXES, CHAPTERS

WRITERS = {"html": pandoc.write_html, "docx": word.write, "pdf": pandoc.write_pdf}
_CHAPTER, _SECTION = Text("{n}、{name}", "{n}. {name}"), Text("（{n}）{name}", "({n}) {name}")
_ANNEX, _CONTINUED = Text("附件{n}　{name}", "Annex {n}. {name}"), Text("（续）", " (continued)")
_TABLE, _CHART = (
    Text("表{n}　{name}", "Table {n}. {name}"),
    Text("图{n}　{name}", "Figure {n}. {name}"),
)
_ROMAN = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX".split()

# Widths are counted in halves of a Chinese character; a line of the page has so many in a table's
# two sizes of type.
_LINE, _DENSE_LINE, _PADDING = 88, 108, 2
SHORT_CELL = 8  # a cell up to so long is not broken
HEADER_LINES = 4  # at most, where there is room
MUCH_LESS = 0.6  # of the share that a column was given
LONG_ROW = 24  # lines: only higher rows may run over the end of a page


def render(
    body: str,
    folder: Path | str,
    stem: str,
    title: str,
    language: str,
    formats: Sequence[str] = ("html", "docx", "pdf"),
) -> list[Path]:
    """Write the memo made by :func:`compose` as `folder/stem.html`, `.docx`, `.pdf`; return the
    paths.

    The same input gives the same bytes. Neither the network nor a font of the machine is used.

    Raises
    ------
    WorkError
        If pandoc or typst fails or warns.
    """
    paths = [Path(folder, f"{stem}.{name}") for name in formats]
    for name, path in zip(formats, paths, strict=True):
        path.write_bytes(WRITERS[name](body, title, language))
    return paths


def compose(
    blocks: Iterable[Mapping[str, Any]],
    title: str,
    footer: Sequence[str],
    language: str,
    pictures: Mapping[str, bytes],
) -> str:
    """The memo as one HTML body, in which all text is escaped and numbers are the same in both
    languages.

    Parameters
    ----------
    blocks
        Payloads (see `qtoolkit.report.blocks.payload`) in document order, from one notebook or
        several. Those without a chapter are left out; the others are gathered in the order of the
        chapters, which are numbered as they occur.
    title
        The title, in `language`.
    footer
        Lines at the bottom of page one, which holds the title and the summary alone.
    language
        "zh" or "en".
    pictures
        PNG bytes of each chart, by the chart's name.
    """
    chapters: dict[str, list[Mapping[str, Any]]] = {}
    for block in blocks:
        if (name := block["chapter"]) not in [None, *CHAPTERS, *ANNEXES]:
            hint = nearest(name, [*CHAPTERS, *ANNEXES])
            raise InputError(
                say(
                    zh="报告没有“{name}”一章{hint}",
                    en="the memo has no chapter “{name}”{hint}",
                    name=name,
                    hint=hint,
                )
            )
        chapters.setdefault(name, []).append(block)
    for group in chapters.values():
        group.sort(key=lambda block: block.get("place", 0))
    footer = [
        *footer,
        *(block["text"] for block in chapters.get("summary", []) if block.get("style") == "footer"),
    ]
    tables, charts = itertools.count(1), itertools.count(1)

    def write(name: str) -> str:
        blocks = [block for block in chapters[name] if block.get("style") != "footer"]
        return "\n".join(_pieces(blocks, language, pictures, tables, charts))

    cover = ""
    if "summary" in chapters:
        cover = f'<h2 class="summary">{CHAPTERS["summary"].of(language)}</h2>\n{write("summary")}'
    if footer:
        cover += (
            '<div class="footing">'
            + "".join(f"<p>{html.escape(line)}</p>" for line in footer)
            + "</div>"
        )
    parts = [f"<h1>{html.escape(title)}</h1>", f'<div class="cover">{cover}</div>' if cover else ""]
    for n, name in enumerate(
        (name for name in CHAPTERS if name in chapters and name != "summary"), 1
    ):
        number = _chinese(n) if language == "zh" else _ROMAN[n - 1]
        heading = _CHAPTER.of(language).format(n=number, name=CHAPTERS[name].of(language))
        parts.append(f"<h2>{heading}</h2>\n{write(name)}")
    for n, name in enumerate((name for name in ANNEXES if name in chapters), 1):
        heading = _ANNEX.of(language).format(n=n, name=ANNEXES[name].of(language))
        parts.append(f'<div class="annex"><h2>{heading}</h2>\n{write(name)}</div>')
    return "\n".join(parts)


def _pieces(blocks, language, pictures, tables, charts):
    """The HTML of a chapter's blocks: sections, lists, notes, tables, figures. A section alone in
    its chapter has no number, and an item alone in its list no bullet."""
    headings = list(
        itertools.accumulate((block["heading"] for block in blocks), lambda now, new: new or now)
    )
    pairs = itertools.groupby(zip(headings, blocks, strict=True), lambda pair: pair[0])
    sections = [(heading, [block for _, block in group]) for heading, group in pairs]
    alone = sum(heading is not None for heading, _ in sections) == 1
    for n, (heading, section) in enumerate(sections, int(headings[:1] != [None])):
        if heading:
            number = _chinese(n) if language == "zh" else chr(97 + (n - 1) % 26) * ((n + 25) // 26)
            title = heading if alone else _SECTION.of(language).format(n=number, name=heading)
            yield f"<h3>{html.escape(title)}</h3>"
        for kind, run in itertools.groupby(section, lambda b: b.get("style", b["kind"])):
            group = list(run)
            if kind == "item" and len(group) > 1:
                yield (
                    "<ul>"
                    + "".join(f"<li>{_said(block, language)}</li>" for block in group)
                    + "</ul>"
                )
            elif kind == "table":
                yield from (_table(block, next(tables), language) for block in group)
            elif kind == "chart":
                yield from (_chart(block, next(charts), language, pictures) for block in group)
            else:
                text = "".join(f"<p>{_said(block, language)}</p>" for block in group)
                yield f'<div class="note">{text}</div>' if kind == "note" else text


def _said(block, language):
    """A paragraph's text, with where the rest of it stands."""
    gap = "" if language == "zh" else " "
    return html.escape(gap.join(text for text in (block["text"], block.get("see")) if text))


def _chart(block, n, language, pictures):
    name = block["name"]
    if name not in pictures:
        raise WorkError(
            say(
                zh="缺少图“{name}”的图像",
                en="the picture of the figure “{name}” is missing",
                name=name,
            )
        )
    caption = html.escape(_CHART.of(language).format(n=n, name=block["caption"]))
    source = f"data:image/png;base64,{base64.b64encode(pictures[name]).decode()}"
    image = f'<img src="{source}" alt="{html.escape(block["alt"])}" width="{block["width"]:.0%}"/>'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _table(block, n, language):
    """A table; one too wide for the page becomes several, each with the first column."""
    out, caption = [], _TABLE.of(language).format(n=n, name=block["caption"])
    for columns in _panels(block):
        header, *rows = [[row[j] for j in columns] for row in [block["header"], *block["cells"]]]
        widths, dense = _widths(
            header, rows, [block["widths"][j] for j in columns] if block["widths"] else []
        )
        aligns = [
            _align(j, block["numeric"][j], [row[j] for row in block["cells"]]) for j in columns
        ]
        cols = "".join(f'<col style="width:{width:.2%}"/>' for width in widths)
        head = "".join(_cell("th", *cell, None) for cell in zip(header, aligns, strict=True))
        body = "".join(
            "<tr>"
            + "".join(
                _cell("td", *cell, long)
                for cell in zip(row, aligns, [shade[j] for j in columns], strict=True)
            )
            + "</tr>\n"
            for row, shade in zip(rows, block["shade"], strict=True)
            for long in [_lines(row, widths, dense) > LONG_ROW]
        )
        more = _CONTINUED.of(language) if out else ""
        out.append(
            f'<table class="{"dense" if dense else "plain"}">'
            f"<caption>{html.escape(caption + more)}</caption>"
            f"<colgroup>{cols}</colgroup><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
    if block.get("note"):
        out.append(f'<div class="note"><p>{html.escape(block["note"])}</p></div>')
    return "\n".join(out)


def _cell(tag, text, align, shade, long=False):
    tint = "" if shade is None else f";background-color:{tint_of(shade)}"
    kind = ' class="long"' if long else ""
    return f'<{tag}{kind} style="text-align:{align}{tint}">{html.escape(text)}</{tag}>'


def _lines(row, widths, dense):
    """About how many lines a row has."""
    line = _DENSE_LINE if dense else _LINE
    return max(
        _length(text) / max(share * line - _PADDING, 2)
        for text, share in zip(row, widths, strict=True)
    )


def _align(position, numeric, cells):
    """Numbers to the right, short marks such as grades in the middle, other text to the left."""
    if numeric:
        return "right"
    return "center" if position and max(map(_length, cells), default=0) <= 8 else "left"


def _panels(block):
    """Positions of columns, table by table. Decided by the numbers alone, so that both languages
    are cut alike."""
    longest = [
        max((len(row[j]) for row in block["cells"]), default=0) for j in range(len(block["header"]))
    ]
    weights = [
        _PADDING + (max(n, 4) if number else 8)
        for n, number in zip(longest, block["numeric"], strict=True)
    ]
    room, rest = _DENSE_LINE - weights[0], sum(weights[1:])
    count = 1 if block["widths"] else max(-(-rest // max(room, 1)), 1)
    panels, taken = [[0]], 0
    for j, weight in enumerate(weights[1:], 1):
        if taken >= rest / count * len(panels):
            panels.append([0])
        panels[-1].append(j)
        taken += weight
    return panels


def _widths(header, rows, given):
    """Shares of the page's width, and whether the table needs the small type.

    Four stages: the least; words and numbers of the header whole, and the header on a few lines;
    cells on one line; the header on one line too. The table takes the last that fits, and of the
    next one what is left of the line. Widths that are given share what is left of the line by the
    columns that need more than their share; where the widest would get much less than its own, the
    type is small.
    """
    columns = [(h, [row[k] for row in rows] or [""]) for k, h in enumerate(header)]
    body = [
        max(min(max(map(_word if k else _length, cells)), 16), 3)
        for k, (_, cells) in enumerate(columns)
    ]
    whole = [
        max(least, min(_word(h), 10), min(-(-_length(h) // HEADER_LINES), 10))
        for least, (h, _) in zip(body, columns, strict=True)
    ]
    cells = [
        max(least, min(max(map(_length, texts)), 30))
        for least, (_, texts) in zip(whole, columns, strict=True)
    ]
    full = [max(min(_length(h), 18), min(max(map(_length, texts)), 160)) for h, texts in columns]
    stages = [
        [1.1 * n + _PADDING for n in stage] for stage in (body, whole, cells, map(max, cells, full))
    ]
    dense = sum(stages[1]) > _LINE
    line = _DENSE_LINE if dense else _LINE
    if given:
        widths = _at_least(stages[1] if sum(stages[1]) <= line else stages[0], given, line)
        if not dense and max(widths) < MUCH_LESS * max(given) / sum(given):
            return _at_least(stages[1], given, _DENSE_LINE), True
        return widths, dense
    widths = stages[-1]
    if sum(widths) > line:
        last = max((k for k, stage in enumerate(stages[:-1]) if sum(stage) <= line), default=0)
        low, high = stages[last : last + 2]
        part = max(line - sum(low), 0) / (sum(high) - sum(low) or 1)
        widths = [a + part * (b - a) for a, b in zip(low, high, strict=True)]
    return [width / sum(widths) for width in widths], dense


def _at_least(needed, given, line):
    """Shares of the line in proportion to those given, but for columns that would get less than
    they need."""
    short = [False] * len(given)
    while True:
        rest = line - sum(n for n, is_short in zip(needed, short, strict=True) if is_short)
        whole = sum(g for g, is_short in zip(given, short, strict=True) if not is_short)
        widths = [
            n if is_short else max(rest, 0) * g / whole
            for n, g, is_short in zip(needed, given, short, strict=True)
        ]
        more = [w < n for w, n in zip(widths, needed, strict=True)]
        if not any(more):
            return [width / sum(widths) for width in widths]
        short = [a or b for a, b in zip(short, more, strict=True)]


def _length(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _word(text):
    """Length of the longest piece of a text that should not be broken; a few Chinese characters
    stay on one line."""
    if "\xa0" in text:  # what no-break spaces hold together
        return max(_length(piece) for piece in re.split(r"[ \t\n]+", text))
    if _length(text) <= SHORT_CELL:
        return _length(text)
    return max(
        map(_length, re.findall(r"[^\s\u2e80-\uffef]+|[\u2e80-\uffef]{1,2}", text)), default=0
    )


def _chinese(n):
    """一, 二, … 九十九: chapters and sections carry no digits, in either language."""
    digits, (tens, ones) = " 一二三四五六七八九", divmod(n, 10)
    return (digits[tens] * (tens > 1) + "十" * (tens > 0) + digits[ones]).strip()
