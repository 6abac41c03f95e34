"""A log of corrections (数据更正): each cell in which two tables of one scheme differ, and what it
did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.comparison.cells import Cells
from qtoolkit.comparison.matching import match
from qtoolkit.comparison.mixing import Side, with_all_units
from qtoolkit.engine import finish, from_ticks, grade, rank
from qtoolkit.errors import InputError
from qtoolkit.inputs.statuses import STATUS_LABELS, VALUE
from qtoolkit.inputs.table import Table
from qtoolkit.language import Text, say

MOST = 2_000  # changes that are undone one by one
COLUMNS = {
    "unit": object,
    "kind": object,
    "column": object,
    "old": object,
    "new": object,
    "score_without": float,
    "score": float,
    "rank_without": object,
    "rank": object,
    "grade_without": object,
    "grade": object,
    "others": object,
}
SCORED = ("unit", "value", "target", "baseline", "veto", "bonus", "class")
"""The kinds of changes that a score or a grade can depend on by themselves."""


@dataclass(frozen=True)
class Change:
    """A cell that differs: its unit, by number among all; kind; column as a table's header has it;
    place in its array; what it held and holds."""

    unit: int
    kind: str
    column: str
    place: int
    old: object
    new: object


def corrections(before: Assessment, after: Assessment) -> pd.DataFrame:
    """Each cell in which the data of two assessments under one scheme differ, and what this change
    did by itself: what the later assessment would be without it, all other changes made.

    Returns
    -------
    DataFrame
        One row a change, units in the order of `after`, then those that left:

        - unit; kind: "unit" (it came or left), "value" (of an indicator: number, level or status),
          "target", "baseline", "veto", "bonus", "class", and what no computed grade depends on by
          itself: "stage" (a mark that makes a value, which has its own row), "error", "covariate",
          "plan", "remark" (approved grades and reasons among them);
        - column: the header, such as "brand", "target:brand", "brand@self", "veto:accident"; "" of
          a unit;
        - old, new: what stood and stands there: a number, text, the Text of a status; None where
          nothing does; of a unit whether it is there;
        - score_without, score: the unit's published score without this change, and as it is; NaN
          where it is not assessed; likewise rank_without and rank, grade_without and grade (ids;
          None);
        - others: tuple of the other units whose computed grade is another without this change.

        Of kinds that no computed grade depends on, where the state without the change cannot be
        assessed, and beyond the first 2,000 changes, what is without it is NaN or None.

    Raises
    ------
    InputError
        The two are not of one scheme.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> frame = pd.DataFrame({"a": [0.95, 0.9], "b": [0.9, 0.9]}, index=["甲", "乙"])
    >>> later = frame.copy()
    >>> later.loc["甲", "a"] = 0.85
    >>> found = corrections(qt.assess(scheme, frame), qt.assess(scheme, later))
    >>> found[["unit", "column", "old", "new", "grade_without", "grade"]].values.tolist()
    [['甲', 'a', 0.95, 0.85, 'A', 'B']]
    """
    if before.scheme != after.scheme:
        text = say(
            zh="前后两次的方案不同，不能逐格比较数据；请用 qt.comparison.compare",
            en="the two assessments are of different schemes, whose data cannot be compared cell "
            "by cell; use qt.comparison.compare",
        )
        raise InputError(text)
    pair = _Pair(before, after)
    rows = [
        pair.row(change, number < MOST and change.kind in SCORED)
        for number, change in enumerate(pair.changes)
    ]
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in COLUMNS.items()}
    )


class _Pair:
    """Two assessments, their rows put side by side."""

    def __init__(self, before: Assessment, after: Assessment):
        self.before, self.after = before, after
        sides = Side.of(before), Side.of(after)
        tables = before.table, after.table
        old, new = with_all_units(*sides, match(before.scheme, after.scheme, tables))
        self.old, self.new = old.table, new.table  # of all units
        self.there = [
            np.isin(np.array(self.units, dtype=object), np.array(table.units, dtype=object))
            for table in tables
        ]

    @property
    def units(self) -> tuple[str, ...]:
        return self.new.units

    @cached_property
    def changes(self) -> list[Change]:
        """All changes, unit by unit."""
        both = self.there[0] & self.there[1]
        found = [
            Change(k, "unit", "", 0, bool(self.there[0][k]), bool(self.there[1][k]))
            for k in np.flatnonzero(~both).tolist()
        ]
        for kind, columns, old, new in self._arrays():
            unlike = ~_alike(old, new) & both[:, None]
            for k, j in np.argwhere(unlike).tolist():
                found.append(Change(k, kind, columns[j], j, _said(old[k, j]), _said(new[k, j])))
        return sorted(found, key=lambda change: change.unit)

    def _arrays(self) -> Iterator[tuple[str, list[str], np.ndarray, np.ndarray]]:
        """What tables hold: kind, headers, and both arrays (units × columns)."""
        old, new, scheme = self.old, self.new, self.after.scheme
        ids = [leaf.id for leaf in scheme.leaves]
        yield "value", ids, _shown(old), _shown(new)
        for stage in scheme.stages:
            columns = [f"{id}@{stage.id}" for id in ids]
            yield "stage", columns, old.stages[stage.id], new.stages[stage.id]
        for kind, prefix, name in (
            ("target", "target", "targets"),
            ("baseline", "base", "baselines"),
            ("error", "se", "errors"),
        ):
            columns = [f"{prefix}:{id}" for id in ids]
            yield kind, columns, getattr(old, name), getattr(new, name)
        for kind, items in (("veto", scheme.vetoes), ("bonus", scheme.bonuses)):
            columns = [f"{kind}:{item.id}" for item in items]
            name = "vetoes" if kind == "veto" else "bonuses"
            yield kind, columns, getattr(old, name), getattr(new, name)
        yield from _frames("covariate", old.covariates, new.covariates)
        yield from _frames("plan", _plans(old), _plans(new))
        yield from _frames("remark", old.remarks, new.remarks)

    def row(self, change: Change, undone: bool) -> dict[str, Any]:
        """A change, and what it did where it is `undone`."""
        unit = self.units[change.unit]
        then = self._without(change) if undone else None
        row = {
            "unit": unit,
            "kind": change.kind,
            "column": change.column,
            "old": change.old,
            "new": change.new,
            **_of_unit(self.now, unit, ""),
            **_of_unit(None, unit, "_without"),
            "others": (),
        }
        if then is None:
            return row
        was, now = then["grade"], self.now["grade"]
        unlike = {name for name in was.index if name in self._number and was[name] != now[name]}
        others = tuple(name for name in self.units if name in unlike and name != unit)
        return row | _of_unit(then, unit, "_without") | {"others": others}

    @cached_property
    def now(self) -> pd.DataFrame:
        """Score, rank and grade of each unit as they are."""
        return _standing(self.after, self.after.base.to_numpy())

    def _without(self, change: Change) -> pd.DataFrame | None:
        """How all units stand without a change; None where that cannot be assessed."""
        if change.kind in self._cells:
            mask = np.zeros(self.after.engine.slope.shape, bool)
            mask[self._number[self.units[change.unit]], change.place] = True
            base = self._cells[change.kind].bases([mask])[0]
            return None if base is None else _standing(self.after, base)
        try:
            result = self.after.anew(table=self._table_without(change))
        except InputError:
            return None
        return _standing(result, result.base.to_numpy())

    def _table_without(self, change: Change) -> Table:
        """The later table without a change of a unit, veto, bonus or class."""
        there, table = self.there[1].copy(), self.new
        if change.kind == "unit":
            there[change.unit] = bool(change.old)
            return table.keep(there)
        if change.kind == "class":
            covariates = table.covariates.copy()
            classes = covariates["class"].to_numpy(dtype=object, copy=True)
            classes[change.unit] = self.old.covariates["class"].iloc[change.unit]
            covariates["class"] = classes
            return replace(table, covariates=covariates).keep(there)
        name = "vetoes" if change.kind == "veto" else "bonuses"
        values = getattr(table, name).copy()
        values[change.unit, change.place] = getattr(self.old, name)[change.unit, change.place]
        return _with(table, {name: values}).keep(there)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {unit: k for k, unit in enumerate(self.after.table.units)}

    @cached_property
    def _cells(self) -> dict[str, Cells]:
        """The later data, to take values, targets or baselines of the earlier."""
        old = self.old.keep(self.there[1])
        parts: dict[str, dict[str, Any]] = {
            "value": {"raw": old.raw, "status": old.status},
            "target": {"targets": old.targets},
            "baseline": {"baselines": old.baselines},
        }
        return {
            kind: Cells(self.after, _with(self.after.table, part)) for kind, part in parts.items()
        }


def _with(table: Table, parts: Mapping[str, Any]) -> Table:
    return replace(table, **parts)


def _standing(result: Assessment, base: np.ndarray) -> pd.DataFrame:
    """Published scores, ranks and grades at base scores (n,) of the units of a result."""
    e, row = result.engine, base[None, :]
    names = np.array(result.grade_names, dtype=object)
    return pd.DataFrame(
        {
            "score": from_ticks(finish(e, base)),
            "rank": rank(e.key(row))[0].astype(object),
            "grade": names[grade(e, row)[0]],
        },
        index=pd.Index(result.table.units),
    )


def _of_unit(standing: pd.DataFrame | None, unit: str, ending: str) -> dict[str, Any]:
    """A unit's score, rank and grade; nothing where it is not assessed."""
    if standing is None or unit not in standing.index:
        return {f"score{ending}": np.nan, f"rank{ending}": None, f"grade{ending}": None}
    return {f"{name}{ending}": standing.at[unit, name] for name in standing.columns}


