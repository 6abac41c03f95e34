"""The table of data: one row a unit, validated cell by cell against the scheme."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.inputs.files import Rows, read_rows, rows_of_grid
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.statuses import (  # noqa: F401  (the codes of Table.status)
    NOT_APPLICABLE,
    NOT_REPORTED,
    PENDING,
    STATUS_LABELS,
    STATUS_NAMES,
    VALUE,
    ZERO,
)
from qtoolkit.inputs.tablereader import UNIT_HEADERS, Reader
from qtoolkit.language import Text, say


@dataclass(frozen=True)
class Table:
    """Validated data of n units and d leaves.

    Attributes
    ----------
    units : tuple of str
        Names, unique, in the file's order.
    labels : tuple of Text
        The names in both languages (column name_en).
    raw : ndarray of object, (n, d)
        Numbers, or names of levels; None where the cell holds no value.
    status : ndarray of int8, (n, d)
        VALUE, NOT_APPLICABLE, NOT_REPORTED, PENDING or ZERO.
    targets : ndarray of float, (n, d)
        Units' own targets, NaN where there is none.
    vetoes : ndarray of bool, (n, number of vetoes)
    bonuses : ndarray of float, (n, number of bonus items)
    covariates : DataFrame
        Indexed by unit.
    excluded : tuple of Text
        Units left out because they have no data at all (`missing.no_data: exclude`).
    """

    name: str
    units: tuple[str, ...]
    labels: tuple[Text, ...]
    raw: np.ndarray
    status: np.ndarray
    targets: np.ndarray
    vetoes: np.ndarray
    bonuses: np.ndarray
    covariates: pd.DataFrame
    excluded: tuple[Text, ...] = ()


def read_table(path: Path, scheme: Scheme) -> Table:
    """Read a .csv or .xlsx table for `scheme`; all complaints come together."""
    return table_of_rows(read_rows(path), scheme)


def table_of_frame(frame: pd.DataFrame, scheme: Scheme) -> Table:
    """A table from a DataFrame whose index, or column `unit`, names the units. Complaints count its rows from 1."""
    header = [str(column) for column in frame.columns]
    cells = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    if not any(title.strip() in UNIT_HEADERS for title in header):
        header.insert(0, "unit")
        cells = [[_name(label), *row] for label, row in zip(frame.index, cells, strict=True)]
    return table_of_rows(rows_of_grid("DataFrame", [header, *cells], first=0), scheme)


def _name(label: Any) -> Any:
    """A unit's name from the index; the parts of a hierarchical index are joined."""
    return " ".join(map(str, label)) if isinstance(label, tuple) else _cell(label)


def _cell(value: Any) -> Any:
    """A DataFrame's cell as plain Python; all that pandas takes for missing is None."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def table_of_rows(rows: Rows, scheme: Scheme) -> Table:
    """Rows as a table, or one InputError with every complaint."""
    reader = Reader(rows, scheme)
    units = reader.units()
    columns = [reader.leaf(leaf) for leaf in scheme.leaves]
    vetoes = [reader.yes_no(f"veto:{veto.id}") for veto in scheme.vetoes]
    bonuses = [reader.numbers(f"bonus:{bonus.id}", low=0, high=bonus.max, blank=0.0) for bonus in scheme.bonuses]
    english = reader.texts("name_en")
    covariates = reader.covariates()
    reader.problems.stop()
    n = len(units)
    raw, status, targets = (
        np.array([c[part] for c in columns], dtype=kind).reshape(-1, n).T
        for part, kind in enumerate((object, np.int8, float))
    )
    table = Table(
        rows.name, units, tuple(Text(zh, en or zh) for zh, en in zip(units, english, strict=True)), raw, status,
        targets, np.array(vetoes, dtype=bool).reshape(-1, n).T, np.array(bonuses, dtype=float).reshape(-1, n).T,
        pd.DataFrame(covariates, index=pd.Index(units, name="unit")),
    )
    empty = ~np.isin(status, (VALUE, ZERO)).any(axis=1)
    _refuse_empty(reader, empty)
    return _keep(table, ~empty) if empty.any() else table


def _refuse_empty(reader: Reader, empty: np.ndarray) -> None:
    """Complain of units without a single value, unless the scheme leaves them out."""
    if reader.scheme.missing.no_data == "fail":
        for row in np.array(reader.rows.numbers)[empty]:
            text = say(
                zh="没有任何指标数据；如不参加评分，请在方案中写明 missing.no_data: exclude",
                en="no data on any indicator; to leave such units out write missing.no_data: exclude in the scheme",
            )
            reader.complain(text, row=int(row))
    elif empty.all():
        reader.complain(say(zh="所有考核对象都没有数据", en="no unit has any data"))
    reader.problems.stop()


def _keep(table: Table, keep: np.ndarray) -> Table:
    """The table of some of its units; the others are listed as excluded."""
    return replace(
        table, units=tuple(unit for unit, k in zip(table.units, keep, strict=True) if k),
        labels=tuple(label for label, k in zip(table.labels, keep, strict=True) if k), raw=table.raw[keep],
        status=table.status[keep], targets=table.targets[keep], vetoes=table.vetoes[keep], bonuses=table.bonuses[keep],
        covariates=table.covariates[keep],
        excluded=tuple(label for label, k in zip(table.labels, keep, strict=True) if not k),
    )
