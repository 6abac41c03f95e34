"""Blanks shared out, in a program: what a unit scores at a node whose other children it leaves
blank.

Others of the node's children score N with D points; the points q of the blank ones are given by
the same ratio, so that they bring N·q/D. Units with the same blanks have s = q/D in common, and
N·s is a sum of products of s with single variables. Each product is enclosed by what its two
factors can be (McCormick, 1976), in each of some pieces of s; the pieces are drawn closer where a
solution lies (`Known.breaks`). And whatever is never negative, N − r·D with r the least ratio that
a unit can have, stays so times s above its least and below its greatest (Sherali and Adams, 1990).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from qtoolkit.robustness.programs import Group, Line, Name, Program, value, variables

VANISHED = 1e-9  # hundredths; with fewer points nothing is shared out
GONE = 1e7  # where s is as much, D has vanished
WIDE = (0.5, 1.0, 2.0, 4.0, 8.0, 32.0, 256.0, 1e4, GONE)  # where s is cut if it has no end
EVER = 0.1  # of s, where it has no end: as wide at least
AROUND = (1e-2, 1e-6)  # of the width of s: where pieces around a solution end
CLOSER, FINEST = 0.05, 1e-9  # of a piece: a closer one; of the width of s: the narrowest


@dataclass(frozen=True)
class Piece:
    """s = low + width·t, with 0 ≤ t ≤ 1, or with a width of 1 and no end: lines that are 1, t and
    each variable where s lies there, and zero where it does not, and those of the variables'
    products with t. However narrow the piece, they are of like size."""

    low: float
    width: float
    is_last: bool
    one: Line
    t: Line
    copies: dict[int, Line] = field(default_factory=dict)
    products: dict[int, Line] = field(default_factory=dict)

    def times(self, line: Line) -> tuple[Line, Line]:
        """A line, and its product with t, in this piece."""
        own, product = self.one.times(line.b), self.t.times(line.b)
        for v, factor in variables(line):
            own, product = own.plus(self.copies[v], factor), product.plus(self.products[v], factor)
        return own, product

    def times_part(self, line: Line) -> Line:
        """A line's product with s in this piece."""
        own, product = self.times(line)
        return own.times(self.low).plus(product, self.width)


