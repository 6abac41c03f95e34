"""Wordings that several views share: rules, rounding, regions of grades, lists of units."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.inputs.scheme import Grade, Indicator, Rounding, Scheme
from qtoolkit.language import Text, listing, same, say, settled

UNIT = Text("考核对象", "Unit")
SCORE = Text("得分", "Score")
GRADE = Text("等级", "Grade")
RANK = Text("位次", "Rank")

COMPUTED, APPROVED = Text("初评等级", "Computed grade"), Text("审定等级", "Approved grade")
KINDS = {"computed": Text("初评", "computed"), "approved": Text("审定", "approved")}

# where a memo has what is left out
DETAILS = Text("逐项见附件得分明细。", "Details are in the annex of scores.")
NONE = Text("无", "none")
NO_CHANGE = Text("没有考核对象初评等级变化", "no computed grade changes")
BARRED = {
    grade_cutoffs.LINE: Text("分数线", "cutoff"),
    grade_cutoffs.QUOTA: Text("名额", "quota"),
    grade_cutoffs.LAST: Text("末位", "last places"),
    grade_cutoffs.VETO: Text("一票否决", "veto"),
    grade_cutoffs.REACH: Text("分数线不可达", "cutoff out of reach"),
    grade_cutoffs.UNPROVED: Text("未能核实", "not confirmed"),
}


# names in a sentence beyond which there are too many, and how many then stand in it
MANY, SOME = 40, 8


def some(items: Iterable[Text | str]) -> Text:
    """Items joined; of too many the first few, and the rest is counted.

    >>> some(str(n) for n in range(3)).en, some(str(n) for n in range(50)).en
    ('0, 1, 2', '0, 1, 2, 3, 4, 5, 6, 7 and so on (50 in all)')
    """
    items = list(items)
    return listing(items, SOME if len(items) > MANY else None)


def units(result: Assessment, names: Iterable[str], most: int | None = None) -> Text:
    """Names of units in both languages, "none" where there are none; beyond `most` the rest is
    counted, and in any case where they are too many for a sentence."""
    labels = result.labels
    chosen = [labels[name] for name in names]
    most = SOME if most is None and len(chosen) > MANY else most
    if most is None or len(chosen) <= most:
        return listing(chosen) if chosen else NONE
    return say(
        zh="{shown}等{n}家",
        en="{shown} and so on ({n} in all)",
        shown=listing(chosen[:most]),
        n=len(chosen),
    )


def both(text: str | float | None) -> Text | None:
    """A remark from the data, whose two wordings may stand in one cell as “中文 | English”.

    >>> both("缺台账 | no ledger").en
    'no ledger'
    """
    if text is None or text != text:
        return None
    zh, bar, en = str(text).partition(" | ")
    return Text(zh, en if bar else zh)


def counts(result: Assessment, grades: pd.Series | None = None) -> Text:
    """How many units have each grade, best first: "A级4家、B级22家"."""
    grades = result.grades if grades is None else grades
    tally = grades.value_counts()
    return listing(
        say(zh="{grade}{n}家", en="{grade}: {n}", grade=grade.label, n=int(tally.get(grade.id, 0)))
        for grade in result.scheme.grades
    )


def both_counts(result: Assessment) -> Text:
    """How many units have each grade, said to be computed (初评), and of those approved (审定)
    where the data hold them."""
    computed = say(zh="初评{counts}", en="computed grades {counts}", counts=counts(result))
    if not is_approved(result):
        return computed
    return say(
        zh="{computed}，审定{counts}",
        en="{computed}; approved grades {counts}",
        computed=computed,
        counts=counts(result, result.approved),
    )


def is_approved(result: Assessment) -> bool:
    """Whether the data hold approved grades, so that the two must be told apart in every count."""
    return "approved" in result.table.remarks


def kind_of(result: Assessment) -> Text:
    """Which grade :attr:`Assessment.approved` is: the approved one where the data hold any, else
    the computed one."""
    return KINDS["approved" if is_approved(result) else "computed"]


def kind_title(result: Assessment) -> Text:
    """As :func:`kind_of`, for the head of a column."""
    return APPROVED if is_approved(result) else COMPUTED


def cause(scheme: Scheme, set_by: str) -> Text:
    """What sets a grade beside the score, in words: a veto by its name, which is quoted, places, or
    the last ranks."""
    names = {f"veto:{veto.id}": veto.name for veto in scheme.vetoes}
    if set_by in names:
        return say(zh="“{name}”", en="the veto “{name}”", name=names[set_by])
    return {
        "quota": Text("名额所限", "limited places"),
        "last": Text("位次在末位", "its place among the last"),
    }[set_by]


def bands(scheme: Scheme) -> Text:
    """The cutoffs in words, for each class where they differ: bands are closed below."""
    if not any(grade.class_cutoffs for grade in scheme.grades):
        return _bands(scheme, None)
    parts = [
        say(zh="{group}{bands}", en="{group}: {bands}", group=group, bands=_bands(scheme, group))
        for group in scheme.classes
    ]
    return semicolons(parts)


def _bands(scheme: Scheme, group: str | None) -> Text:
    cutoffs = [grade.cutoff_of(group) for grade in scheme.grades]
    items = [
        say(
            zh="{grade}{cutoff:g}分及以上",
            en="{grade} from {cutoff:g}",
            grade=grade.label,
            cutoff=cutoff,
        )
        for grade, cutoff in zip(scheme.grades[:-1], cutoffs, strict=False)
    ]
    if len(scheme.grades) == 1:
        return scheme.grades[0].label
    last = scheme.grades[-1].label
    return listing(
        [
            *items,
            say(
                zh="{grade}不足{edge:g}分",
                en="{grade} below {edge:g}",
                grade=last,
                edge=cutoffs[-2],
            ),
        ]
    )


def areas(scheme: Scheme, before: Scheme | None = None) -> Text:
    """The top-level indicators and their points, with those of an earlier scheme; where there are
    many, their number."""
    if len(scheme.indicators) > 6:
        return say(zh="指标{n}项", en="{n:indicator|indicators}", n=len(scheme.indicators))
    old = {node.id: node.points for node in before.nodes} if before else {}

    def with_points(top: Indicator) -> Text:
        if top.id not in old:
            return say(zh="{n}{p:g}分", en="{n} {p:g}", n=top.name, p=top.points)
        return say(
            zh="{n}{p:g}分（上年度{q:g}分）",
            en="{n} {p:g} ({q:g} last year)",
            n=top.name,
            p=top.points,
            q=old[top.id],
        )

    return listing(map(with_points, scheme.indicators))


def rounding(rule: Rounding | None) -> Text:
    """A rounding rule in words."""
    if rule is None:
        return Text("不取整", "not rounded")
    if rule.decimals == 0:
        return (
            Text("四舍五入到整数", "half up to whole points")
            if rule.mode == "half_up"
            else Text("舍去小数取整数", "down to whole points")
        )
    if rule.mode == "half_up":
        return say(
            zh="四舍五入保留{n}位小数", en="half up to {n:decimal|decimals}", n=rule.decimals
        )
    return say(zh="舍去{n}位小数以后的部分", en="down to {n:decimal|decimals}", n=rule.decimals)


def top_path(scheme: Scheme) -> dict[str, list[Indicator]]:
    """For each leaf id, the indicators from the top of the tree down to it."""
    paths: dict[str, list[Indicator]] = {}

    def walk(node: Indicator, above: list[Indicator]) -> None:
        path = [*above, node]
        if node.is_leaf:
            paths[node.id] = path
        for child in node.children:
            walk(child, path)

    for top in scheme.indicators:
        walk(top, [])
    return paths


def score_format(result: Assessment) -> str:
    """The format of published scores: the decimals that the scheme keeps."""
    rule = result.scheme.rounding.total
    return ".4f" if rule is None else f".{rule.decimals}f"


def semicolons(texts: Iterable[Text]) -> Text:
    """Clauses one after another; of too many the first few, and the rest is counted."""
    texts = list(texts)
    shown = texts[:SOME] if len(texts) > MANY else texts
    joined = Text("；".join(t.zh for t in shown), "; ".join(t.en for t in shown))
    if len(shown) == len(texts):
        return joined
    return say(
        zh="{joined}；等{n}项", en="{joined}; and so on ({n} in all)", joined=joined, n=len(texts)
    )


def interval(low: float, high: float) -> Text | None:
    """An interval to two decimals; None where there is none."""
    if low != low:
        return None
    return say(
        zh="{low:.2f}\xa0至\xa0{high:.2f}", en="{low:.2f}\xa0to\xa0{high:.2f}", low=low, high=high
    )


# of the total: how near to another grade a near-miss is, and how far an option moves a cutoff
NEAR = 0.01


def points_of(result: Assessment, points: float | None) -> float:
    """These points, or where none are given a hundredth of the total: 1 of 100, 10 of 1,000."""
    return settled(NEAR * result.scheme.total) if points is None else points


def cutoff(scheme: Scheme, grade: Grade) -> float | Text:
    """A grade's cutoff; that of each class where classes have their own."""
    if not any(other.class_cutoffs for other in scheme.grades):
        return float(grade.cutoff)
    return listing(same(f"{group} {grade.cutoff_of(group):g}") for group in scheme.classes)


