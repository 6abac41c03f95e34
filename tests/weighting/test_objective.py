"""Weights against published numbers (sources at each), against each other, and on columns that are
constant or negative."""

import itertools
from decimal import Decimal, localcontext

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

import qtoolkit as qt
from qtoolkit import weighting
from qtoolkit.errors import InputError
from tests.test_tai import COUNTRIES, LEAVES

DRINKS = ["coffee", "wine", "tea", "beer", "sodas", "milk", "water"]
SAATY = [
    [1, 9, 5, 2, 1, 1, 1 / 2],
    [1 / 9, 1, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9],
    [1 / 5, 3, 1, 1 / 3, 1 / 4, 1 / 3, 1 / 9],
    [1 / 2, 9, 3, 1, 1 / 2, 1, 1 / 3],
    [1, 9, 4, 2, 1, 2, 1 / 2],
    [1, 9, 3, 1, 1 / 2, 1, 1 / 3],
    [2, 9, 9, 3, 2, 3, 1],
]


def drinks(rows=SAATY):
    return pd.DataFrame(rows, DRINKS, DRINKS)


def table(rows):
    return pd.DataFrame(
        rows, [f"u{k}" for k in range(len(rows))], [f"c{j + 1}" for j in range(len(rows[0]))]
    )


def tai():
    return pd.DataFrame({country: row[0] for country, row in COUNTRIES.items()}, LEAVES).T


def test_saaty_s_drinks():
    """Saaty (2008), Int. J. Services Sciences 1(1): weights, λ 7.1766, CR .022 with RI 1.32."""
    found = weighting.ahp(drinks())
    assert found.weights.to_numpy() == pytest.approx(
        [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327], abs=5e-4
    )
    assert found.detail["lambda_max"] == pytest.approx(7.1766, abs=5e-5) and found.detail[
        "cr"
    ] == pytest.approx(0.022, abs=5e-4)
    assert found.notes == () and found.detail["ri"] == 1.32


def test_the_judgement_that_hurts_is_named_and_experts_are_averaged():
    rows = [[1, 2, 9], [1 / 2, 1, 2], [1 / 9, 1 / 2, 1]]
    ids = ["a", "b", "c"]
    good = pd.DataFrame([[1, 2, 4], [0.5, 1, 2], [0.25, 0.5, 1]], ids, ids)
    assert weighting.ahp(good).weights.tolist() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    bad = pd.DataFrame([[1, 2, 1 / 9], [0.5, 1, 2], [9, 0.5, 1]], ids, ids)
    found = weighting.ahp(bad)
    # the first of three
    assert found.detail["cr"] > 0.1 and found.detail["worst"][:2] == ("a", "b")
    both = weighting.ahp(
        {"甲": good, "乙": pd.DataFrame(rows, ids, ids).loc[["c", "a", "b"], ["c", "a", "b"]]}
    )
    assert both.detail["matrix"].loc["a", "c"] == pytest.approx(6.0)  # √(4 · 9)


def test_of_three_indicators_every_judgement_is_equally_guilty_and_all_are_named():
    """w_i ∝ (a_ij a_ik)^⅓ where d = 3, so that a_ij w_j / w_i = (a_ij a_jk a_ki)^⅓ for every pair:
    all hurt alike."""
    rng = np.random.default_rng(8)
    for _ in range(50):
        ab, ac, bc = np.exp(rng.uniform(-2.2, 2.2, 3))
        ids = list(rng.permutation(["a", "b", "c"]))
        found = weighting.ahp(
            pd.DataFrame([[1, ab, ac], [np.nan, 1, bc], [np.nan, np.nan, 1]], ids, ids)
        )
        pairs = [judgement[:2] for judgement in found.detail["worst_all"]]
        assert pairs == [(ids[0], ids[1]), (ids[0], ids[2]), (ids[1], ids[2])]
        assert found.detail["worst"] == found.detail["worst_all"][0]
        factor = abs(np.log(ab * bc / ac)) / 3
        for _, _, stated, implied in found.detail["worst_all"]:
            assert abs(np.log(stated / implied)) == pytest.approx(factor)
        if found.detail["cr"] > 0.1:
            assert all(f"“{row}” over “{column}”" in found.notes[0].en for row, column in pairs)
            assert all(f"“{row}”对“{column}”" in found.notes[0].zh for row, column in pairs)


