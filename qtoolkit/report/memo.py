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
_TABLE = Text("表{n}　{name}", "Table {n}. {name}")
_CHART = Text("图{n}　{name}", "Figure {n}. {name}")
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
    chapters = _by_chapter(blocks)
    lines = [
        *footer,
        *(block["text"] for block in chapters.get("summary", []) if _is_footer(block)),
    ]
    tables, charts = itertools.count(1), itertools.count(1)

    def content(name: str) -> str:
        blocks = [block for block in chapters[name] if not _is_footer(block)]
        return "\n".join(_pieces(blocks, language, pictures, tables, charts))

    cover = ""
    if "summary" in chapters:
        cover = f'<h2 class="summary">{CHAPTERS["summary"].of(language)}</h2>\n{content("summary")}'
    if lines:
        paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
        cover += f'<div class="footing">{paragraphs}</div>'
    parts = [f"<h1>{html.escape(title)}</h1>", f'<div class="cover">{cover}</div>' if cover else ""]
    numbered = [name for name in CHAPTERS if name in chapters and name != "summary"]
    for n, name in enumerate(numbered, 1):
        number = _chinese(n) if language == "zh" else _ROMAN[n - 1]
        heading = _CHAPTER.of(language).format(n=number, name=CHAPTERS[name].of(language))
        parts.append(f"<h2>{heading}</h2>\n{content(name)}")
    annexes = [name for name in ANNEXES if name in chapters]
    for n, name in enumerate(annexes, 1):
        heading = _ANNEX.of(language).format(n=n, name=ANNEXES[name].of(language))
        parts.append(f'<div class="annex"><h2>{heading}</h2>\n{content(name)}</div>')
    return "\n".join(parts)


def _by_chapter(blocks: Iterable[Mapping[str, Any]]) -> dict[str | None, list[Mapping[str, Any]]]:
    """The blocks of each chapter, in their places; those of the notebook alone under None."""
    chapters: dict[str | None, list[Mapping[str, Any]]] = {}
    for block in blocks:
        name = block["chapter"]
        if name is not None and name not in CHAPTERS and name not in ANNEXES:
            text = say(
                zh="报告没有“{name}”一章{hint}",
                en="the memo has no chapter “{name}”{hint}",
                name=name,
                hint=nearest(name, [*CHAPTERS, *ANNEXES]),
            )
            raise InputError(text)
        chapters.setdefault(name, []).append(block)
    for group in chapters.values():
        group.sort(key=lambda block: block.get("place", 0))
    return chapters


def _is_footer(block: Mapping[str, Any]) -> bool:
    """Whether a block goes to the bottom of page one."""
    return block.get("style") == "footer"


def _pieces(blocks, language, pictures, tables, charts):
    """The HTML of a chapter's blocks: sections, lists, notes, tables, figures. A section alone in
    its chapter has no number."""
    sections = _sections(blocks)
    alone = sum(heading is not None for heading, _ in sections) == 1
    number = 0
    for heading, section in sections:
        if heading:
            number += 1
            title = heading if alone else _numbered(heading, number, language)
            yield f"<h3>{html.escape(title)}</h3>"
        for kind, run in itertools.groupby(section, lambda b: b.get("style", b["kind"])):
            if kind == "table":
                yield from (_table(block, next(tables), language) for block in run)
            elif kind == "chart":
                yield from (_chart(block, next(charts), language, pictures) for block in run)
            else:
                yield _paragraphs([_text(block, language) for block in run], kind)


def _sections(blocks):
    """A chapter's blocks by section: (heading, blocks); what stands before the first heading has
    None. A section goes on until another heading."""
    headings = itertools.accumulate(
        (block["heading"] for block in blocks), lambda present, new: new or present
    )
    pairs = itertools.groupby(zip(headings, blocks, strict=True), lambda pair: pair[0])
    return [(heading, [block for _, block in group]) for heading, group in pairs]


