"""Agreement against published tables (Shrout & Fleiss 1979, Krippendorff 2011), other programs
(pingouin, krippendorff, scipy) and fractions."""

import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from qtoolkit.errors import InputError
from qtoolkit.panel import reliability
from qtoolkit.panel.reliability import alpha_of, icc_of, mean_ranks
from tests.panel.data import KRIPPENDORFF, SHROUT_FLEISS, long, panel

MORE = pd.DataFrame(
    [
        [71, 74, 70, 69, 73],
        [88, 84, 90, 85, 86],
        [62, 70, 66, 64, 61],
        [75, 79, 72, 80, 78],
        [90, 85, 88, 91, 84],
        [68, 66, 71, 70, 72],
        [81, 77, 80, 76, 83.5],
    ]
)
nan = np.nan
HOLES = np.array(
    [
        [71, nan, 70, 69, 73],
        [88, 84, 90, 85, 86],
        [62, 70, 66, 64, 61],
        [75, nan, nan, nan, nan],
        [90, 85, 88, 91, 84],
        [66, 66, 71, 70, 66],
        [81, 77, 80, 76, 83.5],
    ]
)


def test_icc_as_shrout_and_fleiss_print_them():
    found = reliability(SHROUT_FLEISS)
    assert found.icc["value"].to_dict() == {
        "ICC1": pytest.approx(0.17, abs=0.005),
        "ICC2": pytest.approx(0.29, abs=0.005),
        "ICC3": pytest.approx(0.71, abs=0.005),
        "ICC1k": pytest.approx(0.44, abs=0.005),
        "ICC2k": pytest.approx(0.62, abs=0.005),
        "ICC3k": pytest.approx(0.91, abs=0.005),
    }
    assert (found.n_units, found.n_assessors, found.left_out, found.reason) == (6, 4, (), "")


def test_intervals_of_icc_as_psych_prints_them():
    """R's psych::ICC(sf), its help page; pingouin 0.7.0 gives the same to two decimals."""
    found = reliability(SHROUT_FLEISS).icc
    printed = {
        "ICC1": (-0.13, 0.72),
        "ICC2": (0.019, 0.76),
        "ICC3": (0.34, 0.95),
        "ICC1k": (-0.88, 0.91),
        "ICC2k": (0.071, 0.93),
        "ICC3k": (0.68, 0.99),
    }
    for form, ends in printed.items():
        assert found.loc[form, ["low", "high"]].tolist() == pytest.approx(ends, abs=0.0055)


def test_icc_of_other_ratings_against_another_program():
    """pingouin 0.7.0, intraclass_corr, whose intervals have two decimals."""
    found = reliability(MORE).icc
    values = [0.8990529500229354, 0.8987212723194775, 0.8841954434732764]
    values += [0.978036902047236, 0.9779583763875065, 0.9744742942688757]
    assert found["value"].tolist() == pytest.approx(values, abs=1e-12)
    f = [45.530917457578106, 39.17619401138309, 39.17619401138309]
    assert found["F"].tolist() == pytest.approx(2 * f, abs=1e-11)
    assert found["df2"].tolist() == 2 * [28, 24, 24] and (found["df1"] == 6).all()
    low, high = [0.75, 0.74, 0.71, 0.94, 0.93, 0.92], [0.98, 0.98, 0.98, 1, 1, 1]
    assert found["low"].tolist() == pytest.approx(low, abs=0.0051)
    assert found["high"].tolist() == pytest.approx(high, abs=0.0051)


def test_ends_of_intervals_are_where_the_f_test_turns():
    """ICC1 and ICC3 by definition: at the end of an interval the ratio of mean squares has a
    chance of 2.5% beyond it."""
    k = 4
    found = reliability(SHROUT_FLEISS).icc
    for form in ("ICC1", "ICC3"):
        f, df1, df2 = found.loc[form, ["F", "df1", "df2"]]
        for end, beyond in (("low", stats.f.sf), ("high", stats.f.cdf)):
            rho = found.loc[form, end]
            ratio = 1 + k * rho / (1 - rho)  # of the expected mean squares
            assert beyond(f / ratio, df1, df2) == pytest.approx(0.025, abs=1e-9)


