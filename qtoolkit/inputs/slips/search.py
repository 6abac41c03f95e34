"""The columns of a table as the checks see them, and what the checks of one table share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qtoolkit.errors import Complaint
from qtoolkit.inputs import oddvalues
from qtoolkit.inputs.slips.doubts import MOST_NAMED, Doubt
from qtoolkit.inputs.tablereader import columns_of
from qtoolkit.language import Text, listing, say

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Indicator, Scheme, Stage
    from qtoolkit.inputs.table import Table
    from qtoolkit.inputs.tablereader import Reader

_TARGET, _BASE = Text("目标值", "target"), Text("基期值", "baseline")
_GROWTH = re.compile(
    r"增长|增速|增幅|增加|增减|同比|环比|变化|变动|提高|提升|下降|降低|涨|净|利润|growth|change|increase|decrease|\bnet\b",
    re.I,
)


@dataclass(frozen=True)
class Series:
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


def says(pattern: re.Pattern[str], series: Series) -> bool:
    return any(pattern.search(wording) for wording in (series.name.zh, series.name.en))


def is_bounded(leaf: Indicator) -> bool:
    """Whether a leaf's cells have ends that are checked as they are read: shares and scores."""
    return leaf.leaf_rule.is_bounded


def _is_in_percent(series: Series) -> bool:
    return series.leaf is not None and series.leaf.unit in ("%", "\uff05")


def is_percentage(series: Series) -> bool:
    """Whether a column holds parts of a whole, from 0 to 100."""
    return _is_in_percent(series) and not says(_GROWTH, series)


def is_change(series: Series) -> bool:
    """Whether a column holds changes, which run through 0 and have no size of their own: by its
    name, and by its unit of measure or its values."""
    known = series.values[np.isfinite(series.values)]
    mixed = bool((known < 0).any() and (known > 0).any())
    return says(_GROWTH, series) and (mixed or _is_in_percent(series))


def numbers_of(values: Iterable[Any]) -> np.ndarray:
    return np.array([v if isinstance(v, float | int) else np.nan for v in values], float)


def key_of(leaf: Indicator) -> str:
    """The column that holds a leaf's values, or the first of its stages or tasks."""
    return columns_of(leaf)[0]


@dataclass
class Search:
    """One table being looked through; `named` holds the cells (key, row) that a check has named
    already, `earlier` last year's values of the same units by column, `twins` the columns that
    continue last year's, by the keys of those."""

    scheme: Scheme
    table: Table
    reader: Reader
    named: set[tuple[str, int]] = field(default_factory=set)
    earlier: dict[str, np.ndarray] = field(default_factory=dict)
    twins: dict[str, Series] = field(default_factory=dict)

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

    def cells(self, series: Series, rows: Sequence[int], other: np.ndarray | None = None) -> Text:
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

    def fresh(self, series: Series, found: np.ndarray) -> list[int]:
        """The rows found whose cells no check has named, which are named from now on."""
        rows = [int(i) for i in np.flatnonzero(found) if (series.key, int(i)) not in self.named]
        self.named |= {(series.key, i) for i in rows}
        return rows

    def stood_so(self, series: Series) -> np.ndarray:
        """Which values are of the size that they had last year: whoever stood apart then is no
        slip now."""
        if series.key not in self.earlier:
            return np.zeros(len(series.values), bool)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = series.values / self.earlier[series.key]
        return (ratios > 1 / oddvalues.APART) & (ratios < oddvalues.APART)

    def series(self) -> Iterator[Series]:
        """The columns of numbers whose cells have no ends of their own."""
        table = self.table
        for j, leaf in enumerate(self.scheme.leaves):
            if is_bounded(leaf):
                continue
            for stage in self.scheme.stages:
                if stage.id in leaf.stages or stage.effect == "replaces":
                    yield self.of_stage(j, leaf, stage)
            if not leaf.stages:
                yield self.main(j, leaf)
            yield Series(f"target:{leaf.id}", leaf.name, table.targets[:, j], leaf, _TARGET)
            yield Series(f"base:{leaf.id}", leaf.name, table.baselines[:, j], leaf, _BASE)
        for covariate in self.scheme.covariates:
            if covariate.kind == "number" and covariate.id in table.covariates:
                yield Series(
                    covariate.id, covariate.name, table.covariates[covariate.id].to_numpy(float)
                )

    def of_stage(self, j: int, leaf: Indicator, stage: Stage) -> Series:
        """What a stage said of a leaf; named with the stage where it is not the only one."""
        alone = list(leaf.stages) == [stage.id]
        values = numbers_of(self.table.stages[stage.id][:, j])
        return Series(
            f"{leaf.id}@{stage.id}", leaf.name, values, leaf, None if alone else stage.name
        )

    def main(self, j: int, leaf: Indicator) -> Series:
        return Series(key_of(leaf), leaf.name, numbers_of(self.table.filed[:, j]), leaf)
