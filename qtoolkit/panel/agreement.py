"""How far the assessors of each panel agree: a row a panel, of its assessors' totals."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from qtoolkit.errors import InputError
from qtoolkit.inputs.case import Case
from qtoolkit.inputs.panels import Panel
from qtoolkit.inputs.ratings import Ratings
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import say
from qtoolkit.panel.components import components
from qtoolkit.panel.profiles import share_of
from qtoolkit.panel.reliability import reliability


def marks_of(case: Case) -> Ratings:
    """The ratings of a case.

    Raises
    ------
    InputError
        Where it has none.
    """
    if case.ratings is None:
        text = say(
            zh="案例没有评分：请在 params.yaml 中以 ratings 写明评分文件（考核对象、评委、阶段、"
            "评分项、评分各列）",
            en="the case has no ratings: name a file of them (unit, assessor, stage, item, score) "
            "under ratings in params.yaml",
        )
        raise InputError(text)
    return case.ratings


def in_percent(scheme: Scheme, ratings: Ratings) -> Ratings:
    """The marks as hundredths of full marks, so that items of different full marks compare."""
    frame = ratings.frame.copy()
    for item, at in frame.groupby("item", sort=False).groups.items():
        marks = frame.loc[at, "score"].to_numpy(float)
        frame.loc[at, "score"] = 100 * share_of(scheme.indicator(str(item)), marks)
    return replace(ratings, frame=frame)


def panels(ratings: Ratings) -> list[tuple[str, str, Ratings]]:
    """Each panel: its stage, its group ("" where there is none), and its marks."""
    found = []
    for (stage, group), frame in ratings.frame.groupby(["stage", "group"], sort=False):
        found.append((str(stage), str(group), replace(ratings, frame=frame)))
    return found


def agreement(
    scheme: Scheme, ratings: Ratings, confidence: float = 0.95, wanted: float = 0.8
) -> pd.DataFrame:
    """How far assessors agree on the total of a panel's items, a row each panel.

    One number for each unit and assessor: the mean share of full marks over the items of the stage,
    in hundredths, weighted by their points.

    Returns
    -------
    DataFrame
        stage, group, assessors, units (that all of them marked); icc, low, high (ICC2 of one
        assessor, with its interval), icc_mean (ICC2 of the mean of all), alpha (Krippendorff's, for
        intervals), w and p (Kendall's W and its χ² test), rough (whether that test is poor, for few
        units), reason (why there is no ICC: "few_units", "one_assessor", "constant", or "");
        dependability (Φ of the mean of the present assessors, of all units that anyone marked), and
        needed (how many assessors give Φ = `wanted`; NaN where no number does).
    """
    percent = in_percent(scheme, ratings)
    points = {leaf.id: leaf.full_points for leaf in scheme.leaves}
    rows = []
    for stage, group, part in panels(percent):
        found = reliability(part, confidence=confidence, weights=points)
        one = found.icc.loc["ICC2"]
        study = components(part, weights=points, confidence=confidence)
        needed = study.needed(wanted)
        rows.append(
            {
                "stage": stage,
                "group": group,
                "assessors": found.n_assessors,
                "units": found.n_units,
                "icc": one["value"],
                "low": one["low"],
                "high": one["high"],
                "icc_mean": found.icc.loc["ICC2k", "value"],
                "alpha": found.alpha["interval"],
                "w": found.concordance["W"],
                "p": found.concordance["p"],
                "rough": found.rough,
                "reason": found.reason,
                "dependability": study.absolute,
                "needed": math.nan if needed is None else float(needed),
            }
        )
    return pd.DataFrame(rows)


def irregular(scheme: Scheme, ratings: Ratings) -> pd.DataFrame:
    """Where a panel did not keep to the scheme: items that fewer assessors marked than its `least`,
    or on which their marks lie farther apart than its `spread`.

    Returns
    -------
    DataFrame
        A row each unit, stage and item: unit, stage, item, kind ("few" or "spread"), assessors,
        lowest, highest, in the order of the marks.
    """
    panel = scheme.panel or Panel()
    cells = ratings.frame.groupby(["stage", "unit", "item"], sort=False)["score"]
    table = cells.agg(["count", "min", "max"]).reset_index()
    table.columns = ["stage", "unit", "item", "assessors", "lowest", "highest"]
    limits = {stage: panel.marking(stage) for stage in table["stage"].unique()}
    least = table["stage"].map({stage: how.least or 0 for stage, how in limits.items()})
    most = table["stage"].map({stage: how.spread or math.inf for stage, how in limits.items()})
    apart = table["highest"] - table["lowest"]
    found = pd.concat(
        [
            table[table["assessors"] < least].assign(kind="few"),
            table[apart > most + 1e-9].assign(kind="spread"),
        ]
    )
    columns = ["unit", "stage", "item", "kind", "assessors", "lowest", "highest"]
    return found.sort_index(kind="stable")[columns].reset_index(drop=True)
