"""Check what a run claims, in exact fractions: `python checker.py RUN`; README.md tells more."""

import csv
import json
import re
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

SEARCH, TABLES = "by search, no short proof", ("points", "quotas", "units", "slopes", "constants")
ODD = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)


def need(holds, *words):
    if not holds:
        raise ValueError(" ".join(map(str, words)))


def number(x):  # plain digits in a string: none is huge, endless or rounded
    need(re.fullmatch(r"'-?[0-9]{1,25}(\.[0-9]{1,120})?'", repr(x)), "no decimal", repr(x)[:40])
    return Fraction(x)


def load(path):  # the rows of a table, or what a file of JSON holds
    need(path.is_file() and path.stat().st_size <= 5 * 10**7, "missing or too large", path.name)
    try:
        text = path.read_text("utf-8-sig")
        return json.loads(text) if path.suffix == ".json" else [*csv.DictReader(text.split("\n"))]
    except (csv.Error, *ODD):
        raise ValueError(f"not to be read {path.name}") from None


class Run:
    def __init__(self, folder):
        rules, self.about, self.lines, self.quotas = load(folder / "rules.json"), {}, {}, []
        self.names, self.blanks, self.by_base = (rules[x] for x in ("grades", "blanks", "by_base"))
        self.cap, self.least, *self.rounding = map(number, rules["published"])
        points, quotas, *tables = (load(folder / f"{name}.csv") for name in TABLES)
        self.now = {row["indicator"]: number(row["points"]) for row in points}
        for u, a, b in zip(*tables, strict=True):
            need(a["unit"] == b["unit"] == u["unit"] not in self.about, "units out of order")
            cells = {j: zip(a[j].split(), b[j].split(), strict=True) for j in self.now}
            self.lines[u["unit"]] = {j: [tuple(map(number, x)) for x in cells[j]] for j in cells}
            lines = [number(u[f"line {g}"]) for g in self.names[1:] if u[f"line {g}"]]
            after = [u[f"then {g}"] for g in self.names]  # vetoes that come last
            self.about[u["unit"]] = number(u["bonus"]), number(u["late"]), lines, after, u["class"]
        for q in quotas:
            worse, places = self.names.index(q["others"]), int(q["places"])
            line = {u: x[2][worse:] for u, x in self.about.items() if q["class"] in ("", x[-1])}
            self.quotas.append((worse, places, q["all"] == "yes", q["ties"] == "in", line))
        self.before = self.grades(self.now, self.about)

    def leaf(self, unit, leaf, t):  # of several lines in a cell the mean counts, none is 0
        cuts = [min(max(a * t + b, 0), t) for a, b in self.lines[unit][leaf]]
        return cuts[0] if len(cuts) == 1 else sum(cuts, Fraction(0)) / max(len(cuts), 1)

    def ends(self, units, leaf, low, now, high):  # where a sum of leaf scores may be greatest
        lines = [line for unit, _ in units for line in self.lines[unit][leaf] if line[1]]
        kinks = (x for a, b in lines for x in (a and -b / a, a != 1 and b / (1 - a)))
        return {low, high, *(x for x in (now, *kinks) if low < x < high)}

    def ways(self, unit, sign, low, high, far):  # Σ c·leaf + e·points: it lies between them
        ways = [dict.fromkeys(low, (unit, sign, 0))]
        for blank, live in (x for x in self.blanks.get(unit, []) if any(map(high.get, x[1]))):
            q, d = (sum(map(self.now.get, part)) for part in (blank, live))
            few, rest, many, full = (sum(map(x.get, y)) for x in (low, high) for y in (blank, live))
            ends = {max(few, q - far) / min(full, d + far), min(many, q + far) / max(rest, d - far)}
            r = sign * sum(self.leaf(unit, j, high[j]) for j in live) / full
            won = [dict.fromkeys(live, (unit, sign * (1 + w), -w * r)) for w in ends]
            ways = [a | dict.fromkeys(blank, (unit, 0, r)) | b for a, b in product(ways, won)]
        return ways

    def most(self, units, area, atom=()):  # what the sum of scores by their signs is at most
        (low, high, budget), (level, rise), bounds = area, map(number, atom or "00"), []
        for ways in product(*(self.ways(u, sign, *area) for u, sign in units)):
            bounds.append(level * sum(self.now.values()) + abs(rise) * budget)
            for j, now in self.now.items():
                bounds[-1] += max(
                    sum(c * self.leaf(u, j, t) + (e and e * t) for u, c, e in [w[j] for w in ways])
                    - (level * t + abs(rise) * max(t - now, 0) if atom else 0)
                    for t in self.ends(units, j, low[j], now, high[j])
                )
        return round(max(bounds), 10)

    def standing(self, unit, base):  # by what a unit has its place, and the grade that it reaches
        (bonus, late, lines, *_), (step, half, end, more) = self.about[unit], self.rounding
        value = max(min((base + half) // step * step + bonus, self.cap) - late, self.least)
        value = (value + more) // end * end
        return base if self.by_base else value, sum(line <= value for line in lines)

    def grades(self, points, units):
        held = {u: self.standing(u, self.most([(u, 1)], (points, points, 10**25))) for u in units}
        for worse, places, of_all, ties_in, line in self.quotas:
            field = {u: held[u][0] for u in held.keys() & line if of_all or held[u][1] > worse}
            order = [*enumerate(sorted(field.values(), reverse=True), 1)]
            place = {x: i for i, x in (order[::-1] if ties_in else order)}
            held |= {u: (x, min(held[u][1], worse)) for u, x in field.items() if place[x] > places}
        return {u: self.about[u][3][grade] for u, (_, grade) in held.items()}

    def behind(self, one, other, area, atom, capped):  # one has the worse place throughout
        (bonus, late, *_), (others, later, *_), most = self.about[one], self.about[other], self.most
        gap = most([(one, 1), (other, -1)], area, atom) + sum(self.rounding[::2])
        free = most([(other, 1)], area, capped) + others <= self.cap and bonus - late >= self.least
        return free and gap <= others - later - bonus + late and (gap <= 0 or not self.by_base)

    def prove(self, unit, area, down, up, behind, ahead):  # grades and scores that it may have
        score = [-self.most([(unit, -1)], area, down) if down else Fraction(0)]
        score.append(self.most([(unit, 1)], area, up) if up else sum(self.now.values()))
        behind = {u for u, x in behind.items() if self.behind(u, unit, area, *x)}
        ahead = {u for u, x in ahead.items() if self.behind(unit, u, area, *x)}
        low, high = (self.standing(unit, x)[1] for x in score)
        return [*dict.fromkeys(self.placed(unit, low, high, behind, ahead)), *score]

    def placed(self, unit, low, high, behind, ahead):  # the grades that quotas may leave it
        ahead -= {u for quota in self.quotas if unit not in quota[-1] for u in quota[-1]}
        for worse, places, of_all, _, line in (q for q in self.quotas if unit in q[-1]):
            rivals = {u for u in line if of_all or line[u]}
            first = {u for u in ahead & rivals if of_all or line[u] <= line[unit]}
            low = low if len(rivals - behind) <= places else min(low, worse)
            high = high if len(first) < places else min(high, worse)
        return self.about[unit][3][low : high + 1]

    def check(self, claim):  # "witness", "proof" or "search"; an error where nothing shows it
        unit, span, proof, now = claim["unit"], claim["within"], claim.get("proof"), self.now
        need(claim["grade"] == self.before[unit], "its grade is another", self.before[unit])
        part, add = abs(number(span["share"])), abs(number(span["points"]))
        low = {j: max(p - (part * p + add) * (span.get("from", j) == j), 0) for j, p in now.items()}
        high = {j: p + (part * p + add) * (span.get("to", j) == j) for j, p in now.items()}
        area = low, high, part * sum(now.values()) + add
        if ("can", "cannot").index(claim["claim"]):  # an error where it is neither
            found = [claim["grade"]] if proof == SEARCH else self.prove(unit, area, **proof)
            need([*claim["grades"], *map(number, claim["score"])] == found, "it may be", *found)
            return "search" if proof == SEARCH else "proof"
        points = {j: number(claim["points"][j]) for j in now}
        by = [points[j] - p for j, p in now.items() if low[j] <= points[j] <= high[j]]
        need(len(by) == len(now) and sum(map(abs, by)) <= 2 * area[2] and not sum(by), "too far")
        units = self.about if any(unit in quota[-1] for quota in self.quotas) else [unit]
        found = self.grades(points, units)[unit], self.most([(unit, 1)], (points, points, 10**25))
        need((claim["becomes"], number(claim["score"])) == found, "there it is", *found)
        return "witness"


if __name__ == "__main__":
    try:
        run = Run(Path(sys.argv[1], "certificates"))
        for order, claim in enumerate(load(Path(sys.argv[1], "certificates.json"))["claims"], 1):
            sys.stdout.write(f"{order} {claim['unit']}: {run.check(claim)}\n")
    except ODD as error:
        sys.exit(f"refused {vars().get('order', '')} ({type(error).__name__}): {error}")
