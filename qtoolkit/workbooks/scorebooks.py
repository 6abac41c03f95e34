"""Filled score sheets put together as one long table of ratings, with conflicts, gaps and who is
late."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError, Problems, clip, nearest
from qtoolkit.filing import write_whole
from qtoolkit.inputs.files import read_bytes
from qtoolkit.inputs.naming import Called
from qtoolkit.inputs.numbertext import is_blank, plain_text
from qtoolkit.inputs.panels import Assessor
from qtoolkit.inputs.roster import Roster
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import Text, listing, say
from qtoolkit.workbooks.reading import read_book
from qtoolkit.workbooks.scorereading import Cell, Entry, FilledSheet, SheetReader
from qtoolkit.workbooks.scoresheets import (
    BALLOT,
    KEY,
    WITHDRAWN,
    MarkedStage,
    listed,
    marked_stages,
    stages_of,
    units_for,
    written_name,
)
from qtoolkit.workbooks.template import scheme_mark, write_sheets

KEY_ROWS = 50  # rows of a sheet in which its hidden cell is looked for
KEY_LENGTH = 500  # characters of a hidden cell that we have written, or more
MOST_SAID = 20  # gaps and conflicts that are said one by one; the workbook lists all
TITLES = {
    "zh": ("考核对象", "评委", "考核组", "阶段", "评分项", "评分"),
    "en": ("unit", "assessor", "group", "stage", "item", "score"),
}
"""The columns of a long table of ratings."""
BOTH = (
    Text("位置", "Place"),
    Text("内容", "Entry"),
    Text("另一位置", "Other place"),
    Text("另一内容", "Other entry"),
)
SHEETS = {
    "数据": Text("数据", "data"),
    "冲突": Text("冲突", "Conflicts"),
    "未填": Text("未填", "Gaps"),
    "未交": Text("未交", "Late"),
}


@dataclass
class Marks:
    """What the score sheets hold together.

    Attributes
    ----------
    cells : dict of (assessor, stage, unit, item) to float or str
        Marks and votes on which the workbooks agree; one in conflict is left out. Where an assessor
        withdrew from a unit there is one entry, of no item.
    conflicts : list of (assessor, stage, unit, item, place, value, other place, other value)
        Between two workbooks of one assessor.
    gaps : list of (assessor, stage, unit, item)
        Cells that the assessor has left blank.
    late : list of (assessor, stages)
        Who has filled in nothing of stages at which others have.
    waiting : list of ids
        The stages at which nobody has marked yet.
    """

    cells: dict[Cell, float | str] = field(default_factory=dict)
    conflicts: list[tuple[Any, ...]] = field(default_factory=list)
    gaps: list[Cell] = field(default_factory=list)
    late: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def is_score_book(path: Path) -> bool:
    """Whether a file is a workbook with a score sheet; one that cannot be read is none, and is
    complained of where it is to be read."""
    try:
        book = read_book(path.name, read_bytes(path))
    except InputError:
        return False
    return any(_key_of(grid) for grid, _ in book.values())


def collect_marks(scheme: Scheme, roster: Roster, paths: Iterable[str | Path]) -> Marks:
    """Merge filled score sheets of `scheme`; nothing is decided in silence.

    Parameters
    ----------
    roster : Roster
        Whom the table of data names. Marks of a unit that has failed a screen since are kept;
        blanks of such a unit are no gaps.
    paths : iterable of path
        The .xlsx files.

    Raises
    ------
    InputError
        A file is no workbook of `qtoolkit template --by 评委` or is of another scheme; its assessor
        is not listed; a sheet has a column, a row or a name that it was not made with; a cell holds
        a formula, or what is no mark; with file, sheet and cell.
    """
    desk = _Desk(scheme, roster)
    entries: dict[Cell, list[Entry]] = {}
    for path in sorted(map(Path, paths)):
        for cell, entry in desk.read(path):
            entries.setdefault(cell, []).append(entry)
    desk.problems.stop()
    return desk.merged(entries)


def _key_of(grid: Sequence[Sequence[Any]]) -> dict[str, str] | None:
    """What a sheet's hidden cell says of it; None where there is no such cell."""
    for row in grid[:KEY_ROWS]:
        for cell in row:
            if isinstance(cell, str) and cell.startswith("{") and len(cell) <= KEY_LENGTH:
                key = _key_in(cell)
                if key is not None:
                    return key
    return None


