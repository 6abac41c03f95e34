"""Exact best and worst ranks over a region (extreme ranking analysis; Kadziński, Greco & Słowiński
2012).

Outside: a rival that is ahead wherever the points lie bounds the best rank, one that is ahead
nowhere the worst (exact leads of pairs). An integer program over the rivals in doubt tightens both;
it is solved as a relaxation, so its bound stays true whatever the solver's tolerance. Inside: ranks
that the engine gives at points of the region, drawn, extreme or proposed by the program and
polished by a linear program for the widest least lead. "exact" is said only where the two meet. A
proposal that no points attain is cut off by a proof: multipliers λ with max_p Σ λ_j lead_j(p) on
the wrong side.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import TICK, rank, score
from qtoolkit.errors import InputError, WorkError, real
from qtoolkit.regions import Region, area_of
from qtoolkit.regions.bound import Area
from qtoolkit.remembered import remembered
from qtoolkit.robustness.certificates import Certificates, New
from qtoolkit.robustness.pairs import Keys, keys_over
from qtoolkit.solver import Solution, solve_lp, solve_milp

CELLS = 1 << 22  # scores held at a time
ROOM = 100_000_000  # leaf scores that draws may take in all
# units × indicators from which integer programs are tried only with so few rivals in doubt
LARGE, RIVALS = 100_000, 50
ROUNDS = 50  # integer programs for one end of one unit, each with one more cut
PAIRS = 0.5  # share of the time limit that pairs may take
BEST, WORST = 0, 1


@dataclass
class _Search:
    """What is known so far: attained and possible ranks (n,), by side, and the points that
    attain."""

    result: Assessment
    area: Area
    keys: Keys
    deadline: float
    inner: list[np.ndarray]
    outer: list[np.ndarray]
    witness: list[np.ndarray]
    doubts: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=dict)

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    def attain(self, points: np.ndarray) -> list[np.ndarray]:
        """Rank the units at each row of points (m, d), remember what is better than before; least
        and greatest (n,)."""
        n = len(self.inner[BEST])
        found = [np.full(n, n + 1), np.zeros(n, int)]
        step = max(1, CELLS // (n * (1 if self.keys.low.engine is self.keys.high.engine else n)))
        for start in range(0, len(points), step):
            block = points[start : start + step]
            for side, ranks in enumerate(self._ranks(block)):
                at = ranks.argmin(axis=0) if side == BEST else ranks.argmax(axis=0)
                reached = ranks[at, np.arange(n)]
                better = reached < self.inner[BEST] if side == BEST else reached > self.inner[WORST]
                self.inner[side][better] = reached[better]
                self.witness[side][better] = block[at[better]]
                found[side] = (
                    np.minimum(found[side], reached)
                    if side == BEST
                    else np.maximum(found[side], reached)
                )
        return found

    def _ranks(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Best and worst ranks (m, n) at given points: they differ where leaves have no data."""
        low = self.result.engine.key(score(self.keys.low.engine, points))
        if self.keys.low.engine is self.keys.high.engine:
            ranks = rank(low)
            return ranks, ranks
        high = self.result.engine.key(score(self.keys.high.engine, points))
        return tuple(
            1 + (rivals[:, None, :] > own[:, :, None]).sum(axis=2) - (rivals > own)
            for own, rivals in ((high, low), (low, high))
        )

    def settled(self, k: int, side: int) -> bool:
        return bool(self.inner[side][k] == self.outer[side][k])

    def bound(self, k: int, side: int, rank: int) -> None:
        """Remember that no rank of unit k lies beyond this one."""
        tighter = max if side == BEST else min
        self.outer[side][k] = tighter(self.outer[side][k], rank)

    def open(self) -> list[tuple[int, int]]:
        """Units and sides whose rank is not settled, the fewest rivals in doubt first."""
        small = self.result.matrix.size < LARGE
        few = [k for k, doubt in self.doubts.items() if small or len(doubt[0]) <= RIVALS]
        todo = [(k, side) for side in (BEST, WORST) for k in few if not self.settled(k, side)]
        return sorted(todo, key=lambda pair: len(self.doubts[pair[0]][0]))


