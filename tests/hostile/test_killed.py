"""Runs that are killed: at every point of the real writer, and full runs by SIGKILL and SIGTERM. What stood at the target
stays whole, or the new run stands there whole; the next run works and names what was left."""

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
from qtoolkit.runs import folder
from tests.runs.test_run import DATA, PARAMS, SCHEME, SHOW, notebook

KILLS = 50  # points of the writer
FULL = 5  # moments of a full run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by POSIX signals")

WRITER = '''
"""Runs with a notebook that was executed before, each killed at its own file operation; prints what was found."""
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
    return qt.run("case", out="out", formats=[], notebook_folder="notebooks", set={"cutoffs.A": cutoff})

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
ends = {"operations": 0, "killed": 0, "old": 0, "new": 0, "absent": 0, "broken": 0, "again": 0, "left": 0}
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
    for left in Path().glob(".out.partial-*"):
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
    ends["left"] += any(Path().glob(".out.partial-*"))
    told = []
    with folder.building(Path("out").absolute(), told.append) as work:
        there = folder.read_manifest(Path("out"))
        shutil.rmtree(work)
    ends["again"] += there is not None and bool(told) == any(Path().glob(".out.partial-*"))
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


ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(qtoolkit.__file__).parents[1]), "PYTHONUTF8": "1"}


def test_a_writer_killed_at_any_of_its_operations_leaves_a_whole_run(project):
    command = [sys.executable, "-P", "-c", WRITER, str(KILLS), str(project / "notebooks" / "show.ipynb")]
    done = subprocess.run(command, cwd=project, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout)
    assert ends["operations"] >= 15 and ends["killed"] >= KILLS - 1, ends
    assert ends["broken"] == 0 and ends["old"] > 0, ends
    assert ends["old"] + ends["new"] + ends["absent"] == KILLS, ends
    assert ends["again"] == KILLS, ends  # also where nothing stood for a moment: the old run is put back


def test_full_runs_killed_leave_nothing_half_done_and_say_what_was_left(project):
    """Killed as soon as the work folder is there, and a little later each time."""
    code = "import qtoolkit as qt; qt.run('case', out='out', formats=['html'], notebook_folder='notebooks')"
    for number in range(FULL):
        process = subprocess.Popen([sys.executable, "-P", "-c", code], cwd=project, env=ENVIRONMENT)
        wait_for_work(project, number)
        time.sleep(0.4 * number)
        process.kill()
        process.wait()
        assert not (project / "out").exists() or folder.differences(project / "out") == []
        shutil.rmtree(project / "out", ignore_errors=True)
    assert not list(project.glob("*.failed"))


def wait_for_work(project, before=0):
    deadline = time.time() + 60
    while len(list(project.glob(".out.partial-*"))) <= before and time.time() < deadline:
        time.sleep(0.05)


def test_sigterm_cleans_up_and_its_sentence_is_in_the_language_asked_for(project):
    notebook(project / "notebooks" / "show.ipynb", "import time; time.sleep(60)")
    words = ["run", "case", "-o", "out", "--notebooks", "notebooks", "--language", "en"]
    command = [sys.executable, "-P", "-m", "qtoolkit.runs.cli", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    process = subprocess.Popen(command, cwd=project, env=ENVIRONMENT, **pipes)
    wait_for_work(project)
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err and "Abort" not in err, err
    assert sorted(path.name for path in project.iterdir()) == ["case", "notebooks"]
