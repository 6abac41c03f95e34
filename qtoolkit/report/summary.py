"""Views for those who decide: the one-page summary, the matters for decision with their
consequences, the risks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit.assessment import Assessment, assess
from qtoolkit.engine.ties import foremost
from qtoolkit.errors import InputError
from qtoolkit.inputs.case import Case
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.scheme import Grade, Rounding, Scheme
from qtoolkit.language import Text, listing, say, settled
from qtoolkit.models import validate
from qtoolkit.report import flagged, words
from qtoolkit.report.blocks import Block, DataTable, Paragraph
from qtoolkit.report.scheme import joined, synthetic

SHOWN = 3  # risks on the first page
FEW = 3  # units in a clause


def summary(result: Assessment, near_miss: float, previous: Case | None = None) -> list[Block]:
    """The one page that leaders read, as far as the assessment alone can fill it; with last year's
    points and numbers of units where there are any."""
    scheme = result.scheme
    last = None if previous is None else assess(previous.scheme, previous.table)
    form = words.score_format(result)
    top, bottom = (
        result.scores.index[foremost(result.scores, falling=falling)] for falling in (True, False)
    )
    conclusion = say(
        zh="总体结论：按本方案测算，{n}家考核对象{counts}；得分最高的是{top}（{high}分），"
        "最低的是{bottom}（{low}分）。",
        en="Conclusion: under this scheme the {n:unit is|units are} graded as follows: {counts}. "
        "The highest score is that of {top} ({high}), the lowest that of {bottom} ({low}).",
        n=len(result.scores),
        counts=words.both_counts(result),
        top=words.units(result, top, FEW),
        high=format(settled(float(result.scores.max())), form),
        bottom=words.units(result, bottom, FEW),
        low=format(settled(float(result.scores.min())), form),
    )
    points = say(
        zh="方案要点：总分{total:g}分，{parts}；等级划分为{bands}。",
        en="The scheme: {total:g} points in all, {parts}; grades are {bands}.",
        total=scheme.total,
        parts=words.areas(scheme, previous and previous.scheme),
        bands=words.bands(scheme),
    )
    near_miss = words.points_of(result, near_miss)
    near = words.near_misses(result, near_miss)
    close = say(
        zh="测算结果：{near}：{units}。",
        en="Results: {near}: {units}.",
        near=words.near_miss_count(near, near_miss),
        units=words.units(result, near.index),
    )
    blocks: list[Block] = [
        Paragraph(conclusion, "summary"),
        Paragraph(points, "summary"),
        _grade_counts(result, near, last),
    ]
    blocks.append(Paragraph(close, "summary"))
    heading = Text("需研究决定的事项", "Matters for decision")
    for i, option in enumerate(options(result)):
        blocks.append(
            Paragraph(option, "summary", heading if i == 0 else None, style="item", place=2)
        )
    heading = Text("风险提示", "Risks")
    for i, text in enumerate(_risks(result)[:SHOWN]):
        blocks.append(
            Paragraph(text, "summary", heading if i == 0 else None, style="item", place=3)
        )
    blocks.append(Paragraph(footer(result), "summary", style="footer"))
    return blocks


def _grade_counts(result: Assessment, near: pd.DataFrame, last: Assessment | None) -> DataTable:
    """How many units have each grade by computation and as approved, how many had it last year, and
    how many of those with the computed grade are near-misses."""
    tally, close = result.grades.value_counts(), near["grade"].value_counts()
    grades = result.scheme.grades
    frame = pd.DataFrame(
        {
            "grade": [grade.label for grade in grades],
            "cutoff": [words.cutoff(result.scheme, grade) for grade in grades],
            "n": [int(tally.get(grade.id, 0)) for grade in grades],
            "share": [tally.get(grade.id, 0) / len(result.grades) for grade in grades],
            "near": [int(close.get(grade.id, 0)) for grade in grades],
        }
    )
    columns = {
        "grade": words.GRADE,
        "cutoff": Text("分数线", "Cutoff"),
        "n": Text("初评家数", "Units, computed"),
        "share": Text("初评占比", "Share, computed"),
        "near": Text("初评中临界单位", "Near-misses, computed"),
    }
    if words.is_approved(result):
        approved = result.approved.value_counts()
        frame.insert(
            list(frame).index("share"),
            "approved",
            [int(approved.get(grade.id, 0)) for grade in grades],
        )
        columns["approved"] = Text("审定家数", "Units, approved")
    if last is not None and [g.id for g in last.scheme.grades] == [g.id for g in grades]:
        before = last.approved.value_counts()
        frame.insert(
            list(frame).index("share"), "last", [int(before.get(grade.id, 0)) for grade in grades]
        )
        columns["last"] = (
            Text("上年度审定家数", "Approved last year")
            if words.is_approved(last)
            else Text("上年度初评家数", "Computed last year")
        )
    caption = Text("各等级家数", "Units in each grade")
    return DataTable(
        "grade_counts", caption, frame, columns, {"cutoff": "g", "share": ".1%"}, "summary"
    )


def footer(result: Assessment) -> Text:
    """Period of the data, reading of decimals, and that the data are synthetic where they are."""
    parts = []
    if result.scheme.data_period:
        parts.append(
            say(zh="数据期：{period}。", en="Data: {period}.", period=result.scheme.data_period)
        )
    parts.append(
        say(
            zh="小数口径：总分{how}。",
            en="Decimals: the total is {how}.",
            how=words.rounding(result.scheme.rounding.total),
        )
    )
    return joined([*parts, *synthetic(result)])


def options(result: Assessment) -> list[Text]:
    """Matters for decision, each with its consequence: rounding, cutoffs a hundredth of the total
    away, blanks."""
    texts, shift = [rounding_option(result)], words.points_of(result, None)
    for grade in result.scheme.grades[:1]:
        texts += [
            t
            for t in (
                _cutoff_option(result, grade.id, -shift),
                _cutoff_option(result, grade.id, shift),
            )
            if t
        ]
    if (blank := _blank_option(result)) is not None:
        texts.insert(1, blank)
    return texts[:3]


def grade_changes(result: Assessment, grades: pd.Series) -> Text:
    """Whose computed grade changes, and how: "初评等级变化的有甲市（由二档变为一档）"."""
    moved = [
        say(
            zh="{unit}（由{old}变为{new}）",
            en="{unit} (from {old} to {new})",
            unit=result.labels[unit],
            old=result.scheme.grade(result.grades[unit]).label,
            new=result.scheme.grade(grades[unit]).label,
        )
        for unit in result.grades.index
        if grades[unit] != result.grades[unit]
    ]
    if not moved:
        return words.NO_CHANGE
    return say(
        zh="初评等级变化的有{moved}",
        en="other computed grades for {moved}",
        moved=listing(moved, 8),
    )


def rounding_option(result: Assessment) -> Text:
    """What whole points would change; a result of either that a reader would expect and that does
    not come has its reason."""
    half_up, floor = (consequences(result, rounded(result, mode)) for mode in ("half_up", "floor"))
    return say(
        zh="小数口径。方案规定总分{now}。如改为四舍五入到整数：{half_up}；如改为舍去小数取整数："
        "{floor}。",
        en="Decimals. The scheme says: {now}. Half up to whole points instead: {half_up}. Down to "
        "whole points instead: {floor}.",
        now=words.rounding(result.scheme.rounding.total),
        half_up=half_up,
        floor=floor,
    )


def rounded(result: Assessment, mode: str) -> Assessment:
    """The same assessment with the total in whole points."""
    rounding = result.scheme.rounding.model_copy(update={"total": Rounding(decimals=0, mode=mode)})
    return assess(result.scheme.model_copy(update={"rounding": rounding}), result.table)


def consequences(result: Assessment, other: Assessment) -> Text:
    """Who changes grade under another rule, and who does not though the score alone would say so,
    with the reason."""
    changes, held = grade_changes(result, other.grades), _held(result, other)
    if not held:
        return changes
    return say(
        zh="{changes}（{held}）",
        en="{changes} ({held})",
        changes=changes,
        held=words.semicolons(held),
    )


def _held(result: Assessment, other: Assessment) -> list[Text]:
    """Units whose grade by score alone changes while their grade stays: what holds it, one clause
    for each."""
    old, new, texts = result.steps, other.steps, []
    for unit in result.scores.index:
        if (
            result.grades[unit] != other.grades[unit]
            or old.loc[unit, "by_score"] == new.loc[unit, "by_score"]
        ):
            continue
        then = new.loc[unit, "set_by"] != "score"
        cause = words.cause(result.scheme, (new if then else old).loc[unit, "set_by"])
        texts.append(
            say(
                zh="{unit}按得分由{a}变为{b}，{held}{cause}{as_}{grade}",
                en="{unit} goes from {a} to {b} by score but {held}{as_} {grade} because of "
                "{cause}",
                unit=result.labels[unit],
                cause=cause,
                grade=result.scheme.grade(result.grades[unit]).label,
                a=result.scheme.grade(old.loc[unit, "by_score"]).label,
                b=result.scheme.grade(new.loc[unit, "by_score"]).label,
                held=Text("因", "stays") if then else Text("原已因", "is already"),
                as_=Text("仍为", "") if then else Text("定为", ""),
            )
        )
    if len(texts) <= FEW:
        return texts
    return [
        *texts[:FEW],
        say(zh="另有{n}家也是如此", en="likewise {n:unit|units} more", n=len(texts) - FEW),
    ]


def _cutoff_option(result: Assessment, grade: str, shift: float) -> Text | None:
    now = result.scheme.grade(grade)
    moved = {
        "cutoff": settled(now.cutoff + shift),
        "class_cutoffs": {
            group: settled(cutoff + shift) for group, cutoff in now.class_cutoffs.items()
        },
    }
    grades = [g.model_dump() | (moved if g.id == grade else {}) for g in result.scheme.grades]
    try:
        scheme = validate(Scheme, result.scheme.model_dump() | {"grades": grades}, None)
    except InputError:  # the shifted cutoff would cross its neighbour: no such option exists
        return None
    return say(
        zh="{grade}分数线由{now}改为{cutoff}：{changes}。",
        en="The cutoff of {grade} at {cutoff} instead of {now}: {changes}.",
        grade=now.label,
        now=_line(result.scheme, now),
        cutoff=_line(scheme, scheme.grade(grade)),
        changes=consequences(result, assess(scheme, result.table)),
    )


def _line(scheme: Scheme, grade: Grade) -> Text:
    """A cutoff in words, or that of each class."""
    cutoff = words.cutoff(scheme, grade)
    return cutoff if isinstance(cutoff, Text) else say(zh="{x:g}分", en="{x:g}", x=cutoff)


def _blank_option(result: Assessment) -> Text | None:
    """What zero for every blank would do, where blanks are scored otherwise."""
    if not (result.flags.kind == "blank").any():
        return None
    other = grade_cutoffs.blanks_as_zero(result)
    if (other.grades == result.grades).all() and (other.scores == result.scores).all():
        return None
    return say(
        zh="缺项处理。如各项空白一律按零分计：{changes}。",
        en="Blanks. If every blank counted as zero: {changes}.",
        changes=consequences(result, other),
    )


def risks(result: Assessment) -> list[Block]:
    """What to bear in mind beside what the summary says, and where the options with their
    consequences are."""
    texts = _risks(result)
    heading = Text("风险提示", "Risks")
    intro = (
        Text("除摘要所列外，还应注意以下各项。", "Beside those in the summary:")
        if texts[SHOWN:]
        else Text("见摘要。", "See the summary.")
    )
    options = Text(
        "可供选择的做法及其后果，见摘要“需研究决定的事项”和“等级划分标准论证”。",
        "Options with their consequences are in the summary (matters for decision) and under the "
        "grounds for the cutoffs.",
    )
    items = [Paragraph(text, "risks", style="item") for text in texts[SHOWN:]]
    return [Paragraph(intro, "risks", heading), *items, Paragraph(options, "risks")]


def _risks(result: Assessment) -> list[Text]:
    kinds = [*CHECKS, "dead_cutoff", "rounding", "set_dependent", "constant"]
    texts = flagged.sentences(result, kinds)
    blanks = result.engine.tree.blank.any(axis=1)
    if blanks.any():
        texts.append(
            say(
                zh="{units}有不计分的缺项，其分值已转给其他指标，与其他考核对象的可比性较差。",
                en="{units}: some indicators are not scored and their points went to others, so "
                "these units compare less well with the rest.",
                units=words.units(result, result.scores.index[np.flatnonzero(blanks)]),
            )
        )
    return [*result.scheme.notes[:1], *texts, *result.scheme.notes[1:]]
