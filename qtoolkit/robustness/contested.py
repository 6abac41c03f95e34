"""The first change of anybody's grade along a straight line p + t·v, where grades depend on who is
ahead of whom.

On a line every straight score is base + t·rate. A grade can change only where a score passes a
line, or where somebody who holds a place and somebody who does not pass each other. Two that are
rounded before they are compared can do so only while their scores are within one rounding step, at
the points of t at which one of them rounds to another number. Between two such points nothing
changes, so grading once between each pair finds the first change, exactly.
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
FLAT = 1e-12


@dataclass(frozen=True)
class First:
    """Along one line: `t`, where the first grade changes (∞ where none does up to the end; NaN
    where there was too much to look at), and all grades (n,) just beyond."""

    t: float
    after: np.ndarray


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

    def first(self, base: np.ndarray, rate: np.ndarray, end: float) -> First:
        """The first change along base + t·rate, 0 ≤ t ≤ end."""
        starts = self._starts(base, rate, end)
        size, begun, before, seen = SOON, 0, 0.0, 0
        while True:
            size, begun = 2 * size, begun + size
            until = max(float(starts.at[begun]), before) if begun < len(starts.at) else end
            events = self._events(base, rate, starts, before, until)
            seen += len(events)
            if seen > MOST:
                return First(np.nan, self.codes)
            marks = np.unique(np.concatenate([[before], events, [until]]))
            between = np.append((marks[1:] + marks[:-1]) / 2, until)
            graded = grade(self.engine, to_ticks(base + between[:, None] * rate))
            changed = (graded != self.codes).any(axis=1)
            if changed.any():
                at = int(changed.argmax())
                return First(float(marks[at]), graded[at])
            if until >= end:
                return First(np.inf, self.codes)
            before = until

    def _starts(self, base: np.ndarray, rate: np.ndarray, end: float) -> _Starts:
        """Where something can begin to matter along a line, in order."""
        limits = self.engine.thresholds
        with np.errstate(divide="ignore", invalid="ignore"):
            crossed = (from_ticks(limits) - TICK / 2 - base[:, None]) / rate[:, None]
            crossed = crossed[(limits < UNREACHABLE) & (np.abs(rate) > FLAT)[:, None]]
            ahead, behind = self.pairs
            lead = (base + self.added)[ahead] - (base + self.added)[behind]
            fast = rate[ahead] - rate[behind]
            ends = np.stack([(-self.step - lead) / fast, (self.step - lead) / fast])
        moving = np.abs(fast) > FLAT
        first, last = ends.min(axis=0), ends.max(axis=0)
        kept = moving & (last >= 0) & (first <= end)
        if self.step:  # level scores that move together can be rounded apart
            together = ~moving & (np.abs(lead) < self.step) & (np.abs(rate[ahead]) > FLAT)
            first, last = np.where(together, 0.0, first), np.where(together, end, last)
            kept |= together
        crossed = crossed[(crossed >= 0) & (crossed <= end)]
        first, last = np.maximum(first[kept], 0.0), np.minimum(last[kept], end)
        return _Starts(
            np.sort(np.concatenate([crossed, first])),
            crossed,
            first,
            last,
            np.stack([ahead[kept], behind[kept]]),
        )

    def _events(
        self, base: np.ndarray, rate: np.ndarray, starts: _Starts, after: float, until: float
    ) -> np.ndarray:
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
            found += [self._rounds(k, float(base[k]), float(rate[k]), *span) for span in spans]
        return np.concatenate(found)

    def _rounds(self, k: int, base: float, rate: float, start: float, end: float) -> np.ndarray:
        """Where a unit's score rounds to another number between two points of a line."""
        e = self.engine
        if abs(rate) <= FLAT:
            return np.empty(0)
        value = base + (0.0 if e.round_first else self.added[k]) - TICK / 2
        half = self.step / 2 if e.rounding is None or e.rounding.half_up else 0.0
        ends = sorted((value + start * rate - half, value + end * rate - half))
        numbers = np.arange(np.ceil(ends[0] / self.step), np.floor(ends[1] / self.step) + 1)
        if len(numbers) > MOST:
            return np.linspace(start, end, MOST + 1)  # too many to look at
        return np.clip((numbers * self.step + half - value) / rate, start, end)


@dataclass(frozen=True)
class _Starts:
    """Where scores pass lines, `crossed`; where pairs come near, `first` to `last`, and who they
    are, `pairs` (2, pairs); all the beginnings in order, `at`."""

    at: np.ndarray
    crossed: np.ndarray
    first: np.ndarray
    last: np.ndarray
    pairs: np.ndarray
