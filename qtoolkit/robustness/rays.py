"""The first change of a grade as points move along a straight line p + t·v.

On a line a linear score is base + t·rate, so a grade changes at t = margin / rate; where one node's
blanks are shared out it is base + t·rate + N·q/D with N, q, D linear in t, and it changes at a root
of a quadratic. Both hold as long as no deduction reaches zero before. Where one does, or where the
score is not linear, the line is scanned with the engine: what is found is a change, though an
earlier one may have been missed between two steps of the scan, and is called "at most".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK, affine, from_ticks, grade, ratio_lines, score
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.robustness.certificates import DOWN, UP, grades_at, in_reach, margin
from qtoolkit.robustness.contested import Contested, First, Path

GRID, HALVINGS = 16, 45  # of a scan
LOOKS = 64  # of one with quotas in force
SAME = 1e-9  # changes no farther apart, as a share of 1 point or of the change, come together
WIDEST = 1e-6  # of all points: what takes more to move a score by two ticks is not called exact
BLOCK = 1 << 21  # grades held at a time
CELLS = 1 << 27  # leaf scores that scans may take in all
THIRDS = np.array([0.0, 1 / 3, 2 / 3, 1.0])
FLAT = 1e-12  # a rate of score below it is none


@dataclass(frozen=True)
class Changes:
    """First changes along m rays, for n units.

    t : (m, n), ∞ where there is none, NaN where it was not sought (a quota, or too many to scan)
    rise : bool (m, n), whether the grade gets better
    until : (m, n), up to where nothing can have been missed: ∞ where t is exact
    slack : (m, n), how far before or beyond t the tick lies at which the engine's grade changes
    """

    t: np.ndarray
    rise: np.ndarray
    until: np.ndarray
    slack: np.ndarray

    def first(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Along each ray the first change of all, whose it is (None without one), and whether that
        is exact; (m,) each.

        Of several units that change there the first in their order is named; float error does not
        choose.
        """
        at, least = self._named()
        sure = np.where(np.isnan(self.t), np.inf, self.until).min(axis=1)
        who = units[at].astype(object)
        who[~np.isfinite(least)] = None
        return least, who, least <= sure

    def _named(self) -> tuple[np.ndarray, np.ndarray]:
        """Which unit is named along each ray, and the least t, (m,) each."""
        sought = np.where(np.isnan(self.t), np.inf, self.t)
        least = sought.min(axis=1)
        level = least + SAME * (1 + np.where(np.isfinite(least), least, 0.0))
        return (sought <= level[:, None]).argmax(axis=1), least

    @property
    def left_out(self) -> np.ndarray:
        """Units (n,) for which, along some ray, no change was sought."""
        return np.isnan(self.t).any(axis=0)


