"""Shapley parts against all orders of the factors, mixed assessments against schemes changed by
hand, and sums that must hold."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.comparison import FACTORS, PARTS
from qtoolkit.errors import InputError
from tests.examples import share as some
from tests.robustness.lp import flat
from tests.strategies import KINDS, frame_of, givens, scheme_of


def share(id, points, **keys):
    return {"id": id, "name": id, "points": points, "rule": {"kind": "share"}} | keys


def scheme_with(leaves, cutoffs, **keys):
    grades = [
        {"id": g, "cutoff": c} if not isinstance(c, dict) else {"id": g} | c
        for g, c in cutoffs.items()
    ]
    total = sum(leaf["points"] for leaf in leaves)
    return scheme_of(
        {"id": "s", "name": "s", "total": total, "indicators": leaves, "grades": grades} | keys
    )


pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")  # no score of a mixture may be NaN


@st.composite
def pairs(draw):
    """Two random assessments with indicators and units of the same names, where a mixture of them
    can be made."""
    first, second = draw(givens(kinds=KINDS)), draw(givens(kinds=KINDS))
    before, after = (qt.assess(scheme_of(g.scheme), frame_of(g)) for g in (first, second))
    comparison = qt.comparison.compare(before, after)
    # a mean of similar units that are not there, too few values for the treatment of outliers
    assume(comparison.problem is None)
    return comparison


@settings(max_examples=some(80))
@given(pairs())
def test_parts_add_up_and_are_the_mean_over_all_orders(comparison):
    total = comparison.after.scheme.total
    parts = comparison.decomposition
    assert (parts[list(PARTS[:-1])].sum(axis=1) - parts["change"]).abs().max() <= 1e-12 * total
    ends = comparison.after.scores[comparison.units] - comparison.before.scores[
        comparison.units
    ] * (total / comparison.before.scheme.total)
    assert (parts["change"] - ends).abs().max() < 2e-10
    steps = comparison.grade_decomposition
    if comparison.graded_alike:
        assert (steps[list(PARTS)].sum(axis=1) - steps["change"]).abs().max() < 1e-12
    value = {
        s: r.scores.to_numpy() * (total / r.scheme.total) for s, r in comparison.states.items()
    }
    code = {s: r.grades.cat.codes.to_numpy() for s, r in comparison.states.items()}
    orders = list(itertools.permutations(FACTORS))
    for factor in FACTORS:
        before = [frozenset(order[: order.index(factor)]) for order in orders]
        assert parts[factor].to_numpy() == pytest.approx(
            np.mean([value[s | {factor}] - value[s] for s in before], axis=0), abs=1e-9
        )
        if comparison.graded_alike:
            assert steps[factor].to_numpy() == pytest.approx(
                np.mean([code[s | {factor}] - code[s] for s in before], axis=0)
            )


@settings(max_examples=some(60))
@given(pairs())
def test_the_ends_are_the_assessments_themselves(comparison):
    before, after = comparison.before, comparison.after
    if set(before.scores.index) == set(after.scores.index):
        for result, new in ((before, frozenset()), (after, frozenset(FACTORS))):
            state = comparison.states[new]
            assert state.scores.tolist() == result.scores[comparison.units].tolist()
            assert state.grades.tolist() == result.grades[comparison.units].tolist()
        assert (comparison.decomposition["units"] == 0).all()


@settings(max_examples=some(40))
@given(givens(kinds=KINDS), st.data())
def test_a_scheme_against_itself_has_no_parts(given, data):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    comparison = qt.comparison.compare(result, result)
    assert (comparison.decomposition[["change", *PARTS[:-1]]] == 0).all(axis=None)
    assert (comparison.grade_decomposition[["change", *PARTS]] == 0).all(axis=None)
    assert set(comparison.matching.table["kind"]) == {"kept"}
    assert comparison.on_last_year.scores.tolist() == result.scores.tolist()
    off = comparison.transitions.to_numpy() - np.diag(np.diag(comparison.transitions))
    assert not off.any()


def test_single_factors_against_schemes_changed_by_hand():
    """The state with one factor new is last year's assessment with just that changed."""
    leaves = [share("a", 60.0), share("b", 40.0)]
    outside = {
        "bonuses": [{"id": "m", "name": "m", "max": 5.0}],
        "vetoes": [{"id": "v", "name": "v", "cap": "C"}],
    }
    old_scheme = scheme_with(leaves, {"A": 90.0, "B": 80.0, "C": 0.0}, **outside)
    new_scheme = scheme_with(
        [share("a", 30.0), share("b", 70.0)],
        {"A": {"cutoff": 85.0, "quota": 1}, "B": 75.0, "C": 0.0},
        rounding={"total": {"decimals": 0}},
        **outside,
    )
    old_frame = pd.DataFrame(
        {
            "a": [0.95, 0.7, 0.9],
            "b": [0.9, 0.8, 0.95],
            "bonus:m": [0, 1.0, 0],
            "veto:v": [False, False, False],
        },
        index=list("uvw"),
    )
    new_frame = pd.DataFrame(
        {
            "a": [0.85, 0.9, 0.9],
            "b": [0.95, 0.9, 0.8],
            "bonus:m": [2.0, 0, 0],
            "veto:v": [False, True, False],
        },
        index=list("uvw"),
    )
    comparison = qt.comparison.compare(
        qt.assess(old_scheme, old_frame), qt.assess(new_scheme, new_frame)
    )

    def mix(*columns):
        return pd.concat(
            [(new_frame if c in columns else old_frame)[[c]] for c in old_frame], axis=1
        )

    expected = {
        "data": (old_scheme, mix("a", "b")),
        "points": (old_scheme.replace(points={"a": 30, "b": 70}), old_frame),
        "cutoffs": (new_scheme.replace(points={"a": 60, "b": 40}), old_frame),
        "vetoes": (old_scheme, mix("bonus:m", "veto:v")),
    }
    for factor, (scheme, frame) in expected.items():
        state, result = comparison.states[frozenset({factor})], qt.assess(scheme, frame)
        assert (
            state.scores.tolist() == result.scores.tolist()
            and state.grades.tolist() == result.grades.tolist()
        ), factor
    assert (
        comparison.alone["cutoffs"].tolist()
        == comparison.states[frozenset({"cutoffs"})].grades.tolist()
    )
    assert (
        comparison.alone["points"].tolist()
        == comparison.states[frozenset({"points"})].grades.tolist()
    )


