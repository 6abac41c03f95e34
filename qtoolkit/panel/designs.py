"""Ratings as the statistics of panels need them: long and checked, or one number for each unit and
assessor."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.errors import Complaint, InputError, Problems, clip, nearest, one_of, unexpected
from qtoolkit.language import Text, listing, same, say
from qtoolkit.limits import POINTS

NEEDED = ("unit", "assessor", "score")
OPTIONAL = ("stage", "item", "group")
KEY = ["unit", "assessor", "stage", "item"]
NUMBER = Text("一个有限的数字", "a finite number")


def long_of(ratings: Any) -> pd.DataFrame:
    """Ratings as a long table, one row a score, in the order given.

    Parameters
    ----------
    ratings : DataFrame, or an object whose `frame` is one
        Long: at least the columns unit, assessor and score, and where there are such stage, item
        and group. Wide: units × assessors, numbers, NaN where there is no score.

    Returns
    -------
    DataFrame
        Columns unit, assessor, stage, item, score (float, NaN where there is none), group; what is
        not given is "".

    Raises
    ------
    InputError
        A column that is wanting, a score that is no finite number, a unit or assessor without a
        name, a score given twice for the same unit, assessor, stage and item, or no score at all.

    >>> wide = pd.DataFrame({"甲": [80, 70], "乙": [85, None]}, index=["A", "B"])
    >>> long_of(wide)[["unit", "assessor", "score"]].to_numpy().tolist()
    [['A', '甲', 80.0], ['A', '乙', 85.0], ['B', '甲', 70.0], ['B', '乙', nan]]
    """
    frame = getattr(ratings, "frame", ratings)
    if not isinstance(frame, pd.DataFrame):
        want = Text("评分的数据表（DataFrame）", "a DataFrame of ratings")
        raise InputError(unexpected(type(frame).__name__, want))
    if not set(frame.columns) & set(NEEDED):
        frame = _stacked(frame)
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise InputError(
            say(
                zh="评分表缺少{names}列",
                en="the ratings have no column {names}",
                names=listing(missing),
            )
        )
    table = pd.DataFrame({name: frame[name].to_numpy() for name in ("unit", "assessor")})
    for name in OPTIONAL:
        table[name] = frame[name].to_numpy() if name in frame.columns else ""
        table[name] = table[name].astype(object).where(table[name].notna(), "")
    table["score"] = _numbers(frame["score"], table)
    _check_names(table)
    _check_once(table)
    if not table["score"].notna().any():
        raise InputError(say(zh="没有一个评分", en="there is not a single score"))
    return table[["unit", "assessor", "stage", "item", "score", "group"]]


def _stacked(wide: pd.DataFrame) -> pd.DataFrame:
    """A table of units × assessors row by row, with its blanks."""
    n, k = wide.shape
    return pd.DataFrame(
        {
            "unit": np.repeat(wide.index.to_numpy(dtype=object), k),
            "assessor": np.tile(wide.columns.to_numpy(dtype=object), n),
            "score": wide.to_numpy(dtype=object).ravel(),
        }
    )


def _numbers(scores: pd.Series, table: pd.DataFrame) -> np.ndarray:
    """Scores as floats; whatever is no number, or too large to be one of points, is refused."""
    problems = Problems()
    found = np.full(len(scores), np.nan)
    for place, value in enumerate(scores.astype(object)):
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            continue
        real = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
        if real and abs(value) <= POINTS:
            found[place] = value
        else:
            problems.add(
                _at(table.iloc[place], unexpected(value, NUMBER, Text("评分", "the score")))
            )
    problems.stop()
    return found


def _at(row: pd.Series, text: Text) -> Text:
    """A complaint about one rating, with whose it is."""
    return say(
        zh="“{unit}”由“{assessor}”评分：{text}",
        en="“{unit}” as marked by “{assessor}”: {text}",
        unit=clip(row["unit"]),
        assessor=clip(row["assessor"]),
        text=text,
    )


def _check_names(table: pd.DataFrame) -> None:
    for name, word in (
        ("unit", Text("考核对象", "unit")),
        ("assessor", Text("打分人", "assessor")),
    ):
        blank = table[name].isna() | (table[name].astype(object) == "")
        if blank.any():
            raise InputError(
                say(
                    zh="第{row}条评分没有{what}的名称",
                    en="rating {row} does not name its {what}",
                    row=int(np.argmax(blank.to_numpy())) + 1,
                    what=word,
                )
            )


def _check_once(table: pd.DataFrame) -> None:
    twice = table.duplicated(KEY)
    problems = Problems()
    for _, row in table[twice].drop_duplicates(KEY).iterrows():
        given = [str(row[name]) for name in ("stage", "item") if row[name] != ""]
        place = same("") if not given else Text("、".join(given), ", ".join(given))
        text = say(
            zh="同一项评分不止一个{of}{place}",
            en="the same is marked more than once{of}{place}",
            of=same("") if not given else Text("：", ": "),
            place=place,
        )
        problems.add(_at(row, text))
    problems.stop()


def of_stage(table: pd.DataFrame, stage: Any = None) -> pd.DataFrame:
    """The rows of one stage of a long table; several stages and none chosen are refused."""
    stages = list(dict.fromkeys(table["stage"]))
    if stage is None:
        if len(stages) > 1:
            raise InputError(
                say(
                    zh="评分有多个环节（{names}），应以 stage 指明一个",
                    en="the ratings are of several stages ({names}): choose one (stage)",
                    names=listing(map(str, stages), most=10),
                )
            )
        return table
    if stage not in stages:
        hint = nearest(str(stage), map(str, stages))
        raise InputError(unexpected(stage, one_of(map(str, stages)), "stage", hint))
    return table[table["stage"] == stage]


def wide_of(
    ratings: Any, stage: str | None = None, weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """One number for each unit (rows) and assessor (columns), in the order of first appearance.

    Where there are items it is Σ w x / Σ w over the items that anybody marked for the unit at that
    stage, and NaN for an assessor who has not marked all of them: see :func:`incomplete`.

    Parameters
    ----------
    ratings
        See :func:`long_of`.
    stage : str, optional
        The stage; must be given where there are several.
    weights : mapping of item to points, optional
        w; without it all items count the same.

    Raises
    ------
    InputError
        As :func:`long_of`; several stages and none chosen, an unknown stage; an item without a
        weight, a weight that is not above 0. (Weights of other items do no harm.)

    >>> ratings = pd.DataFrame(
    ...     [("A", "甲", "x", 80), ("A", "甲", "y", 60), ("A", "乙", "x", 90)],
    ...     columns=["unit", "assessor", "item", "score"],
    ... )
    >>> wide_of(ratings, weights={"x": 3, "y": 1}).to_numpy().tolist()
    [[75.0, nan]]
    """
    table = of_stage(long_of(ratings), stage)
    w = _weights(table, weights)
    table = table.assign(w=w, wx=w * table["score"])
    whole = _whole(table)
    marked = whole[whole["marked"] == whole["asked"]]
    sums = table[table["score"].notna()].groupby(["unit", "assessor"], sort=False)[["w", "wx"]]
    sums = sums.sum().loc[marked.index]
    # settled, so that means that are equal on paper are equal
    means = pd.Series(
        from_ticks(to_ticks((sums["wx"] / sums["w"]).to_numpy())), index=sums.index, dtype=float
    )
    units, assessors = (pd.unique(table[name]) for name in ("unit", "assessor"))
    wide = pd.DataFrame(np.nan, index=units, columns=assessors)
    rows, columns = (
        axis.get_indexer(means.index.get_level_values(level))
        for level, axis in enumerate((wide.index, wide.columns))
    )
    values = wide.to_numpy(copy=True)
    values[rows, columns] = means.to_numpy()
    return pd.DataFrame(
        values,
        index=wide.index.rename("unit"),
        columns=wide.columns.rename("assessor"),
    )


def _weights(table: pd.DataFrame, weights: Mapping[str, float] | None) -> np.ndarray:
    """The weight of each row of a long table."""
    if weights is None:
        return np.ones(len(table))
    items = list(dict.fromkeys(table["item"]))
    for item in items:
        if item not in weights:
            hint = nearest(str(item), map(str, weights))
            raise InputError(
                say(
                    zh="评分项“{item}”没有分值{hint}",
                    en="item “{item}” has no weight{hint}",
                    item=clip(item),
                    hint=hint,
                )
            )
        w = weights[item]
        real = isinstance(w, numbers.Real) and not isinstance(w, bool | np.bool_)
        if not (real and 0 < w <= POINTS):
            want = Text("大于0的数字", "a number above 0")
            raise InputError(Complaint(unexpected(w, want), column=str(item)))
    return np.array([float(weights[item]) for item in table["item"]])


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """How many items each assessor marked of a unit and how many anybody did; index unit,
    assessor."""
    given = table[table["score"].notna()]
    asked = given.groupby("unit", sort=False)["item"].nunique()
    marked = given.groupby(["unit", "assessor"], sort=False)["item"].size().rename("marked")
    found = marked.to_frame()
    found["asked"] = asked.reindex(found.index.get_level_values("unit")).to_numpy()
    return found


def incomplete(ratings: Any, stage: str | None = None) -> pd.DataFrame:
    """The assessors who marked some items of a unit, but not all that others marked: they have no
    number in :func:`wide_of`.

    Returns
    -------
    DataFrame
        unit, assessor, marked and asked: how many items each.

    >>> ratings = pd.DataFrame(
    ...     [("A", "甲", "x", 80), ("A", "甲", "y", 60), ("A", "乙", "x", 90)],
    ...     columns=["unit", "assessor", "item", "score"],
    ... )
    >>> incomplete(ratings).to_numpy().tolist()
    [['A', '乙', 1, 2]]
    """
    whole = _whole(of_stage(long_of(ratings), stage))
    return whole[whole["marked"] < whole["asked"]].reset_index()


def left_out_note(ratings: Any, stage: str | None = None) -> Text | None:
    """That marks of only some items were left out; None where there are none."""
    found = incomplete(ratings, stage)
    if found.empty:
        return None
    return say(
        zh="有{n}份评分未评全部评分项，未计入：{names}",
        en="{n:rating was|ratings were} left out because some items were not marked: {names}",
        n=len(found),
        names=listing(
            [
                say(
                    zh="{assessor}评{unit}",
                    en="{assessor} of {unit}",
                    assessor=str(row.assessor),
                    unit=str(row.unit),
                )
                for row in found.itertuples()
            ],
            most=5,
        ),
    )


def sums_of_squares(values: np.ndarray) -> dict[tuple[int, ...], tuple[int, float]]:
    """Degrees of freedom and sum of squares of each effect of a fully crossed design with one
    number a cell.

    With T_s² / m the sum of the squared totals over the cells of the factors s, each divided by the
    number m of values in it, SS_s = Σ_{t ⊆ s} (−1)^{|s|−|t|} T_t² / m. Computed in whole ticks, so
    that effects that are nothing are 0 and no order of rows changes the last bit.

    Parameters
    ----------
    values : ndarray of float, any number of axes of at least 1, no NaN

    Returns
    -------
    dict
        Axes of the effect → (degrees of freedom, sum of squares); that of all axes is the residual.

    >>> sums_of_squares(np.array([[1.0, 2.0], [3.0, 6.0]]))
    {(0,): (1, 9.0), (1,): (1, 4.0), (0, 1): (1, 1.0)}
    """
    ticks = to_ticks(values).astype(object)
    axes = range(values.ndim)
    effects = [s for r in range(values.ndim + 1) for s in combinations(axes, r)]
    squares = {}
    for s in effects:
        others = tuple(a for a in axes if a not in s)
        totals = np.ravel(ticks.sum(axis=others)).astype(object)
        squares[s] = Fraction(int(totals @ totals) * totals.size, values.size)
    found = {}
    for s in effects[1:]:
        parts = (t for r in range(len(s) + 1) for t in combinations(s, r))
        total = sum(((-1) ** (len(s) - len(t)) * squares[t] for t in parts), Fraction(0))
        found[s] = (math.prod(values.shape[a] - 1 for a in s), float(total / PER_POINT_SQUARED))
    return found


PER_POINT_SQUARED = 10**20
"""Squares of ticks that make a square of points."""
