"""What can be measured of a figure's look: names apart from one another, the mark of synthetic data
over nothing, nothing beyond the edge, true minus signs, plain numbers on colour bars. Boxes come
from matplotlib's own renderer."""

import itertools
import re
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

import qtoolkit as qt
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.report import change_figures, fairness_figures, figures
from qtoolkit.report.picture import STRIP, mark_synthetic
from qtoolkit.robustness import Certificates, TransferMap

SLACK = 0.6  # points: boxes of letters that touch


@cache
def assessed(name):
    folder = packaged_cases() / name
    case = qt.read_case(scheme=folder / "scheme.yaml", data=folder / "data.csv")
    return qt.assess(case.scheme, case.table)


def region(result):
    """Made-up ranges that cross every cutoff, one unit held."""
    order = result.scores.sort_values(ascending=False, kind="stable")
    table = pd.DataFrame({"score": order, "low": order - 3, "high": order + 3})
    table["certain"] = np.arange(len(order)) % 2 == 0
    table["held"] = pd.Series(None, index=order.index, dtype=object)
    table.iloc[0, table.columns.get_loc("held")] = "quota"
    table["other"] = np.arange(len(order)) % 6 == 2
    return table


def all_open(result):
    values = np.where(np.arange(len(result.scores)) % 3 == 0, np.inf, 0.0259)
    table = pd.DataFrame({"tolerance": values, "status": "exact"}, index=result.scores.index)
    return Certificates(table, {})


def moved(result, low=0.77, high=4.85):
    ids = [leaf.id for leaf in result.scheme.leaves]
    values = pd.DataFrame(np.geomspace(low, high, len(ids) ** 2).reshape(len(ids), -1), ids, ids)
    return TransferMap(values, values.astype(str), values > 0, ())


def every_figure(result, language):
    """(name, figure), drawn by functions that need nothing that is slow to compute."""
    ids = [leaf.id for leaf in result.scheme.leaves]
    names = [leaf.name.of(language) for leaf in result.scheme.leaves]
    ranks = pd.DataFrame({"rank": result.ranks, "best": 1, "worst": len(result.ranks)})
    ranks = ranks.assign(drawn_best=1, drawn_worst=len(result.ranks)).sort_values("rank")
    weights = pd.DataFrame({"nominal": 1 / len(ids), "share": 1 / len(ids), "linear": 0.5}, ids)
    weights = weights.assign(linear_low=0.1, linear_high=0.9)
    return {
        "scores": lambda: figures.scores(result, language),
        "shares": lambda: figures.shares(result, language),
        "ranges": lambda: figures.ranges(result, region(result), language),
        "tolerances": lambda: figures.tolerances(result, all_open(result), language),
        "rank_ranges": lambda: figures.rank_ranges(result, ranks, language),
        "importance": lambda: figures.importance(weights, names, language),
        "correlations": lambda: figures.correlations(result, language),
        "transfers": lambda: figures.transfers(result, moved(result), language),
    } | of_covariates(result, language)


def of_covariates(result, language):
    """The figure of fairness, where the data describe the units."""
    found = qt.fairness.compare(result)
    named = {one.id: one.name for one in result.scheme.covariates}
    if found.judged.empty:
        return {}
    return {"fairness": lambda: fairness_figures.strips(result, found, named, language)}


def finished(draw):
    """A figure as it is written to its file, laid out but not painted."""
    figure = draw()
    mark_synthetic(figure, "en")
    figure.set_dpi(200)  # letters are a little narrower or wider at other sizes
    figure.draw_without_rendering()
    return figure


SHOWN = [("city-2026", "zh"), ("city-2026", "en"), ("provinces-2008", "en"), ("tai-2001", "zh")]


