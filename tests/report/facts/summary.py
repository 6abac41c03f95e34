"""Facts of the summary and of the risks."""

import math

import numpy as np

import qtoolkit as qt
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.scheme import Rounding
from qtoolkit.inputs.statuses import BLANKS
from tests.report.facts.lines import break_bands, how_set, is_by_breaks
from tests.report.facts.scheme import flags_of, treatment_of

TINY = 1e-9


def summary(tables, given):
    result, table = given.result, tables["grade_counts"]
    scheme, scores = result.scheme, result.scores
    names = {grade.id: grade.label for grade in scheme.grades}
    near = near_misses(result, 1.0)
    held = [list(near["grade"]).count(grade) for grade in table["grade"]]
    assert held == list(table["near"]) and sum(table["n"]) == len(scores)
    assert all(map(math.isclose, table["share"], table["n"] / len(scores)))
    rule = scheme.rounding.total
    last_year = given.previous
    old = {node.id: node.points for node in last_year.scheme.nodes} if last_year else {}
    return {
        "units": sum(table["n"]),
        "counts": {
            "computed": counted(table, "n", names),
            "approved": counted(table, "approved", names) if "approved" in table else None,
        },
        "top": [unit for unit, score in scores.items() if score >= max(scores) - TINY],
        "high": max(scores),
        "bottom": [unit for unit, score in scores.items() if score <= min(scores) + TINY],
        "low": min(scores),
        "form": ".4f" if rule is None else f".{rule.decimals}f",
        "total": sum(leaf.points for leaf in scheme.leaves),
        "areas": [
            {
                "name": top.name,
                "points": sum(leaf.points for leaf in top.walk() if leaf.is_leaf),
                "before": old.get(top.id),
            }
            for top in scheme.indicators
        ],
        "bands": break_bands(result) if is_by_breaks(scheme) else bands(table, result),
        "last_kind": kind_of(last_year.table) if last_year else None,
        "near": list(near.index),
        "near_points": 1,
        "options": options(result),
        "risks": risks_of(result)[:3],
        "data_period": scheme.data_period,
        "rounding": None if rule is None else {"decimals": rule.decimals, "mode": rule.mode},
        "synthetic": scheme.synthetic,
    }


def kind_of(table):
    return "approved" if "approved" in table.remarks else "computed"


def counted(table, column, names):
    return [
        {"grade": names[grade], "units": n}
        for grade, n in zip(table["grade"], table[column], strict=True)
    ]


def near_misses(result, points):
    """Whose grade the given points more, or less, change; the nearest first."""
    table = qt.cutoffs.margins(result)
    rows = [
        unit
        for unit, row in table.iterrows()
        if row["below"] <= points + TINY or row["above"] < points - TINY
    ]
    return table.loc[sorted(rows, key=lambda unit: round(table.nearest[unit], 8))]


def bands(table, result):
    """By class, or once, the cutoffs of the table, and below which the last grade lies."""
    scheme = result.scheme
    names = [scheme.grade(grade).label for grade in table["grade"]]
    for grade, cell in zip(scheme.grades[:-1], table["cutoff"], strict=False):
        assert grade.by == "line" or cell == how_set(result, grade)
    first = next((cell for cell in table["cutoff"] if by_class(cell)), None)
    found = []
    for k, group in enumerate([row["group"] for row in first] if first else [None]):
        lines = [cell[k]["cutoff"] if by_class(cell) else cell for cell in table["cutoff"]]
        found.append(
            {
                "group": group,
                "lines": [
                    {"grade": name, "cutoff": x}
                    for name, x in zip(names[:-1], lines[:-1], strict=True)
                ],
                "lowest": names[-1],
                "edge": edge(lines[-2]) if lines[1:] else None,
            }
        )
    return found


def edge(line):
    """Where the last grade ends: at the line above it, or it has the rest."""
    return "rest" if isinstance(line, dict) else line


def by_class(cell):
    return isinstance(cell, list)


# Matters for decision: each is assessed anew ------------------------------------------------------


