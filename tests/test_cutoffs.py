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
