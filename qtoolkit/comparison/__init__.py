"""Comparison of two assessments or of grades over the years: who changed, how far two gradings
agree, and why."""

from qtoolkit.comparison.agreement import agreement, correlations, kappa, transitions
from qtoolkit.comparison.causes import causes
from qtoolkit.comparison.comparing import (
    PARTS,
    Comparison,
    as_written,
    compare,
    last_year,
    points_alone,
    with_last_year,
)
from qtoolkit.comparison.corrections import corrections
from qtoolkit.comparison.history import History, history, history_of, read_history
from qtoolkit.comparison.matching import Matching, match
from qtoolkit.comparison.mixing import FACTORS

__all__ = [
    "FACTORS",
    "PARTS",
    "Comparison",
    "History",
    "Matching",
    "agreement",
    "as_written",
    "causes",
    "compare",
    "corrections",
    "correlations",
    "history",
    "history_of",
    "kappa",
    "last_year",
    "match",
    "points_alone",
    "read_history",
    "transitions",
    "with_last_year",
]
