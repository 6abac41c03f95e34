"""Facts of random draws, of the choices that matter and of rank confidence sets."""

import math
from collections import Counter
from statistics import NormalDist

import numpy as np

import qtoolkit as qt
from tests.report.facts.cutoffs import way_lines_move

MOST, SOME = 300, 40  # units up to which a figure shows all; of more, so many
TINY = 1e-9
Z = NormalDist().inv_cdf(0.975)
RUNS = 16  # that are asked for in the recorded views
HARDLY = 0.01


def frequencies(tables, given):
    table, drawn, result = tables["frequencies"], given.drawn, given.result
    errors = {d: 100 * Z * 0.5 / math.sqrt(drawn.independent) for d in range(4)}
    digits = max((d for d, error in errors.items() if error <= 0.5 / 10**d), default=0)
    shares = drawn.rank_acceptability
    away = [
        sum(share * abs(rank - result.ranks[unit]) for rank, share in shares.loc[unit].items())
        for unit in shares.index
    ]
    return {
        "refusal": None,
        "unsteady": [row.unit for row in table.itertuples() if row.stands < 0.95],
        "shift": sum(away) / len(away),
        "error": 100 * max(Z / 2 / math.sqrt(drawn.independent), Z**2 / 2 / drawn.independent),
        "fewer": {
            "units": len(table),
            "leaves": len(result.scheme.leaves),
            "asked": 2 * given.draws,
            "made": given.draws,
        },
        "sampling": drawn.sampling,
        "note": drawn.note,
        "moves": way_lines_move(given.result.scheme.grades),
        "form": f".{digits}%",
        "listed": len(table),
        "drawn": len(table) if len(table) <= MOST else SOME,
    }


def lists(result):
    """Lists of alternatives, of which some cannot go together: the upper line is lowered below the
    lower one, when that is raised."""
    factors = {"rounding.total": [None, 2, {"decimals": 0, "mode": "floor"}]}
    if len(result.scheme.grades) > 2 and all(g.by == "line" for g in result.scheme.grades[:2]):
        (upper, a), (lower, b) = ((grade.id, grade.cutoff) for grade in result.scheme.grades[:2])
        factors |= {f"cutoffs.{upper}": [a, (a + b) / 2], f"cutoffs.{lower}": [b, (3 * a + b) / 4]}
    return factors


SAME_AS_BEFORE = {}


def influences(result, factors):
    """What is found by :func:`qtoolkit.simulation.sobol` of grades and of ranks, kept as long as
    the same result is asked for."""
    if SAME_AS_BEFORE.get("result") is not result:
        SAME_AS_BEFORE.clear()
        SAME_AS_BEFORE["result"] = result
    key = tuple(factors)
    if key not in SAME_AS_BEFORE:
        SAME_AS_BEFORE[key] = [
            qt.simulation.sobol(result, factors, target, RUNS)
            for target in ("grade_changes", "rank_shift")
        ]
    return SAME_AS_BEFORE[key]


def named(rows):
    """Choices in the order in which they are varied: a region, which has no alternatives, first."""
    return [row for i, row in enumerate(rows) if row not in rows[:i]]


def explained(target, sobol, alone):
    if sobol.failures.sum():
        rest = "dependent"
    elif alone >= 1 - TINY if sobol.exact else sobol.alone_high >= 1:
        rest = "none"
    else:
        rest = "interaction"
    ends = {"low": sobol.alone_low, "high": sobol.alone_high}
    return {"target": target, "alone": alone, **ends, "rest": rest}


def hardly(rows, moving, exact):
    """By what they hardly move, the choices that move less than a hundredth."""
    found = {}
    for row in rows if moving else []:
        least = {
            target
            for target in moving
            if (row[f"{target}_total"] if exact else row[f"{target}_interval"][1]) < HARDLY
        }
        if len(least) == len(moving):
            on = "both" if len(moving) == 2 else moving[0]
        elif least:
            on = f"only_{least.pop()}"
        else:
            continue
        found.setdefault(on, []).append(row["choice"])
    order = ("both", "grades", "ranks", "only_grades", "only_ranks")
    return [{"on": on, "choices": found[on]} for on in order if on in found]


def choices(tables, given):
    shares, ways = tables["choices"].to_dict("records"), tables["alternatives"].to_dict("records")
    *rows, whole = shares
    assert whole["choice"] == {"what": "sum", "of": None}
    roundings = sum(way["choice"]["what"] == "rounding.total" for way in ways)
    factors = (
        lists(given.result) if roundings == 3 else qt.simulation.choices(given.result, given.band)
    )
    grades, ranks = influences(given.result, factors)
    regions = [row["choice"] for row in rows if row["choice"] not in [w["choice"] for w in ways]]
    exact = not regions and math.prod(map(len, factors.values())) <= RUNS * (len(factors) + 2)
    runs = math.prod(map(len, factors.values())) if exact else RUNS * (len(factors) + 2)
    failed = Counter(grades.failures.to_dict()).total()
    moving = [
        target
        for target in ("grades", "ranks")
        if any(row[f"{target}_total"] == row[f"{target}_total"] for row in rows)
    ]
    for target in moving:
        alone = sum(row[f"{target}_first"] for row in rows)
        assert math.isclose(alone, whole[f"{target}_first"], abs_tol=TINY)
    varied = named([*regions, *(way["choice"] for way in ways)])
    totals = [next(r for r in rows if r["choice"] == c)["grades_total"] for c in varied]
    most = max((total for total in totals if total == total), default=None)
    means = [way["grades"] for way in ways]
    change = max((mean for mean in means if mean == mean), default=None)
    return {
        "choices": varied,
        "refusal": None,
        "grades_move": any(mean > 0 for mean in means) and grades.sd > 0,
        "ranks_move": ranks.sd > 0,
        "mean": grades.mean,
        "first": [
            choice
            for choice, total in zip(varied, totals, strict=True)
            if most is not None and total >= most - TINY
        ],
        "total": most,
        "most": [
            {key: way[key] for key in ("choice", "alternative")}
            for way, mean in zip(ways, means, strict=True)
            if change is not None and mean >= change - TINY * max(1, change)
        ],
        "most_mean": change,
        "failed": failed,
        "reasons": [
            why for why, n in grades.failures.items() if n == max(grades.failures, default=0)
        ],
        "over": runs - failed if exact else grades.over,
        "exact": exact,
        "runs": runs,
        "fewer": None,
        "explained": [
            explained(target, sobol, sum(row[f"{target}_first"] for row in rows))
            for target, sobol in (("grades", grades), ("ranks", ranks))
            if target in moving
        ],
        "negligible": HARDLY,
        "hardly": hardly(rows, moving, exact),
    }


def rank_sets(tables, given):
    rows = tables["rank_sets"].to_dict("records") if "rank_sets" in tables else []
    stated = bool(np.nansum(np.asarray(given.result.table.errors, float)) > 0)
    return {
        "stated": stated,
        "level": 0.95 if stated else None,
        "fixed": [row["unit"] for row in rows if row["low"] == row["high"]],
        "apart": [row["unit"] for row in rows if row["all_low"] == row["all_high"]],
    }
