"""Weights by every method in use: from data, from judgements, from orders, combined; and weights as
whole points.

Tables are labelled: indicators are matched by name, never by position. Weights are shares that sum
to 1. What weightings do to an assessment say :func:`from_data` and :func:`consequences`.
"""

from qtoolkit.weighting.applied import METHODS, Weightings, consequences, from_data
from qtoolkit.weighting.combining import Points, combine, to_points
from qtoolkit.weighting.judgement import ahp, best_worst, budget, rank_order_centroid, rank_sum
from qtoolkit.weighting.objective import (
    benefit_of_doubt,
    critic,
    deviation,
    entropy,
    factor,
    pca,
    variation,
)
from qtoolkit.weighting.weights import Weights

__all__ = [
    "METHODS",
    "Points",
    "Weightings",
    "Weights",
    "ahp",
    "benefit_of_doubt",
    "best_worst",
    "budget",
    "combine",
    "consequences",
    "critic",
    "deviation",
    "entropy",
    "factor",
    "from_data",
    "pca",
    "rank_order_centroid",
    "rank_sum",
    "to_points",
    "variation",
]
