"""Facts of points lost, stages, gaps, lists, leaving out a unit, and verification."""

import math
from collections import Counter

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.statuses import NOT_APPLICABLE

TINY = 1e-9
KINDS = ("area", "aspect", "lead", "responsible")


def names(leaf, by):
    """The areas or departments of an indicator, in Chinese."""
    name = getattr(leaf, by)
    if name is None:
        return []
    return [name.zh] if by in ("area", "aspect") else name.zh.split("、")


def is_left_out_somewhere(given):
    """Whether some indicator does not apply to some unit, or is not scored there."""
    shares, status = given.result.matrix.to_numpy(), given.result.table.status
    return any(
        share != share or state == NOT_APPLICABLE
        for row, states in zip(shares, status, strict=True)
        for share, state in zip(row, states, strict=True)
    )


def most(by, table):
    """The two names that lose most, and those level with the second."""
    rows = [row for row in table.to_dict("records") if row["points"] > 0]
    limit = sorted((row["lost"] for row in rows), reverse=True)[:2]
    return {
        "by": by,
        "first": [
            {key: row[key] for key in ("name", "lost", "share")}
            for row in rows
            if row["lost"] >= limit[-1] - TINY
        ],
    }


def losses(tables, given):
    leaves = given.result.scheme.leaves
    for by in KINDS:
        counts = Counter(name for leaf in leaves for name in names(leaf, by))
        table = tables[f"lost_by_{by}"]
        found = {row["name"].zh: row["leaves"] for row in table.to_dict("records")}
        assert found == counts, by
        assert table["lost"].dropna().is_monotonic_decreasing or table["lost"].diff().max() < TINY
    grid = tables["grid"].to_dict("records")
    placed = [leaf for leaf in leaves if leaf.area and leaf.aspect]
    pairs = {(leaf.area.zh, leaf.aspect.zh) for leaf in placed}
    combinations = {(a, b) for a, _ in pairs for _, b in pairs}
    for row in grid:
        points = [
            leaf.points
            for leaf in placed
            if (leaf.area.zh, leaf.aspect.zh) == (row["area"].zh, row["aspect"].zh)
        ]
        assert (row["leaves"], row["note"]) == (len(points), len(points))
        assert (
            math.isclose(row["points"], sum(points)) if points else row["points"] != row["points"]
        )
    return {
        "named": [by for by in KINDS if any(getattr(leaf, by) for leaf in leaves)],
        "most": [
            most(by, tables[f"lost_by_{by}"])
            for by in KINDS
            if (tables[f"lost_by_{by}"]["points"] > 0).any()
        ],
        "combinations": len(combinations),
        "empty": [
            {"area": row["area"], "aspect": row["aspect"]}
            for row in grid
            if (row["area"].zh, row["aspect"].zh) not in pairs
        ],
        "outside": len(leaves) - len(placed),
        "partly": is_left_out_somewhere(given),
        "departments": not all(leaf.lead is leaf.responsible is None for leaf in leaves),
        "several": any(
            "、" in name.zh
            for leaf in leaves
            for name in (leaf.lead, leaf.responsible)
            if name is not None
        ),
    }


def stages(tables, given):
    rows = tables["stages"].to_dict("records")
    marks = [row for row in rows if row["effect"] == "part" and row["mean"] == row["mean"]]
    shares = [row["mean"] for row in marks]
    differ = bool(shares) and max(shares) - min(shares) > TINY

    def level(end):
        return [
            {"stage": row["stage"], "mean": row["mean"]}
            for row in marks
            if differ and abs(row["mean"] - end(shares)) <= TINY
        ]

    changed = qt.decomposition.verification(given.result).to_dict("records")
    sums = {}
    for row in changed:
        change = row["change"] if row["change"] == row["change"] else 0.0
        sums[row["unit"]] = sums.get(row["unit"], 0.0) + change
    down = [unit for unit, change in sums.items() if change < -TINY]
    least = min(sums.values(), default=None)
    return {
        "marked": len(rows),
        "lowest": level(min),
        "highest": level(max),
        "cells": len(changed),
        "units": len(sums),
        "down": len(down),
        "up": sum(change > TINY for change in sums.values()),
        "worst": [unit for unit in down if sums[unit] <= least + TINY],
        "least": least,
    }


