"""Why a grade changed, in a sentence that the county it concerns can follow."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit.comparison import PARTS, Comparison
from qtoolkit.inputs.scheme import Grade, Scheme
from qtoolkit.language import Text, listing, same, say
from qtoolkit.report import words
from qtoolkit.report.blocks import Block, Paragraph

MAIN = 1e-9  # steps of a grade within which two parts are alike
NAMES = {
    "data": Text("数据", "data"), "points": Text("分值和规则", "points and rules"), "cutoffs": Text("分数线、名额和取整", "cutoffs, quotas and rounding"),
    "vetoes": Text("否决和加减分", "vetoes and bonus"), "units": Text("参评单位变化", "units assessed"), "approval": Text("审定", "approval"),
}  # fmt: skip


def _year(scheme: Scheme, other: Text) -> Text:
    return say(zh="{year}年度", en="{year}", year=scheme.year) if scheme.year else other


def years(comparison: Comparison) -> tuple[Text, Text]:
    before, after = comparison.before.scheme, comparison.after.scheme
    if before.year == after.year:
        return before.name, after.name
    return _year(before, Text("上年度", "last year")), _year(after, Text("本年度", "this year"))


def reasons(comparison: Comparison | None) -> list[Block]:
    """The sentence for each unit that changed grade, and one for grades that stand because parts cancel out."""
    if comparison is None or not comparison.graded_alike:
        return []
    steps, heading = comparison.grade_decomposition, Text("等级变化原因", "Why grades changed")
    changed = steps.index[steps["change"] != 0]
    blocks: list[Block] = [
        Paragraph(_reason(comparison, unit), "changes", heading if i == 0 else None, style="item")
        for i, unit in enumerate(sorted(changed, key=lambda u: (-abs(steps.loc[u, "change"]), comparison.after.ranks[u])))
    ]
    if not len(changed):
        blocks.append(Paragraph(Text("没有考核对象等级变化。", "No unit changed grade."), "changes", heading))
    held = steps[(steps["change"] == 0) & (steps[list(PARTS)].abs().max(axis=1) >= 0.5 - MAIN)]
    if len(held):
        items = listing(
            say(zh="{unit}（{up}使等级上升，{down}使其下降）", en="{unit} ({up} up, {down} down)", unit=comparison.after.labels[unit], up=_side(row, 1), down=_side(row, -1))
            for unit, row in held.iterrows()
        )  # fmt: skip
        text = say(zh="等级未变而有几方面影响相互抵消的：{items}。", en="Grades that stand because influences cancel out: {items}.", items=items)
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
    main.sort(key=lambda name: -sign * float(part.get(name, 0.0)))
    why = [_why(comparison, unit, name, sign, part) for name in main]
    cause = why[0] if len(why) == 1 else _and(why)
    moved = listing(say(zh="{name}{x}分", en="{name} {x}", name=NAMES[name], x=_signed(part[name])) for name in PARTS[:-1] if abs(part[name]) >= 0.005)
    first, last = (result.scheme.grade(step[f"grade_{side}"]).label for result, side in ((comparison.before, "before"), (comparison.after, "after")))
    parts = say(zh="，其中{moved}", en=": {moved}", moved=moved) if moved.zh else Text("", "")
    return say(
        zh="{unit}：等级由{first}变为{last}，主要因为{cause}。得分由{a:.2f}分变为{b:.2f}分{parts}。",
        en="{unit}: the grade changes from {first} to {last}, mainly because {cause}. The score goes from {a:.2f} to {b:.2f}{parts}.",
        unit=comparison.after.labels[unit], first=first, last=last, cause=cause, a=part["score_before"], b=part["score_after"], parts=parts,
    )  # fmt: skip


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _and(texts: list[Text]) -> Text:
    return Text("；同时".join(t.zh for t in texts), ", and likewise because ".join(t.en for t in texts))


def _why(comparison: Comparison, unit: str, name: str, sign: float, part: pd.Series) -> Text:
    """One part's reason in words."""
    before, after = comparison.before, comparison.after
    points = _signed(float(part.get(name, 0.0)))
    if name == "approval":
        return _approval(comparison, unit)
    if name == "units":
        return Text("参加考核的单位有变化", "other units were assessed")
    if name == "vetoes":
        return _veto(comparison, unit, points)
    if name == "cutoffs":
        return say(zh="分数线、名额或取整办法有变化（{what}）", en="cutoffs, quotas or rounding changed ({what})", what=line_changes(comparison))
    own = sign * float(part[name]) > 0
    by_quota = after.steps.loc[unit, "set_by"] in ("quota", "last") or before.steps.loc[unit, "set_by"] in ("quota", "last")
    if not own and by_quota:
        return say(
            zh="其他考核对象的得分变化改变了名次，等级名额随之变化（自身因{name}{x}分）",
            en="the scores of other units changed and with them the places that a quota leaves (its own part from {name}: {x})",
            name=NAMES[name], x=points,
        )  # fmt: skip
    if name == "points":
        return say(
            zh="指标分值和评分规则调整（含新增、拆分、取消的指标），得分{x}分",
            en="points and rules of indicators changed (new, split and dropped ones included): {x} points",
            x=points,
        )
    leaves = comparison.leaves.loc[unit].dropna()
    told = leaves[sign * leaves > 0.005]
    top = told.reindex((sign * told).sort_values(ascending=False, kind="stable").index).head(3)
    titles = {leaf.id: leaf.name for leaf in after.scheme.leaves}
    items = listing(say(zh="“{leaf}”{x}分", en="“{leaf}” {x}", leaf=titles[id], x=_signed(x)) for id, x in top.items())
    if sign > 0:
        text = say(zh="工作实绩有所提高，得分{x}分", en="its results improved: {x} points", x=points)
    else:
        text = say(zh="工作实绩有所下降，得分{x}分", en="its results fell: {x} points", x=points)
    return say(zh="{text}（变化最大的是{items}）", en="{text} (most on {items})", text=text, items=items) if len(top) else text


