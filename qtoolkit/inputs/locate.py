"""Finding cases, notebooks and the files that a parameter names. The one module that knows where
things lie."""

from __future__ import annotations

import sys
from pathlib import Path, PureWindowsPath

from qtoolkit.errors import InputError, nearest
from qtoolkit.language import Text, listing, same, say

SLASHES = Text(
    "；引号中的反斜杠另有含义（\\n 是换行），请把路径中的 \\ 写成 /",
    "; between quotation marks a backslash has a meaning of its own (\\n ends a line): write / for "
    "each \\ of the path",
)
PACKAGE = Path(__file__).resolve().parents[1]


def project(start: Path | None = None) -> Path | None:
    """The nearest folder from `start` upwards that holds both params/ and notebooks/."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "params").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return None


def notebooks(given: Path | None = None) -> list[tuple[Path, str]]:
    """Folders of notebooks, the first to be looked into first, and what each is: the one that was
    asked for ("given"), then the package's own ("packaged", or "checkout" where the package is
    installed from one).

    What lies beside a case is never among them unless it was asked for: a folder from someone else
    runs no code.
    """
    packaged = PACKAGE / "_notebooks"
    shipped = (
        (packaged, "packaged") if packaged.is_dir() else (PACKAGE.parent / "notebooks", "checkout")
    )
    return [*([] if given is None else [(given, "given")]), shipped]


def notebooks_beside(case: Path) -> Path | None:
    """A folder of notebooks in a case's folder or in its project that is not the package's own;
    None without one."""
    around = project(case)
    used = {folder.resolve() for folder, _ in notebooks()}
    for folder in (case / "notebooks", *([around / "notebooks"] if around else [])):
        if folder.is_dir() and folder.resolve() not in used and any(folder.glob("*.ipynb")):
            return folder
    return None


def packaged_cases() -> Path:
    """The folder of the cases that ship with the package."""
    return installed_cases() if installed_cases().is_dir() else PACKAGE.parent / "params"


def installed_cases() -> Path:
    """Where an installed package has its cases; in a checkout there is nothing."""
    return PACKAGE / "_params"


def find(path: str | Path, folder: Path | None = None) -> Path:
    """The file or folder that `path` names.

    An absolute path is taken as it is. A relative one that stands in a file belongs to the folder
    of that file: it is looked for in `folder` and nowhere else, so that a copied case reads its own
    files. Without `folder` the path was given by a command or by Python and is relative to the
    working directory; where that is a project's folder of notebooks, as for a notebook that is open
    in Jupyter, also to the project.

    Raises
    ------
    InputError
        There is no such file; the sentence says what to write where the folder holds a file of that
        name.
    """
    if not str(path).strip():
        raise InputError(say(zh="没有写文件名", en="no file is named"))
    path = Path(path)
    for base in (folder,) if folder is not None else _working_places():
        if _exists(base / path):
            return base / path
    if any(ord(sign) < ord(" ") for sign in str(path)):
        hint = SLASHES
    else:
        hint = _in_a_file(path, folder) if folder is not None else _in_a_kernel(path)
    text = say(
        zh="找不到文件：{path}{hint}",
        en="file not found: {path}{hint}",
        path=path.as_posix(),
        hint=hint,
    )
    raise InputError(text)


def find_case(case: str | Path) -> Path:
    """The case folder, params.yaml or workbook at this path, else the packaged case of this bare
    name.

    Raises
    ------
    InputError
        There is none; the packaged cases are named.
    """
    known = sorted(path.parent.name for path in packaged_cases().glob("*/params.yaml"))
    try:
        return find(case)
    except InputError:
        if str(case) in known:
            return packaged_cases() / case
    raise InputError(
        say(
            zh="找不到案例“{case}”{hint}；应为案例文件夹、params.yaml、"
            "填好的工作簿或内置案例名（{known}）",
            en="no case “{case}”{hint}; expected a case folder, a params.yaml, a filled workbook "
            "or a packaged case ({known})",
            case=case,
            hint=nearest(str(case), known),
            known=listing(known),
        )
    )


def _working_places() -> list[Path]:
    """The working directory, and the project where that lies among the project's notebooks."""
    working = Path.cwd()
    around = project(working)
    return (
        [working, around]
        if around and working.resolve().is_relative_to(around / "notebooks")
        else [working]
    )


def _in_a_file(path: Path, folder: Path) -> Text:
    """What a path in a file is relative to, and what to write where its last parts lead to
    something there."""
    if path.is_absolute():
        return same("")
    tails = (Path(*path.parts[i:]) for i in range(1, len(path.parts)))
    reachable = next((tail for tail in tails if _exists(folder / tail)), None)
    write = (
        same("")
        if reachable is None
        else say(zh="，请写“{path}”", en=": write “{path}”", path=reachable.as_posix())
    )
    return say(
        zh="；文件中的路径只相对于该文件所在的文件夹{write}",
        en="; a path in a file is relative to the folder of that file{write}",
        write=write,
    )


def _in_a_kernel(path: Path) -> Text:
    """In a notebook the path may come from the params.yaml of a case in whose folder the kernel
    does not work."""
    absolute = path.is_absolute() or PureWindowsPath(str(path)).is_absolute()
    if absolute or "ipykernel" not in sys.modules:
        return same("")
    return say(
        zh="；工作目录为 {here}：直接用 papermill 运行时请加 --cwd 案例文件夹",
        en="; the working directory is {here}: papermill needs --cwd with the folder of the case",
        here=Path.cwd(),
    )


def _exists(path: Path) -> bool:
    """Whether the path leads to something; a name that no system could have leads nowhere."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
