"""Bytes to text: UTF-8 (with or without BOM) or GB18030, and never one encoding read as another."""

from __future__ import annotations

from typing import NoReturn

from qtoolkit.errors import Complaint, InputError
from qtoolkit.language import Text, say

_COMMON_GB = range(0xB0, 0xD8)  # first bytes of the 3,755 common characters of GB 2312
_COMMON_BIG5 = range(0xA4, 0xC7)  # first bytes of the 5,401 common characters of Big5
_SIGNS = (
    0xA1,
    0xA2,
    0xA3,
    0xA8,
    0xA9,
)  # first bytes of signs, units and box drawings in one or both
_LETTERS_GB = range(0xA4, 0xA8)  # first bytes of kana, Greek and Cyrillic in GB 2312
_GB = 0xA1  # the least second byte in GB 2312
_LEAD_BIG5 = 0.2  # by how much common characters must be commoner in Big5
_SAMPLE = 1_000_000  # bytes that are looked at


def text_of(name: str, data: bytes) -> str:
    """The text of a file's bytes.

    Raises
    ------
    InputError
        Neither encoding, or one that the decoder cannot tell from GB18030 (Big5).

    >>> text_of("x.csv", "甲市".encode("gb18030"))
    '甲市'

    """
    for encoding in ("utf-8",) if _is_broken_utf8(data) else ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            continue
        if encoding == "gb18030" and looks_like_big5(data):
            why = Text(
                "文件似为 Big5（繁体中文）编码", "the file looks like Big5 (traditional Chinese)"
            )
            _refuse(name, why)
        return text
    _refuse(name, Text("文字编码无法识别", "unknown text encoding"))


def _refuse(name: str, why: Text) -> NoReturn:
    text = say(
        zh="{why}，应为 UTF-8 或 GB18030（Excel 中可另存为“CSV UTF-8”）",
        en="{why}, expected UTF-8 or GB18030 (in Excel: save as “CSV UTF-8”)",
        why=why,
    )
    raise InputError(Complaint(text, name))


def _is_broken_utf8(data: bytes) -> bool:
    """Whether it is UTF-8 with a few bytes damaged, which GB18030 could read as nonsense."""
    text = data[:_SAMPLE].decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    whole = sum(c > "\u07ff" for c in text) - damaged
    return data.startswith(b"\xef\xbb\xbf") or whole > 2 * damaged


def looks_like_big5(data: bytes) -> bool:
    """Whether bytes that GB18030 can read are rather Big5.

    Most Big5 text is valid GB18030 of other characters. Both encodings put their common characters
    together, by first byte, so that in a text of either nearly all characters are common in the
    right encoding and few in the wrong one. A character of GB 2312 that is common in Big5's sense
    is common in its own too, so that simplified Chinese is never taken for Big5; the traditional
    characters of GB18030 are not in Big5's range at all.

    >>> looks_like_big5("臺北市".encode("big5")), looks_like_big5("北京市".encode("gb18030"))
    (True, False)

    """
    pairs = [
        (lead, trail)
        for lead, trail in _pairs(data[:_SAMPLE])
        if lead not in _SIGNS and not (lead in _LETTERS_GB and trail >= _GB)
    ]
    if not pairs:
        return False
    try:
        data.decode("big5hkscs")
    except UnicodeDecodeError:
        return False
    in_big5 = sum(lead in _COMMON_BIG5 for lead, _ in pairs)
    in_gb = sum(lead in _COMMON_GB and trail >= _GB for lead, trail in pairs)
    return in_big5 > in_gb + _LEAD_BIG5 * len(pairs)


def _pairs(data: bytes) -> list[tuple[int, int]]:
    """The characters of two bytes, by which both encodings write Chinese."""
    pairs, i = [], 0
    while i < len(data) - 1:
        if data[i] < 0x80:
            i += 1
        else:
            pairs.append((data[i], data[i + 1]))
            i += 2
    return pairs
