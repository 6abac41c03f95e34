"""A workbook lies there whole or not at all."""

import errno
from pathlib import Path

import pytest

from qtoolkit.workbooks.writing import workbook


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("options", [{"in_memory": False}, {"constant_memory": True}, {}])
def test_a_workbook_is_there_whole_or_not_at_all(tmp_path, monkeypatch, options):
    """Where it lies, and in the folder of its parts: the system's own refusal is what the caller
    gets."""
    path = tmp_path / "a.xlsx"
    path.write_text("before")
    plain = open

    def full(file, mode="r", *arguments, **more):
        writes = "w" in mode or "+" in mode
        return plain("/dev/full" if writes else file, mode, *arguments, **more)

    monkeypatch.setattr("builtins.open", full)
    with pytest.raises(OSError) as caught, workbook(path, **options) as book:
        sheet = book.add_worksheet()
        for row in range(5_000):
            sheet.write_row(row, 0, ["a text of some length"] * 5)
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert path.read_text() == "before" and [p.name for p in tmp_path.iterdir()] == ["a.xlsx"]


def test_a_block_that_fails_writes_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet().write_number(0, 0, 1 / 0)
    assert not list(tmp_path.iterdir())
