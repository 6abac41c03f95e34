"""Judgements of people as they fill them in: matrices of pairwise comparisons, best and worst,
points, from CSV files and workbooks."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.display import Shown
from qtoolkit.errors import Complaint, InputError, Problems, clip, nearest, unexpected
from qtoolkit.inputs.naming import Called
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_name, plain_text
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.sheets import Sheet, is_filled, read_named
from qtoolkit.inputs.slips.names import is_total
from qtoolkit.inputs.spread import spread_points
from qtoolkit.language import Text, listing, same, say
from qtoolkit.weighting.judgement import ahp, best_worst, budget
from qtoolkit.weighting.weights import Weights

AHP, BEST_WORST, BUDGET = "ahp", "best_worst", "budget"
KEY = "judgements"
TOP, LEAVES = "", "*"
"""What a group of indicators is called besides the id of the node above it: the first level, and
all leaves."""

WHO = ("专家", "姓名", "专家姓名", "打分人", "评委", "expert", "name", "person")
METHOD = ("方法", "method")
ITEM = (
    "比较项",
    "比较",
    "指标",
    "考核要点",
    "考核指标",
    "comparison",
    "item",
    "indicator",
)
SPECIAL = {"who": WHO, "method": METHOD, "item": ITEM}
LEFT_OUT = ("备注", "说明", "序号", "单位", "职务", "remarks", "notes", "no", "no.")
NOTES = ("说明", "填表说明", "填写说明", "notes", "readme")
"""Titles of sheets that hold no judgements."""
METHODS = {
    AHP: ("层次分析", "层次分析法", "两两比较", "ahp", "pairwise"),
    BEST_WORST: ("最优最劣", "最优最劣法", "bwm", "best-worst", "best–worst", "best_worst"),
    BUDGET: ("打分", "专家打分", "打分法", "预算分配", "预算分配法", "budget", "points"),
}
BEST = ("最优比各项", "最优比其他", "最优对各项", "最优对其他", "最优", "best to others", "best")
WORST = ("各项比最劣", "其他比最劣", "各项对最劣", "其他对最劣", "最劣", "others to worst", "worst")
LEAST, MOST = 1 / 9, 9.0
NEAR = 0.02  # 1/9 is often written .11


@dataclass(frozen=True)
class Judgement:
    """What one person judged of one group of indicators by one method.

    group : the id of the node above them, TOP or LEAVES
    ids : the indicators
    given : as the method takes it: a matrix, (best to others, others to worst), or points
    weights : what the method makes of it
    """

    who: str
    method: str
    group: str
    ids: tuple[str, ...]
    given: Any
    weights: Weights

    @property
    def ratio(self) -> float:
        """The consistency ratio; NaN where the method or the matrix has none."""
        return float(self.weights.detail.get(CONSISTENCY.get(self.method, ""), np.nan))


CONSISTENCY = {AHP: "cr", BEST_WORST: "ratio"}


@dataclass(frozen=True, repr=False)
class Judgements(Shown):
    """What several people judged.

    Attributes
    ----------
    scheme : Scheme
    each : tuple of Judgement
        As they stand in the files.
    """

    card_title: ClassVar[Text] = Text("专家判断", "Judgements of people")
    card_table: ClassVar[str] = "table"

    scheme: Scheme
    each: tuple[Judgement, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a judgement: who, method, group, indicators, ratio (consistency)."""
        rows = [(j.who, j.method, j.group, len(j.ids), j.ratio) for j in self.each]
        return pd.DataFrame(rows, columns=["who", "method", "group", "indicators", "ratio"])

    @property
    def methods(self) -> list[str]:
        """The methods that were used, in the order of METHODS."""
        return [method for method in METHODS if any(j.method == method for j in self.each)]

    @cached_property
    def points(self) -> pd.DataFrame:
        """The points of all leaves (rows) by each person and method (columns): where only some
        groups were judged, the others keep their present shares."""
        columns = list(dict.fromkeys((j.who, j.method) for j in self.each))
        own = {
            (who, method): _points(
                self.scheme,
                [(j.group, j.weights) for j in self.each if (j.who, j.method) == (who, method)],
            )
            for who, method in columns
        }
        return pd.DataFrame(own, columns=pd.MultiIndex.from_tuples(columns))

    @cached_property
    def joint(self) -> pd.DataFrame:
        """The points of all leaves (rows) that the people's judgements give together, by method
        (columns): of matrices the geometric mean (:func:`ahp`), else the mean of the shares
        (:func:`budget`)."""
        found = {}
        for method in self.methods:
            groups = dict.fromkeys(j.group for j in self.each if j.method == method)
            together = [(group, self._together(method, group)) for group in groups]
            found[method] = _points(self.scheme, together)
        return pd.DataFrame(found)

    def _together(self, method: str, group: str) -> Weights:
        each = [j for j in self.each if (j.method, j.group) == (method, group)]
        if method == AHP:
            return ahp({j.who: j.given for j in each})
        if method == BUDGET:
            return budget(pd.DataFrame({j.who: j.given for j in each}).T)
        return budget(pd.DataFrame({j.who: j.weights.weights for j in each}).T)


