"""What one change does: points moved between two indicators, one indicator's points alone, one
cutoff alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine import TICK, affine, finish, from_ticks, to_ticks
from qtoolkit.engine.core import regraded
from qtoolkit.language import Text
from qtoolkit.lines import LinesSaid, with_breaks_held
from qtoolkit.robustness.rays import FLAT, first_changes, first_cuts

ROWS = 64  # positions of a cutoff graded at a time


@dataclass(frozen=True, repr=False)
class TransferMap(Shown):
    """Points that must move from one indicator (row) to another (column) before the first grade
    anywhere changes.

    table : d × d, ∞ where moving all of the row's points changes no grade of the units looked at;
        0 for a unit exactly on its closed end
    unit : d × d, who changes first of the units looked at; of several, the first in their order
    exact : d × d, True where, of the units that are not left out, nobody's grade changes before and
        this unit's does there, graded anew with quotas in force; False where an earlier change may
        have been missed (`qtoolkit.robustness.rays`)
    left_out : units that were not looked at, or not for every pair, since there was too much to
        scan
    lines : see :mod:`qtoolkit.lines`
    """

    card_title: ClassVar[Text] = Text("分值转移影响表", "Map of transfers")

    table: pd.DataFrame
    unit: pd.DataFrame
    exact: pd.DataFrame
    left_out: tuple[str, ...]
    lines: LinesSaid | None = None


@with_breaks_held
def transfer_map(result: Assessment, leaves: Sequence[str] | None = None) -> TransferMap:
    """For each pair of indicators (of `leaves`, all if left out), the points that can move from the
    first to the second before any grade changes.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0], "b": [0.8]}, index=["甲"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> float(qt.robustness.transfer_map(r).table.loc["a", "b"].round(6))
    10.0
    """
    points = result.points.to_numpy()
    among = (
        np.arange(points.size) if leaves is None else result.points.index.get_indexer(list(leaves))
    )
    d = among.size
    start, end = np.nonzero(~np.eye(d, dtype=bool))
    unit_rows = np.eye(points.size)[among]
    changes = first_changes(result, unit_rows[end] - unit_rows[start], points[among[start]])
    table, unit, exact = (
        np.full((d, d), np.nan),
        np.full((d, d), None, dtype=object),
        np.ones((d, d), bool),
    )
    table[start, end], unit[start, end], exact[start, end] = changes.first(
        result.scores.index.to_numpy(dtype=object)
    )
    out = tuple(result.scores.index[changes.left_out])
    ids = result.points.index[among]
    tables = [pd.DataFrame(x, index=ids, columns=ids) for x in (table, unit, exact)]
    return TransferMap(tables[0], tables[1], tables[2], out)


@with_breaks_held
def stability_intervals(result: Assessment) -> pd.DataFrame:
    """How far one indicator's points alone may move, the others keeping their proportions
    (Mareschal 1988).

    Returns
    -------
    DataFrame indexed by indicator
        points; low, high: the interval of its points in which no grade of the units looked at
        changes; unit_low, unit_high: who changes at its ends; rank_low, rank_high: the interval in
        which the order of all units (before rounding) stays; status ("exact"; "at most": an earlier
        change may have been missed; "undefined": it has all points), left_out (units not looked at,
        or not in every row: as in :class:`TransferMap`).

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0], "b": [0.8]}, index=["甲"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> qt.robustness.stability_intervals(r).loc["a", ["low", "high"]].tolist()
    [50.0, 100.0]
    """
    points = result.points.to_numpy()
    total, d = points.sum(), points.size
    others = total - points
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.where(np.eye(d, dtype=bool), 1.0, -points / others[:, None])
    v = np.where(others[:, None] > FLAT, v, 0.0)
    sides = []
    for sign, reach in ((-1, np.where(others > FLAT, points, 0.0)), (1, others)):
        changes = first_changes(result, sign * v, reach)
        least, unit, exact = changes.first(result.scores.index.to_numpy(dtype=object))
        ends = (
            points + sign * np.minimum(least, reach),
            points + sign * _order(result, sign * v, reach),
        )
        sides.append((ends[0], unit, exact, ends[1], changes.left_out))
    (
        (low, unit_low, sure_low, rank_low, out_low),
        (high, unit_high, sure_high, rank_high, out_high),
    ) = sides
    status = np.where(sure_low & sure_high, "exact", "at most").astype(object)
    status[others <= FLAT] = "undefined"
    out = "、".join(result.scores.index[out_low | out_high])
    return pd.DataFrame(
        {
            "points": points,
            "low": low,
            "high": high,
            "unit_low": unit_low,
            "unit_high": unit_high,
            "rank_low": rank_low,
            "rank_high": rank_high,
            "status": status,
            "left_out": out,
        },
        index=result.points.index,
    )


def _order(result: Assessment, v: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """How far along each ray the order of all units stays: only neighbours can cross first; NaN
    where a score bends."""
    e, points = result.engine, result.points.to_numpy()
    A, b, exact, _ = affine(e, points, points)
    key = A @ points + b + (0 if e.rank_on_base else from_ticks(e.offset - e.late))
    if not exact.all() or len(key) < 2:
        return np.full(len(v), np.nan) if not exact.all() else reach
    order = (-key).argsort(kind="stable")
    gap, rate = -np.diff(key[order]), np.diff((v @ A.T)[:, order], axis=1)
    tied = gap <= TICK / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(
            tied,
            np.where(np.abs(rate) > FLAT, 0.0, np.inf),
            np.where(rate > FLAT, gap / rate, np.inf),
        )
    found, cuts = np.minimum(t.min(axis=1), reach), first_cuts(result, v).min(axis=1)
    # A change where a deduction is just cut is none that these slopes could tell of: beyond it they
    # are others.
    return np.where((found < cuts) | ((found >= reach) & (reach <= cuts)), found, np.nan)


@with_breaks_held
def cutoff_intervals(result: Assessment) -> pd.DataFrame:
    """How far each cutoff alone may move before any grade changes, in points of the published
    score.

    Grades change at published scores and nowhere else, so they are given anew there, vetoes, quotas
    and last places included, from the cutoff outwards until one changes.

    Returns
    -------
    DataFrame indexed by grade, the worst and those without a cutoff left out
        cutoff; low, high: no grade changes while it is above `low` and not above `high`; unit_low,
        unit_high: who changes there, None where none does before the cutoff meets its neighbour, at
        which the interval then ends. Where classes have cutoffs of their own, all move by the same
        points, and the neighbour that is met first in any class ends the interval.
    """
    e, base = result.engine, result.base.to_numpy()
    published = finish(e, base)
    now = result.grades.cat.codes.to_numpy()
    rows = {}
    for i, g in enumerate(reversed(result.scheme.grades[:-1])):
        if not g.has_line:
            continue
        moved = np.arange(e.cutoffs.shape[1]) == i
        lead = np.unique(published - e.cutoffs[:, i])
        below, above = e.room(i)  # between neighbours, in the class where they are nearest
        down = -np.inf if below is None else -below
        up = np.inf if above is None else above
        row: dict[str, object] = {
            "cutoff": g.cutoff,
            "low": None,
            "high": None,
            "unit_low": None,
            "unit_high": None,
        }
        for side, shifts, past, end in (
            ("low", lead[(lead < 0) & (lead > down)][::-1], 0, down),
            ("high", lead[(lead >= 0) & (lead < up)], 1, up),
        ):
            found = _first_other(result, shifts + past, moved, now)
            ticks = end if found is None else shifts[found[0]]
            now_at = to_ticks(g.line)
            row[side] = float(from_ticks(now_at + ticks)) if np.isfinite(ticks) else float(ticks)
            if found is not None:
                row[f"unit_{side}"] = result.scores.index[found[1]]
        rows[g.id] = row
    columns = ["cutoff", "low", "high", "unit_low", "unit_high"]
    table = pd.DataFrame(list(rows.values()), list(rows), columns, dtype=object).iloc[::-1]
    return table.astype({"cutoff": float, "low": float, "high": float})


def _first_other(
    result: Assessment, shifts: np.ndarray, moved: np.ndarray, now: np.ndarray
) -> tuple[int, int] | None:
    """The first of these shifts of a cutoff, in ticks, at which a grade changes, and the first unit
    of which one does."""
    start, size = 0, 1
    while start < len(shifts):
        block = shifts[start : start + size]
        other = regraded(result.engine, result.base.to_numpy(), block, moved) != now
        if other.any():
            at = int(other.any(axis=1).argmax())
            return start + at, int(other[at].argmax())
        start, size = start + size, min(2 * size, ROWS)
    return None
