"""A workbook's sheets 方案, 等级, 设置 and 英文 (see schemesheets.py) as a scheme: equal as a model
to the one written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError, Problems, clip, nearest, one_of, unexpected
from qtoolkit.inputs.files import read_bytes
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_text
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.yamltext import parse_yaml
from qtoolkit.language import listing, say
from qtoolkit.models import quota_unclear, validate
from qtoolkit.rules import RULES
from qtoolkit.workbooks.reading import read_sheets
from qtoolkit.workbooks.schemesheets import (
    ENGLISH,
    GRADE_COLUMNS,
    GRADES,
    HIGH,
    ID,
    IN_CHINESE,
    KIND,
    KINDS,
    LEAF,
    LEVELS,
    LOW,
    NO_LEVEL,
    POINTS,
    REST,
    RULE,
    SCALES,
    SETTINGS,
    TREE,
    UNIT,
    WAYS,
    WORDS,
    Row,
)


def read_scheme_book(path: Path) -> Scheme:
    """Read the scheme from a workbook's sheets 方案, 等级 and 设置 (and 英文).

    Raises
    ------
    InputError
        With the sheet, the row and the column of each complaint.
    """
    return _Book(path.name, read_sheets(path.name, read_bytes(path))).scheme()


_PLACE = re.compile(r"[1-9][0-9]{0,5}")  # an item of a list, in a dotted key
_OWN_PLACE = ("id", "children")


class _Tree:
    """Indicators on their way to a tree: `above` are the names of the levels that stand above the
    row, `nodes` the levels by their paths of names, `places` all indicators with their rows."""

    def __init__(self) -> None:
        self.roots: list[dict[str, Any]] = []
        self.nodes: dict[tuple[str, ...], dict[str, Any]] = {}
        self.places: list[tuple[dict[str, Any], int]] = []
        self.above: tuple[str, ...] = ()

    @property
    def level(self) -> dict[str, Any]:
        """The level right above the row."""
        return self.nodes[self.above]

    def begin_anew_if_other(self, id: str) -> None:
        """Forget the level that a row of its own describes, where one of that name but another
        identifier is there already."""
        if self.nodes.get(self.above, {}).get("id", None) not in (None, id):
            end = len(self.above)
            self.nodes = {p: node for p, node in self.nodes.items() if p[:end] != self.above}

    def make_levels(self, row: int) -> None:
        """Make the levels above the row that are not there yet."""
        for depth in range(1, len(self.above) + 1):
            path = self.above[:depth]
            if path not in self.nodes:
                self.nodes[path] = {"name": path[-1], "children": []}
                self._put(self.nodes[path], path[:-1], row)

    def add(self, leaf: dict[str, Any], row: int) -> None:
        """Put a leaf below the levels above it."""
        self._put(leaf, self.above, row)

    def _put(self, node: dict[str, Any], above: tuple[str, ...], row: int) -> None:
        (self.nodes[above]["children"] if above else self.roots).append(node)
        self.places.append((node, row))


Place = tuple[str | int, ...]
"""Where something stands in a scheme."""


class _Book:
    """The sheets of one workbook on their way to a scheme."""

    def __init__(self, name: str, sheets: dict[str, list[Row]]):
        self.name, self.problems = name, Problems()
        self.places: dict[Place, tuple[str, int]] = {}
        sheets = {IN_CHINESE.get(title, title): grid for title, grid in sheets.items()}
        missing = [title for title in (TREE, GRADES, SETTINGS) if title not in sheets]
        if missing:
            text = say(
                zh="缺少工作表{names}，现有{found}；可先用 qtoolkit template 生成模板",
                en="the sheets {names} are missing, found {found}; qtoolkit template makes a "
                "workbook to fill in",
                names=listing(f"“{title}”" for title in missing),
                found=listing(f"“{title}”" for title in sheets),
            )
            raise InputError(Complaint(text, name))
        self.sheets = sheets

    def complain(
        self, text: Any, sheet: str, row: int | None = None, column: str | None = None
    ) -> None:
        self.problems.add(text, file=self.file(sheet), row=row, column=column)

    def file(self, sheet: str) -> str:
        return f"{self.name}[{sheet}]"

    def rows(
        self, sheet: str, needed: tuple[str, ...], known: tuple[str, ...]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """(row number, cells by title) of a sheet; blank rows are left out. Titles may stand below
        a heading line."""
        grid = self.sheets.get(sheet, [])
        header, titles = self._titles(sheet, grid, needed)
        self._check_titles(sheet, header + 1, titles, known)
        for number, row in enumerate(grid[header + 1 :], header + 2):
            cells = {
                title: cell
                for title, cell in zip(titles, row, strict=False)
                if title and not is_blank(cell)
            }
            self._check_untitled(sheet, number, row, titles)
            if cells:
                yield number, cells

    def _titles(
        self, sheet: str, grid: list[Row], needed: tuple[str, ...]
    ) -> tuple[int, list[str]]:
        """The header's place from 0, and its titles in Chinese: the first row that has a needed
        one."""
        spoken = ((i, _spoken(row)) for i, row in enumerate(grid))
        header, titles = next(
            ((i, words) for i, words in spoken if not set(needed).isdisjoint(words)), (-1, [])
        )
        if absent := [title for title in needed if title not in titles]:
            self.complain(
                say(zh="缺少列：{names}", en="missing columns: {names}", names=listing(absent)),
                sheet,
                None if header < 0 else header + 1,
            )
            self.problems.stop()
        return header, titles

    def _check_titles(
        self, sheet: str, number: int, titles: list[str], known: tuple[str, ...]
    ) -> None:
        """Complain of unknown titles and of those that stand there twice."""
        for i, title in enumerate(titles):
            if title and title not in known:
                text = say(
                    zh="没有这一列{hint}", en="no such column{hint}", hint=nearest(title, known)
                )
                self.complain(text, sheet, number, title)
            elif title and title in titles[:i]:
                text = say(zh="列名重复", en="duplicate column name")
                self.complain(text, sheet, number, title)

    def _check_untitled(self, sheet: str, number: int, row: Row, titles: list[str]) -> None:
        """Complain of cells in columns without a title."""
        for i, cell in enumerate(row):
            if not is_blank(cell) and (i >= len(titles) or not titles[i]):
                text = say(
                    zh="第{n}列没有列名，却有内容“{found}”",
                    en="column number {n} has no name, but holds “{found}”",
                    n=i + 1,
                    found=plain_text(cell),
                )
                self.complain(text, sheet, number)

    def scheme(self) -> Scheme:
        """The validated scheme; complaints of the model are told their sheet and row."""
        english = self._english()
        data = self._settings()
        data["indicators"] = self._tree(english)
        data["grades"] = self._grades(english)
        self.problems.stop()
        try:
            return validate(Scheme, data, self.name, self._place)
        except InputError as error:
            raise InputError([self._told(c) for c in error.complaints]) from None

    def _place(self, path: Place) -> int | None:
        """The number, in `places`, of the nearest part around a model's path."""
        keys = list(self.places)
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return keys.index(path[:end])
        return None

    def _told(self, complaint: Complaint) -> Complaint:
        if complaint.row is None:
            return Complaint(complaint.text, self.file(SETTINGS), None, complaint.column)
        sheet, row = list(self.places.values())[complaint.row]
        return Complaint(complaint.text, self.file(sheet), row, complaint.column)

    def _english(self) -> dict[tuple[str, str], str]:
        if ENGLISH not in self.sheets:
            return {}
        titles = ("编号", "栏目", "英文")
        return {
            (plain_text(cells["编号"]), _chinese(cells["栏目"])): str(cells["英文"])
            for _, cells in self.rows(ENGLISH, titles, titles)
            if len(cells) == 3
        }

    def _settings(self) -> dict[str, Any]:
        """The dotted keys of sheet 设置 as nested data."""
        data: dict[str, Any] = {}
        for number, cells in self.rows(SETTINGS, ("项目", "内容"), ("项目", "内容", "说明")):
            if "项目" not in cells or "内容" not in cells:
                continue
            key = plain_text(cells["项目"])
            parts = [int(part) - 1 if _PLACE.fullmatch(part) else part for part in key.split(".")]
            holder = _holder(data, parts)
            if holder is None:
                text = say(
                    zh="项目“{key}”与其他项目矛盾",
                    en="the key “{key}” contradicts others",
                    key=key,
                )
                self.complain(text, SETTINGS, number)
            else:
                holder[parts[-1]] = self._value(cells["内容"], number)
            for end in range(1, len(parts) + 1):
                self.places.setdefault(tuple(parts[:end]), (SETTINGS, number))
        return data

    def _value(self, cell: Any, row: int) -> Any:
        """A cell of 设置: whole floats are integers, text in braces or brackets is YAML."""
        if isinstance(cell, float) and cell.is_integer():
            return int(cell)
        if isinstance(cell, str) and cell.strip()[:1] in ("{", "["):
            return self._yaml(cell.strip(), SETTINGS, row, "内容")
        return cell

    def _yaml(self, text: str, sheet: str, row: int, column: str) -> Any:
        try:
            return parse_yaml(text, self.name).data
        except InputError as error:
            for complaint in error.complaints:
                self.complain(complaint.text, sheet, row, column)
            return {}

    def _mapping(self, cells: dict[str, Any], sheet: str, row: int) -> dict[str, Any]:
        """The keys and values of a row's last column."""
        if REST not in cells:
            return {}
        mapping = self._yaml("{" + str(cells[REST]) + "}", sheet, row, REST)
        return mapping if isinstance(mapping, dict) else {}

    def _number(self, cells: dict[str, Any], title: str, sheet: str, row: int) -> float | None:
        return self._number_of(cells[title], title, sheet, row) if title in cells else None

    def _number_of(self, cell: Any, title: str, sheet: str, row: int) -> float:
        number, reason = parse_number(cell)
        if reason is not None:
            self.complain(reason, sheet, row, title)
        return number

    def _share(self, cell: Any, title: str, row: int) -> float:
        """A quota that is written, or shown by Excel, as a percentage: a share below 1, for 100%
        may be a 1 (one unit)."""
        number, reason = parse_number(cell, percent=True)
        if reason is None and number >= 100:
            reason = quota_unclear(plain_text(cell))
        if reason is not None:
            self.complain(reason, GRADES, row, title)
        return number / 100

    def _tree(self, english: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
        """Nested indicators; upper levels may be repeated, merged or left blank below their first
        row."""
        tree = _Tree()
        known = (*LEVELS, LEAF, POINTS, *WORDS.values(), KIND, UNIT, SCALES, ID, RULE, LOW, HIGH)
        for row, cells in self.rows(TREE, (LEAF, POINTS), (*known, REST)):
            level_names = [plain_text(cells[level]) if level in cells else None for level in LEVELS]
            self._lead(tree, level_names, row)
            if LEAF not in cells:
                tree.begin_anew_if_other(plain_text(cells.get(ID, "")))
            tree.make_levels(row)
            if LEAF in cells:
                tree.add(self._leaf(cells, row), row)
            elif any(level_names) and tree.above:
                tree.level.update(self._common(cells, row))
            else:
                text = say(
                    zh="本行既没有考核要点，也没有上级指标的名称",
                    en="this row names neither an indicator nor a level above",
                )
                self.complain(text, TREE, row)
        self._ids(tree.places)
        for node, _ in tree.places:
            for key, title in {"name": LEAF, **WORDS}.items():
                if (node["id"], title) in english:
                    node[key] = {"zh": node.get(key, ""), "en": english[node["id"], title]}
        self._note(tree.roots, ("indicators",), {id(node): row for node, row in tree.places})
        return tree.roots

    def _lead(self, tree: _Tree, level_names: list[str | None], row: int) -> None:
        """Go on to the levels that a row names; those before the first it names are the last
        row's."""
        filled = [i for i, name in enumerate(level_names) if name]
        if level_names[0] == NO_LEVEL:
            tree.above = ()
        elif filled:
            before, last = tree.above[: filled[0]], filled[-1]
            skipped = [None] * (filled[0] - len(before))
            names = [*before, *skipped, *level_names[filled[0] : last + 1]]
            tree.above = tuple(name for name in names if name)
            if len(tree.above) <= last:
                text = say(
                    zh="“{level}”为空，下级指标没有上级",
                    en="“{level}” is blank: the level below it has none above",
                    level=LEVELS[len(tree.above)],
                )
                self.complain(text, TREE, row)

    def _note(self, nodes: list[dict[str, Any]], path: Place, rows: dict[int, int]) -> None:
        """Remember the row of every indicator."""
        for i, node in enumerate(nodes):
            self.places[(*path, i)] = (TREE, rows[id(node)])
            self._note(node.get("children", []), (*path, i, "children"), rows)

    def _ids(self, places: list[tuple[dict[str, Any], int]]) -> None:
        """Identifiers for indicators that were given none."""
        taken = {node.get("id") for node, _ in places}
        for letter in ("x", "g"):
            free = (f"{letter}{i}" for i in range(1, 10**6) if f"{letter}{i}" not in taken)
            for node, _ in places:
                if "id" not in node and ("children" in node) == (letter == "g"):
                    node["id"] = next(free)

    def _common(self, cells: dict[str, Any], row: int) -> dict[str, Any]:
        """What leaves and nodes may both have."""
        data: dict[str, Any] = {"id": plain_text(cells[ID])} if ID in cells else {}
        if (points := self._number(cells, POINTS, TREE, row)) is not None:
            data["points"] = points
        data |= {key: str(cells[title]).strip() for key, title in WORDS.items() if title in cells}
        rest = self._mapping(cells, TREE, row)
        for key in [key for key in rest if key in _OWN_PLACE]:
            text = say(
                zh="“{key}”由工作表的行和列确定，不能写在这里",
                en="“{key}” follows from the sheet's rows and columns, not from here",
                key=key,
            )
            self.complain(text, TREE, row, REST)
            del rest[key]
        return data | rest

    def _leaf(self, cells: dict[str, Any], row: int) -> dict[str, Any]:
        data = {"name": plain_text(cells[LEAF])} | self._common(cells, row)
        words = {rule.word: kind for kind, rule in RULES.items()} | {kind: kind for kind in RULES}
        word = plain_text(cells.get(RULE, "得分率"))
        kind = self._choice(words, word, row, RULE)
        rule_keys = [key for key in data if key not in Indicator.model_fields]
        rule = {"kind": kind} | {key.removeprefix("rule_"): data.pop(key) for key in rule_keys}
        ends = RULES[kind].ends if kind in RULES else ()
        for title, end in zip((LOW, HIGH), ends, strict=False):
            if (number := self._number(cells, title, TREE, row)) is not None:
                rule[end] = number
        data["rule"] = rule
        if KIND in cells:
            data["kind"] = self._choice(
                {zh: en for en, zh in KINDS.items()} | {en: en for en in KINDS},
                plain_text(cells[KIND]),
                row,
                KIND,
            )
        if SCALES in cells:
            data["scales"] = self._choice(
                {"是": True, "否": False, "yes": True, "no": False},
                plain_text(cells[SCALES]),
                row,
                SCALES,
            )
        return data | ({"unit": plain_text(cells[UNIT])} if UNIT in cells else {})

    def _choice(self, words: Mapping[str, Any], word: str, row: int, column: str) -> Any:
        if word not in words:
            text = unexpected(word, one_of(words), hint=nearest(word, words))
            self.complain(text, TREE, row, column)
        return words.get(word, next(iter(words.values())))

    def _way(self, cell: Any, title: str, row: int) -> str:
        """What sets a grade, in the words of the sheet in either language."""
        word = _chinese(cell)
        ways = {zh: way for way, zh in WAYS.items()}
        if word not in ways:
            hint = nearest(word, ways)
            self.complain(
                unexpected(plain_text(cell), one_of(ways), None, hint), GRADES, row, title
            )
        return ways.get(word, "line")

    def _grades(self, english: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
        grades: list[dict[str, Any]] = []
        needed = (GRADE_COLUMNS["id"], GRADE_COLUMNS["cutoff"])
        for row, cells in self.rows(GRADES, needed, (*GRADE_COLUMNS.values(), REST)):
            grade = self._mapping(cells, GRADES, row)
            for key, title in GRADE_COLUMNS.items():
                if title not in cells:
                    continue
                if key == "quota" and plain_text(cells[title]).endswith(("%", "\uff05")):
                    grade[key] = self._share(cells[title], title, row)
                elif key == "by":
                    grade[key] = self._way(cells[title], title, row)
                elif key in ("cutoff", "quota", "last"):
                    number = self._number_of(cells[title], title, GRADES, row)
                    grade[key] = int(number) if key != "cutoff" and number.is_integer() else number
                else:
                    grade[key] = plain_text(cells[title])
            for key in ("name", "consequence"):
                wording = english.get((str(grade.get("id")), GRADE_COLUMNS[key]))
                if wording is not None and key in grade:
                    grade[key] = {"zh": grade[key], "en": wording}
                elif wording is not None:
                    text = say(
                        zh="内容为空，而“英文”工作表中有“{said}”，应两种文字都有或都没有",
                        en="blank, though the sheet of English wordings has “{said}”: expected "
                        "both or neither",
                        said=clip(wording),
                    )
                    self.complain(text, GRADES, row, GRADE_COLUMNS[key])
            self.places["grades", len(grades)] = (GRADES, row)
            grades.append(grade)
        return grades


def _chinese(cell: Any) -> str:
    """A title or a word of the workbook in Chinese, whichever language it stands in."""
    word = plain_text(cell)
    return IN_CHINESE.get(word, word)


def _spoken(row: Row) -> list[str]:
    """The words of a row in Chinese; "" for a blank cell."""
    return ["" if is_blank(cell) else _chinese(cell) for cell in row]


def _holder(data: dict[str, Any], parts: list[str | int]) -> Any:
    """The mapping or list into which the last part of a dotted key leads, made with those on the
    way; None where what is there already does not let it: a list takes places, a mapping names,
    and no place is left out."""
    inner: Any = data
    for part, follows in zip(parts, [*parts[1:], None], strict=True):
        if not _takes(inner, part):
            return None
        if isinstance(inner, list) and part == len(inner):
            inner.append(None)
        if follows is not None:
            inner = _inner(inner, part, [] if isinstance(follows, int) else {})
    return inner


def _takes(inner: Any, part: str | int) -> bool:
    """Whether a part of a key has a place here."""
    if isinstance(inner, list):
        return isinstance(part, int) and part <= len(inner)
    return isinstance(inner, dict) and not isinstance(part, int)


def _inner(holder: Any, part: str | int, empty: Any) -> Any:
    """What stands at a part of a key; where there is nothing yet, something empty."""
    if isinstance(holder, dict):
        return holder.setdefault(part, empty)
    if holder[part] is None:
        holder[part] = empty
    return holder[part]
