"""Facts that several chapters share: counts of grades, cutoffs, near-misses, formats of scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of
from qtoolkit.cutoffs import near_misses as nearly
from qtoolkit.engine import from_ticks
from qtoolkit.engine.ticks import NO_LINE, UNREACHABLE
from qtoolkit.inputs.scheme import Grade, Indicator, Rounding, Scheme
from qtoolkit.language import Text, settled

NEAR = 0.01  # of the total: how near to another grade a near-miss is


def both(text: str | float | None) -> Text | None:
    """A remark from the data, whose two wordings may stand in one cell as “中文 | English”.

    >>> both("缺台账 | no ledger").en
    'no ledger'
    """
    if text is None or text != text:
        return None
    zh, bar, en = str(text).partition(" | ")
    return Text(zh, en if bar else zh)


def is_approved(result: Assessment) -> bool:
    """Whether the data hold approved grades, so that the two must be told apart in every count."""
    return "approved" in result.table.remarks


def kind_of(result: Assessment) -> str:
    """Which grade :attr:`Assessment.approved` is: "approved" where the data hold any, else
    "computed"."""
    return "approved" if is_approved(result) else "computed"


def counts(result: Assessment, grades: pd.Series | None = None) -> list[dict[str, Any]]:
    """How many units have each grade, best first: rows of grade (its name) and units."""
    tally = (result.grades if grades is None else grades).value_counts()
    return [
        {"grade": grade.label, "units": int(tally.get(grade.id, 0))}
        for grade in result.scheme.grades
    ]


def both_counts(result: Assessment) -> dict[str, Any]:
    """The counts of computed grades and, where the data hold them, of approved ones (else None)."""
    approved = counts(result, result.approved) if is_approved(result) else None
    return {"computed": counts(result), "approved": approved}


def bands(result: Assessment) -> list[dict[str, Any]]:
    """The cutoffs for each class where they differ, else once: rows of group (None where for all),
    lines (grade, cutoff; see :func:`cutoff`), lowest (the last grade), edge (below which it is;
    None of one grade, "rest" where the grade above it has no line). With natural breaks one row a
    class in which they are found: lines are the present ones, edge is "breaks"."""
    scheme = result.scheme
    if scheme.by_breaks:
        return _breaks(result)
    by_class = any(grade.class_cutoffs for grade in scheme.grades)
    return [_bands(result, group) for group in (scheme.classes if by_class else (None,))]


def _bands(result: Assessment, group: str | None) -> dict[str, Any]:
    scheme = result.scheme
    lines: list[dict[str, Any]] = [
        {
            "grade": grade.label,
            "cutoff": grade.cutoff_of(group) if grade.has_line else how_set(result, grade),
        }
        for grade in scheme.grades[:-1]
    ]
    edge = lines[-1]["cutoff"] if lines else None
    return {
        "group": group,
        "lines": lines,
        "lowest": scheme.grades[-1].label,
        "edge": "rest" if isinstance(edge, dict) else edge,
    }


def _breaks(result: Assessment) -> list[dict[str, Any]]:
    """The natural breaks as they lie now, best grade first; grades that stay empty left out."""
    scheme, found = result.scheme, []
    classes = result.table.covariates.get("class")
    for group in result.engine.breaks or result.fixed.engine.breaks:
        first = int(np.flatnonzero(group.members)[0])
        lines = [
            {"grade": grade.label, "cutoff": float(from_ticks(ticks))}
            for grade, ticks in zip(
                scheme.grades[:-1], result.engine.cutoffs[first][::-1].tolist(), strict=True
            )
            if ticks > NO_LINE
        ]
        in_class = scheme.grades[0].within == "class" and classes is not None
        found.append(
            {
                "group": str(classes.iloc[first]) if in_class else None,
                "lines": lines,
                "lowest": scheme.grades[len(lines)].label,
                "edge": "breaks",
            }
        )
    return found


def how_set(result: Assessment, grade: Grade) -> dict[str, Any]:
    """What sets a grade without a line: by ("place", "share", "breaks"), quota (places, or a share
    of the units; None with breaks), by_class (whether counted in each class), best (whether no
    grade is better), now (the published score at which it begins now; None where classes differ,
    or nobody has it)."""
    scheme = result.scheme
    lines = result.fixed.cutoffs[grade.id].unique()
    is_one = len(lines) == 1 and 0 <= lines[0] < from_ticks(UNREACHABLE)
    return {
        "now": float(lines[0]) if is_one else None,
        "by": grade.by,
        "quota": grade.quota,
        "by_class": grade.within == "class",
        "best": grade is scheme.grades[0],
    }


def moving(result: Assessment) -> str | None:
    """How lines follow from the scores where they do: "places" or "breaks"; None where they stand
    still."""
    if result.engine.breaks:
        return "breaks"
    return "places" if result.lines_move else None


def areas(scheme: Scheme, before: Scheme | None = None) -> list[dict[str, Any]]:
    """The top-level indicators: name, points, before (points in an earlier scheme; None where it
    has none of the same id)."""
    old = {node.id: node.points for node in before.nodes} if before else {}
    return [
        {"name": top.name, "points": top.points, "before": old.get(top.id)}
        for top in scheme.indicators
    ]


def rounding(rule: Rounding | None) -> dict[str, Any] | None:
    """A rounding rule: decimals and mode; None where nothing is rounded."""
    return None if rule is None else {"decimals": rule.decimals, "mode": rule.mode}


def top_path(scheme: Scheme) -> dict[str, list[Indicator]]:
    """For each leaf id, the indicators from the top of the tree down to it."""
    paths: dict[str, list[Indicator]] = {}

    def walk(node: Indicator, above: list[Indicator]) -> None:
        path = [*above, node]
        if node.is_leaf:
            paths[node.id] = path
        for child in node.children:
            walk(child, path)

    for top in scheme.indicators:
        walk(top, [])
    return paths


def cutoff(result: Assessment, grade: Grade) -> float | dict[str, Any] | list[dict[str, Any]]:
    """A grade's cutoff; rows of group and cutoff where classes have their own; what sets a grade
    that has none, see :func:`how_set`."""
    if not grade.has_line:
        return how_set(result, grade)
    scheme = result.scheme
    if not any(other.class_cutoffs for other in scheme.grades):
        return grade.line
    return [{"group": group, "cutoff": grade.cutoff_of(group)} for group in scheme.classes]


def score_format(result: Assessment) -> str:
    """The format of published scores: the decimals that the scheme keeps."""
    rule = result.scheme.rounding.total
    return ".4f" if rule is None else f".{rule.decimals}f"


def signed(result: Assessment) -> str:
    """The format of a difference between scores, with its sign: as many decimals as they are
    published with, two at least."""
    rule = result.scheme.rounding.total
    return f"+.{4 if rule is None else max(rule.decimals, 2)}f"


def percent(error: float) -> str:
    """The format of a frequency with the decimals that its error supports, at most half a unit of
    the last one; .1% where it has none."""
    if error == 0:
        return ".1%"
    return next(
        f".{decimals}%"
        for decimals in (3, 2, 1, 0)
        if 100 * error <= 0.5 * 10.0**-decimals or decimals == 0
    )


def classes(result: Assessment, units: Iterable[str]) -> dict[str, list[str]]:
    """The column "class" of a table of units; none where the scheme has none."""
    if not result.scheme.classes:
        return {}
    found = dict(zip(result.scores.index, classes_of(result.table), strict=True))
    return {"class": [found[unit] for unit in units]}


def points_of(result: Assessment, points: float | None) -> float:
    """These points, or where none are given a hundredth of the total: 1 of 100, 10 of 1,000."""
    return settled(NEAR * result.scheme.total) if points is None else points


def near_misses(table: pd.DataFrame, near_miss: float) -> pd.DataFrame:
    """Units of a table of :func:`qtoolkit.cutoffs.margins` whose grade `near_miss` points more or
    less would change, places counted in, the nearest first; with columns by and rivals, which are
    those of the nearer side. Above, the margin may be lost and the grade is kept."""
    near = nearly(table, near_miss)
    up = near["above"].isna() | (near["below"] < near["above"])
    by = near["below_by"].where(up, near["above_by"])
    return near.assign(by=by, rivals=near["below_rivals"].where(up, near["above_rivals"]))
