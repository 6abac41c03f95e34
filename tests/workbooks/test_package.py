"""Parts of a workbook in whatever encoding are read as the same characters, or refused."""

import pytest

from qtoolkit.errors import InputError
from qtoolkit.workbooks.reading import read_grid
from tests.hostile.helpers import parts_of, sheet, workbook, zipped

ROW = '<row r="1"><c r="A1" t="str"><v>甲市</v></c><c r="B1"><v>0.5</v></c></row>'
PART = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("declared", ["UTF-16", "UTF-8"])
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_part_in_utf_16_is_read_as_the_same_part_in_utf_8(codec, declared):
    parts = parts_of(sheet(ROW))
    parts[PART] = parts[PART].replace("UTF-8", declared).encode(codec)
    assert (
        read_grid("d.xlsx", zipped(parts))
        == read_grid("d.xlsx", workbook(sheet(ROW)))
        == [["甲市", 0.5]]
    )


@pytest.mark.parametrize("codec", ["GB18030", "ISO-8859-1", "utf-16"])
def test_a_part_in_another_encoding_is_refused_by_its_name(codec):
    parts = parts_of(sheet(ROW.replace("甲市", "x")))
    parts[PART] = parts[PART].replace("UTF-8", codec).encode("ascii")
    with pytest.raises(InputError) as caught:
        read_grid("d.xlsx", zipped(parts))
    assert codec in caught.value.sentences("en")[0] and PART in caught.value.sentences("zh")[0]
