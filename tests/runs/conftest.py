"""What tests of runs are given."""

import pytest

from tests.runs.here import notebooks_here
from tests.runs.tiny import write_project


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of a project with one small case, as the working directory."""
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def here():
    """Runs execute their notebooks in this process."""
    with notebooks_here():
        yield
