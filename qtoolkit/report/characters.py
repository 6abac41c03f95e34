"""Characters of a case that the memo's font lacks, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtoolkit.inputs.case import Case
from qtoolkit.language import Text, same
from qtoolkit.report import fonts
from qtoolkit.report.wording import phrase


def lacking(case: Case) -> Text | None:
    """One sentence that names the characters of scheme and data that the font lacks, each with a
    place; None without any.

    HTML and DOCX keep them and show them with a font of the reader's machine; the PDF and the
    figures cannot.
    """
    places = found(case)
    return phrase("lacking", {}, places, fonts.INSTEAD) if places else None


def found(case: Case) -> list[dict[str, Any]]:
    """The characters that the font lacks by the place where each comes first: rows of place (a
    "unit", an "indicator", a key of the "scheme", a "column"), its name, characters, codes."""
    reported: set[str] = set()
    rows: dict[tuple[str, str | Text], list[str]] = {}
    for where, text in _texts(case):
        fresh = sorted(fonts.lacking(text) - reported)
        reported.update(fresh)
        if fresh:
            rows.setdefault(where, []).extend(fresh)
    return [
        {
            "place": place,
            "name": name,
            "characters": characters,
            "codes": list(map(fonts.code, characters)),
        }
        for (place, name), characters in rows.items()
    ]


def _texts(case: Case) -> Iterator[tuple[tuple[str, str | Text], str]]:
    """Every text that the memo may show, with its place."""
    table, scheme = case.table, case.scheme
    for name, label in zip(table.units, table.labels, strict=True):
        yield from ((("unit", label), text) for text in (name, label.zh, label.en))
    for label in table.excluded:
        yield ("unit", label), label.zh + label.en
    yield from _of_panels(case)
    for node in scheme.nodes:
        strings = _strings(node.model_dump(exclude={"children"}))
        yield from ((("indicator", node.id), text) for text in strings)
    for key, value in scheme.model_dump(exclude={"indicators"}).items():
        yield from ((("scheme", key), text) for text in _strings(value))
    for frame in (table.covariates, table.remarks):
        for column in frame:
            texts = (text for text in frame[column] if isinstance(text, str))
            yield from ((("column", column), text) for text in texts)


def _of_panels(case: Case) -> Iterator[tuple[tuple[str, str | Text], str]]:
    """The texts of units that a screen left out, and of assessors."""
    for one in case.table.screened:
        yield ("unit", one.unit), one.unit.zh + one.unit.en + (one.why or "")
    if case.ratings is None:
        return
    named = [*case.ratings.frame["assessor"], *case.ratings.frame["group"]]
    for name in dict.fromkeys([*named, *case.ratings.votes["voter"]]):
        yield ("assessor", same(str(name))), str(name)


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
