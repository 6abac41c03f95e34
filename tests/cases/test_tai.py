"""The Technology Achievement Index of the OECD/JRC Handbook on Constructing Composite Indicators
(2008).

Raw data: Table A.2 (telephones and electricity as printed, log10). Ranks: Table 23 (equal weights,
budget allocation) and Table 38 (geometric). Tolerances at cutoff .55 and score ranges at ±25% were
computed by an LP solver outside this project.
"""

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate

LEAVES = [
    "patents",
    "royalties",
    "internet",
    "exports",
    "telephones_log",
    "electricity_log",
    "schooling",
    "university",
]
LOW = [0, 0, 0, 0, 0, np.log10(22), 0.8, 0.1]  # goalposts of the Human Development Report 2001
HIGH = [994, 272.6, 232.4, 80.8, np.log10(901), np.log10(6969), 12.0, 27.4]
BAP = [0.11, 0.11, 0.11, 0.18, 0.10, 0.06, 0.15, 0.18]  # Table 22
# raw values; ranks EW, BAP (Table 23) and GME (Table 38); tolerance at cutoff .55; lowest and
# highest score at ±25%
COUNTRIES = {
    "Finland": (
        [187.0, 125.6, 200.2, 50.7, 3.08, 4.15, 10.0, 27.4],
        1,
        1,
        2,
        0.884083,
        0.689789,
        0.800018,
    ),
    "United States": (
        [289.0, 130.0, 179.1, 66.2, 3.0, 4.07, 12.0, 13.9],
        2,
        2,
        1,
        0.824032,
        0.677401,
        0.788371,
    ),
    "Sweden": (
        [271.0, 156.6, 125.8, 59.7, 3.1, 4.14, 11.4, 15.3],
        3,
        3,
        3,
        0.707130,
        0.649432,
        0.758188,
    ),
    "Japan": (
        [994.0, 64.6, 49.0, 80.8, 3.0, 3.86, 9.5, 10.0],
        4,
        5,
        4,
        0.492069,
        0.623007,
        0.773804,
    ),
    "Korea, Rep. of": (
        [779.0, 9.8, 4.8, 66.7, 2.97, 3.65, 10.8, 23.2],
        5,
        4,
        16,
        0.464721,
        0.603572,
        0.728320,
    ),
    "Netherlands": (
        [189.0, 151.2, 136.0, 50.9, 3.02, 3.77, 9.4, 9.5],
        6,
        8,
        5,
        0.379446,
        0.577414,
        0.683303,
    ),
    "United Kingdom": (
        [82.0, 134.0, 57.4, 61.9, 3.02, 3.73, 9.4, 14.9],
        7,
        7,
        6,
        0.212589,
        0.540060,
        0.672905,
    ),
    "Canada": (
        [31.0, 38.6, 108.0, 48.7, 2.94, 4.18, 11.6, 14.2],
        9,
        10,
        13,
        0.131232,
        0.514250,
        0.664753,
    ),
    "Australia": (
        [75.0, 18.2, 125.9, 16.2, 2.94, 3.94, 10.9, 25.3],
        10,
        11,
        14,
        0.103675,
        0.496309,
        0.679773,
    ),
    "Singapore": (
        [8.0, 25.5, 72.3, 74.9, 2.95, 3.83, 7.1, 24.2],
        8,
        6,
        18,
        0.133710,
        0.508896,
        0.685627,
    ),
    "Germany": (
        [235.0, 36.8, 41.2, 64.2, 2.94, 3.75, 10.2, 14.4],
        11,
        9,
        8,
        0.104841,
        0.504291,
        0.661735,
    ),
    "Norway": (
        [103.0, 20.2, 193.6, 19.0, 3.12, 4.39, 11.9, 11.2],
        12,
        13,
        11,
        0.081069,
        0.486552,
        0.674343,
    ),
    "Ireland": (
        [106.0, 110.3, 48.6, 53.6, 2.97, 3.68, 9.4, 12.3],
        13,
        12,
        7,
        0.060602,
        0.497946,
        0.635365,
    ),
    "Belgium": (
        [72.0, 73.9, 58.9, 47.6, 2.91, 3.86, 9.3, 13.6],
        14,
        14,
        9,
        0.010875,
        0.483003,
        0.623092,
    ),
    "New Zealand": (
        [103.0, 13.0, 146.7, 15.4, 2.86, 3.91, 11.7, 13.1],
        15,
        17,
        17,
        0.003453,
        0.462739,
        0.634883,
    ),
    "Austria": (
        [165.0, 14.8, 84.2, 50.3, 2.99, 3.79, 8.4, 13.6],
        16,
        15,
        12,
        0.019551,
        0.475781,
        0.613452,
    ),
    "France": (
        [205.0, 33.6, 36.4, 58.9, 2.97, 3.8, 7.9, 12.6],
        17,
        16,
        10,
        0.045959,
        0.461152,
        0.611254,
    ),
    "Israel": (
        [74.0, 43.6, 43.2, 45.0, 2.96, 3.74, 9.6, 11.0],
        18,
        18,
        15,
        0.112444,
        0.437559,
        0.592674,
    ),
    "Spain": (
        [42.0, 8.6, 21.0, 53.4, 2.86, 3.62, 7.3, 15.6],
        19,
        19,
        19,
        0.229531,
        0.406859,
        0.556110,
    ),
    "Italy": (
        [13.0, 9.8, 30.4, 51.0, 3.0, 3.65, 7.2, 13.0],
        20,
        21,
        21,
        0.251622,
        0.394936,
        0.549499,
    ),
    "Czech Republic": (
        [28.0, 4.2, 25.0, 51.7, 2.75, 3.68, 9.5, 8.2],
        21,
        22,
        23,
        0.236410,
        0.377674,
        0.554815,
    ),
    "Hungary": (
        [26.0, 6.2, 21.6, 63.5, 2.73, 3.46, 9.1, 7.7],
        22,
        20,
        22,
        0.237044,
        0.374819,
        0.554660,
    ),
    "Slovenia": (
        [105.0, 4.0, 20.3, 49.5, 2.84, 3.71, 7.1, 10.6],
        23,
        23,
        20,
        0.290948,
        0.381578,
        0.537251,
    ),
}
RAW = pd.DataFrame({name: row[0] for name, row in COUNTRIES.items()}, index=LEAVES).T


