"""Marks judged again, fairness, strictness and drafts beside plain ways to find the same, in the
same run. No limit is asserted."""

from itertools import combinations, islice

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.inputs.scheme import Covariate
from tests.benchmarks.test_simulation_speed import assessed
from tests.benchmarks.test_speed import ratio, seconds


@pytest.fixture(scope="module")
def city():
    case = qt.read_case("city-2026")
    return case, qt.assess(case.scheme, case.table)


def test_marks_judged_again_beside_assessing_each_anew(benchmark):
    """Every mark of 31 units by 40 indicators under a quota, 6 ways each, beside one assessment of
    the data for each of them (10 are timed)."""
    result = assessed(31, 40).change({"grades.A.quota": 5})
    found = benchmark(qt.appeals.rejudge, result)

    def anew():
        for k in range(10):
            frame = result.matrix.copy()
            frame.iloc[0, k] = 1.0
            qt.assess(result.scheme, frame)

    if benchmark.enabled:
        plain = seconds(anew) / 10 * len(found.table)
        faster = round(plain / benchmark.stats.stats.min)
        benchmark.extra_info["times_faster_than_each_anew"] = faster


def test_all_ways_to_halve_16_units_beside_a_loop(benchmark):
    """12,870 ways for the score, the best grade and 40 indicators, beside a loop over them for the
    score alone (500 are timed)."""
    plain = assessed(16, 40)
    number = (Covariate(id="n", name="n", kind="number"),)
    scheme = plain.scheme.model_copy(update={"covariates": number})
    result = qt.assess(scheme, plain.matrix.assign(n=np.arange(16.0)))
    found = benchmark(qt.fairness.compare, result)
    assert found.table.loc["n", "arrangements"] == 12_870
    scores = result.scores.to_numpy()

    def loop():
        for half in islice(combinations(range(16), 8), 500):
            chosen = np.isin(np.arange(16), half)
            abs(scores[chosen].mean() - scores[~chosen].mean())

    ratio(benchmark, "times_a_loop_for_the_score", seconds(loop) / 500 * 12_870)


def test_strictness_beside_assessing_each_alternative(benchmark, city):
    """Stages and departments of the synthetic cities, beside one assessment for each of them."""
    case, result = city
    found = benchmark(qt.strictness.who_marks_harder, result)

    def anew():
        for _ in range(len(found.table) + len(found.together)):
            qt.assess(case.scheme, case.table)

    ratio(benchmark, "times_an_assessment_for_each", seconds(anew))


def test_drafts_beside_assessing_them(benchmark, city):
    """The two drafts of the synthetic cities with all tables, bounds in the place of proofs,
    beside their bare assessments."""
    case, result = city
    drafts = qt.drafts.assessed(case)
    found = benchmark(qt.drafts.compare, result, drafts, exact=False)
    assert isinstance(found.grades, pd.DataFrame)
    ratio(benchmark, "times_bare_assessments", seconds(lambda: qt.drafts.assessed(case)))
