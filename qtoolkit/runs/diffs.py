"""`qtoolkit diff`: what differs between two run folders, or between two files of data under one
scheme, and what each difference did."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from qtoolkit.assessment import Assessment, assess
from qtoolkit.comparison import causes, corrections
from qtoolkit.errors import Complaint, InputError, clip
from qtoolkit.filing import text_cell, write_new
from qtoolkit.inputs.case import Case, case_of, read_case
from qtoolkit.inputs.headers import PREFIXES
from qtoolkit.inputs.locate import find, find_case
from qtoolkit.inputs.parameters import read_parameters
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import LANGUAGES, Text, listing, same, say, settled
from qtoolkit.runs.folder import CASE, MANIFEST, differences, sha256
from qtoolkit.workbooks.writing import workbook

DATA_FILES = (".csv", ".xlsx", ".xlsm")
SHOWN = 20  # differences of a kind that are printed
EXPLAINED = 200  # units of which it is said why their result differs
NAMED = 5  # units, or causes, that a sentence names
PATHS = ("scheme", "data", "previous", "ratings", "changes")  # the scheme and the data tell these
COMPARED = ("params", "scheme", "data")  # the roles of files that are compared item by item
PRINT = 12  # digits of a fingerprint
PARTS = {
    "data": Text("数据", "data"),
    "points": Text("分值", "points"),
    "rules": Text("计分规则", "rules"),
    "cutoffs": Text("分数线", "cutoffs"),
    "quotas": Text("名额", "quotas"),
    "classes": Text("类别", "classes"),
    "rounding": Text("取整", "rounding"),
    "vetoes": Text("一票否决", "vetoes"),
    "bonus": Text("加减分", "bonus and deductions"),
    "units": Text("参评单位", "the units assessed"),
    "approval": Text("审定", "approval"),
}
KINDS = {
    "parameter": Text("参数", "Parameters"),
    "scheme": Text("方案", "Scheme"),
    "data": Text("数据", "Data"),
    "file": Text(
        "其他文件（只比较指纹SHA-256）", "Other files (by their SHA-256 fingerprints alone)"
    ),
    "result": Text("结果", "Results"),
}
TITLES = {
    "kind": Text("类别", "Kind"),
    "unit": Text("考核对象", "Unit"),
    "item": Text("项目", "Item"),
    "old": Text("改前", "Before"),
    "new": Text("改后", "After"),
    "score_without": Text("得分（未作此项改动）", "Score without it"),
    "score": Text("得分", "Score"),
    "rank_without": Text("位次（未作此项改动）", "Rank without it"),
    "rank": Text("位次", "Rank"),
    "grade_without": Text("等级（未作此项改动）", "Grade without it"),
    "grade": Text("等级", "Grade"),
    "others": Text("等级因此不同的其他考核对象", "Others whose grade differs by it"),
    "why": Text("原因", "Cause"),
}
Cell = str | float | None
NOTHING = same("")
ABSENT, PRESENT = Text("未参评", "not assessed"), Text("参评", "assessed")


@dataclass(frozen=True)
class Row:
    """A difference, in words and numbers; `kind` is one of KINDS."""

    kind: str
    unit: Text = NOTHING
    item: Text = NOTHING
    old: Text = NOTHING
    new: Text = NOTHING
    score_without: float | None = None
    score: float | None = None
    rank_without: int | None = None
    rank: int | None = None
    grade_without: Text = NOTHING
    grade: Text = NOTHING
    others: tuple[Text, ...] = ()
    why: Text = NOTHING


@dataclass(frozen=True)
class Difference:
    """All that differs: rows, and what could not be compared."""

    rows: tuple[Row, ...]
    notes: tuple[Text, ...]
    language: str

    def said(self) -> Iterator[Text]:
        """A summary of bounded length."""
        yield from self.notes
        if not self.rows:
            yield Text("没有不同", "Nothing differs")
        for kind, title in KINDS.items():
            rows = [row for row in self.rows if row.kind == kind]
            if not rows:
                continue
            yield say(
                zh="{title}：{n}处不同",
                en="{title}: {n:difference|differences}",
                title=title,
                n=len(rows),
            )
            for row in rows[:SHOWN]:
                yield _sentence(row)
            if len(rows) > SHOWN:
                yield say(
                    zh="  另有{n}处，用 -o 写出全部",
                    en="  and {n} more: -o writes all",
                    n=len(rows) - SHOWN,
                )


def diff(a: str, b: str, case: str | None = None) -> Difference:
    """What differs between two run folders, or between two files of data.

    Parameters
    ----------
    a, b
        The earlier and the later; two run folders, or two files (.csv, .xlsx, .xlsm).
    case
        For files: the case whose scheme both are of; if left out, the one whose params.yaml lies
        beside `a`.

    Raises
    ------
    InputError
        One folder and one file, a folder that is no untouched run, a file that cannot be read, no
        case.
    """
    paths = [find(a), find(b)]
    if len({path.is_dir() for path in paths}) == 2:
        text = say(
            zh="“{a}”与“{b}”一个是文件夹、一个是文件：请给出两个测算结果文件夹，或两个数据文件",
            en="of “{a}” and “{b}” one is a folder and one a file: give two run folders, or two "
            "files of data",
            a=clip(a),
            b=clip(b),
        )
        raise InputError(text)
    return _of_runs(paths, case) if paths[0].is_dir() else _of_files(paths, case)


def _of_runs(folders: Sequence[Path], case: str | None) -> Difference:
    if case is not None:
        text = Text("比较两个测算结果文件夹时不写 --case", "two run folders take no --case")
        raise InputError(text)
    for folder in folders:
        _check_run(folder)
    cases = [read_case(folder / CASE) for folder in folders]
    before, after = (assess(each.scheme, each.table) for each in cases)
    rows = [
        *_parameters(*cases),
        *_scheme(before.scheme, after.scheme),
    ]
    old, notes = _under(before, after)
    rows += [] if old is None else _data(old, after)
    rows += _files(*cases)
    rows += _results(before, after)
    notes = (*_synthetic(after.scheme), *notes)
    return Difference(tuple(rows), notes, cases[1].parameters.language)


def _synthetic(scheme: Scheme) -> tuple[Text, ...]:
    return (Text("（模拟数据）", "(Synthetic data)"),) if scheme.synthetic else ()


def _check_run(folder: Path) -> None:
    """Refuse a folder that is no run, or in which something was changed."""
    mismatches = differences(folder)
    if mismatches is None:
        text = say(
            zh="{folder} 不是测算结果文件夹：没有完好的 {name}",
            en="{folder} is no run folder: it has no sound {name}",
            folder=folder,
            name=MANIFEST,
        )
        raise InputError(text)
    if mismatches:
        text = say(
            zh="{folder} 与其清单不符，不能比较（{what}）",
            en="{folder} is not what its manifest says, and is not compared ({what})",
            folder=folder,
            what=listing(mismatches, most=NAMED),
        )
        raise InputError(text)


def _under(before: Assessment, after: Assessment) -> tuple[Assessment | None, tuple[Text, ...]]:
    """The earlier data assessed under the later scheme; None, and why, where they are of other
    indicators."""
    if before.scheme == after.scheme:
        return before, ()
    if _shape(before.scheme) == _shape(after.scheme):
        try:
            return after.anew(table=before.table), ()
        except InputError as error:
            why = error.complaints[0].text
    else:
        why = Text("指标、否决或加减分项目不同", "indicators, vetoes or bonus items differ")
    text = say(
        zh="前后两次的数据不能按同一方案逐格比较：{why}",
        en="the data cannot be compared cell by cell under one scheme: {why}",
        why=why,
    )
    return None, (text,)


def _shape(scheme: Scheme) -> list[list[str]]:
    """What the arrays of a table are of, and what values mean."""
    leaves = [f"{leaf.id} {leaf.leaf_rule.kind}" for leaf in scheme.leaves]
    parts = (scheme.vetoes, scheme.bonuses, scheme.stages)
    return [leaves, *([item.id for item in part] for part in parts)]


def _of_files(paths: Sequence[Path], case: str | None) -> Difference:
    for path in paths:
        if path.suffix.lower() not in DATA_FILES:
            text = say(
                zh="数据文件应为 .csv、.xlsx 或 .xlsm，现为“{name}”",
                en="expected data in a .csv, .xlsx or .xlsm file, found “{name}”",
                name=clip(path.name),
            )
            raise InputError(text)
    read = [_with_data(_case_beside(paths[0], case), path) for path in paths]
    before, after = (assess(each.scheme, each.table) for each in read)
    notes = _synthetic(after.scheme)
    return Difference(tuple(_data(before, after)), notes, read[1].parameters.language)


def _case_beside(path: Path, case: str | None) -> Path:
    """The params.yaml, or the workbook, of the case whose scheme the data are of."""
    if case is not None:
        place = find_case(case)
        return place / "params.yaml" if place.is_dir() else place
    beside = path.parent / "params.yaml"
    if not beside.is_file():
        text = say(
            zh="{path} 旁没有 params.yaml，不知道按哪个方案比较；请用 --case 指明案例",
            en="no params.yaml lies beside {path}, so the scheme is not known: name the case with "
            "--case",
            path=clip(path, 200),
        )
        raise InputError(text)
    return beside


def _with_data(params: Path, data: Path) -> Case:
    """A case with another file of data; complaints name that file as it was given."""
    parameters = read_parameters(params)
    parameters = parameters.model_copy(update={"data": str(data.resolve())})
    try:
        return case_of(parameters, params.parent, {"params": params})
    except InputError as error:
        named = [c if c.file != data.name else _at(c, data) for c in error.complaints]
        raise InputError(named) from None


def _at(complaint: Complaint, path: Path) -> Complaint:
    """Two files may have one name in two folders."""
    return Complaint(complaint.text, str(path), complaint.row, complaint.column)


def _parameters(old: Case, new: Case) -> Iterator[Row]:
    """Parameters that differ; what the scheme and the data tell aside."""
    pair = [
        {key: value for key, value in case.parameters.model_dump(mode="json").items()}
        | dict(case.parameters.knobs)
        for case in (old, new)
    ]
    for key in dict.fromkeys([*pair[0], *pair[1]]):
        a, b = (each.get(key) for each in pair)
        if key not in PATHS and a != b:
            yield Row("parameter", item=same(key), old=_value(a), new=_value(b))


def _scheme(old: Scheme, new: Scheme) -> Iterator[Row]:
    """What the schemes say otherwise, place by place."""
    pair = [dict(_flat(scheme.model_dump(mode="json"), "")) for scheme in (old, new)]
    for key in dict.fromkeys([*pair[0], *pair[1]]):
        a, b = (each.get(key) for each in pair)
        if a != b:
            yield Row("scheme", item=same(key), old=_value(a), new=_value(b))


def _flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """A nested document as (place, plain value); items of a list go by their ids where they have
    any, else by their numbers."""
    if isinstance(value, Mapping) and set(value) == set(LANGUAGES):
        yield place, Text(str(value["zh"]), str(value["en"]))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value, 1):
            name = item.get("id", number) if isinstance(item, Mapping) else number
            yield from _flat(item, f"{place}.{name}")
    elif value is not None:
        yield place, value


def _data(before: Assessment, after: Assessment) -> Iterator[Row]:
    """Each changed cell, and what it did."""
    labels = {**before.labels, **after.labels}
    for row in _as_made(corrections(before, after).to_dict("records")):
        is_unit = row["kind"] == "unit"
        yield Row(
            "data",
            labels[row["unit"]],
            Text("参评", "assessed") if is_unit else _column(after.scheme, row["column"]),
            _there(row["old"]) if is_unit else _value(row["old"]),
            _there(row["new"]) if is_unit else _value(row["new"]),
            _number(row["score_without"]),
            _number(row["score"]),
            row["rank_without"],
            row["rank"],
            _grade(after.scheme, row["grade_without"]),
            _grade(after.scheme, row["grade"]),
            tuple(labels[unit] for unit in row["others"]),
        )


def _files(old: Case, new: Case) -> Iterator[Row]:
    """Files of other roles that differ (ratings, drafts, last year's), which are not compared item
    by item: marks of panels are, as the data that they make."""
    for role in dict.fromkeys([*old.files, *new.files]):
        if role in COMPARED:
            continue
        case = new if role in new.files else old
        place = case.files[role].relative_to(case.files["params"].parent).as_posix()
        prints = [_fingerprint(each.files.get(role)) for each in (old, new)]
        if prints[0] != prints[1]:
            yield Row("file", item=same(place), old=prints[0], new=prints[1])


def _fingerprint(path: Path | None) -> Text:
    if path is None:
        return Text("没有", "none")
    return same(sha256(path.read_bytes())[:PRINT])


def _as_made(rows: Sequence[Mapping[Any, Any]]) -> Iterator[Mapping[Any, Any]]:
    """Changes as somebody made them: where one stage's mark made another value, one row has the
    mark, with what the value did; a blank that the data call by a name has that. A mark that
    another stage's takes the place of did nothing."""
    marks: dict[tuple[str, str], list[Mapping[Any, Any]]] = {}
    for row in rows:
        if row["kind"] == "stage":
            marks.setdefault(_cell_of(row), []).append(row)
    values = {_cell_of(row) for row in rows if row["kind"] == "value"}
    for row in rows:
        cell = _cell_of(row)
        alone = len(marks.get(cell, ())) == 1  # of the marks that make this value
        if row["kind"] == "value" and alone:
            yield _with_mark(row, marks[cell][0])
        elif row["kind"] != "stage" or not alone:
            yield row
        elif cell not in values:
            unmoved = {f"{name}_without": row[name] for name in ("score", "rank", "grade")}
            yield {**row, **unmoved}


def _cell_of(row: Mapping[Any, Any]) -> tuple[str, str]:
    """The unit and the column of a change, without a stage."""
    return row["unit"], row["column"].partition("@")[0]


def _with_mark(value: Mapping[Any, Any], mark: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """What a value did, told of the mark that made it."""
    ends = {end: value[end] if mark[end] is None else mark[end] for end in ("old", "new")}
    return {**value, **ends, "column": mark["column"]}


def _there(is_there: bool) -> Text:
    return PRESENT if is_there else ABSENT


def _column(scheme: Scheme, column: str) -> Text:
    """A column of the data by the names of the scheme; its header where the scheme has none."""
    prefix, colon, id = column.rpartition(":")
    if colon and prefix in PREFIXES:
        return say(
            zh="{name}（{kind}）",
            en="{name} ({kind})",
            name=_named(scheme, id),
            kind=Text(PREFIXES[prefix][0], prefix),
        )
    id, sign, stage = column.partition("@")
    if sign:
        stages = {each.id: each.name for each in scheme.stages}
        named = stages.get(stage, same(stage))
        return say(
            zh="{name}（{stage}）", en="{name} ({stage})", name=_named(scheme, id), stage=named
        )
    return _named(scheme, column)


def _named(scheme: Scheme, id: str) -> Text:
    """What an id of an indicator, veto, bonus item or covariate stands for."""
    parts = (scheme.leaves, scheme.vetoes, scheme.bonuses, scheme.covariates)
    names = {item.id: item.name for part in parts for item in part}
    known = {"class": Text("类别", "class"), "approved": Text("审定等级", "approved grade")}
    return names.get(id) or known.get(id) or same(id)


def _results(before: Assessment, after: Assessment) -> Iterator[Row]:
    """The units whose grade, rank or score differs, and by what."""
    labels = {**before.labels, **after.labels}
    pair = (before, after)
    sides = [_outcomes(result) for result in pair]
    units = dict.fromkeys([*after.table.units, *before.table.units])
    changed = [unit for unit in units if sides[0].get(unit) != sides[1].get(unit)]
    why = _why(before, after, [unit for unit in changed if all(unit in side for side in sides)])
    for unit in changed:
        old, new = (_standing(r, side.get(unit)) for r, side in zip(pair, sides, strict=True))
        stayed = bool(old and new)
        yield Row(
            "result",
            labels[unit],
            old=NOTHING if stayed else _there(bool(old)),
            new=NOTHING if stayed else _there(bool(new)),
            **{f"{name}_without": value for name, value in old.items()},
            **new,
            why=why.get(unit, NOTHING),
        )


def _standing(result: Assessment, outcome: tuple[float, int, str] | None) -> dict[str, Any]:
    """Score, rank and grade by the names of :class:`Row`; nothing of a unit that is not
    assessed."""
    if outcome is None:
        return {}
    score, rank, grade = outcome
    return {"score": score, "rank": rank, "grade": _grade(result.scheme, grade)}


def _outcomes(result: Assessment) -> dict[str, tuple[float, int, str]]:
    """Published score, rank and approved grade of each unit."""
    columns = (result.scores.tolist(), result.ranks.tolist(), result.approved.tolist())
    return dict(zip(result.table.units, zip(*columns, strict=True), strict=True))


def _why(before: Assessment, after: Assessment, units: Sequence[str]) -> dict[str, Text]:
    """The parts that make the difference for the first units."""
    if not units:
        return {}
    found = causes(before, after, units[:EXPLAINED], scores=True)
    return {
        str(unit): listing(PARTS[part] for part in dict.fromkeys(rows["part"]))
        for unit, rows in found.groupby("unit", sort=False)
    }


def _grade(scheme: Scheme, id: str | None) -> Text:
    return NOTHING if id is None or id != id else scheme.grade(id).label


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)


def _value(value: object) -> Text:
    """What stood or stands there; a blank is said to be one."""
    if value is None:
        return Text("空白", "blank")
    if isinstance(value, Text):
        return value
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    if isinstance(value, float):
        return same(f"{settled(value):.15g}")
    return same(str(value))


def _sentence(row: Row) -> Text:
    """A difference as a line of the summary."""
    if row.kind == "result":
        why = say(zh="；原因：{x}", en="; cause: {x}", x=row.why) if row.why.zh else NOTHING
        return say(
            zh="  {unit}：{what}{why}",
            en="  {unit}: {what}{why}",
            unit=_clipped(row.unit),
            what=_outcome(row),
            why=why,
        )
    place = listing(_clipped(text) for text in (row.unit, row.item) if text.zh)
    changed = say(
        zh="  {place}：由“{old}”改为“{new}”",
        en="  {place}: from “{old}” to “{new}”",
        place=place,
        old=_clipped(row.old),
        new=_clipped(row.new),
    )
    return changed if row.kind != "data" else Text(*_joined(changed, _effect(row)))


def _joined(*texts: Text) -> Iterator[str]:
    return ("".join(text.of(language) for text in texts) for language in LANGUAGES)


def _clipped(text: Text) -> Text:
    """A name or value from a file, no longer than a sentence has room for."""
    return Text(clip(text.zh), clip(text.en))


def _outcome(row: Row) -> Text:
    """What a unit had and has: of score, rank and grade those that differ."""
    if row.score_without is None or row.score is None:
        return say(zh="由{a}变为{b}", en="from {a} to {b}", a=row.old, b=row.new)
    parts = _moved(row)
    return Text("，".join(part.zh for part in parts), ", ".join(part.en for part in parts))


def _moved(row: Row) -> list[Text]:
    """Of score, rank and grade those that differ, each from what to what."""
    found = []
    if row.score_without != row.score:
        found.append(
            say(
                zh="得分由{a:g}变为{b:g}",
                en="score from {a:g} to {b:g}",
                a=row.score_without,
                b=row.score,
            )
        )
    if row.rank_without != row.rank:
        found.append(
            say(
                zh="位次由{a}变为{b}",
                en="rank from {a} to {b}",
                a=row.rank_without,
                b=row.rank,
            )
        )
    if row.grade_without != row.grade:
        found.append(
            say(
                zh="等级由{a}变为{b}",
                en="grade from {a} to {b}",
                a=row.grade_without,
                b=row.grade,
            )
        )
    return found


def _effect(row: Row) -> Text:
    """What a changed cell did, as the end of a sentence."""
    parts: list[Text] = []
    if row.score_without is not None and row.score is not None:
        parts = _moved(row) or [Text("得分、位次、等级不变", "score, rank and grade stay")]
    if row.others:
        others = listing(map(_clipped, row.others), most=NAMED)
        text = say(
            zh="{others}的等级因此不同", en="the grades of {others} differ by it", others=others
        )
        parts.append(text)
    if not parts:
        return NOTHING
    zh, en = "，".join(part.zh for part in parts), ", ".join(part.en for part in parts)
    return Text(f"（{zh}）", f" ({en})")


def write(found: Difference, path: Path, language: str) -> None:
    """All rows as .csv, or as .xlsx; text is written as text.

    Raises
    ------
    InputError
        Another ending.
    """
    if path.suffix.lower() not in (".csv", ".xlsx"):
        text = say(
            zh="-o 应为 .csv 或 .xlsx，现为“{name}”",
            en="-o takes a .csv or an .xlsx, found “{name}”",
            name=clip(path.name),
        )
        raise InputError(text)
    titles: list[Cell] = [TITLES[field.name].of(language) for field in fields(Row)]
    lines = [titles, *(_cells(row, language) for row in found.rows)]
    if path.suffix.lower() == ".xlsx":
        with workbook(path) as book:
            sheet = book.add_worksheet("diff")
            for r, cells in enumerate(lines):
                for c, cell in enumerate(cells):
                    _put(sheet, r, c, cell)
        return
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for cells in lines:
        writer.writerow([text_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    write_new(path, out.getvalue().encode("utf-8-sig"))


def _put(sheet: Any, r: int, c: int, cell: Cell) -> None:
    if isinstance(cell, str):
        sheet.write_string(r, c, cell)
    elif cell is not None:
        sheet.write_number(r, c, cell)


def _cells(row: Row, language: str) -> list[Cell]:
    """A row of the file, its words in a language."""
    values = [getattr(row, field.name) for field in fields(Row)]
    return [_cell(KINDS[values[0]], language), *(_cell(value, language) for value in values[1:])]


def _cell(value: Text | tuple[Text, ...] | float | None, language: str) -> Cell:
    if isinstance(value, tuple):
        return listing(value).of(language)
    if isinstance(value, Text):
        return value.of(language)
    return settled(value) if isinstance(value, float) else value
