"""Pairs of random assessments with one planted difference that changes a grade, and in half of them
another that changes none. What each difference does is graded by the second program alone."""

import pickle
import random
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import qtoolkit as qt
from tests import oracle
from tests.strategies import Given, frame_of, scheme_of

# the part of each planted difference
PARTS = {
    "blanked": "data",
    "filled": "data",
    "changed": "data",
    "target": "data",
    "class": "classes",
    "veto": "vetoes",
    "bonus": "bonus",
    "left": "units",
    "entered": "units",
    "points": "points",
    "rules": "rules",
    "cutoffs": "cutoffs",
    "quotas": "quotas",
    "last": "quotas",
    "rounding": "rounding",
    "approval": "approval",
}
KIND_OF_CELL = {"blanked": "missing", "filled": "new", "changed": "value", "target": "target"}
OWN = ("data", "classes", "vetoes", "bonus", "approval", "units")
ROWS = ("data", "classes", "vetoes", "bonus")
VALUES = {"share": [i / 20 for i in range(8, 21)], "minmax": range(1, 10), "rank": range(1, 10)}
VALUES["target"] = [0.6, 0.9, 1.2, 1.5, 2.4, 3.0]


@dataclass
class Year:
    """A scheme and rows as the second program takes them; rows have a name and an approved
    grade."""

    scheme: dict
    rows: list

    @cached_property
    def graded(self):
        """What the second program gives each unit."""
        found = oracle.grade_all(self.scheme, self.rows)
        return {row["name"]: unit for row, unit in zip(self.rows, found, strict=True)}

    @cached_property
    def alone(self):
        """The grade of each unit without any places, from the worst up."""
        bare = self.scheme | {"grades": [without_places(g) for g in self.scheme["grades"]]}
        return {name: self.place(u["grade"]) for name, u in Year(bare, self.rows).graded.items()}

    @cached_property
    def final(self):
        """The approved grade of each unit, or else the computed one, from the worst up."""
        found = {name: self.place(unit["grade"]) for name, unit in self.graded.items()}
        approved = {r["name"]: self.place(r["approved"]) for r in self.rows if r["approved"]}
        return found | approved

    def place(self, grade):
        return -[each["id"] for each in self.scheme["grades"]].index(grade)

    def assessed(self):
        frame = frame_of(Given(self.scheme, self.rows))
        frame["unit"] = [row["name"] for row in self.rows]
        if any(row["approved"] for row in self.rows):
            frame["approved"] = [row["approved"] for row in self.rows]
        return qt.assess(scheme_of(self.scheme), frame)


@dataclass
class Pair:
    """Two years, what was planted, on whom and on which leaf; `decoy`: what else differs."""

    what: str
    unit: str | None
    leaf: str | None
    before: Year
    after: Year
    without: Year = field(repr=False)
    decoy: str | None = None


def without_places(grade):
    return {key: value for key, value in grade.items() if key not in ("quota", "last")}


def year(rng, what):
    """Three leaves and five to seven units: a share, a rule that compares units, one with targets;
    places, classes, blanks, vetoes, bonus and rounding as they fall."""
    points = rng.choice([(50.0, 30.0, 20.0), (40.0, 40.0, 20.0), (30.0, 30.0, 40.0)])
    relative = rng.choice(["minmax", "rank"])
    rules = [
        {"kind": "share"},
        {"kind": relative, "direction": "higher"} | ({} if relative == "minmax" else {"last": 0.4}),
        {"kind": "target", "direction": "higher"},
    ]
    leaves = [
        {"id": f"x{j}", "name": f"x{j}", "points": p, "rule": rule, "scales": True}
        for j, (p, rule) in enumerate(zip(points, rules, strict=True))
    ]
    how = ["zero", "group_mean", "renormalise", "full"]
    missing = {name: rng.choice(how) for name in oracle_meanings()} | {"blank": "not_reported"}
    classes = rng.choice([[None], ["p", "q"]])
    scheme = {
        "id": "random",
        "name": "random",
        "total": 100.0,
        "indicators": leaves,
        "aggregation": "arithmetic",
        "checks": {"total_row": "flag"},  # means of others come up by chance
        "missing": missing,
        "rounding": rng.choice([{}, {"total": {"decimals": 0, "mode": "half_up"}}]),
        "order": {
            "rounding": "after_bonus",
            "cap": "after_deductions",
            "veto": rng.choice(["before_quota", "after_quota"]),
        },
        "rank_on": rng.choice(["published", "base"]),
        "vetoes": [{"id": "v", "name": "v", "cap": "D"}, {"id": "w", "name": "w", "lower": 1}],
        "bonuses": [
            {"id": "media", "name": "m", "kind": "bonus", "max": 5.0},
            {"id": "late", "name": "l", "kind": "deduction", "max": 5.0},
        ],
    } | ({"classes": classes} if classes[0] else {})
    rows = [row(rng, k, leaves, classes) for k in range(rng.randint(5, 7))]
    scheme["grades"] = grades(rng, scheme, rows, what)
    return Year(scheme, rows)


