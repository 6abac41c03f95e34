"""Names that are hidden while points move: whoever watches named counties tailors a scheme."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Collection, Sequence

from qtoolkit.language import Text

STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
SIGNS = STEMS + BRANCHES
NUMBERED_ZH, NUMBERED_EN = ("{}号", "代号{}"), ("Unit {}", "Code {}")


def masks(units: Sequence[str], labels: Sequence[Text] = ()) -> list[Text]:
    """A name for each unit that tells nothing of it: 甲, 乙 … in an order that is always the same
    for the same units and follows neither the table nor the ranks.

    Numbers instead where there are more than 22 units, or where a unit's own name begins with such
    a sign; no unit is called as another one is by its mask.

    Parameters
    ----------
    units : names
    labels : their names in both languages, where there are others

    >>> sorted(mask.zh for mask in masks(["City 1", "City 2", "City 3"]))
    ['丙', '乙', '甲']
    >>> sorted(mask.zh for mask in masks(["甲市", "乙市"]))
    ['1号', '2号']
    >>> sorted(mask.en for mask in masks(["Unit 1", "Unit 2"]))
    ['Code 1', 'Code 2']
    """
    order = masked_order(units)
    known = {_folded(name) for name in (*units, *(name for x in labels for name in (x.zh, x.en)))}
    if len(units) <= len(SIGNS) and not any(name[:1] in SIGNS for name in known):
        zh = list(SIGNS)
    else:
        zh = _numbers(NUMBERED_ZH, len(units), known)
    en = _numbers(NUMBERED_EN, len(units), known)
    names = [Text("", "")] * len(units)
    for place, k in enumerate(order):
        names[k] = Text(zh[place], en[place])
    return names


def masked_order(units: Sequence[str]) -> list[int]:
    """The numbers of units in the order of their masks.

    >>> sorted(masked_order(["City 1", "City 2", "City 3"]))
    [0, 1, 2]
    """
    return sorted(range(len(units)), key=lambda k: _digest(units[k]))


def _numbers(forms: Sequence[str], n: int, known: Collection[str]) -> list[str]:
    """Numbered names in the first form in which no known name begins; with asterisks at last."""
    starred = ("*" * stars + form for stars in itertools.count() for form in forms)
    free = next(form for form in starred if not any(map(_names_so(form).match, known)))
    return [free.format(place) for place in range(1, n + 1)]


def _names_so(form: str) -> re.Pattern[str]:
    """What begins with a name of this form, whatever its number."""
    before, after = (re.escape(_folded(part)) for part in form.split("{}"))
    return re.compile(rf"{before}\s*\d+\s*{after}")


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _folded(name: str) -> str:
    """A name without what the eye hardly sees: full-width digits, capitals, blanks at its ends."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
