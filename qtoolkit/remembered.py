"""Analyses of one assessment that several views and cells ask for, computed once."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import pandas as pd

Analysis = TypeVar("Analysis", bound=Callable[..., Any])


def remembered(analysis: Analysis) -> Analysis:
    """An analysis whose answer is kept with the assessment that it is of: asked again with the same
    arguments it is not computed anew; an `executor` given by name is no part of the question. What
    is handed out is a copy, so that nobody changes what the next one gets.

    >>> from types import SimpleNamespace
    >>> calls = []
    >>> @remembered
    ... def doubled(result, by=2):
    ...     calls.append(by)
    ...     return pd.Series([result.x * by])
    >>> result = SimpleNamespace(x=3)
    >>> (
    ...     *(
    ...         int(x.iloc[0])
    ...         for x in (doubled(result), doubled(result), doubled(result, by=5))
    ...     ),
    ...     calls,
    ... )
    (6, 6, 15, [2, 5])
    """

    @functools.wraps(analysis)
    def ask(result: Any, *args: Any, **kwargs: Any) -> Any:
        asked = {name: value for name, value in kwargs.items() if name != "executor"}
        key = (analysis.__module__, analysis.__qualname__, args, tuple(sorted(asked.items())))
        try:
            hash(key)
        except TypeError:  # an argument that may change, such as a list of vectors
            return analysis(result, *args, **kwargs)
        kept = result.__dict__.setdefault("_remembered", {})
        if key not in kept:
            kept[key] = analysis(result, *args, **kwargs)
        return _copy(kept[key])

    return cast("Analysis", ask)  # takes and gives what the analysis does


def _copy(found: Any) -> Any:
    """A table, or certificates with their witnesses, that can be changed without harm."""
    if isinstance(found, pd.DataFrame | pd.Series):
        return found.copy()
    witnesses = {side: frame.copy() for side, frame in found.witnesses.items()}
    return dataclasses.replace(found, table=found.table.copy(), witnesses=witnesses)
