"""A disk that is full: one sentence, and no half file, whatever was being written."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import qtoolkit

LIMITED = """
import os, resource, shutil, sys
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
for line in sys.stdin:
    name, *sys.argv[1:] = line.split()
    pid = os.fork()
    if pid == 0:
        then_full(name)
        cli.main()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(code, file=sys.stderr, flush=True)
"""
LAST = {
    "collect": ("en", "a file could not be read or written: "),
    "write_tables": ("zh", "无法读写文件："),
    "write_figures": ("en", "a file could not be read or written: "),
}


def test_a_disk_that_fills_while_a_run_is_written(project):
    """Before the tables, before tables.xlsx, before the recheck workbook."""
    pytest.importorskip("resource")  # not on Windows
    environment = os.environ | {
        "PYTHONPATH": str(Path(qtoolkit.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(project / "tmp"),
    }
    (project / "tmp").mkdir()
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    options = {"text": True, "encoding": "utf-8", "bufsize": 1, "cwd": project}
    words = "run params/tiny -o out --notebooks notebooks --format html --language"
    command = [sys.executable, "-P", "-c", LIMITED]
    with subprocess.Popen(command, env=environment, **pipes, **options) as process:
        for last, (language, begins) in LAST.items():
            process.stdin.write(f"{last} {words} {language}\n")
            _, sentence, code = [process.stderr.readline() for _ in range(3)]
            assert code == "1\n"  # the first line says whose notebooks run
            assert sentence.startswith(begins) and os.strerror(errno.EFBIG) in sentence, last
            there = sorted(path.name for path in project.iterdir())
            assert there == ["notebooks", "params", "tmp"], last
            assert not list((project / "tmp").iterdir()), last
        rest, _ = process.communicate()
    assert rest == "" and process.returncode == 0
