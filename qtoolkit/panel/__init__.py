"""Expert panels: how far assessors agree, what several marks make together, who wins an award and
how sure that is.

Ratings are a case's `ratings`; most functions also take a long table (unit, assessor, score, and
where there are such item, stage and group) or a table of units × assessors.
"""

from qtoolkit.panel.combining import combined
from qtoolkit.panel.designs import incomplete, long_of, wide_of
from qtoolkit.panel.profiles import item_shares, profile, stage_shares, strengths
from qtoolkit.panel.reliability import Reliability, reliability
from qtoolkit.panel.winners import Winners, winners

__all__ = [
    "Reliability",
    "Winners",
    "combined",
    "incomplete",
    "item_shares",
    "long_of",
    "profile",
    "reliability",
    "stage_shares",
    "strengths",
    "wide_of",
    "winners",
]
