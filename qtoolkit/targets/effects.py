"""What each way to set units' targets does to scores and grades: assessed anew, nothing else
changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.errors import InputError, clip, nearest, one_of, unexpected
from qtoolkit.language import Text, listing, say
from qtoolkit.targets.filings import Known, known_targets, planned_of, with_targets

OF_LAST_YEAR = ("last_target", "last_value")
PATHS = ("linear", "compound")
BASES = ("filed", *OF_LAST_YEAR, *PATHS)


@dataclass(frozen=True, repr=False)
class Effects(Shown):
    """What :func:`effects` finds.

    Attributes
    ----------
    table : DataFrame
        Indexed by unit: a column of grades for each basis, called as it is, and of scores,
        score:<basis>.
    changed : DataFrame
        The units that another basis than the filed targets grades otherwise: unit, basis, grade,
        grade_new, score_change.
    kept : DataFrame
        Indexed by basis: replaced and kept, of how many targets the basis has a value, and of how
        many it has none, so that what was filed stays.
    """

    card_title: ClassVar[Text] = Text("目标值的确定方式", "Ways to set targets")

    table: pd.DataFrame
    changed: pd.DataFrame
    kept: pd.DataFrame


def effects(
    result: Assessment,
    previous: Assessment | None = None,
    bases: Sequence[str] | None = None,
) -> Effects:
    """Assess again with targets set in other ways, all else as it is.

    Parameters
    ----------
    result : Assessment
        Its targets are those that were filed.
    previous : Assessment, optional
        Last year's, for "last_target" and "last_value".
    bases : sequence of str, optional
        Of "filed" (as it is), "last_target" (last year's target), "last_value" (last year's
        value), "linear" and "compound" (the plan's path to this year). If left out all for which
        something is known: the plan, and last year's where `previous` is given. "filed" is always
        among them.

    Returns
    -------
    Effects

    Raises
    ------
    InputError
        No indicator has targets of the units' own, a basis of another name, one of last year's
        without `previous`, or a path where no indicator has a plan.

    Notes
    -----
    Where a basis has no value for a unit, or one that the rule cannot divide by (0 or less), the
    filed target stays; `kept` counts them.

    >>> import qtoolkit as qt
    >>> case = qt.read_case("params/city-2026")
    >>> found = effects(qt.assess(case.scheme, case.table))
    >>> list(found.kept.index)
    ['filed', 'linear', 'compound']
    """
    wanted = _wanted(result, previous, bases)
    known = list(known_targets(result, previous))
    columns: dict[str, pd.Series] = {}
    kept, changed = [], []
    for basis in wanted:
        new, count = _assessed(result, known, basis)
        columns[basis], columns[f"score:{basis}"] = new.grades, new.scores
        kept.append(count)
        changed += _changes(result, new, basis)
    return Effects(
        pd.DataFrame(columns, index=result.scores.index),
        pd.DataFrame(changed, columns=["unit", "basis", "grade", "grade_new", "score_change"]),
        pd.DataFrame(kept, pd.Index(wanted, name="basis"), ["replaced", "kept"]),
    )


def _wanted(
    result: Assessment, previous: Assessment | None, bases: Sequence[str] | None
) -> list[str]:
    """The ways asked for, as they are listed."""
    possible = _possible(result, previous)
    if bases is None:
        return possible
    asked = list(bases) if isinstance(bases, Iterable) and not isinstance(bases, str) else [bases]
    for basis in asked:
        if basis not in BASES:
            hint = nearest(str(basis), BASES)
            raise InputError(unexpected(clip(basis), one_of(BASES), "bases", hint))
        if basis not in possible:
            raise InputError(
                say(
                    zh="“{basis}”需要{what}，现可用的有{possible}",
                    en="“{basis}” needs {what}; there are {possible}",
                    basis=basis,
                    what=Text("上年度的测算结果（previous）", "last year's assessment (previous)")
                    if basis in OF_LAST_YEAR
                    else Text("有规划（plan）的指标", "an indicator with a plan"),
                    possible=listing(possible),
                )
            )
    return [basis for basis in possible if basis == "filed" or basis in asked]


def _possible(result: Assessment, previous: Assessment | None) -> list[str]:
    """The ways for which something is known."""
    leaves = [leaf for _, leaf in with_targets(result)]
    if not leaves:
        raise InputError(
            say(
                zh="没有指标使用各考核对象自己的目标值",
                en="no indicator takes a target of each unit",
            )
        )
    last = OF_LAST_YEAR if previous is not None else ()
    plans = PATHS if any(leaf.plan is not None for leaf in leaves) else ()
    return ["filed", *last, *plans]


def _assessed(
    result: Assessment, known: Sequence[Known], basis: str
) -> tuple[Assessment, tuple[int, int]]:
    """The assessment with targets set by a basis; how many it sets, and how many stay."""
    if basis == "filed":
        stay = sum(int((~np.isnan(each.target)).sum()) for each in known)
        return result, (0, stay)
    targets, count = result.table.targets.copy(), np.zeros(2, int)
    for each in known:
        numbers = _numbers(result, each, basis)
        usable = ~np.isnan(numbers) & ~np.isnan(each.target)
        if each.leaf.leaf_rule.divides_by_own:
            usable &= numbers > 0
        targets[usable, each.column] = numbers[usable]
        count += usable.sum(), (~np.isnan(each.target) & ~usable).sum()
    new = result.anew(result.scheme, replace(result.table, targets=targets))
    return new, (int(count[0]), int(count[1]))


def _numbers(result: Assessment, known: Known, basis: str) -> np.ndarray:
    """What a basis gives each unit as its target; NaN where it gives none."""
    if basis in OF_LAST_YEAR:
        return known.last_target if basis == "last_target" else known.last_value
    return planned_of(result, known.leaf, basis)


def _changes(
    result: Assessment, new: Assessment, basis: str
) -> list[tuple[str, str, str, str, float]]:
    """The units that are graded otherwise."""
    return [
        (
            unit,
            basis,
            result.grades[unit],
            new.grades[unit],
            float(from_ticks(to_ticks(new.scores[unit]) - to_ticks(result.scores[unit]))),
        )
        for unit in result.scores.index
        if new.grades[unit] != result.grades[unit]
    ]
