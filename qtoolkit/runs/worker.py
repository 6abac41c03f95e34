"""One notebook in one process: `python -m qtoolkit.runs.worker job.json`. What went wrong is
written to the job's file."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from qtoolkit.runs.imports import skip_address_grammar

# that a cell's last outputs may take from the kernel to here, on a machine that is busy
IOPUB_SECONDS = 60
PANEL = "application/vnd.jupyter.widget-view+json"


def main(job_file: str) -> int:
    """Execute the notebook that the job names; 0 done, 1 a cell failed."""
    skip_address_grammar()
    from papermill import PapermillExecutionError, execute_notebook

    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    try:
        execute_notebook(
            job["input"],
            job["output"],
            parameters=job["parameters"],
            kernel_name="python3",
            cwd=job["folder"],
            progress_bar=False,
            iopub_timeout=IOPUB_SECONDS,
        )
    except PapermillExecutionError as error:
        _note(job, error.exec_count, error.ename, error.evalue)
        return 1
    # whatever else stops a notebook: its kind and its words, before the traceback
    except Exception as error:
        _note(job, None, type(error).__name__, error)
        raise
    finally:
        _without_what_passes(Path(job["output"]))
    return 0


def _note(job: dict[str, Any], cell: int | None, name: str, message: object) -> None:
    """Leave for the process that waits what went wrong, and in which cell if it was one."""
    failure = {"cell": cell, "name": name, "message": str(message)}
    Path(job["failure"]).write_text(json.dumps(failure), encoding="utf-8")


def _without_what_passes(path: Path) -> None:
    """Leave out of an executed notebook what is of the moment and the machine, so that equal inputs
    give equal bytes: papermill's notes, and panels, which are dead without their kernel; the card
    beside a panel stays."""
    import nbformat

    if not path.is_file():
        return
    book = nbformat.read(path, as_version=4)
    for key in ("papermill", "widgets"):
        book.metadata.pop(key, None)
    for number, cell in enumerate(book.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        cell["id"] = f"cell-{number}"  # the injected cell has a random one
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(PANEL, None)
    nbformat.write(book, path)


def _stop_with_parent() -> None:
    """End this process when the one that started it is gone; the kernel watches its parent in the
    same way."""

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # returns when the other end of the pipe closes
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _stop_with_parent()
    sys.exit(main(sys.argv[1]))
