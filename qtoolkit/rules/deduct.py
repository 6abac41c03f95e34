"""扣分: points off for each thing missing, or for each step short of a target."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qtoolkit.language import Text, say
from qtoolkit.models import Flag, Nonnegative, Number, Positive
from qtoolkit.rules.base import (
    NOTHING_LEFT,
    ON_THE_LINE,
    TARGET,
    Cells,
    Direction,
    LeafRule,
    each,
    written,
)


class DeductRule(LeafRule):
    """Full marks less `rate` points for each `per` of the raw value (a count of things missing) or,
    with a target, for each `per` by which the raw value misses it. No more than `most` points are
    taken off; from `zero_at` on (of what is missing) nothing is left (没有制定不得分)."""

    kind: Literal["deduct"]
    rate: Nonnegative
    per: Positive = 1.0
    most: Positive | None = None
    zero_at: Positive | None = None
    target: Number | None = None
    own_target: Flag = False
    direction: Direction = "higher"

    place = 60
    word = "扣分"
    in_points = True
    points_fields = ("rate", "most")
    own = TARGET

    def compares(self) -> bool:
        return self.own_target or self.target is not None

    def asks_own(self) -> bool:
        return self.own_target

    def measure(self) -> tuple[bool, bool]:
        return self.own_target, self.target is None

    @property
    def better(self) -> Direction:
        return self.direction if self.compares() else "lower"

    def is_linear(self) -> bool:
        return self.zero_at is None

    def limits(self, full: float) -> tuple[float | None, float | None]:
        return (None, None) if self.compares() else (0, None)

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        short = raw
        if self.compares():
            target = self.compared_with(own)
            short = target - raw if self.direction == "higher" else raw - target
        lost = self.rate / self.per * np.maximum(short, 0)
        lost = lost if self.most is None else np.minimum(lost, self.most)
        if self.zero_at is None:
            return lost
        return np.where(short >= self.zero_at - ON_THE_LINE, np.inf, lost)

    def sentence(self) -> Text:
        to_target = self.compares()
        text = say(
            zh="每{what}{per:g}{of}扣{rate:g}分，{end}",
            en="{rate:g} points off for each {per:g}{of} {what}, {end}",
            what=Text("比目标值差", "short of the target by")
            if to_target
            else Text("缺", "missing"),
            of=Text("", "") if to_target else Text("项", ""),
            per=self.per,
            rate=self.rate,
            end=Text("扣完为止", "down to nothing")
            if self.most is None
            else say(zh="最多扣{most:g}分", en="at most {most:g}", most=self.most),
        )
        if self.zero_at is None:
            return text
        return say(
            zh="{text}；{what}达到{n:g}不得分",
            en="{text}; nothing from {n:g} {what} on",
            text=text,
            n=self.zero_at,
            what=Text("相差", "short") if to_target else Text("缺项", "missing"),
        )

    def formula(self, cells: Cells) -> str:
        short = cells.raw
        if self.compares():
            target = self.compared_cell(cells)
            short = (
                f"({target}-{cells.raw})"
                if self.direction == "higher"
                else f"({cells.raw}-({target}))"
            )
        lost = f"{each(self.rate, self.per)}*MAX(0,{short})"
        if self.most is not None:
            lost = f"MIN({written(self.most)},{lost})"
        if self.zero_at is None:
            return lost
        return f"IF({short}>={written(self.zero_at)}-1E-12,{NOTHING_LEFT},{lost})"
