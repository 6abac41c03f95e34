"""Facts for those who decide: the one-page summary, the matters for decision with their
consequences, the risks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import relative
from qtoolkit.decisions import Matters
from qtoolkit.decisions.ways import quotas
from qtoolkit.engine.ties import foremost
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.report import changed, decisions, flagged, shared
from qtoolkit.report.blocks import Block
from qtoolkit.report.sections import Section, names_of

SHOWN = 2  # risks on the first page
ADVISED = 4  # matters on which there is a recommendation

Row = dict[str, Any]


def summary(
    result: Assessment,
    margins: pd.DataFrame,
    found: Matters,
    near_miss: float | None = None,
    last: Assessment | None = None,
) -> Section:
    """The one page that leaders read, as far as the assessment alone can fill it, with what
    :func:`qtoolkit.cutoffs.margins` and :func:`qtoolkit.decisions.matters` found; with last year's
    points and numbers of units where there are any. Near-misses are within a hundredth of the total
    where no points are given."""
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
        "matters": decisions.first(found),
        "nothing": decisions.nothing(found, margins),
        "idle": decisions.idle(found),
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


def changes(
    result: Assessment, written: Assessment | None, made: Mapping[str, Any]
) -> Sequence[Block]:
    """What the changes that were made to the scheme as it is written do to grades: `written` is the
    assessment without them (None where there are none), as :func:`qtoolkit.comparison.as_written`
    makes it."""
    if written is None:
        return []
    facts = {
        "made": changed.choices(written.scheme, made),
        "effect": decisions.effect(written, result, is_mixed=len(made) > 1),
    }
    return Section("summary/changes", names_of(result), facts)


def risks(
    result: Assessment, margins: pd.DataFrame, found: Matters, near_miss: float | None = None
) -> Section:
    """Recommendations that follow from what was tried, as options; what to bear in mind; and in the
    annex all ways by which a grade changes. Near-misses are those of :func:`summary`."""
    near_miss = shared.points_of(result, near_miss)
    tried = dict(decisions.tried(found))
    telling = tried.pop("table")
    near = shared.near_misses(margins, near_miss)
    facts = tried | {
        "nothing": decisions.nothing(found, margins),
        "settle": [decisions.matter_of(found, matter) for matter in found.matters[:ADVISED]],
        "shown": decisions.SHOWN,
        "near": near.index,
        "within": near_miss,
        "relative": [id for id, mean in relative(result).items() if not mean],
        "risks": _further(result),
        "on_page_one": len(_risks(result)[:SHOWN]),
    }
    return Section("summary/risks", names_of(result), facts, {"decisions": telling})


def _risks(result: Assessment) -> list[Row]:
    kinds = [*CHECKS, "dead_cutoff", "few_scores", "rounding", "set_dependent", "constant"]
    found = [*_over(result), *flagged.by_kind(result, kinds)]
    unscored = result.scores.index[np.flatnonzero(result.engine.tree.blank.any(axis=1))]
    if len(unscored):
        found.append({"flag": "unscored", "units": list(unscored)})
    notes = list(map(flagged.alone, result.scheme.notes))
    return [*notes[:1], *found, *notes[1:]]


def _further(result: Assessment) -> list[Row]:
    """What page one does not say, nor the chapters on data (whose points went elsewhere) and on how
    indicators work (on which all score alike)."""
    told = flagged.rows(result, {"constant"})
    rest = _risks(result)[SHOWN:]
    return [row for row in rest if row["flag"] != "unscored" and row not in told]


def _over(result: Assessment) -> list[Row]:
    """Grades that more units have as approved than there are places."""
    found = []
    for grade, step in quotas(result):
        code = result.grade_names.index(grade.id)
        approved = int((result.approved.cat.codes >= code).sum())
        if step.members is None and approved > step.most:
            found.append(
                {"flag": "over", "grade": grade.id, "approved": approved, "places": step.most}
                | {"best": grade is result.scheme.grades[0]}
            )
    return found
