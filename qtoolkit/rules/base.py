"""What a leaf rule is: data that a scheme gives, and all that follows from them.

A rule is whole in one file of this room. To add one, write a file with one subclass of
:class:`LeafRule`; the scheme, the table reader, the template, the annex of rules, the JSON schema
and the recheck workbook then know it.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from qtoolkit.language import Text
from qtoolkit.models import Model

if TYPE_CHECKING:
    from qtoolkit.rules.checklist import Task

Direction = Literal["higher", "lower"]
BETTER = {"higher": Text("越大越好", "more is better"), "lower": Text("越小越好", "less is better")}
ON_THE_LINE = 1e-12  # a quotient such as 1.2 / 1.5 falls short of .8 by float error alone
NOTHING_LEFT = "1E+15"  # points lost, in a formula, where nothing is left whatever the points


@dataclass(frozen=True)
class Own:
    """A number of each unit's own that a rule compares with: its column's kind, its name in
    sentences, and the field of the rule that gives one for all units."""

    column: str
    name: Text
    field: str


TARGET = Own("target", Text("目标值", "target"), "target")
BASELINE = Own("base", Text("基期值", "baseline"), "reference")


@dataclass(frozen=True)
class Cells:
    """Where a formula finds its numbers in a workbook.

    `raw` is the unit's value after any treatment of outliers, `own` its own target or baseline
    (blank where it has none), `column` the values of all units that have one, `full` the points for
    which the rule is written, as a number or a cell.
    """

    raw: str
    own: str
    column: str
    full: str


class LeafRule(Model):
    """A rule that turns raw values into shares of full marks, or into points lost.

    Attributes
    ----------
    kind : str
        The name of the rule in scheme.yaml.
    place : int
        Its place among the rules where they are listed.
    word : str
        Its name in the column 规则 of a scheme's workbook (in English its kind).
    ends : tuple of str
        The fields that stand in the columns 下限 and 上限.
    in_points : bool
        Whether :meth:`marks` are points lost; else they are shares of full marks.
    points_fields : tuple of str
        The fields that are written in points, which a change of the total multiplies.
    is_set_dependent : bool
        Whether a share depends on which other units are assessed.
    is_of_words : bool
        Whether raw values are words, not numbers.
    raw_is_points : bool
        Whether raw values are points already.
    takes_logarithms : bool
        Whether values may be scored on a logarithmic scale, the rule's ends included.
    divides_by_own : bool
        Whether the unit's own number must be above 0.
    own : Own or None
        The column of each unit's own number that the rule may take.
    """

    kind: str

    place: ClassVar[int] = 1000
    word: ClassVar[str]
    ends: ClassVar[tuple[str, ...]] = ()
    in_points: ClassVar[bool] = False
    points_fields: ClassVar[tuple[str, ...]] = ()
    is_set_dependent: ClassVar[bool] = False
    is_of_words: ClassVar[bool] = False
    raw_is_points: ClassVar[bool] = False
    divides_by_own: ClassVar[bool] = False
    takes_logarithms: ClassVar[bool] = False
    own: ClassVar[Own | None] = None

    # What every rule says for itself ------------------------------------------------------------

    @abstractmethod
    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        """Shares of full marks, or points lost (infinite where nothing is left whatever the
        points), of the units with a value.

        Parameters
        ----------
        raw : array (n,)
            Their values.
        own : array (n,)
            Their own targets or baselines, NaN where they have none.
        full : float
            The points for which the rule is written.
        """

    @abstractmethod
    def sentence(self) -> Text:
        """How the leaf is scored, in words."""

    @abstractmethod
    def formula(self, cells: Cells) -> str:
        """:meth:`marks` of one unit as a formula of a workbook."""

    # What most rules leave as it is -------------------------------------------------------------

    def limits(self, full: float) -> tuple[float | None, float | None]:
        """The least and the greatest raw value that the rule understands; None: no end."""
        return None, None

    @property
    def is_bounded(self) -> bool:
        """Whether raw values have ends, or are words, which are checked as they are read."""
        return self.is_of_words or None not in self.limits(1.0)

    def is_linear(self) -> bool:
        """Whether marks are linear in the raw value between two ends, without a jump."""
        return True

    def scored_between(self) -> tuple[float, float] | None:
        """The raw values between which marks rise or fall, and beyond which they stay; None where
        there are no such ends."""
        return None

    def least_share(self) -> float:
        """The share of full marks for the worst value."""
        return 0.0

    @property
    def better(self) -> Direction:
        """Whether more or less of the raw value is better."""
        return getattr(self, "direction", "higher")

    def share_of(self, mark: Any) -> float:
        """The share of a word."""
        return float(self.marks(np.array([mark], dtype=object), np.array([np.nan]), 1.0)[0])

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that a raw value may be."""
        return ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of a list: each has a column of its own in place of the leaf's."""
        return ()

    def share_done(self, states: Sequence[str]) -> float | None:
        """The raw value that the states of the tasks of a list make; None where none applies."""
        return None

    def compares(self) -> bool:
        """Whether the rule compares with a target or baseline, the unit's own or one for all."""
        return self.own is not None

    def takes_target(self) -> bool:
        """Whether the rule compares with a target that a unit may have of its own."""
        return self.own is TARGET and self.compares()

    def needs_own(self) -> bool:
        """Whether each unit must give a number of its own."""
        return self.compares() and self.common is None

    def asks_own(self) -> bool:
        """Whether a template asks each unit for a number of its own."""
        return self.needs_own()

    @property
    def common(self) -> float | None:
        """The target or baseline for all units, None where there is none."""
        return getattr(self, self.own.field) if self.own else None

    @property
    def largest(self) -> float | None:
        """The largest raw value that the rule's own numbers name."""
        return self.common

    def measure(self) -> Hashable:
        """What the raw values are measured against: data of one rule can be scored by another of
        the same kind where this is the same."""
        return self.needs_own()

    def reads(self, other: LeafRule, seen: set[Any] | None) -> bool:
        """Whether raw data of another rule, those `seen` or all, can be scored by this one."""
        return self.kind == other.kind and self.measure() == other.measure()

    def full_marks(self) -> float | None:
        """The points that the rule itself says it is written for."""
        return None

    # What follows -------------------------------------------------------------------------------

    def lines(
        self, raw: np.ndarray, own: np.ndarray, full: float, scales: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """(slope, const) of each unit: its leaf score is slope·p + const, cut at 0 and p.

        A leaf of 0 points for which nothing else is written (`full` 0) is read for the points that
        it may get: shares are shares of them, points lost are lost from them.
        """
        marks = self.marks(raw, own, full)
        if full == 0 and not self.in_points:
            return marks, np.zeros_like(marks)
        lost = marks if self.in_points else (1 - marks) * full
        if not scales or full == 0:
            nothing = np.isinf(lost)  # whatever the points
            return np.where(nothing, 0.0, 1.0), np.where(nothing, 0.0, -lost)
        if not self.in_points:
            return marks, np.zeros_like(marks)
        return np.clip(1 - lost / full, 0, 1), np.zeros_like(lost)

    def on_logarithms(self) -> LeafRule:
        """The rule with the logarithms of its ends."""
        return self.model_copy(update={end: math.log(getattr(self, end)) for end in self.ends})

    def compared_with(self, own: np.ndarray) -> np.ndarray:
        """The units' own numbers where they have one, else the rule's."""
        return np.where(np.isnan(own), np.nan if self.common is None else self.common, own)

    def compared_cell(self, cells: Cells) -> str:
        """:meth:`compared_with` of one unit as a formula."""
        if self.common is None:
            return cells.own
        return (
            f'IF({cells.own}="",{written(self.common)},{cells.own})'
            if cells.own
            else written(self.common)
        )

    @classmethod
    def has_direction(cls) -> bool:
        """Whether a scheme may say which way is better."""
        return "direction" in cls.model_fields

    @property
    def sign(self) -> int:
        """1 where more of the raw value is better, else −1."""
        return 1 if self.better == "higher" else -1


def written(number: float) -> str:
    """A number as a formula has it: a workbook computes with the same double."""
    return repr(float(number)).removesuffix(".0").upper()


def each(rate: float, per: float) -> str:
    """A rate for each so much."""
    return written(rate) if per == 1 else f"{written(rate)}/{written(per)}"


def listed(numbers: Iterable[float]) -> str:
    """Numbers as a row that stands in a formula."""
    return "{" + ",".join(map(written, numbers)) + "}"


def clipped(formula: str) -> str:
    """A formula cut at 0 and 1."""
    return f"MAX(0,MIN(1,{formula}))"
