"""Facts of panels: screens, scores by stage, winners and how sure they are, votes, strengths and
weaknesses, the list to be published."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.inputs.panels import Panel
from qtoolkit.inputs.ratings import Ratings
from qtoolkit.language import Text, same
from qtoolkit.panel import Strictness, Winners
from qtoolkit.report import figures, shared
from qtoolkit.report.sections import Section, names_of

WANTED = 0.8  # a dependability often asked for; `agreement` takes another
GOOD = 0.75  # an ICC of the mean from which on agreement is called good (Koo & Li 2016)
SURE = 0.95  # a share of draws from which on a unit is said to win, or not to, whoever sits there


def _screens(result: Assessment) -> list[dict[str, Any]]:
    """Each screen in order, with how many units came to it and how many passed."""
    left = len(result.table.units) + len(result.table.screened)
    rows = []
    for screen in result.scheme.screens:
        failed = sum(one.screen == screen.id for one in result.table.screened)
        rows.append({"name": screen.name, "came": left, "passed": left - failed})
        left -= failed
    return rows


def basis(result: Assessment) -> Section:
    """What the award rests on, and how marks become scores."""
    scheme = result.scheme
    panel = scheme.panel or Panel()
    facts = {
        "name": scheme.name,
        "sources": scheme.sources,
        "stages": [
            {
                "stage": stage.id,
                "panel": {
                    "how": panel.marking(stage.id).how,
                    "drop": panel.marking(stage.id).drop,
                    "trim": panel.marking(stage.id).trim,
                    "least": panel.marking(stage.id).least,
                    "step": panel.step,
                },
            }
            for stage in scheme.stages
        ],
    }
    return Section("panel/basis", names_of(result), facts)


def criteria(result: Assessment) -> Section:
    """What is judged: categories and items with their points and the weights of stages."""
    scheme, paths = result.scheme, shared.top_path(result.scheme)
    rows: list[dict[str, Any]] = []
    for leaf in scheme.leaves:
        top = paths[leaf.id][0]
        again = bool(rows) and rows[-1]["top"] == top.id
        row: dict[str, Any] = {"top": top.id, "category": same("") if again else top.name}
        row |= {"leaf": leaf.id, "points": leaf.full_points}
        if any(other.aspect for other in scheme.leaves):
            row["aspect"] = leaf.aspect or same("")
        stages = [stage.id for stage in scheme.stages if stage.effect == "part"]
        row |= {f"stage:{stage}": leaf.stages.get(stage, float("nan")) for stage in stages}
        rows.append(row)
    facts = {"total": scheme.total, "areas": shared.areas(scheme)}
    table = pd.DataFrame(rows).drop(columns="top")
    return Section("panel/criteria", names_of(result), facts, {"criteria": table})


def award(result: Assessment, found: Winners, strict: Strictness) -> Section:
    """Page one: who applied, who wins, what is not sure, what to mind."""
    table, best = found.table, result.scheme.grades[0]
    wins = table[table["wins"]]
    facts = {
        "applicants": len(result.table.units) + len(result.table.screened),
        "screens": _screens(result),
        "winners": list(wins.index),
        "grade": best.label,
        "places": found.places,
        "empty": found.empty,
        "line": best.line if best.has_line else None,
        "lowest": wins["score"].min() if len(wins) else None,
        "next": _first_without_place(table),
        "form": shared.score_format(result),
        "not_carried": list(table.index[table["why"] == "vote"]),
        "sure": _sure(wins),
        "doubtful": _doubtful(found),
        "band": found.band,
        "pivotal": _pivotal(found),
        "apart": _contested(found, strict),
        "assessors": found.assessors is not None,
        "data_period": result.scheme.data_period,
        "synthetic": result.scheme.synthetic,
    }
    return Section("panel/award", names_of(result), facts)


def _contested(found: Winners, strict: Strictness) -> list[dict[str, Any]]:
    """Stages at which assessors of several parts share no unit, with the doubtful units that lie in
    different parts."""
    doubtful, rows = [row["unit"] for row in _doubtful(found)], []
    for stage, parts in strict.parts.groupby("stage", sort=False):
        inside = [[unit for unit in doubtful if unit in units] for units in parts["units"]]
        if sum(bool(units) for units in inside) > 1:
            rows.append({"stage": stage, "parts": len(parts), "units": list(chain(*inside))})
    return rows


def _first_without_place(table: pd.DataFrame) -> dict[str, Any] | None:
    """The best of those who reach the line and find no place left."""
    rest = table[table["why"] == "place"]
    return None if rest.empty else {"unit": rest.index[0], "score": rest["score"].iloc[0]}


def _sure(wins: pd.DataFrame) -> list[Any]:
    """Winners everywhere within the band, and in nearly all draws of assessors."""
    sure = wins["in_band"] == "certain"
    return list(wins.index[sure & ~(wins["by_assessors"] < SURE)])


def _doubtful(found: Winners) -> list[dict[str, Any]]:
    """Units of whom neither is sure, that they win or that they do not."""
    rows = []
    for unit, row in found.table.iterrows():
        chance = row["by_assessors"]
        by_assessors = chance == chance and 1 - SURE < chance < SURE
        if by_assessors or row["in_band"] in ("possible", "open"):
            rows.append(
                {
                    "unit": unit,
                    "wins": bool(row["wins"]),
                    "chance": chance if chance == chance else None,
                    "in_band": row["in_band"],
                }
            )
    return rows


def _pivotal(found: Winners) -> list[dict[str, Any]]:
    """Assessors without whom the winners would be others."""
    without = found.without
    changed = without[(without["gained"].str.len() > 0) | (without["lost"].str.len() > 0)]
    return [
        {"assessor": str(name), "gained": list(row["gained"]), "lost": list(row["lost"])}
        for name, row in changed.iterrows()
    ]


def screens(result: Assessment) -> Section:
    """Who applied, who passed each screen, who did not and why."""
    scheme, screened = result.scheme, result.table.screened
    names = {screen.id: screen.name for screen in scheme.screens}
    table = pd.DataFrame(
        {
            "unit": [one.unit.zh for one in screened],
            "screen": [names[one.screen] for one in screened],
            "screen_why": [_both(one.why) for one in screened],
        }
    )
    facts = {
        "applicants": len(result.table.units) + len(screened),
        "screens": _screens(result),
        "screened": len(screened),
    }
    return Section("panel/screens", names_of(result), facts, {"screened": table})


def _both(text: str | None) -> Text:
    """A remark that may hold both languages: 中文 | English."""
    zh, bar, en = (text or "").partition("|")
    return Text(zh.strip(), en.strip() if bar else zh.strip())


def scores(result: Assessment, shares: pd.DataFrame) -> Section:
    """Scores, ranks and grades, with each stage's share of full marks
    (:func:`qtoolkit.panel.stage_shares`)."""
    order = result.ranks.sort_values(kind="stable").index
    table = pd.DataFrame(
        {"rank": result.ranks[order], "score": result.scores[order]}, index=order
    ).rename_axis("unit")
    for stage in shares.columns:
        table[f"stage:{stage}"] = shares[stage].reindex(order)
    table["grade"] = result.grades[order]
    facts = {
        "stages": [{"stage": stage} for stage in shares.columns],
        "units": len(order),
        "high": result.scores.max(),
        "low": result.scores.min(),
        "score_format": shared.score_format(result),
    }
    return Section(
        "panel/scores",
        names_of(result),
        facts,
        {"panel_scores": table},
        {"award_scores": lambda language: figures.scores(result, language)},
    )


def agreement(result: Assessment, table: pd.DataFrame, irregular: pd.DataFrame) -> Section:
    """How far the assessors of each panel agree (:func:`qtoolkit.panel.agreement`), and items with
    too few marks, or marks too far apart (:func:`qtoolkit.panel.irregular`)."""
    shown = table if table["group"].astype(bool).any() else table.drop(columns="group")
    known = table["icc_mean"].notna()
    facts = {
        "low": _panels(table[known & (table["icc_mean"] < GOOD)]),
        "good": GOOD,
        "unknown": _panels(table[~known]),
        "wanted": WANTED,
        "short": _short(table),
        "rough": bool(table["rough"].any()),
        "few": int((irregular["kind"] == "few").sum()),
        "spread": int((irregular["kind"] == "spread").sum()),
        "irregular": len(irregular),
    }
    tables = {"agreement": shown, "irregular": irregular}
    return Section("panel/agreement", names_of(result), facts, tables)


def _panels(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"stage": row.stage, "group": row.group, "icc_mean": row.icc_mean}
        for row in rows.itertuples(index=False)
    ]


def _short(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Panels that have fewer assessors than a dependability of .8 takes."""
    rows = table[(table["needed"] > table["assessors"]) | table["needed"].isna()]
    return [
        {
            "stage": row.stage,
            "group": row.group,
            "assessors": row.assessors,
            "dependability": row.dependability,
            "needed": int(row.needed) if row.needed == row.needed else None,
        }
        for row in rows.itertuples(index=False)
        if row.dependability == row.dependability
    ]


