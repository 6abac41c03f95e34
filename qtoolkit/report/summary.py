"""Facts for those who decide: the one-page summary, the matters for decision with their
consequences, the risks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.engine.ties import foremost
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.report import changed, flagged, shared
from qtoolkit.report.sections import Section, names_of

SHOWN = 3  # risks, and matters for decision, on the first page

Row = dict[str, Any]


def summary(
    result: Assessment,
    margins: pd.DataFrame,
    others: Mapping[str, Assessment],
    near_miss: float | None = None,
    last: Assessment | None = None,
) -> Section:
    """The one page that leaders read, as far as the assessment alone can fill it, with what
    :func:`qtoolkit.cutoffs.margins` and :func:`qtoolkit.cutoffs.other_rules` found; with last
    year's points and numbers of units where there are any. Near-misses are within a hundredth of
    the total where no points are given."""
    scheme, scores = result.scheme, result.scores
    near_miss = shared.points_of(result, near_miss)
    near = shared.near_misses(margins, near_miss)
    facts = {
        "units": len(scores),
        "counts": shared.both_counts(result),
        "top": scores.index[foremost(scores, falling=True)],
        "high": scores.max(),
        "bottom": scores.index[foremost(scores, falling=False)],
        "low": scores.min(),
        "form": shared.score_format(result),
        "total": scheme.total,
        "areas": shared.areas(scheme, last and last.scheme),
        "bands": shared.bands(result),
        "last_kind": None if last is None else shared.kind_of(last),
        "near": near.index,
        "near_points": near_miss,
        "options": options(result, others),
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
        "cutoff": [shared.cutoff(result, grade) for grade in grades],
        "n": counted,
        "share": [n / len(result.grades) for n in counted],
        "near": tally(near["grade"]),
    }
    if shared.is_approved(result):
        columns["approved"] = tally(result.approved)
    if last is not None and [g.id for g in last.scheme.grades] == [g.id for g in grades]:
        columns["last"] = tally(last.approved)
    return pd.DataFrame(columns)


def options(result: Assessment, others: Mapping[str, Assessment]) -> list[Row]:
    """Matters for decision, each with its consequence: rounding, blanks, the first cutoff a
    little away."""
    whole = (others["whole_half_up"], others["whole_floor"])
    found = [
        changed.rounding_option(result, *whole),
        _blanks_as_zero(result, others.get("blanks_as_zero")),
        _moved_cutoff(result, others.get("cutoff_lower")),
        _moved_cutoff(result, others.get("cutoff_higher")),
    ]
    return [row for row in found if row is not None][:SHOWN]


def _moved_cutoff(result: Assessment, other: Assessment | None) -> Row | None:
    """What another cutoff of the best grade would do; None where there is no such option."""
    if other is None:
        return None
    now, moved = (one.scheme.grades[0] for one in (result, other))
    return {
        "option": "cutoff",
        "grade": now.id,
        "now": shared.cutoff(result, now),
        "moved": shared.cutoff(other, moved),
        "then": changed.consequences(result, other),
    }


def _blanks_as_zero(result: Assessment, other: Assessment | None) -> Row | None:
    """What zero for every blank would do, where blanks are scored otherwise."""
    if other is None:
        return None
    if (other.grades == result.grades).all() and (other.scores == result.scores).all():
        return None
    return {"option": "blank", "then": changed.consequences(result, other)}


def risks(result: Assessment) -> Section:
    """What to bear in mind beside what the summary says, and where the options with their
    consequences are."""
    return Section("summary/risks", names_of(result), {"risks": _risks(result)[SHOWN:]})


def _risks(result: Assessment) -> list[Row]:
    kinds = [*CHECKS, "dead_cutoff", "few_scores", "rounding", "set_dependent", "constant"]
    found = flagged.rows(result, kinds)
    unscored = result.scores.index[np.flatnonzero(result.engine.tree.blank.any(axis=1))]
    if len(unscored):
        found.append({"flag": "unscored", "units": list(unscored)})
    notes = list(map(flagged.alone, result.scheme.notes))
    return [*notes[:1], *found, *notes[1:]]
