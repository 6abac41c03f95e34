"""Lowest and highest scores over a region, and the grades between."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import from_ticks, score
from qtoolkit.errors import real
from qtoolkit.lines import with_breaks_held
from qtoolkit.regions import Region, area_of
from qtoolkit.regions.bound import Area
from qtoolkit.robustness.attained import Inside, Within, close
from qtoolkit.robustness.certificates import (
    DOWN,
    UP,
    Certificates,
    New,
    ends,
    extremes,
    frame,
    graded,
    grades_at,
    in_reach,
    scores_reach,
)
from qtoolkit.robustness.rivals import grade_span, rivals_over


@with_breaks_held
def score_range(
    result: Assessment,
    region: Region,
    new: New = "interval",
    exact: bool = False,
    time_limit: float = 60.0,
) -> Certificates:
    """Lowest and highest base score of each unit over a region of points, and the grades between.

    Parameters
    ----------
    result : Assessment
    region : Region
        From :mod:`qtoolkit.regions`.
    new : "interval" or "scenario"
        Leaves without data may bring anything from 0 to full marks, or what the scheme's scenario
        says.
    exact : bool
        Close the grades that are bounds, by integer programs
        (:mod:`qtoolkit.robustness.attained`): those that depend on others through quotas or last
        places, and those of scores that are no straight line. It takes seconds instead of
        milliseconds.
    time_limit : float
        Seconds for that in all; what is not closed by then stays a bound.

    Returns
    -------
    Certificates
        Table: score (base score at the scheme's points), low, high, grade_low, grade_high, certain
        (one grade everywhere), status ("exact": both ends of scores and grades are attained;
        "bounds": no point of the region goes beyond them), why, grades_status (of the grades
        alone), free_of_new (at the scheme's points the grade is the same whatever leaves without
        data bring). Witnesses: "low", "high" of the score, "grade_low", "grade_high".

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.8, 0.9]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> qt.robustness.score_range(r, qt.regions.Box(relative=0.1)).table[
    ...     ["low", "high", "certain"]
    ... ].round(6).values.tolist()
    [[91.2, 92.8, True], [64.4, 67.6, True]]
    """
    area, e = area_of(region, result), result.engine
    found = extremes(result, area, new)
    (least, greatest), status, why = (
        found.values,
        np.where(found.exact, "exact", "bounds").astype(object),
        found.why,
    )
    grades = grade_span(
        e, found.values, (e.thresholds, e.thresholds), rivals_over(result, area, new)
    )
    contested = in_reach(result, scores_reach(greatest, e.thresholds))
    known = (found.exact & ~contested) | (grades[DOWN] == grades[UP])
    points = found.points.copy()
    if exact:
        _close(result, area, new, grades, points, known, real("time_limit", time_limit))
    open_ = contested & ~known
    status[open_], why[open_] = "bounds", "quota"
    table = pd.DataFrame(
        {
            "score": from_ticks(result.base.to_numpy()),
            "low": least,
            "high": greatest,
            "grade_low": graded(result, grades[0]),
            "grade_high": graded(result, grades[1]),
            "certain": grades[0] == grades[1],
            "status": status,
            "why": why,
            "grades_status": np.where(known, "exact", "bounds").astype(object),
            "free_of_new": np.equal(
                *(grades_at(result, from_ticks(score(x)[0])) for x in ends(result, new))
            ),
        },
        index=result.scores.index,
    )
    return Certificates(
        table,
        {
            side: frame(result, at, found.exact)
            for side, at in zip(("low", "high"), found.points, strict=True)
        }
        | {
            side: frame(result, at, known)
            for side, at in zip(("grade_low", "grade_high"), points, strict=True)
        },
    )


def _close(
    result: Assessment,
    area: Area,
    new: New,
    grades: np.ndarray,
    points: np.ndarray,
    known: np.ndarray,
    seconds: float,
) -> None:
    """Grades (2, n) that are not `known` made so as far as time goes: into all three, with the
    `points` (2, n, d) at which they occur."""
    units = np.flatnonzero(~known).tolist()
    limits = result.engine.thresholds
    measure = Inside(result, area)
    search = Within(result, measure, ends(result, new), (limits, limits))
    rows = np.concatenate([points, np.broadcast_to(measure.start, points[:1].shape)])
    for k, each in zip(units, close(search, units, grades, rows[:, units], seconds), strict=True):
        grades[:, k], known[k] = each.proven, each.met
        points[:, k] = each.points
