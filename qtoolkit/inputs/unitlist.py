"""The list of units from which a draw is made, as bytes that anybody can write again, and the
hashes of its texts."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from qtoolkit.errors import InputError, clip, unexpected
from qtoolkit.language import Text, say

UNIT, STRATUM, SEED, ITEM = (
    Text("考核对象名称", "the name of a unit"),
    Text("分层", "a stratum"),
    Text("种子", "the seed"),
    Text("核查项目", "an item"),
)
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def digest(*parts: str) -> str:
    """SHA-256 of texts joined by a line feed, in UTF-8, as 64 hexadecimal digits.

    >>> digest("abc")[:16]  # FIPS 180-2, example B.1
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def listed_text(value: Any, what: Text) -> str:
    """A name or seed as it is hashed: NFC, without outer white space.

    Raises
    ------
    InputError
        No text, a blank one, or one with a character that the eye does not see (a tab, a line
        break, a control character): nobody could type it again.

    >>> listed_text(" 甲市 ", UNIT)
    '甲市'
    """
    if not isinstance(value, str):
        raise InputError(
            say(
                zh="{what}为“{found}”（{kind}），应为文字",
                en="{what} is “{found}” ({kind}), expected text",
                what=what,
                found=clip(value),
                kind=type(value).__name__,
            )
        )
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise InputError(say(zh="{what}为空，应有文字", en="{what} is blank", what=what))
    for sign in text:
        if unicodedata.category(sign) in _UNSEEN:
            raise InputError(
                say(
                    zh="{what}“{found}”中有看不见的字符 {code}（换行、制表符或控制符），请删去",
                    en="{what}, “{found}”, holds a character that cannot be seen, {code} (a line "
                    "break, a tab or a control character): delete it",
                    what=what,
                    found=clip(text),
                    code=f"U+{ord(sign):04X}",
                )
            )
    return text


def distinct(values: Iterable[Any], what: Text) -> list[str]:
    """Names as they are hashed, each once.

    Raises
    ------
    InputError
        As :func:`listed_text`; no list; none at all; one of them twice.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        want = Text("名称的列表", "a list of names")
        raise InputError(unexpected(clip(values), want, what))
    found: dict[str, None] = {}
    for value in values:
        name = listed_text(value, what)
        if name in found:
            raise InputError(
                say(
                    zh="{what}“{name}”列了两次，应只列一次",
                    en="{what}, “{name}”, is listed twice, expected once",
                    what=what,
                    name=clip(name),
                )
            )
        found[name] = None
    if not found:
        raise InputError(say(zh="名单是空的，没有{what}", en="the list lacks {what}", what=what))
    return list(found)


def listed(units: Any, strata: Any = None) -> dict[str, str]:
    """Units in their order, each with its stratum ("" without strata).

    Parameters
    ----------
    units : sequence of str, or DataFrame or Series
        Of a frame or series its index.
    strata : mapping of unit to stratum, Series or sequence, optional
        A Series goes by its index; of a frame of units the name of a column will do; a sequence
        stands in the order of the units.

    Raises
    ------
    InputError
        Names that are no text, blank, twice there or hold invisible characters; units without a
        stratum.
    """
    given = units.index if isinstance(units, pd.DataFrame | pd.Series) else units
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InputError(
            say(
                zh="units 应为名称的列表，现为“{found}”",
                en="units must be a list of names, found “{found}”",
                found=clip(given),
            )
        )
    given = list(given)
    names = distinct(given, UNIT)
    if strata is None:
        return dict.fromkeys(names, "")
    if isinstance(strata, str):
        strata = _column(units, strata)
    strata = strata.to_dict() if isinstance(strata, pd.Series) else strata
    if isinstance(strata, Mapping):
        by_name = {_bare(unit): stratum for unit, stratum in strata.items()}
        values = [by_name.get(name) for name in names]
    elif isinstance(strata, Sequence | pd.Index) or hasattr(strata, "__array__"):
        values = list(strata)
        if len(values) != len(names):
            raise InputError(
                say(
                    zh="考核对象{n}家，分层却有{k}个，应一一对应",
                    en="there are {n:unit|units} and {k:stratum|strata} beside them, expected one "
                    "for each",
                    n=len(names),
                    k=len(values),
                )
            )
    else:
        raise InputError(
            say(
                zh="strata 应为各考核对象的分层，现为“{found}”",
                en="strata must give a stratum for each unit, found “{found}”",
                found=clip(strata),
            )
        )
    return {name: _stratum(value, name) for name, value in zip(names, values, strict=True)}


def _bare(value: Any) -> Any:
    """A key as names are hashed; what is no text stays as it is."""
    return unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value


def _column(units: Any, name: str) -> list[Any]:
    """A column of the frame that holds the units."""
    if isinstance(units, pd.DataFrame) and name in units.columns:
        return list(units[name])
    raise InputError(
        say(
            zh="units 没有“{name}”这一列，无法据此分层",
            en="units have no column “{name}” to make strata of",
            name=clip(name),
        )
    )


def _stratum(value: Any, unit: str) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        value = ""
    if isinstance(value, str) and not value.strip():
        raise InputError(
            say(
                zh="考核对象“{unit}”没有写明分层",
                en="the unit “{unit}” has no stratum",
                unit=clip(unit),
            )
        )
    return listed_text(value, STRATUM)


def list_text(units: Any, strata: Any = None) -> str:
    """The file of the list: a line a unit, its stratum (nothing without strata), a tab, its name
    and a line feed, in the byte order of the lines (as `LC_ALL=C sort` puts them); to be written in
    UTF-8. The order in which units are given makes no difference.

    Parameters and errors are those of :func:`listed`.

    >>> list_text(["乙市", "甲市"], ["南片", "北片"])
    '北片\\t甲市\\n南片\\t乙市\\n'
    """
    lines = sorted(f"{stratum}\t{unit}\n" for unit, stratum in listed(units, strata).items())
    return "".join(lines)  # code points sort as their UTF-8 bytes do


def list_hash(units: Any, strata: Any = None) -> str:
    """SHA-256 of the file of the list (:func:`list_text`), to be published before anybody can know
    the seed: afterwards the list cannot be changed to suit it.

    >>> list_hash(["乙市", "甲市"]) == list_hash(["甲市", "乙市 "])
    True
    """
    return hashlib.sha256(list_text(units, strata).encode()).hexdigest()


def published_hash(text: str) -> str:
    """A hash as it is compared: 64 hexadecimal digits in small letters.

    Raises
    ------
    InputError
        Anything else.
    """
    plain = listed_text(text, Text("名单的哈希值", "the hash of the list")).lower()
    if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):
        raise InputError(
            say(
                zh="名单的哈希值为“{found}”，应为64位十六进制数字",
                en="the hash of the list is “{found}”, expected 64 hexadecimal digits",
                found=plain,
            )
        )
    return plain
