"""Why a grade changed, in a sentence that the county it concerns can follow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of
from qtoolkit.comparison import PARTS, Comparison
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.inputs.scheme import Grade, Rounding, Scheme
from qtoolkit.language import Text, in_print, listing, same, say
from qtoolkit.report import words
from qtoolkit.report.blocks import Block, Paragraph

MAIN = 1e-9  # steps of a grade within which two parts are alike
SHOWN = 0.005  # points: what two decimals show
NAMES = {
    "data": Text("数据", "data"),
    "points": Text("分值和规则", "points and rules"),
    "cutoffs": Text("分数线、名额和取整", "cutoffs, quotas and rounding"),
    "vetoes": Text("否决和加减分", "vetoes and bonus"),
    "units": Text("参评单位变化", "units assessed"),
    "approval": Text("审定", "approval"),
}


def _year(scheme: Scheme, other: Text) -> Text:
    return say(zh="{year}年度", en="{year}", year=scheme.year) if scheme.year else other


TOLD = 20  # units whose reasons are told one by one, of too many


def years(comparison: Comparison) -> tuple[Text, Text]:
    before, after = comparison.before.scheme, comparison.after.scheme
    if before.year == after.year:
        return before.name, after.name
    return _year(before, Text("上年度", "last year")), _year(after, Text("本年度", "this year"))


def reasons(comparison: Comparison | None) -> list[Block]:
    """The sentence for each unit that changed grade, and one for grades that stand because parts
    cancel out."""
    if comparison is None or not comparison.graded_alike:
        return []
    if comparison.problem is not None:
        return [
            Paragraph(
                say(zh="{why}。", en="{why}.", why=comparison.problem), "changes", style="note"
            )
        ]
    steps, heading = comparison.grade_decomposition, Text("等级变化原因", "Why grades changed")
    changed = steps.index[steps["change"] != 0]
    first = sorted(changed, key=lambda u: (-abs(steps.loc[u, "change"]), comparison.after.ranks[u]))
    first = first[: TOLD if len(changed) > words.MANY else None]
    blocks: list[Block] = [
        Paragraph(_reason(comparison, unit), "changes", heading if i == 0 else None, style="item")
        for i, unit in enumerate(first)
    ]
    if len(first) < len(changed):
        text = say(
            zh="以上是等级变化{n}家中变化最大、本次位次靠前的{k}家；其余各家见 "
            "tables/grade_parts.csv。",
            en="These are {k} of {n} units whose grade changed: of the largest changes those that "
            "rank highest now; for the others see tables/grade_parts.csv.",
            n=len(changed),
            k=len(first),
        )
        blocks.append(Paragraph(text, "changes"))
    if not len(changed):
        blocks.append(
            Paragraph(Text("没有考核对象等级变化。", "No unit changed grade."), "changes", heading)
        )
    held = steps[(steps["change"] == 0) & (steps[list(PARTS)].abs().max(axis=1) >= 0.5 - MAIN)]
    if len(held):
        items = words.some(
            say(
                zh="{unit}（{up}使等级上升，{down}使其下降）",
                en="{unit} ({up} up, {down} down)",
                unit=comparison.after.labels[unit],
                up=_side(row, 1),
                down=_side(row, -1),
            )
            for unit, row in held.iterrows()
        )
        text = say(
            zh="等级未变而有几方面影响相互抵消的：{items}。",
            en="Grades that stand because influences cancel out: {items}.",
            items=items,
        )
        blocks.append(Paragraph(text, "changes", style="item"))
    return blocks


def _side(row: pd.Series, sign: int) -> Text:
    return listing(NAMES[name] for name in PARTS if sign * row[name] > MAIN)


def _reason(comparison: Comparison, unit: str) -> Text:
    """“等级由A变为B，主要因为…”, with the parts of the score."""
    step, part = comparison.grade_decomposition.loc[unit], comparison.decomposition.loc[unit]
    sign = np.sign(step["change"])
    pull = {name: sign * step[name] for name in PARTS if sign * step[name] > MAIN}
    most = max(pull.values())
    main = [name for name in pull if pull[name] >= most - MAIN]
    main = [main[k] for k in in_order([sign * float(part.get(name, 0.0)) for name in main])]
    why = [_why(comparison, unit, name, sign, part) for name in main]
    cause = why[0] if len(why) == 1 else _and(why)
    moved = listing(
        say(zh="{name}{x}分", en="{name} {x}", name=NAMES[name], x=_signed(part[name]))
        for name in PARTS[:-1]
        if abs(part[name]) >= SHOWN - SAME
    )
    first, last = (
        result.scheme.grade(step[f"grade_{side}"]).label
        for result, side in ((comparison.before, "before"), (comparison.after, "after"))
    )
    parts = say(zh="，其中{moved}", en=": {moved}", moved=moved) if moved.zh else Text("", "")
    return say(
        zh="{unit}：{change}，主要因为{cause}。得分由{a:.2f}分变为{b:.2f}分{parts}。",
        en="{unit}: the {change}, mainly because {cause}. The score goes from {a:.2f} to "
        "{b:.2f}{parts}.",
        unit=comparison.after.labels[unit],
        change=_change(comparison, first, last),
        cause=cause,
        a=part["score_before"],
        b=part["score_after"],
        parts=parts,
    )


def _change(comparison: Comparison, first: Text, last: Text) -> Text:
    """From which grade to which, and whether each is the computed or the approved one."""
    before, after = (words.kind_of(result) for result in (comparison.before, comparison.after))
    if before == after:
        return say(
            zh="{kind}等级由{first}变为{last}",
            en="{kind} grade changes from {first} to {last}",
            kind=before,
            first=first,
            last=last,
        )
    return say(
        zh="等级由{first}（{a}）变为{last}（{b}）",
        en="grade changes from {first} ({a}) to {last} ({b})",
        first=first,
        last=last,
        a=before,
        b=after,
    )


def _signed(value: float) -> str:
    return in_print(value, "+.2f")


def _and(texts: list[Text]) -> Text:
    return Text(
        "；同时".join(t.zh for t in texts), ", and likewise because ".join(t.en for t in texts)
    )


def _why(comparison: Comparison, unit: str, name: str, sign: float, part: pd.Series) -> Text:
    """One part's reason in words."""
    points = _signed(float(part.get(name, 0.0)))
    moved_itself = sign * float(part.get(name, 0.0)) >= SHOWN - SAME
    if name == "approval":
        return _approval(comparison, unit)
    if name == "units":
        return Text("参加考核的单位有变化", "other units were assessed")
    if name == "cutoffs":
        return say(
            zh="分数线、名额或取整办法有变化（{what}）",
            en="cutoffs, quotas or rounding changed ({what})",
            what=line_changes(comparison, unit),
        )
    if name == "vetoes" and (veto := _veto(comparison, unit, sign)) is not None:
        return veto
    if not moved_itself and (places := _places(comparison, unit)) is not None:
        return say(
            zh="其他考核对象的{name}变化改变了名次，{places}随之变化（自身得分因{name}变动{x}分）",
            en="the {name} of other units changed, and with their ranks {places} (its own score "
            "moved by {x})",
            name=NAMES[name],
            places=places,
            x=points,
        )
    if name == "vetoes":
        return _bonus(comparison, points)
    if name == "points":
        return _points(comparison, unit, part, points)
    return _data(comparison, unit, sign, moved_itself, points)


