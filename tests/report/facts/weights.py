"""Facts of importance, of indicators that overlap, of other weightings and of tuned points."""

import itertools

import numpy as np
import pandas as pd

import qtoolkit as qt
from qtoolkit.errors import InputError

FEWEST, ENOUGH = 15, 40  # units for an estimate, and for one that is more than rough
SCORED = 8  # units for a correlation
DRAWN = 40  # indicators in a figure
STEP = 0.5
METHODS = ("equal", "entropy", "critic", "variation", "deviation", "pca")
TINY = 1e-9


def varies(x):
    return len(x) >= SCORED and x.max() - x.min() > TINY


def effective(tables, given):
    result, n = given.result, len(given.result.scores)
    facts = dict.fromkeys(("most", "short", "few", "leaves", "drawn", "split", "tops"))
    facts |= {"units": n, "least": FEWEST, "known": 0}
    facts |= {"differ": len(set(result.base)) > 1, "scored": 8}
    if "importance" not in tables:
        shares = [result.matrix[leaf].dropna() for leaf in result.matrix]
        assert n < FEWEST or not any(varies(x) and varies(result.base[x.index]) for x in shares)
        return facts
    table = tables["importance"].set_index("leaf")
    known = [leaf for leaf in table.index if table.loc[leaf, "share"] == table.loc[leaf, "share"]]
    gap = {leaf: table.loc[leaf, "share"] - table.loc[leaf, "nominal"] for leaf in known}
    same = all(abs(x) <= TINY for x in gap.values())
    held = [int(result.matrix[leaf].notna().sum()) for leaf in known]
    split = bool(np.isfinite(table["own"].astype(float)).any())
    tops = len(result.scheme.indicators)
    facts["tops"] = tops not in (1, len(table))
    assert ("importance_top" in tables) == (facts["tops"] and not split)

    def at(end):
        return [
            {"leaf": leaf, "nominal": table.loc[leaf, "nominal"], "share": table.loc[leaf, "share"]}
            for leaf in known
            if abs(gap[leaf] - end) <= TINY and not same
        ]

    return facts | {
        "known": len(known),
        "most": at(max(gap.values())),
        "short": at(min(gap.values())),
        "few": {"n": min(held), "enough": ENOUGH} if min(held) < ENOUGH else None,
        "leaves": len(table),
        "drawn": min(len(table), DRAWN),
        "split": split,
    }


def correlations(result):
    """(first, second, r, whether within one node) of all indicators that vary, the strongest
    first."""
    parent = {child.id: node.id for node in result.scheme.nodes for child in node.children}
    shares, found = result.matrix, []
    for a, b in itertools.combinations([leaf for leaf in shares if shares[leaf].nunique() > 1], 2):
        x, y = shares[[a, b]].dropna().to_numpy().T
        if varies(x) and varies(y):
            u, v = x - x.mean(), y - y.mean()
            r = float(u @ v / np.sqrt((u @ u) * (v @ v)))
            found.append((a, b, r, parent.get(a) == parent.get(b)))
    return sorted(found, key=lambda pair: -round(abs(pair[2]), 9))


def standardised_alpha(shares):
    """α by the mean correlation: d r / (1 + (d − 1) r)."""
    whole = shares.dropna()
    whole = whole.loc[:, whole.nunique() > 1]
    d = whole.shape[1]
    if d < 2:
        return None
    r = (np.corrcoef(whole.to_numpy().T).sum() - d) / (d * (d - 1))
    return float(d * r / (1 + (d - 1) * r)) if 1 + (d - 1) * r > TINY else None


