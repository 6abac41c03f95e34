"""Facts of exact robustness beyond one band: ranks, cheapest flips, transfers, single points and
cutoffs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import robustness, simulation
from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.new_indicators import WorstCase
from qtoolkit.report import changed, choosing, evidence, figures, lines
from qtoolkit.report.blocks import rounded_towards
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.robustness.flips import ON_LINE

FEWER = 3  # clauses in a sentence
LEAST = 20  # transfers in the table


def rank_ranges(
    result: Assessment, found: robustness.Certificates, drawn: simulation.Simulation | None
) -> Section:
    """Best and worst rank of each unit, as :func:`qtoolkit.robustness.rank_range` found them,
    beside what random draws from the same region show; None where nothing can be drawn from it."""
    table = found.table.copy()  # it stays the caller's
    sides = ["drawn_best", "drawn_worst"]
    if drawn is None:
        table[sides] = np.nan
    else:
        table[sides] = drawn.rank_quantiles.loc[table.index, ["best", "worst"]]
    table = table.loc[result.ranks[table.index].sort_values(kind="stable").index]
    exact = table["status"] == "exact"
    narrower = exact & (
        (table["drawn_best"] > table["best"]) | (table["drawn_worst"] < table["worst"])
    )
    span = table["worst"] - table["best"]
    near = choosing.to_cutoff(result)[table.index]
    shown = choosing.few(table.index, near)
    facts = {
        "fixed": ((span == 0) & (table["best"] == table["rank"])).sum(),
        "elsewhere": table.index[(span == 0) & (table["best"] != table["rank"])],
        "widest": table.loc[span == span.max(), ["best", "worst"]].rename_axis("unit"),
        "draws": None if drawn is None else drawn.draws,
        "narrower": narrower.sum(),
        "bounds": table.index[~exact],
        "searched": choosing.searched(result),
        "listed": len(table),
        "drawn": len(shown),
    }
    if not span.max():
        facts["widest"] = []
    order = in_order(near, falling=False)
    listed = table if drawn is not None else table.drop(columns=sides)
    return Section(
        "exact/rank_ranges",
        names_of(result),
        facts,
        {"rank_ranges": Rows(listed.rename_axis("unit"), order)},
        {"rank_ranges": lambda language: figures.rank_ranges(result, table.loc[shown], language)},
    )


def flips(
    result: Assessment, found: robustness.Certificates, in_halves: robustness.Certificates
) -> Section:
    """The fewest points that change each unit's grade, the scheme's weakest spot first, as
    :func:`qtoolkit.robustness.cheapest_flip` found them: any points, and in steps of half a
    point."""
    table = found.table.rename_axis("unit")
    table = table.iloc[in_order(table["points_moved"], falling=False)]
    table["half"] = in_halves.table["points_moved"]
    changeable = table[np.isfinite(table["points_moved"])]
    weakest = changeable.iloc[foremost(changeable["points_moved"], falling=False)]
    on_line = changeable[changeable["recipe"].map(lambda recipe: recipe == ON_LINE).astype(bool)]
    unknown = table.index[table["status"] == "at least"]
    columns = ["recipe", "points_moved", "status", "grade", "towards"]
    facts = {
        "changeable": len(changeable),
        "on_line": on_line[["grade", "towards"]],
        "weakest": weakest[columns].head(FEWER),
        "likewise": max(len(weakest) - FEWER, 0),
        "little": changeable.index[changeable["points_moved"] < 1 - SAME],
        "searched": choosing.searched(result),
        "unknown": unknown,
    }
    shown = table.drop(index=unknown)
    is_open = shown["status"] != "exact"
    shown["at_least"] = shown["at_least"].where(is_open)
    if not is_open.any():
        shown = shown.drop(columns="at_least")
    proven = evidence.of(result, [*evidence.flips(found), *evidence.steps(in_halves)])
    rows = Rows(shown, range(len(shown)), proven)
    return Section("exact/flips", names_of(result), facts, {"cheapest_flips": rows})


def transfers(
    result: Assessment, transfer_map: robustness.TransferMap, singles: pd.DataFrame
) -> Section:
    """Points that can move between two indicators before the first grade changes, and how far each
    may move alone, as :func:`qtoolkit.robustness.transfer_map` and
    :func:`qtoolkit.robustness.stability_intervals` found them."""
    pairs = _least_transfers(result, transfer_map)
    first = pairs.iloc[foremost(pairs["points"], falling=False)]
    proven = bool(transfer_map.exact.all(axis=None))
    tight = _tightest(singles.drop(index=_without_data(result)))
    count = len(result.scheme.leaves)
    facts = {
        "leaves": count,
        "computed": len(transfer_map.table),
        "proven": proven,
        "first": first[["from", "to", "unit"]],
        "least": first["points"].min() if len(first) else None,
        "on_line": bool((first["points"] <= SAME).any()),
        "tight": [_moves_alone(leaf, singles.loc[leaf]) for leaf in tight[:FEWER]],
        "tight_likewise": max(len(tight) - FEWER, 0),
        "left_out": _left_out(result, transfer_map, singles),
        "lined": any(grade.has_line for grade in result.scheme.grades[:-1])
        or len(result.scheme.grades) == 1,
    }
    tables = {
        "transfers": Rows(
            pairs.head(LEAST).assign(safe=_safe),
            evidence=evidence.of(
                result, evidence.transfers(result, transfer_map, pairs.head(LEAST))
            ),
        ),
        "stability_intervals": singles.rename_axis("leaf"),
        "cutoff_intervals": _lines(result),
    }
    charts = {"transfers": lambda language: figures.transfers(result, transfer_map, language)}
    return Section("exact/transfers", names_of(result), facts, tables, charts)


def _without_data(result: Assessment) -> list[str]:
    """New indicators, for which no unit has data yet."""
    columns = (result.table.status == robustness.NEW).T
    leaves = result.scheme.leaves
    return [leaf.id for leaf, column in zip(leaves, columns, strict=True) if column.all()]


def _least_transfers(result: Assessment, transfer_map: robustness.TransferMap) -> pd.DataFrame:
    """Transfers that change a grade, the least first: from, to, points, unit (whose grade changes
    first), status; none of new indicators."""
    table = transfer_map.table.rename_axis(index="from", columns="to")
    pairs = table.stack().rename("points").reset_index()
    places = list(zip(pairs["from"], pairs["to"], strict=True))
    pairs["unit"] = [transfer_map.unit.loc[place] for place in places]
    proven = [bool(transfer_map.exact.loc[place]) for place in places]
    pairs["status"] = np.where(proven, "exact", "at most").astype(object)
    new = _without_data(result)
    pairs = pairs[np.isfinite(pairs["points"]) & ~pairs["from"].isin(new) & ~pairs["to"].isin(new)]
    return pairs.iloc[in_order(pairs["points"], falling=False)]


def _left_out(
    result: Assessment, transfer_map: robustness.TransferMap, singles: pd.DataFrame
) -> list[str]:
    """The units that transfers and single changes leave out, wholly or in part."""
    singly = "、".join(["", *singles["left_out"].unique(), ""])
    return [
        unit
        for unit in result.scores.index
        if unit in transfer_map.left_out or f"、{unit}、" in singly
    ]


def _tightest(alone: pd.DataFrame) -> pd.Index:
    """The indicators whose points alone need to move least before a grade changes, all that tie; an
    end at which none does, such as 0 points, is no limit. Empty where no grade changes at all."""
    down = (alone["points"] - alone["low"]).where(alone["unit_low"].notna(), np.inf)
    up = (alone["high"] - alone["points"]).where(alone["unit_high"].notna(), np.inf)
    width = np.minimum(down, up).where(alone["status"] != "undefined", np.inf)
    return alone.index[foremost(width.where(np.isfinite(width)), falling=False)]


def _moves_alone(leaf: str, row: pd.Series) -> dict[str, Any]:
    """Between which points an indicator may move alone; `at` and `unit` say at which end of them it
    stands, and whose grade changes there."""
    found = {"leaf": leaf, **row[["points", "low", "high", "status"]], "at": None, "unit": None}
    for side in ("high", "low"):
        if abs(row[side] - row["points"]) <= SAME and pd.notna(row[f"unit_{side}"]):
            found |= {"at": side, "unit": row[f"unit_{side}"]}
    return found


def _safe(pairs: pd.DataFrame) -> list[float]:
    """Points to hundredths: down where less is proven to change nothing, up where so much is known
    to change a grade."""
    sides = ["↓" if status == "exact" else "↑" for status in pairs["status"]]
    return [
        float(rounded_towards(points, ".2f", side))
        for points, side in zip(pairs["points"], sides, strict=True)
    ]


def _lines(result: Assessment) -> pd.DataFrame:
    """Each cutoff alone, class by class where classes have their own; unit_low and unit_high
    are who changes there, or "next" for the neighbouring cutoff."""
    table = lines.single(result, robustness.cutoff_intervals(result))
    for side in ("low", "high"):
        table[f"unit_{side}"] = table[f"unit_{side}"].where(~table[f"next_{side}"], "next")
    return table if table["group"].notna().any() else table.drop(columns="group")


def proofs() -> Section:
    """Annex: how the exact results are proven, in a few lines."""
    return Section("exact/proofs", {})


def new_indicators(result: Assessment, found: WorstCase) -> Section:
    """For whom the grade hangs on new indicators, as :func:`qtoolkit.new_indicators.worst_case`
    found it; nothing where there are none."""
    if not found.leaves:
        return Section("exact/new_indicators", names_of(result), {"new": []})
    ends = list(zip(found.table["grade_low"], found.table["grade_high"], strict=True))
    rows = found.table.assign(grades=ends).rename_axis("unit")
    rows = rows[rows["depends"]]
    points = {leaf.id: leaf.full_points for leaf in result.scheme.leaves}
    unfilled = set(found.unfilled)
    facts = {
        "new": list(found.leaves),
        "unfilled": [id for id in found.leaves if id in unfilled],
        "filled": [id for id in found.leaves if id not in unfilled],
        "points": math.fsum(points[id] for id in found.leaves),
        "free": len(found.table) - len(rows),
        "dependent": len(rows),
        "kinds": _spans(result, rows["grades"]),
        "bounds": rows.index[rows["status"] != "exact"],
        "held": bool(result.engine.breaks),
        "scenarios": _alike(
            {
                gives: changed.changes(result, other.grades)
                for gives, other in found.scenarios.items()
            }
        ),
    }
    near = choosing.to_cutoff(result)[rows.index]
    tables = {"new_indicators": Rows(rows, in_order(near, falling=False))} if len(rows) else {}
    return Section("exact/new_indicators", names_of(result), facts, tables)


def _alike(scenarios: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What is presumed of all alike, and whose grade changes by it; what changes the same is one
    row."""
    rows: list[dict[str, Any]] = []
    for gives, moves in scenarios.items():
        row = next((row for row in rows if row["changes"] == moves), None)
        if row is None:
            rows.append({"gives": [gives], "changes": moves})
        else:
            row["gives"].append(gives)
    return rows


def _spans(result: Assessment, grades: pd.Series) -> list[dict[str, Any]]:
    """Units by the best and the worst grade that they may get, the best first."""
    place = {id: i for i, id in enumerate(result.grade_names)}
    spans = sorted(set(grades), key=lambda span: [place[id] for id in span])
    return [{"grades": span, "units": grades.index[grades == span]} for span in spans]
