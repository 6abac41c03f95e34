"""The copy of a run's inputs: what was used is what the manifest says, and the copy is a case by
itself."""

import json
import os
import shutil

import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError, WorkError
from qtoolkit.runs import folder
from qtoolkit.runs import run as running
from qtoolkit.runs import write as writing
from qtoolkit.runs.folder import run_hash, sha256
from qtoolkit.runs.plan import Plan
from tests.runs.tiny import (
    DATA,
    DECLARE,
    PARAMS,
    SCHEME,
    SHOW,
    notebook,
    planned,
    run,
)


def manifest_of(out):
    return json.loads((out / "manifest.json").read_text(encoding="utf-8"))


def test_the_copy_has_the_same_names_and_runs_to_the_same_result(project, here):
    first = run("params/tiny", out="out", formats=["html"], set={"cutoffs.A": 95})
    copy = first / "case"
    assert sorted(path.name for path in copy.iterdir()) == [
        "data.csv",
        "params.yaml",
        "scheme.yaml",
    ]
    assert (copy / "data.csv").read_bytes() == DATA.encode()
    assert manifest_of(first)["inputs"]["data"]["sha256"] == sha256(DATA.encode())
    again = run(copy, out="again", formats=["html"])
    tables = "tables/scores.csv"
    assert (again / tables).read_bytes() == (first / tables).read_bytes()
    assert manifest_of(again)["parameters"] == manifest_of(first)["parameters"]


def last_year(folder, cutoff=80):
    folder.mkdir(parents=True)
    (folder / "scheme.yaml").write_text(
        SCHEME.replace("cutoff: 90", f"cutoff: {cutoff}"), encoding="utf-8"
    )
    (folder / "data.csv").write_text(DATA, encoding="utf-8")
    (folder / "params.yaml").write_text("scheme: scheme.yaml\ndata: data.csv\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "written", "laid"),
    [
        ("params/tiny/previous", "previous", "previous"),
        ("params/tiny/old/year", "old/../old/year", "old/year"),
        ("params/last", "../last", "inputs/previous"),
        ("params/last", "../last/params.yaml", "inputs/previous"),
        ("params/tiny/previous", "previous/params.yaml", "previous"),
    ],
)
def test_last_year_is_copied_wherever_it_lies(project, tmp_path, place, written, laid):
    last_year(project / place)
    params = project / "params" / "tiny" / "params.yaml"
    params.write_text(PARAMS + f"previous: {written}\n", encoding="utf-8")
    ready = planned("params/tiny", notebooks=["show"])
    copy = ready.staged(tmp_path / "copy")
    assert copy.parameters.previous == laid and copy.case.previous.scheme.grades[0].cutoff == 80
    assert all(
        path.resolve().is_relative_to(tmp_path / "copy") for path in copy.case.files.values()
    )
    assert run_hash(copy.content()) == run_hash(ready.content())
    moved = ready.destinations.moved
    assert moved == (
        {} if laid == written else {"previous": written} if laid.startswith("inputs") else {}
    )
    shutil.rmtree(project / place)
    assert qt.read_case(tmp_path / "copy").previous.scheme.grades[0].cutoff == 80


def test_files_from_elsewhere_are_laid_into_inputs(project, tmp_path):
    for name in ("a", "b"):
        (project / name).mkdir()
    (project / "a" / "table.csv").write_text(DATA.replace("0.9", "0.8"), encoding="utf-8")
    (project / "b" / "table.csv").write_text("unit,2024,2025\n=甲市,A,B\n", encoding="utf-8")
    params = project / "params" / "tiny" / "params.yaml"
    params.write_text(PARAMS.replace("[show]", "[show, 05_comparison]"), encoding="utf-8")
    ready = planned("params/tiny", {"data": "a/table.csv", "history": "b/table.csv"})
    found = ready.destinations
    assert dict(found.files) == {
        "scheme": "scheme.yaml",
        "data": "inputs/table.csv",
        "history": "inputs/history-table.csv",
    }
    assert dict(found.moved) == {"data": "../../a/table.csv", "history": "../../b/table.csv"}
    copy = ready.staged(tmp_path / "copy")
    assert copy.result.scores.tolist() == [92.0, 62.0]  # 60·1 + 40·0.8, 60·0.5 + 40·0.8
    assert copy.tables["history"].read_bytes() == (project / "b" / "table.csv").read_bytes()


