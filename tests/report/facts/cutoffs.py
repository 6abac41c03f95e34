"""Facts of grade cutoffs."""

import math

import numpy as np

import qtoolkit as qt
from qtoolkit.engine import core, to_ticks
from qtoolkit.inputs.scheme import Rounding
from qtoolkit.language import Text
from tests.sentences import regraded

TICK = 1e-10
TINY = 1e-9
DRAWS, DRAWN = 50, 500  # for cutoffs that could be chosen, and of errors
MANY, SOME = 40, 8  # items beyond which a sentence has no room for all, and how many it then names


def has_quota(result):
    return any(grade.quota is not None for grade in result.scheme.grades[:-1])


def has_places(result):
    """Whether quotas or last places make grades depend on one another."""
    return has_quota(result) or any(grade.last is not None for grade in result.scheme.grades)


def group_of(result, unit):
    """The class whose cutoffs hold for a unit."""
    if "class" not in result.table.covariates:
        return None
    return result.table.covariates["class"][unit]


def by_cutoffs(result, unit, score):
    """The grade of a published score by the printed cutoffs alone, as a place in the list."""
    grades, group = result.scheme.grades, group_of(result, unit)
    reached = [i for i, g in enumerate(grades[:-1]) if score >= g.cutoff_of(group) - TINY]
    return reached[0] if reached else len(grades) - 1


def moved(result, grades):
    return [
        {"unit": unit, "old": old, "new": grades[unit]}
        for unit, old in result.grades.items()
        if old != grades[unit]
    ]


def whole_points(result, mode):
    """What whole points would do, by grading anew: who changes; who crosses a cutoff and stays."""
    rounding = result.scheme.rounding.model_copy(update={"total": Rounding(decimals=0, mode=mode)})
    other = qt.assess(result.scheme.model_copy(update={"rounding": rounding}), result.table)
    ids, held = [grade.id for grade in result.scheme.grades], []
    for unit in result.scores.index:
        old, new = (by_cutoffs(result, unit, r.scores[unit]) for r in (result, other))
        if old != new and result.grades[unit] == other.grades[unit]:
            causes = [r.steps.loc[unit, "set_by"] for r in (result, other)]
            then = causes[1] != "score"
            held.append(
                {
                    "unit": unit,
                    "a": ids[old],
                    "b": ids[new],
                    "grade": other.grades[unit],
                    "set_by": causes[1] if then else causes[0],
                    "then": then,
                }
            )
    found = moved(result, other.grades)
    return {"changes": found, "held": held[:3], "likewise": len(held) - len(held[:3])}


def near_units(result, within):
    """Units whose grade `within` points more, or a little less than that fewer, would change: each
    graded anew with all others as they are."""
    base, now = result.base.to_numpy(), result.grades.cat.codes.to_numpy()
    best = int(to_ticks(result.scheme.total))
    found = []
    for k, unit in enumerate(result.scores.index):
        up, down = base.copy(), base.copy()
        up[k] = min(base[k] + to_ticks(within), max(base[k], best))
        down[k] = max(base[k] - to_ticks(within), 0)
        codes = [core.grade(result.engine, own)[k] for own in (up, down)]
        if codes[0] > now[k] or codes[1] < now[k]:
            found.append(unit)
    return found


def way_lines_move(grades):
    ways = {grade.by for grade in grades}
    return "breaks" if "breaks" in ways else "places" if ways & {"place", "share"} else None


def standards(tables, given):
    result, within = given.result, 1.0
    grades, margins = result.scheme.grades, qt.cutoffs.margins(result)
    in_table = any(
        grade.class_cutoffs
        or grade.printed
        or grade.consequence
        or grade.quota is not None
        or grade.last is not None
        for grade in grades
    )
    lines = [{"grade": grade.label, "cutoff": grade.cutoff} for grade in grades[:-1]]
    edge = lines[-1]["cutoff"] if lines else None
    bands = [{"group": None, "lines": lines, "lowest": grades[-1].label, "edge": edge}]
    ids = [grade.id for grade in grades]
    held = [
        (row["to_line"], ids[ids.index(row["grade"]) - 1], row)
        for _, row in margins.iterrows()
        if row["below_by"] in ("quota", "last")
        and row["to_line"] <= within
        and not row["below"] <= within
    ]
    return {
        "bands": None if in_table else bands,
        "near": len(near_units(result, within)),
        "within": within,
        "places": has_places(result),
        "held": [
            {
                "unit": row.name,
                "towards": better,
                "to_line": points,
                "lacks": row["below"],
                "rivals": row["below_rivals"],
            }
            for points, better, row in sorted(held, key=lambda found: found[0])
        ],
        "moves": way_lines_move(grades),
    }


def near_misses(tables, given):
    rule, found = given.result.scheme.rounding.total, set(tables["near_misses"]["unit"])
    assert found == set(near_units(given.result, 1.0))
    return {
        "near": len(found),
        "score_format": ".4f" if rule is None else f".{rule.decimals}f",
    }


