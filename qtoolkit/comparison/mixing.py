"""Mixed assessments: the data of one year under the points, cutoffs or vetoes of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from qtoolkit.assessment import Assessment, assess
from qtoolkit.comparison.matching import Matching
from qtoolkit.errors import InputError
from qtoolkit.inputs.leafrules import LeafMissing
from qtoolkit.inputs.scheme import Bonus, Grade, Indicator, Order, Scheme, Veto
from qtoolkit.inputs.statuses import BLANKS, NOT_APPLICABLE, STATUS_NAMES, VALUE
from qtoolkit.inputs.table import Table
from qtoolkit.language import Text

FACTORS = ("data", "points", "cutoffs", "vetoes")
"""What two years differ in: the data; the tree, its points and rules; cutoffs, quotas, classes and rounding; vetoes and
bonus."""
NONE_MATCHED = Text(
    "两个方案没有一项指标对应；编号改变的指标，请在 previous 中写明往年对应指标",
    "no indicator of one scheme corresponds to one of the other: where ids have changed, say in `previous` what each continues",
)
CELLS = ("raw", "status", "targets", "baselines", "errors", "filed")


def mixed(before: Assessment, after: Assessment, matching: Matching, new: frozenset[str] | set[str]) -> Assessment:
    """An assessment with the factors in `new` from `after` and the others from `before`, both of the same units in the same
    order.

    An indicator whose data stand in one year only takes that year's column whatever the factor data says. With unequal
    totals cutoffs and points outside the total are scaled to the tree's total, and rounding goes with the tree.
    """
    pick = {factor: after if factor in new else before for factor in FACTORS}
    tree, lines, outside = pick["points"].scheme, pick["cutoffs"].scheme, pick["vetoes"].scheme
    data: dict[str, Any] = {
        "grades": tuple(_scaled(g, tree.total / lines.total, "cutoff", "class_cutoffs") for g in lines.grades),
        "classes": lines.classes, "rank_on": lines.rank_on,
        "vetoes": _vetoes(outside, lines),
        "bonuses": tuple(_scaled(b, tree.total / outside.total, "max") for b in outside.bonuses),
        "order": Order(rounding=lines.order.rounding, cap=outside.order.cap, veto=outside.order.veto),
    }  # fmt: skip
    data |= {key: _times(getattr(outside, key), tree.total / outside.total) for key in ("bonus_cap", "deduction_cap", "cap", "floor")}
    if before.scheme.total == after.scheme.total:
        data["rounding"] = lines.rounding
    other = before if pick["points"] is after else after
    data["indicators"] = tuple(_lenient(node, tree, other.scheme, matching) for node in tree.indicators)
    return assess(tree.model_copy(update=data), _table(pick, before, after, matching))


def _times(value: float | None, ratio: float) -> float | None:
    return value if value is None or ratio == 1 else value * ratio


def _scaled(part: Grade | Bonus, ratio: float, *fields: str) -> Grade | Bonus:
    """A grade or a bonus item with some of its points multiplied."""
    if ratio == 1:
        return part
    values = {field: getattr(part, field) for field in fields}
    return part.model_copy(update={f: {k: x * ratio for k, x in v.items()} if isinstance(v, Mapping) else v * ratio for f, v in values.items()})


def _vetoes(outside: Scheme, lines: Scheme) -> tuple[Veto, ...]:
    """Vetoes with their caps in the words of other grades, place by place from the worst; where the numbers of grades differ
    from the worst up as far as they go (scores do not depend on it, and grades are then not decomposed)."""
    old, new = ([g.id for g in reversed(scheme.grades)] for scheme in (outside, lines))
    if old == new:
        return outside.vetoes
    place = {id: new[min(i, len(new) - 1)] for i, id in enumerate(old)}
    return tuple(veto if veto.cap is None else veto.model_copy(update={"cap": place[veto.cap]}) for veto in outside.vetoes)


def _lenient(node: Indicator, tree: Scheme, other: Scheme, matching: Matching) -> Indicator:
    """A leaf that treats blanks of the other year's data as that year did, where its own scheme does not say how."""
    if not node.is_leaf:
        return node.model_copy(update={"children": tuple(_lenient(child, tree, other, matching) for child in node.children)})
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
    return node.model_copy(update={"missing": node.missing.model_copy(update=update)}) if update else node


def _table(pick: Mapping[str, Assessment], before: Assessment, after: Assessment, matching: Matching) -> Table:
    """The data for the tree: each leaf's column from the year of the factor data, where it has one."""
    home, source = pick["points"], pick["data"]
    cells = {name: getattr(home.table, name).copy() for name in CELLS}
    if home is not source:
        number = {leaf.id: j for j, leaf in enumerate(source.scheme.leaves)}
        for j, leaf in enumerate(home.scheme.leaves):
            twin = _twin(leaf.id, home is after, matching)
            if twin is not None:
                for name in CELLS:
                    cells[name][:, j] = getattr(source.table, name)[:, number[twin]]
                _restate(cells, j, source.scheme.indicator(twin), leaf, home.scheme.total / source.scheme.total)
    covariates = source.table.covariates
    missing = home.table.covariates.columns.difference(covariates.columns)
    covariates = covariates.join(home.table.covariates[missing]) if len(missing) else covariates
    if "class" in (lines := pick["cutoffs"].table.covariates):  # it says which cutoffs and quotas apply
        covariates = covariates.assign(**{"class": lines["class"]})
    outside = pick["vetoes"].table
    ratio = home.scheme.total / pick["vetoes"].scheme.total
    return replace(
        home.table, **cells, stages={}, covariates=covariates, remarks=source.table.remarks, vetoes=outside.vetoes, bonuses=outside.bonuses * ratio
    )  # fmt: skip


