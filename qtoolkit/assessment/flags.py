"""What a reader must know about an assessment: every blank, cap, tie, dead grade and doubtful
column, in words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from qtoolkit.engine import core, from_ticks, steps, to_ticks
from qtoolkit.inputs.calendar import (
    Covered,
    Days,
    collides,
    covered,
    days_of,
    in_words,
    is_calendar_year,
    late_data,
    shared_days,
    without,
)
from qtoolkit.inputs.scheme import Indicator
from qtoolkit.inputs.statuses import BLANKS, FALSIFIED, STATUS_LABELS, STATUS_NAMES, VALUE
from qtoolkit.language import Text, listing, say

if TYPE_CHECKING:
    from qtoolkit.assessment import Assessment

TREATMENTS = {
    "zero": Text("按零分计", "counts as zero"),
    "full": Text("得满分", "gets full marks"),
    "renormalise": Text(
        "不计分，分值按比例折算到同级指标",
        "is left out, its points going to its siblings in proportion",
    ),
    "group_mean": Text("取同类平均得分率", "gets the mean share of similar units"),
}
CALENDAR = (
    "other_period",
    "outside_period",
    "data_after_due",
    "filing_after_start",
    "step_before_end",
)
"""Kinds of flags of the periods of data and of the calendar of the year."""
Flag = tuple[str, str | None, str | None, Text]


def flags_of(result: Assessment) -> pd.DataFrame:
    """All flags: kind, unit, indicator, text."""
    finds = (
        _excluded,
        _screened,
        _blanks,
        _decisions,
        _set_dependent,
        _ends,
        _columns,
        _doubts,
        _targets,
        _periods,
        _late_data,
        _calendar,
        _bands,
        _grades,
        _breaks,
        _rounded,
        _ties,
    )
    rows = [flag for find in finds for flag in find(result)]
    return pd.DataFrame(rows, columns=["kind", "unit", "indicator", "text"])


def _excluded(result: Assessment) -> Iterator[Flag]:
    for label in result.table.excluded:
        text = say(
            zh="{unit}没有任何指标数据，未参加评分。",
            en="{unit} has no data on any indicator and is not scored.",
            unit=label,
        )
        yield "excluded", label.zh, None, text


def _screened(result: Assessment) -> Iterator[Flag]:
    """Units that a screen left out, a flag each screen."""
    for screen in result.scheme.screens:
        failed = [one.unit for one in result.table.screened if one.screen == screen.id]
        if failed:
            text = say(
                zh="{n}家未通过“{screen}”，未参加评分：{units}。",
                en="{n:unit|units} did not pass “{screen}”, not scored: {units}.",
                n=len(failed),
                screen=screen.name,
                units=listing(failed, most=30),
            )
            yield "screened", None, None, text


def blanks(result: Assessment) -> Iterator[tuple[Indicator, int, str, np.ndarray]]:
    """Each leaf's blanks: the leaf, what they mean, how they are treated, the units' numbers."""
    scheme, table = result.scheme, result.table
    for j, leaf in enumerate(scheme.leaves):
        for meaning in BLANKS:
            units = np.flatnonzero(table.status[:, j] == meaning)
            if len(units):
                name = STATUS_NAMES[meaning]
                yield (
                    leaf,
                    meaning,
                    getattr(leaf.missing, name) or getattr(scheme.missing, name),
                    units,
                )


def _blanks(result: Assessment) -> Iterator[Flag]:
    for leaf, meaning, treatment, units in blanks(result):
        text = say(
            zh="{units}的“{leaf}”为“{status}”，{treatment}。",
            en="“{leaf}” of {units} is “{status}” and {treatment}.",
            units=listing(result.table.labels[k] for k in units),
            leaf=leaf.name,
            status=STATUS_LABELS[meaning],
            treatment=TREATMENTS[treatment],
        )
        yield "blank", None, leaf.id, text


def _decisions(result: Assessment) -> Iterator[Flag]:
    """Cells marked as falsified, and approved grades that are not the computed ones."""
    table = result.table
    for k, j in np.argwhere(table.status == FALSIFIED):
        text = say(
            zh="{unit}的“{leaf}”标明弄虚作假，该项得零分，并按方案处理等级。",
            en="“{leaf}” of {unit} is marked as falsified: it scores nothing, and the grade "
            "follows the scheme's rule.",
            unit=table.labels[k],
            leaf=result.scheme.leaves[j].name,
        )
        yield "falsified", table.units[k], result.scheme.leaves[j].id, text
    reasons = table.remarks.get("approved_reason", pd.Series(dtype=object)).to_dict()
    for unit in result.scores.index[result.approved != result.grades]:
        text = say(
            zh="{unit}初评等级为{computed}，审定等级为{approved}，理由：{reason}。",
            en="{unit} is {computed} by computation and {approved} as approved; reason: {reason}.",
            unit=result.labels[unit],
            computed=result.scheme.grade(result.grades[unit]).label,
            approved=result.scheme.grade(result.approved[unit]).label,
            reason=Text(*(str(said).split(" | ") * 2)[:2])
            if isinstance(said := reasons.get(unit), str) and said
            else Text("未写明，请补充", "not given, to be added"),
        )
        yield "approved", unit, None, text


def relative(result: Assessment) -> dict[str, bool]:
    """The ids of leaves whose scores depend on who else is assessed, and whether by a mean that
    stands for a blank."""
    found = {}
    means = {leaf.id for leaf, _, treatment, _ in blanks(result) if treatment == "group_mean"}
    for leaf in result.scheme.leaves:
        treated = leaf.outliers and leaf.outliers.low + leaf.outliers.high
        if leaf.id in means or leaf.leaf_rule.is_set_dependent or treated:
            found[leaf.id] = leaf.id in means
    return found


def _set_dependent(result: Assessment) -> Iterator[Flag]:
    """Leaves whose scores depend on who else is assessed, and treated outliers."""
    scheme = result.scheme
    for id, mean in relative(result).items():
        text = say(
            zh="“{leaf}”{why}，得分取决于同时考核的其他单位。",
            en="“{leaf}” {why}, so scores depend on who else is assessed.",
            leaf=scheme.indicator(id).name,
            why=Text("取同类平均", "takes a mean of similar units")
            if mean
            else Text("按参评单位的相对水平计分", "is scored relative to the units assessed"),
        )
        yield "set_dependent", None, id, text
    for row in result.treated.itertuples():
        text = say(
            zh="{unit}的“{leaf}”数值 {raw:.10g} 按异常值处理为 {new:.10g}。",
            en="“{leaf}” of {unit}: the outlier {raw:.10g} is treated as {new:.10g}.",
            unit=result.labels[row.unit],
            leaf=scheme.indicator(row.indicator).name,
            raw=row.raw,
            new=row.treated,
        )
        yield "outlier", row.unit, row.indicator, text


def beyond(result: Assessment) -> Iterator[tuple[Indicator, Sequence[float], np.ndarray]]:
    """Each leaf with values beyond the ends of its rule, which are cut there: the leaf, the ends,
    the units' numbers."""
    for j, leaf in enumerate(result.scheme.leaves):
        ends = leaf.leaf_rule.scored_between()
        if ends is None:
            continue
        has = np.flatnonzero(result.table.status[:, j] == VALUE)
        raw = result.table.raw[has, j].astype(float)
        units = has[(raw < ends[0]) | (raw > ends[1])]
        if len(units):
            yield leaf, ends, units