def test_one_judgement_that_contradicts_the_others_is_named_alone():
    """Four indicators of weights 8 : 4 : 2 : 1, but for the first over the last, 1/8 in the place
    of 8."""
    w, ids = np.array([8.0, 4, 2, 1]), list("abcd")
    rows = w[:, None] / w
    rows[0, 3], rows[3, 0] = 1 / 8, 8
    found = weighting.ahp(pd.DataFrame(rows, ids, ids))
    ((row, column, given, implied),) = found.detail["worst_all"]
    assert (row, column, given) == ("a", "d", pytest.approx(1 / 8)) and implied > 1 / 8
    assert found.notes[0].en.count(" over ") == 1 and "“a”对“d”" in found.notes[0].zh


def test_remainders_that_tie_but_for_their_last_bits_go_to_the_first():
    """Equal weights, each summed in an order of its own."""
    parts = [0.1, 0.2, 0.3, 0.7]
    weights = {f"x{k}": sum(order) for k, order in enumerate(itertools.permutations(parts))}
    assert len(set(weights.values())) > 1
    points = weighting.to_points(weights, 100, 1).points
    assert points.tolist() == [5.0] * 4 + [4.0] * 20  # 100 = 24 · 4 + 4


def test_components_that_are_not_determined_give_no_weights():
    """A 2³ design: its indicators do not correlate, all eigenvalues are 1, and any direction is as
    good."""
    design = pd.DataFrame(list(itertools.product([0.2, 0.8], repeat=3)), columns=list("abc"))
    with pytest.raises(InputError, match="equal"):
        weighting.pca(design)
    with pytest.raises(InputError, match="equal"):
        weighting.factor(design, 2)
    found = weighting.factor(design)  # all three are kept, as none of the equal ones can be left
    assert found.weights.tolist() == pytest.approx([1 / 3] * 3) and sorted(
        found.detail["factor"]
    ) == [1, 2, 3]
    assert (found.detail["loadings"].sum() > 0).all()


def test_an_incomplete_matrix_that_is_consistent_is_filled_exactly():
    """Harker (1987): with consistent judgements any connected set of them gives the weights."""
    w = np.array([0.4, 0.3, 0.2, 0.1])
    full = w[:, None] / w
    ids = list("abcd")
    blank = pd.DataFrame(full, ids, ids).mask(np.eye(4)[[1, 0, 3, 2]].astype(bool))
    blank.iloc[2, 0] = np.nan  # one of a pair is enough
    found = weighting.ahp(blank)
    assert (
        found.weights.tolist() == pytest.approx(w)
        and np.isnan(found.detail["cr"])
        and len(found.notes) == 1
    )
    apart = pd.DataFrame(full, ids, ids).mask(
        np.array([[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]], bool)
    )
    with pytest.raises(InputError, match="c"):
        weighting.ahp(apart)


@pytest.mark.parametrize(
    "change", [(0, 1, 0), (0, 1, -2), (0, 1, "x"), (1, 0, 3.0), (0, 1, np.inf)]
)
def test_a_matrix_that_is_none_is_refused(change):
    i, j, value = change
    rows = drinks().astype(object)
    rows.iloc[i, j] = value
    with pytest.raises(InputError, match="coffee"):
        weighting.ahp(rows)


def test_rezaei_s_best_worst_method():
    """Rezaei (2015), Omega 53, section 4: (8, 2, 1), (1, 5, 8) → .0714 .3387 .5899, ξ .26."""
    found = weighting.best_worst(
        {"price": 8, "quality": 2, "service": 1}, {"price": 1, "quality": 5, "service": 8}
    )
    assert found.weights.tolist() == pytest.approx([0.0714, 0.3387, 0.5899], abs=1e-4)
    assert found.detail["xi"] == pytest.approx(0.258, abs=1e-3) and found.detail[
        "ratio"
    ] == pytest.approx(0.258 / 4.47, abs=1e-3)


