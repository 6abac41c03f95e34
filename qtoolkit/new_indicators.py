"""New indicators (新增指标), of which nobody knows yet what units will get: for whom the grade
hangs on them, and what the worst is that can happen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import without_data
from qtoolkit.comparison.matching import match
from qtoolkit.display import Shown
from qtoolkit.engine import from_ticks
from qtoolkit.errors import InputError, unexpected
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.statuses import NEW
from qtoolkit.inputs.table import Table
from qtoolkit.language import Text
from qtoolkit.regions import Box
from qtoolkit.robustness import Certificates, score_range

SCENARIOS = ("full", "renormalise", "zero")
"""What all units get alike: full marks, their own share of the other points of the same group
(同组平均得分率), or nothing."""

__all__ = ["SCENARIOS", "WorstCase", "leaves_of", "untried", "worst_case"]


@dataclass(frozen=True, repr=False)
class WorstCase(Shown):
    """What :func:`worst_case` returns.

    Attributes
    ----------
    leaves : tuple of str
        The new indicators, in the scheme's order; none, and all else is empty, where there are
        none.
    unfilled : tuple of str
        Those of them for which the table has no data; of the others it has, which are left out.
    table : DataFrame, a row a unit
        grade (as graded on the data and presumptions that there are), low and high (the
        base score, in points, with no and with full marks on all new indicators),
        grade_low and grade_high (the worst and best grade that any shares of full marks on new
        indicators, the unit's own and all others', can give), depends (whether these differ),
        status ("exact": such shares are known for both; "bounds": no shares go beyond them).
    scenarios : mapping of str to Assessment
        All units alike, by :data:`SCENARIOS`; the middle one only where the group has others.
    ranges : Certificates or None
        As :func:`qtoolkit.robustness.score_range` proves them.
    """

    card_title: ClassVar[Text] = Text("新增指标的最不利情形", "The worst of new indicators")
    card_table: ClassVar[str] = "table"

    leaves: tuple[str, ...]
    unfilled: tuple[str, ...]
    table: pd.DataFrame
    scenarios: Mapping[str, Assessment]
    ranges: Certificates | None


def worst_case(
    result: Assessment,
    before: Assessment | None = None,
    exact: bool = True,
    time_limit: float = 60.0,
) -> WorstCase:
    """For whom the grade hangs on new indicators, at the scheme's points.

    Parameters
    ----------
    result : Assessment
    before : Assessment, optional
        Last year's: indicators that continue none of its are new. Without it those are, for which
        no unit has data.
    exact, time_limit
        As :func:`qtoolkit.robustness.score_range` takes them.

    Returns
    -------
    WorstCase

    Raises
    ------
    InputError
        `before` is no assessment.

    Notes
    -----
    With every new indicator at a share from 0 to 1, for each unit its own, a score never falls as
    a share rises: its ends are 0 and 1 everywhere. Under a quota a grade is the worst where the
    unit's shares are 0 and those of its rivals 1.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> old = qt.assess(
    ...     qt.Scheme.flat({"a": 100}, {"A": 80, "B": 0}), pd.DataFrame({"a": [0.9]})
    ... )
    >>> data = pd.DataFrame({"a": [0.9, 0.7], "b": [1.0, 0.5]}, index=["甲", "乙"])
    >>> now = qt.assess(qt.Scheme.flat({"a": 90, "b": 10}, {"A": 80, "B": 0}), data)
    >>> found = worst_case(now, old)
    >>> found.leaves, found.table[["low", "high", "depends"]].round(6).values.tolist()
    (('b',), [[81.0, 91.0, False], [63.0, 73.0, False]])
    """
    leaves = leaves_of(result, before)
    if not leaves:
        return WorstCase((), (), pd.DataFrame(), {}, None)
    scenarios = {
        name: untried(result, leaves, name)
        for name in SCENARIOS
        if name != "renormalise" or _has_others(result, leaves)
    }
    held = result.fixed if result.engine.breaks else result  # breaks as they lie on the data
    found = score_range(
        untried(held, leaves), Box(relative=0), "interval", exact, time_limit=time_limit
    )
    table = found.table[["grade_low", "grade_high"]].assign(
        grade=result.grades,
        low=from_ticks(scenarios["zero"].base.to_numpy()),
        high=from_ticks(scenarios["full"].base.to_numpy()),
        depends=~found.table["certain"],
        status=found.table["grades_status"],
    )
    unfilled = set(without_data(result))
    return WorstCase(
        leaves,
        tuple(id for id in leaves if id in unfilled),
        table[["grade", "low", "high", "grade_low", "grade_high", "depends", "status"]],
        scenarios,
        found,
    )


def leaves_of(result: Assessment, before: Assessment | None = None) -> tuple[str, ...]:
    """The new indicators: those for which the table has no column, and with last year's assessment
    those that continue none of its indicators.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> data = pd.DataFrame({"a": [0.9]})
    >>> leaves_of(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 80, "B": 0}), data))
    ()
    """
    if before is not None and not isinstance(before, Assessment):
        want = Text("assess 的返回值", "a result of assess")
        raise InputError(unexpected(type(before).__name__, want, "before"))
    unknown = (result.table.status == NEW).all(axis=0)
    fresh = {leaf.id for leaf, new in zip(result.scheme.leaves, unknown, strict=True) if new}
    if before is not None:
        links = match(before.scheme, result.scheme).table
        fresh |= set(links.loc[links["kind"] == "new", "after"])
    return tuple(leaf.id for leaf in result.scheme.leaves if leaf.id in fresh)


def untried(result: Assessment, leaves: Collection[str], gives: str = "zero") -> Assessment:
    """The assessment as if the table said nothing of some indicators.

    Parameters
    ----------
    result : Assessment
    leaves : collection of str
        Ids; what the table says of them (values, stages, statuses, tasks) is left out.
    gives : {"full", "renormalise", "zero"}
        What an indicator without data gives, as the scheme's `missing.new` would say it.

    Raises
    ------
    InputError
        An id of no indicator; `gives` is none of these; nothing to share points out to.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> data = pd.DataFrame({"a": [0.9], "b": [1.0]})
    >>> now = qt.assess(qt.Scheme.flat({"a": 90, "b": 10}, {"A": 80, "B": 0}), data)
    >>> untried(now, ["b"]).scores.tolist()
    [81.0]
    """
    known = {leaf.id: j for j, leaf in enumerate(result.scheme.leaves)}
    columns = [known[result.scheme.indicator(id).id] for id in leaves]
    scheme = change(result.scheme, {"missing.new": gives})
    return result.anew(scheme, _without(result.table, columns, set(leaves)))


def _without(table: Table, columns: list[int], leaves: set[str]) -> Table:
    """The table with nothing said of some leaves."""

    def blank(values: np.ndarray, nothing: Any) -> np.ndarray:
        values = values.copy()
        values[:, columns] = nothing
        return values

    return replace(
        table,
        raw=blank(table.raw, None),
        filed=blank(table.filed, None),
        status=blank(table.status, NEW),
        errors=blank(table.errors, np.nan),
        stages={id: blank(values, None) for id, values in table.stages.items()},
        tasks=table.tasks[~table.tasks["leaf"].isin(leaves)],
    )


def _has_others(result: Assessment, leaves: Collection[str]) -> bool:
    """Whether every group with a new indicator has one with points that is not new."""
    groups = [node for node in result.scheme.nodes if not node.is_leaf]
    parents = [[node.id for node in group.children] for group in groups]
    siblings = [*parents, [node.id for node in result.scheme.indicators]]
    return all(set(group) - set(leaves) for group in siblings)
