"""功效系数: from base marks at the unacceptable value to full marks at the satisfactory one."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from qtoolkit.language import Text, say
from qtoolkit.models import Number, Share, wrong
from qtoolkit.rules.base import Cells, Direction, LeafRule, clipped, written


class EfficacyRule(LeafRule):
    """功效系数: base + (1 − base)·(raw − unacceptable) / (satisfactory − unacceptable), cut at both
    ends."""

    kind: Literal["efficacy"]
    unacceptable: Number
    satisfactory: Number
    base: Share = 0.6

    place = 40
    word = "功效系数"
    ends = ("unacceptable", "satisfactory")
    takes_logarithms = True

    @model_validator(mode="after")
    def _ends(self) -> EfficacyRule:
        if self.unacceptable == self.satisfactory:
            raise wrong(
                say(
                    zh="满意值（satisfactory）与不允许值（unacceptable）不能相等，"
                    "现均为 {value:.10g}",
                    en="satisfactory and unacceptable must differ, both are {value:.10g}",
                    value=self.satisfactory,
                )
            )
        return self

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        span = self.satisfactory - self.unacceptable
        return self.base + (1 - self.base) * np.clip((raw - self.unacceptable) / span, 0, 1)

    def sentence(self) -> Text:
        return say(
            zh="功效系数：不允许值{low:g}得满分的{base:.0%}，满意值{high:g}得满分，其间按比例，"
            "超出按端点计",
            en="efficacy: {low:g} earns {base:.0%} of full marks, {high:g} full marks, in "
            "proportion between, as at the ends beyond",
            low=self.unacceptable,
            base=self.base,
            high=self.satisfactory,
        )

    def formula(self, cells: Cells) -> str:
        low, high, base = map(written, (self.unacceptable, self.satisfactory, self.base))
        return f"{base}+(1-{base})*" + clipped(f"({cells.raw}-({low}))/(({high})-({low}))")

    def scored_between(self) -> tuple[float, float]:
        low, high = sorted((self.unacceptable, self.satisfactory))
        return low, high

    def least_share(self) -> float:
        return self.base

    @property
    def better(self) -> Direction:
        return "higher" if self.satisfactory > self.unacceptable else "lower"

    @property
    def largest(self) -> float:
        return max(self.unacceptable, self.satisfactory)
