"""Who wins an award: winners under a ceiling, how sure each is under other assessors and other
points, and who could win at all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import pandas as pd

from qtoolkit.assessment import Assessment, assess
from qtoolkit.display import Shown
from qtoolkit.errors import InputError, real
from qtoolkit.inputs.files import rows_of_grid
from qtoolkit.inputs.ratings import COLUMNS, Ratings, filled, ratings_of_rows
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import table_of_rows
from qtoolkit.language import Text, say
from qtoolkit.models import validate
from qtoolkit.panel.designs import long_of
from qtoolkit.panel.sampling import draws_of_assessors
from qtoolkit.regions import Box
from qtoolkit.robustness import score_range
from qtoolkit.simulation import Simulation, simulate
from qtoolkit.simulation.acceptability import counted

CERTAIN, POSSIBLE, NEVER, OPEN = "certain", "possible", "never", "open"


@dataclass(frozen=True, repr=False)
class Winners(Shown):
    """What :func:`winners` returns.

    Attributes
    ----------
    result : Assessment
    grade : str
        The grade that wins, the best of the scheme.
    table : DataFrame
        A row each unit, the first rank first: score, rank, wins, why ("wins", "below" the least
        score, no "place" left, "vote" not carried, "veto"), by_assessors (share of draws of
        assessors in which it wins, NaN where they cannot be drawn), by_points (share of draws of
        points within the band), in_band ("certain", "possible" or "never" within the band, proven;
        "open" where a bound is all there is), pivotal (how many assessors there are without whom
        the answer would be another).
    without : DataFrame
        A row each assessor: gained, lost (tuples of units, if all marks of that assessor are left
        out), why (a Text where the rest are too few to go on).
    votes : DataFrame
        A row each unit and vote: yes, no, abstained, counted, needed (a share, as text), carried.
    band : float
    assessors : Simulation or None
    points : Simulation
    why : Text or None
        Why assessors could not be drawn.
    places : int or None
        The ceiling, and `empty`, how many of its places nobody takes.
    """

    card_title: ClassVar[Text] = Text("获奖名单及其把握", "Winners, and how sure they are")

    result: Assessment
    grade: str
    table: pd.DataFrame
    without: pd.DataFrame
    votes: pd.DataFrame
    band: float
    assessors: Simulation | None
    points: Simulation
    why: Text | None
    places: int | None

    @property
    def names(self) -> list[str]:
        """The winners, the first rank first."""
        return list(self.table.index[self.table["wins"]])

    @property
    def empty(self) -> int | None:
        """Places of the ceiling that nobody takes; None without a ceiling."""
        return None if self.places is None else self.places - int(self.table["wins"].sum())


def winners(
    ratings: Ratings | pd.DataFrame,
    result: Assessment | None = None,
    *,
    points: Mapping[str, float] | None = None,
    places: int | None = None,
    minimum: float = 0.0,
    out_of: float = 100.0,
    band: float = 0.1,
    draws: int = 10_000,
    seed: int = 0,
    executor: Executor | None = None,
    time_limit: float = 60.0,
) -> Winners:
    """Who wins, and how sure that is.

    A unit wins where it has the best grade of the scheme: it reaches that grade's line (the minimum
    score), there is a place under its quota (a ceiling: places may stay empty), and no veto and no
    vote stands against it. Ties at the ceiling go by the grade's `ties`.

    Parameters
    ----------
    ratings : Ratings, or DataFrame
        A case's `ratings`; or, without `result`, a long table (unit, assessor, score, and item
        where there are several) or a wide one (units × assessors).
    result : Assessment, optional
        What the ratings gave. Without it a flat scheme is made of:
    points, places, minimum, out_of
        Points of each item (equal ones of 100 in all if left out), the ceiling, the least score
        that wins (0: the first places win, whatever their scores), full marks.
    band : float
        The share by which every item's points may differ, the sum kept (.1 is ±10%).
    draws, seed, executor
        As :func:`qtoolkit.simulation.simulate` takes them.
    time_limit : float
        Seconds for the proofs who can win within the band.

    Returns
    -------
    Winners

    Notes
    -----
    Assessors are drawn with replacement within each panel (stage and group), all marks of one
    together: k − 1 of k where the mean is taken, so that the mean of a draw has the variance
    Σ(x − x̄)²/(k(k − 1)) of the mean of k marks; else k. Screens and votes stay as they were.

    Raises
    ------
    InputError
        What the ratings, or the numbers, may not be.

    >>> frame = pd.DataFrame(
    ...     {"one": [80, 70, 60], "two": [85, 75, 50], "three": [75, 65, 55]},
    ...     ["甲", "乙", "丙"],
    ... )
    >>> found = winners(frame, places=1, minimum=60, draws=100)
    >>> found.names, found.table["why"].tolist()
    (['甲'], ['wins', 'place', 'below'])
    """
    band = real("band", band, 0, 1)
    if result is None:
        ratings, result = _made(ratings, points, places, minimum, out_of)
    elif not isinstance(ratings, Ratings):
        raise InputError(
            say(
                zh="有 result 时，ratings 应为案例的评分（case.ratings）",
                en="with a result, ratings must be a case's (case.ratings)",
            )
        )
    best = result.scheme.grades[0]
    sampled, why = _by_assessors(result, ratings, draws, seed, executor)
    varied = simulate(result, Box(relative=band), draws, seed, executor)
    without = _without_each(result, ratings)
    changed = without["gained"] + without["lost"]
    steps = result.steps
    table = pd.DataFrame({"score": result.scores, "rank": result.ranks})
    table["wins"] = result.grades == best.id
    table["why"] = [_why(result, unit, row) for unit, row in steps.iterrows()]
    table["by_assessors"] = (
        float("nan") if sampled is None else sampled.grade_acceptability[best.id]
    )
    table["by_points"] = varied.grade_acceptability[best.id]
    table["in_band"] = _in_band(result, band, time_limit)
    table["pivotal"] = [sum(unit in units for units in changed) for unit in table.index]
    quotas = [step.most for step in result.engine.rivals if not step.last and step.members is None]
    return Winners(
        result,
        best.id,
        table.sort_values("rank", kind="stable"),
        without,
        vote_counts(ratings, result.scheme),
        band,
        sampled,
        varied,
        why,
        quotas[0] if best.quota is not None and quotas else None,
    )


def _made(
    ratings: Any,
    points: Mapping[str, float] | None,
    places: int | None,
    minimum: float,
    out_of: float,
) -> tuple[Ratings, Assessment]:
    """Ratings and assessment of a plain table of marks."""
    minimum = real("minimum", minimum)
    if minimum == 0 and places is None:
        raise InputError(
            say(
                zh="应给出名额（places）或最低得分（minimum）：两者都没有时人人获奖",
                en="give a ceiling (places) or a least score (minimum): with neither all would win",
            )
        )
    frame = long_of(ratings)
    items = list(dict.fromkeys(frame["item"]))
    if points is None:
        points = dict.fromkeys(items, 100 / len(items))
    ids = {item: f"item{i}" for i, item in enumerate(items, 1)}
    if missing := [item for item in items if item not in points]:
        raise InputError(
            say(zh="没有给出“{item}”的分值", en="no points for “{item}”", item=missing[0])
        )
    leaves: list[dict[str, Any]] = [
        {
            "id": ids[item],
            "name": item or "score",
            "points": float(points[item]),
            "scales": True,
            "rule": {"kind": "direct", "out_of": float(out_of)},
        }
        for item in items
    ]
    winner: dict[str, Any] = {"id": "winner"}
    winner |= {"cutoff": float(minimum)} if minimum > 0 else {"by": "place"}
    winner |= {} if places is None else {"quota": places}
    data = {
        "id": "panel",
        "name": "panel",
        "total": math.fsum(leaf["points"] for leaf in leaves),
        "indicators": leaves,
        "grades": [winner, {"id": "others", "cutoff": 0.0}],
        "rank_on": "base",
    }
    scheme = validate(Scheme, data, None)
    units = [[unit] for unit in dict.fromkeys(frame["unit"])]
    marks = frame.assign(item=frame["item"].map(ids), stage="")[list(COLUMNS)].to_numpy().tolist()
    found = ratings_of_rows(
        rows_of_grid("ratings", [list(COLUMNS), *marks], first=0),
        scheme,
        rows_of_grid("DataFrame", [["unit"], *units], first=0),
    )
    return found, remade(scheme, found)


def remade(scheme: Scheme, ratings: Ratings) -> Assessment:
    """The assessment of the units of these ratings."""
    return assess(scheme, table_of_rows(filled(ratings, scheme), scheme))


def _by_assessors(
    result: Assessment, ratings: Ratings, draws: int, seed: int, executor: Executor | None
) -> tuple[Simulation | None, Text | None]:
    """Frequencies under assessors drawn anew, or why there are none."""
    try:
        drawn = draws_of_assessors(result, ratings, draws, seed)
    except InputError as error:
        return None, error.complaints[0].text
    return counted(result, drawn, executor, pairs=False), None


def _why(result: Assessment, unit: Any, row: pd.Series) -> str:
    """What decides on a unit."""
    best, set_by = result.scheme.grades[0], str(row["set_by"])
    if row["grade"] == best.id:
        return "wins"
    if set_by == "quota" or (set_by == "score" and not result.scheme.grades[0].has_line):
        return "place"
    votes = {f"veto:{veto.id}" for veto in result.scheme.vetoes if veto.vote is not None}
    if set_by in votes:
        return "vote"
    return "veto" if set_by.startswith("veto:") else "below"


def _in_band(result: Assessment, band: float, time_limit: float) -> pd.Series:
    """Who wins everywhere within the band of points, somewhere, nowhere."""
    found = score_range(result, Box(relative=band), exact=True, time_limit=time_limit).table
    best = result.scheme.grades[0].id
    answers = []
    for low, high, status in zip(
        found["grade_low"], found["grade_high"], found["grades_status"], strict=True
    ):
        if low == best:  # also a bound proves this
            answers.append(CERTAIN)
        elif high != best:
            answers.append(NEVER)
        else:
            answers.append(POSSIBLE if status == "exact" else OPEN)
    return pd.Series(answers, found.index)


def _without_each(result: Assessment, ratings: Ratings) -> pd.DataFrame:
    """Who would win without all marks of each assessor, against who wins."""
    best = result.scheme.grades[0].id
    now = set(result.grades.index[result.grades == best])
    rows = []
    frame = ratings.frame[ratings.frame["unit"].isin(result.table.units)]
    for assessor, given in frame.groupby("assessor", sort=False):
        row: dict[str, Any] = {
            "assessor": assessor,
            "stages": tuple(dict.fromkeys(given["stage"])),
            "gained": (),
            "lost": (),
            "why": None,
        }
        try:
            other = remade(result.scheme, ratings.without(str(assessor)))
        except InputError as error:
            row["why"] = error.complaints[0].text
        else:
            then = set(other.grades.index[other.grades == best])
            row["gained"] = tuple(u for u in result.table.units if u in then - now)
            row["lost"] = tuple(u for u in result.table.units if u in now - then)
        rows.append(row)
    columns = ["assessor", "stages", "gained", "lost", "why"]
    return pd.DataFrame(rows, columns=columns).set_index("assessor")


def vote_counts(ratings: Ratings, scheme: Scheme) -> pd.DataFrame:
    """How each unit fared in each vote: yes, no, abstained, counted (votes of which the share is
    taken), needed, carried."""
    rows = []
    for veto in scheme.vetoes:
        cast = ratings.votes[ratings.votes["veto"] == veto.id]
        if veto.vote is None or cast.empty:
            continue
        for unit, given in cast.groupby("unit", sort=False):
            yes, no, abstained = (
                int((given["vote"] == word).sum()) for word in ("yes", "no", "abstained")
            )
            of = veto.vote.counted(yes, no, abstained)
            share = float(Fraction(yes, of)) if of else float("nan")
            carried = veto.vote.carried(yes, no, abstained)
            rows.append((unit, veto.id, yes, no, abstained, of, share, veto.vote.share, carried))
    columns = ["unit", "vote", "yes", "no", "abstained", "counted", "share", "needed", "carried"]
    return pd.DataFrame(rows, columns=columns).set_index("unit")