def first_changes(result: Assessment, v: np.ndarray, reach: np.ndarray) -> Changes:
    """Along the rays v (m, d), each as far as reach (m,).

    Where grades depend on others (a quota, the last places) rays are followed from one event to
    the next (:mod:`qtoolkit.robustness.contested`), where all scores are straight between cuts of
    deductions. On other rays a unit is looked at by itself as long as its grade depends on its own
    score alone, else by grading step by step. Every first change is then graded anew, all units
    together: just before it, just beyond it, and at the end of a ray along which there is none.
    What that contradicts is scanned instead and is not exact.
    """
    e, points, base = result.engine, result.points.to_numpy(), from_ticks(result.base.to_numpy())
    A, _, exact, _ = affine(e, points, points)
    for mean in e.means:
        exact[mean.unit] = False
    rate = v @ A.T
    rate[np.abs(rate) <= FLAT] = 0.0
    down, up = (margin(result, base, e.thresholds, side) for side in (DOWN, UP))
    rise = rate > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(rate != 0, np.where(rise, up, down) / np.abs(rate), np.inf)
    A_, b, live, dead, single = ratio_lines(e, points, points)
    for k in np.flatnonzero(single & ~exact).tolist():
        t[:, k], rise[:, k], rate[:, k] = _roots(result, k, (A_[k], b[k], live[k], dead[k]), v)
        exact[k] = True
    with np.errstate(divide="ignore"):
        slack = np.where(rate != 0, 2 * TICK / np.abs(rate), SAME * points.sum())
    slack = np.minimum(slack, WIDEST * points.sum())
    _settle_ends(result, v, reach, t, rise, slack)
    cuts = first_cuts(result, v)
    bent = np.minimum(t, reach[:, None]) > cuts * (1 + 1e-12)
    known = exact & ~bent & ((cuts > FLAT) | (reach[:, None] <= 0))
    until = np.where(known, np.inf, np.where(exact, cuts, 0.0))
    found = Changes(t, rise, until, slack)
    refused = in_reach(result, grades_at(result, base))
    depends = bool(e.rivals) or bool(refused.any())
    settled = _contest(result, v, reach, found) if depends else np.zeros(len(v), bool)
    rest = np.flatnonzero(~settled)
    part = Changes(*(x[rest] for x in (found.t, found.rise, found.until, found.slack)))
    part.t[:, refused] = np.nan
    _scan(result, v[rest], reach[rest], (~known)[rest] & ~refused, part)
    _confirm(result, v[rest], reach[rest], part)
    if depends:
        _look(result, v[rest], reach[rest], part)
    for whole, each in zip(
        (found.t, found.rise, found.until, found.slack),
        (part.t, part.rise, part.until, part.slack),
        strict=True,
    ):
        whole[rest] = each
    return found


def _contest(result: Assessment, v: np.ndarray, reach: np.ndarray, found: Changes) -> np.ndarray:
    """Where grades depend on others: the first change along those rays on which all scores are
    straight from one cut of a deduction to the next, into `found`; which these are, (m,)."""
    contested, settled = Contested(result), np.zeros(len(v), bool)
    now = result.grades.cat.codes.to_numpy()
    for i in range(len(v)):
        first = _first_along(result, contested, v[i], float(reach[i]))
        if first is None:
            continue
        changed = first.after != now
        slack = found.slack[i, changed].max(initial=0.0)
        if not _stands(result, v[i], first, slack, float(reach[i])):
            continue
        settled[i] = True
        found.t[i], found.until[i] = np.inf, first.t
        found.t[i, changed] = first.t
        found.rise[i] = first.after > now
    return settled


def _first_along(
    result: Assessment, contested: Contested, v: np.ndarray, reach: float
) -> First | None:
    """The first change along one ray; None where a score is neither straight between cuts nor
    that of blanks shared out at one node, or there was too much to look at."""
    if reach <= 0:
        return None
    points = result.points
    cuts = _cut_times(result, v)
    knots = np.unique(np.concatenate([[0.0], cuts[cuts < reach], [reach]]))
    for start, end in pairwise(knots.tolist()):
        at = start + (end - start) * THIRDS
        base = from_ticks(score(result.engine, _along(result, np.tile(v, (4, 1)), at)))
        path = _path(result, v, at, base)
        if path.least_bottom(end - start) <= FLAT * points.sum():  # at the end none are left
            return None
        off = np.abs(base - path.at(at - start)).max()
        if off > 3 * TICK or not contested.holds(base.min(axis=0), base.max(axis=0)):
            return None
        first = contested.first(path, end - start)
        if np.isnan(first.t):
            return None
        if np.isfinite(first.t):
            return First(start + first.t, first.after)
    return first


