"""Names that are hidden while points move: whoever watches named counties tailors a scheme."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from qtoolkit.language import Text

STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
SIGNS = STEMS + BRANCHES


def masks(units: Sequence[str]) -> list[Text]:
    """A name for each unit that tells nothing of it: 甲, 乙 … in an order that is always the same
    for the same units and follows neither the table nor the ranks.

    Numbers instead where there are more than 22 units, or where units are called by these signs
    themselves.

    >>> sorted(mask.zh for mask in masks(["City 1", "City 2", "City 3"]))
    ['丙', '乙', '甲']
    >>> sorted(mask.zh for mask in masks(["甲市", "乙市"]))
    ['1号', '2号']
    """
    order = sorted(range(len(units)), key=lambda k: hashlib.sha256(units[k].encode()).digest())
    numbered = len(units) > len(SIGNS) or any(unit[:1] in SIGNS for unit in units)
    names = [Text("", "")] * len(units)
    for place, k in enumerate(order):
        zh = f"{place + 1}号" if numbered else SIGNS[place]
        names[k] = Text(zh, f"Unit {place + 1}")
    return names
