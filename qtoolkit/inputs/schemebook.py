"""A scheme as the sheets of a workbook, in the columns of the offices' score sheets, and back: equal as a model.

Sheet 方案 has a row for each indicator: leaves with their upper levels beside them, and each upper level with a row of its
own. Machine columns (编号, 规则, 下限, 上限, 参数) stand beside the words; 参数 is YAML in one line. Sheet 等级 has a row a
grade, 设置 a row for each other key of the scheme, 英文 the English wordings that differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError, Problems, nearest
from qtoolkit.inputs.excel import read_sheets
from qtoolkit.inputs.files import read_bytes
from qtoolkit.inputs.models import validate
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_text
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.yamltext import is_ambiguous, parse_yaml
from qtoolkit.language import listing, say

TREE, GRADES, SETTINGS, ENGLISH = "方案", "等级", "设置", "英文"
LEVELS = ("一级指标", "二级指标", "三级指标", "四级指标", "五级指标", "六级指标")
LEAF, POINTS, ID, RULE, LOW, HIGH, REST = "考核要点", "分值", "编号", "规则", "下限", "上限", "参数"
WORDS = {
    "standard": "评分标准", "method": "打分方法", "lead": "考核牵头部门", "responsible": "责任单位", "basis": "评分依据",
    "materials": "需提交材料", "source": "数据来源", "rationale": "设定依据", "superior": "上级指标对应", "area": "领域",
    "aspect": "方面",
}  # fmt: skip
KIND, UNIT, SCALES = "定量定性", "计量单位", "扣分随分值调整"
KINDS = {"quantitative": "定量", "qualitative": "定性"}
RULES = {
    "share": "得分率", "direct": "直接评分", "goalposts": "区间", "efficacy": "功效系数", "target": "完成率", "deduct": "扣分",
    "level": "等次", "steps": "分段", "base_plus": "基础加增量", "minmax": "极差", "zscore": "标准分", "rank": "位次",
}  # fmt: skip
ENDS = {"goalposts": ("low", "high"), "efficacy": ("unacceptable", "satisfactory")}
GRADE_COLUMNS = {
    "id": "等级", "name": "名称", "cutoff": "分数线", "quota": "名额上限", "last": "末位家数", "consequence": "结果运用",
}  # fmt: skip
NO_LEVEL = "—"
"""In place of a first level: the leaf stands at the top; blank it would continue the level above."""
Row = list[Any]


def tree_header(scheme: Scheme) -> Row:
    """The header of sheet 方案."""
    depth = max(len(path) for path, _ in _walk(scheme.indicators, ()))
    return [*LEVELS[: max(depth, 1)], LEAF, POINTS, *WORDS.values(), KIND, UNIT, SCALES, ID, RULE, LOW, HIGH, REST]


def sheets_of(scheme: Scheme) -> dict[str, list[Row]]:
    """The scheme as rows of plain cells by sheet, headers first."""
    header, english = tree_header(scheme), [["编号", "栏目", "英文"]]
    rows = [header]
    for path, node in _walk(scheme.indicators, ()):
        cells, en = _row(node)
        names = [*path, node] if not node.is_leaf else path
        cells |= {LEVELS[i]: above.name.zh for i, above in enumerate(names)} or {LEVELS[0]: NO_LEVEL}
        rows.append([cells.get(title) for title in header])
        english += [[node.id, title, text] for title, text in en.items()]
    data = scheme.model_dump(mode="json", exclude_defaults=True)
    grades = [[*GRADE_COLUMNS.values(), REST]]
    for grade in data.pop("grades"):
        kept = {key: _zh(grade.pop(key, None)) for key in GRADE_COLUMNS}
        words = {f"{key}.en": en for key in ("name", "consequence") if (en := _en(scheme.grade(kept["id"]), key))}
        grades.append([*kept.values(), flow(grade) or None])
        english += [[kept["id"], GRADE_COLUMNS[key.removesuffix(".en")], text] for key, text in words.items()]
    data.pop("indicators")
    settings = [["项目", "内容"], *([key, value] for key, value in _flat(data, ""))]
    return {TREE: rows, GRADES: grades, SETTINGS: settings, ENGLISH: english}


def _walk(nodes: tuple[Indicator, ...], above: tuple[Indicator, ...]) -> Iterator[tuple[tuple[Indicator, ...], Indicator]]:
    for node in nodes:
        yield above, node
        yield from _walk(node.children, (*above, node))


def _row(node: Indicator) -> tuple[dict[str, Any], dict[str, str]]:
    """An indicator's cells by title, and its English wordings."""
    data = node.model_dump(mode="json", exclude_defaults=True)
    data.pop("children", None)
    cells: dict[str, Any] = {ID: data.pop("id"), POINTS: data.pop("points"), UNIT: data.pop("unit", None)}
    cells[LEAF], english = (node.name.zh if node.is_leaf else None), {}
    for key, title in {"name": LEAF, **WORDS}.items():
        text = data.pop(key, None)
        if key != "name":
            cells[title] = _zh(text)
        if en := _en(node, key):
            english[title] = en
    if node.is_leaf:
        cells[KIND], rule = KINDS[node.kind], data.pop("rule")
        data.pop("kind", None)
        cells[SCALES] = "是" if data.pop("scales") else "否"
        kind = rule.pop("kind", "share")
        cells[RULE] = RULES[kind]
        for title, end in zip((LOW, HIGH), ENDS.get(kind, ()), strict=False):
            cells[title] = rule.pop(end)
        data = {(f"rule_{key}" if key in Indicator.model_fields else key): value for key, value in rule.items()} | data
    cells[REST] = flow(data) or None
    return cells, english