def oracle_meanings():
    return ("not_applicable", "not_reported", "pending")


def value(rng, leaf):
    return rng.choice(list(VALUES[leaf["rule"]["kind"]]))


def row(rng, k, leaves, classes):
    found = {
        "name": f"u{k}",
        "class": rng.choice(classes),
        "raw": {leaf["id"]: value(rng, leaf) for leaf in leaves},
        "status": {},
        "target": {"x2": rng.choice([1.5, 2.0, 3.0])},
        "base": {},
        "veto": set(rng.choice([(), (), (), ("v",), ("w",)])),
        "bonus": {rng.choice(["media", "late"]): rng.choice([0.5, 2.0])}
        if rng.random() < 0.3
        else {},
        "approved": None,
    }
    if rng.random() < 0.3:
        blank(rng, found, rng.choice(leaves)["id"])
    return found


def blank(rng, row, leaf):
    del row["raw"][leaf]
    row["status"][leaf] = rng.choice(oracle_meanings())


def grades(rng, scheme, rows, what):
    """Lines at or beside what some units score, and places. Where rounding is planted lines are
    whole points, where the last are they lie low."""
    trial = scheme | {"grades": [{"id": "A", "cutoff": 1.0}, {"id": "D", "cutoff": 0.0}]}
    if not has_means(scheme, rows):
        return trial["grades"]
    scores = sorted({float(unit["published"]) for unit in oracle.grade_all(trial, rows)})
    near = scores[:2] if what == "last" else rng.sample(scores, min(3, len(scores)))
    step = 1 if what == "rounding" else rng.choice([1, 4])
    lines = sorted({round(x * step) / step for x in near} - {0.0})
    lines = lines[::-1] or [50.0]
    found = [{"id": id, "cutoff": line} for id, line in zip("ABC", lines, strict=False)]
    found.append({"id": "D", "cutoff": 0.0})
    for grade in found[:-1]:
        grade["quota"] = rng.choice([None, 1, 2, 3])
        grade["ties"] = rng.choice(["out", "in"])
        grade["within"] = rng.choice(["all", "class"]) if "classes" in scheme else "all"
        if "classes" in scheme:
            grade["class_cutoffs"] = {"q": grade["cutoff"] - 5} if grade["cutoff"] > 5 else {}
    if rng.random() < 0.4:
        found[-1]["last"] = 1
    return found


def has_means(scheme, rows):
    """Whether every mean of similar units has something to average."""
    for leaf in scheme["indicators"]:
        for row in rows:
            status = row["status"].get(leaf["id"])
            if status and scheme["missing"][status] == "group_mean":
                peers = [r for r in rows if r["class"] == row["class"]]
                if not any(leaf["id"] in r["raw"] for r in peers):
                    return False
    return True


def copied(data):
    """A copy of plain data, many times as fast as one that asks each object how."""
    return pickle.loads(pickle.dumps(data))


