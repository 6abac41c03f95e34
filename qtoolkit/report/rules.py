"""A scheme's rules in words: how a leaf is scored, how the total is finished, who has a grade; and
the annex of them."""

from __future__ import annotations

from collections.abc import Iterator

from qtoolkit.assessment import Assessment
from qtoolkit.inputs.scheme import Grade, Indicator, Scheme
from qtoolkit.language import Text, listing, same, say
from qtoolkit.report import words
from qtoolkit.report.blocks import Block, DataTable, Paragraph, table_of


def scoring(leaf: Indicator) -> Text:
    """How a leaf is scored, with what the scheme does to raw values before it."""
    return _treated(leaf, leaf.rule.sentence())


def _treated(leaf: Indicator, text: Text) -> Text:
    """The rule with what the scheme does to raw values before it."""
    how = leaf.outliers
    if how and how.low + how.high:
        text = say(
            zh="{text}；计分前把最低{low}个、最高{high}个数值按相邻数值计",
            en="{text}; before that the {low} lowest and the {high} highest values count as the "
            "next to them",
            text=text,
            low=how.low,
            high=how.high,
        )
    if how and how.log:
        text = say(zh="{text}；取对数后计分", en="{text}; on a logarithmic scale", text=text)
    return text


def stage_weights(scheme: Scheme, leaf: Indicator) -> Text | None:
    """The stages that make a leaf's value."""
    names = {stage.id: stage.name for stage in scheme.stages}
    if len(leaf.stages) == 1:
        return names[next(iter(leaf.stages))]
    parts = [
        say(zh="{name}{w:.0%}", en="{name} {w:.0%}", name=names[id], w=w)
        for id, w in leaf.stages.items()
    ]
    return listing(parts) if parts else None


def finishing(scheme: Scheme) -> Iterator[Text]:
    """How values and the total are finished: stages, bonus and deductions, floor, vetoes,
    conversion, one sentence each."""
    for stage in scheme.stages:
        if stage.effect != "part":
            yield say(
                zh="“{stage}”有结果的，{how}，核查前后的数值都保留在得分明细中。",
                en="Where “{stage}” has a result, it {how}; the values before and after are kept "
                "in the annex of scores.",
                stage=stage.name,
                how=Text("以其为准", "replaces what was filed")
                if stage.effect == "replaces"
                else Text("在原数值上加减更正", "is added to what was filed"),
            )
    for bonus in scheme.bonuses:
        yield say(
            zh="{kind}：{name}，最多{most:g}分。",
            en="{kind}: {name}, at most {most:g|point|points}.",
            kind=Text("加分项", "Bonus") if bonus.kind == "bonus" else Text("减分项", "Deduction"),
            name=bonus.name,
            most=bonus.max,
        )
    limits = (
        (scheme.bonus_cap, Text("各加分项合计最多加", "All bonus items together add at most")),
        (scheme.deduction_cap, Text("各减分项合计最多减", "All deductions together take at most")),
        (scheme.cap, Text("总得分最高", "The score is at most")),
        (scheme.floor, Text("总得分最低", "The score is at least")),
    )
    for value, what in limits:
        if value is not None:
            yield say(
                zh="{what}{value:g}分。",
                en="{what} {value:g|point|points}.",
                what=what,
                value=value,
            )
    for veto in scheme.vetoes:
        if veto.cap:
            effect = say(
                zh="等级最高定为“{grade}”",
                en="“{grade}” at best",
                grade=scheme.grade(veto.cap).label,
            )
        else:
            effect = say(zh="等级下调{n}级", en="{n:grade|grades} down", n=veto.lower)
        falsified = Text("", "")
        if veto.falsified:
            falsified = Text(
                "；任一指标标明弄虚作假即适用，该指标得零分",
                "; it strikes where any item is marked as falsified, and that item scores nothing",
            )
        yield say(
            zh="一票否决：{veto}，{effect}{falsified}。",
            en="Veto: {veto}, {effect}{falsified}.",
            veto=veto.name,
            effect=effect,
            falsified=falsified,
        )
    if scheme.conversion:
        yield say(
            zh="得分按{points:g}分折算计入{name}，四舍五入保留{decimals}位小数。",
            en="Scores are converted to {points:g|point|points} of {name}, half up to "
            "{decimals:decimal|decimals}.",
            points=scheme.conversion.points,
            name=scheme.conversion.name,
            decimals=scheme.conversion.decimals,
        )


