"""What executed notebooks show, as files: tables (CSV), figures (PNG)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from qtoolkit.errors import WorkError
from qtoolkit.filing import safe_name, text_cell
from qtoolkit.language import Text, say
from qtoolkit.report.blocks import MIME
from qtoolkit.report.page import TURN, picture_of


def collect(notebooks: Sequence[Path]) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Blocks of executed notebooks in the memo's order, and the charts' PNG bytes by name."""
    blocks: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    taken: set[tuple[str, str]] = set()
    for path in notebooks:
        for block, picture in _shown(path):
            if block["kind"] != "paragraph":
                if (key := (block["kind"], block["name"])) in taken:
                    raise WorkError(_twice(path, *key))
                taken.add(key)
            if picture is not None:
                pictures[block["name"]] = picture
            blocks.append(block)
    return blocks, pictures


def _shown(path: Path) -> list[tuple[dict[str, Any], bytes | None]]:
    """The blocks that a notebook shows, in turn, each figure with its picture."""
    found = [
        (dict(block), picture_of(output["data"]) if block["kind"] == "chart" else None)
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if (block := output.get("data", {}).get(MIME)) is not None
    ]
    return sorted(found, key=lambda pair: pair[0].pop(TURN, 0))


def _twice(path: Path, kind: str, name: str) -> Text:
    return say(
        zh="{path} 中的{name}（{kind}）重名",
        en="{path}: two blocks ({kind}) are called {name}",
        path=path.name,
        name=name,
        kind=kind,
    )


def write_figures(
    blocks: Sequence[dict[str, Any]], pictures: dict[str, bytes], folder: Path
) -> None:
    """figures/<name>.png."""
    folder.mkdir()
    for block in blocks:
        if block["kind"] == "chart":
            name = safe_name(block["name"])
            (folder / f"{name}.png").write_bytes(pictures[block["name"]])


def write_tables(blocks: Sequence[dict[str, Any]], folder: Path) -> None:
    """tables/<name>.csv, UTF-8 with BOM (Excel reads it), numbers at full precision."""
    folder.mkdir()
    for block in blocks:
        if block["kind"] != "table":
            continue
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([text_cell(title) for title in block.get("whole", block)["header"]])
        writer.writerows([[_csv_cell(value) for value in row] for row in block["data"]])
        (folder / f"{safe_name(block['name'])}.csv").write_bytes(out.getvalue().encode("utf-8-sig"))


def _csv_cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        return text_cell(value)
    return repr(value)
