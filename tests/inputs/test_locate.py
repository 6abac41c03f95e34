"""Finding files: every strange path is either found or a complaint."""

import pytest

from qtoolkit.inputs.locate import find, notebooks, packaged_cases, project
from tests.inputs.helpers import names, refused


@pytest.mark.parametrize(
    "path", ["none.csv", "a\0b", "x" * 5000, "/no/such/file", "data.csv/below", "..../x", "con:*?", "a\nb"]
)
def test_not_found(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x")
    zh, en = refused(find, path)
    assert "找不到文件" in zh[0] and "file not found" in en[0]


@pytest.mark.parametrize("path", ["", " "])
def test_no_name(path):
    refused(find, path)


def test_order_of_places(tmp_path, monkeypatch):
    near, here = tmp_path / "near" / "case", tmp_path / "work" / "deep"
    for folder in (near, here):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    (tmp_path / "work" / "a.csv").write_text("parent of the working directory")
    assert find("a.csv", near).samefile(tmp_path / "work" / "a.csv")
    (here / "a.csv").write_text("working directory")
    assert find("a.csv", near).samefile(here / "a.csv")
    (near / "a.csv").write_text("the file's folder")
    assert find("a.csv", near) == near / "a.csv"
    assert find(here / "a.csv", near) == here / "a.csv" and find(".") is not None


def test_packaged_cases_are_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("tai-2001", "params/tai-2001", "params/tai-2001/scheme.yaml"):
        assert find(name).exists()
    assert (packaged_cases() / "tai-2001").is_dir()
    names(refused(find, "params/tai-2002/scheme.yaml"), "params/tai-2002/scheme.yaml")


def test_project_and_notebooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert project(tmp_path) is None and notebooks(tmp_path)[-1][1] in ("packaged", "checkout")
    for folder in ("params/x", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    assert project(tmp_path / "params" / "x") == tmp_path.resolve()
    assert notebooks(tmp_path / "params")[0] == (tmp_path.resolve() / "notebooks", "project")
