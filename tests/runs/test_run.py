"""Runs: the folder whole or not at all, the same bytes twice, failing cells, hostile keys, the
wheel's cases."""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path

import nbformat
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError, WorkError
from qtoolkit.language import LANGUAGES
from qtoolkit.report import assessment as views
from qtoolkit.report.blocks import MIME, DataTable, payload
from qtoolkit.runs import folder
from qtoolkit.runs import run as running
from qtoolkit.runs import write as writing
from qtoolkit.runs.notebooks import find_notebooks
from qtoolkit.runs.plan import plan
from tests.runs.tiny import (
    DATA,
    PARAMS,
    SHOW,
    listing,
    notebook,
    planned,
    run,
)


def test_a_run_writes_everything_and_the_same_bytes_twice(project):
    first, second = run("params/tiny", out="one"), run("params/tiny", out="two")
    assert {"manifest.json", "memo.html", "memo.docx", "memo.pdf", "tables.xlsx"} <= set(
        listing(first)
    )
    same = [name for name in listing(first) if (first / name).is_file()]
    same.remove("manifest.json")
    assert len(same) >= 10 and "notebooks/show.ipynb" in same
    for name in same:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    manifest = json.loads((first / "manifest.json").read_text(encoding="utf-8"))
    assert (
        manifest["inputs"]["data"]["name"] == "data.csv" and manifest["parameters"]["band"] == 0.1
    )
    assert str(project) not in (first / "manifest.json").read_text(encoding="utf-8")
    assert set(manifest["files"]) == {n for n in listing(first) if (first / n).is_file()} - {
        "manifest.json"
    }
    table = (first / "tables" / "scores.csv").read_text(encoding="utf-8-sig")
    assert "\n1,'=甲市,92.0,A,60.0,32.0\n" in table  # a text that looks like a formula stays text
    with zipfile.ZipFile(first / "tables.xlsx") as book:
        assert not any(b"<f>" in book.read(name) for name in book.namelist() if "sheet" in name)
    book = nbformat.read(first / "notebooks" / "show.ipynb", 4)
    assert "prose in zh" in str(book) and "prose in en" not in str(book)


def test_the_notebook_to_tune_in_runs_where_it_is_asked_for_and_adds_nothing_to_the_memo(project):
    """No table and no figure of its own, no trial beside the data, and equal bytes."""
    options = {"notebooks": ["tuning"], "formats": ["html"], "language": "en"}
    first, second = (
        run("params/tiny", out="one", **options),
        run("params/tiny", out="two", **options),
    )
    for name in listing(first):
        if (first / name).is_file() and name != "manifest.json":
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
    made = [name for name in listing(first) if name.startswith(("tables/", "figures/"))]
    assert made == ["tables/provenance.csv"]  # what ran
    book = nbformat.read(first / "notebooks" / "tuning.ipynb", 4)
    (panel,) = [c for c in book.cells if c.cell_type == "code" and c.source.endswith("\ntuning")]
    assert set(panel.outputs[0].data) == {"text/html", "text/plain"}  # its card; the panel is dead
    assert "widgets" not in book.metadata
    assert list(project.rglob("trials*")) == []


def test_the_second_run_sees_that_the_result_is_there(project, here):
    first = run("params/tiny", formats=["html"])
    assert first.parent.name == "runs" and first.name.startswith("tiny-")
    before = (first / "manifest.json").stat().st_mtime_ns
    assert run("params/tiny", formats=["html"]) == first
    assert (first / "manifest.json").stat().st_mtime_ns == before
    other = run("params/tiny", formats=["html"], set={"cutoffs.A": 95})
    assert other != first and "95" in (other / "memo.html").read_text(encoding="utf-8")
    (project / "params" / "tiny" / "data.csv").write_text(
        DATA.replace("0.9", "0.8"), encoding="utf-8"
    )
    assert run("params/tiny", formats=["html"]) not in (first, other)


