"""What errors of measurement do to grades: chances by unit, and how accurate and consistent the grading is as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.margins import score_limits
from qtoolkit.engine import from_ticks
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.errors import InputError, nearest
from qtoolkit.language import say
from qtoolkit.simulation.sampling import standard_errors


@dataclass(frozen=True)
class Misgrading:
    """What :func:`misgrading` returns.

    Attributes
    ----------
    table : DataFrame, indexed by unit
        score (base), se, grade, a column a grade (its chance, best first), stands (the chance of the present grade).
    accuracy : float
        Mean of `stands`: the expected share of units graded rightly.
    consistency : float
        The expected share of units that two independent measurements give the same grade.
    kappa : float
        (consistency − chance) / (1 − chance), chance that of two measurements of units drawn at random; NaN where chance
        is 1.
    reliability : float or None
        None: chances are those of the grade if measured again; else those of the true grade.
    """

    table: pd.DataFrame
    accuracy: float
    consistency: float
    kappa: float
    reliability: float | None


def misgrading(result: Assessment, se: float | Mapping[str, float] | str, reliability: float | None = None) -> Misgrading:
    """Chances of each unit's grades under normal errors of the base score.

    P(grade) = Φ((c_up − s)/se) − Φ((c_low − s)/se) with the *effective* cutoffs: bonus, cap and rounding are counted in,
    and what vetoes leave. Quotas and last places are not: they depend on the errors of all units together.

    Parameters
    ----------
    se : float, mapping of unit to float, or "data"
        Standard errors of the base score in points, from a source that the memo must name; "data" adds up those of the
        table's columns se:<leaf> as independent: √Σ (p·se)².
    reliability : float, optional
        In (0, 1]. If left out the chances are those of the grade if measured again. If given they are those of the true
        grade: the score is regressed to the mean of the units, mean + r·(s − mean), with se·√r (Kelley's formula).

    Raises
    ------
    InputError
        A unit that is unknown or has no se, an se of 0 or less, a reliability outside (0, 1].

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), pd.DataFrame({"a": [0.92, 0.9]}, index=["甲", "乙"]))
    >>> misgrading(r, 2.0).table["stands"].round(4).tolist()
    [0.8413, 0.5]
    """
    errors = _errors(result, se)
    if reliability is not None and not (isinstance(reliability, int | float) and 0 < reliability <= 1):
        raise InputError(say(zh="reliability 应大于0、不超过1，现为 {found}", en="reliability must be above 0 and at most 1, found {found}", found=reliability))
    s = from_ticks(result.base.to_numpy())
    again = _chances(result, s, errors)
    chances = again
    if reliability is not None:
        chances = _chances(result, s.mean() + reliability * (s - s.mean()), errors * np.sqrt(reliability))
    names, codes = result.grade_names, result.grades.cat.codes.to_numpy()
    stands = chances[np.arange(len(s)), codes]
    table = pd.DataFrame({"score": s, "se": errors, "grade": result.grades}, index=result.scores.index)
    table[names[::-1]] = chances[:, ::-1]
    table["stands"] = stands
    consistency, chance = float((again**2).sum(axis=1).mean()), float((again.mean(axis=0) ** 2).sum())
    return Misgrading(table, float(stands.mean()), consistency, _kappa(consistency, chance), reliability)


def _errors(result: Assessment, se: float | Mapping[str, float] | str) -> np.ndarray:
    units = result.scores.index
    if isinstance(se, str):
        if se != "data":
            raise InputError(say(zh="se 为“{found}”，应为数、各考核对象的数或“data”", en="se is “{found}”, expected a number, numbers by unit, or \"data\"", found=se))
        values = np.sqrt(((standard_errors(result) * result.points) ** 2).sum(axis=1)).to_numpy()
    elif isinstance(se, int | float):
        values = np.full(len(units), float(se))
    else:
        given = dict(se)
        for name in given:
            if name not in units:
                raise InputError(say(zh="se 中没有考核对象“{name}”{hint}", en="se: no unit “{name}”{hint}", name=name, hint=nearest(str(name), units)))
        values = np.array([float(given.get(unit, np.nan)) for unit in units])
    for unit, value in zip(units, values, strict=True):
        if not (np.isfinite(value) and value > 0):
            raise InputError(say(zh="“{unit}”的标准误应大于0，现为 {found}", en="the standard error of “{unit}” must be above 0, found {found}", unit=result.labels[unit], found=value))  # fmt: skip
    return values


def _chances(result: Assessment, mean: np.ndarray, se: np.ndarray) -> np.ndarray:
    """Chances (n, G) of grades, worst first, of a normal base score after vetoes."""
    limits, e = score_limits(result), result.engine
    lines = np.where(limits >= UNREACHABLE, np.inf, from_ticks(limits))
    at_most = stats.norm.cdf((lines - mean[:, None]) / se[:, None])  # chance to miss each grade
    edge = np.zeros((len(mean), 1))
    by_score = np.diff(np.concatenate([edge, at_most, edge + 1], axis=1), axis=1)
    final = np.minimum(np.maximum(np.arange(by_score.shape[1]) - e.shift[:, None], 0), e.ceiling[:, None])
    found = np.zeros_like(by_score)
    np.add.at(found, (np.arange(len(mean))[:, None], final), by_score)
    return found


def normal_model(mean: float, sd: float, reliability: float, cutoffs: Sequence[float]) -> pd.Series:
    """How accurate and consistent cutoffs are where scores are normal: for a scheme of which no data exist yet.

    Observed and true scores are normal with correlation √r, two measurements with correlation r.

    Returns
    -------
    Series
        accuracy (observed and true score in the same grade), consistency (two measurements in the same grade), kappa of
        the two measurements.

    Raises
    ------
    InputError
        An sd of 0 or less, or a reliability outside (0, 1].

    >>> normal_model(75, 8, 0.9, [80]).round(4).to_dict()
    {'accuracy': 0.9163, 'consistency': 0.8823, 'kappa': 0.6986}
    """
    if not (sd > 0 and 0 < reliability <= 1):
        raise InputError(
            say(
                zh="sd 应大于0，reliability 应大于0、不超过1，现为 {sd} 和 {r}",
                en="sd must be above 0 and reliability above 0 and at most 1, found {sd} and {r}",
                sd=sd, r=reliability,
            )
        )
    edges = (np.array([-np.inf, *sorted(cutoffs), np.inf]) - mean) / sd
    true = (np.array([-np.inf, *sorted(cutoffs), np.inf]) - mean) / (sd * np.sqrt(reliability))
    accuracy, consistency = _same(edges, true, np.sqrt(reliability)), _same(edges, edges, reliability)
    chance = float((np.diff(stats.norm.cdf(edges)) ** 2).sum())
    return pd.Series({"accuracy": accuracy, "consistency": consistency, "kappa": _kappa(consistency, chance)})


def _same(x: np.ndarray, y: np.ndarray, correlation: float) -> float:
    """P(X and Y in the same band) of two standard normals, bands by their own edges: Σ ∫ φ(t) P(Y in band | X = t) dt."""
    if correlation >= 1:
        return float(np.diff(stats.norm.cdf(x)).sum())
    nodes, weights = np.polynomial.legendre.leggauss(200)
    total, spread = 0.0, np.sqrt(1 - correlation**2)
    for low, high, below, above in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True):
        low, high = np.clip([low, high], -10, 10)
        t = (high - low) / 2 * nodes + (high + low) / 2
        inside = stats.norm.cdf((above - correlation * t) / spread) - stats.norm.cdf((below - correlation * t) / spread)
        total += float((weights * stats.norm.pdf(t) * inside).sum() * (high - low) / 2)
    return total


def _kappa(agreement: float, chance: float) -> float:
    return float("nan") if chance >= 1 else (agreement - chance) / (1 - chance)