def test_tables_inside_of_parameters_are_inputs_of_the_run_as_any_other(project, tmp_path):
    """A region's weights and experts' judgements: copied, hashed, and found from the copy."""
    weights = "expert,a,b\n张,70,30\n李,50,50\n"
    (project / "w.csv").write_text(weights, encoding="utf-8")
    case = project / "params" / "tiny"
    (case / "experts").mkdir()
    (case / "experts" / "x.csv").write_text("专家,甲,乙\n张,60,40\n", encoding="utf-8")
    lines = "region: {hull: ../../w.csv}\njudgements: [{file: experts/x.csv}]\n"
    (case / "params.yaml").write_text(
        PARAMS.replace("[show]", "[show, 02_weights, 04_sensitivity]") + lines, encoding="utf-8"
    )
    ready = planned("params/tiny")
    assert ready.destinations.files["region.hull"] == "inputs/w.csv"
    assert ready.destinations.files["judgements.1.file"] == "experts/x.csv"
    assert dict(ready.destinations.moved) == {"region.hull": "../../w.csv"}
    assert ready.content()["inputs"]["region.hull"] == {
        "name": "inputs/w.csv",
        "sha256": sha256(weights.encode()),
    }
    content = ready.content()
    copy = ready.staged(tmp_path / "copy")
    assert copy.parameters.knobs["region"] == {"hull": "inputs/w.csv"}
    assert copy.parameters.knobs["judgements"] == [{"file": "experts/x.csv"}]
    shutil.rmtree(case / "experts")
    (project / "w.csv").unlink()
    again = planned(tmp_path / "copy")
    assert run_hash(again.content() | {"case": "tiny"}) == run_hash(content)
    assert again.tables["region.hull"].read_text(encoding="utf-8") == weights
    (tmp_path / "copy" / "inputs" / "w.csv").write_text(
        weights.replace("70,30", "80,20"), encoding="utf-8"
    )
    other = planned(tmp_path / "copy").content()
    assert run_hash(other | {"case": "tiny"}) != run_hash(content)


def test_a_table_of_a_setting_is_found_from_the_working_directory(project, tmp_path):
    (project / "w.csv").write_text("expert,a,b\n张,70,30\n", encoding="utf-8")
    params = project / "params" / "tiny" / "params.yaml"
    params.write_text(PARAMS.replace("[show]", "[show, 04_sensitivity]"), encoding="utf-8")
    ready = planned("params/tiny", {"region": {"hull": "w.csv"}})
    assert ready.parameters.knobs["region"] == {"hull": "../../w.csv"}
    assert ready.tables["region.hull"].samefile(project / "w.csv")


def test_a_file_that_changes_while_the_run_begins_stops_it(project, monkeypatch):
    """The plan was made of one reading, the copy would be another: neither is passed off as the
    other."""
    data = project / "params" / "tiny" / "data.csv"

    def later(plan, folder):
        data.write_text(DATA.replace("0.9", "0.1"), encoding="utf-8")
        return staged(plan, folder)

    staged = Plan.staged
    monkeypatch.setattr(Plan, "staged", later)
    with pytest.raises(InputError) as caught:
        run("params/tiny", out="out", formats=["html"])
    assert (
        "tiny" in caught.value.sentences("zh")[0] and "changed" in caught.value.sentences("en")[0]
    )
    assert not (project / "out").exists() and not list(project.glob(".*"))


def test_a_file_that_changes_later_changes_nothing(project, here, monkeypatch):
    """Notebooks, recheck workbook and hashes come from the copy: the original may go."""
    data, write = project / "params" / "tiny" / "data.csv", running.write

    def gone(*arguments):
        data.unlink()
        return write(*arguments)

    monkeypatch.setattr(running, "write", gone)
    out = run("params/tiny", out="out", formats=["html"])
    assert "92.0" in (out / "tables" / "scores.csv").read_text(encoding="utf-8-sig")
    assert (out / "复核底稿.xlsx").is_file()
    assert manifest_of(out)["inputs"]["data"]["sha256"] == sha256(DATA.encode())


def lay_out(root, files, params):
    """A case whose params.yaml, called other.yaml, is beside files of any names."""
    scheme = SCHEME + "checks: {previous: flag}\n"  # last year's case may be this one
    texts = {"scheme": scheme, "data": DATA, "other": DATA.replace("0.9", "0.7")}
    for path, what in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(texts[what], encoding="utf-8")
    (root / "case").mkdir(exist_ok=True)
    text = f"{params}\nnotebooks: [show]\nband: 0.1\n"
    (root / "case" / "other.yaml").write_text(text, encoding="utf-8")
    return root / "case" / "other.yaml"


