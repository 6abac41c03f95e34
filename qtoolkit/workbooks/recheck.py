"""The recheck workbook (复核底稿): the whole assessment as live Excel formulas beside the engine's
own numbers.

A sheet of units is a list of columns. In a column's `formula` {r} is the unit's row; without one
the values are inputs. A value of NaN is an empty text. `top` stands in the row of points; `other`
are the formulas of units that differ.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from xlsxwriter.utility import xl_col_to_name as letter

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of, inner_nodes
from qtoolkit.engine import from_ticks, grade, node_scores, score_grades
from qtoolkit.engine.core import leaf_scores, steps
from qtoolkit.engine.ticks import DECIMALS, Rounding
from qtoolkit.inputs.scheme import Covariate
from qtoolkit.language import Text, listing, same, say
from qtoolkit.report import words
from qtoolkit.workbooks.writing import workbook

FIRST = 4  # Excel's row of the first unit on every sheet of units, after title, headers and points
POINTS, BASE, PLACE = (
    Text("分值", "Points"),
    Text("基础得分", "Base score"),
    Text("等级序号", "Grade number"),
)
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
    "slope": (
        Text("系数a", "Slope a"),
        Text("由数据和细则得出，如得分率。", "From data and rules: say a share of full marks."),
    ),
    "const": (
        Text("常数b", "Constant b"),
        Text("不随分值调整的扣分，为负数。", "Deductions that do not scale, negative."),
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
LOOK = {"border": 1, "border_color": "#c8ccd0", "valign": "vcenter"}
HEAD = {"bold": True, "bg_color": "#e8eef4", "text_wrap": True, "align": "center"}
Cell = namedtuple("Cell", "formula value pattern array", defaults=("General", False))
NO_FORMULA = (None, "General", None, {}, False)
Column = namedtuple("Column", "title values formula pattern top other array", defaults=NO_FORMULA)


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

    def at(self, sheet: str, cells: str) -> str:
        return f"'{self.of(SHEETS[sheet][0])}'!{cells}"


def write_recheck(result: Assessment, path: str | Path, language: str = "zh") -> None:
    """Write the recheck workbook, so that anybody can check by hand that every score and grade
    follows.

    Points, cutoffs, limits and the units' data are tinted inputs; all else are formulas that a
    spreadsheet recomputes when an input is changed, with the engine's numbers as their present
    values. Sums are taken as ROUND(…, 10) before they are rounded or compared, as the engine does
    in ticks of 1e-10 points. The same result gives the same bytes.

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
    sheet = pen.book.add_worksheet(pen.of(SHEETS[kind][0]))
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
        texts = [
            (pen.of(cell), width)
            for cell, width in zip(row, widths, strict=False)
            if isinstance(cell, Text)
        ]
        wide = max((_width(text) / (width - 2) for text, width in texts), default=0)
        if wide > 0.95:  # no spreadsheet is sure to grow a row to its text by itself
            sheet.set_row(r, 15 * (1 + int(wide * 1.15)))
        for c, cell in enumerate(row):
            if isinstance(cell, Text):
                look = HEAD if isinstance(row, tuple) else {"text_wrap": True}
                sheet.write_string(r, c, pen.of(cell), pen.style(**look))
            elif isinstance(cell, str):
                sheet.write_string(
                    r, c, cell, pen.style(**({} if cell else {"bg_color": "#e4e4e4"}))
                )
            elif isinstance(cell, Cell) and cell.formula:
                align = "center" if isinstance(cell.value, str | int) else "right"
                style = pen.style(num_format=cell.pattern, align=align)
                write = sheet.write_array_formula if cell.array else sheet.write_formula
                write(*(r, c) * (1 + cell.array), cell.formula, style, cell.value)
            elif cell is not None:
                value, pattern = cell[1:3] if isinstance(cell, Cell) else (cell, "General")
                sheet.write_number(r, c, value, pen.style(num_format=pattern, bg_color="#fff4d6"))


