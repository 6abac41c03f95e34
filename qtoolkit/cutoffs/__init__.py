"""Grade cutoffs: who stands close to one, who changes grade as they move, what errors do to grades,
and where they could lie.

All that is found here are options with their consequences; the lines are somebody's decision.
"""

from qtoolkit.cutoffs.choosing import Breaks, Grid, Options, grid, natural_breaks, optimise
from qtoolkit.cutoffs.margins import (
    BEST,
    LAST,
    LINE,
    QUOTA,
    REACH,
    READINGS,
    SAFE,
    UNPROVED,
    VETO,
    WORST,
    blanks_as_zero,
    bunching,
    dead,
    margins,
    near_misses,
    rounding_audit,
)
from qtoolkit.cutoffs.misgrading import Misgrading, misgrading, normal_model
from qtoolkit.cutoffs.readings import successors, two_readings
from qtoolkit.cutoffs.sweeps import ALL, Sweep, quota_audit, sweep

__all__ = [
    "ALL",
    "BEST",
    "LAST",
    "LINE",
    "QUOTA",
    "REACH",
    "READINGS",
    "SAFE",
    "UNPROVED",
    "VETO",
    "WORST",
    "Breaks",
    "Grid",
    "Misgrading",
    "Options",
    "Sweep",
    "blanks_as_zero",
    "bunching",
    "dead",
    "grid",
    "margins",
    "misgrading",
    "natural_breaks",
    "near_misses",
    "normal_model",
    "optimise",
    "quota_audit",
    "rounding_audit",
    "successors",
    "sweep",
    "two_readings",
]
