"""What notebooks 01 and 05 work out by hand (cells tagged worked) is what the package found, or
stays empty, on every shipped case, and 05 on random pairs of schemes too; it would be seen if the
package were wrong. One random scheme at a time: test_by_hand.py."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from tests.examples import share
from tests.notebooks.test_notebooks import read, tagged
from tests.strategies import KINDS, frame_of, givens, scheme_of

CASES = ["provinces-2008", "tai-2001", "city-2026"]
QUIET = settings(max_examples=share(36, least=12))


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda *shown: None)


def worked(name, **names):
    """The names that a notebook's worked cells leave behind."""
    for cell in tagged(read(name), "worked"):
        exec(cell.source, names)
    return names


def a_unit(result, language="zh"):
    return worked(
        "01_assessment", result=result, margins=qt.cutoffs.margins(result), language=language
    )


def a_change(result, comparison, unit=None):
    chosen = unit if comparison is None else comparison.unit(unit)
    return worked("05_comparison", qt=qt, comparison=comparison, result=result, chosen=chosen)


@pytest.mark.parametrize("name", CASES)
def test_a_unit_of_each_case_is_scored_by_hand(name):
    case = qt.read_case(name)
    result = qt.assess(case.scheme, case.table)
    for language in ("zh", "en"):
        names = a_unit(result, language)
        assert len(names["sheet"]) == len(result.scheme.leaves)
        assert result.table.units.index(names["unit"]) not in result.engine.tree.blank.nonzero()[0]


def test_a_wrong_score_or_grade_would_be_seen():
    case = qt.read_case("provinces-2008")
    result = qt.assess(case.scheme, case.table)
    with pytest.raises(AssertionError):
        a_unit(replace(result, scores=result.scores + 1e-6))
    wrong = replace(result)
    worse = result.steps["by_score"].cat.codes.to_numpy() - 1
    kind = result.grades.dtype
    wrong.__dict__["steps"] = result.steps.assign(
        by_score=pd.Categorical.from_codes(worse.clip(0), dtype=kind)
    )
    with pytest.raises(AssertionError):
        a_unit(wrong)


@pytest.mark.parametrize("name", CASES)
def test_a_change_of_each_case_is_taken_apart_by_hand(name):
    case = qt.read_case(name)
    result = qt.assess(case.scheme, case.table)
    comparison = qt.comparison.with_last_year(case, result)
    for unit in [None] if comparison is None else [None, *comparison.units]:
        names = a_change(result, comparison, unit)
        assert len(names["share"]) == (0 if comparison is None else 16)


def test_a_wrong_part_would_be_seen():
    case = qt.read_case("city-2026")
    comparison = qt.comparison.with_last_year(case, qt.assess(case.scheme, case.table))
    comparison.__dict__["decomposition"] = comparison.decomposition + 1e-6
    with pytest.raises(AssertionError):
        a_change(comparison.after, comparison)


@st.composite
def pairs(draw):
    """Two random assessments of units of the same names, whether a mixture can be made or not."""
    first, second = (draw(givens(kinds=KINDS)) for _ in range(2))
    return qt.comparison.compare(
        *(qt.assess(scheme_of(one.scheme), frame_of(one)) for one in (first, second))
    )


def test_a_change_between_random_schemes_is_taken_apart_by_hand_or_none():
    seen = []

    @QUIET
    @given(pairs())
    def check(comparison):
        names = a_change(comparison.after, comparison)
        assert ("brought" in names) == (comparison.problem is None)
        seen.append("brought" in names)

    check()
    assert any(seen), "no two random schemes can be mixed"
