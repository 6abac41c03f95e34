"""What every exact method shares: tables with witnesses, scores as lines in the points, grades at
given scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine import (
    Engine,
    affine,
    bounds,
    bracket,
    from_ticks,
    ratio_extreme,
    ratio_lines,
    score,
    to_ticks,
)
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError, WorkError, nearest
from qtoolkit.inputs.statuses import NEW
from qtoolkit.inputs.table import unit_of
from qtoolkit.language import Text, say
from qtoolkit.lines import LinesSaid
from qtoolkit.regions.bound import Area, Bands, BoxArea

New = Literal["interval", "scenario"]
DOWN, UP = 0, 1  # sides of a grade
MANY = 500  # units with blanks for which exact extremes are sought one by one
REASONS: Mapping[str, Text] = {
    "aggregation": Text(
        "几何平均等非加和汇总使得分不是分值的线性函数",
        "another mean than the arithmetic is not linear in the points",
    ),
    "rounding": Text(
        "指标得分先行取整，得分随分值跳跃",
        "scores are rounded below the total, so they move in jumps",
    ),
    "blank": Text(
        "不计分指标的分值按比例折算到其他指标",
        "a blank's points are shared out among other indicators",
    ),
    "cut": Text("有指标扣分扣完为止，在浮动范围内触底", "a deduction reaches zero within the band"),
    "quota": Text(
        "等级有名额或末位限制，还取决于其他考核对象",
        "a quota or last places make the grade depend on others",
    ),
    "new": Text(
        "等级取决于尚无数据的新增指标", "the grade depends on new indicators that have no data yet"
    ),
    "": Text("", ""),
}


@dataclass(frozen=True, repr=False)
class Certificates(Shown):
    """A table indexed by unit, and the points that prove its exact rows.

    `table` is what was asked for; `witness(unit, side)` gives points (Series by indicator) at which
    the claim about that unit is attained, or None where the row is a bound; `lines` says how lines
    go where grades are told of (:mod:`qtoolkit.lines`).
    """

    card_title: ClassVar[Text] = Text("逐个考核对象的证明", "Certificates, a row a unit")

    table: pd.DataFrame
    witnesses: Mapping[str, pd.DataFrame]
    lines: LinesSaid | None = None

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The weakest first: the least tolerance, the fewest points, the widest range; of score
        ranges those whose grade is not certain."""
        if "tolerance" in frame:
            weakness = frame["tolerance"]
        elif "points_moved" in frame:
            weakness = frame["points_moved"]
        elif "certain" in frame:
            weakness = frame["certain"].astype(float)
        elif "best" in frame:
            weakness = frame["best"] - frame["worst"]
        else:
            return frame
        return frame.iloc[in_order(weakness.to_numpy(float), falling=False)]

    def witness(self, unit: str, side: str) -> pd.Series | None:
        """The witness of `unit` on `side` (a key of `witnesses`)."""
        if side not in self.witnesses:
            sides = ", ".join(self.witnesses)
            raise InputError(
                say(zh="side 应为 {sides} 之一", en="side must be one of {sides}", sides=sides)
            )
        name = unit_of(unit, self.table.index)
        if name is None:
            hint = nearest(unit, self.table.index)
            raise InputError(
                say(
                    zh="没有考核对象“{unit}”{hint}",
                    en="no unit “{unit}”{hint}",
                    unit=unit,
                    hint=hint,
                )
            )
        points = self.witnesses[side].loc[name]
        return None if points.isna().any() else points


@dataclass(frozen=True)
class Lines:
    """Base scores over an area: at least A·p + b on the low side, at most on the high side, and
    equal where `exact`.

    `held` : where the lines say anything; elsewhere `bounds` of the engine must do. `engine` scores
    that side: leaves without data at 0 or at full marks.
    """

    engine: Engine
    A: np.ndarray
    b: np.ndarray
    held: np.ndarray
    exact: np.ndarray
    why: np.ndarray


def ends(result: Assessment, new: New) -> tuple[Engine, Engine]:
    """The engine with all leaves without data at 0, and with them at full marks: a score never
    falls as a leaf rises, so these are the ends of what new indicators may bring."""
    if new not in ("interval", "scenario"):
        raise InputError(
            say(zh="new 应为 interval 或 scenario", en="new must be interval or scenario")
        )
    e, cells = result.engine, result.table.status == NEW
    if new == "scenario" or not cells.any():
        return e, e
    tree = replace(e.tree, blank=e.tree.blank & ~cells)
    const = np.where(cells, 0.0, e.const)
    least, most = (
        replace(e, slope=np.where(cells, share, e.slope), const=const, tree=tree)
        for share in (0.0, 1.0)
    )
    return least, most


def enclose(result: Assessment, lo: np.ndarray, hi: np.ndarray, new: New) -> tuple[Lines, Lines]:
    """Lines below and above each base score for lo ≤ p ≤ hi; the same object twice where all are
    exact."""
    sides, engines = [], ends(result, new)
    for side, e in enumerate(engines):
        if side == DOWN or e is not engines[DOWN]:
            _, _, exact, why = affine(e, lo, hi)
            low_A, low_b, high_A, high_b, held = bracket(e, lo, hi)
        A, b = (low_A, low_b) if side == DOWN else (high_A, high_b)
        sides.append(Lines(e, A, b, held, exact, why))
    return (
        (sides[DOWN], sides[DOWN])
        if engines[DOWN] is engines[UP] and exact.all()
        else (sides[DOWN], sides[UP])
    )