ON_LINE = Text("正好在分数线上", "on the cutoff")


def signed(result: Assessment) -> str:
    """The format of a difference between scores, with its sign: as many decimals as they are
    published with, two at least."""
    rule = result.scheme.rounding.total
    return f"+.{4 if rule is None else max(rule.decimals, 2)}f"


def class_column(result: Assessment, units: Iterable[str]) -> dict[str, tuple[Text, list, str]]:
    """The column of classes for a table of units; none where the scheme has none."""
    if not result.scheme.classes:
        return {}
    classes = dict(zip(result.scores.index, classes_of(result.table), strict=True))
    return {"class": (Text("类别", "Class"), [classes[unit] for unit in units], "")}


def near_misses(result: Assessment, near_miss: float | None) -> pd.DataFrame:
    """Units whose grade `near_miss` points more or less would change, places counted in, the
    nearest first; with columns by and rivals, which are those of the nearer side. Above, the margin
    may be lost and the grade is kept."""
    near_miss = points_of(result, near_miss)
    table = grade_cutoffs.margins(result)
    rises = table["below"] <= near_miss + SAME
    falls = table["above"] < near_miss - SAME  # a score that falls onto the cutoff keeps its grade
    near = table[rises | falls]
    near = near.iloc[in_order(near["nearest"], falling=False)]
    up = near["above"].isna() | (near["below"] < near["above"])
    by = near["below_by"].where(up, near["above_by"])
    return near.assign(by=by, rivals=near["below_rivals"].where(up, near["above_rivals"]))


def near_miss_count(near: pd.DataFrame, near_miss: float) -> Text:
    """How many near-misses there are."""
    return say(
        zh="得分再增或再减{near_miss:g}分以内初评等级就会改变的临界单位有{n}家",
        en="the computed grade of {n:unit|units} would change if the score rose or fell by at most "
        "{near_miss:g}",
        near_miss=near_miss,
        n=len(near),
    )


def barred(reason: str) -> Text | None:
    """What sets the limit to a grade, or bars it where there is no limit, in words; None where
    there is nothing to say."""
    return BARRED.get(reason)


def percent(error: float) -> str:
    """The format of a frequency with the decimals that its error supports, at most half a unit of
    the last one; .1% where it has none."""
    if error == 0:
        return ".1%"
    return next(
        f".{decimals}%"
        for decimals in (3, 2, 1, 0)
        if 100 * error <= 0.5 * 10.0**-decimals or decimals == 0
    )
