"""HiGHS through scipy, kept quiet: linear programs, and integer programs with a time limit."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtoolkit.errors import WorkError
from qtoolkit.language import say

INFEASIBLE, UNKNOWN = 2, 4  # scipy's status codes


@dataclass(frozen=True)
class System:
    """Points p = transform·z, with lo ≤ z ≤ hi and low ≤ rows·z ≤ high."""

    transform: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    rows: np.ndarray
    low: np.ndarray
    high: np.ndarray


def linear_program(cost: np.ndarray, s: System) -> np.ndarray | None:
    """A z that minimises cost·z over the system, None where there is no z at all."""
    found = solve_lp(cost, s)
    return None if found is None else found.x


def attained(cost: np.ndarray, s: System) -> np.ndarray:
    """As :func:`linear_program`, over a system that is known to have points."""
    z = linear_program(cost, s)
    if z is None:
        raise WorkError(say(zh="线性规划没有可行解", en="a linear program has no solution"))
    return z


def solve_lp(
    cost: np.ndarray, s: System, rows: np.ndarray | None = None, high: np.ndarray | None = None
) -> Any:
    """The same with further rows·z ≤ high; the answer has their multipliers as `ineqlin.marginals[:
    len(rows)]`."""
    from scipy.optimize import linprog

    equal = s.low == s.high
    upper, lower = ~equal & np.isfinite(s.high), ~equal & np.isfinite(s.low)
    extra = np.empty((0, s.lo.size)) if rows is None else rows
    A = np.concatenate([extra, s.rows[upper], -s.rows[lower]])
    b = np.concatenate([[] if high is None else high, s.high[upper], -s.low[lower]])
    options = {
        "A_ub": A,
        "b_ub": b,
        "A_eq": s.rows[equal],
        "b_eq": s.low[equal],
        "bounds": np.stack([s.lo, s.hi], axis=1),
    }
    for method in ("highs-ds", "highs-ipm"):
        with quiet():
            found = linprog(cost, **options, method=method)
        if found.status == INFEASIBLE:
            return None
        if found.status == 0:
            return found
    raise WorkError(
        say(
            zh="线性规划求解失败：{why}",
            en="a linear program could not be solved: {why}",
            why=found.message,
        )
    )


@dataclass(frozen=True)
class Solution:
    """What an integer program gave: a point, or None; what no point's cost lies below; and whether
    there is no point at all."""

    x: np.ndarray | None
    bound: float
    infeasible: bool


def solve_milp(
    cost: np.ndarray,
    integral: np.ndarray,
    lo: np.ndarray,
    hi: np.ndarray,
    rows: Any,
    low: np.ndarray,
    high: np.ndarray,
    seconds: float,
    nodes: int | None = None,
) -> Solution:
    """Minimise cost·x over low ≤ rows·x ≤ high, x integral where `integral`; rows dense or
    sparse. That there is no point is said only where the solver says so with and without
    presolve. `nodes` ends the search after so many, which is the same on every machine."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    stop, refusals = time.monotonic() + max(seconds, 0.01), 0
    for presolve in (True, False):  # presolve has been seen to fail on near ties
        left = max(stop - time.monotonic(), 0.01)
        options = {"time_limit": left, "mip_rel_gap": 0.0, "presolve": presolve}
        if nodes is not None:
            options["node_limit"] = nodes
        with quiet():
            found = milp(
                cost,
                integrality=integral.astype(int),
                bounds=Bounds(lo, hi),
                options=options,
                constraints=LinearConstraint(rows, low, high),
            )
        if found.status not in (INFEASIBLE, UNKNOWN):
            bound = found.fun if found.status == 0 else found.mip_dual_bound
            if integral.any() and found.mip_dual_bound is not None:
                bound = found.mip_dual_bound
            return Solution(found.x, -np.inf if bound is None else float(bound), False)
        refusals += found.status == INFEASIBLE
    return Solution(None, -np.inf, refusals == 2)


@contextmanager
def quiet() -> Iterator[None]:
    """HiGHS prints to C's standard output now and then; keep that out of notebooks and pipes."""
    try:
        sys.stdout.flush()
        kept = os.dup(1)
    except (OSError, ValueError):  # no such descriptor: nothing can be printed to it
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
        yield
    finally:
        with suppress(OSError, ValueError):
            os.dup2(kept, 1)
        os.close(kept)
        os.close(sink)