@remembered
def rank_range(
    result: Assessment,
    region: Region,
    time_limit: float = 60.0,
    new: New = "interval",
    draws: int = 2000,
    seed: int = 0,
    units: tuple[str, ...] | None = None,
) -> Certificates:
    """The best and the worst rank of each unit over a region of points.

    Parameters
    ----------
    time_limit : float
        Seconds in all; what is not settled by then is called "bounds".
    new : "interval" or "scenario"
        Leaves without data may bring anything from 0 to full marks, each unit's apart, or what the
        scenario says.
    draws, seed : int
        Draws for comparison, where the region can draw; of many units × indicators no more than
        `ROOM` allows.
    units : names of units, optional
        Look at these alone and list no others.

    Returns
    -------
    Certificates
        Table: rank (at the scheme's points), best, worst, status ("exact": both are attained and
        none lies beyond; "bounds": no rank lies beyond), attained_best and attained_worst (ranks
        that a witness gives; the same where exact), drawn_best and drawn_worst (seen in the draws:
        never wider than the truth; missing where the region cannot draw). Witnesses: "best",
        "worst". A tie counts for the unit, as competition ranks do.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame(
    ...     {"a": [1.0, 0.5, 0.2], "b": [0.5, 0.9, 0.1]}, index=["甲", "乙", "丙"]
    ... )
    >>> r = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> qt.robustness.rank_range(r, qt.regions.Box(relative=0.5)).table[
    ...     ["best", "worst", "status"]
    ... ].values.tolist()
    [[1, 2, 'exact'], [1, 2, 'exact'], [3, 3, 'exact']]
    """
    time_limit, draws = real("time_limit", time_limit), int(real("draws", draws))
    start = time.monotonic()
    area, n = area_of(region, result), len(result.scores)
    keys = keys_over(result, area, new)
    asked = np.arange(n) if units is None else np.flatnonzero(result.scores.index.isin(list(units)))
    draws = min(draws, max(ROOM // max(result.matrix.size, 1), 100))
    blank = np.tile(result.points.to_numpy(), (n, 1))
    search = _Search(
        result,
        area,
        keys,
        start + time_limit,
        [np.full(n, n + 1), np.zeros(n, int)],
        [np.ones(n, int), np.full(n, n)],
        [blank, blank.copy()],
    )
    if area.contains(result.points.to_numpy()[None])[0]:
        search.attain(result.points.to_numpy()[None])
    search.attain(
        np.concatenate([area.maximise(-keys.low.A[asked]), area.maximise(keys.high.A[asked])])
    )
    try:
        drawn = search.attain(area.sample(draws, seed)) if draws > 0 else None
    # draws only widen what is attained from inside: no region needs them
    except (InputError, WorkError):
        drawn = None
    toss = np.random.default_rng(seed).standard_normal((min(draws, 1000), result.points.size))
    search.attain(area.maximise(toss) if len(toss) else toss)
    _settle_pairs(search, asked, start + PAIRS * time_limit)
    todo = search.open()
    for i, (k, side) in enumerate(todo):
        if search.left <= 0:
            break
        _solve(search, k, side, max(4 * search.left / (len(todo) - i), 0.1))
    exact = np.logical_and(*(search.inner[side] == search.outer[side] for side in (BEST, WORST)))
    missing = pd.array([None] * n, dtype="Int64")
    table = pd.DataFrame(
        {
            "rank": result.ranks.to_numpy(),
            "best": search.outer[BEST],
            "worst": search.outer[WORST],
            "status": np.where(exact, "exact", "bounds").astype(object),
            "attained_best": search.inner[BEST],
            "attained_worst": search.inner[WORST],
            "drawn_best": missing if drawn is None else pd.array(drawn[BEST], dtype="Int64"),
            "drawn_worst": missing if drawn is None else pd.array(drawn[WORST], dtype="Int64"),
        },
        index=result.scores.index,
    ).iloc[asked]
    frames = [
        pd.DataFrame(w, index=result.scores.index, columns=result.points.index).iloc[asked]
        for w in search.witness
    ]
    return Certificates(table, {"best": frames[BEST], "worst": frames[WORST]})


def _settle_pairs(search: _Search, units: np.ndarray, until: float) -> None:
    """Possible ranks from leads of pairs; when time is up, from each unit's own interval alone."""
    keys = search.keys
    for k in units.tolist():
        if time.monotonic() < until:
            sure, maybe, rivals, least, greatest = keys.settle(search.area, k)
            if len(rivals):
                search.doubts[k] = rivals, least, greatest
        else:
            sure, maybe = keys.least > keys.greatest[k], keys.greatest > keys.least[k]
            maybe[k] = False
        search.outer[BEST][k], search.outer[WORST][k] = 1 + sure.sum(), 1 + maybe.sum()


@dataclass
class _Program:
    """The integer program for one end of one unit's rank: the points of the region, and for each
    rival in doubt (u) a y, 1 where it counts as ahead.

    slope, const : (u, d) and (u,), the rivals' leads as lines in the points, in hundredths of the
    total: the solver's tolerances are absolute
    half : half a tick in the same measure
    cost, lo, hi, rows, low, high : as `solve_milp` takes them
    """

    side: int
    slope: np.ndarray
    const: np.ndarray
    half: float
    cost: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    rows: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def solve(self, seconds: float) -> Solution:
        """What `solve_milp` gives."""
        return solve_milp(
            self.cost, self.cost != 0, self.lo, self.hi, self.rows, self.low, self.high, seconds
        )

    def proposed(self, x: np.ndarray) -> np.ndarray:
        """The rivals that a solution puts on the side looked for: not ahead for the best rank,
        ahead for the worst."""
        y = x[-len(self.const) :]
        return np.flatnonzero(y < 0.5 if self.side == BEST else y > 0.5)

    def exclude(self, rivals: np.ndarray) -> None:
        """Cut off solutions that put all of these rivals on the side looked for."""
        row = np.zeros(len(self.cost))
        row[len(self.cost) - len(self.const) + rivals] = 1.0
        self.rows = np.concatenate([self.rows, row[None]])
        self.low = np.append(self.low, 1.0 if self.side == BEST else -np.inf)
        self.high = np.append(self.high, np.inf if self.side == BEST else len(rivals) - 1.0)


def _program(search: _Search, k: int, side: int) -> _Program:
    """The program for one end of unit k's rank, without cuts."""
    keys, s = search.keys, search.area.system
    rivals, least, greatest = search.doubts[k]
    theirs, own = (keys.low, keys.high) if side == BEST else (keys.high, keys.low)
    scale = 100 / search.area.total
    slope, const = scale * (theirs.A[rivals] - own.A[k]), scale * (theirs.b[rivals] - own.b[k])
    least, greatest = scale * least, scale * greatest
    step, gain = scale * keys.step, scale * keys.gain
    leads, u = slope @ s.transform, len(rivals)
    if side == BEST:  # y = 0 only where lead ≤ step
        rows, high = np.concatenate([leads, -np.diag(greatest - step)], axis=1), step - const
        low = np.full(u, -np.inf)
    else:  # y = 1 only where lead ≥ −gain
        rows, low = np.concatenate([leads, np.diag(gain + least)], axis=1), least - const
        high = np.full(u, np.inf)
    padded = np.concatenate([s.rows, np.zeros((len(s.rows), u))], axis=1)
    return _Program(
        side,
        slope,
        const,
        half=scale * TICK / 2,
        cost=np.append(np.zeros(s.lo.size), np.full(u, 1.0 if side == BEST else -1.0)),
        lo=np.append(s.lo, np.zeros(u)),
        hi=np.append(s.hi, np.ones(u)),
        rows=np.concatenate([rows, padded]),
        low=np.concatenate([low, s.low]),
        high=np.concatenate([high, s.high]),
    )


def _solve(search: _Search, k: int, side: int, seconds: float) -> None:
    """One end of one unit's rank by integer programs, each cutting off what the last proposed and
    no points attain."""
    program = _program(search, k, side)
    doubtful = len(program.const)
    # the rank without those in doubt
    fixed = search.outer[side][k] if side == BEST else search.outer[side][k] - doubtful
    stop = min(time.monotonic() + seconds, search.deadline)
    for _ in range(ROUNDS):
        solution = program.solve(stop - time.monotonic())
        if not np.isfinite(solution.bound):
            return
        ahead = int(np.ceil(solution.bound - 1e-6)) * (1 if side == BEST else -1)
        search.bound(k, side, fixed + ahead)
        if search.settled(k, side) or solution.x is None:
            return
        chosen = program.proposed(solution.x)
        cut = _polish(search, side, program.slope[chosen], program.const[chosen], program.half)
        if search.settled(k, side) or cut is None or time.monotonic() >= stop:
            return
        program.exclude(chosen[cut])


def _polish(
    search: _Search, side: int, slope: np.ndarray, const: np.ndarray, half: float
) -> np.ndarray | None:
    """Rank the units where the least lead of those proposed is widest; rivals of which a proof says
    that no points put all of them on the proposed side, or None. `half` a tick decides."""
    area, s = search.area, search.area.system
    sign = 1.0 if side == BEST else -1.0  # sign·lead ≤ −t
    wide = np.zeros((len(slope), s.lo.size + 1))
    wide[:, :-1], wide[:, -1] = sign * slope @ s.transform, 1.0
    rows = np.concatenate([s.rows, np.zeros((len(s.rows), 1))], axis=1)
    system = type(s)(
        s.transform, np.append(s.lo, -100.0), np.append(s.hi, 100.0), rows, s.low, s.high
    )
    found = solve_lp(np.append(np.zeros(s.lo.size), -1.0), system, wide, -sign * const)
    if found is None:
        return None
    points = np.maximum(s.transform @ found.x[:-1], 0.0)
    search.attain((points * (area.total / points.sum()))[None])
    if search.keys.step > 0:
        return None  # a coarse rank is not a matter of leads alone
    weight = np.maximum(-found.ineqlin.marginals[: len(slope)], 0.0)
    weight[weight < 1e-9 * weight.max(initial=0.0)] = 0.0
    if weight.sum() == 0:
        return None
    weight /= weight.sum()
    # of the least lead, wherever the points lie
    most = area.span(-sign * (weight @ slope)[None])[1][0] - sign * weight @ const
    return np.flatnonzero(weight) if most < (-half if side == BEST else half) else None
