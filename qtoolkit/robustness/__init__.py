"""Exact robustness: proofs of how far points and cutoffs may move before a grade or a place
changes, with witnesses.

Every exact row was re-scored at its witness; a bound is called a bound. The mathematics is in the
modules' docstrings.
"""

from qtoolkit.inputs.statuses import NEW
from qtoolkit.robustness.certificates import REASONS, Certificates
from qtoolkit.robustness.flips import cheapest_flip
from qtoolkit.robustness.intervals import (
    TransferMap,
    cutoff_intervals,
    stability_intervals,
    transfer_map,
)
from qtoolkit.robustness.pairs import Dominance, dominance, pair_robustness, pair_tolerance
from qtoolkit.robustness.ranges import score_range
from qtoolkit.robustness.ranks import rank_range
from qtoolkit.robustness.tolerances import tolerance, tolerance_map

__all__ = [
    "NEW",
    "REASONS",
    "Certificates",
    "Dominance",
    "TransferMap",
    "cheapest_flip",
    "cutoff_intervals",
    "dominance",
    "pair_robustness",
    "pair_tolerance",
    "rank_range",
    "score_range",
    "stability_intervals",
    "tolerance",
    "tolerance_map",
    "transfer_map",
]
