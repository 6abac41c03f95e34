"""Reading one table's columns cell by cell; every complaint is collected with its row and
column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from qtoolkit.errors import clip, one_of, unexpected
from qtoolkit.inputs.calendar import Days, days_of, not_above_zero
from qtoolkit.inputs.cells import Cells
from qtoolkit.inputs.dates import cell_complaints, day_complaints
from qtoolkit.inputs.files import Rows
from qtoolkit.inputs.headers import REMARK_KINDS, REMARKS
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_text
from qtoolkit.inputs.scheme import Indicator, Scheme, Stage
from qtoolkit.inputs.statuses import (
    NEW,
    STATUS_LABELS,
    STATUS_NAMES,
    STATUS_WORDS,
    VALUE,
    WRITTEN,
    ZERO,
)
from qtoolkit.inputs.tasks import NOTHING, STATE_OF, Entry, agreed_status, read_task
from qtoolkit.language import Text, listing, say
from qtoolkit.rules.base import BASELINE
from qtoolkit.rules.checklist import Task

PLANS = ("plan_base", "plan_goal")
"""Kinds of columns that hold the ends of a unit's own path."""


@dataclass
class LeafColumns:
    """What a table says of one leaf, a list item a unit: values as scored and as filed before later
    stages replaced or corrected them, statuses, targets, baselines, standard errors, the values of
    each stage, and of a list what is said of each of its tasks."""

    values: list[Any]
    statuses: list[int]
    targets: list[float]
    baselines: list[float]
    errors: list[float]
    filed: list[Any]
    stages: dict[str, list[Any]] = field(default_factory=dict)
    tasks: list[list[Entry]] = field(default_factory=list)


