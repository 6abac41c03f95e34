"""The draw that a scheme describes."""

from __future__ import annotations

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.errors import InputError
from qtoolkit.inputs.case import Case
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.verification import pool_of, strata_of
from qtoolkit.language import Text
from qtoolkit.verification.drawing import Draw, draw, draw_items


def draw_of(result: Assessment | Case) -> Draw:
    """The draw that the scheme of an assessment, or of a case, describes (`verification`), of the
    units of its data.

    Raises
    ------
    InputError
        The scheme describes none, or has no seed yet; and as :func:`draw`.

    >>> from dataclasses import replace
    >>> from qtoolkit.inputs.case import read_case
    >>> from qtoolkit.inputs.verification import Verification
    >>> case, said = read_case("tai-2001"), Verification(places=5, seed="2026-07-01")
    >>> with_draw = case.scheme.model_copy(update={"verification": said})
    >>> len(draw_of(replace(case, scheme=with_draw)).drawn)
    5
    """
    said = result.scheme.verification
    if said is None:
        raise InputError(
            Text(
                "方案没有写明实地核查抽取（verification）",
                "the scheme describes no draw for verification (verification)",
            )
        )
    if said.seed is None:
        raise InputError(
            Text(
                "方案还没有写明种子（verification.seed）：名单的哈希值公布以后再定",
                "the scheme has no seed yet (verification.seed): it is fixed once the hash of the "
                "list is published",
            )
        )
    strata = strata_of(result.scheme, result.table)
    return draw(result.table.units, said.places, said.seed, strata, least=said.least)


def items_of(result: Assessment | Case) -> pd.DataFrame:
    """重点抽查: the indicators to look into at each unit drawn, as the scheme describes them
    (`verification.items`, of `verification.pool`). They are drawn by their Chinese names, which are
    public, and not by their ids.

    Returns
    -------
    DataFrame
        A row for each unit and indicator: unit, item (id), name (Text), hash. Empty where the
        scheme does not say how many.

    Raises
    ------
    InputError
        As :func:`draw_of`; indicators of one name, which could not be told apart.

    >>> import qtoolkit as qt
    >>> items_of(qt.read_case("city-2026")).empty
    True
    """
    return items_drawn(result.scheme, draw_of(result))


def items_drawn(scheme: Scheme, made: Draw) -> pd.DataFrame:
    """What :func:`items_of` returns, for the units of a draw that is made already."""
    said, columns = scheme.verification, ["unit", "item", "name", "hash"]
    if said is None or said.items is None:
        return pd.DataFrame(columns=columns)
    leaves = [scheme.indicator(id) for id in pool_of(scheme)]
    by_name = {leaf.name.zh: leaf for leaf in leaves}
    found = draw_items(made, [leaf.name.zh for leaf in leaves], said.items, made.seed)
    chosen = [by_name[name] for name in found["item"]]
    found = found.assign(item=[leaf.id for leaf in chosen], name=[leaf.name for leaf in chosen])
    return found[columns]
