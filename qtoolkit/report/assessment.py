"""Views of an assessment: summary, results, how the indicators work, grounds for the cutoffs, risks, scores in detail."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit import importance
from qtoolkit.assessment import Assessment
from qtoolkit.errors import InputError
from qtoolkit.language import Text, listing, say
from qtoolkit.report import figures, words
from qtoolkit.report.blocks import Block, Chart, DataTable, Paragraph
from qtoolkit.report.scheme import joined, synthetic

UNIT = Text("考核对象", "Unit")
SCORE = Text("得分", "Score")
GRADE = Text("等级", "Grade")
RANK = Text("位次", "Rank")
HIGH_SATURATION, LOW_SPREAD = 0.8, 0.05


def _labels(result: Assessment, index: pd.Index) -> list[Text]:
    return [result.labels[unit] for unit in index]


def _grades(result: Assessment, grades: pd.Series) -> list[Text | None]:
    return [None if pd.isna(g) else result.scheme.grade(g).label for g in grades]


def _score_format(result: Assessment) -> str:
    rule = result.scheme.rounding.total
    return ".4f" if rule is None else f".{rule.decimals}f"


def summary(result: Assessment, near_miss: float) -> list[Block]:
    """The one page that leaders read, as far as the assessment alone can fill it."""
    scheme = result.scheme
    order = result.scores.sort_values(ascending=False, kind="stable").index
    form = _score_format(result)
    conclusion = say(
        zh="总体结论：按本方案测算，{n}家考核对象中{counts}；得分最高的是{top}（{high}分），最低的是{bottom}（{low}分）。",
        en="Conclusion: under this scheme the {n:unit is|units are} graded as follows: {counts}. The highest score is "
        "{top}'s ({high}), the lowest {bottom}'s ({low}).",
        n=len(order),
        counts=words.counts(result),
        top=result.labels[order[0]],
        high=format(result.scores[order[0]], form),
        bottom=result.labels[order[-1]],
        low=format(result.scores[order[-1]], form),
    )
    points = say(
        zh="方案要点：总分{total:g}分，{parts}；等级划分为{bands}。",
        en="The scheme: {total:g} points in all, {parts}; grades are {bands}.",
        total=scheme.total,
        parts=listing(say(zh="{n}{p:g}分", en="{n} {p:g}", n=top.name, p=top.points) for top in scheme.indicators),
        bands=words.bands(scheme),
    )
    near = _near(result, near_miss)
    close = say(
        zh="测算结果：距分数线{near_miss:g}分以内的临界单位{n}家：{units}。",
        en="Results: {n:unit lies|units lie} within {near_miss:g} of a cutoff: {units}.",
        near_miss=near_miss,
        n=len(near),
        units=words.units(result, near.index),
    )
    blocks: list[Block] = [Paragraph(conclusion, "summary"), Paragraph(points, "summary"), _grade_counts(result, near)]
    blocks.append(Paragraph(close, "summary"))
    heading = Text("需研究决定的事项", "Matters for decision")
    for i, option in enumerate(options(result)):
        blocks.append(Paragraph(option, "summary", heading if i == 0 else None, style="item", place=2))
    heading = Text("风险提示", "Risks")
    for i, text in enumerate(_risks(result)[:3]):
        blocks.append(Paragraph(text, "summary", heading if i == 0 else None, style="item", place=3))
    blocks.append(Paragraph(footer(result), "summary", style="footer"))
    return blocks


def _grade_counts(result: Assessment, near: pd.DataFrame) -> DataTable:
    """How many units have each grade, and how many of them lie close to a cutoff."""
    tally, close = result.grades.value_counts(), near["grade"].value_counts()
    grades = result.scheme.grades
    frame = pd.DataFrame(
        {
            "grade": [grade.label for grade in grades],
            "cutoff": [float(grade.cutoff) for grade in grades],
            "n": [int(tally.get(grade.id, 0)) for grade in grades],
            "share": [tally.get(grade.id, 0) / len(result.grades) for grade in grades],
            "near": [int(close.get(grade.id, 0)) for grade in grades],
        }
    )
    columns = {
        "grade": GRADE,
        "cutoff": Text("分数线", "Cutoff"),
        "n": Text("家数", "Units"),
        "share": Text("占比", "Share"),
        "near": Text("其中临界单位", "Near-misses among them"),
    }
    caption = Text("各等级家数", "Units in each grade")
    return DataTable("grade_counts", caption, frame, columns, {"cutoff": "g", "share": ".1%"}, "summary")


def footer(result: Assessment) -> Text:
    """Period of the data, reading of decimals, and whether the data are synthetic."""
    parts = []
    if result.scheme.data_period:
        parts.append(say(zh="数据期：{period}。", en="Data: {period}.", period=result.scheme.data_period))
    parts.append(
        say(
            zh="小数口径：总分{how}。",
            en="Decimals: the total is {how}.",
            how=words.rounding(result.scheme.rounding.total),
        )
    )
    return joined([*parts, synthetic(result)])


def options(result: Assessment) -> list[Text]:
    """Matters for decision, each with its consequence: rounding, cutoffs one point away, blanks."""
    texts = [_rounding_option(result)]
    for grade in result.scheme.grades[:1]:
        texts += [t for t in (_cutoff_option(result, grade.id, -1.0), _cutoff_option(result, grade.id, 1.0)) if t]
    if (blank := _blank_option(result)) is not None:
        texts.insert(1, blank)
    return texts[:3]


def _changes(result: Assessment, grades: pd.Series) -> Text:
    """Who changes grade, and how: "甲市（由二档变为一档）"."""
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
    return listing(moved, 8) if moved else Text("没有考核对象等级变化", "no unit changes grade")


def _rounding_option(result: Assessment) -> Text:
    audit = grade_cutoffs.rounding_audit(result)
    return say(
        zh="小数口径。方案规定总分{now}。如改为四舍五入到整数：{half_up}；如改为舍去小数取整数：{floor}。",
        en="Decimals. The scheme says: {now}. Half up to whole points instead: {half_up}. Down to whole points instead: "
        "{floor}.",
        now=words.rounding(result.scheme.rounding.total),
        half_up=_changes(result, audit["whole_half_up"]),
        floor=_changes(result, audit["whole_floor"]),
    )


def _cutoff_option(result: Assessment, grade: str, shift: float) -> Text | None:
    cutoff = result.scheme.grade(grade).cutoff + shift
    try:
        other = result.what_if(cutoffs={grade: cutoff})
    except InputError:  # the shifted cutoff would cross its neighbour: no such option exists
        return None
    return say(
        zh="{grade}分数线由{now:g}分改为{cutoff:g}分：{changes}。",
        en="The cutoff of {grade} at {cutoff:g} instead of {now:g}: {changes}.",
        grade=result.scheme.grade(grade).label,
        now=cutoff - shift,
        cutoff=cutoff,
        changes=_changes(result, other.grades),
    )


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
        changes=_changes(result, other.grades),
    )


def results(result: Assessment) -> list[Block]:
    """Scores, ranks and grades; what set each grade where it was not the score alone."""
    scheme, order = result.scheme, result.ranks.sort_values(kind="stable").index
    frame = pd.DataFrame({"rank": result.ranks[order].to_numpy(), "unit": _labels(result, order)})
    frame["score"] = result.scores[order].to_numpy()
    frame["grade"] = _grades(result, result.grades[order])
    columns = {"rank": RANK, "unit": UNIT, "score": SCORE, "grade": GRADE}
    if 1 < len(scheme.indicators) <= 6:
        for top in scheme.indicators:
            frame[f"node:{top.id}"] = _node_or_blank(result, top.id)[order].to_numpy()
            columns[f"node:{top.id}"] = say(zh="{name}（{p:g}分）", en="{name} ({p:g})", name=top.name, p=top.points)
    formats = {"score": _score_format(result)} | {c: ".2f" for c in columns if c.startswith("node:")}
    steps = result.steps
    by_other = steps[steps["set_by"] != "score"]
    if by_other.empty:
        how = Text("各考核对象的等级均由得分确定。", "Every grade follows from the score.")
    else:
        names = {f"veto:{veto.id}": veto.name for veto in scheme.vetoes} | {"quota": Text("等级名额", "the quota")}
        how = listing(
            say(
                zh="{unit}按得分为{by_score}，因{cause}定为{grade}",
                en="{unit} is {by_score} by score and {grade} because of {cause}",
                unit=result.labels[unit],
                by_score=scheme.grade(row["by_score"]).label,
                cause=names[row["set_by"]],
                grade=scheme.grade(row["grade"]).label,
            )
            for unit, row in by_other.iterrows()
        )
        how = say(zh="{how}。", en="{how}.", how=how)
    intro = say(
        zh="按本方案测算，{counts}。平均得分{mean:.2f}分，标准差{sd:.2f}分。{how}",
        en="Under this scheme: {counts}. The mean score is {mean:.2f}, the standard deviation {sd:.2f}. {how}",
        counts=words.counts(result),
        mean=result.scores.mean(),
        sd=result.scores.std(ddof=1) if len(order) > 1 else 0.0,
        how=how,
    )
    return [
        Paragraph(intro, "results"),
        DataTable("scores", Text("得分、位次和等级", "Scores, ranks and grades"), frame, columns, formats, "results"),
        Chart(
            "scores",
            Text("各考核对象得分和等级分数线", "Scores and grade cutoffs"),
            lambda language: figures.scores(result, language),
            Text("各考核对象得分由高到低，虚线为等级分数线", "Scores from the highest down, cutoffs dashed"),
            "results",
        ),
    ]


def _node_or_blank(result: Assessment, node: str) -> pd.Series:
    """A node's score, NaN for units none of whose leaves below it is scored."""
    ids = [leaf.id for leaf in result.scheme.indicator(node).walk() if leaf.is_leaf]
    return result.nodes[node].where(result.matrix[ids].notna().any(axis=1))


