"""Characters that the memo's font lacks: said before a run with their place, kept in HTML and
DOCX, 〓 in the PDF."""

import json

import docx
import lxml.html
import pytest

import qtoolkit as qt
from qtoolkit.language import Text, same
from qtoolkit.report import characters, fonts, memo
from qtoolkit.report.blocks import Paragraph, payload
from qtoolkit.report.writers import typeset

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


def test_each_character_is_named_once_where_it_stands_first():
    case = qt.read_case("tai-2001")
    first, *rest = case.scheme.indicators
    renamed = first.model_copy(update={"name": Text("\u0f42", "x")})
    update = {"indicators": (renamed, *rest), "notes": (Text("x", "\u0f40\u0f42"),)}
    table = qt.Table(
        **{
            **vars(case.table),
            "labels": (Text("\u0626国", "x"), *case.table.labels[1:]),
            "covariates": case.table.covariates.assign(place="\u0626\U00020bb7"),
        }
    )
    scheme = case.scheme.model_copy(update=update)
    given = qt.Case(scheme, table, case.parameters, case.files)
    assert [(row["place"], row["codes"]) for row in characters.found(given)] == [
        ("unit", ["U+0626"]),
        ("indicator", ["U+0F42"]),
        ("scheme", ["U+0F40"]),
        ("column", ["U+20BB7"]),
    ]
    said = characters.lacking(given)
    places = (
        "考核对象“\u0626国”", f"指标“{first.id}”", "方案的 notes", "数据的“place”列"
    )  # fmt: skip
    assert all(f"见{place}）" in said.zh for place in places)
    places = (
        "the unit “x”", f"the indicator “{first.id}”", "notes of the scheme",
        "column “place” of the data",
    )  # fmt: skip
    assert all(f", in {place})" in said.en for place in places)


def document_of(*texts):
    blocks = [payload(Paragraph(same(text), "results"), "zh") for text in texts]
    return memo.compose(blocks, "题", [], "zh", {})


def input_of(document, folder):
    """What typst is given to set."""
    folder.mkdir()
    typeset._write_input(document, folder)
    return json.loads((folder / "memo.json").read_text(encoding="utf-8"))


def test_html_and_docx_keep_it_and_the_pdf_says_what_it_shows(tmp_path):
    document = document_of("𠮷林市得分最高。𠮷")
    memo.render(document, tmp_path, "m", ["html", "docx", "pdf"])
    page = lxml.html.fromstring((tmp_path / "m.html").read_text(encoding="utf-8"))
    assert "𠮷林市" in page.text_content()
    assert any("𠮷林市" in p.text for p in docx.Document(tmp_path / "m.docx").paragraphs)
    assert (tmp_path / "m.pdf").read_bytes().startswith(b"%PDF")
    given = input_of(document, tmp_path / "input")
    assert "〓林市得分最高。〓" in str(given) and not fonts.lacking(str(given))
    assert given["missing"].endswith("U+20BB7。")


def test_a_pdf_without_such_characters_says_nothing_of_them(tmp_path):
    assert input_of(document_of("甲市<A>"), tmp_path / "a")["missing"] is None
    given = input_of(document_of("𠮷（U+20BB7）"), tmp_path / "b")  # the text says it
    assert given["missing"] is None and "〓（U+20BB7）" in str(given)
