"""A copied case reads its own files: shipped cases copied, one cell changed, assessed as the
changed table is."""

import csv
import shutil
import subprocess
import sys

import nbformat
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs import locate
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.runs.plan import plan

CASES = {"provinces-2008": "loss", "tai-2001": "patents", "city-2026": "farm_pass@self"}
"""The shipped cases, and a column of each with the raw value of one indicator."""


def changed(folder, column):
    """Give the first unit the second's value in a column of data.csv; the table as a DataFrame of
    text."""
    path = folder / "data.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    place = header.index(column)
    assert rows[0][place] != rows[1][place]
    rows[0][place] = rows[1][place]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return pd.DataFrame(rows, columns=header)


@pytest.fixture(params=CASES)
def copied(request, tmp_path, monkeypatch):
    """A copy in an empty folder with one cell changed: the folder, the shipped result, the changed
    table's result."""
    old = qt.read_case(request.param)
    shutil.copytree(packaged_cases() / request.param, tmp_path / "mine")
    frame = changed(tmp_path / "mine", CASES[request.param])
    before, after = qt.assess(old.scheme, old.table), qt.assess(old.scheme, frame)
    assert before.scores.iloc[0] != after.scores.iloc[0]
    monkeypatch.chdir(tmp_path)
    return request.param, tmp_path / "mine", after


def assert_same(case, result):
    found = qt.assess(case.scheme, case.table)
    assert (
        found.scores.tolist() == result.scores.tolist()
        and found.grades.tolist() == result.grades.tolist()
    )


def test_a_copied_case_reads_its_own_files(copied, monkeypatch):
    _, folder, after = copied
    for given in ("mine", folder, folder / "params.yaml"):
        assert_same(qt.read_case(given), after)
        assert plan(given).result.scores.tolist() == after.scores.tolist()
    assert all(folder in path.parents for path in qt.read_case(folder).files.values())
    monkeypatch.chdir(packaged_cases().parent)  # where params/<case>/data.csv leads to the original
    assert_same(qt.read_case(folder), after)


def test_a_packaged_case_reads_its_own_files(copied, monkeypatch):
    """The package of a wheel carries the cases in _params."""
    name, folder, after = copied
    shutil.copytree(folder, folder.parent / "package" / "_params" / name)
    monkeypatch.setattr(locate, "PACKAGE", folder.parent / "package")
    assert_same(qt.read_case(name), after)


def test_a_copied_last_year_and_copied_drafts(tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    shutil.copytree(packaged_cases() / "city-2026", mine)
    shipped = qt.read_case("city-2026")
    monkeypatch.chdir(packaged_cases().parent)
    previous, now = changed(mine / "previous", "farm_pass@self"), changed(mine, "farm_pass@self")
    assert_same(qt.read_case(mine).previous, qt.assess(shipped.previous.scheme, previous))
    lines = (mine / "params.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("alternatives:"))
    for draft in ("two", "three"):
        params = mine / "drafts" / f"{draft}.yaml"
        params.write_text(
            text.replace("scheme: ", f"scheme: draft-{draft}.yaml #")
            .replace("data: ", "data: ../")
            .replace("previous: ", "previous: ../"),
            encoding="utf-8",
        )
        case = qt.read_case(params)
        assert (
            case.scheme
            == qt.read_case(
                scheme=f"params/city-2026/drafts/draft-{draft}.yaml", data=mine / "data.csv"
            ).scheme
        )
        assert_same(case, qt.assess(case.scheme, now))
        (mine / f"{draft}.yaml").write_text(
            text.replace("scheme: ", f"scheme: params/city-2026/drafts/draft-{draft}.yaml #"),
            encoding="utf-8",
        )
        with pytest.raises(
            InputError, match=rf"{draft}\.yaml.*“scheme”.*请写“drafts/draft-{draft}\.yaml”"
        ):
            qt.read_case(mine / f"{draft}.yaml")


def test_plain_papermill_works_in_the_folder_of_the_case(tmp_path):
    """With --cwd the copied case's own data are read; without it the sentence says what is
    missing."""
    mine = tmp_path / "mine"
    shutil.copytree(packaged_cases() / "tai-2001", mine)
    frame = changed(mine, CASES["tai-2001"])
    scheme = qt.read_case("tai-2001").scheme
    cells = [
        "scheme = 'x'\ndata = 'x'",
        "import qtoolkit as qt\ncase = qt.read_case(scheme=scheme, data=data)",
        "print(qt.assess(case.scheme, case.table).scores.tolist())",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    book.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(book, tmp_path / "show.ipynb")
    command = [
        sys.executable,
        "-m",
        "papermill",
        "show.ipynb",
        "out.ipynb",
        "-f",
        "mine/params.yaml",
    ]
    done = subprocess.run(
        [*command, "--cwd", "mine"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    printed = nbformat.read(tmp_path / "out.ipynb", 4).cells[-1].outputs[0].text
    assert printed.strip() == str(qt.assess(scheme, frame).scores.tolist())
    failed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert failed.returncode != 0 and "--cwd" in failed.stderr and "scheme.yaml" in failed.stderr
