"""Facts of why grades changed: from the parts of each change, the schemes and the data."""

import math

import numpy as np

from qtoolkit.language import Text

PARTS = ("data", "points", "cutoffs", "vetoes", "units", "approval")
TINY, LEAST = 1e-9, 0.005 - 1e-9  # points: the least that two decimals show
MANY, TOLD, MOST = 40, 20, 3


def both(found):
    return found.before, found.after


def side(found, name):
    old, new = both(found)
    result = {"old": old, "new": new}[name]
    return {
        "name": result.scheme.name if old.scheme.year == new.scheme.year else None,
        "year": result.scheme.year if result.scheme.year != "" else None,
        "which": {"old": "last", "new": "this"}[name],
        "kind": "approved" if "approved" in result.table.remarks.columns else "computed",
    }


def sides(found):
    return {name: side(found, name) for name in ("old", "new")}


def class_of(result, unit):
    covariates = result.table.covariates
    if "class" not in covariates:
        return None
    return covariates["class"].tolist()[result.table.units.index(unit)]


def changed_lines(found, unit):
    """What of cutoffs, places and rounding is not written alike, from the two schemes."""
    old, new = (result.scheme for result in both(found))
    grades, rows = [*old.grades, *new.grades], []
    within = any(grade.within == "class" for grade in grades)
    elsewhere = [u for u in found.units if len({class_of(r, u) for r in both(found)}) > 1]
    elsewhere = [u for u in elsewhere if u != unit]
    if not within and (unit is not None or all(not grade.class_cutoffs for grade in grades)):
        elsewhere = []
    others = {"what": "classes", "units": len(elsewhere), "others": unit is not None}
    if unit is None:
        names = {*old.classes, *new.classes}
        classes = [(name, name) for name in sorted(names, reverse=True)] or [(None, None)]
    else:
        pair = tuple(class_of(result, unit) for result in both(found))
        classes = [pair]
        if pair[0] != pair[1]:
            rows.append({"what": "class", "before": pair[0], "after": pair[1]})
    rows += [others] if elsewhere else []
    for k in range(min(len(old.grades), len(new.grades))):
        a, b = old.grades[k], new.grades[k]
        if a.by != "line" or b.by != "line":
            if (a.by, a.within) != (b.by, b.within):
                rows.append({"what": "by", "grade": b.id, "before": a.by, "after": b.by})
            classes_ = []
        else:
            classes_ = classes
        lines = {}  # of classes whose cutoffs move alike, the first by name is named
        for before, after in classes_:
            lines[(a.cutoff_of(before), b.cutoff_of(after))] = after
        for (before, after), group in lines.items():
            if abs(before / old.total - after / new.total) * new.total > TINY:
                row = {"what": "cutoff", "grade": b.id, "group": None}
                if len(lines) > 1:
                    row["group"] = group
                rows.append({**row, "before": before, "after": after})
        by_places = "breaks" not in (a.by, b.by)
        for what, before, after in by_places * (
            ("quota", a.quota, b.quota),
            ("ties", a.ties, b.ties),
            ("within", a.within, b.within),
            ("last", a.last, b.last),
        ):
            if before != after:
                rows.append({"what": what, "grade": b.id, "before": before, "after": after})

    def step(scheme, rule):
        """A rule's least step as a share of the total, in words that compare."""
        if rule is None:
            return None
        return rule.mode, format(10.0**-rule.decimals / scheme.total, ".10e")

    def said(scheme):
        rule = scheme.rounding.total
        words = None if rule is None else {"decimals": rule.decimals, "mode": rule.mode}
        return {"rule": words, "total": None if old.total == new.total else scheme.total}

    if step(old, old.rounding.total) != step(new, new.rounding.total):
        rows.append({"what": "total", "before": said(old), "after": said(new)})
    inner = [(step(s, s.rounding.leaf), step(s, s.rounding.node)) for s in (old, new)]
    if inner[0] != inner[1]:
        rows.append({"what": "indicators"})
    if old.order.rounding != new.order.rounding:
        rows.append({"what": "order"})
    if old.rank_on != new.rank_on:
        rows.append({"what": "rank_on"})
    return rows


def approvals(found, unit):
    rows = []
    for name, result in zip(("old", "new"), both(found), strict=True):
        computed, approved = result.grades[unit], result.approved[unit]
        if computed == approved:
            continue
        labels = {grade.id: grade.label for grade in result.scheme.grades}
        word = result.table.remarks.get("approved_reason", {}).get(unit)
        reason = None
        if isinstance(word, str):
            zh, _, en = word.partition(" | ")
            reason = Text(zh, en or zh)
        row = {"side": name, "computed": labels[computed], "approved": labels[approved]}
        rows.append({**row, "reason": reason})
    return rows


def veto(found, unit, rises):
    """The veto that made the change, if one of the unit's own did."""
    was, now = (result.steps["set_by"][unit] for result in both(found))
    earlier, later = (
        {"veto:" + veto.id: veto.name for veto in result.scheme.vetoes} for result in both(found)
    )
    if was in earlier and was == now:
        return {"because": "veto_changed", "veto": later[was]}
    if not rises and now in later:
        by_score = found.after.steps["by_score"][unit]
        return {"because": "veto", "veto": later[now], "by_score": by_score}
    if rises and was in earlier:
        return {"because": "veto_gone", "veto": earlier[was]}
    return None


