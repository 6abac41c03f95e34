"""`qtoolkit template`: a workbook to fill in, for the whole scheme or one for each department that
scores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtoolkit.errors import InputError
from qtoolkit.filing import safe_name
from qtoolkit.inputs.numbertext import plain_text
from qtoolkit.inputs.scheme import Bonus, Indicator, Scheme, Stage, Veto
from qtoolkit.inputs.statuses import FALSIFIED, STATUS_LABELS, STATUS_NAMES, WRITTEN, ZERO
from qtoolkit.inputs.table import Table
from qtoolkit.inputs.tablereader import columns_of
from qtoolkit.inputs.tasks import DONE, NOT_DONE, STATE_OF
from qtoolkit.language import Text, listing, say
from qtoolkit.report.rules import scoring
from qtoolkit.rules.checklist import Task
from qtoolkit.workbooks import schemesheets as book
from qtoolkit.workbooks.schemesheets import DATA, DEPARTMENT, IN_ENGLISH, MARK, NOTES
from qtoolkit.workbooks.writing import workbook

OFFICE = Text("考核办", "Assessment office")
"""Who fills in what belongs to no department."""
BLANK_ROWS = 30  # for units, where neither scheme nor table names them
MACHINE = {
    word
    for title in (book.ID, book.RULE, book.LOW, book.HIGH, book.REST)
    for word in (title, book.IN_ENGLISH[title])
}


@dataclass(frozen=True)
class Column:
    """A column of sheet 数据: the key that it stands for, its title, its cells, the words it may
    hold, its comment."""

    key: str
    title: str
    cells: list[Any]
    choices: tuple[str, ...] = ()
    comment: str = ""


def departments(scheme: Scheme) -> dict[str, list[Indicator]]:
    """The leaves that each department scores (考核牵头部门), by its Chinese name."""
    leaves_of: dict[str, list[Indicator]] = {}
    for leaf in scheme.leaves:
        for name in leaf.lead.zh.split("、") if leaf.lead else ():
            leaves_of.setdefault(name.strip(), []).append(leaf)
    return leaves_of


def office_leaves(scheme: Scheme) -> list[Indicator]:
    """The leaves that no department scores."""
    return [leaf for leaf in scheme.leaves if leaf.lead is None]


def scheme_mark(scheme: Scheme) -> str:
    """A short hash by which a filled workbook is recognised as one of this scheme, whatever units
    are assessed and whoever marks them."""
    panel = scheme.panel and scheme.panel.model_copy(update={"assessors": (), "english": {}})
    anybody = scheme.model_copy(update={"units": None, "panel": panel})
    return hashlib.sha256(anybody.model_dump_json().encode()).hexdigest()[:16]


def data_columns(
    scheme: Scheme,
    table: Table | None = None,
    leaves: Sequence[Indicator] | None = None,
    language: str = "zh",
) -> list[Column]:
    """The columns of sheet 数据; with a table they hold its values. `leaves` are all of the
    scheme's if left out."""
    wording = _Words(language)
    units = list(table.units if table else scheme.units or [""] * BLANK_ROWS)
    blank: list[Any] = [None] * len(units)
    columns = [Column("unit", wording("考核对象"), units)]
    if leaves is None:
        columns += _about_units(scheme, table, blank, wording)
    for leaf in scheme.leaves if leaves is None else leaves:
        columns += _of_leaf(scheme, table, leaf, blank, wording, offer=leaves is not None)
    return columns


