"""Facts of who marks harder: from the tables of the section, the scheme and the cells of the
table."""

import numpy as np

from qtoolkit.language import Text
from tests.report.facts.panel import score_format

PEOPLE = ("group", "assessor")
TINY = 1e-9


def nothing(value):
    return value is None or value != value


def records(table, *columns):
    rows = table[list(columns)].to_dict("records")
    return [{key: None if nothing(value) else value for key, value in row.items()} for row in rows]


def farthest(table, how):
    rows = [row for row in table.to_dict("records") if row["strict"] == how]
    rows.sort(key=lambda row: -abs(row["strictness"]))
    columns = ("name", "stage", "strictness", "low", "high")
    return [{key: None if nothing(row[key]) else row[key] for key in columns} for row in rows]


def moves(rows):
    return [{"unit": row["unit"], "old": row["grade"], "new": row["grade_without"]} for row in rows]


def changes(changed, kind):
    """By marker, in the order of the table."""
    markers = {}
    for row in changed:
        if row["kind"] == kind and row["id"]:
            stage = None if nothing(row["stage"]) else row["stage"]
            markers.setdefault((row["id"], stage, row["name"]), []).append(row)
    return [
        {"name": name, "stage": stage, "moves": moves(rows)}
        for (_, stage, name), rows in markers.items()
    ]


def all_of(changed, kind):
    return moves([row for row in changed if row["kind"] == kind and not row["id"]])


def marks_of(given):
    """By stage that is a part, the cells that it and another marks, and all those of its items that
    any stage marks; of items with marks between two ends."""
    scheme, table = given.result.scheme, given.result.table
    parts = [stage.id for stage in scheme.stages if stage.effect == "part"]
    together, there = {id: set() for id in parts}, {id: set() for id in parts}
    for j, leaf in enumerate(scheme.leaves):
        rule = leaf.leaf_rule
        ends = rule.limits(leaf.written_for)
        if len(leaf.stages) < 2 or not (rule.is_of_words or None not in ends):
            continue
        for k in range(len(table.units)):
            said = [id for id in leaf.stages if table.stages[id][k, j] is not None]
            for id in said:
                there[id].add((k, j))
                if len(said) > 1:
                    together[id].add((k, j))
    return together, there


def since(departments):
    rows = departments.to_dict("records")
    clear = [row for row in rows if row["change_low"] > TINY or row["change_high"] < -TINY]
    columns = ("name", "same_items", "change", "change_low", "change_high")
    return [{key: row[key] for key in columns} for row in clear]


def apart(given):
    """Stages at which groups, or assessors, share no unit: by going from one to the next."""
    if given.ratings is None:
        return []
    found = []
    for by in PEOPLE:
        stages = []
        for stage in given.ratings.stages:
            frame = given.ratings.frame
            frame = frame[(frame["stage"] == stage) & frame["score"].notna()]
            if by == "group" and (frame["group"] == "").any():
                continue
            sets = []
            for _, units in frame.groupby("unit")[by]:
                linked = set(units)
                apart_ = [other for other in sets if not other & linked]
                for other in sets:
                    if other & linked:
                        linked |= other
                sets = [*apart_, linked]
            if len(sets) > 1:
                stages.append(stage)
        if stages:
            found.append({"kind": by, "stages": stages})
    return found


def unbounded(given):
    """The items of the ratings that take any number."""
    if given.ratings is None:
        return []
    leaves = [given.result.scheme.indicator(id) for id in given.ratings.frame["item"].unique()]
    return [x.id for x in leaves if None in x.leaf_rule.limits(x.written_for)]


def marking(tables, given):
    table, scheme = tables["marking"].copy(), given.result.scheme
    for name in ("stage", "change", "change_low", "change_high"):
        if name not in table:
            table[name] = np.nan
    changed = tables["without_marking"].to_dict("records")
    stages = table[table["kind"] == "stage"]
    departments = table[table["kind"] == "department"]
    together, there = marks_of(given)
    several = [leaf for leaf in scheme.leaves if len(leaf.stages) > 1]
    parts = [stage.id for stage in scheme.stages if stage.effect == "part"]
    compared = [id for id in parts if together[id]]
    assert list(stages["id"]) == compared
    items = {id: {j for _, j in together[id]} for id in compared}
    anywhere = set().union(*there.values())
    unlike = [
        id
        for id in compared
        if any(cell not in there[id] for cell in anywhere if cell[1] in items[id])
    ]
    names = {stage.id: stage.name for stage in scheme.stages}
    checks = [
        stage.id
        for stage in scheme.stages
        if stage.effect != "part"
        and any(cell is not None for cell in given.result.table.stages[stage.id].flat)
    ]
    said = {
        k
        for id in checks
        for k, row in enumerate(given.result.table.stages[id])
        if any(cell is not None for cell in row)
    }
    people = [
        {
            "kind": by,
            "n": len(rows),
            "names": len(set(rows["id"])),
            "tried": sum(count == count for count in rows["regraded"]),
            "strict": farthest(rows, "strict"),
            "lenient": farthest(rows, "lenient"),
            "changes": changes(changed, by),
            "together": all_of(changed, by),
        }
        for by in PEOPLE
        for rows in [table[table["kind"] == by]]
        if len(rows)
    ]
    bounded = [
        leaf.leaf_rule.is_of_words or None not in leaf.leaf_rule.limits(leaf.written_for)
        for leaf in several
    ]
    told = table[(table["strict"] != "") | (table["regraded"] > 0)]
    assert len(tables["markers"]) == min(len(told), 10)
    tried = [
        {"kind": kind, "n": len(rows), "k": int(rows["regraded"].notna().sum())}
        for kind in ("stage", *PEOPLE, "department")
        for rows in [table[table["kind"] == kind]]
        if rows["regraded"].isna().any()
    ]
    assert all(isinstance(name, Text) for name in table["name"])
    return {
        "one": len(given.result.table.units) == 1,
        "confidence": 0.95,
        "stages": records(stages, "name", "strictness", "low", "high", "strict", "regraded"),
        "unlike": [names[id] for id in unlike],
        "by_stage": changes(changed, "stage"),
        "all_stages": all_of(changed, "stage") if len(stages) > 1 else None,
        "people": people,
        "departments": len(departments),
        "strict_departments": farthest(departments, "strict"),
        "lenient_departments": farthest(departments, "lenient"),
        "by_department": changes(changed, "department"),
        "since": since(departments),
        "compared_years": bool(departments["change"].notna().any()),
        "checks": checks,
        "checked": len(said),
        "alone": [id for id in parts if id not in compared] if several else [],
        "measured": [leaf.id for leaf, ends in zip(several, bounded, strict=True) if not ends],
        "apart": apart(given),
        "single": not parts or not several,
        "no_departments": not any(leaf.lead for leaf in scheme.leaves),
        "whole": departments.empty and any(leaf.lead for leaf in scheme.leaves),
        "unbounded": unbounded(given),
        "changed": len(changed),
        "told": len(told),
        "tried": tried,
        "score_format": score_format(given.result),
    }
