"""The recheck workbook (复核底稿): the whole assessment as live Excel formulas beside the engine's
own numbers.

A sheet of units is a list of columns. In a column's `formula` {r} is the unit's row; without one
the values are inputs. A value of NaN is an empty text. `top` stands in the row of points; `other`
are the formulas of units that differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from xlsxwriter.utility import xl_col_to_name as letter
from xlsxwriter.worksheet import Worksheet

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import averaged_cells, classes_of, inner_nodes
from qtoolkit.engine import from_ticks, grade, node_scores, score_grades
from qtoolkit.engine.core import Engine, Mean, RivalStep, Tree, leaf_scores, steps
from qtoolkit.engine.ticks import DECIMALS, NO_LINE, Rounding
from qtoolkit.inputs.scheme import Covariate, Grade
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.language import Text, listing, same, say
from qtoolkit.report import shared
from qtoolkit.report.wording import phrase, title_of
from qtoolkit.rules.level import quoted
from qtoolkit.workbooks.rawdata import RawColumn, raw_leaves
from qtoolkit.workbooks.writing import workbook

FIRST = 4  # Excel's row of the first unit on every sheet of units, after title, headers and points
POINTS = Text("分值", "Points")
BASE = Text("基础得分", "Base score")
PLACE = Text("等级序号", "Grade number")
SHEETS = {
    "notes": (
        Text("说明", "Notes"),
        Text("浅黄为输入，白色为公式。", "Tinted cells are inputs, white ones formulas."),
    ),
    "points": (
        POINTS,
        Text(
            "修改后各表重算；分值之和应不变。",
            "All sheets follow from these; keep the sum of points.",
        ),
    ),
    "data": (
        Text("数据", "Data"),
        Text(
            "各考核对象的原始数值，有各阶段的列各阶段，另列目标值或基期值；修改后各表重算。"
            "没有数值的写明原因，其得分按方案对空白的规定。",
            "The units' raw values, by stage where there are stages, and their targets or "
            "baselines; all sheets follow from these. Where there is no value it says why, and the "
            "score is what the scheme gives for a blank.",
        ),
    ),
    "slope": (
        Text("系数a", "Slope a"),
        Text(
            "由“数据”表按评分细则算出，如得分率。",
            "From the data by the scoring rules: say a share of full marks.",
        ),
    ),
    "const": (
        Text("常数b", "Constant b"),
        Text(
            "由“数据”表按评分细则算出的不随分值调整的扣分，为负数。",
            "From the data by the scoring rules: deductions that do not scale, negative.",
        ),
    ),
    "tree": (
        Text("逐级得分", "Scores"),
        Text(
            "单项得分=a×分值+b，不低于0，不高于分值；再逐级汇总。灰色空白为不计分，"
            "其分值按比例折算到同级指标。",
            "Leaf score = a × points + b, from 0 to the points; then up the tree. Grey: not scored,"
            " siblings take over.",
        ),
    ),
    "final": (
        Text("总分定级", "Grades"),
        Text(
            "由基础得分得出公布得分、位次和等级，从左到右即步骤次序；等级序号1为最好。",
            "From base score to published score, rank and grade, step by step from the left; grade "
            "number 1 is the best.",
        ),
    ),
}
MEANS = {
    1.0: Text("相加", "sum"),
    0.0: Text("几何平均", "geometric mean"),
    -1.0: Text("调和平均", "harmonic mean"),
}
STEPS = {
    "rounding": Text("取整后", "After rounding"),
    "bonus": Text("加减分后", "After bonus and deductions"),
    "cap": Text("封顶后", "After the cap"),
    "late": Text("封顶后减分", "After the deductions"),
    "floor": Text("保底后", "After the floor"),
}
LOOK = {"border": 1, "border_color": "#c8ccd0", "valign": "vcenter"}
HEAD = {"bold": True, "bg_color": "#e8eef4", "text_wrap": True, "align": "center"}


class Cell(NamedTuple):
    """A formula (None: a value alone), what it gives, how that is shown, and whether it is one of
    arrays."""

    formula: str | None
    value: Any
    pattern: str = "General"
    array: bool = False


class Column(NamedTuple):
    """A column of a sheet: what each unit's formula gives, that formula, what stands above it, and
    by the units' places the formulas of those that have another."""

    title: Text
    values: Any
    formula: str | None = None
    pattern: str = "General"
    top: Cell | Text | None = None
    other: Mapping[int, str] = MappingProxyType({})
    array: bool = False


