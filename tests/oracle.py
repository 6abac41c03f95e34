"""One assessment graded in exact fractions: slow, plain, and importing nothing of qtoolkit.

`grade_all(scheme, rows)` takes the scheme as it stands in scheme.yaml (dicts, lists, numbers) and
one row a unit: {"class": …, "raw": {leaf: value}, "status": {leaf: word}, "target": {leaf: number},
"veto": {id, …}, "bonus": {id: points}}; what a leaf scores is in oracle_rules.py. Scores have ten
decimals.
"""

from fractions import Fraction
from math import floor

from tests.oracle_lines import lines_for
from tests.oracle_rules import decimal, exact, own_score

PER_POINT, TEN_DECIMALS = 10**10, {"decimals": 10}
ORDERS = {"arithmetic": 1, "geometric": 0, "harmonic": -1}


def rounded(points, how):
    """To the decimals of `how`, half up or floor; ten decimals come first, as of a score that
    somebody printed."""
    if how is None or points is None:
        return points
    tick, step = floor(points * PER_POINT + Fraction(1, 2)), 10 ** (10 - how["decimals"])
    half = Fraction(1, 2) if how.get("mode", "half_up") == "half_up" else 0
    return Fraction(floor(Fraction(tick, step) + half) * step, PER_POINT)


def leaf_score(leaf, row, rows, scheme):
    """A leaf's score in points; None where its points go to its siblings."""
    if (score := own_score(leaf, row, rows, scheme)) is not None:
        return score
    missing = {**scheme.get("missing", {}), **leaf.get("missing", {})}
    status = row.get("status", {}).get(leaf["id"], missing.get("blank"))
    treatment = "zero" if status in ("zero", "falsified") else missing[status]
    if treatment == "group_mean":
        peers = [
            own_score(leaf, other, rows, scheme)
            for other in rows
            if other.get("class") == row.get("class")
        ]
        return sum(score for score in peers if score is not None) / sum(
            score is not None for score in peers
        )
    return {"zero": Fraction(0), "full": exact(leaf["points"]), "renormalise": None}[treatment]


def node_score(node, score_of, rounding):
    """(score, points) of a node; the score is None where nothing below it is scored."""
    if "rule" in node:
        return rounded(score_of(node), rounding.get("leaf")), exact(node["points"])
    parts = [node_score(child, score_of, rounding) for child in node["children"]]
    live, whole = (
        [part for part in parts if part[0] is not None],
        sum(points for _, points in parts),
    )
    seen = sum(points for _, points in live)
    score = sum(value for value, _ in live) * whole / seen if seen else Fraction(0)
    order = ORDERS.get(node.get("aggregation") or "arithmetic", node.get("aggregation"))
    if seen and order != 1:  # to 28 digits
        shares = [
            (decimal(value / points), decimal(points / seen)) for value, points in live if points
        ]
        r = decimal(exact(order))
        if order <= 0 and not all(x for x, _ in shares):
            mean = 0
        elif order == 0:
            mean = sum(w * x.ln() for x, w in shares).exp()
        else:
            mean = sum(w * x**r for x, w in shares) ** (1 / r)
        score = Fraction(mean) * whole
    return rounded(score, None if "root" in node else rounding.get("node")) if live else None, whole


def finished(base, row, scheme, rounding, order):
    """Bonus, deductions, cap and rounding of the total, in the scheme's order: what each changes,
    and the score."""
    first, capped_first = (
        order.get("rounding") == "before_bonus",
        order.get("cap") == "before_deductions",
    )
    sums = {"bonus": 0, "deduction": 0}
    for item in scheme.get("bonuses", []):
        sums[item.get("kind", "bonus")] += exact(row.get("bonus", {}).get(item["id"], 0))
    sums = {
        kind: min(points, exact(scheme.get(f"{kind}_cap", points))) for kind, points in sums.items()
    }
    start = rounded(base, rounding) if first else base
    with_bonus = start + sums["bonus"] - (0 if capped_first else sums["deduction"])
    capped = min(with_bonus, exact(scheme.get("cap") or scheme["total"]))
    late = capped - (sums["deduction"] if capped_first else 0)
    final = max(late, exact(scheme.get("floor", late)))
    published = final if first else rounded(final, rounding)
    changes = {
        "bonus": with_bonus - start,
        "cap": capped - with_bonus,
        "late": late - capped,
        "floor": final - late,
    }
    return {
        "base": base,
        **changes,
        "rounding": start - base + published - final,
        "published": published,
    }


