"""Runs: the folder whole or not at all, the same bytes twice, failing cells, hostile keys, the wheel's cases."""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError, WorkError
from qtoolkit.runs import folder, outputs
from qtoolkit.runs.notebooks import find_notebooks
from qtoolkit.runs.plan import plan

SCHEME = """
id: tiny
name: {zh: 小方案, en: Tiny}
year: "2026"
total: 100
synthetic: true
indicators:
  - {id: a, name: {zh: 甲, en: A}, points: 60, rule: {kind: share}}
  - {id: b, name: {zh: 乙, en: B}, points: 40, rule: {kind: share}}
rounding: {total: {decimals: 2}}
grades: [{id: A, cutoff: 90}, {id: B, cutoff: 0}]
"""
DATA = "unit,name_en,a,b\n=甲市,City =1,1,0.8\n乙市,City 2,0.5,0.9\n"
PARAMS = "scheme: scheme.yaml\ndata: data.csv\nnotebooks: [show]\nband: 0.1\n"
DECLARE = (
    'scheme = ""\ndata = ""\nprevious = None\nratings = None\nchanges = {}\nlanguage = "zh"\nseed = 0\nband = 0.1\n'
)
SHOW = """import qtoolkit as qt
from qtoolkit.report.blocks import Page
from qtoolkit.report import assessment as views

case = qt.read_case(scheme=scheme, data=data, previous=previous, ratings=ratings, changes=changes)
Page(language).show(views.results(qt.assess(case.scheme, case.table)))"""


