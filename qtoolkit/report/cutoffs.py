"""Views of grade cutoffs: near-misses, moving lines, decimals, bunching, quotas, errors, and lines
that could be chosen."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit import robustness
from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of
from qtoolkit.engine import to_ticks
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.errors import InputError
from qtoolkit.language import Text, listing, same, say
from qtoolkit.report import change_figures, flagged, lines, rules, words
from qtoolkit.report.blocks import Block, Chart, Paragraph, headed, rounded_towards, table_of
from qtoolkit.report.summary import grade_changes, rounding_option

BANDS = (0.0, 0.025, 0.05, 0.1, 0.2)
SHIFTS = (0.0, 0.005, 0.01, 0.02)  # of the total
FEW = 8  # names in a sentence
CUTOFFS = Text("等级分数线", "Grade cutoffs")  # a section of the annex
UPWARDS = Text("上移超过", "up past")
DOWNWARDS = Text("下移达到", "down to")
ROOM = 5_000_000_000  # leaf scores that a comparison of cutoffs may take
NEAREST = Text("距另一等级最近的", "nearest to another grade")
SHORTEST = Text("移动最少的", "with the shortest moves")
UNLIKELY = 0.05  # a chance below it is worth a sentence
READINGS = {
    "scheme": Text("按方案", "As in the scheme"),
    "unrounded": Text("不取整", "Not rounded"),
    "two_decimals": Text("两位小数", "Two decimals"),
    "one_decimal": Text("一位小数", "One decimal"),
    "whole_half_up": Text("四舍五入到整数", "Whole, half up"),
    "whole_floor": Text("舍去小数取整数", "Whole, down"),
}

NEARLY = Text("不足0.01", "under 0.01")


def near_misses(result: Assessment, near_miss: float | None = None) -> list[Block]:
    """Near-misses (within a hundredth of the total where no points are given), decimals, ties,
    holes and dead cutoffs."""
    within = words.points_of(result, near_miss)
    near = words.near_misses(result, within)
    standard = rules.grades(result)
    if standard:
        how = Text("如下表", "as in the table")
    else:
        how = say(zh="为{bands}", en="{bands}", bands=words.bands(result.scheme))
    intro = say(
        zh="等级划分标准{how}，分数线所在分数属于上一等级。{near}。{only}",
        en="Grades are {how}; a score on a cutoff belongs to the upper grade. Near-misses: "
        "{near}.{only}",
        how=how,
        near=words.near_miss_count(near, within),
        only=_kept_off(result, within),
    )
    blocks = [
        Paragraph(intro, "cutoffs"),
        *standard,
        *_near_miss_table(result, near),
        *_peculiarities(result),
        *_readings_that_differ(result),
    ]
    return headed(blocks, CUTOFFS)


def _near_miss_table(result: Assessment, near: pd.DataFrame) -> list[Block]:
    """The near-misses, nearest first; where quotas or last places matter, also with whom places
    would change."""
    if not len(near):
        return []
    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in near.index], ""),
        **words.class_column(result, near.index),
        "score": (words.SCORE, list(near["score"]), words.score_format(result)),
        "grade": (words.COMPUTED, _labels(result, near["grade"]), ""),
        "next": (Text("相邻等级", "Neighbouring grade"), _labels(result, near["next"]), ""),
        "nearest": (
            Text("相差分数", "Points away"),
            [_distance(points) for points in near["nearest"]],
            ".2f",
        ),
    }
    if result.engine.rivals:
        limits = [words.barred(why) for why in near["by"]]
        passed = [words.units(result, units) if units else None for units in near["rivals"]]
        columns["by"] = (Text("取决于", "Set by"), limits, "")
        columns["rivals"] = (Text("先后互换或持平的单位", "Passed or level"), passed, "")
    table = table_of(
        "near_misses",
        Text("临界单位", "Near-misses"),
        "cutoffs",
        columns,
        order=range(len(near)),
        chosen=NEAREST,
    )
    return [table]


def _peculiarities(result: Assessment) -> list[Block]:
    """In words: the reading of decimals, ties, holes and dead cutoffs, the first few of each; holes
    in which no unit lies in the annex."""
    heading = Text(
        "小数口径、并列、空档和不起作用的分数线", "Decimals, ties, holes and dead cutoffs"
    )
    flags = result.flags
    empty_hole = (flags.kind == "hole") & flags.unit.isna()
    kinds = ["rounding", "on_cutoff", "tie", "dead_cutoff", "hole"]
    peculiar = flags[flags.kind.isin(kinds) & ~empty_hole]
    runs = peculiar["kind"].ne(peculiar["kind"].shift()).cumsum()
    texts = [rounding_option(result)]
    for _, group in peculiar.groupby(runs):
        texts += flagged.first_few(list(group["text"]))
    blocks: list[Block] = [
        Paragraph(text, "cutoffs", heading if i == 0 else None, style="item")
        for i, text in enumerate(texts)
    ]
    annex = [Paragraph(text, "annex_scores", style="item") for text in flags[empty_hole]["text"]]
    return [*blocks, *annex]


def _readings_that_differ(result: Assessment) -> list[Block]:
    """Units whose grade depends on how decimals are read."""
    audit = grade_cutoffs.rounding_audit(result)
    differ = audit[audit.astype(object).nunique(axis=1) > 1]
    if not len(differ):
        return []
    columns = {"unit": (words.UNIT, [result.labels[unit] for unit in differ.index], "")}
    columns |= {
        name: (title, _labels(result, differ[name]), "") for name, title in READINGS.items()
    }
    caption = Text(
        "初评等级取决于小数口径的考核对象",
        "Units whose computed grade depends on the reading of decimals",
    )
    return [table_of("rounding_audit", caption, "annex_scores", columns)]


def _distance(points: float) -> float | Text:
    """How far a unit is from its line: in words where it stands on it, or so close that print would
    say 0.00."""
    if points <= SAME:
        return words.ON_LINE
    return NEARLY if points < 0.005 else points


def _kept_off(result: Assessment, near_miss: float) -> Text:
    """Units at or close to a line whom only places keep from the grade: how much they really lack,
    and whom they must pass."""
    if not result.engine.rivals:
        return Text("", "")
    table = grade_cutoffs.margins(result)
    by_places = table["below_by"].isin([grade_cutoffs.QUOTA, grade_cutoffs.LAST])
    at_line, reaches = table["to_line"] <= near_miss, table["below"] <= near_miss
    held = table[by_places & at_line & ~reaches]
    if held.empty:
        return say(
            zh="名额、末位均已计入：其他单位得分不变时，须增减到这一程度等级才真正改变。",
            en=" Quotas and last places are counted: so much must change, the others as they are, "
            "before the grade really does.",
        )
    names = result.grade_names
    items = []
    for unit, row in held.sort_values("to_line", kind="stable", key=to_ticks).iterrows():
        grade = result.scheme.grade(names[names.index(row["grade"]) + 1]).label
        if row["to_line"] == 0:
            standing = say(
                zh="已达{grade}分数线", en="on or above the line of {grade}", grade=grade
            )
        else:
            standing = say(
                zh="距{grade}分数线{x:.2f}分",
                en="{x:.2f} below the line of {grade}",
                grade=grade,
                x=row["to_line"],
            )
        if np.isnan(row["below"]):
            need = Text("满分也没有名额", "no place even with full marks")
        else:
            need = say(
                zh="须再增{x}分，赶超{rivals}",
                en="needs {x} more and must pass {rivals}",
                x=rounded_towards(row["below"], ".2f", "↑"),
                rivals=words.units(result, row["below_rivals"]),
            )
        items.append(
            say(
                zh="{unit}（{at}，{need}）",
                en="{unit} ({at}; {need})",
                unit=result.labels[unit],
                at=standing,
                need=need,
            )
        )
    return say(
        zh="名额、末位均已计入；达到或距分数线{near_miss:g}分以内但因此不在其列的有{n}家："
        "{items}。",
        en=" Quotas and last places are counted; on that account {n:unit|units} on a line or "
        "within {near_miss:g} of it would not: {items}.",
        near_miss=near_miss,
        n=len(held),
        items=listing(items, FEW),
    )


def _labels(result: Assessment, grades: pd.Series) -> list[Text | None]:
    return [None if pd.isna(g) else result.scheme.grade(g).label for g in grades]


def moving(result: Assessment, width: float | None = None) -> list[Block]:
    """Who changes grade as cutoffs move, and how many grades stay certain while points move too."""
    swept = grade_cutoffs.sweep(result, width=width)
    heading = Text("分数线移动", "Moving the cutoffs")
    if len(result.scheme.grades) < 2:
        return [
            Paragraph(
                Text("只有一个等级，没有分数线。", "There is one grade and no cutoff."),
                "cutoffs",
                heading,
            )
        ]
    titles = {
        g.id: say(zh="{grade}分数线", en="Cutoff of {grade}", grade=g.label)
        for g in result.scheme.grades[:-1]
    }
    titles[grade_cutoffs.ALL] = Text("各分数线同时移动（分）", "All cutoffs together (points)")
    by_class = any(grade.class_cutoffs for grade in result.scheme.grades)
    panels = titles | {
        g.id: say(
            zh="{grade}各类别分数线同时移动（分）",
            en="Cutoffs of {grade}, all classes (points)",
            grade=g.label,
        )
        for g in result.scheme.grades[:-1]
        if by_class
    }
    reach = float(swept.steps["high"].max())
    text = say(
        zh="单独移动一条分数线（不越过相邻分数线，名额、末位和否决照常适用），"
        "各家初评等级不变的范围：{alone}。各分数线同时移动（上下{width:g}分以内）：{up}；{down}。",
        en="Moving one cutoff alone (not past its neighbours; quotas, last places and vetoes in "
        "force), no computed grade changes while it lies: {alone}. All together (within {width:g} "
        "points): {up}; {down}.",
        width=reach,
        alone=words.semicolons(_alone(result)),
        up=_first(result, swept, 1),
        down=_first(result, swept, -1),
    )
    chart = Chart(
        "cutoff_sweep",
        Text("分数线移动时各初评等级家数", "Units in each computed grade as cutoffs move"),
        lambda language: change_figures.sweep(result, swept, panels, language),
        Text(
            "每格移动一条分数线，虚线为现行分数线，阶梯线为各等级家数",
            "One cutoff moves in each panel; the dashed line is the present one, steps are units "
            "in each grade",
        ),
        "annex_scores",
        CUTOFFS,
    )
    flips = _outwards(swept.flips)
    rising = flips["shift"] >= 0
    columns = {
        "line": (
            Text("移动的分数线", "Cutoff moved"),
            [titles[line] for line in flips["line"]],
            "",
        ),
        "way": (Text("移动方向", "Moved"), [UPWARDS if up else DOWNWARDS for up in rising], ""),
        "shift": (Text("移动（分）", "By (points)"), _shifts(flips["shift"]), words.signed(result)),
        "cutoff": (
            Text("即分数线", "To the cutoff"),
            _reached(result, flips),
            words.signed(result)[1:],
        ),
        "unit": (words.UNIT, [result.labels[unit] for unit in flips["unit"]], ""),
        **words.class_column(result, flips["unit"]),
        "before": (
            Text("此前初评等级", "Computed grade up to it"),
            _labels(result, flips["nearer"]),
            "",
        ),
        "after": (
            Text("此后初评等级", "Computed grade from it on"),
            _labels(result, flips["further"]),
            "",
        ),
    }
    caption = Text(
        "分数线移动时初评等级改变的考核对象", "Units whose computed grade changes as cutoffs move"
    )
    return [
        Paragraph(text, "cutoffs", heading, see=words.DETAILS),
        chart,
        table_of(
            "cutoff_flips",
            caption,
            "annex_scores",
            columns,
            order=in_order(flips["shift"].abs(), falling=False),
            chosen=SHORTEST,
        ),
        *_joint(result),
    ]


def _alone(result: Assessment) -> list[Text]:
    """Where each cutoff may lie alone, in words; one a class where classes have cutoffs of their
    own."""
    return [
        say(
            zh="{group}{grade}{where}",
            en="{grade}{group} {where}",
            grade=result.scheme.grade(row["grade"]).label,
            where=lines.between(row),
            group=Text("", "")
            if row["group"] is None
            else say(zh="{g}", en=" ({g})", g=row["group"]),
        )
        for _, row in lines.single(result).iterrows()
    ]


def _reached(result: Assessment, flips: pd.DataFrame) -> list[float | None]:
    """The cutoff after each move, that of the class of the unit that changes; None where all
    move."""
    classes = dict(zip(result.scores.index, classes_of(result.table), strict=True))
    return [
        None
        if line == grade_cutoffs.ALL
        else result.scheme.grade(line).cutoff_of(classes[unit]) + shift
        for line, unit, shift in zip(flips["line"], flips["unit"], flips["shift"], strict=True)
    ]


def _shifts(shifts: pd.Series) -> list[float | Text]:
    """How far a cutoff moves before a unit changes; that it stands on the cutoff where that is not
    at all."""
    return [words.ON_LINE if abs(shift) <= SAME else float(shift) for shift in shifts]


def _outwards(flips: pd.DataFrame) -> pd.DataFrame:
    """Changes as a reader meets them who moves a cutoff away from where it is: for each cutoff
    those on the way up, then those on the way down, with the grades `nearer` the present cutoff and
    `further` from it."""
    up = flips["shift"] >= 0
    parts = [
        flips[(flips["line"] == line) & side]
        for line in flips["line"].unique()
        for side in (up, ~up)
    ]
    flips = (
        pd.concat([part if (part["shift"] >= 0).all() else part[::-1] for part in parts])
        if parts
        else flips
    )
    up = flips["shift"] >= 0
    nearer = flips["before"].where(up, flips["after"])
    further = flips["after"].where(up, flips["before"])
    return flips.assign(nearer=nearer, further=further)


def _first(result: Assessment, swept: grade_cutoffs.Sweep, side: int) -> Text:
    """Who changes first as all cutoffs move up (1) or down (−1)."""
    shifts = swept.flips["shift"]
    this_way = shifts >= 0 if side > 0 else shifts < 0
    flips = swept.flips[(swept.flips["line"] == grade_cutoffs.ALL) & this_way]
    direction = Text("上移", "up") if side > 0 else Text("下移", "down")
    if flips.empty:
        return say(zh="{way}都没有变化", en="{way}, nothing changes", way=direction)
    shift = flips["shift"].min() if side > 0 else flips["shift"].max()
    first = flips[flips["shift"] == shift]
    old, new = ("before", "after") if side > 0 else ("after", "before")
    moves = listing(
        say(
            zh="{unit}由{a}变为{b}",
            en="{unit} from {a} to {b}",
            unit=result.labels[row["unit"]],
            a=result.scheme.grade(row[old]).label,
            b=result.scheme.grade(row[new]).label,
        )
        for _, row in first.iterrows()
    )
    if side > 0 and shift == 0:
        return say(
            zh="得分正好在分数线上的，一有上移，{moves}",
            en="however little up, where a score stands on its cutoff, {moves}",
            moves=moves,
        )
    if side > 0:
        return say(
            zh="上移超过{x:.2f}分，{moves}", en="up beyond {x:.2f}, {moves}", x=shift, moves=moves
        )
    return say(zh="下移{x:.2f}分，{moves}", en="down by {x:.2f}, {moves}", x=-shift, moves=moves)


def _joint(result: Assessment) -> list[Block]:
    """How many grades stay certain while points and cutoffs move together: the joint map of the
    exact layer."""
    total = result.scheme.total
    counts = robustness.tolerance_map(result, BANDS, [share * total for share in SHIFTS])
    units, moved = len(result.scores), counts.iloc[0, 2]
    text = say(
        zh="分值不动、各分数线上下移动{shift:g}分以内，{moved}家初评等级确定不变；分值上下浮动10%、"
        "分数线不动，{fixed}家不变；两者同时变动，{both}家不变（共{n}家）。",
        en="With the points as they are and cutoffs moving by up to {shift:g} either way, {moved} "
        "of {n} computed grades are certain; with points within ±10% and cutoffs fixed, "
        "{fixed}; with both, {both}.",
        shift=SHIFTS[2] * total,
        moved=int(moved),
        fixed=int(counts.loc[0.1].iloc[0]),
        both=int(counts.loc[0.1].iloc[2]),
        n=units,
    )
    columns = {
        "band": (
            Text("分值浮动", "Points within"),
            [f"±{band:.4g}%" for band in np.array(BANDS) * 100],
            "",
        )
    }
    for i, share in enumerate(SHIFTS):
        heading = say(zh="分数线±{shift:g}分", en="cutoffs ±{shift:g}", shift=share * total)
        columns[f"shift{i}"] = (heading, [int(count) for count in counts.iloc[:, i]], "d")
    caption = Text(
        "分值与分数线同时变动时初评等级确定不变的家数",
        "Computed grades that are certain while points and cutoffs move together",
    )
    marks = [f"±{share * total:g}" for share in SHIFTS]
    titles = Text("分值浮动", "points within"), Text("分数线移动（分）", "cutoffs within (points)")
    chart = Chart(
        "certainty_map",
        caption,
        lambda language: change_figures.joint_map(
            counts, columns["band"][1], marks, titles, language
        ),
        Text(
            "行为分值浮动幅度，列为分数线移动幅度，数字为等级确定不变的家数",
            "Rows are bands of points, columns bands of cutoffs, numbers the grades that are "
            "certain",
        ),
        "annex_scores",
        width=0.7,
    )
    return [
        Paragraph(text, "cutoffs", see=words.DETAILS),
        chart,
        table_of("certainty_map", caption, "annex_scores", columns),
    ]


def gathering(result: Assessment) -> list[Block]:
    """Scores that gather just above a cutoff, and where the scores themselves break."""
    bunch = grade_cutoffs.bunching(result)
    odd = bunch[bunch["p"] < UNLIKELY]
    width = result.scheme.total / 100
    blocks: list[Block] = []
    if len(odd):
        items = listing(
            say(
                zh="{grade}分数线以上{width:g}分内{above}家、"
                "以下{width:g}分内{below}家（若两侧机会均等，出现这种情形的概率为{p:.1%}）",
                en="{grade}: {above} within {width:g} above, {below} within {width:g} below "
                "(chance {p:.1%} if both sides were alike)",
                grade=result.scheme.grade(id).label,
                width=width,
                above=int(row["above"]),
                below=int(row["below"]),
                p=row["p"],
            )
            for id, row in odd.iterrows()
        )
        text = say(
            zh="得分在分数线以上聚集，宜核对有关打分：{items}。",
            en="Scores gather just above a cutoff; how they came about should be looked at: "
            "{items}.",
            items=items,
        )
    else:
        text = say(
            zh="得分没有在分数线以上{width:g}分内异常聚集。",
            en="Scores do not gather just above a cutoff (within {width:g}).",
            width=width,
        )
    blocks.append(Paragraph(text, "cutoffs", style="item"))
    groups = len(result.scheme.grades)
    if 1 < groups <= result.scores.nunique():
        breaks = grade_cutoffs.natural_breaks(result.scores, groups)
        marks = listing(f"{least:.2f}" for least in breaks.least.iloc[:-1])
        text = say(
            zh="按得分自身的间隔分为{k}组（自然断点法，组内差异最小），"
            "除末组外下限依次为{marks}分，各组依次{sizes}家。断点随一年数据而变，只供对照。",
            en="The gaps between the scores themselves (natural breaks, the least spread within "
            "{k} groups) put the lower ends of all groups but the last at {marks}; units in each "
            "group, from the top: {sizes}. Breaks follow one year's data: for comparison only.",
            k=groups,
            marks=marks,
            sizes=listing(str(int((breaks.groups == g).sum())) for g in breaks.least.index),
        )
        blocks.append(Paragraph(text, "annex_scores"))
    return blocks


def quotas(result: Assessment) -> list[Block]:
    """What quotas do beside the cutoffs; nothing where the scheme has none."""
    if not any(not step.last for step in result.engine.rivals):
        return []
    audit = grade_cutoffs.quota_audit(result)
    names = {
        "scheme": Text("按方案", "As in the scheme"),
        "absolute": Text("只按分数线", "By cutoffs alone"),
        "quota": Text("只按名额", "By quotas alone"),
    }
    text = say(
        zh="名额与分数线。如取消名额，只按分数线定级：{absolute}。如取消有名额等级的分数线，"
        "只按名额从高到低定级：{quota}。",
        en="Quotas and cutoffs. With quotas lifted: {absolute}. With the cutoffs of grades that "
        "have a quota lifted: {quota}.",
        absolute=grade_changes(result, audit["absolute"]),
        quota=grade_changes(result, audit["quota"]),
    )
    differ = audit[audit.astype(object).nunique(axis=1) > 1]
    blocks: list[Block] = [Paragraph(text, "cutoffs", style="item")]
    if len(differ):
        columns = {"unit": (words.UNIT, [result.labels[unit] for unit in differ.index], "")}
        columns |= {
            name: (title, _labels(result, differ[name]), "") for name, title in names.items()
        }
        blocks.append(
            table_of(
                "quota_audit",
                Text(
                    "初评等级取决于名额的考核对象", "Units whose computed grade depends on a quota"
                ),
                "annex_scores",
                columns,
            )
        )
    return blocks


def errors(
    result: Assessment,
    se: float | str | None,
    source: str | None,
    reliability: float | None = None,
    seed: int = 0,
    draws: int = 100_000,
    executor: Executor | None = None,
) -> list[Block]:
    """Chances of another grade by errors of measurement: only where their size is stated with its
    source. With quotas or last places they are frequencies in `draws` standings graded anew, with
    the digits that these support."""
    if se is None:
        return []
    if not (isinstance(source, str) and source.strip()):
        raise InputError(
            say(
                zh="给出标准误 se 时，须写明其来源（se_source）",
                en="a standard error (se) needs its source (se_source)",
            )
        )
    misgraded = grade_cutoffs.misgrading(
        result, se, reliability, draws=draws, seed=seed, executor=executor
    )
    table = misgraded.table.loc[result.ranks.sort_values(kind="stable").index]
    unsure = table.index[table["stands"] < 1 - UNLIKELY]
    kappa = (
        Text("kappa无法计算", "kappa undefined")
        if np.isnan(misgraded.kappa)
        else same(f"kappa {misgraded.kappa:.2f}")
    )
    what = (
        Text("再测一次的初评等级", "the computed grade if measured again")
        if reliability is None
        else Text("真实水平的初评等级", "the true computed grade")
    )
    title = Text("概率", "chance") if misgraded.draws is None else Text("频率", "frequency")
    heading = Text("概率", "Chance") if misgraded.draws is None else Text("频率", "Frequency")
    agreement = say(
        zh="{what}与现等级一致的{how}平均为{accuracy}，"
        "两次独立测定等级一致的{how}为{consistency}（{kappa}）；"
        "一致的{how}低于{limit:.0%}的有{n}家：{units}",
        en="{what} agrees with the present one with a mean {how} of {accuracy}; two independent "
        "measurements agree with {consistency} ({kappa}); below {limit:.0%} are {n:unit|units}: "
        "{units}",
        what=what,
        how=title,
        kappa=kappa,
        limit=1 - UNLIKELY,
        n=len(unsure),
        units=words.units(result, unsure, FEW),
        accuracy=_chance(misgraded.accuracy, misgraded.accuracy_error),
        consistency=_chance(misgraded.consistency, misgraded.consistency_error),
    )
    if misgraded.draws is None:
        text = say(
            zh="打分误差（标准误来源：{source}）。按正态误差估计，{said}。",
            en="Errors of measurement (source of the standard error: {source}). With normal errors,"
            " {said}.",
            source=words.both(source),
            said=agreement,
        )
    else:
        text = say(
            zh="打分误差（标准误来源：{source}）。名额、末位使各家等级互相牵连，"
            "故对全部考核对象同时随机抽取正态误差{draws:,}次，每次重新排名定级：{said}。"
            "单家频率的抽样误差不超过±{most}（95%）。",
            en="Errors of measurement (source of the standard error: {source}). Quotas and last "
            "places tie the grades together, so normal errors of all units were drawn {draws:,} "
            "times and the standings graded anew: {said}. A unit's frequencies are within ±{most} "
            "(95%).",
            source=words.both(source),
            said=agreement,
            draws=misgraded.draws,
            most=f"{100 * misgraded.error(0.5):.2g}%",
        )
    columns = {
        "unit": (words.UNIT, [result.labels[unit] for unit in table.index], ""),
        "score": (Text("基础得分", "Base score"), list(table["score"]), ".2f"),
        "se": (Text("标准误", "Standard error"), list(table["se"]), ".2f"),
        "grade": (words.COMPUTED, _labels(result, table["grade"]), ""),
    }
    form = words.percent(misgraded.error(0.5))
    columns |= {
        f"p:{g.id}": (
            say(zh="{g}{title}", en="{title} of {g}", g=g.label, title=heading),
            list(table[g.id]),
            form,
        )
        for g in result.scheme.grades
    }
    if misgraded.draws is None:
        caption = Text(
            "打分误差下各初评等级的概率", "Chances of computed grades under errors of measurement"
        )
    else:
        caption = Text(
            "打分误差下各初评等级的频率",
            "Frequencies of computed grades under errors of measurement",
        )
    blocks: list[Block] = [
        Paragraph(text, "cutoffs", style="item"),
        table_of("misgrading", caption, "annex_scores", columns),
    ]
    if misgraded.note is not None:
        blocks.append(Paragraph(misgraded.note, "annex_scores", style="note"))
    if misgraded.draws is not None:
        how = say(
            zh="打分误差下的频率：各家基础得分加独立正态误差，按方案的名额、末位和否决重新定级，"
            "抽样{draws:,}次，随机种子{seed}。",
            en="Frequencies under errors of measurement: independent normal errors are added to "
            "the base scores and all are graded anew with quotas, last places and vetoes; "
            "{draws:,} draws, seed {seed}.",
            draws=misgraded.draws,
            seed=seed,
        )
        blocks.append(Paragraph(how, "annex_methods"))
    return blocks


def _chance(share: float, error: float) -> Text:
    """A chance, or a frequency with its error."""
    text = format(share, words.percent(error))
    return same(text if error == 0 else f"{text}±{100 * error:.1g}%")


def options(
    result: Assessment,
    window: float | None,
    draws: int,
    seed: int = 0,
    executor: Executor | None = None,
) -> list[Block]:
    """Cutoffs near the official ones that fewer units are likely to cross: an option with its
    consequences. Whole points within the window are compared; without one, hundredths of the total
    within two of them."""
    if len(result.scheme.grades) < 2 or any(g.class_cutoffs for g in result.scheme.grades):
        return []
    step = words.points_of(result, None) if window is None else 1.0
    window = 2 * step if window is None else window
    combinations = (
        (2 * int(window / step + SAME) + 1) ** (len(result.scheme.grades) - 1)
        if result.engine.rivals
        else 1
    )
    if combinations * draws * result.matrix.size > ROOM:
        text = say(
            zh="可供选择的分数线未作比较：有名额或末位时须把{m:,}种组合各抽样{draws:,}次重新定级，"
            "考核对象和指标（{n}×{d}）过多。",
            en="Cutoffs that could be chosen are not compared: with quotas or last places each of "
            "{m:,} combinations would be graded anew in {draws:,} draws, too much for so many "
            "units and indicators ({n} × {d}).",
            m=combinations,
            draws=draws,
            n=len(result.scores),
            d=len(result.points),
        )
        return [Paragraph(text, "cutoffs", style="item")]
    optimised = grade_cutoffs.optimise(
        result, window=window, step=step, draws=draws, seed=seed, executor=executor
    )
    grid = (
        Text("整分", "whole points")
        if step == 1
        else say(zh="每{step:g}分一档", en="multiples of {step:g} points", step=step)
    )
    chosen = listing(
        say(zh="{grade}{x:g}分", en="{grade} {x:g}", grade=result.scheme.grade(id).label, x=x)
        for id, x in optimised.cutoffs.items()
    )
    leave = optimised.table["leave"]
    if (optimised.table.loc["official"] == optimised.table.loc["found"]).all():
        text = say(
            zh="可供选择的分数线。在现行分数线上下{window:g}分内按{grid}比较，"
            "现行分数线已使分值浮动10%时预计变动初评等级的家数最少（{now:.2f}家）。",
            en="Cutoffs that could be chosen. Of {grid} within {window:g} of the present ones, the "
            "present ones already leave the fewest computed grades expected to change with points "
            "within ±10% ({now:.2f}).",
            window=window,
            grid=grid,
            now=leave["official"],
        )
    else:
        text = say(
            zh="可供选择的分数线。在现行分数线上下{window:g}分内按{grid}比较，"
            "{lines}可使分值浮动10%时预计变动初评等级的家数由{now:.2f}家降到{best:.2f}家，"
            "后果：{changes}。该结果随一年的数据而变，只供研究，不是建议。",
            en="Cutoffs that could be chosen. Of {grid} within {window:g} of the present ones, "
            "{lines} would bring the number of computed grades expected to change "
            "with points within ±10% from {now:.2f} down to {best:.2f}; the consequence: "
            "{changes}. This follows one year's data: an option, not advice.",
            window=window,
            grid=grid,
            lines=chosen,
            now=leave["official"],
            best=leave["found"],
            changes=grade_changes(result, optimised.grades),
        )
    names = {"official": Text("现行分数线", "Present cutoffs"), "found": Text("比较所得", "Found")}
    columns: dict[str, Any] = {
        "row": (Text("方案", "Option"), [names[row] for row in optimised.table.index], "")
    }
    columns |= {
        f"c:{id}": (
            say(zh="{g}分数线", en="Cutoff of {g}", g=result.scheme.grade(id).label),
            list(optimised.table[id]),
            "g",
        )
        for id in optimised.cutoffs.index
    }
    columns["leave"] = (
        Text("初评等级预计变动家数", "Computed grades expected to change"),
        list(leave),
        ".2f",
    )
    columns |= {
        f"n:{g.id}": (
            say(zh="{g}初评家数", en="Units in {g}, computed", g=g.label),
            list(optimised.table[f"n:{g.id}"]),
            "d",
        )
        for g in result.scheme.grades
    }
    columns["changed"] = (
        Text("初评等级与现行不同", "Computed grades changed"),
        list(optimised.table["changed"]),
        "d",
    )
    return [
        Paragraph(text, "cutoffs", style="item"),
        table_of(
            "cutoff_options",
            Text("可供选择的分数线及其后果", "Cutoffs that could be chosen, with consequences"),
            "annex_scores",
            columns,
        ),
    ]


def methods() -> list[Block]:
    """Annex: how cutoffs were tested."""
    texts = (
        Text(
            "临界单位：其他考核对象得分不变，求本单位等级改变处的得分（二分法，"
            "精确到得分的最小单位），名额、末位和否决照常适用，"
            "并在该处及其前一单位对全部考核对象重新定级核对。",
            "Near-misses: the score at which a unit's grade changes, all others as they are, by "
            "bisection down to the smallest unit of score, with quotas, last places and vetoes in "
            "force; all units are graded anew there and one such unit before it to confirm it.",
        ),
        Text(
            "分数线移动：等级只在分数线经过某家得分时改变，因此各段精确；每段重新计入名额和否决。",
            "Moving cutoffs: grades change only where a cutoff passes somebody's score, so the "
            "stretches are exact; quotas and vetoes are applied anew on each.",
        ),
        Text(
            "可供选择的分数线：预计变动家数 = 各等级中各家在随机分值下离开本等级的概率之和；"
            "没有名额时各等级可加，由动态规划求得最小值，有名额时逐一比较。"
            "原有考核对象的等级不得因此空缺。",
            "Cutoffs that could be chosen: the expected number of changes is the sum, over grades "
            "and the units in them, of the chance to leave the grade under random "
            "points. Without quotas it adds up by grade and dynamic programming finds the least; "
            "with quotas all combinations are compared. No grade that has units is emptied.",
        ),
    )
    return [Paragraph(text, "annex_methods") for text in texts]
