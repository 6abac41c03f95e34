"""Views of robustness: score ranges over a band of points, certified tolerances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from qtoolkit import alternatives, robustness
from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs import QUOTA, VETO
from qtoolkit.engine import core, score_grades, to_ticks
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.language import Text, listing, same, say
from qtoolkit.regions import Box
from qtoolkit.report import choosing, exact, figures, words
from qtoolkit.report.blocks import (
    Block,
    Chart,
    DataTable,
    Paragraph,
    headed,
    rounded_towards,
    table_of,
)
from qtoolkit.robustness.tolerances import FULLEST

FEW = 8  # names in a sentence


def ranges(result: Assessment, band: float) -> list[Block]:
    """Score ranges while the points move within ±band, with the sentence for the summary."""
    region = Box(relative=band)
    table = robustness.score_range(result, region).table
    fixed, changeable = table[table["certain"]], table[~table["certain"] & table["free_of_new"]]
    already = table[~table["certain"] & ~table["free_of_new"]]
    headline = say(
        zh="稳定性：{region}，{n}家初评等级确定不变；初评等级可能变化的有{m}家：{units}。",
        en="Robustness: with {region}, the computed grade of {n:unit|units} cannot change; that of "
        "{m} may: {units}.",
        region=region.describe(),
        n=len(fixed),
        m=len(changeable),
        units=_possible(result, changeable),
    )
    if len(already):
        headline = say(
            zh="{headline}另有{k}家的初评等级与分值浮动无关，现行分值下即因指标尚无数据而不确定："
            "{units}。",
            en="{headline} That of {k} more is open even at the present points, because indicators "
            "have no data yet: {units}.",
            headline=headline,
            k=len(already),
            units=_possible(result, already),
        )
    held = holds(result, table)
    order = table.index[in_order(table["score"])]
    shown = table.loc[order]
    near = choosing.to_cutoff(result)[order]
    drawn = choosing.few(order, near)
    frame = pd.DataFrame(
        {
            "unit": [result.labels[unit] for unit in order],
            "score": shown["score"].to_numpy(),
            "low": shown["low"].to_numpy(),
            "high": shown["high"].to_numpy(),
            "grade": [
                _span(result, low, high)
                for low, high in zip(shown["grade_low"], shown["grade_high"], strict=True)
            ],
            "status": [exact.NATURE[s] for s in shown["status"]],
        }
    )
    columns = {
        "unit": words.UNIT,
        "score": Text("基础得分", "Base score"),
        "low": Text("最低", "Lowest"),
        "high": Text("最高", "Highest"),
        "grade": Text("可能的初评等级", "Possible computed grades"),
        "status": Text("性质", "Nature"),
    }
    formats = {"score": ".2f", "low": "↓.2f", "high": "↑.2f"}
    explain = say(
        zh="{region}时的最低分和最高分如下图。",
        en="With {region}, the lowest and highest scores are in the figure.",
        region=region.describe(),
    )
    blocks: list[Block] = [
        Paragraph(headline, "summary", place=1),
        Paragraph(explain, "stability", Text("得分区间", "Score ranges"), see=words.DETAILS),
        DataTable(
            "score_ranges",
            Text("分值浮动时的得分区间", "Score ranges under moving points"),
            frame,
            columns,
            formats,
            "annex_scores",
            order=in_order(near, falling=False),
            chosen=choosing.NEAREST,
        ),
        Chart(
            "score_ranges",
            choosing.caption(
                Text(
                    "分值浮动时的得分区间和等级分数线",
                    "Score ranges under moving points, with cutoffs",
                ),
                order,
                drawn,
                choosing.NEAREST,
            ),
            lambda language: figures.ranges(result, table.assign(held=held).loc[drawn], language),
            Text(
                "横条为得分区间，圆点为现行分值下的得分，虚线为分数线",
                "Bars are ranges, dots present scores, dashes cutoffs",
            ),
            "stability",
            width=0.8,
        ),
        *_holding(result, held),
        *_reasons(table, result),
        *exact.new_indicators(result, table),
    ]
    return headed(blocks, Text("结果稳定性", "Robustness of the results"))


HELD = {QUOTA: Text("名额所限", "held by places"), VETO: Text("一票否决", "held by a veto")}


def holds(result: Assessment, table: pd.DataFrame) -> pd.Series:
    """What holds the grade of units whose range of scores passes a cutoff and whose grade cannot
    change all the same: "quota" (quotas or last places) or "veto"; None for all others."""
    e = result.engine
    low, high = (
        to_ticks(table.loc[result.scores.index, side].to_numpy(float)) for side in ("low", "high")
    )
    passes = score_grades(e, low) != score_grades(e, high)
    alone = replace(e, rivals=())
    veto = core.grade(alone, low) == core.grade(alone, high)
    why = np.where(
        passes & table.loc[result.scores.index, "certain"].to_numpy(bool),
        np.where(veto, VETO, QUOTA),
        None,
    )
    return pd.Series(why, result.scores.index, dtype=object)


def _holding(result: Assessment, held: pd.Series) -> list[Block]:
    """Why some bars that pass a cutoff are drawn as certain."""
    items = [
        say(zh="{unit}（{why}）", en="{unit} ({why})", unit=result.labels[unit], why=HELD[why])
        for unit, why in held.items()
        if why is not None
    ]
    if not items:
        return []
    text = say(
        zh="得分区间跨过分数线而初评等级仍确定不变的有{n}家：{units}。",
        en="The range of scores passes a cutoff and the computed grade cannot change all the same "
        "for {n:unit|units}: {units}.",
        n=len(items),
        units=listing(items, exact.FEW),
    )
    return [Paragraph(text, "stability", style="note")]


def _possible(result: Assessment, table: pd.DataFrame) -> Text:
    """Units whose grade may change, each with the grades that are possible."""
    if table.empty:
        return words.NONE
    return words.some(
        say(
            zh="{unit}（{grades}）",
            en="{unit} ({grades})",
            unit=result.labels[unit],
            grades=_span(result, row["grade_low"], row["grade_high"]),
        )
        for unit, row in table.iterrows()
    )


def _span(result: Assessment, low: str, high: str) -> Text:
    scheme = result.scheme
    if low == high:
        return scheme.grade(low).label
    return say(
        zh="{high}至{low}",
        en="{high} to {low}",
        high=scheme.grade(high).label,
        low=scheme.grade(low).label,
    )


def _reasons(table: pd.DataFrame, result: Assessment) -> list[Block]:
    """Why some rows are bounds."""
    reasons = {why: table.index[table["why"] == why] for why in table["why"].unique() if why}
    return [
        Paragraph(
            say(
                zh="{units}只给出界限：{why}。",
                en="Only bounds are given for {units}: {why}.",
                units=words.units(result, index),
                why=robustness.REASONS[why],
            ),
            "stability",
            style="note",
        )
        for why, index in reasons.items()
    ]


def tolerances(result: Assessment, band: float) -> list[Block]:
    """The certified tolerance of every unit, the least first."""
    certificates = robustness.tolerance(result)
    table = certificates.table.iloc[in_order(certificates.table["tolerance"], falling=False)]
    heading = Text("分值允许浮动幅度", "Tolerance of points")
    finite = table[np.isfinite(table["tolerance"].astype(float))]
    if finite.empty:
        why = Text("没有分数线可能被跨过", "there is no cutoff to cross")
        text = say(zh="未计算允许浮动幅度：{why}。", en="Tolerances are not given: {why}.", why=why)
        return [Paragraph(text, "stability", heading)]
    least, which = _certain_first(table)
    drawn = choosing.few(table.index, least)
    below = finite["tolerance"] < band - SAME
    text = say(
        zh="{extremes}允许浮动幅度不足{band:.4g}%的有{n}家：{units}。",
        en="{extremes} The tolerance is below {band:.4g}% for {n:unit|units}: {units}.",
        extremes=_least_and_most(result, table),
        band=100 * band,
        n=int(below.sum()),
        units=words.units(result, finite.index[below]),
    )
    proof = Text(
        "以上为数学证明，不是抽样频率；只检验分值，不检验数据是否真实。",
        "These are proofs, not frequencies from draws; they test points alone, not the truth of "
        "the data.",
    )
    return [
        Paragraph(text, "stability", heading),
        Paragraph(proof, "stability", see=words.DETAILS),
        *_open_even_now(result, table),
        _tolerance_table(result, table),
        Chart(
            "tolerances",
            choosing.caption(
                Text(
                    "各考核对象初评等级的分值允许浮动幅度",
                    "Tolerance of points for each unit's computed grade",
                ),
                table.index,
                drawn,
                which,
            ),
            lambda language: figures.tolerances(
                result, replace(certificates, table=certificates.table.loc[drawn]), language
            ),
            Text("横条越长，等级越稳", "The longer the bar, the more certain the grade"),
            "annex_scores",
        ),
    ]


def _least_and_most(result: Assessment, table: pd.DataFrame) -> Text:
    """The least and the most certain grades, all that tie; one sentence where they are the same."""
    values = table["tolerance"].astype(float).dropna()
    weak, strong = (values.index[foremost(values.to_numpy(), falling=way)] for way in (False, True))
    least = _percent(values[weak[0]])
    if len(weak) == len(values):
        return say(
            zh="在总分不变的条件下，可以计算允许浮动幅度的只有{n}家（{units}）："
            "各指标分值在{least}以内任意变动时初评等级不变。",
            en="With the total kept, a tolerance can be given for {n:unit|units} only ({units}): "
            "the computed grade holds however the points move within {least}.",
            n=len(weak),
            units=words.units(result, weak, FEW),
            least=least,
        )
    most = values[strong[0]]
    return say(
        zh="在总分不变的条件下，初评等级最不稳的是{weak}："
        "各指标分值在{least}以内任意变动时等级不变；最稳的是{strong}（{most}）。",
        en="With the total kept, the least certain computed grade is that of {weak}: it holds "
        "however the points move within {least}; the most certain is that of {strong} ({most}).",
        weak=words.units(result, weak, FEW),
        least=least,
        strong=words.units(result, strong, FEW),
        most=_percent(most)
        if np.isfinite(most)
        else Text("分值如何变动都不变", "whatever the points"),
    )


def _open_even_now(result: Assessment, table: pd.DataFrame) -> list[Block]:
    """Units whose grade is not certain even at the present points."""
    units = table.index[table["status"] == "none"]
    if not len(units):
        return []
    text = say(
        zh="{units}的初评等级取决于尚无数据的新增指标，现行分值下即不确定。",
        en="The computed grades of {units} depend on new indicators without data: they are open "
        "even at the present points.",
        units=words.units(result, units),
    )
    return [Paragraph(text, "stability", style="note")]


FULLEST_BAND = 1 - FULLEST  # as far as a tolerance is looked for where blanks are shared out


def _percent(tolerance: float) -> Text:
    """A tolerance in words; beyond ±100% points could turn negative, so nothing more is claimed,
    nor beyond the widest band that was looked at."""
    if tolerance >= 1:
        return Text("±100%或更大幅度", "±100% or more")
    if tolerance >= FULLEST_BAND - SAME:
        return Text("±99.9%或更大幅度", "±99.9% or more")
    if tolerance <= SAME:
        return Text("±0（得分正好在分数线上）", "±0 (the score stands on the cutoff)")
    return same("±" + rounded_towards(float(tolerance), ".2%", "↓"))


def _certain_first(table: pd.DataFrame) -> tuple[pd.Series, Text]:
    """By what rows are chosen where there are too many: exact tolerances, the least first, before
    those that are only bounded; and which the first are, in words."""
    least = table["tolerance"].astype(float).where(table["status"] == "exact", np.inf)
    return least, Text("已精确求出、幅度最小的", "with the least tolerance that is known exactly")


def _tolerance_table(result: Assessment, table: pd.DataFrame) -> DataTable:
    frame = pd.DataFrame(
        {
            "unit": [result.labels[unit] for unit in table.index],
            "score": table["score"].to_numpy(),
            "grade": [result.scheme.grade(g).label for g in table["grade"]],
            "towards": [
                None if pd.isna(g) else result.scheme.grade(g).label for g in table["towards"]
            ],
            "margin": np.minimum(table["margin_down"], table["margin_up"])
            .where(table["why"] != "quota")
            .to_numpy(),
            "tolerance": table["tolerance"].to_numpy(float),
            "status": [exact.NATURE[s] for s in table["status"]],
        }
    )
    columns = {
        "unit": words.UNIT,
        "score": Text("基础得分", "Base score"),
        "grade": words.COMPUTED,
        "towards": Text("先变为", "First turns"),
        "margin": Text("距分数线", "From cutoff"),
        "tolerance": Text("允许浮动幅度（±）", "Tolerance (±)"),
        "status": Text("性质", "Nature"),
    }
    formats = {"score": ".2f", "margin": ".2f", "tolerance": "↓.2%"}
    caption = Text("分值允许浮动幅度（由小到大）", "Tolerance of points (least first)")
    least, which = _certain_first(table)
    return DataTable(
        "tolerances",
        caption,
        frame,
        columns,
        formats,
        "annex_scores",
        order=in_order(least, falling=False),
        chosen=which,
    )


def methods(result: Assessment, band: float) -> list[Block]:
    """Annex: formulas of the calculation."""
    scheme = result.scheme
    bonus, cap = Text("加减分", "bonus and deductions"), Text("封顶", "cap")
    rounded = Text("总分取整", "rounding of the total")
    round_first = scheme.order.rounding == "before_bonus"
    order = listing(
        [
            Text("指标得分", "indicator scores"),
            Text("逐级合成基础得分", "aggregation to the base score"),
            *((rounded, bonus) if round_first else (bonus, cap, rounded)),
            Text("按分数线定级", "grades by cutoffs"),
            Text("一票否决", "vetoes"),
        ]
    )
    texts = [
        say(zh="计算顺序：{order}。", en="Order of steps: {order}.", order=order),
        Text(
            "指标得分 = a·p + b，截于0和p之间；p为分值，a、b由评分规则和数据确定。"
            "扣分幅度不随分值调整的指标a = 1，b = −扣分。",
            "Indicator score = a·p + b, cut at 0 and p; p are its points, a and b follow from its "
            "rule and the data. Where deductions do not scale, a = 1 and b = −deduction.",
        ),
        Text(
            "得分以0.0000000001分为最小单位的整数比较，四舍五入为十进制意义上的四舍五入。",
            "Scores are compared as whole multiples of 0.0000000001 points; rounding half up is "
            "decimal.",
        ),
        say(
            zh="得分区间：p在±{band:.4g}%以内、总分不变时，线性得分A·p + "
            "b的最大值由贪心法精确求得：先取各下限，余下分值依次给A最大的指标。",
            en="Score range: for p within ±{band:.4g}%, total kept, the maximum of a linear score "
            "A·p + b is found exactly by a greedy rule: all start at their lower bounds, the rest "
            "goes to the largest A first.",
            band=100 * band,
        ),
        Text(
            "允许浮动幅度：ρ = 距分数线的分数 / h，h = Σ p·|A − m|，m为以p加权的A的中位数；"
            "浮动不超过ρ时等级不变。",
            "Tolerance: ρ = distance to the cutoff / h, with h = Σ p·|A − m| and m the median of A "
            "weighted by p; up to ρ the grade holds.",
        ),
    ]
    return [
        Paragraph(text, "annex_methods", Text("计算方法", "Methods") if i == 0 else None)
        for i, text in enumerate(texts)
    ]


METHODS = {
    "scheme": Text("本方案", "Scheme"),
    "topsis": Text("TOPSIS", "TOPSIS"),
    "copeland": Text("Copeland", "Copeland"),
    "borda": Text("Borda", "Borda"),
    "rsr": Text("秩和比", "Rank-sum ratio"),
    "grey": Text("灰色关联", "Grey relation"),
    "mpi": Text("MPI", "Mazziotta–Pareto"),
}


def crosscheck(result: Assessment) -> list[Block]:
    """The scheme's ranking beside those of other methods."""
    checked = alternatives.crosscheck(result)
    ranks = checked.ranks.loc[result.ranks.sort_values(kind="stable").index]
    rho = checked.correlation.drop("scheme")
    heading = Text("换用其他综合方法的位次核对", "The ranking by other methods")
    if rho.notna().all():
        moves = ranks.drop(columns="scheme").sub(ranks["scheme"], axis=0).abs().max(axis=1)
        text = say(
            zh="用相同的得分率和分值换用{n}种综合方法排序，"
            "与本方案位次的相关系数在{low:.3f}至{high:.3f}之间；位次相差最多的是{unit}，"
            "相差{most}位。这些方法只用于核对位次，不用于定级。",
            en="Ranking the same shares and points by {n} other methods correlates with the "
            "scheme's ranks by {low:.3f} to {high:.3f}; the largest difference is "
            "{most:place|places} ({unit}). They check ranks only and set no grades.",
            n=len(rho),
            low=rho.min(),
            high=rho.max(),
            unit=words.units(result, moves.index[foremost(moves)]),
            most=int(moves.max()),
        )
    else:
        text = Text(
            "考核对象过少或得分相同，不作位次核对。",
            "Too few units, or all alike: ranks are not compared.",
        )
    columns = {"unit": (words.UNIT, [result.labels[unit] for unit in ranks.index], "")}
    columns |= {name: (title, list(ranks[name]), "d") for name, title in METHODS.items()}
    columns["band"] = (
        Text("秩和比分档", "Band by rank-sum ratio"),
        list(checked.bands[ranks.index]),
        "d",
    )
    caption = Text("各综合方法的位次", "Ranks by method")
    return [
        Paragraph(text, "annex_scores", heading),
        table_of("crosscheck", caption, "annex_scores", columns),
    ]
