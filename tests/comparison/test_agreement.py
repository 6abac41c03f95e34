"""Kappa against Cohen's published table, correlations against scipy's own example and by counting
pairs."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.errors import InputError

# Cohen (1960, 1968), the table in the help of R's psych::cohen.kappa, with his weights of
# disagreement
COHEN = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
DISAGREEMENT = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])


def test_cohen_s_kappa_and_weighted_kappa_as_published():
    assert qt.comparison.kappa(COHEN) == pytest.approx(0.492, abs=5e-4)
    assert qt.comparison.kappa(COHEN, DISAGREEMENT) == pytest.approx(0.348, abs=5e-4)
    assert qt.comparison.kappa(COHEN, "linear") == pytest.approx(0.473684, abs=5e-7)
    assert qt.comparison.kappa(COHEN, "quadratic") == pytest.approx(0.454545, abs=5e-7)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_kappa_against_pairs_of_units(pairs):
    """Chance disagreement is that of one unit's first grade with another's second, over all pairs
    of units."""
    x, y = np.array(pairs).T
    table = np.zeros((4, 4), int)
    np.add.at(table, (x, y), 1)
    for name, v in (
        ("none", lambda i, j: i != j),
        ("linear", lambda i, j: abs(i - j)),
        ("quadratic", lambda i, j: (i - j) ** 2),
    ):
        seen = np.mean([v(i, j) for i, j in pairs])
        chance = np.mean([v(i, j) for i, j in itertools.product(x.tolist(), y.tolist())])
        found = qt.comparison.kappa(table, name)
        assert np.isnan(found) if chance == 0 else found == pytest.approx(1 - seen / chance)


def test_transitions_leave_blanks_out_and_keep_empty_grades():
    table = qt.comparison.transitions(
        pd.Series(["A", "B", None, "A"]), pd.Series(["B", "B", "A", None]), ["A", "B", "C"]
    )
    assert table.to_numpy().tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 0]] and list(
        table.columns
    ) == ["A", "B", "C"]
    empty = qt.comparison.transitions(pd.Series([None]), pd.Series(["A"]), ["A"])
    assert empty.to_numpy().tolist() == [[0]] and np.isnan(
        qt.comparison.agreement(empty)["agreement"]
    )


@pytest.mark.parametrize("table", [np.ones((2, 3)), np.array([[1, -1], [0, 1]]), np.array([1, 2])])
def test_what_is_no_table_of_counts_is_one_sentence(table):
    with pytest.raises(InputError):
        qt.comparison.kappa(table)
    with pytest.raises(InputError, match="quadratic"):
        qt.comparison.kappa(COHEN, "cubic")
    with pytest.raises(InputError):
        qt.comparison.kappa(COHEN, np.ones((2, 2)))


def test_correlations_as_in_scipy_s_documentation():
    """scipy.stats.weightedtau's example (Vigna 2015): −.5669 weighted, −.4714 unweighted."""
    x, y = pd.Series([12.0, 2, 1, 12, 2]), pd.Series([1.0, 4, 7, 1, 0])
    ranks = lambda s: s.rank(method="min", ascending=False)  # noqa: E731
    found = qt.comparison.correlations(x, y, ranks(x), ranks(y))
    assert found["weighted"] == pytest.approx(-0.5669496815368272) and found[
        "kendall"
    ] == pytest.approx(-0.47140452079103173)
    assert found["rank_shift"] == np.mean(
        [abs(a - b) for a, b in zip([1, 3, 5, 1, 3], [3, 2, 1, 3, 5], strict=True)]
    )


def test_correlations_of_one_unit_or_of_ties_are_unknown():
    one = pd.Series([5.0])
    assert qt.comparison.correlations(one, one, pd.Series([1]), pd.Series([1])).isna().tolist() == [
        True
    ] * 3 + [False]
    flat = pd.Series([5.0, 5.0])
    assert np.isnan(
        qt.comparison.correlations(
            flat, pd.Series([1.0, 2.0]), pd.Series([1, 1]), pd.Series([2, 1])
        )["kendall"]
    )


def test_rankings_are_matched_by_unit_and_unknown_grades_are_refused():
    scores, ranks = pd.Series([90.0, 80, 70], list("abc")), pd.Series([1, 2, 3], list("abc"))
    assert qt.comparison.correlations(scores, scores[::-1], ranks, ranks[::-1]).tolist() == [
        1,
        1,
        1,
        0,
    ]
    with pytest.raises(InputError, match="“E”"):
        qt.comparison.transitions(pd.Series(["A", "E"]), pd.Series(["A", "A"]), ["A", "B"])
    with pytest.raises(InputError):
        qt.comparison.kappa([["a", "b"], ["c", "d"]])