def _key_in(cell: str) -> dict[str, str] | None:
    try:
        key = json.loads(cell)
    except ValueError:  # somebody else's
        return None
    sound = isinstance(key, dict) and all(
        isinstance(key.get(name), str) for name in (KEY, "stage", "assessor")
    )
    return key if sound else None


class _Desk:
    """Where filled workbooks are opened; what is wrong in any of them is complained of together."""

    def __init__(self, scheme: Scheme, roster: Roster):
        self.scheme, self.roster, self.problems = scheme, roster, Problems()
        self.mark = scheme_mark(scheme)
        self.assessors = {assessor.name: assessor for assessor in listed(scheme, roster)}
        self.stages = {stage.id: stage for stage in marked_stages(scheme, roster)}
        units = [unit.id for unit in roster.candidates]
        items = ["", *(leaf.id for leaf in scheme.leaves)]
        self.orders = [
            {part: i for i, part in enumerate(parts)}
            for parts in (self.assessors, self.stages, units, items)
        ]

    def read(self, path: Path) -> list[tuple[Cell, Entry]]:
        """The entries of a workbook."""
        try:
            return list(self._entries(path))
        except InputError as error:
            self.problems.complaints += error.complaints
        return []

    def _entries(self, path: Path) -> Iterator[tuple[Cell, Entry]]:
        book = read_book(path.name, read_bytes(path))
        keys = {title: _key_of(grid) for title, (grid, _) in book.items()}
        if not any(keys.values()):
            text = say(
                zh="不是本工具生成的评委评分表",
                en="this is no workbook of score sheets made by qtoolkit template",
            )
            raise InputError(Complaint(text, path.name))
        seen: dict[tuple[str, str], str] = {}
        for title, (grid, sheet) in book.items():
            key, file = keys[title], f"{path.name}[{title}]"
            if key is None:
                self._stray(file, grid)
                continue
            stage = self._stage_of(file, key)
            if stage is None:
                continue
            assessor = self.assessors[key["assessor"]]
            first = seen.setdefault((assessor.name, stage.id), title)
            if first != title:
                text = say(
                    zh="与工作表“{first}”是同一评委、同一阶段的评分表，请删去其一",
                    en="is of the same assessor and stage as sheet “{first}”: delete one of them",
                    first=clip(first),
                )
                self.problems.add(text, file=file)
                continue
            filled = FilledSheet(path.name, title, grid, frozenset(sheet.formulas))
            yield from SheetReader(
                self.scheme, self.roster, filled, assessor, stage, self.problems
            ).entries()

    def _stray(self, file: str, grid: Sequence[Sequence[Any]]) -> None:
        """Complain of a sheet that somebody added, if anything stands in it."""
        if not all(is_blank(cell) for row in grid for cell in row):
            text = say(
                zh="不是本工具生成的评分表，其内容不会汇总，请删去这一工作表",
                en="this sheet is no score sheet and would not be collected: delete it",
            )
            self.problems.add(text, file=file)

    def _stage_of(self, file: str, key: dict[str, str]) -> MarkedStage | None:
        """The stage that a sheet is of; None, and a complaint, where it is not one to be read."""
        name, stage = key["assessor"], self.stages.get(key["stage"])
        assessor = self.assessors.get(name)
        if key[KEY] != self.mark:
            text = say(
                zh="是另一方案或旧版方案的评分表，请重新生成后填写",
                en="this is a score sheet of another scheme or of an older one: make it again",
            )
        elif assessor is None:
            text = say(
                zh="方案的评委名单中没有“{name}”{hint}",
                en="the scheme's list of assessors has no “{name}”{hint}",
                name=clip(name),
                hint=nearest(name, self.assessors),
            )
        elif stage is None or stage not in stages_of(self.scheme, assessor, [stage]):
            text = say(
                zh="“{name}”不参加这一阶段",
                en="“{name}” has no part in this stage",
                name=clip(name),
            )
        else:
            return stage
        self.problems.add(text, file=file)
        return None

    def merged(self, entries: dict[Cell, list[Entry]]) -> Marks:
        """What all workbooks say together."""
        marks = Marks()
        for cell in sorted(entries, key=self._order):
            first, *others = entries[cell]
            other = next((entry for entry in others if entry.value != first.value), None)
            if other is None:
                marks.cells[cell] = first.value
            else:
                places = (first.place, first.value, other.place, other.value)
                marks.conflicts.append((*cell, *places))
        self._look_for_gaps(marks, set(entries))
        self._note_withdrawn(marks, {cell[:2] for cell in entries})
        return marks

    def _order(self, cell: Cell) -> tuple[int, ...]:
        """Where a cell stands: by the lists of assessors, stages, units and items."""
        return tuple(self.orders[i][part] for i, part in enumerate(cell))

    def _look_for_gaps(self, marks: Marks, filled: set[Cell]) -> None:
        """Who is late, with what, and which cells are blank. A stage at which nobody has marked is
        no reason to be late, and units on which nobody has voted were not put to the vote."""
        begun = {cell[1] for cell in filled}
        own = {cell[:2] for cell in filled}
        marks.waiting = [id for id in self.stages if id not in begun]
        stages = [stage for id, stage in self.stages.items() if id in begun]
        for assessor in self.assessors.values():
            late = []
            for stage in stages_of(self.scheme, assessor, stages):
                blank = self._blank(assessor, stage, filled)
                if (assessor.name, stage.id) in own:
                    marks.gaps += blank
                elif blank:
                    late.append(stage.id)
            if late:
                marks.late.append((assessor.name, tuple(late)))

    def _blank(self, assessor: Assessor, stage: MarkedStage, filled: set[Cell]) -> list[Cell]:
        """The cells that somebody is still to fill in at a stage."""
        blank = [cell for cell in self._cells_of(assessor, stage) if cell not in filled]
        if not stage.is_vote:
            return blank
        voted = {unit for _, id, unit, _ in filled if id == stage.id}
        return [cell for cell in blank if cell[2] in voted]

    def _cells_of(self, assessor: Assessor, stage: MarkedStage) -> list[Cell]:
        """The cells that somebody is to fill in at a stage."""
        return [
            (assessor.name, stage.id, unit.id, item)
            for unit in units_for(assessor, self.roster)
            if unit.id not in assessor.recused
            for item in [leaf.id for leaf in stage.leaves] or [""]
        ]

    def _note_withdrawn(self, marks: Marks, begun: set[tuple[str, str]]) -> None:
        """One entry where somebody withdrew from a unit, in place of one for each item; one too
        where the list says so, of those who have `begun` with a stage."""
        cells = {
            (*cell[:3], "" if value == WITHDRAWN.en else cell[3]): value
            for cell, value in marks.cells.items()
        }
        for name, stage in begun:
            assessor = self.assessors[name]
            for unit in units_for(assessor, self.roster):
                if unit.id in assessor.recused:
                    cells[name, stage, unit.id, ""] = WITHDRAWN.en
        marks.cells = {cell: cells[cell] for cell in sorted(cells, key=self._order)}


