"""Variance components against published mean squares, expected mean squares in fractions, another
program (statsmodels) and projections; intervals by simulation; numbers of assessors one by one."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qtoolkit.errors import InputError
from qtoolkit.panel import Components, components, reliability
from qtoolkit.panel.components import ratio_interval
from tests.panel.data import SHROUT_FLEISS, long, panel, sums_in_fractions

nan = np.nan


def cube(values):
    """A long table of units × assessors × items."""
    return long(
        [
            (f"u{u}", f"a{a}", f"i{i}", float(values[u, a, i]))
            for u, a, i in np.ndindex(*values.shape)
        ]
    )


def same(one, other):
    """The numbers of two results are the same but for round-off."""
    found, expected = (result.table.astype(float) for result in (one, other))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_shrout_and_fleiss_by_hand():
    """Their Table 3: BMS 11.24, JMS 32.49, EMS 1.02; so (11.24 − 1.02)/4, (32.49 − 1.02)/6, 1.02.
    statsmodels 0.15.0, MixedLM by REML with both factors crossed: 2.5555, 5.2447, 1.0194."""
    found = components(SHROUT_FLEISS)
    assert found.table["ms"].tolist() == pytest.approx([11.24, 32.49, 1.02], abs=0.005)
    assert found.table["df"].tolist() == [5, 3, 15] and found.method == "anova"
    ms = sums_in_fractions(SHROUT_FLEISS.to_numpy())
    unit, assessor, rest = (ms[s] / df for s, df in (((0,), 5), ((1,), 3), ((0, 1), 15)))
    estimates = [(unit - rest) / 4, (assessor - rest) / 6, rest]
    assert found.table["variance"].tolist() == pytest.approx([float(x) for x in estimates])
    assert found.table["variance"].tolist() == pytest.approx([2.5555, 5.2447, 1.0194], abs=5e-4)
    assert found.table["share"].sum() == pytest.approx(1) and not found.table["negative"].any()
    assert (found.n_units, found.n_assessors, found.n_items, found.assessors) == (6, 4, 1, 4)


def test_coefficients_of_a_complete_design_are_icc():
    """Eρ² is ICC3k, Φ is ICC2k, of one assessor ICC3 and ICC2, where no estimate is negative."""
    found, icc = components(SHROUT_FLEISS), reliability(SHROUT_FLEISS).icc
    assert found.relative == pytest.approx(icc.loc["ICC3k", "value"])
    assert found.absolute == pytest.approx(icc.loc["ICC2k", "value"])
    one = found.decision([1]).loc[1]
    assert one["relative"] == pytest.approx(icc.loc["ICC3", "value"])
    assert one["absolute"] == pytest.approx(icc.loc["ICC2", "value"])
    assert one[["low", "high"]].tolist() == pytest.approx(icc.loc["ICC3", ["low", "high"]].tolist())
    for kind, form in (("relative", "ICC3k"), ("absolute", "ICC2k")):
        expected = icc.loc[form, ["low", "high"]].tolist()
        assert found.intervals.loc[kind].tolist() == pytest.approx(expected)


# expected mean squares of the random design units × assessors × items: which variances, besides the
# residual's, are in each mean square
EXPECTED = {
    (0,): [(0,), (0, 1), (0, 2)],
    (1,): [(1,), (0, 1), (1, 2)],
    (2,): [(2,), (0, 2), (1, 2)],
    (0, 1): [(0, 1)],
    (0, 2): [(0, 2)],
    (1, 2): [(1, 2)],
    (0, 1, 2): [],
}
NAMES = {
    (0,): "unit",
    (1,): "assessor",
    (2,): "item",
    (0, 1): "unit:assessor",
    (0, 2): "unit:item",
    (1, 2): "assessor:item",
    (0, 1, 2): "residual",
}


def solved(values):
    """The components that give a cube's mean squares, in fractions, from the interactions up."""
    squares = sums_in_fractions(values)
    found = {}
    for s in sorted(EXPECTED, key=len, reverse=True):
        df = int(np.prod([values.shape[a] - 1 for a in s]))
        rest = squares[s] / df - found.get((0, 1, 2), 0)
        times = {
            t: int(np.prod([values.shape[a] for a in range(3) if a not in t], dtype=int))
            for t in EXPECTED[s]
        }
        others = sum((times[t] * found[t] for t in EXPECTED[s] if t != s), Fraction(0))
        found[s] = (rest - others) / times.get(s, 1)
    return found


