"""What a run claims about grades and scores: of each row of its evidence as much as the checker of
:mod:`qtoolkit.runs.checker` follows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_UP, Decimal
from fractions import Fraction
from typing import Any

from qtoolkit.assessment import Assessment
from qtoolkit.inputs.statuses import NEW
from qtoolkit.report import choosing, evidence
from qtoolkit.robustness import cheapest_flip, tolerance
from qtoolkit.runs.checker import ODD, SEARCH, Run
from qtoolkit.runs.multipliers import Region, Scores

PAIRS = 100_000  # units × units × indicators beyond which rivals are not compared
MOST_WORK = 3_000_000
"""Leaf scores that a check of all claims takes: a minute at most."""
ENDS = 5  # of a leaf's points at which a bound looks at it, about
SHAVED = (1e-9, 1e-7, 1e-5)  # shares of a limit that are given up for a short proof
HALVINGS = 14  # of a limit, where a short proof does not reach all of it
DECIMALS = 12  # of a limit
WITNESS = (10, 12, 15)  # decimals of a witness's points, the fewest that do
REST = 1e-4  # share of a limit beyond a short proof that is claimed by search
TOO_MUCH = "too much to check"
NOT_THERE = "graded anew at its witness in decimals, the grade is the same"

Claim = dict[str, Any]
Row = Mapping[str, Any]
Rivals = dict[str, list[list[str]]]
Proof = dict[str, Any]
Area = tuple[dict[str, Fraction], dict[str, Fraction], Fraction]


def claims_of(
    result: Assessment, names: Sequence[str], run: Run, given: Iterable[Row] = ()
) -> tuple[list[Claim], list[dict[str, str]]]:
    """The claims of a result, `names` being its units in the tables of `run`; and what is not among
    them, and why.

    `given` is evidence of the run's notebooks (:mod:`qtoolkit.report.evidence`). What they do not
    have of tolerances and cheapest flips is computed here, without closing bounds, which may take
    minutes. Where indicators have no data the notebooks' bands are about whatever these may bring,
    and claims about what the scheme's scenario says: those are computed here, too.
    """
    rows = evidence.about(result, given)
    has_new = bool((result.table.status == NEW).any())
    if has_new:
        rows = [row for row in rows if row["what"] not in (evidence.BAND, evidence.RANGE)]
    present = {row["what"] for row in rows}
    if evidence.BAND not in present:
        rows += evidence.bands(result, tolerance(result, new="scenario"))
    if evidence.FLIP not in present:
        rows += evidence.flips(cheapest_flip(result, units=tuple(choosing.edge(result))))
    maker = _Maker(result, names, run)
    for row in sorted(rows, key=lambda row: evidence.ORDER.index(row["what"])):
        maker.add(row)
    maker.note_absent({row["unit"] for row in rows if row["what"] == evidence.BAND})
    if has_new:
        why = "they bring what the scheme's scenario says, and not anything from 0 to full marks"
        maker.left_out.append({"what": "indicators without data", "why": why})
    return maker.claims, maker.left_out


class Work:
    """How many leaf scores it takes to check a claim, about."""

    def __init__(self, run: Run):
        lengths = [len(lines) for cells in run.lines.values() for lines in cells.values()]
        groups = max(map(len, run.blanks.values()), default=0)
        most = max(lengths, default=1)
        self.of_witness: int = sum(lengths) if run.quotas else len(run.now) * most
        self.of_text: int = len(run.now) * ENDS * 4**groups * most

    def of(self, claim: Any) -> int:
        if isinstance(claim, dict) and claim.get("claim") == "can":
            return self.of_witness
        return _texts(claim.get("proof") if isinstance(claim, dict) else claim) * self.of_text


def _texts(value: Any) -> int:
    """How many strings a proof holds."""
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


def area_of(run: Run, within: Mapping[str, str]) -> Area:
    """The least and the most points within a limit, and by how much all rises together, as the
    checker has them."""
    share, points = Fraction(within["share"]), Fraction(within["points"])
    room = {j: share * p + points for j, p in run.now.items()}
    start, end = (within.get(side) for side in ("from", "to"))
    low = {j: p - min(p, room[j]) * (start in (None, j)) for j, p in run.now.items()}
    high = {j: p + room[j] * (end in (None, j)) for j, p in run.now.items()}
    return low, high, share * sum(run.now.values()) + points


def lies_in(points: Mapping[str, Fraction], run: Run, area: Area) -> bool:
    """Whether points whose sum is kept lie in an area."""
    low, high, budget = area
    rise = sum(max(points[j] - p, Fraction(0)) for j, p in run.now.items())
    return rise <= budget and all(low[j] <= points[j] <= high[j] for j in run.now)


@dataclass(frozen=True)
class _Limit:
    """How the points of a row move: all by a share of themselves, or so many in all, or from one
    indicator to another."""

    kind: str
    start: str | None = None
    end: str | None = None

    def within(self, limit: Decimal) -> dict[str, str]:
        found = {"share": "0", "points": "0"} | {self.kind: format(limit, "f")}
        return found if self.start is None else found | {"from": self.start, "to": str(self.end)}

    def region(self, scores: Scores, limit: float) -> Region:
        share, points = (limit if kind == self.kind else 0.0 for kind in ("share", "points"))
        start, end = (scores.place.get(leaf) for leaf in (self.start, self.end))
        return Region(scores.now, share, points, start, end)


class _Maker:
    """Makes claims of evidence; what it has made holds before the checker."""

    def __init__(self, result: Assessment, names: Sequence[str], run: Run):
        self.run, self.scores = run, Scores(run)
        self.name = dict(zip(map(str, result.scores.index), names, strict=True))
        base = dict(zip(names, result.base.tolist(), strict=True))
        self.order = sorted(run.about, key=lambda unit: base[unit])
        n, d = result.engine.slope.shape
        self.compares = n * n * d <= PAIRS
        self.work, self.done = Work(run), 0
        self.claims: list[Claim] = []
        self.left_out: list[dict[str, str]] = []

    def add(self, row: Row) -> None:
        """The claims of one row."""
        if row["unit"] is None:
            self.left_out.append({"what": row["what"], "why": row["why"]})
            return
        limit = _Limit(row["kind"], row.get("from"), row.get("to"))
        if row["what"] == evidence.RANGE:
            self._range(row, limit)
            return
        proven, known = row["at_least"], row["at_most"]
        if proven is None and known is None:
            self._leave_out(row, row["why"])
            return
        if proven is not None and max(proven, known or 0.0) > 0:
            for unit in row.get("units", [row["unit"]]):
                self._cannot({**row, "unit": unit}, limit, proven, max(proven, known or 0.0))
        if row["witnesses"]:
            self._can(row, limit)

    def note_absent(self, units: Collection[str]) -> None:
        """Say which units no tolerance was asked of."""
        for unit in self.name:
            if str(unit) not in units:
                row = {"unit": str(unit), "what": evidence.BAND}
                self._leave_out(row, "too many units: those near a cutoff alone")

    def _leave_out(self, row: Row, why: str) -> None:
        self.left_out.append({"unit": self.name[row["unit"]], "what": row["what"], "why": why})

    def _claim(self, word: str, unit: str, within: Mapping[str, str]) -> Claim:
        grade = self.run.before[unit]
        return {"claim": word, "unit": unit, "grade": grade, "within": dict(within)}

    def _by_search(self, unit: str, within: Mapping[str, str]) -> Claim:
        claim = self._claim("cannot", unit, within)
        return claim | {"grades": [claim["grade"]], "score": [], "proof": SEARCH}

    def _can(self, row: Row, limit: _Limit) -> None:
        """The claim that a unit's grade changes at a witness, the first that shows it."""
        for witness in row["witnesses"]:
            for decimals in WITNESS:
                if self.done + self.work.of_witness > MOST_WORK:
                    self._leave_out(row, TOO_MUCH)
                    return
                claim = self._at(row, limit, witness, decimals)
                if claim is not None and claim["becomes"] != claim["grade"]:
                    self._keep(row, claim)
                    return
        self._leave_out(row, NOT_THERE)

    def _at(self, row: Row, limit: _Limit, witness: Sequence[float], decimals: int) -> Claim | None:
        """The claim of what a unit comes to at points with so many decimals; None where these do
        not have the sum."""
        run, now, unit = self.run, list(self.run.now.values()), self.name[row["unit"]]
        there = _decimals(witness, now, decimals)
        if there is None:
            return None
        points = {j: Fraction(p) for j, p in zip(run.now, there, strict=True)}
        is_open = any(unit in quota[-1] for quota in run.quotas)
        claim = self._claim("can", unit, limit.within(_limit_of(there, now, limit.kind)))
        after = run.grades(points, run.about if is_open else [unit])[unit]
        score = run.most([(unit, 1)], (points, points, Fraction(10**25)))
        texts = {j: format(p, "f") for j, p in zip(run.now, there, strict=True)}
        return claim | {"becomes": after, "score": _ten(score), "points": texts}

    def _cannot(self, row: Row, limit: _Limit, proven: float, upto: float) -> None:
        """The claim that a unit's grade holds, as far as a short proof goes of all that a witness
        leaves open (`upto`), and beyond it, as far as the table has it, by search."""
        unit = self.name[row["unit"]]
        widest = 1.0 if limit.kind == evidence.SHARE else float(self.scores.now.sum())
        proven, upto = min(proven, widest), min(upto, widest)
        if self.done > MOST_WORK:
            self._leave_out(row, TOO_MUCH)
            return
        reached = 0.0
        for goal, proof in self._proofs(unit, limit, upto, widest):
            claim = self._proven(unit, limit, goal, proof)
            if claim is not None and claim["grades"] == [claim["grade"]]:
                self._keep(row, claim)
                reached = goal
                break
        goal = proven if proven == widest else proven * (1 - SHAVED[0])
        if reached < goal * (1 - REST) and _floor(goal):
            self._keep(row, self._by_search(unit, limit.within(_floor(goal))))

    def _range(self, row: Row, limit: _Limit) -> None:
        """The claims of a range of scores: its bounds, that a grade stays, its ends."""
        unit, band, is_certain = self.name[row["unit"]], row["at_most"], row["at_least"] is not None
        region = limit.region(self.scores, band)
        if self.done > MOST_WORK:
            self._leave_out(row, TOO_MUCH)
            return
        proof = self._proof(unit, region) or self._bounds(unit, region)
        claim = self._proven(unit, limit, band, proof)
        if claim is not None:
            self._keep(row, claim)
        if is_certain and (claim is None or claim["grades"] != [claim["grade"]]):
            self._keep(row, self._by_search(unit, limit.within(_floor(band))))
        for witness in row["witnesses"]:
            end = self._at(row, limit, witness, DECIMALS)
            if end is not None:
                self._keep(row, end)

    def _keep(self, row: Row, claim: Claim) -> None:
        """Add a claim, as long as all can be checked in due time."""
        self.done += self.work.of(claim)
        if self.done <= MOST_WORK:
            self.claims.append(claim)
        else:
            self._leave_out(row, TOO_MUCH)

    def _proven(self, unit: str, limit: _Limit, goal: float, proof: Proof) -> Claim | None:
        """The claim that a proof shows, with the grades and the scores that it leaves; None where
        it shows none, or of no limit at all."""
        claim = self._claim("cannot", unit, limit.within(_floor(goal)))
        if not _floor(goal):
            return None
        try:
            *grades, low, high = self.run.prove(unit, area_of(self.run, claim["within"]), **proof)
        except ArithmeticError:  # no points left to share a blank's out among
            return None
        return claim | {"grades": grades, "score": [_ten(low), _ten(high)], "proof": proof}

    def _proofs(
        self, unit: str, limit: _Limit, upto: float, widest: float
    ) -> Iterator[tuple[float, Proof]]:
        """Limits with short proofs, the widest first."""
        ends = [upto] if upto == widest else []
        for goal in (*ends, *(upto * (1 - share) for share in SHAVED)):
            if (proof := self._proof(unit, limit.region(self.scores, goal))) is not None:
                yield goal, proof
        low, high = 0.0, upto
        best: Proof | None = None
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            proof = self._proof(unit, limit.region(self.scores, middle))
            low, high, best = (middle, high, proof) if proof else (low, middle, best)
        if best is not None:
            yield low, best

    def _bound(self, unit: str, sign: int, region: Region) -> tuple[Fraction, list[str]]:
        """What a score is at most, or for sign −1 at least, and the multipliers; where none are
        found, what no score goes beyond, and none."""
        try:
            bound, atom = self.scores.bound({unit: sign}, region)
        except ODD:
            return (sum(self.run.now.values(), Fraction(0)) if sign > 0 else Fraction(0)), []
        return sign * bound, atom

    def _bounds(self, unit: str, region: Region) -> Proof:
        """Multipliers that bound a score, and no more."""
        down, up = (self._bound(unit, sign, region)[1] for sign in (-1, 1))
        return {"down": down, "up": up, "behind": {}, "ahead": {}}

    def _proof(self, unit: str, region: Region) -> Proof | None:
        """A short proof that a unit's grade holds in a region; None where none is found."""
        run, after = self.run, self.run.about[unit][3]
        bottom = after.index(run.before[unit])
        top = bottom + after.count(run.before[unit]) - 1
        (low, down), (high, up) = (self._bound(unit, sign, region) for sign in (-1, 1))
        worst, best = (run.standing(unit, x)[1] for x in (low, high))
        try:
            _need(worst >= bottom)
            behind = self._behind(unit, bottom, region)
            ahead = self._ahead(unit, top, region) if best > top else {}
        except ODD:
            return None
        return {"down": down, "up": up, "behind": behind, "ahead": ahead}

    def _behind(self, unit: str, bottom: int, region: Region) -> Rivals:
        """The rivals that show that quotas leave a unit the grade `bottom`, and no more of them."""
        found: Rivals = {}
        wanted = [
            (rivals := {u for u in line if of_all or line[u]}, len(rivals) - places)
            for worse, places, of_all, _, line in self.run.quotas
            if unit in line and bottom > worse
        ]
        for rivals, count in wanted:
            for rival in self.order:
                if len(found.keys() & rivals) >= count:
                    break
                if rival in rivals and rival != unit and rival not in found:
                    self._try(found, rival, rival, unit, region)
            _need(len(found.keys() & rivals) >= count)
        return _needed(found, wanted)

    def _ahead(self, unit: str, top: int, region: Region) -> Rivals:
        """Rivals who always have the places that a unit would need to get above `top`."""
        run = self.run
        elsewhere = {u for quota in run.quotas if unit not in quota[-1] for u in quota[-1]}
        for worse, places, of_all, _, line in run.quotas:
            if unit not in line or worse > top:
                continue
            found: Rivals = {}
            for rival in reversed(self.order):
                if len(found) >= places:
                    return found
                if rival in line.keys() - elsewhere - {unit} and (
                    of_all or [] < line[rival] <= line[unit]
                ):
                    self._try(found, rival, unit, rival, region)
            if len(found) >= places:
                return found
        raise ValueError("no quota")

    def _try(self, found: Rivals, rival: str, one: str, other: str, region: Region) -> None:
        """Add a rival, with multipliers that show that `one` has a worse place than `other`."""
        _need(self.compares)
        run = self.run
        (bonus, late, *_), (others, later, *_) = run.about[one], run.about[other]
        lead = others - later - bonus + late
        lead = min(lead, Fraction(0)) if run.by_base else lead
        try:
            apart, atom = self.scores.bound({one: 1, other: -1}, region)
            if apart + sum(run.rounding[::2]) > lead or bonus - late < run.least:
                return
            highest, capped = self.scores.bound({other: 1}, region)
        except ODD:
            return
        if highest + others <= run.cap:
            found[rival] = [atom, capped]


