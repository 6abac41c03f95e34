"""What fills the pages of wording: facts, names of what ids stand for, words of the catalogue, and
phrases that pages share.

Filters of a page, and kinds of a column: `unit`, `grade`, `leaf` (an id's name in the assessment),
the words of the catalogue (`[words.…]` of `pages/columns.toml`) and the phrases, which are the
macros of `pages/phrases`. Of a page alone: `f` (a number by its format), `down` and `up` (rounded
so that a proven bound stays true), `n` (a number with a word in the singular or plural), `each`
(items through a macro).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import GeneratorType
from typing import Any

import jinja2

from qtoolkit.language import LANGUAGES, Text, filled
from qtoolkit.report.blocks import rounded_towards
from qtoolkit.report.markup import Piece, Taken, template_of

PAGES = Path(__file__).parent / "pages"
CATALOGUE: dict[str, Any] = tomllib.loads((PAGES / "columns.toml").read_text(encoding="utf-8"))
PHRASES = "phrases"
MANY, SOME = 40, 8  # items beyond which a sentence has no room for all, and how many it then names
KINDS = ("unit", "grade", "leaf", "veto", "stage", "assessor", "draft")
NAMES = (*KINDS, *(f"{kind}_before" for kind in KINDS))

Names = Mapping[str, Callable[[Any], Text]]


def title_of(key: str) -> Text:
    """The heading of a common column of the catalogue.

    >>> title_of("unit").en
    'Unit'
    """
    return Text(*CATALOGUE["columns"][key][:2])


def label_of(key: str, language: str, **values: Any) -> str:
    """What stands in a figure, by its name in `[labels]` of the catalogue.

    >>> label_of("units_by_score", "en", n=400)
    'units (400, by score)'
    """
    return str(CATALOGUE["labels"][key][LANGUAGES.index(language)]).format(**values)


@cache
def sources() -> dict[str, str]:
    """The pages of this package by name and language, such as "exact/flips.zh"; no other file is
    ever read."""
    return {
        path.relative_to(PAGES).as_posix().removesuffix(".jinja"): path.read_text(encoding="utf-8")
        for path in sorted(PAGES.rglob("*.jinja"))
    }


@cache
def phrases() -> tuple[str, ...]:
    """The names of the shared phrases."""
    return tuple(re.findall(r"\{% macro (\w+)", sources()[f"{PHRASES}.zh"]))


def is_wording(kind: str) -> bool:
    """Whether a column's kind is a way of wording, and no format of a number."""
    return kind in NAMES or kind in CATALOGUE["words"] or kind in phrases()


class Wording:
    """The words of one language about one assessment.

    Parameters
    ----------
    language : "zh" or "en"
    names : by :data:`NAMES`, what gives the Text that an id stands for
    """

    def __init__(self, language: str, names: Names):
        self.language, self.names = language, names
        self._environment = environment(language)
        page = self._environment.get_template(f"{PHRASES}.{language}")
        self._given = {"words": self}
        self._phrases = page.make_module(self._given)

    def pieces(self, page: str, facts: Mapping[str, Any]) -> list[Piece]:
        """A page filled with facts."""
        taken = Taken()
        template = self._environment.get_template(f"{page}.{self.language}")
        stray = template.render(self._given, taken=taken, **facts).strip()
        if stray:
            raise ValueError(f"{page}.{self.language}: words outside of pieces: {stray}")
        return taken.pieces

    def line(self, wording: str, facts: Mapping[str, Any]) -> str:
        """A wording of the catalogue, in which facts may stand."""
        if "{" not in wording:
            return wording
        return _template(wording, self.language).render(self._given, **facts)

    def of(self, kind: str, *values: Any) -> str:
        """A value in words: a name, words of the catalogue, or a phrase."""
        if kind in NAMES:
            return self.names[kind](*values).of(self.language)
        if kind in CATALOGUE["words"]:
            return Text(*CATALOGUE["words"][kind][values[0]]).of(self.language)
        return getattr(self._phrases, kind)(*values).strip()


def phrase(kind: str, names: Names, *values: Any) -> Text:
    """A value in words, in both languages."""
    return Text(*(Wording(language, names).of(kind, *values) for language in LANGUAGES))


class _Pages(jinja2.BaseLoader):
    """The pages of this package."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        if template not in sources():
            raise jinja2.TemplateNotFound(template)
        language = template.rpartition(".")[2]
        return template_of(sources()[template], language), template, lambda: True


@cache
def environment(language: str) -> jinja2.Environment:
    """What the pages of a language are filled in."""
    made = jinja2.Environment(
        loader=_Pages(),
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: _printed(value, language),
        autoescape=False,  # what a page puts down is plain text, in which nothing is markup
    )
    made.filters |= {
        "f": lambda value, spec: filled(value, spec, language),
        "n": lambda value, one, many, spec="": filled(value, f"{spec}|{one}|{many}", language),
        "down": lambda value, spec=".2f": rounded_towards(value, spec, "↓"),
        "up": lambda value, spec=".2f": rounded_towards(value, spec, "↑"),
        "joined": lambda items, sign: sign.join(str(_printed(item, language)) for item in items),
        "sentence": lambda text: text[:1].upper() + text[1:],
        "each": lambda items, macro: [macro(item).strip() for item in items],
    }
    made.globals |= {"MANY": MANY, "SOME": SOME}
    made.filters |= {kind: _filter(kind) for kind in (*NAMES, *CATALOGUE["words"], *phrases())}
    return made


@cache
def _template(wording: str, language: str) -> jinja2.Template:
    return environment(language).from_string(wording)


def _printed(value: Any, language: str) -> Any:
    """What `{{ … }}` writes: a text in the language, a word, a whole number; a fraction must say
    how it is printed."""
    if isinstance(value, Text):
        return value.of(language)
    if value is None or isinstance(value, float | bool):
        raise TypeError(f"{value!r} stands on a page without a format")
    return value


def _filter(kind: str) -> Callable[..., str]:
    @jinja2.pass_context
    def worded(context: jinja2.runtime.Context, *values: Any) -> str:
        given = [list(v) if isinstance(v, GeneratorType) else v for v in values]  # of `map`
        return context["words"].of(kind, *given)

    return worded
