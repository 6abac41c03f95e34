"""Where points are lost: by area, aspect, department and stage; what each unit could gain; what
verification changed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import shares_of
from qtoolkit.cutoffs import margins
from qtoolkit.engine.ties import foremost, in_order
from qtoolkit.errors import InputError
from qtoolkit.importance import FULL
from qtoolkit.inputs.scheme import Indicator
from qtoolkit.inputs.statuses import NOT_APPLICABLE
from qtoolkit.language import Text
from qtoolkit.lines import says_lines
from qtoolkit.rules.checklist import STATES, ChecklistRule

By = Literal["area", "aspect", "lead", "responsible"]


def names_of(leaf: Indicator, by: By) -> list[Text]:
    """The leaf's area or aspect, or its departments one by one: several are joined by 、 in
    Chinese, a comma in English.

    >>> leaf = Indicator(
    ...     id="a",
    ...     name="a",
    ...     points=1.0,
    ...     rule={"kind": "share"},
    ...     lead={"zh": "发改委、财政局", "en": "NDRC, Finance"},
    ... )
    >>> [name.en for name in names_of(leaf, "lead")]
    ['NDRC', 'Finance']
    """
    name = getattr(leaf, by)
    if name is None:
        return []
    zh, en = name.zh.split("、"), name.en.split(", ")
    if by in ("area", "aspect") or len(zh) == 1:
        return [name]
    return [
        Text(chinese.strip(), english.strip())
        for chinese, english in zip(zh, en if len(en) == len(zh) else zh, strict=True)
    ]


def lost_points(result: Assessment) -> pd.DataFrame:
    """Points lost by each unit on each leaf (n × d); what is not scored loses nothing."""
    return (1 - result.matrix.fillna(1.0)) * result.points


def applies(result: Assessment) -> pd.DataFrame:
    """Where a leaf is scored and is not “not applicable” (n × d of bool), whatever the scheme gives
    for that."""
    return result.matrix.notna() & (result.table.status != NOT_APPLICABLE)


def mean_losses(result: Assessment) -> pd.Series:
    """Mean points lost on each leaf over the units to which it applies; NaN where it applies to
    none.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.5, 0.5]})
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> mean_losses(r).tolist()
    [15.0, 20.0]
    """
    return lost_points(result).where(applies(result)).mean()


def _lost(result: Assessment, lost: pd.Series, leaves: list[str]) -> tuple[float, float]:
    """Points lost on some leaves on average, and their share of the points of those that apply to
    any unit."""
    mean_lost = lost[leaves].dropna()
    points = float(result.points[mean_lost.index].sum())
    return float(mean_lost.sum()), float(mean_lost.sum()) / points if points else float("nan")


def losses(result: Assessment, by: By = "lead") -> pd.DataFrame:
    """Points lost by area (area), aspect (aspect), department that scores (lead) or that does the
    work (responsible).

    Returns
    -------
    DataFrame
        One row a name, indexed by its Chinese wording, worst first: name (Text), leaves, points,
        lost (points lost on average, each leaf over the units to which it applies), share (of the
        points of leaves that apply to any). A leaf of several departments counts for each of them.
        Empty where the scheme names none.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(
    ...     qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}),
    ...     pd.DataFrame({"a": [1.0], "b": [0.5]}, index=["甲"]),
    ... )
    >>> losses(r, "area").empty
    True
    """
    lost = mean_losses(result)
    names: dict[str, Text] = {}
    ids: dict[str, list[str]] = {}
    for leaf in result.scheme.leaves:
        for name in names_of(leaf, by):
            names.setdefault(name.zh, name)
            ids.setdefault(name.zh, []).append(leaf.id)
    rows = [
        (names[name], len(leaves), float(result.points[leaves].sum()), *_lost(result, lost, leaves))
        for name, leaves in ids.items()
    ]
    table = pd.DataFrame(
        rows, index=list(ids), columns=["name", "leaves", "points", "lost", "share"]
    )
    return table.iloc[in_order(table["lost"])]


def grid(result: Assessment) -> pd.DataFrame:
    """Points and losses by area × aspect × block (first level of the tree), empty combinations too.

    Returns
    -------
    DataFrame
        One row a combination, in the order of the tree: area, aspect (Text), block (id), leaves,
        points, lost (as in :func:`losses`). Leaves without an area or an aspect are in none. Empty
        where no leaf has both.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> case = qt.read_case("params/city-2026")
    >>> table = grid(qt.assess(case.scheme, case.table))
    >>> len(table), float(table["points"].sum())
    (12, 100.0)
    """
    lost = mean_losses(result)
    ids_of: dict[tuple[str, str, str], list[str]] = {}
    blocks = {
        leaf.id: top.id for top in result.scheme.indicators for leaf in top.walk() if leaf.is_leaf
    }
    areas: dict[str, Text] = {}
    aspects: dict[str, Text] = {}
    for leaf in result.scheme.leaves:
        if leaf.area is None or leaf.aspect is None:
            continue
        areas[leaf.area.zh], aspects[leaf.aspect.zh] = leaf.area, leaf.aspect
        ids_of.setdefault((leaf.area.zh, leaf.aspect.zh, blocks[leaf.id]), []).append(leaf.id)
    rows = [
        (
            areas[area],
            aspects[aspect],
            block,
            len(leaves),
            float(result.points[leaves].sum()),
            _lost(result, lost, leaves)[0],
        )
        for area in areas
        for aspect in aspects
        for block in (top.id for top in result.scheme.indicators)
        for leaves in [ids_of.get((area, aspect, block), [])]
    ]
    return pd.DataFrame(rows, columns=["area", "aspect", "block", "leaves", "points", "lost"])


def stages(result: Assessment) -> pd.DataFrame:
    """How strictly each stage marks.

    Returns
    -------
    DataFrame, indexed by stage
        leaves (it says something about), cells (values), mean (share of full marks of its values),
        filed (for stages that replace or correct: the mean share before them, on the same cells).
    """
    table, rows = result.table, {}
    for stage in result.scheme.stages:
        stage_values, filed = table.stages[stage.id], []
        shares, cells = [], np.array([[value is not None for value in row] for row in stage_values])
        if not cells.any():
            continue
        for j in np.flatnonzero(cells.any(axis=0)).tolist():
            leaf, stated = result.scheme.leaves[j], cells[:, j]
            values = stage_values if stage.effect != "corrects" else table.raw
            shares += shares_of(leaf, table, j, values[:, j])[stated].tolist()
            filed += shares_of(leaf, table, j, table.filed[:, j])[stated].tolist()
        before = (
            np.nanmean(filed) if stage.effect != "part" and not np.isnan(filed).all() else np.nan
        )
        rows[stage.id] = (
            int(cells.any(axis=0).sum()),
            int(cells.sum()),
            float(np.nanmean(shares)) if not np.isnan(shares).all() else np.nan,
            before,
        )
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["leaves", "cells", "mean", "filed"]
    )


def verification(result: Assessment) -> pd.DataFrame:
    """Cells that a later stage (实地核查) changed: unit, indicator, filed, verified (values),
    change (points of the leaf's score; NaN where nothing had been filed)."""
    table, rows = result.table, []
    for j, leaf in enumerate(result.scheme.leaves):
        before, after = (
            shares_of(leaf, table, j, values[:, j]) for values in (table.filed, table.raw)
        )
        for k in range(len(table.units)):
            if table.filed[k, j] != table.raw[k, j]:
                change = (after[k] - before[k]) * leaf.points
                rows.append((table.units[k], leaf.id, table.filed[k, j], table.raw[k, j], change))
    return pd.DataFrame(rows, columns=["unit", "indicator", "filed", "verified", "change"])


def tasks(result: Assessment) -> pd.DataFrame:
    """How the tasks of lists (质量月 and others) stand, and what each of them costs.

    Returns
    -------
    DataFrame
        One row a leaf and task, in the order of the tree: leaf, item (ids), name (Text), weight,
        due (None where no day is written), done, late, not_done, not_applicable, pending,
        not_reported (numbers of units, as they reported), lost: points lost on average,
        p · w · (1 − g) / Σw, over the units that filed a share and to which the task applies; p the
        points for which the list is scored, w the task's weight, g what was given (1 in time, the
        rule's `late` after the day, 0 not done), Σw over the tasks that apply to the unit. What a
        later stage found is not in it. NaN where there is no such unit. Empty without lists.

    >>> import qtoolkit as qt
    >>> found = tasks(qt.open("city-2026")[1])
    >>> list(found["leaf"].unique()), len(found)
    (['campaign'], 6)
    >>> int(found.loc[0, ["done", "late", "not_done"]].sum())
    16
    """
    rows = []
    for j, leaf in enumerate(result.scheme.leaves):
        rule, table = leaf.leaf_rule, result.table
        reported = table.tasks[table.tasks["leaf"] == leaf.id]
        if not isinstance(rule, ChecklistRule):
            continue
        states = reported.pivot(index="unit", columns="item", values="state")
        states = states.reindex(index=list(table.units), columns=[task.id for task in rule.items])
        is_filed = [share is not None for share in table.filed[:, j]]
        lost = _lost_on_tasks(rule, states.to_numpy(object)[is_filed])
        full = leaf.full_points if leaf.scales else leaf.written_for
        for t, (task, weight) in enumerate(zip(rule.items, rule.weights(), strict=True)):
            counts = [int((states[task.id] == state).sum()) for state in STATES]
            mean = float(np.mean(lost[t])) * full if lost[t] else float("nan")
            rows.append((leaf.id, task.id, task.name, float(weight), task.due, *counts, mean))
    columns = ["leaf", "item", "name", "weight", "due", *STATES, "lost"]
    kinds: dict[str, type] = {state: int for state in STATES}
    kinds |= {"weight": float, "lost": float}
    return pd.DataFrame(rows, columns=columns, dtype=object).astype(kinds)


def _lost_on_tasks(rule: ChecklistRule, states: np.ndarray) -> list[list[float]]:
    """For each task the shares of full marks that units lose on it, those to which it applies, from
    the states (units × tasks)."""
    lost: list[list[float]] = [[] for _ in rule.items]
    weights = rule.weights()
    for unit in states:
        applying = [t for t, state in enumerate(unit) if state in STATES[:3]]
        whole = sum(weights[t] for t in applying)
        for t in applying:
            lost[t].append(float(weights[t] * (1 - rule.given(unit[t])) / whole))
    return lost


def gaps(
    result: Assessment, by: Literal["lead", "responsible"] | None = None, most: int = 3
) -> pd.DataFrame:
    """查缺补漏: where each unit loses, and the points that are cheapest to gain.

    Cheapest are points on leaves where the most units have full marks: what others do can be done.
    Departments are those that do the work where the scheme names any, else those that score; `by`
    says otherwise.

    Returns
    -------
    DataFrame, indexed by unit
        short (points that the unit alone must gain to get a better grade, places counted in; NaN
        where none can be had), department (Text, the one whose leaves cost the unit most; None
        where the scheme names none), department_lost, lost (pairs of leaf id and points, the
        largest losses first), cheapest (likewise, the most units at full marks first), then next
        (that better grade, None where none can be had), short_by and rivals (what sets the limit or
        bars it, and who must be passed: `below_by` and `below_rivals` of
        :func:`qtoolkit.cutoffs.margins`). Of what is equal, the first in the tree comes first.
    """
    if by is None:
        named = any(leaf.responsible for leaf in result.scheme.leaves)
        by = "responsible" if named else "lead"
    lost, full = lost_points(result), (result.matrix >= FULL).sum()
    away = margins(result)
    rows = {}
    for unit in result.scores.index:
        unit_lost = lost.loc[unit][lost.loc[unit] > 1e-9]
        by_department: dict[Text, float] = {}
        for leaf in result.scheme.leaves:
            for name in names_of(leaf, by):
                by_department[name] = by_department.get(name, 0.0) + lost.loc[unit, leaf.id]
        worst = None
        if by_department:
            costs = np.array(list(by_department.values()))
            worst = list(by_department)[foremost(costs)[0]]
        largest = unit_lost.iloc[in_order(unit_lost)][:most]
        cheapest = unit_lost.iloc[in_order(full[unit_lost.index])][:most]
        limit = away.loc[unit]
        rows[unit] = (
            limit["below"],
            worst if worst and by_department[worst] > 1e-9 else None,
            0.0 if worst is None else by_department[worst],
            list(largest.items()),
            list(cheapest.items()),
            limit["higher"],
            limit["below_by"],
            limit["below_rivals"],
        )
    columns = [
        "short",
        "department",
        "department_lost",
        "lost",
        "cheapest",
        "next",
        "short_by",
        "rivals",
    ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def is_dependent(result: Assessment) -> bool:
    """Whether the score of a unit depends on the others: a rule that compares units (best value,
    ranks, standard scores) or a mean of similar units in the place of a blank. Quotas and ranks,
    which always do, are not meant.

    >>> import qtoolkit as qt
    >>> is_dependent(qt.open("tai-2001")[1])
    False
    """
    kinds = any(leaf.leaf_rule.is_set_dependent for leaf in result.scheme.leaves)
    return kinds or bool((result.flags["kind"] == "set_dependent").any())


@says_lines
def drop_unit(result: Assessment) -> pd.DataFrame:
    """The drop-one-unit test: what leaving out each unit does to the others.

    Returns
    -------
    DataFrame, indexed by the unit left out
        grades (other units whose grade changes), places (those of them whose own score did not do
        it: a place of a quota or among the last moved, or the natural breaks did; see
        :func:`qtoolkit.comparison.causes`), swaps
        (pairs of other units whose order changes, a tie made or broken included), largest (largest
        change of another unit's published score, in points). All are 0 unless scoring depends on
        the set of units or a quota does. A unit without which the others cannot be scored (too few
        values are left to treat outliers or to take a mean) has no row, nor has a single unit.
    """
    # comparison takes past grades from here
    from qtoolkit.comparison.causes import causes

    rows = {}
    for unit in result.scores.index if len(result.scores) > 1 else []:
        try:
            other = result.without(unit)
        except InputError:
            continue
        ranks, before = other.ranks.to_numpy(), result.ranks[other.ranks.index].to_numpy()
        swaps = np.sign(ranks[:, None] - ranks) != np.sign(before[:, None] - before)
        change = (other.scores - result.scores[other.scores.index]).abs().max()
        why = causes(result, other, grades="computed")
        rows[unit] = (
            len(why),
            int(why["via"].isin(["place", "line"]).sum()),
            int(swaps.sum()) // 2,
            float(change),
        )
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["grades", "places", "swaps", "largest"]
    )


def streaks(result: Assessment) -> pd.DataFrame:
    """Grades over the years: columns of the remarks grade:<year>, oldest first, then this year's
    approved grade.

    Returns
    -------
    DataFrame, indexed by unit
        One column a year ("" for this one), and best and worst: how many years in a row, up to this
        one, the unit has had the best and the last grade.
    """
    years = sorted(name for name in result.table.remarks.columns if name.startswith("grade:"))
    table = pd.DataFrame(
        {year.partition(":")[2]: result.table.remarks[year] for year in years},
        index=result.scores.index,
    )
    labels = {word: g.id for g in result.scheme.grades for word in (g.label.zh, g.label.en, g.id)}
    table = table.map(lambda word: labels.get(word, word)).assign(
        **{"": result.approved.astype(object)}
    )
    ends = {"best": result.scheme.grades[0].id, "worst": result.scheme.grades[-1].id}
    for name, grade in ends.items():
        table[name] = (
            (table.drop(columns=list(ends), errors="ignore") == grade)
            .iloc[:, ::-1]
            .cumprod(axis=1)
            .sum(axis=1)
        )
    return table
