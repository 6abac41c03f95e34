"""The memo in its three formats: order, numbering, escaping, sameness; checked by reading the files
back."""

import collections
import io
import re
import shutil
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import docx
import lxml.html
import pandas as pd
import pytest

from qtoolkit.errors import InputError, WorkError
from qtoolkit.language import Text, same
from qtoolkit.report import fonts, memo, pandoc
from qtoolkit.report.blocks import Chart, DataTable, Paragraph, payload, pictures, tint_of

HOSTILE = (
    """<script>alert(1)</script> $x$ #import "a" @ref \\ \\n [b] _i_ *b* `c` """
    "// -- ... ~ 'q' https://x.y &amp; ^2^"
)
OPENERS = ["- a", "+ b", "= c", "/ d: e", "1. f", "# g", "> h", "| i |", "%j", "[k]: l"]
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def bars(language):
    import matplotlib.pyplot as plt

    fonts.use()
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.bar([Text("甲市", "City A").of(language), Text("乙市", "City B").of(language)], [91.5, 88])
    axes.set_title(Text("得分", "Score").of(language))
    return figure


def scores(columns=3, units=31):
    frame = pd.DataFrame(
        {f"c{j}": [(7 * i + 13 * j) % 100 + 0.25 for i in range(units)] for j in range(columns)}
    )
    frame.insert(0, "unit", [Text(f"甲{i}市", f"City {i}") for i in range(units)])
    frame["share"] = [i / (units - 1) for i in range(units)]
    names = {name: Text(f"指标{name}的得分", f"Score of indicator {name}") for name in frame}
    formats = {name: ".2f" for name in frame if name != "unit"}
    caption = Text("各市得分", "Scores of cities")
    return DataTable("scores", caption, frame, names, formats, "annex_scores", shade=("share",))


BLOCKS = [
    Paragraph(Text("12家为A级。", "12 units in grade A."), "results", Text("得分", "Scores")),
    Paragraph(Text("甲", "first"), "risks", Text("建议", "Advice"), "item"),
    Paragraph(Text("乙", "second"), "risks", None, "item"),
    Paragraph(Text("总体可行。", "It works."), "summary"),
    Paragraph(Text("注：2026年。", "Note: 2026."), "results", None, "note"),
    Paragraph(Text("3种等级", "3 grades"), "results", Text("等级", "Grades")),
    Chart(
        "bars",
        Text("两市得分", "Scores of both"),
        bars,
        Text("甲91.5", "A 91.5"),
        "results",
        width=0.5,
    ),
    Paragraph(Text("只在笔记本里", "in the notebook alone")),
    scores(),
    Paragraph(same(HOSTILE), "annex_methods", same(HOSTILE)),
    *[
        Paragraph(same(text), "annex_methods", style=style)
        for style in ("text", "item", "note")
        for text in OPENERS
    ],
    DataTable(
        "t",
        same(HOSTILE),
        pd.DataFrame({"a": [HOSTILE, *OPENERS]}),
        {"a": same(HOSTILE)},
        {},
        "annex_methods",
    ),
]


def body(language="zh", blocks=BLOCKS, title=HOSTILE, footer=("2026", HOSTILE)):
    drawn = {b.name: pictures(b, language)[0] for b in blocks if isinstance(b, Chart)}
    return memo.compose([payload(b, language) for b in blocks], title, footer, language, drawn)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memo")
    for language in ("zh", "en"):
        memo.render(body(language), folder, language, HOSTILE, language)
    return folder


def headings(language):
    page = lxml.html.fromstring(f"<main>{body(language)}</main>")
    return [
        e.text_content()
        for e in page.iter("h2", "h3", "caption", "figcaption")
        if HOSTILE not in e.text_content()
    ]


def test_chapters_are_gathered_and_numbered():
    assert headings("zh") == [
        "摘要",
        "一、模拟测算结果",
        "（一）得分",
        "（二）等级",
        "图1　两市得分",
        "二、风险提示和建议",
        "建议",
        "附件1　得分明细",
        "表1　各市得分",
        "附件2　计算方法、参数和版本",
    ]
    assert headings("en") == [
        "Summary",
        "I. Results of the trial assessment",
        "(a) Scores",
        "(b) Grades",
        "Figure 1. Scores of both",
        "II. Risks and recommendations",
        "Advice",
        "Annex 1. Scores in detail",
        "Table 1. Scores of cities",
        "Annex 2. Methods, parameters and versions",
    ]
    assert "notebook alone" not in body("en")


