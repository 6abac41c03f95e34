"""Simulation: frequencies of ranks and grades, which choice matters most, and rank confidence
sets."""

from qtoolkit.simulation.acceptability import Simulation, simulate
from qtoolkit.simulation.affording import affordable, affordable_runs
from qtoolkit.simulation.confidence import RankSets, rank_confidence
from qtoolkit.simulation.sampling import standard_errors
from qtoolkit.simulation.sobol import Sobol, choices, sobol

__all__ = [
    "RankSets",
    "Simulation",
    "Sobol",
    "affordable",
    "affordable_runs",
    "choices",
    "rank_confidence",
    "simulate",
    "sobol",
    "standard_errors",
]
