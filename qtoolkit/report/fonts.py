"""The Chinese font: found in the `zhplot` package, given to matplotlib, and cut down to the characters of a memo."""

from __future__ import annotations

import importlib.util
import io
from functools import cache
from pathlib import Path

from qtoolkit.errors import WorkError
from qtoolkit.language import say

FAMILY = "Noto Sans SC"
FILE = "NotoSansSC-Regular.ttf"


@cache
def chinese_font() -> Path:
    """The file of Noto Sans SC that the `zhplot` package carries.

    Raises
    ------
    WorkError
        If the package or its font file is not installed.
    """
    spec = importlib.util.find_spec("zhplot")  # not imported: importing it changes matplotlib's settings
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).rglob(FILE)):
            return path
    raise WorkError(
        say(
            zh="未找到中文字体{file}，请安装zhplot软件包",
            en="the Chinese font {file} was not found; install the zhplot package",
            file=FILE,
        )
    )


def use() -> None:
    """Register the font in matplotlib and set the look of all figures: white grid, sizes for A4 print."""
    import seaborn as sns
    from matplotlib import font_manager

    if FAMILY not in font_manager.fontManager.get_font_names():
        font_manager.fontManager.addfont(chinese_font())
    sizes = {"axes.titlesize": 10, "axes.labelsize": 9.5, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5}
    look = {"figure.figsize": (6.3, 3.9), "figure.dpi": 100, "figure.constrained_layout.use": True, "axes.linewidth": 0.8}
    families = {
        "font.family": "sans-serif",
        "font.sans-serif": [FAMILY, "DejaVu Sans"],
        "mathtext.fontset": "dejavusans",
        "axes.unicode_minus": True,
    }
    legend = {"font.size": 9.5, "legend.fontsize": 8.5, "legend.title_fontsize": 8.5, "grid.linewidth": 0.6}
    sns.set_theme(style="whitegrid", palette="deep", rc={**families, **sizes, **look, **legend})


def subset(text: str) -> bytes:
    """The font as woff2 with the characters of `text` and ASCII alone; the same bytes for the same characters."""
    from fontTools import subset as cutter
    from fontTools.ttLib import TTFont

    options = cutter.Options(flavor="woff2", hinting=False, notdef_outline=True)
    tool = cutter.Subsetter(options)
    tool.populate(text=text + "".join(map(chr, range(32, 127))))
    out = io.BytesIO()
    with TTFont(chinese_font(), recalcTimestamp=False, lazy=True) as font:
        tool.subset(font)
        cutter.save_font(font, out, options)
    return out.getvalue()
