"""Places among candidates for many cutoffs and quotas at once, in draws that are sorted once.

Quotas and last places do not disturb one another: a quota of a grade counts the units whose score
reaches that grade, and a step at a better grade takes none of them away; the last units are counted
whatever their grade. So a unit has a grade or a better one, before vetoes that come after, if and
only if its score reaches it, its place is within the quota of that grade and of every lower one,
and it is not among the last of a lower one. Arrays are units × draws here, (n, m): every step runs
along draws in memory, and truth values are packed along them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qtoolkit.engine.core import (
    Engine,
    RivalStep,
    grade,
    place_in,
    places,
    rank,
    threshold_grades,
    thresholds,
    vetoed,
)
from qtoolkit.engine.ticks import to_ticks

BITS = 64  # draws that a word holds


@dataclass(frozen=True)
class Standings:
    """Keys of many draws, sorted once.

    Attributes
    ----------
    key : ndarray of int, (m, n)
    order : ndarray of int, (n, m)
        Units from the highest key down.
    above : ndarray of int, (n, m)
        How many units have a higher key.
    """

    key: np.ndarray
    order: np.ndarray
    above: np.ndarray

    @cached_property
    def upto(self) -> np.ndarray:
        """How many units have the same key or a higher one, (n, m)."""
        return np.ascontiguousarray((self.key.shape[1] + 1 - rank(-self.key)).T)

    @cached_property
    def _ordered(self) -> np.ndarray:
        return _flat(self.order)

    @cached_property
    def _above(self) -> np.ndarray:
        return _flat(self.above)

    @cached_property
    def _upto(self) -> np.ndarray:
        return _flat(self.upto)

    def places(self, step: RivalStep, candidates: np.ndarray) -> np.ndarray:
        """The place of each candidate, (n, m), among those that are members: what the step compares
        with `most`. 0 of all others."""
        if step.members is not None:
            candidates = candidates & step.members[:, None]
        n, m = candidates.shape
        before = np.zeros((n + 1, m), np.int32)  # candidates among the first units of each draw
        np.cumsum(candidates.ravel()[self._ordered], axis=0, out=before[1:])
        count = before[-1]
        if step.counts_above:
            others = before.ravel()[self._above]
        else:
            others = count - before.ravel()[self._upto]
        return np.where(candidates, place_in(step, others, count), 0)


def _flat(rows: np.ndarray) -> np.ndarray:
    """Row numbers (n, m) as places in an array of as many columns, laid out in one row."""
    return rows * rows.shape[1] + np.arange(rows.shape[1])


def standings(key: np.ndarray) -> Standings:
    """Keys (m, n), such as `Engine.key` gives, sorted.

    >>> found = standings(np.array([[90, 95, 90]]))
    >>> found.above.T.tolist(), found.upto.T.tolist()
    ([[1, 0, 1]], [[3, 1, 3]])
    >>> found.places(RivalStep(1, 1), np.ones((3, 1), bool)).T.tolist()
    [[3, 1, 3]]
    """
    order, place = places(key)
    above = np.empty(key.shape, np.int64)
    np.put_along_axis(above, order, np.broadcast_to(place - 1, order.shape), axis=-1)
    return Standings(key, np.ascontiguousarray(order.T), np.ascontiguousarray(above.T))


@dataclass(frozen=True)
class Places:
    """One row of base scores graded with any number of places in some quotas.

    Attributes
    ----------
    numbers : ndarray of int
        0, and each number of places from which on somebody is within a quota.
    """

    e: Engine
    steps: tuple[RivalStep, ...]
    place: np.ndarray
    rest: np.ndarray

    @property
    def numbers(self) -> np.ndarray:
        return np.unique(np.append(self.place, 0))

    def graded(self, numbers: np.ndarray) -> np.ndarray:
        """Grades, int8 (m, n), with so many places in each of the quotas."""
        top = np.int8(self.e.cutoffs.shape[1])
        out = (self.place > numbers[:, None, None]).any(axis=1)
        held = np.where(out, np.int8(self.steps[0].grade - 1), top)
        return np.minimum(self.rest, vetoed(self.e, held))


def places_in(e: Engine, base: np.ndarray, grade_number: int) -> Places:
    """What quotas of one grade do with base scores (n,), whatever the number of places: that number
    decides who is within, and neither who is counted nor what other steps do."""
    steps = tuple(s for s in e.rivals if s.grade == grade_number and not s.last)
    others = tuple(s for s in e.rivals if s.last or s.grade != grade_number)
    counted_in = (threshold_grades(e, base, e.thresholds) >= grade_number)[:, None]
    stand = standings(e.key(base[None]))
    place = np.stack([stand.places(step, counted_in)[:, 0] for step in steps])
    return Places(e, steps, place, grade(replace(e, rivals=others), base))


def reaching(e: Engine, cutoffs: np.ndarray) -> np.ndarray:
    """Least base score in ticks that reaches each cutoff (…, n), vetoes left out; UNREACHABLE where
    none does."""
    highest = int(to_ticks(e.points.sum())) * e.tree.growth
    return thresholds(replace(e, veto_first=False), cutoffs[..., None], highest)[..., 0]


def packed(flags: np.ndarray) -> np.ndarray:
    """Truth values (…, m) as bits in words, uint64 (…, ⌈m / 64⌉)."""
    short = -flags.shape[-1] % BITS
    if short:
        flags = np.concatenate([flags, np.zeros((*flags.shape[:-1], short), bool)], axis=-1)
    return np.packbits(flags, axis=-1).view(np.uint64)


def counted(words: np.ndarray) -> np.ndarray:
    """How many bits are set along the last axis, int64.

    >>> counted(packed(np.array([[True, False, True], [False] * 3]))).tolist()
    [2, 0]
    """
    return np.bitwise_count(words).sum(axis=-1, dtype=np.int64)
