"""Workbooks that are written whole or not at all."""

from __future__ import annotations

import datetime
import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qtoolkit.filing import write_whole


@contextmanager
def workbook(path: Path, **options: Any) -> Iterator[Any]:
    """A new xlsxwriter workbook, which lies at `path` once the block ends well; equal content gives
    equal bytes.

    Parameters
    ----------
    path
        The .xlsx file; where one is there, it stays until the new one is whole.
    options
        Of `xlsxwriter.Workbook`. Text is never taken for a formula or a link.

    Raises
    ------
    OSError
        It cannot be written: the disk is full, say, or its folder is not there.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with workbook(Path(folder) / "a.xlsx") as book:
    ...         status = book.add_worksheet().write_string(0, 0, "=1+1")
    ...     (Path(folder) / "a.xlsx").read_bytes()[:2]
    b'PK'
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    data = _StaysOpen()
    plain = {"strings_to_formulas": False, "strings_to_urls": False}
    plain["in_memory"] = not options.get("constant_memory")
    with tempfile.TemporaryDirectory(prefix="qtoolkit-", ignore_cleanup_errors=True) as parts:
        try:
            with xlsxwriter.Workbook(data, {"tmpdir": parts, **plain, **options}) as book:
                book.set_properties({"created": datetime.datetime(2000, 1, 1)})
                yield book
        except FileCreateError as error:  # a wrapped OSError, of one of the parts
            raise error.args[0] from None
    write_whole(path, data.getvalue())


def sheet_name(caption: str, taken: set[str]) -> str:
    """A sheet name that Excel accepts: at most 31 characters, none of []:*?/\\, unique among those
    `taken`, to which it is added.

    >>> taken = set()
    >>> sheet_name("a/b", taken), sheet_name("A b", taken)
    ('a b', 'A b 2')
    """
    base = re.sub(r"[\[\]:*?/\\']", " ", caption).strip()[:28] or "Sheet"
    name, n = base, 2
    while name.lower() in taken:
        name, n = f"{base} {n}", n + 1
    taken.add(name.lower())
    return name


class _StaysOpen(io.BytesIO):
    """Bytes that can be written to as long as they are there: an archive that could not be made
    writes its end when it is thrown away."""

    def close(self) -> None:
        pass
