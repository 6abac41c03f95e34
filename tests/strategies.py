"""Random small assessments with all features together, on coarse grids, so that ties and hits on
cutoffs are frequent."""

import copy
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd
from hypothesis import strategies as st

from qtoolkit.assessment import assess
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from tests import oracle

TICKS = 10**10
WORDS = {
    "not_applicable": "不适用",
    "not_reported": "未报送",
    "pending": "待核实",
    "zero": "零分",
    "falsified": "弄虚作假",
}
MEANINGS = ["not_applicable", "not_reported", "pending", "zero"]
TREATMENTS = ["zero", "full", "renormalise", "group_mean"]
LINEAR_KINDS = [
    "share",
    "direct",
    "goalposts",
    "efficacy",
    "target",
    "deduct",
    "level",
    "steps",
    "base_plus",
]
KINDS = [*LINEAR_KINDS, "minmax", "zscore", "rank"]
STAGES = [
    {"id": "s", "name": "s"},
    {"id": "t", "name": "t", "effect": "part"},
    {"id": "seen", "name": "seen", "effect": "replaces"},
    {"id": "mended", "name": "mended", "effect": "corrects"},
]


@dataclass(frozen=True)
class Given:
    """A scheme as in scheme.yaml and rows of plain data; see oracle.py."""

    scheme: dict
    rows: list

    @property
    def leaves(self):
        return leaves_of(self.scheme["indicators"])


def leaves_of(nodes):
    return [
        leaf
        for node in nodes
        for leaf in (leaves_of(node["children"]) if "children" in node else [node])
    ]


def scheme_of(data):
    return validate(Scheme, copy.deepcopy(data), None)


def frame_of(given):
    """The rows as a user would type them: statuses in the cell for some leaves, in the status
    column for others."""
    columns = {"unit": [f"u{k}" for k in range(len(given.rows))]}
    if any(row.get("class") for row in given.rows):
        columns["class"] = [row.get("class") for row in given.rows]
    for j, leaf in enumerate(given.leaves):
        id, keys = leaf["id"], [f"{leaf['id']}@{stage}" for stage in leaf.get("stages", {})]
        status = [row.get("status", {}).get(id) for row in given.rows]
        in_cell = j % 2 == 0 and not keys
        keys += [
            f"{id}@{stage['id']}"
            for stage in STAGES[2:]
            if any(f"{id}@{stage['id']}" in row["raw"] for row in given.rows)
        ]
        for key in keys if leaf.get("stages") else [id, *keys]:
            raw = [row["raw"].get(key) for row in given.rows]
            columns[key] = [
                WORDS[s] if s and in_cell and key == id else v
                for s, v in zip(status, raw, strict=True)
            ]
        if not in_cell:
            columns[f"status:{id}"] = [s and WORDS[s] for s in status]
        for kind in ("target", "base"):
            if any(id in row.get(kind, {}) for row in given.rows):
                columns[f"{kind}:{id}"] = [row.get(kind, {}).get(id) for row in given.rows]
    for veto in given.scheme.get("vetoes", []):
        columns[f"veto:{veto['id']}"] = [
            "是" if veto["id"] in row["veto"] else "否" for row in given.rows
        ]
    for bonus in given.scheme.get("bonuses", []):
        columns[f"bonus:{bonus['id']}"] = [row["bonus"].get(bonus["id"]) for row in given.rows]
    return pd.DataFrame(columns, dtype=object)


def disagreements(given, result=None):
    """Where `assess` and the oracle differ, as (unit, what, expected, found).

    Scores may differ by one tick: a quotient that lies within float error of half a tick has no one
    right tick.
    """
    expected = oracle.grade_all(given.scheme, given.rows)
    result = assess(scheme_of(given.scheme), frame_of(given)) if result is None else result
    steps, found = result.steps, []
    for k, unit in enumerate(expected):
        row = steps.iloc[k]
        numbers = {
            name: float(unit[name])
            for name in ("base", "bonus", "cap", "late", "floor", "rounding", "published")
        }
        for name, value in numbers.items():
            if abs(row[name] - value) > 1.5e-10:
                found.append((k, name, value, row[name]))
        words = {name: row[name] for name in ("by_score", "grade", "set_by")} | {
            "rank": int(result.ranks.iloc[k])
        }
        found += [(k, name, unit[name], word) for name, word in words.items() if unit[name] != word]
        if row["grade"] != result.grades.iloc[k] or row["published"] != result.scores.iloc[k]:
            found.append((k, "steps", "same as grades and scores", "different"))
    return found


numbers = st.sampled_from
chance = st.integers(0, 3).map(lambda i: i == 0)