def test_units_that_not_all_marked_are_left_out_of_icc():
    found = reliability(pd.DataFrame(HOLES, index=list("abcdefg")))
    assert found.left_out == ("a", "d") and found.n_units == 5
    pd.testing.assert_frame_equal(found.icc, reliability(pd.DataFrame(HOLES[[1, 2, 4, 5, 6]])).icc)


@pytest.mark.parametrize(
    ("level", "printed"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_as_krippendorff_prints_it(level, printed):
    assert reliability(KRIPPENDORFF).alpha[level] == pytest.approx(printed, abs=5e-4)


def test_alpha_with_blanks_against_another_program():
    """krippendorff 0.9.0, alpha, of the same table."""
    assert reliability(pd.DataFrame(HOLES)).alpha.to_dict() == {
        "nominal": pytest.approx(0.017857142857142905, abs=1e-12),
        "ordinal": pytest.approx(0.8774287689117579, abs=1e-12),
        "interval": pytest.approx(0.9142246601308066, abs=1e-12),
        "ratio": pytest.approx(0.9103704506665313, abs=1e-12),
    }


def alpha_by_coincidences(rows, level):
    """Krippendorff (2011), by the matrix of coincidences in fractions; None where undefined."""
    rows = [[Fraction(x) for x in row if x is not None] for row in rows]
    seen = {}
    for row in rows:
        for a, b in itertools.permutations(range(len(row)), 2):
            pair = (row[a], row[b])
            seen[pair] = seen.get(pair, 0) + Fraction(1, len(row) - 1)
    values = sorted({c for c, _ in seen})
    margin = {c: sum(seen.get((c, k), 0) for k in values) for c in values}

    def apart(c, k):
        if level == "nominal":
            return int(c != k)
        if level == "interval":
            return (c - k) ** 2
        if level == "ratio":
            return ((c - k) / (c + k)) ** 2 if c + k else Fraction(0)
        low, high = min(c, k), max(c, k)
        between = sum(margin[g] for g in values if low <= g <= high)
        return (between - (margin[c] + margin[k]) / 2) ** 2

    n = sum(margin.values())
    observed = sum(o * apart(c, k) for (c, k), o in seen.items())
    expected = sum(margin[c] * margin[k] * apart(c, k) for c in values for k in values)
    return 1 - (n - 1) * observed / expected if expected else None


SOME_ROWS = st.integers(2, 4).flatmap(
    lambda k: st.lists(
        st.lists(st.none() | st.integers(0, 5), min_size=k, max_size=k), min_size=1, max_size=6
    )
)


@given(SOME_ROWS, st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_alpha_against_the_matrix_of_coincidences(rows, level):
    found = alpha_of(np.array(rows, dtype=float), level)
    expected = alpha_by_coincidences(rows, level)
    assert np.isnan(found) if expected is None else found == pytest.approx(float(expected))


def test_alpha_where_it_is_undefined():
    assert np.isnan(alpha_of(np.array([[1.0, 1], [1, 1]])))
    assert np.isnan(alpha_of(np.array([[1.0, nan], [nan, 2]])))
    assert np.isnan(alpha_of(np.array([[-1.0, 1], [2, 2]]), "ratio"))
    assert alpha_of(np.array([[0.0, 0], [0, 2]]), "ratio") < 1


def test_the_interval_of_alpha_is_that_of_units_drawn_anew():
    found = reliability(MORE, bootstrap=200, seed=3)
    rng = np.random.default_rng(3)
    values = MORE.to_numpy()
    drawn = [alpha_of(values[rng.integers(0, 7, 7)]) for _ in range(200)]
    assert found.alpha_interval.tolist() == np.nanquantile(drawn, [0.025, 0.975]).tolist()
    assert found.alpha_interval["low"] < found.alpha["interval"] < found.alpha_interval["high"]
    pd.testing.assert_series_equal(
        found.alpha_interval, reliability(MORE, bootstrap=200, seed=3).alpha_interval
    )
    assert reliability(MORE).alpha_interval is None


def test_kendall_s_w_as_siegel_works_it():
    """Siegel (1956), Nonparametric Statistics, chapter 9: three executives rank six applicants,
    sums of ranks 8 14 11 11 11 8, s = 25.5, W = 12 · 25.5/(9 · 210) = .16."""
    ranks = np.array([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]])
    found = reliability(pd.DataFrame(ranks.T))
    w = Fraction(12) * Fraction(51, 2) / (9 * 210)
    assert found.concordance["W"] == pytest.approx(float(w)) == pytest.approx(0.16, abs=0.005)
    assert found.concordance["chi2"] == pytest.approx(float(15 * w))
    assert found.concordance["df"] == 5 and found.rough


def kendall(rows):
    """W with ties in fractions; rows are units."""
    n, k = len(rows), len(rows[0])
    sums, ties = [Fraction(0)] * n, 0
    for column in zip(*rows, strict=True):
        for i, x in enumerate(column):
            same = column.count(x)
            sums[i] += sum(y < x for y in column) + Fraction(same + 1, 2)
            ties += same**2 - 1
    spread = sum((r - Fraction(k * (n + 1), 2)) ** 2 for r in sums)
    most = k**2 * (n**3 - n) - k * ties
    return 12 * spread / most if most else None


@given(
    st.integers(2, 4).flatmap(
        lambda k: st.lists(st.tuples(*[st.integers(0, 4)] * k), min_size=3, max_size=8)
    )
)
def test_kendall_s_w_against_fractions_and_friedman(rows):
    found, expected = reliability(pd.DataFrame(rows)).concordance, kendall(rows)
    if expected is None:
        assert found.isna().all()
        return
    assert found["W"] == pytest.approx(float(expected))
    if len(rows[0]) > 2:  # what scipy asks for is judges as blocks, units as treatments
        chi2, p = stats.friedmanchisquare(*np.array(rows))
        assert found["chi2"] == pytest.approx(chi2, abs=1e-9)
        assert found["p"] == pytest.approx(p, abs=1e-9)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=9))
