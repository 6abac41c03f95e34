"""The table of data: one row a unit, validated cell by cell against the scheme."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.display import Card, Shown
from qtoolkit.errors import Complaint, InputError
from qtoolkit.inputs.files import Rows, read_rows, rows_of_grid
from qtoolkit.inputs.headers import UNIT_HEADERS
from qtoolkit.inputs.numbertext import plain_text
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.screening import Screened, screening
from qtoolkit.inputs.slips import Doubt, doubts_of, name_doubts, refused
from qtoolkit.inputs.statuses import FALSIFIED, VALUE, ZERO
from qtoolkit.inputs.tablereader import LeafColumns, Reader
from qtoolkit.inputs.tasks import COLUMNS, no_tasks
from qtoolkit.language import Text, listing, same, say


@dataclass(frozen=True, repr=False)
class Table(Shown):
    """Validated data of n units and d leaves.

    Attributes
    ----------
    units : tuple of str
        Names, unique, in the file's order.
    labels : tuple of Text
        The names in both languages (column name_en).
    raw : ndarray of object, (n, d)
        Numbers, or names of levels (shares, where stages of levels are weighted); None where there
        is no value.
    status : ndarray of int8, (n, d)
        A code of :mod:`qtoolkit.inputs.statuses`: VALUE, NOT_APPLICABLE, NOT_REPORTED,
        PENDING, ZERO, FALSIFIED or NEW.
    targets, baselines : ndarray of float, (n, d)
        Units' own targets (备案目标值) and baselines (基期值), NaN where there is none.
    errors : ndarray of float, (n, d)
        Standard errors of the raw values (column se:<leaf>), NaN where none is stated.
    vetoes : ndarray of bool, (n, number of vetoes)
    bonuses : ndarray of float, (n, number of bonus items)
    covariates : DataFrame
        Indexed by unit.
    filed : ndarray of object, (n, d)
        `raw` before a later stage (实地核查) replaced or corrected it.
    stages : mapping of stage id to ndarray of object, (n, d)
        What each stage said, None where it said nothing.
    plans : mapping of column to ndarray of float, (n,)
        The ends of the units' own paths, plan_base:<leaf> and plan_goal:<leaf> of each leaf with a
        plan, NaN where there is none.
    remarks : DataFrame of str, indexed by unit
        The columns reason:<leaf>, proof:<leaf>.<task>, filed:<leaf> (when a target was filed),
        event:<veto>, evidence:<veto>, date:<veto>, grade:<year>, approved (a grade's id),
        approved_reason, approved_by that the table has.
    tasks : DataFrame
        A row a unit and task of a list: unit, leaf, item (ids), state ("done", "late", "not_done",
        "not_applicable", "pending", "not_reported"), date ("2025-09-20", None where it is not
        known), proof (None where there is none), as they were filed.
    excluded : tuple of Text
        Units left out because they have no data at all (`missing.no_data: exclude`).
    screened : tuple of Screened
        Units that did not meet a condition for being assessed (初审, 入围), left out.
    doubts : tuple of Doubt
        What the checks for slips found in the table as it was read; the scheme's `checks` say what
        follows.
    """

    card_title: ClassVar[Text] = Text("数据表", "A table of data")

    name: str
    units: tuple[str, ...]
    labels: tuple[Text, ...]
    raw: np.ndarray
    status: np.ndarray
    targets: np.ndarray
    baselines: np.ndarray
    errors: np.ndarray
    vetoes: np.ndarray
    bonuses: np.ndarray
    covariates: pd.DataFrame
    filed: np.ndarray
    stages: Mapping[str, np.ndarray]
    remarks: pd.DataFrame
    tasks: pd.DataFrame = field(default_factory=no_tasks)
    plans: Mapping[str, np.ndarray] = field(default_factory=dict)
    excluded: tuple[Text, ...] = field(default=())
    screened: tuple[Screened, ...] = field(default=())
    doubts: tuple[Doubt, ...] = field(default=())

    def card(self) -> Card:
        """Where it was read, how many cells hold a value."""
        n, d = self.raw.shape
        held = int((self.status == VALUE).sum())
        facts = [
            same(self.name),
            say(
                zh="{held}个数值，{rest}处不是数值（空白、不适用、未报送等）",
                en="{held:value|values}, {rest:cell|cells} without one (blank, not applicable, …)",
                held=held,
                rest=n * d - held,
            ),
        ]
        others = ("units", "raw", "status", "covariates", "remarks")
        return Card(self.card_title, f"{n} units × {d} indicators", facts, others=others)

    @property
    def measured(self) -> bool:
        """Whether standard errors are stated."""
        return bool((np.nan_to_num(self.errors) > 0).any())

    def keep(self, chosen: np.ndarray) -> Table:
        """The table of some of its units, chosen (n,) of bool."""
        return self.take(np.flatnonzero(chosen))

    def take(self, at: np.ndarray) -> Table:
        """The table of the units with these numbers, in this order."""
        parts = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name not in ("name", "tasks", "excluded", "screened", "doubts")
        }
        kept = {name: _rows_of(part, at) for name, part in parts.items()}
        return replace(self, **kept, tasks=_tasks_of(self.tasks, kept["units"]))


def _rows_of(part: Any, at: np.ndarray) -> Any:
    if isinstance(part, tuple):
        return tuple(part[k] for k in at)
    if isinstance(part, Mapping):
        return {key: values[at] for key, values in part.items()}
    return part.iloc[at] if isinstance(part, pd.DataFrame) else part[at]


def _tasks_of(tasks: pd.DataFrame, units: Sequence[str]) -> pd.DataFrame:
    """The rows of tasks of some units, in their order."""
    if tasks.empty:
        return tasks
    rows = tasks.groupby("unit", sort=False).indices
    at = [rows[unit] for unit in units if unit in rows]
    return tasks.iloc[np.concatenate([*at, np.array([], int)])].reset_index(drop=True)


class NoDataYet(InputError):
    """The table names its units and holds nothing else: a case that is still to be filled in."""

    def __init__(self, complaint: Complaint, scheme: Scheme, units: tuple[str, ...]):
        self.scheme, self.units = scheme, units
        super().__init__(complaint)


def read_table(path: Path, scheme: Scheme, last: tuple[Scheme, Table] | None = None) -> Table:
    """Read a .csv or .xlsx table for `scheme`; all complaints come together. `last` are last
    year's, to compare with."""
    return table_of_rows(read_rows(path), scheme, last)


def table_of_frame(frame: pd.DataFrame, scheme: Scheme) -> Table:
    """A table from a DataFrame whose index, or column `unit`, names the units. Complaints count its
    rows from 1."""
    header = [str(column) for column in frame.columns]
    cells = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    if not any(title.strip() in UNIT_HEADERS for title in header):
        header.insert(0, "unit")
        cells = [[_name(label), *row] for label, row in zip(frame.index, cells, strict=True)]
    return table_of_rows(rows_of_grid("DataFrame", [header, *cells], first=0), scheme)


def unit_of(label: Any, units: Collection[str]) -> str | None:
    """The unit that a label of a DataFrame means, None where there is none: names are text,
    whatever they were.

    >>> unit_of(2008, ["2007", "2008"])
    '2008'
    """
    return next((name for name in (label, plain_text(_name(label))) if name in units), None)


def _name(label: Any) -> Any:
    """A unit's name from the index; the parts of a hierarchical index are joined."""
    return " ".join(map(str, label)) if isinstance(label, tuple) else _cell(label)


def _cell(value: Any) -> Any:
    """A DataFrame's cell as plain Python; all that pandas takes for missing is None."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def table_of_rows(rows: Rows, scheme: Scheme, last: tuple[Scheme, Table] | None = None) -> Table:
    """Rows as a table, or one InputError with every complaint."""
    reader = Reader(rows, scheme)
    units = reader.units()
    screened, passed = screening(reader, units)
    if screened:
        reader = Reader(rows.at(passed), scheme)
        units = tuple(units[k] for k in passed)
    _refuse_unfilled(reader, units)
    table = _read(reader, units)
    _strike_falsified(table, scheme, reader)
    empty = ~np.any(np.isin(table.status, (VALUE, ZERO, FALSIFIED)), axis=1)
    _refuse_empty(reader, empty)
    doubts = doubts_of(scheme, table, reader, last)
    table = replace(table, doubts=doubts, screened=screened)
    if not empty.any():
        return table
    excluded = tuple(table.labels[k] for k in np.flatnonzero(empty))
    return replace(table.keep(~empty), excluded=excluded)


def _read(reader: Reader, units: tuple[str, ...]) -> Table:
    """Every column as the scheme asks for it, or one InputError with the complaints of the
    cells."""
    scheme = reader.scheme
    columns = [reader.leaf(leaf) for leaf in scheme.leaves]
    vetoes = [reader.yes_no(f"veto:{veto.id}") for veto in scheme.vetoes]
    bonuses = [
        reader.numbers(f"bonus:{bonus.id}", low=0, high=bonus.max, blank=0.0)
        for bonus in scheme.bonuses
    ]
    english = reader.texts("name_en")
    covariates, remarks, plans = reader.covariates(), reader.remarks(), reader.plans()
    _stop_at_complaints(reader, units)
    index = pd.Index(units, name="unit")

    def stacked(lists: list[Any], kind: Any) -> np.ndarray:
        """Columns beside one another: units × columns."""
        return np.array(lists, dtype=kind).reshape(-1, len(units)).T

    def of_leaves(name: str, kind: Any) -> np.ndarray:
        return stacked([getattr(column, name) for column in columns], kind)

    def of_stage(id: str) -> np.ndarray:
        blank = [None] * len(units)
        return stacked([column.stages.get(id, blank) for column in columns], object)

    return Table(
        name=reader.rows.name,
        units=units,
        labels=tuple(Text(zh, en or zh) for zh, en in zip(units, english, strict=True)),
        raw=of_leaves("values", object),
        status=of_leaves("statuses", np.int8),
        targets=of_leaves("targets", float),
        baselines=of_leaves("baselines", float),
        errors=of_leaves("errors", float),
        vetoes=stacked(vetoes, bool),
        bonuses=stacked(bonuses, float),
        covariates=pd.DataFrame(covariates, index=index),
        filed=of_leaves("filed", object),
        stages={stage.id: of_stage(stage.id) for stage in scheme.stages},
        remarks=pd.DataFrame(remarks, index=index),
        tasks=_tasks(scheme, columns, units, remarks),
        plans={key: np.array(numbers, dtype=float) for key, numbers in plans.items()},
    )


def _tasks(
    scheme: Scheme,
    columns: Sequence[LeafColumns],
    units: tuple[str, ...],
    remarks: Mapping[str, Sequence[str | None]],
) -> pd.DataFrame:
    """What the units report of the tasks of lists, in the units' order (see :class:`Table`)."""
    nothing = [None] * len(units)
    listed = [
        (leaf.id, task.id, entries, remarks.get(f"proof:{leaf.id}.{task.id}", nothing))
        for leaf, column in zip(scheme.leaves, columns, strict=True)
        for task, entries in zip(leaf.leaf_rule.tasks, column.tasks, strict=True)
    ]
    rows = [
        (unit, leaf, task, entries[k].state, entries[k].day, proofs[k])
        for k, unit in enumerate(units)
        for leaf, task, entries, proofs in listed
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _stop_at_complaints(reader: Reader, units: tuple[str, ...]) -> None:
    """Raise the complaints so far. A row of totals has cells beyond every range: what it is is
    said first."""
    complaints = reader.problems.complaints
    if complaints:
        complaints[:0] = refused(name_doubts(units, reader), reader.scheme.checks)
    reader.problems.stop()


def _refuse_unfilled(reader: Reader, units: tuple[str, ...]) -> None:
    """One sentence for a table that is still to be filled in, in place of a complaint for every
    cell."""
    titles = reader.unfilled()
    if titles:
        reader.problems.stop()
        text = say(
            zh="{units}家还没有任何指标数据，请填写各列：{titles}",
            en="no data yet on any indicator for {units:unit|units}: fill in the columns {titles}",
            units=len(units),
            titles=listing(titles, most=5),
        )
        raise NoDataYet(Complaint(text, reader.rows.name), reader.scheme, units)


def _strike_falsified(table: Table, scheme: Scheme, reader: Reader) -> None:
    """Vetoes for falsification strike units with a cell marked so; a mark without such a veto is a
    complaint."""
    marked = (table.status == FALSIFIED).any(axis=1)
    strikes = [v for v, veto in enumerate(scheme.vetoes) if veto.falsified]
    table.vetoes[:, strikes] |= marked[:, None]
    for row in np.array(reader.rows.numbers)[marked] if not strikes else []:
        text = say(
            zh="标明“弄虚作假”，但方案未规定如何处理（应有一个否决事项写明 falsified）",
            en="marked as falsified, and the scheme does not say what follows (a veto that says "
            "falsified)",
        )
        reader.complain(text, row=int(row))
    reader.problems.stop()


def _refuse_empty(reader: Reader, empty: np.ndarray) -> None:
    """Complain of units without a single value, unless the scheme leaves them out."""
    if reader.scheme.missing.no_data == "fail":
        for row in np.array(reader.rows.numbers)[empty]:
            text = say(
                zh="没有任何指标数据；如不参加评分，请在方案中写明 missing.no_data: exclude",
                en="no data on any indicator; to leave such units out write missing.no_data: "
                "exclude in the scheme",
            )
            reader.complain(text, row=int(row))
    elif empty.all():
        reader.complain(say(zh="所有考核对象都没有数据", en="no unit has any data"))
    reader.problems.stop()
