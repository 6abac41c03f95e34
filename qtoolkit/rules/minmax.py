"""极差: between the least and the greatest value of the units assessed."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qtoolkit.language import Text, say
from qtoolkit.models import Share
from qtoolkit.rules.base import BETTER, Cells, Direction, LeafRule, written


class MinmaxRule(LeafRule):
    """Set-dependent: (raw − least) / (greatest − least) of the units assessed, or one less it when
    lower is better; `when_equal` where all have the same value."""

    kind: Literal["minmax"]
    direction: Direction = "higher"
    when_equal: Share = 1.0

    place = 100
    word = "极差"
    is_set_dependent = True
    takes_logarithms = True

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        least, greatest = raw.min(initial=np.inf), raw.max(initial=-np.inf)
        if not least < greatest:
            return np.full(len(raw), self.when_equal)
        ahead = raw - least if self.direction == "higher" else greatest - raw
        return ahead / (greatest - least)

    def sentence(self) -> Text:
        return say(
            zh="极差法：参评单位中最好的得满分，最差的得零分，其间按比例（{better}）",
            en="min–max: the best of the units assessed has full marks, the worst nothing, in "
            "proportion between ({better})",
            better=BETTER[self.direction],
        )

    def formula(self, cells: Cells) -> str:
        least, greatest = f"MIN({cells.column})", f"MAX({cells.column})"
        ahead = (
            f"({cells.raw}-{least})" if self.direction == "higher" else f"({greatest}-{cells.raw})"
        )
        share = f"{ahead}/({greatest}-{least})"
        return f"IF({least}<{greatest},{share},{written(self.when_equal)})"