def severity(result: Assessment, found: Strictness) -> Section:
    """Strict and lenient assessors, whether that decided a grade, and who cannot be compared."""
    table, parts = found.severity, found.parts
    changed = found.regraded[found.regraded["changed"]].rename_axis("unit")
    facts = {
        "by": found.by,
        "strict": _extremes(table, "strict"),
        "lenient": _extremes(table, "lenient"),
        "spread": _spread(table),
        "apart": [
            {
                "stage": stage,
                "parts": [
                    {"names": list(row.names), "units": list(row.units)}
                    for row in rows.itertuples(index=False)
                ],
            }
            for stage, rows in parts.groupby("stage", sort=False)
        ],
        "changed": len(changed),
        "regraded": changed[["grade", "grade_adjusted"]],
        "score_format": shared.score_format(result),
        "rows": len(table),
    }
    tables = {"severity": table, "regraded": found.regraded.rename_axis("unit")}
    return Section("panel/severity", names_of(result), facts, tables)


def _extremes(table: pd.DataFrame, kind: str) -> list[dict[str, Any]]:
    """Assessors who are strict (or lenient) beyond chance, as the table has them."""
    rows = table[table["strict"] == kind]
    return [{"name": row.name, "stage": row.stage} for row in rows.itertuples(index=False)]


