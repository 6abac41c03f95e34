"""Facts of panels: from the tables of winners, of votes and of marks, from the scheme and the
assessment, none by the package's own functions of panels."""

import math
from fractions import Fraction
from typing import ClassVar

import qtoolkit as qt
from qtoolkit.language import Text, same

SURE, GOOD, BAND, DRAWS = 0.95, 0.75, 0.1, 200


class Made:
    """What the views of a case with ratings are called with, computed once."""

    kept: ClassVar[dict] = {}

    def __init__(self, given):
        result, marks = given.result, given.ratings
        self.marks, scheme = marks, result.scheme
        self.found = qt.panel.winners(marks, result, band=BAND, draws=DRAWS, seed=1)
        self.strict = qt.panel.strictness(result, marks)
        self.shares = qt.panel.stage_shares(scheme, marks)
        self.agreed = qt.panel.agreement(scheme, marks)
        self.irregular = qt.panel.irregular(scheme, marks)
        self.strengths = qt.panel.strengths(scheme, marks)

    @classmethod
    def of(cls, given):
        if id(given) not in cls.kept:
            cls.kept[id(given)] = given, cls(given)
        return cls.kept[id(given)][1]


def views(given):
    """The views of a case with ratings."""
    from qtoolkit.report import panel

    if given.ratings is None:
        return []
    made, result = Made.of(given), given.result
    return [
        lambda: panel.basis(result),
        lambda: panel.criteria(result),
        lambda: panel.award(result, made.found, made.strict),
        lambda: panel.screens(result),
        lambda: panel.scores(result, made.shares),
        lambda: panel.agreement(result, made.agreed, made.irregular),
        lambda: panel.severity(result, made.strict),
        lambda: panel.winners(result, made.found),
        lambda: panel.votes(result, made.found, made.marks),
        lambda: panel.profiles(result, made.strengths),
        lambda: panel.publicity(result, made.found),
        panel.methods,
    ]


def score_format(result):
    rule = result.scheme.rounding.total
    return ".4f" if rule is None else f".{rule.decimals}f"


def screened_by(result):
    """By screen, in order: who came to it, and who passed."""
    left, rows = len(result.table.units) + len(result.table.screened), []
    for screen in result.scheme.screens:
        out = [one for one in result.table.screened if one.screen == screen.id]
        rows.append({"name": screen.name, "came": left, "passed": left - len(out)})
        left -= len(out)
    return rows


def basis(tables, given):
    scheme = given.result.scheme
    rows = []
    for stage in scheme.stages:
        how = scheme.panel.stages.get(stage.id, scheme.panel)
        panel = {key: getattr(how, key) for key in ("how", "drop", "trim", "least")}
        rows.append({"stage": stage.id, "panel": panel | {"step": scheme.panel.step}})
    return {"name": scheme.name, "sources": scheme.sources, "stages": rows}


def criteria(tables, given):
    scheme, table = given.result.scheme, tables["criteria"]
    assert list(table["leaf"]) == [leaf.id for leaf in scheme.leaves]
    weights = table[[name for name in table if name.startswith("stage:")]]
    assert all(math.isclose(sum(x for x in row if x == x), 1) for row in weights.to_numpy())
    tops = [top for top in scheme.indicators]
    held = [text for text in table["category"] if text.zh]
    assert held == [top.name for top in tops]
    points = [sum(leaf.points for leaf in top.walk() if leaf.is_leaf) for top in tops]
    assert math.isclose(sum(points), sum(table["points"]))
    return {
        "total": sum(table["points"]),
        "areas": [
            {"name": top.name, "points": p, "before": None}
            for top, p in zip(tops, points, strict=True)
        ],
    }


def ranked(result):
    """Units by rank, ties as in the data."""
    return sorted(result.table.units, key=lambda unit: result.ranks[unit])


def winning(result):
    best = result.scheme.grades[0].id
    return [unit for unit in ranked(result) if result.grades[unit] == best]


def doubtful(made):
    rows, table = [], made.found.table
    for unit in table.index:
        chance, answer = table["by_assessors"][unit], table["in_band"][unit]
        open_ = not math.isnan(chance) and 0.05 < chance < 0.95
        if open_ or answer not in ("certain", "never"):
            wins = unit in winning(made.found.result)
            chance = None if math.isnan(chance) else chance
            rows.append({"unit": unit, "wins": wins, "chance": chance, "in_band": answer})
    return rows


