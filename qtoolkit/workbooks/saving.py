"""A scheme saved under a new name: its own file's text with the numbers that changed, or a
workbook."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from qtoolkit import limits
from qtoolkit.errors import InputError, WorkError, clip, one_of, unexpected
from qtoolkit.filing import write_new
from qtoolkit.inputs.encodings import text_of
from qtoolkit.inputs.files import read_bytes, read_text
from qtoolkit.inputs.parameters import BOOKS
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.schemeedit import check_reads_back, edited
from qtoolkit.inputs.schemeyaml import scheme_yaml
from qtoolkit.inputs.yamltext import parse_yaml
from qtoolkit.language import Text, say
from qtoolkit.workbooks.schemebook import read_scheme_book
from qtoolkit.workbooks.schemesheets import sheets_of, worded
from qtoolkit.workbooks.template import write_sheets

BOOK = ".xlsx"
TEXTS = (".yaml", ".yml", ".json")


def save(scheme: Scheme, source: str | Path, target: str | Path, language: str = "zh") -> None:
    """Save a scheme under a new name, whole or not at all; nothing that is there is overwritten.

    Parameters
    ----------
    scheme : Scheme
        What :func:`qtoolkit.inputs.changes.change` or :meth:`Scheme.replace` made of the scheme in
        `source`.
    source : path
        The file that the scheme was read from: .yaml, .yml, .json, or a workbook.
    target : path
        The file to write. From text to text everything but points, cutoffs and quotas stays as
        written, comments and encoding too (see :func:`qtoolkit.inputs.schemeedit.edited`), but that
        YAML saved as .json becomes JSON, which has no comments. A workbook, whether it is read or
        written, has sheets for the scheme and none for data.
    language : "zh" or "en"
        Of a workbook's sheets and titles; either is read.

    Raises
    ------
    InputError
        The target is there already, its folder is not, or its name ends otherwise; the source
        cannot be read.
    WorkError
        It cannot be written, or would not read back as the scheme.

    >>> from qtoolkit.inputs.scheme import read_scheme
    >>> source = Path("params/city-2026/scheme.yaml")
    >>> other = read_scheme(source).replace(cutoffs={"A": 88})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder) / "draft.yaml"
    ...     save(other, source, target)
    ...     before, after = (path.read_text("utf-8").split("\\n") for path in (source, target))
    >>> [new[:50] for old, new in zip(before, after) if old != new]
    ['  - {id: A, name: {zh: A级, en: A}, cutoff: 88, quo']
    """
    source, target = Path(source), Path(target)
    _check_target(target)
    is_book = target.suffix.lower() == BOOK
    try:
        data = _book(scheme, target, language) if is_book else _text(scheme, source, target)
        write_new(target, data)
    except InputError:
        raise
    except FileExistsError:
        raise _taken(target) from None
    except (OSError, ValueError) as error:  # ValueError: a character that no file name has
        why = error.strerror if isinstance(error, OSError) else None
        raise WorkError(
            say(
                zh="无法写入 {path}：{why}",
                en="cannot write {path}: {why}",
                path=clip(target, most=200),
                why=why or str(error),
            )
        ) from None


def _check_target(target: Path) -> None:
    """Refuse a name that a scheme's file cannot have, or that is taken."""
    if target.suffix.lower() not in (*TEXTS, BOOK):
        raise InputError(
            unexpected(target.name, one_of((*TEXTS, BOOK)), Text("文件名的后缀", "the file's name"))
        )
    if os.path.lexists(target):
        raise _taken(target)
    if not target.parent.is_dir():
        raise InputError(
            say(
                zh="找不到文件夹 {folder}，请先建立",
                en="there is no folder {folder}: make it first",
                folder=clip(target.parent, most=200),
            )
        )


def _taken(target: Path) -> InputError:
    return InputError(
        say(
            zh="{path} 已存在，请另取一个文件名",
            en="{path} is there already: choose another name",
            path=clip(target, most=200),
        )
    )


def _text(scheme: Scheme, source: Path, target: Path) -> bytes:
    """The bytes of a scheme's text, in its source's encoding."""
    if source.suffix.lower() in BOOKS:
        text, encoding = scheme_yaml(scheme), "utf-8"
        check_reads_back(text, target.name, scheme)
    else:
        read_text(source, limits.YAML_BYTES)  # complains of what cannot be read
        data = read_bytes(source)
        before = text_of(source.name, data)
        text = edited(before, source.name, scheme)
        encoding = "utf-8" if before.encode("utf-8", "replace") == data else "gb18030"
    if target.suffix.lower() == ".json" and not _is_json(text):
        plain = parse_yaml(text, source.name).data
        text, encoding = json.dumps(plain, ensure_ascii=False, indent=2) + "\n", "utf-8"
        check_reads_back(text, target.name, scheme)
    return text.encode(encoding)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _book(scheme: Scheme, target: Path, language: str) -> bytes:
    """The bytes of a workbook with the scheme's sheets."""
    with tempfile.TemporaryDirectory(prefix="qtoolkit-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / f"scheme{BOOK}"
        write_sheets(path, worded(sheets_of(scheme), language))
        if read_scheme_book(path) != scheme:
            raise WorkError(
                say(
                    zh="{name}：写成工作簿后与原方案不一致，没有写出",
                    en="{name}: as a workbook it would not read back as the scheme, so nothing was "
                    "written",
                    name=target.name,
                )
            )
        return path.read_bytes()
