"""完成率: the share of a target that is reached."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qtoolkit.language import Text, say
from qtoolkit.models import Positive, Share
from qtoolkit.rules.base import ON_THE_LINE, TARGET, Cells, Direction, LeafRule, clipped, written


class TargetRule(LeafRule):
    """The share of the target that is reached, at most 1; nothing below `floor`. The target is the
    unit's own (column target:<leaf>) or `target`."""

    kind: Literal["target"]
    target: Positive | None = None
    direction: Direction = "higher"
    floor: Share | None = None

    place = 50
    word = "完成率"
    own = TARGET
    divides_by_own = True

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        target = self.compared_with(own)
        with np.errstate(divide="ignore"):
            reached = (
                raw / target
                if self.direction == "higher"
                else np.where(raw <= target, 1.0, target / raw)
            )
        share = np.clip(reached, 0, 1)
        if self.floor is None:
            return share
        return np.where(share >= self.floor - ON_THE_LINE, share, 0.0)

    def sentence(self) -> Text:
        text = Text(
            "按目标值完成率计分，最高得满分",
            "the share of the target that is reached, at most full marks",
        )
        if self.floor is None:
            return text
        return say(
            zh="{text}；完成率不足{floor:.0%}不得分",
            en="{text}; nothing below {floor:.0%}",
            text=text,
            floor=self.floor,
        )

    def is_linear(self) -> bool:
        return self.direction == "higher" and self.floor is None

    def formula(self, cells: Cells) -> str:
        target = self.compared_cell(cells)
        share = (
            clipped(f"{cells.raw}/({target})")
            if self.direction == "higher"
            else f"IF({cells.raw}<={target},1,{clipped(f'({target})/{cells.raw}')})"
        )
        if self.floor is None:
            return share
        return f"IF({share}>={written(self.floor)}-1E-12,{share},0)"
