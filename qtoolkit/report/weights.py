"""Facts of weights: nominal points beside effective importance, other weightings and what each
would do, attainability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import importance, weighting
from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.report import choosing, figures
from qtoolkit.report.blocks import Block
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.weighting import questionnaires
from qtoolkit.weighting.judgement import MOST_CR


def effective(
    result: Assessment, found: pd.DataFrame, left_out: pd.DataFrame, tops: pd.DataFrame
) -> Section:
    """How much each indicator decides, beside its points, as :func:`qtoolkit.importance.effective`
    found it of leaves and of top-level indicators (`tops`); and what leaving each out does, see
    :func:`qtoolkit.importance.leave_one_out`."""
    facts: dict[str, Any] = {"units": len(result.scores), "least": importance.LEAST, "known": 0}
    facts |= {"differ": result.base.nunique() > 1, "scored": importance.FEWEST}
    facts |= dict.fromkeys(("most", "short", "few", "leaves", "drawn", "split", "tops"))
    gap = (found["share"] - found["nominal"]).dropna()
    if too_few(result) or gap.empty:
        return Section("weights/effective", names_of(result), facts)
    known, many = found[found["linear"].notna()], len(result.scheme.indicators)
    far = in_order(gap.abs().reindex(found.index).fillna(0.0))
    shown = found.iloc[np.sort(far[: choosing.LEAVES])]
    facts |= {
        "known": len(gap),
        "most": _gaps(found, gap, falling=True),
        "short": _gaps(found, gap, falling=False),
        "few": {"n": known["n"].min(), "enough": importance.ENOUGH} if known["few"].any() else None,
        "leaves": len(found),
        "drawn": len(shown),
        "split": bool(found["own"].notna().any()),
        "tops": 1 < many < len(found),
    }
    table = found.assign(span=_spans(found), **left_out[["grades", "rank_shift"]])
    tables: dict[str, pd.DataFrame | Rows] = {"importance": Rows(table.rename_axis("leaf"), far)}
    if facts["tops"] and not facts["split"]:
        tables["importance_top"] = tops.rename_axis("leaf")
    names = [result.scheme.indicator(leaf).name for leaf in shown.index]
    charts = {
        "importance": lambda language: figures.importance(
            shown, [name.of(language) for name in names], language, found["linear"].sum()
        )
    }
    return Section("weights/effective", names_of(result), facts, tables, charts)


def _gaps(table: pd.DataFrame, gap: pd.Series, falling: bool) -> pd.DataFrame:
    """The indicators that decide most beyond their points, or fall short of them most, all that
    tie; none where importance is that of the points."""
    ends = gap.index[foremost(gap, falling)] if gap.abs().max() > SAME else []
    return table.loc[ends, ["nominal", "share"]].rename_axis("leaf")


def _spans(table: pd.DataFrame) -> list[tuple[float, float] | None]:
    """The 95% intervals; None where there is none."""
    ends = zip(table["linear_low"], table["linear_high"], strict=True)
    return [None if np.isnan(low) else (low, high) for low, high in ends]


def overlaps(
    result: Assessment, pairs: pd.DataFrame, alpha: float, at: float = importance.REDUNDANT
) -> Sequence[Block]:
    """Indicators that count the same twice or pull against each other, as
    :func:`qtoolkit.importance.correlations` found them beyond the bound `at`; whether all measure
    one thing, by Cronbach's `alpha`."""
    if too_few(result):
        return []
    against = pairs[_opposed(result, pairs)]
    leaves = _most_correlated(result)
    columns = ["first", "second", "r"]
    facts = {
        "at": at,
        "twice": pairs.loc[pairs["kind"] == "redundant", columns],
        "against": len(against),
        "strongest": against.iloc[foremost(against["r"], falling=False)][columns],
        "alpha": alpha,
        "leaves": len(result.points),
        "drawn": len(leaves),
    }
    charts = {"correlations": lambda language: figures.correlations(result, language, leaves)}
    return Section("weights/overlaps", names_of(result), facts, {}, charts)


def _most_correlated(result: Assessment) -> list[str]:
    """The indicators, or of too many those that correlate most with any other, as they stand in the
    scheme."""
    if len(result.points) <= choosing.LEAVES:
        return list(result.points.index)
    r = result.matrix.corr(min_periods=3).abs().fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(r, 0.0)
    order = in_order(pd.Series(r.max(axis=1), result.points.index))
    return list(result.points.index[np.sort(order[: choosing.LEAVES])])


def _opposed(result: Assessment, pairs: pd.DataFrame) -> np.ndarray:
    """Which pairs within one node correlate negatively, those beyond the bound of double counting
    included."""
    parents = {child.id: node.id for node in result.scheme.nodes for child in node.children}
    one = [
        parents.get(a) == parents.get(b)
        for a, b in zip(pairs["first"], pairs["second"], strict=True)
    ]
    return np.array(one, bool) & (pairs["r"] < -SAME).to_numpy()


