"""`qtoolkit new`: a case folder of one's own, begun from a shipped case or from a filled
workbook."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from qtoolkit.errors import InputError, clip
from qtoolkit.inputs.case import Case, read_case, scheme_of
from qtoolkit.inputs.drafts import KEY, draft_role
from qtoolkit.inputs.files import Rows, read_bytes, read_rows, read_text
from qtoolkit.inputs.headers import Headers
from qtoolkit.inputs.locate import find_case
from qtoolkit.inputs.numbertext import UNPRINTABLE
from qtoolkit.inputs.parameters import BOOKS
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.schemeyaml import scheme_yaml, yaml_of
from qtoolkit.inputs.table import NoDataYet
from qtoolkit.language import Text, listing, say
from qtoolkit.runs.folder import building
from qtoolkit.runs.plan import plan, tables_of
from qtoolkit.runs.staging import PARAMS, READ
from qtoolkit.runs.tables import OF_THE_SCHEME, renamed

SOURCE = "city-2026"
PREVIOUS = "previous"
RESERVED = ("scheme.yaml", PARAMS, "README.md", PREVIOUS)


def new_case(
    folder: str | Path,
    source: str | Path = SOURCE,
    name: str | None = None,
    year: str | None = None,
    units: Sequence[str] = (),
    language: str = "zh",
) -> Path:
    """Write a case folder that passes `check` and `run` at once, or, with units of one's own, one
    to fill in.

    Parameters
    ----------
    folder : path
        A folder that does not exist yet, or is empty.
    source : path or name
        A packaged case, a case folder, or a filled workbook, whose scheme is written as
        scheme.yaml.
    name, year : str, optional
        The scheme's name and year.
    units : sequence of str, optional
        The units to be assessed. Their table starts empty: no scores, vetoes, approvals, history or
        previous year of other units come under their names, and `check` says what is to be filled
        in.

    Raises
    ------
    InputError
        The folder holds something, the source is no case, or a unit is named twice.
    """
    folder = Path(folder)
    if folder.name in ("", ".."):
        folder = folder.resolve()
    for entry in (name, year, *units):
        _check_text(entry or "")
    _refuse_taken(folder)
    _refuse_twice(units)
    place = find_case(source)
    case = read_case(place)
    with _filling(folder) as work:
        text = _scheme(_scheme_text(case), folder.name, name, year, bool(units))
        (work / "scheme.yaml").write_text(text, encoding="utf-8", newline="\n")
        written = {"scheme": "scheme.yaml"} | _write_data(case, units, work, language)
        (work / PARAMS).write_text(yaml_of(written), encoding="utf-8", newline="\n")
        about = _readme(place.resolve().name, units).of(language)
        (work / "README.md").write_text(about, encoding="utf-8", newline="\n")
        try:
            plan(work)
        except NoDataYet:
            if not units:
                raise
    return folder


def _refuse_taken(folder: Path) -> None:
    if _is_taken(folder):
        text = say(
            zh="{folder} 已有内容，请另指定一个文件夹",
            en="{folder} is not empty: give another folder",
            folder=folder,
        )
        raise InputError(text)


def _refuse_twice(units: Sequence[str]) -> None:
    twice = sorted({unit for unit in units if list(units).count(unit) > 1})
    if twice:
        raise InputError(
            say(zh="考核对象重复：{names}", en="units named twice: {names}", names=listing(twice))
        )


def _scheme_text(case: Case) -> str:
    """The case's scheme as scheme.yaml: its own text, or what its workbook says."""
    path = case.files["scheme"]
    return scheme_yaml(scheme_of(path)) if path.suffix.lower() in BOOKS else read_text(path)


def _write_data(case: Case, units: Sequence[str], work: Path, language: str) -> dict[str, object]:
    """Write the data and, where the units are the source's, the other tables and the year before;
    the parameters that name them, and those that come along."""
    names = _Names(*RESERVED)
    source = case.files["data"]
    suffix = ".csv" if units else source.suffix.lower()
    data = names.of(source, "data" + suffix)
    content = _emptied(read_rows(source), case.scheme, units) if units else read_bytes(source)
    (work / data).write_bytes(content)
    written = {"data": data} | _kept(case, language)
    if "ratings" in case.files and not units:
        written["ratings"] = names.of(case.files["ratings"])
        (work / str(written["ratings"])).write_bytes(read_bytes(case.files["ratings"]))
    places = {}
    for role, path in tables_of(case.parameters, case.files["params"].parent).items():
        key = role.partition(".")[0]
        if units and key not in OF_THE_SCHEME:  # the table is of the source's units
            del written[key]
            continue
        places[role] = names.of(path)
        (work / places[role]).write_bytes(read_bytes(path))
    written = dict(renamed(written, lambda role, name: places.get(role, name)))
    if not units:
        written |= _drafts(case, names, work)
    if case.previous is not None and not units:
        written["previous"] = PREVIOUS
        _write_previous(case.previous, work / PREVIOUS)
    return written


def _drafts(case: Case, names: _Names, work: Path) -> dict[str, object]:
    """Write the schemes of rival drafts; the parameter that names them."""
    drafts = [draft.model_dump(mode="json") for draft in case.parameters.alternatives]
    for number, draft in enumerate(drafts, 1):
        if "scheme" in draft:
            path = case.files[draft_role(number)]
            draft["scheme"] = names.of(path)
            (work / draft["scheme"]).write_bytes(read_bytes(path))
    return {KEY: drafts} if drafts else {}


