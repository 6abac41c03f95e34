"""Makes tests/ importable from its subfolders; hypothesis draws the same examples on every run;
long files begin first."""

import os

# threads of several workers wait for one another
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "search", deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
# a failing case as it was found: making it small can take minutes
quick = (Phase.explicit, Phase.generate)
settings.register_profile("quick", settings.get_profile("same"), phases=quick)
# by default: a test that asks for no number of its own draws a quarter of the usual 100
settings.register_profile("few", settings.get_profile("same"), max_examples=25)

# Workers share the files: one that begins a long file last would keep the other waiting.
LONGEST_FIRST = (
    "tests/workbooks/test_recheck.py",
    "tests/report/test_views.py",
    "tests/look/",
    "tests/robustness/",
    "tests/runs/test_run.py",
    "tests/report/facts/",
    "tests/runs/test_executors.py",
    "tests/cutoffs/test_choosing.py",
    "tests/hostile/test_planted.py",
    "tests/hostile/test_killed.py",
    "tests/hostile/test_bombs.py",
    "notebooks/",
    "tests/inputs/test_fuzz.py",
    "tests/comparison/",
    "tests/benchmarks/",
)


def pytest_xdist_auto_num_workers(config):
    """One worker more than processors: now and then one waits for a browser or an office
    program."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config):
    """`-m "soak or not soak"` asks for everything: the long tests, and all examples of the
    others."""
    if "soak" in config.option.markexpr and config.option.markexpr != "not soak":
        os.environ["QTOOLKIT_ALL_EXAMPLES"] = "1"
    usual = "same" if os.environ.get("QTOOLKIT_ALL_EXAMPLES") == "1" else "few"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))


def pytest_collection_modifyitems(items):
    """Sort files by LONGEST_FIRST; the order within a file stays."""
    items.sort(key=lambda item: [not item.nodeid.startswith(name) for name in LONGEST_FIRST])


@pytest.fixture
def command(monkeypatch, capsys):
    """The command in this process: exit status, stdout, stderr."""

    from qtoolkit.runs import cli

    def call(*arguments, cwd):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["qtoolkit", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=out, stderr=err)

    return call


@pytest.fixture(scope="module")
def trap(tmp_path_factory):
    """A project with a case, and a working directory beside it, all planted with code that would
    leave a marker."""
    from tests.hostile.planting import set_trap

    root = tmp_path_factory.mktemp("trap")
    set_trap(root)
    return root