def _path(result: Assessment, v: np.ndarray, at: np.ndarray, base: np.ndarray) -> Path:
    """Base scores along p + t·v from the first of some t (m,) on, at which they are `base` (m, n):
    straight lines, but for units of which one node's blanks are shared out."""
    e, points, width = result.engine, result.points.to_numpy(), at[-1] - at[0]
    rate = (base[-1] - base[0]) / width
    rate[np.abs(rate) * points.sum() <= TICK] = 0.0
    top = np.stack([base[0], rate, np.zeros_like(rate)], axis=1)
    bottom = np.tile([1.0, 0.0], (len(rate), 1))
    p, middle = points + at[0] * v, points + (at[0] + width / 2) * v
    A, b, live, dead, single = ratio_lines(e, middle, middle)
    moves = v != 0
    for k in np.flatnonzero(single & ((live | dead) & moves).any(axis=1)).tolist():
        (L0, N0, D0, q0), (L1, N1, D1, q1) = _parts(A[k], b[k], live[k], dead[k], p, v)
        top[k] = [L0 * D0 + N0 * q0, L0 * D1 + L1 * D0 + N0 * q1 + N1 * q0, L1 * D1 + N1 * q1]
        bottom[k] = D0, D1
    return Path(top, bottom)


def _parts(
    A: np.ndarray, b: np.ndarray, live: np.ndarray, dead: np.ndarray, p: np.ndarray, v: np.ndarray
) -> tuple[tuple[np.ndarray, ...], ...]:
    """L, N, D and q of a score L + N·q/D at p, and how fast they change along v (d,) or (m, d)."""
    parts = [(A * ~dead, b.sum()), (A * live, b[live].sum()), (live * 1.0, 0.0), (dead * 1.0, 0.0)]
    at, rates = zip(*((c @ p + const, v @ c) for c, const in parts), strict=True)
    return at, rates


def _cut_times(result: Assessment, v: np.ndarray) -> np.ndarray:
    """Where along a ray a deduction of anybody reaches zero or full marks."""
    e, points = result.engine, result.points.to_numpy()
    a, b = e.slope, e.const
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([np.where(a != 0, -b / a, np.nan), np.where(a != 1, b / (1 - a), np.nan)])
        t = ((ends - points) / v)[:, b != 0]
    return np.unique(t[np.isfinite(t) & (t > 0)])


def _stands(result: Assessment, v: np.ndarray, first: First, slack: float, reach: float) -> bool:
    """Whether the engine, asked at the points themselves, gives what a first change says: the
    present grades just before it (or to the end), another one of the same unit just beyond."""
    now = result.grades.cat.codes.to_numpy()
    inside = reach if np.isinf(first.t) else max(first.t - slack, 0.0)
    beyond = min(first.t + slack, reach)
    before, after = _graded(result, np.stack([v, v]), np.array([inside, beyond]))
    if first.t - slack > 0 and (before != now).any():
        return False
    return bool(np.isinf(first.t) or ((after != now) & (first.after != now)).any())


def _look(result: Assessment, v: np.ndarray, reach: np.ndarray, found: Changes) -> None:
    """Of units whose change along a ray was not sought, for the place it depends on: what grading
    step by step finds, quotas in force, an earlier one may be missed; into `found`."""
    e, now = result.engine, result.grades.cat.codes.to_numpy()
    open_ = np.isnan(found.t)
    rays = np.flatnonzero(open_.any(axis=1))
    if not rays.size or rays.size * e.slope.size * (LOOKS + HALVINGS) > CELLS:
        return
    low, high = np.zeros(rays.size), np.full(rays.size, np.inf)
    for step in range(1, LOOKS + 1):
        at = reach[rays] * (step / LOOKS)
        other = ((_graded(result, v[rays], at) != now) & open_[rays]).any(axis=1)
        high = np.where(np.isinf(high) & other, at, high)
        low = np.where(np.isinf(high), at, low)
    hit = np.isfinite(high)
    for _ in range(HALVINGS):
        middle = np.where(hit, (low + np.where(hit, high, 0.0)) / 2, 0.0)
        other = ((_graded(result, v[rays], middle) != now) & open_[rays]).any(axis=1)
        high, low = np.where(hit & other, middle, high), np.where(hit & ~other, middle, low)
    after = _graded(result, v[rays], np.where(hit, high, 0.0))
    own = open_[rays]
    changed = own & hit[:, None] & (after != now)
    found.t[rays] = np.where(own, np.where(changed, high[:, None], np.inf), found.t[rays])
    found.until[rays] = np.where(own, 0.0, found.until[rays])
    found.rise[rays] = np.where(changed, after > now, found.rise[rays])


