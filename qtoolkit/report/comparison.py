"""Facts of what changed since last year: grades, reasons, points alone, the table of revisions,
grades over the years."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from qtoolkit.comparison import FACTORS, PARTS, Comparison, History
from qtoolkit.engine.ties import in_order
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.report import change_figures, choosing, reasons
from qtoolkit.report.blocks import Block
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.report.wording import phrase

SUBTOTAL, SUM = ":subtotal", ":sum"  # in the column of ids of the table of revisions


def transitions(comparison: Comparison | None) -> Sequence[Block]:
    """Who changed grade, with the sentence for the summary."""
    if comparison is None:
        return Section("comparison/nothing", {})
    names = names_of(comparison.after, comparison.before)
    schemes = [result.scheme for result in (comparison.before, comparison.after)]
    step = comparison.grade_decomposition["change"]
    kappa, ranks = comparison.kappa, comparison.correlations
    sides = reasons.sides(comparison)
    facts = {
        **sides,
        "alike": comparison.graded_alike,
        "count": len(step),
        "same": (step == 0).sum(),
        "up": step.index[step > 0],
        "down": step.index[step < 0],
        "agreement": kappa["agreement"],
        "kappa": kappa["kappa"],
        "linear": kappa["linear"],
        "spearman": ranks["spearman"],
        "shift": ranks["rank_shift"],
        "grades_before": len(schemes[0].grades),
        "grades_after": len(schemes[1].grades),
        "left": comparison.left,
        "entered": comparison.entered,
    }
    counts = comparison.transitions.add_prefix("to:").rename_axis(columns=None)
    moves = comparison.movers.rename_axis("unit")
    tables = {
        "transitions": counts.assign(sum=counts.sum(axis=1)),
        "movers": Rows(moves, range(len(moves))),
    }
    first, last = ([grade.label for grade in scheme.grades] for scheme in schemes)
    titles = tuple(phrase("the_year", names, sides[side]) for side in ("old", "new"))
    charts = {
        "transitions": lambda language: change_figures.transitions(
            comparison, (first, last), (titles[0], titles[1]), language
        )
    }
    return Section("comparison/transitions", names, facts, tables, charts)


def parts(comparison: Comparison | None, unit: str | None = None) -> Sequence[Block]:
    """Every unit's change of score in parts, and one unit's; if none is named, of those whose grade
    changed the one whose score changed most."""
    if comparison is None:
        return []
    table = comparison.decomposition.rename_axis("unit")
    unit = comparison.unit(unit)
    shown = [name for name in PARTS[:-1] if name in FACTORS or (table[name] != 0).any()]
    drawn = choosing.few(table.index, table["change"].abs(), falling=True)
    titles = {name: phrase("part", {}, name) for name in shown}
    tables = {"decomposition": _score_parts(comparison, table, shown)}
    graded = _is_graded(comparison)
    if graded:
        tables["grade_parts"] = Rows(_grade_parts(comparison))
    facts = {
        **reasons.sides(comparison),
        "count": len(table),
        "drawn": len(drawn),
        "unit": unit,
        "graded": graded,
    }
    charts = {
        "decomposition": lambda language: change_figures.decomposition(
            comparison, titles, language, drawn
        ),
        "decomposition_unit": lambda language: change_figures.waterfall(
            comparison, unit, titles, language
        ),
    }
    names = names_of(comparison.after, comparison.before)
    return Section("comparison/parts", names, facts, tables, charts)


def _score_parts(comparison: Comparison, table: pd.DataFrame, shown: Sequence[str]) -> Rows:
    """The parts of the change of score, a row a unit, the largest rise first."""
    table = table.iloc[in_order(table["change"])]
    steps = comparison.grade_decomposition.loc[table.index]
    grades = steps[["grade_before", "grade_after"]].set_axis(table.index)
    scores = table[["score_before", "score_after", "change"]]
    frame = pd.concat([grades, scores, _part_columns(table, shown)], axis=1)
    return Rows(frame, in_order(table["change"].abs()))


def _is_graded(comparison: Comparison) -> bool:
    """Whether changes of grade have parts, and one of them is not nothing."""
    if not comparison.graded_alike or comparison.problem is not None:
        return False
    return bool((comparison.grade_decomposition[list(PARTS)] != 0).any(axis=None))


def _grade_parts(comparison: Comparison) -> pd.DataFrame:
    """The parts of the change of grade, a row a unit for which one of them is not small."""
    order = comparison.decomposition.index[in_order(comparison.decomposition["change"])]
    steps = comparison.grade_decomposition.loc[order].rename_axis("unit")
    rows = steps[(steps[list(PARTS)].abs() > reasons.MAIN).any(axis=1)]
    shown = [name for name in PARTS if (rows[name] != 0).any()]
    return pd.concat([rows[["change"]], _part_columns(rows, shown)], axis=1)


def _part_columns(table: pd.DataFrame, shown: Sequence[str]) -> pd.DataFrame:
    return (table[list(shown)] + 0.0).add_prefix("part:")  # no −0


def alone(comparison: Comparison | None) -> Sequence[Block]:
    """What this year's points alone, and this year's cutoffs alone, would have done to last year's
    data."""
    if comparison is None:
        return []
    before, after = comparison.before.scheme, comparison.after.scheme
    matched, mixed = comparison.on_last_year is not None, comparison.problem is None
    alike = comparison.graded_alike
    facts = {
        "old": reasons.sides(comparison)["old"],
        "matched": matched,
        "share": comparison.matching.share,
        "by_points": _regraded(comparison, "points", before) if matched else [],
        "mixed": mixed,
        "alike": alike,
        "by_cutoffs": _regraded(comparison, "cutoffs", after) if mixed and alike else [],
        "changes": reasons.line_changes(comparison),
        "total_before": before.total,
        "total_after": after.total,
    }
    names = names_of(comparison.after, comparison.before)
    tables = {"alone": comparison.alone.rename_axis("unit")}
    return Section("comparison/alone", names, facts, tables)


def _regraded(comparison: Comparison, name: str, scheme: Scheme) -> list[dict[str, Any]]:
    """Who has another grade, place by place from the worst, under one change alone: rows of unit,
    before, after (grades)."""
    table = comparison.alone
    place = {grade.id: i for i, grade in enumerate(reversed(scheme.grades))}
    now = {grade.id: i for i, grade in enumerate(reversed(comparison.before.scheme.grades))}
    return [
        {"unit": unit, "before": old, "after": new}
        for unit, old, new in zip(table.index, table["grade_before"], table[name], strict=True)
        if now[old] != place[new]
    ]


def revision(comparison: Comparison | None) -> Sequence[Block]:
    """What changed in the indicators, and the table of revisions (修订对照表)."""
    if comparison is None:
        return []
    before, after = comparison.before.scheme, comparison.after.scheme
    matching, links = comparison.matching, comparison.matching.table
    share_before = links["points_before"] / before.total
    share_after = links["points_after"] / after.total
    kept = links["kind"].isin(["kept", "renamed"])
    split, merged = (links[links["kind"] == kind] for kind in ("split", "merged"))
    ignored = [] if before.year == after.year else matching.ignored
    facts = {
        **reasons.sides(comparison),
        "kept": kept.sum(),
        "moved": (kept & ((share_before - share_after).abs() > 1e-12)).sum(),
        "split": split["before"].nunique(),
        "pieces": split["after"].nunique(),
        "merged": merged["after"].nunique(),
        "fresh": links.loc[links["kind"] == "new", "after"],
        "dropped": links.loc[links["kind"] == "dropped", "before"],
        "unknown": [{"leaf": leaf, "previous": id} for leaf, id in matching.unknown],
        "odd": [id for id in matching.twins if id not in matching.shared],
        "ignored": [{"leaf": leaf, "previous": id} for leaf, id in ignored],
    }
    names = names_of(comparison.after, comparison.before)
    return Section("comparison/revision", names, facts, {"revision": _revised(comparison)})


def _revised(comparison: Comparison) -> pd.DataFrame:
    """The rows of the table of revisions: each indicator of either year once; those that splitting
    or merging links stand together with a subtotal, and both years' totals stand last."""
    rows: list[dict[str, Any]] = []
    for group in _linked(comparison.matching.table):
        items = [
            _cells(comparison, *link)
            for link in zip(
                _named_once(group["before"]),
                _named_once(group["after"]),
                group["points_before"],
                group["points_after"],
                group["kind"],
                strict=True,
            )
            if link[0] is not None or link[1] is not None
        ]
        if len(items) == 1:
            rows.append(items[0] | {"change": _added(items)["change"]})
        else:
            rows += [*items, _added(items, SUBTOTAL)]
    total = _added([row for row in rows if row["before"] != SUBTOTAL], SUM)
    frame = pd.DataFrame([*rows, total])
    has_reasons = any(row["rationale"] is not None for row in rows)
    return frame if has_reasons else frame.drop(columns="rationale")


