"""Years with different totals: the same year written in other points has no parts, and parts are
those of plain loops."""

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
# what the ticks of two totals that differ tenfold can differ by, in points of either
ROUNDED = 2e-9


def multiplied(data, keys, factor):
    """The keys of a mapping that hold points, times a power of ten, without the dust of a float
    product."""
    return data | {
        key: float(f"{data[key] * factor:.12g}") for key in keys if data.get(key) is not None
    }


def in_other_points(given, factor, decimals):
    """The same year with all that is said in points multiplied, points given directly as well, and
    as many decimals fewer."""
    scheme, rows = copy.deepcopy(given.scheme), copy.deepcopy(given.rows)
    scheme = multiplied(scheme, ("total", "cap", "bonus_cap", "deduction_cap", "floor"), factor)
    scheme["bonuses"] = [multiplied(bonus, ("max",), factor) for bonus in scheme["bonuses"]]
    scheme["rounding"] = {
        at: rule | {"decimals": rule["decimals"] - decimals}
        for at, rule in scheme["rounding"].items()
    }
    for grade in scheme["grades"]:
        grade |= multiplied(grade, ("cutoff",), factor)
        grade |= (
            {"class_cutoffs": multiplied(own, own, factor)}
            if (own := grade.get("class_cutoffs"))
            else {}
        )
    for leaf in leaves_of(scheme["indicators"]):
        leaf |= multiplied(leaf, ("points", "out_of"), factor)
        leaf["rule"] = multiplied(leaf["rule"], IN_POINTS.get(leaf["rule"]["kind"], ()), factor)
        for row in rows if leaf["rule"]["kind"] == "direct" else []:
            row["raw"] |= multiplied(
                row["raw"], [k for k in row["raw"] if k.partition("@")[0] == leaf["id"]], factor
            )
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
@given(givens(kinds=KINDS).map(in_between), st.sampled_from([1, -1]))
def test_points_alone_of_the_same_year_in_other_points_change_nothing(given, tenfold):
    before, after = assessed(given), assessed(in_other_points(given, 10.0**tenfold, tenfold))
    comparison = qt.comparison.compare(before, after)
    alone = comparison.on_last_year
    assert (alone.scores - before.scores).abs().max() <= ROUNDED and (
        alone.grades == before.grades
    ).all()


@settings(max_examples=15)
@given(givens(kinds=KINDS), givens(kinds=KINDS).map(in_between), st.sampled_from([0, 1]))
def test_parts_of_years_with_unequal_totals_are_those_of_plain_loops_over_all_orders(
    first, second, tenfold
):
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
    """3 of 10 lost of 100 in all, then 10 of 100 lost of 1,000 in all: 2 points in a hundred
    better, and all of it data."""
    other = {"id": "b", "name": "b", "rule": {"kind": "share"}}
    results = []
    for factor, mark in ((1.0, 7.0), (10.0, 90.0)):
        leaf = {
            "id": "a",
            "name": "a",
            "points": 10 * factor,
            "rule": {"kind": "direct"},
            "scales": scales,
        }
        leaves = [leaf, other | {"points": 90 * factor}]
        grades = [{"id": "A", "cutoff": 98 * factor}, {"id": "B", "cutoff": 0.0}]
        scheme = scheme_of(
            {"id": "s", "name": "s", "total": 100 * factor, "indicators": leaves, "grades": grades}
        )
        results.append(qt.assess(scheme, pd.DataFrame({"a": [mark], "b": [1.0]}, index=["u"])))
    comparison = qt.comparison.compare(*results)
    assert comparison.decomposition.loc["u", ["change", *FACTORS]].tolist() == [20, 20, 0, 0, 0]
    assert comparison.grade_decomposition.loc["u", ["change", *FACTORS]].tolist() == [1, 1, 0, 0, 0]
    assert comparison.on_last_year.scores.tolist() == [
        97
    ] and comparison.on_last_year.grades.tolist() == ["B"]


