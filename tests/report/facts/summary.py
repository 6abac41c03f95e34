"""Facts of the summary, of matters for decision and of the risks."""

import math
from collections import Counter

import qtoolkit as qt
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.statuses import BLANKS
from qtoolkit.language import Text
from tests.report.facts import recorded
from tests.report.facts.lines import break_bands, how_set, is_by_breaks
from tests.report.facts.scheme import flags_of, treatment_of

TINY = 1e-9


def summary(tables, given):
    result, table = given.result, tables["grade_counts"]
    scheme, scores = result.scheme, result.scores
    names = {grade.id: grade.label for grade in scheme.grades}
    near = near_misses(result, 1.0)
    held = [list(near["grade"]).count(grade) for grade in table["grade"]]
    assert held == list(table["near"]) and sum(table["n"]) == len(scores)
    assert all(map(math.isclose, table["share"], table["n"] / len(scores)))
    rule = scheme.rounding.total
    last_year = given.previous
    old = {node.id: node.points for node in last_year.scheme.nodes} if last_year else {}
    return {
        "units": sum(table["n"]),
        "counts": {
            "computed": counted(table, "n", names),
            "approved": counted(table, "approved", names) if "approved" in table else None,
        },
        "top": [unit for unit, score in scores.items() if score >= max(scores) - TINY],
        "high": max(scores),
        "bottom": [unit for unit, score in scores.items() if score <= min(scores) + TINY],
        "low": min(scores),
        "form": ".4f" if rule is None else f".{rule.decimals}f",
        "total": sum(leaf.points for leaf in scheme.leaves),
        "areas": [
            {
                "name": top.name,
                "points": sum(leaf.points for leaf in top.walk() if leaf.is_leaf),
                "before": old.get(top.id),
            }
            for top in scheme.indicators
        ],
        "bands": break_bands(result) if is_by_breaks(scheme) else bands(table, result),
        "last_kind": kind_of(last_year.table) if last_year else None,
        "near": list(near.index),
        "near_points": 1,
        "matters": [matter(given, one, first=True) for one in asked(given).first()],
        "nothing": nothing(given),
        "idle": idle(given),
        "risks": risks_of(result)[:2],
        "data_period": scheme.data_period,
        "rounding": None if rule is None else {"decimals": rule.decimals, "mode": rule.mode},
        "synthetic": scheme.synthetic,
    }


def kind_of(table):
    return "approved" if "approved" in table.remarks else "computed"


def counted(table, column, names):
    return [
        {"grade": names[grade], "units": n}
        for grade, n in zip(table["grade"], table[column], strict=True)
    ]


def near_misses(result, points):
    """Whose grade the given points more, or less, change; the nearest first."""
    table = qt.cutoffs.margins(result)
    rows = [
        unit
        for unit, row in table.iterrows()
        if row["below"] <= points + TINY or row["above"] < points - TINY
    ]
    return table.loc[sorted(rows, key=lambda unit: round(table.nearest[unit], 8))]


def bands(table, result):
    """By class, or once, the cutoffs of the table, and below which the last grade lies."""
    scheme = result.scheme
    names = [scheme.grade(grade).label for grade in table["grade"]]
    for grade, cell in zip(scheme.grades[:-1], table["cutoff"], strict=False):
        assert grade.by == "line" or cell == how_set(result, grade)
    first = next((cell for cell in table["cutoff"] if by_class(cell)), None)
    found = []
    for k, group in enumerate([row["group"] for row in first] if first else [None]):
        lines = [cell[k]["cutoff"] if by_class(cell) else cell for cell in table["cutoff"]]
        found.append(
            {
                "group": group,
                "lines": [
                    {"grade": name, "cutoff": x}
                    for name, x in zip(names[:-1], lines[:-1], strict=True)
                ],
                "lowest": names[-1],
                "edge": edge(lines[-2]) if lines[1:] else None,
            }
        )
    return found


def edge(line):
    """Where the last grade ends: at the line above it, or it has the rest."""
    return "rest" if isinstance(line, dict) else line


def by_class(cell):
    return isinstance(cell, list)


