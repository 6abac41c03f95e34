"""`qtoolkit draw`: what is published, the draw, and whether a printed one is genuine."""

import hashlib
import subprocess

import openpyxl
import pytest

from qtoolkit.inputs.case import read_case
from qtoolkit.runs import draws
from qtoolkit.verification import draw, list_hash
from tests.inputs.test_verification import DATA, HASH, REGIONS, SCHEME, UNITS

NAMES = ["甲市", "=1+1", "it's $x", "乙 市", "丙市"]


def lines(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def write_case(folder, verification=""):
    (folder / "scheme.yaml").write_text(SCHEME + verification, encoding="utf-8")
    (folder / "data.csv").write_text(DATA, encoding="utf-8")
    (folder / "params.yaml").write_text("scheme: scheme.yaml\ndata: data.csv\n", encoding="utf-8")


def test_before_the_seed_only_the_list_and_the_places(command, tmp_path):
    write_case(tmp_path)
    zh = command("draw", ".", "--places", "3", "--by", "region", cwd=tmp_path)
    en = command("draw", ".", "--places", "3", "--by", "片区", "--language", "en", cwd=tmp_path)
    assert HASH in lines(zh)[0] and HASH in lines(en)[0] and "4 units" in en.stdout
    assert "1.50" in zh.stdout and "sha256sum" not in zh.stdout
    assert not any(unit in zh.stdout for unit in UNITS)


def test_the_printed_recipe_repeats_what_is_printed(command, tmp_path):
    write_case(tmp_path, f"verification: {{places: 2, by: region, seed: '007', list_hash: {HASH}}}")
    made = draw(UNITS, 2, "007", REGIONS)
    printed = lines(command("draw", ".", cwd=tmp_path))
    text = "\n".join(printed)
    assert all(f". {unit} [" in text for unit in made.drawn) and made.list_hash in printed[0]
    assert lines(command("draw", ".", "-o", "list.txt", cwd=tmp_path))[-1].endswith("list.txt")
    assert hashlib.sha256((tmp_path / "list.txt").read_bytes()).hexdigest() == HASH
    script = text[text.index("export LC_ALL=C") : text.index("places.txt hashes.txt") + 22]
    done = subprocess.run(["sh"], input=script.encode(), cwd=tmp_path, capture_output=True)
    assert done.stdout.decode().splitlines()[1:] == made.drawn


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ending", ["csv", "txt"])
def test_a_list_by_itself(command, tmp_path, encoding, ending):
    head = "序号,单位名称\n" if ending == "csv" else ""
    rows = [f"{i},{name}" if head else name for i, name in enumerate(NAMES, 1)]
    path = tmp_path / f"units.{ending}"
    path.write_bytes((head + "\r\n".join(rows) + "\r\n").encode(encoding))
    made = draw(NAMES, 3, "s")
    printed = lines(command("draw", path.name, "--places", "3", "--seed", "s", cwd=tmp_path))
    assert list_hash(NAMES) in printed[0]
    assert [line.split(". ", 1)[1].rsplit("  ", 1)[0] for line in printed[1:4]] == made.drawn


def test_the_file_of_a_list_is_a_list(command, tmp_path):
    write_case(tmp_path)
    command("draw", ".", "--by", "region", "-o", "list.txt", cwd=tmp_path)
    assert HASH in lines(command("draw", "list.txt", cwd=tmp_path))[0]
    command("draw", ".", "-o", "plain.txt", cwd=tmp_path)
    assert list_hash(UNITS) in lines(command("draw", "plain.txt", cwd=tmp_path))[0]


def test_a_written_draw_is_genuine_and_a_changed_one_is_not(command, tmp_path):
    (tmp_path / "units.txt").write_text("\n".join(NAMES), encoding="utf-8")
    call = ("draw", "units.txt", "--places", "3", "--seed", "s")
    lines(command(*call, "-o", "drawn.csv", cwd=tmp_path))
    text = (tmp_path / "drawn.csv").read_text("utf-8-sig")
    made = draw(NAMES, 3, "s")
    assert "=1+1" not in made.drawn or "'=1+1" in text
    assert "3家" in lines(command(*call, "--check", "drawn.csv", cwd=tmp_path))[0]
    other = next(name for name in NAMES if name not in made.drawn)
    (tmp_path / "forged.csv").write_text(text.replace(made.drawn[1], other), encoding="utf-8")
    done = command(*call, "--check", "forged.csv", cwd=tmp_path)
    assert done.returncode == 1 and made.drawn[1] in done.stdout and other in done.stdout
    assert "forged.csv" in done.stderr
    english = command(*call, "--check", "forged.csv", "--language", "en", cwd=tmp_path)
    assert english.returncode == 1 and "was not drawn" in english.stdout
    (tmp_path / "drawn.txt").write_text("\n".join(made.drawn), encoding="gb18030")
    assert command(*call, "--check", "drawn.txt", cwd=tmp_path).returncode == 0
    book = openpyxl.Workbook()
    book.active.append(["名单"])
    for i, name in enumerate(made.drawn):
        book.active.append([i])
        book.active.cell(i + 2, 2).value = name
        book.active.cell(i + 2, 2).data_type = "s"
    book.save(tmp_path / "drawn.xlsx")
    assert command(*call, "--check", "drawn.xlsx", cwd=tmp_path).returncode == 0
    (tmp_path / "none.txt").write_text("某某\n", encoding="utf-8")
    assert command(*call, "--check", "none.txt", cwd=tmp_path).returncode == 2


def test_every_drawn_formula_is_written_as_text(command, tmp_path):
    (tmp_path / "units.txt").write_text("=1+1\n@x\n-y\n+z\n", encoding="utf-8")
    call = ("draw", "units.txt", "--places", "4", "--seed", "s")
    lines(command(*call, "-o", "drawn.csv", cwd=tmp_path))
    text = (tmp_path / "drawn.csv").read_text("utf-8-sig")
    assert all(f",'{name}," in text for name in ("=1+1", "@x", "-y", "+z"))
    assert command(*call, "--check", "drawn.csv", cwd=tmp_path).returncode == 0


def test_a_published_hash_of_another_list(command, tmp_path):
    (tmp_path / "units.txt").write_text("\n".join(NAMES), encoding="utf-8")
    call = ("draw", "units.txt", "--places", "3", "--seed", "s")
    lines(command(*call, "-o", "drawn.csv", "--hash", list_hash(NAMES).upper(), cwd=tmp_path))
    wrong = command(*call, "--hash", HASH, cwd=tmp_path)
    assert wrong.returncode == 2 and HASH in wrong.stderr and list_hash(NAMES) in wrong.stderr
    check = command(*call, "--hash", HASH, "--check", "drawn.csv", cwd=tmp_path)
    assert check.returncode == 1 and HASH in check.stdout


def test_units_that_are_not_assessed_are_named(command, tmp_path):
    """Tibet has no data in this case, so that it is not in the list."""
    done = command("draw", "provinces-2008", "--places", "18", "--by", "region", cwd=tmp_path)
    assert "西藏" in lines(done)[0]


@pytest.mark.parametrize(
    ("text", "options", "parts"),
    [
        ("甲\n乙\n甲\n", ["--places", "1"], ["units.txt", "“甲”"]),
        ("甲\n乙\n", ["--places", "3", "--seed", "s"], ["k", "3", "2"]),
        ("甲\n乙\n", ["--places", "0", "--seed", "s"], ["k", "0"]),
        ("甲\n乙\n", ["--seed", "s"], ["units.txt", "--places"]),
        ("甲\n乙\n", ["--places", "1", "--seed", " "], ["种子"]),
        ("甲\n乙\n", ["--places", "1", "--seed", "a\tb"], ["种子", "U+0009"]),
        ("甲\n乙\n", ["--places", "1", "-o", "x.csv"], ["--seed"]),
        ("甲\n乙\n", ["--places", "1", "-o", "x.pdf"], ["x.pdf"]),
        ("甲\n乙\n", ["--places", "1", "--check", "x.csv"], ["--seed"]),
        ("甲\n乙\n", ["--places", "1", "--seed", "s", "--check", "x.csv"], ["x.csv"]),
        ("甲\n乙\n", ["--by", "region"], [".csv"]),
        ("", [], ["units.txt", "名单是空的"]),
        ("北\t甲\n乙\n", [], ["units.txt", "第2行"]),
        ("a\tb\tc\n", [], ["units.txt", "第1行", "2个制表符"]),
        ("北\t甲\n\t乙\n", [], ["units.txt", "“乙”没有写明分层"]),
        ("甲\u200b\n", [], ["units.txt", "U+200B"]),
        ("甲\x07\n", [], ["units.txt", "控制字符"]),
    ],
)
def test_what_is_refused_in_one_sentence(command, tmp_path, text, options, parts):
    (tmp_path / "units.txt").write_text(text, encoding="utf-8")
    done = command("draw", "units.txt", *options, cwd=tmp_path)
    assert done.returncode == 2 and not done.stdout
    assert len(done.stderr.splitlines()) == 1 and all(part in done.stderr for part in parts)
    assert [path.name for path in tmp_path.iterdir()] == ["units.txt"]


@pytest.mark.parametrize(
    ("text", "options", "parts"),
    [
        ("名单\n甲\n", [], ["units.csv", "考核对象"]),
        ("unit,region\n甲,北\n,南\n", [], ["units.csv", "第3行", "“unit”"]),
        ("unit,region\n甲,北\n乙,\n", ["--by", "region"], ["units.csv", "第3行", "“region”"]),
        ("unit,region\n甲,北\n", ["--by", "regoin"], ["“regoin”", "“region”"]),
        ("unit\n甲\n甲\n", [], ["units.csv", "“甲”"]),
    ],
)
def test_tables_that_are_refused(command, tmp_path, text, options, parts):
    (tmp_path / "units.csv").write_text(text, encoding="utf-8")
    done = command("draw", "units.csv", *options, cwd=tmp_path)
    assert done.returncode == 2 and all(part in done.stderr for part in parts), done.stderr


def test_nothing_is_written_over(command, tmp_path):
    (tmp_path / "units.txt").write_text("甲\n乙\n", encoding="utf-8")
    done = command("draw", "units.txt", "--places", "1", "-o", "units.txt", cwd=tmp_path)
    assert done.returncode == 2 and (tmp_path / "units.txt").read_text("utf-8") == "甲\n乙\n"


def test_a_column_that_the_data_lack(command, tmp_path):
    write_case(tmp_path)
    done = command("draw", ".", "--places", "2", "--by", "regoin", cwd=tmp_path)
    assert done.returncode == 2 and "“region”" in done.stderr


def test_units_are_drawn_before_their_data_are_in(command, tmp_path):
    write_case(tmp_path, "verification: {places: 2, seed: s}")
    empty = "unit,region,gdp,a@self,b@self\n" + "".join(f"{unit},,,,\n" for unit in UNITS)
    (tmp_path / "data.csv").write_text(empty, encoding="utf-8")
    printed = lines(command("draw", ".", cwd=tmp_path))
    assert list_hash(UNITS) in printed[0]
    assert [line.split(". ")[1].split()[0] for line in printed[1:3]] == draw(UNITS, 2, "s").drawn
    done = command("draw", ".", "--by", "region", cwd=tmp_path)
    assert done.returncode == 2 and "data.csv" in done.stderr
    scheme = f"{SCHEME}verification: {{places: 2, seed: s, list_hash: {HASH}}}"
    (tmp_path / "scheme.yaml").write_text(scheme, encoding="utf-8")
    done = command("draw", ".", cwd=tmp_path)
    assert done.returncode == 2 and HASH in done.stderr


def test_strata_called_as_units_are_not_taken_for_them(tmp_path):
    path = tmp_path / "drawn.csv"
    path.write_text("分层,考核对象\n乙市,甲市\n丙市,丙市\n", encoding="utf-8")
    made = draws.Asked("list", ("甲市", "乙市", "丙市"), dict.fromkeys(("甲市", "乙市"), "乙市"))
    assert draws.printed_names(path, made) == ["甲市", "丙市"]
    path.write_text("乙市,甲市\n丙市,丙市\n", encoding="utf-8")
    assert draws.printed_names(path, made) == ["乙市", "丙市"]


def test_items_to_look_into_are_printed_beside_the_draw(command, tmp_path):
    """One of the indicators at each unit, by hand from their names."""
    plan = "verification: {places: 2, seed: '007', items: 1}"
    write_case(tmp_path, plan)
    printed = lines(command("draw", ".", cwd=tmp_path))
    scheme = read_case(tmp_path).scheme
    names = [leaf.name.zh for leaf in scheme.leaves]
    for unit in draw(UNITS, 2, "007").drawn:
        hashes = {n: hashlib.sha256(f"007\n{unit}\n{n}".encode()).hexdigest() for n in names}
        assert f"  {unit}：{min(names, key=hashes.get)}" in printed
