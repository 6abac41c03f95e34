"""A section of the memo: facts and tables, which a page of wording in each language turns into
blocks.

A chapter's file computes a :class:`Section` and holds no sentence; `pages/` holds the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.inputs.panels import Panel
from qtoolkit.language import LANGUAGES, Text
from qtoolkit.report.blocks import Block, Chart, DataTable, Paragraph
from qtoolkit.report.markup import Piece
from qtoolkit.report.wording import CATALOGUE, Names, Wording, is_wording

RESERVED = frozenset(dir(dict))


def names_of(result: Assessment, before: Assessment | None = None) -> dict[str, Any]:
    """What ids of units (also of those that a screen left out), grades, indicators, stages and
    assessors stand for; with `before`, also those of an earlier
    assessment (unit_before, grade_before, leaf_before)."""
    vetoes = {f"veto:{veto.id}": veto.name for veto in result.scheme.vetoes}
    stages = {stage.id: stage.name for stage in result.scheme.stages}
    screened = {one.unit.zh: one.unit for one in result.table.screened}
    names: dict[str, Any] = {
        "unit": (result.labels | screened).__getitem__,
        "grade": lambda id: result.scheme.grade(id).label,
        "leaf": lambda id: result.scheme.indicator(id).name,
        "veto": vetoes.__getitem__,
        "stage": lambda id: stages.get(id, Text("评分", "Marks")),
        "assessor": (result.scheme.panel or Panel()).label,
    }
    if before is not None:
        names |= {f"{kind}_before": named for kind, named in names_of(before).items()}
    return names


@dataclass(frozen=True)
class Rows:
    """A table with what the catalogue cannot know of it: `order`, positions of rows, of most
    interest first, and `evidence`, what it proves (see :class:`DataTable`)."""

    frame: pd.DataFrame
    order: Sequence[int] = ()
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Section(Sequence[Block]):
    """A page of wording with what fills it. As a sequence it is the blocks that come out.

    Attributes
    ----------
    page : name in `pages/`, such as "exact/flips"
    names : what ids stand for, see :func:`names_of`
    facts : by name, what the page says: numbers, ids, rows (mappings), names from files (Text)
    tables : by name, the tables of the page, their cells numbers, ids, codes, or Text from files;
        the columns that are shown, with headings and formats, are those of the catalogue
    charts : by name, what draws each figure in a language
    """

    page: str
    names: Names
    facts: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame | Rows] = field(default_factory=dict)
    charts: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        facts = {name: plain(value) for name, value in self.facts.items()}
        object.__setattr__(self, "facts", facts)

    @overload
    def __getitem__(self, index: int) -> Block: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Block]: ...
    def __getitem__(self, index: int | slice) -> Block | Sequence[Block]:
        return self.blocks[index]

    def __len__(self) -> int:
        return len(self.blocks)

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)

    @cached_property
    def blocks(self) -> list[Block]:
        """The page in both languages, piece by piece."""
        words = [Wording(language, self.names) for language in LANGUAGES]
        zh, en = (wording.pieces(self.page, self.facts) for wording in words)
        if [piece.shape() for piece in zh] != [piece.shape() for piece in en]:
            raise ValueError(f"the two languages of {self.page} put down different pieces")
        return [self._block(*pair, words) for pair in zip(zh, en, strict=True)]

    def _block(self, zh: Piece, en: Piece, words: Sequence[Wording]) -> Block:
        text = Text(zh.text, en.text)
        heading = None if zh.heading is None else Text(zh.heading, en.heading or "")
        where: dict[str, Any] = {"chapter": zh.chapter, "heading": heading, "place": zh.place}
        if zh.kind == "paragraph":
            see = None if zh.see is None else Text(zh.see, en.see or "")
            return Paragraph(text, **where, style=zh.style, see=see)
        if zh.kind == "chart":
            alt = Text(zh.alt, en.alt)
            return Chart(zh.name, text, self.charts[zh.name], alt, **where, width=zh.width)
        return self._table(zh.name, text, words, where)

    def _table(
        self, name: str, caption: Text, words: Sequence[Wording], where: Mapping[str, Any]
    ) -> DataTable:
        given = self.tables[name]
        rows = given if isinstance(given, Rows) else Rows(given)
        frame = rows.frame if rows.frame.index.name is None else rows.frame.reset_index()
        look = CATALOGUE["tables"][name]
        columns = _columns(look, frame)
        cells, headings, formats = {}, {}, {}
        for key, (zh, en, kind) in columns.items():
            facts = {**self.facts, "it": key.partition(":")[2]}
            kind, _, number = words[0].line(kind, facts).partition(":")
            titles = zip(words, (zh, en), strict=True)
            headings[key] = Text(*(word.line(title, facts) for word, title in titles))
            cells[key] = _cells(frame[key], kind, words, bool(number))
            if number or (kind and not is_wording(kind)):
                formats[key] = number or kind
        chosen = look.get("chosen")
        return DataTable(
            name,
            caption,
            pd.DataFrame(cells, index=frame.index),
            headings,
            formats,
            **where,
            shade=tuple(key for key in columns if _listed(key, look.get("shade", ()))),
            widths=_widths(look, columns),
            data=not look.get("rules", False),
            order=rows.order,
            chosen=None if chosen is None else Text(*chosen),
            evidence=rows.evidence,
        )


def _columns(look: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Sequence[str]]:
    """The columns that a table shows: (heading in Chinese, in English, kind) by name. Of those that
    the catalogue marks as optional ("class?") or as a family ("to:*"), the ones that are there;
    where it says in_turn, columns of families are in the frame's order."""
    found: dict[str, Sequence[str]] = {}
    for shown in look["show"]:
        key = shown.removesuffix("?")
        entry = look.get(key) or CATALOGUE["columns"][key]
        if key.endswith(":*"):
            found |= {name: entry for name in frame.columns if str(name).startswith(key[:-1])}
        elif key in frame.columns or not shown.endswith("?"):
            found[key] = entry
    if look.get("in_turn"):
        turns = (name for name in frame.columns if ":" in str(name) and name in found)
        found = {name: found[name] for name in [next(turns) if ":" in k else k for k in found]}
    return found