def test_items_become_one_list_and_notes_are_marked():
    assert "<ul><li>first</li><li>second</li></ul>" in body("en")
    assert '<div class="note"><p>Note: 2026.</p></div>' in body("en")


def test_what_stands_alone_has_no_number_and_no_bullet():
    """（一）without （二）is no order, and a list of one is no list."""
    one = [
        Paragraph(same("a"), "risks", Text("节", "Part")),
        Paragraph(same("b"), "risks", None, "item"),
    ]
    two = [
        *one,
        Paragraph(same("c"), "risks", Text("后", "Next")),
        Paragraph(same("d"), "risks", None, "item"),
    ]
    assert (
        "<h3>Part</h3>" in body("en", one)
        and "<p>b</p>" in body("en", one)
        and "<li>" not in body("en", one)
    )
    assert "<h3>节</h3>" in body("zh", one)
    assert re.findall("<h3>(.*?)</h3>", body("zh", two)) == ["（一）节", "（二）后"]


def test_place_orders_a_chapter_and_footers_go_to_the_bottom_of_page_one():
    said = [("late", "text", 1), ("foot", "footer", 0), ("early", "text", 0)]
    page = body(
        "en",
        [Paragraph(same(text), "summary", None, style, place) for text, style, place in said],
        "t",
        (),
    )
    assert re.findall(r"<p>(\w+)</p>", page) == ["early", "late", "foot"]
    assert '<div class="footing"><p>foot</p></div>' in page


def test_the_summary_is_set_smaller_in_word(tmp_path):
    styles = [
        ("one", "text", "Summary Text"),
        *((text, "item", "Summary Item") for text in ("two", "more")),
        ("three", "note", "Note"),
    ]
    blocks = [
        Paragraph(same(text), "summary", Text("节", "part"), style) for text, style, _ in styles
    ]
    (path,) = memo.render(body("zh", blocks, "t", ()), tmp_path, "memo", "t", "zh", ["docx"])
    found = {p.text: p.style.name for p in docx.Document(path).paragraphs}
    assert found == {"t": "Title", "摘要": "Heading 1", "节": "Summary Section"} | {
        a: c for a, _, c in styles
    }


def test_chinese_numerals():
    assert [
        memo._chinese(n) for n in (1, 9, 10, 11, 19, 20, 21, 99)
    ] == "一 九 十 十一 十九 二十 二十一 九十九".split()


def test_both_languages_hold_the_same_numbers(files):
    counts = []
    for language in ("zh", "en"):
        page = lxml.html.fromstring((files / f"{language}.html").read_bytes())
        for element in page.xpath("//style|//script"):
            element.getparent().remove(element)
        words = page.text_content() + " ".join(page.xpath("//@alt"))
        counts.append(collections.Counter(re.findall(r"\d+(?:\.\d+)?", words)))
    assert counts[0] == counts[1] and counts[0]["91.5"] == 1


@pytest.mark.parametrize("columns", [12, 24, 40])
def test_wide_tables_are_cut_alike_in_both_languages(columns):
    shapes = []
    for language in ("zh", "en"):
        page = lxml.html.fromstring(body(language, [scores(columns)]))
        tables = list(page.iter("table"))
        assert all(len(t.xpath(".//tbody/tr")) == 31 for t in tables)
        for table in tables:
            shares = [float(re.search(r"[\d.]+", col.get("style"))[0]) for col in table.iter("col")]
            assert sum(shares) == pytest.approx(100, abs=0.2)
        shapes.append([len(t.xpath(".//th")) for t in tables])
    assert shapes[0] == shapes[1]
    assert sum(shapes[0]) - len(shapes[0]) == columns + 1 and max(shapes[0]) <= 16


def squeezed(text):
    return re.sub(r"\s+", "", text)


