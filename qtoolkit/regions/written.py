"""Regions as a scheme's author writes them, before they are bound to an assessment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from qtoolkit.errors import InputError, nearest
from qtoolkit.language import Text, listing, say
from qtoolkit.regions.bound import (
    Area,
    BoxArea,
    HullArea,
    NoiseArea,
    OrderArea,
    SimplexArea,
    TreeArea,
)
from qtoolkit.regions.intersections import meet

if TYPE_CHECKING:
    from qtoolkit.assessment import Assessment
    from qtoolkit.inputs.scheme import Scheme

MOST_NAMES = 8  # indicators that a sentence names
SUM = 1e-6  # how far, as a share of the total, a given vector's sum may lie from it


class Region(ABC):
    """What the points may be: `at(result)` binds it, `describe()` says it in words, `a & b` is the
    intersection."""

    @abstractmethod
    def at(self, result: Assessment) -> Area:
        """The region for the points of a result's scheme."""

    @abstractmethod
    def describe(self, scheme: Scheme | None = None) -> Text:
        """The region in words; with a scheme, indicators are called by name."""

    def __and__(self, other: Region) -> Region:
        return Meet((*_members(self), *_members(other)))


def area_of(region: Region, result: Assessment) -> Area:
    """The region bound to a result; anything else than a region is refused."""
    if not isinstance(region, Region):
        text = say(
            zh="region 应为 qtoolkit.regions 中的范围，如 Box(relative=0.1)，现为 {found!r}",
            en="region must be one of qtoolkit.regions, such as Box(relative=0.1), found {found!r}",
            found=region,
        )
        raise InputError(text)
    return region.at(result)


def refusal_of(region: Region, result: Assessment) -> Text | None:
    """Why no points can be drawn at random from a region; None where they can. Exact methods need
    no draws.

    >>> import pandas as pd, qtoolkit as qt
    >>> scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> result = qt.assess(scheme, pd.DataFrame({"a": [1.0], "b": [0.5]}, index=["甲"]))
    >>> refusal_of(Box(relative=0.1), result) is None
    True
    >>> twice = Hull([{"a": 60, "b": 40}, {"a": 70, "b": 30}, {"a": 80, "b": 20}])
    >>> refusal_of(twice, result).en.partition(":")[0]
    'the vectors depend on each other'
    """
    try:
        area_of(region, result).sample(1)
    except InputError as error:
        return error.complaints[0].text
    return None


@dataclass(frozen=True)
class Box(Region):
    """Each indicator's points within ±`relative` of nominal, or within ±`absolute` points, or both;
    the sum kept.

    This is not "random noise, then renormalise": every point of the region counts, and none lies
    outside the band. Draws are uniform on it.

    >>> import pandas as pd, qtoolkit as qt
    >>> scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> result = qt.assess(scheme, pd.DataFrame({"a": [1.0], "b": [0.5]}, index=["甲"]))
    >>> Box(relative=0.1).at(result).lo.tolist(), Box(absolute=5).at(result).hi.tolist()
    ([54.0, 36.0], [65.0, 45.0])
    """

    relative: float | None = None
    absolute: float | None = None

    def __post_init__(self) -> None:
        if self.relative is None and self.absolute is None:
            raise InputError(
                say(
                    zh="须给出分值浮动幅度 relative 或 absolute",
                    en="give a band: relative or absolute",
                )
            )
        _check_band(self.relative if self.relative is not None else 0.0)
        if self.absolute is not None and not (
            isinstance(self.absolute, int | float) and 0 <= self.absolute < np.inf
        ):
            text = say(
                zh="分值浮动的分数应为不小于0的数，现为 {found}",
                en="the band in points must be a number of 0 or more, found {found}",
                found=self.absolute,
            )
            raise InputError(text)

    def at(self, result: Assessment) -> BoxArea:
        points = result.points.to_numpy()
        width = np.full(points.size, np.inf) if self.relative is None else points * self.relative
        exact = self.absolute is None
        if self.absolute is not None:
            width = np.minimum(width, self.absolute)
        low = np.maximum(points - width, 0.0)
        return BoxArea(
            low,
            points + width,
            float(points.sum()),
            points if exact else None,
            self.relative or 0.0,
        )

    def describe(self, scheme: Scheme | None = None) -> Text:
        if self.absolute is None:
            return say(
                zh="各指标分值在现行分值上下 {band:.4g}% 以内浮动，总分不变",
                en="each indicator's points within ±{band:.4g}% of its present points, the total "
                "kept",
                band=100 * (self.relative or 0.0),
            )
        text = say(
            zh="各指标分值在现行分值上下 {points:.4g} 分以内浮动，总分不变",
            en="each indicator's points within ±{points:.4g} of its present points, the total kept",
            points=self.absolute,
        )
        return (
            text if self.relative is None else _both([Box(relative=self.relative).describe(), text])
        )