def gaps(tables, given):
    """No facts: whom a unit must pass, and whether it can, is in the table."""
    margins = qt.cutoffs.margins(given.result)
    for row in tables["gaps"].to_dict("records"):
        at = margins.loc[row["unit"]]
        barred = at["below_by"] in ("quota", "last") and math.isnan(at["below"])
        if at["below_by"] == "best" or "short_by" not in row:
            assert not row.get("short_by")
        else:
            rivals = list(at["below_rivals"])
            assert row["short_by"] == {"by": at["below_by"], "rivals": rivals, "hopeless": barred}
    return {}


def run_of(result, unit, grade):
    """How many years in a row, up to this one, a unit has had a grade."""
    called = {grade.id, grade.label.zh, grade.label.en}
    remarks = result.table.remarks
    years = sorted((name for name in remarks if name.startswith("grade:")), reverse=True)
    found = 0
    for word in [result.approved[unit], *(remarks.at[unit, year] for year in years)]:
        if word not in called:
            break
        found += 1
    return found if years else 0


def lists(tables, given):
    result = given.result
    scheme, units = result.scheme, list(result.scores.index)
    ends = []
    for grade in (scheme.grades[0], scheme.grades[-1]):
        runs = {unit: run_of(result, unit, grade) for unit in units}
        ends += [
            {"grade": grade.id, "years": n, "units": [unit for unit in units if runs[unit] == n]}
            for n in sorted({n for n in runs.values() if n >= 3}, reverse=True)
        ]
    named = [(f"veto:{veto.id}", veto.name) for veto in scheme.vetoes]
    causes = Counter(
        next((id for id, name in named if name == dict(named).get(cause)), cause)
        for cause in result.steps["set_by"]
    )
    due = [
        (unit, grade.id)
        for grade in scheme.grades
        if grade.consequence
        for unit in units
        if result.approved[unit] == grade.id
    ]
    assert list(zip(tables["lists"]["unit"], tables["lists"]["grade"], strict=True)) == due
    other = [unit for unit in units if result.approved[unit] != result.grades[unit]]
    assert list(tables["approved"]["unit"]) == other
    for row in tables["lists"].to_dict("records"):
        by_rule = result.steps.at[row["unit"], "set_by"]
        assert row["set_by"] == ("approval" if row["unit"] in other else by_rule)
    rule = scheme.rounding.total
    return {
        "set_by": [{"cause": cause, "units": n} for cause, n in causes.items()],
        "in_a_row": ends,
        "owed": [
            {
                "consequence": grade.consequence,
                "units": [unit for unit, id in due if id == grade.id],
            }
            for grade in scheme.grades
            if any(id == grade.id for _, id in due)
        ],
        "struck": int(result.table.vetoes.sum()),
        "changed": len(other),
        "kind": "approved" if "approved" in result.table.remarks else "computed",
        "score_format": ".4f" if rule is None else f".{rule.decimals}f",
    }


def dependence(tables, given):
    result, moved = given.result, tables["drop_unit"].to_dict("records")
    dependent = "set_dependent" in set(result.flags["kind"]) or any(
        leaf.rule.kind in ("minmax", "zscore", "rank") for leaf in result.scheme.leaves
    )
    largest, fixed = {}, []
    for unit in result.scores.index if dependent and len(result.scores) > 1 else []:
        others = [other for other in result.scores.index if other != unit]
        try:
            scores = result.without(unit).scores
        except InputError:
            fixed.append(unit)
            continue
        largest[unit] = max(abs(scores[other] - result.scores[other]) for other in others)
    for row in moved:
        assert row["grades"] or row["swaps"]
        assert math.isclose(row["largest"], largest[row["unit"]], abs_tol=TINY)
    changed = [row for row in moved if row["grades"]]
    return {
        "dependent": dependent,
        "cases": len(largest),
        "fixed": fixed,
        "grades": len(changed),
        "breaks": any(grade.by == "breaks" for grade in result.scheme.grades),
        "by_places": sum(row["places"] == row["grades"] for row in changed),
        "swaps": sum(row["swaps"] > 0 for row in moved),
        "largest": max(largest.values(), default=None),
        "moved": len(moved),
        "treated": len(tables["outliers"]),
    }


def checks(tables, given):
    filed, verified = given.result.table.filed, given.result.table.raw
    remarks = given.result.table.remarks
    reasons = [
        cell
        for leaf in given.result.scheme.leaves
        for cell in remarks.get(f"reason:{leaf.id}", [])
        if isinstance(cell, str)
    ]
    assert [reason.zh for reason in tables["reasons"]["reason"]] == [
        cell.split(" | ")[0] for cell in reasons
    ]
    return {"changed": int((filed != verified).sum()), "reasons": len(reasons)}
