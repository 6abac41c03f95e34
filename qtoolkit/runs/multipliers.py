"""Multipliers that bound sums of scores, found with floats: what the exact check of
:mod:`qtoolkit.runs.checker` is then given.

For a sum f of scores and any `level` and `rise`, f is at most level·Σ now + rise·budget + Σ_j max_t
f_j(t) − level·t − rise·max(t − now_j, 0). Where every point may move by a share of itself, the best
level is a median of the slopes weighted by the room of each, and rise is 0. Where so many points
are moved in all, the best is among the slopes downwards, with rise the steepest slope upwards less
the level.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from qtoolkit.engine.ticks import PER_POINT
from qtoolkit.runs.checker import Run

DECIMALS = 12  # of a multiplier
SPARE = 3  # ticks by which a bound found with floats is taken to be higher

Way = tuple[np.ndarray, np.ndarray]
Bound = tuple[Fraction, list[str]]


def decimal(number: float) -> str:
    """A number with DECIMALS decimals.

    >>> decimal(0.25), decimal(-3)
    ('0.250000000000', '-3.000000000000')
    """
    return f"{number:.{DECIMALS}f}"


@dataclass(frozen=True)
class Region:
    """Points within `share` of themselves plus `points` each, which bounds all rises too; no other
    than the one at place `start` falls, none than that at `end` rises (None: all may)."""

    now: np.ndarray
    share: float
    points: float
    start: int | None = None
    end: int | None = None

    @cached_property
    def low(self) -> np.ndarray:
        least = np.maximum(self.now - self.share * self.now - self.points, 0.0)
        return np.where(self._may(self.start), least, self.now)

    @cached_property
    def high(self) -> np.ndarray:
        most = self.now + self.share * self.now + self.points
        return np.where(self._may(self.end), most, self.now)

    def _may(self, place: int | None) -> np.ndarray:
        return np.ones(self.now.size, bool) if place is None else np.arange(self.now.size) == place

    @property
    def budget(self) -> float:
        return float(self.share * self.now.sum() + self.points)


class Scores:
    """The scores of a run's units as floats; a cell of up to k lines counts their weighted sum."""

    def __init__(self, run: Run):
        place = {leaf: j for j, leaf in enumerate(run.now)}
        self.place: Mapping[str | None, int] = dict(place)
        self.now = np.array([float(p) for p in run.now.values()])
        self.blanks = {
            unit: [([place[j] for j in blank], [place[j] for j in live]) for blank, live in groups]
            for unit, groups in run.blanks.items()
        }
        self.cells, self.known = run.lines, dict[str, np.ndarray]()

    def lines(self, unit: str) -> np.ndarray:
        """Slopes, constants and weights (3, d, k) of a unit's cells."""
        if unit not in self.known:
            self.known[unit] = _lines(list(self.cells[unit].values()))
        return self.known[unit]

    def bound(self, units: Mapping[str, int], region: Region) -> Bound:
        """What Σ units[u]·score(u) is at most in a region, in points, and the multipliers."""
        ends = self._ends(units, region)
        every = itertools.product(*(self._ways(unit, region) for unit in units))
        marks = {unit: self._marks(unit, ends) for unit in units}
        values = np.stack(
            [
                sum(
                    sign * (c[:, None] * marks[unit] + e[:, None] * ends)
                    for (unit, sign), (c, e) in zip(units.items(), ways, strict=True)
                )
                for ways in every
            ]
        )
        levels, rises = self._candidates(values, region)
        tilted = values[:, None] - levels[:, None, None] * ends
        tilted = tilted - rises[:, None, None] * np.maximum(ends - self.now[:, None], 0)
        bounds = tilted.max(axis=-1).sum(axis=-1).max(axis=0)
        bounds = bounds + levels * self.now.sum() + rises * region.budget
        best = int(bounds.argmin())
        ticks = math.ceil(bounds[best] * PER_POINT) + SPARE
        return Fraction(ticks, PER_POINT), [decimal(levels[best]), decimal(rises[best])]

    def _candidates(self, values: np.ndarray, region: Region) -> tuple[np.ndarray, np.ndarray]:
        """Levels and rises (k,) to choose from; of `values` (ways, d, e) the first three ends are
        the least points, those now and the most."""
        low, now, high = region.low, self.now, region.high
        down, up = (
            np.divide(
                values[:, :, i + 1] - values[:, :, i],
                np.broadcast_to(room, values.shape[:2]),
                out=np.zeros(values.shape[:2]),
                where=room > 0,
            ).mean(axis=0)
            for i, room in enumerate((now - low, high - now))
        )
        if region.points == 0:
            slope = (down + up) / 2
            median = (np.abs(slope[:, None] - slope) @ now).argmin()
            return slope[[median]], np.zeros(1)
        falling, rising = down[now > low], up[high > now]
        levels = np.unique(np.concatenate([falling, rising, [0.0]]))
        return levels, np.maximum(rising.max(initial=-np.inf) - levels, 0)

    def _marks(self, unit: str, ends: np.ndarray) -> np.ndarray:
        """Leaf scores of a unit at points (d, e)."""
        slope, const, weight = (x[:, :, None] for x in self.lines(unit))
        cut = np.clip(slope * ends[:, None] + const, 0, ends[:, None])
        return np.asarray((weight * cut).sum(axis=1))

    def _ends(self, units: Mapping[str, int], region: Region) -> np.ndarray:
        """The least points, those now and the most, and where a leaf score bends (d, e)."""
        found = [region.low, self.now, region.high]
        for unit in units:
            for slope, const in zip(*self.lines(unit)[:2].transpose(0, 2, 1), strict=True):
                if const.any():
                    with np.errstate(divide="ignore", invalid="ignore"):
                        bends = [-const / slope, const / (1 - slope)]
                    found += [np.where(np.isfinite(x), x, self.now) for x in bends]
        ends = np.clip(np.stack(found, axis=1), region.low[:, None], region.high[:, None])
        return np.asarray(ends)

    def _ways(self, unit: str, region: Region) -> list[Way]:
        """The score as a sum of c·leaf + e·points, as the checker has it."""
        low, high, budget = region.low, region.high, region.budget
        ways = [((self.lines(unit)[2] > 0).any(axis=1).astype(float), np.zeros(low.size))]
        for blank, live in self.blanks.get(unit, []):
            (q, d), (few, rest), (many, full) = (
                [x[part].sum() for part in (blank, live)] for x in (self.now, low, high)
            )
            if full <= 0:
                continue
            fewest = max(rest, d - budget)
            if fewest <= 0:
                raise ValueError("no points to share out among")
            mean = self._marks(unit, high[:, None])[live].sum() / full
            least = max(few, q - budget) / min(full, d + budget)
            greatest = min(many, q + budget) / fewest
            ways = [_shared(way, blank, live, mean, w) for way in ways for w in (least, greatest)]
        return ways


def _shared(way: Way, blank: Sequence[int], live: Sequence[int], mean: float, w: float) -> Way:
    """A way with points of blanks shared out, w for each live point."""
    c, e = way[0].copy(), way[1].copy()
    c[blank], e[blank], c[live], e[live] = 0.0, mean, 1 + w, -w * mean
    return c, e


def _lines(cells: Sequence[Sequence[tuple[Fraction, Fraction]]]) -> np.ndarray:
    """Slopes, constants and weights (3, d, k) of a unit's cells."""
    found = np.zeros((3, len(cells), max(1, *map(len, cells))))
    for j, lines in enumerate(cells):
        for i, (slope, const) in enumerate(lines):
            found[:, j, i] = float(slope), float(const), 1 / len(lines)
    return found
