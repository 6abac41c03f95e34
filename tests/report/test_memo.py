"""The memo in its three formats: order, numbering, escaping, sameness; checked by reading the files
back."""

import base64
import collections
import hashlib
import io
import re
import shutil
import sys
import warnings

import lxml.html
import pandas as pd
import pytest
from fontTools.ttLib import TTFont

from qtoolkit.errors import InputError, WorkError
from qtoolkit.language import Text, same
from qtoolkit.report import fonts, layout, memo
from qtoolkit.report.blocks import Chart, DataTable, Paragraph, payload, tint_of
from qtoolkit.report.picture import picture
from qtoolkit.report.writers import STYLE, typeset, web

HOSTILE = (
    """<script>alert(1)</script> $x$ #import "a" @ref \\ \\n [b] _i_ *b* `c` """
    "// -- ... ~ 'q' https://x.y &amp; ^2^"
)
OPENERS = ["- a", "+ b", "= c", "/ d: e", "1. f", "# g", "> h", "| i |", "%j", "[k]: l"]


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


def composed(language="zh", blocks=BLOCKS, title=HOSTILE, footer=("2026", HOSTILE)):
    drawn = {b.name: picture(b, language) for b in blocks if isinstance(b, Chart)}
    return memo.compose([payload(b, language) for b in blocks], title, footer, language, drawn)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memo")
    for language in ("zh", "en"):
        memo.render(composed(language), folder, language)
    return folder


def page_of(language="zh", blocks=BLOCKS, title=HOSTILE, footer=("2026", HOSTILE)):
    """The page as HTML, without its table of contents."""
    page = lxml.html.fromstring(web.write(composed(language, blocks, title, footer)))
    for navigation in page.xpath("//nav"):
        navigation.getparent().remove(navigation)
    return page


def headings(language):
    page = page_of(language)
    return [
        e.text_content()
        for e in page.iter("h2", "h3", "caption", "figcaption")
        if HOSTILE not in e.text_content()
    ]


def test_chapters_are_gathered_and_numbered():
    assert headings("zh") == [
        "摘要",
        "四、模拟测算结果",
        "（一）得分",
        "（二）等级",
        "图1　两市得分",
        "十、风险提示和建议",
        "建议",
        "附件3　得分明细",
        "表1　各市得分",
        "附件5　计算方法、参数和版本",
    ]
    assert headings("en") == [
        "Summary",
        "IV. Results of the trial assessment",
        "(a) Scores",
        "(b) Grades",
        "Figure 1. Scores of both",
        "X. Risks and recommendations",
        "Advice",
        "Annex 3. Scores in detail",
        "Table 1. Scores of cities",
        "Annex 5. Methods, parameters and versions",
    ]
    assert "notebook alone" not in page_of("en").text_content()


def test_a_chapter_with_nothing_to_say_says_why_and_an_annex_of_one_sentence_takes_no_page():
    why = {
        "changes": Text("无上年度数据。", "No data of last year."),
        "annex_revision": Text("无上年度方案。", "No scheme of last year."),
        "annex_scores": Text("从不出现", "never shown"),
    }
    payloads = [payload(b, "en") for b in BLOCKS if not isinstance(b, Chart)]
    chapters = memo.compose(payloads, "T", [], "en", {}, why).chapters
    said = {c.key: c.sections[0].pieces[0].texts for c in chapters if c.key in ("changes",)}
    assert said == {"changes": ("No data of last year.",)}
    assert [(c.heading.split(".")[0], c.opens_page) for c in chapters] == [
        ("Summary", False),
        ("IV", True),
        ("VIII", False),
        ("X", False),
        ("Annex 1", True),
        ("Annex 3", False),
        ("Annex 5", True),
    ]


def test_what_opens_a_page():
    """The first after page one, with a summary there or only lines at its bottom, and annexes."""
    blocks = [Paragraph(same("x"), key) for key in ("results", "risks", "annex_terms")]
    for first, footer in (([], ()), ([], ("2026",)), ([Paragraph(same("x"), "summary")], ())):
        document = composed("en", [*first, *blocks], "T", footer)
        opens = [c.opens_page for c in document.chapters if c.kind != "summary"]
        assert opens == [document.has_cover, False, True]


