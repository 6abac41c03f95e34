"""How far each unit stands from the next grades, what other readings of the rounding would do, and
cutoffs that do nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import reachable
from qtoolkit.assessment.settings import Graded, settings
from qtoolkit.engine import (
    Engine,
    RivalStep,
    core,
    finish,
    from_ticks,
    grade_alone,
    score_grades,
    to_ticks,
)
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.errors import real
from qtoolkit.inputs.changes import AS_IS
from qtoolkit.inputs.statuses import VALUE, ZERO
from qtoolkit.lines import says_lines, with_breaks_held
from qtoolkit.remembered import remembered

LINE, QUOTA, LAST = "line", "quota", "last"
BEST, WORST, VETO, REACH, SAFE, UNPROVED = "best", "worst", "veto", "reach", "safe", "unproved"
ROWS_AT_ONCE = 1 << 20  # base scores that are graded again at a time


def near_misses(table: pd.DataFrame, within: float) -> pd.DataFrame:
    """The rows of a table of :func:`margins` of units (临界单位) whose grade `within` points of the
    base score more or less would change, the nearest first. A rise reaches the next grade where it
    equals what is missing; a fall that equals the margin keeps the grade.

    >>> rows = {"above": [0.5, 3.0, 1.0], "below": [4.0, 1.0, 9.0], "nearest": [0.5, 1.0, 1.0]}
    >>> list(near_misses(pd.DataFrame(rows, index=["甲", "乙", "丙"]), 1).index)
    ['甲', '乙']
    """
    near = (table["below"] <= within + SAME) | (table["above"] < within - SAME)
    return table[near].iloc[in_order(table.loc[near, "nearest"], falling=False)]


@with_breaks_held
@remembered
def margins(result: Assessment) -> pd.DataFrame:
    """Points to the neighbouring grades, on the base score: what a unit alone may lose and keep its
    grade, and what it must gain to get a better one, all others as they are.

    Bonus, cap, rounding, vetoes, quotas and last places are all in force. Where quotas or last
    places are, both limits are found by bisection on whole ticks and every row is graded anew at
    its limit and one tick below it.

    Returns
    -------
    DataFrame, indexed by unit
        score (published), grade, above (points above the least base score that keeps the grade; NaN
        where there is none to lose), below (points short of the least base score that gives a
        better one; NaN where it cannot be had), nearest (the smaller of the two), next (the grade
        that lies nearest); then

        lower, higher : the grades beyond the two limits, None where there is none.
        above_by, below_by : what sets the limit: "line" (a cutoff), "quota" (places in a grade),
        "last" (the last places); where there is no margin, why: "worst" (no grade below), "safe"
        (no loss of points changes it), "best" (no grade above), "reach" (the cutoff is out of
        reach), "veto" (a veto bars it), "quota" or "last" (not even full marks give a place).
        to_line : points short of the cutoff of the next better grade by the score alone, whatever
        vetoes and places say; 0 where the score reaches it, NaN where it is out of reach.
        above_rivals, below_rivals : tuples of the units that come level or pass, or are come level
        with or passed, at a limit set by places.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.895, 0.5]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)
    >>> qt.cutoffs.margins(r)[["above", "below"]].values.tolist()
    [[29.5, 0.5], [nan, 10.0]]
    """
    e, base = result.engine, result.base.to_numpy()
    now, names = result.grades.cat.codes.to_numpy(), np.array(result.grade_names, dtype=object)
    most = np.maximum(base, int(to_ticks(result.scheme.total)))
    keeps, gets = (
        _least(e, base, np.full_like(base, -1), base, now),
        _least(e, base, base, most + 1, now + 1),
    )
    held, open_ = keeps > 0, gets <= most
    down, up = np.where(held, keeps, base), np.where(open_, gets, base)  # the limits
    loses, wins = _regraded(e, base, down - 1), _regraded(e, base, up)
    sure_down = (loses < now) & (_regraded(e, base, down) == now)
    sure_up = (wins > now) & (_regraded(e, base, up - 1) == now)
    above_by = np.where(held, _binding(e, base, down - 1, now), np.where(now == 0, WORST, SAFE))
    below_by = np.where(open_, _binding(e, base, up - 1, now + 1), _barred(e, base, most, now))
    above_by, below_by = (
        np.where(held & ~sure_down, UNPROVED, above_by),
        np.where(open_ & ~sure_up, UNPROVED, below_by),
    )
    held, open_ = held & sure_down, open_ & sure_up
    above, below = (
        np.where(held, from_ticks(base - down), np.nan),
        np.where(open_, from_ticks(up - base), np.nan),
    )
    upward = np.nan_to_num(below, nan=np.inf) < np.nan_to_num(above, nan=np.inf)
    lower, higher = np.where(held, names[loses], None), np.where(open_, names[wins], None)
    towards = {"next": np.where(upward, higher, lower), "lower": lower, "higher": higher}
    return pd.DataFrame(
        {
            "score": result.scores,
            "grade": result.grades,
            "above": above,
            "below": below,
            "nearest": np.fmin(above, below),
            **{
                name: pd.Series(grades, result.scores.index, dtype=object)
                for name, grades in towards.items()
            },
            "above_by": above_by,
            "below_by": below_by,
            "to_line": _to_line(result, now, most),
            "above_rivals": _passed(result, down, now, held),
            "below_rivals": _passed(result, up, now + 1, open_),
        },
        index=result.scores.index,
    )


def _to_line(result: Assessment, now: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Points (n,) short of the effective cutoff of the grade next above."""
    base, limits = result.base.to_numpy(), score_limits(result)
    limits = np.append(limits, np.full((base.size, 1), UNREACHABLE), axis=1)[
        np.arange(base.size), now
    ]
    return np.where(limits > most, np.nan, from_ticks(np.maximum(limits - base, 0)))


