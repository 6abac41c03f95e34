"""Check a run's claims about grades in exact fractions: `python checker.py RUN`. What its files say
is in RUN/certificates/README.md. Why a proof holds: for any `level` and `rise` ≥ 0, and points p
that keep their sum, lie between low and high and rise by at most `budget` in all, Σ f_j(p_j) is at
most level·Σ now_j + rise·budget + Σ_j max over t of f_j(t) − level·t − rise·max(t − now_j, 0), the
dual of a linear program; each f_j is made of straight pieces: look at its ends and kinks."""

import csv
import json
import re
import sys
from bisect import bisect_left, bisect_right
from fractions import Fraction
from itertools import product
from math import ceil
from pathlib import Path

TICK, SEARCH = Fraction(1, 10**10), "by search, no short proof"


def need(holds, what, found=""):
    if not holds:
        raise ValueError(what, found)


def number(text):  # plain digits in a string: none is huge, endless or rounded
    need(re.fullmatch(r"-?[0-9]{1,25}(\.[0-9]{1,120})?", text), "no plain decimal", text[:40])
    return Fraction(text)


def ticks(text):
    return int(number(text) / TICK)


class Run:
    def __init__(self, folder):
        def rows(name):
            with open(folder / name, encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file, strict=True))

        rules = json.loads((folder / "rules.json").read_text("utf-8"))
        self.names, self.blanks, self.by_base = (rules[x] for x in ("grades", "blanks", "by_base"))
        self.cap, self.floor, self.step, self.half = map(ticks, rules["published"])
        self.round_first, self.unit, self.lines, self.steps = rules["round_first"], {}, {}, []
        self.now = {row["indicator"]: number(row["points"]) for row in rows("points.csv")}
        for a, b, u in zip(
            rows("slopes.csv"), rows("constants.csv"), rows("units.csv"), strict=True
        ):
            need(a["unit"] == b["unit"] == u["unit"] not in self.unit, "units out of order")
            cells = {j: zip(a[j].split(), b[j].split(), strict=True) for j in self.now}
            self.lines[a["unit"]] = {j: [tuple(map(number, x)) for x in cells[j]] for j in cells}
            cutoffs = [ticks(u[f"line {g}"]) for g in self.names[1:] if u[f"line {g}"]]
            about = u["class"], cutoffs, int(u["lowered"]), self.names.index(u["best"])
            self.unit[u["unit"]] = ticks(u["bonus"]), ticks(u["late"]), *about
        for q in rows("quotas.csv"):
            members = {u for u, about in self.unit.items() if q["class"] in ("", about[2])}
            at, most, last = self.names.index(q["grade"]), int(q["most"]), q["last"] == "yes"
            self.steps.append((at, most, last, q["ties"] == "in", members))
        self.total, self.before = sum(self.now.values()), self.grades(self.now, self.unit)

    def leaf(self, unit, leaf, points):  # of several lines in a cell the mean counts
        cuts = [min(max(a * points + b, 0), points) for a, b in self.lines[unit][leaf]]
        return sum(cuts) / len(cuts)

    def base(self, unit, points):
        marks = {j: self.leaf(unit, j, p) for j, p in points.items() if self.lines[unit][j]}
        score = sum(marks.values())
        for blank, live in self.blanks.get(unit, []):
            if full := sum(points[j] for j in live):
                score += sum(marks[j] for j in live) * sum(points[j] for j in blank) / full
        return round(score / TICK)

    def published(self, unit, base):
        base = (base + self.half) // self.step * self.step if self.round_first else base
        value = max(min(base + self.unit[unit][0], self.cap) - self.unit[unit][1], self.floor)
        return value if self.round_first else (value + self.half) // self.step * self.step

    def reached(self, unit, base):
        return sum(self.published(unit, base) >= cutoff for cutoff in self.unit[unit][3])

    def struck(self, unit, grade):
        return min(max(grade - self.unit[unit][4], 0), self.unit[unit][5])

    def span(self, unit, grade):  # of grades that vetoes make this one
        after = [self.struck(unit, reached) for reached in range(len(self.names))]
        return after.index(grade), after.index(grade) + after.count(grade) - 1

    def grades(self, points, units):
        base = {u: self.base(u, points) for u in units}
        key = base if self.by_base else {u: self.published(u, base[u]) for u in base}
        grade = {u: self.reached(u, base[u]) for u in base}
        for at, most, last, ties_in, members in self.steps:
            field = [u for u in members & grade.keys() if last or grade[u] >= at]
            sign, find = -1 if last else 1, bisect_right if ties_in else bisect_left
            ranked = sorted(sign * key[u] for u in field)
            for u in field:
                if (len(field) - find(ranked, sign * key[u]) + ties_in <= most) == last:
                    grade[u] = min(grade[u], at if last else at - 1)
        return {u: self.struck(u, g) for u, g in grade.items()}

    def region(self, within):
        share, points = (number(within[x]) for x in ("share", "points"))
        need(min(share, points) >= 0, "a limit below 0")
        low = {j: max(p - share * p - points, 0) for j, p in self.now.items()}
        high = {j: p + share * p + points for j, p in self.now.items()}
        return low, high, share * self.total + points

    def ways(self, unit, low, high, budget):
        """The score as a sum of c·leaf + e·points. Of blanks q is shared out over D points that
        score N: q·N/D = r·q + w(N − r·D), w = q/D at one of two ends; r is N/D now."""
        ways = [{j: (1 if lines else 0, 0) for j, lines in self.lines[unit].items()}]
        for blank, live in self.blanks.get(unit, []):
            (q, d), few, many = (
                [sum(x[j] for j in part) for part in (blank, live)] for x in (self.now, low, high)
            )
            r = sum(self.leaf(unit, j, self.now[j]) for j in live) / d
            least = max(few[0], q - budget) / min(many[1], d + budget)
            greatest = min(many[0], q + budget) / max(few[1], d - budget)
            for way in ways[:]:
                for w in (least, greatest):
                    shared = {j: (0, r) for j in blank} | {j: (1 + w, -w * r) for j in live}
                    ways.append(way | shared)
                ways.remove(way)
        return ways

    def most(self, units, within, atom):
        """What Σ units[u]·score(u) is at most within the limit, in ticks."""
        (level, rise), (low, high, budget) = map(number, atom), self.region(within)
        need(rise >= 0, "a multiplier below 0")
        every = product(*(self.ways(unit, low, high, budget) for unit in units))

        def value(j, t, ways):
            score = -level * t - rise * max(t - self.now[j], 0)
            for (unit, sign), way in zip(units.items(), ways, strict=True):
                c, e = way[j]
                score += sign * (e * t + (c and c * self.leaf(unit, j, t)))
            return score

        def top(j, ways):
            lines = [line for unit in units for line in self.lines[unit][j]]
            kinks = {x for a, b in lines for x in (a and -b / a, a != 1 and b / (1 - a))}
            ends = {low[j], self.now[j], high[j], *(x for x in kinks if low[j] < x < high[j])}
            return max(value(j, t, ways) for t in ends)

        start = level * self.total + rise * budget
        return ceil(max(start + sum(top(j, ways) for j in low) for ways in every) / TICK)

    def behind(self, one, other, within, atom, capped=None):
        """`one` has nowhere the place of `other` or a better one."""
        (bonus, late, *_), (others, later, *_) = self.unit[one], self.unit[other]
        lead = 0 if self.by_base else others - later - bonus + late
        apart = self.most({one: 1, other: -1}, within, atom) + self.step + 1 <= lead
        need(apart, "may not stay behind", one)
        full = int(self.total / TICK)
        if not self.by_base and full + others > self.cap:
            highest = self.published(one, self.most({one: 1}, within, capped))
            need(highest < self.published(other, full), "may come up to the cap", one)
        need(
            self.by_base or bonus - late >= self.floor, "the least score that is published decides"
        )

    def places(self, step, unit, top, safe, rivals, within):
        """A step leaves the unit its place (safe), or never one above the grade `top`."""
        at, most, last, _, members = step
        for rival, (kind, *atoms) in rivals.items():
            need(rival in members - {unit}, "does not count there", rival)
            if kind == "line":  # which the rival does not reach
                highest = self.most({rival: 1}, within, *atoms)
                need(
                    safe and not last and self.reached(rival, highest) < at,
                    "may reach the line",
                    rival,
                )
            else:
                self.behind(*((rival, unit) if safe else (unit, rival)), within, *atoms)
                lines = self.unit[rival][3], self.unit[unit][3][top:]  # who is ahead reaches it too
                alike = lines[0][at - 1 : at] <= lines[1][:1] and not self.by_base
                need(
                    safe or last or (alike and len(lines[0]) >= at), "may not reach the line", rival
                )
        few = len(members) - 1 - len(rivals) < most
        need(len(rivals) >= most if last == safe else few, "too few rivals")

    def prove(self, unit, grade, within, proof):
        bottom, top = self.span(unit, grade)
        if bottom:
            lowest = -self.most({unit: -1}, within, proof["down"])
            need(self.reached(unit, lowest) >= bottom, "its score may fall below the line")
        for i, step in enumerate(self.steps):
            if unit in step[4] and bottom >= step[0] + step[2]:
                self.places(step, unit, top, True, proof["kept"][str(i)], within)
        if "denied" in proof:
            [(i, rivals)] = proof["denied"].items()
            step = self.steps[int(i)]
            need(unit in step[4] and step[0] + step[2] <= top + 1, "no such limit")
            self.places(step, unit, top, False, rivals, within)
        elif len(self.unit[unit][3]) > top:
            highest = self.most({unit: 1}, within, proof["up"])
            need(self.reached(unit, highest) <= top, "its score may reach the line above")
        return "proof"

    def check(self, claim):
        """What shows a claim: "witness", "proof" or "search"; ValueError where nothing does."""
        unit, within, proof = claim["unit"], claim["within"], claim.get("proof")
        grade = self.names[self.before[unit]]
        need(claim["grade"] == grade, "its grade is another", grade)
        if claim["claim"] == "cannot":
            before = self.before[unit]
            return "search" if proof == SEARCH else self.prove(unit, before, within, proof)
        low, high, budget = self.region(within)
        points = {j: number(claim["points"][j]) for j in self.now}
        rise = sum(max(p - self.now[j], 0) for j, p in points.items())
        inside = all(low[j] <= p <= high[j] for j, p in points.items()) and rise <= budget
        need(inside and sum(points.values()) == self.total, "the points lie outside the limit")
        units = self.unit if any(unit in step[4] for step in self.steps) else [unit]
        after = self.names[self.grades(points, units)[unit]]
        need(
            after == claim["becomes"] != grade and claim["claim"] == "can",
            "the grade there is another",
            after,
        )
        return "witness"


if __name__ == "__main__":
    run = Run(Path(sys.argv[1]) / "certificates")
    text = (Path(sys.argv[1]) / "certificates.json").read_text("utf-8")
    for order, claim in enumerate(json.loads(text)["claims"], 1):
        try:
            sys.stdout.write(f"{order} {claim['unit']}: {run.check(claim)}\n")
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            sys.exit(f"{order}: {error.args}")
