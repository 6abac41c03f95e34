"""What a run is to do: everything read and validated, nothing written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtoolkit.assessment import Assessment, assess
from qtoolkit.errors import Complaint, InputError, Problems, clip
from qtoolkit.inputs.case import Case, case_of
from qtoolkit.inputs.drafts import KEY, draft_role
from qtoolkit.inputs.files import read_bytes
from qtoolkit.inputs.locate import find, find_case, notebooks_beside
from qtoolkit.inputs.numbertext import plain_name
from qtoolkit.inputs.parameters import BOOKS, Parameters, parameters_of, read_document
from qtoolkit.inputs.yamltext import Document
from qtoolkit.language import LANGUAGES, Text, listing, say
from qtoolkit.report import characters
from qtoolkit.runs import folder as run_folder
from qtoolkit.runs.knobs import check_knobs
from qtoolkit.runs.notebooks import Notebook, find_notebooks
from qtoolkit.runs.staging import PARAMS, Destinations, destinations, lay
from qtoolkit.runs.tables import renamed, tables_in

FORMATS = ("html", "docx", "pdf")
COMPARISON = "05_comparison"  # runs by itself where a previous year or rival drafts are given
PATHS = ("scheme", "data", "previous", "ratings")


@dataclass(frozen=True)
class Plan:
    """A validated run that has not started.

    `name` is the case folder's, or of a workbook that is a case by itself its own; `folder` is
    where the relative paths of the parameters lead from; `beside` is a folder of notebooks that
    lies beside the case and is not used.
    """

    name: str
    case: Case
    result: Assessment
    notebooks: tuple[Notebook, ...]
    parameters: Parameters
    folder: Path
    formats: tuple[str, ...]
    beside: Path | None = None

    @property
    def tables(self) -> dict[str, Path]:
        """The tables that knobs name, such as a history of grades."""
        return tables_of(self.parameters, self.folder)

    @property
    def files(self) -> dict[str, Path]:
        """Every input file by its role, without params.yaml: the parameters say what it says."""
        named = {
            role: path for role, path in self.case.files.items() if not role.endswith("params")
        }
        return named | self.tables

    @property
    def destinations(self) -> Destinations:
        """Where the input files lie in the copy of a run."""
        return destinations(self.parameters, self.case, self.tables)

    def staged(self, folder: Path) -> Plan:
        """Copy the inputs into `folder`: the same plan, read from the copy."""
        parameters = lay(self.destinations, self.files, folder)
        case = case_of(parameters, folder, {"params": folder / PARAMS})
        result = assess(case.scheme, case.table)
        return replace(self, case=case, result=result, parameters=parameters, folder=folder)

    @property
    def notices(self) -> list[Text]:
        """What the user must know of the notebooks that run, and of characters that the memo's font
        lacks."""
        return self._notices(self.beside)

    @property
    def memo_notices(self) -> list[Text]:
        """What the reader must know of them: the same on every machine, so that folders have no
        paths."""
        return self._notices(None if self.beside is None else Path(self.beside.name))

    def _notices(self, beside: Path | None) -> list[Text]:
        replaced = [book.name for book in self.notebooks if book.origin in ("given", "explicit")]
        notices = []
        if replaced:
            text = say(
                zh="以下分析不是工具自带的 notebook，而是 --notebooks 或 --notebook 指定的："
                "{names}",
                en="these notebooks are not the toolkit's own but given by --notebooks or "
                "--notebook: {names}",
                names=listing(replaced),
            )
            notices.append(text)
        if beside is not None:
            notices.append(_unused(beside))
        unshown = characters.lacking(self.case)
        return notices if unshown is None else [*notices, unshown]

    def content(self) -> dict[str, Any]:
        """Everything that the results depend on; paths are those of
        :mod:`qtoolkit.runs.staging`."""
        copied = self.destinations
        shas = {role: run_folder.sha256(read_bytes(path)) for role, path in self.files.items()}
        inputs = {role: {"name": copied.files[role], "sha256": sha} for role, sha in shas.items()}
        books = {
            book.name: {"sha256": book.sha256, "origin": book.origin} for book in self.notebooks
        }
        return {
            "case": self.name,
            "parameters": dict(copied.parameters),
            "previous": copied.previous,
            "formats": list(self.formats),
            "inputs": inputs,
            "notebooks": books,
            "package": run_folder.package_hash(),
            "versions": run_folder.versions(),
        }


def plan(
    case: str | Path,
    settings: Mapping[str, Any] | None = None,
    language: str | None = None,
    notebooks: Sequence[str] | None = None,
    formats: Sequence[str] = FORMATS,
    notebook_folder: str | Path | None = None,
    alternatives: Sequence[str | Path] = (),
) -> Plan:
    """Read and validate everything that a run needs, without writing anything.

    Parameters
    ----------
    case
        A case folder, a params.yaml, a filled workbook (.xlsx), or the name of a packaged case.
    settings
        Parameters to change: core parameters, knobs that a notebook declares, or dotted changes to
        the scheme ("cutoffs.A": 88, "grades.A.quota": 3). Paths are relative to the working
        directory, those in the params.yaml to its own folder.
    notebooks
        Names, or paths (.ipynb) relative to the working directory.
    notebook_folder
        A folder whose notebooks come before the package's own. What lies beside a case is not used
        without it: a folder from someone else runs no code.
    alternatives
        Schemes of rival drafts besides those of the params.yaml, relative to the working directory.

    Raises
    ------
    InputError
        Its `language` is the case's where that could be read.
    """
    place = find_case(case)
    path = place / "params.yaml" if place.is_dir() else place
    document = read_document(path)
    spoken = language or (
        document.data.get("language") if isinstance(document.data, dict) else None
    )
    try:
        folder = None if notebook_folder is None else _notebook_folder(notebook_folder)
        given = Given(settings or {}, language, notebooks, formats, folder, alternatives)
        return _plan(path, document, given)
    except InputError as error:
        said = dict(settings or {}) | _drafts_by_option(document, alternatives)
        error.complaints = tuple(_of_option(each, said, document) for each in error.complaints)
        error.language = spoken if spoken in LANGUAGES else None
        raise


def _drafts_by_option(document: Document, paths: Sequence[str | Path]) -> dict[str, str]:
    """The drafts that the command names, by their places among all."""
    written = document.data.get(KEY) if isinstance(document.data, dict) else None
    start = len(written) if isinstance(written, list) else 0
    return {draft_role(start + n): str(path) for n, path in enumerate(paths, 1)}


def _of_option(complaint: Complaint, settings: Mapping[str, Any], document: Document) -> Complaint:
    """A complaint about a setting names the option that gave it, and no line of the file that it
    replaces."""
    if complaint.file not in (None, document.name) or complaint.column is None:
        return complaint
    place = f"{complaint.column}.".removeprefix("changes.")
    for key, value in settings.items():
        if place.startswith(f"{key}."):
            said = json.dumps(value, ensure_ascii=False, default=str)
            written = value if isinstance(value, str) else said
            inner = place.removeprefix(f"{key}.").removesuffix(".")
            option = f"--set {key}={clip(written)}"
            if key.startswith(f"{KEY}."):
                option = f"--alternative {clip(written)}"
            return Complaint(complaint.text, option, None, inner or None)
    return complaint


@dataclass(frozen=True)
class Given:
    """What was asked for beside the params.yaml, see :func:`plan`."""

    settings: Mapping[str, Any]
    language: str | None
    notebooks: Sequence[str] | None
    formats: Sequence[str]
    notebook_folder: Path | None
    alternatives: Sequence[str | Path]


def _plan(path: Path, document: Document, given: Given) -> Plan:
    near, notebook_folder = path.parent.resolve(), given.notebook_folder
    beside = None if notebook_folder is not None else notebooks_beside(near)
    data = document.data
    named: Sequence[Notebook] = ()
    books: Sequence[Notebook] = ()
    if isinstance(data, dict):
        data = _changed(data, given.settings, near)
        data |= {"language": given.language} if given.language else {}
        data |= _with_drafts(data, given.alternatives, near)
        listed = data.get("notebooks", Parameters.model_fields["notebooks"].default)
        if isinstance(listed, list | tuple) and all(isinstance(name, str) for name in listed):
            named = _named_notebooks(tuple(listed), notebook_folder, document, beside)
            books = (
                find_notebooks(given.notebooks, notebook_folder, files=True)
                if given.notebooks
                else _with_comparison(data, named)
            )
            data["notebooks"] = tuple(book.name for book in books)
    declared = {
        name: default for book in (*named, *books) for name, default in book.declared.items()
    }
    parameters = parameters_of(data, declared.keys(), document)
    _check_knobs(parameters.knobs, declared)
    parameters = _of_those_that_run(parameters, books)
    tables_of(parameters, near, path.name)
    for name in given.formats:
        if name not in FORMATS:
            known = ", ".join(FORMATS)
            raise InputError(
                say(
                    zh="没有格式“{name}”，可用 {known}",
                    en="no format “{name}”, there are {known}",
                    name=name,
                    known=known,
                )
            )
    case = case_of(parameters, near, {"params": path}, given.settings)
    parameters = case.parameters
    name = path.stem if path.suffix.lower() in BOOKS else near.name
    # of a name in another encoding what can be shown
    name = os.fsencode(name).decode("utf-8", "replace")
    result = assess(case.scheme, case.table)
    check_knobs(parameters.knobs, books, case, document, near, result)
    _check_names(case)
    return Plan(name, case, result, tuple(books), parameters, near, tuple(given.formats), beside)


def _of_those_that_run(parameters: Parameters, books: Sequence[Notebook]) -> Parameters:
    """The parameters without knobs that only notebooks declare which do not run this time: the
    copied case lists those that do, and can be run again."""
    known = {name for book in books for name in book.declared}
    knobs = {key: value for key, value in parameters.knobs.items() if key in known}
    return parameters.model_copy(update={"knobs": knobs})


def _with_drafts(data: Mapping[str, Any], more: Sequence[str | Path], near: Path) -> dict[str, Any]:
    """The rival drafts of a params.yaml, and those that the command names after them."""
    written = data.get(KEY) or []
    if not more or not isinstance(written, list | tuple):
        return {}  # what is no list is complained of where it is read
    return {KEY: [*written, *(_seen_from(find(path), near) for path in more)]}


def _notebook_folder(path: str | Path) -> Path:
    """The folder of notebooks that the user asks for."""
    folder = find(path)
    if not folder.is_dir() or not any(folder.glob("*.ipynb")):
        text = say(
            zh="{folder} 不是含有 notebook 的文件夹",
            en="{folder} is no folder with notebooks",
            folder=folder,
        )
        raise InputError(text)
    return folder


def _named_notebooks(
    names: tuple[str, ...], notebook_folder: Path | None, document: Document, beside: Path | None
) -> Sequence[Notebook]:
    """The notebooks that the params.yaml names."""
    try:
        return find_notebooks(names, notebook_folder)
    except InputError as error:
        place = (document.name, document.line(("notebooks",)), "notebooks")
        complaints = [Complaint(c.text, *place) if c.file is None else c for c in error.complaints]
        raise InputError(
            [*complaints, *([] if beside is None else [Complaint(_unused(beside))])]
        ) from None


def _unused(folder: Path) -> Text:
    return say(
        zh="案例旁的文件夹 {folder} 中的 notebook 没有使用；如需使用，请加 --notebooks {folder}",
        en="the notebooks in {folder}, beside the case, are not used; --notebooks {folder} uses "
        "them",
        folder=folder,
    )


def _with_comparison(data: Mapping[str, Any], named: Sequence[Notebook]) -> Sequence[Notebook]:
    """The notebooks named, and the comparison where a previous year or drafts are given."""
    compared = data.get("previous") is not None or bool(data.get(KEY))
    if not compared or COMPARISON in [book.name for book in named]:
        return named
    return [*named, *find_notebooks([COMPARISON])]


def tables_of(parameters: Parameters, folder: Path, file: str | None = None) -> dict[str, Path]:
    """The tables that knobs name; complaints name the parameters' `file` and the knob."""
    tables, problems = {}, Problems()
    for key, name in tables_in(parameters.knobs).items():
        try:
            tables[key] = find(name, folder)
        except InputError as error:
            problems.complaints += [Complaint(c.text, file, column=key) for c in error.complaints]
    problems.stop()
    return tables


