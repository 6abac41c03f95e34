"""Exact extremes of a score in which one node's blanks are redistributed: A·p + b + N·q/D.

With D the points of the leaves that share, R those outside the node and P the total, the score is ψ
+ (P − R)·φ/D: φ(D) the most that the sharing leaves can score with D points, ψ(R) the most outside
with R. Both are concave and piecewise linear (greedy rule), so φ/D is greatest at a break of φ, or
as near to it as the blanks' own points allow; what is left is a function of R alone that is linear,
or linear plus α/D, between breaks. Its greatest value is at a break or where the derivative is
zero: a finite list of candidates.
"""

from __future__ import annotations

import numpy as np

from qtoolkit.engine.affine import _lines
from qtoolkit.engine.box import greedy
from qtoolkit.engine.core import Engine

LEAST = 1e-9  # points; with fewer to share out the score is not continuous


def ratio_lines(
    e: Engine, lo: np.ndarray, hi: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Over the box, slopes A and constants b of the leaves, the leaves that share and those that
    are blank, (n, d) each; and the units (n,) to which this module applies."""
    A, b, straight = _lines(e.slope, e.const, lo, hi)
    live, dead, single = e.tree.ratios
    single = (
        single
        & straight.all(axis=1)
        & ((np.broadcast_to(lo, live.shape) * live).sum(axis=1) > LEAST)
    )
    single[[mean.unit for mean in e.means]] = False
    return A, b, live, dead, single


def ratio_extreme(
    A: np.ndarray,
    b: np.ndarray,
    live: np.ndarray,
    dead: np.ndarray,
    lo: np.ndarray,
    hi: np.ndarray,
    total: float,
    sign: int,
) -> tuple[float, np.ndarray]:
    """The least (sign −1) or greatest (sign 1) base score of a unit over lo ≤ p ≤ hi, Σp = total,
    in points, and where.

    A, b, live, dead : (d,)
        The unit's row of :func:`ratio_lines`.
    """
    rest = ~live & ~dead
    inside, outside = _Fill(sign * A, lo, hi, live), _Fill(sign * A, lo, hi, rest)
    shared = sign * b[live].sum()
    q0, q1 = lo[dead].sum(), hi[dead].sum()
    D, phi, R, psi = inside.at, inside.value + shared, outside.at, outside.value
    peak = D[np.argmax(phi / D)]
    found = [R, total - q0 - D, total - q1 - D, np.array([total - q0 - peak, total - q1 - peak])]
    beta, kappa = (
        np.diff(y) / np.where(np.diff(x) > 0, np.diff(x), 1.0) for x, y in ((D, phi), (R, psi))
    )
    alpha = phi[:-1] - beta * D[:-1]
    for q in (q0, q1):
        with np.errstate(divide="ignore", invalid="ignore"):
            still = np.sqrt(q * alpha[:, None] / (beta[:, None] - kappa))
        found.append(total - q - still[np.isfinite(still)])
    first, last = max(R[0], total - D[-1] - q1), min(R[-1], total - D[0] - q0)
    r = np.clip(np.concatenate(found), first, last)
    d = np.clip(peak, np.maximum(D[0], total - r - q1), np.minimum(D[-1], total - r - q0))
    value = np.interp(r, R, psi) + (total - r) * np.interp(d, D, phi) / d
    best = int(value.argmax())
    p = np.zeros(lo.size)
    p[live], p[rest] = inside.fill(d[best]), outside.fill(r[best])
    p[dead] = greedy(np.zeros((1, dead.sum())), lo[dead], hi[dead], total - d[best] - r[best])[0]
    return float(sign * value[best] + b[rest].sum()), p


class _Fill:
    """The most that some leaves can score with given points: greedy, breaks at `at` (k,), scores
    there `value` (k,)."""

    def __init__(self, worth: np.ndarray, lo: np.ndarray, hi: np.ndarray, which: np.ndarray):
        self.worth, self.lo, self.hi = worth[which], lo[which], hi[which]
        order = np.argsort(-self.worth, kind="stable")
        room = (self.hi - self.lo)[order]
        self.at = self.lo.sum() + np.concatenate([[0.0], np.cumsum(room)])
        self.value = self.worth @ self.lo + np.concatenate(
            [[0.0], np.cumsum(room * self.worth[order])]
        )

    def fill(self, points: float) -> np.ndarray:
        return greedy(self.worth[None], self.lo, self.hi, points)[0]
