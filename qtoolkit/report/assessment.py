"""Views of an assessment: results, how the indicators work, grounds for the cutoffs, scores in
detail."""

from __future__ import annotations

import pandas as pd

from qtoolkit import importance
from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import without_data
from qtoolkit.engine.ties import foremost, in_order
from qtoolkit.language import Text, in_print, listing, say
from qtoolkit.report import choosing, figures, words
from qtoolkit.report.blocks import Block, Chart, DataTable, Paragraph

HIGH_SATURATION, LOW_SPREAD = 0.8, 0.05
MANY_LEAVES = 20  # beyond so many, the body of the memo shows only those with something to look at
WORKS = Text("运行正常", "works as meant")
FEW = 3  # names in a sentence
PRESUMED = Text("尚无数据，得分为方案假定", "no data yet: scored as presumed")


def _labels(result: Assessment, index: pd.Index) -> list[Text]:
    return [result.labels[unit] for unit in index]


def _grades(result: Assessment, grades: pd.Series) -> list[Text | None]:
    return [None if pd.isna(g) else result.scheme.grade(g).label for g in grades]


def results(result: Assessment) -> list[Block]:
    """Scores, ranks and grades; what set each grade where it was not the score alone."""
    scheme, order = result.scheme, result.ranks.sort_values(kind="stable").index
    frame = pd.DataFrame({"rank": result.ranks[order].to_numpy(), "unit": _labels(result, order)})
    columns = {"rank": words.RANK, "unit": words.UNIT}
    for key, (title, classes, _) in words.class_column(result, order).items():
        frame[key], columns[key] = classes, title
    frame["score"] = result.scores[order].to_numpy()
    frame["grade"] = _grades(result, result.grades[order])
    columns |= {"score": words.SCORE, "grade": words.COMPUTED}
    if 1 < len(scheme.indicators) <= 6:
        for top in scheme.indicators:
            frame[f"node:{top.id}"] = _node_or_blank(result, top.id)[order].to_numpy()
            columns[f"node:{top.id}"] = say(
                zh="{name}（{p:g}分）", en="{name} ({p:g})", name=top.name, p=top.points
            )
    formats = {"score": words.score_format(result)} | {
        c: ".2f" for c in columns if c.startswith("node:")
    }
    if words.is_approved(result):
        frame["approved"] = _grades(result, result.approved[order])
        columns["approved"] = words.APPROVED
    if scheme.conversion:
        frame["converted"] = result.converted[order].to_numpy()
        columns["converted"] = say(
            zh="折算计入{name}", en="Points in {name}", name=scheme.conversion.name
        )
        formats["converted"] = f".{scheme.conversion.decimals}f"
    steps = result.steps
    by_other = steps[steps["set_by"] != "score"]
    if by_other.empty:
        how = Text(
            "各考核对象的初评等级均由得分确定。", "Every computed grade follows from the score."
        )
    else:
        how = words.semicolons(
            say(
                zh="{unit}按得分为{by_score}，因{cause}初评为{grade}",
                en="{unit} is {by_score} by score and computed as {grade} because of {cause}",
                unit=result.labels[unit],
                by_score=scheme.grade(row["by_score"]).label,
                cause=words.cause(scheme, row["set_by"]),
                grade=scheme.grade(row["grade"]).label,
            )
            for unit, row in by_other.iterrows()
        )
        how = say(zh="{how}。", en="{how}.", how=how)
    intro = say(
        zh="按本方案测算，{counts}。平均得分{mean:.2f}分，标准差{sd:.2f}分。{how}",
        en="Under this scheme: {counts}. The mean score is {mean:.2f}, the standard deviation "
        "{sd:.2f}. {how}",
        counts=words.both_counts(result),
        mean=result.scores.mean(),
        sd=result.scores.std(ddof=1) if len(order) > 1 else 0.0,
        how=how,
    )
    return [
        Paragraph(intro, "results"),
        DataTable(
            "scores",
            Text("得分、位次和等级", "Scores, ranks and grades"),
            frame,
            columns,
            formats,
            "results",
            order=in_order(choosing.to_cutoff(result)[order], falling=False),
            chosen=choosing.NEAREST,
        ),
        _scores_chart(result),
    ]


