"""Where the variance of a panel's marks comes from, and how many assessors it takes to mark
dependably (G study and D study of generalizability theory)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import optimize, special

from qtoolkit.display import Shown
from qtoolkit.errors import InputError, one_of, real, unexpected
from qtoolkit.language import Text
from qtoolkit.panel.designs import left_out_note, long_of, of_stage, sums_of_squares, wide_of
from qtoolkit.panel.reliability import confidence_of, f_quantile, icc_of
from qtoolkit.panel.severity import additive, filled

FACETS = ("unit", "assessor", "item")
RESIDUAL = "residual"
KINDS = ("relative", "absolute")
ROUND_OFF = 1e-9  # of a number of assessors, and of an eigenvalue


@dataclass(frozen=True, repr=False)
class Components(Shown):
    """What :func:`components` returns.

    Attributes
    ----------
    table : DataFrame, indexed by component
        unit, assessor, residual, or with items unit, assessor, item, unit:assessor, unit:item,
        assessor:item, residual; df, ms (mean square), estimate, variance (the estimate, 0 where it
        is negative), negative, share (of the sum of variances), low and high (of the variance).
    method : str
        "anova" (expected mean squares of a complete design) or "henderson3" (Henderson's method 3,
        where marks are missing).
    relative, absolute : float
        Generalizability coefficient Eρ² (of the order of the units) and dependability Φ (of their
        level) of the mean of the present number of assessors.
    intervals : DataFrame, indexed by relative and absolute
        low and high; NaN where there is none, see :func:`components`.
    n_units, n_assessors : int
    n_items : int
        Items that are a facet of the design; 1 where there are none, or their mean is analysed.
    assessors : float
        Marks a unit has, the harmonic mean over units: `n_assessors` where none is missing.
    confidence : float
    ratio : tuple of float
        The interval of σ²_unit/σ²_residual, NaN with items.
    reason : str
        Why there are no estimates: "one_assessor", "few_units" (fewer than two), "no_residual" (no
        more numbers than effects); "constant" where all numbers are the same; else "".
    note : Text or None
        Ratings that were left out because items were wanting.
    """

    card_title: ClassVar[Text] = Text("评分方差来源", "Variance components of marks")

    table: pd.DataFrame
    method: str
    relative: float
    absolute: float
    intervals: pd.DataFrame
    n_units: int
    n_assessors: int
    n_items: int
    assessors: float
    confidence: float
    reason: str
    note: Text | None = None
    ratio: tuple[float, float] = field(default=(math.nan, math.nan), repr=False)

    def decision(self, numbers: Iterable[int] = range(1, 21)) -> pd.DataFrame:
        """What panels of other sizes would give (D study), the items as they are.

        Returns
        -------
        DataFrame, indexed by assessors
            relative and absolute (coefficients), relative_se and absolute_se (standard errors of a
            unit's mean, in points), low and high (interval of `relative`, NaN for designs with
            items).
        """
        variances, rows = self.table["variance"], {}
        for n in numbers:
            real("assessors", n, 1)
            row = {kind: _coefficient(variances, kind, self.n_items, n) for kind in KINDS}
            for kind in KINDS:
                row[f"{kind}_se"] = math.sqrt(_total(self._error(kind), n))
            rows[n] = row | {"low": _of_mean(self.ratio[0], n), "high": _of_mean(self.ratio[1], n)}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("assessors")

    def needed(self, dependability: float = 0.8, kind: str = "absolute") -> int | None:
        """The least number of assessors whose mean has this coefficient, "absolute" (Φ) or
        "relative" (Eρ²); None where no number has, see :meth:`obstacle`.

        With the error A + B/n, n ≥ B c / (σ²_unit (1 − c) − A c).
        """
        if self.obstacle(dependability, kind):
            return None
        _, each = self._error(kind)
        least = each * dependability / self._free(dependability, kind) if each else 0.0
        return max(1, math.ceil(least - ROUND_OFF))

    def obstacle(self, dependability: float = 0.8, kind: str = "absolute") -> str:
        """Why no number of assessors reaches a coefficient: "unknown" (no estimates), "no_unit"
        (units do not differ), "items" (more assessors do not help where it is the few items that
        differ); "" where some number does."""
        if kind not in KINDS:
            raise InputError(unexpected(kind, one_of(KINDS), "kind"))
        confidence_of(dependability, "dependability")
        if self.reason not in ("", "constant"):
            return "unknown"
        if not self._unit:
            return "no_unit"
        fixed, each = self._error(kind)
        free, near = self._free(dependability, kind), ROUND_OFF * (self._unit + fixed)
        return "" if free > near or (not each and free >= -near) else "items"

    def _free(self, c: float, kind: str) -> float:
        """σ²_unit (1 − c) − A c: what B c / n may be."""
        return self._unit * (1 - c) - self._error(kind)[0] * c

    @property
    def _unit(self) -> float:
        return float(self.table["variance"]["unit"])

    def _error(self, kind: str) -> tuple[float, float]:
        return _error(self.table["variance"], kind, self.n_items)


def _error(variances: pd.Series, kind: str, items: int) -> tuple[float, float]:
    """A and B of the variance A + B/n of the error of a mean over n assessors."""
    fixed = each = 0.0
    for name, variance in variances.items():
        parts = _parts(str(name), "item" in variances)
        if parts == {"unit"} or (kind == "relative" and "unit" not in parts):
            continue
        part = float(variance) / (items if "item" in parts else 1)
        if "assessor" in parts:
            each += part
        else:
            fixed += part
    return fixed, each


def _coefficient(variances: pd.Series, kind: str, items: int, n: float) -> float:
    """Eρ² or Φ of the mean of n assessors; NaN where nothing varies."""
    unit, error = float(variances["unit"]), _total(_error(variances, kind, items), n)
    return unit / (unit + error) if unit + error else math.nan


def _parts(name: str, items: bool) -> set[str]:
    """The facets of a component; the residual is of all."""
    if name == RESIDUAL:
        return set(FACETS if items else FACETS[:2])
    return set(name.split(":"))


def _total(error: tuple[float, float], n: float) -> float:
    return error[0] + error[1] / n


def _of_mean(ratio: float, n: float) -> float:
    """The coefficient of a mean of n from σ²_unit/σ²_residual."""
    return 1.0 if ratio == math.inf else ratio / (ratio + 1 / n)


def components(
    ratings: Any,
    stage: str | None = None,
    weights: Mapping[str, float] | None = None,
    confidence: float = 0.95,
) -> Components:
    """How much of the variance of marks is of units, of assessors, of items, and of neither.

    All effects are random: score = mean + unit + assessor + residual, or, where there are items, no
    weights and no mark is missing, with items and all interactions of two. Estimates equate mean
    squares and their expectations: for the effect s of a complete design Σ_{t ⊇ s} (−1)^{|t|−|s|}
    MS_t / m_s, m_s the marks that each level of s has (Brennan 2001, Generalizability Theory).
    Otherwise a mark is the mean over items, and where units miss assessors the reductions R(unit |
    assessor) and R(assessor | unit) take the place of the sums of squares (Henderson's method 3):
    with N marks, n units, k assessors and c linked parts they have n − c and k − c degrees of
    freedom and the expectations (N − k) σ²_unit + (n − c) σ² and (N − n) σ²_assessor + (k − c) σ²,
    which are those of the complete design where none is missing.

    Coefficients of the mean of n assessors (and the m items): Eρ² = σ²_unit / (σ²_unit + σ²_δ) and
    Φ = σ²_unit / (σ²_unit + σ²_Δ), where σ²_δ adds up what involves units and σ²_Δ everything but
    units themselves, each divided by the levels that it is a mean over.

    Intervals: the residual's by χ², exact; those of other components by the modified large-sample
    method (Graybill & Wang 1980; Burdick & Graybill 1992, Confidence Intervals on Variance
    Components), approximate, and more so where marks are missing; that of Eρ² without items from
    the ratio σ²_unit/σ² by F, exact with missing marks too (Wald 1947); that of Φ as of ICC2k,
    approximate, for complete designs without items. There is no interval of the coefficients of
    designs with items. Ends below 0 are 0.

    Parameters
    ----------
    ratings, stage, weights
        See :func:`qtoolkit.panel.designs.wide_of`. With weights the weighted mean over items is
        analysed, and items are no facet.
    confidence : float
        Of the intervals.

    Raises
    ------
    InputError
        As `wide_of`; a confidence that is not inside (0, 1).

    >>> found = components(pd.DataFrame([[1.0, 2], [3, 6]], columns=["甲", "乙"]))
    >>> found.table["variance"].to_dict()
    {'unit': 4.0, 'assessor': 1.5, 'residual': 1.0}
    >>> round(found.relative, 3), round(found.absolute, 3), found.needed(0.9)
    (0.889, 0.762, 6)
    """
    confidence = confidence_of(confidence)
    table = of_stage(long_of(ratings), stage)
    values = None if weights is not None else _cube(table)
    if values is None:
        values = filled(wide_of(table, weights=weights)).to_numpy()
    effects, reason = _effects(values)
    frame = _table(effects, values.ndim, (1 - confidence) / 2)
    items = values.shape[2] if values.ndim == 3 else 1
    present = _marks_a_unit(values)
    relative, absolute = (_coefficient(frame["variance"], kind, items, present) for kind in KINDS)
    ratio, intervals = (math.nan, math.nan), _no_intervals()
    if values.ndim == 2 and not reason:
        ratio = ratio_interval(values, confidence)
        intervals.loc["relative"] = [_of_mean(end, present) for end in ratio]
        if not np.isnan(values).any():
            ends = icc_of(values, confidence).loc["ICC2k", ["low", "high"]]
            intervals.loc["absolute"] = ends.clip(lower=0).to_numpy()
    return Components(
        frame,
        "henderson3" if np.isnan(values).any() else "anova",
        relative,
        absolute,
        intervals,
        values.shape[0],
        values.shape[1],
        items,
        present,
        confidence,
        reason,
        left_out_note(table),
        ratio,
    )


def _no_intervals() -> pd.DataFrame:
    return pd.DataFrame(np.nan, index=list(KINDS), columns=["low", "high"])


def _cube(table: pd.DataFrame) -> np.ndarray | None:
    """Units × assessors × items, where there are items and no mark is missing; else None."""
    if table["item"].nunique() < 2:
        return None
    levels = [pd.unique(table[name]) for name in FACETS]
    cells = pd.MultiIndex.from_product(levels)
    scores: np.ndarray = table.set_index(list(FACETS))["score"].reindex(cells).to_numpy()
    if np.isnan(scores).any():
        return None
    return scores.reshape([len(level) for level in levels])


def _marks_a_unit(values: np.ndarray) -> float:
    """The harmonic mean over units of how many assessors marked them."""
    if not values.size:
        return math.nan
    marks = (~np.isnan(values.reshape(*values.shape[:2], -1)[:, :, 0])).sum(axis=1)
    return float(len(marks) / (1 / marks).sum())


@dataclass(frozen=True)
class _Effect:
    """An effect of a design: degrees of freedom, sum of squares, and how often its variance is in
    the mean square."""

    df: int
    squares: float
    times: float

    @property
    def ms(self) -> float:
        return self.squares / self.df if self.df else math.nan


Axes = tuple[int, ...]


def _effects(values: np.ndarray) -> tuple[dict[Axes, _Effect], str]:
    """The effects of a design by the axes that they involve, and why there are no estimates."""
    n, k = values.shape[:2]
    if k < 2 or n < 2:
        return {}, "one_assessor" if k < 2 else "few_units"
    found = _with_blanks(values) if np.isnan(values).any() else _complete(values)
    if not found[tuple(range(values.ndim))].df or not all(e.times for e in found.values()):
        return {}, "no_residual"
    return found, "constant" if np.nanmin(values) == np.nanmax(values) else ""


def _complete(values: np.ndarray) -> dict[Axes, _Effect]:
    found = sums_of_squares(values)
    return {
        s: _Effect(df, squares, values.size / math.prod(values.shape[a] for a in s))
        for s, (df, squares) in found.items()
    }


def _with_blanks(values: np.ndarray) -> dict[Axes, _Effect]:
    """Henderson's method 3: what each factor explains beyond the other."""
    there = ~np.isnan(values)
    fit = additive(values)
    marks, parts = int(there.sum()), int(fit.parts.max()) + 1
    found: dict[Axes, _Effect] = {(0, 1): _Effect(fit.df, fit.squares, 1.0)}
    for axis in (0, 1):  # about the means of the other factor
        other = np.nanmean(values, axis=axis, keepdims=True)
        squares = float(np.nansum((values - other) ** 2)) - fit.squares
        df = values.shape[axis] - parts
        times = (marks - values.shape[1 - axis]) / df if df else 0.0
        found[axis,] = _Effect(df, max(squares, 0.0), times)
    return found


def _table(effects: dict[Axes, _Effect], facets: int, tail: float) -> pd.DataFrame:
    """The table of :class:`Components` from the effects of a design; NaN without them."""
    axes = [s for r in range(1, facets) for s in combinations(range(facets), r)]
    axes.append(tuple(range(facets)))
    rows = {}
    for s in axes:
        name = RESIDUAL if len(s) == facets else ":".join(FACETS[a] for a in s)
        rows[name] = _component(effects, s, tail)
    columns = ["df", "ms", "estimate", "low", "high"]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("component")
    variance = found["estimate"].clip(lower=0)
    total = float(variance.sum())
    found["variance"] = variance
    found["negative"] = found["estimate"] < 0
    found["share"] = variance / total if total else math.nan
    return found[["df", "ms", "estimate", "variance", "negative", "share", "low", "high"]]


def _component(effects: dict[Axes, _Effect], s: Axes, tail: float) -> tuple[float, ...]:
    """df, mean square, estimate and interval of one component."""
    if not effects:
        return (math.nan,) * 5
    above = [t for t in effects if set(s) <= set(t)]
    ms = np.array([effects[t].ms for t in above])
    df = np.array([effects[t].df for t in above], dtype=float)
    c = np.array([(-1) ** (len(t) - len(s)) for t in above]) / effects[s].times
    if len(above) == 1:
        ends = tuple(float(df[0] * ms[0] / special.chdtri(df[0], p)) for p in (tail, 1 - tail))
    else:
        ends = (least_combination(c, ms, df, tail), -least_combination(-c, ms, df, tail))
    low, high = (max(end, 0.0) for end in ends)
    return (effects[s].df, effects[s].ms, float(c @ ms), low, high)


def least_combination(c: np.ndarray, ms: np.ndarray, df: np.ndarray, tail: float) -> float:
    """The lower end of a one-sided interval of Σ c E[MS], by the modified large-sample method.

    c·MS less the root of Σ_q G_q² c_q² MS_q² + Σ_r H_r² c_r² MS_r² + Σ_qr G_qr c_q |c_r| MS_q MS_r
    + Σ_q<t G*_qt c_q c_t MS_q MS_t, q and t of positive c, r of negative: exact where one mean
    square is all that counts.

    Parameters
    ----------
    c, ms, df : ndarray of float, (e,)
        Coefficients, mean squares, degrees of freedom.
    tail : float
        The chance that the combination lies below.
    """
    plus, minus = np.flatnonzero(c > 0), np.flatnonzero(c < 0)
    size = np.abs(c) * ms
    above = [special.chdtri(d, tail) / d for d in df]  # F with ∞ degrees of freedom below
    below = [special.chdtri(d, 1 - tail) / d for d in df]
    g = [1 - 1 / f for f in above]
    h = [1 / f - 1 for f in below]
    spread = sum((g[q] * size[q]) ** 2 for q in plus) + sum((h[r] * size[r]) ** 2 for r in minus)
    for q in plus:
        for r in minus:
            f = f_quantile(1 - tail, df[q], df[r])
            g_qr = ((f - 1) ** 2 - (g[q] * f) ** 2 - h[r] ** 2) / f
            spread += g_qr * size[q] * size[r]
    for q, t in combinations(plus, 2):
        both = df[q] + df[t]
        whole = (1 - both / special.chdtri(both, tail)) ** 2 * both**2 / (df[q] * df[t])
        own = g[q] ** 2 * df[q] / df[t] + g[t] ** 2 * df[t] / df[q]
        spread += (whole - own) / (len(plus) - 1) * size[q] * size[t]
    return float(c @ ms) - math.sqrt(max(float(spread), 0.0))


def ratio_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """The exact interval of ρ = σ²_unit/σ²_residual of units × assessors with blanks (Wald 1947).

    With the assessors swept out, A = Z'MZ of the units has eigenvalues Δ and vectors V; of z =
    V'Z'My each z_i²/(Δ_i (1 + ρΔ_i)) is σ² χ²₁, so that their mean over the residual mean square
    has F with n − c and the residual's degrees of freedom, and falls as ρ rises. In a complete
    design the ends are (F/F_p − 1)/k, F the ratio of the mean squares.

    >>> ratio_interval(np.array([[1.0, 1], [3, 3], [9, 9]]), 0.9)
    (inf, inf)
    """
    there = ~np.isnan(values)
    share = there / there.sum(axis=0)
    centred = np.where(there, values - np.nanmean(values, axis=0), 0.0)
    matrix = np.diag(there.sum(axis=1)) - there @ share.T
    eigenvalues, vectors = np.linalg.eigh(matrix)
    real_ones = eigenvalues > ROUND_OFF * eigenvalues[-1]
    delta, z = eigenvalues[real_ones], (vectors.T @ centred.sum(axis=1))[real_ones]
    fit = additive(values)
    if not fit.squares:
        return (math.inf, math.inf) if z.any() else (math.nan, math.nan)

    def f(rho: float) -> float:
        return float((z**2 / (delta * (1 + rho * delta))).mean()) / fit.variance

    tail = (1 - confidence) / 2
    ends = [f_quantile(p, len(delta), fit.df) for p in (1 - tail, tail)]
    low, high = (_falls_to(f, end) for end in ends)
    return low, high


def _falls_to(f: Callable[[float], float], level: float) -> float:
    """Where from 0 on a falling function has fallen to a level."""
    if f(0.0) <= level:
        return 0.0
    most = 1.0
    while f(most) > level:
        most *= 4
    return float(optimize.brentq(lambda x: f(x) - level, 0.0, most, xtol=1e-12, rtol=1e-12))
