"""Facts of why grades changed: from the table of causes, the parts of each change, the schemes and
the data."""

import math

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
    """The veto that made the change, of the two that set the grade."""
    was, now = (result.steps["set_by"][unit] for result in both(found))
    earlier, later = (
        {"veto:" + veto.id: veto.name for veto in result.scheme.vetoes} for result in both(found)
    )
    if was == now and was in earlier:
        return {"because": "veto_changed", "veto": later[was]}
    gone, new = was in earlier, now in later
    if new and (not gone or not rises):
        by_score = found.after.steps["by_score"][unit]
        return {"because": "veto", "veto": later[now], "by_score": by_score}
    return {"because": "veto_gone", "veto": earlier[was]} if gone else {"because": "vetoes"}


def place(found, rows):
    """Whose place it was, of the first of the causes that make one sentence."""
    if rows[0]["via"] != "place":
        return None
    unit, others = rows[0]["unit"], []
    for row in rows:
        others += [u for u in row["others"] if u not in others]
    set_by = [result.steps["set_by"][unit] for result in both(found)]
    of = "last" if set_by.count("last") else "quota"
    return {"of": of, "units": others, "lost": not better(found, unit)}


def better(found, unit):
    old, new = (
        [grade.id for grade in result.scheme.grades].index(result.approved[unit])
        for result in both(found)
    )
    return new < old


def most(found, row, leaves, points):
    """The indicators that moved the score most, where they and the part go the way of the cause."""
    sign = (row["points"] > 0) - (row["points"] < 0)
    moved = [(leaf, found.leaves.loc[row["unit"], leaf]) for leaf in leaves]
    helped = [(leaf, x) for leaf, x in moved if not math.isnan(x) and sign * x >= LEAST]
    helped = sorted(helped, key=lambda item: -round(sign * item[1], 8))[:MOST]
    return [{"leaf": leaf, "points": x} for leaf, x in helped] if sign * points >= LEAST else []


def of_points(found, rows, points):
    unit = rows[0]["unit"]
    first = found.decomposition["score_before"][unit]
    moved = found.alone["score_points"][unit] - first
    if not math.isnan(moved) and abs(points - moved) >= LEAST:
        rest = points - moved
        return {"because": "points_and_rest", "points": points, "alone": moved, "rest": rest}
    counts = {len(result.scheme.leaves) for result in both(found)}
    parts = {row["part"] for row in rows}
    apart = one_tree(found) and found.before.scheme.total == found.after.scheme.total
    return {
        "because": "points",
        "what": min(parts) if apart and len(parts) == 1 else "both",
        "points": points,
        "leaves_alike": counts == {len(found.matching.shared)},
    }


def one_tree(found):
    """Whether both trees have the same nodes in the same places, each of which continues itself."""
    trees = []
    for result in both(found):
        trees.append([])
        for node in result.scheme.nodes:
            trees[-1].append((node.id, tuple(child.id for child in node.children)))
    twins = found.matching.twins
    own = all(twins.get(leaf.id) == leaf.id for leaf in found.after.scheme.leaves)
    return own and trees[0] == trees[1]


LINES = {"cutoffs": "lines", "quotas": "lines", "rounding": "lines", "rules": "points"}
WORDS = {
    "cutoffs": {"cutoff", "by"},
    "quotas": {"quota", "ties", "within", "last"},
    "rounding": {"total", "indicators", "order", "rank_on"},
}


def of_lines(found, rows):
    """What is not written alike in the parts that are causes, and in those that go with cutoffs:
    places of other grades, rounding of other totals."""
    parts, (old, new) = {row["part"] for row in rows}, (r.scheme for r in both(found))
    if "cutoffs" in parts and old.total != new.total:
        parts.add("rounding")
    if "cutoffs" in parts and [(g.id, g.by) for g in old.grades] != [
        (g.id, g.by) for g in new.grades
    ]:
        parts.add("quotas")
    words = set().union(*(WORDS[part] for part in parts))
    changes = [row for row in changed_lines(found, rows[0]["unit"]) if row["what"] in words]
    return {"because": "cutoffs", "changes": changes}


def cause(found, rows):
    """The sentence of causes that are told together, `rows` of the table of causes."""
    row, parts = rows[0], found.decomposition.loc[rows[0]["unit"]]
    name, unit = row["part"], row["unit"]
    if name == "approval":
        return {"because": name, "approvals": approvals(found, unit)}
    if name == "units":
        return {"because": name}
    if name in WORDS:
        return of_lines(found, rows)
    if name == "classes":
        words = {"class", "classes", "cutoff"} if row["whose"] == "own" else {"classes"}
        changes = [c for c in changed_lines(found, unit) if c["what"] in words]
        return {"because": name, "changes": changes}
    factor = {"rules": "points", "bonus": "vetoes"}.get(name, name)
    points = float(parts[factor])
    if row["whose"] == "others" and (name != "data" or row["via"] == "place"):
        return {"because": "others", "part": factor, "points": points}
    if name in ("points", "rules"):
        return of_points(found, rows, points)
    if name == "vetoes":
        return veto(found, unit, better(found, unit))
    if name == "bonus":
        return {"because": {"scheme": "limits"}.get(row["whose"], name), "points": points}
    leaves = list(found.leaves.columns) if row["whose"] == "others" else row["leaves"]
    helped = most(found, row, leaves, points)
    if not helped:
        return {"because": name, "points": points}
    kinds = {leaf: kind for leaf, kind in zip(row["leaves"], row["kinds"], strict=True)}
    kind = kinds.get(helped[0]["leaf"], "others")
    return {"because": "data_" + kind, "rises": points > 0, "points": points, "most": helped}


def told(found, unit):
    """The causes of a unit, those of one sentence together where the first of them stands."""
    sentences = {}
    for row in found.causes.to_dict("records"):
        if row["unit"] == unit:
            group = LINES.get(row["part"], row["part"])
            own = row["whose"] if group not in ("lines", "points") else ""
            sentences.setdefault((group, own), []).append(row)
    return [cause(found, rows) | {"place": place(found, rows)} for rows in sentences.values()]


def reason(found, unit):
    parts = found.decomposition.loc[unit]
    points = {name: float(parts[name]) if name != "approval" else 0.0 for name in PARTS}
    return {
        "unit": unit,
        "before": found.before.approved[unit],
        "after": found.after.approved[unit],
        "causes": told(found, unit),
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
    first = sorted(changed, key=lambda unit: (-abs(change[unit]), ranks[unit]))
    first = first[:TOLD] if len(changed) > MANY else first
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
    reasons = [reason(found, unit) for unit in first]
    return {**facts, "changed": len(changed), "told": reasons, "held": held}
