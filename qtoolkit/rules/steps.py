"""分段: a table of values from which shares are given."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from qtoolkit.language import Text, listing, say
from qtoolkit.models import Flag, Model, Number, Share, wrong
from qtoolkit.rules.base import Cells, Direction, LeafRule, listed, written


class Step(Model):
    """From the value `at` on, the share is `share`."""

    at: Number
    share: Share


class StepsRule(LeafRule):
    """A piecewise table. The share of the last step that the raw value reaches (0 before the
    first); with `interpolate`, straight lines between the steps."""

    kind: Literal["steps"]
    table: tuple[Step, ...] = Field(min_length=1)
    interpolate: Flag = False

    place = 80
    word = "分段"

    @model_validator(mode="after")
    def _rising(self) -> StepsRule:
        ats = [step.at for step in self.table]
        if any(b <= a for a, b in itertools.pairwise(ats)):
            raise wrong(
                say(
                    zh="各行的 at 应从小到大、不得重复，现为{ats}",
                    en="the values of at must rise from row to row, found {ats}",
                    ats=listing(f"{at:.10g}" for at in ats),
                )
            )
        return self

    def marks(self, raw: np.ndarray, own: np.ndarray, full: float) -> np.ndarray:
        at = np.array([step.at for step in self.table])
        share = np.array([step.share for step in self.table])
        if self.interpolate:
            return np.interp(raw, at, share)
        reached = (raw[:, None] >= at).sum(axis=1)
        return np.concatenate([[0.0], share])[reached]

    def sentence(self) -> Text:
        steps = listing(
            say(zh="{at:g}起{share:.0%}", en="from {at:g} {share:.0%}", at=s.at, share=s.share)
            for s in self.table
        )
        text = say(zh="分段计分：{at}", en="by steps: {at}", at=steps)
        if not self.interpolate:
            return text
        return say(zh="{text}，其间按比例", en="{text}, in proportion between", text=text)

    def formula(self, cells: Cells) -> str:
        raw, first = cells.raw, self.table[0]
        at, share = ([getattr(step, name) for step in self.table] for name in ("at", "share"))
        start = f"LOOKUP({raw},{listed(at)},{listed(share)})"
        if not self.interpolate:
            return f"IF({raw}<{written(first.at)},0,{start})"
        rises = [(b.share - a.share) / (b.at - a.at) for a, b in itertools.pairwise(self.table)]
        rise = f"LOOKUP({raw},{listed(at)},{listed([*rises, 0.0])})"
        past = f"({raw}-LOOKUP({raw},{listed(at)},{listed(at)}))"
        return f"IF({raw}<={written(first.at)},{written(first.share)},{rise}*{past}+{start})"

    def is_linear(self) -> bool:
        return False

    def least_share(self) -> float:
        return min(step.share for step in self.table) if self.interpolate else 0.0

    @property
    def better(self) -> Direction:
        return "higher" if self.table[-1].share >= self.table[0].share else "lower"