def test_mean_ranks_against_scipy(column):
    ranks, ties = mean_ranks(np.array(column, dtype=float)[:, None])
    assert ranks.ravel().tolist() == stats.rankdata([-x for x in column]).tolist()
    assert ties.ravel().tolist() == [column.count(x) for x in column]


def test_items_by_agreement():
    rng = np.random.default_rng(5)
    parts = []
    for item, residual in (("领导", 1.0), ("结果", 9.0), ("战略", 3.0)):
        values = panel(rng, 12, 4, 6.0, 1.0, residual).tolist()
        parts += [(u, a, item, x) for u, row in enumerate(values) for a, x in enumerate(row)]
    found = reliability(long(parts))
    assert found.items.index.tolist() == ["结果", "战略", "领导"]
    assert found.items["alpha"].is_monotonic_increasing
    one = long([row for row in parts if row[2] == "战略"])
    alone = reliability(one)
    assert alone.items is None
    assert found.items.loc["战略", "icc"] == alone.icc.loc["ICC2", "value"]
    assert found.items.loc["战略", "alpha"] == alone.alpha["interval"]
    assert found.items.loc["战略", "mean"] == pytest.approx(one["score"].mean())
    assert found.items.loc["战略", "sd"] == pytest.approx(one["score"].std())


@given(st.integers(0, 2**32 - 1))
def test_order_names_shift_and_scale_change_nothing(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 40, (5, 3)) / 4
    assume(len(np.unique(values)) > 1)
    found = reliability(pd.DataFrame(values))
    mixed = values[rng.permutation(5)][:, rng.permutation(3)]
    for other in (mixed, values + 50, values * 2):
        again = reliability(pd.DataFrame(other))
        pd.testing.assert_frame_equal(found.icc, again.icc)
        pd.testing.assert_series_equal(found.concordance, again.concordance)
        same = ["nominal", "ordinal", "interval"]
        pd.testing.assert_series_equal(found.alpha[same], again.alpha[same])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[1, 2, 3]], "few_units"),
        ([[1], [2]], "one_assessor"),
        ([[0.1, 0.1], [0.1, 0.1]], "constant"),
        ([[1, nan], [nan, 2], [3, 4]], "few_units"),
    ],
)
def test_where_there_is_nothing_to_compare_there_is_a_reason(values, reason):
    found = reliability(pd.DataFrame(values))
    assert found.reason == reason
    assert found.icc["value"].isna().all() and np.isnan(found.concordance["W"])
    assert "ICC3k" in found._repr_html_() and found.card().kind