def office_columns(
    scheme: Scheme,
    table: Table | None = None,
    leaves: Sequence[Indicator] = (),
    language: str = "zh",
) -> list[Column]:
    """The columns that the office of the assessment fills in: what belongs to no department
    (classes, covariates, vetoes, bonus, history, approval), what later stages found, and whole the
    indicators that it scores itself (`leaves`).

    `table` says which columns the case has; but for the units' English names its values are not put
    in.
    """
    wording = _Words(language)
    units = list(table.units if table else scheme.units or [""] * BLANK_ROWS)
    blank: list[Any] = [None] * len(units)
    columns = _about_units(scheme, table, blank, wording, offer=True)
    later = [stage for stage in scheme.stages if stage.effect != "part"]
    for j, leaf in enumerate(scheme.leaves):
        if leaf in leaves:
            columns += _of_leaf(scheme, table, leaf, blank, wording, offer=True)
        else:
            # these the department fills in
            name = _title(scheme, leaf, language)
            asked_kinds = [kind for kind, _, _ in _numbers(leaf, None, j)]
            columns += [
                Column(f"{kind}:{leaf.id}", f"{wording(word)}:{name}", blank)
                for kind, word, _ in _numbers(leaf, table, j)
                if kind not in asked_kinds
            ]
        for stage in later:
            choices = _choices(leaf, wording) if stage.effect == "replaces" else ()
            title = f"{_title(scheme, leaf, language)}@{stage.name.of(language)}"
            columns.append(Column(f"{leaf.id}@{stage.id}", title, blank, choices))
    columns = list({column.key: column for column in columns}.values())
    emptied = [
        column if column.key == "name_en" else replace(column, cells=blank) for column in columns
    ]
    return [Column("unit", wording("考核对象"), units), *emptied]


def _title(scheme: Scheme, leaf: Indicator, language: str) -> str:
    """A leaf's name, or its id where several have that name."""
    name = leaf.name.of(language)
    return (
        name if [other.name.of(language) for other in scheme.leaves].count(name) == 1 else leaf.id
    )


def _choices(leaf: Indicator, wording: _Words) -> tuple[str, ...]:
    levels = leaf.leaf_rule.choices
    return (*levels, *(wording.status(i) for i in WRITTEN)) if levels else ()


def _of_leaf(
    scheme: Scheme,
    table: Table | None,
    leaf: Indicator,
    blank: list[Any],
    wording: _Words,
    offer: bool,
) -> list[Column]:
    """A leaf's columns: its values by stage, numbers of the units' own, reasons."""
    j, title = scheme.leaves.index(leaf), _title(scheme, leaf, wording.language)
    stages = [
        s
        for s in scheme.stages
        if s.id in leaf.stages or (s.effect != "part" and table and _any(table.stages[s.id][:, j]))
    ]
    if leaf.leaf_rule.tasks:
        columns = _of_tasks(scheme, table, leaf, blank, wording, offer)
    else:
        columns = _of_values(scheme, table, leaf, stages, blank, wording)
    for stage in stages:
        if table is not None and stage.effect != "part":
            columns.append(
                Column(
                    f"{leaf.id}@{stage.id}",
                    f"{title}@{stage.name.of(wording.language)}",
                    list(table.stages[stage.id][:, j]),
                    _choices(leaf, wording) if stage.effect == "replaces" else (),
                )
            )
    for kind, word, numbers in _numbers(leaf, table, j):
        columns.append(
            Column(
                f"{kind}:{leaf.id}",
                f"{wording(word)}:{title}",
                blank if numbers is None else _filled(numbers),
            )
        )
        if kind == "target":
            columns += _of_filing(scheme, table, leaf, title, blank, wording, offer)
    return columns + _remarks(
        table, f"reason:{leaf.id}", f"{wording('扣分原因')}:{title}", blank, offer
    )


def _of_filing(
    scheme: Scheme,
    table: Table | None,
    leaf: Indicator,
    title: str,
    blank: list[Any],
    wording: _Words,
    offer: bool,
) -> list[Column]:
    """When a unit's own target was filed, where the calendar of the year has such a step, and the
    ends of its own path, where the leaf has a plan."""
    filing = any(step.step == "filing" for step in scheme.calendar)
    columns = _remarks(
        table,
        f"filed:{leaf.id}",
        f"{wording('备案日期')}:{title}",
        blank,
        filing and (offer or table is None),
    )
    for kind, word in (("plan_base", "规划基期值"), ("plan_goal", "规划目标值")):
        key = f"{kind}:{leaf.id}"
        known = None if table is None else table.plans.get(key)
        if known is not None and (known == known).any():
            columns.append(Column(key, f"{wording(word)}:{title}", _filled(known)))
        elif leaf.plan is not None and (offer or table is None):
            columns.append(Column(key, f"{wording(word)}:{title}", blank))
    return columns