def _ends(result: Assessment) -> Iterator[Flag]:
    """Values beyond the ends of a rule."""
    for leaf, ends, units in beyond(result):
        text = say(
            zh="“{leaf}”有{n}家超出评分区间 {low:g}–{high:g}，按区间端点计分：{units}。",
            en="“{leaf}”: {n:unit|units} outside the scoring range {low:g}–{high:g}, scored at its "
            "end: {units}.",
            leaf=leaf.name,
            n=len(units),
            low=ends[0],
            high=ends[1],
            units=listing(result.table.labels[k] for k in units),
        )
        yield "capped", None, leaf.id, text


def _columns(result: Assessment) -> Iterator[Flag]:
    """Columns that distinguish nobody."""
    empty = without_data(result)
    for j, leaf in enumerate(result.scheme.leaves):
        shares = result.matrix.iloc[:, j].dropna()
        if leaf.id not in empty and len(shares) > 1 and shares.max() - shares.min() < 1e-12:
            text = say(
                zh="“{leaf}”各考核对象得分率相同（{share:.1%}），占{points:g}分而不起区分作用。",
                en="“{leaf}”: all units have the same share of full marks ({share:.1%}); its "
                "points ({points:g}) rank nobody.",
                leaf=leaf.name,
                share=shares.iloc[0],
                points=leaf.points,
            )
            yield "constant", None, leaf.id, text