def test_hostile_text_is_literal_in_html(files):
    page = lxml.html.fromstring((files / "zh.html").read_bytes())
    assert page.find(".//title").text == HOSTILE and not page.xpath(
        "//script|//em|//strong|//a|//code"
    )
    assert squeezed(page.text_content()).count(squeezed(HOSTILE)) >= 6
    assert [e.text for e in page.xpath("//ul[last()]/li")][-len(OPENERS) :] == OPENERS


def test_hostile_text_is_literal_in_word(files):
    document = docx.Document(files / "zh.docx")
    texts = [p.text for p in document.paragraphs] + [
        c.text for t in document.tables for c in t._cells
    ]
    # title, the one section's heading, paragraph, and the table's header and cell
    assert texts.count(HOSTILE) == 5
    assert sum(HOSTILE in text for text in texts) == 6  # also the table's caption
    assert all(texts.count(text) == 4 for text in OPENERS)
    assert [p.text for p in document.sections[0].first_page_footer.paragraphs][:2] == [
        "2026",
        HOSTILE,
    ]


def test_hostile_text_is_literal_in_typst():
    with tempfile.TemporaryDirectory() as folder:
        source = pandoc.convert(body(), Path(folder), "-t", "typst").decode()
    quoted = re.compile(r'#"((?:[^"\\]|\\.)*)"')
    said = "".join(re.sub(r"\\(.)", r"\1", text) for text in quoted.findall(source))
    assert said.count(squeezed(HOSTILE)) >= 5 and all(squeezed(text) in said for text in OPENERS)
    left = quoted.sub("", source)
    assert not re.search("script|import|ref|https|alert", left)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_hostile_text_is_literal_in_pdf(files):
    import subprocess

    done = subprocess.run(
        ["pdftotext", "-raw", files / "zh.pdf", "-"], capture_output=True, check=True
    )
    said = squeezed(done.stdout.decode()).replace("\u200b", "")
    assert said.count(squeezed(HOSTILE)) >= 6
    assert all(squeezed(text) in said for text in OPENERS)


def test_same_input_gives_the_same_bytes(files, tmp_path):
    for path in memo.render(body("zh"), tmp_path, "zh", HOSTILE, "zh"):
        assert path.read_bytes() == (files / path.name).read_bytes(), path.suffix


def test_the_title_does_not_hang_on_the_locale(files, tmp_path, monkeypatch):
    for name in ("LC_ALL", "LANG"):
        monkeypatch.setenv(name, "C")
    (path,) = memo.render(body("zh"), tmp_path, "zh", "测算论证报告 @FONT@", "zh", ["html"])
    assert "<title>测算论证报告 @FONT@</title>" in path.read_text(encoding="utf-8")


def test_html_stands_alone(files):
    page = (files / "zh.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:)|url\((?!data:)|@import""", page)
    assert "data:font/woff2;base64," in page


def test_word_has_the_official_form(files):
    document = docx.Document(files / "zh.docx")
    section = document.sections[0]
    margins = (section.page_width, section.page_height, section.top_margin, section.left_margin)
    assert [round(margin.mm) for margin in margins] == [210, 297, 37, 28]
    assert "PAGE" in section.footer._element.xml
    looks = {
        "Title": ("方正小标宋简体", 22),
        "Body Text": ("仿宋_GB2312", 16),
        "Heading 1": ("黑体", 16),
    }
    for name, (font, size) in looks.items():
        style = document.styles[name]
        assert style.element.rPr.rFonts.get(f"{W}eastAsia") == font and style.font.size.pt == size
    assert document.styles["Body Text"].paragraph_format.line_spacing.pt == 28
    assert document.styles["Body Text"].element.pPr.ind.get(f"{W}firstLineChars") == "200"


def test_word_tables_are_native_shaded_and_repeat_their_header(files):
    table = docx.Document(files / "zh.docx").tables[0]
    assert len(table.rows) == 32 and table.cell(1, 1).text == "0.25"
    assert table._tbl.tr_lst[0].find(f"{W}trPr/{W}tblHeader") is not None
    fills = [
        row.tc_lst[-1].find(f"{W}tcPr/{W}shd").get(f"{W}fill") for row in table._tbl.tr_lst[1:]
    ]
    assert fills == [tint_of(i / 30)[1:] for i in range(31)]


