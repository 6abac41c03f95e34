"""Long and wide ratings: what is accepted, what is refused, means over items by hand; sums of
squares against brute force in fractions."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.errors import InputError
from qtoolkit.panel import incomplete, long_of, wide_of
from qtoolkit.panel.designs import sums_of_squares
from tests.panel.data import long, sums_in_fractions

ITEMS = long(
    [
        ("乙厂", "李", "领导", 80),
        ("乙厂", "李", "战略", 50),
        ("乙厂", "王", "领导", 90),
        ("甲厂", "王", "领导", 70),
        ("甲厂", "王", "战略", 71),
        ("甲厂", "李", "领导", np.nan),
    ]
)


def refused(ratings, words, **arguments):
    """The English sentence of the complaint, which holds these words."""
    with pytest.raises(InputError) as caught:
        wide_of(ratings, **arguments)
    (sentence,) = caught.value.sentences("en")
    assert words in sentence, sentence
    assert caught.value.sentences("zh") != [sentence]


def test_a_wide_table_a_long_one_and_an_object_with_a_frame_are_the_same():
    wide = pd.DataFrame({"李": [80, np.nan], "王": [85, 70]}, index=["乙厂", "甲厂"])
    table = long_of(wide)
    assert table.columns.tolist() == ["unit", "assessor", "stage", "item", "score", "group"]
    short = table.drop(columns=["stage", "item", "group"])
    for ratings in (table, short, SimpleNamespace(frame=wide)):
        found = wide_of(ratings)
        assert found.index.tolist() == ["乙厂", "甲厂"] and found.columns.tolist() == ["李", "王"]
        np.testing.assert_array_equal(found.to_numpy(), wide.to_numpy())


def test_the_order_is_that_of_first_appearance():
    found = wide_of(ITEMS)
    assert found.index.tolist() == ["乙厂", "甲厂"] and found.columns.tolist() == ["李", "王"]


def test_means_over_items_only_of_those_who_marked_all():
    """(80 + 50)/2 and (70 + 71)/2; with points 3 : 1 they are 72.5 and 70.25."""
    np.testing.assert_array_equal(wide_of(ITEMS).to_numpy(), [[65.0, np.nan], [np.nan, 70.5]])
    weighted = wide_of(ITEMS, weights={"领导": 3, "战略": 1, "其他": 9})
    assert (weighted.loc["乙厂", "李"], weighted.loc["甲厂", "王"]) == (72.5, 70.25)
    assert incomplete(ITEMS).to_numpy().tolist() == [["乙厂", "王", 1, 2]]


def test_means_that_are_equal_on_paper_are_equal():
    rows = [("A", a, i, x) for a, scores in {"p": (0.1, 0.2, 0.3), "q": (0.3, 0.2, 0.1)}.items()
            for i, x in zip("xyz", scores, strict=True)]  # fmt: skip
    (found,) = wide_of(long(rows)).to_numpy()
    assert found[0] == found[1] == 0.2


def test_several_stages_are_chosen_from():
    rows = [("A", "p", "材料", 80), ("A", "p", "现场", 60)]
    ratings = long(rows, ["unit", "assessor", "stage", "score"])
    refused(ratings, "several stages (材料, 现场)")
    refused(ratings, "expected one of 材料, 现场", stage="面谈")
    assert wide_of(ratings, stage="现场").to_numpy().tolist() == [[60.0]]
    assert wide_of(ratings[:1]).to_numpy().tolist() == [[80.0]]


@pytest.mark.parametrize(
    "score", ["八十", "80", np.inf, -np.inf, 1e300, True, pd.Timestamp(0), [80]]
)
def test_what_is_no_number_is_refused(score):
    ratings = long([("A", "p", "", 80.0), ("A", "q", "", 80.0)]).astype({"score": object})
    ratings.at[1, "score"] = score
    refused(ratings, "“A” as marked by “q”: the score is")


def test_what_cannot_be_compared_is_refused():
    refused(long([("A", "p", "x", 1), ("A", "p", "x", 2)]), "marked more than once: x")
    refused(pd.DataFrame({"p": [1, 2]}, index=["A", "A"]), "marked more than once")
    refused(pd.DataFrame([[1, 2]], columns=["p", "p"]), "marked more than once")
    refused(pd.DataFrame({"p": [np.nan]}), "not a single score")
    refused(pd.DataFrame(), "not a single score")
    refused(pd.DataFrame({"unit": ["A"], "score": [1]}), "no column assessor")
    refused(long([("A", "", "", 1)]), "rating 1 does not name its assessor")
    refused(long([(None, "p", "", 1)]), "rating 1 does not name its unit")
    refused([[1, 2]], "expected a DataFrame")


def test_weights_are_checked():
    refused(ITEMS, "item “战略” has no weight", weights={"领导": 1})
    for w in (-1, 0, np.nan, "3", True):
        refused(ITEMS, "above 0", weights={"领导": w, "战略": 1})


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(2, 2), (1, 4), (5, 1), (6, 4), (3, 4, 5), (2, 1, 3)]),
)
def test_sums_of_squares_against_fractions(seed, shape):
    values = np.random.default_rng(seed).integers(0, 400, shape) / 4
    found, expected = sums_of_squares(values), sums_in_fractions(values)
    assert set(found) == set(expected)
    for s, (df, ss) in found.items():
        assert df == np.prod([values.shape[a] - 1 for a in s]) and ss == float(expected[s])
