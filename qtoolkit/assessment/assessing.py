"""One assessment with labels: scores, ranks, grades, what set each grade, and what the reader must
know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, get_args

import numpy as np
import pandas as pd

from qtoolkit.assessment.build import build, inner_nodes, winsorised
from qtoolkit.assessment.flags import flags_of
from qtoolkit.display import ROWS, SYNTHETIC, Card, Shown, sizes
from qtoolkit.engine import (
    Engine,
    finish,
    from_ticks,
    grade,
    held,
    node_scores,
    rank,
    score,
    set_grades,
    steps,
)
from qtoolkit.engine.ticks import NO_LINE, UNREACHABLE, Rounding
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import Complaint, InputError, nearest, one_of, unexpected
from qtoolkit.inputs.changes import change, keys_by_id, quota_of
from qtoolkit.inputs.scheme import PLACED, Scheme, Spread
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.inputs.table import Table, table_of_frame, unit_of
from qtoolkit.language import Text, listing, say
from qtoolkit.lines import HowLines, LinesSaid, lines_said


@dataclass(frozen=True, repr=False)
class Assessment(Shown):
    """The result of :func:`assess`. All tables are indexed by unit; leaves are columns in the order
    of the tree.

    Attributes
    ----------
    scheme, table, engine
        What was assessed, and the arrays that did it.
    base : Series of int
        Base scores in ticks of 1e-10 points: before bonus, cap and rounding of the total.
    scores : Series of float
        Published scores in points.
    ranks : Series of int
        Competition ranks ("1-1-3") on the score that the scheme ranks on.
    grades : ordered categorical Series
        The best grade is the greatest.
    origin : Assessment or None
        Whose lines are held here, where lines that follow from the scores stand still.
    """

    card_title: ClassVar[Text] = Text("评分与定级的结果", "An assessment")

    scheme: Scheme
    table: Table
    engine: Engine
    base: pd.Series
    scores: pd.Series
    ranks: pd.Series
    grades: pd.Series
    origin: Assessment | None = None

    def card(self) -> Card:
        """Sizes, counts of grades, flags, and the units whose base scores lie nearest to a
        threshold."""
        tally = self.grades.value_counts()
        counts = {grade.id: int(tally.get(grade.id, 0)) for grade in self.scheme.grades}
        graded = listing(
            say(zh="{grade}{n}家", en="{grade}: {n}", grade=grade.label, n=counts[grade.id])
            for grade in self.scheme.grades
        )
        facts = [
            self.scheme.name,
            sizes(len(self.scores), len(self.scheme.leaves), self.scheme.total),
            say(zh="初评等级：{graded}", en="Computed grades: {graded}", graded=graded),
            say(zh="提示{n}条：.flags", en="{n:flag|flags}: .flags", n=len(self.flags)),
        ]
        facts += lines_said(self.lines)
        away = np.abs(self.base.to_numpy()[:, None] - self.fixed.engine.thresholds)
        nearest_first = in_order(from_ticks(away.min(axis=1, initial=UNREACHABLE)), falling=False)
        frame = pd.DataFrame(
            {
                "rank": self.ranks,
                "score": self.scores,
                "grade": self.grades.astype(object),
                "to_threshold": from_ticks(away.min(axis=1, initial=UNREACHABLE)),
            }
        )
        return Card(
            self.card_title,
            f"{self.scheme.id}, {len(self.scores)} units × {len(self.scheme.leaves)} indicators, "
            + ", ".join(f"{grade} {n}" for grade, n in counts.items()),
            [*facts, SYNTHETIC] if self.scheme.synthetic else facts,
            frame.iloc[nearest_first].head(ROWS),
            len(frame),
            "steps",
            ("scores", "ranks", "grades", "matrix", "contributions", "nodes", "flags"),
        )

    @property
    def units(self) -> pd.DataFrame:
        """Names in both languages (zh, en) and covariates of each unit."""
        names = pd.DataFrame(
            {
                "zh": [label.zh for label in self.table.labels],
                "en": [label.en for label in self.table.labels],
            },
            index=self.scores.index,
        )
        return names.join(self.table.covariates)

    @cached_property
    def labels(self) -> dict[str, Text]:
        """Each unit's name in both languages."""
        return dict(zip(self.table.units, self.table.labels, strict=True))

    @property
    def cutoffs(self) -> pd.DataFrame:
        """The lines that each unit is graded by, in points of the published score, best grade
        first: those of its class, or the present natural breaks. A grade that goes by places has
        the line that it asks for besides; −∞ where there is none. That of the last grade is 0."""
        ticks = self.engine.cutoffs[:, ::-1]
        lines = np.where(ticks == NO_LINE, -np.inf, from_ticks(ticks))
        last = np.zeros((len(lines), 1))
        columns = [grade.id for grade in self.scheme.grades]
        return pd.DataFrame(np.append(lines, last, axis=1), self.scores.index, columns)

    @cached_property
    def fixed(self) -> Assessment:
        """The same grades by lines that stand still, at the points where these scores put them;
        itself where they stand still already."""
        return self.what_if(lines="hold") if self.lines_move else self

    @property
    def lines_move(self) -> bool:
        """Whether the lines follow from the scores, and so move as points move: grades by place, by
        share or by natural breaks whose lines are not held."""
        return self.engine.lines_move

    @property
    def lines(self) -> LinesSaid | None:
        """`move` where the lines follow from the scores, `held` where such lines stand still; None
        where the scheme gives all lines in points."""
        if self.lines_move:
            return "move"
        return None if self.origin is None else "held"

    @property
    def grade_names(self) -> list[str]:
        """Grade ids, worst first (the codes of the engine)."""
        return [g.id for g in reversed(self.scheme.grades)]

    @cached_property
    def points(self) -> pd.Series:
        """Points of each leaf; they sum to the scheme's total."""
        return pd.Series(self.engine.points, index=self._leaf_ids, name="points")

    @cached_property
    def matrix(self) -> pd.DataFrame:
        """得分率: each leaf's score as a share of its points, in [0, 1]; NaN where the leaf is not
        scored."""
        points = self.engine.points
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = np.where(self.engine.const < 0, 0.0, np.clip(self.engine.slope, 0, 1))
            share = np.where(points > 0, self._leaves / points, limit)
        return self._frame(np.where(self.engine.tree.blank, np.nan, share))

    @cached_property
    def slope(self) -> pd.DataFrame:
        """Leaf score = slope·p + constant, cut at 0 and p."""
        return self._frame(self.engine.slope)

    @cached_property
    def constant(self) -> pd.DataFrame:
        """See `slope`."""
        return self._frame(self.engine.const)

    @cached_property
    def contributions(self) -> pd.DataFrame:
        """Points that each leaf brings to the base score; they sum to it.

        Where a node is not the plain sum of its children (a redistributed blank, a geometric mean,
        rounding), its score is attributed to them in proportion to theirs.
        """
        tree, d = self.engine.tree, len(self.points)
        values = np.concatenate([np.where(tree.blank, 0.0, self._leaves), self._inner], axis=1)
        factor = np.ones_like(values)
        for i in reversed(range(len(tree.children))):
            children = list(tree.children[i])
            below = values[:, children].sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.where(below > 0, values[:, d + i] / below, 0.0)
            factor[:, children] = (factor[:, d + i] * share)[:, None]
        return self._frame(values[:, :d] * factor[:, :d])

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """Scores of all nodes and leaves in points, in the order of the tree."""
        ids = [*self._leaf_ids, *(node.id for node in inner_nodes(self.scheme))]
        values = np.concatenate([self._leaves, self._inner[:, :-1]], axis=1)
        frame = pd.DataFrame(values, index=self.scores.index, columns=ids)
        return frame[[node.id for node in self.scheme.nodes]]

    @cached_property
    def steps(self) -> pd.DataFrame:
        """What each step did to each unit.

        Columns: base (points), then the change in points that each step of the finishing made, in
        the scheme's order (bonus, cap, late, floor, rounding), published; by_score (grade by the
        cutoffs alone, or by the places or natural breaks that the scheme goes by), grade, and
        set_by: "score", "veto:<id>", "quota" or "last" (among the last by rank).
        """
        e, base = self.engine, self.base.to_numpy()
        names, done = self.grade_names, steps(e, base)
        columns: dict[str, object] = {"base": from_ticks(base)}
        before = done.pop("base")
        for name, after in done.items():
            columns[name], before = from_ticks(after - before), after
        by_score = set_grades(e, base)
        columns |= {
            "published": self.scores.to_numpy(),
            "by_score": pd.Categorical.from_codes(by_score, names, ordered=True),
            "grade": self.grades.to_numpy(),
            "set_by": self._set_by(by_score),
        }
        return pd.DataFrame(columns, index=self.scores.index)

    def _set_by(self, by_score: np.ndarray) -> np.ndarray:
        """What set each grade: the score, or the veto, the quota or the last places that made it
        worse."""
        e, final = self.engine, self.grades.cat.codes.to_numpy()
        worse = final < by_score
        by_quota = grade(
            replace(e, rivals=tuple(s for s in e.rivals if not s.last)), self.base.to_numpy()
        )
        set_by = np.where(worse, np.where(by_quota > final, "last", "quota"), "score").astype(
            object
        )
        lowered = worse & (e.shift > 0) & (final == np.maximum(by_score - e.shift, 0))
        for v, veto in reversed(list(enumerate(self.scheme.vetoes))):
            if veto.lower is not None:
                set_by[self.table.vetoes[:, v] & lowered] = f"veto:{veto.id}"
        for v, veto in reversed(list(enumerate(self.scheme.vetoes))):
            if veto.cap is not None:
                hit = self.table.vetoes[:, v] & (final == self.grade_names.index(veto.cap))
                set_by[hit & worse] = f"veto:{veto.id}"
        return set_by

    @cached_property
    def approved(self) -> pd.Series:
        """审定等级: the approved grade where the table has one, else the computed one."""
        given = self.table.remarks.get("approved", pd.Series(None, self.scores.index, dtype=object))
        grades = given.where(given.notna(), self.grades.astype(object))
        return grades.astype(self.grades.dtype).rename("approved")

    @cached_property
    def converted(self) -> pd.Series | None:
        """Published scores in points of the wider assessment (折算分), None where the scheme
        converts none."""
        how = self.scheme.conversion
        if how is None:
            return None
        points = self.scores.to_numpy() * (how.points / self.scheme.total)
        return pd.Series(Rounding(how.decimals).points(points), self.scores.index, name="converted")

    @cached_property
    def treated(self) -> pd.DataFrame:
        """The log of the treatment of outliers: unit, indicator, raw, treated (before a logarithm),
        one row a cell."""
        rows = []
        for j, leaf in enumerate(self.scheme.leaves):
            if leaf.outliers is not None:
                at = np.flatnonzero(self.table.status[:, j] == VALUE)
                raw = self.table.raw[at, j].astype(float)
                new = winsorised(raw, leaf.outliers)
                rows += [
                    (self.table.units[at[i]], leaf.id, raw[i], new[i])
                    for i in np.flatnonzero(new != raw)
                ]
        return pd.DataFrame(rows, columns=["unit", "indicator", "raw", "treated"])

    def without(self, unit: str) -> Assessment:
        """The assessment of the other units alone: only set-dependent rules, means, quotas and
        ranks can then change."""
        left_out = unit_of(unit, self.table.units)
        if left_out is None:
            hint = nearest(unit, self.table.units)
            raise InputError(
                say(
                    zh="没有考核对象“{unit}”{hint}",
                    en="no unit “{unit}”{hint}",
                    unit=unit,
                    hint=hint,
                )
            )
        return self.anew(
            table=self.table.keep(np.array([name != left_out for name in self.table.units]))
        )

    @cached_property
    def flags(self) -> pd.DataFrame:
        """What the reader must know: columns kind, unit, indicator, text (both languages)."""
        return flags_of(self)

    def what_if(
        self,
        points: Mapping[str, float] | None = None,
        cutoffs: Mapping[str, float] | None = None,
        spread: Spread = "siblings",
        lines: HowLines | None = None,
    ) -> Assessment:
        """The same data under changed points or cutoffs; see `Scheme.replace`.

        Parameters
        ----------
        points, cutoffs, spread
            As `Scheme.replace` takes them.
        lines : "move" or "hold"
            Where grades go by place, by share or by natural breaks: whether their lines follow the
            new scores, or stay at the points at which these scores put them; as in this result if
            left out. Without any change, "hold" gives the same grades by lines that whatever is
            done with the result leaves where they are.

        Raises
        ------
        InputError
            As `Scheme.replace`.

        >>> import pandas as pd
        >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.5, 1.0]}, index=["甲", "乙"])
        >>> result = assess(Scheme.flat({"a": 60, "b": 40}, {"A": 80, "B": 0}), frame)
        >>> result.grades.tolist(), result.what_if(points={"a": 40}).grades.tolist()
        (['A', 'B'], ['B', 'A'])
        """
        if lines is not None and lines not in get_args(HowLines):
            raise InputError(unexpected(lines, one_of(get_args(HowLines)), "lines"))
        other = assess(self.scheme.replace(points, cutoffs, spread), self.table)
        if lines == "move" or (lines is None and self.origin is None):
            return other
        return other.by_lines_of(self.origin or self)

    def anew(self, scheme: Scheme | None = None, table: Table | None = None) -> Assessment:
        """Another scheme, or other data of these units or some of them, assessed as this was: by
        the same lines where they are held here."""
        other = assess(scheme or self.scheme, self.table if table is None else table)
        return other if self.origin is None else other.by_lines_of(self.origin)

    def by_lines_of(self, before: Assessment) -> Assessment:
        """The same scores, graded by the lines that the scores of another assessment, of these
        units or more, gave; itself where it had no such lines.

        Raises
        ------
        InputError
            A unit that the other assessment does not have: it has no line there.
        """
        if not before.lines_move:
            return self
        rows = before.scores.index.get_indexer(self.scores.index)
        if (rows < 0).any():
            text = say(
                zh="{units}不在分数线所依据的测算中，不能按其分数线定级",
                en="{units}: not in the assessment whose lines are held, so no line is known",
                units=listing(self.labels[unit] for unit in self.scores.index[rows < 0]),
            )
            raise InputError(text)
        engine = held(self.engine, before.base.to_numpy(), before.engine, rows)
        codes = grade(engine, self.base.to_numpy())
        return replace(
            self,
            engine=engine,
            origin=before,
            grades=pd.Series(
                pd.Categorical.from_codes(codes, self.grade_names, ordered=True),
                self.grades.index,
                name="grade",
            ),
        )

    def change(self, changes: Mapping[str, float | None]) -> Assessment:
        """The same data after dotted changes, such as {"cutoffs.A": 88, "grades.A.quota": 3}; see
        :func:`qtoolkit.inputs.changes.change`. Lines that are held here stay held.

        Raises
        ------
        InputError
            As `change`; a quota that set a grade whose line is held.
        """
        keys = {} if self.origin is None else keys_by_id(self.scheme, changes)
        for key, id in keys.items():
            grade = quota_of(id)
            if grade is not None and self.scheme.grade(grade).by in PLACED:
                text = say(
                    zh="等级“{grade}”的分数线保持不动，名额不再起作用：请改动分数线随得分移动的测算结果",
                    en="the line of grade “{grade}” is held, so its places set nothing: change the "
                    "assessment whose lines move",
                    grade=grade,
                )
                raise InputError(Complaint(text, column=key))
        return self.anew(change(self.scheme, changes))

    @property
    def _leaf_ids(self) -> list[str]:
        return [leaf.id for leaf in self.scheme.leaves]

    @cached_property
    def _scored(self) -> tuple[np.ndarray, np.ndarray]:
        return node_scores(self.engine)

    @property
    def _leaves(self) -> np.ndarray:
        return self._scored[0]

    @property
    def _inner(self) -> np.ndarray:
        return self._scored[1]

    def _frame(self, values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, index=self.scores.index, columns=self._leaf_ids)


