"""Views of what changed since last year: grades, reasons, points alone, the table of revisions,
grades over the years."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from qtoolkit.comparison import FACTORS, PARTS, Comparison, History
from qtoolkit.comparison.mixing import NONE_MATCHED
from qtoolkit.engine.ties import foremost, in_order
from qtoolkit.errors import InputError, nearest
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import unit_of
from qtoolkit.language import Text, listing, say
from qtoolkit.report import change_figures, choosing, reasons, words
from qtoolkit.report.blocks import Block, Chart, DataTable, Paragraph, headed, table_of

FEW = 12  # names in a sentence
MOVED = Text("位次变动最大的", "with the largest moves")
KINDS = {
    "kept": Text("保留", "kept"),
    "renamed": Text("更名", "renamed"),
    "split": Text("拆分", "split"),
    "merged": Text("合并", "merged"),
    "new": Text("新增", "new"),
    "dropped": Text("取消", "dropped"),
}
NOTHING = Text(
    "没有给出上年度案例（参数 previous），不作年度比较。",
    "No case of last year is given (parameter previous): years are not compared.",
)


def transitions(comparison: Comparison | None) -> list[Block]:
    """Who changed grade, with the sentence for the summary."""
    if comparison is None:
        return [Paragraph(NOTHING, style="note")]
    steps, (old, new) = comparison.grade_decomposition, reasons.years(comparison)
    up, down = (steps.index[sign * steps["change"] > 0] for sign in (1, -1))
    unchanged, count = int((steps["change"] == 0).sum()), len(steps)
    heading = Text("等级变化", "Changes of grade")
    blocks: list[Block] = []
    if comparison.graded_alike:
        line = say(
            zh="与{old}比较：{n}家中{same}家{kind}不变，{up}家上升{rise}，{down}家下降{fall}。",
            en="Compared with {old}: of {n:unit|units} {same:keeps its|keep their} {kind}, "
            "{up:rises|rise}{rise} and {down:falls|fall}{fall}.",
            old=old,
            n=count,
            same=unchanged,
            up=len(up),
            down=len(down),
            rise=_named(comparison, up),
            fall=_named(comparison, down),
            kind=_kinds(comparison),
        )
        blocks += [Paragraph(line, "summary", place=1), Paragraph(line, "changes", heading)]
        kappa, rank = comparison.kappa, comparison.correlations
        text = say(
            zh="两次{kind}的一致率为{share:.1%}，{kappa}；{ranks}位次平均变动{shift:.2f}位。",
            en="The {kind} is the same for {share:.1%}; {kappa}; {ranks}ranks move by {shift:.2f} "
            "on average.",
            kind=_kinds(comparison),
            share=kappa["agreement"],
            kappa=_kappa(kappa),
            ranks=_correlation(rank),
            shift=rank["rank_shift"],
        )
        blocks.append(Paragraph(text, "changes"))
    else:
        text = say(
            zh="{old}有{a}个等级，{new}有{b}个，等级不能逐级比较，只分解得分。",
            en="{old} has {a:grade|grades} and {new} {b}: steps between grades cannot be compared, "
            "only scores are decomposed.",
            old=old,
            new=new,
            a=len(comparison.before.scheme.grades),
            b=len(comparison.after.scheme.grades),
        )
        blocks.append(Paragraph(text, "changes", heading))
    for names, result, zh_en in (
        (comparison.left, comparison.before, "left"),
        (comparison.entered, comparison.after, "entered"),
    ):
        if names:
            text = _coming_and_going(words.units(result, names, FEW), zh_en)
            blocks.append(Paragraph(text, "changes"))
    titles = [words.kind_title(result) for result in (comparison.before, comparison.after)]
    kinds = [Text(title.zh, title.en.lower()) for title in titles]
    corner = say(
        zh="{old}{a}＼{new}{b}",
        en="{old}, {a} \\ {new}, {b}",
        old=old,
        new=new,
        a=kinds[0],
        b=kinds[1],
    )
    columns: dict[str, Any] = {
        "before": (corner, [g.label for g in comparison.before.scheme.grades], "")
    }
    for grade in comparison.after.scheme.grades:
        columns[f"to:{grade.id}"] = (grade.label, list(comparison.transitions[grade.id]), "d")
    columns["sum"] = (
        say(zh="{old}合计", en="{old} in all", old=old),
        list(comparison.transitions.sum(axis=1)),
        "d",
    )
    caption = Text(
        "等级变动表（行为上次，列为本次，家数）",
        "Transitions between grades (rows before, columns after, units)",
    )
    names = [
        [g.label for g in result.scheme.grades] for result in (comparison.before, comparison.after)
    ]
    chart = Chart(
        "transitions",
        Text("等级变动", "Transitions between grades"),
        lambda language: change_figures.transitions(
            comparison, (names[0], names[1]), (old, new), language
        ),
        Text(
            "行为上次等级，列为本次等级，方框内为等级不变的家数",
            "Rows are grades before, columns after; framed are units that keep their grade",
        ),
        "annex_scores",
        width=0.6,
    )
    blocks += [table_of("transitions", caption, "changes", columns), chart, _movers(comparison)]
    return headed(blocks, Text("与上次比较", "Comparison with last time"))


def _kinds(comparison: Comparison) -> Text:
    """Which grades are compared: computed or approved ones, of each assessment where they are not
    the same."""
    before, after = (words.kind_of(result) for result in (comparison.before, comparison.after))
    if before == after:
        return say(zh="{kind}等级", en="{kind} grade", kind=before)
    old, new = reasons.years(comparison)
    return say(
        zh="等级（{old}为{a}等级，{new}为{b}等级）",
        en="grade ({a} of {old}, {b} of {new})",
        old=old,
        new=new,
        a=before,
        b=after,
    )


def _movers(comparison: Comparison) -> DataTable:
    """Ranks before and after, the largest moves first."""
    table = comparison.movers
    columns = {
        "unit": (words.UNIT, [comparison.after.labels[u] for u in table.index], ""),
        "rank_before": (Text("上次位次", "Rank before"), list(table["rank_before"]), "d"),
        "rank_after": (Text("本次位次", "Rank after"), list(table["rank_after"]), "d"),
        "move": (Text("上升（位）", "Places gained"), list(table["move"]), "+d"),
        "score_before": (Text("上次得分", "Score before"), list(table["score_before"]), ".2f"),
        "score_after": (Text("本次得分", "Score after"), list(table["score_after"]), ".2f"),
    }
    return table_of(
        "movers",
        Text(
            "位次变动（由大到小，在两次都参评的考核对象中排位）",
            "Moves in rank (largest first, among units assessed both times)",
        ),
        "annex_scores",
        columns,
        order=range(len(table)),
        chosen=MOVED,
    )


def _coming_and_going(units: Text, which: str) -> Text:
    if which == "left":
        return say(
            zh="只在上次参评、不作分解的考核对象：{units}。",
            en="Assessed before only, and not decomposed: {units}.",
            units=units,
        )
    return say(
        zh="只在本次参评、不作分解的考核对象：{units}。",
        en="Assessed now only, and not decomposed: {units}.",
        units=units,
    )


def _named(comparison: Comparison, units: pd.Index) -> Text:
    if not len(units):
        return Text("", "")
    return say(zh="（{units}）", en=" ({units})", units=words.units(comparison.after, units, FEW))


def _kappa(kappa: pd.Series) -> Text:
    if kappa["kappa"] != kappa["kappa"]:
        return Text("kappa无法计算（全部为同一等级）", "kappa is undefined (all have one grade)")
    return say(
        zh="kappa为{k:.2f}（按等级差加权{w:.2f}）",
        en="kappa is {k:.2f} ({w:.2f} weighted by steps)",
        k=kappa["kappa"],
        w=kappa["linear"],
    )


def _correlation(agreement: pd.Series) -> Text:
    if agreement["spearman"] != agreement["spearman"]:
        return Text("", "")
    return say(
        zh="位次相关系数为{r:.2f}，", en="rank correlation is {r:.2f}; ", r=agreement["spearman"]
    )


def parts(comparison: Comparison | None, unit: str | None = None) -> list[Block]:
    """Every unit's change of score in parts, and one unit's; if none is named, of those whose grade
    changed the one whose score changed most."""
    if comparison is None:
        return []
    table = comparison.decomposition
    unit = _most_changed(comparison) if unit is None else _assessed_twice(comparison, unit)
    shown = {
        name: reasons.NAMES[name]
        for name in PARTS[:-1]
        if name in FACTORS or (table[name] != 0).any()
    }
    return [
        _score_parts_chart(comparison, shown),
        _waterfall(comparison, unit, shown),
        _score_parts_table(comparison, shown),
        *_grade_parts(comparison),
    ]


CHANGED_MOST = Text("得分变化最大的", "whose scores changed most")


def _most_changed(comparison: Comparison) -> str:
    """Of the units whose grade changed, else of all, the one whose score changed most."""
    table, steps = comparison.decomposition, comparison.grade_decomposition
    regraded = steps["change"].fillna(0) != 0
    weight = table["change"].abs() + comparison.after.scheme.total * regraded
    return table.index[foremost(weight)[0]]


def _assessed_twice(comparison: Comparison, unit: str) -> str:
    """The unit that a name means among those assessed both times."""
    units = comparison.decomposition.index
    name = unit_of(unit, units)
    if name is None:
        text = say(
            zh="unit 为“{unit}”，前后两次都参评的考核对象中没有它{hint}",
            en="unit is “{unit}”: not assessed both times{hint}",
            unit=unit,
            hint=nearest(unit, units),
        )
        raise InputError(text)
    return name


def _score_parts_chart(comparison: Comparison, shown: dict[str, Text]) -> Chart:
    """The parts of the change of score, a bar a unit."""
    table = comparison.decomposition
    drawn = choosing.few(table.index, table["change"].abs(), falling=True)
    title = Text("各考核对象得分变化的构成", "What each unit's change of score is made of")
    return Chart(
        "decomposition",
        choosing.caption(title, table.index, drawn, CHANGED_MOST),
        lambda language: change_figures.decomposition(comparison, shown, language, drawn),
        Text("横条为各方面的影响，圆点为得分变化合计", "Bars are the parts, dots the whole change"),
        "changes",
        width=0.8,
    )


def _waterfall(comparison: Comparison, unit: str, shown: dict[str, Text]) -> Chart:
    """The parts of one unit's change of score."""
    return Chart(
        "decomposition_unit",
        say(
            zh="{unit}得分变化的构成",
            en="What the change of {unit} is made of",
            unit=comparison.after.labels[unit],
        ),
        lambda language: change_figures.waterfall(comparison, unit, shown, language),
        Text(
            "由上次得分逐项加减到本次得分，虚线为本次分数线",
            "From the score before to the score after, part by part; dashes are the cutoffs now",
        ),
        "annex_scores",
    )


