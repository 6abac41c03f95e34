"""What is chosen while a scheme is tuned: points, cutoffs and quotas; as a scheme, as changes for
params.yaml, and graded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qtoolkit.assessment import Assessment, assess
from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.table import Table
from qtoolkit.trials import Quota
from qtoolkit.tuning.sharing import apportion

KEPT, LEAST_KEPT = 64, 8  # assessments that are kept, to go back to
CELLS_KEPT = 3_000_000  # units × indicators in all of them: some 24 bytes each


@dataclass(frozen=True)
class Choice:
    """Points of all leaves in the order of the tree and cutoffs of all grades but the worst, best
    first, both in ticks (None of a grade whose line follows from the data); and the quotas of those
    grades."""

    points: tuple[int, ...]
    cutoffs: tuple[int | None, ...]
    quotas: tuple[Quota, ...]


def choice_of(scheme: Scheme) -> Choice:
    """What a scheme has written; the points in whole ticks that sum to the total's, where thirds of
    points do not.

    >>> choice_of(Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})).cutoffs
    (900000000000,)
    """
    grades = scheme.grades[:-1]
    return Choice(
        tuple(_in_ticks(scheme.indicators, int(to_ticks(scheme.total)))),
        tuple(None if grade.cutoff is None else int(to_ticks(grade.cutoff)) for grade in grades),
        tuple(grade.quota for grade in grades),
    )


def _in_ticks(nodes: Sequence[Indicator], total: int) -> Iterator[int]:
    """Points of the leaves below some indicators in ticks, so that the indicators have `total`."""
    ticks = [int(to_ticks(node.full_points)) for node in nodes]
    off = apportion(ticks, total - sum(ticks), 1)
    for node, own, more in zip(nodes, ticks, off, strict=True):
        yield from (own + more,) if node.is_leaf else _in_ticks(node.children, own + more)


class Written:
    """A scheme as it is written with its data: what every choice is compared with, and what makes
    schemes and assessments of choices."""

    def __init__(self, scheme: Scheme, table: Table):
        self.scheme, self.table = scheme, table
        self.choice = choice_of(scheme)
        leaves = [leaf.full_points for leaf in scheme.leaves]
        self._is_even = from_ticks(self.choice.points).tolist() == leaves
        self._assessed = assess(scheme, table)
        self._made: dict[Choice, Assessment] = {}
        self._most = max(LEAST_KEPT, min(KEPT, CELLS_KEPT // max(1, table.raw.size)))

    def points(self, choice: Choice) -> dict[str, float]:
        """Points of all indicators and blocks under a choice. Those that are not moved are as they
        are written, to the last bit, unless the sum would miss the total (of many thirds)."""
        moved = from_ticks(choice.points).tolist()
        kept = [
            leaf.full_points if ticks == old else new
            for leaf, new, ticks, old in zip(
                self.scheme.leaves, moved, choice.points, self.choice.points, strict=True
            )
        ]
        is_written = choice.points == self.choice.points
        is_whole = to_ticks(math.fsum(kept)) == to_ticks(self.scheme.total)
        ids = [leaf.id for leaf in self.scheme.leaves]
        points = dict(zip(ids, kept if is_written or is_whole else moved, strict=True))
        ticks = dict(zip(ids, choice.points, strict=True))
        for node in self.scheme.nodes:
            below = [leaf for leaf in node.walk() if leaf.is_leaf]
            if all(points[leaf.id] == leaf.full_points for leaf in below):
                points[node.id] = node.full_points
            elif not node.is_leaf:
                points[node.id] = float(from_ticks(sum(ticks[leaf.id] for leaf in below)))
        return points

    def changes(self, choice: Choice) -> dict[str, Any]:
        """What a choice has otherwise than the scheme, as `changes` of a params.yaml: indicators
        with their blocks, cutoffs, quotas."""
        points = self.points(choice)
        found: dict[str, Any] = {
            f"points.{node.id}": points[node.id]
            for node in self.scheme.nodes
            if self._is_moved(node, points)
        }
        for grade, ticks, old in zip(
            self.scheme.grades[:-1], choice.cutoffs, self.choice.cutoffs, strict=True
        ):
            if ticks is not None and ticks != old:
                found[f"cutoffs.{grade.id}"] = float(from_ticks(ticks))
        for grade, quota in zip(self.scheme.grades[:-1], choice.quotas, strict=True):
            if quota != grade.quota:
                found[f"grades.{grade.id}.quota"] = quota
        return found

    def _is_moved(self, node: Indicator, points: dict[str, float]) -> bool:
        """Whether an indicator has other points than written. Of a block, in which something is
        moved, the last bits of a sum are no difference, but where points have more decimals than
        scores any is one: its leaves are named in ticks and must sum to it."""
        if node.is_leaf or not self._is_even:
            return points[node.id] != node.full_points
        return bool(to_ticks(points[node.id]) != to_ticks(node.full_points))

    def scheme_of(self, choice: Choice) -> Scheme:
        """The scheme with a choice in place of what is written, validated as every scheme is."""
        found = self.changes(choice)
        others = {key: value for key, value in found.items() if not key.startswith("points.")}
        if len(others) < len(found):  # all leaves, so that nothing is shared out
            points = self.points(choice)
            others["points"] = {leaf.id: points[leaf.id] for leaf in self.scheme.leaves}
        return change(self.scheme, others) if others else self.scheme

    def assessed(self, choice: Choice) -> Assessment:
        """The units under a choice."""
        if choice == self.choice:
            return self._assessed
        result = self._made.pop(choice, None) or assess(self.scheme_of(choice), self.table)
        self._made[choice] = result  # the last that was asked for stands last
        if len(self._made) > self._most:
            del self._made[next(iter(self._made))]
        return result
