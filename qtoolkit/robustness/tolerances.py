"""How far all points may move together before a grade can change.

For a base score linear in the points, s(p) = A·p + b, and all p within ±ρ of nominal with the sum
kept (ρ ≤ 1), the score range is exactly s ± ρ·h with h = Σ_j p_j |A_j − m|, m a median of A
weighted by p: moving points from below m to above it gains most, and Σ p_j |A_j − m| / 2 is gained
per unit of ρ on each side. So a grade is proven for every ρ up to margin / h, and with cutoffs that
may lie τ higher or lower as long as ρ·h + τ ≤ margin: one straight line a unit. Where the score is
not linear (`engine.affine` says why), outer bounds are used and called bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

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
from qtoolkit.lines import with_breaks_held
from qtoolkit.regions import Box
from qtoolkit.regions.bound import Bands
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
from qtoolkit.robustness.closing import Band, Found, Search, least_changes
from qtoolkit.robustness.pairs import keys_of
from qtoolkit.robustness.rivals import (
    MOST,
    Intervals,
    Standings,
    grade_span,
    rivals_over,
    standings,
)

CELLS = 1 << 20  # bands × units × indicators that are looked at together
STEPS = 1024  # resolution of a tolerance that is found by bisection
LARGE = 100_000  # units × indicators beyond which there is less of both: each step scores them all
COARSE, FEWER = 32, 100  # steps; units with blanks for which exact extremes are sought
# share of its points that a leaf keeps in the widest band in which blanks are shared out exactly
FULLEST = 1e-3
HALVINGS = 40  # in search of the widest such band
GUESSES = 12  # of an exact tolerance, before it is found by halves
BESIDE = 2e-13  # how far beside the guess it is asked whether the grade holds
# a witness lies this share of the tolerance beyond it, and two ticks of score at least
OVERSHOOT = 1e-6


@with_breaks_held
@remembered
def tolerance(
    result: Assessment,
    shift: float = 0.0,
    new: New = "interval",
    exact: bool = False,
    time_limit: float = 60.0,
) -> Certificates:
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
    exact : bool
        Close the rows that are bounds, by integer programs
        (:mod:`qtoolkit.robustness.closing`): grades that depend on others through quotas or last
        places, blanks shared out, deductions that reach zero. It takes seconds instead of
        milliseconds.
    time_limit : float
        Seconds for that in all; what is not closed by then stays a bound, beside the least band in
        which a change was found.

    Returns
    -------
    Certificates
        Table: score (base), grade, margin_down and margin_up (points to the grade's ends in base
        score; ∞ where there is no end to cross), leverage (h, points of score per unit of ρ),
        tolerance (a share: .073 is ±7.3%; at most 1), towards (the grade that is reached first),
        by (what changes it at the witness: "line", its own score, or "place", that of others),
        at_most (the band of the witness: in it the grade can change; NaN where none is known),
        status ("exact": the grade holds in every band below the tolerance and a witness breaks it
        just beyond; "at least": proven up to it, perhaps holds further; "none": not certain even
        at the scheme's points, because of `shift` or of leaves without data), why. Witness:
        "change", points just beyond the tolerance, or in the band `at_most`, at which the grade is
        another.

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
    present = _present(result, shift, new)
    first = _first_end(present)
    straight, why = _linear_up_to(present, first.beyond)
    # grades that depend on others are looked for by search alone
    among_rivals = in_reach(result, present.grades[UP])
    why[among_rivals], straight = "quota", straight & ~among_rivals
    endless = ~among_rivals & (present.margins == np.inf).all(axis=0)
    claims = _linear_claims(present, first, straight, why)
    unproven = np.zeros(len(straight), bool)
    if not straight.all():
        unproven[~straight] = _search_bands(present, claims, ~straight, endless)
    _withdraw(present, claims, among_rivals, unproven & ~endless)
    proven = _with_a_place(present, claims)
    after = _recheck_grades(present, claims, proven)
    at_most = np.where(claims.status == "exact", claims.rho, np.nan)
    if exact:
        _close(present, claims, after, at_most, real("time_limit", time_limit))
        proven = np.isfinite(claims.witness).all(axis=1) & np.isfinite(at_most)
    names = np.array([*result.grade_names, None], dtype=object)
    table = pd.DataFrame(
        {
            "score": from_ticks(result.base.to_numpy()),
            "grade": result.grades,
            "margin_down": present.margins[DOWN],
            "margin_up": present.margins[UP],
            "leverage": first.leverage,
            "tolerance": claims.rho,
            "at_most": at_most,
            "towards": names[np.where(proven, after, -1)],
            "by": _decided_by(present, claims, proven),
            "status": claims.status,
            "why": claims.why,
        },
        index=result.scores.index,
    )
    return Certificates(table, {"change": frame(result, claims.witness, proven)})


def _close(
    present: _Present, claims: _Claims, after: np.ndarray, at_most: np.ndarray, seconds: float
) -> None:
    """Bounds made exact as far as time goes; into `claims`, the grades `after` and `at_most`."""
    result = present.result
    search = Search(result, Band(result), present.engines, present.limits)
    units = np.flatnonzero((claims.status == "at least") & (claims.rho < 1)).tolist()
    found = [Found(float(claims.rho[k])) for k in units]
    least_changes(search, units, found, seconds)
    for k, each in zip(units, found, strict=True):
        claims.rho[k] = max(claims.rho[k], each.at_least)
        if each.met:
            claims.status[k], claims.why[k] = "exact", ""
        if each.witness is not None:
            at_most[k], claims.side[k], claims.witness[k] = each.at_most, each.side, each.witness
            after[k] = search.graded(k, each.side, each.witness[None])[0]


def _decided_by(present: _Present, claims: _Claims, proven: np.ndarray) -> np.ndarray:
    """Whether a unit's own score passes a line at its witness ("line") or does not ("place"), (n,);
    None without a witness."""
    found = np.full(len(proven), None, dtype=object)
    for k in np.flatnonzero(proven).tolist():
        side = claims.side[k]
        rows = np.stack([present.points, claims.witness[k]])
        ticks = score_unit(present.engines[side], k, rows)
        before, after = (ticks[:, None] >= present.limits[side][k]).sum(axis=1)
        found[k] = "place" if before == after else "line"
    return found


@dataclass(frozen=True)
class _Present:
    """An assessment at its present points, with the cutoffs that count. What has two ends comes as
    a pair, by the side of the grade (DOWN, UP).

    result, new : what is looked at
    engines : pair; leaves without data bring their least, their most
    limits : pair of ticks (n, G − 1): the cutoffs, shifted up, shifted down
    lines : pair of `Lines` that enclose the base scores at the present points
    bases : pair of base scores (n,)
    margins : (2, n), points of score to the ends of the grade; ∞ where there is no end to cross
    is_open : whether a grade may be another one even at the present points: the cutoffs or the data
        are not settled
    """

    result: Assessment
    new: New
    engines: tuple[Engine, Engine]
    limits: tuple[np.ndarray, np.ndarray]
    lines: tuple[Lines, Lines]
    bases: list[np.ndarray]
    margins: np.ndarray
    is_open: bool

    @cached_property
    def points(self) -> np.ndarray:
        return self.result.points.to_numpy()

    @cached_property
    def codes(self) -> np.ndarray:
        return self.result.grades.cat.codes.to_numpy()

    @cached_property
    def ratios(self) -> list[tuple[np.ndarray, ...]]:
        """What `ratio_lines` gives at the present points, at the least and at the most."""
        return [ratio_lines(engine, self.points, self.points) for engine in self.engines]

    @cached_property
    def is_linear(self) -> np.ndarray:
        """Units (n,) whose score is a straight line at the present points."""
        return self.lines[DOWN].exact & self.lines[UP].exact

    @cached_property
    def grades(self) -> tuple[np.ndarray, np.ndarray]:
        """Grades (n,) by the present cutoffs, at the least and at the most."""
        return grades_at(self.result, self.bases[DOWN]), grades_at(self.result, self.bases[UP])


@dataclass(frozen=True)
class _FirstEnd:
    """The end of its grade that each unit reaches first as the band widens, by straight lines; all
    (n,).

    side : DOWN or UP
    rho : the band at which it is reached; ∞ where none is
    leverage : points of score per unit of ρ on that side; NaN where there is no line
    reaches : whether an end is reached at all
    beyond : the band at which a witness lies; ∞ where none is reached
    """

    side: np.ndarray
    rho: np.ndarray
    leverage: np.ndarray
    reaches: np.ndarray
    beyond: np.ndarray


@dataclass(frozen=True)
class _Claims:
    """What is claimed of each unit, written into step by step: `rho`, the tolerance (n,); `side`,
    where the grade ends first (n,); `status` and `why` (n,); `witness`, points at which the grade
    is another (n, d), NaN where there are none."""

    rho: np.ndarray
    side: np.ndarray
    status: np.ndarray
    why: np.ndarray
    witness: np.ndarray


def _present(result: Assessment, shift: float, new: New) -> _Present:
    """The assessment at its present points, with cutoffs that may lie up to `shift` away."""
    points = result.points.to_numpy()
    engines = ends(result, new)
    limits = _shifted(result.engine, shift)
    lines = enclose(result, points, points, new)
    bases = [from_ticks(score(engine)[0]) for engine in engines]
    margins = [margin(result, bases[side], limits[side], side) for side in (DOWN, UP)]
    is_open = shift > 0 or engines[DOWN] is not engines[UP]
    return _Present(result, new, engines, limits, lines, bases, np.stack(margins), is_open)


def _first_end(present: _Present) -> _FirstEnd:
    """The end of its grade that each unit reaches first: margin / h on each side, the lesser."""
    points, units = present.points, np.arange(len(present.result.scores))
    leverage = np.stack(
        [np.where(present.is_linear, deviation(line.A, points), np.nan) for line in present.lines]
    )
    # a score rounds up to the next grade within its last tick
    room = present.margins - np.array([[0.0], [TICK]])
    reaches = np.isfinite(present.margins) & (leverage > 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        bands = np.where(reaches, np.maximum(room, 0) / leverage, np.inf)
        side = bands.argmin(axis=0)
        rho, h, reaches = (each[side, units] for each in (bands, leverage, reaches))
        gap = np.maximum(room[side, units], 0)
        beyond = np.maximum(rho * (1 + OVERSHOOT), (gap + 2 * TICK) / h)
    return _FirstEnd(
        side,
        rho,
        leverage=np.where(np.isfinite(h), h, leverage[DOWN]),
        reaches=reaches,
        beyond=np.where(reaches, beyond, np.inf),
    )


def _linear_up_to(present: _Present, band: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units whose score is a straight line as far as the claim goes, over ±band of each (n,), and
    why another's is not."""
    points, (down, up) = present.points, present.lines
    exact, why = present.is_linear, np.where(down.why == "", up.why, down.why)
    box = np.where(exact, np.minimum(band, 1.0), 0.0)[:, None]
    for engine in present.engines:
        _, _, holds, reason = affine(engine, points * (1 - box), points * (1 + box))
        why = np.where(exact & (why == ""), reason, why)
        exact = exact & holds
    return exact, why


