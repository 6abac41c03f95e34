"""Which indicators of two schemes are the same: by id, or as this year's `previous` declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.display import Shown
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.table import Table
from qtoolkit.inputs.treatments import Outliers
from qtoolkit.language import Text

NONE = Outliers()


@dataclass(frozen=True, repr=False)
class Matching(Shown):
    """What :func:`match` finds.

    Attributes
    ----------
    table : DataFrame
        One row a link of an indicator before and one after, in the order of the new tree, dropped
        ones last: kind ("kept", "renamed", "split", "merged", "new", "dropped"), before, after (ids
        or None), points_before, points_after (of the leaves; NaN where there is none).
    twins : mapping of after id to before id
        Kept and renamed leaves.
    shared : frozenset of after ids
        Twins whose data mean the same in both years: the same kind of rule, unit of measure and
        levels.
    unknown : tuple of (id, previous id)
        Declared previous indicators that the earlier scheme does not have.
    ignored : tuple of (id, previous id)
        Declared previous indicators of a leaf that is matched by its own id, which its `previous`
        does not name.
    """

    card_title: ClassVar[Text] = Text("两年指标的对应", "Which indicators correspond")

    table: pd.DataFrame
    twins: dict[str, str]
    shared: frozenset[str]
    unknown: tuple[tuple[str, str], ...]
    ignored: tuple[tuple[str, str], ...]

    @property
    def share(self) -> float:
        """The share of the later points on leaves that continue earlier ones."""
        leaves = self.table.dropna(subset="points_after").drop_duplicates("after")
        return float(
            leaves.loc[leaves["kind"] != "new", "points_after"].sum() / leaves["points_after"].sum()
        )


def match(before: Scheme, after: Scheme, data: tuple[Table, Table] | None = None) -> Matching:
    """Match the leaves of two schemes. A leaf with the id of an earlier leaf continues it, and
    others besides where its `previous` names itself and them; a leaf with a new id continues what
    its `previous` names (of an inner node, all leaves). With the data of both, leaves whose levels
    differ are shared where only levels occur that both know.

    >>> old, new = (
    ...     Scheme.flat(points, {"A": 0}) for points in ({"a": 60, "b": 40}, {"a": 50, "c": 50})
    ... )
    >>> match(old, new).table[["kind", "before", "after"]].values.tolist()
    [['kept', 'a', 'a'], ['new', None, 'c'], ['dropped', 'b', None]]
    """
    claims, unknown, ignored = _claims(before, after)
    heirs = {
        leaf.id: [name for name, ids in claims.items() if leaf.id in ids] for leaf in before.leaves
    }
    twins = {
        name: ids[0] for name, ids in claims.items() if len(ids) == 1 and len(heirs[ids[0]]) == 1
    }
    table = _links(before, after, claims, heirs, twins)
    return Matching(
        table, twins, _shared(before, after, twins, data), tuple(unknown), tuple(ignored)
    )


def _claims(
    before: Scheme, after: Scheme
) -> tuple[dict[str, list[str]], list[tuple[str, str]], list[tuple[str, str]]]:
    """The earlier leaves that each later leaf continues; what it declares in vain, because the
    earlier scheme does not have it or because the leaf goes by its own id."""
    earlier = {leaf.id for leaf in before.leaves}
    below = {node.id: [leaf.id for leaf in node.walk() if leaf.is_leaf] for node in before.nodes}
    claims: dict[str, list[str]] = {}
    unknown: list[tuple[str, str]] = []
    ignored: list[tuple[str, str]] = []
    for leaf in after.leaves:
        by_own_id = leaf.id in earlier and leaf.id not in leaf.previous
        declared = [leaf.id] if by_own_id else leaf.previous
        unknown += [(leaf.id, id) for id in declared if id not in below]
        ignored += [(leaf.id, id) for id in leaf.previous if id not in declared]
        claims[leaf.id] = list(dict.fromkeys(id for name in declared for id in below.get(name, [])))
    return claims, unknown, ignored


def _links(
    before: Scheme,
    after: Scheme,
    claims: dict[str, list[str]],
    heirs: dict[str, list[str]],
    twins: dict[str, str],
) -> pd.DataFrame:
    """One row a link between leaves, as :class:`Matching` says."""
    points = {leaf.id: leaf.full_points for leaf in before.leaves}
    rows: list[tuple[str, str | None, str | None, float, float]] = []
    for leaf in after.leaves:
        kind = _kind(leaf.id, claims[leaf.id], twins)
        for id in claims[leaf.id]:
            rows.append((kind, id, leaf.id, points[id], leaf.full_points))
        if not claims[leaf.id]:
            rows.append((kind, None, leaf.id, np.nan, leaf.full_points))
    rows += [("dropped", id, None, points[id], np.nan) for id, names in heirs.items() if not names]
    table = pd.DataFrame(rows, columns=["kind", "before", "after", "points_before", "points_after"])
    names = table[["before", "after"]]
    table[["before", "after"]] = names.astype(object).where(names.notna(), None)
    return table


def _kind(id: str, continues: list[str], twins: dict[str, str]) -> str:
    """What became of the earlier leaves that a later leaf continues."""
    if not continues:
        return "new"
    if len(continues) > 1:
        return "merged"
    if id not in twins:
        return "split"
    return "kept" if twins[id] == id else "renamed"


def _shared(
    before: Scheme, after: Scheme, twins: dict[str, str], data: tuple[Table, Table] | None
) -> frozenset[str]:
    """Twins whose data mean the same in both years."""
    old = {leaf.id: leaf for leaf in before.leaves}
    new = {leaf.id: leaf for leaf in after.leaves}

    def levels(name: str, id: str) -> set[Any] | None:
        if data is None:
            return None
        return _levels_in(before, id, data[0]) | _levels_in(after, name, data[1])

    return frozenset(
        name for name, id in twins.items() if same_measure(old[id], new[name], levels(name, id))
    )


def _levels_in(scheme: Scheme, id: str, table: Table) -> set[Any]:
    """The values of a leaf that occur."""
    return set(table.raw[:, [leaf.id for leaf in scheme.leaves].index(id)]) - {None}


def same_measure(a: Indicator, b: Indicator, seen: set[Any] | None = None) -> bool:
    """Whether raw data of one leaf can be scored by the other's rule: what is counted, and against
    whose target; of levels, those `seen`, or all."""
    if a.unit and b.unit and a.unit != b.unit:
        return False
    same_scale = (a.outliers or NONE).log == (b.outliers or NONE).log
    return same_scale and a.leaf_rule.reads(b.leaf_rule, seen)