@st.composite
def rules(draw, points, kinds=KINDS, scales=None):
    """(rule, scales, function that draws a raw value, function that draws a target or None)"""
    kind = draw(st.sampled_from(kinds))
    rule, target = {"kind": kind}, None
    higher = draw(st.sampled_from(["higher", "lower"]))
    raw = st.integers(0, 20).map(lambda i: i / 20)
    if kind == "direct":
        full = draw(st.sampled_from([None, 10.0, 5.0])) if points else 10.0
        rule |= {"out_of": full} if full else {}
        raw = st.integers(0, int(2 * (full or points))).map(lambda i: i / 2)
    elif kind == "goalposts":
        rule |= {
            "low": draw(numbers([0.0, 10.0, -5.0])),
            "high": draw(numbers([20.0, 50.0])),
            "direction": higher,
        }
        raw = st.integers(-12, 60)
    elif kind == "efficacy":
        ends = draw(st.permutations([0.0, 10.0, 25.0]))
        rule |= {"unacceptable": ends[0], "satisfactory": ends[1]} | draw(
            numbers([{}, {"base": 0.5}, {"base": 0.0}])
        )
        raw = st.integers(-5, 30)
    elif kind == "target":
        own = draw(st.booleans())
        rule |= {"direction": higher} | draw(numbers([{}, {"floor": 0.8}, {"floor": 0.4}]))
        rule |= {} if own else {"target": draw(numbers([1.5, 0.9, 5.0]))}
        target = numbers([1.5, 0.9, 0.6, 8]) if own else None
        raw = numbers([0.0, 0.36, 0.6, 0.72, 0.9, 1.125, 1.2, 1.5, 4, 6.4, 10])
    elif kind == "deduct":
        rule |= {
            "rate": draw(numbers([0.1, 0.5, 2.0])),
            "per": draw(numbers([1.0, 2.0])),
            "direction": higher,
        }
        how = draw(st.sampled_from(["count", "fixed", "own"]))
        rule |= {"fixed": {"target": 10.0}, "own": {"own_target": True}, "count": {}}[how]
        rule |= draw(numbers([{}, {"most": 1.5}])) | draw(numbers([{}, {"zero_at": 6.0}]))
        target, raw = (
            numbers([5.0, 10, 7.5]) if how == "own" else None,
            st.integers(0, 24).map(lambda i: i / 2),
        )
    elif kind == "base_plus":
        own = draw(st.booleans())
        rule |= {
            "base": draw(numbers([0.6, 0.0])),
            "gain": 0.125,
            "per": draw(numbers([1.0, 2.0])),
            "direction": higher,
        }
        rule |= ({} if own else {"reference": 3.0}) | draw(
            numbers([{}, {"below": 0.0}, {"below": rule["base"] / 2}])
        )
        target, raw = numbers([5.0, 3.5]) if own else None, st.integers(0, 20).map(lambda i: i / 2)
    elif kind in ("minmax", "rank", "zscore"):
        rule |= {"direction": higher}
        rule |= {
            "minmax": draw(numbers([{}, {"when_equal": 0.5}])),
            "rank": draw(numbers([{}, {"last": 0.4}])),
            "zscore": {"center": 0.6, "spread": draw(numbers([0.15, 0.5]))},
        }[kind]
        raw = st.integers(1, 9)
    elif kind == "level":
        rule |= {"levels": {"优": 1.0, "良": 0.85, "中": 0.6, "差": 0.0}}
        raw = st.sampled_from(["优", "良", "中", "差"])
    elif kind == "steps":
        rule |= {
            "table": [
                {"at": 2.0, "share": 0.2},
                {"at": 4.0, "share": 0.6},
                {"at": 9.0, "share": 1.0},
            ]
        }
        rule |= {"interpolate": draw(st.booleans())}
        raw = st.integers(0, 22).map(lambda i: i / 2)
    scales = draw(st.booleans()) if scales is None else scales
    return rule, scales, raw, target


roundings = st.sampled_from(
    [None, *({"decimals": d, "mode": m} for d in (0, 1, 2, 3) for m in ("half_up", "floor"))]
)


