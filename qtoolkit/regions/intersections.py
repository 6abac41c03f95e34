"""Intersections of regions, bound to one scheme. They are drawn from uniformly, in whatever order
they are written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from qtoolkit.errors import InputError
from qtoolkit.language import Text, say
from qtoolkit.regions.bound import (
    EXACT,
    Area,
    BoxArea,
    NoiseArea,
    OrderArea,
    Seed,
    SimplexArea,
    TreeArea,
    faces_of,
)
from qtoolkit.regions.chains import OrderedBox
from qtoolkit.regions.walks import Walk, rounded
from qtoolkit.solver import System, linear_program

PILOT = 4096  # proposals by which the ways to draw are compared; also proposals at a time
FEWEST = 8  # of them that must be kept for exact draws
DEAR = PILOT / 150_000  # times d²: of proposals by chains of d points, dearer than others
WALKERS = 64  # chains of a walk
WORST = 1.1  # R̂ beyond which chains are not to be relied on
INWARD = 0.5  # how far from the middle towards the ends of the region chains start

Propose = Callable[[np.random.Generator, int], np.ndarray]
SomeArea = TypeVar("SomeArea", bound=Area)


def meet(areas: Sequence[Area]) -> Area:
    """The intersection, the same object whatever the order of `areas`: boxes are made one box, a
    box and an order one."""
    total = areas[0].total
    kinds = (BoxArea, OrderArea, SimplexArea)
    rest = _distinct([area for area in areas if not isinstance(area, kinds)])
    orders = _distinct([area for area in areas if isinstance(area, OrderArea)])
    boxes = [area for area in areas if isinstance(area, BoxArea)]
    box = [_one_box(boxes)] if boxes else []
    members: list[Area] = [*box, *orders, *rest]
    if box and len(orders) == 1:
        members = [_ordered(box[0], orders[0]), *rest]
    if not members:  # simplexes alone
        return areas[0]
    if len(members) == 1 and not any(isinstance(area, TreeArea | NoiseArea) for area in rest):
        return members[0]
    return MeetArea(tuple(members), total)


def _distinct(areas: Sequence[SomeArea]) -> list[SomeArea]:
    """Each region once, in an order of their own."""
    return [area for _, area in sorted({area.key: area for area in areas}.items())]


def _one_box(boxes: Sequence[BoxArea]) -> BoxArea:
    low, high = (
        np.max([box.low for box in boxes], axis=0),
        np.min([box.high for box in boxes], axis=0),
    )
    for box in boxes:  # one inside all others stays what it is
        if (
            (box.low == low).all()
            and (box.high == high).all()
            and (box.centre is not None or len(boxes) == 1)
        ):
            return box
    if (
        (low > high).any()
        or low.sum() > boxes[0].total + boxes[0].near
        or high.sum() < boxes[0].total - boxes[0].near
    ):
        raise _nothing()
    return BoxArea(low, high, boxes[0].total)


def _ordered(box: BoxArea, order: OrderArea) -> ChainArea:
    area = ChainArea(box.low, box.high, order, box.total)
    if area.fitted.empty:
        raise _nothing()
    return area


def _nothing() -> InputError:
    return InputError(say(zh="几个浮动范围没有交集", en="the regions have no points in common"))


def _astray(ratio: float) -> InputError:
    text = say(
        zh="该浮动范围没有可行的精确抽样方法，近似的随机行走又不收敛（R̂为{ratio:.2f}，应不超过{worst}），不能抽样；请换用其他范围",
        en="this region has no practical exact way to draw, and approximate chains do not come "
        "to agree (R̂ is {ratio:.2f}, "
        "expected at most {worst}): nothing is drawn; use another region",
        ratio=ratio,
        worst=WORST,
    )
    return InputError(text)


class Proposed(Area):
    """Uniform draws by rejection: of several ways to propose points the one that keeps most; where
    all keep too few, by hit-and-run, which is called approximate."""

    @property
    @abstractmethod
    def ways(self) -> list[Propose]:
        """Each makes so many proposals and returns those kept: uniform on the region."""

    @cached_property
    def _best(self) -> int | None:
        """Which way keeps most for what it costs (the first of equals), None if none keeps
        enough."""
        worth = [
            len(way(np.random.default_rng(0), PILOT)) / least
            for way, least in zip(self.ways, self.least, strict=True)
        ]
        return int(np.argmax(worth)) if max(worth, default=0) >= 1 else None

    @property
    def least(self) -> list[float]:
        """How many of PILOT proposals each way must keep."""
        return [FEWEST] * len(self.ways)

    def sample(self, m: int, seed: Seed = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        if self._best is None:
            return self.walk.sample(rng, m)
        drawn, found = [], 0
        while found < m:
            drawn.append(self.propose(rng, PILOT))
            found += len(drawn[-1])
        return np.concatenate(drawn)[:m]

    @property
    def proposes(self) -> bool:
        return self._best is not None

    def propose(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        if self._best is None:
            raise self.refusal
        return self.ways[self._best](rng, rows)

    @property
    def independent(self) -> float:
        return 1.0 if self._best is not None else self.walk.pilot[2]

    @property
    def method(self) -> Text:
        if self._best is not None:
            return EXACT
        every, ratio, share = self.walk.pilot
        return say(
            zh="近似抽样：随机行走（hit-and-run），每批{chains}条链、每{every}步取一次，R̂不超过{ratio:.3f}，"
            "相当于独立抽样的{share:.0%}",
            en="approximate, by hit-and-run: {chains} chains a batch, every {every}th step kept, "
            "R̂ at most {ratio:.3f}, "
            "as good as {share:.0%} independent draws",
            chains=WALKERS,
            every=every,
            ratio=ratio,
            share=share,
        )

    @cached_property
    def walk(self) -> Walk:
        """Chains over the region, from points between its middle and its ends.

        Raises
        ------
        InputError
            The region is flat, is not known by its faces, or the chains do not come to agree (R̂).
        """
        rows, high, equal = self.faces
        size = np.linalg.norm(rows, axis=1)
        rows, high = rows[size > 0] / size[size > 0, None], high[size > 0] / size[size > 0]
        d, k = self.d, len(rows)
        basis = np.linalg.svd(equal)[2][np.linalg.matrix_rank(equal) :].T
        if not basis.size:
            raise self.refusal
        inner = System(
            np.eye(d, d + 1),
            np.append(np.full(d, -np.inf), 0.0),
            np.append(np.full(d, np.inf), self.total),
            np.column_stack(
                [np.concatenate([rows, equal]), np.append(np.ones(k), np.zeros(len(equal)))]
            ),
            np.append(np.full(k, -np.inf), equal @ self._inside),
            np.append(high, equal @ self._inside),
        )
        found = linear_program(np.append(np.zeros(d), -1.0), inner)
        if found is None or found[-1] <= 10 * self.near:
            raise self.refusal
        ends = self.maximise(np.random.default_rng(0).standard_normal((WALKERS, d)))
        centre, basis = rounded(rows, high, basis, found[:-1])
        walk = Walk(rows, high, basis, centre + INWARD * (ends - centre))
        if walk.pilot[1] > WORST:
            raise _astray(walk.pilot[1])
        return walk

    @cached_property
    def _inside(self) -> np.ndarray:
        """Some point of the region."""
        return self.maximise(np.zeros((1, self.d)))[0]

    @property
    @abstractmethod
    def faces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The region as rows·p ≤ high (k, d) and (k,), and the rows whose value is the same
        everywhere (e, d)."""

    @property
    def refusal(self) -> InputError:
        text = say(
            zh="几个浮动范围的交集太薄，不能均匀抽样",
            en="the regions have too little in common: there is no way to draw uniformly from so "
            "thin a region",
        )
        return InputError(text)


