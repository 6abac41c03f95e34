"""自评偏高幅度: how far filed values lie above those that verification found, by item, area and
unit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError, clip, nearest, one_of, real, unexpected
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.language import Text
from qtoolkit.verification.cells import Compared, compared

By = Literal["area", "aspect", "lead"]
BY: tuple[By, ...] = get_args(By)
NOTICED = 1e-9  # a difference of shares below this is none


@dataclass(frozen=True, repr=False)
class Inflation(Shown):
    """What :func:`inflation` returns. Inflation is a share of full marks: .05 is five points in a
    hundred.

    Attributes
    ----------
    items : DataFrame, indexed by indicator
        units (verified), own, verified (mean shares), inflation (their difference), low, high (its
        interval; NaN with one unit), above (units whose filed share is higher), points (mean points
        that verification took; NaN without an assessment).
    areas : DataFrame, indexed by the area's Chinese name
        name (Text), items, units, cells, inflation, low, high. Empty where no area is named.
    units : DataFrame, indexed by unit, those verified
        cells, own, verified, inflation, and of an assessment points (what verification changed in
        the published score), score_filed, score, grade_filed, grade (computed).
    overall : Series
        units, cells, inflation, low, high.
    cells : DataFrame
        A row each verified cell: unit, item, own, verified, inflation.
    left_out : tuple of str
        Verified indicators whose marks depend on the other units, which are not compared.
    confidence : float
    """

    card_title: ClassVar[Text] = Text("自评与核查", "Filed and verified")
    card_table: ClassVar[str] = "items"
    card_more: ClassVar[tuple[str, ...]] = ("areas", "units", "overall", "cells")

    items: pd.DataFrame
    areas: pd.DataFrame
    units: pd.DataFrame
    overall: pd.Series
    cells: pd.DataFrame
    left_out: tuple[str, ...]
    confidence: float

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The most inflated first."""
        return frame.iloc[in_order(frame["inflation"].to_numpy())]


def inflation(
    own: Assessment | pd.DataFrame,
    verified: pd.DataFrame | None = None,
    *,
    by: By = "area",
    confidence: float = 0.95,
) -> Inflation:
    """How far what units filed lies above what verification found.

    Means are over verified cells d_ij = own − verified. Cells of one unit are not independent: with
    m units of n_i cells and mean d̄ the standard error is √(m/(m − 1) Σ_i (Σ_j (d_ij − d̄))²) / Σ n_i
    (the ratio estimator's; Cochran 1977, Sampling Techniques, 6.4), without a correction for the
    share of units drawn, which makes intervals somewhat too wide; they are d̄ ± t(m − 1) times that.
    With one item a unit it is the t interval of a mean. No unit or item is accused: a difference
    may come from another reading of the standard.

    Parameters
    ----------
    own, verified
        See :func:`qtoolkit.verification.compared`.
    by : "area", "aspect" or "lead"
        What makes an area of items (those of the scheme).
    confidence : float
        Of the intervals.

    Raises
    ------
    InputError
        As :func:`qtoolkit.verification.compared`; a confidence that is not inside (0, 1); another
        `by`.

    >>> filed = pd.DataFrame({"a": [0.9, 0.8, 1.0]}, index=["甲", "乙", "丙"])
    >>> found = pd.DataFrame({"a": [0.8, 0.8, 0.8]}, index=["甲", "乙", "丙"])
    >>> inflation(filed, found).items.loc["a", ["inflation", "low", "high"]].round(4).tolist()
    [0.1, -0.1484, 0.3484]
    """
    level = real("confidence", confidence, 0, 1, above=True)
    if level == 1:
        want = Text("大于0、小于1的数字", "a number above 0 and below 1")
        raise InputError(unexpected(confidence, want, "confidence"))
    check_by(by)
    both = compared(own, verified)
    cells = both.long()
    scheme = own.scheme if isinstance(own, Assessment) else None
    return Inflation(
        _items(both, scheme, level),
        _areas(cells, scheme, by, level),
        _units(own, both, verified is None),
        pd.Series({"units": cells["unit"].nunique(), **mean_of(cells, level)}),
        cells,
        both.left_out,
        level,
    )