def test_first_chapter_and_annexes_open_pages_in_word(files):
    document = docx.Document(files / "en.docx")
    opens = [
        bool(p.paragraph_format.page_break_before)
        for p in document.paragraphs
        if p.style.name == "Heading 1"
    ]
    assert opens == [False, True, False, True, True]


def test_pictures_are_carried(files):
    with zipfile.ZipFile(files / "zh.docx") as parts:
        pngs = [parts.read(name) for name in parts.namelist() if name.endswith(".png")]
    assert pngs == [pictures(BLOCKS[6], "zh")[0]]
    assert b"/Image" in (files / "zh.pdf").read_bytes()


def test_a_warning_of_typst_stops_the_work(monkeypatch, tmp_path):
    style = shutil.copytree(pandoc.STYLE, tmp_path / "style")
    template = style / "memo.typ"
    template.write_text(
        template.read_text(encoding="utf-8").replace(fonts.FAMILY, "No Such Font"), encoding="utf-8"
    )
    monkeypatch.setattr(pandoc, "STYLE", style)
    with pytest.raises(WorkError, match=r"(?i)no such font"):
        memo.render(body(), tmp_path, "memo", "t", "zh", ["pdf"])


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_a_character_that_the_font_lacks_is_named_in_the_pdf(tmp_path):
    (path,) = memo.render("<p>\U0001f600</p>", tmp_path, "memo", "t", "en", ["pdf"])
    import subprocess

    done = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True)
    assert "〓" in done.stdout.decode() and "U+1F600" in done.stdout.decode()


def test_unknown_chapter_and_missing_picture_are_named():
    with pytest.raises(InputError, match=r"“resultz”.*“results”"):
        body(blocks=[Paragraph(same("x"), "resultz")])
    with pytest.raises(WorkError, match="bars"):
        memo.compose([payload(BLOCKS[6], "zh")], "t", [], "zh", {})


def test_an_empty_memo_and_an_empty_table_are_written(tmp_path):
    empty = DataTable(
        "t",
        same("c"),
        pd.DataFrame({"a": [], "b": []}),
        {"a": same("A"), "b": same("B")},
        {},
        "risks",
    )
    for blocks in ([], [empty]):
        for path in memo.render(body(blocks=blocks, footer=()), tmp_path, "memo", "t", "en"):
            assert path.stat().st_size > 1000


def test_figures_find_the_chinese_font():
    fonts.use()
    assert "zhplot" not in sys.modules and fonts.chinese_font().name == fonts.FILE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bars("zh").savefig(io.BytesIO(), format="png")


def long_table(rows, name="long", columns=3):
    frame = pd.DataFrame({f"c{j}": [same(text) for text in rows] for j in range(columns)})
    return DataTable(name, same("table " + name), frame, {c: same(c) for c in frame}, {}, "results")


