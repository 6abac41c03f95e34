"""What errors of measurement do to grades: chances by unit, and how accurate and consistent the grading is as a whole."""

from __future__ import annotations

import itertools
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.margins import score_limits
from qtoolkit.engine import from_ticks
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.errors import InputError, nearest, real
from qtoolkit.inputs.table import unit_of
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

    Without a reliability the present scores stand in for the true ones. Their spread holds the errors already, so that
    accuracy, consistency and kappa are then somewhat too high; with one they are regressed.

    Parameters
    ----------
    se : float, mapping of unit to float, or "data"
        Standard errors of the base score in points, from a source that the memo must name; "data" adds up those of the
        table's columns se:<leaf> as independent: √Σ (p·se)².
    reliability : float, optional
        In (0, 1]. If left out the chances are those of the grade if measured again. If given they are those of the true
        grade: the score is regressed to the mean of the units, mean + r·(s − mean), with se·√r (Kelley's formula); two
        measurements then lie around that mean with se·√(1 + r) each and the correlation r/(1 + r).

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
    s = from_ticks(result.base.to_numpy())
    if reliability is None:
        chances = again = _merged(result, _bands(result, s, errors))
        alike = (again**2).sum(axis=1)
    else:
        r = real("reliability", reliability, 0, 1, above=True)
        mean, spread = s.mean() + r * (s - s.mean()), errors * np.sqrt(1 + r)
        chances, again = (_merged(result, _bands(result, mean, sd)) for sd in (errors * np.sqrt(r), spread))
        alike = _alike(result, mean, spread, r / (1 + r))
    names, codes = result.grade_names, result.grades.cat.codes.to_numpy()
    stands = chances[np.arange(len(s)), codes]
    table = pd.DataFrame({"score": s, "se": errors, "grade": result.grades}, index=result.scores.index)
    table[names[::-1]] = chances[:, ::-1]
    table["stands"] = stands
    consistency, chance = float(alike.mean()), float((again.mean(axis=0) ** 2).sum())
    return Misgrading(table, float(stands.mean()), consistency, _kappa(consistency, chance), reliability)


def _errors(result: Assessment, se: float | Mapping[str, float] | str) -> np.ndarray:
    units = result.scores.index
    if isinstance(se, str):
        if se != "data":
            raise InputError(say(zh="se 为“{found}”，应为数、各考核对象的数或“data”", en="se is “{found}”, expected a number, numbers by unit, or \"data\"", found=se))
        values = np.sqrt(((standard_errors(result) * result.points) ** 2).sum(axis=1)).to_numpy()
    elif isinstance(se, numbers.Real):
        values = np.full(len(units), real("se", se, above=True))
    elif not isinstance(se, Mapping | pd.Series):
        raise InputError(say(zh="se 应为数、各考核对象的数或“data”", en='se must be a number, numbers by unit, or "data"'))
    else:
        given = {}
        for name, value in se.items():
            unit = unit_of(name, units)
            if unit is None:
                hint = nearest(str(name), units)
                raise InputError(say(zh="se 中没有考核对象“{name}”{hint}", en="se: no unit “{name}”{hint}", name=name, hint=hint))
            given[unit] = value
        values = np.array([real(f"se.{unit}", given.get(unit), above=True) for unit in units])
    for unit, value in zip(units, values, strict=True):
        if not (np.isfinite(value) and value > 0):
            raise InputError(say(zh="“{unit}”的标准误应大于0，现为 {found}", en="the standard error of “{unit}” must be above 0, found {found}", unit=result.labels[unit], found=value))  # fmt: skip
    return values


def _lines(result: Assessment) -> np.ndarray:
    """Effective cutoffs in points with both ends, (n, G + 1)."""
    limits = score_limits(result)
    edge = np.full((len(limits), 1), np.inf)
    return np.concatenate([-edge, np.where(limits >= UNREACHABLE, np.inf, from_ticks(limits)), edge], axis=1)


def _bands(result: Assessment, mean: np.ndarray, se: np.ndarray) -> np.ndarray:
    """Chances (n, G) of the bands of the score, worst first."""
    return np.diff(stats.norm.cdf((_lines(result) - mean[:, None]) / se[:, None]), axis=1)


def _final(result: Assessment) -> np.ndarray:
    """The grade that each band gives after vetoes, (n, G)."""
    e, grades = result.engine, np.arange(len(result.scheme.grades))
    return np.minimum(np.maximum(grades - e.shift[:, None], 0), e.ceiling[:, None])


def _merged(result: Assessment, bands: np.ndarray) -> np.ndarray:
    """Chances of grades from those of bands."""
    found = np.zeros_like(bands)
    np.add.at(found, (np.arange(len(bands))[:, None], _final(result)), bands)
    return found


def _alike(result: Assessment, mean: np.ndarray, sd: np.ndarray, correlation: float) -> np.ndarray:
    """The chance (n,) that two normal measurements give the same grade: Σ over pairs of bands that vetoes make one grade."""
    edges, final = (_lines(result) - mean[:, None]) / sd[:, None], _final(result)
    found = np.zeros(len(mean))
    for a, b in itertools.product(range(final.shape[1]), repeat=2):
        same = final[:, a] == final[:, b]
        if same.any():
            found[same] += _both(edges[same, a : a + 2], edges[same, b : b + 2], correlation)
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
    mean, sd, r = real("mean", mean, -np.inf), real("sd", sd, above=True), real("reliability", reliability, 0, 1, above=True)
    if not isinstance(cutoffs, Iterable) or isinstance(cutoffs, str):
        raise InputError(say(zh="cutoffs 应为一组数字", en="cutoffs must be a list of numbers"))
    lines = np.array([-np.inf, *sorted(real("cutoffs", c, -np.inf) for c in cutoffs), np.inf])
    seen, true = (np.stack([x[:-1], x[1:]], axis=1) for x in ((lines - mean) / sd, (lines - mean) / (sd * np.sqrt(r))))
    accuracy, consistency = float(_both(seen, true, np.sqrt(r)).sum()), float(_both(seen, seen, r).sum())
    chance = float((np.diff(stats.norm.cdf(seen), axis=1) ** 2).sum())
    return pd.Series({"accuracy": accuracy, "consistency": consistency, "kappa": _kappa(consistency, chance)})


def _both(x: np.ndarray, y: np.ndarray, correlation: float) -> np.ndarray:
    """P(x₀ ≤ X < x₁ and y₀ ≤ Y < y₁) of standard normals X and Y, x and y (m, 2): ∫ φ(t) P(Y in its band | X = t) dt."""
    if correlation >= 1:
        low, high = np.maximum(x[:, 0], y[:, 0]), np.minimum(x[:, 1], y[:, 1])
        return np.where(high > low, stats.norm.cdf(high) - stats.norm.cdf(low), 0.0)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    low, high = np.clip(x, -10, 10).T
    t = (high - low)[:, None] / 2 * nodes + (high + low)[:, None] / 2
    at = [(y[:, [i]] - correlation * t) / np.sqrt(1 - correlation**2) for i in (0, 1)]
    inside = stats.norm.cdf(at[1]) - stats.norm.cdf(at[0])
    return (weights * stats.norm.pdf(t) * inside).sum(axis=1) * (high - low) / 2


def _kappa(agreement: float, chance: float) -> float:
    return float("nan") if chance >= 1 else (agreement - chance) / (1 - chance)
