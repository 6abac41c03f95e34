"""Bytes to rows: encodings, broken CSV, headers, ragged rows."""

import os

import pytest

from qtoolkit.inputs.files import read_bytes, read_rows, read_text
from tests.inputs.helpers import names, refused


@pytest.fixture
def csv(tmp_path):
    def write(content: str | bytes, name: str = "data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(csv, encoding, newline):
    rows = read_rows(csv(newline.join(["unit,数值", "甲市,1", "乙市,2", ""]).encode(encoding)))
    assert (
        rows.header == ["unit", "数值"]
        and rows.rows == [["甲市", "1"], ["乙市", "2"]]
        and rows.numbers == [2, 3]
    )


@pytest.mark.parametrize(
    "content",
    [
        "unit,数值\n甲市,1\n".encode("utf-16"),
        "unit,数值\n甲市,1\n".encode("utf-16-le"),
        "unit,数值\n甲市,1\n".encode("utf-32"),
        b"\xef\xbb\xbf" + "unit,数值\n".encode("gb18030"),
        # damaged UTF-8, no mojibake
        "unit,数值\n甲市,1\n".encode().replace("值".encode(), "值".encode()[:2]),
        "unit,数值\n甲市,1\n乙市,2\n丙".encode()[:-1],
        b"unit,a\n\x00\x01,1\n",
        b"\xff\xfe\xff",
    ],
)
def test_other_encodings_are_refused(csv, content):
    names(refused(read_rows, csv(content)), "data.csv", "UTF-8", "GB18030")


def test_a_doubled_byte_order_mark_is_no_part_of_the_first_header(csv):
    assert read_rows(csv("\ufeff\ufeffunit,a\n甲,1\n".encode())).header == ["unit", "a"]


def test_an_invisible_character_in_a_header_is_shown(csv):
    # the table then names it, escaped
    assert read_rows(csv("unit,a\u200b\n甲,1\n")).header == ["unit", "a\u200b"]


def test_quoted_newlines_comments_and_blank_rows_keep_the_file_s_row_numbers(csv):
    text = (
        '# a comment, with a lone " mark\n#\n\nunit,note,a\n甲,"two\r\nlines",1\n,,\n乙,"say '
        '""hi"", he",2\n  ,\t,\n丙,x,3\n'
    )
    rows = read_rows(csv(text))
    assert rows.head == 4 and rows.numbers == [5, 8, 10]
    assert rows.rows == [["甲", "two\nlines", "1"], ["乙", 'say "hi", he', "2"], ["丙", "x", "3"]]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["data.csv", ""]),
        ("\n\n , \n", ["data.csv"]),
        ("# only a comment\n", ["data.csv"]),
        ("unit,a\n", ["data.csv", "#1"]),
        ("unit,a,a\n甲,1,2\n", ["data.csv", "#1", "“a”"]),
        ("unit,,a\n甲,1,2\n", ["data.csv", "#1", "2"]),
        ("unit,a\n甲,1\n乙\n", ["data.csv", "#3", "1", "2"]),
        ("unit,a\n甲,1,9\n", ["data.csv", "#2", "3", "2"]),
        ("unit;a\n甲;1\n", ["data.csv", "#1"]),
        ("unit\ta\n甲\t1\n", ["data.csv", "#1"]),
        ("unit\uff0ca\n甲\uff0c1\n", ["data.csv", "#1"]),
        ("2026年数据\nunit,a\n甲,1\n", ["data.csv", "#1", "“2026年数据”"]),
        ('unit,a\n甲,"1\n乙,2\n', ["data.csv", "#2"]),
        ('unit,a\n甲,"1"x\n', ["data.csv", "#2"]),
        ('unit,a\n甲,"' + "x" * 200_000 + '"\n', ["data.csv", "#2"]),
    ],
)
def test_a_broken_table_is_named_with_its_row(csv, text, parts):
    names(refused(read_rows, csv(text)), *parts)


def test_trailing_commas_and_blanks_are_no_cells(csv):
    rows = read_rows(csv("unit , a ,,\n甲 , 1 ,,\n"))
    assert rows.header == ["unit", "a"] and [len(row) for row in rows.rows] == [2]


def test_all_ragged_rows_come_together(csv):
    zh, en = refused(read_rows, csv("unit,a,b,b\n甲,1\n乙,1,2,3\n丙,1,2,3,4\n"))
    assert len(zh) == 3 and "“b”" in zh[0] and "第2行" in zh[1] and "row 4" in en[2]


def test_files_that_cannot_be_read(tmp_path, csv):
    names(refused(read_bytes, tmp_path / "none.csv"), "none.csv")
    zh, en = refused(read_bytes, tmp_path)
    assert "文件夹" in zh[0] and "folder" in en[0]
    folder = tmp_path / "x.csv"
    folder.mkdir()
    zh, en = refused(read_rows, folder)
    assert "文件夹" in zh[0] and "folder" in en[0]
    names(refused(read_rows, csv("unit,a\n甲,1\n", "data.txt")), "data.txt", ".csv", ".xlsx")
    names(refused(read_rows, csv(b"", "data.xlsx")), "data.xlsx", "Excel")


def test_no_permission(csv, monkeypatch):
    path = csv("unit,a\n甲,1\n")
    if os.name == "posix" and os.geteuid() != 0:
        path.chmod(0)
    else:  # root reads everything

        def deny(self, *mode):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(type(path), "open", deny)
    zh, en = refused(read_text, path)
    assert "没有读取权限" in zh[0] and "no permission" in en[0] and "denied" not in zh[0]
