"""What takes longer than a hand waits for: how far each indicator alone can move, tolerances, the
nearest flips. Each is a function of its own, so that another process can work it out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment, assess
from qtoolkit.engine import finish, from_ticks, to_ticks
from qtoolkit.engine.core import grade, score
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import Table
from qtoolkit.regions import Box
from qtoolkit.robustness import cheapest_flip, score_range, tolerance
from qtoolkit.robustness.certificates import REASONS
from qtoolkit.tuning.choices import choice_of
from qtoolkit.tuning.sharing import Family

NEAREST = 3  # flips that are shown
FIRST = 4  # positions that are graded at first, twice as many each time


def safe_intervals(
    result: Assessment, keep: str, locked: Collection[str], step: float
) -> pd.DataFrame:
    """How far each indicator or block alone can be moved by hand, in whole steps from where it is
    and the others taking up the difference, before any grade changes.

    Every position within was graded by the engine, as was the first one beyond; nothing is
    interpolated.

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
    """Places from `start` towards `end` in strides, the end itself the last, in growing groups."""
    every = [*range(start + stride, end, stride), end] if start != end else []
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
            "why": REASONS.get(row.why, REASONS[""]),
        }
        for unit, row in zip(nearest.index, nearest.itertuples(), strict=True)
    ]
