"""Text that exists in Chinese and in English, side by side.

Every sentence that a user sees is made by :func:`say`, which takes both wordings with the same
placeholders, so that neither language can be forgotten and both carry the same numbers.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True)
class Text:
    """One piece of text in both languages.

    >>> Text("甲市", "City A").of("en")
    'City A'
    """

    zh: str
    en: str

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (read by pydantic when a model has a Text field)

    def of(self, language: str) -> str:
        """The wording in `language`, "zh" or "en"."""
        return self.en if language == "en" else self.zh

    def __str__(self) -> str:
        return self.zh if self.zh == self.en else f"{self.zh} / {self.en}"


def settled(value: Any) -> Any:
    """A float without its last bits, which depend on the processor: they must not decide how a half
    is rounded or whether a zero has a sign. Anything else as it is.

    >>> settled(0.1 + 0.2), settled(-1e-17), settled(7)
    (0.3, 0.0, 7)
    """
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    size = abs(value)
    if size < 1e-8:
        return value if size > 1e-12 else 0.0
    return float(format(value, ".11f" if size < 10 else ".12g"))


def in_print(value: float, spec: str) -> str:
    """A number as tables, figures and sentences print it: with a true minus sign, and without a
    sign where nothing but zeros is shown.

    >>> (
    ...     in_print(-1.26, "+.1f"),
    ...     in_print(-0.001, "+.2f"),
    ...     in_print(0, "+g"),
    ...     in_print(-0.0004, ".1%"),
    ... )
    ('−1.3', '0.00', '0', '0.0%')
    """
    text = format(settled(value), spec).replace("-", "−")
    return text[1:] if re.fullmatch("[+−]0[.0]*%?", text) else text


class _Fill(string.Formatter):
    """`str.format` that also knows texts in two languages, lists of them, and `{n:unit|units}` or
    `{x:g|point|points}` for English plurals."""

    def __init__(self, language: str):
        self.language = language

    def format_field(self, value: Any, spec: str) -> str:
        return filled(value, spec, self.language)


def filled(value: Any, spec: str, language: str) -> str:
    """A value as a sentence holds it: a text in the language, anything else by its format, which
    may end in the singular and the plural of the word behind the number.

    >>> filled(1, "|unit|units", "en"), filled(-0.5, "+.1f", "zh"), filled(1200, ",", "zh")
    ('1 unit', '−0.5', '1,200')
    """
    if isinstance(value, Text):
        return value.of(language)
    if "|" in spec:
        *form, one, many = spec.split("|")
        number = filled(value, form[0] if form else "", language)
        return f"{number} {one if value == 1 else many}"
    if spec[-1:] in SIGNED:
        return in_print(value, spec)
    return format(settled(value) if spec else value, spec)


SIGNED = ("f", "%")
"""Kinds of format whose results are printed with the minus sign of the tables; others may repeat
what a user typed."""


def say(*, zh: str, en: str, **values: Any) -> Text:
    """One sentence in both languages, filled with the same values.

    Parameters
    ----------
    zh, en : str
        The two wordings, format strings with the same placeholders. A placeholder `{n:unit|units}`
        writes the number and chooses the English singular or plural; `{x:g|point|points}` gives the
        number a format.
    **values
        Numbers, strings, or :class:`Text`, which is filled in in its own language.

    >>> s = say(zh="{grade}级{n}家。", en="{n:unit|units} in grade {grade}.", grade="A", n=1)
    >>> s.of("zh"), s.of("en")
    ('A级1家。', '1 unit in grade A.')
    """
    return Text(_Fill("zh").vformat(zh, (), values), _Fill("en").vformat(en, (), values))


def listing(items: Iterable[Text | str], most: int | None = None) -> Text:
    """Items joined as each language joins them; beyond `most` items the rest is counted.

    >>> listing([Text("甲", "A"), Text("乙", "B")]).of("zh")
    '甲、乙'
    """
    texts = [item if isinstance(item, Text) else Text(str(item), str(item)) for item in items]
    shown = texts if most is None else texts[:most]
    text = Text("、".join(item.zh for item in shown), ", ".join(item.en for item in shown))
    if len(shown) == len(texts):
        return text
    return say(zh="{shown}等{n}项", en="{shown} and so on ({n} in all)", shown=text, n=len(texts))


def same(text: str) -> Text:
    """A text that is written alike in both languages, such as an identifier."""
    return Text(text, text)
