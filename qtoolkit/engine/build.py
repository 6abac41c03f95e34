"""From a validated scheme and table to the engine's arrays."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from qtoolkit.engine import core
from qtoolkit.engine.rules import AGGREGATIONS, LEAF_RULES, lines
from qtoolkit.engine.ticks import Rounding, to_ticks
from qtoolkit.errors import Problems
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.table import PENDING, STATUS_LABELS, STATUS_NAMES, VALUE, ZERO, Table
from qtoolkit.language import say


def build(scheme: Scheme, table: Table) -> core.Engine:
    """The engine of a scheme and its data.

    Raises
    ------
    InputError
        Where a blank's treatment is "fail", or a mean of similar units has nothing to average.
    """
    problems = Problems()
    parts = [_leaf(scheme, leaf, table, j, problems) for j, leaf in enumerate(scheme.leaves)]
    problems.stop()
    slope, const, blank = (np.stack(columns, axis=1) for columns in list(zip(*parts, strict=True))[:3])
    grades = [grade.id for grade in reversed(scheme.grades)]  # worst first
    ceiling = np.full(len(table.units), len(grades) - 1, np.int8)
    for v, veto in enumerate(scheme.vetoes):
        ceiling = np.where(table.vetoes[:, v], np.minimum(ceiling, grades.index(veto.cap)), ceiling)
    signs = np.array([1 if bonus.kind == "bonus" else -1 for bonus in scheme.bonuses], dtype=float)
    added = to_ticks(table.bonuses @ np.maximum(signs, 0))
    taken = to_ticks(table.bonuses @ np.maximum(-signs, 0))
    late = scheme.order.cap == "before_deductions"
    engine = core.Engine(
        slope=slope, const=const, points=np.array([leaf.points for leaf in scheme.leaves]), tree=_tree(scheme, blank),
        offset=added if late else added - taken, late=taken if late else np.zeros_like(taken),
        cap=int(to_ticks(scheme.cap or scheme.total)), rounding=_rounding(scheme.rounding.total),
        round_first=scheme.order.rounding == "before_bonus", ceiling=ceiling.astype(np.int8),
        rivals=_rivals(scheme, len(table.units)), veto_first=scheme.order.veto == "before_quota",
        rank_on_base=scheme.rank_on == "base", means=tuple(mean for *_, means in parts for mean in means),
    )
    cutoffs = to_ticks([grade.cutoff for grade in reversed(scheme.grades[:-1])])
    highest = int(to_ticks(scheme.total)) * engine.tree.growth
    return replace(engine, thresholds=core.thresholds(engine, cutoffs, highest))


def _leaf(
    scheme: Scheme, leaf: Indicator, table: Table, j: int, problems: Problems
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[core.Mean]]:
    """slope, const and blank of one leaf for all units, and the means that depend on the points."""
    status = table.status[:, j]
    slope, const, blank = np.zeros(len(status)), np.zeros(len(status)), np.zeros(len(status), bool)
    has = status == VALUE
    raw = table.raw[has, j]
    raw = raw if leaf.rule.kind == "level" else raw.astype(float)
    slope[has], const[has] = lines(
        LEAF_RULES[leaf.rule.kind], raw, leaf.rule, table.targets[has, j], leaf.written_for, leaf.scales
    )
    means: list[core.Mean] = []
    for meaning in range(1, PENDING + 1):
        units = np.flatnonzero(status == meaning)
        name = STATUS_NAMES[meaning]
        treatment = getattr(leaf.missing, name) or getattr(scheme.missing, name)
        if treatment == "fail":
            for k in units:
                text = say(
                    zh="“{unit}”的“{leaf}”为“{status}”，方案未规定如何处理（missing.{name}）",
                    en="“{leaf}” of “{unit}” is “{status}”, and the scheme does not say what that gives (missing.{name})",
                    unit=table.labels[k], leaf=leaf.name, status=STATUS_LABELS[meaning], name=name,
                )
                problems.add(text, file=table.name)
        elif treatment == "full":
            slope[units] = 1
        elif treatment == "renormalise":
            blank[units] = True
        elif treatment == "group_mean":
            for k in units:
                peers = _peers(has, table, k, leaf, problems)
                slope[k], const[k] = _mean_line(slope[peers], const[peers], leaf.points)
                if const[peers].any():
                    means.append(core.Mean(int(k), j, peers))
    const[status == ZERO] = 0
    return slope, const, blank, means


def _mean_line(slope: np.ndarray, const: np.ndarray, points: float) -> tuple[float, float]:
    """The mean of leaf scores as slope·p + const, valid around these points as long as no score reaches a cut."""
    value = slope * points + const
    cut = (value <= 0) & (const < 0)
    full = (value >= points) & ~cut
    slope, const = np.where(cut, 0.0, np.where(full, 1.0, slope)), np.where(cut | full, 0.0, const)
    return math.fsum(slope) / max(len(slope), 1), math.fsum(const) / max(len(const), 1)


def _peers(has: np.ndarray, table: Table, k: int, leaf: Indicator, problems: Problems) -> np.ndarray:
    """The units of the same class that have a value (all units with one where there are no classes)."""
    peers = has
    if "class" in table.covariates:
        classes = table.covariates["class"].to_numpy(dtype=object)
        peers = peers & (classes == classes[k])
    if not peers.any():
        text = say(
            zh="“{unit}”的“{leaf}”应取同类平均，但同类中没有一家有数值",
            en="“{leaf}” of “{unit}” takes the mean of similar units, but none of them has a value",
            unit=table.labels[k], leaf=leaf.name,
        )
        problems.add(text, file=table.name)
    return np.flatnonzero(peers)


def _rounding(rounding) -> Rounding | None:
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
    orders = [AGGREGATIONS[node.aggregation] for node in inner] + [AGGREGATIONS[scheme.aggregation]]
    return core.Tree(
        tuple(children), tuple(orders), blank, _rounding(scheme.rounding.leaf), _rounding(scheme.rounding.node)
    )


def _rivals(scheme: Scheme, n: int) -> tuple[core.RivalStep, ...]:
    steps = []
    for i, grade in enumerate(scheme.grades[:-1]):
        if grade.quota is not None:
            most = math.floor(grade.quota * n + 1e-9) if grade.quota < 1 else int(grade.quota)
            steps.append(core.RivalStep(len(scheme.grades) - 1 - i, most))
    return tuple(steps)
