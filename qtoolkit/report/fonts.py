"""The Chinese font: found in the `zhplot` package, given to matplotlib, and cut down to the
characters of a memo."""

from __future__ import annotations

import importlib.util
import io
from functools import cache
from pathlib import Path

from qtoolkit.errors import WorkError
from qtoolkit.language import say

FAMILY = "Noto Sans SC"
FILE = "NotoSansSC-Regular.ttf"
SIZES = {"font.size": 9.5, "axes.titlesize": 10, "axes.labelsize": 9.5, "legend.fontsize": 8.5}
LINES = {"axes.linewidth": 0.8, "grid.linewidth": 0.6, "figure.constrained_layout.use": True}


@cache
def chinese_font() -> Path:
    """The file of Noto Sans SC that the `zhplot` package carries; WorkError if it is not there."""
    # not imported: importing it changes matplotlib's settings
    spec = importlib.util.find_spec("zhplot")
    for folder in spec.submodule_search_locations or [] if spec else []:
        for path in sorted(Path(folder).rglob(FILE)):
            return path
    raise WorkError(
        say(
            zh="未找到中文字体{file}，请安装zhplot",
            en="the Chinese font {file} is missing: install zhplot",
            file=FILE,
        )
    )


def use() -> None:
    """Register the font in matplotlib and set the look of all figures: white grid, sizes for the
    width of an A4 page."""
    import seaborn as sns
    from matplotlib import font_manager

    if FAMILY not in font_manager.fontManager.get_font_names():
        font_manager.fontManager.addfont(chinese_font())
    fonts = {
        "font.family": "sans-serif",
        "font.sans-serif": [FAMILY, "DejaVu Sans"],
        "mathtext.fontset": "dejavusans",
    }
    ticks = {
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "figure.figsize": (6.3, 3.9),
        "patch.linewidth": 0,
    }
    sns.set_theme(style="whitegrid", rc={**fonts, **SIZES, **LINES, **ticks})


def subset(text: str) -> bytes:
    """The font as woff2 with the characters of `text` and ASCII alone."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options, out = subset.Options(flavor="woff2", hinting=False, notdef_outline=True), io.BytesIO()
    options.layout_features += ["pwid"]  # quotation marks of English width
    cutter = subset.Subsetter(options)
    cutter.populate(text=text + "".join(map(chr, range(32, 127))))
    with TTFont(chinese_font(), recalcTimestamp=False, lazy=True) as font:
        cutter.subset(font)
        subset.save_font(font, out, options)
    return out.getvalue()


def lacking(text: str) -> set[str]:
    """The characters of `text` that the font cannot show."""
    return {c for c in set(text) if ord(c) > ASCII and c.isprintable() and ord(c) not in _shown()}


@cache
def _shown() -> frozenset[int]:
    """The numbers of the characters that the font shows."""
    from fontTools.ttLib import TTFont

    with TTFont(chinese_font(), lazy=True) as font:
        return frozenset(font.getBestCmap())


ASCII = 126
INSTEAD = "〓"
"""What stands in a PDF for a character that its font lacks: the sign of printers for a type that is
not in the case."""


def code(character: str) -> str:
    """A character by its number, as tables of characters name it.

    >>> code("𠮷")
    'U+20BB7'
    """
    return f"U+{ord(character):04X}"
