"""Who changes grade as a cutoff moves, or as there are more places, exactly: grades change at
published scores, and at places, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.margins import graded_table
from qtoolkit.display import Shown
from qtoolkit.engine import finish, from_ticks, grade, to_ticks
from qtoolkit.engine.core import regraded, standing
from qtoolkit.engine.standings import places_in
from qtoolkit.errors import InputError, clip, nearest, one_of, real, unexpected
from qtoolkit.inputs.changes import keys_by_id, quota_key, quota_of
from qtoolkit.inputs.naming import CalledGrades
from qtoolkit.inputs.scheme import PLACED, Grade, Scheme
from qtoolkit.language import Text, say
from qtoolkit.lines import LinesSaid, says_lines
from qtoolkit.models import validate

ALL = "all"  # every cutoff, moved by the same points
WIDTH = 0.05  # of the total: how far a cutoff is moved
ROWS = 64  # positions graded at a time
FAR = 1000.0  # totals: beyond any score


@dataclass(frozen=True, repr=False)
class Sweep(Shown):
    """What :func:`sweep` returns; what is moved stands in both tables' column `line`: a cutoff as
    its grade's id, all cutoffs as "all", a quota by its key.

    Attributes
    ----------
    steps : DataFrame
        One row a stretch on which no grade changes: line, low, high (shifts in points; the stretch
        is open below and closed above), cutoff_low, cutoff_high (the cutoff itself; NaN for "all"),
        a column a grade (how many units have it, best first), changed (how many units have another
        grade than now). Of a quota low and high are the first and the last number of places of the
        stretch, both of them in it.
    flips : DataFrame
        One row a change, from the least shift up: line, shift, cutoff (NaN for "all"), unit,
        before, after: beyond this shift the unit has `after`, up to it `before`. Of a quota the
        shift is a number of places: with so many the unit has `before`, with more `after`.
    lines
        How lines that follow from the scores go, see :mod:`qtoolkit.lines`.
    """

    card_title: ClassVar[Text] = Text("分数线移动", "Moving cutoffs")
    card_table: ClassVar[str] = "flips"

    steps: pd.DataFrame
    flips: pd.DataFrame
    lines: LinesSaid | None = None


@says_lines
def sweep(result: Assessment, line: str | None = None, width: float | None = None) -> Sweep:
    """Move one cutoff, or all together, or the number of places of a quota, and grade anew, quotas
    and vetoes included.

    Nothing is sampled: a cutoff can only change a grade at a published score, and a number of
    places at somebody's place, so the stretches are exact.

    Parameters
    ----------
    line : str, optional
        A grade, by id or by name, or "all" for every cutoff moved by the same points; each in
        turn, and then all, if left out. Or a quota by the key that changes it, "grades.A.quota":
        any number of places from none to one for every unit, whatever quota the grade has now;
        where it counts by class, so many in each class. Ties are as the scheme says.
    width : float, optional
        How far the cutoff moves either way, in points; a twentieth of the total if left out. One
        cutoff stays between its neighbours. Where classes have cutoffs of their own, all move by
        the same points. A quota takes none.

    Raises
    ------
    InputError
        An unknown grade, a quota of the last one, a width below 0, or one for a quota.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.95, 0.89, 0.5]}, index=["甲", "乙", "丙"])
    >>> found = sweep(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame), "A")
    >>> found.steps[["cutoff_low", "cutoff_high", "A", "B"]].values.tolist()
    [[85.0, 89.0, 2.0, 1.0], [89.0, 95.0, 1.0, 2.0]]
    >>> result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 50, "B": 0}), frame)
    >>> sweep(result, "grades.A.quota").steps[["low", "high", "A", "B"]].values.tolist()
    [[0, 0, 0, 3], [1, 1, 1, 2], [2, 2, 2, 1], [3, 3, 3, 0]]
    """
    scheme = result.scheme
    called = CalledGrades(grade for grade in scheme.grades[:-1] if grade.has_line)
    line = _by_id(scheme, line)
    limited = None if line is None else quota_of(line)
    if limited is not None:
        return _quota_swept(result, limited, width)
    lines = [g.id for g in reversed(scheme.grades[:-1])]  # worst first, as the engine has them
    lined = [name for name in lines if scheme.grade(name).has_line]
    if line is not None and line not in (*lined, ALL):
        raise InputError(
            say(
                zh="没有等级“{line}”的分数线{hint}",
                en="no cutoff of grade “{line}”{hint}",
                line=line,
                hint=nearest(str(line), [*called.known, ALL, *map(quota_key, lines)]),
            )
        )
    width = min(WIDTH * scheme.total if width is None else real("width", width), FAR * scheme.total)
    parts = [
        _swept(result, name, lines, int(to_ticks(width)))
        for name in ([*reversed(lined), ALL] if line is None else [line])
    ]
    steps, flips = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    return Sweep(steps, flips)


def _by_id(scheme: Scheme, line: str | None) -> str | None:
    """A grade, or the key of a quota, by id; whatever else as it is."""
    if line is None or line == ALL:
        return line
    if quota_of(str(line)) is not None:
        return keys_by_id(scheme, [line])[line]
    ids = CalledGrades(scheme.grades).ids(line)
    return ids[0] if len(ids) == 1 else str(line)


def _quota_swept(result: Assessment, grade: str, width: float | None) -> Sweep:
    """Any number of places of one grade."""
    key = quota_key(grade)
    if width is not None:
        raise InputError(
            say(
                zh="名额从0家到全部考核对象逐一比较，不用 width，现为 {found}",
                en="a quota goes through all numbers of places and takes no width, found {found}",
                found=clip(width),
            )
        )
    with_quota = result.change({key: 1})
    code = result.grade_names.index(grade)
    found = places_in(with_quota.engine, result.base.to_numpy(), code)
    sizes = [len(result.scores) if s.members is None else s.members.sum() for s in found.steps]
    starts = found.numbers
    blocks = [starts[i : i + ROWS] for i in range(0, len(starts), ROWS)]
    codes = np.concatenate([found.graded(block) for block in blocks])
    first = np.append(True, (codes[1:] != codes[:-1]).any(axis=1))
    starts, codes = starts[first], codes[first]
    ends = np.append(starts[1:] - 1, max(sizes))
    nowhere = np.full(len(starts), np.nan)
    return Sweep(*_tables(result, key, starts, ends, nowhere, nowhere, codes))


def _swept(
    result: Assessment, line: str, lines: list[str], width: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    e = result.engine
    lined = {grade.id for grade in result.scheme.grades if grade.has_line}
    moved = np.array([line in (name, ALL) and name in lined for name in lines], dtype=bool)
    low, high = -width, width
    if line != ALL:
        below, above = e.room(lines.index(line))  # between neighbours, in any class
        low = low if below is None else max(low, 1 - below)
        high = high if above is None else min(high, above - 1)
    low = max(low, -int(e.cutoffs[:, moved].min(initial=width)))
    scores = finish(e, result.base.to_numpy())[:, None] - e.cutoffs[:, moved]
    # no grade changes between two of these
    at = np.unique(np.append(scores[(low < scores) & (scores < high)], high))
    base, blocks = result.base.to_numpy(), [at[i : i + ROWS] for i in range(0, len(at), ROWS)]
    codes = np.concatenate([regraded(e, base, block, moved) for block in blocks])
    # of stretches that are graded alike
    last = np.append((codes[1:] != codes[:-1]).any(axis=1), True)
    at, codes = at[last], codes[last]
    own = np.nan if line == ALL else result.scheme.grade(line).line
    ends = from_ticks(at)
    starts = from_ticks(np.append(low, at[:-1]))
    return _tables(result, line, starts, ends, own + starts, own + ends, codes)


def _tables(
    result: Assessment,
    line: str,
    low: np.ndarray,
    high: np.ndarray,
    cutoff_low: np.ndarray,
    cutoff_high: np.ndarray,
    codes: np.ndarray,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Stretches, whose grades are `codes` (stretches, n), and what changes between them."""
    names, now = result.grade_names, result.grades.cat.codes.to_numpy()
    steps = pd.DataFrame({"line": line, "low": low, "high": high})
    steps["cutoff_low"], steps["cutoff_high"] = cutoff_low, cutoff_high
    for code in reversed(range(len(names))):
        steps[names[code]] = (codes == code).sum(axis=1)
    steps["changed"] = (codes != now).sum(axis=1)
    row, unit = np.nonzero(codes[1:] != codes[:-1])
    flips = pd.DataFrame({"line": line, "shift": high[row]})
    flips["cutoff"] = cutoff_high[row]
    flips["unit"] = np.array(result.scores.index, dtype=object)[unit]
    flips["before"], flips["after"] = (
        np.array(names, dtype=object)[codes[r, unit]] for r in (row, row + 1)
    )
    return steps, flips


