"""The memo's files: HTML that stands alone and PDF through typst, both from pandoc's reading of one
HTML body."""

from __future__ import annotations

import base64
import html
import os
import re
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from qtoolkit.errors import WorkError
from qtoolkit.language import listing, say
from qtoolkit.report import fonts

EPOCH = 946684800  # the moment that every file carries, so that equal input gives equal bytes
STYLE = Path(__file__).parent / "style"


def run(*options: str, standard_input: str = "", folder: Path | None = None) -> bytes:
    """What pandoc writes, given standard input and the folder it works in."""
    import pypandoc

    command = [pypandoc.get_pandoc_path(), *options]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    process = subprocess.run(
        command, input=standard_input.encode(), capture_output=True, cwd=folder, env=environment
    )
    if process.returncode or process.stderr:
        why = process.stderr.decode(errors="replace").strip()
        raise WorkError(
            say(
                zh="pandoc 未能生成报告：{why}", en="pandoc could not make the memo: {why}", why=why
            )
        )
    return process.stdout


def convert(body: str, folder: Path, *options: str) -> bytes:
    """The body through pandoc, working in `folder`, in which the pictures are laid as files."""
    pictures = re.findall(r'src="data:image/png;base64,([^"]*)"', body)
    for n, picture in enumerate(pictures):
        (folder / f"{n}.png").write_bytes(base64.b64decode(picture))
        body = body.replace(f'src="data:image/png;base64,{picture}"', f'src="{n}.png"', 1)
    filters = [f"--lua-filter={STYLE / 'memo.lua'}", "--shift-heading-level-by=-1", "--wrap=none"]
    return run(
        "-f", "html-auto_identifiers", *filters, *options, standard_input=body, folder=folder
    )


def write_html(body: str, title: str, language: str) -> bytes:
    """The memo as one HTML file that carries its pictures and its font."""
    options = [
        "-f",
        "html-auto_identifiers",
        "-t",
        "html5",
        "-s",
        "--wrap=none",
        f"--template={STYLE / 'memo.html'}",
    ]
    named = [
        "--metadata=pagetitle:memo",
        f"--variable=lang:{'zh-CN' if language == 'zh' else 'en'}",
    ]
    page = run(*options, *named, standard_input=body).decode()
    font = base64.b64encode(fonts.subset(html.unescape(body) + title)).decode()
    page = page.replace("@FONT@", font, 1)
    # as an argument it would hang on the user's locale
    return page.replace("@TITLE@", html.escape(title), 1).encode()


def with_types(body: str, language: str) -> str:
    """The body with 〓 for characters that the font lacks, and, unless it names them, the sentence
    that says which.

    >>> city, sentence, _ = with_types("<p>𠮷林市</p>", "en").split("</p>")
    >>> city, sentence[-28:]
    ('<p>〓林市', 'r which “〓” stands: U+20BB7.')
    """
    plain = html.unescape(body)
    missing = sorted(fonts.lacking(plain))
    unsaid = [fonts.code(c) for c in missing if fonts.code(c) not in plain]
    for c in missing:
        body = re.sub(f"{c}|&#{ord(c)};|&#x{ord(c):x};", fonts.INSTEAD, body, flags=re.IGNORECASE)
    if unsaid:
        text = say(
            zh="本文件所用字体缺少下列字符，以“{sign}”代替：{codes}。",
            en="The font of this file lacks these characters, for which “{sign}” stands: {codes}.",
            sign=fonts.INSTEAD,
            codes=listing(unsaid, most=20),
        )
        body += f"<p>{html.escape(text.of(language))}</p>"
    return body


def write_pdf(body: str, title: str, language: str) -> bytes:
    """The memo as PDF, set with the Chinese font alone.

    Raises
    ------
    WorkError
        On any warning of typst.

    Notes
    -----
    Typst is silent about characters that the font lacks. 〓 stands in their place, and a line at
    the end says which they are, unless the text itself does.
    """
    import typst

    body = with_types(body, language)
    body = re.sub(
        r'background-color:(#[0-9a-f]{6})"', r'" data-typst:fill="rgb(&quot;\1&quot;)"', body
    )
    body = body.replace(
        '<table class="dense">', '<table class="dense" data-typst:text:size="7.5pt">'
    )
    body = body.replace('<td class="long"', '<td data-typst:breakable="true"')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chinese = ["--variable=chinese"] if language == "zh" else []
        source = convert(
            body, folder, "-t", "typst", "-s", f"--template={STYLE / 'memo.typ'}", *chinese
        )
        (folder / "memo.typ").write_bytes(source)
        try:
            pdf, warnings = typst.compile_with_warnings(
                folder / "memo.typ",
                root=folder,
                font_paths=[fonts.chinese_font().parent],
                ignore_system_fonts=True,
                timestamp=datetime.fromtimestamp(EPOCH, UTC),
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
    return pdf
