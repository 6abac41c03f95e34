"""Points shared out in whole steps, against Hamilton's method by brute force in exact fractions,
and who takes them up."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qtoolkit.engine import to_ticks
from qtoolkit.errors import InputError
from qtoolkit.tuning.sharing import Family, apportion
from tests.examples import share
from tests.tuning.sessions import flat_session, scheme_of_tree

amount = st.integers(0, 40)


@st.composite
def tasks(draw, amounts=amount, steps=(1, 2, 5, 10), least=1, most=7):
    """Amounts, a change that they can take, and a step."""
    held = draw(st.lists(amounts, min_size=least, max_size=most))
    return held, draw(st.integers(-sum(held), 60)), draw(st.sampled_from(steps))


def proportions(held, change):
    """What each would be changed by without steps, in fractions."""
    weights = held if any(held) else [1] * len(held)
    return [Fraction(change * weight, sum(weights)) for weight in weights]


@settings(max_examples=share(600))
@given(tasks())
def test_parts_sum_to_the_change_and_lie_within_a_step_of_their_proportion(task):
    held, change, step = task
    parts = apportion(held, change, step)
    assert sum(parts) == change
    assert all(have + part >= 0 for have, part in zip(held, parts, strict=True))
    assert all(part * change >= 0 for part in parts)  # none goes the other way
    for part, exact in zip(parts, proportions(held, change), strict=True):
        assert abs(part - exact) < step


@settings(max_examples=share(600))
@given(tasks())
def test_parts_are_whole_steps_or_all_there_was_save_one(task):
    held, change, step = task
    parts = apportion(held, change, step)
    broken = [
        part for have, part in zip(held, parts, strict=True) if part % step and have + part > 0
    ]
    assert len(broken) <= 1
    if change % step == 0 and (change > 0 or all(have % step == 0 for have in held)):
        assert not any(part % step for part in parts)


@settings(max_examples=share(300))
@given(tasks(), st.randoms(use_true_random=False))
def test_the_order_does_not_matter_but_for_ties(task, random):
    held, change, step = task
    exact = proportions(held, change)
    # equal amounts, and equal remainders of whole steps, are ties
    assume(len(set(held)) == len(held))
    assume(len({abs(x) % step for x in exact}) == len(exact))
    assume(change > 0 or all(have % step == 0 for have in held))
    order = list(range(len(held)))
    random.shuffle(order)
    parts = apportion(held, change, step)
    assert apportion([held[i] for i in order], change, step) == [parts[i] for i in order]


@settings(max_examples=share(300))
@given(tasks(st.integers(0, 6)))
def test_equal_amounts_get_equal_parts_up_to_a_step(task):
    held, change, step = task
    parts = apportion(held, change, step)
    for (a, x), (b, y) in itertools.combinations(zip(held, parts, strict=True), 2):
        assert a != b or abs(x - y) <= step


@st.composite
def small_tasks(draw):
    """Two to four amounts on the grid of the step, so that all sharings can be looked at."""
    step = draw(st.sampled_from([2, 3]))
    held = [step * k for k in draw(st.lists(st.integers(0, 4), min_size=2, max_size=4))]
    assume(any(held))
    return held, draw(st.integers(-sum(held), 4 * step)), step


@settings(max_examples=share(240))
@given(small_tasks())
def test_no_other_sharing_has_a_smaller_greatest_deviation(task):
    """Brute force over all sharings in whole steps save one part: largest remainders minimise the
    greatest deviation and the sum of squares (Birkhoff 1976, for whole seats)."""
    held, change, step = task
    exact = proportions(held, change)
    reach = range(-max(held), abs(change) + 2 * step)
    found = []
    for odd in range(len(held)):
        choices = [[x for x in reach if x % step == 0] for _ in held]
        choices[odd] = [0]  # takes the rest
        for parts in itertools.product(*choices):
            own = [*parts]
            own[odd] = change - sum(parts)
            if any(have + part < 0 for have, part in zip(held, own, strict=True)):
                continue
            off = [abs(part - x) for part, x in zip(own, exact, strict=True)]
            found.append((max(off), sum(x * x for x in off)))
    ours = apportion(held, change, step)
    off = [abs(part - x) for part, x in zip(ours, exact, strict=True)]
    assert max(off) == min(greatest for greatest, _ in found)
    assert sum(x * x for x in off) == min(squares for _, squares in found)


def test_a_table_of_seats_from_a_textbook():
    """Hamilton's method on the votes 47,000, 16,000, 15,900, 12,000, 6,000, 3,100 for ten seats:
    quotas 4.7, 1.6, 1.59, 1.2, 0.6, 0.31 give 5, 2, 1, 1, 1, 0 by hand."""
    votes = [47_000, 16_000, 15_900, 12_000, 6_000, 3_100]
    assert apportion(votes, 10, 1) == [5, 2, 1, 1, 1, 0]


def test_small_amounts_do_not_leave_it_all_to_the_great_one():
    """Ten halves beside twenty points give up their share: 200 in all falls by 200 of 250."""
    parts = apportion([5] * 10 + [200], -200, 10)
    assert parts[-1] == -160
    assert sorted(parts[:-1]) == [-5] * 8 + [0, 0]


@pytest.mark.parametrize(
    ("held", "change", "parts"),
    [([0, 0, 0], 10, [5, 5, 0]), ([0, 4], 5, [0, 5]), ([0], 0, [0]), ([0, 0], 0, [0, 0])],
)
def test_amounts_of_nothing(held, change, parts):
    assert apportion(held, change, 5) == parts


# Families

TREE = {"p": {"a": 20, "b": 10, "q": {"c": 6, "d": 4}}, "r": {"e": 30}, "f": 30, "g": 0}
IDS = ["a", "b", "c", "d", "e", "f", "g"]
SCHEME = scheme_of_tree(TREE, 100)
POINTS = [20, 10, 6, 4, 30, 30, 0]


def family(node, keep="siblings", locked=(), scheme=SCHEME):
    made = Family(scheme, node, keep, locked)
    return [IDS[j] for j in made.moved], [IDS[j] for j in made.takers]


@pytest.mark.parametrize(
    ("node", "keep", "locked", "moved", "takers"),
    [
        ("a", "siblings", [], "a", "bcd"),  # the leaves of a block beside it
        ("c", "siblings", [], "c", "d"),
        ("q", "siblings", [], "cd", "ab"),
        ("p", "siblings", [], "abcd", "efg"),
        ("e", "siblings", [], "e", "abcdfg"),  # an only child: the block's siblings
        ("c", "siblings", ["d"], "c", "ab"),  # siblings locked: the block around
        ("c", "siblings", ["d", "a", "b"], "c", "efg"),
        ("c", "siblings", ["d", "p"], None, None),  # locked with its block
        ("q", "siblings", ["c"], "d", "ab"),  # a leaf of it locked
        ("a", "siblings", ["q"], "a", "b"),
        ("a", "all", [], "a", "bcdefg"),
        ("q", "all", ["r", "c"], "d", "abfg"),
        ("a", "f", [], "a", "f"),
        ("a", "r", [], "a", "e"),
        ("c", "p", [], "c", "abd"),  # an ancestor: what else is in it
        ("p", "q", [], None, None),  # below it
        ("a", "a", [], None, None),
        ("a", "f", ["f"], None, None),
        ("a", "all", ["b", "q", "r", "f", "g"], None, None),
        ("a", "all", ["a"], None, None),
        ("g", "siblings", [], "g", "abcdef"),  # without points
    ],
)
def test_who_moves_and_who_takes_up(node, keep, locked, moved, takers):
    if moved is None:
        with pytest.raises(InputError) as caught:
            family(node, keep, locked)
        assert len(caught.value.complaints) == 1
        name = caught.value.complaints[0].text
        assert f"“{node}”" in name.zh and f"“{node}”" in name.en
    else:
        assert family(node, keep, locked) == (list(moved), list(takers))


def test_one_indicator_has_nobody_to_take_up():
    with pytest.raises(InputError, match="no indicator is left to take up the points of “x”"):
        Family(scheme_of_tree({"x": 100}, 100), "x", "siblings")


def test_wider_is_who_is_no_sibling():
    assert not Family(SCHEME, "c", "siblings").is_wider
    assert Family(SCHEME, "c", "siblings", ["d"]).is_wider
    assert Family(SCHEME, "e", "siblings").is_wider


def test_an_unknown_indicator_is_met_by_the_nearest():
    with pytest.raises(InputError, match="did you mean “q”"):
        Family(SCHEME, "q1", "siblings")


@st.composite
def moves(draw):
    points = draw(st.lists(st.integers(0, 60), min_size=7, max_size=7))
    node = draw(st.sampled_from([*IDS, "p", "q", "r"]))
    keep = draw(st.sampled_from(["siblings", "all", *IDS, "p", "q", "r"]))
    locked = draw(st.sets(st.sampled_from([*IDS, "q", "r"]), max_size=3))
    return points, node, keep, locked, draw(st.integers(0, 400)), draw(st.sampled_from([1, 5, 10]))


@settings(max_examples=share(400))
@given(moves())
def test_a_move_keeps_the_total_what_is_locked_and_all_outside(move):
    points, node, keep, locked, to, step = move
    try:
        made = Family(SCHEME, node, keep, locked)
    except InputError:
        assume(False)
    new = made.move(points, to, step)
    assert sum(new) == sum(points)
    assert min(new) >= 0
    held = {leaf.id for id in locked for leaf in SCHEME.indicator(id).walk()}
    free = {IDS[j] for j in (*made.moved, *made.takers)}
    assert not free & held
    for id, old, now in zip(IDS, points, new, strict=True):
        assert id in free or now == old
    low, high = made.span(points)
    assert made.points(new) == min(max(to, low), high)
    # there and back, from where it began
    assert made.move(points, made.points(points), step) == tuple(points)
    # at the ends nobody is left with what could have moved
    assert made.points(made.move(points, 0, step)) == low
    assert all(made.move(points, high, step)[j] == 0 for j in made.takers)


def test_blocks_move_in_proportion_and_at_nothing_alike():
    made = Family(SCHEME, "p", "siblings")
    ticks = [x * 10 for x in POINTS]
    assert made.move(ticks, 200, 5)[:4] == (100, 50, 30, 20)  # half of each
    assert made.move(ticks, 0, 5)[:4] == (0, 0, 0, 0)
    empty = [0, 0, 0, 0, 300, 300, 0]
    assert made.move(empty, 20, 5)[:4] == (5, 5, 5, 5)  # equally where there were none


@pytest.mark.parametrize(
    "points",
    [
        {"a": 40, "b": 35, "c": 25},
        {"a": 333.3, "b": 333.3, "c": 333.4},
        {"a": 11.1, "b": 11.1, "c": 11.1},
        {"a": 3.333, "b": 3.333, "c": 3.334, "d": 90},
        {"a": 100 / 3, "b": 100 / 3, "c": 100 / 3},
        {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3},
        {f"x{j}": 100 / 60 for j in range(60)},
        {f"x{j}": 1000 / 77 for j in range(77)},
    ],
)
def test_the_total_stands_to_the_tick(points):
    """Thirds of points have no whole ticks; their sum has."""
    whole, (first, *_, last) = math.fsum(points.values()), points
    tuning = flat_session(points, [[1.0] * len(points)], {"A": whole, "B": 0})
    total = to_ticks(whole)
    assert tuning.result.grades.iloc[0] == "A"
    for to in (whole * 0.37, 0, whole / 7, points[first] + 0.5, whole):
        for id in (first, last):
            for step in (0.1, 0.5, 1.0):
                tuning.in_steps_of(step).move(id, to)
                assert sum(tuning.choice.points) == total
                # full marks are the total, whoever has the points
                assert to_ticks(tuning.result.scores.iloc[0]) == total
                assert tuning.result.grades.iloc[0] == "A"