def notebook(path, *cells, declare=DECLARE):
    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    first = nbformat.v4.new_code_cell(declare)
    first.metadata["tags"] = ["parameters"]
    book.cells = [first, *(nbformat.v4.new_code_cell(cell) for cell in cells)]
    for language in ("zh", "en"):
        prose = nbformat.v4.new_markdown_cell(f"prose in {language}")
        prose.metadata["tags"] = [language]
        book.cells.append(prose)
    nbformat.write(book, path)


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    case = tmp_path / "params" / "tiny"
    case.mkdir(parents=True)
    (case / "scheme.yaml").write_text(SCHEME, encoding="utf-8")
    (case / "data.csv").write_text(DATA, encoding="utf-8")
    (case / "params.yaml").write_text(PARAMS, encoding="utf-8")
    notebook(tmp_path / "notebooks" / "show.ipynb", SHOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listing(path):
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*"))


def test_a_run_writes_everything_and_the_same_bytes_twice(project):
    first, second = qt.run("params/tiny", out="one"), qt.run("params/tiny", out="two")
    assert {"manifest.json", "memo.html", "memo.docx", "memo.pdf", "tables.xlsx"} <= set(listing(first))
    same = [name for name in listing(first) if (first / name).is_file() and not name.startswith("notebooks/")]
    same.remove("manifest.json")
    assert len(same) >= 7
    for name in same:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    manifest = json.loads((first / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"]["data"]["name"] == "data.csv" and manifest["parameters"]["band"] == 0.1
    assert str(project) not in (first / "manifest.json").read_text(encoding="utf-8")
    assert set(manifest["files"]) == {n for n in listing(first) if (first / n).is_file()} - {"manifest.json"}
    table = (first / "tables" / "scores.csv").read_text(encoding="utf-8-sig")
    assert "\n1,'=甲市,92.0,A,60.0,32.0\n" in table  # a text that looks like a formula stays text
    with zipfile.ZipFile(first / "tables.xlsx") as book:
        assert not any(b"<f>" in book.read(name) for name in book.namelist() if "sheet" in name)
    book = nbformat.read(first / "notebooks" / "show.ipynb", 4)
    assert "prose in zh" in str(book) and "prose in en" not in str(book)


def test_the_second_run_sees_that_the_result_is_there(project):
    first = qt.run("params/tiny", formats=["html"])
    assert first.parent.name == "runs" and first.name.startswith("tiny-")
    before = (first / "manifest.json").stat().st_mtime_ns
    assert qt.run("params/tiny", formats=["html"]) == first
    assert (first / "manifest.json").stat().st_mtime_ns == before
    other = qt.run("params/tiny", formats=["html"], set={"cutoffs.A": 95})
    assert other != first and "95" in (other / "memo.html").read_text(encoding="utf-8")
    (project / "params" / "tiny" / "data.csv").write_text(DATA.replace("0.9", "0.8"), encoding="utf-8")
    assert qt.run("params/tiny", formats=["html"]) not in (first, other)


def test_a_failing_cell_is_one_sentence_and_its_partial_notebook(project):
    notebook(project / "notebooks" / "show.ipynb", SHOW, "1 / 0")
    with pytest.raises(WorkError) as caught:
        qt.run("params/tiny", out="out")
    assert "show 的单元格 [4] 出错：ZeroDivisionError：division by zero" in caught.value.text.zh
    assert "show: cell [4] failed: ZeroDivisionError: division by zero" in caught.value.text.en
    partial = project / "out.failed" / "show.ipynb"
    assert str(Path("out.failed") / "show.ipynb") in caught.value.text.zh
    stopped = [cell for cell in nbformat.read(partial, 4).cells if cell.get("execution_count") == 4]
    assert stopped[0].outputs[-1]["ename"] == "ZeroDivisionError"
    assert not (project / "out").exists() and not list(project.glob(".out*"))


def test_an_input_error_inside_a_cell_stays_one(project):
    notebook(project / "notebooks" / "show.ipynb", "import qtoolkit as qt\nqt.regions.Box(relative=band)")
    with pytest.raises(InputError) as caught:
        qt.run("params/tiny", out="out", set={"band": 7})
    assert len(caught.value.complaints) == 1
    assert "7" in caught.value.sentences("zh")[0] and "found 7" in caught.value.sentences("en")[0]
    assert listing(project) == sorted(set(listing(project)) - {"out", "out.failed"})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bnad": 1}, "band"),
        ({"band": "abc"}, "abc"),
        ({"a\nimport os": 1}, "import os"),
        ({"cutoffs.Z": 1}, "Z"),
        ({"points.a": -1}, "-1"),
        ({"points.c": 1}, "c"),
        ({"data": "none.csv"}, "none.csv"),
        ({"changes": 3}, "cutoffs.A=88"),
        ({"seed": -1}, "-1"),
        ({"language": "fr"}, "fr"),
    ],
)
def test_wrong_settings_name_themselves_and_write_nothing(project, settings, words):
    before = listing(project)
    with pytest.raises(InputError) as caught:
        qt.run("params/tiny", set=settings)
    for language in ("zh", "en"):
        assert any(words in sentence for sentence in caught.value.sentences(language))
    assert listing(project) == before


def test_only_declared_identifiers_reach_the_notebook(project):
    notebook(project / "notebooks" / "show.ipynb", "print(sorted(k for k in dir() if not k.startswith('_')))", declare="band = 0.1")
    out = qt.run("params/tiny", out="out", formats=["html"])
    book = nbformat.read(out / "notebooks" / "show.ipynb", 4)
    injected = next(cell for cell in book.cells if "injected-parameters" in cell.metadata.get("tags", []))
    assert injected.source.replace("# Parameters\n", "").strip() == "band = 0.1"


def test_a_folder_that_is_no_run_or_was_edited_is_refused(project):
    (project / "mine").mkdir()
    (project / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(InputError, match="mine"):
        qt.run("params/tiny", out="mine")
    assert listing(project / "mine") == ["letter.txt"]
    out = qt.run("params/tiny", out="out", formats=["html"])
    (out / "memo.html").write_text("edited by hand")
    with pytest.raises(InputError, match=r"memo\.html"):
        qt.run("params/tiny", out="out", formats=["html"], set={"cutoffs.A": 95})
    assert (out / "memo.html").read_text() == "edited by hand"


def test_another_run_replaces_an_untouched_one(project):
    qt.run("params/tiny", out="out", formats=["html"])
    out = qt.run("params/tiny", out="out", formats=["html"], set={"cutoffs.A": 95})
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["parameters"]["changes"] == {"cutoffs.A": 95}
    assert sorted(p.name for p in project.iterdir()) == ["notebooks", "out", "params"]


def test_whole_or_not_at_all(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), folder.building(target) as work:
        (work / "half").write_text("x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    stale = tmp_path / ".out.partial-killed"
    stale.mkdir()
    os.utime(stale, (time.time() - 7200,) * 2)
    with folder.building(target) as work:
        (work / "all").write_text("x")
    assert listing(tmp_path) == ["out", "out/all"]


def test_a_killed_run_leaves_no_run_folder(project):
    notebook(project / "notebooks" / "show.ipynb", "import time; time.sleep(60)")
    code = "import qtoolkit as qt; qt.run('params/tiny', out='out')"
    environment = os.environ | {"PYTHONPATH": str(Path(qt.__file__).parents[1])}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=project, env=environment)
    deadline = time.time() + 30
    while not list(project.glob(".out.partial-*")) and time.time() < deadline:
        time.sleep(0.2)
    time.sleep(1)
    process.kill()
    process.wait()
    deadline = time.time() + 20
    while (running := worker_alive(project)) and time.time() < deadline:
        time.sleep(0.2)
    assert not running and not (project / "out").exists()


def worker_alive(project):
    """Whether a worker process on this project still runs (where /proc can tell)."""
    lines = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK))
    try:
        return any(b"qtoolkit.runs.worker" in line and str(project).encode() in line for line in lines)
    except OSError:
        return True