class Pen(NamedTuple):
    """What all sheets share; `cells` says where points, cutoffs and limits stand."""

    book: Any
    result: Assessment
    language: str
    formats: dict[str, Any]
    cells: dict[Any, str]

    def style(self, **look: Any) -> Any:
        if str(look) not in self.formats:
            self.formats[str(look)] = self.book.add_format(LOOK | look)
        return self.formats[str(look)]

    def of(self, text: Text) -> str:
        return text.of(self.language)

    def address(self, sheet: str, cells: str) -> str:
        return f"'{self.of(SHEETS[sheet][0])}'!{cells}"


class PlainFormulas(Worksheet):
    """A sheet that takes formulas as they are: looking through each for names of newer functions,
    of which these formulas have none, takes two thirds of the time of writing them, and would
    change words in quotation marks that look like one."""

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula.removeprefix("=")


def write_recheck(result: Assessment, path: str | Path, language: str = "zh") -> None:
    """Write the recheck workbook, so that anybody can check by hand that every score and grade
    follows.

    Points, cutoffs, limits and the units' raw data are tinted inputs; all else, from the raw values
    to the grades, are formulas that a spreadsheet recomputes when an input is changed, with the
    engine's numbers as their present values. Sums are taken as ROUND(…, 10) before they are
    rounded or compared, as the engine does in ticks of 1e-10 points. The same result gives the same
    bytes.

    Parameters
    ----------
    result : Assessment
    path : path
        The .xlsx to write.
    language : "zh" or "en"

    >>> import tempfile, pandas as pd, qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.8, 0.9]}, index=["甲", "乙"])
    >>> result = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_recheck(result, Path(folder) / "recheck.xlsx")
    ...     (Path(folder) / "recheck.xlsx").read_bytes()[:2]
    b'PK'
    """
    with workbook(Path(path), constant_memory=True) as book:
        pen = Pen(book, result, language, {}, {})
        _notes(pen)
        _points(pen)
        _final(pen, _tree(pen))


def _grid(
    pen: Pen,
    kind: str,
    title: Text,
    rows: Iterable[Any],
    widths: list[int],
    freeze: tuple[int, int],
) -> None:
    """A sheet of rows of cells: texts, given numbers, Cells, "" (grey: not scored) or None; headers
    are tuples."""
    sheet = pen.book.add_worksheet(pen.of(SHEETS[kind][0]), PlainFormulas)
    sheet.freeze_panes(*freeze)
    sheet.repeat_rows(0, freeze[0] - 1)
    sheet.repeat_columns(0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1 if sum(widths) < 200 else 0, 0)
    for c, width in enumerate(widths):
        sheet.set_column(c, c, width)
    sheet.write_string(0, 0, pen.of(title), pen.style(bold=True, font_size=13, border=0))
    for r, row in enumerate(rows, 1):
        lines = _lines(pen, row, widths)
        if lines > 1:  # no spreadsheet is sure to grow a row to its text by itself
            sheet.set_row(r, 15 * lines)
        for c, cell in enumerate(row):
            _write(pen, sheet, r, c, cell, is_head=isinstance(row, tuple))


def _lines(pen: Pen, row: Any, widths: list[int]) -> int:
    """How many lines the longest text of a row takes."""
    texts = [
        (pen.of(cell), width)
        for cell, width in zip(row, widths, strict=False)
        if isinstance(cell, Text)
    ]
    wide = max((_width(text) / (width - 2) for text, width in texts), default=0)
    return 1 + int(wide * 1.15) if wide > 0.95 else 1


def _write(pen: Pen, sheet: Any, r: int, c: int, cell: Any, is_head: bool) -> None:
    """A cell as what it is, with the look of its kind."""
    if isinstance(cell, Text):
        look = HEAD if is_head else {"text_wrap": True}
        sheet.write_string(r, c, pen.of(cell), pen.style(**look))
    elif isinstance(cell, str):
        sheet.write_string(r, c, cell, pen.style(**({} if cell else {"bg_color": "#e4e4e4"})))
    elif isinstance(cell, Cell) and cell.formula:
        align = "center" if isinstance(cell.value, str | int) else "right"
        style = pen.style(num_format=cell.pattern, align=align)
        write = sheet.write_array_formula if cell.array else sheet.write_formula
        write(*(r, c) * (1 + cell.array), cell.formula, style, cell.value)
    elif cell is not None:
        value, pattern = cell[1:3] if isinstance(cell, Cell) else (cell, "General")
        style = pen.style(num_format=pattern, bg_color="#fff4d6")
        if value is None:
            sheet.write_blank(r, c, None, style)
        elif isinstance(value, str):
            sheet.write_string(r, c, value, style)
        else:
            sheet.write_number(r, c, value, style)


