"""The registry of leaf rules: raw values to shares of full marks, or to points lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtoolkit.engine.core import rank

ON_THE_LINE = 1e-12  # a quotient such as 1.2 / 1.5 falls short of .8 by float error alone


@dataclass(frozen=True)
class LeafRule:
    """How a rule turns raw values into marks.

    `marks(raw, spec, own, full)` returns shares of full marks, or with `in_points` the points lost,
    for the units with a value; `own` are the units' own targets or references, `full` the points
    for which the rule is written. Points lost are infinite where nothing is left whatever the
    points. `linear` says that the share is linear in the raw value between its ends,
    `set_dependent` that it depends on which other units are assessed.
    """

    marks: Callable[[np.ndarray, Any, np.ndarray, float], np.ndarray]
    in_points: bool = False
    linear: bool = True
    set_dependent: bool = False


def lines(
    rule: LeafRule, raw: np.ndarray, spec: Any, own: np.ndarray, full: float, scales: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(slope, const) of each unit: its leaf score is slope·p + const, cut at 0 and p.

    A leaf of 0 points for which nothing else is written (`full` 0) is read for the points that it
    may get: shares are shares of them, points lost are lost from them.
    """
    marks = rule.marks(raw, spec, own, full)
    if full == 0 and not rule.in_points:
        return marks, np.zeros_like(marks)
    lost = marks if rule.in_points else (1 - marks) * full
    if not scales or full == 0:
        nothing = np.isinf(lost)  # whatever the points
        return np.where(nothing, 0.0, 1.0), np.where(nothing, 0.0, -lost)
    if not rule.in_points:
        return marks, np.zeros_like(marks)
    return np.clip(1 - lost / full, 0, 1), np.zeros_like(lost)


def _share(raw, spec, own, full):
    return raw


def _direct(raw, spec, own, full):
    return full - raw


def _goalposts(raw, spec, own, full):
    share = np.clip((raw - spec.low) / (spec.high - spec.low), 0, 1)
    return share if spec.direction == "higher" else 1 - share


def _efficacy(raw, spec, own, full):
    part = np.clip((raw - spec.unacceptable) / (spec.satisfactory - spec.unacceptable), 0, 1)
    return spec.base + (1 - spec.base) * part


def _target(raw, spec, own, full):
    target = _own_or(own, spec.target)
    with np.errstate(divide="ignore"):
        reached = (
            raw / target
            if spec.direction == "higher"
            else np.where(raw <= target, 1.0, target / raw)
        )
    share = np.clip(reached, 0, 1)
    return share if spec.floor is None else np.where(share >= spec.floor - ON_THE_LINE, share, 0.0)


def _deduct(raw, spec, own, full):
    target = _own_or(own, spec.target)
    if spec.target is None and not spec.own_target:
        short = raw
    else:
        short = target - raw if spec.direction == "higher" else raw - target
    lost = spec.rate / spec.per * np.maximum(short, 0)
    lost = lost if spec.most is None else np.minimum(lost, spec.most)
    return (
        lost
        if spec.zero_at is None
        else np.where(short >= spec.zero_at - ON_THE_LINE, np.inf, lost)
    )


def _own_or(own, common):
    """The units' own values where they have one, else the rule's."""
    return np.where(np.isnan(own), np.nan if common is None else common, own)


def _level(raw, spec, own, full):
    return np.array(
        [spec.levels[mark] if isinstance(mark, str) else mark for mark in raw], dtype=float
    )


def _base_plus(raw, spec, own, full):
    gained = (raw - _own_or(own, spec.reference)) * (1 if spec.direction == "higher" else -1)
    share = np.minimum(spec.base + spec.gain / spec.per * np.maximum(gained, 0), 1)
    return share if spec.below is None else np.where(gained < -ON_THE_LINE, spec.below, share)


def _minmax(raw, spec, own, full):
    least, greatest = raw.min(initial=np.inf), raw.max(initial=-np.inf)
    if not least < greatest:
        return np.full(len(raw), spec.when_equal)
    return (raw - least if spec.direction == "higher" else greatest - raw) / (greatest - least)


def _zscore(raw, spec, own, full):
    differ = len(raw) > 0 and raw.min() < raw.max()  # the float sd of equal values need not be 0
    z = (raw - raw.mean()) / raw.std(ddof=1) if differ else np.zeros(len(raw))
    return np.clip(spec.center + spec.spread * (z if spec.direction == "higher" else -z), 0, 1)


def _rank(raw, spec, own, full):
    place = np.unique(raw, return_inverse=True)[1]  # raw values may be too large for ticks
    ahead = rank(place if spec.direction == "higher" else -place) - 1
    return 1 - (1 - spec.last) * ahead / max(len(raw) - 1, 1)


def treated(raw: np.ndarray, outliers: Any) -> np.ndarray:
    """Raw values with the `low` lowest and `high` highest pulled to the value next to them
    (winsorised)."""
    ordered = np.sort(raw)
    return np.clip(raw, ordered[outliers.low], ordered[len(raw) - 1 - outliers.high])


def logged(raw: np.ndarray, rule: Any) -> tuple[np.ndarray, Any]:
    """Natural logarithms of the raw values and of the ends of the rule."""
    ends = [end for end in ("low", "high", "unacceptable", "satisfactory") if hasattr(rule, end)]
    return np.log(raw), rule.model_copy(update={end: math.log(getattr(rule, end)) for end in ends})


def _steps(raw, spec, own, full):
    at = np.array([step.at for step in spec.table])
    share = np.array([step.share for step in spec.table])
    if spec.interpolate:
        return np.interp(raw, at, share)
    reached = (raw[:, None] >= at).sum(axis=1)
    return np.concatenate([[0.0], share])[reached]


LEAF_RULES: dict[str, LeafRule] = {
    "share": LeafRule(_share),
    "direct": LeafRule(_direct, in_points=True),
    "goalposts": LeafRule(_goalposts),
    "efficacy": LeafRule(_efficacy),
    "target": LeafRule(_target),
    "deduct": LeafRule(_deduct, in_points=True),
    "level": LeafRule(_level, linear=False),
    "steps": LeafRule(_steps, linear=False),
    "base_plus": LeafRule(_base_plus),
    "minmax": LeafRule(_minmax, set_dependent=True),
    "zscore": LeafRule(_zscore, set_dependent=True),
    "rank": LeafRule(_rank, linear=False, set_dependent=True),
}

AGGREGATIONS: dict[str, float] = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}
"""Name of an aggregation to the order of its power mean; none depends on the set of units, order 1
alone is linear."""


def order_of(aggregation: str | float) -> float:
    """The order of a power mean given by name or by its order."""
    return AGGREGATIONS[aggregation] if isinstance(aggregation, str) else float(aggregation)
