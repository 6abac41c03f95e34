"""Mixed assessments: some parts of one assessment, the others of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.comparison.matching import Matching
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Bonus, Grade, Indicator, Order, Scheme, Veto
from qtoolkit.inputs.statuses import BLANKS, NEW, NOT_APPLICABLE, STATUS_NAMES, VALUE
from qtoolkit.inputs.table import Table
from qtoolkit.inputs.tasks import no_tasks
from qtoolkit.inputs.treatments import LeafMissing
from qtoolkit.language import Text

FACTORS = ("data", "points", "cutoffs", "vetoes")
"""What two years differ in: the data; the tree, its points and rules; cutoffs, quotas, classes and
rounding; vetoes and bonus."""
FACTOR_PARTS = {
    "data": ("data",),
    "points": ("points", "rules"),
    "cutoffs": ("cutoffs", "quotas", "classes", "rounding"),
    "vetoes": ("vetoes", "bonus"),
}
"""Of each factor the parts that can be taken by themselves: the data; points; rules with means,
treatments and the tree; lines; places with ties and the last; classes of units; rounding with what
ranks go by; vetoes with their marks; points outside the total with their caps."""
FINE = tuple(part for parts in FACTOR_PARTS.values() for part in parts)
PLACES = ("quota", "ties", "within", "last")
NONE_MATCHED = Text(
    "两个方案没有一项指标对应；编号改变的指标，请在 previous 中写明往年对应指标",
    "no indicator of one scheme corresponds to one of the other: where ids have changed, say in "
    "`previous` what each continues",
)
CELLS = ("raw", "status", "targets", "baselines", "errors", "filed")


def mixed(
    before: Assessment, after: Assessment, matching: Matching, new: frozenset[str] | set[str]
) -> Assessment:
    """An assessment with the parts in `new` (of `FINE`) from `after` and the others from `before`,
    both of the same units in the same order; see :func:`mixture`."""
    scheme, table = mixture(Side.of(before), Side.of(after), matching, new)
    return (after if "cutoffs" in new else before).anew(scheme, table)


def parts_of(factors: Iterable[str]) -> frozenset[str]:
    """The fine parts of some factors.

    >>> sorted(parts_of(["data", "vetoes"]))
    ['bonus', 'data', 'vetoes']
    """
    return frozenset(part for factor in factors for part in FACTOR_PARTS[factor])


@dataclass(frozen=True)
class Side:
    """A scheme and its data, one of the two that are mixed."""

    scheme: Scheme
    table: Table

    @classmethod
    def of(cls, result: Assessment) -> Side:
        """What was assessed."""
        return cls(result.scheme, result.table)


def mixture(
    before: Side, after: Side, matching: Matching, new: frozenset[str] | set[str]
) -> tuple[Scheme, Table]:
    """A scheme and its data with the parts in `new` from `after` and the others from `before`.

    Parts that :func:`together` says cannot be told apart must come from one side. An indicator
    whose data stand in one year only takes the column of the year of its rules whatever the part
    data says. The total is that of the cutoffs: a step of rounding is so many decimals of a point
    of its own scheme and has no counterpart in most other totals, while points do. So with unequal
    totals the points of the tree, what its rules and data say in points, and points outside the
    total are restated as the same shares of that total; cutoffs and rounding stand as written.
    """
    pick = {part: after if part in new else before for part in FINE}
    tree, lines = pick["rules"].scheme, pick["cutoffs"].scheme
    rounding, vetoes, outside = (pick[name].scheme for name in ("rounding", "vetoes", "bonus"))
    ratio = lines.total / outside.total
    data: dict[str, Any] = {
        "total": lines.total,
        "rounding": rounding.rounding,
        "grades": _grades(lines, pick["quotas"].scheme),
        "classes": pick["classes"].scheme.classes,
        "rank_on": rounding.rank_on,
        "vetoes": _vetoes(vetoes, lines),
        "bonuses": tuple(_bonus_in_points_of(bonus, ratio) for bonus in outside.bonuses),
        "order": Order(
            rounding=rounding.order.rounding, cap=outside.order.cap, veto=vetoes.order.veto
        ),
    }
    outer = ("bonus_cap", "deduction_cap", "cap", "floor")
    data |= {key: _times(getattr(outside, key), ratio) for key in outer}
    other = before if pick["rules"] is after else after
    nodes = tuple(_lenient(node, tree, other.scheme, matching) for node in tree.indicators)
    if pick["points"] is not pick["rules"]:
        nodes = tuple(_with_points_of(node, other.scheme) for node in nodes)
    data["indicators"] = tuple(_in_points_of(node, lines.total / tree.total) for node in nodes)
    leaves = tuple(leaf for node in nodes for leaf in node.walk() if leaf.is_leaf)
    return tree.model_copy(update=data), _table(pick, leaves, after, matching)


def together(before: Scheme, after: Scheme, matching: Matching) -> dict[str, str]:
    """The parts of a mixture that cannot be told apart from another, each with the part that it
    goes with."""
    joined = {}
    if before.total != after.total or not _same_tree(before, after, matching):
        joined["rules"] = "points"
    if before.total != after.total:
        joined["rounding"] = "cutoffs"
    if _kinds(before) != _kinds(after):
        joined["quotas"] = "cutoffs"
    return joined


def _kinds(scheme: Scheme) -> list[tuple[str, str]]:
    """The grades, and what sets each."""
    return [(grade.id, grade.by) for grade in scheme.grades]


def _same_tree(before: Scheme, after: Scheme, matching: Matching) -> bool:
    """Whether two schemes have the same indicators in the same places."""
    trees = [
        [(node.id, [child.id for child in node.children]) for node in scheme.nodes]
        for scheme in (before, after)
    ]
    return trees[0] == trees[1] and all(
        matching.twins.get(leaf.id) == leaf.id for leaf in after.leaves
    )


def _grades(lines: Scheme, quotas: Scheme) -> tuple[Grade, ...]:
    """The grades of `lines` with the places of `quotas`."""
    if lines is quotas:
        return lines.grades
    return tuple(
        grade.model_copy(update={name: getattr(other, name) for name in PLACES})
        for grade, other in zip(lines.grades, quotas.grades, strict=True)
    )


def _with_points_of(node: Indicator, other: Scheme) -> Indicator:
    """An indicator with the points that the other scheme, of the same tree, gives it. What its rule
    says in points stays written for what it was, or, where each scheme writes for its own points,
    is written for the other's."""
    there = other.indicator(node.id)
    if not node.is_leaf:
        children = tuple(_with_points_of(child, other) for child in node.children)
        return node.model_copy(update={"points": there.points, "children": children})
    kept = node.written_for or None
    out_of = there.out_of if written_for_own_points(node, there) else kept
    return node.model_copy(update={"points": there.points, "out_of": out_of})


