"""Views of simulation: frequencies of grades and ranks, the choices that matter most, rank
confidence sets."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import simulation
from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.inputs.changes import AS_IS
from qtoolkit.inputs.scheme import Rounding
from qtoolkit.language import Text, listing, same, say
from qtoolkit.report import choosing, figures, words
from qtoolkit.report.blocks import Block, Chart, Paragraph, table_of

FEW = 8  # names in a sentence
NEGLIGIBLE = 0.01  # a total index whose interval lies below it
TARGETS = {"grades": Text("初评等级", "computed grades"), "ranks": Text("位次", "ranks")}
HARDLY = {
    ("grades", "ranks"): Text("对初评等级和位次都如此", "on computed grades and on ranks"),
    ("grades",): Text("对初评等级如此", "on computed grades"),
    ("ranks",): Text("对位次如此", "on ranks"),
    "grades": Text("只对初评等级如此、位次受其影响", "on computed grades, while ranks move"),
    "ranks": Text("只对位次如此、初评等级受其影响", "on ranks, while computed grades move"),
}
WITHIN = Text("与1的差距在抽样误差之内", "what is short of 1 lies within the sampling error")
NOTHING = Text("没有这样的做法", "no choice has so little")
CHOICES = {
    "points": Text("分值", "points"),
    "drop": Text("去掉一项指标", "leaving an indicator out"),
    "cutoffs": Text("分数线", "cutoffs"),
    "aggregation": Text("合成方法", "aggregation"),
    "rule": Text("评分规则", "scoring rule"),
    "outliers": Text("异常值处理", "treatment of outliers"),
    "missing.not_applicable": Text("不适用的处理", "treatment of “not applicable”"),
    "missing.not_reported": Text("未报送的处理", "treatment of “not reported”"),
    "missing.pending": Text("待核实的处理", "treatment of “pending”"),
    "missing.new": Text("新增指标的处理", "treatment of new indicators"),
    "rounding.total": Text("总分取整", "rounding of the total"),
    "rounding.node": Text("各级指标取整", "rounding of nodes"),
    "rounding.leaf": Text("指标得分取整", "rounding of indicators"),
    "order.rounding": Text("取整与加减分的先后", "rounding before or after bonus"),
    "order.cap": Text("封顶与减分的先后", "cap before or after deductions"),
    "order.veto": Text("否决与名额的先后", "veto before or after quota"),
    "rank_on": Text("排名依据", "score that ranks go by"),
}
ALTERNATIVES = {
    "arithmetic": Text("算术平均", "arithmetic mean"),
    "geometric": Text("几何平均", "geometric mean"),
    "harmonic": Text("调和平均", "harmonic mean"),
    "full": Text("得满分", "full marks"),
    "zero": Text("得零分", "no marks"),
    "renormalise": Text("按比例折算", "points shared out"),
    "group_mean": Text("取同类平均", "mean of similar units"),
    AS_IS: Text("按方案", "as in the scheme"),
    "minmax": Text("极差法", "min–max"),
    "zscore": Text("标准化法", "z-score"),
    "rank": Text("位次法", "ranks"),
    "before_bonus": Text("先取整", "rounding first"),
    "after_bonus": Text("后取整", "rounding last"),
    "before_quota": Text("先否决", "veto first"),
    "after_quota": Text("先名额", "quota first"),
    "before_deductions": Text("先封顶", "cap first"),
    "after_deductions": Text("后封顶", "cap last"),
    "published": Text("公布得分", "published score"),
    "base": Text("基础得分", "base score"),
}


def frequencies(
    result: Assessment, drawn: simulation.Simulation, asked: int | None = None
) -> list[Block]:
    """How often grades and ranks come out in random draws, with the digits that they support;
    `asked` is how many draws were asked for, where a large case does not afford them."""
    order = result.ranks.sort_values(kind="stable").index
    stands, ranks = drawn.stands[order], drawn.rank_quantiles.loc[order]
    few = stands.index[stands < 0.95]
    text = say(
        zh="抽样中初评等级与现行一致的频率低于95%的有{n}家（{units}），位次平均变动{shift:.2f}位。"
        "频率的误差不超过±{most}（95%）。",
        en="In the draws the computed grade agrees with the present one in fewer than 95% for "
        "{n:unit|units} ({units}); ranks move by {shift:.2f} on average. Frequencies are within "
        "±{most} (95%).",
        n=len(few),
        units=words.units(result, few, FEW),
        shift=drawn.rank_shift[0],
        most=f"{100 * float(drawn.error(0.5)):.2g}%",
    )
    blocks: list[Block] = [Paragraph(text, "annex_scores")]
    if asked is not None and drawn.draws < asked and drawn.complete:
        blocks.append(Paragraph(_fewer(result, asked, drawn.draws), "annex_scores", style="note"))
    if drawn.sampling is not None:
        how = say(
            zh="分值的抽样：{how}。", en="How the points are drawn: {how}.", how=drawn.sampling
        )
        blocks.append(Paragraph(how, "annex_scores", style="note"))
    if drawn.note is not None:
        blocks.append(Paragraph(drawn.note, "annex_scores", style="note"))
    form = f".{drawn.decimals}%"
    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in order], ""),
        "grade": (words.COMPUTED, [result.scheme.grade(g).label for g in result.grades[order]], ""),
        "stands": (Text("初评等级不变的频率", "Computed grade stands"), list(stands), form),
    }
    for grade in result.scheme.grades:
        columns[f"grade_{grade.id}"] = (
            grade.label,
            list(drawn.grade_acceptability.loc[order, grade.id]),
            form,
        )
    columns["middle"] = (Text("位次中位数", "Median rank"), list(ranks[0.5]), "d")
    span = [
        say(zh="{a}至{b}", en="{a} to {b}", a=a, b=b)
        for a, b in zip(ranks[0.025], ranks[0.975], strict=True)
    ]
    columns["span"] = (Text("95%的位次", "95% of ranks"), span, "")
    caption = Text(
        "随机抽样的初评等级和位次频率", "Frequencies of computed grades and ranks in random draws"
    )
    least = Text("等级最不稳的", "whose grades stand least often")
    shown = choosing.few(order, stands)
    chart = Chart(
        "grade_frequencies",
        choosing.caption(
            Text("随机抽样的初评等级频率", "Frequencies of computed grades in random draws"),
            order,
            shown,
            least,
        ),
        lambda language: figures.grade_frequencies(result, drawn, language, shown),
        Text(
            "每家一条，各色长度为抽样中得到该等级的频率",
            "A bar a unit; the length of each colour is how often the grade comes out in draws",
        ),
        "annex_scores",
    )
    rows = in_order(stands, falling=False)
    return [
        *blocks,
        chart,
        table_of("frequencies", caption, "annex_scores", columns, order=rows, chosen=least),
    ]


def _fewer(result: Assessment, asked: int, made: int) -> Text:
    """That a large case is drawn less often than was asked for."""
    return say(
        zh="考核对象和指标较多（{n}×{d}），抽样由{asked:,}组减为{made:,}组，"
        "误差按减少后的组数计算。",
        en="With so many units and indicators ({n} × {d}) there are {made:,} draws instead of "
        "{asked:,}; errors are those of as many.",
        n=len(result.scores),
        d=len(result.points),
        asked=asked,
        made=made,
    )


def choices(
    result: Assessment,
    factors: Mapping[str, Any] | None,
    band: float,
    n: int = 1024,
    seed: int = 0,
    executor: Executor | None = None,
) -> list[Block]:
    """Which choices of method move grades and ranks most; `factors` as for
    :func:`qtoolkit.simulation.sobol`."""
    chosen_factors = simulation.choices(result, band) if factors is None else factors
    runs_asked, n = n, simulation.affordable_runs(result, n)
    grades, ranks = (
        simulation.sobol(result, chosen_factors, target, n, seed, executor)
        for target in ("grade_changes", "rank_shift")
    )
    names = {key: label(result, key) for key in grades.table.index}
    heading = Text("各项做法的影响", "Which choices matter")
    if not grades.moves and not ranks.moves:
        text = say(
            zh="{names}怎样选择，初评等级和位次都不变。",
            en="Whatever is chosen for {names}, no computed grade and no rank changes.",
            names=listing(names.values()),
        )
        return [Paragraph(text, "stability", heading), *_failed(grades)]
    main = grades if grades.moves else ranks
    order = main.table.index[in_order(main.table["total"])]
    blocks: list[Block] = [
        Paragraph(_sentence(result, grades, names), "stability", heading),
        *_failed(grades),
    ]
    if n < runs_asked and not grades.exact:
        blocks.append(Paragraph(_fewer(result, runs_asked, n), "annex_scores", style="note"))
    chart = Chart(
        "choices",
        Text("各项做法对等级和位次的影响", "What choices do to grades and ranks"),
        lambda language: figures.choices(
            [grades, ranks], [names[key].of(language) for key in order], order, language
        ),
        _legend(grades),
        "annex_scores",
    )
    columns = {
        "choice": (
            Text("做法", "Choice"),
            [*(names[key] for key in order), Text("合计", "Sum")],
            "",
        )
    }
    for key, sobol in (("grades", grades), ("ranks", ranks)):
        what, table = TARGETS[key], sobol.table.loc[order]
        alone = [*table["first"], 1 - sobol.interactions]
        columns[f"{key}_first"] = (
            say(zh="{what}：单独影响", en="{what}: alone", what=what),
            alone,
            ".2f",
        )
        total = [*table["total"], np.nan]
        columns[f"{key}_total"] = (
            say(zh="{what}：总影响", en="{what}: total", what=what),
            total,
            ".2f",
        )
        if not sobol.exact:
            ends = [
                words.interval(*row)
                for row in table[["total_low", "total_high"]].itertuples(index=False)
            ]
            columns[f"{key}_interval"] = (
                Text("总影响的95%区间", "95% interval of the total"),
                [*ends, None],
                "",
            )
    caption = Text(
        "各项做法的影响（占初评等级改变家数、位次平均变动之方差的比重）",
        "Choices: shares of the variance of the changes of computed grades and of the mean rank "
        "shift",
    )
    blocks.append(
        Paragraph(_weights(grades, ranks, {key: names[key] for key in order}), "annex_scores")
    )
    return [
        *blocks,
        chart,
        table_of("choices", caption, "annex_scores", columns),
        _alternatives(result, grades, ranks, names),
    ]


def _legend(sobol: simulation.Sobol) -> Text:
    if sobol.exact:
        return Text(
            "深色为单独影响，浅色为连同相互作用的总影响；均为精确值",
            "Dark: alone; pale: with interactions; all exact",
        )
    return Text(
        "深色为单独影响，浅色为连同相互作用的总影响，细线为95%区间",
        "Dark: alone; pale: with interactions; lines: 95% intervals",
    )


def _negligible(sobol: simulation.Sobol, key: str) -> bool:
    return bool(sobol.table.loc[key, "total" if sobol.exact else "total_high"] < NEGLIGIBLE)


def _weights(grades: simulation.Sobol, ranks: simulation.Sobol, names: Mapping[str, Text]) -> Text:
    """What was gone through or drawn, how much the choices explain by themselves, and which hardly
    matter: each of grades and of ranks, as far as these move."""
    moving = {key: sobol for key, sobol in (("grades", grades), ("ranks", ranks)) if sobol.moves}
    main = next(iter(moving.values()))
    if main.exact:
        how = say(
            zh="全部{runs:,}种组合逐一计算，每种备选做法机会均等，影响为精确值，没有抽样误差",
            en="All {runs:,} combinations were gone through, all alternatives equally probable: "
            "the shares are exact, without sampling error",
            runs=main.runs,
        )
    else:
        how = say(
            zh="随机抽取{runs:,}种组合，每种备选做法机会均等，"
            "影响为估计值（略低于0或合计略高于1属于抽样误差）",
            en="{runs:,} combinations were drawn, all alternatives equally probable: the shares "
            "are estimates (one slightly below 0, or a sum slightly above 1, is sampling error)",
            runs=main.runs,
        )
    explained = words.semicolons(_explained(TARGETS[key], sobol) for key, sobol in moving.items())
    return say(
        zh="{how}。各项做法单独影响合计占差异的比重：{explained}。{hardly}。",
        en="{how}. Shares of the variance that the choices explain by themselves: {explained}. "
        "{hardly}.",
        how=how,
        explained=explained,
        hardly=_hardly(moving, names),
    )


def _hardly(moving: Mapping[str, simulation.Sobol], names: Mapping[str, Text]) -> Text:
    """The choices that move hardly anything, and those that hardly move grades, or ranks, while
    they move the other."""
    still = {
        choice: tuple(key for key, sobol in moving.items() if _negligible(sobol, choice))
        for choice in names
    }
    on_everything = HARDLY[tuple(moving)]
    groups = [(tuple(moving), on_everything)]
    if len(moving) > 1:
        groups += [((key,), HARDLY[key]) for key in moving]
    parts = [
        say(zh="{what}的是：{choices}", en="{what}: {choices}", what=what, choices=listing(choices))
        for keys, what in groups
        if (choices := [name for choice, name in names.items() if still[choice] == keys])
    ]
    least = (
        Text("总影响", "a total effect")
        if next(iter(moving.values())).exact
        else Text("总影响的95%区间", "a 95% interval of the total effect")
    )
    return say(
        zh="以{measure}在{least}以下为几乎没有影响，{parts}",
        en="Taking {measure} below {least} as hardly any effect: {parts}",
        measure=least,
        least=NEGLIGIBLE,
        parts=words.semicolons(parts) if parts else NOTHING,
    )


def _explained(what: Text, sobol: simulation.Sobol) -> Text:
    """How much of the variance the choices explain one by one, as the sum in the table, and whether
    the rest is more than nothing."""
    alone = 1 - sobol.interactions
    if len(sobol.failures):
        rest = Text(
            "有的组合不成立，各项做法不再互相独立，合计不必在1以内",
            "as some combinations are impossible the choices are not independent, and their sum "
            "may pass 1",
        )
    elif sobol.interactions <= SAME if sobol.exact else sobol.alone_high >= 1:
        rest = Text("没有相互作用", "there is no interaction") if sobol.exact else WITHIN
    else:
        rest = Text("其余来自相互作用", "the rest is interaction")
    if not sobol.exact:
        rest = say(
            zh="95%区间{low:.2f}至{high:.2f}，{rest}",
            en="95% interval {low:.2f} to {high:.2f}; {rest}",
            low=sobol.alone_low,
            high=sobol.alone_high,
            rest=rest,
        )
    return say(
        zh="{what}{alone:.2f}（{rest}）",
        en="{what} {alone:.2f} ({rest})",
        what=what,
        alone=alone,
        rest=rest,
    )


def _sentence(result: Assessment, sobol: simulation.Sobol, names: Mapping[str, Text]) -> Text:
    if not sobol.moves:
        return say(
            zh="{names}怎样选择，初评等级都不变，只影响位次。",
            en="Whatever is chosen for {names}, no computed grade changes, only ranks.",
            names=listing(names.values()),
        )
    total, alternatives = sobol.table["total"], sobol.alternatives.dropna(subset="mean")
    first = total.index[foremost(total)]
    text = say(
        zh="把{n}项做法同时改变，平均有{mean:.1f}家初评等级与现行不同；"
        "影响最大的是{first}（总影响{total:.2f}，即连同相互作用占差异的比重）",
        en="With {n:choice|choices} varied together {mean:.1f} computed grades differ from the "
        "present ones on average; what matters most is {first} (a total effect, interactions "
        "included, of {total:.2f} of the variance)",
        n=len(total),
        mean=sobol.mean,
        first=listing([names[key] for key in first]),
        total=total[first[0]],
    )
    if len(alternatives):
        most = alternatives.iloc[foremost(alternatives["mean"])]
        text = say(
            zh="{text}；改变等级最多的做法是{alternatives}（平均{mean:.2f}家）",
            en="{text}; the most grades change with {alternatives} ({mean:.2f} on average)",
            text=text,
            mean=most["mean"].iloc[0],
            alternatives=listing(
                [
                    say(
                        zh="“{choice}：{alternative}”",
                        en="“{choice}: {alternative}”",
                        choice=names[row.factor],
                        alternative=alternative(result, row.factor, row.alternative),
                    )
                    for row in most.itertuples()
                ],
                FEW,
            ),
        )
    return say(zh="{text}。", en="{text}.", text=text)


def _failed(sobol: simulation.Sobol) -> list[Block]:
    """Combinations that scheme or data do not allow."""
    if sobol.failures.empty:
        return []
    if sobol.exact:
        over = say(zh="其余{over:,}种组合", en="the other {over:,} combinations", over=sobol.over)
    else:
        over = say(
            zh="没有此种组合的{over:,}组抽样",
            en="the {over:,} samples without any of them",
            over=sobol.over,
        )
    text = say(
        zh="有{n:,}种组合不成立，未计入影响（主要原因：{why}）；影响按{over}计算。",
        en="{n:,} combinations were impossible and are not counted (chiefly: {why}); the shares "
        "are over {over}.",
        n=int(sobol.failures.sum()),
        why=listing(sobol.failures.index[sobol.failures == sobol.failures.max()]),
        over=over,
    )
    return [Paragraph(text, "annex_scores", style="note")]


def _alternatives(
    result: Assessment, grades: simulation.Sobol, ranks: simulation.Sobol, names: Mapping[str, Text]
) -> Block:
    table = grades.alternatives
    columns = {
        "choice": (Text("做法", "Choice"), [names[key] for key in table["factor"]], ""),
        "alternative": (
            Text("备选", "Alternative"),
            [
                alternative(result, key, value)
                for key, value in zip(table["factor"], table["alternative"], strict=True)
            ],
            "",
        ),
        "grades": (
            Text("平均改变初评等级家数", "Mean changes of computed grades"),
            list(table["mean"]),
            ".2f",
        ),
        "ranks": (Text("位次平均变动", "Mean rank shift"), list(ranks.alternatives["mean"]), ".2f"),
    }
    return table_of(
        "alternatives",
        Text(
            "各备选做法的后果（其余做法同时变动）",
            "What each alternative does (the others varying too)",
        ),
        "annex_scores",
        columns,
    )


def rank_sets(
    result: Assessment, level: float = 0.95, seed: int = 0, executor: Executor | None = None
) -> list[Block]:
    """Rank confidence sets, where the data state standard errors."""
    if not (pd.DataFrame(result.table.errors) > 0).any(axis=None):
        text = Text(
            "数据未注明标准误，不计算位次置信集。",
            "The data state no standard errors: there are no rank confidence sets.",
        )
        return [Paragraph(text, "annex_scores", style="note")]
    sets = simulation.rank_confidence(result, "data", level, seed=seed, executor=executor)
    table = sets.table.loc[result.ranks.sort_values(kind="stable").index]
    fixed = table.index[table["low"] == table["high"]]
    apart = table.index[table["all_low"] == table["all_high"]]
    text = say(
        zh="按数据所注标准误，单看一家，位次以{level:.0%}的置信度可以确定的有{n}家（{units}）；"
        "各家同时看，有{apart}家。",
        en="With the standard errors that the data state, at a confidence of {level:.0%} the rank "
        "of {n:unit|units} is settled, each by itself ({units}); for all at once, of {apart}.",
        level=level,
        n=len(fixed),
        units=words.units(result, fixed, FEW),
        apart=len(apart),
    )
    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in table.index], ""),
        "rank": (words.RANK, list(table["rank"]), "d"),
        "se": (Text("得分标准误", "Standard error"), list(table["se"]), ".2f"),
        "low": (Text("单家最好", "Best, alone"), list(table["low"]), "d"),
        "high": (Text("单家最差", "Worst, alone"), list(table["high"]), "d"),
        "all_low": (Text("同时最好", "Best, jointly"), list(table["all_low"]), "d"),
        "all_high": (Text("同时最差", "Worst, jointly"), list(table["all_high"]), "d"),
    }
    caption = say(
        zh="位次的{level:.0%}置信集（Mogstad等）",
        en="{level:.0%} confidence sets of ranks (Mogstad et al.)",
        level=level,
    )
    return [
        Paragraph(text, "stability", Text("数据误差与位次", "Errors of the data and ranks")),
        table_of("rank_sets", caption, "annex_scores", columns),
    ]


def label(result: Assessment, key: str) -> Text:
    """What a choice is called."""
    kind, _, id = key.partition(".")
    if kind == "cutoffs" and id:
        return say(
            zh="{grade}的分数线", en="cutoff of {grade}", grade=result.scheme.grade(id).label
        )
    if key in CHOICES:
        return CHOICES[key]
    name = Text("总分", "total") if id == "total" else result.scheme.indicator(id).name
    return say(zh="{what}（{name}）", en="{what} ({name})", what=CHOICES[kind], name=name)


def alternative(result: Assessment, key: str, value: Any) -> Text:
    """What an alternative is called."""
    kind = key.partition(".")[0]
    if isinstance(value, str) and value in ALTERNATIVES:
        return ALTERNATIVES[value]
    if kind == "rounding":
        return words.rounding(_rounding_of(value))
    if kind == "drop":
        return Text("都保留", "none") if value is None else result.scheme.indicator(value).name
    if isinstance(value, Mapping) and kind == "points":
        return _listed([(result.scheme.indicator(id).name, x) for id, x in value.items()])
    if isinstance(value, Mapping) and kind == "cutoffs":
        return _listed([(result.scheme.grade(id).label, x) for id, x in value.items()])
    if kind == "aggregation":
        return say(zh="{r:g}阶幂平均", en="power mean of order {r:g}", r=value)
    if value is None:
        return Text("不处理", "none")
    return same(f"{value:g}" if isinstance(value, int | float) else str(value))


def _rounding_of(value: Any) -> Rounding | None:
    """The rounding that an alternative names: None, keys and values, or decimals alone."""
    if value is None:
        return None
    return Rounding(**value) if isinstance(value, Mapping) else Rounding(decimals=int(value))


def _listed(numbers: list[tuple[Text, float]]) -> Text:
    """The first few of some named numbers."""
    return listing([say(zh="{n}{v:g}", en="{n} {v:g}", n=name, v=x) for name, x in numbers], 3)
