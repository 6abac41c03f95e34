"""From a validated scheme and table to the engine's arrays."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from qtoolkit.engine import core
from qtoolkit.engine.aggregations import order_of
from qtoolkit.engine.ticks import NO_LINE, Rounding, to_ticks
from qtoolkit.errors import Problems
from qtoolkit.inputs import scheme as schemes
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.statuses import (
    BLANKS,
    FALSIFIED,
    STATUS_LABELS,
    STATUS_NAMES,
    VALUE,
    ZERO,
)
from qtoolkit.inputs.table import Table
from qtoolkit.inputs.treatments import Outliers
from qtoolkit.language import say
from qtoolkit.rules.base import BASELINE, LeafRule


def build(scheme: Scheme, table: Table, kept: dict[Any, Any] | None = None) -> core.Engine:
    """The engine of a scheme and its data. `kept` holds the leaves of earlier schemes on the same
    data: those whose rule and treatment are the same are taken from it.

    Raises
    ------
    InputError
        Where a blank's treatment is "fail", or a mean of similar units has nothing to average.
    """
    slope, const, blank, means = _leaves(scheme, table, kept)
    ceiling, shift = _vetoed(scheme, table)
    added, taken = _outside(scheme, table)
    is_capped_first = scheme.order.cap == "before_deductions"
    rivals = _rivals(scheme, table)
    engine = core.Engine(
        slope=slope,
        const=const,
        points=np.array([leaf.points for leaf in scheme.leaves]),
        tree=_tree(scheme, blank),
        offset=added if is_capped_first else added - taken,
        late=taken if is_capped_first else np.zeros_like(taken),
        cap=int(to_ticks(scheme.cap or scheme.total)),
        floor=None if scheme.floor is None else int(to_ticks(scheme.floor)),
        rounding=_rounding(scheme.rounding.total),
        round_first=scheme.order.rounding == "before_bonus",
        cutoffs=cutoffs_of(scheme, table),
        ceiling=ceiling,
        shift=shift,
        rivals=rivals,
        veto_first=scheme.order.veto == "before_quota" or not rivals,
        rank_on_base=scheme.rank_on == "base",
        means=means,
        breaks=_break_groups(scheme, table, ceiling, shift),
    )
    if engine.breaks:
        published = core.finish(engine, core.score(engine))[0]
        engine = replace(engine, cutoffs=core.lines_of(engine, published))
    highest = int(to_ticks(scheme.total)) * engine.tree.growth
    return replace(engine, thresholds=core.thresholds(engine, engine.cutoffs, highest))


def _leaves(
    scheme: Scheme, table: Table, kept: dict[Any, Any] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[core.Mean, ...]]:
    """slope, const and blank of all leaves (n, d), and the means that depend on the points."""
    problems = Problems()
    parts = []
    for j, leaf in enumerate(scheme.leaves):
        asked = None if kept is None else (j, _what_makes(leaf, scheme))
        if kept and asked in kept:
            parts.append(kept[asked])
        else:
            parts.append(_leaf(scheme, leaf, table, j, problems))
        if kept is not None and not problems.complaints:
            kept[asked] = parts[-1]
    problems.stop()
    slope, const, blank, means = zip(*parts, strict=True)
    return (
        np.stack(slope, axis=1),
        np.stack(const, axis=1),
        np.stack(blank, axis=1),
        tuple(mean for of_leaf in means for mean in of_leaf),
    )


def _what_makes(leaf: Indicator, scheme: Scheme) -> str:
    """All that a leaf's scores depend on beside the data: the same for the same scores."""
    own = (leaf.rule, leaf.outliers, leaf.missing, leaf.written_for, leaf.scales, leaf.points)
    return repr((*own, scheme.missing))


