"""Importance in proportion to points: whether it can be had, and the nearest points that are
allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.errors import InputError, real
from qtoolkit.importance.influence import LEAST
from qtoolkit.importance.tuning import Attainable, Tuned, attainable, tune
from qtoolkit.language import Text, say
from qtoolkit.lines import LinesSaid, says_lines


@dataclass(frozen=True, repr=False)
class Proportion(Shown):
    """What :func:`proportion` returns.

    Attributes
    ----------
    tuned : Tuned or None
        The nearest points that are allowed and were found; None where they cannot be sought.
    exact : Attainable or None
        The points, some perhaps negative, at which importance is as the present points; None where
        that cannot be decided.
    grades : Series or None
        Each unit's computed grade at the tuned points.
    refused, undecided : Text or None
        Why there is no `tuned`, or no `exact`.
    step, within : float
        As they were asked for.
    lines
        How lines that follow from the scores go, see :mod:`qtoolkit.lines`.
    """

    card_title: ClassVar[Text] = Text("使影响与分值相称", "Importance in proportion to points")
    card_more: ClassVar[tuple[str, ...]] = ("tuned", "exact")

    tuned: Tuned | None
    exact: Attainable | None
    grades: pd.Series | None
    refused: Text | None
    undecided: Text | None
    step: float
    within: float
    lines: LinesSaid | None = None

    @property
    def table(self) -> pd.DataFrame:
        """The table of :class:`Tuned`; without rows where there is none."""
        return pd.DataFrame() if self.tuned is None else self.tuned.table.copy()


@says_lines
def proportion(
    result: Assessment, within: float = 0.5, step: float = 0.5, seed: int = 0
) -> Proportion:
    """Whether points can make every indicator as important as its present points say, and the
    nearest found that are allowed.

    Importance is r² of an indicator's share with the score on these very units, see
    :func:`attainable` and :func:`tune`, which do the work and whose limits hold: what they refuse
    is told, not raised.

    Parameters
    ----------
    result : Assessment
        Of 15 units or more: among fewer chance differences would pass for a pattern.
    within : float
        In [0, 1]: each indicator's points are sought within ±`within` of its present ones.
    step : float
        Points are in whole steps.
    seed : int
        Of the random starts of the search.

    Raises
    ------
    InputError
        A share outside [0, 1], or a step of 0 or less.

    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 4, "b": [0.0, 0.5, 0.0, 0.5] * 4})
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame)
    >>> found = proportion(r)  # b varies half as much: it needs twice the points
    >>> found.table["points"].tolist(), found.exact.points.round(2).tolist()
    ([33.5, 66.5], [33.33, 66.67])
    """
    within, step = real("within", within, 0, 1), real("step", step, above=True)
    if len(result.scores) < LEAST:
        text = say(zh="考核对象不足{least}家", en="there are fewer than {least} units", least=LEAST)
        return Proportion(None, None, None, text, None, step, within)
    target = result.points.to_dict()
    bounds = {
        leaf: ((1 - within) * points, (1 + within) * points) for leaf, points in target.items()
    }
    try:
        tuned = tune(result, target, bounds, step=step, seed=seed)
    except InputError as error:
        return Proportion(None, None, None, error.complaints[0].text, None, step, within)
    exact, undecided = None, None
    try:
        exact = attainable(result, target)
    except InputError as error:
        undecided = error.complaints[0].text
    grades = result.what_if(points=tuned.table["points"], spread="none").grades
    return Proportion(tuned, exact, grades, None, undecided, step, within)