def _least(
    e: Engine, base: np.ndarray, low: np.ndarray, high: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """The least base score in (low, high] of each unit alone that gives it the grade `wanted`;
    `high` where none below it does. The grade never falls as the score rises, see
    :func:`qtoolkit.engine.grade_alone`."""
    low, high = low.copy(), high.copy()
    while (open_ := high - low > 1).any():
        middle = np.where(open_, (low + high) // 2, high)
        has = grade_alone(e, base, middle) >= wanted
        low, high = np.where(open_ & ~has, middle, low), np.where(open_ & has, middle, high)
    return high


def _regraded(e: Engine, base: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The grade of each unit with its own base score changed, by grading all units anew for
    each."""
    if not e.rivals:
        return core.grade(e, own)
    codes, step = np.empty(base.size, np.int8), max(1, ROWS_AT_ONCE // base.size)
    for start in range(0, base.size, step):
        units = np.arange(start, min(start + step, base.size))
        rows = np.tile(base, (units.size, 1))
        rows[np.arange(units.size), units] = own[units]
        codes[units] = core.grade(e, rows)[np.arange(units.size), units]
    return codes


def _stopping(
    e: Engine, base: np.ndarray, short: np.ndarray, wanted: np.ndarray
) -> list[tuple[RivalStep, np.ndarray]]:
    """The steps across units, and for which of the base scores `short` each of them alone bars the
    grade `wanted`, (n,)."""
    reached = core.grade(dataclasses.replace(e, rivals=()), short) >= wanted
    alone = [dataclasses.replace(e, rivals=(step,)) for step in e.rivals]
    return [(one.rivals[0], reached & (grade_alone(one, base, short) < wanted)) for one in alone]


def _binding(e: Engine, base: np.ndarray, short: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """What keeps the base scores `short` from the grade `wanted`."""
    found = np.full(base.size, LINE, dtype=object)
    for step, bars in reversed(_stopping(e, base, short, wanted)):
        found[bars] = LAST if step.last else QUOTA
    return found


def _barred(e: Engine, base: np.ndarray, most: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Why not even the base scores `most` give a better grade than `now`."""
    reach = score_grades(e, most) <= now
    veto = core.grade(dataclasses.replace(e, rivals=()), most) <= now
    places = _binding(e, base, most, now + 1)
    best = now == e.cutoffs.shape[1]
    return np.where(best, BEST, np.where(reach, REACH, np.where(veto, VETO, places)))


def _passed(
    result: Assessment, at: np.ndarray, wanted: np.ndarray, which: np.ndarray
) -> list[tuple[str, ...]]:
    """The rivals whose order with a unit changes in the last tick up to its limit `at`, where
    places set the limit."""
    e, base, names = result.engine, result.base.to_numpy(), result.scores.index
    key, here, short = (e.key(scores) for scores in (base, at, at - 1))
    found: list[set[int]] = [set() for _ in names]
    for step, bars in _stopping(e, base, at - 1, wanted):
        counted = counted_by(step, core.threshold_grades(e, base, e.thresholds))
        for k in np.flatnonzero(bars & which).tolist():
            turns = counted & (np.sign(here[k] - key) != np.sign(short[k] - key))
            found[k] |= set(np.flatnonzero(turns).tolist()) - {k}
    return [tuple(names[sorted(units)]) for units in found]


def counted_by(step: RivalStep, reached: np.ndarray) -> np.ndarray:
    """Whom a step across units counts, (n,), where `reached` are the grades before all of them."""
    member = np.ones(reached.shape, bool) if step.members is None else step.members
    return member & (step.last | (reached >= step.grade))


def score_limits(result: Assessment) -> np.ndarray:
    """The effective cutoffs: the least base score in ticks whose published score reaches each grade
    but the worst, worst first, (n, G − 1). Vetoes are not counted."""
    e = result.engine
    highest = int(to_ticks(result.scheme.total)) * e.tree.growth
    return core.thresholds(dataclasses.replace(e, shift=np.zeros_like(e.shift)), e.cutoffs, highest)


READINGS: dict[str, Any] = {
    "scheme": AS_IS,
    "unrounded": None,
    "two_decimals": {"decimals": 2, "mode": "half_up"},
    "one_decimal": {"decimals": 1, "mode": "half_up"},
    "whole_half_up": {"decimals": 0, "mode": "half_up"},
    "whole_floor": {"decimals": 0, "mode": "floor"},
}


@says_lines
def rounding_audit(result: Assessment) -> pd.DataFrame:
    """Each unit's grade under other readings of how the total is rounded: is 89.6 an A?

    Returns
    -------
    DataFrame, indexed by unit
        One column a reading of `READINGS`; the first is the scheme's own.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(
    ...     qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}),
    ...     pd.DataFrame({"a": [0.896]}, index=["甲"]),
    ... )
    >>> rounding_audit(r)[["scheme", "whole_half_up", "whole_floor"]].values.tolist()
    [['B', 'A', 'B']]
    """
    frame = pd.DataFrame(
        {"rounding.total": list(READINGS.values())}, index=list(READINGS), dtype=object
    )
    done = settings(result, frame, {"grade": _grades}).drop(columns="failed")
    return graded_table(result, done.to_numpy(dtype=int).T, list(READINGS))


def _grades(graded: Graded) -> np.ndarray:
    return graded.grades


def graded_table(result: Assessment, codes: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Grade codes (n, m) as a table of grades: units × names."""
    kind = result.grades.dtype
    columns = {
        name: pd.Categorical.from_codes(codes[:, i], dtype=kind) for i, name in enumerate(names)
    }
    return pd.DataFrame(columns, index=result.scores.index)


def bunching(result: Assessment, width: float | None = None) -> pd.DataFrame:
    """Do scores gather just above a cutoff? Units within `width` points below and above each, and a
    binomial test.

    Parameters
    ----------
    width : float, optional
        Points of the published score, at most the total; a hundredth of it if left out.

    Returns
    -------
    DataFrame, indexed by grade (the worst and those without a cutoff left out)
        cutoff, below (units in [c − width, c)), above (in [c, c + width)), p: the chance that at
        least so many of them lie above if each lay on either side alike. A small p is a reason to
        look at how those scores came about, no proof: where scores thicken towards one side, they
        need not lie on either side alike. Where classes have cutoffs of their own, each unit is
        held against that of its class and cutoff:<class> has each of them; cutoff is NaN where they
        differ.

    Raises
    ------
    InputError
        A width of 0 or less, or beyond the total.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.901, 0.902, 0.905, 0.907]}, index=list("甲乙丙丁"))
    >>> bunching(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)).loc[
    ...     "A", ["below", "above", "p"]
    ... ].tolist()
    [0.0, 4.0, 0.0625]
    """
    from scipy.stats import binomtest  # not at the top: it takes half a second

    e, rows, total = result.engine, {}, result.scheme.total
    reach = int(
        to_ticks(total / 100 if width is None else real("width", width, 0, total, above=True))
    )
    lead = finish(e, result.base.to_numpy())[:, None] - e.cutoffs
    classes = (
        result.scheme.classes if any(grade.class_cutoffs for grade in result.scheme.grades) else ()
    )
    below, above = (
        ((-reach <= lead) & (lead < 0)).sum(axis=0),
        ((0 <= lead) & (lead < reach)).sum(axis=0),
    )
    for i, grade in enumerate(reversed(result.scheme.grades[:-1])):
        if not grade.has_line:
            continue
        both = int(below[i] + above[i])
        p = binomtest(int(above[i]), both, 0.5, alternative="greater").pvalue if both else np.nan
        own = [grade.cutoff_of(group) for group in classes]
        cutoff = (
            grade.cutoff_of(classes[0]) if len(set(own)) == 1 else np.nan if own else grade.line
        )
        rows[grade.id] = (cutoff, *own, int(below[i]), int(above[i]), float(p))
    names = ["cutoff", *(f"cutoff:{group}" for group in classes), "below", "above", "p"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names).iloc[::-1]


def dead(result: Assessment) -> pd.Series:
    """Grades that no score can have: "out of reach" (the cutoff is above every possible score),
    "never missed" (the grade below is: even the worst values give the cutoff), "empty" (rounding
    leaves no score between two cutoffs), "live".

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(
    ...     qt.Scheme.flat({"a": 100}, {"A": 101, "B": 60, "C": 0}),
    ...     pd.DataFrame({"a": [1.0]}, index=["甲"]),
    ... )
    >>> dead(r).to_dict()
    {'A': 'out of reach', 'B': 'live', 'C': 'live'}
    """
    least, most = (int(to_ticks(x)) for x in reachable(result))
    cutoffs, limits = result.engine.cutoffs, score_limits(result)
    found, grades = {}, result.scheme.grades[::-1]
    for i, grade in enumerate(grades):
        below, above = (  # a grade without a line ends at no line
            (cutoffs[:, i - 1] if i and grade.has_line else None),
            (cutoffs[:, i] if i < cutoffs.shape[1] and grades[i + 1].has_line else None),
        )
        if below is not None and (below > most).all():
            found[grade.id] = "out of reach"
        elif above is not None and (above <= least).all():
            found[grade.id] = "never missed"
        elif (
            above is not None
            and i
            and ((limits[:, i] == limits[:, i - 1]) & (limits[:, i] < UNREACHABLE)).all()
        ):
            found[grade.id] = "empty"
        else:
            found[grade.id] = "live"
    return pd.Series(found, dtype=object)[[grade.id for grade in result.scheme.grades]]


def blanks_as_zero(result: Assessment) -> Assessment:
    """The same assessment with every blank that is scored otherwise counted as zero."""
    status = np.where(result.table.status == VALUE, result.table.status, ZERO).astype(
        result.table.status.dtype
    )
    return result.anew(table=dataclasses.replace(result.table, status=status))
