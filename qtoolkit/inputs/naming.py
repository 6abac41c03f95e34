"""Indicators as people call them: by id, or by name in either language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qtoolkit.errors import clip, nearest
from qtoolkit.inputs.headers import ids_by_name
from qtoolkit.inputs.numbertext import plain_text
from qtoolkit.inputs.slips.names import plain_name
from qtoolkit.language import Text, listing, say

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Indicator


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

    def __init__(self, nodes: Iterable[Indicator]):
        parts = [(node.id, node.name.zh, node.name.en) for node in nodes]
        self._ids = ids_by_name(parts)
        self._plain: dict[str, list[str]] = {}
        for name, ids in self._ids.items():
            known = self._plain.setdefault(plain_name(name), [])
            known += [id for id in ids if id not in known]

    @property
    def known(self) -> list[str]:
        """All that something may be called."""
        return list(self._ids)

    def ids(self, name: Any) -> list[str]:
        """The ids that a name may mean: none is unknown, several are ambiguous."""
        text = plain_text(name)
        return self._ids.get(text) or self._plain.get(plain_name(text), [])

    def complaint(self, name: Any) -> Text | None:
        """Why a name means no one indicator; None where it does."""
        ids = self.ids(name)
        if len(ids) == 1:
            return None
        if not ids:
            return say(
                zh="没有指标“{name}”{hint}",
                en="no indicator “{name}”{hint}",
                name=clip(name),
                hint=nearest(plain_text(name), self._ids),
            )
        return say(
            zh="“{name}”可指{n}项指标（{ids}），请写编号",
            en="“{name}” may be any of {n} indicators ({ids}): write the id",
            name=clip(name),
            n=len(ids),
            ids=listing(ids),
        )