def _places(result: Assessment, grade: Grade) -> Text:
    """What a quota given as a share comes to here, in units, class by class."""
    scheme = result.scheme
    number = len(result.scheme.grades) - 1 - result.scheme.grades.index(grade)
    steps = [step for step in result.engine.rivals if step.grade == number and not step.last]
    names = [same(group) for group in scheme.classes] if grade.within == "class" else [Text("", "")]
    items, cut = [], False
    for name, step in zip(names, steps, strict=True):
        members = len(result.scores) if step.members is None else int(step.members.sum())
        cut = cut or step.most < grade.quota * members - 1e-9
        if grade.within == "class":
            items.append(
                say(
                    zh="{name}{n}家中{most}家",
                    en="{name}: {most} of {n}",
                    name=name,
                    n=members,
                    most=step.most,
                )
            )
        else:
            items.append(say(zh="{n}家中{most}家", en="{most} of {n}", n=members, most=step.most))
    dropped = Text("，不足1家的舍去", "; fractions of a unit are dropped") if cut else Text("", "")
    return say(
        zh="（{items}{dropped}）", en=" ({items}{dropped})", items=listing(items), dropped=dropped
    )


def limits(grade: Grade, result: Assessment | None = None) -> Text | None:
    """What besides the cutoff decides who has a grade, with the rule for ties; with the assessment,
    how many units a share of them is."""
    parts = []
    where = Text("每一类别中", " in each class") if grade.within == "class" else Text("", "")
    if grade.quota is not None:
        if 0 < grade.quota < 1:
            most = say(
                zh="{q:.10g}%{places}",
                en="{q:.10g}%{places}",
                q=grade.quota * 100,
                places=Text("", "") if result is None else _places(result, grade),
            )
        else:
            most = say(zh="{q:g}家", en="{q:unit|units}", q=int(grade.quota))
        if grade.ties == "out":
            ties = Text(
                "并列在末位而名额不足的，都不占名额",
                "units tied at the last place that do not all fit all stay out",
            )
        else:
            ties = Text("并列在末位的，都列入", "units tied at the last place all come in")
        parts.append(
            say(
                zh="{where}最多{most}，{ties}",
                en="at most {most}{where}; {ties}",
                where=where,
                most=most,
                ties=ties,
            )
        )
    if grade.last is not None:
        if grade.ties == "out":
            ties = Text(
                "并列而家数超出的，都不列入",
                "units tied there that would exceed it are not among them",
            )
        else:
            ties = Text("并列的都列入", "units tied there are all among them")
        parts.append(
            say(
                zh="{where}位次末{k}家最高定为本等级，{ties}",
                en="the last {k} by rank{where} have this grade at best; {ties}",
                where=where,
                k=grade.last,
                ties=ties,
            )
        )
    return words.semicolons(parts) if parts else None


SHEET = {
    "lead": Text("考核牵头部门", "Department that scores"),
    "responsible": Text("责任单位", "Department responsible"),
    "method": Text("打分方法", "Method"),
    "basis": Text("评分依据", "Grounds"),
    "materials": Text("需提交材料", "Materials to submit"),
    "superior": Text("上级指标对应", "Item of the level above"),
    "rationale": Text("设定依据", "Why it is set so"),
}
"""Columns of the offices' score sheets beside rule and points."""


