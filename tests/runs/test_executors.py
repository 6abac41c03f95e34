"""The same bytes from processes and from a Dask cluster one of whose workers is killed in
mid-run."""

import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Future

import numpy as np
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError, WorkError
from qtoolkit.regions import Box
from qtoolkit.runs.executors import DASK, JOBS, DaskExecutor, executor
from tests.robustness.lp import flat

DRAWS = 200_000


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(6)
    return flat(
        [40.0, 30.0, 20.0, 10.0], np.round(rng.random((12, 4)), 2), {"A": 60, "B": 40, "C": 0}
    )


def tables(s):
    return [
        t.to_numpy().tobytes()
        for t in (
            s.rank_acceptability,
            s.grade_acceptability,
            s.central,
            s.pairwise,
            s.rank_quantiles,
        )
    ]


@pytest.fixture(scope="module")
def alone(case):
    return qt.simulation.simulate(case, Box(relative=0.3), draws=DRAWS, jitter=1.0)


def test_a_dask_cluster_that_loses_a_worker_in_mid_run(case, alone):
    pytest.importorskip("distributed", reason="needs the extra qtoolkit[dask]")
    with executor(jobs=2, dask="local") as workers:
        client, killed = workers.inner._client, []

        def kill(done, of):
            if done == 3:
                pids = client.run(os.getpid)
                killed.append(next(iter(pids.values())))
                os.kill(killed[0], getattr(signal, "SIGKILL", signal.SIGTERM))

        s = qt.simulation.simulate(
            case, Box(relative=0.3), draws=DRAWS, jitter=1.0, executor=workers, progress=kill
        )
        assert killed and s.complete and s.note is None  # the scheduler ran the lost chunks again
        assert tables(s) == tables(alone) and s.rank_shift == alone.rank_shift


@pytest.mark.soak
def test_a_dask_cluster_that_goes_away_is_finished_here(case, alone):
    pytest.importorskip("distributed", reason="needs the extra qtoolkit[dask]")
    with executor(jobs=1, dask="local") as workers:
        client = workers.inner._client

        def close(done, of):
            if done == 2:
                client.cluster.close()

        s = qt.simulation.simulate(
            case, Box(relative=0.3), draws=DRAWS, jitter=1.0, executor=workers, progress=close
        )
    assert s.complete and s.note is not None and tables(s) == tables(alone)


class Cluster:
    """A client whose executor runs a task at once, or fails as one does that is closing."""

    def __init__(self, failure=None):
        self.failure = failure

    def get_executor(self, pure):
        return self

    def submit(self, fn, *arguments):
        future = Future()
        try:
            future.set_result(fn(*arguments))
        except Exception as error:
            future.set_exception(pickle.loads(pickle.dumps(error)))
        if self.failure is not None:
            future = Future()
            future.set_exception(self.failure)
        return future


def test_errors_of_a_task_are_its_own_and_all_others_the_cluster_s():
    def divided(a, *, by):
        return a / by

    assert DaskExecutor(Cluster()).submit(divided, 6, by=3).result() == 2
    for error in (ZeroDivisionError, TypeError):
        with pytest.raises(error):
            DaskExecutor(Cluster()).submit(divided, "6" * (error is TypeError) or 6, by=0).result()
    for failure in (ValueError("too many values to unpack"), OSError("closed"), KeyError("x")):
        with pytest.raises(BrokenExecutor):
            DaskExecutor(Cluster(failure)).submit(divided, 6, by=3).result()


KILLED = """
import os, time, qtoolkit as qt
if __name__ == "__main__":
    with qt.executor(jobs=2) as workers:
        print(workers.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="asks whether a process is there in a POSIX way")
def test_workers_end_with_a_process_that_is_killed(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    worker = int(process.stdout.readline())
    process.kill()
    process.wait()
    for _ in range(100):
        time.sleep(0.1)
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker outlived its parent")


def test_a_scheduler_that_does_not_answer_stops_a_run_before_it_begins(tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra qtoolkit[dask]")
    monkeypatch.setattr("qtoolkit.runs.executors.SECONDS", 1)
    with pytest.raises(WorkError, match=r"127\.0\.0\.1:9"):
        qt.run("tai-2001", tmp_path / "run", dask="tcp://127.0.0.1:9")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"qtoolkit\[dask\]"):
        qt.run("tai-2001", tmp_path / "run", dask="local")


def test_processes_and_what_the_command_line_says(case, alone, monkeypatch):
    monkeypatch.setenv(JOBS, "2")
    with executor() as workers:
        s = qt.simulation.simulate(
            case, Box(relative=0.3), draws=DRAWS, jitter=1.0, executor=workers
        )
        found = qt.simulation.sobol(
            case, {"cutoffs.A": [50, 60], "points": Box(relative=0.5)}, n=64, executor=workers
        )
    assert workers is not None and s.note is None and tables(s) == tables(alone)
    again = qt.simulation.sobol(case, {"cutoffs.A": [50, 60], "points": Box(relative=0.5)}, n=64)
    assert found.table.equals(again.table)
    monkeypatch.setenv(DASK, "tcp://127.0.0.1:9")
    monkeypatch.setattr("qtoolkit.runs.executors.SECONDS", 1)
    pytest.importorskip("distributed", reason="needs the extra qtoolkit[dask]")
    with pytest.raises(WorkError, match=r"tcp://127\.0\.0\.1:9"), executor():
        pass
