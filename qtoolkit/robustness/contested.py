"""The first change of anybody's grade along a straight line p + t·v, where grades depend on who is
ahead of whom.

On a line every score is a polynomial of t by another: base + t·rate, or L + N·q/D where the points
of blanks are shared out, with L, N, q and D straight. A grade can change only where a score passes
a line, or where somebody who holds a place and somebody who does not pass each other: at roots of
polynomials of degree 3 at most. Two that are rounded before they are compared can do so only while
their scores are within one rounding step, at the points of t at which one of them rounds to another
number. Between two such points nothing changes, so grading once between each pair finds the first
change, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK, RivalStep, from_ticks, grade, to_ticks
from qtoolkit.engine.core import limited, threshold_grades
from qtoolkit.engine.ticks import UNREACHABLE

SOON = 8  # events that are looked at together at first; twice as many each time
MOST = 100_000  # events along one line
FLAT, NEAR = 1e-13, 1e-7


@dataclass(frozen=True)
class First:
    """Along one line: `t`, where the first grade changes (∞ where none does up to the end; NaN
    where there was too much to look at), and all grades (n,) just beyond."""

    t: float
    after: np.ndarray


@dataclass(frozen=True)
class Path:
    """Base scores along a line, in points: polynomials of t by others.

    top : (n, 3), bottom : (n, 2), by rising powers; bottoms are positive
    """

    top: np.ndarray
    bottom: np.ndarray

    def at(self, t: np.ndarray) -> np.ndarray:
        """The scores at t (m,), (m, n)."""
        powers = t[:, None] ** np.arange(3)
        return (powers @ self.top.T) / (powers[:, :2] @ self.bottom.T)

    def least_bottom(self, end: float) -> float:
        """The least that a score is divided by, 0 ≤ t ≤ end."""
        return float(np.minimum(self.bottom[:, 0], self.bottom @ [1.0, end]).min())

    def at_each(self, t: np.ndarray, ahead: np.ndarray, behind: np.ndarray) -> np.ndarray:
        """The lead of some over others at t, (m,) each."""
        powers = t[:, None] ** np.arange(3)
        scores = [
            (powers * self.top[k]).sum(axis=1) / (powers[:, :2] * self.bottom[k]).sum(axis=1)
            for k in (ahead, behind)
        ]
        return scores[0] - scores[1]

    def turns(self, k: int) -> np.ndarray:
        """Where the score of unit k may turn from rising to falling."""
        (c, b, a), (d, e) = self.top[k], self.bottom[k]
        if a == 0 and e == 0:
            return np.empty(0)
        slope = np.array([a * e, 2 * a * d, b * d - c * e])  # of its derivative's top
        found = np.roots(slope)
        return found.real[np.abs(found.imag) <= NEAR]

    def meets(self, units: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Polynomials (m, 4) that are 0 where the units' scores (m,) are the values, and have the
        sign of what they are more."""
        found = np.zeros((len(units), 4))
        found[:, :3] = self.top[units]
        found[:, :2] -= values[:, None] * self.bottom[units]
        return found

    def leads(self, ahead: np.ndarray, behind: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The same where the leads of some over others (m,) are the values."""
        top, bottom = self.top, self.bottom
        alike = (bottom[ahead] == bottom[behind]).all(axis=1)
        found = np.zeros((len(ahead), 4))
        found[:, :3] = top[ahead] - top[behind]
        found[:, :2] -= values[:, None] * bottom[ahead]
        apart = np.flatnonzero(~alike)
        a, b = ahead[apart], behind[apart]
        found[apart] = 0.0
        for i in range(2):
            for j in range(3):
                found[apart, i + j] += top[a, j] * bottom[b, i] - top[b, j] * bottom[a, i]
            for j in range(2):
                found[apart, i + j] -= values[apart] * bottom[a, i] * bottom[b, j]
        return found


def roots(polynomials: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """All real roots with 0 ≤ t ≤ end of polynomials (m, 4), by rising powers: whose each is, and
    where it lies."""
    scaled = polynomials * end ** np.arange(4)  # t as a share of the end
    size = np.abs(scaled).max(axis=1)
    rows, found = [np.empty(0, int)], [np.empty(0)]
    degree = np.where(np.abs(scaled) > FLAT * size[:, None], np.arange(4), 0).max(axis=1)
    straight, bent = np.flatnonzero(degree == 1), np.flatnonzero(degree == 2)
    rows.append(straight)
    found.append(-scaled[straight, 0] / scaled[straight, 1])
    c, b, a, _ = scaled[bent].T
    with np.errstate(invalid="ignore", divide="ignore"):
        half = -0.5 * (b + np.where(b < 0, -1.0, 1.0) * np.sqrt(b * b - 4 * a * c))
        both = np.stack([half / a, c / half], axis=1)
    rows.append(np.repeat(bent, 2))
    found.append(both.ravel())
    for i in np.flatnonzero(degree == 3).tolist():
        all_ = np.roots(scaled[i, ::-1])
        real_ = all_.real[np.abs(all_.imag) <= NEAR * (1 + np.abs(all_.real))]
        rows.append(np.full(real_.size, i))
        found.append(real_)
    who, at = np.concatenate(rows), np.concatenate(found)
    inside = np.isfinite(at) & (at >= 0) & (at <= 1)
    return who[inside], at[inside] * end


class Contested:
    """Finds first changes of an assessment with quotas or last places."""

    def __init__(self, result: Assessment):
        self.result, self.engine = result, result.engine
        self.codes = result.grades.cat.codes.to_numpy()

    @cached_property
    def added(self) -> np.ndarray:
        """What ranks add to base scores, in points (n,)."""
        e = self.engine
        return np.zeros(len(e.slope)) if e.rank_on_base else from_ticks(e.offset - e.late)

    @cached_property
    def step(self) -> float:
        """The rounding step of what ranks compare, 0 without one."""
        rounding = None if self.engine.rank_on_base else self.engine.rounding
        return 0.0 if rounding is None else float(from_ticks(rounding.step))

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Who must not pass whom, (pairs,) each: of every step those within its places and those
        without; all pairs where ties decide."""
        n = len(self.codes)
        among = np.zeros((n, n), bool)
        for step in self.engine.rivals:
            members = np.ones(n, bool) if step.members is None else step.members
            inside, settled = self._inside(step, members)
            if settled:
                among |= np.outer(inside, members & ~inside)
            else:
                among |= np.outer(members, members)
        ahead, behind = np.nonzero(np.triu(among | among.T, 1))
        return ahead, behind

    def _inside(self, step: RivalStep, members: np.ndarray) -> tuple[np.ndarray, bool]:
        """Who is within the places of a step, (n,), and whether they are as many as there are
        places for, with nobody level across the limit."""
        e, base = self.engine, self.result.base.to_numpy()
        reached = threshold_grades(e, base, e.thresholds)
        candidates = members if step.last else members & (reached >= step.grade)
        best = np.where(candidates, e.thresholds.shape[1], 0).astype(np.int8)
        is_lowered = limited(best, e.key(base), step) < best
        inside = candidates & (is_lowered if step.last else ~is_lowered)
        return inside, inside.sum() == min(step.most, candidates.sum())

    def holds(self, first: np.ndarray, last: np.ndarray) -> bool:
        """Whether ranking scores are straight between two rows of base scores (n,): clear of cap
        and floor."""
        e = self.engine
        if e.rank_on_base:
            return True
        top, low = np.maximum(first, last), np.minimum(first, last)
        clear = top + from_ticks(e.offset) + self.step <= from_ticks(e.cap) + TICK
        if e.floor is not None:
            clear &= low + self.added - self.step >= from_ticks(e.floor) - TICK
        return bool(clear.all())

    def first(self, path: Path, end: float) -> First:
        """The first change along a path, 0 ≤ t ≤ end."""
        starts = self._starts(path, end)
        size, begun, before, seen = SOON, 0, 0.0, 0
        while True:
            size, begun = 2 * size, begun + size
            until = max(float(starts.at[begun]), before) if begun < len(starts.at) else end
            events = self._events(path, starts, before, until)
            seen += len(events)
            if seen > MOST:
                return First(np.nan, self.codes)
            marks = np.unique(np.concatenate([[before], events, [until]]))
            between = np.append((marks[1:] + marks[:-1]) / 2, until)
            graded = grade(self.engine, to_ticks(path.at(between)))
            changed = (graded != self.codes).any(axis=1)
            if changed.any():
                at = int(changed.argmax())
                return First(float(marks[at]), graded[at])
            if until >= end:
                return First(np.inf, self.codes)
            before = until

    def _starts(self, path: Path, end: float) -> _Starts:
        """Where something can begin to matter along a path, in order."""
        limits = self.engine.thresholds
        units, grades = np.nonzero(limits < UNREACHABLE)
        values = from_ticks(limits[units, grades]) - TICK / 2
        _, crossed = roots(path.meets(units, values), end)
        ahead, behind = self.pairs
        first, last, which = self._near(path, ahead, behind, end)
        return _Starts(
            np.sort(np.concatenate([crossed, first])),
            crossed,
            first,
            last,
            np.stack([ahead[which], behind[which]]),
        )

    def _near(
        self, path: Path, ahead: np.ndarray, behind: np.ndarray, end: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """From where to where pairs are within a rounding step, and which pairs; without rounding,
        where they pass each other."""
        apart = self.added[behind] - self.added[ahead]
        if not self.step:
            which, t = roots(path.leads(ahead, behind, apart), end)
            return t, t, which
        ends = [roots(path.leads(ahead, behind, apart + s * self.step), end) for s in (-1, 1)]
        pairs = np.arange(len(ahead))
        who = np.concatenate([pairs, pairs, *(each[0] for each in ends)])
        t = np.concatenate([np.zeros(len(pairs)), np.full(len(pairs), end), *(e[1] for e in ends)])
        order = np.lexsort((t, who))
        who, t = who[order], t[order]
        here = np.flatnonzero(who[1:] == who[:-1])
        which, first, last = who[here], t[here], t[here + 1]
        middle = path.at_each((first + last) / 2, ahead[which], behind[which])
        near = np.abs(middle - apart[which]) <= self.step + TICK
        return first[near], last[near], which[near]

    def _events(self, path: Path, starts: _Starts, after: float, until: float) -> np.ndarray:
        """Where a grade can change in after ≤ t ≤ until."""
        crossed = starts.crossed
        found = [crossed[(crossed >= after) & (crossed <= until)]]
        open_ = np.flatnonzero((starts.first <= until) & (starts.last >= after))
        if not self.step:
            return np.concatenate([*found, starts.first[open_]])
        windows: dict[int, list[tuple[float, float]]] = {}
        for i in open_.tolist():
            span = max(float(starts.first[i]), after), min(float(starts.last[i]), until)
            for k in starts.pairs[:, i].tolist():
                windows.setdefault(k, []).append(span)
        for k, spans in windows.items():
            found += [self._rounds(path, k, *span) for span in spans]
        return np.concatenate(found)

    def _rounds(self, path: Path, k: int, start: float, end: float) -> np.ndarray:
        """Where a unit's score rounds to another number between two points of a path."""
        e = self.engine
        off = (0.0 if e.round_first else self.added[k]) - TICK / 2
        half = self.step / 2 if e.rounding is None or e.rounding.half_up else 0.0
        turns = path.turns(k)
        asked = np.array([start, end, *turns[(turns > start) & (turns < end)]])
        scores = path.at(asked)[:, k] + off - half
        numbers = np.arange(
            np.ceil(scores.min() / self.step), np.floor(scores.max() / self.step) + 1
        )
        if len(numbers) > MOST:
            return np.linspace(start, end, MOST + 1)  # too many to look at
        values = numbers * self.step + half - off
        _, t = roots(path.meets(np.full(len(numbers), k), values), end)
        return t[t >= start]


@dataclass(frozen=True)
class _Starts:
    """Where scores pass lines, `crossed`; where pairs come near, `first` to `last`, and who they
    are, `pairs` (2, pairs); all the beginnings in order, `at`."""

    at: np.ndarray
    crossed: np.ndarray
    first: np.ndarray
    last: np.ndarray
    pairs: np.ndarray
