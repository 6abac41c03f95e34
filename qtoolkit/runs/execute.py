"""Notebooks executed side by side, each by papermill in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import nbformat

from qtoolkit.errors import Complaint, InputError, WorkError
from qtoolkit.language import Text, say
from qtoolkit.runs.executors import Workers
from qtoolkit.runs.notebooks import Notebook


def execute(
    notebooks: Sequence[Notebook],
    parameters: Mapping[str, Any],
    language: str,
    folder: Path,
    out: Path,
    workers: Workers,
    done: Callable[[str], None] = lambda name: None,
) -> tuple[list[Path], list[WorkError]]:
    """Execute notebooks into `out`; the kernels work in `folder`.

    Only parameters that a notebook declares reach it. A notebook that fails does not stop the others, and is left in
    `out` as far as it came.

    Returns
    -------
    list of Path
        The notebooks that ran to their end, in the order given.
    list of WorkError
        What failed, in the same order.

    Raises
    ------
    InputError
        A cell raised one (a knob out of range, say): the others are stopped.
    """
    failed: dict[str, WorkError] = {}
    with _Processes(out, workers.environment) as processes, ThreadPoolExecutor(workers.notebooks) as pool:
        tasks = {pool.submit(processes.run, book, parameters, language, folder, out): book for book in notebooks}
        try:
            for task in as_completed(tasks):
                try:
                    task.result()
                except WorkError as error:
                    failed[tasks[task].name] = error
                done(tasks[task].name)
        except BaseException:
            processes.stop()
            pool.shutdown(cancel_futures=True)
            raise
    ran = [out / f"{book.name}.ipynb" for book in notebooks if book.name not in failed]
    return ran, [failed[book.name] for book in notebooks if book.name in failed]


def write_kernel(home: Path, start: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    """Write the kernel "python3" into a data folder of Jupyter: this interpreter on a safe path."""
    kernel = home / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-P", *start, "--InteractiveShellApp.ignore_cwd=True", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python", "env": dict(variables or {})}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def python_variables() -> dict[str, str]:
    """Variables with which Python imports nothing from the working directory, and reads and writes UTF-8."""
    package = str(Path(__file__).resolve().parents[2])
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [package, *(path for path in given if os.path.isabs(path))]
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8",
    }


class _Processes:
    """Worker processes that see a private Jupyter: this interpreter's kernel, and nobody's settings."""

    def __init__(self, out: Path, variables: Mapping[str, str]):
        self.variables = variables
        self.home = out / ".jupyter"
        self.running: set[subprocess.Popen] = set()
        self.stopped = False
        self.lock = threading.Lock()

    def __enter__(self) -> _Processes:
        write_kernel(self.home, ["-m", "ipykernel_launcher"])
        (self.home / "matplotlibrc").touch()  # nobody's settings: nor those of a home folder
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def stop(self) -> None:
        """Kill what still runs; nothing new starts."""
        with self.lock:
            self.stopped = True
            for process in self.running:
                process.kill()

    def environment(self) -> dict[str, str]:
        """Variables of workers and kernels: nothing is imported from the working directory or from the case's folder."""
        return os.environ | {
            "JUPYTER_PATH": str(self.home),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_PLATFORM_DIRS": "1",
            "MATPLOTLIBRC": str(self.home / "matplotlibrc"),
            "IPYTHONDIR": str(self.home / "ipython"),
            **python_variables(),
            **self.variables,
        }

    def run(self, book: Notebook, parameters: Mapping[str, Any], language: str, folder: Path, out: Path) -> None:
        """Execute one notebook to `out`."""
        source, job_file = self.home / f"{book.name}.ipynb", self.home / f"{book.name}.json"
        failure, output = self.home / f"{book.name}.failure.json", out / f"{book.name}.ipynb"
        nbformat.write(book.in_language(language), source)
        job = {
            "input": str(source),
            "output": str(output),
            "parameters": {key: value for key, value in parameters.items() if key in book.declared and key.isidentifier()},
            "folder": str(folder),
            "failure": str(failure),
        }
        job_file.write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "qtoolkit.runs.worker", str(job_file)]
        with self.lock:
            if self.stopped:
                return
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # open as long as this process lives: the worker stops when it closes
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=self.environment(),
            )
            self.running.add(process)
        errors = process.stderr.read()
        process.wait()
        process.stdin.close()
        with self.lock:
            self.running.discard(process)
            if self.stopped or process.returncode == 0:
                return
        if failure.is_file():
            raise _cell_failed(book, json.loads(failure.read_text(encoding="utf-8")))
        lines = errors.decode("utf-8", "replace").strip().splitlines() or [f"exit status {process.returncode}"]
        text = say(zh="{name} 未能运行：{why}", en="{name} could not run: {why}", name=book.name, why=lines[-1])
        raise WorkError(text)


def _cell_failed(book: Notebook, failure: Mapping[str, Any]) -> Exception:
    """The cell's error in one sentence; an InputError stays one."""
    lines = [line for line in str(failure["message"]).splitlines() if line.strip()] or [""]
    if failure["name"] == "InputError":
        half = (len(lines) + 1) // 2
        pairs = zip(lines[:half], lines[half:] or lines[:half], strict=False)
        return InputError(Complaint(Text(zh, en), book.name) for zh, en in pairs)
    text = say(
        zh="{name} 的单元格 [{cell}] 出错：{kind}：{why}",
        en="{name}: cell [{cell}] failed: {kind}: {why}",
        name=book.name, cell=failure["cell"], kind=failure["name"], why=lines[-1],
    )
    return WorkError(text)
