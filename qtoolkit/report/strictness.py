"""Facts of who marks harder, and whose grade would be another without that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.report import shared
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.strictness import Marking

MOST = 10  # markers in the table of the body
PEOPLE = ("group", "assessor")


def marking(result: Assessment, found: Marking) -> Section:
    """Which stages, groups, assessors and departments mark harder, as
    :func:`qtoolkit.strictness.who_marks_harder` found it."""
    table = _named(result, found.table)
    stages = table[table["kind"] == "stage"]
    people = table[table["kind"].isin(PEOPLE)]
    departments = table[table["kind"] == "department"]
    changed = _named(result, found.regraded.merge(_names(found), how="left"))
    untold = {(row.kind, row.code): row.ids for row in found.untold.itertuples(index=False)}
    checks = list(untold.get(("stage", "check"), ()))
    facts = {
        "one": len(result.scores) == 1,
        "confidence": found.confidence,
        "stages": stages[["name", "strictness", "low", "high", "strict", "regraded"]],
        "unlike": stages.loc[~stages["alike"].astype(bool), "name"],
        "by_stage": _changes(changed[changed["kind"] == "stage"]),
        "all_stages": _all(changed, "stage") if len(stages) > 1 else None,
        "people": [
            _of_people(people[people["kind"] == by], changed, by)
            for by in PEOPLE
            if by in set(people["kind"])
        ],
        "departments": len(departments),
        "strict_departments": _sure(departments, "strict"),
        "lenient_departments": _sure(departments, "lenient"),
        "by_department": _changes(changed[changed["kind"] == "department"]),
        "since": _since(departments),
        "compared_years": bool(departments["change"].notna().any()),
        "checks": checks,
        "checked": _checked(result, checks),
        "alone": list(untold.get(("stage", "alone"), ())),
        "measured": list(untold.get(("stage", "measured"), ())),
        "apart": [
            {"kind": kind, "stages": list(untold[kind, "apart"])}
            for kind in PEOPLE
            if (kind, "apart") in untold
        ],
        "single": bool({("stage", "single"), ("stage", "none")} & untold.keys()),
        "no_departments": ("department", "none") in untold,
        "whole": departments.empty and ("department", "all") in untold,
        "unbounded": list(
            dict.fromkeys(id for kind in PEOPLE for id in untold.get((kind, "unbounded"), ()))
        ),
        "changed": len(changed),
        "tried": [{"kind": kind, "n": n, "k": k} for kind, (k, n) in found.tried.items() if k < n],
        "score_format": shared.score_format(result),
    }
    told = table[(table["strict"] != "") | (table["regraded"] > 0)]
    body = told.iloc[_first(told)[:MOST]].sort_index()
    tables = {
        "markers": body,
        "marking": Rows(table.drop(columns=_idle(table)), _first(table)),
        "without_marking": changed,
    }
    return Section("strictness/marking", names_of(result), facts | {"told": len(told)}, tables)


def _named(result: Assessment, table: pd.DataFrame) -> pd.DataFrame:
    """A table of markers with the names that a report uses."""
    label = names_of(result)["assessor"]
    is_person = table["kind"].isin(PEOPLE) & (table["id"] != "")
    names = [
        label(row.id) if person else row.name
        for row, person in zip(table.itertuples(index=False), is_person, strict=True)
    ]
    stages = table["stage"].where(table["stage"] != "", None)
    return table.assign(name=pd.Series(names, table.index, dtype=object), stage=stages)


def _names(found: Marking) -> pd.DataFrame:
    """The name of each marker."""
    return found.table[["kind", "id", "stage", "name"]]


def _idle(table: pd.DataFrame) -> list[str]:
    """Columns that say nothing: stages where nobody marks at one, changes without last year."""
    optional = ("stage", "change", "change_low", "change_high")
    return [name for name in optional if table[name].isna().all()]


def _first(table: pd.DataFrame) -> np.ndarray:
    """Markers by whom most grades differ first, then those that differ beyond chance, the farthest
    from the others first."""
    order = in_order(table["strictness"].abs().to_numpy(float))
    sure = (table["strict"] != "").to_numpy(float)
    order = order[in_order(sure[order])]
    return order[in_order(table["regraded"].fillna(0.0).to_numpy(float)[order])]


def _changes(changed: pd.DataFrame) -> list[dict[str, Any]]:
    """Marker by marker (not all together) the units whose grade is another without it."""
    return [
        {"name": rows["name"].iloc[0], "stage": rows["stage"].iloc[0], "moves": _moves(rows)}
        for (id, _), rows in changed.groupby(["id", "stage"], sort=False, dropna=False)
        if id != ""
    ]


def _moves(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["unit", "grade", "grade_without"]].set_axis(["unit", "old", "new"], axis=1)


def _all(changed: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The units whose grade is another with the strictness of all of a kind taken out."""
    return _moves(changed[(changed["kind"] == kind) & (changed["id"] == "")])


def _of_people(rows: pd.DataFrame, changed: pd.DataFrame, by: str) -> dict[str, Any]:
    """Groups or assessors: who is strict or lenient beyond chance, and what follows."""
    return {
        "kind": by,
        "n": len(rows),
        "names": rows["id"].nunique(),
        "tried": int(rows["regraded"].notna().sum()),
        "strict": _sure(rows, "strict"),
        "lenient": _sure(rows, "lenient"),
        "changes": _changes(changed[changed["kind"] == by]),
        "together": _all(changed, by),
    }


def _sure(rows: pd.DataFrame, how: str) -> pd.DataFrame:
    """Those that differ beyond chance one way, the farthest from the others first."""
    sure = rows[rows["strict"] == how]
    columns = ["name", "stage", "strictness", "low", "high"]
    return sure[columns].iloc[in_order(sure["strictness"].abs().to_numpy(float))]


def _since(departments: pd.DataFrame) -> pd.DataFrame:
    """Departments whose items changed beside the others since last year by more than chance, each
    interval for itself."""
    clear = (departments["change_low"] > SAME) | (departments["change_high"] < -SAME)
    columns = ["name", "same_items", "change", "change_low", "change_high"]
    return departments.loc[clear, columns]


def _checked(result: Assessment, checks: list[str]) -> int:
    """How many units a later stage says something of."""
    said = np.zeros(len(result.scores), bool)
    for id in checks:
        said |= (result.table.stages[id] != np.array(None)).any(axis=1)
    return int(said.sum())
