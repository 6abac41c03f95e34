"""Figures: every one is made from labelled results, in one language, legible in print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine import from_ticks
from qtoolkit.engine.ticks import NO_LINE
from qtoolkit.engine.ties import in_order
from qtoolkit.language import in_print
from qtoolkit.report import fonts
from qtoolkit.report.blocks import rounded_towards
from qtoolkit.report.choosing import BARS, CHOSEN
from qtoolkit.report.wording import label_of
from qtoolkit.robustness import Certificates, TransferMap
from qtoolkit.simulation import Simulation, Sobol

MANY = 45  # beyond so many units names are left out
MANY_LEAVES = 60  # beyond so many indicators their names are left out
TALLEST = 7.6  # inches: what a page of the Word file holds below a heading, with the caption
FEW_LEAVES = 12  # up to so many, a square map of indicators shows its numbers
CELLS = 1_500  # beyond so many, the cells of a map are one picture within the SVG
BINS = 50  # of a histogram of scores
FLAT = 9  # beyond so many, names of columns stand upright
LEGEND_LINE = 62  # characters of a legend on one line
LONG = {"zh": 14, "en": 30}  # characters of an indicator's name on an axis
# colours of marks: each has a contrast of 3:1 and more on white, as WCAG 2.2 asks
DARK, MIDDLE, AMBER, ORANGE = "#24557f", "#5a93c0", "#bd8226", "#cf6f3a"
SHADES = (DARK, MIDDLE, AMBER, "#c2604d", "#8a4a7d", "#555555")
PALE = {"color": "#c9dbe9", "edgecolor": DARK, "linewidth": 0.7}  # of bars behind others


def scores(result: Assessment, language: str) -> Any:
    """Published scores from the highest down, coloured by grade, with the cutoffs; of many units
    how they are distributed."""
    fonts.use()
    if len(result.scores) > BARS:
        return _distribution(result, language)
    order = result.ranks.sort_values(kind="stable").index
    values, colours = result.scores[order], grade_colours(result)
    figure, axes = units_axes(len(order))
    places = np.arange(len(order))
    axes.barh(
        places, values, color=[colours[g] for g in result.grades[order]], height=_thick(order, 0.72)
    )
    start = _left_end(values, cutoffs_of(result))
    end = float(values.max()) + 0.09 * (float(values.max()) - start)
    axes.set_xlim(start, end)
    if len(order) <= MANY:
        for place, value in zip(places, values, strict=True):
            label = axes.text(
                value + (end - start) * 0.006,
                place,
                in_print(value, ".2f"),
                va="center",
                fontsize=7,
            )
            label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85})
    _cutoff_lines(axes, result)
    _name_units(axes, result, order, language)
    grade_legend(figure, result, language)
    axes.set_xlabel(label_of("score", language))
    return figure


def _distribution(result: Assessment, language: str) -> Any:
    """How many units have which scores, grades on top of each other, with the cutoffs."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.6, 3.6))
    edges, colours = np.histogram_bin_edges(result.scores, BINS), grade_colours(result)
    parts = [result.scores[result.grades == grade.id] for grade in result.scheme.grades]
    axes.hist(
        parts, edges, stacked=True, color=[colours[grade.id] for grade in result.scheme.grades]
    )
    _cutoff_lines(axes, result)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(label_of("score", language))
    axes.set_ylabel(label_of("units", language))
    grade_legend(figure, result, language)
    return figure


