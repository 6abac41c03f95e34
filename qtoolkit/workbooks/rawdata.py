"""From the raw cells to a leaf's score, as formulas of the recheck workbook: the sheet of data, and
the slope a and the constant b of each leaf.

A leaf has a column for each stage that makes its value, for each later stage that replaced or
corrected some, and for the units' own targets or baselines; then, where these are several or
outliers are treated, columns of formulas for the value that is scored. What the rule makes of it is
the rule's own formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from xlsxwriter.utility import xl_col_to_name as letter

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import treated_values
from qtoolkit.errors import Problems
from qtoolkit.inputs.scheme import Indicator, Scheme, Stage
from qtoolkit.inputs.statuses import STATUS_LABELS, VALUE
from qtoolkit.inputs.table import Table
from qtoolkit.inputs.treatments import Outliers
from qtoolkit.language import Text, say
from qtoolkit.rules.base import BASELINE, NOTHING_LEFT, Cells, written

DIGITS = 12  # decimals of a sum of stages: of what was written it is the sum on paper


@dataclass(frozen=True)
class RawColumn:
    """A column of the sheet of data: its title, the units' values (numbers, words, None for a
    blank), and the formula that makes them, "" where they are inputs."""

    title: Text
    values: list[Any]
    formula: str = ""


@dataclass(frozen=True)
class RawLeaf:
    """A leaf's columns, and its slope and constant of a unit with a value as formulas in which {r}
    is the unit's row. Units without one have the numbers that the treatment of blanks gives."""

    columns: list[RawColumn]
    slope: str
    const: str


@dataclass
class _Sheet:
    """The columns of the sheet so far; a cell and a column of the sheet by its place in it."""

    address: Callable[[str], str]
    first: int
    last: int
    width: int = 0
    columns: list[RawColumn] = field(default_factory=list)

    def add(self, column: RawColumn) -> str:
        """Put a column at the right; the letter of it."""
        self.columns.append(column)
        return str(letter(self.width + len(self.columns)))

    def cell(self, name: str) -> str:
        """A unit's cell, seen from another sheet."""
        return self.address(f"{name}{{r}}")

    def whole(self, name: str) -> str:
        """The cells of all units."""
        return self.address(f"{name}${self.first}:{name}${self.last}")


def raw_leaves(
    result: Assessment, language: str, address: Callable[[str], str], first: int
) -> Iterator[RawLeaf]:
    """The data and the formulas of each leaf, in the order of the tree.

    Parameters
    ----------
    result : Assessment
    language : "zh" or "en"
        Of the words for units without a value.
    address : function
        The address of cells of the sheet of data, seen from other sheets.
    first : int
        The row of the first unit.
    """
    width, last = 0, first + len(result.table.units) - 1
    for j, leaf in enumerate(result.scheme.leaves):
        sheet = _Sheet(address, first, last, width)
        yield _leaf(result, leaf, j, sheet, language)
        width += len(sheet.columns)


def _leaf(result: Assessment, leaf: Indicator, j: int, sheet: _Sheet, language: str) -> RawLeaf:
    table, rule = result.table, leaf.leaf_rule
    value = _value(result.scheme, leaf, j, table, sheet, language)
    own = ""
    if rule.own is not None and rule.compares():
        own_numbers = (table.baselines if rule.own is BASELINE else table.targets)[:, j]
        if not np.isnan(own_numbers).all():
            title = say(zh="{leaf}：{own}", en="{leaf}: {own}", leaf=leaf.name, own=rule.own.name)
            blank = [None if np.isnan(x) else float(x) for x in own_numbers]
            own = sheet.cell(sheet.add(RawColumn(title, blank)))
    numbers, scored_by = treated_values(leaf, table, j, Problems())
    if leaf.outliers is not None and not rule.is_of_words:
        formula = _treated(leaf.outliers, sheet, value)
        treated = np.full(len(table.units), np.nan)
        treated[table.status[:, j] == VALUE] = numbers
        title = say(zh="{leaf}：处理异常值后", en="{leaf}: outliers treated", leaf=leaf.name)
        values = _with_status(treated.tolist(), table.status[:, j], language)
        value = sheet.add(RawColumn(title, values, formula))
    cells = Cells(sheet.cell(value), own, sheet.whole(value), written(leaf.written_for))
    slope, const = _line(leaf, scored_by.formula(cells))
    return RawLeaf(sheet.columns, slope, const)


