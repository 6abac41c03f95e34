"""`qtoolkit lab`: one's own copies of a case's notebooks, which work in JupyterLab as they do in a
run."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

import qtoolkit
from qtoolkit.errors import InputError
from qtoolkit.inputs import locate
from qtoolkit.language import LANGUAGES
from qtoolkit.runs import lab
from qtoolkit.runs.plan import PATHS, plan
from tests.runs.test_cli import GOOD
from tests.runs.tiny import notebook, planned


@pytest.fixture
def case(tmp_path, monkeypatch):
    folder = tmp_path / "tiny"
    folder.mkdir()
    for file, content in GOOD.items():
        (folder / file).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


def parameters_cell(path):
    book = nbformat.read(path, as_version=4)
    return next(cell.source for cell in book.cells if "parameters" in cell.metadata.get("tags", []))


def values(source):
    found = {}
    exec(source, found)
    return {name: value for name, value in found.items() if not name.startswith("__")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["provinces-2008", "city-2026"])
def test_the_cell_of_parameters_is_what_papermill_would_make_of_it(tmp_path, name, language):
    """Papermill's own cell, run after the notebook's, gives the same values; there is one
    language's prose alone."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    ready = plan(name, {"cutoffs.A" if name == "city-2026" else "cutoffs.g1": 91}, language)
    prepared = lab.prepare(ready, tmp_path / "mine")
    named = [f"{book.name}.ipynb" for book in ready.notebooks]
    assert list(prepared.written)[: len(named)] == named and len(named) >= 4
    assert not prepared.kept
    for book in ready.notebooks:
        given = lab.parameters_for(book, ready)
        nbformat.write(book.in_language(language), tmp_path / "plain.ipynb")
        plain = load_notebook_node(str(tmp_path / "plain.ipynb"))
        injected = parameterize_notebook(plain, given)
        cells = [
            c.source
            for c in injected.cells
            if {"parameters", "injected-parameters"} & set(c.metadata.get("tags", []))
        ]
        path = tmp_path / "mine" / f"{book.name}.ipynb"
        assert len(cells) == 2 and values(parameters_cell(path)) == values("\n".join(cells))
        assert values(parameters_cell(path))["language"] == language
        tags = {
            tag for cell in nbformat.read(path, 4).cells for tag in cell.metadata.get("tags", [])
        }
        assert set(LANGUAGES) & tags == {language}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guides_come_along_in_the_language_and_of_no_case(tmp_path, monkeypatch, language):
    """All notebooks of the toolkit's own folder whose names begin with 00_, in plain files."""
    shipped = {path.name for path in locate.notebooks()[0][0].glob("00_*.ipynb")}
    assert "00_tutorial.ipynb" in shipped
    ready = plan("city-2026", {"cutoffs.A": 91}, language, ["01_assessment"])
    prepared = lab.prepare(ready, tmp_path / "mine")
    assert set(prepared.written) == {"01_assessment.ipynb", f"{lab.TUNING}.ipynb", *shipped}
    monkeypatch.chdir(tmp_path)
    for name in shipped:
        given = values(parameters_cell(tmp_path / "mine" / name))
        default = values(parameters_cell(locate.notebooks()[0][0] / name))
        assert given["language"] == language
        assert {key: given[key] for key in default if key not in ("language", *PATHS)} == {
            key: default[key] for key in default if key not in ("language", *PATHS)
        }
        for key in PATHS:  # found from wherever the kernel works
            if default.get(key) is not None:
                assert Path(given[key]).is_absolute() and Path(given[key]).exists()
        prose = [
            cell.source
            for cell in nbformat.read(tmp_path / "mine" / name, 4).cells
            if cell.cell_type == "markdown"
        ]
        assert bool(re.search("[\u4e00-\u9fff]", prose[0])) == (language == "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notebook_to_tune_a_case_in_comes_along_with_its_parameters(tmp_path, language):
    """Though no params.yaml lists it, and once where one is asked for it."""
    changes = {"cutoffs.A": 91, "weight_band": 0.2}
    ready = plan("city-2026", changes, language)
    assert lab.TUNING not in [book.name for book in ready.notebooks]
    lab.prepare(ready, tmp_path / "mine")
    path = tmp_path / "mine" / f"{lab.TUNING}.ipynb"
    given = values(parameters_cell(path))
    assert given["language"] == language and given["weight_band"] == 0.2
    assert given["changes"] == {"cutoffs.A": 91}
    # found from the case's folder, where the kernel works, so that trials are kept there
    assert (given["scheme"], given["data"]) == ("scheme.yaml", "data.csv")
    prose = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown"]
    assert all(bool(re.search("[\u4e00-\u9fff]", text)) == (language == "zh") for text in prose)
    asked = plan("city-2026", changes, language, [lab.TUNING])
    prepared = lab.prepare(asked, tmp_path / "other")
    assert prepared.written.count(f"{lab.TUNING}.ipynb") == 1
    again = lab.prepare(ready, tmp_path / "other")
    assert f"{lab.TUNING}.ipynb" in again.kept


def test_a_guide_that_names_a_packaged_file_gets_its_place(tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    folder.mkdir()
    declared = 'scheme = "params/tai-2001/scheme.yaml"\ndata = "params/no.csv"\nlanguage = "zh"'
    notebook(folder / "00_other.ipynb", "1", declare=declared)
    ready = plan("tai-2001", language="en")
    monkeypatch.setattr(locate, "notebooks", lambda given=None: [(folder, "packaged")])
    lab.prepare(ready, tmp_path / "mine")
    given = values(parameters_cell(tmp_path / "mine" / "00_other.ipynb"))
    assert Path(given["scheme"]) == locate.packaged_cases() / "tai-2001" / "scheme.yaml"
    assert given["data"] == "params/no.csv" and given["language"] == "en"


def test_jupyterlab_is_started_without_asking_for_news(tmp_path, monkeypatch):
    """Its own reading of settings, with those of the user's own beside."""
    theirs = tmp_path / "theirs" / "labconfig"
    theirs.mkdir(parents=True)
    (theirs / "page_config.json").write_text('{"disabledExtensions": {"other": true}}')
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", os.pathsep.join([str(theirs.parent), "relative"]))
    with lab.private_jupyter(plan("tai-2001")) as (_, variables):
        code = "from jupyterlab_server.config import get_static_page_config as get; print(get())"
        command = [sys.executable, "-c", code]
        read = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
        assert "relative" not in variables["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    found = ast.literal_eval(read.stdout)["disabledExtensions"]
    assert found == {"@jupyterlab/apputils-extension:announcements": True, "other": True}


SOURCES = [
    (
        "a = 1\nb = None  # 备注，中文\nc = [1,\n     2]  # two lines",
        {"b": "甲", "c": {"x": 0.1}},
        "# 备注，中文",
        "# two lines",
    ),
    ("a: int = 1  # typed\nb = 2; c = 3", {"a": 5, "c": 'it\'s "so"\\n'}, "a: int = 5  # typed"),
    ("%matplotlib inline\na = 1", {"a": 2}, "%matplotlib inline"),
    ("a = b = 1\na, c = 1, 2", {"a": 7}, "a = b = 1"),
    ("", {"a": True, "b": float("inf")}),
    ("a = 1\na = 2", {"a": 3}),
    ("a = 'é'; b = '甲乙'  # x", {"a": "丙丁戊", "b": None}, "# x"),
]


@pytest.mark.parametrize(("source", "given", "parts"), [(s, g, parts) for s, g, *parts in SOURCES])
def test_values_take_the_place_of_values_and_all_else_stays(source, given, parts):
    changed = lab.with_values(source, given)
    plain = "\n".join(line for line in changed.splitlines() if not line.startswith("%"))
    before = values("\n".join(line for line in source.splitlines() if not line.startswith("%")))
    assert values(plain) == before | given
    assert all(part in changed for part in parts)
    assert lab.with_values(source, {}) == source


def test_what_was_edited_stays_and_is_said(command, case, tmp_path):
    first = command("lab", "tiny", "--prepare", cwd=tmp_path)
    path = tmp_path / "lab" / "tiny-zh" / "01_assessment.ipynb"
    assert first.returncode == 0 and "--notebooks lab/tiny-zh" in first.stdout and not first.stderr
    book = nbformat.read(path, as_version=4)
    book.cells[1].source += "\nmine = 1"
    nbformat.write(book, path)
    edited = path.read_bytes()
    again = command("lab", "tiny", "--prepare", "--set", "cutoffs.A=80", cwd=tmp_path)
    assert (
        path.read_bytes() == edited
        and "01_assessment.ipynb" in again.stderr
        and "-o" in again.stderr
    )
    other = command(
        "lab",
        "tiny",
        "--prepare",
        "--set",
        "cutoffs.A=80",
        "-o",
        "fresh",
        "--language",
        "en",
        cwd=tmp_path,
    )
    assert other.returncode == 0 and not other.stderr and "yours to edit" in other.stdout
    assert '"cutoffs.A": 80' in parameters_cell(tmp_path / "fresh" / "01_assessment.ipynb")
    told = command("check", "tiny", cwd=tmp_path)
    # not ignored in silence
    assert told.returncode == 0 and "--notebooks lab/tiny-zh" in told.stderr
    used = command("check", "tiny", "--notebooks", "lab/tiny-zh", cwd=tmp_path)
    assert (
        used.returncode == 0 and "--notebooks" in used.stderr and "lab/tiny-zh" not in used.stderr
    )
    assert sorted(p.name for p in case.iterdir()) == ["data.csv", "params.yaml", "scheme.yaml"]


@pytest.mark.parametrize("make", [lambda p: p.write_text("x"), lambda p: p.symlink_to("nowhere")])
def test_a_place_that_is_no_folder_is_refused(case, tmp_path, make):
    make(tmp_path / "mine")
    for place in ("mine", "mine/inner", "a\0b"):
        with pytest.raises(InputError, match="-o"):
            lab.prepare(plan(case), place)


def test_a_wrong_case_writes_nothing(command, case, tmp_path):
    (case / "data.csv").write_text("unit,a,b\n甲,2,1\n乙,1,1\n", encoding="utf-8")
    done = command("lab", "tiny", "--prepare", cwd=tmp_path)
    assert done.returncode == 2 and "data.csv" in done.stderr and not (tmp_path / "lab").exists()


def test_own_notebooks_run_as_they_were_prepared(project, tmp_path):
    ready = planned("params/tiny")
    lab.prepare(ready, "mine")
    out = qtoolkit.run("params/tiny", out="out", formats=["html"], notebook_folder="mine")
    assert "92.0" in (out / "tables" / "scores.csv").read_text(encoding="utf-8-sig")


def wait_for(find, process, seconds=120):
    deadline = time.time() + seconds
    while not (found := find()):
        assert process.poll() is None and time.time() < deadline, process.poll()
        time.sleep(0.1)
    return found


def server_of(temporary):
    """The address and token of the JupyterLab that runs with this folder of temporary files."""
    for path in temporary.glob("qtoolkit-lab-*/runtime/jpserver-*.json"):
        try:
            return json.loads(path.read_text(encoding="utf-8")) | {"runtime": path.parent}
        except ValueError:  # half written
            return None
    return None


def ask(server, path, data=None):
    """A call of the server's API; its answer."""
    body = None if data is None else json.dumps(data).encode()
    headers = {"Authorization": f"token {server['token']}"}
    request = urllib.request.Request(f"{server['url']}api/{path}", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


@pytest.mark.skipif(os.name != "posix", reason="is ended by a signal of POSIX")
def test_jupyterlab_runs_a_prepared_notebook_and_nothing_that_is_planted(trap, tmp_path):
    """A real server, started among planted files: the notebook from its contents, run in the kernel
    that it starts."""
    from jupyter_client import BlockingKernelClient

    case = trap / "project" / "params" / "tiny"
    own = {"ServerApp": {"allow_root": True}}  # settings of the user's own count
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_server_config.json").write_text(json.dumps(own))
    variables = {
        "PYTHONPATH": str(Path(qtoolkit.__file__).parents[1]),
        "PYTHONUTF8": "1",
        "TMPDIR": str(tmp_path),
    }
    variables |= {
        f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA")
    }
    words = ["lab", str(case), "--no-browser", "--language", "en", "-o", str(tmp_path / "mine")]
    start = [sys.executable, "-P", "-m", "qtoolkit.runs.cli", *words]
    log = (tmp_path / "log").open("w+", encoding="utf-8")
    options = {"cwd": trap / "here", "env": os.environ | variables, "stdin": subprocess.DEVNULL}
    process = subprocess.Popen(start, stdout=log, stderr=log, **options)
    try:
        server = wait_for(lambda: server_of(tmp_path), process)
        wait_for(lambda: answers(server), process)
        assert Path(server["root_dir"]) == tmp_path / "mine"
        book = ask(server, "contents/01_assessment.ipynb")["content"]
        session = {
            "path": "01_assessment.ipynb",
            "name": "",
            "type": "notebook",
            "kernel": {"name": "python3"},
        }
        kernel = ask(server, "sessions", session)["kernel"]["id"]
        client = BlockingKernelClient()
        client.load_connection_file(str(server["runtime"] / f"kernel-{kernel}.json"))
        client.start_channels()
        wait_for(lambda: is_ready(client), process)
        code = [cell["source"] for cell in book["cells"] if cell["cell_type"] == "code"]
        assert len(code) > 3
        said = [said_by(client, cell) for cell in (*code, LOOK)]
        client.stop_channels()
        found = json.loads(said[-1])
        assert found["scores"] == [92.0, 66.0]  # 60·1 + 40·0.8, 60·0.5 + 40·0.9
        assert (
            Path(found["here"]) == case
            and found["dpi"] == "figure"
            and str(case) not in found["path"]
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.seek(0)
        said = log.read()
        log.close()
    assert sorted(path.name for path in (trap / "markers").iterdir()) == []
    assert "--notebooks" in said and "Traceback" not in said, said
    assert not list(tmp_path.glob("qtoolkit-lab-*"))  # connection files do not stay
    assert not (case / "lab").exists() and not list(case.rglob(".ipynb_checkpoints"))


LOOK = """import json, os, sys
import matplotlib
print(json.dumps({"scores": result.scores.tolist(), "here": os.getcwd(), "path": sys.path,
                  "dpi": matplotlib.rcParams["savefig.dpi"]}))"""


def answers(server):
    try:
        return ask(server, "status")
    except OSError:
        return None


def is_ready(client):
    try:
        client.wait_for_ready(timeout=30)
    except RuntimeError:  # it has not answered yet
        return False
    return True


def said_by(client, code):
    """What a cell prints; an error in it fails the test."""
    said = []

    def listen(message):
        content = message["content"]
        assert message["msg_type"] != "error", content
        said.append(content.get("text", ""))

    client.execute_interactive(code, timeout=120, output_hook=listen)
    return "".join(said)