@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2, 2), (4, 3, 2), (3, 4, 5)]))
def test_items_as_a_facet_against_expected_mean_squares_in_fractions(seed, shape):
    values = np.random.default_rng(seed).integers(0, 40, shape) / 4
    found = components(cube(values))
    if found.reason == "constant":
        return
    for s, estimate in solved(values).items():
        row = found.table.loc[NAMES[s]]
        assert row["estimate"] == pytest.approx(float(estimate), abs=1e-10)
        assert row["variance"] == max(row["estimate"], 0) and row["low"] <= row["high"]
        assert row["negative"] == (estimate < 0) or abs(estimate) < 1e-10
    v = found.table["variance"]
    _, k, m = shape
    relative = v["unit:assessor"] / k + v["unit:item"] / m + v["residual"] / k / m
    absolute = relative + v["assessor"] / k + v["item"] / m + v["assessor:item"] / k / m
    if v["unit"]:
        assert found.relative == pytest.approx(v["unit"] / (v["unit"] + relative))
        assert found.absolute == pytest.approx(v["unit"] / (v["unit"] + absolute))
    assert found.intervals.isna().all().all() and found.n_items == m


def test_items_are_no_facet_with_weights_or_a_missing_mark():
    rng = np.random.default_rng(3)
    values = rng.integers(0, 40, (5, 3, 2)) / 4
    ratings = cube(values)
    weighted = components(ratings, weights={"i0": 3, "i1": 1})
    means = pd.DataFrame((3 * values[:, :, 0] + values[:, :, 1]) / 4)
    same(weighted, components(means))
    holed = components(ratings.iloc[1:])
    means = pd.DataFrame(values.mean(axis=2))
    means.iloc[0, 0] = nan
    same(holed, components(means))
    assert holed.n_items == 1 and "a0 of u0" in holed.note.en and holed.method == "henderson3"


def projection(x):
    return x @ np.linalg.pinv(x)


@pytest.mark.parametrize("seed", range(6))
def test_missing_marks_against_projections(seed):
    """Henderson's method 3 with projection matrices: the quadratic forms that remain of units after
    assessors and of assessors after units, their expectations as traces, solved for."""
    rng = np.random.default_rng(seed)
    n, k = 7, 4
    there = rng.random((n, k)) < 0.6
    there[np.arange(n), rng.integers(0, k, n)] = True
    there[rng.integers(0, n, k), np.arange(k)] = True
    values = np.where(there, panel(rng, n, k, 5, 3, 2), nan)
    rows, columns = np.nonzero(there)
    y, zu, za = values[there], np.eye(n)[rows], np.eye(k)[columns]
    both = projection(np.hstack([zu, za]))
    forms = [both - projection(za), both - projection(zu), np.eye(len(y)) - both]
    spreads = [zu @ zu.T, za @ za.T, np.eye(len(y))]
    traces = [[np.trace(q @ v) for v in spreads] for q in forms]
    expected = np.linalg.solve(traces, [y @ q @ y for q in forms])
    found = components(pd.DataFrame(values))
    assert found.method == "henderson3"
    np.testing.assert_allclose(found.table["estimate"], expected, atol=1e-8)
    df = [np.linalg.matrix_rank(q) for q in forms]
    assert found.table["df"].tolist() == df
    assert found.assessors == pytest.approx(n / (1 / there.sum(axis=1)).sum())


def test_one_missing_mark_among_many_changes_little():
    rng = np.random.default_rng(0)
    values = panel(rng, 40, 8, 5, 2, 3)
    before = components(pd.DataFrame(values)).table
    values[3, 3] = nan
    after = components(pd.DataFrame(values)).table
    np.testing.assert_allclose(after["estimate"], before["estimate"], rtol=0.03)
    np.testing.assert_allclose(after["high"], before["high"], rtol=0.05)


def test_ends_of_the_ratio_in_a_complete_design():
    """(F/F_p − 1)/k, the textbook's interval."""
    values = SHROUT_FLEISS.to_numpy(float)
    ms = components(SHROUT_FLEISS).table["ms"]
    f = ms["unit"] / ms["residual"]
    low, high = ((f / stats.f.ppf(p, 5, 15) - 1) / 4 for p in (0.975, 0.025))
    assert ratio_interval(values, 0.95) == pytest.approx((low, high), abs=1e-8)


def test_the_residual_s_interval_is_that_of_chi_squared():
    row = components(SHROUT_FLEISS, confidence=0.9).table.loc["residual"]
    low, high = (15 * row["ms"] / stats.chi2.ppf(p, 15) for p in (0.95, 0.05))
    assert (row["low"], row["high"]) == pytest.approx((low, high))


