"""How a result looks where a cell of a notebook ends with it: one line as text, a card as HTML.

A card says what the object is, its sizes, the rows of its main table that matter, and by which
names its tables are to be had. Colours are those of JupyterLab's theme, light or dark.
"""

from __future__ import annotations

import html
import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

import pandas as pd

from qtoolkit.errors import InputError, one_of, unexpected
from qtoolkit.language import LANGUAGES, Text, in_print, say, settled
from qtoolkit.lines import lines_said

ROWS, COLUMNS = 10, 12  # of a table on a card
_spoken = ["zh"]  # the language of cards, the last that was asked for


def speak(language: str) -> None:
    """The language of the cards from now on, "zh" or "en"."""
    if language not in LANGUAGES:
        raise InputError(unexpected(language, one_of(LANGUAGES), "language"))
    _spoken[0] = language


def spoken() -> str:
    """The language of the cards."""
    return _spoken[0]


@dataclass(frozen=True)
class Card:
    """What is shown of an object.

    kind : what it is
    brief : the rest of its one line of text, in plain characters
    facts : what it is called and how much, in words
    frame : the rows that matter of its main table
    whole : how many rows that table has
    name : the attribute that holds it
    others : attributes that hold other tables
    """

    kind: Text
    brief: str = ""
    facts: Sequence[Text] = ()
    frame: pd.DataFrame | None = None
    whole: int = 0
    name: str = ""
    others: Sequence[str] = ()

    def html(self, language: str) -> str:
        """The card as HTML; what stands in it is text alone."""
        parts = [f"<strong>{html.escape(self.kind.of(language))}</strong>"]
        if self.facts:
            said = "".join(f"<li>{html.escape(fact.of(language))}</li>" for fact in self.facts)
            parts.append(f"<ul>{said}</ul>")
        if self.frame is not None and len(self.frame):
            parts.append(_table(self.frame, _caption(self).of(language), language))
        if self.others:
            named = ", ".join(f"<code>.{html.escape(name)}</code>" for name in self.others)
            more = Text("其他表：", "Other tables: ").of(language)
            parts.append(f"<div>{more}{named}</div>")
        return f'<style>{_STYLE}</style><div class="qtoolkit-card">{"".join(parts)}</div>'


_STYLE = (
    ".qtoolkit-card{color:var(--jp-content-font-color1,inherit);line-height:1.5;max-width:60em}"
    ".qtoolkit-card ul{margin:.3em 0;padding-left:1.4em}"
    ".qtoolkit-card table{border-collapse:collapse;margin:.4em 0}"
    ".qtoolkit-card caption{text-align:left;padding:.2em 0}"
    ".qtoolkit-card th,.qtoolkit-card td{background:transparent;color:inherit;padding:.15em .6em;"
    "border-bottom:1px solid var(--jp-border-color2,#999)}"
)


SYNTHETIC = Text("模拟数据", "synthetic data")


def sizes(units: int | None, leaves: int, total: float) -> Text:
    """How many units and indicators, and the points of all."""
    if units is None:
        return say(
            zh="指标{d}项，总分{total:g}分",
            en="{d:indicator|indicators}, {total:g} points in all",
            d=leaves,
            total=total,
        )
    return say(
        zh="考核对象{n}家，指标{d}项，总分{total:g}分",
        en="{n:unit|units}, {d:indicator|indicators}, {total:g} points in all",
        n=units,
        d=leaves,
        total=total,
    )


