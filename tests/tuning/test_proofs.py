"""What the panel works out in the background: against positions assessed one by one, and closed
forms."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.tuning import proofs
from qtoolkit.tuning.choices import Written, choice_of
from qtoolkit.tuning.sharing import Family
from tests.examples import share


def city():
    case = qt.read_case("params/city-2026")
    return Written(case.scheme, case.table)


CITY = city()


def two():
    """60·1 + 40·.8 = 92 and 60·.5 + 40·.9 = 66, with A from 90 and B from 60."""
    scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 60, "C": 0})
    frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.8, 0.9]}, index=["甲", "乙"])
    return qt.assess(scheme, frame)


def test_the_interval_of_two_indicators_is_that_of_the_closed_form():
    # 甲: a + .8(100 − a) ≥ 90 from a = 50 on; 乙: .5a + .9(100 − a) ≥ 60 up to a = 75, < 90 at all
    # a > 0 and 90 = A at a = 0; so 50 … 75
    table = proofs.safe_intervals(two(), "siblings", (), 0.5)
    assert table.loc["a", ["low", "high"]].tolist() == [50.0, 75.0]
    assert table.loc["b", ["low", "high"]].tolist() == [25.0, 50.0]
    assert not table[["ends_low", "ends_high"]].to_numpy().any()


def test_an_interval_without_a_change_ends_where_no_points_are_left():
    scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 10, "B": 0})
    frame = pd.DataFrame({"a": [1.0], "b": [0.8]}, index=["甲"])
    table = proofs.safe_intervals(qt.assess(scheme, frame), "siblings", (), 0.5)
    assert table.loc["a", ["low", "high", "ends_low", "ends_high"]].tolist() == [0, 100, True, True]


def test_a_locked_indicator_has_its_own_position_alone():
    table = proofs.safe_intervals(two(), "siblings", ("a",), 0.5)
    assert table["low"].tolist() == table["high"].tolist() == [60.0, 40.0]


@pytest.mark.parametrize("keep", ["siblings", "all", "talent"])
@pytest.mark.parametrize("step", [0.5, 1.0])
def test_every_position_within_keeps_all_grades_and_the_first_beyond_does_not(keep, step):
    case = qt.read_case("params/city-2026")
    written = Written(case.scheme, case.table)
    result = written.assessed(written.choice)
    table = proofs.safe_intervals(result, keep, ("port",), step)
    start, stride = choice_of(case.scheme), round(step * 10**10)
    checked = 0
    for node in ("targets", "farm_pass", "supervision", "brand", "award", "works_pass"):
        family = Family(case.scheme, node, keep, ("port",))
        low, high, ends_low, ends_high = table.loc[node]
        now, span = family.points(start.points), family.span(start.points)
        for ticks in range(round(low * 10**10), round(high * 10**10) + 1, stride):
            assert grades_at(written, family, ticks, stride).equals(result.grades)
            checked += 1
        for end, ends, beyond in (
            (low, ends_low, max(span[0], round(low * 10**10) - stride)),
            (high, ends_high, min(span[1], round(high * 10**10) + stride)),
        ):
            if ends:
                assert round(end * 10**10) in (*span, now)
            else:
                assert not grades_at(written, family, beyond, stride).equals(result.grades)
                checked += 1
    assert checked > 40


@settings(max_examples=share(15, least=4), deadline=None)
@given(
    moves=st.lists(
        st.tuples(st.integers(0, 40), st.floats(0, 30), st.sampled_from([0.1, 0.5, 1.0])),
        min_size=1,
        max_size=4,
    ),
    step=st.sampled_from([0.5, 1.0]),
    keep=st.sampled_from(["siblings", "all"]),
)
def test_from_points_off_the_grid_every_position_of_the_slider_within_keeps_all_grades(
    moves, step, keep
):
    written, choice = CITY, CITY.choice
    for place, to, by in moves:
        node = written.scheme.nodes[place % len(written.scheme.nodes)].id
        family = Family(written.scheme, node, keep)
        points = family.move(choice.points, round(to * 10**10), round(by * 10**10))
        choice = type(choice)(points, choice.cutoffs, choice.quotas)
    result, stride = written.assessed(choice), round(step * 10**10)
    table = proofs.safe_intervals(result, keep, (), step)
    for node in ("credit", "farm_pass"):
        family = Family(written.scheme, node, keep)
        low, high = (round(table.loc[node, side] * 10**10) for side in ("low", "high"))
        for ticks in range(-(-low // stride) * stride, high + 1, stride):
            moved = type(choice)(
                family.move(choice.points, ticks, stride), choice.cutoffs, choice.quotas
            )
            assert written.assessed(moved).grades.equals(result.grades)


def grades_at(written, family, ticks, stride):
    start = written.choice
    choice = type(start)(family.move(start.points, ticks, stride), start.cutoffs, start.quotas)
    return written.assessed(choice).grades


def test_ranges_are_those_of_published_scores():
    # 60 ± 10% and 40 ± 10% with the sum kept: a in 54 … 66, but b in 36 … 44, so a in 56 … 64
    low, high = proofs.ranges(two(), 0.1)
    assert low == pytest.approx([56 + 0.8 * 44, 0.5 * 64 + 0.9 * 36])
    assert high == pytest.approx([64 + 0.8 * 36, 0.5 * 56 + 0.9 * 44])


def test_flips_and_tolerances_are_those_of_robustness():
    result = two()
    shown = proofs.flips_shown(result.scheme, result.table)
    # 甲 falls to B once 10 points move, as .2 · 10 = 2; 乙 to C once 15 do, as .4 · 15 = 6
    assert [(flip["unit"], flip["old"], flip["towards"]) for flip in shown] == [
        ("甲", "A", "B"),
        ("乙", "B", "C"),
    ]
    assert [flip["points"] for flip in shown] == pytest.approx([10, 15], abs=1e-6)
    # the leverage of 甲 is at most .2 · min(60, 40) = 8 points of score for a whole band: 2 / 8
    shares = proofs.tolerances_shown(result.scheme, result.table)
    assert shares[0]["tolerance"] == pytest.approx(0.25, abs=1e-6)
    assert shares[1]["tolerance"] == pytest.approx(6 / 16, abs=1e-6)
