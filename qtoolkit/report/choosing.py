"""Which of many units and indicators figures and tables show, where a page has no room for all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import from_ticks
from qtoolkit.engine.ties import in_order
from qtoolkit.robustness.certificates import DOWN, UP, margin

BARS = 300  # beyond so many units a figure shows some of them, or how they are distributed
CHOSEN = 40  # so many
MANY_LEAVES = 60  # indicators up to which a map of transfers has all
LEAVES = 40  # indicators in a figure of pairs or bars


def to_cutoff(result: Assessment) -> pd.Series:
    """Points from each unit's base score to the nearest cutoff, by the score alone, lines that
    follow from the scores where they lie now; ∞ where there is none.

    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.95, 0.5]}, index=["甲", "乙"])
    >>> result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)
    >>> to_cutoff(result).tolist()
    [5.0, 10.0]
    """
    base = from_ticks(result.base.to_numpy())
    sides = [margin(result, base, result.fixed.engine.thresholds, side) for side in (DOWN, UP)]
    return pd.Series(
        np.minimum(*(np.where(np.isfinite(x), np.abs(x), np.inf) for x in sides)),
        result.scores.index,
    )


def few(units: pd.Index, by: pd.Series, falling: bool = False) -> pd.Index:
    """The units, or of too many those with the least (most) of `by`, as they stand.

    >>> units = pd.Index([f"u{k}" for k in range(400)])
    >>> (
    ...     list(few(units, pd.Series(range(400), units)))[-2:],
    ...     len(few(units[:300], pd.Series(range(400), units))),
    ... )
    (['u38', 'u39'], 300)
    """
    if len(units) <= BARS:
        return units
    first = in_order(by[units], falling=falling)[:CHOSEN]
    return units[np.sort(first)]


def edge(result: Assessment) -> pd.Index:
    """The units for which searches are made: all, or of many those whose scores lie nearest to a
    cutoff."""
    if len(result.scores) <= BARS:
        return result.scores.index
    return result.scores.index[np.sort(in_order(to_cutoff(result), falling=False)[:CHOSEN])]


MARKS, MARKS_GRADED = 20_000, 30_000_000  # marks judged again, and times units


def appealing(result: Assessment, ways: int) -> pd.Index:
    """The units whose marks are judged again in so many `ways` each: all, or of too many those
    whose scores lie nearest to a cutoff."""
    units, leaves = len(result.scores), len(result.points)
    marks = max(leaves * ways, 1)
    room = max(min(MARKS // marks, MARKS_GRADED // (marks * max(units, 1))), 1)
    if units <= room:
        return result.scores.index
    return result.scores.index[np.sort(in_order(to_cutoff(result), falling=False)[:room])]


MAP, FEWEST_LEAVES = 1_500_000, 10  # pairs of indicators × units that a map of transfers may take


def most_points(result: Assessment) -> list[str]:
    """The indicators between which transfers are sought: all, or of too many those with the most
    points."""
    leaves, units = len(result.points), max(len(result.scores), 1)
    room = max(
        min(int((MAP / units) ** 0.5), LEAVES if leaves > MANY_LEAVES else leaves), FEWEST_LEAVES
    )
    order = in_order(result.points)[:room]
    return list(result.points.index[np.sort(order)])


def searched(result: Assessment) -> dict[str, int] | None:
    """How many units there are, and for how many searches are made; None where for all."""
    n = len(result.scores)
    return None if n <= BARS else {"n": n, "k": CHOSEN}