def by_rank(result: Assessment) -> pd.DataFrame:
    """得分率 of the units by rank, (n, d); of many the means of so many groups, each of units that
    follow one another."""
    matrix = result.matrix.loc[result.ranks.sort_values(kind="stable").index]
    if len(matrix) <= BARS:
        return matrix
    return matrix.groupby(np.arange(len(matrix)) * CHOSEN // len(matrix)).mean()


def shares(result: Assessment, language: str) -> Any:
    """得分率 of every unit on every leaf, units by rank, many in groups; blanks are grey."""
    import seaborn as sns

    fonts.use()
    matrix = by_rank(result) * 100
    order = matrix.index
    names = [leaf.name.of(language) for leaf in result.scheme.leaves]
    flat = len(names) <= FLAT
    figure, axes = units_axes(len(order), extra=1.3 if flat else 2.1)
    axes.set_facecolor("#cccccc")
    sns.heatmap(
        matrix.to_numpy(),
        ax=axes,
        cmap=sns.light_palette(DARK, as_cmap=True),
        vmin=max(0.0, np.floor(np.nanmin(matrix.to_numpy()) / 10) * 10),
        vmax=100,
        annot=len(order) <= MANY and len(names) <= 15,
        fmt=".0f",
        annot_kws={"fontsize": 6.5},
        linewidths=0.4 if len(order) <= MANY and matrix.size <= CELLS else 0,
        rasterized=matrix.size > CELLS,
        cbar_kws={
            "label": label_of("share", language),
            "shrink": 0.5,
        },
    )
    axes.xaxis.tick_top()
    if len(names) <= MANY_LEAVES:
        places = np.arange(len(names)) + 0.5
        heads = [_wrap(name, language) for name in names] if flat else _short(names, language)
        axes.set_xticks(places, heads, rotation=0 if flat else 90, fontsize=_small(len(names)))
    else:
        axes.set_xticks([])
        axes.set_xlabel(label_of("leaves_of_scheme", language, n=len(names)))
    axes.tick_params(axis="x", length=0)
    grouped = len(result.scores) > BARS
    labels = (
        [result.labels[u].of(language) for u in order] if len(order) <= MANY and not grouped else []
    )
    if grouped:
        words = label_of("units_in_groups", language, n=len(result.scores), k=len(order))
        axes.set_ylabel(words)
    axes.set_yticks(np.arange(len(labels)) + 0.5, labels, rotation=0, fontsize=7.5)
    return figure


def ranges(result: Assessment, table: pd.DataFrame, language: str) -> Any:
    """Score ranges over a region as bars, the present score as a dot, the cutoffs as lines; `table`
    has a column `held`, None but where a quota, last places or a veto holds a grade across a
    cutoff, and `other`, where the grade is certain and another than now."""
    fonts.use()
    order = table.index[in_order(table["score"])]
    table = table.loc[order]
    figure, axes = units_axes(len(order))
    places = np.arange(len(order))
    certain, held = table["certain"].to_numpy(bool), table["held"].notna().to_numpy()
    other = table["other"].to_numpy(bool)
    kinds = (
        (
            certain & ~held & ~other,
            {"color": MIDDLE},
            "grade_stays",
        ),
        (
            certain & held,
            {"color": MIDDLE, "hatch": "////", "edgecolor": "#ffffff", "linewidth": 0},
            "grade_held",
        ),
        (
            other,
            {"color": AMBER},
            "grade_is_another",
        ),
        (
            ~certain,
            {"color": ORANGE},
            "grade_may_change",
        ),
    )
    for rows, style, words in kinds:
        if rows.any():
            widths = (table["high"] - table["low"])[rows]
            left, thick = table["low"][rows], _thick(order, 0.6)
            axes.barh(
                places[rows],
                widths,
                left=left,
                height=thick,
                label=label_of(words, language),
                **style,
            )
    axes.plot(
        table["score"],
        places,
        "o",
        color="#222222",
        markersize=_dot(order),
        label=label_of("present_points", language),
    )
    start = _left_end(np.minimum(table["low"], table["score"]), cutoffs_of(result))
    end = float(np.maximum(table["high"], table["score"]).max())
    axes.set_xlim(start, end + 0.03 * (end - start))
    _cutoff_lines(axes, result)
    _name_units(axes, result, order, language)
    _legend_above(figure, axes)
    axes.set_xlabel(label_of("base_score", language))
    return figure


def projection(result: Assessment, table: pd.DataFrame, language: str) -> Any:
    """Present scores and those projected if all were verified, with their intervals; `table` is
    that of :class:`qtoolkit.verification.Projection`."""
    fonts.use()
    order = table.index[in_order(table["score"])]
    table = table.loc[order]
    figure, axes = units_axes(len(order))
    places = np.arange(len(order))
    axes.barh(
        places,
        table["high"] - table["low"],
        left=table["low"],
        height=_thick(order, 0.5),
        color="#c9dbe9",
        label=label_of("interval", language),
    )
    axes.plot(
        table["projected"],
        places,
        "D",
        color=ORANGE,
        markersize=_dot(order),
        label=label_of("all_verified", language),
    )
    axes.plot(
        table["score"],
        places,
        "o",
        color="#222222",
        markersize=_dot(order),
        label=label_of("present_score", language),
    )
    start = _left_end(table["low"], cutoffs_of(result))
    end = float(table[["high", "score"]].to_numpy().max())
    axes.set_xlim(start, end + 0.03 * (end - start))
    _cutoff_lines(axes, result)
    _name_units(axes, result, order, language)
    _legend_above(figure, axes)
    axes.set_xlabel(label_of("score", language))
    return figure


def tolerances(result: Assessment, certificates: Certificates, language: str) -> Any:
    """The certified tolerance of each unit, the least first."""
    fonts.use()
    table = certificates.table.dropna(subset="tolerance")
    table = table.iloc[in_order(table["tolerance"], falling=False)]
    values = np.minimum(table["tolerance"].to_numpy(float), 1.0) * 100
    figure, axes = units_axes(len(table))
    colours = grade_colours(result)
    places = np.arange(len(table))
    axes.barh(
        places,
        values,
        color=[colours[g] for g in result.grades[table.index]],
        height=_thick(table, 0.7),
    )
    if len(table) <= MANY:
        for place, value, status in zip(places, values, table["status"], strict=True):
            sign = "≥" if status == "at least" or value >= 100 else ""
            axes.text(
                value + max(values) * 0.008,
                place,
                sign + rounded_towards(value, ".2f", "↓"),
                va="center",
                fontsize=7,
            )
    axes.set_xlim(0, max(values) * 1.12 if len(values) and max(values) > 0 else 1)
    _name_units(axes, result, table.index, language)
    grade_legend(figure, result, language)
    axes.set_xlabel(label_of("tolerance", language))
    return figure


def rank_ranges(result: Assessment, table: pd.DataFrame, language: str) -> Any:
    """Proven rank ranges as pale bars, ranges that draws show as dark ones, the present rank as a
    dot."""
    fonts.use()
    figure, axes = units_axes(len(table))
    places = np.arange(len(table))
    axes.barh(
        places,
        table["worst"] - table["best"] + 0.5,
        left=table["best"] - 0.25,
        height=_thick(table, 0.66),
        **PALE,
        label=label_of("proven_range", language),
    )
    if table["drawn_best"].notna().all():
        low, high = (table[f"drawn_{side}"].astype(float) for side in ("best", "worst"))
        words = label_of("drawn_range", language)
        axes.barh(
            places,
            high - low + 0.3,
            left=low - 0.15,
            height=_thick(table, 0.26),
            color=DARK,
            label=words,
        )
    words = label_of("present_rank", language)
    axes.plot(table["rank"], places, "o", color="#222222", markersize=_dot(table), label=words)
    axes.set_xlim(0.4, len(result.scores) + 0.6)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _name_units(axes, result, table.index, language)
    _legend_above(figure, axes)
    axes.set_xlabel(label_of("rank", language))
    return figure


def grade_frequencies(
    result: Assessment, drawn: Simulation, language: str, order: pd.Index | None = None
) -> Any:
    """How often each unit (of `order`) has each grade in random draws, as one bar a unit."""
    fonts.use()
    order = result.ranks.sort_values(kind="stable").index if order is None else order
    table, colours = drawn.grade_acceptability.loc[order] * 100, grade_colours(result)
    figure, axes = units_axes(len(order))
    left, places = np.zeros(len(order)), np.arange(len(order))
    for grade in result.scheme.grades:
        axes.barh(
            places,
            table[grade.id],
            left=left,
            height=_thick(order, 0.76),
            color=colours[grade.id],
            label=grade.label.of(language),
        )
        left = left + table[grade.id].to_numpy()
    axes.set_xlim(0, 100)
    _name_units(axes, result, order, language)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=len(result.scheme.grades),
        frameon=False,
    )
    axes.set_xlabel(label_of("frequency", language))
    return figure


