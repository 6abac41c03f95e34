"""Targets that units file (目标备案): when they were filed and what they stand beside, annual
targets from a plan of several years, what each way to set them does to grades, and the calendar of
the year beside the periods of the data."""

from qtoolkit.targets.effects import Effects, effects
from qtoolkit.targets.filings import filed
from qtoolkit.targets.paths import path
from qtoolkit.targets.year import calendar, periods

__all__ = ["Effects", "calendar", "effects", "filed", "path", "periods"]
