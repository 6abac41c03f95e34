"""`qtoolkit new`: a case folder of one's own, begun from a shipped case or from a filled workbook."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from qtoolkit.errors import InputError
from qtoolkit.inputs.case import read_case
from qtoolkit.inputs.files import Rows, read_bytes, read_rows, read_text
from qtoolkit.inputs.headers import Headers
from qtoolkit.inputs.locate import find_case
from qtoolkit.inputs.parameters import BOOKS
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.schemeyaml import scheme_yaml
from qtoolkit.inputs.table import NoDataYet
from qtoolkit.language import Text, listing, say
from qtoolkit.runs.folder import building
from qtoolkit.runs.plan import plan, tables_of

SOURCE = "city-2026"


def new_case(
    folder: str | Path,
    source: str | Path = SOURCE,
    name: str | None = None,
    year: str | None = None,
    units: Sequence[str] = (),
    language: str = "zh",
) -> Path:
    """Write a case folder that passes `check` and `run` at once, or, with units of one's own, one to fill in.

    Parameters
    ----------
    folder : path
        A folder that does not exist yet, or is empty.
    source : path or name
        A packaged case, a case folder, or a filled workbook, whose scheme is written as scheme.yaml.
    name, year : str, optional
        The scheme's name and year.
    units : sequence of str, optional
        The units to be assessed. Their table starts empty: no scores, vetoes, approvals or history of other units come
        under their names, and `check` says what is to be filled in.

    Raises
    ------
    InputError
        The folder holds something, the source is no case, or a unit is named twice.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(say(zh="{folder} 已有内容，请另指定一个文件夹", en="{folder} is not empty: give another folder", folder=folder))
    if twice := sorted({unit for unit in units if list(units).count(unit) > 1}):
        raise InputError(say(zh="考核对象重复：{names}", en="units named twice: {names}", names=listing(twice)))
    place = find_case(source)
    case = read_case(place)
    with building(folder) as work:
        is_book = case.files["scheme"].suffix.lower() in BOOKS
        text = scheme_yaml(case.scheme) if is_book else read_text(case.files["scheme"])
        text = _scheme(text, folder.name, name, year, bool(units))
        (work / "scheme.yaml").write_text(text, encoding="utf-8", newline="\n")
        files = {"scheme": "scheme.yaml", "data": "data" + (".csv" if units else case.files["data"].suffix.lower())}
        rows = _emptied(read_rows(case.files["data"]), case.scheme, units) if units else None
        (work / files["data"]).write_bytes(read_bytes(case.files["data"]) if rows is None else rows)
        tables = tables_of(case.parameters, case.files["params"].parent)  # of the source's units
        for path in () if units else tables.values():
            (work / path.name).write_bytes(read_bytes(path))
        kept = {k: v for k, v in case.parameters.knobs.items() if k not in tables and not isinstance(v, list | dict)}
        named = {} if units else {key: path.name for key, path in tables.items()}
        knobs = {"language": language, "seed": 0, **kept, **named}
        lines = [f"{key}: {_scalar(value)}" for key, value in (files | knobs).items()]
        books = [book for book in case.parameters.notebooks if not book.endswith(".ipynb")]
        lines += [f"notebooks: [{', '.join(books)}]"] if books else []
        (work / "params.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        (work / "README.md").write_text(_readme(place.name, units).of(language), encoding="utf-8", newline="\n")
        try:
            plan(work)
        except NoDataYet:
            if not units:
                raise
    return folder


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scheme(text: str, folder: str, name: str | None, year: str | None, emptied: bool) -> str:
    """The scheme's text with another id, name and year; comments stay. Where the table is `emptied`, what the scheme says of
    the source's units and data goes."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    scheme = yaml.load(text)
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", folder):
        scheme["id"] = folder
    if name:
        scheme["name"] = name
    if year:
        scheme["year"] = str(year)
    if name or year:
        scheme.pop("title", None)  # it names the source
    if emptied:
        for key in ("synthetic", "units", "notes", "data_period"):
            scheme.pop(key, None)
    out = io.StringIO()
    yaml.dump(scheme, out)
    return out.getvalue()


def _emptied(rows: Rows, scheme: Scheme, units: Sequence[str]) -> bytes:
    """A table of the units with the source's columns, empty, as CSV; without the years of the source's history."""
    headers = Headers(scheme)
    keys = [headers.keys(title)[0] for title in rows.header]
    keep = [i for i, key in enumerate(keys) if key != "name_en" and not key.startswith("grade:")]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([rows.header[i] for i in keep])
    for unit in units:
        writer.writerow([unit if keys[i] == "unit" else "" for i in keep])
    return out.getvalue().encode("utf-8-sig")


def _readme(source: str, units: Sequence[str]) -> Text:
    """What lies in the folder, for whoever opens it."""
    to_fill = Text(
        "data.csv 中只有考核对象名称，请填写数据；也可用 `qtoolkit template . --by 部门` 生成填报表，收回后用 `qtoolkit collect` 汇总。"
        "方案中原案例的说明（notes）和数据期（data_period）已删去，请按实填写。\n",
        "data.csv holds the units' names only: fill in the data, or make workbooks with `qtoolkit template . --by department` "
        "and merge them with `qtoolkit collect`. What the source's scheme said of its own data (notes, data_period) is gone: "
        "write your own.\n",
    )
    return say(
        zh="# 测算案例\n\n由“{source}”新建。params.yaml 写参数，方案和数据见其中 scheme、data 两项所指的文件。\n{to_fill}\n"
        "检查：`qtoolkit check .`　测算：`qtoolkit run .`\n",
        en="# A case\n\nBegun from “{source}”. params.yaml holds the parameters; scheme and data are the files that it names.\n"
        "{to_fill}\nCheck: `qtoolkit check .`  Run: `qtoolkit run .`\n",
        source=source, to_fill=to_fill if units else Text("", ""),
    )
