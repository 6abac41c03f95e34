"""Facts of robustness: score ranges over a band of points, certified tolerances, the ranking by
other methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import alternatives, robustness
from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs import QUOTA, VETO
from qtoolkit.engine import core, score_grades, to_ticks
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.regions import Box, Region
from qtoolkit.regions.bound import BoxArea, HullArea, TreeArea
from qtoolkit.report import choosing, evidence, figures
from qtoolkit.report.blocks import Block
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.robustness.tolerances import FULLEST

GREATEST = ((BoxArea, "greedy"), (TreeArea, "shares"), (HullArea, "vertices"))
"""How the greatest value of a linear score is found, by kind of region; else by linear programs."""
FULLEST_BAND = 1 - FULLEST  # as far as a tolerance is looked for where blanks are shared out


def ranges(result: Assessment, found: robustness.Certificates, region: Region) -> Sequence[Block]:
    """Score ranges while the points move in a region, as :func:`qtoolkit.robustness.score_range`
    found them, with the sentence for the summary."""
    table = found.table
    other = elsewhere(result, table)
    held = holds(result, table).mask(other, None)
    order = table.index[in_order(table["score"])]
    near = choosing.to_cutoff(result)[order]
    drawn = choosing.few(order, near)
    ends = list(zip(table["grade_low"], table["grade_high"], strict=True))
    rows = table.assign(grades=ends, held=held).rename_axis("unit")
    is_open = ~table["certain"]
    proven = evidence.of(result, evidence.ranges(result, found, region))
    inside = region.at(result).contains(result.points.to_numpy()[None])[0]
    facts = {
        **region_facts(result, region),
        "inside": bool(inside),
        "fixed": (table["certain"] & ~other).sum(),
        "elsewhere": rows.loc[other, ["grade_low"]],
        "changeable": rows.loc[is_open & table["free_of_new"], ["grades"]],
        "already": rows.loc[is_open & ~table["free_of_new"], ["grades"]],
        "held": rows.loc[held.notna(), ["held"]],
        "bounds": [
            {"why": robustness.REASONS[why], "units": table.index[table["why"] == why]}
            for why in table["why"].unique()
            if why
        ],
        "listed": len(order),
        "drawn": len(drawn),
    }
    return Section(
        "sensitivity/ranges",
        names_of(result),
        facts,
        {"score_ranges": Rows(rows.loc[order], in_order(near, falling=False), proven)},
        {
            "score_ranges": lambda language: figures.ranges(
                result, table.assign(held=held, other=other).loc[drawn], language
            )
        },
    )


def region_facts(result: Assessment, region: Region) -> dict[str, Any]:
    """How a page says where the points may lie: `band`, ± so many per cent, where a region is no
    more than that; else `region`, in words."""
    plain = isinstance(region, Box) and region.absolute is None
    return {
        "band": 100 * (region.relative or 0.0) if isinstance(region, Box) and plain else None,
        "region": None if plain else region.describe(result.scheme),
    }


def elsewhere(result: Assessment, table: pd.DataFrame) -> pd.Series:
    """For whom the grade is certain in the region, but another than at the present points, which
    then lie outside of it."""
    low, now = table["grade_low"].astype(object), result.grades[table.index].astype(object)
    return table["certain"].astype(bool) & (low != now)


def holds(result: Assessment, table: pd.DataFrame) -> pd.Series:
    """What holds the grade of units whose range of scores passes a cutoff and whose grade cannot
    change all the same: "quota" (quotas or last places) or "veto"; None for all others."""
    e = result.fixed.engine if result.engine.breaks else result.engine
    low, high = (
        to_ticks(table.loc[result.scores.index, side].to_numpy(float)) for side in ("low", "high")
    )
    passes = score_grades(e, low) != score_grades(e, high)
    alone = replace(e, rivals=())
    veto = core.grade(alone, low) == core.grade(alone, high)
    why = np.where(
        passes & table.loc[result.scores.index, "certain"].to_numpy(bool),
        np.where(veto, VETO, QUOTA),
        None,
    )
    return pd.Series(why, result.scores.index, dtype=object)


def tolerances(result: Assessment, found: robustness.Certificates, band: float) -> Section:
    """The certified tolerance of every unit, the least first, as
    :func:`qtoolkit.robustness.tolerance` found them."""
    table = found.table.iloc[in_order(found.table["tolerance"], falling=False)]
    at_a_line = (table["why"] != "quota") & (table["by"] != "place")
    margin = np.minimum(table["margin_down"], table["margin_up"]).where(at_a_line)
    known = table["at_most"].where(table["status"] == "at least")
    table = table.assign(tolerance=table["tolerance"].astype(float), margin=margin, at_most=known)
    if known.isna().all():
        table = table.drop(columns="at_most")
    values = table["tolerance"].dropna()
    finite = values[np.isfinite(values)]
    weak, strong = (values.index[foremost(values, falling=way)] for way in (False, True))
    least = _certain_first(table)
    drawn = choosing.few(table.index, least)
    proven = evidence.of(result, evidence.bands(result, found))
    facts = {
        "computed": len(values),
        "finite": len(finite),
        "weak": weak,
        "least": _extent(values[weak[0]]) if len(weak) else None,
        "strong": strong,
        "most": _extent(values[strong[0]]) if len(strong) else None,
        "band": 100 * band,
        "below": finite.index[finite < band - SAME],
        "open_now": table.index[table["status"] == "none"],
        "held": bool(result.engine.breaks),
        "listed": len(table),
        "drawn": len(drawn),
    }
    return Section(
        "sensitivity/tolerances",
        names_of(result),
        facts,
        {"tolerances": Rows(table.rename_axis("unit"), in_order(least, falling=False), proven)},
        {
            "tolerances": lambda language: figures.tolerances(
                result, replace(found, table=found.table.loc[drawn]), language
            )
        },
    )


def _extent(tolerance: float) -> dict[str, Any]:
    """A tolerance and how it is said; beyond ±100% points could turn negative, so nothing more is
    claimed, nor beyond the widest band that was looked at."""
    kind = "share"
    if np.isinf(tolerance):
        kind = "any"
    elif tolerance >= 1:
        kind = "whole"
    elif tolerance >= FULLEST_BAND - SAME:
        kind = "widest"
    elif tolerance <= SAME:
        kind = "on_line"
    return {"kind": kind, "share": tolerance}


def _certain_first(table: pd.DataFrame) -> pd.Series:
    """By what rows are chosen where there are too many: exact tolerances, the least first, before
    those that are only bounded."""
    return table["tolerance"].where(table["status"] == "exact", np.inf)


def methods(result: Assessment, region: Region) -> Section:
    """Annex: formulas of the calculation."""
    area = region.at(result)
    facts = {
        **region_facts(result, region),
        "rounds_first": result.scheme.order.rounding == "before_bonus",
        "greatest": next((how for kind, how in GREATEST if isinstance(area, kind)), "program"),
    }
    return Section("sensitivity/methods", names_of(result), facts)


def crosscheck(result: Assessment, checked: alternatives.Crosscheck) -> Section:
    """The scheme's ranking beside those of other methods."""
    ranks = checked.ranks.loc[result.ranks.sort_values(kind="stable").index]
    rho = checked.correlation.drop("scheme")
    moves = ranks.drop(columns="scheme").sub(ranks["scheme"], axis=0).abs().max(axis=1)
    facts = {
        "comparable": rho.notna().all(),
        "others": len(rho),
        "low": rho.min(),
        "high": rho.max(),
        "furthest": moves.index[foremost(moves)],
        "most": moves.max(),
    }
    tables = {"crosscheck": ranks.assign(band=checked.bands).rename_axis("unit")}
    return Section("sensitivity/crosscheck", names_of(result), facts, tables)
