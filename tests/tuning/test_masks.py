"""Masks: stable, one for each unit, telling nothing, and never another unit's name."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.language import Text
from qtoolkit.tuning.masks import BRANCHES, STEMS, masks
from tests.examples import share

SIGNS = STEMS + BRANCHES


def both(units, labels=()):
    return [(mask.zh, mask.en) for mask in masks(units, labels)]


def test_the_signs_are_the_stems_and_branches():
    assert len(STEMS) == 10 and len(BRANCHES) == 12 and len(set(SIGNS)) == 22


@pytest.mark.parametrize("n", [1, 2, 10, 22, 23, 3000])
def test_each_unit_has_a_mask_of_its_own(n):
    units = [f"City {k}" for k in range(n)]
    zh, en = zip(*both(units), strict=True)
    assert set(zh) == (set(SIGNS[:n]) if n <= 22 else {f"{k}号" for k in range(1, n + 1)})
    assert set(en) == {f"Unit {k}" for k in range(1, n + 1)}


@settings(max_examples=share(60))
@given(st.permutations([f"c{k}" for k in range(12)]))
def test_a_unit_keeps_its_mask_wherever_it_stands(units):
    usual = dict(zip(sorted(units), both(sorted(units)), strict=True))
    assert dict(zip(units, both(units), strict=True)) == usual


@pytest.mark.parametrize("n", [10, 22, 23, 100, 3000])
def test_masks_follow_neither_the_table_nor_the_names(n):
    """Of n places in a random order about one is where it was: here at most a few, and neither
    neighbours nor ends give the order away."""
    units = [f"City {k:04d}" for k in range(n)]
    places = [int(mask.en.split()[1]) - 1 for mask in masks(units)]
    assert sorted(places) == list(range(n))
    assert sum(k == place for k, place in enumerate(places)) <= 4
    rising = sum(b > a for a, b in itertools.pairwise(places))
    assert abs(rising - (n - 1) / 2) <= 4 * ((n + 1) / 12) ** 0.5  # a random order's deviation


CONFUSING = [
    ["甲市", "乙市", "丙市"],
    ["子长县", "城关区"],
    ["癸", "x"],
    ["1号", "2号", "3号"],
    ["１号", "２ 号"],
    ["3号园区", "甲区"],
    ["Unit 1", "Unit 2"],
    ["UNIT 7", "x"],
    ["unit 1", "甲", "1号"],
    ["Unit 1", "Code 1", "甲", "1号", "代号1"],
    ["*Unit 1", "Unit 1", "Code 1"],
    [*(f"{k}号" for k in range(1, 31)), *(f"代号{k}" for k in range(1, 31))],
    [" 甲市", "b"],
]


def folded(name):
    """As the eye reads it."""
    wide = {
        ord(wide): plain for wide, plain in zip("０１２３４５６７８９", "0123456789", strict=True)
    }
    return "".join(name.translate(wide).lower().split())


@pytest.mark.parametrize("units", CONFUSING)
def test_no_mask_begins_a_units_own_name(units):
    for mask in masks(units):
        for hidden in (mask.zh, mask.en):
            assert not any(folded(unit).startswith(folded(hidden)) for unit in units)
    assert len(set(both(units))) == len(units)


def test_names_in_the_other_language_count_too():
    labels = [Text("东市", "Unit 2"), Text("西市", "Unit 1")]
    assert sorted(mask.en for mask in masks(["东市", "西市"], labels)) == ["Code 1", "Code 2"]


def test_signs_that_no_mask_uses_are_avoided_all_the_same():
    """With three units only 甲, 乙, 丙 would be used; beside 丁市 they would still seem names."""
    assert sorted(mask.zh for mask in masks(["丁市", "a", "b"])) == ["1号", "2号", "3号"]
    assert sorted(mask.zh for mask in masks(["9号", *map(str, range(30))]))[0] == "代号1"


def test_nobody_has_no_mask():
    assert masks([]) == []
