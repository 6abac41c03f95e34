"""The words of a memo's files in the order in which they are read: what each is, and its text.

Two writers of one format may differ in their markup; a reader sees these lines.
"""

import io
import re

import docx
import lxml.html
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

TAGS = ("h1", "h2", "h3", "p", "li", "caption", "th", "td", "figcaption")
STYLES = {
    "Title": "h1",
    "Heading 1": "h2",
    "Heading 2": "h3",
    "Summary Section": "h3",
    "Note": "note",
    "Table Caption": "caption",
    "Image Caption": "figcaption",
}


def squeezed(text):
    """A text with single spaces; spaces that hold words together stay."""
    return re.sub(r"[ \t\r\n]+", " ", text).strip(" ")


def html_lines(page):
    """(kind, text) of a page: headings, paragraphs, notes, items, captions, cells, pictures."""
    found = []
    root = lxml.html.fromstring(page)
    for navigation in root.xpath("//nav"):
        navigation.getparent().remove(navigation)
    for element in root.find("body").iter():
        if element.tag == "img":
            found.append(("alt", squeezed(element.get("alt"))))
        elif element.tag in TAGS:
            above = element.getparent().get("class")
            kind = above if above in ("note", "footing") else element.tag
            found.append((kind, squeezed(element.text_content())))
    return found


def docx_lines(content):
    """The same of a Word file; items say their level, and the lines at the bottom of page one come
    last."""
    document = docx.Document(io.BytesIO(content))
    names = {style.style_id: style.name for style in document.styles}
    found = []
    for element in document.element.body.iter(qn("w:p")):
        found += _paragraph(element, document, names)
    footer = document.sections[0].first_page_footer
    lines = [p.text for p in footer.paragraphs if p.style.name == "Footing"]
    return [*found, *(("footing", squeezed(line)) for line in lines)]


def _paragraph(element, document, names):
    paragraph = Paragraph(element, document)
    drawings = element.findall(f".//{qn('wp:docPr')}")
    if drawings:
        return [("alt", squeezed(drawing.get("descr") or "")) for drawing in drawings]
    text = squeezed(paragraph.text)
    if element.getparent().tag == qn("w:tc"):
        return [("cell", text)]
    kind = STYLES.get(names.get(paragraph.style.style_id), "p")
    if element.pPr is not None and element.pPr.numPr is not None:
        kind = f"li{element.pPr.numPr.ilvl.val}"
    return [(kind, text)] if text else []