def written_for_own_points(a: Indicator, b: Indicator) -> bool:
    """Whether the rules of both leaves are written for the points that the leaves have."""
    return a.written_for == a.full_points and b.written_for == b.full_points


def _times(value: float | None, ratio: float) -> float | None:
    return value if value is None or ratio == 1 else value * ratio


def _bonus_in_points_of(bonus: Bonus, ratio: float) -> Bonus:
    """A bonus item with its points multiplied."""
    return bonus if ratio == 1 else bonus.model_copy(update={"max": bonus.max * ratio})


def _in_points_of(node: Indicator, ratio: float) -> Indicator:
    """An indicator with all that it and those below it say in points multiplied: under a total ten
    times as large a deduction is, too."""
    if ratio == 1:
        return node
    update: dict[str, Any] = {
        "points": _times(node.points, ratio),
        "out_of": _times(node.out_of, ratio),
    }
    if not node.is_leaf:
        update["children"] = tuple(_in_points_of(child, ratio) for child in node.children)
        return node.model_copy(update=update)
    rule = node.leaf_rule
    numbers = {name: _times(getattr(rule, name), ratio) for name in rule.points_fields}
    return node.model_copy(update=update | {"rule": rule.model_copy(update=numbers)})


def _vetoes(outside: Scheme, lines: Scheme) -> tuple[Veto, ...]:
    """Vetoes with their caps in the words of other grades, place by place from the worst; where the
    numbers of grades differ from the worst up as far as they go (scores do not depend on it, and
    grades are then not decomposed)."""
    old, new = ([g.id for g in reversed(scheme.grades)] for scheme in (outside, lines))
    if old == new:
        return outside.vetoes
    place = {id: new[min(i, len(new) - 1)] for i, id in enumerate(old)}
    return tuple(
        veto if veto.cap is None else veto.model_copy(update={"cap": place[veto.cap]})
        for veto in outside.vetoes
    )