@dataclass(frozen=True)
class Levels(Region):
    """Bands per level of the tree on *local shares*: each node's share of its parent's points
    within ±band of nominal.

    The first band is for the first level, the last also for all deeper ones. A leaf's points can
    then move further than any one band: 10% above 25% lets them rise by 37.5%. Draws of the local
    shares are uniform within each group of siblings, the groups independent: not uniform in the
    points.
    """

    bands: tuple[float, ...]

    def __init__(self, *bands: float):
        if not bands:
            raise InputError(
                say(zh="须给出至少一级的浮动幅度", en="give the band of at least one level")
            )
        for band in bands:
            _check_band(band)
        object.__setattr__(self, "bands", tuple(float(band) for band in bands))

    def at(self, result: Assessment) -> TreeArea:
        points = result.points.to_numpy()
        return TreeArea(result.engine.tree, points, float(points.sum()), self.bands)

    def describe(self, scheme: Scheme | None = None) -> Text:
        texts = listing(
            say(
                zh="第{level}级±{band:.4g}%",
                en="level {level} ±{band:.4g}%",
                level=i + 1,
                band=100 * band,
            )
            for i, band in enumerate(self.bands)
        )
        return say(
            zh="各级指标在上级指标内的占比上下浮动（{bands}，更深各级同末级），总分不变",
            en="each node's share of its parent's points moves within a band ({bands}; deeper "
            "levels as the last), the total kept",
            bands=texts,
        )


@dataclass(frozen=True)
class Hull(Region):
    """All mixtures of several experts' points: rows of a DataFrame, or mappings from indicator id
    to points.

    Draws are uniform on it (on the line, the triangle, … that it is), where no expert's points are
    a mixture of the others', or their lines cross; else they are refused.
    """

    vectors: tuple[Mapping[str, float], ...]

    def __init__(self, vectors: pd.DataFrame | Sequence[Mapping[str, float]]):
        rows = (
            vectors.to_dict("records")
            if isinstance(vectors, pd.DataFrame)
            else [dict(v) for v in vectors]
        )
        if not rows:
            raise InputError(say(zh="须给出至少一组分值", en="give at least one vector of points"))
        object.__setattr__(self, "vectors", tuple(rows))

    def at(self, result: Assessment) -> HullArea:
        ids, total = result.points.index, float(result.points.sum())
        matrix = np.empty((len(self.vectors), len(ids)))
        for i, vector in enumerate(self.vectors):
            _check_ids(vector, ids)
            matrix[i] = [vector[id] for id in ids]
            if not (
                np.isfinite(matrix[i]).all()
                and matrix[i].min() >= 0
                and abs(matrix[i].sum() - total) <= SUM * total
            ):
                text = say(
                    zh="第{row}组分值应为不小于0的数且合计 {total:.10g}，现合计 {found:.10g}",
                    en="vector {row}: points must be numbers of 0 or more that sum to {total:.10g},"
                    " found a sum of {found:.10g}",
                    row=i + 1,
                    total=total,
                    found=float(matrix[i].sum()),
                )
                raise InputError(text)
        return HullArea(matrix * (total / matrix.sum(axis=1, keepdims=True)), total)

    def describe(self, scheme: Scheme | None = None) -> Text:
        return say(
            zh="{n}组专家分值的所有加权平均",
            en="all weighted means of {n:expert's points|experts' points}",
            n=len(self.vectors),
        )


@dataclass(frozen=True)
class RankOrder(Region):
    """All points in a given order of importance: the first indicator has the most points, the last
    the fewest.

    Draws are uniform on it.
    """

    order: tuple[str, ...]

    def __init__(self, order: Sequence[str]):
        object.__setattr__(self, "order", tuple(order))

    def at(self, result: Assessment) -> HullArea:
        ids, total = list(result.points.index), float(result.points.sum())
        _check_ids(dict.fromkeys(self.order), ids)
        if len(self.order) > len(ids):
            raise InputError(say(zh="order 中有重复的指标", en="order names an indicator twice"))
        places = np.array([self.order.index(id) for id in ids])
        first = np.arange(1, len(ids) + 1)[:, None]
        order = tuple(ids.index(id) for id in self.order)
        return OrderArea(np.where(places < first, total / first, 0.0), total, order)

    def describe(self, scheme: Scheme | None = None) -> Text:
        return say(
            zh="分值按重要性次序不增：{order}，总分不变",
            en="points that do not rise along the order {order}, the total kept",
            order=_in_words(self.order, scheme),
        )


