"""The memo as a reader sees it: PDF text and fonts, the DOCX in LibreOffice, the HTML and
JupyterLab in Chromium."""

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import docx
import nbformat
import pytest

import qtoolkit as qt
from qtoolkit.inputs.locate import notebooks, packaged_cases
from qtoolkit.report.blocks import MIME
from qtoolkit.report.chapters import ANNEXES, CHAPTERS, FILLED_BY, NOT_GIVEN
from tests.look.reading import (
    CHROMIUM,
    needs_chromium,
    needs_latin,
    needs_poppler,
    needs_soffice,
    pages_in_word,
    pages_of,
    squeezed,
    words_of,
)
from tests.memo_text import html_lines
from tests.runs.here import notebooks_here

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
]

TITLES = {
    "zh": "2008年度质量工作考核方案测算论证报告",
    "en": "Methodology memo on the quality work assessment scheme 2008",
}
HEADINGS = {
    "zh": [
        "摘要",
        "编制依据和原则",
        "考核对象、考核周期和数据来源",
        "指标体系及分值调整情况",
        "模拟测算结果",
        "指标运行分析",
        "等级划分标准论证",
        "结果稳定性检验",
        "风险提示和建议",
        "评分细则",
        "得分明细",
        "计算方法、参数和版本",
        "名词解释",
    ],
    "en": [
        "Summary",
        "Basis and principles",
        "Units assessed, period and sources of data",
        "Robustness of the results",
        "Risks and recommendations",
        "Scoring rules",
        "Terms",
    ],
}


@pytest.fixture(scope="module")
def memos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memos")
    with notebooks_here():
        return {
            language: qt.run("provinces-2008", out=folder / language, language=language)
            for language in ("zh", "en")
        }


def test_both_languages_hold_the_same_numbers(memos):
    zh, en = (
        Counter(re.findall(r"\d+(?:\.\d+)?", words_of(memos[language] / "memo.html")))
        for language in ("zh", "en")
    )
    assert sum(zh.values()) > 500
    assert (zh - en, en - zh) == (Counter(), Counter())


