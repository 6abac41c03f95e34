"""Files that are written whole or not at all, under names that every system accepts; text that a
spreadsheet takes for text."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that takes its name once all of it is written."""
    _write(path, data, os.replace)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that takes its name once all of it is written, unless something has that name
    by then.

    Raises
    ------
    FileExistsError
        Something is there, be it a link that leads nowhere; it stays as it is.
    OSError
        It cannot be written.
    """
    _write(path, data, _name_anew)


def _name_anew(part: Path, path: Path) -> None:
    """Give a file a name that nothing has."""
    if os.name == "nt":
        os.rename(part, path)  # which refuses a name that is taken
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # the file system has no links: hold the name until the file takes it
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            os.replace(part, path)
        except OSError:
            path.unlink()
            raise


def _write(path: Path, data: bytes, name_it: Callable[[Path, Path], None]) -> None:
    """Write a file beside where it is to lie, and then give it its name."""
    handle, temporary = tempfile.mkstemp(prefix=".qtoolkit-", suffix=".partial", dir=path.parent)
    part = Path(temporary)
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.chmod(part, 0o644)
        name_it(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """A file name that every system accepts."""
    clean = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(". ")[:80] or "_"
    reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)\s*(\..*)?", clean)
    return f"_{clean}" if reserved else clean


def text_cell(text: str) -> str:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it.

    >>> text_cell("=1+1"), text_cell("甲市")
    ("'=1+1", '甲市')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
