"""Rows and words that look like slips: sums among the units, hidden rows, past grades, dates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qtoolkit.errors import clip
from qtoolkit.inputs import dates, oddvalues
from qtoolkit.inputs.calendar import days_of
from qtoolkit.inputs.numbertext import typed_grade
from qtoolkit.inputs.slips.doubts import MOST_NAMED, Doubt
from qtoolkit.inputs.slips.names import is_total
from qtoolkit.inputs.slips.search import Search, is_bounded, numbers_of
from qtoolkit.language import Text, listing, say


def sum_rows(search: Search) -> Iterator[Doubt]:
    """Rows that hold the sums or means of the others, whatever they are called."""
    for i, what in _sums(search).items():
        if not is_total(search.table.units[i]):
            text = say(
                zh="“{name}”各列的数值等于其他各行的{what}，应为考核对象；请删去此行",
                en="the numbers of “{name}” are the {what} of all other rows, expected a "
                "unit: delete the row",
                name=clip(search.table.units[i]),
                what=what,
            )
            yield search.doubt("total_row", text, "unit", [i])


def _sums(search: Search) -> dict[int, Text]:
    """Rows whose numbers are the sums or means of all other rows, in nine of ten of at least
    three columns."""
    columns = [s.values for s in search.series()]
    columns += [
        numbers_of(search.table.filed[:, j])
        for j, leaf in enumerate(search.scheme.leaves)
        if is_bounded(leaf)
    ]
    columns = [values for values in columns if np.isfinite(values).sum() >= oddvalues.LEAST]
    columns = [values for values in columns if np.nanmax(values) > np.nanmin(values)]
    if len(columns) < 3:
        return {}
    x = np.column_stack(columns)
    total = np.nansum(x, axis=0) - np.where(np.isfinite(x), x, 0.0)
    count = np.isfinite(x).sum(axis=0) - np.isfinite(x)
    found: dict[int, Text] = {}
    for what, expected in (
        (Text("平均", "means"), total / count),
        (Text("合计", "sums"), total),
    ):
        near = np.abs(x - expected) <= 1e-3 * np.nanstd(x, axis=0) + 1e-9 * np.abs(expected)
        known = np.isfinite(x).sum(axis=1)
        rows = np.flatnonzero((known >= 3) & (near.sum(axis=1) >= 0.9 * known))
        found |= {int(i): what for i in rows}
    return found


def hidden(search: Search) -> Iterator[Doubt]:
    """Rows and columns that are hidden or filtered out in the workbook."""
    rows = search.reader.rows
    places = [i for i, number in enumerate(rows.numbers) if number in rows.hidden.units]
    if places:
        parts = [
            say(
                zh="{unit}（第{row}行）",
                en="{unit} (row {row})",
                unit=search.table.labels[i],
                row=rows.numbers[i],
            )
            if rows.lines is None
            else search.table.labels[i]
            for i in places
        ]
        text = say(
            zh="{units}的数据在表中被隐藏或筛选掉，仍然参加测算，请核对",
            en="hidden or filtered out in the table, and assessed all the same: {units}; "
            "check the rows",
            units=listing(parts, most=MOST_NAMED),
        )
        yield search.doubt("hidden", text, None, places)
    if rows.hidden.titles:
        text = say(
            zh="{titles}列在表中被隐藏，仍然参加测算，请核对",
            en="hidden in the table, and used all the same: {titles}; check the columns",
            titles=listing(rows.hidden.titles, most=MOST_NAMED),
        )
        yield search.doubt(
            "hidden", text, rows.hidden.titles[0] if len(rows.hidden.titles) == 1 else None
        )


def grades(search: Search) -> Iterator[Doubt]:
    """Past grades that are none of the scheme's."""
    names = {name: g.id for g in search.scheme.grades for name in (g.id, g.label.zh, g.label.en)}
    for key in (key for key in search.table.remarks if key.partition(":")[0] == "grade"):
        words = [typed_grade(cell, list(names)) for cell in search.table.remarks[key]]
        rows = [i for i, word in enumerate(words) if word is not None and word not in names]
        if rows:
            text = say(
                zh="往年等级列“{key}”中{cells}不是本方案的等级（{grades}），按空白处理",
                en="column “{key}”: no grade of the scheme ({grades}), counted as blank: {cells}",
                key=search.reader.titled(key),
                cells=listing([_quoted(search, i, words[i]) for i in rows], most=MOST_NAMED),
                grades=listing(grade.label for grade in search.scheme.grades),
            )
            yield search.doubt("past_grade", text, key, rows)


def _quoted(search: Search, i: int, word: str | None) -> Text:
    return say(
        zh="{unit}“{word}”", en="{unit} “{word}”", unit=search.table.labels[i], word=clip(word)
    )


def events(search: Search) -> Iterator[Doubt]:
    """Columns of dates: what is no date, where that is no error already, and what lies
    outside the period; tasks that were done before it."""
    period = _period(search)
    for key in (key for key in search.table.remarks if key.startswith("date:")):
        for i, cell in enumerate(search.table.remarks[key]):
            if not isinstance(cell, str):
                continue
            for why in dates.cell_complaints(cell):
                yield search.doubt("date", why, key, [i])
            days = dates.spans(dates.spelt(cell))
            if period and days and (days[0][1] < period[0] or days[-1][0] > period[1]):
                text = say(
                    zh="{unit}的“{key}”为 {found}，不在考核周期（{period}）内，请核对",
                    en="“{key}” of {unit} is {found}, outside the period assessed "
                    "({period}): check the date",
                    unit=search.table.labels[i],
                    key=key,
                    found=clip(cell),
                    period=search.scheme.period,
                )
                yield search.doubt("period", text, key, [i])
    yield from _early_tasks(search)


def _early_tasks(search: Search) -> Iterator[Doubt]:
    """Tasks of lists that were done before the period assessed; a day after it is refused."""
    period = days_of(search.scheme.period)
    number = {unit: i for i, unit in enumerate(search.table.units)}
    known = search.table.tasks[search.table.tasks["date"].notna()]
    for row in known.itertuples(index=False):
        if period and row.date < period[0].isoformat():
            key = f"task:{row.leaf}.{row.item}"
            text = say(
                zh="{unit}的“{key}”为 {found}，早于考核周期（{period}），请核对",
                en="“{key}” of {unit} is {found}, before the period assessed ({period}): check the "
                "date",
                unit=search.table.labels[number[row.unit]],
                key=search.reader.titled(key),
                found=row.date,
                period=search.scheme.period,
            )
            yield search.doubt("period", text, key, [number[row.unit]])


def _period(search: Search) -> tuple[dates.Day, dates.Day] | None:
    """First and last day of the period assessed, where the scheme names both."""
    days = days_of(search.scheme.period)
    if days is None:
        return None
    start, end = ((day.year, day.month, day.day) for day in days)
    return start, end