def test_a_failing_notebook_is_one_sentence_and_costs_the_others_nothing(project):
    notebook(project / "notebooks" / "broken.ipynb", "1 / 0", declare="band = 0.1")
    said = []
    for books, kept in ((["broken", "show"], "out.failed"), (["broken"], "out.failed-2")):
        with pytest.raises(WorkError) as caught:
            run("params/tiny", out="out", notebooks=books, formats=["html"])
        said.append(caught.value.text)
        assert "broken 的单元格 [3] 出错：ZeroDivisionError：division by zero" in said[-1].zh
        assert "broken: cell [3] failed: ZeroDivisionError: division by zero" in said[-1].en
        assert said[-1].zh.endswith(kept) and said[-1].en.endswith(kept)
        (project / kept / "mine.txt").write_text("added by hand")
    first = project / "out.failed"
    assert (first / "mine.txt").is_file()  # what stood there is not touched
    stopped = [
        cell
        for cell in nbformat.read(first / "notebooks" / "broken.ipynb", 4).cells
        if cell.get("execution_count") == 3
    ]
    assert stopped[0].outputs[-1]["ename"] == "ZeroDivisionError"
    assert "92.0" in (first / "tables" / "scores.csv").read_text(encoding="utf-8-sig")
    assert "甲市" in (first / "memo.html").read_text(encoding="utf-8")
    manifest = json.loads((first / "manifest.json").read_text(encoding="utf-8"))
    assert (
        manifest["kind"] == "qtoolkit failed run" and "ZeroDivisionError" in manifest["failed"][0]
    )
    assert not (project / "out").exists() and not list(project.glob(".*"))
    with pytest.raises(InputError, match=r"out\.failed"):
        run("params/tiny", out="out.failed", formats=["html"])  # no run folder


@pytest.mark.parametrize("fault", ["twice", "chapter", "recheck", "form"])
def test_what_fails_in_writing_costs_the_rest_nothing(project, monkeypatch, fault):
    """Two blocks of one name, a chapter that no memo has, and faults of the program itself."""
    shutil.copy(project / "notebooks" / "show.ipynb", project / "notebooks" / "zz.ipynb")
    executed = execute_stub(project)
    monkeypatch.setattr(writing, "execute", executed)
    words = {
        "twice": "two blocks",
        "chapter": "no chapter",
        "recheck": "ZeroDivisionError",
        "form": "KeyError",
    }
    if fault == "recheck":
        monkeypatch.setattr(writing, "write_recheck", lambda *arguments: 1 / 0)
    if fault == "chapter":
        executed.change = lambda block: block | {"chapter": "nowhere", "name": "mine"}
    if fault == "form":
        executed.change = lambda block: {"kind": "table"}
    if fault == "recheck":
        executed.change = lambda block: block | {"name": "mine"}
    with pytest.raises(WorkError) as caught:
        run("params/tiny", out="out", notebooks=["show", "zz"], formats=["html"])
    assert words[fault] in caught.value.text.en and "out.failed" in caught.value.text.zh
    kept = project / "out.failed"
    assert "92.0" in (kept / "tables" / "scores.csv").read_text(encoding="utf-8-sig")
    assert (kept / "复核底稿.xlsx").is_file() == (fault != "recheck")
    assert (kept / "memo.html").is_file() == (fault != "chapter")
    assert (kept / "failed.txt").is_file() == (fault in ("recheck", "form"))
    failed = json.loads((kept / "manifest.json").read_text(encoding="utf-8"))["failed"]
    assert len(failed) == 1


def execute_stub(project):
    """Notebooks as if they had run: each shows the table of scores; `change` alters that of zz."""

    def stub(notebooks, parameters, language, folder, out, workers, done=lambda name: None):
        case = qt.read_case(folder)
        paths = []
        for book in notebooks:
            shown = views.results(qt.assess(case.scheme, case.table))
            block = payload(next(b for b in shown if isinstance(b, DataTable)), language)
            block = stub.change(block) if book.name == "zz" else block
            shown = nbformat.v4.new_output("display_data", data={MIME: block})
            executed = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[shown])])
            paths.append(out / f"{book.name}.ipynb")
            nbformat.write(executed, paths[-1])
        return paths, []

    stub.change = lambda block: block
    return stub


def test_an_input_error_inside_a_cell_stays_one(project):
    notebook(
        project / "notebooks" / "show.ipynb", "import qtoolkit as qt\nqt.regions.Box(relative=band)"
    )
    with pytest.raises(InputError) as caught:
        run("params/tiny", out="out", set={"band": 7})
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
        run("params/tiny", set=settings)
    for language in ("zh", "en"):
        assert any(words in sentence for sentence in caught.value.sentences(language))
    assert listing(project) == before


def test_only_declared_identifiers_reach_the_notebook(project):
    notebook(
        project / "notebooks" / "show.ipynb",
        "print(sorted(k for k in dir() if not k.startswith('_')))",
        declare="band = 0.1",
    )
    out = run("params/tiny", out="out", formats=["html"])
    book = nbformat.read(out / "notebooks" / "show.ipynb", 4)
    injected = next(
        cell for cell in book.cells if "injected-parameters" in cell.metadata.get("tags", [])
    )
    assert injected.source.replace("# Parameters\n", "").strip() == "band = 0.1"