def test_matching_by_id_and_by_declaration():
    old = scheme_with(
        [share("a", 10.0), share("b", 20.0), share("c", 30.0), share("d", 20.0), share("e", 20.0)],
        {"A": 0.0},
    )
    new = scheme_with(
        [
            share("a", 10.0),
            share("b2", 15.0, previous=["b"]),
            share("c1", 20.0, previous=["c"]),
            share("c2", 10.0, previous=["c"]),
            share("d", 25.0, previous=["d", "e"]),
            share("f", 10.0),
            share("g", 10.0, previous=["nowhere"]),
        ],
        {"A": 0.0},
    )
    found = qt.comparison.match(old, new)
    assert found.table[["kind", "before", "after"]].values.tolist() == [
        ["kept", "a", "a"],
        ["renamed", "b", "b2"],
        ["split", "c", "c1"],
        ["split", "c", "c2"],
        ["merged", "d", "d"],
        ["merged", "e", "d"],
        ["new", None, "f"],
        ["new", None, "g"],
    ]
    assert (
        found.twins == {"a": "a", "b2": "b"}
        and found.shared == {"a", "b2"}
        and found.unknown == (("g", "nowhere"),)
    )
    back = qt.comparison.match(new, old)  # without declarations: by id alone
    assert set(back.table["kind"]) == {"kept", "new", "dropped"}


def test_drafts_of_one_year_are_matched_by_id_whatever_they_continue():
    """Both drafts split last year's x into y and z, and y kept its id from a third; none of it
    matters between them."""
    leaves = lambda p: [share("y", p, previous=["x"]), share("z", 100.0 - p, previous=["x", "y"])]  # noqa: E731
    found = qt.comparison.match(
        scheme_with(leaves(40.0), {"A": 0.0}), scheme_with(leaves(50.0), {"A": 0.0})
    )
    assert found.table["kind"].tolist() == ["kept", "kept"]


