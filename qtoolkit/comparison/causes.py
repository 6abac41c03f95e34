"""The cause of any difference between two assessments: each part undone by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.comparison.undoing import ALL, ROWS, Rows, Standing, Undoing
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.errors import InputError, nearest, one_of, unexpected
from qtoolkit.inputs.statuses import BLANKS, VALUE
from qtoolkit.inputs.table import unit_of
from qtoolkit.language import say

Grades = Literal["approved", "computed"]
FEW = 40  # rows of others that are undone one by one
COLUMNS = [
    "unit",
    "outcome",
    "before",
    "after",
    "part",
    "alone",
    "whose",
    "leaves",
    "kinds",
    "by",
    "via",
    "others",
    "points",
]
State = Callable[[Iterable[str]], Standing | None]


def causes(
    before: Assessment,
    after: Assessment,
    units: Iterable[str] | None = None,
    grades: Grades = "approved",
    scores: bool = False,
) -> pd.DataFrame:
    """What makes the difference between two assessments, for each unit that it touches: two years,
    two drafts on the same data, one with a unit left out, with other points, with other data.

    Each part in which the two differ is undone by itself: the later assessment is made again with
    this part as it was before. The part is a cause for a unit whose outcome is then nearer to what
    it was. Where undoing no single part helps (two causes, each enough), those are causes that by
    themselves, done to the earlier assessment, bring the outcome nearer to the later one; where
    there are none, all parts together are. The same is asked within a part that lives in rows of
    the table: of the unit's own row and the rows of others, of the cells of its own row, of each of
    the others.

    Parameters
    ----------
    before, after : Assessment
    units : iterable of str, optional
        The units that are asked for, of both assessments; all if left out.
    grades : "approved" or "computed"
        Which grades are explained.
    scores : bool
        Whether, for units whose grade stands, the published score is explained.

    Returns
    -------
    DataFrame
        One row a unit and cause, units in the order of `after`, the most important cause first:

        - unit; outcome ("grade", or "score": of units whose grade stands, and of all where the
          numbers of grades differ); before, after (grades' ids, or scores in points of their
          totals);
        - part: "data", "points", "rules" (rules, means, treatment of blanks and outliers, the
          tree), "cutoffs" (lines), "quotas" (places, ties, the last), "classes", "rounding" (and
          what ranks go by), "vetoes", "bonus" (and caps), "units" (who else is assessed),
          "approval". Parts that cannot be told apart stand under the first of them: points and
          rules of trees that differ, quotas and cutoffs of grades that differ, rounding and cutoffs
          of unequal totals;
        - alone: "undone" (undoing it brings the outcome nearer to before), "done" (no single
          undoing does, but doing it alone brings it nearer to after), "together" (neither);
        - whose, of data, classes, vetoes and bonus: "own" row of the unit, "others" or "scheme";
          else "";
        - leaves and kinds, of own data: the indicators and what became of each cell: "missing" (a
          value, then a blank), "new" (a blank, then a value), "value", "status", "target" (or
          baseline);
        - by, where others' rows or other units are the cause: which units, none where they are
          many;
        - via: how it reached the unit: "score" (its own score, and with it the grade it has by
          itself), "line" (the line, its score as it was), "veto", "place" (by itself it has the
          grade still: a place of a quota or among the last came or went), "approval";
        - others, of "place": the units that took the place or gave it up;
        - points: the change of the published score, in points of the total of `after`.

    Raises
    ------
    InputError
        No unit in common; a unit that is not in both.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> old, new = (
    ...     qt.assess(scheme, pd.DataFrame({"a": [a], "b": [0.9]}, index=["甲"]))
    ...     for a in (0.95, 0.85)
    ... )
    >>> causes(old, new)[["part", "whose", "leaves", "kinds", "via"]].values.tolist()
    [['data', 'own', ('a',), ('value',), 'score']]
    """
    if grades not in get_args(Grades):
        raise InputError(unexpected(grades, one_of(get_args(Grades)), "grades"))
    pair = Undoing(before, after, approved=grades == "approved")
    asked, rows = _units(pair, units), []
    for case in _cases(pair, asked, scores):
        rows += [case | row for row in _causes(pair, str(case["unit"]), case["outcome"])]
    table = pd.DataFrame(rows, columns=COLUMNS)
    text = [name for name in COLUMNS if name != "points"]
    return table.astype(dict.fromkeys(text, object) | {"points": float})


def _units(pair: Undoing, asked: Iterable[str] | None) -> list[str]:
    """The units of both that are asked for, in the order of `after`."""
    there = set(pair.before.table.units)
    both = [unit for unit in pair.after.table.units if unit in there]
    if not both:
        raise InputError(
            say(
                zh="前后两次没有相同的考核对象，无法说明变化原因",
                en="the two assessments have no unit in common, so no cause can be named",
            )
        )
    if asked is None:
        return both
    names = set()
    for unit in asked:
        found = unit_of(unit, both)
        if found is None:
            text = say(
                zh="前后两次都参评的考核对象中没有“{unit}”{hint}",
                en="“{unit}” is not assessed both times{hint}",
                unit=unit,
                hint=nearest(unit, both),
            )
            raise InputError(text)
        names.add(found)
    return [unit for unit in both if unit in names]


def _cases(pair: Undoing, units: Sequence[str], scores: bool) -> Iterator[dict[str, Any]]:
    """What is to be explained, of each unit of which anything is."""
    sides, ends = (pair.before, pair.after), pair.ends
    asked = set(units)
    alike = len(sides[0].scheme.grades) == len(sides[1].scheme.grades)
    for k, unit in enumerate(pair.units):
        if unit not in asked:
            continue
        codes = [end.final[k] for end in ends]
        shares = [end.published[k] for end in ends]
        if alike and codes[0] != codes[1]:
            names = [r.grade_names[code] for r, code in zip(sides, codes, strict=True)]
            yield {"unit": unit, "outcome": "grade", "before": names[0], "after": names[1]}
        elif (scores or not alike) and abs(shares[0] - shares[1]) > SAME:
            points = [float(result.scores[unit]) for result in sides]
            yield {"unit": unit, "outcome": "score", "before": points[0], "after": points[1]}


@dataclass(frozen=True)
class Found:
    """Something that is responsible, with the standings without it and with it."""

    name: str
    alone: str
    without: Standing
    made: Standing


def responsible(
    names: Sequence[str], state: State, value: Callable[[Standing], float]
) -> list[Found]:
    """Which of some differences make an outcome what it is. `state` gives the standing with some of
    them there and the others not, None where that cannot be had.

    Those without which the outcome is nearer to what it is without all of them; if there are none,
    those that by themselves bring it nearer to what it is with all; else all of them.
    """
    whole, nothing = state(names), state(())
    if whole is None or nothing is None:
        return []
    if len(names) == 1:
        return [Found(names[0], "undone", nothing, whole)]
    away = abs(value(whole) - value(nothing)) - SAME

    def nearer(there: Iterable[str], goal: Standing) -> Standing | None:
        found = state(there)
        return found if found and abs(value(found) - value(goal)) < away else None

    undone = {name: nearer([n for n in names if n != name], nothing) for name in names}
    if any(undone.values()):
        return [Found(name, "undone", found, whole) for name, found in undone.items() if found]
    done = {name: nearer([name], whole) for name in names}
    if any(done.values()):
        return [Found(name, "done", nothing, found) for name, found in done.items() if found]
    return [Found(name, "together", nothing, whole) for name in names]


def _causes(pair: Undoing, unit: str, outcome: object) -> list[dict[str, Any]]:
    """The rows of a unit, the most important first."""
    k = pair.units.index(unit)

    def value(standing: Standing) -> float:
        return float((standing.final if outcome == "grade" else standing.published)[k])

    rows = []
    for found in responsible(pair.parts, pair.state, value):
        if found.name not in ROWS:
            rows.append(_row(pair, k, found, outcome) | _newcomers(pair, found))
            continue
        others = () if found.alone == "done" else [p for p in pair.parts if p != found.name]
        for row in _within(pair.rows(found.name, others), k, found, value, outcome):
            rows.append(row | {"part": found.name})
    rows.sort(key=lambda row: ALL.index(row["part"]))
    for weight in ("points", "moved"):
        rows = [rows[i] for i in in_order(np.array([abs(row[weight]) for row in rows]))]
    return rows


def _newcomers(pair: Undoing, found: Found) -> dict[str, Any]:
    """Who came or left, where that is the cause."""
    if found.name != "units":
        return {}
    old, new = (set(result.table.units) for result in (pair.before, pair.after))
    return {"by": tuple(unit for unit in pair.units if unit in old ^ new)}


def _row(pair: Undoing, k: int, found: Found, outcome: object) -> dict[str, Any]:
    """A cause, whatever it is."""
    a, b = found.without, found.made
    via = _via(k, found, outcome)
    moved = (b.final - a.final if outcome == "grade" else b.published - a.published)[k]
    return {
        "part": found.name,
        "alone": found.alone,
        "whose": "",
        "leaves": (),
        "kinds": (),
        "by": (),
        "via": via,
        "others": _crossed(pair, k, a, b) if via == "place" else (),
        "points": float(b.published[k] - a.published[k]) * pair.after.scheme.total,
        "moved": float(moved),
    }


def _via(k: int, found: Found, outcome: object) -> str:
    """How it reached the unit."""
    if found.name == "approval":
        return "approval"
    if outcome == "score":
        return "score"
    a, b = found.without, found.made
    worse, better = (a, b) if a.computed[k] < b.computed[k] else (b, a)
    if worse.alone[k] >= better.computed[k]:
        return "place"
    if found.name == "vetoes":
        return "veto"
    return "score" if abs(b.published[k] - a.published[k]) > SAME else "line"


def _crossed(pair: Undoing, k: int, a: Standing, b: Standing) -> tuple[str, ...]:
    """The units that came to have a grade as the unit lost it, or the reverse, among those with
    whom it is counted."""
    low, high = sorted((int(a.computed[k]), int(b.computed[k])))
    found = []
    for g in range(low + 1, high + 1):
        was, now = ((s.computed >= g) & (s.groups == s.groups[k]) for s in (a, b))
        fell = b.computed[k] < a.computed[k]
        found += np.flatnonzero(now & ~was if fell else was & ~now).tolist()
    return tuple(pair.units[v] for v in sorted(set(found)))


def _within(
    rows: Rows, k: int, part: Found, value: Callable[[Standing], float], outcome: object
) -> list[dict[str, Any]]:
    """The causes within a part that lives in rows: the unit's own row, the others', the scheme."""
    pair, own = rows.pair, np.zeros_like(rows.differs)
    own[k] = rows.differs[k]
    others = rows.differs & ~own
    sources = {"own": own.any(), "others": others.any()}
    sources["scheme"] = pair.scheme_differs(part.name)
    names = [name for name, there in sources.items() if there]

    def state(there: Iterable[str]) -> Standing | None:
        there = set(there)
        if there == set(names):
            return pair.state(rows.new)
        if not there:
            return pair.state(rows.others)
        undone = own * ("own" not in there) | others * ("others" not in there)
        return rows.states([undone], "scheme" in there or "scheme" not in names)[0]

    if part.alone == "together":
        inside = [Found(name, "together", part.without, part.made) for name in names]
    else:
        inside = responsible(names, state, value)
    found = []
    for source in inside:
        alone = part.alone if source.alone == "undone" else source.alone
        cause = Found(part.name, alone, source.without, source.made)
        row = _row(pair, k, cause, outcome) | {"whose": source.name}
        if source.name == "own" and part.name == "data":
            row |= _cells(rows, own, value, part.alone)
        if source.name == "others":
            row |= {"by": _by(rows, others, value, part.alone)}
        found.append(row)
    return found


def _one_by_one(
    rows: Rows, pieces: Sequence[np.ndarray], value: Callable[[Standing], float]
) -> list[int]:
    """Which of some pieces of what differs make the outcome."""
    nothing = np.zeros_like(rows.differs)
    rows.states(pieces)  # all at once, where that can be

    def state(there: Iterable[str]) -> Standing | None:
        kept = {int(name) for name in there}
        gone = [piece for i, piece in enumerate(pieces) if i not in kept]
        return rows.states([np.any(gone, axis=0) if gone else nothing])[0]

    found = responsible([str(i) for i in range(len(pieces))], state, value)
    return [int(each.name) for each in found]


def _pieces(differs: np.ndarray, axis: int) -> list[np.ndarray]:
    """Cells that differ, row by row (0) or column by column (1)."""
    found = []
    for i in np.flatnonzero(differs.any(axis=1 - axis)):
        piece = np.zeros_like(differs)
        at = (i,) if axis == 0 else (slice(None), i)
        piece[at] = differs[at]
        found.append(piece)
    return found


def _cells(
    rows: Rows, own: np.ndarray, value: Callable[[Standing], float], how: str
) -> dict[str, Any]:
    """The unit's own cells that make the outcome, and what became of each."""
    pieces = _pieces(own, 1)
    if how != "together":
        pieces = [pieces[i] for i in _one_by_one(rows, pieces, value)] or pieces
    at = [tuple(np.argwhere(piece)[0].tolist()) for piece in pieces]
    leaves = rows.leaves
    return {
        "leaves": tuple(leaves[j] for _, j in at),
        "kinds": tuple(_kind(*rows.cell(u, j)) for u, j in at),
    }


def _kind(old: tuple[int, object], new: tuple[int, object]) -> str:
    """What became of a cell, of which the status and the value before and after are given."""
    (was, value), (now, new_value) = old, new
    if was == VALUE and now in BLANKS:
        return "missing"
    if was in BLANKS and now == VALUE:
        return "new"
    if was != now:
        return "status"
    return "value" if value != new_value else "target"


def _by(
    rows: Rows, others: np.ndarray, value: Callable[[Standing], float], how: str
) -> tuple[str, ...]:
    """The other units whose rows make the outcome; none where they are many."""
    at = np.flatnonzero(others.any(axis=1))
    if how != "together" and 1 < len(at) <= FEW:
        at = at[_one_by_one(rows, _pieces(others, 0), value)]
    return tuple(rows.pair.units[v] for v in at) if len(at) <= FEW else ()