def test_chapters_are_filled_by_the_notebooks_that_are_said_to_fill_them(memos):
    filled = {}
    for path in sorted((memos["en"] / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            blocks = [output.get("data", {}).get(MIME) for output in cell.get("outputs", [])]
            for chapter in {block["chapter"] for block in blocks if block}:
                filled.setdefault(chapter, set()).add(path.stem)
    assert len(filled) > 10
    for chapter in filled.keys() & FILLED_BY.keys():
        assert FILLED_BY[chapter] in filled[chapter], chapter
    # all others are always filled, or say what is not given, but for the annex of a draw
    assert {*CHAPTERS, *ANNEXES} - FILLED_BY.keys() - NOT_GIVEN.keys() == {
        "summary",
        "annex_methods",
        "annex_draw",
    }
    found = html_lines((memos["en"] / "memo.html").read_bytes())
    assert sum(kind == "h2" for kind, _ in found) == len({*CHAPTERS, *ANNEXES} - {"annex_draw"})
    assert ("p", NOT_GIVEN["annex_opinions"].en) in found


def test_no_english_in_the_chinese_memo_but_names_and_no_chinese_in_the_english_one(memos):
    assert not re.search(r"[\u4e00-\u9fff]", words_of(memos["en"] / "memo.html"))
    body = words_of(memos["zh"] / "memo.html").split("计算方法、参数和版本")[0]
    known = {
        "China",
        "Quality",
        "Products",
        "Region",
        "Large",
        "Medium",
        "sized",
        "Industrial",
        "Enterprises",
        "Patents",
    }
    known |= {"TOPSIS", "Copeland", "Borda"}  # names of methods
    body = re.sub(r"tables/\w+\.csv|tables\.xlsx", "", body)  # names of files
    words = {word for word in re.findall(r"[A-Za-z]{4,}", body)} - known
    assert words <= {"www", "stats", "tjsj", "ndsj", "html", "CRITIC"}


@needs_poppler
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pdf_has_the_chapters_its_own_font_and_the_summary_alone_on_page_one(memos, language):
    pages = pages_of(memos[language] / "memo.pdf")
    assert squeezed(TITLES[language]) in squeezed(pages[0])
    assert squeezed(HEADINGS[language][1]) not in squeezed(pages[0])
    assert squeezed(HEADINGS[language][1]) in squeezed(pages[1])
    assert all(squeezed(heading) in squeezed("".join(pages)) for heading in HEADINGS[language])
    annex = next(i for i, page in enumerate(pages) if re.search(r"附件1|Annex1", squeezed(page)))
    assert annex - 1 <= 12 and len(pages) <= 40
    fonts = subprocess.run(
        ["pdffonts", memos[language] / "memo.pdf"], capture_output=True, check=True
    ).stdout.decode()
    rows = fonts.splitlines()[2:]
    assert rows and all("NotoSansSC" in row and " yes " in row for row in rows)


@needs_latin
@needs_soffice
@needs_poppler
@pytest.mark.parametrize("language", ["zh", "en"])
def test_docx_opens_with_native_tables_named_fonts_and_a_body_of_at_most_twelve_pages(
    memos, language, tmp_path
):
    path = memos[language] / "memo.docx"
    document = docx.Document(path)
    captions = [p.text for p in document.paragraphs if re.match(r"(表|Table) ?\d+", p.text)]
    assert len(document.tables) >= len(captions) >= 9 and len(document.inline_shapes) == 12
    pages = pages_in_word(path, tmp_path)
    text = "".join(pages)
    assert all(squeezed(heading) in text for heading in HEADINGS[language])
    assert squeezed(HEADINGS[language][1]) not in pages[0]
    annex = next(i for i, page in enumerate(pages) if re.search(r"附件1|Annex1", page))
    assert annex - 1 <= 12
    if language == "zh":
        styles = "".join(
            part.blob.decode("utf-8", "ignore")
            for part in document.part.package.iter_parts()
            if "styles" in part.partname
        )
        assert all(font in styles for font in ("方正小标宋", "仿宋_GB2312", "楷体_GB2312", "黑体"))


def browser():
    from playwright.sync_api import sync_playwright

    return sync_playwright()


@needs_chromium
@pytest.mark.parametrize("language", ["zh", "en"])
def test_html_is_one_file_that_fits_the_screen_and_fetches_nothing(memos, language):
    with browser() as play:
        page = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page(
            viewport={"width": 1200, "height": 900}
        )
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((memos[language] / "memo.html").as_uri())
        page.evaluate("document.fonts.ready")
        assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
        assert page.evaluate("[...document.fonts].every(font => font.status === 'loaded')")
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        images = (
            "[...document.images].map(image => image.complete && image.naturalWidth > 0 && "
            "image.alt.length > 0)"
        )
        assert page.evaluate(images) == [True] * 12
        assert TITLES[language] in page.inner_text("body")


@needs_chromium
def test_numbers_stay_whole_on_the_screen_of_a_telephone(memos):
    """Each number of a table is set on one line, wide tables scroll within the page under a
    caption that stays whole, and each figure takes the page's width."""
    with browser() as play:
        page = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page(
            viewport={"width": 390, "height": 800}
        )
        page.goto((memos["zh"] / "memo.html").as_uri())
        page.evaluate("document.fonts.ready")
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        numbers = """
            [...document.querySelectorAll('td')]
            .filter(td => /^[−+]?[0-9.,]+%?$/.test(td.innerText.trim()))
            .map(td => {
                const range = document.createRange();
                range.selectNodeContents(td);
                return range.getClientRects().length;
            })"""
        lines = page.evaluate(numbers)
        assert len(lines) > 500 and set(lines) == {1}
        kept = """
            [...document.querySelectorAll('table')].map(table => {
                table.scrollLeft = 1000;
                const box = table.querySelector('caption')?.getBoundingClientRect();
                return !box || (box.left >= 0 && box.right <= 390);
            })"""
        assert set(page.evaluate(kept)) == {True}
        widths = page.evaluate("[...document.images].map(image => image.clientWidth)")
        assert len(widths) == 12 and min(widths) > 330


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@needs_chromium
@pytest.mark.skipif(importlib.util.find_spec("jupyterlab") is None, reason="needs JupyterLab")
@pytest.mark.soak  # by default `qtoolkit lab` in the browser, and each notebook in a kernel
def test_a_notebook_runs_as_it_stands_in_jupyterlab(tmp_path):
    root = tmp_path / "project"
    shutil.copytree(notebooks()[0][0], root / "notebooks")
    shutil.copytree(packaged_cases(), root / "params")
    names = ("CONFIG", "DATA", "RUNTIME")
    private = {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in names}
    private |= {
        f"JUPYTERLAB_{name}_DIR": str(tmp_path / name.lower())
        for name in ("SETTINGS", "WORKSPACES")
    }
    # all cells stand in the page, not only those in view
    settings = tmp_path / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    environment = os.environ | private | {"PYTHONPATH": str(Path(qt.__file__).parents[1])}
    port = free_port()
    options = [
        f"--port={port}",
        "--no-browser",
        "--IdentityProvider.token=t",
        f"--ServerApp.root_dir={root}",
        "--LabApp.news_url=",
    ]
    command = [sys.executable, "-m", "jupyter", "lab", "--allow-root", *options]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        with browser() as play:
            page = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page(
                viewport={"width": 1300, "height": 1500}
            )
            page.goto(
                f"http://127.0.0.1:{port}/lab/tree/notebooks/04_sensitivity.ipynb?token=t&reset",
                timeout=60_000,
            )
            page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
            wait_for_kernel(port)
            page.wait_for_selector("[data-status='idle']", timeout=60_000)
            run_all_cells(page)
            assert page.locator(".jp-OutputArea-output table").count() >= 2
            assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
            assert "广东" in page.inner_text(".jp-Notebook")
    finally:
        server.kill()


def run_all_cells(page):
    """Run all cells; once more where the kernel was not yet there to hear it, or a dialog of a slow
    kernel was in the way."""
    from playwright.sync_api import TimeoutError as TooLate

    for last in (False, False, False, True):
        try:
            while page.locator("dialog.jp-Dialog").count():
                page.keyboard.press("Escape")
                page.wait_for_timeout(300)
            page.get_by_text("Run", exact=True).first.click(timeout=5_000)
            page.get_by_text("Run All Cells", exact=True).click(timeout=5_000)
            page.wait_for_function(
                "document.querySelectorAll('.jp-OutputArea-output img').length >= 2", timeout=60_000
            )
            return
        except TooLate:
            if last:
                raise


def wait_for_kernel(port):
    """Until the notebook's kernel has started and the page is connected to it."""
    deadline = time.time() + 60
    while time.time() < deadline:
        address = f"http://127.0.0.1:{port}/api/kernels?token=t"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                kernels = json.load(answer)
        except urllib.error.HTTPError:  # of a server that is still starting
            kernels = []
        if any(k["connections"] and k["execution_state"] == "idle" for k in kernels):
            return
        time.sleep(0.3)
    raise TimeoutError("the kernel did not start")


def wait_for(port):
    deadline = time.time() + 60
    while time.time() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.3)
    raise TimeoutError("JupyterLab did not start")
