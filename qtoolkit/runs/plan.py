"""What a run is to do: everything read and validated, nothing written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtoolkit.assessment import Assessment, assess
from qtoolkit.errors import Complaint, InputError, Problems
from qtoolkit.inputs.case import Case, case_of
from qtoolkit.inputs.files import read_bytes
from qtoolkit.inputs.locate import find, find_case
from qtoolkit.inputs.parameters import BOOKS, Parameters, parameters_of, read_document
from qtoolkit.inputs.yamltext import Document
from qtoolkit.language import say
from qtoolkit.runs import folder as run_folder
from qtoolkit.runs.notebooks import Notebook, find_notebooks

FORMATS = ("html", "docx", "pdf")
COMPARISON = "05_comparison"  # runs by itself where a previous year is given
PATHS = ("scheme", "data", "previous", "ratings")


@dataclass(frozen=True)
class Plan:
    """A validated run that has not started."""

    case: Case
    result: Assessment
    notebooks: tuple[Notebook, ...]
    parameters: Parameters
    folder: Path
    formats: tuple[str, ...]

    @property
    def tables(self) -> dict[str, Path]:
        """The tables that knobs name, such as a history of grades."""
        return tables_of(self.parameters, self.folder)

    @property
    def name(self) -> str:
        """The case folder's name; of a workbook that is a case by itself, its own."""
        path = self.case.files["params"]
        return path.stem if path.suffix.lower() in BOOKS else path.resolve().parent.name

    def content(self) -> dict[str, Any]:
        """Everything that the results depend on."""
        files = {role: path for role, path in self.case.files.items() if role != "params"} | self.tables
        inputs = {role: (path.name, run_folder.sha256(read_bytes(path))) for role, path in files.items()}
        return {
            "case": self.name,
            "parameters": self.parameters.model_dump(mode="json") | dict(self.parameters.knobs),
            "formats": list(self.formats),
            "inputs": {role: {"name": name, "sha256": sha} for role, (name, sha) in inputs.items()},
            "notebooks": {book.name: {"sha256": book.sha256, "origin": book.origin} for book in self.notebooks},
            "package": run_folder.package_hash(),
            "versions": run_folder.versions(),
        }


def plan(
    case: str | Path,
    settings: Mapping[str, Any] | None = None,
    language: str | None = None,
    notebooks: Sequence[str] | None = None,
    formats: Sequence[str] = FORMATS,
) -> Plan:
    """Read and validate everything that a run needs, without writing anything.

    Parameters
    ----------
    case
        A case folder, a params.yaml, a filled workbook (.xlsx), or the name of a packaged case.
    settings
        Parameters to change: core parameters, knobs that a notebook declares, or dotted changes to the scheme
        ("cutoffs.A": 88). Paths are relative to the working directory, those in the params.yaml to its own folder.
    notebooks
        Names, or paths (.ipynb) relative to the working directory.

    Raises
    ------
    InputError
    """
    place = find_case(case)
    path = place / "params.yaml" if place.is_dir() else place
    document = read_document(path)
    near = path.parent.resolve()
    data = _changed(document.data, settings or {}, near) if isinstance(document.data, dict) else document.data
    written = data.get("notebooks") if isinstance(data, dict) else None
    if isinstance(data, dict):
        notebooks = [_seen_from(find(name), near) if name.endswith(".ipynb") else name for name in notebooks or ()]
        data |= {key: value for key, value in (("language", language), ("notebooks", notebooks)) if value}
        if isinstance(data.get("notebooks"), list | tuple):
            data["notebooks"] = tuple(data["notebooks"])
        if data.get("previous") is not None and not notebooks:
            listed = data.get("notebooks", Parameters.model_fields["notebooks"].default)
            if isinstance(listed, tuple) and COMPARISON not in listed:
                data["notebooks"] = (*listed, COMPARISON)
    told = _books(written, near, document)
    books = _books(data.get("notebooks") if isinstance(data, dict) else None, near, document)
    declared = {name: default for book in (*told, *books) for name, default in book.declared.items()}
    parameters = parameters_of(data, declared.keys(), document)
    _check_knobs(parameters.knobs, declared)
    tables_of(parameters, near, path.name)
    for name in formats:
        if name not in FORMATS:
            text = say(
                zh="没有格式“{name}”，可用 {known}", en="no format “{name}”, there are {known}", name=name, known=", ".join(FORMATS)
            )
            raise InputError(text)
    found = case_of(parameters, near, {"params": path})
    return Plan(found, assess(found.scheme, found.table), tuple(books), parameters, near, tuple(formats))


def tables_of(parameters: Parameters, folder: Path, file: str | None = None) -> dict[str, Path]:
    """The tables that knobs name; complaints name the parameters' `file` and the knob."""
    found, problems = {}, Problems()
    for key, value in parameters.knobs.items():
        try:
            if _is_table(value):
                found[key] = find(value, folder)
        except InputError as error:
            problems.complaints += [Complaint(c.text, file, column=key) for c in error.complaints]
    problems.stop()
    return found


def _books(names: Any, near: Path, document: Document) -> Sequence[Notebook]:
    """The notebooks named; the default ones where it is no list of names."""
    listed = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    try:
        return find_notebooks(tuple(names) if listed else Parameters.model_fields["notebooks"].default, near)
    except InputError as error:
        place = (document.name, document.line(("notebooks",)), "notebooks")
        raise InputError(Complaint(c.text, *place) if c.file is None else c for c in error.complaints) from None


def _changed(data: Mapping[str, Any], settings: Mapping[str, Any], near: Path) -> dict[str, Any]:
    """Parameters with settings applied; dotted keys go into `changes`, paths are found from the working directory."""
    data = dict(data)
    for key, value in settings.items():
        if "." in key:
            changes = data.get("changes")
            data["changes"] = (changes if isinstance(changes, dict) else {}) | {key: value}
        elif key == "changes":
            raise InputError(
                say(zh="changes 请逐项写成 cutoffs.A=88 的形式", en="write changes one by one, such as cutoffs.A=88")
            )
        elif (key in PATHS and isinstance(value, str)) or _is_table(value):
            data[key] = _seen_from(find(value), near)
        else:
            data[key] = value
    return data


def _is_table(value: Any) -> bool:
    """Whether a parameter's value names a table."""
    return isinstance(value, str) and value.strip().lower().endswith((".csv", ".xlsx", ".xlsm"))


def _seen_from(path: Path, near: Path) -> str:
    """The path relative to the case folder where there is one, so that a notebook finds it from there."""
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
                    en="parameter “{key}”: found “{found}”, expected a number (the notebook has {number:g})",
                    key=key, found=value, number=number,
                )
            )  # fmt: skip
