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
            return csv.DictReader((folder / f"{name}.csv").read_text("utf-8-sig").split("\n"))

        rules = json.loads((folder / "rules.json").read_text("utf-8"))
        self.names, self.blanks, self.by_base = (rules[x] for x in ("grades", "blanks", "by_base"))
        self.cap, self.floor, self.step, self.half = map(ticks, rules["published"])
        self.round_first, self.unit, self.lines, self.steps = rules["round_first"], {}, {}, []
        self.now = {row["indicator"]: number(row["points"]) for row in rows("points")}
        for a, b, u in zip(*map(rows, ("slopes", "constants", "units")), strict=True):
            need(a["unit"] == b["unit"] == u["unit"] not in self.unit, "units out of order")
            cells = {j: zip(a[j].split(), b[j].split(), strict=True) for j in self.now}
            self.lines[a["unit"]] = {j: [tuple(map(number, x)) for x in cells[j]] for j in cells}
            cutoffs = [ticks(u[f"line {g}"]) for g in self.names[1:] if u[f"line {g}"]]
            after = [self.names.index(u[f"then {g}"]) for g in self.names]
            self.unit[u["unit"]] = ticks(u["bonus"]), ticks(u["late"]), u["class"], cutoffs, after
        for q in rows("quotas"):
            members = {u for u, about in self.unit.items() if q["class"] in ("", about[2])}
            at, most, last = self.names.index(q["grade"]), int(q["most"]), q["last"] == "yes"
            self.steps.append((at, most, last, q["ties"] == "in", members))
        self.total, self.before = sum(self.now.values()), self.grades(self.now, self.unit)

    def leaf(self, unit, leaf, points):  # of several lines in a cell the mean counts, none is 0
        cuts = [min(max(a * points + b, 0), points) for a, b in self.lines[unit][leaf]]
        return sum(cuts) / max(len(cuts), 1)

    def base(self, unit, points):
        marks = {j: self.leaf(unit, j, p) for j, p in points.items()}
        score = sum(marks.values())
        for blank, live in self.blanks.get(unit, []):
            full = sum(points[j] for j in live) or 1
            score += sum(marks[j] for j in live) * sum(points[j] for j in blank) / full
        return round(score / TICK)

    def published(self, unit, base):
        base = (base + self.half) // self.step * self.step if self.round_first else base
        value = max(min(base + self.unit[unit][0], self.cap) - self.unit[unit][1], self.floor)
        return value if self.round_first else (value + self.half) // self.step * self.step

    def reached(self, unit, base):
        return sum(self.published(unit, base) >= cutoff for cutoff in self.unit[unit][3])

    def grades(self, points, units):
        base = {u: self.base(u, points) for u in units}
        key = base if self.by_base else {u: self.published(u, base[u]) for u in base}
        grade = {u: self.reached(u, base[u]) for u in base}
        for at, most, last, ties_in, members in self.steps:
            field = [u for u in members & grade.keys() if last or grade[u] >= at]
            sign, find = 1 - 2 * last, (bisect_left, bisect_right)[ties_in]
            ranked = sorted(sign * key[u] for u in field)
            for u in field:
                if (len(field) - find(ranked, sign * key[u]) + ties_in <= most) == last:
                    grade[u] = min(grade[u], at if last else at - 1)
        return {u: self.unit[u][4][g] for u, g in grade.items()}  # after vetoes

    def region(self, within):
        share, points = (abs(number(within[x])) for x in ("share", "points"))
        low = {j: max(p - share * p - points, 0) for j, p in self.now.items()}
        high = {j: p + share * p + points for j, p in self.now.items()}
        return low, high, share * self.total + points

    def ways(self, unit, low, high, budget):
        """The score as a sum of c·leaf + e·points. Of blanks q is shared out over D points that
        score N: q·N/D = r·q + w(N − r·D), w = q/D at one of two ends; r is N/D now."""
        ways = [dict.fromkeys(self.now, (1, 0))]
        for blank, live in self.blanks.get(unit, []):
            q, few_q, many_q = (sum(x[j] for j in blank) for x in (self.now, low, high))
            d, few_d, many_d = (sum(x[j] for j in live) for x in (self.now, low, high))
            r = sum(self.leaf(unit, j, self.now[j]) for j in live) / d
            least = max(few_q, q - budget) / min(many_d, d + budget)
            greatest = min(many_q, q + budget) / max(few_d, d - budget)
            ways = [
                way | dict.fromkeys(blank, (0, r)) | dict.fromkeys(live, (1 + w, -w * r))
                for way in ways
                for w in (least, greatest)
            ]
        return ways

    def most(self, units, within, atom):
        """What Σ units[u]·score(u) is at most within the limit, in ticks."""
        (level, rise), (low, high, budget), bounds = map(number, atom), self.region(within), []
        need(rise >= 0, "a multiplier below 0")
        for ways in product(*(self.ways(unit, low, high, budget) for unit in units)):
            bounds.append(level * self.total + rise * budget)
            for j, now in self.now.items():
                lines = [line for unit in units for line in self.lines[unit][j]]
                kinks = {x for a, b in lines for x in (a and -b / a, a != 1 and b / (1 - a))}
                ends = {low[j], now, high[j], *(x for x in kinks if low[j] < x < high[j])}
                value = {t: -level * t - rise * max(t - now, 0) for t in ends}
                for (unit, sign), way in zip(units.items(), ways, strict=True):
                    for t in ends:
                        c, e = way[j]
                        value[t] += sign * (e * t + c * self.leaf(unit, j, t))
                bounds[-1] += max(value.values())
        return -int(-max(bounds) // TICK)

    def behind(self, one, other, within, atom, capped):
        """`one` has nowhere the place of `other` or a better one."""
        (bonus, late, *_), (others, later, *_) = self.unit[one], self.unit[other]
        gap = self.most({one: 1, other: -1}, within, atom) + self.step + 1
        free = self.by_base or self.most({other: 1}, within, capped) + others <= self.cap
        need(gap <= (0 if self.by_base else others - later - bonus + late), "may come level", one)
        need(free and (self.by_base or bonus - late >= self.floor), "cap or least score", other)

    def places(self, step, unit, top, safe, rivals, within):
        """A step leaves the unit its place (safe), or never one above the grade `top`."""
        (at, most, last, _, members), goal = step, self.unit[unit][3][top : top + 1]
        for rival, atoms in rivals.items():
            line = self.unit[rival][3][at - 1 : at]  # empty: whatever its score, it is no candidate
            need(rival in members - {unit}, "does not count there", rival)
            if line or last or not safe:
                self.behind(*((rival, unit) if safe else (unit, rival)), within, *atoms)
            # who is ahead is a candidate too, if its line is no higher
            need(safe or last or (line and line <= goal and not self.by_base), "its line", rival)
        need(len(rivals) >= most if last == safe else len(members) - len(rivals) <= most, "too few")

    def prove(self, unit, within, proof):
        grade, after = self.before[unit], self.unit[unit][4]
        bottom, top = after.index(grade), after.index(grade) + after.count(grade) - 1
        lowest = bottom and -self.most({unit: -1}, within, proof["down"])
        need(self.reached(unit, lowest) >= bottom, "too low")
        for i, step in enumerate(self.steps):
            if unit in step[4] and bottom >= step[0] + step[2]:
                self.places(step, unit, top, True, proof["kept"][str(i)], within)
        if "denied" in proof:
            [(step, rivals)] = ((self.steps[int(i)], found) for i, found in proof["denied"].items())
            need(unit in step[4] and step[0] + step[2] <= top + 1, "no such limit")
            self.places(step, unit, top, False, rivals, within)
        elif len(self.unit[unit][3]) > top:
            need(self.reached(unit, self.most({unit: 1}, within, proof["up"])) <= top, "too high")
        return "proof"

    def check(self, claim):
        """What shows a claim: "witness", "proof" or "search"; an error where nothing does."""
        unit, within, grade = claim["unit"], claim["within"], self.names[self.before[claim["unit"]]]
        need(claim["grade"] == grade, "its grade is another", grade)
        (low, high, budget), is_known = self.region(within), claim.get("proof") != SEARCH
        if claim["claim"] == "cannot":
            return self.prove(unit, within, claim["proof"]) if is_known else "search"
        points = {j: number(claim["points"][j]) for j in self.now}
        rise = sum(max(p - self.now[j], 0) for j, p in points.items())
        inside = all(low[j] <= p <= high[j] for j, p in points.items()) and rise <= budget
        need(inside and sum(points.values()) == self.total, "the points lie outside the limit")
        units = self.unit if any(unit in step[4] for step in self.steps) else [unit]
        after = self.names[self.grades(points, units)[unit]]
        need(claim["claim"] == "can" and after == claim["becomes"] != grade, "there it is", after)
        return "witness"


if __name__ == "__main__":
    run = Run(Path(sys.argv[1]) / "certificates")
    text = (Path(sys.argv[1]) / "certificates.json").read_text("utf-8")
    for order, claim in enumerate(json.loads(text)["claims"], 1):
        sys.stdout.write(f"{order} {claim['unit']}: {run.check(claim)}\n")
