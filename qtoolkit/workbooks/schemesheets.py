"""A scheme as the sheets of a workbook, in the columns of the offices' score sheets; schemebook.py
reads them back.

Sheet 方案 has a row for each indicator: leaves with their upper levels beside them, and each upper
level with a row of its own. Machine columns (编号, 规则, 下限, 上限, 参数) stand beside the words;
参数 is YAML in one line. Sheet 等级 has a row a grade, 设置 a row for each other key of the scheme,
英文 the English wordings that differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.tasks import DONE, NOT_DONE
from qtoolkit.inputs.yamltext import is_ambiguous
from qtoolkit.rules import RULES

TREE, GRADES, SETTINGS, ENGLISH = "方案", "等级", "设置", "英文"
LEVELS = ("一级指标", "二级指标", "三级指标", "四级指标", "五级指标", "六级指标")
LEAF, POINTS, ID, RULE, LOW, HIGH, REST = "考核要点", "分值", "编号", "规则", "下限", "上限", "参数"
WORDS = {
    "standard": "评分标准",
    "method": "打分方法",
    "lead": "考核牵头部门",
    "responsible": "责任单位",
    "basis": "评分依据",
    "materials": "需提交材料",
    "source": "数据来源",
    "data_period": "数据期",
    "rationale": "设定依据",
    "superior": "上级指标对应",
    "area": "领域",
    "aspect": "方面",
}
KIND, UNIT, SCALES = "定量定性", "计量单位", "扣分随分值调整"
KINDS = {"quantitative": "定量", "qualitative": "定性"}
GRADE_COLUMNS = {
    "id": "等级",
    "name": "名称",
    "by": "确定方式",
    "cutoff": "分数线",
    "quota": "名额上限",
    "last": "末位家数",
    "consequence": "结果运用",
}
WAYS = {"line": "按分数线", "place": "按位次", "share": "按比例", "breaks": "按自然断点"}
"""What sets a grade, in column 确定方式; blank is by line."""
DATA, NOTES, DEPARTMENT, MARK = "数据", "填表说明", "部门", "方案校验码"
IN_ENGLISH = {
    TREE: "Scheme",
    GRADES: "Grades",
    SETTINGS: "Settings",
    ENGLISH: "English",
    DATA: "data",
    NOTES: "Notes",
    **{zh: f"Level {i}" for i, zh in enumerate(LEVELS, 1)},
    LEAF: "Indicator",
    POINTS: "Points",
    ID: "Id",
    RULE: "Rule",
    LOW: "Low",
    HIGH: "High",
    REST: "Parameters",
    **{zh: key.replace("_", " ").capitalize() for key, zh in WORDS.items()},
    KIND: "Kind",
    UNIT: "Unit of measure",
    SCALES: "Deductions scale",
    "是": "yes",
    "否": "no",
    **{zh: en for en, zh in KINDS.items()},
    **{rule.word: kind for kind, rule in RULES.items()},
    **{zh: key.capitalize() for key, zh in GRADE_COLUMNS.items() if key not in ("id", "by")},
    GRADE_COLUMNS["by"]: "Set by",
    **{zh: way for way, zh in WAYS.items()},
    "项目": "Key",
    "内容": "Value",
    "说明": "Explanation",
    "栏目": "Column",
    DEPARTMENT: "Department",
    MARK: "Scheme mark",
    "考核对象": "unit",
    "文件": "File",
    "另一文件": "Other file",
    "另一内容": "Other value",
    "冲突": "Conflicts",
    "未填": "Gaps",
    "未报送部门": "Late",
    "英文名称": "name_en",
    "类别": "class",
    "否决": "veto",
    "事件": "event",
    "证据": "evidence",
    "日期": "date",
    "加减分": "bonus",
    "往年等级": "grade",
    "审定等级": "approved",
    "审定理由": "approved_reason",
    "审定机关": "approved_by",
    "目标值": "target",
    "备案日期": "filed",
    "基期值": "base",
    "规划基期值": "plan_base",
    "规划目标值": "plan_goal",
    "标准误": "se",
    "扣分原因": "reason",
    "任务": "task",
    "证明材料": "proof",
    DONE.zh: DONE.en,
    NOT_DONE.zh: NOT_DONE.en,
}
"""The English of every sheet, title and word of the workbooks."""
IN_CHINESE = {en: zh for zh, en in IN_ENGLISH.items()}
NO_LEVEL = "—"
"""In place of a first level: the leaf stands at the top; blank it would continue the level
above."""
Row = list[Any]


def tree_header(scheme: Scheme) -> Row:
    """The header of sheet 方案."""
    depth = max(len(path) for path, _ in _walk(scheme.indicators, ()))
    return [
        *LEVELS[: max(depth, 1)],
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
    ]


def sheets_of(scheme: Scheme) -> dict[str, list[Row]]:
    """The scheme as rows of plain cells by sheet, headers first."""
    header, english = tree_header(scheme), [["编号", "栏目", "英文"]]
    rows = [header]
    for path, node in _walk(scheme.indicators, ()):
        cells, en = _row(node)
        names = [*path, node] if not node.is_leaf else path
        cells |= {LEVELS[i]: above.name.zh for i, above in enumerate(names)} or {
            LEVELS[0]: NO_LEVEL
        }
        rows.append([cells.get(title) for title in header])
        english += [[node.id, title, text] for title, text in en.items()]
    data = scheme.model_dump(mode="json", exclude_defaults=True)
    grades: list[list[str | None]] = [[*GRADE_COLUMNS.values(), REST]]
    for grade in data.pop("grades"):
        kept = {key: _zh(grade.pop(key, None)) for key in GRADE_COLUMNS}
        kept["by"] = WAYS[kept["by"] or "line"]
        words = {
            f"{key}.en": english_word
            for key in ("name", "consequence")
            if (english_word := _en(scheme.grade(kept["id"]), key))
        }
        grades.append([*kept.values(), flow(grade) or None])
        english += [
            [kept["id"], GRADE_COLUMNS[key.removesuffix(".en")], text]
            for key, text in words.items()
        ]
    data.pop("indicators")
    settings = [["项目", "内容"], *([key, value] for key, value in _flat(data, ""))]
    return {TREE: rows, GRADES: grades, SETTINGS: settings, ENGLISH: english}


def worded(sheets: dict[str, list[Row]], language: str) -> dict[str, list[Row]]:
    """Sheets of Chinese titles and words in the language."""
    if language != "en":
        return sheets
    spoken = (RULE, KIND, SCALES, "栏目", GRADE_COLUMNS["by"])
    result = {}
    for sheet, (header, *rows) in sheets.items():
        translated = [i for i, title in enumerate(header) if title in spoken]
        rows = [
            [IN_ENGLISH.get(cell, cell) if i in translated else cell for i, cell in enumerate(row)]
            for row in rows
        ]
        result[IN_ENGLISH.get(sheet, sheet)] = [
            [IN_ENGLISH.get(title, title) for title in header],
            *rows,
        ]
    return result


def _walk(
    nodes: tuple[Indicator, ...], above: tuple[Indicator, ...]
) -> Iterator[tuple[tuple[Indicator, ...], Indicator]]:
    for node in nodes:
        yield above, node
        yield from _walk(node.children, (*above, node))


def _row(node: Indicator) -> tuple[dict[str, Any], dict[str, str]]:
    """An indicator's cells by title, and its English wordings."""
    data = node.model_dump(mode="json", exclude_defaults=True)
    data.pop("children", None)
    cells: dict[str, Any] = {
        ID: data.pop("id"),
        POINTS: data.pop("points"),
        UNIT: data.pop("unit", None),
    }
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
        cells[RULE] = RULES[kind].word
        for title, end in zip((LOW, HIGH), RULES[kind].ends, strict=False):
            cells[title] = rule.pop(end)
        data = {
            (f"rule_{key}" if key in Indicator.model_fields else key): value
            for key, value in rule.items()
        } | data
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
        if not data or any("." in part for part in data) or (key and _looks_like_yaml(data)):
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


def _looks_like_yaml(data: Mapping[str, Any]) -> bool:
    """Whether a text in it, in a cell of its own, would be read as a mapping or a list."""
    texts = [value.strip() for value in data.values() if isinstance(value, str)]
    return any(text[:1] in ("{", "[") for text in texts if text)


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
    plain = re.fullmatch(
        r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff（）]*", text
    ) and not is_ambiguous(text)
    return (
        text
        if plain and text not in ("true", "false", "null", "True", "False")
        else json.dumps(text, ensure_ascii=False)
    )
