"""Points that give indicators a wanted importance: whether there are any, and the nearest that are allowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from qtoolkit.assessment import Assessment
from qtoolkit.engine.core import leaf_scores
from qtoolkit.errors import Complaint, InputError, nearest
from qtoolkit.language import Text, listing, say
from qtoolkit.weighting import to_points

STARTS = 12
FEWEST = 8  # units, for a correlation to mean anything
TINY = 1e-6  # points in the place of none, so that a correlation is there
ALIKE = 1e-3  # distances of the best starts that agree


@dataclass(frozen=True)
class Attainable:
    """Whether a target can be reached. `points` (Series) reach it exactly; negative ones mean that nothing does."""

    points: pd.Series
    target: pd.Series

    @property
    def reached(self) -> bool:
        return bool((self.points >= -1e-9 * self.points.abs().sum()).all())


@dataclass(frozen=True)
class Tuned:
    """The nearest points that are allowed.

    Attributes
    ----------
    table : DataFrame, indexed by indicator
        target, present and points (as found, in whole steps), importance_now, importance (shares of the sum of r²).
    distance_now, distance_exact, distance : float
        Root mean square of importance − target: at present, before and after rounding to steps.
    converged : bool
        The optimiser ended by its own criterion, and the best of its starts agree.
    note : Text
    """

    table: pd.DataFrame
    distance_now: float
    distance_exact: float
    distance: float
    converged: bool
    note: Text


def attainable(result: Assessment, target: Mapping[str, float] | None = None) -> Attainable:
    """The points at which indicators have the wanted importance (r² with the score, up to a common factor).

    p ∝ Σ⁻¹ g with g_j = √(S*_j · σ_jj), Σ the covariance of the shares of full marks (after Paruolo, Saisana & Saltelli
    2013): then Cov(x_j, s) = g_j up to a factor, so r_j² ∝ S*_j. Correlations are taken to be positive.

    Parameters
    ----------
    result : Assessment
        Scores that add up the indicators', with deductions that scale with the points; units with blanks are left out.
    target : mapping of indicator to importance, optional
        All indicators; equal if left out.

    Raises
    ------
    InputError
        Too few units (Σ is singular), constant indicators, or scores that are no plain sum.

    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 2, "b": [0.0, 0.5, 0.0, 0.5] * 2})
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame)
    >>> attainable(r).points.round(2).tolist()  # b varies half as much: it needs twice the points
    [33.33, 66.67]
    """
    x, wanted = _lines(result)[0], _target(result, target)
    if np.ptp(_lines(result)[1], axis=0).max() > 1e-9:
        raise InputError(say(zh="有扣分幅度不随分值调整的指标，没有闭式解，请用 tune", en="some deductions do not scale with the points: there is no closed form, use tune"))
    covariance = np.cov(x.T, ddof=1).reshape(x.shape[1], -1)
    if len(x) <= x.shape[1] or np.linalg.cond(covariance) > 1e12:
        raise InputError(say(zh="考核对象{n}家、指标{d}项，协方差矩阵不可逆，请改用上级指标", en="with {n:unit|units} and {d:indicator|indicators} the covariance cannot be inverted: work on the level above", n=len(x), d=x.shape[1]))
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
        Whole steps, such as .5 or 1: rounded by largest remainders within each group, then bettered by moving single steps.
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
    (slope, const), wanted = _lines(result), _target(result, target)
    ids, total = list(wanted.index), result.scheme.total
    goal = (wanted / wanted.sum()).to_numpy()
    present = result.points.to_numpy()
    low, high = _limits(result, bounds or {}, fixed)
    members = _groups(result, groups)

    def importance(p: np.ndarray) -> np.ndarray:
        earned = leaf_scores(slope, const, np.maximum(p, TINY))
        centred = earned - earned.mean(axis=0)
        s = centred.sum(axis=1)
        r = (centred * s[:, None]).mean(axis=0) / np.maximum(centred.std(axis=0) * s.std(), 1e-300)
        return r**2 / max((r**2).sum(), 1e-300)

    def distance(p: np.ndarray) -> float:
        return float(np.sqrt(np.mean((importance(p) - goal) ** 2)))

    constraints = [{"type": "eq", "fun": lambda p, at=at, sum_=sum_: p[at].sum() - sum_} for at, sum_ in members]
    starts, rng = [present], np.random.default_rng(seed)
    starts += [_within(low + (high - low) * rng.random(len(low)), low, high, members) for _ in range(STARTS)]
    tried = [minimize(lambda p: 1e3 * ((importance(p) - goal) ** 2).sum(), start, bounds=list(zip(low, high, strict=True)), constraints=constraints, method="SLSQP", options={"maxiter": 500, "ftol": 1e-12}) for start in starts]
    kept = sorted((t for t in tried if all(abs(t.x[at].sum() - sum_) < 1e-6 * total for at, sum_ in members)), key=lambda t: t.fun)
    best = np.clip(kept[0].x, low, high) if kept else present
    converged = bool(len(kept) > 1 and kept[0].success and abs(distance(kept[0].x) - distance(kept[1].x)) < ALIKE)
    chosen = best if step is None else _stepped(best, step, low, high, members, distance)
    table = pd.DataFrame({"target": goal, "present": present, "points": chosen, "importance_now": importance(present), "importance": importance(chosen)}, index=ids)
    note = say(
        zh="与目标的距离由{now:.3f}降到{after:.3f}（取整前{exact:.3f}）；{how}。",
        en="The distance from the target falls from {now:.3f} to {after:.3f} ({exact:.3f} before rounding); {how}.",
        now=distance(present), after=distance(chosen), exact=distance(best),
        how=Text("各次起点的结果一致", "several starts agree") if converged else Text("优化未收敛，结果只是目前找到的最好值", "the search has not converged: this is only the best found"),
    )  # fmt: skip
    return Tuned(table, distance(present), distance(best), distance(chosen), converged, note)


def _lines(result: Assessment) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and constants of the leaves, (n, d), of an assessment that adds them up, over the units without blanks."""
    e = result.engine
    whole = ~e.tree.blank.any(axis=1)
    if whole.sum() < FEWEST or not e.tree.is_arithmetic or e.tree.rounds_inside:
        raise InputError(say(zh="得分不是各项得分直接相加，或没有缺项的考核对象不足{least}家，不能按实际影响度调整", en="scores are no plain sum of the indicators' scores, or fewer than {least} units are without blanks: no tuning by importance", least=FEWEST))
    slope, const = e.slope[whole], e.const[whole]
    still = (np.ptp(slope, axis=0) < 1e-12) & (np.ptp(const, axis=0) < 1e-9)
    if still.any():
        raise InputError(say(zh="{names}各家相同，任何分值都没有影响", en="the same for all units, so of no importance at any points: {names}", names=listing(result.points.index[still])))
    return slope, const


