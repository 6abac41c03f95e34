"""What the notebooks of the shipped cases say, kept while the house is rebuilt.

`python -m tests.frozen` runs every notebook's cells in this process for the three cases in both
languages, takes each block as words and printed numbers (a figure as its caption, its alternative
text and every text drawn in it), makes the memo of them in HTML and Word, reads it back line by
line, and compares the digests of all with `tests/frozen.json`; `--write` writes them, and `--texts
FOLDER` the words themselves, for `diff -r`.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import json
import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import yaml
from matplotlib.text import Text as Drawn

import qtoolkit as qt
from qtoolkit.inputs.parameters import read_parameters
from qtoolkit.language import LANGUAGES
from qtoolkit.report import blocks, memo, page
from qtoolkit.report.chapters import memo_title, report_of
from qtoolkit.report.writers import web, word
from tests.memo_text import docx_lines, html_lines

BLANK = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)  # a picture of one point
ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "tests" / "frozen.json"
CASES = ("provinces-2008", "tai-2001", "city-2026", "mayor-award")


def words_of(block, language, synthetic):
    """A block as plain text: what a reader of the memo reads of it, and where it stands."""
    data = blocks.payload(block, language, synthetic)
    if isinstance(block, blocks.Chart):
        figure = block.draw(language)
        figure.canvas.draw()
        drawn = [text.get_text() for text in figure.findobj(Drawn)]
        data["drawn"] = sorted({text for text in drawn if text.strip()})
        plt.close(figure)
    keep = ("kind", "chapter", "heading", "place", "name", "caption", "text", "style", "see")
    keep += ("header", "cells", "numeric", "note", "alt", "width", "drawn")
    return json.dumps({key: data.get(key) for key in keep}, ensure_ascii=False, indent=1)


def shown_by(path, parameters, language):
    """The texts of the blocks that one notebook shows, its cells run in order in this process; and
    the blocks' payloads."""
    found, payloads, names = [], [], {}

    class Page:
        def __init__(self, language="zh", synthetic=False):
            self.language, self.synthetic = language, synthetic

        def show(self, given):
            for block in [given] if isinstance(given, blocks.Block) else given:
                found.append(words_of(block, self.language, self.synthetic))
                payloads.append(blocks.payload(block, self.language, self.synthetic))

    real, page.Page = page.Page, Page
    printed = io.StringIO()
    try:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            with contextlib.redirect_stdout(printed):
                exec(compile("".join(cell["source"]), path.name, "exec"), names)
            if "parameters" in cell["metadata"].get("tags", []):
                names |= {k: v for k, v in parameters.items() if k in names} | {
                    "language": language
                }
    finally:
        page.Page = real
        plt.close("all")
    return [*found, printed.getvalue()], payloads


def lines_of_memo(case, payloads, language):
    """By format, the lines of the memo that is made of these blocks; pictures are left blank."""
    scheme = qt.read_case(case).scheme
    title = memo_title(scheme.year, scheme.title).of(language)
    pictures = {block["name"]: BLANK for block in payloads if block["kind"] == "chart"}
    report = report_of(read_parameters(ROOT / "params" / case / "params.yaml").notebooks)
    document = memo.compose(payloads, title, [], language, pictures, report=report)
    lines = {"html": html_lines(web.write(document)), "docx": docx_lines(word.write(document))}
    return {name: [f"{kind}: {text}" for kind, text in found] for name, found in lines.items()}


def all_blocks(only=None):
    """(case, language, notebook) to the texts of its blocks; and (case, language, file of the memo)
    to its lines."""
    found = {}
    for case in CASES:
        folder = ROOT / "params" / case
        os.chdir(folder)
        parameters = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
        for language in LANGUAGES:
            payloads = []
            for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
                asked = parameters.get("notebooks") or [path.stem]
                if path.stem in asked or (
                    path.stem == "05_comparison" and "previous" in parameters
                ):
                    if only and path.stem not in only:
                        continue
                    print(case, language, path.stem, file=sys.stderr)
                    texts, more = shown_by(path, parameters, language)
                    found[f"{case}/{language}/{path.stem}"] = texts
                    payloads += more
            memos = {} if only else lines_of_memo(case, payloads, language)
            for name, lines in memos.items():
                found[f"{case}/{language}/memo.{name}"] = ["\n".join(lines)]
    return found


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--write", action="store_true")
    asked.add_argument("--texts", type=Path)
    asked.add_argument("--only", nargs="*", help="notebooks, such as 03_cutoffs; no memo is made")
    asked = asked.parse_args()
    texts = asked.texts and asked.texts.resolve()
    found = all_blocks(asked.only)
    if texts:
        for name, blocks_ in found.items():
            path = texts / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n\n".join(blocks_) + "\n", encoding="utf-8")
    digests = {name: [digest(text) for text in texts_] for name, texts_ in found.items()}
    if asked.write:
        KEPT.write_text(json.dumps(digests, indent=0) + "\n", encoding="utf-8")
        return
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    if asked.only:
        kept = {name: digests_ for name, digests_ in kept.items() if name in digests}
    differ = [name for name in sorted({*kept, *digests}) if kept.get(name) != digests.get(name)]
    for name in differ:
        pairs = list(zip(kept.get(name, []), found.get(name, []), strict=False))
        first = next((text for old, text in pairs if old != digest(text)), "more or fewer blocks")
        print(f"{name} differs, first in:\n{first[:2000]}\n")
    print(
        f"{len(digests)} notebooks and files, {sum(map(len, digests.values()))} texts, "
        f"{len(differ)} differ"
    )
    raise SystemExit(bool(differ))


if __name__ == "__main__":
    main()
