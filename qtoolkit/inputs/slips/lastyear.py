"""A table beside last year's: other names, other sizes, and the same data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qtoolkit.errors import Complaint, clip
from qtoolkit.inputs.numbertext import plain_name
from qtoolkit.inputs.slips.doubts import Doubt, sort_out
from qtoolkit.inputs.slips.search import Search, is_bounded, key_of, numbers_of
from qtoolkit.inputs.slips.values import against
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.language import Text, say

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Scheme
    from qtoolkit.inputs.table import Table

SAME_SHARE = 0.9
"""From this share of equal numbers on, two years' data are taken for one year's: of honest data
hardly any are equal."""


def last_year(search: Search, before: Table) -> Iterator[Doubt]:
    """The table beside last year's: names that differ by nothing visible, values of another
    size."""
    place = {name: k for k, name in enumerate(before.units)}
    plain = {plain_name(name): name for name in before.units}
    for i, name in enumerate(search.table.units):
        other = plain.get(plain_name(name))
        if name not in place and other is not None and other not in search.table.units:
            text = say(
                zh="考核对象“{name}”与上年数据（{file}）中的“{other}”只在空格、"
                "不可见字符或字符写法上不同，应写法一致",
                en="the unit “{name}” differs from “{other}” in last year's data ({file}) "
                "only by spaces, invisible "
                "characters or the form of characters, expected the same name",
                name=clip(name),
                other=clip(other),
                file=before.name,
            )
            yield search.doubt("same_name", text, "unit", [i])
    last = Text("本单位上年数值", "unit's own value of last year")
    mains = [search.main(j, leaf) for j, leaf in enumerate(search.scheme.leaves)]
    for series in [*mains, *(series for series in search.series() if series.leaf is None)]:
        if series.key in search.earlier:
            yield from against(search, series, search.earlier[series.key], last)


def remember(search: Search, before: Table, scheme: Scheme) -> None:
    """Keep last year's values of the same columns and units."""
    place = {name: k for k, name in enumerate(before.units)}
    rows = np.array([place.get(name, -1) for name in search.table.units])
    for j, k in _twins(search.scheme, scheme):
        series = search.main(j, search.scheme.leaves[j])
        search.twins[key_of(scheme.leaves[k])] = series
        search.earlier[series.key] = np.append(numbers_of(before.filed[:, k]), np.nan)[rows]
    for series in (series for series in search.series() if series.leaf is None):
        column = before.covariates.get(series.key)
        if column is not None and column.dtype == float:
            search.twins[series.key] = series
            search.earlier[series.key] = np.append(column.to_numpy(float), np.nan)[rows]


def _twins(after: Scheme, before: Scheme) -> Iterator[tuple[int, int]]:
    """Places of leaves of this year and last year whose numbers measure the same."""
    places = {leaf.id: k for k, leaf in enumerate(before.leaves)}
    for j, leaf in enumerate(after.leaves):
        id = (
            leaf.id
            if leaf.id in places
            else (leaf.previous[0] if len(leaf.previous) == 1 else None)
        )
        if id in places and not is_bounded(leaf):
            other = before.leaves[places[id]]
            if other.leaf_rule.kind == leaf.leaf_rule.kind and other.unit == leaf.unit:
                yield j, places[id]


def of_last_year(search: Search, doubts: Iterable[Doubt]) -> Iterator[Doubt]:
    """Last year's doubts as they stand among this year's; not those about sizes that this
    year's data confirm."""
    for doubt in doubts:
        series = search.twins.get(doubt.key or "")
        if series is not None and doubt.units and doubt.check in ("size", "fraction"):
            stood = dict(zip(search.table.units, search.stood_so(series), strict=True))
            if all(stood.get(unit, False) for unit in doubt.units):
                continue
        text = say(zh="上年数据：{text}", en="last year's data: {text}", text=doubt.text)
        yield Doubt(doubt.check, replace(doubt.complaint, text=text))


def itself(
    scheme: Scheme, table: Table, last: tuple[Scheme, Table], file: str | None
) -> tuple[Doubt, ...]:
    """That last year's case has this year's data. With the same indicators and lines it is this
    year's case. With others the comparison shows what the scheme alone changes, which may be meant:
    that is a flag at most.

    Raises
    ------
    InputError
        It is this year's case, and the scheme takes that for an error.
    """
    share, checks = _same_share(scheme, table, *last), scheme.checks
    if share < SAME_SHARE:
        return ()
    if (scheme.indicators, scheme.grades) == (last[0].indicators, last[0].grades):
        what = Text(
            "指标和等级分数线也相同，应为上一年度的案例",
            "its indicators and cutoffs are the same too, expected the case of the year before",
        )
    else:
        what = Text("两年的差别只来自方案", "only the scheme makes a difference between the years")
        if checks.previous == "error":
            checks = checks.model_copy(update={"previous": "flag"})
    text = say(
        zh="上年案例的数据（{name}）有 {share:.0%} 与本年相同，{what}",
        en="{share:.0%} of the data of last year's case ({name}) are this year's: {what}",
        share=share,
        name=last[1].name,
        what=what,
    )
    return sort_out([Doubt("previous", Complaint(text, file, None, "previous"))], checks)


def _same_share(scheme: Scheme, table: Table, other: Scheme, before: Table) -> float:
    """The share of numbers of shared units and indicators that are equal; of words too where
    there are few numbers."""
    leaves = _shared([leaf.id for leaf in scheme.leaves], [leaf.id for leaf in other.leaves])
    units = _shared(table.units, before.units)
    if not leaves or len(units) < 2:
        return 0.0
    pairs = [
        (table.filed[i, j], before.filed[k, m])
        for i, k in units
        for j, m in leaves
        if table.status[i, j] == VALUE
    ]
    telling = [pair for pair in pairs if _tells(pair[0])]
    compared = telling if len(telling) >= 10 else pairs
    return sum(a == b for a, b in compared) / len(compared) if compared else 0.0


def _shared(now: Sequence[str], before: Sequence[str]) -> list[tuple[int, int]]:
    """The places, now and before, of the names that stand in both."""
    places = {name: k for k, name in enumerate(before)}
    return [(i, places[name]) for i, name in enumerate(now) if name in places]


def _tells(cell: object) -> bool:
    """Whether a cell holds a number that two years hardly share by chance."""
    return isinstance(cell, float) and cell not in (0.0, 1.0, 100.0)