def _score_parts_table(comparison: Comparison, shown: dict[str, Text]) -> DataTable:
    """The parts of the change of score, a row a unit, the largest rise first."""
    order = comparison.decomposition.index[in_order(comparison.decomposition["change"])]
    table, steps = comparison.decomposition.loc[order], comparison.grade_decomposition.loc[order]
    before, after = comparison.before.scheme, comparison.after.scheme
    columns: dict[str, Any] = {
        "unit": (words.UNIT, [comparison.after.labels[unit] for unit in order], ""),
        "grade_before": (
            _before(comparison),
            [before.grade(grade).label for grade in steps["grade_before"]],
            "",
        ),
        "grade_after": (
            _after(comparison),
            [after.grade(grade).label for grade in steps["grade_after"]],
            "",
        ),
        "score_before": (Text("上次得分", "Before"), list(table["score_before"]), ".2f"),
        "score_after": (Text("本次得分", "After"), list(table["score_after"]), ".2f"),
        "change": (Text("变化", "Change"), list(table["change"]), "+.2f"),
    }
    columns |= {name: (label, list(table[name] + 0.0), "+.2f") for name, label in shown.items()}
    return table_of(
        "decomposition",
        Text("得分变化的构成（分）", "Parts of the change of score (points)"),
        "annex_scores",
        columns,
        order=in_order(table["change"].abs()),
        chosen=CHANGED_MOST,
    )


