"""Workbooks: what Excel shows is what is read, or the workbook is refused with the reason."""

import datetime
import io
import random
import zipfile

import openpyxl
import pytest
import xlsxwriter

from qtoolkit.errors import InputError
from qtoolkit.inputs.files import read_rows
from qtoolkit.inputs.table import read_table
from qtoolkit.workbooks.reading import read_grid
from tests.hostile.helpers import parts_of, sheet, zipped
from tests.inputs.helpers import names, refused, scheme_of

SCHEME = """\
id: s
name: s
total: 100
indicators:
  - {id: a, name: a, points: 60, unit: "%", rule: {kind: goalposts, low: 0, high: 100}}
  - {id: b, name: b, points: 40, rule: {kind: goalposts, low: 0, high: 100}}
grades: [{id: A, cutoff: 0}]
"""


def save(tmp_path, rows, change=lambda book, sheet: None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book, book.active)
    path = tmp_path / "data.xlsx"
    book.save(path)
    return path


def test_cells_as_excel_stores_them(tmp_path):
    path = save(tmp_path, [["unit", "a", "b"], [" 甲 ", "12.5", 3], [110000, 1, " 7 "]])
    table = read_table(path, scheme_of(tmp_path, SCHEME))
    assert table.units == ("甲", "110000") and table.raw.tolist() == [[12.5, 3.0], [1.0, 7.0]]


def test_rows_and_columns_are_those_of_the_sheet_even_where_it_starts_lower(tmp_path):
    book = openpyxl.Workbook()
    book.active["A3"], book.active["B3"], book.active["C3"] = "unit", "a", "b"
    book.active["A5"], book.active["B5"], book.active["C5"] = "甲", "x", 1
    book.save(tmp_path / "data.xlsx")
    names(
        refused(read_table, tmp_path / "data.xlsx", scheme_of(tmp_path, SCHEME)),
        "data.xlsx",
        "#5",
        "“a”",
        "“x”",
    )


@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#REF!", "#VALUE!", "#NAME?"])
def test_an_error_cell_is_no_blank(tmp_path, error):
    def fail(book, sheet):
        sheet["B2"] = error
        sheet["B2"].data_type = "e"
        sheet["A3"] = error
        sheet["A3"].data_type = "e"

    path = save(tmp_path, [["unit", "a", "b"], ["甲", 1, 2], ["乙", 1, 2]], fail)
    found = refused(read_table, path, scheme_of(tmp_path, SCHEME + "missing: {blank: zero}\n"))
    assert names(found, "#2", "“a”", f"“{error}”") and names(found, "#3", "“unit”", f"“{error}”")


@pytest.mark.parametrize(
    "cell",
    [True, datetime.date(2024, 1, 2), datetime.time(12, 30), datetime.datetime(2024, 1, 2, 3)],
)
def test_dates_times_and_booleans_are_no_numbers(tmp_path, cell):
    path = save(tmp_path, [["unit", "a", "b"], ["甲", 1, cell]])
    names(
        refused(read_table, path, scheme_of(tmp_path, SCHEME)),
        "data.xlsx",
        "#2",
        "“b”",
        f"“{cell}”",
    )


@pytest.mark.parametrize("form", ["0%", "0.00%", '0.0"约"%', "0%;[Red]-0%"])
def test_a_number_shown_as_a_percentage_is_what_is_shown(tmp_path, form):
    def percent(book, sheet):
        for name in ("B2", "B3"):
            sheet[name].number_format = form

    path = save(tmp_path, [["unit", "a", "b"], ["甲", 0.35, 2], ["乙", 0.07, 3]], percent)
    assert read_table(path, scheme_of(tmp_path, SCHEME)).raw[:, 0].tolist() == [35.0, 7.0]
    path = save(tmp_path, [["unit", "b", "a"], ["甲", 0.35, 2], ["乙", 0.07, 3]], percent)
    found = refused(read_table, path, scheme_of(tmp_path, SCHEME))
    assert len(found[0]) == 2 and names(found, "#2", "“b”", "“35%”")


@pytest.mark.parametrize("form", ['0"%"', "0.0", "General", r"0\%"])
def test_a_percent_sign_that_is_only_text_of_the_format_does_not_scale(tmp_path, form):
    def style(book, sheet):
        sheet["B2"].number_format = form

    path = save(tmp_path, [["unit", "a", "b"], ["甲", 35, 2]], style)
    assert read_table(path, scheme_of(tmp_path, SCHEME)).raw[0, 0] == 35


def test_a_blank_cell_shown_as_a_percentage_is_blank(tmp_path):
    """A column is formatted further down than it is filled, and beside the table."""

    def style(book, sheet):
        for name in ("B2", "B3", "B9", "F30"):
            sheet[name].number_format = "0%"

    path = save(tmp_path, [["unit", "a", "b"], ["甲", 0.35, 2], ["乙", None, 3]], style)
    assert read_rows(path).rows == [["甲", "35%", 2.0], ["乙", "", 3.0]]


