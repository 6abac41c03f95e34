"""A new case passes check and run at once, one with units of its own starts empty; nothing is
overwritten."""

import csv
import shutil
import sys
from dataclasses import replace

import openpyxl
import pytest
from ruamel.yaml import YAML

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.schemeyaml import yaml_of
from qtoolkit.runs import cli
from qtoolkit.runs.new import RESERVED, _kept, _Names, new_case
from qtoolkit.runs.plan import plan
from qtoolkit.workbooks.template import write_template
from tests.inputs.helpers import names, refused

CASES = ["provinces-2008", "tai-2001", "city-2026"]


@pytest.mark.parametrize("source", CASES)
def test_a_case_begun_from_a_shipped_one_passes_check(tmp_path, source):
    folder = new_case(tmp_path / "mine", source, name="某市质量工作考核方案", year="2027")
    ready = plan(folder)
    old = qt.read_case(source)
    assert ready.case.scheme.name.zh == "某市质量工作考核方案" and ready.case.scheme.year == "2027"
    assert ready.case.scheme.id == "mine" and ready.case.scheme.indicators == old.scheme.indicators
    assert ready.result.scores.tolist() == qt.assess(old.scheme, old.table).scores.tolist()
    text = (folder / "scheme.yaml").read_text(encoding="utf-8")
    # comments stay
    assert text.splitlines()[0] == old.files["scheme"].read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize("source", CASES)
def test_units_of_ones_own_start_empty(tmp_path, source):
    """Nothing of the source's units comes under the new names: all cells but the names are empty,
    no note is carried over."""
    folder = new_case(tmp_path / "mine", source, units=["甲县", "乙县", "=1+1"])
    with (folder / "data.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert [row[header.index("unit")] for row in rows] == ["甲县", "乙县", "=1+1"]
    assert {
        cell for row in rows for title, cell in zip(header, row, strict=True) if title != "unit"
    } == {""}
    assert not [title for title in header if title.startswith(("grade:", "name_en"))]
    text = (folder / "scheme.yaml").read_text(encoding="utf-8")
    assert not {"synthetic:", "notes:", "data_period:"} & {
        line.split(" ")[0] for line in text.splitlines()
    }
    for call in (plan, qt.read_case):
        zh, en = refused(call, folder)
        leaf = qt.read_case(source).scheme.leaves[0]
        # one sentence: what is to be filled in
        assert len(zh) == 1 and names((zh, en), "data.csv", "3", leaf.id)
        assert "还没有任何指标数据，请填写" in zh[0] and "no data yet" in en[0]


def test_an_empty_case_is_filled_in_cell_by_cell(tmp_path):
    """Once a cell holds something, each that does not is named; once all do, the case runs."""
    folder = new_case(tmp_path / "mine", "tai-2001", units=["甲", "乙"])
    path, source = folder / "data.csv", qt.read_case("tai-2001").files["data"]
    with source.open(encoding="utf-8-sig", newline="") as file:
        full = list(csv.reader(file))
    place = full[0].index("name_en")
    full = [row[:place] + row[place + 1 :] for row in full[:3]]
    full[1][0], full[2][0] = "甲", "乙"
    with path.open(encoding="utf-8-sig", newline="") as file:
        begun = list(csv.reader(file))
    assert begun[0] == full[0]
    begun[1][1] = full[1][1]

    def write(rows):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)

    write(begun)
    zh, _ = refused(plan, folder)
    assert len(zh) == sum(cell == "" for row in begun[1:] for cell in row)
    write(full)
    assert plan(folder).case.table.units == ("甲", "乙") and not plan(folder).case.scheme.synthetic


