"""Views of exact robustness beyond one band: moving cutoffs, ranks, cheapest flips, transfers,
single points and cutoffs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qtoolkit import robustness, simulation
from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.language import Text, listing, say
from qtoolkit.regions import Box
from qtoolkit.report import choosing, figures, lines, words
from qtoolkit.report.blocks import Block, Chart, DataTable, Paragraph, rounded_towards, table_of
from qtoolkit.robustness.flips import ON_LINE

SECONDS = 60.0  # for all rank ranges
FEW = 8  # names in a sentence
FEWER = 3  # clauses in a sentence
NO_CHANGE = Text("没有", "no computed grade changes")
NONE_FOUND = Text("未发现", "no change of a computed grade was found")
NATURE = {
    "exact": Text("精确", "exact"),
    "bounds": Text("界限", "bounds"),
    "at least": Text("至少", "at least"),
    "at most": Text("至多", "at most"),
    "none": Text("现行分值下即不确定", "open even now"),
    "refused": Text("不适用", "not applicable"),
    "undefined": Text("无法单独调整", "cannot move alone"),
}


def rank_ranges(result: Assessment, band: float, drawn: simulation.Simulation) -> list[Block]:
    """Best and worst rank of each unit while the points move within ±band, beside what random draws
    from there show."""
    units = tuple(choosing.edge(result))
    table = robustness.rank_range(
        result, Box(relative=band), time_limit=SECONDS, seed=drawn.seed, units=units
    ).table
    table[["drawn_best", "drawn_worst"]] = drawn.rank_quantiles.loc[table.index, ["best", "worst"]]
    table = table.loc[result.ranks[table.index].sort_values(kind="stable").index]
    exact = table["status"] == "exact"
    wider = exact & (
        (table["drawn_best"] > table["best"]) | (table["drawn_worst"] < table["worst"])
    )
    span = table["worst"] - table["best"]
    fixed = int((span == 0).sum())
    text = say(
        zh="分值在上述范围内浮动，{fixed}家位次不变{most}。随机抽取{draws:,}组分值，"
        "看到的位次范围比真实范围窄的有{wider}家：抽样给出的是频率，不是证明。",
        en="With points moving as above, {fixed:unit keeps its rank|units keep their rank}{most}. "
        "In {draws:,} random draws the ranges seen are narrower than the true ones for "
        "{wider:unit|units}: what draws give is a frequency, no proof.",
        fixed=fixed,
        most=_widest(result, table, span),
        draws=drawn.draws,
        wider=int(wider.sum()),
    )
    blocks: list[Block] = [
        Paragraph(text, "stability", Text("位次范围", "Rank ranges"), see=words.DETAILS)
    ]
    if (left_out := choosing.edge_note(result)) is not None:
        blocks.append(Paragraph(left_out, "stability", style="note"))
    if not exact.all():
        note = say(
            zh="{units}的位次为界限：确定不会越出，但两端未必能够达到。",
            en="The rank ranges of {units} are bounds: no rank lies outside, but the ends need not "
            "be attained.",
            units=words.units(result, table.index[~exact], FEW),
        )
        blocks.append(Paragraph(note, "stability", style="note"))
    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in table.index], ""),
        "rank": (words.RANK, list(table["rank"]), "d"),
        "best": (Text("最好位次", "Best rank"), list(table["best"]), "d"),
        "worst": (Text("最差位次", "Worst rank"), list(table["worst"]), "d"),
        "drawn_best": (Text("抽样最好", "Best drawn"), list(table["drawn_best"]), "d"),
        "drawn_worst": (Text("抽样最差", "Worst drawn"), list(table["drawn_worst"]), "d"),
        "status": (Text("性质", "Nature"), [NATURE[s] for s in table["status"]], ""),
    }
    caption = Text("分值浮动时的位次范围", "Rank ranges under moving points")
    near = choosing.to_cutoff(result)[table.index]
    shown = choosing.few(table.index, near)
    chart = Chart(
        "rank_ranges",
        choosing.caption(caption, table.index, shown, choosing.NEAREST),
        lambda language: figures.rank_ranges(result, table.loc[shown], language),
        Text(
            "浅色为确定的位次范围，深色为随机抽样看到的范围，圆点为现行位次",
            "Pale bars are proven ranges, dark ones what draws show, dots present ranks",
        ),
        "annex_scores",
    )
    order = in_order(near, falling=False)
    return [
        *blocks,
        chart,
        table_of(
            "rank_ranges", caption, "annex_scores", columns, order=order, chosen=choosing.NEAREST
        ),
    ]


def _widest(result: Assessment, table: pd.DataFrame, span: pd.Series) -> Text:
    """Whose rank can move furthest, all that tie; nothing where no rank can."""
    if not span.max():
        return Text("", "")
    items = [
        say(
            zh="{unit}（第{best}位至第{worst}位）",
            en="{unit} (rank {best} to {worst})",
            unit=result.labels[unit],
            best=int(table.loc[unit, "best"]),
            worst=int(table.loc[unit, "worst"]),
        )
        for unit in span.index[span == span.max()]
    ]
    return say(
        zh="；位次变动余地最大的是{items}",
        en="; the widest range is that of {items}",
        items=listing(items, FEW),
    )


def flips(result: Assessment) -> list[Block]:
    """The fewest points that change each unit's grade, the scheme's weakest spot first."""
    units = choosing.edge(result)
    table = robustness.cheapest_flip(result, units=units).table
    table = table.iloc[in_order(table["points_moved"], falling=False)]
    whole = robustness.cheapest_flip(result, step=0.5, units=units).table["points_moved"]
    heading = Text("最小调整分值", "Cheapest flips")
    changeable = table[np.isfinite(table["points_moved"])]
    refused = table.index[table["status"] == "refused"]
    blocks: list[Block] = []
    if changeable.empty:
        text = Text(
            "在总分不变的条件下，没有计算出能够改变初评等级的分值调整。",
            "No transfer of points was found that changes a computed grade.",
        )
        blocks.append(Paragraph(text, "stability", heading))
    else:
        little = changeable["points_moved"] < 1 - SAME
        text = say(
            zh="方案最薄弱之处是{weakest}。调整不足1分即有初评等级改变的有{few}家：{units}。"
            "该项结果仅供内部研究，不宜对外提供。",
            en="How many points must move to change a computed grade: the scheme's weakest spot is "
            "{weakest}. Less than 1 point is enough for {few:unit|units}: {units}. This is for "
            "internal use only.",
            weakest=_weakest(result, changeable),
            few=int(little.sum()),
            units=words.units(result, changeable.index[little], FEW),
        )
        blocks.append(Paragraph(text, "stability", heading))
    if (left_out := choosing.edge_note(result)) is not None:
        blocks.append(Paragraph(left_out, "stability", style="note"))
    if len(refused):
        text = say(
            zh="{units}的初评等级还取决于其他考核对象（名额或末位），不计算最小调整分值，"
            "请看位次范围。",
            en="The computed grades of {units} also depend on other units (a quota or last "
            "places): see the rank ranges instead of cheapest flips.",
            units=words.units(result, refused, FEW),
        )
        blocks.append(Paragraph(text, "annex_scores", style="note"))
    shown = table.drop(index=refused)
    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in shown.index], ""),
        "grade": (words.COMPUTED, [_label(result, g) for g in shown["grade"]], ""),
        "towards": (Text("变为", "Turns into"), [_label(result, g) for g in shown["towards"]], ""),
        "points": (Text("最小调整分值", "Fewest points"), list(shown["points_moved"]), "↑.2f"),
        "half": (Text("按0.5分调整", "In steps of 0.5"), list(whole[shown.index]), ".1f"),
        "status": (Text("性质", "Nature"), [NATURE[s] for s in shown["status"]], ""),
        "recipe": (Text("调整办法", "Recipe"), list(shown["recipe"]), ""),
    }
    widths = (1.2, 0.8, 0.8, 1.1, 1.1, 0.8, 5.0)
    caption = Text(
        "使初评等级改变的最小调整分值（由小到大）",
        "Fewest points that change each computed grade (least first)",
    )
    first = {"order": range(len(shown)), "chosen": Text("调整分值最少的", "with the fewest points")}
    return [
        *blocks,
        table_of("cheapest_flips", caption, "annex_scores", columns, widths=widths, **first),
    ]


def _weakest(result: Assessment, table: pd.DataFrame) -> Text:
    """The unit whose grade the fewest points change, and how; all units that stand on a cutoff."""
    on = [unit for unit, recipe in table["recipe"].items() if recipe == ON_LINE]
    if on:
        items = [
            say(
                zh="{unit}（由{before}变为{after}）",
                en="{unit} (from {before} to {after})",
                unit=result.labels[unit],
                before=_label(result, table.loc[unit, "grade"]),
                after=_label(result, table.loc[unit, "towards"]),
            )
            for unit in on
        ]
        return say(
            zh="得分正好在分数线上的{units}：分值稍有不利变动，等级即改变",
            en="at {units}, whose score stands on the cutoff: any loss, however small, changes the "
            "grade",
            units=listing(items, FEW),
        )
    rows = table.iloc[foremost(table["points_moved"], falling=False)]
    items = [
        say(
            zh="{unit}：{recipe}（共{points}分，{nature}），等级即由{before}变为{after}",
            en="{unit}: {recipe} ({points} in all, {nature}) turns its grade from {before} into "
            "{after}",
            unit=result.labels[unit],
            recipe=row["recipe"],
            points=rounded_towards(row["points_moved"], ".2f", "↑"),
            nature=NATURE[row["status"]],
            before=_label(result, row["grade"]),
            after=_label(result, row["towards"]),
        )
        for unit, row in rows.head(FEWER).iterrows()
    ]
    if len(rows) > FEWER:
        items.append(
            say(zh="另有{n}家同样如此", en="{n:unit|units} more likewise", n=len(rows) - FEWER)
        )
    return words.semicolons(items)


def _label(result: Assessment, grade: str | None) -> Text | None:
    return None if pd.isna(grade) else result.scheme.grade(grade).label


def transfers(result: Assessment) -> list[Block]:
    """Points that can move between two indicators before the first grade changes, and how far each
    may move alone."""
    leaves = choosing.most_points(result)
    transfer_map = robustness.transfer_map(result, leaves)
    singles = robustness.stability_intervals(result)
    pairs = _least_transfers(result, transfer_map)
    return [
        *_first_changes(result, transfer_map, pairs, singles),
        *_not_counted(result, transfer_map, singles),
        *_pairs_left_out(result, len(leaves)),
        *_transfer_chart(result, transfer_map),
        _transfer_table(result, transfer_map, pairs.head(20)),
        _alone(result, singles),
        _lines(result),
    ]


def _without_data(result: Assessment) -> list[str]:
    """New indicators, for which no unit has data yet."""
    columns = (result.table.status == robustness.NEW).T
    leaves = result.scheme.leaves
    return [leaf.id for leaf, column in zip(leaves, columns, strict=True) if column.all()]


def _least_transfers(result: Assessment, transfer_map: robustness.TransferMap) -> pd.DataFrame:
    """Transfers that change a grade, the least first: from, to, points, exact; none of new
    indicators."""
    table = transfer_map.table.rename_axis(index="from", columns="to")
    pairs = table.stack().rename("points").reset_index()
    pairs["exact"] = [transfer_map.exact.loc[row["from"], row["to"]] for _, row in pairs.iterrows()]
    new = _without_data(result)
    pairs = pairs[np.isfinite(pairs["points"]) & ~pairs["from"].isin(new) & ~pairs["to"].isin(new)]
    return pairs.iloc[in_order(pairs["points"], falling=False)]


def _first_changes(
    result: Assessment,
    transfer_map: robustness.TransferMap,
    pairs: pd.DataFrame,
    singles: pd.DataFrame,
) -> list[Block]:
    """In words: the least transfer that changes a grade, or that there is none; and the indicators
    whose points alone may move least."""
    heading = Text("分值转移和单项调整", "Transfers and single changes")
    if len(result.scheme.leaves) == 1:
        text = Text(
            "只有一项指标，没有可以转移的分值。", "There is one indicator, and nothing to transfer."
        )
        return [Paragraph(text, "stability", heading)]
    if pairs.empty:
        return [Paragraph(_no_transfer(transfer_map), "stability", heading)]
    first = pairs.iloc[foremost(pairs["points"], falling=False)]
    text = _first_transfer(result, transfer_map, first)
    tight = _tightest(singles.drop(index=_without_data(result)))
    blocks: list[Block] = []
    if len(tight):
        blocks.append(Paragraph(_most_sensitive(result, singles, tight), "annex_scores"))
    return [*blocks, Paragraph(text, "stability", heading)]


def _no_transfer(transfer_map: robustness.TransferMap) -> Text:
    """That no transfer changes a grade: proven, or none found."""
    if transfer_map.exact.all(axis=None):
        return Text(
            "任意两项指标之间转移分值，等级都不改变。",
            "No transfer of points between two indicators changes a grade.",
        )
    return Text(
        "两项指标之间转移分值，未发现等级改变。",
        "No transfer of points between two indicators was found that changes a grade.",
    )


def _not_counted(
    result: Assessment, transfer_map: robustness.TransferMap, singles: pd.DataFrame
) -> list[Block]:
    """Which units transfers and single changes leave out, wholly or in part."""
    singly = "、".join(["", *singles["left_out"].unique(), ""])
    left_out = [
        unit
        for unit in result.scores.index
        if unit in transfer_map.left_out or f"、{unit}、" in singly
    ]
    if not left_out:
        return []
    text = say(
        zh="以上分值转移、单项调整及附件各表未计或未全部计入{units}："
        "其现有等级或将变成的等级还取决于其他考核对象（名额、末位），或计算量过大。",
        en="Transfers and single changes, here and in the annex, leave out {units}, or some of "
        "their changes: the grade they have or would have next also depends on others (quotas, "
        "last places), or there is too much to search.",
        units=words.units(result, left_out, FEW),
    )
    return [Paragraph(text, "stability", style="note")]


def _pairs_left_out(result: Assessment, computed: int) -> list[Block]:
    """That transfers are computed between some indicators only."""
    count = len(result.scheme.leaves)
    if computed >= count:
        return []
    text = say(
        zh="指标有{d}项，分值转移只在分值最多的{k}项之间计算，其余未算。",
        en="There are {d} indicators: transfers are computed between the {k} with the most "
        "points, and between no others.",
        d=count,
        k=computed,
    )
    return [Paragraph(text, "stability", style="note")]


def _transfer_chart(result: Assessment, transfer_map: robustness.TransferMap) -> list[Block]:
    """The map of transfers, where there are two indicators or more."""
    if len(result.scheme.leaves) == 1:
        return []
    chart = Chart(
        "transfers",
        Text("分值转移影响表", "Transfer map"),
        lambda language: figures.transfers(result, transfer_map, language),
        Text(
            "行为调出的指标，列为调入的指标；颜色越深，改变首个等级所需转移的分值越少",
            "Rows give, columns receive; the darker, the fewer points change a first grade",
        ),
        "annex_scores",
    )
    return [chart]


def _transfer_table(
    result: Assessment, transfer_map: robustness.TransferMap, pairs: pd.DataFrame
) -> DataTable:
    """Transfers with the first unit whose grade changes."""
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    first = [transfer_map.unit.loc[row["from"], row["to"]] for _, row in pairs.iterrows()]
    points = [_safe(x, sure) for x, sure in zip(pairs["points"], pairs["exact"], strict=True)]
    columns = {
        "from": (Text("调出指标", "From"), [names[i] for i in pairs["from"]], ""),
        "to": (Text("调入指标", "To"), [names[i] for i in pairs["to"]], ""),
        "points": (Text("分值", "Points"), points, ".2f"),
        "unit": (
            Text("初评等级首先改变的考核对象", "Computed grade that changes first"),
            [result.labels[unit] for unit in first],
            "",
        ),
        "status": (
            Text("性质", "Nature"),
            [NATURE["exact" if sure else "at most"] for sure in pairs["exact"]],
            "",
        ),
    }
    caption = Text(
        "分值转移影响初评等级（由小到大）", "Transfers that change a computed grade (least first)"
    )
    return table_of("transfers", caption, "annex_scores", columns)


def _tightest(alone: pd.DataFrame) -> pd.Index:
    """The indicators whose points alone need to move least before a grade changes, all that tie; an
    end at which none does, such as 0 points, is no limit. Empty where no grade changes at all."""
    down = (alone["points"] - alone["low"]).where(alone["unit_low"].notna(), np.inf)
    up = (alone["high"] - alone["points"]).where(alone["unit_high"].notna(), np.inf)
    width = np.minimum(down, up).where(alone["status"] != "undefined", np.inf)
    return alone.index[foremost(width.where(np.isfinite(width)), falling=False)]


def _most_sensitive(result: Assessment, alone: pd.DataFrame, tight: pd.Index) -> Text:
    """Between which points the most sensitive indicators may move alone, or that they stand at an
    end of them."""
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    parts = [_moves_alone(result, names[leaf], alone.loc[leaf]) for leaf in tight[:FEWER]]
    if len(tight) > FEWER:
        parts.append(
            say(
                zh="另有{n}项同样如此",
                en="{n:indicator|indicators} more likewise",
                n=len(tight) - FEWER,
            )
        )
    return say(
        zh="单独调整一项指标、其余按比例分摊，最敏感的是{parts}。",
        en="Of single indicators, the others in proportion, the most sensitive: {parts}.",
        parts=words.semicolons(parts),
    )


def _moves_alone(result: Assessment, leaf: Text, row: pd.Series) -> Text:
    """Between which points an indicator may move alone, or that it stands at an end of them."""
    for side, less in (("low", Text("减少", "less")), ("high", Text("增加", "more"))):
        if abs(row[side] - row["points"]) <= SAME and pd.notna(row[f"unit_{side}"]):
            return say(
                zh="“{leaf}”（{unit}的得分正好在分数线上，该项（现为{now:g}分）稍有{less}，"
                "其初评等级即改变）",
                en="“{leaf}” (the score of {unit} stands on the cutoff, and with slightly {less} "
                "than the present {now:g} points its computed grade changes)",
                leaf=leaf,
                unit=result.labels[row[f"unit_{side}"]],
                now=row["points"],
                less=less,
            )
    return say(
        zh="“{leaf}”（分值在{low}分与{high}分之间（不含两端）时{claim}初评等级改变，"
        "现为{now:g}分）",
        en="“{leaf}” ({claim} while it has between {low} and {high} points, ends excluded; now "
        "{now:g})",
        leaf=leaf,
        low=rounded_towards(row["low"], ".2f", "↑"),
        high=rounded_towards(row["high"], ".2f", "↓"),
        now=row["points"],
        claim=NO_CHANGE if row["status"] == "exact" else NONE_FOUND,
    )


def _safe(points: float, proven: bool) -> float:
    """To hundredths: down where less is proven to change nothing, up where so much is known to
    change a grade."""
    return float(rounded_towards(points, ".2f", "↓" if proven else "↑"))


def _first_transfer(
    result: Assessment, transfer_map: robustness.TransferMap, first: pd.DataFrame
) -> Text:
    """The transfers that change a grade with the fewest points, all that tie."""
    proven = bool(transfer_map.exact.all(axis=None))
    leaves = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    items = [
        say(
            zh="从“{start}”转到“{end}”（{unit}）",
            en="from “{start}” to “{end}” ({unit})",
            start=leaves[row["from"]],
            end=leaves[row["to"]],
            unit=result.labels[transfer_map.unit.loc[row["from"], row["to"]]],
        )
        for _, row in first.iterrows()
    ]
    least = first["points"].iloc[0]
    named, points = listing(items, FEWER), rounded_towards(least, ".2f", "↓" if proven else "↑")
    if least <= SAME:
        return say(
            zh="两项指标之间转移分值，最先改变初评等级的是{items}：得分正好在分数线上，"
            "稍有转移等级即改变。",
            en="Of all transfers between two indicators the first to change a computed grade: "
            "{items}; the score stands on the cutoff, and any transfer, however small, changes the "
            "grade.",
            items=named,
        )
    if not proven:
        return say(
            zh="两项指标之间转移分值，已知最先改变初评等级的是{items}：至多转移{points}分，"
            "等级即改变。",
            en="Of all transfers between two indicators the first known to change a computed "
            "grade: {items}; moving {points} points, or fewer, changes it.",
            items=named,
            points=points,
        )
    return say(
        zh="两项指标之间转移分值，最先改变初评等级的是{items}：转移不足{points}分时初评等级不变，"
        "达到{points}分或稍多，等级即改变。",
        en="Of all transfers between two indicators the first to change a computed grade: {items}; "
        "less than {points} points change none, {points} or slightly more change it.",
        items=named,
        points=points,
    )


def _alone(result: Assessment, alone: pd.DataFrame) -> DataTable:
    """Each indicator's points alone."""
    label = {unit: text for unit, text in result.labels.items()}
    columns = {
        "leaf": (Text("指标", "Indicator"), [leaf.name for leaf in result.scheme.leaves], ""),
        "points": (Text("分值", "Points"), list(alone["points"]), "g"),
        "low": (Text("等级不变的下限", "Grades hold from"), list(alone["low"]), "↑.2f"),
        "unit_low": (
            Text("下限处改变", "Changes at the lower end"),
            [label.get(unit) for unit in alone["unit_low"]],
            "",
        ),
        "high": (Text("等级不变的上限", "Grades hold up to"), list(alone["high"]), "↓.2f"),
        "unit_high": (
            Text("上限处改变", "Changes at the upper end"),
            [label.get(unit) for unit in alone["unit_high"]],
            "",
        ),
        "status": (Text("性质", "Nature"), [NATURE[s] for s in alone["status"]], ""),
    }
    caption = Text(
        "单项指标分值的稳定区间（初评等级不变，其余指标按比例分摊）",
        "Stability intervals of single indicators (computed grades; the others in proportion)",
    )
    return table_of(
        "stability_intervals",
        caption,
        "annex_scores",
        columns,
        widths=(2.6, 0.8, 1.1, 1.2, 1.1, 1.2, 0.9),
    )


