"""Reading one table's columns cell by cell; every complaint is collected with its row and column."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from qtoolkit.errors import Problems, clip, nearest
from qtoolkit.inputs.files import Rows
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_text
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.statuses import STATUS_LABELS, STATUS_NAMES, STATUS_WORDS, VALUE, ZERO
from qtoolkit.language import Text, listing, say

UNIT_HEADERS = ("unit", "考核对象", "地区", "单位名称")
_YES_NO = {"1": True, "是": True, "yes": True, "true": True, "0": False, "否": False, "no": False, "false": False}
_EXCEL_ERROR = re.compile(r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|GETTING_DATA)")
_MOST_HINTS = 20  # looking for the nearest name is slow: thousands of unknown units need no thousand hints


class Reader:
    """Reads the columns of one table for a scheme; what is wrong stands in `problems`.

    A column that is missing is a complaint of its own and reads as blank.
    """

    def __init__(self, rows: Rows, scheme: Scheme):
        self.rows, self.scheme, self.problems = rows, scheme, Problems()
        self._places: dict[str, int] = {}
        self._hints = 0
        known, ambiguous = self._known_columns()
        for i, title in enumerate(rows.header):
            key = known.get(title)
            if title in ambiguous:
                ids = listing(ambiguous[title])
                self._complain_header(
                    say(
                        zh="是{ids}共有的名称，请以编号作列名",
                        en="is the name of {ids}: use the ids as headers",
                        ids=ids,
                    ),
                    title,
                )
            elif key is None:
                self._complain_header(
                    say(
                        zh="方案中没有这一列{hint}",
                        en="the scheme has no such column{hint}",
                        hint=self._hint(title, known),
                    ),
                    title,
                )
            elif key in self._places:
                other = rows.header[self._places[key]]
                self._complain_header(
                    say(zh="与“{other}”列含义相同", en="means the same as column “{other}”", other=other), title
                )
            else:
                self._places[key] = i
        names = {leaf.id: leaf.name for leaf in scheme.leaves}
        absent = [
            say(zh="{id}（{name}）", en="{id} ({name})", id=key, name=names[key]) if key in names else key
            for key in ("unit", *names)
            if not self._has(key)
        ]
        if absent:
            self._complain_header(say(zh="缺少列：{names}", en="missing columns: {names}", names=listing(absent)))
        for leaf in scheme.leaves:
            if self._has(f"target:{leaf.id}") and not _takes_target(leaf):
                self._complain_header(
                    say(
                        zh="该指标的评分规则（{rule}）不使用各考核对象的目标值",
                        en="the rule of this indicator ({rule}) takes no target of each unit",
                        rule=leaf.rule.kind,
                    ),
                    f"target:{leaf.id}",
                )

    def _known_columns(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Column headers that are understood and what each stands for; names that several columns share."""
        known = {header: "unit" for header in UNIT_HEADERS} | {"name_en": "name_en", "英文名称": "name_en"}
        known |= {"class": "class", "类别": "class"}
        for leaf in self.scheme.leaves:
            known |= {f"{kind}:{leaf.id}": f"{kind}:{leaf.id}" for kind in ("status", "target")}
        known |= {f"veto:{veto.id}": f"veto:{veto.id}" for veto in self.scheme.vetoes}
        known |= {f"bonus:{bonus.id}": f"bonus:{bonus.id}" for bonus in self.scheme.bonuses}
        described = [(part.id, part.name) for part in (*self.scheme.leaves, *self.scheme.covariates)]
        known |= {id: id for id, _ in described}
        shared: dict[str, list[str]] = {}
        for id, name in described:
            for header in {name.zh.strip(), name.en.strip()} - {id}:
                shared.setdefault(header, []).append(id)
        for header, ids in shared.items():
            known.setdefault(header, ids[0])
        return known, {header: ids for header, ids in shared.items() if len(ids) > 1 and header not in dict(described)}

    def complain(self, text: Text, column: str | None = None, row: int | None = None) -> None:
        """Collect a complaint about this table."""
        self.problems.add(text, file=self.rows.name, row=row, column=column)

    def _complain_header(self, text: Text, column: str | None = None) -> None:
        self.complain(text, column, self.rows.head or None)

    def _hint(self, name: str, known: Any) -> Text:
        self._hints += 1
        return nearest(name, known) if self._hints <= _MOST_HINTS else Text("", "")

    def _has(self, key: str) -> bool:
        return key in self._places

    def _header(self, key: str) -> str:
        return self.rows.header[self._places[key]] if self._has(key) else key

    def _cells(self, key: str) -> list[tuple[int, Any]]:
        """(row number, cell) of a column; blanks where the column is absent."""
        place = self._places.get(key)
        rows = zip(self.rows.numbers, self.rows.rows, strict=True)
        return [(number, None if place is None else row[place]) for number, row in rows]

    def texts(self, key: str) -> list[str | None]:
        """A column of text; None where it is blank."""
        result = []
        for row, cell in self._cells(key):
            text = None if is_blank(cell) else plain_text(cell)
            if text is not None and _EXCEL_ERROR.fullmatch(text):
                self.complain(
                    say(zh="内容为“{found}”，应为文字", en="found “{found}”, expected text", found=text), self._header(key),
                    row,
                )
            result.append(text)
        return result

    def units(self) -> tuple[str, ...]:
        """The units' names, each filled, unique, and known to a scheme that lists its units."""
        names = [name or "" for name in self.texts("unit")]
        if not self._has("unit"):
            return tuple(names)
        first: dict[str, int] = {}
        listed = None if self.scheme.units is None else set(self.scheme.units)
        for row, name in zip(self.rows.numbers, names, strict=True):
            text = None
            if not name:
                text = say(zh="考核对象名称为空", en="the unit has no name")
            elif name in first:
                text = say(
                    zh="考核对象“{name}”与第{first}行重复",
                    en="the unit “{name}” repeats row {first}",
                    name=clip(name), first=first[name],
                )
            elif listed is not None and name not in listed:
                text = say(
                    zh="方案中没有考核对象“{name}”{hint}",
                    en="the scheme has no unit “{name}”{hint}",
                    name=clip(name), hint=self._hint(name, self.scheme.units),
                )
            if text is not None:
                self.complain(text, self._header("unit"), row)
            first.setdefault(name, row)
        if absent := [name for name in self.scheme.units or () if name not in first]:
            self.complain(say(zh="缺少考核对象：{names}", en="missing units: {names}", names=listing(absent, most=20)))
        return tuple(names)

    def leaf(self, leaf: Indicator) -> tuple[list, list[int], list[float]]:
        """Raw values, statuses and targets of one leaf."""
        statuses = self._statuses(leaf)
        values: list[Any] = []
        column = self._header(leaf.id)
        cells = self._cells(leaf.id) if self._has(leaf.id) else []  # the missing column has been complained of
        for i, (row, cell) in enumerate(cells):
            blank = is_blank(cell)
            word = STATUS_WORDS.get(plain_text(cell)) if isinstance(cell, str) else None
            if word is not None:
                if statuses[i] not in (VALUE, word):
                    text = say(
                        zh="内容为“{found}”，与状态列的“{status}”矛盾",
                        en="found “{found}”, which contradicts “{status}” in the status column",
                        found=STATUS_LABELS[word], status=STATUS_LABELS[statuses[i]],
                    )
                    self.complain(text, column, row)
                statuses[i], blank = word, True
            elif not blank and statuses[i] != VALUE:
                text = say(
                    zh="状态列为“{status}”，却有数值“{found}”",
                    en="the status column says “{status}”, and yet there is a value, “{found}”",
                    status=STATUS_LABELS[statuses[i]], found=clip(cell),
                )
                self.complain(text, column, row)
            elif blank and statuses[i] == VALUE:
                statuses[i] = self._blank(leaf, column, row)
            values.append(None if blank else self._value(leaf, cell, column, row))
        targets = self._targets(leaf, statuses)
        return values, statuses, targets

    def _statuses(self, leaf: Indicator) -> list[int]:
        key = f"status:{leaf.id}"
        result = []
        for row, cell in self._cells(key):
            word = "" if is_blank(cell) else plain_text(cell)
            if word and word not in STATUS_WORDS:
                text = say(
                    zh="状态为“{word}”，应为{words}之一{hint}",
                    en="the status is “{word}”, expected one of {words}{hint}",
                    word=clip(word), words=listing(STATUS_LABELS[1:]), hint=self._hint(word, STATUS_WORDS),
                )
                self.complain(text, key, row)
            result.append(STATUS_WORDS.get(word, VALUE))
        return result

    def _blank(self, leaf: Indicator, column: str, row: int) -> int:
        """What an unmarked blank means."""
        meaning = leaf.missing.blank or self.scheme.missing.blank
        if meaning != "fail":
            return STATUS_NAMES.index(meaning)
        text = say(
            zh="空白，应有数值，或写明{words}之一",
            en="blank, expected a value or one of {words}",
            words=listing(
                Text(label.zh, name) for label, name in zip(STATUS_LABELS[1:], STATUS_NAMES[1:], strict=True)
            ),
        )
        self.complain(text, column, row)
        return ZERO

    def _value(self, leaf: Indicator, cell: Any, column: str, row: int) -> Any:
        rule = leaf.rule
        if rule.kind == "level":
            word = plain_text(cell)
            if word not in rule.levels:
                text = say(
                    zh="档次为“{word}”，应为{words}之一{hint}",
                    en="the level is “{word}”, expected one of {words}{hint}",
                    word=clip(word), words=listing(rule.levels), hint=self._hint(word, rule.levels),
                )
                self.complain(text, column, row)
            return word
        number, reason = parse_number(cell, percent=leaf.unit in ("%", "\uff05"))
        low, high = {"share": (0, 1), "direct": (0, leaf.written_for)}.get(rule.kind, (None, None))
        if rule.kind == "deduct" and rule.target is None and not rule.own_target:
            low = 0
        self._check_range(number, reason, low, high, column, row)
        return number

    def _check_range(
        self, number: float, reason: Text | None, low: float | None, high: float | None, column: str, row: int
    ) -> None:
        if reason is None and low is not None and number < low:
            reason = say(
                zh="内容为“{found:.10g}”，应不小于 {low:.10g}",
                en="found “{found:.10g}”, expected at least {low:.10g}",
                found=number, low=low,
            )
        if reason is None and high is not None and number > high:
            reason = say(
                zh="内容为“{found:.10g}”，应不大于 {high:.10g}",
                en="found “{found:.10g}”, expected at most {high:.10g}",
                found=number, high=high,
            )
        if reason is not None:
            self.complain(reason, column, row)

    def numbers(
        self, key: str, low: float | None = None, high: float | None = None, blank: float = np.nan
    ) -> list[float]:
        """A column of numbers between `low` and `high`; blanks give `blank`."""
        result = []
        for row, cell in self._cells(key):
            number, reason = (blank, None) if is_blank(cell) else parse_number(cell)
            self._check_range(number, reason, low, high, self._header(key), row)
            result.append(number)
        return result

    def _targets(self, leaf: Indicator, statuses: list[int]) -> list[float]:
        """The units' own targets of a leaf; NaN where there is none."""
        rule, key = leaf.rule, f"target:{leaf.id}"
        targets: list[float] = []
        needed = _takes_target(leaf) and rule.target is None
        for (row, cell), status in zip(self._cells(key), statuses, strict=True):
            target, reason = (
                (np.nan, None) if is_blank(cell) else parse_number(cell, percent=leaf.unit in ("%", "\uff05"))
            )
            if reason is None and target <= 0 and rule.kind == "target":
                reason = say(
                    zh="目标值为“{found:.10g}”，应大于 0",
                    en="the target is “{found:.10g}”, expected above 0",
                    found=target,
                )
            elif reason is None and np.isnan(target) and needed and status == VALUE and self._has(key):
                reason = say(
                    zh="没有目标值，应在本列或评分规则中写明",
                    en="no target, expected one in this column or in the rule",
                )
            if reason is not None:
                self.complain(reason, key, row)
            targets.append(target)
        if needed and not self._has(key) and VALUE in statuses:
            self._complain_header(
                say(
                    zh="缺少目标值列（评分规则中也没有 target）", en="no column of targets (and no target in the rule)"
                ),
                key,
            )
        return targets

    def yes_no(self, key: str) -> list[bool]:
        """A column of yes and no; blank is no."""
        result = []
        for row, cell in self._cells(key):
            word = "" if is_blank(cell) else plain_text(cell).lower()
            if word and word not in _YES_NO:
                text = say(
                    zh="内容为“{found}”，应为“是”或“否”", en="found “{found}”, expected yes or no", found=clip(cell)
                )
                self.complain(text, key, row)
            result.append(_YES_NO.get(word, False))
        return result

    def covariates(self) -> dict[str, list]:
        """The columns that describe units; those that the table lacks are left out."""
        kinds = {covariate.id: covariate.kind for covariate in self.scheme.covariates}
        kinds.setdefault("class", "text")
        return {
            id: self.numbers(id) if kind == "number" else self.texts(id) for id, kind in kinds.items() if self._has(id)
        }


def _takes_target(leaf: Indicator) -> bool:
    """Whether the leaf's rule knows targets of units."""
    rule = leaf.rule
    return rule.kind == "target" or (rule.kind == "deduct" and (rule.own_target or rule.target is not None))