def _numbered(heading, n, language):
    """The title of the n-th section of a chapter: (一), or (a) to (z), (aa) and on."""
    number = _chinese(n) if language == "zh" else chr(97 + (n - 1) % 26) * ((n + 25) // 26)
    return _SECTION.of(language).format(n=number, name=heading)


def _paragraphs(texts, style):
    """Paragraphs of one style that follow one another; an item alone in its list has no bullet."""
    if style == "item" and len(texts) > 1:
        return "<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>"
    paragraphs = "".join(f"<p>{text}</p>" for text in texts)
    return f'<div class="note">{paragraphs}</div>' if style == "note" else paragraphs


def _text(block, language):
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
    caption = _TABLE.of(language).format(n=n, name=block["caption"])
    first, *others = _panels(block)
    parts = [_panel(block, first, caption)]
    parts += [_panel(block, columns, caption + _CONTINUED.of(language)) for columns in others]
    if block.get("note"):
        parts.append(f'<div class="note"><p>{html.escape(block["note"])}</p></div>')
    return "\n".join(parts)


def _panel(block, columns, caption):
    """The HTML of some columns of a table."""
    header, *rows = [[row[j] for j in columns] for row in [block["header"], *block["cells"]]]
    stated_widths = [block["widths"][j] for j in columns] if block["widths"] else []
    widths, dense = _widths(header, rows, stated_widths)
    aligns = [_align(j, block["numeric"][j], [row[j] for row in block["cells"]]) for j in columns]
    cols = "".join(f'<col style="width:{width:.2%}"/>' for width in widths)
    head = "".join(
        _cell("th", text, align, None) for text, align in zip(header, aligns, strict=True)
    )
    body = []
    for row, shades in zip(rows, block["shade"], strict=True):
        long = _lines(row, widths, dense) > LONG_ROW
        cells = zip(row, aligns, [shades[j] for j in columns], strict=True)
        body.append("<tr>" + "".join(_cell("td", *cell, long) for cell in cells) + "</tr>\n")
    return (
        f'<table class="{"dense" if dense else "plain"}">'
        f"<caption>{html.escape(caption)}</caption>"
        f"<colgroup>{cols}</colgroup><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


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


def _widths(header, rows, stated_widths):
    """Shares of the page's width, and whether the table needs the small type.

    The table takes the last of four stages (see :func:`_stages`) that fits, and of the next one
    what is left of the line. Widths that are given share what is left of the line by the columns
    that need more than their share; where the widest would get much less than its own, the type is
    small.
    """
    stages = _stages(header, rows)
    least, whole_words = stages[0], stages[1]
    dense = sum(whole_words) > _LINE
    line = _DENSE_LINE if dense else _LINE
    if stated_widths:
        widths = _at_least(whole_words if sum(whole_words) <= line else least, stated_widths, line)
        if not dense and max(widths) < MUCH_LESS * max(stated_widths) / sum(stated_widths):
            return _at_least(whole_words, stated_widths, _DENSE_LINE), True
        return widths, dense
    widths = stages[-1]
    if sum(widths) > line:
        widths = _between(stages, line)
    return [width / sum(widths) for width in widths], dense


def _stages(header, rows):
    """Widths of the columns in four stages: the least; words and numbers of the header whole, and
    the header on a few lines; cells on one line; the header on one line too."""
    stages = zip(
        *(
            _column_stages(heading, [row[j] for row in rows] or [""], j == 0)
            for j, heading in enumerate(header)
        ),
        strict=True,
    )
    return [[1.1 * width + _PADDING for width in stage] for stage in stages]


def _column_stages(heading, cells, first):
    """The four widths of a column, without the padding. The cells of the first column, which name
    the rows, are not broken."""
    longest = max(map(_length, cells))
    unbroken = longest if first else max(map(_word, cells))
    least = max(min(unbroken, 16), 3)
    header_lines = -(-_length(heading) // HEADER_LINES)
    whole_words = max(least, min(_word(heading), 10), min(header_lines, 10))
    one_line = max(whole_words, min(longest, 30))
    full = max(min(_length(heading), 18), min(longest, 160))
    return least, whole_words, one_line, max(one_line, full)


def _between(stages, line):
    """Widths between the last stage that fits the line and the next one, which does not."""
    last = max((k for k, stage in enumerate(stages[:-1]) if sum(stage) <= line), default=0)
    low, high = stages[last], stages[last + 1]
    part = max(line - sum(low), 0) / (sum(high) - sum(low) or 1)
    return [a + part * (b - a) for a, b in zip(low, high, strict=True)]


def _at_least(needed, proportions, line):
    """Shares of the line in these proportions, but for columns that would get less than
    they need."""
    too_narrow = [False] * len(proportions)
    while True:
        rest = line - sum(n for n, is_narrow in zip(needed, too_narrow, strict=True) if is_narrow)
        whole = sum(
            g for g, is_narrow in zip(proportions, too_narrow, strict=True) if not is_narrow
        )
        widths = [
            n if is_narrow else max(rest, 0) * g / whole
            for n, g, is_narrow in zip(needed, proportions, too_narrow, strict=True)
        ]
        more = [w < n for w, n in zip(widths, needed, strict=True)]
        if not any(more):
            return [width / sum(widths) for width in widths]
        too_narrow = [a or b for a, b in zip(too_narrow, more, strict=True)]


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
