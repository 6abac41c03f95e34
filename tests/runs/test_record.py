"""The record of trials: a run with changes is on it, and a terminal shows it; a run never fails for
it."""

import json

import pytest
from rich.cells import cell_len

from qtoolkit.errors import WorkError
from qtoolkit.runs import record
from qtoolkit.runs import run as running
from qtoolkit.runs.executors import Workers
from qtoolkit.runs.run import carry_out
from qtoolkit.trials import COLUMNS, NAME, append, read_trials
from tests.runs.tiny import listing, planned, run

OPTIONS = {"formats": ["html"], "notebooks": ["show"]}
TINY = "params/tiny"


def carried(project, settings, told):
    """A run of the tiny case, and what it tells."""
    return carry_out(planned(TINY, settings, **OPTIONS), None, Workers(), lambda *_: None, told)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_run_with_changes_is_a_row(project, here, language):
    """甲 60 and 乙 40 points: 92 and 66. With A from 60 the second is an A; with 80 and 20 points
    96 and 58, a B again."""
    run(TINY, set={"cutoffs.A": 60}, language=language, **OPTIONS)
    run(TINY, set={"points.甲": 80, "cutoffs.A": 60}, language=language, **OPTIONS)
    run(TINY, set={"grades.A.quota": 0.25, "aggregation.total": 0}, language=language, **OPTIONS)
    frame = read_trials(project / TINY)
    zh = language == "zh"
    assert frame["how"].unique().tolist() == ["运行" if zh else "run"]
    assert frame["scheme"].unique().tolist() == ["tiny"]
    assert frame["moved"].tolist()[:2] == [
        "A分数线 90→60" if zh else "cutoff of A 90→60",
        "“甲”60→80分、A分数线 90→60" if zh else "“A” 60→80 points, cutoff of A 90→60",
    ]
    aggregation = "aggregation.total 改为 0" if zh else "aggregation.total is now 0"
    quota = "A名额 不限→25%" if zh else "quota of A no limit→25%"
    assert frame["moved"][2] in [
        (", ", "、")[zh].join(x) for x in ((quota, aggregation), (aggregation, quota))
    ]
    one, two = ("乙市 B→A", "=甲市 A→B") if zh else ("City 2 B→A", "City =1 A→B")
    assert frame["effect"].tolist() == [one, "", two]
    assert frame["changed"].tolist() == [1, 0, 1]
    assert frame["counts"].tolist() == ["A:2 B:0", "A:1 B:1", "A:0 B:2"]
    assert frame["changes"].tolist()[:2] == [
        {"cutoffs.A": 60},
        {"points.a": 80, "cutoffs.A": 60},  # by ids, as the panel has them
    ]
    assert frame["names"].all()


def test_changes_of_the_params_yaml_are_compared_with_the_written_scheme(project, here):
    path = project / TINY / "params.yaml"
    path.write_text(path.read_text() + "changes: {cutoffs.A: 60}\n")
    run(TINY, **OPTIONS)
    run(TINY, set={"points.a": 80}, **OPTIONS)
    frame = read_trials(project / TINY)
    assert frame["effect"].tolist() == ["乙市 B→A", ""]
    assert frame["changes"].tolist() == [{"cutoffs.A": 60}, {"cutoffs.A": 60, "points.a": 80}]


def test_a_run_that_was_there_already_adds_none_and_one_without_changes_neither(project, here):
    told = []
    carried(project, {"cutoffs.A": 60}, told.append)
    before = (project / TINY / NAME).read_bytes()
    for settings in ({"cutoffs.A": 60}, {}, {"band": 0.2}):
        carried(project, settings, told.append)
    assert (project / TINY / NAME).read_bytes() == before and told == []


def test_the_record_is_no_input_of_a_run(project, here):
    plan = planned(TINY, {"cutoffs.A": 60}, **OPTIONS)
    content = plan.content()
    folder = run(TINY, set={"cutoffs.A": 60}, **OPTIONS)
    assert (project / TINY / NAME).is_file()
    assert planned(TINY, {"cutoffs.A": 60}, **OPTIONS).content() == content
    assert not [name for name in listing(folder) if NAME in name]
    assert not list((project / "runs").glob(f"**/{NAME}"))


def test_both_grades_are_of_the_data_that_the_run_has_read(project, here):
    """Data that are mended while a run lasts are those of the next one."""
    plan = planned(TINY, {"cutoffs.A": 60}, **OPTIONS)
    data = project / TINY / "data.csv"
    data.write_text(data.read_text("utf-8").replace("0.5,0.9", "0,0"), encoding="utf-8")
    assert record.note(plan) is None
    assert read_trials(project / TINY)["effect"].tolist() == ["乙市 B→A"]


