"""Units dealt into groups: all ways to do it, or some at random, and the differences between groups
that come out.

Sums are sums of whole ticks, which floats hold exactly below 2^53, so that every processor, however
it adds, finds the same; two differences that agree within half a tick tie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qtoolkit.engine.ticks import from_ticks

ALL = 2_000_000  # ways to deal up to which all are gone through
KEPT = 20_000_000  # differences, ways × outcomes, that are held at a time (160 MB)
DRAWS, FEWEST = 10_000, 999  # ways drawn at random, and below how many nothing is said
PLACES = 60_000_000  # ways drawn × units (120 MB)
WORK = 10**10  # multiplications that drawing may take: some seconds
CELLS = 4_000_000  # of a part of the ways
EXACT_BELOW = 2**53


@dataclass(frozen=True)
class Dealt:
    """What chance alone gives, for each of L outcomes.

    spread : ndarray of float, (L,): points between the groups with the highest and the lowest mean
    by_chance : ndarray of float, (L,): the least number of points within which 95% of the ways stay
    chance : ndarray of float, (L,): the share of the ways with a spread at least as large
    ways : how many ways there were; of those drawn, the units' own is one
    exact : whether those are all there are
    """

    spread: np.ndarray
    by_chance: np.ndarray
    chance: np.ndarray
    ways: int
    exact: bool


def ways(sizes: Sequence[int]) -> int:
    """In how many ways units are dealt into groups of these sizes, n! / Π n_g!.

    >>> ways([8, 8]), ways([4, 7, 5])
    (12870, 1441440)
    """
    return math.prod(math.comb(sum(sizes[: g + 1]), size) for g, size in enumerate(sizes))


def every_deal(sizes: Sequence[int]) -> np.ndarray:
    """All ways (ways, n) of int16: the numbers of the units, those of the first group first.

    >>> every_deal([1, 2]).tolist()
    [[0, 1, 2], [1, 0, 2], [2, 0, 1]]
    """
    n = sum(sizes)
    dealt, left = np.zeros((1, 0), np.int16), np.arange(n, dtype=np.int16)[None]
    for size in sizes:
        among = left.shape[1]
        taken = _combinations(among, size)
        is_left = np.ones((len(taken), among), bool)
        np.put_along_axis(is_left, taken, False, axis=1)
        others = np.nonzero(is_left)[1].reshape(len(taken), among - size)
        before = np.repeat(dealt, len(taken), axis=0)
        dealt = np.concatenate([before, left[:, taken].reshape(len(before), size)], axis=1)
        left = left[:, others].reshape(len(before), among - size)
    return dealt


def _combinations(among: int, size: int) -> np.ndarray:
    """All sets of so many of the numbers below `among`, (sets, size), each in rising order.

    >>> _combinations(4, 2).tolist()
    [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    """
    found = np.zeros((1, 0), np.intp)
    for place in range(size):
        last = found[:, -1] if place else np.array([-1])
        choices = among - (size - place) - last  # a next number leaves enough for the places after
        rows = np.repeat(np.arange(len(found)), choices)
        first = np.repeat(np.cumsum(choices) - choices, choices)
        found = np.column_stack([found[rows], last[rows] + 1 + np.arange(len(rows)) - first])
    return found


def some_deals(n: int, count: int, seed: int) -> np.ndarray:
    """So many ways (count, n) of int16 at random, the units' own order the first of them."""
    deals = np.tile(np.arange(n, dtype=np.int16 if n < 2**15 else np.int32), (count, 1))
    deals[1:] = np.random.default_rng(seed).permuted(deals[1:], axis=1)
    return deals


def spreads(values: np.ndarray, deals: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Ticks between the highest and the lowest mean of a group, for each way (M, n) and each
    outcome of values (n, L) of int64: (M, L) of float."""
    values = values - values.min(axis=0)
    n, total = len(values), values.sum(axis=0)
    kind = float if int(total.max(initial=0)) < EXACT_BELOW else np.int64
    factors = values.astype(kind)
    ends = np.cumsum([0, *sizes])
    found = np.empty((len(deals), values.shape[1]))
    step = max(CELLS // max(n, values.shape[1]), 1)
    for first in range(0, len(deals), step):
        part = deals[first : first + step]
        rest = np.tile(total.astype(kind), (len(part), 1))
        highest = np.full(rest.shape, -np.inf)
        lowest = np.full(rest.shape, np.inf)
        for g, size in enumerate(sizes):
            sums = rest
            if g < len(sizes) - 1:
                members = np.zeros((len(part), n), kind)
                np.put_along_axis(members, part[:, ends[g] : ends[g + 1]].astype(np.intp), 1, 1)
                sums = members @ factors
                rest = rest - sums
            means = sums / size
            np.maximum(highest, means, out=highest)
            np.minimum(lowest, means, out=lowest)
        found[first : first + step] = highest - lowest
    return found


def dealt(values: np.ndarray, sizes: Sequence[int], seed: int) -> Dealt | None:
    """What chance gives for values (n, L) of int64 ticks, the units of the first group first.

    All ways are gone through where there are few enough of them, and else some are drawn: as many
    as the work allows, None where that is too few. A way that gives as much as the units' own
    counts as one with a spread at least as large.
    """
    (n, outcomes), count = values.shape, ways(sizes)
    exact = count <= min(ALL, KEPT // max(outcomes, 1))
    if not exact:
        work = n * outcomes * (len(sizes) - 1)
        count = min(DRAWS, WORK // work, KEPT // outcomes, PLACES // n)
        if count < FEWEST:
            return None
    deals = every_deal(sizes) if exact else some_deals(n, count, seed)
    own = spreads(values, np.arange(n)[None], sizes)[0]
    found = spreads(values, deals, sizes)
    at = -(-19 * count // 20) - 1  # the 95th of 100, counted in whole ways
    return Dealt(
        from_ticks(own),
        from_ticks(np.partition(found, at, axis=0)[at]),
        np.count_nonzero(found >= own - 0.5, axis=0) / count,
        count,
        exact,
    )