def published(column):
    return [row[column] for row in COUNTRIES.values()]


def tai(weights, cutoff=0.55, low=LOW, high=HIGH, aggregation="arithmetic"):
    points = np.array(weights) / np.sum(weights)
    leaves = [
        {
            "id": id,
            "name": id,
            "points": float(p),
            "rule": {"kind": "goalposts", "low": float(a), "high": float(b)},
        }
        for id, p, a, b in zip(LEAVES, points, low, high, strict=True)
    ]
    grades = [{"id": "A", "cutoff": cutoff}, {"id": "B", "cutoff": 0.0}]
    scheme = {
        "id": "tai",
        "name": "tai",
        "total": 1.0,
        "aggregation": aggregation,
        "indicators": leaves,
        "grades": grades,
    }
    return qt.assess(validate(Scheme, scheme, None), RAW)


def test_equal_weight_ranks_agree_23_of_23_with_table_23():
    assert tai(np.ones(8)).ranks.tolist() == published(1)


def test_budget_allocation_ranks_agree_23_of_23_with_table_23():
    assert tai(BAP).ranks.tolist() == published(2)


def test_geometric_ranks_agree_23_of_23_with_table_38():
    result = tai(np.ones(8), low=np.zeros(8), high=RAW.max() + 1, aggregation="geometric")
    assert result.ranks.tolist() == published(3)


def test_the_shipped_case_gives_the_same_ranks():
    case = qt.read_case("tai-2001")
    assert qt.assess(case.scheme, case.table).ranks.tolist() == published(1)


