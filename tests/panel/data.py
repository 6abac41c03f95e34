"""Ratings that are published, and panels drawn with known components."""

from fractions import Fraction

import numpy as np
import pandas as pd

# Shrout & Fleiss (1979), Psychological Bulletin 86: 420–428, Table 2: six targets, four judges
SHROUT_FLEISS = pd.DataFrame(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    index=[f"target {i}" for i in range(1, 7)],
    columns=[f"judge {j}" for j in range(1, 5)],
)

# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: four observers, twelve
# units
_ = np.nan
KRIPPENDORFF = pd.DataFrame(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ],
    index=list("ABCD"),
    columns=range(1, 13),
).T

LONG = ["unit", "assessor", "item", "score"]


def long(rows, columns=LONG):
    """A long table of rows of unit, assessor, item, score, or of other columns."""
    return pd.DataFrame(rows, columns=columns)


def panel(rng, n, k, unit, assessor, residual, mean=75.0):
    """Scores of a panel, (n, k): independent normal effects with these standard deviations."""
    return (
        mean
        + unit * rng.standard_normal((n, 1))
        + assessor * rng.standard_normal((1, k))
        + residual * rng.standard_normal((n, k))
    )


def sums_in_fractions(values):
    """Sums of squares of a crossed design in fractions, effect by effect: the mean over the other
    axes less all effects below."""
    values = np.vectorize(Fraction, otypes=[object])(values)
    axes = range(values.ndim)
    effects, found = {}, {}
    subsets = [tuple(a for a in axes if bits >> a & 1) for bits in range(2**values.ndim)]
    for s in sorted(subsets, key=len):
        others = tuple(a for a in axes if a not in s)
        size = int(np.prod([values.shape[a] for a in others], dtype=int))
        mean = np.asarray(values.sum(axis=others, keepdims=True), dtype=object) / Fraction(size)
        effects[s] = mean - sum(effects[t] for t in effects if set(t) < set(s))
        if s:
            squares = np.broadcast_to(effects[s], values.shape) ** 2
            found[s] = sum(squares.ravel().tolist(), Fraction(0))
    return found