def choices(indices: Sequence[Sobol], names: list[str], order: pd.Index, language: str) -> Any:
    """Sobol indices of choices, of grades and of ranks side by side: alone dark, total pale, with
    its interval where there is one."""
    import matplotlib.pyplot as plt

    fonts.use()
    figure, panels = plt.subplots(
        1, len(indices), sharey=True, figsize=(6.6, 1.3 + 0.3 * len(order))
    )
    titles = (
        "grades_changed",
        "rank_shift",
    )
    places = np.arange(len(order))
    for axes, sobol, title in zip(panels, indices, titles, strict=True):
        table = sobol.table.loc[order].fillna(0.0)
        total = table["total"].clip(0, 1)
        words = (
            label_of("total_effect", language),
            label_of("effect_alone", language),
        )
        axes.barh(places, total, height=0.62, **PALE, label=words[0])
        axes.barh(places, table["first"].clip(0, 1), height=0.34, color=DARK, label=words[1])
        if not sobol.exact:
            axes.hlines(
                places,
                table["total_low"].clip(0, 1),
                table["total_high"].clip(0, 1),
                color="#333333",
                linewidth=0.9,
            )
        axes.set_title(label_of(title, language), fontsize=9)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
        axes.grid(axis="y", visible=False)
    panels[0].set_yticks(places, [_quoted(name, language) for name in names], fontsize=7.5)
    panels[0].set_ylim(len(order) - 0.4, -0.6)
    _legend_above(figure, panels[0])
    return figure


