"""The form of the memo's Word file (after GB/T 9704): styles, lists, page, properties.

Fonts are named, not carried: 方正小标宋简体, 仿宋_GB2312, 黑体, 楷体_GB2312, 宋体 and Times New
Roman. Measures without a unit are twentieths of a point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtoolkit.report.writers import CREATED

if TYPE_CHECKING:
    from docx.document import Document as File
    from docx.oxml.xmlchemy import BaseOxmlElement

TEXT_WIDTH = 8845  # of 210 mm without the margins
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
LONGEST_PROPERTY = 255  # characters
_HEI, _KAI, _FANG, _SONG, _TITLE = "黑体", "楷体_GB2312", "仿宋_GB2312", "宋体", "方正小标宋简体"
_BUILT_IN = {"Normal", "Body Text", "Title", "heading 1", "heading 2", "footer"}
_BEFORE_TEXT = {"Title", "heading 1", "heading 2", "Summary Section"}
_BULLET = "\uf0b7"  # in the font Symbol
_PARTS = {"officeDocument", "core-properties", "styles", "numbering", "settings", "footer", "image"}

_DEFAULTS = """
<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">
  <w:name w:val="Default Paragraph Font"/><w:semiHidden/></w:style>
<w:style w:type="numbering" w:default="1" w:styleId="NoList">
  <w:name w:val="No List"/><w:semiHidden/></w:style>
<w:style w:type="table" w:default="1" w:styleId="TableNormal">
  <w:name w:val="Normal Table"/><w:semiHidden/>
  <w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar>
    <w:left w:w="108" w:type="dxa"/><w:right w:w="108" w:type="dxa"/>
  </w:tblCellMar></w:tblPr></w:style>
"""
_TABLE = """
<w:style w:type="table" w:customStyle="1" w:styleId="Table">
  <w:name w:val="Table"/><w:basedOn w:val="TableNormal"/>
  <w:tblPr><w:jc w:val="center"/><w:tblBorders>
    <w:top w:val="single" w:sz="8" w:space="0" w:color="000000"/>
    <w:left w:val="single" w:sz="4" w:space="0" w:color="000000"/>
    <w:bottom w:val="single" w:sz="8" w:space="0" w:color="000000"/>
    <w:right w:val="single" w:sz="4" w:space="0" w:color="000000"/>
    <w:insideH w:val="single" w:sz="4" w:space="0" w:color="000000"/>
    <w:insideV w:val="single" w:sz="4" w:space="0" w:color="000000"/>
  </w:tblBorders><w:tblCellMar>
    <w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/>
  </w:tblCellMar></w:tblPr></w:style>
"""
_SETTINGS = """
<w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/>
<w:characterSpacingControl w:val="doNotCompress"/>
<w:compat><w:compatSetting w:name="compatibilityMode"
  w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>
<w:themeFontLang w:val="en-GB" w:eastAsia="zh-CN"/>
<w:decimalSymbol w:val="."/><w:listSeparator w:val=","/>
"""


@dataclass(frozen=True)
class _Style:
    """A paragraph style: its East Asian font, points, the XML of its paragraphs' form, and whether
    its Latin letters are bold."""

    name: str
    font: str
    points: float
    form: str
    bold: bool = False


def style_id(name: str) -> str:
    """The name by which a paragraph asks for a style.

    >>> style_id("Heading 1")
    'Heading1'
    """
    return name.title().replace(" ", "")


def set_body(file: File, content: str) -> None:
    """Put the content before the section that ends the body."""
    body = _parsed("body", content)
    body.append(file.element.body.sectPr)
    file.element.replace(file.element.body, body)


def _fill(element: BaseOxmlElement, content: str) -> None:
    """Put other content into an element. What is large would take long: lxml looks up the
    namespaces of all that is moved without the element that declares them."""
    element[:] = _parsed("content", content)


def _parsed(name: str, content: str) -> BaseOxmlElement:
    """An element of this name."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    namespaces = nsdecls("w", "r", "wp", "a", "pic")
    return parse_xml(f"<w:{name} {namespaces}>{content}</w:{name}>")


