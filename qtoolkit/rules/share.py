"""得分率: the raw value is the share already."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qtoolkit.language import Text
from qtoolkit.rules.base import Cells, LeafRule


class ShareRule(LeafRule):
    """The raw value is already the share of full marks, in [0, 1] (得分率)."""

    kind: Literal["share"] = "share"

    place = 10
    word = "得分率"

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        return raw

    def sentence(self) -> Text:
        return Text("得分率乘以分值", "share of full marks times points")

    def formula(self, cells: Cells) -> str:
        return cells.raw

    def limits(self, full: float) -> tuple[float | None, float | None]:
        return 0, 1
