"""`qtoolkit collect`: the departments' filled workbooks as one table, with conflicts, gaps and who
is late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError, Problems, clip, nearest
from qtoolkit.inputs.files import Rows, read_bytes, rows_of_grid
from qtoolkit.inputs.headers import REMARK_KINDS, REMARKS
from qtoolkit.inputs.numbertext import is_blank, plain_text
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.inputs.tablereader import PLANS, Reader, columns_of, is_percent
from qtoolkit.language import Text, say
from qtoolkit.workbooks.reading import read_sheets
from qtoolkit.workbooks.schemesheets import DATA, DEPARTMENT, IN_CHINESE, MARK, NOTES, worded
from qtoolkit.workbooks.template import (
    OFFICE,
    data_columns,
    departments,
    office_columns,
    office_leaves,
    scheme_mark,
    write_sheets,
)

ALL = ("全部", "all")
MAY_BE_BLANK = (*REMARK_KINDS, "veto", "bonus", "status", "se", *PLANS, *REMARKS, "name_en")
"""Kinds of columns of which a blank cell says that there is nothing."""


@dataclass
class Collected:
    """What the workbooks hold together.

    Attributes
    ----------
    cells : dict of (unit, column key) to value
        Cells on which the workbooks agree; a cell in conflict is left out.
    units : list of str
        In the order in which they were met.
    conflicts : list of (unit, column title, file, value, other file, other value)
    gaps : list of (department, unit, column title)
        Cells that the department has not filled in.
    late : list of str
        Departments of which there is no workbook, or a wholly blank one.
    columns : dict of column key to title
        The columns of all workbooks that were filled in, blank ones too: a column of vetoes may be
        empty, but must be there.
    vetoes : dict of a veto's name to number of units, or None
        None where no workbook says anything of the veto.
    """

    cells: dict[tuple[str, str], Any] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    conflicts: list[tuple[str, str, str, Any, str, Any]] = field(default_factory=list)
    gaps: list[tuple[str, str, str]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    vetoes: dict[Text, int | None] = field(default_factory=dict)


def collect(
    scheme: Scheme,
    paths: Iterable[str | Path],
    language: str = "zh",
    units: Sequence[str] | None = None,
) -> Collected:
    """Merge filled workbooks of `scheme`; nothing is decided in silence.

    Parameters
    ----------
    paths : iterable of path
        The .xlsx files.
    units : sequence of str, optional
        The names of the units to be assessed; the scheme's own list if left out.

    Raises
    ------
    InputError
        A file is no workbook of `qtoolkit template --by`, is of another scheme, has a column that
        the scheme lacks or a unit that is not in the list, or a cell that is not what its column
        takes; with file, sheet and cell.
    """
    listed = units or scheme.units
    books = _opened(scheme, paths, listed)
    result = Collected()
    result.units = list(
        dict.fromkeys([*(listed or ()), *(name for book in books for name in book.names)])
    )
    result.cells, result.conflicts = _merged(books)
    result.late = _late(scheme, books, language)
    for book in books:
        if book.is_filled:
            result.gaps += book.gaps(result.units)
            result.columns = book.titles | result.columns
    struck = {veto: _struck(veto.id, books, result.columns) for veto in scheme.vetoes}
    result.vetoes = {  # one that cells marked 弄虚作假 bring about needs no column
        veto.name: number
        for veto, number in struck.items()
        if number is not None or not veto.falsified
    }
    return result


def _opened(
    scheme: Scheme, paths: Iterable[str | Path], listed: Sequence[str] | None
) -> list[_Book]:
    """The workbooks, checked; what is wrong in any of them is complained of together."""
    books, problems = [], Problems()
    for path in sorted(map(Path, paths)):
        try:
            book = _open(path, scheme)
            book.check(listed)
            books.append(book)
        except InputError as error:
            problems.complaints += error.complaints
    problems.stop()
    return books


def _merged(books: Sequence[_Book]) -> tuple[dict[tuple[str, str], Any], list[tuple[Any, ...]]]:
    """The cells on which the workbooks agree, and those on which two of them do not (see
    :class:`Collected`)."""
    first_entries: dict[tuple[str, str], tuple[str, Any]] = {}
    titles = {key: title for book in books for key, title in reversed(book.titles.items())}
    disputed, conflicts = set(), []
    for book in books:
        for place, cell in book.filled():
            other = first_entries.setdefault(place, (book.file, cell))
            if plain_text(other[1]) != plain_text(cell):
                disputed.add(place)
                conflicts.append((place[0], titles[place[1]], *other, book.file, cell))
    agreed = {place: cell for place, (_, cell) in first_entries.items() if place not in disputed}
    return agreed, conflicts


def _late(scheme: Scheme, books: Sequence[_Book], language: str) -> list[str]:
    """Who must send a workbook and has not sent a filled one."""
    senders = {book.department for book in books if book.is_filled}
    if senders & set(ALL):
        return []
    if senders & {OFFICE.zh, OFFICE.en}:
        senders.add(OFFICE.of(language))  # in whatever language its book is
    return [name for name in _expected(scheme, language) if name not in senders]


def _expected(scheme: Scheme, language: str) -> list[str]:
    """Who must send a workbook: every department that scores, and the office where something is
    left to it."""
    names = list(departments(scheme))
    if names and (scheme.vetoes or scheme.bonuses or scheme.classes or office_leaves(scheme)):
        names = [*(name for name in names if name != OFFICE.zh), OFFICE.of(language)]
    return names


def _struck(veto: str, books: Sequence[_Book], columns: dict[str, str]) -> int | None:
    """How many units a veto strikes; None where there is no column of it."""
    if f"veto:{veto}" not in columns:
        return None
    return len(
        {
            name
            for book in books
            for name, hit in zip(book.names, book.yes_no(f"veto:{veto}"), strict=True)
            if hit
        }
    )


def _open(path: Path, scheme: Scheme) -> _Book:
    """A workbook that is one of the scheme's."""
    sheets = read_sheets(path.name, read_bytes(path))
    titles = {IN_CHINESE.get(title, title): title for title in sheets}
    notes = {
        IN_CHINESE.get(plain_text(row[0]), plain_text(row[0])): plain_text(row[1])
        for row in sheets.get(titles.get(NOTES, NOTES), [])
        if len(row) > 1
    }
    if DATA not in titles or DEPARTMENT not in notes:
        text = say(
            zh="不是本工具生成的部门填报表", en="this is no workbook made by qtoolkit template"
        )
        raise InputError(Complaint(text, path.name))
    if notes.get(MARK) != scheme_mark(scheme):
        text = say(
            zh="是另一方案或旧版方案的填报表，请重新生成后填写",
            en="this is a workbook of another scheme or of an older one: make it again",
        )
        raise InputError(Complaint(text, path.name))
    sheet = titles[DATA]
    return _Book(
        path.name,
        sheet,
        notes[DEPARTMENT],
        rows_of_grid(f"{path.name}[{sheet}]", sheets[sheet]),
        scheme,
    )


