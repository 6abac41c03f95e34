"""Margins against brute force over base scores, the rounding audit by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.engine import finish, from_ticks, to_ticks
from tests.strategies import frame_of, givens, scheme_of


@settings(max_examples=80)
@given(givens(quotas=False))
def test_margins_are_where_the_published_score_crosses_the_cutoff(given):
    """At the margin above, the score's grade still holds and one tick below it does not; below: the next grade starts."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    table, base = qt.cutoffs.margins(result), result.base.to_numpy()
    lines = list(reversed(given.scheme["grades"][:-1]))
    cutoffs = to_ticks([[g.get("class_cutoffs", {}).get(row["class"], g["cutoff"]) for g in lines] for row in given.rows])
    grades = lambda base: (finish(result.engine, base)[:, None] >= cutoffs).sum(axis=1)  # noqa: E731
    now = grades(base)
    above, below = (table[side].to_numpy(dtype=float) for side in ("above", "below"))
    assert (np.isnan(above) == (now == 0))[base <= to_ticks(given.scheme["total"])].all()
    down = base - to_ticks(np.nan_to_num(above))
    held, low = ~np.isnan(above), grades(down - 1) == now
    assert (grades(down) == now)[held].all() and not low[held & (down > 0)].any()
    up = base + to_ticks(np.nan_to_num(below))
    open_ = ~np.isnan(below)
    assert (grades(up) > now)[open_].all() and (grades(up - 1) == now)[open_].all()
    assert np.array_equal(table["nearest"].to_numpy(dtype=float), np.fmin(above, below), equal_nan=True)


def test_margins_by_hand():
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0})
    result = qt.assess(scheme, pd.DataFrame({"a": [0.895, 0.62, 0.3, 0.95]}, index=list("甲乙丙丁")))
    table = qt.cutoffs.margins(result)
    assert table["nearest"].tolist() == [0.5, 2.0, 30.0, 5.0] and table["next"].tolist() == ["A", "C", "B", "B"]


def test_a_bonus_and_a_whole_point_rounding_move_the_margins():
    """88.7 + 1 bonus rounds to 90: an A from 88.5 on, so .2 above its effective cutoff."""
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    scheme = {"id": "s", "name": "s", "total": 100.0, "indicators": [leaf], "rounding": {"total": {"decimals": 0}}}
    scheme |= {"grades": [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 0.0}]}
    scheme |= {"bonuses": [{"id": "m", "name": "m", "max": 5.0}]}
    result = qt.assess(scheme_of(scheme), pd.DataFrame({"a": [0.887], "bonus:m": [1.0]}, index=["甲"]))
    assert result.grades.tolist() == ["A"] and qt.cutoffs.margins(result)["above"].tolist() == pytest.approx([0.2])
    assert from_ticks(result.engine.thresholds[0, 0]) == 88.5


def test_a_cutoff_out_of_reach_has_no_margin():
    scheme = qt.Scheme.flat({"a": 100}, {"A": 101, "B": 0})
    table = qt.cutoffs.margins(qt.assess(scheme, pd.DataFrame({"a": [1.0]}, index=["甲"])))
    assert table[["above", "below", "nearest"]].isna().all(axis=None) and table["next"].tolist() == [None]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (89.5, {"unrounded": "B", "two_decimals": "B", "one_decimal": "B", "whole_half_up": "A", "whole_floor": "B"}),
        (89.95, {"unrounded": "B", "two_decimals": "B", "one_decimal": "A", "whole_half_up": "A", "whole_floor": "B"}),
        (89.995, {"unrounded": "B", "two_decimals": "A", "one_decimal": "A", "whole_half_up": "A", "whole_floor": "B"}),
        (90.0, dict.fromkeys(["unrounded", "two_decimals", "one_decimal", "whole_half_up", "whole_floor"], "A")),
    ],
)
def test_the_rounding_audit_by_hand(score, expected):
    result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), pd.DataFrame({"a": [score / 100]}, index=["甲"]))
    assert qt.cutoffs.rounding_audit(result).iloc[0].to_dict() == {"scheme": expected["unrounded"]} | expected


def test_blanks_as_zero_by_hand():
    leaves = [{"id": i, "name": i, "points": p, "rule": {"kind": "share"}} for i, p in (("a", 60.0), ("b", 40.0))]
    scheme = {"id": "s", "name": "s", "total": 100.0, "indicators": leaves, "grades": [{"id": "A", "cutoff": 0.0}]}
    missing = {"blank": "not_applicable", "not_applicable": "renormalise"}
    frame = pd.DataFrame({"a": [0.9, 0.5], "b": [None, 1.0]}, index=["甲", "乙"], dtype=object)
    result = qt.assess(scheme_of(scheme | {"missing": missing}), frame)
    assert result.scores.tolist() == [90.0, 70.0] and qt.cutoffs.blanks_as_zero(result).scores.tolist() == [54.0, 70.0]


def test_bunching_by_hand():
    """Five of six within a point of 90 lie above: P(X ≥ 5) of a fair coin thrown six times is 7/64."""
    frame = pd.DataFrame({"a": [0.9, 0.901, 0.903, 0.905, 0.9099, 0.8999, 0.91, 0.889]}, index=list("abcdefgh"))
    row = qt.cutoffs.bunching(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)).loc["A"]
    assert (row["below"], row["above"]) == (1, 5) and row["p"] == pytest.approx(7 / 64)
    far = qt.cutoffs.bunching(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 50, "B": 0}), frame), width=2).loc["A"]
    assert far["below"] == far["above"] == 0 and np.isnan(far["p"])


def test_bunching_goes_by_each_class_s_own_cutoff():
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    grades = [{"id": "A", "cutoff": 90.0, "class_cutoffs": {"县": 70.0}}, {"id": "B", "cutoff": 0.0}]
    scheme = scheme_of({"id": "s", "name": "s", "total": 100.0, "indicators": [leaf], "grades": grades, "classes": ["市", "县"]})
    frame = pd.DataFrame({"class": ["市", "县", "县"], "a": [0.905, 0.705, 0.905]}, index=list("abc"))
    assert qt.cutoffs.bunching(qt.assess(scheme, frame)).loc["A", ["below", "above"]].tolist() == [0, 2]


def test_dead_cutoffs_by_hand():
    efficacy = {"kind": "efficacy", "unacceptable": 0.0, "satisfactory": 1.0, "base": 0.6}
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": efficacy}
    cutoffs = [("A", 101.0), ("B", 89.8), ("C", 89.6), ("D", 60.0), ("E", 0.0)]
    data = {"id": "s", "name": "s", "total": 100.0, "indicators": [leaf], "rounding": {"total": {"decimals": 0}}}
    data["grades"] = [{"id": id, "cutoff": cutoff} for id, cutoff in cutoffs]
    found = qt.cutoffs.dead(qt.assess(scheme_of(data), pd.DataFrame({"a": [0.5]}, index=["u"])))
    assert found.to_dict() == {"A": "out of reach", "B": "live", "C": "empty", "D": "live", "E": "never missed"}


@settings(max_examples=40)
@given(givens())
def test_no_score_ever_gets_a_dead_grade(given):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    found = qt.cutoffs.dead(result)
    lines = list(reversed(given.scheme["grades"][:-1]))
    cutoffs = to_ticks([[g.get("class_cutoffs", {}).get(row["class"], g["cutoff"]) for g in lines] for row in given.rows])
    codes = (finish(result.engine, result.base.to_numpy())[:, None] >= cutoffs).sum(axis=1)
    assert not any(found[result.grade_names[c]] != "live" for c in codes)