def _points(scheme: Scheme, judged: Sequence[tuple[str, Weights]]) -> pd.Series:
    """The points of all leaves after groups of indicators share out what they have as judged."""
    members = groups_of(scheme)
    named: dict[str, float] = {}
    weights = dict(judged)
    for group, nodes in members.items():  # parents before children
        if group not in weights:
            continue
        total = scheme.total
        if group not in (TOP, LEAVES):
            total = named.get(group, _now(scheme, group, named))
        shares = weights[group].weights.to_numpy()
        named |= {node.id: float(total * w) for node, w in zip(nodes, shares, strict=True)}
    return pd.Series(spread_points(scheme, named, "none"), name="points")


def _now(scheme: Scheme, id: str, named: Mapping[str, float]) -> float:
    """The points of a node when those above it that are judged have theirs."""
    points = spread_points(scheme, named, "none")
    return sum(points[leaf.id] for leaf in scheme.indicator(id).walk() if leaf.is_leaf)


def groups_of(scheme: Scheme) -> dict[str, tuple[Indicator, ...]]:
    """The groups of indicators that can be judged, parents before children, all leaves last."""
    groups = {TOP: scheme.indicators}
    groups |= {node.id: node.children for node in scheme.nodes if node.children}
    if all(node.is_leaf for node in scheme.indicators):
        return groups
    return groups | {LEAVES: scheme.leaves}


def read_judgements(
    given: Any, scheme: Scheme, folder: str | Path | None = None
) -> Judgements | None:
    """Read what people judged about a scheme's indicators; None where nothing is given.

    A table has a column for each indicator (id, or name in either language), and may have columns
    专家 (expert), 方法 (method) and 比较项 (item):

    - 层次分析 (ahp): a row for each indicator, named in 比较项; numbers 1 to 9 and fractions such
      as 1/3, row over column; one of each pair is enough
    - 最优最劣 (best-worst): two rows, 最优比各项 and 各项比最劣 (best to others, others to
      worst), 1 to 9
    - 打分 (budget): a row for each person, points of 0 or more; all people share out the same sum

    The method is recognised by the rows where no column says it; the person is the sheet, or the
    file, where no column does. Points may also stand with indicators as rows and people as columns
    (first header 指标 or indicator), as may best and worst. A sheet may hold several tables below
    each other. The indicators of a table are all leaves, or those of one node or the first level;
    people fill in what they judge and leave the other columns blank.

    Parameters
    ----------
    given : path, {"file": path, "sheet": name or names}, a list of these, or None
        All visible sheets of a workbook are read where none is named, but for 说明 (notes).
    scheme : Scheme
    folder : path, optional
        Where the paths lead from; the working directory if left out.

    Raises
    ------
    InputError
        With file, sheet, row and column: unknown indicators and methods, cells that are no
        judgement, groups that are not whole, somebody who judges the same twice.

    >>> import tempfile
    >>> scheme = Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> with tempfile.TemporaryDirectory() as folder:  # synthetic: nobody judged so
    ...     path = Path(folder, "experts.csv")
    ...     _ = path.write_text("专家,a,b\\n甲,70,30\\n乙,50,50\\n", encoding="utf-8")
    ...     read_judgements(path, scheme).joint["budget"].tolist()
    [60.0, 40.0]
    """
    if given is None:
        return None
    place = None if folder is None else Path(folder)
    is_list = isinstance(given, list | tuple)
    reader = _Reader(scheme)
    items = list(given) if is_list else [given]
    if not items:
        want = Text("专家判断表的文件名", "a file of people's judgements")
        raise InputError(Complaint(unexpected(Text("空", "nothing"), want), column=KEY))
    for i, item in enumerate(items, 1):
        for sheet in read_named(item, f"{KEY}.{i}" if is_list else KEY, place):
            if plain_name(sheet.title) not in NOTES and is_filled(sheet.grid):
                reader.read(sheet)
    return reader.judgements()


