"""Reading a memo back as a reader would: the words of its HTML, the pages of its PDF and of its
DOCX in LibreOffice."""

import html
import os
import re
import shutil
import subprocess

import pytest

from qtoolkit.report.fonts import chinese_font

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SOFFICE = shutil.which("soffice")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)")
needs_soffice = pytest.mark.skipif(
    SOFFICE is None, reason="needs LibreOffice (Debian: libreoffice-writer)"
)
needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="needs pdftotext (Debian: poppler-utils)"
)


def has_latin():
    """Whether there are letters as wide as those of Times New Roman."""
    if shutil.which("fc-match") is None:
        return False
    found = subprocess.run(["fc-match", "Times New Roman"], capture_output=True, check=True).stdout
    return any(name in found.decode() for name in ("Times New Roman", "Liberation Serif"))


needs_latin = pytest.mark.skipif(
    not has_latin(), reason="needs letters as wide as Times New Roman (Debian: fonts-liberation)"
)


def pages_of(pdf):
    command = ["pdftotext", "-layout", pdf, "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
    return text.split("\f")[:-1]


def pages_in_word(memo, folder):
    """The pages of a DOCX as LibreOffice sets them, without spaces: Chinese characters are as wide
    as they are high, which boxes in the place of a font that is missing are not."""
    fonts = folder / "data" / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    if not (fonts / chinese_font().name).exists():
        shutil.copy(chinese_font(), fonts)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [SOFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", folder, memo]
    data = os.environ | {"XDG_DATA_HOME": str(fonts.parent)}
    subprocess.run(command, check=True, capture_output=True, timeout=180, env=data)
    return [squeezed(page) for page in pages_of(folder / memo.with_suffix(".pdf").name)]


def squeezed(text):
    return re.sub(r"\s+", "", text)


def words_of(path):
    """A memo's words as its HTML has them, without pictures, fonts and styles."""
    page = path.read_text(encoding="utf-8")
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.S)
    return html.unescape(re.sub(r"<[^>]*>", " ", text))
