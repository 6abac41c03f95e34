"""Files made to fill the memory or the time of whoever opens them, and workbooks whose parts
contradict each other.

What could hang or fill the memory is read in a process of its own, which has 1 GB beyond what the
interpreter with numpy, scipy and pandas takes, within 10 s of processor time each.
"""

import io
import struct
import zipfile
from collections import Counter

import pytest

from qtoolkit.inputs.files import read_rows
from qtoolkit.inputs.yamltext import parse_yaml
from qtoolkit.workbooks.schemebook import read_scheme_book
from tests.hostile.helpers import SOUND, parts_of, read_in_little_memory, sheet, workbook, zipped
from tests.inputs.helpers import names, refused

SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    + "]>"
)


def text_cells(count):
    return "".join(
        f'<row r="{i}">' + '<c t="s"><v>0</v></c>' * 10 + "</row>"
        for i in range(1, count // 10 + 1)
    )


WORKBOOKS = {
    "one cell at the far corner": (
        lambda: workbook(sheet(SOUND + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
        "XFD1048576",
    ),
    "160 MB of blanks": (
        lambda: zipped(parts_of("") | {SHEET: sheet(" " * 160_000_000)}),
        "150,000,000",
    ),
    "a million million laughs": (
        lambda: workbook(
            sheet('<row r="1"><c r="A1" t="str"><v>&l9;</v></c></row>', doctype=LAUGHS)
        ),
        "DOCTYPE",
    ),
    "one text of 32,000 characters in 100,000 cells": (
        lambda: workbook(
            sheet(text_cells(100_000)), strings="<si><t>" + "字" * 32_000 + "</t></si>"
        ),
        "3,200,000,000",
    ),
    "cells never closed": (
        lambda: workbook(sheet('<row r="1">' + '<c r="A1">' * 500_000)),
        "not a sound",
    ),
    "values in values": (
        lambda: workbook(
            sheet('<row><c r="A1">' + "<v>" * 500_000 + "</v>" * 500_000 + "</c></row>")
        ),
        "two values",
    ),
    "a style sheet without an end": (
        lambda: zipped(
            parts_of(sheet(SOUND)) | {"xl/styles.xml": "<styleSheet><cellXfs>" + "<xf " * 1_000_000}
        ),
        "not a sound",
    ),
}


def test_workbooks_that_grow(tmp_path):
    """Seven workbooks, each refused."""
    paths = [tmp_path / f"{n}.xlsx" for n in range(len(WORKBOOKS))]
    for path, (make, _) in zip(paths, WORKBOOKS.values(), strict=True):
        path.write_bytes(make())
    said = read_in_little_memory("files.read_rows(path)", *paths)
    assert len(said) == len(WORKBOOKS)
    for (name, (_, part)), line, path in zip(WORKBOOKS.items(), said, paths, strict=True):
        assert line.startswith("1 ") and path.name in line and part in line, (name, line)


TEXTS = {
    "39 MB on one line": (b"unit,a\n" + b"x" * 39_000_000, "too long"),
    "a million columns": (b"unit" + b",a" * 1_000_000, "columns: found 1,000,001"),
    "19 million columns": (b"unit" + b",a" * 19_000_000, "commas: found 19,000,000"),
    "ten million rows": (b"unit,a\n" + b"x,\n" * 10**7, "lines: found 10,000,001"),
    "a quoted cell that never ends": (b'unit,a\n"' + b"x\n" * 490_000, "too long"),
    "blank cells up to the limit of commas": (b"unit,a\n1,1" + b"," * 7_900_000 + b"1", "columns"),
    "characters of four bytes": (b"unit,a\n" + "\U00020000".encode() * 9_000_000, "too long"),
    "more bytes than the limit": (b"\n" * 40_000_001, "40,000,000"),
}


def test_text_files_that_grow(tmp_path):
    """Eight CSV files, each refused."""
    paths = [tmp_path / f"{n}.csv" for n in range(len(TEXTS))]
    for path, (data, _) in zip(paths, TEXTS.values(), strict=True):
        path.write_bytes(data)
    said = read_in_little_memory("files.read_rows(path)", *paths)
    for (name, (_, part)), line, path in zip(TEXTS.items(), said, paths, strict=True):
        assert line.startswith("1 ") and path.name in line and part in line, (name, line)


def test_yaml_that_grows(tmp_path):
    """Three documents within the limit of bytes: brackets, aliases, keys."""
    documents = {
        "[" * 900_000: "100,000",
        "a: &a [x]\nb: [\n" + "*a,\n" * 10_000 + "]": "anchors and aliases",
        "".join(f"k{i}: 1\n" for i in range(10_000)): "this key is missing",
    }
    paths = [tmp_path / f"{n}.yaml" for n in range(len(documents))]
    for path, text in zip(paths, documents, strict=True):
        path.write_text(text, encoding="utf-8")
    said = read_in_little_memory("case.read_scheme(path)", *paths)
    for part, line, path in zip(documents.values(), said, paths, strict=True):
        assert path.name in line and part in line and int(line.split()[0]) <= 5001, line


@pytest.mark.soak
def test_what_is_counted_while_it_is_read(tmp_path):
    """Two million cells at one place, and a hundred thousand values of YAML."""
    book, text = tmp_path / "data.xlsx", tmp_path / "scheme.yaml"
    book.write_bytes(workbook(sheet("<row>" + '<c r="A1"><v>1</v></c>' * 2_000_001 + "</row>")))
    text.write_text("a: [\n" + "x,\n" * 300_000 + "]", encoding="utf-8")
    assert "found 2,000,001" in read_in_little_memory("files.read_rows(path)", book)[0]
    assert (
        "keys and values: found 100,001" in read_in_little_memory("case.read_scheme(path)", text)[0]
    )


@pytest.mark.soak
def test_a_table_at_every_limit_is_read_in_little_memory(tmp_path):
    """Two million cells of a CSV and of a workbook."""
    header = ["unit", *(f"x{j}" for j in range(99))]
    csv, book = tmp_path / "data.csv", tmp_path / "data.xlsx"
    csv.write_text(
        "\n".join([",".join(header), *(f"u{k}" + ",12.345678" * 99 for k in range(19_999))]),
        encoding="utf-8",
    )
    cells = "".join(f'<c t="str"><v>{word}</v></c>' for word in header)
    rows = [
        f'<row r="{k}"><c t="str"><v>u{k}</v></c>' + "<c><v>12.345678</v></c>" * 99 + "</row>"
        for k in range(2, 20_001)
    ]
    book.write_bytes(workbook(sheet(f'<row r="1">{cells}</row>' + "".join(rows))))
    assert read_in_little_memory("files.read_rows(path)", csv, book) == ["read 19999", "read 19999"]


def test_external_entities_are_not_read(tmp_path):
    """A marker file named by an entity, in five parts of a workbook and in UTF-16: its text appears
    nowhere."""
    marker = tmp_path / "secret.txt"
    marker.write_text("MARKER", encoding="utf-8")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{marker.as_uri()}">]>'
    parts = parts_of(sheet(SOUND), strings="<si><t>x</t></si>") | {"xl/styles.xml": "<styleSheet/>"}
    path = tmp_path / "data.xlsx"
    for part in (
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        SHEET,
        "xl/sharedStrings.xml",
        "xl/styles.xml",
    ):
        for encoding in ("utf-8", "utf-16"):
            text = parts[part].replace('<?xml version="1.0" encoding="UTF-8"?>', "")
            text = text.replace("甲", "&e;").replace("<t>x</t>", "<t>&e;</t>")
            path.write_bytes(
                zipped(
                    parts
                    | {
                        part: (
                            f'<?xml version="1.0" encoding="{encoding}"?>' + doctype + text
                        ).encode(encoding)
                    }
                )
            )
            for reader in (read_rows, read_scheme_book):
                found = refused(reader, path)
                assert names(found, "data.xlsx", "DOCTYPE") and "MARKER" not in str(found)


def test_parts_of_a_workbook_that_lie(tmp_path):
    """Seven ways."""
    path, sound = tmp_path / "data.xlsx", parts_of(sheet(SOUND))
    outside = tmp_path.parent / "evil.txt"
    path.write_bytes(zipped(sound | {"../evil.txt": "x", "/etc/evil": "x", "C:\\evil.txt": "x"}))
    # nothing is ever unpacked to a disk
    assert read_rows(path).rows == [["甲", 1.0]] and not outside.exists()

    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for name, part in sound.items():
            archive.writestr(name, part)
        archive.writestr(SHEET, sheet(SOUND.replace("<v>1</v>", "<v>9</v>")))
    path.write_bytes(twice.getvalue())
    names(refused(read_rows, path), "data.xlsx", SHEET)
    path.write_bytes(zipped(sound | {SHEET.upper(): sheet("")}))
    names(refused(read_rows, path), "data.xlsx", SHEET.upper())

    path.write_bytes(zipped({name: part for name, part in sound.items() if name != SHEET}))
    names(refused(read_rows, path), "data.xlsx", "s1", SHEET)

    data = bytearray(zipped(sound))
    for at in places(data, b"PK\x01\x02", SHEET):
        data[at + 8] |= 1  # the flag of encryption
    path.write_bytes(data)
    zh, en = refused(read_rows, path)
    assert "加密" in zh[0] and "encrypted" in en[0] and "data.xlsx" in en[0]

    # check sum, unpacked size (twice), method LZMA
    for offset, value in ((16, 12345), (24, 10), (24, 2**31), (10, 14)):
        data = bytearray(zipped(sound))
        for at in places(data, b"PK\x01\x02", SHEET):
            struct.pack_into("<H" if offset == 10 else "<I", data, at + offset, value)
        path.write_bytes(data)
        zh, en = refused(read_rows, path)
        assert "data.xlsx" in zh[0] and ("not a sound" in en[0] or "150,000,000" in en[0])


def places(data, signature, name):
    """Where the central directory speaks of a part: 46 bytes, then its name."""
    at = data.find(signature)
    while at >= 0:
        if data[at + 46 : at + 46 + len(name)] == name.encode():
            yield at
        at = data.find(signature, at + 4)


def test_a_reader_that_panics_is_a_complaint(tmp_path, monkeypatch):
    import python_calamine

    class PanicException(BaseException):
        pass

    def panic(book):
        raise PanicException("index out of bounds")

    monkeypatch.setattr(
        python_calamine,
        "CalamineWorkbook",
        type("Book", (), {"from_filelike": staticmethod(panic)}),
    )
    path = tmp_path / "data.xlsx"
    path.write_bytes(workbook(sheet(SOUND)))
    names(refused(read_rows, path), "data.xlsx", "Excel")


def test_yaml_runs_no_code(tmp_path):
    """Six tags with which other readers of YAML make objects."""
    marker = tmp_path / "marker"
    for tag in (
        f"!!python/object/apply:pathlib.Path.touch [{marker.as_posix()}]",
        f"!!python/object/apply:os.system ['touch {marker}']",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!!python/object/new:type []",
        "!<tag:yaml.org,2002:python/tuple> []",
    ):
        names(refused(parse_yaml, f"a: {tag}", "x.yaml"), "x.yaml", "#1", "python")
    assert not marker.exists()


def test_the_largest_table_is_checked_within_the_limits(tmp_path):
    """49,999 units with 39 indicators, 1.95 million cells: scored, graded, and every tie and
    whoever is on a cutoff named.

    The sums on paper are whole numbers of .002 points.
    """
    leaves = [f"x{j}" for j in range(39)]
    scheme = ["id: s", "name: s", "total: 78", "rounding: {total: {decimals: 3}}", "indicators:"]
    scheme += [
        f"  - {{id: {leaf}, name: {leaf}, points: 2, rule: {{kind: share}}}}" for leaf in leaves
    ]
    scheme += ["grades: [{id: A, cutoff: 40}, {id: B, cutoff: 0}]", ""]
    shares = [k * 617 % 1000 for k in range(1039)]  # thousandths
    texts = [f"{share / 1000}" for share in shares]
    rows = (f"u{k}," + ",".join(texts[k % 1000 :][:39]) for k in range(49_999))
    (tmp_path / "scheme.yaml").write_text("\n".join(scheme), encoding="utf-8")
    (tmp_path / "data.csv").write_text(
        "\n".join([",".join(["unit", *leaves]), *rows]), encoding="utf-8"
    )
    (tmp_path / "params.yaml").write_text("scheme: scheme.yaml\ndata: data.csv\n", encoding="utf-8")
    sums = Counter(sum(shares[k % 1000 :][:39]) for k in range(49_999))
    (said,) = read_in_little_memory("SimpleNamespace(rows=plan(path).result.flags)", tmp_path)
    assert said == f"read {len(sums) + sums[20_000]}" and min(sums.values()) > 40


STRINGS = "<si><t>unit</t></si><si><t>甲市</t></si>"


@pytest.mark.parametrize(
    "number", ["-1", "1.0", "0x1", "\uff11", " 1", "1e0", "1<!-- -->", "", "&#49;"]
)
def test_a_cell_that_does_not_say_which_text_it_shows_is_refused(tmp_path, number):
    """Nine spellings: a reader takes the first text of the workbook for what it cannot read."""
    path = tmp_path / "data.xlsx"
    for more in ("", ' s="0"'):
        cell = f'<c r="A2" t="s"{more}><v>%s</v></c>'
        rows = SOUND.replace('<c r="A2" t="str"><v>甲</v></c>', cell)
        path.write_bytes(workbook(sheet(rows % number), strings=STRINGS))
        (sentence,) = refused(read_rows, path)[1]
        assert "data.xlsx" in sentence and "A2" in sentence
        path.write_bytes(workbook(sheet(rows % "1"), strings=STRINGS))
        assert read_rows(path).rows == [["甲市", 1.0]]


@pytest.mark.parametrize("where", ["after", "before", "twice"])
def test_rows_that_a_reader_would_leave_out_are_refused(tmp_path, where):
    """A second table of data in the sheet, or rows before it: three sheets."""
    path, more = (
        tmp_path / "data.xlsx",
        '<row r="4"><c r="A4" t="str"><v>乙</v></c><c r="B4"><v>1</v></c></row>',
    )
    whole = sheet(SOUND)
    text = {
        "after": whole.replace("</sheetData>", f"</sheetData><sheetData>{more}</sheetData>"),
        "before": whole.replace("<sheetData>", f"{more}<sheetData>"),
        "twice": whole.replace("<sheetData>", f"<sheetData>{more}</sheetData><sheetData>"),
    }[where]
    path.write_bytes(workbook(text))
    (sentence,) = refused(read_rows, path)[1]
    assert "data.xlsx" in sentence and "not a sound Excel workbook" in sentence
