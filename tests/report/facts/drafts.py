"""Facts of drafts side by side: from the schemes, the grades of each draft assessed anew, and the
table of causes."""

import math

import qtoolkit as qt
from qtoolkit.language import Text
from tests.report.facts.reasons import changed_lines

TINY, LEAST = 1e-9, 0.005 - 1e-9
WHOLE, TOLD, MOST, ALL, FEW = 12, 12, 2, 300, 40
HOW_SCORED = ("rule", "scales", "outliers", "stages", "missing")
ELSEWHERE = (
    "aggregation missing stages screens vetoes bonuses bonus_cap deduction_cap cap floor "
    "conversion classes panel"
).split()
LINES = {"cutoffs", "quotas", "rounding"}
SAID = {
    "cutoffs": {"cutoff", "by"},
    "quotas": {"quota", "ties", "within", "last"},
    "rounding": {"total", "indicators", "order", "rank_on"},
}


class Pair:
    def __init__(self, before, after):
        self.before, self.after, self.units = before, after, list(after.scores.index)


def nodes(scheme):
    found, todo = [], list(scheme.indicators)
    while todo:
        node = todo.pop(0)
        found.append(node)
        todo = [*node.children, *todo]
    return {node.id: node for node in found}


def leaves(scheme):
    return [id for id, node in nodes(scheme).items() if not node.children]


def points_of(node):
    if not node.children:
        return node.points
    return math.fsum(points_of(child) for child in node.children)


def scored_otherwise(one, other):
    """Other choices, or the same data lose other points for what the rule is written for."""
    if any(getattr(one, f) != getattr(other, f) for f in HOW_SCORED):
        return True
    written = {one.written_for, other.written_for}
    if 0 in written or len(written) == 1:
        return False
    kind = one.leaf_rule.kind
    if kind == "deduct":
        return one.scales
    return kind == "direct" or not one.scales


def changed(name, result, other):
    ours, theirs = nodes(result.scheme), nodes(other.scheme)
    old, new = leaves(result.scheme), leaves(other.scheme)
    order = [*ours, *(id for id in theirs if id not in ours)]
    moved = [
        id
        for id in order
        if id not in ours
        or id not in theirs
        or abs(points_of(ours[id]) - points_of(theirs[id])) > TINY / 10
    ]
    areas = [node.id for node in result.scheme.indicators if node.children]
    return {
        "draft": name,
        "areas": [
            {
                "leaf": id,
                "before": points_of(ours[id]),
                "after": points_of(theirs[id]) if id in theirs else None,
            }
            for id in moved
            if id in areas
        ],
        "points": [id for id in moved if id in old and id in new],
        "rules": [id for id in old if id in new and scored_otherwise(ours[id], theirs[id])],
        "fresh": [id for id in new if id not in old],
        "dropped": [id for id in old if id not in new],
        "lines": changed_lines(Pair(result, other), None),
        "more": [
            *(
                ["aggregation"]
                * sum(
                    ours[id].aggregation != theirs[id].aggregation
                    for id in ours
                    if id in theirs and ours[id].children and theirs[id].children
                )
            ),
            *(f for f in ELSEWHERE if getattr(result.scheme, f) != getattr(other.scheme, f)),
        ],
        "differing": sum(
            a != b for a, b in zip(list(result.grades), list(other.grades), strict=True)
        ),
    }


def moved(result, other, unit):
    """What each indicator does to a unit's score, to its points beyond its mean share's."""
    scale = other.scheme.total / result.scheme.total
    overall = math.fsum(result.contributions.loc[unit]) / result.scheme.total
    rows = []
    for id in other.points.index:
        if id in result.points.index:
            before, after = float(result.points[id]), float(other.points[id])
            brought = other.contributions.loc[unit, id] - scale * result.contributions.loc[unit, id]
            share = float(other.matrix.loc[unit, id])
            rows.append(
                {
                    "leaf": id,
                    "before": before,
                    "after": after,
                    "share": None if math.isnan(share) else share,
                    "points": float(brought - (after - before * scale) * overall),
                }
            )
    return rows


def cause(result, other, rows):
    row, parts = rows[0], {row["part"] for row in rows}
    place = None
    if row["via"] == "place":
        last = "last" in {r.steps.loc[row["unit"], "set_by"] for r in (result, other)}
        names = result.grade_names
        place = {
            "of": "last" if last else "quota",
            "units": list(dict.fromkeys(u for r in rows for u in r["others"])),
            "lost": names.index(row["after"]) < names.index(row["before"]),
        }
    if row["part"] in LINES:
        told = set().union(*(SAID[part] for part in parts & LINES))
        if not same_total(result, other):
            told |= SAID["rounding"] | SAID["cutoffs"]
        if [g.by for g in result.scheme.grades] != [g.by for g in other.scheme.grades]:
            told |= SAID["quotas"] if "cutoffs" in parts else set()
        lines = changed_lines(Pair(result, other), row["unit"])
        return {
            "because": "lines",
            "changes": [line for line in lines if line["what"] in told],
            "place": place,
        }
    if row["part"] in ("points", "rules"):
        what = "both" if len(parts) > 1 else row["part"]
        sign = math.copysign(1, row["points"]) if row["points"] else 0.0
        every = moved(result, other, row["unit"])
        most = [one for one in every if sign * one["points"] >= LEAST]
        most.sort(key=lambda one: -round(sign * one["points"], 9))
        return {"because": what, "most": most[:MOST], "place": place}
    if row["part"] == "vetoes":
        return {"because": row["part"], "place": place}
    return {"because": row["part"], "points": row["points"], "place": place}


