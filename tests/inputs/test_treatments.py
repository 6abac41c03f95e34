"""Leaf rules as data: defaults, and which rules read a unit's own target. Their errors are in
test_models."""

import pytest
from pydantic import TypeAdapter, ValidationError

from qtoolkit.inputs.treatments import LeafMissing, Missing
from qtoolkit.rules import Rule

RULE = TypeAdapter(Rule)


def test_defaults():
    assert (
        RULE.validate_python({"kind": "efficacy", "unacceptable": 1, "satisfactory": 0}).base == 0.6
    )
    assert RULE.validate_python({"kind": "goalposts", "low": 0, "high": 1}).direction == "higher"
    assert (
        RULE.validate_python({"kind": "deduct", "rate": 1}).per == 1
        and RULE.validate_python({"kind": "target"}).target is None
    )


def test_no_blank_has_a_silent_default():
    assert set(Missing().model_dump().values()) == {"fail"} and set(
        LeafMissing().model_dump().values()
    ) == {None}


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "goalposts", "low": 1, "high": 1},
        {"kind": "goalposts", "low": 0},
        {"kind": "direct", "out_of": 0},
        {"kind": "deduct", "rate": -1},
        {"kind": "deduct", "rate": 1, "per": 0},
        {"kind": "target", "floor": 2},
        {"kind": "level", "levels": {}},
        {"kind": "steps", "table": [{"at": 1, "share": 0}, {"at": 1, "share": 1}]},
        {"kind": "share", "low": 0},
        {"kind": "SHARE"},
        {},
        None,
        "share",
        {"kind": "goalposts", "low": True, "high": 2},
        {"kind": "goalposts", "low": float("nan"), "high": 2},
        {"kind": "goalposts", "low": 0, "high": float("inf")},
    ],
)
def test_refused(rule):
    with pytest.raises(ValidationError):
        RULE.validate_python(rule)


def test_rules_are_frozen():
    rule = RULE.validate_python({"kind": "share"})
    with pytest.raises(ValidationError):
        rule.kind = "direct"
