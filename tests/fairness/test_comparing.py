"""Scores compared between kinds of units: against pandas on the files, and what must hold."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.fairness import dealing
from qtoolkit.inputs.scheme import Covariate

KINDS = (
    Covariate(id="region", name="片区 | Region"),
    Covariate(id="gdp", name="GDP | GDP", kind="number"),
)


def flat(frame, points=None, covariates=KINDS):
    scheme = qt.Scheme.flat(points or {"a": 60, "b": 40}, {"A": 70, "B": 40, "C": 0})
    return qt.assess(scheme.model_copy(update={"covariates": covariates}), frame)


def frame_of(n, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "a": rng.uniform(size=n).round(3),
            "b": rng.uniform(size=n).round(3),
            "region": [("东", "西", "南")[k % 3] for k in range(n)],
            "gdp": rng.lognormal(3, 1, n).round(1),
        },
        index=[f"u{k:03}" for k in range(n)],
    )


@pytest.fixture(scope="module")
def city():
    case = qt.read_case("city-2026")
    result = qt.assess(case.scheme, case.table)
    return case, result, qt.fairness.compare(result)


def city_file():
    """The rows of the city's file, which no code of ours has read."""
    path = Path(__file__).parents[2] / "params" / "city-2026" / "data.csv"
    return pd.read_csv(path, index_col="unit")


def test_groups_of_the_city_against_its_file(city):
    _, result, found = city
    data = city_file()
    data["score"], data["best"] = result.scores, result.grades == "A"
    groups = found.groups.set_index(["covariate", "group"])
    for region, rows in data.groupby("region"):
        row = groups.loc[("region", region)]
        assert row["units"] == len(rows)
        assert math.isclose(row["mean"], rows["score"].mean(), abs_tol=1e-9)
        assert math.isclose(row["best"], rows["best"].mean())
    means = data.groupby("region")["score"].mean()
    row = found.table.loc["region"]
    assert (row["high"], row["low"]) == (means.idxmax(), means.idxmin())
    assert math.isclose(row["difference"], means.max() - means.min(), abs_tol=1e-9)
    shares = data.groupby("region")["best"].mean()
    assert (row["best_most"], row["best_least"]) == (shares.idxmax(), shares.idxmin())
    assert math.isclose(row["best_high"], shares.max()) and row["best_low"] == shares.min() == 0
    for id in ("gdp", "population", "enterprises"):
        upper = data[id] > data[id].median()
        row = found.table.loc[id]
        apart = data["score"][upper].mean() - data["score"][~upper].mean()
        assert math.isclose(row["difference"], apart, abs_tol=1e-9)
        shares = {"high": data["best"][upper].mean(), "low": data["best"][~upper].mean()}
        assert (row["best_high"], row["best_low"]) == (max(shares.values()), min(shares.values()))
        assert shares[row["best_most"]] == row["best_high"]
        assert math.isclose(row["rho"], stats.spearmanr(data[id], data["score"]).statistic)
        scores = data["score"]
        other = stats.permutation_test(
            (scores[upper].to_numpy(), scores[~upper].to_numpy()),
            lambda x, y, axis: np.abs(x.mean(axis=axis) - y.mean(axis=axis)).round(9),
            vectorized=True,
            n_resamples=np.inf,
            alternative="greater",
        )
        assert math.isclose(row["chance"], other.pvalue, rel_tol=1e-9)
        table = pd.crosstab(upper, data["best"])
        assert math.isclose(row["best_chance"], stats.fisher_exact(table).pvalue, rel_tol=1e-9)
    assert found.table.loc["enterprises", "same_as"] == "gdp"


def test_indicators_add_up_to_the_difference(city):
    _, result, found = city
    for id, row in found.judged.iterrows():
        leaves = found.leaves[found.leaves["covariate"] == id]
        assert set(leaves["indicator"]) == set(result.points.index)
        assert math.isclose(leaves["difference"].sum(), row["base"], abs_tol=1e-8)
        assert math.isclose(row["base"] + row["outside"], row["difference"], abs_tol=1e-9)


def test_an_indicator_alone_carries_a_difference():
    """Where one indicator follows the number and the other is the same for all, it carries all: its
    contribution is what assessing without it takes away."""
    frame = frame_of(12).assign(b=0.5).sort_values("gdp")
    frame["a"] = [0.2] * 6 + [0.7] * 6
    found = qt.fairness.compare(flat(frame))
    row = found.table.loc["gdp"]
    # two of C(12, 6) = 924 ways are as far apart
    assert row["chance"] == 2 / 924 and row["verdict"] == "clear"
    leaves = found.leaves[found.leaves["covariate"] == "gdp"].set_index("indicator")
    without = qt.fairness.compare(flat(frame.assign(a=0.0))).table.loc["gdp", "difference"]
    assert math.isclose(leaves.loc["a", "difference"], 30) and leaves.loc["b", "difference"] == 0
    assert math.isclose(row["difference"] - without, leaves.loc["a", "difference"], abs_tol=1e-9)
    assert leaves.index[0] == "a" and leaves.loc["b", "chance"] == 1


def test_verdict_none_is_a_difference_within_what_chance_gives():
    for seed in range(12):
        found = qt.fairness.compare(flat(frame_of(9 + seed % 4, seed)))
        for _, row in found.judged.iterrows():
            within = abs(row["difference"]) <= row["by_chance"] + 1e-9
            assert (row["verdict"] == "none") == within == (row["chance"] > 0.05)
            assert (row["verdict"] == "clear") == (row["chance"] <= 0.01)