def _doubts(result: Assessment) -> Iterator[Flag]:
    """What the checks for slips found as the data were read."""
    for doubt in result.table.doubts:
        text = say(zh="{text}。", en="{text}.", text=doubt.text)
        yield doubt.check, doubt.unit, doubt.indicator, text


def without_data(result: Assessment) -> list[str]:
    """Leaves of which no unit has a value: what they show is what the scheme presumes, not how the
    units differ."""
    empty = np.all(np.isin(result.table.status, BLANKS), axis=0)
    return [leaf.id for leaf, nothing in zip(result.scheme.leaves, empty, strict=True) if nothing]


def _targets(result: Assessment) -> Iterator[Flag]:
    """Units' own targets that ask for no more than the baseline."""
    table = result.table
    for j, leaf in enumerate(result.scheme.leaves):
        sign = leaf.leaf_rule.sign
        low = np.flatnonzero(sign * table.targets[:, j] < sign * table.baselines[:, j])
        if len(low):
            pairs = [
                say(
                    zh="{unit}（{target:.10g}，基期{base:.10g}）",
                    en="{unit} ({target:.10g}, baseline {base:.10g})",
                    unit=table.labels[k],
                    target=table.targets[k, j],
                    base=table.baselines[k, j],
                )
                for k in low
            ]
            text = say(
                zh="“{leaf}”有{n}家备案目标值低于基期水平，目标可能偏低：{units}。",
                en="“{leaf}”: the targets of {n:unit|units} ask for less than the baseline: "
                "{units}.",
                leaf=leaf.name,
                n=len(low),
                units=listing(pairs),
            )
            yield "low_target", None, leaf.id, text


def _periods(result: Assessment) -> Iterator[Flag]:
    """Data that cover other days than the period assessed, a flag each for indicators of the same
    days."""
    period = days_of(result.scheme.period)
    others: dict[Days, list[Covered]] = {}
    for each in covered(result.scheme):
        if each.kind not in (None, "same"):
            others.setdefault(each.days, []).append(each)
    for days, found in others.items():
        if period is None:
            continue
        leaf = found[0].leaf if len(found) == 1 else None
        said = say(
            zh="{leaves}的数据期为{days}{year}",
            en="The data of {leaves} cover {days}{year}",
            leaves=_quoted(result, found),
            days=in_words(days),
            year=Text("（日历年度）", " (a calendar year)")
            if is_calendar_year(days)
            else Text("", ""),
        )
        if found[0].kind == "outside":
            text = say(
                zh="{said}，全部在考核周期（{period}）以外。",
                en="{said}, all outside the period assessed ({period}).",
                said=said,
                period=in_words(period),
            )
            yield "outside_period", None, leaf, text
            continue
        shared = (max(days[0], period[0]), min(days[1], period[1]))
        text = say(
            zh="{said}，与考核周期（{period}）不一致：考核周期{all}天中覆盖{n}天（{shared}）"
            "{missing}{beyond}。",
            en="{said}, not the days of the period assessed ({period}): of its {all:day|days} they "
            "cover {n} ({shared}){missing}{beyond}.",
            said=said,
            period=in_words(period),
            all=shared_days(period, period),
            n=found[0].shared,
            shared=in_words(shared),
            missing=_missing(without(period, days)),
            beyond=_beyond(without(days, period)),
        )
        yield "other_period", None, leaf, text


def _missing(parts: Sequence[Days]) -> Text:
    """The days of the period assessed that data do not cover, as a piece of a sentence."""
    if not parts:
        return Text("", "")
    return say(zh="，未覆盖{x}", en=", not {x}", x=listing(map(in_words, parts)))


def _beyond(parts: Sequence[Days]) -> Text:
    """The days of data outside the period assessed, as a piece of a sentence."""
    if not parts:
        return Text("", "")
    days = listing(map(in_words, parts))
    return say(zh="，另含考核周期以外的{x}", en=", and days outside it, {x}", x=days)


def _quoted(result: Assessment, found: Sequence[Covered]) -> Text:
    """Indicators by name."""
    names = [result.scheme.indicator(each.leaf).name for each in found]
    return listing(Text(f"“{name.zh}”", f"“{name.en}”") for name in names)


