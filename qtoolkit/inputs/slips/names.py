"""Names of units: of totals, and such that only look different."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qtoolkit.errors import Complaint, clip
from qtoolkit.inputs.numbertext import plain_name
from qtoolkit.inputs.slips.doubts import Doubt
from qtoolkit.language import say

if TYPE_CHECKING:
    from qtoolkit.inputs.tablereader import Reader

_TOTALS = "合计 总计 小计 共计 总和 汇总 总数 平均 平均数 平均值 平均分 平均水平 均值".split()
_WHOLE = "全市 全省 全国 全县 全区 全州 全盟 全旗 全部 总体 全体".split()
_ENGLISH = re.compile(
    r"(grand|sub|over)?-?(total|average|mean|sum|all)s?(of|forall)?(all)?(units|cities|counties)?"
)


def is_total(name: str) -> bool:
    """Whether a name is that of a row of sums or means.

    >>> [
    ...     is_total(name)
    ...     for name in ("合　计", "东部平均", "全市", "Sub-total:", "平均县", "全椒县", "总部")
    ... ]
    [True, True, True, True, False, False, False]
    """
    plain = plain_name(name).strip(":()*.-—、")
    return (
        plain.endswith(tuple(_TOTALS)) or plain in _WHOLE or _ENGLISH.fullmatch(plain) is not None
    )


def name_doubts(units: Sequence[str], reader: Reader) -> Iterator[Doubt]:
    """Names of units that are those of totals, and such that only look different."""
    numbers = reader.rows.numbers
    first: dict[str, int] = {}
    for i, name in enumerate(units):
        k = first.setdefault(plain_name(name), i)
        if name and k != i and name != units[k]:
            text = say(
                zh="考核对象“{name}”与第{row}行的“{other}”只在空格、不可见字符或字符写法上不同，"
                "应只有一个",
                en="the unit “{name}” differs from “{other}” in row {row} only by spaces, "
                "invisible characters or the form "
                "of characters, expected one of them",
                name=clip(name),
                other=clip(units[k]),
                row=numbers[k],
            )
            place = reader.rows.place(numbers[i], reader.titled("unit"))
            yield Doubt("same_name", Complaint(text, reader.rows.name, *place), name)
        if is_total(name):
            text = say(
                zh="“{name}”像是合计或平均行的名称，应为考核对象；请删去此行",
                en="“{name}” looks like the name of a row of sums or means, expected a unit: "
                "delete the row",
                name=clip(name),
            )
            place = reader.rows.place(numbers[i], reader.titled("unit"))
            yield Doubt("total_row", Complaint(text, reader.rows.name, *place), name)