def test_ratings_without_noise():
    """Perfect agreement is 1; assessors who differ by a constant agree in order only."""
    same = icc_of(np.array([[1.0, 1], [2, 2], [5, 5]]))
    assert (same[["value", "low", "high"]] == 1).all().all()
    apart = icc_of(np.array([[1.1, 2.1], [2.1, 3.1], [5.1, 6.1]]))
    assert (apart.loc[["ICC3", "ICC3k"], ["value", "low", "high"]] == 1).all().all()
    # MS of units 26/3, of assessors 3/2 by hand: ICC2 = (26/3)/(26/3 + 2 · 3/2 / 3)
    assert apart.loc["ICC2", "value"] == pytest.approx(26 / 29)
    assert apart.loc["ICC2", "low"] < 26 / 29 < apart.loc["ICC2", "high"] <= 1
    useless = icc_of(np.array([[1.0, 2], [1, 2], [1, 2]]))
    assert useless.loc["ICC2", "value"] == 0 and np.isnan(useless.loc["ICC3", "value"])


def test_units_that_differ_by_nothing_but_noise():
    """BMS = JMS = 0, WMS = 1/2, EMS = 1: ICC1 = ICC3 = −1; what divides by BMS is −∞, and so
    is ICC2, which divides by BMS + EMS + 2 (JMS − EMS)/2; ICC2k is not defined then."""
    found = icc_of(np.array([[1.0, 2], [2, 1]]))["value"]
    assert found.to_dict() == {
        "ICC1": -1,
        "ICC2": -np.inf,
        "ICC3": -1,
        "ICC1k": -np.inf,
        "ICC2k": pytest.approx(np.nan, nan_ok=True),
        "ICC3k": -np.inf,
    }


def covered(panels):
    """The share of simulated panels whose 95% intervals hold ICC2 and ICC3."""
    rng = np.random.default_rng(11)
    unit, assessor, residual = 5.0, 2.0, 4.0
    truth = {
        "ICC2": unit**2 / (unit**2 + assessor**2 + residual**2),
        "ICC3": unit**2 / (unit**2 + residual**2),
    }
    inside = dict.fromkeys(truth, 0)
    for _ in range(panels):
        found = icc_of(panel(rng, 15, 5, unit, assessor, residual))
        for form, rho in truth.items():
            inside[form] += found.loc[form, "low"] <= rho <= found.loc[form, "high"]
    return {form: count / panels for form, count in inside.items()}


@pytest.mark.parametrize(
    "panels", [300, pytest.param(10_000, marks=pytest.mark.soak)], ids=["quick", "soak"]
)
def test_intervals_hold_the_truth_as_often_as_they_say(panels):
    error = 3 * np.sqrt(0.95 * 0.05 / panels)
    for share in covered(panels).values():
        assert share >= 0.95 - error


def test_arguments_are_checked():
    for wrong in ({"level": "metric"}, {"confidence": 1.0}, {"confidence": 0}, {"bootstrap": -1}):
        with pytest.raises(InputError):
            reliability(MORE, **wrong)
