"""The table of checks for slips of the hand: which there are, and what a scheme makes of each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from qtoolkit.models import Model

Level = Literal["error", "flag", "off"]
"""What follows where a check finds something: the data are refused, the reader is told, or
nothing."""


class Checks(Model):
    """What a scheme makes of each check; the defaults catch.

    What can hardly be meant (a row of totals as a unit, one unit under two names, last year's case
    that is this year's, a date that no calendar has) is refused; what may be true all the same is
    flagged, so that somebody looks at it.

    >>> Checks(size="error").level("size"), Checks().level("percent")
    ('error', 'flag')
    """

    percent: Level = Field(default="flag", description="a percentage below 0 or above 100")
    fraction: Level = Field(
        default="flag", description="shares typed where the unit of measure is %"
    )
    size: Level = Field(
        default="flag",
        description="a value far from all others of its column, or many times the unit's own "
        "target, baseline or value of last year",
    )
    sign: Level = Field(
        default="flag", description="a value of another sign than the others of its column"
    )
    total_row: Level = Field(default="error", description="a row of sums or means taken as a unit")
    same_name: Level = Field(
        default="error",
        description="names that differ only by spaces, invisible characters or the form of a "
        "character",
    )
    past_grade: Level = Field(
        default="flag", description="a past grade that the scheme does not have"
    )
    date: Level = Field(default="error", description="what stands in a column of dates and is none")
    period: Level = Field(default="flag", description="an event outside the period assessed")
    hidden: Level = Field(
        default="flag", description="hidden or filtered rows and columns that hold data"
    )
    previous: Level = Field(
        default="error", description="last year's case that has this year's data"
    )

    def level(self, name: str) -> Level:
        """What the scheme makes of the check of this name."""
        level: Level = getattr(self, name)
        return level


CHECKS = tuple(Checks.model_fields)
