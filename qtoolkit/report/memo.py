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
from qtoolkit.report import html_file, pdf_file, word_file
from qtoolkit.report.blocks import tint_of
from qtoolkit.report.chapters import ANNEXES, CHAPTERS

WRITERS = {"html": html_file.write, "docx": word_file.write, "pdf": pdf_file.write}
_CHAPTER = Text("{n}、{name}", "{n}. {name}")
_ANNEX = Text("附件{n}　{name}", "Annex {n}. {name}")
_SECTION = Text("（{n}）{name}", "({n}) {name}")
_TABLE = Text("表{n}　{name}", "Table {n}. {name}")
_CHART = Text("图{n}　{name}", "Figure {n}. {name}")
_CONTINUED = Text("（续）", " (continued)")

# Widths are counted in half-widths of a Chinese character; a line of the page has so many in a table's two sizes.
_LINE, _DENSE_LINE, _CELL_PADDING = 88, 108, 2


def render(
    body: str, folder: Path | str, stem: str, title: str, language: str, formats: Sequence[str] = ("html", "docx", "pdf")
) -> list[Path]:
    """Write the memo made by :func:`compose` as `folder/stem.html`, `.docx`, `.pdf`.

    The same input gives the same bytes. No network and no font of the machine is used.

    Returns
    -------
    list of Path
        The files written, in the order of `formats`.

    Raises
    ------
    WorkError
        If pandoc fails or typst reports anything at all.
    """
    folder = Path(folder)
    unknown = [name for name in formats if name not in WRITERS]
    if unknown:
        raise InputError(
            say(
                zh="不支持的输出格式“{found}”，可用：html、docx、pdf{hint}",
                en="unknown format “{found}”; known are html, docx, pdf{hint}",
                found=unknown[0],
                hint=nearest(unknown[0], WRITERS),
            )
        )
    paths = [folder / f"{stem}.{name}" for name in formats]
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
    """The memo as one HTML body.

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

    Returns
    -------
    str
        HTML in which everything that came from the blocks is escaped, and every number is written alike in both
        languages.
    """
    chapters: dict[str, list[Mapping[str, Any]]] = {}
    for block in blocks:
        if block["chapter"] is not None:
            chapters.setdefault(block["chapter"], []).append(block)
    for name in chapters:
        if name not in CHAPTERS | ANNEXES:
            hint = nearest(name, CHAPTERS | ANNEXES)
            raise InputError(say(zh="报告没有“{name}”一章{hint}", en="the memo has no chapter “{name}”{hint}", name=name, hint=hint))
    tables, charts = itertools.count(1), itertools.count(1)

    def write(name: str) -> str:
        return "\n".join(_pieces(chapters[name], language, pictures, tables, charts))

    head = f'<h2 class="summary">{CHAPTERS["summary"].of(language)}</h2>\n' + write("summary") if "summary" in chapters else ""
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in footer)
    foot = f'\n<div class="footing">{lines}</div>' if lines else ""
    parts = [f"<h1>{html.escape(title)}</h1>"] + ([f'<div class="cover">{head}{foot}</div>'] if head or foot else [])
    for n, name in enumerate((name for name in CHAPTERS if name in chapters and name != "summary"), 1):
        heading = _CHAPTER.of(language).format(n=_ordinal(n, language), name=CHAPTERS[name].of(language))
        parts.append(f"<h2>{heading}</h2>\n{write(name)}")
    for n, name in enumerate((name for name in ANNEXES if name in chapters), 1):
        heading = _ANNEX.of(language).format(n=n, name=ANNEXES[name].of(language))
        parts.append(f'<div class="annex"><h2>{heading}</h2>\n{write(name)}</div>')
    return "\n".join(parts)


def _pieces(blocks, language, pictures, tables, charts):
    """The HTML of a chapter's blocks: sections, lists, notes, tables, figures."""
    sections, current = itertools.count(1), None
    for (style, heading), group in itertools.groupby(blocks, lambda b: (b.get("style", b["kind"]), b["heading"])):
        if heading and heading != current:
            n = next(sections)
            letter = _ordinal(n, "zh") if language == "zh" else _letter(n)
            yield f"<h3>{html.escape(_SECTION.of(language).format(n=letter, name=heading))}</h3>"
            current = heading
        group = list(group)
        if style == "item":
            yield "<ul>" + "".join(f"<li>{html.escape(b['text'])}</li>" for b in group) + "</ul>"
        elif style == "note":
            yield '<div class="note">' + "".join(f"<p>{html.escape(b['text'])}</p>" for b in group) + "</div>"
        elif style == "table":
            for block in group:
                yield _table(block, _TABLE.of(language).format(n=next(tables), name=block["caption"]), language)
        elif style == "chart":
            for block in group:
                yield _chart(block, _CHART.of(language).format(n=next(charts), name=block["caption"]), pictures)
        else:
            yield "".join(f"<p>{html.escape(b['text'])}</p>" for b in group)