def check_by(by: str) -> None:
    """Refuse what makes no groups of items."""
    if by not in BY:
        raise InputError(unexpected(clip(by), one_of(BY), "by", nearest(str(by), BY)))


def mean_of(cells: pd.DataFrame, confidence: float) -> dict[str, float]:
    """cells, inflation, low and high of some verified cells: their mean, and its interval."""
    values = cells["inflation"].to_numpy(float)
    count, mean = len(values), float(values.mean()) if len(values) else math.nan
    found = {"cells": count, "inflation": mean, "low": math.nan, "high": math.nan}
    sums = (cells["inflation"] - mean).groupby(cells["unit"].to_numpy()).sum().to_numpy()
    m = len(sums)
    if m < 2:
        return found
    error = math.sqrt(m / (m - 1) * float(sums @ sums)) / count
    half = float(special.stdtrit(m - 1, (1 + confidence) / 2)) * error
    return found | {"low": mean - half, "high": mean + half}


def _items(both: Compared, scheme: Scheme | None, confidence: float) -> pd.DataFrame:
    """The table of items, those verified, in the order of the tree."""
    cells, rows = both.long(), {}
    points = {} if scheme is None else {leaf.id: leaf.full_points for leaf in scheme.leaves}
    for item in [id for id in both.own.columns if both.inflation[id].notna().any()]:
        here = cells[cells["item"] == item]
        found = mean_of(here, confidence)
        rows[item] = {
            "units": len(here),
            "own": here["own"].mean(),
            "verified": here["verified"].mean(),
            "inflation": found["inflation"],
            "low": found["low"],
            "high": found["high"],
            "above": int((here["inflation"] > NOTICED).sum()),
            "points": found["inflation"] * points.get(item, math.nan),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("item")


def _areas(cells: pd.DataFrame, scheme: Scheme | None, by: By, confidence: float) -> pd.DataFrame:
    """The table of areas, the most inflated first."""
    columns = ["name", "items", "units", "cells", "inflation", "low", "high"]
    names = {} if scheme is None else {leaf.id: getattr(leaf, by) for leaf in scheme.leaves}
    labels = {name.zh: name for name in names.values() if name is not None}
    rows = []
    for zh, name in labels.items():
        own = [id for id, of in names.items() if of is not None and of.zh == zh]
        here = cells[cells["item"].isin(own)]
        if len(here):
            rows.append(
                {
                    "name": name,
                    "items": here["item"].nunique(),
                    "units": here["unit"].nunique(),
                    **mean_of(here, confidence),
                }
            )
    table = pd.DataFrame(rows, columns=columns, index=[row["name"].zh for row in rows])
    return table.iloc[in_order(table["inflation"].to_numpy(float))].rename_axis("area")


def _units(own: Assessment | pd.DataFrame, both: Compared, has_stage: bool) -> pd.DataFrame:
    """The table of verified units, the most inflated first."""
    cells = both.long()
    table = cells.groupby("unit", sort=False)[["own", "verified", "inflation"]].mean()
    table.insert(0, "cells", cells.groupby("unit", sort=False).size())
    if isinstance(own, Assessment) and has_stage:
        filed = as_filed(own)
        for name, before, after in (
            ("score", filed.scores, own.scores),
            ("grade", filed.grades, own.grades),
        ):
            table[f"{name}_filed"], table[name] = before[table.index], after[table.index]
        table["points"] = table["score_filed"] - table["score"]
    return table.iloc[in_order(table["inflation"].to_numpy())]


def as_filed(result: Assessment) -> Assessment:
    """The assessment of the same units before any later stage replaced or corrected a value; where
    nothing had been filed, what the stage said stays.

    >>> import qtoolkit as qt
    >>> case, result = qt.open("city-2026")
    >>> bool((as_filed(result).scores >= result.scores).all())
    True
    """
    table = result.table
    changed = np.array(
        [
            [a is not None and a != b for a, b in zip(old, new, strict=True)]
            for old, new in zip(table.filed, table.raw, strict=True)
        ]
    ).reshape(table.raw.shape)
    status = np.where(changed, VALUE, table.status).astype(np.int8)
    raw = np.where(changed, table.filed, table.raw)
    return result.anew(table=replace(table, raw=raw, status=status))
