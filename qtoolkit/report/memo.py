"""The memo: blocks of several notebooks gathered by chapter into one HTML body, from which every format is written."""

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
_TABLE, _CHART = Text("表{n}　{name}", "Table {n}. {name}"), Text("图{n}　{name}", "Figure {n}. {name}")
_ROMAN = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX".split()

# Widths are counted in halves of a Chinese character; a line of the page has so many in a table's two sizes of type.
_LINE, _DENSE_LINE, _PADDING = 88, 108, 2


def render(
    body: str,
    folder: Path | str,
    stem: str,
    title: str,
    language: str,
    formats: Sequence[str] = ("html", "docx", "pdf"),
) -> list[Path]:
    """Write the memo made by :func:`compose` as `folder/stem.html`, `.docx`, `.pdf`; return the paths.

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
    blocks: Iterable[Mapping[str, Any]], title: str, footer: Sequence[str], language: str, pictures: Mapping[str, bytes]
) -> str:
    """The memo as one HTML body, in which all text is escaped and numbers are the same in both languages.

    Parameters
    ----------
    blocks
        Payloads (see `qtoolkit.report.blocks.payload`) in document order, from one notebook or several. Those without a
        chapter are left out; the others are gathered in the order of the chapters, which are numbered as they occur.
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
                say(zh="报告没有“{name}”一章{hint}", en="the memo has no chapter “{name}”{hint}", name=name, hint=hint)
            )
        chapters.setdefault(name, []).append(block)
    for group in chapters.values():
        group.sort(key=lambda block: block.get("place", 0))
    footer = [*footer, *(block["text"] for block in chapters.get("summary", []) if block.get("style") == "footer")]
    tables, charts = itertools.count(1), itertools.count(1)

    def write(name: str) -> str:
        blocks = [block for block in chapters[name] if block.get("style") != "footer"]
        return "\n".join(_pieces(blocks, language, pictures, tables, charts))

    cover = ""
    if "summary" in chapters:
        cover = f'<h2 class="summary">{CHAPTERS["summary"].of(language)}</h2>\n{write("summary")}'
    if footer:
        cover += '<div class="footing">' + "".join(f"<p>{html.escape(line)}</p>" for line in footer) + "</div>"
    parts = [f"<h1>{html.escape(title)}</h1>", f'<div class="cover">{cover}</div>' if cover else ""]
    for n, name in enumerate((name for name in CHAPTERS if name in chapters and name != "summary"), 1):
        number = _chinese(n) if language == "zh" else _ROMAN[n - 1]
        heading = _CHAPTER.of(language).format(n=number, name=CHAPTERS[name].of(language))
        parts.append(f"<h2>{heading}</h2>\n{write(name)}")
    for n, name in enumerate((name for name in ANNEXES if name in chapters), 1):
        heading = _ANNEX.of(language).format(n=n, name=ANNEXES[name].of(language))
        parts.append(f'<div class="annex"><h2>{heading}</h2>\n{write(name)}</div>')
    return "\n".join(parts)