def _width(text: str) -> int:
    return len(text.encode("gb18030", "replace"))


def _units(pen: Pen, kind: str, columns: list[Column], top: Text = POINTS) -> None:
    """A sheet with a row for each unit."""
    labels = [pen.of(label) for label in pen.result.table.labels]
    units = zip(*(np.asarray(column.values).tolist() for column in columns), strict=True)

    def cell(k: int, column: Column, value: Any) -> Any:
        formula = column.other.get(k, column.formula)
        filled = formula and "=" + formula.replace("{r}", str(FIRST + k))
        return (
            ""
            if formula == ""
            else Cell(filled, "" if value != value else value, column.pattern, column.array)
        )

    heads = [
        (words.UNIT, *(column.title for column in columns)),
        [top, *(column.top for column in columns)],
    ]
    rows = ([labels[k], *map(cell, repeat(k), columns, row)] for k, row in enumerate(units))
    widths = [max(12, min(2 + max(map(_width, labels)), 40)), *[13] * len(columns)]
    _grid(pen, kind, SHEETS[kind][0], chain(heads, rows), widths, (FIRST - 1, 1))


def _notes(pen: Pen) -> None:
    scheme = pen.result.scheme
    leaf, node, total = (
        words.rounding(getattr(scheme.rounding, stage)) for stage in ("leaf", "node", "total")
    )
    rounded = say(
        zh="单项得分{leaf}，中间各级{node}，总分{total}。取整和比较前先四舍五入到10位小数，"
        "消除二进制误差；用INT取整处使−0.5记为0。",
        en="Leaf scores {leaf}; inner nodes {node}; total {total}. Before rounding and comparing, "
        "values are rounded to 10 decimals "
        "against binary error; where INT rounds, −0.5 gives 0.",
        leaf=leaf,
        node=node,
        total=total,
    )
    rows = [[Text("方案", "Scheme"), scheme.name]]
    rows += [[Text("数据", "Data"), Text("模拟数据。", "Synthetic data.")]] * scheme.synthetic
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
    tree, full, depth = result.engine.tree, result.engine.points.tolist(), {}
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
    scheme, e = pen.result.scheme, pen.result.engine
    d, size, nodes = e.points.size, len(scheme.grades), _nodes(pen.result)
    rows: list[Any] = [
        (Text("级别", "Level"), Text("指标", "Indicator"), POINTS, Text("汇总", "Combined"))
    ]

    def put(key: Any, lead: Any, *cells: Any) -> None:
        pen.cells[key] = pen.at("points", f"$C${len(rows) + 2}")
        rows.append([same(str(lead)), *cells])

    row_of = {node[0]: f"C{3 + k}" for k, node in enumerate(nodes)}
    for number, name, depth, full in nodes:
        name, parts, order = same("    " * depth + pen.of(name)), (), 1.0
        if number >= d:
            order, parts = (
                e.tree.order[number - d],
                [row_of[c] for c in e.tree.children[number - d]],
            )
        how = MEANS.get(order, say(zh="{r:g}次幂平均", en="power mean, order {r:g}", r=order))
        put(
            number,
            depth,
            name,
            *([Cell(f"=SUM({','.join(parts)})", full), how] if parts else [full]),
        )
    groups = list(dict.fromkeys(map(tuple, e.cutoffs.tolist())))
    titles = [_classes(pen.result, (e.cutoffs == np.array(g)).all(axis=1)) for g in groups]
    rows += [[], (PLACE, words.GRADE, *(titles if len(groups) > 1 else [Text("分数线", "Cutoff")]))]
    for p, item in enumerate(scheme.grades):
        pen.cells.update(
            {
                (g, p): pen.at("points", f"${letter(2 + c)}${len(rows) + 2}")
                for c, g in enumerate(groups)
            }
        )
        least = [float(from_ticks(g[size - 2 - p])) for g in groups if p < size - 1]
        rows.append([same(str(p + 1)), item.label, *least])
    pen.cells["grades"] = pen.at("points", f"$B${len(rows) + 2 - size}:$B${len(rows) + 1}")
    rows += [[], (PLACE, Text("限额", "Limit"), Text("数值", "Value"))]
    put("cap", "", Text("总分封顶", "Cap of the total"), float(from_ticks(e.cap)))
    if e.floor is not None:
        put("floor", "", Text("总分保底", "Floor of the total"), float(from_ticks(e.floor)))
    most = {"bonus": (Text("加分合计上限", "Most of all bonus items"), scheme.bonus_cap)}
    most |= {"deduction": (Text("减分合计上限", "Most of all deductions"), scheme.deduction_cap)}
    for key, (name, value) in most.items():
        if value is not None:
            put(key, "", name, value)
    for i, step in enumerate(e.rivals):
        put(("rival", i), size - step.grade, _rival(pen.result, step), float(step.most))
    width = min(max(_width(pen.of(row[1])) for row in rows if row) + 4, 60)
    _grid(
        pen,
        "points",
        Text("分值、分数线和限额", "Points, cutoffs and limits"),
        rows,
        [14, width, 14, 24],
        (2, 0),
    )


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
    name = say(zh="{grade}限额", en="limit on {grade}", grade=label)
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


