"""Cross-checks of rankings: the OECD/JRC Handbook's voting tables, all permutations, plain loops,
scipy."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtoolkit as qt
from qtoolkit import alternatives
from qtoolkit.errors import InputError

# OECD/JRC (2008), Handbook on Constructing Composite Indicators, Tables 25-33: orders and their
# votes
T25 = {"abcd": 3, "acbd": 5, "bdca": 7, "cbda": 6}
T26_BORDA = {"a": 24, "b": 44, "c": 38, "d": 20}
T28 = {"abc": 23, "bca": 17, "bac": 2, "cab": 10, "cba": 8}
T28_KEMENY = {"abc": 100, "bca": 104, "cab": 86, "bac": 94, "cba": 80, "acb": 76}
T31 = {"cbad": 3, "badc": 2, "adcb": 2}
T31_BORDA, T33_BORDA_WITHOUT_D = {"a": 13, "b": 12, "c": 11, "d": 6}, {"a": 6, "b": 7, "c": 8}


def votes(profiles, without=""):
    """Each order as an indicator (higher is better) with its votes as weight."""
    names = sorted(set("".join(profiles)) - set(without))
    orders = [[name for name in order if name not in without] for order in profiles]
    x = np.array([[-order.index(name) for order in orders] for name in names], dtype=float)
    return names, x, np.array(list(profiles.values()), dtype=float)


@pytest.mark.parametrize(
    ("profiles", "without", "expected"),
    [(T25, "", T26_BORDA), (T31, "", T31_BORDA), (T31, "d", T33_BORDA_WITHOUT_D)],
)
def test_borda_tables_rank_reversal_included(profiles, without, expected):
    names, x, weights = votes(profiles, without)
    assert dict(zip(names, alternatives.borda(x, weights), strict=True)) == expected


def test_condorcet_order_of_table_27():
    names, x, weights = votes(T25)
    order = sorted(names, key=lambda name: -alternatives.copeland(x, weights)[names.index(name)])
    assert order == ["c", "b", "d", "a"]


def test_kemeny_table_28():
    names, x, weights = votes(T28)
    e = alternatives.outranking(x, weights)
    for order, expected in T28_KEMENY.items():
        places = [names.index(name) for name in order]
        assert sum(e[i, j] for i, j in itertools.combinations(places, 2)) == expected
    assert alternatives.kemeny(e) == (104.0, [(1, 2, 0)])


@pytest.mark.parametrize("seed", range(6))
def test_kemeny_against_all_permutations(seed):
    e = np.random.default_rng(seed).integers(0, 5, (6, 6)).astype(float)
    scores = {
        order: sum(e[i, j] for i, j in itertools.combinations(order, 2))
        for order in itertools.permutations(range(6))
    }
    best = max(scores.values())
    assert alternatives.kemeny(e) == (
        best,
        sorted(order for order, score in scores.items() if score == best),
    )


def test_kemeny_refuses_more_than_it_can_go_through():
    with pytest.raises(InputError, match="最多12个"):
        alternatives.kemeny(np.zeros((13, 13)))


def random(seed, n=9, d=5):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 6, (n, d)) / 5, rng.dirichlet(np.ones(d))


@pytest.mark.parametrize("seed", range(5))
def test_borda_and_copeland_against_loops_over_pairs(seed):
    x, w = random(seed)
    n = len(x)
    for i in range(n):
        wins, level = 0.0, 0.0
        majorities = 0
        for j in range(n):
            if i == j:
                continue
            ahead, behind = sum(w[x[i] > x[j]]), sum(w[x[i] < x[j]])
            wins, level = wins + ahead, level + sum(w[x[i] == x[j]])
            majorities += int(ahead > behind + 1e-12) - int(behind > ahead + 1e-12)
        assert alternatives.borda(x, w)[i] == pytest.approx(wins + level / 2)
        assert alternatives.copeland(x, w)[i] == majorities


@pytest.mark.parametrize("seed", range(3))
def test_topsis_grey_relation_and_mazziotta_pareto_in_plain_loops(seed):
    x, w = random(seed)
    x[:, 0] += 0.1  # no column of zeros
    n, d = x.shape
    v = [
        [w[j] * x[i][j] / sum(x[k][j] ** 2 for k in range(n)) ** 0.5 for j in range(d)]
        for i in range(n)
    ]
    top, low = ([pick(v[i][j] for i in range(n)) for j in range(d)] for pick in (max, min))
    for i in range(n):
        plus, minus = (sum((v[i][j] - end[j]) ** 2 for j in range(d)) ** 0.5 for end in (top, low))
        assert alternatives.topsis(x, w)[i] == pytest.approx(minus / (plus + minus))
    away = [[max(x[k][j] for k in range(n)) - x[i][j] for j in range(d)] for i in range(n)]
    least, most = min(map(min, away)), max(map(max, away))
    for i in range(n):
        expected = sum(w[j] * (least + 0.5 * most) / (away[i][j] + 0.5 * most) for j in range(d))
        assert alternatives.grey_relation(x, w)[i] == pytest.approx(expected)
    z = 100 + 10 * stats.zscore(x, axis=0)
    expected = z.mean(axis=1) - z.std(axis=1) * stats.variation(z, axis=1)
    assert alternatives.mazziotta_pareto(x) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_rank_sum_ratio_against_scipy(seed):
    x, w = random(seed, n=12)
    table = alternatives.rank_sum_ratio(x, w)
    rsr = (w * stats.rankdata(x, axis=0)).sum(axis=1) / 12
    assert table["rsr"].to_numpy() == pytest.approx(rsr)
    share = stats.rankdata(rsr.round(12), method="max") / 12
    probit = stats.norm.ppf(np.where(share == 1, 1 - 1 / 48, share)) + 5
    assert table["probit"].to_numpy() == pytest.approx(probit)
    pairs = np.unique(np.column_stack([probit, rsr]).round(12), axis=0)
    slope, intercept = np.polyfit(pairs[:, 0], pairs[:, 1], 1)
    assert table["fitted"].to_numpy() == pytest.approx(intercept + slope * probit)
    # probits 4 and 6 for three bands
    assert table["band"].tolist() == [1 if p >= 6 else 2 if p >= 4 else 3 for p in probit]


def test_crosscheck_of_degenerate_tables():
    for frame in (
        pd.DataFrame({"a": [0.5]}),
        pd.DataFrame({"a": [0.5, 0.5], "b": [1.0, 1.0]}),
        pd.DataFrame({"a": [0.0, 1.0], "b": [0.3, 0.3]}),
    ):
        result = qt.assess(
            qt.Scheme.flat(dict.fromkeys(frame.columns, 100 / frame.shape[1]), {"A": 90, "B": 0}),
            frame,
        )
        found = alternatives.crosscheck(result)
        assert np.isfinite(found.scores.to_numpy()).all() and (found.ranks.min() == 1).all()


def test_crosscheck_does_not_depend_on_the_order_of_units_and_agrees_where_one_unit_dominates():
    x, w = random(7)
    scheme = qt.Scheme.flat({f"i{j}": 100 * p for j, p in enumerate(w)}, {"A": 90, "B": 0})
    one = pd.DataFrame(x, columns=[f"i{j}" for j in range(5)], index=list("甲乙丙丁戊己庚辛壬"))
    ranks = [
        alternatives.crosscheck(qt.assess(scheme, frame)).ranks for frame in (one, one.iloc[::-1])
    ]
    pd.testing.assert_frame_equal(ranks[0], ranks[1].iloc[::-1])
    frame = pd.DataFrame({"a": [0.9, 0.5, 0.2], "b": [0.8, 0.6, 0.1]}, index=list("甲乙丙"))
    found = alternatives.crosscheck(
        qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    )
    assert (found.ranks.nunique(axis=1) == 1).all() and found.correlation.tolist() == pytest.approx(
        [1.0] * 7
    )
