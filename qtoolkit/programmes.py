"""Demonstration programmes (质量强市示范城市, 知名品牌示范区): how many applied, were approved and
were named, as stocks at one date or of units that are followed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from scipy import special

from qtoolkit.display import Shown
from qtoolkit.errors import Complaint, InputError, clip, nearest, real, unexpected, whole
from qtoolkit.inputs.dates import day_complaints, day_of
from qtoolkit.inputs.files import read_rows
from qtoolkit.inputs.locate import find, packaged_cases
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_text
from qtoolkit.language import Text, listing, say

Kind = Literal["stocks", "followed"]
MOST_COUNT = 10**9
ALL = ""  # the group of a table that is not divided


@dataclass(frozen=True, repr=False)
class Funnel(Shown):
    """What :func:`funnel` returns.

    Attributes
    ----------
    table : DataFrame, indexed by (group, stage)
        Of stocks: count, to_before and to_first (ratios of stocks at one date: the units counted at
        a stage are not those counted at the one before it, so they are no rates and have no
        intervals), rises (more than at the stage before).
        Of followed units: count, eligible (units that reached the stage before, and long enough ago
        where `after` is given), reached (those of them that reached this one), rate, low and high
        (exact interval), waiting (units that reached the stage before, not this one, and too lately
        to be counted). The first stage has no rate.
        The group is "" where the table is not divided; of several groups the last is ALL, the sum.
    kind : "stocks" or "followed"
    confidence : float
        Of the intervals; NaN of stocks, which have none.
    """

    card_title: ClassVar[Text] = Text("示范创建进展", "A programme's funnel")

    table: pd.DataFrame
    kind: Kind
    confidence: float = field(default=float("nan"))


def funnel(
    table: pd.DataFrame,
    stages: Sequence[str],
    by: str | None = None,
    *,
    until: Any = None,
    after: int = 0,
    confidence: float = 0.95,
) -> Funnel:
    """Applied → approved → named, in counts and what they allow.

    A table of counts holds stocks: how many stand at each stage at one date. A unit that is named
    today may have applied ten years ago, and one that applied today could not yet be named; so
    ratios of stocks are no chances of success. Rates are given where the table has a row a unit,
    with a column a stage that holds the date on which the unit reached it (or whether it did), and
    only over units that could have got there: those that reached the stage before, and with `until`
    and `after` those that did so at least so many days before that date. This is a plain share, no
    survival analysis: what units that still wait will do is not estimated.

    The interval is Clopper and Pearson's (1934): low = B(α/2; x, n − x + 1), high =
    B(1 − α/2; x + 1, n − x), quantiles of the beta distribution.

    Parameters
    ----------
    table : DataFrame
        Columns `stages`: whole numbers (stocks, a row a province, a batch, …), or dates or
        true/false (a row a unit; blank: not reached).
    stages : sequence of str
        Columns in the order of the work.
    by : str, optional
        A column that divides the rows into groups; without it the table is one.
    until : date, optional
        When the data were taken; dates after it are refused. Followed units with dates alone.
    after : int
        Days that a unit must have had since the stage before, with `until`.
    confidence : float
        Of the intervals, in (0, 1).

    Raises
    ------
    InputError
        Columns that are not there; counts that are negative or no whole numbers; units that reached
        a stage without the one before it, or earlier than that; dates after `until`.

    >>> stocks = pd.DataFrame({"applied": [139], "approved": [85], "named": [22]})
    >>> funnel(stocks, ["applied", "approved", "named"]).table["to_first"].round(3).tolist()
    [1.0, 0.612, 0.158]
    """
    names = _stages(table, stages, by)
    groups = _groups(table, by)
    level = real("confidence", confidence, 0, 1, above=True)
    if level == 1:
        raise InputError(unexpected(confidence, _INSIDE, "confidence"))
    wait = whole("after", after, 0)
    if _holds_counts(table[names]):
        if until is not None or wait:
            raise InputError(
                Text(
                    "存量数据（家数）没有各家的日期，不能用 until 和 after",
                    "stocks have no dates of single units: until and after do not go with them",
                )
            )
        counts = _counts(table, names)
        return Funnel(_table(groups, lambda rows: _stock(counts[rows], names)), "stocks")
    reached, dates = _followed(table, names)
    last = _date(until, Text("until", "until")) if until is not None else None
    if wait and (last is None or dates is None):
        raise InputError(
            Text(
                "after 须与 until 和各阶段的日期同用",
                "after goes with until, and with dates of the stages",
            )
        )
    _check_order(table, names, reached, dates, last)
    ripe = reached if last is None or dates is None else reached & _old_enough(dates, last, wait)
    found = _table(groups, lambda rows: _rates(reached[rows], ripe[rows], names, level))
    return Funnel(found, "followed", level)


_INSIDE = Text("大于0、小于1的数字", "a number above 0 and below 1")
_DATES = Text("日期、true 或 false，或空白", "a date, true or false, or a blank")


def published_counts() -> pd.DataFrame:
    """The published stocks of 2016: cities and zones that had applied, were approved (cities
    批准创建, zones 批准筹建) and were named; programmes-2016 among the packaged data.

    >>> published_counts()[["applied", "approved", "named"]].to_numpy().tolist()
    [[139, 85, 22], [365, 225, 63]]
    """
    return read_counts(packaged_cases() / "programmes-2016" / "counts.csv", _STAGES)


_STAGES = ("applied", "approved", "named")


def read_counts(path: str | Path, stages: Sequence[str]) -> pd.DataFrame:
    """A table of stocks from a .csv or .xlsx file; columns that are no stages stay text.

    Raises
    ------
    InputError
        File, row and column of what is no whole number of at least 0.
    """
    rows = read_rows(find(path), either_way=False)
    frame = pd.DataFrame(rows.rows, columns=rows.header)
    for stage in _stages(frame, stages, None):
        numbers = []
        for row, cell in zip(rows.numbers, frame[stage], strict=True):
            number, reason = parse_number(cell)
            if reason is not None or number < 0 or number % 1:
                text = unexpected(plain_text("" if is_blank(cell) else cell), _COUNT)
                raise InputError(Complaint(text, rows.name, row, stage))
            numbers.append(int(number))
        frame[stage] = numbers
    return frame


_COUNT = Text("不小于0的整数", "a whole number of at least 0")


def _stages(table: Any, stages: Sequence[str], by: str | None) -> list[str]:
    """The columns of the stages, checked."""
    if not isinstance(table, pd.DataFrame) or not len(table):
        raise InputError(
            Text("table 应为至少有一行的表", "table must be a table of at least one row")
        )
    several = isinstance(stages, Iterable) and not isinstance(stages, str)
    names: list[Any] = list(stages) if several else [stages]
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(
            say(
                zh="stages 应为至少两个不同的列，现为{found}",
                en="stages must be at least two different columns, found {found}",
                found=listing(map(str, names)),
            )
        )
    for name in [*names, *([] if by is None else [by])]:
        if name not in table.columns:
            raise InputError(
                say(
                    zh="表中没有“{name}”这一列{hint}",
                    en="the table has no column “{name}”{hint}",
                    name=clip(name),
                    hint=nearest(str(name), list(map(str, table.columns))),
                )
            )
    return names


def _groups(table: pd.DataFrame, by: str | None) -> dict[str, np.ndarray]:
    """Row numbers of each group in the order of the table, and of all where there are several."""
    everything = np.arange(len(table))
    if by is None:
        return {ALL: everything}
    words = []
    for label, cell in zip(table.index, table[by], strict=True):
        if is_blank(cell) or cell is pd.NA:
            raise InputError(
                say(
                    zh="“{row}”行的“{by}”是空的",
                    en="“{by}” of the row “{row}” is blank",
                    row=clip(label),
                    by=by,
                )
            )
        words.append(plain_text(cell))
    groups = {word: np.flatnonzero(np.array(words) == word) for word in dict.fromkeys(words)}
    return groups | ({ALL: everything} if len(groups) > 1 else {})


def _table(groups: dict[str, np.ndarray], of: Any) -> pd.DataFrame:
    """One table of those of the groups."""
    return pd.concat({name: of(rows) for name, rows in groups.items()}, names=["group", "stage"])


def _holds_counts(frame: pd.DataFrame) -> bool:
    """Whether cells are numbers rather than dates or yes and no."""
    cells = [cell for cell in frame.to_numpy(object).ravel() if not _is_missing(cell)]
    return any(isinstance(cell, int | float | np.number) and not _is_flag(cell) for cell in cells)


def _is_missing(cell: Any) -> bool:
    return is_blank(cell) or cell is pd.NA or cell is pd.NaT


def _is_flag(cell: Any) -> bool:
    return isinstance(cell, bool | np.bool_)


def _counts(table: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Counts (rows × stages), checked."""
    for name in names:
        for label, cell in zip(table.index, table[name], strict=True):
            good = isinstance(cell, int | float | np.number) and not _is_flag(cell)
            if not good or not 0 <= float(cell) <= MOST_COUNT or float(cell) % 1:
                raise InputError(
                    say(
                        zh="“{row}”行的“{name}”为“{found}”，应为不小于0的整数（家数）",
                        en="“{name}” of the row “{row}” is “{found}”, expected a whole number of "
                        "at least 0 (units)",
                        row=clip(label),
                        name=name,
                        found=clip(cell),
                    )
                )
    counts: np.ndarray = table[names].to_numpy(float).astype(np.int64)
    return counts