def span_values(low: Lines, high: Lines, area: Area | Bands) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest base scores in points, (n,) or a row a band: attained where the lines are
    exact, else proven bounds."""
    least, greatest = area.span(low.A)
    if low is not high:
        _, greatest = area.span(high.A)
    least, greatest = least + low.b, greatest + high.b
    if not (low.held & high.held).all():
        outer = _outer(low.engine, area)[0], _outer(high.engine, area)[1]
        least, greatest = (
            np.where(low.held, least, outer[0]),
            np.where(high.held, greatest, outer[1]),
        )
    return least, greatest


def _outer(engine: Engine, area: Area | Bands) -> tuple[np.ndarray, np.ndarray]:
    """The engine's outer bounds, (n,) or a row a band."""
    if isinstance(area, Bands):
        least, greatest = zip(*(_outer(engine, box) for box in area), strict=True)
        return np.stack(least), np.stack(greatest)
    return bounds(engine, area.lo, area.hi, area.total)


@dataclass(frozen=True)
class Extremes:
    """Least and greatest base scores over an area (2, n), in points: at `points` (2, n, d) where
    `exact`, else bounds."""

    values: np.ndarray
    points: np.ndarray
    exact: np.ndarray
    why: np.ndarray


def extremes(result: Assessment, area: Area, new: New) -> Extremes:
    """Both ends of every base score, on the side of new indicators that makes them extreme;
    re-scored where exact."""
    low, high = enclose(result, area.lo, area.hi, new)
    values, exact = np.stack(span_values(low, high, area)), low.exact & high.exact
    points, why = (
        np.stack([area.maximise(-low.A), area.maximise(high.A)]),
        np.where(low.why == "", high.why, low.why),
    )
    shared = np.flatnonzero(why == "blank")
    if isinstance(area, BoxArea) and 0 < shared.size <= MANY:
        rows = [ratio_lines(side.engine, area.lo, area.hi) for side in (low, high)]
        for k in shared[rows[DOWN][-1][shared] & rows[UP][-1][shared]]:
            for side, sign in ((DOWN, -1), (UP, 1)):
                A, b, live, dead = (x[k] for x in rows[side][:4])
                values[side, k], points[side, k] = ratio_extreme(
                    A, b, live, dead, area.lo, area.hi, area.total, sign
                )
            exact[k], why[k] = True, ""
    for side, line in enumerate((low, high)):
        again = score(line.engine, points[side][None])[0]
        if np.abs(again - to_ticks(values[side]))[exact].max(initial=0) > 10:
            raise WorkError(
                say(
                    zh="得分区间复核不一致",
                    en="a score range did not survive re-scoring at its witness",
                )
            )
    return Extremes(values, points, exact, why)


def scores_reach(base: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Grades (codes) that base scores given in points, (n,) or (…, n), reach, vetoes and quotas
    left out."""
    return (to_ticks(base)[..., None] >= thresholds).sum(axis=-1).astype(np.int8)


def grades_at(
    result: Assessment, base: np.ndarray, thresholds: np.ndarray | None = None
) -> np.ndarray:
    """Grades (codes) at base scores given in points, quotas left out."""
    codes = scores_reach(base, result.engine.thresholds if thresholds is None else thresholds)
    return np.minimum(codes, result.engine.ceiling).astype(np.int8)


def margin(result: Assessment, base: np.ndarray, thresholds: np.ndarray, side: int) -> np.ndarray:
    """Points of base score down to the least that keeps the grade, or up to the least that changes
    it."""
    e, codes = result.engine, result.grades.cat.codes.to_numpy()
    limits = np.where(thresholds == UNREACHABLE, np.inf, from_ticks(thresholds))
    limits[thresholds <= 0] = -np.inf  # no score falls below 0
    padded = np.concatenate(
        [np.full((len(base), 1), -np.inf), limits, np.full((len(base), 1), np.inf)], axis=1
    )
    rows = np.arange(len(base))
    if side == DOWN:
        return base - padded[rows, codes]
    return np.where(codes < e.ceiling, padded[rows, codes + 1] - base, np.inf)


def in_reach(result: Assessment, codes: np.ndarray) -> np.ndarray:
    """Units whose grade depends on others, if their scores give these grades (n,): a quota is on
    that grade or a worse one, or they might be among the last; or a veto takes grades off after
    that."""
    e = result.engine
    reached = (e.shift > 0) & (not e.veto_first)
    for step in e.rivals:
        members = True if step.members is None else step.members
        reached |= members & ((codes > step.grade) if step.last else (codes >= step.grade))
    return reached


def frame(result: Assessment, points: np.ndarray, known: np.ndarray) -> pd.DataFrame:
    """Witnesses as a table, NaN where there is none."""
    shown = np.where(known[:, None], points, np.nan)
    return pd.DataFrame(shown, index=result.scores.index, columns=result.points.index)


def graded(result: Assessment, codes: np.ndarray) -> pd.Categorical:
    """Codes as ordered grades."""
    return pd.Categorical.from_codes(codes, result.grade_names, ordered=True)
