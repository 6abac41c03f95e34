"""Lowest and highest scores over a region, and the grades between."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import from_ticks, score
from qtoolkit.lines import with_breaks_held
from qtoolkit.regions import Region, area_of
from qtoolkit.robustness.certificates import (
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
def score_range(result: Assessment, region: Region, new: New = "interval") -> Certificates:
    """Lowest and highest base score of each unit over a region of points, and the grades between.

    Parameters
    ----------
    result : Assessment
    region : Region
        From :mod:`qtoolkit.regions`.
    new : "interval" or "scenario"
        Leaves without data may bring anything from 0 to full marks, or what the scheme's scenario
        says.

    Returns
    -------
    Certificates
        Table: score (base score at the scheme's points), low, high, grade_low, grade_high, certain
        (one grade everywhere), status ("exact": both ends are attained; "bounds": no point of the
        region goes beyond them), why, free_of_new (at the scheme's points the grade is the same
        whatever leaves without data bring). Witnesses: "low", "high".

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
    open_ = in_reach(result, scores_reach(greatest, e.thresholds)) & (grades[0] != grades[1])
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
        },
    )
