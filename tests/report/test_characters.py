"""Characters that the memo's font lacks: said before a run with their place, kept in HTML and
DOCX, 〓 in the PDF."""

import docx
import lxml.html
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.report import characters, fonts, memo
from qtoolkit.report.pandoc import with_types

RARE = "𠮷", "ئ", "ཀ"


@pytest.mark.parametrize("character", RARE)
def test_a_character_that_the_font_lacks_is_named_with_its_place(character):
    assert fonts.lacking(f"甲{character}市 A。") == {character}
    case = qt.read_case("tai-2001")
    assert characters.lacking(case) is None
    table = qt.Table(**{**vars(case.table), "units": (f"{character}国", *case.table.units[1:])})
    text = characters.lacking(qt.Case(case.scheme, table, case.parameters, case.files))
    for language in ("zh", "en"):
        said = text.of(language)
        assert character in said and fonts.code(character) in said and "DOCX" in said
    assert "考核对象" in text.zh and "\n" not in text.zh


def test_html_and_docx_keep_it_and_the_pdf_says_what_it_shows(tmp_path):
    frame = pd.DataFrame({"x": [1]}, index=["𠮷林市"])
    body = f"<h1>t</h1><p>{frame.index[0]}得分最高。&#x20bb7;</p>"
    memo.render(body, tmp_path, "m", "题", "zh", ["html", "docx", "pdf"])
    assert (
        "𠮷林市"
        in lxml.html.fromstring((tmp_path / "m.html").read_text(encoding="utf-8")).text_content()
    )
    assert any("𠮷林市" in p.text for p in docx.Document(tmp_path / "m.docx").paragraphs)
    assert (tmp_path / "m.pdf").read_bytes().startswith(b"%PDF")
    shown = lxml.html.fromstring(with_types(body, "zh")).text_content()
    assert (
        "〓林市得分最高。〓" in shown and shown.endswith("U+20BB7。") and not fonts.lacking(shown)
    )


def test_a_pdf_without_such_characters_says_nothing_of_them():
    assert with_types("<p>甲市&lt;A&gt;</p>", "zh") == "<p>甲市&lt;A&gt;</p>"
    assert (
        with_types("<p>𠮷（U+20BB7）</p>", "zh") == "<p>〓（U+20BB7）</p>"
    )  # it is said in the text
