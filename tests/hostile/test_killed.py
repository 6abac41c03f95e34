"""Runs that are killed: at every point of the real writer, and full runs by SIGKILL and SIGTERM.
What stood at the target stays whole, or the new run stands there whole; the next run works and
names what was left."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import qtoolkit
from qtoolkit.errors import InputError
from qtoolkit.runs import folder
from tests.examples import ALL
from tests.runs.tiny import DATA, PARAMS, SCHEME, SHOW, notebook

KILLS = 50 if ALL else 20  # points of the writer
FULL = 5 if ALL else 3  # moments of a full run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by POSIX signals")

WRITER = '''
"""Runs with a notebook that was executed before, each killed at its own file operation; prints
what was found."""
import json, os, shutil, signal, sys
from pathlib import Path
import qtoolkit as qt
from qtoolkit.runs import execute, folder, write

kills, executed = int(sys.argv[1]), Path(sys.argv[2])

def stub(notebooks, parameters, language, folder, out, workers, done=lambda name: None):
    shutil.copy(executed, out / "show.ipynb")
    return [out / "show.ipynb"], []

write.execute = stub

def run(cutoff):
    return qt.run(
        "case", out="out", formats=[], notebook_folder="notebooks", set={"cutoffs.A": cutoff}
    )

def counted(limit):
    """Kill this process at its operation number `limit`; the operations are counted."""
    state = {"n": 0}
    def wrap(owner, name):
        plain = getattr(owner, name)
        def call(*arguments, **options):
            state["n"] += 1
            if state["n"] == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return plain(*arguments, **options)
        setattr(owner, name, call)
    for name in ("replace", "rename", "mkdir", "chmod"):
        wrap(os, name)
    for name in ("write_bytes", "write_text"):
        wrap(Path, name)
    return state

def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(pid, 0)[1]

run(90)  # imports are warm, and a run stands there
first = folder.read_manifest(Path("out"))["hash"]
ends = dict.fromkeys(
    ["operations", "killed", "old", "new", "absent", "broken", "again", "left"], 0
)
shutil.copytree("out", "kept")

def operations():
    state = counted(-1)
    run(80)
    Path("count.json").write_text(json.dumps(state["n"]))

assert in_child(operations) == 0
total = json.loads(Path("count.json").read_text())
ends["operations"] = total
for k in range(kills):
    shutil.rmtree("out", ignore_errors=True)
    for left in Path().glob(".qtoolkit-*-out.partial-*"):
        shutil.rmtree(left)
    shutil.copytree("kept", "out")
    limit = 1 + k * (total - 1) // (kills - 1)
    status = in_child(lambda: (counted(limit), run(80)))
    ends["killed"] += os.WIFSIGNALED(status)
    if not Path("out").exists():
        ends["absent"] += 1
    elif folder.differences(Path("out")) != []:
        ends["broken"] += 1
    else:
        ends["old" if folder.read_manifest(Path("out"))["hash"] == first else "new"] += 1
    ends["left"] += any(Path().glob(".qtoolkit-*-out.partial-*"))
    told = []
    with folder.building(Path("out").absolute(), told.append) as work:
        there = folder.read_manifest(Path("out"))
        shutil.rmtree(work)
    rests = any(Path().glob(".qtoolkit-*-out.partial-*"))
    ends["again"] += there is not None and bool(told) == rests
print(json.dumps(ends))
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "case").mkdir()
    for name, text in (("scheme.yaml", SCHEME), ("data.csv", DATA), ("params.yaml", PARAMS)):
        (tmp_path / "case" / name).write_text(text, encoding="utf-8")
    notebook(tmp_path / "notebooks" / "show.ipynb", SHOW)
    return tmp_path


ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(Path(qtoolkit.__file__).parents[1]),
    "PYTHONUTF8": "1",
}


def test_a_writer_killed_at_any_of_its_operations_leaves_a_whole_run(project):
    command = [
        sys.executable,
        "-P",
        "-c",
        WRITER,
        str(KILLS),
        str(project / "notebooks" / "show.ipynb"),
    ]
    done = subprocess.run(
        command, cwd=project, env=ENVIRONMENT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout)
    assert ends["operations"] >= 15 and ends["killed"] >= KILLS - 1, ends
    assert ends["broken"] == 0 and ends["old"] > 0, ends
    assert ends["old"] + ends["new"] + ends["absent"] == KILLS, ends
    # also where nothing stood for a moment: the old run is put back
    assert ends["again"] == KILLS, ends


RUNS = """
import os, sys
import qtoolkit as qt
import qtoolkit.report.memo, qtoolkit.report.writers.web, qtoolkit.runs.write  # for all runs once
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        try:
            qt.run('case', out='out', formats=['html'], notebook_folder='notebooks')
        finally:
            os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print('ended', flush=True)