def rules(result: Assessment) -> list[Block]:
    """Annex: each indicator's rule, how the total is finished, and the division of work."""
    scheme = result.scheme
    leaves = scheme.leaves
    columns = {
        "leaf": (Text("考核要点", "Indicator"), [leaf.name for leaf in leaves], ""),
        "points": (Text("分值", "Points"), [float(leaf.points) for leaf in leaves], "g"),
        "standard": (Text("评分标准", "Scoring standard"), [leaf.standard for leaf in leaves], ""),
        "rule": (Text("计分规则", "Rule of calculation"), [scoring(leaf) for leaf in leaves], ""),
        "stages": (
            Text("阶段权重", "Weights of stages"),
            [stage_weights(scheme, leaf) for leaf in leaves],
            "",
        ),
        "scales": (
            Text("扣分幅度随分值调整", "Deductions scale with points"),
            [Text("是", "yes") if leaf.scales else Text("否", "no") for leaf in leaves],
            "",
        ),
        "source": (Text("数据来源", "Source of data"), [leaf.source for leaf in leaves], ""),
    }
    widths = {
        "leaf": 2.8,
        "points": 1,
        "standard": 4.3,
        "rule": 4.3,
        "stages": 4.6,
        "scales": 1.8,
        "source": 2.4,
    }
    blocks: list[Block] = [_filled("rules", Text("评分细则", "Scoring rules"), columns, widths)]
    blocks += [Paragraph(text, "annex_rules", style="item") for text in finishing(scheme)]
    sheet = {"leaf": columns["leaf"]} | {
        field: (title, [getattr(leaf, field) for leaf in leaves], "")
        for field, title in SHEET.items()
    }
    if any(value for _, values, _ in list(sheet.values())[1:] for value in values):
        widths = {
            "leaf": 2.6,
            "lead": 1.9,
            "responsible": 1.9,
            "method": 1.8,
            "basis": 2.4,
            "materials": 2.8,
            "superior": 3.2,
            "rationale": 2.6,
        }
        blocks.append(
            _filled(
                "sheet", Text("任务分工和评分依据", "Division of work and grounds"), sheet, widths
            )
        )
    return blocks


def _filled(name: str, caption: Text, columns: dict, widths: dict[str, float]) -> DataTable:
    """A table of the columns that hold anything."""
    kept = {
        key: column
        for key, column in columns.items()
        if any(value is not None for value in column[1])
    }
    return table_of(
        name, caption, "annex_rules", kept, widths=tuple(widths[key] for key in kept), data=False
    )


def grades(result: Assessment) -> list[Block]:
    """The grades: cutoffs by class, printed bands, quotas and last places with the rule for ties,
    consequences."""
    scheme = result.scheme
    classes = scheme.classes if any(grade.class_cutoffs for grade in scheme.grades) else ()
    columns = {"grade": (Text("等级", "Grade"), [grade.label for grade in scheme.grades], "")}
    if classes:
        columns |= {
            f"class{i}": (
                say(zh="分数线（{group}）", en="Cutoff ({group})", group=group),
                [grade.cutoff_of(group) for grade in scheme.grades],
                "g",
            )
            for i, group in enumerate(classes)
        }
    else:
        columns["cutoff"] = (
            Text("分数线", "Cutoff"),
            [grade.cutoff for grade in scheme.grades],
            "g",
        )
    shown = {
        "printed": (
            Text("文件所印分数段", "Band as printed"),
            [
                g.printed
                and say(
                    zh="{low:g}–{high:g}",
                    en="{low:g}–{high:g}",
                    low=g.printed[0],
                    high=g.printed[1],
                )
                for g in scheme.grades
            ],
        ),
        "limits": (
            Text("名额和末位", "Quota and last places"),
            [limits(grade, result) for grade in scheme.grades],
        ),
        "consequence": (
            Text("结果运用", "Consequence"),
            [grade.consequence for grade in scheme.grades],
        ),
    }
    columns |= {key: (title, values, "") for key, (title, values) in shown.items() if any(values)}
    if len(columns) == 2:
        return []  # plain cutoffs stand in a sentence
    return [table_of("grades", Text("等级划分标准", "Grades"), "cutoffs", columns, data=False)]
