"""Notebooks executed side by side, each by papermill in a process of its own."""

from __future__ import annotations

import json
import os
import re
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
    tell_done: Callable[[str], None] = lambda name: None,
) -> tuple[list[Path], list[WorkError]]:
    """Execute notebooks into `out`; the kernels work in `folder`.

    Only parameters that a notebook declares reach it. A notebook that fails does not stop the
    others, and is left in `out` as far as it came.

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
    with (
        _Processes(out, workers.environment) as processes,
        ThreadPoolExecutor(workers.notebooks) as pool,
    ):
        tasks = {
            pool.submit(processes.run, book, parameters, language, folder, out): book
            for book in notebooks
        }
        try:
            for task in as_completed(tasks):
                try:
                    task.result()
                except WorkError as error:
                    failed[tasks[task].name] = error
                tell_done(tasks[task].name)
        except BaseException:
            processes.stop()
            pool.shutdown(cancel_futures=True)
            raise
    ran = [out / f"{book.name}.ipynb" for book in notebooks if book.name not in failed]
    return ran, [failed[book.name] for book in notebooks if book.name in failed]


def write_kernel(
    home: Path, start: Sequence[str], variables: Mapping[str, str] | None = None
) -> None:
    """Write the kernel "python3" into a data folder of Jupyter: this interpreter on a safe path."""
    kernel = home / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [
        sys.executable,
        "-P",
        *start,
        "--InteractiveShellApp.ignore_cwd=True",
        "-f",
        "{connection_file}",
    ]
    spec = {
        "argv": argv,
        "display_name": "Python 3",
        "language": "python",
        "env": dict(variables or {}),
    }
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def python_variables() -> dict[str, str]:
    """Variables with which Python imports nothing from the working directory, and reads and writes
    UTF-8."""
    package = str(Path(__file__).resolve().parents[2])
    search_path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [package, *(path for path in search_path if os.path.isabs(path))]
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8",
    }


class _Processes:
    """Worker processes that see a private Jupyter: this interpreter's kernel, and nobody's
    settings."""

    def __init__(self, out: Path, variables: Mapping[str, str]):
        self.variables = variables
        self.home = out / ".jupyter"
        self.running: set[subprocess.Popen[bytes]] = set()
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
        """Variables of workers and kernels: nothing is imported from the working directory or from
        the case's folder."""
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

    def run(
        self, book: Notebook, parameters: Mapping[str, Any], language: str, folder: Path, out: Path
    ) -> None:
        """Execute one notebook to `out`."""
        source, job_file = self.home / f"{book.name}.ipynb", self.home / f"{book.name}.json"
        failure, output = self.home / f"{book.name}.failure.json", out / f"{book.name}.ipynb"
        nbformat.write(book.in_language(language), source)
        job = {
            "input": str(source),
            "output": str(output),
            "parameters": {
                key: value
                for key, value in parameters.items()
                if key in book.declared and key.isidentifier()
            },
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
                # open as long as this process lives: the worker stops when it closes
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=self.environment(),
            )
            self.running.add(process)
        errors = process.stderr.read() if process.stderr else b""
        process.wait()
        if process.stdin:
            process.stdin.close()
        with self.lock:
            self.running.discard(process)
            if self.stopped or process.returncode == 0:
                return
        if failure.is_file():
            raise _cell_failed(book, json.loads(failure.read_text(encoding="utf-8")))
        raise _not_run(
            book, _telling(errors.decode("utf-8", "replace")) or f"exit status {process.returncode}"
        )


def _cell_failed(book: Notebook, failure: Mapping[str, Any]) -> Exception:
    """The cell's error in one sentence; an InputError stays one."""
    if failure["cell"] is None:
        return _stopped(book, failure)
    lines = [line for line in str(failure["message"]).splitlines() if _says(line)] or [""]
    if failure["name"] == "InputError":
        half = (len(lines) + 1) // 2
        pairs = zip(lines[:half], lines[half:] or lines[:half], strict=False)
        return InputError(Complaint(Text(zh, en), book.name) for zh, en in pairs)
    text = say(
        zh="{name} 的单元格 [{cell}] 出错：{kind}：{why}",
        en="{name}: cell [{cell}] failed: {kind}: {why}",
        name=book.name,
        cell=failure["cell"],
        kind=failure["name"],
        why=lines[-1],
    )
    return WorkError(text)


def _stopped(book: Notebook, failure: Mapping[str, Any]) -> WorkError:
    """Why a notebook ended that no cell's error ended, in one sentence."""
    name, message = failure["name"], str(failure["message"])
    if name == "DeadKernelError":
        why = Text(
            "其进程中途退出，可能是内存不足",
            "its process ended before it was done, perhaps for want of memory",
        )
        return _not_run(book, why)
    if name == "CellTimeoutError" or "IOPub" in message:
        why = Text(
            "其输出未能及时传回，可能是单个输出过大",
            "its output did not arrive in time, perhaps because one is too large",
        )
        return _not_run(book, why)
    return _not_run(book, f"{name}: {_telling(message)}".removesuffix(": "))


def _not_run(book: Notebook, why: Text | str) -> WorkError:
    return WorkError(
        say(zh="{name} 未能运行：{why}", en="{name} could not run: {why}", name=book.name, why=why)
    )


# of a traceback, such as "nbclient.exceptions.DeadKernelError: …"
ERROR_LINE = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*: \S")


def _telling(text: str) -> str:
    """The line of an error's text that says what went wrong: the last that names an error, else the
    last with words.

    >>> _telling(
    ...     "Traceback:\\n  x\\nnbclient.exceptions.CellError: no room\\nin cell:\\n--------\\n"
    ... )
    'nbclient.exceptions.CellError: no room'
    >>> _telling("RuntimeError\\n-----"), _telling("----")
    ('RuntimeError', '')
    """
    lines = [line.strip() for line in text.splitlines() if _says(line)]
    named = [line for line in lines if ERROR_LINE.match(line)]
    return (named or lines or [""])[-1]


def _says(line: str) -> bool:
    """Whether a line has words: no blank line, and no rule."""
    return any(letter.isalnum() for letter in line)