def _width(text: str) -> int:
    return len(text.encode("gb18030", "replace"))


def _units(pen: Pen, kind: str, columns: list[Column], top: Text = POINTS) -> None:
    """A sheet with a row for each unit."""
    labels = [pen.of(label) for label in pen.result.table.labels]
    units = zip(*(np.asarray(column.values).tolist() for column in columns), strict=True)

    def cell(unit: int, column: Column, value: Any) -> Any:
        formula = column.other.get(unit, column.formula)
        filled = formula and "=" + formula.replace("{r}", str(FIRST + unit))
        return (
            ""
            if formula == ""
            else Cell(filled, "" if value != value else value, column.pattern, column.array)
        )

    heads = [
        (title_of("unit"), *(column.title for column in columns)),
        [top, *(column.top for column in columns)],
    ]
    rows = (
        [labels[unit], *map(cell, repeat(unit), columns, row)] for unit, row in enumerate(units)
    )
    widths = [max(12, min(2 + max(map(_width, labels)), 40)), *[13] * len(columns)]
    _grid(pen, kind, SHEETS[kind][0], chain(heads, rows), widths, (FIRST - 1, 1))


def _notes(pen: Pen) -> None:
    scheme = pen.result.scheme
    leaf, node, total = (
        phrase("rounding", {}, shared.rounding(getattr(scheme.rounding, stage)))
        for stage in ("leaf", "node", "total")
    )
    rounded = say(
        zh="单项得分{leaf}，中间各级{node}，总分{total}。取整和比较前先四舍五入到10位小数，"
        "消除二进制误差；用INT取整处使−0.5记为0。",
        en="Leaf scores {leaf}; inner nodes {node}; total {total}. Before rounding and comparing, "
        "values are rounded to 10 decimals against binary error; where INT rounds, −0.5 gives 0.",
        leaf=leaf,
        node=node,
        total=total,
    )
    rows = [[Text("方案", "Scheme"), scheme.name]]
    rows += [
        [Text("数据性质", "Kind of data"), Text("模拟数据。", "Synthetic data.")]
    ] * scheme.synthetic
    rows += [*map(list, SHEETS.values()), [Text("取整", "Rounding"), rounded]]
    rows += [[Text("备注", "Note"), note] for note in scheme.notes]
    _grid(
        pen,
        "notes",
        Text("考核得分复核底稿", "Recheck workbook of the assessment"),
        rows,
        [14, 100],
        (1, 0),
    )


def _nodes(result: Assessment) -> list[tuple[int, Text, int, float]]:
    """Number in the engine, name, depth and points of each node, the root first and parents before
    children."""
    tree, full = result.engine.tree, result.engine.points.tolist()
    depth: dict[int, int] = {}
    for children in tree.children:
        full.append(sum(full[c] for c in children))
    for number, children in reversed(list(enumerate(tree.children, tree.blank.shape[1]))):
        depth |= {c: depth.setdefault(number, 0) + 1 for c in children}
    ids = [node.id for node in (*result.scheme.leaves, *inner_nodes(result.scheme))]
    named = [
        (len(full) - 1, Text("总分", "Total")),
        *((ids.index(node.id), node.name) for node in result.scheme.nodes),
    ]
    return [(number, name, depth[number], full[number]) for number, name in named]


def _points(pen: Pen) -> None:
    """The sheet of points, cutoffs and limits."""
    rows: list[Any] = [
        (Text("级别", "Level"), Text("指标", "Indicator"), POINTS, Text("汇总", "Combined"))
    ]
    _add_nodes(pen, rows)
    _add_cutoffs(pen, rows)
    _add_limits(pen, rows)
    width = min(max(_width(pen.of(row[1])) for row in rows if row) + 4, 60)
    _grid(
        pen,
        "points",
        Text("分值、分数线和限额", "Points, cutoffs and limits"),
        rows,
        [14, width, 14, 24],
        (2, 0),
    )


def _put(pen: Pen, rows: list[Any], key: Any, lead: Any, *cells: Any) -> None:
    """A row of the sheet of points whose number other formulas ask for by `key`."""
    pen.cells[key] = pen.address("points", f"$C${len(rows) + 2}")
    rows.append([same(str(lead)), *cells])


