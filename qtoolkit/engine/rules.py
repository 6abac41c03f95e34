"""The registry of leaf rules: raw values to shares of full marks, or to points lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

ON_THE_LINE = 1e-12  # a quotient such as 1.2 / 1.5 falls short of .8 by float error alone


@dataclass(frozen=True)
class LeafRule:
    """How a rule turns raw values into marks.

    `marks(raw, spec, targets, full)` returns shares of full marks, or with `in_points` the points lost, for the units
    with a value; `full` are the points for which the rule is written. `linear` says that the share is linear in the raw
    value between its ends, `set_dependent` that it depends on which other units are assessed.
    """

    marks: Callable[[np.ndarray, Any, np.ndarray, float], np.ndarray]
    in_points: bool = False
    linear: bool = True
    set_dependent: bool = False


def lines(
    rule: LeafRule, raw: np.ndarray, spec: Any, targets: np.ndarray, full: float, scales: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(slope, const) of each unit: its leaf score is slope·p + const, cut at 0 and p."""
    marks = rule.marks(raw, spec, targets, full)
    lost = marks if rule.in_points else (1 - marks) * full
    if not scales:
        return np.ones_like(lost), -lost
    if not rule.in_points:
        return marks, np.zeros_like(marks)
    share = 1 - lost / full if full > 0 else np.where(lost > 0, 0.0, 1.0)
    return np.clip(share, 0, 1), np.zeros_like(lost)


def _share(raw, spec, targets, full):
    return raw


def _direct(raw, spec, targets, full):
    return full - raw


def _goalposts(raw, spec, targets, full):
    share = np.clip((raw - spec.low) / (spec.high - spec.low), 0, 1)
    return share if spec.direction == "higher" else 1 - share


def _efficacy(raw, spec, targets, full):
    part = np.clip((raw - spec.unacceptable) / (spec.satisfactory - spec.unacceptable), 0, 1)
    return spec.base + (1 - spec.base) * part


def _target(raw, spec, targets, full):
    target = np.where(np.isnan(targets), np.nan if spec.target is None else spec.target, targets)
    with np.errstate(divide="ignore"):
        reached = raw / target if spec.direction == "higher" else np.where(raw <= target, 1.0, target / raw)
    share = np.clip(reached, 0, 1)
    return share if spec.floor is None else np.where(share >= spec.floor - ON_THE_LINE, share, 0.0)


def _deduct(raw, spec, targets, full):
    target = np.where(np.isnan(targets), np.nan if spec.target is None else spec.target, targets)
    if spec.target is None and not spec.own_target:
        short = raw
    else:
        short = target - raw if spec.direction == "higher" else raw - target
    return spec.rate / spec.per * np.maximum(short, 0)


def _level(raw, spec, targets, full):
    return np.array([spec.levels[name] for name in raw], dtype=float)


def _steps(raw, spec, targets, full):
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
}

AGGREGATIONS: dict[str, float] = {"arithmetic": 1.0, "geometric": 0.0}
"""Name of an aggregation to the order of its power mean; none depends on the set of units."""