def test_best_worst_against_a_general_optimiser():
    """min over w of the largest violation, by SLSQP from many starts; and a consistent case with ξ
    = 0."""
    best, worst = (
        pd.Series({"a": 1, "b": 3, "c": 4, "d": 7}),
        pd.Series({"a": 7, "b": 3, "c": 2, "d": 1}),
    )

    def largest(w):
        return max(
            [abs(w[0] / w[j] - best.iloc[j]) for j in range(4)]
            + [abs(w[j] / w[3] - worst.iloc[j]) for j in range(4)]
        )

    found = weighting.best_worst(best, worst)
    assert largest(found.weights.to_numpy()) == pytest.approx(found.detail["xi"], abs=1e-3)
    rng, least = np.random.default_rng(0), np.inf
    for _ in range(30):
        least = min(
            least,
            minimize(
                lambda w: largest(np.abs(w) / np.abs(w).sum() + 1e-6),
                rng.dirichlet(np.ones(4)),
                method="Nelder-Mead",
                options={"maxiter": 4000, "xatol": 1e-10},
            ).fun,
        )
    assert found.detail["xi"] <= least + 1e-3 and found.detail["xi"] == pytest.approx(
        least, abs=0.02
    )
    consistent = weighting.best_worst({"a": 1, "b": 2, "c": 4}, {"a": 4, "b": 2, "c": 1})
    assert consistent.detail["xi"] == pytest.approx(
        0, abs=1e-5
    ) and consistent.weights.tolist() == pytest.approx([4 / 7, 2 / 7, 1 / 7], abs=1e-5)
    for wrong in (
        ({"a": 1}, {"b": 1}),
        ({"a": 2, "b": 3}, {"a": 3, "b": 1}),
        ({"a": 1, "b": 10}, {"a": 9, "b": 1}),
    ):
        with pytest.raises(InputError):
            weighting.best_worst(*wrong)


def test_xu_s_entropy():
    """Xu (2004), EJOR 156(2): .463 .3992 .1378 .0 on a 4 × 4 table."""
    x = table([[30, 30, 38, 29], [19, 54, 86, 29], [19, 15, 85, 28.9], [68, 70, 60, 29]])
    assert weighting.entropy(x).weights.tolist() == pytest.approx(
        [0.463, 0.3992, 0.1378, 0.0], abs=5e-5
    )


def test_tus_and_aytac_s_critic_in_both_readings():
    """Tuş & Aytaç Adalı (2019), Opsearch 56(2): their weights treat the cost column as a
    benefit."""
    x = table(
        [
            [5000, 3, 3, 4, 3, 2],
            [680, 5, 3, 2, 2, 1],
            [2000, 3, 2, 3, 4, 3],
            [600, 4, 3, 1, 2, 2],
            [800, 2, 4, 3, 3, 4],
        ]
    )
    assert weighting.critic(x).weights.tolist() == pytest.approx(
        [0.157, 0.249, 0.168, 0.121, 0.154, 0.151], abs=5e-4
    )
    assert weighting.critic(x, ["c1"]).weights.tolist() == pytest.approx(
        [0.184, 0.213, 0.142, 0.158, 0.168, 0.134], abs=5e-4
    )


def test_the_handbook_s_factor_weights():
    """OECD/JRC Handbook (2008): eigenvalues of Table 7, rotated loadings of Table 9 (signs aside),
    weights of Table 18."""
    found = weighting.factor(tai(), 4)
    assert found.detail["eigenvalues"] == pytest.approx(
        [3.3, 1.7, 1.0, 0.9, 0.5, 0.3, 0.2, 0.1], abs=0.06
    )
    assert found.weights.tolist() == pytest.approx(
        [0.17, 0.15, 0.11, 0.07, 0.08, 0.12, 0.14, 0.16], abs=0.01
    )
    printed = np.array(
        [
            [0.07, 0.97, 0.06, 0.06],
            [0.13, 0.07, -0.07, 0.93],
            [0.79, -0.21, 0.21, 0.42],
            [-0.64, 0.56, -0.04, 0.36],
            [0.37, 0.17, 0.38, 0.68],
            [0.82, -0.04, 0.25, 0.35],
            [0.88, 0.23, -0.09, 0.09],
            [0.08, 0.04, 0.96, 0.04],
        ]
    )
    ours = found.detail["loadings"].to_numpy()
    assert (
        min(
            np.abs(np.abs(ours[:, list(order)]) - np.abs(printed)).max()
            for order in itertools.permutations(range(4))
        )
        < 0.02
    )


