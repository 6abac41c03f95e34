"""Facts of weights: nominal points beside effective importance, other weightings and what each
would do, attainability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import importance, weighting
from qtoolkit.assessment import Assessment
from qtoolkit.assessment.settings import Graded, settings
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.errors import InputError
from qtoolkit.report import choosing, figures
from qtoolkit.report.blocks import Block
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.report.wording import CATALOGUE
from qtoolkit.simulation.sobol import target_of
from qtoolkit.weighting import questionnaires
from qtoolkit.weighting.judgement import MOST_CR

FEWEST = 15  # units for what is estimated from the spread of the data
METHODS = tuple(
    name for name in CATALOGUE["words"]["weighting"] if name not in questionnaires.METHODS
)
"""The methods that take weights from data."""


def effective(result: Assessment, bootstrap: int = 200, seed: int = 0) -> Section:
    """How much each indicator decides, beside its points."""
    facts: dict[str, Any] = {"units": len(result.scores), "least": FEWEST, "known": 0}
    facts |= {"differ": result.base.nunique() > 1, "scored": importance.FEWEST}
    facts |= dict.fromkeys(("most", "short", "few", "leaves", "drawn", "split", "tops"))
    if too_few(result):
        return Section("weights/effective", names_of(result), facts)
    table = importance.effective(result, bootstrap=bootstrap, seed=seed).rename_axis("leaf")
    gap = (table["share"] - table["nominal"]).dropna()
    if gap.empty:
        return Section("weights/effective", names_of(result), facts)
    known, tops = table[table["linear"].notna()], len(result.scheme.indicators)
    far = in_order(gap.abs().reindex(table.index).fillna(0.0))
    shown = table.iloc[np.sort(far[: choosing.LEAVES])]
    facts |= {
        "known": len(gap),
        "most": _gaps(table, gap, falling=True),
        "short": _gaps(table, gap, falling=False),
        "few": {"n": known["n"].min(), "enough": importance.ENOUGH} if known["few"].any() else None,
        "leaves": len(table),
        "drawn": len(shown),
        "split": bool(table["own"].notna().any()),
        "tops": 1 < tops < len(table),
    }
    table["span"] = _spans(table)
    table[["grades", "rank_shift"]] = importance.leave_one_out(result)[["grades", "rank_shift"]]
    tables: dict[str, pd.DataFrame | Rows] = {"importance": Rows(table, far)}
    if facts["tops"] and not facts["split"]:
        top = importance.effective(result, "top", bootstrap, seed)
        tables["importance_top"] = top.rename_axis("leaf")
    names = [result.scheme.indicator(leaf).name for leaf in shown.index]
    charts = {
        "importance": lambda language: figures.importance(
            shown, [name.of(language) for name in names], language, table["linear"].sum()
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


def overlaps(result: Assessment) -> Sequence[Block]:
    """Indicators that count the same twice or pull against each other; whether all measure one
    thing."""
    if too_few(result):
        return []
    pairs = importance.correlations(result)
    against = pairs[_opposed(result, pairs)]
    leaves = _most_correlated(result)
    columns = ["first", "second", "r"]
    facts = {
        "at": importance.REDUNDANT,
        "twice": pairs.loc[pairs["kind"] == "redundant", columns],
        "against": len(against),
        "strongest": against.iloc[foremost(against["r"], falling=False)][columns],
        "alpha": importance.cronbach(result)[0],
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


def _grades(graded: Graded) -> np.ndarray:
    return graded.grades


def alternatives(
    result: Assessment, step: float = 0.5, judged: questionnaires.Judgements | None = None
) -> Sequence[Block]:
    """Other weightings, as points, and what each would do to grades and ranks: from the same data,
    and from what people judged, where anybody did."""
    if judged is None and too_few(result):
        return []
    whole = int(result.matrix.notna().all(axis=1).sum())
    facts: dict[str, Any] = {"whole": whole, "least": FEWEST, "step": step, "people": None}
    facts |= dict.fromkeys(("methods", "low", "high", "most", "remarks"))
    weightings: dict[str, pd.Series] = {}
    if whole >= FEWEST:
        weightings, remarks = _weightings(result, step)
        facts |= {"methods": len(weightings), "remarks": remarks}
    by_data = list(weightings)
    if judged is not None:
        weightings |= {name: _stepped(result, p, step) for name, p in judged.joint.items()}
    if not weightings:
        return Section("weights/alternatives", names_of(result), facts)
    consequences = _consequences(result, weightings)
    changed = consequences["changed"]
    if by_data:
        facts |= _most_changes(changed[by_data])
    if judged is not None:
        facts["people"] = _people(judged) | _most_changes(changed.drop(by_data))
    points = pd.DataFrame(
        {"present": result.points, **{f"by:{name}": given for name, given in weightings.items()}}
    )
    tables: dict[str, pd.DataFrame | Rows] = {
        "weightings": consequences,
        "weighting_points": points.rename_axis("leaf"),
    }
    if judged is not None:
        if len(judged.points.columns) > 1:
            tables["weighting_points"] = points.assign(**_apart(judged)).rename_axis("leaf")
        tables["judged"] = _each(result, judged, step)
    return Section("weights/alternatives", names_of(result), facts, tables)


def _most_changes(changed: pd.Series) -> dict[str, Any]:
    """The fewest and the most grades that weightings change, and which change most."""
    most = changed.index[foremost(changed)]
    return {"low": changed.min(), "high": changed.max(), "most": most}


def _stepped(result: Assessment, points: pd.Series, step: float) -> pd.Series:
    """Points of all leaves in whole steps."""
    return weighting.to_points(points, result.scheme.total, step).points


def _apart(judged: questionnaires.Judgements) -> dict[str, pd.Series]:
    """How far people's points for each leaf lie apart: the least, the most, the sample sd."""
    own = judged.points
    return {"least": own.min(axis=1), "most": own.max(axis=1), "spread": own.std(axis=1, ddof=1)}


