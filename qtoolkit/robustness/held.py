"""Proofs where lines follow from the scores by natural breaks: for the lines as they lie now."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

Analysis = TypeVar("Analysis", bound=Callable[..., Any])


def with_breaks_held(analysis: Analysis) -> Analysis:
    """An analysis of an assessment that takes natural breaks as they lie now for lines that stand
    still: they jump as scores move, which no proof follows."""

    @functools.wraps(analysis)
    def ask(result: Any, *args: Any, **kwargs: Any) -> Any:
        return analysis(result.fixed if result.engine.breaks else result, *args, **kwargs)

    return cast("Analysis", ask)  # takes and gives what the analysis does