@st.composite
def givens(
    draw,
    geometric=True,
    inside=True,
    blanks=True,
    kinds=LINEAR_KINDS,
    scales=None,
    quotas=True,
    zero_points=True,
    stages=True,
    ways=False,
):
    """An assessment: a tree of up to three levels, 2–6 leaves, 1–7 units. With `ways`, grades by
    place, by share or by natural breaks."""
    count = draw(st.integers(2, 6))
    halves = draw(
        st.lists(st.integers(0 if zero_points else 1, 40), min_size=count, max_size=count)
    )
    points = [0.5 * h for h in halves] if sum(halves) else [1.0] * count
    total = sum(points)
    missing = {meaning: draw(st.sampled_from(TREATMENTS)) for meaning in MEANINGS[:3]}
    missing["blank"] = draw(st.sampled_from(MEANINGS))
    leaves, raws, targets = [], {}, {}
    for j in range(count):
        rule, scaling, raw, target = draw(rules(points[j], kinds, scales))
        leaf = {
            "id": f"x{j}",
            "name": f"x{j}",
            "points": points[j],
            "rule": rule,
            "scales": scaling,
        }
        if blanks and draw(chance):
            leaf["missing"] = {
                draw(st.sampled_from(MEANINGS[:3])): draw(st.sampled_from(TREATMENTS))
            }
        if draw(chance):
            leaf["out_of"] = 20.0
        leaves.append(leaf)
        raws[f"x{j}"], targets[f"x{j}"] = raw, target
        if stages and draw(chance):
            leaf["stages"] = draw(numbers([{"s": 1.0}, {"s": 0.6, "t": 0.4}, {"t": 0.5, "s": 0.5}]))
        if stages and rule["kind"] not in ("level", "share", "direct") and draw(chance):
            leaf["outliers"] = draw(numbers([{"low": 1}, {"high": 1}, {"low": 0, "high": 0}]))
            if rule["kind"] in ("minmax", "zscore"):
                leaf["outliers"]["log"] = draw(st.booleans())
    aggregations = (
        ["arithmetic", "geometric", "harmonic", 2.0, -0.5] if geometric else ["arithmetic"]
    )
    nodes, level = leaves, 0
    while len(nodes) > 2 and level < 2 and draw(st.booleans()):
        start = draw(st.integers(0, len(nodes) - 2))
        stop = draw(st.integers(start + 1, len(nodes) - 1))
        level += 1
        parent = {"id": f"n{level}", "name": "n", "children": nodes[start:stop]}
        nodes = [
            *nodes[:start],
            parent | {"aggregation": draw(st.sampled_from(aggregations))},
            *nodes[stop:],
        ]
    scheme = {
        "id": "random",
        "name": "random",
        "total": total,
        "indicators": nodes,
        "aggregation": draw(st.sampled_from(aggregations)),
        "missing": missing,
        "rounding": {
            s: draw(roundings) for s in (("leaf", "node", "total") if inside else ("total",))
        },
        "order": {
            "rounding": draw(st.sampled_from(["after_bonus", "before_bonus"])),
            "cap": draw(st.sampled_from(["after_deductions", "before_deductions"])),
            "veto": draw(st.sampled_from(["before_quota", "after_quota"])),
        },
        "rank_on": draw(st.sampled_from(["published", "base"])),
        "stages": STAGES,
        "vetoes": [
            {"id": "v", "name": "v", "cap": "D", "falsified": True},
            {"id": "w", "name": "w"} | draw(numbers([{"cap": "B"}, {"lower": 1}])),
        ],
        "bonuses": [
            {"id": "media", "name": "m", "kind": "bonus", "max": 5.0},
            {"id": "late", "name": "l", "kind": "deduction", "max": 5.0},
        ],
    }
    scheme["rounding"] = {key: value for key, value in scheme["rounding"].items() if value}
    if draw(chance):
        scheme["cap"] = total + 2
    scheme |= draw(numbers([{}, {"bonus_cap": 1.5}])) | draw(numbers([{}, {"deduction_cap": 2.5}]))
    scheme |= draw(numbers([{}, {}, {"floor": round(total) / 2}]))
    classes = draw(st.sampled_from([[None], ["p", "q"]]))
    if classes[0] and draw(st.booleans()):
        scheme["classes"] = classes
    rows = draw(st.lists(_row(leaves, raws, targets, classes, blanks), min_size=2, max_size=7))
    rows[-1] |= {"class": classes[0]}
    rows = [*rows, *(copy.deepcopy(rows[0]) for _ in range(draw(st.integers(0, 1))))]
    _give_peers(rows, leaves, raws, targets, draw)
    scheme["grades"] = draw(_grades(scheme, rows, total, quotas))
    if ways:
        scheme["grades"] = draw(_ways(scheme["grades"]))
    return Given(scheme, rows)