def test_an_indicator_with_data_in_one_year_is_part_of_points():
    """A new indicator of 20 points on which the unit has .5: all of what it changes is points and
    rules."""
    old = qt.assess(
        scheme_with([share("a", 100.0)], {"A": 90.0, "B": 0.0}),
        pd.DataFrame({"a": [1.0]}, index=["u"]),
    )
    new = qt.assess(
        scheme_with([share("a", 80.0), share("n", 20.0)], {"A": 90.0, "B": 0.0}),
        pd.DataFrame({"a": [1.0], "n": [0.5]}, index=["u"]),
    )
    comparison = qt.comparison.compare(old, new)
    row = comparison.decomposition.loc["u"]
    assert row[["change", "data", "points", "cutoffs", "vetoes"]].tolist() == [-10, 0, -10, 0, 0]
    step = comparison.grade_decomposition.loc["u"]
    assert (0, step["change"], step["points"]) == (0, 0, 0)  # 90 is still an A
    # the new one is not scored on last year's data
    assert comparison.on_last_year.scores.tolist() == [100.0]
    assert np.isnan(comparison.leaves.loc["u", "n"]) and comparison.leaves.loc["u", "a"] == 0


def test_direct_points_are_restated_when_their_full_marks_change():
    """9 of 10 points last year are the same work as 18 of 20 this year where deductions scale, and
    19 where they do not."""
    for scales, points in ((True, 18.0), (False, 19.0)):

        def leaf(p, scales=scales):
            return {
                "id": "a",
                "name": "a",
                "points": p,
                "rule": {"kind": "direct"},
                "scales": scales,
            }

        old = qt.assess(
            scheme_with([leaf(10.0), share("b", 90.0)], {"A": 0.0}),
            pd.DataFrame({"a": [9.0], "b": [1.0]}, index=["u"]),
        )
        new = qt.assess(
            scheme_with([leaf(20.0), share("b", 80.0)], {"A": 0.0}),
            pd.DataFrame({"a": [15.0], "b": [1.0]}, index=["u"]),
        )
        comparison = qt.comparison.compare(old, new)
        assert comparison.states[frozenset({"points"})].scores.tolist() == [80 + points]
        assert comparison.on_last_year.scores.tolist() == [80 + points]


def test_a_rule_of_another_kind_keeps_each_year_s_data():
    old = qt.assess(
        scheme_with([share("a", 100.0)], {"A": 0.0}), pd.DataFrame({"a": [0.8]}, index=["u"])
    )
    rule = {"kind": "goalposts", "low": 0.0, "high": 50.0, "direction": "higher"}
    new = qt.assess(
        scheme_with([{"id": "a", "name": "a", "points": 100.0, "rule": rule}], {"A": 0.0}),
        pd.DataFrame({"a": [20.0]}, index=["u"]),
    )
    comparison = qt.comparison.compare(old, new)
    assert comparison.matching.shared == frozenset() and comparison.decomposition.loc[
        "u", ["data", "points"]
    ].tolist() == [0, -40]


def test_totals_that_differ_are_compared_as_shares():
    """900 of 1,000 and 90 of 100 are the same; the cutoff of 800 is one of 80."""
    old = qt.assess(
        scheme_with([share("a", 600.0), share("b", 400.0)], {"A": 800.0, "B": 0.0}),
        pd.DataFrame({"a": [0.9, 0.7], "b": [0.9, 0.8]}, index=list("uv")),
    )
    new = qt.assess(
        scheme_with([share("a", 60.0), share("b", 40.0)], {"A": 70.0, "B": 0.0}),
        pd.DataFrame({"a": [0.9, 0.7], "b": [0.9, 0.9]}, index=list("uv")),
    )
    comparison = qt.comparison.compare(old, new)
    assert comparison.decomposition.loc[
        "u", ["score_before", "score_after", "change"]
    ].tolist() == [90, 90, 0]
    assert comparison.decomposition.loc[
        "v", ["change", "data", "points"]
    ].tolist() == pytest.approx([4, 4, 0])
    steps = comparison.grade_decomposition
    assert steps.loc["v", ["grade_before", "grade_after"]].tolist() == ["B", "A"]
    # 74 of 100 was no A; at 70 even 74 is
    assert steps.loc["v", "cutoffs"] == 1 and steps.loc["v", "data"] == 0
    assert comparison.on_last_year.grades.tolist() == ["A", "B"]


