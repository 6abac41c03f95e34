"""Characters of a case that the memo's font lacks, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtoolkit.inputs.case import Case
from qtoolkit.language import Text, listing, same, say
from qtoolkit.report import fonts

MOST = 5


def lacking(case: Case) -> Text | None:
    """One sentence that names the characters of scheme and data that the font lacks, each with a
    place; None without any.

    HTML and DOCX keep them and show them with a font of the reader's machine; the PDF and the
    figures cannot.
    """
    reported: set[str] = set()
    lacking_by_place: dict[Text, list[str]] = {}
    for place, text in _texts(case):
        fresh = sorted(fonts.lacking(text) - reported)
        reported.update(fresh)
        if fresh:
            lacking_by_place.setdefault(place, []).extend(fresh)
    if not lacking_by_place:
        return None
    marks = [
        say(
            zh="“{characters}”（{codes}，见{place}）",
            en="“{characters}” ({codes}, in {place})",
            characters=same(" ".join(characters)),
            codes=listing([fonts.code(c) for c in characters], most=MOST),
            place=place,
        )
        for place, characters in lacking_by_place.items()
    ]
    return say(
        zh="报告所用字体缺少字符{marks}：PDF 和图中不能显示（PDF 中以“{sign}”代替），HTML 和 DOCX "
        "中保留原字符",
        en="the memo's font lacks {marks}: the PDF and the figures cannot show them (the PDF has "
        "“{sign}” instead), HTML and DOCX keep them",
        sign=same(fonts.INSTEAD),
        marks=listing(marks, most=MOST),
    )


def _texts(case: Case) -> Iterator[tuple[Text, str]]:
    """Every text that the memo may show, with its place."""
    table, scheme = case.table, case.scheme
    for name, label in zip(table.units, table.labels, strict=True):
        place = say(zh="考核对象“{unit}”", en="the unit “{unit}”", unit=label)
        yield from ((place, text) for text in (name, label.zh, label.en))
    for label in table.excluded:
        yield say(zh="考核对象“{unit}”", en="the unit “{unit}”", unit=label), label.zh + label.en
    for node in scheme.nodes:
        place = say(zh="指标“{id}”", en="the indicator “{id}”", id=node.id)
        yield from ((place, text) for text in _strings(node.model_dump(exclude={"children"})))
    for key, value in scheme.model_dump(exclude={"indicators"}).items():
        place = say(zh="方案的 {key}", en="{key} of the scheme", key=key)
        yield from ((place, text) for text in _strings(value))
    for frame in (table.covariates, table.remarks):
        for column in frame:
            place = say(zh="数据的“{column}”列", en="column “{column}” of the data", column=column)
            yield from ((place, text) for text in frame[column] if isinstance(text, str))


def _strings(data: Any) -> Iterator[str]:
    """All text in plain data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Text):
        yield from (data.zh, data.en)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from (*_strings(key), *_strings(value))
    elif isinstance(data, list | tuple):
        for item in data:
            yield from _strings(item)