def _vetoed(scheme: Scheme, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """The best grade that vetoes leave each unit, and by how many grades they lower it."""
    grades = [grade.id for grade in reversed(scheme.grades)]  # worst first
    n = len(table.units)
    ceiling, shift = np.full(n, len(grades) - 1, np.int8), np.zeros(n, np.int8)
    for v, veto in enumerate(scheme.vetoes):
        hit = table.vetoes[:, v]
        if veto.cap is not None:
            ceiling = np.where(hit, np.minimum(ceiling, np.int8(grades.index(veto.cap))), ceiling)
        else:
            # of many vetoes more than the grades there are
            lowered = shift.astype(int) + hit * veto.lower
            shift = np.minimum(lowered, len(grades) - 1).astype(np.int8)
    return ceiling, shift


def _outside(scheme: Scheme, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """What bonus items add and deductions take, in ticks, each within its cap."""
    added, taken = (
        table.bonuses @ np.array([bonus.kind == kind for bonus in scheme.bonuses], dtype=float)
        for kind in ("bonus", "deduction")
    )
    return (
        to_ticks(np.minimum(added, scheme.bonus_cap or np.inf)),
        to_ticks(np.minimum(taken, scheme.deduction_cap or np.inf)),
    )


def cutoffs_of(scheme: Scheme, table: Table) -> np.ndarray:
    """The least published score of each grade above the worst, in ticks, worst first: (n, G − 1).
    That of a grade without a line is that of the next worse grade with one, or `NO_LINE`."""
    lines = [
        [scheme.least_line(grade, group) for grade in reversed(scheme.grades[:-1])]
        for group in classes_of(table)
    ]
    given = np.array(lines, dtype=float).reshape(len(table.units), -1)
    return np.where(np.isnan(given), NO_LINE, to_ticks(np.nan_to_num(given)))


def _break_groups(
    scheme: Scheme, table: Table, ceiling: np.ndarray, shift: np.ndarray
) -> tuple[core.BreakGroup, ...]:
    """Whose scores make the natural breaks for whom. Units under a veto count as they do for a
    quota: not where vetoes come first, unless all units are under one."""
    if not scheme.by_breaks:
        return ()
    classes = np.array(classes_of(table), dtype=object)
    within = scheme.grades[0].within == "class"
    free = (ceiling == len(scheme.grades) - 1) & (shift == 0)
    if scheme.order.veto == "after_quota":
        free = np.ones_like(free)
    groups = []
    for group in dict.fromkeys(classes.tolist()) if within else [None]:
        members = classes == group if within else np.ones(len(classes), bool)
        counted = members & free
        groups.append(core.BreakGroup(members, counted if counted.any() else members))
    return tuple(groups)


def classes_of(table: Table) -> list[str | None]:
    """The class of each unit; None where there is none."""
    return (
        list(table.covariates["class"])
        if "class" in table.covariates
        else [None] * len(table.units)
    )


def _leaf(
    scheme: Scheme, leaf: Indicator, table: Table, j: int, problems: Problems
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[core.Mean]]:
    """slope, const and blank of one leaf for all units, and the means that depend on the points."""
    status = table.status[:, j]
    slope, const, blank = np.zeros(len(status)), np.zeros(len(status)), np.zeros(len(status), bool)
    has = status == VALUE
    raw, rule = treated_values(leaf, table, j, problems)
    own = _own_numbers(leaf, table)
    slope[has], const[has] = rule.lines(raw, own[has, j], leaf.written_for, bool(leaf.scales))
    means: list[core.Mean] = []
    for meaning in BLANKS:
        units = np.flatnonzero(status == meaning)
        name = STATUS_NAMES[meaning]
        treatment = treatment_of(scheme, leaf, meaning)
        if treatment == "fail":
            for k in units.tolist():
                text = say(
                    zh="“{unit}”的“{leaf}”为“{status}”，方案未规定如何处理（missing.{name}）",
                    en="“{leaf}” of “{unit}” is “{status}”, and the scheme does not say what that "
                    "gives (missing.{name})",
                    unit=table.labels[k],
                    leaf=leaf.name,
                    status=STATUS_LABELS[meaning],
                    name=name,
                )
                problems.add(text, file=table.name)
        elif treatment == "full":
            slope[units] = 1
        elif treatment == "renormalise":
            blank[units] = True
        elif treatment == "group_mean":
            lines: dict[bytes, tuple[float, float]] = {}
            for k in units.tolist():
                peers = _peers(has, table, k, leaf, problems)
                key = peers.tobytes()  # all of a class have the same peers
                if key not in lines:
                    lines[key] = _mean_line(slope[peers], const[peers], leaf.full_points)
                slope[k], const[k] = lines[key]
                if const[peers].any():
                    means.append(core.Mean(k, j, peers))
    const[np.isin(status, (ZERO, FALSIFIED))] = 0
    return slope, const, blank, means


def line_of_leaf(scheme: Scheme, table: Table, j: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """slope, const and blank (n,) of leaf number j at the scheme's points.

    Raises
    ------
    InputError
        As :func:`build`, of this leaf.
    """
    problems = Problems()
    slope, const, blank, _ = _leaf(scheme, scheme.leaves[j], table, j, problems)
    problems.stop()
    return slope, const, blank


def treatment_of(scheme: Scheme, leaf: Indicator, meaning: int) -> str:
    """What a blank of this meaning (a code of `BLANKS`) gives in a leaf."""
    name = STATUS_NAMES[meaning]
    return getattr(leaf.missing, name) or getattr(scheme.missing, name)


def averaged_cells(scheme: Scheme, table: Table) -> tuple[core.Mean, ...]:
    """The cells that take the mean of similar units, each with those units."""
    found = []
    for j, leaf in enumerate(scheme.leaves):
        has = table.status[:, j] == VALUE
        for meaning in BLANKS:
            if treatment_of(scheme, leaf, meaning) == "group_mean":
                blank = np.flatnonzero(table.status[:, j] == meaning).tolist()
                found += [core.Mean(k, j, _peers(has, table, k, leaf, Problems())) for k in blank]
    return tuple(found)


def treated_values(
    leaf: Indicator, table: Table, j: int, problems: Problems
) -> tuple[np.ndarray, LeafRule]:
    """Raw values of the units that have one, after the treatment of outliers, and the rule for
    them."""
    has = np.flatnonzero(table.status[:, j] == VALUE)
    raw = table.raw[has, j]
    if leaf.leaf_rule.is_of_words:
        return raw, leaf.leaf_rule
    raw, how = raw.astype(float), leaf.outliers
    if how is None or not len(raw):
        return raw, leaf.leaf_rule
    if how.low + how.high >= len(raw):
        text = say(
            zh="“{leaf}”只有{n}家有数值，无法处理{k}个异常值",
            en="“{leaf}” has values of {n:unit|units}, too few to treat {k} outliers",
            leaf=leaf.name,
            n=len(raw),
            k=how.low + how.high,
        )
        problems.add(text, file=table.name)
        return raw, leaf.leaf_rule
    raw = winsorised(raw, how)
    if not how.log:
        return raw, leaf.leaf_rule
    for k in has[raw <= 0]:
        text = say(
            zh="“{unit}”的“{leaf}”应大于 0 才能取对数",
            en="“{leaf}” of “{unit}” must be above 0 to take its logarithm",
            unit=table.labels[k],
            leaf=leaf.name,
        )
        problems.add(text, file=table.name)
    return np.log(np.maximum(raw, np.finfo(float).tiny)), leaf.leaf_rule.on_logarithms()


def winsorised(raw: np.ndarray, outliers: Outliers) -> np.ndarray:
    """Raw values with the `low` lowest and `high` highest pulled to the value next to them."""
    ordered = np.sort(raw)
    return np.clip(raw, ordered[outliers.low], ordered[len(raw) - 1 - outliers.high])


def _own_numbers(leaf: Indicator, table: Table) -> np.ndarray:
    """The units' own numbers that the leaf's rule compares with, of all leaves (n, d)."""
    return table.baselines if leaf.leaf_rule.own is BASELINE else table.targets


def shares_of(leaf: Indicator, table: Table, j: int, raw: np.ndarray) -> np.ndarray:
    """The shares of full marks that values of a leaf (n,), None where there is none, would get; NaN
    there."""
    has = np.array([value is not None for value in raw])
    values = raw[has] if leaf.leaf_rule.is_of_words else raw[has].astype(float)
    own = _own_numbers(leaf, table)[has, j]
    slope, const = leaf.leaf_rule.lines(values, own, leaf.written_for, bool(leaf.scales))
    shares = np.full(len(raw), np.nan)
    full = leaf.full_points
    if full > 0:
        shares[has] = core.leaf_scores(slope, const, full) / full
    return shares


def _mean_line(slope: np.ndarray, const: np.ndarray, points: float) -> tuple[float, float]:
    """The mean of leaf scores as slope·p + const, valid around these points as long as no score
    reaches a cut."""
    value = slope * points + const
    cut = (value <= 0) & (const < 0)
    full = (value >= points) & (const > 0)
    slope = np.where(const == 0, np.clip(slope, 0, 1), slope)  # a share is one at 0 points too
    slope, const = np.where(cut, 0.0, np.where(full, 1.0, slope)), np.where(cut | full, 0.0, const)
    return math.fsum(slope) / max(len(slope), 1), math.fsum(const) / max(len(const), 1)


def _peers(
    has: np.ndarray, table: Table, k: int, leaf: Indicator, problems: Problems
) -> np.ndarray:
    """The units of the same class that have a value (all units with one where there are no
    classes)."""
    peers = has
    if "class" in table.covariates:
        classes = table.covariates["class"].to_numpy(dtype=object)
        peers = peers & (classes == classes[k])
    if not peers.any():
        text = say(
            zh="“{unit}”的“{leaf}”应取同类平均，但同类中没有一家有数值",
            en="“{leaf}” of “{unit}” takes the mean of similar units, but none of them has a value",
            unit=table.labels[k],
            leaf=leaf.name,
        )
        problems.add(text, file=table.name)
    return np.flatnonzero(peers)


def _rounding(rounding: schemes.Rounding | None) -> Rounding | None:
    return None if rounding is None else Rounding(rounding.decimals, rounding.mode == "half_up")


def inner_nodes(scheme: Scheme) -> tuple[Indicator, ...]:
    """The inner nodes below the root in the engine's order: children before parents."""
    return tuple(node for node in reversed(scheme.nodes) if not node.is_leaf)


def _tree(scheme: Scheme, blank: np.ndarray) -> core.Tree:
    number = {leaf.id: j for j, leaf in enumerate(scheme.leaves)}
    inner = inner_nodes(scheme)
    number |= {node.id: len(scheme.leaves) + i for i, node in enumerate(inner)}
    children = [tuple(number[child.id] for child in node.children) for node in inner]
    children.append(tuple(number[node.id] for node in scheme.indicators))
    orders = [*(order_of(node.aggregation) for node in inner), order_of(scheme.aggregation)]
    return core.Tree(
        tuple(children),
        tuple(orders),
        blank,
        _rounding(scheme.rounding.leaf),
        _rounding(scheme.rounding.node),
    )


def _rivals(scheme: Scheme, table: Table) -> tuple[core.RivalStep, ...]:
    """Quotas from the best grade down, then the last units."""
    quotas, lasts, groups = [], [], np.array(classes_of(table), dtype=object)
    for i, grade in enumerate(scheme.grades):
        number = len(scheme.grades) - 1 - i
        for members in [groups == c for c in scheme.classes] if grade.within == "class" else [None]:
            n = len(groups) if members is None else int(members.sum())
            if grade.quota is not None:
                most = math.floor(grade.quota * n + 1e-9) if grade.quota < 1 else int(grade.quota)
                ties_in, sets = grade.ties == "in", not grade.has_line
                quotas.append(core.RivalStep(number, most, False, ties_in, members, sets))
            if grade.last is not None:
                lasts.append(core.RivalStep(number, grade.last, True, grade.ties == "in", members))
    return (*quotas, *lasts)