def _scores_chart(result: Assessment) -> Chart:
    """A bar a unit; of many units how they are distributed."""
    caption = Text("各考核对象得分和等级分数线", "Scores and grade cutoffs")
    alt = Text(
        "各考核对象得分由高到低，虚线为等级分数线", "Scores from the highest down, cutoffs dashed"
    )
    if len(result.scores) > choosing.BARS:
        caption = Text("考核对象得分分布和等级分数线", "Distribution of scores, and grade cutoffs")
        alt = Text(
            "各得分段的家数，颜色为等级，虚线为等级分数线",
            "Units by score, coloured by grade, cutoffs dashed",
        )
    return Chart(
        "scores",
        caption,
        lambda language: figures.scores(result, language),
        alt,
        "annex_scores",
        Text("得分和指标运行", "Scores and how the indicators work"),
    )


def _node_or_blank(result: Assessment, node: str) -> pd.Series:
    """A node's score, NaN for units none of whose leaves below it is scored."""
    ids = [leaf.id for leaf in result.scheme.indicator(node).walk() if leaf.is_leaf]
    return result.nodes[node].where(result.matrix[ids].notna().any(axis=1))


def operation(result: Assessment) -> list[Block]:
    """Saturation and discrimination with a verdict on each indicator, and the map of shares."""
    table = importance.operation(result)
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    frame = table.reset_index(drop=True)
    frame.insert(0, "leaf", [names[id] for id in table.index])
    empty = without_data(result)
    frame["verdict"] = [
        PRESUMED if row.Index in empty else _verdict(row) for row in table.itertuples()
    ]
    frame = frame[["leaf", "points", "mean", "full", "zero", "sd", "variance_share", "verdict"]]
    columns = {
        "leaf": Text("考核要点", "Indicator"),
        "points": Text("分值", "Points"),
        "mean": Text("平均得分率", "Mean share"),
        "full": Text("满分率", "At full marks"),
        "zero": Text("零分率", "At nothing"),
        "sd": Text("得分率标准差", "Sd of share"),
        "variance_share": Text("对总分差异的贡献", "Part in variance"),
        "verdict": Text("评价", "Verdict"),
    }
    formats = {
        "points": "g",
        "mean": ".1%",
        "full": ".1%",
        "zero": ".1%",
        "sd": ".3f",
        "variance_share": ".1%",
    }
    verdicts = _verdicts(table.drop(index=empty), names)
    blocks: list[Block] = [Paragraph(text, "operation", style="item") for text in verdicts]
    if empty:
        blocks.append(Paragraph(_presumed(names, empty), "operation", style="item"))
    look = {"shade": ("mean",), "widths": (3, 0.8, 1, 0.9, 0.9, 1, 1.1, 2)}
    many = len(frame) > MANY_LEAVES
    odd = frame[frame["verdict"] != WORKS]
    if many and len(odd):
        caption = Text(
            "需关注的指标（全部指标见附件得分明细）",
            "Indicators to look at (all are in the annex of scores)",
        )
        blocks.append(
            DataTable("operation_odd", caption, odd, columns, formats, "operation", **look)
        )
    caption = Text("各指标得分率和区分度", "Saturation and discrimination")
    blocks += [
        DataTable(
            "operation",
            caption,
            frame,
            columns,
            formats,
            "annex_scores" if many else "operation",
            **look,
        ),
        Chart(
            "shares",
            _shares_caption(result),
            lambda language: figures.shares(result, language),
            Text(
                "行为考核对象，列为指标，颜色越深得分率越高",
                "Rows are units, columns indicators; darker is higher",
            ),
            "annex_scores" if many else "operation",
        ),
    ]
    return blocks


def _shares_caption(result: Assessment) -> Text:
    """Of many units the map shows means of groups."""
    text = Text("各考核对象各指标得分率（灰色为不计分）", "Shares of full marks (grey: not scored)")
    if len(result.scores) <= choosing.BARS:
        return text
    return say(
        zh="各指标得分率（{n}家按位次分为{k}组，每格为组内平均）",
        en="Shares of full marks ({n} units by rank in {k} groups, means of each group)",
        n=len(result.scores),
        k=choosing.CHOSEN,
    )


def _verdict(row) -> Text:
    """One indicator's working in plain words."""
    if row.n < 2:
        return Text("有分家数过少", "too few units scored")
    if row.highest - row.lowest < 1e-9:
        return Text("各家得分率相同，不起区分作用", "the same for all: ranks nobody")
    if row.correlation < 0:
        return Text("与总分反向，宜核对口径", "works against the total: check it")
    if row.full >= HIGH_SATURATION:
        return Text("满分过多，区分作用小", "most at full marks: separates few")
    if row.zero >= HIGH_SATURATION:
        return Text("零分过多，标准可能偏高", "most at nothing: perhaps too hard")
    if row.sd < LOW_SPREAD:
        return Text("差距小，区分度低", "small spread")
    return WORKS