class _Book(Reader):
    """One workbook: what is written in it is checked cell by cell; what is not may stand in
    another."""

    partial = True

    def __init__(self, file: str, sheet: str, department: str, rows: Rows, scheme: Scheme):
        self.file, self.sheet, self.department = file, sheet, department
        super().__init__(rows, scheme.model_copy(update={"units": None}))
        self.names = self.units()

    @property
    def titles(self) -> dict[str, str]:
        """The columns' titles by key."""
        return {key: self._header(key) for key in self._places if key != "unit"}

    @property
    def is_filled(self) -> bool:
        """Whether anything was written into it."""
        return any(key != "name_en" for (_, key), _ in self.filled())

    def complain(self, text: Text, column: str | None = None, row: int | None = None) -> None:
        """Collect a complaint; its file is the cell as Excel calls it."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        super().complain(text, column, row)
        title = None if column is None else self.titled(column)
        if row is not None and title in self.rows.header and self.rows.lines is None:
            cell = xl_rowcol_to_cell(row - 1, self.rows.header.index(title))
            self.problems.complaints[-1] = Complaint(
                text, f"{self.file}[{self.sheet}!{cell}]", column=title
            )

    def check(self, listed: Sequence[str] | None) -> None:
        """Refuse names that are not in the list, and cells that are not what their column takes."""
        for row, name in zip(self.rows.numbers, self.names, strict=True):
            if name and listed is not None and name not in listed:
                text = say(
                    zh="考核对象名单中没有“{name}”{hint}",
                    en="“{name}” is not in the list of units{hint}",
                    name=clip(name),
                    hint=nearest(name, listed),
                )
                self.complain(text, "unit", row)
        count = len(self.names)
        for leaf in self.scheme.leaves:
            statuses = self._statuses(leaf)
            if leaf.leaf_rule.tasks:
                self._tasks(leaf, statuses, range(count))
            for key in columns_of(leaf) if not leaf.leaf_rule.tasks else ():
                if self._has(key):
                    self._column(leaf, key, statuses, range(count))
            for stage in self.scheme.stages:
                if stage.effect == "replaces":
                    self._later(leaf, stage, [None] * count, [VALUE] * count)
                elif stage.effect == "corrects":
                    self.numbers(f"{leaf.id}@{stage.id}", percent=is_percent(leaf))
            self._targets(leaf)
            self.numbers(f"base:{leaf.id}", percent=is_percent(leaf))
            self.numbers(f"se:{leaf.id}", low=0, percent=is_percent(leaf))
        for veto in self.scheme.vetoes:
            self.yes_no(f"veto:{veto.id}")
        for bonus in self.scheme.bonuses:
            self.numbers(f"bonus:{bonus.id}", low=0, high=bonus.max)
        self.plans()
        self.covariates()
        self.remarks()
        self.problems.stop()

    def filled(self) -> Iterator[tuple[tuple[str, str], Any]]:
        """The cells that hold something, by unit and column key."""
        for key in self.titles:
            for name, (_, cell) in zip(self.names, self.cells(key), strict=True):
                if not is_blank(cell):
                    yield (name, key), cell

    def gaps(self, units: Sequence[str]) -> list[tuple[str, str, str]]:
        """The cells that should hold something and do not: department, unit, column title."""
        later = {f"@{stage.id}" for stage in self.scheme.stages if stage.effect != "part"}
        wanted = {
            key: title
            for key, title in self.titles.items()
            if key.partition(":")[0] not in MAY_BE_BLANK
            and not any(key.endswith(stage) for stage in later)
        }
        filled = {place for place, _ in self.filled()}
        return [
            (self.department, unit, title)
            for unit in units
            for key, title in wanted.items()
            if (unit, key) not in filled
        ]


def write_collected(
    scheme: Scheme, collected: Collected, path: str | Path, language: str = "zh"
) -> None:
    """Write the merged table (sheet 数据) and the lists of conflicts, gaps and late departments as
    one workbook."""
    known = [*data_columns(scheme, language=language), *office_columns(scheme, language=language)]
    titles = {column.key: column.title for column in known if column.key != "unit"}
    # of a late department: blank, and complained of
    leaves = {key for leaf in scheme.leaves for key in columns_of(leaf)}
    keep = [key for key in titles if key in leaves or key in collected.columns]
    columns = [(key, titles.get(key, key)) for key in dict.fromkeys([*keep, *collected.columns])]
    rows = [
        [unit, *(collected.cells.get((unit, key)) for key, _ in columns)]
        for unit in collected.units
    ]
    lists: dict[str, tuple[list[str], Sequence[Sequence[Any]]]] = {
        "冲突": (["考核对象", "栏目", "文件", "内容", "另一文件", "另一内容"], collected.conflicts),
        "未填": (["部门", "考核对象", "栏目"], collected.gaps),
        "未报送部门": (["部门"], [[name] for name in collected.late]),
    }
    sheets: dict[str, list[list[Any]]] = {
        DATA: [["考核对象", *(title for _, title in columns)], *rows]
    }
    sheets |= {title: [header, *map(list, entries)] for title, (header, entries) in lists.items()}
    write_sheets(Path(path), worded(sheets, language))


def summary(collected: Collected) -> list[Text]:
    """What was collected, in sentences."""
    late = collected.late
    struck = {name: number for name, number in collected.vetoes.items() if number is not None}
    return [
        say(
            zh="已汇总{units}家的{cells}个单元格；冲突{conflicts}处，未填{gaps}处。",
            en="{cells:cell|cells} of {units:unit|units} collected; {conflicts:conflict|conflicts},"
            " {gaps:gap|gaps}.",
            units=len(collected.units),
            cells=len(collected.cells),
            conflicts=len(collected.conflicts),
            gaps=len(collected.gaps),
        ),
        *(say(zh="未报送：{name}", en="late: {name}", name=name) for name in late),
        *(
            say(
                zh="否决事项“{name}”：{n}家。",
                en="veto “{name}”: {n:unit|units}.",
                name=name,
                n=number,
            )
            for name, number in struck.items()
        ),
        *(
            say(
                zh="没有否决事项“{name}”一栏，补齐后才能测算。",
                en="there is no column of the veto “{name}”: it is needed before anything can be "
                "assessed.",
                name=name,
            )
            for name in collected.vetoes
            if name not in struck
        ),
        *(
            say(
                zh="冲突：{unit}的“{title}”，{file}为“{value}”，{other}为“{found}”",
                en="conflict: “{title}” of {unit} is “{value}” in {file} and “{found}” in {other}",
                unit=unit,
                title=title,
                file=file,
                value=plain_text(value),
                other=other,
                found=plain_text(found),
            )
            for unit, title, file, value, other, found in collected.conflicts
        ),
    ]