class Shown:
    """What an object shows of itself in a notebook: a mixin for dataclasses that hold tables, which
    are declared with `repr=False`.

    `card_title` says what it is, `card_table` names the attribute with its main table, `card_more`
    attributes with others beside those that are fields.
    """

    card_title: ClassVar[Text]
    card_table: ClassVar[str] = "table"
    card_more: ClassVar[tuple[str, ...]] = ()

    def card(self) -> Card:
        """What is shown of the object."""
        frame = pd.DataFrame(getattr(self, self.card_table))
        held = _fields(self)
        tables = [
            name for name, value in held.items() if isinstance(value, pd.DataFrame | pd.Series)
        ]
        others = [name for name in (*tables, *self.card_more) if name != self.card_table]
        numbers_ = {
            name: value
            for name, value in held.items()
            if isinstance(value, numbers.Real | str) and not name.startswith("_")
        }
        brief = ", ".join(f"{name}={_cell(value, 'en')}" for name, value in numbers_.items())
        shape = "×".join(map(str, frame.shape))
        facts = [say(zh="{name}：{x}", en="{name}: {x}", name=name, x=_both(value))
                 for name, value in numbers_.items()]  # fmt: skip
        facts += [value for value in held.values() if isinstance(value, Text)]
        said = lines_said(getattr(self, "lines", None))
        brief = ", ".join([*([brief] if brief else []), *(text.en for text in said)])
        return Card(
            self.card_title,
            f"{self.card_table} {shape}" + (f", {brief}" if brief else ""),
            [*facts, *said],
            self.rows_that_matter(frame).head(ROWS),
            len(frame),
            self.card_table,
            others,
        )

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the main table, those first that matter most; as they stand unless a class
        knows better."""
        return frame

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.card().brief}>"

    def _repr_html_(self) -> str:
        return self.card().html(spoken())


def _fields(shown: Any) -> dict[str, Any]:
    """What is said one by one; how lines go is said in words."""
    names = [f.name for f in fields(shown) if f.repr] if is_dataclass(shown) else []
    names = [name for name in names if name != "lines"]
    return {name: getattr(shown, name) for name in names}


def _both(value: Any) -> Text:
    return Text(_cell(value, "zh"), _cell(value, "en"))


def _cell(value: Any, language: str) -> str:
    """A cell as people read it; numbers to four figures."""
    if isinstance(value, Text):
        return value.of(language)
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return Text("是", "yes").of(language) if value else Text("否", "no").of(language)
    if isinstance(value, numbers.Real):
        return _number(float(value))
    if value is None or value is pd.NA or value is pd.NaT:
        return "—"
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _number(number: float) -> str:
    if math.isnan(number):
        return "—"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if settled(number) % 1 == 0:
        return in_print(number, ".0f")
    return in_print(number, ".4g" if abs(number) < 10 else ".2f")


def _caption(card: Card) -> Text:
    shown = len(card.frame) if card.frame is not None else 0
    if shown == card.whole:
        return say(zh="全表：.{name}", en="The table: .{name}", name=card.name)
    return say(
        zh="共{n}行，此处列{k}行；全表：.{name}",
        en="{k} of {n} rows; the whole table: .{name}",
        n=card.whole,
        k=shown,
        name=card.name,
    )


def _table(frame: pd.DataFrame, caption: str, language: str) -> str:
    """A table of a card: headings with their scope, numbers to the right."""
    columns = list(frame.columns[:COLUMNS])
    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in columns]
    align = ["right" if right else "left" for right in numeric]
    cut = len(columns) < len(frame.columns)
    head = "".join(
        f'<th scope="col" style="text-align:{side}">{html.escape(_cell(name, language))}</th>'
        for name, side in zip(columns, align, strict=True)
    )
    corner = html.escape(str(frame.index.name or ""))
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{html.escape(_cell(index, language))}</th>'
        + "".join(
            f'<td style="text-align:{side}">{html.escape(_cell(value, language))}</td>'
            for value, side in zip(row, align, strict=True)
        )
        + ("<td>…</td>" if cut else "")
        + "</tr>"
        for index, row in zip(
            frame.index, frame[columns].itertuples(index=False, name=None), strict=True
        )
    )
    more = '<th scope="col">…</th>' if cut else ""
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>"
        f'<th scope="col" style="text-align:left">{corner}</th>{head}{more}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
