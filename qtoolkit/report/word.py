"""The memo as a Word file in the form of official documents (after GB/T 9704).

Fonts are named, not carried: 方正小标宋简体, 仿宋_GB2312, 黑体, 楷体_GB2312, 宋体 and Times New
Roman.
"""

from __future__ import annotations

import copy
import io
import re
import tempfile
import zipfile
from pathlib import Path

from qtoolkit.report import pandoc

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_HEI, _KAI, _FANG, _SONG, _TITLE = "黑体", "楷体_GB2312", "仿宋_GB2312", "宋体", "方正小标宋简体"
_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="000000"/>'
    for side, size in [
        ("top", 8),
        ("left", 4),
        ("bottom", 8),
        ("right", 4),
        ("insideH", 4),
        ("insideV", 4),
    ]
)
_TABLE = (
    f'<w:tblPr {_W}><w:jc w:val="center"/><w:tblBorders>{_BORDERS}</w:tblBorders><w:tblCellMar>'
    '<w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr>'
)
SHORT, FIRST = 9, 2  # rows with the header


def write(body: str, title: str, language: str) -> bytes:
    """The Word file's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "reference.docx").write_bytes(_reference(language == "zh"))
        pandoc.convert(
            body, Path(folder), "-t", "docx", "--reference-doc=reference.docx", "-o", "memo.docx"
        )
        return _finished(Path(folder, "memo.docx").read_bytes(), body)


def _styles(chinese):
    """Style name, East Asian font, points, paragraph properties, bold Latin letters."""
    text, line, head, section, small = (16, 28, 16, 16, 12) if chinese else (12, 18, 14, 12, 10)
    fixed = (
        '<w:spacing w:before="{}" w:after="{}" w:line="' + str(line * 20) + '" w:lineRule="exact"/>'
    )
    single = '<w:spacing w:before="{}" w:after="{}" w:line="240" w:lineRule="auto"/>'.format
    body, heading = (
        (fixed.format(0, 0), fixed.format(0, 0))
        if chinese
        else (fixed.format(0, 120), fixed.format(200, 80))
    )
    indent = f'<w:ind w:firstLineChars="200" w:firstLine="{text * 40}"/>' if chinese else ""
    both = f'<w:jc w:val="{"both" if chinese else "left"}"/>'
    centre = '<w:jc w:val="center"/>'
    keep = "<w:keepNext/><w:keepLines/>"
    rule = '<w:pBdr><w:top w:val="single" w:sz="4" w:space="4" w:color="000000"/></w:pBdr>'
    brief = (
        f'<w:spacing w:before="0" w:after="{0 if chinese else 60}" '
        f'w:line="{320 if chinese else 270}" w:lineRule="exact"/>'
    )
    level = '<w:outlineLvl w:val="{}"/>'.format
    return [
        ("Normal", _FANG, text, fixed.format(0, 0) + both, False),
        ("Body Text", _FANG, text, body + indent + both, False),
        ("First Paragraph", _FANG, text, body + indent + both, False),
        ("Compact", _FANG, text, fixed.format(0, 0) + both, False),
        ("Title", _TITLE, 22 if chinese else 18, keep + single(0, 240) + centre, not chinese),
        ("Heading 1", _HEI, head, keep + heading + indent + level(0), not chinese),
        ("Heading 2", _KAI, section, keep + heading + indent + level(1), not chinese),
        ("Table Caption", _HEI, small, keep + single(120, 60) + centre, not chinese),
        ("Image Caption", _HEI, small, single(0, 200) + centre, not chinese),
        ("Captioned Figure", _FANG, text, "<w:keepNext/>" + single(120, 60) + centre, False),
        ("Note", _FANG, small, single(60, 60) + both, False),
        (
            "Summary Text",
            _FANG,
            small,
            brief + indent.replace(str(text * 40), str(small * 40)) + both,
            False,
        ),
        ("Summary Item", _FANG, small, brief + both, False),
        ("Summary Section", _KAI, small, keep + brief + indent + level(1), not chinese),
        ("Footing", _FANG, 10.5 if chinese else 9, rule + single(0, 0) + both, False),
        ("Table Text", _SONG, 9, single(20, 20), False),
        ("Table Head", _HEI, 9, single(20, 20), not chinese),
        ("Table Text Dense", _SONG, 7.5, single(10, 10), False),
        ("Table Head Dense", _HEI, 7.5, single(10, 10), not chinese),
        ("footer", _SONG, 14 if chinese else 10, single(0, 0) + centre, False),
    ]


def _fonts(east_asian):
    latin = "".join(f'w:{script}="Times New Roman" ' for script in ("ascii", "hAnsi", "cs"))
    return f'<w:rFonts {_W} {latin} w:eastAsia="{east_asian}"/>'


def _reference(chinese):
    """pandoc's own reference document with these styles, A4, margins and a page number."""
    import docx
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn
    from docx.shared import Mm

    document = docx.Document(io.BytesIO(pandoc.run("--print-default-data-file", "reference.docx")))
    known = {style.name: style for style in document.styles}
    for name, font, size, shape, bold in _styles(chinese):
        style = known.get(name) or document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = None if name == "Normal" else known["Normal"]
        for part in style.element.findall(qn("w:pPr")) + style.element.findall(qn("w:rPr")):
            style.element.remove(part)
        look = f'<w:b w:val="{bold:d}"/><w:i w:val="0"/><w:color w:val="000000"/>'
        points = f'<w:sz w:val="{2 * size:.0f}"/><w:szCs w:val="{2 * size:.0f}"/>'
        style.element.append(parse_xml(f"<w:pPr {_W}>{shape}</w:pPr>"))
        style.element.append(parse_xml(f"<w:rPr {_W}>{_fonts(font)}{look}{points}</w:rPr>"))
    table = known["Table"].element
    for part in [
        p for p in table if p.tag in {qn(f"w:{n}") for n in ("pPr", "rPr", "tblPr", "tblStylePr")}
    ]:
        table.remove(part)
    table.append(parse_xml(_TABLE))
    defaults = document.styles.element.find(f".//{qn('w:docDefaults')}//{qn('w:rFonts')}")
    defaults.getparent().replace(defaults, parse_xml(_fonts(_FANG)))
    section = document.sections[0]
    section.page_width = Mm(210)
    section.page_height = Mm(297)
    section.left_margin = Mm(28)
    section.right_margin = Mm(26)
    section.top_margin, section.bottom_margin, section.header_distance, section.footer_distance = (
        map(Mm, (37, 35, 15, 25))
    )
    footer = section.footer.paragraphs[0]
    footer.style = document.styles["footer"]
    footer.add_run("— ")
    footer._p.append(
        parse_xml(f'<w:fldSimple {_W} w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>')
    )
    footer.add_run(" —")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _finished(content, body):
    """Adds what pandoc does not carry over: the look of tables, page breaks, the lines at the
    bottom of page one."""
    import docx
    import lxml.html

    document = docx.Document(io.BytesIO(content))
    page = lxml.html.fragment_fromstring(body, create_parent="div")
    styles = {style.name: style.style_id for style in document.styles}
    for source, table in zip(page.iter("table"), document.tables, strict=True):
        _dress(table._tbl, source, styles)
    _join_tables(document)
    for picture in document.inline_shapes:  # LibreOffice indents a picture that does not say so
        picture._inline.attrib.update({"distT": "0", "distB": "0", "distL": "0", "distR": "0"})
    paragraphs = {name: [p for p in document.paragraphs if p.style.name == name] for name in styles}
    cover = page.find("./div[@class='cover']")
    _break_pages(page, paragraphs["Heading 1"], cover is not None)
    if cover is not None:
        _restyle(cover.iter("h3"), paragraphs["Heading 2"], "Summary Section")
        _restyle(cover.iter("li"), paragraphs["Compact"], "Summary Item")
    if paragraphs["Footing"]:
        _move_to_first_footer(document, paragraphs["Footing"])
    out = io.BytesIO()
    document.save(out)
    return _undated(out)


