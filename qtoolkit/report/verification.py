"""Facts of the year around the scheme: the calendar, filed targets, task lists, the draw for
verification, what it found, and what it would find of all."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import in_order
from qtoolkit.inputs.calendar import in_words
from qtoolkit.inputs.unitlist import list_hash
from qtoolkit.inputs.verification import CLASS, strata_of
from qtoolkit.language import Text, listing, same
from qtoolkit.report import figures, shared
from qtoolkit.report.sections import Section, names_of
from qtoolkit.report.wording import title_of
from qtoolkit.targets import Effects
from qtoolkit.verification import (
    Draw,
    Inflation,
    Projection,
    needed,
    needed_to_meet,
)
from qtoolkit.verification.described import items_drawn
from qtoolkit.verification.inflation import NOTICED
from qtoolkit.verification.projecting import AT_RISK, LEAST

CHANCE, SURELY = 0.8, 0.95  # of finding a mean inflation, of meeting a unit that has a problem
SIZES = (0.01, 0.02, 0.05)  # inflation to be found, in shares of full marks
BAD = (1, 2, 3, 5)  # units that have a problem


def summary(
    result: Assessment,
    drawn: Draw | None,
    seen: Inflation | None,
    all_verified: Projection | None,
) -> Section:
    """Page one: who was drawn, what was found, what it would be if all were verified."""
    units = [] if seen is None else list(seen.units.index)
    table = None if all_verified is None else all_verified.table
    rest = None if table is None else table[~table.index.isin(units)]
    facts = {
        "units": len(result.scores),
        "drawn": 0 if drawn is None else len(drawn.drawn),
        "seen": len(units),
        "cells": 0 if seen is None else len(seen.cells),
        "inflation": None if seen is None else seen.overall["inflation"],
        "open": 0 if table is None else int(table["open"].sum()),
        "at_risk": [] if all_verified is None else all_verified.at_risk,
        "limit": AT_RISK,
        "points": _points(seen),
        "others": 0 if rest is None else len(rest),
        "drop": None if rest is None else (rest["score"] - rest["projected"]).mean(),
        "changed": []
        if table is None
        else list(table.index[table["grade"] != table["grade_projected"]]),
        "data_period": result.scheme.data_period,
        "synthetic": result.scheme.synthetic,
    }
    return Section("verification/summary", names_of(result), facts)


def year(result: Assessment, steps: pd.DataFrame, periods: pd.DataFrame) -> Section:
    """The calendar of the year and the periods of the data (:func:`qtoolkit.targets.calendar`,
    :func:`qtoolkit.targets.periods`)."""
    shown = pd.DataFrame(
        {
            "name": steps["name"],
            "days": [in_words((row.start, row.end)) for row in steps.itertuples()],
            "collides": steps["collides"],
        }
    )
    known = periods[periods["kind"].notna()]
    facts = {
        "steps": shown[["name", "days"]],
        "leaves": len(result.scheme.leaves),
        "stated": len(known),
        "agreeing": int((known["kind"] == "same").sum()),
        "others": [
            {
                "leaf": leaf,
                "days": in_words((row["start"], row["end"])),
                "kind": row["kind"],
                "all": int(row["period_days"]),
                "shared": int(row["shared_days"]),
            }
            for leaf, row in known[known["kind"] != "same"].iterrows()
        ],
        "collisions": shown[shown["collides"].notna()],
    }
    return Section("verification/year", names_of(result), facts)


def targets(result: Assessment, filed: pd.DataFrame, found: Effects | None) -> Section:
    """Filed targets (:func:`qtoolkit.targets.filed`), and what other ways to set them do to grades
    (:func:`qtoolkit.targets.effects`; None where there are none)."""
    table = filed.rename(columns={"indicator": "leaf"})
    days = table["filed_on"]
    table["filed_on"] = [same("" if day is None else f"{day:%Y-%m-%d}") for day in days]
    below = [name for name in table if name.startswith("below_")]

    late = table[table["status"] == "late"]
    facts = {
        "filed": len(table),
        "in_time": int((table["status"] == "in_time").sum()),
        "unknown": int((table["status"] == "unknown").sum()),
        "late": late[["unit", "leaf", "filed_on"]],
        "not_filed": int((table["status"] == "not_filed").sum()),
        "missing": _by_leaf(table, table["status"] == "not_filed"),
        "bases": [
            {
                "basis": basis,
                "replaced": int(row["replaced"]),
                "kept": int(row["kept"]),
                "changed": found.changed[found.changed["basis"] == basis].drop(columns="basis"),
            }
            for basis, row in (() if found is None else found.kept.drop("filed").iterrows())
        ],
    } | {name: _by_leaf(table, table[name].isin([True])) for name in below}
    tables = {"filed_targets": table.drop(columns=below)}
    return Section("verification/targets", names_of(result), facts, tables)


def _by_leaf(table: pd.DataFrame, chosen: pd.Series) -> list[dict[str, Any]]:
    """The units of some rows by indicator."""
    groups = table[chosen].groupby("leaf", sort=False)["unit"]
    return [{"leaf": leaf, "ids": list(units)} for leaf, units in groups]


def tasks(result: Assessment, found: pd.DataFrame) -> Section:
    """Lists of tasks, task by task (:func:`qtoolkit.decomposition.tasks`)."""
    lists = []
    for leaf, rows in found.groupby("leaf", sort=False):
        most = int(rows["not_done"].max())
        lists.append(
            {
                "leaf": leaf,
                "tasks": len(rows),
                "done": int(rows["done"].sum()),
                "late": int(rows["late"].sum()),
                "not_done": int(rows["not_done"].sum()),
                "rest": int(rows[["not_applicable", "pending", "not_reported"]].sum().sum()),
                "worst": list(rows["name"][rows["not_done"] == most]) if most else [],
                "most": most,
            }
        )
    shown = found.drop(columns=["item", "pending", "not_reported"])
    shown["due"] = [same(due or "") for due in shown["due"]]
    return Section("verification/tasks", names_of(result), {"lists": lists}, {"tasks": shown})


def draw(result: Assessment, drawn: Draw | None, seen: Collection[str]) -> Section:
    """The draw that the scheme describes (:func:`qtoolkit.verification.draw_of`), None where it has
    no seed yet, beside the units that were verified."""
    said, units = result.scheme.verification, list(result.table.units)
    chosen = [] if drawn is None else drawn.drawn
    facts = {
        "planned": said is not None,
        "seed": None if drawn is None else same(drawn.seed),
        "units": len(units),
        "places": 0 if said is None else said.places,
        "by": _stratified_by(result),
        "list_hash": same(_list_hash(result)),
        "strata": [] if drawn is None else _strata(result, drawn),
        "drawn": chosen,
        "items": getattr(said, "items", None) if chosen else None,
        "undrawn": [unit for unit in seen if chosen and unit not in chosen],
        "unseen": [unit for unit in chosen if seen and unit not in seen],
        "compared": bool(seen) and drawn is not None,
    }
    tables = {} if drawn is None else _draw_tables(result, drawn)
    return Section("verification/draw", names_of(result), facts, tables)


def _draw_tables(result: Assessment, drawn: Draw) -> dict[str, pd.DataFrame]:
    """All units with their hashes, and the indicators to look into, where there are any."""
    found, items = {"draw": _draw_table(result, drawn)}, items_drawn(result.scheme, drawn)
    return found if items.empty else found | {"draw_items": _items_table(items)}


def _list_hash(result: Assessment) -> str:
    """The hash of the list that a draw is made of; nothing where none is described."""
    if result.scheme.verification is None:
        return ""
    return list_hash(list(result.table.units), strata_of(result.scheme, result.table))


def _stratified_by(result: Assessment) -> Text | None:
    """What makes the strata; None without."""
    by = None if result.scheme.verification is None else result.scheme.verification.by
    names = {one.id: one.name for one in result.scheme.covariates} | {CLASS: title_of(CLASS)}
    return None if by is None else names[by]


def _label_of(result: Assessment) -> Callable[[str], Text]:
    """What a stratum is called."""
    by = None if result.scheme.verification is None else result.scheme.verification.by
    named = [one for one in result.scheme.covariates if one.id == by]
    return named[0].label if named else same


def _strata(result: Assessment, drawn: Draw) -> list[dict[str, Any]]:
    """Each stratum with its units and places."""
    label = _label_of(result)
    return [
        {"name": label(str(name)), "units": int(row["units"]), "places": int(row["places"])}
        for name, row in drawn.places.iterrows()
    ]


def _draw_table(result: Assessment, drawn: Draw) -> pd.DataFrame:
    """All units with their hashes, those drawn first; in English too by the name that is hashed."""
    in_order = drawn.table.sort_values(["stratum", "order"], kind="stable").index
    rest = [unit for unit in in_order if unit not in drawn.drawn]
    table, label = drawn.table.loc[[*drawn.drawn, *rest]].copy(), _label_of(result)
    table["named"] = [_hashed_name(str(unit), result.labels[unit].en) for unit in table.index]
    table["drawn"] = ["drawn" if is_drawn else "left" for is_drawn in table["drawn"]]
    if _stratified_by(result) is None:
        return table.drop(columns="stratum")
    return table.assign(stratum=[label(str(name)) for name in table["stratum"]])


def _hashed_name(unit: str, english: str) -> Text:
    """A unit by the name that is hashed, with its English name."""
    return Text(unit, unit if english == unit else f"{unit} ({english})")


def _items_table(items: pd.DataFrame) -> pd.DataFrame:
    """The indicators to look into at each unit drawn, in the order of the draw."""
    groups = items.groupby("unit", sort=False)["name"]
    rows = [(unit, listing(names)) for unit, names in groups]
    return pd.DataFrame(rows, columns=["unit", "names"])


def _points(seen: Inflation | None) -> float | None:
    """By how many points verification lowered the scores of those verified, on average; None where
    that is not known."""
    known = seen is not None and "points" in seen.units
    return float(seen.units["points"].mean()) if seen is not None and known else None


def found(result: Assessment, seen: Inflation | None) -> Section:
    """What verification found beside what was filed, as far as there is anything
    (:func:`qtoolkit.verification.inflation`)."""
    if seen is None:
        facts: dict[str, Any] = dict.fromkeys(("units", "areas", "changed", "left_out"), ())
        return Section("verification/found", names_of(result), facts | {"cells": 0, "points": None})
    gone, units = seen.cells["inflation"], seen.units
    has_grades = "grade" in units
    changed = units[units["grade_filed"] != units["grade"]] if has_grades else units.iloc[:0]
    facts = {
        "units": list(units.index),
        "cells": len(gone),
        "items": len(seen.items),
        "overall": seen.overall.to_dict(),
        "above": int((gone > NOTICED).sum()),
        "below": int((gone < -NOTICED).sum()),
        "same": int((gone.abs() <= NOTICED).sum()),
        "areas": seen.areas.rename_axis(None)[["name", "inflation", "low", "high"]],
        "points": _points(seen),
        "changed": changed.reset_index()[["unit", "grade_filed", "grade"]] if has_grades else (),
        "left_out": seen.left_out,
        "score_format": shared.score_format(result),
    }
    items = seen.items.iloc[in_order(seen.items["inflation"].to_numpy())].rename_axis("leaf")
    tables = {"inflation_units": _in_points(units), "inflation_items": _in_points(items)}
    return Section("verification/found", names_of(result), facts, tables)


def _in_points(table: pd.DataFrame) -> pd.DataFrame:
    """Differences of shares in percentage points."""
    names = [name for name in ("inflation", "low", "high") if name in table]
    return table.assign(**{name: 100 * table[name] for name in names})


def ahead(result: Assessment, all_verified: Projection | None, seen: Collection[str]) -> Section:
    """What verification of everybody would give (:func:`qtoolkit.verification.project`); `seen` are
    the units verified."""
    names = names_of(result)
    if all_verified is None:
        rows = ("at_risk", "rising", "changed")
        facts: dict[str, Any] = dict.fromkeys(rows, ())
        return Section("verification/ahead", names, facts | {"open": 0, "units": 0, "least": LEAST})
    table = all_verified.table.rename_axis("unit")
    rest = table[~table.index.isin(seen)]
    rising = table[table["better"] >= AT_RISK].sort_values("better", ascending=False, kind="stable")
    risk = table[table["at_risk"]].sort_values("worse", ascending=False, kind="stable")
    drop = rest["score"] - rest["projected"]
    facts = {
        "open": int(table["open"].sum()),
        "units": all_verified.units,
        "items": all_verified.items,
        "others": len(rest),
        "drop": drop.mean() if len(rest) else 0.0,
        "widest": (rest["high"] - rest["low"]).mean() if len(rest) else None,
        "at_risk": risk[["grade", "worse"]],
        "rising": rising[["grade", "better"]],
        "changed": table[table["grade"] != table["grade_projected"]][["grade", "grade_projected"]],
        "limit": AT_RISK,
        "least": LEAST,
        "sd_units": all_verified.sd_units,
        "sd_cells": all_verified.sd_cells,
        "draws": all_verified.draws,
        "seed": all_verified.simulation.seed,
        "score_format": shared.score_format(result),
    }
    order = in_order(table["worse"].to_numpy(float))
    tables = {"projection": table.iloc[order].drop(columns="at_risk")}
    charts = {"projection": lambda language: figures.projection(result, table, language)}
    return Section("verification/ahead", names, facts, tables, charts)


def sizes(result: Assessment, seen: Inflation | None) -> Section:
    """How many units a draw takes."""
    units = len(result.scores)
    few = seen is None or len(seen.units) < LEAST
    # units that are inflated alike leave nothing to find out
    spread = None if seen is None or few else float(seen.units["inflation"].std()) or None
    facts = {
        "units": units,
        "spread": spread,
        "chance": CHANCE,
        "surely": SURELY,
        "sizes": [
            {"size": size, "needed": needed(size, spread, units=units, chance=CHANCE)}
            for size in SIZES
            if spread
        ],
        "meets": [
            {"bad": bad, "needed": needed_to_meet(bad, units, chance=SURELY)}
            for bad in BAD
            if bad <= units
        ],
    }
    return Section("verification/sizes", names_of(result), facts)


def methods() -> Section:
    """Annex: how draws, intervals and sizes are computed."""
    return Section("verification/methods", {})
