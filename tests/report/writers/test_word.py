"""The memo's Word file, read back with python-docx, as XML, and as LibreOffice sets it."""

import collections
import io
import itertools
import re
import struct
import zipfile
import zlib
from dataclasses import replace

import docx
import pytest
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.report.document import (
    Caption,
    Chapter,
    Document,
    Figure,
    Paragraphs,
    Section,
    Table,
)
from qtoolkit.report.writers import word
from tests.look.reading import needs_poppler, needs_soffice, pages_in_word, pages_of, squeezed

HOSTILE = (
    """<script>alert(1)</script> $x$ #import "a" @ref \\ \\n [b] _i_ *b* `c` """
    "// -- ... ~ 'q' https://x.y &amp; ^2^ ]]> <w:br/> {0} %s"
)


def caption(n=1, name="各市得分", before="表", continued=False):
    return Caption(before, n, f"　{name}", continued)


def png(width=4, height=3, shade=200):
    """A PNG of one shade (after the PNG specification, 2nd edition, section 5)."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([shade]) * width) * height)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def table(cells, header=None, caption=caption(), **changes):
    width = len(cells[0]) if cells else len(header)
    values = {
        "widths": (1 / width,) * width,
        "aligns": ("left",) + ("right",) * (width - 1),
        "tints": ((None,) * width,) * len(cells),
        "dense": False,
        "long": (False,) * len(cells),
    }
    header = header or tuple(f"h{j}" for j in range(width))
    return Table(caption, header, tuple(map(tuple, cells)), **(values | changes))


def memo(*pieces, language="zh", footing=(), title="题", pictures=None):
    """A memo of one chapter."""
    chapter = Chapter("results", "chapter", "一、结果", (Section(None, pieces),))
    return Document(title, language, footing, (chapter,), pictures or {})


def written(document):
    return docx.Document(io.BytesIO(word.write(document)))


def parts(document):
    """The parts of a file by name."""
    with zipfile.ZipFile(io.BytesIO(word.write(document))) as entries:
        return {name: entries.read(name) for name in entries.namelist()}


def styled(file):
    return [(p.style.name, p.text) for p in file.paragraphs]


def texts_of(file):
    """All text of a body, in order."""
    return [p.text for p in all_paragraphs(file.element.body)]


def all_paragraphs(element):
    """The paragraphs in an element, those in tables too."""
    return [Paragraph(p, None) for p in element.iter(qn("w:p"))]


def test_the_official_form():
    """A4, margins, fonts and sizes of GB/T 9704-2012, 28 points a line."""
    file = written(memo(footing=("2026",)))
    section = file.sections[0]
    margins = (
        section.page_width,
        section.page_height,
        section.top_margin,
        section.bottom_margin,
        section.left_margin,
        section.right_margin,
    )
    assert [round(margin.mm) for margin in margins] == [210, 297, 37, 35, 28, 26]
    looks = {
        "Title": ("方正小标宋简体", 22),
        "Body Text": ("仿宋_GB2312", 16),
        "Heading 1": ("黑体", 16),
        "Heading 2": ("楷体_GB2312", 16),
        "Table Text": ("宋体", 9),
        "Footer": ("宋体", 14),
    }
    for name, (font, size) in looks.items():
        style = file.styles[name]
        fonts = style.element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == font and style.font.size.pt == size
        assert fonts.get(qn("w:ascii")) == "Times New Roman"
    assert file.styles["Body Text"].paragraph_format.line_spacing.pt == 28
    assert file.styles["Body Text"].element.pPr.ind.get(qn("w:firstLineChars")) == "200"
    for name, level in (("Heading 1", "0"), ("Heading 2", "1"), ("Summary Section", "1")):
        found = file.styles[name].element.pPr.find(qn("w:outlineLvl"))
        assert found.get(qn("w:val")) == level


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_font_of_a_theme_and_no_style_that_is_not_known_is_asked_for(language):
    pieces = [Paragraphs(style, ("a", "b")) for style in ("text", "item", "note")]
    figure = Figure(caption(before="图"), "p", "", 0.5)
    tables = table([["a"]]), table([["a"]], dense=True)
    document = memo(*pieces, figure, *tables, language=language, pictures={"p": png()})
    file, files = written(document), parts(document)
    assert not re.search(rb"[tT]heme(?!FontLang)", b"".join(files.values()))
    known = {style.style_id for style in file.styles}
    asked = re.findall(
        rb'w:(?:pStyle|tblStyle|basedOn|next) w:val="(\w+)"', b"".join(files.values())
    )
    assert {name.decode() for name in asked} <= known
    names = [style.name.lower() for style in file.styles]
    assert len(names) == len(set(names))
    defaults = file.styles.element.find(f".//{qn('w:rPrDefault')}")
    tongues = defaults.find(f".//{qn('w:lang')}")
    assert [tongues.get(qn(f"w:{script}")) for script in ("val", "eastAsia")] == ["en-GB", "zh-CN"]
    assert defaults.find(f".//{qn('w:rFonts')}").get(qn("w:eastAsia")) == "仿宋_GB2312"


def memo_with_cover(language="zh"):
    """A summary, two chapters and two annexes."""
    pieces = (
        Paragraphs("text", ("one",)),
        Paragraphs("item", ("two", "more")),
        Paragraphs("note", ("three",)),
    )
    sections = (Section("part", pieces),)
    kinds = ("summary", "chapter", "chapter", "annex", "annex")
    chapters = tuple(Chapter(f"c{n}", kind, f"{kind}{n}", sections) for n, kind in enumerate(kinds))
    return Document("t", language, ("made in 2026", "second line"), chapters, {})


def test_the_summary_is_set_smaller():
    cover, rest = styled(written(memo_with_cover()))[:7], styled(written(memo_with_cover()))[7:13]
    assert cover == [
        ("Title", "t"),
        ("Heading 1", "summary0"),
        ("Summary Section", "part"),
        ("Summary Text", "one"),
        ("Summary Item", "two"),
        ("Summary Item", "more"),
        ("Note", "three"),
    ]
    assert rest == [
        ("Heading 1", "chapter1"),
        ("Heading 2", "part"),
        ("Body Text", "one"),
        ("Compact", "two"),
        ("Compact", "more"),
        ("Note", "three"),
    ]


def opening(chapter, opens_page):
    return replace(chapter, opens_page=opens_page)


def page_breaks(document):
    paragraphs = [p for p in written(document).paragraphs if p.style.name == "Heading 1"]
    return [bool(p.paragraph_format.page_break_before) for p in paragraphs]


def test_chapters_that_open_a_page_do_so():
    whole = memo_with_cover()
    for opens in itertools.product((False, True), repeat=2):
        marks = [False, True, *opens, True]
        chapters = tuple(map(opening, whole.chapters, marks))
        assert page_breaks(replace(whole, chapters=chapters)) == marks


def test_page_one_has_its_own_foot_where_there_are_lines_for_it():
    section = written(memo(footing=("2026", HOSTILE))).sections[0]
    first = [(p.style.name, p.text) for p in section.first_page_footer.paragraphs]
    assert first == [("Footing", "2026"), ("Footing", HOSTILE), ("Footer", "— 1 —")]
    assert [p.text for p in section.footer.paragraphs] == ["— 1 —"]
    assert fields(section.footer._element) == [("PAGE", "1")]
    assert not written(memo()).sections[0].different_first_page_header_footer


def test_each_list_has_a_number_that_leads_to_a_bullet():
    one, two = Paragraphs("item", ("a", "b")), Paragraphs("item", ("c", "d", "e"))
    file = written(memo(one, Paragraphs("text", ("between",)), two))
    numbers = [p._p.pPr.numPr.numId.val for p in file.paragraphs if p._p.pPr.numPr is not None]
    assert [numbers.count(n) for n in dict.fromkeys(numbers)] == [2, 3]
    definitions = file.part.numbering_part.element
    abstract = {num.numId: num.abstractNumId.val for num in definitions.findall(qn("w:num"))}
    assert set(numbers) == set(abstract)
    kinds = {
        int(a.get(qn("w:abstractNumId"))): a.find(f"{qn('w:lvl')}/{qn('w:numFmt')}").get(
            qn("w:val")
        )
        for a in definitions.findall(qn("w:abstractNum"))
    }
    assert {kinds[a] for a in abstract.values()} == {"bullet"}


def fields(element):
    """(code, result) of the fields in an element, after ECMA-376 part 1, 17.16.18."""
    found, state = [], None
    for node in element.iter(qn("w:fldChar"), qn("w:instrText"), qn("w:t")):
        kind = node.get(qn("w:fldCharType"))
        if kind == "begin":
            found.append(["", ""])
        if kind:
            state = kind
        elif state in ("begin", "separate"):
            found[-1][state == "separate"] += node.text
    return [(code.strip(), result) for code, result in found]


def counted(codes):
    """The numbers that Word gives to SEQ fields (ECMA-376 part 1, 17.16.5.56)."""
    counts = collections.Counter()
    for code in codes:
        name, *switches = re.fullmatch(r"SEQ (\S+) \\\* ARABIC( \\c)?", code).groups()
        counts[name] += switches == [None]
        yield str(counts[name])


@pytest.mark.parametrize(("before", "chart"), [("表", "图"), ("Table ", "Figure ")])
def test_captions_are_numbered_by_fields_that_count_as_they_say(before, chart):
    captions = [
        Caption(before, 1, " a"),
        Caption(before, 2, " b"),
        Caption(before, 2, " b (continued)", True),
        Caption(before, 2, " b (continued)", True),
        Caption(chart, 1, " c"),
        Caption(before, 3, " d"),
        Caption(chart, 2, " e"),
    ]
    pieces = [
        Figure(c, "p", "alt", 0.5) if c.before == chart else table([["x"]], caption=c)
        for c in captions
    ]
    file = written(memo(*pieces, pictures={"p": png()}))
    kinds = {before: "Table Caption", chart: "Image Caption"}
    expected = [(kinds[c.before], c.text) for c in captions]
    assert [pair for pair in styled(file) if pair[0].endswith("Caption")] == expected
    codes, results = zip(*fields(file.element.body), strict=True)
    assert list(counted(codes)) == list(results) == [str(c.number) for c in captions]


def test_tables_are_native_shaded_and_repeat_their_header():
    tints = tuple((None, f"#{n:02x}00ff") for n in range(31))
    cells = [[f"甲{n}市", f"{n}.25"] for n in range(31)]
    long = tuple(n == 7 for n in range(31))
    made = table(cells, ("单位", "得分"), tints=tints, long=long, widths=(0.7, 0.3))
    (found,) = written(memo(made)).tables
    assert [[c.text for c in row.cells] for row in found.rows] == [["单位", "得分"], *cells]
    header, *rows = found._tbl.tr_lst
    assert header.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
    assert [r.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") for r in rows] == [None] * 31
    split = [r.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is None for r in [header, *rows]]
    assert split == [False, *long]
    fills = [[shd.get(qn("w:fill")) for shd in row.iter(qn("w:shd"))] for row in [header, *rows]]
    assert fills == [["ededed", "ededed"], *([tint[1:]] for _, tint in tints)]
    aligns = [jc.get(qn("w:val")) for jc in rows[0].iter(qn("w:jc"))]
    assert aligns == ["left", "right"]
    assert {p.style.name for c in found.rows[0].cells for p in c.paragraphs} == {"Table Head"}
    assert {p.style.name for c in found.rows[1].cells for p in c.paragraphs} == {"Table Text"}


@pytest.mark.parametrize("columns", [1, 7, 45])
def test_columns_fill_the_width_of_the_text(columns):
    """The text of the page is 156 mm wide, which is 156 / 25.4 * 1440 twentieths of a point."""
    shares = [n + 1 for n in range(columns)]
    widths = tuple(share / sum(shares) for share in shares)
    made = table([["x"] * columns], widths=widths, dense=True)
    (found,) = written(memo(made)).tables
    grid = [int(column.get(qn("w:w"))) for column in found._tbl.tblGrid]
    whole = 156 / 25.4 * 1440
    assert sum(grid) == pytest.approx(whole, abs=2)
    assert grid == pytest.approx([width * whole for width in widths], abs=2)
    for row in found._tbl.tr_lst:
        assert [int(w.get(qn("w:w"))) for w in row.iter(qn("w:tcW"))] == grid
    names = {p.style.name for c in found.rows[1].cells for p in c.paragraphs}
    assert names == {"Table Text Dense"}


@pytest.mark.parametrize(("rows", "kept"), [(0, 0), (1, 1), (5, 5), (8, 8), (9, 2), (30, 2)])
def test_short_tables_and_first_rows_stay_together(rows, kept):
    """Up to nine rows with the header; of longer tables the first two."""
    made = table([[f"r{n}", "x"] for n in range(rows)], ("a", "b"))
    (found,) = written(memo(made)).tables
    together = [
        all(p.paragraph_format.keep_with_next for c in row.cells for p in c.paragraphs)
        for row in found.rows
    ]
    assert together == [True] * kept + [False] * (rows + 1 - kept)


def test_no_empty_line_stands_between_tables():
    captions = [caption(n, f"table {n}") for n in (1, 2, 3)]
    file = written(memo(*(table([["x"]], caption=c) for c in captions)))
    assert len(file.tables) == 3
    assert [p.text for p in file.paragraphs][2:] == [c.text for c in captions]


def test_figures_carry_each_picture_once_with_its_words():
    """Two of the three figures have one picture; the text is 156 mm wide."""
    pictures = {"a": png(40, 30), "b": png(20, 30), "not used": png(9, 9)}
    figures = [
        Figure(caption(n, before="图"), name, f"alt {n} {HOSTILE}", width)
        for n, (name, width) in enumerate([("a", 0.5), ("b", 1.0), ("a", 0.25)], 1)
    ]
    document = memo(*figures, pictures=pictures)
    carried = [data for name, data in parts(document).items() if name.endswith(".png")]
    assert carried == [pictures["a"], pictures["b"]]
    file = written(document)
    sizes = [(shape.width.mm, shape.height.mm) for shape in file.inline_shapes]
    expected = [(78, 58.5), (156, 234), (39, 29.25)]
    assert [value for size in sizes for value in size] == pytest.approx(
        [value for size in expected for value in size], abs=0.1
    )
    found = [e.get("descr") for e in file.element.body.iter(qn("wp:docPr"))]
    assert found == [figure.alt for figure in figures]
    ids = [e.get("id") for e in file.element.body.iter(qn("wp:docPr"))]
    assert len(set(ids)) == 3
    assert [name for name, _ in styled(file)][2:] == ["Captioned Figure", "Image Caption"] * 3


def test_properties_name_the_memo_and_no_person():
    for language, tag in (("zh", "zh-CN"), ("en", "en-GB")):
        properties = written(memo(language=language, title="测算 <论证>")).core_properties
        assert (properties.title, properties.language) == ("测算 <论证>", tag)
        assert {properties.author, properties.last_modified_by, properties.comments} == {""}
        assert properties.created == properties.modified
    assert "python-docx" not in str(parts(memo()))
    long = written(memo(title="题" * 1000))
    assert long.paragraphs[0].text == "题" * 1000


def test_the_same_memo_gives_the_same_bytes_and_no_time_is_told():
    document = memo_with_cover()
    assert word.write(document) == word.write(memo_with_cover())
    with zipfile.ZipFile(io.BytesIO(word.write(document))) as entries:
        assert {entry.date_time for entry in entries.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def memo_of_texts(texts):
    """Each text as paragraph, item, note, heading, cell, caption and alternative text."""
    pieces = [Paragraphs(style, tuple(texts)) for style in ("text", "item", "note")]
    rows = [[text, text] for text in texts]
    pieces.append(table(rows, (texts[0], texts[0]), Caption("表", 1, texts[0])))
    pieces.append(Figure(Caption("图", 1, texts[0]), "p", texts[0], 0.5))
    chapter = Chapter("results", "chapter", texts[0], (Section(texts[0], tuple(pieces)),))
    return Document(texts[0], "zh", tuple(texts), (chapter,), {"p": png()})


def all_texts(document):
    file = written(document)
    footers = file.sections[0].first_page_footer._element
    alts = [e.get("descr") for e in file.element.body.iter(qn("wp:docPr"))]
    return collections.Counter([*texts_of(file), *(p.text for p in all_paragraphs(footers)), *alts])


def expected_texts(texts):
    """How often each text stands in the memo of texts."""
    expected = collections.Counter()
    for text in texts:
        expected[text] += 6
    expected[texts[0]] += 6
    for other in (f"表1{texts[0]}", f"图1{texts[0]}", "", "— 1 —"):
        expected[other] += 1
    return expected


PLAIN = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20
)


@given(st.lists(PLAIN, min_size=1, max_size=8))
def test_text_is_literal(texts):
    texts = [HOSTILE, " spaces at the ends  ", *texts]
    document = memo_of_texts(texts)
    assert all_texts(document) == expected_texts(texts)
    runs = written(document).element.body.iter(qn("w:t"))
    assert {run.get(qn("xml:space")) for run in runs} == {"preserve"}


def test_characters_that_xml_forbids_are_left_out():
    """XML 1.0, production 2: all below U+0020 but three, surrogates, U+FFFE and U+FFFF."""
    codes = [n for n in range(32) if n not in (9, 10, 13)] + [0xD800, 0xDFFF, 0xFFFE, 0xFFFF]
    text = "a" + "".join(map(chr, codes)) + "b\ufffd\x7f\x85\U0010ffff"
    left = "ab\ufffd\x7f\x85\U0010ffff"
    assert all_texts(memo_of_texts([text])) == expected_texts([left])
    assert written(memo_of_texts([text])).core_properties.title == left


def test_what_is_empty_is_written():
    empty = Document("", "en", (), (), {})
    assert [p.text for p in written(empty).paragraphs] == [""]
    chapter = Chapter("results", "chapter", "h", (Section(None, ()),))
    assert len(written(Document("t", "zh", (), (chapter,), {})).paragraphs) == 2
    (found,) = written(memo(table([], ("a", "b")))).tables
    assert [[c.text for c in row.cells] for row in found.rows] == [["a", "b"]]
    (found,) = written(memo(table([[""]], ("",)))).tables
    assert [[c.text for c in row.cells] for row in found.rows] == [[""], [""]]


def test_a_table_of_thousands_of_rows_is_whole():
    cells = [[f"u{n}", str(n)] for n in range(3000)]
    body = written(memo(table(cells))).element.body
    texts = ["".join(t.text for t in tc.iter(qn("w:t"))) for tc in body.iter(qn("w:tc"))]
    assert texts[2:] == [text for row in cells for text in row]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """A memo as LibreOffice sets it: a cover, a chapter of two tables, one of them long and in two
    parts, and two annexes."""
    cells = [[f"begin{n}x", f"{'word ' * 100}end{n}x"] for n in range(20)]
    captions = [caption(1, "long"), caption(1, "long （续）", continued=True), caption(2, "short")]
    made = [
        table(cells, ("HEADER", "b"), captions[0], widths=(0.3, 0.7)),
        table([["p", "q"]], caption=captions[1]),
        table([["p", "q"]] * 5, caption=captions[2]),
    ]
    said = Section("part", (Paragraphs("item", ("first item", "second item")),))
    numbers = Paragraphs("text", tuple("甲" * n + "1234567890" + "乙" * 9 for n in range(16, 42)))
    figure = Figure(caption(1, "figure", "图"), "p", "alt", 0.5)
    chapters = (
        Chapter("summary", "summary", "the summary", (said,)),
        Chapter("results", "chapter", "the chapter", (Section(None, tuple(made)),), True),
        Chapter("a1", "annex", "annex one", (Section(None, (numbers, figure)),), True),
        Chapter("a2", "annex", "annex two", (said,), True),
    )
    document = Document("the title", "zh", ("made in 2026",), chapters, {"p": png(400, 300)})
    folder = tmp_path_factory.mktemp("word")
    (folder / "memo.docx").write_bytes(word.write(document))
    pages_in_word(folder / "memo.docx", folder)
    return folder / "memo.pdf"


@pytest.fixture(scope="module")
def pages(printed):
    """The pages without spaces."""
    return [squeezed(page) for page in pages_of(printed)]


@needs_soffice
@needs_poppler
def test_pages_in_libreoffice(pages):
    """The cover and the annexes have pages of their own, and each page its number; only page one
    has the footing."""
    assert pages[0].startswith("thetitlethesummary") and pages[1].startswith("thechapter")
    assert sum(page.startswith("annexone") for page in pages) == 1
    assert pages[-1].startswith("annextwo")
    assert ["madein2026" in page for page in pages] == [True] + [False] * (len(pages) - 1)
    assert all(f"—{n}—" in page for n, page in enumerate(pages, 1))


@needs_soffice
@needs_poppler
def test_a_header_is_repeated_and_no_row_broken_in_libreoffice(pages):
    with_rows = [page for page in pages if "begin" in page]
    assert len(with_rows) > 1
    for page in with_rows:
        assert page.count("HEADER") == 1
        assert re.findall(r"begin(\d+)x", page) == re.findall(r"end(\d+)x", page)
    ended = re.findall(r"end(\d+)x", "".join(pages))
    assert ended == [str(n) for n in range(20)]


@needs_soffice
@needs_poppler
def test_a_number_is_not_broken_at_the_end_of_a_line_in_libreoffice(printed):
    """So many characters stand before the numbers that some do not fit the line."""
    text = "".join(pages_of(printed))
    assert len(re.findall("1234567890", text)) == 26


@needs_soffice
@needs_poppler
def test_libreoffice_counts_the_captions_alike(pages):
    """LibreOffice works the numbers out anew when it opens a file."""
    found = re.findall(r"[表图]\d(?:long（续）|long|short|figure)", "".join(pages))
    assert found == ["表1long", "表1long（续）", "表2short", "图1figure"]