def overlaps(tables, given):
    pairs = correlations(given.result)
    against = [pair for pair in pairs if pair[2] < -TINY and pair[3]]
    least = min((r for *_, r, _ in against), default=None)
    rows = [
        [{"first": a, "second": b, "r": r} for a, b, r, _ in chosen]
        for chosen in (
            [pair for pair in pairs if abs(pair[2]) > 0.92 + TINY],
            [pair for pair in against if pair[2] <= least + TINY],
        )
    ]
    leaves = len(given.result.scheme.leaves)
    return {
        "at": 0.92,
        "twice": rows[0],
        "against": len(against),
        "strongest": rows[1],
        "alpha": standardised_alpha(given.result.matrix),
        "leaves": leaves,
        "drawn": min(leaves, DRAWN),
    }


def noted(result, method):
    """Why a method cannot be used (None where it can), and what it notes, each by names."""
    if method == "equal":
        return None, []
    names = [leaf.name for leaf in result.scheme.leaves]
    x = pd.DataFrame(result.matrix.to_numpy(), list(result.labels.values()), names)
    try:
        return None, list(getattr(qt.weighting, method)(x).notes)
    except InputError as error:
        return error.complaints[0].text, []


def alternatives(tables, given):
    result = given.result
    whole = sum(not any(np.isnan(row)) for row in result.matrix.to_numpy())
    facts = dict.fromkeys(("methods", "low", "high", "most", "remarks"))
    facts |= {"whole": whole, "least": FEWEST, "step": STEP, "people": None}
    if not tables:
        assert whole < FEWEST
        return facts
    table, points = tables["weightings"], tables["weighting_points"]
    changed = dict(zip(table["method"], table["changed"], strict=True))
    assert [f"by:{name}" for name in changed] == list(points.columns[2:])
    assert (table.filter(like="in:").sum(axis=1) == len(result.scores)).all()
    remarks = []
    for method in METHODS:
        why, notes = noted(result, method)
        assert (why is None) == (method in changed)
        said = [{"unused": None, "text": note} for note in notes]
        said += [] if why is None else [{"unused": method, "text": why}]
        remarks += [remark for remark in said if remark not in remarks]
    return facts | {
        "methods": len(changed),
        "low": min(changed.values()),
        "high": max(changed.values()),
        "most": [name for name, n in changed.items() if n == max(changed.values())],
        "remarks": remarks,
    }


KEPT = {}


def searched(result):
    """What the search for tuned points gives, or why there is none; kept, as it takes a while."""
    if id(result) not in KEPT:
        present = result.points
        limits = {leaf: (0.5 * p, 1.5 * p) for leaf, p in present.items()}
        try:
            found = qt.importance.tune(result, dict(present), limits, step=STEP, seed=0)
        except InputError as error:
            found = error.complaints[0].text
        KEPT[id(result)] = (result, found)
    return KEPT[id(result)][1]


def proportional(result):
    """The points at which r² is as the present points, by the normal equations."""
    x, present = result.matrix.dropna().to_numpy(), result.points.to_numpy()
    covariance = np.atleast_2d(np.cov(x.T))
    wanted = np.sqrt(present * covariance.diagonal())
    raw = np.linalg.lstsq(covariance, wanted, rcond=None)[0]
    return dict(zip(result.points.index, raw / raw.sum(), strict=True))


def reach(tables, given):
    result, found = given.result, searched(given.result)
    facts = dict.fromkeys(("refused", "undecided", "negative", "proven", "note", "changed"))
    facts |= {"step": STEP, "low": 0.5, "high": 1.5}
    if "tuned" not in tables:
        return facts | {"refused": found}
    table = tables["tuned"].set_index("leaf")
    assert np.allclose(table["target"], result.points / result.points.sum())
    try:
        qt.importance.attainable(result, dict(result.points))
        shares = proportional(result)
        facts["negative"] = [leaf for leaf, share in shares.items() if share < -TINY]
    except InputError as error:
        facts["undecided"] = error.complaints[0].text
    other = qt.assess(result.scheme.replace(points=dict(table["points"])), result.table)
    return facts | {
        "proven": "已逐一比较" in found.note.zh,
        "note": found.note,
        "changed": sum(a != b for a, b in zip(other.grades, result.grades, strict=True)),
    }
