"""Regions of points bound to one scheme: extremes of linear functions, the same as linear
constraints, uniform draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtoolkit.engine.box import deviation, greedy
from qtoolkit.engine.core import Tree
from qtoolkit.errors import InputError
from qtoolkit.language import Text, say
from qtoolkit.regions.sampling import box_simplex
from qtoolkit.solver import System, attained

NEAR = 1e-9  # how far outside, as a share of the total, still counts as inside
TIE = 2e-14  # values this close, as a share of the largest, are the same
UNIFORM = Text("在该范围内均匀分布", "uniform on the region")
EXACT = Text("各次抽样相互独立，不作近似", "drawn exactly and independently")
Seed = int | np.random.Generator


class Area(ABC):
    """What the points may be. `lo` and `hi` (d,) are the least and greatest of each leaf; Σp =
    total everywhere."""

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
        return np.array([s.transform @ attained(-(row @ s.transform), s) for row in c]).reshape(
            len(c), self.d
        )

    def span(self, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest c·p of each row of c (n, d)."""
        return tuple(sign * (sign * c * self.maximise(sign * c)).sum(axis=1) for sign in (-1, 1))

    def contains(self, p: np.ndarray) -> np.ndarray:
        """Which rows of p (m, d) lie in the region: bool (m,)."""
        raise self.refusal

    def sample(self, m: int, seed: Seed = 0) -> np.ndarray:
        """m draws (m, d), from a seed or a generator, distributed as `measure` says, in the way
        that `method` says."""
        raise self.refusal

    measure: Text = UNIFORM
    """How draws are distributed over the region."""

    @property
    def method(self) -> Text:
        """How they are made."""
        return EXACT

    @property
    def independent(self) -> float:
        """The least share of the draws that are as good as independent ones."""
        return 1.0

    @property
    def proposes(self) -> bool:
        """Whether :meth:`propose` can be called."""
        return False

    def propose(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """At most so many draws, uniform on the region whatever `measure` says: proposals for an
        intersection with it."""
        raise self.refusal

    @property
    @abstractmethod
    def key(self) -> tuple[Hashable, ...]:
        """What tells this region from others: equal keys, equal regions. Sorts them, too."""

    @property
    def faces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """rows·p ≤ high (k, d) and (k,), and the rows whose value is the same everywhere (e, d)."""
        return faces_of(self.system)

    @property
    def refusal(self) -> InputError:
        text = say(
            zh="该浮动范围没有精确的均匀抽样方法，请换用其他范围",
            en="this region has no exact way to draw uniformly; use another",
        )
        return InputError(text)

    @property
    def near(self) -> float:
        return NEAR * max(self.total, 1.0)


def faces_of(s: System) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`Area.faces` of a system in the points themselves."""
    rows = np.concatenate([np.eye(len(s.lo)), s.rows])
    low, high = np.append(s.lo, s.low), np.append(s.hi, s.high)
    fixed = high <= low
    upper, lower = ~fixed & np.isfinite(high), ~fixed & np.isfinite(low)
    return (
        np.concatenate([rows[upper], -rows[lower]]),
        np.append(high[upper], -low[lower]),
        rows[fixed],
    )


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

    def maximise(self, c: np.ndarray) -> np.ndarray:
        return greedy(c, self.low, self.high, self.total)

    def span(self, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.centre is None:
            return super().span(c)
        middle = c @ self.centre
        reach = self.relative * deviation(c, self.centre)
        return middle - reach, middle + reach

    def contains(self, p: np.ndarray) -> np.ndarray:
        near = self.near
        return np.all((p >= self.low - near) & (p <= self.high + near), axis=1)

    def sample(self, m: int, seed: Seed = 0) -> np.ndarray:
        return box_simplex(np.random.default_rng(seed), self.low, self.high, self.total, m)

    proposes = True

    def propose(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        return box_simplex(rng, self.low, self.high, self.total, rows)

    @property
    def key(self) -> tuple[Hashable, ...]:
        return type(self).__name__, self.low.tobytes(), self.high.tobytes()


@dataclass(frozen=True)
class Bands:
    """Several boxes around the same points, centre·(1 ± relative), looked at together.

    relative : (B,)
    lo, hi : (B, 1, d), the ends of each
    """

    centre: np.ndarray
    relative: np.ndarray

    @cached_property
    def total(self) -> float:
        return float(self.centre.sum())

    @cached_property
    def lo(self) -> np.ndarray:
        return np.maximum(self.centre - self._width, 0.0)

    @cached_property
    def hi(self) -> np.ndarray:
        return self.centre + self._width

    @property
    def _width(self) -> np.ndarray:
        return self.centre * self.relative[:, None, None]

    def __iter__(self) -> Iterator[BoxArea]:
        for lo, hi, relative in zip(self.lo[:, 0], self.hi[:, 0], self.relative, strict=True):
            yield BoxArea(lo, hi, self.total, self.centre, float(relative))

    def span(self, c: np.ndarray, band: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest c·p of each row of c (B, n, d) over each box; or of rows (r,
        d), each over the box of the number given, (r,)."""
        middle = c @ self.centre
        width = self.relative[:, None] if band is None else self.relative[band]
        reach = width * deviation(c, self.centre)
        return middle - reach, middle + reach


@dataclass(frozen=True)
class TreeArea(Area):
    """Each node's share of its parent's points lies in its own interval; what the children share
    out is kept."""

    tree: Tree
    points: np.ndarray
    total: float
    bands: tuple[float, ...]

    @cached_property
    def groups(self) -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """For each inner node, children before parents: its number, its children, their least and
        greatest share."""
        d, whole = len(self.points), list(self.points)
        depth = {d + len(self.tree.children) - 1: 0}
        for i in reversed(range(len(self.tree.children))):
            depth |= {c: depth[d + i] + 1 for c in self.tree.children[i]}
        found = []
        for i, children in enumerate(self.tree.children):
            own = np.array([whole[c] for c in children])
            share = own / own.sum() if own.sum() > 0 else np.full(len(own), 1 / len(own))
            band = self.bands[min(depth[d + i], len(self.bands) - 1)]
            found.append(
                (d + i, np.array(children), share * (1 - band), np.minimum(share * (1 + band), 1.0))
            )
            whole.append(own.sum())
        return found

    def maximise(self, c: np.ndarray) -> np.ndarray:
        """Bottom-up: the best that one point does inside each node, by the greedy rule; then shares
        top-down."""
        best, shares = list(c.T), {}
        for node, children, lo, hi in self.groups:
            worth = np.stack([best[j] for j in children], axis=1)
            shares[node] = greedy(worth, lo, hi, 1.0)
            best.append((worth * shares[node]).sum(axis=1))
        return self._leaves(shares, len(c))

    def _leaves(self, shares: dict[int, np.ndarray], m: int) -> np.ndarray:
        return self._all(shares, m)[:, : len(self.points)]

    def _all(self, shares: dict[int, np.ndarray], m: int) -> np.ndarray:
        """Points of the leaves and of the inner nodes, (m, all)."""
        points = np.empty((m, len(self.points) + len(self.groups)))
        points[:, -1] = self.total
        for node, children, _, _ in reversed(self.groups):
            points[:, children] = points[:, [node]] * shares[node]
        return points

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
        return System(
            np.eye(d), np.zeros(d), np.full(d, self.total), np.array([*rows, np.ones(d)]), low, high
        )

    def contains(self, p: np.ndarray) -> np.ndarray:
        s, near = self.system, self.near
        value = p @ s.rows.T
        return ((value >= s.low - near) & (value <= s.high + near)).all(axis=1) & (p >= -near).all(
            axis=1
        )

    def sample(self, m: int, seed: Seed = 0) -> np.ndarray:
        return self._leaves(self._shares(m, np.random.default_rng(seed)), m)

    def _shares(self, m: int, rng: np.random.Generator) -> dict[int, np.ndarray]:
        return {node: box_simplex(rng, lo, hi, 1.0, m) for node, _, lo, hi in self.groups}

    measure = Text(
        "每组同级指标在上级指标内的占比各自均匀分布（分值本身并非均匀分布）",
        "the shares within each group of siblings uniform, each group by itself (the points "
        "themselves are not)",
    )
    proposes = True

    @cached_property
    def _freedoms(self) -> list[tuple[int, int, float]]:
        """Inner nodes below the root: number, dimensions in which its children's shares move, the
        most points it can have."""
        found, below = [], {j: np.eye(len(self.points))[j] for j in range(len(self.points))}
        for node, children, lo, hi in self.groups:
            below[node] = np.sum([below[c] for c in children], axis=0)
            found.append(
                (node, max(int((hi > lo).sum()) - 1, 0), float(self.span(below[node][None])[1][0]))
            )
        return [each for each in found[:-1] if each[1] > 0]

    def propose(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        """Draws of the shares have the density Π P^−k in the points, P the points of an inner node
        and k the dimensions of its children's shares: kept with probability Π (P / most)^k they are
        uniform."""
        shares = self._shares(rows, rng)
        nodes = self._all(shares, rows)
        chance = np.ones(rows)
        for node, freedom, most in self._freedoms:
            chance *= (nodes[:, node] / most) ** freedom
        return nodes[rng.random(rows) < chance, : len(self.points)]

    @property
    def key(self) -> tuple[Hashable, ...]:
        return type(self).__name__, self.bands, self.points.tobytes()


@dataclass(frozen=True)
class HullArea(Area):
    """All mixtures of the rows of `vertices` (k, d)."""

    vertices: np.ndarray
    total: float

    @cached_property
    def system(self) -> System:
        k = len(self.vertices)
        return System(
            self.vertices.T, np.zeros(k), np.ones(k), np.ones((1, k)), np.ones(1), np.ones(1)
        )

    def maximise(self, c: np.ndarray) -> np.ndarray:
        value = c @ self.vertices.T
        scale = np.abs(c).max(axis=1, keepdims=True) * self.total
        # the first of equals
        return self.vertices[
            (value >= value.max(axis=1, keepdims=True) - TIE * scale).argmax(axis=1)
        ]

    def contains(self, p: np.ndarray) -> np.ndarray:
        from scipy.optimize import nnls

        if self.proposes:
            share = np.maximum(self._mixes(p), 0.0)
            inside = np.linalg.norm(share @ self.vertices - p, axis=1) <= 10 * self.near
            doubt = np.flatnonzero(
                ~inside & (np.linalg.norm(share @ self.vertices - p, axis=1) <= 1e3 * self.near)
            )
        else:
            inside, doubt = np.zeros(len(p), bool), np.arange(len(p))
        mix = np.vstack([self.vertices.T, np.full(len(self.vertices), self.total)])
        inside[doubt] = [
            nnls(mix, np.append(point, self.total))[1] <= 10 * self.near for point in p[doubt]
        ]
        return inside

    @cached_property
    def proposes(self) -> bool:
        """Whether every point is one mixture alone: then uniform mixtures are uniform points."""
        return (
            np.linalg.matrix_rank(self.vertices[1:] - self.vertices[0], tol=self.near)
            == len(self.vertices) - 1
        )

    @cached_property
    def _inverse(self) -> np.ndarray:
        """(d + 1, k): a point and the total, times this, are the mixture of an affinely independent
        set of vertices."""
        return np.linalg.pinv(
            np.column_stack([self.vertices, np.full(len(self.vertices), self.total)])
        )

    def _mixes(self, p: np.ndarray) -> np.ndarray:
        return np.column_stack([p, np.full(len(p), self.total)]) @ self._inverse

    def propose(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        return HullArea.sample(self, rows, rng)

    @property
    def faces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if not self.proposes:
            raise self.refusal
        k, d = self.vertices.shape
        flat = np.linalg.svd(self.vertices - self.vertices.mean(axis=0))[2][k - 1 :]
        return -self._inverse[:d].T, self.total * self._inverse[d], flat.reshape(-1, d)

    @property
    def key(self) -> tuple[Hashable, ...]:
        return type(self).__name__, self.vertices.tobytes()

    def sample(self, m: int, seed: Seed = 0) -> np.ndarray:
        if not self.proposes:
            raise self.refusal
        return np.random.default_rng(seed).dirichlet(np.ones(len(self.vertices)), m) @ self.vertices

    @property
    def refusal(self) -> InputError:
        text = say(
            zh="各组分值线性相关，其凸包没有精确的均匀抽样方法",
            en="the vectors depend on each other: their hull has no exact way to draw uniformly",
        )
        return InputError(text)


class SimplexArea(HullArea):
    """All points of 0 or more."""


@dataclass(frozen=True)
class OrderArea(HullArea):
    """Points that do not rise along `order`, the leaves' numbers."""

    order: tuple[int, ...]


@dataclass(frozen=True)
class NoiseArea(HullArea):
    """The simplex of the leaves that have points now, drawn from a Dirichlet distribution with the
    means `centre`; `strength` is the sum of its parameters."""

    centre: np.ndarray
    strength: float

    measure = Text(
        "狄利克雷分布，均值为现行分值",
        "a Dirichlet distribution whose means are the present points",
    )
    proposes = False

    @property
    def key(self) -> tuple[Hashable, ...]:
        return type(self).__name__, self.strength, self.centre.tobytes()

    @property
    def no_share(self) -> InputError:
        """Why nothing can be drawn from an intersection with it."""
        text = say(
            zh="Dirichlet 是一种随机分布而不是范围，不能与其他范围取交集抽样；请单独使用，或改用 "
            "Box 等范围",
            en="Dirichlet is a distribution, not a set of points: nothing can be drawn from its "
            "intersection with a region; "
            "use it alone, or a region such as Box instead",
        )
        return InputError(text)

    def sample(self, m: int, seed: Seed = 0) -> np.ndarray:
        rng, moving = np.random.default_rng(seed), self.centre > 0
        p = np.zeros((m, self.centre.size))
        p[:, moving] = (
            rng.dirichlet(self.strength * self.centre[moving] / self.total, m) * self.total
        )
        return p
