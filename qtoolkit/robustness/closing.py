"""The least change of the points at which a unit's grade is another, to the end: a bound from
below that no points contradict, and points at which the engine gives another grade.

Each way in which a grade changes (`conditions.ways`) is one program. Its solution is a bound; with
its whole numbers kept it is solved again a little beyond every limit, and graded. Where blanks are
shared out (`sharedout`) the program encloses what is no straight line; about the solution it is
enclosed more closely and solved anew, until bound and witness meet or time is up. Nothing is
halved.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK, Engine, from_ticks, grade, score
from qtoolkit.engine.box import greedy
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.regions import Region, area_of
from qtoolkit.robustness.certificates import DOWN, UP
from qtoolkit.robustness.conditions import Way, Written, ways
from qtoolkit.robustness.fields import Field
from qtoolkit.robustness.programs import Known, Line, Program
from qtoolkit.solver import System

HUNDRED = 100.0
EACH, SHARE = 10.0, 0.05  # seconds for one unit at most; of those left, for each at least
SPARES = (1e-8, 1e-7, 1e-6, 1e-5)  # hundredths of the total beyond a limit, until it is passed
MEET = 1e-5  # of a band, or hundredths of the total: bound and witness so near are one
ROUNDS = 6  # programs for one way, each with breaks at the last solution
SHORT = 0.999  # of the farthest, where points may vanish: looked at before
STARTS = 0.25  # of the farthest: where a program begins to look
NEWTON = range(2)  # steps along tangents before a witness is asked for
NUDGE = 1e-5  # of the total, by which rates are taken
NEAREST, GRID = 24, 24  # rivals, and distances, of a trial
TRIAL, QUICK, IN_ALL = 1e8, 5e6, 5e8  # leaf scores: of a trial, of a quick one, of all of these
TINY = 1e-12
NOTHING = 1e-10  # of the total: a solver's zero
OFF = 1e-7  # of a measure's unit, by which a solver's bound may be off
FIRST = 3  # of which so many need not close the gap by much
LITTLE = 0.1  # of a gap: what a further program has to close of it
WHOLE = 1e-4  # of a step, by which a bound may be off
EVEN = 1e-3  # ticks: what a step changes is whole ticks
COARSE = 1e-5  # points: a grain that a solver can tell from nothing
INSIDE = 1e-7  # of a limit, by which a point is inside it
DEPTHS = (0.5, 0.95, 1 - 1e-9)  # of a limit: where trials look inside it


class Measure(ABC):
    """How far points are from the scheme's: what is to be least."""

    result: Assessment
    most: float

    @property
    def steady(self) -> bool:
        """Whether all points nearer than a bound count, and not whole steps alone."""
        return True

    @property
    def unit(self) -> float:
        """What a solver sees as 1."""
        return 1.0

    @property
    def least(self) -> float:
        """What no other points are nearer than."""
        return 0.0

    @property
    def grain(self) -> float:
        """What scores differ by, at least, where they differ; 0 where that is not known."""
        return 0.0

    @cached_property
    def points(self) -> np.ndarray:
        return self.result.points.to_numpy()

    @cached_property
    def scale(self) -> float:
        """Hundredths of the total a point."""
        return HUNDRED / float(self.points.sum())

    @abstractmethod
    def of(self, p: np.ndarray) -> float:
        """Of points (d,)."""

    @abstractmethod
    def program(self, radius: float, at_least: float, known: Known) -> Program:
        """A program over all points no farther than `radius` whose cost is their measure in its
        own unit; nothing nearer than `at_least`."""

    @abstractmethod
    def bound(self, cost: float) -> float:
        """A cost as a measure."""

    def up(self, least: float) -> float:
        """What is not below a bound is not below this."""
        return least

    @abstractmethod
    def towards(self, wish: np.ndarray, far: np.ndarray) -> np.ndarray:
        """Points (m, d) that are `far` (m,) away and go for more of what is wished for, (d,)."""

    def points_of(self, x: np.ndarray) -> np.ndarray:
        """The points of a solution."""
        p = x[: self.points.size] / self.scale
        p = np.where(p > NOTHING * self.points.sum(), p, 0.0)
        return p * (self.points.sum() / p.sum())