# Matters for decision -----------------------------------------------------------------------------


def asked(given):
    """What was tried, once for each assessment: tests/decisions holds it against a second
    program."""
    if not hasattr(given, "matters"):
        given.matters = qt.decisions.matters(given.result)
    return given.matters


def matter(given, one, first=False):
    found, result = asked(given), given.result
    table = found.table.loc[list(one.rows)]
    table = table[[why is None for why in table["failed"]]]
    rows, rest = list(table.index), []
    if one.kind in ("full_marks", "points"):
        rows = list(
            table[table["changed"] > 0].sort_values("steps", ascending=False, kind="stable").index
        )
        leaves = [table["choice"][row]["leaf"] for row in rows]
        rest = [leaf for leaf in dict.fromkeys(leaves[2:]) if leaf not in leaves[:2]]
        rows = rows[:2]
    left_out = 0
    if first and len(rows) > 2:
        steps = sorted((-found.table["steps"][row], row) for row in rows)[:2]
        least = [row for row in rows if row not in {r for _, r in steps}]
        left_out = sum(len(found.table["moved"][row]) > 0 for row in least)
        rows = [row for row in rows if row not in least]
    return {
        "kind": one.kind,
        "of": one.of,
        "left_out": left_out,
        "best": one.of == result.scheme.grades[0].id,
        "now": NOW[one.kind](result, one.of, table),
        "ways": [way(given, row, 4 if first else 8) for row in rows],
        "likewise": rest,
        "concerned": list(dict.fromkeys(u for row in rows for u, _, _ in table["moved"][row])),
    }


def rule_now(result, of, table):
    rule = result.scheme.rounding.total
    return None if rule is None else {"decimals": rule.decimals, "mode": rule.mode}


def blanks_now(result, of, table):
    status = result.table.status
    wanted = of or "new"
    rows = [
        {"leaf": leaf.id, "points": sum(x.points for x in leaf.walk() if x.is_leaf)}
        for j, leaf in enumerate(result.scheme.leaves)
        if wanted in {name(x) for x in status[:, j]}
    ]
    how = [treatment_of(result, row["leaf"], wanted) for row in rows]
    return {"leaves": rows, "treatments": list(dict.fromkeys(how))}


def line_now(result, of, table):
    return line_of(result.scheme, result.scheme.grade(of))


def line_of(scheme, grade):
    if not any(g.class_cutoffs for g in scheme.grades):
        return grade.cutoff
    return [
        {"group": c, "cutoff": grade.class_cutoffs.get(c, grade.cutoff)} for c in scheme.classes
    ]


def quota_now(result, of, table=None):
    """Of a share the whole places that it makes: no more than the share of the units."""
    grade = result.scheme.grade(of)
    step = next(s for s in result.engine.rivals if not s.last and result.grade_names[s.grade] == of)
    places = None if grade.within == "class" and result.scheme.classes else step.most
    is_share = grade.quota < 1
    if places is not None and is_share:
        assert places == math.floor(grade.quota * len(result.scores) + TINY)
    elif places is not None:
        assert places == grade.quota
    return {"quota": grade.quota, "places": places, "counted": places if is_share else None}


def order_now(result, of, table):
    return result.scheme.order.veto


def approvals_now(result, of, table):
    names = result.grade_names
    held = [u for u in result.scores.index if names.index(result.grades[u]) >= names.index(of)]
    lowered = [u for u in held if names.index(result.approved[u]) < names.index(of)]
    return {
        "lowered": [
            {"unit": u, "old": result.grades[u], "new": result.approved[u]} for u in lowered
        ],
        "places": quota_now(result, of)["places"],
        "approved": sum(names.index(g) >= names.index(of) for g in result.approved),
    }


def full_now(result, of, table):
    return [
        {"leaf": leaf.id, "points": leaf.points}
        for leaf in result.scheme.leaves
        if leaf.id in {choice["leaf"] for choice in table["choice"]}
    ]