def _lines(result: Assessment) -> DataTable:
    """Each cutoff alone, class by class where classes have their own."""
    table = lines.single(result)
    columns: dict = {"grade": (words.GRADE, [_label(result, g) for g in table["grade"]], "")}
    if table["group"].notna().any():
        columns["group"] = (Text("类别", "Class"), list(table["group"]), "")
    columns |= {
        "cutoff": (Text("分数线", "Cutoff"), list(table["cutoff"]), "g"),
        "low": (Text("等级不变：高于", "Grades hold above"), list(table["low"]), "↑.2f"),
        "unit_low": (Text("下限处改变", "Changes there"), _ends(result, table, "low"), ""),
        "high": (Text("等级不变：不高于", "and up to"), list(table["high"]), "↓.2f"),
        "unit_high": (Text("上限处改变", "Changes beyond it"), _ends(result, table, "high"), ""),
    }
    caption = Text(
        "单条分数线的稳定区间（初评等级不变，名额、末位和否决照常适用）",
        "Stability intervals of single cutoffs (computed grades; quotas, last places and vetoes in "
        "force)",
    )
    return table_of("cutoff_intervals", caption, "annex_scores", columns)


def _ends(result: Assessment, table: pd.DataFrame, side: str) -> list[Text | None]:
    """What stands at one end of each stretch."""
    ends = zip(table[f"unit_{side}"], table[f"next_{side}"], strict=True)
    return [lines.standing_at(result, unit, neighbour) for unit, neighbour in ends]