def _of_values(
    scheme: Scheme,
    table: Table | None,
    leaf: Indicator,
    stages: list[Stage],
    blank: list[Any],
    wording: _Words,
) -> list[Column]:
    """The columns of a leaf's value, one for each stage that is a part of it, with points and
    standard as a comment."""
    j, title = scheme.leaves.index(leaf), _title(scheme, leaf, wording.language)
    comment = say(
        zh="{path}\n{points:g}分。{standard}",
        en="{path}\n{points:g} points. {standard}",
        path=scheme_path(scheme, leaf),
        points=leaf.points,
        standard=standard_of(leaf),
    ).of(wording.language)
    columns = []
    for key in columns_of(leaf):
        stage = next((s for s in stages if key.endswith(f"@{s.id}")), None)
        named = f"{title}@{stage.name.of(wording.language)}" if stage else title
        values: Any = blank
        if table is not None:
            values = table.stages[stage.id][:, j] if stage else table.filed[:, j]
        cells = [_cell(value, table, k, j, wording) for k, value in enumerate(values)]
        columns.append(Column(key, named, cells, _choices(leaf, wording), comment))
    return columns


def _of_tasks(
    scheme: Scheme,
    table: Table | None,
    leaf: Indicator,
    blank: list[Any],
    wording: _Words,
    offer: bool,
) -> list[Column]:
    """The columns of a list: for each task how it stands, with the whole rule as a comment, and the
    proof of it."""
    columns = []
    how = say(
        zh="{path}\n{points:g}分。{standard}\n完成的填完成日期（如 2025-09-20）或“完成”，"
        "没有完成的填“未完成”。",
        en="{path}\n{points:g} points. {standard}\nOf a task that is done write the day (such as "
        "2025-09-20) or “done”, else “not done”.",
        path=scheme_path(scheme, leaf),
        points=leaf.points,
        standard=standard_of(leaf),
    ).of(wording.language)
    for task in leaf.leaf_rule.tasks:
        key = f"{leaf.id}.{task.id}"
        title = f"{_title(scheme, leaf, wording.language)}.{task.name.of(wording.language)}"
        cells = blank if table is None else _task_cells(scheme, table, leaf, task, wording)
        columns.append(Column(f"task:{key}", f"{wording('任务')}:{title}", cells, (), how))
        columns += _remarks(
            table, f"proof:{key}", f"{wording('证明材料')}:{title}", blank, offer or table is None
        )
    return columns


def _task_cells(
    scheme: Scheme, table: Table, leaf: Indicator, task: Task, wording: _Words
) -> list[Any]:
    """What each unit reports of a task, as a cell has it."""
    tasks = table.tasks[(table.tasks["leaf"] == leaf.id) & (table.tasks["item"] == task.id)]
    known = tasks.set_index("unit")
    statuses = table.status[:, scheme.leaves.index(leaf)]
    code_of = {state: code for code, state in STATE_OF.items() if code not in (ZERO, FALSIFIED)}
    cells: list[Any] = []
    for unit, status in zip(table.units, statuses, strict=True):
        state, day = known.at[unit, "state"], known.at[unit, "date"]
        if status in (ZERO, FALSIFIED):
            cells.append(wording.status(status))
        elif state in code_of:
            cells.append(wording.status(code_of[state]))
        else:
            word = NOT_DONE if state == "not_done" else DONE
            cells.append(day or wording(word.zh))
    return cells


def standard_of(leaf: Indicator) -> Text:
    """The standard that people wrote, and beside it the rule by which the points are computed."""
    if leaf.standard is None:
        return scoring(leaf)
    return say(
        zh="{standard}\n计分规则：{rule}",
        en="{standard}\nRule of calculation: {rule}",
        standard=leaf.standard,
        rule=scoring(leaf),
    )


@dataclass(frozen=True)
class _Words:
    """Titles and words of the workbook in one language."""

    language: str

    def __call__(self, word: str) -> str:
        return IN_ENGLISH.get(word, word) if self.language == "en" else word

    def status(self, i: int) -> str:
        return STATUS_NAMES[i] if self.language == "en" else STATUS_LABELS[i].zh


