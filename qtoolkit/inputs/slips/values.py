"""Values that look like slips: percentages, shares, signs, sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from qtoolkit.inputs import oddvalues
from qtoolkit.inputs.slips.doubts import Doubt
from qtoolkit.inputs.slips.search import Search, Series, is_bounded, is_change, is_percentage, says
from qtoolkit.language import Text, say

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Indicator

WHOLE_COLUMN = -1  # in place of a row, where a check names a column as a whole
DONE = re.compile(
    r"完成|达成|实现率|履约|进度|执行率|completion rate|rate of completion|completed "
    r"share|achieve|fulfil",
    re.I,
)
COUNTED = frozenset("个件项家人户次台套起批种所名篇条座辆")


def percentages(search: Search) -> Iterator[Doubt]:
    """Percentages of a whole below 0 or above 100."""
    for series in search.series():
        if not is_percentage(series):
            continue
        x = np.where(np.isfinite(series.values), series.values, 50.0)
        n = np.isfinite(series.values).sum()
        low, high = x < 0, x > 100
        if low.sum() > max(1, n * oddvalues.MINORITY):
            low[:] = False
        if high.sum() > max(1, n * oddvalues.MINORITY):
            high[:] = False
        if says(DONE, series):  # a plan may be exceeded, unless the others end at 100
            high &= (high.sum() == 1) & ((x == 100).sum() >= 2) | (x > 1000)
        if rows := search.fresh(series, low | high):
            text = say(
                zh="{name}的计量单位为 %，{cells} 不在0至100之间，请核对",
                en="{name} is in %, yet not within 0 to 100: {cells}; check the numbers",
                name=series.title,
                cells=search.cells(series, rows),
            )
            yield search.doubt("percent", text, series.key, rows, series.leaf)


def fractions(search: Search) -> Iterator[Doubt]:
    """Shares, such as 0.985, among percentages; or a whole column of them."""
    for series in search.series():
        x = series.values
        known = np.isfinite(x) & (x != 0)
        leaf = series.leaf
        if leaf is None or not is_percentage(series) or not known.any():
            continue
        small = known & (np.abs(x) <= 1)
        if (small == known).all():
            if _spans_percent(leaf):
                search.fresh(series, small)
                text = say(
                    zh="{name}的计量单位为 %，但所有数值都不超过 1，"
                    "请核对是否误用了小数（0.985 应写作 98.5）",
                    en="{name} is in %, yet no value exceeds 1: check whether shares were "
                    "typed (0.985 must be 98.5)",
                    name=series.title,
                )
                yield search.doubt("fraction", text, series.key, (), leaf)
            continue
        others = np.abs(x[known & ~small])
        alike = (
            small & (100 * np.abs(x) >= others.min() / 2) & (100 * np.abs(x) <= others.max() * 2)
        )
        alike &= others.min() > oddvalues.APART * np.max(np.abs(x[small]), initial=0.0)
        alike &= oddvalues.finer(np.where(small, np.abs(x), 0.0), others) | oddvalues.strays(x)
        alike &= ~search.stood_so(series)
        if len(others) >= 2 and (rows := search.fresh(series, alike)):
            text = say(
                zh="{name}的计量单位为 %，{cells} 像是小数（0.985 应写作 98.5），其余不小于 "
                "{low:.10g}，请核对",
                en="{name} is in %, yet these look like shares (0.985 must be 98.5), the "
                "others being {low:.10g} "
                "and more: {cells}; check the numbers",
                name=series.title,
                cells=search.cells(series, rows),
                low=others.min(),
            )
            yield search.doubt("fraction", text, series.key, rows, leaf)


def _spans_percent(leaf: Indicator) -> bool:
    """Whether the rule's own numbers show that values above 1 are expected."""
    largest = leaf.leaf_rule.largest
    return not largest or largest > 1.5


def signs(search: Search) -> Iterator[Doubt]:
    """Values of another sign than those of the other units."""
    for series in search.series():
        counted = series.leaf is not None and (series.leaf.unit or "")[:1] in COUNTED
        if is_change(series):
            continue
        if rows := search.fresh(series, oddvalues.turned(series.values, counted)):
            text = say(
                zh="{name}中{cells} 的正负号与其他考核对象相反，请核对",
                en="{name}: another sign than that of the other units: {cells}; check the numbers",
                name=series.title,
                cells=search.cells(series, rows),
            )
            yield search.doubt("sign", text, series.key, rows, series.leaf)


def sizes(search: Search) -> Iterator[Doubt]:
    """Values of quite another size than those of the other units."""
    for series in search.series():
        if is_change(series):
            continue
        stray = oddvalues.strays(series.values) & ~search.stood_so(series)
        if rows := search.fresh(series, stray):
            rest = np.abs(np.delete(series.values, rows))
            rest = rest[np.isfinite(rest) & (rest > 0)]
            text = say(
                zh="{name}中{cells} 与其他考核对象（{low:.10g} 至 {high:.10g}）相差悬殊，"
                "请核对小数点和计量单位",
                en="{name}: far from the other units ({low:.10g} to {high:.10g}): {cells}; "
                "check the decimal point "
                "and the unit of measure",
                name=series.title,
                cells=search.cells(series, rows),
                low=rest.min(),
                high=rest.max(),
            )
            yield search.doubt("size", text, series.key, rows, series.leaf)


def against(
    search: Search, series: Series, others: np.ndarray, what: Text, partner: str = ""
) -> Iterator[Doubt]:
    """A column beside other numbers of the same units: `what` they are, and the key of their
    column."""
    if is_change(series):
        return
    times = oddvalues.shifted(series.values, others)
    if times is not None:
        text = say(
            zh="{name}普遍约为{what}的 {times:g} 倍，请核对两者的计量单位，以及列有没有填错",
            en="{name}: most values are about {times:g} times the {what}: check the units of "
            "measure of both, and "
            "whether the columns were mixed up",
            name=series.title,
            what=what,
            times=times,
        )
        if (series.key, WHOLE_COLUMN) not in search.named:
            yield search.doubt("size", text, series.key, (), series.leaf)
        search.named.add((series.key, WHOLE_COLUMN))
        return
    far = oddvalues.far_from_own(series.values, others)
    far[[i for i in np.flatnonzero(far) if (partner, int(i)) in search.named]] = False
    if rows := search.fresh(series, far):
        text = say(
            zh="{name}中{cells}与括号内的{what}相差悬殊，请核对小数点、正负号和计量单位",
            en="{name}: far from the {what} in brackets: {cells}; check the decimal point, "
            "the sign and the unit "
            "of measure",
            name=series.title,
            cells=search.cells(series, rows, others),
            what=what,
        )
        yield search.doubt("size", text, series.key, rows, series.leaf)


def own_numbers(search: Search) -> Iterator[Doubt]:
    """Values beside the unit's own target and baseline, and what a later stage found beside
    what was filed."""
    table = search.table
    for j, leaf in enumerate(search.scheme.leaves):
        if is_bounded(leaf):
            continue
        main = search.main(j, leaf)
        yield from against(
            search,
            main,
            table.targets[:, j],
            Text("本单位目标值", "unit's own target"),
            f"target:{leaf.id}",
        )
        yield from against(
            search,
            main,
            table.baselines[:, j],
            Text("本单位基期值", "unit's own baseline"),
            f"base:{leaf.id}",
        )
        for stage in search.scheme.stages:
            if stage.effect == "replaces":
                later = search.of_stage(j, leaf, stage)
                yield from against(
                    search, later, main.values, Text("自报数值", "value that was filed"), main.key
                )
