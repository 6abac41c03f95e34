"""Facts of verification: from the cells of the table and their shares, the projection's own table,
the scheme; hashes by Python's own function."""

import datetime
import hashlib
import math
from fractions import Fraction
from typing import ClassVar

import numpy as np
from scipy import stats

import qtoolkit as qt
from qtoolkit.language import Text, same

DRAWS, SEED = 300, 2


class Made:
    """What the views of a case with verified cells are called with, computed once."""

    kept: ClassVar[dict] = {}

    def __init__(self, given):
        result = given.result
        self.seen = qt.verification.verified_units(result)
        self.found = qt.verification.inflation(result)
        self.ahead = qt.verification.project(result, draws=DRAWS, seed=SEED)
        self.drawn = qt.verification.draw_of(result)

    @classmethod
    def of(cls, given):
        if id(given) not in cls.kept:
            cls.kept[id(given)] = given, cls(given)
        return cls.kept[id(given)][1]


def views(given):
    """The views of a case whose scheme says how units are drawn."""
    from qtoolkit.report import verification

    result = given.result
    if result.scheme.verification is None:
        return []
    made = Made.of(given)
    return [
        lambda: verification.summary(result, made.drawn, made.found, made.ahead),
        lambda: verification.year(result, qt.targets.calendar(result), qt.targets.periods(result)),
        lambda: verification.targets(
            result,
            qt.targets.filed(result, given.previous),
            qt.targets.effects(result, given.previous),
        ),
        lambda: verification.tasks(result, qt.decomposition.tasks(result)),
        lambda: verification.draw(result, made.drawn, made.seen),
        lambda: verification.found(result, made.found),
        lambda: verification.ahead(result, made.ahead, made.seen),
        lambda: verification.sizes(result, made.found),
        verification.methods,
    ]


def cells_of(result):
    """(unit, leaf, inflation in shares) of every cell that the stage says something of, from the
    change in points of each cell that it changed."""
    (stage,) = [stage.id for stage in result.scheme.stages if stage.effect != "part"]
    said = result.table.stages[stage]
    changed = {
        (row.unit, row.indicator): -row.change / result.points[row.indicator]
        for row in qt.decomposition.verification(result).itertuples()
    }
    return [
        (unit, leaf.id, changed.get((unit, leaf.id), 0.0))
        for k, unit in enumerate(result.table.units)
        for j, leaf in enumerate(result.scheme.leaves)
        if said[k, j] is not None
    ]


def mean_and_interval(cells):
    """Mean of the cells; its 95% interval from the sums of units."""
    gone = np.array([cell[2] for cell in cells])
    sums = [sum(c[2] - gone.mean() for c in cells if c[0] == u) for u in {c[0] for c in cells}]
    m = len(sums)
    if m < 2:
        return {"inflation": gone.mean(), "low": None, "high": None}
    half = stats.t.ppf(0.975, m - 1) * math.sqrt(m / (m - 1) * sum(x * x for x in sums)) / len(gone)
    return {"inflation": gone.mean(), "low": gone.mean() - half, "high": gone.mean() + half}


def areas_of(result, cells):
    """Of each area that has cells, the most inflated first."""
    names = {leaf.id: leaf.area for leaf in result.scheme.leaves}
    rows = []
    for name in dict.fromkeys(names[cell[1]] for cell in cells):
        own = [cell for cell in cells if names[cell[1]] == name]
        rows.append({"name": name, **mean_and_interval(own)})
    return sorted(rows, key=lambda row: -row["inflation"])


def score_format(result):
    rule = result.scheme.rounding.total
    return ".4f" if rule is None else f".{rule.decimals}f"


def filed_of(result):
    """The assessment of the values that had been filed, each cell put back by itself."""
    raw = result.table.raw.copy()
    for row in qt.decomposition.verification(result).itertuples():
        k = result.table.units.index(row.unit)
        j = [leaf.id for leaf in result.scheme.leaves].index(row.indicator)
        raw[k, j] = row.filed
    table = type(result.table)(**{**vars(result.table), "raw": raw})
    return qt.assess(result.scheme, table)