def _twin(id: str, is_after: bool, matching: Matching) -> str | None:
    """The leaf of the other year whose data this leaf can take."""
    if is_after:
        return matching.twins[id] if id in matching.shared else None
    return next((new for new in matching.shared if matching.twins[new] == id), None)


def _restate(cells: Mapping[str, np.ndarray], j: int, old: Indicator, new: Indicator, ratio: float) -> None:
    """Points given directly out of one number of points as points out of another: the same share, or, where deductions do
    not scale with the leaf's points, the same deduction. `ratio` is the new scheme's total over the old one's: a deduction
    of 1 point of 100 is one of 10 points of 1,000."""
    if new.rule.kind != "direct" or (old.written_for == new.written_for and (new.scales or ratio == 1)):
        return
    has = cells["status"][:, j] == VALUE
    per_point = new.written_for / old.written_for if new.scales else ratio
    for name in ("raw", "filed"):
        at = has & np.array([value is not None for value in cells[name][:, j]])
        values = cells[name][at, j].astype(float)
        lost = (old.written_for - values) * per_point
        cells[name][at, j] = values * per_point if new.scales else new.written_for - lost
    cells["errors"][:, j] *= per_point


def _rule_in_points_of(leaf: Indicator, ratio: float) -> Any:
    """The leaf's rule with what it says in points multiplied: under a total ten times as large a deduction is, too."""
    said = {"deduct": ("rate", "most"), "direct": ("out_of",)}.get(leaf.rule.kind, ())
    return leaf.rule.model_copy(update={name: _times(getattr(leaf.rule, name), ratio) for name in said})


def _in_points_of(leaf: Indicator, column: Mapping[str, np.ndarray], ratio: float) -> dict[str, np.ndarray]:
    """The data of a leaf, points given directly multiplied likewise."""
    if leaf.rule.kind != "direct" or ratio == 1:
        return dict(column)
    given = {name: np.array([_times(x, ratio) for x in column[name]], dtype=object) for name in ("raw", "filed")}
    return dict(column) | given | {"errors": column["errors"] * ratio}


def on_points_of(before: Assessment, scheme: Scheme, matching: Matching) -> Assessment:
    """Last year's data under the points of a new scheme, all else as last year: what a points change alone would have done.

    A kept or renamed indicator is scored by last year's rule; a split or merged one takes the share of full marks of what it
    continues (the mean weighted by points); a new one is not scored, so that its points go to its siblings.

    Raises
    ------
    InputError
        No indicator of the new scheme corresponds to one of last year's.
    """
    if matching.share == 0:
        raise InputError(NONE_MATCHED)
    columns: list[dict[str, np.ndarray]] = []
    n, ratio = len(before.table.units), scheme.total / before.scheme.total

    def leaf_of(leaf: Indicator) -> Indicator:
        if leaf.id in matching.twins:
            old = before.scheme.indicator(matching.twins[leaf.id])
            j = [x.id for x in before.scheme.leaves].index(old.id)
            columns.append(_in_points_of(old, {name: getattr(before.table, name)[:, j] for name in CELLS}, ratio))
            kept = {"id": leaf.id, "name": leaf.name, "points": leaf.points, "rule": _rule_in_points_of(old, ratio)}
            return old.model_copy(update=kept | {"out_of": _times(old.out_of or old.points or None, ratio)})
        links = matching.table[(matching.table["after"] == leaf.id) & matching.table["before"].notna()]
        shares = before.matrix[list(links["before"])]
        weights = shares.notna() * links["points_before"].to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = ((shares.fillna(0) * weights).sum(axis=1) / weights.sum(axis=1)).to_numpy()
        has = np.isfinite(mean)
        raw = np.array([float(x) if ok else None for x, ok in zip(mean, has, strict=True)], dtype=object)
        nan = np.full(n, np.nan)
        columns.append({"raw": raw, "status": np.where(has, VALUE, NOT_APPLICABLE), "targets": nan, "baselines": nan, "errors": nan, "filed": raw})
        missing = LeafMissing(not_applicable="renormalise")
        return Indicator(id=leaf.id, name=leaf.name, points=leaf.points, rule={"kind": "share"}, missing=missing)

    def node_of(node: Indicator) -> Indicator:
        if node.is_leaf:
            return leaf_of(node)
        return node.model_copy(update={"children": tuple(node_of(child) for child in node.children)})

    indicators = tuple(node_of(node) for node in scheme.indicators)
    update: dict[str, Any] = {"indicators": indicators, "total": scheme.total, "aggregation": scheme.aggregation}
    if ratio != 1:
        update["grades"] = tuple(_scaled(g, ratio, "cutoff", "class_cutoffs") for g in before.scheme.grades)
        update["bonuses"] = tuple(_scaled(b, ratio, "max") for b in before.scheme.bonuses)
        update |= {key: _times(getattr(before.scheme, key), ratio) for key in ("bonus_cap", "deduction_cap", "cap", "floor")}
    kinds = {"raw": object, "filed": object, "status": before.table.status.dtype}
    cells = {name: np.stack([column[name] for column in columns], axis=1).astype(kinds.get(name, float)) for name in CELLS}
    table = replace(before.table, **cells, stages={}, bonuses=before.table.bonuses * ratio)
    return assess(before.scheme.model_copy(update=update), table)
