"""`qtoolkit collect`: the departments' filled workbooks as one table, with conflicts, gaps and who is late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError
from qtoolkit.inputs.excel import read_sheets
from qtoolkit.inputs.files import read_bytes, rows_of_grid
from qtoolkit.inputs.headers import Headers
from qtoolkit.inputs.numbertext import is_blank, plain_text
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.schemesheets import DATA, DEPARTMENT, IN_CHINESE, MARK, NOTES, worded
from qtoolkit.language import Text, say
from qtoolkit.runs.template import data_columns, departments, scheme_mark, write_sheets


@dataclass
class Collected:
    """What the workbooks hold together.

    Attributes
    ----------
    cells : dict of (unit, column key) to value
        Cells on which the workbooks agree; a cell in conflict is left out.
    units : list of str
        In the order in which they were met.
    conflicts : list of (unit, column title, file, value, other file, other value)
    gaps : list of (department, unit, column title)
        Cells that the department has not filled in.
    late : list of str
        Departments of which there is no workbook, or a wholly blank one.
    """

    cells: dict[tuple[str, str], Any] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    conflicts: list[tuple[str, str, str, Any, str, Any]] = field(default_factory=list)
    gaps: list[tuple[str, str, str]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


def collect(scheme: Scheme, paths: Iterable[str | Path], language: str = "zh") -> Collected:
    """Merge filled workbooks of `scheme`; nothing is decided in silence.

    Raises
    ------
    InputError
        A file is no workbook of `qtoolkit template --by`, is of another scheme, or has a column that the scheme lacks.
    """
    result, headers, mark = Collected(), Headers(scheme), scheme_mark(scheme)
    titles = {column.key: column.title for column in data_columns(scheme, language=language)}
    seen: dict[tuple[str, str], tuple[str, Any]] = {}
    disputed, filled, complaints = set(), set(), []
    for path in sorted(map(Path, paths)):
        sheets = {IN_CHINESE.get(title, title): grid for title, grid in read_sheets(path.name, read_bytes(path)).items()}
        notes = {IN_CHINESE.get(plain_text(row[0]), plain_text(row[0])): plain_text(row[1]) for row in sheets.get(NOTES, []) if len(row) > 1}
        if DATA not in sheets or DEPARTMENT not in notes:
            text = say(zh="不是本工具生成的部门填报表", en="this is no workbook made by qtoolkit template")
            complaints.append(Complaint(text, path.name))
            continue
        if notes.get(MARK) != mark:
            text = say(zh="是另一方案或旧版方案的填报表，请重新生成后填写", en="this is a workbook of another scheme or of an older one: make it again")
            complaints.append(Complaint(text, path.name))
            continue
        rows = rows_of_grid(path.name, sheets[DATA])
        keys = [headers.keys(title) for title in rows.header]
        complaints += [
            Complaint(say(zh="方案中没有这一列", en="the scheme has no such column"), path.name, rows.head, title)
            for title, found in zip(rows.header, keys, strict=True)
            if len(found) != 1
        ]
        if complaints:
            continue
        department, own = notes[DEPARTMENT], []
        for row in rows.rows:
            cells = {found[0]: cell for found, cell in zip(keys, row, strict=True)}
            unit = plain_text(cells.pop("unit"))
            if unit not in result.units:
                result.units.append(unit)
            for key, cell in cells.items():
                at = unit, key
                titles.setdefault(key, rows.header[[k[0] for k in keys].index(key)])
                if is_blank(cell):
                    own += [] if key.startswith("reason:") else [(department, unit, titles[key])]
                    continue
                filled.add(department)
                other = seen.setdefault(at, (path.name, cell))
                if plain_text(other[1]) != plain_text(cell):
                    disputed.add(at)
                    result.conflicts.append((unit, titles[key], *other, path.name, cell))
        result.gaps += own
    if complaints:
        raise InputError(complaints)
    result.late = [name for name in departments(scheme) if name not in filled and not filled & {"全部", "all"}]
    result.gaps = [gap for gap in result.gaps if gap[0] not in result.late]
    result.cells = {at: cell for at, (_, cell) in seen.items() if at not in disputed}
    return result


def write_collected(scheme: Scheme, collected: Collected, path: str | Path, language: str = "zh") -> None:
    """Write the merged table (sheet 数据) and the lists of conflicts, gaps and late departments as one workbook."""
    known = [column for column in data_columns(scheme, language=language) if column.key != "unit"]
    extra = [key for _, key in collected.cells if key not in {column.key for column in known}]
    keep = {key for _, key in collected.cells} | {key for column in known if (key := column.key).partition(":")[0] not in ("veto", "bonus")}
    columns = [(column.key, column.title) for column in known if column.key in keep] + [(key, key) for key in dict.fromkeys(extra)]
    rows = [[unit, *(collected.cells.get((unit, key)) for key, _ in columns)] for unit in collected.units]
    lists = {
        "冲突": (["考核对象", "栏目", "文件", "内容", "另一文件", "另一内容"], collected.conflicts),
        "未填": (["部门", "考核对象", "栏目"], collected.gaps),
        "未报送部门": (["部门"], [[name] for name in collected.late]),
    }
    sheets = {DATA: [["考核对象", *(title for _, title in columns)], *rows]}
    sheets |= {title: [header, *map(list, found)] for title, (header, found) in lists.items()}
    write_sheets(Path(path), worded(sheets, language))


def summary(collected: Collected) -> list[Text]:
    """What was collected, in sentences."""
    late = collected.late
    return [
        say(
            zh="已汇总{units}家的{cells}个单元格；冲突{conflicts}处，未填{gaps}处。",
            en="{cells:cell|cells} of {units:unit|units} collected; {conflicts:conflict|conflicts}, {gaps:gap|gaps}.",
            units=len(collected.units), cells=len(collected.cells), conflicts=len(collected.conflicts), gaps=len(collected.gaps),
        ),
        *(say(zh="未报送：{name}", en="late: {name}", name=name) for name in late),
        *(
            say(
                zh="冲突：{unit}的“{title}”，{file}为“{value}”，{other}为“{found}”",
                en="conflict: “{title}” of {unit} is “{value}” in {file} and “{found}” in {other}",
                unit=unit, title=title, file=file, value=plain_text(value), other=other, found=plain_text(found),
            )
            for unit, title, file, value, other, found in collected.conflicts
        ),
    ]
