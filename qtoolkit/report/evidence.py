"""What tables prove, in plain numbers, as the blocks that show them carry it: of it a run makes its
claims (:mod:`qtoolkit.runs.claims`).

A row has `what` table it is of, `unit`, and `kind`, by what a limit is measured ("share": by how
much all points move, "points": how many move in all; between `from` and `to` alone, where these
are there). Its grade holds up to `at_least` and changes at `at_most` (None: not known), at one of
`witnesses`, each the points of all indicators; `why` it is no better known. `units`: others of whom
the same is known up to `at_least`. A range of scores has `at_least` where the grade is certain, and
two witnesses, at which the ends are attained. A row without a unit says `why` there are no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import robustness
from qtoolkit.assessment import Assessment
from qtoolkit.regions import Box, Region
from qtoolkit.report import choosing

BAND, FLIP, RANGE = "tolerance", "cheapest flip", "score range"
STEPS, TRANSFER = "flip in steps", "transfer"
ORDER = (BAND, FLIP, RANGE, STEPS, TRANSFER)
SHARE, POINTS = "share", "points"
CELLS = 20_000  # units × indicators beyond which only units near a cutoff are looked at
BEYOND = (1e-8, 1e-7, 1e-6, 0.0)
"""Points beyond a transfer at which its grade is looked for: at the transfer itself a score may lie
at half a tick."""

Row = dict[str, Any]


def of(result: Assessment, rows: Sequence[Row]) -> dict[str, Any]:
    """Evidence as a block carries it: with the points and grades that it is about."""
    return {**_present(result), "rows": list(rows)}


def about(result: Assessment, given: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows of evidence that is about this very result, and not about one with other choices."""
    present = _present(result)
    return [row for each in given if present.items() <= each.items() for row in each["rows"]]


def _present(result: Assessment) -> dict[str, Any]:
    return {
        "units": [str(unit) for unit in result.scores.index],
        "now": result.points.tolist(),
        "scores": result.scores.tolist(),
        "grades": [str(grade) for grade in result.grades],
    }


def bands(result: Assessment, found: robustness.Certificates) -> list[Row]:
    """Of tolerances."""
    units = _asked(result).intersection(found.table.index, sort=False)
    return [_row(BAND, SHARE, found, unit, "tolerance", "at_most", "change") for unit in units]


def _asked(result: Assessment) -> pd.Index:
    """The units of which tables of all are evidence: where there are too many, those near a
    cutoff."""
    return choosing.edge(result) if result.engine.slope.size > CELLS else result.scores.index


def flips(found: robustness.Certificates) -> list[Row]:
    """Of the fewest points that change a grade."""
    units = found.table.index
    return [_row(FLIP, POINTS, found, unit, "at_least", "points_moved", "flip") for unit in units]


def steps(found: robustness.Certificates) -> list[Row]:
    """Of the same in whole steps: where a grade changes, and no more, since what holds of steps
    holds of no other points."""
    units = found.table.index
    rows = [_row(STEPS, POINTS, found, unit, "at_least", "points_moved", "flip") for unit in units]
    return [row | {"at_least": None} for row in rows if row["witnesses"]]


def ranges(result: Assessment, found: robustness.Certificates, region: Region) -> list[Row]:
    """Of ranges of scores over a band of all points; of other regions that there is none."""
    band = region.relative if isinstance(region, Box) and region.absolute is None else None
    if band is None or band > 1:
        return [{"what": RANGE, "unit": None, "why": "the region is no band of all points"}]
    table, rows = found.table, []
    for unit in _asked(result):
        ends = [found.witness(unit, side) for side in ("low", "high")]
        rows.append(
            {
                "what": RANGE,
                "unit": str(unit),
                "kind": SHARE,
                "at_least": float(band) if table.at[unit, "certain"] else None,
                "at_most": float(band),
                "witnesses": [end.tolist() for end in ends if end is not None],
                "why": str(table.at[unit, "why"]),
            }
        )
    return rows


def transfers(result: Assessment, found: robustness.TransferMap, pairs: pd.DataFrame) -> list[Row]:
    """Of transfers (`from`, `to`, `points`, `unit` and `status` of each), the least first: of the
    first that nobody's grade changes before, of all that the grade of their unit does not."""
    now, rows = result.points, []
    others = [str(unit) for unit in _asked(result) if unit not in found.left_out]
    for start, end, points, unit, status in pairs[
        ["from", "to", "points", "unit", "status"]
    ].itertuples(index=False):
        is_exact, is_first = status == "exact", not rows
        moves = [min(points + more, now[start]) for more in BEYOND]
        rows.append(
            {
                "what": TRANSFER,
                "unit": str(unit),
                "kind": POINTS,
                "from": start,
                "to": end,
                "at_least": float(points) if is_exact else None,
                "at_most": float(points),
                "witnesses": [_moved(now, start, end, move) for move in moves],
                "units": others if is_exact and is_first else [str(unit)],
                "why": "",
            }
        )
    return rows


def _moved(now: pd.Series, start: str, end: str, move: float) -> list[float]:
    points = now.copy()
    points[start] -= move
    points[end] += move
    return [float(p) for p in points]


def _row(
    what: str,
    kind: str,
    found: robustness.Certificates,
    unit: Any,
    lower: str,
    upper: str,
    side: str,
) -> Row:
    row, witness = found.table.loc[unit], found.witness(unit, side)
    return {
        "what": what,
        "unit": str(unit),
        "kind": kind,
        "at_least": _known(row[lower]),
        "at_most": _known(row[upper]) if witness is not None else None,
        "witnesses": [] if witness is None else [witness.tolist()],
        "why": str(row["why"] or row["status"]),
    }


def _known(limit: float) -> float | None:
    """A limit; the widest that there is where nothing changes however far points move."""
    if np.isnan(limit):
        return None
    return float(min(limit, WIDEST))


WIDEST = 1e6  # more than all points and any share: where nothing changes however far points move