def _node(order: float, v: str, p: str, whole: str, blanks: bool) -> str:
    """The score of an inner node from its children's scores and points, as the engine takes it."""
    if order == 1 and not blanks:
        return f"SUM({v})"
    seen, share = f"SUMPRODUCT(ISNUMBER({v})*{p})", f"IF(ISNUMBER({v})*({p}>0),{v}/{p},1)"
    if order == 1:
        return f"IF({seen}>0,SUM({v})*{whole}/{seen},0)"
    power = f"POWER({share},{order!r})" if order else f"LN({share})"
    mean = f"SUMPRODUCT(ISNUMBER({v})*{p}*{power})/{seen}"
    mean = f"{whole}*POWER({mean},1/({order!r}))" if order else f"{whole}*EXP({mean})"
    if order <= 0:  # a share of 0 makes the mean 0
        mean = f"IF(SUMPRODUCT(ISNUMBER({v})*({p}>0)*({v}=0))>0,0,{mean})"
    return f"IF({seen}>0,{mean},0)"


def _peers(pen: Pen, slopes: list[Column]) -> dict[int, dict[int, str]]:
    """By leaf and unit, the mean of similar units that a blank takes; the units averaged are marked
    in more columns."""
    e, keys, taken = pen.result.engine, [], {}
    d, own = len(slopes), lambda c: f"{letter(c)}${FIRST}:{letter(c)}${FIRST + len(e.slope) - 1}"
    for mean in e.means:
        j, mask = mean.leaf, np.isin(np.arange(len(e.slope)), mean.peers).astype(float)
        if (key := (j, mask.tobytes())) not in keys:
            keys.append(key)
            p, marks = pen.cells[j], own(d + len(keys))
            x = f"({own(1 + j)}*{p}+{pen.at('const', own(1 + j))})"
            top = f"=SUMPRODUCT({marks}*(({x}>0)*({x}<{p})*{x}+({x}>={p})*{p}))/SUM({marks})"
            value = leaf_scores(e.slope[mean.peers, j], e.const[mean.peers, j], e.points[j]).mean()
            title = say(
                zh="{leaf}：同类平均（1为计入）",
                en="{leaf}: mean of peers (marked 1)",
                leaf=slopes[j].title,
            )
            slopes.append(Column(title, mask, None, "0", Cell(top, float(value))))
        taken.setdefault(j, {})[mean.unit] = pen.at("slope", f"{letter(1 + d + keys.index(key))}$3")
    return taken


