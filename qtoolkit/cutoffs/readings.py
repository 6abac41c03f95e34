"""Grades by the lines alone (按分数线) and with places in force (按名额), and who moves up (递补)
when a unit leaves its grade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.margins import (
    LAST,
    LINE,
    QUOTA,
    UNPROVED,
    VETO,
    counted_by,
    graded_table,
    margins,
)
from qtoolkit.engine import (
    Engine,
    RivalStep,
    core,
    from_ticks,
    rank,
    set_grades,
    to_ticks,
)
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.errors import InputError, one_of, unexpected
from qtoolkit.inputs.scheme import Veto
from qtoolkit.lines import says_lines
from qtoolkit.remembered import remembered

TIE = "tie"
VETOED, APPROVED, REJUDGED = "vetoed", "approved", "rejudged"
KEEPS, USED_UP, WITHIN, NO_CANDIDATE, BARRED = (
    "keeps",
    "used_up",
    "within",
    "no_candidate",
    "barred",
)


@dataclass(frozen=True)
class Queue:
    """How one step across units counts them.

    Attributes
    ----------
    step : RivalStep
    counted : ndarray of bool, (n,)
        Whom it counts: of a quota the candidates for its places.
    place : ndarray of int, (n,)
        Competition places ("1-1-3") among those, from the top, or for last places from the bottom.
    barred : ndarray of bool, (n,)
        For whom a quota has no place, or who is among the last.
    """

    step: RivalStep
    counted: np.ndarray
    place: np.ndarray
    barred: np.ndarray

    @property
    def within(self) -> np.ndarray:
        """Who holds a place of a quota."""
        return self.counted & ~self.barred

    @property
    def tied(self) -> np.ndarray:
        """For whom a quota would have a place, were it not level with others for whom it has
        none."""
        return self.barred & (self.place <= self.step.most) & (not self.step.last)


def _queue(e: Engine, base: np.ndarray, limits: np.ndarray, step: RivalStep) -> Queue:
    """How a step counts the base scores (n,) under the thresholds `limits`."""
    counted = counted_by(step, core.threshold_grades(e, base, limits))
    key = e.key(base)
    ahead = rank(np.where(counted, key, key.min(initial=0) - 1)) - 1
    behind = rank(np.where(counted, -key, -(key.max(initial=0) + 1))) - 1
    top = np.full(base.shape, len(limits.T) + 1, np.int8)
    others = ahead if step.counts_above else behind
    lowered = core.lowered_by(step, top, counted, others, counted.sum(keepdims=True))
    return Queue(step, counted, (behind if step.last else ahead) + 1, lowered < top)


@says_lines
@remembered
def two_readings(result: Assessment) -> pd.DataFrame:
    """Grades by the lines alone beside grades with the places in force, and which of the two sets
    each.

    Returns
    -------
    DataFrame, indexed by unit
        score (published), by_line (quotas and last places lifted, vetoes in force; a grade without
        a line keeps the places that make it), by_quota (the grade as the scheme gives it); then

        set_by : "line" (the score reaches its line and no better one), "veto" (under both readings
        a veto leaves no better grade), or where the readings differ "quota" (the score reaches a
        better line, and others ahead have used up its places), "tie" (the places would suffice
        were it not level with units for which they do not: none of them has one), "last" (it is
        among the last).
        step : the grade whose quota or last places decide; of a unit that holds a place of its
        grade's quota, that grade; else None.
        place, places : there, its competition place among those that are counted (with classes,
        those of its class), for last places from the bottom; and how many places there are.
        lacks : where the readings differ, points of the score that ranks go by short of the last
        unit to which the places suffice: 0 where it is level with it; NaN where there is none.
        Worked out in ticks. It says how far ahead that unit is; what the unit itself must gain,
        lines and bonus counted, is `below` of :func:`margins`.

    See Also
    --------
    quota_audit : grades by cutoffs alone and by quotas alone.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.95, 0.92, 0.85]}, index=["甲", "乙", "丙"])
    >>> result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)
    >>> one_place = result.change({"grades.A.quota": 1})
    >>> two_readings(one_place)[["by_line", "by_quota", "set_by", "lacks"]].values.tolist()
    [['A', 'A', 'line', nan], ['A', 'B', 'quota', 3.0], ['B', 'B', 'line', nan]]
    """
    e, base = result.engine, result.base.to_numpy()
    now = result.grades.cat.codes.to_numpy()
    own = tuple(step for step in e.rivals if step.sets)  # the places that make a grade
    by_line = core.grade(replace(e, rivals=own), base)
    differ = now < by_line
    found = {
        "set_by": np.where(by_line < set_grades(e, base), VETO, LINE).astype(object),
        "step": np.full(base.size, None, dtype=object),
        "place": np.full(base.size, np.nan),
        "places": np.full(base.size, np.nan),
        "lacks": np.full(base.size, np.nan),
    }
    for step in reversed(e.rivals):  # so that of several that decide the first is named
        queue = _queue(e, base, e.thresholds, step)
        alone = core.grade(replace(e, rivals=own if step.sets else (*own, step)), base)
        decides = differ & queue.barred & (alone == now) & (not step.sets)
        holds = ~differ & queue.within & (now == step.grade) & (not step.last)
        found["set_by"][decides] = np.where(queue.tied, TIE, LAST if step.last else QUOTA)[decides]
        found["step"][decides | holds] = result.grade_names[step.grade]
        found["place"][decides | holds] = queue.place[decides | holds]
        found["places"][decides | holds] = step.most
        found["lacks"][decides] = _short_of(e.key(base), queue)[decides]
    found |= {name: pd.array(found[name], dtype="Int64") for name in ("place", "places")}
    found |= {
        name: pd.Series(found[name], result.scores.index, dtype=object)
        for name in ("set_by", "step")
    }
    grades = graded_table(result, np.stack([by_line, now], axis=1), ["by_line", "by_quota"])
    return pd.DataFrame({"score": result.scores, **grades}).assign(**found)


def _short_of(key: np.ndarray, queue: Queue) -> np.ndarray:
    """Points (n,) short of the last of those whom the step counts to whom the places suffice; NaN
    where there is none."""
    step, own = queue.step, key[queue.counted]
    most = own.size - step.most if step.last else step.most
    if not 0 < most <= own.size:
        return np.full(key.shape, np.nan)
    units, _ = core.places(own)
    return from_ticks(own[units[most - 1]] - key)


@says_lines
@remembered
def successors(result: Assessment, grade: str | None = None) -> pd.DataFrame:
    """递补: who moves up when a unit that holds a grade is vetoed, approved down, or re-judged; all
    units are graded anew for each.

    Parameters
    ----------
    grade : str, optional
        A grade's id, not the last; the best if left out.

    Returns
    -------
    DataFrame
        Three rows for each unit that has this computed grade, by `event`:

        vetoed : it gets that veto of the scheme that leaves it the worst grade (`veto`, its id;
        where the scheme has none it has at best the grade below). Where vetoes come before the
        quotas, its place is free; where they come after, it is used up.
        approved : 审定降一级. The computed grade stays in the count, so that its place is not given
        on; a scheme does not say who would get it.
        rejudged : its score falls by as little as takes the grade away, all others as they are.

        unit, event, veto; then

        loss : of rejudged, the least points by which the score that ranks go by (the published
        one, unless the scheme ranks on the base score) falls to a score at which the grade is
        lost, exact to the tick; NaN where no loss of points takes it.
        beyond : of rejudged, where that only makes it level with others so that none of them has
        the place, the least loss that leaves it behind them, so that those of `next` move up; NaN
        elsewhere, and where no loss of points does.
        by : of rejudged, what sets the first limit: "line", "quota" (it is overtaken), "last".
        grade : the unit's own grade then.
        freed : whether a place in a quota is then free for others.
        successors, before, after : tuples: the units that then have a better grade, theirs now, and
        that one. They need not move into the grade itself, since a place may become free in more
        than one.
        next : the units that would move up if the unit were not counted for the grade: who is next
        where the place is not given on. No claim that the scheme gives it to them.
        why : where nobody moves up, the reason: "keeps" (the event does not take the grade),
        "within" (nobody waits: there is no quota, or it has places for all who reach the line),
        "no_candidate" (it is full, and nobody else reaches the line), "used_up" (the place counts
        as taken), "tie" (those next, `tied`, are level and too many for it), "barred" (a veto or
        last places keep those next from it), "unproved" (the limit could not be confirmed); else
        None.
        tied : tuple of the units that are level where that is why.

    Raises
    ------
    InputError
        An unknown grade, or the last one.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.95, 0.92, 0.85]}, index=["甲", "乙", "丙"])
    >>> result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)
    >>> found = successors(result.change({"grades.A.quota": 1})).set_index("event")
    >>> found.loc["vetoed", ["successors", "before", "after"]].tolist()
    [('乙',), ('B',), ('A',)]
    >>> found.loc["approved", ["successors", "why", "next"]].tolist()
    [(), 'used_up', ('乙',)]
    >>> found.loc["rejudged", ["successors", "why", "tied", "next"]].tolist()
    [(), 'tie', ('乙',), ('乙',)]
    >>> found.loc["rejudged", ["loss", "beyond"]].map("{:.10f}".format).tolist()
    ['3.0000000000', '3.0000000001']
    """
    names = result.grade_names
    code = names.index(result.scheme.grades[0].id if grade is None else _known(result, grade))
    holders = np.flatnonzero(result.grades.cat.codes.to_numpy() == code) if code else ()
    e, base = result.engine, result.base.to_numpy()
    queues = [_queue(e, base, e.thresholds, step) for step in e.rivals if not step.last]
    asked = result, margins(result), queues, code
    rows = [row for k in holders for row in _Leaving(*asked, int(k)).rows()]
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in COLUMNS.items()}
    )


COLUMNS = {
    "unit": object,
    "event": object,
    "veto": object,
    "loss": float,
    "beyond": float,
    "by": object,
    "grade": object,
    "freed": bool,
    "successors": object,
    "before": object,
    "after": object,
    "next": object,
    "why": object,
    "tied": object,
}


def _known(result: Assessment, grade: str) -> str:
    tops = [other.id for other in result.scheme.grades[:-1]]
    if grade not in tops:
        raise InputError(unexpected(grade, one_of(tops), "grade"))
    return grade


class _Leaving:
    """One unit that holds a grade, and what each event does."""

    def __init__(
        self,
        result: Assessment,
        table: pd.DataFrame,
        queues: Iterable[Queue],
        code: int,
        unit: int,
    ):
        self.result, self.margins, self.code, self.unit = result, table, code, unit
        self.engine, self.base = result.engine, result.base.to_numpy()
        self.now = result.grades.cat.codes.to_numpy()
        self.held = [queue for queue in queues if queue.within[unit]]

    def rows(self) -> Iterator[dict[str, object]]:
        given = {"unit": self.result.scores.index[self.unit], "next": self._names(self.next)}
        for row in (self._vetoed(), self._approved(), self._rejudged()):
            yield {"veto": None, "loss": np.nan, "beyond": np.nan, "by": None, **given, **row}

    @cached_property
    def next(self) -> np.ndarray:
        """Who moves up if the unit is not counted for its grade."""
        limits = self.engine.thresholds.copy()
        limits[self.unit, self.code - 1 :] = UNREACHABLE
        return self._rising(core.grade(self.engine, self.base, limits))

    def _rising(self, after: np.ndarray) -> np.ndarray:
        """The other units whose grade is better."""
        others = np.arange(after.size) != self.unit
        return np.flatnonzero((after > self.now) & others)

    def _names(self, units: np.ndarray) -> tuple[str, ...]:
        return tuple(self.result.scores.index[units])

    def _vetoed(self) -> dict[str, object]:
        vetoes = self.result.scheme.vetoes
        tried: list[tuple[str | None, Engine]] = [(veto.id, self._with(veto)) for veto in vetoes]
        tried = tried or [(None, self._at_best(self.code - 1))]
        graded = [
            (id, e, limits, core.grade(e, self.base, limits))
            for id, e in tried
            for limits in [core.standing(e, self.base, e.cutoffs)]
        ]
        id, e, limits, after = min(graded, key=lambda each: each[-1][self.unit])
        return {"event": VETOED, "veto": id} | self._told(e, self.base, limits, after)

    def _with(self, veto: Veto) -> Engine:
        """The engine with a veto more on the unit; the same where it has it already."""
        position = [other.id for other in self.result.scheme.vetoes].index(veto.id)
        if self.result.table.vetoes[self.unit, position]:
            return self.engine
        if veto.cap is not None:
            return self._at_best(self.result.grade_names.index(veto.cap))
        shift = self.engine.shift.copy()
        worst = len(self.result.grade_names) - 1  # grades to lose
        shift[self.unit] = min(int(shift[self.unit]) + int(veto.lower or 0), worst)
        return replace(self.engine, shift=shift)

    def _at_best(self, code: int) -> Engine:
        ceiling = self.engine.ceiling.copy()
        ceiling[self.unit] = min(ceiling[self.unit], code)
        return replace(self.engine, ceiling=ceiling)

    def _approved(self) -> dict[str, object]:
        names = self.result.grade_names
        told = {"freed": False, "successors": (), "before": (), "after": (), "tied": ()}
        why = self._not_open(self.code - 1)
        return {"event": APPROVED, "grade": names[self.code - 1], "why": why} | told

    def _rejudged(self) -> dict[str, object]:
        e, row = self.engine, self.margins.iloc[self.unit]
        if row["above"] != row["above"]:
            told = self._told(e, self.base, e.thresholds, self.now)
            why = UNPROVED if row["above_by"] == UNPROVED else KEEPS
            return {"event": REJUDGED} | told | {"why": why}
        # at the limit the grade is kept, one tick below it is not
        lost = self._with_base(int(self.base[self.unit] - to_ticks(row["above"])) - 1)
        told = self._told(e, lost, e.thresholds, core.grade(e, lost))
        row = {"event": REJUDGED, "loss": self._loss(lost), "by": row["above_by"]}
        behind = self._behind(lost) if told["why"] == TIE and self.next.size else None
        if behind is not None and np.array_equal(self._rising(core.grade(e, behind)), self.next):
            row["beyond"] = self._loss(behind)
        return row | told

    def _with_base(self, own: int) -> np.ndarray:
        """The base scores with the unit's replaced."""
        base = self.base.copy()
        base[self.unit] = own
        return base

    def _loss(self, base: np.ndarray) -> float:
        """Points lost of the score that ranks go by."""
        lost = self.engine.key(self.base) - self.engine.key(base)
        return float(from_ticks(lost[self.unit]))

    def _behind(self, base: np.ndarray) -> np.ndarray | None:
        """The base scores with the unit's at most so that it ranks behind where it does at `base`;
        None where it cannot."""
        level = self.engine.key(base)[self.unit]
        low, high = -1, int(base[self.unit])  # at `high` it does not rank behind, at `low` it does
        while high - low > 1:
            middle = (low + high) // 2
            is_behind = self.engine.key(self._with_base(middle))[self.unit] < level
            low, high = (middle, high) if is_behind else (low, middle)
        return None if low < 0 else self._with_base(low)

    def _told(
        self, e: Engine, base: np.ndarray, limits: np.ndarray, after: np.ndarray
    ) -> dict[str, object]:
        """What an event has done: the columns from `grade` on."""
        names = np.array(self.result.grade_names, dtype=object)
        rising = self._rising(after)
        left = [(queue, _queue(e, base, limits, queue.step)) for queue in self.held]
        left = [(queue, then) for queue, then in left if not then.within[self.unit]]
        open_ = [(queue, then) for queue, then in left if _is_open(queue, then)]
        why, tied = None, np.array([], int)
        if after[self.unit] >= self.code and not rising.size:
            why = KEEPS
        elif not rising.size:
            why, tied = self._reason(open_, base, after[self.unit])
        return {
            "grade": names[after[self.unit]],
            "freed": bool(open_),
            "successors": self._names(rising),
            "before": tuple(names[self.now[rising]]),
            "after": tuple(names[after[rising]]),
            "why": why,
            "tied": self._names(tied),
        }

    def _not_open(self, grade: int) -> str:
        """Why nobody moves up where no place becomes free, though the unit then has that grade."""
        lost = any(queue.step.grade > grade for queue in self.held)
        return USED_UP if lost else WITHIN

    def _reason(
        self, open_: list[tuple[Queue, Queue]], base: np.ndarray, grade: int
    ) -> tuple[str, np.ndarray]:
        """Why nobody moves up, and who is level where that is why."""
        nobody = np.array([], int)
        if not open_:
            return self._not_open(grade), nobody
        key = self.engine.key(base)
        for queue, then in open_:
            waiting = queue.counted & queue.barred
            if waiting.any():
                first = waiting & (key == key[waiting].max())
                is_tie = not (waiting & then.within).any()
                return (TIE, np.flatnonzero(first)) if is_tie else (BARRED, nobody)
        full = any(queue.within.sum() >= queue.step.most for queue, _ in open_)
        return (NO_CANDIDATE if full else WITHIN), nobody


def _is_open(before: Queue, after: Queue) -> bool:
    """Whether a place of a quota has become free, or gone to somebody who had none."""
    taken = (after.within & ~before.within).any()
    return bool(taken or after.within.sum() < after.step.most)