def test_the_first_component_is_refused_where_it_counts_against_an_indicator():
    with pytest.raises(InputError, match="exports"):
        weighting.pca(tai())
    x = tai().drop(columns="exports")
    found = weighting.pca(x)
    _, s, v = np.linalg.svd(((x - x.mean()) / x.std(ddof=1)).to_numpy(), full_matrices=False)
    assert found.weights.to_numpy() == pytest.approx(np.abs(v[0]) / np.abs(v[0]).sum())
    assert found.detail["explained"] == pytest.approx(s[0] ** 2 / (s**2).sum())


def test_benefit_of_the_doubt_against_a_plain_linear_program():
    rng = np.random.default_rng(4)
    x = table(rng.random((9, 3)) + 0.1)
    found = weighting.benefit_of_doubt(x, 0.1, 0.6)
    v = x.to_numpy()
    for k in range(9):
        bounds = [sign * (np.diag(v[k]) - end * v[k]) for sign, end in ((1, 0.6), (-1, 0.1))]
        lp = linprog(-v[k], A_ub=np.concatenate([v, *bounds]), b_ub=[1] * 9 + [0] * 6)
        assert found["score"].iloc[k] == pytest.approx(-lp.fun)
    shares = found.drop(columns="score")
    assert shares.sum(axis=1).tolist() == pytest.approx([1] * 9) and (
        (shares >= 0.1 - 1e-9) & (shares <= 0.6 + 1e-9)
    ).all(axis=None)
    assert (
        found["score"].max() == pytest.approx(1)
        and weighting.benefit_of_doubt(x * 0)["score"].tolist() == [0.0] * 9
    )
    with pytest.raises(InputError):
        weighting.benefit_of_doubt(x, 0.5)


def test_budgets_of_experts():
    x = pd.DataFrame({"a": [50, 60, 20, 30], "b": [50, 40, 80, 70]}, index=list("甲乙丙丁"))
    assert weighting.budget(x).weights.tolist() == pytest.approx([0.4, 0.6])
    assert weighting.budget(x, "trimmed").weights.tolist() == pytest.approx([0.4, 0.6])
    assert weighting.budget(x.iloc[:3], "median").weights.tolist() == pytest.approx([0.5, 0.5])
    for wrong, part in (
        (x.assign(a=[50, 61, 20, 30]), "乙"),
        (x.assign(a=[-1, 60, 20, 30]), "甲"),
        (x.assign(a=["x", 60, 20, 30]), "甲"),
    ):
        with pytest.raises(InputError, match=part):
            weighting.budget(wrong)
    for how in ("trimmed", "mode"):
        with pytest.raises(InputError):
            weighting.budget(x.iloc[:2], how)


def test_orders_of_importance():
    """The centroid is the mean of the cone's vertices (1/k, …, 1/k, 0, …)."""
    vertices = [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]]
    assert weighting.rank_order_centroid(["a", "b", "c"]).weights.tolist() == pytest.approx(
        np.mean(vertices, axis=0).tolist()
    )
    assert weighting.rank_sum(["b", "a"]).weights.to_dict() == pytest.approx(
        {"b": 2 / 3, "a": 1 / 3}
    )
    for wrong in ("ab", [], ["a", "a"]):
        with pytest.raises(InputError):
            weighting.rank_sum(wrong)


def test_combined_weights_are_aligned_by_name():
    s, o = pd.Series({"a": 0.6, "b": 0.3, "c": 0.1}), pd.Series({"c": 0.5, "b": 0.3, "a": 0.2})
    assert weighting.combine(s, o, theta=0.25).weights.to_dict() == pytest.approx(
        {"a": 0.3, "b": 0.3, "c": 0.4}
    )
    assert weighting.combine(s, o, "product").weights.to_dict() == pytest.approx(
        {"a": 12 / 26, "b": 9 / 26, "c": 5 / 26}
    )
    root = np.sqrt([0.12, 0.09, 0.05])
    assert weighting.combine(s, o, "entropy").weights.tolist() == pytest.approx(
        (root / root.sum()).tolist()
    )
    game = weighting.combine(s, o, "game")
    w = np.stack([s, o[s.index]])
    alpha = np.linalg.solve(w @ w.T, np.diag(w @ w.T))
    assert game.weights.to_numpy() == pytest.approx(alpha @ w / (alpha @ w).sum())
    for wrong in (
        (s, o.drop("c")),
        (s, o * 2),
        (s, o, "mean"),
        (s, o, "additive", 2.0),
        (pd.Series({"a": 1.0, "b": 0.0}), pd.Series({"a": 0.0, "b": 1.0}), "product"),
    ):
        with pytest.raises(InputError):
            weighting.combine(*wrong)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-3),
    st.sampled_from([1, 0.5, 0.1]),
)
def test_whole_points_sum_exactly_and_lie_within_a_step(w, step):
    found = weighting.to_points({f"x{j}": v for j, v in enumerate(w)}, 100, step)
    assert (
        abs(sum(found.points) - 100) < 1e-9
        and (found.points >= 0).all()
        and found.error < step + 1e-9
    )
    tenths = found.points / step
    assert np.abs(tenths - np.rint(tenths)).max() < 1e-6
    scheme = qt.Scheme.flat(found.points.to_dict(), {"A": 90, "B": 0})
    assert scheme.total == pytest.approx(100)


