"""What a reader must know about an assessment: every blank, cap, tie, dead grade and doubtful column, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.inputs.leafrules import EfficacyRule, GoalpostsRule
from qtoolkit.inputs.scheme import Indicator
from qtoolkit.inputs.table import PENDING, STATUS_LABELS, STATUS_NAMES, VALUE
from qtoolkit.language import Text, listing, say

if TYPE_CHECKING:
    from qtoolkit.assessment import Assessment

TREATMENTS = {
    "zero": Text("按零分计", "counts as zero"),
    "full": Text("得满分", "gets full marks"),
    "renormalise": Text(
        "不计分，分值按比例折算到同级指标", "is left out and its points go to its siblings in proportion"
    ),
    "group_mean": Text("取同类平均得分率", "gets the mean share of similar units"),
}
Flag = tuple[str, str | None, str | None, Text]


def flags_of(result: Assessment) -> pd.DataFrame:
    """All flags: kind, unit, indicator, text."""
    rows = [flag for find in (_excluded, _blanks, _ends, _columns, _grades, _ties) for flag in find(result)]
    return pd.DataFrame(rows, columns=["kind", "unit", "indicator", "text"])


def _excluded(result: Assessment) -> Iterator[Flag]:
    for label in result.table.excluded:
        text = say(
            zh="{unit}没有任何指标数据，未参加评分。",
            en="{unit} has no data on any indicator and is not scored.",
            unit=label,
        )
        yield "excluded", label.zh, None, text


def _blanks(result: Assessment) -> Iterator[Flag]:
    scheme, table = result.scheme, result.table
    for j, leaf in enumerate(scheme.leaves):
        for meaning in range(1, PENDING + 1):
            units = np.flatnonzero(table.status[:, j] == meaning)
            if not len(units):
                continue
            name = STATUS_NAMES[meaning]
            treatment = getattr(leaf.missing, name) or getattr(scheme.missing, name)
            text = say(
                zh="{units}的“{leaf}”为“{status}”，{treatment}。",
                en="“{leaf}” of {units} is “{status}” and {treatment}.",
                units=listing(table.labels[k] for k in units), leaf=leaf.name, status=STATUS_LABELS[meaning],
                treatment=TREATMENTS[treatment],
            )
            yield "blank", None, leaf.id, text
            if treatment == "group_mean":
                set_dependent = say(
                    zh="“{leaf}”取同类平均，得分取决于同时考核的其他单位。",
                    en="“{leaf}” takes a mean of similar units, so scores depend on who else is assessed.",
                    leaf=leaf.name,
                )
                yield "set_dependent", None, leaf.id, set_dependent


def _ends(result: Assessment) -> Iterator[Flag]:
    """Values beyond the ends of a rule, which are cut there."""
    for j, leaf in enumerate(result.scheme.leaves):
        if isinstance(leaf.rule, GoalpostsRule):
            ends = leaf.rule.low, leaf.rule.high
        elif isinstance(leaf.rule, EfficacyRule):
            ends = sorted((leaf.rule.unacceptable, leaf.rule.satisfactory))
        else:
            continue
        has = np.flatnonzero(result.table.status[:, j] == VALUE)
        raw = result.table.raw[has, j].astype(float)
        beyond = has[(raw < ends[0]) | (raw > ends[1])]
        if len(beyond):
            text = say(
                zh="“{leaf}”有{n}家超出评分区间 {low:g}–{high:g}，按区间端点计分：{units}。",
                en="“{leaf}”: {n:unit lies|units lie} outside the scoring range {low:g}–{high:g} and are scored at its end: {units}.",
                leaf=leaf.name, n=len(beyond), low=ends[0], high=ends[1],
                units=listing(result.table.labels[k] for k in beyond),
            )
            yield "capped", None, leaf.id, text


def _columns(result: Assessment) -> Iterator[Flag]:
    """Columns that distinguish nobody, or that look like shares typed for percentages."""
    for j, leaf in enumerate(result.scheme.leaves):
        shares = result.matrix.iloc[:, j].dropna()
        if len(shares) > 1 and shares.max() - shares.min() < 1e-12:
            text = say(
                zh="“{leaf}”各考核对象得分率相同（{share:.1%}），占{points:g}分而不起区分作用。",
                en="“{leaf}”: all units have the same share of full marks ({share:.1%}); its {points:g} points rank nobody.",
                leaf=leaf.name, share=shares.iloc[0], points=leaf.points,
            )
            yield "constant", None, leaf.id, text
        has = result.table.status[:, j] == VALUE
        if leaf.unit == "%" and has.any():
            raw = result.table.raw[has, j].astype(float)
            if np.abs(raw).max() <= 1 and _spans_percent(leaf):
                text = say(
                    zh="“{leaf}”的计量单位为 %，但所有数值都不超过 1，请核对是否误用了小数（0.985 应写作 98.5）。",
                    en="“{leaf}” is in %, yet no value exceeds 1: check whether shares were typed (0.985 must be 98.5).",
                    leaf=leaf.name,
                )
                yield "fraction", None, leaf.id, text


def _spans_percent(leaf: Indicator) -> bool:
    """Whether the rule's own numbers show that values above 1 are expected."""
    rule = leaf.rule
    if isinstance(rule, GoalpostsRule):
        return rule.high > 1.5
    if isinstance(rule, EfficacyRule):
        return max(rule.unacceptable, rule.satisfactory) > 1.5
    return True


