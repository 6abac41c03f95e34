"""What a leaf scores, in exact fractions; part of oracle.py and as plain: nothing of qtoolkit is
imported.

`row["raw"]` holds a unit's values by leaf, by leaf@stage, or of a list by leaf.task;
`row["target"]` and `row["base"]` its own targets and baselines.
"""

from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise

COMPARE = ("minmax", "zscore", "rank")  # rules that compare a unit with the others


@cache
def exact(value):
    return value if value is None or isinstance(value, Fraction) else Fraction(str(value))


def decimal(fraction):
    return Decimal(fraction.numerator) / fraction.denominator


def cut(value, high=1):
    return max(Fraction(0), min(Fraction(high), value))


def value_of(leaf, row, scheme):
    """A unit's value: Σ weight · value of the stages, then what later stages say; a level is its
    share."""
    id, weights, levels = leaf["id"], leaf.get("stages"), leaf["rule"].get("levels", {})
    own = {
        key: value
        for key, value in row["raw"].items()
        if key.partition("@")[0] == id and value is not None
    }
    found = {key: exact(levels.get(value, value)) for key, value in own.items()}
    parts = (
        [(weight, found.get(f"{id}@{stage}")) for stage, weight in weights.items()]
        if weights
        else [(1, found.get(id))]
    )
    if leaf["rule"]["kind"] == "checklist":
        parts = [(1, share_done(leaf, row["raw"]))]
    value = (
        None
        if any(part is None for _, part in parts)
        else sum(exact(weight) * part for weight, part in parts)
    )
    for stage in scheme.get("stages", []):
        later = found.get(f"{id}@{stage['id']}") if stage.get("effect", "part") != "part" else None
        if later is not None:
            value = later if stage["effect"] == "replaces" else value + later
    return value


def share_done(leaf, raw):
    """The share of a list of tasks that is done: raw["<leaf>.<task>"] is "yes", "no", "skip" (does
    not apply) or a day such as "2025-09-20"."""
    rule, given, whole = leaf["rule"], Fraction(0), Fraction(0)
    for task in rule["items"]:
        said = raw[f"{leaf['id']}.{task['id']}"]
        weight = exact(task.get("weight", 1))
        is_late = said not in ("yes", "no", "skip") and said > task.get("due", said)
        whole += 0 if said == "skip" else weight
        given += weight * (exact(rule["late"]) if is_late else said not in ("no", "skip"))
    return given / whole if whole else None


def share_of(rule, raw, own, peers):
    """Share of full marks, for the rules that give one; `peers` are the values of all units that
    have one."""
    kind, higher = rule["kind"], rule.get("direction", "higher") == "higher"
    if kind in ("share", "level", "checklist"):
        return raw
    if kind == "goalposts":
        low, high = exact(rule["low"]), exact(rule["high"])
        return cut((raw - low if higher else high - raw) / (high - low))
    if kind == "efficacy":
        worst, best, base = (
            exact(rule.get(key, 0.6)) for key in ("unacceptable", "satisfactory", "base")
        )
        return base + (1 - base) * cut((raw - worst) / (best - worst))
    if kind == "target":
        share = cut(raw / own) if higher else Fraction(1) if raw <= own else own / raw
        return share if share >= exact(rule.get("floor") or 0) else Fraction(0)
    if kind == "base_plus":
        gained = raw - own if higher else own - raw
        if gained < 0 and "below" in rule:
            return exact(rule["below"])
        return cut(
            exact(rule["base"])
            + exact(rule["gain"]) * max(Fraction(0), gained) / exact(rule.get("per", 1))
        )
    if kind == "minmax":
        least, most = min(peers), max(peers)
        if least == most:
            return exact(rule.get("when_equal", 1))
        return (raw - least if higher else most - raw) / (most - least)
    if kind == "zscore":
        mean = sum(peers) / len(peers)
        variance = sum((peer - mean) ** 2 for peer in peers) / max(len(peers) - 1, 1)
        z = (raw - mean) / Fraction(decimal(variance).sqrt()) if variance else 0
        return cut(exact(rule["center"]) + exact(rule["spread"]) * (z if higher else -z))
    if kind == "rank":
        ahead = sum(peer > raw if higher else peer < raw for peer in peers)
        return 1 - (1 - exact(rule.get("last", 0))) * Fraction(ahead, max(len(peers) - 1, 1))
    table = [(exact(step["at"]), exact(step["share"])) for step in rule["table"]]
    if not rule.get("interpolate", False):
        return [Fraction(0), *(share for at, share in table if at <= raw)][-1]
    for (a, low), (b, high) in pairwise(table):
        if a <= raw <= b:
            return low + (high - low) * (raw - a) / (b - a)
    return table[0][1] if raw < table[0][0] else table[-1][1]


def own_score(leaf, row, rows, scheme):
    """A leaf's score in points from a unit's value; None where there is no value."""
    rule, points, id, outliers = (
        leaf["rule"],
        exact(leaf["points"]),
        leaf["id"],
        leaf.get("outliers"),
    )
    if id in row.get("status", {}) or (raw := value_of(leaf, row, scheme)) is None:
        return None
    compared = rows if outliers or rule["kind"] in COMPARE else []
    others = [other for other in compared if id not in other.get("status", {})]
    peers = [value_of(leaf, other, scheme) for other in others]
    peers = sorted(peer for peer in peers if peer is not None)
    if outliers:
        ends = peers[outliers.get("low", 0)], peers[len(peers) - 1 - outliers.get("high", 0)]
        raw, peers = (
            max(ends[0], min(ends[1], raw)),
            [max(ends[0], min(ends[1], peer)) for peer in peers],
        )
    if outliers and outliers.get("log"):
        rule = {
            k: Fraction(Decimal(str(v)).ln()) if k in ("low", "high") else v
            for k, v in rule.items()
        }
        raw, peers = Fraction(decimal(raw).ln()), [Fraction(decimal(peer).ln()) for peer in peers]
    full = exact(rule.get("out_of") or leaf.get("out_of") or points)
    plus = rule["kind"] == "base_plus"
    own = exact(
        row.get("base" if plus else "target", {}).get(
            id, rule.get("reference" if plus else "target")
        )
    )
    if rule["kind"] == "direct":
        lost = full - raw
    elif rule["kind"] == "deduct":
        missed = (
            raw if own is None else (own - raw) * (-1 if rule.get("direction") == "lower" else 1)
        )
        lost = max(Fraction(0), missed) * exact(rule["rate"]) / exact(rule.get("per", 1))
        lost = min(lost, exact(rule.get("most", lost)))
        if missed >= exact(rule.get("zero_at", missed + 1)):
            return Fraction(0)
    else:
        lost = full * (1 - share_of(rule, raw, own, peers))
    if leaf.get("scales", True):
        return points * cut(1 - lost / full) if full else Fraction(0)
    return cut(points - lost, points)