def test_a_folder_that_is_no_run_or_was_edited_is_refused(project, here):
    (project / "mine").mkdir()
    (project / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(InputError, match="mine"):
        run("params/tiny", out="mine")
    assert listing(project / "mine") == ["letter.txt"]
    out = run("params/tiny", out="out", formats=["html"])
    (out / "memo.html").write_text("edited by hand")
    with pytest.raises(InputError, match=r"memo\.html"):
        run("params/tiny", out="out", formats=["html"], set={"cutoffs.A": 95})
    assert (out / "memo.html").read_text() == "edited by hand"


def test_another_run_replaces_an_untouched_one(project, here):
    run("params/tiny", out="out", formats=["html"])
    out = run("params/tiny", out="out", formats=["html"], set={"cutoffs.A": 95})
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["parameters"][
        "changes"
    ] == {"cutoffs.A": 95}
    assert sorted(p.name for p in project.iterdir()) == ["notebooks", "out", "params"]


def test_whole_or_not_at_all(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), folder.building(target) as work:
        (work / "half").write_text("x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with folder.building(target) as work:
        killed = work.with_name(work.name + "-killed")
        shutil.rmtree(work)
    killed.mkdir()
    told = []
    with folder.building(target, told.append) as work:
        (work / "all").write_text("x")
    assert listing(tmp_path) == [killed.name, "out", "out/all"]  # offered by name, not taken away
    assert len(told) == 1 and all(str(killed) in told[0].of(language) for language in LANGUAGES)


def test_one_run_at_a_time_builds_a_folder(tmp_path):
    target = tmp_path / "out"
    with folder.building(target) as work:
        (work / "mine").write_text("x")
        with pytest.raises(InputError) as caught, folder.building(target):
            pytest.fail("two runs build one folder")
    assert (
        str(target) in caught.value.sentences("zh")[0]
        and "another run" in caught.value.sentences("en")[0]
    )
    assert listing(tmp_path) == ["out", "out/mine"]
    code = "import sys; from pathlib import Path; from qtoolkit.runs import folder\n"
    code += (
        "with folder.building(Path(sys.argv[1])) as work: print('in', flush=True); sys.stdin.read()"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(qt.__file__).parents[1])}
    command = [sys.executable, "-c", code, str(tmp_path / "other")]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "in\n"
    with pytest.raises(InputError), folder.building(tmp_path / "other"):
        pytest.fail("another process builds it")
    process.kill()
    process.communicate()
    with folder.building(tmp_path / "other") as work:  # the system took the lock back
        (work / "x").write_text("x")
    assert (tmp_path / "other" / "x").is_file()


def test_a_killed_run_leaves_no_run_folder(project):
    notebook(project / "notebooks" / "show.ipynb", "import time; time.sleep(60)")
    code = "import qtoolkit as qt; qt.run('params/tiny', out='out', notebook_folder='notebooks')"
    environment = os.environ | {"PYTHONPATH": str(Path(qt.__file__).parents[1])}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=project, env=environment)
    deadline = time.time() + 30
    while not list(project.glob(".qtoolkit-*-out.partial-*")) and time.time() < deadline:
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
    lines = (
        path.read_bytes()
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if os.access(path, os.R_OK)
    )
    try:
        return any(
            b"qtoolkit.runs.worker" in line and str(project).encode() in line for line in lines
        )
    except OSError:
        return True


def test_notebooks_by_name_by_path_and_misspelt(project):
    books = project / "notebooks"
    assert find_notebooks(["show"], books)[0].origin == "given"
    assert find_notebooks(["01_assessment"], books)[0].origin in ("packaged", "checkout")
    shutil.copy(books / "show.ipynb", project / "own.ipynb")
    assert find_notebooks(["own.ipynb"], files=True)[0].origin == "explicit"
    with pytest.raises(InputError, match="show"):
        find_notebooks(["shwo"], books)
    (project / "bad.ipynb").write_text("{")
    with pytest.raises(InputError, match="bad"):
        _ = find_notebooks(["bad.ipynb"], files=True)[0].declared


@pytest.mark.parametrize(
    "name", ["own.ipynb", "../own", "a/own", "..", "/own", "C:\\own", "C:own", ""]
)
def test_a_params_yaml_names_no_file_of_a_notebook(project, name):
    """Not even one that is there: a case that somebody sends runs no code of its own."""
    for path in ("own.ipynb", "notebooks/own.ipynb", "params/tiny/own.ipynb"):
        shutil.copy(project / "notebooks" / "show.ipynb", project / path)
    path = project / "params" / "tiny" / "params.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[show]", json.dumps([name])), encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        planned("params/tiny")
    assert (
        "params.yaml" in caught.value.sentences("zh")[0] and name in caught.value.sentences("en")[0]
    )


