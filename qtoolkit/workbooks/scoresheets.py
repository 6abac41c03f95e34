"""Score sheets: a workbook for each assessor, in it a sheet for each stage that he or she marks
(items × units) and for each vote (units × vote). `scorebooks` reads them back.

Column A of a sheet is hidden; its first cell, a JSON object, says of which scheme, stage and
assessor the sheet is. Everything else is known by what is to be seen: a unit by the header of its
column, an item by its name beside the marks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

from qtoolkit.errors import InputError, Problems, clip, nearest
from qtoolkit.filing import safe_name
from qtoolkit.inputs.naming import Called, Named
from qtoolkit.inputs.panels import Assessor
from qtoolkit.inputs.ratings import marks_at, why_unmarked
from qtoolkit.inputs.roster import Candidate, Roster
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.language import Text, say
from qtoolkit.workbooks.schemesheets import LEVELS
from qtoolkit.workbooks.sheetxml import letters
from qtoolkit.workbooks.template import scheme_mark, standard_of
from qtoolkit.workbooks.writing import sheet_name, workbook

KEY = "qtoolkit"
"""In the hidden cell: the scheme's mark; beside it stand `stage` and `assessor`."""
ITEM, POINTS, RANGE = Text("评分项", "Item"), Text("分值", "Points"), Text("评分范围", "Marks")
STANDARD = Text("评分标准", "Standard")
UNIT, VOTE = Text("考核对象", "Unit"), Text("表决", "Vote")
ASSESSOR, GROUP = Text("评委：", "Assessor: "), Text("考核组：", "Group: ")
SIGNED = Text("评委签名：", "Signature: ")
WITHDRAWN = Text("回避", "recused")
BALLOT = (Text("同意", "yes"), Text("不同意", "no"), Text("弃权", "abstained"), WITHDRAWN)
WHOLE = Text("评分表", "Score sheet")
"""The stage of a scheme that has none."""
UNITS_A_PAGE = 18  # columns that can still be read on A4
LEVEL_WIDTH, ITEM_WIDTH, STANDARD_WIDTH = 12, 20, 26
LONGEST_LIST = 255  # characters of a drop-down list that Excel takes


@dataclass(frozen=True)
class MarkedStage:
    """A stage at which assessors mark `leaves`, or a vote, which has none; `id` is "" where marks
    are of no stage."""

    id: str
    name: Text
    leaves: tuple[Indicator, ...] = ()

    @property
    def is_vote(self) -> bool:
        return not self.leaves


def marked_stages(scheme: Scheme, roster: Roster) -> list[MarkedStage]:
    """The stages at which assessors mark, and the votes. Leaves of which the table of data has
    values of its own are not theirs to mark."""
    names = {"": WHOLE} | {stage.id: stage.name for stage in scheme.stages}
    found = []
    for id, name in names.items():
        leaves = [
            leaf
            for leaf in scheme.leaves
            if why_unmarked(leaf, id, scheme) is None
            and (f"{leaf.id}@{id}" if id else leaf.id) not in roster.filled
        ]
        if leaves:
            found.append(MarkedStage(id, name, tuple(leaves)))
    votes = [(veto.id, veto.vote.name) for veto in scheme.vetoes if veto.vote is not None]
    return found + [MarkedStage(id, name) for id, name in votes]


def stages_of(
    scheme: Scheme, assessor: Assessor, stages: Sequence[MarkedStage]
) -> list[MarkedStage]:
    """The stages at which somebody marks or votes. A later stage, which replaces or corrects what
    the others gave, is that of those alone whose `stages` name it."""
    later = {stage.id for stage in scheme.stages if stage.effect != "part"}
    return [
        stage
        for stage in stages
        if marks_at(assessor, stage.id) and (stage.id not in later or stage.id in assessor.stages)
    ]


def units_for(assessor: Assessor, roster: Roster) -> list[Candidate]:
    """The units that somebody marks, those from whom he or she withdraws among them."""
    return [unit for unit in roster.passed if not assessor.units or unit.id in assessor.units]


def listed(scheme: Scheme, roster: Roster) -> tuple[Assessor, ...]:
    """The assessors whom the scheme lists.

    Raises
    ------
    InputError
        There is no list, or it names a unit that the table of data does not have.
    """
    assessors = scheme.panel.assessors if scheme.panel is not None else ()
    if not assessors:
        raise InputError(
            say(
                zh="方案没有评委名单，请列在 panel.assessors 中，如 {example}",
                en="the scheme lists no assessors: list them under panel.assessors, such as "
                "{example}",
                example="- {name: 张三, group: 一组, stages: [...], units: [...], recused: [...]}",
            )
        )
    known, problems = [unit.id for unit in roster.candidates], Problems()
    for assessor in assessors:
        for name in (*assessor.units, *assessor.recused):
            if name not in known:
                text = say(
                    zh="评委“{assessor}”：数据表中没有考核对象“{unit}”{hint}",
                    en="assessor “{assessor}”: the table of data has no unit “{unit}”{hint}",
                    assessor=assessor.name,
                    unit=clip(name),
                    hint=nearest(name, known),
                )
                problems.add(text, column="panel.assessors")
    problems.stop()
    return assessors


