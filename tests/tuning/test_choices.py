"""A choice as a scheme and as changes: the same points to the tick, whatever decimals the written
scheme has."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.engine import to_ticks
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.schemeyaml import scheme_yaml
from qtoolkit.tuning.choices import Choice, choice_of
from tests.examples import share
from tests.tuning.sessions import flat_session, scheme_of_tree, tree_session

TICK = Fraction(1, 10**10)


def points_of(scheme):
    return {leaf.id: leaf.points for leaf in scheme.leaves}


def test_what_is_written_in_decimals_is_written_in_ticks():
    scheme = scheme_of_tree({"p": {"a": 12.5, "b": 0.1}, "c": 7.4}, 20, {"A": 12.3, "B": 0})
    assert choice_of(scheme) == Choice(
        (125_000_000_000, 1_000_000_000, 74_000_000_000), (123_000_000_000,), (None,)
    )


THIRDS = [
    ({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, 1.0),
    ({"p": {"a": 100 / 6, "b": 100 / 6}, "q": {"c": 100 / 6, "d": 100 / 6}, "e": 100 / 3}, 100.0),
    ({"p": {"a": 100 / 7, "b": 200 / 7}, "q": {"c": 300 / 7, "d": 100 / 7}}, 100.0),
    ({"all": {"a": 100 / 3, "b": 100 / 3, "c": 100 / 3}}, 100.0),
    ({f"x{j}": 100 / 60 for j in range(60)}, 100.0),
    ({"a": 33.3333333331, "b": 33.3333333331, "c": 33.3333333331}, 100.0),  # as near as may be
    ({"p": {"a": 0.1, "b": 0.2}, "q": {"c": 0.3, "d": 0.4}}, 1.0),  # 0.1 + 0.2 is not 0.3
]


@pytest.mark.parametrize(("tree", "total"), THIRDS)
def test_ticks_sum_to_the_total_and_lie_within_one_of_what_is_written(tree, total):
    scheme = scheme_of_tree(tree, total)
    ticks = choice_of(scheme).points
    assert sum(ticks) == to_ticks(total)
    near = 4 if 33.3333333331 in tree.values() else 1  # a sum may be off by ten ticks
    for leaf, own in zip(scheme.leaves, ticks, strict=True):
        assert abs(Fraction(leaf.points) - own * TICK) < near * TICK


@settings(max_examples=share(60))
@given(st.sampled_from(THIRDS), st.data())
def test_changes_give_the_scheme_again(case, data):
    tree, total = case
    tuning = tree_session(tree, total)
    written = tuning.written.scheme
    text = scheme_yaml(written)
    for _ in range(data.draw(st.integers(1, 4))):
        node = data.draw(st.sampled_from([node.id for node in written.nodes]))
        if node == "all":
            continue
        to = data.draw(st.sampled_from([0, 0.1, 1 / 3, 0.5, 2, 10.0, 33.3, total]))
        keep = data.draw(st.sampled_from(["siblings", "all"]))
        tuning.in_steps_of(data.draw(st.sampled_from([0.1, 0.5, 1.0]))).move(node, to, keep)
        assert sum(tuning.choice.points) == to_ticks(total)
        again, now = points_of(change(written, tuning.changes)), points_of(tuning.scheme)
        assert math.fsum(now.values()) == pytest.approx(total, abs=1e-9)
        for id, ticks in zip(now, tuning.choice.points, strict=True):
            assert abs(Fraction(now[id]) - ticks * TICK) < 4 * TICK
            assert abs(Fraction(again[id]) - Fraction(now[id])) < 4 * TICK
        # what shows beside one another is the same
        shown = tuning.points["now"]
        assert [to_ticks(shown[id]) for id in now] == [to_ticks(x) for x in now.values()]
        assert not [key for key in tuning.changes if key.partition(".")[2] not in shown.index]
    while tuning.can_undo:
        tuning.undo()
    assert tuning.changes == {}
    assert tuning.scheme is written
    assert scheme_yaml(tuning.scheme) == text


def test_only_what_moved_is_a_change():
    """By hand: 5 of a's 20 go to b and c in proportion 10 to 5; the block stands, d and e are not
    touched."""
    tuning = tree_session(
        {"p": {"a": 20, "b": 10, "c": 5}, "q": {"d": 1 / 3, "e": 65 - 1 / 3}}, 100
    )
    tuning.move("a", 15)
    assert {key: tuning.changes[key] for key in ("points.a", "points.b", "points.c")} == {
        "points.a": 15.0,
        "points.b": 13.5,
        "points.c": 6.5,
    }
    assert not {"points.q", "points.d", "points.e"} & set(tuning.changes)
    assert points_of(tuning.scheme)["d"] == 1 / 3  # to the last bit


def test_a_block_whose_sum_stands_is_no_change():
    """0.1 + 0.2 is 0.3 and a bit in floats: the bit is no change."""
    tuning = tree_session({"p": {"a": 0.1, "b": 0.2}, "d": 9.7}, 10)
    assert tuning.written.scheme.indicator("p").full_points != 0.3
    tuning.in_steps_of(0.1).move("a", 0.2)
    assert tuning.changes == {"points.a": 0.2, "points.b": 0.1}
    tuning.move("p", 0.5)
    assert tuning.changes["points.p"] == 0.5


def test_full_marks_stay_the_total_where_points_are_thirds():
    tuning = flat_session(dict.fromkeys("abc", 100 / 3), [[1, 1, 1]], {"A": 100, "B": 0})
    tuning.move("a", 30)
    assert tuning.result.scores.tolist() == [100.0]
    assert tuning.changed == []


def test_going_back_to_what_is_written_is_no_change():
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0]])
    tuning.move("a", 70).move("a", 60)
    assert tuning.changes == {}
    assert tuning.scheme is tuning.written.scheme


def test_what_was_asked_for_last_is_kept():
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0]])
    first = tuning.written.assessed(tuning.move("a", 61).choice)
    for x in range(300):
        tuning.written.assessed(Choice((x, 10**12 - x), *_rest(tuning)))
        assert tuning.written.assessed(tuning.choice) is first
    assert len(tuning.written._made) <= 64


def _rest(tuning):
    return tuning.choice.cutoffs, tuning.choice.quotas


def test_the_written_scheme_is_flat_too():
    scheme = Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    assert choice_of(scheme).points == (600_000_000_000, 400_000_000_000)