def decimals(tables, given):
    result, flags = given.result, given.result.flags.to_dict("records")
    rule, runs, last = result.scheme.rounding.total, [], None
    empty = [f for f in flags if f["kind"] == "hole" and not isinstance(f["unit"], str)]
    kinds = {"rounding", "on_cutoff", "tie", "dead_cutoff", "hole", "few_scores"}
    for flag in flags:
        if flag["kind"] in kinds and flag not in empty:
            if flag["kind"] != last:
                runs.append([])
            runs[-1].append(flag["text"])
            last = flag["kind"]
    peculiar = []
    for texts in runs:
        named = texts if len(texts) <= MANY else texts[:SOME]
        peculiar += [{"flag": "alone", "text": text} for text in named]
        if len(texts) > len(named):
            peculiar.append({"flag": "more", "n": len(texts) - len(named)})
    audit = tables["rounding_audit"]
    readings = [name for name in qt.cutoffs.READINGS if name != "scheme"]
    assert all(any(row[name] != row["scheme"] for name in readings) for _, row in audit.iterrows())
    return {
        "rounding": {
            "option": "rounding",
            "rule": None if rule is None else {"decimals": rule.decimals, "mode": rule.mode},
            "half_up": whole_points(result, "half_up"),
            "floor": whole_points(result, "floor"),
        },
        "peculiar": peculiar,
        "empty_holes": [flag["text"] for flag in empty],
        "differ": len(audit),
    }


def groups(result):
    """The classes that have cutoffs of their own."""
    by_class = any(grade.class_cutoffs for grade in result.scheme.grades)
    return result.scheme.classes if by_class else [None]


def stretch(result, i):
    """How far the i-th cutoff may move down and up, by grading anew at each score from it outwards:
    (down, up, whether the next cutoff above ends it); None for no limit."""
    grades, now = result.scheme.grades, result.grades
    leads = sorted(
        round(result.scores[unit] - grades[i].cutoff_of(group_of(result, unit)), 10)
        for unit in result.scores.index
    )
    filled = {group_of(result, unit) for unit in result.scores.index}  # classes that have units
    gaps = [
        [abs(grades[i].cutoff_of(g) - grades[j].cutoff_of(g)) for g in filled]
        for j in (i - 1, i + 1)
        if 0 <= j < len(grades) - 1
    ]
    above = min(gaps[0]) if i > 0 else math.inf
    below = min(gaps[-1]) if i + 2 < len(grades) else math.inf
    down = [x for x in leads[::-1] if -below + TINY < x < 0]
    up = [x for x in leads if 0 <= x < above - TINY]
    fall = next((x for x in down if (regraded(result, grades[i].id, x) != now).any()), -below)
    rise = next((x for x in up if (regraded(result, grades[i].id, x + TICK) != now).any()), None)
    return (
        None if math.isinf(fall) else fall,
        rise if rise is not None else None if math.isinf(above) else above,
        rise is None and not math.isinf(above),
    )


def alone(result):
    """Where each cutoff may lie alone, class by class."""
    rows = []
    for i, grade in enumerate(result.scheme.grades[:-1]):
        down, up, is_next = stretch(result, i)
        for group in groups(result):
            cutoff = grade.cutoff_of(group)
            low, high = (None if x is None else cutoff + x for x in (down, up))
            row = {"grade": grade.id, "group": group, "low": low, "high": high}
            rows.append({**row, "next_high": is_next})
    return rows


def first(rows):
    """The rows of the shortest move of all cutoffs together one way, as the sentence has them."""
    if not rows:
        return None
    least = min(abs(row["points"]) for row in rows)
    moves = [
        {"unit": row["unit"], "old": row["before"], "new": row["after"]}
        for row in rows
        if abs(row["points"]) == least
    ]
    return {"by": least, "moves": moves}


def moving(tables, given):
    result = given.result
    if len(result.scheme.grades) == 1:
        return {"alone": [], "lineless": False}
    rule, total = result.scheme.rounding.total, result.scheme.total
    decimals = 4 if rule is None else max(2, rule.decimals)
    rows = [row for row in tables["cutoff_flips"].to_dict("records") if row["line"] == "all"]
    for row in tables["cutoff_flips"].to_dict("records"):
        assert row["way"] == ("up" if row["points"] >= 0 else "down")
        assert row["shift"] == ("on_line" if abs(row["points"]) <= TINY else row["points"])
        if row["line"] != "all":
            own = result.scheme.grade(row["line"]).cutoff_of(group_of(result, row["unit"]))
            assert abs(row["cutoff"] - own - row["points"]) < TINY
    certain = tables["certainty_map"].set_index("band")
    assert list(certain.columns) == [f"shift:{x * total:g}" for x in (0, 0.005, 0.01, 0.02)]
    return {
        "lineless": False,
        "alone": alone(result),
        "reach": 0.05 * total,
        "first_up": first([row for row in rows if row["way"] == "up"]),
        # the table goes on downwards, the sentence names units in their order
        "first_down": first([row for row in rows if row["way"] == "down"][::-1]),
        "shift_format": f"+.{decimals}f",
        "cutoff_format": f".{decimals}f",
        "units": len(result.scores),
        "shift": 0.01 * total,
        "band": 10.0,
        "by_lines": certain.iloc[0, 2],
        "by_points": certain.loc[0.1].iloc[0],
        "by_both": certain.loc[0.1].iloc[2],
    }


