"""The same data under rules that are debated before a scheme is fixed: whole points, a cutoff a
little lower or higher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtoolkit.assessment import Assessment
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Grade, Rounding, Scheme
from qtoolkit.language import settled
from qtoolkit.models import validate


def in_whole_points(result: Assessment, mode: str) -> Assessment:
    """The same assessment with the total in whole points, "half_up" or "floor".

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(
    ...     qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}),
    ...     pd.DataFrame({"a": [0.896]}, index=["甲"]),
    ... )
    >>> in_whole_points(r, "half_up").scores.item(), in_whole_points(r, "floor").scores.item()
    (90.0, 89.0)
    """
    whole = validate(Rounding, {"decimals": 0, "mode": mode}, None)
    rounding = result.scheme.rounding.model_copy(update={"total": whole})
    return result.anew(result.scheme.model_copy(update={"rounding": rounding}))


def shifted(scheme: Scheme, grade: Grade, shift: float) -> Scheme | None:
    """The scheme with a grade's cutoff moved by so many points; None where it would cross its
    neighbour, or where there is none."""
    if not grade.has_line:
        return None
    try:
        return with_cutoffs(scheme, {grade.id: settled(grade.line + shift)})
    except InputError:  # such a scheme cannot be
        return None


def with_cutoffs(scheme: Scheme, cutoffs: Mapping[str, float]) -> Scheme:
    """The scheme with other cutoffs of some grades; those of classes move by the same points.

    Raises
    ------
    InputError
        Cutoffs out of order.
    """

    def moved(grade: Grade) -> dict[str, Any]:
        shift = cutoffs[grade.id] - grade.line
        own = {group: settled(line + shift) for group, line in grade.class_cutoffs.items()}
        return {"cutoff": cutoffs[grade.id], "class_cutoffs": own}

    grades = [g.model_dump() | (moved(g) if g.id in cutoffs else {}) for g in scheme.grades]
    return validate(Scheme, scheme.model_dump() | {"grades": grades}, None)