def _pieces(blocks, language, pictures, tables, charts):
    """The HTML of a chapter's blocks: sections, lists, notes, tables, figures."""
    headings = list(itertools.accumulate((block["heading"] for block in blocks), lambda now, new: new or now))
    sections = itertools.groupby(zip(headings, blocks, strict=True), lambda pair: pair[0])
    for n, (heading, section) in enumerate(sections, int(headings[:1] != [None])):
        if heading:
            number = _chinese(n) if language == "zh" else chr(97 + (n - 1) % 26) * ((n + 25) // 26)
            yield f"<h3>{html.escape(_SECTION.of(language).format(n=number, name=heading))}</h3>"
        for kind, group in itertools.groupby((block for _, block in section), lambda b: b.get("style", b["kind"])):
            if kind == "item":
                yield "<ul>" + "".join(f"<li>{html.escape(block['text'])}</li>" for block in group) + "</ul>"
            elif kind == "table":
                yield from (_table(block, next(tables), language) for block in group)
            elif kind == "chart":
                yield from (_chart(block, next(charts), language, pictures) for block in group)
            else:
                text = "".join(f"<p>{html.escape(block['text'])}</p>" for block in group)
                yield f'<div class="note">{text}</div>' if kind == "note" else text


def _chart(block, n, language, pictures):
    name = block["name"]
    if name not in pictures:
        raise WorkError(say(zh="缺少图“{name}”的图像", en="the picture of the figure “{name}” is missing", name=name))
    caption = html.escape(_CHART.of(language).format(n=n, name=block["caption"]))
    source = f"data:image/png;base64,{base64.b64encode(pictures[name]).decode()}"
    image = f'<img src="{source}" alt="{html.escape(block["alt"])}" width="{block["width"]:.0%}"/>'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _table(block, n, language):
    """A table; one too wide for the page becomes several, each with the first column."""
    out, caption = [], _TABLE.of(language).format(n=n, name=block["caption"])
    for columns in _panels(block):
        header, *rows = [[row[j] for j in columns] for row in [block["header"], *block["cells"]]]
        widths, dense = _widths(header, rows, [block["widths"][j] for j in columns] if block["widths"] else [])
        aligns = [_align(j, block["numeric"][j], [row[j] for row in block["cells"]]) for j in columns]
        cols = "".join(f'<col style="width:{width:.2%}"/>' for width in widths)
        head = "".join(_cell("th", *cell, None) for cell in zip(header, aligns, strict=True))
        body = "".join(
            "<tr>" + "".join(_cell("td", *cell) for cell in zip(row, aligns, [shade[j] for j in columns], strict=True))
            + "</tr>\n"
            for row, shade in zip(rows, block["shade"], strict=True)
        )  # fmt: skip
        more = _CONTINUED.of(language) if out else ""
        out.append(
            f'<table class="{"dense" if dense else "plain"}"><caption>{html.escape(caption + more)}</caption>'
            f"<colgroup>{cols}</colgroup><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
    return "\n".join(out)


def _cell(tag, text, align, shade):
    tint = "" if shade is None else f";background-color:{tint_of(shade)}"
    return f'<{tag} style="text-align:{align}{tint}">{html.escape(text)}</{tag}>'


def _align(position, numeric, cells):
    """Numbers to the right, short marks such as grades in the middle, other text to the left."""
    if numeric:
        return "right"
    return "center" if position and max(map(_length, cells), default=0) <= 8 else "left"


def _panels(block):
    """Positions of columns, table by table. Decided by the numbers alone, so that both languages are cut alike."""
    longest = [max((len(row[j]) for row in block["cells"]), default=0) for j in range(len(block["header"]))]
    weights = [_PADDING + (max(n, 4) if number else 8) for n, number in zip(longest, block["numeric"], strict=True)]
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
    """Shares of the page's width, and whether the table needs the small type."""
    columns = [(h, [row[k] for row in rows] or [""]) for k, h in enumerate(header)]
    body = [max(min(max(map(_word if k else _length, cells)), 16), 3) for k, (_, cells) in enumerate(columns)]
    whole = [max(least, min(_word(h), 10)) for least, (h, _) in zip(body, columns, strict=True)]
    full = [max(min(_length(h), 18), min(max(map(_length, cells)), 160)) for h, cells in columns]
    stages = [[1.1 * n + _PADDING for n in stage] for stage in (body, whole, map(max, whole, full))]
    dense = sum(stages[1]) > _LINE
    line = _DENSE_LINE if dense else _LINE
    widths = stages[2]
    if given:
        widths = [max(share * line / sum(given), least) for share, least in zip(given, stages[1], strict=True)]
    elif sum(widths) > line:  # between what keeps words and numbers whole and what keeps cells on one line
        low, high = stages[:2] if sum(stages[1]) > line else stages[1:]
        part = max(line - sum(low), 0) / (sum(high) - sum(low) or 1)
        widths = [a + part * (b - a) for a, b in zip(low, high, strict=True)]
    return [width / sum(widths) for width in widths], dense


def _length(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _word(text):
    """Length of the longest piece of a text that should not be broken."""
    return max(map(_length, re.findall(r"[^\s\u2e80-\uffef]+|[\u2e80-\uffef]{1,2}", text)), default=0)


def _chinese(n):
    """一, 二, … 九十九: chapters and sections carry no digits, in either language."""
    digits, (tens, ones) = " 一二三四五六七八九", divmod(n, 10)
    return (digits[tens] * (tens > 1) + "十" * (tens > 0) + digits[ones]).strip()