@says_lines
def quota_audit(result: Assessment, quotas: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Quotas against absolute cutoffs: who owes a grade to which.

    Parameters
    ----------
    quotas : mapping of grade to number or share, optional
        The most units that have this grade or better, in place of the scheme's; ties and classes
        count as the scheme says.

    Returns
    -------
    DataFrame, indexed by unit
        scheme (the grade as the scheme gives it), absolute (quotas lifted), quota (for each grade
        with a quota the cutoff is lifted: the first units of those that reach the next lower grade
        have it). Vetoes hold throughout.

    Raises
    ------
    InputError
        An unknown grade, the last one, or a quota that is neither a whole number nor a share below
        1.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [0.95, 0.92, 0.89]}, index=["甲", "乙", "丙"])
    >>> quota_audit(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame), {"A": 1})[
    ...     "quota"
    ... ].tolist()
    ['A', 'B', 'B']
    """
    e, base, scheme = result.engine, result.base.to_numpy(), result.scheme
    rivals = e.rivals if quotas is None else result.anew(_with_quotas(scheme, quotas)).engine.rivals
    lasts = tuple(step for step in rivals if step.last or step.sets)
    lifted = e.cutoffs.copy()
    # from the worst: it takes the cutoff below it
    for code in sorted({step.grade for step in rivals if not step.last}):
        lifted[:, code - 1] = lifted[:, code - 2] if code > 1 else -to_ticks(FAR * scheme.total)
    found = [
        result.grades.cat.codes.to_numpy(),
        grade(replace(e, rivals=lasts), base),
        grade(replace(e, rivals=rivals), base, standing(e, base, lifted)),
    ]
    return graded_table(result, np.stack(found, axis=1), ["scheme", "absolute", "quota"])


def _with_quotas(scheme: Scheme, quotas: Mapping[str, float]) -> Scheme:
    """The scheme with these quotas and no others."""
    tops = [g.id for g in scheme.grades[:-1]]
    if not isinstance(quotas, Mapping) or not set(quotas) <= set(tops):
        want = say(
            zh="各等级的名额，等级为{known}",
            en="numbers by grade, {known}",
            known=one_of(tops),
        )
        raise InputError(unexpected(quotas, want, "quotas"))
    for name, most in quotas.items():
        real(f"quotas.{name}", most)
    given = {
        name: int(most) if isinstance(most, Integral) else float(most)
        for name, most in quotas.items()
    }
    grades = [g.model_dump() | _quota_of(g, given) for g in scheme.grades]
    return validate(Scheme, scheme.model_dump() | {"grades": grades}, None)


def _quota_of(grade: Grade, given: Mapping[str, float]) -> dict[str, float | str | None]:
    """A grade's quota among those given; one that sets the grade stands where none is given."""
    if grade.by not in PLACED:
        return {"quota": given.get(grade.id)}
    if grade.id not in given:
        return {}
    return {"quota": given[grade.id], "by": "share" if given[grade.id] < 1 else "place"}