@dataclass
class _Row:
    """A row of a table, or a column of one with indicators as rows: what each indicator has, and
    where (row, column) that stands."""

    who: str | None
    method: str | None
    item: str
    cells: dict[str, Any]
    places: dict[str, tuple[int, str]]
    line: int


@dataclass
class _Part:
    """The rows of one person and method in one sheet."""

    sheet: Sheet
    who: str
    method: str
    rows: list[_Row] = field(default_factory=list)


class _Reader:
    """Sheets on their way to judgements; complaints are collected."""

    def __init__(self, scheme: Scheme):
        self.scheme = scheme
        self.called = Called(scheme.nodes)
        self.groups = groups_of(scheme)
        self.names = _names_of(scheme)
        self.problems = Problems()
        self.ids_of: dict[tuple[str, str], str | None] = {}
        self.group_of: dict[tuple[str, ...], str | None] = {}
        self.found: dict[tuple[str, str, str], Judgement] = {}
        self.places: dict[tuple[str, str, str], str] = {}

    def complain(
        self, text: Text, sheet: Sheet, row: int | None = None, column: str | None = None
    ) -> None:
        self.problems.add(text, file=sheet.name, row=row, column=column)

    def judgements(self) -> Judgements:
        """All that was read.

        Raises
        ------
        InputError
            Whatever is wrong; or people's judgements that do not go together.
        """
        for who, method in dict.fromkeys((j.who, j.method) for j in self.found.values()):
            groups = [g for w, m, g in self.found if (w, m) == (who, method)]
            if LEAVES in groups and len(groups) > 1:
                text = say(
                    zh="“{who}”既判断了全部考核要点，又判断了其中一组，应只取其一",
                    en="“{who}” judged all leaves and a group of them besides: keep one of these",
                    who=who,
                )
                self.problems.add(text, file=self.places[who, method, LEAVES])
        if not self.problems.complaints and not self.found:
            text = Text("没有专家判断", "there are no judgements")
            self.problems.add(text, column=KEY)
        self.problems.stop()
        found = Judgements(self.scheme, tuple(self.found.values()))
        _check_together(found, self.places)
        return found

    # from cells to rows

    def read(self, sheet: Sheet) -> None:
        """Take up what a sheet holds."""
        before = len(self.problems.complaints)
        rows = [row for table in self._tables(sheet) for row in self._rows(sheet, *table)]
        if len(self.problems.complaints) == before:
            for part in self._parts(sheet, rows):
                self._judge(part)

    def _tables(self, sheet: Sheet) -> Iterator[tuple[dict[str, str], int, list[str], list[Any]]]:
        """The tables of a sheet: what lines above say (who, method), the header's line, the header
        and the rows below with their lines."""
        said: dict[str, str] = {}
        head: tuple[int, list[str]] | None = None
        rows: list[tuple[int, list[Any]]] = []
        for line, cells in enumerate(sheet.grid, 1):
            filled = [cell for cell in cells if not is_blank(cell)]
            if not filled or (head is None and plain_text(filled[0]).startswith("#")):
                continue
            if self._says(filled, said) or self._is_title(cells, filled):
                continue
            if self._is_header(cells, first=head is None):
                if head is not None:
                    yield said, *head, rows
                head, rows = (line, [_title(cell) for cell in cells]), []
            elif head is not None:
                rows.append((line, cells))
            elif len(filled) > 1:
                self._no_header(sheet, line, cells)
                return
        if head is None:
            self._no_header(sheet, None, [])
        else:
            yield said, *head, rows

    def _says(self, filled: Sequence[Any], said: dict[str, str]) -> bool:
        """Whether a line says no more than who judged, or how: 专家 | 张三."""
        if len(filled) != 2:
            return False
        key, value = (plain_name(plain_text(cell)) for cell in filled)
        if value in (*WHO, *METHOD, *ITEM) or self.called.ids(filled[1]):
            return False
        for kind, words in (("who", WHO), ("method", METHOD)):
            if key in words:
                said[kind] = plain_text(filled[1])
                return True
        return False

    def _is_title(self, cells: Sequence[Any], filled: Sequence[Any]) -> bool:
        """Whether a line is a title of a table: one cell, the first, that is no row's name."""
        if len(filled) != 1 or is_blank(cells[0]) or self.called.ids(cells[0]):
            return False
        return _word(plain_text(cells[0])) not in map(_word, (*BEST, *WORST))

    def _is_header(self, cells: Sequence[Any], first: bool) -> bool:
        """Whether a line names columns: words alone, at least two of them indicators, or what the
        first header of a sheet may say besides."""
        filled = [cell for cell in cells if not is_blank(cell)]
        if any(_number(cell)[1] is None for cell in filled):
            return False
        known = sum(bool(self.called.ids(cell)) for cell in filled)
        special = sum(plain_name(plain_text(cell)) in (*WHO, *METHOD, *ITEM) for cell in filled)
        if first:
            return len(filled) > 1 and known + special > 0
        return known > 1 and known + special == len(filled)

    def _no_header(self, sheet: Sheet, line: int | None, cells: Sequence[Any]) -> None:
        names = [clip(plain_text(cell), 12) for cell in cells if not is_blank(cell)]
        text = say(
            zh="没有表头：应有一行写明指标（编号或名称）{found}；不含判断的工作表请用 sheet 排除",
            en="there is no header: expected a row that names indicators (ids or names){found}; "
            "leave sheets without judgements out by naming the others as sheet",
            found=same("")
            if not names
            else say(zh="，现为{x}", en=", found {x}", x=listing(names, most=4)),
        )
        self.complain(text, sheet, line)

    def _rows(
        self, sheet: Sheet, said: Mapping[str, str], line: int, header: list[str], rows: list[Any]
    ) -> list[_Row]:
        """The rows of one table."""
        if self._has_indicators_as_rows(header):
            return self._turned(sheet, said, line, header, rows)
        kinds = self._kinds(sheet, line, header)
        named = "who" in kinds.values()
        who, method = said.get("who"), said.get("method")
        found = []
        for number, cells in rows:
            row = _read_row(kinds, header, number, cells)
            if _is_no_judgement(row):
                continue
            if named:  # merged cells are blank below the first
                who = row.who or (who if row.item else None)
            if named and who is None:
                self.complain(Text("没有写专家姓名", "nobody is named"), sheet, number, WHO[0])
                continue
            method = row.method or method
            found.append(replace(row, who=who, method=method))
        return found

    def _has_indicators_as_rows(self, header: Sequence[str]) -> bool:
        """Whether the first header says so, and the others name people, or best and worst."""
        is_item = plain_name(header[0]) in ITEM
        return is_item and not any(self.called.ids(title) for title in header[1:] if title)

    def _kinds(self, sheet: Sheet, line: int, header: Sequence[str]) -> dict[int, str]:
        """What each column holds: who, method, item, or an indicator; others are complaints."""
        kinds: dict[int, str] = {}
        for i, title in enumerate(header):
            word = plain_name(title)
            special = next((kind for kind, words in SPECIAL.items() if word in words), None)
            if special is not None or (not title and i == 0):
                kinds[i] = special or "item"
            elif not title or word in LEFT_OUT or is_total(title):
                continue
            elif not self.called.ids(title):
                self.complain(self.called.complaint(title) or Text("", ""), sheet, line, title)
            elif title in header[:i]:
                self.complain(Text("列名重复", "duplicate column name"), sheet, line, title)
            else:
                kinds[i] = "indicator"
        return kinds

    def _turned(
        self, sheet: Sheet, said: Mapping[str, str], line: int, header: list[str], rows: list[Any]
    ) -> list[_Row]:
        """A table with indicators as rows: a column for each person, or the two of best and
        worst."""
        found = []
        for i, title in enumerate(header[1:], 1):
            if not title or plain_name(title) in LEFT_OUT or is_total(title):
                continue
            cells, places = {}, {}
            for number, row in rows:
                name = _text(row, 0)
                if is_total(name) or i >= len(row) or is_blank(row[i]):
                    continue
                if not self.called.ids(name):
                    if i == 1:
                        text = self.called.complaint(name) or Text("", "")
                        self.complain(text, sheet, number, header[0])
                    continue
                if name in cells:
                    self.complain(
                        Text("同一指标有两行", "this indicator has two rows"), sheet, number
                    )
                cells[name], places[name] = row[i], (number, title)
            is_judgement = _word(title) in map(_word, (*BEST, *WORST))
            who = said.get("who") if is_judgement else title
            found.append(
                _Row(who, said.get("method"), title if is_judgement else "", cells, places, line)
            )
        return found

    # from rows to judgements

    def _parts(self, sheet: Sheet, rows: Sequence[_Row]) -> list[_Part]:
        """Rows by person and method."""
        parts: dict[tuple[str, str], _Part] = {}
        for row in rows:
            method = self._method(sheet, row)
            if method is None:
                continue
            who = row.who or sheet.title
            parts.setdefault((who, method), _Part(sheet, who, method)).rows.append(row)
        return list(parts.values())

    def _method(self, sheet: Sheet, row: _Row) -> str | None:
        """The method of a row: as it says, or as its item shows."""
        if row.method:
            for method, words in METHODS.items():
                if _word(row.method) in map(_word, words):
                    return method
            known = [words[0] for words in METHODS.values()]
            text = say(
                zh="方法为“{found}”，应为{known}之一{hint}",
                en="the method is “{found}”, expected one of {known}{hint}",
                found=clip(row.method),
                known=listing([*known, *METHODS]),
                hint=nearest(row.method, [word for words in METHODS.values() for word in words]),
            )
            self.complain(text, sheet, row.line, METHOD[0])
            return None
        if not row.item:
            return BUDGET
        if _word(row.item) in map(_word, (*BEST, *WORST)):
            return BEST_WORST
        if self.called.ids(row.item):
            return AHP
        self.complain(self._unknown_item(row.item), sheet, row.line, ITEM[0])
        return None

    def _complain_twice(self, part: _Part, row: _Row) -> None:
        text = say(
            zh="“{who}”有两行“{item}”",
            en="“{who}” has two rows “{item}”",
            who=part.who,
            item=row.item,
        )
        self.complain(text, part.sheet, row.line, ITEM[0])

    def _unknown_item(self, item: str) -> Text:
        return say(
            zh="没有“{found}”，应为指标的编号或名称，或“最优比各项”“各项比最劣”{hint}",
            en="found “{found}”, expected an indicator's id or name, or “best to others” and "
            "“others to worst”{hint}",
            found=clip(item),
            hint=nearest(item, [*self.called.known, *BEST, *WORST]),
        )

    def _judge(self, part: _Part) -> None:
        """What a person judged by one method in one sheet."""
        {AHP: self._ahp, BEST_WORST: self._best_worst, BUDGET: self._budget}[part.method](part)

    def _ahp(self, part: _Part) -> None:
        for group, rows in self._by_items(part):
            ids = [node.id for node in self.groups[group]]
            matrix = pd.DataFrame(np.nan, index=ids, columns=ids)
            wrong = False
            for id, row in rows.items():
                cells = self._of_group(part, row, group, whole=False)
                wrong = wrong or cells is None
                for other, (cell, place) in (cells or {}).items():
                    number = self._cell(part, cell, place, LEAST, MOST)
                    wrong = wrong or number is None
                    matrix.loc[id, other] = np.nan if number is None else number
            if not wrong:
                self._keep(part, group, self._named(matrix), rows[ids[0]].line)

    def _by_items(self, part: _Part) -> list[tuple[str, dict[str, _Row]]]:
        """The rows of matrices by group, each group's by indicator; groups that are not whole, or
        have a row twice, are complaints."""
        titles = [row.item for row in part.rows]
        whole = self._group_of(list(dict.fromkeys(titles)))
        found = []
        pending = list(part.rows)
        while pending:
            group = whole or self._family(part, pending[0])
            if group is None:
                return []
            ids = [node.id for node in self.groups[group]]
            rows: dict[str, _Row] = {}
            rest = []
            for row in pending:
                id = next((id for id in self.called.ids(row.item) if id in ids), None)
                if id is None:
                    rest.append(row)
                elif id in rows:
                    self._complain_twice(part, row)
                    return []
                else:
                    rows[id] = row
            if not self._check_whole(part, group, list(rows), pending[0].line):
                return []
            found.append((group, rows))
            pending = rest
        return found

    def _family(self, part: _Part, row: _Row) -> str | None:
        """The group of siblings to which the item of a row belongs."""
        columns = list(row.cells)
        fitting = [
            group
            for group, nodes in self.groups.items()
            if group != LEAVES
            and {node.id for node in nodes} & set(self.called.ids(row.item))
            and all({node.id for node in nodes} & set(self.called.ids(c)) for c in columns)
        ]
        if fitting:
            return fitting[0]
        self.complain(self._no_group([row.item, *columns]), part.sheet, row.line)
        return None

    def _best_worst(self, part: _Part) -> None:
        by_group: dict[str, dict[str, _Row]] = {}
        for row in part.rows:
            group = self._group_of(list(row.cells))
            if group is None:
                self.complain(self._no_group(list(row.cells)), part.sheet, row.line)
                return
            side = "best" if _word(row.item) in map(_word, BEST) else "worst"
            if _word(row.item) not in map(_word, (*BEST, *WORST)):
                self.complain(self._unknown_item(row.item), part.sheet, row.line, ITEM[0])
                return
            if side in by_group.setdefault(group, {}):
                self._complain_twice(part, row)
                return
            by_group[group][side] = row
        for group, sides in by_group.items():
            if len(sides) < 2:
                (row,) = sides.values()
                text = say(
                    zh="“{who}”缺少一行，应有“最优比各项”和“各项比最劣”两行",
                    en="“{who}” lacks a row: expected two, “best to others” and “others to worst”",
                    who=part.who,
                )
                self.complain(text, part.sheet, row.line, ITEM[0])
                continue
            given = {side: self._values(part, row, group, 1.0, MOST) for side, row in sides.items()}
            if given["best"] is not None and given["worst"] is not None:
                self._keep(part, group, (given["best"], given["worst"]), sides["best"].line)

    def _budget(self, part: _Part) -> None:
        for row in part.rows:
            if not row.cells:
                continue
            group = self._group_of(list(row.cells))
            if group is None:
                self.complain(self._no_group(list(row.cells)), part.sheet, row.line)
                continue
            values = self._values(part, row, group, 0.0, np.inf)
            if values is not None:
                self._keep(part, group, values, row.line)

    def _values(
        self, part: _Part, row: _Row, group: str, least: float, most: float
    ) -> pd.Series | None:
        """The numbers of a row by indicator; None where something is wrong with them."""
        cells = self._of_group(part, row, group, whole=True)
        if cells is None:
            return None
        numbers = {
            id: self._cell(part, cell, place, least, most) for id, (cell, place) in cells.items()
        }
        if None in numbers.values():
            return None
        ids = [node.id for node in self.groups[group]]
        return pd.Series([float(numbers[id] or 0.0) for id in ids], self._index(ids))

    def _of_group(
        self, part: _Part, row: _Row, group: str, whole: bool
    ) -> dict[str, tuple[Any, tuple[int, str]]] | None:
        """The cells of a row by indicator of a group; None where there are others."""
        found = {}
        for title, cell in row.cells.items():
            own = self._id_in(group, title)
            if own is None:
                text = say(
                    zh="“{title}”不在所判断的一组指标中，应留空",
                    en="“{title}” is not among the indicators judged here: leave it blank",
                    title=title,
                )
                self.complain(text, part.sheet, *row.places[title])
                return None
            if own in found:
                text = Text("同一指标有两列", "this indicator has two columns")
                self.complain(text, part.sheet, *row.places[title])
                return None
            found[own] = (cell, row.places[title])
        return found if not whole or self._check_whole(part, group, list(found), row.line) else None

    def _cell(
        self, part: _Part, cell: Any, place: tuple[int, str], least: float, most: float
    ) -> float | None:
        """A judgement's number, None where it is none."""
        number, wrong = _number(cell)
        if wrong is None and not least * (1 - NEAR) <= number <= most:
            wrong = unexpected(cell, _wanted(least, most))
        elif wrong is not None and not isinstance(cell, datetime.date):
            wrong = unexpected(cell, _wanted(least, most))
        if wrong is None:
            return number
        self.complain(wrong, part.sheet, *place)
        return None

    # groups

    def _group_of(self, titles: Sequence[str]) -> str | None:
        """The group that these are, no more and no less."""
        key = tuple(titles)
        if key not in self.group_of:
            fitting = (
                group
                for group, nodes in self.groups.items()
                if {self._id_in(group, title) for title in titles} == {node.id for node in nodes}
            )
            self.group_of[key] = next(fitting, None)
        return self.group_of[key]

    def _id_in(self, group: str, title: str) -> str | None:
        """The indicator of a group that a title means; None where it means none of them, or no
        single one."""
        if (group, title) not in self.ids_of:
            members = {node.id for node in self.groups[group]}
            own = [id for id in self.called.ids(title) if id in members]
            self.ids_of[group, title] = own[0] if len(own) == 1 else None
        return self.ids_of[group, title]

    def _check_whole(self, part: _Part, group: str, ids: Sequence[str], line: int) -> bool:
        missing = [self.names[node.id] for node in self.groups[group] if node.id not in ids]
        if missing:
            text = say(
                zh="“{who}”的判断缺少{names}",
                en="the judgements of “{who}” lack {names}",
                who=part.who,
                names=listing(missing, most=8),
            )
            self.complain(text, part.sheet, line)
        return not missing

    def _no_group(self, titles: Sequence[str]) -> Text:
        """The complaint of indicators that are no whole group, with what the nearest one lacks."""
        overlap = {}
        for group, nodes in self.groups.items():
            ids = {node.id for node in nodes}
            hits = sum(bool(ids & set(self.called.ids(title))) for title in titles)
            overlap[group] = (hits - abs(len(ids) - hits) / 1e3, ids)
        _, ids = max(overlap.values(), key=lambda pair: pair[0])
        lacking = [
            name
            for id, name in self.names.items()
            if id in ids and not any(id in self.called.ids(title) for title in titles)
        ]
        beyond = [title for title in titles if not ids & set(self.called.ids(title))]
        parts = []
        if lacking:
            parts.append(say(zh="缺少{x}", en="without {x}", x=listing(lacking, most=8)))
        if beyond:
            parts.append(say(zh="多出{x}", en="with {x} besides", x=listing(beyond, most=8)))
        return say(
            zh="所填指标应恰为全部考核要点，或同一上级的全部指标：{parts}",
            en="expected judgements of all leaves, or of all indicators below one: found "
            "them {parts}",
            parts=listing(parts),
        )

    # what is kept

    def _index(self, ids: Sequence[str]) -> pd.Index:
        """Indicators as the methods' sentences call them."""
        names = [self.names[id] for id in ids]
        return pd.Index(names if len(set(names)) == len(ids) else [same(id) for id in ids])

    def _named(self, matrix: pd.DataFrame) -> pd.DataFrame:
        index = self._index(list(matrix.index))
        return pd.DataFrame(matrix.to_numpy(), index, index)

    def _keep(self, part: _Part, group: str, given: Any, line: int) -> None:
        key = (part.who, part.method, group)
        if key in self.found:
            text = say(
                zh="“{who}”对同一组指标有两份判断，另一份在 {other}",
                en="“{who}” judges the same indicators twice, also in {other}",
                who=part.who,
                other=self.places[key],
            )
            self.complain(text, part.sheet, line)
            return
        try:
            weights = _weights(part, given)
        except InputError as error:
            for complaint in error.complaints:
                self.complain(complaint.text, part.sheet, line)
            return
        ids = tuple(node.id for node in self.groups[group])
        self.found[key] = Judgement(part.who, part.method, group, ids, given, weights)
        self.places[key] = part.sheet.name


