"""The memo: blocks of several notebooks gathered by chapter into one document, which is written in
every format."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtoolkit.errors import InputError, WorkError, nearest
from qtoolkit.language import Text, say
from qtoolkit.report.blocks import Paragraph, payload
from qtoolkit.report.chapters import ELSEWHERE, REPORTS
from qtoolkit.report.document import (
    Caption,
    Chapter,
    Document,
    Figure,
    Paragraphs,
    Piece,
    Section,
)
from qtoolkit.report.layout import one_line, tables_of
from qtoolkit.report.writers import typeset, web, word

WRITERS = {"html": web.write, "docx": word.write, "pdf": typeset.write}
_CHAPTER, _SECTION = Text("{n}、{name}", "{n}. {name}"), Text("（{n}）{name}", "({n}) {name}")
_ANNEX, _CONTINUED = Text("附件{n}　{name}", "Annex {n}. {name}"), Text("（续）", " (continued)")
_TABLE, _CHART = Text("表", "Table "), Text("图", "Figure ")
_NUMBERED = Text("　{name}", ". {name}")
_ROMAN = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX".split()


def render(
    document: Document,
    folder: Path | str,
    stem: str,
    formats: Sequence[str] = ("html", "docx", "pdf"),
) -> list[Path]:
    """Write the memo made by :func:`compose` as `folder/stem.html`, `.docx`, `.pdf`; return the
    paths.

    The same input gives the same bytes. Neither the network nor a font of the machine is used.

    Raises
    ------
    WorkError
        If typst fails or warns.
    """
    paths = [Path(folder, f"{stem}.{name}") for name in formats]
    for name, path in zip(formats, paths, strict=True):
        path.write_bytes(WRITERS[name](document))
    return paths


def compose(
    blocks: Iterable[Mapping[str, Any]],
    title: str,
    footer: Sequence[str],
    language: str,
    pictures: Mapping[str, bytes],
    empty: Mapping[str, Text] | None = None,
    report: str = "assessment",
) -> Document:
    """The memo as a document, with the same numbers in both languages.

    Parameters
    ----------
    blocks
        Payloads (see `qtoolkit.report.blocks.payload`) in document order, from one notebook or
        several. Those without a chapter are left out; the others are gathered in the order of the
        chapters, whose numbers are always the same in the memo on an assessment, and in the
        other reports without gaps.
    title
        The title, in `language`.
    footer
        Lines at the bottom of page one, which holds the title and the summary alone.
    language
        "zh" or "en".
    pictures
        PNG bytes of each chart, by the chart's name.
    empty
        By the keys of chapters: why there is nothing to say, which stands there where no block
        does. A chapter with neither is left out.
    report
        "assessment", "award" or "verification": whose chapters; blocks for chapters that it does
        not have are left out.

    Raises
    ------
    InputError
        A block goes to a chapter that no memo has.
    WorkError
        The picture of a chart is missing.
    """
    by_chapter = _by_chapter(blocks, report)
    footing = [
        *footer,
        *(block["text"] for block in by_chapter.get("summary", []) if _is_footer(block)),
    ]
    silent = {name: why for name, why in (empty or {}).items() if name not in by_chapter}
    by_chapter |= {name: [payload(Paragraph(why, name), language)] for name, why in silent.items()}
    numbers = _Numbers(language, pictures)
    chapters_of, annexes_of = REPORTS[report]
    titles = {name: title.of(language) for name, title in (chapters_of | annexes_of).items()}
    chapters = [
        Chapter(
            name,
            kind,
            heading,
            tuple(_sections(by_chapter[name], titles[name], language, numbers)),
        )
        for name, kind, heading in _headings(by_chapter, language, report)
    ]
    return Document(
        title=one_line(title),
        language=language,
        footing=tuple(map(one_line, footing)),
        chapters=tuple(_on_pages(chapters, silent, has_cover=bool(footing))),
        pictures=pictures,
    )


def _by_chapter(
    blocks: Iterable[Mapping[str, Any]], report: str
) -> dict[str | None, list[Mapping[str, Any]]]:
    """The blocks of each chapter, in their places; those of the notebook alone under None."""
    chapters: dict[str | None, list[Mapping[str, Any]]] = {}
    known = {name for titles in REPORTS.values() for names in titles for name in names}
    known |= {name for places in ELSEWHERE.values() for name in places}
    for block in blocks:
        name = ELSEWHERE[report].get(block["chapter"], block["chapter"])
        if name is not None and name not in known:
            text = say(
                zh="报告没有“{name}”一章{hint}",
                en="the memo has no chapter “{name}”{hint}",
                name=name,
                hint=nearest(name, known),
            )
            raise InputError(text)
        chapters.setdefault(name, []).append(block)
    for group in chapters.values():
        group.sort(key=lambda block: block.get("place", 0))
    return chapters


def _headings(
    present: Iterable[str | None], language: str, report: str
) -> Iterator[tuple[str, Any, str]]:
    """(key, kind, numbered heading) of the chapters and annexes that are there, in order."""
    present, (chapters, annexes) = set(present), REPORTS[report]
    if report != "assessment":  # of the others, chapters that are not asked for have no number
        chapters, annexes = (
            {name: title for name, title in titles.items() if name in present}
            for titles in (chapters, annexes)
        )
    for n, (name, title) in enumerate(chapters.items()):
        if name not in present:
            continue
        if name == "summary":
            yield name, "summary", title.of(language)
            continue
        number = _chinese(n) if language == "zh" else _ROMAN[n - 1]
        yield name, "chapter", _CHAPTER.of(language).format(n=number, name=title.of(language))
    for n, (name, title) in enumerate(annexes.items(), 1):
        if name in present:
            yield name, "annex", _ANNEX.of(language).format(n=n, name=title.of(language))


def _on_pages(
    chapters: Sequence[Chapter], silent: Collection[str], has_cover: bool
) -> Iterator[Chapter]:
    """The chapters, and whether each begins on a new page: the first after page one, and each
    annex but the one that follows an annex of one sentence."""
    before: Chapter | None = None
    for chapter in chapters:
        if chapter.kind == "annex":
            after_sentence = before is not None and before.kind == "annex" and before.key in silent
            opens = not after_sentence
        else:
            after_cover = has_cover if before is None else before.kind == "summary"
            opens = chapter.kind == "chapter" and after_cover
        yield replace(chapter, opens_page=opens)
        before = chapter


def _is_footer(block: Mapping[str, Any]) -> bool:
    """Whether a block goes to the bottom of page one."""
    return block.get("style") == "footer"


def _sections(
    blocks: Sequence[Mapping[str, Any]], title: str, language: str, numbers: _Numbers
) -> Iterator[Section]:
    """A chapter's blocks by section. A section goes on until another heading; alone in its chapter
    it has no number, and no heading where that repeats the chapter's title."""
    blocks = [block for block in blocks if not _is_footer(block)]
    groups: list[tuple[str | None, list[Mapping[str, Any]]]] = []
    for block in blocks:
        new = block["heading"]
        if not groups or (new and new != groups[-1][0]):
            groups.append((new or None, []))
        groups[-1][1].append(block)
    alone = sum(heading is not None for heading, _ in groups) == 1
    count = itertools.count(1)
    for heading, group in groups:
        if heading and not alone:
            heading = _numbered(heading, next(count), language)
        elif heading == title:
            heading = None
        pieces = tuple(_pieces(group, language, numbers))
        yield Section(one_line(heading) if heading else None, pieces)