def _settle_ends(
    result: Assessment,
    v: np.ndarray,
    reach: np.ndarray,
    t: np.ndarray,
    rise: np.ndarray,
    slack: np.ndarray,
) -> None:
    """Whether a grade changes by the very end of a ray is asked of the engine, there: into t and
    rise.

    A quotient such as margin / rate may lie beyond the end by float error alone; and a score jumps
    at the end where the last points of a group are moved away of which a blank's points were shared
    out.
    """
    alone = replace(result.engine, rivals=())
    before = grade(alone, result.base.to_numpy())
    for rows in _rows(result, len(v)):
        after, end = (
            grade(alone, score(alone, _along(result, v[rows], reach[rows]))),
            reach[rows, None],
        )
        far = t[rows] > end - slack[rows]
        t[rows] = np.where(
            far, np.where(after != before, np.minimum(t[rows], end), np.inf), t[rows]
        )
        rise[rows] = np.where(far, after > before, rise[rows])


def _along(result: Assessment, v: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Points p + t·v, (m, d) for t (m,) and (m, n, d) for t (m, n); what float error leaves of
    points that are all moved away is 0."""
    points = result.points.to_numpy()
    t = t[..., None]
    moved = points + t * (v if t.ndim == v.ndim else v[:, None, :])
    return np.where(moved > FLAT * points.sum(), moved, 0.0)


def _rows(result: Assessment, m: int) -> Iterator[slice]:
    """Blocks of m rays that are scored together."""
    step = max(1, BLOCK // len(result.scores))
    return (slice(start, start + step) for start in range(0, m, step))


def _confirm(result: Assessment, v: np.ndarray, reach: np.ndarray, found: Changes) -> None:
    """Grade anew, quotas in force, around the first change along each ray; into `found`."""
    now = result.grades.cat.codes.to_numpy()
    contested = in_reach(result, now + 1)
    rays = np.arange(len(v))
    while rays.size:
        part = Changes(found.t[rays], found.rise[rays], found.until[rays], found.slack[rays])
        named, least = part._named()
        own = np.arange(rays.size), named
        finite, slack = np.isfinite(least), part.slack[own]
        beyond = np.where(finite, np.minimum(part.t[own] + slack, reach[rays]), reach[rays])
        inside = np.where(finite, np.maximum(least - slack, 0.0), reach[rays])
        kept = finite & (_graded(result, v[rays], beyond)[own] == now[named])
        denied = kept & ((part.rise[own] & contested[named]) | (part.until[own] < np.inf))
        found.t[rays[denied], named[denied]] = np.nan
        early = (_graded(result, v[rays], inside) != now) & (inside[:, None] < part.until)
        early &= part.t - part.slack > inside[:, None]  # not where it was not sought
        early[own] |= kept & ~denied
        wrong = np.zeros(found.t.shape, bool)
        wrong[rays] = early
        found.until[wrong] = 0.0
        _scan(result, v, reach, wrong, found)
        rays = rays[denied | early.any(axis=1)]


def _graded(result: Assessment, v: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Grades (m, n) at p + at·v, everything in force."""
    e = result.engine
    return np.concatenate(
        [grade(e, score(e, _along(result, v[rows], at[rows]))) for rows in _rows(result, len(v))]
    )


def _roots(
    result: Assessment,
    k: int,
    own: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    v: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same for a unit of which one node's blanks are shared out: t (m,), whether the grade gets
    better there, and how fast the score changes there.

    s(t) = c where (s(t) − c)·D(t) = 0: a quadratic whose coefficients are those of L·D + N·q, L =
    A·p + b − c.
    """
    e, points = result.engine, result.points.to_numpy()
    (L0, N0, D0, q0), (L1, N1, D1, q1) = _parts(*own, points, v)
    code = result.grades.cat.codes.iloc[k]
    limits = [(e.thresholds[k, code - 1] if code > 0 else 0, False)]
    if code < e.ceiling[k]:
        limits.append((e.thresholds[k, code], True))
    found, rise, rate = np.full(len(v), np.inf), np.zeros(len(v), bool), np.zeros(len(v))
    for limit, better in limits:
        if not 0 < limit < UNREACHABLE:
            continue
        c0 = L0 - from_ticks(limit)
        sign = 1.0 if better else -1.0  # the grade changes where sign·f turns from below 0 to above
        f = [
            sign * (c0 * D0 + N0 * q0),
            sign * (c0 * D1 + L1 * D0 + N0 * q1 + N1 * q0),
            sign * (L1 * D1 + N1 * q1),
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            half = -0.5 * (
                f[1] + np.where(f[1] < 0, -1.0, 1.0) * np.sqrt(f[1] ** 2 - 4 * f[2] * f[0])
            )
            roots = np.stack([half / f[2], f[0] / half])
            fast = (f[1] + 2 * f[2] * roots) / (D0 + D1 * roots)
            crossing = np.isfinite(roots) & (fast > FLAT) & (D0 + D1 * roots > 0)
        roots[~crossing | (roots < -FLAT)] = np.inf
        at = roots.argmin(axis=0), np.arange(len(v))
        t = np.maximum(roots[at], 0.0)
        rise, rate = np.where(t < found, better, rise), np.where(t < found, fast[at], rate)
        found = np.minimum(found, t)
    return found, rise, rate


def first_cuts(result: Assessment, v: np.ndarray) -> np.ndarray:
    """How far along each ray each unit's score keeps its slopes, (m, n): until a deduction reaches
    zero or full marks."""
    e, points = result.engine, result.points.to_numpy()
    found = np.full((len(v), len(e.slope)), np.inf)
    for j in np.flatnonzero((e.const != 0).any(axis=0)):
        a, b = e.slope[:, j], e.const[:, j]
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.stack(
                [np.where(a != 0, -b / a, np.nan), np.where(a != 1, b / (1 - a), np.nan)]
            )
            ends[:, b == 0] = np.nan
            t = (ends[:, None, :] - points[j]) / v[None, :, j, None]
        t[np.abs(t) < FLAT] = 0.0
        t[~np.isfinite(t) | (t < 0)] = np.inf
        found = np.minimum(found, t.min(axis=0))
    return found


def _scan(
    result: Assessment, v: np.ndarray, reach: np.ndarray, rest: np.ndarray, found: Changes
) -> None:
    """Look along the rays of `rest` (m, n) with the engine, into `found`."""
    e = result.engine
    rays = np.flatnonzero(rest.any(axis=1))
    n, d = e.slope.shape
    before = grades_at(result, from_ticks(result.base.to_numpy()))
    if rays.size * n * d * (GRID + HALVINGS) > CELLS:
        found.t[rest] = np.nan
        return
    if not rays.size:
        return

    def codes(at: np.ndarray) -> np.ndarray:  # at: (rays, n)
        ticks = score(e, _along(result, v[rays], at))
        return np.minimum((ticks[:, :, None] >= e.thresholds).sum(axis=2), e.ceiling)

    low, high = np.zeros((rays.size, n)), np.full((rays.size, n), np.inf)
    for step in range(1, GRID + 1):
        at = np.repeat(reach[rays, None] * (step / GRID), n, axis=1)
        changed = codes(at) != before
        high = np.where(np.isinf(high) & changed, at, high)
        low = np.where(np.isinf(high), at, low)
    hit = np.isfinite(high)
    for _ in range(HALVINGS):
        middle = np.where(hit, (low + np.where(hit, high, 0)) / 2, 0.0)
        changed = codes(middle) != before
        high, low = np.where(hit & changed, middle, high), np.where(hit & ~changed, middle, low)
    better = codes(np.where(hit, high, 0.0)) > before
    own = rest[rays]
    for into, values in ((found.t, high), (found.rise, better), (found.slack, np.zeros_like(high))):
        into[rays] = np.where(own, values, into[rays])