def _add_nodes(pen: Pen, rows: list[Any]) -> None:
    """The points of all indicators, and how inner nodes combine."""
    tree, leaves = pen.result.engine.tree, pen.result.engine.points.size
    nodes = _nodes(pen.result)
    row_of = {node[0]: f"C{3 + k}" for k, node in enumerate(nodes)}
    for number, name, depth, full in nodes:
        cells: list[Any] = [full]
        if number >= leaves and tree.children[number - leaves]:
            order = tree.order[number - leaves]
            parts = ",".join(row_of[c] for c in tree.children[number - leaves])
            how = MEANS.get(order, say(zh="{r:g}次幂平均", en="power mean, order {r:g}", r=order))
            cells = [Cell(f"=SUM({parts})", full), how]
        _put(pen, rows, number, depth, same("    " * depth + pen.of(name)), *cells)


def _add_cutoffs(pen: Pen, rows: list[Any]) -> None:
    """The cutoffs, with a column for each group of classes that has its own."""
    scheme, e = pen.result.scheme, pen.result.engine
    size = len(scheme.grades)
    groups = list(dict.fromkeys(map(tuple, e.cutoffs.tolist())))
    titles = [_classes(pen.result, (e.cutoffs == np.array(g)).all(axis=1)) for g in groups]
    notes = [Text("确定方式", "Set by")] * scheme.sets_lines_by_data
    names = titles if len(groups) > 1 else [Text("分数线", "Cutoff")]
    rows += [[], (PLACE, title_of("grade"), *names, *notes)]
    for p in range(size):
        pen.cells.update(
            {
                (g, p): pen.address("points", f"${letter(2 + c)}${len(rows) + 2 + p}")
                for c, g in enumerate(groups)
            }
        )
    for p, item in enumerate(scheme.grades):
        least = [_least(pen, g, p) for g in groups if p < size - 1]
        note = [_how_set(item)] if notes and p < size - 1 else []
        rows.append([same(str(p + 1)), item.label, *least, *note])
    pen.cells["grades"] = pen.address("points", f"$B${len(rows) + 2 - size}:$B${len(rows) + 1}")


def _least(pen: Pen, group: tuple[int, ...], place: int) -> Any:
    """The cell of a cutoff; of a grade without a line that of the next worse one that has one,
    which it follows."""
    g = len(group) - 1 - place
    if group[g] == NO_LINE:
        return Text("无", "none")
    value, line = float(from_ticks(group[g])), int(pen.result.engine.line_of[g])
    return value if line == g else Cell(f"={pen.cells[group, len(group) - 1 - line]}", value)


def _how_set(grade: Grade) -> Text:
    """What sets a grade, beside its line."""
    if grade.by == "breaks":
        return Text(
            "按自然断点：本次得分算出的数值，改动数据后须重新测算",
            "natural breaks: as found for these scores; find them anew after a change of data",
        )
    if grade.has_line:
        return Text("按分数线", "by line")
    return Text(
        "按名次：限额见下，分数线随以下等级",
        "by place: its limit stands below, its line is that of the grades below it",
    )


def _add_limits(pen: Pen, rows: list[Any]) -> None:
    """Caps, floor and limits on how many units have a grade."""
    scheme, e = pen.result.scheme, pen.result.engine
    rows += [[], (PLACE, Text("限额", "Limit"), Text("数值", "Value"))]
    _put(pen, rows, "cap", "", Text("总分封顶", "Cap of the total"), float(from_ticks(e.cap)))
    if e.floor is not None:
        floor = float(from_ticks(e.floor))
        _put(pen, rows, "floor", "", Text("总分保底", "Floor of the total"), floor)
    most = {"bonus": (Text("加分合计上限", "Most of all bonus items"), scheme.bonus_cap)}
    most |= {"deduction": (Text("减分合计上限", "Most of all deductions"), scheme.deduction_cap)}
    for key, (name, value) in most.items():
        if value is not None:
            _put(pen, rows, key, "", name, value)
    for i, step in enumerate(e.rivals):
        number = len(scheme.grades) - step.grade
        _put(pen, rows, ("rival", i), number, _rival(pen.result, step), float(step.most))


def _classes(result: Assessment, members: np.ndarray) -> Text:
    """The classes of some units."""
    kind = next(
        (c for c in result.scheme.covariates if c.id == "class"),
        Covariate(id="class", name="class"),
    )
    return listing(
        kind.label(str(c))
        for c in dict.fromkeys(np.array(classes_of(result.table), object)[members])
    )