def _lenient(node: Indicator, tree: Scheme, other: Scheme, matching: Matching) -> Indicator:
    """A leaf that treats blanks of the other year's data as that year did, where its own scheme
    does not say how."""
    if not node.is_leaf:
        return node.model_copy(
            update={
                "children": tuple(_lenient(child, tree, other, matching) for child in node.children)
            }
        )
    twins = matching.twins | {old: new for new, old in matching.twins.items()}
    twin = twins.get(node.id)
    if twin is None:
        return node
    there, update = other.indicator(twin), {}
    for meaning in BLANKS:
        name = STATUS_NAMES[meaning]
        own = getattr(node.missing, name) or getattr(tree.missing, name)
        if own == "fail":
            update[name] = getattr(there.missing, name) or getattr(other.missing, name)
    return (
        node.model_copy(update={"missing": node.missing.model_copy(update=update)})
        if update
        else node
    )


def _table(
    pick: Mapping[str, Side], leaves: Sequence[Indicator], after: Side, matching: Matching
) -> Table:
    """The data for these leaves of the tree: each one's column from the side of the data, where it
    has one."""
    home, source, outside = pick["rules"], pick["data"], pick["bonus"]
    cells = _cells(home, source, leaves, home is after, matching)
    covariates = source.table.covariates
    missing = home.table.covariates.columns.difference(covariates.columns)
    covariates = covariates.join(home.table.covariates[missing]) if len(missing) else covariates
    # it says which cutoffs and quotas apply
    if "class" in (classes := pick["classes"].table.covariates):
        covariates = covariates.assign(**{"class": classes["class"]})
    elif "class" in covariates:
        covariates = covariates.drop(columns="class")
    total = pick["cutoffs"].scheme.total
    _in_total(cells, home.scheme, total)
    return replace(
        home.table,
        **cells,
        stages={},
        plans={},
        tasks=no_tasks(),
        covariates=covariates,
        remarks=source.table.remarks,
        vetoes=pick["vetoes"].table.vetoes,
        bonuses=outside.table.bonuses * (total / outside.scheme.total),
    )


def _cells(
    home: Side, source: Side, leaves: Sequence[Indicator], home_is_after: bool, matching: Matching
) -> dict[str, Any]:
    """What `source` says of the leaves of `home`, and `home` of those of which `source` says
    nothing, in points of the total of `home`."""
    cells = {name: getattr(home.table, name).copy() for name in CELLS}
    number = {leaf.id: j for j, leaf in enumerate(source.scheme.leaves)}
    for j, (leaf, origin) in enumerate(zip(leaves, home.scheme.leaves, strict=True)):
        ratio = 1.0
        twin = None if home is source else _twin(leaf.id, home_is_after, matching)
        if twin is not None:
            for name in CELLS:
                cells[name][:, j] = getattr(source.table, name)[:, number[twin]]
            origin, ratio = source.scheme.indicator(twin), home.scheme.total / source.scheme.total
        _restate(cells, j, origin, leaf, ratio)
    return cells


def with_all_units(before: Side, after: Side, matching: Matching) -> tuple[Side, Side]:
    """Both sides with the same units in the same order: those of `after`, then those that left. A
    unit of one side only has that side's data on the other, too; an indicator of which they say
    nothing is one without data yet."""
    order = [*after.table.units, *(u for u in before.table.units if u not in after.table.units)]
    return (
        _with_units(before, after, order, matching, home_is_after=False),
        _with_units(after, before, order, matching, home_is_after=True),
    )


