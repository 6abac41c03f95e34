"""Rank confidence sets: the ranks that each unit may truly have when its data are measured with
error."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine import Engine, finish, from_ticks, score
from qtoolkit.engine.chunks import Chunks
from qtoolkit.errors import InputError
from qtoolkit.language import Text, say
from qtoolkit.simulation.sampling import BROKEN, Draws, draws_of

MOST_UNITS = 1000  # n² differences a draw
SMALL = 1e-9  # points: a difference this small is none


@dataclass(frozen=True, repr=False)
class RankSets(Shown):
    """What :func:`rank_confidence` returns.

    Attributes
    ----------
    table : DataFrame, indexed by unit
        score (before rounding), se (of the score, from the draws), rank; low and high: the ranks of
        the unit's own confidence set; all_low and all_high: of sets that hold for all units at
        once.
    level, draws
    note : Text or None
    """

    card_title: ClassVar[Text] = Text("位次的置信集", "Confidence sets of ranks")

    table: pd.DataFrame
    level: float
    draws: int
    note: Text | None = None


def rank_confidence(
    result: Assessment,
    errors: pd.DataFrame | pd.Series | Mapping[str, float] | float | str,
    level: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
    executor: Executor | None = None,
) -> RankSets:
    """Confidence sets for true ranks under measurement error (Mogstad, Romano, Shaikh & Wilhelm
    2024, Review of Economic Studies: "Inference for Ranks with Applications to Mobility across
    Neighbourhoods and Academic Achievement across Countries").

    Unit j is surely below k where (s_k − s_j)/se_jk exceeds the critical value: the `level`
    quantile, over the draws, of the largest studentised error of all differences still in question,
    found anew until nothing more is rejected (Romano–Wolf step-down). The set is 1 + #{surely
    above} … n − #{surely below}. With a unit's own set the differences are those with j, with the
    sets for all at once all differences. se_jk² = se_j² + se_k², as errors of different units are
    independent; with a unit of which a cell is the mean of similar units, se_jk is that of the
    drawn differences.

    Parameters
    ----------
    result : Assessment
    errors
        As for :func:`simulate`.
    level : float
        How often the set holds the true rank.
    draws, seed, executor
        As for :func:`simulate`.

    Returns
    -------
    RankSets

    Raises
    ------
    InputError
        More than 1,000 units, or a level that is no share.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.90, 0.89, 0.50]}, index=["甲", "乙", "丙"])
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)
    >>> rank_confidence(r, 0.02).table[["low", "high"]].values.tolist()
    [[1, 2], [1, 2], [3, 3]]
    """
    if not (isinstance(level, float) and 0 < level < 1):
        raise InputError(
            say(
                zh="level 应在 0 与 1 之间，现为 {found}",
                en="level must lie between 0 and 1, found {found}",
                found=level,
            )
        )
    drawn = draws_of(result, None, draws, seed, errors)
    n = len(result.scores)
    if drawn.errors is None:
        raise InputError(say(zh="应给出标准误（errors）", en="standard errors are needed (errors)"))
    if n > MOST_UNITS:
        raise InputError(
            say(
                zh="位次置信集逐对比较，最多{most}家，现有{n}家",
                en="rank confidence sets compare all pairs: at most {most} units, found {n}",
                most=MOST_UNITS,
                n=n,
            )
        )
    drawn = replace(drawn, engine=replace(drawn.engine, rounding=None))
    chunks = Chunks(partial(_scores, drawn), range(drawn.chunks), executor)
    found = _key(drawn.engine, score(drawn.engine))[0]
    away = np.concatenate(list(chunks)) - found
    spread = away.std(axis=0)
    table = pd.DataFrame({"score": found, "se": spread, "rank": result.ranks}, result.scores.index)
    lead = found[:, None] - found[None, :]
    se = np.sqrt(spread[:, None] ** 2 + spread[None, :] ** 2)
    # its errors are those of the units it is the mean of
    for k in sorted({mean.unit for mean in drawn.averaged}):
        se[k] = se[:, k] = (away[:, [k]] - away).std(axis=0)
    surely = (se <= SMALL) & (lead > SMALL)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(se > SMALL, lead / se, np.where(surely, np.inf, -np.inf))
    for prefix, together in (("", False), ("all_", True)):
        above, below = _rejected(away, se, t, level, together)
        table[f"{prefix}low"], table[f"{prefix}high"] = 1 + above.sum(axis=1), n - below.sum(axis=1)
    return RankSets(table, level, draws, BROKEN if chunks.broken else None)


def _key(e: Engine, base: np.ndarray) -> np.ndarray:
    return from_ticks(base if e.rank_on_base else finish(e, base))


def _scores(drawn: Draws, i: int) -> np.ndarray:
    """The scores that ranks go by, in points, of one chunk: (m, n)."""
    points, leaves, _ = drawn.chunk(i)
    return _key(drawn.engine, score(drawn.engine, points, leaves))


def _rejected(
    away: np.ndarray, se: np.ndarray, t: np.ndarray, level: float, together: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Who is surely above and who surely below each unit, (n, n) each, at a level for each row or
    for all rows at once."""
    n = len(se)
    above, below = np.zeros((n, n), bool), np.zeros((n, n), bool)
    rows, moved = np.arange(n), np.ones(n, bool)
    largest = np.zeros((len(away), n))
    while moved.any():
        for j in rows[moved]:
            largest[:, j] = _largest(away, se[j], j, ~above[j], ~below[j])
        critical = np.quantile(
            largest.max(axis=1) if together else largest, level, axis=0, method="higher"
        )
        critical = np.broadcast_to(critical, n)[:, None]
        new_above, new_below = (t.T > critical) | above, (t > critical) | below
        moved = ((new_above != above) | (new_below != below)).any(axis=1)
        above, below = new_above, new_below
    return above, below


def _largest(
    away: np.ndarray, se: np.ndarray, j: int, down: np.ndarray, up: np.ndarray
) -> np.ndarray:
    """The largest studentised error of the differences with unit j still in question, (draws,): k
    above j where `down`, j above k where `up`."""
    differ = se > SMALL
    up, down = up & differ, down & differ
    result = np.full(len(away), -np.inf)
    for chosen, sign in ((up, 1.0), (down, -1.0)):
        if chosen.any():
            error = sign * (away[:, [j]] - away[:, chosen]) / se[chosen]
            result = np.maximum(result, error.max(axis=1))
    return result