def _check_names(case: Case) -> None:
    """Two indicators of one name cannot be told apart in any table of the memo, and some analyses
    go by names."""
    first: dict[tuple[str, str], str] = {}
    complaints = []
    for leaf in case.scheme.leaves:
        for language in LANGUAGES:
            name = (language, plain_name(leaf.name.of(language)))
            other = first.setdefault(name, leaf.id)
            if other != leaf.id:
                text = say(
                    zh="考核要点“{id}”与“{other}”的名称同为“{name}”（不计空格、"
                    "不可见字符和全角半角），应互不相同",
                    en="the indicators “{id}” and “{other}” are both called “{name}” (spaces, "
                    "invisible characters and full width aside), expected different names",
                    id=leaf.id,
                    other=other,
                    name=leaf.name,
                )
                complaints.append(
                    Complaint(text, case.files["scheme"].name, column=f"{leaf.id}.name")
                )
                break
    if complaints:
        raise InputError(complaints)


def _changed(data: Mapping[str, Any], settings: Mapping[str, Any], near: Path) -> dict[str, Any]:
    """Parameters with settings applied; dotted keys go into `changes`, paths are found from the
    working directory."""
    data = dict(data)
    for key, value in settings.items():
        if "." in key:
            changes = data.get("changes")
            data["changes"] = (changes if isinstance(changes, dict) else {}) | {key: value}
        elif key == "changes":
            raise InputError(
                say(
                    zh="changes 请逐项写成 cutoffs.A=88 的形式",
                    en="write changes one by one, such as cutoffs.A=88",
                )
            )
        elif key == KEY:
            raise InputError(
                say(
                    zh="备选方案请用 --alternative 给出方案文件，或写在 params.yaml 中",
                    en="name drafts by --alternative FILE, or in the params.yaml",
                )
            )
        elif key in PATHS and isinstance(value, str):
            data[key] = _seen_from(find(value), near)
        else:
            data[key] = renamed(value, lambda _, name: _seen_from(find(name), near))
    return data


def _seen_from(path: Path, near: Path) -> str:
    """The path relative to the case folder where there is one, so that a notebook finds it from
    there."""
    try:
        return Path(os.path.relpath(path.resolve(), near)).as_posix()
    except ValueError:  # another drive
        return str(path.resolve())


def _check_knobs(knobs: Mapping[str, Any], declared: Mapping[str, str]) -> None:
    """A knob that its notebook declares as a number must be one."""
    for key, value in knobs.items():
        try:
            number = float(declared[key])
        except (TypeError, ValueError):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(
                say(
                    zh="参数“{key}”的内容为“{found}”，应为一个数字（notebook 中为 {number:g}）",
                    en="parameter “{key}”: found “{found}”, expected a number (the notebook has "
                    "{number:g})",
                    key=key,
                    found=value,
                    number=number,
                )
            )
