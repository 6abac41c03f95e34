"""Slips of the hand in a table: what each check of `checks.py` finds, in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from qtoolkit.errors import MOST_COMPLAINTS, Complaint, InputError, clip
from qtoolkit.inputs import dates, oddvalues
from qtoolkit.inputs.checks import Checks
from qtoolkit.inputs.numbertext import typed_grade
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.language import Text, listing, say

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Indicator, Scheme, Stage
    from qtoolkit.inputs.table import Table
    from qtoolkit.inputs.tablereader import Reader

MOST_NAMED = 12  # units of one sentence
_WHOLE_COLUMN = -1


@dataclass(frozen=True)
class Doubt:
    """Something that a check found: the check's name, the sentence with its place, the unit and
    the indicator where it is one; the column (its key) and the units whose cells it names."""

    check: str
    complaint: Complaint
    unit: str | None = None
    indicator: str | None = None
    key: str | None = None
    units: tuple[str, ...] = ()

    @property
    def text(self) -> Text:
        """The sentence as a flag: it names unit and indicator itself."""
        return self.complaint.text


def sort_out(doubts: Iterable[Doubt], checks: Checks) -> tuple[Doubt, ...]:
    """The doubts that are flags; those that the scheme takes for errors are raised together, the
    others dropped."""
    doubts = list(doubts)
    if complaints := refused(doubts, checks):
        raise InputError(complaints)
    return tuple(doubt for doubt in doubts if checks.level(doubt.check) == "flag")


def refused(doubts: Iterable[Doubt], checks: Checks) -> list[Complaint]:
    """The complaints of the doubts that the scheme takes for errors: each says how to keep what
    is right after all."""
    found = []
    for doubt in doubts:
        if checks.level(doubt.check) == "error":
            text = say(
                zh="{why}；经核实无误的，请在方案的 checks 中将 {name} 定为 flag",
                en="{why}; where it is right after all, set {name} to flag under checks in the "
                "scheme",
                why=doubt.text,
                name=doubt.check,
            )
            found.append(replace(doubt.complaint, text=text))
    return found[:MOST_COMPLAINTS]


# Names.

_INVISIBLE = ("Cf", "Cc", "Zl", "Zp", "Zs")


def plain_name(name: str) -> str:
    """A name without what the eye does not see: NFKC, no spaces and no invisible characters,
    capitals as small letters.

    >>> plain_name("\\ufeff丁\\u3000市 "), plain_name("Ｃity\\u200b A")
    ('丁市', 'citya')
    """
    wide = unicodedata.normalize("NFKC", name)
    seen = "".join(c for c in wide if unicodedata.category(c) not in _INVISIBLE)
    return unicodedata.normalize("NFKC", seen).casefold()


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


# The columns of a table.


@dataclass(frozen=True)
class _Series:
    """A column of numbers: its key, the name of what it describes, its values (n,), the
    indicator it belongs to, and what of the indicator it says where that is not its value."""

    key: str
    name: Text
    values: np.ndarray
    leaf: Indicator | None = None
    what: Text | None = None

    @property
    def title(self) -> Text:
        if self.what is None:
            return say(zh="“{name}”", en="“{name}”", name=self.name)
        return say(zh="“{name}”（{what}）", en="“{name}” ({what})", name=self.name, what=self.what)


_GROWTH = re.compile(
    r"增长|增速|增幅|增加|增减|同比|环比|变化|变动|提高|提升|下降|降低|涨|净|利润|growth|change|increase|decrease|\bnet\b",
    re.I,
)
_DONE = re.compile(
    r"完成|达成|实现率|履约|进度|执行率|completion rate|rate of completion|completed "
    r"share|achieve|fulfil",
    re.I,
)
_COUNTED = frozenset("个件项家人户次台套起批种所名篇条座辆")


_TARGET, _BASE = Text("目标值", "target"), Text("基期值", "baseline")


def _says(pattern: re.Pattern[str], series: _Series) -> bool:
    return any(pattern.search(wording) for wording in (series.name.zh, series.name.en))


def _is_bounded(leaf: Indicator) -> bool:
    """Whether a leaf's cells have ends that are checked as they are read: shares and scores."""
    return leaf.rule.is_bounded


