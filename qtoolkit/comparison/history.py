"""Grades over the years without scores: what is published is often no more than a list of
grades."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.comparison.agreement import agreement, transitions
from qtoolkit.decomposition import streaks
from qtoolkit.display import Shown
from qtoolkit.errors import Complaint, InputError, one_of, unexpected
from qtoolkit.inputs.files import Rows, read_rows
from qtoolkit.inputs.headers import UNIT_HEADERS
from qtoolkit.inputs.locate import find
from qtoolkit.inputs.numbertext import is_blank, plain_text, typed_grade
from qtoolkit.language import Text, listing, same, say

GRADES = ("A", "B", "C", "D")
ENGLISH = ("name_en", "英文名称")
NOW = "·"  # a round without a year
PREFIXES = ("grade:", "grade：", "往年等级:", "往年等级：")


@dataclass(frozen=True, repr=False)
class History(Shown):
    """Grades of units in several rounds.

    Attributes
    ----------
    grades : DataFrame
        Units × rounds, the earliest first; None where a unit was not graded.
    names : tuple of str
        The grades, the best first.
    labels, titles : mapping of unit, of grade to Text
        Names in both languages.
    left_out : tuple of (unit, round, word)
        Cells of the data that are none of the scheme's grades and count as blanks.
    kind : str or None
        "approved" or "computed": which grades those of the last round are; None where that is not
        known.
    """

    card_title: ClassVar[Text] = Text("历次等级", "Grades over the rounds")
    card_table: ClassVar[str] = "grades"
    card_more: ClassVar[tuple[str, ...]] = ("counts", "agreement", "changes")

    grades: pd.DataFrame
    names: tuple[str, ...]
    labels: dict[str, Text]
    titles: dict[str, Text]
    left_out: tuple[tuple[str, str, str], ...] = ()
    kind: str | None = None

    @property
    def rounds(self) -> list[str]:
        return list(self.grades.columns)

    @cached_property
    def counts(self) -> pd.DataFrame:
        """How many units had each grade: rounds × grades."""
        return pd.DataFrame({name: (self.grades == name).sum() for name in self.names})

    @cached_property
    def transitions(self) -> dict[tuple[str, str], pd.DataFrame]:
        """For each round and the next, how many units went from each grade to each."""
        pairs = itertools.pairwise(self.rounds)
        return {(a, b): transitions(self.grades[a], self.grades[b], self.names) for a, b in pairs}

    @cached_property
    def agreement(self) -> pd.DataFrame:
        """One row a pair of rounds (before, after): units, up, down, agreement, kappa, linear,
        quadratic."""
        rows = {}
        for pair, table in self.transitions.items():
            counts = table.to_numpy()
            rising = sum(int(counts[i, :i].sum()) for i in range(len(counts)))
            falling = sum(int(counts[i, i + 1 :].sum()) for i in range(len(counts)))
            rows[pair] = {
                "units": int(counts.sum()),
                "up": rising,
                "down": falling,
                **agreement(table),
            }
        index = (
            pd.MultiIndex.from_tuples(rows, names=["before", "after"])
            if rows
            else pd.MultiIndex.from_arrays([[], []])
        )
        return pd.DataFrame(
            list(rows.values()),
            index=index,
            columns=["units", "up", "down", "agreement", "kappa", "linear", "quadratic"],
        )

    @cached_property
    def changes(self) -> pd.DataFrame:
        """One row a change: unit, before, after (rounds), from, to (grades), in the order of the
        rounds."""
        rows = []
        for a, b in itertools.pairwise(self.rounds):
            for unit, old, new in zip(
                self.grades.index, self.grades[a], self.grades[b], strict=True
            ):
                if old is not None and new is not None and old != new:
                    rows.append((unit, a, b, old, new))
        return pd.DataFrame(rows, columns=["unit", "before", "after", "from", "to"])

    def always(self, grade: str) -> list[str]:
        """Units that had a grade in every round."""
        return list(self.grades.index[(self.grades == grade).all(axis=1)])


def history(
    grades: pd.DataFrame, names: Sequence[str] = GRADES, labels: dict[str, Text] | None = None
) -> History:
    """A history from a table of grades: units × rounds, the earliest first; missing cells are units
    not graded.

    Raises
    ------
    InputError
        A cell that is none of the grades in `names` (best first), a unit or round named twice, or
        fewer than two rounds.

    >>> frame = pd.DataFrame({"2019": ["A", "B"], "2020": ["A", "A"]}, index=["甲", "乙"])
    >>> history(frame).agreement.loc[("2019", "2020"), ["up", "down", "agreement"]].tolist()
    [1.0, 0.0, 0.5]
    """
    if not isinstance(grades, pd.DataFrame):
        raise InputError(
            say(
                zh="应为表格（考核对象 × 轮次），现为 {found}",
                en="expected a table, units × rounds, found {found}",
                found=type(grades).__name__,
            )
        )
    table = grades.astype(object).where(grades.notna(), None).rename(index=plain_text, columns=str)
    twice = [*table.columns[table.columns.duplicated()], *table.index[table.index.duplicated()]]
    if twice:
        raise InputError(
            say(
                zh="轮次或考核对象重复：{names}",
                en="rounds or units named twice: {names}",
                names=listing(map(str, dict.fromkeys(twice))),
            )
        )
    complaints = [
        Complaint(_unknown(cell, names), row=i, column=name)
        for name in table
        for i, cell in enumerate(table[name], 1)
        if cell is not None and cell not in names
    ]
    if table.shape[1] < 2:
        complaints.append(
            Complaint(
                say(
                    zh="至少应有两轮等级，现有{n}轮",
                    en="expected at least two rounds of grades, found {n}",
                    n=table.shape[1],
                )
            )
        )
    if complaints:
        raise InputError(complaints)
    known = {unit: Text(unit, unit) for unit in table.index}
    return History(
        table.rename_axis("unit"),
        tuple(names),
        known | (labels or {}),
        {name: same(name) for name in names},
    )


def _unknown(cell: object, names: Sequence[str]) -> Text:
    want = say(zh="{names}或空白", en="{names} or nothing", names=one_of(names))
    return unexpected(cell, want, Text("等级", "the grade"))


def read_history(path: str | Path, names: Sequence[str] = GRADES) -> History:
    """Read a table of grades (.csv or .xlsx): a column of units, `name_en` if wanted, and a column
    a round, the earliest first, called by the round or grade:<round> (往年等级：<round>). "A级" and
    full-width letters are read as A.

    Raises
    ------
    InputError
        With file, row and column: a cell that is no grade, a unit without a name or named twice,
        fewer than two rounds.

    >>> read_history("params/guangdong-grades/grades.csv").counts["A"].tolist()
    [7, 8, 9, 11]
    """
    rows = read_rows(find(path))
    unit, english = _name_columns(rows)
    rounds = [i for i in range(len(rows.header)) if i not in (unit, english)]
    complaints: list[Complaint] = []
    units: list[str] = []
    grades: list[list[Any]] = []
    for number, row in zip(rows.numbers, rows.rows, strict=True):
        name = "" if is_blank(row[unit]) else plain_text(row[unit])
        cells = [typed_grade(row[i], names) for i in rounds]
        if problem := _name_problem(name, units):
            complaints.append(Complaint(problem, rows.name, number, rows.header[unit]))
        complaints += [
            Complaint(text, rows.name, number, rows.header[rounds[i]])
            for i, text in _unknown_grades(cells, names)
        ]
        units.append(name)
        grades.append(cells)
    if complaints:
        raise InputError(complaints)
    titles = [_round_of(rows.header[i]) for i in rounds]
    labels = {} if english is None else _labels(units, [row[english] for row in rows.rows])
    try:
        return history(pd.DataFrame(grades, units, titles, dtype=object), names, labels)
    except InputError as error:
        raise InputError([Complaint(c.text, rows.name) for c in error.complaints]) from None


def _name_columns(rows: Rows) -> tuple[int, int | None]:
    """Where the names of the units stand, and their English names, if they have any."""
    unit = next((i for i, title in enumerate(rows.header) if title in UNIT_HEADERS), None)
    if unit is None:
        text = say(
            zh="没有考核对象一列（unit 或 考核对象）", en="there is no column of units (unit)"
        )
        raise InputError(Complaint(text, rows.name, rows.head))
    return unit, next((i for i, title in enumerate(rows.header) if title in ENGLISH), None)


def _name_problem(name: str, before: Sequence[str]) -> Text | None:
    """What is wrong with a unit's name, given those of the rows before."""
    if not name:
        return Text("没有考核对象名称", "the unit has no name")
    if name in before:
        return say(zh="考核对象名称重复：{name}", en="this unit is named twice: {name}", name=name)
    return None