def _late_data(result: Assessment) -> Iterator[Flag]:
    """Data that end after the self-assessment must be handed in."""
    for step in result.scheme.calendar:
        found = late_data(result.scheme, step) if step.step == "self_assessment" else []
        if found:
            text = say(
                zh="{leaves}的数据期止于{ends}，晚于“{step}”的截止日（{due}），报送时数据尚不完整。",
                en="The data of {leaves} end on {ends}, after “{step}” is due ({due}): they are "
                "not complete by then.",
                leaves=_quoted(result, found),
                ends=listing(dict.fromkeys(each.days[1].isoformat() for each in found)),
                step=step.label,
                due=step.days[1].isoformat(),
            )
            yield "data_after_due", None, found[0].leaf if len(found) == 1 else None, text


def _calendar(result: Assessment) -> Iterator[Flag]:
    """Steps at odds with the period assessed."""
    scheme = result.scheme
    period = days_of(scheme.period)
    for step in scheme.calendar:
        code = collides(scheme, step)
        if period is None or code in (None, "data_after_due"):
            continue
        if code == "filing_after_start":
            text = say(
                zh="“{step}”到{end}截止，考核周期{start}已开始，目标可能在知道部分结果后才备案。",
                en="“{step}” ends on {end}, when the period assessed has begun ({start}): targets "
                "may be filed with part of the results known.",
                step=step.label,
                end=step.days[1].isoformat(),
                start=period[0].isoformat(),
            )
        else:
            text = say(
                zh="“{step}”自{start}开始，考核周期要到{end}才结束。",
                en="“{step}” begins on {start}, before the period assessed ends ({end}).",
                step=step.label,
                start=step.start.isoformat(),
                end=period[1].isoformat(),
            )
        yield code, None, None, text


def _bands(result: Assessment) -> Iterator[Flag]:
    """Scores between the bands that the document prints."""
    scheme, published = result.scheme, to_ticks(result.scores.to_numpy())
    step = 1 if scheme.rounding.total is None else 10 ** (10 - scheme.rounding.total.decimals)
    for better, worse in itertools.pairwise(scheme.grades):
        if better.printed is None or worse.printed is None or better.cutoff is None:
            continue
        low, high = to_ticks([worse.printed[1], better.printed[0]])
        if low + step >= high:
            continue
        inside = np.flatnonzero((published > low) & (published < high))
        text = say(
            zh="文件所印分数段在 {low:g} 与 {high:g} 之间有空档，{units}；以分数线 {cutoff:g} "
            "为准，空档内属“{grade}”"
            "{rest}。",
            en="The printed bands leave a hole between {low:g} and {high:g}, {units}; this scheme "
            "goes by the cutoff "
            "{cutoff:g}, so scores in the hole are “{grade}”{rest}.",
            low=worse.printed[1],
            high=better.printed[0],
            cutoff=better.cutoff,
            units=_inside([result.table.labels[k] for k in inside]),
            grade=worse.label if better.cutoff >= better.printed[0] else better.label,
            rest=Text("", "")
            if not worse.printed[1] < better.cutoff < better.printed[0]
            else Text("（分数线以上）", " from it up"),
        )
        yield "hole", result.table.units[inside[0]] if len(inside) else None, None, text


def _inside(units: list[Text]) -> Text:
    """Who stands in a hole between two bands."""
    if not units:
        return Text("本次无人落入", "with nobody in it this time")
    return say(zh="落入其中的有{units}", en="with {units} in it", units=listing(units))


def _grades(result: Assessment) -> Iterator[Flag]:
    """Grades that no score can have."""
    scheme = result.scheme
    # other steps than the score can give the grade all the same
    ranked = bool(result.engine.rivals or scheme.vetoes)
    but = (
        Text("（因名额、末位或否决而定的除外）", " by score (places or a veto may still give it)")
        if ranked
        else Text("", "")
    )
    least, most = reachable(result)
    for grade in scheme.grades[:-1]:
        if grade.has_line and to_ticks(grade.line) > to_ticks(most):
            text = say(
                zh="等级“{grade}”的分数线 {cutoff:g} 高于可能的最高得分，无人能达到。",
                en="The cutoff {cutoff:g} of grade “{grade}” is above every possible score: nobody "
                "can reach it.",
                grade=grade.label,
                cutoff=grade.line,
            )
            yield "dead_cutoff", None, None, text
    if least > 0:
        for grade, worse in itertools.pairwise(scheme.grades):
            if grade.line <= least + 1e-9:
                text = say(
                    zh="按评分规则得分最低为 {least:.10g} 分，分数线 {cutoff:g} 不起作用，"
                    "等级“{worse}”不会出现{but}。",
                    en="The rules give at least {least:.10g} points, so the cutoff {cutoff:g} is "
                    "dead and grade “{worse}” "
                    "cannot occur{but}.",
                    least=least,
                    cutoff=grade.line,
                    worse=worse.label,
                    but=but,
                )
                yield "dead_cutoff", None, None, text


