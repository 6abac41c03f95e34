"""What verification of everybody would give: corrected scores, intervals and grades at risk of
units that were not drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import averaged_cells
from qtoolkit.display import Shown
from qtoolkit.engine import finish, from_ticks, grade, score
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError, clip, nearest, unexpected
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.language import Text, say
from qtoolkit.simulation.acceptability import Simulation, counted
from qtoolkit.simulation.sampling import Draws, check_draws
from qtoolkit.verification.cells import Compared, compared, is_comparable
from qtoolkit.verification.inflation import By, check_by

LEAST = 3  # verified units without which there is no telling how units differ
CELLS = 1 << 21  # shares that a chunk of draws holds
MOST = 1024  # draws a chunk
AT_RISK = 0.05  # from this chance of a worse grade on a unit's grade is at risk


@dataclass(frozen=True)
class Fit:
    """What verified cells say: d = μ of the group + u of the unit + e of the cell.

    Attributes
    ----------
    counts, sums : float (m, g)
        How many verified cells each of the m verified units has in each group, and their sum.
    within, df_within : float, int
        Sum of squares of the cells about unit and group, and its degrees of freedom.
    between, df_between : float, int
        Sum of squares of the units beyond the groups, and its degrees of freedom.
    times : float
        How often the variance of units is in the mean square of units.
    """

    counts: np.ndarray
    sums: np.ndarray
    within: float
    df_within: int
    between: float
    df_between: int
    times: float

    def variances(self) -> tuple[float, float]:
        """Estimates of the variance of units and of cells, by Henderson's method 3; 0 where one is
        negative. With one cell a unit all of it is the units'."""
        if self.df_within < 1:
            return self.between / max(self.df_between, 1) / self.times, 0.0
        cell = self.within / self.df_within
        unit = (self.between / self.df_between - cell) / self.times if self.df_between else 0.0
        return max(unit, 0.0), cell

    def drawn_variances(self, m: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Variances of units and of cells (m,) that the sums of squares leave possible: each sum of
        squares over a χ² of its degrees of freedom (a generalized pivotal quantity)."""
        if self.df_within < 1:
            unit = self.between / rng.chisquare(self.df_between, m) / self.times
            return unit, np.zeros(m)
        cell = self.within / rng.chisquare(self.df_within, m)
        if not self.df_between:
            return np.zeros(m), cell
        square = self.between / rng.chisquare(self.df_between, m)
        return np.maximum((square - cell) / self.times, 0.0), cell

    def means(self, unit: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Generalized least squares means of the groups (k, g), and the inverse of their
        information (k, g, g), for k pairs of variances."""
        if self.df_within < 1:  # what is the cells' and what the units' makes no difference
            unit, cell = np.zeros_like(unit), unit
        # beside a variance of units that many times as large the cells' would be lost in rounding
        cell = np.maximum(cell, np.maximum(unit * NEGLIGIBLE, TINY))
        n = self.counts.sum(axis=1)
        weight = unit[:, None] / (cell[:, None] * (cell[:, None] + n * unit[:, None]))
        groups = self.counts.shape[1]
        matrix = np.eye(groups) * (self.counts.sum(axis=0) / cell[:, None])[:, None, :]
        matrix = matrix - np.einsum("ki,ig,ih->kgh", weight, self.counts, self.counts)
        right = self.sums.sum(axis=0) / cell[:, None]
        right = right - np.einsum("ki,ig,i->kg", weight, self.counts, self.sums.sum(axis=1))
        inverse = np.linalg.inv(matrix)
        return np.einsum("kgh,kh->kg", inverse, right), inverse

    def of_units(
        self, mean: np.ndarray, unit: np.ndarray, cell: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the verified units' own u (k, m), given the means of the groups (k,
        g) and the variances (k,). With one cell a unit nothing tells what of it is the unit's: then
        they are those of a unit that was not verified."""
        if self.df_within < 1:
            ones = np.ones(len(self.counts))
            return np.zeros((len(unit), ones.size)), unit[:, None] * ones
        n = self.counts.sum(axis=1)
        spread = np.maximum(cell[:, None] + n * unit[:, None], TINY)
        rest = self.sums.sum(axis=1) - np.einsum("ig,kg->ki", self.counts, mean)
        return unit[:, None] / spread * rest, (unit * cell)[:, None] / spread


TINY = 1e-18  # a variance of shares that is none
NEGLIGIBLE = 1e-8  # a variance of cells, as a part of the units', that makes no difference


def fit(gone: np.ndarray, group: np.ndarray, groups: int) -> Fit:
    """The fit of inflation `gone` (m units, d items; NaN where not verified) whose items are in
    groups (d,) of 0 … groups − 1."""
    known = ~np.isnan(gone)
    member = np.eye(groups)[group]
    counts, values = known @ member, np.nan_to_num(gone)
    sums = values @ member
    n = counts.sum(axis=1)
    of_group = sums.sum(axis=0) / counts.sum(axis=0)
    about_groups = float((np.where(known, gone - of_group[group], 0.0) ** 2).sum())
    share = counts / n[:, None]
    own = np.where(known, gone - (sums.sum(axis=1) / n)[:, None], 0.0)
    # each cell's group, less the share of its unit's cells that the group has
    matrix = np.diag(counts.sum(axis=0)) - counts.T @ share
    right = own.sum(axis=0) @ member
    explained, rank = _explained(matrix, right)
    within = max(float((own**2).sum()) - explained, 0.0)
    df_between = len(n) + rank - groups
    trace = float(n.sum() - (counts**2 / counts.sum(axis=0)).sum())
    return Fit(
        counts,
        sums,
        within,
        int(n.sum()) - len(n) - rank,
        max(about_groups - within, 0.0),
        df_between,
        trace / df_between if df_between else 1.0,
    )


def _explained(matrix: np.ndarray, right: np.ndarray) -> tuple[float, int]:
    """The sum of squares that the normal equations explain, and their rank."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-9 * max(float(values[-1]), 1.0)
    along = vectors[:, kept].T @ right
    return float((along**2 / values[kept]).sum()), int(kept.sum())


@dataclass(frozen=True, kw_only=True)
class VerificationDraws(Draws):
    """Draws of what verification of every open cell would find: points and cutoffs stay as they
    are.

    Attributes
    ----------
    shares : float (n, d), shares of full marks as they stand
    open : bool (n, d), cells that were not verified and could be
    group, names : int (d,), the group of each item among the groups' names
    rows : int (m,), the places of the verified units
    """

    shares: np.ndarray
    open: np.ndarray
    group: np.ndarray
    rows: np.ndarray
    names: tuple[str, ...]
    fit: Fit

    def chunk(self, i: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Points (m, d) and leaf shares (m, n, d) of chunk i."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(i,)))
        m = min(self.size, self.count - i * self.size)
        unit, cell = self.fit.drawn_variances(m, rng)
        mean, inverse = self.fit.means(unit, cell)
        root = np.linalg.cholesky(inverse)
        mean = mean + np.einsum("kgh,kh->kg", root, rng.standard_normal(mean.shape))
        own = np.sqrt(unit)[:, None] * rng.standard_normal((m, len(self.shares)))
        centre, spread = self.fit.of_units(mean, unit, cell)
        own[:, self.rows] = centre + np.sqrt(spread) * rng.standard_normal(centre.shape)
        columns = np.flatnonzero(self.open.any(axis=0))
        noise = rng.standard_normal((m, len(self.shares), columns.size))
        gone = mean[:, None, self.group[columns]] + own[:, :, None]
        gone = gone + np.sqrt(cell)[:, None, None] * noise
        return np.tile(self.engine.points, (m, 1)), self.corrected(gone, columns), None

    def expected(self) -> np.ndarray:
        """Leaf shares (1, n, d) with the inflation that is expected of each open cell."""
        unit, cell = (np.array([value]) for value in self.fit.variances())
        mean, _ = self.fit.means(unit, cell)
        own = np.zeros((1, len(self.shares)))
        own[:, self.rows] = self.fit.of_units(mean, unit, cell)[0]
        columns = np.flatnonzero(self.open.any(axis=0))
        return self.corrected(mean[:, None, self.group[columns]] + own[:, :, None], columns)

    def corrected(self, gone: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Leaf shares (m, n, d) less the inflation (m, n, columns) of open cells, cut at 0 and 1;
        means of similar units move with these."""
        shares = np.repeat(self.shares[None], len(gone), axis=0)
        less = np.clip(shares[:, :, columns] - gone, 0, 1)
        shares[:, :, columns] = np.where(self.open[:, columns], less, shares[:, :, columns])
        for mean in self.averaged:
            shares[:, mean.unit, mean.leaf] = shares[:, mean.peers, mean.leaf].mean(axis=1)
        return shares


@dataclass(frozen=True, repr=False)
class Projection(Shown):
    """What :func:`project` returns.

    Attributes
    ----------
    table : DataFrame, indexed by unit
        verified (cells), open (cells that were not verified and could be), score, projected
        (published score with the inflation that is expected), low, high (95% interval of the
        published score), grade, grade_projected, worse, better (chances of a worse and a better
        grade if everybody were verified), at_risk (whether `worse` is 5% or more).
    groups : DataFrame, indexed by group ("" where items are one group)
        cells (verified), inflation (expected share of full marks).
    sd_units, sd_cells : float
        Standard deviations of units and of cells about that, in shares of full marks.
    units, items : int
        How many units were verified, and how many items are projected.
    simulation : Simulation
        All frequencies of grades and ranks.
    """

    card_title: ClassVar[Text] = Text(
        "全部核查时的推算", "What verification of everybody would give"
    )

    result: Assessment
    table: pd.DataFrame
    groups: pd.DataFrame
    sd_units: float
    sd_cells: float
    units: int
    items: int
    left_out: tuple[str, ...]
    simulation: Simulation

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Those first whose grade is most at risk."""
        return frame.iloc[in_order(frame["worse"].to_numpy(float))]

    @cached_property
    def at_risk(self) -> list[str]:
        """Units with a chance of 5% or more of a worse grade."""
        return list(self.table.index[self.table["at_risk"]])

    @property
    def draws(self) -> int:
        return self.simulation.draws


def project(
    result: Assessment,
    verified: pd.DataFrame | None = None,
    *,
    by: By | None = None,
    items: Iterable[str] | None = None,
    draws: int = 10_000,
    seed: int = 0,
    executor: Executor | None = None,
) -> Projection:
    """Scores and grades if every unit were verified on every item that can be.

    Verified cells are what they were found to be. Of the others the inflation d = own − verified
    (shares of full marks) is projected by the model d = μ of the group of items + u of the unit +
    e, u and e normal: which a random draw of units and of items allows, as those that were drawn
    are then like those that were not. Variances are estimated by Henderson's method 3; in each draw
    they, the means and all u and e are drawn anew, variances as generalized pivotal quantities
    (each sum of squares over a χ²), so that few verified units make wide intervals. Shares are cut
    at 0 and 1, and each draw is scored and graded as the scheme says, quotas counted in.

    The interval is meant to hold the score that full verification would give in 95 of 100
    applications. In simulation (`tests/verification/test_projecting.py`) it held it in 94 to 98 of
    100 for units not drawn and in 92 to 97 for those drawn, the least where inflation was skewed
    (exponential) and five units were drawn. It says nothing of units or items that were chosen
    because they were suspected.

    Parameters
    ----------
    result : Assessment
        Of a table with a stage that replaces or corrects values; with `verified` of what was filed.
    verified : DataFrame, optional
        See :func:`qtoolkit.verification.compared`.
    by : "area", "aspect" or "lead", optional
        Groups of items with a mean each; one mean for all if left out, which few verified cells
        ask for. Items of a group in which nothing was verified are not projected.
    items : iterable of str, optional
        Ids of the items among which those to verify were drawn; those that were verified anywhere
        if left out, and then items that might have been drawn and were not stay as filed.
    draws, seed, executor
        See :func:`qtoolkit.simulation.simulate`.

    Raises
    ------
    InputError
        As :func:`qtoolkit.verification.compared`; fewer than three verified units; unknown items.

    >>> import qtoolkit as qt
    >>> case, result = qt.open("city-2026")
    >>> found = project(result, draws=2000)
    >>> found.units, bool((found.table["low"] <= found.table["projected"]).all())
    (7, True)
    """
    check_draws(draws, seed)
    both = compared(result, verified)
    drawn = _draws(result, both, by, items, draws, seed)
    simulation = counted(result, drawn, executor, pairs=False, scores=True)
    unit, cell = drawn.fit.variances()
    return Projection(
        result,
        _table(result, both, drawn, simulation),
        _groups(drawn),
        math.sqrt(unit),
        math.sqrt(cell),
        len(drawn.rows),
        int(drawn.open.any(axis=0).sum()),
        both.left_out,
        simulation,
    )


def _draws(
    result: Assessment,
    both: Compared,
    by: By | None,
    items: Iterable[str] | None,
    draws: int,
    seed: int,
) -> VerificationDraws:
    """The draws that the verified cells allow."""
    gone = both.inflation.to_numpy()
    known = ~np.isnan(gone)
    names = _groups_of(result, by)
    fitted = known & np.array([name is not None for name in names])
    rows = np.flatnonzero(fitted.any(axis=1))
    if len(rows) < LEAST:
        within = (
            Text("", "")
            if by is None
            else say(zh="在有{by}的指标上", en=" on items with {by}", by=by)
        )
        text = say(
            zh="只有{units}家{within}经过核查，推算至少需要{least}家",
            en="{units:unit was|units were} verified{within}, a projection needs {least} or more",
            units=len(rows),
            within=within,
            least=LEAST,
        )
        raise InputError(text)
    seen = [name for name, is_known in zip(names, known.any(axis=0), strict=True) if is_known]
    order = [name for name in dict.fromkeys(seen) if name is not None]
    could = _pool(result, known, items) & np.array([name in order for name in names])
    group = np.array([order.index(name) if name in order else 0 for name in names])
    shares = np.nan_to_num(result.matrix.to_numpy(float))
    shares = np.where(np.isnan(both.verified), shares, both.verified)
    value = (result.table.status == VALUE) & both.own.notna().to_numpy()
    found = fit(np.where(fitted, gone, np.nan)[rows], group, len(order))
    if found.df_between < 1:
        text = say(
            zh="经过核查的{units}家分属不同的{groups}组项目，不能推算；请不分组（by=None）",
            en="the {units} verified units lie in {groups} different groups of items: no "
            "projection by groups; leave out by",
            units=len(rows),
            groups=len(order),
        )
        raise InputError(text)
    return VerificationDraws(
        engine=result.engine,
        area=None,
        errors=None,
        jitter=0,
        count=draws,
        size=int(np.clip(CELLS // max(gone.size, 1), 4, MOST)),
        seed=seed,
        averaged=tuple(
            mean
            for mean in averaged_cells(result.scheme, result.table)
            if np.isnan(both.verified.iat[mean.unit, mean.leaf])
        ),
        shares=shares,
        open=value & ~known & could,
        group=group,
        rows=rows,
        names=tuple(order),
        fit=found,
    )


def _pool(result: Assessment, known: np.ndarray, items: Iterable[str] | None) -> np.ndarray:
    """Which leaves (d,) are projected, of those whose marks depend on the unit alone."""
    ids = list(result.points.index)
    if items is None:
        return np.asarray(known.any(axis=0))
    if isinstance(items, str) or not isinstance(items, Iterable):
        want = Text("指标编号的列表", "a list of ids of indicators")
        raise InputError(unexpected(clip(items), want, "items"))
    chosen = list(items)
    for item in [item for item in chosen if item not in ids]:
        text = say(
            zh="items 中没有指标“{item}”{hint}",
            en="items: no indicator “{item}”{hint}",
            item=clip(item),
            hint=nearest(str(item), ids),
        )
        raise InputError(text)
    return np.array([id in chosen and is_comparable(result, j) for j, id in enumerate(ids)])


def _groups_of(result: Assessment, by: By | None) -> list[str | None]:
    """The group of each leaf: the Chinese name of its area and so on; None where it has none."""
    leaves = result.scheme.leaves
    if by is None:
        return [""] * len(leaves)
    check_by(by)
    named = [getattr(leaf, by) for leaf in leaves]
    return [None if name is None else name.zh for name in named]


def _table(
    result: Assessment, both: Compared, drawn: VerificationDraws, simulation: Simulation
) -> pd.DataFrame:
    """The table of :class:`Projection`, in the order of the units."""
    e, names = result.engine, result.grade_names
    base = score(e, leaves=drawn.expected())
    codes = grade(e, base)[0]
    chances = simulation.tally.grades / simulation.draws
    now = result.grades.cat.codes.to_numpy()
    places = np.arange(len(names))
    ends = simulation.score_quantiles
    table = pd.DataFrame(
        {
            "verified": both.inflation.notna().sum(axis=1),
            "open": drawn.open.sum(axis=1),
            "score": result.scores,
            "projected": from_ticks(finish(e, base)[0]),
            "low": ends[0.025],
            "high": ends[0.975],
            "grade": result.grades,
            "grade_projected": pd.Categorical.from_codes(codes, dtype=result.grades.dtype),
            "worse": np.where(places < now[:, None], chances, 0.0).sum(axis=1),
            "better": np.where(places > now[:, None], chances, 0.0).sum(axis=1),
        },
        index=result.scores.index,
    )
    settled = np.array(table["open"] == 0)  # nothing of it is projected, so its score is known
    for mean in drawn.averaged:  # unless a blank is filled by the mean of units that are projected
        settled[mean.unit] &= not drawn.open[mean.peers, mean.leaf].any()
    table.loc[settled, ["low", "high"]] = table.loc[settled, ["projected", "projected"]].to_numpy()
    return table.assign(at_risk=table["worse"] >= AT_RISK)


def _groups(drawn: VerificationDraws) -> pd.DataFrame:
    """The table of groups of :class:`Projection`."""
    unit, cell = (np.array([value]) for value in drawn.fit.variances())
    means, _ = drawn.fit.means(unit, cell)
    return pd.DataFrame(
        {"cells": drawn.fit.counts.sum(axis=0).astype(int), "inflation": means[0]},
        index=pd.Index(drawn.names, name="group"),
    )