def _zh(value: Any) -> Any:
    return value["zh"] if isinstance(value, dict) and set(value) == {"zh", "en"} else value


def _en(model: Any, key: str) -> str | None:
    text = getattr(model, key)
    return text.en if text is not None and text.en != text.zh else None


def _flat(data: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Dotted keys and scalars; items of a list are counted from 1."""
    if isinstance(data, dict) and set(data) == {"zh", "en"} and data["zh"] == data["en"]:
        yield key, data["zh"]
    elif isinstance(data, dict):
        if not data or any("." in part for part in data):
            yield key, "{" + flow(data) + "}"
        else:
            for part, value in data.items():
                yield from _flat(value, f"{key}.{part}" if key else part)
    elif isinstance(data, list):
        if not data:
            yield key, "[]"
        for i, value in enumerate(data, 1):
            yield from _flat(value, f"{key}.{i}")
    else:
        yield key, data


def flow(data: Mapping[str, Any]) -> str:
    """A mapping as YAML in one line, without the outer braces.

    >>> flow({"rate": 0.1, "levels": {"有体现": 1.0, "no": 0.5}, "scales": False})
    'rate: 0.1, levels: {有体现: 1.0, "no": 0.5}, scales: false'
    """
    return ", ".join(f"{_word(key)}: {_flow(value)}" for key, value in data.items())


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + flow(value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, float) and "e" in repr(value):
        return f"{value:.17f}".rstrip("0") if abs(value) < 1 else f"{value:.1f}"
    return json.dumps(value)


def _word(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff（）]*", text) and not is_ambiguous(text)
    return text if plain and text not in ("true", "false", "null", "True", "False") else json.dumps(text, ensure_ascii=False)


def read_scheme_book(path: Path) -> Scheme:
    """Read the scheme from a workbook's sheets 方案, 等级 and 设置 (and 英文).

    Raises
    ------
    InputError
        With the sheet, the row and the column of each complaint.
    """
    return _Book(path.name, read_sheets(path.name, read_bytes(path))).scheme()


class _Book:
    """The sheets of one workbook on their way to a scheme."""

    def __init__(self, name: str, sheets: dict[str, list[Row]]):
        self.name, self.problems, self.places = name, Problems(), {}
        missing = [title for title in (TREE, GRADES, SETTINGS) if title not in sheets]
        if missing:
            text = say(
                zh="缺少工作表{names}，现有{found}；可先用 qtoolkit template 生成模板",
                en="the sheets {names} are missing, found {found}; qtoolkit template makes a workbook to fill in",
                names=listing(f"“{title}”" for title in missing), found=listing(f"“{title}”" for title in sheets),
            )
            raise InputError(Complaint(text, name))
        self.sheets = sheets

    def complain(self, text: Any, sheet: str, row: int | None = None, column: str | None = None) -> None:
        self.problems.add(text, file=self.file(sheet), row=row, column=column)

    def file(self, sheet: str) -> str:
        return f"{self.name}[{sheet}]"

    def rows(self, sheet: str, needed: tuple[str, ...], known: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
        """(row number, cells by title) of a sheet; blank rows are left out. Titles may stand below a heading line."""
        grid = self.sheets.get(sheet, [])
        at = next((i for i, row in enumerate(grid) if any(str(cell).strip() in needed for cell in row)), None)
        titles = [] if at is None else ["" if is_blank(cell) else plain_text(cell) for cell in grid[at]]
        if absent := [title for title in needed if title not in titles]:
            self.complain(say(zh="缺少列：{names}", en="missing columns: {names}", names=listing(absent)), sheet, None if at is None else at + 1)
            self.problems.stop()
        for i, title in enumerate(titles):
            if title and title not in known:
                self.complain(say(zh="没有这一列{hint}", en="no such column{hint}", hint=nearest(title, known)), sheet, at + 1, title)
            elif title and title in titles[:i]:
                self.complain(say(zh="列名重复", en="duplicate column name"), sheet, at + 1, title)
        for number, row in enumerate(grid[at + 1 :], at + 2):
            cells = {title: cell for title, cell in zip(titles, row, strict=False) if title and not is_blank(cell)}
            for i, cell in enumerate(row):
                if not is_blank(cell) and (i >= len(titles) or not titles[i]):
                    text = say(zh="第{n}列没有列名，却有内容“{found}”", en="column number {n} has no name, but holds “{found}”", n=i + 1, found=plain_text(cell))
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
            (plain_text(cells["编号"]), plain_text(cells["栏目"])): str(cells["英文"])
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
            parts = [int(part) - 1 if part.isascii() and part.isdigit() and int(part) else part for part in key.split(".")]
            here: Any = data
            for part, follows in zip(parts, [*parts[1:], None], strict=True):
                if isinstance(here, list) != isinstance(part, int) or not isinstance(here, dict | list) or (isinstance(part, int) and part > len(here)):
                    self.complain(say(zh="项目“{key}”与其他项目矛盾", en="the key “{key}” contradicts others", key=key), SETTINGS, number)
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

    def _number(self, cells: dict[str, Any], title: str, sheet: str, row: int) -> float | None:
        if title not in cells:
            return None
        number, reason = parse_number(cells[title])
        if reason is not None:
            self.complain(reason, sheet, row, title)
        return number

    def _tree(self, english: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
        """Nested indicators; upper levels may be repeated, merged or left blank below their first row."""
        roots: list[dict[str, Any]] = []
        nodes: dict[tuple[str, ...], dict[str, Any]] = {}
        places: list[tuple[dict[str, Any], int]] = []
        known = (*LEVELS, LEAF, POINTS, *WORDS.values(), KIND, UNIT, SCALES, ID, RULE, LOW, HIGH, REST)
        above: tuple[str, ...] = ()
        for row, cells in self.rows(TREE, (LEAF, POINTS), known):
            given = [plain_text(cells[level]) if level in cells else None for level in LEVELS]
            filled = [i for i, name in enumerate(given) if name]
            if given[0] == NO_LEVEL:
                above = ()
            elif filled:
                names = [name or (above[i] if i < min(filled) and i < len(above) else None) for i, name in enumerate(given)]
                above = tuple(name for name in names[: max(filled) + 1] if name)
                if len(above) <= max(filled):
                    self.complain(say(zh="“{level}”为空，下级指标没有上级", en="“{level}” is blank: the level below it has none above", level=LEVELS[len(above)]), TREE, row)
            if LEAF not in cells and nodes.get(above, {}).get("id", None) not in (None, plain_text(cells.get(ID, ""))):
                nodes = {path: node for path, node in nodes.items() if path[: len(above)] != above}  # another of that name
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
            elif above:
                nodes[above] |= self._common(cells, row)
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
        rest = self._yaml("{" + str(cells[REST]) + "}", TREE, row, REST) if REST in cells else {}
        return data | (rest if isinstance(rest, dict) else {})

    def _leaf(self, cells: dict[str, Any], row: int) -> dict[str, Any]:
        data = {"name": plain_text(cells[LEAF])} | self._common(cells, row)
        words = {zh: kind for kind, zh in RULES.items()} | {kind: kind for kind in RULES}
        word = plain_text(cells.get(RULE, "得分率"))
        kind = self._choice(words, word, row, RULE)
        own = [key for key in data if key not in Indicator.model_fields]
        rule = {"kind": kind} | {key.removeprefix("rule_"): data.pop(key) for key in own}
        for title, end in zip((LOW, HIGH), ENDS.get(kind, ()), strict=False):
            if (number := self._number(cells, title, TREE, row)) is not None:
                rule[end] = number
        data["rule"] = rule
        if KIND in cells:
            data["kind"] = self._choice({zh: en for en, zh in KINDS.items()}, plain_text(cells[KIND]), row, KIND)
        if SCALES in cells:
            data["scales"] = self._choice({"是": True, "否": False}, plain_text(cells[SCALES]), row, SCALES)
        return data | ({"unit": plain_text(cells[UNIT])} if UNIT in cells else {})

    def _choice(self, words: Mapping[str, Any], word: str, row: int, column: str) -> Any:
        if word not in words:
            text = say(
                zh="内容为“{found}”，应为{names}之一{hint}",
                en="found “{found}”, expected one of {names}{hint}",
                found=word, names=listing(words), hint=nearest(word, words),
            )
            self.complain(text, TREE, row, column)
        return words.get(word, next(iter(words.values())))

    def _grades(self, english: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
        grades: list[dict[str, Any]] = []
        needed = (GRADE_COLUMNS["id"], GRADE_COLUMNS["cutoff"])
        for row, cells in self.rows(GRADES, needed, (*GRADE_COLUMNS.values(), REST)):
            grade = self._yaml("{" + str(cells[REST]) + "}", GRADES, row, REST) if REST in cells else {}
            for key, title in GRADE_COLUMNS.items():
                if title not in cells:
                    continue
                if key in ("cutoff", "quota", "last"):
                    number = self._number(cells, title, GRADES, row)
                    grade[key] = int(number) if key == "last" and number.is_integer() else number
                else:
                    grade[key] = plain_text(cells[title])
            for key in ("name", "consequence"):
                if (grade.get("id"), GRADE_COLUMNS[key]) in english:
                    grade[key] = {"zh": grade[key], "en": english[grade["id"], GRADE_COLUMNS[key]]}
            self.places["grades", len(grades)] = (GRADES, row)
            grades.append(grade)
        return grades
