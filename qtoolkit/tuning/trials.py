"""What was tried: each trial of a scheme with what was moved and what it did, in a list and in a
file beside the case.

The file is a table that Excel opens. Rows are only ever added to it, one at a time; it is the
record of how a scheme came about.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from qtoolkit.errors import Complaint, InputError, WorkError
from qtoolkit.filing import text_cell
from qtoolkit.inputs.encodings import text_of
from qtoolkit.inputs.files import csv_grid, read_bytes
from qtoolkit.language import Text, say
from qtoolkit.tuning.choices import Choice

NAME = "trials.csv"
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
BY_HAND = Text("手工调整", "by hand")
SHOWN = {True: Text("是", "yes"), False: Text("否", "no")}


@dataclass(frozen=True)
class Trial:
    """One choice that was tried.

    number : from 1; 0 is the scheme as it is written
    moved : what was moved, from what to what
    before, after : grades of all units by the written scheme, and by the choice
    counts : units in each grade, best first
    """

    number: int
    time: datetime
    moved: Text
    choice: Choice
    changes: Mapping[str, Any]
    before: pd.Series
    after: pd.Series

    @property
    def changed(self) -> list[tuple[str, str, str]]:
        """Unit, written grade and new grade of each unit whose grade changes."""
        old, new = self.before.astype(object), self.after.astype(object)
        return [(unit, old[unit], new[unit]) for unit in old.index[(old != new).to_numpy()]]

    @property
    def counts(self) -> dict[str, int]:
        tally = self.after.value_counts()
        return {grade: int(tally.get(grade, 0)) for grade in reversed(self.after.cat.categories)}


def row_of(trial: Trial, scheme: str, effect: Text, names: bool, language: str) -> dict[str, str]:
    """A trial as a row of the file."""
    return {
        "time": trial.time.isoformat(timespec="seconds"),
        "how": BY_HAND.of(language),
        "scheme": scheme,
        "moved": trial.moved.of(language),
        "effect": effect.of(language),
        "changed": str(len(trial.changed)),
        "counts": " ".join(f"{grade}:{n}" for grade, n in trial.counts.items()),
        "changes": json.dumps(dict(trial.changes), ensure_ascii=False),
        "names": SHOWN[names].of(language),
    }


def append(path: Path, row: Mapping[str, str], language: str) -> None:
    """Add one row to the file, and make the file where there is none.

    Raises
    ------
    InputError
        There is another file of that name.
    WorkError
        It cannot be written, for instance because Excel has it open.
    """
    try:
        data = read_bytes(path) if path.exists() else b""
        encoding = _encoding(path, data)
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        if not data:
            writer.writerow([title.of(language) for title in COLUMNS.values()])
        writer.writerow([text_cell(row[name]) for name in COLUMNS])
        start = "\n" if data and not data.endswith(b"\n") else ""
        with path.open("ab") as file:
            file.write((start + out.getvalue()).encode(encoding if data else "utf-8-sig"))
    except OSError as error:
        text = say(
            zh="试算记录没有写入 {path}（{why}）；记录仍保留在本次列表中，文件可写后一并补记",
            en="the trial was not written to {path} ({why}); it stays in the list and is written "
            "once the file can be",
            path=path,
            why=error.strerror or str(error),
        )
        raise WorkError(text) from None


def _encoding(path: Path, data: bytes) -> str:
    """In which encoding the file goes on; Excel may have saved it in GB18030."""
    if not data:
        return "utf-8"
    text = text_of(path.name, data).removeprefix("\ufeff")
    header = next(csv.reader([text.split("\n", 1)[0]]), [])
    if _language_of(header) is None:
        raise InputError(Complaint(_NOT_OURS, path.name, 1))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


_NOT_OURS = Text(
    "不是试算记录（首列应为“时间”），请把该文件改名",
    "this is no record of trials (its first column would be “Time”): rename the file",
)


def _language_of(header: list[str]) -> str | None:
    """The language of the file's titles; None where they are not those of a record."""
    titles = [title.strip() for title in header]
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
        raise InputError(Complaint(_NOT_OURS, file.name, 1))
    rows = [
        _read_row(dict(zip(COLUMNS, cells, strict=False)), file.name, number)
        for number, cells in enumerate(grid[1:], 2)
        if any(cell.strip() for cell in cells)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _read_row(row: dict[str, str], name: str, number: int) -> dict[str, Any]:
    try:
        changes = json.loads(row["changes"])
        return row | {
            "changes": dict(changes),
            "changed": int(row["changed"]),
            "names": row["names"] in (SHOWN[True].zh, SHOWN[True].en),
        }
    except (KeyError, ValueError, TypeError, RecursionError):
        text = say(
            zh="这一行不是完整的试算记录",
            en="this row is no whole record of a trial",
        )
        raise InputError(Complaint(text, name, number)) from None