def _shown(table: Table) -> np.ndarray:
    """What stands in the cells of the indicators: the value, or the Text of the status."""
    cells = table.raw.astype(object)
    for code, label in enumerate(STATUS_LABELS):
        if code != VALUE:
            cells[table.status == code] = label
    return cells


def _plans(table: Table) -> pd.DataFrame:
    return pd.DataFrame(dict(table.plans), index=pd.Index(table.units))


def _frames(
    kind: str, old: pd.DataFrame, new: pd.DataFrame
) -> Iterator[tuple[str, list[str], np.ndarray, np.ndarray]]:
    """The columns of two frames; one that a side does not have is empty there. The class of a unit
    has a kind of its own."""
    for name in dict.fromkeys([*new.columns, *old.columns]):
        blank = np.full((len(new), 1), None, dtype=object)
        one, other = (
            frame[[name]].to_numpy(dtype=object) if name in frame else blank for frame in (old, new)
        )
        is_class = kind == "covariate" and name == "class"
        in_both = name in old and name in new
        yield "class" if is_class and in_both else kind, [str(name)], one, other


def _alike(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Where two arrays hold the same; nothing is nothing, as NaN or None."""
    nothing = [pd.isna(values) for values in (old, new)]
    same = np.asarray(old == new, bool)
    return np.asarray(np.where(nothing[0] | nothing[1], nothing[0] & nothing[1], same))


def _said(value: Any) -> Any:
    """A cell as plain Python; nothing is None."""
    if isinstance(value, Text):
        return value
    value = value.item() if isinstance(value, np.generic) else value
    return None if value is None or value is pd.NA or value != value else value