def _people(judged: questionnaires.Judgements) -> dict[str, Any]:
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


def _each(result: Assessment, judged: questionnaires.Judgements, step: float) -> Rows:
    """What each person judged, how consistently, and what it would do by itself."""
    own = {key: _stepped(result, judged.points[key], step) for key in judged.points}
    done = _consequences(result, own)
    parts = judged.table.groupby(["who", "method"], sort=False)
    table = pd.DataFrame(list(own), columns=["who", "method"])
    table["groups"] = [list(parts.get_group(key)["group"]) for key in own]
    table["ratio"] = [parts.get_group(key)["ratio"].max() for key in own]
    table["changed"] = done["changed"].to_numpy()
    table["rank_shift"] = done["rank_shift"].to_numpy()
    return Rows(table, in_order(table["changed"]))


def _weightings(
    result: Assessment, step: float
) -> tuple[dict[str, pd.Series], list[dict[str, Any]]]:
    """Points by each method that can be used, in steps, and the remarks on them: what each method
    notes, and why one (`unused`) cannot be used. Each remark once."""
    named = result.matrix.set_axis([leaf.name for leaf in result.scheme.leaves], axis=1).set_axis(
        list(result.labels.values())
    )
    weightings: dict[str, pd.Series] = {}
    remarks: list[dict[str, Any]] = []
    for name in METHODS:
        try:
            weights = _weights_by(name, named)
        except InputError as error:
            remarks.append({"unused": name, "text": error.complaints[0].text})
            continue
        points = weighting.to_points(weights, result.scheme.total, step).points
        weightings[name] = points.set_axis(result.points.index)
        notes = [{"unused": None, "text": note} for note in weights.notes]
        remarks += [note for note in notes if note not in remarks]
    return weightings, remarks


def _weights_by(method: str, matrix: pd.DataFrame) -> weighting.Weights:
    if method == "equal":
        return weighting.Weights(pd.Series(1.0, matrix.columns))
    return getattr(weighting, method)(matrix)


def _consequences(result: Assessment, weightings: dict[str, pd.Series]) -> pd.DataFrame:
    """How many units have each grade by each weighting (in:<grade>), how many grades change, and
    how far ranks move."""
    frame = pd.DataFrame(
        {"points": [points.to_numpy() for points in weightings.values()]},
        index=list(weightings),
        dtype=object,
    )
    outputs = {
        "grades": target_of(result, "grade_changes"),
        "ranks": target_of(result, "rank_shift"),
        "code": _grades,
    }
    outcome = settings(result, frame, outputs)
    codes = outcome[[f"code:{unit}" for unit in result.scores.index]].to_numpy()
    best = len(result.scheme.grades) - 1
    columns = {
        f"in:{grade.id}": (codes == best - place).sum(axis=1)
        for place, grade in enumerate(result.scheme.grades)
    }
    columns |= {
        "changed": outcome["grades"].astype(int).to_numpy(),
        "rank_shift": outcome["ranks"].to_numpy(),
    }
    named = pd.Index(list(weightings), name="method", tupleize_cols=False)
    return pd.DataFrame(columns, index=named)


def reach(result: Assessment, step: float = 0.5, seed: int = 0) -> Sequence[Block]:
    """Whether points could make every indicator as important as its points say, and the nearest
    found that are allowed."""
    if too_few(result):
        return []
    target = result.points.to_dict()
    facts: dict[str, Any] = {"step": step, "refused": None, "undecided": None}
    facts |= dict.fromkeys(("negative", "proven", "note", "changed"))
    limits = {leaf: (points / 2, 1.5 * points) for leaf, points in target.items()}
    try:
        tuned = importance.tune(result, target, limits, step=step, seed=seed)
    except InputError as error:
        facts["refused"] = error.complaints[0].text
        return Section("weights/reach", names_of(result), facts)
    try:
        exact = importance.attainable(result, target)
        negative = [] if exact.reached else exact.points.index[exact.points < 0]
        facts["negative"] = negative
    except InputError as error:
        facts["undecided"] = error.complaints[0].text
    new = result.what_if(points=tuned.table["points"].to_dict(), spread="none")
    facts |= {
        "proven": tuned.exact,
        "note": tuned.note,
        "changed": (new.grades != result.grades).sum(),
    }
    tables = {"tuned": tuned.table.rename_axis("leaf")}
    return Section("weights/reach", names_of(result), facts, tables)


def too_few(result: Assessment) -> bool:
    """Whether there are too few units to estimate anything from the spread of their data."""
    return len(result.scores) < FEWEST
