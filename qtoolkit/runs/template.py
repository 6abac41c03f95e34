"""`qtoolkit template`: a workbook to fill in, for the whole scheme or one for each department that scores."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtoolkit.errors import InputError
from qtoolkit.inputs import schemesheets as book
from qtoolkit.inputs.numbertext import plain_text
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.statuses import STATUS_LABELS, WRITTEN
from qtoolkit.inputs.table import Table
from qtoolkit.inputs.tablereader import columns_of
from qtoolkit.language import say
from qtoolkit.report.rules import scoring
from qtoolkit.runs.outputs import safe_name

DATA, NOTES = "数据", "填表说明"
DEPARTMENT, MARK = "部门", "方案校验码"
BLANK_ROWS = 30  # for units, where neither scheme nor table names them
MACHINE = (book.ID, book.RULE, book.LOW, book.HIGH, book.REST)


@dataclass(frozen=True)
class Column:
    """A column of sheet 数据: the key that it stands for, its title, its cells, the words it may hold, its comment."""

    key: str
    title: str
    cells: list[Any]
    choices: tuple[str, ...] = ()
    comment: str = ""


def departments(scheme: Scheme) -> dict[str, list[Indicator]]:
    """The leaves that each department scores (考核牵头部门), by its Chinese name."""
    found: dict[str, list[Indicator]] = {}
    for leaf in scheme.leaves:
        for name in leaf.lead.zh.split("、") if leaf.lead else ():
            found.setdefault(name.strip(), []).append(leaf)
    return found


def scheme_mark(scheme: Scheme) -> str:
    """A short hash by which a filled workbook is recognised as one of this scheme."""
    return hashlib.sha256(scheme.model_dump_json().encode()).hexdigest()[:16]


def data_columns(scheme: Scheme, table: Table | None = None, leaves: Sequence[Indicator] | None = None) -> list[Column]:
    """The columns of sheet 数据; with a table they hold its values. `leaves` are all of the scheme's if left out."""
    units = list(table.units if table else scheme.units or [""] * BLANK_ROWS)
    blank: list[Any] = [None] * len(units)
    columns = [Column("unit", "考核对象", units)]
    if leaves is None:
        columns += _about_units(scheme, table, blank)
    ids = [leaf.id for leaf in scheme.leaves]
    names = [leaf.name.zh for leaf in scheme.leaves]
    for leaf in scheme.leaves if leaves is None else leaves:
        j, title = ids.index(leaf.id), leaf.name.zh if names.count(leaf.name.zh) == 1 else leaf.id
        comment = f"{scheme_path(scheme, leaf)}\n{leaf.points:g}分。{(leaf.standard or scoring(leaf)).zh}"
        levels = tuple(getattr(leaf.rule, "levels", ()))
        choices = (*levels, *(STATUS_LABELS[i].zh for i in WRITTEN)) if levels else ()
        stages = [s for s in scheme.stages if s.id in leaf.stages or (s.effect != "part" and table and _any(table.stages[s.id][:, j]))]
        for key in columns_of(leaf):
            stage = next((s for s in stages if key.endswith(f"@{s.id}")), None)
            values = blank if table is None else table.stages[stage.id][:, j] if stage else table.filed[:, j]
            cells = [_cell(value, table, k, j) for k, value in enumerate(values)]
            columns.append(Column(key, f"{title}@{stage.name.zh}" if stage else title, cells, choices, comment))
        for stage in stages:
            if stage.effect == "replaces":
                columns.append(Column(f"{leaf.id}@{stage.id}", f"{title}@{stage.name.zh}", list(table.stages[stage.id][:, j]), choices))
            elif stage.effect == "corrects":
                columns.append(Column(f"{leaf.id}@{stage.id}", f"{title}@{stage.name.zh}", list(table.stages[stage.id][:, j])))
        for kind, word, numbers in _numbers(leaf, table, j):
            columns.append(Column(f"{kind}:{leaf.id}", f"{word}:{title}", blank if numbers is None else _filled(numbers)))
        columns += _remarks(table, f"reason:{leaf.id}", f"扣分原因:{title}", blank, offer=leaves is not None)
    return columns


