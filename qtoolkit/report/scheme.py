"""Facts of the scheme and of its data: basis, units, indicators; and the terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import CALENDAR
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.language import same
from qtoolkit.report import flagged, shared
from qtoolkit.report.sections import Section, names_of

MANY_LEAVES = 20  # beyond so many, the body of the memo shows the upper two levels only
NAMED_LEVELS = 3  # levels above the leaves that have a name of their own; the others are "lower"
EMPTY = same("")  # a cell that repeats the one above it


def basis(result: Assessment) -> Section:
    """What the scheme rests on, and the principles of the calculation."""
    scheme = result.scheme
    facts = {"name": scheme.name, "sources": scheme.sources}
    return Section("scheme/basis", names_of(result), facts)


def units(result: Assessment) -> Section:
    """Who is assessed, for which period, on which data; blanks and values cut at the ends of a
    rule. That data are real is never said: who could know it?"""
    scheme = result.scheme
    kinds = [
        "excluded",
        "screened",
        "blank",
        "falsified",
        *CHECKS,
        "capped",
        "outlier",
        "low_target",
        *CALENDAR,
    ]
    facts = {
        "units": len(result.table.units),
        "leaves": len(scheme.leaves),
        "period": scheme.period,
        "data_period": scheme.data_period,
        "synthetic": scheme.synthetic,
        "groups": _groups(result),
        "flags": flagged.rows(result, kinds),
        "all_flags": flagged.are_too_many(result),
    }
    return Section("scheme/units", names_of(result), facts, {"flags": flagged.table(result)})


def _groups(result: Assessment) -> list[dict[str, Any]]:
    """How many units are in each group that a column of the data makes: rows of what (the column)
    and tally (rows of name and units)."""
    return [
        {
            "what": covariate.name,
            "tally": [
                {"name": covariate.label(name), "units": n}
                for name, n in result.table.covariates[covariate.id]
                .value_counts()
                .sort_index(kind="stable")
                .items()
            ],
        }
        for covariate in result.scheme.covariates
        if covariate.kind == "text" and covariate.id in result.table.covariates
    ]


def indicators(result: Assessment, last: Assessment | None = None) -> Section:
    """The tree with its points; of a large one the upper two levels, beside last year's points, and
    the whole in the annex."""
    scheme = result.scheme
    paths = shared.top_path(scheme)
    depth = max(len(path) for path in paths.values())
    large = len(scheme.leaves) > MANY_LEAVES and depth > 2
    facts = {"total": scheme.total, "areas": shared.areas(scheme), "large": large}
    tables = {"indicators": _tree(scheme, paths, depth)}
    if large:
        tables["upper_levels"] = _upper_levels(scheme, last and last.scheme)
    return Section("scheme/indicators", names_of(result), facts, tables)


def _tree(scheme: Scheme, paths: Mapping[str, Sequence[Indicator]], depth: int) -> pd.DataFrame:
    """A row a leaf, with the nodes above it; a node stands with its points in the row of its first
    leaf alone."""
    rows, written_nodes = [], set()
    for leaf in scheme.leaves:
        row: dict[str, object] = {}
        above = paths[leaf.id][:-1]
        for level in range(depth - 1):
            node = above[level] if level < len(above) else None
            first = node is not None and node.id not in written_nodes
            lower = "lower:" if level >= NAMED_LEVELS else ""
            row[f"{lower}level{level}"] = node.id if first else EMPTY
            row[f"{lower}sum{level}"] = float(node.points) if first else EMPTY
        written_nodes |= {node.id for node in above}
        rows.append(row | {"leaf": leaf.id, "points": float(leaf.points), "measured": leaf.kind})
    frame = pd.DataFrame(rows)
    return frame.astype({name: object for name in frame if "sum" in name})


def _upper_levels(scheme: Scheme, last: Scheme | None) -> pd.DataFrame:
    """The first two levels: how many leaves, the points, and last year's with the difference; no
    difference where the points are the same or there were none."""
    nodes, tops, lower = [], [], []
    for top in scheme.indicators:
        nodes += [top, *top.children]
        tops += [top.id, *(EMPTY for _ in top.children)]
        lower += [EMPTY, *(node.id for node in top.children)]
    columns = {
        "level0": tops,
        "level1": lower,
        "leaves": [sum(leaf.is_leaf for leaf in node.walk()) for node in nodes],
        "points": [float(node.points) for node in nodes],
    }
    if last is not None and last.nodes:
        known = {node.id: node.points for node in last.nodes}
        columns["last"] = [known.get(node.id, float("nan")) for node in nodes]
        columns["change"] = [_change_of(node.points, known.get(node.id)) for node in nodes]
    return pd.DataFrame(columns)


def _change_of(points: float, last: float | None) -> float:
    return float("nan") if last is None or last == points else points - last


def terms() -> Section:
    """Annex: terms in plain words."""
    return Section("scheme/terms", {})
