"""The run folder: named by a hash of all that goes in, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qtoolkit.errors import InputError
from qtoolkit.inputs.locate import PACKAGE
from qtoolkit.language import say

MARK = "qtoolkit run"
MANIFEST = "manifest.json"
LIBRARIES = ("numpy", "scipy", "pandas")
STALE = 3600  # seconds after which the leftovers of a killed run are cleared away


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def package_hash() -> str:
    """Hash of the package's own source."""
    total = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE)
        if path.is_file() and "__pycache__" not in inside.parts and inside.parts[0] not in ("_notebooks", "_params"):
            total.update(inside.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def versions() -> dict[str, str]:
    """Versions of the libraries whose numbers go into results."""
    return {name: version(name) for name in LIBRARIES}


def run_hash(content: Mapping[str, Any]) -> str:
    """Hash of everything that a run depends on."""
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a run folder, None where there is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("kind") == MARK else None


def is_done(folder: Path, hash: str) -> bool:
    """Whether the folder holds the finished run of this hash."""
    manifest = read_manifest(folder)
    return manifest is not None and manifest["hash"] == hash and all((folder / name).is_file() for name in manifest["files"])


def check_target(folder: Path) -> None:
    """Refuse a folder that is no run, or a run in which somebody has changed or added files: nothing may be lost."""
    if not folder.exists():
        return
    manifest = read_manifest(folder) if folder.is_dir() else None
    if manifest is None:
        if folder.is_dir() and not any(folder.iterdir()):
            return
        text = say(
            zh="{folder} 已存在，但不是测算结果文件夹；请用 -o 另指定一个文件夹",
            en="{folder} exists and is no run folder; give another one with -o",
            folder=folder,
        )
        raise InputError(text)
    changed = sorted(
        name
        for name, path in _files(folder).items()
        if name != MANIFEST and manifest["files"].get(name) != sha256(path.read_bytes())
    )
    if changed:
        text = say(
            zh="{folder} 中的文件已被改动或是新增的：{names}；为免丢失，请用 -o 另指定一个文件夹",
            en="files in {folder} were changed or added: {names}; so that nothing is lost, give another folder with -o",
            folder=folder, names=", ".join(changed[:5]),
        )
        raise InputError(text)


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """A temporary sibling of `target`, which takes its place when the block ends well and vanishes when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(target)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.parent))
    try:
        yield work
        _put(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _put(work: Path, target: Path) -> None:
    """Rename `work` to `target`; what stood there goes only once the new run stands."""
    check_target(target)
    os.chmod(work, 0o755)
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.parent)) / "old"
    try:
        if target.exists():
            os.replace(target, old)
        try:
            os.replace(work, target)
        except OSError:
            if old.exists():
                os.replace(old, target)
            raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)


def _clear_leftovers(target: Path) -> None:
    for path in target.parent.glob(f".{target.name}.partial-*"):
        if path.is_dir() and time.time() - path.stat().st_mtime > STALE:
            shutil.rmtree(path, ignore_errors=True)


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest, with the hash of every file in the folder."""
    files = {name: sha256(path.read_bytes()) for name, path in _files(folder).items()}
    manifest = {"kind": MARK, **content, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
