"""Who takes up the points when an indicator is moved by hand: whole steps, and the sum to the last
tick.

Points are shared out in proportion, as `Scheme.replace` does, but in whole steps of .5 or 1: what
people write into a scheme has few decimals, and a total that is off by a rounding is no total.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from qtoolkit.errors import InputError
from qtoolkit.language import say

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Indicator, Scheme

SIBLINGS, ALL = "siblings", "all"
STEPS = (0.1, 0.5, 1.0)  # points


def apportion(amounts: Sequence[int], change: int, step: int) -> list[int]:
    """What each of some amounts is changed by, so that together they change by `change`.

    In proportion to the amounts (equally where all are 0), in whole steps by the largest remainder;
    what is no whole step goes to one of them. Nothing falls below 0.

    Parameters
    ----------
    amounts : whole numbers of at least 0, not none of them
    change : at least minus their sum
    step : above 0

    >>> apportion([40, 20, 20], -10, 5), apportion([0, 0], 30, 5), apportion([3, 1], -4, 5)
    ([-5, -5, 0], [15, 15], [-3, -1])
    """
    size, sign = abs(change), 1 if change >= 0 else -1
    weights = list(amounts) if any(amounts) else [1] * len(amounts)
    total = sum(weights)
    given = [size * weight // (total * step) * step for weight in weights]
    remainder = [size * weight - part * total for weight, part in zip(weights, given, strict=True)]
    left = size - sum(given)
    while left:
        want = min(step, left)
        room = [want if sign > 0 else min(want, a - g) for a, g in zip(amounts, given, strict=True)]
        first = max(range(len(given)), key=lambda i: (room[i], remainder[i], -i))
        given[first] += room[first]
        remainder[first] -= step * total
        left -= room[first]
    return [sign * part for part in given]


class Family:
    """The leaves that move with an indicator, and those that take up its points.

    Parameters
    ----------
    scheme : Scheme
    node : id of the indicator that is moved: a leaf, or a block with all leaves below it
    keep : "siblings", "all", or the id of another indicator
        Who takes up the difference. Of siblings that are all locked, and of an only child, it is
        the leaves of the nearest block around it that has others.
    locked : ids of indicators that keep their points, with all below them

    Raises
    ------
    InputError
        The indicator is locked, or nobody is left to take up the difference.
    """

    def __init__(self, scheme: Scheme, node: str, keep: str, locked: Collection[str] = ()):
        self.node = scheme.indicator(node)
        place = {leaf.id: j for j, leaf in enumerate(scheme.leaves)}
        held = {leaf.id for id in locked for leaf in _leaves(scheme.indicator(id))}
        self.below = [place[leaf.id] for leaf in _leaves(self.node)]
        self.moved = [place[leaf.id] for leaf in _leaves(self.node) if leaf.id not in held]
        groups = (
            [place[leaf.id] for leaf in _leaves(*around) if leaf.id not in held]
            for around in _around(scheme, self.node, keep)
        )
        others = ([j for j in group if j not in self.below] for group in groups)
        self.takers: list[int] = next((group for group in others if group), [])
        if not self.moved:
            raise InputError(
                say(
                    zh="“{name}”已锁定，请先解锁",
                    en="“{name}” is locked: unlock it first",
                    name=self.node.name,
                )
            )
        if not self.takers:
            raise InputError(
                say(
                    zh="没有指标可与“{name}”互相调整分值，请解锁其他指标，或另选由谁分摊",
                    en="no indicator is left to take up the points of “{name}”: unlock some, or "
                    "choose others to take them up",
                    name=self.node.name,
                )
            )

    def points(self, points: Sequence[int]) -> int:
        """What the indicator has, in ticks, where the leaves have `points`."""
        return sum(points[j] for j in self.below)

    def span(self, points: Sequence[int]) -> tuple[int, int]:
        """The least and the greatest points, in ticks, that the indicator can be given."""
        held = self.points(points) - sum(points[j] for j in self.moved)
        return held, self.points(points) + sum(points[j] for j in self.takers)

    def move(self, points: Sequence[int], to: int, step: int) -> tuple[int, ...]:
        """The points of all leaves once the indicator has `to`, or what comes nearest to it; all in
        ticks.

        >>> from qtoolkit.inputs.scheme import Scheme
        >>> scheme = Scheme.flat({"a": 60, "b": 30, "c": 10}, {"A": 90, "B": 0})
        >>> Family(scheme, "a", "siblings").move([60, 30, 10], 65, 1)
        (65, 26, 9)
        """
        low, high = self.span(points)
        change = min(max(to, low), high) - self.points(points)
        new = list(points)
        for group, by in ((self.moved, change), (self.takers, -change)):
            parts = apportion([points[j] for j in group], by, step)
            for j, part in zip(group, parts, strict=True):
                new[j] += part
        return tuple(new)


def _leaves(*nodes: Indicator) -> list[Indicator]:
    return [leaf for node in nodes for leaf in node.walk() if leaf.is_leaf]


def _around(scheme: Scheme, node: Indicator, keep: str) -> Iterator[tuple[Indicator, ...]]:
    """Groups of indicators whose leaves may take up the points, the first wanted most."""
    if keep == SIBLINGS:
        parents = {child.id: other for other in scheme.nodes for child in other.children}
        block: Indicator | None = node
        while block is not None:
            block = parents.get(block.id)
            yield scheme.indicators if block is None else block.children
    elif keep == ALL:
        yield scheme.indicators
    else:
        yield (scheme.indicator(keep),)