@dataclass
class Part:
    """s = q/D of a group, its variable, and those of its products with others."""

    program: Program
    group: Group
    points: Line
    blank: Line
    products: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        program = self.program
        self.fewest, self.most = program.span(self.points)[0], program.span(self.blank)[1]
        low, high = 0.0, np.inf
        if not self.vanishes:
            most = self.most / self.fewest
            low, high = program.ratio_bounds(self.blank, self.points, most)
        self.low, self.high = low, high
        self.variable = program.variable(low, high)
        self.whole = self._piece(low, high, program.constant(1.0))
        program.add(self._left(self.whole, program.of(self.variable)), 0.0, 0.0)
        breaks = {*program.known.breaks.get(self.group, ()), *(WIDE if self.vanishes else ())}
        marks = [low, *sorted(each for each in breaks if low < each < high), high]
        self.pieces = self._cut(marks) if len(marks) > 2 else [self.whole]
        all_shared = self.product(self.points).minus(self.blank)
        if self.vanishes:
            program.add(all_shared, high=0.0)
            self._all_shared()
        else:
            program.add(all_shared, 0.0, 0.0)

    @property
    def vanishes(self) -> bool:
        """Whether there may be no points left to share out by."""
        return self.fewest <= VANISHED

    def at(self, x: np.ndarray) -> float:
        """s at a solution; NaN where the points have vanished."""
        points, blank = value(self.points, x), value(self.blank, x)
        return blank / points if points > max(VANISHED, 2 * blank / GONE) else np.nan

    def given(self, scored: Line) -> Line:
        """What a unit is given for its blanks, N·s."""
        least, greatest = self.program.ratio_bounds(scored, self.points, 1.0)
        if self.vanishes:
            least = 0.0
        found = self.program.variable(min(least * self.most, 0.0), greatest * self.most)
        given = self.program.enveloped(found, self.blank.times(least), self.blank.times(greatest))
        self.program.add(self.product(scored).minus(given), 0.0, 0.0)
        above, below = scored.plus(self.points, -least), self.points.times(greatest).minus(scored)
        self._never_negative(above, [self.whole])
        self._never_negative(below, [self.whole])
        return given

    def product(self, line: Line) -> Line:
        """A line times s."""
        total = self.program.of(self.variable, line.b)
        for v, factor in variables(line):
            total = total.plus(self.program.of(self._product_with(v), factor))
        return total

    def _piece(self, low: float, high: float, one: Line) -> Piece:
        program, has_end = self.program, np.isfinite(high)
        t = program.of(program.variable(0.0, 1.0 if has_end else np.inf))
        if has_end:
            program.add(one.minus(t), low=0.0)
        return Piece(low, high - low if has_end else 1.0, not has_end, one, t)

    def _left(self, piece: Piece, part: Line) -> Line:
        return part.minus(piece.one.times(piece.low)).minus(piece.t.times(piece.width))

    def _cut(self, marks: Sequence[float]) -> list[Piece]:
        program, pieces = self.program, []
        names: list[Name] = [("piece", *self.group, *ends) for ends in pairwise(marks)]
        rest, program.encloses = program.of(self.variable), True
        for name, ends in zip(names, pairwise(marks), strict=True):
            pieces.append(self._piece(*ends, program.of(program.switch(*name))))
            rest = self._left(pieces[-1], rest)
        program.add(rest, 0.0, 0.0)
        program.encloses = False
        program.enough(names, 1, 1)
        return pieces

    def _all_shared(self) -> None:
        """All that is blank is shared out wherever points are left to share it out by."""
        program, rest = self.program, self.blank
        program.encloses = True
        for piece in self.pieces:
            blank = program.of(program.variable(0.0, self.most))
            program.add(piece.one.times(self.most).minus(blank), low=0.0)
            left = blank.minus(piece.times_part(self.points))
            program.add(left, 0.0, np.inf if piece.is_last else 0.0)
            rest = rest.minus(blank)
        program.add(rest, 0.0, 0.0)
        program.encloses = False

    def _product_with(self, v: int) -> int:
        """The variable that is x_v·s."""
        if v in self.products:
            return self.products[v]
        program, x = self.program, self.program.of(v)
        low, high = program.low[v], program.high[v]
        bottom = low * (self.high if low < 0 else self.low)
        top = high * self.high if high > 0 else 0.0
        if v < program.d:  # its points are some of those by which the blanks are shared out
            top = min(top, self.most)
        found = self.products[v] = program.variable(bottom, top)
        self._copy(self.whole, v, x)
        program.add(program.of(found).minus(self.whole.times_part(x)), 0.0, 0.0)
        if len(self.pieces) > 1:
            rest, shared, program.encloses = x, program.of(found), True
            for piece in self.pieces:
                own = program.of(program.variable(min(low, 0.0), max(high, 0.0)))
                program.add(own.plus(piece.one, -low), low=0.0)
                program.add(piece.one.times(high).minus(own), low=0.0)
                self._copy(piece, v, own)
                rest, shared = rest.minus(own), shared.minus(piece.times_part(x))
            program.add(rest, 0.0, 0.0)
            program.add(shared, 0.0, 0.0)
            program.encloses = False
        self._never_negative(x.raised(-low), self.pieces)
        self._never_negative(x.times(-1.0).raised(high), self.pieces)
        return found

    def _copy(self, piece: Piece, v: int, own: Line) -> None:
        low, high = self.program.low[v], self.program.high[v]
        if piece.is_last:
            low, high = (-np.inf if low < 0 else 0.0), np.inf
        times = self.program.variable(min(low, 0.0), max(high, 0.0))
        piece.copies[v], piece.products[v] = own, self.program.of(times)

    def _never_negative(self, line: Line, pieces: Sequence[Piece]) -> None:
        """line ≥ 0, so in each piece line·t ≥ 0 and line·(1 − t) ≥ 0."""
        self.program.encloses = True
        for piece in pieces:
            own, product = piece.times(line)
            self.program.add(product, low=0.0)
            if not piece.is_last:
                self.program.add(own.minus(product), low=0.0)
        self.program.encloses = False

    def add_tangents(self, x: np.ndarray) -> None:
        """Rows by which all products go along their tangents at a solution; where the points have
        vanished they stay so, and nothing is shared out."""
        program, s = self.program, self.at(x)
        part = program.of(self.variable)
        if np.isnan(s):
            program.add(self.points, high=VANISHED)
            program.add(part, 0.0, 0.0)
            s = 0.0
        else:
            program.add(self.product(self.points).minus(self.blank), 0.0, 0.0)
        for v, product in self.products.items():
            tangent = program.of(v, s).raised(-s * float(x[v])).plus(part, float(x[v]))
            program.add(tangent.minus(program.of(product)), 0.0, 0.0)

    def cut_around(self, x: np.ndarray) -> bool:
        """Break s around a solution, for the next program; whether a break is new."""
        at, low, high = self.at(x), self.low, self.high
        if np.isnan(at):
            return False
        marks = self.program.known.breaks.setdefault(self.group, [])
        width, known = high - low if np.isfinite(high) else max(at, EVER), len(marks)
        for around in AROUND:
            _mark(marks, at, around * width, (low, high))
        within = min([each for each in marks if each > at], default=high)
        within -= max([each for each in marks if each <= at], default=low)
        if len(marks) == known and FINEST * width < within < np.inf:
            _mark(marks, at, CLOSER * within, (low, high))
        return len(marks) > known


def _mark(marks: list[float], at: float, around: float, ends: tuple[float, float]) -> None:
    """Breaks on both sides, but where one is near already."""
    for mark in (at - around, at + around):
        near = min((abs(mark - each) for each in marks), default=np.inf)
        if ends[0] < mark < ends[1] and near > around / 2:
            marks.append(mark)


def share_out(program: Program, group: Group, scored: Line, points: Line, blank: Line) -> Line:
    """N·q/D: what the points `blank` bring a unit that scores `scored` with `points`."""
    if group not in program.parts:
        program.parts[group] = Part(program, group, points, blank)
    return program.parts[group].given(scored)