def test_minmax_over_the_set_would_give_other_ranks():
    assert (
        sum(
            a != b
            for a, b in zip(
                tai(np.ones(8), low=RAW.min(), high=RAW.max()).ranks, published(1), strict=True
            )
        )
        == 12
    )


def test_tolerances_at_cutoff_055():
    table = qt.robustness.tolerance(tai(np.ones(8))).table
    assert table["tolerance"].tolist() == pytest.approx(published(4), abs=2e-6)
    assert (table["status"] == "exact").all()
    for country, value in {
        "New Zealand": 0.0035,
        "Belgium": 0.0109,
        "Austria": 0.0196,
        "France": 0.0460,
    }.items():
        assert round(table.loc[country, "tolerance"], 4) == value


def test_score_ranges_at_25_percent():
    table = qt.robustness.score_range(tai(np.ones(8)), qt.regions.Box(relative=0.25)).table
    assert table["low"].tolist() == pytest.approx(published(5), abs=2e-6)
    assert table["high"].tolist() == pytest.approx(published(6), abs=2e-6)


# Best and worst rank at ±25%, the sum kept, computed outside this project by integer programs with
# polished witnesses and checked by subsets of rivals; then the extremes that 40,000 draws showed.
RANKS = {
    "Finland": (1, 3, 1, 3),
    "United States": (1, 4, 1, 3),
    "Sweden": (3, 5, 3, 5),
    "Japan": (1, 5, 1, 5),
    "Korea, Rep. of": (3, 7, 4, 6),
    "Netherlands": (5, 8, 5, 8),
    "United Kingdom": (6, 11, 7, 11),
    "Canada": (7, 12, 7, 11),
    "Australia": (6, 15, 6, 14),
    "Singapore": (6, 14, 6, 14),
    "Germany": (8, 14, 8, 13),
    "Norway": (6, 16, 7, 16),
    "Ireland": (9, 15, 10, 14),
    "Belgium": (12, 16, 12, 16),
    "New Zealand": (11, 18, 11, 18),
    "Austria": (13, 17, 14, 17),
    "France": (12, 17, 14, 17),
    "Israel": (17, 18, 17, 18),
    "Spain": (19, 21, 19, 20),
    "Italy": (20, 22, 20, 22),
    "Czech Republic": (19, 23, 19, 23),
    "Hungary": (19, 23, 19, 23),
    "Slovenia": (21, 23, 21, 23),
}


def test_rank_ranges_at_25_percent_agree_23_of_23():
    result = tai(np.ones(8))
    found = qt.robustness.rank_range(result, qt.regions.Box(relative=0.25))
    assert (found.table["status"] == "exact").all()
    assert found.table[["best", "worst"]].to_numpy().tolist() == [
        list(row[:2]) for row in RANKS.values()
    ]
    inside = (found.table["drawn_best"] >= found.table["best"]) & (
        found.table["drawn_worst"] <= found.table["worst"]
    )
    # draws understate 11 of 23
    assert inside.all() and sum(row[:2] != row[2:] for row in RANKS.values()) == 11
    for country, row in RANKS.items():
        for side, rank in zip(("best", "worst"), row[:2], strict=True):
            witness = found.witness(country, side)
            assert (
                np.abs(witness - 0.125) <= 0.125 * 0.25 + 1e-9
            ).all() and witness.sum() == pytest.approx(1)
            moved = tai(witness.to_numpy() / witness.sum())
            assert moved.ranks[country] == rank


def test_norway_is_sixth_at_best_by_a_hair():
    """A lead of 1.6e-6 on scores of 0 to 1: 40,000 draws never saw it."""
    result = tai(np.ones(8))
    witness = qt.robustness.rank_range(result, qt.regions.Box(relative=0.25)).witness(
        "Norway", "best"
    )
    scores = (result.matrix * witness).sum(axis=1)
    behind = scores["Norway"] - scores[scores < scores["Norway"]].max()
    assert (scores > scores["Norway"]).sum() == 5 and 0 < behind < 2e-6