def test_notebooks_beside_a_case_are_mentioned_and_not_used(project):
    with pytest.raises(InputError) as caught:
        plan("params/tiny")
    assert (
        "show" in caught.value.sentences("zh")[0]
        and "--notebooks" in caught.value.sentences("en")[1]
    )
    path = project / "params" / "tiny" / "params.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[show]\nband: 0.1", "[01_assessment]"),
        encoding="utf-8",
    )
    shutil.copy(project / "notebooks" / "show.ipynb", project / "notebooks" / "01_assessment.ipynb")
    ready = plan("params/tiny", notebooks=["01_assessment"])
    assert ready.notebooks[0].origin in ("packaged", "checkout")
    assert all(
        str(project / "notebooks") in ready.notices[0].of(language) for language in LANGUAGES
    )
    given = planned("params/tiny", notebooks=["01_assessment"])
    assert (
        given.notebooks[0].origin == "given"
        and "01_assessment" in given.notices[0].en
        and len(given.notices) == 1
    )
    assert plan("tai-2001").notices == []


def test_the_hash_depends_on_what_goes_in(project):
    base = folder.run_hash(planned("params/tiny").content())
    assert folder.run_hash(planned("params/tiny").content()) == base
    assert folder.run_hash(planned("params/tiny", {"band": 0.2}).content()) != base
    assert folder.run_hash(planned("params/tiny", language="en").content()) != base
    notebook(project / "notebooks" / "show.ipynb", SHOW, "1")
    assert folder.run_hash(planned("params/tiny").content()) != base


def test_a_previous_year_brings_the_comparison_by_itself(project):
    last = project / "params" / "last"
    shutil.copytree(project / "params" / "tiny", last)
    (last / "data.csv").write_text(
        DATA.replace("0.8", "0.7").replace("0.9", "0.6"), encoding="utf-8"
    )
    path = project / "params" / "tiny" / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "previous: ../last\n", encoding="utf-8")
    names = lambda **keys: [book.name for book in planned("params/tiny", **keys).notebooks]  # noqa: E731
    assert names() == ["show", "05_comparison"] and planned("params/tiny").parameters.notebooks == (
        "show",
        "05_comparison",
    )
    assert names(notebooks=["show"]) == ["show"]  # asked for by name: nothing else
    # its knobs are known
    assert planned("params/tiny", {"unit": "=甲市"}).parameters.knobs["unit"] == "=甲市"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[show]", "[05_comparison, show]"),
        encoding="utf-8",
    )
    assert names() == ["05_comparison", "show"]


def test_a_table_that_a_knob_names_is_an_input(project):
    path = project / "params" / "tiny" / "params.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[show]", "[show, 05_comparison]"),
        encoding="utf-8",
    )
    past = project / "past.csv"
    past.write_text("unit,2024,2025\n=甲市,A,B\n", encoding="utf-8")
    content = planned("params/tiny", {"history": "past.csv"}).content()
    assert content["inputs"]["history"]["name"] == "inputs/past.csv"
    past.write_text("unit,2024,2025\n=甲市,A,A\n", encoding="utf-8")
    assert folder.run_hash(
        planned("params/tiny", {"history": "past.csv"}).content()
    ) != folder.run_hash(content)
    with pytest.raises(InputError, match="nowhere"):
        planned("params/tiny", {"history": "nowhere.csv"})