def _with_units(
    home: Side, other: Side, order: Sequence[str], matching: Matching, home_is_after: bool
) -> Side:
    """A side with the units in `order`, those that it lacks taken from the other."""
    own = {unit: k for k, unit in enumerate(home.table.units)}
    added = [unit for unit in order if unit not in own]
    if not added:
        return Side(home.scheme, home.table.take(np.array([own[unit] for unit in order])))
    number = {unit: k for k, unit in enumerate(other.table.units)}
    source = Side(other.scheme, other.table.take(np.array([number[unit] for unit in added])))
    n, d = len(added), len(home.scheme.leaves)
    unknown: dict[str, Any] = dict.fromkeys(CELLS, np.full((n, d), np.nan))
    unknown |= dict.fromkeys(("raw", "filed"), np.full((n, d), None))
    unknown["status"] = np.full((n, d), NEW, np.int8)
    blank = Side(home.scheme, replace(source.table, **unknown))
    ratio = home.scheme.total / other.scheme.total
    rows = replace(
        source.table,
        **_cells(blank, source, home.scheme.leaves, home_is_after, matching),
        vetoes=columns_of(source.table.vetoes, other.scheme.vetoes, home.scheme.vetoes),
        bonuses=columns_of(source.table.bonuses, other.scheme.bonuses, home.scheme.bonuses) * ratio,
    )
    return Side(home.scheme, _joined(home.table, rows, order))


def columns_of(
    values: np.ndarray, old: Sequence[Veto | Bonus], new: Sequence[Veto | Bonus]
) -> np.ndarray:
    """Columns of some vetoes or bonus items as columns of others: of the same id, or nothing."""
    number = {item.id: k for k, item in enumerate(old)}
    found = np.zeros((len(values), len(new)), values.dtype)
    for k, item in enumerate(new):
        if item.id in number:
            found[:, k] = values[:, number[item.id]]
    return found


