"""Facts of an assessment: results, how the indicators work, scores in detail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import without_data
from qtoolkit.engine.ties import foremost, in_order
from qtoolkit.inputs.scheme import Indicator
from qtoolkit.report import choosing, figures, shared
from qtoolkit.report.sections import Rows, Section, names_of

HIGH_SATURATION, LOW_SPREAD = 0.8, 0.05
MANY_LEAVES = 20  # beyond so many, the body of the memo shows only those with something to look at
WORKS = "works"
TOPS = 6  # first-level indicators up to which each has a column


def _points(nodes: Iterable[Indicator]) -> list[dict[str, Any]]:
    """The points of indicators, for the headings of their columns."""
    return [{"leaf": node.id, "points": node.points} for node in nodes]


def results(result: Assessment) -> Section:
    """Scores, ranks and grades; what set each grade where it was not the score alone."""
    scheme, order = result.scheme, result.ranks.sort_values(kind="stable").index
    frame = pd.DataFrame(
        {
            "rank": result.ranks[order],
            **shared.classes(result, order),
            "score": result.scores[order],
            "grade": result.grades[order],
        },
        index=order,
    )
    tops = scheme.indicators if 1 < len(scheme.indicators) <= TOPS else ()
    for top in tops:
        frame[f"node:{top.id}"] = _node_or_blank(result, top.id)[order]
    if shared.is_approved(result):
        frame["approved"] = result.approved[order]
    if scheme.conversion:
        frame["converted"] = result.converted[order]
    steps = result.steps.rename_axis("unit")
    facts = {
        "counts": shared.both_counts(result),
        "mean": result.scores.mean(),
        "sd": result.scores.std(ddof=1) if len(order) > 1 else 0.0,
        "by_other": steps.loc[steps["set_by"] != "score", ["by_score", "set_by", "grade"]],
        "distributed": len(order) > choosing.BARS,
        "tops": _points(tops),
        "score_format": shared.score_format(result),
        "conversion": scheme.conversion
        and {"name": scheme.conversion.name, "decimals": scheme.conversion.decimals},
    }
    nearest = in_order(choosing.to_cutoff(result)[order], falling=False)
    return Section(
        "assessment/results",
        names_of(result),
        facts,
        {"scores": Rows(frame.rename_axis("unit"), nearest)},
        {"scores": lambda language: figures.scores(result, language)},
    )


def _node_or_blank(result: Assessment, node: str) -> pd.Series:
    """A node's score, NaN for units none of whose leaves below it is scored."""
    ids = [leaf.id for leaf in result.scheme.indicator(node).walk() if leaf.is_leaf]
    return result.nodes[node].where(result.matrix[ids].notna().any(axis=1))


def operation(result: Assessment, found: pd.DataFrame) -> Section:
    """Saturation and discrimination, as :func:`qtoolkit.importance.operation` found them, with a
    verdict on each indicator, and the map of shares."""
    table, empty = found.rename_axis("leaf"), without_data(result)
    table["verdict"] = [
        "presumed" if row.Index in empty else _verdict(row) for row in table.itertuples()
    ]
    known, odd = table.drop(index=empty), table[table["verdict"] != WORKS]
    parts = known["variance_share"]
    splits = bool(parts.notna().all()) and len(parts) > 1
    most, least = (
        known.iloc[foremost(parts, falling=way)] if splits else known.iloc[:0]
        for way in (True, False)
    )
    units = len(result.scores)
    facts = {
        "most": most[["points", "variance_share"]],
        "least": least[["points", "variance_share"]],
        "full_from": HIGH_SATURATION,
        "full": known.index[known["full"] >= HIGH_SATURATION],
        "spread_below": LOW_SPREAD,
        "flat": known.index[known["sd"] < LOW_SPREAD],
        "presumed": empty,
        "many": len(table) > MANY_LEAVES,
        "odd": len(odd),
        "grouped": {"n": units, "k": choosing.CHOSEN} if units > choosing.BARS else None,
    }
    return Section(
        "assessment/operation",
        names_of(result),
        facts,
        {"operation": table, "operation_odd": odd},
        {"shares": lambda language: figures.shares(result, language)},
    )


def _verdict(row) -> str:
    """How one indicator works."""
    if row.n < 2:
        return "few"
    if row.highest - row.lowest < 1e-9:
        return "alike"
    if row.correlation < 0:
        return "against"
    if row.full >= HIGH_SATURATION:
        return "full"
    if row.zero >= HIGH_SATURATION:
        return "zero"
    if row.sd < LOW_SPREAD:
        return "near"
    return WORKS


def details(result: Assessment) -> Section:
    """Annex: points on every indicator."""
    order = result.ranks.sort_values(kind="stable").index
    points = (result.matrix * result.points).loc[order].add_prefix("points:")
    frame = points.join(result.steps[["base", "published"]])
    facts = {
        "leaves": _points(result.scheme.leaves),
        "score_format": shared.score_format(result),
        "blank": bool(result.engine.tree.blank.any()),
    }
    nearest = in_order(choosing.to_cutoff(result)[order], falling=False)
    tables = {"details": Rows(frame.rename_axis("unit"), nearest)}
    return Section("assessment/details", names_of(result), facts, tables)