def _named_once(ids: pd.Series) -> list[str | None]:
    """The ids, of which one that several links name stands at the first of them alone."""
    return [None if again else id for id, again in zip(ids, ids.duplicated(), strict=True)]


def _cells(
    comparison: Comparison,
    old: str | None,
    new: str | None,
    points_before: float,
    points_after: float,
    kind: str,
) -> dict[str, Any]:
    """A row of the table of revisions: a link, of which an end that another row has is left out."""
    rationale = None if new is None else comparison.after.scheme.indicator(new).rationale
    return {
        "before": old,
        "points_before": None if old is None else float(points_before),
        "after": new,
        "points_after": None if new is None else float(points_after),
        "kind": kind,
        "change": None,
        "rationale": rationale,
    }


def _linked(table: pd.DataFrame) -> list[pd.DataFrame]:
    """The links in groups that share no indicator, in the order of their first links."""
    groups: list[list[int]] = []
    for link, (old, new) in enumerate(zip(table["before"], table["after"], strict=True)):
        met = [
            group
            for group in groups
            if any(
                (old is not None and table["before"].iat[i] == old)
                or (new is not None and table["after"].iat[i] == new)
                for i in group
            )
        ]
        if met:
            met[0] += [*(i for group in met[1:] for i in group), link]
            groups = [group for group in groups if all(group is not other for other in met[1:])]
        else:
            groups.append([link])
    return [table.iloc[sorted(group)] for group in groups]