def _tree(pen: Pen) -> str:
    """Slopes, constants, leaf scores and inner nodes, the deepest first, so that siblings stand
    side by side; returns the column of the base score."""
    result, e, tree = pen.result, pen.result.engine, pen.result.engine.tree
    d, scores, blank = e.points.size, np.concatenate(node_scores(e), axis=1), [*tree.blank.T]
    nodes = sorted(_nodes(result), key=lambda node: -node[2])
    tops = {number: Cell(f"={pen.cells[number]}", full) for number, _, _, full in nodes}
    leaves = [(j, leaf.name) for j, leaf in enumerate(result.scheme.leaves)]
    sheets = [
        [Column(name, x[:, j], None, "0.0000", tops[j]) for j, name in leaves]
        for x in (e.slope, e.const)
    ]
    peers, some = _peers(pen, sheets[0]), [column.any() for column in blank]
    for kind, columns in zip(("slope", "const"), sheets, strict=True):
        _units(pen, kind, columns)
    for children in tree.children:
        blank.append(np.logical_and.reduce([blank[c] for c in children]))
        some.append(any(some[c] for c in children))
    at, columns = {node[0]: letter(c) for c, node in enumerate(nodes, 1)}, []
    for number, name, depth, _ in nodes:
        own, values, other, order = (
            f"{at[number]}$3",
            np.where(blank[number], np.nan, scores[:, number]),
            {},
            1,
        )
        rule = tree.leaf_rounding if number < d else tree.node_rounding if depth else None
        if number < d:
            a, b = (pen.at(kind, letter(1 + number)) + "{r}" for kind in ("slope", "const"))
            formula = _rounded(f"MAX(0,MIN({own},{a}*{own}+{b}))", rule)
            other = {
                k: _rounded(f"MAX(0,MIN({own},{mean}))", rule)
                for k, mean in peers.get(number, {}).items()
            }
            other |= {int(k): "" for k in np.flatnonzero(blank[number])}
        else:
            order, first, last = (
                tree.order[number - d],
                *(at[tree.children[number - d][end]] for end in (0, -1)),
            )
            v = f"{first}{{r}}:{last}{{r}}"
            formula = _rounded(_node(order, v, f"{first}$3:{last}$3", own, some[number]), rule)
            formula = f'IF(COUNT({v})=0,"",{formula})' if some[number] and depth else formula
        if not depth:
            name, formula, values = BASE, f"ROUND({formula},{DECIMALS})", from_ticks(result.base)
        columns.append(
            Column(name, values, formula, _pattern(rule), tops[number], other, order != 1)
        )
    _units(pen, "tree", columns)
    return pen.at("tree", at[nodes[-1][0]]) + "{r}"