def proofs() -> list[Block]:
    """Annex: how the exact results are proven, in a few lines."""
    texts = [
        Text(
            "位次范围：他家对本家的领先分数是分值的线性函数，其最大、最小值精确可求；"
            "处处领先者决定最好位次，可能领先者决定最差位次；其余由整数规划求解，"
            "所得分值经重新评分核对，界限与实例一致的才称“精确”。",
            "Rank ranges: the lead of another unit is linear in the points and its extremes are "
            "exact; rivals ahead everywhere bound the best rank, rivals that may be ahead the "
            "worst; an integer program settles the rest, its points are re-scored, and only where "
            "bound and instance agree is the rank called exact.",
        ),
        Text(
            "最小调整分值：从得分率最低的指标向最高的指标转移分值，每分提高最多（降低得分则相反），"
            "故逐项转移即为最省；须整分或半分调整时同理。",
            "Cheapest flips: moving a point from the indicator with the lowest share to the one "
            "with the highest gains most (the reverse loses most), so taking them in that order "
            "moves the fewest points; in whole or half points likewise.",
        ),
        Text(
            "不计分指标的分值按比例折算时，得分为 A·p + b + N·q/D（q为不计分分值，N、"
            "D为同组其余指标的得分和分值），其极值在有限个候选点上取得，逐一比较即可。",
            "Where a blank's points are shared out the score is A·p + b + N·q/D (q the blank's "
            "points, N and D the score and points of the rest of its group); its extremes lie at a "
            "finite number of candidates, which are compared.",
        ),
        Text(
            "尚无数据的新增指标按0至满分的区间进入以上计算。“精确”指两端确有一组分值能够达到，"
            "并已用该组分值重新评分核对；“界限”指不会越出，但两端未必能够达到；“至少”“至多”同理，"
            "结论可靠但未必最紧。",
            "New indicators without data enter as anything from 0 to full marks. “exact”: there "
            "are points that attain each end, and scoring again at them gave the same; “bounds”: "
            "nothing lies outside, but the ends need not be attained; “at least” and “at most” "
            "likewise: safe, though perhaps not the tightest.",
        ),
    ]
    return [Paragraph(text, "annex_methods") for text in texts]


def new_indicators(result: Assessment, table: pd.DataFrame) -> list[Block]:
    """For whom the grade does not depend on indicators that have no data yet."""
    new = [
        leaf.name
        for leaf, column in zip(
            result.scheme.leaves, (result.table.status == robustness.NEW).T, strict=True
        )
        if column.all()
    ]
    if not new:
        return []
    dependent = table.index[~table["free_of_new"]]
    text = say(
        zh="新增指标{leaves}尚无数据，按0至满分的区间测算：{n}家的初评等级与其得分无关；"
        "受其影响的有{m}家：{units}。",
        en="New indicators without data ({leaves}) enter as 0 to full marks: "
        "{n:computed grade does|computed grades do} not depend on them; {m:does|do}: {units}.",
        leaves=words.some(new),
        n=len(table) - len(dependent),
        m=len(dependent),
        units=words.units(result, dependent),
    )
    return [Paragraph(text, "stability", Text("新增指标", "New indicators"))]
