"""Margins against brute force over base scores and a plain quota rule, the rounding audit by
hand."""

import importlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import finish, from_ticks, grade, to_ticks
from tests.examples import share
from tests.strategies import frame_of, givens, scheme_of


def graded_with(result, k, base):
    """Unit k's grade with its base score in ticks changed, the others' as they are, by grading them
    all anew."""
    scores = result.base.to_numpy().copy()
    scores[k] = base
    return int(grade(result.engine, scores)[k])


@settings(max_examples=share(80))
@given(givens(), st.data())
def test_margins_are_where_the_grade_really_changes(given, data):
    """At the margin below, the grade gets better and one tick short of it does not; above: it
    holds, and falls a tick lower. Between the two nothing changes, and where there is no margin no
    score in reach changes it either."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    table, names = qt.cutoffs.margins(result), result.grade_names
    assert not table[["above_by", "below_by"]].isin(["unproved"]).any(axis=None)
    assert np.array_equal(
        table["nearest"].to_numpy(dtype=float),
        np.fmin(table["above"], table["below"]),
        equal_nan=True,
    )
    for k, row in enumerate(table.itertuples()):
        base, now = int(result.base.iloc[k]), names.index(row.grade)
        most = max(base, int(to_ticks(given.scheme["total"])))
        low = base - int(to_ticks(row.above)) if row.above == row.above else 0
        high = base + int(to_ticks(row.below)) if row.below == row.below else most + 1
        between = [
            *data.draw(st.lists(st.integers(low, high - 1), max_size=5)),
            low,
            high - 1,
            base,
        ]
        assert {graded_with(result, k, score) for score in between} == {now}
        if row.above == row.above:
            assert graded_with(result, k, low - 1) == names.index(row.lower) < now
        if row.below == row.below:
            assert graded_with(result, k, high) == names.index(row.higher) > now
        assert (
            (row.above != row.above) == (row.lower is None) == (row.above_by in ("worst", "safe"))
        )
        assert (row.below_by == "best") == (now == len(names) - 1)


def plain_grades(scores, lines, places):
    """Grades by a plain loop: from the best grade down, who reaches its line takes a place, and a
    group tied across the last place takes none."""
    grades = {}
    for unit, score in scores.items():
        reached = [grade for grade, line in lines.items() if score >= line]
        if reached[0] == "A":
            rivals = [other for other in scores.values() if other >= lines["A"]]
            level_or_ahead = sum(other >= score for other in rivals)
            reached = reached if level_or_ahead <= places else reached[1:]
        grades[unit] = reached[0]
    return grades


@pytest.mark.parametrize("seed", range(5))
def test_margins_under_a_quota_against_a_plain_walk_over_all_scores(seed):
    """Whole points, three places: each unit's score is walked up and down point by point, and all
    are graded anew."""
    rng = np.random.default_rng(seed)
    lines, units = {"A": 90, "B": 70, "C": 0}, list("abcdefghij")
    scores = dict(zip(units, (int(x) for x in rng.integers(60, 101, 10)), strict=True))
    scheme = qt.Scheme.flat({"x": 100}, lines)
    grades = (scheme.grades[0].model_copy(update={"quota": 3.0}), *scheme.grades[1:])
    result = qt.assess(
        scheme.model_copy(update={"grades": grades}),
        pd.DataFrame({"x": [s / 100 for s in scores.values()]}, index=units),
    )
    table, now, tick = qt.cutoffs.margins(result), plain_grades(scores, lines, 3), 1e-10
    assert result.grades.to_dict() == now
    for unit, score in scores.items():
        # a quarter passes a whole one
        walk = {
            s: plain_grades(scores | {unit: s}, lines, 3)[unit] for s in np.arange(0, 100.25, 0.25)
        }
        better = [s for s, g in walk.items() if s > score and g < now[unit]]
        worse = [s for s, g in walk.items() if s < score and g > now[unit]]
        below, above = table.loc[unit, ["below", "above"]]
        if better:  # reached at a whole point, or just past one where a tie takes no place
            assert (
                below == pytest.approx(min(better) - score)
                if min(better) % 1 == 0
                else below == pytest.approx(min(better) - 0.25 - score + tick)
            )
        else:
            assert np.isnan(below)
        if worse:  # lost at a whole point on a tie, or just below a whole point
            limit = max(worse)
            assert above == pytest.approx(
                score - limit - tick if limit % 1 == 0 else score - limit - 0.25, abs=2e-10
            )
        else:
            assert np.isnan(above)


def test_near_misses_of_the_city_case_count_the_places():
    """A takes four: 壬市 (89.69) reaches the line with .31 more, but must pass the fourth, 甲市
    (93.39), for an A; the vetoed 卯市 (92.07) stays D however much it gains."""
    case = qt.read_case("params/city-2026")
    result = qt.assess(case.scheme, case.table)
    row = qt.cutoffs.margins(result).loc["壬市"]  # 93.395 rounds up to 93.40
    assert row["below"] == pytest.approx(93.395 - float(from_ticks(result.base["壬市"])), abs=1e-9)
    assert (row["below_by"], row["below_rivals"], row["higher"]) == ("quota", ("甲市",), "A")
    vetoed = qt.cutoffs.margins(result).loc["卯市"]
    assert vetoed[["above", "below"]].isna().all() and (vetoed["above_by"], vetoed["below_by"]) == (
        "worst",
        "veto",
    )
    fourth = qt.cutoffs.margins(result).loc["甲市"]
    assert (fourth["above_by"], fourth["above_rivals"], fourth["lower"]) == (
        "quota",
        ("戊市",),
        "B",
    )


def test_what_bars_a_better_grade_is_said():
    """No place at all, an A out of reach, a last place that only passing the next one leaves."""
    none = margins_of([0.95, 0.5], top={"quota": 0.0})
    assert none["below_by"].tolist() == ["quota", "quota"] and none["below"].isna().all()
    assert margins_of([0.95], line=101)["below_by"].tolist() == ["reach"]
    last = margins_of([0.95, 0.92, 0.93], end={"last": 1})
    assert last["below_by"].tolist() == ["best", "last", "best"] and last.loc[
        "b", "below"
    ] == pytest.approx(1 + 1e-10)
    assert last.loc["b", "below_rivals"] == ("c",) and last.loc["c", "above_rivals"] == ("b",)


def margins_of(shares, line=90, top=(), end=()):
    """Margins under one line, with more said about the grade above and below it."""
    scheme = qt.Scheme.flat({"x": 100}, {"A": line, "B": 0})
    grades = tuple(
        grade.model_copy(update=dict(more))
        for grade, more in zip(scheme.grades, (top, end), strict=True)
    )
    frame = pd.DataFrame({"x": shares}, index=list("abc")[: len(shares)])
    return qt.cutoffs.margins(qt.assess(scheme.model_copy(update={"grades": grades}), frame))


def test_a_limit_that_grading_anew_does_not_confirm_is_not_given(monkeypatch):
    result = qt.assess(
        qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}),
        pd.DataFrame({"a": [0.95, 0.5]}, index=list("uv")),
    )
    module = importlib.import_module("qtoolkit.cutoffs.margins")
    real = module.grade_alone
    monkeypatch.setattr(module, "grade_alone", lambda e, base, own: real(e, base, own + 10**8))
    table = module.margins(result)
    assert table[["above", "below"]].isna().all(axis=None) and table["above_by"].tolist() == [
        "unproved",
        "worst",
    ]


def test_margins_by_hand():
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0})
    result = qt.assess(
        scheme, pd.DataFrame({"a": [0.895, 0.62, 0.3, 0.95]}, index=list("甲乙丙丁"))
    )
    table = qt.cutoffs.margins(result)
    assert table["nearest"].tolist() == [0.5, 2.0, 30.0, 5.0] and table["next"].tolist() == [
        "A",
        "C",
        "B",
        "B",
    ]


def test_a_bonus_and_a_whole_point_rounding_move_the_margins():
    """88.7 + 1 bonus rounds to 90: an A from 88.5 on, so .2 above its effective cutoff."""
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf],
        "rounding": {"total": {"decimals": 0}},
    }
    scheme |= {"grades": [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 0.0}]}
    scheme |= {"bonuses": [{"id": "m", "name": "m", "max": 5.0}]}
    result = qt.assess(
        scheme_of(scheme), pd.DataFrame({"a": [0.887], "bonus:m": [1.0]}, index=["甲"])
    )
    assert result.grades.tolist() == ["A"] and qt.cutoffs.margins(result)[
        "above"
    ].tolist() == pytest.approx([0.2])
    assert from_ticks(result.engine.thresholds[0, 0]) == 88.5


def test_a_cutoff_out_of_reach_has_no_margin():
    scheme = qt.Scheme.flat({"a": 100}, {"A": 101, "B": 0})
    table = qt.cutoffs.margins(qt.assess(scheme, pd.DataFrame({"a": [1.0]}, index=["甲"])))
    assert table[["above", "below", "nearest"]].isna().all(axis=None) and table[
        "next"
    ].tolist() == [None]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (
            89.5,
            {
                "unrounded": "B",
                "two_decimals": "B",
                "one_decimal": "B",
                "whole_half_up": "A",
                "whole_floor": "B",
            },
        ),
        (
            89.95,
            {
                "unrounded": "B",
                "two_decimals": "B",
                "one_decimal": "A",
                "whole_half_up": "A",
                "whole_floor": "B",
            },
        ),
        (
            89.995,
            {
                "unrounded": "B",
                "two_decimals": "A",
                "one_decimal": "A",
                "whole_half_up": "A",
                "whole_floor": "B",
            },
        ),
        (
            90.0,
            dict.fromkeys(
                ["unrounded", "two_decimals", "one_decimal", "whole_half_up", "whole_floor"], "A"
            ),
        ),
    ],
)
def test_the_rounding_audit_by_hand(score, expected):
    result = qt.assess(
        qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}),
        pd.DataFrame({"a": [score / 100]}, index=["甲"]),
    )
    assert (
        qt.cutoffs.rounding_audit(result).iloc[0].to_dict()
        == {"scheme": expected["unrounded"]} | expected
    )


def test_blanks_as_zero_by_hand():
    leaves = [
        {"id": i, "name": i, "points": p, "rule": {"kind": "share"}}
        for i, p in (("a", 60.0), ("b", 40.0))
    ]
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "grades": [{"id": "A", "cutoff": 0.0}],
    }
    missing = {"blank": "not_applicable", "not_applicable": "renormalise"}
    frame = pd.DataFrame({"a": [0.9, 0.5], "b": [None, 1.0]}, index=["甲", "乙"], dtype=object)
    result = qt.assess(scheme_of(scheme | {"missing": missing}), frame)
    assert result.scores.tolist() == [90.0, 70.0] and qt.cutoffs.blanks_as_zero(
        result
    ).scores.tolist() == [54.0, 70.0]


def test_bunching_by_hand():
    """Five of six within a point of 90 lie above: P(X ≥ 5) of a fair coin thrown six times is
    7/64."""
    frame = pd.DataFrame(
        {"a": [0.9, 0.901, 0.903, 0.905, 0.9099, 0.8999, 0.91, 0.889]}, index=list("abcdefgh")
    )
    row = qt.cutoffs.bunching(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)).loc[
        "A"
    ]
    assert (row["below"], row["above"]) == (1, 5) and row["p"] == pytest.approx(7 / 64)
    far = qt.cutoffs.bunching(
        qt.assess(qt.Scheme.flat({"a": 100}, {"A": 50, "B": 0}), frame), width=2
    ).loc["A"]
    assert far["below"] == far["above"] == 0 and np.isnan(far["p"])


def test_bunching_goes_by_each_class_s_own_cutoff():
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    grades = [
        {"id": "A", "cutoff": 90.0, "class_cutoffs": {"县": 70.0}},
        {"id": "B", "cutoff": 0.0},
    ]
    scheme = scheme_of(
        {
            "id": "s",
            "name": "s",
            "total": 100.0,
            "indicators": [leaf],
            "grades": grades,
            "classes": ["市", "县"],
        }
    )
    frame = pd.DataFrame(
        {"class": ["市", "县", "县"], "a": [0.905, 0.705, 0.905]}, index=list("abc")
    )
    assert qt.cutoffs.bunching(qt.assess(scheme, frame)).loc["A", ["below", "above"]].tolist() == [
        0,
        2,
    ]


def test_dead_cutoffs_by_hand():
    efficacy = {"kind": "efficacy", "unacceptable": 0.0, "satisfactory": 1.0, "base": 0.6}
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": efficacy}
    cutoffs = [("A", 101.0), ("B", 89.8), ("C", 89.6), ("D", 60.0), ("E", 0.0)]
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf],
        "rounding": {"total": {"decimals": 0}},
    }
    data["grades"] = [{"id": id, "cutoff": cutoff} for id, cutoff in cutoffs]
    found = qt.cutoffs.dead(qt.assess(scheme_of(data), pd.DataFrame({"a": [0.5]}, index=["u"])))
    assert found.to_dict() == {
        "A": "out of reach",
        "B": "live",
        "C": "empty",
        "D": "live",
        "E": "never missed",
    }


@settings(max_examples=share(40))
@given(givens())
def test_no_score_ever_gets_a_dead_grade(given):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    found = qt.cutoffs.dead(result)
    lines = list(reversed(given.scheme["grades"][:-1]))
    cutoffs = to_ticks(
        [
            [g.get("class_cutoffs", {}).get(row["class"], g["cutoff"]) for g in lines]
            for row in given.rows
        ]
    )
    codes = (finish(result.engine, result.base.to_numpy())[:, None] >= cutoffs).sum(axis=1)
    assert not any(found[result.grade_names[c]] != "live" for c in codes)