def _is_in_percent(series: _Series) -> bool:
    return series.leaf is not None and series.leaf.unit in ("%", "\uff05")


def _is_percentage(series: _Series) -> bool:
    """Whether a column holds parts of a whole, from 0 to 100."""
    return _is_in_percent(series) and not _says(_GROWTH, series)


def _is_change(series: _Series) -> bool:
    """Whether a column holds changes, which run through 0 and have no size of their own: by its
    name, and by its unit of measure or its values."""
    known = series.values[np.isfinite(series.values)]
    mixed = bool((known < 0).any() and (known > 0).any())
    return _says(_GROWTH, series) and (mixed or _is_in_percent(series))


def _numbers(values: Sequence) -> np.ndarray:
    return np.array([v if isinstance(v, float | int) else np.nan for v in values], float)


@dataclass
class _Search:
    """One table being looked through; `named` holds the cells (key, row) that a check has named
    already, `earlier` last year's values of the same units by column, `twins` the columns that
    continue last year's, by the keys of those."""

    scheme: Scheme
    table: Table
    reader: Reader
    named: set[tuple[str, int]] = field(default_factory=set)
    earlier: dict[str, np.ndarray] = field(default_factory=dict)
    twins: dict[str, _Series] = field(default_factory=dict)

    def doubt(
        self,
        check: str,
        text: Text,
        key: str | None,
        rows: Sequence[int] = (),
        leaf: Indicator | None = None,
    ) -> Doubt:
        """A doubt about a column, or about cells of it."""
        reader = self.reader
        number = reader.rows.numbers[rows[0]] if len(rows) == 1 else None
        row, column = reader.rows.place(number, None if key is None else reader.titled(key))
        units = tuple(self.table.units[i] for i in rows)
        place = Complaint(text, reader.rows.name, row, column)
        return Doubt(
            check,
            place,
            units[0] if len(units) == 1 else None,
            leaf.id if leaf else None,
            key,
            units,
        )

    def cells(self, series: _Series, rows: Sequence[int], other: np.ndarray | None = None) -> Text:
        """Units with their values, and beside them the number that they are compared with."""
        labels, values = self.table.labels, series.values
        if other is None:
            parts = [
                say(zh="{unit} {x:.10g}", en="{unit} {x:.10g}", unit=labels[i], x=values[i])
                for i in rows
            ]
        else:
            parts = [
                say(
                    zh="{unit} {x:.10g}（{y:.10g}）",
                    en="{unit} {x:.10g} ({y:.10g})",
                    unit=labels[i],
                    x=values[i],
                    y=other[i],
                )
                for i in rows
            ]
        return listing(parts, most=MOST_NAMED)

    def fresh(self, series: _Series, found: np.ndarray) -> list[int]:
        """The rows found whose cells no check has named, which are named from now on."""
        rows = [int(i) for i in np.flatnonzero(found) if (series.key, int(i)) not in self.named]
        self.named |= {(series.key, i) for i in rows}
        return rows

    def stood_so(self, series: _Series) -> np.ndarray:
        """Which values are of the size that they had last year: whoever stood apart then is no
        slip now."""
        if series.key not in self.earlier:
            return np.zeros(len(series.values), bool)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = series.values / self.earlier[series.key]
        return (ratios > 1 / oddvalues.APART) & (ratios < oddvalues.APART)

    def series(self) -> Iterator[_Series]:
        """The columns of numbers whose cells have no ends of their own."""
        table = self.table
        for j, leaf in enumerate(self.scheme.leaves):
            if _is_bounded(leaf):
                continue
            for stage in self.scheme.stages:
                if stage.id in leaf.stages or stage.effect == "replaces":
                    yield self._of_stage(j, leaf, stage)
            if not leaf.stages:
                yield self._main(j, leaf)
            yield _Series(f"target:{leaf.id}", leaf.name, table.targets[:, j], leaf, _TARGET)
            yield _Series(f"base:{leaf.id}", leaf.name, table.baselines[:, j], leaf, _BASE)
        for covariate in self.scheme.covariates:
            if covariate.kind == "number" and covariate.id in table.covariates:
                yield _Series(
                    covariate.id, covariate.name, table.covariates[covariate.id].to_numpy(float)
                )

    # One check each.

    def sum_rows(self) -> Iterator[Doubt]:
        for i, what in self._sums().items():
            if not is_total(self.table.units[i]):
                text = say(
                    zh="“{name}”各列的数值等于其他各行的{what}，应为考核对象；请删去此行",
                    en="the numbers of “{name}” are the {what} of all other rows, expected a "
                    "unit: delete the row",
                    name=clip(self.table.units[i]),
                    what=what,
                )
                yield self.doubt("total_row", text, "unit", [i])

    def _sums(self) -> dict[int, Text]:
        """Rows whose numbers are the sums or means of all other rows, in nine of ten of at least
        three columns."""
        columns = [s.values for s in self.series()]
        columns += [
            _numbers(self.table.filed[:, j])
            for j, leaf in enumerate(self.scheme.leaves)
            if _is_bounded(leaf)
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

    def percentages(self) -> Iterator[Doubt]:
        for series in self.series():
            if not _is_percentage(series):
                continue
            x = np.where(np.isfinite(series.values), series.values, 50.0)
            n = np.isfinite(series.values).sum()
            low, high = x < 0, x > 100
            if low.sum() > max(1, n * oddvalues.MINORITY):
                low[:] = False
            if high.sum() > max(1, n * oddvalues.MINORITY):
                high[:] = False
            if _says(_DONE, series):  # a plan may be exceeded, unless the others end at 100
                high &= (high.sum() == 1) & ((x == 100).sum() >= 2) | (x > 1000)
            if rows := self.fresh(series, low | high):
                text = say(
                    zh="{name}的计量单位为 %，{cells} 不在0至100之间，请核对",
                    en="{name} is in %, yet not within 0 to 100: {cells}; check the numbers",
                    name=series.title,
                    cells=self.cells(series, rows),
                )
                yield self.doubt("percent", text, series.key, rows, series.leaf)

    def fractions(self) -> Iterator[Doubt]:
        for series in self.series():
            x = series.values
            known = np.isfinite(x) & (x != 0)
            if not _is_percentage(series) or not known.any():
                continue
            leaf = series.leaf
            small = known & (np.abs(x) <= 1)
            if (small == known).all():
                if _spans_percent(leaf):
                    self.fresh(series, small)
                    text = say(
                        zh="{name}的计量单位为 %，但所有数值都不超过 1，"
                        "请核对是否误用了小数（0.985 应写作 98.5）",
                        en="{name} is in %, yet no value exceeds 1: check whether shares were "
                        "typed (0.985 must be 98.5)",
                        name=series.title,
                    )
                    yield self.doubt("fraction", text, series.key, (), leaf)
                continue
            others = np.abs(x[known & ~small])
            alike = (
                small
                & (100 * np.abs(x) >= others.min() / 2)
                & (100 * np.abs(x) <= others.max() * 2)
            )
            alike &= others.min() > oddvalues.APART * np.max(np.abs(x[small]), initial=0.0)
            alike &= oddvalues.finer(np.where(small, np.abs(x), 0.0), others) | oddvalues.strays(x)
            alike &= ~self.stood_so(series)
            if len(others) >= 2 and (rows := self.fresh(series, alike)):
                text = say(
                    zh="{name}的计量单位为 %，{cells} 像是小数（0.985 应写作 98.5），其余不小于 "
                    "{low:.10g}，请核对",
                    en="{name} is in %, yet these look like shares (0.985 must be 98.5), the "
                    "others being {low:.10g} "
                    "and more: {cells}; check the numbers",
                    name=series.title,
                    cells=self.cells(series, rows),
                    low=others.min(),
                )
                yield self.doubt("fraction", text, series.key, rows, leaf)

    def signs(self) -> Iterator[Doubt]:
        for series in self.series():
            counted = series.leaf is not None and (series.leaf.unit or "")[:1] in _COUNTED
            if _is_change(series):
                continue
            if rows := self.fresh(series, oddvalues.turned(series.values, counted)):
                text = say(
                    zh="{name}中{cells} 的正负号与其他考核对象相反，请核对",
                    en="{name}: another sign than that of the other units: {cells}; check the "
                    "numbers",
                    name=series.title,
                    cells=self.cells(series, rows),
                )
                yield self.doubt("sign", text, series.key, rows, series.leaf)

    def sizes(self) -> Iterator[Doubt]:
        for series in self.series():
            if _is_change(series):
                continue
            found = oddvalues.strays(series.values) & ~self.stood_so(series)
            if rows := self.fresh(series, found):
                rest = np.abs(np.delete(series.values, rows))
                rest = rest[np.isfinite(rest) & (rest > 0)]
                text = say(
                    zh="{name}中{cells} 与其他考核对象（{low:.10g} 至 {high:.10g}）相差悬殊，"
                    "请核对小数点和计量单位",
                    en="{name}: far from the other units ({low:.10g} to {high:.10g}): {cells}; "
                    "check the decimal point "
                    "and the unit of measure",
                    name=series.title,
                    cells=self.cells(series, rows),
                    low=rest.min(),
                    high=rest.max(),
                )
                yield self.doubt("size", text, series.key, rows, series.leaf)

    def against(
        self, series: _Series, own: np.ndarray, what: Text, partner: str = ""
    ) -> Iterator[Doubt]:
        """A column beside other numbers of the same units: `what` they are, and the key of their
        column."""
        if _is_change(series):
            return
        times = oddvalues.shifted(series.values, own)
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
            if (series.key, _WHOLE_COLUMN) not in self.named:
                yield self.doubt("size", text, series.key, (), series.leaf)
            self.named.add((series.key, _WHOLE_COLUMN))
            return
        found = oddvalues.far_from_own(series.values, own)
        found[[i for i in np.flatnonzero(found) if (partner, int(i)) in self.named]] = False
        if rows := self.fresh(series, found):
            text = say(
                zh="{name}中{cells}与括号内的{what}相差悬殊，请核对小数点、正负号和计量单位",
                en="{name}: far from the {what} in brackets: {cells}; check the decimal point, "
                "the sign and the unit "
                "of measure",
                name=series.title,
                cells=self.cells(series, rows, own),
                what=what,
            )
            yield self.doubt("size", text, series.key, rows, series.leaf)

    def own_numbers(self) -> Iterator[Doubt]:
        """Values beside the unit's own target and baseline, and what a later stage found beside
        what was filed."""
        table = self.table
        for j, leaf in enumerate(self.scheme.leaves):
            if _is_bounded(leaf):
                continue
            main = self._main(j, leaf)
            yield from self.against(
                main,
                table.targets[:, j],
                Text("本单位目标值", "unit's own target"),
                f"target:{leaf.id}",
            )
            yield from self.against(
                main,
                table.baselines[:, j],
                Text("本单位基期值", "unit's own baseline"),
                f"base:{leaf.id}",
            )
            for stage in self.scheme.stages:
                if stage.effect == "replaces":
                    later = self._of_stage(j, leaf, stage)
                    yield from self.against(
                        later, main.values, Text("自报数值", "value that was filed"), main.key
                    )

    def _of_stage(self, j: int, leaf: Indicator, stage: Stage) -> _Series:
        """What a stage said of a leaf; named with the stage where it is not the only one."""
        alone = list(leaf.stages) == [stage.id]
        values = _numbers(self.table.stages[stage.id][:, j])
        return _Series(
            f"{leaf.id}@{stage.id}", leaf.name, values, leaf, None if alone else stage.name
        )

    def _main(self, j: int, leaf: Indicator) -> _Series:
        return _Series(_key(leaf), leaf.name, _numbers(self.table.filed[:, j]), leaf)

    def grades(self) -> Iterator[Doubt]:
        names = {name: g.id for g in self.scheme.grades for name in (g.id, g.label.zh, g.label.en)}
        for key in (key for key in self.table.remarks if key.partition(":")[0] == "grade"):
            words = [typed_grade(cell, list(names)) for cell in self.table.remarks[key]]
            rows = [i for i, word in enumerate(words) if word is not None and word not in names]
            if rows:
                text = say(
                    zh="往年等级列“{key}”中{cells}不是本方案的等级（{grades}），按空白处理",
                    en="column “{key}”: no grade of the scheme ({grades}), counted as blank: "
                    "{cells}",
                    key=self.reader.titled(key),
                    cells=listing([self._quoted(i, words[i]) for i in rows], most=MOST_NAMED),
                    grades=listing(grade.label for grade in self.scheme.grades),
                )
                yield self.doubt("past_grade", text, key, rows)

    def _quoted(self, i: int, word: str | None) -> Text:
        return say(
            zh="{unit}“{word}”", en="{unit} “{word}”", unit=self.table.labels[i], word=clip(word)
        )

    def events(self) -> Iterator[Doubt]:
        """Columns of dates: what is no date, where that is no error already, and what lies
        outside the period."""
        period = _period(self.scheme)
        for key in (key for key in self.table.remarks if key.startswith("date:")):
            for i, said in enumerate(self.table.remarks[key]):
                if not isinstance(said, str):
                    continue
                for why in dates.cell_complaints(said):
                    yield self.doubt("date", why, key, [i])
                found = list(dates.mentions(dates.spelt(said)))
                if (
                    period
                    and found
                    and (found[0].last() < period[0] or found[-1].first() > period[1])
                ):
                    text = say(
                        zh="{unit}的“{key}”为 {found}，不在考核周期（{period}）内，请核对",
                        en="“{key}” of {unit} is {found}, outside the period assessed "
                        "({period}): check the date",
                        unit=self.table.labels[i],
                        key=key,
                        found=clip(said),
                        period=self.scheme.period,
                    )
                    yield self.doubt("period", text, key, [i])

    def hidden(self) -> Iterator[Doubt]:
        rows = self.reader.rows
        at = [i for i, number in enumerate(rows.numbers) if number in rows.hidden.units]
        if at:
            parts = [
                say(
                    zh="{unit}（第{row}行）",
                    en="{unit} (row {row})",
                    unit=self.table.labels[i],
                    row=rows.numbers[i],
                )
                if rows.lines is None
                else self.table.labels[i]
                for i in at
            ]
            text = say(
                zh="{units}的数据在表中被隐藏或筛选掉，仍然参加测算，请核对",
                en="hidden or filtered out in the table, and assessed all the same: {units}; "
                "check the rows",
                units=listing(parts, most=MOST_NAMED),
            )
            yield self.doubt("hidden", text, None, at)
        if rows.hidden.titles:
            text = say(
                zh="{titles}列在表中被隐藏，仍然参加测算，请核对",
                en="hidden in the table, and used all the same: {titles}; check the columns",
                titles=listing(rows.hidden.titles, most=MOST_NAMED),
            )
            yield self.doubt(
                "hidden", text, rows.hidden.titles[0] if len(rows.hidden.titles) == 1 else None
            )

    # Last year.

    def last_year(self, before: Table) -> Iterator[Doubt]:
        """The table beside last year's: names that differ by nothing visible, values of another
        size."""
        place = {name: k for k, name in enumerate(before.units)}
        plain = {plain_name(name): name for name in before.units}
        for i, name in enumerate(self.table.units):
            other = plain.get(plain_name(name))
            if name not in place and other is not None and other not in self.table.units:
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
                yield self.doubt("same_name", text, "unit", [i])
        last = Text("本单位上年数值", "unit's own value of last year")
        mains = [self._main(j, leaf) for j, leaf in enumerate(self.scheme.leaves)]
        for series in [*mains, *(series for series in self.series() if series.leaf is None)]:
            if series.key in self.earlier:
                yield from self.against(series, self.earlier[series.key], last)

    def remember(self, before: Table, scheme: Scheme) -> None:
        """Keep last year's values of the same columns and units."""
        place = {name: k for k, name in enumerate(before.units)}
        rows = np.array([place.get(name, -1) for name in self.table.units])
        for j, k in _twins(self.scheme, scheme):
            series = self._main(j, self.scheme.leaves[j])
            self.twins[_key(scheme.leaves[k])] = series
            self.earlier[series.key] = np.append(_numbers(before.filed[:, k]), np.nan)[rows]
        for series in (series for series in self.series() if series.leaf is None):
            column = before.covariates.get(series.key)
            if column is not None and column.dtype == float:
                self.twins[series.key] = series
                self.earlier[series.key] = np.append(column.to_numpy(float), np.nan)[rows]

    def of_last_year(self, doubts: Iterable[Doubt]) -> Iterator[Doubt]:
        """Last year's doubts as they stand among this year's; not those about sizes that this
        year's data confirm."""
        for doubt in doubts:
            series = self.twins.get(doubt.key or "")
            if series is not None and doubt.units and doubt.check in ("size", "fraction"):
                stood = dict(zip(self.table.units, self.stood_so(series), strict=True))
                if all(stood.get(unit, False) for unit in doubt.units):
                    continue
            text = say(zh="上年数据：{text}", en="last year's data: {text}", text=doubt.text)
            yield Doubt(doubt.check, replace(doubt.complaint, text=text))


def _spans_percent(leaf: Indicator) -> bool:
    """Whether the rule's own numbers show that values above 1 are expected."""
    return not leaf.rule.largest or leaf.rule.largest > 1.5


def _key(leaf: Indicator) -> str:
    """The column that holds a leaf's values, or the first of its stages."""
    return f"{leaf.id}@{next(iter(leaf.stages))}" if leaf.stages else leaf.id


def _twins(after: Scheme, before: Scheme) -> Iterator[tuple[int, int]]:
    """Places of leaves of this year and last year whose numbers measure the same."""
    places = {leaf.id: k for k, leaf in enumerate(before.leaves)}
    for j, leaf in enumerate(after.leaves):
        id = (
            leaf.id
            if leaf.id in places
            else (leaf.previous[0] if len(leaf.previous) == 1 else None)
        )
        if id in places and not _is_bounded(leaf):
            other = before.leaves[places[id]]
            if other.rule.kind == leaf.rule.kind and other.unit == leaf.unit:
                yield j, places[id]


def _period(scheme: Scheme) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
    """First and last day of the period assessed, where the scheme names both."""
    found = list(dates.mentions(scheme.period.zh)) if scheme.period else []
    if not found or any(mention.year is None for mention in found):
        return None
    return found[0].first(), found[-1].last()


def name_doubts(units: Sequence[str], reader: Reader) -> Iterator[Doubt]:
    """Names of units that are those of totals, and such that only look different."""
    numbers, first = reader.rows.numbers, {}
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


def doubts_of(
    scheme: Scheme, table: Table, reader: Reader, last: tuple[Scheme, Table] | None = None
) -> tuple[Doubt, ...]:
    """Everything that the checks find in a table; what the scheme takes for an error is raised.

    Raises
    ------
    InputError
        With one sentence for each thing found by a check that the scheme sets to "error".
    """
    search = _Search(scheme, table, reader)
    if last is not None:
        search.remember(last[1], last[0])
    finds: list[Callable[[], Iterator[Doubt]]] = [
        search.sum_rows,
        search.hidden,
        search.grades,
        search.events,
        search.percentages,
        search.fractions,
        search.signs,
        search.sizes,
        search.own_numbers,
    ]
    found = [*name_doubts(table.units, reader), *(doubt for find in finds for doubt in find())]
    if last is not None:
        found += search.last_year(last[1])
    flags = sort_out(found, scheme.checks)
    return flags if last is None else (*flags, *search.of_last_year(last[1].doubts))


# Last year's case that is this year's.

SAME_SHARE = 0.9
"""From this share of equal numbers on, two years' data are taken for one year's: of honest data
hardly any are equal."""


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
    places = {leaf.id: k for k, leaf in enumerate(other.leaves)}
    pairs = [(j, places[leaf.id]) for j, leaf in enumerate(scheme.leaves) if leaf.id in places]
    rows = {name: k for k, name in enumerate(before.units)}
    shared = [(i, rows[name]) for i, name in enumerate(table.units) if name in rows]
    if not pairs or len(shared) < 2:
        return 0.0
    both = [
        (table.filed[i, j], before.filed[k, m])
        for i, k in shared
        for j, m in pairs
        if table.status[i, j] == VALUE
    ]
    telling = [
        pair for pair in both if isinstance(pair[0], float) and pair[0] not in (0.0, 1.0, 100.0)
    ]
    compared = telling if len(telling) >= 10 else both
    return sum(a == b for a, b in compared) / len(compared) if compared else 0.0