def test_an_empty_case_gives_workbooks_to_fill_in_that_are_collected(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    new_case("mine", "city-2026", units=["平湖县", "秀洲区"])
    for command in (
        ["template", "mine", "--by", "部门", "-o", "out"],
        ["template", "mine", "-o", "all.xlsx"],
        ["collect", "mine", "out", "-o", "汇总.xlsx"],
    ):
        monkeypatch.setattr(sys, "argv", ["qtoolkit", *command])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert stop.value.code == 0
    assert "未报送：考核办" in capsys.readouterr().out
    sheet = openpyxl.load_workbook("out/市场监管局.xlsx")["数据"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["平湖县", "秀洲区"]
    book = openpyxl.load_workbook("out/财政局.xlsx")
    book["数据"]["A2"] = "平湖"
    book.save("out/财政局.xlsx")
    monkeypatch.setattr(sys, "argv", ["qtoolkit", "collect", "mine", "out", "-o", "again.xlsx"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capsys.readouterr().err
    assert (
        stop.value.code == 2
        and "财政局.xlsx[数据!A2]" in said
        and "“平湖”；是否应为“平湖县”？" in said
    )


def test_a_table_that_a_parameter_names_comes_along_but_not_to_other_units(tmp_path):
    source = new_case(tmp_path / "source", "city-2026")
    (source / "past.csv").write_text("unit,2024,2025\n甲市,A,B\n", encoding="utf-8")
    params = source / "params.yaml"
    text = params.read_text(encoding="utf-8").replace(
        "notebooks: [", "history: past.csv\nnotebooks: [05_comparison, "
    )
    params.write_text(text, encoding="utf-8")
    copied = plan(new_case(tmp_path / "mine", source))
    assert copied.tables["history"].samefile(tmp_path / "mine" / "past.csv")
    emptied = new_case(tmp_path / "other", source, units=["子市"])
    assert not (emptied / "past.csv").exists() and "history" not in (
        emptied / "params.yaml"
    ).read_text(encoding="utf-8")


def test_nothing_is_overwritten_and_mistakes_leave_nothing(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("a", encoding="utf-8")
    for arguments in (("full",), ("x", "no-such-case")):
        with pytest.raises(InputError):
            new_case(tmp_path / arguments[0], *arguments[1:])
    with pytest.raises(InputError, match="考核对象重复：甲"):
        new_case(tmp_path / "y", "tai-2001", units=["甲", "乙", "甲"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "qtoolkit",
            "new",
            str(tmp_path / "mine"),
            "--from",
            "tai-2001",
            "--units",
            "甲市，乙市、丙市",
        ],
    )
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capsys.readouterr().out
    assert stop.value.code == 0 and "已新建" in said and "data.csv" in said
    rows = (tmp_path / "mine" / "data.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == ["甲市", "乙市", "丙市"]


def source_with(tmp_path, **parameters):
    """A case folder whose params.yaml says this too."""
    source = new_case(tmp_path / "source", "tai-2001")
    params = source / "params.yaml"
    data = YAML(typ="safe").load(params.read_text(encoding="utf-8")) | parameters
    with params.open("w", encoding="utf-8") as file:
        YAML().dump(data, file)
    return source


def said_by(folder):
    return YAML(typ="safe").load((folder / "params.yaml").read_text(encoding="utf-8"))


def test_tables_of_parameters_never_take_the_place_of_another_file(tmp_path):
    places = ["data.csv", "Data.csv", "scheme.yaml.csv", "a/x.csv", "b/x.csv", "b/X.csv"]
    tables = {f"k{i}": f"sub{i}/{place}" for i, place in enumerate(places)}
    source = source_with(tmp_path, **tables, again="sub3/a/x.csv")
    for i, path in enumerate(tables.values()):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(f"table {i}", encoding="utf-8")
    data = (source / "data.csv").read_bytes()
    made = tmp_path / "made"
    # no notebook declares these knobs: nothing is left behind
    with pytest.raises(InputError, match="没有这个参数"):
        new_case(made, source)
    assert not made.exists()
    names_ = _Names(*RESERVED)
    found = [
        names_.of(source / "data.csv", "data.csv"),
        *(names_.of(source / path) for path in tables.values()),
    ]
    assert len({name.casefold() for name in found}) == len(found) == len(tables) + 1
    assert names_.of(source / tables["k3"]) == found[4]  # one file, one name
    assert (source / "data.csv").read_bytes() == data


def test_a_table_called_as_the_data_leaves_the_data_alone(tmp_path):
    source = new_case(tmp_path / "source", "city-2026")
    (source / "past").mkdir()
    (source / "past" / "data.csv").write_text("unit,2024,2025\n甲市,A,B\n", encoding="utf-8")
    params = source / "params.yaml"
    text = params.read_text(encoding="utf-8")
    text = text.replace("notebooks: [", "history: past/data.csv\nnotebooks: [05_comparison, ")
    params.write_text(text, encoding="utf-8")
    made = new_case(tmp_path / "made", source)
    assert (made / "data.csv").read_bytes() == (source / "data.csv").read_bytes()
    assert (made / said_by(made)["history"]).read_bytes() == (
        source / "past" / "data.csv"
    ).read_bytes()


def test_parameters_come_along(tmp_path):
    """Changes to the scheme, the seed and last year's case: the new case gives the same scores and
    grades."""
    best = qt.read_case("tai-2001").scheme.grades[0]
    changes = {f"cutoffs.{best.id}": best.cutoff + 0.5}
    source = source_with(tmp_path, changes=changes, seed=7, previous="last")
    last = new_case(source / "last", "tai-2001")
    (last / "params.yaml").write_text("scheme: scheme.yaml\ndata: data.csv\n", encoding="utf-8")
    made = new_case(tmp_path / "made", source)
    shutil.rmtree(source)
    ready = plan(made)
    assert ready.parameters.changes == changes and ready.parameters.seed == 7
    assert ready.case.scheme.grades[0].cutoff == best.cutoff + 0.5
    assert ready.case.previous.table.raw.tolist() == qt.read_case("tai-2001").table.raw.tolist()
    assert ready.case.previous.files["data"].is_relative_to(made)
    emptied = new_case(tmp_path / "emptied", made, units=["子市"])
    assert "previous" not in said_by(emptied) and not (emptied / "previous").exists()
    assert "previous" in (emptied / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text", ["甲市\nprevious: ../secret", "no", "1e3", "# x", "a: b", "'\"", "null"]
)
@pytest.mark.parametrize(
    "wrap", [lambda text: text, lambda text: [text, 1], lambda text: {"k": text}]
)
def test_knobs_come_along_as_they_are_and_text_stays_text(tmp_path, text, wrap):
    """Read by a YAML reader of its own: each parameter is what it was, and none came from inside a
    text."""
    source = new_case(tmp_path / "source", "tai-2001")
    case = qt.read_case(source)
    knobs = {"unit": wrap(text)}
    parameters = case.parameters.model_copy(update={"knobs": knobs})
    kept = YAML(typ="safe").load(yaml_of(_kept(replace(case, parameters=parameters), "zh")))
    assert kept["unit"] == wrap(text) and "previous" not in kept


def test_an_empty_folder_that_one_stands_in_is_filled(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(folder)
    before = folder.stat().st_ino
    made = new_case(".", "tai-2001")
    assert made.samefile(folder) and plan(".").case.scheme.id == "mine"
    assert folder.stat().st_ino == before  # the shell that stands in it still does
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "data.csv",
        "params.yaml",
        "scheme.yaml",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("source", CASES)
def test_yaml_to_excel_to_yaml(tmp_path, source):
    """A case's scheme.yaml, as a workbook, and as the scheme.yaml of a case begun from that
    workbook: equal as models."""
    case = qt.read_case(source)
    write_template(case.scheme, tmp_path / "方案.xlsx", case.table)
    folder = new_case(tmp_path / "mine", tmp_path / "方案.xlsx")
    again = plan(folder)
    assert (folder / "scheme.yaml").is_file() and again.case.scheme == case.scheme.model_copy(
        update={"id": "mine"}
    )
    assert again.result.scores.tolist() == qt.assess(case.scheme, case.table).scores.tolist()


def test_the_working_directory_is_a_folder_to_make(tmp_path, monkeypatch):
    here = tmp_path / "mine"
    here.mkdir()
    monkeypatch.chdir(here)
    new_case(".")
    monkeypatch.chdir(tmp_path)
    assert {"params.yaml", "scheme.yaml", "data.csv"} <= {path.name for path in here.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "given",
    [
        {"units": ["甲", "\ud800"]},
        {"name": "a\0b"},
        {"year": "20\x0b26"},
        {"name": "\udcff"},
        {"folder": "a\0b"},
    ],
)
def test_what_no_file_can_hold_is_one_sentence_and_writes_nothing(tmp_path, monkeypatch, given):
    """Bytes of the command line that are no UTF-8 come as halves of characters."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        new_case(**{"folder": "mine", "source": "tai-2001"} | given)
    for language in ("zh", "en"):
        (sentence,) = caught.value.sentences(language)
        assert sentence.encode()
    assert not list(tmp_path.iterdir())


def test_a_case_with_ratings_takes_them_along(tmp_path):
    """Begun from the award: the same marks, the same winners; and as last year's case too."""
    folder = new_case(tmp_path / "mine", "mayor-award", name="某市市长质量奖")
    new, old = qt.read_case(folder), qt.read_case("mayor-award")
    assert new.ratings.frame.equals(old.ratings.frame) and new.ratings.votes.equals(
        old.ratings.votes
    )
    params = folder / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8") + "previous: ../last\n", encoding="utf-8")
    shutil.copytree(old.files["params"].parent, tmp_path / "last")
    scheme = tmp_path / "last" / "scheme.yaml"  # last year another score was asked for
    text = scheme.read_text(encoding="utf-8").replace("cutoff: 600", "cutoff: 590")
    scheme.write_text(text, encoding="utf-8")
    again = new_case(tmp_path / "again", folder)
    assert qt.read_case(again).previous.ratings.frame.equals(old.ratings.frame)


def test_an_award_of_ones_own_starts_without_the_source_s_people(tmp_path):
    folder = new_case(tmp_path / "mine", "mayor-award", units=["甲公司", "乙公司"])
    text = (folder / "scheme.yaml").read_text(encoding="utf-8")
    assert "专家01" not in text and "A公司" not in text and not (folder / "ratings.csv").exists()
    zh, en = refused(qt.read_case, folder)
    assert len(zh) == 1 and names((zh, en), "data.csv", "2", "ratings", "template", "collect")


@pytest.mark.parametrize("given", [{"units": ["甲县", "乙县"]}, {"year": "2027"}, {}])
def test_a_seed_that_is_known_is_not_taken_over(tmp_path, given):
    """Whoever knows the seed before the list is published could choose who is drawn; an unchanged
    copy of a case keeps its draw."""
    source = tmp_path / "source"
    shutil.copytree(qt.read_case("city-2026").files["params"].parent, source)
    path = source / "scheme.yaml"
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    scheme = yaml.load(path.read_text(encoding="utf-8"))
    scheme["verification"] = {"places": 2, "by": "region", "seed": "known"}
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(scheme, file)
    made = new_case(tmp_path / "mine", str(source), **given)
    kept = YAML(typ="safe").load((made / "scheme.yaml").read_text(encoding="utf-8"))
    left = {"places": 2, "by": "region"}
    assert kept["verification"] == (left if given else left | {"seed": "known"})
