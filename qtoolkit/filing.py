"""Files that are written whole or not at all, under names that every system accepts; text that a
spreadsheet takes for text."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that takes its name once all of it is written."""
    handle, name = tempfile.mkstemp(prefix=".qtoolkit-", suffix=".partial", dir=path.parent)
    part = Path(name)
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.chmod(part, 0o644)
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """A file name that every system accepts."""
    clean = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(". ")[:80] or "_"
    reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", clean)
    return f"_{clean}" if reserved else clean


def text_cell(text: str) -> str:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it.

    >>> text_cell("=1+1"), text_cell("甲市")
    ("'=1+1", '甲市')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
