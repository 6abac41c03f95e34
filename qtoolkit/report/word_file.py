"""The memo as a Word file in the form of official documents (after GB/T 9704).

Fonts are named, not carried: 方正小标宋简体, 仿宋_GB2312, 黑体, 楷体_GB2312, 宋体 and Times New Roman.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from pathlib import Path

from qtoolkit.report import pandoc

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_LATIN = "Times New Roman"
_HEI, _KAI, _FANG, _SONG, _TITLE = "黑体", "楷体_GB2312", "仿宋_GB2312", "宋体", "方正小标宋简体"
_FRAME = '<w:framePr w:w="8844" w:wrap="around" w:hAnchor="margin" w:xAlign="left" w:vAnchor="margin" w:yAlign="bottom"/>'
_GRID = "".join(
    f'<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="000000"/>'
    for side, size in [("top", 8), ("left", 4), ("bottom", 8), ("right", 4), ("insideH", 4), ("insideV", 4)]
)
_MARGINS = "".join(f'<w:{side} w:w="60" w:type="dxa"/>' for side in ("left", "right"))
_TABLE = f"<w:tblPr {_W}><w:jc w:val='center'/><w:tblBorders>{_GRID}</w:tblBorders><w:tblCellMar>{_MARGINS}</w:tblCellMar></w:tblPr>"


def write(body: str, title: str, language: str) -> bytes:
    """The Word file's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"reference.docx": _reference(language)}
        options = ["-t", "docx", "--reference-doc=reference.docx", "-o", "memo.docx"]
        pandoc.convert(body, Path(folder), *options, files=files)
        return _finished(Path(folder, "memo.docx").read_bytes(), body)


def _styles(language):
    """Style name, based on, East Asian font, points, paragraph properties, bold Latin letters."""
    chinese = language == "zh"
    text, line, head, section, small = (16, 28, 16, 16, 12) if chinese else (12, 20, 14, 12, 10)
    exact = f'<w:spacing w:before="0" w:after="0" w:line="{line * 20}" w:lineRule="exact"/>'
    room = f'<w:spacing w:before="{0 if chinese else 200}" w:after="{0 if chinese else 80}" w:line="{line * 20}" w:lineRule="exact"/>'
    apart = f'<w:spacing w:before="0" w:after="{0 if chinese else 120}" w:line="{line * 20}" w:lineRule="exact"/>'
    single = '<w:spacing w:before="{}" w:after="{}" w:line="240" w:lineRule="auto"/>'.format
    indent = f'<w:ind w:firstLineChars="200" w:firstLine="{text * 40}"/>' if chinese else ""
    flat, both, centre, keep = "", '<w:jc w:val="both"/>', '<w:jc w:val="center"/>', "<w:keepNext/><w:keepLines/>"
    rule = '<w:pBdr><w:top w:val="single" w:sz="4" w:space="4" w:color="000000"/></w:pBdr>'
    return [
        ("Normal", None, _FANG, text, exact + flat + both, False),
        ("Body Text", "Normal", _FANG, text, apart + indent + both, False),
        ("First Paragraph", "Body Text", _FANG, text, apart + indent + both, False),
        ("Compact", "Normal", _FANG, text, exact + both, False),
        ("Title", "Normal", _TITLE, 22 if chinese else 18, keep + single(0, 400) + centre, not chinese),
        ("Heading 1", "Normal", _HEI, head, keep + room + indent + '<w:outlineLvl w:val="0"/>', not chinese),
        ("Heading 2", "Normal", _KAI, section, keep + room + indent + '<w:outlineLvl w:val="1"/>', not chinese),
        ("Table Caption", "Normal", _HEI, small, keep + single(120, 60) + centre, not chinese),
        ("Image Caption", "Normal", _HEI, small, single(0, 200) + centre, not chinese),
        ("Captioned Figure", "Normal", _FANG, text, "<w:keepNext/>" + single(120, 60) + centre, False),
        ("Note", "Normal", _FANG, small, single(60, 60) + both, False),
        ("Footing", "Normal", _FANG, small, _FRAME + rule + single(0, 0) + both, False),
        ("Table Text", "Normal", _SONG, 9, single(20, 20), False),
        ("Table Head", "Table Text", _HEI, 9, "<w:keepNext/>" + single(20, 20), not chinese),
        ("Table Text Dense", "Table Text", _SONG, 7.5, single(10, 10), False),
        ("Table Head Dense", "Table Text", _HEI, 7.5, "<w:keepNext/>" + single(10, 10), not chinese),
        ("footer", "Normal", _SONG, 14 if chinese else 10, single(0, 0) + centre, False),
    ]


