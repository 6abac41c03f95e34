"""Other rules against rounding and grading each unit by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.errors import InputError
from tests.examples import share
from tests.sentences import regraded, results


def graded(*scores, **quota):
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0})
    frame = pd.DataFrame({"a": np.array(scores) / 100}, index=[f"u{k}" for k in range(len(scores))])
    return qt.assess(scheme, frame)


def test_whole_points_and_a_moved_line_by_hand():
    """89.6 is 90 rounded and 89 cut off; the line of A is a hundredth of 100 away, 89 or 91."""
    others = qt.cutoffs.other_rules(graded(89.6, 59.5, 90.9))
    assert {name: "".join(other.grades) for name, other in others.items()} == {
        "whole_half_up": "ABA",
        "whole_floor": "BCA",
        "cutoff_lower": "ACA",
        "cutoff_higher": "BCB",
    }
    assert others["cutoff_lower"].scheme.grades[0].cutoff == 89
    assert qt.cutoffs.other_rules(graded(90.0), 0.5)["cutoff_higher"].grades.item() == "B"


def test_a_line_that_would_cross_its_neighbour_is_left_out():
    assert "cutoff_lower" not in qt.cutoffs.other_rules(graded(90.0), 30)
    assert "cutoff_lower" in qt.cutoffs.other_rules(graded(90.0), 29)


@pytest.mark.parametrize("shift", [0, -1, 101, math.nan, "1"])
def test_a_shift_that_is_none_is_refused(shift):
    with pytest.raises(InputError):
        qt.cutoffs.other_rules(graded(90.0), shift)


@settings(max_examples=share(36, least=12))
@given(results())
def test_other_rules_of_random_schemes(result):
    """Moved lines grade as the scheme written anew does; blanks count as zero where there are any;
    whole points are whole."""
    others, first = qt.cutoffs.other_rules(result), result.scheme.grades[0]
    step = 0.01 * result.scheme.total
    for name, shift in (("cutoff_lower", -step), ("cutoff_higher", step)):
        if name in others:
            assert (others[name].grades == regraded(result, first.id, shift)).all()
    assert ("blanks_as_zero" in others) == bool((result.flags["kind"] == "blank").any())
    for name in ("whole_half_up", "whole_floor"):
        if result.scheme.order.rounding != "before_bonus":
            assert (others[name].scores % 1 == 0).all()
