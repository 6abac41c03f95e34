"""Facts for those who decide: the one-page summary, the matters for decision with their
consequences, the risks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit.assessment import Assessment, assess
from qtoolkit.engine.ties import foremost
from qtoolkit.errors import InputError
from qtoolkit.inputs.case import Case
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import settled
from qtoolkit.models import validate
from qtoolkit.report import changed, flagged, shared
from qtoolkit.report.sections import Section, names_of

SHOWN = 3  # risks, and matters for decision, on the first page

Row = dict[str, Any]


def summary(result: Assessment, near_miss: float, previous: Case | None = None) -> Section:
    """The one page that leaders read, as far as the assessment alone can fill it; with last year's
    points and numbers of units where there are any."""
    scheme, scores = result.scheme, result.scores
    last = None if previous is None else assess(previous.scheme, previous.table)
    near_miss = shared.points_of(result, near_miss)
    near = shared.near_misses(result, near_miss)
    facts = {
        "units": len(scores),
        "counts": shared.both_counts(result),
        "top": scores.index[foremost(scores, falling=True)],
        "high": scores.max(),
        "bottom": scores.index[foremost(scores, falling=False)],
        "low": scores.min(),
        "form": shared.score_format(result),
        "total": scheme.total,
        "areas": shared.areas(scheme, previous and previous.scheme),
        "bands": shared.bands(scheme),
        "last_kind": None if last is None else shared.kind_of(last),
        "near": near.index,
        "near_points": near_miss,
        "options": options(result),
        "risks": _risks(result)[:SHOWN],
        "data_period": scheme.data_period,
        "rounding": shared.rounding(scheme.rounding.total),
        "synthetic": scheme.synthetic,
    }
    tables = {"grade_counts": _grade_counts(result, near, last)}
    return Section("summary/summary", names_of(result), facts, tables)


def _grade_counts(result: Assessment, near: pd.DataFrame, last: Assessment | None) -> pd.DataFrame:
    """How many units have each grade by computation and as approved, how many had it last year, and
    how many of those with the computed grade are near-misses."""
    grades = result.scheme.grades

    def tally(given: pd.Series) -> list[int]:
        counted = given.value_counts()
        return [int(counted.get(grade.id, 0)) for grade in grades]

    counted = tally(result.grades)
    columns: dict[str, list] = {
        "grade": [grade.id for grade in grades],
        "cutoff": [shared.cutoff(result.scheme, grade) for grade in grades],
        "n": counted,
        "share": [n / len(result.grades) for n in counted],
        "near": tally(near["grade"]),
    }
    if shared.is_approved(result):
        columns["approved"] = tally(result.approved)
    if last is not None and [g.id for g in last.scheme.grades] == [g.id for g in grades]:
        columns["last"] = tally(last.approved)
    return pd.DataFrame(columns)


def options(result: Assessment) -> list[Row]:
    """Matters for decision, each with its consequence: rounding, blanks, the first cutoff a
    hundredth of the total away."""
    first, shift = result.scheme.grades[0].id, shared.points_of(result, None)
    found = [
        changed.whole_points(result),
        _blanks_as_zero(result),
        _moved_cutoff(result, first, -shift),
        _moved_cutoff(result, first, shift),
    ]
    return [row for row in found if row is not None][:SHOWN]


def _moved_cutoff(result: Assessment, grade: str, shift: float) -> Row | None:
    now = result.scheme.grade(grade)
    moved = {
        "cutoff": settled(now.cutoff + shift),
        "class_cutoffs": {
            group: settled(cutoff + shift) for group, cutoff in now.class_cutoffs.items()
        },
    }
    grades = [g.model_dump() | (moved if g.id == grade else {}) for g in result.scheme.grades]
    try:
        scheme = validate(Scheme, result.scheme.model_dump() | {"grades": grades}, None)
    except InputError:  # the shifted cutoff would cross its neighbour: no such option exists
        return None
    return {
        "option": "cutoff",
        "grade": grade,
        "now": shared.cutoff(result.scheme, now),
        "moved": shared.cutoff(scheme, scheme.grade(grade)),
        "then": changed.consequences(result, assess(scheme, result.table)),
    }


def _blanks_as_zero(result: Assessment) -> Row | None:
    """What zero for every blank would do, where blanks are scored otherwise."""
    if not (result.flags.kind == "blank").any():
        return None
    other = grade_cutoffs.blanks_as_zero(result)
    if (other.grades == result.grades).all() and (other.scores == result.scores).all():
        return None
    return {"option": "blank", "then": changed.consequences(result, other)}


def risks(result: Assessment) -> Section:
    """What to bear in mind beside what the summary says, and where the options with their
    consequences are."""
    return Section("summary/risks", names_of(result), {"risks": _risks(result)[SHOWN:]})


def _risks(result: Assessment) -> list[Row]:
    kinds = [*CHECKS, "dead_cutoff", "rounding", "set_dependent", "constant"]
    found = flagged.rows(result, kinds)
    unscored = result.scores.index[np.flatnonzero(result.engine.tree.blank.any(axis=1))]
    if len(unscored):
        found.append({"flag": "unscored", "units": list(unscored)})
    notes = list(map(flagged.alone, result.scheme.notes))
    return [*notes[:1], *found, *notes[1:]]