def test_a_run_that_fails_adds_none(project, monkeypatch):
    failure = WorkError(record.NO_PLACE)
    monkeypatch.setattr(running, "write", lambda *_: [failure])
    with pytest.raises(WorkError):
        run(TINY, set={"cutoffs.A": 60}, **OPTIONS)
    assert not (project / TINY / NAME).exists()


IN_THE_WAY = {
    "a folder": None,
    "another table": b"unit,a,b\nx,1,2\n",
    "a workbook": b"PK\x03\x04" + bytes(range(256)),
    "utf-16": "时间,方式".encode("utf-16"),
}


@pytest.mark.parametrize("name", IN_THE_WAY)
def test_what_cannot_be_recorded_is_one_sentence_and_the_run_succeeds(project, here, name):
    path, data = project / TINY / NAME, IN_THE_WAY[name]
    path.mkdir() if data is None else path.write_bytes(data)
    told = []
    folder, already = carried(project, {"cutoffs.A": 60}, told.append)
    assert (folder / "manifest.json").is_file() and not already
    assert path.is_dir() if data is None else path.read_bytes() == data
    (text,) = told
    assert text.zh.startswith("本次运行没有记入试算记录：") and NAME in text.zh
    assert text.en.startswith("this run is not on the record of trials: ") and NAME in text.en


def test_a_folder_that_cannot_be_written(project, here, monkeypatch):
    usual = type(project).open

    def refuse(self, mode="r", *arguments, **options):
        if self.name == NAME:
            raise PermissionError(13, "Permission denied", str(self))
        return usual(self, mode, *arguments, **options)

    monkeypatch.setattr(type(project), "open", refuse)
    told = []
    carried(project, {"cutoffs.A": 60}, told.append)
    assert [str(project / TINY / NAME) in t.zh and "Permission denied" in t.en for t in told] == [
        True
    ]


def test_nothing_is_written_beside_the_toolkits_own_cases(project, here, monkeypatch):
    monkeypatch.setattr("qtoolkit.trials.packaged_cases", lambda: project / "params")
    told = []
    carried(project, {"cutoffs.A": 60}, told.append)
    assert not (project / TINY / NAME).exists()
    assert [text.en.endswith(record.NO_PLACE.en) for text in told] == [True]


def test_it_goes_on_in_what_excel_made_of_it(project, here):
    run(TINY, set={"cutoffs.A": 60}, **OPTIONS)
    path = project / TINY / NAME
    saved = path.read_bytes().decode("utf-8-sig").replace("\n", "\r\n").encode("gb18030")
    path.write_bytes(saved[:-2])  # and without the last line's end
    run(TINY, set={"cutoffs.A": 61}, **OPTIONS)
    assert path.read_bytes().startswith(saved[:-2])
    assert read_trials(path)["moved"].tolist() == ["A分数线 90→60", "A分数线 90→61"]


LONG = "、".join(f"第{k}县 A→B" for k in range(60))
ROW = {
    "time": "2026-01-02T03:04:05+08:00",
    "how": "运行",
    "scheme": "city",
    "moved": "“质量诚信建设”5→4分、A级分数线 90→88",
    "effect": LONG,
    "changed": "60",
    "counts": "A:1 B:2 C:3",
    "changes": json.dumps({"points.credit": 4}),
    "names": "是",
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [80, 40, 20, None])
def test_a_terminal_shows_all_of_it_within_its_width(tmp_path, language, width):
    path = tmp_path / NAME
    append(path, ROW, "zh")
    append(path, ROW | {"how": "by hand", "names": "否", "changed": "0", "effect": ""}, "zh")
    lines = list(record.printed(path, read_trials(path), language, width))
    if width is None:
        assert len(lines) == 11  # a heading; a blank line and four lines a trial
        assert any(line.endswith(LONG) for line in lines)
    else:
        assert max(map(cell_len, lines)) <= width
    whole = "".join("".join(lines).split())
    for part in (LONG, ROW["moved"], "2026-01-0203:04:05+08:00", ROW["counts"]):
        assert "".join(part.split()) in whole
    words = (
        ("运行", "手工调整", "名称未显示") if language == "zh" else ("run", "by hand", "without")
    )
    places = [whole.index("".join(word.split())) for word in words]
    assert places == sorted(places)  # the oldest first


def test_every_column_is_told():
    """But the changes as parameters, which the words say."""
    assert set(COLUMNS) == {*ROW}