def test_notebooks_by_name_by_path_and_misspelt(project):
    assert find_notebooks(["show"], project)[0].origin == "project"
    shutil.copy(project / "notebooks" / "show.ipynb", project / "own.ipynb")
    assert find_notebooks(["own.ipynb"], project)[0].origin == "explicit"
    assert find_notebooks(["01_assessment"], project)[0].origin in ("packaged", "checkout")  # a project may have its own
    with pytest.raises(InputError, match="show"):
        find_notebooks(["shwo"], project)
    (project / "bad.ipynb").write_text("{")
    with pytest.raises(InputError, match="bad"):
        _ = find_notebooks(["bad.ipynb"], project)[0].declared


def test_the_hash_depends_on_what_goes_in(project):
    base = folder.run_hash(plan("params/tiny").content())
    assert folder.run_hash(plan("params/tiny").content()) == base
    assert folder.run_hash(plan("params/tiny", {"band": 0.2}).content()) != base
    assert folder.run_hash(plan("params/tiny", language="en").content()) != base
    notebook(project / "notebooks" / "show.ipynb", SHOW, "1")
    assert folder.run_hash(plan("params/tiny").content()) != base


@pytest.mark.parametrize(
    ("name", "safe"), [("a/b", "a_b"), ("CON", "_CON"), ("x.", "x"), ("", "_"), ("得分", "得分"), ('<>:"|?*', "_______")]
)
def test_file_names_that_windows_accepts(name, safe):
    assert outputs.safe_name(name) == safe


def test_a_previous_year_brings_the_comparison_by_itself(project):
    shutil.copytree(project / "params" / "tiny", project / "params" / "last")
    path = project / "params" / "tiny" / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "previous: ../last\n", encoding="utf-8")
    names = lambda **keys: [book.name for book in plan("params/tiny", **keys).notebooks]  # noqa: E731
    assert names() == ["show", "05_comparison"] and plan("params/tiny").parameters.notebooks == ("show", "05_comparison")
    assert names(notebooks=["show"]) == ["show"]  # asked for by name: nothing else
    assert plan("params/tiny", {"unit": "=甲市"}).parameters.knobs["unit"] == "=甲市"  # its knobs are known
    path.write_text(path.read_text(encoding="utf-8").replace("[show]", "[05_comparison, show]"), encoding="utf-8")
    assert names() == ["05_comparison", "show"]


def test_a_table_that_a_knob_names_is_an_input(project):
    path = project / "params" / "tiny" / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("[show]", "[show, 05_comparison]"), encoding="utf-8")
    past = project / "past.csv"
    past.write_text("unit,2024,2025\n=甲市,A,B\n", encoding="utf-8")
    content = plan("params/tiny", {"history": "past.csv"}).content()
    assert content["inputs"]["history"]["name"] == "past.csv"
    past.write_text("unit,2024,2025\n=甲市,A,A\n", encoding="utf-8")
    assert folder.run_hash(plan("params/tiny", {"history": "past.csv"}).content()) != folder.run_hash(content)
    with pytest.raises(InputError, match="nowhere"):
        plan("params/tiny", {"history": "nowhere.csv"})


def test_paths_of_the_file_and_paths_of_the_command(project, monkeypatch):
    """In params.yaml they belong to its folder, on the command line to the working directory."""
    case, elsewhere = project / "params" / "tiny", project / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "data.csv").write_text(DATA.replace("0.9", "0.8"), encoding="utf-8")
    (elsewhere / "past.csv").write_text("unit,2024,2025\n=甲市,A,B\n", encoding="utf-8")
    shutil.copy(project / "notebooks" / "show.ipynb", elsewhere / "mine.ipynb")
    monkeypatch.chdir(elsewhere)
    assert plan(case).result.scores.tolist() == [92.0, 66.0]  # 60·1 + 40·0.8, 60·0.5 + 40·0.9
    ready = plan(case, {"data": "data.csv"})
    assert ready.result.scores.tolist() == [92.0, 62.0] and ready.parameters.data == "../../elsewhere/data.csv"
    assert plan(case, notebooks=["mine.ipynb"]).notebooks[0].path.samefile(elsewhere / "mine.ipynb")
    params = case / "params.yaml"
    params.write_text(PARAMS.replace("[show]", "[05_comparison, show]") + "history: past.csv\n", encoding="utf-8")
    with pytest.raises(InputError, match="params.yaml，“history”：找不到文件：past.csv；文件中的路径"):
        plan(case)  # by the plan already, not only by the run
    assert plan(case, {"history": "past.csv"}).tables["history"].samefile(elsewhere / "past.csv")
    params.write_text(PARAMS.replace("[show]", "[mine.ipynb]"), encoding="utf-8")
    with pytest.raises(InputError, match="params.yaml，第3行，“notebooks”：找不到文件：mine.ipynb"):
        plan(case)
