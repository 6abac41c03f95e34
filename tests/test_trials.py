"""The record of trials: appended to whatever Excel or a power cut made of it, read back equal,
refused in one sentence."""

import csv
import errno
import io
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit import trials
from qtoolkit.errors import InputError, WorkError
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.language import Text
from qtoolkit.trials import COLUMNS, NAME, append, fitting, read_trials
from tests.examples import share
from tests.tuning.sessions import flat_session

HEADER = {
    "zh": "时间,方式,方案,调整内容,等级变化（与写定方案相比）,等级改变家数,各等级家数,"
    "改动（参数写法）,是否显示名称",
    "en": "Time,How,Scheme,What was moved,Grades that change (against the written scheme),"
    "Units whose grade changes,Units in each grade,Changes (as parameters),Names shown",
}
POINTS = {"a": 60, "b": 40}
SHARES = {"东市": [1, 0], "西市": [0.5, 1]}  # 60 and 70 points


def tuned(folder, units=SHARES, **options):
    return flat_session(POINTS, units, folder=folder, **options)


def rows_of(path, encoding="utf-8-sig"):
    """The file as Python's own reader has it."""
    text = path.read_bytes().decode(encoding)
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_trial_is_a_row_below_the_titles(tmp_path, language):
    tuning = tuned(tmp_path, language=language)
    tuning.move("a", 85).show_names().cutoff("A", 71)
    header, first, second = rows_of(tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes().startswith(b"\xef\xbb\xbf")  # Excel knows it by that
    assert header == HEADER[language].split(",")
    zh = language == "zh"
    # 85·1 + 15·0 is an A where 60 was a B; 42.5 + 15 a C where 70 was a B
    assert first[1:] == [
        "手工调整" if zh else "by hand",
        "flat",
        "“a”60→85分（同级指标分摊）" if zh else "“a” 60→85 points (taken up by its siblings)",
        "东市 B→A、西市 B→C" if zh else "东市 B→A, 西市 B→C",
        "2",
        "A:1 B:0 C:1",
        '{"points.a": 85.0, "points.b": 15.0}',
        "否" if zh else "no",
    ]
    assert second[3] == ("A分数线 80→71" if zh else "cutoff of A 80→71")
    assert second[-1] == ("是" if zh else "yes")
    assert json.loads(second[-2]) == {"points.a": 85, "points.b": 15, "cutoffs.A": 71}
    frame = read_trials(tmp_path)
    assert list(frame["changes"]) == list(tuning.trials["changes"])
    assert list(frame["changed"]) == [2, 2]
    assert list(frame["names"]) == [False, True]
    assert frame["moved"].tolist() == tuning.trials["moved"].tolist()
    assert frame.equals(read_trials(tmp_path / NAME))


def saved_by_excel(path, encoding="gb18030", newline="\r\n"):
    """What Excel makes of it: the system's encoding and line ends."""
    text = path.read_bytes().decode("utf-8-sig").replace("\n", newline)
    path.write_bytes(text.encode(encoding))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("encoding", "newline"),
    [("gb18030", "\r\n"), ("utf-8-sig", "\r\n"), ("utf-8", "\n"), ("gb18030", "\r")],
)
def test_it_goes_on_in_the_encoding_that_excel_saved(tmp_path, language, encoding, newline):
    tuning = tuned(tmp_path, language=language).move("a", 85)
    saved_by_excel(tmp_path / NAME, encoding, newline)
    before = (tmp_path / NAME).read_bytes()
    tuning.move("a", 20)
    assert tuning.warning is None
    after = (tmp_path / NAME).read_bytes()
    assert after.startswith(before)
    after.decode(encoding)  # one encoding throughout
    frame = read_trials(tmp_path)
    assert frame["changes"].tolist() == [
        {"points.a": 85.0, "points.b": 15.0},
        {"points.a": 20.0, "points.b": 80.0},
    ]
    assert frame["effect"].tolist() == tuning.show_names().trials["effect"].tolist()


