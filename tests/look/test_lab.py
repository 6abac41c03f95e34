"""`qtoolkit lab` as its user meets it: a real JupyterLab in Chromium, begun in an empty folder."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import qtoolkit as qt
from tests.look.reading import CHROMIUM, needs_chromium
from tests.look.test_rendered import FLAGS, browser, free_port, wait_for, wait_for_kernel

MISTAKES = {
    "misspelt": ("weight_band = 0.1", "weight_bnd = 0.2", "did you mean “weight_band”"),
    "quoted": ("draws = 100000", 'draws = "100000"', "without quotation marks: 100000"),
    "percent": ("weight_band = 0.1", 'weight_band = "10%"', "without quotation marks: 0.1"),
    "language": ('language = "en"', 'language = "cn"', "expected one of zh, en"),
    "backslashes": ('data = "data.csv"', r'data = "D:\new\test.csv"', "write / for each"),
    "full width": ('data = "data.csv"', r"data = “D:\数据\表.csv”", "D:/数据/表.csv"),
}
RUN = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.innerText.trim())"
# JupyterLab draws what a kernel sends as an error as either of these
ERRORS = ", ".join(
    f"[data-mime-type='application/vnd.jupyter.{kind}']" for kind in ("error", "stderr")
)
MANY = pytest.mark.soak  # each takes seconds; one by default


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A port at which JupyterLab is open, and the folder of the notebooks."""
    root = tmp_path_factory.mktemp("lab")
    here, config, settings = (root / name for name in ("here", "config", "settings"))
    port = free_port()
    server = {"ServerApp": {"allow_root": True, "port": port}, "IdentityProvider": {"token": "t"}}
    # all cells stand in the page, not only those in view
    tracker = settings / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    for folder in (here, config, tracker.parent):
        folder.mkdir(parents=True)
    (config / "jupyter_server_config.json").write_text(json.dumps(server))
    tracker.write_text('{"windowingMode": "none"}')
    variables = {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        "PYTHONPATH": str(Path(qt.__file__).parents[1]),
        "PYTHONUTF8": "1",
    }
    words = ["lab", "city-2026", "--language", "en", "--no-browser"]
    command = [sys.executable, "-P", "-m", "qtoolkit.runs.cli", *words]
    quiet = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
    process = subprocess.Popen(command, cwd=here, env=os.environ | variables, **quiet)
    try:
        wait_for(port)
        yield port, here / "lab" / "city-2026-en"
    finally:
        process.terminate()
        process.wait(60)


def opened(play, port, name):
    page = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page(
        viewport={"width": 1300, "height": 1500}
    )
    address = f"http://127.0.0.1:{port}/lab/tree/{name}?token=t&reset"
    page.goto(address, timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    wait_for_kernel(port)
    page.wait_for_selector("[data-status='idle']", timeout=60_000)
    return page


def run_all(page, done):
    """Run all cells, and wait until `done`, a condition in JavaScript."""
    page.get_by_text("Run", exact=True).first.click(timeout=10_000)
    page.get_by_text("Run All Cells", exact=True).click(timeout=10_000)
    page.wait_for_function(done, timeout=120_000)


@needs_chromium
@pytest.mark.skipif(importlib.util.find_spec("jupyterlab") is None, reason="needs JupyterLab")
def test_run_all_succeeds_and_nothing_asks_for_news(lab):
    port, folder = lab
    named = {path.stem for path in folder.glob("*.ipynb")}
    assert {"00_tutorial", "01_assessment", "04_sensitivity", "05_comparison"} <= named
    with browser() as play:
        page = opened(play, port, "05_comparison.ipynb")
        run_all(page, f"{RUN}.every(prompt => /^\\[\\d+\\]/.test(prompt))")
        assert page.locator(ERRORS).count() == 0
        assert page.locator(".jp-OutputArea-output table").count() >= 2
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
