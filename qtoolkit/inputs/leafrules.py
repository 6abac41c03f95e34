"""What a scheme may say about a leaf: its scoring rule and what its blanks mean. The arithmetic is
in the engine."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from qtoolkit.language import listing, say
from qtoolkit.models import Flag, Model, Nonnegative, Number, Positive, Share, wrong

Direction = Literal["higher", "lower"]
Treatment = Literal["fail", "zero", "full", "renormalise", "group_mean"]
Blank = Literal["fail", "not_applicable", "not_reported", "pending", "zero"]


class ShareRule(Model):
    """The raw value is already the share of full marks, in [0, 1] (得分率)."""

    kind: Literal["share"] = "share"


class DirectRule(Model):
    """The raw value is already points, out of `out_of` (the leaf's points if left out)."""

    kind: Literal["direct"]
    out_of: Positive | None = None


class GoalpostsRule(Model):
    """Min–max between fixed ends, cut at them: (raw − low) / (high − low), or one less it when
    lower is better."""

    kind: Literal["goalposts"]
    low: Number
    high: Number
    direction: Direction = "higher"

    @model_validator(mode="after")
    def _ends(self) -> GoalpostsRule:
        if not self.low < self.high:
            raise wrong(
                say(
                    zh="low（{low:.10g}）应小于 high（{high:.10g}）；数值越小越好时请写 direction: "
                    "lower",
                    en="low ({low:.10g}) must be below high ({high:.10g}); where less is better "
                    "write direction: lower",
                    low=self.low,
                    high=self.high,
                )
            )
        return self


class EfficacyRule(Model):
    """功效系数: base + (1 − base)·(raw − unacceptable) / (satisfactory − unacceptable), cut at both
    ends."""

    kind: Literal["efficacy"]
    unacceptable: Number
    satisfactory: Number
    base: Share = 0.6

    @model_validator(mode="after")
    def _ends(self) -> EfficacyRule:
        if self.unacceptable == self.satisfactory:
            raise wrong(
                say(
                    zh="满意值（satisfactory）与不允许值（unacceptable）不能相等，现均为 "
                    "{value:.10g}",
                    en="satisfactory and unacceptable must differ, both are {value:.10g}",
                    value=self.satisfactory,
                )
            )
        return self


class TargetRule(Model):
    """The share of the target that is reached, at most 1; nothing below `floor`. The target is the
    unit's own (column target:<leaf>) or `target`."""

    kind: Literal["target"]
    target: Positive | None = None
    direction: Direction = "higher"
    floor: Share | None = None


class DeductRule(Model):
    """Full marks less `rate` points for each `per` of the raw value (a count of things missing) or,
    with a target, for each `per` by which the raw value misses it. No more than `most` points are
    taken off; from `zero_at` on (of what is missing) nothing is left (没有制定不得分)."""

    kind: Literal["deduct"]
    rate: Nonnegative
    per: Positive = 1.0
    most: Positive | None = None
    zero_at: Positive | None = None
    target: Number | None = None
    own_target: Flag = False
    direction: Direction = "higher"


class LevelRule(Model):
    """A checklist of named levels, each a share of full marks."""

    kind: Literal["level"]
    levels: dict[str, Share] = Field(min_length=1)
    english: dict[str, str] = Field(
        default_factory=dict, description="English wording of the levels"
    )


class Step(Model):
    """From the value `at` on, the share is `share`."""

    at: Number
    share: Share


class StepsRule(Model):
    """A piecewise table. The share of the last step that the raw value reaches (0 before the
    first); with `interpolate`, straight lines between the steps."""

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


class BasePlusRule(Model):
    """基础分加增量: the share `base` for all, and `gain` for each `per` by which the raw value
    improves on the reference (the unit's own, column base:<leaf>, or `reference`), at most full
    marks. With `below`, a unit that falls short of the reference has that share instead of `base`:
    0 where only units at the reference or better have it (不低于基期得基础分)."""

    kind: Literal["base_plus"]
    base: Share
    gain: Nonnegative
    per: Positive = 1.0
    reference: Number | None = None
    direction: Direction = "higher"
    below: Share | None = None

    @model_validator(mode="after")
    def _falling(self) -> BasePlusRule:
        if self.below is not None and self.below > self.base:
            raise wrong(
                say(
                    zh="below（低于基期时的得分率，{below:.10g}）不应高于基础分 "
                    "base（{base:.10g}）",
                    en="below (the share short of the baseline, {below:.10g}) must not exceed base "
                    "({base:.10g})",
                    below=self.below,
                    base=self.base,
                )
            )
        return self


class MinmaxRule(Model):
    """Set-dependent: (raw − least) / (greatest − least) of the units assessed, or one less it when
    lower is better; `when_equal` where all have the same value."""

    kind: Literal["minmax"]
    direction: Direction = "higher"
    when_equal: Share = 1.0


class ZscoreRule(Model):
    """Set-dependent: center + spread·z, cut at 0 and 1; z = (raw − mean) / sd of the units
    assessed, sd with n − 1."""

    kind: Literal["zscore"]
    center: Share
    spread: Positive
    direction: Direction = "higher"


class RankRule(Model):
    """Set-dependent: 1 for the first of the units assessed, `last` for the last, equal steps
    between; ties share the better place."""

    kind: Literal["rank"]
    direction: Direction = "higher"
    last: Share = 0.0


Rule = Annotated[
    ShareRule
    | DirectRule
    | GoalpostsRule
    | EfficacyRule
    | TargetRule
    | DeductRule
    | LevelRule
    | StepsRule
    | BasePlusRule
    | MinmaxRule
    | ZscoreRule
    | RankRule,
    Field(discriminator="kind"),
]


class Outliers(Model):
    """Treatment of extreme raw values before the rule, every treated cell of which is logged: the
    `low` lowest and `high` highest values take the value next to them; `log` scores the logarithm
    of values above 0, the rule's ends included."""

    low: int = Field(default=0, ge=0, strict=True)
    high: int = Field(default=0, ge=0, strict=True)
    log: Flag = False


class Missing(Model):
    """What a blank means and what each meaning gives; `new`: what a leaf gives for which the table
    has no column yet (新增指标). Nothing has a silent default but "fail"."""

    blank: Blank = "fail"
    not_applicable: Treatment = "fail"
    not_reported: Treatment = "fail"
    pending: Treatment = "fail"
    new: Literal["fail", "zero", "full", "renormalise"] = "fail"
    no_data: Literal["fail", "exclude"] = "fail"


class LeafMissing(Model):
    """A leaf's own treatment where it differs from the scheme's."""

    blank: Blank | None = None
    not_applicable: Treatment | None = None
    not_reported: Treatment | None = None
    pending: Treatment | None = None
    new: Literal["fail", "zero", "full", "renormalise"] | None = None
