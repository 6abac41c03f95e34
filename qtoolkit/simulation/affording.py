"""How many draws a large case affords within a minute or so of one processor."""

from __future__ import annotations

from qtoolkit.assessment import Assessment

ROOM = 1_500_000_000  # leaf scores of all draws together
RUNS = 200_000_000  # leaf scores of all settings of one analysis of choices
FEWEST, FEWEST_RUNS = 1_000, 32


def affordable(result: Assessment, draws: int) -> int:
    """So many draws, or of a large case as many as `ROOM` holds: at most 1.5 thousand million
    divided by units × indicators, 1,000 at least.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(
    ...     qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}),
    ...     pd.DataFrame({"a": [1.0]}, index=["甲"]),
    ... )
    >>> affordable(r, 100_000)
    100000
    """
    return min(draws, max(ROOM // max(result.matrix.size, 1), FEWEST))


def affordable_runs(result: Assessment, n: int, factors: int = 8) -> int:
    """So many settings for :func:`qtoolkit.simulation.sobol`, or of a large case a smaller power of
    2, 32 at least.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(
    ...     qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}),
    ...     pd.DataFrame({"a": [1.0]}, index=["甲"]),
    ... )
    >>> affordable_runs(r, 1024)
    1024
    """
    while n > FEWEST_RUNS and n * (factors + 2) * result.matrix.size > RUNS:
        n //= 2
    return n
