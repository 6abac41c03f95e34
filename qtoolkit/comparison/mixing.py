"""Mixed assessments: the data of one year under the points, cutoffs or vetoes of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.comparison.matching import Matching
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Bonus, Indicator, Order, Scheme, Veto
from qtoolkit.inputs.statuses import BLANKS, NOT_APPLICABLE, STATUS_NAMES, VALUE
from qtoolkit.inputs.table import Table
from qtoolkit.inputs.treatments import LeafMissing
from qtoolkit.language import Text

FACTORS = ("data", "points", "cutoffs", "vetoes")
"""What two years differ in: the data; the tree, its points and rules; cutoffs, quotas, classes and
rounding; vetoes and bonus."""
NONE_MATCHED = Text(
    "两个方案没有一项指标对应；编号改变的指标，请在 previous 中写明往年对应指标",
    "no indicator of one scheme corresponds to one of the other: where ids have changed, say in "
    "`previous` what each continues",
)
CELLS = ("raw", "status", "targets", "baselines", "errors", "filed")


def mixed(
    before: Assessment, after: Assessment, matching: Matching, new: frozenset[str] | set[str]
) -> Assessment:
    """An assessment with the factors in `new` from `after` and the others from `before`, both of
    the same units in the same order.

    An indicator whose data stand in one year only takes that year's column whatever the factor data
    says. The total is that of the cutoffs: a step of rounding is so many decimals of a point of its
    own scheme and has no counterpart in most other totals, while points do. So with unequal totals
    the points of the tree, what its rules and data say in points, and points outside the total are
    restated as the same shares of that total; cutoffs and rounding stand as written.
    """
    pick = {factor: after if factor in new else before for factor in FACTORS}
    tree, lines, outside = pick["points"].scheme, pick["cutoffs"].scheme, pick["vetoes"].scheme
    ratio = lines.total / outside.total
    data: dict[str, Any] = {
        "total": lines.total,
        "rounding": lines.rounding,
        "grades": lines.grades,
        "classes": lines.classes,
        "rank_on": lines.rank_on,
        "vetoes": _vetoes(outside, lines),
        "bonuses": tuple(_bonus_in_points_of(bonus, ratio) for bonus in outside.bonuses),
        "order": Order(
            rounding=lines.order.rounding, cap=outside.order.cap, veto=outside.order.veto
        ),
    }
    outer = ("bonus_cap", "deduction_cap", "cap", "floor")
    data |= {key: _times(getattr(outside, key), ratio) for key in outer}
    other = before if pick["points"] is after else after
    nodes = [_lenient(node, tree, other.scheme, matching) for node in tree.indicators]
    data["indicators"] = tuple(_in_points_of(node, lines.total / tree.total) for node in nodes)
    table = _table(pick, before, after, matching)
    return pick["cutoffs"].anew(tree.model_copy(update=data), table)


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
    pick: Mapping[str, Assessment], before: Assessment, after: Assessment, matching: Matching
) -> Table:
    """The data for the tree: each leaf's column from the year of the factor data, where it has
    one."""
    home, source = pick["points"], pick["data"]
    cells = {name: getattr(home.table, name).copy() for name in CELLS}
    if home is not source:
        number = {leaf.id: j for j, leaf in enumerate(source.scheme.leaves)}
        for j, leaf in enumerate(home.scheme.leaves):
            twin = _twin(leaf.id, home is after, matching)
            if twin is not None:
                for name in CELLS:
                    cells[name][:, j] = getattr(source.table, name)[:, number[twin]]
                _restate(
                    cells,
                    j,
                    source.scheme.indicator(twin),
                    leaf,
                    home.scheme.total / source.scheme.total,
                )
    covariates = source.table.covariates
    missing = home.table.covariates.columns.difference(covariates.columns)
    covariates = covariates.join(home.table.covariates[missing]) if len(missing) else covariates
    # it says which cutoffs and quotas apply
    if "class" in (lines := pick["cutoffs"].table.covariates):
        covariates = covariates.assign(**{"class": lines["class"]})
    outside, total = pick["vetoes"].table, pick["cutoffs"].scheme.total
    _in_total(cells, home.scheme, total)
    ratio = total / pick["vetoes"].scheme.total
    return replace(
        home.table,
        **cells,
        stages={},
        covariates=covariates,
        remarks=source.table.remarks,
        vetoes=outside.vetoes,
        bonuses=outside.bonuses * ratio,
    )


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
    table = replace(before.table, **cells, stages={})
    return before.anew(before.scheme.model_copy(update=update), table)