@settings(max_examples=share(60))
@given(st.data())
def test_a_row_that_was_cut_in_mid_write_stands_alone(tmp_path_factory, data):
    """Wherever in the last row the power went: the next row is whole, and the cut one is named."""
    folder = tmp_path_factory.mktemp("cut")
    path = folder / NAME
    units = {'东"市,一': [1, 0], "=西\n市": [0.5, 1]}
    tuning = tuned(folder, units).move("a", 85)
    first = path.read_bytes()
    tuning.move("a", 20)
    whole = path.read_bytes()
    encoding = data.draw(st.sampled_from(["utf-8-sig", "gb18030"]))
    if encoding == "gb18030":
        whole, first = (x.decode("utf-8-sig").encode("gb18030") for x in (whole, first))
    path.write_bytes(whole[: data.draw(st.integers(len(first), len(whole) - 1))])
    tuning.cutoff("A", 75.5)
    assert tuning.warning is None
    rows = rows_of(path, encoding)
    assert rows[-1][3:] == [
        "A分数线 80→75.5",
        "东\"市,一 B→C、'=西\n市 B→A".replace("'", ""),
        "2",
        "A:1 B:0 C:1",
        '{"points.a": 20.0, "points.b": 80.0, "cutoffs.A": 75.5}',
        "否",
    ]
    assert rows[1][7] == '{"points.a": 85.0, "points.b": 15.0}'
    try:
        assert len(read_trials(path)) in (2, 3)
    except InputError as error:  # the row that was cut
        assert [(c.file, c.row) for c in error.complaints] == [(NAME, 4)]
        assert "no whole record" in str(error)


def test_a_file_without_its_last_line_end_goes_on_below(tmp_path):
    tuning = tuned(tmp_path).move("a", 85)
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    tuning.move("a", 20)
    assert len(read_trials(path)) == 2


FOREIGN = {
    "another table": b"unit,a,b\nx,1,2\n",
    "titles of our table, moved": HEADER["en"].replace("Time,How", "How,Time").encode(),
    "fewer titles": "时间,方式\n".encode(),
    "a workbook": b"PK\x03\x04" + bytes(range(256)),
    "utf-16": HEADER["zh"].encode("utf-16"),
    "a blank line": b"\n",
    "one long line": b'"' + b"x" * 200_000,
    "no text": b"\x00\x00\x00",
    "big5": "時間,臺北市,高雄縣,彰化縣,臺灣省政府\n".encode("big5"),
    "lines of an old Mac": "甲,乙\r丙,丁\r".encode(),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_another_file_of_that_name_is_left_alone(tmp_path, name):
    path = tmp_path / NAME
    path.write_bytes(FOREIGN[name])
    tuning = tuned(tmp_path).move("a", 85)
    assert path.read_bytes() == FOREIGN[name]
    assert NAME in tuning.warning.zh and NAME in tuning.warning.en
    assert "\n" not in tuning.warning.en
    with pytest.raises(InputError) as caught:
        read_trials(path)
    assert [complaint.file for complaint in caught.value.complaints] == [NAME]
    # the list is kept, and written in order once the file is gone
    tuning.move("a", 20)
    path.rename(tmp_path / "mine.csv")
    tuning.cutoff("A", 75)
    assert tuning.warning is None
    frame = read_trials(tmp_path)
    assert frame["changes"].tolist() == tuning.trials["changes"].tolist()


def test_what_a_record_would_have_is_said(tmp_path):
    (tmp_path / NAME).write_text("unit,a\n")
    with pytest.raises(InputError, match="Time, How, Scheme, What was moved, Grades that change"):
        read_trials(tmp_path)


def denied(monkeypatch, why=errno.EACCES):
    """The system refuses to open the file for writing (as root no rights stand in the way)."""
    usual = type(trials.Path()).open

    def refuse(self, mode="r", *arguments, **options):
        if self.name == NAME and mode[0] in "aw":
            raise OSError(why, os.strerror(why), str(self))
        return usual(self, mode, *arguments, **options)

    monkeypatch.setattr(type(trials.Path()), "open", refuse)


@pytest.mark.parametrize("exists", [False, True])
def test_a_file_that_cannot_be_written_keeps_the_list(tmp_path, monkeypatch, exists):
    tuning = tuned(tmp_path)
    if exists:
        tuning.move("b", 41)
    before = sorted(tmp_path.iterdir())
    with monkeypatch.context() as patch:
        denied(patch)
        tuning.move("a", 85).move("a", 20)
        assert str(tmp_path / NAME) in tuning.warning.zh
        assert "Permission denied" in tuning.warning.en
        assert sorted(tmp_path.iterdir()) == before
        assert len(tuning.trials) == 2 + exists
    tuning.cutoff("A", 75)
    assert tuning.warning is None
    frame = read_trials(tmp_path)
    assert frame["changes"].tolist() == tuning.trials["changes"].tolist()
    assert frame["time"].tolist() == [
        t.isoformat(timespec="seconds") for t in tuning.trials["time"]
    ]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="no rights that hold here")
def test_a_folder_without_rights(tmp_path):
    tuning = tuned(tmp_path)
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    tuning.move("a", 85)
    assert str(tmp_path / NAME) in tuning.warning.zh
    tmp_path.chmod(stat.S_IRWXU)