def _joined(table: Table, rows: Table, order: Sequence[str]) -> Table:
    """Two tables of one scheme one below the other, with the units in `order`."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(table, name), getattr(rows, name)])
        for name in (*CELLS, "vetoes", "bonuses")
    }
    frames: dict[str, Any] = {
        name: pd.concat([getattr(table, name), getattr(rows, name)])
        for name in ("covariates", "remarks")
    }
    covariates = frames["covariates"].astype(object)
    frames["covariates"] = covariates.where(covariates.notna(), None)
    units, labels = (*table.units, *rows.units), (*table.labels, *rows.labels)
    gone: dict[str, Any] = {"stages": {}, "plans": {}, "tasks": no_tasks()}
    both = replace(table, **arrays, **frames, units=units, labels=labels, **gone)
    number = {unit: k for k, unit in enumerate(both.units)}
    return both.take(np.array([number[unit] for unit in order]))


def _twin(id: str, is_after: bool, matching: Matching) -> str | None:
    """The leaf of the other year whose data this leaf can take."""
    if is_after:
        return matching.twins[id] if id in matching.shared else None
    return next((new for new in matching.shared if matching.twins[new] == id), None)


def _restate(
    cells: Mapping[str, np.ndarray], j: int, old: Indicator, new: Indicator, ratio: float
) -> None:
    """Points given directly out of one number of points as points out of another: the same share,
    or, where deductions do not scale with the leaf's points, the same deduction. `ratio` is the new
    scheme's total over the old one's: a deduction of 1 point of 100 is one of 10 points of
    1,000."""
    if not new.leaf_rule.raw_is_points or (
        old.written_for == new.written_for and (new.scales or ratio == 1)
    ):
        return
    has = cells["status"][:, j] == VALUE
    per_point = new.written_for / old.written_for if new.scales else ratio
    for name in ("raw", "filed"):
        at = has & np.array([value is not None for value in cells[name][:, j]])
        values = cells[name][at, j].astype(float)
        lost = (old.written_for - values) * per_point
        cells[name][at, j] = values * per_point if new.scales else new.written_for - lost
    cells["errors"][:, j] *= per_point


def _in_total(cells: Mapping[str, np.ndarray], scheme: Scheme, total: float) -> None:
    """Points given directly under a scheme as the same shares of another total."""
    ratio = total / scheme.total
    direct = [j for j, leaf in enumerate(scheme.leaves) if leaf.leaf_rule.raw_is_points]
    if ratio == 1:
        return
    for j in direct:
        for name in ("raw", "filed"):
            cells[name][:, j] = [_times(value, ratio) for value in cells[name][:, j]]
        cells["errors"][:, j] *= ratio


def on_points_of(before: Assessment, scheme: Scheme, matching: Matching) -> Assessment:
    """Last year's data under the points of a new scheme, all else as last year: what a points
    change alone would have done.

    A kept or renamed indicator is scored by last year's rule; a split or merged one takes the share
    of full marks of what it continues (the mean weighted by points); a new one is not scored, so
    that its points go to its siblings.

    What changes is the share of the total that each indicator has. The total itself stays last
    year's, and with it cutoffs, bonus, caps and the rounding of leaves, nodes and total, all as
    they were written: with unequal totals the new points are restated as the same shares of last
    year's total, and scores are in last year's points.

    Raises
    ------
    InputError
        No indicator of the new scheme corresponds to one of last year's.
    """
    if matching.share == 0:
        raise InputError(NONE_MATCHED)
    columns: list[dict[str, np.ndarray]] = []
    n, ratio = len(before.table.units), before.scheme.total / scheme.total

    def leaf_of(leaf: Indicator) -> Indicator:
        if leaf.id in matching.twins:
            old = before.scheme.indicator(matching.twins[leaf.id])
            j = [x.id for x in before.scheme.leaves].index(old.id)
            columns.append({name: getattr(before.table, name)[:, j] for name in CELLS})
            kept = {"id": leaf.id, "name": leaf.name, "points": leaf.full_points * ratio}
            return old.model_copy(update=kept | {"out_of": old.out_of or old.points or None})
        links = matching.table[
            (matching.table["after"] == leaf.id) & matching.table["before"].notna()
        ]
        shares = before.matrix[list(links["before"])]
        weights = shares.notna() * links["points_before"].to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = ((shares.fillna(0) * weights).sum(axis=1) / weights.sum(axis=1)).to_numpy()
        has = np.isfinite(mean)
        raw = np.array(
            [float(x) if ok else None for x, ok in zip(mean, has, strict=True)], dtype=object
        )
        nan = np.full(n, np.nan)
        columns.append(
            {
                "raw": raw,
                "status": np.where(has, VALUE, NOT_APPLICABLE),
                "targets": nan,
                "baselines": nan,
                "errors": nan,
                "filed": raw,
            }
        )
        missing = LeafMissing(not_applicable="renormalise")
        own: dict[str, Any] = {"id": leaf.id, "name": leaf.name, "points": leaf.full_points * ratio}
        return Indicator(**own, rule={"kind": "share"}, missing=missing)

    def node_of(node: Indicator) -> Indicator:
        if node.is_leaf:
            return leaf_of(node)
        children = tuple(node_of(child) for child in node.children)
        return node.model_copy(update={"points": node.full_points * ratio, "children": children})

    indicators = tuple(node_of(node) for node in scheme.indicators)
    update: dict[str, Any] = {"indicators": indicators, "aggregation": scheme.aggregation}
    kinds: dict[str, Any] = {"raw": object, "filed": object, "status": before.table.status.dtype}
    cells: dict[str, Any] = {
        name: np.stack([column[name] for column in columns], axis=1).astype(kinds.get(name, float))
        for name in CELLS
    }
    table = replace(before.table, **cells, stages={}, plans={}, tasks=no_tasks())
    return before.anew(before.scheme.model_copy(update=update), table)
