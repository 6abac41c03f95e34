"""A mixed-integer program over the points, written row by row: what the searches of `closing`
solve.

Points p lie in a box, Σp = total. Beside them stand variables for what is no straight line in the
points: the least and the greatest of two lines (a deduction cut at zero, a cap), and what blanks
are given (`sharedout`). All else is a row of lines, true always or where a switch is on.

A switch is asked for before the search begins: what does a solution cost at least where it is on,
where it is off, if all others may stand between? Where that is too much it stands the other way.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from qtoolkit.engine.box import greedy
from qtoolkit.solver import Solution, solve_milp

if TYPE_CHECKING:
    from qtoolkit.robustness.sharedout import Part

SLACK = 1e-4  # by which a switched row is loose where its switch is off
FLAT = 1e-9
Name = tuple[str | float, ...]  # of a switch, the same in all programs of a question
Group = tuple[int, ...]  # of blanks that are shared out alike: the node and its blank children
NODES = 1500  # of one program: what takes more stays a bound, on every machine alike
PROBES = (24, 64)  # switches, so that each is asked for: with fewer the search is quick enough
WHOLE, OFF = 1e-6, 1e-7  # off a whole number; off a bound, of the greatest cost
CHORDS = 6  # towards the bounds of a ratio


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
class Known:
    """What earlier programs of the same question have shown.

    breaks : where the part q/D of a group of blanks is cut into pieces
    least : the least cost where a switch is off, and where it is on
    """

    breaks: dict[Group, list[float]] = field(default_factory=dict)
    least: dict[Name, list[float]] = field(default_factory=dict)


def variables(line: Line) -> list[tuple[int, float]]:
    """The variables of a line, the points first, each with its factor."""
    found = [(int(j), float(line.A[j])) for j in np.flatnonzero(line.A)]
    return found + [(v, factor) for v, factor in line.extra.items() if factor]


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
    known : what earlier programs have shown
    centre : the points that cost nothing, if they lie in the box
    budget : how much may be moved away from them, where that is limited too
    """

    lo: np.ndarray
    hi: np.ndarray
    total: float
    known: Known
    centre: np.ndarray | None = None
    budget: float = np.inf

    def __post_init__(self) -> None:
        self.d = self.lo.size
        self.low, self.high = self.lo.tolist(), self.hi.tolist()
        self.integral = [False] * self.d
        self.cost: dict[int, float] = {}
        self.most = np.inf  # cost, whatever the solution
        self.rows: list[_Row] = []
        self.parts: dict[Group, Part] = {}  # by which blanks are shared out
        self.envelopes: dict[int, tuple[Line, Line]] = {}  # of variables: lines under and over
        self.switches: dict[Name, int] = {}
        self.counted: set[Name] = set()  # those that are asked for first
        self.encloses = self.probed = False
        self.add(Line(np.ones(self.d), 0.0), self.total, self.total)

    def variable(self, low: float, high: float, integral: bool = False) -> int:
        """A further variable: its number."""
        self.low.append(low)
        self.high.append(high)
        self.integral.append(integral)
        return len(self.low) - 1

    def switch(self, *name: str | float) -> int:
        """A variable that is 0 or 1; by its name it is known from earlier programs."""
        found = self.variable(0.0, 1.0, integral=True)
        if name:
            self.switches[name] = found
        return found

    def of(self, variable: int, factor: float = 1.0) -> Line:
        """A variable, or a point, as a line."""
        if variable < self.d:
            return self.point(variable).times(factor)
        return Line(np.zeros(self.d), 0.0, {variable: factor})

    def constant(self, number: float) -> Line:
        return Line(np.zeros(self.d), number)

    def point(self, j: int) -> Line:
        return Line(np.eye(self.d)[j], 0.0)

    def spans(self, A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and greatest A·p of rows A (m, d) over the box, Σp kept."""
        if np.isfinite(self.budget):
            middle = A @ self.centre
            return middle - self._gains(-A)[1].max(axis=1), middle + self._gains(A)[1].max(axis=1)
        high = (A * greedy(A, self.lo, self.hi, self.total)).sum(axis=1)
        low = (A * greedy(-A, self.lo, self.hi, self.total)).sum(axis=1)
        return low, high

    def _gains(self, A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Amounts that are moved, rising, and the most by which each raises A·p, both (m, 2d + 2):
        from the least A to the greatest, as far as each piece gains. Straight between."""
        order = np.argsort(A, axis=1)
        worth = np.take_along_axis(A, order, axis=1)
        take, give = (room[order] for room in (self.centre - self.lo, self.hi - self.centre))
        taken = np.cumsum(take, axis=1)
        given = np.cumsum(give[:, ::-1], axis=1)
        rest = np.tile([0.0, self.budget], (len(A), 1))
        ends = np.concatenate([taken, given, rest], axis=1)
        most = np.minimum(np.minimum(taken[:, -1:], given[:, -1:]), self.budget)
        moved = np.sort(np.minimum(ends, most), axis=1)
        ends = moved[:, :, None]
        used = np.clip(ends - (taken - take)[:, None, :], 0.0, take[:, None, :])
        added = np.clip(ends - (given - give[:, ::-1])[:, None, :], 0.0, give[:, ::-1][:, None, :])
        gains = (added * worth[:, ::-1][:, None, :]).sum(axis=2)
        gains -= (used * worth[:, None, :]).sum(axis=2)
        return moved, np.maximum.accumulate(gains, axis=1)

    def least_costs(self, lines: Sequence[Line]) -> np.ndarray:
        """What no points at which a line (m,) is not negative cost less than."""
        if self.centre is None or not lines:
            return np.zeros(len(lines))
        flat = [self._flat(line, True) for line in lines]
        A, b = np.stack([each.A for each in flat]), np.array([each.b for each in flat])
        need = -(A @ self.centre + b) - SLACK
        if not np.isfinite(self.budget):  # all within a band: what is gained rises straight
            room = self.spans(A)[1] + b + need
            return self.most * np.clip(need / np.maximum(room, FLAT), 0.0, 1.0)
        moved, gains = self._gains(A)
        reached = gains >= need[:, None]
        at = np.maximum(reached.argmax(axis=1), 1)[:, None]
        ends = [np.take_along_axis(x, i, 1)[:, 0] for x in (gains, moved) for i in (at - 1, at)]
        rise = np.maximum(ends[1] - ends[0], FLAT)
        costs = ends[2] + (ends[3] - ends[2]) * np.clip((need - ends[0]) / rise, 0.0, 1.0)
        return np.where(reached.any(axis=1), costs, self.most)

    def span(self, line: Line) -> tuple[float, float]:
        """Bounds of a line's value."""
        low, high = self.spans_of([line])
        return float(low[0]), float(high[0])

    def spans_of(self, lines: Sequence[Line]) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of the values of lines, each (m,)."""
        if not lines:
            return np.zeros(0), np.zeros(0)
        flat = [self._flat(line, over) for line in lines for over in (False, True)]
        b = np.array([each.b for each in flat])
        low, high = self.spans(np.stack([each.A for each in flat]))
        return low[::2] + b[::2], high[1::2] + b[1::2]

    def _flat(self, line: Line, over: bool) -> Line:
        """A line of the points alone that lies nowhere over it, or nowhere under it."""
        A, b = line.A, line.b
        for v, factor in line.extra.items():
            if v in self.envelopes:
                each = self.envelopes[v][over == (factor > 0)]
                A, b = A + factor * each.A, b + factor * each.b
            else:
                b += factor * (self.high if over == (factor > 0) else self.low)[v]
        return Line(A, b)

    def enveloped(self, v: int, under: Line, over: Line) -> Line:
        """A variable that lies nowhere under one line and nowhere over the other."""
        self.envelopes[v] = self._flat(under, False), self._flat(over, True)
        return self.of(v)

    def add(
        self, line: Line, low: float = -np.inf, high: float = np.inf, strict: bool = False
    ) -> None:
        """low ≤ line ≤ high. `strict`: a row that a witness has to fulfil with something to spare,
        on the one side that is bounded."""
        self.rows.append(self._row(line, low, high, strict))

    def _row(
        self, line: Line, low: float = -np.inf, high: float = np.inf, strict: bool = False
    ) -> _Row:
        columns = np.concatenate([np.flatnonzero(line.A), np.array([*line.extra], int)])
        factors = np.concatenate([line.A[line.A != 0], np.array([*line.extra.values()], float)])
        return _Row(columns, factors, low - line.b, high - line.b, strict, self.encloses)

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

    def enough(self, names: Sequence[Name], number: int, most: float = np.inf) -> None:
        """At least so many of these switches are on, and no more than `most`."""
        on = {self.switches[name]: 1.0 for name in names}
        self.add(Line(np.zeros(self.d), 0.0, on), number, most)
        self.counted.update(names)

    def costs(self, least: float) -> None:
        """Nothing costs less."""
        self.add(Line(np.zeros(self.d), 0.0, self.cost), low=min(least, self.most))

    def greatest(self, first: Line, second: Line, *name: str | float) -> Line:
        """max(first, second)."""
        low, high = self.span(first.minus(second))
        if low >= 0 or high <= 0:
            return first if low >= 0 else second
        ends = [self.span(line) for line in (first, second)]
        top = self.variable(max(ends[0][0], ends[1][0]), max(ends[0][1], ends[1][1]))
        secant = first.minus(second).raised(-low).times(high / (high - low))
        found = self.enveloped(top, first, second.plus(secant))
        is_first = self.switch(*name)
        self.add(found.minus(first), low=0.0)
        self.add(found.minus(second), low=0.0)
        self.add_where({is_first: True}, first.minus(found), least=-max(-low, 0.0))
        self.add_where({is_first: False}, second.minus(found), least=-max(high, 0.0))
        return found

    def least(self, first: Line, second: Line, *name: str | float) -> Line:
        """min(first, second)."""
        return self.greatest(first.times(-1.0), second.times(-1.0), *name).times(-1.0)

    def between(self, low: float, high: float) -> Line:
        """Something of which only bounds are known."""
        return self.of(self.variable(low, high))

    def ratio_bounds(self, top: Line, bottom: Line, most: float) -> tuple[float, float]:
        """Bounds of top / bottom, which is `most` at most and not negative.

        The least of top − r·bottom falls with r and is concave, so its chord to a greater ratio
        meets zero before the least ratio, however few chords are drawn (Dinkelbach, 1967).
        """
        ends = []
        for sign in (1.0, -1.0):
            line, ratio, beyond = top.times(sign), min(0.0, sign * most), max(0.0, sign * most)
            over = self.span(line.plus(bottom, -beyond))[0]
            for _ in range(CHORDS):
                gap = self.span(line.plus(bottom, -ratio))[0]
                if gap <= FLAT or over >= 0:
                    break
                ratio += (beyond - ratio) * gap / (gap - over)
            ends.append(sign * ratio)
        return ends[0], ends[1]

    def solve(self, seconds: float, spare: float = 0.0) -> Solution:
        """Minimise the cost, strict rows with so much to spare."""
        stop = time.monotonic() + seconds
        if not self.probed:
            self.probed = True
            if not self._probe(stop):
                return Solution(None, -np.inf, True)
        rows, low, high = [*self.rows, *self._shown()], np.array(self.low), np.array(self.high)
        self._fix(low, high)
        return self._solved(rows, low, high, spare, stop - time.monotonic())

    def _fix(self, low: np.ndarray, high: np.ndarray) -> None:
        """Switches that cannot stand one way at no more than the greatest cost stand the other."""
        for name, v in self.switches.items():
            off, on = self.known.least.get(name, (0.0, 0.0))
            low[v] = max(low[v], float(off >= self.most))
            high[v] = min(high[v], 1.0 - float(on >= self.most))

    def _shown(self) -> Iterator[_Row]:
        """cost ≥ what it is at least as a switch stands."""
        cost = Line(np.zeros(self.d), 0.0, self.cost)
        for name, v in self.switches.items():
            off, on = (min(x, self.most) for x in self.known.least.get(name, (0.0, 0.0)))
            if off != on:
                yield self._row(cost.plus(self.of(v), off - on), low=off)

    def _probe(self, stop: float) -> bool:
        """Learn the least cost where each switch stands as the linear program would not have it;
        whether there is any solution."""
        few, many = PROBES
        if not self.envelopes or not few <= len(self.switches) <= many:
            return True
        found = self._relaxed({}, stop)
        if found.x is None:
            return not found.infeasible
        for name, v in sorted(self.switches.items(), key=lambda it: it[0] not in self.counted):
            least = self.known.least.setdefault(name, [0.0, 0.0])
            for on in (0, 1):
                if abs(found.x[v] - on) > WHOLE and least[on] < self.most:
                    there = self._relaxed({v: on}, stop)
                    bound = self.most if there.infeasible else there.bound - OFF * self.most
                    least[on] = max(least[on], bound)
        return True

    def _relaxed(self, fixed: Mapping[int, float], stop: float) -> Solution:
        low, high = np.array(self.low), np.array(self.high)
        self._fix(low, high)
        for v, at in fixed.items():
            low[v] = high[v] = at
        rows = [*self.rows, *self._shown()]
        return self._solved(rows, low, high, 0.0, stop - time.monotonic(), whole=False)

    def beside(self, x: np.ndarray, spare: float, seconds: float) -> np.ndarray | None:
        """The least cost where the whole numbers of a solution are kept, every strict row has so
        much to spare, and N·q/D goes along its tangent at the solution; None where there is
        none."""
        low, high = np.array(self.low), np.array(self.high)
        whole = np.array(self.integral)
        low[whole] = high[whole] = np.rint(x[whole])
        rows = [row for row in self.rows if not row.encloses]
        known = len(self.rows)
        for part in self.parts.values():
            part.add_tangents(x)
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