def _target(result: Assessment, target: Mapping[str, float] | None) -> pd.Series:
    ids = result.points.index
    if target is None:
        return pd.Series(1.0, ids)
    _known(result, target)
    wanted = pd.Series(dict(target), dtype=float).reindex(ids)
    for id in ids[~(wanted >= 0) | np.isinf(wanted)]:
        raise InputError(Complaint(say(zh="目标应为不小于0的数，且每项指标都有", en="every indicator needs a target of 0 or more"), column=id))
    if wanted.sum() <= 0:
        raise InputError(say(zh="目标不能全为0", en="the targets must not all be 0"))
    return wanted


def _known(result: Assessment, ids: Collection[str]) -> None:
    known = list(result.points.index)
    for id in ids:
        if id not in known:
            raise InputError(Complaint(say(zh="没有这项指标{hint}", en="no such indicator{hint}", hint=nearest(str(id), known)), column=str(id)))


def _limits(result: Assessment, bounds: Mapping[str, tuple[float, float]], fixed: Collection[str]) -> tuple[np.ndarray, np.ndarray]:
    _known(result, [*bounds, *fixed])
    low, high = pd.Series(0.0, result.points.index), pd.Series(float(result.scheme.total), result.points.index)
    for id, (least, most) in bounds.items():
        if not 0 <= least <= most:
            raise InputError(Complaint(say(zh="下限{least:g}、上限{most:g}不成立", en="no points lie between {least:g} and {most:g}", least=least, most=most), column=id))
        low[id], high[id] = least, min(most, high[id])
    for id in fixed:
        low[id] = high[id] = result.points[id]
    return low.to_numpy(), high.to_numpy()


