"""Facts of scores, of how the indicators work, and of points item by item."""

import math
import statistics

from qtoolkit.inputs.statuses import BLANKS

TINY = 1e-9


def decimals(given):
    """The format of a published score."""
    rule = given.result.scheme.rounding.total
    return ".4f" if rule is None else f".{rule.decimals}f"


def counted(rows, kind, scheme):
    return [
        {"grade": grade.label, "units": sum(row[kind] == grade.id for row in rows)}
        for grade in scheme.grades
    ]


def points_of(node):
    """The points of an indicator, added up from its leaves."""
    return node.points if node.is_leaf else sum(map(points_of, node.children))


def results(tables, given):
    scheme, rows = given.result.scheme, tables["scores"].to_dict("records")
    scores = [row["score"] for row in rows]
    found = {row["unit"]: row["grade"] for row in rows}
    approved = "approved" in tables["scores"]
    assert approved == ("approved" in given.result.table.remarks)
    tops = scheme.indicators if 2 <= len(scheme.indicators) <= 6 else []
    assert [f"node:{top.id}" for top in tops] == [
        name for name in tables["scores"] if name.startswith("node:")
    ]
    how = scheme.conversion
    return {
        "counts": {
            "computed": counted(rows, "grade", scheme),
            "approved": counted(rows, "approved", scheme) if approved else None,
        },
        "mean": math.fsum(scores) / len(scores),
        "sd": statistics.stdev(scores) if len(scores) > 1 else 0.0,
        "by_other": [
            {
                "unit": unit,
                "by_score": step["by_score"],
                "set_by": step["set_by"],
                "grade": found[unit],
            }
            for unit, step in given.result.steps.to_dict("index").items()
            if step["by_score"] != found[unit]
        ],
        "distributed": len(rows) > 300,
        "tops": [{"leaf": top.id, "points": points_of(top)} for top in tops],
        "score_format": decimals(given),
        "conversion": how and {"name": how.name, "decimals": how.decimals},
    }


def verdict(row):
    """How an indicator works, read off its row."""
    signs = {
        "few": row["n"] <= 1,
        "alike": row["highest"] - row["lowest"] < TINY,
        "against": row["correlation"] < 0,
        "full": row["full"] >= 0.8,
        "zero": row["zero"] >= 0.8,
        "near": row["sd"] < 0.05,
    }
    return next((name for name, there in signs.items() if there), "works")


def operation(tables, given):
    result, rows = given.result, tables["operation"].to_dict("records")
    leaves = [leaf.id for leaf in result.scheme.leaves]
    status = dict(zip(leaves, result.table.status.T, strict=True))
    presumed = [id for id, column in status.items() if all(s in BLANKS for s in column)]
    for row in rows:
        at = row["leaf"]
        assert row["verdict"] == ("presumed" if at in presumed else verdict(row))
        shares = [share for share in result.matrix[at] if share == share]
        assert row["n"] == len(shares)
        if shares:
            assert math.isclose(row["mean"], math.fsum(shares) / len(shares), abs_tol=TINY)
    known = [row for row in rows if row["leaf"] not in presumed]
    parts = [row["variance_share"] for row in known]
    splits = len(parts) > 1 and all(part == part for part in parts)

    def near(end):
        keys = ("leaf", "points", "variance_share")
        limit = end(parts) if splits else 0.0
        return [
            {key: row[key] for key in keys}
            for row in known
            if splits and abs(row["variance_share"] - limit) <= TINY * max(abs(limit), 1)
        ]

    odd = [row["leaf"] for row in rows if row["verdict"] != "works"]
    assert list(tables["operation_odd"]["leaf"]) == odd
    units = len(result.scores)
    return {
        "most": near(max),
        "least": near(min),
        "full_from": 0.8,
        "full": [row["leaf"] for row in known if row["full"] >= 0.8],
        "spread_below": 0.05,
        "flat": [row["leaf"] for row in known if row["sd"] < 0.05],
        "presumed": presumed,
        "many": len(rows) > 20,
        "odd": len(odd),
        "grouped": {"n": units, "k": 40} if units > 300 else None,
    }


def details(tables, given):
    leaves = given.result.scheme.leaves
    items = tables["details"][[f"points:{leaf.id}" for leaf in leaves]]
    return {
        "leaves": [{"leaf": leaf.id, "points": leaf.points} for leaf in leaves],
        "score_format": decimals(given),
        "blank": bool(items.isna().to_numpy().any()),
    }
