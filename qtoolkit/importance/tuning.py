"""Points that give indicators a wanted importance: whether there are any, and the nearest that are
allowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine.ties import SAME
from qtoolkit.errors import Complaint, InputError, nearest
from qtoolkit.importance.allocations import allocations
from qtoolkit.importance.searching import (
    aim_of,
    best_of_all,
    closed_form,
    few_enough,
    improved,
    optimised,
    scattered_within,
    within,
)
from qtoolkit.language import Text, listing, say

FEWEST = 8  # units, for a correlation to mean anything


@dataclass(frozen=True, repr=False)
class Attainable(Shown):
    """Whether a target can be reached. `points` (Series) reach it exactly; negative ones mean that
    nothing does."""

    card_title: ClassVar[Text] = Text(
        "影响度能否与分值相称", "Whether a wanted importance can be had"
    )
    card_table: ClassVar[str] = "points"

    points: pd.Series
    target: pd.Series

    @property
    def reached(self) -> bool:
        return bool((self.points >= -1e-9 * self.points.abs().sum()).all())


@dataclass(frozen=True, repr=False)
class Tuned(Shown):
    """The nearest points that are allowed and were found.

    Attributes
    ----------
    table : DataFrame, indexed by indicator
        target, present and points (as found, in whole steps), importance_now, importance (shares of
        the sum of r²).
    distance_now, distance_exact, distance : float
        Root mean square of importance − target: at present, before and after rounding to steps.
    converged : bool
        Without `step`: the optimiser ended by its own criterion and 3 of its starts agree, or the
        target is reached. This is no proof that nothing is nearer. With `step` never.
    note : Text
    exact : bool
        With `step`: all allowed points in whole steps were compared, and none is nearer.
    """

    card_title: ClassVar[Text] = Text("按影响度试调的分值", "Points tuned by importance")

    table: pd.DataFrame
    distance_now: float
    distance_exact: float
    distance: float
    converged: bool
    note: Text
    exact: bool = False


def attainable(result: Assessment, target: Mapping[str, float] | None = None) -> Attainable:
    """The points at which indicators have the wanted importance: r² with the score on these very
    units, up to a common factor, not freed of chance (`linear_plain` of
    :func:`qtoolkit.importance.effective`).

    p ∝ Σ⁻¹ g with g_j = √(S*_j · σ_jj), Σ the covariance of the shares of full marks (after
    Paruolo, Saisana & Saltelli 2013): then Cov(x_j, s) = g_j up to a factor, so r_j² ∝ S*_j.
    Correlations are taken to be positive.

    Parameters
    ----------
    result : Assessment
        Scores that add up the indicators', with deductions that scale with the points; units with
        blanks are left out.
    target : mapping of indicator to importance, optional
        All indicators; equal if left out.

    Raises
    ------
    InputError
        Too few units (Σ is singular), constant indicators, or scores that are no plain sum.

    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 2, "b": [0.0, 0.5, 0.0, 0.5] * 2})
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame)
    >>> attainable(r).points.round(
    ...     2
    ... ).tolist()  # b varies half as much: it needs twice the points
    [33.33, 66.67]
    """
    x, wanted = _lines(result)[0], _target(result, target)
    if np.ptp(_lines(result)[1], axis=0).max() > 1e-9:
        raise InputError(
            say(
                zh="有扣分幅度不随分值调整的指标，没有闭式解，请用 tune",
                en="some deductions do not scale with the points: there is no closed form, use "
                "tune",
            )
        )
    covariance = np.cov(x.T, ddof=1).reshape(x.shape[1], -1)
    if len(x) <= x.shape[1] or np.linalg.cond(covariance) > 1e12:
        raise InputError(
            say(
                zh="考核对象{n}家、指标{d}项，协方差矩阵不可逆，请改用上级指标",
                en="with {n:unit|units} and {d:indicator|indicators} the covariance cannot be "
                "inverted: work on the level above",
                n=len(x),
                d=x.shape[1],
            )
        )
    raw = np.linalg.solve(covariance, np.sqrt(wanted.to_numpy() * np.diag(covariance)))
    points = raw / raw.sum() * result.scheme.total
    return Attainable(pd.Series(points, wanted.index, name="points"), wanted)


def tune(
    result: Assessment,
    target: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    groups: Mapping[str, float] | bool = False,
    fixed: Collection[str] = (),
    step: float | None = None,
    seed: int = 0,
) -> Tuned:
    """Points whose importance is nearest to the target (least squares), within limits.

    Importance is r² over the sum of r² on these very units, as it is (`linear_plain` of
    :func:`qtoolkit.importance.effective`), not the estimate that is freed of chance: what is sought
    is the ranking of these units. There may be several local optima; only points in whole steps can
    be compared one by one.

    Parameters
    ----------
    result : Assessment
        Scores that add up the indicators'; units with blanks are left out.
    target : mapping of indicator to importance, optional
        As for :func:`attainable`.
    bounds : mapping of indicator to (least, most), optional
        Points; 0 to the total where left out.
    groups : mapping of inner node to points, or True
        Points that the leaves of a node keep in all; True keeps those of every top-level indicator.
    fixed : ids
        Indicators that keep their points.
    step : float, optional
        Whole steps, such as .5 or 1. Where the allowed sets of points are few enough (some hundred
        thousand) all are gone through, and the best is `exact`; of several equally near the one
        that moves the fewest points. Else the best found: rounded from several starts and bettered
        by moving steps from one indicator to another, and by two such moves together.
    seed : int
        Of the random starts.

    Returns
    -------
    Tuned

    Raises
    ------
    InputError
        Unknown names, or limits that no points satisfy.
    """
    wanted = _target(result, target)
    aim = aim_of(*_lines(result), (wanted / wanted.sum()).to_numpy())
    present, (low, high) = result.points.to_numpy(), _limits(result, bounds or {}, fixed)
    members = _groups(result, groups)
    rng = np.random.default_rng(seed)
    scattered = scattered_within(low, high, members, rng)
    grid = None if step is None else allocations(low, high, members, step)
    exact = grid is not None and few_enough(aim, grid)
    chosen = best_of_all(aim, grid, present) if grid is not None and exact else None
    extra = [] if chosen is None else [chosen]
    solution = closed_form(aim, members)
    extra += [] if solution is None else [within(np.clip(solution, low, high), low, high, members)]
    ends, converged = optimised(aim, present, scattered, extra, low, high, members)
    if grid is None:
        chosen = ends[0]
    elif chosen is None:
        chosen = improved(aim, grid, ends, scattered)
    table = pd.DataFrame(
        {
            "target": aim.goal,
            "present": present,
            "points": chosen,
            "importance_now": aim.importance(present),
            "importance": aim.importance(chosen),
        },
        index=wanted.index,
    )
    after = aim.of(chosen)
    before = min(aim.of(ends[0]), after)
    how = _how(step, exact, converged, after)
    note = say(
        zh="{moved}（不取整时{exact:.3f}）；{how}。",
        en="{moved} ({exact:.3f} without rounding); {how}.",
        moved=_moved(aim.of(present), after),
        exact=before,
        how=how,
    )
    return Tuned(table, aim.of(present), before, after, converged and step is None, note, exact)


def _moved(now: float, after: float) -> Text:
    """How the distance changes, by the numbers as they are printed.

    It may rise where the present points are not allowed.
    """
    shown = [float(f"{distance:.3f}") for distance in (now, after)]
    if shown[0] == shown[1]:
        return say(
            zh="与目标的距离仍为{after:.3f}",
            en="The distance from the target stays at {after:.3f}",
            after=after,
        )
    if shown[0] > shown[1]:
        return say(
            zh="与目标的距离由{now:.3f}降到{after:.3f}",
            en="The distance from the target falls from {now:.3f} to {after:.3f}",
            now=now,
            after=after,
        )
    return say(
        zh="与目标的距离由{now:.3f}升到{after:.3f}",
        en="The distance from the target rises from {now:.3f} to {after:.3f}",
        now=now,
        after=after,
    )


def _how(step: float | None, exact: bool, converged: bool, distance: float) -> Text:
    """What the search proves."""
    if exact:
        return Text(
            "已逐一比较所有允许的分值，没有更接近的",
            "all allowed points were compared: none is nearer",
        )
    if step is not None:
        return Text(
            "允许的分值过多，未逐一比较，这是目前找到的最好值，不排除有更接近的",
            "too many points are allowed to compare them all: this is the best found, and nearer "
            "ones are not ruled out",
        )
    if distance < SAME:
        return Text("达到目标", "the target is reached")
    if converged:
        return Text(
            "多次起点的结果一致，但不能证明没有更接近的",
            "several starts agree, which is no proof that nothing is nearer",
        )
    return Text(
        "优化未收敛，结果只是目前找到的最好值",
        "the search has not converged: this is only the best found",
    )


def _lines(result: Assessment) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and constants of the leaves, (n, d), of an assessment that adds them up, over the
    units without blanks."""
    e = result.engine
    whole = ~e.tree.blank.any(axis=1)
    if whole.sum() < FEWEST or not e.tree.is_arithmetic or e.tree.rounds_inside:
        raise InputError(
            say(
                zh="得分不是各项得分直接相加，或没有缺项的考核对象不足{least}家，"
                "不能按实际影响度调整",
                en="scores are no plain sum of the indicators' scores, or fewer than {least} units "
                "are without blanks: no tuning by importance",
                least=FEWEST,
            )
        )
    slope, const = e.slope[whole], e.const[whole]
    still = (np.ptp(slope, axis=0) < 1e-12) & (np.ptp(const, axis=0) < 1e-9)
    if still.any():
        raise InputError(
            say(
                zh="{names}各家相同，任何分值都没有影响",
                en="the same for all units, so of no importance at any points: {names}",
                names=listing(result.points.index[still]),
            )
        )
    return slope, const