def found(tables, given):
    result, cells = given.result, cells_of(given.result)
    seen = list(dict.fromkeys(cell[0] for cell in cells))
    before = filed_of(result)
    units, items = tables["inflation_units"], tables["inflation_items"]
    assert set(units["unit"]) == set(seen)
    for row in units.itertuples():
        own = [cell[2] for cell in cells if cell[0] == row.unit]
        assert row.cells == len(own) and math.isclose(
            row.inflation, 100 * np.mean(own), abs_tol=1e-9
        )
        assert row.score_filed == before.scores[row.unit] and row.score == result.scores[row.unit]
        assert (row.grade_filed, row.grade) == (before.grades[row.unit], result.grades[row.unit])
    for row in items.itertuples():
        own = [cell[2] for cell in cells if cell[1] == row.leaf]
        assert row.units == len(own) and math.isclose(
            row.inflation, 100 * np.mean(own), abs_tol=1e-9
        )
        assert row.above == sum(gone > 1e-9 for gone in own)
    gone = [cell[2] for cell in cells]
    overall = mean_and_interval(cells)
    return {
        "units": list(units["unit"]),
        "cells": len(cells),
        "items": len(items),
        "overall": {"units": len(seen), "cells": len(cells), **overall},
        "above": sum(x > 1e-9 for x in gone),
        "below": sum(x < -1e-9 for x in gone),
        "same": sum(abs(x) <= 1e-9 for x in gone),
        "areas": areas_of(result, cells),
        "points": np.mean([before.scores[unit] - result.scores[unit] for unit in seen]),
        "changed": [
            {"unit": unit, "grade_filed": before.grades[unit], "grade": result.grades[unit]}
            for unit in units["unit"]
            if before.grades[unit] != result.grades[unit]
        ],
        "left_out": [],
        "score_format": score_format(result),
    }


def by_chance(table, column, limit=0.05):
    rows = [row for row in table.to_dict("records") if row[column] >= limit]
    rows.sort(key=lambda row: -row[column])
    return rows


def ahead(tables, given):
    made, table = Made.of(given), tables["projection"]
    cells = cells_of(given.result)
    seen = {cell[0] for cell in cells}
    rest = table[~table["unit"].isin(seen)]
    own = made.ahead.table
    items = {cell[1] for cell in cells}
    open_cells = 0
    for k, unit in enumerate(given.result.table.units):
        for j, leaf in enumerate(given.result.scheme.leaves):
            is_open = leaf.id in items and (unit, leaf.id) not in {c[:2] for c in cells}
            open_cells += is_open and given.result.table.status[k, j] == 0
    rows = {row["unit"]: row for row in table.to_dict("records")}
    in_order = [rows[unit] for unit in own.index]

    def kept(rows, *columns):
        return [{key: row[key] for key in ("unit", *columns)} for row in rows]

    return {
        "open": open_cells,
        "units": len(seen),
        "items": len(items),
        "others": len(rest),
        "drop": np.mean(rest["score"] - rest["projected"]),
        "widest": np.mean(rest["high"] - rest["low"]),
        "at_risk": kept(by_chance(table, "worse"), "grade", "worse"),
        "rising": kept(by_chance(table, "better"), "grade", "better"),
        "changed": kept(
            [row for row in in_order if row["grade"] != row["grade_projected"]],
            "grade",
            "grade_projected",
        ),
        "limit": 0.05,
        "least": 3,
        "sd_units": made.ahead.sd_units,
        "sd_cells": made.ahead.sd_cells,
        "draws": DRAWS,
        "seed": SEED,
        "score_format": score_format(given.result),
    }


def power(k, size, spread, units):
    """Of a one-sided t test at 5%, with the finite population's standard error."""
    if k == units:
        return 1.0
    error = spread * math.sqrt((1 - k / units) / k)
    return stats.nct.sf(stats.t.ppf(0.95, k - 1), k - 1, size / error)


def sizes(tables, given):
    result, cells = given.result, cells_of(given.result)
    n = len(result.scores)
    units = dict.fromkeys(cell[0] for cell in cells)
    means = [np.mean([cell[2] for cell in cells if cell[0] == unit]) for unit in units]
    spread = float(np.std(means, ddof=1))
    meets = []
    for bad in (1, 2, 3, 5):
        k = next(k for k in range(1, n + 1) if math.comb(n - bad, k) / math.comb(n, k) <= 0.05)
        meets.append({"bad": bad, "needed": k})
    return {
        "units": n,
        "spread": spread,
        "chance": 0.8,
        "surely": 0.95,
        "sizes": [
            {
                "size": size,
                "needed": next(k for k in range(2, n + 1) if power(k, size, spread, n) >= 0.8),
            }
            for size in (0.01, 0.02, 0.05)
        ],
        "meets": meets,
    }