def operation(result: Assessment) -> list[Block]:
    """Saturation, discrimination, the map of shares, and departments."""
    table = importance.operation(result)
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    frame = table.reset_index(drop=True)
    frame.insert(0, "leaf", [names[id] for id in table.index])
    frame = frame[["leaf", "points", "mean", "full", "zero", "sd", "variance_share"]]
    columns = {
        "leaf": Text("考核要点", "Indicator"),
        "points": Text("分值", "Points"),
        "mean": Text("平均得分率", "Mean share"),
        "full": Text("满分率", "At full marks"),
        "zero": Text("零分率", "At nothing"),
        "sd": Text("得分率标准差", "Sd of share"),
        "variance_share": Text("对总分差异的贡献", "Part in variance"),
    }
    formats = {"points": "g", "mean": ".1%", "full": ".1%", "zero": ".1%", "sd": ".3f", "variance_share": ".1%"}
    blocks: list[Block] = [Paragraph(text, "operation", style="item") for text in _verdicts(result, table, names)]
    blocks += [
        DataTable(
            "operation",
            Text("各指标得分率和区分度", "Saturation and discrimination"),
            frame,
            columns,
            formats,
            "operation",
            shade=("mean",),
        ),
        Chart(
            "shares",
            Text("各考核对象各指标得分率（灰色为不计分）", "Shares of full marks (grey: not scored)"),
            lambda language: figures.shares(result, language),
            Text("行为考核对象，列为指标，颜色越深得分率越高", "Rows are units, columns indicators; darker is higher"),
            "operation",
        ),
    ]
    return [*blocks, *_departments(result)]


