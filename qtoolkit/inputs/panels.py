"""What a scheme says of its panels: how the marks of several assessors become one, who marks what,
and how a committee votes. Data only."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from qtoolkit.errors import clip
from qtoolkit.language import Text, say
from qtoolkit.models import BilingualText, Flag, Identifier, Model, Share, SomePoints, wrong

How = Literal["mean", "median", "trimmed", "drop"]
_FRACTION = re.compile(r"\s*([0-9]{1,6})\s*(?:[/／]\s*([0-9]{1,6})\s*)?")
_PERCENT = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*[%％]\s*")


def _share(value: Any) -> str:
    """A share as a fraction in its lowest terms: "2/3", 0.6 or "60%"."""
    fraction = None
    if isinstance(value, str) and (found := _FRACTION.fullmatch(value)) and int(found[2] or 1):
        fraction = Fraction(int(found[1]), int(found[2] or 1))
    elif isinstance(value, str) and (found := _PERCENT.fullmatch(value)):
        fraction = Fraction(found[1]) / 100
    elif isinstance(value, int | float) and not isinstance(value, bool):
        # as it is written: .6 is three fifths
        fraction = Fraction(repr(value)) if abs(value) <= 1 else None
    if fraction is None or not 0 < fraction <= 1:
        raise wrong(
            say(
                zh='赞成比例为“{found}”，应为分数（如 "2/3"）、百分数或大于 0、不大于 1 的小数',
                en='the share of votes is “{found}”, expected a fraction such as "2/3", a '
                "percentage, or a number above 0 and at most 1",
                found=clip(value),
            )
        )
    return str(fraction)


class Marking(Model):
    """How the marks that several assessors give one item become one.

    `how`: their mean, their median, the mean without the share `trim` at each end (截尾平均), or
    without the `drop` highest and as many lowest (去掉最高分和最低分). `least`: how many assessors
    there should be; `spread`: how far apart their marks of one item may lie.
    """

    how: How = "mean"
    drop: int = Field(default=1, ge=1, le=100, strict=True)
    trim: Share = Field(default=0.2, lt=0.5)
    least: int | None = Field(default=None, ge=1, strict=True)
    spread: SomePoints | None = None


class Assessor(Model):
    """Somebody who marks (评委, 打分人) or votes. `stages` are those at which he or she marks, and
    the ids of votes (of vetoes) in which he or she has one; without them, at all and in all.
    Without `units`, all of them but those from whom he or she withdraws (`recused`, 回避). Where
    nobody's `stages` name a vote, its voters need not be listed."""

    name: str = Field(min_length=1, max_length=64)
    group: str = Field(default="", max_length=64)
    stages: tuple[Identifier, ...] = ()
    units: tuple[str, ...] = ()
    recused: tuple[str, ...] = ()


class Panel(Marking):
    """The panels of a scheme. A stage under `stages` goes by what stands there alone; every other
    stage by what stands here. `step`: marks go in steps of so much (百分制评分每5分一档)."""

    step: SomePoints | None = None
    stages: dict[Identifier, Marking] = Field(default_factory=dict)
    assessors: tuple[Assessor, ...] = ()
    english: dict[str, str] = Field(
        default_factory=dict, description="English wording of names of assessors and groups"
    )

    def label(self, name: str) -> Text:
        """The name of an assessor or group in both languages."""
        return Text(name, self.english.get(name, name))

    def marking(self, stage: str) -> Marking:
        """How the marks of a stage become one."""
        return self.stages.get(stage, self)


class Vote(Model):
    """A vote (评审委员会投票) that a unit must carry: so large a `share` in favour, `of` all who
    voted, or of those who were for or against ("cast": without those who abstained). With `over`
    more than the share, else at least that; `members` is the size of a committee whose absent
    members count as not in favour, and goes with "all"."""

    name: BilingualText
    share: Annotated[str, BeforeValidator(_share)]
    over: Flag = False
    of: Literal["all", "cast"] = "all"
    members: int | None = Field(default=None, ge=1, strict=True)

    @model_validator(mode="after")
    def _members_of_all(self) -> Vote:
        if self.members is not None and self.of == "cast":
            raise wrong(
                Text(
                    "赞成比例按赞成与反对票之和计算时，不用 members",
                    "a share of the votes for and against (of: cast) takes no members",
                )
            )
        return self

    def carried(self, yes: int, no: int, abstained: int) -> bool:
        """Whether so many votes are enough.

        >>> from qtoolkit.language import same
        >>> vote = Vote(name=same("评审委员会投票"), share="2/3")
        >>> vote.carried(12, 6, 0), vote.carried(11, 6, 1)
        (True, False)
        """
        needed = Fraction(self.share) * self.counted(yes, no, abstained)
        return yes > needed if self.over else yes >= needed > 0

    def counted(self, yes: int, no: int, abstained: int) -> int:
        """Of how many votes the share is taken."""
        if self.of == "cast":
            return yes + no
        return max(self.members or 0, yes + no + abstained)
