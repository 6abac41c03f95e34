"""Grades that also depend on others, over a region: a quota, or the last places, decided by who may
stand above whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK, Engine
from qtoolkit.regions.bound import Area, Bands
from qtoolkit.robustness.certificates import DOWN, UP, New, scores_reach
from qtoolkit.robustness.pairs import Keys, keys_over

# units up to which leads of pairs are looked at; beyond, each unit's own interval must do
MOST = 400
PAIRS = 1 << 14  # looked at together


@dataclass(frozen=True)
class Standings:
    """Rivals × units, bool, over an area, or (bands, rivals, units): the rival is ahead, or not
    behind, everywhere (sure) or perhaps (maybe)."""

    ahead_sure: np.ndarray
    ahead_maybe: np.ndarray
    level_sure: np.ndarray
    level_maybe: np.ndarray

    def count(self, relation: str, rivals: np.ndarray) -> np.ndarray:
        """How many others of the `rivals` (…, n) bool stand so to each unit, (…, n)."""
        others = rivals[..., None] & ~np.eye(rivals.shape[-1], dtype=bool)
        return (others & getattr(self, relation)).sum(axis=-2)


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


def rivals_over(result: Assessment, area: Area, new: New) -> Callable[[], Standings | Intervals]:
    """Who may stand above whom over an area: computed when it is asked, and once."""
    return cache(lambda: standings(area, keys_over(result, area, new)))


def standings(area: Area | Bands, keys: Keys) -> Standings | Intervals:
    """Who may stand above whom while the points move over the area. Leads are looked at where each
    unit's own interval does not tell."""
    if keys.least.shape[-1] > MOST:
        return Intervals(keys.least, keys.greatest)
    low, high = keys.least[..., None], keys.greatest[..., None]
    least, greatest = keys.least[..., None, :], keys.greatest[..., None, :]
    found = Standings(low > greatest, high > least, low >= greatest, high >= least)
    open_ = found.level_maybe & ~found.ahead_sure
    open_ &= keys.held[..., None] & keys.held[..., None, :] & ~np.eye(len(open_.T), dtype=bool)
    pairs = np.nonzero(open_)
    for start in range(0, len(pairs[0]), PAIRS):
        _look_at_leads(found, area, keys, tuple(each[start : start + PAIRS] for each in pairs))
    return found


def _look_at_leads(
    found: Standings, area: Area | Bands, keys: Keys, pairs: tuple[np.ndarray, ...]
) -> None:
    """What the leads of some pairs tell, into `found`; pairs as numbers of the band, where there
    are several, the rival and the unit."""
    *at, rivals, units = pairs
    least, greatest = keys.leads(area, units, rivals, tuple(at))
    found.ahead_sure[pairs] |= least >= max(keys.step, TICK)
    found.ahead_maybe[pairs] &= greatest > TICK / 2 - keys.gain
    found.level_sure[pairs] |= least >= (keys.step if keys.gain else -TICK / 2)
    found.level_maybe[pairs] &= greatest > -max(keys.step, TICK / 2) - keys.gain


def grade_span(
    e: Engine,
    values: np.ndarray,
    limits: tuple[np.ndarray, np.ndarray],
    rivals: Callable[[], Standings | Intervals],
) -> np.ndarray:
    """Lowest and highest grades (2, n), quotas and last places worked in, where base scores lie
    between `values` (2, n); over several bands (2, bands, n).

    limits : thresholds for the lower and for the upper end.
    rivals : who may stand above whom there; asked where the scheme has quotas or last places.
    """
    low, high = (scores_reach(values[side], limits[side]) for side in (DOWN, UP))
    if e.veto_first:
        low, high = np.minimum(low, e.ceiling), np.minimum(high, e.ceiling)
    if e.rivals:
        low, high = _after_rivals(e, rivals(), low, high)
    if not e.veto_first:
        low, high = np.maximum(low - e.shift, 0), np.maximum(high - e.shift, 0)
    return np.stack([np.minimum(low, e.ceiling), np.minimum(high, e.ceiling)]).astype(np.int8)


def _after_rivals(
    e: Engine, s: Standings | Intervals, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest grades (…, n) once quotas and last places are worked in."""
    n = low.shape[-1]
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