def test_units_that_leave_and_enter_are_listed_and_what_they_did_to_others_is_a_part():
    """A quota of one: last year's first has left, so the second has the A."""
    scheme = scheme_with([share("a", 100.0)], {"A": {"cutoff": 80.0, "quota": 1}, "B": 0.0})
    old = qt.assess(scheme, pd.DataFrame({"a": [0.95, 0.9]}, index=["left", "u"]))
    new = qt.assess(scheme, pd.DataFrame({"a": [0.9, 0.5]}, index=["u", "new"]))
    comparison = qt.comparison.compare(old, new)
    assert (comparison.left, comparison.entered) == (("left",), ("new",)) and list(
        comparison.units
    ) == ["u"]
    row = comparison.grade_decomposition.loc["u"]
    assert row[["change", "units"]].tolist() == [1, 1] and row[list(FACTORS)].tolist() == [
        0,
        0,
        0,
        0,
    ]


def test_what_approval_changed_is_a_part_of_the_grade():
    scheme = scheme_with([share("a", 100.0)], {"A": 90.0, "B": 0.0})
    old = qt.assess(scheme, pd.DataFrame({"a": [0.95]}, index=["u"]))
    new = qt.assess(scheme, pd.DataFrame({"a": [0.95], "approved": ["B"]}, index=["u"]))
    row = qt.comparison.compare(old, new).grade_decomposition.loc["u"]
    assert row[["change", "approval"]].tolist() == [-1, -1] and not row[list(FACTORS)].any()


def test_grades_of_other_names_and_numbers():
    frame = pd.DataFrame({"a": [0.95, 0.5]}, index=list("uv"))
    old = qt.assess(
        scheme_with(
            [share("a", 100.0)],
            {"A": 90.0, "B": 0.0},
            vetoes=[{"id": "v", "name": "v", "cap": "B"}],
        ),
        frame.assign(**{"veto:v": False}),
    )
    named = qt.assess(
        scheme_with(
            [share("a", 100.0)],
            {"X": 97.0, "Y": 0.0},
            vetoes=[{"id": "v", "name": "v", "cap": "Y"}],
        ),
        frame.assign(**{"veto:v": [False, True]}),
    )
    comparison = qt.comparison.compare(old, named)
    assert comparison.graded_alike and comparison.grade_decomposition["change"].tolist() == [-1, 0]
    three = qt.assess(scheme_with([share("a", 100.0)], {"A": 97.0, "B": 60.0, "C": 0.0}), frame)
    comparison = qt.comparison.compare(old, three)
    assert (
        not comparison.graded_alike
        and comparison.kappa.isna().all()
        and comparison.grade_decomposition["change"].isna().all()
    )
    assert (
        comparison.transitions.loc["A", "B"] == 1
        and (comparison.decomposition["change"] == 0).all()
    )


def test_no_unit_in_common_is_one_sentence():
    scheme = qt.Scheme.flat({"a": 100}, {"A": 0})
    results = [qt.assess(scheme, pd.DataFrame({"a": [1.0]}, index=[unit])) for unit in ("甲", "乙")]
    with pytest.raises(InputError) as caught:
        qt.comparison.compare(*results)
    assert "甲" in caught.value.sentences("zh")[0] and "乙" in caught.value.sentences("en")[0]


