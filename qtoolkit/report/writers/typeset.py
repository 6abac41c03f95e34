"""The memo as PDF: typst sets the document, which it reads as JSON, with the Chinese font alone."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from qtoolkit.errors import WorkError
from qtoolkit.language import listing, say
from qtoolkit.report import fonts
from qtoolkit.report.document import Document, texts_of
from qtoolkit.report.writers import CREATED, STYLE


def write(document: Document) -> bytes:
    """The PDF's bytes.

    Raises
    ------
    WorkError
        On any error or warning of typst.

    Notes
    -----
    Typst is silent about characters that the font lacks. 〓 stands in their place, and a line at
    the end says which they are, unless the text itself does.
    """
    import typst

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(STYLE / "memo.typ", folder)
        _write_input(document, folder)
        try:
            pdf, warnings = typst.compile_with_warnings(
                folder / "memo.typ",
                root=folder,
                font_paths=[fonts.chinese_font().parent],
                ignore_system_fonts=True,
                timestamp=CREATED,
            )
        except typst.TypstError as error:
            raise WorkError(
                say(zh="PDF 未能生成：{why}", en="the PDF could not be made: {why}", why=error)
            ) from error
    if warnings:
        why = "; ".join(str(warning.message) for warning in warnings)
        raise WorkError(
            say(zh="PDF 排版有警告：{why}", en="typst warned while setting the PDF: {why}", why=why)
        )
    return bytes(pdf)


def _write_input(document: Document, folder: Path) -> None:
    """memo.json and its pictures, numbered: a name from a case is no name of a file."""
    files = {}
    for n, (name, picture) in enumerate(document.pictures.items()):
        files[name] = f"{n}.png"
        (folder / files[name]).write_bytes(picture)
    content = asdict(replace(document, pictures={}))
    plain = "".join(texts_of(document))
    missing = fonts.lacking(plain)
    content |= {
        "has_cover": document.has_cover,
        "pictures": files,
        "missing": _missing(missing, plain, document.language),
    }
    text = json.dumps(content, ensure_ascii=False)
    instead = dict.fromkeys(map(ord, missing), fonts.INSTEAD)
    (folder / "memo.json").write_text(text.translate(instead), encoding="utf-8")


def _missing(characters: set[str], plain: str, language: str) -> str | None:
    """The sentence that says for which characters 〓 stands; None where the text names them."""
    unsaid = [code for code in map(fonts.code, sorted(characters)) if code not in plain]
    if not unsaid:
        return None
    return say(
        zh="本文件所用字体缺少下列字符，以“{sign}”代替：{codes}。",
        en="The font of this file lacks these characters, for which “{sign}” stands: {codes}.",
        sign=fonts.INSTEAD,
        codes=listing(unsaid, most=20),
    ).of(language)
