"""Regions of points bound to one scheme: extremes of linear functions, the same as linear constraints, uniform draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtoolkit.engine.box import deviation, greedy
from qtoolkit.engine.core import Tree
from qtoolkit.engine.sampling import box_simplex
from qtoolkit.errors import InputError, WorkError
from qtoolkit.language import say
from qtoolkit.solver import System, linear_program

NEAR = 1e-9  # how far outside, as a share of the total, still counts as inside
TRIES = 200  # batches of proposals before rejection is given up


class Area(ABC):
    """What the points may be. `lo` and `hi` (d,) are the least and greatest of each leaf; Σp = total everywhere."""

    total: float

    @cached_property
    def lo(self) -> np.ndarray:
        return self.span(np.eye(self.d))[0] + 0.0  # −0 would divide to −∞

    @cached_property
    def hi(self) -> np.ndarray:
        return self.span(np.eye(self.d))[1]

    @property
    @abstractmethod
    def system(self) -> System:
        """The region as a linear system."""

    @property
    def d(self) -> int:
        return len(self.system.transform)

    def maximise(self, c: np.ndarray) -> np.ndarray:
        """For each row of c (n, d), points at which c·p is greatest: (n, d)."""
        s = self.system
        return np.array([s.transform @ linear_program(-(row @ s.transform), s) for row in c]).reshape(len(c), self.d)

    def span(self, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest c·p of each row of c (n, d)."""
        return tuple(sign * (sign * c * self.maximise(sign * c)).sum(axis=1) for sign in (-1, 1))

    def contains(self, p: np.ndarray) -> np.ndarray:
        """Which rows of p (m, d) lie in the region: bool (m,)."""
        raise self.refusal

    def sample(self, m: int, seed: int | np.random.Generator = 0) -> np.ndarray:
        """m independent uniform draws (m, d), from a seed or a generator."""
        raise self.refusal

    @property
    def refusal(self) -> InputError:
        text = say(
            zh="该浮动范围没有精确的均匀抽样方法，请换用其他范围",
            en="this region has no exact way to draw uniformly; use another",
        )
        return InputError(text)

    def _near(self) -> float:
        return NEAR * max(self.total, 1.0)


@dataclass(frozen=True)
class BoxArea(Area):
    """lo ≤ p ≤ hi. `centre` and `relative` are given where the box is centre·(1 ± relative)."""

    low: np.ndarray
    high: np.ndarray
    total: float
    centre: np.ndarray | None = None
    relative: float = 0.0

    lo = property(lambda self: self.low)
    hi = property(lambda self: self.high)

    @cached_property
    def system(self) -> System:
        d = len(self.low)
        total = np.array([self.total])
        return System(np.eye(d), self.low, self.high, np.ones((1, d)), total, total)

    def maximise(self, c):
        return greedy(c, self.low, self.high, self.total)

    def span(self, c):
        if self.centre is None:
            return super().span(c)
        middle = c @ self.centre
        reach = self.relative * deviation(c, self.centre)
        return middle - reach, middle + reach

    def contains(self, p):
        near = self._near()
        return ((p >= self.low - near) & (p <= self.high + near)).all(axis=1)

    def sample(self, m, seed=0):
        return box_simplex(np.random.default_rng(seed), self.low, self.high, self.total, m)


@dataclass(frozen=True)
class TreeArea(Area):
    """Each node's share of its parent's points lies in its own interval; what the children share out is kept."""

    tree: Tree
    points: np.ndarray
    total: float
    bands: tuple[float, ...]

    @cached_property
    def groups(self) -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """For each inner node, children before parents: its number, its children, their least and greatest share."""
        d, whole = len(self.points), list(self.points)
        depth = {d + len(self.tree.children) - 1: 0}
        for i in reversed(range(len(self.tree.children))):
            depth |= {c: depth[d + i] + 1 for c in self.tree.children[i]}
        found = []
        for i, children in enumerate(self.tree.children):
            own = np.array([whole[c] for c in children])
            share = own / own.sum() if own.sum() > 0 else np.full(len(own), 1 / len(own))
            band = self.bands[min(depth[d + i], len(self.bands) - 1)]
            found.append((d + i, np.array(children), share * (1 - band), np.minimum(share * (1 + band), 1.0)))
            whole.append(own.sum())
        return found

    def maximise(self, c):
        """Bottom-up: the best that one point does inside each node, by the greedy rule; then shares top-down."""
        best, shares = list(c.T), {}
        for node, children, lo, hi in self.groups:
            worth = np.stack([best[j] for j in children], axis=1)
            shares[node] = greedy(worth, lo, hi, 1.0)
            best.append((worth * shares[node]).sum(axis=1))
        return self._leaves(shares, len(c))

    def _leaves(self, shares: dict[int, np.ndarray], m: int) -> np.ndarray:
        points = np.empty((m, len(self.points) + len(self.groups)))
        points[:, -1] = self.total
        for node, children, _, _ in reversed(self.groups):
            points[:, children] = points[:, [node]] * shares[node]
        return points[:, : len(self.points)]

    @cached_property
    def system(self) -> System:
        d = len(self.points)
        below = [*np.eye(d)]
        rows = []
        for _, children, lo, hi in self.groups:
            whole = np.sum([below[c] for c in children], axis=0)
            rows += [below[c] - h * whole for c, h in zip(children, hi, strict=True)]
            rows += [least * whole - below[c] for c, least in zip(children, lo, strict=True)]
            below.append(whole)
        low = np.append(np.full(len(rows), -np.inf), self.total)
        high = np.append(np.zeros(len(rows)), self.total)
        return System(np.eye(d), np.zeros(d), np.full(d, self.total), np.array([*rows, np.ones(d)]), low, high)

    def contains(self, p):
        s, near = self.system, self._near()
        value = p @ s.rows.T
        return ((value >= s.low - near) & (value <= s.high + near)).all(axis=1) & (p >= -near).all(axis=1)

    def sample(self, m, seed=0):
        rng = np.random.default_rng(seed)
        return self._leaves({node: box_simplex(rng, lo, hi, 1.0, m) for node, _, lo, hi in self.groups}, m)