def _needed(found: Rivals, wanted: Sequence[tuple[set[str], int]]) -> Rivals:
    """Of rivals those without whom one of the sets would have fewer than wanted."""
    for rival in list(found):
        rest = found.keys() - {rival}
        if all(len(rest & rivals) >= count for rivals, count in wanted):
            del found[rival]
    return found


def _need(holds: bool) -> None:
    if not holds:
        raise ValueError("not shown")


def _floor(limit: float) -> Decimal:
    return Decimal(repr(limit)).quantize(Decimal(1).scaleb(-DECIMALS), ROUND_FLOOR)


def _ten(score: Fraction) -> str:
    """A score, which has ten decimals at most."""
    number = Decimal(int(score * 10**10)).scaleb(-10)
    return format(number.normalize() if number else Decimal(0), "f")


def _decimals(
    points: Sequence[float], now: Sequence[Fraction], decimals: int
) -> list[Decimal] | None:
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
    if kind == evidence.POINTS:
        exact = sum(max(move, Fraction(0)) for move in moves)
    else:
        exact = max(abs(move) / q for move, q in zip(moves, now, strict=True) if q)
    number = Decimal(exact.numerator) / Decimal(exact.denominator)
    rounded = number.quantize(Decimal(1).scaleb(-18), ROUND_UP)
    return rounded.normalize() if rounded else rounded
