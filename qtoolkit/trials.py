"""What was tried: each trial of a scheme with what was moved and what it did, in a list and in a
file beside the case.

The file is a table that Excel opens. Rows are only ever added to it, one at a time; it is the
record of how a scheme came about.
"""

from __future__ import annotations

import codecs
import csv
import errno
import io
import itertools
import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from qtoolkit.errors import Complaint, InputError, WorkError, clip
from qtoolkit.filing import FORMULA_STARTS, text_cell
from qtoolkit.inputs.changes import quota_of
from qtoolkit.inputs.encodings import text_of
from qtoolkit.inputs.files import csv_grid, read_bytes
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.numbertext import UNPRINTABLE
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import LANGUAGES, Text, listing, say

NAME = "trials.csv"
MOMENT = 0.05  # seconds
MOST_CHARACTERS = 32_000  # of a cell; Excel has room for 32,767
COLUMNS = {
    "time": Text("时间", "Time"),
    "how": Text("方式", "How"),
    "scheme": Text("方案", "Scheme"),
    "moved": Text("调整内容", "What was moved"),
    "effect": Text("等级变化（与写定方案相比）", "Grades that change (against the written scheme)"),
    "changed": Text("等级改变家数", "Units whose grade changes"),
    "counts": Text("各等级家数", "Units in each grade"),
    "changes": Text("改动（参数写法）", "Changes (as parameters)"),
    "names": Text("是否显示名称", "Names shown"),
}
BY_HAND, BY_RUN = Text("手工调整", "by hand"), Text("运行", "run")
SHOWN = {True: Text("是", "yes"), False: Text("否", "no")}
NO_PLACE = Text(
    "这是软件自带案例的文件夹，其中不写试算记录；请先把案例复制到自己的文件夹",
    "this is a folder of the toolkit's own cases, where no record of trials is kept; copy the case "
    "to a folder of your own first",
)
Quota = float | int | None
Regraded = tuple[str, str, str]


@dataclass(frozen=True)
class Trial:
    """One scheme that was tried, by hand or in a run.

    how : by hand, or in a run
    moved : what was moved, from what to what
    changes : what it has otherwise than the written scheme, as in params.yaml, by ids
    before, after : grades of all units by the written scheme, and by the one tried
    counts : units in each grade, best first
    names : whether names of units were shown while it was tried
    """

    how: Text
    time: datetime
    moved: Text
    changes: Mapping[str, Any]
    before: pd.Series
    after: pd.Series
    names: bool

    @cached_property
    def changed(self) -> list[Regraded]:
        """Unit, written grade and new grade of each unit whose grade changes."""
        return regraded(self.before, self.after)

    @cached_property
    def counts(self) -> dict[str, int]:
        tally = self.after.value_counts()
        return {grade: int(tally.get(grade, 0)) for grade in reversed(self.after.cat.categories)}


def now() -> datetime:
    """The time of a trial that is made now, with its zone."""
    return datetime.now().astimezone()


def regraded(before: pd.Series, after: pd.Series) -> list[Regraded]:
    """Unit, grade before and grade after of each unit whose grade changes."""
    moved = (before.cat.codes != after.cat.codes).to_numpy()
    old, new = before[moved], after[moved]
    return list(zip(old.index, old, new, strict=True))


def short_labels(scheme: Scheme) -> dict[str, Text]:
    """What grades are called where one becomes another: of “B级” the B alone."""
    return {
        grade.id: Text(grade.label.zh.removesuffix("级") or grade.label.zh, grade.label.en)
        for grade in scheme.grades
    }


def regraded_said(
    changed: Sequence[Regraded], units: Mapping[str, Text], grades: Mapping[str, Text]
) -> list[Text]:
    """Changed grades, each as "甲市 B→C", with the names of units and of grades."""
    return [
        say(
            zh="{unit} {old}→{new}",
            en="{unit} {old}→{new}",
            unit=units[unit],
            old=grades[old],
            new=grades[new],
        )
        for unit, old, new in changed
    ]


def points_moved(name: Text, old: float, new: float) -> Text:
    """That an indicator's points were moved."""
    return say(
        zh="“{name}”{old:.10g}→{new:.10g}分",
        en="“{name}” {old:.10g}→{new:.10g} points",
        name=name,
        old=old,
        new=new,
    )


def cutoff_moved(grade: Text, old: float, new: float) -> Text:
    """That a cutoff was moved."""
    return say(
        zh="{grade}分数线 {old:.10g}→{new:.10g}",
        en="cutoff of {grade} {old:.10g}→{new:.10g}",
        grade=grade,
        old=old,
        new=new,
    )


