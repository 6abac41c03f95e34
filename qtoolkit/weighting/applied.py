"""Weightings of an assessment: points from its own data by each method, and what such points, or
any others, would do to grades and ranks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.settings import Graded, Output, settings
from qtoolkit.display import Shown
from qtoolkit.errors import Complaint, InputError, nearest, one_of, unexpected
from qtoolkit.importance.influence import LEAST
from qtoolkit.language import Text, say
from qtoolkit.lines import says_lines
from qtoolkit.simulation.sobol import target_of
from qtoolkit.weighting import objective
from qtoolkit.weighting.combining import to_points
from qtoolkit.weighting.questionnaires import Judgements
from qtoolkit.weighting.weights import Weights, series_of

BY_METHOD = {
    "equal": lambda x: Weights(pd.Series(1.0, x.columns)),
    "entropy": objective.entropy,
    "critic": objective.critic,
    "variation": objective.variation,
    "deviation": objective.deviation,
    "pca": objective.pca,
}
METHODS = tuple(BY_METHOD)


@dataclass(frozen=True, repr=False)
class Weightings(Shown):
    """What :func:`from_data` returns.

    Attributes
    ----------
    points : DataFrame, indicators × methods
        Whole steps that sum to the scheme's total; a column for each method that can be used.
    remarks : DataFrame
        unused (a method that cannot be used, else None) and text: why, or what methods note.
    whole, least : int
        Units without gaps; with fewer than `least` of them no method is used.
    step : float
    """

    card_title: ClassVar[Text] = Text("由数据另定的分值", "Points from the data")
    card_table: ClassVar[str] = "points"

    points: pd.DataFrame
    remarks: pd.DataFrame
    whole: int
    least: int
    step: float


def from_data(
    result: Assessment, step: float = 0.5, methods: Iterable[str] = METHODS
) -> Weightings:
    """Points for the same indicators by methods that take weights from the data: the shares of full
    marks of these very units, those without gaps.

    Such points move with the data every year: for comparison only. Of fewer than 15 units without
    gaps none are taken, since a few units' chance differences would pass for a pattern.

    Parameters
    ----------
    result : Assessment
    step : float
        Points are multiples of it, see :func:`qtoolkit.weighting.to_points`.
    methods : iterable of str
        "equal" (the same for all), "entropy", "critic", "variation", "deviation", "pca": the
        functions of these names in this module.

    Raises
    ------
    InputError
        An unknown method, or a total that is no multiple of the step. A method that these data do
        not allow is a remark instead.

    >>> import qtoolkit as qt
    >>> case = qt.read_case("tai-2001")
    >>> found = from_data(qt.assess(case.scheme, case.table), methods=["equal", "deviation"])
    >>> found.points["equal"].tolist()
    [12.5, 12.5, 12.5, 12.5, 12.5, 12.5, 12.5, 12.5]
    """
    methods = [methods] if isinstance(methods, str) else list(methods)
    for name in methods:
        if name not in BY_METHOD:
            raise InputError(unexpected(name, one_of(METHODS), "methods"))
    leaves = result.scheme.leaves
    named = result.matrix.set_axis([leaf.name for leaf in leaves], axis=1)
    named = named.set_axis(list(result.labels.values()))
    whole = int(result.matrix.notna().all(axis=1).sum())
    points: dict[str, pd.Series] = {}
    remarks: list[dict[str, Any]] = []
    for name in methods if whole >= LEAST else ():
        try:
            weights = BY_METHOD[name](named)
        except InputError as error:
            remarks.append({"unused": name, "text": error.complaints[0].text})
            continue
        rounded = to_points(weights, result.scheme.total, step).points
        points[name] = rounded.set_axis(result.points.index)
        notes = [{"unused": None, "text": note} for note in weights.notes]
        remarks += [note for note in notes if note not in remarks]
    return Weightings(
        pd.DataFrame(points, index=result.points.index),
        pd.DataFrame(remarks, columns=["unused", "text"], dtype=object),
        whole,
        LEAST,
        step,
    )


@dataclass(frozen=True, repr=False)
class People(Shown):
    """What :func:`from_people` returns.

    Attributes
    ----------
    points : DataFrame, indicators × methods
        What all who judged by a method give together, in whole steps.
    each : DataFrame, indicators × (who, method)
        What each person's judgements give alone, in whole steps.
    judged : Judgements or None
    """

    card_title: ClassVar[Text] = Text("专家判断折算的分值", "Points from people's judgements")
    card_table: ClassVar[str] = "points"

    points: pd.DataFrame
    each: pd.DataFrame
    judged: Judgements | None


def from_people(result: Assessment, judged: Judgements | None = None, step: float = 0.5) -> People:
    """Points for the same indicators from what people judged, see
    :func:`qtoolkit.weighting.read_judgements`; tables without columns where nobody did.

    Parameters
    ----------
    result : Assessment
    judged : Judgements, optional
    step : float
        Points are multiples of it, see :func:`qtoolkit.weighting.to_points`.

    >>> import qtoolkit as qt
    >>> case = qt.read_case("tai-2001")
    >>> from_people(qt.assess(case.scheme, case.table)).points.shape
    (8, 0)
    """
    leaves, total = result.points.index, result.scheme.total
    if judged is None:
        return People(pd.DataFrame(index=leaves), pd.DataFrame(index=leaves), None)
    joint, each = (
        points.apply(lambda one: to_points(one, total, step).points)
        for points in (judged.joint, judged.points)
    )
    return People(joint.loc[leaves], each.loc[leaves], judged)


@says_lines
def consequences(result: Assessment, points: pd.DataFrame) -> pd.DataFrame:
    """What other points would do to computed grades and ranks.

    Parameters
    ----------
    result : Assessment
    points : DataFrame, indicators × weightings
        The points of every indicator, matched by id; each column sums to the scheme's total.

    Returns
    -------
    DataFrame, indexed by weighting (`method`)
        A column a grade (how many units have it, best first), changed (units with another grade
        than now), rank_shift (mean |rank − present rank|).

    Raises
    ------
    InputError
        Indicators that are missing or unknown, or points that are none or do not sum to the total.

    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.4, 0.8]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 75, "B": 0}), frame)
    >>> consequences(r, pd.DataFrame({"half": [50, 50]}, index=["a", "b"])).loc[
    ...     "half"
    ... ].to_dict()
    {'A': 0.0, 'B': 2.0, 'changed': 1.0, 'rank_shift': 0.0}
    """
    columns = [_points_of(result, points[name]) for name in points]
    named = pd.Index(list(points.columns), name="method", tupleize_cols=False)
    frame = pd.DataFrame({"points": columns}, named, dtype=object)
    outputs: dict[str, Output] = {
        "grades": target_of(result, "grade_changes"),
        "ranks": target_of(result, "rank_shift"),
        "code": _codes,
    }
    units = [f"code:{unit}" for unit in result.scores.index]
    outcome = settings(result, frame, outputs).reindex(columns=["grades", "ranks", *units])
    codes, names = outcome[units].to_numpy(), result.grade_names
    table = {name: (codes == names.index(name)).sum(axis=1) for name in reversed(names)}
    table |= {"changed": outcome["grades"].astype(int), "rank_shift": outcome["ranks"]}
    return pd.DataFrame(table, named)


def _points_of(result: Assessment, points: pd.Series) -> np.ndarray:
    """The points of all leaves, (d,), in the order of the scheme."""
    leaves, total = list(result.points.index), result.scheme.total
    given = series_of(points)
    for name in [leaf for leaf in leaves if leaf not in given.index]:
        raise InputError(Complaint(say(zh="缺这项指标的分值", en="no points"), column=name))
    for name in given.index.difference(leaves, sort=False):
        text = say(
            zh="没有这项指标{hint}", en="no such indicator{hint}", hint=nearest(str(name), leaves)
        )
        raise InputError(Complaint(text, column=str(name)))
    if (given < 0).any() or abs(given.sum() - total) > 1e-9 * total:
        raise InputError(
            say(
                zh="“{name}”的分值应不小于0，合计应为{total:g}分，现为{found:g}分",
                en="points “{name}” must be 0 or more and sum to {total:g}, found {found:g}",
                name=points.name,
                total=total,
                found=float(given.sum()),
            )
        )
    return given[leaves].to_numpy(float)


def _codes(graded: Graded) -> np.ndarray:
    return graded.grades