def alternatives(
    result: Assessment,
    found: weighting.Weightings,
    people: weighting.People,
    would: pd.DataFrame,
    alone: pd.DataFrame,
) -> Sequence[Block]:
    """Other weightings, as points: of the same data as :func:`qtoolkit.weighting.from_data` gives
    them, and of what people judged, :func:`qtoolkit.weighting.from_people`; what each of both
    `would` do to grades and ranks, and each person's `alone`, see
    :func:`qtoolkit.weighting.consequences`."""
    judged = people.judged
    if judged is None and too_few(result):
        return []
    facts: dict[str, Any] = {"whole": found.whole, "least": found.least, "step": found.step}
    facts |= dict.fromkeys(("methods", "low", "high", "most", "remarks", "people"))
    changed = would["changed"]
    if found.whole >= found.least:
        by_data = changed[found.points.columns]
        facts |= {"methods": len(by_data), "remarks": found.remarks} | _most_changes(by_data)
    if judged is not None:
        facts["people"] = _people(judged) | _most_changes(changed[people.points.columns])
    if would.empty:
        return Section("weights/alternatives", names_of(result), facts)
    points = found.points.join(people.points).add_prefix("by:")
    points.insert(0, "present", result.points)
    if judged is not None and len(people.each.columns) > 1:
        points = points.assign(**_apart(judged))
    tables: dict[str, pd.DataFrame | Rows] = {
        "weightings": would.rename(columns={g.id: f"in:{g.id}" for g in result.scheme.grades}),
        "weighting_points": points.rename_axis("leaf"),
    }
    if judged is not None:
        tables["judged"] = _each(judged, alone)
    return Section("weights/alternatives", names_of(result), facts, tables)


def _most_changes(changed: pd.Series) -> dict[str, Any]:
    """The fewest and the most grades that weightings change, and which change most."""
    most = changed.index[foremost(changed)]
    return {"low": changed.min(), "high": changed.max(), "most": most}


def _apart(judged: weighting.Judgements) -> dict[str, pd.Series]:
    """How far people's points for each leaf lie apart: the least, the most, the sample sd."""
    own = judged.points
    return {"least": own.min(axis=1), "most": own.max(axis=1), "spread": own.std(axis=1, ddof=1)}


def _people(judged: weighting.Judgements) -> dict[str, Any]:
    """How many judged by which method, whose judgements contradict one another, and where people
    differ most."""
    each = judged.table
    ends = pd.DataFrame(_apart(judged)).rename_axis("leaf")[["least", "most"]]
    width = ends["most"] - ends["least"]
    matrices = each[each["method"] == questionnaires.AHP]
    return {
        "count": each["who"].nunique(),
        "methods": [
            {"method": method, "n": each.loc[each["method"] == method, "who"].nunique()}
            for method in judged.methods
        ],
        "furthest": ends.iloc[foremost(width)] if width.max() > SAME else [],
        "limit": MOST_CR,
        "inconsistent": matrices.loc[matrices["ratio"] > MOST_CR, ["who", "ratio"]],
        "remarks": [
            {"who": one.who, "text": note}
            for one in judged.each
            if np.isnan(one.ratio)
            for note in one.weights.notes
        ],
    }


def _each(judged: weighting.Judgements, alone: pd.DataFrame) -> Rows:
    """What each person judged, how consistently, and what it would do by itself."""
    parts = judged.table.groupby(["who", "method"], sort=False)
    table = pd.DataFrame(list(judged.points), columns=["who", "method"])
    table["groups"] = [list(parts.get_group(key)["group"]) for key in judged.points]
    table["ratio"] = [parts.get_group(key)["ratio"].max() for key in judged.points]
    table["changed"] = alone["changed"].to_numpy()
    table["rank_shift"] = alone["rank_shift"].to_numpy()
    return Rows(table, in_order(table["changed"]))


def reach(result: Assessment, found: importance.Proportion) -> Sequence[Block]:
    """Whether points could make every indicator as important as its points say, and the nearest
    found that are allowed, as :func:`qtoolkit.importance.proportion` found them."""
    if too_few(result):
        return []
    facts: dict[str, Any] = {"step": found.step, "refused": found.refused}
    facts |= {"low": 1 - found.within, "high": 1 + found.within, "undecided": found.undecided}
    facts |= dict.fromkeys(("negative", "proven", "note", "changed"))
    if found.tuned is None or found.grades is None:
        return Section("weights/reach", names_of(result), facts)
    if found.exact is not None:
        points = found.exact.points
        facts["negative"] = [] if found.exact.reached else points.index[points < 0]
    facts |= {
        "proven": found.tuned.exact,
        "note": found.tuned.note,
        "changed": (found.grades != result.grades).sum(),
    }
    tables = {"tuned": found.table.rename_axis("leaf")}
    return Section("weights/reach", names_of(result), facts, tables)


def too_few(result: Assessment) -> bool:
    """Whether there are too few units to estimate anything from the spread of their data."""
    return len(result.scores) < importance.LEAST
