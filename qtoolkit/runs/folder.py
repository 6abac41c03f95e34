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
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from qtoolkit.errors import InputError, WorkError, clip
from qtoolkit.inputs.files import read_bytes
from qtoolkit.inputs.locate import PACKAGE
from qtoolkit.inputs.yamltext import read_yaml
from qtoolkit.language import Text, listing, same, say

MARK = "qtoolkit run"
MANIFEST = "manifest.json"
FAILED = "qtoolkit failed run"
SEAL = "seal"  # of the manifest as a whole; `hash` is that of the inputs, and names the run
CASE = "case"  # the copy of the inputs in a run folder
PARAMS = "params.yaml"
MOST_FILES = 20_000
"""Names in a run folder: a run of forty notebooks writes some five hundred."""
MOST_BYTES = 4_000_000_000
"""Bytes of all files of a run together: a run of 3,000 units × 100 indicators writes a tenth of
it."""
OLD = "old"  # what stood there, in a temporary folder while the new run takes its place
LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",  # numbers
    # looks
    "matplotlib",
    "seaborn",
    "fonttools",
    "zhplot",
    "typst",
    "jinja2",
    "python-docx",
    "xlsxwriter",
    "papermill",
    "nbclient",
    "ipykernel",  # how notebooks run
)


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def package_hash() -> str:
    """Hash of the package's own source."""
    total = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE)
        if (
            path.is_file()
            and "__pycache__" not in inside.parts
            and inside.parts[0] not in ("_notebooks", "_params")
        ):
            total.update(inside.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def versions() -> dict[str, str]:
    """Versions of what shapes the results: Python and the libraries that compute, draw, set and
    run."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def run_hash(content: Mapping[str, Any]) -> str:
    """Hash of everything that a run depends on."""
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a run folder, None where there is none or its form is not that of one.

    Only a regular file that lies in the folder itself is opened: a pipe or a device may never end.

    Raises
    ------
    InputError
        The folder or the manifest cannot be read, so that nobody can say what it is.
    """
    path = folder / MANIFEST
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    try:
        manifest = json.loads(read_bytes(path).decode("utf-8"), object_pairs_hook=_once)
        return manifest if _is_sound(manifest) else None
    except InputError:
        raise
    except (ValueError, RecursionError):  # no JSON, or text that no file can hold
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; one that says a thing twice says two things to two readers."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands there twice")
    return members


def _is_sound(manifest: Any) -> bool:
    """Whether a manifest has the form of one; what it says is another question."""
    if not isinstance(manifest, dict) or manifest.get("kind") != MARK:
        return False
    seal(manifest)  # what cannot be written as UTF-8 is no manifest
    inputs = manifest.get("inputs", {})
    named = isinstance(inputs, dict) and all(_is_input(item) for item in inputs.values())
    return (
        named
        and isinstance(manifest.get("hash"), str)
        and _is_names(manifest.get("attested"))
        and _is_names(manifest.get("empty"))
        and isinstance(manifest.get("files"), dict)
        and len(manifest["files"]) <= MOST_FILES
        and _is_names(list(manifest["files"].values()))
    )


def _is_input(item: Any) -> bool:
    return isinstance(item, dict) and _is_names([item.get("name"), item.get("sha256")])


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _unreadable(path: Path, error: OSError | ValueError) -> InputError:
    return InputError(
        say(
            zh="无法读取 {path}：{why}",
            en="{path} cannot be read: {why}",
            path=clip(path, 200),
            why=_why(error),
        )
    )


def _why(error: OSError | ValueError) -> Text:
    if isinstance(error, PermissionError):
        return Text("没有读取权限", "no permission")
    return same(getattr(error, "strerror", None) or str(error))


def seal(manifest: Mapping[str, Any]) -> str:
    """Hash of everything that a manifest says but this hash itself."""
    return run_hash({key: value for key, value in manifest.items() if key != SEAL})


