"""`assess` against exact fractions: scores, each step, ranks, grades and what set them, over all
features together."""

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests import oracle, oracle_lines, oracle_rules
from tests.examples import share
from tests.strategies import KINDS, disagreements, givens


@settings(max_examples=share(300))
@given(givens(kinds=KINDS))
def test_assess_agrees_with_the_oracle(given):
    assert disagreements(given) == []


@settings(max_examples=share(100))
@given(givens(kinds=["share", "minmax"], stages=False, ways=True))
def test_lines_that_follow_from_the_data_agree_with_the_oracle(given):
    assert disagreements(given) == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_rule_on_its_own_agrees_with_the_oracle(kind):
    @settings(max_examples=25)
    @given(givens(kinds=[kind]))
    def agrees(given):
        assert disagreements(given) == []

    agrees()


def test_the_oracle_is_small_and_knows_nothing_of_ours():
    for module, others in (
        (oracle, {"tests.oracle_rules", "tests.oracle_lines"}),
        (oracle_lines, {"tests.oracle_rules"}),
        (oracle_rules, set()),
    ):
        source = Path(module.__file__).read_text(encoding="utf-8")
        assert len(source.splitlines()) <= 230
        imported = [
            node
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert {node.module for node in imported} <= {
            "decimal",
            "fractions",
            "functools",
            "itertools",
            "math",
        } | others
