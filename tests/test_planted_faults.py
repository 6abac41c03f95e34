"""Planted faults: each makes the comparison with the oracle fail, so the comparison can fail."""

import importlib
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from qtoolkit.assessment import assessing as assessment
from qtoolkit.engine import breaks, core, ticks
from qtoolkit.rules.base import LeafRule
from tests.strategies import Given, disagreements

# the package's `build` is the function
build_module = importlib.import_module("qtoolkit.assessment.build")


def given(rows, grades=None, points=(60.0, 40.0), **extra):
    leaves = [
        {"id": f"x{j}", "name": "x", "points": p, "rule": {"kind": "share"}, "scales": True}
        for j, p in enumerate(points)
    ]
    scheme = {
        "id": "p",
        "name": "p",
        "total": sum(points),
        "aggregation": "arithmetic",
        "indicators": leaves,
        "missing": {
            "blank": "not_applicable",
            "not_applicable": "renormalise",
            "not_reported": "zero",
            "pending": "zero",
        },
        "rounding": {"total": {"decimals": 0, "mode": "half_up"}},
        "rank_on": "published",
        "order": {"rounding": "after_bonus", "cap": "after_deductions", "veto": "before_quota"},
        "grades": grades
        or [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 60.0}, {"id": "D", "cutoff": 0.0}],
        "vetoes": [{"id": "v", "name": "v", "cap": "D"}],
        "bonuses": [{"id": "media", "name": "m", "kind": "bonus", "max": 5.0}],
    } | extra
    blank = {"class": None, "raw": {}, "status": {}, "target": {}, "veto": set(), "bonus": {}}
    return Given(scheme, [blank | row for row in rows])


def raw(*values, **more):
    return {"raw": {f"x{j}": v for j, v in enumerate(values)}} | more


QUOTA = [{"id": "A", "cutoff": 60.0, "quota": 2}, {"id": "D", "cutoff": 0.0}]
PLACES = [{"id": "A", "by": "place", "quota": 2}, {"id": "B", "cutoff": 70.0}, QUOTA[1]]
BREAKS = [{"id": "A", "by": "breaks"}, {"id": "B", "by": "breaks"}, QUOTA[1]]
DEDUCT = [
    {"id": "x0", "name": "x", "points": 60.0, "rule": {"kind": "share"}, "scales": True},
    {
        "id": "x1",
        "name": "x",
        "points": 40.0,
        "rule": {"kind": "deduct", "rate": 1.0},
        "scales": False,
        "out_of": 20.0,
    },
]
CASES = [
    given(
        [
            raw(0.9, 0.9),
            raw(0.6, 0.6),
            raw(1.0, 0.95),
            raw(0.895, 0.895),
            raw(0.885, 0.885),
            raw(0.9, 0.9),
        ]
    ),
    given([raw(0.95, 0.95, veto={"v"}), raw(0.95, 0.95), raw(0.5, 0.9, bonus={"media": 5.0})]),
    given([raw(0.9, 0.8), raw(0.9, 0.7), raw(0.9, 0.7), raw(0.9, 0.65)], grades=QUOTA),
    given([raw(0.9), raw(0.4, 0.8), raw(1.0, 0.98, bonus={"media": 5.0})]),
    given([raw(0.9, 5.0), raw(0.8, 30.0)], indicators=DEDUCT),
    given([raw(0.9, 0.9), raw(0.8, 0.8), raw(0.7, 0.7), raw(0.5, 0.5)], grades=PLACES),
    # 30, 60, 90: both ways to cut two of them off are as good; a unit under a veto does not count
    given([raw(0.3, 0.3), raw(0.6, 0.6), raw(0.9, 0.9)], grades=[BREAKS[0], BREAKS[2]]),
    given([raw(x, x) for x in (0.3, 0.35, 0.6, 0.9)] + [raw(0.0, 0.0, veto={"v"})], grades=BREAKS),
]


def shifted(e):
    return replace(e, slope=np.roll(e.slope, 1, axis=1))


def half_even(self, values):
    return np.array(
        [round(Fraction(int(v), self.step)) * self.step for v in np.ravel(values)], np.int64
    ).reshape(np.shape(values))


def dense(key, tol=0):
    return np.stack(
        [np.searchsorted(-np.unique(row)[::-1], -row) + 1 for row in np.atleast_2d(key)]
    ).astype(np.int32)


def patch_build(change):
    def plant(monkeypatch):
        real = build_module.build
        monkeypatch.setattr(assessment, "build", lambda scheme, table: change(real(scheme, table)))

    return plant


def patch(owner, name, value):
    return lambda monkeypatch: monkeypatch.setattr(owner, name, value)


def strict_thresholds(e):
    return replace(e, thresholds=e.thresholds + 1)


def all_counted(e):
    groups = tuple(replace(group, counted=group.members) for group in e.breaks)
    if not groups:
        return e
    return replace(e, breaks=groups)


def the_smaller_upper_group(scores, k):
    """Ties between partitions settled the other way round: as seen from below."""
    found = breaks.natural_lines(-np.asarray(scores), k)
    return np.stack([_turned(row, lines) for row, lines in zip(scores, found, strict=True)])


def _turned(row, lines):
    ends = [max(x for x in row if x < -line + 1) for line in lines[lines > ticks.NO_LINE][::-1]]
    starts = sorted(min(x for x in row if x > end) for end in ends)
    return np.array([ticks.NO_LINE] * (len(lines) - len(starts)) + starts, np.int64)


real_lines = LeafRule.lines


def lines_that_scale(rule, raw, own, full, scales):
    return real_lines(rule, raw, own, full, True)


FAULTS = {
    "≥ turned into >": patch_build(strict_thresholds),
    "banker's rounding": patch(ticks.Rounding, "ticks", half_even),
    "floor instead of half up": patch(
        ticks.Rounding, "ticks", lambda self, t: t // self.step * self.step
    ),
    "quota off by one": patch_build(
        lambda e: replace(e, rivals=tuple(replace(s, most=s.most + 1) for s in e.rivals))
    ),
    "veto skipped": patch_build(
        lambda e: replace(e, ceiling=np.full_like(e.ceiling, e.thresholds.shape[1]))
    ),
    "columns shifted": patch_build(shifted),
    "bonus dropped": patch_build(lambda e: replace(e, offset=np.zeros_like(e.offset))),
    "cap lifted": patch_build(lambda e: replace(e, cap=e.cap * 2)),
    "blank as zero": patch_build(
        lambda e: replace(e, tree=replace(e.tree, blank=np.zeros_like(e.tree.blank)))
    ),
    "deductions that scale": patch(LeafRule, "lines", lines_that_scale),
    "places that every unit has": patch_build(
        lambda e: replace(e, rivals=tuple(replace(s, most=s.most + 9 * s.sets) for s in e.rivals))
    ),
    "a place without the line below": patch_build(
        lambda e: replace(
            e, thresholds=np.where(e.line_of < np.arange(e.line_of.size), 0, 1) * e.thresholds
        )
    ),
    "breaks that count vetoed units": patch_build(all_counted),
    "breaks that float or order decides": patch(core, "natural_lines", the_smaller_upper_group),
    "dense ranks": patch(assessment, "rank", dense),
    "ranks upside down": patch(assessment, "rank", lambda key: core.rank(-np.asarray(key))),
}


def failures():
    return [k for k, case in enumerate(CASES) if disagreements(case)]


def test_without_a_fault_nothing_differs():
    assert failures() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault, monkeypatch):
    FAULTS[fault](monkeypatch)
    assert failures() != []