def _points(comparison: Comparison, unit: str, part: pd.Series, points: str) -> Text:
    """The points' part in words: what the points alone do, apart from rules and indicators without
    a like."""
    alone = float(comparison.alone.loc[unit, "score_points"] - part["score_before"])
    rest = part["points"] - alone
    if alone != alone or abs(rest) < SHOWN - SAME:
        text = say(
            zh="指标分值和评分规则调整，得分{x}分",
            en="points and rules of indicators changed: {x} points",
            x=points,
        )
        schemes = (comparison.before.scheme, comparison.after.scheme)
        if {len(scheme.leaves) for scheme in schemes} == {len(comparison.matching.shared)}:
            return text
        return say(
            zh="{text}（新增、取消、拆分或口径变化的指标，两次数据不可比，也计入此项）",
            en="{text} (indicators that are new, dropped, split or measured otherwise, whose data "
            "cannot be compared, count here)",
            text=text,
        )
    return say(
        zh="分值、评分规则和指标构成有变化，得分{x}分（用上次数据、只换用本次分值为{alone}分；"
        "其余{rest}分来自评分规则的改动，新增、取消、拆分或口径变化、两次数据不可比的指标，"
        "及其与数据变化的相互影响）",
        en="points, rules and the set of indicators changed: {x} points (this year's points alone "
        "on the earlier data: {alone}; the other {rest} come from changed rules, from indicators "
        "that are new, dropped, split or measured otherwise, whose data cannot be compared, and "
        "from how these act together with the data)",
        x=points,
        alone=_signed(alone),
        rest=_signed(rest),
    )