def _grade_parts(comparison: Comparison) -> list[Block]:
    """The parts of the change of grade, a row a unit for which one of them is not small."""
    steps = comparison.grade_decomposition
    if not comparison.graded_alike or not (steps[list(PARTS)] != 0).any(axis=None):
        return []
    order = comparison.decomposition.index[in_order(comparison.decomposition["change"])]
    steps = steps.loc[order]
    rows = steps[(steps[list(PARTS)].abs() > reasons.MAIN).any(axis=1)]
    shown = {name: label for name, label in reasons.NAMES.items() if (rows[name] != 0).any()}
    columns = {
        "unit": (words.UNIT, [comparison.after.labels[unit] for unit in rows.index], ""),
        "change": (Text("变化（级）", "Change (steps)"), list(rows["change"]), "+.0f"),
    }
    columns |= {name: (label, list(rows[name] + 0.0), "+.2f") for name, label in shown.items()}
    caption = say(
        zh="{kind}变化的构成（级，升为正）",
        en="Parts of the change of {kind} (steps, up is positive)",
        kind=_kinds(comparison),
    )
    return [table_of("grade_parts", caption, "annex_scores", columns)]


def _before(comparison: Comparison) -> Text:
    """The head of a column of the grades before, computed or approved."""
    kind = words.kind_title(comparison.before)
    return say(zh="上次{kind}", en="{kind} before", kind=kind)


def _after(comparison: Comparison) -> Text:
    """The head of a column of the grades after."""
    return say(zh="本次{kind}", en="{kind} after", kind=words.kind_title(comparison.after))


def alone(comparison: Comparison | None) -> list[Block]:
    """What this year's points alone, and this year's cutoffs alone, would have done to last year's
    data."""
    if comparison is None:
        return []
    heading = Text("只改分值、只改分数线的影响", "Points alone, cutoffs alone")
    if comparison.on_last_year is None:
        return [Paragraph(say(zh="{why}。", en="{why}.", why=NONE_MATCHED), "changes", heading)]
    table, before, after = comparison.alone, comparison.before, comparison.after
    label = {"points": before, "cutoffs": after}
    if comparison.problem is not None:
        lines = Text("不能计算", "cannot be computed")
    elif comparison.graded_alike:
        lines = _regraded(comparison, "cutoffs", after.scheme)
    else:
        lines = Text("等级数不同，不逐级比较", "the numbers of grades differ and are not compared")
    text = say(
        zh="用{old}的数据、只换用本次的分值（本次分值的{share:.0%}落在与上次对应的指标上）："
        "{points}。只换用本次的分数线、名额和取整：{cutoffs}（改动：{what}）。"
        "新增指标在上次没有数据，不计分；拆分、合并的指标沿用原指标得分率。",
        en="On the data of {old} with this year's points alone ({share:.0%} of them on indicators "
        "that continue earlier ones): {points}. With this year's cutoffs, quotas and "
        "rounding alone: {cutoffs} (changed: {what}). New indicators have no data there and are "
        "not scored; split and merged ones take the share of what they continue.",
        old=reasons.years(comparison)[0],
        share=comparison.matching.share,
        points=_regraded(comparison, "points", before.scheme),
        cutoffs=lines,
        what=reasons.line_changes(comparison),
    )
    grades = {
        name: [None if pd.isna(g) else result.scheme.grade(g).label for g in table[name]]
        for name, result in label.items()
    }
    columns = {
        "unit": (words.UNIT, [before.labels[u] for u in table.index], ""),
        "score_before": (Text("上次得分", "Score before"), list(table["score_before"]), ".2f"),
        "score_points": (
            Text("只换分值得分", "Score, points alone"),
            list(table["score_points"]),
            ".2f",
        ),
        "grade_before": (
            Text("上次初评等级", "Computed grade before"),
            [before.scheme.grade(g).label for g in table["grade_before"]],
            "",
        ),
        "points": (
            Text("只换分值的初评等级", "Computed grade, points alone"),
            grades["points"],
            "",
        ),
        "cutoffs": (
            Text("只换分数线的初评等级", "Computed grade, cutoffs alone"),
            grades["cutoffs"],
            "",
        ),
    }
    caption = Text(
        "上次数据按本次分值、分数线重算", "Last time's data under this time's points and cutoffs"
    )
    changes_table = table_of("alone", caption, "annex_scores", columns)
    return [Paragraph(text, "changes", heading), *_totals(comparison), changes_table]


def _totals(comparison: Comparison) -> list[Block]:
    """Out of what total each single change is computed, where totals differ."""
    old, new = comparison.before.scheme.total, comparison.after.scheme.total
    if old == new:
        return []
    text = say(
        zh="两次总分不同：只换分值时按上次满分{a:g}分折算，只换分数线、"
        "名额和取整时按本次满分{b:g}分折算。",
        en="The totals differ: with this year's points alone scores are out of last time's {a:g}; "
        "with this year's cutoffs, quotas and rounding alone they are out of this time's {b:g}.",
        a=old,
        b=new,
    )
    return [Paragraph(text, "changes")]


def _regraded(comparison: Comparison, name: str, scheme: Scheme) -> Text:
    """Who has another grade, place by place from the worst, under one change alone."""
    table, before = comparison.alone, comparison.before
    place = {grade.id: i for i, grade in enumerate(reversed(scheme.grades))}
    now = {grade.id: i for i, grade in enumerate(reversed(before.scheme.grades))}
    items = [
        say(
            zh="{unit}（由{a}变为{b}）",
            en="{unit} (from {a} to {b})",
            unit=before.labels[u],
            a=before.scheme.grade(old).label,
            b=scheme.grade(new).label,
        )
        for u, old, new in zip(table.index, table["grade_before"], table[name], strict=True)
        if now[old] != place[new]
    ]
    if not items:
        return words.NO_CHANGE
    return say(
        zh="初评等级变化的有{items}",
        en="other computed grades for {items}",
        items=listing(items, FEW),
    )


def revision(comparison: Comparison | None) -> list[Block]:
    """What changed in the indicators, and the table of revisions (修订对照表)."""
    if comparison is None:
        return []
    see = Text("修订对照表见附件。", "The table of revisions is in the annex.")
    notes = [
        *_unknown_predecessors(comparison),
        *_not_comparable(comparison),
        *_ignored_predecessors(comparison),
    ]
    return [
        Paragraph(_counts_of_changes(comparison), "indicators", place=1, see=see),
        *(Paragraph(text, "indicators", style="note", place=1) for text in notes),
        _revision_table(comparison),
    ]


def _counts_of_changes(comparison: Comparison) -> Text:
    """How many indicators are kept, split, merged, new and dropped."""
    before, after = comparison.before.scheme, comparison.after.scheme
    table = comparison.matching.table
    kinds = table["kind"]
    shares_before = table["points_before"] / before.total
    shares_after = table["points_after"] / after.total
    kept = kinds.isin(["kept", "renamed"])
    moved = kept & ((shares_before - shares_after).abs() > 1e-12)
    new = [after.indicator(id).name for id in table.loc[kinds == "new", "after"]]
    dropped = [before.indicator(id).name for id in table.loc[kinds == "dropped", "before"]]
    return say(
        zh="与{old}相比，保留{kept}项考核要点（其中{moved}项分值有变化），"
        "拆分{split}项为{pieces}项，合并为{merged}项，新增{n}项{fresh}，取消{m}项{dropped}。",
        en="Compared with {old}: {kept:indicator is|indicators are} kept ({moved} with other "
        "points), {split} split into {pieces}, {merged} made by merging, {n} new{fresh}, {m} "
        "dropped{dropped}.",
        old=reasons.years(comparison)[0],
        kept=int(kept.sum()),
        moved=int(moved.sum()),
        split=table.loc[kinds == "split", "before"].nunique(),
        pieces=table.loc[kinds == "split", "after"].nunique(),
        merged=table.loc[kinds == "merged", "after"].nunique(),
        n=len(new),
        m=len(dropped),
        fresh=_in_brackets(new),
        dropped=_in_brackets(dropped),
    )


def _in_brackets(names: list[Text]) -> Text:
    """Some names in brackets, nothing where there are none."""
    return say(zh="（{x}）", en=" ({x})", x=listing(names, FEW)) if names else Text("", "")


def _unknown_predecessors(comparison: Comparison) -> list[Text]:
    """Declared previous indicators that the earlier scheme does not have."""
    after = comparison.after.scheme
    return [
        say(
            zh="“{leaf}”的往年对应指标“{id}”不在上次方案中。",
            en="“{leaf}” says that it continues “{id}”, which the earlier scheme does not have.",
            leaf=after.indicator(leaf).name,
            id=id,
        )
        for leaf, id in comparison.matching.unknown
    ]


def _not_comparable(comparison: Comparison) -> list[Text]:
    """Kept indicators whose data do not mean the same both times."""
    matching, after = comparison.matching, comparison.after.scheme
    names = [after.indicator(id).name for id in matching.twins if id not in matching.shared]
    if not names:
        return []
    text = say(
        zh="评分规则或口径已变、两次数据不可比的保留指标：{odd}，其变化计入分值和规则。",
        en="Kept, but scored or measured otherwise, so that the data cannot be compared: "
        "{odd}; what changed there counts as points and rules.",
        odd=listing(names),
    )
    return [text]


def _ignored_predecessors(comparison: Comparison) -> list[Text]:
    """Declared previous indicators of leaves that are matched by their own ids instead."""
    after = comparison.after.scheme
    if comparison.before.scheme.year == after.year:
        return []
    return [
        say(
            zh="“{leaf}”与上次编号相同，按编号对应；其往年对应指标“{id}”"
            "没有采用（如由几项合并而成，请把本项编号也写进 previous）。",
            en="“{leaf}” is matched by its id; its previous indicator “{id}” is not used (if "
            "it merges several, name its own id in `previous` too).",
            leaf=after.indicator(leaf).name,
            id=id,
        )
        for leaf, id in comparison.matching.ignored
    ]


def _revision_table(comparison: Comparison) -> DataTable:
    """The table of revisions: the indicators of both years side by side."""
    rows = _revised(comparison)
    old, new = reasons.years(comparison)
    # key: heading, format, relative width
    shapes = {
        "before": (say(zh="{old}指标", en="Indicator, {old}", old=old), "", 3.2),
        "points_before": (Text("分值", "Points"), "g", 0.8),
        "after": (say(zh="{new}指标", en="Indicator, {new}", new=new), "", 3.2),
        "points_after": (Text("分值", "Points"), "g", 0.8),
        "kind": (Text("变化", "Change"), "", 0.9),
        "change": (Text("增减", "Difference"), "+g", 0.9),
        "rationale": (Text("设定依据", "Why it is set so"), "", 2.2),
    }
    if not any(row["rationale"] for row in rows):
        del shapes["rationale"]
    columns = {
        key: (heading, [row[key] for row in rows], spec)
        for key, (heading, spec, _) in shapes.items()
    }
    caption, widths = Text("修订对照表", "Table of revisions"), [w for *_, w in shapes.values()]
    return table_of(
        "revision", caption, "annex_revision", columns, widths=tuple(widths), data=False
    )


SUBTOTAL, SUM = Text("小计", "Subtotal"), Text("合计", "Total")


def _revised(comparison: Comparison) -> list[dict[str, Any]]:
    """The rows of the table of revisions: each indicator of either year once; those that splitting
    or merging links stand together with a subtotal, and both years' totals stand last."""
    before, after = comparison.before.scheme, comparison.after.scheme
    rows: list[dict[str, Any]] = []
    for group in _linked(comparison.matching.table):
        items = [
            _before_cells(before, old, points_before)
            | _after_cells(after, new, points_after)
            | {"kind": KINDS[kind], "change": None}
            for old, new, points_before, points_after, kind in zip(
                _named_once(group["before"]),
                _named_once(group["after"]),
                group["points_before"],
                group["points_after"],
                group["kind"],
                strict=True,
            )
            if old is not None or new is not None
        ]
        if len(items) == 1:
            rows.append(items[0] | {"change": _added(items)["change"]})
        else:
            rows += [*items, _added(items, SUBTOTAL)]
    return [*rows, _added([row for row in rows if row["before"] != SUBTOTAL], SUM)]


def _named_once(ids: pd.Series) -> list[str | None]:
    """The ids, of which one that several links name stands at the first of them alone."""
    return [None if again else id for id, again in zip(ids, ids.duplicated(), strict=True)]


def _before_cells(scheme: Scheme, id: str | None, points: float) -> dict[str, Any]:
    """What the table of revisions shows of an indicator before."""
    if id is None:
        return {"before": None, "points_before": None}
    return {"before": scheme.indicator(id).name, "points_before": float(points)}


def _after_cells(scheme: Scheme, id: str | None, points: float) -> dict[str, Any]:
    """What the table of revisions shows of an indicator after."""
    if id is None:
        return {"after": None, "points_after": None, "rationale": None}
    leaf = scheme.indicator(id)
    return {"after": leaf.name, "points_after": float(points), "rationale": leaf.rationale}


def _linked(table: pd.DataFrame) -> list[pd.DataFrame]:
    """The links in groups that share no indicator, in the order of their first links."""
    groups: list[list[int]] = []
    for link, (old, new) in enumerate(zip(table["before"], table["after"], strict=True)):
        met = [
            group
            for group in groups
            if any(
                (old is not None and table["before"].iat[i] == old)
                or (new is not None and table["after"].iat[i] == new)
                for i in group
            )
        ]
        if met:
            met[0] += [*(i for group in met[1:] for i in group), link]
            groups = [group for group in groups if all(group is not other for other in met[1:])]
        else:
            groups.append([link])
    return [table.iloc[sorted(group)] for group in groups]


def _added(items: list[dict[str, Any]], name: Text | None = None) -> dict[str, Any]:
    """A row with the sums of these."""
    sums = {
        key: math.fsum(item[key] for item in items if item[key] is not None)
        for key in ("points_before", "points_after")
    }
    change = sums["points_after"] - sums["points_before"]
    return {"before": name, "after": None, "kind": None, "change": change, "rationale": None} | sums


def history(found: History | None) -> list[Block]:
    """Grades over the years, with or without scores."""
    if found is None:
        return []
    names, last = found.titles, found.rounds[-1]
    steps = [
        say(
            zh="{a}至{b}上升{up}家、下降{down}家，一致率{share:.1%}",
            en="{a} to {b}: {up} up, {down} down, {share:.1%} alike",
            a=a,
            b=b,
            up=int(row["up"]),
            down=int(row["down"]),
            share=row["agreement"],
        )
        for (a, b), row in found.agreement.iterrows()
        if row["units"] > 0
    ]
    best = found.always(found.names[0])
    kind = Text("", "")
    if found.kind is not None:
        kind = say(
            zh="，{last}为{kind}等级",
            en="; those of {last} are {kind}",
            last=last,
            kind=words.KINDS[found.kind],
        )
    text = say(
        zh="历次等级（{n}家，{rounds}轮，只有等级、不用得分{kind}）：“{grade}”家数依次为{counts}；"
        "各轮均为“{grade}”的{m}家：{always}。{steps}。",
        en="Grades over the rounds ({n:unit|units}, {rounds} rounds; grades alone, no "
        "scores{kind}): units in “{grade}”, in order, {counts}; in “{grade}” every time, {m}: "
        "{always}. {steps}.",
        n=len(found.grades),
        rounds=len(found.rounds),
        kind=kind,
        grade=names[found.names[0]],
        counts=listing(str(int(x)) for x in found.counts[found.names[0]]),
        m=len(best),
        always=listing([found.labels[u] for u in best], FEW) if best else words.NONE,
        steps=words.semicolons(steps),
    )
    chart = Chart(
        "history",
        say(zh="历次等级（至{last}）", en="Grades over the rounds (to {last})", last=last),
        lambda language: change_figures.history(found, names, language),
        Text("每行一家，每列一轮", "A row a unit, a column a round"),
        "annex_scores",
    )
    changes = found.changes
    columns = {
        "unit": (words.UNIT, [found.labels[u] for u in changes["unit"]], ""),
        "before": (Text("上轮", "From round"), list(changes["before"]), ""),
        "after": (Text("本轮", "To round"), list(changes["after"]), ""),
        "from": (Text("上轮等级", "Grade before"), [names[g] for g in changes["from"]], ""),
        "to": (Text("本轮等级", "Grade after"), [names[g] for g in changes["to"]], ""),
    }
    blocks: list[Block] = [
        Paragraph(text, "annex_scores", Text("历次等级", "Grades over the rounds"))
    ]
    if found.left_out:
        items = listing(
            (
                say(
                    zh="{unit}{round}“{word}”",
                    en="{unit}, {round}: “{word}”",
                    unit=found.labels[u],
                    round=r,
                    word=w,
                )
                for u, r, w in found.left_out
            ),
            FEW,
        )
        note = say(
            zh="往年等级中有{n}处不是本方案的等级，按空白计：{items}。",
            en="{n:past grade is|past grades are} not among this scheme's and count as blanks: "
            "{items}.",
            n=len(found.left_out),
            items=items,
        )
        blocks.append(Paragraph(note, "annex_scores", style="note"))
    return [
        *blocks,
        chart,
        table_of(
            "history_changes",
            Text("历次等级变动", "Changes of grade over the rounds"),
            "annex_scores",
            columns,
        ),
    ]


def methods(comparison: Comparison | None) -> list[Block]:
    """Annex: how changes were decomposed."""
    if comparison is None:
        return []
    text = Text(
        "变化原因：把两次的数据，分值和规则，分数线、名额和取整，否决和加减分四个方面逐一替换，"
        "共16种组合分别计分定级；每个方面的影响取全部替换次序的平均（Shapley值），"
        "各方面之和恰为全部变化。等级按级计，各级等距。只有一次有数据的指标始终用该次数据，"
        "其影响计入分值和规则。总分不同的按得分占总分的比例比较。审定和参评单位变化的影响另列。",
        "Reasons: data; points and rules; cutoffs, quotas and rounding; vetoes and bonus are "
        "exchanged one by one between the two assessments, which gives 16 combinations, each "
        "scored and graded. The part of each is its mean effect over all orders of exchange "
        "(Shapley value), so that the parts add up to the change. Grades count in equal steps. An "
        "indicator with data in one of the two only keeps these data throughout, and its effect "
        "counts as points and rules. Unequal totals are compared as shares. What approval changed, "
        "and what other units did, are parts of their own.",
    )
    paradox = Text(
        "kappa扣除了偶然一致：1为完全一致，0为与偶然相当。多数单位同为一个等级时，"
        "一致率很高而kappa也可能很低，应先看等级变动表。",
        "Kappa takes off agreement by chance: 1 is full agreement, 0 no more than chance. Where "
        "most units have one grade it can be low though nearly all agree: read the table of "
        "transitions first.",
    )
    return [Paragraph(part, "annex_methods") for part in (text, paradox)]