def _groups(result: Assessment, groups: Mapping[str, float] | bool) -> list[tuple[np.ndarray, float]]:
    """Sets of leaves (bool) and what they sum to; together they hold all leaves."""
    ids = result.points.index
    wanted = {top.id: top.points for top in result.scheme.indicators} if groups is True else dict(groups or {})
    found, rest, left = [], np.ones(len(ids), bool), result.scheme.total
    for id, points in wanted.items():
        at = np.isin(ids, [leaf.id for leaf in result.scheme.indicator(id).walk() if leaf.is_leaf])
        if not rest[at].all():
            raise InputError(Complaint(say(zh="与另一组重叠", en="overlaps with another group"), column=id))
        found.append((at, float(points)))
        rest, left = rest & ~at, left - points
    return [*found, (rest, left)] if rest.any() else found


def _within(p: np.ndarray, low: np.ndarray, high: np.ndarray, members: list[tuple[np.ndarray, float]]) -> np.ndarray:
    """Points moved between their limits so that every group has its sum."""
    p = p.copy()
    for at, sum_ in members:
        lo, hi = low[at].sum(), high[at].sum()
        if not lo - 1e-9 <= sum_ <= hi + 1e-9:
            raise InputError(say(zh="一组指标应合计{sum:g}分，但上下限只允许{lo:g}至{hi:g}分", en="a group must sum to {sum:g} points, the limits allow {lo:g} to {hi:g}", sum=sum_, lo=lo, hi=hi))
        gap = sum_ - p[at].sum()
        room = (high - p)[at] if gap > 0 else (p - low)[at]
        p[at] += gap * room / max(room.sum(), 1e-300)
    return p


def _stepped(p: np.ndarray, step: float, low: np.ndarray, high: np.ndarray, members: list[tuple[np.ndarray, float]], distance) -> np.ndarray:
    """Whole steps within the limits: largest remainders a group, then single steps moved while that helps."""
    new = p.copy()
    free = high - low > 1e-9
    for at, sum_ in members:
        own = np.flatnonzero(at & free)
        rest = sum_ - p[at & ~free].sum()
        if not own.size:
            continue
        whole = to_points(dict(zip(own, np.maximum(p[own], 0) + 1e-12, strict=True)), rest, step).points.to_numpy()
        new[own] = whole
        while (bad := np.flatnonzero((new[own] < low[own] - 1e-9) | (new[own] > high[own] + 1e-9))).size:
            j = own[bad[0]]
            sign = 1 if new[j] < low[j] else -1
            others = [k for k in own if k != j and low[k] - 1e-9 <= new[k] - sign * step <= high[k] + 1e-9]
            if not others:
                raise InputError(say(zh="在上下限内没有步长{step:g}的分值", en="no points in steps of {step:g} lie within the limits", step=step))
            k = max(others, key=lambda k: sign * (new[k] - p[k]))
            new[j], new[k] = new[j] + sign * step, new[k] - sign * step
    while True:
        best, move = distance(new) - 1e-12, None
        for at, _ in members:
            own = np.flatnonzero(at & free)
            for i in own[new[own] - step >= low[own] - 1e-9]:
                for j in own[new[own] + step <= high[own] + 1e-9]:
                    trial = new.copy()
                    trial[i], trial[j] = trial[i] - step, trial[j] + step
                    if i != j and distance(trial) < best:
                        best, move = distance(trial), trial
        if move is None:
            return np.array([float(f"{value:.10g}") for value in new])
        new = move