def _listed(key: str, patterns: Sequence[str]) -> bool:
    return key in patterns or f"{key.partition(':')[0]}:*" in patterns


def _widths(look: Mapping[str, Any], columns: Mapping[str, Any]) -> tuple[float, ...]:
    """The relative widths of the columns that are shown."""
    if "widths" not in look:
        return ()
    given = dict(zip((key.removesuffix("?") for key in look["show"]), look["widths"], strict=True))
    return tuple(
        given[key] if key in given else given[f"{key.partition(':')[0]}:*"] for key in columns
    )


def _cells(
    values: pd.Series, kind: str, words: Sequence[Wording], has_numbers: bool = False
) -> pd.Series:
    """A column as its table holds it: numbers as they are, ids and codes in words; of a column of
    words that also has numbers, these as they are."""
    if not is_wording(kind):
        return values if kind else values.astype(object)
    cells = [
        value
        if isinstance(value, Text) or (has_numbers and isinstance(value, float))
        else None
        if is_nothing(value)
        else _worded(value, kind, words)
        for value in values
    ]
    return pd.Series(cells, values.index, dtype=object)


def _worded(value: Any, kind: str, words: Sequence[Wording]) -> Text:
    return Text(*(word.of(kind, value) for word in words))


def is_nothing(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float | np.floating) and value != value)
    )


def plain(value: Any) -> Any:
    """A fact as pages and tests hold it, without types of numpy and pandas: a table is a list of
    its rows, each a mapping (with the index, where that has a name); nothing is None."""
    if isinstance(value, pd.DataFrame):
        named = value if value.index.name is None else value.reset_index()
        rows = named.itertuples(index=False, name=None)
        return [plain(dict(zip(named.columns, row, strict=True))) for row in rows]
    if isinstance(value, Mapping):
        if clash := RESERVED.intersection(value):
            raise ValueError(f"on a page, {clash} of a row would be a method of dict")
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, pd.Index | pd.Series | np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if is_nothing(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