def simulated(rng, holes):
    """A panel of 12 units × 5 assessors, with a fifth of its marks missing or with none."""
    values = panel(rng, 12, 5, 4, 2, 3)
    if holes:
        gone = rng.random(values.shape) < 0.2
        gone[np.arange(12), rng.integers(0, 5, 12)] = False
        values[gone] = nan
    return values


TRUTH = {"unit": 16.0, "assessor": 4.0, "residual": 9.0}


@pytest.mark.parametrize("holes", [False, True], ids=["complete", "missing"])
@pytest.mark.parametrize(
    "panels", [200, pytest.param(5_000, marks=pytest.mark.soak)], ids=["quick", "soak"]
)
def test_estimates_are_right_on_average_and_intervals_as_often_as_they_say(panels, holes):
    """Means within four standard errors of what the panels were drawn with; 95% intervals of the
    components, of Eρ² for one assessor and of Φ."""
    rng = np.random.default_rng(21)
    inside = dict.fromkeys([*TRUTH, "relative", "absolute"], 0)
    estimates = []
    for _ in range(panels):
        found = components(pd.DataFrame(simulated(rng, holes)))
        estimates.append(found.table["estimate"])
        for name, variance in TRUTH.items():
            low, high = found.table.loc[name, ["low", "high"]]
            inside[name] += low <= variance <= high
        one = found.decision([1]).loc[1]
        inside["relative"] += one["low"] <= 16 / 25 <= one["high"]
        low, high = found.intervals.loc["absolute"]
        inside["absolute"] += low <= 16 / (16 + 13 / 5) <= high
    if holes:
        assert inside.pop("absolute") == 0  # there is no such interval
    least = 0.95 - 3 * np.sqrt(0.95 * 0.05 / panels)
    assert {name: n / panels for name, n in inside.items() if n / panels < least} == {}
    error = np.std(estimates, axis=0) / np.sqrt(panels)
    assert (np.abs(np.mean(estimates, axis=0) - list(TRUTH.values())) < 4 * error).all()


def drawn_cube(rng, sizes, sd):
    """A cube of independent normal effects, `sd` by axes."""
    values = np.full(sizes, 70.0)
    for s, size in sd.items():
        shape = [sizes[a] if a in s else 1 for a in range(3)]
        values = values + size * rng.standard_normal(shape)
    return values


@pytest.mark.parametrize(
    "panels", [200, pytest.param(5_000, marks=pytest.mark.soak)], ids=["quick", "soak"]
)
def test_intervals_with_items_hold_the_truth_as_often_as_they_say(panels):
    rng = np.random.default_rng(22)
    sd = {(0,): 4, (1,): 2, (2,): 3, (0, 1): 2, (0, 2): 2, (1, 2): 1, (0, 1, 2): 3}
    inside = dict.fromkeys(sd, 0)
    for _ in range(panels):
        found = components(cube(drawn_cube(rng, (10, 4, 5), sd))).table
        for s, size in sd.items():
            low, high = found.loc[NAMES[s], ["low", "high"]]
            inside[s] += low <= size**2 <= high
    least = 0.95 - 3 * np.sqrt(0.95 * 0.05 / panels)
    assert {NAMES[s]: n / panels for s, n in inside.items() if n / panels < least} == {}


def study(**variances):
    """A result with these variances and three items, if there are any."""
    table = pd.DataFrame({"variance": variances})
    items = 3 if "item" in variances else 1
    empty = pd.DataFrame()
    return Components(table, "anova", nan, nan, empty, 9, 4, items, 4.0, 0.95, "")


@given(
    st.lists(st.integers(0, 20), min_size=7, max_size=7),
    st.integers(1, 19),
    st.sampled_from(["absolute", "relative"]),
    st.booleans(),
)
def test_the_number_of_assessors_is_the_least_that_does(sizes, twentieths, kind, items):
    names = list(NAMES.values()) if items else ["unit", "assessor", "residual"]
    v = {name: Fraction(x, 2) for name, x in zip(names, sizes, strict=False)}
    found = study(**{name: float(x) for name, x in v.items()})
    wanted = Fraction(twentieths, 20)

    def coefficient(n):
        n, m = Fraction(n), Fraction(3)
        error = v.get("unit:assessor", 0) / n + v.get("unit:item", 0) / m
        error += v["residual"] / n / (m if items else 1)
        if kind == "absolute":
            error += v["assessor"] / n + v.get("item", 0) / m + v.get("assessor:item", 0) / n / m
        return v["unit"] / (v["unit"] + error) if v["unit"] + error else Fraction(0)

    number = found.needed(float(wanted), kind)
    if number is None:
        reason = "no_unit" if not v["unit"] else "items"
        assert found.obstacle(float(wanted), kind) == reason
        assert coefficient(10**9) < wanted
    else:
        assert found.obstacle(float(wanted), kind) == ""
        assert coefficient(number) >= wanted
        assert number == 1 or coefficient(number - 1) < wanted