@dataclass(frozen=True)
class Simplex(Region):
    """All points of 0 or more with the sum kept. Draws are uniform on it."""

    def at(self, result: Assessment) -> HullArea:
        total = float(result.points.sum())
        return SimplexArea(np.eye(len(result.points)) * total, total)

    def describe(self, scheme: Scheme | None = None) -> Text:
        return Text("各指标取任意非负分值，总分不变", "any points of 0 or more, the total kept")


@dataclass(frozen=True)
class Dirichlet(Region):
    """Noise around the present points for simulation: Dirichlet with these means. `sd` is the
    standard deviation, in points, of an indicator that has the mean points; others vary with √(w(1
    − w)). It is a distribution, not a band: exact methods (ranges, ranks, flips) go over all points
    that it can give, which are any points of 0 or more for the indicators that have points now, and
    `describe()` says so."""

    sd: float

    def __post_init__(self) -> None:
        if not (isinstance(self.sd, int | float) and 0 < self.sd < np.inf):
            raise InputError(
                say(
                    zh="sd 应为大于0的数，现为 {found}",
                    en="sd must be a number above 0, found {found}",
                    found=self.sd,
                )
            )

    def at(self, result: Assessment) -> NoiseArea:
        points = result.points.to_numpy()
        total, w = float(points.sum()), 1 / points.size
        strength = w * (1 - w) / (self.sd / total) ** 2 - 1
        if strength <= 0:
            most = total * np.sqrt(w * (1 - w))
            text = say(
                zh="sd 应小于 {most:.4g} 分，现为 {found:g}",
                en="sd must be below {most:.4g} points, found {found:g}",
                most=most,
                found=self.sd,
            )
            raise InputError(text)
        return NoiseArea(np.eye(points.size)[points > 0] * total, total, points, strength)

    def describe(self, scheme: Scheme | None = None) -> Text:
        return say(
            zh="分值以现行分值为中心随机波动（平均分值的指标标准差{sd:.4g}分），总分不变；"
            "精确方法则取现有分值的各指标的任意非负分值",
            en="points that vary at random around the present ones (sd {sd:.4g} points at the "
            "mean), the total kept; exact "
            "methods take any points of 0 or more for the indicators that have points now",
            sd=self.sd,
        )


@dataclass(frozen=True)
class Meet(Region):
    """What lies in every one of several regions, written `a & b`: the same in any order of writing.

    Draws are uniform in the points on the intersection, whatever the members draw by themselves (so
    `Levels(…) & Simplex()` is the region of `Levels(…)`, drawn uniformly in the points). Boxes and
    an order of importance are drawn from exactly; other intersections by exact rejection, and where
    that keeps too few by hit-and-run, which `Simulation.sampling` calls approximate and gives the
    diagnostics of. From an intersection with a `Dirichlet`, which is no set but a distribution,
    nothing is drawn: it is refused.
    """

    members: tuple[Region, ...]

    def at(self, result: Assessment) -> Area:
        return meet([member.at(result) for member in self.members])

    def describe(self, scheme: Scheme | None = None) -> Text:
        return _both([member.describe(scheme) for member in self.members])


def _in_words(ids: Sequence[str], scheme: Scheme | None) -> Text:
    """Indicators by id, or in a scheme by name, the first so many."""
    if scheme is None:
        return listing(ids)
    return listing([scheme.indicator(id).name for id in ids], most=MOST_NAMES)


def _members(region: Region) -> tuple[Region, ...]:
    return region.members if isinstance(region, Meet) else (region,)


def _both(texts: Sequence[Text]) -> Text:
    return Text("；且".join(text.zh for text in texts), "; and ".join(text.en for text in texts))


def _check_band(band: object) -> None:
    if not (isinstance(band, int | float) and 0 <= band <= 1):
        text = say(
            zh="分值浮动幅度应在 0 与 1 之间（0.1 即 ±10%），现为 {found}",
            en="the band of points must lie between 0 and 1 (0.1 is ±10%), found {found}",
            found=band,
        )
        raise InputError(text)


def _check_ids(given: Mapping[str, object], ids: Sequence[str]) -> None:
    for id in given:
        if id not in ids:
            hint = nearest(id, ids)
            raise InputError(
                say(zh="没有指标“{id}”{hint}", en="no indicator “{id}”{hint}", id=id, hint=hint)
            )
    for id in ids:
        if id not in given:
            raise InputError(
                say(zh="缺少指标“{id}”的分值", en="indicator “{id}” is missing", id=id)
            )