"""


def test_full_runs_killed_leave_nothing_half_done_and_say_what_was_left(project):
    """Killed as soon as the work folder is there, and a little later each time."""
    command = [sys.executable, "-P", "-c", RUNS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, cwd=project, env=ENVIRONMENT, **pipes) as process:
        for number in range(FULL):
            process.stdin.write("next\n")
            pid = int(process.stdout.readline())
            wait_for_work(project, number)
            time.sleep(0.4 * number)
            os.kill(pid, signal.SIGKILL)
            assert process.stdout.readline() == "ended\n"
            assert not (project / "out").exists() or folder.differences(project / "out") == []
            shutil.rmtree(project / "out", ignore_errors=True)
        process.stdin.close()
    assert not list(project.glob("*.failed"))


def wait_for_work(project, before=0):
    deadline = time.time() + 60
    while len(list(project.glob(".qtoolkit-*-out.partial-*"))) <= before and time.time() < deadline:
        time.sleep(0.05)


def test_sigterm_cleans_up_and_its_sentence_is_in_the_language_asked_for(project):
    notebook(project / "notebooks" / "show.ipynb", "import time; time.sleep(60)")
    words = ["run", "case", "-o", "out", "--notebooks", "notebooks", "--language", "en"]
    command = [sys.executable, "-P", "-m", "qtoolkit.runs.cli", *words]
    pipes = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "encoding": "utf-8",
    }
    process = subprocess.Popen(command, cwd=project, env=ENVIRONMENT, **pipes)
    wait_for_work(project)
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert (
        process.returncode == 130
        and "interrupted" in err
        and "Traceback" not in err
        and "Abort" not in err
    ), err
    assert sorted(path.name for path in project.iterdir()) == ["case", "notebooks"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, OSError])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_what_stops_the_two_renames_leaves_the_old_run_or_the_new(
    tmp_path, monkeypatch, kind, number, after
):
    target = tmp_path / "out"
    target.mkdir()
    folder.write_manifest(target, {"run": "old"})
    old = folder.read_manifest(target)["hash"]
    plain, calls = os.replace, []

    def replace(source, destination):
        calls.append(source)
        if len(calls) == number and not after:
            raise kind
        plain(source, destination)
        if len(calls) == number and after:
            raise kind

    monkeypatch.setattr(folder.os, "replace", replace)
    with pytest.raises(kind), folder.building(target) as work:
        folder.write_manifest(work, {"run": "new"})
    monkeypatch.undo()
    assert folder.differences(target) == []
    assert (folder.read_manifest(target)["hash"] == old) == (number == 1 or not after)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


NEIGHBOURS = [
    ("n" * 90 + "-A", "n" * 90 + "-B"),
    ("x", "x.partial-y"),
    ("x.partial-y", "x"),
    ("x", "x-x"),
]


@pytest.mark.parametrize(("one", "other"), NEIGHBOURS)
def test_targets_with_like_names_share_neither_lock_nor_leftovers(tmp_path, one, other):
    killed = []
    with folder.building(tmp_path / one) as work:
        with folder.building(tmp_path / other, killed.append):
            pass
        left = work.with_name(work.name + "-killed")
    (left / folder.OLD).mkdir(parents=True)
    (left / folder.OLD / "mine").write_text("x")
    shutil.rmtree(tmp_path / one)
    with folder.building(tmp_path / other, killed.append) as work:
        shutil.rmtree(work)
    assert killed == [] and not (tmp_path / one).exists()
    with folder.building(tmp_path / one, killed.append) as work:
        shutil.rmtree(work)
    assert (tmp_path / one / "mine").read_text() == "x" and len(killed) == 1


def test_a_file_of_somebodys_own_is_never_the_lock(tmp_path):
    (tmp_path / ".out.lock").write_text("mine")
    (tmp_path / ".o2.lock").mkdir()
    for name in ("out", "o2"):
        with folder.building(tmp_path / name):
            pass
    assert (tmp_path / ".out.lock").read_text() == "mine" and (tmp_path / ".o2.lock").is_dir()
    lock = tmp_path / folder._beside(tmp_path / "o3", "lock")
    lock.write_text("mine")
    with pytest.raises(InputError, match="lock"), folder.building(tmp_path / "o3"):
        pytest.fail("another's file was locked")
    assert lock.read_text() == "mine"


@pytest.mark.parametrize("name", ["考" * 80, "a" * 251, "\udcff" * 40])
def test_names_as_long_as_the_system_takes(tmp_path, name):
    target = tmp_path / name
    with folder.building(target) as work:
        (work / "all").write_text("x")
    assert (target / "all").read_text() == "x"
    with folder.building(tmp_path / "other") as work:
        kept = folder.keep_failed(work, target)
    assert kept.is_dir() and kept.name.endswith(".failed")


@pytest.mark.parametrize("written", [".", "inside/.."])
def test_the_working_directory_is_a_target_by_its_own_name(tmp_path, monkeypatch, written):
    here = tmp_path / "here"
    (here / "inside").mkdir(parents=True)
    monkeypatch.chdir(here)
    assert folder.resolved(Path(written)) == here
    with folder.building(tmp_path / "other") as work:
        kept = folder.keep_failed(work, folder.resolved(Path(written)))
    assert kept == tmp_path / "here.failed"
    if written == ".":
        (here / "inside").rmdir()
        with folder.building(Path(written)) as work:
            (work / "all").write_text("x")
        monkeypatch.chdir(tmp_path)
        assert (here / "all").read_text() == "x"
