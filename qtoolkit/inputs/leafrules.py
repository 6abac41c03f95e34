"""What a scheme may say about a leaf: its scoring rule and what its blanks mean. The arithmetic is in the engine."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from qtoolkit.inputs.models import Flag, Model, Nonnegative, Number, Positive, Share, wrong
from qtoolkit.language import listing, say

Direction = Literal["higher", "lower"]
Treatment = Literal["fail", "zero", "full", "renormalise", "group_mean"]
Status = Literal["not_applicable", "not_reported", "pending", "zero"]


class ShareRule(Model):
    """The raw value is already the share of full marks, in [0, 1] (得分率)."""

    kind: Literal["share"] = "share"


class DirectRule(Model):
    """The raw value is already points, out of `out_of` (the leaf's points if left out)."""

    kind: Literal["direct"]
    out_of: Positive | None = None


class GoalpostsRule(Model):
    """Min–max between fixed ends, cut at them: (raw − low) / (high − low), or one less it when lower is better."""

    kind: Literal["goalposts"]
    low: Number
    high: Number
    direction: Direction = "higher"

    @model_validator(mode="after")
    def _ends(self) -> GoalpostsRule:
        if not self.low < self.high:
            raise wrong(
                say(
                    zh="low（{low:.10g}）应小于 high（{high:.10g}）；数值越小越好时请写 direction: lower",
                    en="low ({low:.10g}) must be below high ({high:.10g}); where less is better write direction: lower",
                    low=self.low, high=self.high,
                )
            )
        return self


class EfficacyRule(Model):
    """功效系数: base + (1 − base)·(raw − unacceptable) / (satisfactory − unacceptable), cut at both ends."""

    kind: Literal["efficacy"]
    unacceptable: Number
    satisfactory: Number
    base: Share = 0.6

    @model_validator(mode="after")
    def _ends(self) -> EfficacyRule:
        if self.unacceptable == self.satisfactory:
            raise wrong(
                say(
                    zh="满意值（satisfactory）与不允许值（unacceptable）不能相等，现均为 {value:.10g}",
                    en="satisfactory and unacceptable must differ, both are {value:.10g}",
                    value=self.satisfactory,
                )
            )
        return self


class TargetRule(Model):
    """The share of the target that is reached, at most 1; nothing below `floor`. The target is the unit's own (column
    target:<leaf>) or `target`."""

    kind: Literal["target"]
    target: Positive | None = None
    direction: Direction = "higher"
    floor: Share | None = None


class DeductRule(Model):
    """Full marks less `rate` points for each `per` of the raw value (a count of things missing) or, with a target, for
    each `per` by which the raw value misses it."""

    kind: Literal["deduct"]
    rate: Nonnegative
    per: Positive = 1.0
    target: Number | None = None
    own_target: Flag = False
    direction: Direction = "higher"


class LevelRule(Model):
    """A checklist of named levels, each a share of full marks."""

    kind: Literal["level"]
    levels: dict[str, Share] = Field(min_length=1)


class Step(Model):
    """From the value `at` on, the share is `share`."""

    at: Number
    share: Share


class StepsRule(Model):
    """A piecewise table. The share of the last step that the raw value reaches (0 before the first); with
    `interpolate`, straight lines between the steps."""

    kind: Literal["steps"]
    table: tuple[Step, ...] = Field(min_length=1)
    interpolate: Flag = False

    @model_validator(mode="after")
    def _rising(self) -> StepsRule:
        ats = [step.at for step in self.table]
        if any(b <= a for a, b in itertools.pairwise(ats)):
            raise wrong(
                say(
                    zh="各行的 at 应从小到大、不得重复，现为{ats}",
                    en="the values of at must rise from row to row, found {ats}",
                    ats=listing(f"{at:.10g}" for at in ats),
                )
            )
        return self


Rule = Annotated[
    ShareRule | DirectRule | GoalpostsRule | EfficacyRule | TargetRule | DeductRule | LevelRule | StepsRule,
    Field(discriminator="kind"),
]


class Missing(Model):
    """What a blank means and what each meaning gives. Nothing has a silent default but "fail"."""

    blank: Literal["fail", "not_applicable", "not_reported", "pending", "zero"] = "fail"
    not_applicable: Treatment = "fail"
    not_reported: Treatment = "fail"
    pending: Treatment = "fail"
    no_data: Literal["fail", "exclude"] = "fail"


class LeafMissing(Model):
    """A leaf's own treatment where it differs from the scheme's."""

    blank: Literal["fail", "not_applicable", "not_reported", "pending", "zero"] | None = None
    not_applicable: Treatment | None = None
    not_reported: Treatment | None = None
    pending: Treatment | None = None
