"""Each way assessed, and the matters for decision in the order of what they change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.settings import Graded, settings
from qtoolkit.decisions.ways import APPROVAL, DRAFT, KINDS, Way, ways_of
from qtoolkit.display import Shown
from qtoolkit.drafts import check_same
from qtoolkit.engine import core
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.errors import real
from qtoolkit.inputs.changes import change
from qtoolkit.language import Text
from qtoolkit.lines import LinesSaid, says_lines

NEAR = 0.01  # of the total: how far cutoffs and single points are moved where nothing is said

Move = tuple[str, str, str]


@dataclass(frozen=True)
class Matter:
    """One matter for decision: ways of one kind, and of one grade or meaning.

    Attributes
    ----------
    kind, of : as of its ways
    rows : tuple of int
        Its ways, as positions in :attr:`Matters.table`.
    steps : int
        The most steps between grades that one of its ways makes, all units together.
    """

    kind: str
    of: str | None
    rows: tuple[int, ...]
    steps: int


@dataclass(frozen=True, repr=False)
class Matters(Shown):
    """What :func:`matters` returns.

    Attributes
    ----------
    result : Assessment
    table : DataFrame
        One row a way: kind, of, choice (as :class:`Way` has them), changed (units whose computed
        grade is another), steps (between grades, all units together), moved (tuple of unit, grade
        now, grade then), failed (why it could not be assessed, a text in both languages, or None).
    matters : tuple of Matter
        Those by which a grade changes, the most consequential first: by steps; of equals a place
        that an approval has freed, since that has happened already, then what concerns the best
        grade, then in the order of :data:`KINDS`.
    idle : tuple of Matter
        Those that change nobody's grade.
    shift : float
        Points by which cutoffs and single points were moved.
    """

    card_title: ClassVar[Text] = Text("需研究决定的事项", "Matters for decision")
    card_table: ClassVar[str] = "table"

    result: Assessment
    table: pd.DataFrame
    matters: tuple[Matter, ...]
    idle: tuple[Matter, ...]
    shift: float
    ways: tuple[Way, ...]
    drafts: Mapping[str | Text, Assessment]
    lines: LinesSaid | None = None

    def first(self, most: int = 3) -> tuple[Matter, ...]:
        """The most consequential matters. Those whose changes are all made by others of these come
        only where there is room."""
        chosen: list[Matter] = []
        known: set[tuple[Move, ...]] = set()
        for matter in self.matters:
            moves = {moved for row in matter.rows if (moved := self.table["moved"].iat[row])}
            if not moves <= known:
                chosen.append(matter)
                known |= moves
        chosen += [matter for matter in self.matters if matter not in chosen]
        kept = chosen[:most]
        return tuple(matter for matter in self.matters if matter in kept)

    def other(self, row: int) -> Assessment | None:
        """The assessment by a way; None of approvals, which no scheme makes, and of a way that
        cannot be."""
        way = self.ways[row]
        if way.kind == APPROVAL or self.table["failed"].iat[row] is not None:
            return None
        return self.drafts[way.choice] if way.kind == DRAFT else _assessed(self.result, way)


@says_lines
def matters(
    result: Assessment,
    drafts: Mapping[str | Text, Assessment] | None = None,
    shift: float | None = None,
) -> Matters:
    """What is still to be decided about a scheme, by what it changes.

    Tried are, one at a time: the total in whole points or cut off to them; every other treatment of
    the blanks that occur; each cutoff a little lower and higher; each quota a place more and less;
    the other order of veto and quota; the places that approvals have freed given on; full marks and
    none for indicators without data; each indicator on which everybody scores full dropped; the
    points of each other indicator a little less and more, its siblings taking up the rest; and
    other drafts, where there are any.

    Parameters
    ----------
    drafts : mapping of name to Assessment, optional
        Other drafts, assessed on the same units, as :func:`qtoolkit.drafts.assessed` gives them.
    shift : float, optional
        Points by which cutoffs and single points are moved; a hundredth of the total if left out.

    Returns
    -------
    Matters

    Raises
    ------
    InputError
        A shift that is not positive or beyond the total; a draft that assesses other units, or with
        other grades.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.896, 0.95, 0.7]}, index=["甲", "乙", "丙"])
    >>> result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)
    >>> found = matters(result)
    >>> [(matter.kind, matter.of, matter.steps) for matter in found.matters]
    [('decimals', None, 1), ('line', 'A', 1)]
    >>> found.table.loc[found.matters[0].rows[0], ["choice", "moved"]].tolist()
    [{'decimals': 0, 'mode': 'half_up'}, (('甲', 'B', 'A'),)]
    """
    total = result.scheme.total
    shift = real("shift", NEAR * total if shift is None else shift, 0, total, above=True)
    drafts = dict(drafts or {})
    for name, draft in drafts.items():
        check_same(result, draft, f"drafts.{name}")
    ways = [*ways_of(result, shift), *(Way(DRAFT, None, name) for name in drafts)]
    codes, failed = _graded(result, ways, drafts)
    now = result.grades.cat.codes.to_numpy(int)
    steps = np.abs(codes - now)
    names = np.array(result.grade_names, dtype=object)
    units = np.array(result.scores.index, dtype=object)
    moved = [
        tuple(zip(units[at], names[now[at]], names[row[at]], strict=True))
        for row in codes
        for at in [np.flatnonzero(row != now)]
    ]
    table = pd.DataFrame(
        {
            "kind": pd.Series([way.kind for way in ways], dtype=object),
            "of": pd.Series([way.of for way in ways], dtype=object),
            "choice": pd.Series([way.choice for way in ways], dtype=object),
            "changed": (steps > 0).sum(axis=1),
            "steps": steps.sum(axis=1),
            "moved": pd.Series(moved, dtype=object),
            "failed": pd.Series(failed, dtype=object),
        }
    )
    grouped = list(_grouped(table))
    best = result.scheme.grades[0].id
    weighed = sorted(
        (matter for matter in grouped if matter.steps), key=lambda m: _weight(m, table, best)
    )
    idle = tuple(matter for matter in grouped if not matter.steps)
    return Matters(result, table, tuple(weighed), idle, shift, tuple(ways), drafts)


def _graded(
    result: Assessment, ways: Sequence[Way], drafts: Mapping[str | Text, Assessment]
) -> tuple[np.ndarray, list[Text | None]]:
    """The grades by each way (ways, n), those of the scheme where it cannot be; and why it
    cannot."""
    codes = np.tile(result.grades.cat.codes.to_numpy(int), (len(ways), 1))
    failed: list[Text | None] = [None] * len(ways)
    keyed = [row for row, way in enumerate(ways) if way.changes]
    frame = pd.DataFrame([dict(ways[row].changes) for row in keyed], index=keyed).astype(object)
    if keyed:
        found = settings(result, frame, {"grade": _grade_codes})
        graded = found[[f"grade:{unit}" for unit in result.scores.index]].to_numpy()
        for k, row in enumerate(keyed):
            failed[row] = found["failed"].iat[k]
            if failed[row] is None:
                codes[row] = graded[k]
    for row, way in enumerate(ways):
        if way.kind == APPROVAL:
            codes[row] = _with_places_given_on(result, way.choice)
        elif not way.changes:
            other = drafts[way.choice] if way.kind == DRAFT else _assessed(result, way)
            codes[row] = other.grades.cat.codes.to_numpy(int)
    return codes, failed


def _grade_codes(graded: Graded) -> np.ndarray:
    return graded.grades


def _assessed(result: Assessment, way: Way) -> Assessment:
    return result.anew(change(result.scheme, way.changes) if way.changes else way.scheme)


def _with_places_given_on(result: Assessment, lowered: Iterable[str]) -> np.ndarray:
    """The grades (n,) if units approved lower were not counted for the grades that they lost; their
    own are left as they are, since approval is no consequence of it."""
    e, limits = result.engine, result.engine.thresholds.copy()
    rows = result.scores.index.get_indexer(list(lowered))
    approved = result.approved.cat.codes.to_numpy()
    for row in rows:
        limits[row, approved[row] :] = UNREACHABLE
    found = core.grade(e, result.base.to_numpy(), limits).astype(int)
    found[rows] = result.grades.cat.codes.to_numpy()[rows]
    return found


def _grouped(table: pd.DataFrame) -> Iterator[Matter]:
    """The ways by kind and what they are of."""
    keys = list(zip(table["kind"], table["of"], strict=True))
    for kind, of in dict.fromkeys(keys):
        rows = tuple(row for row, key in enumerate(keys) if key == (kind, of))
        yield Matter(kind, of, rows, int(table["steps"].iloc[list(rows)].max()))


def _weight(matter: Matter, table: pd.DataFrame, best: str) -> tuple[int, bool, bool, int]:
    moves = [move for row in matter.rows for move in table["moved"].iat[row]]
    concerns_best = any(best in move[1:] for move in moves)
    is_open = matter.kind == APPROVAL
    return -matter.steps, not is_open, not concerns_best, KINDS.index(matter.kind)
