"""Whether strict or lenient assessors, groups of them or panels decided grades."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.display import Shown
from qtoolkit.inputs.ratings import Ratings
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import Text
from qtoolkit.panel.agreement import in_percent
from qtoolkit.panel.severity import adjust, linked
from qtoolkit.panel.winners import remade


@dataclass(frozen=True, repr=False)
class Strictness(Shown):
    """What :func:`strictness` returns.

    Attributes
    ----------
    severity : DataFrame
        A row each assessor (or group) of each stage: stage, part, name, severity (hundredths of
        full marks above, +, or below, −, the others of its part), se, low, high, n (units marked),
        strict ("strict", "lenient" or "").
    parts : DataFrame
        A row each part of a stage whose marks fall into several parts that share no unit: stage,
        part, names (of its assessors or groups), units. Empty where all can be compared.
    regraded : DataFrame, indexed by unit
        score, adjusted (the score without severity), grade, grade_adjusted, changed.
    result : Assessment
        The assessment with severity taken out of every mark.
    by : str
    unbounded : tuple of str
        Items whose marks have no ends, so that severity is left in them.
    """

    card_title: ClassVar[Text] = Text("打分宽严及其影响", "Severity and what it does")
    card_table: ClassVar[str] = "severity"

    severity: pd.DataFrame
    parts: pd.DataFrame
    regraded: pd.DataFrame
    result: Assessment
    by: str
    unbounded: tuple[str, ...] = ()

    @property
    def changed(self) -> list[Any]:
        """Units that would have another grade."""
        return list(self.regraded.index[self.regraded["changed"]])


def strictness(
    result: Assessment, ratings: Ratings, by: str = "assessor", confidence: float = 0.95
) -> Strictness:
    """How strict each assessor or group is, and whose grade that decided.

    At each stage, of units that the same assessors link (:func:`qtoolkit.panel.linked`), severity
    is what :func:`qtoolkit.panel.adjust` finds. It is taken out of every mark, which stays between
    0 and full marks, and everything is scored and graded again. Between parts that share no unit
    nothing can tell strict assessors from weak units: `parts` names them, and each is adjusted by
    itself alone.

    Parameters
    ----------
    result : Assessment
    ratings : Ratings
        A case's `ratings`.
    by : "assessor" or "group"
        Of groups, stages are left out at which somebody has none.
    confidence : float
        Of the intervals, and of `strict`.

    Raises
    ------
    InputError
        As :func:`qtoolkit.panel.adjust`.
    """
    scheme, percent = result.scheme, in_percent(result.scheme, ratings)
    points = {leaf.id: leaf.full_points for leaf in scheme.leaves}
    rows: list[dict[str, Any]] = []
    apart: list[dict[str, Any]] = []
    for stage in ratings.stages:
        at = percent.at(stage)
        if by == "group" and (at.frame["group"] == "").any():
            continue
        groups = linked(at, by, stage)
        many = groups["part"].nunique() > 1
        for part, members in groups.groupby("part", sort=False):
            names = members[f"{by}s"].iloc[0]
            if many:
                apart.append(
                    {"stage": stage, "part": part, "names": names, "units": tuple(members.index)}
                )
            inside = at.frame["unit"].isin(members.index)
            if len(names) < 2:
                continue
            found = adjust(replace(at, frame=at.frame[inside]), by, stage, points, confidence).table
            rows += [
                {"stage": stage, "part": part, "name": name, **row._asdict()}
                for name, row in zip(found.index, found.itertuples(index=False), strict=True)
            ]
    columns = ["stage", "part", "name", "severity", "se", "low", "high", "n", "strict"]
    severity = pd.DataFrame(rows).reindex(columns=columns)
    other = without(result, ratings, severity, by)
    regraded = pd.DataFrame(
        {
            "score": result.scores,
            "adjusted": other.scores,
            "grade": result.grades.astype(object),
            "grade_adjusted": other.grades.astype(object),
        }
    )
    regraded["changed"] = regraded["grade"] != regraded["grade_adjusted"]
    return Strictness(
        severity,
        pd.DataFrame(apart, columns=["stage", "part", "names", "units"]),
        regraded,
        other,
        by,
        _unbounded(scheme, ratings),
    )


def without(
    result: Assessment, ratings: Ratings, severity: pd.DataFrame, by: str = "assessor"
) -> Assessment:
    """The assessment with severity taken out of the marks of some assessors or groups.

    Parameters
    ----------
    result : Assessment
    ratings : Ratings
    severity : DataFrame
        Those of whom it is taken out: rows of the `severity` of :func:`strictness`.
    by : "assessor" or "group"
    """
    frame = ratings.frame
    severities = {(row.stage, row.name): row.severity for row in severity.itertuples(index=False)}
    marked = zip(frame["stage"], frame[by], strict=True)
    taken = np.array([severities.get(key, 0.0) for key in marked], dtype=float)
    other = remade(result.scheme, _less(result.scheme, ratings, taken))
    return other if result.origin is None else other.by_lines_of(result.origin)


def _ends(scheme: Scheme, item: Any) -> tuple[float | None, float | None]:
    """The least and the greatest mark of an item."""
    leaf = scheme.indicator(str(item))
    return leaf.leaf_rule.limits(leaf.written_for)


def _unbounded(scheme: Scheme, ratings: Ratings) -> tuple[str, ...]:
    """The items whose marks have no ends."""
    items = pd.unique(ratings.frame["item"])
    return tuple(str(item) for item in items if None in _ends(scheme, item))


def _less(scheme: Scheme, ratings: Ratings, taken: np.ndarray) -> Ratings:
    """The marks less severities (in hundredths of full marks), within what each item takes; those
    of items without ends as they are."""
    frame = ratings.frame.copy()
    scores = frame["score"].to_numpy(float, copy=True)
    for item, rows in frame.groupby("item", sort=False).indices.items():
        low, high = _ends(scheme, item)
        if low is None or high is None:
            continue  # named in `unbounded`
        less = scores[rows] - taken[rows] / 100 * (high - low)
        scores[rows] = np.clip(less, low, high)
    frame["score"] = scores
    return replace(ratings, frame=frame)
