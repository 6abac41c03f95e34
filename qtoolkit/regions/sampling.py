"""Exact, independent uniform draws from boxes of points whose sum is kept."""

from __future__ import annotations

import numpy as np

BATCH = 4096  # rows proposed at a time; part of what a seed means
POINT = 1e-12  # of the total: a region so near a corner is the corner
SAME = 1e-12  # widths that differ by less than this share are the same
POOREST = 0.02  # acceptance below which proposals are tilted


def box_simplex(
    rng: np.random.Generator, lo: np.ndarray, hi: np.ndarray, total: float, m: int
) -> np.ndarray:
    """m uniform draws (m, d) from lo ≤ p ≤ hi, Σp = total.

    All coordinates but the widest are drawn in their intervals and the widest takes up the sum; a
    draw is kept if that lies in its own interval. The map is linear, so what is kept is uniform.
    Where few would be kept (intervals cut at 0), the others are drawn with density ∝ e^θp, θ so
    that the sum is right on average, and kept with probability ∝ e^θ(last): the product is constant
    on the region, so the draws are exact and independent still.
    """
    width = hi - lo
    last = int((width >= width.max() * (1 - SAME)).argmax())  # the first of equals
    rest = np.where(np.arange(width.size) == last, 0.0, width)
    need = total - lo.sum()
    if not rest.any() or min(need, width.sum() - need) <= POINT * max(total, 1.0):  # a single point
        p = np.tile(lo if need < width.sum() / 2 or not rest.any() else hi, (m, 1))
        p[:, last] += total - p[0].sum()
        return p
    # what the last can be left with
    least, most = max(0.0, need - rest.sum()), min(width[last], need)
    p, u = np.empty((m, width.size)), np.empty((BATCH, width.size))
    theta, done, tried = 0.0, 0, 0
    while done < m:
        rng.random(out=u)
        x, scale = (u, rest) if theta == 0.0 else (tilted(u, rest, theta), np.ones(rest.size))
        left = need - np.einsum("ij,j->i", x, scale)
        keep = (left >= 0) & (left <= width[last])
        if theta != 0.0:
            chance = theta * (left - (most if theta > 0 else least))
            keep &= rng.random(BATCH) < np.exp(np.minimum(chance, 0.0))
        rows = np.flatnonzero(keep)[: m - done]
        kept = p[done : done + rows.size]
        np.multiply(x[rows], scale, out=kept)
        kept += lo
        kept[:, last] = lo[last] + left[rows]
        done, tried = done + rows.size, tried + BATCH
        if theta == 0.0 and done < POOREST * tried:
            theta, done, tried = _balance(width[width > 0], need), 0, 0
    return p


def tilted(u: np.ndarray, width: np.ndarray, theta: float) -> np.ndarray:
    """Draws on [0, width] with density ∝ e^θx, θ ≠ 0, from uniform u."""
    a = theta * width
    with np.errstate(over="ignore", invalid="ignore"):
        flat = np.abs(a) < 1e-9
        safe = np.where(flat, 1.0, a)
        # rising density on [0, 1]
        up = 1 + np.log(u + (1 - u) * np.exp(-np.abs(safe))) / np.abs(safe)
        unit = np.where(flat, u, np.where(safe > 0, up, 1 - up))
    return np.clip(unit, 0, 1) * width


def _balance(width: np.ndarray, target: float) -> float:
    """θ at which the tilted coordinates, the last one included, sum to `target` on average, by
    bisection."""

    def mean(theta: float) -> float:
        a = theta * width
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = np.where(np.abs(a) < 1e-6, 0.5 + a / 12, 1 / -np.expm1(-a) - 1 / a)
        return float((width * share).sum())

    # how far the sum is from the nearer corner of the box
    corner = min(target, float(width.sum()) - target)
    bound = max(50.0 / width.min(), 2.0 * width.size / max(corner, 1e-300))
    low, high = -bound, bound
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if mean(middle) < target else (low, middle)
    return (low + high) / 2