def pages_of_pdf(path):
    import subprocess

    text = subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, check=True
    ).stdout.decode()
    return text.split("\f")[:-1]


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_rows_are_not_broken_and_short_tables_stay_on_a_page_in_pdf(tmp_path):
    """Each row of the long table says its number in a short cell and in the last word of a long
    one; text before it is of every length."""
    frame = pd.DataFrame(
        {"a": [f"begin{n}" for n in range(12)], "b": [f"{'word ' * 60}end{n}" for n in range(12)]}
    )
    names = {name: same(name) for name in frame}
    long = DataTable("long", same("table long"), frame, names, {}, "results", widths=(1, 1))
    short = long_table([f"s{n}" for n in range(5)], "short")
    for lines in range(12, 48, 6):
        before = [Paragraph(same(f"line {i}"), "results") for i in range(lines)]
        memo.render(
            body("en", [*before, long, short], "T", ()), tmp_path, f"m{lines}", "T", "en", ["pdf"]
        )
        pages = pages_of_pdf(tmp_path / f"m{lines}.pdf")
        for page in pages:
            begun, ended = (re.findall(rf"{word}(\d+)", page) for word in ("begin", "end"))
            assert sorted(begun) == sorted(ended), lines
            assert ("table short" in page) == ("s4" in page), lines
        assert sorted(re.findall(r"end(\d+)", "".join(pages)), key=int) == [
            str(n) for n in range(12)
        ]


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
@pytest.mark.parametrize("lines", range(28, 34))
def test_a_long_table_does_not_begin_with_a_row_or_two_at_the_end_of_a_page_in_pdf(lines, tmp_path):
    """Among these numbers of lines are those that leave room for the caption and one or two
    rows."""
    before = [Paragraph(same(f"line {i}"), "results") for i in range(lines)]
    many = long_table([f"r{n}" for n in range(40)], "many")
    memo.render(body("en", [*before, many], "T", ()), tmp_path, "m", "T", "en", ["pdf"])
    (page,) = [page for page in pages_of_pdf(tmp_path / "m.pdf") if "table many" in page]
    assert re.search(r"\br3\b", page)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_a_row_longer_than_a_page_is_printed_whole_in_pdf(tmp_path):
    words = [f"w{i}" for i in range(6000)]
    memo.render(
        body("en", [long_table([" ".join(words)], columns=2)], "T", ()),
        tmp_path,
        "m",
        "T",
        "en",
        ["pdf"],
    )
    pages = pages_of_pdf(tmp_path / "m.pdf")
    found = collections.Counter(re.findall(r"\bw\d+\b", "".join(pages)))
    assert len(pages) > 1 and found == {word: 2 for word in words}


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_chinese_text_can_be_searched_in_pdf_and_long_addresses_are_broken(tmp_path):
    """No invisible character stands inside Chinese text or an address."""
    text = (
        "各指标分值在现行分值上下浮动而总分不变时得分再增或再减1分以内等级就会改变的临界单位有3家"
    )
    address = "https://example.org/" + "a" * 200
    blocks = [Paragraph(same(text), "results"), Paragraph(same(address), "results")]
    memo.render(body("zh", blocks, "题", ()), tmp_path, "m", "题", "zh", ["pdf"])
    page = "".join(pages_of_pdf(tmp_path / "m.pdf"))
    assert text in re.sub(r"\s", "", page)
    assert address in re.sub(r"\s", "", page)
    assert max(len(line.strip()) for line in page.splitlines()) < 100


def test_short_tables_and_first_rows_stay_together_in_word(tmp_path):
    blocks = [
        long_table([f"s{n}" for n in range(5)], "short"),
        long_table([f"l{n}" for n in range(30)]),
    ]
    memo.render(body("en", blocks, "T", ()), tmp_path, "m", "T", "en", ["docx"])
    short, long = docx.Document(tmp_path / "m.docx").tables
    kept = [
        [
            all(p.paragraph_format.keep_with_next for c in row.cells for p in c.paragraphs)
            for row in table.rows
        ]
        for table in (short, long)
    ]
    assert kept == [[True] * 5 + [False], [True] * 2 + [False] * 29]


def test_an_interval_stays_on_one_line_of_its_column():
    """A column of intervals is wide enough for one (12 characters, and half a character of padding
    at least), a CSV has plain spaces."""
    interval = Text("0.06\xa0至\xa00.89", "0.06\xa0to\xa00.89")
    columns = {f"c{j}": [1.25] for j in range(11)} | {"span": [interval]}
    names = {name: same("heading") for name in columns}
    block = DataTable("t", same("t"), pd.DataFrame(columns), names, {}, "results", widths=(1,) * 12)
    widths, dense = memo._widths(["heading"] * 12, [["1.25"] * 11 + [interval.en]], [1] * 12)
    assert widths[-1] * (memo._DENSE_LINE if dense else memo._LINE) >= 12
    assert payload(block, "zh")["data"][0][-1] == "0.06 至 0.89"


def test_no_empty_line_stands_between_tables_in_word(tmp_path):
    blocks = [long_table(["a"], "one"), long_table(["b"], "two"), long_table(["c"], "three")]
    memo.render(body("en", blocks, "T", ()), tmp_path, "m", "T", "en", ["docx"])
    document = docx.Document(tmp_path / "m.docx")
    assert len(document.tables) == 3
    assert [p.text for p in document.paragraphs if p.text.startswith("Table")] == [
        "Table 1. table one",
        "Table 2. table two",
        "Table 3. table three",
    ]
    assert "" not in [p.text for p in document.paragraphs][:-1]