@dataclass(frozen=True)
class ChainArea(Proposed):
    """lo ≤ p ≤ hi, with the points in an order of importance."""

    low: np.ndarray
    high: np.ndarray
    order: OrderArea
    total: float

    @cached_property
    def _rising(self) -> np.ndarray:
        """The leaves from the least important to the most."""
        return np.array(self.order.order)[::-1]

    @cached_property
    def fitted(self) -> OrderedBox:
        return OrderedBox(self.low[self._rising], self.high[self._rising], self.total)

    @property
    def key(self) -> tuple[Hashable, ...]:
        return type(self).__name__, self.low.tobytes(), self.high.tobytes(), self.order.order

    @cached_property
    def system(self) -> System:
        d = len(self.low)
        steps = np.eye(d)[self._rising]
        rows = np.concatenate([steps[1:] - steps[:-1], np.ones((1, d))])
        low = np.append(np.zeros(d - 1), self.total)
        return System(
            np.eye(d), self.low, self.high, rows, low, np.append(np.full(d - 1, np.inf), self.total)
        )

    @property
    def faces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high = np.empty_like(self.low), np.empty_like(self.high)
        low[self._rising], high[self._rising] = self.fitted.bounds
        return faces_of(replace(self.system, lo=low, hi=high))

    def contains(self, p: np.ndarray) -> np.ndarray:
        boxed = (p >= self.low - self.near) & (p <= self.high + self.near)
        rising = np.diff(p[:, self._rising], axis=1) >= -self.near
        return np.all(boxed, axis=1) & np.all(rising, axis=1)

    @cached_property
    def ways(self) -> list[Propose]:
        return [self._from_chains, self._from_the_cone]

    @property
    def least(self) -> list[float]:
        return [max(FEWEST, DEAR * len(self.low) ** 2), FEWEST]

    def _from_chains(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        kept = self.fitted.proposed(rng, rows)
        p = np.empty_like(kept)
        p[:, self._rising] = kept
        return p

    def _from_the_cone(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        p = self.order.sample(rows, rng)
        return p[((p >= self.low) & (p <= self.high)).all(axis=1)]


@dataclass(frozen=True)
class MeetArea(Proposed):
    """What lies in every one of several regions."""

    members: tuple[Area, ...]
    total: float

    @property
    def key(self) -> tuple[Hashable, ...]:
        return type(self).__name__, *(area.key for area in self.members)

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
            padded(parts[0].transform, 0),
            np.concatenate([p.lo for p in parts]),
            np.concatenate([p.hi for p in parts]),
            np.concatenate(rows),
            np.concatenate(low),
            np.concatenate(high),
        )
        if linear_program(np.zeros(width), whole) is None:
            raise _nothing()
        return whole

    def contains(self, p: np.ndarray) -> np.ndarray:
        return np.logical_and.reduce([area.contains(p) for area in self.members])

    @cached_property
    def ways(self) -> list[Propose]:
        """From each member that can be drawn from uniformly, those kept that lie in all others."""
        self.system  # noqa: B018  (complains where there is nothing in common)
        if noisy := [area for area in self.members if isinstance(area, NoiseArea)]:
            raise noisy[0].no_share
        found: list[Propose] = []
        for area in self.members:
            rest = [other for other in self.members if other is not area]
            if area.proposes:
                found.append(_Kept(area.propose, rest))
        return found

    @property
    def faces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows, high, equal = zip(*(area.faces for area in self.members), strict=True)
        return np.concatenate(rows), np.concatenate(high), np.concatenate(equal)


@dataclass(frozen=True)
class _Kept:
    """Proposals of one region that lie in all others."""

    draw: Propose
    rest: list[Area]

    def __call__(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        p = self.draw(rng, rows)
        for area in self.rest:
            p = p[area.contains(p)] if len(p) else p
        return p
