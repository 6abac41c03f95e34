"""What a run claims about grades: from the tables of tolerances and cheapest flips, each claim as
far as the checker of :mod:`qtoolkit.runs.checker` follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.inputs.statuses import NEW
from qtoolkit.report import choosing
from qtoolkit.robustness import Certificates, cheapest_flip, tolerance
from qtoolkit.runs.checker import SEARCH, Run
from qtoolkit.runs.multipliers import Region, Scores

CELLS = 20_000  # units × indicators beyond which only units near a cutoff are looked at
PAIRS = 100_000  # units × units × indicators beyond which rivals are not compared
MOST_WORK = 3_000_000
"""Leaf scores that a check of all claims takes: half a minute."""
ENDS = 5  # of a leaf's points at which a bound looks at it, about
SHAVED = (1e-9, 1e-7, 1e-5)  # shares of a limit that are given up for a short proof
HALVINGS = 14  # of a limit, where a short proof does not reach all of it
DECIMALS = 12  # of a limit
WITNESS = (10, 12, 15)  # decimals of a witness's points, the fewest that do
REST = 1e-4  # share of a limit beyond a short proof that is claimed by search
ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""How the checker stumbles over what does not hold or has not the form of a claim."""

Claim = dict[str, Any]
SHARE, POINTS = "share", "points"
WHAT = {SHARE: "tolerance", POINTS: "cheapest flip"}
TOO_MUCH = "too much to check"


def claims_of(
    result: Assessment, names: Sequence[str], run: Run, exact: bool = False
) -> tuple[list[Claim], list[dict[str, str]]]:
    """The claims of a result, `names` being its units in the tables of `run`; and what of its
    tables is not among them, and why. `exact` is that of the analyses: limits under a quota are
    then closed by programs, which may take minutes."""
    near = tuple(choosing.edge(result))
    bands = tolerance(result, new="scenario", exact=exact)
    if result.engine.slope.size > CELLS:
        bands = replace(bands, table=bands.table.loc[list(near)])
    flips = cheapest_flip(result, units=near, exact=exact)
    maker = _Maker(result, names, run)
    maker.add(bands, SHARE, "tolerance", "change")
    maker.add(flips, POINTS, "points_moved", "flip")
    maker.note_absent(bands.table.index)
    if (result.table.status == NEW).any():
        why = "they bring what the scheme's scenario says, and not anything from 0 to full marks"
        maker.left_out.append({"what": "indicators without data", "why": why})
    return maker.claims, maker.left_out


class Work:
    """How many leaf scores it takes to check a claim, about."""

    def __init__(self, run: Run):
        lengths = [len(lines) for cells in run.lines.values() for lines in cells.values()]
        groups = max(map(len, run.blanks.values()), default=0)
        self.of_witness: int = sum(lengths) if run.steps else len(run.now) * max(lengths, default=1)
        self.of_text: int = len(run.now) * ENDS * 4**groups * max(lengths, default=1)

    def of(self, claim: Any) -> int:
        if isinstance(claim, dict) and claim.get("claim") == "can":
            return self.of_witness
        return _texts(claim) * self.of_text


def _texts(value: Any) -> int:
    """How many strings a claim holds."""
    waiting, count = [value], 0
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found
        else:
            count += 1
    return count