def rounded_year(total, share, stage, rounding, cutoff=0.9):
    """Two leaves of 60% and 40% of a total, each in a node of its own; a unit with the same share
    of both."""
    leaves = [
        {"id": id, "name": id, "points": total * part, "rule": {"kind": "share"}}
        for id, part in (("a", 0.6), ("b", 0.4))
    ]
    nodes = [{"id": f"n{leaf['id']}", "name": "n", "children": [leaf]} for leaf in leaves]
    grades = [{"id": "A", "cutoff": total * cutoff}, {"id": "B", "cutoff": 0.0}]
    keys = {"rounding": {stage: rounding}} if rounding else {}
    keys |= {"id": "s", "name": "s", "total": total, "indicators": nodes, "grades": grades}
    return qt.assess(scheme_of(keys), pd.DataFrame({"a": [share], "b": [share]}, index=["u"]))


def parts_by_hand(comparison):
    tables = comparison.decomposition, comparison.grade_decomposition
    return [[round(float(x), 9) for x in table.loc["u", ["change", *FACTORS]]] for table in tables]


@pytest.mark.parametrize("stage", ["leaf", "node", "total"])
def test_rounding_is_of_the_part_of_cutoffs_whatever_the_totals_by_hand(stage):
    """Whole points of 100, then of 1,000: 54 + 36 = 90 (at the total: 89.6 → 90), then 538 + 358 =
    896. A share of .8996 not rounded is 89.96 of 100; in whole points of 1,000 it is 540 + 360 =
    900."""
    whole = {"decimals": 0}
    before, after = (rounded_year(total, 0.896, stage, whole) for total in (100.0, 1000.0))
    comparison = qt.comparison.compare(before, after)
    assert [(r.scores["u"], r.grades["u"]) for r in (before, after)] == [(90, "A"), (896, "B")]
    assert parts_by_hand(comparison) == [[-4, 0, 0, -4, 0], [-1, 0, 0, -1, 0]]
    assert comparison.alone.loc["u", ["points", "score_points", "cutoffs"]].tolist() == [
        "A",
        90,
        "B",
    ]
    pair = [
        rounded_year(total, 0.8996, stage, how) for total, how in ((100.0, None), (1000.0, whole))
    ]
    plain = qt.comparison.compare(*pair)
    assert parts_by_hand(plain) == [[0.4, 0, 0, 0.4, 0], [1, 0, 0, 1, 0]]
    assert plain.alone.loc["u", ["points", "score_points", "cutoffs"]].tolist() == ["B", 89.96, "A"]


@pytest.mark.parametrize("stage", ["leaf", "node", "total"])
def test_rounding_to_the_same_share_of_a_tenth_of_the_total_by_hand(stage):
    """One decimal of 100 is two decimals of 10: 53.7 + 35.8 = 89.5, and 5.37 + 3.58 = 8.95."""
    before, after = (
        rounded_year(total, 0.895, stage, {"decimals": d}) for total, d in ((100.0, 1), (10.0, 2))
    )
    comparison = qt.comparison.compare(before, after)
    assert (before.scores["u"], after.scores["u"]) == (89.5, 8.95)
    assert parts_by_hand(comparison) == [[0] * 5] * 2
    assert comparison.alone.loc["u", ["points", "score_points", "cutoffs"]].tolist() == [
        "B",
        89.5,
        "B",
    ]


def test_rounding_under_totals_that_no_power_of_ten_connects_by_hand():
    """99 of 100 are 148.5 of 150, which whole points make 149; the cutoff stays at the same share,
    99.1 and 148.65."""
    whole = {"decimals": 0}
    years = [rounded_year(total, 0.99, "total", whole, cutoff=0.991) for total in (100.0, 150.0)]
    comparison = qt.comparison.compare(*years)
    assert parts_by_hand(comparison) == [[0.5, 0, 0, 0.5, 0], [1, 0, 0, 1, 0]]
    assert comparison.alone.loc["u", ["points", "score_points", "cutoffs"]].tolist() == [
        "B",
        99,
        "A",
    ]
