"""The lines that grades go by, in exact fractions; part of oracle.py and as plain: nothing of
qtoolkit is imported."""

from fractions import Fraction
from itertools import combinations, pairwise
from math import inf

from tests.oracle_rules import exact


def lines_for(scheme, units):
    """The least published score of each grade, best first, for each unit; -inf where there is
    none. `units` have class, published, and caps and lowering where a veto hits."""
    grades = scheme["grades"]
    if grades[0].get("by") == "breaks":
        return by_breaks(scheme, units)
    return [[own_line(grades, i, unit["class"]) for i in range(len(grades))] for unit in units]


def own_line(grades, i, group):
    """A grade's own line, or that of the next worse grade that has one; the last has none to
    lend."""
    for grade in grades[i : max(i + 1, len(grades) - 1)]:
        if grade.get("by", "line") == "line":
            return exact(grade.get("class_cutoffs", {}).get(group, grade.get("cutoff") or 0))
    return -inf


def by_breaks(scheme, units):
    """Of all ways to cut the different scores into groups the one with the least squares within;
    of several, that whose best group reaches lowest down, then the second best, …"""
    grades = scheme["grades"]
    late = scheme.get("order", {}).get("veto") == "after_quota"
    found = []
    for unit in units:
        peers = [
            other
            for other in units
            if grades[0].get("within") != "class" or other["class"] == unit["class"]
        ]
        counted = [u for u in peers if late or not hit_by_a_veto(u, grades)] or peers
        lines = breaks_of([u["published"] for u in counted], len(grades))
        found.append([*lines, *([-inf] * (len(grades) - len(lines)))])
    return found


def hit_by_a_veto(unit, grades):
    """Whether a veto that can cost a grade hits the unit."""
    return bool(unit["lower"]) or any(cap > 0 for cap in unit["caps"].values())


def breaks_of(scores, k):
    """The lines of all groups but the lowest, highest first."""
    different = sorted(set(scores), reverse=True)
    best = None
    for cuts in combinations(range(1, len(different)), min(k, len(different)) - 1):
        ends = [0, *cuts, len(different)]
        groups = [
            [s for s in scores if different[b - 1] <= s <= different[a]] for a, b in pairwise(ends)
        ]
        lines = [min(group) for group in groups[:-1]]
        within = sum(squares(group) for group in groups)
        if best is None or (within, lines) < best:
            best = within, lines
    return best[1]


def squares(group):
    mean = Fraction(sum(group)) / len(group)
    return sum((score - mean) ** 2 for score in group)