class Reader(Cells):
    """Reads the columns of one table for a scheme; what is wrong stands in `problems`.

    A column that is missing is a complaint of its own and reads as blank. So is the column of a
    veto, which may be empty: without it nobody can tell whether there was none. Falsification may
    be marked in the cells instead.
    """

    # whether the rest of the table stands elsewhere, so that blanks and absent columns are no
    # complaint
    partial = False

    def __init__(self, rows: Rows, scheme: Scheme):
        super().__init__(rows, scheme)
        if not self.partial:
            self._check_columns(scheme)

    def _check_columns(self, scheme: Scheme) -> None:
        """Complain of columns that are missing, and of such that a leaf's rule does not take."""
        absent: list[Any] = [] if self._has("unit") else ["unit"]
        for leaf in scheme.leaves:
            absent += [
                say(zh="{id}（{name}）", en="{id} ({name})", id=key, name=leaf.name)
                for key in columns_of(leaf)
                if not self._has(key) and not self._is_new(leaf)
            ]
            self._check_targets(leaf)
            if self._has(f"se:{leaf.id}") and leaf.leaf_rule.is_of_words:
                self._complain_header(
                    say(
                        zh="按档次评分的指标没有标准误",
                        en="an indicator scored by levels has no standard error",
                    ),
                    f"se:{leaf.id}",
                )
            self._check_whole(leaf)
        absent += [
            say(zh="{id}（{name}）", en="{id} ({name})", id=key, name=name)
            for key, name in _asked(scheme)
            if not self._has(key)
        ]
        if absent:
            self._complain_header(
                say(zh="缺少列：{names}", en="missing columns: {names}", names=listing(absent))
            )

    def _check_whole(self, leaf: Indicator) -> None:
        """Complain of a column for a list as a whole, beside or in place of its tasks'."""
        for key in (leaf.id, *(f"{leaf.id}@{stage}" for stage in leaf.stages)):
            if leaf.leaf_rule.tasks and self._has(key):
                text = say(
                    zh="“{leaf}”按任务清单计分，请按任务填报，列名如 {name}",
                    en="“{leaf}” is a list of tasks: expected a column for each of them, such as "
                    "{name}",
                    leaf=leaf.name,
                    name=columns_of(leaf)[0],
                )
                self._complain_header(text, key)

    def _check_targets(self, leaf: Indicator) -> None:
        """Complain of columns of targets, of their filing and of their plan that a leaf cannot
        use."""
        keys = [f"{kind}:{leaf.id}" for kind in ("target", "filed", *PLANS)]
        for key in filter(self._has, keys):
            if not leaf.leaf_rule.takes_target():
                self._complain_header(
                    say(
                        zh="该指标的评分规则（{rule}）不使用各考核对象的目标值",
                        en="the rule of this indicator ({rule}) takes no target of each unit",
                        rule=leaf.leaf_rule.kind,
                    ),
                    key,
                )
            elif leaf.plan is None and key.partition(":")[0] in PLANS:
                self._complain_header(
                    say(
                        zh="方案没有写该指标的规划（plan）",
                        en="the scheme gives this indicator no plan",
                    ),
                    key,
                )

    def _is_new(self, leaf: Indicator) -> bool:
        """Whether the leaf has no column yet and the scheme says what it gives then."""
        treatment = leaf.missing.new or self.scheme.missing.new
        return treatment != "fail" and not any(self._has(key) for key in columns_of(leaf))

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
                    name=clip(name),
                    first=first[name],
                )
            elif listed is not None and name not in listed:
                text = say(
                    zh="方案中没有考核对象“{name}”{hint}",
                    en="the scheme has no unit “{name}”{hint}",
                    name=clip(name),
                    hint=self._hint(name, self.scheme.units),
                )
            if text is not None:
                self.complain(text, self._header("unit"), row)
            first.setdefault(name, row)
        if absent := [name for name in self.scheme.units or () if name not in first]:
            self.complain(
                say(
                    zh="缺少考核对象：{names}",
                    en="missing units: {names}",
                    names=listing(absent, most=20),
                )
            )
        return tuple(names)

    def unfilled(self) -> list[str]:
        """The headers of the indicators' columns where not one of their cells is filled in; none
        where any is."""
        kinds = ("status", "target", "base", "se")
        stages = [s.id for s in self.scheme.stages if s.effect != "part"]
        wanted, other = [], []
        for leaf in self.scheme.leaves:
            wanted += [*columns_of(leaf), f"target:{leaf.id}", f"base:{leaf.id}"]
            other += [
                *(f"{kind}:{leaf.id}" for kind in kinds),
                *(f"{leaf.id}@{stage}" for stage in stages),
            ]
        present = [key for key in wanted if self._has(key)]
        return (
            []
            if any(self._filled(key) for key in (*present, *other))
            else [self._header(key) for key in present]
        )

    def leaf(self, leaf: Indicator) -> LeafColumns:
        """Everything about one leaf."""
        marked_statuses = self._statuses(leaf)
        count, stages = len(marked_statuses), {}
        entries = _unsaid(leaf, count)
        later = [
            s for s in self.scheme.stages if s.effect != "part" and self._has(f"{leaf.id}@{s.id}")
        ]
        if self._is_new(leaf):
            values, statuses = [None] * count, [NEW] * count
        else:
            replaced = {
                i
                for s in later
                if s.effect == "replaces"
                for i in self._filled(f"{leaf.id}@{s.id}")
            }
            columns, entries = self._filed(leaf, marked_statuses, replaced)
            stages = dict(zip(leaf.stages, (values for values, _ in columns), strict=False))
            values, statuses = self._joined(leaf, columns)
        filed = list(values)
        for stage in later:
            stages[stage.id] = self._later(leaf, stage, values, statuses)
        baselines = self.numbers(f"base:{leaf.id}", percent=is_percent(leaf))
        targets = self._targets(leaf)
        own = leaf.leaf_rule.own
        if own is not None and leaf.leaf_rule.needs_own():
            numbers = baselines if own is BASELINE else targets
            self._need(f"{own.column}:{leaf.id}", numbers, statuses, own.name, own.field)
        errors = self.numbers(f"se:{leaf.id}", low=0, percent=is_percent(leaf))
        return LeafColumns(values, statuses, targets, baselines, errors, filed, stages, entries)

    def _filed(
        self, leaf: Indicator, marked: list[int], replaced: Collection[int]
    ) -> tuple[list[tuple[list[Any], list[int]]], list[list[Entry]]]:
        """Values and statuses by column of a leaf, or the shares of a list that are done with what
        is said of its tasks."""
        if leaf.leaf_rule.tasks:
            entries = self._tasks(leaf, marked, replaced)
            return [self._listed(leaf, entries, marked)], entries
        return [self._column(leaf, key, marked, replaced) for key in columns_of(leaf)], []

    def _tasks(
        self, leaf: Indicator, marked: list[int], replaced: Collection[int]
    ) -> list[list[Entry]]:
        """What the units report of each task of a list."""
        period = days_of(self.scheme.period)
        return [
            [
                self._entry(leaf, task, (column, row), cell, marked[i], i in replaced, period)
                for i, (row, cell) in enumerate(self.cells(column))
            ]
            if self._has(column)  # the missing column has been complained of
            else unsaid
            for task, column, unsaid in zip(
                leaf.leaf_rule.tasks, columns_of(leaf), _unsaid(leaf, len(marked)), strict=True
            )
        ]

    def _entry(
        self,
        leaf: Indicator,
        task: Task,
        place: tuple[str, int],
        cell: Any,
        marked: int,
        is_replaced: bool,
        period: Days | None,
    ) -> Entry:
        """What one unit reports of a task; a blank that a later stage fills is none."""
        column, row = place
        status = self._status_of(cell, marked, column, row)
        if not is_blank(cell):
            entry, reason = read_task(cell, task, period)
            if reason is not None:
                self.complain(reason, column, row)
            return entry
        if status == VALUE:
            if is_replaced:
                return NOTHING
            status = self._blank(leaf, column, row)
        return Entry(STATE_OF[status], status=status)

    def _listed(
        self, leaf: Indicator, entries: list[list[Entry]], marked: list[int]
    ) -> tuple[list[Any], list[int]]:
        """The shares of a list that are done, and the statuses, from what is said of its tasks."""
        values, statuses = [], []
        for i, unit in enumerate(zip(*entries, strict=True)):
            status = self._agreed(leaf, i, agreed_status(unit, marked[i]))
            is_said = status == VALUE and NOTHING not in unit
            statuses.append(status)
            values.append(leaf.leaf_rule.share_done([e.state for e in unit]) if is_said else None)
        return values, statuses

    def _joined(
        self, leaf: Indicator, columns: list[tuple[list[Any], list[int]]]
    ) -> tuple[list[Any], list[int]]:
        """Values and statuses of a leaf of one or several columns."""
        if len(columns) == 1:
            return list(columns[0][0]), columns[0][1]
        statuses = [
            self._agreed(leaf, i, [column[1][i] for column in columns])
            for i in range(len(columns[0][1]))
        ]
        parts = zip(statuses, *(values for values, _ in columns), strict=True)
        return [
            combined(leaf, values) if status == VALUE else None for status, *values in parts
        ], statuses

    def _filled(self, key: str) -> list[int]:
        return [i for i, (_, cell) in enumerate(self.cells(key)) if not is_blank(cell)]

    def _column(
        self, leaf: Indicator, key: str, marked: list[int], replaced: Collection[int]
    ) -> tuple[list[Any], list[int]]:
        """Values and statuses of one column of a leaf, where a column of statuses has `marked`
        some; a blank that a later stage fills is none."""
        statuses, column = list(marked), self._header(key)
        # the missing column has been complained of
        cells = self.cells(key) if self._has(key) else []
        values: list[Any] = (
            [None] * len(cells)
            if leaf.leaf_rule.is_of_words
            else self._plain(cells, *self._ends(leaf))
        )
        for i in [i for i, value in enumerate(values) if value is None or statuses[i] != VALUE]:
            row, cell = cells[i]
            statuses[i] = self._status_of(cell, statuses[i], column, row)
            blank = is_blank(cell)
            if blank and statuses[i] == VALUE and i not in replaced:
                statuses[i] = self._blank(leaf, column, row)
            values[i] = (
                None
                if blank or _status_word(cell) is not None
                else self._value(leaf, cell, column, row)
            )
        return values or [None] * len(marked), statuses

    def _status_of(self, cell: Any, marked: int, column: str, row: int) -> int:
        """The status of a cell of values: its own word for one, else what is marked for it."""
        word = _status_word(cell)
        if word is None:
            if not is_blank(cell) and marked != VALUE:
                self._contradicts(clip(cell), marked, column, row)
            return marked
        if marked not in (VALUE, word):
            self._contradicts(STATUS_LABELS[word], marked, column, row)
        return word

    def _contradicts(self, content: Any, status: int, column: str, row: int) -> None:
        text = say(
            zh="内容为“{found}”，与已标明的状态“{status}”矛盾",
            en="found “{found}”, which contradicts the status “{status}”",
            found=content,
            status=STATUS_LABELS[status],
        )
        self.complain(text, column, row)

    def _agreed(self, leaf: Indicator, i: int, statuses: list[int]) -> int:
        """The status of a leaf whose stages may each have one."""
        marked = sorted({status for status in statuses if status != VALUE})
        if len(marked) > 1:
            self._contradicts(STATUS_LABELS[marked[0]], marked[1], leaf.id, self.rows.numbers[i])
        return marked[0] if marked else VALUE

    def _later(
        self, leaf: Indicator, stage: Stage, values: list[Any], statuses: list[int]
    ) -> list[Any]:
        """Let a later stage replace or correct values, in place; what it said, None where it said
        nothing."""
        key, stage_values = f"{leaf.id}@{stage.id}", []
        column = self._header(key)
        for i, (row, cell) in enumerate(self.cells(key)):
            word, value = _status_word(cell), None
            if is_blank(cell):
                pass
            elif word is not None:
                values[i], statuses[i] = None, word
            elif stage.effect == "replaces":
                value = values[i] = self._value(leaf, cell, column, row)
                statuses[i] = VALUE
            elif leaf.leaf_rule.is_of_words or values[i] is None:
                text = say(
                    zh="内容为“{found}”，但没有可更正的数值",
                    en="found “{found}”, but there is no number to correct",
                    found=clip(cell),
                )
                self.complain(text, column, row)
            else:
                value, reason = parse_number(cell, percent=is_percent(leaf))
                values[i] = sum_of_products((1, 1), (values[i], value))
                self._check_range(values[i], reason, *self._ends(leaf), column, row)
            stage_values.append(value)
        return stage_values

    def _statuses(self, leaf: Indicator) -> list[int]:
        key = f"status:{leaf.id}"
        if not self._has(key):
            return [VALUE] * len(self.rows.rows)
        result = []
        for row, cell in self.cells(key):
            word = "" if is_blank(cell) else plain_text(cell)
            if word and word not in STATUS_WORDS:
                want = one_of(STATUS_LABELS[i] for i in WRITTEN)
                hint = self._hint(word, STATUS_WORDS)
                self.complain(unexpected(word, want, Text("状态", "the status"), hint), key, row)
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
            words=listing(Text(STATUS_LABELS[i].zh, STATUS_NAMES[i]) for i in WRITTEN),
        )
        self.complain(text, column, row)
        return ZERO

    def _value(self, leaf: Indicator, cell: Any, column: str, row: int) -> Any:
        rule = leaf.leaf_rule
        if rule.is_of_words:
            word = plain_text(cell)
            if word not in rule.choices:
                want, hint = one_of(rule.choices), self._hint(word, rule.choices)
                self.complain(unexpected(word, want, Text("档次", "the level"), hint), column, row)
            return word
        number, reason = parse_number(cell, percent=is_percent(leaf))
        self._check_range(number, reason, *self._ends(leaf), column, row)
        return number

    def _ends(self, leaf: Indicator) -> tuple[float | None, float | None]:
        """The least and the greatest raw value that a leaf's rule understands."""
        return leaf.leaf_rule.limits(leaf.written_for)

    def _targets(self, leaf: Indicator) -> list[float]:
        """The units' own targets of a leaf; NaN where there is none."""
        key = f"target:{leaf.id}"
        targets = self.numbers(key, percent=is_percent(leaf))
        for row, target in zip(self.rows.numbers, targets, strict=True):
            if target <= 0 and leaf.leaf_rule.divides_by_own:
                text = say(
                    zh="目标值为“{found:.10g}”，应大于 0",
                    en="the target is “{found:.10g}”, expected above 0",
                    found=target,
                )
                self.complain(text, key, row)
        return targets

    def plans(self) -> dict[str, list[float]]:
        """The columns plan_base:<leaf> and plan_goal:<leaf> of the leaves with a plan; NaN where
        they are blank or absent."""
        return {
            f"{kind}:{leaf.id}": self._plan(f"{kind}:{leaf.id}", leaf)
            for leaf in self.scheme.leaves
            if leaf.plan is not None
            for kind in PLANS
        }

    def _plan(self, key: str, leaf: Indicator) -> list[float]:
        numbers = self.numbers(key, percent=is_percent(leaf))
        if leaf.plan is not None and leaf.plan.path == "compound":
            for row, number in zip(self.rows.numbers, numbers, strict=True):
                if number <= 0:
                    self.complain(not_above_zero(number), key, row)
        return numbers

    def _need(
        self, key: str, numbers: list[float], statuses: list[int], what: Text, name: str
    ) -> None:
        """Complain of units with a value but without the number of their own that the rule
        needs."""
        if not self._has(key) and VALUE in statuses:
            self._complain_header(
                say(
                    zh="缺少{what}列（评分规则中也没有 {name}）",
                    en="no column of each unit's {what} (and no {name} in the rule)",
                    what=what,
                    name=name,
                ),
                key,
            )
        elif self._has(key):
            cells = zip(self.cells(key), numbers, statuses, strict=True)
            for row in [
                row for (row, cell), _, status in cells if is_blank(cell) and status == VALUE
            ]:
                text = say(
                    zh="没有{what}，应在本列或评分规则中写明",
                    en="no {what}, expected one in this column or in the rule",
                    what=what,
                )
                self.complain(text, key, row)

    def remarks(self) -> dict[str, list[str | None]]:
        """The columns of text that say what happened and was decided: reason:<leaf>, event:<veto>,
        approved, …"""
        keys = [
            key for key in self._places if key in REMARKS or key.partition(":")[0] in REMARK_KINDS
        ]
        columns = {key: self.texts(key) for key in keys}
        if "approved" in columns:
            columns["approved"] = self._approved(columns["approved"])
        for key in keys:
            kind = key.partition(":")[0]
            if kind == "filed":
                self._check_dates(key, columns[key], day_complaints)
            elif kind == "date" and self.scheme.checks.date == "error":
                self._check_dates(key, columns[key], cell_complaints)
        return columns

    def _check_dates(
        self, key: str, texts: list[str | None], check: Callable[[str], Iterator[Text]]
    ) -> None:
        """Complain of cells that hold no date."""
        for row, text in zip(self.rows.numbers, texts, strict=True):
            for complaint in check(text or ""):
                self.complain(complaint, key, row)

    def _approved(self, words: list[str | None]) -> list[str | None]:
        """Approved grades by their ids, however they are called."""
        names = {name: g.id for g in self.scheme.grades for name in (g.label.zh, g.label.en, g.id)}
        for row, word in zip(self.rows.numbers, words, strict=True):
            if word is not None and word not in names:
                want = one_of(grade.label for grade in self.scheme.grades)
                text = unexpected(word, want, Text("审定等级", "the approved grade"))
                self.complain(text, self._header("approved"), row)
        return [None if word is None else names.get(word) for word in words]

    def covariates(self) -> dict[str, list[Any]]:
        """The columns that describe units; those that the table lacks are left out."""
        kinds = {covariate.id: covariate.kind for covariate in self.scheme.covariates}
        kinds.setdefault("class", "text")
        if self.scheme.classes:
            self._check_classes()
        return {
            id: self.numbers(id) if kind == "number" else self.texts(id)
            for id, kind in kinds.items()
            if self._has(id)
        }

    def _check_classes(self) -> None:
        """Every unit of a scheme with classes is in one of them."""
        if not self._has("class") and not self.partial:
            self._complain_header(say(zh="缺少类别列", en="no column of classes"), "class")
        for row, cell in self.cells("class") if self._has("class") else []:
            if (
                not (self.partial and is_blank(cell))
                and plain_text("" if cell is None else cell) not in self.scheme.classes
            ):
                found, want = "" if cell is None else cell, one_of(self.scheme.classes)
                text = unexpected(found, want, Text("类别", "the class"))
                self.complain(text, self._header("class"), row)


