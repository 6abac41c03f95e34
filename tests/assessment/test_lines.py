"""Grades by place, by share and by natural breaks: lines that follow from the data, move with the
points, or are held."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.assessment.settings import settings as many
from qtoolkit.engine import core, from_ticks
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.regions import Box
from qtoolkit.simulation.sampling import draws_of
from tests.examples import share
from tests.oracle_lines import breaks_of
from tests.strategies import frame_of, givens, scheme_of

BREAKS = [{"id": "A", "by": "breaks"}, {"id": "B", "by": "breaks"}, {"id": "C"}]
PLACES = [
    {"id": "A", "by": "place", "quota": 2},
    {"id": "B", "by": "share", "quota": 0.8},
    {"id": "C"},
]
FRAME = pd.DataFrame(
    {"a": [1.0, 0.9, 0.8, 0.7, 0.2], "b": [0.5, 0.9, 0.3, 0.75, 0.1]}, index=list("甲乙丙丁戊")
)


def scheme(grades, **more):
    leaves = [
        {"id": id, "name": id, "points": 50.0, "rule": {"kind": "share"}} for id in ("a", "b")
    ]
    data = {"id": "s", "name": "s", "total": 100.0, "indicators": leaves, "grades": grades}
    return validate(Scheme, data | more, None)


def test_places_and_shares_are_counted():
    # 75, 90, 55, 72.5, 15: the first two are A, the first four (0.8 of five) B or better
    result = qt.assess(scheme(PLACES), FRAME)
    assert result.grades.tolist() == ["A", "A", "B", "B", "C"]
    assert (result.lines, result.lines_move) == ("move", True)
    # at 80 points for a: 90, 90, 70, 71, 18
    assert result.what_if(points={"a": 60}).grades.tolist() == ["A", "A", "B", "B", "C"]


def test_a_grade_by_place_asks_for_the_line_of_the_grade_below():
    grades = [{"id": "A", "by": "place", "quota": 4}, {"id": "B", "cutoff": 70.0}]
    result = qt.assess(scheme([*grades, {"id": "C", "cutoff": 0.0}]), FRAME)
    assert result.grades.tolist() == ["A", "A", "C", "A", "C"]  # three reach 70


def test_held_lines_are_points_and_moving_ones_follow():
    result = qt.assess(scheme(BREAKS), FRAME)
    # 15 | 55 | 72.5, 75, 90: 181.67 of squares, the least of all six partitions
    assert result.grades.tolist() == ["A", "A", "B", "A", "C"]
    assert from_ticks(result.engine.cutoffs[0]).tolist() == [55, 72.5]
    other = {"a": 30.0}  # then 65, 90, 45, 73.5, 13
    moved, kept = (result.what_if(points=other, lines=how) for how in ("move", "hold"))
    lines = breaks_of([65, 90, 45, 73.5, 13], 3)
    assert moved.grades.tolist() == [
        "ABC"[sum(score < line for line in lines)] for score in (65, 90, 45, 73.5, 13)
    ]
    assert kept.grades.tolist() == ["B", "A", "C", "A", "C"]
    assert (moved.lines, kept.lines) == ("move", "held")
    with pytest.raises(InputError) as caught:
        result.what_if(lines="moves")
    assert "move" in caught.value.sentences("en")[0]


@pytest.mark.parametrize("grades", [BREAKS, PLACES])
def test_a_unit_without_a_held_line_is_refused(grades):
    """A table of more units than those whose scores gave the lines."""
    result = qt.assess(scheme(grades), FRAME)
    kept = result.without(FRAME.index[0]).what_if(lines="hold")
    with pytest.raises(InputError) as caught:
        kept.anew(table=result.table)
    assert FRAME.index[0] in caught.value.sentences("zh")[0]


@settings(max_examples=share(100))
@given(givens(kinds=["share", "minmax"], stages=False, ways=True))
def test_lines_that_are_held_grade_the_present_scores_as_they_were(given):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    kept = result.what_if(lines="hold")
    assert kept.grades.tolist() == result.grades.tolist() and not kept.lines_move


@pytest.mark.parametrize("grades", [BREAKS, PLACES])
def test_simulation_moves_the_lines_with_each_draw(grades):
    result = qt.assess(scheme(grades), FRAME)
    region, draws = Box(relative=0.5), 300
    found = qt.simulation.simulate(result, region, draws, seed=1).grade_acceptability
    drawn = draws_of(result, region, draws, 1)
    points = np.concatenate([drawn.chunk(i)[0] for i in range(drawn.chunks)])
    counts = dict.fromkeys([(u, g) for u in FRAME.index for g in "ABC"], 0)
    for p in points:
        scores = [round(float(s), 10) for s in FRAME.to_numpy() @ p]
        lines = breaks_of(scores, 3)
        for unit, score in zip(FRAME.index, scores, strict=True):
            if grades is BREAKS:
                place = sum(score < line for line in lines)
            else:
                ahead = sum(other > score for other in scores)
                level = sum(other == score for other in scores)
                place = sum(ahead + level > most for most in (2, 4))
            counts[unit, "ABC"[place]] += 1
    for (unit, grade), count in counts.items():
        assert found.loc[unit, grade] == pytest.approx(count / draws)


def test_settings_move_the_lines_of_breaks():
    result = qt.assess(scheme(BREAKS), FRAME)
    frame = pd.DataFrame({"points.a": [50.0, 30.0]})
    found = many(result, frame, {"grade": lambda some: some.grades})
    expected = result.what_if(points={"a": 30.0}).grades.cat.codes.tolist()
    assert found.iloc[1][[f"grade:{u}" for u in FRAME.index]].tolist() == expected


def test_units_under_a_veto_count_for_breaks_as_they_do_for_quotas():
    vetoes = {"vetoes": [{"id": "v", "name": "v", "cap": "C"}]}
    frame = FRAME.assign(**{"veto:v": ["否", "是", "否", "否", "否"]})
    first = qt.assess(scheme(BREAKS, **vetoes), frame)
    # without the 90: 15 | 55 | 72.5, 75
    assert first.grades.tolist() == ["A", "C", "B", "A", "C"]
    one = scheme(BREAKS, **vetoes, order={"veto": "after_quota"})
    assert qt.assess(one, frame).engine.breaks[0].counted.all()
    every = frame.assign(**{"veto:v": "是"})  # nobody is left: all are counted
    assert qt.assess(scheme(BREAKS, **vetoes), every).engine.breaks[0].counted.all()


def test_breaks_within_classes():
    frame = FRAME.assign(**{"class": list("ppqqq")})
    grades = [{**g, "within": "class"} for g in BREAKS[:-1]] + BREAKS[-1:]
    result = qt.assess(scheme(grades, classes=["p", "q"]), frame)
    # p: 75, 90 are two groups, the highest two; q: 15 | 55 | 72.5
    assert result.grades.tolist() == ["B", "A", "B", "A", "C"]
    flagged = result.flags[result.flags["kind"] == "few_scores"]
    assert len(flagged) == 1 and "p" in flagged["text"].iloc[0].zh


@pytest.mark.parametrize(
    ("grades", "place", "zh", "en"),
    [
        ([{"id": "A", "by": "place", "quota": 2, "cutoff": 90.0}, {"id": "C"}],
         "grades.A.cutoff", "按位次", "by place"),
        ([{"id": "A", "by": "place"}, {"id": "C"}], "grades.A.quota", "未填写", "none"),
        ([{"id": "A", "by": "place", "quota": 0.3}, {"id": "C"}], "grades.A.quota", "0.3", "0.3"),
        ([{"id": "A", "by": "share", "quota": 3}, {"id": "C"}], "grades.A.quota", "3", "3"),
        ([{"id": "A"}, {"id": "C", "cutoff": 0.0}], "grades.A.cutoff", "缺少", "missing"),
        ([{"id": "A", "by": "breaks", "quota": 3}, {"id": "C"}],
         "grades.A.quota", "自然断点", "natural breaks"),
        ([{"id": "A", "by": "breaks"}, {"id": "B", "cutoff": 9.0}, {"id": "C", "cutoff": 0.0}],
         "grades.B.by", "自然断点", "natural breaks"),
        ([{"id": "A", "cutoff": 9.0}, {"id": "C", "by": "place", "quota": 3}],
         "grades.C.by", "最后一个等级", "last grade"),
        ([{"id": "A", "by": "line", "cutoff": 9.0}, {"id": "C", "by": "rank", "cutoff": 0.0}],
         "grades.C.by", "rank", "rank"),
    ],
)  # fmt: skip
def test_a_wrong_way_to_set_a_grade_is_one_sentence(grades, place, zh, en):
    with pytest.raises(InputError) as caught:
        scheme(grades)
    where = [c.column for c in caught.value.complaints]
    sentence = {lang: caught.value.sentences(lang)[where.index(place)] for lang in ("zh", "en")}
    assert zh in sentence["zh"] and en in sentence["en"]


def test_a_line_that_is_not_there_cannot_be_moved_but_a_quota_can():
    result = qt.assess(scheme(PLACES), FRAME)
    with pytest.raises(InputError) as caught:
        result.what_if(cutoffs={"A": 80})
    assert "位次" in caught.value.sentences("zh")[0]
    with pytest.raises(InputError):
        result.change({"cutoffs.A": 80})
    assert result.change({"grades.A.quota": 1}).grades.tolist() == ["B", "A", "B", "B", "C"]
    by_share = result.change({"grades.A.quota": 0.2})
    assert by_share.scheme.grades[0].by == "share"
    assert by_share.grades.tolist() == ["B", "A", "B", "B", "C"]
    with pytest.raises(InputError):
        result.change({"grades.A.quota": None})


def test_a_shift_of_a_line_takes_the_grade_above_without_a_line_with_it():
    grades = [{"id": "A", "by": "place", "quota": 4}, {"id": "B", "cutoff": 70.0}]
    result = qt.assess(scheme([*grades, {"id": "C", "cutoff": 0.0}]), FRAME)
    e, base = result.engine, result.base.to_numpy()
    moved = core.regraded(e, base, np.array([3 * 10**10]), np.array([True, False]))
    # at 73 the 72.5 no longer reaches B, and so not A
    assert moved[0].tolist() == [2, 2, 0, 0, 0]


def test_what_is_held_stays_held():
    result = qt.assess(scheme(BREAKS), FRAME)
    kept = result.fixed
    assert kept is result.fixed and kept.fixed is kept and kept.lines == "held"
    assert result.cutoffs.iloc[0].tolist() == [72.5, 55, 0]
    other = {"a": 30.0}
    assert kept.what_if(points=other).grades.tolist() == ["B", "A", "C", "A", "C"]
    moved = result.what_if(points=other)
    assert kept.what_if(points=other, lines="move").grades.tolist() == moved.grades.tolist()
    plain = qt.assess(scheme([{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}]), FRAME)
    assert plain.fixed is plain and plain.lines is None


def test_held_frequencies_are_those_of_fixed_lines():
    result = qt.assess(scheme(BREAKS), FRAME)
    lines = [{"id": "A", "cutoff": 72.5}, {"id": "B", "cutoff": 55.0}, {"id": "C", "cutoff": 0.0}]
    region = Box(relative=0.5)
    held, by_lines, moving = (
        qt.simulation.simulate(some, region, 500, seed=2)
        for some in (result.fixed, qt.assess(scheme(lines), FRAME), result)
    )
    assert held.grade_acceptability.equals(by_lines.grade_acceptability)
    assert not held.grade_acceptability.equals(moving.grade_acceptability)
    assert (held.lines, moving.lines) == ("held", "move")


def test_no_line_of_natural_breaks_moves_at_random():
    result = qt.assess(scheme(BREAKS), FRAME)
    with pytest.raises(InputError) as caught:
        qt.simulation.simulate(result, Box(relative=0.1), 10, jitter=1.0)
    assert "自然断点" in caught.value.sentences("zh")[0]
    assert (result.grades == qt.simulation.simulate(result.fixed, None, 10).result.grades).all()


def test_errors_of_measurement_move_the_lines_of_breaks():
    result = qt.assess(scheme(BREAKS), FRAME)
    found = qt.cutoffs.misgrading(result, 0.001, draws=200)
    assert (found.table["stands"] == 1).all() and found.draws == 200


def test_what_asks_for_cutoffs_leaves_out_grades_without_one():
    places, breaks = (qt.assess(scheme(grades), FRAME) for grades in (PLACES, BREAKS))
    mixed = [PLACES[0], {"id": "B", "cutoff": 70.0}, {"id": "C", "cutoff": 0.0}]
    for result in (places, breaks):
        assert qt.robustness.cutoff_intervals(result).empty
        assert qt.cutoffs.bunching(result).empty
        assert set(qt.cutoffs.sweep(result).steps["line"]) == {"all"}
        assert set(qt.cutoffs.dead(result)) == {"live"}
        with pytest.raises(InputError):
            qt.cutoffs.optimise(result)
    some = qt.assess(scheme(mixed), FRAME)
    assert list(qt.robustness.cutoff_intervals(some).index) == ["B"]
    # at 72.5 丁 stands on the line of B: above it two units are left, and both are A
    row = qt.robustness.cutoff_intervals(some).loc["B"]
    assert (row["low"], row["high"], row["unit_high"]) == (55.0, 72.5, "丁")
    assert qt.cutoffs.quota_audit(some)["absolute"].tolist() == some.grades.tolist()


def test_a_sweep_of_places_that_set_a_grade_is_what_each_number_gives():
    result = qt.assess(scheme(PLACES), FRAME)
    steps = qt.cutoffs.sweep(result, "grades.A.quota").steps
    for most in range(1, 6):
        row = steps[(steps["low"] <= most) & (most <= steps["high"])].iloc[0]
        counted = result.change({"grades.A.quota": most}).grades.value_counts()
        assert [row[id] for id in "ABC"] == [counted[id] for id in "ABC"]
    both = qt.cutoffs.two_readings(result)
    assert both["by_line"].tolist() == both["by_quota"].tolist() == result.grades.tolist()
