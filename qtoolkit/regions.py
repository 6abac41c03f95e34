"""Regions of points: how far the points of a scheme may move while their sum is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtoolkit.engine.box import greedy
from qtoolkit.errors import InputError
from qtoolkit.language import Text, say


@dataclass(frozen=True)
class Box:
    """Each indicator's points within ±`relative` of nominal, the sum kept.

    This is not "random noise, then renormalise": every point of the region counts, and none lies outside the band.

    >>> Box(relative=0.1).bounds(np.array([60.0, 40.0]))[0].tolist()
    [54.0, 36.0]
    """

    relative: float

    def __post_init__(self) -> None:
        if not (isinstance(self.relative, int | float) and 0 <= self.relative <= 1):
            text = say(
                zh="分值浮动幅度应在 0 与 1 之间（0.1 即 ±10%），现为 {found}",
                en="the band of points must lie between 0 and 1 (0.1 is ±10%), found {found}",
                found=self.relative,
            )
            raise InputError(text)

    def bounds(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of each leaf's points."""
        return points * (1 - self.relative), points * (1 + self.relative)

    def maximise(self, c: np.ndarray, points: np.ndarray) -> np.ndarray:
        """For each row of c (n, d), the points of the region at which c·p is greatest: (n, d). Exact."""
        return greedy(c, *self.bounds(points), float(points.sum()))

    def describe(self) -> Text:
        """The region in words."""
        return say(
            zh="各指标分值在现行分值上下 {band:.4g}% 以内浮动，总分不变",
            en="each indicator's points within ±{band:.4g}% of its present points, the total kept",
            band=100 * self.relative,
        )
