"""等次: named levels, each a share."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from qtoolkit.language import Text, listing, say
from qtoolkit.models import Share
from qtoolkit.rules.base import Cells, LeafRule, written


class LevelRule(LeafRule):
    """A checklist of named levels, each a share of full marks."""

    kind: Literal["level"]
    levels: dict[str, Share] = Field(min_length=1)
    english: dict[str, str] = Field(
        default_factory=dict, description="English wording of the levels"
    )

    place = 70
    word = "等次"
    is_of_words = True

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.levels)

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        return np.array([self.share_of(mark) for mark in raw], dtype=float)

    def share_of(self, mark: str | float) -> float:
        """The share of a level, NaN of an unknown one; of levels of several stages the value is
        their mean share already."""
        return self.levels.get(mark, np.nan) if isinstance(mark, str) else mark

    def sentence(self) -> Text:
        levels = listing(
            say(
                zh="{name}得{share:.0%}",
                en="{name} {share:.0%}",
                name=Text(name, self.english.get(name, name)),
                share=share,
            )
            for name, share in self.levels.items()
        )
        return say(zh="分档计分：{levels}", en="by level: {levels}", levels=levels)

    def formula(self, cells: Cells) -> str:
        parts = "+".join(
            f"EXACT({cells.raw},{quoted(name)})*{written(share)}"
            for name, share in self.levels.items()
        )
        return f"IF(ISNUMBER({cells.raw}),{cells.raw},{parts})"

    def is_linear(self) -> bool:
        return False

    def least_share(self) -> float:
        return min(self.levels.values())

    def reads(self, other: LeafRule, seen: set[Any] | None) -> bool:
        if not isinstance(other, LevelRule):
            return False
        known = set(self.levels) & set(other.levels)
        words = set(self.levels) | set(other.levels)
        if seen is not None:
            words = {mark for mark in seen if isinstance(mark, str)}
        return words <= known


def quoted(text: str) -> str:
    """A text in a formula; a literal may hold 255 characters."""
    pieces = [text[i : i + 200].replace('"', '""') for i in range(0, max(len(text), 1), 200)]
    return "&".join(f'"{piece}"' for piece in pieces)