def differences(folder: Path) -> list[Text] | None:
    """Where a run folder is not what its manifest says, a sentence each; None where there is no
    manifest.

    Files of the folder are compared with the manifest, never the reverse, so that a manifest from
    someone else cannot make this program open anything outside the folder. No link in it is
    followed, and nothing but regular files is opened.

    Raises
    ------
    InputError
        The folder or its manifest cannot be read.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    contents = _contents(folder)
    return [
        *_of_itself(manifest),
        *_of_inputs(manifest),
        *_of_parameters(contents, manifest),
        *_of_contents(contents, manifest),
    ]


def _of_itself(manifest: Mapping[str, Any]) -> Iterator[Text]:
    """The manifest against its own hashes."""
    attested = {key: manifest[key] for key in manifest["attested"] if key in manifest}
    if run_hash(attested) != manifest["hash"] or seal(manifest) != manifest.get(SEAL):
        yield say(
            zh="{name}：内容与其校验值不符",
            en="{name}: what it says does not match its own hash",
            name=MANIFEST,
        )


def _of_inputs(manifest: Mapping[str, Any]) -> Iterator[Text]:
    """The hashes of the inputs, which name the run, against those of the copies in the folder."""
    for item in manifest.get("inputs", {}).values():
        name = f"{CASE}/{item['name']}"
        if manifest["files"].get(name) != item["sha256"]:
            yield say(
                zh="{name}：清单中此文件的校验值与结果所用的输入文件不符",
                en="{name}: the manifest lists another file than the input that was used",
                name=clip(name, 200),
            )


def _of_parameters(contents: _Contents, manifest: Mapping[str, Any]) -> Iterator[Text]:
    """The copies of params.yaml, whose bytes no hash of an input covers, against the parameters
    that name the run."""
    stated = manifest.get("parameters")
    if not isinstance(stated, dict):
        return
    expected = {f"{CASE}/{PARAMS}": stated}
    if isinstance(manifest.get("previous"), dict):
        expected[f"{CASE}/{stated.get('previous')}/{PARAMS}"] = manifest["previous"]
    for name, parameters in expected.items():
        if name in manifest["files"] and name not in contents.files:
            continue  # missing, which is said of every file
        if name not in contents.files or _yaml_in(contents.files[name]) != _written(parameters):
            yield say(
                zh="{name}：与清单中的参数不符",
                en="{name}: it does not hold the parameters that the manifest says",
                name=clip(name, 200),
            )


def _written(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a copy of params.yaml holds."""
    return {key: value for key, value in parameters.items() if value is not None}


def _yaml_in(path: Path) -> Any:
    """What a YAML file of the folder says; None where it cannot be read as such."""
    try:
        return read_yaml(path).data
    except InputError:
        return None


def _of_contents(contents: _Contents, manifest: Mapping[str, Any]) -> Iterator[Text]:
    """What lies in the folder against what the manifest lists."""
    listed = manifest["files"]
    empty = set(manifest["empty"])
    others = dict(contents.others)
    for name in contents.empty - empty:
        others[name] = Text(
            "清单中没有的空文件夹", "an empty folder that the manifest does not list"
        )
    for name in empty - contents.empty - others.keys():
        others[name] = Text("空文件夹缺失", "the empty folder is missing")
    left = MOST_BYTES
    why: Text | None
    for name in sorted(listed.keys() | others.keys() | (contents.files.keys() - {MANIFEST})):
        if name in others:
            why = others[name]
        elif name not in contents.files:
            why = Text("文件缺失", "the file is missing")
        elif name not in listed:
            why = Text("清单中没有的文件", "a file that the manifest does not list")
        else:
            why, left = _of_file(contents.files[name], listed[name], left)
        if why is not None:
            yield say(zh="{name}：{why}", en="{name}: {why}", name=clip(name, 200), why=why)


def _of_file(path: Path, sha: str, left: int) -> tuple[Text | None, int]:
    """What is wrong with a listed file, and how many bytes may still be read after it."""
    try:
        size = path.lstat().st_size
        if size > left:
            return Text("文件过大，不是测算写出的", "the file is larger than a run writes"), left
        good = _sha_of(path) == sha
    except OSError as error:
        return _cannot(error), left
    return None if good else Text("文件已被改动", "the file was changed"), left - size


def _sha_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a regular file, read piece by piece; a link is not followed."""
    with open(path, "rb", opener=_open_plain) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_plain(path: str, flags: int) -> int:
    """Open what is no link, without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _cannot(error: OSError) -> Text:
    return say(zh="无法读取（{why}）", en="it cannot be read ({why})", why=_why(error))


@dataclass
class _Contents:
    """What lies in a folder, by names relative to it: regular files, empty folders, and of all else
    what it is."""

    files: dict[str, Path] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)
    others: dict[str, Text] = field(default_factory=dict)

    def add(self, name: str, entry: os.DirEntry[str]) -> bool:
        """Add an entry; whether it is a folder to look into."""
        if entry.is_symlink() or getattr(entry, "is_junction", bool)():
            self.others[name] = Text(
                "是链接，应为文件或文件夹", "it is a link, expected a file or a folder"
            )
        elif entry.is_dir(follow_symlinks=False):
            return True
        elif entry.is_file(follow_symlinks=False):
            self.files[name] = Path(entry.path)
        else:
            self.others[name] = Text(
                "不是普通文件（管道、设备等）", "it is no regular file (a pipe, a device)"
            )
        return False


def _contents(folder: Path) -> _Contents:
    """What lies in a folder; links are not followed, and beyond MOST_FILES names it stops and says
    so."""
    contents = _Contents()
    waiting, count = [""], 0
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(folder / place) as entries:
                names = []
                for entry in entries:
                    names.append(name := f"{place}/{entry.name}" if place else entry.name)
                    if contents.add(name, entry):
                        waiting.append(name)
                    if (count := count + 1) > MOST_FILES:
                        contents.others[place or "."] = say(
                            zh="文件超过 {most:,} 个，不是测算写出的",
                            en="there are more than {most:,} files, which no run writes",
                            most=MOST_FILES,
                        )
                        return contents
            if place and not names:
                contents.empty.add(place)
        except OSError as error:
            contents.others[place or "."] = _cannot(error)
    return contents


def is_done(folder: Path, hash: str) -> bool:
    """Whether the folder holds the finished run of this hash, whole and untouched."""
    manifest = read_manifest(folder)
    return manifest is not None and manifest["hash"] == hash and differences(folder) == []