def written_name(part: Named, called: Called, language: str) -> str:
    """What a sheet calls a part of the scheme or a unit: its name, or its id where that name may
    mean another."""
    name = part.name.of(language)
    return name if called.ids(name) == [part.id] else part.id


class CalledUnits(Called):
    """What units are called."""

    one = Text("考核对象", "unit")
    many = Text("家考核对象", "units")


def write_score_sheets(
    scheme: Scheme, roster: Roster, folder: str | Path, language: str = "zh"
) -> dict[str, Path]:
    """Write a workbook for each assessor of the scheme's list; the paths written, by name. Somebody
    with nothing to mark gets none.

    Parameters
    ----------
    roster : Roster
        Whom the table of data names: units that failed a screen are not in the sheets, and leaves
        with values of their own are not marked.
    folder : path
        Is made where it is not there.
    language : "zh" or "en"
        Of sheets and titles; either is read.

    Raises
    ------
    InputError
        The scheme lists no assessors, or nobody has anything to mark.
    """
    folder, stages = Path(folder), marked_stages(scheme, roster)
    tasks = {
        assessor: stages_of(scheme, assessor, stages)
        for assessor in listed(scheme, roster)
        if units_for(assessor, roster)
    }
    tasks = {assessor: own for assessor, own in tasks.items() if own}
    if not tasks:
        raise InputError(
            say(
                zh="名单上的评委没有要评的阶段或考核对象",
                en="the assessors that are listed have no stage or no unit to mark",
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for assessor, own in tasks.items():
        paths[assessor.name] = _free(folder, assessor.name, paths)
        with workbook(paths[assessor.name]) as out:
            styles, taken = _Styles(out), set[str]()
            for stage in own:
                sheet = out.add_worksheet(sheet_name(stage.name.of(language), taken))
                _Sheet(sheet, styles, scheme, roster, assessor, stage, language).write()
    return paths


def idle(scheme: Scheme, paths: Iterable[str]) -> list[Text]:
    """Sentences that name the assessors of the list who are not among those with a workbook."""
    with_one = set(paths)
    return [
        say(
            zh="没有要评的阶段或考核对象，不生成评分表：{name}",
            en="no stage or no unit to mark, so no score sheet: {name}",
            name=assessor.name,
        )
        for assessor in (scheme.panel.assessors if scheme.panel else ())
        if assessor.name not in with_one
    ]


def _free(folder: Path, name: str, paths: dict[str, Path]) -> Path:
    """A file of an assessor's name; of two names that a system takes for one, the second has a
    number."""
    taken = {path.name.casefold() for path in paths.values()}
    base, n = safe_name(name), 1
    while (file := f"{base}{'' if n == 1 else f' {n}'}.xlsx").casefold() in taken:
        n += 1
    return folder / file


class _Styles:
    """The looks of the cells of a workbook."""

    def __init__(self, out: Any):
        def look(**more: Any) -> Any:
            return out.add_format({"valign": "vcenter", **more})

        boxed = {"border": 1, "text_wrap": True}
        centred = {"align": "center"}
        self.title = look(bold=True, font_size=16)
        self.line = look()
        self.hint = look(font_color="#555555")
        self.head = look(bold=True, bg_color="#dde6f0", **boxed, **centred)
        self.plain = look(**boxed)
        self.number = look(**boxed, **centred)
        self.entry = look(bg_color="#fffbe6", locked=False, **boxed, **centred)
        self.withdrawn = look(bg_color="#d9d9d9", font_color="#555555", **boxed, **centred)


class _Sheet:
    """A sheet of one assessor and one stage, while it is written."""

    HEAD = 4  # the header's row, from 0

    def __init__(
        self,
        sheet: Any,
        styles: _Styles,
        scheme: Scheme,
        roster: Roster,
        assessor: Assessor,
        stage: MarkedStage,
        language: str,
    ):
        self.sheet, self.styles, self.scheme, self.roster = sheet, styles, scheme, roster
        self.assessor, self.stage, self.language = assessor, stage, language
        self.units = units_for(assessor, roster)
        called = CalledUnits(roster.candidates)
        self.names = [written_name(unit, called, language) for unit in self.units]

    def write(self) -> None:
        """All of the sheet."""
        key = {
            KEY: scheme_mark(self.scheme),
            "stage": self.stage.id,
            "assessor": self.assessor.name,
        }
        self.sheet.write_string(0, 0, json.dumps(key, ensure_ascii=False, sort_keys=True))
        self.sheet.set_column(0, 0, None, None, {"hidden": True})
        last = self._ballot() if self.stage.is_vote else self._marks()
        self._above()
        self._below(last + 2)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
        self.sheet.repeat_rows(self.HEAD)
        self.sheet.set_footer("&L&A&C&P / &N")
        # against slips: there is no password
        allowed = ("format_cells", "format_columns", "format_rows", "select_locked_cells")
        self.sheet.protect("", dict.fromkeys(allowed, True))

    def _above(self) -> None:
        """What is marked, by whom, and how."""
        words = say(
            zh="{scheme}  {stage}",
            en="{scheme}: {stage}",
            scheme=self.scheme.name,
            stage=self.stage.name,
        )
        self._text(0, words, self.styles.title)
        self.sheet.set_row(0, 28)
        self._text(1, Text(*(f"{w}{self.assessor.name}" for w in (ASSESSOR.zh, ASSESSOR.en))))
        if self.assessor.group:
            self._text(2, Text(*(f"{w}{self.assessor.group}" for w in (GROUP.zh, GROUP.en))))
        self._text(3, self._how(), self.styles.hint)
        self.sheet.set_row(3, 22)

    def _how(self) -> Text:
        """What to write into the yellow cells."""
        if self.stage.is_vote:
            return Text(
                "实名表决：在浅黄色单元格中选“同意”“不同意”或“弃权”，不要留空。",
                "A vote by name: choose yes, no or abstained in each pale yellow cell; leave none "
                "blank.",
            )
        step = self.scheme.panel.step if self.scheme.panel else None
        if step is None:
            return Text(
                "在浅黄色单元格中打分，不要留空；对某一对象回避的，写“回避”。",
                "Mark in the pale yellow cells and leave none blank; where you withdraw from a "
                "unit write “recused”.",
            )
        return say(
            zh="在浅黄色单元格中打分，每 {step:.10g} 分一档，不要留空；"
            "对某一对象回避的，写“回避”。",
            en="Mark in the pale yellow cells, in steps of {step:.10g}, and leave none blank; "
            "where you withdraw from a unit write “recused”.",
            step=step,
        )

    def _below(self, row: int) -> None:
        """The line to sign."""
        line = Text(
            f"{SIGNED.zh}________________        日期：________年____月____日",
            f"{SIGNED.en}________________        Date: ________________",
        )
        self._text(row, line)
        self.sheet.set_row(row, 28)

    def _text(self, row: int, text: Text, style: Any = None) -> None:
        self.sheet.write_string(row, 1, text.of(self.language), style or self.styles.line)

    def _ballot(self) -> int:
        """The header, and a row a unit; the last row."""
        for column, (title, width) in enumerate(((UNIT, 32), (VOTE, 16)), 1):
            self.sheet.write_string(self.HEAD, column, title.of(self.language), self.styles.head)
            self.sheet.set_column(column, column, width)
        words = [word.of(self.language) for word in BALLOT]
        for row, (unit, name) in enumerate(zip(self.units, self.names, strict=True), self.HEAD + 1):
            self.sheet.set_row(row, 24)
            self.sheet.write_string(row, 1, name, self.styles.plain)
            self._entry(row, 2, unit)
        last = self.HEAD + len(self.units)
        choice = {"validate": "list", "source": words}
        self.sheet.data_validation(self.HEAD + 1, 2, last, 2, choice)
        self.sheet.freeze_panes(self.HEAD + 1, 2)
        self.sheet.fit_to_pages(1, 0)
        return last

    def _marks(self) -> int:
        """The header, and a row an item with its upper levels, points, standard and a cell for each
        unit; the last row."""
        above = [self._above_leaf(leaf) for leaf in self.stage.leaves]
        depth = max(map(len, above))
        first = self._header(depth)
        before: list[str] = []
        for row, (leaf, levels) in enumerate(
            zip(self.stage.leaves, above, strict=True), self.HEAD + 1
        ):
            levels += [""] * (depth - len(levels))
            shown = ["" if levels[: i + 1] == before[: i + 1] else w for i, w in enumerate(levels)]
            self._about_leaf(row, leaf, shown)
            before = levels
            for column, unit in enumerate(self.units, first):
                self._entry(row, column, unit)
            right = first + len(self.units) - 1
            self.sheet.data_validation(row, first, row, right, self._allowed(leaf, row, first))
        self.sheet.freeze_panes(self.HEAD + 1, depth + 2)
        self.sheet.repeat_columns(1, depth + 1)
        self.sheet.fit_to_pages(-(-len(self.units) // UNITS_A_PAGE), 0)
        return self.HEAD + len(above)

    def _about_leaf(self, row: int, leaf: Indicator, levels: list[str]) -> None:
        """What stands left of an item's marks."""
        name = written_name(leaf, Called(self.scheme.leaves), self.language)
        standard = standard_of(leaf).of(self.language)
        column = len(levels) + 1
        for i, word in enumerate((*levels, name), 1):
            self.sheet.write_string(row, i, word, self.styles.plain)
        self.sheet.write_number(row, column + 1, leaf.full_points, self.styles.number)
        self.sheet.write_string(row, column + 2, range_of(leaf), self.styles.number)
        self.sheet.write_string(row, column + 3, standard, self.styles.plain)
        texts = [(standard, STANDARD_WIDTH), (name, ITEM_WIDTH)]
        self.sheet.set_row(row, _height([*texts, *((word, LEVEL_WIDTH) for word in levels)]))

    def _above_leaf(self, leaf: Indicator) -> list[str]:
        """The names of the levels above a leaf, the first first."""
        return [
            node.name.of(self.language)
            for node in self.scheme.nodes
            if node.id != leaf.id and any(below.id == leaf.id for below in node.walk())
        ]

    def _header(self, depth: int) -> int:
        """Write the header below which `depth` upper levels stand; the first unit's column."""
        levels = [Text(LEVELS[i], f"Level {i + 1}") for i in range(depth)]
        titles = [w.of(self.language) for w in (*levels, ITEM, POINTS, RANGE, STANDARD)]
        widths = [LEVEL_WIDTH] * depth + [ITEM_WIDTH, 7, 10, STANDARD_WIDTH]
        wide = max(6, 120 // max(len(self.names), 12))  # of a unit: few may have long names
        widths += [wide] * len(self.names)
        for column, (title, width) in enumerate(
            zip([*titles, *self.names], widths, strict=True), 1
        ):
            self.sheet.write_string(self.HEAD, column, title, self.styles.head)
            self.sheet.set_column(column, column, width)
        self.sheet.set_row(self.HEAD, _height([(name, wide) for name in self.names]))
        return len(titles) + 1

    def _entry(self, row: int, column: int, unit: Candidate) -> None:
        """A cell to write into; a grey one where the assessor withdraws."""
        if unit.id in self.assessor.recused:
            word = WITHDRAWN.of(self.language)
            self.sheet.write_string(row, column, word, self.styles.withdrawn)
        else:
            self.sheet.write_blank(row, column, None, self.styles.entry)

    def _allowed(self, leaf: Indicator, row: int, column: int) -> dict[str, Any]:
        """What Excel lets somebody write as a mark: one of a list, where that is short enough, or
        what a formula about the row's first cell allows."""
        step = self.scheme.panel.step if self.scheme.panel else None
        low, high = leaf.leaf_rule.limits(leaf.written_for)
        word, cell = WITHDRAWN.of(self.language), f"{letters(column)}{row + 1}"
        if step is not None and low is not None and high is not None:
            marks = [*steps_between(low, high, step), word]
            if len(",".join(marks)) <= LONGEST_LIST:
                return {"validate": "list", "source": marks}
        tests = [f"ISNUMBER({cell})"]
        tests += [] if low is None else [f"{cell}>={low!r}"]
        tests += [] if high is None else [f"{cell}<={high!r}"]
        if step is not None:
            tests.append(f"ABS({cell}/{step!r}-ROUND({cell}/{step!r},0))<0.000001")
        number = f"IFERROR(AND({','.join(tests)}),FALSE)"
        return {"validate": "custom", "value": f'=OR({cell}="{word}",{number})'}


def _height(texts: Iterable[tuple[str, int]]) -> int:
    """A row's height for texts in columns of these widths."""
    lines = [
        sum(-(-max(len(part.encode("gb18030", "replace")), 1) // (width - 1)) for part in parts)
        for parts, width in ((text.split("\n"), width) for text, width in texts)
    ]
    return 15 * max([1, *lines]) + 6


def range_of(leaf: Indicator) -> str:
    """The least and the greatest mark of a leaf, as a sheet says it; "" where there is no end."""
    low, high = leaf.leaf_rule.limits(leaf.written_for)
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"≥ {low:.10g}" if low is not None else f"≤ {high:.10g}"
    return f"{low:.10g}–{high:.10g}"


def steps_between(low: float, high: float, step: float) -> list[str]:
    """The multiples of `step` from `low` to `high` as they are typed, no more of them than
    LONGEST_LIST.

    >>> steps_between(0, 1, 0.25), steps_between(1, 10, 5)
    (['0', '0.25', '0.5', '0.75', '1'], ['5', '10'])
    """
    size, least, most = (Decimal(repr(float(x))) for x in (step, low, high))
    first = int((least / size).to_integral_value(ROUND_CEILING))
    last = min(int((most / size).to_integral_value(ROUND_FLOOR)), first + LONGEST_LIST)
    return [f"{float(number * size):.15g}" for number in range(first, last + 1)]