SOUND = {"case/scheme.yaml": "scheme", "case/data.csv": "data"}
COLLISIONS = {
    "outside takes an inside name": (
        {"case/scheme.yaml": "scheme", "x/data.csv": "data", "case/inputs/data.csv": "other"},
        "scheme: scheme.yaml\ndata: ../x/data.csv\nhistory: inputs/data.csv",
    ),
    "last year in inputs": (
        {
            "case/scheme.yaml": "scheme",
            "x/data.csv": "data",
            "case/inputs/data.csv": "other",
            "case/inputs/scheme.yaml": "scheme",
        },
        "scheme: scheme.yaml\ndata: ../x/data.csv\nprevious: inputs",
    ),
    "capitals": (
        {"case/scheme.yaml": "scheme", "case/Data.csv": "data", "case/data.csv": "other"},
        "scheme: scheme.yaml\ndata: Data.csv\nhistory: data.csv",
    ),
    "a detour": (SOUND, "scheme: sub/../scheme.yaml\ndata: ./sub/.././data.csv"),
    "last year is here": (SOUND, "scheme: scheme.yaml\ndata: data.csv\nprevious: ."),
    "last year is here by a detour": (
        SOUND,
        "scheme: scheme.yaml\ndata: data.csv\nprevious: sub/..",
    ),
    "a scheme called params.yaml": (
        {"case/params.yaml": "scheme", "case/data.csv": "data"},
        "scheme: params.yaml\ndata: data.csv",
    ),
    "both outside, one name": (
        {
            "x/t.yaml": "scheme",
            "x/t.csv": "data",
            "y/t.csv": "other",
            "case/inputs/history-t.csv": "data",
        },
        "scheme: ../x/t.yaml\ndata: ../x/t.csv\nhistory: ../y/t.csv\nmore: inputs/history-t.csv",
    ),
}


@pytest.mark.parametrize("name", COLLISIONS)
def test_no_file_of_the_copy_is_written_over_another(project, tmp_path, name):
    """Each role of the copy holds the bytes of its own original, and the copy is laid the same way
    again."""
    files, params = COLLISIONS[name]
    (project / "case" / "sub").mkdir(parents=True)
    given = lay_out(project, files, params)
    if "previous" in params:
        path = project / "case" / ("inputs" if "inputs" in params else "") / "params.yaml"
        path.write_text("scheme: scheme.yaml\ndata: data.csv\n", encoding="utf-8")
    declare = DECLARE + 'history = ""\nmore = ""\n'
    notebook(project / "notebooks" / "show.ipynb", SHOW, declare=declare)
    ready = planned(given, notebooks=["show"])
    copy = ready.staged(tmp_path / "copy")
    assert ready.files.keys() == copy.files.keys()
    for role, path in ready.files.items():
        assert copy.files[role].read_bytes() == path.read_bytes(), role
    folded = [path.casefold() for path in set(ready.destinations.files.values())]
    assert len(set(folded)) == len(folded)
    assert run_hash(copy.content()) == run_hash(ready.content())
    again = planned(tmp_path / "copy", notebooks=["show"])  # by itself, from its params.yaml
    assert again.parameters == copy.parameters and dict(again.destinations.moved) == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="links need rights on Windows")
def test_a_detour_through_a_link_leads_where_the_system_says(project, tmp_path):
    """lnk/../data.csv is not data.csv where lnk leads to another folder."""
    files = SOUND | {"x/data.csv": "other", "x/inner/scheme.yaml": "scheme"}
    given = lay_out(project, files, "scheme: scheme.yaml\ndata: lnk/../data.csv\nhistory: data.csv")
    (project / "case" / "lnk").symlink_to(project / "x" / "inner")
    notebook(project / "notebooks" / "show.ipynb", SHOW, declare=DECLARE + 'history = ""\n')
    ready = planned(given, notebooks=["show"])
    copy = ready.staged(tmp_path / "copy")
    assert copy.files["data"].read_bytes() == (project / "x" / "data.csv").read_bytes()
    assert copy.files["history"].read_bytes() == (project / "case" / "data.csv").read_bytes()
    assert run_hash(copy.content()) == run_hash(ready.content())


def test_small_numbers_and_odd_text_come_back_from_the_copy(project, tmp_path):
    """0.00001 is written 1e-05 by Python, which YAML 1.1 takes for text."""
    declare = DECLARE + 'remark = ""\n'
    notebook(project / "notebooks" / "show.ipynb", SHOW, declare=declare)
    ready = planned("params/tiny", {"band": 0.00001, "remark": "no\u2028\x85?", "seed": 7})
    copy = ready.staged(tmp_path / "copy")
    again = planned(tmp_path / "copy")
    assert again.parameters == copy.parameters and again.parameters.knobs == {
        "band": 1e-5,
        "remark": "no\u2028\x85?",
    }


