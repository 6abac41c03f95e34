"""Filed targets: in time or not, and beside last year's target, last year's value and the plan."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.comparison.matching import match
from qtoolkit.errors import InputError, clip, unexpected
from qtoolkit.inputs.dates import A_DAY, day_complaints, day_of
from qtoolkit.inputs.scheme import Indicator
from qtoolkit.inputs.statuses import NOT_APPLICABLE, VALUE
from qtoolkit.targets.paths import planned

FLOAT_ERROR = 1e-12  # a share of the way of a plan is seldom exact
COLUMNS = (
    "unit",
    "indicator",
    "target",
    "filed_on",
    "status",
    "last_target",
    "last_value",
    "below_last_target",
    "below_last_value",
    "planned",
    "below_plan",
)


def filed(
    result: Assessment,
    previous: Assessment | None = None,
    due: datetime.date | str | None = None,
) -> pd.DataFrame:
    """Each unit's own targets: whether they were filed in time, and what they stand beside.

    Parameters
    ----------
    result : Assessment
    previous : Assessment, optional
        Last year's. An indicator is matched by its id, or by what its `previous` names, where the
        one continues the other whole and is measured alike.
    due : date or text, optional
        The last day to file; the end of the calendar's step `filing` if left out.

    Returns
    -------
    DataFrame
        A row for each unit of each indicator with targets of the units' own, but for units to
        which the indicator does not apply: unit, indicator, target, filed_on (a date or None),
        status ("in_time", the last day included; "late"; "not_filed"; "unknown" where the table
        has no column filed:<leaf>, or no last day is known), last_target, last_value, planned (the
        plan's target of the scheme's year), and below_last_target, below_last_value, below_plan:
        whether the target asks for less than they, by the rule's direction. What is unknown is NaN
        or None.

    Raises
    ------
    InputError
        `due` is no day.

    >>> import qtoolkit as qt
    >>> case = qt.read_case("params/city-2026")
    >>> found = filed(qt.assess(case.scheme, case.table))
    >>> sorted(found["status"].unique())
    ['in_time', 'late', 'not_filed']
    """
    last_day = _due(result, due)
    rows = [
        row for known in known_targets(result, previous) for row in _rows(result, known, last_day)
    ]
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    return found.astype(
        {name: float for name in ("target", "last_target", "last_value", "planned")}
    )


def _due(result: Assessment, due: datetime.date | str | None) -> datetime.date | None:
    """The last day to file."""
    if due is None:
        steps = [step for step in result.scheme.calendar if step.step == "filing"]
        return steps[0].days[1] if steps else None
    if isinstance(due, datetime.date) and not pd.isna(due):
        return due.date() if isinstance(due, datetime.datetime) else due
    if not isinstance(due, str) or not due.strip():
        raise InputError(unexpected(clip(due), A_DAY, "due"))
    for complaint in day_complaints(due):
        raise InputError(complaint)
    return day_of(due)


@dataclass(frozen=True)
class Known:
    """What is known of the targets of one leaf, each (n,), NaN where it is not."""

    leaf: Indicator
    column: int
    target: np.ndarray
    last_target: np.ndarray
    last_value: np.ndarray
    planned: np.ndarray


def with_targets(result: Assessment) -> list[tuple[int, Indicator]]:
    """The leaves for which units have targets of their own, with their columns."""
    return [
        (j, leaf)
        for j, leaf in enumerate(result.scheme.leaves)
        if leaf.leaf_rule.takes_target()
        and (leaf.leaf_rule.asks_own() or not np.isnan(result.table.targets[:, j]).all())
    ]


def known_targets(result: Assessment, previous: Assessment | None) -> Iterator[Known]:
    """What is known of the targets of each leaf that has some."""
    twins = _twins(result, previous)
    for j, leaf in with_targets(result):
        last_target, last_value = _of_last_year(result, previous, twins.get(leaf.id))
        yield Known(
            leaf,
            j,
            result.table.targets[:, j],
            last_target,
            last_value,
            planned_of(result, leaf),
        )


def _twins(result: Assessment, previous: Assessment | None) -> dict[str, str]:
    """Last year's indicator of each leaf that continues it whole and is measured alike."""
    if previous is None:
        return {}
    matching = match(previous.scheme, result.scheme, (previous.table, result.table))
    return {id: old for id, old in matching.twins.items() if id in matching.shared}


def _of_last_year(
    result: Assessment, previous: Assessment | None, old: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """Last year's targets and values of this year's units."""
    targets, values = (np.full(len(result.table.units), np.nan) for _ in range(2))
    if previous is None or old is None:
        return targets, values
    table = previous.table
    column = [leaf.id for leaf in previous.scheme.leaves].index(old)
    rows = {unit: k for k, unit in enumerate(table.units)}
    for i, unit in enumerate(result.table.units):
        if unit in rows:
            k = rows[unit]
            targets[i] = table.targets[k, column]
            if table.status[k, column] == VALUE:
                values[i] = table.raw[k, column]
    return targets, values


def planned_of(result: Assessment, leaf: Indicator, kind: str | None = None) -> np.ndarray:
    """The plan's target of the scheme's year for each unit, NaN where there is none."""
    if leaf.plan is None:
        return np.full(len(result.table.units), np.nan)
    nothing = np.full(len(result.table.units), np.nan)
    base, goal = (
        result.table.plans.get(f"{end}:{leaf.id}", nothing) for end in ("plan_base", "plan_goal")
    )
    return planned(leaf.plan, base, goal, _year(result.scheme.year), kind)


def _year(text: str) -> int | None:
    """The one year that a scheme is of."""
    return int(text) if re.fullmatch(r"(?:19|20|21)\d\d", text, re.ASCII) else None


def _rows(result: Assessment, known: Known, due: datetime.date | None) -> Iterator[tuple[Any, ...]]:
    """The rows of one leaf."""
    table, sign = result.table, known.leaf.leaf_rule.sign
    dates = table.remarks.get(f"filed:{known.leaf.id}")
    for k, unit in enumerate(table.units):
        target = known.target[k]
        if table.status[k, known.column] == NOT_APPLICABLE and np.isnan(target):
            continue
        text = None if dates is None else dates.iloc[k]
        day = day_of(text) if isinstance(text, str) else None
        last_target, last_value = known.last_target[k], known.last_value[k]
        yield (
            unit,
            known.leaf.id,
            target,
            day,
            _status(dates is not None, day, due),
            last_target,
            last_value,
            _below(sign, target, last_target),
            _below(sign, target, last_value),
            known.planned[k],
            _below(sign, target, known.planned[k]),
        )


def _status(told: bool, day: datetime.date | None, due: datetime.date | None) -> str:
    """Whether a target was filed in time; `told` where the table has dates of filing."""
    if not told:
        return "unknown"
    if day is None:
        return "not_filed"
    if due is None:
        return "unknown"
    return "in_time" if day <= due else "late"


def _below(sign: int, target: float, other: float) -> bool | None:
    """Whether a target asks for less than another number, by more than the error of floats; None
    where one is unknown."""
    if np.isnan(target) or np.isnan(other):
        return None
    return bool(sign * (other - target) > FLOAT_ERROR * max(1.0, abs(other)))