def set_form(file: File, language: str, lists: int) -> None:
    """Styles, the definitions of so many lists, and settings, in place of all that python-docx
    brings along."""
    _fill(file.styles.element, _styles(language))
    numbers = map(_list_number, range(1, lists + 1))
    _fill(file.part.numbering_part.element, _list(language == "zh") + "".join(numbers))
    _fill(file.settings.element, _SETTINGS)
    for part in (file.part, file.part.package):
        for key, relation in list(part.rels.items()):
            if relation.reltype.rsplit("/", 1)[1] not in _PARTS:
                part.rels.pop(key)


def _list(chinese: bool) -> str:
    """What all lists are: bullets. Official documents in Chinese begin items two characters in, as
    paragraphs, and go on at the margin."""
    after = '<w:suff w:val="space"/>' if chinese else ""
    place = 'w:left="0" w:firstLine="640"' if chinese else 'w:left="720" w:hanging="360"'
    return f"""
<w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="singleLevel"/>
  <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/>{after}
    <w:lvlText w:val="{_BULLET}"/><w:lvlJc w:val="left"/><w:pPr><w:ind {place}/></w:pPr>
    <w:rPr><w:rFonts w:ascii="Symbol" w:hAnsi="Symbol" w:cs="Symbol" w:hint="default"/></w:rPr>
  </w:lvl></w:abstractNum>
"""


def _list_number(n: int) -> str:
    return f'<w:num w:numId="{n}"><w:abstractNumId w:val="1"/></w:num>'


def set_page(file: File, page_number: str, footing: str) -> None:
    """A4, its margins, and the number of the page at its foot; above the first page's number, the
    paragraphs of a footing, if there are any."""
    from docx.shared import Mm

    section = file.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(25)
    section.footer.is_linked_to_previous = False
    _fill(section.footer._element, page_number)
    if footing:
        section.different_first_page_header_footer = True
        section.first_page_footer.is_linked_to_previous = False
        _fill(section.first_page_footer._element, footing + page_number)


def set_properties(file: File, language: str, title: str) -> None:
    """Title and language; no person, and one moment for all files."""
    properties = file.core_properties
    properties.title = title[:LONGEST_PROPERTY]
    properties.language = LANGUAGES[language]
    properties.author = properties.comments = ""
    properties.created = properties.modified = CREATED


def _styles(language: str) -> str:
    """The fonts and languages where no style says otherwise, and all styles.

    Latin letters and digits are English in a Chinese memo too: called Chinese, numbers would be
    broken at the ends of lines.
    """
    return (
        f"<w:docDefaults><w:rPrDefault><w:rPr>{_fonts(_FANG)}"
        '<w:sz w:val="24"/><w:szCs w:val="24"/>'
        '<w:lang w:val="en-GB" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'
        "</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>"
        + _DEFAULTS
        + _TABLE
        + "".join(map(_style, _paragraph_styles(language == "zh")))
    )