def _rival(result: Assessment, step: Any) -> Text:
    last, label = Text("末位", "last units"), result.scheme.grades[-1 - step.grade].label
    name = (
        say(zh="{grade}前几名", en="first places of {grade}", grade=label)
        if step.sets
        else say(zh="{grade}限额", en="limit on {grade}", grade=label)
    )
    return listing(
        [
            name,
            *[last] * step.last,
            *([] if step.members is None else [_classes(result, step.members)]),
        ]
    )


def _rounded(formula: str, rule: Rounding | None, negative: bool = False) -> str:
    """Rounding as the engine does it: by way of ticks, half up also below 0."""
    if rule is None or (rule.half_up and not negative):
        return formula if rule is None else f"ROUND(ROUND({formula},{DECIMALS}),{rule.decimals})"
    scale = 10**rule.decimals
    return (
        f"INT(ROUND(({formula})*{scale}{'+0.5' * rule.half_up},{DECIMALS - rule.decimals}))/{scale}"
    )


def _pattern(rule: Rounding | None) -> str:
    return f"{0:.{4 if rule is None else rule.decimals}f}"


def _node(order: float, scores: str, points: str, whole: str, blanks: bool) -> str:
    """The score of an inner node from its children's scores and points, as the engine takes it."""
    if order == 1 and not blanks:
        return f"SUM({scores})"
    scored_points = f"SUMPRODUCT(ISNUMBER({scores})*{points})"
    share = f"IF(ISNUMBER({scores})*({points}>0),{scores}/{points},1)"
    if order == 1:
        return f"IF({scored_points}>0,SUM({scores})*{whole}/{scored_points},0)"
    power = f"POWER({share},{order!r})" if order else f"LN({share})"
    mean = f"SUMPRODUCT(ISNUMBER({scores})*{points}*{power})/{scored_points}"
    mean = f"{whole}*POWER({mean},1/({order!r}))" if order else f"{whole}*EXP({mean})"
    if order <= 0:  # a share of 0 makes the mean 0
        mean = f"IF(SUMPRODUCT(ISNUMBER({scores})*({points}>0)*({scores}=0))>0,0,{mean})"
    return f"IF({scored_points}>0,{mean},0)"


def _peers(pen: Pen, slopes: list[Column], averaged: tuple[Mean, ...]) -> dict[int, dict[int, str]]:
    """By leaf and unit, the mean of similar units that a blank takes; the units averaged are marked
    in more columns."""
    e, leaves = pen.result.engine, len(slopes)
    last = FIRST + len(e.slope) - 1
    keys: list[tuple[int, bytes]] = []
    taken: dict[int, dict[int, str]] = {}

    def cells_of_units(column: int) -> str:
        return f"{letter(column)}${FIRST}:{letter(column)}${last}"

    for mean in averaged:
        j, mask = mean.leaf, np.isin(np.arange(len(e.slope)), mean.peers).astype(float)
        if (key := (j, mask.tobytes())) not in keys:
            keys.append(key)
            full, marks = pen.cells[j], cells_of_units(leaves + len(keys))
            slope = cells_of_units(1 + j)
            score = f"({slope}*{full}+{pen.address('const', slope)})"
            bounded = f"({score}>0)*({score}<{full})*{score}+({score}>={full})*{full}"
            top = f"=SUMPRODUCT({marks}*({bounded}))/SUM({marks})"
            value = leaf_scores(e.slope[mean.peers, j], e.const[mean.peers, j], e.points[j]).mean()
            title = say(
                zh="{leaf}：同类平均（1为计入）",
                en="{leaf}: mean of peers (marked 1)",
                leaf=slopes[j].title,
            )
            slopes.append(Column(title, mask, None, "0", Cell(top, float(value))))
        column = letter(1 + leaves + keys.index(key))
        taken.setdefault(j, {})[mean.unit] = pen.address("slope", f"{column}$3")
    return taken


class _Branch(NamedTuple):
    """A node on the sheet of scores: its number in the engine, depth, and the column's letter."""

    number: int
    depth: int
    column: str

    @property
    def points(self) -> str:
        """Where its points stand."""
        return f"{self.column}$3"


