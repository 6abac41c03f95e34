"""How far all points may move together before a grade can change.

For a base score linear in the points, s(p) = A·p + b, and all p within ±ρ of nominal with the sum
kept (ρ ≤ 1), the score range is exactly s ± ρ·h with h = Σ_j p_j |A_j − m|, m a median of A
weighted by p: moving points from below m to above it gains most, and Σ p_j |A_j − m| / 2 is gained
per unit of ρ on each side. So a grade is proven for every ρ up to margin / h, and with cutoffs that
may lie τ higher or lower as long as ρ·h + τ ≤ margin: one straight line a unit. Where the score is
not linear (`engine.affine` says why), outer bounds are used and called bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import (
    TICK,
    Engine,
    affine,
    from_ticks,
    grade,
    ratio_extreme,
    ratio_lines,
    score,
    shifted,
    to_ticks,
)
from qtoolkit.engine.box import deviation, greedy
from qtoolkit.engine.core import score_unit
from qtoolkit.errors import WorkError, real
from qtoolkit.language import say
from qtoolkit.regions import Box
from qtoolkit.remembered import remembered
from qtoolkit.robustness.certificates import (
    DOWN,
    MANY,
    UP,
    Certificates,
    Lines,
    New,
    enclose,
    ends,
    extremes,
    frame,
    grades_at,
    in_reach,
    margin,
    span_values,
)
from qtoolkit.robustness.rivals import grade_span

Limits = tuple[np.ndarray, np.ndarray]
"""Thresholds for the lower and for the upper end of a score, (n, G − 1) each."""
STEPS = 1024  # resolution of a tolerance that is found by bisection
LARGE = 100_000  # units × indicators beyond which there is less of both: each step scores them all
COARSE, FEWER = 32, 100  # steps; units with blanks for which exact extremes are sought
# share of its points that a leaf keeps in the widest band in which blanks are shared out exactly
FULLEST = 1e-3
HALVINGS = 40  # in search of the widest such band
# a witness lies this share of the tolerance beyond it, and two ticks of score at least
OVERSHOOT = 1e-6


@remembered
def tolerance(result: Assessment, shift: float = 0.0, new: New = "interval") -> Certificates:
    """How far all points may move together, the sum kept, before a unit's grade can change.

    Parameters
    ----------
    result : Assessment
    shift : float
        The cutoffs, too, may lie up to so many points of the published score higher or lower. Under
        coarse rounding the effective cutoff moves in whole rounding steps, and that is worked in.
    new : "interval" or "scenario"
        Leaves without data may bring anything from 0 to full marks, or what the scheme's scenario
        says.

    Returns
    -------
    Certificates
        Table: score (base), grade, margin_down and margin_up (points to the grade's ends in base
        score; ∞ where there is no end to cross), leverage (h, points of score per unit of ρ),
        tolerance (a share: .073 is ±7.3%; at most 1), towards (the grade that is reached first),
        status ("exact": the grade holds in every band below the tolerance and a witness breaks it
        just beyond; "at least": proven up to it, perhaps holds further; "none": not certain even at
        the scheme's points, because of `shift` or of leaves without data), why. Witness: "change",
        points just beyond the tolerance at which the grade is another.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0], "b": [0.8]}, index=["甲"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> round(float(qt.robustness.tolerance(r).table.tolerance["甲"]), 6)
    0.25
    >>> round(float(qt.robustness.tolerance(r, shift=1).table.tolerance["甲"]), 6)
    0.125
    """
    real("shift", shift)
    points, n = result.points.to_numpy(), len(result.scores)
    engines = ends(result, new)
    limits = _shifted(result.engine, shift)
    at = enclose(result, points, points, new)
    bases = [from_ticks(score(engine)[0]) for engine in engines]
    margins = np.stack([margin(result, bases[side], limits[side], side) for side in (DOWN, UP)])
    exact = at[DOWN].exact & at[UP].exact
    leverage = np.stack([np.where(exact, deviation(line.A, points), np.nan) for line in at])
    # a score rounds up to the next grade within its last tick
    room = margins - np.array([[0.0], [TICK]])
    finite = np.isfinite(margins) & (leverage > 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(finite, np.maximum(room, 0) / leverage, np.inf)
        side = each.argmin(axis=0)
        rho, h, finite = (x[side, np.arange(n)] for x in (each, leverage, finite))
        gap = np.maximum(room[side, np.arange(n)], 0)
        reach = np.where(finite, np.maximum(rho * (1 + OVERSHOOT), (gap + 2 * TICK) / h), np.inf)
    status, why = (
        np.full(n, "exact", dtype=object),
        np.where(at[DOWN].why == "", at[UP].why, at[DOWN].why),
    )
    box = np.where(exact, np.minimum(reach, 1.0), 0.0)[:, None]
    for engine in engines:  # as far as the claim goes
        _, _, holds, reason = affine(engine, points * (1 - box), points * (1 + box))
        why = np.where(exact & (why == ""), reason, why)
        exact = exact & holds
    beyond = exact & finite & (reach > 1)  # no room for a witness below ±100%
    rho[beyond], status[beyond] = np.minimum(rho[beyond], 1.0), "at least"
    reached = in_reach(result, grades_at(result, bases[UP]))
    why[reached], exact = "quota", exact & ~reached
    free = ~reached & (margins == np.inf).all(axis=0)
    witness = _witnesses(result, at, side, reach, exact & np.isfinite(rho))
    open_ = np.zeros(n, bool)
    if not exact.all():
        rest = ~exact
        rho[rest], open_[rest] = _bisect(result, new, limits, rest)
        status[rest] = "at least"
        rho[rest & free] = np.inf
        shared = [k for k in np.flatnonzero(rest & ~free & (why == "blank")).tolist() if rho[k] < 1]
        # of too many, those whose grades are least certain
        if shared := sorted(shared, key=lambda k: rho[k])[
            : MANY if result.matrix.size <= LARGE else FEWER
        ]:
            _share_out(result, new, limits, shared, (rho, side, witness, status, why))
    # else a grade is what it is at the present points
    moved = shift > 0 or engines[DOWN] is not engines[UP]
    none = (~reached & ((margins[DOWN] < -TICK / 2) | (margins[UP] < TICK / 2))) | (
        open_ & ~free & moved
    )
    unsure = np.where((grades_at(result, bases[DOWN]) == grades_at(result, bases[UP])), "", "new")
    rho[none], status[none], why[none] = np.nan, "none", unsure[none]
    proven = (status == "exact") & np.isfinite(rho)
    # a quota may leave no place there
    denied = proven & (side == UP) & in_reach(result, grades_at(result, bases[UP]) + 1)
    status[denied], why[denied], proven[denied] = "at least", "quota", False
    if denied.any():
        rho[denied] = np.maximum(rho[denied], _bisect(result, new, limits, denied)[0])
    after = _recheck_grades(result, engines, limits, side, witness, proven)
    names = np.array([*result.grade_names, None], dtype=object)
    towards = np.where(proven, after, -1)
    table = pd.DataFrame(
        {
            "score": from_ticks(result.base.to_numpy()),
            "grade": result.grades,
            "margin_down": margins[DOWN],
            "margin_up": margins[UP],
            "leverage": np.where(np.isfinite(h), h, leverage[DOWN]),
            "tolerance": rho,
            "towards": names[towards],
            "status": status,
            "why": why,
        },
        index=result.scores.index,
    )
    return Certificates(table, {"change": frame(result, witness, proven)})


def tolerance_map(
    result: Assessment, bands: Sequence[float], shifts: Sequence[float], new: New = "interval"
) -> pd.DataFrame:
    """How many grades are certain while points move within ±band and cutoffs within ±shift: bands ×
    shifts.

    A grade is certain where its score range over the band, quotas worked in, keeps it under every
    such shift.
    """
    for shift in shifts:
        real("shift", shift)
    e, codes = result.engine, result.grades.cat.codes.to_numpy()
    limits = [_shifted(e, shift) for shift in shifts]
    counts = np.zeros((len(bands), len(shifts)), int)
    for i, band in enumerate(bands):
        area = Box(relative=band).at(result)
        values = extremes(result, area, new).values
        for j, both in enumerate(limits):
            counts[i, j] = (grade_span(result, area, values, new, both) == codes).all(axis=0).sum()
    return pd.DataFrame(
        counts, pd.Index(list(bands), name="band"), pd.Index(list(shifts), name="shift")
    )


def _shifted(e: Engine, shift: float) -> Limits:
    """The thresholds where all cutoffs are higher, and where they are lower, by so many points."""
    ticks = int(to_ticks(shift))
    return shifted(e, ticks), shifted(e, -ticks)


def _bisect(
    result: Assessment, new: New, limits: Limits, units: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A band that is proven not to change the grade of these units, by outer bounds: a lower bound
    of the tolerance; and for whom nothing is proven even at the present points."""
    codes = result.grades.cat.codes.to_numpy()
    large = result.matrix.size > LARGE
    steps = COARSE if large else STEPS

    # few steps lie closer together where bands are narrow
    def band(step: np.ndarray) -> np.ndarray:
        return (step / steps) ** 2 if large else step / steps

    @cache
    def held(step: int) -> np.ndarray:
        area = Box(relative=float(band(np.array(step)))).at(result)
        values = np.stack(span_values(*enclose(result, area.lo, area.hi, new), area))
        return (grade_span(result, area, values, new, limits) == codes).all(axis=0)[units]

    # proven at low, not known at high
    low, high = np.zeros(units.sum(), int), np.full(units.sum(), steps)
    low[held(steps)] = steps
    while (open_ := high - low > 1).any():
        middle = (low + high) // 2
        for step in np.unique(middle[open_]):
            here = open_ & (middle == step)
            holds = held(int(step))
            low[here & holds], high[here & ~holds] = step, step
    return band(low), ~held(0)


def _share_out(
    result: Assessment,
    new: New,
    limits: Limits,
    units: list[int],
    found: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """The exact tolerance of units with redistributed blanks, by bisection on exact extremes; into
    `found`."""
    rho, side, witness, status, why = found
    engines, points, codes = (
        ends(result, new),
        result.points.to_numpy(),
        result.grades.cat.codes.to_numpy(),
    )
    rows = [ratio_lines(engine, points, points) for engine in engines]

    def straight(band: np.ndarray) -> np.ndarray:
        box = points * (1 - band[:, None]), points * (1 + band[:, None])
        return np.logical_and(*(ratio_lines(engine, *box)[-1] for engine in engines))

    widest, beyond = np.zeros(len(rho)), np.full(len(rho), 1 - FULLEST)
    widest[straight(beyond)] = 1 - FULLEST
    for _ in range(HALVINGS):
        middle = (widest + beyond) / 2
        holds = straight(middle)
        widest, beyond = np.where(holds, middle, widest), np.where(holds, beyond, middle)
    for k in units:
        if widest[k] <= rho[k]:
            continue

        def broken(band: float, unit: int = k) -> tuple[int, np.ndarray] | None:
            for which, sign in ((DOWN, -1), (UP, 1)):
                A, b, live, dead = (x[unit] for x in rows[which][:4])
                least, most = points * (1 - band), points * (1 + band)
                _, at = ratio_extreme(A, b, live, dead, least, most, float(points.sum()), sign)
                ticks = score_unit(engines[which], unit, at[None])[0]
                if (
                    min((ticks >= limits[which][unit]).sum(), result.engine.ceiling[unit])
                    != codes[unit]
                ):
                    return which, at
            return None

        low, high, there = rho[k], widest[k], broken(widest[k])
        if there is None:
            rho[k] = high
            continue
        while high - low > 1e-12:
            middle = (low + high) / 2
            if (here := broken(middle)) is None:
                low = middle
            else:
                high, there = middle, here
        further = min(high * (1 + OVERSHOOT), widest[k])  # no last bit of a sum is to decide
        there = broken(further) or there
        rho[k], side[k], witness[k], status[k], why[k] = low, there[0], there[1], "exact", ""


def _witnesses(
    result: Assessment,
    at: tuple[Lines, Lines],
    side: np.ndarray,
    reach: np.ndarray,
    proven: np.ndarray,
) -> np.ndarray:
    """Points just beyond the tolerance, moved in the direction that changes the grade."""
    points = result.points.to_numpy()
    box = np.where(proven, np.minimum(reach, 1.0), 0.0)[:, None]
    wish = np.where(side[:, None] == UP, at[UP].A, -at[DOWN].A)
    moved = greedy(wish, points * (1 - box), points * (1 + box), float(points.sum()))
    return np.where(proven[:, None], moved, np.nan)


def _recheck_grades(
    result: Assessment,
    engines: tuple[Engine, Engine],
    limits: Limits,
    side: np.ndarray,
    witness: np.ndarray,
    proven: np.ndarray,
) -> np.ndarray:
    """The grades (n,) that the engine gives at the witnesses: with coarse rounding a score may pass
    a whole grade."""
    found = result.grades.cat.codes.to_numpy().copy()
    for which, engine in enumerate(engines):
        again = grade(engine, score(engine, np.nan_to_num(witness)[None]), limits[which])[0]
        here = proven & (side == which)
        if (again == found)[here].any():
            raise WorkError(
                say(
                    zh="允许浮动幅度复核不一致",
                    en="a tolerance did not survive re-scoring at its witness",
                )
            )
        found[here] = again[here]
    return found