def _about_units(scheme: Scheme, table: Table | None, blank: list[Any]) -> list[Column]:
    """The columns that are not of one leaf: names, classes, covariates, vetoes, bonus, history, approval."""
    columns = []
    if table is not None and any(label.en != label.zh for label in table.labels):
        columns.append(Column("name_en", "英文名称", [label.en for label in table.labels]))
    known = {} if table is None else table.covariates
    described = [("class", "类别", tuple(scheme.classes))] if scheme.classes or "class" in known else []
    described += [(c.id, c.name.zh, tuple(c.values)) for c in scheme.covariates if c.id != "class"]
    for id, title, choices in described:
        if table is None or id in known:
            columns.append(Column(id, title, list(known[id]) if id in known else blank, choices))
    for v, veto in enumerate(scheme.vetoes):
        cells = blank if table is None else ["是" if hit else "否" for hit in table.vetoes[:, v]]
        columns.append(Column(f"veto:{veto.id}", f"否决:{veto.name.zh}", cells, ("是", "否")))
        for kind, word in (("event", "事件"), ("evidence", "证据"), ("date", "日期")):
            columns += _remarks(table, f"{kind}:{veto.id}", f"{word}:{veto.name.zh}", blank)
    for b, bonus in enumerate(scheme.bonuses):
        cells = blank if table is None else list(table.bonuses[:, b])
        columns.append(Column(f"bonus:{bonus.id}", f"加减分:{bonus.name.zh}", cells, (), f"不超过{bonus.max:g}分"))
    for key in sorted(table.remarks.columns) if table is not None else ():
        if key.startswith("grade:"):
            columns += _remarks(table, key, f"往年等级:{key.partition(':')[2]}", blank)
    for key, title in (("approved", "审定等级"), ("approved_reason", "审定理由"), ("approved_by", "审定机关")):
        columns += _remarks(table, key, title, blank)
    return columns


def _remarks(table: Table | None, key: str, title: str, blank: list[Any], offer: bool = False) -> list[Column]:
    if table is not None and key in table.remarks:
        return [Column(key, title, [text if isinstance(text, str) else None for text in table.remarks[key]])]
    return [Column(key, title, blank)] if offer else []


def _numbers(leaf: Indicator, table: Table | None, j: int) -> list[tuple[str, str, Any]]:
    """Targets and baselines of the units, where the rule takes them or the table has them."""
    own = (leaf.rule.kind == "target" and leaf.rule.target is None) or getattr(leaf.rule, "own_target", False)
    based = leaf.rule.kind == "base_plus" and leaf.rule.reference is None
    pairs = (("target", "目标值", own, None if table is None else table.targets[:, j]),
             ("base", "基期值", based, None if table is None else table.baselines[:, j]))  # fmt: skip
    return [(kind, word, n) for kind, word, takes, n in pairs if takes or (n is not None and (n == n).any())]


def _filled(numbers: Any) -> list[Any]:
    return [None if number != number else float(number) for number in numbers]


def _any(values: Any) -> bool:
    return any(value is not None for value in values)


def _cell(value: Any, table: Table | None, k: int, j: int) -> Any:
    """A value, or the word for why there is none."""
    if value is None and table is not None and table.status[k, j] in WRITTEN:
        return STATUS_LABELS[table.status[k, j]].zh
    return value


def scheme_path(scheme: Scheme, leaf: Indicator) -> str:
    """The names from the top of the tree down to a leaf."""
    return " › ".join(node.name.zh for node in scheme.nodes if any(below.id == leaf.id for below in node.walk()))


def write_template(scheme: Scheme, path: str | Path, table: Table | None = None) -> None:
    """Write a workbook with the scheme, its grades and settings, and the sheet of data to fill in.

    Parameters
    ----------
    path : path
        The .xlsx to write.
    table : Table, optional
        Data to put in; without it the cells to fill in are blank.
    """
    write_sheets(Path(path), {NOTES: _notes(scheme, None)} | book.sheets_of(scheme), data_columns(scheme, table))


