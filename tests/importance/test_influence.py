"""Importance against closed forms, other programs' formulas and published tables; tuning against a
grid gone through."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtoolkit as qt
from qtoolkit import importance
from qtoolkit.errors import InputError
from tests.cases.test_tai import LEAVES
from tests.robustness.lp import flat
from tests.strategies import scheme_of


def cloud(n=4000, correlation=0.0, seed=1):
    """Two uniform indicators with a given correlation of their normal scores."""
    z = np.random.default_rng(seed).multivariate_normal(
        [0, 0], [[1, correlation], [correlation, 1]], n
    )
    return stats.norm.cdf(z)


def test_independent_indicators_share_the_variance_by_points_and_spread():
    """S_j = p_j² σ_j² / Σ p² σ²: 60² : 30² : 10², the third with half the spread (so a quarter of
    its square)."""
    x = np.random.default_rng(2).random((6000, 3)) * [1, 1, 0.5]
    table = importance.effective(flat([60.0, 30.0, 10.0], x, 50), bootstrap=50)
    exact = np.array([3600, 900, 25]) / 4525
    assert table["linear"].to_numpy() == pytest.approx(exact, abs=0.03)
    assert table["nonlinear"].to_numpy() == pytest.approx(exact, abs=0.03)
    assert (
        table["own"].to_numpy() == pytest.approx(exact, abs=0.03)
        and table["correlated"].abs().max() < 0.02
    )
    assert table["nominal"].tolist() == [0.6, 0.3, 0.1]
    assert (table["linear_low"] <= table["linear"]).all() and (
        table["linear"] <= table["linear_high"]
    ).all()
    assert not table["few"].any() and table["share"].sum() == pytest.approx(1)


def test_plain_importance_is_the_squared_correlation_and_own_that_of_the_residual():
    x = cloud(300, 0.7)
    table = importance.effective(flat([50.0, 50.0], x, 50), bootstrap=20)
    s = x @ [50, 50]
    assert table["linear_plain"].tolist() == pytest.approx(
        [stats.pearsonr(x[:, j], s).statistic ** 2 for j in (0, 1)]
    )
    left = x[:, 0] - np.poly1d(np.polyfit(x[:, 1], x[:, 0], 1))(x[:, 1])
    assert table["own_plain"].iloc[0] == pytest.approx(stats.pearsonr(left, s).statistic ** 2)
    assert (table["correlated"] > 0.4).all() and (
        table["linear"] - table["own"] - table["correlated"]
    ).abs().max() < 1e-15
    negative = importance.effective(
        flat([70.0, 30.0], np.column_stack([x[:, 0], 1 - x[:, 1]]), 50), bootstrap=5
    )
    assert negative["correlated"].iloc[1] < 0 < negative["correlated"].iloc[0] + 1


def test_nonlinear_importance_sees_what_a_correlation_does_not():
    """s = x2 with x2 = 4(x1 − ½)²: x1 explains all of it and correlates with nothing of it."""
    x1 = np.linspace(0, 1, 201)
    table = importance.effective(
        flat([0.0, 100.0], np.column_stack([x1, 4 * (x1 - 0.5) ** 2]), 50), bootstrap=10
    )
    assert (
        table.loc["x0", "linear_plain"] == pytest.approx(0, abs=1e-9)
        and -0.01 < table.loc["x0", "linear"] < 0
    )
    # 4 degrees of freedom flatten the parabola's ends
    assert 0.9 < table.loc["x0", "nonlinear"] <= 1
    few = importance.effective(
        flat(
            [0.0, 100.0],
            np.column_stack([np.round(2 * x1) / 2, 4 * (np.round(2 * x1) / 2 - 0.5) ** 2]),
            50,
        ),
        bootstrap=5,
    )
    assert few.loc["x0", "nonlinear"] == pytest.approx(1)


WEIGHTS = np.array([50.0, 30.0, 20.0])


def sampled(n, samples):
    """Importance in samples of n units from a normal population, and the truth: S_j = (Σp)_j² /
    (σ_jj pᵀΣp), of which p_j² / (Σ⁻¹)_jj is the indicator's own; of 3 indicators, the last explains
    .033."""
    sigma = 0.0036 * np.array([[1, 0.3, -0.13], [0.3, 1, -0.05], [-0.13, -0.05, 1]])
    together, variance = sigma @ WEIGHTS, WEIGHTS @ sigma @ WEIGHTS
    truth = together**2 / np.diag(sigma) / variance
    own = WEIGHTS**2 / np.diag(np.linalg.inv(sigma)) / variance
    tables = []
    for seed in range(samples):
        x = np.random.default_rng([n, seed]).multivariate_normal([0.5] * 3, sigma, n)
        tables.append(importance.effective(flat(WEIGHTS, x, 50), bootstrap=60, seed=seed))
    return tables, truth, own


def check_level(n, samples, least):
    tables, truth, own = sampled(n, samples)
    for kind in ("linear", "nonlinear"):
        inside = np.mean(
            [(t[f"{kind}_low"] <= truth) & (truth <= t[f"{kind}_high"]) for t in tables]
        )
        assert inside >= least, (n, kind, inside)
        estimates = np.array([t[kind] for t in tables])
        error = estimates.std(axis=0) / np.sqrt(samples)
        assert (np.abs(estimates.mean(axis=0) - truth) < 4 * error).all(), (n, kind)
    estimates = np.array([t["own"] for t in tables])
    error = estimates.std(axis=0) / np.sqrt(samples)
    assert (np.abs(estimates.mean(axis=0) - own) < 4 * error).all()
    assert all(t["few"].all() == (n < 40) for t in tables)


def test_importance_of_few_units_is_not_overstated_and_its_intervals_keep_their_level():
    """The mere r² of 20 units is .08 for a true .033; of 3 × 60 intervals .92 or more hold the
    truth (.95 less 2 errors)."""
    check_level(20, 60, 0.92)


@pytest.mark.soak
@pytest.mark.parametrize("n", [16, 20, 31, 40])
def test_importance_keeps_its_level_in_many_samples(n):
    check_level(n, 1500, 0.945)


def test_what_has_no_importance_is_nan_and_not_guessed():
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.random(12), np.full(12, 0.7), rng.random(12)])
    table = importance.effective(flat([40.0, 30.0, 30.0], x, 50), bootstrap=10)
    assert table.loc["x1"][["linear", "nonlinear", "own", "linear_low"]].isna().all() and table[
        "share"
    ].sum() == pytest.approx(1)
    assert (
        importance.effective(flat([50.0, 50.0], rng.random((5, 2)), 50), bootstrap=5)["linear"]
        .isna()
        .all()
    )
    wide = importance.effective(flat([10.0] * 10, rng.random((11, 10)), 50), bootstrap=5)
    assert wide["own"].isna().all() and wide["linear"].notna().all()
    one = importance.effective(flat([100.0], rng.random((20, 1)), 50), bootstrap=5)
    assert one[["linear", "nonlinear", "own"]].to_numpy() == pytest.approx(
        np.ones((1, 3)), abs=1e-6
    )
    with pytest.raises(InputError):
        importance.effective(flat([100.0], rng.random((20, 1)), 50), of="middle")


def test_top_level_indicators_and_blanks():
    case = qt.read_case("params/city-2026")
    r = qt.assess(case.scheme, case.table)
    top = importance.effective(r, of="top", bootstrap=5)
    assert (
        list(top.index) == [node.id for node in case.scheme.indicators]
        and top["points"].sum() == case.scheme.total
    )
    s = r.base.to_numpy(float)
    assert top["linear_plain"].iloc[0] == pytest.approx(
        np.corrcoef(r.nodes[top.index[0]], s)[0, 1] ** 2
    )
    leaves = importance.effective(r, bootstrap=5)
    assert leaves["n"].min() < 16 and leaves["own"].isna().all()  # 16 cities, 30 indicators


def test_leaving_an_indicator_out_is_an_assessment_without_it():
    rng = np.random.default_rng(5)
    r = flat([40.0, 30.0, 20.0, 10.0], np.round(rng.random((9, 4)), 2), {"A": 60, "B": 45, "C": 0})
    table = importance.leave_one_out(r)
    for id in r.points.index:
        rest = r.points.drop(id)
        new = r.scheme.replace(points=(rest * 100 / rest.sum()).to_dict() | {id: 0.0})
        again = qt.assess(new, r.table)
        assert table.loc[id, "grades"] == (again.grades != r.grades).sum()
        assert table.loc[id, "rank_shift"] == pytest.approx((again.ranks - r.ranks).abs().mean())
    assert importance.leave_one_out(flat([100.0], [[0.5]], 50)).isna().all(axis=None)


def test_tai_s_alpha_and_item_correlations():
    """OECD/JRC Handbook (2008), Table 11: α .70; correlation with the rest and α without, by
    indicator."""
    case = qt.read_case("params/tai-2001")
    alpha, table = importance.cronbach(raw_tai(case))
    printed = {
        "patents": (0.261, 0.704),
        "royalties": (0.527, 0.645),
        "internet": (0.566, 0.636),
        "exports": (-0.108, 0.774),
        "telephones_log": (0.701, 0.603),
        "electricity_log": (0.614, 0.624),
        "schooling": (0.451, 0.662),
        "university": (0.249, 0.706),
    }
    assert alpha == pytest.approx(0.70, abs=0.005)
    for id, (correlation, without) in printed.items():
        assert table.loc[id, "correlation"] == pytest.approx(correlation, abs=0.012)
        assert table.loc[id, "without"] == pytest.approx(without, abs=0.012)
    assert np.isnan(importance.cronbach(flat([100.0], [[0.5], [0.6]], 50))[0])


def raw_tai(case):
    """TAI by plain min–max, so that no share is cut at a goalpost."""
    return qt.assess(case.scheme, case.table).change({"rule": "minmax"})


def test_equal_importance_is_not_attainable_on_tai():
    """On the goalposts' shares, computed independently: patents −.019, royalties −.084 of the
    total."""
    case = qt.read_case("params/tai-2001")
    found = importance.attainable(qt.assess(case.scheme, case.table))
    shares = found.points / found.points.sum()
    assert not found.reached and list(shares.index) == LEAVES
    assert shares["patents"] == pytest.approx(-0.019, abs=6e-4) and shares[
        "royalties"
    ] == pytest.approx(-0.084, abs=6e-4)


def test_attainable_points_reach_the_target():
    r = flat([40.0, 30.0, 30.0], np.random.default_rng(7).random((80, 3)), 50)
    target = {"x2": 3.0, "x0": 1.0, "x1": 2.0}  # by name, whatever the order
    found = importance.attainable(r, target)
    assert found.reached and found.points.sum() == pytest.approx(100)
    s = r.matrix @ found.points
    r2 = r.matrix.corrwith(s) ** 2
    assert (r2 / r2.sum()).tolist() == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    tuned = importance.tune(r, target)
    assert (
        tuned.converged
        and tuned.distance < 1e-4
        and tuned.table["points"].tolist() == pytest.approx(found.points.tolist(), abs=0.05)
    )


@pytest.mark.parametrize("limits", [{}, {"bounds": {"x0": (30, 40)}}, {"fixed": ["x1"]}])
def test_tuned_whole_points_are_the_best_of_all(limits):
    """Every whole allocation of 20 points to 3 indicators, gone through."""
    rng = np.random.default_rng(9)
    x = rng.multivariate_normal(
        [0.5] * 3, 0.01 * np.array([[1, 0.6, -0.3], [0.6, 1, 0], [-0.3, 0, 1]]), 40
    ).clip(0, 1)
    r = flat([8.0, 7.0, 5.0], x, 10)
    limits = {"bounds": {"x0": (6, 8)}} if "bounds" in limits else limits
    found = importance.tune(r, step=1, **limits)
    best = np.inf
    for p in itertools.product(range(21), repeat=2):
        p = np.array([*p, 20 - sum(p)], float)
        if (
            p[2] < 0
            or ("bounds" in limits and not 6 <= p[0] <= 8)
            or ("fixed" in limits and p[1] != 7)
        ):
            continue
        s = x @ np.maximum(p, 1e-6)
        r2 = np.array([np.corrcoef(x[:, j], s)[0, 1] ** 2 for j in range(3)])
        best = min(best, np.sqrt(np.mean((r2 / r2.sum() - 1 / 3) ** 2)))
    assert found.distance == pytest.approx(best, abs=1e-6) and found.table["points"].sum() == 20
    assert (
        found.distance_exact <= found.distance + 1e-6
        and found.distance <= found.distance_now + 1e-9
    )


def test_tuning_keeps_groups_and_works_where_deductions_do_not_scale():
    rng = np.random.default_rng(11)
    share = lambda id, p: {"id": id, "name": id, "points": p, "rule": {"kind": "share"}}  # noqa: E731
    deduct = {
        "id": "d",
        "name": "d",
        "points": 20.0,
        "rule": {"kind": "deduct", "rate": 1.0},
        "scales": False,
    }
    nodes = [
        {"id": "n", "name": "n", "children": [share("a", 30.0), share("b", 30.0)]},
        {"id": "m", "name": "m", "children": [share("c", 20.0), deduct]},
    ]
    scheme = scheme_of(
        {"id": "s", "name": "s", "indicators": nodes, "grades": [{"id": "A", "cutoff": 0}]}
    )
    frame = pd.DataFrame(
        {
            "a": rng.random(30),
            "b": rng.random(30),
            "c": rng.random(30),
            "d": rng.integers(0, 10, 30),
        }
    )
    r = qt.assess(scheme, frame)
    found = importance.tune(r, groups=True, step=0.5).table["points"]
    assert (
        found[["a", "b"]].sum() == 60
        and found[["c", "d"]].sum() == 40
        and ((found * 2) % 1 == 0).all()
    )
    assert importance.tune(r, groups={"n": 50.0}).table["points"][
        ["a", "b"]
    ].sum() == pytest.approx(50)
    with pytest.raises(InputError, match="tune"):
        importance.attainable(r)


def test_what_cannot_be_tuned_is_refused():
    rng = np.random.default_rng(12)
    r = flat([50.0, 50.0], rng.random((20, 2)), 50)
    for wrong in (
        {"target": {"x0": 1}},
        {"target": {"x0": 1, "x9": 1}},
        {"target": {"x0": -1, "x1": 1}},
        {"target": {"x0": 0, "x1": 0}},
        {"bounds": {"x0": (60, 40)}},
        {"bounds": {"x0": (0, 10), "x1": (0, 10)}},
        {"fixed": ["z"]},
        {"groups": {"x0": 500.0}},
    ):
        with pytest.raises(InputError):
            importance.tune(r, **wrong)
    with pytest.raises(InputError, match="x1"):
        importance.attainable(
            flat([50.0, 50.0], np.column_stack([rng.random(20), np.ones(20)]), 50)
        )
    with pytest.raises(InputError):
        importance.attainable(flat([10.0] * 10, rng.random((8, 10)), 50))
    with pytest.raises(InputError):
        importance.tune(r.change({"aggregation": "geometric"}))


def test_redundant_and_opposed_indicators():
    rng = np.random.default_rng(13)
    a = rng.random(40)
    x = np.column_stack(
        [a, a + 0.01 * rng.random(40), 1 - a + 0.5 * rng.random(40), np.ones(40)]
    ).clip(0, 1)
    table = importance.correlations(flat([25.0] * 4, x, 50))
    assert table.iloc[0][["first", "second", "kind"]].tolist() == ["x0", "x1", "redundant"]
    assert set(table["kind"]) == {"redundant", "negative"} and "x3" not in set(
        table["first"]
    ) | set(table["second"])
