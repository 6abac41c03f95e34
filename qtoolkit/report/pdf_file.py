"""The memo as PDF, through typst and the Chinese font alone."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from qtoolkit.errors import WorkError
from qtoolkit.language import say
from qtoolkit.report import fonts, pandoc

_TEMPLATE = r"""
#let chinese = $if(chinese)$true$else$false$endif$
#set document(title: [$title$], date: none)
#set page(paper: "a4", margin: (top: 26mm, bottom: 24mm, left: 24mm, right: 24mm), footer-descent: 35%,
  footer: context align(center, text(size: 9pt, if chinese [第 #counter(page).display() 页] else [Page #counter(page).display()])))
#set text(font: "Noto Sans SC", size: 10.5pt, lang: if chinese { "zh" } else { "en" }, region: if chinese { "cn" } else { "gb" },
  fallback: false)
#set smartquote(enabled: false)
#set par(justify: true, leading: if chinese { 0.85em } else { 0.72em }, spacing: if chinese { 0.85em } else { 1.1em },
  first-line-indent: if chinese { (amount: 2em, all: true) } else { 0em })
#set list(indent: if chinese { 1.6em } else { 0.4em }, body-indent: 0.6em, spacing: 0.85em)
#let strong-stroke = 0.022em + black
#let heavy(body) = text(stroke: strong-stroke, body)
#show strong: it => heavy(it.body)
#show heading: set par(first-line-indent: 0em, justify: false)
#show heading: set text(weight: "regular", stroke: strong-stroke)
#show heading.where(level: 1): set text(size: 14pt)
#show heading.where(level: 1): set block(above: 1.7em, below: 1em)
#show heading.where(level: 2): set text(size: 11.5pt)
#show heading.where(level: 2): set block(above: 1.4em, below: 0.9em)
#let summary(body) = align(center, body)
#let cover(body) = { body; pagebreak(weak: true) }
#let annex(body) = { pagebreak(weak: true); body }
#let note(body) = block(above: 0.9em, below: 1.1em, { set text(size: 9pt, fill: luma(60)); set par(first-line-indent: 0em, leading: 0.6em, spacing: 0.6em); body })
#let footing(body) = { v(1fr); line(length: 100%, stroke: 0.5pt); v(-0.5em); note(body) }
#set figure(numbering: none, supplement: none, gap: 0.7em)
#show figure: set block(above: 1.4em, below: 1.6em)
#show figure.where(kind: table): set block(breakable: true)
#show figure.where(kind: table): set figure.caption(position: top)
#show figure.caption: it => block(sticky: true, { set par(first-line-indent: 0em, justify: false); set align(center); text(size: 10pt, stroke: strong-stroke, it.body) })
#set table(stroke: none, inset: (x: 3pt, y: 3.6pt))
#set table.hline(stroke: 0.5pt)
#show table: set text(size: 9pt, hyphenate: true)
#show table: set par(justify: false, leading: 0.5em, first-line-indent: 0em)
#show table.cell.where(y: 0): set text(stroke: strong-stroke)
#show table: it => block(stroke: (top: 0.9pt, bottom: 0.9pt), breakable: true, it)
#show regex("[\w/.:=+%&?-]{24,}"): it => it.text.clusters().join(sym.zws)
#align(center, block(above: 0em, below: 1.4em, { set par(first-line-indent: 0em, justify: false); text(size: 18pt, stroke: strong-stroke)[$title$] }))
$body$
"""


def write(body: str, title: str, language: str) -> bytes:
    """The PDF's bytes.

    Raises
    ------
    WorkError
        On any warning of typst: a missing character only warns, and is lost in the file.
    """
    import typst

    body = re.sub(r'background-color:(#[0-9a-f]{6})"', r'" data-typst:fill="rgb(&quot;\1&quot;)"', body)
    body = body.replace('<table class="dense">', '<table class="dense" data-typst:text:size="7.5pt">')
    options = ["-t", "typst", "-s", "--template=memo.typ", *(["-V", "chinese"] if language == "zh" else [])]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = pandoc.convert(body, folder, *options, files={"memo.typ": _TEMPLATE.encode()})
        (folder / "main.typ").write_bytes(source)
        try:
            pdf, warnings = typst.compile_with_warnings(
                folder / "main.typ",
                root=folder,
                font_paths=[fonts.chinese_font().parent],
                ignore_system_fonts=True,
                timestamp=datetime.fromtimestamp(pandoc.EPOCH, UTC),
            )
        except typst.TypstError as error:
            raise WorkError(say(zh="PDF 未能生成：{why}", en="the PDF could not be made: {why}", why=error)) from error
    if warnings:
        why = "; ".join(str(warning.message) for warning in warnings)
        raise WorkError(say(zh="PDF 排版有警告：{why}", en="typst warned while setting the PDF: {why}", why=why))
    return pdf