def _verdicts(result: Assessment, table: pd.DataFrame, names: dict[str, Text]) -> list[Text]:
    """What the table says, in plain words."""
    texts = []
    if table["variance_share"].notna().all() and len(table) > 1:
        most, least = table["variance_share"].idxmax(), table["variance_share"].idxmin()
        texts.append(
            say(
                zh="拉开差距最多的是“{most}”，占{p:g}分，贡献总分差异的{share:.1%}；最少的是“{least}”，占{q:g}分，贡献{low:.1%}。",
                en="“{most}” separates the units most: {p:g} points, {share:.1%} of the variance of the total; “{least}” least: "
                "{q:g} points, {low:.1%}.",
                most=names[most],
                p=table.loc[most, "points"],
                share=table.loc[most, "variance_share"],
                least=names[least],
                q=table.loc[least, "points"],
                low=table.loc[least, "variance_share"],
            )
        )
    full = table.index[table["full"] >= HIGH_SATURATION]
    text = say(
        zh="满分率达到{limit:.0%}的指标：{names}。",
        en="Indicators with at least {limit:.0%} of the units at full marks: {names}.",
        limit=HIGH_SATURATION,
        names=listing(names[i] for i in full) if len(full) else words.NONE,
    )
    texts.append(text)
    flat = table.index[table["sd"] < LOW_SPREAD]
    text = say(
        zh="得分率标准差不足{limit:g}、区分度低的指标：{names}。",
        en="Indicators that separate units little (sd of the share below {limit:g}): {names}.",
        limit=LOW_SPREAD,
        names=listing(names[i] for i in flat) if len(flat) else words.NONE,
    )
    return [*texts, text]


