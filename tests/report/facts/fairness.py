"""Facts of fairness: groups anew from the covariates, scores and contributions of the assessment,
what chance gives by scipy's permutation test where all ways are gone through."""

import itertools
import math

import numpy as np
import pandas as pd

import qtoolkit as qt
from qtoolkit.language import Text, same

TINY = 1e-9


def views(given):
    from qtoolkit.report import fairness

    return [lambda: fairness.regions(given.result, found_of(given))]


def found_of(given):
    if not hasattr(given, "fairness"):
        given.fairness = qt.fairness.compare(given.result)
    return given.fairness


def described(result, id):
    return next((one for one in result.scheme.covariates if one.id == id), None)


def name_of(result, id):
    one = described(result, id)
    return Text("类别", "Class") if one is None else one.name


def members(result, row, group):
    """The units of a group, of the covariate's values."""
    values = result.table.covariates[row.name]
    if row["kind"] == "groups":
        return values.index[values == group]
    known = values.astype(float).dropna().sort_values()
    size = int({"high": row["units"] - row["below"], "low": row["below"]}[group])
    return known.index[:size] if group == "low" else known.index[len(known) - size :]


def group_of(result, row, group):
    units, one = members(result, row, group), described(result, row.name)
    label = same(group) if one is None else one.label(group)
    halves = row["kind"] == "halves"
    return {
        "half": group if halves else None,
        "name": None if halves else label,
        "units": len(units),
        "best": int((result.grades[units] == result.scheme.grades[0].id).sum()),
    }


def sentence(result, found, row):
    high, low = (members(result, row, row[end]) for end in ("high", "low"))
    apart = result.scores[high].mean() - result.scores[low].mean()
    assert math.isclose(apart, row["difference"], abs_tol=1e-7)
    most, least = (group_of(result, row, row[f"best_{end}"]) for end in ("most", "least"))
    parts = result.contributions.loc[high].mean() - result.contributions.loc[low].mean()
    carried = -parts if apart < -TINY else parts
    listed = found.leaves.loc[found.leaves["covariate"] == row.name, "indicator"]
    sizes = [carried[leaf] for leaf in listed]
    assert all(a >= b - 1e-8 for a, b in itertools.pairwise(sizes))
    named = [leaf for leaf in listed if carried[leaf] > 1e-9]
    places = 1 if row["chance"] > 0.05 else 3
    return {
        "name": name_of(result, row.name),
        "high": group_of(result, row, row["high"]),
        "low": group_of(result, row, row["low"]),
        "rises": bool(apart > TINY),
        "falls": bool(apart < -TINY),
        "points": abs(row["difference"]),
        "by_chance": row["by_chance"],
        "verdict": verdict(row["chance"]),
        "beyond": row["chance"] <= 0.05 or row["best_chance"] <= 0.05,
        "rho": rho(result, row),
        "most": most,
        "least": least,
        "apart": most["best"] * least["units"] > least["best"] * most["units"],
        "best": result.scheme.grades[0].id,
        "best_verdict": verdict(row["best_chance"]),
        "leaves": [
            {"leaf": leaf, "points": abs(parts[leaf])}
            for leaf in named
            if sum(carried[other] > carried[leaf] + TINY for other in named) < places
        ],
    }


def verdict(chance):
    return "none" if chance > 0.05 else "some" if chance > 0.01 else "clear"


def rho(result, row):
    """Pearson's correlation of mean ranks."""
    if row["kind"] == "groups":
        return None
    numbers = result.table.covariates[row.name].astype(float).dropna()
    ranks = numbers.rank(), result.scores[numbers.index].rank()
    return float(np.corrcoef(*ranks)[0, 1]) if ranks[1].nunique() > 1 else None


def with_sizes(found):
    """The table with the size of the lower half."""
    below = found.groups[found.groups["group"] == "low"].set_index("covariate")["units"]
    return found.table.assign(below=below.reindex(found.table.index))


def regions(tables, given):
    result, found = given.result, found_of(given)
    table = with_sizes(found)
    judged = table[~table["verdict"].isin(["few", "many", "same"])]
    own, alike, seen = [], [], {}
    for id, row in judged.iterrows():
        groups = found.groups[(found.groups["covariate"] == id) & found.groups["compared"]]
        key = frozenset(frozenset(members(result, row, group)) for group in groups["group"])
        if key in seen:
            alike.append({"name": name_of(result, id), "as": name_of(result, seen[key])})
        else:
            seen[key] = id
            own.append(id)
    first = sorted(own, key=lambda id: judged.at[id, "chance"])[:6]
    leaves = found.leaves[found.leaves["covariate"].isin(own)]
    tested = leaves[(leaves["spread"] > TINY) & leaves["chance"].notna()]
    assert len(tables["fairness_groups"]) == len(found.groups)
    assert len(tables["fairness_leaves"]) == len(own) * len(result.points)
    assert len(tables["fairness"]) == len(judged)
    values = result.table.covariates
    blank = values.isna() | values.map(lambda x: isinstance(x, str) and not x.strip())
    follows = found.applying[found.applying["covariate"].isin(own)]
    calls = [*judged["chance"], *judged["best_chance"]]
    return {
        "units": len(result.scores),
        "described": values.shape[1],
        "rows": [sentence(result, found, judged.loc[id]) for id in own if id in first],
        "others": max(len(own) - 6, 0),
        "alike": alike,
        "few": [name_of(result, id) for id in table.index[table["verdict"] == "few"]],
        "many": [name_of(result, id) for id in table.index[table["verdict"] == "many"]],
        "constant": [name_of(result, id) for id in values if values[id][~blank[id]].nunique() == 1],
        "missing": [
            {"name": name_of(result, id), "units": int(blank[id].sum())}
            for id in values
            if blank[id].any()
        ],
        "judged": len(judged),
        "verdicts": len(calls),
        "level": 0.05,
        "clear": 0.01,
        "by_luck": 0.05 * len(calls),
        "beyond": sum(chance <= 0.05 for chance in calls),
        "least": None if pd.isna(found.least) else found.least,
        "half": len(result.scores) // 2,
        "tested": len(tested),
        "carrying": int((tested["chance"] <= 0.05).sum()),
        "carrying_by_luck": 0.05 * len(tested),
        "follows": [
            {"name": name_of(result, row["covariate"]), "leaf": row["indicator"]}
            for row in follows.to_dict("records")
            if row["chance"] <= 0.05
        ],
        "sampled": bool((judged["how"] == "sampled").any()),
        "best": result.scheme.grades[0].id,
        "score_format": qt.report.shared.score_format(result),
    }
