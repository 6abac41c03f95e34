"""Small awards made of rows of marks: a scheme as data, ratings read as a file's are, the
assessment."""

from qtoolkit.inputs.files import rows_of_grid
from qtoolkit.inputs.ratings import ratings_of_rows
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.panel.winners import remade

HEADER = ["unit", "assessor", "group", "stage", "item", "score"]


def item(id, points=100.0, out_of=100.0, **keys):
    """A leaf that takes marks out of so many."""
    rule = {"kind": "direct", "out_of": out_of}
    return {"id": id, "name": id, "points": points, "rule": rule, "scales": True} | keys


def scheme_of(items, cutoff=1.0, quota=None, ties="out", **keys):
    """A scheme with the grades winner and others."""
    winner = {"id": "winner", "cutoff": cutoff, "ties": ties}
    if quota is not None:
        winner["quota"] = quota
    data = {
        "id": "award",
        "name": "award",
        "total": sum(leaf["points"] for leaf in items),
        "indicators": items,
        "grades": [winner, {"id": "others", "cutoff": 0.0}],
        "rank_on": "base",
    }
    return validate(Scheme, data | keys, None)


def vote(share="1/2", **keys):
    """A veto of whom a committee does not carry."""
    ballot = {"name": "ballot", "share": share} | keys
    return {"id": "ballot", "name": "not carried", "cap": "others", "vote": ballot}


def read(scheme, rows, data):
    """The ratings of rows of unit, assessor, group, stage, item, score; `data` is a grid, or a list
    of units."""
    grid = data if isinstance(data[0], list) else [["unit"], *([unit] for unit in data)]
    table = rows_of_grid("data", grid)
    return ratings_of_rows(rows_of_grid("ratings", [HEADER, *map(list, rows)]), scheme, table)


def assessed(scheme, rows, data):
    """Ratings and what they give."""
    ratings = read(scheme, rows, data)
    return ratings, remade(scheme, ratings)


def crossed(marks, item="", stage="", group=""):
    """Rows of marks (units × assessors) as {unit: [mark of each assessor]}; None where there is
    none."""
    return [
        [unit, f"z{k}", group, stage, item, mark]
        for unit, given in marks.items()
        for k, mark in enumerate(given)
        if mark is not None
    ]


def ballots(votes):
    """Rows of votes as {unit: "ynna"}: yes, no, abstained, in turn of the voters."""
    words = {"y": "yes", "n": "no", "a": "abstained", "r": "recused"}
    return [
        [unit, f"v{k}", "", "ballot", "", words[letter]]
        for unit, cast in votes.items()
        for k, letter in enumerate(cast)
    ]