def same_total(result, other):
    return result.scheme.total == other.scheme.total


def told(given):
    found, rows = given.rivals, []
    result = given.result
    grades = {name: list(each.grades) for name, each in found.results.items()}
    for k, unit in enumerate(result.scores.index):
        for name, other in list(found.results.items())[1:]:
            here = [
                row
                for row in found.causes.to_dict("records")
                if row["unit"] == unit and row["draft"] == name
            ]
            if grades[name][k] == list(result.grades)[k]:
                assert not here
                continue
            groups = {}
            for row in here:
                kind = "lines" if row["part"] in LINES else row["part"]
                kind = "points" if kind in ("points", "rules") else kind
                groups.setdefault(
                    (kind, row["whose"] if kind not in ("lines", "points") else ""), []
                )
                groups[(kind, row["whose"] if kind not in ("lines", "points") else "")].append(row)
            rows.append(
                {
                    "unit": unit,
                    "draft": name,
                    "before": list(result.grades)[k],
                    "after": grades[name][k],
                    "causes": [cause(result, other, group) for group in groups.values()],
                    "score_before": float(result.scores.iloc[k]),
                    "score_after": float(other.scores.iloc[k]),
                }
            )
    return rows


def drafts(tables, given):
    found, result = given.rivals, given.result
    units = list(result.scores.index)
    others = {name: each for name, each in found.results.items() if each is not result}
    anew = {name: qt.assess(each.scheme, each.table) for name, each in others.items()}
    grades = {"本方案": list(result.grades)} | {n: list(r.grades) for n, r in anew.items()}
    differing = [
        u for k, u in enumerate(units) if len({column[k] for column in grades.values()}) > 1
    ]
    listed = units if len(units) <= WHOLE else differing
    check_tables(tables, given, grades, listed)
    sentences = told(given)
    return {
        "drafts": list(others),
        "count": len(units),
        "differing": differing,
        "changes": [changed(name, result, other) for name, other in others.items()],
        "told": sentences[:TOLD],
        "untold": max(len(sentences) - TOLD, 0),
        "band": 0.1,
        "near_miss": result.scheme.total / 100,
        "listed": len(listed),
        "drawn": len(units) if len(units) <= ALL else min(len(differing), FEW),
    }


def check_tables(tables, given, grades, listed):
    """Counts, grades with their arrows, and scores are those of the assessments."""
    result, found = given.result, given.rivals
    names = [grade.id for grade in result.scheme.grades]
    for row in tables["draft_counts"].to_dict("records"):
        name = row["draft"]
        for grade in names:
            assert row[f"count:{grade}"] == grades[name].count(grade)
        assert row["changed"] == sum(
            a != b for a, b in zip(grades[name], grades["本方案"], strict=True)
        )
        each = found.results[name]
        margins = qt.cutoffs.margins(each)
        within = each.scheme.total / 100
        near = {
            unit
            for unit, up, down in zip(
                margins.index, margins["below"], margins["above"], strict=True
            )
            if up <= within + TINY or down < within - TINY
        }
        assert set(row["near_units"]) == near
    units = list(result.scores.index)
    shown = tables["draft_grades"]
    assert list(shown["unit"]) == listed
    for name in grades:
        for unit, cell in zip(shown["unit"], shown[f"draft:{name}"], strict=True):
            k = units.index(unit)
            grade, base = grades[name][k], grades["本方案"][k]
            assert cell == {
                "grade": grade,
                "move": (names.index(base) > names.index(grade))
                - (names.index(base) < names.index(grade)),
            }
    for row in tables["draft_scores"].to_dict("records"):
        for name, each in found.results.items():
            assert abs(row[f"score:{name}"] - each.scores[row["unit"]]) < TINY
            assert row[f"grade:{name}"] == grades[name][units.index(row["unit"])]


def rivals(given):
    """The drafts that are shown: other choices of each kind, and other points."""
    from tests.report.facts.recorded import made

    result = given.result
    leaves_ = result.scheme.leaves
    turned = {leaf.id: p for leaf, p in zip(leaves_, result.points[::-1], strict=True)}
    others = {
        Text("方案二", "Draft two"): result.change(made(result)),
        Text("方案三", "Draft three"): qt.assess(
            result.scheme.replace(points=turned), result.table
        ),
    }
    return qt.drafts.compare(result, others, given.previous, exact=False)