@dataclass(frozen=True)
class HullArea(Area):
    """All mixtures of the rows of `vertices` (k, d)."""

    vertices: np.ndarray
    total: float

    @cached_property
    def system(self) -> System:
        k = len(self.vertices)
        return System(self.vertices.T, np.zeros(k), np.ones(k), np.ones((1, k)), np.ones(1), np.ones(1))

    def maximise(self, c):
        return self.vertices[(c @ self.vertices.T).argmax(axis=1)]

    def contains(self, p):
        from scipy.optimize import nnls

        mix = np.vstack([self.vertices.T, np.full(len(self.vertices), self.total)])
        return np.array([nnls(mix, np.append(point, self.total))[1] <= 10 * self._near() for point in p], bool)

    def sample(self, m, seed=0):
        k = len(self.vertices)
        if np.linalg.matrix_rank(self.vertices[1:] - self.vertices[0], tol=self._near()) < k - 1:
            raise self.refusal  # mixtures are uniform only where every point is one mixture alone
        return np.random.default_rng(seed).dirichlet(np.ones(k), m) @ self.vertices

    @property
    def refusal(self) -> InputError:
        text = say(
            zh="各组分值线性相关，其凸包没有精确的均匀抽样方法",
            en="the vectors depend on each other: their hull has no exact way to draw uniformly",
        )
        return InputError(text)


@dataclass(frozen=True)
class NoiseArea(HullArea):
    """The whole simplex, drawn from a Dirichlet distribution with the means `centre`; `strength` is the sum of its
    parameters."""

    centre: np.ndarray
    strength: float

    def sample(self, m, seed=0):
        rng, moving = np.random.default_rng(seed), self.centre > 0
        p = np.zeros((m, self.centre.size))
        p[:, moving] = rng.dirichlet(self.strength * self.centre[moving] / self.total, m) * self.total
        return p


@dataclass(frozen=True)
class MeetArea(Area):
    """What lies in every one of several regions."""

    members: tuple[Area, ...]
    total: float

    @cached_property
    def system(self) -> System:
        parts = [area.system for area in self.members]
        sizes = [p.lo.size for p in parts]
        width, start = sum(sizes), np.cumsum([0, *sizes])

        def padded(matrix: np.ndarray, i: int) -> np.ndarray:
            wide = np.zeros((len(matrix), width))
            wide[:, start[i] : start[i + 1]] = matrix
            return wide

        rows = [padded(p.rows, i) for i, p in enumerate(parts)]
        low, high = [p.low for p in parts], [p.high for p in parts]
        for i in range(1, len(parts)):
            rows.append(padded(parts[0].transform, 0) - padded(parts[i].transform, i))
            low.append(np.zeros(len(rows[-1])))
            high.append(np.zeros(len(rows[-1])))
        whole = System(
            padded(parts[0].transform, 0), np.concatenate([p.lo for p in parts]), np.concatenate([p.hi for p in parts]),
            np.concatenate(rows), np.concatenate(low), np.concatenate(high),
        )  # fmt: skip
        if linear_program(np.zeros(width), whole) is None:
            raise InputError(say(zh="几个浮动范围没有交集", en="the regions have no points in common"))
        return whole

    def contains(self, p):
        return np.logical_and.reduce([area.contains(p) for area in self.members])

    def sample(self, m, seed=0):
        """Draws from the first member that can, those kept that lie in all others: uniform by rejection."""
        draw, rest = self._proposal()
        rng = np.random.default_rng(seed)
        kept, found, batch = [], 0, max(m, 1024)
        for _ in range(TRIES):
            p = draw(batch, rng)
            inside = p[np.logical_and.reduce([area.contains(p) for area in rest])]
            kept.append(inside)
            found += len(inside)
            if found >= m:
                return np.concatenate(kept)[:m]
        raise WorkError(
            say(
                zh="几个浮动范围的交集太小，{n}次抽样只有{k}次落入，无法抽样",
                en="the regions have too little in common: of {n} draws only {k} lie in all",
                n=TRIES * batch, k=found,
            )
        )

    def _proposal(self) -> tuple[Callable[[int, np.random.Generator], np.ndarray], list[Area]]:
        for area in self.members:
            try:
                area.sample(1)
            except InputError:
                continue
            return area.sample, [other for other in self.members if other is not area]
        raise self.refusal


