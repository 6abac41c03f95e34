"""Expert panels: how far assessors agree, who is strict, what several marks make together, who wins
an award and how sure that is.

Ratings are a case's `ratings`; most functions also take a long table (unit, assessor, score, and
where there are such item, stage and group) or a table of units × assessors.
"""

from qtoolkit.panel.agreement import agreement, in_percent, irregular, marks_of, panels
from qtoolkit.panel.combining import combined
from qtoolkit.panel.components import Components, components
from qtoolkit.panel.designs import incomplete, long_of, wide_of
from qtoolkit.panel.profiles import item_shares, profile, stage_shares, strengths
from qtoolkit.panel.reliability import Reliability, reliability
from qtoolkit.panel.severity import Outlying, Severity, adjust, linked, outlying
from qtoolkit.panel.strictness import Strictness, strictness
from qtoolkit.panel.winners import Winners, winners

__all__ = [
    "Components",
    "Outlying",
    "Reliability",
    "Severity",
    "Strictness",
    "Winners",
    "adjust",
    "agreement",
    "combined",
    "components",
    "in_percent",
    "incomplete",
    "irregular",
    "item_shares",
    "linked",
    "long_of",
    "marks_of",
    "outlying",
    "panels",
    "profile",
    "reliability",
    "stage_shares",
    "strengths",
    "strictness",
    "wide_of",
    "winners",
]