def assess(scheme: Scheme, data: Table | pd.DataFrame) -> Assessment:
    """Score, rank and grade units.

    Parameters
    ----------
    scheme : Scheme
    data : Table or DataFrame
        From `read_case(...)`, or a DataFrame whose index (or column `unit`) names the units and
        whose columns are the leaves' ids.

    Returns
    -------
    Assessment

    Raises
    ------
    InputError
        Wrong data, or blanks for which the scheme says "fail".

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.8, 0.9]}, index=["甲", "乙"])
    >>> result = assess(Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    >>> result.scores.tolist(), result.grades.tolist(), result.ranks.tolist()
    ([92.0, 66.0], ['A', 'B'], [1, 2])
    """
    table = data if isinstance(data, Table) else table_of_frame(data, scheme)
    engine = build(scheme, table)
    base = score(engine)
    index = pd.Index(table.units, name="unit")
    names = [g.id for g in reversed(scheme.grades)]
    codes = grade(engine, base)[0]
    return Assessment(
        scheme=scheme,
        table=table,
        engine=engine,
        base=pd.Series(base[0], index, name="base"),
        scores=pd.Series(from_ticks(finish(engine, base)[0]), index, name="score"),
        ranks=pd.Series(rank(engine.key(base))[0], index, name="rank"),
        grades=pd.Series(
            pd.Categorical.from_codes(codes, names, ordered=True), index, name="grade"
        ),
    )