def _reference(language):
    """pandoc's own reference document with these styles, A4, margins and a page number."""
    import docx
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn
    from docx.shared import Mm

    document = docx.Document(io.BytesIO(pandoc.run("--print-default-data-file", "reference.docx")))
    for name, base, font, size, shape, bold in _styles(language):
        known = {style.name: style for style in document.styles}
        style = known.get(name) or document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        if base:
            style.base_style = document.styles[base]
        for part in style.element.findall(qn("w:pPr")) + style.element.findall(qn("w:rPr")):
            style.element.remove(part)
        weight = "<w:b/>" if bold else '<w:b w:val="0"/>'
        style.element.append(parse_xml(f"<w:pPr {_W}>{shape}</w:pPr>"))
        style.element.append(
            parse_xml(
                f'<w:rPr {_W}>{_fonts(font)}{weight}<w:i w:val="0"/><w:color w:val="000000"/>'
                f'<w:sz w:val="{round(2 * size)}"/><w:szCs w:val="{round(2 * size)}"/></w:rPr>'
            )
        )
    table = document.styles["Table"].element
    for part in [p for p in table if p.tag in {qn(f"w:{n}") for n in ("pPr", "rPr", "tblPr", "tblStylePr")}]:
        table.remove(part)
    table.append(parse_xml(_TABLE))
    defaults = document.styles.element.find(f".//{qn('w:docDefaults')}//{qn('w:rFonts')}")
    defaults.getparent().replace(defaults, parse_xml(_fonts(_FANG, _W)))
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = Mm(37), Mm(35), Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(25)
    footer = section.footer.paragraphs[0]
    footer.style = document.styles["footer"]
    footer.add_run("— ")
    footer._p.append(parse_xml(f'<w:fldSimple {_W} w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'))
    footer.add_run(" —")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _fonts(east_asian, namespace=""):
    return f'<w:rFonts {namespace} w:ascii="{_LATIN}" w:hAnsi="{_LATIN}" w:cs="{_LATIN}" w:eastAsia="{east_asian}"/>'


def _finished(content, body):
    """What pandoc does not carry over: text size, shading and unbroken rows of tables; pages that open with a heading."""
    import docx
    import lxml.html
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    document = docx.Document(io.BytesIO(content))
    page = lxml.html.fragment_fromstring(body, create_parent="div")
    styles = {style.name: style.style_id for style in document.styles if style.name.startswith("Table ")}
    for source, table in zip(page.iter("table"), document.tables, strict=True):
        kind = " Dense" if source.get("class") == "dense" else ""
        for tr, row in zip(source.iter("tr"), table._tbl.tr_lst, strict=True):
            row.get_or_add_trPr().insert(0, parse_xml(f"<w:cantSplit {_W}/>"))
            for td, cell in zip(tr, row.tc_lst, strict=True):
                head = td.tag == "th"
                tint = re.search(r"background-color:\s*#(\w{6})", td.get("style", ""))
                if head or tint:
                    fill = tint[1].upper() if tint else "EDEDED"
                    cell.get_or_add_tcPr().append(parse_xml(f'<w:shd {_W} w:val="clear" w:color="auto" w:fill="{fill}"/>'))
                cell.get_or_add_tcPr().append(parse_xml(f'<w:vAlign {_W} w:val="center"/>'))
                for paragraph in cell.p_lst:
                    paragraph.style = styles[("Table Head" if head else "Table Text") + kind]
    headings = [p for p in document.paragraphs if p.style.name == "Heading 1"]
    fresh = page.find("./div[@class='cover']") is not None  # the first chapter opens a new page
    for source, heading in zip(page.iter("h2"), headings, strict=True):
        if source.get("class") == "summary":
            heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
            heading._p.get_or_add_pPr().append(parse_xml(f'<w:ind {_W} w:firstLineChars="0" w:firstLine="0"/>'))
            continue
        heading.paragraph_format.page_break_before = fresh or source.getparent().get("class") == "annex" or None
        fresh = False
    out, still = io.BytesIO(), io.BytesIO()
    document.save(out)
    with zipfile.ZipFile(out) as moving, zipfile.ZipFile(still, "w", zipfile.ZIP_DEFLATED) as fixed:
        for name in moving.namelist():
            fixed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), moving.read(name), zipfile.ZIP_DEFLATED)
    return still.getvalue()
