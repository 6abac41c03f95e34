"""Some cells from another table: the scores are those of the mixed table assessed as a whole."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.comparison.cells import READ, Cells
from qtoolkit.errors import InputError
from tests.examples import share as some
from tests.strategies import KINDS, frame_of, givens, scheme_of


def mixed(table, other, mask):
    cells = {
        name: np.where(mask, getattr(other, name), getattr(table, name)).astype(
            getattr(table, name).dtype
        )
        for name in READ
    }
    return replace(table, **cells)


@settings(max_examples=some(150))
@given(givens(kinds=KINDS, ways=True), st.integers(0, 2**32 - 1))
def test_scores_are_those_of_the_mixed_table(given, seed):
    """All rules, means of similar units, treatments of outliers; the other table has the rows of
    the units in another order."""
    rng = np.random.default_rng(seed)
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    table = result.table
    order = rng.permutation(len(table.units))
    other = replace(table, **{name: getattr(table, name)[order] for name in READ})
    masks = [rng.random(table.raw.shape) < share for share in (0.0, 0.1, 0.3, 0.7, 1.0)]
    found = Cells(result, other).bases(masks)
    for mask, base in zip(masks, found, strict=True):
        try:
            expected = result.anew(table=mixed(table, other, mask)).base.to_numpy()
        except InputError:
            assert base is None
            continue
        assert base is not None
        assert np.abs(base - expected).max() <= 1  # a mean of scores or of lines: the last tick
