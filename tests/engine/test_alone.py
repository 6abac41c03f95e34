"""The grade of one unit alone against grading a whole row with one score changed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.assessment import assess
from qtoolkit.engine import grade, grade_alone
from tests.examples import share
from tests.strategies import frame_of, givens, scheme_of


@settings(max_examples=share(60))
@given(givens(), st.data())
def test_the_grade_of_each_unit_alone_is_that_of_a_row_with_one_score_changed_and_never_falls(
    given, data
):
    result = assess(scheme_of(given.scheme), frame_of(given))
    e, base = result.engine, result.base.to_numpy()
    near = {int(b) + i * 10**8 for b in base for i in (-1, 0, 1)} | {
        int(b) + i for b in base for i in (-1, 0, 1)
    }
    near |= {int(t) + i for t in e.thresholds.ravel() if t < 10**15 for i in (-1, 0)} | {
        0,
        int(base.max()) * 2,
    }
    before = np.zeros(base.size, int)
    for own in data.draw(
        st.lists(st.sampled_from(sorted(near)), min_size=1, max_size=12, unique=True).map(sorted)
    ):
        found = grade_alone(e, base, np.full(base.size, own))
        rows = np.tile(base, (base.size, 1))
        np.fill_diagonal(rows, own)
        assert found.tolist() == np.diagonal(grade(e, rows)).tolist()
        assert (found >= before).all()
        before = found
    assert grade_alone(e, base, base).tolist() == result.grades.cat.codes.tolist()
