"""No traceback from the command line: whatever is in the way, one sentence and an exit status."""

import os
import sys
from pathlib import Path

import pytest

from qtoolkit.runs import cli
from tests.runs.tiny import DATA, SCHEME


@pytest.fixture
def case(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "scheme.yaml").write_text(SCHEME, encoding="utf-8")
    (folder / "data.csv").write_text(DATA, encoding="utf-8")
    params = "scheme: scheme.yaml\ndata: data.csv\nlanguage: en\nnotebooks: [01_assessment]\n"
    (folder / "params.yaml").write_text(params, encoding="utf-8")
    return folder


def manifest_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text('{"kind": "qtoolkit run"}', encoding="utf-8")
    return "out"


def below_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    return "file/out"


def dangling(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    return "out"


def read_only(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    (tmp_path / "locked").mkdir(mode=0o500)
    return "locked/out"


PLACES = {
    "a manifest without a form": manifest_alone,
    "below a file": below_a_file,
    "a dangling link": dangling,
    "a name too long": lambda tmp_path: "x" * 300,
    "a path too long": lambda tmp_path: "/".join(["x" * 200] * 40),
    "a read-only folder": read_only,
    "no disk": lambda tmp_path: "/dev/full/out",
}


@pytest.mark.skipif(os.name == "nt", reason="links and permissions as POSIX has them")
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(
    "words", [["run", "case"], ["new", None], ["template", "case"], ["schema", "scheme"]]
)
def test_places_where_nothing_can_be_written(command, case, tmp_path, place, words):
    out = place(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    target = [out] if words[0] == "new" else [words[1], "-o", out]
    more = (
        ["--format", "html"]
        if words[0] == "run"
        else ["--units", "甲县,乙县"]
        if words[0] == "new"
        else []
    )
    done = command(words[0], *target, *more, cwd=tmp_path)
    if done.returncode == 0:
        assert words[0] != "run"
        return
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.strip()]) <= 2, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_what_nobody_foresaw_is_one_sentence_and_a_file_with_the_details(
    command,
    case,
    tmp_path,
    monkeypatch,
):
    def broken(*arguments, **options):
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr("qtoolkit.runs.plan.assess", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = command("check", "case", cwd=tmp_path)
    assert (
        done.returncode == 1
        and "Traceback" not in done.stderr
        and len(done.stderr.splitlines()) == 1
    )
    (details,) = tmp_path.glob("qtoolkit-*.txt")
    assert str(details) in done.stderr and "nobody foresaw this" in details.read_text(
        encoding="utf-8"
    )


def test_errors_are_in_the_language_of_the_case_where_it_is_known(command, case, tmp_path):
    (case / "data.csv").write_text(DATA.replace("0.9", "many"), encoding="utf-8")
    assert "data.csv, row" in command("check", "case", cwd=tmp_path).stderr
    assert "第" in command("check", "case", "--language", "zh", cwd=tmp_path).stderr
    assert "data.csv, row" in command("run", "case", cwd=tmp_path).stderr
    (case / "params.yaml").unlink()
    assert "找不到" in command("check", "case", cwd=tmp_path).stderr


def test_a_closed_pipe_and_a_strange_terminal_end_quietly(tmp_path):
    import subprocess

    import qtoolkit

    environment = os.environ | {
        "PYTHONPATH": str(Path(qtoolkit.__file__).parents[1]),
        "PYTHONIOENCODING": "ascii",
    }
    start = [sys.executable, "-P", "-m", cli.__name__]
    done = subprocess.run(
        [*start, "check", "tai-2001"], cwd=tmp_path, env=environment, capture_output=True
    )
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    process = subprocess.Popen(
        [*start, "schema"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait()