def test_the_decision_table_by_hand():
    """Variances 4, 1, 2: with two assessors Eρ² = 4/(4 + 1), Φ = 4/(4 + 1.5)."""
    found = study(unit=4.0, assessor=1.0, residual=2.0).decision([2, 8])
    assert found.loc[2, ["relative", "absolute"]].tolist() == [0.8, pytest.approx(8 / 11)]
    assert found.loc[2, ["relative_se", "absolute_se"]].tolist() == [1, pytest.approx(1.5**0.5)]
    assert found.loc[8, "absolute"] == pytest.approx(4 / (4 + 3 / 8))
    assert list(study(unit=4.0, assessor=1.0, residual=2.0).decision().index) == [*range(1, 21)]


def test_more_assessors_do_not_help_where_few_items_differ():
    found = study(**{"unit": 4.0, "assessor": 1.0, "item": 0.0, "unit:assessor": 0.0,
                     "unit:item": 6.0, "assessor:item": 0.0, "residual": 1.0})  # fmt: skip
    assert found.needed(0.7) is None and found.obstacle(0.7) == "items"
    assert found.needed(0.6) is not None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[1, 2, 3]], "few_units"),
        ([[1], [2]], "one_assessor"),
        ([[1, nan], [nan, 2]], "no_residual"),
        ([[1, nan], [3, 2]], "no_residual"),
        ([[1, nan, nan], [nan, 2, nan], [nan, nan, 3]], "no_residual"),
    ],
)
def test_where_nothing_can_be_estimated_there_is_a_reason(values, reason):
    found = components(pd.DataFrame(values))
    assert found.reason == reason and found.table["variance"].isna().all()
    assert found.needed() is None and found.obstacle() == "unknown"
    assert np.isnan(found.relative) and found.decision([3])["absolute"].isna().all()
    assert found._repr_html_()


def test_panels_without_noise():
    same = components(pd.DataFrame([[0.1, 0.1], [0.1, 0.1]]))
    assert same.reason == "constant" and same.table["variance"].tolist() == [0, 0, 0]
    assert np.isnan(same.relative) and same.obstacle() == "no_unit"
    exact = components(pd.DataFrame([[1.1, 2.1], [2.1, 3.1], [5.1, 6.1]]))
    assert exact.table["variance"].tolist() == pytest.approx([13 / 3, 0.5, 0])
    assert exact.relative == 1 and exact.intervals.loc["relative"].tolist() == [1, 1]
    alike = components(pd.DataFrame([[1, 2], [1, 2], [1, 2]]))
    assert alike.table["variance"].tolist() == [0, 0.5, 0] and alike.obstacle() == "no_unit"
    holed = components(pd.DataFrame([[1.0, 2, nan], [2, 3, 4], [5, 6, 7]]))
    assert holed.table["variance"]["residual"] == 0 and holed.relative == 1


@given(st.integers(0, 2**32 - 1))
def test_order_names_and_shift_change_nothing(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 40, (4, 3, 2)) / 4
    ratings = cube(values)
    found = components(ratings)
    mixed = components(ratings.sample(frac=1, random_state=int(rng.integers(2**31))))
    pd.testing.assert_frame_equal(mixed.table, found.table)
    raised = components(ratings.assign(score=ratings["score"] + 30))
    pd.testing.assert_frame_equal(raised.table, found.table)
    wide = pd.DataFrame(np.where(rng.random((6, 4)) < 0.8, rng.integers(0, 40, (6, 4)), nan))
    wide = wide.fillna({0: 20.0})
    found = components(wide)
    mixed = components(wide.iloc[rng.permutation(6), rng.permutation(4)] + 7)
    same(mixed, found)


def test_arguments_are_checked():
    found = components(SHROUT_FLEISS)
    for call in (
        lambda: components(SHROUT_FLEISS, confidence=95),
        lambda: found.needed(1.0),
        lambda: found.needed(0.8, "total"),
        lambda: found.decision([0]),
    ):
        with pytest.raises(InputError):
            call()