def test_points_that_cannot_be_made_are_refused():
    for wrong in (
        ({"a": -1, "b": 2},),
        ({"a": np.nan},),
        ({"a": 1}, 100, 3),
        ({"a": 0},),
        ({"a": 1}, 100, 0),
        ({"a": 1}, 0.4, 1),
    ):
        with pytest.raises(InputError):
            weighting.to_points(*wrong)


METHODS = [
    weighting.entropy,
    weighting.critic,
    weighting.variation,
    weighting.deviation,
    weighting.pca,
    weighting.factor,
]


@pytest.mark.parametrize("method", METHODS)
def test_constant_missing_and_perfectly_correlated_columns(method):
    rng = np.random.default_rng(5)
    base = rng.random(20) + 1
    x = table(np.stack([base, base * 2, base + 0.3 * rng.random(20), np.full(20, 3.0)], axis=1))
    x.iloc[3, 1] = np.nan
    found = method(x)
    assert (
        found.weights["c4"] == 0
        and found.weights.sum() == pytest.approx(1)
        and (found.weights[:3] > 0).all()
    )
    assert any("c4" in note.en for note in found.notes) and any(
        "u3" in note.zh for note in found.notes
    )
    alike = method(table(np.stack([base, base, base], axis=1)))
    assert alike.weights.tolist() == pytest.approx([1 / 3] * 3)
    one = method(table(base[:, None]))
    assert one.weights.tolist() == [1.0]
    wide = (
        x.iloc[:4, :3]
        .ffill()
        .join(pd.DataFrame(rng.random((4, 5)) + base[:4, None], index=x.index[:4]).add_prefix("d"))
    )
    if method is not weighting.pca:
        assert method(wide).weights.sum() == pytest.approx(1)  # n < d


@pytest.mark.parametrize("method", METHODS)
def test_what_gives_no_weights_is_refused(method):
    x = table([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]])
    for wrong in (
        x * 0 + 1,
        x.iloc[:1],
        x.astype(object).replace(1.0, "x"),
        x.replace(1.0, np.inf),
        x.iloc[:, :0],
        pd.concat([x, x], axis=1),
        x.replace(1.0, np.nan),
    ):
        with pytest.raises(InputError):
            method(wrong)
    if method in (weighting.entropy, weighting.variation):
        with pytest.raises(InputError, match="c1"):
            method(x - np.array([5, 0]))


def test_what_is_no_table_of_numbers_is_refused():
    two, x = (
        pd.DataFrame([[1, 2], [0.5, 1]], list("ab"), list("ab")),
        pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, 1.0]}),
    )
    for wrong in (
        lambda: weighting.ahp([[1, 2], [0.5, 1]]),
        lambda: weighting.ahp({}),
        lambda: weighting.ahp(
            {"x": two, "y": two.set_axis(["a", "c"]).set_axis(["a", "c"], axis=1)}
        ),
        lambda: weighting.best_worst({"a": "x"}, {"a": 1}),
        lambda: weighting.best_worst([1], [1]),
        lambda: weighting.budget(pd.DataFrame()),
        lambda: weighting.budget({"a": [1]}),
        lambda: weighting.budget(pd.DataFrame({"a": [0.0]})),
        lambda: weighting.combine([1.0], [1.0]),
        lambda: weighting.to_points({"a": "x"}),
        lambda: weighting.to_points({}),
        lambda: weighting.benefit_of_doubt(x, 0.2),
        lambda: weighting.factor(x, 9),
    ):
        with pytest.raises(InputError):
            wrong()
    many = weighting.ahp(pd.DataFrame(np.ones((12, 12))))
    assert np.isnan(many.detail["cr"]) and "12" in many.notes[0].en
    assert weighting.combine({"a": 1.0}, {"a": 1.0}).weights.tolist() == [1.0]


