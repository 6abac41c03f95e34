"""Extremes of linear and fractional functions over boxes of points; greedy, exact, vectorised over
units."""

from __future__ import annotations

import numpy as np


def greedy(c: np.ndarray, lo: np.ndarray, hi: np.ndarray, total: float) -> np.ndarray:
    """The points p that maximise c·p over lo ≤ p ≤ hi, Σp = total, for each row of c (n, k): (n,
    k).

    Everything starts at its lower bound; the rest goes to the largest c first. An exchange argument
    shows that this is a maximum: moving points from a larger to a smaller c never gains.
    """
    order = np.argsort(-c, axis=1, kind="stable")
    room = np.broadcast_to(hi - lo, c.shape)
    room = np.take_along_axis(room, order, axis=1)
    before = np.cumsum(room, axis=1) - room
    rest = total - np.broadcast_to(lo, c.shape).sum(axis=1, keepdims=True)
    p = np.array(np.broadcast_to(lo, c.shape))
    taken = np.clip(rest - before, 0, room)
    np.put_along_axis(p, order, np.take_along_axis(p, order, axis=1) + taken, axis=1)
    return p


def least_mean(v: np.ndarray, lo: np.ndarray, hi: np.ndarray, live: np.ndarray) -> np.ndarray:
    """The least weighted mean Σ p v / Σ p over lo ≤ p ≤ hi, over the live entries of each row (n,
    k): (n,).

    The minimum of a ratio of linear functions over a box lies where the smallest v have their upper
    bounds and the others their lower; all k + 1 such corners are tried.
    """
    order = np.argsort(np.where(live, v, np.inf), axis=1, kind="stable")
    live = np.take_along_axis(live, order, axis=1)
    v = np.where(live, np.take_along_axis(v, order, axis=1), 0.0)
    low = np.take_along_axis(np.broadcast_to(lo, v.shape), order, axis=1) * live
    high = np.take_along_axis(np.broadcast_to(hi, v.shape), order, axis=1) * live
    best = np.full(len(v), np.inf)
    for t in range(v.shape[1] + 1):
        p = np.concatenate([high[:, :t], low[:, t:]], axis=1)
        weight = p.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(p > 0, p * v, 0.0).sum(axis=1) / weight
        best = np.minimum(best, np.where(weight > 0, mean, np.inf))
    return best


def deviation(c: np.ndarray, points: np.ndarray) -> np.ndarray:
    """h = Σ p |c − m| of each row of c (…, n, d), m a median of the row weighted by the points: (…,
    n).

    Rows are sorted as whole numbers with the column packed into the last bits, so that one plain
    sort does.
    """
    d = c.shape[-1]
    bits = max(d - 1, 1).bit_length()
    scale = np.abs(c).max(axis=(-2, -1), initial=0.0, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    keys = np.rint(c * (2.0 ** (62 - bits) / scale)).astype(np.int64)
    keys = np.sort((keys << bits) | np.arange(d), axis=-1) & ((1 << bits) - 1)
    mass = np.cumsum(points[keys], axis=-1)
    at = (mass < mass[..., -1:] / 2).sum(axis=-1, keepdims=True)
    m = np.take_along_axis(c, np.take_along_axis(keys, np.minimum(at, d - 1), axis=-1), axis=-1)
    return np.abs(c - m) @ points
