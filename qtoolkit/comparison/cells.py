"""One assessment with some cells of its data as another table has them, many such at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import line_of_leaf, treatment_of
from qtoolkit.engine import score
from qtoolkit.errors import InputError
from qtoolkit.inputs.statuses import BLANKS
from qtoolkit.inputs.table import Table

READ = ("raw", "status", "targets", "baselines")
"""What of a cell a score can depend on."""

Column = tuple[np.ndarray, np.ndarray, np.ndarray]


class Cells:
    """An assessment, and another table of the same units and leaves that some of its cells are
    taken from. Each leaf is made anew where its cells change, and only units whose leaves then
    differ are scored again."""

    def __init__(self, result: Assessment, other: Table):
        self.result, self.other = result, other
        self._made: dict[tuple[int, bytes], Column] = {}
        self._scratch: dict[str, Any] = {name: getattr(result.table, name).copy() for name in READ}
        self._table = replace(result.table, **self._scratch)

    def bases(self, masks: Sequence[np.ndarray]) -> list[np.ndarray | None]:
        """Base scores (n,) in ticks with the cells of each mask, bool (n, d), from the other table;
        None where they cannot be scored."""
        engine = self.result.engine
        base, rows = self.result.base.to_numpy(), []
        found: list[np.ndarray | None] = []
        for mask in masks:
            lines = self._lines(mask)
            if lines is None:
                found.append(None)
                continue
            now = (engine.slope, engine.const, engine.tree.blank)
            unlike = np.logical_or.reduce([a != b for a, b in zip(lines, now, strict=True)])
            at = np.flatnonzero(unlike.any(axis=1))
            values = base.copy()
            found.append(values)
            rows.append((values, at, [line[at] for line in lines]))
        if rows:
            slope, const, blank = (
                np.concatenate(parts) for parts in zip(*(r[2] for r in rows), strict=True)
            )
            tree = replace(engine.tree, blank=blank)
            scores = score(replace(engine, slope=slope, const=const, tree=tree, means=()))[0]
            ends = np.cumsum([len(at) for _, at, _ in rows])[:-1]
            for (values, at, _), new in zip(rows, np.split(scores, ends), strict=True):
                values[at] = new
        return found

    def _lines(self, mask: np.ndarray) -> Column | None:
        """slope, const and blank (n, d) of all leaves, None where a leaf cannot be scored."""
        engine = self.result.engine
        lines = engine.slope.copy(), engine.const.copy(), engine.tree.blank.copy()
        try:
            for j in np.flatnonzero(mask.any(axis=0)).tolist():
                for line, column in zip(lines, self._column(j, mask[:, j]), strict=True):
                    line[:, j] = column
        except InputError:
            return None
        return lines

    def _column(self, j: int, rows: np.ndarray) -> Column:
        """slope, const and blank (n,) of a leaf with the cells of some units from the other
        table."""
        if self._is_tied[j]:
            return self._anew(j, rows)
        engine, other = self.result.engine, self._anew(j, np.ones_like(rows))
        now = (engine.slope[:, j], engine.const[:, j], engine.tree.blank[:, j])
        slope, const, blank = (np.where(rows, b, a) for a, b in zip(now, other, strict=True))
        return slope, const, blank

    def _anew(self, j: int, rows: np.ndarray) -> Column:
        key = (j, rows.tobytes())
        if key not in self._made:
            for name, values in self._scratch.items():
                own, other = (
                    getattr(table, name)[:, j] for table in (self.result.table, self.other)
                )
                values[:, j] = np.where(rows, other, own)
            self._made[key] = line_of_leaf(self.result.scheme, self._table, j)
        return self._made[key]

    @cached_property
    def _is_tied(self) -> list[bool]:
        """Of each leaf whether a unit's score depends on the values of others."""
        scheme, tied = self.result.scheme, []
        for j, leaf in enumerate(scheme.leaves):
            met = {
                code for t in (self.result.table, self.other) for code in t.status[:, j].tolist()
            }
            gives = {treatment_of(scheme, leaf, code) for code in met & {*BLANKS}}
            compares = leaf.leaf_rule.is_set_dependent or leaf.outliers is not None
            tied.append(compares or "group_mean" in gives)
        return tied
