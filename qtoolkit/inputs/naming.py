"""Indicators and grades as people call them: by id, or by name in either language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from qtoolkit.errors import Complaint, InputError, clip, nearest
from qtoolkit.inputs.numbertext import plain_name, plain_text
from qtoolkit.language import Text, listing, say

V = TypeVar("V")


class Named(Protocol):
    """A part of a scheme: an indicator, a stage, …"""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> Text: ...


class Labelled(Protocol):
    """A grade, whose label is its name, or its id where it has none."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> Text: ...


P = TypeVar("P", Named, Labelled)


class Called:
    """What indicators are called. Spaces, invisible characters, full width and capitals do not
    matter where nothing is called just so.

    >>> from qtoolkit.inputs.scheme import Scheme
    >>> called = Called(Scheme.flat({"brand": 60, "market": 40}, {"A": 90, "B": 0}).leaves)
    >>> called.ids(" Brand "), called.ids("x")
    (['brand'], [])
    >>> called.complaint("brnd").en
    'no indicator “brnd”; did you mean “brand”?'
    """

    one: ClassVar[Text] = Text("指标", "indicator")
    many: ClassVar[Text] = Text("项指标", "indicators")

    def __init__(self, nodes: Iterable[Named]):
        self._know([(node.id, node.name.zh, node.name.en) for node in nodes])

    def _know(self, parts: Sequence[tuple[str, str, str]]) -> None:
        self._ids = ids_by_name(parts)
        self._plain: dict[str, list[str]] = {}
        for name, ids in self._ids.items():
            known = self._plain.setdefault(self._seen(name), [])
            known += [id for id in ids if id not in known]

    def _seen(self, name: str) -> str:
        """What of a name matters."""
        return plain_name(name)

    def _hint(self, name: str) -> Text:
        """What may have been meant."""
        return nearest(name, self._ids)

    @property
    def known(self) -> list[str]:
        """All that something may be called."""
        return list(self._ids)

    def ids(self, name: Any) -> list[str]:
        """The ids that a name may mean: none is unknown, several are ambiguous."""
        text = plain_text(name)
        return self._ids.get(text) or self._plain.get(self._seen(text), [])

    def complaint(self, name: Any) -> Text | None:
        """Why a name means no one of them; None where it does."""
        ids = self.ids(name)
        if len(ids) == 1:
            return None
        if not ids:
            return say(
                zh="没有{one}“{name}”{hint}",
                en="no {one} “{name}”{hint}",
                one=self.one,
                name=clip(name),
                hint=self._hint(plain_text(name)),
            )
        return say(
            zh="“{name}”可指{n}{many}（{ids}），请写编号",
            en="“{name}” may be any of {n} {many} ({ids}): write the id",
            name=clip(name),
            n=len(ids),
            many=self.many,
            ids=listing(ids),
        )


class CalledGrades(Called):
    """What grades are called, with 级 behind it or without.

    >>> from qtoolkit.inputs.scheme import Scheme
    >>> called = CalledGrades(Scheme.flat({"a": 100}, {"A": 90, "B": 0}).grades)
    >>> called.ids("Ａ级"), called.complaint("E").zh
    (['A'], '没有等级“E”，现有A、B')
    """

    one = Text("等级", "grade")
    many = Text("个等级", "grades")

    def __init__(self, grades: Iterable[Labelled]):
        labels = {grade.id: grade.label for grade in grades}
        self._know([(id, label.zh, label.en) for id, label in labels.items()])
        self._labels = listing(labels.values())

    def _seen(self, name: str) -> str:
        plain = plain_name(name)
        return plain.removesuffix("级") or plain

    def _hint(self, name: str) -> Text:
        near = super()._hint(name)
        if near.en:
            return near
        return say(zh="，现有{labels}", en=", there are {labels}", labels=self._labels)


def keyed(
    parts: Sequence[P], given: Mapping[str, V], called: Callable[[Sequence[P]], Called]
) -> dict[str, V]:
    """What is given by id or by name, by id; where all are ids, nothing is looked up.

    Raises
    ------
    InputError
        A name that none of the parts has or several have, and one that is given by id and by name.

    >>> from qtoolkit.inputs.scheme import Scheme
    >>> leaves = Scheme.flat({"brand": 60, "market": 40}, {"A": 90, "B": 0}).leaves
    >>> keyed(leaves, {" Brand": 5}, Called)
    {'brand': 5}
    """
    if given.keys() <= {part.id for part in parts}:
        return dict(given)
    names = called(parts)
    typed: dict[str, str] = {}
    complaints: list[Complaint] = []
    for name in given:
        text = names.complaint(name)
        if text is None:
            first = typed.setdefault(names.ids(name)[0], name)
            text = None if first == name else twice(name, first)
        complaints += [] if text is None else [Complaint(text)]
    if complaints:
        raise InputError(complaints)
    return {id: given[name] for id, name in typed.items()}


def twice(name: str, other: str) -> Text:
    """That two names mean the same."""
    return say(
        zh="“{name}”与“{other}”是同一项，只能写其一",
        en="“{name}” and “{other}” are the same: give one of them",
        name=clip(name),
        other=clip(other),
    )


def ids_by_name(parts: Sequence[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Ids by what people may call them, from (id, names); an id is never another part's name.

    >>> ids_by_name([("a", "品牌", "Brands"), ("b", "标准", "Brands")])["Brands"]
    ['a', 'b']
    """
    ids_of: dict[str, list[str]] = {}
    for id, *names in parts:
        for name in {name.strip() for name in names} - {id}:
            ids_of.setdefault(name, []).append(id)
    return ids_of | {id: [id] for id, *_ in parts}
