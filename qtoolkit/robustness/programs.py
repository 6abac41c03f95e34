"""A mixed-integer program over the points, written row by row: what the searches of `closing`
solve.

Points p lie in a box, Σp = total. Beside them stand variables for what is no straight line in the
points: the least and the greatest of two lines (a deduction cut at zero, a cap), and N·q/D (the
points q of blanks shared out where others score N with D points), enclosed piece by piece between
breaks of N/D. All else is a row of lines, true always or where a switch is on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from qtoolkit.engine.box import greedy
from qtoolkit.solver import Solution, solve_milp

SLACK = 1e-4  # by which a switched row is loose where its switch is off
FLAT = 1e-12
TINY = 1e-7  # hundredths, by which bounds of a variable are loose
Name = tuple[int, int, int]  # of a share: the side of new indicators, the unit, the node
VANISHED = 1e-9  # hundredths; with fewer to share out nothing is
NODES = 1500  # of one program: what takes more stays a bound, on every machine alike
ROUNDS = 40  # towards the bounds of a ratio


@dataclass(frozen=True)
class Line:
    """A·p + b + Σ extra[v]·x_v, with x_v a variable of the program beside the points."""

    A: np.ndarray
    b: float
    extra: Mapping[int, float] = field(default_factory=dict)

    def plus(self, other: Line, times: float = 1.0) -> Line:
        """This line and `times` the other."""
        extra = dict(self.extra)
        for variable, factor in other.extra.items():
            extra[variable] = extra.get(variable, 0.0) + times * factor
        return Line(self.A + times * other.A, self.b + times * other.b, extra)

    def minus(self, other: Line) -> Line:
        return self.plus(other, -1.0)

    def raised(self, by: float) -> Line:
        return Line(self.A, self.b + by, self.extra)

    def times(self, factor: float) -> Line:
        extra = {variable: factor * each for variable, each in self.extra.items()}
        return Line(factor * self.A, factor * self.b, extra)


@dataclass
class Breaks:
    """Where a share N·q/D is cut into pieces: breaks of N/D and of q/D."""

    ratios: list[float] = field(default_factory=list)
    parts: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Share:
    """N·q/D as a program has it: the lines, the variable beyond the middle ratio, and that
    ratio."""

    scored: Line
    points: Line
    blank: Line
    beyond: int
    middle: float

    def ratios(self, x: np.ndarray) -> tuple[float, float]:
        """N/D and q/D at a solution; NaN where the points have vanished."""
        scored, points, blank = self._at(x)
        if points <= VANISHED:
            return np.nan, np.nan
        return scored / points, blank / points

    def tangent(self, x: np.ndarray) -> Line:
        """What is 0 where the variable is the tangent of N·q/D at a solution."""
        scored, points, blank = self._at(x)
        points = max(points, VANISHED)
        ratio, part = scored / points, blank / points
        flat = self.scored.times(part).plus(self.blank, ratio).plus(self.points, -ratio * part)
        own = Line(np.zeros(flat.A.size), 0.0, {self.beyond: 1.0})
        return own.plus(self.blank, self.middle).minus(flat)

    def _at(self, x: np.ndarray) -> tuple[float, ...]:
        return tuple(value(line, x) for line in (self.scored, self.points, self.blank))


def value(line: Line, x: np.ndarray) -> float:
    """A line's value where all variables, the points first, are x."""
    return float(line.A @ x[: line.A.size] + line.b + sum(f * x[v] for v, f in line.extra.items()))


@dataclass(frozen=True)
class _Row:
    """low ≤ Σ factors·x[columns] ≤ high."""

    columns: np.ndarray
    factors: np.ndarray
    low: float
    high: float
    strict: bool
    encloses: bool  # part of what encloses N·q/D