def _tree(pen: Pen) -> str:
    """Slopes, constants, leaf scores and inner nodes, the deepest first, so that siblings stand
    side by side; returns the column of the base score."""
    result, e = pen.result, pen.result.engine
    nodes = sorted(_nodes(result), key=lambda node: -node[2])
    tops = {number: Cell(f"={pen.cells[number]}", full) for number, _, _, full in nodes}
    peers = _leaf_sheets(pen, tops)
    scores, blank = np.concatenate(node_scores(e), axis=1), _blanks(e)
    column_of = {node[0]: letter(place) for place, node in enumerate(nodes, 1)}
    columns = []
    for number, name, depth, _ in nodes:
        branch, missing = _Branch(number, depth, column_of[number]), blank[number]
        values = np.where(missing, np.nan, scores[:, number])
        other: dict[int, str] = {}
        array = False
        if number < e.points.size:
            formula, other = _leaf_formulas(pen, branch, peers.get(number, {}), missing)
        else:
            formula, array = _node_formula(e.tree, branch, number - e.points.size, column_of, blank)
        rule = _rounding_of(e, branch)
        if not depth:
            name, formula, values = BASE, f"ROUND({formula},{DECIMALS})", from_ticks(result.base)
        columns.append(Column(name, values, formula, _pattern(rule), tops[number], other, array))
    _units(pen, "tree", columns)
    return pen.address("tree", column_of[nodes[-1][0]]) + "{r}"


def _leaf_sheets(pen: Pen, tops: dict[int, Cell]) -> dict[int, dict[int, str]]:
    """The sheets of data, slopes and constants; returns the means of peers, as :func:`_peers`."""
    result, e = pen.result, pen.result.engine
    data: list[Column] = []
    slopes, constants = [], []
    averaged = averaged_cells(result.scheme, result.table)
    leaves = raw_leaves(result, pen.language, partial(pen.address, "data"), FIRST)
    for j, (leaf, raw) in enumerate(zip(result.scheme.leaves, leaves, strict=True)):
        blank = np.flatnonzero(result.table.status[:, j] != VALUE)
        means = {mean.unit for mean in averaged if mean.leaf == j}
        measure = None if leaf.unit is None else same(leaf.unit)
        data += [_data_column(column, blank, measure) for column in raw.columns]
        slopes.append(_line_column(leaf.name, e.slope[:, j], raw.slope, blank, means, tops[j]))
        constants.append(_line_column(leaf.name, e.const[:, j], raw.const, blank, means, tops[j]))
    peers = _peers(pen, slopes, averaged)
    _units(pen, "data", data, Text("计量单位", "Unit of measure"))
    _units(pen, "slope", slopes)
    _units(pen, "const", constants)
    return peers


def _line_column(
    name: Text, numbers: np.ndarray, formula: str, blank: np.ndarray, means: set[int], top: Cell
) -> Column:
    """A column of slopes or constants; units without a value have what their blank gives, and
    nothing where that is the mean of others, which stands at the top of a column of its own."""
    of_blanks = {k: "" if k in means else repr(float(numbers[k])) for k in blank.tolist()}
    return Column(name, numbers, formula, "0.0000", top, of_blanks)


def _data_column(column: RawColumn, blank: np.ndarray, measure: Text | None) -> Column:
    """A column of the sheet of data; units without a value have the word for it in a formula's
    place too."""
    values = np.empty(len(column.values), dtype=object)
    values[:] = column.values
    words = {int(k): quoted(str(values[k])) for k in blank} if column.formula else {}
    return Column(column.title, values, column.formula or None, "General", measure, words)


def _blanks(e: Engine) -> list[np.ndarray]:
    """By node, which units have nothing below it that is scored."""
    blank = [*e.tree.blank.T]
    for children in e.tree.children:
        blank.append(np.logical_and.reduce([blank[c] for c in children]))
    return blank


def _rounding_of(e: Engine, branch: _Branch) -> Rounding | None:
    """How a node's score is rounded; the total's own rounding comes later."""
    if branch.number < e.points.size:
        return e.tree.leaf_rounding
    return e.tree.node_rounding if branch.depth else None


def _leaf_formulas(
    pen: Pen, leaf: _Branch, means: dict[int, str], blank: np.ndarray
) -> tuple[str, dict[int, str]]:
    """A leaf's score, and the formulas of the units that take the mean of their peers or have
    none."""
    rule, points = _rounding_of(pen.result.engine, leaf), leaf.points
    slope, const = (
        pen.address(kind, letter(1 + leaf.number)) + "{r}" for kind in ("slope", "const")
    )
    formula = _rounded(f"MAX(0,MIN({points},{slope}*{points}+{const}))", rule)
    other = {k: _rounded(f"MAX(0,MIN({points},{mean}))", rule) for k, mean in means.items()}
    return formula, other | {int(k): "" for k in np.flatnonzero(blank)}


