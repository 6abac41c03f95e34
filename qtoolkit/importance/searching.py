"""Looking for the points whose importance is nearest to a goal: all of them, or from many
starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from qtoolkit.engine.core import leaf_scores
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.errors import InputError
from qtoolkit.importance.allocations import CHUNK, Allocations
from qtoolkit.language import say

__all__ = [
    "Aim",
    "aim_of",
    "best_of_all",
    "closed_form",
    "few_enough",
    "improved",
    "optimised",
    "scattered_within",
    "within",
]

STARTS = 24  # of the optimiser: the best of
SCATTERED = 8000  # sets of points drawn at random
NEAR = 0.05  # of the points that move, for two starts to be near each other
TINY = 1e-6  # points in the place of none, so that a correlation is there
ALIKE = 1e-4  # distances that agree
AGREE = 3  # starts that agree where the search is said to have converged
PAIRS = 120  # transfers of which two are tried together
WORK = 10**8  # numbers looked at where all sets of whole points are gone through
MOST = 2 * 10**6  # sets of whole points


@dataclass(frozen=True)
class Aim:
    """What is wanted of points: importance, shares of the sum of r² over units, near the goal,
    (d,).

    Slopes and constants (n, d); `covariance` of the slopes where there are no constants, so that no
    unit need be looked at.
    """

    slope: np.ndarray
    const: np.ndarray
    goal: np.ndarray
    covariance: np.ndarray | None

    def importance(self, points: np.ndarray) -> np.ndarray:
        """Of sets of points, (m, d) or (d,): r_j² over their sum."""
        p = np.atleast_2d(points)
        if self.covariance is not None:
            r2 = (p @ self.covariance) ** 2 / np.diag(self.covariance)
        else:
            earned = leaf_scores(self.slope, self.const, np.maximum(p, TINY)[:, None, :])
            centred = earned - earned.mean(axis=1, keepdims=True)
            s = centred.sum(axis=2)
            own = (centred**2).sum(axis=1)
            r2 = np.einsum("mnd,mn->md", centred, s) ** 2 / np.maximum(own, 1e-300)
        shares = r2 / np.maximum(r2.sum(axis=1, keepdims=True), 1e-300)
        return shares.reshape(np.shape(points))

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Root mean square of importance − goal, (m,)."""
        parts = []
        for start in range(0, len(points), self._at_once()):
            gap = self.importance(points[start : start + self._at_once()]) - self.goal
            parts.append(np.sqrt((gap**2).mean(axis=1)))
        return np.concatenate([np.zeros(0), *parts])

    def of(self, points: np.ndarray) -> float:
        """The distance of one set of points, (d,)."""
        return float(self.distance(points[None])[0])

    def _at_once(self) -> int:
        return CHUNK if self.covariance is not None else max(1, CHUNK * 100 // self.slope.size)

    def work(self, count: int) -> int:
        """How many numbers it takes to look at so many sets of points."""
        d = self.goal.size
        return count * d * (d if self.covariance is not None else len(self.slope))


def aim_of(slope: np.ndarray, const: np.ndarray, goal: np.ndarray) -> Aim:
    plain = not const.any() and slope.min() >= 0 and slope.max() <= 1
    return Aim(
        slope, const, goal, np.cov(slope.T, ddof=1).reshape(goal.size, -1) if plain else None
    )


def closed_form(aim: Aim, members: list[tuple[np.ndarray, float]]) -> np.ndarray | None:
    """Points that reach the goal exactly, where there are any, scaled to the groups' sums as far as
    one factor does that."""
    if aim.covariance is None or np.linalg.cond(aim.covariance) > 1e12:
        return None
    raw = np.linalg.solve(aim.covariance, np.sqrt(aim.goal * np.diag(aim.covariance)))
    return raw / raw.sum() * sum(sum_ for _, sum_ in members) if raw.sum() > 0 else None


def scattered_within(
    low: np.ndarray,
    high: np.ndarray,
    members: list[tuple[np.ndarray, float]],
    rng: np.random.Generator,
) -> np.ndarray:
    """Sets of points all over the limits, (m, d): evenly, with the weight on few indicators,
    corners, and between corners."""
    quarter = SCATTERED // 4
    even = rng.random((quarter, low.size))
    uneven = rng.random((quarter, low.size)) ** rng.choice([3.0, 10.0], (quarter, 1))
    inside = within(low + (high - low) * np.concatenate([even, uneven]), low, high, members)
    one, other = (_corners(low, high, members, quarter, rng) for _ in range(2))
    between = rng.random((quarter, 1))
    return np.concatenate([inside, one, between * one + (1 - between) * other])


def _corners(
    low: np.ndarray,
    high: np.ndarray,
    members: list[tuple[np.ndarray, float]],
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Corners of the limits, (count, d): in an order drawn anew each indicator gets as much as is
    left."""
    rows = np.tile(low, (count, 1))
    for at, sum_ in members:
        places = rng.permuted(np.tile(np.flatnonzero(at), (count, 1)), axis=1)
        room = (high - low)[places]
        left = sum_ - low[at].sum() - (np.cumsum(room, axis=1) - room)
        np.put_along_axis(rows, places, low[places] + np.clip(left, 0.0, room), axis=1)
    return rows


def _apart(points: np.ndarray, count: int) -> list[np.ndarray]:
    """Of points in the order of their worth the first, and each next that is not near one already
    taken."""
    span, taken = np.ptp(points, axis=0).sum(), points[:1]
    for place in points:
        if len(taken) < count and np.abs(taken - place).sum(axis=1).min() > NEAR * span:
            taken = np.concatenate([taken, place[None]])
    return list(taken)


def optimised(
    aim: Aim,
    present: np.ndarray,
    scattered: np.ndarray,
    extra: list[np.ndarray],
    low: np.ndarray,
    high: np.ndarray,
    members: list[tuple[np.ndarray, float]],
) -> tuple[list[np.ndarray], bool]:
    """Where the optimiser ends from several starts, the nearest first, and whether that is to be
    trusted: the starts are the best of all that were scattered, no two of them near each other."""
    order = in_order(aim.distance(scattered), falling=False)
    starts = [*extra, present, *scattered[order[:AGREE]], *_apart(scattered[order], STARTS)]
    constraints = [
        {"type": "eq", "fun": lambda p, at=at, sum_=sum_: p[at].sum() - sum_}
        for at, sum_ in members
    ]
    limits = list(zip(low, high, strict=True))
    ends, stopped = [*extra], [True] * len(extra)
    if (
        (low <= present).all()
        and (present <= high).all()
        and all(abs(present[at].sum() - sum_) < 1e-9 for at, sum_ in members)
    ):
        ends, stopped = [*ends, present], [*stopped, False]
    for start in starts:
        found = minimize(
            lambda p: 1e3 * ((aim.importance(p) - aim.goal) ** 2).sum(),
            start,
            bounds=limits,
            constraints=constraints,
            method="SLSQP",
            options={"maxiter": 500, "ftol": 1e-14},
        )
        if np.isfinite(found.x).all():
            ends.append(within(np.clip(found.x, low, high), low, high, members))
            stopped.append(bool(found.success))
    distances = np.array([aim.of(end) for end in ends])
    best = foremost(distances, falling=False)
    agree = int((distances < distances.min() + ALIKE).sum())
    converged = distances.min() < SAME or (agree >= AGREE and any(stopped[k] for k in best))
    return [ends[k] for k in in_order(distances, falling=False)], bool(converged)


def within(
    p: np.ndarray, low: np.ndarray, high: np.ndarray, members: list[tuple[np.ndarray, float]]
) -> np.ndarray:
    """Points, (d,) or (m, d), moved between their limits so that every group has its sum."""
    rows = np.atleast_2d(p).copy()
    for at, sum_ in members:
        lo, hi = low[at].sum(), high[at].sum()
        if not lo - 1e-9 <= sum_ <= hi + 1e-9:
            raise InputError(
                say(
                    zh="一组指标应合计{sum:g}分，但上下限只允许{lo:g}至{hi:g}分",
                    en="a group must sum to {sum:g} points, the limits allow {lo:g} to {hi:g}",
                    sum=sum_,
                    lo=lo,
                    hi=hi,
                )
            )
        gap = sum_ - rows[:, at].sum(axis=1, keepdims=True)
        room = np.where(gap > 0, (high - rows)[:, at], (rows - low)[:, at])
        rows[:, at] += gap * room / np.maximum(room.sum(axis=1, keepdims=True), 1e-300)
    return rows.reshape(p.shape)


def few_enough(aim: Aim, grid: Allocations) -> bool:
    """Whether all points in whole steps can be gone through."""
    count = grid.count()
    return count <= MOST and aim.work(count) <= WORK


def best_of_all(aim: Aim, grid: Allocations, present: np.ndarray) -> np.ndarray:
    """Of all points in whole steps the nearest; of several the one that moves the fewest points,
    then the first."""
    found, distances = [], []
    for part in grid.every():
        distance = aim.distance(part)
        near = foremost(distance, falling=False)
        found.append(part[near])
        distances.append(distance[near])
    together = np.concatenate(found)[foremost(np.concatenate(distances), falling=False)]
    moved = np.abs(together - present).sum(axis=1)
    return _whole(together[foremost(moved, falling=False)[0]])


def improved(
    aim: Aim, grid: Allocations, ends: list[np.ndarray], scattered: np.ndarray
) -> np.ndarray:
    """The nearest points in whole steps that are found: from several starts, bettered by one or two
    transfers."""
    order = in_order(aim.distance(scattered), falling=False)
    starts = [grid.nearest(p) for p in [*ends[:8], *_apart(scattered[order], 8)]]
    different = list({tuple(start): start for start in starts}.values())
    found = [_descended(aim, grid, start) for start in different]
    distances = np.array([aim.of(points) for points in found])
    return _whole(found[foremost(distances, falling=False)[0]])


def _descended(aim: Aim, grid: Allocations, points: np.ndarray) -> np.ndarray:
    """Whole steps moved, one transfer at a time and where none helps two together, until nothing is
    nearer."""
    while True:
        changes = grid.transfers(points)
        distances = aim.distance(points + changes)
        order = in_order(distances, falling=False)
        if not len(order):
            return points
        if distances[order[0]] < aim.of(points) - SAME:
            points = points + changes[order[0]]
            continue
        few = changes[order[:PAIRS]]
        first, second = np.triu_indices(len(few), 1)
        both = points + few[first] + few[second]
        both = both[grid.allowed(both)]
        distances = aim.distance(both)
        if not len(both) or distances.min() >= aim.of(points) - SAME:
            return points
        points = both[foremost(distances, falling=False)[0]]


def _whole(points: np.ndarray) -> np.ndarray:
    """Multiples of a step as they are written, such as .3 for 3 × .1."""
    return np.array([float(f"{value:.10g}") for value in points])
