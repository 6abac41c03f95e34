"""Annual targets against round numbers by hand and the closed forms."""

import itertools
import math

import pytest

from qtoolkit.targets import path
from tests.inputs.helpers import refused


def test_by_hand():
    assert path(100, 121, (2024, 2026), "compound").tolist() == pytest.approx([100, 110, 121])
    assert path(90, 95, (2023, 2028)).to_dict() == {
        2023: 90, 2024: 91, 2025: 92, 2026: 93, 2027: 94, 2028: 95,
    }  # fmt: skip
    assert path(8, 1, [2020, 2021, 2023], "compound").tolist() == pytest.approx([8, 4, 1])
    assert path(10, -10, (2024, 2026)).tolist() == [10, 0, -10]


def test_a_compound_path_grows_at_one_rate_and_its_logarithm_in_equal_steps():
    found = path(3.7, 12.9, range(2021, 2031), "compound")
    steps = [math.log(b / a) for a, b in itertools.pairwise(found)]
    assert steps == pytest.approx([math.log(12.9 / 3.7) / 9] * 9)
    assert found.iloc[0] == 3.7 and found.iloc[-1] == 12.9


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ((0, 5, (2023, 2028), "compound"), "above 0"),
        ((5, -1, (2023, 2028), "compound"), "above 0"),
        ((math.nan, 5, (2023, 2028)), "a number"),
        ((5, math.inf, (2023, 2028)), "a number"),
        (("5", 6, (2023, 2028)), "a number"),
        ((5, 6, (2028, 2023)), "rising order"),
        ((5, 6, (2023, 2023)), "rising order"),
        ((5, 6, 2023), "rising order"),
        ((5, 6, [2023]), "rising order"),
        ((5, 6, (2023.5, 2028)), "rising order"),
        ((5, 6, (2023, 20280)), "at most 200"),
        ((5, 6, (2023, 2028), "linaer"), "linear"),
    ],
)
def test_what_is_no_path_is_one_clear_sentence(call, said):
    _, en = refused(path, *call)
    assert len(en) == 1 and said in en[0], en
