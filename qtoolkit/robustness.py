"""Exact robustness: proofs of how far the points may move before a grade changes, with witnesses.

For a base score linear in the points, s(p) = A·p + b, and all p within ±ρ of nominal with the sum kept (ρ ≤ 1), the score
range is exactly s ± ρ·h with h = Σ_j p_j |A_j − m|, m a median of A weighted by p: moving points from below m to above it
gains most, and Σ p_j |A_j − m| / 2 is gained per unit of ρ on each side. So a grade is proven for every ρ up to
margin / h. Where the score is not linear (`engine.affine` says why), outer bounds are used and called bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK, affine, bounds, from_ticks, grade, score, to_ticks
from qtoolkit.engine.box import greedy
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.errors import InputError, WorkError, nearest
from qtoolkit.language import Text, say
from qtoolkit.regions import Box

STEPS = 1024  # resolution of a tolerance that is found by bisection
OVERSHOOT = 1e-6  # a witness lies this share of the tolerance beyond it, and two ticks of score at least
REASONS: Mapping[str, Text] = {
    "aggregation": Text("几何平均等非加和汇总使得分不是分值的线性函数", "another mean than the arithmetic is not linear in the points"),
    "rounding": Text("指标得分先行取整，得分随分值跳跃", "scores are rounded below the total, so they move in jumps"),
    "blank": Text("不计分指标的分值按比例折算到其他指标", "a blank's points are shared out among other indicators"),
    "cut": Text("有指标扣分扣完为止，在浮动范围内触底", "a deduction reaches zero within the band"),
    "quota": Text("等级有名额或末位限制，还取决于其他考核对象", "a quota or last places make the grade depend on others"),
    "": Text("", ""),
}


@dataclass(frozen=True)
class Certificates:
    """A table indexed by unit, and the points that prove its exact rows.

    `table` is what was asked for; `witness(unit, side)` gives points (Series by indicator) at which the claim about that
    unit is attained, or None where the row is a bound.
    """

    table: pd.DataFrame
    witnesses: Mapping[str, pd.DataFrame]

    def witness(self, unit: str, side: str) -> pd.Series | None:
        """The witness of `unit` on `side` (a key of `witnesses`)."""
        if side not in self.witnesses:
            sides = ", ".join(self.witnesses)
            raise InputError(say(zh="side 应为 {sides} 之一", en="side must be one of {sides}", sides=sides))
        if unit not in self.table.index:
            hint = nearest(unit, self.table.index)
            raise InputError(say(zh="没有考核对象“{unit}”{hint}", en="no unit “{unit}”{hint}", unit=unit, hint=hint))
        points = self.witnesses[side].loc[unit]
        return None if points.isna().any() else points


def score_range(result: Assessment, region: Box) -> Certificates:
    """Lowest and highest base score of each unit over a region of points, and the grades between.

    Returns
    -------
    Certificates
        Table: score (base score at the scheme's points), low, high, grade_low, grade_high, certain (one grade
        everywhere), status ("exact": both ends are attained; "bounds": no point of the region goes beyond them), why.
        Witnesses: "low", "high".

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.8, 0.9]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> qt.robustness.score_range(r, qt.regions.Box(relative=0.1)).table[["low", "high", "certain"]].round(6).values.tolist()
    [[91.2, 92.8, True], [64.4, 67.6, True]]
    """
    e, points = result.engine, result.points.to_numpy()
    total = float(points.sum())
    lo, hi = region.bounds(points)
    A, b, exact, why = affine(e, lo, hi)
    at_low, at_high = region.maximise(-A, points), region.maximise(A, points)
    low, high = (A * at_low).sum(axis=1) + b, (A * at_high).sum(axis=1) + b
    if not exact.all():
        outer_low, outer_high = bounds(e, lo, hi, total)
        low, high = np.where(exact, low, outer_low), np.where(exact, high, outer_high)
    _recheck(result, at_low, low, exact)
    _recheck(result, at_high, high, exact)
    grades = np.stack([_score_grades(result, low), _score_grades(result, high)])
    status = np.where(exact, "exact", "bounds").astype(object)
    reached = _in_reach(result, grades[1])
    status[reached], why[reached] = "bounds", "quota"
    grades = _with_rivals(result, grades)
    names = result.grade_names
    table = pd.DataFrame(
        {
            "score": from_ticks(result.base.to_numpy()),
            "low": low,
            "high": high,
            "grade_low": pd.Categorical.from_codes(grades[0], names, ordered=True),
            "grade_high": pd.Categorical.from_codes(grades[1], names, ordered=True),
            "certain": grades[0] == grades[1],
            "status": status,
            "why": why,
        },
        index=result.scores.index,
    )
    return Certificates(table, {"low": _frame(result, at_low, exact), "high": _frame(result, at_high, exact)})


def tolerance(result: Assessment) -> Certificates:
    """How far all points may move together, the sum kept, before a unit's grade can change.

    Returns
    -------
    Certificates
        Table: score (base), grade, margin_down and margin_up (points to the grade's ends in base score; ∞ where there is
        no end to cross), leverage (h, points of score per unit of ρ), tolerance (a share: .073 is ±7.3%; at most 1),
        towards (the grade that is reached first), status ("exact": the grade holds in every band below the tolerance and
        a witness breaks it just beyond; "at least": proven up to it, perhaps holds further; "refused"), why.
        Witness: "change", points just beyond the tolerance at which the grade is another.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0], "b": [0.8]}, index=["甲"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> round(float(qt.robustness.tolerance(r).table.tolerance["甲"]), 6)
    0.25
    """
    e, points = result.engine, result.points.to_numpy()
    A, _, exact, why = affine(e, points, points)
    base = from_ticks(result.base.to_numpy())
    down, up = _margins(result, base)
    leverage = np.where(exact, (points * np.abs(A - _weighted_median(A, points)[:, None])).sum(axis=1), np.nan)
    rising = up - TICK < down  # a score rounds up to the next grade within its last tick
    margin = np.where(rising, np.maximum(up - TICK, 0), down)
    finite = np.isfinite(margin) & (leverage > 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.where(finite, margin / leverage, np.inf)
        reach = np.where(finite, np.maximum(rho * (1 + OVERSHOOT), (margin + 2 * TICK) / leverage), np.inf)
    status = np.full(len(base), "exact", dtype=object)
    box = np.where(exact, np.minimum(reach, 1.0), 0.0)[:, None]
    _, _, holds, reason = affine(e, points * (1 - box), points * (1 + box))  # as far as the claim goes
    why[exact] = reason[exact]
    exact = exact & holds
    beyond = exact & finite & (reach > 1)  # no room for a witness below ±100%
    rho[beyond], status[beyond] = np.minimum(rho[beyond], 1.0), "at least"
    if not exact.all():
        rest = ~exact
        rho[rest], status[rest] = _bisect(result, rest), "at least"
        rho[rest & (margin == np.inf)] = np.inf
    towards, codes = np.where(rising, 1, -1), _score_grades(result, base)
    refused = _in_reach(result, codes) | ((e.shift > 0) & (not e.veto_first))
    rho[refused], status[refused], why[refused] = np.nan, "refused", "quota"
    denied = ~refused & rising & _in_reach(result, codes + 1) & (status == "exact")  # a quota may leave no place there
    status[denied], why[denied] = "at least", "quota"
    proven = (status == "exact") & np.isfinite(rho)
    witness = _witnesses(result, A, reach, towards, proven)
    _recheck_grades(result, witness, proven)
    codes = result.grades.cat.codes.to_numpy()
    names = np.array([*result.grade_names, None], dtype=object)
    table = pd.DataFrame(
        {
            "score": base,
            "grade": result.grades.to_numpy(),
            "margin_down": down,
            "margin_up": up,
            "leverage": leverage,
            "tolerance": rho,
            "towards": names[np.where(proven, np.clip(codes + towards, 0, len(names) - 2), -1)],
            "status": status,
            "why": why,
        },
        index=result.scores.index,
    )
    table["grade"] = result.grades
    return Certificates(table, {"change": _frame(result, witness, proven)})


def _weighted_median(A: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A median of each row of A weighted by the points: (n,)."""
    order = np.argsort(A, axis=1, kind="stable")
    mass = np.cumsum(points[order], axis=1)
    at = (mass >= mass[:, -1:] / 2 - 1e-12).argmax(axis=1)
    return np.take_along_axis(np.take_along_axis(A, order, axis=1), at[:, None], axis=1)[:, 0]


def _margins(result: Assessment, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of base score down to the least that keeps the grade, and up to the least that changes it."""
    e, codes = result.engine, result.grades.cat.codes.to_numpy()
    limits = np.where(e.thresholds == UNREACHABLE, np.inf, from_ticks(e.thresholds))
    limits[e.thresholds <= 0] = -np.inf  # no score falls below 0
    padded = np.concatenate([np.full((len(base), 1), -np.inf), limits, np.full((len(base), 1), np.inf)], axis=1)
    rows = np.arange(len(base))
    down = base - padded[rows, codes]
    up = np.where(codes < e.ceiling, padded[rows, codes + 1] - base, np.inf)
    return down, up


def _score_grades(result: Assessment, base: np.ndarray) -> np.ndarray:
    """Grades (codes) at base scores given in points, quotas left out."""
    ticks = to_ticks(base)
    codes = (ticks[:, None] >= result.engine.thresholds).sum(axis=1)
    return np.minimum(codes, result.engine.ceiling).astype(np.int8)


def _in_reach(result: Assessment, codes: np.ndarray) -> np.ndarray:
    """Units whose grade depends on others, if their scores give these grades (n,): a quota is on that grade or a worse one,
    or they might be among the last."""
    reached = np.zeros(len(codes), bool)
    for step in result.engine.rivals:
        members = True if step.members is None else step.members
        reached |= members & ((codes > step.grade) if step.last else (codes >= step.grade))
    return reached


def _with_rivals(result: Assessment, grades: np.ndarray) -> np.ndarray:
    """Lowest and highest grades (2, n) when the score's own are these: a quota or a last place may lower them."""
    e, (low, high) = result.engine, grades
    for step in e.rivals:
        members = True if step.members is None else step.members
        least = np.int8(step.grade if step.last else step.grade - 1)
        low = np.where(members & (high >= step.grade), np.minimum(low, least), low)
    if not e.veto_first:
        low, high = (np.maximum(g - e.shift, 0) for g in (low, high))
    return np.stack([np.minimum(g, e.ceiling) for g in (low, high)])


def _bisect(result: Assessment, units: np.ndarray) -> np.ndarray:
    """A band that is proven not to change the grade of these units, by outer bounds: a lower bound of the tolerance."""
    e, points = result.engine, result.points.to_numpy()
    codes, total = result.grades.cat.codes.to_numpy(), float(points.sum())

    def proven(rho: float) -> np.ndarray:
        low, high = bounds(e, points * (1 - rho), points * (1 + rho), total)
        return ((_score_grades(result, low - 1e-9) == codes) & (_score_grades(result, high + 1e-9) == codes))[units]

    low, high = np.zeros(units.sum(), int), np.full(units.sum(), STEPS)  # proven at low, not known at high
    low[proven(1.0)] = STEPS
    while (open_ := high - low > 1).any():
        middle = (low + high) // 2
        for step in np.unique(middle[open_]):
            here = open_ & (middle == step)
            holds = proven(step / STEPS)
            low[here & holds], high[here & ~holds] = step, step
    return low / STEPS


def _witnesses(result, A, reach, towards, proven) -> np.ndarray:
    """Points just beyond the tolerance, moved in the direction that changes the grade."""
    points = result.points.to_numpy()
    box = np.where(proven, np.minimum(reach, 1.0), 0.0)[:, None]
    moved = greedy(towards[:, None] * A, points * (1 - box), points * (1 + box), float(points.sum()))
    return np.where(proven[:, None], moved, np.nan)


def _recheck(result: Assessment, witness: np.ndarray, claimed: np.ndarray, exact: np.ndarray) -> None:
    """Exact ends must come out again when the engine scores at the witness."""
    again = score(result.engine, witness[None])[0]
    if np.abs(again - to_ticks(claimed))[exact].max(initial=0) > 10:
        raise WorkError(say(zh="得分区间复核不一致", en="a score range did not survive re-scoring at its witness"))


def _recheck_grades(result: Assessment, witness: np.ndarray, proven: np.ndarray) -> None:
    again = grade(result.engine, score(result.engine, np.nan_to_num(witness)[None]))[0]
    if (again == result.grades.cat.codes.to_numpy())[proven].any():
        raise WorkError(say(zh="允许浮动幅度复核不一致", en="a tolerance did not survive re-scoring at its witness"))


def _frame(result: Assessment, points: np.ndarray, known: np.ndarray) -> pd.DataFrame:
    shown = np.where(known[:, None], points, np.nan)
    return pd.DataFrame(shown, index=result.scores.index, columns=result.points.index)
