"""Flags as a memo prints them: one sentence for all of a kind, with the list, where an assessment has one for each indicator."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtoolkit.assessment import Assessment
from qtoolkit.flags import TREATMENTS, beyond, blanks, relative
from qtoolkit.inputs.table import STATUS_LABELS
from qtoolkit.language import Text, listing, say


def sentences(result: Assessment, kinds: Iterable[str]) -> list[Text]:
    """The flags of these kinds in words, in the order in which they are raised."""
    rows = result.flags[result.flags.kind.isin(list(kinds))]
    texts: list[Text] = []
    for kind, group in rows.groupby("kind", sort=False):
        together = TOGETHER.get(kind)
        texts += list(group["text"]) if together is None or len(group) == 1 else together(result, list(group["indicator"]))
    return texts


def _constant(result: Assessment, leaves: list[str]) -> list[Text]:
    items = [
        say(
            zh="“{leaf}”（{points:g}分，得分率{share:.1%}）", en="“{leaf}” ({points:g} points, share {share:.1%})",
            leaf=leaf.name, points=leaf.points, share=result.matrix[leaf.id].dropna().iloc[0],
        )
        for leaf in map(result.scheme.indicator, leaves)
    ]  # fmt: skip
    return [
        say(
            zh="各考核对象得分率相同、占有分值而不起区分作用的指标有{n}项：{items}。",
            en="On {n:indicator|indicators} all units have the same share of full marks, so that the points rank nobody: {items}.",
            n=len(leaves), items=listing(items),
        )
    ]  # fmt: skip


def _relative(result: Assessment, leaves: list[str]) -> list[Text]:
    means = relative(result)
    reasons = (
        (True, Text("取同类平均", "Given a mean of similar units")),
        (False, Text("按参评单位的相对水平计分", "Scored relative to the units assessed")),
    )
    return [
        say(
            zh="{why}、得分取决于同时考核的其他单位的指标有{n}项：{items}。",
            en="{why}, so that scores depend on who else is assessed, {n:indicator is|indicators are}: {items}.",
            why=why, n=len(own), items=_names(result, own),
        )
        for mean, why in reasons if (own := [id for id in leaves if means[id] == mean])
    ]  # fmt: skip


def _blank(result: Assessment, leaves: list[str]) -> list[Text]:
    found: dict[tuple[int, str], list[Text]] = {}
    for leaf, meaning, treatment, units in blanks(result):
        item = say(
            zh="“{leaf}”（{units}）", en="“{leaf}” ({units})", leaf=leaf.name,
            units=listing(result.table.labels[k] for k in units),
        )  # fmt: skip
        found.setdefault((meaning, treatment), []).append(item)
    return [
        say(
            zh="标明“{status}”的{treatment}：{items}。", en="What is “{status}” {treatment}: {items}.",
            status=STATUS_LABELS[meaning], treatment=TREATMENTS[treatment], items=listing(items),
        )
        for (meaning, treatment), items in found.items()
    ]  # fmt: skip


def _capped(result: Assessment, leaves: list[str]) -> list[Text]:
    items = [
        say(
            zh="“{leaf}”（评分区间 {low:g}–{high:g}）{units}", en="“{leaf}” (range {low:g}–{high:g}) {units}",
            leaf=leaf.name, low=ends[0], high=ends[1], units=listing(result.table.labels[k] for k in units),
        )
        for leaf, ends, units in beyond(result)
    ]  # fmt: skip
    return [
        say(
            zh="超出评分区间、按区间端点计分的：{items}。", en="Outside the scoring range, and scored at its end: {items}.",
            items=Text("；".join(item.zh for item in items), "; ".join(item.en for item in items)),
        )
    ]  # fmt: skip


def _names(result: Assessment, leaves: list[str]) -> Text:
    return listing(say(zh="“{leaf}”", en="“{leaf}”", leaf=result.scheme.indicator(id).name) for id in leaves)


TOGETHER: dict[str, Callable[[Assessment, list[str]], list[Text]]] = {
    "constant": _constant, "set_dependent": _relative, "blank": _blank, "capped": _capped,
}  # fmt: skip