def pivotal(made):
    rows = []
    for name, gained, lost in zip(
        made.found.without.index,
        made.found.without["gained"],
        made.found.without["lost"],
        strict=True,
    ):
        if gained or lost:
            rows.append({"assessor": name, "gained": list(gained), "lost": list(lost)})
    return rows


def not_won(result, by):
    """Units whose score would win, and which do not by this step."""
    steps = result.steps
    return [unit for unit in ranked(result) if steps["set_by"][unit] == by]


def award(tables, given):
    made, result = Made.of(given), given.result
    best, wins = result.scheme.grades[0], winning(result)
    waiting = not_won(result, "quota")
    table = made.found.table
    apart = []
    for stage in dict.fromkeys(made.strict.parts["stage"]):
        groups = made.strict.parts.loc[made.strict.parts["stage"] == stage, "units"].tolist()
        units = [[row["unit"] for row in doubtful(made) if row["unit"] in g] for g in groups]
        if len([some for some in units if some]) >= 2:
            inside = [unit for some in units for unit in some]
            apart.append({"stage": stage, "parts": len(groups), "units": inside})
    places = best.quota
    return {
        "applicants": len(result.table.units) + len(result.table.screened),
        "screens": screened_by(result),
        "winners": wins,
        "grade": best.label,
        "places": places,
        "empty": None if places is None else places - len(wins),
        "line": best.cutoff,
        "lowest": min(result.scores[unit] for unit in wins),
        "next": {"unit": waiting[0], "score": result.scores[waiting[0]]} if waiting else None,
        "form": score_format(result),
        "not_carried": not_won(result, "veto:vote"),
        "sure": [
            unit
            for unit in wins
            if table["in_band"][unit] == "certain" and table["by_assessors"][unit] >= SURE
        ],
        "doubtful": doubtful(made),
        "band": BAND,
        "pivotal": pivotal(made),
        "apart": apart,
        "assessors": True,
        "data_period": result.scheme.data_period,
        "synthetic": result.scheme.synthetic,
    }


def screens(tables, given):
    result, table = given.result, tables["screened"]
    names = {screen.id: screen.name for screen in result.scheme.screens}
    assert list(table["unit"]) == [one.unit.zh for one in result.table.screened]
    assert list(table["screen"]) == [names[one.screen] for one in result.table.screened]
    for one, why in zip(result.table.screened, table["screen_why"], strict=True):
        assert [why.zh, why.en] == [part.strip() for part in one.why.split("|")]
    return {
        "applicants": len(result.table.units) + len(table),
        "screens": screened_by(result),
        "screened": len(table),
    }


def scores(tables, given):
    result, table = given.result, tables["panel_scores"]
    assert list(table["unit"]) == ranked(result)
    assert [result.scores[unit] for unit in table["unit"]] == list(table["score"])
    stages = [name.removeprefix("stage:") for name in table if name.startswith("stage:")]
    for stage in stages:  # every score is a share: the weighted mean of marks over a hundred
        assert table[f"stage:{stage}"].between(0, 1).all()
    return {
        "stages": [{"stage": stage} for stage in stages],
        "units": len(table),
        "high": max(table["score"]),
        "low": min(table["score"]),
        "score_format": score_format(result),
    }


def agreement(tables, given):
    made, table = Made.of(given), tables["agreement"]
    assert len(table) == len({(r.stage, r.group) for r in made.marks.frame.itertuples()})

    def panels(rows):
        return [{"stage": r["stage"], "group": r["group"], "icc_mean": r["icc_mean"]} for r in rows]

    rows = table.to_dict("records")
    kinds = tables["irregular"]["kind"].tolist()
    return {
        "low": panels([r for r in rows if r["icc_mean"] < GOOD]),
        "good": GOOD,
        "unknown": panels([r for r in rows if math.isnan(r["icc_mean"])]),
        "wanted": 0.8,
        "short": [
            {
                "stage": r["stage"],
                "group": r["group"],
                "assessors": r["assessors"],
                "dependability": r["dependability"],
                "needed": None if math.isnan(r["needed"]) else int(r["needed"]),
            }
            for r in rows
            if not r["dependability"] >= 0.8
        ],
        "rough": any(r["units"] <= 7 for r in rows),
        "few": kinds.count("few"),
        "spread": kinds.count("spread"),
        "irregular": len(kinds),
    }


