"""Reading a memo back as a reader would: the words of its HTML, the pages of its PDF and of its
DOCX in LibreOffice."""

import html
import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SOFFICE = shutil.which("soffice")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)")
needs_soffice = pytest.mark.skipif(
    SOFFICE is None, reason="needs LibreOffice (Debian: libreoffice-writer)"
)
needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="needs pdftotext (Debian: poppler-utils)"
)


def pages_of(pdf):
    command = ["pdftotext", "-layout", pdf, "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
    return text.split("\f")[:-1]


def pages_in_word(memo, folder):
    """The pages of a DOCX as LibreOffice sets them, without spaces."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [SOFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", folder, memo]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return [squeezed(page) for page in pages_of(folder / memo.with_suffix(".pdf").name)]


def squeezed(text):
    return re.sub(r"\s+", "", text)


def words_of(path):
    """A memo's words as its HTML has them, without pictures, fonts and styles."""
    page = path.read_text(encoding="utf-8")
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.S)
    return html.unescape(re.sub(r"<[^>]*>", " ", text))
