"""The cheapest change of a grade: the fewest points moved between indicators, and the recipe.

Moving one point from indicator i to j raises a score by the difference of their slopes, so the
cheapest way up takes from the weakest and gives to the strongest, and the cheapest way down the
reverse: a greedy rule, exact as long as only the sum and p ≥ 0 bind, and in whole steps likewise.
Inside a region the same is one linear program, solved at the cutoff itself: the region may end
there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK, affine, bracket, from_ticks, grade, score
from qtoolkit.engine.core import leaf_scores, score_unit
from qtoolkit.errors import InputError, WorkError, real
from qtoolkit.inputs.statuses import NEW
from qtoolkit.language import Text, listing, say
from qtoolkit.lines import with_breaks_held
from qtoolkit.regions import Region, area_of
from qtoolkit.robustness.certificates import (
    DOWN,
    UP,
    Certificates,
    frame,
    grades_at,
    in_reach,
    margin,
)
from qtoolkit.robustness.closing import (
    Found,
    Moved,
    Search,
    least_changes,
    try_changes,
)
from qtoolkit.solver import System, solve_lp

NUDGE = 1e-3  # points by which a slope is taken where a score is not linear
GRID, HALVINGS = 32, 50  # of the search along a path where it is not
BLOCK = 1 << 21  # grades held at a time
SMALL = 1e-9
DECIMALS = (4, 6, 8, 10)  # of a printed recipe
ROUNDS = 0.49 * TICK  # a score that falls short of a tick by less is rounded to it
OVERSHOOTS = (0.0, 1e-9, 1e-8, 1e-7, 1e-6)  # points of score beyond the cutoff, until found beyond


@dataclass(frozen=True)
class _Moves:
    """Amounts that can be taken from (or given to) leaves and what each point of them is worth, the
    best first.

    `certain`: no other order could do better.
    """

    leaf: np.ndarray
    amount: np.ndarray
    worth: np.ndarray
    certain: bool

    def without(self, leaf: int) -> _Moves:
        keep = self.leaf != leaf
        return _Moves(self.leaf[keep], self.amount[keep], self.worth[keep], self.certain)


@with_breaks_held
def cheapest_flip(
    result: Assessment,
    step: float | None = None,
    region: Region | None = None,
    zero_points: bool = True,
    units: Iterable[str] | None = None,
    exact: bool = False,
    time_limit: float = 60.0,
) -> Certificates:
    """The fewest points to move, the total kept, that change each unit's grade.

    Parameters
    ----------
    result : Assessment
    step : float, optional
        Move in multiples of it, such as 1 or .5; any amounts if left out.
    region : Region, optional
        Stay inside it: `Levels(0, 1)` keeps the points of the first level. Not together with
        `step`. Without one, indicators that have no data keep their points.
    zero_points : bool
        Whether indicators of 0 points may receive points.
    units : names of units, optional
        Look at these alone and list no others: each takes a search of its own.
    exact : bool
        Close the rows that are bounds, by integer programs
        (:mod:`qtoolkit.robustness.closing`): grades that depend on others through quotas or last
        places, blanks shared out, deductions that reach zero. It takes seconds instead of
        milliseconds.
    time_limit : float
        Seconds for that in all.

    Returns
    -------
    Certificates
        Table: grade, towards, points_moved (∞ where no points change the grade, or none are
        known), recipe (Text: from which indicators to which, how many points), at_least (proven:
        fewer points change nothing; the same where exact), status ("exact"; "at most": the recipe
        works, a cheaper one may exist; "at least": no change was found, and none is cheaper), why.
        Witness: "flip", the points after the move, at which the engine
        gives the other grade.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0], "b": [0.8]}, index=["甲"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> flip = qt.robustness.cheapest_flip(r).table.loc["甲"]
    >>> round(float(flip.points_moved), 6), flip.recipe.of("en")
    (10.0, 'moving 10.0001 from “a” to “b”')
    """
    step = None if step is None else real("step", step, above=True)
    if step is not None and region is not None:
        raise InputError(
            say(zh="step 与 region 不能同时使用", en="step and region cannot be used together")
        )
    e, n, points = result.engine, len(result.scores), result.points.to_numpy()
    base = from_ticks(result.base.to_numpy())
    codes = grades_at(result, base)
    needs = [margin(result, base, e.thresholds, side) for side in (DOWN, UP)]
    needs[DOWN] = needs[DOWN] + TICK  # one tick below the closed end
    contested = in_reach(result, codes)
    asked = np.ones(n, bool) if units is None else result.scores.index.isin(list(units))
    for need in needs:
        need[~asked] = np.inf
    # a quota may leave no place there
    barred = in_reach(result, codes + 1) & np.isfinite(needs[UP])
    movable = _movable(result, zero_points)
    if region is None:
        best, floor, why = _greedily(result, needs, barred, step, movable)
    else:
        best, floor, why = _by_program(result, region, needs, barred)
        movable = np.ones_like(movable)
    floor[~np.isfinite(needs[DOWN]) & ~np.isfinite(needs[UP])] = np.inf  # there is no end to cross
    found = np.isfinite(best).all(axis=1)
    now = result.grades.cat.codes.to_numpy()
    # by their own scores alone; a place may make it no change
    best[found & (contested | barred) & (_grades_after(result, best, found) == now)] = np.nan
    moved = np.where(
        np.isfinite(best).all(axis=1), np.maximum(best - points, 0).sum(axis=1), np.inf
    )
    floor[contested], why[contested | barred] = 0.0, "quota"
    is_exact = moved <= floor + SMALL
    open_ = np.flatnonzero(asked & ~is_exact & (exact | contested | barred)).tolist()
    measure = Moved(result, movable, step, region)
    found_ = _closer(result, measure, open_, (best, moved, floor), exact, time_limit)
    for k, each in zip(open_, found_, strict=True):
        is_exact[k], floor[k], moved[k] = each.met, each.at_least, each.at_most
        best[k] = np.nan if each.witness is None else each.witness
    found = np.isfinite(best).all(axis=1) & asked
    after = _grades_after(result, best, found)
    if (after == now)[found].any():
        raise WorkError(
            say(zh="最小调整分值复核不一致", en="a cheapest flip did not survive re-scoring")
        )
    change, decimals = _printed(result, best, found, after)
    names = np.array([*result.grade_names, None], dtype=object)
    status = np.where(is_exact, "exact", np.where(found, "at most", "at least")).astype(object)
    table = pd.DataFrame(
        {
            "grade": result.grades,
            "towards": names[np.where(found, after, -1)],
            "points_moved": moved,
            "recipe": [
                _recipe(result, change[k], decimals[k]) if found[k] else None for k in range(n)
            ],
            "at_least": np.where(moved <= floor + SMALL, moved, floor),
            "status": status,
            "why": np.where(is_exact, "", why),
        },
        index=result.scores.index,
    )
    return Certificates(table[asked], {"flip": frame(result, best, found)[asked]})


def _closer(
    result: Assessment,
    measure: Moved,
    units: list[int],
    known: tuple[np.ndarray, np.ndarray, np.ndarray],
    exact: bool,
    seconds: float,
) -> list[Found]:
    """Of units whose cheapest change is not proven: what a trial finds, or, `exact`, what closing
    the gap does. `known`: points, what is moved, and what it cannot be less than, of all."""
    e = result.engine
    search = Search(result, measure, (e, e), (e.thresholds, e.thresholds))
    found = [
        Found(float(known[2][k]), float(known[1][k]), witness=known[0][k])
        if np.isfinite(known[1][k])
        else Found(float(known[2][k]))
        for k in units
    ]
    if exact:
        least_changes(search, units, found, real("time_limit", seconds))
    else:
        try_changes(search, units, found)
    return found


def _movable(result: Assessment, zero_points: bool) -> np.ndarray:
    """Leaves (d,) whose points may be moved. What a leaf without data brings is presumed, so that
    no grade can be said to change by its points."""
    return (zero_points | (result.points.to_numpy() > 0)) & ~(result.table.status == NEW).all(
        axis=0
    )


def _grades_after(result: Assessment, points: np.ndarray, which: np.ndarray) -> np.ndarray:
    """The grade (n,) at its own row of points (n, d) of each unit in `which` (n,) bool, quotas and
    last places in force; of the others the present one."""
    e, found = result.engine, result.grades.cat.codes.to_numpy().copy()
    if not e.rivals:
        own = np.where(which[:, None], points, result.points.to_numpy())
        return np.where(which, grade(e, score(e, own[None]))[0], found)
    step = max(1, BLOCK // len(points))
    asked = np.flatnonzero(which)
    for rows in (asked[i : i + step] for i in range(0, asked.size, step)):
        found[rows] = grade(e, score(e, points[rows]))[np.arange(rows.size), rows]
    return found


ON_LINE = Text(
    "得分正好在分数线上，分值稍有不利变动即可",
    "its score stands on the cutoff: any loss, however small, is enough",
)
"""The recipe where a smallest unit of score is enough."""


def _printed(
    result: Assessment, best: np.ndarray, found: np.ndarray, after: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The changes of points (n, d) as recipes print them, and with how many decimals (n,): the
    fewest with which the grade changes as is said, which the engine tells."""
    points = result.points.to_numpy()
    exact = np.where(found[:, None], best - points, 0.0)
    change, decimals = exact.copy(), np.full(len(best), DECIMALS[-1])
    left = found.copy()
    # 1: where a grade changes only beyond a round number
    for number, more in itertools.product(DECIMALS, (0, 1)):
        rounded = np.where(left[:, None], _rounded(exact, points, number, more), 0.0)
        done = left & (_grades_after(result, np.maximum(points + rounded, 0.0), left) == after)
        change[done], decimals[done] = rounded[done], number
        left &= ~done
        if not left.any():
            break
    return change, decimals


def _rounded(change: np.ndarray, points: np.ndarray, decimals: int, more: int) -> np.ndarray:
    """Changes (n, d) with so many decimals: what is taken is rounded up, by `more` of the last one,
    and as much is given."""
    scale = 10.0**decimals
    taken = np.minimum((np.ceil(-change * scale - 1e-3) + more) / scale, points)
    taken = np.where(change < -SMALL, taken, 0.0)
    given = np.where(change > SMALL, np.floor(change * scale + 1e-3) / scale, 0.0)
    largest = (change >= change.max(axis=1, keepdims=True) - SMALL).argmax(axis=1)
    given[np.arange(len(given)), largest] += taken.sum(axis=1) - given.sum(axis=1)
    return given - taken


def _amount(points: float, decimals: int) -> str:
    text = f"{abs(points):.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def _recipe(result: Assessment, change: np.ndarray, decimals: int) -> Text:
    """From which indicators to which, how many points; `ON_LINE` where next to none are needed."""
    names = [leaf.name for leaf in result.scheme.leaves]
    given, taken = (
        [(names[j], _amount(change[j], decimals)) for j in np.flatnonzero(sign * change > SMALL)]
        for sign in (1, -1)
    )
    if not given or not taken:
        return ON_LINE
    if len(given) == len(taken) == 1:
        (start, points), (end, _) = taken[0], given[0]
        return say(
            zh="从“{start}”调{points}分到“{end}”",
            en="moving {points} from “{start}” to “{end}”",
            start=start,
            end=end,
            points=points,
        )
    sources, targets = (
        listing(
            say(zh="“{leaf}”{points}分", en="“{leaf}” {points}", leaf=leaf, points=points)
            for leaf, points in side
        )
        for side in (taken, given)
    )
    return say(
        zh="调出{sources}，调入{targets}",
        en="taking from {sources} and giving to {targets}",
        sources=sources,
        targets=targets,
    )


def _greedily(
    result: Assessment,
    needs: list[np.ndarray],
    barred: np.ndarray,
    step: float | None,
    movable: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points after the cheapest move of each unit (n, d), NaN where none changes the grade; what it
    cannot be cheaper than (n,); why (n,)."""
    e, points = result.engine, result.points.to_numpy()
    n, d = e.slope.shape
    slope, b, straight, why = affine(e, points, points)
    for mean in e.means:
        straight[mean.unit], why[mean.unit] = False, "cut"
    off = np.where(straight, from_ticks(result.base.to_numpy()) - slope @ points - b, 0.0)
    # of unrounded scores
    needs = [need + sign * off for need, sign in zip(needs, (-1, 1), strict=True)]
    bent = ~straight & np.isin(why, ("blank", "aggregation"))
    slope[bent] = _gradient(result)[bent]
    best, floor = np.full((n, d), np.nan), np.zeros(n)
    leaf_slope = np.where(e.const == 0, np.clip(e.slope, 0, 1), e.slope)
    for k in range(n):
        curve = (leaf_slope[k], e.const[k]) if straight[k] else (slope[k], np.zeros(d))
        changes, floors = [], []  # changes of points, and what no change can be cheaper than
        for side, sign in ((DOWN, -1), (UP, 1)):
            need = needs[side][k]
            if not np.isfinite(need):
                continue
            take, give = _moves_both_ways(curve, points, sign, step, movable)
            if not (barred[k] and side == UP):
                changes.append(
                    _apart(take, give, need, step, d)
                    if straight[k]
                    else _search(result, k, take, give, step, side)
                )
            if not (take.certain and give.certain):
                take, give = _moves_both_ways(curve, points, sign, step, movable, loose=True)
            floors.append(_merge(take, give, need, step))
        cheapest = min(changes, key=_moved, default=None)
        if _moved(cheapest) < np.inf:
            best[k] = np.maximum(points + cheapest, 0.0)
        floor[k] = min(floors, default=np.inf) if straight[k] else 0.0
    shared = np.flatnonzero(bent & np.isfinite(best).all(axis=1))
    _raise_floors(result, best, needs, step, movable, shared, floor)
    return best, floor, np.where(why == "", "cut", why)


def _raise_floors(
    result: Assessment,
    best: np.ndarray,
    needs: list[np.ndarray],
    step: float | None,
    movable: np.ndarray,
    units: np.ndarray,
    floor: np.ndarray,
) -> None:
    """What a change cannot be cheaper than where blanks are shared out: no cheaper one moves any
    leaf by more than the one found, and over that box lines enclose the score; into `floor`."""
    points = result.points.to_numpy()
    base = from_ticks(result.base.to_numpy())
    moved = np.nan_to_num(np.maximum(best - points, 0).sum(axis=1))[:, None]
    low_A, low_b, high_A, high_b, held = bracket(
        result.engine, np.maximum(points - moved, 0), points + moved
    )
    for k in units[held[units]]:
        floors = [np.inf]
        for side, sign, A, b in ((DOWN, -1, low_A[k], low_b[k]), (UP, 1, high_A[k], high_b[k])):
            need = needs[side][k] - sign * (A @ points + b - base[k])
            if need <= 0:
                floors.append(0.0)
            elif np.isfinite(need):
                take, give = _moves_both_ways((A, np.zeros(A.size)), points, sign, step, movable)
                floors.append(_merge(take, give, need, step))
        floor[k] = min(floors)


def _moved(change: np.ndarray | None) -> float:
    return np.inf if change is None else float(np.maximum(change, 0).sum())


def _moves(
    curve: tuple[np.ndarray, np.ndarray],
    points: np.ndarray,
    sign: int,
    direction: int,
    step: float | None,
    movable: np.ndarray,
    loose: bool = False,
) -> _Moves:
    """What leaves can give (direction −1) or take (+1), the best first for raising (sign 1) or
    lowering a score.

    A leaf's score bends where a deduction reaches zero or full marks. As long as each further piece
    is worth no more than the one before, taking pieces by worth is exact. Where a later piece would
    be worth more, only the pieces up to there are used; `loose` counts the whole leaf at its best
    average instead, which no move can beat.
    """
    a, b = curve
    far = np.where(direction < 0, points, points.sum())  # how much a leaf can move
    if step is not None:
        far = np.floor(far / step + SMALL) * step
    far = np.where(movable, far, 0.0)
    straight = np.flatnonzero((b == 0) & (far > 0))
    bent = np.flatnonzero((b != 0) & (far > 0))
    leaves, amounts, worths = [straight], [far[straight]], [a[straight] * sign * direction]
    certain = True
    for j in bent:
        ends = np.array(
            [-b[j] / a[j] if a[j] else np.nan, b[j] / (1 - a[j]) if a[j] != 1 else np.nan]
        )
        at = direction * (ends - points[j])
        if step is not None:  # one piece a step: a bend inside a step is worked in
            cuts = np.arange(0, far[j] + step / 2, step)
        else:
            cuts = np.unique([0.0, far[j], *at[(at > 0) & (at < far[j])]])
        values = leaf_scores(a[j], b[j], points[j] + direction * cuts)
        gains = sign * np.diff(values) / np.diff(cuts)
        worse = np.diff(gains) <= SMALL
        keep = len(gains) if worse.all() else int(np.argmin(worse)) + 1
        certain &= bool(worse.all())
        if loose and not worse.all():
            best = float((sign * (values[1:] - values[0]) / cuts[1:]).max())
            cuts, gains, keep = np.array([0.0, far[j]]), np.array([best]), 1
        leaves.append(np.full(keep, j))
        amounts.append(np.diff(cuts)[:keep])
        worths.append(gains[:keep])
    leaf, amount, worth = (np.concatenate(parts) for parts in (leaves, amounts, worths))
    order = np.lexsort((leaf, -worth))
    return _Moves(leaf[order].astype(int), amount[order], worth[order], certain)


def _moves_both_ways(
    curve: tuple[np.ndarray, np.ndarray],
    points: np.ndarray,
    sign: int,
    step: float | None,
    movable: np.ndarray,
    loose: bool = False,
) -> tuple[_Moves, _Moves]:
    """What leaves can give and what they can take, as :func:`_moves` says."""
    take, give = (_moves(curve, points, sign, way, step, movable, loose) for way in (-1, 1))
    return take, give


def _merge(take: _Moves, give: _Moves, need: float, step: float | None) -> float:
    """The fewest points that must be taken and given to gain `need`, the best pieces first; ∞ where
    nothing does."""
    if not (take.leaf.size and give.leaf.size):
        return np.inf
    ends = np.unique(np.concatenate([[0.0], np.cumsum(take.amount), np.cumsum(give.amount)]))
    ends = ends[ends <= min(take.amount.sum(), give.amount.sum()) + SMALL]
    middle = (ends[1:] + ends[:-1]) / 2
    rate = sum(side.worth[_piece(side, middle)] for side in (take, give))
    rate = np.where(rate > SMALL, rate, 0.0)
    gain = np.append(0.0, np.cumsum(rate * np.diff(ends)))
    reached = np.flatnonzero(gain >= need - ROUNDS)
    if not reached.size:
        return np.inf
    last = max(int(reached[0]), 1)
    moved = ends[last - 1] + (
        max(need - gain[last - 1], 0.0) / rate[last - 1] if rate[last - 1] > 0 else 0.0
    )
    if step is None:
        return moved
    steps = max(np.ceil(moved / step - SMALL), 1)
    # by less than the rounding allows for
    short = np.interp(steps * step, ends, gain) < need - ROUNDS
    steps += short
    return steps * step if steps * step <= ends[-1] + SMALL else np.inf


def _apart(
    take: _Moves, give: _Moves, need: float, step: float | None, d: int
) -> np.ndarray | None:
    """The change of points (d,) by that rule; a leaf that would both give and take (its score bends
    where it stands) does one or the other, whichever is cheaper."""
    moved = _merge(take, give, need, step)
    if moved == np.inf:
        return None
    taken, given = (_used(side, moved, d) for side in (take, give))
    both = np.flatnonzero((taken > SMALL) & (given > SMALL))
    if not both.size:
        return given - taken
    changes = [
        _apart(take.without(both[0]), give, need, step, d),
        _apart(take, give.without(both[0]), need, step, d),
    ]
    return min(changes, key=_moved)


def _used(side: _Moves, moved: float, d: int) -> np.ndarray:
    """How much of each leaf (d,) is taken or given when so many points are moved."""
    used = np.clip(moved - (np.cumsum(side.amount) - side.amount), 0, side.amount)
    return np.bincount(side.leaf, used, minlength=d)


def _piece(side: _Moves, at: np.ndarray) -> np.ndarray:
    """The piece in which each cumulated amount lies."""
    return np.minimum(
        (np.cumsum(side.amount)[None, :] <= at[:, None]).sum(axis=1), side.amount.size - 1
    )


def _gradient(result: Assessment) -> np.ndarray:
    """Slopes of the base scores by a small step up of each leaf's points, (n, d)."""
    points = result.points.to_numpy()
    moved = score(result.engine, points + NUDGE * np.eye(points.size))
    return from_ticks(moved - result.base.to_numpy()).T / NUDGE


def _search(
    result: Assessment, k: int, take: _Moves, give: _Moves, step: float | None, side: int
) -> np.ndarray | None:
    """Along the greedy path of a score that is not linear: the first point found at which unit k's
    grade is better (side UP) or worse."""
    e, points = result.engine, result.points.to_numpy()
    before = grades_at(result, from_ticks(result.base.to_numpy()))[k]
    most = min(take.amount.sum(), give.amount.sum())

    def change(moved: float) -> np.ndarray:
        return _used(give, moved, points.size) - _used(take, moved, points.size)

    def differs(moves: np.ndarray) -> np.ndarray:
        ticks = score_unit(e, k, np.maximum(points + np.array([change(m) for m in moves]), 0.0))
        after = np.minimum((ticks[:, None] >= e.thresholds[k]).sum(axis=1), e.ceiling[k])
        return after > before if side == UP else after < before

    grid = (
        np.arange(1, int(most / step + SMALL) + 1) * step
        if step
        else most * np.arange(1, GRID + 1) / GRID
    )
    if not len(grid) or not (hit := differs(grid)).any():
        return None
    at = int(hit.argmax())
    low, high = (grid[at - 1] if at else 0.0), grid[at]
    for _ in range(HALVINGS if step is None else 0):
        middle = (low + high) / 2
        low, high = (low, middle) if differs(np.array([middle]))[0] else (middle, high)
    if step is None:  # a little beyond, so that no last bit of a sum decides
        beyond = min(high + SMALL * max(high, 1.0), most)
        high = beyond if differs(np.array([beyond]))[0] else high
    return change(high)


def _by_program(
    result: Assessment, region: Region, needs: list[np.ndarray], barred: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same inside a region, one linear program a unit and side; to the solver's precision."""
    points, area = result.points.to_numpy(), area_of(region, result)
    n, d = result.engine.slope.shape
    A, b, straight, why = affine(result.engine, area.lo, area.hi)
    s = area.system
    base = from_ticks(result.base.to_numpy())
    rise = np.concatenate([s.transform, -np.eye(d)], axis=1)  # u ≥ p − nominal
    wide = type(s)(
        s.transform,
        np.append(s.lo, np.zeros(d)),
        np.append(s.hi, np.full(d, area.total)),
        np.concatenate([s.rows, np.zeros((len(s.rows), d))], axis=1),
        s.low,
        s.high,
    )
    best, floor = np.full((n, d), np.nan), np.where(straight, np.inf, 0.0)
    for side, sign in ((DOWN, -1), (UP, 1)):
        edges = area.maximise(sign * A)
        sought = straight & np.isfinite(needs[side]) & _changed(result, edges)
        floor[sought & barred & (side == UP)] = 0.0
        for k in np.flatnonzero(sought & ~(barred & (side == UP))).tolist():
            target = sign * (base[k] - b[k]) + needs[side][k]
            rows = np.concatenate([rise, np.append(-sign * A[k] @ s.transform, np.zeros(d))[None]])
            least, at = _solved(result, k, (wide, rows, points, target, s), edges[k])
            floor[k] = min(floor[k], least)
            if not np.maximum(best[k] - points, 0).sum() <= np.maximum(at - points, 0).sum():
                best[k] = at
    return best, floor, why


def _solved(
    result: Assessment,
    k: int,
    program: tuple[System, np.ndarray, np.ndarray, float, System],
    edge: np.ndarray,
) -> tuple[float, np.ndarray]:
    """What no change of unit k's grade can be cheaper than, and the points of the cheapest that the
    engine confirms.

    The program is solved at the cutoff itself, where the region may end, and then a little beyond,
    until the engine gives the other grade; `edge`, as far as the region goes, does in any case.
    """
    wide, rows, points, target, s = program
    cost, size = np.append(np.zeros(s.lo.size), np.ones(points.size)), s.lo.size
    least = 0.0
    for beyond in OVERSHOOTS:
        answer = solve_lp(cost, wide, rows, np.append(points, -target - beyond))
        if answer is None:
            break
        least = answer.fun if beyond == 0 else least
        at = np.maximum(s.transform @ answer.x[:size], 0.0)
        if _changed(result, at[None], np.array([k]))[0]:
            return least, at
    return least, edge


def _changed(result: Assessment, points: np.ndarray, units: np.ndarray | None = None) -> np.ndarray:
    """Whether each unit's score gives another grade at its own row of points (n, d)."""
    units = np.arange(len(points)) if units is None else units
    e = result.engine
    own = np.tile(e.points, (1, len(e.slope), 1))
    own[0, units] = points
    base = from_ticks(np.stack([result.base.to_numpy(), score(e, own)[0]]))
    before, after = (grades_at(result, x) for x in base)
    return (after != before)[units]
