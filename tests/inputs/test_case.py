"""A case from a folder, a params.yaml or paths; changes are validated like the files."""

import shutil

import pytest

from qtoolkit.assessment import assess
from qtoolkit.inputs.case import Case, read_case
from qtoolkit.inputs.changes import change
from tests.inputs.helpers import CSV, YAML, names, refused, scheme_of

PARAMS = "scheme: scheme.yaml\ndata: data.csv\n"


@pytest.fixture
def case(tmp_path):
    for name, text in (("params.yaml", PARAMS), ("scheme.yaml", YAML), ("data.csv", CSV)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_way_in(case, monkeypatch):
    ways = [
        read_case(case),
        read_case(str(case)),
        read_case(case / "params.yaml"),
        read_case(scheme=case / "scheme.yaml", data=case / "data.csv"),
        read_case(scheme=str(case / "scheme.yaml"), data=str(case / "data.csv")),
    ]
    assert all(way.scheme == ways[0].scheme and way.table.units == ("甲市", "乙市") for way in ways)
    assert assess(ways[0].scheme, ways[0].table).units.columns.tolist() == [
        "zh",
        "en",
        "region",
        "gdp",
    ]


def test_missing_files_name_the_parameter(case):
    (case / "scheme.yaml").unlink()
    (case / "data.csv").unlink()
    found = refused(read_case, case)
    assert names(found, "params.yaml", "“scheme”", "scheme.yaml") and names(
        found, "params.yaml", "“data”", "data.csv"
    )
    (case / "params.yaml").unlink()
    names(refused(read_case, case), "params.yaml")
    names(refused(read_case, case / "nothing"), "nothing")


def test_nothing_and_half_of_it(case):
    assert len(refused(read_case)[0]) == 2
    names(refused(read_case, scheme=case / "scheme.yaml"), "“data”")
    names(refused(read_case, scheme=5, data=case / "data.csv"), "“scheme”", "“5”")


def test_changes(case):
    assert read_case(case, changes={"points.loss": 30}).scheme.indicator("brand").points == 30
    assert read_case(case, changes={"cutoffs.A": 95}).scheme.grades[0].cutoff == 95
    for changes, parts in (
        ({"points.los": 5}, ["“los”", "“loss”"]),
        ({"cutoffs.Z": 5}, ["“Z”"]),
        ({"point.loss": 5}, ["“point.loss”", "“points.loss”"]),
        ({"loss": 5}, ["“loss”"]),
        ({"points.": 5}, ["“points.”"]),
        ({"points.loss": "x"}, ["“changes.points.loss”", "“x”"]),
        ({"points.loss": -1}, ["“points.loss”", "“-1”"]),
        ({"points.loss": float("nan")}, ["loss", "nan"]),
        ({"cutoffs.A": 70}, ["“B”", "70"]),
    ):
        names(refused(read_case, case, changes=changes), *parts)
        names(
            refused(
                read_case, scheme=case / "scheme.yaml", data=case / "data.csv", changes=changes
            ),
            *parts,
        )
    names(
        refused(read_case, scheme=case / "scheme.yaml", data=case / "data.csv", changes=[1]),
        "“changes”",
    )


def test_change_collects_points_and_cutoffs(tmp_path):
    scheme = scheme_of(tmp_path)
    assert change(scheme, {}) is scheme
    new = change(scheme, {"points.loss": 10, "points.check": 40, "cutoffs.B": 70})
    assert new.indicator("check").points == 40 and new.grades[1].cutoff == 70


def test_what_this_version_does_not_read(case):
    names(
        refused(read_case, scheme=case / "scheme.yaml", data=case / "data.csv", ratings="x"),
        "ratings",
    )


def test_last_year_is_read_with_its_own_scheme_and_data(case):
    last = case / "last"
    last.mkdir()
    shutil.copy(case / "data.csv", last)
    (last / "scheme.yaml").write_text(
        (case / "scheme.yaml").read_text(encoding="utf-8").replace("cutoff: 60", "cutoff: 55"),
        encoding="utf-8",
    )
    (last / "params.yaml").write_text(
        "scheme: scheme.yaml\ndata: data.csv\nprevious: ../nowhere\n", encoding="utf-8"
    )
    found = read_case(scheme=case / "scheme.yaml", data=case / "data.csv", previous=last)
    assert found.previous.scheme != found.scheme and found.previous.previous is None
    assert found.files["previous_data"] == last / "data.csv"
    names(
        refused(
            read_case, scheme=case / "scheme.yaml", data=case / "data.csv", previous=case / "no"
        ),
        "no",
    )


def test_paths_belong_to_the_folder_of_the_file_that_names_them(
    case, monkeypatch, tmp_path_factory
):
    """A file of the same name in the working directory is never read; the complaint names file,
    key, found and wanted."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("params.yaml", "scheme.yaml", "data.csv"):
        shutil.copy(case / name, elsewhere)
    monkeypatch.chdir(elsewhere)
    (case / "data.csv").rename(case / "other.csv")
    names(refused(read_case, case), "params.yaml", "“data”", "data.csv")
    (case / "params.yaml").write_text(
        "scheme: params/old/scheme.yaml\ndata: params/old/other.csv\nprevious: params/old/last\n",
        encoding="utf-8",
    )
    (case / "last").mkdir()
    zh, en = refused(read_case, case)
    assert [sentence.partition("；")[0] for sentence in zh] == [
        f"params.yaml，“{key}”：找不到文件：params/old/{name}"
        for key, name in (("scheme", "scheme.yaml"), ("data", "other.csv"), ("previous", "last"))
    ]
    assert [sentence.partition(": write ")[2] for sentence in en] == [
        "“scheme.yaml”",
        "“other.csv”",
        "“last”",
    ]
    shutil.copy(elsewhere / "data.csv", case / "last")
    shutil.copy(elsewhere / "scheme.yaml", case / "last")
    (case / "last" / "params.yaml").write_text(
        "scheme: last/scheme.yaml\ndata: last/data.csv\n", encoding="utf-8"
    )
    (case / "params.yaml").write_text(
        "scheme: scheme.yaml\ndata: other.csv\nprevious: last\n", encoding="utf-8"
    )
    # of last year's file
    names(refused(read_case, case), "params.yaml", "“data”", "last/data.csv", "“data.csv”")


def test_the_scheme_as_it_is_written_stands_beside_the_changed_one(case):
    plain, changed = read_case(case), read_case(case, changes={"points.brand": 30})
    assert plain.written is plain.scheme
    assert (
        changed.written
        == plain.scheme
        != changed.scheme
        == change(plain.scheme, {"points.brand": 30})
    )
    assert Case(plain.scheme, plain.table, plain.parameters, {}).written is plain.scheme