def planted(rng, year, what, among=None):
    """The year with a difference: (year, unit, leaf); None where there is no place for it."""
    after = Year(*copied((year.scheme, year.rows)))
    rows = [r for r in after.rows if among is None or r["name"] in among]
    row, leaf, scheme = rng.choice(rows), rng.choice(after.scheme["indicators"]), after.scheme
    id, grade = leaf["id"], rng.choice(scheme["grades"][:-1])
    unit = row["name"] if PARTS[what] in OWN else None
    if what in KIND_OF_CELL and (id in row["raw"]) == (what == "filled"):
        return None
    if what == "blanked":
        blank(rng, row, id)
    elif what in ("filled", "changed"):
        row["status"].pop(id, None)
        row["raw"][id] = value(rng, leaf)
    elif what == "target":
        id, row["target"] = "x2", {"x2": rng.choice([0.9, 1.5, 2.0, 3.0, 6.0])}
        if "x2" not in row["raw"]:
            return None
    elif what == "class":
        row["class"] = {"p": "q", "q": "p", None: None}[row["class"]]
    elif what == "veto":
        row["veto"] ^= {rng.choice("vw")}
    elif what == "bonus":
        row["bonus"] = {rng.choice(["media", "late"]): rng.choice([1.0, 3.0, 5.0])}
    elif what == "left":
        after.rows.remove(row)
    elif what == "entered":
        new = copied(rng.choice(rows)) | {"name": "new"}
        new["raw"] = {k: value(rng, scheme["indicators"][int(k[1])]) for k in new["raw"]}
        unit = "new"
        after.rows.append(new)
    elif what == "points":
        a, b = rng.sample(scheme["indicators"], 2)
        moved = rng.choice([1.0, 2.0, 5.0, 10.0])
        a["points"], b["points"] = a["points"] - moved, b["points"] + moved
    elif what == "rules":
        how = ["zero", "group_mean", "renormalise", "full"]
        scheme["missing"] |= {rng.choice(oracle_meanings()): rng.choice(how)}
    elif what == "cutoffs":
        grade["cutoff"] += rng.choice([-4.0, -2.0, -0.5, 0.5, 2.0, 4.0])
        lines = [g["cutoff"] for g in scheme["grades"]]
        if not all(a > b for a, b in pairwise(lines)) or lines[0] > 100:
            return None
    elif what == "quotas":
        grade["quota"] = rng.choice([None, 0, 1, 2, 3])
    elif what == "last":
        now = scheme["grades"][-1].get("last")
        scheme["grades"][-1]["last"] = rng.choice([n for n in (2, 3, None) if n != now])
    elif what == "rounding":
        half, down = ({"total": {"decimals": 0, "mode": m}} for m in ("half_up", "floor"))
        scheme["rounding"] = rng.choice([r for r in ({}, half, down) if r != scheme["rounding"]])
    elif what == "approval":
        row["approved"] = rng.choice([g["id"] for g in scheme["grades"]])
    sound = (after.scheme, after.rows) != (year.scheme, year.rows)
    if not sound or not has_means(after.scheme, after.rows) or len(after.rows) < 3:
        return None
    return after, unit, id if what in KIND_OF_CELL else None


def changed(before, after):
    """Units of both whose grade differs."""
    old, new = before.final, after.final
    return [name for name in new if name in old and old[name] != new[name]]


def pair(rng, what, decoyed):
    """A pair with this difference planted, which changes a grade; the other one, if any, changes
    none, alone or beside it."""
    while True:
        before = year(rng, what)
        if not has_means(before.scheme, before.rows):
            continue
        for _ in range(6):
            made = planted(rng, before, what)
            if made is None or not changed(before, made[0]):
                continue
            after, unit, leaf = made
            if not decoyed:
                return Pair(what, unit, leaf, before, after, before)
            for _ in range(8):
                found = with_decoy(rng, before, after, what, unit)
                if found is not None:
                    return Pair(what, unit, leaf, before, *found)
            break


def with_decoy(rng, before, after, what, unit):
    """(after, before with the decoy, what it is) with another difference that changes no grade."""
    other = rng.choice(sorted(set(PARTS) - {"left", "entered", "approval"}))
    seed = rng.random()
    among = {r["name"] for r in before.rows} & {r["name"] for r in after.rows} - {unit}
    if PARTS[other] == PARTS[what] and PARTS[other] not in ROWS:
        return None
    both = []
    for one in (before, after):
        made = planted(random.Random(seed), one, other, sorted_among(one, among))
        if made is None or made[0].final != one.final:
            return None
        both.append(made[0])
    if what in ("left", "entered") or same_rest(before, after, *both):
        return both[1], both[0], other
    return None


def sorted_among(one, among):
    return [row["name"] for row in one.rows if row["name"] in among]


def same_rest(before, after, before_too, after_too):
    """Whether the decoy is the same in both, so that undoing the plant leaves the decoy."""
    return [r["name"] for r in before_too.rows] == [r["name"] for r in after_too.rows]


def via(pair, name):
    """How the planted difference reaches a unit, from the second program."""
    if pair.what == "approval":
        return "approval"
    years = pair.without, pair.after
    if years[0].final[name] > years[1].final[name]:
        better, worse = years
    else:
        worse, better = years
    if worse.alone[name] >= better.final[name]:
        return "place"
    if PARTS[pair.what] == "vetoes":
        return "veto"
    scores = {year.graded[name]["published"] for year in years}
    return "line" if len(scores) == 1 else "score"
