"""Grades that also depend on others, over a region: a quota, or the last places, decided by who may
stand above whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK, Engine
from qtoolkit.regions.bound import Area
from qtoolkit.robustness.certificates import DOWN, UP, New, scores_reach
from qtoolkit.robustness.pairs import keys_over

# units up to which leads of pairs are looked at; beyond, each unit's own interval must do
MOST = 400


@dataclass(frozen=True)
class Standings:
    """Rivals × units, bool, over an area: the rival is ahead, or not behind, everywhere (sure) or
    perhaps (maybe)."""

    ahead_sure: np.ndarray
    ahead_maybe: np.ndarray
    level_sure: np.ndarray
    level_maybe: np.ndarray

    def count(self, relation: str, rivals: np.ndarray) -> np.ndarray:
        """How many others of the `rivals` (n,) bool stand so to each unit, (n,)."""
        others = rivals[:, None] & ~np.eye(len(rivals), dtype=bool)
        return (others & getattr(self, relation)).sum(axis=0)


@dataclass(frozen=True)
class Intervals:
    """The same of many units, from each unit's own interval (n,) of the ranking score alone: no n ×
    n table is held."""

    least: np.ndarray
    greatest: np.ndarray

    def count(self, relation: str, rivals: np.ndarray) -> np.ndarray:
        """As :meth:`Standings.count`."""
        kind, how = relation.split("_")
        theirs, own = (self.least, self.greatest) if how == "sure" else (self.greatest, self.least)
        ordered = np.sort(theirs[rivals])
        behind = np.searchsorted(ordered, own, "right" if kind == "ahead" else "left")
        itself = rivals & ((theirs > own) if kind == "ahead" else (theirs >= own))
        return ordered.size - behind - itself


def standings(result: Assessment, area: Area, new: New) -> Standings | Intervals:
    """Who may stand above whom while the points move over the area."""
    keys = keys_over(result, area, new)
    if len(keys.least) > MOST:
        return Intervals(keys.least, keys.greatest)
    low, high = keys.least[:, None], keys.greatest[:, None]
    found = Standings(
        low > keys.greatest, high > keys.least, low >= keys.greatest, high >= keys.least
    )
    held = np.flatnonzero(keys.held)
    for k in held.tolist():
        least, greatest = keys.leads(area, k, held)
        found.ahead_sure[held, k] |= least >= max(keys.step, TICK)
        found.ahead_maybe[held, k] &= greatest > TICK / 2 - keys.gain
        found.level_sure[held, k] |= least >= (keys.step if keys.gain else -TICK / 2)
        found.level_maybe[held, k] &= greatest > -max(keys.step, TICK / 2) - keys.gain
    return found


def grade_span(
    result: Assessment,
    area: Area,
    values: np.ndarray,
    new: New,
    limits: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Lowest and highest grades (2, n), quotas and last places worked in, where base scores lie
    between `values` (2, n).

    limits : thresholds for the lower and for the upper end.
    """
    e = result.engine
    low, high = (scores_reach(values[side], limits[side]) for side in (DOWN, UP))
    if e.veto_first:
        low, high = np.minimum(low, e.ceiling), np.minimum(high, e.ceiling)
    if e.rivals:
        low, high = _after_rivals(e, standings(result, area, new), low, high)
    if not e.veto_first:
        low, high = np.maximum(low - e.shift, 0), np.maximum(high - e.shift, 0)
    return np.stack([np.minimum(low, e.ceiling), np.minimum(high, e.ceiling)]).astype(np.int8)


def _after_rivals(
    e: Engine, s: Standings | Intervals, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest grades (n,) once quotas and last places are worked in."""
    n = len(low)
    for step in e.rivals:
        members = np.ones(n, bool) if step.members is None else step.members
        could, must = (members & (x >= step.grade) for x in (high, low))
        if step.last:
            others, kind = members.sum() - members, "level" if step.ties_in else "ahead"
            lost = others - s.count(f"{kind}_sure", members) + 1 <= step.most
            safe = others - s.count(f"{kind}_maybe", members) + 1 > step.most
            limit = step.grade
        else:
            kinds = ("ahead_maybe", "ahead_sure") if step.ties_in else ("level_maybe", "level_sure")
            safe = s.count(kinds[0], could) + 1 <= step.most
            lost = s.count(kinds[1], must) + 1 > step.most
            limit = step.grade - 1
        low = np.where(members & ~safe, np.minimum(low, limit), low)
        high = np.where(members & lost, np.minimum(high, limit), high)
    return low, high