def importance(
    table: pd.DataFrame, names: list[str], language: str, whole: float | None = None
) -> Any:
    """Shares of the effect, dark, with intervals, and of the points, pale; `whole` is the effect of
    all indicators, where the table has not all."""
    import matplotlib.pyplot as plt

    fonts.use()
    figure, axes = plt.subplots(figsize=(6.6, min(1.2 + 0.27 * len(table), TALLEST)))
    places, scale = np.arange(len(table)), 100 / (table["linear"].sum() if whole is None else whole)
    axes.barh(
        places,
        table["nominal"] * 100,
        height=0.7,
        **PALE,
        label=label_of("share_of_points", language),
    )
    axes.barh(
        places,
        table["share"].fillna(0) * 100,
        height=0.36,
        color=DARK,
        label=label_of("share_of_effect", language),
    )
    axes.hlines(
        places,
        table["linear_low"] * scale,
        table["linear_high"] * scale,
        color="#333333",
        linewidth=0.9,
    )
    short = _short(names, language)
    axes.set_yticks(places, short, fontsize=7.5)
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    _legend_above(figure, axes)
    axes.set_xlabel("%")
    return figure


def correlations(result: Assessment, language: str, leaves: Sequence[str] | None = None) -> Any:
    """Correlations between the (given) indicators' shares; grey where there is none."""
    import matplotlib.pyplot as plt
    import seaborn as sns

    fonts.use()
    leaves = list(result.points.index if leaves is None else leaves)
    shares = result.matrix[leaves]
    names = [result.scheme.indicator(leaf).name.of(language) for leaf in leaves]
    coefficients, count = shares.corr(min_periods=3).to_numpy(), len(names)
    figure, axes = plt.subplots(figsize=(6.6, min(2.4 + 0.24 * count, TALLEST)))
    axes.set_facecolor("#e4e4e4")
    axes.grid(visible=False)
    sns.heatmap(
        coefficients,
        ax=axes,
        cmap=sns.diverging_palette(15, 245, s=70, l=45, as_cmap=True),
        vmin=-1,
        vmax=1,
        annot=_annotations(coefficients),
        fmt="",
        annot_kws={"fontsize": 6.5},
        linewidths=0.3,
        cbar_kws={"shrink": 0.6},
        rasterized=coefficients.size > CELLS,
    )
    short = _short(names, language)
    axes.set_xticks(np.arange(count) + 0.5, short, rotation=90, fontsize=_small(count))
    axes.set_yticks(np.arange(count) + 0.5, short, rotation=0, fontsize=_small(count))
    return figure