def write_templates(scheme: Scheme, folder: str | Path, table: Table | None = None) -> list[Path]:
    """Write a workbook for each department that scores, with its own indicators only; the paths written.

    `table` gives the units' names; its values are not put in.

    Raises
    ------
    InputError
        No leaf names a department that scores (lead).
    """
    found = departments(scheme)
    if not found:
        raise InputError(say(zh="方案的考核要点都没有写考核牵头部门（lead）", en="no leaf of the scheme names a department that scores (lead)"))
    folder, paths = Path(folder), []
    folder.mkdir(parents=True, exist_ok=True)
    names = scheme if table is None else scheme.model_copy(update={"units": table.units})
    for name, leaves in found.items():
        ids = {leaf.id for leaf in leaves}
        header, *rows = book.sheets_of(scheme)[book.TREE]
        at = header.index(book.ID)
        sheet = {f"{book.TREE}（只读）": [header[: header.index(book.SCALES)], *(row[: header.index(book.SCALES)] for row in rows if row[at] in ids)]}
        paths.append(folder / f"{safe_name(name)}.xlsx")
        write_sheets(paths[-1], {NOTES: _notes(scheme, name)} | sheet, data_columns(names, None, leaves))
    return paths


def _notes(scheme: Scheme, department: str | None) -> list[list[str]]:
    """Sheet 填表说明: what to fill in, and what the workbook is known by."""
    rows = [
        [scheme.name.zh, ""], [DEPARTMENT, department or "全部"], [MARK, scheme_mark(scheme)],
        ["填写", f"在“{DATA}”表的浅黄色单元格中填写，每个考核对象一行。"],
        ["空白", "没有数值的，写明“" + "”“".join(STATUS_LABELS[i].zh for i in WRITTEN) + "”之一，不要留空。"],
        ["批注", "列名上的批注写有分值和评分标准；有下拉框的列只能选其中一项。"],
    ]  # fmt: skip
    if department is None:
        rows.append(["方案", "“方案”“等级”“设置”三表就是方案本身，改后可直接测算；灰色各列供程序读取，不清楚时请勿改动。"])
    return rows


def write_sheets(path: Path, sheets: dict[str, list[list[Any]]], columns: Sequence[Column] = ()) -> None:
    """Write sheets of plain cells, headers first, and after them sheet 数据 with drop-downs and comments on its columns."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as out:
        out.set_properties({"created": datetime.datetime(2000, 1, 1)})  # the same bytes for the same sheets
        head = out.add_format({"bold": True, "bg_color": "#dde6f0", "border": 1, "text_wrap": True, "valign": "vcenter"})
        grey = out.add_format({"bold": True, "bg_color": "#e0e0e0", "border": 1, "text_wrap": True, "valign": "vcenter"})
        plain = out.add_format({"text_wrap": True, "valign": "top", "border": 1})
        entry = out.add_format({"bg_color": "#fffbe6", "border": 1, "valign": "top"})
        for title, rows in sheets.items():
            sheet = out.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            for c, name in enumerate(rows[0]):
                sheet.write_string(0, c, name, grey if name in MACHINE else head)
                cells = [row[c] for row in rows[1:]]
                sheet.set_column(c, c, _width(name, cells))
                for r, cell in enumerate(cells, 1):
                    _put(sheet, r, c, cell, plain)
        if not columns:
            return
        sheet = out.add_worksheet(DATA)
        sheet.freeze_panes(1, 1)
        sheet.set_row(0, 48)
        for c, column in enumerate(columns):
            sheet.write_string(0, c, column.title, head)
            sheet.set_column(c, c, min(_width(column.title, column.cells), 22))
            if column.comment:
                sheet.write_comment(0, c, column.comment, {"x_scale": 2.5, "y_scale": 1.5, "author": ""})
            if column.choices and len(",".join(column.choices)) <= 255:
                sheet.data_validation(1, c, max(len(column.cells), 1), c, {"validate": "list", "source": list(column.choices)})
            for r, cell in enumerate(column.cells, 1):
                _put(sheet, r, c, cell or None if c == 0 else cell, plain if c == 0 else entry)


def _put(sheet: Any, r: int, c: int, cell: Any, style: Any) -> None:
    """A cell as what it is: text never becomes a formula, and a number that 16 digits do not hold is written as text."""
    if cell is None:
        sheet.write_blank(r, c, None, style)
    elif isinstance(cell, bool):
        sheet.write_boolean(r, c, cell, style)
    elif isinstance(cell, int | float) and float(f"{cell:.16G}") == cell:
        sheet.write_number(r, c, cell, style)
    else:
        sheet.write_string(r, c, repr(cell) if isinstance(cell, float) else str(cell), style)


def _width(title: str, cells: Sequence[Any]) -> int:
    longest = max((len(plain_text(cell).encode("gb18030", "replace")) for cell in cells if cell is not None), default=0)
    return max(8, min(max(longest, len(title.encode("gb18030", "replace"))) + 2, 44))