def places(found, unit):
    set_by = [result.steps["set_by"][unit] for result in both(found)]
    if "last" in set_by:
        return "last"
    quotas = [grade.quota for result in both(found) for grade in result.scheme.grades]
    return "quota" if "quota" in set_by or quotas != [None] * len(quotas) else None


def own_data(result, unit, leaf):
    """A unit's cell of an indicator: state, value (points as a share of full ones), target and
    baseline."""
    table, rules = result.table, {x.id: (j, x) for j, x in enumerate(result.scheme.leaves)}
    j, rule = rules[leaf]
    i = list(table.units).index(unit)
    value = table.raw[i, j]
    if rule.rule.raw_is_points and value is not None:
        value = value / rule.written_for
    numbers = [None if np.isnan(x[i, j]) else x[i, j] for x in (table.targets, table.baselines)]
    return {"status": table.status[i, j], "value": value, "target": numbers}


def data(found, unit, sign, own, points):
    moved = found.leaves.loc[unit].items()
    helped = [(leaf, x) for leaf, x in moved if not math.isnan(x) and sign * x >= LEAST]
    helped = sorted(helped, key=lambda item: -round(sign * item[1], 8))[:MOST]
    if not own or not helped:
        return {"because": "data", "points": points}
    leaf = helped[0][0]
    was = own_data(found.before, unit, found.matching.twins[leaf])
    now = own_data(found.after, unit, leaf)
    kind = "others"
    for name in ("target", "value", "status"):  # the last that differs is what is said
        kind = name if was[name] != now[name] else kind
    most = [{"leaf": leaf, "points": x} for leaf, x in helped]
    return {"because": "data_" + kind, "rises": sign > 0, "points": points, "most": most}


def of_points(found, unit, points):
    first = found.decomposition["score_before"][unit]
    moved = found.alone["score_points"][unit] - first
    if not math.isnan(moved) and abs(points - moved) >= LEAST:
        rest = points - moved
        return {"because": "points_and_rest", "points": points, "alone": moved, "rest": rest}
    counts = {len(result.scheme.leaves) for result in both(found)}
    return {
        "because": "points",
        "points": points,
        "leaves_alike": counts == {len(found.matching.shared)},
    }


def outside(found, points):
    a, b = (result.scheme for result in both(found))
    for limit, nothing in (("cap", 1), ("floor", 0)):
        shares = [getattr(s, limit) / s.total if getattr(s, limit) else nothing for s in (a, b)]
        if shares[0] != shares[1]:
            return "limits"
    return "bonus" if f"{abs(points):.2f}" != "0.00" else "vetoes"


def cause(found, unit, name, sign, points):
    own = sign * points >= LEAST
    if name == "approval":
        return {"because": name, "approvals": approvals(found, unit)}
    if name == "units":
        return {"because": name}
    if name == "cutoffs":
        return {"because": name, "changes": changed_lines(found, unit)}
    if name == "vetoes" and veto(found, unit, sign > 0):
        return veto(found, unit, sign > 0)
    if not own and places(found, unit):
        limit = places(found, unit)
        return {"because": "others", "part": name, "places": limit, "points": points}
    if name == "vetoes":
        return {"because": outside(found, points), "points": points}
    if name == "points":
        return of_points(found, unit, points)
    return data(found, unit, sign, own, points)


def reason(found, unit, change):
    steps, parts = found.grade_decomposition.loc[unit], found.decomposition.loc[unit]
    sign = 1 if change > 0 else -1
    most = max(sign * steps[name] for name in PARTS)
    points = {name: float(parts[name]) if name != "approval" else 0.0 for name in PARTS}
    main = [name for name in PARTS if sign * steps[name] >= most - TINY]
    main.sort(key=lambda name: -round(sign * points[name], 8))
    return {
        "unit": unit,
        "before": found.before.approved[unit],
        "after": found.after.approved[unit],
        "causes": [cause(found, unit, name, sign, points[name]) for name in main],
        "score_before": parts["score_before"],
        "score_after": parts["score_after"],
        "parts": [
            {"part": name, "points": points[name]}
            for name in PARTS
            if name != "approval" and abs(points[name]) >= LEAST
        ],
    }


def reasons(tables, given):
    found = given.found
    facts = {**sides(found), "problem": found.problem, "changed": 0, "told": [], "held": []}
    if found.problem is not None:
        return facts
    old, new = ([grade.id for grade in result.scheme.grades] for result in both(found))
    change = {
        unit: old.index(found.before.approved[unit]) - new.index(found.after.approved[unit])
        for unit in found.units
    }
    changed = [unit for unit in change if change[unit]]
    ranks = found.after.ranks
    told = sorted(changed, key=lambda unit: (-abs(change[unit]), ranks[unit]))
    told = told[:TOLD] if len(changed) > MANY else told
    steps = {unit: found.grade_decomposition.loc[unit] for unit in change if not change[unit]}
    held = [
        {
            "unit": unit,
            "up": [name for name in PARTS if row[name] > TINY],
            "down": [name for name in PARTS if row[name] < -TINY],
        }
        for unit, row in steps.items()
        if any(abs(row[name]) > 0.5 - 1e-6 for name in PARTS)
    ]
    reasons = [reason(found, unit, change[unit]) for unit in told]
    return {**facts, "changed": len(changed), "told": reasons, "held": held}
