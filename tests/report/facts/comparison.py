"""Facts of what changed since last year."""

import itertools
from fractions import Fraction

import qtoolkit as qt
from tests.report.facts.reasons import changed_lines, side, sides

TINY = 1e-9
MOST, SOME = 300, 40  # units up to which a figure has all; of more, so many


def nothing(tables, given):
    return {}


def methods(tables, given):
    return {}


def places(scheme):
    """The grades' places from the worst, 0."""
    ids = [grade.id for grade in scheme.grades][::-1]
    return {id: ids.index(id) for id in ids}


def kappa(counts, weight):
    """1 − Σ v·o / Σ v·e in whole numbers; None where the margins leave no disagreement."""
    k, n = range(len(counts)), sum(map(sum, counts))
    rows, columns = (
        [sum(row) for row in counts],
        [sum(column) for column in zip(*counts, strict=True)],
    )
    seen = sum(weight(i, j) * counts[i][j] for i in k for j in k)
    by_chance = sum(weight(i, j) * rows[i] * columns[j] for i in k for j in k)
    return float(1 - Fraction(seen * n, by_chance)) if by_chance else None


def correlation(x, y):
    """Of two lists of ranks, those that tie at the mean of their places."""

    def mean_places(values):
        return [
            sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2
            for value in values
        ]

    x, y = mean_places(x), mean_places(y)
    middle = (len(x) + 1) / 2
    both, first, second = (
        sum((a - middle) * (b - middle) for a, b in zip(p, q, strict=True))
        for p, q in ((x, y), (x, x), (y, y))
    )
    return both / (first * second) ** 0.5


def transitions(tables, given):
    found, table = given.found, tables["transitions"]
    columns = [name for name in table if name.startswith("to:")]
    counts = [[int(n) for n in row] for row in table[columns].to_numpy()]
    moves = {row["unit"]: row for row in tables["movers"].to_dict("records")}
    olds, news = list(table["before"]), [name[3:] for name in columns]
    alike = len(olds) == len(news)
    n = sum(map(sum, counts))
    assert n == len(moves) and [sum(row) for row in counts] == list(table["sum"])
    rise = {
        unit: olds.index(moves[unit]["grade_before"]) - news.index(moves[unit]["grade_after"])
        for unit in found.after.scores.index
        if unit in moves and alike
    }
    same = sum(counts[i][i] for i in range(len(counts))) if alike else 0
    assert same == list(rise.values()).count(0)
    keys = ("rank_before", "rank_after", "score_before", "score_after")
    ranked = {key: [row[key] for row in moves.values()] for key in keys}
    alone = any(len(set(values)) < 2 for values in ranked.values())
    first, last = ranked["rank_before"], ranked["rank_after"]
    units = [set(result.scores.index) for result in (found.before, found.after)]
    return {
        **sides(found),
        "alike": alike,
        "count": n,
        "same": same,
        "up": [unit for unit, step in rise.items() if step > 0],
        "down": [unit for unit, step in rise.items() if step < 0],
        "agreement": same / n if alike else None,
        "kappa": kappa(counts, lambda i, j: int(i != j)) if alike else None,
        "linear": kappa(counts, lambda i, j: abs(i - j)) if alike else None,
        "spearman": None if alone else correlation(first, last),
        "shift": sum(abs(a - b) for a, b in zip(first, last, strict=True)) / n,
        "grades_before": len(olds),
        "grades_after": len(news),
        "left": [unit for unit in found.before.scores.index if unit not in units[1]],
        "entered": [unit for unit in found.after.scores.index if unit not in units[0]],
    }


def parts(tables, given):
    found, rows = given.found, tables["decomposition"].to_dict("records")
    names = [name for name in tables["decomposition"] if name.startswith("part:")]
    old, new = places(found.before.scheme), places(found.after.scheme)
    alike = len(old) == len(new)
    for row in rows:
        assert abs(row["score_after"] - row["score_before"] - row["change"]) < TINY
        assert found.problem or abs(sum(row[name] for name in names) - row["change"]) < TINY
    for row in tables["grade_parts"].to_dict("records") if "grade_parts" in tables else []:
        steps = sum(part for name, part in row.items() if name.startswith("part:"))
        assert abs(steps - row["change"]) < TINY
    change = {row["unit"]: abs(row["change"]) for row in rows}
    regraded = {
        row["unit"] for row in rows if alike and old[row["grade_before"]] != new[row["grade_after"]]
    }
    asked = [unit for unit in found.units if unit in (regraded or change)]
    most = max(change[unit] for unit in asked)
    steps = found.grade_decomposition[["data", "points", "cutoffs", "vetoes", "units", "approval"]]
    return {
        **sides(found),
        "count": len(found.units),
        "drawn": len(rows) if len(rows) <= MOST else SOME,
        "unit": next(unit for unit in asked if change[unit] >= most - 100 * TINY),
        "graded": alike
        and found.problem is None
        and any(part != 0 for row in steps.to_numpy() for part in row),
    }


def leaves_of(scheme):
    return [node for node in scheme.nodes if not node.children]


def under(node):
    return [leaf for child in node.children for leaf in under(child)] or [node.id]


