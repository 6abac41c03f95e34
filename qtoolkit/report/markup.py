"""The markup of pages of wording, read before anything is filled in.

A page is a file of `pages/`, one for each language. Its lines carry signs:

    @ stability 1      the memo's chapter that takes what follows, and its place there;
                       `@ notebook` is for the notebook alone
    # heading          opens a section before the next piece
    - item             an item of a list; `> note` a note; `_ foot` the foot of page one; a line
                       without a sign is a paragraph
    → see annex        where in the memo the rest of the paragraph before it stands
    [name] caption     a table
    ![name 60%] caption | alternative text     a figure, at that width, in one line or two

A chapter or a heading is one line; a piece goes on to the next blank line, sign, or line that holds
nothing but `{% … %}`. Its lines are joined as the language joins words, with nothing beside a
`{% … %}`. Values stand in `{{ … }}` and choices in `{% … %}`, as in jinja. As each sign has become
a call before a value is filled in, no name can ever become one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

STYLES = {"-": "item", ">": "note", "_": "footer"}
JOINED = {"zh": "", "en": " "}

STATEMENT = r"\{%(?:(?!%\}).)*%\}|\{#(?:(?!#\}).)*#\}"
STATEMENTS = re.compile(rf"(\s*({STATEMENT}))+\s*")  # a line of nothing else
OPENS, CLOSES = (
    re.compile(r"\{%-?\s*(macro|set\s+\w+\s*-?%)"),
    re.compile(r"end(macro|set)\s*-?%\}$"),
)
BEGINS = re.compile(r"[-@#>_→] |!?\[\w+(?: \d+%)?\] ")
MACRO = re.compile(r"\{% macro ")
CHAPTER = re.compile(r"@ (\w+)(?: (\d+))?")
TABLE = re.compile(r"\[(\w+)\] (.+)")
FIGURE = re.compile(r"!\[(\w+)(?: (\d+)%)?\] (.+)")
BAR = re.compile(r" \| (?![^{]*\}\})")  # not one inside {{ … }}


@dataclass
class Piece:
    """A block as one language words it: its kind ("paragraph", "table", "chart"), where it stands,
    and its texts."""

    kind: str
    chapter: str | None
    place: int
    heading: str | None
    text: str
    style: str = "text"
    name: str = ""
    alt: str = ""
    width: float = 1.0
    see: str | None = None

    def shape(self) -> Piece:
        """The piece without its words: what it must have in common with the other language's."""
        return replace(self, text="", alt="", heading=self.heading and "", see=self.see and "")


@dataclass
class Taken:
    """Takes the pieces that a page puts down while it is filled in. All methods return "", as they
    are called where a page prints."""

    pieces: list[Piece] = field(default_factory=list)
    chapter: str | None = None
    place: int = 0
    title: str | None = None
    caption: str = ""

    def at(self, chapter: str, place: int) -> str:
        self.chapter, self.place = (None if chapter == "notebook" else chapter), place
        return ""

    def heading(self, caller: Callable[[], str]) -> str:
        self.title = caller()
        return ""

    def put(self, style: str, caller: Callable[[], str]) -> str:
        return self._add("paragraph", caller(), style=style)

    def see(self, caller: Callable[[], str]) -> str:
        self.pieces[-1].see = caller()
        return ""

    def table(self, name: str, caller: Callable[[], str]) -> str:
        return self._add("table", caller(), name=name)

    def named(self, caller: Callable[[], str]) -> str:
        self.caption = caller()
        return ""

    def chart(self, name: str, width: float, caller: Callable[[], str]) -> str:
        return self._add("chart", self.caption, name=name, alt=caller(), width=width)

    def _add(self, kind: str, text: str, **more: Any) -> str:
        self.pieces.append(Piece(kind, self.chapter, self.place, self.title, text, **more))
        self.title = None
        return ""


def template_of(page: str, language: str) -> str:
    r"""A page as a jinja template, in which signs are calls of :class:`Taken`.

    >>> print(template_of("@ stability\n# Ranks\n- of {{ n }}\nunits", "en"))
    {{ taken.at("stability", 0) }}
    {% call taken.heading() %}Ranks{% endcall %}
    {% call taken.put("item") %}of {{ n }} units{% endcall %}
    """
    lines = list(map(_as_call, _gathered(page, language)))
    macros = [line for line in lines if MACRO.match(line)]  # which must stand before their use
    return "\n".join([*macros, *(line for line in lines if not MACRO.match(line))])


def _gathered(page: str, language: str) -> Iterator[str]:
    """The lines of a page, those of a piece, of a macro or of a text that is set put together."""
    piece: list[str] = []
    macro: list[str] = []
    for line in [*map(str.strip, page.splitlines()), ""]:
        inside = bool(macro) or OPENS.match(line) is not None
        statements = STATEMENTS.fullmatch(line) is not None
        if piece and (inside or statements or not line or BEGINS.match(line)):
            yield _one_line(piece, language)
            piece = []
        if inside:
            macro.append(line)
            if CLOSES.search(line):
                yield _one_line(macro, language)
                macro = []
        elif statements or line.startswith(("@ ", "# ")):
            yield line
        elif line:
            piece.append(line)
    if macro:
        raise ValueError(f"not closed: {macro[0]}")


def _one_line(lines: list[str], language: str) -> str:
    """Lines as one: between two lines of words what joins words in the language, and nothing beside
    a statement."""
    text = lines[0]
    for line in lines[1:]:
        if line.startswith("| "):  # a figure's alternative text
            text += " " + line
            continue
        beside = line.startswith(("{%", "{#")) or text.endswith(("%}", "#}"))
        text += line if beside or not line else JOINED[language] + line
    return text


def _as_call(line: str) -> str:
    sign, _, rest = line.partition(" ")
    if STATEMENTS.fullmatch(line) or OPENS.match(line):
        return line
    if found := CHAPTER.fullmatch(line):
        return f'{{{{ taken.at("{found[1]}", {found[2] or 0}) }}}}'
    if found := TABLE.fullmatch(line):
        return _call(f'table("{found[1]}")', found[2])
    if found := FIGURE.fullmatch(line):
        caption, alt = BAR.split(found[3])
        width = int(found[2] or 100) / 100
        return _call("named()", caption) + _call(f'chart("{found[1]}", {width})', alt)
    if sign in ("#", "→"):
        return _call("heading()" if sign == "#" else "see()", rest)
    if sign in STYLES:
        return _call(f'put("{STYLES[sign]}")', rest)
    return _call('put("text")', line)


def _call(what: str, text: str) -> str:
    return f"{{% call taken.{what} %}}{text}{{% endcall %}}"
