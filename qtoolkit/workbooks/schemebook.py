"""A workbook's sheets 方案, 等级, 设置 and 英文 (see schemesheets.py) as a scheme: equal as a model
to the one written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError, Problems, clip, nearest
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


class _Book:
    """The sheets of one workbook on their way to a scheme."""

    def __init__(self, name: str, sheets: dict[str, list[Row]]):
        self.name, self.problems, self.places = name, Problems(), {}
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
        spoken = [
            [
                "" if is_blank(cell) else IN_CHINESE.get(plain_text(cell), plain_text(cell))
                for cell in row
            ]
            for row in grid
        ]
        at = next((i for i, row in enumerate(spoken) if any(word in needed for word in row)), None)
        titles = [] if at is None else spoken[at]
        if absent := [title for title in needed if title not in titles]:
            self.complain(
                say(zh="缺少列：{names}", en="missing columns: {names}", names=listing(absent)),
                sheet,
                None if at is None else at + 1,
            )
            self.problems.stop()
        for i, title in enumerate(titles):
            if title and title not in known:
                self.complain(
                    say(
                        zh="没有这一列{hint}", en="no such column{hint}", hint=nearest(title, known)
                    ),
                    sheet,
                    at + 1,
                    title,
                )
            elif title and title in titles[:i]:
                self.complain(say(zh="列名重复", en="duplicate column name"), sheet, at + 1, title)
        for number, row in enumerate(grid[at + 1 :], at + 2):
            cells = {
                title: cell
                for title, cell in zip(titles, row, strict=False)
                if title and not is_blank(cell)
            }
            for i, cell in enumerate(row):
                if not is_blank(cell) and (i >= len(titles) or not titles[i]):
                    text = say(
                        zh="第{n}列没有列名，却有内容“{found}”",
                        en="column number {n} has no name, but holds “{found}”",
                        n=i + 1,
                        found=plain_text(cell),
                    )
                    self.complain(text, sheet, number)
            if cells:
                yield number, cells

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

    def _place(self, path: tuple) -> int | None:
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
            (
                plain_text(cells["编号"]),
                IN_CHINESE.get(plain_text(cells["栏目"]), plain_text(cells["栏目"])),
            ): str(cells["英文"])
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
            here: Any = data
            for part, follows in zip(parts, [*parts[1:], None], strict=True):
                if (
                    isinstance(here, list) != isinstance(part, int)
                    or not isinstance(here, dict | list)
                    or (isinstance(part, int) and part > len(here))
                ):
                    self.complain(
                        say(
                            zh="项目“{key}”与其他项目矛盾",
                            en="the key “{key}” contradicts others",
                            key=key,
                        ),
                        SETTINGS,
                        number,
                    )
                    break
                if isinstance(here, list) and part == len(here):
                    here.append(None)
                empty = [] if isinstance(follows, int) else {}
                if follows is None:
                    here[part] = self._value(cells["内容"], number)
                elif isinstance(here, list):
                    here[part] = empty if here[part] is None else here[part]
                    here = here[part]
                else:
                    here = here.setdefault(part, empty)
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
        found = self._yaml("{" + str(cells[REST]) + "}", sheet, row, REST) if REST in cells else {}
        return found if isinstance(found, dict) else {}

    def _number(self, cells: dict[str, Any], title: str, sheet: str, row: int) -> float | None:
        if title not in cells:
            return None
        number, reason = parse_number(cells[title])
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
        roots: list[dict[str, Any]] = []
        nodes: dict[tuple[str, ...], dict[str, Any]] = {}
        places: list[tuple[dict[str, Any], int]] = []
        known = (
            *LEVELS,
            LEAF,
            POINTS,
            *WORDS.values(),
            KIND,
            UNIT,
            SCALES,
            ID,
            RULE,
            LOW,
            HIGH,
            REST,
        )
        above: tuple[str, ...] = ()
        for row, cells in self.rows(TREE, (LEAF, POINTS), known):
            given = [plain_text(cells[level]) if level in cells else None for level in LEVELS]
            filled = [i for i, name in enumerate(given) if name]
            if given[0] == NO_LEVEL:
                above = ()
            elif filled:
                names = [
                    name or (above[i] if i < min(filled) and i < len(above) else None)
                    for i, name in enumerate(given)
                ]
                above = tuple(name for name in names[: max(filled) + 1] if name)
                if len(above) <= max(filled):
                    self.complain(
                        say(
                            zh="“{level}”为空，下级指标没有上级",
                            en="“{level}” is blank: the level below it has none above",
                            level=LEVELS[len(above)],
                        ),
                        TREE,
                        row,
                    )
            if LEAF not in cells and nodes.get(above, {}).get("id", None) not in (
                None,
                plain_text(cells.get(ID, "")),
            ):
                # another of that name
                nodes = {path: node for path, node in nodes.items() if path[: len(above)] != above}
            for depth in range(1, len(above) + 1):
                if above[:depth] not in nodes:
                    node = {"name": above[depth - 1], "children": []}
                    nodes[above[:depth]] = node
                    (nodes[above[: depth - 1]]["children"] if depth > 1 else roots).append(node)
                    places.append((node, row))
            if LEAF in cells:
                leaf = self._leaf(cells, row)
                (nodes[above]["children"] if above else roots).append(leaf)
                places.append((leaf, row))
            elif filled and above:
                nodes[above] |= self._common(cells, row)
            else:
                text = say(
                    zh="本行既没有考核要点，也没有上级指标的名称",
                    en="this row names neither an indicator nor a level above",
                )
                self.complain(text, TREE, row)
        self._ids(places)
        for node, _ in places:
            for key, title in {"name": LEAF, **WORDS}.items():
                if (node["id"], title) in english:
                    node[key] = {"zh": node.get(key, ""), "en": english[node["id"], title]}
        rows = {id(node): row for node, row in places}
        self._note(roots, ("indicators",), rows)
        return roots

    def _note(self, nodes: list[dict[str, Any]], path: tuple, rows: dict[int, int]) -> None:
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
        own = [key for key in data if key not in Indicator.model_fields]
        rule = {"kind": kind} | {key.removeprefix("rule_"): data.pop(key) for key in own}
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
            text = say(
                zh="内容为“{found}”，应为{names}之一{hint}",
                en="found “{found}”, expected one of {names}{hint}",
                found=word,
                names=listing(words),
                hint=nearest(word, words),
            )
            self.complain(text, TREE, row, column)
        return words.get(word, next(iter(words.values())))

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
                elif key in ("cutoff", "quota", "last"):
                    number = self._number(cells, title, GRADES, row)
                    grade[key] = int(number) if key != "cutoff" and number.is_integer() else number
                else:
                    grade[key] = plain_text(cells[title])
            for key in ("name", "consequence"):
                said = english.get((str(grade.get("id")), GRADE_COLUMNS[key]))
                if said is not None and key in grade:
                    grade[key] = {"zh": grade[key], "en": said}
                elif said is not None:
                    text = say(
                        zh="内容为空，而“英文”工作表中有“{said}”，应两种文字都有或都没有",
                        en="blank, though the sheet of English wordings has “{said}”: expected "
                        "both or neither",
                        said=clip(said),
                    )
                    self.complain(text, GRADES, row, GRADE_COLUMNS[key])
            self.places["grades", len(grades)] = (GRADES, row)
            grades.append(grade)
        return grades