def _read_row(
    kinds: Mapping[int, str], header: Sequence[str], number: int, cells: Sequence[Any]
) -> _Row:
    """A row of a table by what its columns hold."""
    by = {kind: _text(cells, i) for i, kind in kinds.items() if kind != "indicator"}
    taken = {
        header[i]: cells[i]
        for i, kind in kinds.items()
        if kind == "indicator" and i < len(cells) and not is_blank(cells[i])
    }
    places = {title: (number, title) for title in taken}
    who, method = by.get("who") or None, by.get("method") or None
    return _Row(who, method, by.get("item", ""), taken, places, number)


def _is_no_judgement(row: _Row) -> bool:
    """Whether a row is blank, or a total of others."""
    return not (row.cells or row.item) or is_total(row.item) or is_total(row.who or "")


def _weights(part: _Part, given: Any) -> Weights:
    """What the method makes of one person's judgements."""
    if part.method == AHP:
        return ahp(given)
    if part.method == BEST_WORST:
        return best_worst(*given)
    return budget(pd.DataFrame({part.who: given}).T)


def _check_together(found: Judgements, places: Mapping[tuple[str, str, str], str]) -> None:
    """Refuse people's judgements that do not go together, such as points of different sums."""
    for method in found.methods:
        groups = dict.fromkeys(j.group for j in found.each if j.method == method)
        files = dict.fromkeys(file for (_, m, _), file in places.items() if m == method)
        where = next(iter(files)) if len(files) == 1 else None
        if LEAVES in groups and len(groups) > 1:
            text = say(
                zh="同一方法中，有人判断全部考核要点，有人只判断其中一组，不能合并",
                en="by one method some judged all leaves and some a group of them: these cannot be "
                "put together",
            )
            raise InputError(Complaint(text, where))
    try:
        found.joint  # noqa: B018  (complains where sums differ)
    except InputError as error:
        raise InputError(
            [Complaint(c.text, where, None, c.column) for c in error.complaints]
        ) from None


