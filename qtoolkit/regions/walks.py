"""Hit-and-run over a polytope: draws that are uniform in the limit only, with the diagnostics of
their chains."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

WARM = 8  # times r², of r dimensions: steps of each chain that are thrown away
RECORDS = 200  # states of each chain by which the pilot run is judged
NEWTON = 100  # steps towards the centre
THINNEST = 16  # states are compared every r²/16 steps


def rounded(
    rows: np.ndarray, high: np.ndarray, basis: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The analytic centre of rows·p ≤ high, Σ log(high − rows·p) greatest, from an inner point; and
    directions (d, r) in which the region is about equally wide there: the axes of Dikin's
    ellipsoid."""
    p = start
    for _ in range(NEWTON):
        slack = high - rows @ p
        slopes = (rows @ basis) / slack[:, None]
        step = np.linalg.solve(slopes.T @ slopes, -slopes.sum(axis=0))
        falls = slopes @ step  # of the slacks, as shares of them
        far = float(np.linalg.norm(falls))
        p = p + (basis @ step) / (
            1.0 + far if far > 0.25 else 1.0
        )  # damped: each step stays inside and gains
        if np.abs(falls).max() < 1e-6:
            break
    slopes = (rows @ basis) / (high - rows @ p)[:, None]
    values, axes = np.linalg.eigh(slopes.T @ slopes)
    return p, basis @ (axes / np.sqrt(values))


@dataclass(frozen=True)
class Walk:
    """Chains that start at `starts` and take, again and again, a random direction and a uniform
    point on the chord.

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
        """Steps between draws, the greatest R̂ of any coordinate (Gelman & Rubin 1992), and the
        least share of draws that are as good as independent."""
        rng, r = np.random.default_rng(0), self.basis.shape[1]
        every = max(1, r * r // THINNEST)
        p = self._stepped(rng, self.starts, WARM * r * r)
        seen = np.empty((RECORDS, *p.shape))
        for i in range(RECORDS):
            seen[i] = p = self._stepped(rng, p, every)
        seen = seen[:, :, np.ptp(seen, axis=(0, 1)) > 0]
        within, between = (
            seen.var(axis=0, ddof=1).mean(axis=0),
            seen.mean(axis=0).var(axis=0, ddof=1),
        )
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
        p = self._stepped(rng, self.starts, WARM * self.basis.shape[1] ** 2)
        drawn = []
        for _ in range(-(-m // len(p))):
            p = self._stepped(rng, p, self.pilot[0])
            drawn.append(p)
        return np.concatenate(drawn)[:m]