def _target(result: Assessment, target: Mapping[str, float] | None) -> pd.Series:
    ids = result.points.index
    if target is None:
        return pd.Series(1.0, ids)
    _known(result, target)
    wanted = pd.Series(dict(target), dtype=float).reindex(ids)
    for id in ids[~(wanted >= 0) | np.isinf(wanted)]:
        raise InputError(
            Complaint(
                say(
                    zh="目标应为不小于0的数，且每项指标都有",
                    en="every indicator needs a target of 0 or more",
                ),
                column=id,
            )
        )
    if wanted.sum() <= 0:
        raise InputError(say(zh="目标不能全为0", en="the targets must not all be 0"))
    return wanted


def _known(result: Assessment, ids: Collection[str]) -> None:
    known = list(result.points.index)
    for id in ids:
        if id not in known:
            raise InputError(
                Complaint(
                    say(
                        zh="没有这项指标{hint}",
                        en="no such indicator{hint}",
                        hint=nearest(str(id), known),
                    ),
                    column=str(id),
                )
            )


def _limits(
    result: Assessment, bounds: Mapping[str, tuple[float, float]], fixed: Collection[str]
) -> tuple[np.ndarray, np.ndarray]:
    _known(result, [*bounds, *fixed])
    low, high = (
        pd.Series(0.0, result.points.index),
        pd.Series(float(result.scheme.total), result.points.index),
    )
    for id, (least, most) in bounds.items():
        if not 0 <= least <= most:
            raise InputError(
                Complaint(
                    say(
                        zh="下限{least:g}、上限{most:g}不成立",
                        en="no points lie between {least:g} and {most:g}",
                        least=least,
                        most=most,
                    ),
                    column=id,
                )
            )
        low[id], high[id] = least, min(most, high[id])
    for id in fixed:
        low[id] = high[id] = result.points[id]
    return low.to_numpy(), high.to_numpy()


def _groups(
    result: Assessment, groups: Mapping[str, float] | bool
) -> list[tuple[np.ndarray, float]]:
    """Sets of leaves (bool) and what they sum to; together they hold all leaves."""
    ids = result.points.index
    wanted = (
        {top.id: top.full_points for top in result.scheme.indicators}
        if groups is True
        else dict(groups or {})
    )
    found, rest, left = [], np.ones(len(ids), bool), result.scheme.total
    for id, points in wanted.items():
        at = np.isin(ids, [leaf.id for leaf in result.scheme.indicator(id).walk() if leaf.is_leaf])
        if not rest[at].all():
            raise InputError(
                Complaint(say(zh="与另一组重叠", en="overlaps with another group"), column=id)
            )
        found.append((at, float(points)))
        rest, left = rest & ~at, left - points
    return [*found, (rest, left)] if rest.any() else found
