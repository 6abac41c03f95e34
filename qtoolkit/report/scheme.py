"""Views of the scheme and of its data: basis, units, indicators, scoring rules, terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.inputs.case import Case
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.language import Text, listing, say
from qtoolkit.report import flagged, words
from qtoolkit.report.blocks import Block, DataTable, Paragraph, table_of


def basis(result: Assessment) -> list[Block]:
    """What the scheme rests on, and the principles of the calculation."""
    scheme = result.scheme
    blocks: list[Block] = [
        Paragraph(
            say(
                zh="本报告对《{name}》的指标分值和等级划分标准进行测算，"
                "说明按该方案各考核对象的得分和等级，以及结果随分值、分数线变动的程度，"
                "供研究决定时参考。",
                en="This memo tests the points and the grade cutoffs of “{name}”: which score and "
                "grade each unit gets under it, and how far the results move with points and "
                "cutoffs. It is meant to inform a decision.",
                name=scheme.name,
            ),
            "basis",
        )
    ]
    if scheme.sources:
        heading = Text("编制依据", "Basis")
        for i, source in enumerate(scheme.sources):
            blocks.append(Paragraph(source, "basis", heading if i == 0 else None, style="item"))
    principles = (
        Text(
            "评分规则、缺项处理、取整和等级划分均按方案写明的办法执行，不作任何默认推定。",
            "Rules, blanks, rounding and grades follow what the scheme says in writing; nothing is "
            "presumed.",
        ),
        Text(
            "稳定性检验只检验分值和分数线，不检验数据本身是否真实。",
            "The tests of robustness test points and cutoffs alone, not the truth of the data.",
        ),
        Text(
            "相同的输入得到完全相同的结果，每一个得分都可以按附件逐项复算。",
            "The same inputs give the same results, and each score can be recomputed item by item "
            "from the annex.",
        ),
    )
    for i, principle in enumerate(principles):
        heading = Text("测算原则", "Principles") if i == 0 else None
        blocks.append(Paragraph(principle, "basis", heading, style="item"))
    return blocks


def units(result: Assessment) -> list[Block]:
    """Who is assessed, for which period, on which data; blanks and values cut at the ends of a
    rule."""
    scheme, table = result.scheme, result.table
    parts = [
        say(
            zh="考核对象共{n}家，指标（考核要点）{leaves}项。",
            en="{n:unit is|units are} assessed on {leaves:indicator|indicators}.",
            n=len(table.units),
            leaves=len(scheme.leaves),
        )
    ]
    if scheme.period:
        parts.append(
            say(zh="考核周期：{period}。", en="Period assessed: {period}.", period=scheme.period)
        )
    if scheme.data_period:
        parts.append(
            say(
                zh="数据期：{period}。",
                en="Period of the data: {period}.",
                period=scheme.data_period,
            )
        )
    parts += synthetic(result)
    blocks: list[Block] = [Paragraph(joined(parts), "units")]
    for covariate in scheme.covariates:
        if covariate.kind == "text" and covariate.id in table.covariates:
            tally = table.covariates[covariate.id].value_counts().sort_index(kind="stable")
            groups = listing(
                say(zh="{name}{n}家", en="{name} {n}", name=covariate.label(name), n=int(n))
                for name, n in tally.items()
            )
            blocks.append(
                Paragraph(
                    say(
                        zh="按{what}分：{groups}。",
                        en="By {what}: {groups}.",
                        what=covariate.name,
                        groups=groups,
                    ),
                    "units",
                )
            )
    heading = Text("不适用、缺报和异常数值的处理", "Blanks and values that stand out")
    kinds = ["excluded", "blank", "falsified", *CHECKS, "capped", "outlier", "low_target"]
    texts = flagged.sentences(result, kinds)
    for i, text in enumerate(texts):
        blocks.append(Paragraph(text, "units", heading if i == 0 else None, style="item"))
    if not texts:
        none = Text(
            "各项数据齐全，没有空白，也没有超出评分区间的数值。",
            "The data are complete, and no value lies beyond a scoring range.",
        )
        blocks.append(Paragraph(none, "units", heading))
    return [*blocks, *flagged.table(result)]


def synthetic(result: Assessment) -> list[Text]:
    """That the data are simulated, where the scheme says so. That they are real is never said: who
    could know it?"""
    if not result.scheme.synthetic:
        return []
    return [
        Text(
            "数据为模拟数据，不反映任何地区的实际情况。",
            "The data are synthetic and describe no real place.",
        )
    ]


def joined(parts: list[Text]) -> Text:
    """Sentences one after another, as each language sets them."""
    return Text("".join(p.zh for p in parts), " ".join(p.en for p in parts))


MANY_LEAVES = 20  # beyond so many, the body of the memo shows the upper two levels only


def indicators(result: Assessment, previous: Case | None = None) -> list[Block]:
    """The tree with its points; of a large one the upper two levels, beside last year's points, and
    the whole in the annex."""
    scheme = result.scheme
    paths = words.top_path(scheme)
    depth = max(len(path) for path in paths.values())
    shares = say(
        zh="总分{total:g}分，其中{parts}。",
        en="The total is {total:g} points: {parts}.",
        total=scheme.total,
        parts=words.areas(scheme),
    )
    columns: dict[str, Text] = {}
    for level in range(depth - 1):
        columns[f"level{level}"] = LEVELS[min(level, len(LEVELS) - 1)]
        columns[f"sum{level}"] = Text("小计", "Subtotal")
    columns |= {
        "leaf": Text("考核要点", "Indicator"),
        "points": Text("分值", "Points"),
        "kind": Text("性质", "Kind"),
    }
    formats = {name: "g" for name in columns if name.startswith(("sum", "points"))}
    frame = pd.DataFrame(_tree_rows(scheme, paths, depth), columns=list(columns))
    frame = frame.astype({name: object for name in columns if name.startswith("sum")})
    small = len(scheme.leaves) <= MANY_LEAVES or depth < 3
    tree = DataTable(
        "indicators",
        Text("指标体系及分值", "Indicators and points"),
        frame,
        columns,
        formats,
        "indicators" if small else "annex_rules",
        data=False,
    )
    upper = [] if small else [_upper_levels(scheme, previous)]
    return [Paragraph(shares, "indicators"), *upper, tree]


def _tree_rows(
    scheme: Scheme, paths: Mapping[str, Sequence[Indicator]], depth: int
) -> list[dict[str, object]]:
    """A row a leaf, with the nodes above it; a node stands with its points in the row of its first
    leaf alone."""
    empty = Text("", "")
    rows, written_nodes = [], set()
    for leaf in scheme.leaves:
        row: dict[str, object] = {}
        above = paths[leaf.id][:-1]
        for level in range(depth - 1):
            node = above[level] if level < len(above) else None
            first = node is not None and node.id not in written_nodes
            row[f"level{level}"] = node.name if first else empty
            row[f"sum{level}"] = float(node.points) if first else empty
        written_nodes |= {node.id for node in above}
        row |= {"leaf": leaf.name, "points": float(leaf.points), "kind": KINDS[leaf.kind]}
        rows.append(row)
    return rows


def _upper_levels(scheme: Scheme, previous: Case | None) -> DataTable:
    """The first two levels: how many leaves, the points, and last year's."""
    nodes, tops, lower = [], [], []
    for top in scheme.indicators:
        nodes += [top, *top.children]
        tops += [top.name, *(Text("", "") for _ in top.children)]
        lower += [Text("", ""), *(node.name for node in top.children)]
    leaves = [sum(leaf.is_leaf for leaf in node.walk()) for node in nodes]
    points = [float(node.points) for node in nodes]
    columns = {
        "level0": (LEVELS[0], tops, ""),
        "level1": (LEVELS[1], lower, ""),
        "leaves": (Text("考核要点数", "Indicators"), leaves, "d"),
        "points": (Text("分值", "Points"), points, "g"),
    }
    if previous is not None and previous.scheme.nodes:
        known = {node.id: node.points for node in previous.scheme.nodes}
        last = [known.get(node.id, float("nan")) for node in nodes]
        change = [_change_of(node.points, known.get(node.id)) for node in nodes]
        columns["last"] = (Text("上年度分值", "Points last year"), last, "g")
        columns["change"] = (Text("增减", "Difference"), change, "+g")
    caption = Text(
        "一、二级指标分值（全部考核要点见附件评分细则）",
        "Points of the upper two levels (all indicators are in the annex of scoring rules)",
    )
    return table_of("upper_levels", caption, "indicators", columns, data=False)