def _final(pen: Pen, base_at: str) -> None:
    """From the base score to the grade."""
    result, e, base, cells = pen.result, pen.result.engine, pen.result.base.to_numpy(), pen.cells
    scheme, size, columns, outside = result.scheme, len(result.scheme.grades), [], {}
    labels = np.array([pen.of(item.label) for item in scheme.grades], dtype=object)

    def add(title: Text, values: Any, *formula: Any, **more: Any) -> str:
        columns.append(Column(title, values, *formula, **more))
        return letter(len(columns)) + "{r}"

    def graded(title: Text, codes: np.ndarray, formula: str, **more: Any) -> str:
        numbers = size - codes.astype(int)
        place = add(say(zh="{t}（序号）", en="{t} (number)", t=title), numbers, formula, **more)
        add(title, labels[numbers - 1], f"INDEX({cells['grades']},{place})")
        return place

    def every(cell: str) -> str:
        return (
            cell.replace("{r}", f"${FIRST}")
            + ":"
            + cell.replace("{r}", f"${FIRST + len(base) - 1}")
        )

    for kind in ("bonus", "deduction"):
        chosen = [(item.name, b) for b, item in enumerate(scheme.bonuses) if item.kind == kind]
        items = [add(name, result.table.bonuses[:, b]) for name, b in chosen]
        total = f"SUM({items[0]}:{items[-1]})" if items else "0"
        outside[kind] = f"MIN({total},{cells[kind]})" if kind in cells else total
    later, done = scheme.order.cap == "before_deductions", steps(e, base)
    x = key = add(BASE, from_ticks(done.pop("base")), base_at, _pattern(None))
    for step, ticks in done.items():
        off, rounded = (
            outside["deduction"],
            _rounded(x, e.rounding, bool(scheme.bonuses) and not e.round_first),
        )
        net = f"ROUND({x}+{outside['bonus']}" + f"-{off}" * (not later) + f",{DECIMALS})"
        title, happens, formula = {
            "rounding": (Text("取整后", "After rounding"), e.rounding, rounded),
            "bonus": (Text("加减分后", "After bonus and deductions"), scheme.bonuses, net),
            "cap": (Text("封顶后", "After the cap"), True, f"MIN({x},{cells['cap']})"),
            "late": (
                Text("封顶后减分", "After the deductions"),
                scheme.bonuses and later,
                f"ROUND({x}-{off},{DECIMALS})",
            ),
            "floor": (
                Text("保底后", "After the floor"),
                "floor" in cells,
                f"MAX({x},{cells.get('floor')})",
            ),
        }[step]
        if happens:
            x = add(
                title,
                from_ticks(ticks),
                formula,
                _pattern(e.rounding if step == "rounding" else None),
            )
    x = add(Text("公布得分", "Published score"), result.scores, x, _pattern(e.rounding))
    key = key if e.rank_on_base else x
    add(words.RANK, result.ranks, f"RANK({key},{every(key)},0)")
    groups = [*map(tuple, e.cutoffs.tolist())]
    chains = dict.fromkeys(groups, str(size))
    for p in reversed(range(size - 1)):
        chains = {group: f"IF({x}>={cells[group, p]},{p + 1},{chains[group]})" for group in chains}
    own = {k: chains[group] for k, group in enumerate(groups)}
    place = graded(
        Text("按得分等级", "Grade by score"), score_grades(e, base), chains[groups[0]], other=own
    )
    used, taken = replace(e, shift=e.shift * 0, ceiling=np.full_like(e.ceiling, size - 1)), 0
    veto = [None] * bool(scheme.vetoes)
    for step in [*veto, *e.rivals] if e.veto_first else [*e.rivals, *veto]:
        if step is None:
            used, title = e, Text("否决后等级", "Grade after vetoes")
            best = add(Text("否决后最高等级序号", "Best grade number left"), size - e.ceiling)
            off = add(Text("否决下调级数", "Grades taken off"), e.shift)
            formula = f"MAX(MIN({size},{place}+{off}),{best})"
        else:
            among, me, worst, most, title = (
                "",
                "",
                size - step.grade,
                cells["rival", taken],
                _rival(result, step),
            )
            if step.members is not None:
                me = add(Text("计入限额", "Counted"), step.members.astype(float))
                among, me = f"{every(me)}*", f"{me}=1,"
            among += "1" if step.last else f"({every(place)}<={worst})"
            sign = ("<" if step.last else ">") + "=" * (not step.ties_in)
            count = f"SUMPRODUCT({among}*({every(key)}{sign}{key})){'+1' * step.ties_in}"
            out = f"AND({me}{place}<={worst},{count}>{most}),{worst + 1}"
            formula = (
                f"IF({f'AND({me}{count}<={most}),MAX({place},{worst})' if step.last else out},"
                f"{place})"
            )
            taken += 1
        place = graded(title, grade(replace(used, rivals=e.rivals[:taken]), base), formula)
    final = size - result.grades.cat.codes.to_numpy().astype(int)
    add(words.GRADE, labels[final - 1], f"INDEX({cells['grades']},{place})")
    _units(pen, "final", columns, same(""))
