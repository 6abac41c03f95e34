"""Points in whole steps within limits: how many sets of points there are, all of them, the nearest,
and the neighbours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qtoolkit.engine.ties import foremost
from qtoolkit.errors import InputError
from qtoolkit.language import say

__all__ = ["Allocations", "Group", "allocations"]

CHUNK = 20_000  # sets of points at a time
TINY = 1e-9


@dataclass(frozen=True)
class Group:
    """Indicators that share a number of steps: their places, (k,), the least and most steps of
    each, (k,), and the sum."""

    places: np.ndarray
    least: np.ndarray
    most: np.ndarray
    total: int

    def count(self) -> int:
        """How many ways there are to share the steps out."""
        ways = [1] + [0] * self.total  # of spending 0, 1, 2 … steps on the indicators so far
        for low, high in zip(self.least.tolist(), self.most.tolist(), strict=True):
            up_to = list(itertools.accumulate(ways, initial=0))
            ways = [
                up_to[max(t - low + 1, 0)] - up_to[max(t - high, 0)] for t in range(self.total + 1)
            ]
        return ways[self.total]

    def shares(self) -> np.ndarray:
        """All of them, (count, k), in lexicographic order."""
        rows, spent = np.zeros((1, 0), int), np.zeros(1, int)
        for j in range(len(self.places)):
            after_low, after_high = self.least[j + 1 :].sum(), self.most[j + 1 :].sum()
            low = np.maximum(self.least[j], self.total - spent - after_high)
            width = np.maximum(
                np.minimum(self.most[j], self.total - spent - after_low) - low + 1, 0
            )
            parent = np.repeat(np.arange(len(rows)), width)
            steps = (
                np.arange(len(parent)) - np.repeat(np.cumsum(width) - width, width) + low[parent]
            )
            rows = np.column_stack([rows[parent], steps])
            spent = spent[parent] + steps
        return rows


@dataclass(frozen=True)
class Allocations:
    """Every allowed set of points in whole steps.

    `rest` (d,) holds the points of the indicators that cannot move, and is 0 elsewhere.

    >>> grid = allocations(
    ...     np.zeros(3), np.array([2.0, 2.0, 4.0]), [(np.ones(3, bool), 4.0)], 1.0
    ... )
    >>> grid.count(), np.concatenate(list(grid.every())).astype(int).tolist()[:2]
    (9, [[0, 0, 4], [0, 1, 3]])
    """

    step: float
    groups: tuple[Group, ...]
    rest: np.ndarray

    def count(self) -> int:
        """How many there are."""
        return math.prod(group.count() for group in self.groups)

    def points(self, steps: np.ndarray) -> np.ndarray:
        """Points, (…, d), of steps in the order of the groups' indicators; those that cannot move
        as they are."""
        result = np.broadcast_to(self.rest, (*steps.shape[:-1], self.rest.size)).copy()
        result[..., self._places()] = steps * self.step
        return result

    def _places(self) -> np.ndarray:
        return np.concatenate([np.zeros(0, int), *(group.places for group in self.groups)])

    def every(self) -> Iterator[np.ndarray]:
        """All sets of points, in parts of (m, d)."""
        shares = [group.shares() for group in self.groups]
        outer, inner = (shares[:-1], shares[-1]) if shares else ([], np.zeros((1, 0), int))
        for rows in itertools.product(*outer):
            before = np.concatenate([np.zeros(0, int), *rows])
            for start in range(0, len(inner), CHUNK):
                part = inner[start : start + CHUNK]
                yield self.points(np.column_stack([np.tile(before, (len(part), 1)), part]))

    def nearest(self, points: np.ndarray) -> np.ndarray:
        """Points, (d,), in whole steps: largest remainders within the limits, ties to the first."""
        result = []
        for group in self.groups:
            exact = points[group.places] / self.step
            steps = np.clip([math.floor(value + TINY) for value in exact], group.least, group.most)
            while steps.sum() != group.total:
                up = steps.sum() < group.total
                free = steps < group.most if up else steps > group.least
                left = np.where(free, exact - steps, np.nan)
                steps[foremost(left, falling=up)[0]] += 1 if up else -1
            result.append(steps)
        return self.points(np.concatenate([np.zeros(0, int), *result]))

    def transfers(self, points: np.ndarray) -> np.ndarray:
        """Changes, (m, d), that move 1, 2, 4, 8 … steps from one indicator to another of its group,
        within the limits."""
        changes = []
        for group in self.groups:
            steps = self._steps(points, group)
            for i, j in itertools.permutations(range(len(steps)), 2):
                room = min(steps[i] - group.least[i], group.most[j] - steps[j])
                for power in range(int(room).bit_length()):
                    change = np.zeros(points.size)
                    change[group.places[[i, j]]] = -self.step * 2**power, self.step * 2**power
                    changes.append(change)
        return np.array(changes).reshape(-1, points.size)

    def allowed(self, points: np.ndarray) -> np.ndarray:
        """Which sets of points, (m, d), lie within the limits; their sums are taken to be right."""
        inside = np.ones(len(points), bool)
        for group in self.groups:
            steps = self._steps(points, group)
            inside &= ((steps >= group.least) & (steps <= group.most)).all(axis=1)
        return inside

    def _steps(self, points: np.ndarray, group: Group) -> np.ndarray:
        return ((points[..., group.places] / self.step + 0.5) // 1).astype(int)


def allocations(
    low: np.ndarray, high: np.ndarray, members: list[tuple[np.ndarray, float]], step: float
) -> Allocations:
    """The sets of points in whole steps between low and high, (d,), in which every group of
    `members` keeps its sum.

    Indicators whose limits are equal keep those points, whole steps or not.

    Raises
    ------
    InputError
        A step that is not above 0, sums that are no whole steps, or limits within which there are
        none.
    """
    if not (step > 0 and math.isfinite(step)):
        raise InputError(
            say(
                zh="步长应大于0，现为{step:g}",
                en="the step must be above 0, found {step:g}",
                step=step,
            )
        )
    free, groups = high - low > TINY, []
    for at, sum_ in members:
        places = np.flatnonzero(at & free)
        if not places.size:
            continue
        own = sum_ - low[at & ~free].sum()
        total = int(own / step + 0.5)
        if abs(total * step - own) > TINY * max(sum_, 1.0):
            text = say(
                zh="一组指标可调的{sum:g}分应为步长{step:g}的整数倍",
                en="the {sum:g} points of a group that may move must be a multiple of the step "
                "{step:g}",
                sum=own,
                step=step,
            )
            raise InputError(text)
        least = np.array([math.ceil(value / step - TINY) for value in low[places]])
        most = np.array([math.floor(value / step + TINY) for value in high[places]])
        if (most < least).any() or not least.sum() <= total <= most.sum():
            text = say(
                zh="在上下限内没有步长{step:g}的分值",
                en="no points in steps of {step:g} lie within the limits",
                step=step,
            )
            raise InputError(text)
        groups.append(Group(places, least, most, total))
    groups.sort(key=Group.count)  # the largest is gone through innermost
    return Allocations(step, tuple(groups), np.where(free, 0.0, low))
