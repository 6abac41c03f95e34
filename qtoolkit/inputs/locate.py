"""Finding cases, notebooks and the files that a parameter names. The one module that knows where things lie."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from qtoolkit.errors import InputError
from qtoolkit.language import say

PACKAGE = Path(__file__).resolve().parents[1]


def project(start: Path | None = None) -> Path | None:
    """The nearest folder from `start` upwards that holds both params/ and notebooks/."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "params").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return None


def notebooks(near: Path | None = None) -> list[tuple[Path, str]]:
    """Folders of notebooks, the first to be looked into first, and where each was found: the case's project, the working
    directory's, the packaged copies, the checkout beside the package."""
    found = [(folder / "notebooks", "project") for folder in (project(near), project()) if folder]
    packaged = (PACKAGE / "_notebooks", "packaged") if (PACKAGE / "_notebooks").is_dir() else None
    return list(dict.fromkeys([*found, packaged or (PACKAGE.parent / "notebooks", "checkout")]))


def packaged_cases() -> Path:
    """The folder of the cases that ship with the package."""
    return PACKAGE / "_params" if (PACKAGE / "_params").is_dir() else PACKAGE.parent / "params"


def find(path: str | Path, near: Path | None = None) -> Path:
    """The file or folder that `path` names.

    An absolute path is taken as it is. A relative one is tried against the folder `near`, then the working directory
    and its parents, then the packaged cases ("params/tai-2001/data.csv" and "tai-2001" both lead there).
    """
    if not str(path).strip():
        raise InputError(say(zh="没有写文件名", en="no file is named"))
    path = Path(path)
    if path.is_absolute():
        candidates = [path]
    else:
        here = Path.cwd()
        bases = [near] if near else []
        bases += [*(near.resolve().parents if near else ()), here, *here.parents]
        parts = PurePosixPath(path.as_posix()).parts
        inside = parts[1:] if parts[:1] == ("params",) else parts
        candidates = [base / path for base in bases] + [packaged_cases().joinpath(*inside)]
    for candidate in candidates:
        if _exists(candidate):
            return candidate
    raise InputError(say(zh="找不到文件：{path}", en="file not found: {path}", path=path.as_posix()))


def _exists(path: Path) -> bool:
    """Whether the path leads to something; a name that no system could have leads nowhere."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