class _Maker:
    """Makes claims of tables; what it has made holds before the checker."""

    def __init__(self, result: Assessment, names: Sequence[str], run: Run):
        self.run, self.scores = run, Scores(run)
        self.name = dict(zip(result.scores.index, names, strict=True))
        base = dict(zip(names, result.base.tolist(), strict=True))
        self.order = sorted(run.unit, key=lambda unit: base[unit])
        n, d = result.engine.slope.shape
        self.compares = n * n * d <= PAIRS
        self.work, self.done = Work(run), 0
        self.claims: list[Claim] = []
        self.left_out: list[dict[str, str]] = []

    def add(self, found: Certificates, kind: str, column: str, side: str) -> None:
        """Claims of a table whose `column` is the limit, with the witnesses of a side."""
        lower = "at_least" if "at_least" in found.table else column
        for unit, row in found.table.iterrows():
            limit, proven = float(row[column]), float(row[lower])
            if np.isnan(limit) and np.isnan(proven):
                self._leave_out(unit, kind, str(row["why"] or row["status"]))
                continue
            if max(proven, limit) > 0:
                upto = limit if np.isfinite(limit) else proven
                self._cannot(unit, kind, proven if proven > 0 else 0.0, upto)
            witness = found.witness(unit, side)
            if witness is not None and np.isfinite(limit):
                self._can(unit, kind, witness)

    def note_absent(self, units: pd.Index) -> None:
        for unit in self.name:
            if unit not in units:
                self._leave_out(unit, SHARE, "too many units: those near a cutoff alone")

    def _leave_out(self, unit: Any, kind: str, why: str) -> None:
        self.left_out.append({"unit": self.name[unit], "what": WHAT[kind], "why": why})

    def _claim(self, word: str, unit: Any, kind: str, limit: Decimal) -> Claim:
        name = self.name[unit]
        within = {SHARE: "0", POINTS: "0"} | {kind: format(limit, "f")}
        grade = self.run.names[self.run.before[name]]
        return {"claim": word, "unit": name, "grade": grade, "within": within}

    def _can(self, unit: Any, kind: str, points: pd.Series) -> None:
        """The claim that a unit's grade changes at a witness."""
        if self.done + self.work.of_witness > MOST_WORK:
            self._leave_out(unit, kind, TOO_MUCH)
            return
        for decimals in WITNESS:
            there = _decimals(points, list(self.run.now.values()), decimals)
            if there is None:
                continue
            limit = _limit_of(there, list(self.run.now.values()), kind)
            claim = self._claim("can", unit, kind, limit)
            texts = {j: format(p, "f") for j, p in zip(self.run.now, there, strict=True)}
            exact = {j: Fraction(p) for j, p in zip(self.run.now, there, strict=True)}
            after = self.run.names[self.run.grades(exact, self._field(unit))[self.name[unit]]]
            claim |= {"becomes": after, "points": texts}
            if after != claim["grade"] and self._holds(claim):
                self._keep(claim)
                return
        self._leave_out(unit, kind, "the witness lies within a last digit")

    def _field(self, unit: Any) -> Any:
        """The units on which a unit's grade hangs."""
        name = self.name[unit]
        return self.run.unit if any(name in step[4] for step in self.run.steps) else [name]

    def _cannot(self, unit: Any, kind: str, proven: float, upto: float) -> None:
        """The claim that a unit's grade holds, as far as a short proof goes of all that a witness
        leaves open (`upto`), and beyond it, as far as the table has it, by search."""
        widest = 1.0 if kind == SHARE else float(self.scores.now.sum())
        proven, limit = min(proven, widest), min(max(proven, upto), widest)
        if self.done > MOST_WORK:
            self._leave_out(unit, kind, TOO_MUCH)
            return
        reached = 0.0
        for goal, proof in self._proofs(self.name[unit], kind, limit, widest):
            exact = _floor(goal)
            claim = self._claim("cannot", unit, kind, exact) | {"proof": proof}
            if exact > 0 and self._holds(claim):
                self._keep(claim)
                reached = float(exact)
                break
        goal = proven if proven == widest else proven * (1 - SHAVED[0])
        if reached < goal * (1 - REST):
            claim = self._claim("cannot", unit, kind, _floor(goal))
            self._keep(claim | {"proof": SEARCH})

    def _keep(self, claim: Claim) -> None:
        """Add a claim that holds, as long as all can be checked in due time."""
        self.done += self.work.of(claim)
        if self.done <= MOST_WORK:
            self.claims.append(claim)
        else:
            kind = POINTS if claim["within"][SHARE] == "0" else SHARE
            self.left_out.append({"unit": claim["unit"], "what": WHAT[kind], "why": TOO_MUCH})

    def _holds(self, claim: Claim) -> bool:
        try:
            self.run.check(claim)
        except ODD:
            return False
        return True

    def _proofs(
        self, unit: str, kind: str, limit: float, widest: float
    ) -> Iterator[tuple[float, dict[str, Any]]]:
        """Limits with short proofs, the widest first."""
        ends = [limit] if limit == widest else []
        for goal in (*ends, *(limit * (1 - share) for share in SHAVED)):
            if (proof := self._proof(unit, kind, goal)) is not None:
                yield goal, proof
        low, high = 0.0, limit
        best: dict[str, Any] | None = None
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            proof = self._proof(unit, kind, middle)
            low, high, best = (middle, high, proof) if proof else (low, middle, best)
        if best is not None:
            yield low, best

    def _proof(self, unit: str, kind: str, limit: float) -> dict[str, Any] | None:
        """A short proof that a unit's grade holds within a limit; None where none is found."""
        share, points = (limit, 0.0) if kind == SHARE else (0.0, limit)
        region = Region(self.scores.now, share, points)
        try:
            return self._parts(unit, region)
        except ODD:
            return None

    def _parts(self, unit: str, region: Region) -> dict[str, Any]:
        run, proof = self.run, dict[str, Any]()
        after = run.unit[unit][4]
        bottom = after.index(run.before[unit])
        top = bottom + after.count(run.before[unit]) - 1
        if bottom:
            lowest, proof["down"] = self.scores.bound({unit: -1}, region)
            _need(run.reached(unit, -lowest) >= bottom)
        for i, step in enumerate(run.steps):
            if unit in step[4] and bottom >= step[0] + step[2]:
                rivals = self._rivals(step, unit, top, True, region)
                proof.setdefault("kept", {})[str(i)] = rivals
        if len(run.unit[unit][3]) > top:
            highest, proof["up"] = self.scores.bound({unit: 1}, region)
            if run.reached(unit, highest) > top:
                del proof["up"]
                proof["denied"] = self._denied(unit, top, region)
        return proof

    def _denied(self, unit: str, top: int, region: Region) -> dict[str, Any]:
        """A step that never leaves the unit a place above `top`, and the rivals that show it."""
        for i, step in enumerate(self.run.steps):
            if unit in step[4] and step[0] + step[2] <= top + 1:
                try:
                    return {str(i): self._rivals(step, unit, top, False, region)}
                except ODD:
                    continue
        raise ValueError("no step")

    def _rivals(
        self, step: Any, unit: str, top: int, safe: bool, region: Region
    ) -> dict[str, list[Any]]:
        """As many rivals as show that a step leaves the unit its place, or never one above."""
        at, most, last, _, members = step
        _need(self.compares)
        wanted = most if last == safe else max(len(members) - most, 0)
        found: dict[str, list[Any]] = {}
        for rival in self.order if safe else reversed(self.order):
            if len(found) == wanted:
                return found
            if rival in members and rival != unit:
                try:
                    found[rival] = self._rival(at, last, unit, rival, top, safe, region)
                except ODD:
                    continue
        _need(len(found) == wanted)
        return found

    def _rival(
        self, at: int, last: bool, unit: str, rival: str, top: int, safe: bool, region: Region
    ) -> list[Any]:
        """Multipliers that show that a rival is not in the way, or always is."""
        others, mine = self.run.unit[rival][3], self.run.unit[unit][3][top:]
        if safe and not last and len(others) < at:
            return []
        if not (safe or last):
            _need(not self.run.by_base and len(others) >= at and others[at - 1] <= mine[0])
        return self._behind(*((rival, unit) if safe else (unit, rival)), region)

    def _behind(self, one: str, other: str, region: Region) -> list[Any]:
        """Multipliers that show that `one` stays behind `other`."""
        run = self.run
        (bonus, late, *_), (others, later, *_) = run.unit[one], run.unit[other]
        lead = 0 if run.by_base else others - later - bonus + late
        apart, atom = self.scores.bound({one: 1, other: -1}, region)
        _need(apart + run.step + 1 <= lead)
        highest, capped = self.scores.bound({other: 1}, region)
        _need(run.by_base or (bonus - late >= run.floor and highest + others <= run.cap))
        return [atom, capped]


