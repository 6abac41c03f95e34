"""`qtoolkit lab` as its user meets it: a real JupyterLab in Chromium, begun in an empty folder."""

import importlib.util
import re

import nbformat
import pytest

from tests.look.laboratory import ERRORS, RUN, laboratory, opened, run_all
from tests.look.reading import needs_chromium
from tests.look.test_rendered import browser

MISTAKES = {
    "misspelt": ("weight_band = 0.1", "weight_bnd = 0.2", "did you mean “weight_band”"),
    "quoted": ("draws = 100000", 'draws = "100000"', "without quotation marks: 100000"),
    "percent": ("weight_band = 0.1", 'weight_band = "10%"', "without quotation marks: 0.1"),
    "language": ('language = "en"', 'language = "cn"', "expected one of zh, en"),
    "backslashes": ('data = "data.csv"', r'data = "D:\new\test.csv"', "write / for each"),
    "full width": ('data = "data.csv"', r"data = “D:\数据\表.csv”", "D:/数据/表.csv"),
}
MANY = pytest.mark.soak  # each takes seconds; one by default


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A port at which JupyterLab is open, and the folder of the notebooks."""
    with laboratory(tmp_path_factory.mktemp("lab"), "city-2026", "en") as opened_there:
        yield opened_there


@needs_chromium
@pytest.mark.skipif(importlib.util.find_spec("jupyterlab") is None, reason="needs JupyterLab")
@pytest.mark.parametrize("name", ["08_fairness", pytest.param("05_comparison", marks=MANY)])
def test_run_all_succeeds_and_nothing_asks_for_news(lab, name):
    port, folder = lab
    named = {path.stem for path in folder.glob("*.ipynb")}
    assert {"00_tutorial", "01_assessment", "04_sensitivity", name} <= named
    with browser() as play:
        page = opened(play, port, f"{name}.ipynb")
        run_all(page, f"{RUN}.every(prompt => /^\\[\\d+\\]/.test(prompt))")
        assert page.locator(ERRORS).count() == 0
        assert page.locator(".jp-OutputArea-output table").count() >= 2
        seen = (
            "[...document.querySelectorAll('.jp-OutputArea-output img')].map(i => i.naturalWidth)"
        )
        assert min(page.evaluate(seen), default=0) > 0
        assert "2026" in page.inner_text(".jp-Notebook")
        assert page.get_by_text("news").count() == 0


@needs_chromium
@pytest.mark.skipif(importlib.util.find_spec("jupyterlab") is None, reason="needs JupyterLab")
@pytest.mark.parametrize(
    "mistake", ["misspelt", *(pytest.param(name, marks=MANY) for name in list(MISTAKES)[1:])]
)
def test_a_mistake_is_one_sentence_and_no_cell_after_it_runs(lab, mistake):
    port, folder = lab
    right, wrong, said = MISTAKES[mistake]
    book = nbformat.read(folder / "04_sensitivity.ipynb", as_version=4)
    (cell,) = [c for c in book.cells if "parameters" in c.metadata.get("tags", [])]
    assert right in cell.source
    cell.source = cell.source.replace(right, wrong)
    name = f"{mistake.replace(' ', '-')}.ipynb"
    nbformat.write(book, folder / name)
    with browser() as play:
        page = opened(play, port, name)
        run_all(page, f'document.querySelector("{ERRORS}") && !{RUN}.includes("[*]:")')
        (sentence,) = page.locator(ERRORS).all_inner_texts()
        assert said in " ".join(sentence.split()) and "Traceback" not in sentence
        ran = [prompt for prompt in page.evaluate(RUN) if re.match(r"\[\d+\]", prompt)]
        assert len(ran) == 2
