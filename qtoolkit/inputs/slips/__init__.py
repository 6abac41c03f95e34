"""Slips of the hand in a table: what each check of `checks.py` finds, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtoolkit.inputs.slips import lastyear, rows, values
from qtoolkit.inputs.slips.doubts import Doubt, refused, sort_out
from qtoolkit.inputs.slips.lastyear import itself
from qtoolkit.inputs.slips.names import is_total, name_doubts
from qtoolkit.inputs.slips.search import Search

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Scheme
    from qtoolkit.inputs.table import Table
    from qtoolkit.inputs.tablereader import Reader

__all__ = [
    "Doubt",
    "doubts_of",
    "is_total",
    "itself",
    "name_doubts",
    "refused",
]

# in this order: a cell that one has named is not named again by a later one
CHECKS = (
    rows.sum_rows,
    rows.hidden,
    rows.grades,
    rows.events,
    values.percentages,
    values.fractions,
    values.signs,
    values.sizes,
    values.own_numbers,
)


def doubts_of(
    scheme: Scheme, table: Table, reader: Reader, last: tuple[Scheme, Table] | None = None
) -> tuple[Doubt, ...]:
    """Everything that the checks find in a table; what the scheme takes for an error is raised.

    Raises
    ------
    InputError
        With one sentence for each thing found by a check that the scheme sets to "error".
    """
    search = Search(scheme, table, reader)
    if last is not None:
        lastyear.remember(search, last[1], last[0])
    doubts = list(name_doubts(table.units, reader))
    for check in CHECKS:
        doubts += check(search)
    if last is not None:
        doubts += lastyear.last_year(search, last[1])
    flags = sort_out(doubts, scheme.checks)
    return flags if last is None else (*flags, *lastyear.of_last_year(search, last[1].doubts))
