"""A folder that somebody sends runs no code: everything that Python and Jupyter would pick up by
itself is planted at once, in the case, beside it and in the working directory, and each piece would
leave a marker of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.case import read_case
from qtoolkit.runs.execute import _Processes
from tests.examples import ALL
from tests.runs.here import notebooks_here
from tests.runs.tiny import DATA, SCHEME

SOME = ["01_assessment", "08_fairness"]
KINDS = 10
"""Notebooks in the project, in the case; modules, configurations, a startup profile, a drawing
backend, each in the case and in the working directory."""


def command(trap, *words):
    """The command as it is installed, started in the planted working directory: -P, as a console
    script has it."""
    environment = os.environ | {
        "PYTHONPATH": str(Path(qt.__file__).parents[1]),
        "PYTHONUTF8": "1",
    }
    start = [sys.executable, "-P", "-m", "qtoolkit.runs.cli"]
    options = {"capture_output": True, "stdin": subprocess.DEVNULL, "env": environment}
    return subprocess.run([*start, *words], cwd=trap / "here", **options)


def test_a_run_of_a_planted_case_runs_none_of_it_and_says_what_it_left_out(trap):
    case = trap / "project" / "params" / "tiny"
    few = {"draws": 200, "choice_runs": 8}
    words = [f"--set={name}={value}" for name, value in few.items()]
    words += ["-o", str(trap / "out"), "--format", "html", "--jobs", "2"]
    words += [] if ALL else [f"--notebook={name}" for name in SOME]
    done = command(trap, "run", str(case), *words)
    said = done.stderr.decode("utf-8")
    assert done.returncode == 0, said
    assert sorted(path.name for path in (trap / "markers").iterdir()) == []
    assert "--notebooks" in said and str(case / "notebooks") in said
    names = {path.name for path in (trap / "out" / "case").rglob("*")}
    # what the run used, and nothing else
    assert names == {"params.yaml", "scheme.yaml", "data.csv"}
    manifest = json.loads((trap / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {book["origin"] for book in manifest["notebooks"].values()} <= {"packaged", "checkout"}
    with notebooks_here():  # what other tests run in one process is what processes make
        same = qt.run(
            case, trap / "same", notebooks=None if ALL else SOME, formats=["html"], set=few
        )
    made = [path for path in same.rglob("*") if path.is_file() and "notebooks" not in path.parts]
    made.remove(same / "manifest.json")
    assert len(made) > 20
    for path in made:
        assert path.read_bytes() == (trap / "out" / path.relative_to(same)).read_bytes(), path


def test_the_traps_would_snap(trap):
    """Where somebody asks for the notebooks, and where Python is started among the modules, the
    markers appear."""
    case = trap / "project" / "params" / "tiny"
    words = ["run", str(case), "-o", str(trap / "asked"), "--format", "html"]
    done = command(
        trap,
        *words,
        "--notebooks",
        str(trap / "project" / "notebooks"),
        "--notebook",
        "01_assessment",
    )
    said = done.stderr.decode("utf-8")
    # that it is not the toolkit's own is said
    assert done.returncode == 0 and "01_assessment" in said, said
    for place in (case, trap / "here"):
        subprocess.run(
            [sys.executable, "-c", "import pandas, nbclient, sitecustomize"],
            cwd=place,
            capture_output=True,
        )
    there = {path.name for path in (trap / "markers").iterdir()}
    assert {"project-01_assessment", "case-pandas", "here-nbclient"} <= there
    for path in (trap / "markers").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [echo]", "!!python/name:os.system ''", "!evil {a: 1}"]
)
def test_tags_of_yaml_make_no_objects(tmp_path, tag):
    (tmp_path / "scheme.yaml").write_text(
        SCHEME.replace("id: tiny", f"id: {tag}"), encoding="utf-8"
    )
    (tmp_path / "data.csv").write_text(DATA, encoding="utf-8")
    (tmp_path / "params.yaml").write_text("scheme: scheme.yaml\ndata: data.csv\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_case(tmp_path)
    assert "scheme.yaml" in caught.value.sentences("zh")[0]


NAMES = ("matplotlibrc", "scheme", "scheme.py", "scheme.yaml.bak", "scheme.csv", "matplotlibrc.txt")


@pytest.mark.parametrize("name", NAMES)
def test_a_scheme_has_no_name_that_another_program_reads(tmp_path, name):
    """It would be copied to where the kernels work: matplotlib reads a `matplotlibrc` there."""
    (tmp_path / name).write_text(SCHEME, encoding="utf-8")
    (tmp_path / "data.csv").write_text(DATA, encoding="utf-8")
    params = f"scheme: {name}\ndata: data.csv\n"
    (tmp_path / "params.yaml").write_text(params, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_case(tmp_path)
    assert all(name in caught.value.sentences(language)[0] for language in ("zh", "en"))


@pytest.mark.parametrize("name", ["scheme.YML", "scheme.json", "方案.yaml"])
def test_other_spellings_of_a_scheme_are_read(tmp_path, name):
    (tmp_path / name).write_text(SCHEME, encoding="utf-8")
    (tmp_path / "data.csv").write_text(DATA, encoding="utf-8")
    assert read_case(scheme=tmp_path / name, data=tmp_path / "data.csv").scheme.id == "tiny"


def test_kernels_draw_with_nobodys_settings(tmp_path, monkeypatch):
    """A file that the user's environment or home names does not change a figure."""
    mine = tmp_path / "mine"
    mine.write_text("savefig.dpi: 17\n", encoding="utf-8")
    monkeypatch.setenv("MATPLOTLIBRC", str(mine))
    code = "import matplotlib; print(matplotlib.rcParams['savefig.dpi'])"
    with _Processes(tmp_path, {}) as processes:
        command = [sys.executable, "-P", "-c", code]
        options = {"capture_output": True, "text": True, "cwd": tmp_path}
        found = subprocess.run(command, env=processes.environment(), **options)
        plain = subprocess.run(command, **options)
    assert (found.stdout, plain.stdout) == ("figure\n", "17.0\n")