@dataclass
class Program:
    """Variables and rows, in the making.

    lo, hi : (d,), the box of the points
    total : their sum
    centre, budget : points that lie in the box, and how much may be moved away from them, where
        that is limited too
    """

    lo: np.ndarray
    hi: np.ndarray
    total: float
    centre: np.ndarray | None = None
    budget: float = np.inf

    def __post_init__(self) -> None:
        self.d = self.lo.size
        self.low, self.high = self.lo.tolist(), self.hi.tolist()
        self.integral = [False] * self.d
        self.cost: dict[int, float] = {}
        self.rows: list[_Row] = []
        self.shares: dict[Name, Share] = {}
        self._encloses = False
        self.add(Line(np.ones(self.d), 0.0), self.total, self.total)

    def variable(self, low: float, high: float, integral: bool = False) -> int:
        """A further variable: its number."""
        self.low.append(low)
        self.high.append(high)
        self.integral.append(integral)
        return len(self.low) - 1

    def switch(self) -> int:
        return self.variable(0.0, 1.0, integral=True)

    def of(self, variable: int, factor: float = 1.0) -> Line:
        """A variable as a line."""
        return Line(np.zeros(self.d), 0.0, {variable: factor})

    def constant(self, number: float) -> Line:
        return Line(np.zeros(self.d), number)

    def point(self, j: int) -> Line:
        return Line(np.eye(self.d)[j], 0.0)

    def spans(self, A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and greatest A·p of rows A (m, d) over the box, Σp kept."""
        if self.centre is not None:
            middle = A @ self.centre
            return middle - self._gain(-A), middle + self._gain(A)
        high = (A * greedy(A, self.lo, self.hi, self.total)).sum(axis=1)
        low = (A * greedy(-A, self.lo, self.hi, self.total)).sum(axis=1)
        return low, high

    def _gain(self, A: np.ndarray) -> np.ndarray:
        """The most by which moving the budget raises A·p, (m,): from the least A to the greatest,
        as far as each piece gains."""
        order = np.argsort(A, axis=1)
        worth = np.take_along_axis(A, order, axis=1)
        take, give = (room[order] for room in (self.centre - self.lo, self.hi - self.centre))
        taken = np.cumsum(take, axis=1)
        given = np.cumsum(give[:, ::-1], axis=1)
        ends = np.concatenate([taken, given, np.full((len(A), 1), self.budget)], axis=1)
        most = np.minimum(np.minimum(taken[:, -1:], given[:, -1:]), self.budget)
        ends = np.minimum(ends, most)[:, :, None]
        used = np.clip(ends - (taken - take)[:, None, :], 0.0, take[:, None, :])
        added = np.clip(ends - (given - give[:, ::-1])[:, None, :], 0.0, give[:, ::-1][:, None, :])
        gains = (added * worth[:, ::-1][:, None, :]).sum(axis=2)
        gains -= (used * worth[:, None, :]).sum(axis=2)
        return np.maximum(gains.max(axis=1), 0.0)

    def span(self, line: Line) -> tuple[float, float]:
        """Bounds of a line's value, each variable on its own."""
        low, high = (float(end[0]) + line.b for end in self.spans(line.A[None]))
        for variable, factor in line.extra.items():
            ends = factor * self.low[variable], factor * self.high[variable]
            low, high = low + min(ends), high + max(ends)
        return low, high

    def add(
        self, line: Line, low: float = -np.inf, high: float = np.inf, strict: bool = False
    ) -> None:
        """low ≤ line ≤ high. `strict`: a row that a witness has to fulfil with something to spare,
        on the one side that is bounded."""
        columns = np.concatenate([np.flatnonzero(line.A), np.array([*line.extra], int)])
        factors = np.concatenate([line.A[line.A != 0], np.array([*line.extra.values()], float)])
        self.rows.append(
            _Row(columns, factors, low - line.b, high - line.b, strict, self._encloses)
        )

    def add_where(
        self, switches: Mapping[int, bool], line: Line, strict: bool = False, least: float = np.nan
    ) -> None:
        """line ≥ 0 where every one of these switches stands as given; `least`, if known, is what
        the line cannot fall below."""
        low = self.span(line)[0] if np.isnan(least) else least
        room = max(-low, 0.0) + SLACK
        for switch, on in switches.items():
            line = line.raised(room if on else 0.0)
            line = line.plus(self.of(switch), -room if on else room)
        self.add(line, low=0.0, strict=strict)

    def greatest(self, first: Line, second: Line) -> Line:
        """max(first, second)."""
        low, high = self.span(first.minus(second))
        if low >= 0 or high <= 0:
            return first if low >= 0 else second
        ends = [self.span(line) for line in (first, second)]
        top = self.variable(max(ends[0][0], ends[1][0]), max(ends[0][1], ends[1][1]))
        found, is_first = self.of(top), self.switch()
        self.add(found.minus(first), low=0.0)
        self.add(found.minus(second), low=0.0)
        self.add_where({is_first: True}, first.minus(found), least=-max(-low, 0.0))
        self.add_where({is_first: False}, second.minus(found), least=-max(high, 0.0))
        return found

    def least(self, first: Line, second: Line) -> Line:
        """min(first, second)."""
        return self.greatest(first.times(-1.0), second.times(-1.0)).times(-1.0)

    def between(self, low: float, high: float) -> Line:
        """Something of which only bounds are known."""
        return self.of(self.variable(low, high))

    def ratio_bounds(self, scored: Line, points: Line, most: float = 1.0) -> tuple[float, float]:
        """Bounds of scored / points, by Dinkelbach's iteration on the bounds of scored − r·points:
        valid whenever it stops. `most`: a bound that is known."""
        greatest = self.span(points)[1]
        ends = []
        for sign, ratio in ((1.0, 0.0), (-1.0, most)):
            for _ in range(ROUNDS):
                gap = self.span(scored.plus(points, -ratio).times(sign))[0]
                if gap <= FLAT * greatest:
                    break
                ratio += sign * gap / greatest
            ends.append(ratio)
        return ends[0], ends[1]

    def share(self, name: Name, scored: Line, points: Line, blank: Line, breaks: Breaks) -> Line:
        """N·q/D, scored·blank / points, enclosed between breaks of N/D and of q/D. Where N/D is at
        a break it is exact; beside one it is off by the distance times the width of the piece of
        q/D. Where the points may vanish N/D is anything from 0 on."""
        least, greatest = self.ratio_bounds(scored, points)
        fewest, q1 = self.span(points)[0], self.span(blank)[1]
        vanish = fewest <= VANISHED
        parts = (0.0, np.inf) if vanish else self.ratio_bounds(blank, points, q1 / fewest)
        least = 0.0 if vanish else least
        middle = (least + greatest) / 2
        reach = (greatest - least) / 2 * q1 + TINY
        beyond = self.variable(-reach, reach)
        w = self.of(beyond).plus(blank, middle)
        self._encloses = True
        ratios = self._pieces(scored, points, (least, greatest), breaks.ratios)
        for part, (fewer, more) in self._pieces(blank, points, parts, breaks.parts):
            for ratio, (low, high) in ratios:
                # (N/D − low)·q lies between (N − low·D) times the least and the greatest q/D
                above, below = w.plus(blank, -low), blank.times(high).minus(w)
                over, under = scored.plus(points, -low), points.times(high).minus(scored)
                for beside, room in ((above, over), (below, under)):
                    self.add_where(ratio | part, beside.plus(room, -fewer))
                    if np.isfinite(more):
                        self.add_where(ratio | part, room.times(more).minus(beside))
        self._encloses = False
        self.shares[name] = Share(scored, points, blank, beyond, middle)
        return w

    def _pieces(
        self, top: Line, bottom: Line, ends: tuple[float, float], breaks: Sequence[float]
    ) -> list[tuple[dict[int, bool], tuple[float, float]]]:
        """The pieces between breaks of top / bottom, one of which it lies in: the switches that
        tell, and the ends of each."""
        marks = [ends[0], *sorted({b for b in breaks if ends[0] < b < ends[1]}), ends[1]]
        switches = [self.switch() for _ in marks[2:]]
        found = [{on: True} for on in switches] + [dict.fromkeys(switches, False)]
        if switches:
            self.add(Line(np.zeros(self.d), 0.0, dict.fromkeys(switches, 1.0)), high=1.0)
        for piece, (low, high) in zip(found, pairwise(marks), strict=True):
            self.add_where(piece, top.plus(bottom, -low))
            if np.isfinite(high):
                self.add_where(piece, bottom.times(high).minus(top))
        return list(zip(found, pairwise(marks), strict=True))

    def solve(self, seconds: float, spare: float = 0.0) -> Solution:
        """Minimise the cost, strict rows with so much to spare."""
        return self._solved(self.rows, np.array(self.low), np.array(self.high), spare, seconds)

    def beside(self, x: np.ndarray, spare: float, seconds: float) -> np.ndarray | None:
        """The least cost where the whole numbers of a solution are kept, every strict row has so
        much to spare, and N·q/D goes along its tangent at the solution; None where there is
        none."""
        low, high = np.array(self.low), np.array(self.high)
        whole = np.array(self.integral)
        low[whole] = high[whole] = np.rint(x[whole])
        rows = [row for row in self.rows if not row.encloses]
        known = len(self.rows)
        for share in self.shares.values():
            self.add(share.tangent(x), 0.0, 0.0)
        rows += self.rows[known:]
        del self.rows[known:]
        return self._solved(rows, low, high, spare, seconds, whole=False).x

    def _solved(
        self,
        rows: Sequence[_Row],
        low: np.ndarray,
        high: np.ndarray,
        spare: float,
        seconds: float,
        whole: bool = True,
    ) -> Solution:
        from scipy.sparse import csr_array

        cost = np.zeros(low.size)
        cost[list(self.cost)] = list(self.cost.values())
        at = np.repeat(np.arange(len(rows)), [len(row.columns) for row in rows])
        columns = np.concatenate([row.columns for row in rows])
        factors = np.concatenate([row.factors for row in rows])
        matrix = csr_array((factors, (at, columns)), shape=(len(rows), low.size))
        least = np.array([row.low + spare * row.strict for row in rows])
        most = np.array([row.high - spare * row.strict for row in rows])
        integral = np.array(self.integral) & whole
        return solve_milp(cost, integral, low, high, matrix, least, most, seconds, NODES)