def _join_tables(document):
    """Removes the empty paragraphs that pandoc puts between two tables, which the caption of the
    second parts already."""
    from docx.oxml.ns import qn

    for paragraph in document.paragraphs:
        element = paragraph._p
        last, following = element.getprevious(), element.getnext()
        after_table = last is not None and last.tag == qn("w:tbl")
        before_text = following is not None and following.tag == qn("w:p")
        if after_table and before_text and not len(element):
            element.getparent().remove(element)


def _break_pages(page, headings, has_cover):
    """The summary's heading in the middle; a new page for the first chapter after a cover and for
    each annex."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn

    after_cover = has_cover
    for source, heading in zip(page.iter("h2"), headings, strict=True):
        if source.get("class") == "summary":
            heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
            heading.paragraph_format.first_line_indent = 0
            heading._p.pPr.ind.set(qn("w:firstLineChars"), "0")
        elif after_cover or source.getparent().get("class") == "annex":
            heading.paragraph_format.page_break_before = True
            after_cover = False


def _restyle(sources, paragraphs, style):
    """Gives the first paragraphs, as many as there are sources on the cover, another style."""
    for paragraph, _ in zip(paragraphs, sources, strict=False):
        paragraph.style = style


def _move_to_first_footer(document, lines):
    """Moves lines to the bottom of page one, above the page's number."""
    section = document.sections[0]
    section.different_first_page_header_footer = True
    number = section.footer.paragraphs[0]._p
    last = section.first_page_footer.paragraphs[0]._p
    for element in [line._p for line in lines] + [copy.deepcopy(number)]:
        last.addprevious(element)
    last.getparent().remove(last)


def _undated(file):
    """The bytes of a zip file without the time at which it was written."""
    out = io.BytesIO()
    with zipfile.ZipFile(file) as dated, zipfile.ZipFile(out, "w") as undated:
        for name in dated.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            undated.writestr(entry, dated.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _dress(table, source, styles):
    """Type, shading and unbroken rows of one table, as in its HTML; a short table, and the first
    rows of a long one, stay together on a page."""
    from docx.oxml import parse_xml
    from docx.text.paragraph import Paragraph

    kind = " Dense" if source.get("class") == "dense" else ""
    together = len(table.tr_lst) - 1 if len(table.tr_lst) <= SHORT else FIRST
    for n, (tr, row) in enumerate(zip(source.iter("tr"), table.tr_lst, strict=True)):
        row.get_or_add_trPr().insert(0, parse_xml(f"<w:cantSplit {_W}/>"))
        for td, cell in zip(tr, row.tc_lst, strict=True):
            head, look = td.tag == "th", cell.get_or_add_tcPr()
            tint = re.search(r"background-color:#(\w{6})", td.get("style"))
            if head or tint:
                fill = tint[1] if tint else "ededed"
                look.append(
                    parse_xml(f'<w:shd {_W} w:val="clear" w:color="auto" w:fill="{fill}"/>')
                )
            look.append(parse_xml(f'<w:vAlign {_W} w:val="center"/>'))
            for paragraph in cell.p_lst:
                paragraph.style = styles[("Table Head" if head else "Table Text") + kind]
                if n < together:
                    Paragraph(paragraph, None).paragraph_format.keep_with_next = True
