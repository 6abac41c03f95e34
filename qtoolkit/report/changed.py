"""Facts of what another rule would change: whose computed grade, and who keeps it though the score
alone would say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.debated import in_whole_points
from qtoolkit.inputs.changes import AS_IS, by_ids, quota_of
from qtoolkit.inputs.scheme import Rounding, Scheme
from qtoolkit.report import shared
from qtoolkit.report.wording import CATALOGUE

FEW = 3  # units in a clause
# by choice of numbers, what an alternative has in each row
NUMBERS = {"points": ("leaf", "points"), "cutoffs": ("grade", "cutoff")}

Row = dict[str, Any]


def changes(result: Assessment, grades: pd.Series) -> list[Row]:
    """Whose computed grade changes: rows of unit, old, new, for the phrase `grade_changes`."""
    return [
        {"unit": unit, "old": old, "new": grades[unit]}
        for unit, old in result.grades.items()
        if grades[unit] != old
    ]


def consequences(result: Assessment, other: Assessment) -> Row:
    """Who changes grade under another rule (`changes`), and who does not though the score alone
    would say so, the first few (`held`) and how many more (`likewise`): for the phrase
    `consequences`."""
    held = _held(result, other)
    return {
        "changes": changes(result, other.grades),
        "held": held[:FEW],
        "likewise": max(len(held) - FEW, 0),
    }


def _held(result: Assessment, other: Assessment) -> list[Row]:
    """Units whose grade by score alone changes while their grade stays: rows of unit, a and b (the
    grades by score), grade, set_by (what holds it), then (whether it does so under the other rule
    too)."""
    old, new, rows = result.steps, other.steps, []
    for unit in result.scores.index:
        a, b = (steps.loc[unit, "by_score"] for steps in (old, new))
        if result.grades[unit] != other.grades[unit] or a == b:
            continue
        then = bool(new.loc[unit, "set_by"] != "score")
        set_by = (new if then else old).loc[unit, "set_by"]
        row = {"unit": unit, "a": a, "b": b, "grade": result.grades[unit]}
        rows.append(row | {"set_by": set_by, "then": then})
    return rows


def whole_points(result: Assessment) -> Row:
    """What whole points would change, for the phrase `rounding_option`; a result of either that a
    reader would expect and that does not come has its reason."""
    half_up, floor = (
        consequences(result, in_whole_points(result, mode)) for mode in ("half_up", "floor")
    )
    rule = shared.rounding(result.scheme.rounding.total)
    return {"rule": rule, "half_up": half_up, "floor": floor}


def choices(scheme: Scheme, made: Mapping[str, Any]) -> list[Row]:
    """Changes of a scheme in words: rows of choice and value (see :func:`choice_of` and
    :func:`alternative_of`), and before (the points, cutoff or places that the scheme has, None of
    other choices)."""
    return [
        {"choice": choice_of(key), "value": alternative_of(key, value), "before": _now(scheme, key)}
        for key, value in by_ids(scheme, made).items()
    ]


def _now(scheme: Scheme, key: str) -> dict[str, Any] | None:
    kind, _, id = key.partition(".")
    if (grade := quota_of(key)) is not None:
        return alternative_of(key, scheme.grade(grade).quota)
    if kind == "points" and id:
        return alternative_of(key, scheme.indicator(id).full_points)
    if kind == "cutoffs" and id:
        return alternative_of(key, scheme.grade(id).line)
    if key == "rounding.total":
        rule = scheme.rounding.total
        return alternative_of(key, None if rule is None else rule.model_dump())
    return None


def choice_of(key: str) -> dict[str, Any]:
    """What a choice is about: a code of the catalogue, and which grade or indicator it is of."""
    if key in CATALOGUE["words"]["practice"]:
        return {"what": key, "of": None}
    if (grade := quota_of(key)) is not None:
        return {"what": "quota", "of": grade}
    kind, _, id = key.partition(".")
    return {"what": kind, "of": id}


def alternative_of(key: str, value: Any) -> dict[str, Any]:
    """An alternative of a choice: of which kind it is, and its number, code, id, or rows."""
    what = key.partition(".")[0]
    if what == "drop" and value != AS_IS:
        kind = "all" if value is None else "leaf"
    elif isinstance(value, str) and value in CATALOGUE["words"]["practised"]:
        kind = "word"
    elif quota_of(key) is not None:
        kind = "quota"
    elif what == "rounding":
        kind, value = "rounding", shared.rounding(_rounding_of(value))
    elif isinstance(value, Mapping) and what in NUMBERS:
        id, number = NUMBERS[what]
        kind, value = what, [{id: key, number: x} for key, x in value.items()]
    elif what == "aggregation":
        kind = "power"
    elif value is None:
        kind = "nothing"
    elif isinstance(value, int | float):
        kind = "number"
    else:
        kind, value = "text", str(value)
    return {"kind": kind, "value": value}


def _rounding_of(value: Any) -> Rounding | None:
    """The rounding that an alternative names: None, keys and values, or decimals alone."""
    if value is None:
        return None
    return Rounding(**value) if isinstance(value, Mapping) else Rounding(decimals=int(value))