def _names_of(scheme: Scheme) -> dict[str, Text]:
    return {node.id: node.name for node in scheme.nodes}


def _title(cell: Any) -> str:
    return "" if is_blank(cell) else plain_text(cell)


def _text(cells: Sequence[Any], i: int) -> str:
    return "" if i >= len(cells) or is_blank(cells[i]) else plain_text(cells[i])


def _word(text: str) -> str:
    """A word as it is compared: hyphens and dashes aside."""
    return "".join(c for c in plain_name(text) if c.isalnum())


def _number(cell: Any) -> tuple[float, Text | None]:
    """A judgement's number, or NaN and why it is none: numbers, percentages, and fractions."""
    if isinstance(cell, datetime.date | datetime.time):
        text = say(
            zh="内容为日期“{found}”：Excel 会把 1/3 认作日期，请把单元格设为文本格式后重填",
            en="found the date “{found}”: Excel takes 1/3 for a date; format the cell as text and "
            "type it again",
            found=cell,
        )
        return np.nan, text
    if not isinstance(cell, str):
        return parse_number(cell)
    above, bar, below = unicodedata.normalize("NFKC", cell).replace("\u2044", "/").partition("/")
    if not bar or "/" not in cell.replace("／", "/"):
        return parse_number(cell, percent=True)
    (top, wrong), (bottom, wrong_below) = parse_number(above), parse_number(below)
    if wrong is None and wrong_below is None and bottom != 0:
        return top / bottom, None
    return np.nan, unexpected(cell, Text("一个数字或分数", "a number or a fraction"))


def _wanted(least: float, most: float) -> Text:
    if most != MOST:
        return Text("不小于 0 的数字", "a number of at least 0")
    if least < 1:
        return Text(
            "1 至 9 的数字或其倒数（如 1/3）", "a number from 1 to 9, or one over it, such as 1/3"
        )
    return Text("1 至 9 的数字", "a number from 1 to 9")
