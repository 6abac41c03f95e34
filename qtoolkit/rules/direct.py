"""直接评分: the raw value is points."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qtoolkit.language import Text
from qtoolkit.models import Positive
from qtoolkit.rules.base import Cells, LeafRule


class DirectRule(LeafRule):
    """The raw value is already points, out of `out_of` (the leaf's points if left out)."""

    kind: Literal["direct"]
    out_of: Positive | None = None

    place = 20
    word = "直接评分"
    in_points = True
    points_fields = ("out_of",)
    raw_is_points = True

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        return full - raw

    def sentence(self) -> Text:
        return Text("直接评分", "points given directly")

    def formula(self, cells: Cells) -> str:
        return f"{cells.full}-{cells.raw}"

    def limits(self, full: float) -> tuple[float | None, float | None]:
        return 0, full

    def full_marks(self) -> float | None:
        return self.out_of