def quota_moved(grade: Text, old: Quota, new: Quota) -> Text:
    """That a quota was moved."""
    return say(
        zh="{grade}名额 {old}→{new}",
        en="quota of {grade} {old}→{new}",
        grade=grade,
        old=quota_said(old),
        new=quota_said(new),
    )


def quota_said(quota: Quota) -> Text:
    """A quota in words: places, a share, or none."""
    if quota is None:
        return Text("不限", "no limit")
    if quota < 1:
        return say(zh="{x:.10g}%", en="{x:.10g}%", x=quota * 100)
    return say(zh="{n}家", en="{n:unit|units}", n=math.floor(quota))


def moved_by(written: Scheme, scheme: Scheme, changes: Mapping[str, Any]) -> Text:
    """What changes, by ids, have moved: from what the written scheme has to what it has with
    them.

    >>> written = Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> moved_by(written, written.replace({"a": 70, "b": 30}), {"points.a": 70}).en
    '“a” 60→70 points'
    """
    return listing(_moved(written, scheme, key, value) for key, value in changes.items())


def _moved(written: Scheme, scheme: Scheme, key: str, value: Any) -> Text:
    kind, _, id = key.partition(".")
    grade = quota_of(key)
    if grade is not None:
        old, new = written.grade(grade), scheme.grade(grade)
        return quota_moved(new.label, old.quota, new.quota)
    if kind == "points":
        node = scheme.indicator(id)
        return points_moved(node.name, written.indicator(id).full_points, node.full_points)
    if kind == "cutoffs":
        return cutoff_moved(scheme.grade(id).label, written.grade(id).line, scheme.grade(id).line)
    return say(zh="{key} 改为 {x}", en="{key} is now {x}", key=key, x=clip(value))


def row_of(
    trial: Trial, scheme: Scheme, units: Mapping[str, Text], language: str
) -> dict[str, str]:
    """A trial of a scheme as a row of the file, with the names of its units: the record is the
    office's own."""
    effect = fitting(regraded_said(trial.changed, units, short_labels(scheme)))
    return {
        "time": trial.time.isoformat(timespec="seconds"),
        "how": trial.how.of(language),
        "scheme": scheme.id,
        "moved": trial.moved.of(language),
        "effect": effect.of(language),
        "changed": str(len(trial.changed)),
        "counts": " ".join(f"{grade}:{n}" for grade, n in trial.counts.items()),
        "changes": json.dumps(dict(trial.changes), ensure_ascii=False),
        "names": SHOWN[trial.names].of(language),
    }


def fitting(changed: Sequence[Text]) -> Text:
    """Changed grades in one cell: as many as Excel keeps in it, which cuts longer text."""
    ends = itertools.accumulate(max(len(text.zh), len(text.en)) + 2 for text in changed)
    return listing(changed, sum(end < MOST_CHARACTERS for end in ends))


def place_of(data: Path) -> Path | None:
    """The file for the trials of a case, by the file of its data; None where that lies among the
    toolkit's own cases."""
    folder = data.parent
    is_ours = folder.resolve().is_relative_to(packaged_cases().resolve())
    return None if is_ours else folder / NAME


def reason(error: InputError | WorkError) -> Text:
    """Why a trial is not on the record, as one text."""
    if isinstance(error, WorkError):
        return error.text
    return Text(*("; ".join(error.sentences(language)) for language in LANGUAGES))


def append(path: Path, row: Mapping[str, str], language: str) -> None:
    """Add one row to the file, and make the file where there is none; where the last row was cut in
    mid-write, the new one still stands on a line of its own.

    Raises
    ------
    InputError
        There is another file of that name.
    WorkError
        It cannot be written, for instance because Excel has it open.
    """
    try:
        data = _bytes_of(path)
        encoding, whole, start = _end_of(path, data)
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        if not data:
            writer.writerow([title.of(language) for title in COLUMNS.values()])
        writer.writerow([_cell(row[name]) for name in COLUMNS])
        _add(path, len(data) - whole, (start + out.getvalue()).encode(encoding, "replace"))
    except OSError as error:
        text = say(
            zh="试算记录没有写入 {path}（{why}）",
            en="the trial was not written to {path} ({why})",
            path=path,
            why=error.strerror or str(error),
        )
        raise WorkError(text) from None


