"""The one engine: scores, finishing, ranks and grades, for one assessment or a million draws. numpy
only."""

from qtoolkit.engine.affine import affine, bounds, bracket
from qtoolkit.engine.alone import grade_alone, set_grades
from qtoolkit.engine.core import (
    Engine,
    RivalStep,
    Tree,
    finish,
    grade,
    held,
    node_scores,
    rank,
    score,
    score_grades,
    shifted,
    steps,
)
from qtoolkit.engine.ratio import ratio_extreme, ratio_lines
from qtoolkit.engine.ticks import TICK, from_ticks, to_ticks

__all__ = [
    "TICK",
    "Engine",
    "RivalStep",
    "Tree",
    "affine",
    "bounds",
    "bracket",
    "finish",
    "from_ticks",
    "grade",
    "grade_alone",
    "held",
    "node_scores",
    "rank",
    "ratio_extreme",
    "ratio_lines",
    "score",
    "score_grades",
    "set_grades",
    "shifted",
    "steps",
    "to_ticks",
]
