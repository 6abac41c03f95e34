"""Wordings that several views share: rules, rounding, regions of grades, lists of units."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit.assessment import Assessment
from qtoolkit.inputs.leafrules import (
    DeductRule,
    DirectRule,
    EfficacyRule,
    GoalpostsRule,
    LevelRule,
    StepsRule,
    TargetRule,
)
from qtoolkit.inputs.scheme import Indicator, Rounding, Scheme
from qtoolkit.language import Text, listing, say

UNIT = Text("考核对象", "Unit")
SCORE = Text("得分", "Score")
GRADE = Text("等级", "Grade")
RANK = Text("位次", "Rank")

NONE = Text("无", "none")


def units(result: Assessment, names: Iterable[str], most: int | None = None) -> Text:
    """Names of units in both languages, "none" where there are none."""
    labels = result.labels
    chosen = [labels[name] for name in names]
    return listing(chosen, most) if chosen else NONE


def counts(result: Assessment, grades: pd.Series | None = None) -> Text:
    """How many units have each grade, best first: "A级4家、B级22家"."""
    grades = result.grades if grades is None else grades
    tally = grades.value_counts()
    return listing(
        say(zh="{grade}{n}家", en="{grade}: {n}", grade=grade.label, n=int(tally.get(grade.id, 0)))
        for grade in result.scheme.grades
    )


def bands(scheme: Scheme) -> Text:
    """The cutoffs in words: bands are closed below."""
    items = [
        say(zh="{grade}{cutoff:g}分及以上", en="{grade} from {cutoff:g}", grade=grade.label, cutoff=grade.cutoff)
        for grade in scheme.grades[:-1]
    ]
    if len(scheme.grades) == 1:
        return scheme.grades[0].label
    last, edge = scheme.grades[-1].label, scheme.grades[-2].cutoff
    return listing([*items, say(zh="{grade}不足{edge:g}分", en="{grade} below {edge:g}", grade=last, edge=edge)])


def areas(scheme: Scheme) -> Text:
    """The top-level indicators and their points; where there are many, their number."""
    if len(scheme.indicators) > 6:
        return say(zh="指标{n}项", en="{n:indicator|indicators}", n=len(scheme.indicators))
    return listing(say(zh="{n}{p:g}分", en="{n} {p:g}", n=top.name, p=top.points) for top in scheme.indicators)


def rounding(rule: Rounding | None) -> Text:
    """A rounding rule in words."""
    if rule is None:
        return Text("不取整", "not rounded")
    if rule.decimals == 0:
        return (
            Text("四舍五入到整数", "half up to whole points")
            if rule.mode == "half_up"
            else Text("舍去小数取整数", "down to whole points")
        )
    if rule.mode == "half_up":
        return say(zh="四舍五入保留{n}位小数", en="half up to {n:decimal|decimals}", n=rule.decimals)
    return say(zh="舍去{n}位小数以后的部分", en="down to {n:decimal|decimals}", n=rule.decimals)


def scoring(leaf: Indicator) -> Text:
    """How a leaf is scored, in one sentence made from the rule itself."""
    rule = leaf.rule
    match rule:
        case GoalpostsRule():
            ends = (rule.low, rule.high) if rule.direction == "higher" else (rule.high, rule.low)
            text = say(
                zh="由{zero:g}（零分）到{full:g}（满分）按比例计分，超出按端点计",
                en="in proportion from {zero:g} (nothing) to {full:g} (full marks), as at the ends beyond",
                zero=ends[0], full=ends[1],
            )
        case EfficacyRule():
            text = say(
                zh="功效系数：不允许值{low:g}得满分的{base:.0%}，满意值{high:g}得满分，其间按比例，超出按端点计",
                en="efficacy: {low:g} earns {base:.0%} of full marks, {high:g} full marks, in proportion between, as at "
                "the ends beyond",
                low=rule.unacceptable, base=rule.base, high=rule.satisfactory,
            )
        case TargetRule():
            text = Text("按目标值完成率计分，最高得满分", "the share of the target that is reached, at most full marks")
            if rule.floor is not None:
                text = say(
                    zh="{text}；完成率不足{floor:.0%}不得分",
                    en="{text}; nothing below {floor:.0%}",
                    text=text, floor=rule.floor,
                )
        case DeductRule():
            what = (
                Text("与目标值相差", "short of the target by")
                if rule.own_target or rule.target is not None
                else Text("缺", "missing")
            )
            text = say(
                zh="{what}每{per:g}扣{rate:g}分，扣完为止",
                en="{rate:g} points off for each {per:g} {what}, down to nothing",
                what=what, per=rule.per, rate=rule.rate,
            )
        case LevelRule():
            levels = listing(
                say(zh="{name}得{share:.0%}", en="{name} {share:.0%}", name=n, share=s) for n, s in rule.levels.items()
            )
            text = say(zh="分档计分：{levels}", en="by level: {levels}", levels=levels)
        case StepsRule():
            at = listing(
                say(zh="{at:g}起{share:.0%}", en="from {at:g} {share:.0%}", at=s.at, share=s.share) for s in rule.table
            )
            text = say(zh="分段计分：{at}", en="by steps: {at}", at=at)
        case DirectRule():
            text = Text("直接评分", "points given directly")
        case _:
            text = Text("得分率乘以分值", "share of full marks times points")
    return text


def top_path(scheme: Scheme) -> dict[str, list[Indicator]]:
    """For each leaf id, the indicators from the top of the tree down to it."""
    paths: dict[str, list[Indicator]] = {}

    def walk(node: Indicator, above: list[Indicator]) -> None:
        here = [*above, node]
        if node.is_leaf:
            paths[node.id] = here
        for child in node.children:
            walk(child, here)

    for top in scheme.indicators:
        walk(top, [])
    return paths


def score_format(result: Assessment) -> str:
    """The format of published scores: the decimals that the scheme keeps."""
    rule = result.scheme.rounding.total
    return ".4f" if rule is None else f".{rule.decimals}f"


def near_misses(result: Assessment, near_miss: float) -> pd.DataFrame:
    """Units within `near_miss` points of a cutoff, the nearest first."""
    table = grade_cutoffs.margins(result)
    return table[table["nearest"] <= near_miss].sort_values("nearest", kind="stable")
