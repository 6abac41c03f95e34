"""Whether grades that are given anew go by lines that move with the scores or by lines that are
held: said by every result in the same words.

Where grades go by place, by share or by natural breaks their lines follow from the scores. A result
says "move" where each new grading found its lines anew, "held" where they stood still; nothing
where the scheme itself gives all lines in points, or no grade is given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from typing import Any, Literal, TypeVar, cast

from qtoolkit.language import Text

HowLines = Literal["move", "hold"]
LinesSaid = Literal["move", "held"]
SENTENCES: Mapping[LinesSaid, Text] = {
    "move": Text("分数线随得分移动", "lines move with the scores"),
    "held": Text("分数线不动", "lines held"),
}
Found = TypeVar("Found")
Analysis = TypeVar("Analysis", bound=Callable[..., Any])


def lines_said(lines: LinesSaid | None) -> list[Text]:
    """What a card says of it, if anything."""
    return [] if lines is None else [SENTENCES[lines]]


def marked(found: Found, lines: LinesSaid | None) -> Found:
    """A result that says how its lines go: its field `lines`, or of a table `attrs["lines"]`."""
    if is_dataclass(found) and not isinstance(found, type):
        return replace(found, **{"lines": lines})
    cast("Any", found).attrs["lines"] = lines
    return found


def says_lines(analysis: Analysis) -> Analysis:
    """An analysis of an assessment that grades by lines as the assessment does, and whose result
    says so."""

    @functools.wraps(analysis)
    def ask(result: Any, *args: Any, **kwargs: Any) -> Any:
        return marked(analysis(result, *args, **kwargs), result.lines)

    return cast("Analysis", ask)  # takes and gives what the analysis does


def with_breaks_held(analysis: Analysis) -> Analysis:
    """Likewise, but natural breaks are taken as they lie now for lines that stand still: they jump
    as scores move, which no proof follows."""
    said = says_lines(analysis)

    @functools.wraps(analysis)
    def ask(result: Any, *args: Any, **kwargs: Any) -> Any:
        return said(result.fixed if result.engine.breaks else result, *args, **kwargs)

    return cast("Analysis", ask)