def long_table(
    scheme: Scheme, roster: Roster, marks: Marks, language: str = "zh"
) -> list[list[Any]]:
    """A header, and a row a mark, vote or withdrawal, as
    :func:`qtoolkit.inputs.ratings.read_ratings` reads them."""
    wording = _Wording(scheme, roster, language)
    groups = {assessor.name: assessor.group for assessor in listed(scheme, roster)}
    rows: list[list[Any]] = [list(TITLES["en" if language == "en" else "zh"])]
    for (name, stage, unit, item), value in marks.cells.items():
        place = [wording.stages[stage], wording.items[item], wording.value(value)]
        rows.append([unit, name, groups[name] or None, *place])
    return rows


class _Wording:
    """Names of stages, items and votes in one language, which mean one thing each."""

    def __init__(self, scheme: Scheme, roster: Roster, language: str):
        self.language = language
        stages, leaves = marked_stages(scheme, roster), scheme.leaves
        called, items = Called([stage for stage in stages if stage.id]), Called(leaves)
        self.stages = {
            stage.id: written_name(stage, called, language) if stage.id else None
            for stage in stages
        }
        self.items: dict[str, str | None] = {"": None}  # of a vote, and of whoever withdrew
        self.items |= {leaf.id: written_name(leaf, items, language) for leaf in leaves}
        self.words = {word.en: word for word in BALLOT}

    def cell(self, cell: Cell) -> list[str | None]:
        """Assessor, stage, unit and item."""
        name, stage, unit, item = cell
        return [name, self.stages[stage], unit, self.items[item]]

    def value(self, value: float | str) -> float | str:
        """A mark as it is; the word of a vote."""
        return self.words[value].of(self.language) if isinstance(value, str) else value


