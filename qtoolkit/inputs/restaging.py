"""A table in which stages say something else: the values that follow, as reading combines them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.inputs.table import Table
from qtoolkit.inputs.tablereader import combined, sum_of_products


def restaged(scheme: Scheme, table: Table, said: Mapping[str, np.ndarray]) -> Table:
    """The table with other values of stages, as if they had been read.

    Parameters
    ----------
    scheme : Scheme
    table : Table
    said : mapping of stage id to ndarray of object, (n, d)
        What each stage says now, None where it says nothing; of levels a word or its share. Stages
        that are left out say what they said. Where a stage said nothing, or the value counts as
        missing, it must say nothing now.

    Returns
    -------
    Table
        `stages`, `filed` and `raw` anew: parts by their weights, then what later stages replace or
        correct, cut at the ends that the leaf's rule knows.
    """
    stages = {id: said.get(id, values) for id, values in table.stages.items()}
    changed = np.zeros(table.raw.shape, bool)
    for id, values in said.items():
        changed |= values != table.stages[id]
    filed, raw = table.filed.copy(), table.raw.copy()
    later = [stage for stage in scheme.stages if stage.effect != "part"]
    for j in np.flatnonzero(changed.any(axis=0)).tolist():
        leaf = scheme.leaves[j]
        for k in np.flatnonzero(changed[:, j]).tolist():
            if filed[k, j] is not None and leaf.stages:
                filed[k, j] = combined(leaf, [stages[id][k, j] for id in leaf.stages])
            if table.status[k, j] == VALUE:
                told = [(stage.effect, stages[stage.id][k, j]) for stage in later]
                raw[k, j] = _final(leaf, filed[k, j], told)
    return replace(table, stages=stages, filed=filed, raw=raw)


def _final(leaf: Indicator, value: Any, told: Sequence[tuple[str, Any]]) -> Any:
    """A value after what later stages told of it, each with its effect."""
    for effect, other in told:
        if other is not None:
            value = other if effect == "replaces" else sum_of_products((1, 1), (value, other))
    low, high = leaf.leaf_rule.limits(leaf.written_for)
    if not isinstance(value, float):
        return value
    value = value if low is None else max(value, float(low))
    return value if high is None else min(value, float(high))
