"""Weights from data, against published numbers (sources at each), and on columns that are constant
or negative."""

import itertools
from decimal import Decimal, localcontext

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from qtoolkit import weighting
from qtoolkit.errors import InputError
from tests.cases.test_tai import COUNTRIES, LEAVES


def table(rows):
    return pd.DataFrame(
        rows, [f"u{k}" for k in range(len(rows))], [f"c{j + 1}" for j in range(len(rows[0]))]
    )


def tai():
    return pd.DataFrame({country: row[0] for country, row in COUNTRIES.items()}, LEAVES).T


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
