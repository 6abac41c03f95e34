"""What is chosen while a scheme is tuned: points, cutoffs and quotas; as a scheme, as changes for
params.yaml, and graded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qtoolkit.assessment import Assessment, assess
from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import Table

Quota = float | int | None
KEPT = 64  # assessments that are kept, to go back to


@dataclass(frozen=True)
class Choice:
    """Points of all leaves in the order of the tree and cutoffs of all grades but the worst, best
    first, both in ticks; and the quotas of those grades."""

    points: tuple[int, ...]
    cutoffs: tuple[int, ...]
    quotas: tuple[Quota, ...]


def choice_of(scheme: Scheme) -> Choice:
    """What a scheme has written.

    >>> choice_of(Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})).cutoffs
    (900000000000,)
    """
    grades = scheme.grades[:-1]
    return Choice(
        tuple(to_ticks([leaf.full_points for leaf in scheme.leaves]).tolist()),
        tuple(to_ticks([grade.cutoff for grade in grades]).tolist()),
        tuple(grade.quota for grade in grades),
    )


class Written:
    """A scheme as it is written with its data: what every choice is compared with, and what makes
    schemes and assessments of choices."""

    def __init__(self, scheme: Scheme, table: Table):
        self.scheme, self.table = scheme, table
        self.choice = choice_of(scheme)
        self._made: dict[Choice, Assessment] = {}

    def changes(self, choice: Choice) -> dict[str, Any]:
        """What a choice has otherwise than the scheme, as `changes` of a params.yaml: indicators
        with their blocks, cutoffs, quotas."""
        leaves = {
            leaf.id: (float(from_ticks(ticks)), ticks != old)
            for leaf, ticks, old in zip(
                self.scheme.leaves, choice.points, self.choice.points, strict=True
            )
        }
        found: dict[str, Any] = {}
        for node in self.scheme.nodes:
            below = [leaves[leaf.id] for leaf in node.walk() if leaf.is_leaf]
            points = float(from_ticks(sum(int(to_ticks(p)) for p, _ in below)))
            if any(moved for _, moved in below) and points != node.full_points:
                found[f"points.{node.id}"] = points
        for grade, ticks, old in zip(
            self.scheme.grades[:-1], choice.cutoffs, self.choice.cutoffs, strict=True
        ):
            if ticks != old:
                found[f"cutoffs.{grade.id}"] = float(from_ticks(ticks))
        for grade, quota in zip(self.scheme.grades[:-1], choice.quotas, strict=True):
            if quota != grade.quota:
                found[f"grades.{grade.id}.quota"] = quota
        return found

    def scheme_of(self, choice: Choice) -> Scheme:
        """The scheme with a choice in place of what is written, validated as every scheme is."""
        ids = [leaf.id for leaf in self.scheme.leaves]
        found = self.changes(choice)
        moved = {key: value for key, value in found.items() if key.startswith("points.")}
        if moved:  # all leaves, so that nothing is shared out
            ticks = dict(zip(ids, choice.points, strict=True))
            written = {leaf.id: leaf.full_points for leaf in self.scheme.leaves}
            old = dict(zip(ids, self.choice.points, strict=True))
            found = {key: value for key, value in found.items() if key not in moved}
            found["points"] = {
                id: written[id] if ticks[id] == old[id] else float(from_ticks(ticks[id]))
                for id in ids
            }
        return change(self.scheme, found) if found else self.scheme

    def assessed(self, choice: Choice) -> Assessment:
        """The units under a choice."""
        if choice not in self._made:
            self._made[choice] = assess(self.scheme_of(choice), self.table)
            if len(self._made) > KEPT:
                del self._made[next(iter(self._made))]
        return self._made[choice]