def _change_of(points: float, last: float | None) -> float:
    """What points grew by since last year; NaN, which is shown as a dash, where they are the same
    or there were none."""
    return float("nan") if last is None or last == points else points - last


LEVELS = (
    Text("一级指标", "Area"),
    Text("二级指标", "Group"),
    Text("三级指标", "Subgroup"),
    Text("下级指标", "Lower group"),
)
KINDS = {"quantitative": Text("定量", "quantitative"), "qualitative": Text("定性", "qualitative")}


TERMS = (
    (
        Text("得分率", "Share of full marks"),
        Text("某项指标的得分除以该项分值。", "The score on an indicator divided by its points."),
    ),
    (
        Text("满分率、零分率", "Saturation"),
        Text(
            "得满分（零分）的考核对象所占比例。", "The share of units at full marks, or at nothing."
        ),
    ),
    (
        Text("区分度", "Discrimination"),
        Text(
            "得分率的标准差，以及该指标对总分差异的贡献。贡献合计为全部差异；"
            "为负表示该指标高的单位总分反而低。",
            "The standard deviation of the share of full marks, and the indicator's part in the "
            "variance of the total. The parts sum to the whole; a negative one says that units "
            "high on the indicator are low on the total.",
        ),
    ),
    (
        Text("临界单位", "Near-miss"),
        Text(
            "得分稍有增减、其他考核对象不变时等级就会改变的考核对象，名额、末位和否决计入。",
            "A unit whose grade a few points more or less would change, all others as they are; "
            "quotas, last places and vetoes count.",
        ),
    ),
    (
        Text("基础得分", "Base score"),
        Text(
            "加减分、封顶和总分取整之前的得分。",
            "The score before bonus, cap and rounding of the total.",
        ),
    ),
    (
        Text("分值允许浮动幅度", "Tolerance of points"),
        Text(
            "在总分不变的条件下，各指标分值同时在此幅度内任意变动，该考核对象等级都不会改变。"
            "这是数学证明，不是抽样频率。",
            "As long as the total is kept and each indicator's points stay within this band, "
            "however they move together, the unit's grade cannot change. This is a proof, not a "
            "frequency from random draws.",
        ),
    ),
    (
        Text("得分区间", "Score range"),
        Text(
            "各指标分值在给定幅度内变动时，该考核对象可能的最低分和最高分。",
            "The lowest and highest score a unit can have while the points move within a given "
            "band.",
        ),
    ),
)


def terms() -> list[Block]:
    """Annex: terms in plain words."""
    return [
        Paragraph(
            say(zh="{term}：{meaning}", en="{term}: {meaning}", term=term, meaning=meaning),
            "annex_terms",
            style="item",
        )
        for term, meaning in TERMS
    ]
