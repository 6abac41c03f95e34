"""Independent means to check exact methods: scipy's LP solver on regions written out by hand, every
subset of rivals."""

import itertools

import numpy as np
import pandas as pd
from hypothesis import assume
from hypothesis import strategies as st
from scipy.optimize import linprog

import qtoolkit as qt


def flat(points, shares, cutoffs, **keys):
    """A flat scheme; cutoffs as a mapping or the one cutoff of A."""
    names = [f"x{j}" for j in range(len(points))]
    cutoffs = cutoffs if isinstance(cutoffs, dict) else {"A": cutoffs, "B": 0}
    scheme = qt.Scheme.flat(dict(zip(names, points, strict=True)), cutoffs)
    frame = pd.DataFrame(shares, columns=names, index=[f"u{k}" for k in range(len(shares))])
    return qt.assess(scheme.model_copy(update=keys), frame)


@st.composite
def linear_cases(draw, most=6, units=5):
    """Flat schemes on coarse grids: ties, zero points, one indicator, equal rows, constant
    columns."""
    d, n = draw(st.integers(1, most)), draw(st.integers(1, units))
    points = [draw(st.integers(0, 8)) * 2.5 for _ in range(d)]
    assume(sum(points) > 0)
    shares = [[draw(st.integers(0, 10)) / 10 for _ in range(d)] for _ in range(n)]
    cutoff = draw(st.integers(1, 9)) / 10 * sum(points)
    return points, shares, cutoff, draw(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))


def box(points, rho):
    """The ±rho box as keyword arguments of linprog."""
    points = np.array(points, float)
    return {
        "A_ub": np.empty((0, points.size)),
        "b_ub": np.empty(0),
        "A_eq": np.ones((1, points.size)),
        "b_eq": [points.sum()],
        "bounds": np.stack([points * (1 - rho), points * (1 + rho)], axis=1),
    }


def extreme(c, region, sign):
    """The least (sign 1) or greatest (−1) value of c·p over a region, and where."""
    done = linprog(sign * np.array(c), **region, method="highs")
    assert done.status == 0, done.message
    return sign * done.fun, done.x


def ranks_by_subsets(shares, region):
    """Best and worst rank of each unit: for every set of rivals, whether some points put all of
    them ahead (strictly) or none of them, by the LP that maximises the least lead."""
    shares = np.array(shares, float)
    n, found = len(shares), []
    for k in range(n):
        rivals = [j for j in range(n) if j != k]
        best, worst = n, 1
        for size in range(len(rivals) + 1):
            for ahead in itertools.combinations(rivals, size):
                behind = [j for j in rivals if j not in ahead]
                if (
                    size + 1 < best
                    and widest([shares[k] - shares[j] for j in behind], region) >= -1e-9
                ):
                    best = size + 1
                if (
                    size + 1 > worst
                    and widest([shares[j] - shares[k] for j in ahead], region) > 1e-7
                ):
                    worst = size + 1
        found.append((best, worst))
    return found


def widest(leads, region):
    """The greatest least lead over the region."""
    if not leads:
        return np.inf
    d = len(leads[0])
    rows = np.array([np.append(-lead, 1.0) for lead in leads])
    A_ub = np.concatenate(
        [rows, np.concatenate([region["A_ub"], np.zeros((len(region["A_ub"]), 1))], axis=1)]
    )
    b_ub = np.concatenate([np.zeros(len(rows)), region["b_ub"]])
    A_eq = np.concatenate([region["A_eq"], np.zeros((len(region["A_eq"]), 1))], axis=1)
    bounds = [*map(tuple, region["bounds"]), (None, None)]
    done = linprog(
        np.append(np.zeros(d), -1.0),
        A_ub=A_ub,
        b_ub=b_ub,
        A_eq=A_eq,
        b_eq=region["b_eq"],
        bounds=bounds,
        method="highs",
    )
    assert done.status == 0, done.message
    return -done.fun