def options(result):
    rule = result.scheme.rounding.total
    whole = {"option": "rounding"}
    whole["rule"] = None if rule is None else {"decimals": rule.decimals, "mode": rule.mode}
    for mode in ("half_up", "floor"):
        rounding = result.scheme.rounding.model_copy(
            update={"total": Rounding(decimals=0, mode=mode)}
        )
        whole[mode] = then(result, {"rounding": rounding})
    found = [whole]
    found += as_zero(result)
    for sign in (-1, 1):
        found += moved(result, sign * result.scheme.total / 100)
    return found[:3]


def then(result, update, table=None):
    """Who changes grade under a changed scheme; whose grade by the score alone would be another but
    is not."""
    other = qt.assess(result.scheme.model_copy(update=update), table or result.table)
    changes, held = [], []
    for unit in result.scores.index:
        (a, old, by), (b, new, then_by) = (
            (one.steps["by_score"][unit], one.grades[unit], one.steps["set_by"][unit])
            for one in (result, other)
        )
        if old != new:
            changes.append({"unit": unit, "old": old, "new": new})
        elif a != b:
            so = then_by != "score"
            row = {"unit": unit, "a": a, "b": b, "grade": new}
            held.append(row | {"set_by": then_by if so else by, "then": so})
    return {"changes": changes, "held": held[:3], "likewise": len(held[3:])}


def as_zero(result):
    """Zero for every blank, where there are any that count otherwise."""
    blank = np.isin(result.table.status, BLANKS)
    if not blank.any():
        return []
    zero = {"not_applicable": "zero", "not_reported": "zero", "pending": "zero", "new": "zero"}

    def emptied(node):
        update = {"missing": node.missing.model_copy(update=zero)}
        if node.children:
            update["children"] = tuple(map(emptied, node.children))
        return node.model_copy(update=update)

    update = {
        "missing": result.scheme.missing.model_copy(update=zero),
        "indicators": tuple(map(emptied, result.scheme.indicators)),
    }
    other = qt.assess(result.scheme.model_copy(update=update), result.table)
    same = np.allclose(other.scores, result.scores, atol=TINY) and list(other.grades) == list(
        result.grades
    )
    return [] if same else [{"option": "blank", "then": then(result, update)}]


def moved(result, shift):
    """The first cutoff moved, where it stays above the next one."""
    first, *rest = result.scheme.grades
    if first.by != "line":
        return []
    groups = result.scheme.classes if any(g.class_cutoffs for g in (first, *rest)) else (None,)
    own = {group: settled(x + shift) for group, x in first.class_cutoffs.items()}
    update = {"cutoff": settled(first.cutoff + shift), "class_cutoffs": own}
    changed = first.model_copy(update=update)
    try:
        data = result.scheme.model_dump() | {"grades": [changed.model_dump(), *(
            grade.model_dump() for grade in rest
        )]}  # fmt: skip
        qt.models.validate(qt.Scheme, data, None)
    except qt.InputError:
        return []
    now, new = (
        [{"group": group, "cutoff": grade.cutoff_of(group)} for group in groups]
        if groups != (None,)
        else grade.cutoff
        for grade in (first, changed)
    )
    row = {"option": "cutoff", "grade": first.id, "now": now, "moved": new}
    return [row | {"then": then(result, {"grades": (changed, *rest)})}]


def settled(value):
    return round(value, 10)


# Risks --------------------------------------------------------------------------------------------


def risks(tables, given):
    return {"risks": risks_of(given.result)[3:]}


def risks_of(result):
    """The scheme's first note, what is flagged, units with points that went elsewhere, the other
    notes."""
    notes = [{"flag": "alone", "text": note} for note in result.scheme.notes]
    flags = result.flags.rename(columns={"indicator": "leaf"})
    kinds = {*CHECKS, "dead_cutoff", "few_scores", "rounding", "set_dependent", "constant"}
    found = flags_of(result, flags, kinds)
    leaves = result.scheme.leaves
    left_out = [
        unit
        for unit, row in zip(result.scores.index, result.table.status, strict=True)
        if any(
            status in BLANKS and treatment_of(result, leaf.id, name(status)) == "renormalise"
            for leaf, status in zip(leaves, row, strict=True)
        )
    ]
    if left_out:
        found.append({"flag": "unscored", "units": left_out})
    return [*notes[:1], *found, *notes[1:]]


def name(status):
    return qt.inputs.statuses.STATUS_NAMES[status]