def _bytes_of(path: Path) -> bytes:
    """What the file holds; where it does not end with a line, after a moment: another run may be
    writing its row."""
    data = read_bytes(path) if path.exists() else b""
    if data and not data.endswith((b"\n", b"\r")):
        time.sleep(MOMENT)
        data = read_bytes(path)
    return data


def _cell(text: str) -> str:
    """Text that a spreadsheet takes for text, and that every reader of the file takes."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return text_cell(UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", lines))


def _add(path: Path, torn: int, data: bytes) -> None:
    """Put bytes behind those of a file but its last `torn` ones; all of them, or none."""
    with path.open("ab", buffering=0) as file:
        end = file.seek(-torn, os.SEEK_END)
        if torn:
            file.truncate(end)
        written = 0
        try:
            written = file.write(data) or 0
        finally:
            if written < len(data):
                file.truncate(end)
    if written < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _end_of(path: Path, data: bytes) -> tuple[str, int, str]:
    """In which encoding the file goes on (Excel may have saved it in GB18030), how many of its
    bytes are whole characters, and what ends its last row."""
    if not data:
        return "utf-8-sig", 0, ""
    encoding, whole = _encoding(data)
    text = text_of(path.name, data[:whole]).removeprefix("\ufeff")
    try:
        header = next(csv.reader(text.splitlines(keepends=True)), [])
    except csv.Error:
        header = []
    if _language_of(header) is None:
        raise InputError(Complaint(NOT_OURS, path.name, 1))
    if text.endswith(("\n", "\r")):
        return encoding, whole, ""
    return encoding, whole, '"\n' if text.count('"') % 2 else "\n"


def _encoding(data: bytes) -> tuple[str, int]:
    """The encoding of some bytes, and how many of them are whole characters."""
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            decoder.decode(data)
        except UnicodeDecodeError:
            continue
        return encoding, len(data) - len(decoder.getstate()[0])
    return "utf-8", len(data)


NOT_OURS = say(
    zh="不是试算记录，请把该文件改名（试算记录首行应为{titles}）",
    en="this is no record of trials: rename the file (the first row of a record has {titles})",
    titles=listing(COLUMNS.values()),
)


def _language_of(header: list[str]) -> str | None:
    """The language of the file's titles; None where they are not those of a record."""
    titles = [title.strip().removeprefix("\ufeff") for title in header]
    for language in ("zh", "en"):
        if titles[: len(COLUMNS)] == [title.of(language) for title in COLUMNS.values()]:
            return language
    return None


def read_trials(path: str | Path) -> pd.DataFrame:
    """The record of trials beside a case, the oldest first.

    Parameters
    ----------
    path : path
        The file, or the folder that holds a `trials.csv`.

    Returns
    -------
    DataFrame
        time, how, scheme, moved, effect, changed (how many grades), counts, changes (a mapping, as
        in params.yaml), names (whether units' names were shown).

    Raises
    ------
    InputError
        There is no such file, or it is no record of trials; a row whose changes cannot be read.
    """
    file = Path(path) / NAME if Path(path).is_dir() else Path(path)
    if not file.exists():
        raise InputError(
            say(zh="没有试算记录 {path}", en="there is no record of trials {path}", path=file)
        )
    grid = csv_grid(file)
    if not grid or _language_of(grid[0]) is None:
        raise InputError(Complaint(NOT_OURS, file.name, 1))
    rows = [
        _read_row(dict(zip(COLUMNS, cells, strict=False)), file.name, number)
        for number, cells in enumerate(grid[1:], 2)
        if any(cell.strip() for cell in cells)
        and _language_of(cells) is None  # two sessions may begin a file at the same instant
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _read_row(row: dict[str, str], name: str, number: int) -> dict[str, Any]:
    try:
        changes = json.loads(row["changes"], parse_constant=_no_number)
        if not isinstance(changes, dict):
            raise ValueError
        return {column: _plain(cell) for column, cell in row.items()} | {
            "changes": changes,
            "changed": int(row["changed"]),
            "names": row["names"] in (SHOWN[True].zh, SHOWN[True].en),
        }
    except (KeyError, ValueError, RecursionError):
        text = say(
            zh="这一行不是完整的试算记录",
            en="this row is no whole record of a trial",
        )
        raise InputError(Complaint(text, name, number)) from None


def _no_number(word: str) -> float:
    """NaN and Infinity are none."""
    raise ValueError(word)


def _plain(cell: str) -> str:
    """A cell without the apostrophe of :func:`qtoolkit.filing.text_cell`."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell
