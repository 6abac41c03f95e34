"""Views of where points are lost and what was decided: areas, departments, stages, gaps, lists,
history, verification."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit import decomposition
from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.inputs.scheme import Stage, Veto
from qtoolkit.language import Text, listing, say
from qtoolkit.report import words
from qtoolkit.report.blocks import Block, Paragraph, headed, table_of

YEARS_IN_A_ROW = 3
BLOCKS = 6  # first-level indicators that get columns of their own
POINTS, LOST = Text("分值", "Points"), Text("平均失分", "Mean points lost")


def losses(result: Assessment) -> list[Block]:
    """Points lost by area, aspect and department (任务分解), where the scheme names them."""
    titles = {
        "area": (Text("领域", "Area"), Text("各领域得失分", "Points by area")),
        "aspect": (Text("方面", "Aspect"), Text("质量安全与质量发展得失分", "Points by aspect")),
        "lead": (
            Text("考核牵头部门", "Department that scores"),
            Text("各考核牵头部门指标失分", "Points lost by scoring department"),
        ),
        "responsible": (
            Text("责任单位", "Department responsible"),
            Text("各责任单位失分", "Points lost by responsible department"),
        ),
    }
    blocks: list[Block] = []
    parts: list[Text] = []
    for by, (title, caption) in titles.items():
        table = decomposition.losses(result, by)
        if table.empty:
            continue
        columns = {
            "name": (title, list(table["name"]), ""),
            "leaves": (Text("指标数", "Indicators"), list(table["leaves"]), "d"),
            "points": (POINTS, list(table["points"]), "g"),
            "lost": (LOST, list(table["lost"]), ".2f"),
            "share": (Text("失分率", "Share lost"), list(table["share"]), ".1%"),
        }
        blocks.append(table_of(f"lost_by_{by}", caption, "annex_scores", columns))
        scored = table[table["points"] > 0]
        if scored.empty:
            continue
        rows = scored.iloc[_first(scored["lost"], 2)].rename(columns={"name": "name_"}).itertuples()
        most = listing(
            say(
                zh="{name}（{p:.2f}分，占{share:.1%}）",
                en="{name} ({p:.2f}, {share:.1%} of its points)",
                name=row.name_,
                p=row.lost,
                share=row.share,
            )
            for row in rows
        )
        parts.append(
            say(
                zh="按{title}看是{most}",
                en="by {title}: {most}",
                title=Text(title.zh, title.en.lower()),
                most=most,
            )
        )
    if parts:
        text = say(
            zh="平均失分（占其分值）最多的，{parts}。",
            en="Most points are lost on average {parts}.",
            parts=words.semicolons(parts),
        )
        blocks.append(Paragraph(text, "operation", see=words.DETAILS))
    blocks += _grid(result)
    if parts and not decomposition.applies(result).all(axis=None):
        text = Text(
            "各项失分和失分率按该项适用的考核对象平均，不适用或不计分的不计入。",
            "Points and shares lost on an item are means over the units to which it applies; where "
            "it does not apply or is not scored it does not count.",
        )
        blocks.append(Paragraph(text, "annex_scores", style="note"))
    if all(leaf.lead is None and leaf.responsible is None for leaf in result.scheme.leaves):
        text = Text(
            "方案未列考核牵头部门和责任单位，不作部门失分分析。",
            "The scheme names no departments, so points lost are not broken down by department.",
        )
        blocks.append(Paragraph(text, "operation", style="note"))
    elif any(
        len(decomposition.names_of(leaf, by)) > 1
        for leaf in result.scheme.leaves
        for by in ("lead", "responsible")
    ):
        text = Text(
            "多个部门共同承担的指标分别计入各部门。",
            "An indicator of several departments counts for each of them.",
        )
        blocks.append(Paragraph(text, "annex_scores", style="note"))
    return headed(
        blocks, Text("按领域、方面和部门的失分", "Points lost by area, aspect and department")
    )


def _first(values: pd.Series, n: int) -> np.ndarray:
    """Places of the n largest values, the largest first, and of all that tie with the last of
    them."""
    order = in_order(values)
    near = values.iloc[order].to_numpy(float)
    return order[near >= near[min(n, len(near)) - 1] - SAME]


def _grid(result: Assessment) -> list[Block]:
    """Area × aspect × block: points and losses, with what has no indicator at all."""
    table = decomposition.grid(result)
    if table.empty:
        return []
    cells, tops = table.groupby(["area", "aspect"], sort=False), result.scheme.indicators
    whole = cells[["leaves", "points", "lost"]].sum().reset_index()
    empty = whole["leaves"] == 0
    columns = {
        "area": (Text("领域", "Area"), list(whole["area"]), ""),
        "aspect": (Text("方面", "Aspect"), list(whole["aspect"]), ""),
        "leaves": (Text("指标数", "Indicators"), list(whole["leaves"]), "d"),
    }
    for top in tops if 1 < len(tops) <= BLOCKS else []:
        of_block = table[table["block"] == top.id].reset_index(drop=True)
        for name, title, form in (("points", POINTS, "g"), ("lost", LOST, ".2f")):
            heading = say(zh="{top}：{what}", en="{top}: {what}", top=top.name, what=title)
            columns[f"{name}:{top.id}"] = (
                heading,
                list(of_block[name].where(of_block["leaves"] > 0)),
                form,
            )
    columns |= {
        "points": (
            say(zh="合计{what}", en="{what}, total", what=POINTS),
            list(whole["points"].where(~empty)),
            "g",
        ),
        "lost": (
            say(zh="合计{what}", en="{what}, total", what=LOST),
            list(whole["lost"].where(~empty)),
            ".2f",
        ),
        "note": (
            Text("提示", "Note"),
            [Text("没有指标", "no indicator") if none else Text("", "") for none in empty],
            "",
        ),
    }
    caption = Text(
        "领域、方面和一级指标的分值与失分", "Points and losses by area, aspect and block"
    )
    blocks: list[Block] = [table_of("grid", caption, "annex_scores", columns)]
    if empty.any():
        text = say(
            zh="领域与方面的{all}个组合中，没有任何指标的有{n}个：{names}。请核对是否有意为之。",
            en="Of {all:combination|combinations} of area and aspect, {n:has|have} no indicator at "
            "all: {names}. Check whether that is meant.",
            all=len(whole),
            n=int(empty.sum()),
            names=listing(
                say(zh="{a}×{b}", en="{a} × {b}", a=row.area, b=row.aspect)
                for row in whole[empty].itertuples()
            ),
        )
        blocks.append(Paragraph(text, "operation"))
    left = len(result.scheme.leaves) - int(table["leaves"].sum())
    if left:
        text = say(
            zh="未写明领域或方面的{n}项指标不在领域、方面和一级指标的表内。",
            en="{n:indicator|indicators} without an area or an aspect: not in the table by area, "
            "aspect and block.",
            n=left,
        )
        blocks.append(Paragraph(text, "annex_scores", style="note"))
    return blocks


def stages(result: Assessment) -> list[Block]:
    """How strictly each stage marks, and what verification changed."""
    table = decomposition.stages(result)
    if table.empty:
        return []
    names = {stage.id: stage for stage in result.scheme.stages}
    effects = {
        "part": Text("按权重计入", "weighted in"),
        "replaces": Text("以其为准", "replaces what was filed"),
        "corrects": Text("据以更正", "corrects what was filed"),
    }
    columns = {
        "stage": (Text("阶段", "Stage"), [names[id].name for id in table.index], ""),
        "effect": (Text("作用", "Effect"), [effects[names[id].effect] for id in table.index], ""),
        "leaves": (Text("指标数", "Indicators"), list(table["leaves"]), "d"),
        "cells": (Text("评分项次", "Scores given"), list(table["cells"]), "d"),
        "mean": (Text("平均得分率", "Mean share"), list(table["mean"]), ".1%"),
        "filed": (
            Text("同项核查前得分率", "Share before, same items"),
            list(table["filed"]),
            ".1%",
        ),
    }
    heading = Text("各阶段评分情况", "How the stages mark")
    blocks: list[Block] = [table_of("stages", heading, "annex_scores", columns)]
    marks = table["mean"][[names[id].effect == "part" for id in table.index]].dropna()
    if len(marks) > 1 and marks.max() - marks.min() > SAME:
        text = say(
            zh="各阶段中平均得分率最低的是{low}（{a:.1%}），最高的是{high}（{b:.1%}）；"
            "各阶段评的项目不全相同。",
            en="Of the stages {low} marks lowest on average ({a:.1%}) and {high} highest "
            "({b:.1%}); they do not mark the same items.",
            low=_named(names, marks, False),
            a=marks.min(),
            high=_named(names, marks, True),
            b=marks.max(),
        )
        blocks.append(Paragraph(text, "operation", heading, see=words.DETAILS))
    changed = decomposition.verification(result)
    if len(changed):
        by_unit = changed.groupby("unit", sort=False)["change"].sum()
        down, up = int((by_unit < -SAME).sum()), int((by_unit > SAME).sum())
        largest = Text("", "")
        if down:
            largest = say(
                zh="；降幅最大的是{most}，{points:.2f}分",
                en="; the largest loss is {points:.2f} points ({most})",
                most=words.units(result, by_unit.index[foremost(by_unit, falling=False)]),
                points=by_unit.min(),
            )
        text = say(
            zh="核查改动{cells}项、涉及{n}家，其中{down}家得分下降、{up}家上升{largest}。",
            en="Verification changed {cells:item|items} of {n:unit|units}: {down} lost and {up} "
            "gained{largest}.",
            cells=len(changed),
            n=len(by_unit),
            down=down,
            up=up,
            largest=largest,
        )
        blocks.append(Paragraph(text, "operation", see=words.DETAILS))
    return blocks


def _named(stages: Mapping[str, Stage], marks: pd.Series, highest: bool) -> Text:
    """The stages that mark highest (or lowest), all that tie."""
    return listing([stages[id].name for id in marks.index[foremost(marks, falling=highest)]])


def gaps(result: Assessment) -> list[Block]:
    """查缺补漏: what costs each unit most, and the points that are cheapest to gain."""
    named = any(leaf.responsible for leaf in result.scheme.leaves)
    table = decomposition.gaps(result, "responsible" if named else "lead")
    table = table.loc[result.ranks.sort_values(kind="stable").index]
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}

    def items(pairs: list[tuple[str, float]]) -> Text:
        parts = [
            say(zh="{name} {p:.2f}", en="{name} {p:.2f}", name=names[id], p=p) for id, p in pairs
        ]
        return listing(parts) if parts else words.NONE

    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in table.index], ""),
        "short": (
            Text("距上一初评等级", "Short of next computed grade"),
            list(table["short"]),
            ".2f",
        ),
        "short_by": (Text("取决于", "Set by"), _set_by(result, table), ""),
        "department": (
            Text("失分最多的部门", "Department that costs most"),
            list(table["department"]),
            "",
        ),
        "department_lost": (
            Text("部门失分", "Its points lost"),
            list(table["department_lost"]),
            ".2f",
        ),
        "lost": (
            Text("失分最多的指标", "Largest losses"),
            [items(pairs) for pairs in table["lost"]],
            "",
        ),
        "cheapest": (
            Text("最易补齐的指标", "Cheapest to gain"),
            [items(pairs) for pairs in table["cheapest"]],
            "",
        ),
    }
    if table["department"].isna().all():
        del columns["department"], columns["department_lost"]
    if table["short_by"].isin([grade_cutoffs.LINE, grade_cutoffs.BEST]).all():
        del columns["short_by"]
    note = Text(
        "“最易补齐”指满分单位最多的失分指标：别家做到的，经整改可以做到；所列为失分。"
        "“距上一初评等级”指其他单位不变时本单位再增多少分等级才真正上升，名额和否决计入；"
        "不能上升的不列。",
        "“Cheapest” are the losses on items where most units have full marks: what others do can "
        "be done. Points lost are shown. Short of the next computed grade is what the unit alone "
        "must gain for a better grade, quotas and vetoes counted; nothing stands where none can be "
        "had.",
    )
    caption = Text(
        "查缺补漏：各考核对象失分和可补齐的分", "Gaps: where each unit loses and what it could gain"
    )
    wide = {
        "unit": 1.2,
        "short": 0.9,
        "short_by": 1.4,
        "department": 1.4,
        "department_lost": 0.9,
        "lost": 3,
        "cheapest": 3,
    }
    widths = tuple(wide[name] for name in columns)
    nearest = {
        "order": in_order(table["short"], falling=False),
        "chosen": Text("距上一初评等级最近的", "least short of the next grade"),
    }
    return [
        table_of("gaps", caption, "annex_scores", columns, widths=widths, **nearest),
        Paragraph(note, "annex_scores", style="note"),
    ]


def _set_by(result: Assessment, table: pd.DataFrame) -> list[Text | None]:
    """What sets the limit to the next grade, with those whom a unit must pass for a place, or what
    bars it."""
    limits: list[Text | None] = []
    for row in table.itertuples():
        why = words.barred(row.short_by)
        if row.rivals:
            why = say(
                zh="{why}（须赶超{rivals}）",
                en="{why} (must pass {rivals})",
                why=why,
                rivals=words.units(result, row.rivals),
            )
        elif row.short_by in (grade_cutoffs.QUOTA, grade_cutoffs.LAST) and pd.isna(row.short):
            why = say(zh="{why}（满分也不能得）", en="{why} (not even with full marks)", why=why)
        limits.append(why)
    return limits


def lists(result: Assessment) -> list[Block]:
    """The lists that the rules call for, vetoes with their evidence, approved grades, and years in
    a row."""
    causes = _causes(result)
    tables = [*_consequences(result, causes), *_vetoes(result), *_changed_by_approval(result)]
    in_a_row: list[Block] = [Paragraph(text, "results", style="item") for text in _history(result)]
    if not tables and not in_a_row:
        return []
    heading = Text("名单和审定", "Lists and approval")
    return [Paragraph(_by_what(result, causes), "results", heading), *in_a_row, *tables]


def _causes(result: Assessment) -> dict[str, Text]:
    """What may set a computed grade, by the codes of the column `set_by`."""
    causes = {
        "score": Text("得分", "score"),
        "quota": Text("等级名额", "quota"),
        "last": Text("末位", "last places"),
    }
    for veto in result.scheme.vetoes:
        causes[f"veto:{veto.id}"] = say(zh="“{name}”", en="“{name}”", name=veto.name)
    return causes


def _consequences(result: Assessment, causes: dict[str, Text]) -> list[Block]:
    """Units to commend or to rectify, by the grades that have a consequence."""
    set_by = result.steps["set_by"]
    rows = [
        (grade, unit)
        for grade in result.scheme.grades
        if grade.consequence
        for unit in set_by.index[result.approved == grade.id]
    ]
    if not rows:
        return []
    units = [unit for _, unit in rows]
    differs = result.approved != result.grades
    approval = Text("审定", "approval")
    reasons = [approval if differs[unit] else causes[set_by[unit]] for unit in units]
    columns = {
        "consequence": (Text("处理", "Consequence"), [grade.consequence for grade, _ in rows], ""),
        "unit": (words.UNIT, [result.labels[unit] for unit in units], ""),
        "score": (
            words.SCORE,
            [result.scores[unit] for unit in units],
            words.score_format(result),
        ),
        "grade": (
            words.APPROVED if words.is_approved(result) else words.COMPUTED,
            [grade.label for grade, _ in rows],
            "",
        ),
        "set_by": (Text("等级依据", "Grade set by"), reasons, ""),
    }
    caption = Text("按规定应予表扬或整改的名单", "Units to commend or to rectify")
    return [table_of("lists", caption, "results", columns)]


def _vetoes(result: Assessment) -> list[Block]:
    """Vetoes that were found, with their effects and their evidence."""
    hits = [
        (unit, veto)
        for v, veto in enumerate(result.scheme.vetoes)
        for unit, hit in zip(result.scores.index, result.table.vetoes[:, v], strict=True)
        if hit
    ]
    if not hits:
        return []
    effects = {veto.id: _effect(result, veto) for veto in result.scheme.vetoes}

    def remarks(kind: str) -> list[Text | None]:
        return [_remark(result, unit, f"{kind}:{veto.id}") for unit, veto in hits]

    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit, _ in hits], ""),
        "veto": (Text("否决事项", "Veto"), [veto.name for _, veto in hits], ""),
        "effect": (Text("处理结果", "Effect"), [effects[veto.id] for _, veto in hits], ""),
        "event": (Text("事件", "Event"), remarks("event"), ""),
        "evidence": (Text("证据", "Evidence"), remarks("evidence"), ""),
        "date": (Text("日期", "Date"), remarks("date"), ""),
    }
    caption, widths = Text("一票否决事项", "Vetoes"), (1, 2, 1.2, 2, 2, 1.2)
    return [table_of("vetoes", caption, "results", columns, widths=widths)]


def _effect(result: Assessment, veto: Veto) -> Text:
    """What a veto does to a grade."""
    if not veto.cap:
        return say(zh="下调{n}级", en="{n:grade|grades} down", n=veto.lower)
    label = result.scheme.grade(veto.cap).label
    return say(zh="最高定为{grade}", en="{grade} at best", grade=label)


def _remark(result: Assessment, unit: str, column: str) -> Text | None:
    """What the data say of a unit in a column of remarks, if there is one."""
    remarks = result.table.remarks
    return words.both(remarks.at[unit, column]) if column in remarks else None


def _changed_by_approval(result: Assessment) -> list[Block]:
    """Units whose approved grade is not the computed one, with the reason and who approved it."""
    units = result.approved.index[result.approved != result.grades]
    if not len(units):
        return []

    def labels(grades: pd.Series) -> list[Text]:
        return [result.scheme.grade(grades[unit]).label for unit in units]

    def remarks(column: str) -> list[Text | None]:
        return [_remark(result, unit, column) for unit in units]

    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in units], ""),
        "computed": (words.COMPUTED, labels(result.grades), ""),
        "approved": (words.APPROVED, labels(result.approved), ""),
        "reason": (Text("理由", "Reason"), remarks("approved_reason"), ""),
        "by": (Text("审定机关", "Approved by"), remarks("approved_by"), ""),
    }
    caption = Text(
        "审定等级与初评等级不一致的考核对象", "Approved grades that are not the computed ones"
    )
    return [table_of("approved", caption, "results", columns, widths=(1, 1, 1, 3, 1.5))]


def _by_what(result: Assessment, causes: dict[str, Text]) -> Text:
    counts = result.steps["set_by"].map(lambda cause: causes[cause]).value_counts(sort=False)
    parts = listing(
        say(zh="{cause}{n}家", en="{cause} {n}", cause=cause, n=int(n))
        for cause, n in counts.items()
    )
    return say(
        zh="初评等级的依据：{parts}。", en="What set the computed grades: {parts}.", parts=parts
    )


def _history(result: Assessment) -> list[Text]:
    """Units with the best or the last grade for years in a row, where the data hold past grades."""
    table = decomposition.streaks(result)
    texts = []
    for end, grade in (("best", result.scheme.grades[0]), ("worst", result.scheme.grades[-1])):
        units = table.index[(table[end] >= YEARS_IN_A_ROW) & (table.shape[1] > 3)]
        for n in sorted({int(table.loc[unit, end]) for unit in units}, reverse=True):
            text = say(
                zh="连续{n}年为“{grade}”：{units}。",
                en="“{grade}” for {n} years in a row: {units}.",
                n=n,
                grade=grade.label,
                units=words.units(result, units[table.loc[units, end] == n]),
            )
            texts.append(text)
    return texts


def dependence(result: Assessment) -> list[Block]:
    """Set-dependent scoring: the drop-one-unit test, and the log of treated outliers."""
    blocks: list[Block] = []
    kinds = [leaf.name for leaf in result.scheme.leaves if leaf.rule.is_set_dependent]
    if kinds or (result.flags["kind"] == "set_dependent").any():
        table = decomposition.drop_unit(result)
        moved = table[(table["grades"] > 0) | (table["swaps"] > 0)].sort_values(
            ["grades", "swaps"], ascending=False
        )
        text = say(
            zh="部分得分取决于同时考核的其他单位。逐一剔除检验：剔除任一单位后，"
            "其余单位初评等级有变化的情形{grades}个{cause}，位次有变化的情形{swaps}个（共{n}个），"
            "得分变动最多{largest:.2f}分。",
            en="Some scores depend on who else is assessed. Leaving out each unit in turn: in "
            "{grades} of {n:case|cases} a computed grade of another changes{cause}, in {swaps} an "
            "order of two others; a score moves by at most {largest:.2f} points.",
            grades=int((table["grades"] > 0).sum()),
            swaps=int((table["swaps"] > 0).sum()),
            n=len(table),
            largest=float(table["largest"].max()),
            cause=_by_places(table),
        )
        blocks.append(Paragraph(text, "operation", Text("剔除单位检验", "Leaving out one unit")))
        if len(moved):
            columns = {
                "unit": (
                    Text("剔除的单位", "Left out"),
                    [result.labels[unit] for unit in moved.index],
                    "",
                ),
                "grades": (
                    Text("初评等级变化家数", "Computed grades changed"),
                    list(moved["grades"]),
                    "d",
                ),
                "places": (
                    Text("其中仅因名额或末位", "Of these by places alone"),
                    list(moved["places"]),
                    "d",
                ),
                "swaps": (Text("位次对调对数", "Pairs reversed"), list(moved["swaps"]), "d"),
                "largest": (
                    Text("最大得分变动", "Largest change of score"),
                    list(moved["largest"]),
                    ".2f",
                ),
            }
            blocks.append(
                table_of(
                    "drop_unit",
                    Text("逐一剔除检验", "Leaving out one unit"),
                    "annex_scores",
                    columns,
                )
            )
    log = result.treated
    if len(log):
        columns = {
            "unit": (words.UNIT, [result.labels[unit] for unit in log["unit"]], ""),
            "leaf": (
                Text("指标", "Indicator"),
                [result.scheme.indicator(id).name for id in log["indicator"]],
                "",
            ),
            "raw": (Text("原数值", "Value"), list(log["raw"]), ".10g"),
            "treated": (Text("处理后", "Treated"), list(log["treated"]), ".10g"),
        }
        blocks.append(
            table_of(
                "outliers",
                Text("异常值处理记录", "Log of treated outliers"),
                "annex_scores",
                columns,
            )
        )
    return blocks


def _by_places(table: pd.DataFrame) -> Text:
    """In how many cases of a changed grade no score had a part: the unit left out had a place or
    filled the ranks."""
    cases = table[table["grades"] > 0]
    only = int((cases["places"] == cases["grades"]).sum())
    if not only:
        return Text("", "")
    return say(
        zh="（其中{only}个只因名额或末位名单随之变动，与相对评分无关）",
        en=" ({only} of them only because places of a quota or the last places moved, not by "
        "relative scoring)",
        only=only,
    )


def checks(result: Assessment) -> list[Block]:
    """Annex: what verification changed item by item, and the reasons given for points taken off."""
    return [*_verified(result), *_reasons_given(result)]


def _verified(result: Assessment) -> list[Block]:
    """The items that verification changed."""
    changed = decomposition.verification(result)
    if not len(changed):
        return []
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in changed["unit"]], ""),
        "leaf": (Text("指标", "Indicator"), [names[id] for id in changed["indicator"]], ""),
        "filed": (Text("核查前", "As filed"), _as_typed(changed["filed"]), ""),
        "verified": (Text("核查后", "As verified"), _as_typed(changed["verified"]), ""),
        "change": (Text("得分变动", "Change of score"), list(changed["change"]), "+.2f"),
    }
    caption = Text("核查改动的项目", "Items changed by verification")
    return [table_of("verification", caption, "annex_scores", columns)]


def _as_typed(values: pd.Series) -> list:
    """Numbers and words of the data, numbers without needless decimals."""
    return [f"{v:.10g}" if isinstance(v, float | int) else v for v in values]


def _reasons_given(result: Assessment) -> list[Block]:
    """Points taken off with the reasons that the data give."""
    remarks = result.table.remarks
    reasons = [
        (unit, leaf, reason)
        for leaf in result.scheme.leaves
        if f"reason:{leaf.id}" in remarks
        for unit, reason in remarks[f"reason:{leaf.id}"][result.scores.index].items()
        if isinstance(reason, str)
    ]
    if not reasons:
        return []
    lost = decomposition.lost_points(result)
    points_lost = [lost.loc[unit, leaf.id] for unit, leaf, _ in reasons]
    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit, _, _ in reasons], ""),
        "leaf": (Text("指标", "Indicator"), [leaf.name for _, leaf, _ in reasons], ""),
        "lost": (Text("失分", "Points lost"), points_lost, ".2f"),
        "reason": (
            Text("扣分原因", "Reason"),
            [words.both(reason) for _, _, reason in reasons],
            "",
        ),
    }
    caption = Text("扣分原因", "Reasons for points taken off")
    return [table_of("reasons", caption, "annex_scores", columns, widths=(1, 2, 0.8, 3))]
