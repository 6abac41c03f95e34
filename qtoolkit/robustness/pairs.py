"""Pairs of units: who is ahead of whom wherever the points lie, and how far they may move before
that changes.

The lead of a over b is δ·p + const with δ = A_a − A_b, so the closed forms for one unit serve a
pair: the order holds in every band up to (s_a − s_b) / Σ p |δ − m|, m a median of δ weighted by p.
At the bound itself there is a tie.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine import TICK, affine, finish, from_ticks, to_ticks
from qtoolkit.engine.box import deviation
from qtoolkit.language import Text
from qtoolkit.regions import Region, area_of
from qtoolkit.regions.bound import Area, Bands
from qtoolkit.robustness.certificates import Lines, New, enclose, span_values

HALVINGS = 40  # of the band within which a unit's score is linear


@dataclass(frozen=True)
class Keys:
    """What ranks compare, over an area: lines below and above where `held`, and an interval of the
    ranking score for every unit.

    low, high : Lines
        b includes bonus and deductions; one object where both are the same.
    held, exact : ndarray of bool, (n,)
    least, greatest : ndarray of int, (n,)
        The interval in ticks, after rounding.
    step : float
        A lead of so many points puts a unit ahead whatever the rounding; 0 without rounding: any
        lead does.
    gain : float
        What rounding before the bonus may add to a lead.
    """

    low: Lines
    high: Lines
    held: np.ndarray
    exact: np.ndarray
    least: np.ndarray
    greatest: np.ndarray
    step: float
    gain: float

    def leads(
        self,
        area: Area | Bands,
        k: int | np.ndarray,
        rivals: np.ndarray,
        at: tuple[np.ndarray, ...] = (),
    ) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest lead (r,) of each rival over unit k, or over the unit beside it in k
        (r,), in points before rounding. `at` : of several bands, the number of each rival's."""
        theirs, own = (*at, rivals), (*at, k)
        least, greatest = area.span(self.high.A[theirs] - self.low.A[own], *at)
        greatest = greatest + self.high.b[theirs] - self.low.b[own]
        if self.low is not self.high:
            least, _ = area.span(self.low.A[theirs] - self.high.A[own], *at)
        return least + self.low.b[theirs] - self.high.b[own], greatest

    def settle(
        self, area: Area, k: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Rivals that are ahead of unit k everywhere, and that may be, bool (n,); then those in
        doubt whose lead lines bound, with their least and greatest leads. A sign of a lead is exact
        to half a tick."""
        n = len(self.least)
        sure, maybe = self.least > self.greatest[k], self.greatest > self.least[k]
        maybe[k] = sure[k] = False
        doubt = (
            np.flatnonzero(maybe & ~sure & self.held & self.held[k]) if n > 1 else np.empty(0, int)
        )
        least, greatest = self.leads(area, k, doubt)
        sure[doubt] = least >= max(self.step, TICK)
        maybe[doubt] = greatest > TICK / 2 - self.gain
        open_ = maybe[doubt] & ~sure[doubt]
        return sure, maybe, doubt[open_], least[open_], greatest[open_]


def keys_over(result: Assessment, area: Area | Bands, new: New = "interval") -> Keys:
    """The ranking scores over an area; over several bands, with an axis for them before the
    units."""
    low, high = enclose(result, area.lo, area.hi, new)
    return keys_of(result, low, high, *span_values(low, high, area))


def keys_of(
    result: Assessment, low: Lines, high: Lines, least: np.ndarray, greatest: np.ndarray
) -> Keys:
    """The ranking scores where these lines enclose the base scores, and these are their least and
    greatest values in points."""
    e = result.engine
    held, exact = low.held & high.held, low.exact & high.exact
    ticks = to_ticks(least), to_ticks(greatest)
    if e.rank_on_base:
        return Keys(low, high, held, exact, *ticks, 0.0, 0.0)
    added = from_ticks(e.offset - e.late)
    straight = greatest + from_ticks(e.offset) <= from_ticks(e.cap) + TICK
    if e.floor is not None:
        straight &= least + added >= from_ticks(e.floor) - TICK
    step = 0.0 if e.rounding is None else float(from_ticks(e.rounding.step))
    raised = [replace(x, b=x.b + added) for x in (low, high)]
    low, high = raised[0], raised[0] if low is high else raised[1]
    interval = finish(e, ticks[0]), finish(e, ticks[1])
    return Keys(
        low,
        high,
        held & straight,
        exact & straight,
        *interval,
        step,
        step if e.round_first else 0.0,
    )


def pair_tolerance(result: Assessment) -> pd.DataFrame:
    """How far all points may move together before two units change places: units × units,
    symmetric.

    A share (.05 is ±5%): in every smaller band the one that is ahead stays ahead, before rounding;
    at the bound they tie. 0 for a tie that moving points would break, ∞ where none can change it; 1
    at most. NaN for a unit with itself and where a score is not linear. Where a deduction reaches
    zero first, the value is how far the order is proven.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.8], "b": [0.5, 0.7]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> float(qt.robustness.pair_tolerance(r).loc["甲", "乙"].round(6))
    0.25
    """
    e, points = result.engine, result.points.to_numpy()
    A, b, exact, _ = affine(e, points, points)
    s, reach, n = A @ points + b, linear_reach(result), len(A)
    if not e.rank_on_base:
        s = s + from_ticks(e.offset - e.late)
    found = np.full((n, n), np.nan)
    for k, rest in _later(n):
        h = deviation(A[rest] - A[k], points)
        gap = np.abs(s[rest] - s[k])
        with np.errstate(divide="ignore", invalid="ignore"):
            rho = np.where(h > 1e-12, np.where(gap > TICK / 2, gap, 0.0) / h, np.inf)
        rho = np.where(rho > 1, np.where(h > 1e-12, 1.0, np.inf), rho)
        rho = np.minimum(
            rho,
            np.where(
                np.minimum(reach[rest], reach[k]) < 1, np.minimum(reach[rest], reach[k]), np.inf
            ),
        )
        found[k, rest] = found[rest, k] = np.where(exact[rest] & exact[k], rho, np.nan)
    return pd.DataFrame(found, index=result.scores.index, columns=result.scores.index)


def _later(n: int) -> Iterator[tuple[int, slice]]:
    """Each unit with the units after it: pairs in blocks of rows, so that no n × n × d array is
    ever held."""
    return ((k, slice(k + 1, n)) for k in range(n - 1))


def linear_reach(result: Assessment) -> np.ndarray:
    """The band within which each unit's score stays on its line, (n,): 1 but for deductions that
    reach zero."""
    e, points = result.engine, result.points.to_numpy()
    low, high = np.zeros(len(e.slope)), np.ones(len(e.slope))
    if affine(e, np.zeros_like(points), points * 2)[2].all():
        return high
    for _ in range(HALVINGS):
        rho = (low + high)[:, None] / 2
        holds = affine(e, points * (1 - rho), points * (1 + rho))[2]
        low, high = np.where(holds, rho[:, 0], low), np.where(holds, high, rho[:, 0])
    return low


def pair_robustness(result: Assessment) -> pd.DataFrame:
    """Foster, McGillivray & Seth's (2013) robustness of each comparison, units × units: r[a, b] for
    a ahead of b.

    r = A / (A + B), A = s_a − s_b with weights that sum to 1 and B = max_j (x_bj − x_aj): the share
    of the simplex, shrunk towards the scheme's weights, in which a stays ahead; 1 where a is
    nowhere worse. NaN where a is not ahead, and where a score is not a plain weighted sum.
    """
    e, points = result.engine, result.points.to_numpy()
    x, w = e.slope, points / points.sum()
    s, n = x @ w, len(x)
    found = np.full((n, n), np.nan)
    for k in range(n):
        lead, worst = s[k] - s, (x - x[k]).max(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            r = np.where(worst <= 0, 1.0, lead / (lead + worst))
        found[k] = np.where((lead * points.sum() > TICK / 2) & e.plain & e.plain[k], r, np.nan)
    return pd.DataFrame(found, index=result.scores.index, columns=result.scores.index)


@dataclass(frozen=True, repr=False)
class Dominance(Shown):
    """Units × units, bool. `certain`.loc[a, b]: a is at least as good as b at every point of the
    region; `possible`: at some. Both are exact where `exact`; elsewhere certain is proven and
    possible is not refuted."""

    card_title: ClassVar[Text] = Text(
        "考核对象两两优劣", "Which units are at least as good as which"
    )
    card_table: ClassVar[str] = "certain"

    certain: pd.DataFrame
    possible: pd.DataFrame
    exact: pd.DataFrame


def dominance(result: Assessment, region: Region, new: New = "interval") -> Dominance:
    """Which units are at least as good as which others, before rounding, everywhere or somewhere in
    a region.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.8], "b": [0.5, 0.7]}, index=["甲", "乙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> bool(qt.robustness.dominance(r, qt.regions.Box(relative=0.2)).certain.loc["甲", "乙"])
    True
    """
    area = area_of(region, result)
    keys = keys_over(result, area, new)
    n = len(result.scores)
    certain, possible = np.eye(n, dtype=bool), np.eye(n, dtype=bool)
    for k in range(n):  # column k: leads over unit k
        certain[:, k] |= keys.least >= keys.greatest[k]
        possible[:, k] |= keys.greatest >= keys.least[k]
        if keys.held[k]:
            rivals = np.flatnonzero(keys.held & (np.arange(n) != k))
            least, greatest = keys.leads(area, k, rivals)
            certain[rivals, k], possible[rivals, k] = least >= -TICK / 2, greatest >= -TICK / 2
    exact = keys.exact[:, None] & keys.exact
    units = result.scores.index
    return Dominance(
        *(pd.DataFrame(m, index=units, columns=units) for m in (certain, possible, exact))
    )
