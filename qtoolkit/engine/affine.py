"""Where a base score is linear in the points, exactly; lines that enclose it where it bends; outer
bounds everywhere."""

from __future__ import annotations

import numpy as np

from qtoolkit.engine.box import greedy, least_mean
from qtoolkit.engine.core import Engine, Tree, leaf_scores
from qtoolkit.engine.ticks import PER_POINT, Rounding

EXACT, AGGREGATION, ROUNDING, BLANK, CUT = "", "aggregation", "rounding", "blank", "cut"


def affine(
    e: Engine, lo: np.ndarray, hi: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Base scores as A·p + b over the box lo ≤ p ≤ hi (d,).

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
    for mean in e.means:  # at the unit's own box, which need not be that of its peers
        at = mean.unit, mean.leaf
        box = (np.broadcast_to(end, A.shape)[at] for end in (lo, hi))
        slopes, consts, straight = _lines(
            e.slope[mean.peers, mean.leaf], e.const[mean.peers, mean.leaf], *box
        )
        A[at], b[at], linear[at] = slopes.mean(), consts.mean(), straight.all()
    b = b.sum(axis=1)
    why = np.full(len(A), EXACT, dtype=object)
    why[~linear.all(axis=1)] = CUT
    why[e.tree.blank.any(axis=1)] = BLANK
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


def bracket(
    e: Engine, lo: np.ndarray, hi: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two lines that enclose each base score over the box lo ≤ p ≤ hi, (d,) or one for each unit:
    A_low·p + b_low ≤ s(p) ≤ A_high·p + b_high.

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
    held = np.full(len(A), e.tree.is_arithmetic and not e.tree.rounds_inside)
    A, b = np.stack([A, A]), np.stack([b, b])
    bent = ~straight
    held &= ~(bent & ((e.slope < 0) | (e.slope > 1))).any(axis=1)
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
        at = mean.unit, mean.leaf
        box = (np.broadcast_to(end, e.slope.shape)[at] for end in (lo, hi))
        slopes, consts, lines = _lines(
            e.slope[mean.peers, mean.leaf], e.const[mean.peers, mean.leaf], *box
        )
        A[(slice(None), *at)], b[(slice(None), *at)] = slopes.mean(), consts.mean()
        held[mean.unit] &= lines.all()
    if e.tree.blank.any():
        for side, sign in ((0, 1), (1, -1)):
            A[side] = np.where(e.tree.blank, _shared(e, lo, hi, sign), A[side])
            b[side] = np.where(e.tree.blank, 0.0, b[side])
    return A[0], b[0].sum(axis=1), A[1], b[1].sum(axis=1), held


def _shared(e: Engine, lo: np.ndarray, hi: np.ndarray, sign: int) -> np.ndarray:
    """The least (sign 1) or greatest (−1) share that redistribution gives each blank leaf, (n,
    d)."""
    tree, d = e.tree, e.points.size
    shares, live = list(sign * _leaf_shares(e, lo, hi, sign).T), list(~tree.blank.T)
    low, high = (list(np.broadcast_to(end, tree.blank.shape).T) for end in (lo, hi))
    below, found = [[j] for j in range(d)], np.zeros(tree.blank.shape)
    last = max(
        (i for i, children in enumerate(tree.children) if _mixed(tree, children)), default=-1
    )
    for children in tree.children[: last + 1]:
        v, alive, a, z = (
            np.stack([x[c] for c in children], axis=1) for x in (shares, live, low, high)
        )
        mean = least_mean(v, a, z, alive)
        mean = np.where(np.isfinite(mean), mean, 0.0)
        if sign > 0:
            # points may vanish where there is a score
            mean = np.where((a * alive).sum(axis=1) > 0, mean, 0.0)
        for i, c in enumerate(children):
            dead = ~alive[:, i] & alive.any(axis=1)
            for j in below[c]:
                found[dead, j] = sign * mean[dead]
        shares.append(mean)
        live.append(alive.any(axis=1))
        low.append(a.sum(axis=1))
        high.append(z.sum(axis=1))
        below.append([j for c in children for j in below[c]])
    return found


def _mixed(tree: Tree, children: tuple[int, ...]) -> bool:
    """Whether any unit has blanks below some of these nodes."""
    d = tree.blank.shape[1]
    return any(
        tree.blank[:, c].any() if c < d else _mixed(tree, tree.children[c - d]) for c in children
    )


def ratios(e: Engine) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units whose base score is A·p + b + N·q/D: one node has blanks, q are their points, N the
    score and D the points of the others in that node. Returns live (n, d), dead (n, d): the leaves
    that make up D and q; single (n,): whether so."""
    tree, d = e.tree, e.points.size
    alive = list(~tree.blank.T)
    below = [np.eye(d, dtype=bool)[j] for j in range(d)]
    live, dead = np.zeros(tree.blank.shape, bool), np.zeros(tree.blank.shape, bool)
    count = np.zeros(len(live), int)
    for children in tree.children:
        here = np.stack([alive[c] for c in children], axis=1)
        mixed = here.any(axis=1) & ~here.all(axis=1)
        count += mixed
        for i, c in enumerate(children):
            live |= (mixed & here[:, i])[:, None] & below[c]
            dead |= (mixed & ~here[:, i])[:, None] & below[c]
        alive.append(here.any(axis=1))
        below.append(np.logical_or.reduce([below[c] for c in children]))
    return live, dead, (count == 1) & tree.is_arithmetic & (not tree.rounds_inside)


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
        share[mean.unit, mean.leaf] = share[mean.peers, mean.leaf].mean()
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