def test_items_become_one_list_and_notes_are_marked():
    page = page_of("en")
    assert [item.text for item in page.xpath("//ul")[0]] == ["first", "second"]
    assert page.xpath("string(//div[@class='note']/p)") == "Note: 2026."


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
    page = page_of("en", one, "t", ())
    assert page.xpath("//h3/text()") == ["Part"] and page.xpath("//p/text()") == ["a", "b"]
    assert not page.xpath("//li")
    assert page_of("zh", one).xpath("//h3/text()") == ["节"]
    assert page_of("zh", two).xpath("//h3/text()") == ["（一）节", "（二）后"]


def test_place_orders_a_chapter_and_footers_go_to_the_bottom_of_page_one():
    said = [("late", "text", 1), ("foot", "footer", 0), ("early", "text", 0)]
    blocks = [Paragraph(same(text), "summary", None, style, place) for text, style, place in said]
    page = page_of("en", blocks, "t", ())
    assert page.xpath("//p/text()") == ["early", "late", "foot"]
    assert page.xpath("//div[@class='footing']/p/text()") == ["foot"]


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
        words = " ".join([*page.itertext(), *page.xpath("//@alt")])
        counts.append(collections.Counter(re.findall(r"\d+(?:\.\d+)?", words)))
    assert counts[0] == counts[1] and counts[0]["91.5"] == 1


def written_tables(language, blocks):
    chapters = composed(language, blocks, "t", ()).chapters
    pieces = [piece for chapter in chapters for part in chapter.sections for piece in part.pieces]
    return [piece for piece in pieces if piece.kind == "table"]


def test_the_page_gives_columns_their_widths_and_cells_their_tints():
    page = lxml.html.fromstring(web.write(composed("zh", [scores()], "t", ())))
    (table,) = written_tables("zh", [scores()])
    style = page.findtext(".//style")
    widths = [
        float(re.search(rf"\.{col.get('class')} {{ width: ([\d.]+)%; }}", style)[1])
        for col in page.iter("col")
    ]
    assert widths == pytest.approx([100 * width for width in table.widths], abs=0.005)
    cells = [row[-1].get("class").split()[-1] for row in page.xpath("//tbody/tr")]
    tints = [tint_of(i / 30) for i in range(31)]
    assert cells == ["t" + tint[1:] for tint in tints]
    assert all(f".t{tint[1:]} {{ background: {tint}; }}" in style for tint in tints)


@pytest.mark.parametrize("columns", [12, 24, 40])
def test_wide_tables_are_cut_alike_in_both_languages(columns):
    shapes = []
    for language in ("zh", "en"):
        tables = written_tables(language, [scores(columns)])
        assert all(len(table.rows) == 31 for table in tables)
        assert all(sum(table.widths) == pytest.approx(1) for table in tables)
        assert [table.caption.continued for table in tables] == [False] + [True] * (len(tables) - 1)
        shapes.append([len(table.header) for table in tables])
    assert shapes[0] == shapes[1]
    assert sum(shapes[0]) - len(shapes[0]) == columns + 1 and max(shapes[0]) <= 16


def squeezed(text):
    return re.sub(r"\s+", "", text)


def test_hostile_text_is_literal_in_html(files):
    page = lxml.html.fromstring((files / "zh.html").read_bytes())
    assert page.find(".//title").text == HOSTILE and not page.xpath(
        "//script|//em|//strong|//code|//a[not(starts-with(@href, '#'))]"
    )
    assert squeezed(page.text_content()).count(squeezed(HOSTILE)) >= 6
    assert [e.text for e in page.xpath("//main/section//ul[last()]/li")][-len(OPENERS) :] == OPENERS


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
    for path in memo.render(composed("zh"), tmp_path, "zh"):
        assert path.read_bytes() == (files / path.name).read_bytes(), path.suffix


def test_the_title_does_not_hang_on_the_locale(files, tmp_path, monkeypatch):
    for name in ("LC_ALL", "LANG"):
        monkeypatch.setenv(name, "C")
    document = composed("zh", title="测算论证报告 @FONT@")
    (path,) = memo.render(document, tmp_path, "zh", ["html"])
    assert "<title>测算论证报告 @FONT@</title>" in path.read_text(encoding="utf-8")


