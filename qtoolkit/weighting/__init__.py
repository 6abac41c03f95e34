"""Weights by every method in use: from data, from judgements, from orders, combined; and weights as
whole points.

Tables are labelled: indicators are matched by name, never by position. Weights are shares that sum
to 1. :func:`from_data` and :func:`from_people` give an assessment's indicators other points, and
:func:`consequences` says what these do.
"""

from qtoolkit.weighting.applied import (
    METHODS,
    People,
    Weightings,
    consequences,
    from_data,
    from_people,
)
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
from qtoolkit.weighting.questionnaires import Judgements, read_judgements
from qtoolkit.weighting.weights import Weights

__all__ = [
    "METHODS",
    "Judgements",
    "People",
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
    "from_people",
    "pca",
    "rank_order_centroid",
    "rank_sum",
    "read_judgements",
    "to_points",
    "variation",
]