def severity(tables, given):
    made, result, table = Made.of(given), given.result, tables["severity"]
    parts = made.strict.parts
    regraded = tables["regraded"]
    other = regraded[regraded["grade"] != regraded["grade_adjusted"]]
    spread = []
    for stage, part in dict.fromkeys(zip(table["stage"], table["part"], strict=True)):
        inside = table[(table["stage"] == stage) & (table["part"] == part)]["severity"]
        spread.append({"stage": stage, "part": part, "distance": max(inside) - min(inside)})
    named = {
        kind: [
            {"name": name, "stage": stage}
            for name, stage, found in zip(
                table["name"], table["stage"], table["strict"], strict=True
            )
            if found == kind
        ]
        for kind in ("strict", "lenient")
    }
    return {
        "by": "assessor",
        **named,
        "spread": spread,
        "apart": [
            {
                "stage": stage,
                "parts": [
                    {"names": list(names), "units": list(units)}
                    for at, names, units in zip(
                        parts["stage"], parts["names"], parts["units"], strict=True
                    )
                    if at == stage
                ],
            }
            for stage in dict.fromkeys(parts["stage"])
        ],
        "changed": len(other),
        "regraded": other[["unit", "grade", "grade_adjusted"]].to_dict("records"),
        "score_format": score_format(result),
        "rows": len(table),
    }


def winners(tables, given):
    made, result, table = Made.of(given), given.result, tables["winning"]
    assert list(table["unit"]) == ranked(result)
    answers = dict(zip(table["unit"], table["in_band"], strict=True))

    def those(answer):
        return [unit for unit, found in answers.items() if found == answer]

    seen = dict(zip(table["unit"], table["by_points"], strict=True))
    assert len(tables["pivots"]) == len(pivotal(made))
    return {
        "draws": DRAWS,
        "band": BAND,
        "why_not": None,
        "certain": those("certain"),
        "possible": those("possible"),
        "open": those("open"),
        "unseen": [unit for unit in those("possible") if not seen[unit]],
        "assessors": made.marks.frame["assessor"].nunique(),
        "pivots": len(tables["pivots"]),
        "untried": 0,
        "score_format": score_format(result),
        "decimals": 0,  # 200 draws: half the 95% interval of a frequency is up to 7 in a hundred
    }


def votes(tables, given):
    made, table = Made.of(given), tables["votes"]
    cast, (veto,) = made.marks.votes, given.result.scheme.vetoes
    vote = veto.vote
    carried, not_carried = [], []
    for unit, yes, passed in zip(table["unit"], table["yes"], table["carried"], strict=True):
        own = cast[cast["unit"] == unit]["vote"]
        assert yes == (own == "yes").sum()
        enough = Fraction(int(yes), vote.members) >= Fraction(vote.share)
        assert enough == bool(passed)
        (carried if enough else not_carried).append(unit)
    roll = tables["vote_roll"]
    assert (roll[[name for name in roll if name.startswith("on:")]] == "yes").sum().tolist() == [
        *table["yes"]
    ]
    return {
        "held": len(table),
        "name": vote.name,
        "needed": same("2/3"),
        "over": False,
        "of": "all",
        "members": 15,
        "voters": cast["voter"].nunique(),
        "carried": carried,
        "not_carried": not_carried,
        "unvoted": [],
    }


def profiles(tables, given):
    made, table = Made.of(given), tables["profiles"]
    for unit, strong, weak in zip(table["unit"], table["strength"], table["weakness"], strict=True):
        rows = made.strengths[made.strengths["unit"] == unit]
        assert [row["leaf"] for row in [*strong, *weak]] == list(rows["item"])
        assert all(row["distance"] >= 0.03 - 1e-9 for row in strong)
        assert all(row["distance"] <= -0.03 + 1e-9 for row in weak)
    return {"units": made.marks.frame["unit"].nunique()}


def publicity(tables, given):
    result = given.result
    assert list(tables["publicity"]["unit"]) == winning(result)
    return {
        "winners": len(tables["publicity"]),
        "covariate": Text("行业", "Industry"),
        "synthetic": result.scheme.synthetic,
    }


def methods(tables, given):
    return {}