def _about_units(
    scheme: Scheme, table: Table | None, blank: list[Any], wording: _Words, offer: bool = False
) -> list[Column]:
    """The columns that are not of one leaf: names, classes, covariates, vetoes, bonus, history,
    approval."""
    columns = []
    if table is not None and any(label.en != label.zh for label in table.labels):
        columns.append(Column("name_en", wording("英文名称"), [label.en for label in table.labels]))
    columns += _of_covariates(scheme, table, blank, wording, offer)
    for v, veto in enumerate(scheme.vetoes):
        columns += _of_veto(veto, table, v, blank, wording, offer)
    columns += [
        _of_bonus(bonus, blank if table is None else list(table.bonuses[:, b]), wording)
        for b, bonus in enumerate(scheme.bonuses)
    ]
    for key in sorted(table.remarks.columns) if table is not None else ():
        if key.startswith("grade:"):
            columns += _remarks(table, key, f"{wording('往年等级')}:{key.partition(':')[2]}", blank)
    for key, title in (
        ("approved", "审定等级"),
        ("approved_reason", "审定理由"),
        ("approved_by", "审定机关"),
    ):
        columns += _remarks(table, key, wording(title), blank, offer)
    return columns


def _of_covariates(
    scheme: Scheme, table: Table | None, blank: list[Any], wording: _Words, offer: bool
) -> list[Column]:
    """The columns of the units' class and of what else describes them."""
    known = {} if table is None else table.covariates
    described = (
        [("class", wording("类别"), tuple(scheme.classes))]
        if scheme.classes or "class" in known
        else []
    )
    described += [
        (covariate.id, covariate.name.of(wording.language), tuple(covariate.values))
        for covariate in scheme.covariates
        if covariate.id != "class"
    ]
    return [
        Column(id, title, list(known[id]) if id in known else blank, choices)
        for id, title, choices in described
        if table is None or id in known or offer
    ]


def _of_veto(
    veto: Veto, table: Table | None, number: int, blank: list[Any], wording: _Words, offer: bool
) -> list[Column]:
    """The columns of the scheme's veto number v: whether it struck, and what is known of it."""
    name, yes, no = veto.name.of(wording.language), wording("是"), wording("否")
    cells = blank if table is None else [yes if hit else no for hit in table.vetoes[:, number]]
    columns = [Column(f"veto:{veto.id}", f"{wording('否决')}:{name}", cells, (yes, no))]
    for kind, word in (("event", "事件"), ("evidence", "证据"), ("date", "日期")):
        columns += _remarks(table, f"{kind}:{veto.id}", f"{wording(word)}:{name}", blank, offer)
    return columns


def _of_bonus(bonus: Bonus, cells: list[Any], wording: _Words) -> Column:
    """The column of a bonus, with its most as a comment."""
    title = f"{wording('加减分')}:{bonus.name.of(wording.language)}"
    most = say(zh="不超过{max:g}分", en="at most {max:g}", max=bonus.max).of(wording.language)
    return Column(f"bonus:{bonus.id}", title, cells, (), most)


def _remarks(
    table: Table | None, key: str, title: str, blank: list[Any], offer: bool = False
) -> list[Column]:
    if table is not None and key in table.remarks:
        return [
            Column(
                key, title, [text if isinstance(text, str) else None for text in table.remarks[key]]
            )
        ]
    return [Column(key, title, blank)] if offer else []


def _numbers(leaf: Indicator, table: Table | None, j: int) -> list[tuple[str, str, Any]]:
    """Targets, baselines and standard errors of the units, where the rule takes them or the table
    has them."""
    rule = leaf.leaf_rule
    asked_column = rule.own.column if rule.own and rule.asks_own() else None
    targets, baselines, errors = (
        (None, None, None)
        if table is None
        else (table.targets[:, j], table.baselines[:, j], table.errors[:, j])
    )
    kinds = (("target", "目标值", targets), ("base", "基期值", baselines), ("se", "标准误", errors))
    return [
        (kind, word, numbers)
        for kind, word, numbers in kinds
        if kind == asked_column or (numbers is not None and (numbers == numbers).any())
    ]


def _filled(numbers: Any) -> list[Any]:
    return [None if number != number else float(number) for number in numbers]


def _any(values: Any) -> bool:
    return any(value is not None for value in values)


def _cell(value: Any, table: Table | None, k: int, j: int, wording: _Words) -> Any:
    """A value, or the word for why there is none."""
    if value is None and table is not None and table.status[k, j] in WRITTEN:
        return wording.status(table.status[k, j])
    return value


def scheme_path(scheme: Scheme, leaf: Indicator) -> Text:
    """The names from the top of the tree down to a leaf."""
    path = [node.name for node in scheme.nodes if any(below.id == leaf.id for below in node.walk())]
    return Text(" › ".join(name.zh for name in path), " › ".join(name.en for name in path))