def _breaks(result: Assessment) -> Iterator[Flag]:
    """Fewer different scores than grades by natural breaks."""
    grades, published = result.scheme.grades, to_ticks(result.scores.to_numpy())
    groups = result.engine.breaks
    classes = result.table.covariates.get("class")
    for group in groups:
        different = len(np.unique(published[group.counted]))
        if not 0 < different < len(grades):
            continue
        first = int(np.flatnonzero(group.members)[0])
        where = (
            say(zh="类别“{c}”", en="class “{c}”", c=str(classes.iloc[first]))
            if classes is not None and not group.members.all()
            else Text("全部考核对象", "all units together")
        )
        text = say(
            zh="{where}计入自然断点的得分只有{n}种，少于等级数{k}，自然断点只分出同样多的组，"
            "自最高等级起依次对应，按得分没有{empty}。",
            en="The scores that count for the natural breaks of {where} take {n:value|values}, "
            "fewer than the {k} grades: the breaks make as many groups, which are the best grades, "
            "and nobody has {empty} by score.",
            where=where,
            n=different,
            k=len(grades),
            empty=listing(grade.label for grade in grades[different:]),
        )
        yield "few_scores", None, None, text


def _rounded(result: Assessment) -> Iterator[Flag]:
    """Grades that depend on the rounding of the total, quotas and vetoes in force."""
    e = result.engine
    if e.rounding is None:
        return
    base, free = result.base.to_numpy(), replace(e, rounding=None)
    unrounded = steps(free, base)["rounding"]
    lines = None if e.breaks else core.standing(free, base, e.cutoffs)
    other = core.grade(free, base, lines)
    for k in np.flatnonzero(other != core.grade(e, base)):
        text = say(
            zh="{unit}未取整得分 {score:.10g}，取整后为 {published:.10g}，等级因取整而改变。",
            en="{unit} has {score:.10g} before rounding and {published:.10g} after it: the "
            "rounding changes its grade.",
            unit=result.table.labels[k],
            score=float(from_ticks(unrounded[k])),
            published=float(result.scores.iloc[k]),
        )
        yield "rounding", result.table.units[k], None, text


def reachable(result: Assessment) -> tuple[float, float]:
    """The least and the greatest published score that the rules allow; 0 where the least is not
    worked out."""
    scheme, e = result.scheme, result.engine
    done = steps(e, np.full(len(result.scores), int(to_ticks(scheme.total)) * e.tree.growth))
    most = float(from_ticks(list(done.values())[-1].max()))
    if not e.tree.is_arithmetic or any(b.kind == "deduction" for b in scheme.bonuses):
        return 0.0, most
    least = sum(leaf.full_points * leaf.leaf_rule.least_share() for leaf in scheme.leaves)
    return max(least, scheme.floor or 0.0), most


def _ties(result: Assessment) -> Iterator[Flag]:
    """Scores exactly on a cutoff, and shared ranks."""
    published = to_ticks(result.scores.to_numpy())
    for g, grade in enumerate(reversed(result.scheme.grades[:-1])):
        on_line = (published == result.engine.cutoffs[:, g]) & grade.has_line
        for k in np.flatnonzero(on_line):
            own = result.scheme.grade(result.grades.iloc[k])
            text = say(
                zh="{unit}得分恰为等级“{grade}”的分数线 {cutoff:g} 分，{then}。",
                en="{unit} scores exactly {cutoff:g}, the cutoff of grade “{grade}”, {then}.",
                unit=result.table.labels[k],
                grade=grade.label,
                cutoff=float(result.scores.iloc[k]),
                then=Text("属于该等级", "and belongs to that grade")
                if own == grade
                else say(
                    zh="达到该等级的分数线，因名额、末位或否决定为“{own}”",
                    en="and reaches that grade by score; places or a veto make it “{own}”",
                    own=own.label,
                ),
            )
            yield "on_cutoff", result.table.units[k], None, text
    for place, group in result.ranks.groupby(result.ranks):
        if len(group) > 1:
            text = say(
                zh="{units}得分相同，并列第{place}位。",
                en="{units} have the same score and share place {place}.",
                units=listing(result.labels[unit] for unit in group.index),
                place=place,
            )
            yield "tie", None, None, text