@dataclass
class Band(Measure):
    """ρ: all points within ±ρ of the scheme's, the sum kept."""

    result: Assessment
    most: float = 1.0
    GAIN = 1e3  # the solver calls costs 1e-6 apart the same

    def of(self, p: np.ndarray) -> float:
        has = self.points > 0
        return float((np.abs(p - self.points)[has] / self.points[has]).max(initial=0.0))

    def program(self, radius: float, at_least: float, known: Known) -> Program:
        centre = self.points * self.scale
        program = Program(centre * (1 - radius), centre * (1 + radius), HUNDRED, known, centre)
        rho = program.variable(min(at_least, radius), radius)
        for j in np.flatnonzero(centre > 0).tolist():
            reach = program.of(rho, float(centre[j]))
            away = program.point(j).raised(-float(centre[j]))
            program.add(reach.minus(away), low=0.0)
            program.add(reach.plus(away), low=0.0)
        program.cost, program.most = {rho: self.GAIN}, self.GAIN * radius
        return program

    def bound(self, cost: float) -> float:
        return cost / self.GAIN

    def towards(self, wish: np.ndarray, far: np.ndarray) -> np.ndarray:
        box = self.points * far[:, None]
        wishes = np.broadcast_to(wish, box.shape)
        return greedy(wishes, self.points - box, self.points + box, float(self.points.sum()))


