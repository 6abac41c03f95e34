"""Units dealt into groups: against scipy, plain enumeration and closed forms."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from qtoolkit.engine import to_ticks
from qtoolkit.fairness import dealing


def all_spreads(values, sizes):
    """Every way to deal units of whole numbers into groups, in fractions: the spreads of the
    means, by going through all orderings as sets."""

    def deal(left, sizes):
        if not sizes:
            yield []
            return
        for taken in itertools.combinations(sorted(left), sizes[0]):
            for rest in deal(left - set(taken), sizes[1:]):
                yield [taken, *rest]

    for groups in deal(set(range(len(values))), list(sizes)):
        means = [Fraction(sum(values[k] for k in group), len(group)) for group in groups]
        yield max(means) - min(means)


@pytest.mark.parametrize("sizes", [(3, 3), (2, 5), (2, 2, 3), (4, 3, 2), (2, 2, 2, 2)])
def test_against_plain_enumeration_in_fractions(sizes):
    rng = np.random.default_rng(sum(sizes))
    values = rng.integers(0, 6, sum(sizes)).tolist()  # many ties
    spreads = sorted(all_spreads(values, sizes))
    groups = np.split(np.array(values), np.cumsum(sizes)[:-1])
    means = [Fraction(int(group.sum()), len(group)) for group in groups]
    own = max(means) - min(means)
    found = dealing.dealt(to_ticks(values)[:, None], list(sizes), 0)
    assert found.exact and found.ways == len(spreads) == dealing.ways(sizes)
    assert found.chance[0] == sum(spread >= own for spread in spreads) / len(spreads)
    assert math.isclose(found.spread[0], own, abs_tol=1e-12)
    within = next(
        x for k, x in enumerate(spreads, 1) if Fraction(k, len(spreads)) >= Fraction(19, 20)
    )
    assert math.isclose(found.by_chance[0], within, abs_tol=1e-9)


def test_two_groups_against_scipy():
    rng = np.random.default_rng(5)
    for low, high in ((5, 5), (4, 6)):
        x, y = rng.normal(80, 5, low).round(2), rng.normal(83, 5, high).round(2)
        other = stats.permutation_test(
            (x, y),
            lambda x, y, axis: np.abs(x.mean(axis=axis) - y.mean(axis=axis)),
            vectorized=True,
            n_resamples=np.inf,
            alternative="greater",
        )
        found = dealing.dealt(to_ticks(np.append(x, y))[:, None], [low, high], 0)
        assert math.isclose(found.chance[0], other.pvalue, rel_tol=1e-12)


def test_shares_of_two_equal_groups_against_fisher():
    """Of units that have something or not, the chance is that of Fisher's exact test (two-sided;
    with groups of one size its tables are ordered alike)."""
    for first, second in ((4, 0), (3, 1), (5, 2), (2, 2)):
        has = np.repeat([1, 0, 1, 0], [first, 8 - first, second, 8 - second])
        found = dealing.dealt(to_ticks(has)[:, None], [8, 8], 0)
        exact = stats.fisher_exact([[first, 8 - first], [second, 8 - second]]).pvalue
        assert math.isclose(found.chance[0], exact, rel_tol=1e-9)


def test_every_way_is_there_once():
    for sizes in ((1, 2), (2, 2, 2), (3, 1, 2)):
        deals, ends = dealing.every_deal(sizes), np.cumsum([0, *sizes])
        sets = {
            tuple(frozenset(deal[a:b].tolist()) for a, b in itertools.pairwise(ends))
            for deal in deals
        }
        product = math.factorial(sum(sizes)) // math.prod(map(math.factorial, sizes))
        assert len(deals) == len(sets) == product == dealing.ways(sizes)
        assert all(sorted(deal) == list(range(sum(sizes))) for deal in deals.tolist())


def test_ways_drawn_come_near_to_all_and_are_the_same_again(monkeypatch):
    rng = np.random.default_rng(2)
    values = to_ticks(rng.normal(80, 6, (14, 3)).round(2))
    exact = dealing.dealt(values, [7, 7], 0)
    monkeypatch.setattr(dealing, "ALL", 100)
    drawn, again, other = (dealing.dealt(values, [7, 7], seed) for seed in (1, 1, 2))
    assert exact.exact and not drawn.exact and drawn.ways == dealing.DRAWS
    error = 4 * np.sqrt(exact.chance * (1 - exact.chance) / drawn.ways)
    assert (np.abs(drawn.chance - exact.chance) <= error + 1 / drawn.ways).all()
    assert (drawn.chance == again.chance).all() and (drawn.chance != other.chance).any()
    assert (drawn.chance >= 1 / drawn.ways).all()


def test_sums_beyond_what_floats_hold_are_added_as_whole_numbers():
    """200 scores of up to 10,000 points: their ticks add up to more than 2^53."""
    rng = np.random.default_rng(3)
    values = rng.integers(0, 10**14, (200, 1))
    assert values.sum() > 2**53
    deals = dealing.some_deals(200, 20, 0)
    for deal, found in zip(deals, dealing.spreads(values, deals, [120, 80])[:, 0], strict=True):
        sums = [sum(int(values[k, 0]) for k in part) for part in (deal[:120], deal[120:])]
        apart = abs(Fraction(sums[0], 120) - Fraction(sums[1], 80))
        assert abs(found - float(apart)) < 0.1


def test_too_much_work_is_not_done(monkeypatch):
    monkeypatch.setattr(dealing, "WORK", 10_000)
    assert dealing.dealt(np.zeros((40, 3), np.int64), [20, 20], 0) is None