def check_target(folder: Path) -> None:
    """Refuse a folder that is no run, or a run in which somebody has changed or added files:
    nothing may be lost."""
    try:
        # a name that the system refuses is an error now, not when everything is done
        folder.lstat()
    except FileNotFoundError:
        return
    except ValueError as error:
        raise _unreadable(folder, error) from None
    mismatches = differences(folder) if folder.is_dir() else None
    if mismatches is None:
        if folder.is_dir() and not any(folder.iterdir()):
            return
        text = say(
            zh="{folder} 已存在，但不是测算结果文件夹；请用 -o 另指定一个文件夹",
            en="{folder} exists and is no run folder; give another one with -o",
            folder=folder,
        )
        raise InputError(text)
    if mismatches:
        text = say(
            zh="{folder} 中的文件与清单不符（{names}）；为免丢失，请用 -o 另指定一个文件夹",
            en="files in {folder} are not what its manifest says ({names}); so that nothing is "
            "lost, give another folder with -o",
            folder=folder,
            names=listing(mismatches, most=5),
        )
        raise InputError(text)


def check_place(folder: Path) -> None:
    """Refuse the working directory and the folders around it: a run takes their place by renaming,
    and whoever stands in them would stand in a folder that is gone."""
    if Path.cwd().is_relative_to(resolved(folder).resolve()):
        text = say(
            zh="结果文件夹 {folder} 是当前所在的文件夹或其上级，写入时会被整个替换；"
            "请先进入别的文件夹，或用 -o 另指定一个文件夹",
            en="the run folder {folder} is the working directory or one around it, and would be "
            "replaced as a whole: go to another folder first, or give another one with -o",
            folder=folder,
        )
        raise InputError(text)


@contextmanager
def building(target: Path, tell: Callable[[Text], None] = lambda text: None) -> Iterator[Path]:
    """A temporary sibling of `target`, which takes its place when the block ends well and vanishes
    when it does not.

    One run at a time builds `target`; what killed runs have left beside it is named to the user
    through `tell`.
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


def shortened(name: str, most: int) -> str:
    """The beginning of a file name within `most` bytes: systems limit bytes, 255 of them.

    >>> shortened("方案A", 7)
    '方案A'
    >>> shortened("方案A", 5)
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
    return f".qtoolkit-{whole[:16]}-{shortened(target.name, 60)}.{suffix}"


def _partial(target: Path) -> str:
    return _beside(target, "partial-")


def leftovers(target: Path) -> list[Path]:
    """What runs into `target` that were killed have left; for the one that holds its lock."""
    return sorted(
        path for path in target.parent.glob(f"{glob.escape(_partial(target))}*") if path.is_dir()
    )


def _restore(target: Path) -> None:
    """Put back what stood at `target` where a run was killed between taking it away and putting the
    new one there."""
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
        # else the run before has just removed the file that is locked here: lock the next one
        if path.exists():
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
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode) or status.st_size:
        text = say(
            zh="{path} 不是本工具的锁文件，请移走，或用 -o 另指定一个文件夹",
            en="{path} is no lock of this program: move it, or give another folder with -o",
            path=path,
        )
        raise InputError(text)


def _put(work: Path, target: Path) -> None:
    """Rename `work` to `target`; what stood there goes only once the new run stands.

    Whatever stops it, an interrupt too, what stood there is put back; where even that is stopped,
    it stays beside `target` until the next run puts it back.
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
    """Rename `work` to a fresh name beside `target` that says that the run failed; nothing that is
    there is touched."""
    os.chmod(work, 0o755)
    name = f"{shortened(target.name, 200)}.failed"
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    kept = next(path for path in map(target.with_name, names) if not os.path.lexists(path))
    os.rename(work, kept)
    return kept


def write_manifest(folder: Path, content: Mapping[str, Any], kind: str = MARK, **more: Any) -> None:
    """Write the manifest: what the run depends on with its hash, `more`, and the hash of every file
    in the folder."""
    contents = _contents(folder)
    files = {name: _sha_of(path) for name, path in sorted(contents.files.items())}
    heading = {"kind": kind, "hash": run_hash(content), **more, "attested": list(content)}
    whole = {**heading, **content, "files": files, "empty": sorted(contents.empty)}
    text = json.dumps(whole | {SEAL: seal(whole)}, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def unattested(folder: Path) -> list[WorkError]:
    """What of a run that has just been written its own manifest does not attest; nothing where all
    is well.

    A notebook of the user's own may have left a pipe, a link or too many files, or changed an
    input.
    """
    mismatches = differences(folder)
    if mismatches is None:
        mismatches = [
            say(zh="文件超过 {most:,} 个", en="more than {most:,} files", most=MOST_FILES)
        ]
    if not mismatches:
        return []
    text = say(
        zh="有 notebook 改动了输入的副本，或留下了清单不能证明的东西（{found}）",
        en="a notebook changed the copy of the inputs, or left what no manifest can attest "
        "({found})",
        found=listing(mismatches, most=5),
    )
    return [WorkError(text)]
