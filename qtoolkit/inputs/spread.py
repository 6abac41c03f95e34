"""Who takes up the difference when some points change and the total must stand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from qtoolkit.errors import InputError
from qtoolkit.language import Text, say

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Indicator, Scheme


def spread_points(scheme: Scheme, points: Mapping[str, float], spread: str) -> dict[str, float]:
    """The points of every leaf after a change; see `Scheme.replace`."""
    result = {leaf.id: leaf.full_points for leaf in scheme.leaves}
    if spread == "siblings":
        _share_out(scheme.indicators, scheme.total, points, result)
        return result
    named: set[str] = set()
    for node in scheme.nodes:  # parents first, so that a named child overrides its named parent
        if node.id in points:
            leaves = [leaf.id for leaf in node.walk() if leaf.is_leaf]
            _scale(leaves, points[node.id], result, node.id)
            named |= set(leaves)
    if spread == "all":
        others = [leaf.id for leaf in scheme.leaves if leaf.id not in named]
        _scale(others, scheme.total - math.fsum(result[id] for id in named), result, None)
    return result


def _share_out(
    nodes: tuple[Indicator, ...],
    total: float,
    points: Mapping[str, float],
    result: dict[str, float],
) -> None:
    """Give `total` points to siblings: those named take their own, the others share the rest in
    proportion."""
    new = {node.id: node.full_points for node in nodes}
    named = [node.id for node in nodes if node.id in points]
    for id in named:
        new[id] = float(points[id])
    if named or abs(math.fsum(new.values()) - total) > 0:
        others = [node.id for node in nodes if node.id not in points]
        _scale(others, total - math.fsum(new[id] for id in named), new, nodes[0].id)
    for node in nodes:
        if node.is_leaf:
            result[node.id] = new[node.id]
        else:
            _share_out(node.children, new[node.id], points, result)


def _scale(ids: list[str], total: float, values: dict[str, float], where: str | None) -> None:
    """Scale the values of `ids` in proportion so that they sum to `total`."""
    old = math.fsum(values[id] for id in ids)
    if abs(old - total) <= 1e-12 * max(1.0, abs(total)):
        return
    if total < 0 or not ids:
        level = (
            say(zh="“{id}”一级", en="the level of “{id}”", id=where)
            if where
            else Text("其余指标", "the indicators left")
        )
        raise InputError(
            say(
                zh="改动后{level}中未改动的指标须合计 {total:.10g} 分，无法分摊；请减小改动，"
                '或改用 spread="all"',
                en="after the change the unchanged indicators at {level} would have to sum to "
                "{total:.10g} points, "
                'which cannot be: change less, or use spread="all"',
                total=total,
                level=level,
            )
        )
    for id in ids:
        values[id] = values[id] * total / old if old > 0 else total / len(ids)


def dropped(scheme: Scheme, node: Indicator, points: np.ndarray | None = None) -> np.ndarray:
    """Points of the leaves (…, d), the scheme's own if left out, without an indicator: its siblings
    take its points up in proportion to theirs, or equally where they have none; of an only child,
    its parent's siblings.

    >>> from qtoolkit.inputs.scheme import Scheme
    >>> scheme = Scheme.flat({"a": 60, "b": 30, "c": 10}, {"A": 90, "B": 0})
    >>> dropped(scheme, scheme.indicator("a")).tolist()
    [0.0, 75.0, 25.0]
    """
    given = [leaf.full_points for leaf in scheme.leaves] if points is None else points
    return without(np.array(given, dtype=float), *heirs(scheme, node))


def heirs(scheme: Scheme, node: Indicator) -> tuple[np.ndarray, np.ndarray]:
    """Leaves (d,) that go with an indicator that is dropped, and those that take up its points."""
    ids = [leaf.id for leaf in scheme.leaves]
    below = np.isin(ids, [leaf.id for leaf in node.walk()])
    family: Indicator | None = node
    rest = below
    while not (rest & ~below).any():
        family = next((other for other in scheme.nodes if family in other.children), None)
        if family is None:
            rest = np.ones(len(ids), bool)
            break
        rest = np.isin(ids, [leaf.id for leaf in family.walk()])
    rest = rest & ~below
    if not rest.any():
        raise InputError(
            say(
                zh="只有“{name}”一项，不能去掉",
                en="“{name}” is the only indicator: it cannot be dropped",
                name=node.name,
            )
        )
    return below, rest


def without(points: np.ndarray, below: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Points (…, d) once the leaves `below` have none and `rest` take theirs up: what
    :func:`dropped` gives, where :func:`heirs` are known."""
    new = points.copy()
    freed = new[..., below].sum(axis=-1, keepdims=True)
    theirs = new[..., rest].sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        new[..., rest] = np.where(
            theirs > 0, new[..., rest] * ((freed + theirs) / theirs), freed / rest.sum()
        )
    new[..., below] = 0.0
    return new
