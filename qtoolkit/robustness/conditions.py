"""When a unit's grade changes, as rows of a program.

A unit has a grade or a better one, before vetoes take effect, if its score reaches the line and it
holds its place in every quota on that grade or a worse one, and is not among the last where they
have a worse grade. So a grade is lost in one of several ways, each a program of its own, and a
better one is gained in one way, all conditions at once (`ways`).

To hold or to lose a place is that enough rivals stand on one side: each has a switch, and where it
is on the rival's ranking score lies on that side of the unit's own. Rounded scores are compared
with one whole number, the unit's own rounded score: a rival is not behind it if its score rounds to
as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtoolkit.engine import TICK, Engine, RivalStep, from_ticks
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.robustness.certificates import DOWN, UP
from qtoolkit.robustness.fields import Field
from qtoolkit.robustness.programs import Line, Name, Program


@dataclass(frozen=True)
class Way:
    """One way in which a grade changes: to a better one (UP) or a worse one, there by the line
    alone or by one step among rivals. `level`: the grade before vetoes that is reached or lost."""

    side: int
    level: int
    step: RivalStep | None = None


def ways(e: Engine, code: int, k: int) -> list[Way]:
    """All ways in which the grade `code` of unit k can change."""
    off = 0 if e.veto_first else int(e.shift[k])
    found = []
    if code > 0:
        level = code + off
        found.append(Way(DOWN, level))
        found += [Way(DOWN, level, step) for step in _deciding(e, k, level)]
    level = code + 1 + off
    possible = code < e.ceiling[k] and level <= e.thresholds.shape[1]
    if possible and e.thresholds[k, level - 1] < UNREACHABLE:
        found.append(Way(UP, level))
    return found


def _deciding(e: Engine, k: int, level: int) -> Iterable[RivalStep]:
    """The steps that unit k has to pass for a grade."""
    for step in e.rivals:
        counts = step.members is None or step.members[k]
        if counts and (step.grade < level if step.last else step.grade <= level):
            yield step


@dataclass(frozen=True)
class Contest:
    """What decides a step: at least `needed` of the `rivals` stand ahead of the unit (sign 1) or
    behind it (−1), or `level` with it. `own_line`: only candidates count, those that reach the
    step's grade."""

    step: RivalStep
    rivals: np.ndarray
    needed: int
    sign: int
    level: bool

    @property
    def own_line(self) -> bool:
        return not self.step.last


def contests(e: Engine, k: int, way: Way) -> list[Contest]:
    """All contests of a way: the one by which a place is lost, or those that have to be won."""
    steps = [way.step] if way.step is not None else []
    if way.side == UP:
        steps = list(_deciding(e, k, way.level))
    return [_contest(e, k, step, way.side) for step in steps]


def _contest(e: Engine, k: int, step: RivalStep, side: int) -> Contest:
    others = np.ones(len(e.slope), bool) if step.members is None else step.members.copy()
    others[k] = False
    if e.veto_first and not step.last:
        others &= e.ceiling >= step.grade  # a vetoed unit takes no place
    rivals = np.flatnonzero(others)
    most_others = rivals.size - (step.most - 1)  # all but so many as leave a place
    if step.last:
        if side == DOWN:
            return Contest(step, rivals, most_others, 1, step.ties_in)
        return Contest(step, rivals, step.most, -1, not step.ties_in)
    if side == DOWN:
        return Contest(step, rivals, step.most, 1, not step.ties_in)
    return Contest(step, rivals, most_others, -1, step.ties_in)


def shares_line(e: Engine, k: int, rivals: np.ndarray, grade: int) -> np.ndarray:
    """Rivals (r,) bool that reach a grade's line whenever they are not behind a unit that does."""
    same = e.cutoffs[rivals, grade - 1] == e.cutoffs[k, grade - 1]
    if e.veto_first:
        same &= e.shift[rivals] == e.shift[k]
    if e.rank_on_base:
        same &= (e.thresholds[rivals] == e.thresholds[k]).all(axis=1)
    return same