def limited(units, i, grade, groups):
    """A quota (units tied at the last place that do not all fit stay out, or all come in) or the
    last by rank."""
    members = (
        [[u for u in units if u["class"] == group] for group in groups]
        if grade.get("within") == "class"
        else [units]
    )
    ties_in = grade.get("ties") == "in"
    for group in members if grade.get("quota") is not None else []:
        candidates = [unit for unit in group if unit["grade"] <= i]
        above = [sum(other["key"] > unit["key"] for other in candidates) for unit in candidates]
        level = [sum(other["key"] == unit["key"] for other in candidates) for unit in candidates]
        most = floor(exact(grade["quota"]) * (len(group) if exact(grade["quota"]) < 1 else 1))
        for unit, a, t in zip(candidates, above, level, strict=True):
            if (a + 1 if ties_in else a + t) > most:
                unit["grade"] = i + 1


def put_last(units, i, grade, groups):
    members = (
        [[u for u in units if u["class"] == group] for group in groups]
        if grade.get("within") == "class"
        else [units]
    )
    for group in members:
        below = [sum(other["key"] < unit["key"] for other in group) for unit in group]
        level = [sum(other["key"] == unit["key"] for other in group) for unit in group]
        for unit, b, t in zip(group, below, level, strict=True):
            if (b + 1 if grade.get("ties") == "in" else b + t) <= grade["last"]:
                unit["grade"] = max(unit["grade"], i)


def strike(unit, names):
    """What vetoes do to a grade."""
    lowered = min(unit["grade"] + unit["lower"], len(names) - 1)
    unit["grade"] = max([lowered, *unit["caps"].values()])


def grade_all(scheme, rows):
    """One dict a unit: base, bonus, cap, late, floor, rounding (changes), published, rank,
    by_score, grade, set_by."""
    rounding, order, grades = scheme.get("rounding", {}), scheme.get("order", {}), scheme["grades"]
    tree, units = (
        {"root": True, "children": scheme["indicators"], "aggregation": scheme.get("aggregation")},
        [],
    )
    for row in rows:
        score, _ = node_score(
            tree, lambda leaf, row=row: leaf_score(leaf, row, rows, scheme), rounding
        )
        units.append(
            finished(
                rounded(score or Fraction(0), TEN_DECIMALS),
                row,
                scheme,
                rounding.get("total"),
                order,
            )
        )
    names = [g["id"] for g in grades]
    for unit, row in zip(units, rows, strict=True):
        unit["class"], unit["key"] = (
            row.get("class"),
            unit["base" if scheme.get("rank_on") == "base" else "published"],
        )
        falsified = "falsified" in row.get("status", {}).values()
        hit = [
            v
            for v in scheme.get("vetoes", [])
            if v["id"] in row.get("veto", ()) or (v.get("falsified") and falsified)
        ]
        unit["caps"] = {veto["id"]: names.index(veto["cap"]) for veto in hit if "cap" in veto}
        unit["lowering"] = [veto["id"] for veto in hit if "lower" in veto]
        unit["lower"] = sum(veto.get("lower", 0) for veto in hit)
    for unit, lines in zip(units, lines_for(scheme, units), strict=True):
        unit["by_lines"] = unit["grade"] = sum(unit["published"] < line for line in lines[:-1])
    rivals = any(g.get("quota") is not None or g.get("last") for g in grades)
    early = order.get("veto", "before_quota") == "before_quota" or not rivals
    groups = scheme.get("classes", [])
    for unit in units:  # places that make a grade, without the unit's own veto
        for other in units:
            other["grade"] = other["by_lines"]
            if early and other is not unit:
                strike(other, names)
        for i, g in enumerate(grades):
            limited(units, i, g if g.get("by") in ("place", "share") else {}, groups)
        unit["by_score"] = unit["grade"]
    for unit in units:
        unit["grade"] = unit["by_lines"]
    for unit in units if early else []:
        strike(unit, names)
    for i, g in enumerate(grades):
        limited(units, i, g, groups)
    before_last = [unit["grade"] for unit in units]
    for i, g in enumerate(grades):
        if g.get("last"):
            put_last(units, i, g, groups)
    by_last = [was != unit["grade"] for was, unit in zip(before_last, units, strict=True)]
    for unit in [] if early else units:
        strike(unit, names)
    for unit, last, was in zip(units, by_last, before_last, strict=True):
        unit["rank"] = 1 + sum(other["key"] > unit["key"] for other in units)
        if not early and last:  # would the unit's grade be better if nobody were put last?
            other = {**unit, "grade": was}
            strike(other, names)
            last = other["grade"] < unit["grade"]
        final, changed = unit["grade"], unit["grade"] > unit["by_score"]
        vetoes = [veto for veto, cap in unit["caps"].items() if cap == final]
        if final == min(unit["by_score"] + unit["lower"], len(names) - 1):
            vetoes += unit["lowering"]
        unit["set_by"] = (
            "score"
            if not changed
            else f"veto:{vetoes[0]}"
            if vetoes
            else "last"
            if last
            else "quota"
        )
        unit["grade"], unit["by_score"] = names[unit["grade"]], names[unit["by_score"]]
    return units
