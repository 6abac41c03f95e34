"""The first change of a grade as points move along a straight line p + t·v.

On a line a linear score is base + t·rate, so a grade changes at t = margin / rate; where one node's blanks are shared out
it is base + t·rate + N·q/D with N, q, D linear in t, and it changes at a root of a quadratic. Both hold as long as no
deduction reaches zero before. Where one does, or where the score is not linear, the line is scanned with the engine: what is found is a change,
though an earlier one may have been missed between two steps of the scan, and is called "at most".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.engine import affine, from_ticks, ratio_lines, score
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.robustness.certificates import DOWN, UP, grades_at, in_reach, margin

GRID, HALVINGS = 16, 45  # of a scan
CELLS = 1 << 27  # leaf scores that scans may take in all
FLAT = 1e-12  # a rate of score below it is none


@dataclass(frozen=True)
class Changes:
    """First changes along m rays, for n units.

    t : (m, n), ∞ where there is none, NaN where it was not sought (a quota, or too many to scan)
    rise : bool (m, n), whether the grade gets better
    until : (m, n), up to where nothing can have been missed: ∞ where t is exact
    """

    t: np.ndarray
    rise: np.ndarray
    until: np.ndarray

    def first(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Along each ray the first change of all, whose it is (None without one), and whether that is exact; (m,) each."""
        sought = np.where(np.isnan(self.t), np.inf, self.t)
        at = sought.argmin(axis=1)
        least = sought[np.arange(len(sought)), at]
        sure = np.where(np.isnan(self.t), np.inf, self.until).min(axis=1)
        return least, np.where(np.isfinite(least), units[at], None), least <= sure

    @property
    def left_out(self) -> np.ndarray:
        """Units (n,) for which no change was sought."""
        return np.isnan(self.t).any(axis=0)


def first_changes(result: Assessment, v: np.ndarray, reach: np.ndarray) -> Changes:
    """Along the rays v (m, d), each as far as reach (m,)."""
    e, points, base = result.engine, result.points.to_numpy(), from_ticks(result.base.to_numpy())
    A, _, exact, _ = affine(e, points, points)
    for mean in e.means:
        exact[mean.unit] = False
    rate = v @ A.T
    down, up = (margin(result, base, e.thresholds, side) for side in (DOWN, UP))
    rise = rate > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(np.abs(rate) > FLAT, np.where(rise, up, down) / np.abs(rate), np.inf)
    A_, b, live, dead, single = ratio_lines(e, points, points)
    for k in np.flatnonzero(single & ~exact):
        t[:, k], rise[:, k] = _roots(result, k, (A_[k], b[k], live[k], dead[k]), v)
        exact[k] = True
    t[t > reach[:, None]] = np.inf
    cuts = first_cuts(result, v)
    known = exact & (np.minimum(t, reach[:, None]) <= cuts * (1 + 1e-12))
    refused = in_reach(result, grades_at(result, base))
    t[:, refused] = np.nan
    rest = ~known & ~refused
    if rest.any():
        _scan(result, v, reach, rest, t, rise)
    return Changes(t, rise, np.where(known, np.inf, np.where(exact, cuts, 0.0)))


def _roots(result: Assessment, k: int, own, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for a unit of which one node's blanks are shared out: t (m,), and whether the grade gets better there.

    s(t) = c where (s(t) − c)·D(t) = 0: a quadratic whose coefficients are those of L·D + N·q, L = A·p + b − c.
    """
    e, points = result.engine, result.points.to_numpy()
    A, b, live, dead = own
    parts = [(A * ~dead, b.sum()), (A * live, b[live].sum()), (live * 1.0, 0.0), (dead * 1.0, 0.0)]
    (L0, N0, D0, q0), (L1, N1, D1, q1) = zip(*((c @ points + const, v @ c) for c, const in parts), strict=True)
    code = result.grades.cat.codes.iloc[k]
    limits = [(e.thresholds[k, code - 1] if code > 0 else 0, False)]
    if code < e.ceiling[k]:
        limits.append((e.thresholds[k, code], True))
    found, rise = np.full(len(v), np.inf), np.zeros(len(v), bool)
    for limit, better in limits:
        if not 0 < limit < UNREACHABLE:
            continue
        c0 = L0 - from_ticks(limit)
        sign = 1.0 if better else -1.0  # the grade changes where sign·f turns from below 0 to above
        f = [sign * (c0 * D0 + N0 * q0), sign * (c0 * D1 + L1 * D0 + N0 * q1 + N1 * q0), sign * (L1 * D1 + N1 * q1)]
        with np.errstate(divide="ignore", invalid="ignore"):
            half = -0.5 * (f[1] + np.where(f[1] < 0, -1.0, 1.0) * np.sqrt(f[1] ** 2 - 4 * f[2] * f[0]))
            roots = np.stack([half / f[2], f[0] / half])
            crossing = np.isfinite(roots) & (f[1] + 2 * f[2] * roots > 0) & (D0 + D1 * roots > 0)
        roots[~crossing | (roots < -FLAT)] = np.inf
        t = np.maximum(roots.min(axis=0), 0.0)
        rise = np.where(t < found, better, rise)
        found = np.minimum(found, t)
    return found, rise


def first_cuts(result: Assessment, v: np.ndarray) -> np.ndarray:
    """How far along each ray each unit's score keeps its slopes, (m, n): until a deduction reaches zero or full marks."""
    e, points = result.engine, result.points.to_numpy()
    found = np.full((len(v), len(e.slope)), np.inf)
    for j in np.flatnonzero((e.const != 0).any(axis=0)):
        a, b = e.slope[:, j], e.const[:, j]
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.stack([np.where(a != 0, -b / a, np.nan), np.where(a != 1, b / (1 - a), np.nan)])
            ends[:, b == 0] = np.nan
            t = (ends[:, None, :] - points[j]) / v[None, :, j, None]
        t[np.abs(t) < FLAT] = 0.0
        t[~np.isfinite(t) | (t < 0)] = np.inf
        found = np.minimum(found, t.min(axis=0))
    return found


def _scan(result: Assessment, v, reach, rest, t, rise) -> None:
    """Look along the rays of `rest` (m, n) with the engine, into t and rise."""
    e, points = result.engine, result.points.to_numpy()
    rays = np.flatnonzero(rest.any(axis=1))
    n, d = e.slope.shape
    before = grades_at(result, from_ticks(result.base.to_numpy()))
    if rays.size * n * d * (GRID + HALVINGS) > CELLS:
        t[rest] = np.nan
        return

    def codes(at: np.ndarray) -> np.ndarray:  # at: (rays, n)
        moved = np.maximum(points + at[:, :, None] * v[rays][:, None, :], 0.0)
        ticks = score(e, moved)
        return np.minimum((ticks[:, :, None] >= e.thresholds).sum(axis=2), e.ceiling)

    low, high = np.zeros((rays.size, n)), np.full((rays.size, n), np.inf)
    for step in range(1, GRID + 1):
        at = np.repeat(reach[rays, None] * (step / GRID), n, axis=1)
        changed = codes(at) != before
        high = np.where(np.isinf(high) & changed, at, high)
        low = np.where(np.isinf(high), at, low)
    found = np.isfinite(high)
    for _ in range(HALVINGS):
        middle = np.where(found, (low + np.where(found, high, 0)) / 2, 0.0)
        changed = codes(middle) != before
        high, low = np.where(found & changed, middle, high), np.where(found & ~changed, middle, low)
    better = codes(np.where(found, high, 0.0)) > before
    for i, ray in enumerate(rays):
        here = rest[ray]
        t[ray, here], rise[ray, here] = high[i, here], better[i, here]
