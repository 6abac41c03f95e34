"""Facts of where points are lost and what was decided: areas, departments, stages, gaps, lists,
history, verification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit import decomposition
from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.language import Text
from qtoolkit.report import shared
from qtoolkit.report.sections import Rows, Section, names_of

YEARS_IN_A_ROW = 3
BLOCKS = 6  # first-level indicators that get columns of their own
NOT_DROPPED = pd.DataFrame(columns=["grades", "places", "swaps", "largest"])
KINDS: tuple[decomposition.By, ...] = ("area", "aspect", "lead", "responsible")


def losses(result: Assessment, found: Mapping[str, pd.DataFrame], table: pd.DataFrame) -> Section:
    """Points lost by area, aspect and department (任务分解), where the scheme names them, as
    :func:`qtoolkit.decomposition.losses` found them (one table each), and by area and aspect
    together, as :func:`qtoolkit.decomposition.grid` did."""
    tables = {by: found[by] for by in KINDS}
    scored = {by: table[table["points"] > 0] for by, table in tables.items()}
    leaves = result.scheme.leaves
    grid = _grid(result, table)
    facts = {
        "named": [by for by, table in tables.items() if len(table)],
        "most": [
            {"by": by, "first": table.iloc[_first(table["lost"], 2)][["name", "lost", "share"]]}
            for by, table in scored.items()
            if len(table)
        ],
        "combinations": len(grid),
        "empty": grid.loc[grid["leaves"] == 0, ["area", "aspect"]],
        "outside": len(leaves) - int(grid["leaves"].sum()),
        "partly": not decomposition.applies(result).all(axis=None),
        "departments": any(leaf.lead or leaf.responsible for leaf in leaves),
        "several": any(
            len(decomposition.names_of(leaf, by)) > 1
            for leaf in leaves
            for by in ("lead", "responsible")
        ),
    }
    shown = {f"lost_by_{by}": table for by, table in tables.items()}
    return Section("decomposition/losses", names_of(result), facts, shown | {"grid": grid})


def _first(values: pd.Series, n: int) -> np.ndarray:
    """Places of the n largest values, the largest first, and of all that tie with the last of
    them."""
    order = in_order(values)
    near = values.iloc[order].to_numpy(float)
    return order[near >= near[min(n, len(near)) - 1] - SAME]


def _grid(result: Assessment, table: pd.DataFrame) -> pd.DataFrame:
    """Points and losses by area and aspect, and of each of a few blocks (points:<block>,
    lost:<block>); NaN where there is no indicator at all."""
    tops = result.scheme.indicators
    sums = ["leaves", "points", "lost"]
    if table.empty:
        return table[["area", "aspect", *sums]]
    whole = table.groupby(["area", "aspect"], sort=False)[sums].sum().reset_index()
    for top in tops if 1 < len(tops) <= BLOCKS else ():
        of_block = table[table["block"] == top.id].reset_index(drop=True)
        for name in ("points", "lost"):
            whole[f"{name}:{top.id}"] = of_block[name].where(of_block["leaves"] > 0)
    empty = whole["leaves"] == 0
    return whole.assign(
        points=whole["points"].where(~empty), lost=whole["lost"].where(~empty), note=whole["leaves"]
    )


def stages(result: Assessment, found: pd.DataFrame, changed: pd.DataFrame) -> Section:
    """How strictly each stage marks, and what verification changed, as
    :func:`qtoolkit.decomposition.stages` and :func:`qtoolkit.decomposition.verification` found
    them."""
    stages = {stage.id: stage for stage in result.scheme.stages}
    table = found.assign(
        stage=pd.Series({id: stages[id].name for id in found.index}, dtype=object),
        effect=pd.Series({id: stages[id].effect for id in found.index}, dtype=object),
    )
    marks = table.loc[table["effect"] == "part", ["stage", "mean"]].dropna()
    if not marks["mean"].max() - marks["mean"].min() > SAME:
        marks = marks.iloc[:0]
    lowest, highest = (
        marks.iloc[foremost(marks["mean"], falling=falling)] for falling in (False, True)
    )
    by_unit = changed.groupby("unit", sort=False)["change"].sum()
    down, up = int((by_unit < -SAME).sum()), int((by_unit > SAME).sum())
    facts = {
        "marked": len(table),
        "lowest": lowest,
        "highest": highest,
        "cells": len(changed),
        "units": len(by_unit),
        "down": down,
        "up": up,
        "worst": by_unit.index[foremost(by_unit, falling=False)] if down else [],
        "least": by_unit.min(),
    }
    return Section("decomposition/stages", names_of(result), facts, {"stages": table})


def gaps(result: Assessment, found: pd.DataFrame) -> Section:
    """查缺补漏: what costs each unit most, and the points that are cheapest to gain, as
    :func:`qtoolkit.decomposition.gaps` found them."""
    table = found.loc[result.ranks.sort_values(kind="stable").index].rename_axis("unit")
    without = ["department", "department_lost"] if table["department"].isna().all() else []
    if table["short_by"].isin([grade_cutoffs.LINE, grade_cutoffs.BEST]).all():
        without.append("short_by")
    table["short_by"] = pd.Series(
        {row.Index: _limit(row) for row in table.itertuples()}, dtype=object
    )
    rows = Rows(table.drop(columns=without), in_order(table["short"], falling=False))
    return Section("decomposition/gaps", names_of(result), tables={"gaps": rows})


def _limit(row: Any) -> dict[str, Any] | None:
    """What sets the limit to the next grade, with those whom a unit must pass for a place, or what
    bars it (hopeless: even with full marks)."""
    if row.short_by == grade_cutoffs.BEST:
        return None
    places = row.short_by in (grade_cutoffs.QUOTA, grade_cutoffs.LAST)
    return {
        "by": row.short_by,
        "rivals": list(row.rivals),
        "hopeless": bool(places and pd.isna(row.short)),
    }


def lists(result: Assessment, years: pd.DataFrame) -> Section:
    """The lists that the rules call for, vetoes with their evidence, approved grades, and years in
    a row, as :func:`qtoolkit.decomposition.streaks` found them."""
    tables = {
        "lists": _consequences(result),
        "vetoes": _vetoes(result),
        "approved": _changed_by_approval(result),
    }
    facts = {
        "set_by": _set_by(result),
        "in_a_row": list(_history(result, years)),
        "owed": [
            {"consequence": grade.consequence, "units": units}
            for grade in result.scheme.grades
            for units in [result.approved.index[result.approved == grade.id]]
            if grade.consequence and len(units)
        ],
        "struck": len(tables["vetoes"]),
        "changed": len(tables["approved"]),
        "kind": shared.kind_of(result),
        "score_format": shared.score_format(result),
    }
    return Section("decomposition/lists", names_of(result), facts, tables)


def _set_by(result: Assessment) -> list[dict[str, Any]]:
    """What set how many computed grades; vetoes of one name are one cause."""
    first: dict[Text, str] = {}
    alike = {
        f"veto:{veto.id}": first.setdefault(veto.name, f"veto:{veto.id}")
        for veto in result.scheme.vetoes
    }
    causes = result.steps["set_by"].map(lambda cause: alike.get(cause, cause))
    counts = causes.value_counts(sort=False)
    return [{"cause": cause, "units": count} for cause, count in counts.items()]


def _consequences(result: Assessment) -> pd.DataFrame:
    """Units to commend or to rectify, by the grades that have a consequence."""
    differs = result.approved != result.grades
    rows = [
        (
            grade.consequence,
            unit,
            result.scores[unit],
            grade.id,
            "approval" if differs[unit] else result.steps.at[unit, "set_by"],
        )
        for grade in result.scheme.grades
        if grade.consequence
        for unit in result.approved.index[result.approved == grade.id]
    ]
    return pd.DataFrame(rows, columns=["consequence", "unit", "score", "grade", "set_by"])


def _vetoes(result: Assessment) -> pd.DataFrame:
    """Vetoes that were found, with their effects and their evidence."""
    rows = [
        (
            unit,
            f"veto:{veto.id}",
            {"cap": veto.cap, "lower": veto.lower},
            *(_remark(result, unit, f"{kind}:{veto.id}") for kind in ("event", "evidence", "date")),
        )
        for v, veto in enumerate(result.scheme.vetoes)
        for unit, hit in zip(result.scores.index, result.table.vetoes[:, v], strict=True)
        if hit
    ]
    columns = ["unit", "veto", "effect", "event", "evidence", "date"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _remark(result: Assessment, unit: str, column: str) -> Text | None:
    """What the data say of a unit in a column of remarks, if there is one."""
    remarks = result.table.remarks
    return shared.both(remarks.at[unit, column]) if column in remarks else None


def _changed_by_approval(result: Assessment) -> pd.DataFrame:
    """Units whose approved grade is not the computed one, with the reason and who approved it."""
    units = result.approved.index[result.approved != result.grades]

    def remarks(column: str) -> list[Text | None]:
        return [_remark(result, unit, column) for unit in units]

    columns = {
        "unit": list(units),
        "computed": list(result.grades[units]),
        "approved": list(result.approved[units]),
        "reason": remarks("approved_reason"),
        "by": remarks("approved_by"),
    }
    return pd.DataFrame(columns, dtype=object)


def _history(result: Assessment, table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Units with the best or the last grade for years in a row, where the data hold past grades."""
    for end, grade in (("best", result.scheme.grades[0]), ("worst", result.scheme.grades[-1])):
        units = table.index[(table[end] >= YEARS_IN_A_ROW) & (table.shape[1] > 3)]
        for n in sorted({int(table.loc[unit, end]) for unit in units}, reverse=True):
            yield {"grade": grade.id, "years": n, "units": units[table.loc[units, end] == n]}