def _stock(counts: np.ndarray, names: list[str]) -> pd.DataFrame:
    """The rows of a group of stocks."""
    total = counts.sum(axis=0)
    before = np.r_[total[:1], total[:-1]]
    return pd.DataFrame(
        {
            "count": total,
            "to_before": _ratio(total, before),
            "to_first": _ratio(total, np.full(len(total), total[0])),
            "rises": total > before,
        },
        index=pd.Index(names, name="stage"),
    )


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """over/under, NaN where there is nothing below."""
    ratio: np.ndarray = np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0)
    return ratio


def _followed(table: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, np.ndarray | None]:
    """Whether each unit reached each stage (units × stages), and when; None without dates."""
    cells = table[names].to_numpy(object)
    reached = np.zeros(cells.shape, bool)
    dates = np.full(cells.shape, np.datetime64("NaT"), "datetime64[D]")
    flags = 0
    for k, j in np.ndindex(*cells.shape):
        cell = cells[k, j]
        if _is_missing(cell):
            continue
        if _is_flag(cell):
            reached[k, j], flags = bool(cell), flags + 1
            continue
        where = say(
            zh="“{unit}”的“{stage}”",
            en="“{stage}” of “{unit}”",
            unit=clip(table.index[k]),
            stage=names[j],
        )
        reached[k, j], dates[k, j] = True, _date(cell, where)
    if flags and not np.isnat(dates).all():
        raise InputError(
            Text(
                "各阶段应全为日期或全为 true/false，不能混用",
                "stages must all be dates or all true and false, not some of each",
            )
        )
    return reached, None if flags else dates