def _linear_claims(
    present: _Present, first: _FirstEnd, exact: np.ndarray, why: np.ndarray
) -> _Claims:
    """The claims on units whose score is a straight line as far as they go."""
    rho, status = first.rho.copy(), np.full(len(exact), "exact", dtype=object)
    no_room = exact & first.reaches & (first.beyond > 1)  # for a witness below ±100%
    rho[no_room], status[no_room] = np.minimum(rho[no_room], 1.0), "at least"
    witness = _witnesses(present, first, exact & np.isfinite(rho))
    return _Claims(rho, first.side.copy(), status, why, witness)


def _search_bands(
    present: _Present, claims: _Claims, units: np.ndarray, endless: np.ndarray
) -> np.ndarray:
    """Claims on the other units: bands proven by outer bounds, and exact ones where blanks are
    shared out; into `claims`. Returns for which of them nothing is proven even at the present
    points."""
    claims.rho[units], unproven = _bisect(present, units)
    claims.status[units] = "at least"
    # no score leads to another grade
    claims.rho[units & endless], claims.status[units & endless] = np.inf, "exact"
    claims.why[units & endless] = ""
    blank = np.flatnonzero(units & ~endless & (claims.why == "blank") & (claims.rho < 1))
    # of too many, those whose grades are least certain
    most = MANY if present.result.matrix.size <= LARGE else FEWER
    shared = sorted(blank.tolist(), key=lambda k: claims.rho[k])[:most]
    if shared:
        _share_out(present, claims, shared)
    return unproven