def _check_text(text: str) -> None:
    """Refuse what no file of the case could hold: a control character, or bytes that are no
    text."""
    if UNPRINTABLE.search(text):
        shown = clip(text.encode("unicode_escape").decode())
        raise InputError(
            say(
                zh="“{found}”中有不可见的控制字符，或不是完好的文字",
                en="“{found}” holds an invisible control character, or is no sound text",
                found=shown,
            )
        )


def _is_taken(folder: Path) -> bool:
    """Whether something stands in the folder's place."""
    try:
        folder.lstat()
    except FileNotFoundError:
        return False
    except ValueError:
        text = say(
            zh="{folder} 不能作为文件夹名：其中有系统不允许的字符",
            en="{folder} cannot be the name of a folder: it holds a character that the system does "
            "not allow",
            folder=folder,
        )
        raise InputError(text) from None
    return not folder.is_dir() or any(folder.iterdir())


class _Names:
    """Names of files in one folder, distinct also where upper and lower case are one; each file has
    one name."""

    def __init__(self, *taken: str):
        self.taken = {name.casefold() for name in taken}
        self.given: dict[Path, str] = {}

    def of(self, path: Path, wish: str | None = None) -> str:
        """The name of the file `path`: `wish`, else its own, with a number where that is taken."""
        path = path.resolve()
        if path in self.given and wish is None:
            return self.given[path]
        wished = Path(wish or path.name)
        names = itertools.chain(
            [wished.name], (f"{wished.stem}-{n}{wished.suffix}" for n in itertools.count(2))
        )
        name = next(name for name in names if name.casefold() not in self.taken)
        self.taken.add(name.casefold())
        return self.given.setdefault(path, name)


def _kept(case: Case, language: str) -> dict[str, object]:
    """The parameters that come along as they are; notebooks of the source's own are programs and do
    not."""
    written = case.parameters.model_dump(mode="json", include={"changes", "seed", "notebooks"})
    written["notebooks"] = [book for book in written["notebooks"] if not book.endswith(".ipynb")]
    filled = {key: value for key, value in written.items() if value or key == "seed"}
    return {"language": language} | filled | dict(case.parameters.knobs)


def _write_previous(case: Case, folder: Path) -> None:
    """Last year's case as a folder by itself: its scheme, its data and what its parameters
    change."""
    folder.mkdir()
    names = _Names(PARAMS)
    written = {key: names.of(case.files[key]) for key in READ if key in case.files}
    for key, name in written.items():
        (folder / name).write_bytes(read_bytes(case.files[key]))
    kept = case.parameters.model_dump(mode="json", include={"changes", "language", "seed"})
    text = yaml_of(written | {key: value for key, value in kept.items() if value != {}})
    (folder / PARAMS).write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def _filling(folder: Path) -> Iterator[Path]:
    """A folder that takes the place of `folder` once the block ends well; one that is there stays,
    as it may be the one that the user works in, and gets the files."""
    if not folder.exists():
        with building(folder) as work:
            yield work
        return
    inner = folder / ".new"
    with building(inner) as work:
        yield work
    for path in sorted(inner.iterdir()):
        os.replace(path, folder / path.name)
    inner.rmdir()


def _scheme(text: str, folder: str, name: str | None, year: str | None, emptied: bool) -> str:
    """The scheme's text with another id, name and year; comments stay. Where the table is
    `emptied`, what the scheme says of the source's units and data goes."""
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
        for key in ("assessors", "english"):  # they are the source's people
            scheme.get("panel", {}).pop(key, None)
    if emptied or year:
        for key in ("seed", "list_hash"):  # a draw of its own: a known seed could be steered
            scheme.get("verification", {}).pop(key, None)
    out = io.StringIO()
    yaml.dump(scheme, out)
    return out.getvalue()


def _emptied(rows: Rows, scheme: Scheme, units: Sequence[str]) -> bytes:
    """A table of the units with the source's columns, empty, as CSV; without the years of the
    source's history."""
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
        "data.csv 中只有考核对象名称，请填写数据；也可用 `qtoolkit template . --by 部门` "
        "生成填报表，收回后用 `qtoolkit collect` 汇总。"
        "方案中原案例的说明（notes）和数据期（data_period）已删去，请按实填写；"
        "原案例的上年案例（previous）和历年表格未带入。\n",
        "data.csv holds the units' names only: fill in the data, or make workbooks with `qtoolkit "
        "template . --by department` "
        "and merge them with `qtoolkit collect`. What the source's scheme said of its own data "
        "(notes, data_period) is gone: "
        "write your own. The source's previous year and its tables of history are left out.\n",
    )
    return say(
        zh="# 测算案例\n\n由“{source}”新建。params.yaml 写参数，方案和数据见其中 scheme、data "
        "两项所指的文件。\n{to_fill}\n"
        "检查：`qtoolkit check .`　测算：`qtoolkit run .`\n",
        en="# A case\n\nBegun from “{source}”. params.yaml holds the parameters; scheme and data "
        "are the files that it names.\n"
        "{to_fill}\nCheck: `qtoolkit check .`  Run: `qtoolkit run .`\n",
        source=source,
        to_fill=to_fill if units else Text("", ""),
    )
