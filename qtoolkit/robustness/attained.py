"""The worst and the best grade that a unit has anywhere in a region of points, to the end: grades
beyond which none occurs, and points of the region at which the engine gives them.

Whether a unit loses a grade, or gains one, somewhere in the region is asked way by way
(`conditions.ways`), each a program without a cost. Where it has no solution, not even a little
outside the region, the grade does not occur; a solution is solved again a little beyond every limit
and graded. What neither proves is a bound.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.regions.bound import Area, BoxArea
from qtoolkit.robustness.certificates import DOWN, UP
from qtoolkit.robustness.closing import (
    EACH,
    HUNDRED,
    QUICK,
    ROUNDS,
    Found,
    Measure,
    Search,
    near_region,
)
from qtoolkit.robustness.conditions import Way, ways
from qtoolkit.robustness.programs import Known, Program

EDGE = 1e-6  # hundredths of the total outside the region: a proof holds that far
CLEAR = 1e-4  # hundredths beyond every limit, where a witness is looked for first
INWARDS = (0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)  # shares of the way to the middle of the region


@dataclass
class Inside(Measure):
    """0 inside a region, ∞ outside: no point of it is nearer than another."""

    result: Assessment
    area: Area
    most: float = 1.0

    @cached_property
    def middle(self) -> np.ndarray:
        """A point well inside, (d,)."""
        eye = np.eye(self.points.size)
        return self.area.maximise(np.concatenate([eye, -eye])).mean(axis=0)

    @cached_property
    def start(self) -> np.ndarray:
        """The scheme's points where they lie in the region, else its middle."""
        return self.points if self.of(self.points) == 0 else self.middle

    def of(self, p: np.ndarray) -> float:
        return 0.0 if self.area.contains(p[None])[0] else np.inf

    def program(self, radius: float, at_least: float, known: Known) -> Program:
        """All points no farther than `radius` hundredths outside the region."""
        area, scale = self.area, self.scale
        lo = np.maximum(area.lo * scale - radius, 0.0)
        program = Program(lo, area.hi * scale + radius, HUNDRED, known)
        program.most = 1.0  # nothing costs anything: what would cost so much cannot be
        if not isinstance(area, BoxArea):
            near_region(program, area.system, scale, radius)
        return program

    def bound(self, cost: float) -> float:
        return cost

    def towards(self, wish: np.ndarray, far: np.ndarray) -> np.ndarray:
        corner = self.area.maximise(wish[None])[0]
        return self.start + far[:, None] * (corner - self.start)

    def points_of(self, x: np.ndarray) -> np.ndarray:
        p = super().points_of(x)
        nearer = (p + share * (self.middle - p) for share in INWARDS)
        return next((q for q in nearer if self.of(q) == 0), p)


@dataclass
class Ends:
    """Of one unit, by side: no grade beyond `proven` occurs; `attained` is the outermost that does,
    at `points` (None where none is known)."""

    proven: list[int]
    attained: list[int]
    points: list[np.ndarray | None] = field(default_factory=lambda: [None, None])

    @property
    def met(self) -> bool:
        return self.proven == self.attained


@dataclass
class Within(Search):
    """Asks whether a unit's grade is below (DOWN) or above (UP) a grade somewhere in a region, the
    measure's; `asked` is the side and that grade's code."""

    asked: tuple[int, int] = (DOWN, 0)

    def changed(self, k: int, points: np.ndarray) -> np.ndarray:
        side, code = self.asked
        after = self.graded(k, side, points)
        return np.where(after < code if side == DOWN else after > code, side, -1)

    def ends(self, k: int, low: int, high: int, rows: np.ndarray, seconds: float) -> Ends:
        """The ends of unit k's grades, which lie between `low` and `high`; `rows` (m, d) are points
        of the region to begin with."""
        stop = time.monotonic() + seconds
        down, up = (self.graded(k, side, rows) for side in (DOWN, UP))
        found = Ends([low, high], [int(down.min()), int(up.max())])
        found.points = [rows[down.argmin()], rows[up.argmax()]]
        for side, step in ((DOWN, 1), (UP, -1)):
            while found.proven[side] != found.attained[side] and time.monotonic() < stop:
                self.asked = side, found.proven[side] + step
                there = self._occurs(k, stop)
                if there is None:
                    break
                if there.witness is None:
                    found.proven[side] += step
                else:
                    found.points[side] = there.witness
                    found.attained[side] = int(self.graded(k, side, there.witness[None])[0])
        return found

    def _occurs(self, k: int, stop: float) -> Found | None:
        """Whether what is asked occurs, then with a witness; None where that is not known."""
        found, known = Found(0.0), True
        self.seek(k, found, QUICK)
        side, code = self.asked
        for way in ways(self.result.engine, code, k):
            if way.side == side and found.witness is None:
                known &= self._settled(k, way, found, stop)
        return found if known or found.witness is not None else None

    def _settled(self, k: int, way: Way, found: Found, stop: float) -> bool:
        """Whether one way has a witness, which goes into `found`, or is proven not to occur."""
        known = Known()
        for _ in range(ROUNDS):
            program = self.measure.program(EDGE, 0.0, known)
            if not self._written(program, k, way).write(way):
                return True
            solution = program.solve(stop - time.monotonic())
            if solution.infeasible or solution.x is None:
                return solution.infeasible
            near = self._attain(k, program, solution.x, found, stop)
            if found.witness is not None or self._clearly(k, way, known, found, stop):
                return True
            parts, solutions = program.parts.values(), (near, solution.x)
            if not any([part.cut_around(x) for part in parts for x in solutions]):
                return False
        return False

    def _clearly(self, k: int, way: Way, known: Known, found: Found, stop: float) -> bool:
        """Whether there is a witness well beyond every limit, well inside the region."""
        program = self.measure.program(0.0, 0.0, deepcopy(known))  # of a narrower region
        if self._written(program, k, way).write(way):
            x = program.solve(stop - time.monotonic(), CLEAR).x
            if x is not None:
                self.keep(k, found, self.measure.points_of(x))
        return found.witness is not None


def close(
    search: Within, units: Sequence[int], spans: np.ndarray, rows: np.ndarray, seconds: float
) -> list[Ends]:
    """The ends of the grades of these units, within so many seconds in all.

    Parameters
    ----------
    spans : ndarray of int, (2, n)
        Grades beyond which none occurs.
    rows : ndarray, (m, units, d)
        Points of the region to begin with, for each of these units.
    """
    stop = time.monotonic() + seconds
    found = []
    for done, k in enumerate(units):
        left = max(stop - time.monotonic(), 0.0)
        own = min(4 * left / (len(units) - done), EACH)
        low, high = spans[:, k].tolist()
        found.append(search.ends(k, low, high, rows[:, done], own))
    return found
