"""One assessment graded in exact fractions: slow, plain, and importing nothing of qtoolkit.

`grade_all(scheme, rows)` takes the scheme as it stands in scheme.yaml (dicts, lists, numbers) and one row a unit:
{"class": …, "raw": {leaf: value}, "status": {leaf: word}, "target": {leaf: number}, "veto": {id, …}, "bonus": {id: points}}.
Scores have ten decimals.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

PER_POINT, TEN_DECIMALS = 10**10, {"decimals": 10}


def exact(value):
    return value if value is None or isinstance(value, Fraction) else Fraction(str(value))


def rounded(points, how):
    """To the decimals of `how`, half up or floor; ten decimals come first, as of a score that somebody printed."""
    if how is None or points is None:
        return points
    tick, step = floor(points * PER_POINT + Fraction(1, 2)), 10 ** (10 - how["decimals"])
    half = Fraction(1, 2) if how.get("mode", "half_up") == "half_up" else 0
    return Fraction(floor(Fraction(tick, step) + half) * step, PER_POINT)


def cut(value, high=1):
    return max(Fraction(0), min(Fraction(high), value))


def share_of(rule, raw, own):
    """Share of full marks, for the rules that give one."""
    kind, higher = rule["kind"], rule.get("direction", "higher") == "higher"
    if kind == "share":
        return raw
    if kind == "goalposts":
        low, high = exact(rule["low"]), exact(rule["high"])
        return cut((raw - low if higher else high - raw) / (high - low))
    if kind == "efficacy":
        worst, best, base = (exact(rule.get(key, 0.6)) for key in ("unacceptable", "satisfactory", "base"))
        return base + (1 - base) * cut((raw - worst) / (best - worst))
    if kind == "target":
        share = cut(raw / own) if higher else Fraction(1) if raw <= own else own / raw
        return share if share >= exact(rule.get("floor") or 0) else Fraction(0)
    table = [(exact(step["at"]), exact(step["share"])) for step in rule["table"]]
    if not rule.get("interpolate", False):
        return [Fraction(0), *(share for at, share in table if at <= raw)][-1]
    for (a, low), (b, high) in pairwise(table):
        if a <= raw <= b:
            return low + (high - low) * (raw - a) / (b - a)
    return table[0][1] if raw < table[0][0] else table[-1][1]


def own_score(leaf, row):
    """A leaf's score in points from a unit's value; None where there is no value."""
    rule, raw, points = leaf["rule"], row["raw"].get(leaf["id"]), exact(leaf["points"])
    if raw is None:
        return None
    full = exact(rule.get("out_of") or leaf.get("out_of") or points)
    own = exact(row.get("target", {}).get(leaf["id"], rule.get("target")))
    if rule["kind"] == "direct":
        lost = full - exact(raw)
    elif rule["kind"] == "deduct":
        missed = exact(raw) if own is None else (own - exact(raw)) * (-1 if rule.get("direction") == "lower" else 1)
        lost = max(Fraction(0), missed) * exact(rule["rate"]) / exact(rule.get("per", 1))
    else:
        lost = full * (1 - (exact(rule["levels"][raw]) if rule["kind"] == "level" else share_of(rule, exact(raw), own)))
    if leaf.get("scales", True):
        return points * cut(1 - lost / full) if full else Fraction(0)
    return cut(points - lost, points)


def leaf_score(leaf, row, rows, missing):
    """A leaf's score in points; None where its points go to its siblings."""
    if (score := own_score(leaf, row)) is not None:
        return score
    missing = {**missing, **leaf.get("missing", {})}
    status = row.get("status", {}).get(leaf["id"], missing.get("blank"))
    treatment = "zero" if status == "zero" else missing[status]
    if treatment == "group_mean":
        peers = [own_score(leaf, other) for other in rows if other.get("class") == row.get("class")]
        return sum(score for score in peers if score is not None) / sum(score is not None for score in peers)
    return {"zero": Fraction(0), "full": exact(leaf["points"]), "renormalise": None}[treatment]


