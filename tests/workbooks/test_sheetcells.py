"""A cell's value is what its XML says, or the workbook is refused with the sheet and the cell."""

from fractions import Fraction

import pytest

from qtoolkit.errors import InputError
from qtoolkit.inputs.numbertext import is_underflow, parse_number
from qtoolkit.workbooks.reading import read_book, read_grid
from qtoolkit.workbooks.sheetcells import MOST_FORMULAS
from tests.hostile.helpers import sheet, workbook


def grid_of(cells, strings=None):
    return read_grid("d.xlsx", workbook(sheet(cells), strings=strings))


def refusal(cells):
    with pytest.raises(InputError) as caught:
        grid_of(cells)
    zh, en = caught.value.sentences("zh"), caught.value.sentences("en")
    assert len(zh) == len(en) == 1
    assert "d.xlsx" in zh[0] and "“s1”" in zh[0] and "“s1”" in en[0]
    return zh[0], en[0]


@pytest.mark.parametrize("kind", ["", ' t="n"', ' t="b"', ' t="e"', ' t="s"'])
@pytest.mark.parametrize(
    "value",
    [
        "0&#46;95",
        "9&#x30;",
        "9&amp;0",
        "9<!-- -->0",
        "9<?pi x?>0",
        "9<![CDATA[0]]>",
        "<![CDATA[90]]>",
        "5<x/>6",
        "<t>5</t>6",
    ],
)
def test_a_value_that_a_reader_could_cut_off_is_refused(kind, value):
    cells = '<row r="2"><c r="A2"><v>1</v></c><c r="B2"{}><v>{}</v></c></row>'
    zh, en = refusal(cells.format(kind, value))
    assert "B2" in zh and "B2" in en and "reference" in en


def test_an_element_inside_the_value_of_the_first_cell_is_refused():
    """Near the beginning of the data, and with other elements before them."""
    cells = sheet(
        '<row r="1"><c r="A1"><v>9<x/>0</v></c></row>', '<cols><col min="1" max="1"/></cols>'
    )
    with pytest.raises(InputError) as caught:
        read_grid("d.xlsx", workbook(cells))
    assert "A1" in caught.value.sentences("en")[0]


def test_a_value_of_very_many_lines_is_refused_at_once():
    value = "\n" * 1_000_000 + "1"
    with pytest.raises(InputError) as caught:
        grid_of(f'<row r="1"><c r="A1"><v>{value}</v></c></row>')
    assert "sound" in caught.value.sentences("en")[0]
    text = f'<row r="1"><c r="A1" t="str"><v>{"x" * 3 + chr(10) * 40 + "y"}</v></c></row>'
    assert grid_of(text) == [["xxx" + "\n" * 40 + "y"]]


def test_cells_of_one_name_that_hold_nothing_and_lie_beside_the_table_are_left_alone():
    cells = '<row r="1"><c r="A1"><v>1</v></c><c r="ZZ1"/><c r="ZZ1"/></row>'
    assert grid_of(cells) == [[1.0]]


def test_text_with_references_and_comments_is_read_as_xml_reads_it():
    cells = (
        '<row r="1"><c r="A1" t="str"><v>A&amp;B &#30002;</v></c>'
        '<c r="B1" t="inlineStr"><is><t>9<!-- -->0<![CDATA[5]]></t></is></c>'
        '<c r="C1" t="s"><v>0</v></c><!-- --><c r="D1"><v>0.5</v></c></row>'
    )
    assert grid_of(cells, "<si><t>0&#46;95</t></si>") == [["A&B 甲", "905", "0.95", 0.5]]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2"><v>0.2</v><v>0.9</v></c>',
        '<c r="B2" t="inlineStr"><is><t>0.2</t></is><v>0.9</v></c>',
        '<c r="B2"><v>0.2</v></c><c r="B2"><v>0.9</v></c>',
        '<c r="B2"><v>0.2</v></c><c r="C2"><v>1</v></c><c r="B2"><v>0.9</v></c>',
        '<c r="B2"><v>0.2</v></c><c r="B2"/>',
        '<c r="B2"><v>0.2</v></c></row><row r="3"><c r="B2"><v>0.9</v></c>',
    ],
)
def test_a_cell_has_one_value(cell):
    zh, en = refusal(f'<row r="2"><c r="A2"><v>1</v></c>{cell}</row>')
    assert "B2" in zh and "B2" in en and "two" in en


def test_a_row_stands_once():
    zh, en = refusal(
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="B2"><v>2</v></c></row>'
    )
    assert "第 2 行" in zh and "row 2" in en


def test_rows_and_cells_out_of_order_are_read():
    cells = (
        '<row r="2"><c r="B2"><v>2</v></c><c r="A2"><v>1</v></c></row><row r="1"><c '
        'r="A1"><v>3</v></c></row>'
    )
    assert grid_of(cells) == [[3.0, ""], [1.0, 2.0]]


@pytest.mark.parametrize("text", ["1e-400", "-2.5E-999", "1e-0400", "0." + "0" * 400 + "1"])
def test_a_number_that_a_float_holds_as_0_is_not_0(text):
    assert Fraction(text) != 0 and float(text) == 0  # exact arithmetic is the measure
    assert is_underflow(text)
    (cell,) = grid_of(f'<row r="1"><c r="A1"><v>{text}</v></c></row>')[0]
    for found in (cell, text):
        _, reason = parse_number(found)
        assert reason is not None and "1e-100" in reason.of("en") and text[:20] in reason.of("en")


@pytest.mark.parametrize("text", ["0", "0e-400", "-0.00", "1e-300", "0e9", "100"])
def test_zero_and_numbers_that_a_float_holds_are_no_underflow(text):
    assert (Fraction(text) != 0 and float(text) == 0) is is_underflow(text) is False


def test_formulas_are_noted_by_their_places_as_many_as_anybody_reads():
    cells = '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2"><v>3</v></c></row>'
    ((grid, found),) = read_book("d.xlsx", workbook(sheet(cells))).values()
    assert grid[1][:2] == [2, 3] and found.formulas == [(1, 0)]
    many = "".join(
        f'<row r="{r}"><c r="A{r}"><f>1</f><v>1</v></c></row>' for r in range(1, MOST_FORMULAS + 9)
    )
    ((_, found),) = read_book("d.xlsx", workbook(sheet(many))).values()
    assert len(found.formulas) == MOST_FORMULAS
