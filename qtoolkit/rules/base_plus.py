"""基础加增量: base marks, and more for each step above the baseline."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from qtoolkit.language import Text, say
from qtoolkit.models import Nonnegative, Number, Positive, Share, wrong
from qtoolkit.rules.base import BASELINE, ON_THE_LINE, Cells, Direction, LeafRule, each, written


class BasePlusRule(LeafRule):
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

    place = 90
    word = "基础加增量"
    own = BASELINE

    @model_validator(mode="after")
    def _falling(self) -> BasePlusRule:
        if self.below is not None and self.below > self.base:
            raise wrong(
                say(
                    zh="below（低于基期时的得分率，{below:.10g}）"
                    "不应高于基础分 base（{base:.10g}）",
                    en="below (the share short of the baseline, {below:.10g}) must not exceed base "
                    "({base:.10g})",
                    below=self.below,
                    base=self.base,
                )
            )
        return self

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        gained = (raw - self.compared_with(own)) * self.sign
        share = np.minimum(self.base + self.gain / self.per * np.maximum(gained, 0), 1)
        return share if self.below is None else np.where(gained < -ON_THE_LINE, self.below, share)

    def sentence(self) -> Text:
        higher = self.direction == "higher"
        return say(
            zh="{start}；比基期每{better}{per:g}加满分的{gain:.1%}，最高得满分",
            en="{start}; {gain:.1%} more for each {per:g} {better} the baseline, at most full "
            "marks",
            start=self._start(Text("低于", "below") if higher else Text("高于", "above")),
            gain=self.gain,
            per=self.per,
            better=Text("提高", "above") if higher else Text("降低", "below"),
        )

    def _start(self, worse: Text) -> Text:
        """Who has the base marks, and what a unit short of the baseline has."""
        if self.below is None:
            return say(
                zh="不论是否{worse}基期，基础分均为满分的{base:.0%}",
                en="{base:.0%} of full marks for all, those {worse} the baseline included",
                worse=worse,
                base=self.base,
            )
        less = (
            say(zh="得满分的{below:.0%}", en="{below:.0%} of them", below=self.below)
            if self.below
            else Text("不得分", "nothing")
        )
        return say(
            zh="不{worse}基期的，基础分为满分的{base:.0%}，{worse}基期的{less}",
            en="{base:.0%} of full marks for a unit not {worse} the baseline, {less} for one "
            "{worse} it",
            worse=worse,
            base=self.base,
            less=less,
        )

    def is_linear(self) -> bool:
        return self.below is None

    def formula(self, cells: Cells) -> str:
        sides = (cells.raw, f"({self.compared_cell(cells)})")
        ahead, behind = sides if self.direction == "higher" else reversed(sides)
        gained = f"({ahead}-{behind})"
        gain = each(self.gain, self.per)
        share = f"MIN(1,{written(self.base)}+{gain}*MAX(0,{gained}))"
        return share if self.below is None else f"IF({gained}<-1E-12,{written(self.below)},{share})"

    def least_share(self) -> float:
        return self.base if self.below is None else self.below
