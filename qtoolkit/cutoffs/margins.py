"""How far each unit stands from the next grades, what other readings of the rounding would do, and cutoffs that do nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from qtoolkit.assessment import Assessment, assess
from qtoolkit.engine import Graded, finish, from_ticks, settings, to_ticks
from qtoolkit.engine.core import thresholds
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.errors import real
from qtoolkit.flags import reachable
from qtoolkit.inputs.changes import AS_IS
from qtoolkit.inputs.table import VALUE, ZERO


def margins(result: Assessment) -> pd.DataFrame:
    """Points to the neighbouring grades, on the base score (bonus, cap and rounding counted in).

    Returns
    -------
    DataFrame, indexed by unit
        score (published), grade, above (points above the least base score that keeps the score's grade), below (points
        short of the next better grade; NaN where there is none or it is out of reach), nearest (the smaller of the two),
        next (the grade that lies nearest). A veto or a quota is not counted: these are margins of the score.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.895, 0.5]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)
    >>> qt.cutoffs.margins(r)[["above", "below"]].values.tolist()
    [[29.5, 0.5], [nan, 10.0]]
    """
    base, limits = result.base.to_numpy(), score_limits(result)
    codes = (base[:, None] >= limits).sum(axis=1)
    limits = np.where(limits > to_ticks(result.scheme.total), np.nan, from_ticks(limits))
    edge = np.full((len(base), 1), np.nan)
    limits = np.concatenate([edge, limits, edge], axis=1)
    rows, names = np.arange(len(base)), np.array([None, *result.grade_names, None], dtype=object)
    points = from_ticks(base)
    above, below = points - limits[rows, codes], limits[rows, codes + 1] - points
    upward = np.nan_to_num(below, nan=np.inf) < np.nan_to_num(above, nan=np.inf)
    nearest = np.fmin(above, below)
    towards = np.where(np.isnan(nearest), None, names[codes + np.where(upward, 2, 0)])
    return pd.DataFrame(
        {
            "score": result.scores,
            "grade": result.grades,
            "above": above,
            "below": below,
            "nearest": nearest,
            "next": towards,
        },
        index=result.scores.index,
    )


def score_limits(result: Assessment) -> np.ndarray:
    """The effective cutoffs: the least base score in ticks whose published score reaches each grade but the worst, worst
    first, (n, G − 1). Vetoes are not counted."""
    e = result.engine
    highest = int(to_ticks(result.scheme.total)) * e.tree.growth
    return thresholds(dataclasses.replace(e, shift=np.zeros_like(e.shift)), e.cutoffs, highest)


READINGS: dict[str, Any] = {
    "scheme": AS_IS,
    "unrounded": None,
    "two_decimals": {"decimals": 2, "mode": "half_up"},
    "one_decimal": {"decimals": 1, "mode": "half_up"},
    "whole_half_up": {"decimals": 0, "mode": "half_up"},
    "whole_floor": {"decimals": 0, "mode": "floor"},
}


def rounding_audit(result: Assessment) -> pd.DataFrame:
    """Each unit's grade under other readings of how the total is rounded: is 89.6 an A?

    Returns
    -------
    DataFrame, indexed by unit
        One column a reading of `READINGS`; the first is the scheme's own.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), pd.DataFrame({"a": [0.896]}, index=["甲"]))
    >>> rounding_audit(r)[["scheme", "whole_half_up", "whole_floor"]].values.tolist()
    [['B', 'A', 'B']]
    """
    frame = pd.DataFrame({"rounding.total": list(READINGS.values())}, index=list(READINGS), dtype=object)
    done = settings(result, frame, {"grade": _grades}).drop(columns="failed")
    return graded_table(result, done.to_numpy(dtype=int).T, list(READINGS))


def _grades(graded: Graded) -> np.ndarray:
    return graded.grades


def graded_table(result: Assessment, codes: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Grade codes (n, m) as a table of grades: units × names."""
    kind = result.grades.dtype
    columns = {name: pd.Categorical.from_codes(codes[:, i], dtype=kind) for i, name in enumerate(names)}
    return pd.DataFrame(columns, index=result.scores.index)


def bunching(result: Assessment, width: float | None = None) -> pd.DataFrame:
    """Do scores gather just above a cutoff? Units within `width` points below and above each, and a binomial test.

    Parameters
    ----------
    width : float, optional
        Points of the published score, at most the total; a hundredth of it if left out.

    Returns
    -------
    DataFrame, indexed by grade (the worst left out)
        cutoff, below (units in [c − width, c)), above (in [c, c + width)), p: the chance that at least so many of them lie
        above if each lay on either side alike. A small p is a reason to look at how those scores came about, no proof:
        where scores thicken towards one side, they need not lie on either side alike.

    Raises
    ------
    InputError
        A width of 0 or less, or beyond the total.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.901, 0.902, 0.905, 0.907]}, index=list("甲乙丙丁"))
    >>> bunching(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)).loc["A", ["below", "above", "p"]].tolist()
    [0.0, 4.0, 0.0625]
    """
    e, rows, total = result.engine, {}, result.scheme.total
    reach = int(to_ticks(total / 100 if width is None else real("width", width, 0, total, above=True)))
    lead = finish(e, result.base.to_numpy())[:, None] - e.cutoffs
    below, above = ((-reach <= lead) & (lead < 0)).sum(axis=0), ((0 <= lead) & (lead < reach)).sum(axis=0)
    for i, grade in enumerate(reversed(result.scheme.grades[:-1])):
        both = int(below[i] + above[i])
        p = stats.binomtest(int(above[i]), both, 0.5, alternative="greater").pvalue if both else np.nan
        rows[grade.id] = (grade.cutoff, int(below[i]), int(above[i]), float(p))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["cutoff", "below", "above", "p"]).iloc[::-1]


def dead(result: Assessment) -> pd.Series:
    """Grades that no score can have: "out of reach" (the cutoff is above every possible score), "never missed" (the grade
    below is: even the worst values give the cutoff), "empty" (rounding leaves no score between two cutoffs), "live".

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 101, "B": 60, "C": 0}), pd.DataFrame({"a": [1.0]}, index=["甲"]))
    >>> dead(r).to_dict()
    {'A': 'out of reach', 'B': 'live', 'C': 'live'}
    """
    least, most = (int(to_ticks(x)) for x in reachable(result))
    cutoffs, limits = result.engine.cutoffs, score_limits(result)
    found = {}
    for i, grade in enumerate(reversed(result.scheme.grades)):
        below, above = (cutoffs[:, i - 1] if i else None), (cutoffs[:, i] if i < cutoffs.shape[1] else None)
        if below is not None and (below > most).all():
            found[grade.id] = "out of reach"
        elif above is not None and (above <= least).all():
            found[grade.id] = "never missed"
        elif above is not None and i and ((limits[:, i] == limits[:, i - 1]) & (limits[:, i] < UNREACHABLE)).all():
            found[grade.id] = "empty"
        else:
            found[grade.id] = "live"
    return pd.Series(found, dtype=object)[[grade.id for grade in result.scheme.grades]]


def blanks_as_zero(result: Assessment) -> Assessment:
    """The same assessment with every blank that is scored otherwise counted as zero."""
    status = np.where(result.table.status == VALUE, result.table.status, ZERO).astype(result.table.status.dtype)
    return assess(result.scheme, dataclasses.replace(result.table, status=status))