NOW = {
    "decimals": rule_now,
    "blanks": blanks_now,
    "new": blanks_now,
    "line": line_now,
    "quota": quota_now,
    "order": order_now,
    "approval": approvals_now,
    "full_marks": full_now,
    "points": lambda result, of, table: None,
}


def named(given, row):
    """A way as it is called: what is chosen, and where something is counted also what it is
    now."""
    found, scheme = asked(given), given.result.scheme
    kind, of, choice = (found.table[column][row] for column in ("kind", "of", "choice"))
    plain = {"kind": kind, "of": of, "choice": choice, "before": None, "leaf": None, "rises": None}
    if kind == "approval":
        return plain | {"choice": None}
    if kind == "line":
        own = {c: settled(x + choice) for c, x in scheme.grade(of).class_cutoffs.items()}
        moved = scheme.grade(of).model_copy(
            update={"cutoff": settled(scheme.grade(of).cutoff + choice), "class_cutoffs": own}
        )
        lines = [line_of(scheme, grade) for grade in (scheme.grade(of), moved)]
        return plain | {"before": lines[0], "choice": lines[1], "rises": choice > 0}
    if kind == "quota":
        now = quota_now(given.result, of)
        size = now["quota"] if now["places"] is None else now["places"]
        return plain | {"before": now, "rises": choice > size}
    if kind in ("full_marks", "points"):
        points = scheme.indicator(choice["leaf"]).points
        rises = choice["points"] > points
        return (
            plain
            | {"choice": choice["points"], "before": points, "leaf": choice["leaf"]}
            | {"rises": rises}
        )
    return plain


def way(given, row, most):
    return named(given, row) | effect(given, row, most)


def effect(given, row, most):
    """Kept, since each wrong fact that is planted has all of them computed anew."""
    kept = given.__dict__.setdefault("effects", {})
    if (row, most) not in kept:
        kept[row, most] = effect_anew(given, row, most)
    return kept[row, most]


def effect_anew(given, row, most):
    found, result = asked(given), given.result
    moved, other = found.table["moved"][row], found.other(row)
    if found.table["kind"][row] == "approval":
        return done(result, None, moved, "approved", most)
    now = [(u, a, b) for (u, a), b in zip(result.grades.items(), other.grades, strict=True)]
    assert moved == tuple(x for x in now if x[1] != x[2])
    return done(result, other, moved, "computed", most)


def done(result, other, moved, kind, most, mixed=False):
    """What another assessment, or one that no scheme makes (None), does to grades."""
    by = {"held": [], "likewise": 0} if moved or other is None else then(result, other)
    shares = [int(one.ranks.duplicated(keep=False).sum()) for one in (result, other or result)]
    return {
        "changes": together(result, moved, most, other, mixed),
        "form": form(result),
        "held": by["held"],
        "likewise": by["likewise"],
        "graded": kind,
        "counts": counts(result, moved, kind),
        "top": [
            row for row in counts(result, moved, kind) if row["grade"] == result.scheme.grades[0].id
        ],
        "ties": {"before": shares[0], "after": shares[1]} if shares[1] > shares[0] else None,
    }


def form(result):
    rule = result.scheme.rounding.total
    return ".4f" if rule is None else f".{rule.decimals}f"


def together(result, moved, most=8, other=None, mixed=False):
    pairs = list(dict.fromkeys((old, new) for _, old, new in moved))
    found, most = [], most if len(pairs) < 3 and len(moved) <= 8 else most // 2
    for pair in pairs:
        units = [unit for unit, *grades in moved if tuple(grades) == pair]
        shown = [
            {"unit": u, "score": result.scores[u], "because": because(result, other, u, mixed)}
            for u in units[:most]
        ]
        found.append({"old": pair[0], "new": pair[1], "n": len(units), "units": shown})
    return found


def because(result, other, unit, mixed):
    """Of the causes of a unit's change (tests/comparison/test_causes.py): which parts, where
    several things differ, and with whom it changes places."""
    if other is None:
        return None
    rows = qt.comparison.causes(result, other, [unit], "computed").to_dict("records")
    parts = list(dict.fromkeys(row["part"] for row in rows)) if mixed else []
    others = list(dict.fromkeys(u for row in rows for u in row["others"]))
    names = result.grade_names
    rises = names.index(other.grades[unit]) > names.index(result.grades[unit])
    return {"parts": parts, "others": others, "rises": rises} if parts or others else None


