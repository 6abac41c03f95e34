"""All combinations of cutoffs and quotas, graded on the same draws.

In how many draws a unit has a grade or a better one depends on that grade's cutoff and quota, and
on those of lower grades only where these have a quota (:mod:`qtoolkit.engine.standings` says why).
So few tables of counts hold the grades of all combinations, and the best one follows by taking the
least over one choice after the other, as in any dynamic programme (nonserial: Bertelè & Brioschi
1972). Whole numbers throughout: any number of workers gives the same result.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial, reduce

import numpy as np

from qtoolkit.engine import Engine, RivalStep, score
from qtoolkit.engine.chunks import Chunks
from qtoolkit.engine.standings import BITS, Standings, counted, packed, standings
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.simulation.sampling import Draws

WORDS = 1 << 23  # words of truth values held at a time
SCORES = 1 << 18  # scores that are compared at a time: they stay in the cache
WAITING = 1 << 27  # bytes of counts that may wait to be merged
NEVER = 1 << 50  # cost of what must not be: far above units × draws, and many of them add up

Axes = tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """Numbers that depend on some of the choices: an axis for each of `axes`, which rise, and then
    axes of their own."""

    axes: Axes
    values: np.ndarray

    def over(self, axes: Axes) -> np.ndarray:
        """The numbers with an axis for each of `axes`, of length 1 where they do not depend on
        it."""
        sizes = dict(zip(self.axes, self.values.shape, strict=False))
        own = self.values.shape[len(self.axes) :]
        return self.values.reshape((*(sizes.get(axis, 1) for axis in axes), *own))

    def at(self, choice: dict[int, int]) -> np.ndarray:
        """The numbers at a choice; along what is not chosen all of them."""
        return self.values[tuple(choice.get(axis, slice(None)) for axis in self.axes)]


def union(parts: Iterable[Axes]) -> Axes:
    return tuple(sorted(set(itertools.chain.from_iterable(parts))))


@dataclass(frozen=True)
class Quotas:
    """The quotas of one grade that are compared.

    Attributes
    ----------
    steps : tuple of RivalStep
        One for each class that is counted by itself, or one for all.
    most : ndarray of int, (quotas, steps)
        The places that each quota gives.
    """

    steps: tuple[RivalStep, ...]
    most: np.ndarray


@dataclass(frozen=True)
class Choices:
    """What can be chosen: plain arrays, so that it travels to other processes. Grades count from
    the worst, 0; axis h − 1 is the quota of grade h, axis G − 1 + h − 1 its cutoff. A grade that
    goes by place or by share shares the cutoff of the next worse grade that has one.

    Attributes
    ----------
    engine : Engine
        Its `veto_first` as the scheme has it, whether or not there are quotas now.
    reach : tuple of ndarray of int, (cutoffs, n)
        Of each grade above the worst: least base scores that reach the cutoffs, vetoes left out.
    quotas : tuple of Quotas or None
        Of each grade above the worst; None where none of them limits it.
    lasts : tuple of RivalStep
    """

    engine: Engine
    reach: tuple[np.ndarray, ...]
    quotas: tuple[Quotas | None, ...]
    lasts: tuple[RivalStep, ...]

    @property
    def grades(self) -> range:
        """The grades above the worst."""
        return range(1, len(self.reach) + 1)

    def line(self, h: int) -> int:
        own = int(self.engine.line_of[h - 1])
        return len(self.reach) + (own if own >= 0 else h - 1)

    def quota(self, h: int) -> int:
        return h - 1

    @cached_property
    def sizes(self) -> dict[int, int]:
        """How many choices each axis has."""
        quotas = {
            self.quota(h): 1 if given is None else len(given.most)
            for h, given in zip(self.grades, self.quotas, strict=True)
        }
        return quotas | {self.line(h): len(self.reach[h - 1]) for h in self.grades}

    @property
    def free(self) -> np.ndarray:
        """Units whose grade no veto touches: bool, (n,)."""
        return (self.engine.ceiling == len(self.reach)) & (self.engine.shift == 0)

    @property
    def shifts(self) -> list[int]:
        """By how many grades vetoes lower units."""
        return np.unique(self.engine.shift).tolist()

    def unshifted(self, h: int, shift: int) -> int:
        """The grade whose cutoff a unit with a veto must reach to count as grade h in the steps."""
        return h + shift if self.engine.veto_first else h

    def several(self, *axes: int) -> Axes:
        """Those of some axes that have more than one choice: nothing depends on the others."""
        return tuple(axis for axis in axes if self.sizes[axis] > 1)

    def counted_by(self, h: int) -> Axes:
        """On which choices it depends who is counted by a quota of grade h."""
        reached = {self.unshifted(h, shift) for shift in self.shifts}
        return union([self.several(*(self.line(g) for g in reached if g in self.grades))])

    def limited_by(self, h: int) -> Axes:
        """On which choices it depends whom the quota of grade h leaves out."""
        return (*self.several(self.quota(h)), *self.counted_by(h))

    def lower(self, h: int) -> list[int]:
        """Lower grades with a quota."""
        return [g for g in range(1, h) if self.quotas[g - 1] is not None]

    def axes(self, h: int, shift: int = 0) -> Axes:
        """On which choices it depends whether units that vetoes lower by `shift` grades are counted
        in grade h or better after the steps."""
        if self.quotas[h - 1] is not None:
            own = self.limited_by(h)
        else:
            reached = self.unshifted(h, shift)
            own = self.several(self.line(reached)) if reached in self.grades else ()
        return union([own, *(self.limited_by(g) for g in self.lower(h))])

    def cells(self, axes: Axes) -> int:
        return math.prod(self.sizes[axis] for axis in axes)


def counts(choices: Choices, base: np.ndarray, units: np.ndarray, shift: int = 0) -> list[Part]:
    """In how many draws each of `units`, which vetoes lower by `shift` grades, has each grade above
    the worst or a better one, after the steps and before vetoes that come after: of each grade
    (…, units), for base scores (m, n)."""
    row = sum(choices.cells(choices.limited_by(h)) for h in choices.grades if choices.quotas[h - 1])
    words = min(WORDS // max(row * base.shape[1], 1), SCORES // (base.shape[1] * BITS))
    most = max(words, 1) * BITS
    starts = range(0, len(base), most)
    return reduce(_added, (_counts(choices, base[i : i + most], units, shift) for i in starts))


def _counts(choices: Choices, base: np.ndarray, units: np.ndarray, shift: int) -> list[Part]:
    scores = np.ascontiguousarray(base.T)
    stand = standings(choices.engine.key(base)) if choices.lasts or any(choices.quotas) else None
    limited = {
        h: _limited(choices, h, scores, stand)
        for h in choices.grades
        if stand is not None and choices.quotas[h - 1] is not None
    }
    of_units = {h: Part(part.axes, part.values[..., units, :]) for h, part in limited.items()}
    found = []
    for h in choices.grades:
        own = of_units.get(h) or _reached(choices, h, scores, units, shift)
        if stand is not None and choices.lasts:
            free = packed(_not_last(choices, h, scores.shape, stand)[units])
            own = Part(own.axes, own.values & free)
        found.append(_together(own, [of_units[g] for g in choices.lower(h)], choices))
    return found


def _reached(choices: Choices, h: int, scores: np.ndarray, units: np.ndarray, shift: int) -> Part:
    """Draws in which each of `units` reaches grade h by its score, as bits (cutoffs, units, words);
    `scores` is (n, m)."""
    reached = choices.unshifted(h, shift)
    own = scores[units]
    if reached not in choices.grades:
        return Part((), packed(np.zeros(own.shape, bool)))
    limits = _capped(choices, h, choices.reach[reached - 1])[:, units]
    words = [packed(own >= limit[:, None]) for limit in limits]
    axes = choices.several(choices.line(reached))
    return Part(axes, np.stack(words) if axes else words[0])


def _capped(choices: Choices, h: int, limits: np.ndarray) -> np.ndarray:
    """Least scores (…, n) that reach grade h, with what vetoes allow before the steps."""
    if not choices.engine.veto_first:
        return limits
    return np.where(choices.engine.ceiling >= h, limits, UNREACHABLE)


def _limited(choices: Choices, h: int, scores: np.ndarray, stand: Standings) -> Part:
    """Draws in which each unit reaches grade h and its quota leaves it there, as bits (quotas,
    cutoffs…, n, words)."""
    quotas = choices.quotas[h - 1]
    if quotas is None:
        raise ValueError(f"grade {h} has no quota")
    lines = choices.counted_by(h)
    shape = tuple(choices.sizes[axis] for axis in lines)
    found = np.empty(
        (len(quotas.most), *shape, len(scores), -(-scores.shape[1] // BITS)), np.uint64
    )
    for index in np.ndindex(*shape):
        counts_in = scores >= _least(choices, h, dict(zip(lines, index, strict=True)))[:, None]
        places = [stand.places(step, counts_in) for step in quotas.steps]
        for q, most in enumerate(quotas.most):
            within = [place <= limit for place, limit in zip(places, most, strict=True)]
            found[(q, *index)] = packed(reduce(np.logical_and, within, counts_in))
    return Part(choices.limited_by(h), found if len(found) > 1 else found[0])


def _least(choices: Choices, h: int, choice: dict[int, int]) -> np.ndarray:
    """Of each unit the least base score with which a quota of grade h counts it, (n,)."""
    found = np.full(len(choices.engine.shift), UNREACHABLE)
    for shift in choices.shifts:
        reached = choices.unshifted(h, shift)
        if reached in choices.grades:
            units = choices.engine.shift == shift
            found[units] = choices.reach[reached - 1][choice.get(choices.line(reached), 0), units]
    return _capped(choices, h, found)


def _not_last(choices: Choices, h: int, shape: tuple[int, ...], stand: Standings) -> np.ndarray:
    """Who is not among the last of a grade below h, (n, m)."""
    free = np.ones(shape, bool)
    for step in choices.lasts:
        if step.grade < h:
            place = stand.places(step, np.ones(shape, bool))
            free &= (place == 0) | (place > step.most)
    return free


def _together(own: Part, lower: Sequence[Part], choices: Choices) -> Part:
    """In how many draws all of the bits (…, units, words) are set: (…, units)."""
    before = union(part.axes for part in lower)
    axes = union([own.axes, before])
    units = own.values.shape[-2]
    found = np.empty((*(choices.sizes[axis] for axis in axes), units), np.int32)
    for index in np.ndindex(*(choices.sizes[axis] for axis in before)):
        choice = dict(zip(before, index, strict=True))
        words = reduce(np.bitwise_and, (part.at(choice) for part in lower), own.at(choice))
        found[tuple(choice.get(axis, slice(None)) for axis in axes)] = counted(words)
    return Part(axes, found)


@dataclass(frozen=True)
class _Task:
    """What every chunk of draws needs."""

    draws: Draws
    choices: Choices


def _chunk(task: _Task, i: int) -> list[Part]:
    base = score(task.draws.engine, task.draws.chunk(i)[0])
    return counts(task.choices, base, task.choices.free)


def drawn(choices: Choices, draws: Draws, executor: Executor | None = None) -> list[Part]:
    """In how many of the draws each unit without a veto has each grade above the worst or a better
    one: of each grade (…, units)."""
    held = 4 * sum(choices.cells(choices.axes(h)) for h in choices.grades) * choices.free.size
    run = partial(_chunk, _Task(draws, choices))
    chunks = Chunks(run, range(draws.chunks), executor, most=max(1, WAITING // held))
    return reduce(_added, chunks)


def _added(some: list[Part], others: list[Part]) -> list[Part]:
    return [Part(a.axes, a.values + b.values) for a, b in zip(some, others, strict=True)]


def leaving(choices: Choices, held: list[Part], base: np.ndarray, draws: int) -> list[Part]:
    """Parts whose sum is the number of units and draws in which a unit without a veto leaves its
    grade.

    A unit of grade g leaves it in d − N_g + N_{g+1} of d draws, where N_g is in how many it has g
    or a better grade; with y_g = 1 for units that have g or better at the scheme's points, 0 for
    others, the sum is Σ (y_g − y_{g+1}) (d − N_g + N_{g+1}) over grades and units; multiplied out,
    Σ (y_{g−1} N_g + y_g N_{g−1} − 2 y_g N_g) over grades above the worst, y_0 = 1 and N_0 = d.

    Parameters
    ----------
    held : list of Part
        What :func:`drawn` gives.
    base : ndarray of int, (n,)
        Base scores at the scheme's points.
    draws : int
    """
    own = counts(choices, base[None], choices.free)
    units = int(choices.free.sum())
    now, then = Part((), np.ones(units, np.int32)), Part((), np.full(units, draws))
    found = []
    for better, held_better in zip(own, held, strict=True):
        both = _product(better, held_better)
        found += [
            Part(both.axes, -2 * both.values),
            _product(now, held_better),
            _product(better, then),
        ]
        now, then = better, held_better
    return found


def _product(some: Part, others: Part) -> Part:
    """Σ over units of the products."""
    axes = union([some.axes, others.axes])
    pair = some.over(axes), others.over(axes)
    return Part(axes, np.einsum("...k,...k->...", *pair, dtype=np.int64))


def too_few(choices: Choices, base: np.ndarray, sizes: Sequence[int]) -> list[Part]:
    """NEVER where a grade, from the worst up, has fewer units than `sizes` at the scheme's points,
    vetoes counted."""
    top, e = len(choices.reach), choices.engine
    above: dict[int, list[Part]] = {0: [Part((), np.array(len(base)))], top + 1: []}
    for shift in choices.shifts:
        units = e.shift == shift
        own = counts(choices, base[None], units, shift)
        for h in choices.grades:
            counted_as = h if e.veto_first else h + shift
            if counted_as in choices.grades:
                part = own[counted_as - 1]
                allowed = e.ceiling[units] >= h
                number = Part(part.axes, part.values[..., allowed].sum(axis=-1))
                above.setdefault(h, []).append(number)
    found = []
    for g, size in enumerate(sizes):
        if size > 0:
            less = [Part(part.axes, -part.values) for part in above.get(g + 1, [])]
            number = total([*above.get(g, []), *less])
            found.append(Part(number.axes, NEVER * (number.values < size)))
    return found


def shapes(choices: Choices, sizes: Sequence[int]) -> list[Axes]:
    """On which choices the parts depend that :func:`leaving` and :func:`too_few` give."""
    e = choices.engine
    grades = {h: choices.axes(h) for h in choices.grades}
    cost = [union([grades.get(h - 1, ()), grades[h]]) for h in choices.grades]
    numbers = {
        h: union(
            choices.axes(counted_as, shift)
            for shift in choices.shifts
            if (counted_as := h if e.veto_first else h + shift) in choices.grades
        )
        for h in choices.grades
    }
    few = [
        union([numbers.get(g, ()), numbers.get(g + 1, ())])
        for g, size in enumerate(sizes)
        if size > 0
    ]
    return cost + few


def total(parts: Sequence[Part]) -> Part:
    """The sum of parts."""
    axes = union(part.axes for part in parts)
    return Part(axes, reduce(np.add, (part.over(axes) for part in parts)))


@dataclass(frozen=True)
class Minimum:
    """Where sums of parts are least, after some choices were made for the best.

    Attributes
    ----------
    rest : list of Part
        What is left, by the choices that were not made.
    picks : list of (int, Part)
        Each choice that was made, by those that were made later or not at all.
    """

    rest: list[Part]
    picks: list[tuple[int, Part]]

    def choice(self, given: dict[int, int]) -> dict[int, int]:
        """All choices, where those not made are given."""
        found = dict(given)
        for axis, pick in reversed(self.picks):
            found[axis] = int(pick.at(found))
        return found


def minimise(parts: Sequence[Part], axes: Iterable[int]) -> Minimum:
    """Make choices, one axis after the other, for the least sum of parts (…, criteria): of the
    first criterion, among equals of the next, and then the first choice."""
    rest, picks = list(parts), []
    for axis in axes:
        table = total([part for part in rest if axis in part.axes])
        rest = [part for part in rest if axis not in part.axes]
        where = table.axes.index(axis)
        pick = _first_least(table.values, where)
        kept = tuple(a for a in table.axes if a != axis)
        index = np.expand_dims(pick, (where, pick.ndim + 1))
        values = np.take_along_axis(table.values, index, axis=where).squeeze(where)
        rest.append(Part(kept, values))
        picks.append((axis, Part(kept, pick)))
    return Minimum(rest, picks)


def _first_least(values: np.ndarray, axis: int) -> np.ndarray:
    """Where along an axis the criteria, the last axis, are least."""
    among = np.ones(values.shape[:-1], bool)
    for k in range(values.shape[-1]):
        criterion = np.where(among, values[..., k], np.iinfo(np.int64).max)
        among = criterion == criterion.min(axis=axis, keepdims=True)
    return among.argmax(axis=axis)


def widest(parts: Iterable[Axes], axes: Iterable[int], sizes: dict[int, int]) -> int:
    """How many cells the largest table of :func:`minimise` has."""
    rest, most = list(parts), 1
    for axis in axes:
        table = union(part for part in rest if axis in part)
        most = max(most, math.prod(sizes[each] for each in table))
        rest = [part for part in rest if axis not in part]
        rest.append(tuple(each for each in table if each != axis))
    return most