def _date(cell: Any, where: Text) -> np.datetime64:
    """A day."""
    cell = pd.Timestamp(cell) if isinstance(cell, np.datetime64) else cell
    if isinstance(cell, datetime.datetime) and not pd.isna(cell):
        return np.datetime64(cell.date(), "D")
    day = day_of(cell) if isinstance(cell, str) and not any(day_complaints(cell)) else cell
    if not isinstance(day, datetime.date) or pd.isna(day):
        raise InputError(unexpected(clip(cell), _DATES, where))
    return np.datetime64(day, "D")


def _check_order(
    table: pd.DataFrame,
    names: list[str],
    reached: np.ndarray,
    dates: np.ndarray | None,
    last: np.datetime64 | None,
) -> None:
    """Refuse stages that are skipped, dates that go backwards and dates after the last."""
    for k, j in np.ndindex(*reached.shape):
        unit = clip(table.index[k])
        if j and reached[k, j] and not reached[k, j - 1]:
            raise InputError(
                say(
                    zh="“{unit}”到了“{stage}”，却没有到“{before}”",
                    en="“{unit}” reached “{stage}” without “{before}”",
                    unit=unit,
                    stage=names[j],
                    before=names[j - 1],
                )
            )
        if dates is None or not reached[k, j]:
            continue
        if j and dates[k, j] < dates[k, j - 1]:
            raise InputError(
                say(
                    zh="“{unit}”的“{stage}”日期为{day}，早于“{before}”的{earlier}",
                    en="“{unit}” reached “{stage}” on {day}, before “{before}” on {earlier}",
                    unit=unit,
                    stage=names[j],
                    before=names[j - 1],
                    day=dates[k, j],
                    earlier=dates[k, j - 1],
                )
            )
        if last is not None and dates[k, j] > last:
            raise InputError(
                say(
                    zh="“{unit}”的“{stage}”日期为{day}，晚于数据截止日{last}",
                    en="“{unit}” reached “{stage}” on {day}, after the data end on {last}",
                    unit=unit,
                    stage=names[j],
                    day=dates[k, j],
                    last=last,
                )
            )


def _old_enough(dates: np.ndarray, last: np.datetime64, after: int) -> np.ndarray:
    """Whether a stage was reached at least so many days before the last."""
    old: np.ndarray = ~np.isnat(dates) & (dates <= last - np.timedelta64(after, "D"))
    return old


def _rates(
    reached: np.ndarray, ripe: np.ndarray, names: list[str], confidence: float
) -> pd.DataFrame:
    """The rows of a group of followed units; `ripe` are those that reached a stage long ago."""
    eligible, passed = ripe[:, :-1].sum(axis=0), (ripe[:, :-1] & reached[:, 1:]).sum(axis=0)
    late = (reached[:, :-1] & ~ripe[:, :-1] & ~reached[:, 1:]).sum(axis=0)
    tail = (1 - confidence) / 2
    x, n = passed.astype(float), eligible.astype(float)
    some, none, every = n > 0, x == 0, x == n
    low = np.where(none, 0.0, special.betaincinv(np.maximum(x, 1), n - x + 1, tail))
    high = np.where(every, 1.0, special.betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail))
    rows = {
        "count": reached.sum(axis=0),
        "eligible": np.r_[np.nan, n],
        "reached": np.r_[np.nan, x],
        "rate": np.r_[np.nan, _ratio(x, n)],
        "low": np.r_[np.nan, np.where(some, low, np.nan)],
        "high": np.r_[np.nan, np.where(some, high, np.nan)],
        "waiting": np.r_[np.nan, late],
    }
    whole_numbers = dict.fromkeys(("eligible", "reached", "waiting"), "Int64")
    return pd.DataFrame(rows, index=pd.Index(names, name="stage")).astype(whole_numbers)
