"""The first change of a grade as points move along a straight line p + t·v.

On a line a linear score is base + t·rate, so a grade changes at t = margin / rate, as long as no deduction reaches zero
before. Where one does, or where the score is not linear, the line is scanned with the engine: what is found is a change,
though an earlier one may have been missed between two steps of the scan, and is called "at most".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.engine import affine, from_ticks, score
from qtoolkit.robustness.certificates import DOWN, UP, grades_at, in_reach, margin

GRID, HALVINGS = 16, 45  # of a scan
CELLS = 1 << 27  # leaf scores that scans may take in all
FLAT = 1e-12  # a rate of score below it is none


@dataclass(frozen=True)
class Changes:
    """First changes along m rays, for n units.

    t : (m, n), ∞ where there is none, NaN where it was not sought (a quota, or too many to scan)
    rise : bool (m, n), whether the grade gets better
    exact : bool (m, n)
    """

    t: np.ndarray
    rise: np.ndarray
    exact: np.ndarray


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
    t[t > reach[:, None]] = np.inf
    known = exact & (np.minimum(t, reach[:, None]) <= first_cuts(result, v) * (1 + 1e-12))
    refused = in_reach(result, grades_at(result, base))
    t[:, refused] = np.nan
    rest = ~known & ~refused
    if rest.any():
        _scan(result, v, reach, rest, t, rise)
    return Changes(t, rise, known)


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
