"""Finding files: every strange path is either found or a complaint."""

import sys

import pytest

from qtoolkit.inputs.locate import (
    find,
    find_case,
    notebooks,
    notebooks_beside,
    packaged_cases,
    project,
)
from tests.inputs.helpers import names, refused


@pytest.mark.parametrize(
    "path",
    ["none.csv", "a\0b", "x" * 5000, "/no/such/file", "data.csv/below", "..../x", "con:*?", "a\nb"],
)
def test_not_found(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x")
    zh, en = refused(find, path)
    assert "找不到文件" in zh[0] and "file not found" in en[0]


@pytest.mark.parametrize("path", ["", " "])
def test_no_name(path):
    refused(find, path)


def test_a_path_in_a_file_belongs_to_the_folder_of_that_file(tmp_path, monkeypatch):
    near, here = tmp_path / "near" / "case", tmp_path / "work" / "deep"
    for folder in (near, here):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    for folder in (here, here.parent, near.parent):
        (folder / "a.csv").write_text("not beside the file that names it")
    zh, en = refused(find, "a.csv", near)
    assert zh == ["找不到文件：a.csv；文件中的路径只相对于该文件所在的文件夹"]
    assert en == ["file not found: a.csv; a path in a file is relative to the folder of that file"]
    (near / "a.csv").write_text("the file's folder")
    assert find("a.csv", near) == near / "a.csv"
    assert find(here / "a.csv", near) == here / "a.csv"


def test_what_to_write_for_a_path_of_the_old_kind(tmp_path, monkeypatch):
    """The shipped files are there in the working directory and among the packaged cases: still they
    are not read."""
    monkeypatch.chdir(packaged_cases().parent)
    (tmp_path / "drafts").mkdir()
    for name in ("scheme.yaml", "drafts/draft-two.yaml"):
        (tmp_path / name).write_text("x")
    names(
        refused(find, "params/city-2026/scheme.yaml", tmp_path),
        "“scheme.yaml”",
        "params/city-2026/scheme.yaml",
    )
    names(
        refused(find, "params/city-2026/drafts/draft-two.yaml", tmp_path), "“drafts/draft-two.yaml”"
    )
    zh, en = refused(find, "params/city-2026/data.csv", tmp_path)
    assert "请写" not in zh[0] and "write" not in en[0]  # there is no such file to name


def test_a_path_of_a_command_or_of_python_is_relative_to_the_working_directory(
    tmp_path, monkeypatch
):
    here = tmp_path / "work" / "deep"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    (tmp_path / "work" / "a.csv").write_text("parent of the working directory")
    refused(find, "a.csv")
    (here / "a.csv").write_text("working directory")
    assert find("a.csv").samefile(here / "a.csv") and find(".").samefile(here)
    # a packaged case, but no path
    for path in ("city-2026", "params/city-2026", "params/city-2026/scheme.yaml"):
        refused(find, path)


def test_a_notebook_finds_its_own_defaults_from_its_project(tmp_path, monkeypatch):
    data, case = tmp_path / "params" / "x" / "data.csv", tmp_path / "params" / "mine"
    for folder in (data.parent, case, tmp_path / "notebooks" / "deep", tmp_path / "runs"):
        folder.mkdir(parents=True)
    data.write_text("x")
    for folder, found in (
        ("notebooks", True),
        ("notebooks/deep", True),
        (".", True),
        ("params/mine", False),
        ("runs", False),
    ):
        monkeypatch.chdir(tmp_path / folder)
        if found:
            assert find("params/x/data.csv").samefile(data)
        else:
            refused(find, "params/x/data.csv")


def test_in_a_kernel_the_working_directory_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert "--cwd" not in refused(find, "scheme.yaml")[0][0]
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    names(refused(find, "scheme.yaml"), "papermill", "--cwd", str(tmp_path), "scheme.yaml")
    assert "--cwd" not in refused(find, tmp_path / "scheme.yaml")[0][0]


def test_packaged_cases_by_their_bare_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_case("tai-2001").samefile(packaged_cases() / "tai-2001")
    names(refused(find_case, "params/tai-2001"), "“tai-2001”", "city-2026")
    names(refused(find_case, "tai-2002"), "“tai-2001”")
    (tmp_path / "tai-2001").mkdir()
    assert find_case("tai-2001").samefile(tmp_path / "tai-2001")  # a path comes first


def test_project_and_notebooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (own,) = notebooks()
    assert (
        project(tmp_path) is None
        and own[1] in ("packaged", "checkout")
        and notebooks_beside(tmp_path) is None
    )
    for folder in ("params/x", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    case = tmp_path / "params" / "x"
    # what lies beside a case is not asked for
    assert project(case) == tmp_path.resolve() and notebooks() == [own]
    assert notebooks_beside(case) is None
    (tmp_path / "notebooks" / "a.ipynb").write_text("{}")
    assert notebooks_beside(case) == tmp_path.resolve() / "notebooks"
    assert notebooks(tmp_path / "notebooks") == [(tmp_path / "notebooks", "given"), own]
    assert notebooks_beside(packaged_cases() / "tai-2001") is None  # the package's own