def _grades(result: Assessment) -> Iterator[Flag]:
    """Grades that no score can have, and grades that depend on the rounding."""
    scheme, e = result.scheme, result.engine
    total = int(to_ticks(scheme.total))
    for i, grade in enumerate(scheme.grades[:-1]):
        if (e.thresholds[:, -1 - i] > total).all():
            text = say(
                zh="等级“{grade}”的分数线 {cutoff:g} 高于可能的最高得分，无人能达到。",
                en="the cutoff {cutoff:g} of grade “{grade}” is above every possible score: nobody can reach it.",
                grade=grade.label, cutoff=grade.cutoff,
            )
            yield "dead_cutoff", None, None, text
    least = sum(leaf.points * (leaf.rule.base if isinstance(leaf.rule, EfficacyRule) else 0) for leaf in scheme.leaves)
    if e.tree.is_arithmetic and least > 0:
        for grade, worse in zip(scheme.grades, scheme.grades[1:], strict=False):
            if grade.cutoff <= least + 1e-9:
                text = say(
                    zh="按评分规则得分最低为 {least:.10g} 分，分数线 {cutoff:g} 不起作用，等级“{worse}”不会出现。",
                    en="the rules give at least {least:.10g} points, so the cutoff {cutoff:g} is dead and grade “{worse}” "
                    "cannot occur.",
                    least=least, cutoff=grade.cutoff, worse=worse.label,
                )
                yield "dead_cutoff", None, None, text
    if e.rounding is None:
        return
    for k, unit in enumerate(result.table.units):
        unrounded = min(int(result.base.iloc[k]) + int(e.offset[k]), e.cap) - int(e.late[k])
        by_unrounded = sum(unrounded >= int(to_ticks(g.cutoff)) for g in scheme.grades[:-1])
        if by_unrounded != int((result.base.iloc[k] >= e.thresholds[k]).sum()):
            text = say(
                zh="{unit}未取整得分 {score:.10g}，取整后为 {published:.10g}，等级因取整而改变。",
                en="{unit} has {score:.10g} before rounding and {published:.10g} after it: the rounding changes its grade.",
                unit=result.table.labels[k], score=float(from_ticks(unrounded)), published=float(result.scores.iloc[k]),
            )
            yield "rounding", unit, None, text


def _ties(result: Assessment) -> Iterator[Flag]:
    """Scores exactly on a cutoff, and shared ranks."""
    published = to_ticks(result.scores.to_numpy())
    for grade in result.scheme.grades[:-1]:
        for k in np.flatnonzero(published == to_ticks(grade.cutoff)):
            text = say(
                zh="{unit}得分恰为等级“{grade}”的分数线 {cutoff:g} 分，属于该等级。",
                en="{unit} scores exactly {cutoff:g}, the cutoff of grade “{grade}”, and belongs to that grade.",
                unit=result.table.labels[k], grade=grade.label, cutoff=grade.cutoff,
            )
            yield "on_cutoff", result.table.units[k], None, text
    for place, group in result.ranks.groupby(result.ranks):
        if len(group) > 1:
            text = say(
                zh="{units}得分相同，并列第{place}位。",
                en="{units} have the same score and share place {place}.",
                units=listing(result.labels[unit] for unit in group.index), place=place,
            )
            yield "tie", None, None, text