def node_score(node, score_of, rounding):
    """(score, points) of a node; the score is None where nothing below it is scored."""
    if "rule" in node:
        return rounded(score_of(node), rounding.get("leaf")), exact(node["points"])
    parts = [node_score(child, score_of, rounding) for child in node["children"]]
    live, whole = [part for part in parts if part[0] is not None], sum(points for _, points in parts)
    seen = sum(points for _, points in live)
    score = sum(value for value, _ in live) * whole / seen if seen else Fraction(0)
    if seen and node.get("aggregation") == "geometric":
        shares = [(value / points, points / seen) for value, points in live if points]
        logs = [
            Decimal(w.numerator) / w.denominator * (Decimal(x.numerator) / x.denominator).ln() for x, w in shares if x
        ]
        score = Fraction(sum(logs).exp()) * whole if len(logs) == len(shares) else Fraction(0)  # to 28 digits
    return rounded(score, None if "root" in node else rounding.get("node")) if live else None, whole


def finished(base, row, scheme, rounding, order):
    """Bonus, deductions, cap and rounding of the total, in the scheme's order: what each changes, and the score."""
    first, capped_first = order.get("rounding") == "before_bonus", order.get("cap") == "before_deductions"
    sums = {"bonus": 0, "deduction": 0}
    for item in scheme.get("bonuses", []):
        sums[item.get("kind", "bonus")] += exact(row.get("bonus", {}).get(item["id"], 0))
    start = rounded(base, rounding) if first else base
    with_bonus = start + sums["bonus"] - (0 if capped_first else sums["deduction"])
    capped = min(with_bonus, exact(scheme.get("cap") or scheme["total"]))
    final = capped - (sums["deduction"] if capped_first else 0)
    published = final if first else rounded(final, rounding)
    changes = {"bonus": with_bonus - start, "cap": capped - with_bonus, "late": final - capped}
    return {"base": base, **changes, "rounding": start - base + published - final, "published": published}


def grade_all(scheme, rows):
    """One dict a unit: base, bonus, cap, late, rounding (changes), published, rank, by_score, grade, set_by."""
    rounding, order, missing = (scheme.get(key, {}) for key in ("rounding", "order", "missing"))
    tree, units = {"root": True, "children": scheme["indicators"], "aggregation": scheme.get("aggregation")}, []
    for row in rows:
        score, _ = node_score(tree, lambda leaf, row=row: leaf_score(leaf, row, rows, missing), rounding)
        units.append(finished(rounded(score or Fraction(0), TEN_DECIMALS), row, scheme, rounding.get("total"), order))
    names, cutoffs = [g["id"] for g in scheme["grades"]], [exact(g["cutoff"]) for g in scheme["grades"]]
    for unit, row in zip(units, rows, strict=True):
        unit["key"] = unit["base"] if scheme.get("rank_on") == "base" else unit["published"]
        hit = [veto for veto in scheme.get("vetoes", []) if veto["id"] in row.get("veto", ())]
        unit["caps"] = {veto["id"]: names.index(veto["cap"]) for veto in hit}
        unit["by_score"] = unit["grade"] = min(sum(unit["published"] < cutoff for cutoff in cutoffs), len(names) - 1)
    quotas = [(i, exact(grade["quota"])) for i, grade in enumerate(scheme["grades"]) if grade.get("quota") is not None]
    early = order.get("veto", "before_quota") == "before_quota"
    for step in ["veto", *quotas] if early else [*quotas, "veto"]:
        candidates = [unit for unit in units if step == "veto" or unit["grade"] <= step[0]]
        places = [sum(other["key"] >= unit["key"] for other in candidates) for unit in candidates]
        for unit, place in zip(candidates, places, strict=True):
            if step == "veto":
                unit["grade"] = max([unit["grade"], *unit["caps"].values()])
            elif place > floor(step[1] * (len(units) if step[1] < 1 else 1)):
                unit["grade"] = step[0] + 1  # a ceiling: ties at the last place that do not all fit stay out
    for unit in units:
        unit["rank"] = 1 + sum(other["key"] > unit["key"] for other in units)
        vetoes = [veto for veto, cap in unit["caps"].items() if cap == unit["grade"]]
        changed = unit["grade"] != unit["by_score"]
        unit["set_by"] = "score" if not changed else f"veto:{vetoes[0]}" if vetoes else "quota"
        unit["grade"], unit["by_score"] = names[unit["grade"]], names[unit["by_score"]]
    return units
