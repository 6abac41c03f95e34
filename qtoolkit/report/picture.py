"""A figure as the bytes of a picture."""

from __future__ import annotations

import io
from typing import Any

from qtoolkit.language import Text
from qtoolkit.report.blocks import Chart

DOTS = 200  # per inch
COLOURS = 256  # of a picture: a third of the bytes, and no eye sees it


def picture(chart: Chart, language: str, synthetic: bool = False) -> bytes:
    """The chart as PNG, marked where the data are synthetic; the same bytes for the same data."""
    import matplotlib.pyplot as plt
    from PIL import Image

    figure = chart.draw(language)
    if synthetic:
        mark_synthetic(figure, language)
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS, metadata={"Software": None})
    plt.close(figure)
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(small, format="PNG", optimize=True, dpi=(DOTS, DOTS))
    return small.getvalue()


STRIP = 0.17  # inches below a figure, kept for the mark of synthetic data


def mark_synthetic(figure: Any, language: str) -> None:
    """Say at the lower left that the data are synthetic, in a strip of its own below what the
    figure draws."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + STRIP)
    share = STRIP / (height + STRIP)
    engine = figure.get_layout_engine()
    # a figure of another hand may lay itself out otherwise
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, share, 1, 1 - share))
    mark = Text("模拟数据", "synthetic data").of(language)
    figure.text(
        0.005, 0.005, mark, fontsize=7, color="#777777", ha="left", va="bottom", gid="synthetic"
    )
