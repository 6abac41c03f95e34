"""All tables of a run in one workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtoolkit.report.blocks import shown
from qtoolkit.workbooks.writing import sheet_name, workbook


def write_workbook(blocks: Sequence[dict[str, Any]], path: Path) -> None:
    """All tables in one workbook, a sheet each; text is written as text. Where some are too long to
    be shown whole, rows are not held in memory until all are written: a cell takes some 300 bytes
    there."""
    long = {"constant_memory": True} if any("whole" in block for block in blocks) else {}
    with workbook(path, **long) as book:
        bold = book.add_format(
            {
                "bold": True,
                "bg_color": "#e8eef4",
                "border": 1,
                "text_wrap": True,
                "valign": "vcenter",
            }
        )
        taken: set[str] = set()
        for block in blocks:
            if block["kind"] == "table":
                _write_sheet(
                    book, book.add_worksheet(sheet_name(block["caption"], taken)), block, bold
                )
        if not taken:
            book.add_worksheet()


def _write_sheet(book: Any, sheet: Any, block: dict[str, Any], bold: Any) -> None:
    header, rows = _whole(block)
    sheet.write_string(0, 0, block["caption"])
    sheet.freeze_panes(2, 1)
    for c, title in enumerate(header):
        sheet.write_string(1, c, title, bold)
        widths = [len(row[c].encode("gb18030", "replace")) for row in rows]
        sheet.set_column(c, c, min(60, max([len(title.encode("gb18030", "replace")), *widths]) + 2))
    formats: dict[str, Any] = {}
    for r, (values, texts) in enumerate(zip(block["data"], rows, strict=True), start=2):
        for c, (value, text) in enumerate(zip(values, texts, strict=True)):
            if isinstance(value, bool) or isinstance(value, str):
                sheet.write_string(r, c, text)
            elif value is not None:
                pattern = _number_format(text)
                if pattern not in formats:
                    formats[pattern] = book.add_format({"num_format": pattern})
                sheet.write_number(r, c, value, formats[pattern])


def _whole(block: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the whole table, of which the block may show a part."""
    if "whole" not in block:
        return block["header"], block["cells"]
    whole = block["whole"]
    formats = [(form, whole["language"]) for form in whole["formats"]]
    rows = [
        [shown(value, *form) for value, form in zip(row, formats, strict=True)]
        for row in block["data"]
    ]
    return whole["header"], rows


def _number_format(shown: str) -> str:
    """Excel's number format that shows what the table shows."""
    decimals = len(shown.rstrip("%").partition(".")[2])
    pattern = "0" + ("." + "0" * decimals if decimals else "")
    return pattern + "%" if shown.endswith("%") else pattern