def test_html_stands_alone(files):
    page = (files / "zh.html").read_text(encoding="utf-8")
    # a name may look like either: it is escaped
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)|url\((?!data:)|@import""", page)
    assert "data:font/woff2;base64," in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_font_has_every_character_of_the_page(language):
    """Also those that no block holds, such as the title of the table of contents."""
    page = web.write(composed(language, [Paragraph(same("7"), "results")], "7", ()))
    font = re.search(rb"font/woff2;base64,([^)]*)", page)[1]
    with TTFont(io.BytesIO(base64.b64decode(font))) as opened:
        shown = opened.getBestCmap()
    root = lxml.html.fromstring(page)
    for style in root.xpath("//style"):
        style.getparent().remove(style)
    assert {ord(c) for c in root.text_content() if c.isprintable()} <= shown.keys()


def test_html_may_run_nothing_and_load_nothing_but_its_own(files):
    """The policy names the page's one style by the hash of its text; nothing needs another."""
    text = (files / "zh.html").read_bytes()
    page = lxml.html.fromstring(text)
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'" and "script-src" not in rules
    digest = hashlib.sha256(re.search(rb"<style>(.*?)</style>", text, re.S)[1]).digest()
    assert rules["style-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert not page.xpath("//*[@style]|//*[@onload]|//script|//link")


def test_the_table_of_contents_names_every_chapter_and_section(files):
    page = lxml.html.fromstring((files / "en.html").read_bytes())
    links = page.xpath("//nav//a")
    at = {link.get("href")[1:]: link.text for link in links}
    assert len(at) == len(links)
    headed = {e.get("id"): e.text for e in page.xpath("//section/h2|//section/h3")}
    assert headed.pop("summary") == "Summary" and at == headed


def test_pictures_are_carried(files):
    assert b"/Image" in (files / "zh.pdf").read_bytes()


def test_a_warning_of_typst_stops_the_work(monkeypatch, tmp_path):
    style = shutil.copytree(STYLE, tmp_path / "style")
    template = style / "memo.typ"
    template.write_text(
        template.read_text(encoding="utf-8").replace(fonts.FAMILY, "No Such Font"), encoding="utf-8"
    )
    monkeypatch.setattr(typeset, "STYLE", style)
    with pytest.raises(WorkError, match=r"(?i)no such font"):
        memo.render(composed(), tmp_path, "memo", ["pdf"])


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_a_character_that_the_font_lacks_is_named_in_the_pdf(tmp_path):
    blocks = [Paragraph(same("\U0001f600"), "results")]
    memo.render(composed("en", blocks, "t", ()), tmp_path, "memo", ["pdf"])
    text = "".join(pages_of_pdf(tmp_path / "memo.pdf"))
    assert "〓" in text and "U+1F600" in text


def test_unknown_chapter_and_missing_picture_are_named():
    with pytest.raises(InputError, match=r"“resultz”.*“results”"):
        composed(blocks=[Paragraph(same("x"), "resultz")])
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
        for path in memo.render(composed("en", blocks, footer=()), tmp_path, "memo"):
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
        document = composed("en", [*before, long, short], "T", ())
        memo.render(document, tmp_path, f"m{lines}", ["pdf"])
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
    memo.render(composed("en", [*before, many], "T", ()), tmp_path, "m", ["pdf"])
    (page,) = [page for page in pages_of_pdf(tmp_path / "m.pdf") if "table many" in page]
    assert re.search(r"\br3\b", page)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_a_row_longer_than_a_page_is_printed_whole_in_pdf(tmp_path):
    words = [f"w{i}" for i in range(6000)]
    document = composed("en", [long_table([" ".join(words)], columns=2)], "T", ())
    memo.render(document, tmp_path, "m", ["pdf"])
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
    memo.render(composed("zh", blocks, "题", ()), tmp_path, "m", ["pdf"])
    page = "".join(pages_of_pdf(tmp_path / "m.pdf"))
    assert text in re.sub(r"\s", "", page)
    assert address in re.sub(r"\s", "", page)
    assert max(len(line.strip()) for line in page.splitlines()) < 100


def test_an_interval_stays_on_one_line_of_its_column():
    """A column of intervals is wide enough for one (12 characters, and half a character of padding
    at least), a CSV has plain spaces."""
    interval = Text("0.06\xa0至\xa00.89", "0.06\xa0to\xa00.89")
    columns = {f"c{j}": [1.25] for j in range(11)} | {"span": [interval]}
    names = {name: same("heading") for name in columns}
    block = DataTable("t", same("t"), pd.DataFrame(columns), names, {}, "results", widths=(1,) * 12)
    row = ["1.25"] * 11 + [interval.en]
    widths, dense = layout.column_widths(["heading"] * 12, [row], [1] * 12)
    assert widths[-1] * (layout.DENSE_LINE if dense else layout.LINE) >= 12
    assert payload(block, "zh")["data"][0][-1] == "0.06 至 0.89"
