"""The run folder: named by a hash of all that goes in, written whole or not at all."""

from __future__ import annotations

import glob
import hashlib
import itertools
import json
import os
import platform
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from qtoolkit.errors import InputError
from qtoolkit.inputs.locate import PACKAGE
from qtoolkit.language import Text, listing, say

MARK = "qtoolkit run"
MANIFEST = "manifest.json"
FAILED = "qtoolkit failed run"
OLD = "old"  # what stood there, in a temporary folder while the new run takes its place
LIBRARIES = (
    "numpy", "scipy", "pandas",  # numbers
    "matplotlib", "seaborn", "fonttools", "zhplot", "typst", "pypandoc_binary", "python-docx", "xlsxwriter",  # looks
    "papermill", "nbclient", "ipykernel",  # how notebooks run
)  # fmt: skip


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
    """Versions of what shapes the results: Python and the libraries that compute, draw, set and run."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def run_hash(content: Mapping[str, Any]) -> str:
    """Hash of everything that a run depends on."""
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a run folder, None where there is none or its form is not that of one."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or manifest.get("kind") != MARK:
        return None
    files = manifest.get("files")
    named = isinstance(files, dict) and all(isinstance(sha, str) for sha in files.values())
    return manifest if named and isinstance(manifest.get("hash"), str) else None


def differences(folder: Path) -> list[Text] | None:
    """Where a run folder is not what its manifest says, a sentence each; None where there is no manifest.

    Files of the folder are compared with the manifest, never the reverse, so that a manifest from someone else cannot
    make this program open anything outside the folder.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    there, listed = _files(folder), manifest["files"]
    found = []
    if run_hash({key: manifest[key] for key in manifest.get("attested", ()) if key in manifest}) != manifest["hash"]:
        text = say(zh="{name}：内容与其校验值不符", en="{name}: what it says does not match its own hash", name=MANIFEST)
        found.append(text)
    for name in sorted(listed.keys() | (there.keys() - {MANIFEST})):
        if name not in there:
            found.append(say(zh="{name}：文件缺失", en="{name}: the file is missing", name=name))
        elif name not in listed:
            found.append(say(zh="{name}：清单中没有的文件", en="{name}: a file that the manifest does not list", name=name))
        elif sha256(there[name].read_bytes()) != listed[name]:
            found.append(say(zh="{name}：文件已被改动", en="{name}: the file was changed", name=name))
    return found


def is_done(folder: Path, hash: str) -> bool:
    """Whether the folder holds the finished run of this hash, whole and untouched."""
    manifest = read_manifest(folder)
    return manifest is not None and manifest["hash"] == hash and differences(folder) == []


def check_target(folder: Path) -> None:
    """Refuse a folder that is no run, or a run in which somebody has changed or added files: nothing may be lost."""
    try:
        folder.lstat()  # a name that the system refuses is an error now, not when everything is done
    except FileNotFoundError:
        return
    found = differences(folder) if folder.is_dir() else None
    if found is None:
        if folder.is_dir() and not any(folder.iterdir()):
            return
        text = say(
            zh="{folder} 已存在，但不是测算结果文件夹；请用 -o 另指定一个文件夹",
            en="{folder} exists and is no run folder; give another one with -o",
            folder=folder,
        )
        raise InputError(text)
    if found:
        text = say(
            zh="{folder} 中的文件与清单不符（{names}）；为免丢失，请用 -o 另指定一个文件夹",
            en="files in {folder} are not what its manifest says ({names}); "
            "so that nothing is lost, give another folder with -o",
            folder=folder, names=listing(found, most=5),
        )
        raise InputError(text)


