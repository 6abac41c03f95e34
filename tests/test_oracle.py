"""`assess` against exact fractions: scores, each step, ranks, grades and what set them, over all features together."""

from hypothesis import given, settings

from tests.strategies import disagreements, givens


@settings(max_examples=300)
@given(givens())
def test_assess_agrees_with_the_oracle(given):
    assert disagreements(given) == []
