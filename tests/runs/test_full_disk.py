"""A disk that is full: one sentence, and no half file, whatever was being written."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import qtoolkit

LIMITED = """
import resource, shutil, sys
from qtoolkit.runs import cli, outputs, write

def executed(notebooks, parameters, language, folder, out, workers, done):
    shutil.copy("notebooks/show.ipynb", out / "show.ipynb")
    return [out / "show.ipynb"], []

def then_full(name):
    plain = getattr(outputs, name)
    def call(*arguments):
        found = plain(*arguments)
        # the system refuses more, as where a disk is full
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
        return found
    setattr(outputs, name, call)

write.execute = executed
then_full(sys.argv.pop(1))
cli.main()
"""


@pytest.mark.parametrize(
    ("last", "language", "words"),
    [
        ("collect", "en", "a file could not be read or written: "),
        ("write_tables", "zh", "无法读写文件："),
        ("write_figures", "en", "a file could not be read or written: "),
    ],
)
def test_a_disk_that_fills_while_a_run_is_written(project, last, language, words):
    """Before the tables, before tables.xlsx, before the recheck workbook."""
    pytest.importorskip("resource")  # not on Windows
    environment = os.environ | {
        "PYTHONPATH": str(Path(qtoolkit.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(project / "tmp"),
    }
    (project / "tmp").mkdir()
    arguments = ["run", "params/tiny", "-o", "out", "--notebooks", "notebooks", "--format", "html"]
    command = [sys.executable, "-P", "-c", LIMITED, last, *arguments, "--language", language]
    options = {"capture_output": True, "text": True, "encoding": "utf-8", "check": False}
    done = subprocess.run(command, cwd=project, env=environment, **options)
    assert done.returncode == 1 and done.stdout == ""
    (_, sentence) = done.stderr.splitlines()  # the first says whose notebooks run
    assert sentence.startswith(words) and os.strerror(errno.EFBIG) in sentence
    assert sorted(path.name for path in project.iterdir()) == ["notebooks", "params", "tmp"]
    assert not list((project / "tmp").iterdir())
