"""Finding notebooks, what they declare, and their text in one language."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import nbformat

from qtoolkit.errors import InputError, clip, nearest
from qtoolkit.inputs import locate
from qtoolkit.inputs.files import read_bytes
from qtoolkit.language import LANGUAGES, Text, same, say

CHECK = "check"

OF_ONES_OWN = Text(
    "；自己的 notebook 请用 --notebooks 指定其文件夹",
    "; for notebooks of your own give their folder with --notebooks",
)


@dataclass(frozen=True)
class Notebook:
    """A notebook file, read once: `origin` says where it was found (given, packaged, checkout,
    explicit)."""

    name: str
    path: Path
    origin: str

    @cached_property
    def bytes(self) -> bytes:
        return read_bytes(self.path)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.bytes).hexdigest()

    @cached_property
    def declared(self) -> dict[str, Any]:
        """Parameters that the notebook declares, and their defaults as source text."""
        from papermill import inspect_notebook

        try:
            # what runs is what was read, also if the file changes now
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder, "notebook.ipynb")
                copy.write_bytes(self.bytes)
                return {name: info["default"] for name, info in inspect_notebook(str(copy)).items()}
        except (
            ValueError,
            KeyError,
            AttributeError,
            nbformat.reader.NotJSONError,
            nbformat.ValidationError,
        ) as error:
            why = " ".join(str(error).split())[:200]
            text = say(
                zh="{name}不是有效的 notebook：{why}",
                en="{name} is not a valid notebook: {why}",
                name=self.path.name,
                why=why,
            )
            raise InputError(text) from None

    def in_language(self, language: str) -> nbformat.NotebookNode:
        """The notebook without the prose of the other language, and without the cells that are
        there for the automatic tests alone (tagged "check")."""
        book: nbformat.NotebookNode = nbformat.reads(self.bytes.decode("utf-8"), as_version=4)
        left_out = {*LANGUAGES, CHECK} - {language}
        book.cells = [
            cell for cell in book.cells if not left_out & set(cell.metadata.get("tags", []))
        ]
        for cell in book.cells:
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = comments_in(cell.source, language)
        return book


def comments_in(source: str, language: str) -> str:
    """The source of a cell with its comments in one language, where they have both: "中文 |
    English".

    >>> comments_in("draws = 9  # 次数 | how many\\nseed = 0  # any", "en")
    'draws = 9  # how many\\nseed = 0  # any'
    """
    found = []
    for line in source.splitlines():
        code, sign, comment = line.partition("  # ")
        zh, bar, en = comment.partition(" | ")
        found.append(code + sign + {"zh": zh, "en": en}[language] if bar else line)
    return "\n".join(found)


def find_notebooks(
    names: Iterable[str], folder: Path | None = None, files: bool = False
) -> list[Notebook]:
    """Notebooks by name ("01_assessment"), looked up in `folder` and then among the package's own.

    With `files`, for what a command or Python names itself, a name may be the path of a notebook
    (.ipynb), relative to the working directory. A params.yaml names no files: a case that somebody
    sends runs no code.
    """
    folders = locate.notebooks(folder)
    notebooks: list[Notebook] = []
    for name in names:
        if name.endswith(".ipynb") and files:
            path = locate.find(name)
            notebooks.append(Notebook(path.stem, path, "explicit"))
        else:
            _refuse_path(name)
            notebooks.append(_by_name(name, folders))
    _refuse_twice([notebook.name for notebook in notebooks])
    if not notebooks:
        raise InputError(say(zh="没有要运行的 notebook", en="there is no notebook to run"))
    return notebooks


def _refuse_path(name: str) -> None:
    """A case names notebooks and no files."""
    bare = PurePosixPath(name).name == name and PureWindowsPath(name).name == name
    if bare and not name.endswith(".ipynb"):
        return
    text = say(
        zh="应为 notebook 的名称，现为路径“{name}”：案例不运行自带的程序；请写名称，并用 "
        "--notebooks 指定文件夹",
        en="expected the name of a notebook, found the path “{name}”: a case runs no code of its "
        "own; write the name and give the folder with --notebooks",
        name=name,
    )
    raise InputError(text)


def _by_name(name: str, folders: Sequence[tuple[Path, str]]) -> Notebook:
    """The notebook of this name in the first of the folders, each with its origin, that has it."""
    for place, origin in folders:
        path = place / f"{name}.ipynb"
        if _is_file(path):
            return Notebook(name, path, origin)
    known = [path.stem for place, _ in folders for path in place.glob("*.ipynb")]
    given = any(origin == "given" for _, origin in folders)
    text = say(
        zh="没有 notebook“{name}”{hint}{own}",
        en="no notebook “{name}”{hint}{own}",
        name=clip(name),
        hint=nearest(name, known),
        own=same("") if given else OF_ONES_OWN,
    )
    raise InputError(text)


def _refuse_twice(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        text = say(
            zh="notebook 重复：{names}",
            en="notebooks named twice: {names}",
            names=", ".join(twice),
        )
        raise InputError(text)


def _is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no system could have names none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
