"""What a check finds, and what becomes of it: a flag, an error, or nothing, as the scheme says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from qtoolkit.errors import MOST_COMPLAINTS, Complaint, InputError
from qtoolkit.inputs.checks import Checks
from qtoolkit.language import Text, say

MOST_NAMED = 12  # units of one sentence


@dataclass(frozen=True)
class Doubt:
    """Something that a check found: the check's name, the sentence with its place, the unit and
    the indicator where it is one; the column (its key) and the units whose cells it names."""

    check: str
    complaint: Complaint
    unit: str | None = None
    indicator: str | None = None
    key: str | None = None
    units: tuple[str, ...] = ()

    @property
    def text(self) -> Text:
        """The sentence as a flag: it names unit and indicator itself."""
        return self.complaint.text


def sort_out(doubts: Iterable[Doubt], checks: Checks) -> tuple[Doubt, ...]:
    """The doubts that are flags; those that the scheme takes for errors are raised together, the
    others dropped."""
    doubts = list(doubts)
    if complaints := refused(doubts, checks):
        raise InputError(complaints)
    return tuple(doubt for doubt in doubts if checks.level(doubt.check) == "flag")


def refused(doubts: Iterable[Doubt], checks: Checks) -> list[Complaint]:
    """The complaints of the doubts that the scheme takes for errors: each says how to keep what
    is right after all."""
    found = []
    for doubt in doubts:
        if checks.level(doubt.check) == "error":
            text = say(
                zh="{why}；经核实无误的，请在方案的 checks 中将 {name} 定为 flag",
                en="{why}; where it is right after all, set {name} to flag under checks in the "
                "scheme",
                why=doubt.text,
                name=doubt.check,
            )
            found.append(replace(doubt.complaint, text=text))
    return found[:MOST_COMPLAINTS]
