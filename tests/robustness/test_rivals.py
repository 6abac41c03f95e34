"""Who may stand above whom: counts from intervals against every pair, one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.regions import Box
from qtoolkit.robustness import rivals
from tests.strategies import frame_of, givens, scheme_of

RELATIONS = {
    "ahead_sure": lambda rival, own: rival[0] > own[1],
    "ahead_maybe": lambda rival, own: rival[1] > own[0],
    "level_sure": lambda rival, own: rival[0] >= own[1],
    "level_maybe": lambda rival, own: rival[1] >= own[0],
}


@pytest.mark.parametrize("relation", RELATIONS)
@given(
    data=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 3), st.booleans()), min_size=1, max_size=9
    )
)
def test_counts_of_intervals_equal_pairs_one_by_one(relation, data):
    spans = [(least, least + width) for least, width, _ in data]
    among = np.array([chosen for *_, chosen in data])
    holds = RELATIONS[relation]
    by_hand = [
        sum(among[j] and j != k and holds(spans[j], spans[k]) for j in range(len(spans)))
        for k in range(len(spans))
    ]
    found = rivals.Intervals(*(np.array(ends) for ends in zip(*spans, strict=True)))
    assert found.count(relation, among).tolist() == by_hand


@given(givens(), st.sampled_from([0.0, 0.05, 0.3]))
def test_many_units_are_given_no_narrower_spans_of_grades_than_few(given, band):
    """Each unit's own interval says less than leads of pairs: never more certain, and the present
    grade always within."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    spans = {}
    with pytest.MonkeyPatch.context() as patch:
        for most in (400, 0):
            patch.setattr(rivals, "MOST", most)
            table = qt.robustness.score_range(result, Box(relative=band)).table
            names = result.grade_names
            spans[most] = np.array(
                [[names.index(g) for g in table[side]] for side in ("grade_low", "grade_high")]
            )
    now = result.grades.cat.codes.to_numpy()
    assert (spans[0][0] <= spans[400][0]).all() and (spans[400][1] <= spans[0][1]).all()
    assert (spans[0][0] <= now).all() and (now <= spans[0][1]).all()