def write_template(
    scheme: Scheme, path: str | Path, table: Table | None = None, language: str = "zh"
) -> None:
    """Write a workbook with the scheme, its grades and settings, and the sheet of data to fill in.

    Parameters
    ----------
    path : path
        The .xlsx to write.
    table : Table, optional
        Data to put in; without it the cells to fill in are blank.
    language : "zh" or "en"
        Of sheets, titles and comments; either is read.
    """
    sheets = book.worded({NOTES: _notes(scheme, None, language)} | book.sheets_of(scheme), language)
    write_sheets(Path(path), sheets, data_columns(scheme, table, language=language), language)


def write_templates(
    scheme: Scheme, folder: str | Path, table: Table | None = None, language: str = "zh"
) -> list[Path]:
    """Write a workbook for each department that scores, with its own indicators only, and one for
    the office of the assessment with all that belongs to no department (see
    :func:`office_columns`); the paths written.

    `table` gives the units' names; its values are not put in.

    Raises
    ------
    InputError
        No leaf names a department that scores (lead).
    """
    leaves_of = departments(scheme)
    if not leaves_of:
        raise InputError(
            say(
                zh="方案的考核要点都没有写考核牵头部门（lead）",
                en="no leaf of the scheme names a department that scores (lead)",
            )
        )
    folder, paths = Path(folder), []
    folder.mkdir(parents=True, exist_ok=True)
    names = scheme if table is None else scheme.model_copy(update={"units": table.units})
    header, *rows = book.sheets_of(scheme)[book.TREE]
    id_column, scales_column = header.index(book.ID), header.index(book.SCALES)
    title = Text(f"{book.TREE}（只读）", f"{IN_ENGLISH[book.TREE]} (read only)").of(language)
    leaves_of[OFFICE.zh] = [*leaves_of.get(OFFICE.zh, ()), *office_leaves(scheme)]
    for name, leaves in leaves_of.items():
        office = name == OFFICE.zh
        spoken = OFFICE.of(language) if office else name
        ids = {leaf.id for leaf in leaves}
        shown = [row for row in rows if office or row[id_column] in ids]
        sheet = {title: [row[:scales_column] for row in (header, *shown)]}
        paths.append(folder / f"{safe_name(spoken)}.xlsx")
        sheets = book.worded({NOTES: _notes(scheme, spoken, language)} | sheet, language)
        columns = (
            office_columns(names, table, leaves, language)
            if office
            else data_columns(names, None, leaves, language)
        )
        write_sheets(paths[-1], sheets, columns, language)
    return paths


def _notes(scheme: Scheme, department: str | None, language: str) -> list[list[str]]:
    """Sheet 填表说明: what to fill in, and what the workbook is known by."""
    words = listing(Text(STATUS_LABELS[i].zh, STATUS_NAMES[i]) for i in WRITTEN)
    wording = _Words(language)
    rows = [
        [scheme.name.of(language), ""],
        [wording(DEPARTMENT), department or Text("全部", "all").of(language)],
        [wording(MARK), scheme_mark(scheme)],
    ]
    texts = [
        say(
            zh="在“数据”表的浅黄色单元格中填写，每个考核对象一行。",
            en="Fill in the pale yellow cells of sheet “data”, one row a unit.",
        ),
        say(
            zh="没有数值的，写明{words}之一，不要留空。",
            en="Where there is no value write one of {words}; leave nothing blank.",
            words=words,
        ),
        Text(
            "列名上的批注写有分值和评分标准；有下拉框的列只能选其中一项。",
            "Comments on the headers give points and standard; columns with a drop-down take its "
            "items only.",
        ),
    ]
    if department == OFFICE.of(language):
        texts[1] = Text(
            "否决事项发生的填“是”，没有发生的填“否”；加减分、实地核查、事件和审定各栏没有的留空。",
            "Vetoes: yes where there was one, no where there was none; leave bonus, verification, "
            "events and approval blank where there are none.",
        )
    if department is None:
        texts.append(
            Text(
                "“方案”“等级”“设置”三表就是方案本身，改后可直接测算；灰色各列供程序读取，"
                "不清楚时请勿改动。",
                "Sheets “Scheme”, “Grades” and “Settings” are the scheme itself; grey columns are "
                "for the program.",
            )
        )
    return rows + [["", text.of(language)] for text in texts]