def test_points_alone_on_split_and_merged_indicators_by_hand():
    """b (.5 of 40) is split: each part has .5; c and d (1.0 of 10, .4 of 30) are merged: (10·1 +
    30·.4)/40 = .55."""
    old = qt.assess(
        scheme_with(
            [share("a", 20.0), share("b", 40.0), share("c", 10.0), share("d", 30.0)], {"A": 0.0}
        ),
        pd.DataFrame({"a": [1.0], "b": [0.5], "c": [1.0], "d": [0.4]}, index=["u"]),
    )
    new = scheme_with(
        [
            share("a", 10.0),
            share("b1", 30.0, previous=["b"]),
            share("b2", 20.0, previous=["b"]),
            share("cd", 40.0, previous=["c", "d"]),
        ],
        {"A": 0.0},
    )
    result = qt.comparison.points_alone(old, new)
    assert result.scores["u"] == pytest.approx(10 + 50 * 0.5 + 40 * 0.55)
    assert result.grades.tolist() == ["A"]


def test_movers_are_ordered_by_how_far_they_moved():
    before = flat([100.0], [[0.9], [0.8], [0.7], [0.6]], 50)
    after = flat([100.0], [[0.5], [0.8], [0.7], [0.95]], 50)
    movers = qt.comparison.compare(before, after).movers
    assert movers["move"].tolist() == [-3, 3, 0, 0] and movers.index.tolist()[:2] == ["u0", "u3"]


@pytest.mark.parametrize("draft", ["two", "three"])
def test_a_draft_of_the_city_case_on_the_same_data(draft):
    """Data and vetoes are the same: nothing of a change is theirs; draft three changes lines alone,
    and no score's points."""
    case = qt.read_case("city-2026")
    other = qt.read_case(
        scheme=f"params/city-2026/drafts/draft-{draft}.yaml", data="params/city-2026/data.csv"
    )
    comparison = qt.comparison.compare(
        qt.assess(case.scheme, case.table), qt.assess(other.scheme, other.table)
    )
    parts, steps = comparison.decomposition, comparison.grade_decomposition
    assert set(comparison.matching.table["kind"]) == {"kept"} and comparison.problem is None
    assert (parts[["data", "vetoes", "units"]] == 0).all(axis=None) and (
        parts["points"] != 0
    ).any() == (draft == "two")
    assert (
        steps["change"].tolist()
        == (
            comparison.after.approved.cat.codes.to_numpy(int)
            - comparison.before.approved.cat.codes.to_numpy(int)
        ).tolist()
    )


def test_the_class_of_a_unit_belongs_to_the_cutoffs():
    """Nothing but the class changes, to one with a lower cutoff: all of the step is cutoffs."""
    scheme = scheme_with(
        [share("a", 100.0)],
        {"A": {"cutoff": 90.0, "class_cutoffs": {"q": 80.0}}, "B": 0.0},
        classes=["p", "q"],
    )
    frames = [
        pd.DataFrame({"a": [0.83, 0.5], "class": [own, "q"]}, index=list("uv")) for own in "pq"
    ]
    row = qt.comparison.compare(
        *(qt.assess(scheme, frame) for frame in frames)
    ).grade_decomposition.loc["u"]
    assert row[["change", *PARTS]].tolist() == [1, 0, 0, 1, 0, 0, 0]


def test_a_level_added_to_a_checklist_leaves_the_data_comparable_unless_it_occurs():
    """ "Half" is new this year: a unit that went from yes to no has fallen; where somebody has
    "half", last year's rule cannot score it."""

    def leaf(levels):
        return {
            "id": "a",
            "name": "a",
            "points": 100.0,
            "rule": {"kind": "level", "levels": levels},
        }

    old_scheme, new_scheme = (
        scheme_with([leaf(levels)], {"A": 50.0, "B": 0.0})
        for levels in ({"有": 1.0, "无": 0.0}, {"有": 1.0, "半": 0.5, "无": 0.0})
    )
    old = qt.assess(old_scheme, pd.DataFrame({"a": ["有", "有"]}, index=list("uv")))
    for seen, part in (("有", "data"), ("半", "points")):
        comparison = qt.comparison.compare(
            old, qt.assess(new_scheme, pd.DataFrame({"a": ["无", seen]}, index=list("uv")))
        )
        row = comparison.decomposition.loc["u"]
        assert row["change"] == row[part] == -100
