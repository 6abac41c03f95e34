"""Facts of score ranges, tolerances and the ranking by other methods."""

import math

from scipy.stats import rankdata

import qtoolkit as qt
from qtoolkit.cutoffs.margins import score_limits

MOST, SOME = 300, 40  # units up to which a figure shows all; of more, so many
TINY = 1e-9
TICKS = 10**10


def in_given_order(table, given):
    """The rows of a table of units, as the units stand in the data."""
    rows = {row["unit"]: row for row in table.to_dict("records")}
    return [rows[unit] for unit in given.result.scores.index]


def grade_by_score(limits, score):
    """How many cutoffs a base score reaches."""
    return sum(score * TICKS >= limit - TINY * TICKS for limit in limits)


def after_vetoes(result, at, grade):
    """A grade (0 the worst) lowered and capped by the vetoes of a unit."""
    worst_first = [g.id for g in result.scheme.grades][::-1]
    own = [veto for veto, hit in zip(result.scheme.vetoes, result.table.vetoes[at], strict=True)
           if hit]  # fmt: skip
    grade = max(grade - sum(veto.lower or 0 for veto in own), 0)
    return min([grade, *(worst_first.index(veto.cap) for veto in own if veto.cap is not None)])


def held(given, rows):
    """Whose range passes a cutoff while the grade is certain: by vetoes where these alone make it
    so, else by places."""
    result, found = given.result, []
    for at, (row, limits) in enumerate(zip(rows, score_limits(result), strict=True)):
        low, high = (grade_by_score(limits, row[side]) for side in ("low", "high"))
        if low < high and row["grades"][0] == row["grades"][1]:
            alike = after_vetoes(result, at, low) == after_vetoes(result, at, high)
            found.append({"unit": row["unit"], "held": "veto" if alike else "quota"})
    return found


def ranges(tables, given):
    rows = in_given_order(tables["score_ranges"], given)
    is_open = [row for row in rows if row["grades"][0] != row["grades"][1]]
    whys = list(dict.fromkeys(row["why"] for row in rows if row["why"]))
    return {
        "band": 100 * given.band,
        "region": None,  # a plain band, in which the present points lie
        "inside": True,
        "fixed": len(rows) - len(is_open),
        "elsewhere": [],
        "changeable": [
            {"unit": row["unit"], "grades": row["grades"]} for row in is_open if row["free_of_new"]
        ],
        "already": [
            {"unit": row["unit"], "grades": row["grades"]}
            for row in is_open
            if not row["free_of_new"]
        ],
        "held": held(given, rows),
        "bounds": [
            {
                "why": qt.robustness.REASONS[why],
                "units": [row["unit"] for row in rows if row["why"] == why],
            }
            for why in whys
        ],
        "listed": len(rows),
        "drawn": len(rows) if len(rows) <= MOST else SOME,
    }


def extent(tolerance):
    """How a tolerance is said: any points at all, ±100%, as far as was looked, on the line, or a
    number."""
    limits = (("any", math.inf), ("whole", 1.0), ("widest", 0.999 - TINY))
    kind = next((kind for kind, limit in limits if tolerance >= limit), "share")
    return {"kind": "on_line" if tolerance <= TINY else kind, "share": tolerance}


def tolerances(tables, given):
    rows = tables["tolerances"].to_dict("records")
    known = [row for row in rows if row["tolerance"] == row["tolerance"]]
    values = [row["tolerance"] for row in known]
    least, most = min(values, default=None), max(values, default=None)
    return {
        "computed": len(known),
        "finite": sum(map(math.isfinite, values)),
        "weak": [
            row["unit"] for row in known if row["tolerance"] <= least + TINY * max(least, 1.0)
        ],
        "least": None if least is None else extent(least),
        "strong": [
            row["unit"]
            for row in known
            if row["tolerance"] == most or row["tolerance"] >= most - TINY * max(most, 1.0)
        ],
        "most": None if most is None else extent(most),
        "band": 100 * given.band,
        "below": [row["unit"] for row in known if row["tolerance"] < given.band - TINY],
        "held": any(grade.by == "breaks" for grade in given.result.scheme.grades),
        "open_now": [row["unit"] for row in rows if row["status"] == "none"],
        "listed": len(rows),
        "drawn": len(rows) if len(rows) <= MOST else SOME,
    }


def methods(tables, given):
    switch = given.result.scheme.order.rounding
    plain = {"band": 100 * given.band, "region": None}
    return {"rounds_first": switch != "after_bonus", "greatest": "greedy", **plain}


def spearman(a, b):
    """Pearson's correlation of the ranks, ties in the middle; None where one never differs."""
    a, b = rankdata(a), rankdata(b)
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / size) if size else None


def crosscheck(tables, given):
    table = tables["crosscheck"]
    names = [name for name in table.columns if name not in ("unit", "scheme", "band")]
    found = [spearman(table["scheme"], table[name]) for name in names]
    known = [value for value in found if value is not None]
    away = [
        max(abs(row[name] - row["scheme"]) for name in names) for row in table.to_dict("records")
    ]
    return {
        "comparable": len(known) == len(names),
        "others": len(names),
        "low": min(known, default=None),
        "high": max(known, default=None),
        "furthest": [
            unit for unit, far in zip(table["unit"], away, strict=True) if far == max(away)
        ],
        "most": max(away),
    }
