"""Tuning by hand and eye: points, cutoffs and quotas that are moved in a panel in JupyterLab, with
the engine in the kernel."""

from qtoolkit.trials import read_trials
from qtoolkit.tuning.session import Tuning

__all__ = ["Tuning", "read_trials"]
