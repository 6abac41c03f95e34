"""Weights from judgements, against published numbers (sources at each) and a general optimiser."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from qtoolkit import weighting
from qtoolkit.errors import InputError

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