def gathering(tables, given):
    result = given.result
    width, odd = result.scheme.total / 100, []
    for grade in result.scheme.grades[:-1]:
        lead = [
            score - grade.cutoff_of(group_of(result, unit)) for unit, score in result.scores.items()
        ]
        above = sum(-TINY < x < width - TINY for x in lead)
        below = sum(-width - TINY < x < -TINY for x in lead)
        n = above + below
        chance = sum(math.comb(n, k) for k in range(above, n + 1)) / 2**n
        if n and chance < 0.05:
            odd.append({"grade": grade.id, "above": above, "below": below, "p": chance})
    count, breaks = len(result.scheme.grades), None
    if 1 < count <= len(set(result.scores)):
        group = qt.cutoffs.natural_breaks(result.scores, count).groups
        own = [result.scores[group == k] for k in range(1, count + 1)]
        breaks = {"marks": [scores.min() for scores in own[:-1]], "sizes": list(map(len, own))}
    return {"odd": odd, "width": width, "lined": True, "breaks": breaks}


def quotas(tables, given):
    rows = tables["quota_audit"].to_dict("records")
    order = list(given.result.scores.index)
    assert [row["unit"] for row in rows] == sorted((r["unit"] for r in rows), key=order.index)
    return {
        name: [
            {"unit": row["unit"], "old": given.result.grades[row["unit"]], "new": row[name]}
            for row in rows
            if row[name] != row["scheme"]
        ]
        for name in ("absolute", "quota")
    } | {"differ": len(rows)}


def decimals_of(error):
    """The format with the decimals that an error in per cent supports."""
    if error == 0:
        return ".1%"
    fit = [k for k in range(4) if 100 * error <= 0.5 * 10**-k]
    return f".{max(fit, default=0)}%"


def errors(tables, given):
    result, table = given.result, tables["misgrading"]
    drawn = DRAWN if has_places(result) else None
    most = max(1.959963984540054 * math.sqrt(0.25 / drawn), 1.92 / drawn) if drawn else 0.0
    stands = [row[f"p:{row['grade']}"] for _, row in table.iterrows()]
    assert list(table["unit"]) == list(result.ranks.sort_values(kind="stable").index)
    found = qt.cutoffs.misgrading(result, 1.5, draws=DRAWN, seed=0)
    if not drawn:
        chances = table[[f"p:{grade.id}" for grade in result.scheme.grades]].to_numpy()
        assert math.isclose(found.consistency, np.square(chances).sum(axis=1).mean())
    return {
        "source": Text("复评抽样（模拟）", "a second marking (synthetic)"),
        "again": True,
        "draws": drawn,
        "seed": 0,
        "accuracy": {
            "share": sum(stands) / len(stands),
            "error": found.accuracy_error,
            "format": decimals_of(found.accuracy_error),
        },
        "consistency": {
            "share": found.consistency,
            "error": found.consistency_error,
            "format": decimals_of(found.consistency_error),
        },
        "kappa": found.kappa,
        "limit": 0.95,
        "unsure": [u for u, chance in zip(table["unit"], stands, strict=True) if chance < 0.95],
        "most": most,
        "chance_format": decimals_of(most),
        "note": None,
    }


def options(tables, given):
    """Whole points within two of each cutoff: five places for each."""
    result = given.result
    lines = len(result.scheme.grades) - 1
    many = 5**lines if has_places(result) else 1
    units, leaves = len(result.scores), len(result.scheme.leaves)
    facts = {"draws": DRAWS, "units": units, "indicators": leaves}
    if many * DRAWS * units * leaves > 5_000_000_000:
        return {"refused": many, **facts}
    official, found = tables["cutoff_options"].to_dict("records")
    lines = {name[2:]: found[name] for name in found if name.startswith("c:")}
    other = result.what_if(cutoffs=lines).grades
    assert found["changed"] == (other != result.grades).sum() and official["changed"] == 0
    return {
        "refused": None,
        **facts,
        "window": 2,
        "step": 1.0,
        "band": 10.0,
        "best_already": all(official[name] == found[name] for name in found if name != "row"),
        "chosen": [{"grade": grade, "cutoff": cutoff} for grade, cutoff in lines.items()],
        "now": official["leave"],
        "best": found["leave"],
        "moved": moved(result, other),
    }


def methods(tables, given):
    return {}