def _paragraph_styles(chinese: bool) -> Iterator[_Style]:
    """The styles of paragraphs; official documents in Chinese have lines 28 points high and begin
    paragraphs two characters in."""
    text, head, section, small = (16, 16, 16, 12) if chinese else (12, 14, 12, 10)
    footing, page_number = (10.5, 14) if chinese else (9, 10)
    bold = not chinese
    line = 560 if chinese else 360
    plain = _exact(0, 0, line)
    body = plain if chinese else _exact(0, 120, line)
    heading = plain if chinese else _exact(200, 80, line)
    brief = _exact(0, 0, 320) if chinese else _exact(0, 60, 270)
    indent = _indent(text) if chinese else ""
    brief_indent = _indent(small) if chinese else ""
    both = f'<w:jc w:val="{"both" if chinese else "left"}"/>'
    centre = '<w:jc w:val="center"/>'
    keep = "<w:keepNext/><w:keepLines/>"
    rule = '<w:pBdr><w:top w:val="single" w:sz="4" w:space="4" w:color="000000"/></w:pBdr>'
    first, second = (f'<w:outlineLvl w:val="{n}"/>' for n in (0, 1))
    yield _Style("Normal", _FANG, text, plain + both)
    yield _Style("Body Text", _FANG, text, body + indent + both)
    yield _Style("Compact", _FANG, text, plain + both)
    yield _Style("Title", _TITLE, 22 if chinese else 18, keep + _single(0, 240) + centre, bold)
    yield _Style("heading 1", _HEI, head, keep + heading + indent + first, bold)
    yield _Style("heading 2", _KAI, section, keep + heading + indent + second, bold)
    yield _Style("Table Caption", _HEI, small, keep + _single(120, 60) + centre, bold)
    yield _Style("Image Caption", _HEI, small, _single(0, 200) + centre, bold)
    yield _Style("Captioned Figure", _FANG, text, "<w:keepNext/>" + _single(120, 60) + centre)
    yield _Style("Note", _FANG, small, _single(60, 60) + both)
    yield _Style("Summary Text", _FANG, small, brief + brief_indent + both)
    yield _Style("Summary Item", _FANG, small, brief + both)
    yield _Style("Summary Section", _KAI, small, keep + brief + indent + second, bold)
    yield _Style("Footing", _FANG, footing, rule + _single(0, 0) + both)
    yield _Style("Table Text", _SONG, 9, _single(20, 20))
    yield _Style("Table Head", _HEI, 9, _single(20, 20), bold)
    yield _Style("Table Text Dense", _SONG, 7.5, _single(10, 10))
    yield _Style("Table Head Dense", _HEI, 7.5, _single(10, 10), bold)
    yield _Style("footer", _SONG, page_number, _single(0, 0) + centre)


def _exact(before: int, after: int, line: int) -> str:
    """Space around a paragraph whose lines have one height."""
    return f'<w:spacing w:before="{before}" w:after="{after}" w:line="{line}" w:lineRule="exact"/>'


def _single(before: int, after: int) -> str:
    """Space around a paragraph whose lines are as high as their letters."""
    return f'<w:spacing w:before="{before}" w:after="{after}" w:line="240" w:lineRule="auto"/>'


def _indent(points: float) -> str:
    """A first line two characters in."""
    return f'<w:ind w:firstLineChars="200" w:firstLine="{points * 40:.0f}"/>'


def _fonts(east_asian: str) -> str:
    latin = " ".join(f'w:{script}="Times New Roman"' for script in ("ascii", "hAnsi", "cs"))
    return f'<w:rFonts {latin} w:eastAsia="{east_asian}"/>'


def _style(style: _Style) -> str:
    """The XML of a paragraph style."""
    normal = style.name == "Normal"
    kind = ' w:default="1"' if normal else ""
    kind += "" if style.name in _BUILT_IN else ' w:customStyle="1"'
    based = "" if normal else '<w:basedOn w:val="Normal"/>'
    following = '<w:next w:val="BodyText"/>' if style.name in _BEFORE_TEXT else ""
    bold = f'<w:b w:val="{style.bold:d}"/><w:i w:val="0"/><w:color w:val="000000"/>'
    points = "".join(f'<w:{size} w:val="{2 * style.points:.0f}"/>' for size in ("sz", "szCs"))
    return (
        f'<w:style w:type="paragraph"{kind} w:styleId="{style_id(style.name)}">'
        f'<w:name w:val="{style.name}"/>{based}{following}<w:qFormat/>'
        f"<w:pPr>{style.form}</w:pPr>"
        f"<w:rPr>{_fonts(style.font)}{bold}{points}</w:rPr></w:style>"
    )