def _numbered(heading: str, n: int, language: str) -> str:
    """The title of the n-th section of a chapter: (一), or (a) to (z), (aa) and on."""
    number = _chinese(n) if language == "zh" else chr(97 + (n - 1) % 26) * ((n + 25) // 26)
    return _SECTION.of(language).format(n=number, name=heading)


def _pieces(
    blocks: Sequence[Mapping[str, Any]], language: str, numbers: _Numbers
) -> Iterator[Piece]:
    """The pieces of a section: paragraphs, lists and notes, tables, figures."""
    for kind, run in itertools.groupby(blocks, lambda b: b.get("style", b["kind"])):
        if kind == "table":
            for block in run:
                yield from numbers.tables(block)
        elif kind == "chart":
            yield from map(numbers.figure, run)
        else:
            texts = tuple(_text(block, language) for block in run)
            # an item alone in its list has no bullet
            yield Paragraphs("text" if kind == "item" and len(texts) == 1 else kind, texts)


def _text(block: Mapping[str, Any], language: str) -> str:
    """A paragraph's text, with where the rest of it stands."""
    gap = "" if language == "zh" else " "
    return one_line(gap.join(text for text in (block["text"], block.get("see")) if text))


class _Numbers:
    """Tables and figures as they are numbered through the memo."""

    def __init__(self, language: str, pictures: Mapping[str, bytes]):
        self.language, self.pictures = language, pictures
        self.table, self.chart = itertools.count(1), itertools.count(1)

    def tables(self, block: Mapping[str, Any]) -> Iterator[Piece]:
        """The tables that a block takes, and the note below it."""
        after = _NUMBERED.of(self.language).format(name=one_line(block["caption"]))
        caption = Caption(_TABLE.of(self.language), next(self.table), after)
        yield from tables_of(block, caption, _CONTINUED.of(self.language))
        if block.get("note"):
            yield Paragraphs("note", (one_line(block["note"]),))

    def figure(self, block: Mapping[str, Any]) -> Figure:
        """The figure of a chart."""
        name = block["name"]
        if name not in self.pictures:
            raise WorkError(
                say(
                    zh="缺少图“{name}”的图像",
                    en="the picture of the figure “{name}” is missing",
                    name=name,
                )
            )
        after = _NUMBERED.of(self.language).format(name=one_line(block["caption"]))
        caption = Caption(_CHART.of(self.language), next(self.chart), after)
        return Figure(caption, name, one_line(block["alt"]), block["width"])


def _chinese(n: int) -> str:
    """一, 二, … 九十九: chapters and sections carry no digits, in either language."""
    digits, (tens, ones) = " 一二三四五六七八九", divmod(n, 10)
    return (digits[tens] * (tens > 1) + "十" * (tens > 0) + digits[ones]).strip()