def _data(comparison: Comparison, unit: str, sign: float, moved_itself: bool, points: str) -> Text:
    """What of the data moved the grade: results, the state of a cell, a target, or the others'
    values."""
    largest_moves = sign * comparison.leaves.loc[unit].dropna()
    largest_moves = largest_moves[largest_moves >= SHOWN - SAME]
    largest_moves = largest_moves.iloc[in_order(largest_moves)].head(3)
    if not moved_itself or largest_moves.empty:
        return say(zh="数据有变化，得分{x}分", en="the data changed: {x} points", x=points)
    titles = {leaf.id: leaf.name for leaf in comparison.after.scheme.leaves}
    items = listing(
        say(
            zh="“{leaf}”{x}分",
            en="“{leaf}” {x}",
            leaf=titles[id],
            x=_signed(sign * largest_moves[id]),
        )
        for id in largest_moves.index
    )
    cells = [
        _cell(comparison.before, unit, comparison.matching.twins[largest_moves.index[0]]),
        _cell(comparison.after, unit, largest_moves.index[0]),
    ]
    what = CAUSES[
        next(
            (name for name in ("status", "value", "target") if cells[0][name] != cells[1][name]),
            "others",
        )
    ]
    return say(
        zh="{what}，得分{x}分（变化最大的是{items}）",
        en="{what}: {x} points (most on {items})",
        what=what[int(sign > 0)],
        x=points,
        items=items,
    )


CAUSES = {
    "value": (
        Text("工作实绩有所下降", "its results fell"),
        Text("工作实绩有所提高", "its results improved"),
    ),
    "status": (
        Text(
            "数据状态（不适用、未报送、待核实等）有变化",
            "the state of its data changed (not applicable, not reported, pending)",
        ),
    )
    * 2,
    "target": (Text("备案目标值或基期值有变化", "its target or baseline changed"),) * 2,
    "others": (
        Text(
            "其他考核对象的数值有变化，相对得分下降",
            "the values of other units changed, and its relative score fell",
        ),
        Text(
            "其他考核对象的数值有变化，相对得分提高",
            "the values of other units changed, and its relative score rose",
        ),
    ),
}
"""What changed of the data, first where the grade falls, then where it rises."""


def _cell(result: Assessment, unit: str, leaf: str) -> dict[str, Any]:
    """A unit's own data on a leaf; points given directly as a share of what they are out of."""
    column = [other.id for other in result.scheme.leaves].index(leaf)
    row = result.table.units.index(unit)
    table = result.table
    raw, rule = table.raw[row, column], result.scheme.leaves[column]
    own_numbers = [
        float(np.nan_to_num(values[row, column], nan=-1.0))
        for values in (table.targets, table.baselines)
    ]
    return {
        "status": table.status[row, column],
        "value": raw / rule.written_for if rule.rule.raw_is_points and raw is not None else raw,
        "target": own_numbers,
    }


def _places(comparison: Comparison, unit: str) -> Text | None:
    """What depends on rank for a unit whose grade a quota or the last places set, before or
    after."""
    causes = {result.steps.loc[unit, "set_by"] for result in (comparison.before, comparison.after)}
    if "last" in causes:
        return Text("末位名单", "who is among the last")
    limited = any(
        grade.quota is not None
        for result in (comparison.before, comparison.after)
        for grade in result.scheme.grades
    )
    return (
        Text("等级名额", "the places that a quota leaves") if "quota" in causes or limited else None
    )