def _withdraw(
    present: _Present, claims: _Claims, among_rivals: np.ndarray, unproven: np.ndarray
) -> None:
    """Claim nothing of units that may have another grade even at the present points; into
    `claims`. Where neither cutoffs nor data are open, a grade is what it is there."""
    least, most = present.grades
    outside = (present.margins[DOWN] < -TICK / 2) | (present.margins[UP] < TICK / 2)
    none = ~among_rivals & outside
    if present.is_open:
        none |= unproven
    claims.rho[none], claims.status[none] = np.nan, "none"
    claims.why[none] = np.where(least == most, "", "new")[none]


def _with_a_place(present: _Present, claims: _Claims) -> np.ndarray:
    """Units (n,) of which an exact limit is claimed. A quota may leave no place in the grade above:
    of such a limit only the lower bound is kept; into `claims`."""
    proven = (claims.status == "exact") & np.isfinite(claims.rho)
    better = present.grades[UP] + 1
    denied = proven & (claims.side == UP) & in_reach(present.result, better)
    claims.status[denied], claims.why[denied] = "at least", "quota"
    if denied.any():
        claims.rho[denied] = np.maximum(claims.rho[denied], _bisect(present, denied)[0])
    return proven & ~denied


@with_breaks_held
def tolerance_map(
    result: Assessment,
    bands: Sequence[float],
    shifts: Sequence[float],
    new: New = "interval",
    exact: bool = False,
    time_limit: float = 60.0,
) -> pd.DataFrame:
    """How many grades are certain while points move within ±band and cutoffs within ±shift: bands ×
    shifts.

    A grade is certain where its score range over the band, quotas worked in, keeps it under every
    such shift. `exact` and `time_limit`, for each shift, are those of :func:`tolerance`: a grade
    that bounds leave open is certain in every band below the tolerance that is found.
    """
    for shift in shifts:
        real("shift", shift)
    e, codes = result.engine, result.grades.cat.codes.to_numpy()
    limits = [_shifted(e, shift) for shift in shifts]
    counts = np.zeros((len(bands), len(shifts)), int)
    closed = [
        tolerance(result, shift, new, exact=True, time_limit=time_limit).table["tolerance"]
        for shift in shifts
        if exact
    ]
    for i, band in enumerate(bands):
        area = Box(relative=band).at(result)
        values, rivals = extremes(result, area, new).values, rivals_over(result, area, new)
        for j, both in enumerate(limits):
            certain = (grade_span(e, values, both, rivals) == codes).all(axis=0)
            if exact:
                certain |= closed[j].to_numpy() > band
            counts[i, j] = certain.sum()
    return pd.DataFrame(
        counts, pd.Index(list(bands), name="band"), pd.Index(list(shifts), name="shift")
    )


