"""What must hold between the parts of a scheme: sums, unique ids, falling cutoffs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from typing import TYPE_CHECKING

from qtoolkit.errors import Complaint, InputError, clip, nearest, unexpected
from qtoolkit.inputs.calendar import calendar_complaints, days_of, period_complaints
from qtoolkit.inputs.dates import date_complaints
from qtoolkit.inputs.verification import verification_complaints
from qtoolkit.language import Text, listing, say
from qtoolkit.limits import LEVELS, POINTS
from qtoolkit.models import SUM_TOLERANCE, Path_
from qtoolkit.rules import RULES

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Grade, Indicator, Scheme

RESERVED = ("unit", "name_en", "zh", "en")
"""Columns of every table of units: no indicator and no covariate may be called so."""


def complaints_of(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """What is wrong between the parts of a scheme, each with its place."""
    yield from _total(scheme)
    yield from _dates(scheme)
    yield from calendar_complaints(scheme.calendar)
    yield from _periods_and_plans(scheme)
    yield from _title(scheme)
    yield from _beyond_ticks(scheme)
    yield from _duplicates(scheme)
    yield from _cutoffs(scheme)
    yield from _leaves(scheme)
    yield from _vetoes(scheme)
    yield from _panel(scheme)
    yield from verification_complaints(scheme)
    for i, grade in enumerate(scheme.grades):
        yield from _places_of(i, grade)
        yield from _bands_and_classes(scheme, i, grade)
    yield from _last_quota(scheme)
    yield from _ways_to_set(scheme)


def _total(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Points that do not sum to the total."""
    points = math.fsum(leaf.full_points for leaf in scheme.leaves)
    if abs(points - scheme.total) > SUM_TOLERANCE:
        yield (
            ("total",),
            say(
                zh="各指标分值之和为 {points:.14g}，总分（total）为 {total:.14g}",
                en="the points sum to {points:.14g}, the total is {total:.14g}",
                points=points,
                total=scheme.total,
            ),
        )


