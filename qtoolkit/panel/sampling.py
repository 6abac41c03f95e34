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
from qtoolkit.inputs.scheme import Indicator
from qtoolkit.language import Text, say
from qtoolkit.rules.base import BASELINE
from qtoolkit.simulation.sampling import Draws

CELLS = 1 << 21  # marks that a chunk of draws holds
MOST = 256  # draws a chunk
ROUNDS = 200  # of draws in which a unit had too few marks and which are drawn again


@dataclass(frozen=True)
class StagePanel:
    """The marks of one stage as arrays.

    marks : float (n, d, k), NaN where there is none
    groups : the places of the assessors of each group among the k
    weight : float (d,), what the stage counts in a leaf's value; NaN where it replaces it
    """

    marks: np.ndarray
    groups: tuple[np.ndarray, ...]
    weight: np.ndarray
    marking: Marking

    @cached_property
    def rated(self) -> np.ndarray:
        """Which cells have marks, (n, d)."""
        return np.asarray(~np.isnan(self.marks).all(axis=2))

    def drawn(self, m: int, rng: np.random.Generator) -> np.ndarray:
        """One mark of each cell under assessors drawn anew, (m, n, d); NaN where none was given."""
        values = self._once(m, rng)
        for _ in range(ROUNDS):
            short = np.flatnonzero((np.isnan(values) & self.rated).any(axis=(1, 2)))
            if not short.size:
                return values
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
    fixed: np.ndarray | None = None
    shares: np.ndarray | None = None
    panels: tuple[StagePanel, ...] = ()

    def chunk(self, i: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Points (m, d) and leaf shares (m, n, d) of chunk i."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(i,)))
        m = min(self.size, self.count - i * self.size)
        points = np.tile(self.engine.points, (m, 1))
        return points, self.shares_of([panel.drawn(m, rng) for panel in self.panels], m), None

    def shares_of(self, values: list[np.ndarray], m: int) -> np.ndarray:
        """Shares of full marks (m, n, d) of marks by panel (m, n, d); what nobody marked stays as
        it is."""
        if self.fixed is None or self.shares is None or self.own is None:
            raise ValueError("draws without marks")
        raw = np.repeat(self.fixed[None], m, axis=0)
        rated = np.zeros(self.fixed.shape, bool)
        for panel, drawn in zip(self.panels, values, strict=True):
            replaces = np.isnan(panel.weight)
            known = panel.rated & ~replaces
            raw += np.where(known, np.nan_to_num(drawn) * np.nan_to_num(panel.weight), 0.0)
            raw = np.where(panel.rated & replaces, drawn, raw)
            rated |= panel.rated
        shares = np.repeat(self.shares[None], m, axis=0)
        for j in np.flatnonzero(rated.any(axis=0)).tolist():
            leaf, units = self.leaves[j], np.flatnonzero(rated[:, j])
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
        one panel.
    """
    fixed, replaced = _fixed(result, ratings)
    panels = tuple(_panel(result, ratings, stage, replaced) for stage in ratings.stages)
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
        fixed=fixed,
        shares=np.nan_to_num(result.matrix.to_numpy(float)),
        panels=panels,
    )


def _panel(result: Assessment, ratings: Ratings, stage: str, replaced: np.ndarray) -> StagePanel:
    """The marks of a stage on the units of an assessment, but for cells (n, d) that the table's own
    later stages replace."""
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
    marks[replaced] = np.nan
    first = frame.drop_duplicates("assessor").set_index("assessor")["group"].reindex(assessors)
    groups = tuple(np.flatnonzero(first == group) for group in dict.fromkeys(first))
    panel = scheme.panel or Panel()
    later = {s.id for s in scheme.stages if s.effect != "part"}
    weight = np.array(
        [np.nan if stage in later else leaf.stages.get(stage, 1.0) for leaf in scheme.leaves]
    )
    marking = panel.marking(stage)
    made = StagePanel(marks, groups, weight, marking)
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


def _fixed(result: Assessment, ratings: Ratings) -> tuple[np.ndarray, np.ndarray]:
    """What enters each cell's value from stages that nobody rated, and which cells such a stage
    replaces: both (n, d)."""
    table, scheme = result.table, result.scheme
    fixed, replaced = np.zeros(table.raw.shape), np.zeros(table.raw.shape, bool)
    unrated = [stage for stage in scheme.stages if stage.id not in set(ratings.stages)]
    for j, leaf in enumerate(scheme.leaves):
        if leaf.leaf_rule.is_of_words:
            continue
        for stage in unrated:
            column = pd.to_numeric(pd.Series(table.stages[stage.id][:, j]), errors="coerce")
            values = column.to_numpy(float)
            if stage.effect == "replaces":
                replaced[:, j] |= ~np.isnan(values)
            else:
                weight = leaf.stages.get(stage.id, 0.0) if stage.effect == "part" else 1.0
                fixed[:, j] += weight * np.nan_to_num(values)
    return fixed, replaced