def _departments(result: Assessment) -> list[Block]:
    """Points lost by department, where the scheme names departments."""
    labels = {
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
    for by, (title, caption) in labels.items():
        table = importance.losses(result, by)
        if table.empty:
            continue
        names = {getattr(leaf, by).zh: getattr(leaf, by) for leaf in result.scheme.leaves if getattr(leaf, by)}
        frame = table.reset_index(drop=True)
        frame.insert(0, "department", [names[name] for name in table.index])
        columns = {
            "department": title,
            "leaves": Text("指标数", "Indicators"),
            "points": Text("分值", "Points"),
            "lost": Text("平均失分", "Mean points lost"),
            "share": Text("失分率", "Share lost"),
        }
        formats = {"points": "g", "lost": ".2f", "share": ".1%"}
        blocks.append(DataTable(f"lost_by_{by}", caption, frame, columns, formats, "operation"))
    if not blocks:
        text = Text(
            "方案未列考核牵头部门和责任单位，不作部门失分分析。",
            "The scheme names no departments, so points lost are not broken down by department.",
        )
        blocks.append(Paragraph(text, "operation", style="note"))
    return blocks


def _near(result: Assessment, near_miss: float) -> pd.DataFrame:
    table = grade_cutoffs.margins(result)
    return table[table["nearest"] <= near_miss].sort_values("nearest", kind="stable")


def cutoffs(result: Assessment, near_miss: float) -> list[Block]:
    """Near-misses, rounding, ties and dead cutoffs."""
    near = _near(result, near_miss)
    intro = say(
        zh="等级划分为{bands}，分数线所在分数属于上一等级。距分数线{near_miss:g}分以内的临界单位有{n}家。",
        en="Grades are {bands}; a score on a cutoff belongs to the upper grade. {n:unit lies|units lie} within {near_miss:g} "
        "of a cutoff.",
        bands=words.bands(result.scheme),
        near_miss=near_miss,
        n=len(near),
    )
    blocks: list[Block] = [Paragraph(intro, "cutoffs")]
    if len(near):
        frame = pd.DataFrame({"unit": _labels(result, near.index), "score": near["score"].to_numpy()})
        frame["grade"] = _grades(result, near["grade"])
        frame["next"] = [None if g is None else result.scheme.grade(g).label for g in near["next"]]
        frame["nearest"] = near["nearest"].to_numpy()
        columns = {
            "unit": UNIT,
            "score": SCORE,
            "grade": GRADE,
            "next": Text("相邻等级", "Neighbouring grade"),
            "nearest": Text("相差分数", "Points away"),
        }
        formats = {"score": _score_format(result), "nearest": ".2f"}
        caption = Text("临界单位", "Near-misses")
        blocks.append(DataTable("near_misses", caption, frame, columns, formats, "cutoffs"))
    heading = Text("小数口径、并列和不起作用的分数线", "Decimals, ties and dead cutoffs")
    texts = [_rounding_option(result)]
    texts += list(result.flags[result.flags.kind.isin(["rounding", "on_cutoff", "tie", "dead_cutoff"])]["text"])
    for i, text in enumerate(texts):
        blocks.append(Paragraph(text, "cutoffs", heading if i == 0 else None, style="item"))
    return blocks


def risks(result: Assessment) -> list[Block]:
    """What to bear in mind, and the options with their consequences."""
    blocks: list[Block] = []
    for i, text in enumerate(_risks(result)):
        blocks.append(Paragraph(text, "risks", Text("风险提示", "Risks") if i == 0 else None, style="item"))
    for i, option in enumerate(options(result)):
        heading = Text("可供选择的做法及其后果", "Options and their consequences") if i == 0 else None
        blocks.append(Paragraph(option, "risks", heading, style="item"))
    return blocks


def _risks(result: Assessment) -> list[Text]:
    kinds = ["fraction", "dead_cutoff", "rounding", "set_dependent", "constant"]
    flagged = list(result.flags[result.flags.kind.isin(kinds)]["text"])
    blanks = result.engine.tree.blank.any(axis=1)
    if blanks.any():
        flagged.append(
            say(
                zh="{units}有不计分的缺项，其分值已转给其他指标，与其他考核对象的可比性较差。",
                en="{units}: some indicators are not scored and their points went to others, so these units compare less "
                "well with the rest.",
                units=words.units(result, result.scores.index[np.flatnonzero(blanks)]),
            )
        )
    return [*result.scheme.notes[:1], *flagged, *result.scheme.notes[1:]]


def details(result: Assessment) -> list[Block]:
    """Annex: points on every indicator."""
    order = result.ranks.sort_values(kind="stable").index
    points = (result.matrix * result.points).loc[order]
    frame = points.reset_index(drop=True)
    frame.insert(0, "unit", _labels(result, order))
    steps = result.steps.loc[order]
    frame["base"] = steps["base"].to_numpy()
    frame["published"] = steps["published"].to_numpy()
    columns = {"unit": UNIT} | {
        leaf.id: say(zh="{name}（{p:g}）", en="{name} ({p:g})", name=leaf.name, p=leaf.points)
        for leaf in result.scheme.leaves
    }
    columns |= {"base": Text("基础得分", "Base score"), "published": SCORE}
    formats = {name: ".2f" for name in columns if name not in ("unit", "published")}
    note = Text(
        "“—”为不计分；不计分指标的分值按比例折算到同级指标后，各项之和为基础得分。",
        "“—” is not scored; once the points of what is not scored have gone to siblings in proportion, the items sum to the "
        "base score.",
    )
    caption = Text("各考核对象各指标得分", "Points on each indicator")
    blocks: list[Block] = [
        DataTable("details", caption, frame, columns, formats | {"published": _score_format(result)}, "annex_scores")
    ]
    if result.engine.tree.blank.any():
        blocks.append(Paragraph(note, "annex_scores", style="note"))
    return blocks
