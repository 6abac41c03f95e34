"""Figures of fairness: scores beside what units are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import in_order
from qtoolkit.fairness import Fairness
from qtoolkit.language import Text
from qtoolkit.report import fonts
from qtoolkit.report.choosing import BARS
from qtoolkit.report.figures import DARK, ORANGE, cutoffs_of
from qtoolkit.report.wording import label_of

PANELS, ACROSS = 8, 4  # covariates that are drawn, and how many side by side
GROUPS = 4  # of a covariate, half of them with the highest, half with the lowest means
SKEWED = 20  # how many times the least the most must be for a logarithmic axis
TITLE = {"zh": 11, "en": 22}  # characters of a panel's title on one line
NAME = {"zh": 4, "en": 7}  # characters of a group's name


def strips(result: Assessment, found: Fairness, named: Mapping[str, Text], language: str) -> Any:
    """Scores of all units against each covariate that is judged, means of the groups as lines,
    cutoffs dashed."""
    import matplotlib.pyplot as plt

    fonts.use()
    ids = found.judged.index[in_order(found.judged["chance"], falling=False)[:PANELS]]
    ids = [id for id in found.judged.index if id in ids]
    rows, across = -(-len(ids) // ACROSS), min(len(ids), ACROSS)
    figure, panels = plt.subplots(
        rows, across, figsize=(6.6, 0.4 + 1.5 * rows), sharey=True, squeeze=False
    )
    for axes in panels.flat[len(ids) :]:
        axes.set_visible(False)
    for axes, id in zip(panels.flat, ids, strict=False):
        groups = found.groups[(found.groups["covariate"] == id) & found.groups["compared"]]
        draw = _halves if found.table.at[id, "kind"] == "halves" else _strips
        draw(axes, result, groups, id, language)
        low, high = axes.get_ylim()
        for cutoff in cutoffs_of(result):
            if low <= cutoff <= high:
                axes.axhline(cutoff, color="#333333", linewidth=0.8, linestyle="--", zorder=1.5)
        axes.set_title(_wrapped(named[id].of(language), language), fontsize=7.5)
        axes.tick_params(labelsize=6.5)
    for axes in panels[:, 0]:
        axes.set_ylabel(label_of("score", language), fontsize=8)
    return figure


def _dots(axes: Any, x: Any, scores: pd.Series) -> None:
    axes.plot(
        x,
        scores,
        "o",
        color=DARK,
        alpha=0.75 if len(scores) <= BARS else 0.25,
        markersize=3.2 if len(scores) <= BARS else 1.2,
        markeredgewidth=0,
        rasterized=len(scores) > BARS,
    )


def _halves(axes: Any, result: Assessment, groups: pd.DataFrame, id: str, language: str) -> None:
    """Scores against a number, and the mean of each half over its range."""
    numbers = result.table.covariates[id].astype(float)
    known = numbers.dropna()
    if known.min() > 0 and known.max() > SKEWED * known.min():
        axes.set_xscale("log")
    else:
        axes.xaxis.get_major_locator().set_params(nbins=4)
    _dots(axes, known, result.scores[known.index])
    axes.hlines(groups["mean"], groups["least"], groups["most"], color=ORANGE, linewidth=1.6)
    axes.grid(axis="x", visible=False)


def _strips(axes: Any, result: Assessment, groups: pd.DataFrame, id: str, language: str) -> None:
    """Scores of each group, the highest mean first, and its mean."""
    groups = groups.iloc[in_order(groups["mean"])]
    if len(groups) > GROUPS:
        groups = pd.concat([groups.head(GROUPS // 2), groups.tail(GROUPS // 2)])
    values = result.table.covariates[id]
    described = [one for one in result.scheme.covariates if one.id == id]
    names = []
    for place, (group, mean) in enumerate(zip(groups["group"], groups["mean"], strict=True)):
        scores = result.scores[values == group]
        _dots(axes, np.full(len(scores), place), scores)
        axes.hlines(mean, place - 0.25, place + 0.25, color=ORANGE, linewidth=1.6)
        name = (described[0].label(group) if described else Text(group, group)).of(language)
        names.append(name if len(name) <= NAME[language] else name[: NAME[language] - 1] + "…")
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.grid(axis="x", visible=False)


def _wrapped(name: str, language: str) -> str:
    """A title on two lines at most."""
    long = TITLE[language]
    if len(name) <= long:
        return name
    if language == "zh":
        cut = name.find("（") if 0 < name.find("（") <= long else long
        return f"{name[:cut]}\n{name[cut : cut + long]}"
    import textwrap

    return "\n".join(textwrap.wrap(name, long)[:2])
