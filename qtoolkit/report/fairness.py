"""Facts of 地区公平性: scores, grades and indicators between kinds of units, and what few units can
show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.fairness import Fairness
from qtoolkit.fairness.comparing import CLEAR, SOME
from qtoolkit.inputs.scheme import Covariate
from qtoolkit.language import Text, same
from qtoolkit.report import fairness_figures, shared
from qtoolkit.report.sections import Rows, Section, names_of
from qtoolkit.report.wording import title_of

SENTENCES = 6  # covariates that have a sentence each
LEAVES = 3  # indicators that are named where there is a difference
CLASS = "class"


def regions(result: Assessment, found: Fairness) -> Section:
    """Whether scores go with class, region, economy or size, as
    :func:`qtoolkit.fairness.compare` found it."""
    table, judged = found.table, found.judged
    own = judged[judged["same_as"].isna()]
    first = own.index[in_order(own["chance"], falling=False)[:SENTENCES]]
    named = _names(result)
    leaves = found.leaves[found.leaves["covariate"].isin(own.index)]
    tested = leaves[(leaves["spread"] > SAME) & leaves["chance"].notna()]
    follows = found.applying[found.applying["chance"] <= SOME]
    facts = {
        "units": found.units,
        "described": len(table),
        "rows": [_sentence(result, found, id) for id in own.index if id in first],
        "others": len(own) - len(first),
        "alike": [
            {"name": named[id], "as": named[row["same_as"]]}
            for id, row in judged[judged["same_as"].notna()].iterrows()
        ],
        "few": [named[id] for id in table.index[table["verdict"] == "few"]],
        "many": [named[id] for id in table.index[table["verdict"] == "many"]],
        "constant": [named[id] for id in table.index[table["verdict"] == "same"]],
        "missing": [
            {"name": named[id], "units": row["missing"]}
            for id, row in table.iterrows()
            if row["missing"]
        ],
        "judged": len(judged),
        "verdicts": 2 * len(judged),
        "level": SOME,
        "clear": CLEAR,
        "by_luck": found.beyond,
        "beyond": int((judged[["verdict", "best_verdict"]] != "none").to_numpy().sum()),
        "least": found.least,
        "half": found.units // 2,
        "tested": len(tested),
        "carrying": int((tested["chance"] <= SOME).sum()),
        "carrying_by_luck": SOME * len(tested),
        "follows": [
            {"name": named[row["covariate"]], "leaf": row["indicator"]}
            for _, row in follows[follows["covariate"].isin(own.index)].iterrows()
        ],
        "sampled": bool((judged["how"] == "sampled").any()),
        "best": result.scheme.grades[0].id,
        "score_format": shared.score_format(result),
    }
    tables = {
        "fairness": _comparisons(result, found),
        "fairness_groups": _groups(result, found),
        "fairness_leaves": _leaves(result, found),
    }
    charts = {"fairness": lambda language: fairness_figures.strips(result, found, named, language)}
    return Section("fairness/regions", names_of(result), facts, tables, charts)


def _described(result: Assessment, id: str) -> Covariate | None:
    """What the scheme says of a covariate; None of classes that it does not describe."""
    return next((one for one in result.scheme.covariates if one.id == id), None)


def _names(result: Assessment) -> dict[str, Text]:
    """What each covariate of the data is called."""
    described = {one.id: one.name for one in result.scheme.covariates}
    return {id: described.get(id, title_of(CLASS)) for id in result.table.covariates}


def _label(result: Assessment, id: str) -> Callable[[str], Text]:
    """What the values of a covariate are called."""
    described = _described(result, id)
    return same if described is None else described.label


def _group(result: Assessment, found: Fairness, id: str, group: str) -> dict[str, Any]:
    """A group as pages name it: half ("high", "low", "middle", "" for all alike; None of groups),
    name (None of halves), units, best (how many of these have the best grade)."""
    rows = found.groups[(found.groups["covariate"] == id) & (found.groups["group"] == group)]
    halves = found.table.at[id, "kind"] == "halves"
    return {
        "half": group if halves else None,
        "name": None if halves else _label(result, id)(group),
        "units": int(rows["units"].iloc[0]),
        "best": int(rows[f"count:{result.scheme.grades[0].id}"].iloc[0]),
    }


def _sentence(result: Assessment, found: Fairness, id: str) -> dict[str, Any]:
    """What is said of one covariate: who is apart by how much, what chance gives, and the
    indicators that carry it, the largest share first."""
    row = found.table.loc[id]
    leaves = found.leaves[found.leaves["covariate"] == id]
    way = -1 if row["difference"] < -SAME else 1
    carried = leaves[leaves["difference"] * way > SAME]
    least = carried["difference"].abs().iloc[: 1 if row["verdict"] == "none" else LEAVES].min()
    carried = carried[carried["difference"].abs() >= least - SAME]  # with those that tie
    return {
        "name": _names(result)[id],
        "high": _group(result, found, id, row["high"]),
        "low": _group(result, found, id, row["low"]),
        "rises": row["difference"] > SAME,
        "falls": row["difference"] < -SAME,
        "points": abs(row["difference"]),
        "by_chance": row["by_chance"],
        "verdict": row["verdict"],
        "beyond": {row["verdict"], row["best_verdict"]} != {"none"},
        "rho": row["rho"],
        "most": _group(result, found, id, row["best_most"]),
        "least": _group(result, found, id, row["best_least"]),
        "apart": row["best_high"] - row["best_low"] > SAME,
        "best": result.scheme.grades[0].id,
        "best_verdict": row["best_verdict"],
        "leaves": [
            {"leaf": leaf, "points": abs(points)}
            for leaf, points in zip(carried["indicator"], carried["difference"], strict=True)
        ],
    }


def _comparisons(result: Assessment, found: Fairness) -> Rows:
    """The table of comparisons, those first that chance gives least often."""
    table, named = found.judged, _names(result)
    columns = ["difference", "by_chance", "chance", "verdict", "best_chance", "best_verdict"]
    frame = table[columns].reset_index(drop=True)
    frame["name"] = pd.Series([named[id] for id in table.index], dtype=object)
    frame["best_apart"] = (table["best_high"] - table["best_low"]).to_numpy(float)
    return Rows(frame, in_order(frame["chance"].to_numpy(float), falling=False))


def _groups(result: Assessment, found: Fairness) -> pd.DataFrame:
    """Each group with how many of its units have each grade."""
    named = _names(result)
    groups = [
        _group(result, found, row["covariate"], row["group"]) for _, row in found.groups.iterrows()
    ]
    frame = found.groups.assign(
        name=[named[id] for id in found.groups["covariate"]],
        group=pd.Series(groups, dtype=object),
    )
    without = ["least", "most"] if frame["least"].isna().all() else []
    return frame.drop(columns=["covariate", "compared", *without])


def _leaves(result: Assessment, found: Fairness) -> Rows:
    """Each indicator by covariate, those first that chance gives least often; where two covariates
    make the same groups, by the first."""
    named, again = _names(result), found.table.index[found.table["same_as"].notna()]
    frame = found.leaves[~found.leaves["covariate"].isin(again)].reset_index(drop=True)
    frame = frame.assign(name=[named[id] for id in frame["covariate"]])
    frame = frame.rename(columns={"indicator": "leaf"}).drop(columns=["covariate", "how"])
    return Rows(frame, in_order(frame["chance"].to_numpy(float), falling=False))