def _spread(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each stage (and part), how far the most lenient lies above the strictest."""
    return [
        {"stage": stage, "part": part, "distance": rows.max() - rows.min()}
        for (stage, part), rows in table.groupby(["stage", "part"], sort=False)["severity"]
    ]


def winners(result: Assessment, found: Winners) -> Section:
    """How sure each unit is to win: under other assessors, under other points, without each
    assessor."""
    table = found.table.rename_axis("unit")
    table = table[["rank", "score", "why", "by_assessors", "by_points", "in_band", "pivotal"]]
    if found.assessors is None:
        table = table.drop(columns="by_assessors")
    pivots = pd.DataFrame(
        {
            "assessor": [row["assessor"] for row in _pivotal(found)],
            "gained": [row["gained"] for row in _pivotal(found)],
            "lost": [row["lost"] for row in _pivotal(found)],
        }
    )
    answers = table["in_band"]
    facts = {
        "draws": found.points.draws,
        "band": found.band,
        "why_not": found.why,
        "certain": list(table.index[answers == "certain"]),
        "possible": list(table.index[answers == "possible"]),
        "open": list(table.index[answers == "open"]),
        "unseen": _unseen(table),
        "assessors": len(found.without),
        "pivots": len(pivots),
        "untried": int(found.without["why"].notna().sum()),
        "score_format": shared.score_format(result),
        "decimals": found.points.decimals,
    }
    return Section("panel/winners", names_of(result), facts, {"winning": table, "pivots": pivots})


def _unseen(table: pd.DataFrame) -> list[Any]:
    """Units that can win within the band and in no draw of points did."""
    return list(table.index[(table["in_band"] == "possible") & (table["by_points"] == 0)])


def votes(result: Assessment, found: Winners, ratings: Ratings) -> Section:
    """How the vote went, and who voted how; of several votes, the first that was held."""
    held = [veto for veto in result.scheme.vetoes if (ratings.votes["veto"] == veto.id).any()]
    veto = next(iter(held), None)
    vote, id = (None, "") if veto is None else (veto.vote, veto.id)
    counts = found.votes[found.votes["vote"] == id].rename_axis("unit")
    cast = ratings.votes[ratings.votes["veto"] == id]
    roll = cast.pivot(index="voter", columns="unit", values="vote")
    roll = roll.reindex(index=sorted(dict.fromkeys(cast["voter"])), columns=list(counts.index))
    table = pd.DataFrame({"voter": list(roll.index)})
    for unit in roll.columns:
        table[f"on:{unit}"] = [word if isinstance(word, str) else "absent" for word in roll[unit]]
    facts = {
        "held": len(counts),
        "name": vote.name if vote is not None else same(""),
        "needed": same(vote.share if vote is not None else ""),
        "over": bool(vote is not None and vote.over),
        "of": vote.of if vote is not None else "all",
        "members": vote.members if vote is not None else None,
        "voters": int(cast["voter"].nunique()),
        "carried": list(counts.index[counts["carried"].astype(bool)]),
        "not_carried": list(counts.index[~counts["carried"].astype(bool)]),
        "unvoted": _unvoted(found),
    }
    tables = {"votes": counts.drop(columns="vote"), "vote_roll": table}
    return Section("panel/votes", names_of(result), facts, tables)


def _unvoted(found: Winners) -> list[Any]:
    """Winners who were not put to the vote, where there was one."""
    return [unit for unit in found.names if len(found.votes) and unit not in found.votes.index]


def profiles(result: Assessment, strengths: pd.DataFrame) -> Section:
    """Strengths and room for improvement of each unit (:func:`qtoolkit.panel.strengths`)."""
    table = pd.DataFrame({"unit": list(dict.fromkeys(strengths["unit"]))})
    for kind in ("strength", "weakness"):
        rows = strengths[strengths["kind"] == kind]
        table[kind] = [_distances(rows[rows["unit"] == unit]) for unit in table["unit"]]
    return Section("panel/profiles", names_of(result), {"units": len(table)}, {"profiles": table})


def _distances(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"leaf": row.item, "distance": float(row.distance)} for row in rows.itertuples(index=False)
    ]


def publicity(result: Assessment, found: Winners) -> Section:
    """The list of winners, in the order of the ranks, as it is published: no scores."""
    described: Sequence[Any] = [
        covariate for covariate in result.scheme.covariates if covariate.kind == "text"
    ]
    table = pd.DataFrame({"unit": found.names})
    for covariate in described[:1]:
        if covariate.id in result.table.covariates:
            values = result.table.covariates[covariate.id]
            table["covariate"] = [covariate.label(values[unit]) for unit in found.names]
    facts = {
        "winners": len(found.names),
        "covariate": described[0].name if described else same(""),
        "synthetic": result.scheme.synthetic,
    }
    return Section("panel/publicity", names_of(result), facts, {"publicity": table})


def methods() -> Section:
    """Annex: how panels are computed."""
    return Section("panel/methods", {})