@dataclass
class Written:
    """Writes a way into a program. `own` and `theirs` score the unit and its rivals; `limits` are
    the thresholds (n, G − 1) of the unit and of its rivals."""

    program: Program
    k: int
    own: Field
    theirs: Field
    limits: tuple[np.ndarray, np.ndarray]

    def write(self, way: Way) -> bool:
        """Whether it is possible at all, as far as bounds tell; if so its rows are there."""
        e = self.own.engine
        base, line = self.own.bases.of(self.k), self._limit(0, self.k, way.level)
        if way.side == UP:
            self.program.add(base.raised(-line), low=0.0, strict=True)
        elif way.step is None:
            if self.program.span(base)[0] > line - TICK / 2 * self.own.scale:
                return False
            self.program.add(base.times(-1.0).raised(line), low=0.0, strict=True)
            return True
        return all(self._enough(*each) for each in enumerate(contests(e, self.k, way)))

    def _limit(self, whose: int, k: int, grade: int) -> float:
        ticks = self.limits[whose][k, grade - 1]
        return float(from_ticks(ticks)) * self.own.scale

    @cached_property
    def _step(self) -> float:
        e = self.own.engine
        if e.rank_on_base or e.rounding is None:
            return 0.0
        return float(from_ticks(e.rounding.step)) * self.own.scale

    @cached_property
    def _rounded(self) -> Line:
        """The unit's own ranking score, rounded, in a program that has a whole number for it."""
        key, step = self.own.keys.of(self.k), self._step
        shift = self._floored
        low, high = self.program.span(key)
        number = self.program.variable(
            np.floor((low - shift) / step) - 1, np.ceil((high - shift) / step) + 1, integral=True
        )
        half = key.raised(step / 2 - shift)
        self.program.enveloped(number, half.raised(-step).times(1 / step), half.times(1 / step))
        rounded = self.program.of(number, step)
        self.program.add(key.raised(step / 2 - shift).minus(rounded), low=0.0, strict=True)
        self.program.add(rounded.minus(key).raised(step / 2 + shift), low=0.0, strict=True)
        return rounded

    @cached_property
    def _floored(self) -> float:
        """Rounding down is rounding half up of half a step less."""
        rounding = self.own.engine.rounding
        return 0.0 if rounding is None or rounding.half_up else self._step / 2

    def _margins(self, rivals: np.ndarray, contest: Contest) -> np.ndarray:
        """By how much a rival's unrounded score must lie above the unit's rounded one, or below it
        (negative), for the relation of the contest, (r,)."""
        e, part = self.own.engine, np.zeros(rivals.size)
        if e.round_first and e.rounding is not None:
            # what is added after rounding need be no whole steps
            added = e.offset - e.late
            part = (added[self.k] - added[rivals]) / e.rounding.step
        is_up = contest.level == (contest.sign > 0)  # not behind, or behind
        steps = np.ceil(part) if is_up else np.floor(part)
        if not contest.level:
            steps = steps + contest.sign
        return (steps - 0.5 * contest.sign) * self._step + self._floored

    def _enough(self, number: int, contest: Contest) -> bool:
        if contest.needed <= 0:
            return True
        rivals = contest.rivals
        able, sure, line = self._candidates(contest)
        # who cannot be a candidate is never ahead, and never in the way
        always = 0 if contest.sign > 0 else int((~able).sum())
        rivals, sure, line = rivals[able], sure[able], line[able]
        low, held, possible, leads = self._leads(rivals, contest)
        if contest.sign > 0:
            held &= sure
        missing = contest.needed - always - int(held.sum())
        if missing <= 0:
            return True
        alone = ~sure & (contest.sign < 0)
        open_ = np.flatnonzero(~held & (possible | alone))
        if open_.size < missing:
            return False
        names: list[Name] = []
        for i in open_.tolist():
            names.append(("stands", number, int(rivals[i])))
            on = self.program.switch(*names[-1])
            reach = None if sure[i] else self.theirs.bases.of(int(rivals[i])).raised(-line[i])
            if contest.sign > 0:
                self.program.add_where({on: True}, leads(i), strict=True, least=low[i])
                if reach is not None:
                    self.program.add_where({on: True}, reach, strict=True)
            elif reach is None:
                self.program.add_where({on: True}, leads(i), strict=True, least=low[i])
            else:
                below = self.program.switch("below", number, int(rivals[i]))
                self.program.add_where({on: True, below: False}, leads(i), True, low[i])
                self.program.add_where({on: True, below: True}, reach.times(-1.0), True)
        self.program.enough(names, missing)
        costs = self.program.least_costs([leads(i) for i in open_.tolist()])
        if contest.sign < 0:
            costs[~sure[open_]] = 0.0  # there is another way for these
        self.program.costs(float(np.sort(costs)[missing - 1]))
        return True

    def _candidates(self, contest: Contest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the rivals (r,): who may be a candidate; who need not be asked for it; their lines."""
        rivals = contest.rivals
        if not contest.own_line:
            return np.ones(rivals.size, bool), np.ones(rivals.size, bool), np.zeros(rivals.size)
        e, grade = self.own.engine, contest.step.grade
        ticks = self.limits[1][rivals, grade - 1]
        line = from_ticks(ticks) * self.own.scale
        bases = self.theirs.bases
        least, greatest = self.program.spans_of([bases.of(k) for k in rivals.tolist()])
        able = (ticks < UNREACHABLE) & (greatest >= line - 1e-9)
        sure = (least >= line) | shares_line(e, self.k, rivals, grade)
        return able, sure, line

    def _leads(
        self, rivals: np.ndarray, contest: Contest
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, Callable[[int], Line]]:
        """How far each rival is on the contest's side: the least (r,), whether it is always there,
        whether it can be, and that distance as a line."""
        theirs, own, sign = self.theirs.keys, self.own.keys.of(self.k), contest.sign
        leads = [theirs.of(k).minus(own).times(sign) for k in rivals.tolist()]
        low, high = self.program.spans_of(leads)
        twins = self._twins(rivals)
        low[twins] = high[twins] = 0.0
        tick = TICK / 2 * self.own.scale
        enough = -tick if contest.level else tick
        held, possible = low >= enough, high >= enough
        if not self._step:
            return low, held, possible, leads.__getitem__
        if self.own.engine.round_first or not contest.level:  # rounding can level a lead
            held &= False
        if self.own.engine.round_first or contest.level:  # and lift what is behind
            possible |= True
        margins, rounded = self._margins(rivals, contest), self._rounded
        beyond = sign * (margins - self._floored)
        low, high = low - beyond - self._step / 2, high - beyond + self._step / 2
        return (
            low,
            held | (low >= 0),
            possible & (high >= 0),
            lambda i: theirs.of(int(rivals[i])).minus(rounded).raised(-margins[i]).times(sign),
        )

    def _twins(self, rivals: np.ndarray) -> np.ndarray:
        """Rivals (r,) bool whose ranking score is the unit's own wherever the points lie."""
        e, k = self.own.engine, self.k
        if self.own is not self.theirs or e.means:
            return np.zeros(rivals.size, bool)
        alike = [e.slope, e.const, e.tree.blank]
        if not e.rank_on_base:
            alike += [e.offset[:, None], e.late[:, None]]
        return np.logical_and.reduce([(x[rivals] == x[k]).all(axis=1) for x in alike])