def dependence(result: Assessment, found: pd.DataFrame | None) -> Section:
    """Set-dependent scoring: the drop-one-unit test, as :func:`qtoolkit.decomposition.drop_unit`
    found it (None where nothing depends on the other units), and the log of treated outliers."""
    dependent = found is not None
    table = NOT_DROPPED if found is None else found
    units = result.scores.index
    fixed = units.drop(table.index) if dependent and len(units) > 1 else []
    by_grades, by_swaps = table["grades"] > 0, table["swaps"] > 0
    moved = table[by_grades | by_swaps].sort_values(["grades", "swaps"], ascending=False)
    log = result.treated.rename(columns={"indicator": "leaf"})
    facts = {
        "dependent": dependent,
        "cases": len(table),
        "fixed": fixed,
        "grades": by_grades.sum(),
        "breaks": result.scheme.by_breaks,
        "by_places": (by_grades & (table["places"] == table["grades"])).sum(),
        "swaps": by_swaps.sum(),
        "largest": table["largest"].max(),
        "moved": len(moved),
        "treated": len(log),
    }
    tables = {"drop_unit": moved.rename_axis("unit"), "outliers": log}
    return Section("decomposition/dependence", names_of(result), facts, tables)


def checks(result: Assessment, verified: pd.DataFrame) -> Section:
    """Annex: what verification changed item by item, as
    :func:`qtoolkit.decomposition.verification` found it, and the reasons given for points taken
    off."""
    changed = verified.rename(columns={"indicator": "leaf"})
    for name in ("filed", "verified"):
        changed[name] = pd.Series(map(_as_typed, changed[name]), dtype=object)
    reasons = _reasons_given(result)
    facts = {"changed": len(changed), "reasons": len(reasons)}
    tables = {"verification": changed, "reasons": reasons}
    return Section("decomposition/checks", names_of(result), facts, tables)


def _as_typed(value: Any) -> Any:
    """A number or a word of the data, a number without needless decimals."""
    return f"{value:.10g}" if isinstance(value, float | int) else value


def _reasons_given(result: Assessment) -> pd.DataFrame:
    """Points taken off with the reasons that the data give."""
    remarks, lost = result.table.remarks, decomposition.lost_points(result)
    rows = [
        (unit, leaf.id, lost.at[unit, leaf.id], shared.both(reason))
        for leaf in result.scheme.leaves
        if f"reason:{leaf.id}" in remarks
        for unit, reason in remarks[f"reason:{leaf.id}"][result.scores.index].items()
        if isinstance(reason, str)
    ]
    return pd.DataFrame(rows, columns=["unit", "leaf", "lost", "reason"])
