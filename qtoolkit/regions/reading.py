"""Regions as params.yaml writes them: plain keys and values, numbers and names, checked against the
scheme. Nothing that is written is ever run."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtoolkit.errors import Complaint, InputError, clip, nearest, one_of, unexpected, unquoted
from qtoolkit.inputs.files import Rows, rows_of_grid
from qtoolkit.inputs.naming import Called
from qtoolkit.inputs.numbertext import is_blank, number_meant, parse_number
from qtoolkit.inputs.sheets import is_table, read_named
from qtoolkit.language import Text, listing, say
from qtoolkit.regions.written import SUM, Box, Hull, Levels, RankOrder, Region, Simplex

if TYPE_CHECKING:
    from qtoolkit.assessment import Assessment
    from qtoolkit.inputs.scheme import Scheme

KEY = "region"
EXPERTS = ("expert", "专家", "姓名", "name", "打分人", "评委", "unit")
"""Headers of the column that names who gave the weights; "unit" is that of a table with indicators
as rows, turned upright."""
PERCENT = 100.0
TWICE = Text("同一指标出现两次", "this indicator stands there twice")

Path_ = tuple[str | int, ...]


def read(
    given: Any, result: Assessment, band: float = 0.1, folder: str | Path | None = None
) -> Region:
    """The region that a parameter says, checked against the scheme of `result`.

    Parameters
    ----------
    given : mapping, list of mappings, Region or None
        One key a region; several keys, or a list, are their intersection:

        - ``{"box": {"relative": 0.1}}`` or ``{"box": {"absolute": 2}}``, or both
        - ``{"levels": [0.1, 0.25]}``: a band for each level of the tree
        - ``{"hull": "weights.csv"}``: all mixtures of experts' weights, from a file with a column
          or a row for each indicator, ``{"file": …, "sheet": …}``, or a list of mappings from
          indicators to points. Each sums to the total, or to 1 or 100
        - ``{"rank_order": ["brand", "standards", …]}``: all indicators, the most important first
        - ``{"simplex": {}}``: any points of 0 or more

        None is ``Box(relative=band)``; a Region is taken as it is. Indicators are called by id or
        by name, in either language.
    band : float
        What is meant by None.
    folder : path, optional
        Where the paths lead from; the working directory if left out.

    Raises
    ------
    InputError
        What is written is no region of this scheme, or the regions have no points in common. The
        column of a complaint is the key, its parts joined by points (parts of lists from 1).

    >>> import pandas as pd, qtoolkit as qt
    >>> scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> result = qt.assess(scheme, pd.DataFrame({"a": [1.0], "b": [0.5]}, index=["甲"]))
    >>> read({"box": {"relative": 0.25}, "rank_order": ["a", "b"]}, result).at(
    ...     result
    ... ).lo.tolist()
    [50.0, 30.0]
    >>> read(None, result, 0.1)
    Box(relative=0.1, absolute=None)
    """
    if given is None:
        region: Region = Box(relative=band)
    elif isinstance(given, Region):
        region = given
    else:
        place = None if folder is None else Path(folder)
        region = reduce(operator.and_, _Reader(result.scheme, place).members(given))
    try:
        region.at(result).system  # noqa: B018  (complains where there is nothing in common)
    except InputError as error:
        raise InputError([_placed(c) for c in error.complaints]) from None
    return region


def _placed(complaint: Complaint) -> Complaint:
    """A complaint that says it is about the region."""
    if complaint.file is not None or complaint.column is not None:
        return complaint
    return Complaint(complaint.text, column=KEY)


class _Reader:
    """What is written for one scheme."""

    def __init__(self, scheme: Scheme, folder: Path | None):
        self.scheme, self.folder = scheme, folder
        self.called = Called(scheme.leaves)
        self.complaints: list[Complaint] = []
        self.kinds: dict[str, Callable[[Any, Path_], Region | None]] = {
            "box": self._box,
            "levels": self._levels,
            "hull": self._hull,
            "rank_order": self._order,
            "simplex": self._simplex,
        }

    def members(self, given: Any) -> list[Region]:
        """The regions of which the intersection is meant."""
        found = [self.kinds[kind](value, path) for kind, value, path in self._written(given)]
        if self.complaints:
            raise InputError(self.complaints)
        return [region for region in found if region is not None]

    def _complain(self, text: Text, path: Path_) -> None:
        self.complaints.append(Complaint(text, column=joined(path)))

    def _written(self, given: Any) -> Iterator[tuple[str, Any, Path_]]:
        """Kind, arguments and place of each region."""
        is_list = isinstance(given, list | tuple)
        items = list(enumerate(given)) if is_list else [(None, given)]
        if not items:
            self._complain(unexpected(Text("空", "nothing"), self._some_kind), (KEY,))
        for i, item in items:
            path: Path_ = (KEY,) if i is None else (KEY, i)
            written = {item: None} if isinstance(item, str) else item
            if not isinstance(written, Mapping) or not written:
                self._complain(unexpected(item, self._some_kind), path)
                continue
            for kind, value in written.items():
                if kind in self.kinds:
                    yield kind, value, (*path, kind)
                else:
                    hint = nearest(str(kind), self.kinds)
                    self._complain(
                        unexpected(kind, one_of(self.kinds), Text("范围", "the region"), hint), path
                    )

    @property
    def _some_kind(self) -> Text:
        return say(
            zh="范围及其参数（{kinds}）",
            en="a region and its arguments ({kinds})",
            kinds=one_of(self.kinds),
        )

    def _number(self, value: Any, path: Path_, most: float) -> float | None:
        """A number of 0 or more, at most `most`."""
        if _is_number(value) and 0 <= value <= most:
            return float(value)
        want = Text("不小于 0 的数字", "a number of at least 0")
        hint = None
        if math.isfinite(most):
            want = Text("不小于 0、不大于 1 的数字", "a number of at least 0 and at most 1")
            if _is_number(value) and 1 < value <= PERCENT:
                hint = say(
                    zh="（±{x:g}%写作 {share:g}）",
                    en=" (±{x:g}% is written {share:g})",
                    x=value,
                    share=value / PERCENT,
                )
        meant = number_meant(value)
        if meant is not None and 0 <= meant <= most:
            hint = unquoted(meant)
        shown = Text("空", "nothing") if value is None else value
        self._complain(unexpected(shown, want, hint=hint), path)
        return None

    def _box(self, value: Any, path: Path_) -> Region | None:
        if _is_number(value) or isinstance(value, str):
            value = {"relative": value}
        limits = {"relative": 1.0, "absolute": math.inf}
        if not isinstance(value, Mapping) or not value:
            self._complain(unexpected(_shown(value), one_of(limits)), path)
            return None
        numbers = {}
        for key, number in value.items():
            if key not in limits:
                hint = nearest(str(key), limits)
                self._complain(unexpected(key, one_of(limits), hint=hint), path)
            else:
                numbers[key] = self._number(number, (*path, key), limits[key])
        if len(numbers) < len(value) or None in numbers.values():
            return None
        return Box(**numbers)

    def _levels(self, value: Any, path: Path_) -> Region | None:
        bands = value if isinstance(value, list | tuple) else [value]
        if not bands:
            want = Text("至少一级的浮动幅度", "the band of at least one level")
            self._complain(unexpected(Text("空", "nothing"), want), path)
            return None
        depth = max(_depth(top) for top in self.scheme.indicators)
        if len(bands) > depth:
            text = say(
                zh="给出了{n}级的幅度，方案只有{depth}级",
                en="found the bands of {n:level|levels}, the scheme has {depth}",
                n=len(bands),
                depth=depth,
            )
            self._complain(text, path)
            return None
        places = [(*path, i) for i in range(len(bands))] if bands is value else [path]
        numbers = [
            self._number(band, place, 1.0) for band, place in zip(bands, places, strict=True)
        ]
        known = [number for number in numbers if number is not None]
        return Levels(*known) if len(known) == len(bands) else None

    def _simplex(self, value: Any, path: Path_) -> Region | None:
        if value is None or value == {}:
            return Simplex()
        text = say(
            zh="simplex 没有参数，内容为“{found}”，请写 simplex: {{}}",
            en="simplex takes no arguments, found “{found}”: write simplex: {{}}",
            found=clip(value),
        )
        self._complain(text, path)
        return None

    def _order(self, value: Any, path: Path_) -> Region | None:
        if not isinstance(value, list | tuple):
            want = Text(
                "按重要性排列的全部指标", "a list of all indicators, the most important first"
            )
            self._complain(unexpected(_shown(value), want), path)
            return None
        before, ids = len(self.complaints), []
        for i, name in enumerate(value):
            if (text := self.called.complaint(name)) is not None:
                self._complain(text, (*path, i))
                continue
            (id,) = self.called.ids(name)
            if id in ids:
                self._complain(TWICE, (*path, i))
            ids.append(id)
        if len(self.complaints) == before:
            self._about_missing(ids, path)
        return RankOrder(ids) if len(self.complaints) == before else None

    def _about_missing(self, ids: Sequence[str], path: Path_) -> None:
        missing = self._missing(ids)
        if missing is not None:
            self._complain(missing, path)

    def _missing(self, ids: Sequence[str]) -> Text | None:
        """The complaint of indicators that are not there."""
        missing = [leaf.name for leaf in self.scheme.leaves if leaf.id not in ids]
        if not missing:
            return None
        return say(
            zh="缺少指标{names}，应列出全部{n}项",
            en="without {names}, expected all {n:indicator|indicators}",
            names=listing([say(zh="“{x}”", en="“{x}”", x=name) for name in missing], most=8),
            n=len(self.scheme.leaves),
        )

    def _hull(self, value: Any, path: Path_) -> Region | None:
        if isinstance(value, str) or (isinstance(value, Mapping) and "file" in value):
            return self._from_file(value, path)
        if not isinstance(value, list | tuple) or not value:
            want = Text(
                "专家权重表的文件名，或每组分值的列表",
                "the file of experts' weights, or a list of vectors",
            )
            self._complain(unexpected(_shown(value), want), path)
            return None
        before = len(self.complaints)
        vectors = [self._written_vector(vector, (*path, i)) for i, vector in enumerate(value)]
        return Hull(self._scaled(vectors)) if len(self.complaints) == before else None

    def _written_vector(self, vector: Any, path: Path_) -> dict[str, float | None]:
        """A vector that stands in the parameters themselves."""
        if not isinstance(vector, Mapping):
            want = Text("各指标及其分值", "points by indicator (indicator: points)")
            self._complain(unexpected(vector, want), path)
            return {}
        before, points = len(self.complaints), {}
        for name, value in vector.items():
            place = (*path, str(name))
            text = self.called.complaint(name)
            if text is None and self.called.ids(name)[0] in points:
                text = TWICE
            if text is not None:
                self._complain(text, place)
            else:
                points[self.called.ids(name)[0]] = self._number(value, place, math.inf)
        if len(self.complaints) == before:
            self._about_missing(list(points), path)
        if len(self.complaints) == before and (text := self._about_sum(points)) is not None:
            self._complain(text, path)
        return points

    def _about_sum(self, points: Mapping[str, Any]) -> Text | None:
        """What is wrong with a vector's sum: points sum to the total, weights to 1 or 100."""
        total, found = self.scheme.total, math.fsum(points.values())
        if any(abs(found - good) <= SUM * good for good in (total, 1.0, PERCENT)):
            return None
        return say(
            zh="合计为 {found:.10g}，分值应合计 {total:.10g}，权重应合计 1 或 100",
            en="the sum is {found:.10g}, expected {total:.10g} of points, 1 or 100 of weights",
            found=found,
            total=total,
        )

    def _scaled(self, vectors: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
        """Vectors as points: weights are shares of the total."""
        return [
            {id: x * self.scheme.total / math.fsum(vector.values()) for id, x in vector.items()}
            for vector in vectors
        ]

    def _from_file(self, value: Any, path: Path_) -> Region | None:
        if isinstance(value, str) and not is_table(value):
            want = Text(
                "专家权重表的文件名（.csv 或 .xlsx）",
                "the file of experts' weights (.csv or .xlsx)",
            )
            self._complain(unexpected(value, want), path)
            return None
        try:
            sheets = read_named(value, joined(path), self.folder)
            if len(sheets) != 1:
                text = say(
                    zh="有{n}个有内容的工作表（{names}），请用 {{file: …, sheet: …}} 指明一个",
                    en="found {n:sheet|sheets} that hold anything ({names}): name one by "
                    "{{file: …, sheet: …}}",
                    n=len(sheets),
                    names=listing([sheet.title for sheet in sheets], most=8),
                )
                self._complain(text, path)
                return None
            return Hull(self._scaled(self._vectors(rows_of_grid(sheets[0].name, sheets[0].grid))))
        except InputError as error:
            self.complaints += error.complaints
            return None

    def _vectors(self, rows: Rows) -> list[dict[str, float]]:
        """The vectors of a table: a row each, or a column each where indicators are its rows."""
        columns, complaints = self._columns(rows)
        vectors = []
        for number, row in zip(rows.numbers, rows.rows, strict=True):
            found, wrong = self._vector(rows, number, row, columns)
            if not (complaints or wrong) and (text := self._about_sum(found)) is not None:
                line, column = rows.place(number, None)
                wrong.append(Complaint(text, rows.name, line or None, column))
            complaints += wrong
            vectors.append(found)
        if complaints:
            raise InputError(complaints)
        return vectors

    def _columns(self, rows: Rows) -> tuple[dict[int, str], list[Complaint]]:
        """The indicator of each column by its number, names of experts aside, and what is wrong
        with the header."""
        columns: dict[int, str] = {}
        complaints: list[Complaint] = []
        for i, title in enumerate(rows.header):
            names_experts = title in EXPERTS or not self.called.ids(title)
            if i == 0 and names_experts and self._is_named(rows):
                continue
            text = self.called.complaint(title)
            if text is None and self.called.ids(title)[0] in columns.values():
                text = TWICE
            if text is None:
                columns[i] = self.called.ids(title)[0]
            else:
                line, column = rows.place(None, title)
                complaints.append(Complaint(text, rows.name, line or rows.head or None, column))
        if not complaints and (missing := self._missing(list(columns.values()))) is not None:
            complaints.append(Complaint(missing, rows.name, rows.head or None))
        return columns, complaints

    @staticmethod
    def _is_named(rows: Rows) -> bool:
        """Whether the first column holds names, no numbers."""
        cells = [row[0] for row in rows.rows]
        return any(
            is_blank(cell) or parse_number(cell, percent=True)[1] is not None for cell in cells
        )

    @staticmethod
    def _vector(
        rows: Rows, number: int, row: Sequence[Any], columns: Mapping[int, str]
    ) -> tuple[dict[str, float], list[Complaint]]:
        """The numbers of one row, and what is wrong with them."""
        found, wrong = {}, []
        for i, id in columns.items():
            x, text = math.nan, None
            if is_blank(row[i]):
                text = unexpected(Text("空", "nothing"), Text("一个数字", "a number"))
            else:
                x, text = parse_number(row[i], percent=True)
            if text is None and x < 0:
                text = unexpected(row[i], Text("不小于 0 的数字", "a number of at least 0"))
            if text is not None:
                line, column = rows.place(number, rows.header[i])
                wrong.append(Complaint(text, rows.name, line, column))
            found[id] = x
        return found, wrong


def joined(path: Path_) -> str:
    """A place in the parameters as complaints name it: parts of lists are counted from 1.

    >>> joined(("region", 0, "box"))
    'region.1.box'
    """
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def _shown(value: Any) -> Any:
    return Text("空", "nothing") if value is None or value in ({}, []) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _depth(node: Any) -> int:
    """How many levels a node and what is below it have."""
    return 1 + max((_depth(child) for child in node.children), default=0)