def _line(leaf: Indicator, marks: str) -> tuple[str, str]:
    """Slope and constant from the marks, as :meth:`LeafRule.lines` has them."""
    rule, full = leaf.leaf_rule, written(leaf.written_for)
    if leaf.written_for == 0 and not rule.in_points:
        return marks, "0"
    lost = marks if rule.in_points else f"(1-({marks}))*{full}"
    if not leaf.scales or leaf.written_for == 0:
        if NOTHING_LEFT not in marks:
            return "1", f"-({lost})"
        return f"IF({lost}>={NOTHING_LEFT},0,1)", f"IF({lost}>={NOTHING_LEFT},0,-({lost}))"
    if not rule.in_points:
        return marks, "0"
    return f"MAX(0,MIN(1,1-({lost})/{full}))", "0"


def _value(
    scheme: Scheme, leaf: Indicator, j: int, table: Table, sheet: _Sheet, language: str
) -> str:
    """The columns that make the value before any treatment of outliers; the last one's letter."""
    parts, later = _stages(scheme, leaf, table, j)
    raw = _with_status(table.raw[:, j], table.status[:, j], language)
    if not later and len(parts) < 2:
        return sheet.add(RawColumn(leaf.name, raw))
    formula = _joined(leaf, table, j, parts, sheet)
    for stage in later:
        title = _of_stage(leaf, stage)
        name = sheet.add(RawColumn(title, list(table.stages[stage.id][:, j])))
        formula = _after(stage, formula, f"{name}{{r}}")
    title = say(zh="{leaf}：计分数值", en="{leaf}: value scored", leaf=leaf.name)
    return sheet.add(RawColumn(title, raw, formula))


def _stages(
    scheme: Scheme, leaf: Indicator, table: Table, j: int
) -> tuple[list[Stage], list[Stage]]:
    """The stages that make a leaf's value, and the later ones that said something of it."""
    known = {stage.id: stage for stage in scheme.stages}
    parts = [known[id] for id in leaf.stages]
    later = [
        stage
        for stage in scheme.stages
        if stage.effect != "part"
        and stage.id in table.stages
        and any(value is not None for value in table.stages[stage.id][:, j])
    ]
    return parts, later


def _joined(leaf: Indicator, table: Table, j: int, parts: list[Stage], sheet: _Sheet) -> str:
    """The formula of what was filed: one column, or the weighted sum of those of the stages."""
    if len(parts) < 2:
        name = sheet.add(RawColumn(leaf.name, list(table.filed[:, j])))
        return f"{name}{{r}}"
    terms = []
    for stage in parts:
        name = sheet.add(RawColumn(_of_stage(leaf, stage), list(table.stages[stage.id][:, j])))
        cell = f"{name}{{r}}"
        if leaf.leaf_rule.is_of_words:
            cell = f"({leaf.leaf_rule.formula(Cells(cell, '', '', ''))})"
        terms.append(f"{written(leaf.stages[stage.id])}*{cell}")
    return f"ROUND({'+'.join(terms)},{DIGITS})"


def _after(stage: Stage, value: str, cell: str) -> str:
    """The formula of a value after a later stage, whose cell is blank where it said nothing."""
    if stage.effect == "replaces":
        return f'IF({cell}="",{value},{cell})'
    return f'IF({cell}="",{value},ROUND({value}+{cell},{DIGITS}))'


def _treated(how: Outliers, sheet: _Sheet, value: str) -> str:
    """The formula of values after the treatment of outliers, from the column of values."""
    cell = f"{value}{{r}}"
    whole = f"{value}${sheet.first}:{value}${sheet.last}"
    if how.low + how.high:
        least, greatest = f"SMALL({whole},{how.low + 1})", f"LARGE({whole},{how.high + 1})"
        cell = f"MIN(MAX({cell},{least}),{greatest})"
    return f"LN({cell})" if how.log else cell


def _with_status(values: Any, status: np.ndarray, language: str) -> list[Any]:
    """Values, and in words why there is none."""
    return [
        value if code == VALUE else STATUS_LABELS[code].of(language)
        for value, code in zip(values, status, strict=True)
    ]


def _of_stage(leaf: Indicator, stage: Stage) -> Text:
    return say(zh="{leaf}：{stage}", en="{leaf}: {stage}", leaf=leaf.name, stage=stage.name)
