"""Where a base score is linear in the points, exactly; lines that enclose it where it bends; outer
bounds everywhere."""

from __future__ import annotations

import numpy as np

from qtoolkit.engine.box import greedy, least_mean
from qtoolkit.engine.core import Engine, Mean, leaf_scores
from qtoolkit.engine.ticks import PER_POINT, Rounding

EXACT, AGGREGATION, ROUNDING, BLANK, CUT = "", "aggregation", "rounding", "blank", "cut"


def affine(
    e: Engine, lo: np.ndarray, hi: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Base scores as A·p + b over the box lo ≤ p ≤ hi, (d,) or one for each unit, or over several
    boxes at once, (…, 1 or n, d): then all that is returned has their leading axes.

    Returns
    -------
    A : (n, d), b : (n,)
        Base score in points of unit k is A[k]·p + b[k] for every p in the box where `exact[k]`.
    exact : bool (n,)
    why : str (n,)
        "" where exact, else what stands in the way: another mean than the arithmetic
        ("aggregation"), rounding of leaves or nodes ("rounding"), redistributed points of a blank
        ("blank"), a deduction that reaches zero inside the box ("cut").
    """
    A, b, linear = _lines(e.slope, e.const, lo, hi)
    for mean in e.means:
        at = ..., mean.unit, mean.leaf
        A[at], b[at], linear[at] = _mean_lines(e, mean, A.shape, lo, hi)
    b = b.sum(axis=-1)
    why = np.full(b.shape, EXACT, dtype=object)
    why[~linear.all(axis=-1)] = CUT
    why[..., e.tree.blank.any(axis=1)] = BLANK
    if not e.tree.is_arithmetic:
        why[:] = AGGREGATION
    elif e.tree.rounds_inside:
        why[:] = ROUNDING
    return A, b, why == EXACT, why


def _lines(
    slope: np.ndarray, const: np.ndarray, lo: np.ndarray, hi: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leaf scores over lo ≤ p ≤ hi as slope·p + const with the cuts worked in, and whether that
    holds throughout."""
    at_lo, at_hi = slope * lo + const, slope * hi + const
    zero = np.maximum(at_lo, at_hi) <= 0
    over = np.minimum(at_lo - lo, at_hi - hi) >= 0
    inside = (np.minimum(at_lo, at_hi) >= 0) & (np.maximum(at_lo - lo, at_hi - hi) <= 0)
    slopes = np.where(inside, slope, np.where(over & ~zero, 1.0, 0.0))
    return slopes, np.where(inside, const, 0.0), zero | over | inside


def _mean_lines(
    e: Engine, mean: Mean, shape: tuple[int, ...], lo: np.ndarray, hi: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`_lines` of a cell that takes the mean of others, of `shape` (…, n, d), at the unit's own
    box, which need not be that of its peers."""
    box = (np.broadcast_to(end, shape)[..., mean.unit, mean.leaf, None] for end in (lo, hi))
    slope, const = e.slope[mean.peers, mean.leaf], e.const[mean.peers, mean.leaf]
    slopes, consts, straight = _lines(slope, const, *box)
    return slopes.mean(axis=-1), consts.mean(axis=-1), np.asarray(straight.all(axis=-1))


def bracket(
    e: Engine, lo: np.ndarray, hi: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two lines that enclose each base score over the box lo ≤ p ≤ hi, (d,) or one for each unit,
    or over several boxes as for :func:`affine`: A_low·p + b_low ≤ s(p) ≤ A_high·p + b_high.

    Redistributing the points of a blank is to give it the mean share r of its live siblings, and r
    lies between bounds; a deduction that reaches zero is convex, so a chord lies above it and
    either of its pieces below.

    Returns
    -------
    A_low, b_low, A_high, b_high : (n, d), (n,), (n, d), (n,)
    held : bool (n,)
        False for other means, rounding below the total, and means of similar units that bend:
        nothing is claimed there.
    """
    A, b, straight = _lines(e.slope, e.const, lo, hi)
    held = np.full(A.shape[:-1], e.tree.is_arithmetic and not e.tree.rounds_inside)
    A, b = np.stack([A, A]), np.stack([b, b])
    bent = ~straight
    held &= ~(bent & ((e.slope < 0) | (e.slope > 1))).any(axis=-1)
    at_lo, at_hi = leaf_scores(e.slope, e.const, lo), leaf_scores(e.slope, e.const, hi)
    with np.errstate(divide="ignore", invalid="ignore"):
        chord = np.where(bent, (at_hi - at_lo) / (hi - lo), 0.0)
    convex, middle = e.const < 0, (lo + hi) / 2
    active = (e.slope * middle + e.const > 0) & (e.slope * middle + e.const < middle)
    piece = np.where(active, e.slope, np.where(convex, 0.0, 1.0))
    for side, chords in ((0, bent & ~convex), (1, bent & convex)):
        A[side] = np.where(chords, chord, np.where(bent, piece, A[side]))
        b[side] = np.where(
            chords, at_lo - chord * lo, np.where(bent, np.where(active, e.const, 0.0), b[side])
        )
    for mean in e.means:
        at = ..., mean.unit, mean.leaf
        A[at], b[at], lines = _mean_lines(e, mean, A[0].shape, lo, hi)
        held[..., mean.unit] &= lines
    short = np.flatnonzero(e.tree.blank.any(axis=1))
    if short.size:
        shared = _shared(e, short, A.shape[1:], lo, hi)
        A[..., short, :] = np.where(e.tree.blank[short], shared, A[..., short, :])
        b = np.where(e.tree.blank, 0.0, b)
    return A[0], b[0].sum(axis=-1), A[1], b[1].sum(axis=-1), held


def _shared(
    e: Engine, units: np.ndarray, shape: tuple[int, ...], lo: np.ndarray, hi: np.ndarray
) -> np.ndarray:
    """The least and the greatest share that redistribution gives each blank leaf of these units,
    which alone have any, (2, …, units, d); `shape` is (…, n, d), boxes before the units."""
    tree, d = e.tree, e.points.size
    extremes = [sign * _leaf_shares(e, lo, hi, sign) for sign in (1, -1)]  # the least of each

    def rows(*sides: np.ndarray) -> np.ndarray:
        return np.stack([np.broadcast_to(x, shape)[..., units, :] for x in sides]).reshape(-1, d)

    blank = rows(tree.blank, tree.blank)
    shares, live = list(rows(*extremes).T), list(~blank.T)
    low, high = list(rows(lo, lo).T), list(rows(hi, hi).T)
    is_least = np.arange(len(blank)) < len(blank) // 2
    below, found = [[j] for j in range(d)], np.zeros(blank.shape)
    for children, shares_out in zip(tree.children, tree.sharing, strict=True):
        v, alive, a, z = (
            np.stack([x[c] for c in children], axis=1) for x in (shares, live, low, high)
        )
        mean = np.zeros(len(v))
        if shares_out:
            mean = least_mean(v, a, z, alive)
            mean = np.where(np.isfinite(mean), mean, 0.0)
            # points may vanish where there is a score
            mean = np.where(is_least & ((a * alive).sum(axis=1) <= 0), 0.0, mean)
            for i, c in enumerate(children):
                dead = ~alive[:, i] & alive.any(axis=1)
                for j in below[c]:
                    found[dead, j] = mean[dead]
        shares.append(mean)
        live.append(alive.any(axis=1))
        low.append(a.sum(axis=1))
        high.append(z.sum(axis=1))
        below.append([j for c in children for j in below[c]])
    signed = np.where(is_least[:, None], found, -found)
    return signed.reshape(2, *shape[:-2], units.size, d)


def bounds(
    e: Engine, lo: np.ndarray, hi: np.ndarray, total: float
) -> tuple[np.ndarray, np.ndarray]:
    """Proven outer bounds of base scores in points over lo ≤ p ≤ hi, Σp = total, whatever the tree:
    low (n,), high (n,).

    Bottom-up, each node's share of full marks lies between the least and the greatest weighted
    (power) mean that its children's intervals allow; the sum of the points is kept at the root
    alone, so the bounds need not be attained. Rounding below the root can lift a score above the
    total.
    """
    return _interval(e, lo, hi, total, 1), -_interval(e, lo, hi, total, -1)


def _interval(e: Engine, lo: np.ndarray, hi: np.ndarray, total: float, sign: int) -> np.ndarray:
    """The least base score (sign 1), or the negative of the greatest (sign −1)."""
    tree = e.tree
    share = _rounded(_leaf_shares(e, lo, hi, sign), lo, tree.leaf_rounding, sign)
    shares, live = list(share.T), list(~tree.blank.T)
    low, high = list(lo), list(hi)
    for i, (children, order) in enumerate(zip(tree.children, tree.order, strict=True)):
        v = np.stack([shares[c] for c in children], axis=1)
        alive = np.stack([live[c] for c in children], axis=1)
        a, z = np.array([low[c] for c in children]), np.array([high[c] for c in children])
        if order != 1:
            with np.errstate(divide="ignore"):
                # rises with v; −∞ for a share of 0
                v = np.log(v) if order == 0 else np.sign(order) * v**order
        # points may vanish where there is a score
        empty = ~alive.all(axis=1) & ((a * alive).sum(axis=1) == 0)
        if i == len(tree.children) - 1 and order == 1:
            return _root(sign, v, alive, a, z, total, empty)
        with np.errstate(invalid="ignore"):
            mean = sign * least_mean(sign * v, a, z, alive)
        mean = np.where(np.isfinite(mean), mean, 0.0 if order > 0 else -np.inf)  # a share of 0
        if order != 1:
            with np.errstate(divide="ignore"):
                mean = np.exp(mean) if order == 0 else np.abs(mean) ** (1 / order)
        mean = np.where(empty & (sign > 0), 0.0, mean)
        last = i == len(tree.children) - 1
        shares.append(mean if last else _rounded(mean, a.sum(), tree.node_rounding, sign))
        live.append(alive.any(axis=1))
        low.append(a.sum())
        high.append(z.sum())
    return sign * shares[-1] * total


def _leaf_shares(e: Engine, lo: np.ndarray, hi: np.ndarray, sign: int) -> np.ndarray:
    """The least (sign 1) or greatest share of full marks of each leaf over its points, (n, d)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [
            np.where(
                p > 0, e.slope + np.where(e.const == 0, 0.0, e.const / p), e.slope * (e.const >= 0)
            )
            for p in (lo, hi)
        ]
    share = np.clip(np.minimum(*ends) if sign > 0 else np.maximum(*ends), 0, 1)
    for mean in e.means:
        peers = np.ascontiguousarray(share[..., mean.peers, mean.leaf])
        share[..., mean.unit, mean.leaf] = peers.mean(axis=-1)
    return share


def _root(
    sign: int,
    v: np.ndarray,
    alive: np.ndarray,
    a: np.ndarray,
    z: np.ndarray,
    total: float,
    empty: np.ndarray,
) -> np.ndarray:
    """Arithmetic root: the sum is kept, unless a blank redistributes points among its children."""
    kept = -(greedy(-sign * v, a, z, total) * (-sign * v)).sum(axis=1)
    redistributed = least_mean(sign * v, a, z, alive)
    redistributed = (
        np.where(empty & (sign > 0) | np.isinf(redistributed), 0.0, redistributed) * total
    )
    return np.where(alive.all(axis=1), kept, redistributed)


def _rounded(
    share: np.ndarray, points: np.ndarray, rounding: Rounding | None, sign: int
) -> np.ndarray:
    """The least (sign 1) or greatest share after rounding a score of at least `points` full marks.

    Half up moves by half a step at most, up to twice the score; floor takes less than a step.
    """
    if rounding is None:
        return share
    half, points = rounding.step / PER_POINT / 2, np.abs(points)  # never −0
    with np.errstate(divide="ignore"):
        if sign > 0:
            return np.maximum(share - (half if rounding.half_up else 2 * half) / points, 0)
        return np.minimum(share + half / points, 2 * share) if rounding.half_up else share
