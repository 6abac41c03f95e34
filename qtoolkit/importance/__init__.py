"""How indicators work in an assessment, how much each decides (实际影响度), and points that give
them a wanted importance."""

from qtoolkit.importance.influence import (
    ENOUGH,
    FULL,
    LEAST,
    REDUNDANT,
    correlations,
    cronbach,
    effective,
    leave_one_out,
    operation,
)
from qtoolkit.importance.proportion import Proportion, proportion
from qtoolkit.importance.tuning import FEWEST, Attainable, Tuned, attainable, tune

__all__ = [
    "ENOUGH",
    "FEWEST",
    "FULL",
    "LEAST",
    "REDUNDANT",
    "Attainable",
    "Proportion",
    "Tuned",
    "attainable",
    "correlations",
    "cronbach",
    "effective",
    "leave_one_out",
    "operation",
    "proportion",
    "tune",
]