def _chart(block, caption, pictures):
    if block["name"] not in pictures:
        raise WorkError(say(zh="缺少图“{name}”的图像", en="the picture of the figure “{name}” is missing", name=block["name"]))
    data = base64.b64encode(pictures[block["name"]]).decode()
    image = f'<img src="data:image/png;base64,{data}" alt="{html.escape(block["alt"])}" style="width:{block["width"]:.0%}"/>'
    return f"<figure>{image}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _table(block, caption, language):
    """A table; one too wide for the page becomes several, each with the first column."""
    out = []
    for k, columns in enumerate(_panels(block)):
        cells = [[row[j] for j in columns] for row in block["cells"]]
        shade = [[row[j] for j in columns] for row in block["shade"]]
        header = [block["header"][j] for j in columns]
        given = [block["widths"][j] for j in columns] if block["widths"] else None
        widths, dense = _widths(header, cells, given)
        kinds = [_align(block["numeric"][j], [row[j] for row in block["cells"]], j) for j in columns]
        title = html.escape(caption + (_CONTINUED.of(language) if k else ""))
        cols = "".join(f'<col style="width:{width:.2%}"/>' for width in widths)
        head = "".join(f'<th style="text-align:{a}">{html.escape(h)}</th>' for h, a in zip(header, kinds, strict=True))
        rows = "".join(
            "<tr>" + "".join(_cell(*cell) for cell in zip(row, tints, kinds, strict=True)) + "</tr>\n"
            for row, tints in zip(cells, shade, strict=True)
        )
        out.append(
            f'<table class="{"dense" if dense else "plain"}"><caption>{title}</caption><colgroup>{cols}</colgroup>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
    return "\n".join(out)


def _cell(text, shade, align):
    tint = "" if shade is None else f";background-color:{tint_of(shade)}"
    return f'<td style="text-align:{align}{tint}">{html.escape(text)}</td>'


def _align(numeric, cells, position):
    """Numbers to the right, short marks such as grades in the middle, other text to the left."""
    if numeric:
        return "right"
    return "center" if position and max(map(_length, cells), default=0) <= 8 else "left"


def _panels(block):
    """Positions of columns, table by table. Decided by the numbers alone, so that both languages are cut alike."""
    weight = [
        2 + (max((len(row[j]) for row in block["cells"]), default=4) if numeric else 8)
        for j, numeric in enumerate(block["numeric"])
    ]
    count = 1 if block["widths"] or len(weight) < 3 else -(-sum(weight[1:]) // (_DENSE_LINE - weight[0]))
    panels, goal, taken = [[0]], sum(weight[1:]) / max(count, 1), 0
    for j in range(1, len(weight)):
        if taken >= goal * len(panels) and len(panels) < count:
            panels.append([0])
        panels[-1].append(j)
        taken += weight[j]
    return panels


def _widths(header, cells, given):
    """Shares of the page's width, and whether the table needs the small type."""
    columns = list(zip(header, *cells, strict=True))
    least = [1.1 * max(min(_word(h), 10), *(min(_word(c), 16) for c in body), 4) + _CELL_PADDING for h, *body in columns]
    want = [1.1 * max(min(_length(h), 18), *(min(_length(c), 70) for c in body), 4) + _CELL_PADDING for h, *body in columns]
    dense = sum(least) > _LINE
    line = _DENSE_LINE if dense else _LINE
    if given:
        widths = list(given)
    elif sum(want) <= line or sum(least) >= line:
        widths = want if sum(want) <= line else least
    else:
        spare = (line - sum(least)) / (sum(want) - sum(least))
        widths = [a + spare * (b - a) for a, b in zip(least, want, strict=True)]
    return [width / sum(widths) for width in widths], dense


def _length(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _word(text):
    """Length of the longest piece of a text that should not be broken."""
    return max((min(_length(piece), 40) for piece in re.findall(r"[^\s\u2e80-\uffef]+|[\u2e80-\uffef]{1,2}", text)), default=0)


def _ordinal(n, language):
    """一, 二, … in Chinese; I, II, … in English: no digits, which chapters of two languages need not share."""
    if language == "zh":
        tens, ones = divmod(n, 10)
        digits = "〇一二三四五六七八九"
        return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")
    steps = [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    out = ""
    for value, letters in steps:
        out, n = out + letters * (n // value), n % value
    return out


def _letter(n):
    """a, b, …, z, aa, ab, …"""
    return ("" if n <= 26 else _letter((n - 1) // 26)) + chr(97 + (n - 1) % 26)
