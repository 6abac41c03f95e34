"""The table of data: one row a unit, validated cell by cell against the scheme."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.errors import Problems, nearest
from qtoolkit.inputs.files import Rows, read_rows, rows_of_grid
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_text
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.language import Text, listing, say

VALUE, NOT_APPLICABLE, NOT_REPORTED, PENDING, ZERO = range(5)
STATUS_NAMES = ("value", "not_applicable", "not_reported", "pending", "zero")
STATUS_LABELS = (
    Text("有数值", "value"),
    Text("不适用", "not applicable"),
    Text("未报送", "not reported"),
    Text("待核实", "pending"),
    Text("零分", "zero"),
)
_STATUS_WORDS = {
    "不适用": NOT_APPLICABLE,
    "未报送": NOT_REPORTED,
    "待核实": PENDING,
    "零分": ZERO,
    "not_applicable": NOT_APPLICABLE,
    "not_reported": NOT_REPORTED,
    "pending": PENDING,
    "zero": ZERO,
}
_YES_NO = {
    "1": True,
    "是": True,
    "yes": True,
    "true": True,
    "0": False,
    "否": False,
    "no": False,
    "false": False,
    "": False,
}
_UNIT_HEADERS = ("unit", "考核对象", "地区", "单位名称")


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
    """A table from a DataFrame whose index, or column `unit`, names the units."""
    if not any(str(c) in _UNIT_HEADERS for c in frame.columns):
        frame = frame.rename_axis("unit").reset_index()
    grid = [list(map(str, frame.columns))] + [[_cell(v) for v in row] for row in frame.itertuples(index=False)]
    return table_of_rows(rows_of_grid("DataFrame", grid), scheme)


def _cell(value: Any) -> Any:
    if value is pd.NA or value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def table_of_rows(rows: Rows, scheme: Scheme) -> Table:
    """Rows as a table, or one InputError with every complaint."""
    reader = _Reader(rows, scheme)
    reader.problems.stop()
    table = reader.table()
    reader.problems.stop()
    return table


class _Reader:
    """Reads one table; columns first, then the cells."""

    def __init__(self, rows: Rows, scheme: Scheme):
        self.rows, self.scheme, self.problems = rows, scheme, Problems()
        self.places: dict[str, int] = {}
        self.known = self._known_columns()
        for i, title in enumerate(rows.header):
            key = self.known.get(title)
            if key is None:
                self._complain(
                    say(zh="没有这一列{hint}", en="unknown column{hint}", hint=nearest(title, self.known)), title
                )
            elif key in self.places:
                self._complain(say(zh="与另一列含义相同", en="another column means the same"), title)
            else:
                self.places[key] = i
        wanted = ["unit", *(leaf.id for leaf in scheme.leaves)]
        absent = [self._label(key) for key in wanted if key not in self.places]
        if absent:
            self._complain(say(zh="缺少列:{names}", en="missing columns: {names}", names=listing(absent)))

    def _known_columns(self) -> dict[str, str]:
        """Column headers that are understood, and what each stands for."""
        known = {header: "unit" for header in _UNIT_HEADERS} | {"name_en": "name_en", "英文名称": "name_en"}
        known |= {"class": "class", "类别": "class"}
        for leaf in self.scheme.leaves:
            for header in (leaf.id, leaf.name.zh, leaf.name.en):
                known.setdefault(header, leaf.id)
            known |= {f"{k}:{leaf.id}": f"{k}:{leaf.id}" for k in ("status", "target")}
        known |= {f"veto:{veto.id}": f"veto:{veto.id}" for veto in self.scheme.vetoes}
        known |= {f"bonus:{bonus.id}": f"bonus:{bonus.id}" for bonus in self.scheme.bonuses}
        for covariate in self.scheme.covariates:
            known |= dict.fromkeys((covariate.id, covariate.name.zh, covariate.name.en), covariate.id)
        return known

    def _label(self, key: str) -> Text:
        names = {leaf.id: leaf.name for leaf in self.scheme.leaves}
        return say(zh="{id}({name})", en="{id} ({name})", id=key, name=names[key]) if key in names else Text(key, key)

    def _complain(self, text: Text, column: str | None = None, row: int | None = None) -> None:
        self.problems.add(text, file=self.rows.name, row=row, column=column)

    def _cells(self, key: str) -> list[tuple[int, Any]]:
        """(row number, cell) of a column; blanks where the column is absent."""
        place = self.places.get(key)
        return [
            (n, None if place is None else row[place]) for n, row in zip(self.rows.numbers, self.rows.rows, strict=True)
        ]

    def _header(self, key: str) -> str:
        return self.rows.header[self.places[key]]

    def table(self) -> Table:
        scheme, units = self.scheme, self._units()
        english = [plain_text(cell) if not is_blank(cell) else "" for _, cell in self._cells("name_en")]
        labels = tuple(Text(zh, en or zh) for zh, en in zip(units, english, strict=True))
        columns = [self._leaf(leaf) for leaf in scheme.leaves]
        raw = np.array([values for values, _, _ in columns], dtype=object).reshape(len(columns), len(units)).T
        status = np.array([status for _, status, _ in columns], dtype=np.int8).T
        targets = np.array([targets for _, _, targets in columns], dtype=float).T
        vetoes = np.array([self._yes_no(f"veto:{v.id}") for v in scheme.vetoes], dtype=bool).reshape(-1, len(units)).T
        bonuses = [self._numbers(f"bonus:{b.id}", low=0, high=b.max, blank=0.0) for b in scheme.bonuses]
        index = pd.Index(units, name="unit")
        table = Table(
            self.rows.name,
            units,
            labels,
            raw,
            status,
            targets,
            vetoes,
            np.array(bonuses, dtype=float).reshape(-1, len(units)).T,
            self._covariates(index),
        )
        return self._without_empty(table)

    def _units(self) -> tuple[str, ...]:
        units: list[str] = []
        first: dict[str, int] = {}
        for row, cell in self._cells("unit"):
            name = "" if is_blank(cell) else plain_text(cell)
            if not name:
                self._complain(say(zh="考核对象名称为空", en="the unit has no name"), self._header("unit"), row)
            elif name in first:
                text = say(
                    zh="考核对象“{name}”与第{first}行重复",
                    en="the unit “{name}” repeats row {first}",
                    name=name,
                    first=first[name],
                )
                self._complain(text, self._header("unit"), row)
            elif self.scheme.units is not None and name not in self.scheme.units:
                hint = nearest(name, self.scheme.units)
                text = say(
                    zh="方案中没有考核对象“{name}”{hint}",
                    en="the scheme has no unit “{name}”{hint}",
                    name=name,
                    hint=hint,
                )
                self._complain(text, self._header("unit"), row)
            first.setdefault(name, row)
            units.append(name)
        if absent := [name for name in self.scheme.units or () if name not in first]:
            self._complain(say(zh="缺少考核对象:{names}", en="missing units: {names}", names=listing(absent)))
        return tuple(units)

    def _leaf(self, leaf: Indicator) -> tuple[list, list[int], list[float]]:
        """Raw values, statuses and targets of one leaf."""
        statuses = self._statuses(leaf)
        values: list[Any] = []
        column = self._header(leaf.id)
        for i, (row, cell) in enumerate(self._cells(leaf.id)):
            word = _STATUS_WORDS.get(plain_text(cell)) if isinstance(cell, str) else None
            if word is not None:
                if statuses[i] not in (VALUE, word):
                    self._complain(say(zh="与状态列不一致", en="contradicts the status column"), column, row)
                statuses[i], cell = word, None
            elif not is_blank(cell) and statuses[i] != VALUE:
                text = say(
                    zh="状态为“{status}”却有数值“{found}”",
                    en="the status is “{status}” and yet there is a value, “{found}”",
                    status=STATUS_LABELS[statuses[i]],
                    found=cell,
                )
                self._complain(text, column, row)
            elif is_blank(cell) and statuses[i] == VALUE:
                statuses[i] = self._blank(leaf, column, row)
            values.append(None if is_blank(cell) else self._value(leaf, cell, column, row))
        key = f"target:{leaf.id}"
        targets = self._numbers(key) if key in self.places else [np.nan] * len(values)
        self._check_targets(leaf, statuses, targets)
        return values, statuses, targets

    def _statuses(self, leaf: Indicator) -> list[int]:
        result = []
        for row, cell in self._cells(f"status:{leaf.id}"):
            word = "" if is_blank(cell) else plain_text(cell)
            if word and word not in _STATUS_WORDS:
                text = say(
                    zh="状态“{word}”应为 {words} 之一",
                    en="the status “{word}” must be one of {words}",
                    word=word,
                    words=listing(_STATUS_WORDS),
                )
                self._complain(text, f"status:{leaf.id}", row)
            result.append(_STATUS_WORDS.get(word, VALUE))
        return result

    def _blank(self, leaf: Indicator, column: str, row: int) -> int:
        meaning = leaf.missing.blank or self.scheme.missing.blank
        if meaning == "fail":
            text = say(
                zh="空白,应有数值,或写明 不适用、未报送、待核实、零分 之一",
                en="blank, expected a value or one of not_applicable, not_reported, pending, zero",
            )
            self._complain(text, column, row)
            return ZERO
        return STATUS_NAMES.index(meaning)

    def _value(self, leaf: Indicator, cell: Any, column: str, row: int) -> Any:
        rule = leaf.rule
        if rule.kind == "level":
            word = plain_text(cell)
            if word not in rule.levels:
                text = say(
                    zh="档次“{word}”应为 {words} 之一{hint}",
                    en="the level “{word}” must be one of {words}{hint}",
                    word=word,
                    words=listing(rule.levels),
                    hint=nearest(word, rule.levels),
                )
                self._complain(text, column, row)
            return word
        number, reason = parse_number(cell, percent=leaf.unit == "%")
        low, high = {"share": (0, 1), "direct": (0, leaf.written_for)}.get(rule.kind, (None, None))
        if rule.kind == "deduct" and rule.target is None and not rule.own_target:
            low = 0
        self._in_range(number, reason, low, high, column, row)
        return number

    def _in_range(
        self, number: float, reason: Text | None, low: float | None, high: float | None, column: str, row: int
    ) -> None:
        if reason is None and low is not None and number < low:
            reason = say(zh="{found:.10g} 小于下限 {low:g}", en="{found:.10g} is below {low:g}", found=number, low=low)
        if reason is None and high is not None and number > high:
            reason = say(
                zh="{found:.10g} 大于上限 {high:g}", en="{found:.10g} is above {high:g}", found=number, high=high
            )
        if reason is not None:
            self._complain(reason, column, row)

    def _numbers(
        self, key: str, low: float | None = None, high: float | None = None, blank: float = np.nan
    ) -> list[float]:
        result = []
        for row, cell in self._cells(key):
            number, reason = (blank, None) if is_blank(cell) else parse_number(cell)
            self._in_range(number, reason, low, high, key, row)
            result.append(number)
        return result

    def _check_targets(self, leaf: Indicator, statuses: list[int], targets: list[float]) -> None:
        rule = leaf.rule
        needs_own = (rule.kind == "target" and rule.target is None) or (rule.kind == "deduct" and rule.own_target)
        for row, status, target in zip(self.rows.numbers, statuses, targets, strict=True):
            if needs_own and status == VALUE and np.isnan(target):
                text = say(
                    zh="没有目标值(列 target:{leaf} 或评分规则中的 target)",
                    en="no target (column target:{leaf} or target in the rule)",
                    leaf=leaf.id,
                )
                self._complain(text, f"target:{leaf.id}", row)
            elif rule.kind == "target" and target <= 0:
                self._complain(say(zh="目标值应大于 0", en="a target must be above 0"), f"target:{leaf.id}", row)

    def _yes_no(self, key: str) -> list[bool]:
        result = []
        for row, cell in self._cells(key):
            word = "" if is_blank(cell) else plain_text(cell).lower()
            if word not in _YES_NO:
                text = say(zh="内容为“{found}”,应为 是 或 否", en="found “{found}”, expected yes or no", found=cell)
                self._complain(text, key, row)
            result.append(_YES_NO.get(word, False))
        return result

    def _covariates(self, index: pd.Index) -> pd.DataFrame:
        data: dict[str, list] = {}
        for covariate in self.scheme.covariates:
            if covariate.id in self.places:
                if covariate.kind == "number":
                    data[covariate.id] = self._numbers(covariate.id)
                else:
                    data[covariate.id] = [None if is_blank(c) else plain_text(c) for _, c in self._cells(covariate.id)]
        if "class" in self.places and "class" not in data:
            data["class"] = [None if is_blank(c) else plain_text(c) for _, c in self._cells("class")]
        return pd.DataFrame(data, index=index)

    def _without_empty(self, table: Table) -> Table:
        """Units without a single value are refused or left out, as the scheme says."""
        empty = ~np.isin(table.status, (VALUE, ZERO)).any(axis=1)
        if not empty.any():
            return table
        names = [label for label, gone in zip(table.labels, empty, strict=True) if gone]
        if self.scheme.missing.no_data == "fail":
            text = say(
                zh="{names}没有任何指标数据;如不参加评分,请在方案中写明 missing.no_data: exclude",
                en="{names}: no data on any indicator; to leave such units out write missing.no_data: exclude",
                names=listing(names),
            )
            self._complain(text)
        elif empty.all():
            self._complain(say(zh="所有考核对象都没有数据", en="no unit has any data"))
        keep = ~empty
        return Table(
            table.name,
            tuple(np.array(table.units, dtype=object)[keep]),
            tuple(label for label, k in zip(table.labels, keep, strict=True) if k),
            table.raw[keep],
            table.status[keep],
            table.targets[keep],
            table.vetoes[keep],
            table.bonuses[keep],
            table.covariates[keep],
            tuple(names),
        )