def _shifted(e: Engine, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """The thresholds where all cutoffs are higher, and where they are lower, by so many points."""
    ticks = int(to_ticks(shift))
    return shifted(e, ticks), shifted(e, -ticks)


def _bisect(present: _Present, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A band that is proven not to change the grade of these units, by outer bounds: a lower bound
    of the tolerance; and for whom nothing is proven even at the present points."""
    result = present.result
    large = result.matrix.size > LARGE
    steps = COARSE if large else STEPS

    # few steps lie closer together where bands are narrow
    def band(step: np.ndarray) -> np.ndarray:
        return (step / steps) ** 2 if large else step / steps

    asked = np.flatnonzero(units)
    # proven at low, not known at high
    low, high = np.zeros(asked.size, int), np.full(asked.size, steps)
    first = _hold(present, band(np.array([0, steps])))[:, asked]
    low[first[1]] = steps
    while (unsettled := high - low > 1).any():
        middle = (low + high) // 2
        tried, which = np.unique(middle, return_inverse=True)
        holds = _hold(present, band(tried))[which, asked]
        low = np.where(unsettled & holds, middle, low)
        high = np.where(unsettled & ~holds, middle, high)
    return band(low), ~first[0]


def _hold(present: _Present, bands: np.ndarray) -> np.ndarray:
    """Whether every unit's grade is proven, by outer bounds, in every one of some bands, (bands,
    n): several are looked at together."""
    result = present.result
    n = len(result.scores)
    together = max(1, CELLS // result.matrix.size) if n <= MOST else 1
    if len(bands) > together:
        halves = bands[:together], bands[together:]
        return np.concatenate([_hold(present, half) for half in halves])
    area = Bands(present.points, bands)
    lines = enclose(result, area.lo, area.hi, present.new)
    values = span_values(*lines, area)

    def rivals() -> Standings | Intervals:
        return standings(area, keys_of(result, *lines, *values))

    reached = grade_span(result.engine, np.stack(values), present.limits, rivals)
    return (reached == present.codes).all(axis=0)


def _share_out(present: _Present, claims: _Claims, units: list[int]) -> None:
    """The exact tolerance of units with redistributed blanks, by bisection on exact extremes; into
    `claims`."""
    widest = _widest_shared_out(present, units)
    for k in units:
        if widest[k] <= claims.rho[k]:
            continue
        shared = _Shared(present, k)
        change = shared.change(widest[k])
        if change is None:
            claims.rho[k] = widest[k]
            continue
        low, high = _halved(shared, claims.rho[k], widest[k])
        further = min(high * (1 + OVERSHOOT), widest[k])  # no last bit of a sum is to decide
        side, witness = shared.change(further) or shared.change(high) or change
        claims.rho[k], claims.side[k], claims.witness[k] = low, side, witness
        claims.status[k], claims.why[k] = "exact", ""


def _halved(shared: _Shared, low: float, high: float) -> tuple[float, float]:
    """Bands within 1e-12 of each other: the grade holds in the lower one and is another in the
    higher one, as in `low` and `high`. By halves; a band is asked only where it lies between those
    that were, since what changes a grade in one band does so in every wider one, and the first
    ones asked lie beside the limit that a false position finds."""
    holds, changes = low, high
    limit = _false_position(shared.excess, low, high)
    for band in (limit - BESIDE, limit + BESIDE):
        if holds < band < changes:
            holds, changes = (band, changes) if shared.change(band) is None else (holds, band)
    while high - low > 1e-12:
        middle = (low + high) / 2
        if holds < middle < changes:
            holds, changes = (middle, changes) if shared.change(middle) is None else (holds, middle)
        low, high = (middle, high) if middle <= holds else (low, middle)
    return low, high


def _false_position(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises crosses 0, about: Illinois variant of the false position."""
    below, above = excess(low), excess(high)
    last = 0.0
    for _ in range(GUESSES):
        if not -np.inf < below < 0 < above:
            break
        middle = low + (high - low) * below / (below - above)
        value = excess(middle)
        if abs(value) < TICK / 1000:
            return middle
        if value < 0:
            low, below, above = middle, value, above / 2 if last < 0 else above
        else:
            high, above, below = middle, value, below / 2 if last > 0 else below
        last = value
    return low if below >= 0 else (low + high) / 2


def _widest_shared_out(present: _Present, units: list[int]) -> np.ndarray:
    """The widest band (n,) in which the score of each of these units is a ratio of straight lines:
    blanks are shared out exactly there."""
    points, (least, most) = present.points, present.engines
    engines = (least,) if least is most else (least, most)

    def holds(band: np.ndarray) -> np.ndarray:
        box = points * (1 - band[:, None]), points * (1 + band[:, None])
        return np.logical_and.reduce([ratio_lines(engine, *box)[-1] for engine in engines])

    n = len(present.result.scores)
    widest, beyond = np.zeros(n), np.full(n, 1 - FULLEST)
    widest[holds(beyond)] = 1 - FULLEST
    possible = holds(widest)
    for _ in range(HALVINGS):
        if (~possible | (widest == beyond))[units].all():
            break
        middle = (widest + beyond) / 2
        proven = holds(middle)
        widest, beyond = np.where(proven, middle, widest), np.where(proven, beyond, middle)
    return widest


class _Shared:
    """The exact extremes of one unit with redistributed blanks, in one band after the other."""

    def __init__(self, present: _Present, k: int):
        self.present, self.k = present, k
        self.total = float(present.points.sum())
        self.code, self.ceiling = present.codes[k], present.result.engine.ceiling[k]
        self.rows = [tuple(each[k] for each in sides[:4]) for sides in present.ratios]

    def extreme(self, side: int, band: float) -> tuple[float, np.ndarray]:
        """The least score (DOWN) or the greatest (UP) in ±band, and where."""
        points = self.present.points
        lo, hi = points * (1 - band), points * (1 + band)
        sign = -1 if side == DOWN else 1
        A, b, live, dead = self.rows[side]
        return ratio_extreme(A, b, live, dead, lo, hi, self.total, sign)

    def change(self, band: float) -> tuple[int, np.ndarray] | None:
        """The side and the points of ±band at which the grade is another, None where there are
        none."""
        for side in (DOWN, UP):
            _, points = self.extreme(side, band)
            ticks = score_unit(self.present.engines[side], self.k, points[None])[0]
            reached = (ticks >= self.present.limits[side][self.k]).sum()
            if min(reached, self.ceiling) != self.code:
                return side, points
        return None

    def excess(self, band: float) -> float:
        """How far the scores in ±band go beyond an end of the grade, in points; below 0 where they
        stay within."""
        beyond = -np.inf
        limits = (from_ticks(each[self.k]) - TICK / 2 for each in self.present.limits)
        for side, limit in zip((DOWN, UP), limits, strict=True):
            if side == DOWN and self.code > 0:
                beyond = max(beyond, limit[self.code - 1] - self.extreme(DOWN, band)[0])
            if side == UP and self.code < self.ceiling:
                beyond = max(beyond, self.extreme(UP, band)[0] - limit[self.code])
        return float(beyond)


def _witnesses(present: _Present, first: _FirstEnd, proven: np.ndarray) -> np.ndarray:
    """Points just beyond the tolerance, moved in the direction that changes the grade."""
    points, (down, up) = present.points, present.lines
    box = np.where(proven, np.minimum(first.beyond, 1.0), 0.0)[:, None]
    wish = np.where(first.side[:, None] == UP, up.A, -down.A)
    moved = greedy(wish, points * (1 - box), points * (1 + box), float(points.sum()))
    return np.where(proven[:, None], moved, np.nan)


def _recheck_grades(present: _Present, claims: _Claims, proven: np.ndarray) -> np.ndarray:
    """The grades (n,) that the engine gives at the witnesses: with coarse rounding a score may pass
    a whole grade."""
    before, after = present.codes, present.codes.copy()
    for side, engine in enumerate(present.engines):
        base = score(engine, np.nan_to_num(claims.witness)[None])
        again = grade(engine, base, present.limits[side])[0]
        asked = proven & (claims.side == side)
        if (again == before)[asked].any():
            raise WorkError(
                say(
                    zh="允许浮动幅度复核不一致",
                    en="a tolerance did not survive re-scoring at its witness",
                )
            )
        after[asked] = again[asked]
    return after