def transfers(result: Assessment, transfer_map: TransferMap, language: str) -> Any:
    """The transfer map: rows give, columns receive; dark where few points change a first grade,
    grey where none do."""
    import matplotlib.pyplot as plt
    import seaborn as sns
    from matplotlib.colors import LogNorm

    fonts.use()
    names = [result.scheme.indicator(leaf).name.of(language) for leaf in transfer_map.table.index]
    count = len(names)
    values = transfer_map.table.to_numpy(float)
    values = np.where(np.isfinite(values), np.maximum(values, 0.01), np.nan)
    figure, axes = plt.subplots(figsize=(6.6, min(2.2 + 0.2 * count, TALLEST)))
    axes.set_facecolor("#e4e4e4")
    axes.grid(visible=False)
    if np.isfinite(values).any():
        ends = np.nanmin(values), max(np.nanmax(values), np.nanmin(values) * 1.01)
        sns.heatmap(
            values,
            ax=axes,
            cmap=sns.light_palette("#a8323e", as_cmap=True, reverse=True),
            norm=LogNorm(*ends),
            annot=_annotations(values),
            fmt="",
            annot_kws={"fontsize": 6.5},
            linewidths=0.3,
            rasterized=values.size > CELLS,
            cbar_kws={"label": label_of("points_moved", language), "shrink": 0.6},
        )
        bar = axes.collections[0].colorbar
        bar.set_ticks(marks := _decimal_marks(*ends), labels=[f"{mark:g}" for mark in marks])
        bar.minorticks_off()
    size = _small(count)
    short = _short(names, language)
    axes.set_xticks(np.arange(count) + 0.5, short, rotation=90, fontsize=size)
    axes.set_yticks(np.arange(count) + 0.5, short, rotation=0, fontsize=size)
    axes.set_xlabel(label_of("leaf_to", language), fontsize=8)
    axes.set_ylabel(label_of("leaf_from", language), fontsize=8)
    return figure


def grade_colours(result: Assessment) -> dict[str, str]:
    """A colour a grade, best first from blue to red."""
    return {
        grade.id: SHADES[min(i, len(SHADES) - 1)] for i, grade in enumerate(result.scheme.grades)
    }


def units_axes(n: int, extra: float = 1.1) -> tuple[Any, Any]:
    import matplotlib.pyplot as plt

    height = extra + (0.165 * n if n <= MANY else 7.0)
    figure, axes = plt.subplots(figsize=(6.6, min(max(height, 2.4), TALLEST)))
    return figure, axes


def _annotations(values: np.ndarray) -> Any:
    """The numbers of a square map as its cells show them; False where the cells are too small for
    numbers."""
    if len(values) > FEW_LEAVES:
        return False
    return np.array([["" if np.isnan(x) else in_print(x, ".2f") for x in row] for row in values])


