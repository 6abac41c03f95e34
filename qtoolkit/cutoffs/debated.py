"""The same data under the rules that are debated before a scheme is fixed: whole points, blanks as
zero, the first cutoff a little lower or higher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.margins import blanks_as_zero
from qtoolkit.errors import InputError, real
from qtoolkit.inputs.scheme import Grade, Rounding, Scheme
from qtoolkit.language import settled
from qtoolkit.models import validate

NEAR = 0.01  # of the total: how far the first cutoff is moved where nothing is said
LOWER, HIGHER = "cutoff_lower", "cutoff_higher"
WHOLE = {"whole_half_up": "half_up", "whole_floor": "floor"}


def other_rules(result: Assessment, shift: float | None = None) -> dict[str, Assessment]:
    """The assessments that other rules would give.

    Parameters
    ----------
    shift : float, optional
        Points by which the best grade's cutoff is moved, that of every class; a hundredth of the
        total if left out.

    Returns
    -------
    dict of Assessment
        whole_half_up, whole_floor: the total rounded to whole points, and cut off to them;
        blanks_as_zero (where there are blanks); cutoff_lower, cutoff_higher (left out where the
        moved cutoff would cross its neighbour, or where that grade has no cutoff).

    Raises
    ------
    InputError
        A shift that is not positive or is beyond the total.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.896, 0.905]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)
    >>> {name: other.grades.tolist() for name, other in other_rules(r).items()}
    {'whole_half_up': ['A', 'A'], 'whole_floor': ['B', 'A'], 'cutoff_lower': ['A', 'A'], \
'cutoff_higher': ['B', 'B']}
    """
    total = result.scheme.total
    step = NEAR * total if shift is None else real("shift", shift, 0, total, above=True)
    moved = {
        name: _moved(result, sign * settled(step)) for name, sign in ((LOWER, -1), (HIGHER, 1))
    }
    found = {name: in_whole_points(result, mode) for name, mode in WHOLE.items()}
    if (result.flags["kind"] == "blank").any():
        found["blanks_as_zero"] = blanks_as_zero(result)
    return found | {name: other for name, other in moved.items() if other is not None}


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


def _moved(result: Assessment, shift: float) -> Assessment | None:
    """With the best grade's cutoff moved by so many points; None where it would cross its
    neighbour, or where there is none."""
    first = result.scheme.grades[0]
    if not first.has_line:
        return None
    try:
        scheme = with_cutoffs(result.scheme, {first.id: settled(first.line + shift)})
    except InputError:  # such a scheme cannot be
        return None
    return result.anew(scheme)


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