def write_marks(
    scheme: Scheme, roster: Roster, marks: Marks, path: str | Path, language: str = "zh"
) -> None:
    """Write the long table of ratings: as .csv alone, else as a workbook whose other sheets list
    conflicts, gaps and who is late. Either is what `ratings:` of a case may name."""
    path, rows = Path(path), long_table(scheme, roster, marks, language)
    if path.suffix.lower() == ".csv":
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(
            [[plain_text("" if cell is None else cell) for cell in row] for row in rows]
        )
        write_whole(path, text.getvalue().encode("utf-8-sig"))
        return
    wording = _Wording(scheme, roster, language)
    unit, assessor, _, stage, item, _ = rows[0]
    where = [assessor, stage, unit, item]
    both = [word.of(language) for word in BOTH]
    conflicts = [
        [*wording.cell(c[:4]), c[4], wording.value(c[5]), c[6], wording.value(c[7])]
        for c in marks.conflicts
    ]
    late = [[name, wording.stages[id]] for name, stages in marks.late for id in stages]
    sheets = {
        "数据": rows,
        "冲突": [[*where, *both], *conflicts],
        "未填": [where, *map(wording.cell, marks.gaps)],
        "未交": [[assessor, stage], *late],
    }
    write_sheets(path, {SHEETS[title].of(language): cells for title, cells in sheets.items()})


def said(scheme: Scheme, roster: Roster, marks: Marks) -> list[Text]:
    """What was collected, in sentences; of gaps and conflicts the first MOST_SAID each."""
    stages = {stage.id: stage.name for stage in marked_stages(scheme, roster)}
    kinds = [value if isinstance(value, str) else "mark" for value in marks.cells.values()]
    first = say(
        zh="已汇总{marks}个评分、{votes}张表决票，回避{gone}处；冲突{conflicts}处，未填{gaps}处。",
        en="{marks:mark|marks} and {votes:vote|votes} collected, {gone:withdrawal|withdrawals}; "
        "{conflicts:conflict|conflicts}, {gaps:gap|gaps}.",
        marks=kinds.count("mark"),
        votes=len(kinds) - kinds.count("mark") - kinds.count(WITHDRAWN.en),
        gone=kinds.count(WITHDRAWN.en),
        conflicts=len(marks.conflicts),
        gaps=len(marks.gaps),
    )
    late = [
        say(
            zh="未交：{name}（{stages}）",
            en="late: {name} ({stages})",
            name=name,
            stages=listing(stages[id] for id in own),
        )
        for name, own in marks.late
    ]
    waiting = [
        say(zh="尚无人评分或表决：{stage}", en="nobody has marked yet: {stage}", stage=stages[id])
        for id in marks.waiting
    ]
    conflicts = [_conflict(scheme, stages, conflict) for conflict in marks.conflicts]
    gaps = [
        say(zh="未填：{cell}", en="gap: {cell}", cell=_cell(scheme, stages, cell))
        for cell in marks.gaps
    ]
    return [first, *late, *waiting, *_clipped(conflicts), *_clipped(gaps)]


def _conflict(scheme: Scheme, stages: Mapping[str, Text], conflict: tuple[Any, ...]) -> Text:
    """The sentence of one conflict."""
    words = {word.en: word for word in BALLOT}
    place, value, other, found = conflict[4:]
    return say(
        zh="冲突：{cell}，{place} 为“{value}”，{other} 为“{found}”",
        en="conflict: {cell} is “{value}” in {place} and “{found}” in {other}",
        cell=_cell(scheme, stages, conflict[:4]),
        place=place,
        value=words.get(value, Text(plain_text(value), plain_text(value))),
        other=other,
        found=words.get(found, Text(plain_text(found), plain_text(found))),
    )


def _cell(scheme: Scheme, stages: Mapping[str, Text], cell: Cell) -> Text:
    """Whose mark of what a cell is."""
    name, stage, unit, item = cell
    if not item:
        return say(
            zh="{name}，{stage}，{unit}",
            en="{name}, {stage}, {unit}",
            name=name,
            stage=stages[stage],
            unit=unit,
        )
    return say(
        zh="{name}，{stage}，{unit}，{item}",
        en="{name}, {stage}, {unit}, {item}",
        name=name,
        stage=stages[stage],
        unit=unit,
        item=scheme.indicator(item).name,
    )


def _clipped(sentences: list[Text]) -> list[Text]:
    """The first sentences, and how many more there are."""
    rest = len(sentences) - MOST_SAID
    more = [say(zh="……另有{n}处", en="… and {n} more", n=rest)] if rest > 0 else []
    return sentences[:MOST_SAID] + more