def _decimal_marks(low: float, high: float) -> list[float]:
    """Marks of a logarithmic colour bar: 1, 2 and 5 times powers of ten; its two ends where it
    holds fewer than two.

    >>> _decimal_marks(0.77, 4.83), _decimal_marks(2.2, 4.6)
    ([1.0, 2.0], [2.2, 4.6])
    """
    powers = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    marks = [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
    inside = [mark for mark in marks if low <= mark <= high]
    return inside if len(inside) > 1 else [float(f"{end:.3g}") for end in (low, high)]


def _small(count: int) -> float:
    """The size of type of so many names side by side."""
    return 7 if count <= 16 else 5.5


STRAIGHT = str.maketrans("“”‘’", "\"\"''")


def _quoted(name: str, language: str) -> str:
    """A name whose quotation marks have the width of its language: the font's curly ones are as
    wide as a Chinese character."""
    return name.translate(STRAIGHT) if language == "en" else name


def _short(names: list[str], language: str) -> list[str]:
    """Names of indicators as an axis has room for them."""
    names = [_quoted(name, language) for name in names]
    return [
        name if len(name) <= LONG[language] else name[: LONG[language] - 1] + "…" for name in names
    ]


def _thick(units: Any, share: float) -> float:
    """How much of a unit's row its bar takes: all of it where rows are too thin for gaps."""
    return share if len(units) <= MANY else 1.0


def _dot(units: Any) -> float:
    return 2.6 if len(units) <= MANY else 0.9


def _name_units(axes: Any, result: Assessment, order: pd.Index, language: str) -> None:
    if len(order) <= MANY:
        axes.set_yticks(
            np.arange(len(order)), [result.labels[u].of(language) for u in order], fontsize=7.5
        )
    else:
        axes.set_ylabel(label_of("units_by_score", language, n=len(order)))
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)


def _cutoff_lines(axes: Any, result: Assessment) -> None:
    low, high = axes.get_xlim()
    for cutoff in cutoffs_of(result):
        if low <= cutoff <= high:
            axes.axvline(cutoff, color="#333333", linewidth=0.9, linestyle="--", zorder=1.5)
            axes.text(
                cutoff,
                1.002,
                f"{cutoff:g}",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=8,
            )


def cutoffs_of(result: Assessment) -> list[float]:
    """All cutoffs, of every class; with natural breaks, those of the present scores."""
    scheme = result.scheme
    if scheme.by_breaks:
        return from_ticks(np.unique(_above_nothing(result))).tolist()
    return sorted(
        {
            grade.cutoff_of(group)
            for grade in scheme.grades[:-1]
            if grade.has_line
            for group in scheme.classes or (None,)
        }
    )


def _above_nothing(result: Assessment) -> np.ndarray:
    """The lines in ticks, but for those that everyone reaches."""
    return result.engine.cutoffs[result.engine.cutoffs > NO_LINE]


def grade_legend(figure: Any, result: Assessment, language: str) -> None:
    from matplotlib.patches import Patch

    colours = grade_colours(result)
    handles = [Patch(color=colours[g.id], label=g.label.of(language)) for g in result.scheme.grades]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)


def _legend_above(figure: Any, axes: Any) -> None:
    """The legend of these axes above all, where it covers no data."""
    handles, labels = axes.get_legend_handles_labels()
    columns = 2 if len(labels) > 4 or sum(map(len, labels)) > LEGEND_LINE else len(labels)
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)


def _left_end(values: pd.Series, cutoffs: list[float]) -> float:
    lowest = min([float(values.min()), *[c for c in cutoffs if c > 0.8 * float(values.min())]])
    return max(0.0, np.floor((lowest - 0.08 * (float(values.max()) - lowest + 1)) / 5) * 5)


def _wrap(name: str, language: str) -> str:
    import textwrap

    name = _quoted(name, language)
    if language == "zh":
        return "\n".join(textwrap.wrap(name, 5)) or name
    return "\n".join(textwrap.wrap(name, 11, break_long_words=False)) or name