def _presumed(names: dict[str, Text], empty: list[str]) -> Text:
    """The indicators without data, on which the other sentences say nothing."""
    return say(
        zh="尚无数据、得分为方案假定的指标不作评价：{names}。",
        en="Indicators without data, whose scores are presumed by the scheme, are not judged: "
        "{names}.",
        names=words.some(names[id] for id in empty),
    )


def _verdicts(table: pd.DataFrame, names: dict[str, Text]) -> list[Text]:
    """What the table says, in plain words, of the indicators that have data."""
    texts = []
    parts = table["variance_share"]
    if parts.notna().all() and len(parts) > 1:
        most, least = (parts.index[foremost(parts, falling=way)] for way in (True, False))
        texts.append(
            say(
                zh="拉开差距最多的是{most}，贡献总分差异的{share}；最少的是{least}，贡献{low}。",
                en="The units are separated most by {most}, with {share} of the variance of the "
                "total; least by {least}, with {low}.",
                most=_some(names, table, most),
                share=_percent(parts.max()),
                least=_some(names, table, least),
                low=_percent(parts.min()),
            )
        )
    full = table.index[table["full"] >= HIGH_SATURATION]
    text = say(
        zh="满分率达到{limit:.0%}的指标：{names}。",
        en="Indicators with at least {limit:.0%} of the units at full marks: {names}.",
        limit=HIGH_SATURATION,
        names=words.some(names[i] for i in full) if len(full) else words.NONE,
    )
    texts.append(text)
    flat = table.index[table["sd"] < LOW_SPREAD]
    text = say(
        zh="得分率标准差不足{limit:g}、区分度低的指标：{names}。",
        en="Indicators that separate units little (sd of the share below {limit:g}): {names}.",
        limit=LOW_SPREAD,
        names=words.some(names[i] for i in flat) if len(flat) else words.NONE,
    )
    return [*texts, text]


def _percent(share: float) -> str:
    """As the table prints it."""
    return in_print(share, ".1%")


def _some(names: dict[str, Text], table: pd.DataFrame, ids: pd.Index) -> Text:
    """Indicators that tie, with their points; beyond a few the rest is counted."""
    points = table["points"]
    shown = listing(
        say(
            zh="“{name}”（{p:g}分）",
            en="“{name}” ({p:g|point|points})",
            name=names[id],
            p=points[id],
        )
        for id in ids[:FEW]
    )
    if len(ids) <= FEW:
        return shown
    return say(zh="{shown}等{n}项", en="{shown} and so on ({n} in all)", shown=shown, n=len(ids))


def details(result: Assessment) -> list[Block]:
    """Annex: points on every indicator."""
    order = result.ranks.sort_values(kind="stable").index
    points = (result.matrix * result.points).loc[order]
    frame = points.reset_index(drop=True)
    frame.insert(0, "unit", _labels(result, order))
    steps = result.steps.loc[order]
    frame["base"] = steps["base"].to_numpy()
    frame["published"] = steps["published"].to_numpy()
    columns = {"unit": words.UNIT} | {
        leaf.id: say(zh="{name}（{p:g}）", en="{name} ({p:g})", name=leaf.name, p=leaf.points)
        for leaf in result.scheme.leaves
    }
    columns |= {"base": Text("基础得分", "Base score"), "published": words.SCORE}
    formats = {name: ".2f" for name in columns if name not in ("unit", "published")}
    note = Text(
        "“—”为不计分；不计分指标的分值按比例折算到同级指标后，各项之和为基础得分。",
        "“—” is not scored; once the points of what is not scored have gone to siblings in "
        "proportion, the items sum to the base score.",
    )
    caption = Text("各考核对象各指标得分", "Points on each indicator")
    heading = Text("逐项得分和可补齐的分", "Points item by item, and what can be made good")
    blocks: list[Block] = [
        DataTable(
            "details",
            caption,
            frame,
            columns,
            formats | {"published": words.score_format(result)},
            "annex_scores",
            heading,
            order=in_order(choosing.to_cutoff(result)[order], falling=False),
            chosen=choosing.NEAREST,
        )
    ]
    if result.engine.tree.blank.any():
        blocks.append(Paragraph(note, "annex_scores", style="note"))
    return blocks
