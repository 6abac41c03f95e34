"""Finding notebooks, what they declare, and their text in one language."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from qtoolkit.errors import InputError, nearest
from qtoolkit.inputs import locate
from qtoolkit.inputs.files import read_bytes
from qtoolkit.language import LANGUAGES, say


@dataclass(frozen=True)
class Notebook:
    """A notebook file: `origin` says where it was found (project, packaged, checkout, explicit)."""

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
            return {name: info["default"] for name, info in inspect_notebook(str(self.path)).items()}
        except (ValueError, KeyError, AttributeError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
            why = " ".join(str(error).split())[:200]
            text = say(zh="{name}不是有效的 notebook：{why}", en="{name} is not a valid notebook: {why}", name=self.path.name, why=why)
            raise InputError(text) from None

    def in_language(self, language: str) -> nbformat.NotebookNode:
        """The notebook without the prose of the other language."""
        book = nbformat.reads(self.bytes.decode("utf-8"), as_version=4)
        others = set(LANGUAGES) - {language}
        book.cells = [cell for cell in book.cells if not others & set(cell.metadata.get("tags", []))]
        return book


def find_notebooks(names: Iterable[str], near: Path | None = None) -> list[Notebook]:
    """Notebooks by name ("01_assessment") or by path; a name is looked up in the folders of `locate.notebooks`."""
    folders = locate.notebooks(near)
    found: list[Notebook] = []
    for name in names:
        if name.endswith(".ipynb"):
            path = locate.find(name, near)
            found.append(Notebook(path.stem, path, "explicit"))
            continue
        there = [(folder / f"{name}.ipynb", origin) for folder, origin in folders if (folder / f"{name}.ipynb").is_file()]
        if not there:
            hint = nearest(name, [path.stem for folder, _ in folders for path in folder.glob("*.ipynb")])
            raise InputError(say(zh="没有 notebook“{name}”{hint}", en="no notebook “{name}”{hint}", name=name, hint=hint))
        found.append(Notebook(name, *there[0]))
    names = [notebook.name for notebook in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(say(zh="notebook 重复：{names}", en="notebooks named twice: {names}", names=", ".join(twice)))
    if not found:
        raise InputError(say(zh="没有要运行的 notebook", en="there is no notebook to run"))
    return found