@st.composite
def _row(draw, leaves, raws, targets, classes, blanks):
    row = {
        "class": draw(st.sampled_from(classes)),
        "raw": {},
        "status": {},
        "target": {},
        "base": {},
        "veto": set(),
    }
    for leaf in leaves:
        id, raw = leaf["id"], raws[leaf["id"]]
        state = (
            draw(st.sampled_from(["value"] * 9 + ["blank", "falsified", *MEANINGS]))
            if blanks
            else "value"
        )
        if state == "value":
            row["raw"] |= {key: draw(raw) for key in keys_of(leaf)}
        elif state != "blank":
            row["status"][id] = state
        if "stages" in leaf and state in ("value", "blank") and draw(chance):
            row["raw"][f"{id}@seen"] = draw(raw)
        if (
            leaf.get("stages")
            and state == "value"
            and leaf["rule"]["kind"] in ("goalposts", "steps")
            and draw(chance)
        ):
            row["raw"][f"{id}@mended"] = draw(numbers([0.5, -0.25]))
        if targets[id] is not None:
            row["base" if leaf["rule"]["kind"] == "base_plus" else "target"][id] = draw(targets[id])
    row["veto"] = set(draw(st.sampled_from([(), (), (), (), ("v",), ("w",), ("v", "w")])))
    row["bonus"] = {id: draw(st.integers(0, 10)) / 2 for id in ("media", "late") if draw(chance)}
    return row


def keys_of(leaf):
    return [f"{leaf['id']}@{stage}" for stage in leaf.get("stages", {})] or [leaf["id"]]


def _give_peers(rows, leaves, raws, targets, draw):
    """A class in which nobody has a value has no mean: give its first unit one. Nobody is without
    any value."""
    for leaf in leaves:
        for group in {row["class"] for row in rows}:
            members = [row for row in rows if row["class"] == group]
            while sum(keys_of(leaf)[0] in row["raw"] for row in members) < min(
                1 + ("outliers" in leaf), len(members)
            ):
                row = next(row for row in members if keys_of(leaf)[0] not in row["raw"])
                row["status"].pop(leaf["id"], None)
                row["raw"] |= {key: draw(raws[leaf["id"]]) for key in keys_of(leaf)}
    for row in rows:
        if not row["raw"]:
            row["status"].pop(leaves[0]["id"], None)
            row["raw"] |= {key: draw(raws[leaves[0]["id"]]) for key in keys_of(leaves[0])}


@st.composite
def _grades(draw, scheme, rows, total, quotas):
    """Cutoffs, often exactly at somebody's published score."""
    trial = scheme | {"grades": [{"id": "B", "cutoff": 1.0}, {"id": "D", "cutoff": 0.0}]}
    scores = {unit["published"] for unit in oracle.grade_all(trial, rows)}
    hits = sorted(
        float(s) for s in scores if s > 0 and (s * 10**6) == int(s * 10**6) and s <= Fraction(total)
    )
    plain = [round(total * share * 2) / 2 for share in (0.9, 0.8, 0.75, 0.6, 0.5)]
    choice = draw(
        st.lists(
            st.sampled_from([c for c in {*hits, *plain} if c > 0] or [1.0]), min_size=3, max_size=3
        )
    )
    falling = sorted({*choice}, reverse=True)
    ids = {1: ["B"], 2: ["A", "B"], 3: ["A", "B", "C"]}[len(falling)]
    quota = st.sampled_from([None, None, 0, 1, 2, 3, 0.3, 0.5]) if quotas else st.none()
    grades = [
        {"id": i, "cutoff": c, "quota": draw(quota)} for i, c in zip(ids, falling, strict=True)
    ]
    grades.append({"id": "D", "cutoff": 0.0})
    for grade in grades if quotas else []:
        grade["ties"] = draw(numbers(["out", "in"]))
        grade["within"] = draw(numbers(["all", "class"])) if "classes" in scheme else "all"
    if quotas and draw(chance):
        grades[-1]["last"] = draw(numbers([1, 2]))
    if quotas and len(grades) > 2 and draw(chance):
        grades[-2]["last"] = draw(numbers([1, 2, 3]))
    if "classes" in scheme:
        for grade in grades[:-1]:
            grade["class_cutoffs"] = {"q": grade["cutoff"] * 0.75}
    return grades


@st.composite
def _ways(draw, grades):
    """The same grades, all by natural breaks, or some by place or by share."""
    if draw(st.booleans()):
        return [
            {"id": g["id"], "by": "breaks", "within": grades[0]["within"]} for g in grades[:-1]
        ] + grades[-1:]
    found = []
    for grade in grades[:-1]:
        quota = draw(numbers([1, 2, 3, 0.3, 0.5]))
        placed = {k: v for k, v in grade.items() if k not in ("cutoff", "class_cutoffs")}
        placed |= {"by": "share" if quota < 1 else "place", "quota": quota}
        found.append(placed if draw(st.booleans()) else grade)
    return [*found, grades[-1]]