def continued(found):
    """For each later leaf, the earlier leaves that it continues: that of its id, unless its
    `previous` says so otherwise; else those that its `previous` names, or that stand under them."""
    before = found.before.scheme
    below = {node.id: under(node) for node in before.nodes}
    earlier = {leaf.id for leaf in leaves_of(before)}
    claims, unknown, ignored = {}, [], []
    for leaf in leaves_of(found.after.scheme):
        own = leaf.id in earlier and leaf.id not in leaf.previous
        names = (leaf.id,) if own else tuple(leaf.previous)
        unknown += [{"leaf": leaf.id, "previous": name} for name in names if name not in below]
        if own:
            ignored += [{"leaf": leaf.id, "previous": name} for name in leaf.previous]
        claims[leaf.id] = {id: None for name in names for id in below.get(name, ())}
    return claims, unknown, ignored


def alone(tables, given):
    found, rows = given.found, tables["alone"].to_dict("records")
    before, after = found.before.scheme, found.after.scheme
    claims, _, _ = continued(found)
    points = {leaf.id: leaf.points for leaf in leaves_of(after)}
    share = sum(points[id] for id, olds in claims.items() if olds) / sum(points.values())
    old, new = places(before), places(after)
    alike, mixed = len(old) == len(new), found.problem is None

    def regraded(column, now):
        return [
            {"unit": row["unit"], "before": row["grade_before"], "after": row[column]}
            for row in rows
            if old[row["grade_before"]] != now[row[column]]
        ]

    return {
        "old": side(found, "old"),
        "matched": share > 0,
        "share": share,
        "by_points": regraded("points", old) if share > 0 else [],
        "mixed": mixed,
        "alike": alike,
        "by_cutoffs": regraded("cutoffs", new) if mixed and alike else [],
        "changes": changed_lines(found, None),
        "total_before": before.total,
        "total_after": after.total,
    }


def revision(tables, given):
    found, rows = given.found, tables["revision"].to_dict("records")
    before, after = found.before.scheme, found.after.scheme
    claims, unknown, ignored = continued(found)
    heirs = {
        leaf.id: [id for id, olds in claims.items() if leaf.id in olds]
        for leaf in leaves_of(before)
    }
    points = [{leaf.id: leaf.points for leaf in leaves_of(scheme)} for scheme in (before, after)]
    merged = [id for id, olds in claims.items() if len(olds) > 1]
    single = {id: next(iter(olds)) for id, olds in claims.items() if len(olds) == 1}
    twins = {id: old for id, old in single.items() if len(heirs[old]) == 1}
    split = {id: old for id, old in single.items() if id not in twins}
    fresh = [id for id, olds in claims.items() if not olds]
    dropped = [id for id, names in heirs.items() if not names]
    kinds = [row["kind"] for row in rows]
    assert kinds.count("kept") + kinds.count("renamed") == len(twins)
    assert [row["after"] for row in rows if row["kind"] == "new"] == fresh
    assert [row["before"] for row in rows if row["kind"] == "dropped"] == dropped
    last = rows[-1]
    assert abs(last["points_before"] - sum(points[0].values())) < TINY
    assert abs(last["points_after"] - sum(points[1].values())) < TINY
    moved = [
        id
        for id, old in twins.items()
        if abs(points[0][old] / before.total - points[1][id] / after.total) > 1e-12
    ]
    return {
        **sides(found),
        "kept": len(twins),
        "moved": len(moved),
        "split": len(set(split.values())),
        "pieces": len(split),
        "merged": len(merged),
        "fresh": fresh,
        "dropped": dropped,
        "unknown": unknown,
        "odd": [id for id in twins if id not in found.matching.shared],
        "ignored": [] if before.year == after.year else ignored,
    }


def history(tables, given):
    past = qt.comparison.history_of(given.result)
    grades, names = past.grades, [grade.id for grade in given.result.scheme.grades]
    rounds = list(grades)
    changes = tables["history_changes"].to_dict("records")
    steps = []
    for a, b in itertools.pairwise(rounds):
        pairs = [
            (names.index(old), names.index(new))
            for old, new in zip(grades[a], grades[b], strict=True)
            if old in names and new in names
        ]
        known = [row for row in changes if (row["before"], row["after"]) == (a, b)]
        moved = [names.index(row["from"]) - names.index(row["to"]) for row in known]
        if pairs:
            step = {"before": a, "after": b, "up": sum(x > 0 for x in moved)}
            step["down"] = sum(x < 0 for x in moved)
            steps.append(step | {"agreement": 1 - len(known) / len(pairs)})
        assert len(known) == sum(old != new for old, new in pairs)
    best = names[0]
    return {
        "count": len(given.result.scores),
        "rounds": len(rounds),
        "last": rounds[-1],
        "kind": "approved" if "approved" in given.result.table.remarks else "computed",
        "best": best,
        "counts": [sum(grade == best for grade in grades[name]) for name in rounds],
        "always": [unit for unit, row in grades.iterrows() if all(g == best for g in row)],
        "steps": steps,
        "left_out": [
            {"unit": unit, "round": name, "word": word} for unit, name, word in past.left_out
        ],
    }