def test_a_run_with_last_year_verifies_and_a_change_of_its_parameters_is_found(project, here):
    last_year(project / "params" / "last")
    params = project / "params" / "tiny" / "params.yaml"
    params.write_text(PARAMS + "previous: ../last\n", encoding="utf-8")
    out = run("params/tiny", out="out", formats=["html"], notebooks=["show"])
    assert folder.differences(out) == []
    copy, name = (
        out / "case" / "inputs" / "previous" / "params.yaml",
        "case/inputs/previous/params.yaml",
    )
    copy.write_text(
        copy.read_text(encoding="utf-8").replace("data.csv", "data.csv\nseed: 5"), encoding="utf-8"
    )
    found = manifest_of(out)
    found["files"][name] = sha256(copy.read_bytes())
    (out / "manifest.json").write_text(
        json.dumps(found | {"seal": folder.seal(found)}), encoding="utf-8"
    )
    assert [text.en.split(":")[0] for text in folder.differences(out)] == [name]


LEFT = {
    "a pipe": ("import os; os.mkfifo('pipe')", "case/pipe"),
    "a link": ("import os; os.symlink('data.csv', 'link')", "case/link"),
    "an input changed": ("open('data.csv', 'a').write('丙市,City 3,1,1\\n')", "case/data.csv"),
    "the parameters changed": ("open('params.yaml', 'a').write('seed: 9\\n')", "case/params.yaml"),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("what", LEFT)
def test_what_a_notebook_leaves_that_no_manifest_attests_fails_the_run(project, monkeypatch, what):
    """A run never writes what `verify` then faults: the file is named, and everything is kept as a
    failed run."""
    code, name = LEFT[what]

    def execute(notebooks, parameters, language, folder, out, workers, done):
        here = os.getcwd()
        os.chdir(folder)  # where a kernel works
        try:
            exec(code, {})
        finally:
            os.chdir(here)
        return [], []

    monkeypatch.setattr(writing, "execute", execute)
    with pytest.raises(WorkError) as caught:
        run("params/tiny", out="out", formats=[])
    assert (
        name in caught.value.text.zh
        and name in caught.value.text.en
        and "out.failed" in caught.value.text.en
    )
    assert not (project / "out").exists() and (project / "out.failed" / "复核底稿.xlsx").is_file()
    assert not folder.differences(project / "out.failed")  # no run folder


def test_a_notebook_may_leave_files_of_its_own(project, monkeypatch):
    def execute(notebooks, parameters, language, folder, out, workers, done):
        (folder / "mine.csv").write_text("x")
        return [], []

    monkeypatch.setattr(writing, "execute", execute)
    assert folder.differences(run("params/tiny", out="out", formats=[])) == []


def test_the_copy_has_the_drafts_and_runs_again(project, here):
    """One draft inside the case's folder, one from elsewhere by the command, one by changes."""
    case = project / "params" / "tiny"
    (case / "drafts").mkdir()
    lower = SCHEME.replace("cutoff: 90", "cutoff: 85")
    (case / "drafts" / "two.yaml").write_text(lower, encoding="utf-8")
    (project / "mine.yaml").write_text(SCHEME.replace("cutoff: 90", "cutoff: 95"), encoding="utf-8")
    text = "alternatives: [drafts/two.yaml, {name: 稿三, changes: {cutoffs.A: 70}}]\n"
    (case / "params.yaml").write_text(PARAMS + text, encoding="utf-8")
    given = {"formats": ["html"], "notebooks": ["show"], "alternatives": ["mine.yaml"]}
    first = qt.run("params/tiny", out="out", notebook_folder="notebooks", **given)
    copy = qt.read_case(first / "case")
    assert [draft.name.zh for draft in copy.drafts] == ["方案二", "稿三", "方案四"]
    assert [draft.scheme.grades[0].cutoff for draft in copy.drafts] == [85, 70, 95]
    assert (first / "case" / "drafts" / "two.yaml").read_text(encoding="utf-8") == lower
    manifest = manifest_of(first)
    assert manifest["inputs"]["alternatives.1"]["name"] == "drafts/two.yaml"
    assert manifest["moved"] == {"alternatives.3": "../../mine.yaml"}


def test_the_copy_of_a_run_of_one_notebook_can_be_run_again(project, here):
    """A knob that only the other notebook declares does not go along."""
    notebook(project / "notebooks" / "other.ipynb", "pass", declare=DECLARE.replace("band", "wide"))
    case = project / "params" / "tiny"
    text = PARAMS.replace("[show]", "[show, other]") + "wide: 0.2\n"
    (case / "params.yaml").write_text(text, encoding="utf-8")
    first = run("params/tiny", out="out", formats=["html"], notebooks=["other"])
    written = (first / "case" / "params.yaml").read_text(encoding="utf-8")
    assert "wide: 0.2" in written and "band:" not in written
    again = run(first / "case", out="again", formats=["html"])
    assert manifest_of(again)["parameters"] == manifest_of(first)["parameters"]