@contextmanager
def building(target: Path, tell: Callable[[Text], None] = lambda text: None) -> Iterator[Path]:
    """A temporary sibling of `target`, which takes its place when the block ends well and vanishes when it does not.

    One run at a time builds `target`; what killed runs have left beside it is named to the user through `tell`.
    """
    target = resolved(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target):
        _restore(target)
        if left := leftovers(target):
            text = say(
                zh="被中断的测算留下了 {names}，不再需要，可以删除",
                en="runs that were killed have left {names}: no longer needed, they can be deleted",
                names=listing([str(path) for path in left], most=5),
            )
            tell(text)
        work = Path(tempfile.mkdtemp(prefix=_partial(target), dir=target.parent))
        try:
            yield work
            if work.exists():
                _put(work, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def cut(name: str, most: int) -> str:
    """The beginning of a file name within `most` bytes: systems limit bytes, 255 of them.

    >>> cut("方案A", 7)
    '方案A'
    >>> cut("方案A", 5)
    '方'
    """
    return os.fsencode(name)[:most].decode("utf-8", "ignore")


def resolved(target: Path) -> Path:
    """The absolute path of a target with a name of its own: that of `.` is the folder's."""
    if target.name in ("", os.pardir):
        return target.resolve()
    return target.parent.resolve() / target.name


def _beside(target: Path, suffix: str) -> str:
    """The name of a file or folder of ours beside `target`.

    The hash of the whole name comes first: targets that share a beginning share nothing else, and
    no name of one begins like that of another.
    """
    whole = hashlib.sha256(os.fsencode(os.path.normcase(target.name))).hexdigest()
    return f".qtoolkit-{whole[:16]}-{cut(target.name, 60)}.{suffix}"


def _partial(target: Path) -> str:
    return _beside(target, "partial-")


def leftovers(target: Path) -> list[Path]:
    """What runs into `target` that were killed have left; for the one that holds its lock."""
    return sorted(path for path in target.parent.glob(f"{glob.escape(_partial(target))}*") if path.is_dir())


def _restore(target: Path) -> None:
    """Put back what stood at `target` where a run was killed between taking it away and putting the new one there."""
    for left in leftovers(target):
        if (left / OLD).is_dir() and not os.path.lexists(target):
            os.replace(left / OLD, target)


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """The right to build `target`, which the system takes back from a process that is killed."""
    path = target.with_name(_beside(target, "lock"))
    while True:
        _check_lock(path)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            text = say(
                zh="另一个测算正在写入 {folder}，请等它结束，或用 -o 另指定一个文件夹",
                en="another run is writing {folder}: wait for it, or give another folder with -o",
                folder=target,
            )
            raise InputError(text) from None
        if path.exists():  # else the run before has just removed the file that is locked here: lock the next one
            break
        lock.release()
    try:
        yield
    finally:
        path.unlink(missing_ok=True) if os.name == "posix" else None
        lock.release()


def _check_lock(path: Path) -> None:
    """A lock is an empty file: anything else of its name is somebody's own, and stays."""
    try:
        there = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(there.st_mode) or there.st_size:
        text = say(
            zh="{path} 不是本工具的锁文件，请移走，或用 -o 另指定一个文件夹",
            en="{path} is no lock of this program: move it, or give another folder with -o",
            path=path,
        )
        raise InputError(text)


def _put(work: Path, target: Path) -> None:
    """Rename `work` to `target`; what stood there goes only once the new run stands.

    Whatever stops it, an interrupt too, what stood there is put back; where even that is stopped, it
    stays beside `target` until the next run puts it back.
    """
    check_target(target)
    os.chmod(work, 0o755)
    old = Path(tempfile.mkdtemp(prefix=_partial(target), dir=target.parent)) / OLD
    try:
        if os.path.lexists(target):
            os.replace(target, old)
        os.replace(work, target)
    finally:
        if os.path.lexists(old) and not os.path.lexists(target):
            os.replace(old, target)
        shutil.rmtree(old.parent, ignore_errors=True)


def keep_failed(work: Path, target: Path) -> Path:
    """Rename `work` to a fresh name beside `target` that says that the run failed; nothing that is there is touched."""
    os.chmod(work, 0o755)
    for number in itertools.count(1):
        kept = target.with_name(f"{cut(target.name, 200)}.failed" + (f"-{number}" if number > 1 else ""))
        if not os.path.lexists(kept):
            os.rename(work, kept)
            return kept


def write_manifest(folder: Path, content: Mapping[str, Any], kind: str = MARK, **more: Any) -> None:
    """Write the manifest: what the run depends on with its hash, `more`, and the hash of every file in the folder."""
    files = {name: sha256(path.read_bytes()) for name, path in _files(folder).items()}
    own = {"kind": kind, "hash": run_hash(content), **more, "attested": list(content)}
    text = json.dumps({**own, **content, "files": files}, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
