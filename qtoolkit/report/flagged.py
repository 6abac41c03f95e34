"""Flags as a memo prints them: one sentence for all of a kind, with the list, where an assessment
has one for each indicator."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import TREATMENTS, beyond, blanks, relative
from qtoolkit.inputs.statuses import STATUS_LABELS
from qtoolkit.language import Text, say
from qtoolkit.report import words
from qtoolkit.report.blocks import Block, table_of


def sentences(result: Assessment, kinds: Iterable[str]) -> list[Text]:
    """The flags of these kinds in words, in the order in which they are raised."""
    rows = result.flags[result.flags.kind.isin(list(kinds))]
    texts: list[Text] = []
    for kind, group in rows.groupby("kind", sort=False):
        together = TOGETHER.get(kind)
        alone = together is None or (len(group) == 1 and len(group["text"].iloc[0].zh) <= LONG)
        texts += (
            first_few(list(group["text"])) if alone else together(result, list(group["indicator"]))
        )
    return texts


LONG = 1_000  # characters of a flag that stands as it is


def first_few(texts: list[Text]) -> list[Text]:
    """The texts; of too many the first few, and how many more there are and where."""
    if len(texts) <= words.MANY:
        return texts
    more = say(
        zh="同类提示另有{n}条，全部提示见 tables/flags.csv。",
        en="{n} more of this kind; all are in tables/flags.csv.",
        n=len(texts) - words.SOME,
    )
    return [*texts[: words.SOME], more]


def table(result: Assessment) -> list[Block]:
    """All flags, for the files of a run, where sentences cannot name all."""
    flags = result.flags
    if len(flags) <= words.MANY and not (flags["text"].map(lambda text: len(text.zh)) > LONG).any():
        return []
    names = {leaf.id: leaf.name for leaf in result.scheme.leaves}
    columns = {
        "kind": (Text("种类", "Kind"), list(flags["kind"]), ""),
        "unit": (words.UNIT, [result.labels.get(unit, unit) for unit in flags["unit"]], ""),
        "indicator": (
            Text("指标", "Indicator"),
            [names.get(leaf, leaf) for leaf in flags["indicator"]],
            "",
        ),
        "text": (Text("提示", "Flag"), list(flags["text"]), ""),
    }
    flags_table = table_of("flags", Text("全部提示", "All flags"), "annex_scores", columns)
    return [replace(flags_table, chapter=None)]


def _constant(result: Assessment, leaves: list[str]) -> list[Text]:
    items = [
        say(
            zh="“{leaf}”（{points:g}分，得分率{share:.1%}）",
            en="“{leaf}” ({points:g} points, share {share:.1%})",
            leaf=leaf.name,
            points=leaf.points,
            share=result.matrix[leaf.id].dropna().iloc[0],
        )
        for leaf in map(result.scheme.indicator, leaves)
    ]
    return [
        say(
            zh="各考核对象得分率相同、占有分值而不起区分作用的指标有{n}项：{items}。",
            en="On {n:indicator|indicators} all units have the same share of full marks, so that "
            "the points rank nobody: {items}.",
            n=len(leaves),
            items=words.some(items),
        )
    ]


def _relative(result: Assessment, leaves: list[str]) -> list[Text]:
    means = relative(result)
    reasons = (
        (True, Text("取同类平均", "Given a mean of similar units")),
        (False, Text("按参评单位的相对水平计分", "Scored relative to the units assessed")),
    )
    return [
        say(
            zh="{why}、得分取决于同时考核的其他单位的指标有{n}项：{items}。",
            en="{why}, so that scores depend on who else is assessed, {n:indicator is|indicators "
            "are}: {items}.",
            why=why,
            n=len(affected),
            items=_names(result, affected),
        )
        for mean, why in reasons
        if (affected := [id for id in leaves if means[id] == mean])
    ]


def _blank(result: Assessment, leaves: list[str]) -> list[Text]:
    by_treatment: dict[tuple[int, str], list[Text]] = {}
    for leaf, meaning, treatment, units in blanks(result):
        item = say(
            zh="“{leaf}”（{units}）",
            en="“{leaf}” ({units})",
            leaf=leaf.name,
            units=words.some(result.table.labels[k] for k in units),
        )
        by_treatment.setdefault((meaning, treatment), []).append(item)
    return [
        say(
            zh="标明“{status}”的{treatment}：{items}。",
            en="What is “{status}” {treatment}: {items}.",
            status=STATUS_LABELS[meaning],
            treatment=TREATMENTS[treatment],
            items=words.some(items),
        )
        for (meaning, treatment), items in by_treatment.items()
    ]


def _capped(result: Assessment, leaves: list[str]) -> list[Text]:
    items = [
        say(
            zh="“{leaf}”（评分区间 {low:g}–{high:g}）{units}",
            en="“{leaf}” (range {low:g}–{high:g}) {units}",
            leaf=leaf.name,
            low=ends[0],
            high=ends[1],
            units=words.some(result.table.labels[k] for k in units),
        )
        for leaf, ends, units in beyond(result)
    ]
    return [
        say(
            zh="超出评分区间、按区间端点计分的：{items}。",
            en="Outside the scoring range, and scored at its end: {items}.",
            items=words.semicolons(items),
        )
    ]


def _names(result: Assessment, leaves: list[str]) -> Text:
    return words.some(
        say(zh="“{leaf}”", en="“{leaf}”", leaf=result.scheme.indicator(id).name) for id in leaves
    )


TOGETHER: dict[str, Callable[[Assessment, list[str]], list[Text]]] = {
    "constant": _constant,
    "set_dependent": _relative,
    "blank": _blank,
    "capped": _capped,
}
