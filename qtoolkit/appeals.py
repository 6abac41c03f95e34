"""Appeals (单项改判): one mark of one unit judged again, and what that does to its grade and place
and to the others."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine import Engine, finish, from_ticks, grade, node_scores, rank, score
from qtoolkit.engine.ticks import to_ticks
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError, nearest, unexpected
from qtoolkit.inputs.statuses import NEW, NOT_APPLICABLE, STATUS_NAMES
from qtoolkit.inputs.table import unit_of
from qtoolkit.language import Text, say
from qtoolkit.lines import LinesSaid, says_lines

FULL, NOTHING = "full", "zero"
CELLS_AT_ONCE = 1 << 20  # units × marks judged again that are graded at a time


@dataclass(frozen=True, repr=False)
class Rejudged(Shown):
    """What :func:`rejudge` found.

    Attributes
    ----------
    table : DataFrame
        One row a unit, indicator and change, units and indicators in the scheme's order:

        - unit, leaf, change: "+0.5", "-0.5" … by the steps, "full", "zero";
        - points, points_after: the leaf's score in its own points, as it is and judged again;
        - score, score_after: the published score;
        - rank, rank_after; grade, grade_after (ids, computed grades);
        - out, up: tuples of the other units whose grade gets worse, or better, because of it.
    least : DataFrame
        One row a unit and side ("more", "less") where any single change alters a grade, its own or
        another unit's: the fewest points of such changes, what becomes of it then (unit, side,
        moved, change, leaves (a tuple: on which indicators this change does exactly this), grade,
        grade_after, out, up), the fewest points first. Of several outcomes by the same points each
        is a row.
    left_out : DataFrame
        The cells that were not judged again: unit, leaf, status ("not_applicable", "new", or what
        else is not scored: its points are shared out among others).
    steps : tuple of float
    units : tuple of str
        Whose marks were judged again.
    lines : how lines went, see :mod:`qtoolkit.lines`
    """

    card_title: ClassVar[Text] = Text("单项改判的影响", "Single marks judged again")

    table: pd.DataFrame
    left_out: pd.DataFrame
    steps: tuple[float, ...]
    units: tuple[str, ...]
    lines: LinesSaid | None = None

    @property
    def matters(self) -> np.ndarray:
        """Which rows of `table` alter a grade, its own or another unit's: bool."""
        table = self.table
        others = table["out"].map(len) + table["up"].map(len)
        return np.asarray((table["grade"] != table["grade_after"]) | (others > 0), dtype=bool)

    @property
    def moved(self) -> np.ndarray:
        """How many points each row of `table` moves the mark by."""
        points, after = (self.table[name].to_numpy(float) for name in ("points", "points_after"))
        return np.asarray(np.abs(after - points))

    @property
    def order(self) -> np.ndarray:
        """Places of the rows: those that alter a grade first, the fewest points first."""
        return in_order(np.where(self.matters, self.moved, np.inf), falling=False)

    @property
    def least(self) -> pd.DataFrame:
        """See the attributes."""
        alike = ["unit", "side", "change", "grade", "grade_after", "out", "up"]
        table = self.table.assign(moved=self.moved)
        table["side"] = np.where(table["points_after"] > table["points"], "more", "less")
        table = table.iloc[self.order[: int(self.matters.sum())]]
        ticks = pd.Series(to_ticks(table["moved"].to_numpy()), table.index)
        fewest = ticks.groupby([table["unit"], table["side"]]).transform("min")
        table = table[(ticks == fewest).to_numpy()]
        # a step that is cut, and full marks, are the same change
        table = table.drop_duplicates(["unit", "leaf", "side"])
        rows = [
            dict(zip(alike, key, strict=True))
            | {"leaves": tuple(found["leaf"]), "moved": found["moved"].iloc[0]}
            for key, found in table.groupby(alike, sort=False)
        ]
        columns = ["unit", "side", "moved", "change", "leaves", *alike[3:]]
        return pd.DataFrame(rows, columns=columns)

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[self.order]