def test_a_folder_that_is_gone_or_in_the_way(tmp_path):
    folder = tmp_path / "case"
    tuning = tuned(folder).move("a", 85)
    assert "No such file" in tuning.warning.en
    folder.mkdir()
    (folder / NAME).mkdir()
    tuning.move("a", 20)
    assert "it is a folder" in tuning.warning.en
    (folder / NAME).rmdir()
    tuning.move("a", 30)
    assert tuning.warning is None
    assert len(read_trials(folder)) == 3


def test_a_disk_that_is_full_leaves_no_half_row(tmp_path, monkeypatch):
    tuning = tuned(tmp_path).move("a", 85)
    path = tmp_path / NAME
    before = path.read_bytes()
    usual = type(path).open

    class Full(io.FileIO):
        def write(self, data):
            return super().write(data[:10])

    def full(self, mode="r", *arguments, **options):
        return Full(self, mode) if mode == "ab" else usual(self, mode, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "open", full)
        tuning.move("a", 20)
        assert os.strerror(errno.ENOSPC) in tuning.warning.en
        assert path.read_bytes() == before
    tuning.move("a", 30)
    assert len(read_trials(path)) == 3


def test_a_file_deleted_between_two_trials_is_made_anew(tmp_path):
    tuning = tuned(tmp_path).move("a", 85)
    (tmp_path / NAME).unlink()
    tuning.move("a", 20)
    assert tuning.warning is None
    assert read_trials(tmp_path)["changes"].tolist() == [{"points.a": 20.0, "points.b": 80.0}]
    assert len(tuning.trials) == 2


NAMES = [
    "甲,市",
    '乙"市"',
    "=cmd|' /C calc'!A0",
    "+1",
    "@x",
    "-y",
    "'=z",
    "a\nb",
    "a b",
    "、，",
    "’",
]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_read_back_as_they_are(tmp_path, name):
    tuning = tuned(tmp_path, {name: [1, 0], "other": [0, 0]}).move("a", 85)
    cells = rows_of(tmp_path / NAME)[1]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in cells)
    expected = f"{name} B→A"
    assert tuning.show_names().trials["effect"].tolist() == [expected]
    if not name.startswith("'="):  # our own apostrophe and another look alike
        assert read_trials(tmp_path)["effect"].tolist() == [expected]


@pytest.mark.parametrize("name", ["\ud800x", "a\x00b", "a\x1bb", "a\rb", "a\u2028b", "a\u202eb"])
def test_names_that_no_file_should_hold_do_not_spoil_it(tmp_path, name):
    tuning = tuned(tmp_path, {name: [1, 0], "other": [0, 0]}).move("a", 85).move("a", 20)
    assert tuning.warning is None
    assert read_trials(tmp_path)["changed"].tolist() == [1, 1]


def record(*rows, columns=COLUMNS):
    """A file of these rows below the titles; a row says what is other than in a good one."""
    good = {
        "time": "2026-01-02T03:04:05+08:00",
        "how": "手工调整",
        "scheme": "flat",
        "moved": "x",
        "effect": "",
        "changed": "0",
        "counts": "A:1",
        "changes": "{}",
        "names": "否",
    }
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([COLUMNS[name].zh for name in columns])
    for row in rows:
        writer.writerow([(good | row)[name] for name in columns])
    return out.getvalue().encode("utf-8-sig")


