"""The calendar of the year as a table, and the periods of the data beside the period assessed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.inputs.calendar import collides, covered, days_of, shared_days


def calendar(result: Assessment) -> pd.DataFrame:
    """The steps of the year in the order of the scheme.

    Returns
    -------
    DataFrame
        A row a step: step (its kind), name (Text), start and end (first and last day), collides
        (None, or a code: "filing_after_start" where targets may still be filed when the period
        assessed has begun, "data_after_due" where data end after the self-assessment must be in,
        "step_before_end" where approval or publication begins before the period's end).

    >>> import qtoolkit as qt
    >>> case = qt.read_case("params/city-2026")
    >>> calendar(qt.assess(case.scheme, case.table)).loc[0, ["step", "end"]].tolist()
    ['filing', datetime.date(2025, 6, 30)]
    """
    scheme = result.scheme
    rows = [(step.step, step.label, *step.days, collides(scheme, step)) for step in scheme.calendar]
    return pd.DataFrame(rows, columns=["step", "name", "start", "end", "collides"], dtype=object)


def periods(result: Assessment) -> pd.DataFrame:
    """The days that each indicator's data cover, beside the period assessed.

    Returns
    -------
    DataFrame
        Indexed by the leaves that state a period (`data_period`): start, end, shared_days (days
        that are in both), period_days (days of the period assessed), kind ("same",
        "calendar_year": from January to December, which shares a part; "part": otherwise a part
        or more; "outside"). Without a period assessed of known days the numbers are NaN and the
        kind is None.

    >>> import qtoolkit as qt
    >>> case = qt.read_case("params/city-2026")
    >>> found = periods(qt.assess(case.scheme, case.table))
    >>> found.loc[
    ...     found["kind"] != "same", ["shared_days", "period_days", "kind"]
    ... ].values.tolist()
    [[184, 365, 'calendar_year']]
    """
    scheme = result.scheme
    period = days_of(scheme.period)
    whole = np.nan if period is None else shared_days(period, period)
    rows = [
        (*each.days, np.nan if each.shared is None else each.shared, whole, each.kind)
        for each in covered(scheme)
    ]
    index = pd.Index([each.leaf for each in covered(scheme)], name="indicator", dtype=object)
    names = ["start", "end", "shared_days", "period_days", "kind"]
    return pd.DataFrame(rows, index, names)