def test_halves_keep_ties_together_and_leave_the_middle_out():
    cases = [
        ([1, 2, 3, 4, 5, 6, 7, 8], (4, 4), 0),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], (4, 4), 1),
        ([1, 2, 3, 4, 4, 4, 7, 8], (3, 5), 0),
        ([0, 0, 0, 0, 0, 0, 7, 8], (6, 2), 0),
        ([1, 2, 3, 5, 5, 6, 7, 8, 9], (5, 4), 0),
    ]
    for numbers, sizes, alone in cases:
        frame = frame_of(len(numbers)).assign(gdp=numbers)
        found = qt.fairness.compare(flat(frame))
        groups = found.groups[found.groups["covariate"] == "gdp"].set_index("group")
        assert tuple(groups.loc[["low", "high"], "units"]) == sizes, numbers
        assert found.table.loc["gdp", "alone"] == alone
        assert groups.loc["low", "most"] < groups.loc["high", "least"]


def test_what_cannot_be_compared_is_said():
    few = qt.fairness.compare(flat(frame_of(7)))
    assert set(few.table["verdict"]) == {"few"} and math.isnan(few.least)
    same = qt.fairness.compare(flat(frame_of(10).assign(region="东", gdp=5.0)))
    assert set(same.table["verdict"]) == {"same"} and same.leaves.empty
    own = qt.fairness.compare(flat(frame_of(10).assign(region=[f"r{k}" for k in range(10)])))
    assert own.table.loc["region", ["verdict", "alone"]].tolist() == ["few", 10]
    one = qt.fairness.compare(flat(frame_of(1)))
    assert set(one.table["verdict"]) == {"same"} and one.units == 1
    none = qt.fairness.compare(flat(frame_of(9)[["a", "b"]], covariates=()))
    assert none.table.empty and none.groups.empty and none.beyond == 0
    level = qt.fairness.compare(flat(frame_of(9).assign(a=0.5, b=0.5)))
    assert set(level.table["chance"]) == {1.0} and set(level.table["verdict"]) == {"none"}
    assert math.isnan(level.table.loc["gdp", "rho"])


def test_groups_of_one_unit_and_missing_values_are_left_out_and_counted():
    frame = frame_of(14)
    frame["region"] = ["东"] * 5 + ["西"] * 6 + ["南", None, " "]
    frame.loc["u000", "gdp"] = None
    found = qt.fairness.compare(flat(frame))
    row = found.table.loc["region"]
    assert row[["units", "missing", "alone", "groups"]].tolist() == [11, 2, 1, 2]
    assert found.table.loc["gdp", ["units", "missing", "alone"]].tolist() == [12, 1, 1]
    alone = found.groups.set_index("group").loc["南"]
    assert alone["units"] == 1 and not alone["compared"]
    rest = qt.fairness.compare(flat(frame.iloc[:11]))
    assert rest.table.loc["region", "chance"] == row["chance"]


def test_the_order_of_units_and_the_seed(monkeypatch):
    frame = frame_of(20, 3)
    monkeypatch.setattr(dealing, "ALL", 1000)
    first = qt.fairness.compare(flat(frame), seed=4)
    assert set(first.table["how"]) == {"sampled"}
    turned = qt.fairness.compare(flat(frame.iloc[::-1]), seed=4)
    pd.testing.assert_frame_equal(first.table, turned.table)
    pd.testing.assert_frame_equal(first.leaves, turned.leaves)
    assert first.least == turned.least
    with pytest.raises(InputError):
        qt.fairness.compare(flat(frame), seed=-1)


def test_where_an_indicator_does_not_apply(city):
    """A share of cities to which an indicator applies, and how often chance makes it as unlike:
    port of the city is not applicable to five of sixteen."""
    _, _, found = city
    data = city_file()
    rows = found.applying.set_index(["covariate", "indicator"])
    applies = data["port@documents"] != "不适用"
    upper = data["population"] > data["population"].median()
    row = rows.loc[("population", "port")]
    assert (row["high"], row["low"]) == (applies[upper].mean(), applies[~upper].mean())
    exact = stats.fisher_exact(pd.crosstab(upper, applies)).pvalue
    assert math.isclose(row["chance"], exact, rel_tol=1e-9)


def test_a_true_difference_of_the_least_size_is_noticed_about_half_of_the_time():
    """Scores of 12 units alike but for chance, half of them dealt at random a difference as large
    as `least`: it lies beyond chance in a third to two thirds of 400 trials."""
    rng = np.random.default_rng(0)
    noticed = 0
    for _ in range(400):
        scores = rng.normal(80, 5, 12)
        least = dealing.dealt(_ticks(scores), [6, 6], 0).by_chance[0]
        raised = scores + np.repeat([least, 0], 6)
        noticed += dealing.dealt(_ticks(raised), [6, 6], 0).chance[0] <= 0.05
    assert 400 / 3 < noticed < 800 / 3


def _ticks(scores):
    return np.rint(scores * 1e10).astype(np.int64)[:, None]


def test_many_units_and_indicators_are_compared_in_bounded_work(monkeypatch):
    monkeypatch.setattr(dealing, "WORK", 4 * 10**7)
    frame = frame_of(600)
    found = qt.fairness.compare(flat(frame))
    assert set(found.table["how"]) == {"sampled"} and set(found.table["arrangements"]) == {10_000}
    frame["region"] = [f"r{k % 60}" for k in range(600)]
    found = qt.fairness.compare(flat(frame))
    assert found.table.loc["region", "verdict"] == "many"  # not enough ways can be drawn
    assert "region" not in found.judged.index and "region" not in set(found.leaves["covariate"])
