"""The tables that parameters name, wherever in them: a history of grades, a region's weights, the
judgements of experts.

A table's role is the key that names it, its parts joined by points, parts of lists counted from 1:
"history", "region.hull", "judgements.2.file".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtoolkit.inputs.sheets import is_table

OF_THE_SCHEME = ("region", "judgements")
"""Parameters whose tables are about indicators; those of others may be about units."""


def tables_in(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The tables that parameters name, by role.

    >>> tables_in({"draws": 9, "region": {"hull": "w.csv"}, "judgements": ["a.xlsx"]})
    {'region.hull': 'w.csv', 'judgements.1': 'a.xlsx'}
    """
    found: dict[str, str] = {}

    def remember(role: str, name: str) -> str:
        found[role] = name
        return name

    renamed(parameters, remember)
    return found


def renamed(value: Any, name_of: Callable[[str, str], str], role: str = "") -> Any:
    """A value in which each table's name is what `name_of(role, name)` says.

    >>> renamed({"region": {"hull": "a/w.csv"}}, lambda role, name: "w.csv")
    {'region': {'hull': 'w.csv'}}
    """
    start = f"{role}." if role else ""
    if isinstance(value, Mapping):
        return {key: renamed(part, name_of, f"{start}{key}") for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [renamed(part, name_of, f"{start}{i}") for i, part in enumerate(value, 1)]
    return name_of(role, value) if is_table(value) else value
