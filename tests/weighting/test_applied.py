"""Points from an assessment's own data, and what other points would do, against grading one by
one."""

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.report.wording import CATALOGUE


def assessed(shares, points, cutoffs):
    names = list(points)
    frame = pd.DataFrame(shares, columns=names, index=[f"u{k}" for k in range(len(shares))])
    return qt.assess(qt.Scheme.flat(points, cutoffs), frame)


def random(seed, n=20):
    shares = np.round(np.random.default_rng(seed).random((n, 3)), 2)
    return assessed(shares, {"a": 60, "b": 30, "c": 10}, {"A": 60, "B": 40, "C": 0})


@pytest.mark.parametrize("seed", range(3))
def test_consequences_are_those_of_assessing_anew(seed):
    result = random(seed)
    points = pd.DataFrame({"alike": [30, 35, 35], "turned": [10, 30, 60]}, index=["a", "b", "c"])
    found = qt.weighting.consequences(result, points)
    for name in points:
        other = qt.assess(result.scheme.replace(points=points[name]), result.table)
        assert found.loc[name, "changed"] == (other.grades != result.grades).sum()
        assert found.loc[name, "rank_shift"] == pytest.approx(
            (other.ranks - result.ranks).abs().mean()
        )
        for grade in "ABC":
            assert found.loc[name, grade] == (other.grades == grade).sum()
    now = qt.weighting.consequences(result, result.points.to_frame("now")).loc["now"]
    assert now["changed"] == now["rank_shift"] == 0


def test_points_are_matched_by_id_and_must_be_those_of_all():
    result = random(0)
    points = pd.Series({"a": 30.0, "b": 20.0, "c": 50.0}, name="own")
    for order in (["a", "b", "c"], ["c", "a", "b"]):
        found = qt.weighting.consequences(result, points[order].to_frame())
        assert found.equals(qt.weighting.consequences(result, points.to_frame()))
    for wrong, word in (
        (points.drop("b"), "b"),
        (pd.concat([points, pd.Series({"bb": 0.0})]), "bb"),
        (points + 1, "103"),
        (pd.Series({"a": -10.0, "b": 60.0, "c": 50.0}), "100"),
    ):
        with pytest.raises(InputError, match=word):
            qt.weighting.consequences(result, wrong.to_frame("own"))
    assert qt.weighting.consequences(result, pd.DataFrame(index=["a"])).empty


def test_points_from_data_by_closed_forms():
    """a and b = 1 − a vary alike, so that by their deviations each has half the points; c stands
    still; the first component has both signs, so that it gives no points."""
    a = np.tile([0.0, 1.0], 8)
    result = assessed(
        np.column_stack([a, a[::-1], np.full(16, 0.5)]),
        {"a": 60, "b": 30, "c": 10},
        {"A": 60, "B": 0},
    )
    found = qt.weighting.from_data(result, 0.5, ["equal", "deviation", "pca"])
    assert found.points["equal"].tolist() == [33.5, 33.5, 33]
    assert found.points["deviation"].tolist() == [50, 50, 0]
    assert "pca" not in found.points and found.remarks["unused"].tolist() == [None, "pca"]


def test_few_units_and_unknown_methods():
    few = random(1, n=14)
    found = qt.weighting.from_data(few)
    assert found.points.shape == (3, 0) and found.whole == 14 and found.remarks.empty
    assert qt.weighting.consequences(few, found.points).empty
    with pytest.raises(InputError, match="critik"):
        qt.weighting.from_data(random(1), methods=["critik"])
    assert list(qt.weighting.from_data(random(1), methods="equal").points) == ["equal"]


def test_every_method_has_a_name_in_the_catalogue():
    assert set(qt.weighting.METHODS) <= set(CATALOGUE["words"]["weighting"])
