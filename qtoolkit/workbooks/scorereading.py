"""One filled score sheet: what stands in its cells, with their places, and what cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qtoolkit.errors import Problems, clip
from qtoolkit.inputs.naming import Called
from qtoolkit.inputs.numbertext import is_blank, plain_text
from qtoolkit.inputs.panels import Assessor, Panel
from qtoolkit.inputs.ratings import RECUSED, read_mark, read_vote
from qtoolkit.inputs.roster import Candidate, Roster
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.language import Text, say
from qtoolkit.workbooks.schemesheets import LEVELS
from qtoolkit.workbooks.scoresheets import (
    ASSESSOR,
    ITEM,
    POINTS,
    RANGE,
    STANDARD,
    UNIT,
    VOTE,
    WITHDRAWN,
    CalledUnits,
    MarkedStage,
)
from qtoolkit.workbooks.sheetxml import letters

Cell = tuple[str, str, str, str]
"""Assessor, stage, unit and item (ids; of a vote there is no item) of a mark."""
OWN = {title for i, level in enumerate(LEVELS, 1) for title in (level, f"Level {i}")} | {
    title for text in (POINTS, RANGE, STANDARD) for title in (text.zh, text.en)
}
"""Headers of a score sheet that stand above no marks."""


@dataclass(frozen=True)
class Entry:
    """A mark, or the English word of a vote or of a withdrawal, and where it stands: file, sheet
    and cell."""

    value: float | str
    place: str


@dataclass(frozen=True)
class FilledSheet:
    """A sheet of a workbook: its cells, and the places (row, column) of those with formulas."""

    file: str
    title: str
    grid: Sequence[Sequence[Any]]
    formulas: frozenset[tuple[int, int]]


class SheetReader:
    """Reads one sheet of one assessor and one stage."""

    def __init__(
        self,
        scheme: Scheme,
        roster: Roster,
        sheet: FilledSheet,
        assessor: Assessor,
        stage: MarkedStage,
        problems: Problems,
    ):
        self.assessor, self.stage, self.problems = assessor, stage, problems
        self.file, self.title, self.grid, self.formulas = (
            sheet.file,
            sheet.title,
            sheet.grid,
            sheet.formulas,
        )
        self.panel = scheme.panel or Panel()
        self.items, self.leaves = Called(scheme.leaves), {leaf.id: leaf for leaf in stage.leaves}
        self.names = CalledUnits(roster.candidates)
        self.units = {unit.id: unit for unit in roster.candidates}
        self.head, self.side = -1, -1  # the header's row, and the column of items (or of units)

    def entries(self) -> Iterator[tuple[Cell, Entry]]:
        """What is written in the sheet's cells."""
        if not self._find_head():
            return
        self._check_assessor()
        if self.stage.is_vote:
            yield from self._votes()
            return
        rows = self._rows()
        for column, unit in self._columns(rows).items():
            yield from self._marks(column, unit, rows)

    def _check_assessor(self) -> None:
        """Complain of a sheet that says above its header to be somebody else's: one was copied."""
        for row, cells in enumerate(self.grid[: self.head]):
            for column, cell in enumerate(cells):
                text = plain_text(cell)
                word = next((w for w in (ASSESSOR.zh, ASSESSOR.en) if text.startswith(w)), None)
                name = "" if word is None else text.removeprefix(word).strip()
                if word is not None and name != self.assessor.name:
                    self._complain(
                        say(
                            zh="写的是评委“{found}”，而这张评分表是为“{name}”生成的；"
                            "请用各人自己的评分表",
                            en="names the assessor “{found}”, while the sheet was made for "
                            "“{name}”: use each assessor's own",
                            found=clip(name),
                            name=self.assessor.name,
                        ),
                        row,
                        column,
                    )

    def _find_head(self) -> bool:
        """Find the header by the title of its column of items, or of units."""
        wanted = UNIT if self.stage.is_vote else ITEM
        for row, cells in enumerate(self.grid):
            for column, cell in enumerate(cells):
                if plain_text(cell) in (wanted.zh, wanted.en):
                    self.head, self.side = row, column
                    return True
        text = say(
            zh="找不到表头“{title}”，请勿改动表头",
            en="there is no header “{title}”: leave the headers as they are",
            title=wanted,
        )
        self.problems.add(text, file=f"{self.file}[{self.title}]")
        return False

    def _rows(self) -> dict[int, Indicator]:
        """The leaf of each row of marks; a row that is of none and holds something in a unit's
        column is a complaint."""
        rows: dict[int, Indicator] = {}
        for row in range(self.head + 1, len(self.grid)):
            word = self._text(row, self.side)
            ids = self.items.ids(word) if word else []
            leaf = self.leaves.get(ids[0]) if len(ids) == 1 else None
            if leaf is not None and leaf not in rows.values():
                rows[row] = leaf
            elif any(self._is_marked(row, column) for column in self._after_items()):
                self._complain(self._why_no_row(word, leaf, rows), row, self.side)
        return rows

    def _why_no_row(self, word: str, leaf: Indicator | None, rows: dict[int, Indicator]) -> Text:
        """Why a row's marks cannot be read."""
        if leaf is not None:
            first = next(row for row, other in rows.items() if other == leaf)
            return say(
                zh="与第{first}行是同一评分项，请删去其一",
                en="is the same item as row {first}: delete one of them",
                first=first + 1,
            )
        if not word:
            return Text(
                "这一行有内容而没有评分项，不会汇总，请删去",
                "this row holds something and names no item, so it would not be collected: "
                "delete it",
            )
        return self.items.complaint(word) or say(
            zh="“{word}”在这一阶段不评分",
            en="“{word}” is not marked at this stage",
            word=clip(word),
        )

    def _after_items(self) -> list[int]:
        """The columns that are not the sheet's own: those of units, and what somebody added."""
        return [
            column
            for column in range(len(self.grid[self.head]))
            if column != self.side and self._text(self.head, column) not in OWN
        ]

    def _columns(self, rows: Iterable[int]) -> dict[int, Candidate]:
        """The unit of each column of marks; a column that is of none and holds something is a
        complaint."""
        columns: dict[int, Candidate] = {}
        for column in self._after_items():
            if any(self._is_marked(row, column) for row in rows):
                unit = self._unit(self.head, column, columns)
                if unit is not None:
                    columns[column] = unit
        return columns

    def _unit(self, row: int, column: int, before: Mapping[int, Candidate]) -> Candidate | None:
        """The unit that a cell names; None, and a complaint, where what belongs to it cannot be
        read."""
        word = self._text(row, column)
        ids = self.names.ids(word) if word else []
        unit = self.units[ids[0]] if len(ids) == 1 else None
        if not word:
            reason: Text | None = Text(
                "有内容而没有写考核对象，不会汇总，请删去",
                "something stands here and no unit is named, so it would not be collected: "
                "delete it",
            )
        elif unit is None:
            reason = self.names.complaint(word)
        elif unit in before.values():
            reason = say(
                zh="“{unit}”出现了两次，请删去其一",
                en="“{unit}” stands there twice: delete one of them",
                unit=unit.id,
            )
        elif self.assessor.units and unit.id not in self.assessor.units:
            reason = say(
                zh="“{name}”不负责“{unit}”",
                en="“{unit}” is not among those that “{name}” marks",
                name=self.assessor.name,
                unit=unit.id,
            )
        else:
            return unit
        if reason is not None:
            self._complain(reason, row, column)
        return None

    def _marks(
        self, column: int, unit: Candidate, rows: Mapping[int, Indicator]
    ) -> Iterator[tuple[Cell, Entry]]:
        """The marks of one unit. Whoever withdraws from it does so from all of its items."""
        marked = [row for row in rows if self._is_marked(row, column)]
        gone = [row for row in marked if self._text(row, column).lower() in RECUSED]
        scored = [row for row in marked if row not in gone]
        is_recused = unit.id in self.assessor.recused
        if scored and (gone or is_recused):
            self._complain(self._why_withdrawn(unit), scored[0], column, unit)
        elif gone and not is_recused:
            for leaf in rows.values():
                yield self._entry(unit, leaf.id, WITHDRAWN.en, gone[0], column)
        else:
            for row in scored:
                yield from self._mark(unit, rows[row], row, column)

    def _mark(
        self, unit: Candidate, leaf: Indicator, row: int, column: int
    ) -> Iterator[tuple[Cell, Entry]]:
        """One mark; nothing, and a complaint, where there is none."""
        if self._is_formula(row, column, unit):
            return
        mark, reason = read_mark(self.grid[row][column], leaf, self.panel)
        if reason is None:
            yield self._entry(unit, leaf.id, mark, row, column)
        else:
            self._complain(reason, row, column, unit)

    def _why_withdrawn(self, unit: Candidate) -> Text:
        """Why there can be no mark or vote of a unit."""
        if unit.id in self.assessor.recused:
            return say(
                zh="“{name}”对“{unit}”应当回避，请删去其评分或表决",
                en="“{name}” withdraws from “{unit}” and cannot mark it: delete the entry",
                name=self.assessor.name,
                unit=unit.id,
            )
        return say(
            zh="对“{unit}”既写了“回避”又有评分，请只留其一",
            en="“{unit}” has both “recused” and marks: keep one of the two",
            unit=unit.id,
        )

    def _votes(self) -> Iterator[tuple[Cell, Entry]]:
        """The vote on each unit."""
        heads = [self._text(self.head, c) for c in range(len(self.grid[self.head]))]
        column = next((c for c, word in enumerate(heads) if word in (VOTE.zh, VOTE.en)), None)
        if column is None:
            text = say(
                zh="找不到表头“{title}”，请勿改动表头",
                en="there is no header “{title}”: leave the headers as they are",
                title=VOTE,
            )
            self._complain(text, self.head, self.side)
            return
        seen: dict[int, Candidate] = {}
        for row in range(self.head + 1, len(self.grid)):
            unit = self._unit(row, self.side, seen) if self._is_marked(row, column) else None
            if unit is not None:
                seen[row] = unit
                yield from self._vote(unit, row, column)

    def _vote(self, unit: Candidate, row: int, column: int) -> Iterator[tuple[Cell, Entry]]:
        """The vote on one unit."""
        if self._is_formula(row, column, unit):
            return
        vote, reason = read_vote(self.grid[row][column])
        if reason is not None:
            self._complain(reason, row, column, unit)
        elif unit.id not in self.assessor.recused:
            yield self._entry(unit, "", vote or WITHDRAWN.en, row, column)
        elif vote is not None:
            self._complain(self._why_withdrawn(unit), row, column, unit)

    def _entry(
        self, unit: Candidate, item: str, value: float | str, row: int, column: int
    ) -> tuple[Cell, Entry]:
        cell = (self.assessor.name, self.stage.id, unit.id, item)
        return cell, Entry(value, self._place(row, column))

    def _is_formula(self, row: int, column: int, unit: Candidate) -> bool:
        """Whether a cell holds a formula, which is complained of."""
        if (row, column) not in self.formulas:
            return False
        text = say(
            zh="是公式，算得“{found}”，应直接填写",
            en="is a formula that gives “{found}”, expected the entry itself",
            found=clip(self.grid[row][column]),
        )
        self._complain(text, row, column, unit)
        return True

    def _text(self, row: int, column: int) -> str:
        cell = self.grid[row][column]
        return "" if is_blank(cell) else plain_text(cell)

    def _is_marked(self, row: int, column: int) -> bool:
        """Whether anything stands in a cell."""
        return not is_blank(self.grid[row][column]) or (row, column) in self.formulas

    def _cell(self, row: int, column: int) -> str:
        return f"{letters(column)}{row + 1}"

    def _place(self, row: int, column: int) -> str:
        """A cell as Excel calls it."""
        return f"{self.file}[{self.title}!{self._cell(row, column)}]"

    def _complain(self, text: Text, row: int, column: int, unit: Candidate | None = None) -> None:
        name = None if unit is None else unit.id
        self.problems.add(text, file=self._place(row, column), column=name)
