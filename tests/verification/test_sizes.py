"""How many units to draw: against a power that is integrated another way, and against counting."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from qtoolkit.errors import InputError
from qtoolkit.verification import needed, needed_to_meet


def power(m, size, spread, units, level):
    """P(T > t) for a sample of m: given the sample's variance, T exceeds t where the normal mean
    does, so it is an integral over a chi-square."""
    factor = 1.0 if units is None else 1 - m / units
    if factor == 0:
        return 1.0
    shift = size / (spread * np.sqrt(factor / m))
    bound = stats.t.ppf(1 - level, m - 1)
    chi = stats.chi(m - 1)
    return integrate.quad(
        lambda s: chi.pdf(s) * stats.norm.sf(bound * s / np.sqrt(m - 1) - shift),
        0,
        np.inf,
        limit=200,
    )[0]


@pytest.mark.parametrize(
    ("size", "units", "chance", "level"),
    [
        (0.5, None, 0.8, 0.05),
        (0.8, None, 0.8, 0.05),
        (0.2, None, 0.8, 0.05),
        (1.5, None, 0.95, 0.01),
        (0.5, 31, 0.8, 0.05),
        (0.5, 16, 0.9, 0.05),
        (0.05, 16, 0.8, 0.05),
    ],
)
def test_the_least_number_that_finds_it(size, units, chance, level):
    m = needed(size, 1.0, units=units, chance=chance, level=level)
    assert power(m, size, 1.0, units, level) >= chance - 1e-7
    assert m == 2 or power(m - 1, size, 1.0, units, level) < chance
    assert needed(3 * size, 3.0, units=units, chance=chance, level=level) == m


def test_cohen_s_effects():
    """One-sided, level .05, power .8, as tables of the one-sample t test have them: 27 for a medium
    effect, 12 for a large one; the normal approximation ((1.645 + .842)/.2)² = 154.6 for a small
    one needs about one and a half more with t (Guenther 1981: + z²/2 = 1.35)."""
    assert needed(0.5, 1) == 27 and needed(0.8, 1) == 12 and needed(0.2, 1) == 156


def test_power_in_a_simulation_without_replacement():
    m, rng = needed(0.06, 0.1, units=31), np.random.default_rng(7)
    inflation = rng.normal(size=31)
    inflation = 0.06 + 0.1 * (inflation - inflation.mean()) / inflation.std(ddof=1)
    drawn = np.array([rng.permutation(inflation)[:m] for _ in range(4000)])
    error = drawn.std(axis=1, ddof=1) * np.sqrt((1 - m / 31) / m)
    found = (drawn.mean(axis=1) / error > stats.t.ppf(0.95, m - 1)).mean()
    assert found > 0.75  # units of one population, not of a normal: about the chance asked for


def counted(m, inflated, units):
    """The share of all samples of m that hold one of the inflated."""
    samples = list(itertools.combinations(range(units), m))
    return sum(min(sample) < inflated for sample in samples) / len(samples)


@pytest.mark.parametrize("units", range(1, 9))
def test_meeting_one_is_counted(units):
    for inflated in range(1, units + 1):
        for chance in (0.5, 0.75, 0.95):
            least = next(
                m for m in range(1, units + 1) if counted(m, inflated, units) >= chance - 1e-12
            )
            assert needed_to_meet(inflated, units, chance) == least


def test_meeting_one_at_the_edge():
    """One of four is among two with chance one half exactly; and large numbers take no time."""
    assert needed_to_meet(1, 4, 0.5) == 2 and needed_to_meet(1, 10, 0.9) == 9
    assert needed_to_meet(1, 10, 0.95) == 10
    # half are inflated: .5^4 = .0625, .5^5 = .03125
    assert needed_to_meet(500_000, 1_000_000) == 5
    assert needed_to_meet(1, 1_000_000) == 950_000


@pytest.mark.parametrize(
    "call",
    [
        lambda: needed(0, 1),
        lambda: needed(1, 0),
        lambda: needed(-1, 1),
        lambda: needed(float("nan"), 1),
        lambda: needed("1", 1),
        lambda: needed(1, 1, units=1),
        lambda: needed(1, 1, units=2.5),
        lambda: needed(1, 1, chance=1),
        lambda: needed(1, 1, chance=0.04),
        lambda: needed(1, 1, level=0),
        lambda: needed(1e-9, 1),
        lambda: needed_to_meet(0, 5),
        lambda: needed_to_meet(6, 5),
        lambda: needed_to_meet(1, 0),
        lambda: needed_to_meet(1, 5, 1.0),
        lambda: needed_to_meet(1, 5, 0),
    ],
)
def test_hostile_numbers_give_one_sentence(call):
    with pytest.raises(InputError) as error:
        call()
    assert len(error.value.complaints) == 1
