"""The parts of a workbook (.xlsx is a zip of XML), unpacked within limits and checked, before
anything interprets them.

A zip can lie: about sizes, with two parts of one name, with parts that unpack to a thousand times
their size. What reaches the reader of the cells is therefore a fresh package of the checked parts
only (:func:`packed`).
"""

from __future__ import annotations

import codecs
import io
import posixpath
import zipfile
from xml.parsers import expat

from qtoolkit.errors import Complaint, InputError
from qtoolkit.language import Text, say
from qtoolkit.limits import UNPACKED_BYTES, ZIP_ENTRIES, too_large

BOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
STYLES = "xl/styles.xml"
STRINGS = "xl/sharedStrings.xml"
COMMON = (BOOK, RELATIONS, STYLES, STRINGS)
_ROOT = (
    '<?xml version="1.0"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r" Target="xl/workbook.xml" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 1
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AT_ONCE = 1 << 20


class Package:
    """A workbook's parts by name, in lower case as Excel compares them."""

    def __init__(self, name: str, data: bytes):
        entries = data.count(_ENTRY)
        if entries > ZIP_ENTRIES:
            raise too_large(
                name, Text("工作簿内的部件数", "parts inside the workbook"), entries, ZIP_ENTRIES
            )
        self.name = name
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._unpacked = 0
        for entry in self._archive.infolist():
            key = entry.filename.lower()
            if key in self._entries:
                text = say(
                    zh="不是完好的 Excel 工作簿：部件“{part}”出现了两次，应只有一次",
                    en="not a sound Excel workbook: the part “{part}” stands in it twice, "
                    "expected once",
                    part=entry.filename,
                )
                raise InputError(Complaint(text, name))
            self._entries[key] = entry

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._entries

    def read(self, part: str) -> bytes:
        """The bytes of a part; KeyError where there is none."""
        entry = self._entries[part.lower()]
        if entry.flag_bits & _ENCRYPTED:
            raise InputError(
                Complaint(
                    Text(
                        "工作簿已加密，请去掉密码", "the workbook is encrypted: remove the password"
                    ),
                    self.name,
                )
            )
        if entry.compress_type not in _PLAIN:
            raise zipfile.BadZipFile(entry.filename)
        self._allow(entry.file_size)
        pieces, size = [], 0
        with self._archive.open(entry) as file:
            while piece := file.read(_AT_ONCE):
                pieces.append(piece)
                size += len(piece)
                self._allow(size)
        self._unpacked += size
        return _in_utf8(self.name, part, b"".join(pieces))

    def _allow(self, more: int) -> None:
        if self._unpacked + more > UNPACKED_BYTES:
            what = Text("工作簿解压后的字节数", "bytes of the workbook once unpacked")
            raise too_large(self.name, what, self._unpacked + more, UNPACKED_BYTES)


def _in_utf8(name: str, part: str, data: bytes) -> bytes:
    """A part as Excel writes it, in UTF-8, so that all readers of it see the same characters.

    UTF-16, which XML allows too, is known by its first bytes and changed; anything else is refused
    by its name.
    """
    if data[:2] in _WIDE:
        plain = data.decode(_WIDE[data[:2]]).removeprefix("\ufeff")
        return _undeclared(plain).encode("utf-8")
    declared = _declared_encoding(data.removeprefix(codecs.BOM_UTF8))
    if declared is not None and declared.lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        text = say(
            zh="部件“{part}”的字符编码为 {found}，应为 UTF-8；请在 Excel 中打开并另存为 .xlsx",
            en="the part “{part}” is encoded in {found}, expected UTF-8: open the workbook in "
            "Excel and save it as .xlsx",
            part=part,
            found=declared,
        )
        raise InputError(Complaint(text, name))
    return data


def _undeclared(text: str) -> str:
    """XML without its declaration: what that says of the bytes no longer holds."""
    return text.partition("?>")[2] if text.startswith("<?xml") else text


def _declared_encoding(data: bytes) -> str | None:
    """The encoding that a part's XML declaration names; None where it names none."""
    if not data.startswith(b"<?xml"):
        return None
    encodings: list[str | None] = [None]

    def declared(version: str, encoding: str | None, standalone: int) -> None:
        encodings.append(encoding)

    parser = expat.ParserCreate("UTF-8")  # whatever is declared
    parser.XmlDeclHandler = declared
    declaration, end, _ = data[:_LONGEST_DECLARATION].partition(b"?>")
    parser.Parse(declaration + end, False)
    return encodings[-1]


_LONGEST_DECLARATION = 200
_WIDE = {
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}


def packed(parts: dict[str, bytes]) -> io.BytesIO:
    """A package of these parts of a workbook and no others; they are taken out of `parts`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("_rels/.rels", _ROOT)
        for name in list(parts):
            archive.writestr(name, parts.pop(name))
    out.seek(0)
    return out


def target(path: str) -> str:
    """The part that a relation of the workbook leads to.

    >>> target("worksheets/sheet1.xml"), target("/xl/styles.xml")
    ('xl/worksheets/sheet1.xml', 'xl/styles.xml')
    """
    return posixpath.normpath(posixpath.join("/xl", path)).lstrip("/")
