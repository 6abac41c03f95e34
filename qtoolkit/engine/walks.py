"""Hit-and-run over a polytope: draws that are uniform in the limit only, with the diagnostics of their chains."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

WARM = 20  # steps of each chain that are thrown away, per dimension
RECORDS = 200  # states of each chain by which the pilot run is judged
THINNEST = 8  # states are compared every so many parts of a dimension


@dataclass(frozen=True)
class Walk:
    """Chains that start at `starts` and take, again and again, a random direction and a uniform point on the chord.

    Attributes
    ----------
    rows, high : ndarray, (k, d) and (k,)
        The polytope: rows·p ≤ high.
    basis : ndarray, (d, r)
        Directions in which points may move.
    starts : ndarray, (c, d)
        Inner points, far apart: one for each chain.
    """

    rows: np.ndarray
    high: np.ndarray
    basis: np.ndarray
    starts: np.ndarray

    @cached_property
    def _slopes(self) -> np.ndarray:
        return self.rows @ self.basis

    def _stepped(self, rng: np.random.Generator, p: np.ndarray, steps: int) -> np.ndarray:
        """The chains' states (c, d) after so many steps."""
        slack = self.high - p @ self.rows.T
        for _ in range(steps):
            ways = rng.standard_normal((len(p), self.basis.shape[1]))
            falls = ways @ self._slopes.T
            with np.errstate(divide="ignore", invalid="ignore"):
                reach = np.maximum(slack, 0.0) / falls
            ahead = np.where(falls > 0, reach, np.inf).min(axis=1)
            back = np.where(falls < 0, reach, -np.inf).max(axis=1)
            far = (back + (ahead - back) * rng.random(len(p)))[:, None]
            p = p + far * (ways @ self.basis.T)
            slack = slack - far * falls
        return p

    @cached_property
    def pilot(self) -> tuple[int, float, float]:
        """Steps between draws, the greatest R̂ of any coordinate (Gelman & Rubin 1992), and the least share of draws that
        are as good as independent."""
        rng, r = np.random.default_rng(0), self.basis.shape[1]
        every = max(1, r // THINNEST)
        p = self._stepped(rng, self.starts, WARM * r)
        seen = np.empty((RECORDS, *p.shape))
        for i in range(RECORDS):
            seen[i] = p = self._stepped(rng, p, every)
        seen = seen[:, :, np.ptp(seen, axis=(0, 1)) > 0]
        within, between = seen.var(axis=0, ddof=1).mean(axis=0), seen.mean(axis=0).var(axis=0, ddof=1)
        ratio = np.sqrt((RECORDS - 1) / RECORDS + between / within)
        away = seen - seen.mean(axis=(0, 1))
        variance = (away**2).mean(axis=(0, 1))
        lag, drag = 1, np.inf
        while lag < RECORDS // 4:
            drag = float(((away[lag:] * away[:-lag]).mean(axis=(0, 1)) / variance).max())
            if drag < 0.05:
                break
            lag += 1
        drag = min(max(drag, 0.0), 0.99)
        return lag * every, float(ratio.max()), (1 - drag) / (1 + drag)

    def sample(self, rng: np.random.Generator, m: int) -> np.ndarray:
        """m draws, (m, d): as many of each chain, the chains' first steps thrown away."""
        p = self._stepped(rng, self.starts, WARM * self.basis.shape[1])
        drawn = []
        for _ in range(-(-m // len(p))):
            p = self._stepped(rng, p, self.pilot[0])
            drawn.append(p)
        return np.concatenate(drawn)[:m]