def _node_formula(
    tree: Tree, node: _Branch, inner: int, column_of: dict[int, str], blank: list[np.ndarray]
) -> tuple[str, bool]:
    """The score of inner node number `inner`, and whether it is a formula over arrays."""
    order, children = tree.order[inner], tree.children[inner]
    first, last = column_of[children[0]], column_of[children[-1]]
    scores, points = f"{first}{{r}}:{last}{{r}}", f"{first}$3:{last}$3"
    some = any(blank[leaf].any() for leaf in _leaves_below(tree, node.number))
    rule = tree.node_rounding if node.depth else None
    formula = _rounded(_node(order, scores, points, node.points, some), rule)
    if some and node.depth:
        formula = f'IF(COUNT({scores})=0,"",{formula})'
    return formula, order != 1


def _leaves_below(tree: Tree, number: int) -> list[int]:
    """The leaves below a node, by their numbers."""
    leaves = tree.blank.shape[1]
    if number < leaves:
        return [number]
    return [leaf for child in tree.children[number - leaves] for leaf in _leaves_below(tree, child)]


def _final(pen: Pen, base_at: str) -> None:
    """From the base score to the grade."""
    final = _Steps(pen)
    key, score = final.published(base_at)
    place = final.grade_by_score(score)
    place = final.limits_and_vetoes(place, key)
    final.grade_in_the_end(place)
    _units(pen, "final", final.columns, same(""))