def test_paths_of_the_file_and_paths_of_the_command(project, monkeypatch):
    """In params.yaml they belong to its folder, on the command line to the working directory."""
    case, elsewhere = project / "params" / "tiny", project / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "data.csv").write_text(DATA.replace("0.9", "0.8"), encoding="utf-8")
    (elsewhere / "past.csv").write_text("unit,2024,2025\n=甲市,A,B\n", encoding="utf-8")
    shutil.copy(project / "notebooks" / "show.ipynb", elsewhere / "mine.ipynb")
    monkeypatch.chdir(elsewhere)
    planned_here = partial(plan, notebook_folder=project / "notebooks")
    # 60·1 + 40·0.8, 60·0.5 + 40·0.9
    assert planned_here(case).result.scores.tolist() == [92.0, 66.0]
    ready = planned_here(case, {"data": "data.csv"})
    assert (
        ready.result.scores.tolist() == [92.0, 62.0]
        and ready.parameters.data == "../../elsewhere/data.csv"
    )
    assert (
        planned_here(case, notebooks=["mine.ipynb"])
        .notebooks[0]
        .path.samefile(elsewhere / "mine.ipynb")
    )
    params = case / "params.yaml"
    params.write_text(
        PARAMS.replace("[show]", "[05_comparison, show]") + "history: past.csv\n", encoding="utf-8"
    )
    with pytest.raises(
        InputError, match=r"params\.yaml，“history”：找不到文件：past\.csv；文件中的路径"
    ):
        planned_here(case)  # by the plan already, not only by the run
    assert (
        planned_here(case, {"history": "past.csv"})
        .tables["history"]
        .samefile(elsewhere / "past.csv")
    )
    params.write_text(PARAMS.replace("[show]", "[mine.ipynb]"), encoding="utf-8")
    with pytest.raises(
        InputError,
        match=r"params\.yaml，第3行，“notebooks”：应为 notebook 的名称，现为路径“mine\.ipynb”",
    ):
        planned_here(case)


def test_the_memo_names_no_path_of_this_machine(project):
    """Equal inputs in two places give equal bytes: the notice of unused notebooks has the folder's
    name alone."""
    params = project / "params" / "tiny" / "params.yaml"
    text = params.read_text(encoding="utf-8").replace("[show]\nband: 0.1", "[01_assessment]")
    params.write_text(text, encoding="utf-8")
    ready = plan("params/tiny", notebooks=["01_assessment"])
    assert ready.beside == project / "notebooks"
    for language in LANGUAGES:
        blocks = [
            payload(block, language)
            for block in writing.provenance(ready.content(), ready.memo_notices)
        ]
        said = json.dumps(blocks, ensure_ascii=False)
        assert "notebooks" in said and "--notebooks" in said and str(project) not in said


@pytest.mark.parametrize("name", ["a" * 300, "名" * 100, "a\0b"])
def test_a_notebook_of_an_impossible_name_is_one_complaint_with_its_row(project, name):
    path = project / "params" / "tiny" / "params.yaml"
    text = path.read_text(encoding="utf-8").replace("[show]", json.dumps([name], ensure_ascii=True))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        planned("params/tiny")
    assert caught.value.complaints[0].row == 3 and name[0] in caught.value.sentences("en")[0]


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
@pytest.mark.parametrize("name", ["考" * 80, "caf\udce9"])
def test_a_case_folder_of_any_name_has_a_default_run_folder(project, name):
    try:
        shutil.copytree(project / "params" / "tiny", project / "params" / name)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    ready = planned(Path("params") / name)
    target = running._default(ready.name, folder.run_hash(ready.content()))
    assert len(os.fsencode(f"{target.name}.failed-99")) <= 255
    with folder.building(target) as work:
        folder.write_manifest(work, ready.content())
    # its case/ is not there
    assert folder.is_done(target, folder.run_hash(ready.content())) is False
    assert json.loads((target / "manifest.json").read_text(encoding="utf-8"))["case"] == ready.name


def test_a_target_that_no_system_takes_is_one_sentence(project):
    with pytest.raises(InputError):
        run("params/tiny", out="a\0b", formats=["html"])


@pytest.mark.parametrize(
    ("stand", "out"),
    [("here", "."), ("here/in", ".."), ("here/in", "../../here"), ("here", "../here")],
)
def test_the_folder_that_one_stands_in_is_not_replaced(project, monkeypatch, stand, out):
    """Its name would lead to the new run, and the shell would be left in a folder that is gone."""
    (project / stand).mkdir(parents=True)
    if stand.endswith("in"):  # else a folder with something in it is refused for that
        monkeypatch.setattr(folder, "check_target", lambda target: None)
    monkeypatch.chdir(project / stand)
    with pytest.raises(InputError) as caught:
        qtoolkit_run(project, out)
    assert (
        out in caught.value.sentences("zh")[0]
        and "working directory" in caught.value.sentences("en")[0]
    )
    assert list((project / "here").iterdir()) == (
        [project / "here" / "in"] if stand.endswith("in") else []
    )
    assert not list(project.glob(".qtoolkit-*"))


def test_a_finished_run_that_one_stands_in_is_there_already(project, here, monkeypatch):
    first = run("params/tiny", out="out", formats=["html"])
    monkeypatch.chdir(first)
    assert qtoolkit_run(project, ".") == Path(".")
    assert (Path.cwd() / "manifest.json").is_file()


def qtoolkit_run(project, out):
    return qt.run(
        project / "params" / "tiny", out, formats=["html"], notebook_folder=project / "notebooks"
    )