def write_sheets(
    path: Path,
    sheets: dict[str, list[list[Any]]],
    columns: Sequence[Column] = (),
    language: str = "zh",
) -> None:
    """Write sheets of plain cells, headers first, and after them sheet 数据 with drop-downs and
    comments on its columns.

    The file is there whole or not at all.

    Raises
    ------
    OSError
        It cannot be written: the disk is full, or its folder is not there.
    """
    with workbook(path) as out:
        head = out.add_format(
            {
                "bold": True,
                "bg_color": "#dde6f0",
                "border": 1,
                "text_wrap": True,
                "valign": "vcenter",
            }
        )
        grey = out.add_format(
            {
                "bold": True,
                "bg_color": "#e0e0e0",
                "border": 1,
                "text_wrap": True,
                "valign": "vcenter",
            }
        )
        plain = out.add_format({"text_wrap": True, "valign": "top", "border": 1})
        entry = out.add_format({"bg_color": "#fffbe6", "border": 1, "valign": "top"})
        upper = out.add_format(
            {"text_wrap": True, "valign": "top", "border": 1, "bold": True, "bg_color": "#f2f5f9"}
        )
        for title, rows in sheets.items():
            sheet = out.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            leaf = next(
                (c for c, name in enumerate(rows[0]) if name in (book.LEAF, IN_ENGLISH[book.LEAF])),
                None,
            )
            widths = [_width(name, [row[c] for row in rows[1:]]) for c, name in enumerate(rows[0])]
            for c, (name, width) in enumerate(zip(rows[0], widths, strict=True)):
                sheet.write_string(0, c, name, grey if name in MACHINE else head)
                sheet.set_column(c, c, width)
            for r, row in enumerate(rows[1:], 1):
                lines = [
                    _lines(cell, w)
                    for cell, w, name in zip(row, widths, rows[0], strict=True)
                    if name not in MACHINE
                ]
                sheet.set_row(r, 17 * max(lines))
                for c, cell in enumerate(row):
                    _put(
                        sheet,
                        r,
                        c,
                        cell,
                        upper if leaf is not None and row[leaf] is None else plain,
                    )
        if columns:
            _write_data(out, columns, language, head, plain, entry)


def _write_data(
    out: Any, columns: Sequence[Column], language: str, head: Any, plain: Any, entry: Any
) -> None:
    """Sheet 数据, with drop-downs and comments on its columns."""
    sheet = out.add_worksheet(_Words(language)(DATA))
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 48)
    for c, column in enumerate(columns):
        sheet.write_string(0, c, column.title, head)
        sheet.set_column(c, c, min(_width(column.title, column.cells), 22))
        if column.comment:
            sheet.write_comment(
                0, c, column.comment, {"x_scale": 2.5, "y_scale": 1.5, "author": ""}
            )
        if column.choices and len(",".join(column.choices)) <= 255:
            sheet.data_validation(
                1,
                c,
                max(len(column.cells), 1),
                c,
                {"validate": "list", "source": list(column.choices)},
            )
        for r, cell in enumerate(column.cells, 1):
            _put(sheet, r, c, cell or None if c == 0 else cell, plain if c == 0 else entry)


def _put(sheet: Any, r: int, c: int, cell: Any, style: Any) -> None:
    """A cell as what it is: text never becomes a formula, and a number that 16 digits do not hold
    is written as text."""
    if cell is None:
        sheet.write_blank(r, c, None, style)
    elif isinstance(cell, bool):
        sheet.write_boolean(r, c, cell, style)
    elif isinstance(cell, int | float) and float(f"{cell:.16G}") == cell:
        sheet.write_number(r, c, cell, style)
    else:
        sheet.write_string(r, c, repr(cell) if isinstance(cell, float) else str(cell), style)


def _lines(cell: Any, width: int) -> int:
    return (
        1 if cell is None else -(-len(str(cell).encode("gb18030", "replace")) // max(width - 1, 1))
    )


def _width(title: str, cells: Sequence[Any]) -> int:
    longest = max(
        (len(plain_text(cell).encode("gb18030", "replace")) for cell in cells if cell is not None),
        default=0,
    )
    return max(8, min(max(longest, len(title.encode("gb18030", "replace"))) + 2, 44))