HOSTILE = {
    "no json": {"changes": "{"},
    "NaN": {"changes": '{"points.a": NaN}'},
    "infinity": {"changes": '{"points.a": -Infinity}'},
    "a list": {"changes": "[]"},
    "a list of pairs": {"changes": '[["points.a", 1]]'},
    "a number": {"changes": "1"},
    "null": {"changes": "null"},
    "empty": {"changes": ""},
    "deep": {"changes": '{"a":' * 20_000 + "1" + "}" * 20_000},
    "deep list": {"changes": "[" * 100_000},
    "a huge whole number": {"changes": f'{{"a": {"9" * 5000}}}'},
    "no number of changes": {"changed": "many"},
    "half a change": {"changed": "1.5"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_row_is_one_sentence_with_its_place(tmp_path, name):
    path = tmp_path / NAME
    path.write_bytes(record({}, {"moved": "two\nlines"}, HOSTILE[name]))
    with pytest.raises(InputError) as caught:
        read_trials(path)
    (complaint,) = caught.value.complaints
    assert (complaint.file, complaint.row) == (NAME, 5)
    assert len(complaint.of("en")) < 200


def test_a_row_of_fewer_cells(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(record({}) + "2026,手工调整,flat\r\n".encode())
    with pytest.raises(InputError, match="row 3: this row is no whole record"):
        read_trials(path)


def test_columns_of_the_reader_and_blank_rows_do_not_matter(tmp_path):
    path = tmp_path / NAME
    text = record({}, {}).decode("utf-8-sig").replace("\r\n", ",mine\r\n")
    path.write_bytes((text + ",,,,,,,,,\r\n\r\n").encode("utf-8-sig"))
    assert len(read_trials(path)) == 2


def test_columns_in_another_order_are_refused(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(record({}, columns=["how", "time", *list(COLUMNS)[2:]]))
    with pytest.raises(InputError, match=f"{NAME}, row 1: this is no record"):
        read_trials(path)


def test_40_MB_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / NAME
    with path.open("wb") as file:
        file.write(record({}))
        file.truncate(41_000_000)
    with pytest.raises(InputError, match="bytes of the file: found 41,000,000") as caught:
        read_trials(path)
    assert caught.value.complaints[0].file == NAME
    tuning = tuned(tmp_path).move("a", 85)
    assert "41,000,000" in tuning.warning.en
    assert path.stat().st_size == 41_000_000


@settings(max_examples=share(90))
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_give_a_table_or_a_sentence(tmp_path_factory, data, has_header):
    path = tmp_path_factory.mktemp("any") / NAME
    path.write_bytes((record() if has_header else b"") + data)
    try:
        read_trials(path)
    except InputError as error:
        assert all(complaint.file == NAME for complaint in error.complaints)
    try:
        append(path, dict.fromkeys(COLUMNS, "x"), "zh")
    except (InputError, WorkError) as error:
        assert isinstance(error, InputError)
    else:
        assert path.read_bytes().endswith(b"x,x,x,x,x,x,x,x,x\n")


def test_there_is_no_record(tmp_path):
    with pytest.raises(InputError, match="no record of trials"):
        read_trials(tmp_path)


def test_a_cell_holds_no_more_than_excel_keeps():
    """Excel cuts a cell after 32,767 characters; the changes tell the rest."""
    many = [Text(f"第{k}县 A→B", f"County {k} A→B") for k in range(3000)]
    for text in (fitting(many).zh, fitting(many).en):
        assert 20_000 < len(text) < 32_767
        assert "3000" in text
    assert fitting(many[:3]) == Text(
        "第0县 A→B、第1县 A→B、第2县 A→B", "County 0 A→B, County 1 A→B, County 2 A→B"
    )


def test_nothing_is_written_unless_it_is_asked_for(tmp_path):
    flat_session(POINTS, SHARES).move("a", 85)
    assert list(tmp_path.iterdir()) == []


def test_looking_is_no_trial(tmp_path):
    tuning = tuned(tmp_path)
    tuning.drag("a", 85).drag("a", 70).drag("a", 60).release()
    tuning.lock("a").unlock().undo().redo().reset().go_to(0)
    assert not (tmp_path / NAME).exists()
    assert len(tuning.trials) == 0


def test_a_second_header_is_passed_over(tmp_path):
    """Two sessions that begin a file at the same instant both write one."""
    case = shutil.copytree(packaged_cases() / "tai-2001", tmp_path / "tai-2001")
    for language in ("zh", "en"):
        qt.tuning.Tuning(qt.read_case(case), language=language).move("patents", 20)
    file = case / "trials.csv"
    header, *rows = file.read_text(encoding="utf-8-sig").splitlines()
    for second in (header, f"\ufeff{header}"):
        text = "\n".join([header, rows[0], second, rows[1]])
        file.write_text(text, encoding="utf-8-sig")
        assert len(qt.tuning.read_trials(case)) == 2


WRITER = """
import sys
from pathlib import Path
from qtoolkit.trials import COLUMNS, append

for k in range(40):
    row = dict.fromkeys(COLUMNS, "x") | {"changed": str(k), "changes": "{}", "names": "是"}
    append(Path(sys.argv[1]), row | {"how": sys.argv[2], "effect": "县" * 3000}, "zh")
"""


def test_two_runs_at_the_same_time_tear_no_row(tmp_path):
    """Each row is one write: of two processes that write at once every row is whole, and those of
    each stand in their order."""
    path = tmp_path / NAME
    command = [sys.executable, "-c", WRITER, str(path)]
    environment = os.environ | {"PYTHONPATH": str(Path(qt.__file__).parents[1])}
    writers = [subprocess.Popen([*command, who], env=environment) for who in ("a", "b")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    frame = read_trials(path)
    for who in ("a", "b"):
        assert frame["changed"][frame["how"] == who].tolist() == list(range(40))
    assert frame["effect"].map(len).eq(3000).all()
