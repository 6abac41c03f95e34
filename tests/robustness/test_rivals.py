"""Who may stand above whom: counts from intervals against every pair, one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import TICK
from qtoolkit.regions import Box
from qtoolkit.regions.bound import Bands
from qtoolkit.robustness import rivals
from qtoolkit.robustness.certificates import enclose, span_values
from qtoolkit.robustness.pairs import keys_over
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


BANDS = [0.0, 0.03, 0.25, 1.0]


@given(givens(), st.sampled_from(["interval", "scenario"]))
def test_bands_looked_at_together_say_what_each_says_alone(given, new):
    """Least and greatest scores, and grades among rivals: of several bands in one call, and of one
    box after the other."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    e = result.engine
    several = Bands(result.points.to_numpy(), np.array(BANDS))
    areas = [several, *(Box(relative=band).at(result) for band in BANDS)]
    values = [
        np.stack(span_values(*enclose(result, area.lo, area.hi, new), area)) for area in areas
    ]
    grades = [
        rivals.grade_span(
            e, each, (e.thresholds, e.thresholds), rivals.rivals_over(result, area, new)
        )
        for area, each in zip(areas, values, strict=True)
    ]
    for found in (values, grades):
        assert (found[0] == np.stack(found[1:], axis=1)).all()


@given(givens())
def test_units_that_stand_apart_are_told_without_their_leads(given):
    """By plain loops: leads of all pairs, looked at or not, give the same standings."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    area = Box(relative=0.2).at(result)
    keys = keys_over(result, area)
    found = rivals.standings(area, keys)
    gap, n = max(keys.step, TICK), len(keys.least)
    for k in range(n):
        least, greatest = keys.leads(area, k, np.arange(n))
        for rival in range(n):
            if rival == k:
                continue
            spans = [(keys.least[i], keys.greatest[i]) for i in (rival, k)]
            says = {name: holds(*spans) for name, holds in RELATIONS.items()}
            if keys.held[rival] and keys.held[k]:
                says["ahead_sure"] |= least[rival] >= gap
                says["ahead_maybe"] &= greatest[rival] > TICK / 2 - keys.gain
                says["level_sure"] |= least[rival] >= (keys.step if keys.gain else -TICK / 2)
                says["level_maybe"] &= greatest[rival] > -max(keys.step, TICK / 2) - keys.gain
            for name, value in says.items():
                assert getattr(found, name)[rival, k] == value
