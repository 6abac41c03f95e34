"""What could be done otherwise than a scheme says, one step away from it: the ways that are debated
before it is fixed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import blanks, without_data
from qtoolkit.cutoffs.debated import shifted
from qtoolkit.engine import RivalStep
from qtoolkit.importance import FULL
from qtoolkit.inputs.changes import quota_key
from qtoolkit.inputs.scheme import Grade, Indicator, Scheme
from qtoolkit.inputs.statuses import NEW, STATUS_NAMES, VALUE
from qtoolkit.language import settled

DECIMALS, BLANKS, LINE, QUOTA, ORDER, APPROVAL, NEW_INDICATOR, FULL_MARKS, POINTS, DRAFT = KINDS = (
    "decimals",
    "blanks",
    "line",
    "quota",
    "order",
    "approval",
    "new",
    "full_marks",
    "points",
    "draft",
)
"""Kinds of matters: how the total is rounded; what a blank gives; a cutoff; a quota; whether a
vetoed unit takes a place; places that approval frees; what an indicator without data gives;
indicators on which everybody scores full; the points of single indicators; another draft."""
TREATMENTS = ("full", "renormalise", "group_mean", "zero")
SHARE_STEP = 0.05  # by which a share is moved that is counted in each class


@dataclass(frozen=True)
class Way:
    """One thing done otherwise.

    Attributes
    ----------
    kind : one of KINDS
    of : str or None
        Of which grade, or meaning of a blank; None where the kind says all.
    choice : Any
        What is chosen: {decimals, mode}; a treatment; points of a cutoff; places or a share; a
        value of `order.veto`; of approvals the units lowered; {leaf, points} (0 of an indicator
        that is dropped); a draft's name.
    changes : mapping
        The same as :func:`qtoolkit.inputs.changes.change` takes it; empty where it cannot.
    scheme : Scheme or None
        The scheme with it, where no key says it.
    """

    kind: str
    of: str | None
    choice: Any
    changes: Mapping[str, Any] = field(default_factory=dict)
    scheme: Scheme | None = None


def ways_of(result: Assessment, shift: float) -> Iterator[Way]:
    """All ways but drafts; cutoffs and single points are moved by `shift` points."""
    yield from _decimals(result.scheme)
    yield from _blanks(result)
    yield from _lines(result.scheme, shift)
    yield from _quotas(result)
    yield from _order(result)
    yield from _approvals(result)
    yield from _new(result)
    full = full_marks(result)
    for leaf in full if len(full) < len(result.scheme.leaves) else []:
        yield Way(FULL_MARKS, None, {"leaf": leaf, "points": 0.0}, {"drop": leaf})
    yield from _points(result, shift, full)


def _decimals(scheme: Scheme) -> Iterator[Way]:
    """Whole points, half up and cut off; where totals are whole or not rounded, two decimals."""
    now = scheme.rounding.total
    rules = [(0, "half_up"), (0, "floor")]
    if now is None or now.decimals == 0:
        rules.append((2, "half_up"))
    for decimals, mode in rules:
        if now is None or (now.decimals, now.mode) != (decimals, mode):
            rule = {"decimals": decimals, "mode": mode}
            yield Way(DECIMALS, None, rule, {"rounding.total": rule})


def _blanks(result: Assessment) -> Iterator[Way]:
    """Every other treatment of the blanks of each meaning that occurs."""
    now: dict[int, set[str]] = {}
    for _, meaning, treatment, _ in blanks(result):
        if meaning != NEW:
            now.setdefault(meaning, set()).add(treatment)
    for meaning, treatments in now.items():
        name = STATUS_NAMES[meaning]
        for treatment in TREATMENTS:
            if treatments != {treatment}:
                yield Way(BLANKS, name, treatment, {f"missing.{name}": treatment})


def _lines(scheme: Scheme, shift: float) -> Iterator[Way]:
    """Each cutoff lower and higher, those of all classes together, as far as order and the total
    allow."""
    for grade in scheme.grades[:-1]:
        for sign in (-1, 1):
            if grade.line + sign * shift > scheme.total:
                continue
            other = shifted(scheme, grade, sign * settled(shift))
            if other is not None:
                yield Way(LINE, grade.id, sign * settled(shift), scheme=other)


def _quotas(result: Assessment) -> Iterator[Way]:
    """One place more and one less of each quota; of a share counted in classes five points of a
    hundred."""
    for grade, step in quotas(result):
        if grade.quota is None:
            continue
        if step.members is not None and grade.quota < 1:
            near = [settled(grade.quota + sign * SHARE_STEP) for sign in (1, -1)]
            new: list[float] = [share for share in near if 0 < share < 1]
        else:
            new = [most for most in (step.most + 1, step.most - 1) if most >= 1]
        for quota in new:
            yield Way(QUOTA, grade.id, quota, {quota_key(grade.id): quota})


def quotas(result: Assessment) -> list[tuple[Grade, RivalStep]]:
    """The grades with a quota, each with its step; one step of several classes."""
    if result.origin is not None:  # lines are held: places set nothing
        return []
    found: dict[str, tuple[Grade, RivalStep]] = {}
    for step in result.engine.rivals:
        if not step.last:
            id = result.grade_names[step.grade]
            found.setdefault(id, (result.scheme.grade(id), step))
    return [found[grade.id] for grade in result.scheme.grades if grade.id in found]


def _order(result: Assessment) -> Iterator[Way]:
    """The other order of veto and quota, where there are both and a veto has struck."""
    if quotas(result) and result.table.vetoes.any():
        now = result.scheme.order.veto
        other = "after_quota" if now == "before_quota" else "before_quota"
        yield Way(ORDER, None, other, {"order.veto": other})


def _approvals(result: Assessment) -> Iterator[Way]:
    """For each grade with a quota, the units that had a place in it and were approved lower."""
    names = result.grade_names
    computed = result.grades.cat.codes.to_numpy()
    approved = result.approved.cat.codes.to_numpy()
    for grade, _ in quotas(result):
        code = names.index(grade.id)
        lowered = np.flatnonzero((computed >= code) & (approved < code))
        if lowered.size:
            yield Way(APPROVAL, grade.id, tuple(result.scores.index[lowered]))


def _new(result: Assessment) -> Iterator[Way]:
    """Full marks and none for indicators that have no data yet."""
    status = result.table.status
    leaves = [leaf.id for j, leaf in enumerate(result.scheme.leaves) if (status[:, j] == NEW).any()]
    now = {treatment for _, meaning, treatment, _ in blanks(result) if meaning == NEW}
    for treatment in ("full", "zero") if leaves else ():
        if now != {treatment}:
            yield Way(NEW_INDICATOR, None, treatment, {"missing.new": treatment})


def full_marks(result: Assessment) -> list[str]:
    """Leaves on which every unit that is scored, and at least two, have full marks."""
    empty = without_data(result)
    values = (result.table.status == VALUE) & result.matrix.notna().to_numpy()
    return [
        leaf.id
        for j, leaf in enumerate(result.scheme.leaves)
        if leaf.id not in empty
        and values[:, j].sum() > 1
        and leaf.full_points > 0
        and (result.matrix[leaf.id].dropna() >= FULL).all()
    ]


def _points(result: Assessment, shift: float, full: list[str]) -> Iterator[Way]:
    """The points of each other leaf less and more, its siblings taking up the rest; of an only
    child those of the block that has siblings."""
    scheme = result.scheme
    for leaf in scheme.leaves:
        node = movable(scheme, leaf)
        if leaf.id in full or node is None:
            continue
        for sign in (-1, 1):
            points = settled(node.full_points + sign * shift)
            rest = _beside(scheme, node) - sign * shift
            if points >= 0 and rest >= 0:
                choice = {"leaf": leaf.id, "points": settled(leaf.full_points + sign * shift)}
                yield Way(POINTS, None, choice, {f"points.{node.id}": points})


def movable(scheme: Scheme, leaf: Indicator) -> Indicator | None:
    """The leaf, or the lowest block above it that holds it alone and has siblings with points; None
    where there is none."""
    node: Indicator | None = leaf
    while node is not None:
        if _beside(scheme, node) > 0:
            return node
        node = next((above for above in scheme.nodes if node in above.children), None)
        if node is not None and sum(x.is_leaf for x in node.walk()) > 1:
            return None
    return None


def _beside(scheme: Scheme, node: Indicator) -> float:
    """The points of an indicator's siblings."""
    above = next((other for other in scheme.nodes if node in other.children), None)
    family = scheme.indicators if above is None else above.children
    return float(sum(other.full_points for other in family if other is not node))
