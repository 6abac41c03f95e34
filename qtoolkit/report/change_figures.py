"""Figures of what changes: moving cutoffs, two years side by side, grades over the years."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.comparison import Comparison, History
from qtoolkit.cutoffs import Sweep
from qtoolkit.drafts import Drafts
from qtoolkit.engine.ties import in_order
from qtoolkit.language import Text, in_print
from qtoolkit.report import fonts
from qtoolkit.report.figures import (
    AMBER,
    DARK,
    MANY,
    SHADES,
    cutoffs_of,
    grade_colours,
    grade_legend,
    units_axes,
)
from qtoolkit.report.wording import label_of

NAMED = 12  # units named beside lines
PART_COLOURS = {
    "data": DARK,
    "points": AMBER,
    "cutoffs": "#8a4a7d",
    "vetoes": "#c2604d",
    "units": "#777777",
    "approval": "#3d8b6d",
}


def sweep(result: Assessment, swept: Sweep, titles: dict[str, Text], language: str) -> Any:
    """Units in each grade as each cutoff moves, one panel a cutoff, the present one dashed."""
    import matplotlib.pyplot as plt

    fonts.use()
    colours, lines = grade_colours(result), list(dict.fromkeys(swept.steps["line"]))
    rows = -(-len(lines) // 2)
    figure, panels = plt.subplots(
        rows, min(2, len(lines)), figsize=(6.6, 0.6 + 2.1 * rows), squeeze=False, sharey=True
    )
    for axes, line in zip(panels.flat, lines, strict=False):
        steps = swept.steps[swept.steps["line"] == line]
        as_cutoffs = steps["cutoff_low"].notna().all() and not any(
            grade.class_cutoffs for grade in result.scheme.grades
        )
        low, high = (
            steps[f"cutoff_{side}" if as_cutoffs else side].to_numpy() for side in ("low", "high")
        )
        for grade in result.scheme.grades:
            counts = steps[grade.id].to_numpy()
            axes.step(
                np.append(low, high[-1]),
                np.append(counts, counts[-1]),
                where="post",
                color=colours[grade.id],
                label=grade.label.of(language),
            )
        axes.axvline(
            result.scheme.grade(line).line if as_cutoffs else 0,
            color="#333333",
            linewidth=0.9,
            linestyle="--",
        )
        axes.set_title(titles[line].of(language), fontsize=9)
        axes.set_ylim(bottom=0)
        axes.yaxis.get_major_locator().set_params(integer=True)
    for axes in list(panels.flat)[len(lines) :]:
        axes.set_visible(False)
    for row in panels:
        row[0].set_ylabel(label_of("units", language))
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def joint_map(
    counts: pd.DataFrame,
    bands: list[str],
    shifts: list[str],
    titles: tuple[Text, Text],
    language: str,
) -> Any:
    """How many grades are certain while points (rows) and cutoffs (columns) move together."""
    import matplotlib.pyplot as plt
    import seaborn as sns

    fonts.use()
    figure, axes = plt.subplots(figsize=(5.0, 2.9))
    axes.grid(visible=False)
    sns.heatmap(
        counts.to_numpy(),
        ax=axes,
        cmap=sns.light_palette(DARK, as_cmap=True),
        vmin=0,
        annot=True,
        fmt="d",
        cbar=False,
        linewidths=1.2,
    )
    axes.set_yticks(np.arange(len(bands)) + 0.5, bands, rotation=0)
    axes.set_xticks(np.arange(len(shifts)) + 0.5, shifts)
    axes.set_ylabel(titles[0].of(language))
    axes.set_xlabel(titles[1].of(language))
    return figure


def transitions(
    comparison: Comparison,
    names: tuple[list[Text], list[Text]],
    titles: tuple[Text, Text],
    language: str,
) -> Any:
    """How many units went from each grade (rows) to each (columns)."""
    import matplotlib.pyplot as plt
    import seaborn as sns

    fonts.use()
    counts = comparison.transitions.to_numpy()
    figure, axes = plt.subplots(
        figsize=(3.2 + 0.35 * counts.shape[1], 1.6 + 0.42 * counts.shape[0])
    )
    axes.grid(visible=False)
    sns.heatmap(
        counts,
        ax=axes,
        cmap=sns.light_palette(DARK, as_cmap=True),
        vmin=0,
        annot=True,
        fmt="d",
        cbar=False,
        linewidths=1.2,
    )
    for i in range(len(counts) if comparison.graded_alike else 0):
        frame = plt.Rectangle(
            (i, i), 1, 1, fill=False, edgecolor="#333333", linewidth=1.1, clip_on=False
        )
        axes.add_patch(frame)
    for ticks, grade_names in ((axes.set_yticks, names[0]), (axes.set_xticks, names[1])):
        ticks(
            np.arange(len(grade_names)) + 0.5,
            [name.of(language) for name in grade_names],
            rotation=0,
        )
    axes.set_ylabel(titles[0].of(language))
    axes.set_xlabel(titles[1].of(language))
    return figure


def drafts(found: Drafts, units: pd.Index, language: str) -> Any:
    """Each unit's score as a share of the total under the scheme and each draft, in the colour of
    its grade, with the cutoffs of each; units whose grade differs stand out and are named."""
    import matplotlib.pyplot as plt

    fonts.use()
    result = next(iter(found.results.values()))
    colours, names = grade_colours(result), list(found.results)
    places = np.arange(len(names))
    figure, axes = plt.subplots(figsize=(6.6, 3.7))
    axes.grid(visible=False)
    totals = np.array([each.scheme.total for each in found.results.values()])
    shares = 100 * found.scores.loc[units].to_numpy() / totals
    differs = np.isin(units, found.differing)
    for row, stands_out in zip(shares, differs, strict=True):
        style = {"color": "#333333", "linewidth": 1.3, "zorder": 3} if stands_out else _QUIET
        axes.plot(places, row, **style)
    for column, name in enumerate(names):
        grades = found.grades.loc[units, name]
        shown = [colours[grade] for grade in grades]
        axes.scatter(np.full(len(units), column), shares[:, column], s=16, c=shown, zorder=4)
    low, high = shares.min(), shares.max()
    low, high = low - 0.06 * (high - low + 1), high + 0.06 * (high - low + 1)
    axes.set_ylim(low, high)
    _lines_of_drafts(axes, found, totals)
    named = [
        (float(shares[k, -1]), str(result.labels[units[k]].of(language)))
        for k in np.flatnonzero(differs)[:NAMED]
    ]
    for at, (share, text) in zip(
        _apart([y for y, _ in named], 0.055 * (high - low)), named, strict=True
    ):
        axes.annotate(
            text,
            (places[-1], share),
            (places[-1] + 0.24, at),
            va="center",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "color": "#888888", "linewidth": 0.5},
        )
    axes.set_xlim(-0.4, places[-1] + 0.7)
    axes.set_xticks(places, [found.labels[name].of(language) for name in names])
    axes.set_ylabel(label_of("share_of_total", language))
    grade_legend(figure, result, language)
    return figure


_QUIET = {"color": "#bbbbbb", "linewidth": 0.7, "zorder": 2}


def _lines_of_drafts(axes: Any, found: Drafts, totals: np.ndarray) -> None:
    """The cutoffs of the scheme and of each draft, each at its place, with their points."""
    low, high = axes.get_ylim()
    for column, (each, total) in enumerate(zip(found.results.values(), totals, strict=True)):
        for cutoff in cutoffs_of(each):
            share = 100 * cutoff / total
            if low < share < high:
                axes.hlines(share, column - 0.16, column + 0.16, color="#333333", linewidth=1.1)
                label = axes.text(
                    column - 0.17, share, in_print(cutoff, "g"), ha="right", va="center"
                )
                label.set(fontsize=7.5, zorder=5)
                label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})


def _apart(values: list[float], least: float) -> list[float]:
    """Places for labels near these values, in their order, none nearer to another than `least`."""
    order = in_order(np.array(values), falling=False) if values else []
    found = list(values)
    for k, at in enumerate(order):
        if k:
            found[at] = max(found[at], found[order[k - 1]] + least)
    return found


def decomposition(
    comparison: Comparison, parts: dict[str, Text], language: str, units: pd.Index | None = None
) -> Any:
    """The (given) units' change of score: the parts as bars that stack up to either side, the sum
    as a dot."""
    fonts.use()
    table = comparison.decomposition if units is None else comparison.decomposition.loc[units]
    table = table.iloc[in_order(table["change"])]
    figure, axes = units_axes(len(table))
    places, up, down = np.arange(len(table)), np.zeros(len(table)), np.zeros(len(table))
    thick = 0.7 if len(table) <= MANY else 1.0
    for name, label in parts.items():
        values = table[name].to_numpy()
        axes.barh(
            places,
            values,
            left=np.where(values >= 0, up, down),
            height=thick,
            color=PART_COLOURS[name],
            label=label.of(language),
        )
        up, down = up + np.maximum(values, 0), down + np.minimum(values, 0)
    axes.plot(
        table["change"],
        places,
        "o",
        color="#111111",
        markersize=3.2 if len(table) <= MANY else 0.9,
        label=label_of("sum", language),
    )
    axes.axvline(0, color="#333333", linewidth=0.8)
    labels = comparison.after.labels
    if len(table) <= MANY:
        axes.set_yticks(places, [labels[unit].of(language) for unit in table.index], fontsize=7.5)
    else:
        axes.set_yticks([])
        axes.set_ylabel(label_of("units_by_change", language, n=len(table)))
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    axes.set_xlabel(label_of("change_of_score", language))
    return figure


def waterfall(comparison: Comparison, unit: str, parts: dict[str, Text], language: str) -> Any:
    """One unit's way from last year's score to this year's, part by part, with this year's
    cutoffs."""
    import matplotlib.pyplot as plt

    fonts.use()
    row = comparison.decomposition.loc[unit]
    labels = [
        label_of("score_before", language),
        *(text.of(language) for text in parts.values()),
        label_of("score_after", language),
    ]
    starts, levels = [], [float(row["score_before"])]
    for name in parts:
        starts.append(levels[-1])
        levels.append(levels[-1] + float(row[name]))
    figure, axes = plt.subplots(figsize=(6.6, 1.2 + 0.36 * len(labels)))
    low, high = min(levels), max(levels)
    room = max(high - low, 1.0)
    left = low - 0.6 * room
    axes.barh(0, levels[0] - left, left=left, color=SHADES[0], height=0.62)
    for i, (name, start) in enumerate(zip(parts, starts, strict=True), 1):
        axes.barh(i, row[name], left=start, color=PART_COLOURS[name], height=0.62)
        axes.plot([start, start], [i - 1, i], color="#555555", linewidth=0.8)
    axes.plot([levels[-1]] * 2, [len(parts), len(parts) + 1], color="#555555", linewidth=0.8)
    axes.barh(
        len(parts) + 1, float(row["score_after"]) - left, left=left, color=SHADES[0], height=0.62
    )
    shown = [
        in_print(row["score_before"], ".2f"),
        *(in_print(row[name], "+.2f") for name in parts),
        in_print(row["score_after"], ".2f"),
    ]
    ends = [
        levels[0],
        *(max(start, start + row[name]) for name, start in zip(parts, starts, strict=True)),
        float(row["score_after"]),
    ]
    for i, (text, end) in enumerate(zip(shown, ends, strict=True)):
        axes.text(end + 0.015 * room, i, text, va="center", fontsize=8).set_bbox(
            {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85}
        )
    axes.set_xlim(left, high + 0.3 * room)
    group = (
        comparison.after.table.covariates["class"].get(unit)
        if "class" in comparison.after.table.covariates
        else None
    )
    for grade in (each for each in comparison.after.scheme.grades[:-1] if each.has_line):
        if left < (cutoff := grade.cutoff_of(group)) < high + 0.3 * room:
            axes.axvline(cutoff, color="#333333", linewidth=0.9, linestyle="--", zorder=0.5)
            axes.text(
                cutoff,
                1.002,
                f"{cutoff:g}",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=8,
            )
    axes.set_yticks(np.arange(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(label_of("score", language))
    return figure


def history(past: History, names: dict[str, Text], language: str) -> Any:
    """Grades of every unit in every round as coloured tiles; the number of units in each grade
    where names have no room."""
    import matplotlib.pyplot as plt

    fonts.use()
    colours = {name: SHADES[min(i, len(SHADES) - 1)] for i, name in enumerate(past.names)}
    if len(past.grades) > MANY:
        figure, axes = plt.subplots(figsize=(6.6, 2.8))
        left = pd.Series(0, index=past.counts.index)
        for name in past.names:
            axes.bar(
                past.rounds,
                past.counts[name],
                bottom=left,
                color=colours[name],
                label=names[name].of(language),
            )
            left = left + past.counts[name]
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(past.names), frameon=False
        )
        axes.set_ylabel(label_of("units", language))
        return figure
    figure, axes = units_axes(len(past.grades))
    for k, unit in enumerate(past.grades.index):
        for j, grade in enumerate(past.grades.loc[unit]):
            if grade is not None:
                axes.barh(k, 0.96, left=j - 0.48, height=0.86, color=colours[grade])
                axes.text(
                    j,
                    k,
                    names[grade].of(language),
                    ha="center",
                    va="center",
                    fontsize=7,
                    color=ink(colours[grade]),
                )
    axes.set_xticks(range(len(past.rounds)), past.rounds)
    axes.xaxis.tick_top()
    axes.set_xlabel(label_of("round", language))
    axes.set_xlim(-0.5, len(past.rounds) - 0.5)
    axes.set_yticks(
        range(len(past.grades)),
        [past.labels[unit].of(language) for unit in past.grades.index],
        fontsize=7.5,
    )
    axes.set_ylim(len(past.grades) - 0.4, -0.6)
    axes.grid(visible=False)
    return figure


def ink(colour: str) -> str:
    """White or near-black, whichever has the greater contrast on a colour (WCAG 2.2, relative
    luminance).

    >>> ink("#24557f"), ink("#bd8226")
    ('white', '#111111')
    """
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "white" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.0557 else "#111111"