def _unknown_grades(cells: Sequence[Any], names: Sequence[str]) -> list[tuple[int, Text]]:
    """Which cells of a row hold something that is none of the grades, and what to say of it."""
    return [
        (i, _unknown(cell, names))
        for i, cell in enumerate(cells)
        if cell is not None and cell not in names
    ]


def _round_of(title: str) -> str:
    """The round that the title of a column names."""
    prefix = next((prefix for prefix in PREFIXES if title.startswith(prefix)), "")
    return title.removeprefix(prefix)


def _labels(units: Sequence[str], english: Sequence[Any]) -> dict[str, Text]:
    """Names of the units that have an English one."""
    return {
        unit: Text(unit, plain_text(cell))
        for unit, cell in zip(units, english, strict=True)
        if not is_blank(cell)
    }


def history_of(result: Assessment, path: str | Path | None = None) -> History | None:
    """The history in a file, or else in the data's own columns grade:<year>, with this year's
    approved grades after it; None where there is none.

    >>> import qtoolkit as qt
    >>> case = qt.read_case("params/city-2026")
    >>> history_of(qt.assess(case.scheme, case.table)).rounds
    ['2023', '2024', '2025', '2026']
    """
    titles = {grade.id: grade.label for grade in result.scheme.grades}
    if path is not None:
        return replace(read_history(path, list(titles)), titles=titles)
    table = streaks(result).drop(columns=["best", "worst"])
    year = result.scheme.year or NOW
    table = table.drop(columns=[year] if year in table else []).rename(columns={"": year})
    if table.shape[1] < 2:
        return None
    words = table.map(lambda word: typed_grade(word, list(titles)))
    unknown = words.notna() & ~words.isin(list(titles))
    left_out = tuple(
        (unit, name, str(words.at[unit, name]))
        for name in words
        for unit in words.index[unknown[name]]
    )
    kind = "approved" if "approved" in result.table.remarks else "computed"
    found = history(words.mask(unknown), list(titles), result.labels)
    return replace(found, titles=titles, left_out=left_out, kind=kind)