def _need(holds: bool) -> None:
    if not holds:
        raise ValueError("not shown")


def _floor(limit: float) -> Decimal:
    return Decimal(repr(limit)).quantize(Decimal(1).scaleb(-DECIMALS), ROUND_FLOOR)


def _decimals(points: pd.Series, now: Sequence[Fraction], decimals: int) -> list[Decimal] | None:
    """Points with so many decimals whose sum is exactly what it is now; None where the difference
    has no place. What does not move stays as it is."""
    kept = [Decimal(p.numerator) / Decimal(p.denominator) for p in now]
    last = Decimal(1).scaleb(-decimals)
    moved = [Decimal(repr(float(p))).quantize(last) for p in points]
    there = [a if abs(a - b) <= last else b for a, b in zip(kept, moved, strict=True)]
    widest = max(range(len(there)), key=lambda j: abs(there[j] - kept[j]))
    there[widest] += sum(kept, Decimal(0)) - sum(there, Decimal(0))
    return there if min(there) >= 0 else None


def _limit_of(there: Sequence[Decimal], now: Sequence[Fraction], kind: str) -> Decimal:
    """The least limit within which points lie."""
    moves = [Fraction(p) - q for p, q in zip(there, now, strict=True)]
    if kind == POINTS:
        exact = sum(max(move, Fraction(0)) for move in moves)
    else:
        exact = max(abs(move) / q for move, q in zip(moves, now, strict=True) if q)
    number = Decimal(exact.numerator) / Decimal(exact.denominator)
    rounded = number.quantize(Decimal(1).scaleb(-18), ROUND_UP)
    return rounded.normalize() if rounded else rounded