def _approval(comparison: Comparison, unit: str) -> Text:
    texts = []
    for result, year in zip((comparison.before, comparison.after), years(comparison), strict=True):
        if result.approved[unit] == result.grades[unit]:
            continue
        remarks = result.table.remarks
        reason = (
            words.both(remarks.at[unit, "approved_reason"])
            if "approved_reason" in remarks
            else None
        )
        computed, approved = (
            result.scheme.grade(grades[unit]).label for grades in (result.grades, result.approved)
        )
        text = say(
            zh="{year}审定时由初评的{computed}定为{approved}",
            en="in {year} approval turned the computed {computed} into {approved}",
            year=year,
            computed=computed,
            approved=approved,
        )
        texts.append(
            text
            if reason is None
            else say(zh="{text}，理由是{reason}", en="{text} ({reason})", text=text, reason=reason)
        )
    return Text("，".join(t.zh for t in texts), " and ".join(t.en for t in texts))


def _veto(comparison: Comparison, unit: str, sign: float) -> Text | None:
    """The veto that sets the grade now, or set it before; None where no veto of the unit's own
    moved it that way."""
    old, new = (
        result.steps.loc[unit, "set_by"] for result in (comparison.before, comparison.after)
    )
    names = [
        {f"veto:{veto.id}": veto.name for veto in result.scheme.vetoes}
        for result in (comparison.before, comparison.after)
    ]
    if old in names[0] and old == new:
        return say(
            zh="“{veto}”的处理结果有变化",
            en="what the veto for “{veto}” does has changed",
            veto=names[1][new],
        )
    if sign < 0 and new in names[1]:
        by_score = comparison.after.scheme.grade(comparison.after.steps.loc[unit, "by_score"]).label
        return say(
            zh="存在“{veto}”情形，适用一票否决（按得分为{by_score}）",
            en="a veto applies for “{veto}” (by score it would be {by_score})",
            veto=names[1][new],
            by_score=by_score,
        )
    if sign > 0 and old in names[0]:
        return say(
            zh="上次因“{veto}”适用的一票否决，本次不再适用",
            en="last time's veto for “{veto}” no longer applies",
            veto=names[0][old],
        )
    return None


def _bonus(comparison: Comparison, points: str) -> Text:
    before, after = comparison.before.scheme, comparison.after.scheme
    limits = [(scheme.cap or scheme.total) / scheme.total for scheme in (before, after)] + [
        (scheme.floor or 0) / scheme.total for scheme in (before, after)
    ]
    if (limits[0], limits[2]) != (limits[1], limits[3]):
        return say(
            zh="加减分或总分的封顶、保底有变化，得分{x}分",
            en="bonus, deductions, or the cap or floor of the total changed: {x} points",
            x=points,
        )
    if points == "0.00":
        return Text("否决办法有变化", "how vetoes work has changed")
    return say(zh="加减分有变化，得分{x}分", en="bonus or deductions changed: {x} points", x=points)


def line_changes(comparison: Comparison, unit: str | None = None) -> Text:
    """What changed in cutoffs, quotas and rounding, in words; of cutoffs by class the unit's own
    where one is named."""
    before, after = comparison.before.scheme, comparison.after.scheme
    texts: list[Text] = []
    if unit is None:
        classes = sorted({*before.classes, *after.classes})
        pairs = [(name, name) for name in classes] or [(None, None)]
    else:
        pair = _classes_of_unit(comparison, unit)
        texts += _class_change(*pair)
        pairs = [pair]
    ratio = after.total / before.total
    for old, new in zip(before.grades, after.grades, strict=False):
        texts += _cutoff_changes(old, new, pairs, ratio)
        texts += _quota_changes(old, new)
    texts += _rounding_changes(before, after)
    if before.order.rounding != after.order.rounding:
        texts.append(Text("取整与加减分的先后有变化", "rounding and bonus change places"))
    if before.rank_on != after.rank_on:
        texts.append(Text("排名所依据的得分有变化", "ranks go by another score"))
    return listing(texts) if texts else words.NONE


