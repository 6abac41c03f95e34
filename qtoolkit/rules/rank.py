"""位次: by place among the units assessed."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qtoolkit.engine.core import rank
from qtoolkit.language import Text, say
from qtoolkit.models import Share
from qtoolkit.rules.base import BETTER, Cells, Direction, LeafRule, written


class RankRule(LeafRule):
    """Set-dependent: 1 for the first of the units assessed, `last` for the last, equal steps
    between; ties share the better place."""

    kind: Literal["rank"]
    direction: Direction = "higher"
    last: Share = 0.0

    place = 120
    word = "位次"
    is_set_dependent = True

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        place = np.unique(raw, return_inverse=True)[1]  # raw values may be too large for ticks
        ahead = rank(self.sign * place) - 1
        return 1 - (1 - self.last) * ahead / max(len(raw) - 1, 1)

    def sentence(self) -> Text:
        return say(
            zh="按位次计分：第一名得满分，末位得满分的{last:.0%}，其间等距（{better}）",
            en="by rank: the first has full marks, the last {last:.0%}, equal steps between "
            "({better})",
            last=self.last,
            better=BETTER[self.direction],
        )

    def formula(self, cells: Cells) -> str:
        side = ">" if self.direction == "higher" else "<"
        ahead = f"SUMPRODUCT(ISNUMBER({cells.column})*({cells.column}{side}{cells.raw}))"
        return f"1-(1-{written(self.last)})*{ahead}/MAX(COUNT({cells.column})-1,1)"

    def is_linear(self) -> bool:
        return False

    def least_share(self) -> float:
        return self.last
