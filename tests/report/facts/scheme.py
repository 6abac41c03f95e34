"""Facts of the scheme, its data and its flags."""

import math

import numpy as np

from qtoolkit.assessment.flags import TREATMENTS
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.statuses import STATUS_LABELS, STATUS_NAMES
from qtoolkit.report.wording import CATALOGUE

FLAGS = 40  # of a kind, all of which a sentence names; of more 8
LONG = 1000  # characters of a flag that is shown as it is


def basis(tables, given):
    scheme = given.result.scheme
    return {"name": scheme.name, "sources": scheme.sources}


def units(tables, given):
    """The flags are those of the table, kind by kind."""
    scheme, table, flags = given.result.scheme, given.result.table, tables["flags"]
    kinds = {
        "excluded",
        "screened",
        "blank",
        "falsified",
        *CHECKS,
        "capped",
        "outlier",
        "low_target",
        "other_period",
        "outside_period",
        "data_after_due",
        "filing_after_start",
        "step_before_end",
    }
    return {
        "units": table.raw.shape[0],
        "leaves": table.raw.shape[1],
        "period": scheme.period,
        "data_period": scheme.data_period,
        "synthetic": scheme.synthetic,
        "groups": [
            {"what": column.name, "tally": tally(column, list(table.covariates[column.id]))}
            for column in scheme.covariates
            if column.kind == "text" and column.id in table.covariates
        ],
        "flags": flags_of(given.result, flags, kinds),
        "all_flags": len(flags) > FLAGS or max(map(len, zh(flags)), default=0) > LONG,
    }


def zh(flags):
    return [text.zh for text in flags["text"]]


def tally(column, values):
    there = [value for value in values if isinstance(value, str)]
    return [
        {"name": column.label(value), "units": there.count(value)} for value in sorted(set(there))
    ]


def flags_of(result, flags, kinds):
    """What is said of these kinds: one sentence for all indicators of a kind where there are
    several, else each flag as it is."""
    found = []
    for kind in dict.fromkeys(kind for kind in flags["kind"] if kind in kinds):
        those = flags[flags["kind"] == kind]
        many = len(those) > 1 or len(those["text"].iloc[0].zh) > LONG
        if many and kind in TOGETHER:
            found += TOGETHER[kind](result, list(those["leaf"]))
            continue
        found += [
            {"flag": "alone", "text": text}
            for text in (those["text"] if len(those) <= FLAGS else those["text"].iloc[:8])
        ]
        if len(those) > FLAGS:
            found.append({"flag": "more", "n": len(those) - 8})
    return found


def constant(result, leaves):
    shares = result.matrix
    points = {leaf.id: leaf.points for leaf in result.scheme.leaves}
    rows = [
        {"leaf": id, "points": points[id], "share": float(np.nanmean(shares[id]))} for id in leaves
    ]
    assert all(np.nanmax(shares[id]) - np.nanmin(shares[id]) < 1e-9 for id in leaves)
    return [{"flag": "constant", "leaves": rows}]


def relative(result, leaves):
    """Scored relative to the others: by a mean that stands for a blank, else by their rule."""
    by_mean = {
        id
        for id in leaves
        if any(
            treatment_of(result, id, status) == "group_mean" for _, status in blanks_of(result, id)
        )
    }
    both = [(True, [id for id in leaves if id in by_mean])]
    both.append((False, [id for id in leaves if id not in by_mean]))
    return [{"flag": "relative", "mean": mean, "leaves": ids} for mean, ids in both if ids]


def column_of(result, id):
    return [leaf.id for leaf in result.scheme.leaves].index(id)


def blanks_of(result, id):
    """(unit, status) of each blank of an indicator, as they stand in the data."""
    column = result.table.status[:, column_of(result, id)]
    names = [STATUS_NAMES[code] for code in column]
    return [
        (unit, name)
        for unit, name in zip(result.scores.index, names, strict=True)
        if name in CATALOGUE["words"]["blank"]
    ]


def treatment_of(result, id, status):
    own = getattr(result.scheme.indicator(id).missing, status)
    return own if own is not None else getattr(result.scheme.missing, status)


def blank(result, leaves):
    """By what blanks mean and how they are treated, the indicators with the units; the catalogue
    calls both as the flags do."""
    for name, both in CATALOGUE["words"]["blank"].items():
        label = STATUS_LABELS[STATUS_NAMES.index(name)]
        assert [label.zh, label.en] == both
    assert {k: [t.zh, t.en] for k, t in TREATMENTS.items()} == CATALOGUE["words"]["treatment"]
    found = {}
    order = [name for name in STATUS_NAMES if name in CATALOGUE["words"]["blank"]]
    for id in dict.fromkeys(leaves):
        for name in order:
            those = [unit for unit, status in blanks_of(result, id) if status == name]
            if those:
                key = (name, treatment_of(result, id, name))
                found.setdefault(key, []).append({"leaf": id, "units": those})
    return [
        {"flag": "blank", "meaning": meaning, "treatment": treatment, "leaves": rows}
        for (meaning, treatment), rows in found.items()
    ]


def capped(result, leaves):
    """Whose value of an indicator is beyond the ends of its rule."""
    rows = []
    for id in leaves:
        low, high = result.scheme.indicator(id).leaf_rule.scored_between()
        j = column_of(result, id)
        beyond = [
            unit
            for unit, value, status in zip(
                result.scores.index,
                result.table.raw[:, j],
                result.table.status[:, j],
                strict=True,
            )
            if STATUS_NAMES[status] == "value" and not low <= float(value) <= high
        ]
        rows.append({"leaf": id, "low": low, "high": high, "units": beyond})
    return [{"flag": "capped", "leaves": rows}]


TOGETHER = {"constant": constant, "set_dependent": relative, "blank": blank, "capped": capped}


def indicators(tables, given):
    """Of a top-level indicator the points are those of its rows in the table."""
    tree, scheme = tables["indicators"], given.result.scheme
    levels = [name for name in tree if "level" in name]
    large = len(tree) > 20 and bool(levels[1:])
    assert ("upper_levels" in tables) == large
    # with one level the indicators are the tops; else a row that names no top goes on with the last
    tops, points = [], []
    for _, row in tree.iterrows():
        top = row["level0"] if levels else row["leaf"]
        if not levels or isinstance(top, str) or not is_under(scheme, row["leaf"], tops[-1:]):
            tops.append(top if isinstance(top, str) else row["leaf"])
            points.append(0.0)
        points[-1] += row["points"]
    assert math.isclose(sum(points), scheme.total, abs_tol=1e-6)
    areas = [
        {"name": scheme.indicator(id).name, "points": p, "before": None}
        for id, p in zip(tops, points, strict=True)
    ]
    return {"total": sum(points), "areas": areas, "large": large}


def is_under(scheme, leaf, tops):
    return any(node.id == leaf for id in tops for node in scheme.indicator(id).walk())


def terms(tables, given):
    return {}