def _classes_of_unit(comparison: Comparison, unit: str) -> tuple[str | None, str | None]:
    """A unit's class before and after."""
    before, after = (
        dict(zip(result.table.units, classes_of(result.table), strict=True))[unit]
        for result in (comparison.before, comparison.after)
    )
    return before, after


def _class_change(before: str | None, after: str | None) -> list[Text]:
    """That a unit went to another class."""
    if before == after:
        return []
    text = say(
        zh="所属类别由{a}变为{b}",
        en="its class from {a} to {b}",
        a=before or words.NONE,
        b=after or words.NONE,
    )
    return [text]


def _cutoff_changes(
    old: Grade, new: Grade, classes: list[tuple[str | None, str | None]], ratio: float
) -> list[Text]:
    """Which cutoffs of a grade changed, for pairs of classes before and after; `ratio` is that of
    the totals."""
    moves = {(old.cutoff_of(a), new.cutoff_of(b)): b for a, b in reversed(classes)}
    texts = []
    for (cutoff_before, cutoff_after), name in moves.items():
        if abs(cutoff_before * ratio - cutoff_after) <= 1e-9:
            continue
        who = say(zh="（{group}）", en=" ({group})", group=name) if len(moves) > 1 else Text("", "")
        text = say(
            zh="{g}分数线{who}由{a:g}分改为{b:g}分",
            en="cutoff of {g}{who} from {a:g} to {b:g}",
            g=new.label,
            who=who,
            a=cutoff_before,
            b=cutoff_after,
        )
        texts.append(text)
    return texts


def _quota_changes(old: Grade, new: Grade) -> list[Text]:
    """What changed in a grade's quota, its ties, the units among which it is counted, and its last
    places."""
    label, texts = new.label, []
    if old.quota != new.quota:
        before, after = _quota(old), _quota(new)
        texts.append(
            say(
                zh="{g}名额由{a}改为{b}",
                en="quota of {g} from {a} to {b}",
                g=label,
                a=before,
                b=after,
            )
        )
    if old.ties != new.ties:
        texts.append(
            say(zh="{g}并列时的处理有变化", en="ties for {g} are treated otherwise", g=label)
        )
    if old.within != new.within:
        text = say(
            zh="{g}名额的计算范围有变化", en="the units among which {g} is counted changed", g=label
        )
        texts.append(text)
    if old.last != new.last:
        texts.append(say(zh="{g}末位规定有变化", en="last places of {g} changed", g=label))
    return texts


def _rounding_changes(before: Scheme, after: Scheme) -> list[Text]:
    """What changed in rounding, in words. A step is the same where it is the same share of the
    total."""
    totals = (before.total, after.total)
    changed = {
        stage
        for stage in ("leaf", "node", "total")
        if not _same_rounding(
            getattr(before.rounding, stage), getattr(after.rounding, stage), totals
        )
    }
    texts = []
    if "total" in changed:
        both = [words.rounding(scheme.rounding.total) for scheme in (before, after)]
        if before.total != after.total:
            both = [
                say(zh="{how}（满分{x:g}分）", en="{how} (of {x:g})", how=how, x=total)
                for how, total in zip(both, totals, strict=True)
            ]
        texts.append(
            say(zh="总分由{a}改为{b}", en="the total from {a} to {b}", a=both[0], b=both[1])
        )
    if changed & {"leaf", "node"}:
        texts.append(Text("各级指标取整有变化", "rounding of indicators changed"))
    return texts


def _same_rounding(old: Rounding | None, new: Rounding | None, totals: tuple[float, float]) -> bool:
    """Whether two roundings have the same mode and steps that are the same share of their
    totals."""
    if old is None or new is None:
        return old is new
    steps = [10.0**-rule.decimals / total for rule, total in zip((old, new), totals, strict=True)]
    return old.mode == new.mode and math.isclose(*steps, rel_tol=1e-12)


def _quota(grade: Grade) -> Text:
    if grade.quota is None:
        return Text("不限", "none")
    if 0 < grade.quota < 1:
        return same(f"{grade.quota * 100:.10g}%")
    return say(zh="{q:g}家", en="{q:g}", q=grade.quota)