def _title(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """A title of blanks."""
    if scheme.title is not None and not (scheme.title.zh.strip() and scheme.title.en.strip()):
        text = Text(
            "报告标题（title）不能为空；不写此项则用质量工作考核方案的标题",
            "the memo's title is blank; leave the key out for that of a quality work assessment",
        )
        yield ("title",), text


def _vetoes(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Vetoes down to a grade that there is not, or by more grades than there are."""
    grades = [grade.id for grade in scheme.grades]
    for i, veto in enumerate(scheme.vetoes):
        if veto.cap is not None and veto.cap not in grades:
            yield (
                ("vetoes", i, "cap"),
                say(
                    zh="一票否决事项“{veto}”的 cap 为“{cap}”，应为{grades}之一{hint}",
                    en="the cap of veto “{veto}” is “{cap}”, expected one of {grades}{hint}",
                    veto=veto.id,
                    cap=veto.cap,
                    grades=listing(grades),
                    hint=nearest(veto.cap, grades),
                ),
            )
        if veto.lower is not None and veto.lower >= len(grades):
            yield (
                ("vetoes", i, "lower"),
                say(
                    zh="下调 {lower} 级，而等级只有 {n} 个",
                    en="{lower} grades are taken off, but there are only {n}",
                    lower=veto.lower,
                    n=len(grades),
                ),
            )


def _panel(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Stages that panels name and the scheme does not have, votes called as stages are, and
    assessors listed twice."""
    stages = [stage.id for stage in scheme.stages]
    for i, veto in enumerate(scheme.vetoes):
        if veto.vote is not None and veto.id in stages:
            text = say(
                zh="“{id}”既是阶段又是投票的编号，请改其一",
                en="“{id}” is the id of a stage and of a vote: change one",
                id=veto.id,
            )
            yield ("vetoes", i, "id"), text
    if scheme.panel is None:
        return
    votes = [veto.id for veto in scheme.vetoes if veto.vote is not None]
    named: list[tuple[Path_, str, list[str]]] = [
        (("panel", "stages", id), id, stages) for id in scheme.panel.stages
    ]
    for i, assessor in enumerate(scheme.panel.assessors):
        at = ("panel", "assessors", i, "stages")
        named += [(at, id, [*stages, *votes]) for id in assessor.stages]
        if assessor.name in [other.name for other in scheme.panel.assessors[:i]]:
            text = say(zh="“{name}”列了两次", en="“{name}” is listed twice", name=assessor.name)
            yield ("panel", "assessors", i, "name"), text
    for path, id, known in named:
        if id not in known:
            text = say(
                zh="没有阶段“{id}”{hint}，现有{stages}",
                en="no stage “{id}”{hint}, there are {stages}",
                id=id,
                hint=nearest(id, known),
                stages=listing(known),
            )
            yield path, text


def _places_of(i: int, grade: Grade) -> Iterator[tuple[Path_, Text]]:
    """A quota, or a number of last units, that a grade cannot have."""
    if (
        grade.quota is not None
        and grade.quota >= 1
        and grade.quota != int(grade.quota)
        and grade.by == "line"
    ):
        yield (
            ("grades", i, "quota"),
            say(
                zh="等级“{grade}”的名额应为整数或小于 1 的比例，现为 {quota:.10g}",
                en="the quota of grade “{grade}” must be a whole number or a share below 1, "
                "found {quota:.10g}",
                grade=grade.id,
                quota=grade.quota,
            ),
        )
    if grade.last is not None and i == 0:
        yield (
            ("grades", i, "last"),
            say(
                zh="最好的等级“{grade}”不能按末位家数（last）确定",
                en="the best grade “{grade}” cannot have a number of last units",
                grade=grade.id,
            ),
        )


def _bands_and_classes(scheme: Scheme, i: int, grade: Grade) -> Iterator[tuple[Path_, Text]]:
    """A printed band upside down, and classes that the scheme does not list."""
    if grade.printed is not None and grade.printed[0] > grade.printed[1]:
        yield (
            ("grades", i, "printed"),
            say(
                zh="分数段应先写低端、后写高端，现为 {low:.10g}–{high:.10g}",
                en="the band needs its low end first, found {low:.10g}–{high:.10g}",
                low=grade.printed[0],
                high=grade.printed[1],
            ),
        )
    unknown = [group for group in grade.class_cutoffs if group not in scheme.classes]
    if unknown or (grade.within == "class" and not scheme.classes):
        yield (
            ("grades", i, "class_cutoffs" if unknown else "within"),
            say(
                zh="类别{groups}未在方案的 classes 中列出，现有{known}",
                en="the class {groups} is not listed in the scheme's classes, which are {known}",
                groups=listing(map(clip, unknown)) if unknown else Text("", ""),
                known=listing(scheme.classes) if scheme.classes else Text("无", "none"),
            ),
        )


def no_last_quota(scheme: Scheme) -> Text:
    """Why the last grade has no quota."""
    return say(
        zh="最后一个等级“{grade}”不能有名额上限，所有考核对象都至少是这一等级",
        en="the last grade “{grade}” cannot have a quota: every unit has at least that grade",
        grade=scheme.grades[-1].id,
    )


def _last_quota(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """A quota of the last grade."""
    if scheme.grades[-1].quota is not None:
        yield ("grades", len(scheme.grades) - 1, "quota"), no_last_quota(scheme)


def _ways_to_set(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Grades that follow from the data and say too much or too little for it."""
    last = len(scheme.grades) - 1
    for i, grade in enumerate(scheme.grades):
        if grade.by == "line":
            continue
        for key, given in (("cutoff", grade.cutoff), ("class_cutoffs", grade.class_cutoffs)):
            if given is not None and given != {}:
                yield ("grades", i, key), no_line(grade)
        if grade.by == "breaks":
            yield from _breaks_alone(i, grade)
        elif i == last:
            yield (
                ("grades", i, "by"),
                say(
                    zh="最后一个等级“{grade}”不能按位次或比例确定，所有考核对象都至少是这一等级",
                    en="the last grade “{grade}” cannot go by place or by share: every unit has at "
                    "least that grade",
                    grade=grade.id,
                ),
            )
        else:
            yield from _places_that_set(i, grade)
    yield from _all_by_breaks(scheme)


def no_line(grade: Grade) -> Text:
    """Why a grade that follows from the data has no cutoff."""
    return say(
        zh="等级“{grade}”{how}，由数据得出，不能再写分数线",
        en="grade “{grade}” goes {how}: its line follows from the data, so it cannot have a cutoff",
        grade=grade.id,
        how=BY[grade.by],
    )


BY = {
    "line": Text("按分数线确定", "by line"),
    "place": Text("按位次确定", "by place"),
    "share": Text("按比例确定", "by share"),
    "breaks": Text("按自然断点确定", "by natural breaks"),
}
"""How a grade is set, in words."""


def _breaks_alone(i: int, grade: Grade) -> Iterator[tuple[Path_, Text]]:
    """A quota, or last places, beside natural breaks."""
    for key in ("quota", "last"):
        if getattr(grade, key) is not None:
            yield (
                ("grades", i, key),
                say(
                    zh="等级“{grade}”按自然断点确定，不能再写 {key}",
                    en="grade “{grade}” goes by natural breaks, so it cannot have {key} as well",
                    grade=grade.id,
                    key=key,
                ),
            )


def _places_that_set(i: int, grade: Grade) -> Iterator[tuple[Path_, Text]]:
    """A quota that is no number of places, or no share."""
    quota = grade.quota
    if grade.by == "place" and (quota is None or quota < 1 or quota != int(quota)):
        yield (
            ("grades", i, "quota"),
            say(
                zh="等级“{grade}”按位次确定，quota 应为不小于 1 的整数（前几名），{found}",
                en="grade “{grade}” goes by place: quota must be a whole number of at least 1 (how "
                "many places), {found}",
                grade=grade.id,
                found=_found(quota),
            ),
        )
    if grade.by == "share" and (quota is None or not 0 < quota < 1):
        yield (
            ("grades", i, "quota"),
            say(
                zh="等级“{grade}”按比例确定，quota 应大于 0 且小于 1（占比），{found}",
                en="grade “{grade}” goes by share: quota must be above 0 and below 1 (a share of "
                "the units), {found}",
                grade=grade.id,
                found=_found(quota),
            ),
        )


def _found(quota: float | None) -> Text:
    """What stands where a quota is asked for."""
    if quota is None:
        return Text("现未填写", "but there is none")
    return say(zh="现为 {found:.10g}", en="found {found:.10g}", found=quota)


def _all_by_breaks(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Natural breaks for some of the grades only, or counted in classes for some of them only."""
    by_breaks = [grade for grade in scheme.grades if grade.by == "breaks"]
    if not by_breaks:
        return
    for i, grade in enumerate(scheme.grades[:-1]):
        if grade.by != "breaks" or grade.within != by_breaks[0].within:
            yield (
                ("grades", i, "by" if grade.by != "breaks" else "within"),
                say(
                    zh="自然断点一次分出全部等级，除最后一个等级外都应按自然断点确定"
                    "（by 为 breaks），"
                    "within 也应相同，“{grade}”不是这样",
                    en="natural breaks make all grades at once: all but the last need breaks for "
                    "`by`, and the same `within`; “{grade}” differs",
                    grade=grade.id,
                ),
            )


def check_lines(scheme: Scheme, cutoffs: Iterable[str]) -> None:
    """Refuse cutoffs of grades that have no line to move."""
    complaints = [
        Complaint(no_line(scheme.grade(id)), column=f"cutoffs.{id}")
        for id in cutoffs
        if not scheme.grade(id).has_line
    ]
    if complaints:
        raise InputError(complaints)


def _dates(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Dates that no calendar has, and periods that end before they begin."""
    for key in ("year", "period", "data_period"):
        wording = getattr(scheme, key) or ""
        wordings = (wording.zh, wording.en) if isinstance(wording, Text) else (wording,)
        for complaint in dict.fromkeys(why for text in wordings for why in date_complaints(text)):
            yield (key,), complaint


def _periods_and_plans(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Periods of data that name no days, plans for what has no target of each unit's own."""
    for path, node in _places(scheme.indicators, ("indicators",)):
        for key in ("data_period", "plan"):
            if getattr(node, key) is not None and not node.is_leaf:
                text = say(
                    zh="只有考核要点（有评分规则的指标）可以写 {key}",
                    en="{key} is for leaves alone, which have a rule",
                    key=key,
                )
                yield (*path, key), text
        if not node.is_leaf:
            continue
        if node.data_period is not None:
            for complaint in period_complaints(node.data_period):
                yield (*path, "data_period"), complaint
        if node.plan is not None and not node.leaf_rule.takes_target():
            text = say(
                zh="该指标的评分规则（{rule}）不使用各考核对象的目标值，不能写规划（plan）",
                en="the rule of this indicator ({rule}) takes no target of each unit, so that it "
                "can have no plan",
                rule=node.leaf_rule.kind,
            )
            yield (*path, "plan"), text


def _beyond_ticks(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Levels and sums that scores in whole ticks could not hold, though each number of points could
    be."""
    for path, _ in _places(scheme.indicators, ("indicators",)):
        depth = sum(isinstance(part, int) for part in path)
        if depth == LEVELS + 1:
            yield (
                path,
                say(
                    zh="这是第{depth}级指标，应不超过{most}级",
                    en="this is level {depth} of the indicators, expected at most {most}",
                    depth=depth,
                    most=LEVELS,
                ),
            )
    outside = math.fsum(bonus.max for bonus in scheme.bonuses)
    if outside > POINTS:
        yield (
            ("bonuses",),
            say(
                zh="各加减分项的最高分合计为 {found:.14g}，应不大于 {most:,}",
                en="the most that all bonus items give is {found:.14g} together, expected at most "
                "{most:,}",
                found=outside,
                most=POINTS,
            ),
        )


def _cutoffs(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Cutoffs that do not fall from grade to grade down to 0, for units without a class and for
    every class."""
    complained: set[tuple[float, ...]] = set()
    for group in (None, *scheme.classes):
        lined = [(i, grade) for i, grade in enumerate(scheme.grades) if grade.cutoff is not None]
        cutoffs = [grade.cutoff_of(group) for _, grade in lined]
        for ((_, better), (i, _)), (above, cutoff) in zip(
            itertools.pairwise(lined), itertools.pairwise(cutoffs), strict=True
        ):
            if cutoff >= above and (i, cutoff, above) not in complained:
                complained.add((i, cutoff, above))
                yield (
                    ("grades", i, "cutoff"),
                    say(
                        zh="等级分数线应由高到低依次递减、互不重叠，“{grade}”为 {cutoff:.10g}，"
                        "上一等级“{better}”为 {above:.10g}",
                        en="the cutoffs must fall from the best grade to the last without overlap: "
                        "“{grade}” has {cutoff:.10g}, “{better}” before it {above:.10g}",
                        grade=scheme.grades[i].id,
                        cutoff=cutoff,
                        better=better.id,
                        above=above,
                    ),
                )
        if scheme.grades[-1].cutoff is None:
            continue
        if cutoffs[-1] != 0 and (cutoffs[-1],) not in complained:
            complained.add((cutoffs[-1],))
            yield (
                ("grades", len(scheme.grades) - 1, "cutoff"),
                say(
                    zh="最后一个等级“{grade}”的分数线应为 0，现为 {cutoff:.10g}",
                    en="the cutoff of the last grade “{grade}” must be 0, found {cutoff:.10g}",
                    grade=scheme.grades[-1].id,
                    cutoff=cutoffs[-1],
                ),
            )


def _leaves(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """What is wrong with the stages and with the treatment of outliers of indicators."""
    parts = [stage.id for stage in scheme.stages if stage.effect == "part"]
    for path, node in _places(scheme.indicators, ("indicators",)):
        yield from _stages(path, node, parts)
        yield from _outliers(path, node)
        yield from _tasks(scheme, path, node)


def _stages(path: Path_, node: Indicator, parts: list[str]) -> Iterator[tuple[Path_, Text]]:
    """Stages that the scheme does not have, or whose weights do not sum to 1."""
    for id in node.stages:
        if id not in parts or not node.is_leaf:
            yield (
                (*path, "stages"),
                say(
                    zh="“{id}”不是可计分的阶段，应为{parts}之一{hint}，且只能写在考核要点上",
                    en="“{id}” is no stage that is part of a value, expected one of "
                    "{parts}{hint}, and on leaves only",
                    id=id,
                    parts=listing(parts),
                    hint=nearest(id, parts),
                ),
            )
    weight = math.fsum(node.stages.values())
    if node.stages and abs(weight - 1) > SUM_TOLERANCE:
        yield (
            (*path, "stages"),
            say(
                zh="各阶段权重之和为 {weight:.10g}，应为 1",
                en="the stages' weights sum to {weight:.10g}, expected 1",
                weight=weight,
            ),
        )


def _tasks(scheme: Scheme, path: Path_, node: Indicator) -> Iterator[tuple[Path_, Text]]:
    """A list of tasks in several stages, and tasks due outside the period assessed."""
    tasks = node.leaf_rule.tasks if node.is_leaf else ()
    if tasks and len(node.stages) > 1:
        yield (
            (*path, "stages"),
            Text(
                "任务清单按任务填报，最多只能有一个阶段",
                "a list of tasks is reported task by task: expected at most one stage",
            ),
        )
    period = days_of(scheme.period)
    for i, task in enumerate(tasks):
        if period and task.due and not period[0].isoformat() <= task.due <= period[1].isoformat():
            yield (
                (*path, "rule", "items", i, "due"),
                say(
                    zh="任务“{task}”的期限 {due} 不在考核周期（{period}）内",
                    en="the task “{task}” is due on {due}, outside the period assessed ({period})",
                    task=task.name,
                    due=task.due,
                    period=scheme.period,
                ),
            )


def _outliers(path: Path_, node: Indicator) -> Iterator[tuple[Path_, Text]]:
    """Outliers that a rule cannot treat."""
    treated = node.outliers
    rule = node.rule
    if not treated:
        return
    if rule is None or rule.is_of_words or (treated.log and not rule.takes_logarithms):
        yield (
            (*path, "outliers"),
            say(
                zh="该评分规则不能这样处理异常值；取对数只用于{kinds}",
                en="this rule cannot treat outliers so; logarithms are for {kinds}",
                kinds=listing(kind for kind, rule in RULES.items() if rule.takes_logarithms),
            ),
        )
    elif treated.log and any(getattr(rule, end) <= 0 for end in rule.ends):
        yield (
            (*path, "rule"),
            say(
                zh="取对数时评分区间两端应大于 0",
                en="with logarithms the rule's ends must be above 0",
            ),
        )


def _duplicates(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Ids that stand twice, and ids that mean another column of the data."""
    for ids in _ids(scheme):
        seen: set[str] = set()
        for path, id in ids:
            if id in seen:
                yield path, say(zh="“{id}”重复", en="duplicate “{id}”", id=clip(id))
            seen.add(id)
    taken = set(RESERVED)
    for path, id in _columns(scheme):
        if id in RESERVED or (id in taken and path[0] == "covariates"):
            yield (
                path,
                say(
                    zh="“{id}”已是另一列的名称",
                    en="“{id}” is already the name of another column",
                    id=id,
                ),
            )
        taken.add(id)


def _ids(scheme: Scheme) -> Iterator[list[tuple[Path_, str]]]:
    """The ids that must differ from one another, a list for each kind, with their places."""
    yield [((*path, "id"), node.id) for path, node in _places(scheme.indicators, ("indicators",))]
    for key in ("grades", "vetoes", "stages", "bonuses", "screens"):
        yield [((key, i, "id"), item.id) for i, item in enumerate(getattr(scheme, key))]
    yield [(("units", i), unit) for i, unit in enumerate(scheme.units or ())]


def _columns(scheme: Scheme) -> Iterator[tuple[Path_, str]]:
    """The ids that name columns of the data, with their places."""
    for path, node in _places(scheme.indicators, ("indicators",)):
        if node.is_leaf:
            yield (*path, "id"), node.id
    for i, covariate in enumerate(scheme.covariates):
        yield ("covariates", i, "id"), covariate.id


def _places(nodes: tuple[Indicator, ...], path: Path_) -> Iterator[tuple[Path_, Indicator]]:
    """All indicators below, each with its place in the file."""
    for i, node in enumerate(nodes):
        yield (*path, i), node
        yield from _places(node.children, (*path, i, "children"))


def check_numbers(values: Mapping[str, object]) -> None:
    """Refuse values, by their dotted keys, that are no numbers of at least 0."""
    complaints = [
        Complaint(
            unexpected(value, Text("不小于 0 的数字", "a number of at least 0")),
            column=key,
        )
        for key, value in values.items()
        if isinstance(value, bool)
        or not isinstance(value, Real)
        or not math.isfinite(value)
        or value < 0
    ]
    if complaints:
        raise InputError(complaints)
