"""Scores as whole ticks of 1e-10 points: the only place where a float becomes comparable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

TICK = 1e-10
PER_POINT = 10**10
DECIMALS = 10
UNREACHABLE = np.int64(2**62)  # a threshold that no score reaches
NO_LINE = -UNREACHABLE  # a cutoff that every score reaches: there is none


def to_ticks(points: ArrayLike) -> np.ndarray:
    """Points to ticks, int64.

    The largest error of a float sum at total 1,000 and 100 leaves is 2e-13, far below half a tick,
    so two sums that are equal on paper are equal in ticks; only where they lie at half a tick
    (points and shares with more than ten decimals together) they may come out one tick apart.
    """
    return np.rint(np.asarray(points, dtype=float) * PER_POINT).astype(np.int64)


def ticks_of(points: np.ndarray) -> np.ndarray:
    """The same for an array of floats that is not needed any more: it is overwritten."""
    points *= PER_POINT
    return np.rint(points, out=points).astype(np.int64)


def from_ticks(ticks: ArrayLike) -> np.ndarray:
    """Ticks to points."""
    return np.asarray(ticks) / PER_POINT


@dataclass(frozen=True)
class Rounding:
    """Decimals kept (0 to 8) and how: half up (−0.5 gives 0) or floor."""

    decimals: int
    half_up: bool = True

    @property
    def step(self) -> int:
        """The size of a rounding step in ticks."""
        return 10 ** (DECIMALS - self.decimals)

    def ticks(self, ticks: np.ndarray) -> np.ndarray:
        """Round ticks, exactly.

        >>> from qtoolkit.engine.ticks import from_ticks
        >>> from_ticks(Rounding(0).ticks(to_ticks([89.5, 89.4999999999, -0.5]))).tolist()
        [90.0, 89.0, 0.0]
        """
        return (ticks + (self.step // 2 if self.half_up else 0)) // self.step * self.step

    def points(self, points: np.ndarray) -> np.ndarray:
        """Round points by way of ticks."""
        return from_ticks(self.ticks(to_ticks(points)))