def test_numbers_of_other_programs():
    """pymcdm 1.4.0 and scikit-criteria 0.10 on the same table, run once by hand: entropy, CRITIC,
    and the standard deviation of the min–max data (both take raw data as they are given it)."""
    x = table(
        [
            [8.2, 61, 3.1, 44],
            [7.9, 70, 2.2, 39],
            [9.4, 55, 4.0, 51],
            [6.8, 66, 3.6, 47],
            [8.8, 59, 2.9, 35],
            [7.1, 73, 3.3, 42],
        ]
    )
    assert weighting.entropy(x).weights.tolist() == pytest.approx(
        [0.18237, 0.138591, 0.467477, 0.211562], abs=1e-6
    )
    assert weighting.critic(x).weights.tolist() == pytest.approx(
        [0.284714, 0.359604, 0.177328, 0.178354], abs=1e-6
    )
    assert weighting.deviation(x).weights.tolist() == pytest.approx(
        [0.260406, 0.261219, 0.234897, 0.243478], abs=1e-6
    )


def exact_unlikeness(x):
    """1 − r of each pair in 60 decimal digits."""
    with localcontext(prec=60):
        columns = [[Decimal(float(value)) for value in x[name]] for name in x]
        columns = [[value - sum(column) / len(column) for value in column] for column in columns]
        lengths = [sum(value * value for value in column).sqrt() for column in columns]
        units = [
            [value / length for value in column]
            for column, length in zip(columns, lengths, strict=True)
        ]
        return np.array(
            [
                [float(1 - sum(a * b for a, b in zip(one, other, strict=True))) for other in units]
                for one in units
            ]
        )


@pytest.mark.parametrize("apart", [1e-2, 1e-3, 1e-4, 1e-5])
def test_what_little_columns_differ_by_is_right_to_the_last_digits(apart):
    """CRITIC of columns that all but agree, 1 − r from 1e-4 to 1e-10, against 60 decimal digits.

    Of columns that are the same the first gets a remainder, on any processor.
    """
    rng = np.random.default_rng(3)
    for _ in range(5):
        b = rng.permutation(np.linspace(0, 1, 6))  # from 0 to 1, so that min–max changes nothing
        near = [np.clip(b + apart * rng.random(6) * (b > 0) * (b < 1), 0, 1) for _ in range(2)]
        x = pd.DataFrame(np.column_stack([b, near[0], b, near[1], b]), columns=list("abcde"))
        found = weighting.critic(x)
        conflict = exact_unlikeness(x).sum(axis=1)
        assert found.detail["conflict"].to_numpy() == pytest.approx(conflict, rel=apart**-1 * 1e-14)
        weights = conflict * x.std(ddof=1).to_numpy()
        weights = weights / weights.sum()
        assert found.weights.to_numpy() == pytest.approx(weights, rel=apart**-1 * 1e-14)
        for step in (1, 0.5, 0.1):
            points = weighting.to_points(found, 100, step).points
            assert points["a"] >= points["c"] >= points["e"]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_factors_beyond_the_rank_are_refused(rank):
    """Six indicators made of one, two or three; numpy's rank of them is that."""
    rng = np.random.default_rng(rank)
    for scale in (1, 3, 0.1, 0.37, 11):
        x = pd.DataFrame(scale * rng.random((9, rank)) @ rng.random((rank, 6)) + np.arange(6))
        x = x.rename(columns=str)
        assert np.linalg.matrix_rank(np.corrcoef(x.T), tol=1e-10) == rank
        assert weighting.factor(x, rank).detail["loadings"].shape == (6, rank)
        assert weighting.factor(x).detail["loadings"].shape[1] <= rank
        for count in range(rank + 1, 7):
            with pytest.raises(InputError) as caught:
                weighting.factor(x, count)
            (zh,), (en,) = (caught.value.sentences(language) for language in ("zh", "en"))
            assert f"只有{rank}个" in zh and f"现为{count}个" in zh
            assert f"only {rank} eigenvalue" in en and f"found {count}" in en
