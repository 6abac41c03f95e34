"""Facts of grade cutoffs."""

import dataclasses
import itertools
import math

import numpy as np

import qtoolkit as qt
from qtoolkit.engine import core, from_ticks, to_ticks
from qtoolkit.engine.ties import SAME
from qtoolkit.inputs.scheme import Rounding
from qtoolkit.language import Text
from tests.report.facts.lines import has_lines, is_by_breaks, way_lines_move
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
    """The grade of a published score by the printed cutoffs alone, as a place in the list; where
    some grades have none, that of the assessment's steps."""
    grades, group = result.scheme.grades, group_of(result, unit)
    if way_lines_move(grades):
        return [grade.id for grade in grades].index(result.steps["by_score"][unit])
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
    graded anew with all others as they are. Where places decide, limits lie a tick beside a tie,
    which is no distance to a reader."""
    result = result.fixed if is_by_breaks(result.scheme) else result
    base, now = result.base.to_numpy(), result.grades.cat.codes.to_numpy()
    best = int(to_ticks(result.scheme.total))
    found = []
    for k, unit in enumerate(result.scores.index):
        up, down = base.copy(), base.copy()
        up[k] = min(base[k] + to_ticks(within + SAME), max(base[k], best))
        down[k] = max(base[k] - to_ticks(within - SAME), 0)
        codes = [core.grade(result.engine, own)[k] for own in (up, down)]
        if codes[0] > now[k] or codes[1] < now[k]:
            found.append(unit)
    return found


def standards(tables, given):
    result, within = given.result, 1.0
    grades, margins = result.scheme.grades, qt.cutoffs.margins(result)
    in_table = any(
        grade.class_cutoffs
        or grade.by != "line"
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
        and result.scheme.grade(ids[ids.index(row["grade"]) - 1]).by == "line"
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
    better = [grade for grade in grades[:i] if grade.by == "line"]
    worse = [grade for grade in grades[i + 1 : -1] if grade.by == "line"]
    above, below = (
        min((abs(grades[i].cutoff_of(g) - other.cutoff_of(g)) for g in filled), default=math.inf)
        if other
        else math.inf
        for other in (better[-1] if better else None, worse[0] if worse else None)
    )
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
        if grade.by != "line":
            continue
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
    if not has_lines(result.scheme):
        return {"alone": [], "lineless": len(result.scheme.grades) > 1}
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
        if grade.by != "line":
            continue
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
    if 1 < count <= len(set(result.scores)) and not is_by_breaks(result.scheme):
        group = qt.cutoffs.natural_breaks(result.scores, count).groups
        own = [result.scores[group == k] for k in range(1, count + 1)]
        breaks = {"marks": [scores.min() for scores in own[:-1]], "sizes": list(map(len, own))}
    lined = result.scheme.grades[0].by != "breaks"
    return {"odd": odd, "width": width, "lined": lined, "breaks": breaks}


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


def without_places(result):
    """The grades with quotas beside a line and last places lifted, assessed anew."""
    grades = tuple(
        grade.model_copy(update={"last": None} | ({"quota": None} if grade.by == "line" else {}))
        for grade in result.scheme.grades
    )
    return qt.assess(result.scheme.model_copy(update={"grades": grades}), result.table).grades


def vetoed_anew(result, unit, veto):
    """Who rises if a unit has that veto, from what to what, by assessing the table with it; None
    where the scheme has no veto."""
    ids = [other.id for other in result.scheme.vetoes]
    if veto is None:
        return None
    vetoes = result.table.vetoes.copy()
    vetoes[list(result.scores.index).index(unit), ids.index(veto)] = True
    table = dataclasses.replace(result.table, vetoes=vetoes)
    after = qt.assess(result.scheme, table).grades
    return [row for row in moved(result, after) if row["unit"] != unit]


def alike(cells, units, names):
    """Units whose cells agree in `names`, in the order of the first."""
    found = []
    for cell, unit in zip(cells, units, strict=True):
        what = {name: cell[name] for name in names}
        same = [row for row in found if all(row[name] == what[name] for name in names)]
        if same:
            same[0]["units"].append(unit)
        else:
            found.append({**what, "units": [unit]})
    return found


def readings(tables, given):
    result, differ = given.result, tables["two_readings"]
    order = list(result.scores.index)
    lines, cells = without_places(result), differ.to_dict("records")
    own = [u for u in order if lines[u] != result.grades[u]]
    assert [row["unit"] for row in cells] == own
    assert all(
        (row["by_line"], row["by_quota"]) == (lines[u], result.grades[u])
        for u, row in zip(own, cells, strict=True)
    )
    ids = [grade.id for grade in result.scheme.grades]
    agree = [u for u in order if u not in own]
    alone = [u for u in agree if ids[by_cutoffs(result, u, result.scores[u])] == lines[u]]
    rule = result.scheme.rounding.total
    facts = {
        "compared": any(
            (g.quota is not None and g.by == "line") or g.last for g in given.result.scheme.grades
        ),
        "units": len(order),
        "agree": len(agree),
        "by_line": len(alone),
        "by_veto": [u for u in agree if u not in alone],
        "causes": alike(cells, own, ["set_by"]),
        "score_format": ".4f" if rule is None else f".{rule.decimals}f",
    }
    if "successors" not in tables:
        holders = [u for u in order if result.grades[u] == ids[0]]
        assert not (has_quota(result) and holders and len(ids) > 1)
        return facts | {"holders": 0}
    return facts | leaving(tables["successors"], result)


def leaving(table, result):
    """Who leaves the best grade: by its table, and by grading anew."""
    best, units = result.scheme.grades[0].id, list(table["unit"])
    assert units == [u for u in result.scores.index if result.grades[u] == best]
    found = qt.cutoffs.successors(result)
    vetoes = list(found.loc[found["event"] == "vetoed", "veto"])
    for unit, veto, cell in zip(units, vetoes, table["vetoed"], strict=True):
        if veto is not None:
            assert cell["who"] == vetoed_anew(result, unit, veto)
    losses = [loss for loss in table["loss"] if loss == loss]
    first = [
        cell
        for cell in table["rejudged"]
        if cell["loss"] is not None
        and math.isclose(cell["loss"], min(losses), rel_tol=1e-9, abs_tol=1e-9)
    ]
    nexts = alike([{"next": names} for names in table["next"]], units, ["next"])
    shown = [*table["vetoed"], *table["rejudged"]]
    approved = result.table.remarks.get("approved", {})
    return {
        "holders": len(units),
        "anybody": any(cell["who"] or cell["next"] or cell["tied"] for cell in shown),
        "grade": best,
        "vetoes": [f"veto:{v.id}" for v in result.scheme.vetoes if v.id in vetoes],
        "vetoed": alike(table["vetoed"], units, ["who", "why", "tied", "next", "beyond"]),
        "nexts": [row for row in nexts if row["next"]],
        "lowered": [
            u
            for u in units
            if approved.get(u) not in (None, best) and approved.get(u) == approved.get(u)
        ],
        "nearest": first,
    }


def with_places(result, grade, number):
    """The grades with so many places (0 too) in one grade, by assessing anew."""
    grades = tuple(
        each.model_copy(update={"quota": number} | ({} if each.by == "line" else {"by": "place"}))
        if each.id == grade
        else each
        for each in result.scheme.grades
    )
    return qt.assess(result.scheme.model_copy(update={"grades": grades}), result.table).grades


def places(tables, given):
    """Every number of places by assessing anew; of a share, as many as it comes to."""
    result, found = given.result, []
    rows = tables["quota_places"].to_dict("records")
    classes = [group_of(result, unit) for unit in result.scores.index]
    for grade in result.scheme.grades[:-1]:
        if grade.quota is None:
            continue
        own, before = [row for row in rows if row["quota"] == grade.id], None
        spans = [tuple(map(int, row["places"].split("–"))) for row in own]
        last = spans[-1][-1]
        graded = [with_places(result, grade.id, number) for number in range(last + 1)]
        assert [k for span in spans for k in range(span[0], span[-1] + 1)] == [*range(last + 1)]
        for row, span in zip(own, spans, strict=True):
            for number in range(span[0], span[-1] + 1):
                now = graded[number]
                assert row["changed"] == (now != result.grades).sum()
                for each in result.scheme.grades:
                    assert row[f"n:{each.id}"] == (now == each.id).sum()
            if before is not None:
                assert row["entered"] == between(before, graded[span[0]])
            before = graded[span[0]]
        groups = result.scheme.classes if grade.within == "class" else [None]
        sizes = [sum(g in (None, c) for c in classes) for g in groups]
        numbers = {
            math.floor(grade.quota * n + TINY) if grade.quota < 1 else int(grade.quota)
            for n in sizes
        }
        now = numbers.pop() if len(numbers) == 1 else None
        fact = {"grade": grade.id, "limited": True, "by_class": grade.within == "class"}
        around = [
            result.grades if k is None or k < 0 else with_places(result, grade.id, k)
            for k in ((None, None) if now is None else (now - 1, now + 1))
        ]
        fact |= {
            "now": now,
            "fewer": None if not now else between(result.grades, around[0]),
            "more": None if now is None else between(result.grades, around[1]),
        }
        found.append(fact)
    return {"quotas": found}


def between(before, after):
    return [
        {"unit": unit, "old": old, "new": after[unit]}
        for unit, old in before.items()
        if after[unit] != old
    ]


def decimals_of(error):
    """The format with the decimals that an error in per cent supports."""
    if error == 0:
        return ".1%"
    fit = [k for k in range(4) if 100 * error <= 0.5 * 10**-k]
    return f".{max(fit, default=0)}%"


def errors(tables, given):
    result, table = given.result, tables["misgrading"]
    drawn = DRAWN if has_places(result) or is_by_breaks(result.scheme) else None
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
    """Whole points within two of each cutoff: five places for each, in rising order."""
    result = given.result
    units, leaves = len(result.scores), len(result.scheme.leaves)
    facts = {"draws": DRAWS, "units": units, "indicators": leaves}
    if DRAWS * units * leaves > 5_000_000_000:
        cutoffs = [grade.cutoff for grade in result.scheme.grades[:-1]]
        near = [[c for c in range(1, 10**4) if abs(c - x) <= 2] + [x] for x in cutoffs]
        sets = itertools.product(*({*map(float, line)} for line in near))
        many = sum(all(a > b for a, b in itertools.pairwise(some)) for some in sets)
        return {"refused": many, **facts}
    official, found = tables["cutoff_options"].to_dict("records")
    lines = {name[2:]: found[name] for name in found if name.startswith("c:")}
    grades = [with_line(grade, lines.get(grade.id)) for grade in result.scheme.grades]
    scheme = result.scheme.model_copy(update={"grades": tuple(grades)})
    other = qt.assess(scheme, result.table).grades
    by_class = any(grade.class_cutoffs for grade in grades)
    assert found["changed"] == (other != result.grades).sum() and official["changed"] == 0
    return {
        "refused": None,
        **facts,
        "window": 2,
        "step": 1.0,
        "band": 10.0,
        "best_already": all(official[name] == found[name] for name in found if name != "row"),
        "chosen": [
            {
                "grade": grade.id,
                "cutoff": [
                    {"group": group, "cutoff": grade.class_cutoffs.get(group, grade.cutoff)}
                    for group in scheme.classes
                ]
                if by_class
                else grade.cutoff,
            }
            for grade in grades
            if grade.id in lines
        ],
        "by_class": by_class,
        "now": official["leave"],
        "best": found["leave"],
        "moved": moved(result, other),
    }


def with_line(grade, cutoff):
    """A grade with another cutoff, and that of each class as far from the present one."""
    if cutoff is None:
        return grade
    own = {
        group: float(from_ticks(to_ticks(line + (cutoff - grade.cutoff))))
        for group, line in grade.class_cutoffs.items()
    }
    return grade.model_copy(update={"cutoff": cutoff, "class_cutoffs": own})


def methods(tables, given):
    return {}