class _Steps:
    """The columns from the base score to the grade, in the order of the steps; each method returns
    where what it adds stands in a unit's row."""

    def __init__(self, pen: Pen):
        self.pen, self.result, self.engine = pen, pen.result, pen.result.engine
        self.scheme, self.base = pen.result.scheme, pen.result.base.to_numpy()
        self.size = len(self.scheme.grades)
        self.labels = np.array([pen.of(item.label) for item in self.scheme.grades], dtype=object)
        self.columns: list[Column] = []

    def add(self, title: Text, values: Any, *formula: Any, **more: Any) -> str:
        self.columns.append(Column(title, values, *formula, **more))
        return f"{letter(len(self.columns))}{{r}}"

    def graded(self, title: Text, codes: np.ndarray, formula: str, **more: Any) -> str:
        """A grade's number, and beside it its label."""
        numbers = self.size - codes.astype(int)
        title_of_numbers = say(zh="{t}（序号）", en="{t} (number)", t=title)
        place = self.add(title_of_numbers, numbers, formula, **more)
        self.label(title, numbers, place)
        return place

    def label(self, title: Text, numbers: np.ndarray, place: str) -> None:
        formula = f"INDEX({self.pen.cells['grades']},{place})"
        self.add(title, self.labels[numbers - 1], formula)

    def every(self, cell: str) -> str:
        """The cells of all units in the column of a cell."""
        first, last = f"${FIRST}", f"${FIRST + len(self.base) - 1}"
        return cell.replace("{r}", first) + ":" + cell.replace("{r}", last)

    def outside(self, kind: str) -> str:
        """What the items of bonus, or of deduction, come to."""
        items = [
            self.add(item.name, self.result.table.bonuses[:, b])
            for b, item in enumerate(self.scheme.bonuses)
            if item.kind == kind
        ]
        total = f"SUM({items[0]}:{items[-1]})" if items else "0"
        cells = self.pen.cells
        return f"MIN({total},{cells[kind]})" if kind in cells else total

    def published(self, base_at: str) -> tuple[str, str]:
        """Rounding, bonus, cap and floor in their order, and the rank: where the score that ranks
        go by stands, and the published one."""
        e, result = self.engine, self.result
        outside = {kind: self.outside(kind) for kind in ("bonus", "deduction")}
        ticks_of = steps(e, self.base)
        score = base = self.add(BASE, from_ticks(ticks_of.pop("base")), base_at, _pattern(None))
        for step, ticks in ticks_of.items():
            if self.happens(step):
                rule = e.rounding if step == "rounding" else None
                title, formula = STEPS[step], self.formula(step, score, outside)
                score = self.add(title, from_ticks(ticks), formula, _pattern(rule))
        title = Text("公布得分", "Published score")
        score = self.add(title, result.scores, score, _pattern(e.rounding))
        key = base if e.rank_on_base else score
        self.add(title_of("rank"), result.ranks, f"RANK({key},{self.every(key)},0)")
        return key, score

    def happens(self, step: str) -> Any:
        """Whether the scheme has a step between the base and the published score."""
        return {
            "rounding": self.engine.rounding,
            "bonus": self.scheme.bonuses,
            "cap": True,
            "late": self.scheme.bonuses and self.takes_off_late,
            "floor": "floor" in self.pen.cells,
        }[step]

    @property
    def takes_off_late(self) -> bool:
        """Whether deductions come after the cap."""
        return self.scheme.order.cap == "before_deductions"

    def formula(self, step: str, score: str, outside: dict[str, str]) -> str:
        """A step from the score before it, which stands in x."""
        e, cells, off = self.engine, self.pen.cells, outside["deduction"]
        if step == "rounding":
            return _rounded(score, e.rounding, bool(self.scheme.bonuses) and not e.round_first)
        if step == "bonus":
            less = "" if self.takes_off_late else f"-{off}"
            return f"ROUND({score}+{outside['bonus']}{less},{DECIMALS})"
        if step == "late":
            return f"ROUND({score}-{off},{DECIMALS})"
        return f"MIN({score},{cells['cap']})" if step == "cap" else f"MAX({score},{cells['floor']})"

    def grade_by_score(self, score: str) -> str:
        """The grade by the cutoffs of the unit's class alone."""
        groups = [*map(tuple, self.engine.cutoffs.tolist())]
        chains = dict.fromkeys(groups, str(self.size))
        for place in reversed(range(self.size - 1)):
            chains = {
                group: f"IF({score}>={self.pen.cells[group, place]},{place + 1},{chains[group]})"
                if group[self.size - 2 - place] > NO_LINE
                else str(place + 1)
                for group in chains
            }
        of_unit = {k: chains[group] for k, group in enumerate(groups)}
        codes = score_grades(self.engine, self.base)
        title = Text("按得分等级", "Grade by score")
        if any(step.sets for step in self.engine.rivals):  # places come next
            title = Text("按分数线等级", "Grade by lines")
        return self.graded(title, codes, chains[groups[0]], other=of_unit)

    def limits_and_vetoes(self, place: str, key: str) -> str:
        """Limits on grades and vetoes in their order, each from the grade before it."""
        e = self.engine
        lowest = np.full_like(e.ceiling, self.size - 1)
        used, taken = replace(e, shift=e.shift * 0, ceiling=lowest), 0  # no veto yet
        veto = [None] * bool(self.scheme.vetoes)
        for step in [*veto, *e.rivals] if e.veto_first else [*e.rivals, *veto]:
            if step is None:
                used, title = e, Text("否决后等级", "Grade after vetoes")
                formula = self.after_vetoes(place)
            else:
                title = _rival(self.result, step)
                formula = self.after_limit(step, self.pen.cells["rival", taken], place, key)
                taken += 1
            codes = grade(replace(used, rivals=e.rivals[:taken]), self.base)
            place = self.graded(title, codes, formula)
        return place

    def after_vetoes(self, place: str) -> str:
        """The grade once vetoes have taken grades off and left no better than a certain one."""
        e = self.engine
        title = Text("否决后最高等级序号", "Best grade number left")
        best = self.add(title, self.size - e.ceiling)
        off = self.add(Text("否决下调级数", "Grades taken off"), e.shift)
        return f"MAX(MIN({self.size},{place}+{off}),{best})"

    def after_limit(self, step: RivalStep, most: str, place: str, key: str) -> str:
        """The grade once no more units than a limit have a grade, or the last ones lost it."""
        among, me, worst = "", "", self.size - step.grade
        if step.members is not None:
            me = self.add(Text("计入限额", "Counted"), step.members.astype(float))
            among, me = f"{self.every(me)}*", f"{me}=1,"
        among += "1" if step.last else f"({self.every(place)}<={worst})"
        sign = ("<" if step.last else ">") + "=" * (not step.ties_in)
        count = f"SUMPRODUCT({among}*({self.every(key)}{sign}{key})){'+1' * step.ties_in}"
        if step.last:
            return f"IF(AND({me}{count}<={most}),MAX({place},{worst}),{place})"
        return f"IF(AND({me}{place}<={worst},{count}>{most}),{worst + 1},{place})"

    def grade_in_the_end(self, place: str) -> None:
        final = self.size - self.result.grades.cat.codes.to_numpy().astype(int)
        self.label(title_of("grade"), final, place)
