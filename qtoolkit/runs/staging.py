"""The inputs of a run, copied once into its folder: notebooks, recheck workbook and hashes all come from that copy.

What lies in the case's folder keeps its relative name, so that the parameters that a notebook gets are those of the
params.yaml; what lies elsewhere is laid into `inputs/`, and the manifest says where it came from. The copy is a case
by itself and can be run again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from qtoolkit.inputs.case import Case
from qtoolkit.inputs.files import read_bytes
from qtoolkit.inputs.parameters import BOOKS, Parameters, parameters_of
from qtoolkit.inputs.schemeyaml import yaml_of

OUTSIDE = "inputs"  # the folder of files that do not lie in the case's own
PARAMS = "params.yaml"


@dataclass(frozen=True)
class Destinations:
    """Where the files of a case lie in the copy.

    files : the path of each role in the copy
    parameters : the parameters, with these paths
    previous : last year's parameters, None where there is no last year
    moved : of each parameter whose file lies elsewhere than it says, what it said
    """

    files: Mapping[str, str]
    parameters: Mapping[str, Any]
    previous: Mapping[str, Any] | None
    moved: Mapping[str, str]


def destinations(parameters: Parameters, case: Case, tables: Iterable[str]) -> Destinations:
    """Where the files of a case lie in the copy; `tables` are the knobs that name some."""
    written = parameters.model_dump(mode="json") | dict(parameters.knobs)
    moved: dict[str, str] = {}
    files = _laid(written, ("scheme", "data", *tables), moved)
    if case.previous is None:
        return Destinations(files, written, None, moved)
    earlier, folder = _previous(case.previous, written, moved)
    inside: dict[str, str] = {}
    for role, path in _laid(earlier, ("scheme", "data"), inside).items():
        files[f"previous_{role}"] = (folder / path).as_posix()
    files["previous_params"] = (folder / PARAMS).as_posix()
    moved |= {f"previous.{key}": value for key, value in inside.items()}
    return Destinations(files, written, earlier, moved)


def _laid(parameters: dict[str, Any], keys: tuple[str, ...], moved: dict[str, str]) -> dict[str, str]:
    """The path in the copy of each file that a key names; `parameters` and `moved` are brought up to it."""
    files: dict[str, str] = {}
    for key in keys:
        written = parameters[key]
        if _is_inside(written):
            files[key] = PurePosixPath(os.path.normpath(written).replace(os.sep, "/")).as_posix()
            continue
        name = Path(written).name
        taken = any(path == f"{OUTSIDE}/{name}" for path in files.values())
        parameters[key] = files[key] = f"{OUTSIDE}/{key}-{name}" if taken else f"{OUTSIDE}/{name}"
        moved[key] = written
    return files


def _is_inside(written: str) -> bool:
    """Whether a relative path stays in the folder that it starts from."""
    path = os.path.normpath(written)
    return not os.path.isabs(path) and not Path(path).drive and path.split(os.sep)[0] != os.pardir


def _previous(
    case: Case, parameters: dict[str, Any], moved: dict[str, str]
) -> tuple[dict[str, Any], PurePosixPath]:
    """Last year's parameters, and the folder of the copy in which its case lies."""
    written, source = parameters["previous"], case.files["params"]
    if not _is_inside(written):
        moved["previous"] = written
        written = f"{OUTSIDE}/previous"
    elif source.suffix.lower() in BOOKS or Path(written).name == PARAMS:
        written = PurePosixPath(os.path.normpath(written).replace(os.sep, "/")).parent.as_posix()
        if written == ".":  # beside this year's params.yaml, whose name it must not take
            moved["previous"], written = parameters["previous"], f"{OUTSIDE}/previous"
    parameters["previous"] = written
    earlier = case.parameters.model_dump(mode="json", exclude={"previous"}) | dict(case.parameters.knobs)
    return earlier, PurePosixPath(written)


def lay(found: Destinations, files: Mapping[str, Path], folder: Path) -> Parameters:
    """Copy the files, by their roles, and the parameters into `folder`; the parameters that lead to the copies."""
    for role, source in files.items():
        _write(folder / found.files[role], read_bytes(source))
    _write(folder / PARAMS, _yaml(found.parameters))
    if found.previous is not None:
        _write(folder / found.files["previous_params"], _yaml(found.previous))
    written = {key: value for key, value in found.parameters.items() if value is not None}
    return parameters_of(written | {"notebooks": tuple(found.parameters["notebooks"])})


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _yaml(parameters: Mapping[str, Any]) -> bytes:
    """A params.yaml with these parameters."""
    return yaml_of({key: value for key, value in parameters.items() if value is not None}).encode()