def sha(*parts):
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def draw(tables, given):
    result, table = given.result, tables["draw"]
    said = result.scheme.verification
    units = list(result.table.units)
    hashes = {unit: sha(said.seed, unit) for unit in units}
    assert dict(zip(table["unit"], table["hash"], strict=True)) == hashes
    drawn = sorted(units, key=hashes.get)[: said.places]
    assert list(table["unit"][: said.places]) == drawn
    assert list(table["drawn"]) == ["drawn"] * said.places + ["left"] * (len(units) - said.places)
    seen = {cell[0] for cell in cells_of(result)}
    lines = sorted(f"\t{unit}\n".encode() for unit in units)
    return {
        "planned": True,
        "seed": same(said.seed),
        "units": len(units),
        "places": said.places,
        "by": None,
        "drawn": drawn,
        "items": None,
        "strata": [{"name": Text("", ""), "units": len(units), "places": said.places}],
        "undrawn": [unit for unit in units if unit in seen and unit not in drawn],
        "unseen": [unit for unit in drawn if unit not in seen],
        "compared": True,
        "list_hash": same(hashlib.sha256(b"".join(lines)).hexdigest()),
    }


def methods(tables, given):
    return {}


def summary(tables, given):
    result, made, cells = given.result, Made.of(given), cells_of(given.result)
    seen = list(dict.fromkeys(cell[0] for cell in cells))
    before, table = filed_of(result), made.ahead.table
    rest = table.loc[[unit for unit in table.index if unit not in seen]]
    return {
        "units": len(result.table.units),
        "drawn": result.scheme.verification.places,
        "seen": len(seen),
        "cells": len(cells),
        "inflation": np.mean([cell[2] for cell in cells]),
        "open": sum(table["open"]),
        "at_risk": [unit for unit in table.index if table["worse"][unit] >= 0.05],
        "limit": 0.05,
        "points": np.mean([before.scores[unit] - result.scores[unit] for unit in seen]),
        "others": len(rest),
        "drop": np.mean(rest["score"] - rest["projected"]),
        "changed": [u for u in table.index if table["grade"][u] != table["grade_projected"][u]],
        "data_period": result.scheme.data_period,
        "synthetic": result.scheme.synthetic,
    }


def tasks(tables, given):
    result, table = given.result, tables["tasks"]
    reported = result.table.tasks
    lists = []
    for leaf in [leaf for leaf in result.scheme.leaves if leaf.leaf_rule.kind == "checklist"]:
        own = reported[reported["leaf"] == leaf.id]
        assert list(table["name"][table["leaf"] == leaf.id]) == [t.name for t in leaf.rule.items]
        undone = [
            int(((own["item"] == task.id) & (own["state"] == "not_done")).sum())
            for task in leaf.rule.items
        ]
        assert list(table["not_done"][table["leaf"] == leaf.id]) == undone
        counts = own["state"].value_counts().to_dict()
        named = {key: counts.pop(key, 0) for key in ("done", "late", "not_done")}
        lists.append(
            {
                "leaf": leaf.id,
                "tasks": len(leaf.rule.items),
                **named,
                "rest": sum(counts.values()),
                "worst": [
                    task.name
                    for task, count in zip(leaf.rule.items, undone, strict=True)
                    if count and count == max(undone)
                ],
                "most": max(undone),
            }
        )
    return {"lists": lists}


