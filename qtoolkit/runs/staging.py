"""The inputs of a run, copied once into its folder: notebooks, recheck workbook and hashes all come
from that copy.

What lies in the case's folder keeps its relative name, so that the parameters that a notebook gets
are those of the params.yaml; what lies elsewhere is laid into `inputs/`, and the manifest says
where it came from. The copy is a case by itself and can be run again.
"""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from qtoolkit.inputs.case import Case
from qtoolkit.inputs.drafts import KEY, draft_role
from qtoolkit.inputs.files import read_bytes
from qtoolkit.inputs.parameters import BOOKS, Parameters, parameters_of
from qtoolkit.inputs.schemeyaml import yaml_of
from qtoolkit.runs.tables import renamed, tables_in

OUTSIDE = "inputs"  # the folder of files that do not lie in the case's own
PARAMS = "params.yaml"
READ = ("scheme", "data", "ratings")  # the parameters that name a file which a case reads


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


def destinations(parameters: Parameters, case: Case, tables: Mapping[str, Path]) -> Destinations:
    """Where the files of a case lie in the copy; `tables` are the files that knobs name.

    All roles share one mapping, so that no file is written over another: what stays in the case's
    folder gets its place first, then what comes from elsewhere and what would collide.
    """
    places = _Places()
    moved: dict[str, str] = {}
    written = parameters.model_dump(mode="json") | dict(parameters.knobs)
    written |= {role: name for role, name in tables_in(parameters.knobs).items() if role in tables}
    drafts = _drafts_of(written)
    written |= drafts
    read = [*(key for key in READ if key in case.files), *drafts]
    this_year = {key: case.files[key] for key in read} | dict(tables)
    files = _inside(places, written, this_year, PurePosixPath())
    earlier = None
    if case.previous is not None:
        earlier, previous_files = _earlier(places, written, case, case.previous, moved)
        files |= previous_files
    files |= _elsewhere(places, written, this_year, PurePosixPath(), files, moved)
    for role in drafts:
        written[KEY][int(role.rpartition(".")[2]) - 1]["scheme"] = written[role]
    named = {key: value for key, value in written.items() if "." not in key}
    return Destinations(
        files, renamed(named, lambda role, name: written.get(role, name)), earlier, moved
    )


def _drafts_of(written: Mapping[str, Any]) -> dict[str, str]:
    """The files of rival drafts, by their roles, as parameters name them."""
    numbered = enumerate(written[KEY], 1)
    return {draft_role(n): draft["scheme"] for n, draft in numbered if "scheme" in draft}