@says_lines
def rejudge(
    result: Assessment, steps: Sequence[float] = (0.5, 1), units: Iterable[str] | None = None
) -> Rejudged:
    """单项改判影响表: each mark of each unit judged again by itself, and what becomes of its score,
    rank and grade and of the others' grades.

    A mark is a leaf's score in its own points. It is raised and lowered by each step, never above
    full marks or below 0, and set to full marks and to 0; where the scheme rounds leaf scores, the
    new mark is rounded likewise. What is as it was already has no row. All else is as it is: the
    other marks of the unit, bonus, vetoes, and the marks of all other units, also of those whose
    rule compares them with this one (a rule that compares units is not run anew: an appeal changes
    one mark). The nodes above, rounding, caps, quotas and lines that follow from the scores are
    worked out anew. Grades are the computed ones.

    A cell that does not apply (不适用), of an indicator without data, or whose points are shared
    out among others has no mark that could be judged again; it stands in `left_out`.

    Parameters
    ----------
    steps : sequence of float
        In points of the leaf.
    units : iterable of str, optional
        Whose marks; all units' if left out. It takes units × leaves × (2·steps + 2) rows of all
        units, graded in chunks.

    Returns
    -------
    Rejudged

    Raises
    ------
    InputError
        A step that is no number above 0; an unknown unit.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.95, 0.92], "b": [0.95, 0.99]}, index=["甲", "乙"])
    >>> scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> result = qt.assess(scheme, frame).change({"grades.A.quota": 1})
    >>> found = rejudge(result, [0.5], ["乙"])
    >>> columns = ["leaf", "change", "score_after", "grade", "grade_after", "out"]
    >>> found.table.loc[found.matters, columns].values.tolist()[:1]
    [['a', '+0.5', 95.3, 'B', 'A', ('甲',)]]
    """
    steps = _steps(steps)
    asked = _units(result, units)
    there = _judged(result)
    blocks = [_of_unit(result, unit, there[unit], steps) for unit in asked]
    frames = [frame for frame in blocks if len(frame)] or blocks or [_frame({})]
    names = [result.table.units[unit] for unit in asked]
    table = pd.concat(frames, ignore_index=True)
    return Rejudged(table, _left_out(result, asked, there), steps, tuple(names))


def _steps(steps: Sequence[float]) -> tuple[float, ...]:
    for step in steps:
        is_number = isinstance(step, numbers.Real) and not isinstance(step, bool | np.bool_)
        if not is_number or not 0 < float(step) < math.inf:
            above = Text("大于 0 的分数", "points above 0")
            raise InputError(unexpected(step, above, "steps"))
    return tuple(dict.fromkeys(map(float, steps)))


def _units(result: Assessment, units: Iterable[str] | None) -> list[int]:
    """The numbers of the units that are asked for, in the table's order."""
    names = result.table.units
    if units is None:
        return list(range(len(names)))
    number = {name: k for k, name in enumerate(names)}
    found = set()
    for unit in units:
        name = unit_of(unit, number)
        if name is None:
            text = say(
                zh="没有考核对象“{unit}”{hint}",
                en="no unit “{unit}”{hint}",
                unit=unit,
                hint=nearest(unit, names),
            )
            raise InputError(text)
        found.add(number[name])
    return sorted(found)


def _judged(result: Assessment) -> np.ndarray:
    """The cells whose mark can be judged again: bool, (n, d)."""
    without = np.isin(result.table.status, (NOT_APPLICABLE, NEW))
    return np.asarray(~without & ~result.engine.tree.blank & (result.engine.points > 0))


def _left_out(result: Assessment, asked: Sequence[int], there: np.ndarray) -> pd.DataFrame:
    leaves, status = result.scheme.leaves, result.table.status
    rows = [
        (result.table.units[k], leaves[j].id, STATUS_NAMES[status[k, j]])
        for k in asked
        for j in np.flatnonzero(~there[k] & (result.engine.points > 0)).tolist()
    ]
    return pd.DataFrame(rows, columns=["unit", "leaf", "status"], dtype=object)


