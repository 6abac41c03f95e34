"""What takes longer than a hand waits for: how far each indicator alone can move, tolerances, the
nearest flips. Each is a function of its own, so that another process can work it out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment, assess
from qtoolkit.cutoffs import margins
from qtoolkit.engine import finish, from_ticks, to_ticks
from qtoolkit.engine.core import grade, score
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import Table
from qtoolkit.regions import Box
from qtoolkit.report.blocks import rounded_towards
from qtoolkit.robustness import cheapest_flip, score_range, tolerance
from qtoolkit.tuning.choices import choice_of
from qtoolkit.tuning.sharing import Family

LEAST = 0.01  # points that are printed as a number
NEAREST = 3  # flips that are shown
FIRST = 4  # positions that are graded at first, twice as many each time


def safe_intervals(
    result: Assessment, keep: str, locked: Collection[str], step: float
) -> pd.DataFrame:
    """How far each indicator or block alone can be moved by hand, the others taking up the
    difference, before any grade changes: to the multiples of the step, where a slider stops, and
    the ends.

    Each of these positions within was graded by the engine, as was the first one beyond; nothing is
    said of positions between them, where points are shared out otherwise.

    Parameters
    ----------
    result : Assessment
    keep, locked, step : see :class:`qtoolkit.tuning.Tuning`

    Returns
    -------
    DataFrame indexed by id
        low, high: the outermost positions that change no grade; ends_low, ends_high: whether there
        is no position beyond (the indicator, or those that give, have no points left).
    """
    scheme, e = result.scheme, result.engine
    points = choice_of(scheme).points
    stride, now = int(to_ticks(step)), result.grades.cat.codes.to_numpy()
    rows = {}
    for node in scheme.nodes:
        row: dict[str, Any] = dict.fromkeys(("low", "high"), int(to_ticks(node.full_points)))
        row |= {"ends_low": True, "ends_high": True}
        rows[node.id] = row
        try:
            family = Family(scheme, node.id, keep, locked)
        except InputError:  # locked: it has no position but its own
            continue
        own = family.points(points)
        for side, sign in (("low", -1), ("high", 1)):
            end = family.span(points)[sign > 0]
            for places in _outwards(own, end, sign * stride):
                moved = np.array([family.move(points, place, stride) for place in places])
                graded = grade(e, score(e, from_ticks(moved)))
                differs = (graded != now).any(axis=1)
                safe = int(differs.argmax()) if differs.any() else len(places)
                if safe:
                    row[side] = places[safe - 1]
                row[f"ends_{side}"] = safe == len(places)
                if safe < len(places):
                    break
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "indicator"
    return table.assign(low=from_ticks(table["low"]), high=from_ticks(table["high"]))


def _outwards(start: int, end: int, stride: int) -> Iterator[list[int]]:
    """The multiples of a stride from `start` towards `end`, the end itself the last, in growing
    groups."""
    size = abs(stride)
    first = (start // size + 1) * size if stride > 0 else (start - 1) // size * size
    every = [*range(first, end, stride), end] if start != end else []
    at, size = 0, FIRST
    while at < len(every):
        yield every[at : at + size]
        at, size = at + size, size * 2


def ranges(result: Assessment, band: float) -> tuple[list[float], list[float]]:
    """Published scores, the least and the greatest of each unit, while all points stay within ±
    `band`."""
    table = score_range(result, Box(relative=band)).table
    low, high = (
        from_ticks(finish(result.engine, to_ticks(table[side].to_numpy())))
        for side in ("low", "high")
    )
    return low.tolist(), high.tolist()


def margins_shown(scheme: Scheme, table: Table) -> list[str]:
    """:func:`qtoolkit.cutoffs.margins` as the panel takes them."""
    return margins_said(assess(scheme, table))


def margins_said(result: Assessment) -> list[str]:
    """What each unit must gain for a better grade, rounded up, and can lose, rounded down."""
    away = margins(result)
    said = []
    for below, above in zip(away["below"].tolist(), away["above"].tolist(), strict=True):
        up = "" if math.isnan(below) else f"↑{rounded_towards(below, '.2f', '↑')}"
        down = "" if math.isnan(above) else f"↓{rounded_towards(above, '.2f', '↓')}"
        if 0 < above < LEAST:
            down = f"↓<{LEAST}"
        said.append(f"{up} {down}".strip())
    return said


def intervals_shown(
    scheme: Scheme, table: Table, keep: str, locked: Collection[str], step: float
) -> dict[str, Any]:
    """:func:`safe_intervals` as the panel takes it."""
    found = safe_intervals(assess(scheme, table), keep, locked, step)
    return {
        str(id): [float(low), float(high)]
        for id, low, high in found[["low", "high"]].itertuples(name=None)
    }


def tolerances_shown(scheme: Scheme, table: Table) -> list[dict[str, Any]]:
    """:func:`qtoolkit.robustness.tolerance` as the panel takes it, unit by unit."""
    found = tolerance(assess(scheme, table)).table
    return [
        {"tolerance": float(share) if np.isfinite(share) else None, "status": str(status)}
        for share, status in zip(found["tolerance"], found["status"], strict=True)
    ]


def flips_shown(scheme: Scheme, table: Table) -> list[dict[str, Any]]:
    """The fewest points that change a grade, the nearest first, as the panel takes them."""
    found = cheapest_flip(assess(scheme, table)).table
    near = found[np.isfinite(found["points_moved"].to_numpy(float))]
    nearest = near.sort_values("points_moved", kind="stable").head(NEAREST)
    return [
        {
            "unit": str(unit),
            "towards": str(row.towards),
            "old": str(row.grade),
            "points": float(row.points_moved),
            "recipe": row.recipe,
            "status": str(row.status),
        }
        for unit, row in zip(nearest.index, nearest.itertuples(), strict=True)
    ]