def counts(result, moved, kind):
    grades = dict(result.approved if kind == "approved" else result.grades)
    before, after = (
        Counter(grades.values()),
        Counter({**grades, **{u: g for u, _, g in moved}}.values()),
    )
    return [
        {"grade": g.id, "before": before[g.id], "after": after[g.id], "kind": kind}
        for g in result.scheme.grades
        if before[g.id] != after[g.id]
    ]


def then(result, other):
    """Whose grade by the score alone would be another but is not."""
    held = []
    for unit in result.scores.index:
        (a, old, by), (b, new, then_by) = (
            (one.steps["by_score"][unit], one.grades[unit], one.steps["set_by"][unit])
            for one in (result, other)
        )
        if old == new and a != b:
            so = then_by != "score"
            row = {"unit": unit, "a": a, "b": b, "grade": new}
            held.append(row | {"set_by": then_by if so else by, "then": so})
    return {"held": held[:3], "likewise": len(held[3:])}


def nothing(given):
    table = asked(given).table
    if table["changed"].any():
        return None
    away = qt.cutoffs.margins(given.result)["nearest"]
    least = away.min()
    return {
        "tried": sum(why is None for why in table["failed"]),
        "units": [unit for unit, points in away.items() if points <= least + TINY],
        "points": None if math.isnan(least) else least,
    }


def idle(given):
    """Kinds, with what they are of, of which something could be tried and nothing changes."""
    table = asked(given).table
    keys = list(zip(table["kind"], table["of"], strict=True))
    changed = {key for key, n in zip(keys, table["changed"], strict=True) if n}
    able = {key for key, why in zip(keys, table["failed"], strict=True) if why is None}
    return [
        {"kind": kind, "of": of, "shift": given.result.scheme.total / 100}
        for kind, of in dict.fromkeys(keys)
        if (kind, of) in able - changed
    ]


def changes(tables, given):
    result, grades = given.result, {grade.id: grade for grade in given.result.scheme.grades}
    rule = result.scheme.rounding.total
    rows = []
    for key, value in recorded.made(result).items():
        kind, _, of = key.partition(".")
        row = {"choice": {"what": kind, "of": of}, "value": {"kind": "number", "value": value}}
        if kind == "rounding":
            now = None if rule is None else {"decimals": rule.decimals, "mode": rule.mode}
            whole = {"kind": kind, "value": {"decimals": 0, "mode": "half_up"}}
            row = {"choice": {"what": key, "of": None}, "value": whole}
            row["before"] = {"kind": kind, "value": now}
        elif kind == "grades":
            of = of.removesuffix(".quota")
            row = {
                "choice": {"what": "quota", "of": of},
                "value": {"kind": "quota", "value": value},
            }
            row["before"] = {"kind": "quota", "value": grades[of].quota}
        elif kind == "cutoffs":
            row["before"] = {"kind": "number", "value": grades[of].cutoff}
        else:
            row["before"] = {"kind": "number", "value": result.scheme.indicator(of).points}
        rows.append(row)
    other = result.change(recorded.made(result))
    moved = tuple(
        (unit, old, new)
        for (unit, old), new in zip(result.grades.items(), other.grades, strict=True)
        if old != new
    )
    return {"made": rows, "effect": done(result, other, moved, "computed", 4, len(rows) > 1)}


def settled(value):
    return round(value, 10)


# Risks --------------------------------------------------------------------------------------------


