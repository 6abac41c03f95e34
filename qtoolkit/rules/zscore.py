"""标准分: by how many standard deviations a unit is from the mean."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qtoolkit.language import Text, say
from qtoolkit.models import Positive, Share
from qtoolkit.rules.base import BETTER, Cells, Direction, LeafRule, clipped, written


class ZscoreRule(LeafRule):
    """Set-dependent: center + spread·z, cut at 0 and 1; z = (raw − mean) / sd of the units
    assessed, sd with n − 1."""

    kind: Literal["zscore"]
    center: Share
    spread: Positive
    direction: Direction = "higher"

    place = 110
    word = "标准分"
    is_set_dependent = True
    takes_logarithms = True

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        differ = len(raw) > 0 and raw.min() < raw.max()  # a float sd of equal values need not be 0
        z = (raw - raw.mean()) / raw.std(ddof=1) if differ else np.zeros(len(raw))
        return np.clip(self.center + self.spread * self.sign * z, 0, 1)

    def sentence(self) -> Text:
        return say(
            zh="标准分：参评单位平均水平得满分的{center:.0%}，"
            "每差一个标准差增减{spread:.1%}（{better}）",
            en="z-score: the mean of the units assessed has {center:.0%} of full marks, each "
            "standard deviation {spread:.1%} more or less ({better})",
            center=self.center,
            spread=self.spread,
            better=BETTER[self.direction],
        )

    def formula(self, cells: Cells) -> str:
        column = cells.column
        z = f"({cells.raw}-AVERAGE({column}))/STDEV({column})"
        z = f"IF(MIN({column})<MAX({column}),{z},0)"
        step = f"{'+' if self.sign > 0 else '-'}{written(self.spread)}"
        return clipped(f"{written(self.center)}{step}*{z}")
