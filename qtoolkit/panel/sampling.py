"""Assessors drawn anew: what the scores would have been had other assessors of the same kind sat on
the panels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine.combining import least_marks
from qtoolkit.engine.core import leaf_scores
from qtoolkit.errors import InputError, WorkError
from qtoolkit.inputs.panels import Marking, Panel
from qtoolkit.inputs.ratings import Ratings, one_of_marks
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.language import Text, say
from qtoolkit.rules.base import BASELINE
from qtoolkit.simulation.sampling import Draws, check_draws

CELLS = 1 << 21  # marks that a chunk of draws holds
MOST = 256  # draws a chunk
ROUNDS = 200  # of draws in which a unit had too few marks and which are drawn again


@dataclass(frozen=True)
class StagePanel:
    """What a stage says of each cell: marks, which are drawn anew, and values of the table's own.

    marks : float (n, d, k), NaN where there is none
    given : float (n, d), what stands in the table, for cells that nobody marked; NaN for none
    groups : the places of the assessors of each group among the k
    weight : float (d,), what the stage counts in a leaf's value; NaN where it replaces it
    """

    marks: np.ndarray
    given: np.ndarray
    groups: tuple[np.ndarray, ...]
    weight: np.ndarray
    marking: Marking

    @cached_property
    def rated(self) -> np.ndarray:
        """Which cells have marks, (n, d)."""
        return np.asarray(~np.isnan(self.marks).all(axis=2))

    def as_it_is(self) -> np.ndarray:
        """The value of each cell under the assessors there are, (n, d)."""
        return np.where(self.rated, one_of_marks(self.marks, self.marking), self.given)

    def drawn(self, m: int, rng: np.random.Generator) -> np.ndarray:
        """The value of each cell under assessors drawn anew, (m, n, d); NaN where there is none."""
        if not self.groups:
            return np.repeat(self.given[None], m, axis=0)
        values = self._once(m, rng)
        for _ in range(ROUNDS):
            short = np.flatnonzero((np.isnan(values) & self.rated).any(axis=(1, 2)))
            if not short.size:
                return np.where(self.rated, values, self.given)
            values[short] = self._once(short.size, rng)
        raise WorkError(
            Text(
                "反复抽取评委后仍有考核对象评分不足，不能计算评委抽样的概率",
                "units keep having too few marks when assessors are drawn anew: no probabilities",
            )
        )

    def _once(self, m: int, rng: np.random.Generator) -> np.ndarray:
        """As :meth:`drawn`; NaN too where those drawn gave too few marks."""
        chosen = [
            group[rng.integers(0, group.size, (m, self._taken(group)))] for group in self.groups
        ]
        places = np.concatenate(chosen, axis=1)
        marks = np.moveaxis(self.marks[:, :, places], 2, 0)
        return one_of_marks(marks, self.marking)

    def _taken(self, group: np.ndarray) -> int:
        """How many of k assessors are drawn: k − 1 where the mean is taken, since the variance of
        the mean of so many is the unbiased one; else k."""
        return group.size - (self.marking.how == "mean")


@dataclass(frozen=True)
class PanelDraws(Draws):
    """Draws of assessors: points and cutoffs stay as they are."""

    leaves: tuple[Indicator, ...] = ()
    own: np.ndarray | None = None
    shares: np.ndarray | None = None
    moving: np.ndarray | None = None
    panels: tuple[StagePanel, ...] = ()

    def chunk(self, i: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Points (m, d) and leaf shares (m, n, d) of chunk i."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(i,)))
        m = min(self.size, self.count - i * self.size)
        points = np.tile(self.engine.points, (m, 1))
        return points, self.shares_of([panel.drawn(m, rng) for panel in self.panels], m), None

    def shares_of(self, values: list[np.ndarray], m: int) -> np.ndarray:
        """Shares of full marks (m, n, d) of what each stage says (m, n, d). Cells without
        marks, and those that hold a status, stay as they are."""
        if self.shares is None or self.own is None or self.moving is None:
            raise ValueError("draws without marks")
        raw = np.zeros((m, *self.moving.shape))
        for panel, drawn in zip(self.panels, values, strict=True):
            replaces = np.isnan(panel.weight) & ~np.isnan(drawn)
            more = np.nan_to_num(drawn) * np.nan_to_num(panel.weight)
            raw = np.where(replaces, drawn, raw + more)
        shares = np.repeat(self.shares[None], m, axis=0)
        for j in np.flatnonzero(self.moving.any(axis=0)).tolist():
            leaf, units = self.leaves[j], np.flatnonzero(self.moving[:, j])
            own = np.tile(self.own[units, j], m)
            slope, const = leaf.leaf_rule.lines(
                raw[:, units, j].ravel(), own, leaf.written_for, bool(leaf.scales)
            )
            full = leaf.full_points
            if full > 0:
                one = leaf_scores(slope, const, full) / full
                shares[:, units, j] = one.reshape(m, units.size)
        return shares


def draws_of_assessors(
    result: Assessment, ratings: Ratings, draws: int = 10_000, seed: int = 0
) -> PanelDraws:
    """Assessors of each panel (stage and group) drawn anew, with replacement, all marks of one
    together.

    Raises
    ------
    InputError
        Where a panel has one assessor, or its assessors mark too different units for being drawn as
        one panel; a number of draws or a seed that is none.
    """
    check_draws(draws, seed)
    stages = ["", *(stage.id for stage in result.scheme.stages)]
    panels = tuple(_panel(result, ratings, stage) for stage in stages)
    cells = sum(panel.marks.size for panel in panels)
    table = result.table
    own = np.stack(
        [
            (table.baselines if leaf.leaf_rule.own is BASELINE else table.targets)[:, j]
            for j, leaf in enumerate(result.scheme.leaves)
        ],
        axis=1,
    )
    return PanelDraws(
        engine=result.engine,
        area=None,
        errors=None,
        jitter=0,
        count=draws,
        size=int(np.clip(CELLS // max(cells, 1), 1, MOST)),
        seed=seed,
        leaves=result.scheme.leaves,
        own=own,
        shares=np.nan_to_num(result.matrix.to_numpy(float)),
        moving=np.any([panel.rated for panel in panels], axis=0) & (table.status == VALUE),
        panels=panels,
    )


def _panel(result: Assessment, ratings: Ratings, stage: str) -> StagePanel:
    """What a stage says of the units of an assessment; "" is what items without stages have."""
    scheme, units = result.scheme, list(result.table.units)
    frame = ratings.at(stage).frame
    frame = frame[frame["unit"].isin(units)]
    assessors = list(dict.fromkeys(frame["assessor"]))
    ids = [leaf.id for leaf in scheme.leaves]
    marks = np.full((len(units), len(ids), len(assessors)), np.nan)
    at = [
        pd.Index(known).get_indexer(frame[column])
        for known, column in ((units, "unit"), (ids, "item"), (assessors, "assessor"))
    ]
    marks[tuple(at)] = frame["score"].to_numpy(float)
    first = frame.drop_duplicates("assessor").set_index("assessor")["group"].reindex(assessors)
    groups = tuple(np.flatnonzero(first == group) for group in dict.fromkeys(first))
    panel = scheme.panel or Panel()
    marking = panel.marking(stage)
    made = StagePanel(marks, _given(result, stage), groups, _weights(scheme, stage), marking)
    for group in groups:
        _check_panel(made, group, ratings.name)
    return made


def _check_panel(panel: StagePanel, group: np.ndarray, name: str) -> None:
    """Refuse a panel that cannot be drawn anew."""
    given = ~np.isnan(panel.marks[:, :, group])
    marked = given.any(axis=(1, 2))
    shares = given[marked].any(axis=1).mean(axis=1)
    least = least_marks(panel.marking.how, panel.marking.drop)
    if group.size < 2 or group.size < least:
        text = say(
            zh="{name}：一个评审组只有{k}名评委，不能抽样计算评委更换的影响",
            en="{name}: a panel of {k:assessor|assessors} cannot be drawn anew",
            name=name,
            k=int(group.size),
        )
        raise InputError(text)
    if (shares < 0.5).any():
        text = say(
            zh="{name}：同一评审组的评委各评各的对象，不能作为一个组抽样；请在 group 列写明评审组",
            en="{name}: the assessors of a panel mark different units and cannot be drawn as one: "
            "say in column group who sat together",
            name=name,
        )
        raise InputError(text)


def _weights(scheme: Scheme, stage: str) -> np.ndarray:
    """What a stage counts in each leaf's value (d,): as the leaf says; 1 of a correction; NaN where
    the stage replaces what there is."""
    effects = {s.id: s.effect for s in scheme.stages}
    if effects.get(stage, "part") != "part":
        one = np.nan if effects[stage] == "replaces" else 1.0
        return np.full(len(scheme.leaves), one)
    return np.array([(leaf.stages or {"": 1.0}).get(stage, 0.0) for leaf in scheme.leaves])


def _given(result: Assessment, stage: str) -> np.ndarray:
    """The numbers of a stage as they stand in the table (n, d), marks made one among them; NaN
    where there is none."""
    table, leaves = result.table, result.scheme.leaves
    cells = table.stages[stage] if stage else table.filed
    given = np.full(cells.shape, np.nan)
    for j, leaf in enumerate(leaves):
        if not leaf.leaf_rule.is_of_words and (stage or not leaf.stages):
            given[:, j] = pd.to_numeric(pd.Series(cells[:, j]), errors="coerce").to_numpy(float)
    return given