def _asked(scheme: Scheme) -> list[tuple[str, Text]]:
    """The columns, with the names of what they tell, that a table needs beside the leaves':
    vetoes that neither marks in cells nor votes bring about, and screens."""
    vetoes = [veto for veto in scheme.vetoes if not veto.falsified and veto.vote is None]
    told = [(f"veto:{veto.id}", veto.name) for veto in vetoes]
    return told + [(f"screen:{screen.id}", screen.name) for screen in scheme.screens]


def columns_of(leaf: Indicator) -> list[str]:
    """The columns that make a leaf's value: one, or one for each of its stages, or for each task of
    a list."""
    if leaf.leaf_rule.tasks:
        return [f"task:{leaf.id}.{task.id}" for task in leaf.leaf_rule.tasks]
    return [f"{leaf.id}@{stage}" for stage in leaf.stages] or [leaf.id]


def _unsaid(leaf: Indicator, count: int) -> list[list[Entry]]:
    """Of each task of a list that so many units say nothing of it."""
    return [[NOTHING] * count for _ in leaf.leaf_rule.tasks]


def combined(leaf: Indicator, parts: list[Any]) -> Any:
    """Σ weight · value over a leaf's stages; of levels, their shares; None where one is blank, for
    a later stage to fill."""
    if None in parts:
        return None
    if len(parts) == 1:
        return parts[0]
    if leaf.leaf_rule.is_of_words:
        parts = [leaf.leaf_rule.share_of(part) for part in parts]
    return sum_of_products(leaf.stages.values(), parts)


def sum_of_products(weights: Iterable[float], values: Iterable[float]) -> float:
    """Σ weight · value of numbers as they were written: a sum that is 4 on paper is 4, and on the
    step that starts at 4."""
    pairs = zip(weights, values, strict=True)
    return float(
        sum(
            (Decimal(repr(float(weight))) * Decimal(repr(float(value))) for weight, value in pairs),
            Decimal(0),
        )
    )


def _status_word(cell: Any) -> int | None:
    return STATUS_WORDS.get(plain_text(cell)) if isinstance(cell, str) else None


def is_percent(leaf: Indicator) -> bool:
    """Whether a leaf's numbers are measured in per cent, so that a percent sign says nothing
    new."""
    return leaf.unit in ("%", "\uff05")
