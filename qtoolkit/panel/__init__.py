"""Statistics of expert panels: agreement of assessors, variance components, severity, and how
several marks become one.

Ratings are a long table (unit, assessor, score, and where there are such item, stage and group), a
table of units × assessors, or what the reader of a case gives.
"""

from qtoolkit.panel.combining import combined, least_values
from qtoolkit.panel.designs import incomplete, long_of, wide_of
from qtoolkit.panel.reliability import Reliability, reliability

__all__ = [
    "Reliability",
    "combined",
    "incomplete",
    "least_values",
    "long_of",
    "reliability",
    "wide_of",
]