def _added(items: list[dict[str, Any]], name: str | None = None) -> dict[str, Any]:
    """A row with the sums of these."""
    sums = {
        key: math.fsum(item[key] for item in items if item[key] is not None)
        for key in ("points_before", "points_after")
    }
    change = sums["points_after"] - sums["points_before"]
    return {"before": name, "after": None, "kind": None, "change": change, "rationale": None} | sums


def history(found: History | None) -> Sequence[Block]:
    """Grades over the years, with or without scores."""
    if found is None:
        return []
    best, steps = found.names[0], found.agreement
    facts = {
        "count": len(found.grades),
        "rounds": len(found.rounds),
        "last": found.rounds[-1],
        "kind": found.kind,
        "best": best,
        "counts": found.counts[best],
        "always": found.always(best),
        "steps": steps[steps["units"] > 0].reset_index()[_STEP].astype({"up": int, "down": int}),
        "left_out": [
            {"unit": unit, "round": round, "word": word} for unit, round, word in found.left_out
        ],
    }
    names = {"unit": found.labels.__getitem__, "grade": found.titles.__getitem__}
    charts = {"history": lambda language: change_figures.history(found, found.titles, language)}
    return Section("comparison/history", names, facts, {"history_changes": found.changes}, charts)


_STEP = ["before", "after", "up", "down", "agreement"]


def methods(comparison: Comparison | None) -> Sequence[Block]:
    """Annex: how changes were decomposed."""
    return [] if comparison is None else Section("comparison/methods", {})
