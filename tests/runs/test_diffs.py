"""`qtoolkit diff`: two run folders, or two data files of one scheme."""

import csv
import shutil
from hashlib import sha256
from pathlib import Path

import openpyxl
import pytest

import qtoolkit as qt
from qtoolkit.runs import diffs
from tests.runs.tiny import DATA, PARAMS, SCHEME

# =甲市 has 60·1 + 40·0.8 = 92, A; 乙市 30 + 36 = 66, B
LATER = DATA.replace("=甲市,City =1,1,0.8", "=甲市,City =1,0.9,0.8")  # 54 + 32 = 86, B


@pytest.fixture
def case(tmp_path):
    for name, text in (
        ("scheme.yaml", SCHEME),
        ("data.csv", DATA),
        ("later.csv", LATER),
        ("params.yaml", PARAMS.replace("notebooks: [show]\nband: 0.1\n", "")),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_two_files_cell_by_cell_and_what_each_did(case, command):
    zh = command("diff", "data.csv", "later.csv", cwd=case)
    en = command("diff", "data.csv", "later.csv", "--language", "en", cwd=case)
    assert (zh.returncode, en.returncode) == (0, 0)
    assert "模拟数据" in zh.stdout and "Synthetic" in en.stdout
    assert "=甲市、甲：由“1”改为“0.9”（得分由92变为86，等级由A变为B）" in zh.stdout
    assert "from “1” to “0.9” (score from 92 to 86, grade from A to B)" in en.stdout


def test_a_mark_of_a_stage_is_one_change(tmp_path):
    """Three cells of the city's file, each the self-assessment's mark of an indicator with one
    stage: three changes, with what they did; a blank has its name."""
    data = Path(__file__).parents[2] / "params" / "city-2026" / "data.csv"
    with data.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    made, farm = (header.index(f"{name}_pass@self") for name in ("manufacturing", "farm"))
    assert (rows[0][farm], rows[2][farm], rows[11][made]) == ("97.1", "97.5", "94.8")
    for later in (False, True):
        if later:
            rows[0][farm], rows[2][farm], rows[11][made] = "94.1", "未报送", "92.8"
        with (tmp_path / f"{later}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    files = (str(tmp_path / f"{later}.csv") for later in (False, True))
    found = diffs.diff(*files, case="city-2026")
    assert [(row.old.zh, row.new.zh) for row in found.rows] == [
        ("97.1", "94.1"),
        ("97.5", "未报送"),
        ("94.8", "92.8"),
    ]
    assert all(row.item.zh.endswith("（自评）") and row.score for row in found.rows)
    assert next(iter(found.said())) and any("3处不同" in text.zh for text in found.said())


def test_a_mark_that_another_stage_replaced_did_nothing(tmp_path):
    """What a city reported of its works is of no account where the inspection found another."""
    data = Path(__file__).parents[2] / "params" / "city-2026" / "data.csv"
    with data.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    own, seen = (header.index(f"works_pass@{stage}") for stage in ("self", "verified"))
    assert (rows[1][0], rows[1][own]) == ("乙市", "95.5") and rows[1][seen] not in ("", "95.5")
    rows[1][own] = "92.5"
    with (tmp_path / "later.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    found = diffs.diff(str(data), str(tmp_path / "later.csv"), case="city-2026")
    (row,) = found.rows
    assert (row.old.zh, row.new.zh, row.others) == ("95.5", "92.5", ())
    assert any("（得分、位次、等级不变）" in text.zh for text in found.said())
    assert any("(score, rank and grade stay)" in text.en for text in found.said())


def test_nothing_differs(case, command):
    done = command("diff", "data.csv", "data.csv", cwd=case)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "没有不同"


def test_all_rows_are_written_as_text(case, command):
    """A name that begins like a formula is none in the files."""
    for name in ("all.csv", "all.xlsx"):
        assert command("diff", "data.csv", "later.csv", "-o", name, cwd=case).returncode == 0
    with (case / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        header, row = csv.reader(file)
    assert row[1] == "'=甲市" and row[2:7] == ["甲", "1", "0.9", "92.0", "86.0"]
    sheet = openpyxl.load_workbook(case / "all.xlsx").active
    cells = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert cells[0] == header and cells[1][1] == "=甲市" and cells[1][5:7] == [92, 86]
    assert sheet.cell(2, 2).data_type == "s"
    again = command("diff", "data.csv", "later.csv", "-o", "all.csv", cwd=case)
    assert again.returncode == 2 and "all.csv" in again.stderr
    other = command("diff", "data.csv", "later.csv", "-o", "all.txt", cwd=case)
    assert other.returncode == 2 and ".xlsx" in other.stderr


def test_the_case_is_named_or_lies_beside(case, command, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    for name in ("data.csv", "later.csv"):
        (away / name).write_bytes((case / name).read_bytes())
    refused = command("diff", "data.csv", "later.csv", cwd=away)
    assert refused.returncode == 2 and "--case" in refused.stderr and not refused.stdout
    done = command("diff", "data.csv", "later.csv", "--case", str(case), cwd=away)
    assert done.returncode == 0 and "0.9" in done.stdout


def test_units_that_came_and_left_are_named(case):
    (case / "later.csv").write_text(DATA.replace("乙市,City 2", "丙市,City 3"), encoding="utf-8")
    found = diffs.diff(str(case / "data.csv"), str(case / "later.csv"))
    said = [text.zh for text in found.said()]
    assert any("丙市" in line and "“未参评”改为“参评”" in line for line in said)
    assert any("乙市" in line and "“参评”改为“未参评”" in line for line in said)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["data.csv", "."], "两个数据文件"),
        ([".", "."], "manifest.json"),
        (["data.csv", "params.yaml"], "params.yaml"),
        (["data.csv", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_wrong_input_is_one_sentence(case, command, words, sentence):
    done = command("diff", *words, cwd=case)
    assert done.returncode == 2 and sentence in done.stderr and not done.stdout
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_long_summary_is_cut_and_says_so(case):
    rows = [f"u{k},{k / 100},0.5" for k in range(60)]
    changed = [f"u{k},{k / 100},0.6" for k in range(60)]
    for name, lines in (("data.csv", rows), ("later.csv", changed)):
        (case / name).write_text("\n".join(["unit,a,b", *lines]), encoding="utf-8")
    found = diffs.diff(str(case / "data.csv"), str(case / "later.csv"))
    said = [text.zh for text in found.said()]
    assert len(found.rows) == 60 and len(said) <= diffs.SHOWN + 4 and "40" in said[-1]


def run(project, name, **settings):
    return qt.run(
        "params/tiny",
        out=str(project / name),
        formats=(),
        notebook_folder="notebooks",
        set=settings or None,
    )


def test_two_runs(project, here, command):
    """In the second run 甲市's mark is lower, the cutoff is 65 and the band another: 92 at 90 is A,
    86 at 65 is A; 乙市's 66 becomes A by the cutoff alone."""
    run(project, "one")
    (project / "params" / "tiny" / "data.csv").write_text(LATER, encoding="utf-8")
    run(project, "two", **{"cutoffs.A": 65, "band": 0.2})
    done = command("diff", "one", "two", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "band：由“0.1”改为“0.2”" in done.stdout
    assert "grades.A.cutoff：由“90”改为“65”" in done.stdout
    assert "=甲市、甲：由“1”改为“0.9”（得分由92变为86）" in done.stdout
    assert "=甲市：得分由92变为86；原因：数据" in done.stdout
    assert "乙市：等级由B变为A；原因：分数线" in done.stdout
    assert command("diff", "one", "one", cwd=project).stdout.splitlines()[-1] == "没有不同"
    assert "其他文件" not in done.stdout
    with (project / "two" / "case" / "data.csv").open("a", encoding="utf-8") as file:
        file.write("丙市,City 3,1,1\n")
    tampered = command("diff", "one", "two", cwd=project)
    assert tampered.returncode == 2 and "data.csv" in tampered.stderr and not tampered.stdout


def test_files_that_are_not_compared_item_by_item_are_named(project, here, command):
    """Last year's data differ, and nothing else: nobody's result does, and it is said."""
    tiny = project / "params" / "tiny"
    (tiny / "before").mkdir()
    shutil.copy(tiny / "scheme.yaml", tiny / "before")
    last = [f"unit,a,b\n=甲市,0.7,{mark}\n乙市,0.4,0.8\n" for mark in (0.6, 0.5)]
    (tiny / "before" / "data.csv").write_text(last[0], encoding="utf-8")
    plain = "scheme: scheme.yaml\ndata: data.csv\n"
    (tiny / "before" / "params.yaml").write_text(plain, encoding="utf-8")
    with (tiny / "params.yaml").open("a", encoding="utf-8") as file:
        file.write("previous: before\n")
    run(project, "one")
    (tiny / "before" / "data.csv").write_text(last[1], encoding="utf-8")
    run(project, "two")
    prints = [sha256(text.encode()).hexdigest()[:12] for text in last]
    done = command("diff", "one", "two", cwd=project)
    assert done.stdout.splitlines()[-2:] == [
        "其他文件（只比较指纹SHA-256）：1处不同",
        f"  before/data.csv：由“{prints[0]}”改为“{prints[1]}”",
    ], done.stdout
    assert "没有不同" not in done.stdout