@dataclass
class Moved(Measure):
    """Points moved between indicators, the total kept.

    step : in multiples of it, where given
    region : stay inside it, where given
    movable : bool (d,), leaves whose points may move
    """

    result: Assessment
    movable: np.ndarray
    step: float | None = None
    region: Region | None = None
    most: float = field(init=False)

    @property
    def steady(self) -> bool:
        return self.step is None

    @property
    def unit(self) -> float:
        return 1 / self.scale

    @property
    def least(self) -> float:
        return self.step or 0.0

    @cached_property
    def grain(self) -> float:
        """In whole steps, straight scores differ by multiples of it, in points; 0 where it is too
        fine to tell."""
        e = self.result.engine
        if self.step is None or not e.plain.all():
            return 0.0
        sizes = e.slope[:, self.movable] * self.step / TICK
        if np.abs(sizes - np.rint(sizes)).max(initial=0.0) > EVEN:
            return 0.0
        reached = e.thresholds[e.thresholds < UNREACHABLE]
        whole = [np.rint(sizes), self.result.base, e.offset, e.late, reached]
        ticks = [np.unique(np.abs(np.asarray(x).astype(np.int64))) for x in whole]
        if e.rounding is not None:
            ticks.append(np.array([e.rounding.step // 2]))
        common = int(np.gcd.reduce(np.concatenate(ticks)))
        return common * TICK if common * TICK >= COARSE else 0.0

    def __post_init__(self) -> None:
        self.most = float(self.points.sum())

    def of(self, p: np.ndarray) -> float:
        return float(np.maximum(p - self.points, 0.0).sum())

    def program(self, radius: float, at_least: float, known: Known) -> Program:
        centre = self.points * self.scale
        reach = radius * self.scale * self.movable
        lo, hi = np.maximum(centre - reach, 0.0), np.minimum(centre + reach, HUNDRED)
        area = None if self.region is None else area_of(self.region, self.result)
        if area is not None:
            lo, hi = np.maximum(lo, area.lo * self.scale), np.minimum(hi, area.hi * self.scale)
            lo, hi = np.minimum(lo, hi), np.maximum(lo, hi)
        program = Program(lo, hi, HUNDRED, known, centre, radius * self.scale)
        if (centre < lo).any() or (centre > hi).any():  # a region without the scheme's points
            program = Program(lo, hi, HUNDRED, known)
        gains = []
        for j in np.flatnonzero(hi > lo).tolist():
            away = program.point(j).raised(-float(centre[j]))
            gain = program.variable(0.0, max(float(hi[j] - centre[j]), 0.0))
            program.add(program.of(gain).minus(away), low=0.0)
            gains.append(gain)
            if self.step is not None:
                size = self.step * self.scale
                low, high = (
                    np.ceil((lo[j] - centre[j]) / size - 1e-9),
                    np.floor((hi[j] - centre[j]) / size + 1e-9),
                )
                number = program.variable(low, high, integral=True)
                program.add(away.minus(program.of(number, size)), 0.0, 0.0)
        program.cost, program.most = dict.fromkeys(gains, 1.0), radius * self.scale
        total = Line(np.zeros(program.d), 0.0, program.cost)
        program.add(total, min(at_least, radius) * self.scale, radius * self.scale)
        if area is not None:
            near_region(program, area.system, self.scale)
        return program

    def bound(self, cost: float) -> float:
        return cost / self.scale

    def up(self, least: float) -> float:
        if self.step is None:
            return least
        return float(np.ceil(least / self.step - WHOLE)) * self.step

    def towards(self, wish: np.ndarray, far: np.ndarray) -> np.ndarray:
        if self.region is not None:
            end = area_of(self.region, self.result).maximise(wish[None])[0] - self.points
            return (
                self.points
                + np.minimum(far / max(self.of(self.points + end), TINY), 1.0)[:, None] * end
            )
        order = np.flatnonzero(self.movable)
        order = order[np.argsort(wish[order], kind="stable")]
        room = self.points[order]
        if self.step is not None:
            room = np.floor(room / self.step + 1e-9) * self.step
            far = np.floor(far / self.step + 1e-9) * self.step
        moved = np.tile(self.points, (far.size, 1))
        if order.size:
            taken = np.clip(far[:, None] - (np.cumsum(room) - room), 0.0, room)
            moved[:, order] -= taken
            moved[:, order[-1]] += taken.sum(axis=1)
        return moved

    def points_of(self, x: np.ndarray) -> np.ndarray:
        if self.step is None:
            p = super().points_of(x)
            return np.where(self.movable, p, self.points)
        steps = np.rint((x[: self.points.size] / self.scale - self.points) / self.step)
        return self.points + steps * self.step


def near_region(program: Program, s: System, scale: float, far: float = 0.0) -> None:
    """Rows that keep the points in a region's system, or each point so far from it at most."""
    z = [program.variable(lo * scale, hi * scale) for lo, hi in zip(s.lo, s.hi, strict=True)]
    for j, row in enumerate(s.transform):
        at = {z[i]: float(row[i]) for i in np.flatnonzero(row)}
        program.add(program.point(j).minus(Line(np.zeros(program.d), 0.0, at)), -far, far)
    for row, low, high in zip(s.rows, s.low, s.high, strict=True):
        at = {z[i]: float(row[i]) for i in np.flatnonzero(row)}
        program.add(Line(np.zeros(program.d), 0.0, at), low * scale, high * scale)


@dataclass
class Found:
    """What is known of one unit: no change is nearer than `at_least`; at `witness`, which is
    `at_most` away, its grade is another (on side `side`), as it is from the `edge` on."""

    at_least: float
    at_most: float = np.inf
    side: int = DOWN
    witness: np.ndarray | None = None
    edge: float = np.nan

    @property
    def met(self) -> bool:
        return self.at_most - self.at_least <= MEET or self.at_least == np.inf


@dataclass
class Road:
    """What is known of one way: no change by it is nearer than `low`; how closely its programs
    enclose what is no straight line, and how many there were."""

    way: Way
    low: float
    known: Known = field(default_factory=Known)
    rounds: int = 0
    goes_on: bool = True

    def done(self, closer: bool, rise: float, gap: float) -> None:
        """One more program is solved; whether another pays, if it encloses more closely."""
        self.rounds += 1
        pays = self.rounds < FIRST or rise > LITTLE * gap
        self.goes_on = closer and pays and self.rounds < ROUNDS


@dataclass
class Search:
    """Closes the gap for one unit after the other.

    engines, limits : pairs; leaves without data bring their least, their most; the cutoffs shifted
        up, shifted down
    """

    result: Assessment
    measure: Measure
    engines: tuple[Engine, Engine]
    limits: tuple[np.ndarray, np.ndarray]

    @cached_property
    def codes(self) -> np.ndarray:
        return self.result.grades.cat.codes.to_numpy()

    def graded(self, k: int, side: int, points: np.ndarray) -> np.ndarray:
        """Grades (m,) of unit k at rows of points (m, d), it and its rivals at the ends of what
        leaves without data may bring that this side is asked of; with the limits of that side."""
        own, theirs = self.engines[side], self.engines[1 - side]
        base = score(theirs, points)
        if own is not theirs:
            base[:, k] = score(own, points)[:, k]
        return grade(self.result.engine, base, self.limits[side])[:, k]

    def changed(self, k: int, points: np.ndarray) -> np.ndarray:
        """On which side the grade of unit k is another at rows of points, −1 where on none."""
        found = np.full(len(points), -1)
        for side in (DOWN, UP):
            after = self.graded(k, side, points)
            here = after < self.codes[k] if side == DOWN else after > self.codes[k]
            found[here] = side
        return found

    @cached_property
    def _rates(self) -> np.ndarray:
        """How much each unit gains by a small step up of each leaf's points, (n, d)."""
        points = self.measure.points
        small = NUDGE * points.sum()
        moved = score(self.result.engine, points + small * np.eye(points.size))
        return from_ticks(moved - self.result.base.to_numpy()).T / small

    def _wishes(self, k: int, most: float) -> np.ndarray:
        """What trials go for, (m, d), m no more than `most`: the rates of the unit, those of the
        nearest rivals over it, one by one and together."""
        gains = self._rates - self._rates[k]
        others = np.flatnonzero((np.abs(gains) > 0).any(axis=1))
        lead = np.abs(self.result.base.to_numpy() - self.result.base.iloc[k])[others]
        nearest = others[np.argsort(lead, kind="stable")][:NEAREST]
        together = np.cumsum(gains[nearest], axis=0)
        return np.concatenate([self._rates[[k]], gains[nearest], together])[: max(int(most), 1)]

    def _trials(self, wishes: np.ndarray, far: np.ndarray) -> np.ndarray:
        """Points (m, d) so `far` away in the direction of each wish and against it."""
        tried = [self.measure.towards(sign * wish, far) for wish in wishes for sign in (1, -1)]
        return np.concatenate(tried)

    def seek(self, k: int, found: Found, cells: float) -> float:
        """A witness by trial, for a start, as far as so many leaf scores allow; how many were
        taken."""
        size = self.result.engine.slope.size
        wishes = self._wishes(k, cells / (4 * GRID * size))
        taken, radius = 0.0, min(found.at_most, self.measure.most)
        for _ in range(2):
            far = found.at_least + (radius - found.at_least) * np.linspace(0, 1, GRID + 1)[1:]
            rows = self._trials(wishes, far)
            taken += len(rows) * size
            sides = self.changed(k, rows)
            hits = np.flatnonzero(sides >= 0)
            if not hits.size:
                break
            best = min(hits.tolist(), key=lambda i: (self.measure.of(rows[i]), i))
            self.keep(k, found, rows[best])
            radius = min(radius, found.at_most)
        return taken

    def close(self, k: int, found: Found, seconds: float) -> None:
        """Raise `at_least` and lower `at_most` of unit k until they meet or time is up."""
        stop = time.monotonic() + seconds
        start = found.at_least = max(found.at_least, self.measure.least)
        self.seek(k, found, TRIAL)
        roads = [
            Road(way, found.at_least) for way in ways(self.result.engine, int(self.codes[k]), k)
        ]
        while time.monotonic() < stop:
            open_ = [road for road in roads if road.goes_on and road.low < found.at_most - MEET]
            if not open_:
                break
            self._further(k, min(open_, key=lambda road: road.low), found, stop)
        least = min([road.low for road in roads], default=np.inf)
        found.at_least = max(found.at_least, min(least, found.at_most))
        if found.met and found.at_least < found.edge < found.at_most:
            found.at_least = found.edge
        if not self.confirmed(k, found):  # a solver that is off proves nothing
            found.at_least = start

    def confirmed(self, k: int, found: Found) -> bool:
        """Whether inside its limit the grade is still what it was: just inside on the way to the
        witness, and wherever a trial goes."""
        measure, least = self.measure, min(found.at_least, self.measure.most) * (1 - INSIDE)
        if least <= 0:
            return True
        wishes = self._wishes(k, QUICK / (2 * len(DEPTHS) * self.result.engine.slope.size))
        rows = self._trials(wishes, least * np.array(DEPTHS))
        if found.witness is not None and measure.steady:
            part = least / found.at_most
            rows = np.concatenate(
                [rows, [measure.points + part * (found.witness - measure.points)]]
            )
        other = rows[self.changed(k, rows) >= 0]
        return all(measure.of(p) > least for p in other)

    def _further(self, k: int, road: Road, found: Found, stop: float) -> None:
        """One program: what is known of a way is raised, or the way is at its end; a nearer
        witness goes into `found`."""
        most = self.measure.most
        short = SHORT * most
        # with blanks it is enough to show that nothing lies clearly nearer
        nearer = found.at_most - (MEET / 2 if road.known.breaks else 0.0)
        radius = min(nearer, max(2 * road.low, STARTS * most), most)
        if radius > short > road.low + MEET:  # where points may vanish is looked at last
            radius = short
        program, solution = self.measure.program(radius, road.low, road.known), None
        scale = self.measure.scale
        written = self._written(program, k, road.way)
        if written.write(road.way):
            solution = program.solve(stop - time.monotonic(), self.measure.grain / 2 * scale)
        if solution is None or solution.infeasible:
            road.low = np.inf if radius >= most else self._safe(radius)
            return
        before = road.low
        road.low = max(road.low, self._safe(min(self.measure.bound(solution.bound), radius)))
        if solution.x is None:
            road.goes_on = False
            return
        near = self._attain(k, program, solution.x, found, stop)
        if not self.measure.steady and found.at_most - road.low > MEET:
            clear = program.solve(stop - time.monotonic(), SPARES[-2])  # no tie is asked for
            if clear.x is not None:
                near = self._attain(k, program, clear.x, found, stop)
        closer = [part.cut_around(x) for part in program.parts.values() for x in (near, solution.x)]
        road.done(any(closer), road.low - before, min(found.at_most, most) - before)

    def _safe(self, least: float) -> float:
        """A bound less what a solver may be off by."""
        return self.measure.up(least - OFF * self.measure.unit)

    def _written(self, program: Program, k: int, way: Way) -> Written:
        sides = [way.side, 1 - way.side]
        fields = [Field(program, self.engines[side], self.measure.scale, side) for side in sides]
        if self.engines[DOWN] is self.engines[UP]:
            fields[1] = fields[0]
        limits = self.limits
        if way.step is None and way.side == DOWN:
            own = limits[DOWN]
        else:
            own = limits[UP]
        theirs = limits[UP] if way.side == DOWN else limits[DOWN]
        return Written(program, k, fields[0], fields[1], (own, theirs))

    def _attain(
        self, k: int, program: Program, x: np.ndarray, found: Found, stop: float
    ) -> np.ndarray:
        """Points a little beyond the limits of a solution, if the engine confirms them there; the
        last solution that was asked of it."""
        if not self.measure.steady:
            self.keep(k, found, self.measure.points_of(x))
            return x
        edge = np.nan
        for spare in (*[0.0] * (1 + len(program.parts and NEWTON)), *SPARES):
            further = program.beside(x, spare, stop - time.monotonic())
            if further is None:
                continue
            x, p = further, self.measure.points_of(further)
            if spare == 0:
                edge = self.measure.of(p)
            elif self.keep(k, found, p, edge):
                break
        return x

    def keep(self, k: int, found: Found, p: np.ndarray, edge: float = np.nan) -> bool:
        """Whether the grade of unit k is another at p, asked by itself: the last bits of a sum
        depend on what it is summed with. The nearest such points are kept, and the `edge` beyond
        which they lie."""
        side, far = int(self.changed(k, p[None])[0]), self.measure.of(p)
        if side >= 0 and far < found.at_most and far <= self.measure.most:
            found.at_most, found.side, found.witness, found.edge = far, side, p, edge
        return side >= 0


def try_changes(search: Search, units: Sequence[int], found: Sequence[Found]) -> None:
    """Changes of these units found by quick trials, as many as take little time."""
    left = IN_ALL
    for k, each in zip(units, found, strict=True):
        if left > 0:
            left -= search.seek(k, each, QUICK)


def least_changes(
    search: Search, units: Sequence[int], found: Sequence[Found], seconds: float
) -> None:
    """Close the gaps of these units, the narrowest first, within so many seconds in all; of them
    each of the first gets `SHARE`, whatever is left for the others."""
    stop = time.monotonic() + seconds
    try_changes(search, units, found)
    order = sorted(range(len(units)), key=lambda i: found[i].at_least)
    for done, i in enumerate(order):
        left = stop - time.monotonic()
        if left <= 0:
            return
        own = max(SHARE * left, 4 * left / (len(order) - done))
        search.close(units[i], found[i], min(own, EACH))