@pytest.mark.parametrize(("name", "language"), SHOWN)
def test_names_stand_apart_nothing_is_cut_off_or_covered_and_minus_signs_are_true(name, language):
    for kind, draw in every_figure(assessed(name), language).items():
        figure = finished(draw)
        renderer = figure.canvas.get_renderer()
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                labels = [
                    label
                    for label in axis.get_ticklabels()
                    if label.get_text() and label.get_visible()
                ]
                boxes = [label.get_window_extent(renderer) for label in labels]
                for a, b in itertools.pairwise(boxes):
                    overlap = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
                    assert min(overlap) <= SLACK * figure.dpi / 72, kind
        whole, page = figure.get_tightbbox(renderer).padded(-0.01), figure.bbox_inches
        assert page.x0 <= whole.x0 and whole.x1 <= page.x1, kind
        assert page.y0 <= whole.y0 and whole.y1 <= page.y1, kind
        (mark,) = [text for text in figure.texts if text.get_gid() == "synthetic"]
        below = mark.get_window_extent(renderer)
        for other in [*figure.axes, *figure.legends]:
            assert not below.overlaps(other.get_tightbbox(renderer)), kind
        for legend, axes in itertools.product(figure.legends, figure.axes):
            assert not legend.get_tightbbox(renderer).overlaps(axes.get_tightbbox(renderer)), kind
        texts = [text.get_text() for text in figure.findobj(plt.Text)]
        assert not [text for text in texts if re.match(r"-\d", text)], kind
        if language == "en":
            assert not re.search("[\u4e00-\u9fff“”]", "".join(texts)), kind
        plt.close(figure)


@pytest.mark.parametrize(
    ("low", "high"), [(0.77, 4.85), (0.012, 38.0), (2.2, 4.6), (0.01, 0.01), (3.0, 3.01)]
)
def test_the_colour_bar_of_transfers_shows_plain_numbers_at_their_places(low, high):
    result = assessed("tai-2001")
    figure = finished(lambda: figures.transfers(result, moved(result, low, high), "en"))
    bar = figure.axes[1].yaxis
    assert not [label.get_text() for label in bar.get_minorticklabels() if label.get_text()]
    shown = [label.get_text() for label in bar.get_majorticklabels()]
    assert len(shown) >= 2
    assert [float(text) for text in shown] == pytest.approx(list(bar.get_majorticklocs()), rel=0.01)
    plt.close(figure)


def test_so_many_indicators_that_names_have_no_room_are_counted_instead(monkeypatch):
    result = assessed("tai-2001")
    monkeypatch.setattr(figures, "MANY_LEAVES", len(result.scheme.leaves) - 1)
    figure = finished(lambda: figures.shares(result, "en"))
    assert not [label for label in figure.axes[0].get_xticklabels() if label.get_text()]
    assert str(len(result.scheme.leaves)) in figure.axes[0].get_xlabel()
    plt.close(figure)


def luminance(shade):
    """The relative luminance of WCAG 2.2."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(shade)]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_every_bar_stands_out_from_the_page():
    """WCAG 2.2, 1.4.11: a contrast of 3 between what carries meaning, or its edge, and white."""
    bars = 0
    for kind, draw in every_figure(assessed("city-2026"), "zh").items():
        figure = finished(draw)
        for bar in itertools.chain(*(axes.patches for axes in figure.axes)):
            edge = [bar.get_edgecolor()] if bar.get_linewidth() else []
            seen = [colour for colour in (bar.get_facecolor(), *edge) if colour[3]]
            assert max(1.05 / (luminance(colour[:3]) + 0.05) for colour in seen) >= 3, kind
            bars += 1
        plt.close(figure)
    assert bars > 100


@pytest.mark.parametrize("colour", figures.SHADES)
def test_text_on_a_tile_can_be_read(colour):
    """The contrast of WCAG 2.2 between a tile and its text, for large or bold type at least 3."""
    light, dark = sorted((luminance(colour), luminance(change_figures.ink(colour))), reverse=True)
    other = {"white": "#111111", "#111111": "white"}[change_figures.ink(colour)]
    assert (light + 0.05) / (dark + 0.05) >= 4.2
    light_other, dark_other = sorted((luminance(colour), luminance(other)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= (light_other + 0.05) / (dark_other + 0.05) - 0.01


def test_no_figure_is_higher_than_a_page_of_the_word_file_has_room_for():
    """Its text is 225 mm high and 156 mm wide (word.py: A4 less margins); a heading of two lines of
    28 points and a caption (12 points and 14 around it) stand on the same page."""
    room = (225 - (2 * 28 + 12 + 14 + 6) * 25.4 / 72) / 25.4
    for kind, draw in every_figure(assessed("city-2026"), "zh").items():
        figure = finished(draw)
        width, height = figure.get_size_inches()
        assert height * (156 / 25.4) / width < room, kind
        plt.close(figure)
    for n in (1, 16, figures.MANY, figures.MANY + 1, 3000):
        figure, _ = figures.units_axes(n, extra=2.1)
        assert (figure.get_size_inches()[1] + STRIP) * (156 / 25.4) / figure.get_size_inches()[
            0
        ] < room
        plt.close(figure)
