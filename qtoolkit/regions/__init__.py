"""Regions of points: how far the points of a scheme may move while their sum is kept.

A region is written without a scheme and bound to one by `at(result)`; `a & b` is what lies in both.
`read` makes one of what a params.yaml says.
Each region's docstring says how draws from it are distributed: uniformly in the points, `Levels`
(uniform in local shares) and `Dirichlet` (a distribution of its own) aside.
"""

from qtoolkit.regions.reading import read
from qtoolkit.regions.written import (
    Box,
    Dirichlet,
    Hull,
    Levels,
    Meet,
    RankOrder,
    Region,
    Simplex,
    area_of,
    refusal_of,
)

__all__ = [
    "Box",
    "Dirichlet",
    "Hull",
    "Levels",
    "Meet",
    "RankOrder",
    "Region",
    "Simplex",
    "area_of",
    "read",
    "refusal_of",
]
