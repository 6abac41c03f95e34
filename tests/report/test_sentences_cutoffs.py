"""Sentences on rules and cutoffs say what their own tables say, in both languages, over shipped cases and random schemes."""

import pytest

import qtoolkit as qt
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.scheme import Indicator, Scheme, read_scheme
from qtoolkit.report import rules


@pytest.fixture(scope="module")
def city():
    case = qt.read_case("city-2026")
    return qt.assess(case.scheme, case.table)


# The scoring rule that is printed and the one that scores -------------------------------------------------------------


@pytest.mark.parametrize("below", [None, 0.0, 0.25])
@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_the_sentence_of_base_plus_says_what_a_unit_short_of_its_baseline_has(below, direction):
    rule = {"kind": "base_plus", "base": 0.7, "gain": 0.1, "direction": direction, "reference": 90.0}
    rule |= {} if below is None else {"below": below}
    leaf = Indicator.model_validate({"id": "x", "name": "x", "points": 12, "rule": rule})
    text = rules.scoring(leaf)
    worse = {"higher": ("低于基期", "below the baseline"), "lower": ("高于基期", "above the baseline")}[direction]
    assert worse[0] in text.zh and worse[1] in text.en
    said = {None: ("不论是否", "for all"), 0.0: ("不得分", "nothing"), 0.25: ("得满分的25%", "25% of them")}[below]
    assert said[0] in text.zh and said[1] in text.en
    assert ("不论是否" in text.zh) == ("for all" in text.en) == (below is None)


@pytest.mark.parametrize("name", ["scheme", "drafts/draft-two", "drafts/draft-three", "previous/scheme"])
def test_the_printed_standard_of_a_base_score_and_its_rule_agree(name):
    """70% below the baseline too: what the words say, worked by hand on the rule, and no word of a condition."""
    leaf = next(x for x in read_scheme(packaged_cases() / "city-2026" / f"{name}.yaml").leaves if x.id == "works_pass")
    assert "不论是否低于基期" in leaf.standard.zh and "70%" in leaf.standard.zh and "for all" in leaf.standard.en
    assert (leaf.rule.base, leaf.rule.below) == (0.7, None)


def test_units_below_their_baseline_have_what_the_standard_says(city):
    j = [leaf.id for leaf in city.scheme.leaves].index("works_pass")
    short = city.table.raw[:, j].astype(float) < city.table.baselines[:, j]
    assert short.sum() == 4  # 子市、丑市、辰市、巳市
    assert city.nodes["works_pass"][short].tolist() == pytest.approx([0.7 * 12] * 4)


def test_the_annex_prints_the_sentence_of_the_machine_beside_every_standard(city):
    """Not the office's words alone: each leaf has both, and the machine's names every number of its rule."""
    frame = rules.rules(city)[0].frame
    for leaf, standard, text in zip(city.scheme.leaves, frame["standard"], frame["rule"], strict=True):
        assert standard == leaf.standard and text is not None and text.zh and text.en
        if leaf.rule.kind == "base_plus":
            for number in ("70%", "0.5", "10.0%"):
                assert number in text.zh and number in text.en


def test_below_is_in_the_schema_that_editors_read():
    properties = Scheme.model_json_schema()["$defs"]["BasePlusRule"]["properties"]
    assert set(properties) == {"kind", "base", "gain", "per", "reference", "direction", "below"}