def year(tables, given):
    scheme = given.result.scheme
    first, last = datetime.date(2025, 7, 1), datetime.date(2026, 6, 30)
    assert scheme.period.zh == "2025年7月1日至2026年6月30日"
    stated = [leaf for leaf in scheme.leaves if leaf.data_period is not None]
    months = {"2025年7月至2026年6月": (first, last)}
    others = []
    for leaf in stated:
        if leaf.data_period.zh in months:
            continue
        assert leaf.data_period.zh == "2025年"
        shared = (datetime.date(2025, 12, 31) - first).days + 1
        others.append({"leaf": leaf.id, "kind": "calendar_year", "all": 365, "shared": shared})
    for row in others:
        row["days"] = Text("2025-01-01至2025-12-31", "2025-01-01 to 2025-12-31")
    steps = []
    for step in scheme.calendar:
        days = list(dict.fromkeys(day.isoformat() for day in (step.start, step.end)))
        steps.append({"name": step.label, "days": Text("至".join(days), " to ".join(days))})
    return {
        "steps": steps,
        "leaves": len(scheme.leaves),
        "stated": len(stated),
        "agreeing": len(stated) - len(others),
        "others": others,
        "collisions": [],
    }


def targets(tables, given):
    result, last, table = given.result, given.previous, tables["filed_targets"]
    own = [leaf for leaf in result.scheme.leaves if f"filed:{leaf.id}" in result.table.remarks]
    due = datetime.date(2025, 6, 30)
    late, missing = [], []
    below = {key: [] for key in ("below_last_target", "below_last_value", "below_plan")}
    in_time = count = 0
    for leaf in own:
        j = result.scheme.leaves.index(leaf)
        (k,) = [i for i, one in enumerate(last.scheme.leaves) if one.id == leaf.id]
        for i, unit in enumerate(result.table.units):
            row = {"unit": unit, "leaf": leaf.id}
            written = result.table.remarks[f"filed:{leaf.id}"][unit]
            target, count = result.table.targets[i, j], count + 1
            if not isinstance(written, str):
                missing.append(row)
            elif datetime.date.fromisoformat(written) > due:
                late.append(row | {"filed_on": same(written)})
            else:
                in_time += 1
            at = last.table.units.index(unit)
            if target < last.table.targets[at, k]:
                below["below_last_target"].append(row)
            if target < last.table.raw[at, k]:
                below["below_last_value"].append(row)
            if leaf.plan is not None and target < planned(result, leaf, i):
                below["below_plan"].append(row)
    assert len(table) == count
    return {
        "filed": count,
        "in_time": in_time,
        "not_filed": len(missing),
        "unknown": 0,
        "late": late,
        "missing": by_leaf(missing),
        "bases": [of_basis(result, last, own, basis) for basis in BASES],
        **{key: by_leaf(rows) for key, rows in below.items()},
    }


def by_leaf(rows):
    leaves = dict.fromkeys(row["leaf"] for row in rows)
    return [
        {"leaf": leaf, "ids": [row["unit"] for row in rows if row["leaf"] == leaf]}
        for leaf in leaves
    ]


BASES = ("last_target", "last_value", "linear", "compound")


def planned(result, leaf, i, kind=None):
    """What a plan asks for in this year, on its way from base to goal."""
    plan, plans = leaf.plan, result.table.plans
    base, goal = (plans[f"plan_{end}:{leaf.id}"][i] for end in ("base", "goal"))
    passed = Fraction(int(result.scheme.year) - plan.start, plan.end - plan.start)
    if (kind or plan.path) == "linear":
        return base + (goal - base) * float(passed)
    return base * (goal / base) ** float(passed)


def of_basis(result, last, own, basis):
    """What targets by a basis change, each put into the table by itself."""
    targets = result.table.targets.copy()
    replaced = 0
    for leaf in own:
        j = result.scheme.leaves.index(leaf)
        k = [one.id for one in last.scheme.leaves].index(leaf.id)
        for i, unit in enumerate(result.table.units):
            at = last.table.units.index(unit)
            if basis.startswith("last"):
                new = (last.table.targets if basis == "last_target" else last.table.raw)[at, k]
            elif leaf.plan is None:
                continue
            else:
                new = planned(result, leaf, i, basis)
            targets[i, j], replaced = new, replaced + 1
    table = type(result.table)(**{**vars(result.table), "targets": targets})
    other = qt.assess(result.scheme, table)
    return {
        "basis": basis,
        "replaced": replaced,
        "kept": len(own) * len(result.table.units) - replaced,
        "changed": [
            {
                "unit": unit,
                "grade": result.grades[unit],
                "grade_new": other.grades[unit],
                "score_change": other.scores[unit] - result.scores[unit],
            }
            for unit in result.table.units
            if other.grades[unit] != result.grades[unit]
        ],
    }