def _earlier(
    places: _Places, written: dict[str, Any], case: Case, last: Case, moved: dict[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Last year's parameters as the copy has them, and the places of its files."""
    earlier = last.parameters.model_dump(mode="json", exclude={"previous", KEY})
    earlier |= dict(last.parameters.knobs)
    roles = {key: f"previous_{key}" for key in READ}
    sources = {key: case.files[role] for key, role in roles.items() if role in case.files}
    folder = _previous(places, written, last, moved)
    files = _inside(places, earlier, sources, folder)
    inside: dict[str, str] = {}
    files |= _elsewhere(places, earlier, sources, folder, files, inside)
    moved |= {f"previous.{key}": value for key, value in inside.items()}
    placed = {f"previous_{key}": path for key, path in files.items()}
    return earlier, placed | {"previous_params": (folder / PARAMS).as_posix()}


class _Places:
    """The files of the copy, and what lies in each: names that differ in capitals are one file
    elsewhere."""

    def __init__(self) -> None:
        self.taken: dict[str, tuple[str, Path | None]] = {}
        self.take(PurePosixPath(PARAMS), None)

    def take(self, path: PurePosixPath, source: Path | None) -> str | None:
        """The place of a file that wants to lie at `path`; None where another one lies there."""
        name = path.as_posix()
        key = unicodedata.normalize("NFC", name).casefold()
        source = None if source is None else source.resolve()
        if key in self.taken:
            place, lying = self.taken[key]
            return place if source is not None and lying == source else None
        if any(
            f"{other}/".startswith(f"{key}/") or f"{key}/".startswith(f"{other}/")
            for other in self.taken
        ):
            return None  # a file where the other needs a folder
        self.taken[key] = (name, source)
        return name


def _inside(
    places: _Places, parameters: dict[str, Any], sources: Mapping[str, Path], folder: PurePosixPath
) -> dict[str, str]:
    """The places of the files that keep their names; `parameters` say them as the copy has them."""
    files: dict[str, str] = {}
    for key, source in sources.items():
        if not _is_inside(parameters[key]):
            continue
        place = places.take(folder / _plain(parameters[key]), source)
        if place is not None:
            files[key] = place
            parameters[key] = PurePosixPath(place).relative_to(folder).as_posix()
    return files


def _elsewhere(
    places: _Places,
    parameters: dict[str, Any],
    sources: Mapping[str, Path],
    folder: PurePosixPath,
    placed: Mapping[str, str],
    moved: dict[str, str],
) -> dict[str, str]:
    """The places in `inputs/` of the files that are not `placed` already; `moved` says what their
    parameters said."""
    files: dict[str, str] = {}
    for key in [key for key in sources if key not in placed]:
        name = Path(parameters[key]).name
        names = itertools.chain(
            [name, f"{key}-{name}"], (f"{key}-{n}-{name}" for n in itertools.count(2))
        )
        wanted = (places.take(folder / OUTSIDE / name, sources[key]) for name in names)
        files[key] = next(place for place in wanted if place is not None)
        moved[key] = parameters[key]
        parameters[key] = PurePosixPath(files[key]).relative_to(folder).as_posix()
    return files


def _is_inside(written: str) -> bool:
    """Whether a relative path stays in the folder that it starts from."""
    path = os.path.normpath(written)
    return not os.path.isabs(path) and not Path(path).drive and path.split(os.sep)[0] != os.pardir


def _plain(written: str) -> PurePosixPath:
    """A relative path without detours: the folders of a detour are not in the copy."""
    return PurePosixPath(os.path.normpath(written).replace(os.sep, "/"))


def _previous(
    places: _Places, parameters: dict[str, Any], case: Case, moved: dict[str, str]
) -> PurePosixPath:
    """The folder of the copy in which last year's case lies."""
    written, source = parameters["previous"], case.files["params"]
    beside = PurePosixPath(OUTSIDE)
    others = itertools.chain(
        [beside / "previous"], (beside / f"previous-{n}" for n in itertools.count(2))
    )
    wanted: Iterable[PurePosixPath] = others
    if _is_inside(written):
        path = _plain(written)
        is_file = source.suffix.lower() in BOOKS or path.name == PARAMS
        wanted = itertools.chain([path.parent if is_file else path], others)
    folder = next(folder for folder in wanted if places.take(folder / PARAMS, None) is not None)
    if folder.parts[:1] == (OUTSIDE,) and not (
        _is_inside(written) and _plain(written).is_relative_to(folder)
    ):
        moved["previous"] = written
    parameters["previous"] = folder.as_posix()
    return folder


def lay(copy: Destinations, files: Mapping[str, Path], folder: Path) -> Parameters:
    """Copy the files, by their roles, and the parameters into `folder`; the parameters that lead to
    the copies."""
    for role, source in files.items():
        _write(folder / copy.files[role], read_bytes(source))
    _write(folder / PARAMS, _yaml(copy.parameters))
    if copy.previous is not None:
        _write(folder / copy.files["previous_params"], _yaml(copy.previous))
    written = {key: value for key, value in copy.parameters.items() if value is not None}
    return parameters_of(written | {"notebooks": tuple(copy.parameters["notebooks"])})


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _yaml(parameters: Mapping[str, Any]) -> bytes:
    """A params.yaml with these parameters."""
    return yaml_of({key: value for key, value in parameters.items() if value is not None}).encode()
