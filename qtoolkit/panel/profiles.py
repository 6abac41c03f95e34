"""What the marks say of each unit: shares of full marks by stage and item, strengths and
weaknesses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.engine.core import leaf_scores
from qtoolkit.engine.ties import in_order
from qtoolkit.inputs.panels import Panel
from qtoolkit.inputs.ratings import Ratings, one_of_marks
from qtoolkit.inputs.scheme import Indicator, Scheme

CLEAR = 0.03  # of full marks: a smaller distance from the mean is neither strength nor weakness
MOST = 3  # items named of each kind


def item_shares(scheme: Scheme, ratings: Ratings) -> pd.DataFrame:
    """The marks of all assessors made one, as shares of full marks: a row each unit, stage and item
    that was marked, with columns unit, stage, item, share (in [0, 1]) and assessors (how many)."""
    panel, rows = scheme.panel or Panel(), []
    order = {unit: k for k, unit in enumerate(dict.fromkeys(ratings.frame["unit"]))}
    for (stage, item), given in ratings.frame.groupby(["stage", "item"], sort=False):
        wide = given.pivot(index="unit", columns="assessor", values="score")
        marks = wide.to_numpy(float)
        one = one_of_marks(marks, panel.marking(str(stage)))
        shares = share_of(scheme.indicator(str(item)), one)
        count = np.count_nonzero(~np.isnan(marks), axis=1)
        rows += [
            (unit, stage, item, share, int(n))
            for unit, share, n in zip(wide.index, shares, count, strict=True)
        ]
    frame = pd.DataFrame(rows, columns=["unit", "stage", "item", "share", "assessors"])
    return frame.sort_values("unit", key=lambda units: units.map(order), kind="stable")


def share_of(leaf: Indicator, raw: np.ndarray) -> np.ndarray:
    """Shares of full marks that raw values (n,) of a leaf get; NaN where there is none."""
    shares, full = np.full(len(raw), np.nan), leaf.full_points
    has = ~np.isnan(raw)
    own = np.full(int(has.sum()), np.nan)
    slope, const = leaf.leaf_rule.lines(raw[has], own, leaf.written_for, bool(leaf.scales))
    if full > 0:
        shares[has] = leaf_scores(slope, const, full) / full
    return shares


def stage_shares(scheme: Scheme, ratings: Ratings) -> pd.DataFrame:
    """Σ points·share / Σ points over the items that a unit was marked on at each stage: units ×
    stages, in [0, 1], NaN where it was not marked."""
    shares = item_shares(scheme, ratings)
    points = {leaf.id: leaf.full_points for leaf in scheme.leaves}
    weight = shares["item"].map(points) * shares["share"].notna()
    sums = (
        shares.assign(weight=weight, got=weight * shares["share"].fillna(0))
        .groupby(["unit", "stage"], sort=False)[["weight", "got"]]
        .sum()
    )
    table = (sums["got"] / sums["weight"]).unstack("stage")
    stages = [stage for stage in dict.fromkeys(ratings.frame["stage"])]
    return table.reindex(index=dict.fromkeys(shares["unit"]), columns=stages).rename_axis(
        index="unit", columns=None
    )


def profile(scheme: Scheme, ratings: Ratings) -> pd.DataFrame:
    """Each unit's share of full marks on each item, over the stages at which it was marked, with
    the scheme's weights: units × items, NaN where it was not marked."""
    shares = item_shares(scheme, ratings)
    shares = shares.assign(weight=_weights(scheme, shares) * shares["share"].notna())
    shares["got"] = shares["weight"] * shares["share"].fillna(0)
    sums = shares.groupby(["unit", "item"], sort=False)[["weight", "got"]].sum()
    table = (sums["got"] / sums["weight"].where(sums["weight"] > 0)).unstack("item")
    items = [leaf.id for leaf in scheme.leaves if leaf.id in table.columns]
    return table.reindex(index=dict.fromkeys(shares["unit"]), columns=items).rename_axis(
        index="unit", columns=None
    )


def _weights(scheme: Scheme, shares: pd.DataFrame) -> np.ndarray:
    """What the stage of each row counts in its item, as the scheme weights it; 1 of a later
    stage."""
    stages = {leaf.id: leaf.stages for leaf in scheme.leaves}
    pairs = zip(shares["item"], shares["stage"], strict=True)
    return np.array([stages[item].get(stage, 1.0) for item, stage in pairs])


def strengths(scheme: Scheme, ratings: Ratings) -> pd.DataFrame:
    """Each unit's items that lie farthest above and below those marked at the same stages.

    A unit's distance on an item is its share of full marks, less the mean share of all units that
    were marked at that stage, averaged over its stages with the scheme's weights: a unit that was
    marked on documents alone is held against the documents of all. At most three of each kind, of
    at least 3 points of a hundred.

    Returns
    -------
    DataFrame
        A row each unit and item: unit, item, kind ("strength" or "weakness"), share, distance.
    """
    shares = item_shares(scheme, ratings)
    mean = shares.groupby(["stage", "item"])["share"].transform("mean")
    weight = _weights(scheme, shares)
    shares = shares.assign(
        weight=weight * shares["share"].notna(),
        away=(weight * (shares["share"] - mean)).fillna(0),
    )
    sums = shares.groupby(["unit", "item"], sort=False)[["weight", "away"]].sum()
    distance = (sums["away"] / sums["weight"].where(sums["weight"] > 0)).unstack("item")
    own, items = profile(scheme, ratings), [leaf.id for leaf in scheme.leaves]
    rows = []
    for unit in own.index:
        away = distance.loc[unit].reindex([item for item in items if item in distance.columns])
        for kind, falling in (("strength", True), ("weakness", False)):
            signed = away.to_numpy(float) * (1 if falling else -1)
            places = [k for k in in_order(signed) if signed[k] >= CLEAR - 1e-9][:MOST]
            rows += [
                (unit, away.index[k], kind, own.loc[unit, away.index[k]], away.iloc[k])
                for k in places
            ]
    return pd.DataFrame(rows, columns=["unit", "item", "kind", "share", "distance"])
