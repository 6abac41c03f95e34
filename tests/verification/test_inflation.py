"""What was filed beside what was found: means, intervals, and the assessment as it was filed."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtoolkit as qt
from qtoolkit.verification import as_filed, compared, inflation
from qtoolkit.verification.inflation import mean_of

CITY = Path(__file__).parents[2] / "params/city-2026"


@pytest.fixture(scope="module")
def city():
    return qt.open("city-2026")[1]


def frames(own, verified):
    """Two tables of shares with the same units and items."""
    names, ids = [f"u{k}" for k in range(len(own))], [f"i{j}" for j in range(len(own[0]))]
    return pd.DataFrame(own, names, ids), pd.DataFrame(verified, names, ids)


def test_interval_of_one_item_is_students():
    own, found = frames([[0.9], [0.8], [0.95], [0.7]], [[0.85], [0.8], [0.83], [0.71]])
    gone = (own - found)["i0"].to_numpy()
    low, high = stats.ttest_1samp(gone, 0).confidence_interval(0.9)
    row = inflation(own, found, confidence=0.9).items.loc["i0"]
    assert row["inflation"] == pytest.approx(gone.mean())
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert (row["units"], row["above"]) == (4, 2)


def test_interval_of_equal_units_is_that_of_their_means():
    """With as many cells in each unit the ratio estimator is the mean of the units' means."""
    rng = np.random.default_rng(0)
    own, found = frames(rng.uniform(0.7, 0.9, (6, 5)), rng.uniform(0.5, 0.9, (6, 5)))
    low, high = stats.ttest_1samp((own - found).mean(axis=1), 0).confidence_interval(0.95)
    overall = inflation(own, found).overall
    assert (overall["low"], overall["high"]) == pytest.approx((low, high))


def test_intervals_hold_the_mean_where_cells_of_a_unit_go_together():
    """2,000 draws of 8 units with 2 to 6 cells each: the mean of the process lies inside about 95
    times in 100; an interval of independent cells would hold it far less often."""
    rng = np.random.default_rng(1)
    held, naive = 0, 0
    for _ in range(2000):
        counts = rng.integers(2, 7, 8)
        unit = np.repeat(rng.standard_normal(8) * 0.04, counts)
        gone = 0.05 + unit + 0.02 * rng.standard_normal(counts.sum())
        cells = pd.DataFrame({"unit": np.repeat(np.arange(8), counts), "inflation": gone})
        row = mean_of(cells, 0.95)
        held += row["low"] <= 0.05 <= row["high"]
        low, high = stats.ttest_1samp(gone, 0).confidence_interval(0.95)
        naive += low <= 0.05 <= high
    assert 0.92 < held / 2000 < 0.97
    assert naive / 2000 < 0.8


def test_as_filed_is_the_table_without_the_columns_of_verification(city, tmp_path):
    """The same file with the cells of the stage emptied, read anew."""
    with (CITY / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    at = [i for i, title in enumerate(rows[0]) if title.endswith("@verified")]
    assert at
    path = tmp_path / "data.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [rows[0], *([("" if i in at else c) for i, c in enumerate(row)] for row in rows[1:])]
        )
    read = qt.read_case(scheme=CITY / "scheme.yaml", data=path)
    plain = qt.assess(read.scheme, read.table)
    filed = as_filed(city)
    pd.testing.assert_series_equal(filed.scores, plain.scores)
    pd.testing.assert_series_equal(filed.grades, plain.grades)
    found = inflation(city)
    for unit, row in found.units.iterrows():
        assert row["points"] == pytest.approx(plain.scores[unit] - city.scores[unit])
    before = compared(city).own.loc[found.units.index]
    seen = compared(city).verified.loc[found.units.index].notna()
    assert np.allclose(
        before.where(seen), plain.matrix.loc[before.index].where(seen), equal_nan=True
    )
    after = compared(city).verified.loc[found.units.index]
    assert np.allclose(after, city.matrix.loc[before.index].where(seen), equal_nan=True)


def test_areas_take_the_cells_of_their_items(city):
    found = inflation(city)
    areas = {leaf.id: leaf.area.zh for leaf in city.scheme.leaves}
    for area, row in found.areas.iterrows():
        cells = found.cells[found.cells["item"].map(areas) == area]
        assert row["cells"] == len(cells)
        assert row["inflation"] == pytest.approx(cells["inflation"].mean())
    assert found.areas["cells"].sum() == found.overall["cells"] == len(found.cells)


def test_a_word_in_the_place_of_a_verified_value_is_nothing_found(tmp_path):
    """零分 on verification: all that was filed is inflation."""
    scheme = tmp_path / "scheme.yaml"
    scheme.write_text(
        "id: t\nname: t\ntotal: 100\n"
        "stages: [{id: seen, name: seen, effect: replaces}]\n"
        "indicators: [{id: a, name: a, points: 100, rule: {kind: share}}]\n"
        "grades: [{id: A, cutoff: 50}, {id: B, cutoff: 0}]\n",
        encoding="utf-8",
    )
    data = tmp_path / "data.csv"
    data.write_text("unit,a,a@seen\n甲,0.8,零分\n乙,0.6,0.5\n丙,0.7,\n", encoding="utf-8")
    case = qt.read_case(scheme=scheme, data=data)
    found = inflation(qt.assess(case.scheme, case.table))
    assert found.cells.set_index("unit")["inflation"].round(9).to_dict() == {"甲": 0.8, "乙": 0.1}
    assert found.units.loc["甲", "score_filed"] == 80


@pytest.mark.parametrize(
    ("own", "found", "says"),
    [
        ({"i": [0.9]}, {"i": [1.2]}, "expected a share from 0 to 1"),
        ({"i": [0.9]}, {"i": ["高"]}, "expected a share from 0 to 1"),
        ({"i": [0.9]}, {"j": [0.8]}, "the indicator “j” is not among"),
        ({"i": [0.9]}, {"i": [None]}, "nothing to compare"),
        ({"i": [0.9]}, None, "no shares found on verification"),
        ({"i": [0.9]}, [0.8], "must be a table of shares"),
    ],
)
def test_what_cannot_be_compared_is_said(own, found, says):
    verified = pd.DataFrame(found) if isinstance(found, dict) else found
    with pytest.raises(qt.InputError) as caught:
        inflation(pd.DataFrame(own), verified)
    assert says in caught.value.sentences("en")[0]
    assert "{" not in caught.value.sentences("zh")[0]


def test_a_scheme_without_such_a_stage_has_nothing_to_compare():
    result = qt.assess(
        qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), pd.DataFrame({"a": [0.5]}, index=["甲"])
    )
    with pytest.raises(qt.InputError) as caught:
        inflation(result)
    assert "nothing to compare" in caught.value.sentences("en")[0]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"by": "name"}, "by is “name”"),
        ({"confidence": 1}, "confidence is “1”, expected a number above 0 and below 1"),
    ],
)
def test_other_groups_and_certain_intervals_are_refused(city, given, says):
    with pytest.raises(qt.InputError) as caught:
        inflation(city, **given)
    assert says in caught.value.sentences("en")[0]


def test_a_unit_under_two_spellings_is_listed_twice():
    filed = pd.DataFrame({"a": [0.9, 0.8]}, index=["u1", "u2"])
    found = pd.DataFrame({"a": [0.8, 0.7]}, index=["u1", " u1 "])
    with pytest.raises(qt.InputError) as caught:
        inflation(filed, found)
    assert caught.value.sentences("en")[0] == "verified: more than once: u1"
