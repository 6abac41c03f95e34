"""Views of weights: nominal points beside effective importance, other weightings and what each
would do, attainability."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit import importance, weighting
from qtoolkit.assessment import Assessment
from qtoolkit.assessment.settings import Graded, settings
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.errors import InputError
from qtoolkit.language import Text, listing, say
from qtoolkit.report import choosing, figures, words
from qtoolkit.report.blocks import Block, Chart, DataTable, Paragraph, headed, table_of
from qtoolkit.simulation.sobol import target_of

FEWEST = 15  # units for what is estimated from the spread of the data
FEW = 6
NEAREST = {
    True: Text("最接近的分值", "The nearest points"),
    False: Text("找到的最接近的分值", "The nearest points found"),
}
METHODS = {
    "equal": Text("等权", "equal"),
    "entropy": Text("熵权法", "entropy"),
    "critic": Text("CRITIC法", "CRITIC"),
    "variation": Text("变异系数法", "variation"),
    "deviation": Text("标准差法", "standard deviation"),
    "pca": Text("主成分法", "first component"),
}

READING = Text(
    "影响度是知道一项指标的得分后，得分差异（方差）可以解释的比重，按同类考核对象估计，"
    "已扣除家数少时偶然相关的部分；略低于0的，表示看不出影响。"
    "“本次数据”为该项得分率与得分的相关系数的平方，不作扣除。95%区间在随机模拟（16至40家）"
    "中包含真值的频率：得分接近正态分布时为95%至99%，得分率明显集中于高分时为92%以上，"
    "个别得分极端偏离时约为88%，多数考核对象得满分而该指标分值又大时约为85%。",
    "Importance is the share of the differences (variance) of scores that knowing one indicator "
    "explains, estimated for units of this kind and freed of what chance explains among few; a "
    "value a little below 0 says that no influence is seen. “These units” is the squared "
    "correlation of the indicator's share of full marks with the score, as it is. In simulations "
    "of 16 to 40 units the 95% interval held the truth in 95% to 99% of cases where scores are "
    "about normal, in at least 92% where shares crowd near full marks, and in some 88% where "
    "single scores lie extremely far out, and in some 85% where most units have full marks on an "
    "indicator of many points.",
)


def effective(result: Assessment, bootstrap: int = 200, seed: int = 0) -> list[Block]:
    """How much each indicator decides, beside its points."""
    heading = Text("分值与实际影响度", "Points and effective importance")
    if too_few(result):
        text = say(
            zh="考核对象只有{n}家，不足{least}家，不估计实际影响度和相关性，也不由数据赋权："
            "少数几家的偶然差异会被当作规律。",
            en="With {n:unit|units}, fewer than {least}, importance, correlations and weights from "
            "data are not estimated: chance differences of a few would pass for a pattern.",
            n=len(result.scores),
            least=FEWEST,
        )
        return [Paragraph(text, "operation", heading)]
    table = importance.effective(result, bootstrap=bootstrap, seed=seed)
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    gap = (table["share"] - table["nominal"]).dropna()
    if gap.empty:
        text = Text(
            "得分没有差异，无法估计实际影响度。",
            "Scores do not differ: importance cannot be estimated.",
        )
        return [Paragraph(text, "operation", heading)]
    text = _gaps(table, gap, names)
    blocks: list[Block] = [Paragraph(text, "operation", heading), *_how_sure(table)]
    far = in_order(gap.abs().reindex(table.index).fillna(0.0))
    shown = table.iloc[np.sort(far[: choosing.LEAVES])]
    caption = Text("分值比重与实际影响度", "Points and effective importance")
    which = Text(
        "影响比重与分值比重相差最大的",
        "whose share of the effect is farthest from that of the points",
    )
    chart = Chart(
        "importance",
        choosing.leaves_caption(caption, len(table), which),
        lambda language: figures.importance(
            shown, [names[i].of(language) for i in shown.index], language, table["linear"].sum()
        ),
        Text(
            "深色为实际影响度的比重，浅色为分值比重，细线为95%区间",
            "Dark: share of the effect; pale: share of the points; lines: 95% intervals",
        ),
        "annex_scores",
    )
    blocks.append(chart)
    without = importance.leave_one_out(result)
    spans = [
        words.interval(*ends)
        for ends in zip(table["linear_low"], table["linear_high"], strict=True)
    ]
    columns = {
        "indicator": (Text("指标", "Indicator"), [names[i] for i in table.index], ""),
        "points": (Text("分值", "Points"), list(table["points"]), "g"),
        "nominal": (Text("分值比重", "Share of points"), list(table["nominal"]), ".1%"),
        "share": (Text("影响比重", "Share of effect"), list(table["share"]), ".1%"),
        "plain": (Text("本次数据", "These units"), list(table["linear_plain"]), ".2f"),
        "linear": (Text("影响度", "Importance"), list(table["linear"]), ".2f"),
        "span": (Text("95%区间", "95% interval"), spans, ""),
        "nonlinear": (Text("非线性", "Nonlinear"), list(table["nonlinear"]), ".2f"),
        "own": (Text("自身部分", "Own part"), list(table["own"]), ".2f"),
        "correlated": (Text("相关部分", "Correlated part"), list(table["correlated"]), ".2f"),
        "grades": (
            Text("去掉后初评等级改变", "Computed grades changed without it"),
            list(without["grades"]),
            ".0f",
        ),
        "shift": (
            Text("去掉后位次变动", "Rank shift without it"),
            list(without["rank_shift"]),
            ".2f",
        ),
    }
    widths = (2.6, 0.7, 0.8, 0.8, 0.8, 0.8, 1.2, 0.8, 0.8, 0.8, 0.9, 0.9)
    blocks.append(
        table_of(
            "importance",
            Text("各指标的实际影响度", "Effective importance of the indicators"),
            "annex_scores",
            columns,
            widths=widths,
            order=far,
            chosen=which,
        )
    )
    blocks.append(Paragraph(READING, "annex_scores", style="note"))
    return headed(
        blocks + (_top(result, bootstrap, seed) if table["own"].isna().all() else []), heading
    )


def _gaps(table: pd.DataFrame, gap: pd.Series, names: dict[str, Text]) -> Text:
    """The indicators that decide most beyond their points and least for them, all that tie."""
    if gap.abs().max() <= SAME:
        return Text(
            "各指标的影响比重与分值比重相同。",
            "Each indicator's share of the effect is that of its points.",
        )

    def shown(falling: bool) -> Text:
        items = [
            say(
                zh="“{name}”（分值占{a:.1%}，影响占{b:.1%}）",
                en="“{name}” ({a:.1%} of the points, {b:.1%} of the effect)",
                name=names[id],
                a=table.loc[id, "nominal"],
                b=table.loc[id, "share"],
            )
            for id in gap.index[foremost(gap, falling)]
        ]
        return listing(items, FEW)

    return say(
        zh="实际影响度超出分值比重最多的是{most}；不及最多的是{least}。",
        en="The indicator that decides most beyond its points: {most}; the one that falls short "
        "most: {least}.",
        most=shown(True),
        least=shown(False),
    )


def _how_sure(table: pd.DataFrame) -> list[Block]:
    """A warning where importance is estimated from few units."""
    if not table["few"].any():
        return []
    text = say(
        zh="有的指标可用来估计影响度的考核对象只有{n}家，不足{enough}家，只能粗略判断："
        "95%区间相互重叠的指标，影响大小不宜排先后。",
        en="Importance is estimated from as few as {n:unit|units}, below {enough}, and so only "
        "roughly known: indicators whose 95% intervals overlap should not be put in an order of "
        "importance.",
        n=int(table.loc[table["linear"].notna(), "n"].min()),
        enough=importance.ENOUGH,
    )
    return [Paragraph(text, "operation", style="note")]


def _top(result: Assessment, bootstrap: int, seed: int) -> list[Block]:
    """Top-level indicators, where there are too few units to split the effect of single ones."""
    text = Text(
        "无缺项的考核对象不多于指标数加1，单项指标的影响分不出自身部分和相关部分，请看一级指标。",
        "The units without blanks are no more than the indicators + 1: the effect of single ones "
        "cannot be split into own and correlated parts; see the top-level indicators.",
    )
    tops = len(result.scheme.indicators)
    if tops < 2 or tops == len(result.scheme.leaves):
        return [Paragraph(text, "annex_scores", style="note")]
    table = importance.effective(result, "top", bootstrap, seed)
    columns = {
        "indicator": (
            Text("一级指标", "Top-level indicator"),
            [node.name for node in result.scheme.indicators],
            "",
        ),
        "nominal": (Text("分值比重", "Share of points"), list(table["nominal"]), ".1%"),
        "share": (Text("影响比重", "Share of effect"), list(table["share"]), ".1%"),
        "linear": (Text("影响度", "Importance"), list(table["linear"]), ".2f"),
        "own": (Text("自身部分", "Own part"), list(table["own"]), ".2f"),
        "correlated": (Text("相关部分", "Correlated part"), list(table["correlated"]), ".2f"),
    }
    caption = Text("一级指标的实际影响度", "Effective importance of top-level indicators")
    return [
        Paragraph(text, "annex_scores", style="note"),
        table_of("importance_top", caption, "annex_scores", columns),
    ]


def overlaps(result: Assessment) -> list[Block]:
    """Indicators that count the same twice or pull against each other; whether all measure one
    thing."""
    if too_few(result):
        return []
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    pairs = importance.correlations(result)
    alpha, _ = importance.cronbach(result)
    twice, against = pairs[pairs["kind"] == "redundant"], pairs[_opposed(result, pairs)]

    def listed_pairs(table: pd.DataFrame) -> Text:
        items = [
            say(
                zh="“{a}”与“{b}”（{r:.2f}）",
                en="“{a}” and “{b}” ({r:.2f})",
                a=names[row.first],
                b=names[row.second],
                r=row.r,
            )
            for row in table.head(FEW).itertuples(index=False)
        ]
        return listing(items) if items else words.NONE

    if len(against):
        strongest = say(
            zh="，最强的是{pair}",
            en="; the strongest: {pair}",
            pair=listed_pairs(against.iloc[foremost(against["r"], falling=False)]),
        )
    else:
        strongest = Text("", "")
    text = say(
        zh="相关系数（绝对值）超过{at}、可能重复计分的指标：{twice}。"
        "同一上级指标内负相关的有{n}对{strongest}。克朗巴赫系数α为{alpha}。",
        en="Indicators that correlate above {at} (in absolute value) and may count twice: {twice}. "
        "Negative correlations within one node: {n:pair|pairs}{strongest}. Cronbach's α is "
        "{alpha}.",
        at=f"{importance.REDUNDANT:g}",
        twice=listed_pairs(twice),
        n=len(against),
        strongest=strongest,
        alpha="—" if np.isnan(alpha) else f"{alpha:.2f}",
    )
    blocks: list[Block] = [
        Paragraph(
            text, "annex_scores", Text("重复计分和相互抵消", "Double counting and opposition")
        )
    ]
    if 2 <= len(names):
        leaves = _most_correlated(result)
        caption = Text("指标得分率的相关系数", "Correlations of the indicators' shares")
        which = Text("与另一项相关最强的", "that correlate most with another")
        chart = Chart(
            "correlations",
            choosing.leaves_caption(caption, len(names), which),
            lambda language: figures.correlations(result, language, leaves),
            Text(
                "红为负相关，蓝为正相关，灰为无法计算",
                "Red is negative, blue positive, grey unknown",
            ),
            "annex_scores",
        )
        blocks.append(chart)
    return blocks


def _most_correlated(result: Assessment) -> list[str]:
    """The indicators, or of too many those that correlate most with any other, as they stand in the
    scheme."""
    if len(result.points) <= choosing.LEAVES:
        return list(result.points.index)
    r = result.matrix.corr(min_periods=3).abs().fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(r, 0.0)
    order = in_order(pd.Series(r.max(axis=1), result.points.index))
    return list(result.points.index[np.sort(order[: choosing.LEAVES])])


def _opposed(result: Assessment, pairs: pd.DataFrame) -> np.ndarray:
    """Which pairs within one node correlate negatively, those beyond the bound of double counting
    included."""
    parents = {child.id: node.id for node in result.scheme.nodes for child in node.children}
    one = [
        parents.get(a) == parents.get(b)
        for a, b in zip(pairs["first"], pairs["second"], strict=True)
    ]
    return np.array(one, bool) & (pairs["r"] < -SAME).to_numpy()


def _grades(graded: Graded) -> np.ndarray:
    return graded.grades


def alternatives(result: Assessment, step: float = 0.5) -> list[Block]:
    """Other weightings of the same data, as points, and what each would do to grades and ranks."""
    if too_few(result):
        return []
    heading = Text("其他赋权方法及其后果", "Other weightings and what they would do")
    whole = int(result.matrix.notna().all(axis=1).sum())
    if whole < FEWEST:
        text = say(
            zh="没有缺项的考核对象只有{n}家，不足{least}家，不由数据赋权。",
            en="With {n:unit|units} without gaps, fewer than {least}, no weights are taken from "
            "the data.",
            n=whole,
            least=FEWEST,
        )
        return [Paragraph(text, "annex_scores", heading)]
    weightings, remarks = _weightings(result, step)
    outcome = _outcome(result, weightings)
    text = say(
        zh="用{n}种方法由数据另定分值（步长{step:g}分），初评等级改变{changed}。"
        "由数据得出的分值每年随数据变动，年度之间不可比，只供比较。",
        en="Points set from the data by {n:method|methods} (steps of {step:g}) change computed "
        "grades: {changed}. Such points move with the data every year and make years incomparable: "
        "they are for comparison only.",
        n=len(weightings),
        step=step,
        changed=_changed(outcome["grades"]),
    )
    return [
        Paragraph(text, "annex_scores", heading),
        *(Paragraph(remark, "annex_scores", style="note") for remark in remarks),
        _consequences(result, list(weightings), outcome),
        _points_by_weighting(result, weightings),
    ]


def _weightings(result: Assessment, step: float) -> tuple[dict[str, pd.Series], list[Text]]:
    """Points by each method that can be used, in steps, and the remarks on them: what each method
    notes, and why one cannot be used. Each remark once."""
    named = result.matrix.set_axis([leaf.name for leaf in result.scheme.leaves], axis=1).set_axis(
        list(result.labels.values())
    )
    weightings: dict[str, pd.Series] = {}
    remarks: dict[Text, None] = {}
    for name in METHODS:
        try:
            weights = _weights_by(name, named)
        except InputError as error:
            why = error.complaints[0].text
            text = say(
                zh="未采用{method}：{why}。",
                en="Not used: {method} ({why}).",
                method=METHODS[name],
                why=why,
            )
            remarks[text] = None
            continue
        points = weighting.to_points(weights, result.scheme.total, step).points
        weightings[name] = points.set_axis(result.points.index)
        remarks |= dict.fromkeys(weights.notes)
    return weightings, list(remarks)


def _weights_by(method: str, matrix: pd.DataFrame) -> weighting.Weights:
    if method == "equal":
        return weighting.Weights(pd.Series(1.0, matrix.columns))
    return getattr(weighting, method)(matrix)


def _outcome(result: Assessment, weightings: dict[str, pd.Series]) -> pd.DataFrame:
    """A row a weighting: grades (how many change), ranks (mean shift), code:<unit>."""
    frame = pd.DataFrame(
        {"points": [points.to_numpy() for points in weightings.values()]},
        index=list(weightings),
        dtype=object,
    )
    outputs = {
        "grades": target_of(result, "grade_changes"),
        "ranks": target_of(result, "rank_shift"),
        "code": _grades,
    }
    return settings(result, frame, outputs)


def _consequences(result: Assessment, methods: list[str], outcome: pd.DataFrame) -> DataTable:
    """How many units have each grade by each weighting, and how many grades and ranks move."""
    codes = outcome[[f"code:{unit}" for unit in result.scores.index]].to_numpy()
    best = len(result.scheme.grades) - 1
    columns = {"method": (Text("方法", "Method"), [METHODS[name] for name in methods], "")}
    for place, grade in enumerate(result.scheme.grades):
        counts = (codes == best - place).sum(axis=1)
        columns[grade.id] = (grade.label, [int(n) for n in counts], "d")
    columns["changed"] = (
        Text("初评等级改变", "Computed grades that change"),
        [int(n) for n in outcome["grades"]],
        "d",
    )
    columns["shift"] = (Text("位次平均变动", "Mean rank shift"), list(outcome["ranks"]), ".2f")
    caption = Text(
        "各种赋权的后果（初评家数）", "What each weighting would do (units in each computed grade)"
    )
    return table_of("weightings", caption, "annex_scores", columns)


def _points_by_weighting(result: Assessment, weightings: dict[str, pd.Series]) -> DataTable:
    """The points that each weighting gives, beside the present ones."""
    names = [leaf.name for leaf in result.scheme.leaves]
    columns = {
        "indicator": (Text("指标", "Indicator"), names, ""),
        "present": (Text("现行", "Present"), list(result.points), "g"),
    }
    columns |= {name: (METHODS[name], list(points), "g") for name, points in weightings.items()}
    caption = Text("各种赋权的分值", "Points by each weighting")
    return table_of("weighting_points", caption, "annex_scores", columns)


def _changed(grades: pd.Series) -> Text:
    """How many grades the methods change; which of them change most, where they differ."""
    low, high = int(grades.min()), int(grades.max())
    if low == high:
        return say(zh="均为{n}家", en="{n} each", n=low)
    most = listing([METHODS[name] for name in grades.index[foremost(grades)]])
    return say(
        zh="{low}至{high}家，最多的是{most}",
        en="{low} to {high}, most of all by {most}",
        low=low,
        high=high,
        most=most,
    )


def reach(result: Assessment, step: float = 0.5, seed: int = 0) -> list[Block]:
    """Whether points could make every indicator as important as its points say, and the nearest
    found that are allowed."""
    if too_few(result):
        return []
    heading = Text("使影响与分值相称", "Importance in proportion to points")
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    target = result.points.to_dict()
    try:
        tuned = importance.tune(
            result, target, {id: (p / 2, 1.5 * p) for id, p in target.items()}, step=step, seed=seed
        )
    except InputError as error:
        why = error.complaints[0].text
        return [
            Paragraph(
                say(
                    zh="未按影响度试调分值：{why}。",
                    en="Points were not tuned by importance: {why}.",
                    why=why,
                ),
                "annex_scores",
                heading,
            )
        ]
    try:
        exact = importance.attainable(result, target)
        negative = (
            [names[id] for id in exact.points.index[exact.points < 0]] if not exact.reached else []
        )
        if negative:
            reached = say(
                zh="没有任何分值能使各指标的影响与现行分值完全相称（{names}须为负分）",
                en="No points make importance fully proportional to the present points (negative "
                "ones would be needed for {names})",
                names=listing(negative, FEW),
            )
        else:
            reached = Text(
                "存在使各指标的影响与现行分值完全相称的分值",
                "There are points at which importance is fully proportional to the present points",
            )
    except InputError as error:
        reached = say(
            zh="能否完全相称无法判定（{why}）",
            en="Whether full proportion is possible cannot be decided ({why})",
            why=error.complaints[0].text,
        )
    new = result.what_if(points=tuned.table["points"].to_dict(), spread="none")
    text = say(
        zh="{reached}（影响按这批考核对象得分率与得分的相关系数的平方计，不作扣除）。"
        "各项在现行分值的50%至150%之间时，{nearest}（步长{step:g}分）：{note}如采用，"
        "{n}家初评等级改变。",
        en="{reached} (by the squared correlation of share and score over these units, as it is). "
        "{nearest} within 50% to 150% of the present ones (steps of {step:g}): {note} They would "
        "change {n:computed grade|computed grades}.",
        reached=reached,
        nearest=NEAREST[tuned.exact],
        step=step,
        note=tuned.note,
        n=int((new.grades != result.grades).sum()),
    )
    columns = {
        "indicator": (Text("指标", "Indicator"), [names[id] for id in tuned.table.index], ""),
        "present": (Text("现行分值", "Present points"), list(tuned.table["present"]), "g"),
        "points": (Text("试调分值", "Tuned points"), list(tuned.table["points"]), "g"),
        "target": (Text("目标影响", "Wanted share"), list(tuned.table["target"]), ".1%"),
        "now": (Text("现行影响", "Present share"), list(tuned.table["importance_now"]), ".1%"),
        "after": (Text("试调后影响", "Share then"), list(tuned.table["importance"]), ".1%"),
    }
    return [
        Paragraph(text, "annex_scores", heading),
        table_of(
            "tuned",
            Text("按影响度试调的分值", "Points tuned by importance"),
            "annex_scores",
            columns,
        ),
    ]


def too_few(result: Assessment) -> bool:
    """Whether there are too few units to estimate anything from the spread of their data."""
    return len(result.scores) < FEWEST
