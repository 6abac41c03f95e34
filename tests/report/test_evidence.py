"""What tables carry of their proofs: about which result, as JSON, and no more than they prove."""

import json

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.regions import Box, Simplex
from qtoolkit.report import blocks, evidence
from tests import pages

R = qt.robustness


@pytest.fixture(scope="module")
def result():
    """甲 loses its A where 10 points go from a to b: 92 + 0.2·10 less is 90."""
    frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.8, 0.9]}, index=["甲", "乙"])
    return qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)


def carried(*sections):
    """The evidence of blocks, as a notebook keeps it."""
    found = [blocks.payload(block, "zh") for section in sections for block in section]
    return [
        json.loads(json.dumps(block["evidence"], allow_nan=False))
        for block in found
        if "evidence" in block
    ]


def test_pages_carry_what_their_tables_prove(result):
    given = carried(
        pages.tolerances(result, 0.1),
        pages.flips(result),
        pages.ranges(result, 0.1),
        pages.transfers(result),
    )
    rows = evidence.about(result, given)
    assert {row["what"] for row in rows} == set(evidence.ORDER)
    (band,) = [row for row in rows if row["what"] == evidence.BAND and row["unit"] == "甲"]
    assert band["at_least"] == pytest.approx(0.25) and band["kind"] == "share"
    assert band["witnesses"][0] == pytest.approx([50, 50], abs=1e-3)
    (flip,) = [row for row in rows if row["what"] == evidence.FLIP and row["unit"] == "甲"]
    assert flip["at_least"] == pytest.approx(10)
    first = next(row for row in rows if row["what"] == evidence.TRANSFER)
    assert (first["from"], first["to"], first["unit"]) == ("a", "b", "甲")
    assert first["at_least"] == pytest.approx(10) and first["units"] == ["甲", "乙"]
    assert first["witnesses"][0] == pytest.approx([50, 50])


def test_evidence_of_other_points_or_cutoffs_is_not_taken(result):
    given = [evidence.of(result, [{"what": evidence.BAND}])]
    assert len(evidence.about(result, given)) == 1
    for changes in ({"points": {"a": 61}}, {"cutoffs": {"A": 95}}):
        assert evidence.about(result.what_if(**changes), given) == []


def test_steps_claim_no_limit_and_other_regions_no_band(result):
    rows = evidence.steps(R.cheapest_flip(result, step=0.5))
    assert rows and all(row["at_least"] is None and row["witnesses"] for row in rows)
    for region in (Simplex(), Box(absolute=2), Box(relative=0.1, absolute=2)):
        (row,) = evidence.ranges(result, R.score_range(result, region), region)
        assert row["unit"] is None and row["why"]