def _approval(comparison: Comparison, unit: str) -> Text:
    result = comparison.after if comparison.after.approved[unit] != comparison.after.grades[unit] else comparison.before
    remarks = result.table.remarks
    reason = words.both(remarks.at[unit, "approved_reason"]) if "approved_reason" in remarks else None
    text = say(
        zh="审定时由初评的{computed}定为{approved}{when}", en="approval turned the computed {computed} into {approved}{when}",
        computed=result.scheme.grade(result.grades[unit]).label, approved=result.scheme.grade(result.approved[unit]).label,
        when=Text("", "") if result is comparison.after else say(zh="（{year}）", en=" ({year})", year=years(comparison)[0]),
    )  # fmt: skip
    return text if reason is None else say(zh="{text}，理由是{reason}", en="{text} ({reason})", text=text, reason=reason)


def _veto(comparison: Comparison, unit: str, points: str) -> Text:
    struck = []
    for result in (comparison.before, comparison.after):
        k = result.table.units.index(unit)
        struck.append([veto.name for v, veto in enumerate(result.scheme.vetoes) if result.table.vetoes[k, v]])
    old, new = struck
    if new:
        by_score = comparison.after.scheme.grade(comparison.after.steps.loc[unit, "by_score"]).label
        return say(
            zh="存在“{vetoes}”情形，适用一票否决（按得分为{by_score}）", en="a veto applies for “{vetoes}” (by score it would be {by_score})",
            vetoes=listing(new), by_score=by_score,
        )  # fmt: skip
    if old:
        return say(zh="上次因“{vetoes}”适用的一票否决，本次不再适用", en="last time's veto for “{vetoes}” no longer applies", vetoes=listing(old))
    return say(zh="加减分有变化，得分{x}分", en="bonus and deductions changed: {x} points", x=points)


def line_changes(comparison: Comparison) -> Text:
    """What changed in cutoffs, quotas and rounding, in words."""
    before, after = comparison.before.scheme, comparison.after.scheme
    texts = []
    for old, new in zip(before.grades, after.grades, strict=False):
        if (old.cutoff, old.class_cutoffs) != (new.cutoff, new.class_cutoffs):
            texts.append(say(zh="{g}分数线由{a:g}分改为{b:g}分", en="cutoff of {g} from {a:g} to {b:g}", g=new.label, a=old.cutoff, b=new.cutoff))
        if (old.quota, old.ties, old.within) != (new.quota, new.ties, new.within):
            texts.append(say(zh="{g}名额由{a}改为{b}", en="quota of {g} from {a} to {b}", g=new.label, a=_quota(old), b=_quota(new)))
        if old.last != new.last:
            texts.append(say(zh="{g}末位规定有变化", en="last places of {g} changed", g=new.label))
    if before.rounding != after.rounding:
        texts.append(
            say(zh="总分由{a}改为{b}", en="the total from {a} to {b}", a=words.rounding(before.rounding.total), b=words.rounding(after.rounding.total))
            if before.rounding.total != after.rounding.total
            else Text("各级指标取整有变化", "rounding of indicators changed")
        )
    if before.rank_on != after.rank_on:
        texts.append(Text("排名所依据的得分有变化", "ranks go by another score"))
    return listing(texts) if texts else words.NONE


def _quota(grade: Grade) -> Text:
    if grade.quota is None:
        return Text("不限", "none")
    if 0 < grade.quota < 1:
        return same(f"{grade.quota * 100:.10g}%")
    return say(zh="{q:g}家", en="{q:g}", q=grade.quota)