def _of_unit(
    result: Assessment, unit: int, there: np.ndarray, steps: tuple[float, ...]
) -> pd.DataFrame:
    """The rows of one unit; `there` (d,) are the leaves whose marks it has."""
    e, now = result.engine, _marks(result.engine, unit)
    asked = [
        (j, name, mark, up)
        for j in np.flatnonzero(there).tolist()
        for name, mark, up in _changes(now[j], e.points[j], steps)
    ]
    if not asked:
        return _frame({})
    leaf = np.array([j for j, *_ in asked])
    marks = np.array([mark for _, _, mark, _ in asked])
    rows = _with_marks(e, unit, leaf, marks)
    after = node_scores(rows)[0][np.arange(len(leaf)), leaf]
    ways = np.array([1 if up else -1 for *_, up in asked])
    differs = (to_ticks(after) - to_ticks(now[leaf])) * ways > 0
    graded = _graded(result, unit, score(rows)[0][differs])
    found = {
        "leaf": [result.scheme.leaves[j].id for j in leaf[differs]],
        "change": [name for (_, name, *_), kept in zip(asked, differs, strict=True) if kept],
        "points": now[leaf[differs]],
        "points_after": after[differs],
        **graded,
    }
    same = {
        "unit": result.table.units[unit],
        "score": float(result.scores.iloc[unit]),
        "rank": int(result.ranks.iloc[unit]),
        "grade": result.grades.iloc[unit],
    }
    return _frame(found | {name: [value] * int(differs.sum()) for name, value in same.items()})


def _marks(e: Engine, unit: int) -> np.ndarray:
    """The leaf scores (d,) of a unit, in points."""
    return np.asarray(node_scores(_rows(e, unit, 1))[0][0])


def _changes(
    mark: float, full: float, steps: tuple[float, ...]
) -> Iterator[tuple[str, float, bool]]:
    """The changes of a mark in [0, full]: name, new mark, whether it rises."""
    for step in steps:
        yield f"+{step:g}", min(mark + step, full), True
        yield f"-{step:g}", max(mark - step, 0.0), False
    yield FULL, full, True
    yield NOTHING, 0.0, False


def _rows(e: Engine, unit: int, count: int) -> Engine:
    """An engine that scores one unit as often as `count`. What a mean of others gives is the line
    that it has at the scheme's points."""
    slope, const, blank = (
        np.repeat(values[unit][None, :], count, axis=0)
        for values in (e.slope, e.const, e.tree.blank)
    )
    return replace(e, slope=slope, const=const, tree=replace(e.tree, blank=blank), means=())


def _with_marks(e: Engine, unit: int, leaf: np.ndarray, marks: np.ndarray) -> Engine:
    """The unit as often as there are `marks`, each time with that one for the score of a leaf."""
    rows = _rows(e, unit, len(marks))
    at = np.arange(len(marks))
    rows.slope[at, leaf] = 0.0
    rows.const[at, leaf] = marks
    return rows


def _graded(result: Assessment, unit: int, own: np.ndarray) -> dict[str, list[object]]:
    """What becomes of a unit and of the others at base scores `own` (m,) of this unit, in ticks;
    the same score is graded once."""
    e, base, names = result.engine, result.base.to_numpy(), result.grade_names
    now = result.grades.cat.codes.to_numpy()
    different, which = np.unique(own, return_inverse=True)
    step = max(1, CELLS_AT_ONCE // max(base.size, 1))
    told: list[dict[str, object]] = []
    for start in range(0, len(different), step):
        scores = different[start : start + step]
        rows = np.repeat(base[None, :], len(scores), axis=0)
        rows[:, unit] = scores
        key, grades = e.key(rows), grade(e, rows)
        others = np.arange(base.size) != unit
        published, ranks = from_ticks(finish(e, rows)[:, unit]), rank(key)[:, unit]
        for i in range(len(scores)):
            told.append(
                {
                    "score_after": float(published[i]),
                    "rank_after": int(ranks[i]),
                    "grade_after": names[grades[i, unit]],
                    "out": _named(result, (grades[i] < now) & others),
                    "up": _named(result, (grades[i] > now) & others),
                }
            )
    return {name: [told[i][name] for i in which.tolist()] for name in AFTER}


def _named(result: Assessment, units: np.ndarray) -> tuple[str, ...]:
    return tuple(result.table.units[k] for k in np.flatnonzero(units).tolist())


AFTER = ("score_after", "rank_after", "grade_after", "out", "up")
COLUMNS = {
    "unit": object,
    "leaf": object,
    "change": object,
    "points": float,
    "points_after": float,
    "score": float,
    "score_after": float,
    "rank": int,
    "rank_after": int,
    "grade": object,
    "grade_after": object,
    "out": object,
    "up": object,
}


def _frame(found: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(found.get(name, []), dtype=kind) for name, kind in COLUMNS.items()}
    )
