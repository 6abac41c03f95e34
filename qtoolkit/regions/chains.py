"""Exact, independent uniform draws from boxes of points in a given order whose sum is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import lgamma

import numpy as np

from qtoolkit.regions.sampling import POINT, tilted

PILOT = 1024  # proposals by which the coordinate that takes up the sum is chosen
STEPS = 40  # of the search for the tilt


@dataclass(frozen=True)
class Chains:
    """y₁ ≤ y₂ ≤ … ≤ y_n with lo ≤ y ≤ hi, drawn with density ∝ e^θΣy; the sum is free.

    The ends of all intervals cut the line into cells. Which variables lie in which cell is drawn
    from the exact weights Π (∫ e^θy over the cell)^m / m!, m variables in a cell, found by adding
    up cell after cell; within a cell m independent draws are put in order. All terms are positive:
    nothing cancels.

    Attributes
    ----------
    lo, hi : ndarray, (n,)
        Neither falls from one variable to the next.
    theta : float
    """

    lo: np.ndarray
    hi: np.ndarray
    theta: float

    @cached_property
    def edges(self) -> np.ndarray:
        return np.unique(np.concatenate([self.lo, self.hi]))

    @cached_property
    def _mass(self) -> np.ndarray:
        """log ∫ e^θy over each cell."""
        width, middle = np.diff(self.edges), (self.edges[1:] + self.edges[:-1]) / 2
        half = np.abs(self.theta) * width / 2
        safe = np.where(half < 1e-6, 1.0, half)
        bulge = np.where(
            half < 1e-6, 0.0, safe + np.log(-np.expm1(-2 * safe) / (2 * safe))
        )  # log(sinh(h)/h)
        return self.theta * middle + np.log(width) + bulge

    @cached_property
    def _tables(self) -> tuple[float, list[np.ndarray]]:
        """The logarithm of all weights added up; for each cell the logarithmic weights of
        (variables up to this cell, variables in it): (n + 1, most in it + 1)."""
        n, edges = self.lo.size, self.edges
        logs = np.full(n + 1, -np.inf)
        logs[0] = 0.0
        factorial = np.array([lgamma(m + 1) for m in range(n + 1)])
        tables = []
        for b, mass in enumerate(self._mass):
            fits = (self.lo <= edges[b]) & (
                self.hi >= edges[b + 1]
            )  # a run, as neither bound falls
            run = np.zeros(n + 1, int)  # how many variables up to the i-th fit, one after another
            run[1:] = np.where(fits, np.arange(1, n + 1) - np.argmax(fits), 0)
            m = np.arange(run.max() + 1)
            before = np.arange(n + 1)[:, None] - m
            terms = np.where(
                m <= run[:, None], logs[np.maximum(before, 0)] + m * mass - factorial[m], -np.inf
            )
            most = terms.max(axis=1)
            most = np.where(np.isfinite(most), most, 0.0)
            with np.errstate(divide="ignore"):
                logs = most + np.log(np.exp(terms - most[:, None]).sum(axis=1))
            tables.append(terms)
        return float(logs[n]), tables

    @property
    def log_volume(self) -> float:
        """log ∫ e^θΣy over all chains."""
        return self._tables[0]

    @cached_property
    def _lookup(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each cell, i + cumulative probability of the numbers in it, row after row, and the
        largest possible number."""
        found = []
        for terms in self._tables[1]:
            most = terms.max(axis=1, keepdims=True)
            share = np.exp(terms - np.where(np.isfinite(most), most, 0.0))
            total = share.sum(axis=1, keepdims=True)
            steps = np.cumsum(share, axis=1) / np.where(total > 0, total, 1.0)
            largest = np.where(share > 0, np.arange(share.shape[1]), 0).max(axis=1)
            steps[np.arange(share.shape[1]) >= largest[:, None]] = 1.0
            found.append(((np.arange(len(steps))[:, None] + steps).ravel(), largest))
        return found

    def sample(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """Independent draws, (rows, n)."""
        n, cells = self.lo.size, len(self.edges) - 1
        if n == 0:
            return np.empty((rows, 0))
        left = np.full(rows, n)  # variables that lie in this cell or below
        counts = np.zeros((rows, cells), int)
        for b in reversed(range(cells)):
            steps, largest = self._lookup[b]
            ways = len(steps) // (n + 1)
            at = np.searchsorted(steps, left + rng.random(rows), side="right") - left * ways
            counts[:, b] = np.clip(at, 0, largest[left])
            left -= counts[:, b]
        cell = np.repeat(np.tile(np.arange(cells), rows), counts.ravel()).reshape(rows, n)
        u, width = rng.random((rows, n)), np.diff(self.edges)[cell]
        y = self.edges[cell] + (u * width if self.theta == 0.0 else tilted(u, width, self.theta))
        y.sort(axis=1)
        return y


@dataclass(frozen=True)
class OrderedBox:
    """lo ≤ p ≤ hi, p rising along the columns, Σp = total: exact and independent uniform draws.

    All coordinates but one are drawn as a chain with its sum free (:class:`Chains`), that one takes
    up the sum, and a draw is kept if it fits. The map is linear, so what is kept is uniform. Among
    neighbours with the same interval the one that takes up the sum need not keep its place: put in
    order, each point comes out once for each of them. Tilted like
    :func:`qtoolkit.regions.sampling.box_simplex` where that keeps more.

    Attributes
    ----------
    lo, hi : ndarray, (d,)
    total : float
    """

    lo: np.ndarray
    hi: np.ndarray
    total: float

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The intervals, cut to what the order leaves of them."""
        return np.maximum.accumulate(self.lo), np.minimum.accumulate(self.hi[::-1])[::-1]

    @property
    def _near(self) -> float:
        return POINT * max(self.total, 1.0)

    @property
    def empty(self) -> bool:
        """Whether no points fit at all."""
        lo, hi = self.bounds
        tight = bool((lo > hi + self._near).any())
        return tight or lo.sum() > self.total + self._near or hi.sum() < self.total - self._near

    @cached_property
    def _free(self) -> np.ndarray:
        """Coordinates that can move: none where the sum leaves a single point."""
        lo, hi = self.bounds
        free = hi - lo > self._near
        if min(self.total - lo.sum(), hi.sum() - self.total) <= self._near or free.sum() < 2:
            free[:] = False
        return np.flatnonzero(free)

    @cached_property
    def _plan(self) -> tuple[float, int, int, int]:
        """θ, the place of the coordinate that takes up the sum, and the first and last place of its
        equals."""
        lo, hi = (bound[self._free] for bound in self.bounds)
        ends = np.flatnonzero(np.append((np.diff(lo) != 0) | (np.diff(hi) != 0), True))
        groups = list(zip(np.append(0, ends[:-1] + 1).tolist(), ends.tolist(), strict=True))
        plans = []
        for theta in (0.0, self._balance()):
            y = np.pad(
                Chains(lo, hi, theta).sample(np.random.default_rng(0), PILOT), ((0, 0), (1, 1))
            )
            y[:, 0], y[:, -1] = lo[0], hi[-1]
            room = [np.minimum(y[:, b + 2], hi[b]) - np.maximum(y[:, a], lo[a]) for a, b in groups]
            if theta != 0.0:  # what is left of it when kept with probability e^θ(x − end)
                room = [-np.expm1(-abs(theta) * r) / abs(theta) for r in room]
            worth = np.array([r.mean() for r in room])
            a, b = groups[int((worth >= worth.max() * (1 - 1e-9)).argmax())]  # the first of equals
            plans.append((theta, b, a, b))
        kept = [
            len(self._kept(np.random.default_rng(0), PILOT * 4, plan, self._others(plan)))
            for plan in plans
        ]
        return plans[1] if kept[1] > kept[0] else plans[0]

    def _balance(self) -> float:
        """θ at which the chain's sum is right on average: where log ∫ e^θΣy − θ·total, which is
        convex, is least."""
        lo, hi = (bound[self._free] for bound in self.bounds)
        need = self.total - self._fixed_sum
        reach = 2.0 * lo.size / min(need - lo.sum(), hi.sum() - need)
        golden = (np.sqrt(5) - 1) / 2
        a, b = -reach, reach
        for _ in range(STEPS):
            c, d = b - golden * (b - a), a + golden * (b - a)
            height = [Chains(lo, hi, theta).log_volume - theta * need for theta in (c, d)]
            a, b = (a, d) if height[0] < height[1] else (c, b)
        return (a + b) / 2

    @property
    def _fixed_sum(self) -> float:
        lo, hi = self.bounds
        fixed = np.setdiff1d(np.arange(lo.size), self._free)
        return float(((lo + hi) / 2)[fixed].sum())

    @cached_property
    def _chain(self) -> Chains:
        return self._others(self._plan)

    def _others(self, plan: tuple[float, int, int, int]) -> Chains:
        lo, hi = (np.delete(bound[self._free], plan[1]) for bound in self.bounds)
        return Chains(lo, hi, plan[0])

    def _kept(
        self, rng: np.random.Generator, rows: int, plan: tuple[float, int, int, int], chain: Chains
    ) -> np.ndarray:
        """What is kept of so many proposals: the coordinates that can move, (k, free)."""
        theta, place, first, last = plan
        lo, hi = (bound[self._free] for bound in self.bounds)
        need = self.total - self._fixed_sum
        y = chain.sample(rng, rows)
        x = need - y.sum(axis=1)
        least = np.maximum(lo[place], y[:, first - 1]) if first else np.full(rows, lo[place])
        most = np.minimum(hi[place], y[:, last]) if last + 1 < lo.size else np.full(rows, hi[place])
        keep = (x >= least) & (x <= most)
        if theta != 0.0:
            rest = np.delete(np.stack([lo, hi]), place, axis=1).sum(axis=1)
            end = min(hi[place], need - rest[0]) if theta > 0 else max(lo[place], need - rest[1])
            keep &= rng.random(rows) < np.exp(np.minimum(theta * (x - end), 0.0))
        kept = np.insert(y[keep], place, x[keep], axis=1)
        kept.sort(axis=1)
        return kept

    def proposed(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """What is kept of so many proposals, (k, d): uniform on the region."""
        lo, hi = self.bounds
        if self._free.size == 0:
            point = lo if self.total - lo.sum() <= self._near else hi
            return np.tile(point if (hi - lo > self._near).any() else (lo + hi) / 2, (rows, 1))
        kept = self._kept(rng, rows, self._plan, self._chain)
        p = np.tile((lo + hi) / 2, (len(kept), 1))
        p[:, self._free] = kept
        return p
