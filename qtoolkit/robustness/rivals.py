"""Grades that also depend on others, over a region: a quota, or the last places, decided by who may stand above whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtoolkit.areas import Area
from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK
from qtoolkit.robustness.certificates import DOWN, UP, New, scores_reach
from qtoolkit.robustness.pairs import keys_over

MOST = 400  # units up to which leads of pairs are looked at; beyond, each unit's own interval must do


@dataclass(frozen=True)
class Standings:
    """Rivals × units, bool, over an area: the rival is ahead, or not behind, everywhere (sure) or perhaps (maybe)."""

    ahead_sure: np.ndarray
    ahead_maybe: np.ndarray
    level_sure: np.ndarray
    level_maybe: np.ndarray


def standings(result: Assessment, area: Area, new: New) -> Standings:
    """Who may stand above whom while the points move over the area."""
    keys = keys_over(result, area, new)
    low, high = keys.least[:, None], keys.greatest[:, None]
    found = Standings(low > keys.greatest, high > keys.least, low >= keys.greatest, high >= keys.least)
    held = np.flatnonzero(keys.held) if len(low) <= MOST else np.empty(0, int)
    for k in held:
        least, greatest = keys.leads(area, k, held)
        found.ahead_sure[held, k] |= least >= max(keys.step, TICK)
        found.ahead_maybe[held, k] &= greatest > TICK / 2 - keys.gain
        found.level_sure[held, k] |= least >= (keys.step if keys.gain else -TICK / 2)
        found.level_maybe[held, k] &= greatest > -max(keys.step, TICK / 2) - keys.gain
    return found


def grade_span(result: Assessment, area: Area, values: np.ndarray, new: New, limits: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Lowest and highest grades (2, n), quotas and last places worked in, where base scores lie between `values` (2, n).

    limits : thresholds for the lower and for the upper end.
    """
    e = result.engine
    low, high = (scores_reach(values[side], limits[side]) for side in (DOWN, UP))
    if e.veto_first:
        low, high = np.minimum(low, e.ceiling), np.minimum(high, e.ceiling)
    s = standings(result, area, new) if e.rivals else None
    n = len(low)
    others = ~np.eye(n, dtype=bool)
    for step in e.rivals:
        members = np.ones(n, bool) if step.members is None else step.members
        could, must = ((members & (x >= step.grade))[:, None] & others for x in (high, low))
        if step.last:
            could = must = members[:, None] & others
            lost = (could & ~(s.level_sure if step.ties_in else s.ahead_sure)).sum(axis=0) + 1 <= step.most
            safe = (must & ~(s.level_maybe if step.ties_in else s.ahead_maybe)).sum(axis=0) + 1 > step.most
            limit = step.grade
        else:
            safe = (could & (s.ahead_maybe if step.ties_in else s.level_maybe)).sum(axis=0) + 1 <= step.most
            lost = (must & (s.ahead_sure if step.ties_in else s.level_sure)).sum(axis=0) + 1 > step.most
            limit = step.grade - 1
        low = np.where(members & ~safe, np.minimum(low, limit), low)
        high = np.where(members & lost, np.minimum(high, limit), high)
    if not e.veto_first:
        low, high = np.maximum(low - e.shift, 0), np.maximum(high - e.shift, 0)
    return np.stack([np.minimum(low, e.ceiling), np.minimum(high, e.ceiling)]).astype(np.int8)
