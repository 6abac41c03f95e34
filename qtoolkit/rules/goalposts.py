"""区间: in proportion between two fixed ends."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from qtoolkit.language import Text, say
from qtoolkit.models import Number, wrong
from qtoolkit.rules.base import Cells, Direction, LeafRule, clipped, written


class GoalpostsRule(LeafRule):
    """Min–max between fixed ends, cut at them: (raw − low) / (high − low), or one less it when
    lower is better."""

    kind: Literal["goalposts"]
    low: Number
    high: Number
    direction: Direction = "higher"

    place = 30
    word = "区间"
    ends = ("low", "high")
    takes_logarithms = True

    @model_validator(mode="after")
    def _ends(self) -> GoalpostsRule:
        if not self.low < self.high:
            raise wrong(
                say(
                    zh="low（{low:.10g}）应小于 high（{high:.10g}）；"
                    "数值越小越好时请写 direction: lower",
                    en="low ({low:.10g}) must be below high ({high:.10g}); where less is better "
                    "write direction: lower",
                    low=self.low,
                    high=self.high,
                )
            )
        return self

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        share = np.clip((raw - self.low) / (self.high - self.low), 0, 1)
        return share if self.direction == "higher" else 1 - share

    def sentence(self) -> Text:
        ends = (self.low, self.high) if self.direction == "higher" else (self.high, self.low)
        return say(
            zh="由{zero:g}（零分）到{full:g}（满分）按比例计分，超出按端点计",
            en="in proportion from {zero:g} (nothing) to {full:g} (full marks), as at the ends "
            "beyond",
            zero=ends[0],
            full=ends[1],
        )

    def formula(self, cells: Cells) -> str:
        low, high = written(self.low), written(self.high)
        share = clipped(f"({cells.raw}-({low}))/(({high})-({low}))")
        return share if self.direction == "higher" else f"1-{share}"

    def scored_between(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def largest(self) -> float:
        return self.high
