"""How indicators work in an assessment, how much each decides (实际影响度), and points that give
them a wanted importance."""

from qtoolkit.importance.influence import (
    ENOUGH,
    FULL,
    REDUNDANT,
    correlations,
    cronbach,
    effective,
    leave_one_out,
    operation,
)
from qtoolkit.importance.tuning import FEWEST, Attainable, Tuned, attainable, tune

__all__ = [
    "ENOUGH",
    "FEWEST",
    "FULL",
    "REDUNDANT",
    "Attainable",
    "Tuned",
    "attainable",
    "correlations",
    "cronbach",
    "effective",
    "leave_one_out",
    "operation",
    "tune",
]