def test_formulas_that_were_never_calculated(tmp_path):
    names(refused(read_rows, save(tmp_path, [["unit", "a"], ["甲", "=1+1"]])), "data.xlsx", "B2")
    # writes the value 0 and asks Excel to calculate on loading
    book = xlsxwriter.Workbook(tmp_path / "w.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["unit", "a", "b"])
    sheet.write_row(1, 0, ["甲", 0])
    sheet.write_formula(1, 2, "=40+2")
    sheet.write_formula(2, 2, "=40+2", None, 42)
    book.close()
    zh, en = refused(read_rows, tmp_path / "w.xlsx")
    assert "C2" in zh[0] and "C3" not in zh[0] and "calculated" in en[0]


def test_a_formula_with_its_value_is_read(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "w.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["unit", "a"])
    sheet.write_row(1, 0, ["甲"])
    sheet.write_formula(1, 1, "=40+2", None, 42)
    book.close()
    assert read_rows(tmp_path / "w.xlsx").rows == [["甲", 42.0]]


def test_several_sheets(tmp_path):
    def second(book, sheet):
        book.create_sheet("说明")["A1"] = "x"

    zh, en = refused(read_rows, save(tmp_path, [["unit", "a"], ["甲", 1]], second))
    assert "“数据”" in zh[0] and "Sheet、说明" in zh[0] and "“data”" in en[0]

    def named(book, sheet):
        sheet.title = "旧"
        other = book.create_sheet("数据")
        other.append(["unit", "a"])
        other.append(["乙", 2])

    assert read_rows(save(tmp_path, [["unit", "a"], ["甲", 1]], named)).rows == [["乙", 2.0]]

    def empty(book, sheet):
        book.create_sheet("Sheet2")
        hidden = book.create_sheet("hidden")
        hidden["A1"], hidden.sheet_state = "x", "hidden"

    assert read_rows(save(tmp_path, [["unit", "a"], ["甲", 1]], empty)).rows == [["甲", 1.0]]


def test_error_cells_are_looked_up_on_the_right_sheet(tmp_path):
    """Sheet order in the workbook is not the order of the XML files."""

    def moved(book, sheet):
        data = book.create_sheet("data", 0)
        data.append(["unit", "a"])
        data.append(["甲", "#N/A"])
        data["B2"].data_type = "e"
        book._sheets.reverse()

    path = save(tmp_path, [["x"]], moved)
    assert read_rows(path).rows == [["甲", "#N/A"]]


def test_a_merged_header_is_a_header_with_a_hole(tmp_path):
    path = save(
        tmp_path,
        [["unit", "质量", None], ["甲", 1, 2]],
        lambda book, sheet: sheet.merge_cells("B1:C1"),
    )
    names(refused(read_rows, path), "data.xlsx", "#2", "3", "2")
    path = save(
        tmp_path,
        [["2026年数据", None, None], ["unit", "a", "b"], ["甲", 1, 2]],
        lambda b, s: s.merge_cells("A1:C1"),
    )
    names(refused(read_rows, path), "data.xlsx", "#1", "“2026年数据”")


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        (b"", "不是 Excel 工作簿", "no Excel workbook"),
        (b"unit,a\n", "不是 Excel 工作簿", "no Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "旧版 .xls", "old .xls"),
        (
            b"\xd0\xcf\x11\xe0" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500),
            "密码",
            "password",
        ),
        (b"PK\x03\x04" + bytes(100), "不是完好的", "not a sound"),
    ],
)
def test_what_is_no_workbook(tmp_path, content, zh, en):
    path = tmp_path / "data.xlsx"
    path.write_bytes(content)
    found = refused(read_rows, path)
    assert "data.xlsx" in found[0][0] and zh in found[0][0] and en in found[1][0]


def test_an_empty_sheet(tmp_path):
    zh, en = refused(read_rows, save(tmp_path, []))
    assert "空" in zh[0] and "empty" in en[0]


def test_damaged_workbooks_give_complaints_and_nothing_else(tmp_path):
    path = save(tmp_path, [["unit", "a"], ["甲", 1.5], ["乙", "=1+1"]])
    data, chance = path.read_bytes(), random.Random(7)
    archive = zipfile.ZipFile(io.BytesIO(data))
    samples = [data[:n] for n in range(0, len(data), 97)]
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 12)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        samples.append(bytes(broken))
    for _ in range(300):
        victim, out = chance.choice(archive.namelist()), io.BytesIO()
        with zipfile.ZipFile(out, "w") as copy:
            for name in archive.namelist():
                part = bytearray(archive.read(name))
                for _ in range(chance.randint(1, 8) if name == victim else 0):
                    part[chance.randrange(len(part))] = chance.choice(b'<>/"0A9 &\xff')
                copy.writestr(name, bytes(part))
        samples.append(out.getvalue())
    refusals = 0
    for sample in samples:
        path.write_bytes(sample)
        try:
            read_rows(path)
        except InputError as error:
            refusals += 1
            assert all(error.sentences("zh")) and all(error.sentences("en"))
    assert refusals > len(samples) / 2


def book_of(**states):
    """A workbook of sheets with these names, each with a cell that names it."""
    rows = [f'<row r="1"><c r="A1" t="str"><v>{name}</v></c></row>' for name in states]
    parts = parts_of(*map(sheet, rows))
    for number, (name, state) in enumerate(states.items(), 1):
        book = parts["xl/workbook.xml"].replace(
            f'name="s{number}"', f'name="{name}" state="{state}"'
        )
        parts["xl/workbook.xml"] = book
    return zipped(parts)


def test_hidden_sheets_are_said_to_be_hidden():
    with pytest.raises(InputError) as caught:
        read_grid("d.xlsx", book_of(甲="hidden", 乙="veryHidden"))
    assert (
        "甲、乙" in caught.value.sentences("zh")[0] and "hidden" in caught.value.sentences("en")[0]
    )


def test_two_sheets_of_data_are_a_question():
    with pytest.raises(InputError) as caught:
        read_grid("d.xlsx", book_of(data="visible", 数据="visible"))
    assert (
        "“数据”" in caught.value.sentences("zh")[0] and "“data”" in caught.value.sentences("en")[0]
    )
    assert read_grid("d.xlsx", book_of(data="visible", 数据="hidden", 说明="visible")) == [["data"]]
