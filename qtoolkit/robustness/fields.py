"""All units of an assessment as lines of a program: base scores, and what ranks compare.

In hundredths of the total, since a solver's tolerances are absolute. Where a score is no straight
line over the box it is built from its tree: deductions cut at zero, caps, blanks shared out. Of
what is none of these (another mean than the arithmetic, rounding below the total) only bounds
are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtoolkit.engine import TICK, Engine, affine, bounds, from_ticks
from qtoolkit.robustness.programs import Line, Program
from qtoolkit.robustness.sharedout import share_out

LARGE = 100_000  # cells of units whose scores are no lines, beyond which their bounds must do


@dataclass
class Lines:
    """One line a unit: A (n, d), b (n,), and what stands beside the points, by unit."""

    A: np.ndarray
    b: np.ndarray
    extra: dict[int, Mapping[int, float]]

    def of(self, k: int) -> Line:
        return Line(self.A[k], float(self.b[k]), self.extra.get(k, {}))

    def put(self, k: int, line: Line) -> None:
        self.A[k], self.b[k], self.extra[k] = line.A, line.b, line.extra


@dataclass
class Field:
    """The units as `engine` scores them, in a program whose points are in hundredths.

    scale : hundredths a point
    side : tells the switches of one engine from those of another
    """

    program: Program
    engine: Engine
    scale: float
    side: int

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The box in points."""
        return self.program.lo / self.scale, self.program.hi / self.scale

    @cached_property
    def bases(self) -> Lines:
        """Base scores."""
        A, b, straight, _ = affine(self.engine, *self.ends)
        found = Lines(A, b * self.scale, {})
        bent = np.flatnonzero(~straight).tolist()
        line = self._between if len(bent) * A.shape[1] > LARGE else self._tree
        for k in bent:
            found.put(k, line(k))
        return found

    @cached_property
    def keys(self) -> Lines:
        """What ranks compare, before rounding."""
        e = self.engine
        if e.rank_on_base:
            return self.bases
        after_rounding = e.round_first and e.rounding is not None
        added = np.zeros(len(e.slope)) if after_rounding else self._ticks(e.offset - e.late)
        found = Lines(self.bases.A.copy(), self.bases.b + added, dict(self.bases.extra))
        for k in np.flatnonzero(~self._uncapped).tolist():
            found.put(k, self._capped(k, found.of(k)))
        return found

    @cached_property
    def _uncapped(self) -> np.ndarray:
        """Units whose score stays clear of cap and floor over the box."""
        e = self.engine
        least, greatest = self.program.spans_of([self.bases.of(k) for k in range(len(e.slope))])
        step = 0 if e.rounding is None else e.rounding.step
        clear = greatest + self._ticks(e.offset + step) <= self._ticks(e.cap) + TICK
        if e.floor is not None:
            clear &= least + self._ticks(e.offset - e.late - step) >= self._ticks(e.floor) - TICK
        return clear

    def _capped(self, k: int, key: Line) -> Line:
        """A ranking score under the cap and above the floor; bounds alone where rounding comes
        first."""
        e, program = self.engine, self.program
        if e.round_first and e.rounding is not None:
            low, high = program.span(key)
            return program.between(low, high)
        top = float(self._ticks(e.cap - e.late[k]))
        key = program.least(key, program.constant(top), "cap", self.side, k)
        if e.floor is not None:
            bottom = program.constant(float(self._ticks(e.floor)))
            key = program.greatest(key, bottom, "floor", self.side, k)
        return key

    def _ticks(self, ticks: np.ndarray | int) -> np.ndarray:
        return from_ticks(ticks) * self.scale

    @cached_property
    def _outer(self) -> tuple[np.ndarray, np.ndarray]:
        """Proven bounds of all base scores."""
        low, high = bounds(self.engine, *self.ends, self.program.total / self.scale)
        return low * self.scale, high * self.scale

    def _between(self, k: int) -> Line:
        """Bounds of the base score of unit k alone."""
        return self.program.between(*(float(end[k]) for end in self._outer))

    def _tree(self, k: int) -> Line:
        """The base score of unit k, from its leaves up."""
        tree, d = self.engine.tree, self.engine.points.size
        if not tree.is_arithmetic or tree.rounds_inside:
            return self._between(k)
        lines = [None if tree.blank[k, j] else self._cell(k, j) for j in range(d)]
        full = [self.program.point(j) for j in range(d)]
        for i, children in enumerate(tree.children):
            lines.append(self._node(i, children, lines, full))
            full.append(_sum(self.program, [full[c] for c in children]))
        return lines[-1] or self.program.constant(0.0)

    def _node(
        self, node: int, children: tuple[int, ...], lines: list[Line | None], full: list[Line]
    ) -> Line | None:
        """A node's score: that of its scored children, and what they bring of the points of the
        others; None without any."""
        live = [(line, full[c]) for c in children if (line := lines[c]) is not None]
        dead = [full[c] for c in children if lines[c] is None]
        if not live:
            return None
        scored = _sum(self.program, [line for line, _ in live])
        if not dead:
            return scored
        points, blank = _sum(self.program, [p for _, p in live]), _sum(self.program, dead)
        group = (node, *(c for c in children if lines[c] is None))
        return scored.plus(share_out(self.program, group, scored, points, blank))

    def _cell(self, k: int, j: int) -> Line:
        """A leaf's score, or the mean of others' where the unit takes that."""
        for mean in self.engine.means:
            if (mean.unit, mean.leaf) == (k, j):
                peers = [self._leaf(peer, j) for peer in mean.peers.tolist()]
                return _sum(self.program, peers).times(1 / len(peers))
        return self._leaf(k, j)

    def _leaf(self, k: int, j: int) -> Line:
        """A leaf's score, cut at 0 and at its points."""
        point = self.program.point(j)
        slope, const = float(self.engine.slope[k, j]), float(self.engine.const[k, j])
        line = point.times(slope).raised(const * self.scale)
        if const != 0 or not 0 <= slope <= 1:
            line = self.program.least(line, point, "full", self.side, k, j)
            line = self.program.greatest(line, self.program.constant(0.0), "zero", self.side, k, j)
        return line


def _sum(program: Program, lines: list[Line]) -> Line:
    total = program.constant(0.0)
    for line in lines:
        total = total.plus(line)
    return total