def risks(tables, given):
    result, table = given.result, asked(given).table
    telling = [row for one in asked(given).matters for row in one.rows if table["changed"][row]]
    if telling:
        shown = tables["decisions"]
        assert [named(given, row) for row in telling] == list(shown["way"])
        for row, cells in zip(telling, shown.to_dict("records"), strict=True):
            kind = "approved" if table["kind"][row] == "approval" else "computed"
            assert cells["moves"] == together(result, table["moved"][row])
            assert cells["counts"] == counts(result, table["moved"][row], kind)
            assert cells["changed"] == len(table["moved"][row])
    failed = [row for row in table.index if table["failed"][row] is not None]
    return {
        "tried": len(table) - len(failed),
        "telling": len(telling),
        "idle": idle(given),
        "failed": [{"way": named(given, row), "why": table["failed"][row]} for row in failed],
        "nothing": nothing(given),
        "settle": [matter(given, one) for one in asked(given).matters[:4]],
        "shown": 3,
        "near": list(near_misses(result, result.scheme.total / 100).index),
        "within": result.scheme.total / 100,
        "on_page_one": min(len(risks_of(result)), 2),
        "relative": by_the_others(result),
        "risks": [row for row in risks_of(result)[2:] if not elsewhere(result, row)],
    }


def elsewhere(result, row):
    """Whether a risk is of what the chapters on data and on indicators say."""
    flags = result.flags
    constant = [
        {"flag": "alone", "text": t} for t in flags.loc[flags["kind"] == "constant", "text"]
    ]
    return row["flag"] in ("unscored", "constant") or row in constant


def by_the_others(result):
    """Leaves scored by a rule that compares units, or with outliers treated; not where only a mean
    stands for a blank."""
    found = []
    for j, leaf in enumerate(result.scheme.leaves):
        blank = [name(x) for x in result.table.status[:, j] if x in BLANKS]
        means = "group_mean" in {treatment_of(result, leaf.id, meaning) for meaning in blank}
        treated = leaf.outliers is not None and leaf.outliers.low + leaf.outliers.high > 0
        if not means and (leaf.leaf_rule.is_set_dependent or treated):
            found.append(leaf.id)
    return found


def risks_of(result):
    """The scheme's first note, what is flagged, units with points that went elsewhere, the other
    notes."""
    notes = [{"flag": "alone", "text": note} for note in result.scheme.notes]
    flags = result.flags.rename(columns={"indicator": "leaf"})
    kinds = {*CHECKS, "dead_cutoff", "few_scores", "rounding", "set_dependent", "constant"}
    found = [*over(result), *grouped(result, flags, kinds)]
    leaves = result.scheme.leaves
    left_out = [
        unit
        for unit, row in zip(result.scores.index, result.table.status, strict=True)
        if any(
            status in BLANKS and treatment_of(result, leaf.id, name(status)) == "renormalise"
            for leaf, status in zip(leaves, row, strict=True)
        )
    ]
    if left_out:
        found.append({"flag": "unscored", "units": left_out})
    return [*notes[:1], *found, *notes[1:]]


def name(status):
    return qt.inputs.statuses.STATUS_NAMES[status]


def grouped(result, flags, kinds):
    """One row for each kind of which there are several; doubts about data are one kind."""
    flags, found, seen = flags[flags["kind"].isin(kinds)], [], set()
    for kind in flags["kind"]:
        group = "doubt" if kind in CHECKS else kind
        if group in seen:
            continue
        seen.add(group)
        those = flags[flags["kind"].isin(CHECKS if group == "doubt" else [kind])]
        if len(those) == 1 or kind in ("set_dependent", "constant"):
            found += flags_of(result, flags, set(those["kind"]))
        else:
            texts = [Text(t.zh.removesuffix("。"), t.en.removesuffix(".")) for t in those["text"]]
            found.append({"flag": "kind", "kind": group, "n": len(texts), "texts": texts[:3]})
    return found


def over(result):
    """Grades that more units have as approved than there are places."""
    found = []
    for grade in result.scheme.grades[:-1]:
        if grade.quota is None or (grade.within == "class" and result.scheme.classes):
            continue
        above = result.grade_names.index(grade.id)
        approved = sum(result.grade_names.index(g) >= above for g in result.approved)
        places = quota_now(result, grade.id)["places"]
        if approved > places:
            row = {"flag": "over", "grade": grade.id, "approved": approved, "places": places}
            found.append(row | {"best": grade.id == result.scheme.grades[0].id})
    return found
