"""Years with different totals: the same year written in other points has no parts, and parts are those of plain loops."""

import copy
import itertools

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.comparison import FACTORS, PARTS
from tests.strategies import KINDS, Given, frame_of, givens, leaves_of, scheme_of

IN_POINTS = {"deduct": ("rate", "most"), "direct": ("out_of",)}
ROUNDED = 2e-9  # what the ticks of two totals that differ tenfold can differ by, in points of either


def multiplied(data, keys, factor):
    """The keys of a mapping that hold points, times a power of ten, without the dust of a float product."""
    return data | {key: float(f"{data[key] * factor:.12g}") for key in keys if data.get(key) is not None}


def in_other_points(given, factor, decimals):
    """The same year with all that is said in points multiplied, points given directly as well, and as many decimals fewer."""
    scheme, rows = copy.deepcopy(given.scheme), copy.deepcopy(given.rows)
    scheme = multiplied(scheme, ("total", "cap", "bonus_cap", "deduction_cap", "floor"), factor)
    scheme["bonuses"] = [multiplied(bonus, ("max",), factor) for bonus in scheme["bonuses"]]
    scheme["rounding"] = {at: rule | {"decimals": rule["decimals"] - decimals} for at, rule in scheme["rounding"].items()}
    for grade in scheme["grades"]:
        grade |= multiplied(grade, ("cutoff",), factor)
        grade |= {"class_cutoffs": multiplied(own, own, factor)} if (own := grade.get("class_cutoffs")) else {}
    for leaf in leaves_of(scheme["indicators"]):
        leaf |= multiplied(leaf, ("points", "out_of"), factor)
        leaf["rule"] = multiplied(leaf["rule"], IN_POINTS.get(leaf["rule"]["kind"], ()), factor)
        for row in rows if leaf["rule"]["kind"] == "direct" else []:
            row["raw"] |= multiplied(row["raw"], [k for k in row["raw"] if k.partition("@")[0] == leaf["id"]], factor)
    for row in rows:
        row["bonus"] = multiplied(row["bonus"], row["bonus"], factor)
    return Given(scheme, rows)


def assessed(given):
    return qt.assess(scheme_of(given.scheme), frame_of(given))


def in_between(given):
    """Roundings that have a counterpart under ten times and a tenth of the points."""
    for rule in given.scheme["rounding"].values():
        rule["decimals"] = min(max(rule["decimals"], 1), 2)
    return given


@settings(max_examples=30)
@given(givens(kinds=KINDS).map(in_between), st.sampled_from([1, -1]))
def test_the_same_year_in_other_points_has_no_parts(given, tenfold):
    before, after = assessed(given), assessed(in_other_points(given, 10.0**tenfold, tenfold))
    comparison = qt.comparison.compare(before, after)
    assume(comparison.problem is None)
    assert comparison.decomposition[["change", *PARTS[:-1]]].abs().max().max() <= ROUNDED
    assert (comparison.grade_decomposition[["change", *PARTS]] == 0).all(axis=None)


@settings(max_examples=15)
@given(givens(kinds=KINDS, geometric=False, inside=False).map(in_between), st.sampled_from([1, -1]))
def test_points_alone_of_the_same_year_in_other_points_change_nothing(given, tenfold):
    given.scheme["rounding"] = {}
    before, after = assessed(given), assessed(in_other_points(given, 10.0**tenfold, tenfold))
    comparison = qt.comparison.compare(before, after)
    alone = comparison.on_last_year
    assert (alone.scores - after.scores).abs().max() <= ROUNDED and (alone.grades == before.grades).all()


@settings(max_examples=15)
@given(givens(kinds=KINDS), givens(kinds=KINDS).map(in_between), st.sampled_from([0, 1]))
def test_parts_of_years_with_unequal_totals_are_those_of_plain_loops_over_all_orders(first, second, tenfold):
    before, after = assessed(first), assessed(in_other_points(second, 10.0**tenfold, tenfold))
    comparison = qt.comparison.compare(before, after)
    assume(comparison.problem is None)
    total, table = after.scheme.total, comparison.decomposition
    for unit in comparison.units:
        parts = dict.fromkeys(FACTORS, 0.0)
        for order in itertools.permutations(FACTORS):
            new = frozenset()
            for factor in order:
                there = comparison.states[new | {factor}], comparison.states[new]
                shares = [state.scores[unit] / state.scheme.total for state in there]
                parts[factor] += (shares[0] - shares[1]) * total / 24
                new |= {factor}
        row = table.loc[unit]
        assert [row[factor] for factor in FACTORS] == pytest.approx(list(parts.values()), abs=1e-9)
        assert abs(sum(row[part] for part in PARTS[:-1]) - row["change"]) <= 1e-12 * total
        ends = [r.scores[unit] * (total / r.scheme.total) for r in (before, after)]
        assert row["change"] == pytest.approx(ends[1] - ends[0], abs=2e-10)


@pytest.mark.parametrize("scales", [True, False])
def test_a_point_of_a_hundred_is_ten_of_a_thousand_by_hand(scales):
    """3 of 10 lost of 100 in all, then 10 of 100 lost of 1,000 in all: 2 points in a hundred better, and all of it data."""
    other = {"id": "b", "name": "b", "rule": {"kind": "share"}}
    results = []
    for factor, mark in ((1.0, 7.0), (10.0, 90.0)):
        leaf = {"id": "a", "name": "a", "points": 10 * factor, "rule": {"kind": "direct"}, "scales": scales}
        leaves = [leaf, other | {"points": 90 * factor}]
        grades = [{"id": "A", "cutoff": 98 * factor}, {"id": "B", "cutoff": 0.0}]
        scheme = scheme_of({"id": "s", "name": "s", "total": 100 * factor, "indicators": leaves, "grades": grades})
        results.append(qt.assess(scheme, pd.DataFrame({"a": [mark], "b": [1.0]}, index=["u"])))
    comparison = qt.comparison.compare(*results)
    assert comparison.decomposition.loc["u", ["change", *FACTORS]].tolist() == [20, 20, 0, 0, 0]
    assert comparison.grade_decomposition.loc["u", ["change", *FACTORS]].tolist() == [1, 1, 0, 0, 0]
    assert comparison.on_last_year.scores.tolist() == [970] and comparison.on_last_year.grades.tolist() == ["B"]
