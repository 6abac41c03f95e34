"""What tests of runs are given."""

import pytest

from tests.runs.tiny import write_project


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of a project with one small case, as the working directory."""
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
