"""The grade of one unit alone against grading a whole row with one score changed."""

import numpy as np
import pandas as pd
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


def test_a_vetoed_unit_takes_no_place_from_others_and_is_told_what_it_would_have_had():
    """90, 80, 70 with two places and a veto on 90: 80 and 70 have the places, and without its veto
    90 would have had one; where quotas come first it uses one up."""
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf],
        "grades": [{"id": "A", "by": "place", "quota": 2}, {"id": "B"}],
        "vetoes": [{"id": "v", "name": "v", "cap": "B"}],
    }
    frame = pd.DataFrame({"a": [0.9, 0.8, 0.7], "veto:v": [True, False, False]}, index=list("xyz"))
    early = assess(scheme_of(data), frame)
    late = assess(scheme_of(data | {"order": {"veto": "after_quota"}}), frame)
    assert early.steps["by_score"].tolist() == list("AAA")
    assert late.steps["by_score"].tolist() == list("AAB")
    assert early.grades.tolist() == list("BAA") and late.grades.tolist() == list("BAB")
    assert early.steps["set_by"].tolist() == ["veto:v", "score", "score"]
